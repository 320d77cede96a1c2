//! Whatever is changed behind the program's back is found and named.

use crate::support::{self, MILANO, RHO, both, execute};
use varco::census::adhesion::{Stage, TypedSeat, TypedStep};
use varco::census::campaign::DeclarationKind;
use varco::census::catalogue::{TypedModel, TypedProduct, TypedStated};
use varco::census::draft::Draft;
use varco::census::journal::Sealed;
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::register::adhesion::{Attached, Outcome};
use varco::register::record::Target;
use varco::register::{Register, territory};
use varco::storage::Store;
use varco::storage::sealed::PARTS;

/// A register in which every kind of row stands: saved, imported, sent, accepted, sent back, written
/// again, withdrawn, undone.
async fn lived_in(store: Store) -> Register {
    let register = support::register(store).await;
    let officer = support::officer(&register, MILANO).await;
    let reviewer = support::reviewer(&register).await;
    let device = support::device(&register, &officer, MILANO, "VR-01", &[]).await;
    let header = "codice;denominazione;lat;lon;funzione;stato\r\n".to_owned();
    let rows = (0..40).map(|number| {
        format!("I-{number:02};Ponte;45,46{number:02};9,19;contesto;in_esercizio\r\n")
    });
    let file: String = std::iter::once(header).chain(rows).collect();
    let batch = support::batch(&register, &officer, MILANO, &file).await;
    register.confirm(&officer, batch, true).await.unwrap();
    register.work().await.unwrap();
    register
        .submit(&officer, MILANO, None, "Ecco")
        .await
        .unwrap();
    let looked = register.clock.now();
    register
        .accept_all(&reviewer, MILANO, looked)
        .await
        .unwrap();
    let mut draft = support::draft(MILANO, "VR-01");
    draft.set(Field::Denominazione, "Secondo nome");
    let target = Target::Existing { device, number: 1 };
    let source = varco::census::revision::Source::Form;
    register
        .save(&officer, &draft, target, source)
        .await
        .unwrap();
    register.submit(&officer, MILANO, None, "").await.unwrap();
    let looked = register.clock.now();
    register
        .accept_all(&reviewer, MILANO, looked)
        .await
        .unwrap();
    register
        .say(&reviewer, MILANO, None, "Grazie")
        .await
        .unwrap();
    register
        .set_withdrawn(&officer, device, true)
        .await
        .unwrap();
    register.device(&reviewer, device).await.unwrap();
    register.settle().await.unwrap();
    register
}

#[test]
fn a_register_that_nobody_touched_fits() {
    both(async |store| {
        let register = lived_in(store).await;
        let verified = register.verify().await.unwrap();
        assert_eq!(verified.first, None);
        assert_eq!(verified.others, 0);
        assert!(verified.records > 10 && verified.revisions > 2 && verified.reviews > 3);
        let (number, hash) = verified.last.unwrap();
        assert_eq!(number, verified.records);
        assert_eq!(hash.len(), 64);
    });
}

#[test]
fn the_examples_fit() {
    both(async |store| {
        varco::register::seed::seed(&store, &varco::clock::Clock::System)
            .await
            .unwrap();
        let register = Register::open(store, varco::clock::Clock::System)
            .await
            .unwrap();
        varco::register::example::fill(&register).await.unwrap();
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a list of what is done and of what is said"
)]
fn every_kind_of_tampering_is_named() {
    // What is done, and the words of the sentence that names it.
    const LAST: &str = "(SELECT max(number) FROM journal)";
    let of = |act: &str| format!("(SELECT min(number) FROM journal WHERE act = '{act}')");
    let device = "(SELECT id FROM device WHERE code = 'VR-01')";
    let first = format!("device_id = {device} AND number = 1");
    let second = format!("device_id = {device} AND number = 2");
    let cases: Vec<(String, &[&str])> = vec![
        (
            format!(
                "UPDATE journal SET detail = 'altro' WHERE number = {}",
                of("convalida")
            ),
            &[
                "il record ",
                " del 2 marzo 2026, convalida di validatore.cmm: il suo contenuto",
            ],
        ),
        (
            format!("UPDATE journal SET account = 'altra' WHERE number = {LAST}"),
            &["lettura di dati riservati di altra: il suo contenuto"],
        ),
        (
            format!("DELETE FROM journal WHERE number = {}", of("messaggio")),
            &["il record ", " della storia manca"],
        ),
        (
            format!("DELETE FROM journal WHERE number = {LAST}"),
            &["il record ", " della storia manca"],
        ),
        (
            "UPDATE journal_end SET hash = 'abc'".to_owned(),
            &["la fine della storia"],
        ),
        (
            format!("UPDATE revision SET marca = 'Altra' WHERE {first}"),
            &[
                "la revisione 1 del dispositivo VR-01 di Comune di Milano",
                "il suo contenuto",
            ],
        ),
        (
            format!("UPDATE revision SET lat = lat + 0.000001 WHERE {second}"),
            &["la revisione 2 del dispositivo VR-01", "il suo contenuto"],
        ),
        (
            format!("UPDATE revision SET confirmed = '[' WHERE {first}"),
            &["una revisione non si legge"],
        ),
        (
            format!("UPDATE revision SET hash = 'abc' WHERE {first}"),
            &["VR-01"],
        ),
        (
            format!("UPDATE revision SET entry_id = NULL WHERE {first}"),
            &["il record ", "dispositivo salvato", "non c’è più"],
        ),
        (
            format!("UPDATE revision SET entry_id = device_id WHERE {first}"),
            &["il record ", "dispositivo salvato", "non c’è più"],
        ),
        (
            "DELETE FROM review WHERE kind = 'messaggio' AND author = 'validatore.cmm'".to_owned(),
            &["messaggio di validatore.cmm", "non c’è più"],
        ),
        (
            format!(
                "DELETE FROM review WHERE kind = 'convalida' AND revision_id IN \
                 (SELECT id FROM revision WHERE {second})"
            ),
            &[
                "la revisione 2 del dispositivo VR-01",
                "senza che nessuno l’abbia convalidata",
            ],
        ),
        (
            "UPDATE review SET text = 'Altro' WHERE kind = 'messaggio' \
             AND author = 'validatore.cmm'"
                .to_owned(),
            &["«Messaggio» di validatore.cmm", "il suo contenuto"],
        ),
        (
            format!("UPDATE revision SET accepted_from = accepted_from - 1 WHERE {first}"),
            &["la revisione 1 del dispositivo VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET accepted_to = accepted_to + 1 WHERE {first}"),
            &["la revisione ", "VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET accepted_to = NULL WHERE {first}"),
            &["la revisione 1 del dispositivo VR-01"],
        ),
        (
            format!("UPDATE revision SET accepted = FALSE WHERE {second}"),
            &["la revisione 2 del dispositivo VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET working = FALSE WHERE device_id = {device}"),
            &["la revisione 3 del dispositivo VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET number = 2 WHERE id = {device}"),
            &["VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET number = 4 WHERE id = {device}"),
            &["VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET code = 'VR-99' WHERE id = {device}"),
            &["VR-01", "codice diversi"],
        ),
    ];
    for (change, says) in &cases {
        both(async |store| {
            let register = lived_in(store.clone()).await;
            execute(&store, change).await;
            let verified = register.verify().await.unwrap();
            let first = verified.first.unwrap_or_default();
            for words in *says {
                assert!(first.contains(words), "{change}\n{first}\nlacks: {words}");
            }
        });
    }
}

/// A register whose bodies take part: a step, a mistaken one, an act with its document, a seat, due
/// dates, declarations; two decisions of each kind, one of them taken back; the catalogues; a site that
/// had another name, a set of criteria in force, and a territory that was another.
async fn taking_part(store: Store) -> Register {
    let register = support::register(store).await;
    let milano = support::officer(&register, MILANO).await;
    let rho = support::officer(&register, RHO).await;
    let reviewer = support::reviewer(&register).await;
    for _ in 0..2 {
        let typed = TypedStep {
            stage: Stage::Interested.name().to_owned(),
            date: "02/12/2020".to_owned(),
            ..TypedStep::default()
        };
        let outcome = register.record_step(&milano, MILANO, &typed, None).await;
        assert!(matches!(outcome, Ok(Outcome::Saved)), "{outcome:?}");
    }
    let seen = register.body(&milano, MILANO, None).await.unwrap();
    let mistaken = seen.steps.last().unwrap().id;
    register
        .annul_step(&milano, MILANO, mistaken, "due volte")
        .await
        .unwrap();
    support::document(&register, &milano, MILANO).await;
    let seat = TypedSeat {
        address: "piazza Beccaria 19".to_owned(),
        fibre: "si".to_owned(),
        ..TypedSeat::default()
    };
    let mut place = Draft::default();
    "45,4642 9,19".clone_into(&mut place.place);
    let outcome = register
        .record_seat(&milano, MILANO, &seat, &place, Attached::Nothing)
        .await;
    assert!(matches!(outcome, Ok(Outcome::Saved)), "{outcome:?}");
    let bodies = [MILANO.to_owned(), RHO.to_owned()];
    let day = register.clock.today();
    register
        .set_due(&reviewer, &bodies, Some(day))
        .await
        .unwrap();
    let mut pairs = Vec::new();
    for code in ["1", "2", "3", "4"] {
        let one = support::device(&register, &milano, MILANO, code, &[]).await;
        let two = support::device(&register, &rho, RHO, code, &[]).await;
        pairs.push((one, two));
    }
    register.submit(&milano, MILANO, None, "").await.unwrap();
    register
        .declare(&milano, MILANO, DeclarationKind::Census, "")
        .await
        .unwrap();
    for (index, (one, two)) in pairs.into_iter().enumerate() {
        let decided = if index < 2 {
            register.merge(&reviewer, one, two, "Uno").await
        } else {
            register.tell_apart(&reviewer, one, two, "Due").await
        };
        decided.unwrap();
        if index % 2 == 0 {
            register
                .take_back(&reviewer, one, two, "Per errore")
                .await
                .unwrap();
        }
    }
    named_sites_and_criteria(&register, &milano).await;
    for shared in [false, true] {
        support::reference_layer(&register, "scuole", shared).await;
    }
    let last = register.references(&reviewer).await.unwrap()[0].layer.id;
    register
        .withdraw_reference(&reviewer, last, "Per errore")
        .await
        .unwrap();
    keep_catalogues(&register, &reviewer).await;
    let (_folder, elsewhere) = support::elsewhere();
    territory::import(&register.store, &register.clock, &elsewhere, None)
        .await
        .unwrap();
    register.settle().await.unwrap();
    register
}

/// A site that is given another name, and a set of criteria that is loaded and put in force.
async fn named_sites_and_criteria(register: &Register, milano: &Viewer) {
    let at_a_site = [(Field::Sito, "S-1")];
    support::device(register, milano, MILANO, "AL-SITO", &at_a_site).await;
    let mut unit = register.store.read().await.unwrap();
    let site = unit.site_with_code(MILANO, "S-1").await.unwrap().unwrap();
    drop(unit);
    register
        .save_site(milano, site.id, "varco", "Altro nome")
        .await
        .unwrap();
    support::criteria(register).await;
}

/// One row of each kind in the catalogues.
async fn keep_catalogues(register: &Register, reviewer: &Viewer) {
    let product = TypedProduct {
        name: "Uno".to_owned(),
        kind: "vms".to_owned(),
        ..TypedProduct::default()
    };
    let outcome = register.record_product(reviewer, "", &product).await;
    outcome.unwrap().unwrap();
    let stated = TypedStated {
        standing: "non_noto".to_owned(),
        ..TypedStated::default()
    };
    let outcome = register
        .record_standing(reviewer, "Uno", &stated, None)
        .await;
    outcome.unwrap().unwrap();
    let outcome = register
        .merge_product(reviewer, "Programma", "Uno", "")
        .await;
    outcome.unwrap().unwrap();
    let model = TypedModel {
        make: "Marca".to_owned(),
        model: "Modello".to_owned(),
        reading: "non_noto".to_owned(),
        ..TypedModel::default()
    };
    register
        .record_model(reviewer, &model)
        .await
        .unwrap()
        .unwrap();
}

/// Changes that undo themselves: what is done to which table, and the words that name it.
#[expect(clippy::too_many_lines, reason = "one long list of cases")]
fn tamperings() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let mut cases = Vec::new();
    for part in PARTS {
        let (table, many) = (part.table, part.kind.many());
        if matches!(part.kind, Sealed::MergesEnded | Sealed::PairsEnded) {
            let told = vec!["doppione annullata di validatore.cmm", many];
            for (change, word) in [
                ("ended_reason = 'Altro'", "è stato cambiato"),
                (
                    "ended_at = NULL, ended_by = NULL, ended_reason = NULL, ended_entry = NULL",
                    "non c’è più",
                ),
            ] {
                let change = format!("UPDATE {table} SET {change} WHERE ended_at IS NOT NULL");
                let mut says = told.clone();
                says.push(word);
                cases.push((table, change, says));
            }
            let silently = format!(
                "UPDATE {table} SET ended_at = 1, ended_by = 'x', ended_reason = 'x', \
                 ended_entry = entry_id WHERE ended_at IS NULL"
            );
            let says = vec!["decisione su un doppione", many, "nessuna"];
            cases.push((table, silently, says));
            continue;
        }
        let mut told = match part.kind {
            Sealed::Steps => vec!["passo dell’adesione di compilatore.015146"],
            Sealed::Documents | Sealed::Acts => vec!["atto registrato di compilatore.015146"],
            Sealed::Seats => vec!["sede registrata di compilatore.015146"],
            Sealed::Dues => vec!["scadenza di validatore.cmm"],
            Sealed::Declarations => vec!["dichiarazione di compilatore.015146"],
            Sealed::Editions => vec!["criteri, prezzi o lotti caricati di riga di comando"],
            Sealed::Forces => vec!["criteri, prezzi o lotti messi in vigore di riga di comando"],
            Sealed::SitesBefore => vec!["sito modificato di compilatore.015146"],
            Sealed::TerritoriesBefore => vec!["confini caricati di riga di comando"],
            Sealed::ReferenceLayers => vec!["livello di riferimento caricato di riga di comando"],
            Sealed::ReferenceWithdrawals => {
                vec!["livello di riferimento ritirato di validatore.cmm"]
            }
            Sealed::Products => vec!["voce del catalogo del software di validatore.cmm"],
            Sealed::Standings => vec!["connettore di un software di validatore.cmm"],
            Sealed::ProductMerges => vec!["nome di software unito o separato di validatore.cmm"],
            Sealed::Models => vec!["voce del catalogo dei modelli di validatore.cmm"],
            _ => vec!["decisione su un doppione di validatore.cmm"],
        };
        told.extend([many, "il record ", " del 2 marzo 2026, "]);
        let of_one =
            part.columns.iter().any(|(name, _)| *name == "body_code") && part.kind != Sealed::Dues;
        if of_one {
            told.push(" di Comune di Milano)");
        }
        let with = |words: &'static str| {
            let mut says = told.clone();
            says.push(words);
            says
        };
        let changed = format!("UPDATE {table} SET author = 'altra'");
        cases.push((table, changed, with("è stato cambiato")));
        if part.kind == Sealed::Editions {
            // It is in force, and no other may have its name.
            let rewritten = "UPDATE edition SET content = replace(content, '<= 7', '<= 90')";
            cases.push((table, rewritten.to_owned(), with("è stato cambiato")));
            continue;
        }
        let condition = match part.kind {
            Sealed::Steps => "annuls IS NULL",
            Sealed::Dues => "body_code = '015146'",
            Sealed::Merges | Sealed::Pairs => "ended_at IS NOT NULL",
            Sealed::ReferenceLayers => "audience = 'riservato'",
            _ => "1 = 1",
        };
        // A layer is taken away once: there is no room for another row.
        if part.kind == Sealed::ReferenceWithdrawals {
            let gone = format!("DELETE FROM {table}");
            cases.push((table, gone, with("non c’è più")));
            continue;
        }
        if !matches!(part.kind, Sealed::Documents | Sealed::ReferenceLayers) {
            let gone = format!("DELETE FROM {table}");
            cases.push((table, gone, with("non c’è più")));
        }
        // One more, of the same record and of none; a row's own identifier is none of a record.
        let columns = |id: &str, entry: &str| {
            let ended = "ended_at, ended_by, ended_reason, ended_entry";
            let ended = if condition.starts_with("ended") {
                format!(", {ended}")
            } else {
                String::new()
            };
            let rest: Vec<&str> = part.columns.iter().skip(1).map(|(name, _)| *name).collect();
            let rest = rest.join(", ");
            format!(
                "INSERT INTO {table} (id, {rest}{ended}, entry_id) \
                 SELECT {id}, {rest}{ended}, {entry} FROM {table} WHERE {condition}"
            )
        };
        let more = columns("entry_id", "entry_id");
        cases.push((table, more, with("righe che ci sono")));
        if of_one || part.kind == Sealed::Dues {
            let unheard = columns("entry_id", "id");
            let says = vec![part.kind.one(), " di Comune di ", "nessun record"];
            cases.push((table, unheard, says));
        }
    }
    cases
}

#[test]
fn whatever_is_changed_of_how_bodies_take_part_is_named() {
    both(async |store| {
        let register = taking_part(store.clone()).await;
        let fits = async || assert_eq!(register.verify().await.unwrap().first, None);
        fits().await;
        let named = async |change: &str, says: &[&str]| {
            let first = register.verify().await.unwrap().first.unwrap_or_default();
            for words in says {
                assert!(first.contains(words), "{change}\n{first}\nlacks: {words}");
            }
        };
        for (table, change, says) in tamperings() {
            execute(
                &store,
                &format!("CREATE TABLE away AS SELECT * FROM {table}"),
            )
            .await;
            execute(&store, &change).await;
            named(&change, &says).await;
            // A document stands behind an act, and a set is in force: they cannot be taken away.
            let back = if ["document", "edition", "reference_layer"].contains(&table) {
                let given_back = |column: &str| {
                    format!(
                        "UPDATE {table} SET {column} = (SELECT {column} FROM away WHERE away.id = {table}.id)"
                    )
                };
                let mut back = vec![
                    format!("DELETE FROM {table} WHERE id NOT IN (SELECT id FROM away)"),
                    given_back("author"),
                ];
                if table == "edition" {
                    back.push(given_back("content"));
                }
                back
            } else {
                vec![
                    format!("DELETE FROM {table}"),
                    format!("INSERT INTO {table} SELECT * FROM away"),
                ]
            };
            for statement in back {
                execute(&store, &statement).await;
            }
            execute(&store, "DROP TABLE away").await;
        }
        fits().await;
        for change in [
            "UPDATE act SET document_id = NULL",
            "DELETE FROM document_part",
            "DELETE FROM document",
        ] {
            execute(&store, change).await;
        }
        let says = ["(documenti di Comune di Milano)", "non c’è più"];
        named("the document", &says).await;
    });
}

#[test]
fn a_feature_that_is_changed_taken_away_or_added_is_named() {
    both(async |store| {
        let register = support::register(store.clone()).await;
        let layer = support::reference_layer(&register, "scuole", false).await;
        assert_eq!(register.verify().await.unwrap().first, None);
        execute(
            &store,
            "CREATE TABLE away AS SELECT * FROM reference_feature",
        )
        .await;
        for change in [
            "UPDATE reference_feature SET name = 'Altro' WHERE number = 1",
            "UPDATE reference_feature SET west = west - 1 WHERE number = 2",
            "UPDATE reference_feature SET geometry = '{}' WHERE number = 2",
            "DELETE FROM reference_feature WHERE number = 2",
            "INSERT INTO reference_feature SELECT layer_id, 3, name, geometry, west, south, east, \
             north FROM reference_feature WHERE number = 1",
        ] {
            execute(&store, change).await;
            let first = register.verify().await.unwrap().first.unwrap_or_default();
            assert!(
                first.contains("«Livello scuole»: i suoi elementi"),
                "{change}\n{first}"
            );
            execute(&store, "DELETE FROM reference_feature").await;
            execute(&store, "INSERT INTO reference_feature SELECT * FROM away").await;
        }
        assert_eq!(register.verify().await.unwrap().first, None);
        assert_ne!(layer, uuid::Uuid::nil());
    });
}

#[test]
fn the_first_of_several_is_named_and_the_others_are_counted() {
    both(async |store| {
        let register = lived_in(store.clone()).await;
        execute(&store, "UPDATE revision SET marca = 'Altra'").await;
        let verified = register.verify().await.unwrap();
        let first = verified.first.unwrap();
        assert!(
            first.contains("la revisione 1 del dispositivo VR-01"),
            "{first}"
        );
        assert_eq!(verified.others + 1, verified.revisions);
    });
}
