//! The history: what stands in it, who sees what of it, and any past instant of the census.

use crate::support::{self, Browser, MILANO, NOW, PASSWORD, RHO, both};
use axum::http::StatusCode;
use std::time::Duration;
use varco::census::filter::{Filter, Moment, Slice, Sort, State};
use varco::census::journal::{Act, Record};
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::clock::{self, Instant};
use varco::register::Register;
use varco::register::ledger::UNKNOWN_ACCOUNT;
use varco::register::publish::{Export, Format};
use varco::register::record::Target;
use varco::storage::journal::Wanted;
use varco::tiles::Tile;

/// Everything in the history, the first first, once all is written.
async fn records(register: &Register) -> Vec<Record> {
    register.settle().await.unwrap();
    let mut found = Vec::new();
    let mut unit = register.store.read().await.unwrap();
    unit.each_record(|record| found.push(record)).await.unwrap();
    found
}

/// Who did what to what, of the acts of one kind.
async fn of(register: &Register, act: Act) -> Vec<(String, String, String)> {
    let all = records(register).await.into_iter();
    all.filter(|record| record.act == act.name())
        .map(|record| (record.account, record.subject, record.detail))
        .collect()
}

/// Lets a second pass.
fn tick(register: &Register) {
    assert!(!register.clock.new_id().is_nil());
}

fn list() -> Slice {
    Slice {
        sort: Sort::Code,
        from: None,
        size: 50,
    }
}

#[test]
fn whoever_signs_in_is_noted_and_what_a_stranger_typed_is_not() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        for (account, password) in [
            (officer.account.as_str(), "non è la mia password"),
            ("la-mia-password-segreta", PASSWORD),
        ] {
            let mut other = Browser::new(&support::app(&register));
            let answer = other.sign_in(account, password).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        browser.post("/esci", &[]).await;
        let accounts = async |act| {
            let found = of(&register, act).await.into_iter();
            found.map(|(account, ..)| account).collect::<Vec<_>>()
        };
        assert_eq!(accounts(Act::SignIn).await, [&*officer.account]);
        assert_eq!(
            accounts(Act::SignInRefused).await,
            [&*officer.account, UNKNOWN_ACCOUNT]
        );
        assert_eq!(accounts(Act::SignOut).await, [&*officer.account]);
        let all = format!("{:?}", records(&register).await);
        for secret in [
            "la-mia-password-segreta",
            "non è la mia password",
            "192.0.2.1",
        ] {
            assert!(!all.contains(secret), "the history has «{secret}»");
        }
    });
}

#[test]
fn what_is_done_to_people_sites_and_passwords_is_noted() {
    both(async |store| {
        let register = support::register(store).await;
        let admin = support::administrator(&register).await;
        let officer = support::officer(&register, MILANO).await;
        let id = officer.id.unwrap();
        let grants = vec![
            register
                .grant_for(varco::census::person::Role::Osservatore, None)
                .await
                .unwrap(),
        ];
        register
            .change_person(&admin, id, "Un’altra", &grants, None)
            .await
            .unwrap();
        register
            .disable_person(&admin, &officer.account)
            .await
            .unwrap();
        register
            .enable_person(&admin, &officer.account)
            .await
            .unwrap();
        register
            .change_password(&officer, PASSWORD, "sei lanterne sul ponte")
            .await
            .unwrap();
        let people = of(&register, Act::PersonChanged).await;
        let about: Vec<&str> = people
            .iter()
            .filter(|(_, subject, _)| *subject == officer.account)
            .map(|(_, _, detail)| detail.as_str())
            .collect();
        assert_eq!(
            about,
            [
                "aggiunta: compilatore 015146",
                "modificata: osservatore cmm",
                "disabilitata",
                "riabilitata"
            ]
        );
        assert_eq!(
            of(&register, Act::PasswordChanged).await,
            [(
                officer.account.clone(),
                officer.account.clone(),
                String::new()
            )]
        );
        let operator = Viewer::operator();
        let site = [(Field::Sito, "V-1")];
        support::device(&register, &operator, MILANO, "A-1", &site).await;
        let site = register.sites(&operator).await.unwrap().remove(0);
        register
            .save_site(&operator, site.id, "varco", "Porta Nuova")
            .await
            .unwrap();
        assert_eq!(
            of(&register, Act::SiteChanged).await[0].1,
            site.id.to_string()
        );
        assert!(register.verify().await.unwrap().first.is_none());
    });
}

#[test]
fn reading_beyond_ones_own_bodies_is_noted_and_reading_ones_own_is_not() {
    both(async |store| {
        let register = support::register(store).await;
        let owner = support::officer(&register, MILANO).await;
        let site = [(Field::Sito, "V-1")];
        let device = support::device(&register, &owner, MILANO, "A-1", &site).await;
        let site = register.sites(&owner).await.unwrap()[0].id;
        let observer = support::observer(&register).await;
        let app = support::app(&register);
        let pages = [
            format!("/dispositivi/{device}"),
            format!("/dispositivi/{device}/scheda"),
            format!("/siti/{site}"),
            "/dispositivi?dati=lavorazione&cerca=segreto".to_owned(),
            format!("/mappa?ente={MILANO}"),
            "/tiles/dispositivi/0/0/0.mvt".to_owned(),
            "/tiles/dispositivi/1/1/0.mvt".to_owned(),
            "/tiles/dispositivi/1/1/0.mvt?funzione=ztl".to_owned(),
            "/esporta/dispositivi.csv?dati=lavorazione".to_owned(),
        ];
        let mut browser = Browser::of(&app, &owner).await;
        for page in &pages {
            assert_eq!(browser.get(page).await.status, StatusCode::OK, "{page}");
        }
        assert!(of(&register, Act::Read).await.is_empty());
        assert!(of(&register, Act::SiteRead).await.is_empty());
        let mut browser = Browser::of(&app, &observer).await;
        for page in &pages {
            assert_eq!(browser.get(page).await.status, StatusCode::OK, "{page}");
        }
        let read: Vec<_> = of(&register, Act::Read)
            .await
            .into_iter()
            .map(|(_, subject, detail)| (subject, detail))
            .collect();
        let id = device.to_string();
        let expected = [
            (id.as_str(), "A-1"),
            (&id, "A-1"),
            ("elenco", "dati=lavorazione cerca"),
            ("mappa", "ente=015146"),
            // The tiles of a map are one reading, whatever their number.
            ("riquadri della mappa", ""),
            ("riquadri della mappa", "funzione=ztl"),
        ];
        let expected = expected.map(|(subject, detail)| (subject.to_owned(), detail.to_owned()));
        assert_eq!(read, expected);
        assert_eq!(of(&register, Act::SiteRead).await[0].1, site.to_string());
        let exported = of(&register, Act::Exported).await;
        assert_eq!(exported.len(), 2);
        assert_eq!(exported[1].0, observer.account);
        assert_eq!(exported[1].1, "dispositivi.csv");
        assert_eq!(
            exported[1].2,
            "1 dispositivo, EPSG:4326, in lavorazione, riservato dati=lavorazione"
        );
    });
}

#[test]
fn a_refusal_is_noted_with_the_route_and_nothing_that_was_typed() {
    both(async |store| {
        let register = support::register(store).await;
        let owner = support::officer(&register, MILANO).await;
        let device = support::device(&register, &owner, MILANO, "A-1", &[]).await;
        let stranger = support::officer(&register, RHO).await;
        let mut browser = Browser::of(&support::app(&register), &stranger).await;
        for (page, status) in [
            (
                format!("/dispositivi/{device}?salvato=segreto"),
                StatusCode::NOT_FOUND,
            ),
            ("/persone".to_owned(), StatusCode::FORBIDDEN),
            ("/dispositivi/segreto".to_owned(), StatusCode::NOT_FOUND),
            ("/segreto".to_owned(), StatusCode::NOT_FOUND),
        ] {
            assert_eq!(browser.get(&page).await.status, status, "{page}");
        }
        let refused = of(&register, Act::Refused).await;
        let account = stranger.account.clone();
        assert_eq!(
            refused,
            [
                (
                    account.clone(),
                    device.to_string(),
                    "GET /dispositivi/{id}: 404".to_owned()
                ),
                (account, String::new(), "GET /persone: 403".to_owned()),
            ]
        );
    });
}

#[test]
fn whoever_reads_does_not_wait_for_whoever_writes() {
    both(async |store| {
        let register = support::register(store).await;
        let operator = Viewer::operator();
        let device = support::device(&register, &operator, MILANO, "A-1", &[]).await;
        let observer = support::observer(&register).await;
        // Somebody holds the write lock, and the end of the history.
        let mut held = register.store.write().await.unwrap();
        held.hold_journal_end().await.unwrap();
        let reading = register.device(&observer, device);
        let read = tokio::time::timeout(Duration::from_secs(5), reading).await;
        assert!(read.is_ok(), "reading waited for a write");
        drop(held);
        assert_eq!(of(&register, Act::Read).await.len(), 1);
    });
}

#[test]
fn an_officer_sees_of_the_history_what_concerns_their_bodies() {
    both(async |store| {
        let register = support::register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let rho = support::officer(&register, RHO).await;
        let device = support::device(&register, &milano, MILANO, "A-1", &[]).await;
        support::device(&register, &rho, RHO, "R-1", &[]).await;
        let observer = support::observer(&register).await;
        register.device(&observer, device).await.unwrap();
        let mut filter = Filter::working(&observer);
        filter.take("sito", "R-SEGRETO").unwrap();
        register.find(&filter, &list()).await.unwrap();
        register.settle().await.unwrap();

        let all = Wanted::default();
        let seen = register.history(&milano, &all, None).await.unwrap();
        let text = format!("{:?}", seen.records);
        assert!(text.contains("A-1") && !text.contains("R-1"), "{text}");
        assert!(!text.contains("R-SEGRETO") && text.contains("su tutti gli enti"));
        assert!(
            seen.records
                .iter()
                .any(|one| one.account == observer.account)
        );
        assert!(!text.contains(&format!("{:?}", Act::PersonChanged.name())));
        let everything = register.history(&observer, &all, None).await.unwrap();
        assert!(format!("{:?}", everything.records).contains("R-SEGRETO"));

        let mut browser = Browser::of(&support::app(&register), &milano).await;
        let page = browser.get("/storia").await.text();
        assert!(page.contains(&format!("/dispositivi/{device}")) && !page.contains("R-1"));
        let file = browser.get("/storia.csv").await;
        assert!(file.header("content-disposition").contains("storia.csv"));
        assert!(file.text().contains("A-1") && !file.text().contains("R-1"));
    });
}

#[test]
fn the_history_is_found_by_kind_person_body_subject_and_date_and_paged_by_number() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        for number in 0..230 {
            register
                .note_refusal(&officer, &format!("prova {number}"), None)
                .await
                .unwrap();
        }
        let device = support::device(&register, &officer, MILANO, "=A-1", &[]).await;
        register.settle().await.unwrap();
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let count = |page: &str| page.matches("data-label=\"Numero\"").count();
        let links = |page: &str, rel: &str| {
            let (before, _) = page.split_once(&format!("rel=\"{rel}\""))?;
            let (_, href) = before.rsplit_once("href=\"")?;
            let href = href.split_once('"')?.0;
            Some(href.replace("&#38;", "&").replace("&amp;", "&"))
        };
        let mut address = Some("/storia?tipo=rifiuto".to_owned());
        let mut pages = Vec::new();
        let mut back = None;
        while let Some(next) = address {
            let page = browser.get(&next).await.text();
            pages.push(count(&page));
            back = links(&page, "prev");
            address = links(&page, "next");
        }
        assert_eq!(pages, [100, 100, 30]);
        assert_eq!(count(&browser.get(&back.unwrap()).await.text()), 100);
        for (query, found) in [
            (format!("?oggetto={device}"), 1),
            (format!("?ente={MILANO}&tipo=dispositivo"), 1),
            (format!("?persona={}&tipo=dispositivo", officer.account), 1),
            ("?persona=nessuno".to_owned(), 0),
            (
                "?tipo=dispositivo&dal=02/03/2026&al=2026-03-02".to_owned(),
                1,
            ),
            ("?tipo=dispositivo&dal=03/03/2026".to_owned(), 0),
            ("?tipo=dispositivo&al=01/03/2026".to_owned(), 0),
        ] {
            let page = browser.get(&format!("/storia{query}")).await.text();
            assert_eq!(count(&page), found, "{query}");
        }
        for (query, says) in [
            ("?tipo=boh", "«tipo»"),
            ("?dal=ieri", "«dal»"),
            ("?persna=x", "«persona»"),
            ("?dopo=x", "«dopo»"),
        ] {
            let answer = browser.get(&format!("/storia{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
            assert!(answer.text().contains(says), "{query}");
        }
        let file = browser.get("/storia.csv?tipo=rifiuto").await.text();
        assert_eq!(file.lines().count(), 231);
        let file = browser.get("/storia.csv?tipo=dispositivo").await.text();
        assert!(file.contains(";'=A-1;"), "{file}");
    });
}

/// What a list, a count, the map, a tile and a file find of the same filter.
async fn found(register: &Register, filter: &Filter) -> (Vec<String>, Vec<u8>) {
    let page = register.find(filter, &list()).await.unwrap();
    let codes: Vec<String> = page
        .listed
        .rows
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one.record.text(Field::Codice),
                one.record.text(Field::Denominazione)
            )
        })
        .collect();
    let total = i64::try_from(codes.len()).unwrap();
    assert_eq!(page.total, total);
    assert_eq!(register.count(filter).await.unwrap(), total);
    assert_eq!(register.summary(filter).await.unwrap().all.number, total);
    let tile = Tile::new(0, 0, 0).unwrap();
    assert_eq!(
        register.tile(filter, tile).await.unwrap().is_empty(),
        codes.is_empty()
    );
    let mut unit = register.store.read().await.unwrap();
    assert_eq!(unit.points(filter).await.unwrap().len(), codes.len());
    drop(unit);
    let mut file = tempfile::tempfile().unwrap();
    let export = Export::new(Format::Csv, "", filter.clone()).unwrap();
    let published = register
        .export(&export, file.try_clone().unwrap())
        .await
        .unwrap();
    assert_eq!(published.devices, u64::try_from(codes.len()).unwrap());
    let mut bytes = Vec::new();
    std::io::Seek::rewind(&mut file).unwrap();
    std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
    (codes, bytes)
}

fn then(viewer: &Viewer, state: State, at: Instant) -> Filter {
    let mut filter = Filter::of(viewer);
    filter.state = state;
    filter.moment = Moment::At(at);
    filter
}

#[test]
fn a_past_instant_is_the_same_everywhere_and_for_ever() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let now = || register.clock.now();
        let tick = || tick(&register);
        let beginning = now();
        tick();
        let device = support::device(&register, &officer, MILANO, "A-1", &[]).await;
        support::device(&register, &officer, MILANO, "A-2", &[]).await;
        tick();
        let written = now();
        tick();
        register.submit(&officer, MILANO, None, "").await.unwrap();
        tick();
        let sent = now();
        tick();
        register.accept_all(&reviewer, MILANO, now()).await.unwrap();
        tick();
        let accepted = now();
        tick();
        let rename = async |name: &str| {
            let mut draft = support::draft(MILANO, "A-1");
            draft.set(Field::Denominazione, name);
            let seen = register.device(&officer, device).await.unwrap();
            let target = Target::Existing {
                device,
                number: seen.revision.number,
            };
            let source = varco::census::revision::Source::Form;
            register
                .save(&officer, &draft, target, source)
                .await
                .unwrap();
        };
        rename("Secondo nome").await;
        tick();
        let renamed = now();
        tick();
        let old = ["A-1 Varco di prova", "A-2 Varco di prova"];
        let new = ["A-1 Secondo nome", "A-2 Varco di prova"];
        let asked = [
            (beginning, State::Working, &[][..]),
            (written, State::Working, &old),
            (written, State::Accepted, &[]),
            (written, State::Submitted, &[]),
            (sent, State::Submitted, &old),
            (sent, State::Accepted, &[]),
            (accepted, State::Submitted, &[]),
            (accepted, State::Accepted, &old),
            (renamed, State::Working, &new),
            (renamed, State::Accepted, &old),
        ];
        let mut files = Vec::new();
        for (at, state, codes) in asked {
            let (found, file) = found(&register, &then(&reviewer, state, at)).await;
            assert_eq!(found, codes, "{state:?} {}", clock::words(at));
            files.push(file);
        }
        // Whatever follows changes none of it.
        register.submit(&officer, MILANO, None, "").await.unwrap();
        tick();
        register.accept_all(&reviewer, MILANO, now()).await.unwrap();
        register
            .set_withdrawn(&officer, device, true)
            .await
            .unwrap();
        support::device(&register, &officer, MILANO, "A-3", &[]).await;
        tick();
        for ((at, state, codes), file) in asked.into_iter().zip(&files) {
            let (found, again) = found(&register, &then(&reviewer, state, at)).await;
            assert_eq!(found, codes, "{state:?} {}", clock::words(at));
            assert_eq!(&again, file);
        }
        let stranger = support::officer(&register, RHO).await;
        tick();
        assert_eq!(
            register
                .count(&then(&stranger, State::Accepted, accepted))
                .await
                .unwrap(),
            0
        );
    });
}

#[test]
fn pages_show_the_past_with_a_banner_and_refuse_the_future() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let device = support::device(&register, &officer, MILANO, "A-1", &[]).await;
        tick(&register);
        let at = varco::census::moment::spelling(register.clock.now());
        tick(&register);
        let mut draft = support::draft(MILANO, "A-1");
        draft.set(Field::Denominazione, "Nome di poi");
        let source = varco::census::revision::Source::Form;
        let target = Target::Existing { device, number: 1 };
        register
            .save(&officer, &draft, target, source)
            .await
            .unwrap();
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let banner = "Censimento com’era il 2 marzo 2026 alle";
        for path in [
            "/".to_owned(),
            "/dispositivi".to_owned(),
            "/mappa".to_owned(),
            "/esporta".to_owned(),
            format!("/dispositivi/{device}"),
        ] {
            let page = browser.get(&format!("{path}?al={at}")).await.text();
            assert!(
                page.contains(banner) && page.contains("Torna a oggi"),
                "{path}: {page}"
            );
            assert!(!page.contains("Nome di poi"), "{path}");
            assert!(!browser.get(&path).await.text().contains(banner), "{path}");
            for (future, says) in [
                ("03/03/2026", "non è ancora passato"),
                ("2026-03-04", "non è ancora passato"),
                ("ieri", "«ieri» non si legge come una data"),
            ] {
                let answer = browser.get(&format!("{path}?al={future}")).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {future}");
                assert!(answer.text().contains(says), "{path} {future}");
            }
            let lost = format!("{path}?fotografia={}", uuid::Uuid::max());
            assert_eq!(
                browser.get(&lost).await.status,
                StatusCode::NOT_FOUND,
                "{lost}"
            );
        }
        let page = browser.get(&format!("/dispositivi?al={at}")).await.text();
        assert!(
            page.contains(&format!("/dispositivi/{device}?al=")),
            "{page}"
        );
        let page = browser
            .get(&format!("/dispositivi/{device}?al={at}"))
            .await
            .text();
        assert!(!page.contains("/modifica") && page.contains("Varco di prova"));
        assert!(
            browser
                .get(&format!("/dispositivi/{device}"))
                .await
                .text()
                .contains("Nome di poi")
        );
        let before = browser
            .get(&format!("/dispositivi/{device}?al=01/03/2026"))
            .await;
        assert_eq!(before.status, StatusCode::NOT_FOUND);
        assert!(NOW < register.clock.now());
    });
}
