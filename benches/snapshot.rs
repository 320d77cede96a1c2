//! How long it takes to freeze the census, to verify it and to compare it with today, on both
//! engines; as a Markdown table. The figures are in `docs/performance.md`. Run alone on the machine:
//! `tools/with-postgres cargo bench --bench snapshot -- [DEVICES]...`; without numbers 20,000.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark may stop at what it did not expect"
)]

use std::process::Command;
use std::time::{Duration, Instant};
use uuid::Uuid;
use varco::census::journal::Seal;
use varco::census::person::Viewer;
use varco::census::record::{Record, Value};
use varco::census::review::Stage;
use varco::census::revision::{Provenance, Revision, Source};
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::Register;
use varco::register::snapshot::Asked;
use varco::storage::Store;
use varco::storage::body::Body;
use varco::storage::device::Device;
use varco::storage::review::Entry;
use varco::storage::snapshot::Slice;

/// How many revisions are written at a time.
const CHUNK: usize = 2_000;

/// Whose the devices are.
const BODY: &str = "ente";

fn main() {
    let numbers = std::env::args().skip(1);
    let mut sizes: Vec<usize> = numbers.filter_map(|text| text.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![20_000];
    }
    println!("| devices | engine | taking | verifying | comparing, a tenth changed |");
    println!("|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for devices in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/varco.db", folder.path().display());
        runtime.block_on(measure("SQLite", &url, devices));
        if let Ok(server) = std::env::var("VARCO_TEST_POSTGRES") {
            let name = format!("varco_bench_{}_{devices}", std::process::id());
            order(&server, &format!("CREATE DATABASE {name}"));
            let (base, _) = server.rsplit_once('/').expect("an address");
            runtime.block_on(measure("PostgreSQL", &format!("{base}/{name}"), devices));
            order(&server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// Has a server do something.
fn order(server: &str, text: &str) {
    let arguments = ["-q", "-c", text, server];
    let status = Command::new("psql").args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{text}");
}

/// Fills an empty database and measures.
async fn measure(engine: &str, url: &str, devices: usize) {
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("a schema");
    let register = Register::open(store, Clock::System)
        .await
        .expect("a register");
    let operator = Viewer::operator();
    let first = fill(&register, devices).await;

    let start = Instant::now();
    let taken = register.take_snapshot(&operator, "Misura").await;
    let taking = start.elapsed();
    let taken = taken.expect("a snapshot");

    let start = Instant::now();
    let verified = register.verify_snapshots(&operator, Some(taken.id)).await;
    let verifying = start.elapsed();
    let whole = verified.expect("a verification");
    assert!(whole.iter().all(|one| one.troubles.is_empty()), "{whole:?}");

    let later = first
        .into_iter()
        .step_by(10)
        .map(|one| change(&register, one));
    write(&register, later.collect(), false).await;
    let asked = Asked {
        before: taken.id,
        after: None,
        body: String::new(),
    };
    let slice = Slice {
        size: Some(50),
        ..Slice::default()
    };
    let start = Instant::now();
    let compared = register.compare(&operator, &asked, &slice).await;
    let comparing = start.elapsed();
    let changed = compared.expect("a comparison").total.tally.changed;
    assert_eq!(usize::try_from(changed).ok(), Some(devices.div_ceil(10)));
    println!(
        "| {} | {engine} | {} | {} | {} |",
        taken.devices,
        seconds(taking),
        seconds(verifying),
        seconds(comparing)
    );
    register.store.close().await;
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// A body with accepted devices.
async fn fill(register: &Register, devices: usize) -> Vec<Revision> {
    let mut unit = register.store.write().await.expect("a unit");
    let owner = Body {
        code: BODY.to_owned(),
        name: "Ente".to_owned(),
        kind: "altro".to_owned(),
    };
    unit.put_body(&owner).await.expect("a body");
    unit.commit().await.expect("room");
    let all: Vec<Revision> = (0..devices).map(|number| first(register, number)).collect();
    write(register, all.clone(), true).await;
    all
}

/// Writes states and accepts them.
async fn write(register: &Register, states: Vec<Revision>, new: bool) {
    let mut unit = register.store.write().await.expect("a unit");
    let now = register.clock.now();
    for chunk in states.chunks(CHUNK) {
        if new {
            let devices = chunk.iter().map(|one| Device {
                id: one.device,
                body: one.record.text(Field::Ente).to_owned(),
                code: one.record.text(Field::Codice).to_owned(),
                number: one.number,
            });
            let devices: Vec<Device> = devices.collect();
            unit.add_devices(&devices, now).await.expect("devices");
        }
        let mut seal = Seal::new(Uuid::nil());
        unit.add_revisions(chunk.to_vec(), &mut seal)
            .await
            .expect("revisions");
        let entries = chunk.iter().map(|one| Entry {
            revision: one.id,
            device: one.device,
            code: String::new(),
            submitted_at: None,
        });
        let entries: Vec<Entry> = entries.collect();
        unit.mark_submitted(&entries, now).await.expect("marks");
        unit.mark_accepted(&entries, now).await.expect("marks");
    }
    unit.commit().await.expect("room");
}

fn first(register: &Register, number: usize) -> Revision {
    let mut record = Record::default();
    let code = format!("TVCC-{number:07}");
    for (field, text) in [
        (Field::Codice, code.as_str()),
        (Field::Ente, BODY),
        (Field::Comune, "015146"),
        (Field::Denominazione, "Rotonda via Roma, direzione centro"),
        (Field::Indirizzo, "via Giuseppe Verdi 12"),
        (Field::MetodoPosizione, "gnss"),
        (Field::Funzione, "lettura_targhe"),
        (Field::Installazione, "fissa"),
        (Field::Stato, "in_esercizio"),
        (Field::Marca, "Marca"),
        (Field::Modello, "Modello"),
        (Field::Ocr, "a_bordo"),
        (Field::Software, "Programma"),
        (Field::Connettivita, "fibra"),
        (Field::StatoScntt, "non_collegato"),
        (Field::Visibilita, "riservato"),
    ] {
        record.set(field, Some(Value::Text(text.to_owned())));
    }
    record.set(Field::Lat, Some(Value::Decimal(45.464_161)));
    record.set(Field::Lon, Some(Value::Decimal(9.191_903)));
    Revision {
        id: register.clock.new_id(),
        device: register.clock.new_id(),
        number: 1,
        written_at: register.clock.now(),
        author: "misura".to_owned(),
        source: Source::Command,
        withdrawn: false,
        accepted: false,
        accepted_from: None,
        stage: Stage::Draft,
        submitted_at: None,
        record,
        provenance: Provenance::default(),
        confirmed: Vec::new(),
        warnings: 0,
        batch: None,
    }
}

fn change(register: &Register, state: Revision) -> Revision {
    let mut next = state.next(register.clock.new_id(), register.clock.now(), "misura");
    let text = Value::Text("Modello nuovo".to_owned());
    next.record.set(Field::Modello, Some(text));
    next
}
