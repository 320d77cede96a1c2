//! What an administrator does with people through the pages.

use crate::support::{self, Answer, Browser, CMM, MILANO, PASSWORD, RHO};
use axum::http::StatusCode;
use uuid::Uuid;
use varco::census::person::{Grant, Role, Viewer};
use varco::register::{Error, Register};
use varco::web::App;

/// A register with an administrator, and their browser.
async fn with_administrator(store: varco::storage::Store) -> (Register, App, Viewer, Browser) {
    let register = support::register(store).await;
    let administrator = support::administrator(&register).await;
    let app = support::app(&register);
    let browser = Browser::of(&app, &administrator).await;
    (register, app, administrator, browser)
}

async fn grants(register: &Register, id: Uuid) -> Vec<Grant> {
    let listed = register.person(&Viewer::operator(), id).await.unwrap();
    listed.grants
}

fn edit(viewer: &Viewer) -> String {
    format!("/persone/{}/modifica", viewer.id.unwrap())
}

fn refused(answer: &Answer, words: &str) {
    let text = answer.text();
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    assert!(text.contains(words), "«{words}» is not in {text}");
}

#[test]
fn an_administrator_adds_a_compiler_for_several_bodies_who_then_signs_in() {
    support::both(async |store| {
        let (_, app, _, mut browser) = with_administrator(store).await;
        assert_eq!(browser.get("/persone/nuova").await.status, StatusCode::OK);
        let added = browser
            .post(
                "/persone/nuova",
                &[
                    ("nome", "Ada Prova"),
                    ("utente", "Ada.Prova"),
                    ("ruolo", "compilatore"),
                    ("ente", MILANO),
                    ("ente", RHO),
                    ("nuova", "sette ponti di legno"),
                    ("ripetuta", "sette ponti di legno"),
                ],
            )
            .await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
        let list = browser.get(added.location()).await.text();
        assert!(list.contains("Persona aggiunta"));
        let roles = "Compilatore per Comune di Milano e Comune di Rho";
        assert!(list.contains(roles), "{list}");
        let mut own = Browser::new(&app);
        let entered = own.sign_in("ada.prova", "sette ponti di legno").await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER);
        let form = own.get("/dispositivi/nuovo").await.text();
        assert!(form.contains("Comune di Milano") && form.contains("Comune di Rho"));
    });
}

#[test]
fn everything_wrong_with_a_new_person_is_said_at_once_and_nothing_is_stored() {
    support::both(async |store| {
        let (register, _, _, mut browser) = with_administrator(store).await;
        let wrong = [
            ("nome", ""),
            ("utente", "a b"),
            ("ruolo", "compilatore"),
            ("nuova", "corta"),
            ("ripetuta", "altra"),
        ];
        let answer = browser.post("/persone/nuova", &wrong).await;
        for words in [
            "Ci sono 5 cose da correggere",
            "Manca il nome",
            "da 3 a 64",
            "almeno 12 caratteri",
            "non sono uguali",
            "scegliete almeno un ente",
        ] {
            refused(&answer, words);
        }
        assert!(!answer.text().contains("corta"), "a password was sent back");
        let taken = [
            ("nome", "Doppione"),
            ("utente", "AMMINISTRATORE.cmm"),
            ("ruolo", "osservatore"),
            ("nuova", "sette ponti di legno"),
            ("ripetuta", "sette ponti di legno"),
        ];
        refused(&browser.post("/persone/nuova", &taken).await, "c’è già");
        let without_role = [("nome", "Ada"), ("utente", "ada"), ("ente", MILANO)];
        let answer = browser.post("/persone/nuova", &without_role).await;
        refused(&answer, "scegliete anche il ruolo compilatore");
        refused(&answer, "Indicate almeno un ruolo");
        for unknown in [("ente", "x"), ("ruolo", "x"), ("rulo", "compilatore")] {
            let answer = browser.post("/persone/nuova", &[unknown]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        }
        let people = register.people(&Viewer::operator()).await.unwrap();
        assert_eq!(people.len(), 1);
    });
}

#[test]
fn roles_change_from_the_next_request() {
    support::both(async |store| {
        let (register, app, _, mut browser) = with_administrator(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut own = Browser::of(&app, &officer).await;
        let form = browser.get(&edit(&officer)).await.text();
        assert!(
            form.contains("value=\"015146\" checked")
                && form.contains("value=\"compilatore\" checked")
        );
        let other = [("nome", "Altro nome"), ("ruolo", "osservatore")];
        let changed = browser.post(&edit(&officer), &other).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
        let grant = Grant {
            role: Role::Osservatore,
            body: CMM.to_owned(),
        };
        assert_eq!(grants(&register, officer.id.unwrap()).await, [grant]);
        let home = own.get("/").await;
        assert_eq!(home.status, StatusCode::OK);
        assert!(home.text().contains("Altro nome"));
        let form = own.get("/dispositivi/nuovo").await;
        assert_eq!(form.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn a_password_set_by_an_administrator_ends_every_session() {
    support::both(async |store| {
        let (register, app, administrator, mut browser) = with_administrator(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut own = Browser::of(&app, &officer).await;
        let kept = [("nome", "Ada"), ("ruolo", "compilatore"), ("ente", MILANO)];
        let mut changed = kept.to_vec();
        changed.extend([
            ("nuova", "sette ponti di legno"),
            ("ripetuta", "sette ponti"),
        ]);
        refused(
            &browser.post(&edit(&officer), &changed).await,
            "non sono uguali",
        );
        changed[4] = ("ripetuta", "sette ponti di legno");
        let saved = browser.post(&edit(&officer), &changed).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        assert_eq!(own.get("/").await.location(), "/accedi?poi=%2F");
        let old = own.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
        let new = own.sign_in(&officer.account, "sette ponti di legno").await;
        assert_eq!(new.status, StatusCode::SEE_OTHER);

        // One's own goes through the page that asks for the present one.
        let form = browser.get(&edit(&administrator)).await.text();
        assert!(!form.contains("name=\"nuova\"") && form.contains("href=\"/password\""));
        let own = [
            ("nome", "Ada"),
            ("ruolo", "amministratore"),
            ("nuova", "sette ponti di legno"),
        ];
        let answer = browser.post(&edit(&administrator), &own).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let id = administrator.id.unwrap();
        let grants = grants(&register, id).await;
        let own = register
            .change_person(
                &administrator,
                id,
                "Ada",
                &grants,
                Some("sette ponti di legno"),
            )
            .await;
        assert!(matches!(own, Err(Error::Invalid(_))));
    });
}

#[test]
fn who_is_disabled_is_out_at_once_and_may_be_let_in_again() {
    support::both(async |store| {
        let (register, app, administrator, mut browser) = with_administrator(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut own = Browser::of(&app, &officer).await;
        let person = format!("/persone/{}", officer.id.unwrap());
        let gone = browser.post(&format!("{person}/disabilita"), &[]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text());
        assert!(
            browser
                .get(gone.location())
                .await
                .text()
                .contains("Disabilitato")
        );
        assert_eq!(own.get("/").await.location(), "/accedi?poi=%2F");
        let answer = own.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let form = browser.get(&edit(&officer)).await.text();
        assert!(form.contains(&format!("{person}/riabilita")));
        let back = browser.post(&format!("{person}/riabilita"), &[]).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER);
        let answer = own.sign_in(&officer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);

        let own = format!("/persone/{}/disabilita", administrator.id.unwrap());
        refused(&browser.post(&own, &[]).await, "disabilitare voi stessi");
    });
}

#[test]
fn the_last_active_administrator_keeps_access_and_role() {
    support::both(async |store| {
        let (register, _, first, mut browser) = with_administrator(store).await;
        let demoted = [("nome", "Ada"), ("ruolo", "osservatore")];
        let answer = browser.post(&edit(&first), &demoted).await;
        refused(&answer, "ultimo amministratore attivo");
        let operator = Viewer::operator();
        let gone = register.disable_person(&operator, &first.account).await;
        assert!(matches!(gone, Err(Error::Invalid(words)) if words.contains("ultimo")));

        let second = support::person(&register, Role::Amministratore, MILANO).await;
        register
            .disable_person(&operator, &second.account)
            .await
            .unwrap();
        let answer = browser.post(&edit(&first), &demoted).await;
        refused(&answer, "ultimo amministratore attivo");
        register
            .enable_person(&operator, &second.account)
            .await
            .unwrap();
        let answer = browser.post(&edit(&first), &demoted).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        assert_eq!(browser.get("/persone").await.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn two_administrators_cannot_take_the_role_from_each_other_at_once() {
    support::both(async |store| {
        let (register, _, first, _) = with_administrator(store).await;
        let second = support::person(&register, Role::Amministratore, MILANO).await;
        let (left, right) = tokio::join!(
            register.disable_person(&first, &second.account),
            register.disable_person(&second, &first.account),
        );
        assert!(left.is_ok() != right.is_ok(), "{left:?} {right:?}");
    });
}

#[test]
fn nobody_else_manages_people() {
    support::both(async |store| {
        let (register, app, administrator, _) = with_administrator(store).await;
        let person = format!("/persone/{}", administrator.id.unwrap());
        for viewer in [
            support::officer(&register, MILANO).await,
            support::reviewer(&register).await,
            support::observer(&register).await,
        ] {
            let mut browser = Browser::of(&app, &viewer).await;
            for path in [
                "/persone",
                "/persone/nuova",
                &format!("{person}/modifica"),
                "/persone/x/modifica",
            ] {
                assert_eq!(
                    browser.get(path).await.status,
                    StatusCode::FORBIDDEN,
                    "{path}"
                );
            }
            for what in ["modifica", "disabilita", "riabilita"] {
                let answer = browser.post(&format!("{person}/{what}"), &[]).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
            }
            let answer = browser.post("/persone/nuova", &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
        }
    });
}

#[test]
fn a_person_who_is_not_there_is_not_found() {
    support::both(async |store| {
        let (_, _, _, mut browser) = with_administrator(store).await;
        for id in ["x", "00000000-0000-0000-0000-000000000000"] {
            let answer = browser.get(&format!("/persone/{id}/modifica")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    });
}

#[test]
fn a_password_typed_into_a_lost_session_is_not_sent_back() {
    support::both(async |store| {
        let (_, app, _, _) = with_administrator(store).await;
        let mut nobody = Browser::new(&app);
        let fields = [("nome", "Ada Prova"), ("nuova", "sette ponti di legno")];
        for path in ["/persone/nuova", "/password"] {
            let answer = nobody.post_bare(path, &fields).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert!(!answer.text().contains("sette"), "{}", answer.text());
        }
    });
}
