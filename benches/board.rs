//! How fast the board of the campaign answers with 200,000 devices of 133 bodies, on both engines; as a
//! Markdown table. The figures are in `docs/performance.md`. Run alone on the machine:
//! `tools/with-postgres cargo bench --bench board -- [DEVICES]`. What is measured is what the page asks
//! of the register, and the whole answer of the router.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark may stop at what it did not expect"
)]

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tower::ServiceExt;
use varco::census::filter::Moment;
use varco::census::journal::Seal;
use varco::census::person::{Grant, Role, Viewer};
use varco::census::record::{Record, Value};
use varco::census::review::{Kind, Review, Stage};
use varco::census::revision::{Provenance, Revision, Source};
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::{Register, seed};
use varco::settings::Settings;
use varco::storage::Store;
use varco::storage::device::Device;
use varco::web::{App, guard, routes};

/// How many devices are written together.
const CHUNK: usize = 4_000;

/// How often each question is asked.
const TIMES: usize = 20;

const PASSWORD: &str = "cinque lanterne sul ponte";

fn main() {
    let numbers = std::env::args().skip(1);
    let devices: Vec<usize> = numbers.filter_map(|text| text.parse().ok()).collect();
    let devices = devices.first().copied().unwrap_or(200_000);
    println!("| devices | engine | question | median | slowest of {TIMES} |");
    println!("|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("varco.db").display());
    runtime.block_on(measure("SQLite", &url, devices, || {}));
    if let Ok(server) = std::env::var("VARCO_TEST_POSTGRES") {
        let name = format!("varco_board_{}", std::process::id());
        order(&server, &format!("CREATE DATABASE {name}"));
        let start = server.rsplit_once('/').expect("an address").0;
        let url = format!("{start}/{name}");
        // What autovacuum does by itself a minute after a large import.
        let settle = || order(&url, "VACUUM ANALYZE");
        runtime.block_on(measure("PostgreSQL", &url, devices, settle));
        order(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

fn order(address: &str, text: &str) {
    let psql = Command::new("psql")
        .args(["-q", "-c", text, address])
        .status();
    assert!(psql.is_ok_and(|status| status.success()), "{text}");
}

async fn measure(engine: &str, url: &str, devices: usize, settle: impl Fn()) {
    let store = Store::open(url).await.expect("a store");
    store.migrate().await.expect("a schema");
    seed::seed(&store, &varco::clock::Clock::System)
        .await
        .expect("a territory");
    let register = Register::open(store.clone(), Clock::System)
        .await
        .expect("a register");
    fill(&register, devices).await;
    settle();
    let reviewer = reviewer(&register).await;
    let print = |question: &str, mut took: Vec<Duration>| {
        took.sort_unstable();
        let middle = took.get(took.len() / 2).expect("a time").as_secs_f64() * 1_000.0;
        let worst = took.last().expect("a time").as_secs_f64() * 1_000.0;
        println!("| {devices} | {engine} | {question} | {middle:.0} ms | {worst:.0} ms |");
    };
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let rows = register.board(&reviewer, Moment::Now).await;
        took.push(start.elapsed());
        assert!(rows.expect("a board").len() >= 133);
    }
    print("the board, asked of the register", took);
    let (app, cookie) = signed_in(&register).await;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let request = Request::get("/campagna").header(header::COOKIE, &cookie);
        let request = request.body(Body::empty()).expect("a request");
        let start = Instant::now();
        let answer = app.clone().oneshot(request).await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let page = answer.into_body().collect().await.expect("a page");
        took.push(start.elapsed());
        assert!(page.to_bytes().len() > 10_000);
    }
    print("`GET /campagna`, to the last byte", took);
    let mut took = Vec::new();
    let past = Moment::At(Clock::System.now());
    for _ in 0..3 {
        let start = Instant::now();
        register.board(&reviewer, past).await.expect("a board");
        took.push(start.elapsed());
    }
    print("the board at a past instant", took);
    store.close().await;
}

async fn reviewer(register: &Register) -> Viewer {
    let grants = vec![Grant {
        role: Role::Validatore,
        body: "cmm".to_owned(),
    }];
    let id = register
        .add_person(
            &Viewer::operator(),
            "revisore",
            "Revisore",
            PASSWORD,
            &grants,
        )
        .await
        .expect("a person");
    Viewer::person(id, "revisore".to_owned(), "Revisore".to_owned(), grants)
}

async fn signed_in(register: &Register) -> (axum::Router, String) {
    let begun = register.sign_in("revisore", PASSWORD).await;
    let token = begun.expect("an answer").expect("a session").token;
    let app = App::new(register.clone(), Settings::default());
    (routes::router(app), format!("{}={token}", guard::COOKIE))
}

/// Writes devices of every state there is, body after body.
async fn fill(register: &Register, devices: usize) {
    let mut unit = register.store.read().await.expect("a unit");
    let bodies: Vec<String> = unit
        .bodies()
        .await
        .expect("bodies")
        .into_iter()
        .filter(|body| body.kind == "comune")
        .map(|body| body.code)
        .collect();
    drop(unit);
    let clock = register.clock.clone();
    let mut next = 0;
    while next < devices {
        let mut unit = register.store.write().await.expect("a unit");
        let mut seal = Seal::new(clock.new_id());
        let (mut added, mut first, mut later, mut reviews) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for number in next..(next + CHUNK).min(devices) {
            let body = bodies.get(number * bodies.len() / devices).expect("a body");
            let one = revision(&clock, body, number);
            added.push(Device {
                id: one.device,
                body: body.clone(),
                code: format!("T{number:06}"),
                number: 1,
            });
            if one.stage == Stage::SentBack {
                reviews.push(sent_back(&clock, &one));
            }
            if one.accepted && number % 100 >= 50 {
                let now = clock.now();
                let mut edit = one.clone().next(clock.new_id(), now, "comandante");
                edit.withdrawn = number % 100 == 99;
                later.push(edit);
            }
            first.push(one);
        }
        unit.add_devices(&added, clock.now())
            .await
            .expect("devices");
        unit.add_revisions(first, &mut seal)
            .await
            .expect("revisions");
        unit.add_revisions(later, &mut seal)
            .await
            .expect("revisions");
        unit.add_reviews(&reviews, &mut seal)
            .await
            .expect("reviews");
        unit.commit().await.expect("room");
        next += CHUNK;
    }
}

/// The first state of a device: of a hundred, 50 are accepted, 10 accepted and edited since, 20 wait,
/// 2 were sent back, 17 are not sent, and one was accepted and taken out.
fn revision(clock: &Clock, body: &str, number: usize) -> Revision {
    let (stage, accepted) = match number % 100 {
        0..60 | 99 => (Stage::Accepted, true),
        60..80 => (Stage::Submitted, false),
        80..82 => (Stage::SentBack, false),
        _ => (Stage::Draft, false),
    };
    let mut record = Record::default();
    let mut set = |field: Field, text: &str| record.set(field, Some(Value::Text(text.to_owned())));
    set(Field::Codice, &format!("T{number:06}"));
    set(Field::Ente, body);
    set(Field::Comune, body);
    set(Field::Denominazione, "Rotonda via Roma, direzione centro");
    set(Field::Indirizzo, "via Giuseppe Verdi 12");
    set(Field::Funzione, "lettura_targhe");
    set(Field::Installazione, "fissa");
    set(Field::Stato, "in_esercizio");
    set(Field::Marca, "Marca");
    set(Field::Modello, "M-12");
    set(Field::Ocr, "a_bordo");
    set(Field::Software, "Programma");
    set(Field::Visibilita, "riservato");
    if !number.is_multiple_of(3) {
        set(Field::MetodoPosizione, "gnss");
        set(Field::Connettivita, "fibra");
        set(Field::StatoScntt, "non_collegato");
    }
    let fraction = f64::from(u32::try_from(number % 10_000).expect("small")) / 100_000.0;
    record.set(Field::Lat, Some(Value::Decimal(45.4 + fraction)));
    record.set(Field::Lon, Some(Value::Decimal(9.1 + fraction)));
    let now = clock.now();
    Revision {
        id: clock.new_id(),
        device: clock.new_id(),
        number: 1,
        written_at: now,
        author: "comandante".to_owned(),
        source: Source::File,
        withdrawn: false,
        accepted,
        accepted_from: accepted.then_some(now),
        stage,
        submitted_at: (stage != Stage::Draft).then_some(now),
        record,
        provenance: Provenance::default(),
        confirmed: Vec::new(),
        warnings: i64::from(number.is_multiple_of(7)),
        batch: None,
    }
}

fn sent_back(clock: &Clock, revision: &Revision) -> Review {
    Review {
        id: clock.new_id(),
        body: revision.record.text(Field::Ente).to_owned(),
        device: Some(revision.device),
        revision: Some(revision.id),
        kind: Kind::SentBack,
        at: clock.now(),
        author: "revisore".to_owned(),
        text: "Manca il modello".to_owned(),
        remarks: Vec::new(),
    }
}
