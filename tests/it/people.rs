//! Who enters, and who no longer does.

use crate::support::{self, Browser, CMM, MILANO, NOW, PASSWORD, RHO, both, on_sqlite};
use axum::http::{StatusCode, header};
use std::sync::atomic::Ordering;
use varco::census::person::{Grant, Role, Viewer};
use varco::clock::{Clock, Instant, SECOND};
use varco::register::people::{IDLE, LONGEST, SHORTEST_PASSWORD};
use varco::register::{Error, Register, example, seed};
use varco::settings::Settings;
use varco::storage::Store;
use varco::web::{App, guard};

/// Moves the clock of a register.
fn pass(register: &Register, time: Instant) {
    let Clock::Fixed(instant) = &register.clock else {
        panic!("the clock of tests is fixed");
    };
    instant.fetch_add(time, Ordering::SeqCst);
}

#[test]
fn an_officer_signs_in_and_reads_the_first_page() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::new(&app);
        assert_eq!(browser.get("/").await.location(), "/accedi?poi=%2F");
        let answer = browser.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location(), "/");
        let page = browser.get("/").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains(&officer.name));
    });
}

#[test]
fn a_wrong_password_and_an_account_that_does_not_exist_sound_alike() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut bodies = Vec::new();
        for account in [&*officer.account, "nessuno", "", "a\\b'%_"] {
            let mut browser = Browser::new(&app);
            let answer = browser.sign_in(account, "una password sbagliata").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{account}");
            assert!(answer.text().contains("Nome utente o password non giusti."));
            assert!(browser.cookies.is_empty());
            bodies.push(answer.text().len() - askama_length(account));
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "the pages tell accounts apart");
    });
}

/// How long a text is where a page repeats it.
fn askama_length(text: &str) -> usize {
    text.chars()
        .map(|one| {
            if one == '\'' {
                "&#39;".len()
            } else {
                one.len_utf8()
            }
        })
        .sum()
}

#[test]
fn an_account_is_the_same_in_any_case_and_between_blanks() {
    on_sqlite(async |url| {
        let register = migrated(&url).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::new(&support::app(&register));
        let account = format!(" {} ", officer.account.to_uppercase());
        let answer = browser.sign_in(&account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    });
}

async fn migrated(url: &str) -> Register {
    let store = Store::open(url).await.unwrap();
    store.migrate().await.unwrap();
    support::register(store).await
}

#[test]
fn who_is_disabled_is_out_at_once_and_stays_out() {
    both(async |store| {
        let register = support::register(store).await;
        let administrator = support::administrator(&register).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        register
            .disable_person(&administrator, &officer.account)
            .await
            .unwrap();
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
        let answer = browser.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);

        let own = register.disable_person(&administrator, &administrator.account);
        assert!(matches!(own.await, Err(Error::Invalid(_))));
        let refused = register
            .disable_person(&officer, &administrator.account)
            .await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    });
}

#[test]
fn signing_out_ends_one_session_and_everywhere_ends_them_all() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut office = Browser::of(&app, &officer).await;
        let mut home = Browser::of(&app, &officer).await;
        let mut phone = Browser::of(&app, &officer).await;
        let kept = home.clone();

        let answer = home.post("/esci", &[]).await;
        assert_eq!(answer.location(), "/accedi");
        assert!(!home.cookies.contains_key(guard::COOKIE));
        // Who copied the cookie is out as well.
        assert_eq!(kept.clone().get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(office.get("/").await.status, StatusCode::OK);

        office.post("/esci", &[("ovunque", "si")]).await;
        assert_eq!(office.get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(phone.get("/").await.status, StatusCode::SEE_OTHER);
    });
}

#[test]
fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_a_week() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        pass(&register, IDLE - 60 * SECOND);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        pass(&register, IDLE - 60 * SECOND);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        pass(&register, IDLE + 60 * SECOND);
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);

        let mut browser = Browser::of(&app, &officer).await;
        for _ in 0..LONGEST / (IDLE / 2) {
            pass(&register, IDLE / 2);
            browser.get("/").await;
        }
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    });
}

#[test]
fn whoever_guesses_a_password_has_to_wait_and_its_owner_does_not() {
    on_sqlite(async |url| {
        let register = migrated(&url).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut owner = Browser::of(&app, &officer).await;
        owner.post("/esci", &[]).await;

        let mut guesses = Vec::new();
        for host in 0..25 {
            let mut stranger = Browser::new(&app);
            stranger.address = format!("198.51.100.{host}:4000").parse().unwrap();
            let answer = stranger.sign_in(&officer.account, "tentativo").await;
            guesses.push(answer.status);
        }
        assert!(
            guesses[..20]
                .iter()
                .all(|one| *one == StatusCode::UNPROCESSABLE_ENTITY)
        );
        assert!(
            guesses[20..]
                .iter()
                .all(|one| *one == StatusCode::TOO_MANY_REQUESTS)
        );

        // Not even the right password says anything to a stranger now.
        let mut stranger = Browser::new(&app);
        let answer = stranger.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let seconds: i64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=15 * 60).contains(&seconds), "{seconds}");

        let answer = owner.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        pass(&register, (seconds + 1) * SECOND);
        let answer = stranger.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    });
}

#[test]
fn one_address_that_tries_many_accounts_has_to_wait() {
    on_sqlite(async |url| {
        let register = migrated(&url).await;
        let app = support::app(&register);
        let mut browser = Browser::new(&app);
        for number in 0..30 {
            let answer = browser.sign_in(&format!("conto{number}"), "x").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let answer = browser.sign_in("conto30", "x").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        browser.address = "198.51.100.1:4000".parse().unwrap();
        let answer = browser.sign_in("conto30", "x").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn behind_a_proxy_the_last_address_it_adds_is_the_one_that_counts() {
    on_sqlite(async |url| {
        let register = migrated(&url).await;
        let settings = Settings {
            behind_proxy: true,
            ..Settings::default()
        };
        let app = App::new(register, settings);
        let mut browser = Browser::new(&app);
        let mut ask = async |number: u8, forwarded: &str| {
            let body = format!("utente=conto{number}&password=x");
            let request = Browser::request(axum::http::Method::POST, "/accedi")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("x-forwarded-for", forwarded)
                .body(body.into())
                .unwrap();
            browser.send(request).await.status
        };
        for number in 0..30 {
            ask(number, &format!("10.0.0.{number}, 198.51.100.7")).await;
        }
        let waits = ask(30, "10.0.0.30, 198.51.100.7").await;
        assert_eq!(waits, StatusCode::TOO_MANY_REQUESTS);
        let goes = ask(30, "198.51.100.7, 198.51.100.8").await;
        assert_eq!(goes, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn nobody_is_sent_elsewhere_after_signing_in() {
    on_sqlite(async |url| {
        let register = migrated(&url).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut signed = Browser::of(&app, &officer).await;
        for (wanted, given) in [
            ("/dispositivi?cerca=a%20b", "/dispositivi?cerca=a%20b"),
            ("https://altrove.example/", "/"),
            ("//altrove.example", "/"),
            ("/\\altrove.example", "/"),
            ("\\\\altrove.example", "/"),
            ("/\t/altrove.example", "/"),
            ("/\r\nset-cookie: a=b", "/"),
            ("/\u{1}", "/"),
            ("/%2F/altrove.example", "/%2F/altrove.example"),
            ("javascript:alert(1)", "/"),
            (" /", "/"),
            ("", "/"),
        ] {
            let query = serde_urlencoded::to_string([("poi", wanted)]).unwrap();
            let answer = signed.get(&format!("/accedi?{query}")).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            assert_eq!(answer.location(), given, "{wanted:?}, already signed in");
            let fields = [
                ("utente", &*officer.account),
                ("password", PASSWORD),
                ("poi", wanted),
            ];
            let answer = Browser::new(&app).post_bare("/accedi", &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            assert_eq!(answer.location(), given, "{wanted:?}, signing in");
        }
    });
}

#[test]
fn cookies_are_for_our_pages_only_and_the_database_cannot_make_one() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        for https in [false, true] {
            let settings = Settings {
                https,
                ..Settings::default()
            };
            let app = App::new(register.clone(), settings);
            let mut browser = Browser::new(&app);
            let answer = browser.sign_in(&officer.account, PASSWORD).await;
            let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
            assert_eq!(cookies.len(), 2);
            for cookie in cookies {
                let cookie = cookie.to_str().unwrap();
                for flag in ["; HttpOnly", "; SameSite=Lax", "; Path=/;"] {
                    assert!(cookie.contains(flag), "{flag}: {cookie}");
                }
                assert_eq!(cookie.contains("; Secure"), https, "{cookie}");
                assert!(!cookie.contains("Domain"), "{cookie}");
            }
            let token = &browser.cookies[guard::COOKIE];
            assert_eq!(token.len(), 64);
            let mut unit = register.store.read().await.unwrap();
            assert!(unit.session(token).await.unwrap().is_none());
        }
    });
}

#[test]
fn a_password_too_short_or_that_says_the_account_is_refused() {
    both(async |store| {
        let register = support::register(store).await;
        let operator = Viewer::operator();
        let grants = [Grant {
            role: Role::Compilatore,
            body: MILANO.to_owned(),
        }];
        for password in ["", "undici.dici", "rossi.rossi.rossi", "xxROSSIxxxxxx"] {
            let refused = register
                .add_person(&operator, "rossi", "Rossi", password, &grants)
                .await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{password}");
        }
        let long = "x".repeat(513);
        let refused = register
            .add_person(&operator, "rossi", "Rossi", &long, &grants)
            .await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        let just = "à".repeat(SHORTEST_PASSWORD);
        register
            .add_person(&operator, "rossi", "Rossi", &just, &grants)
            .await
            .unwrap();
        assert_eq!(register.people(&operator).await.unwrap().len(), 1);
    });
}

#[test]
fn whoever_changes_their_password_signs_in_again_everywhere() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        let mut other = Browser::of(&app, &officer).await;
        for (present, wanted, repeated) in [
            (
                "sbagliata",
                "una frase del tutto nuova",
                "una frase del tutto nuova",
            ),
            (PASSWORD, "corta", "corta"),
            (
                PASSWORD,
                "una frase del tutto nuova",
                "una frase un po’ diversa",
            ),
        ] {
            let fields = [
                ("attuale", present),
                ("nuova", wanted),
                ("ripetuta", repeated),
            ];
            let answer = browser.post("/password", &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.text().contains("role=\"alert\""));
            assert!(!answer.text().contains(wanted));
        }
        assert_eq!(other.get("/").await.status, StatusCode::OK);
        let fields = [
            ("attuale", PASSWORD),
            ("nuova", "una frase del tutto nuova"),
            ("ripetuta", "una frase del tutto nuova"),
        ];
        let answer = browser.post("/password", &fields).await;
        assert_eq!(answer.location(), "/accedi");
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(other.get("/").await.status, StatusCode::SEE_OTHER);
        let old = other.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
        let new = other
            .sign_in(&officer.account, "una frase del tutto nuova")
            .await;
        assert_eq!(new.status, StatusCode::SEE_OTHER);
    });
}

#[test]
fn only_the_demonstration_has_people_of_its_own() {
    both(async |store| {
        seed::seed(&store, &Clock::System).await.unwrap();
        let register = Register::open(store, Clock::fixed(NOW)).await.unwrap();
        let operator = Viewer::operator();
        assert!(register.people(&operator).await.unwrap().is_empty());
        for account in example::ACCOUNTS {
            let entered = register.sign_in(account.account, example::PASSWORD).await;
            assert!(entered.unwrap().is_none());
        }
    });
}

#[test]
fn a_person_may_serve_many_bodies_and_only_those_that_exist() {
    both(async |store| {
        let register = support::register(store).await;
        let operator = Viewer::operator();
        let of = |body: &str| Grant {
            role: Role::Compilatore,
            body: body.to_owned(),
        };
        let nowhere = register
            .add_person(
                &operator,
                "societa",
                "Società",
                PASSWORD,
                &[of(MILANO), of("999999")],
            )
            .await;
        assert!(matches!(nowhere, Err(Error::Invalid(message)) if message.contains("999999")));
        assert!(register.people(&operator).await.unwrap().is_empty());
        register
            .add_person(
                &operator,
                "societa",
                "Società",
                PASSWORD,
                &[of(MILANO), of(RHO)],
            )
            .await
            .unwrap();
        let begun = register
            .sign_in("societa", PASSWORD)
            .await
            .unwrap()
            .unwrap();
        let (_, viewer) = register.session(&begun.token).await.unwrap().unwrap();
        assert!(viewer.writes(MILANO) && viewer.writes(RHO) && !viewer.writes(CMM));
        assert!(!viewer.reads_all() && !viewer.manages_people());
    });
}

#[test]
fn a_role_that_concerns_everyone_falls_to_the_body_that_coordinates() {
    both(async |store| {
        let bare = Register::open(store.clone(), Clock::fixed(NOW))
            .await
            .unwrap();
        let refused = bare.grant_for(Role::Validatore, None).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        let register = support::register(store).await;
        let grant = register.grant_for(Role::Validatore, None).await.unwrap();
        assert_eq!(grant.body, CMM);
        // Nobody is left to believe that the role is limited to a body.
        let limited = register.grant_for(Role::Validatore, Some(RHO)).await;
        assert!(matches!(limited, Err(Error::Invalid(_))));
        let own = register
            .grant_for(Role::Compilatore, Some(RHO))
            .await
            .unwrap();
        assert_eq!(own.body, RHO);
        assert!(register.grant_for(Role::Compilatore, None).await.is_err());
    });
}

#[test]
fn only_administrators_manage_people() {
    both(async |store| {
        let register = support::register(store).await;
        for viewer in [
            support::officer(&register, MILANO).await,
            support::reviewer(&register).await,
            support::observer(&register).await,
        ] {
            assert!(matches!(
                register.people(&viewer).await,
                Err(Error::Forbidden(_))
            ));
            let grants = [Grant {
                role: Role::Amministratore,
                body: CMM.to_owned(),
            }];
            let added = register
                .add_person(&viewer, "intruso", "Intruso", PASSWORD, &grants)
                .await;
            assert!(matches!(added, Err(Error::Forbidden(_))));
        }
        let administrator = support::administrator(&register).await;
        assert_eq!(register.people(&administrator).await.unwrap().len(), 4);
    });
}

#[test]
fn what_was_being_written_survives_a_lost_session() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        browser.get("/dispositivi/nuovo").await;
        register
            .sign_out_everywhere(&officer, &session_of(&register, &browser).await)
            .await
            .unwrap();
        let typed = [
            ("codice", "T-9 «è»"),
            ("denominazione", "Quasi & finito"),
            ("lat", "45,"),
        ];
        let lost = browser.post("/dispositivi/nuovo", &typed).await;
        assert_eq!(lost.status, StatusCode::UNAUTHORIZED);
        let kept = hidden(&lost.text(), "ripresa");
        let fields = [
            ("utente", &*officer.account),
            ("password", PASSWORD),
            ("poi", "/dispositivi/nuovo"),
            ("ripresa", &kept),
        ];
        let answer = browser.post_bare("/accedi", &fields).await;
        let page = answer.text();
        assert!(
            page.contains("T-9 «è»") && page.contains("Quasi &#38; finito"),
            "{page}"
        );
        assert!(page.contains("value=\"45,\""));
        // The form that comes back can be sent: its token is that of the new session.
        let token = answer.csrf().unwrap();
        let again = browser
            .post_with("/dispositivi/nuovo", &token, &typed)
            .await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

async fn session_of(register: &Register, browser: &Browser) -> varco::storage::people::Session {
    let token = &browser.cookies[guard::COOKIE];
    register.session(token).await.unwrap().unwrap().0
}

/// The value of a hidden field, as the browser would send it back.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap();
    let (value, _) = rest.split_once('"').unwrap();
    value.replace("&#38;", "&").replace("&#39;", "'")
}
