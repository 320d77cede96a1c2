//! What the criteria say of a census in which each of them has a device for each of its four answers.
//!
//! The table of verdicts is kept in `tests/data/compatibility/verdicts.txt`; with
//! `VARCO_REGENERATE=1` it is written again.

use crate::support::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use varco::census::adhesion::{ActKind, TypedAct};
use varco::census::catalogue::{TypedModel, TypedProduct, TypedStated};
use varco::census::filter::{Filter, State};
use varco::census::person::Viewer;
use varco::census::record::{Record, Value};
use varco::census::report::Cell;
use varco::census::revision::Source;
use varco::census::verdict::{Answer, Verdict};
use varco::census::vocabulary::{Field, Kind};
use varco::register::adhesion::Attached;
use varco::register::compatibility::Basis;
use varco::register::load::Request;
use varco::register::report::Asked;
use varco::register::{Register, seed, territory};
use varco::storage::Store;

/// The body whose acts are all as they should be.
const GOOD: &str = RHO;
/// The body whose acts are all as they should not be.
const BAD: &str = MILANO;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/compatibility")
        .join(name)
}

/// A register with the census of the file, accepted, and what bodies and catalogues say.
async fn census(store: Store) -> Register {
    let register = register(store.clone()).await;
    seed::seed(&store, &register.clock).await.unwrap();
    let operator = Viewer::operator();
    for (name, standing) in [
        ("Programma attestato", "collaudato"),
        ("Programma dichiarato", "dichiarato"),
        ("Programma senza", "assente"),
    ] {
        let product = TypedProduct {
            name: name.to_owned(),
            producer: "Produttore di esempio".to_owned(),
            kind: "lettura_targhe".to_owned(),
            ..TypedProduct::default()
        };
        let done = register.record_product(&operator, "", &product).await;
        assert!(matches!(done, Ok(Ok(()))), "{done:?}");
        let stated = TypedStated {
            standing: standing.to_owned(),
            source: "Fonte di esempio".to_owned(),
            grade: "I".to_owned(),
            date: "2025-03-01".to_owned(),
            ..TypedStated::default()
        };
        let done = register
            .record_standing(&operator, name, &stated, None)
            .await;
        assert!(matches!(done, Ok(Ok(()))), "{done:?}");
    }
    for (model, reading) in [("Provato", "si"), ("Bocciato", "no")] {
        let typed = TypedModel {
            make: "Esempio".to_owned(),
            model: model.to_owned(),
            reading: reading.to_owned(),
            reading_class: if reading == "si" {
                "Prova in campo"
            } else {
                ""
            }
            .to_owned(),
            source: "Fonte di esempio".to_owned(),
            grade: "I".to_owned(),
            ..TypedModel::default()
        };
        let done = register.record_model(&operator, &typed).await;
        assert!(matches!(done, Ok(Ok(()))), "{done:?}");
    }
    for kind in ActKind::ALL {
        act(&register, GOOD, kind, good(kind)).await;
        act(&register, BAD, kind, "no").await;
        act(&register, CMM, kind, good(kind)).await;
    }
    load(&register, &data("census.csv")).await;
    let place = register.site_called(&operator, BAD, "P1").await.unwrap();
    register
        .save_site(&operator, place.unwrap().id, "postazione", "")
        .await
        .unwrap();
    let mut unit = store.write().await.unwrap();
    accept(&mut unit, &Filter::working(&operator)).await;
    unit.commit().await.unwrap();
    register
}

fn good(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Protocol => "autorizzato",
        ActKind::Server => "attivo",
        _ => "si",
    }
}

/// Records an act; what happened did so in March 2021.
async fn act(register: &Register, body: &str, kind: ActKind, state: &str) {
    let happened = !matches!(state, "no" | "previsto" | "non_noto");
    let typed = TypedAct {
        state: state.to_owned(),
        number: if happened { "prot. 1" } else { "" }.to_owned(),
        date: if happened { "2021-03-01" } else { "" }.to_owned(),
        names_readers: if happened { "si" } else { "" }.to_owned(),
        lists_places: if happened { "si" } else { "" }.to_owned(),
        note: String::new(),
    };
    let viewer = Viewer::operator();
    let done = register.record_act(&viewer, body, kind, &typed, Attached::Nothing);
    let done = done.await.unwrap();
    assert!(
        matches!(done, varco::register::adhesion::Outcome::Saved),
        "{kind:?} {state}: {done:?}"
    );
}

async fn load(register: &Register, path: &Path) {
    let request = Request {
        name: "census.csv".to_owned(),
        body: None,
        crs: None,
        constants: Vec::new(),
        dry_run: false,
        partial: false,
        accept_proposals: false,
        source: Source::File,
    };
    let mut said = String::new();
    let mut tell = |told: varco::register::load::Told| {
        let _ = writeln!(said, "{told:?}");
        Ok(())
    };
    let file = File::open(path).unwrap();
    let viewer = Viewer::operator();
    let report = register.load(&viewer, &request, file, &mut tell).await;
    let report = report.unwrap();
    assert_eq!(report.rejected, 0, "{said}");
}

async fn basis(register: &Register) -> Basis {
    let mut unit = register.store.read().await.unwrap();
    let filter = accepted();
    register.basis(&mut unit, &filter, None).await.unwrap()
}

fn accepted() -> Filter {
    let mut filter = Filter::of(&Viewer::operator());
    filter.state = State::Accepted;
    filter
}

/// Every device with what is said of it, by body and code.
async fn judged(register: &Register) -> BTreeMap<String, (Record, Verdict)> {
    let mut unit = register.store.read().await.unwrap();
    let filter = accepted();
    let basis = register.basis(&mut unit, &filter, None).await.unwrap();
    let mut found = BTreeMap::new();
    let take = |_, _, record: &Record, verdict: &Verdict| {
        let key = format!(
            "{}/{}",
            record.text(Field::Ente),
            record.text(Field::Codice)
        );
        found.insert(key, (record.clone(), verdict.clone()));
    };
    let all = register.each_verdict(&mut unit, &filter, &basis, Field::ALL, take);
    all.await.unwrap();
    found
}

const fn letter(answer: Answer) -> &'static str {
    match answer {
        Answer::Met => "S",
        Answer::Unmet => "N",
        Answer::Unknown => "?",
        Answer::Beside => "-",
    }
}

fn table(judged: &BTreeMap<String, (Record, Verdict)>) -> String {
    let mut text = format!("{:<18}", "");
    for number in 1..=24 {
        let _ = write!(text, " {number:02}");
    }
    text.push('\n');
    for (key, (_, verdict)) in judged {
        let _ = write!(text, "{key:<18}");
        for answer in &verdict.answers {
            let _ = write!(text, "  {}", letter(*answer));
        }
        let _ = writeln!(text, "  {}", verdict.outcome.name());
    }
    text
}

#[test]
fn the_census_of_verdicts_is_judged_as_it_always_was() {
    both(async |store| {
        let judged = judged(&census(store).await).await;
        let table = table(&judged);
        let path = data("verdicts.txt");
        if std::env::var("VARCO_REGENERATE").is_ok() {
            std::fs::write(&path, &table).unwrap();
        }
        assert_eq!(table, std::fs::read_to_string(&path).unwrap());
        for (place, number) in (1..=24).enumerate() {
            for answer in Answer::ALL {
                let met = judged.values().any(|(_, one)| one.answers[place] == answer);
                assert!(met, "SC-{number:02} is never {}\n{table}", answer.name());
            }
        }
    });
}

/// The numbers of the criteria whose answers differ.
fn changed(before: &Verdict, after: &Verdict) -> Vec<usize> {
    let answers = before.answers.iter().zip(&after.answers);
    let changed = answers.enumerate().filter(|(_, (old, new))| old != new);
    changed.map(|(place, _)| place + 1).collect()
}

#[test]
fn changing_one_attribute_changes_exactly_the_answers_that_ask_for_it() {
    both(async |store| {
        let register = census(store).await;
        let basis = basis(&register).await;
        let judged = judged(&register).await;
        let (all, verdict) = &judged[&format!("{GOOD}/TUTTO")];
        assert!(verdict.answers.iter().all(|answer| *answer == Answer::Met));
        let readers: Vec<usize> = (1..=16).chain([19]).collect();
        let cases: &[(Field, &str, &[usize])] = &[
            (Field::Funzione, "osservazione", &readers),
            (Field::Ocr, "nessuna", &[1]),
            (Field::Ocr, "su_server", &[]),
            (Field::Ocr, "", &[1]),
            (Field::Sito, "P1", &[2]),
            (Field::Sito, "", &[2]),
            (Field::Direzione, "", &[2]),
            (Field::Corsie, "", &[2]),
            (Field::TransitoDati, "targa,data_ora,varco,direzione", &[6]),
            (Field::TransitoDati, "targa,nazionalita", &[3]),
            (Field::TransitoDati, "", &[3, 6]),
            (Field::TransitoImmagini, "targa", &[5]),
            (Field::TransitoImmagini, "nessuna", &[4, 5]),
            (Field::IlluminatoreIr, "no", &[7]),
            (Field::Modello, "Bocciato", &[8]),
            (Field::Marca, "Altra", &[8]),
            (Field::Software, "Programma dichiarato", &[10]),
            (Field::Software, "Programma senza", &[10]),
            (Field::Software, "Un nome mai sentito", &[9, 10]),
            (Field::Software, "", &[9, 10]),
            (Field::SoftwareVersione, "", &[9]),
            (Field::Protocolli, "ftp,rtsp", &[11]),
            (Field::Protocolli, "rtsp,soap", &[]),
            (Field::ListeNazionali, "no", &[12]),
            (Field::Connettivita, "rete_mobile", &[14]),
            (Field::Connettivita, "mpls", &[]),
            (Field::Vpn, "si", &[]),
            (Field::Sincronizzazione, "nessuna", &[15]),
            (Field::Cifratura, "no", &[16]),
            (Field::DataAttivazione, "2021-02-28", &[20]),
            (Field::DataAttivazione, "", &[20]),
            (Field::Informativa, "no", &[21]),
            (Field::ConservazioneGiorni, "8", &[22]),
            (Field::ConservazioneGiorni, "1", &[]),
            (Field::MetodoPosizione, "indirizzo", &[23]),
            (Field::Installazione, "mobile", &[23]),
            (Field::Installazione, "ricollocabile", &[]),
            (Field::Stato, "guasto", &[24]),
            (Field::Stato, "progettato", &[18, 20, 21, 22, 24]),
            (Field::Stato, "in_installazione", &[20, 21, 22, 24]),
            (Field::ManutenzioneScadenza, "2026-03-01", &[24]),
            (Field::ManutenzioneScadenza, "2026-03-02", &[]),
            (Field::StatoScntt, "collegato", &[]),
        ];
        for (field, value, expected) in cases {
            let mut record = all.clone();
            record.set(*field, typed(*field, value));
            let found = changed(verdict, &basis.judge(&record));
            assert_eq!(found, *expected, "{} = «{value}»", field.name());
        }
        let asked = basis.fields();
        for field in Field::ALL.iter().filter(|field| !asked.contains(field)) {
            for value in ["", "7"] {
                let mut record = all.clone();
                record.set(*field, typed(*field, value));
                let found = basis.judge(&record);
                assert_eq!((&found, field), (verdict, field), "{}", field.name());
            }
        }
        let tried: Vec<Field> = cases.iter().map(|(field, _, _)| *field).collect();
        let missing = asked.iter().filter(|field| !tried.contains(field));
        assert_eq!(missing.collect::<Vec<_>>(), [&Field::Ente]);
    });
}

fn typed(field: Field, value: &str) -> Option<Value> {
    if value.is_empty() {
        return None;
    }
    Some(match field.attribute().kind {
        Kind::Integer(..) | Kind::Year(_) => Value::Integer(value.parse().unwrap_or(7)),
        Kind::Decimal(..) | Kind::Latitude | Kind::Longitude => {
            Value::Decimal(value.parse().unwrap_or(7.0))
        }
        _ => Value::Text(value.to_owned()),
    })
}

#[test]
fn changing_one_act_of_a_body_changes_exactly_the_answers_that_ask_for_it() {
    both(async |store| {
        let register = census(store).await;
        let key = format!("{GOOD}/TUTTO");
        for (kind, state, expected) in [
            (ActKind::Pact, "no", &[17][..]),
            (ActKind::Approval, "no", &[18]),
            (ActKind::Protocol, "sottoscritto", &[19]),
            (ActKind::Assessment, "non_noto", &[20]),
            (ActKind::Regulation, "no", &[]),
            (ActKind::Server, "no", &[13]),
        ] {
            let before = judged(&register).await.remove(&key).unwrap().1;
            act(&register, GOOD, kind, state).await;
            let after = judged(&register).await.remove(&key).unwrap().1;
            assert_eq!(changed(&before, &after), expected, "{kind:?} {state}");
            act(&register, GOOD, kind, good(kind)).await;
        }
    });
}

/// Devices like those that Torino's ARGO counts: 150 multi-sensor cameras with 600 views on 123
/// sites, 107 of them in service, in lots 3 and 3 bis, four of five fixed and the others relocatable.
fn argo() -> String {
    let mut text =
        "codice;ente;comune;denominazione;sito;indirizzo;lat;lon;metodo_posizione;funzione;\
                    forma;punti_ripresa;installazione;stato;marca;modello;software;connettivita;\
                    stato_scntt;lotto\n"
            .to_owned();
    for number in 0..150 {
        let site = number % 123;
        let installation = if number % 5 == 4 {
            "ricollocabile"
        } else {
            "fissa"
        };
        let state = if number < 107 {
            "in_esercizio"
        } else {
            "progettato"
        };
        let lot = if number < 90 { "3" } else { "3 bis" };
        let lat = 45.42 + f64::from(site) / 2_000.0;
        let lon = 9.13 + f64::from(number % 11) / 300.0;
        let _ = writeln!(
            text,
            "ARGO-{number:03};{MILANO};;Telecamera {number};S-{site:03};via Verdi {number};{lat:.6};\
             {lon:.6};gnss;osservazione;multiottica;4;{installation};{state};Marca;Modello;Prodotto;\
             fibra_metropolitana;non_applicabile;{lot}"
        );
    }
    text
}

/// The report of a snapshot of ARGO's census.
async fn argo_in(store: &Store) -> (Register, Asked) {
    let register = register(store.clone()).await;
    seed::seed(store, &register.clock).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("argo.csv");
    std::fs::write(&path, argo()).unwrap();
    load(&register, &path).await;
    let operator = Viewer::operator();
    let mut unit = store.write().await.unwrap();
    assert_eq!(accept(&mut unit, &Filter::working(&operator)).await, 150);
    unit.commit().await.unwrap();
    let taken = register.take_snapshot(&operator, "ARGO").await.unwrap();
    let asked = Asked {
        snapshot: Some(taken.id),
        ..Asked::default()
    };
    (register, asked)
}

#[test]
fn the_report_of_a_snapshot_stays_when_the_territory_becomes_another() {
    both(async |store| {
        let (register, asked) = argo_in(&store).await;
        let operator = Viewer::operator();
        let before = register.report(&operator, &asked).await.unwrap();
        let (_folder, elsewhere) = elsewhere();
        territory::import(&store, &register.clock, &elsewhere, None)
            .await
            .unwrap();
        let register = Register::open(store.clone(), register.clock).await.unwrap();
        assert_eq!(register.territory.municipalities().len(), 1);
        let after = register.report(&operator, &asked).await.unwrap();
        assert!(before == after, "Comuni or boundaries are those of today");
    });
}

#[test]
fn the_figures_of_argo_go_in_and_come_back_out() {
    both(async |store| {
        let (register, asked) = argo_in(&store).await;
        let operator = Viewer::operator();
        let report = register.report(&operator, &asked).await.unwrap();
        let table = |key: &str| report.tables().find(|table| table.key == key).unwrap();
        let lots = table("consistenza-lotti");
        let numbers = |row: &[Cell]| -> Vec<i64> {
            let numbers = row.iter().filter_map(|cell| match cell {
                Cell::Integer(number) => Some(*number),
                _ => None,
            });
            numbers.collect()
        };
        let names: Vec<_> = lots.rows.iter().map(|row| row[0].clone()).collect();
        assert_eq!(names, [Cell::from("3"), Cell::from("3 bis")]);
        let total = lots.total.as_ref().unwrap();
        // Sites, devices, views, readers, in service, fixed, relocatable.
        assert_eq!(numbers(total), [123, 150, 600, 0, 107, 120, 30]);
        assert_eq!(numbers(&lots.rows[0])[1..3], [90, 360]);
        assert_eq!(numbers(&lots.rows[1])[1..3], [60, 240]);
        let shares = &table("installazione").rows;
        assert_eq!(shares[0][1..], [Cell::Integer(120), Cell::Decimal(0.8)]);
        assert_eq!(shares[1][1..], [Cell::Integer(30), Cell::Decimal(0.2)]);
        let again = register.report(&operator, &asked).await.unwrap();
        assert_eq!(report, again);
    });
}
