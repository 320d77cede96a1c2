//! Sets of criteria: who reads, tries, loads them and puts them in force, and what that changes.

use crate::support::{self, Browser, MILANO, RHO, both};
use axum::http::StatusCode;
use uuid::Uuid;
use varco::census::criterion::Criteria;
use varco::census::edition::{Edition, Kind};
use varco::census::filter::Filter;
use varco::census::person::Viewer;
use varco::census::verdict::Outcome;
use varco::census::vocabulary::Field;
use varco::register::criteria::{Outcomes, Trial, Tried};
use varco::register::{Error, Register};

const SEED: &str = include_str!("../../seeds/criteri.toml");

/// The seeds with another wish: three days, and plates of nationality are necessary.
fn stricter() -> String {
    SEED.replace("conservazione_giorni <= 7", "conservazione_giorni <= 3")
        .replace("versione = \"2026.1\"", "versione = \"2027.1\"")
}

/// The seeds with one criterion that is no longer technical, so that what lacks can be mended.
fn milder() -> String {
    let (before, after) = SEED.split_once("id = \"SC-01\"").unwrap();
    let after = after.replacen("area = \"tecnica\"", "area = \"rete\"", 1);
    format!("{before}id = \"SC-01\"{after}")
}

struct World {
    register: Register,
    officer: Viewer,
    reviewer: Viewer,
    observer: Viewer,
    first: Edition,
}

/// Two plate readers of Milano, one of which reads no plates, and one of Rho, all accepted, with the
/// seeds in force since the beginning of the year.
async fn world(store: varco::storage::Store) -> World {
    let register = support::register(store).await;
    let officer = support::officer(&register, MILANO).await;
    let other = support::officer(&register, RHO).await;
    let reviewer = support::reviewer(&register).await;
    let observer = support::observer(&register).await;
    let days = [(Field::ConservazioneGiorni, "5")];
    support::device(&register, &officer, MILANO, "LEGGE", &days).await;
    let none = [(Field::Ocr, "nessuna")];
    support::device(&register, &officer, MILANO, "NON-LEGGE", &none).await;
    support::device(&register, &other, RHO, "DI-RHO", &none).await;
    let mut unit = register.store.write().await.unwrap();
    support::accept(&mut unit, &Filter::working(&Viewer::operator())).await;
    unit.commit().await.unwrap();
    let first = support::edition(&register, Kind::Criteria, "Primi", SEED).await;
    let first = register.edition(&reviewer, Kind::Criteria, first).await;
    let first = first.unwrap();
    World {
        register,
        officer,
        reviewer,
        observer,
        first,
    }
}

async fn load(register: &Register, viewer: &Viewer, name: &str, text: &str) -> Edition {
    let loaded = register.load_criteria(viewer, name, text).await;
    loaded.unwrap().unwrap()
}

/// The accepted devices that this person sees.
fn accepted(viewer: &Viewer) -> Filter {
    let mut filter = Filter::of(viewer);
    filter.take("dati", "convalidati").unwrap();
    filter
}

async fn trial(register: &Register, filter: &Filter, tried: Tried<'_>) -> Trial {
    match register.try_criteria(filter, None, tried).await.unwrap() {
        Outcomes::Trial(trial) => *trial,
        other => panic!("{other:?}"),
    }
}

/// The outcome of each device by its code, in the order of codes.
async fn outcomes(register: &Register, filter: &Filter) -> Vec<(String, Outcome)> {
    let mut unit = register.store.read().await.unwrap();
    let basis = register.basis(&mut unit, filter, None).await.unwrap();
    let mut outcomes = Vec::new();
    let fields = [Field::Codice];
    register
        .each_verdict(
            &mut unit,
            filter,
            &basis,
            &fields,
            |_, _, record, verdict| {
                outcomes.push((record.text(Field::Codice).to_owned(), verdict.outcome));
            },
        )
        .await
        .unwrap();
    outcomes.sort();
    outcomes
}

#[test]
fn a_trial_says_who_changes_and_why_and_changes_nothing() {
    both(async |store| {
        let world = world(store).await;
        let before = support::contents(&world.register.store).await;
        let filter = accepted(&world.reviewer);
        let found = trial(&world.register, &filter, Tried::Text(&milder())).await;
        assert_eq!((found.devices, found.changed), (3, 2));
        let codes: Vec<_> = found.rows.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(codes, ["NON-LEGGE", "DI-RHO"]);
        for row in &found.rows {
            assert_eq!(row.before, Outcome::Incompatible);
            assert_eq!(row.after, Outcome::Uncertain);
            let [why] = row.why.as_slice() else {
                panic!("{:?}", row.why);
            };
            assert_eq!(why.id, "SC-01");
            assert!(why.before.contains("tecnica") && why.after.contains("rete"));
            assert!(why.condition.contains("«A bordo» oppure «Su server»"));
            assert!(
                why.values.iter().any(|one| one.value == "Nessuna"),
                "{why:?}"
            );
        }
        let bodies: Vec<_> = found
            .bodies
            .iter()
            .map(|one| (&*one.code, one.changed))
            .collect();
        assert_eq!(bodies, [(MILANO, 1), (RHO, 1)]);
        let place = |outcome| Outcome::ALL.iter().position(|one| *one == outcome).unwrap();
        let row = found.matrix[place(Outcome::Incompatible)];
        assert_eq!(row[place(Outcome::Uncertain)], 2);
        assert_eq!(found.matrix.iter().flatten().sum::<u64>(), 3);

        let found = trial(&world.register, &filter, Tried::Text(&stricter())).await;
        assert_eq!((found.changed, found.touched), (0, 1));
        assert_eq!(found.criteria[0].id, "SC-22");
        assert_eq!(found.criteria[0].devices, 1);
        world.register.settle().await.unwrap();
        let mut after = support::contents(&world.register.store).await;
        let mut unchanged = before;
        for contents in [&mut after, &mut unchanged] {
            contents.retain(|(table, _)| table != "journal");
        }
        assert_eq!(unchanged, after);
    });
}

#[test]
fn the_same_text_changes_nobody_and_is_recognised() {
    both(async |store| {
        let world = world(store).await;
        let filter = accepted(&world.observer);
        let windows = format!("\u{feff}{}", SEED.replace('\n', "\r\n"));
        let found = trial(&world.register, &filter, Tried::Text(&windows)).await;
        assert_eq!((found.changed, found.touched), (0, 0));
        assert_eq!(found.known.map(|one| one.id), Some(world.first.id));
        let again = trial(&world.register, &filter, Tried::Edition(world.first.id)).await;
        assert_eq!((again.changed, again.touched), (0, 0));
    });
}

#[test]
fn a_set_that_is_wrong_is_told_by_line_and_nothing_of_it_is_kept() {
    both(async |store| {
        let world = world(store).await;
        let wrong = SEED.replace("ocr fra (a_bordo, su_server)", "ocrr fra (a_bordo)");
        let before = support::contents(&world.register.store).await;
        let filter = accepted(&world.reviewer);
        let tried = world
            .register
            .try_criteria(&filter, None, Tried::Text(&wrong))
            .await;
        let Ok(Outcomes::Wrong(troubles)) = tried else {
            panic!("{tried:?}");
        };
        let line = wrong.lines().nth(troubles[0].line - 1).unwrap();
        assert!(line.contains("ocrr") && troubles[0].message.contains("«ocr»"));
        let loaded = world
            .register
            .load_criteria(&world.reviewer, "Storti", &wrong)
            .await;
        assert_eq!(loaded.unwrap().unwrap_err(), troubles);
        assert_eq!(before, support::contents(&world.register.store).await);
        for name in [
            "",
            "Primi",
            "password: Milano2020",
            "a\u{0}b",
            &"x".repeat(200),
        ] {
            let loaded = world
                .register
                .load_criteria(&world.reviewer, name, SEED)
                .await;
            assert!(
                matches!(loaded, Err(Error::Invalid(_))),
                "{name}: {loaded:?}"
            );
        }
        assert_eq!(before, support::contents(&world.register.store).await);
    });
}

#[test]
fn a_new_set_is_in_force_from_its_day_and_a_snapshot_keeps_the_one_it_had() {
    both(async |store| {
        let world = world(store).await;
        let register = &world.register;
        let snapshot = register
            .take_snapshot(&world.reviewer, "Prima")
            .await
            .unwrap();
        let mut frozen = Filter::of(&world.reviewer);
        frozen.freeze(snapshot.id);
        let then = outcomes(register, &frozen).await;
        let next = load(register, &world.reviewer, "Miti", &milder()).await;
        let now = accepted(&world.reviewer);
        assert_eq!(
            then,
            outcomes(register, &now).await,
            "loading is not putting in force"
        );

        let far = "2030-01-01".parse().unwrap();
        register
            .put_in_force(&world.reviewer, next.id, far)
            .await
            .unwrap();
        assert_eq!(then, outcomes(register, &now).await, "its day has not come");
        let day = "2026-02-01".parse().unwrap();
        register
            .put_in_force(&world.reviewer, next.id, day)
            .await
            .unwrap();
        let changed = outcomes(register, &now).await;
        assert_ne!(then, changed);
        assert_eq!(then, outcomes(register, &frozen).await);

        // On the snapshot the new set is compared with the one that the snapshot keeps.
        let found = trial(register, &frozen, Tried::Edition(next.id)).await;
        assert_eq!(found.before.id, world.first.id);
        assert_eq!(found.changed, 2);
        let found = trial(register, &now, Tried::Edition(world.first.id)).await;
        assert_eq!(found.before.id, next.id);
        let never = "9999-01-01".parse().unwrap();
        let refused = register.put_in_force(&world.reviewer, next.id, never).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        let (editions, said) = register
            .editions(&world.reviewer, Kind::Criteria)
            .await
            .unwrap();
        assert_eq!((editions.len(), said.len()), (2, 3));
        assert_eq!(register.edition_in_force(&said), Some(next.id));
    });
}

#[test]
fn loading_trying_and_putting_in_force_are_in_the_history() {
    both(async |store| {
        let world = world(store).await;
        let register = &world.register;
        let filter = accepted(&world.observer);
        trial(register, &filter, Tried::Text(&milder())).await;
        let next = load(register, &world.reviewer, "Miti", &milder()).await;
        let day = "2026-01-01".parse().unwrap();
        register
            .put_in_force(&world.reviewer, next.id, day)
            .await
            .unwrap();
        register.settle().await.unwrap();
        let mut told = Vec::new();
        let mut unit = register.store.read().await.unwrap();
        unit.each_record(|record| {
            let words = format!("{} {}", record.subject, record.detail);
            told.push((record.account, record.act, words));
        })
        .await
        .unwrap();
        let has = |account: &str, act: &str, detail: &str| {
            told.iter()
                .any(|(own, done, words)| own == account && done == act && words.contains(detail))
        };
        assert!(has("validatore.cmm", "edizione", "«Miti»"), "{told:?}");
        assert!(
            has("validatore.cmm", "in_vigore", "dal 01/01/2026"),
            "{told:?}"
        );
        let tried = told
            .iter()
            .find(|(.., words)| words.contains("prova di criteri"));
        assert!(
            tried.is_some_and(|(account, ..)| account == "osservatore.cmm"),
            "{told:?}"
        );
    });
}

#[test]
fn officers_read_the_criteria_and_only_who_reads_everything_tries_them() {
    both(async |store| {
        let world = world(store).await;
        let register = &world.register;
        let (editions, _) = register
            .editions(&world.officer, Kind::Criteria)
            .await
            .unwrap();
        assert_eq!(editions.len(), 1);
        let one = register
            .edition(&world.officer, Kind::Criteria, world.first.id)
            .await;
        assert_eq!(one.unwrap().content, SEED);
        let prices = register.editions(&world.officer, Kind::Prices).await;
        assert!(matches!(prices, Err(Error::Forbidden(_))));
        let filter = accepted(&world.officer);
        let tried = register
            .try_criteria(&filter, None, Tried::Text(SEED))
            .await;
        assert!(matches!(tried, Err(Error::Forbidden(_))), "{tried:?}");
        let day = "2026-02-01".parse().unwrap();
        for viewer in [&world.officer, &world.observer] {
            let loaded = register.load_criteria(viewer, "Miei", SEED).await;
            assert!(matches!(loaded, Err(Error::Forbidden(_))), "{loaded:?}");
            let put = register.put_in_force(viewer, world.first.id, day).await;
            assert!(matches!(put, Err(Error::Forbidden(_))), "{put:?}");
        }
        let filter = accepted(&world.observer);
        let none = Tried::Edition(Uuid::nil());
        let tried = register.try_criteria(&filter, None, none).await;
        assert!(matches!(tried, Err(Error::NotFound(_))), "{tried:?}");
    });
}

#[test]
fn without_a_set_in_force_a_text_is_still_read() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let filter = accepted(&reviewer);
        let tried = register
            .try_criteria(&filter, None, Tried::Text(SEED))
            .await;
        assert!(matches!(tried, Ok(Outcomes::First(set)) if set.criteria.len() == 24));
    });
}

#[test]
fn on_the_pages_a_set_is_tried_mended_loaded_and_put_in_force() {
    both(async |store| {
        let world = world(store).await;
        let app = support::app(&world.register);
        let mut browser = Browser::of(&app, &world.reviewer).await;
        let page = browser.get("/criteri").await.text();
        assert!(
            page.contains("non è pubblica") && page.contains("Oggi in vigore"),
            "{page}"
        );
        let set = format!("/criteri/{}", world.first.id);
        let page = browser.get(&set).await.text();
        for wanted in [
            "SC-24",
            "«A bordo» oppure «Su server»",
            "nostra proposta",
            "#condizione-lettore",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        let file = browser.get(&format!("{set}/criteri.toml")).await;
        assert_eq!(file.text(), SEED);

        let token = browser.csrf.clone().unwrap();
        let fields = [("_csrf", token.as_str())];
        let wrong = SEED.replace("livello = \"consigliato\"", "livello = \"forse\"");
        let file = ("file", "criteri.toml", wrong.as_bytes());
        let answer = browser.upload("/criteri/prova", &fields, file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("Riga ") && page.contains("forse"), "{page}");
        assert!(!page.contains("Carica con questo nome"));
        // A slip of the pen hides none of the other mistakes, and is said in Italian too.
        let wrong = SEED
            .replace("ente.tipo = comune\"", "ente.tipo = comun\"")
            .replace("livello = \"informativo\"", "livello = \"informativo")
            .replace(
                "soddisfatto = \"cifratura = si\"",
                "soddisfatto = \"cifratura = forse\"",
            );
        let file = ("file", "criteri.toml", wrong.as_bytes());
        let answer = browser.upload("/criteri/prova", &fields, file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        let mut said = 0;
        for (number, line) in (1..).zip(wrong.lines()) {
            let slip = line == "livello = \"informativo";
            if slip || line.contains("= comun\"") || line.contains("= forse\"") {
                assert!(
                    page.contains(&format!("<strong>Riga {number}<")),
                    "{line}: {page}"
                );
                said += 1;
            }
        }
        assert_eq!(page.matches("<strong>Riga ").count(), said, "{page}");
        assert!(said >= 3 && page.contains("le virgolette di un testo non si chiudono"));
        assert!(!page.contains("expected") && !page.contains("Carica con questo nome"));

        let windows = milder().replace('\n', "\r\n");
        let file = ("file", "criteri.toml", windows.as_bytes());
        let page = browser.upload("/criteri/prova", &fields, file).await.text();
        assert!(
            page.contains("Carica con questo nome") && page.contains("DI-RHO"),
            "{page}"
        );
        // A text area gives every line back with the other end.
        let fields = [
            ("_csrf", token.as_str()),
            ("testo", &windows),
            ("nome", "Miti"),
        ];
        let nothing = ("file", "", b"".as_slice());
        let answer = browser.upload("/criteri", &fields, nothing).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let place = answer.location().split('?').next().unwrap().to_owned();
        let kept = browser.get(&format!("{place}/criteri.toml")).await;
        assert_eq!(kept.text(), milder());
        let answer = browser.upload("/criteri", &fields, nothing).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("scegliete un altro nome"));

        let page = browser.get(&format!("{place}/confronto")).await.text();
        assert!(page.contains("NON-LEGGE"), "{page}");
        browser.get(&place).await;
        let vigore = format!("{place}/vigore");
        let answer = browser.post(&vigore, &[("giorno", "ieri")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let past = [("giorno", "2026-02-01"), ("passato", "si")];
        let answer = browser.post(&vigore, &past).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = browser.get(&place).await.text();
        assert!(
            page.contains("Oggi in vigore") && page.contains("01/02/2026"),
            "{page}"
        );

        let mut officer = Browser::of(&app, &world.officer).await;
        let page = officer.get(&place).await.text();
        assert!(!page.contains("Metti in vigore") && !page.contains("/confronto"));
        let answer = officer.get(&format!("{place}/confronto")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(Criteria::read(&kept.text()).is_ok());
    });
}
