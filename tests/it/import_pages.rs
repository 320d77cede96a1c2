//! Bringing in a file through the pages: sending, looking, mending, confirming, undoing.

use crate::support::*;
use axum::http::StatusCode;
use std::io::Write as _;
use varco::census::filter::Filter;
use varco::census::person::Viewer;
use varco::census::revision::Revision;
use varco::census::vocabulary::Field;
use varco::exchange::columns;
use varco::register::Register;
use varco::register::staged::Orders;
use varco::settings::Settings;
use varco::web::App;

/// The gates of Milano's congestion charge, as the city publishes them.
const GATES: &[u8] = include_bytes!("../data/import/milano_areac_varchi.csv");

/// Bytes that are no text.
const NOISE: &[u8] = include_bytes!("../data/import/binary_bytes.csv");

const ONE_BAD: &str = "codice;lat;lon;funzione;stato\n\
                       A1;45.4642;9.19;contesto;attivo\n\
                       A2;45.4674;9.1895;contesto;boh\n";

async fn count(register: &Register) -> i64 {
    register
        .count(&Filter::working(&Viewer::operator()))
        .await
        .unwrap()
}

/// The working state of a device of Milano.
async fn state(register: &Register, code: &str) -> Revision {
    let mut unit = register.store.read().await.unwrap();
    let device = unit.device_with_code(MILANO, code).await.unwrap().unwrap();
    unit.working(&[device.id]).await.unwrap().pop().unwrap()
}

/// Signs in as this person before an application that takes files up to a megabyte.
async fn browser(register: &Register, viewer: &Viewer) -> Browser {
    let settings = Settings {
        upload_bytes: 1_048_576,
        ..Settings::default()
    };
    Browser::of(&App::new(register.clone(), settings), viewer).await
}

/// Sends a file through the page and gives back the address of its batch.
async fn send(browser: &mut Browser, name: &str, bytes: &[u8]) -> String {
    let token = browser.csrf.clone().unwrap();
    let fields = [("_csrf", token.as_str()), ("ente", MILANO)];
    let answer = browser
        .upload("/importa", &fields, ("file", name, bytes))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.location().to_owned()
}

/// Sends a form and gives back the page that it leads to.
async fn follow(browser: &mut Browser, address: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(address, fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let place = answer.location().split('#').next().unwrap().to_owned();
    let page = browser.get(&place).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    page.text()
}

#[test]
fn the_page_shows_a_file_brings_it_in_and_takes_it_back() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let mut browser = browser(&register, &officer).await;
        let page = browser.get("/importa").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let place = send(&mut browser, "milano_areac_varchi.csv", GATES).await;
        let page = browser.get(&place).await.text();
        assert!(page.contains("Conferma: 42 nuove"), "{page}");
        assert!(page.contains("Location"));
        assert_eq!(count(&register).await, 0);
        let points = browser.get(&format!("{place}/punti")).await;
        let points: serde_json::Value = serde_json::from_slice(&points.body).unwrap();
        assert_eq!(points["features"].as_array().unwrap().len(), 42);

        let page = follow(&mut browser, &format!("{place}/conferma"), &[]).await;
        assert!(page.contains("Il file è nel censimento"), "{page}");
        assert!(page.contains("42 dispositivi nuovi"), "{page}");
        assert_eq!(count(&register).await, 42);
        assert!(browser.get("/importa").await.text().contains("42 nuove"));

        let undo = format!("{place}/annulla");
        assert!(browser.get(&undo).await.text().contains("42 dispositivi"));
        let page = follow(&mut browser, &undo, &[]).await;
        assert!(page.contains("Importazione annullata"), "{page}");
        assert_eq!(count(&register).await, 0);

        let model = browser.get("/importa/modello.csv").await;
        let header: Vec<&str> = columns::ours().collect();
        assert_eq!(
            model.text().trim_start_matches('\u{feff}').trim_end(),
            header.join(";")
        );
    });
}

const TO_MEND: &str = "codice;denominazione;lat;lon;funzione;stato;Uso\n\
                       A1;=Uno;45.4642;9.19;contesto;attivo;\n\
                       A2;Due;9.1895;45.4674;contesto;attivo;\n\
                       A3;Tre;45.4653;9.1862;contesto;boh;Via Tre\n";

#[test]
fn a_row_is_mended_where_it_stands() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let mut browser = browser(&register, &officer).await;
        let place = send(&mut browser, "x.csv", TO_MEND.as_bytes()).await;
        let page = browser.get(&place).await.text();
        assert!(page.contains("2 righe non si possono importare"), "{page}");
        assert!(page.contains("Importa solo la riga buona"));
        let refused = browser.post(&format!("{place}/conferma"), &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("2 righe non si possono importare"));

        let table = browser.get(&format!("{place}/scarti")).await.text();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert!(lines[0].ends_with("Uso;esito;errore;proposta"), "{table}");
        assert!(lines[1].starts_with("A2;Due;9.1895;45.4674;"), "{table}");

        let code = [("codice", "position.swapped")];
        let page = follow(&mut browser, &format!("{place}/accetta"), &code).await;
        assert!(page.contains("1 riga non si può importare"), "{page}");

        let row = format!("{place}/righe/3");
        let edit = [("stato", "guasto"), ("ritorno", "esito=nuova")];
        let page = follow(&mut browser, &row, &edit).await;
        assert!(page.contains("Conferma: 3 nuove"), "{page}");
        let page = browser.get(&row).await.text();
        assert!(page.contains("Nel file: «boh»"), "{page}");
        let page = follow(&mut browser, &row, &[("azione", "escludi")]).await;
        assert!(page.contains("Rimetti questa riga"), "{page}");
        let page = follow(&mut browser, &row, &[("azione", "rimetti")]).await;
        assert!(page.contains("Escludi questa riga"), "{page}");

        follow(&mut browser, &format!("{place}/conferma"), &[]).await;
        let moved = state(&register, "A2").await;
        assert_eq!(moved.provenance.text, "9.1895 45.4674");
        let edited = state(&register, "A3").await;
        assert_eq!(edited.record.text(Field::Stato), "guasto");
    });
}

#[test]
fn columns_values_and_constants_are_said_once_for_all_rows() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let mut browser = browser(&register, &officer).await;
        let text = "codice;lat;lon;stato;Uso\nA1;45.4642;9.19;boh;Via Uno\n";
        let place = send(&mut browser, "x.csv", text.as_bytes()).await;
        let page = browser.get(&place).await.text();
        assert!(page.contains("«boh»"), "{page}");
        let values = [("campo", "stato"), ("da", "boh"), ("a", "guasto")];
        let page = follow(&mut browser, &format!("{place}/valori"), &values).await;
        assert!(page.contains("Conferma: 1 nuova"), "{page}");
        let columns = [
            ("colonna", "Uso"),
            ("attributo", "indirizzo"),
            ("fisso", "funzione"),
            ("valore", "ztl"),
        ];
        let address = format!("{place}/colonne");
        follow(&mut browser, &address, &columns).await;
        let twice = [
            ("colonna", "Uso"),
            ("attributo", "stato"),
            ("colonna", "stato"),
            ("attributo", "stato"),
        ];
        let refused = browser.post(&address, &twice).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("è scelto due volte"));
        let wrong = browser
            .post(&address, &[("fisso", "stato"), ("valore", "mah")])
            .await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text().contains("«mah»"), "{}", wrong.text());
        follow(&mut browser, &format!("{place}/conferma"), &[]).await;
        let stored = state(&register, "A1").await.record;
        assert_eq!(stored.text(Field::Stato), "guasto");
        assert_eq!(stored.text(Field::Funzione), "ztl");
        assert_eq!(stored.text(Field::Indirizzo), "Via Uno");
    });
}

#[test]
fn a_file_that_is_not_ours_to_take_is_refused_before_it_is_read() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let observer = observer(&register).await;
        let file = ("file", "x.csv", ONE_BAD.as_bytes());
        let mut stranger = Browser::new(&app(&register));
        let answer = stranger.upload("/importa", &[], file).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let mut own = browser(&register, &officer).await;
        let token = own.csrf.clone().unwrap();
        let foreign = browser(&register, &officer).await.csrf.unwrap();
        for fields in [
            &[][..],
            &[("_csrf", "")],
            &[("_csrf", foreign.as_str())],
            &[("ente", MILANO), ("_csrf", token.as_str())],
        ] {
            let answer = own.upload("/importa", fields, file).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{fields:?}");
        }
        let mut reader = browser(&register, &observer).await;
        let token = reader.csrf.clone().unwrap();
        let answer = reader.upload("/importa", &[("_csrf", &token)], file).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(reader.get("/importa").await.status, StatusCode::FORBIDDEN);
        assert_eq!(count(&register).await, 0);
    });
}

#[test]
fn a_file_beyond_the_limit_gets_an_answer_that_says_what_to_do() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let mut browser = browser(&register, &officer).await;
        let token = browser.csrf.clone().unwrap();
        let fields = [("_csrf", token.as_str())];
        let bytes = "codice;lat;lon\n".repeat(200_000);
        let answer = browser
            .upload("/importa", &fields, ("file", "x.csv", bytes.as_bytes()))
            .await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.text().contains("più grande di 1 MB"));
        assert!(answer.text().contains("varco import"));
        let place = send(&mut browser, "x.csv", NOISE).await;
        let page = browser.get(&place).await.text();
        assert!(page.contains("Non riuscita"), "{page}");
        assert!(page.contains("Il file non è un CSV"), "{page}");
        let answer = browser.upload("/importa", &fields, ("file", "", b"")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("Scegliete il file"));
    });
}

#[test]
fn how_far_the_work_is_can_be_asked_and_when_it_is_over() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let mut browser = browser(&register, &officer).await;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(ONE_BAD.as_bytes()).unwrap();
        let orders = Orders::default();
        let staged = register.stage(&officer, "x.csv", &orders, file).await;
        let address = format!("/importa/{}/avanzamento", staged.unwrap());
        let waiting = browser.get(&address).await.text();
        assert!(waiting.contains("È in coda"), "{waiting}");
        assert!(!waiting.contains("data-over"));
        register.work().await.unwrap();
        assert!(browser.get(&address).await.text().contains("data-over"));
    });
}

#[test]
fn what_was_changed_since_is_shown_beside_the_file_and_the_file_may_win() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        device(&register, &officer, MILANO, "A1", &[(Field::Note, "una")]).await;
        let mut browser = browser(&register, &officer).await;
        let text = "codice;note;revisione\nA1;dal file;1\n";
        let place = send(&mut browser, "x.csv", text.as_bytes()).await;
        let page = browser.get(&place).await.text();
        assert!(page.contains("Conferma: 1 modificata"), "{page}");
        let newer = "codice;note\nA1;dopo\n";
        let other = send(&mut browser, "y.csv", newer.as_bytes()).await;
        browser.get(&other).await;
        follow(&mut browser, &format!("{other}/conferma"), &[]).await;

        let page = follow(&mut browser, &format!("{place}/conferma"), &[]).await;
        assert!(
            page.contains("Nel frattempo il censimento è cambiato"),
            "{page}"
        );
        let row = format!("{place}/righe/1");
        let page = browser.get(&row).await.text();
        assert!(page.contains("dopo") && page.contains("dal file"), "{page}");
        let page = follow(&mut browser, &row, &[("azione", "vale_il_file")]).await;
        assert!(page.contains("Modificata"), "{page}");
        follow(&mut browser, &format!("{place}/conferma"), &[]).await;
        let stored = state(&register, "A1").await.record;
        assert_eq!(stored.text(Field::Note), "dal file");
    });
}
