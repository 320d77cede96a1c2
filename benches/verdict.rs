//! How long it takes to judge a whole census anew, on both engines; as a Markdown table. The figures
//! are in `docs/performance.md`. Run alone on the machine:
//! `tools/with-postgres cargo bench --bench verdict -- [DEVICES]`; without a number 200,000.
//!
//! Every device is a plate reader with all the attributes that the criteria ask, so nothing is
//! settled early. What is measured is the pure function over records in memory, and the road that
//! pages and report take: everything that verdicts rest on, and every device, read from the database.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark may stop at what it did not expect"
)]

use std::process::Command;
use std::time::{Duration, Instant};
use varco::census::filter::{Filter, State};
use varco::census::journal::Seal;
use varco::census::person::Viewer;
use varco::census::record::{Record, Value};
use varco::census::review::Stage;
use varco::census::revision::{Provenance, Revision, Source};
use varco::census::verdict::Outcome;
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::{Register, seed};
use varco::storage::Store;
use varco::storage::body::Site;
use varco::storage::device::Device;

/// How many devices are written together.
const CHUNK: usize = 4_000;

/// How often each is measured.
const TIMES: usize = 7;

fn main() {
    let numbers = std::env::args().skip(1);
    let devices: Vec<usize> = numbers.filter_map(|text| text.parse().ok()).collect();
    let devices = devices.first().copied().unwrap_or(200_000);
    println!("| devices | engine | what | median | slowest of {TIMES} |");
    println!("|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("varco.db").display());
    runtime.block_on(measure("SQLite", &url, devices, || {}));
    if let Ok(server) = std::env::var("VARCO_TEST_POSTGRES") {
        let name = format!("varco_verdict_{}", std::process::id());
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
    let seeded = seed::seed(&store, &Clock::System).await;
    seeded.expect("a territory");
    let register = Register::open(store.clone(), Clock::System)
        .await
        .expect("a register");
    let records = fill(&register, devices).await;
    settle();
    let mut filter = Filter::of(&Viewer::operator());
    filter.state = State::Accepted;
    let print = |what: &str, mut took: Vec<Duration>| {
        took.sort_unstable();
        let middle = took.get(took.len() / 2).expect("a time").as_secs_f64();
        let worst = took.last().expect("a time").as_secs_f64();
        println!("| {devices} | {engine} | {what} | {middle:.2} s | {worst:.2} s |");
    };
    let mut unit = store.read().await.expect("a unit");
    let basis = register.basis(&mut unit, &filter, None).await;
    let basis = basis.expect("criteria");
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let verdicts = records.iter().map(|record| basis.judge(record));
        let found = verdicts.filter(|one| one.outcome != Outcome::Beside);
        assert_eq!(found.count(), devices);
        took.push(start.elapsed());
    }
    print("the pure function, one core", took);
    drop(unit);
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let mut unit = store.read().await.expect("a unit");
        let basis = register.basis(&mut unit, &filter, None).await;
        let basis = basis.expect("criteria");
        let mut found = 0;
        register
            .each_verdict(&mut unit, &filter, &basis, &[], |_, _, _, verdict| {
                found += usize::from(verdict.outcome != Outcome::Beside);
            })
            .await
            .expect("verdicts");
        assert_eq!(found, devices);
        took.push(start.elapsed());
    }
    print("from the database", took);
    store.close().await;
}

/// Writes accepted plate readers of all Comuni, two at a gate, and gives them back.
async fn fill(register: &Register, devices: usize) -> Vec<Record> {
    let mut unit = register.store.read().await.expect("a unit");
    let bodies = unit.bodies().await.expect("bodies").into_iter();
    let bodies = bodies.filter(|body| body.kind == "comune");
    let bodies: Vec<String> = bodies.map(|body| body.code).collect();
    drop(unit);
    let clock = register.clock.clone();
    let mut records = Vec::with_capacity(devices);
    let mut next = 0;
    while next < devices {
        let mut unit = register.store.write().await.expect("a unit");
        let mut seal = Seal::new(clock.new_id());
        let (mut added, mut states, mut sites) = (Vec::new(), Vec::new(), Vec::new());
        for number in next..(next + CHUNK).min(devices) {
            let body = bodies.get(number * bodies.len() / devices).expect("a body");
            let one = revision(&clock, record(body, number));
            added.push(Device {
                id: one.device,
                body: body.clone(),
                code: one.record.text(Field::Codice).to_owned(),
                number: 1,
            });
            if number % 2 == 0 {
                sites.push(Site {
                    id: clock.new_id(),
                    body: body.clone(),
                    code: one.record.text(Field::Sito).to_owned(),
                    kind: "varco".to_owned(),
                    name: String::new(),
                });
            }
            records.push(one.record.clone());
            states.push(one);
        }
        unit.add_sites(&sites).await.expect("sites");
        unit.add_devices(&added, clock.now())
            .await
            .expect("devices");
        unit.add_revisions(states, &mut seal)
            .await
            .expect("revisions");
        unit.commit().await.expect("room");
        next += CHUNK;
    }
    records
}

fn record(body: &str, number: usize) -> Record {
    let mut record = Record::default();
    let mut set = |field: Field, text: &str| record.set(field, Some(Value::Text(text.to_owned())));
    let varied = |one: usize, usual: &'static str, other: &'static str| {
        if number.is_multiple_of(one) {
            other
        } else {
            usual
        }
    };
    set(Field::Codice, &format!("T{number:06}"));
    set(Field::Ente, body);
    set(Field::Comune, body);
    set(Field::Sito, &format!("V{:06}", number / 2));
    set(Field::Funzione, "lettura_targhe");
    set(Field::Installazione, "fissa");
    set(Field::Stato, "in_esercizio");
    set(Field::Marca, "Marca");
    set(Field::Modello, "M-12");
    set(Field::Ocr, varied(7, "a_bordo", "nessuna"));
    set(Field::Direzione, "entrata");
    set(
        Field::TransitoDati,
        varied(5, "targa,data_ora,varco,direzione", "targa"),
    );
    set(Field::TransitoImmagini, "targa_e_contesto");
    set(Field::IlluminatoreIr, "si");
    set(Field::Software, "Targa System");
    set(Field::SoftwareVersione, "4.2");
    set(Field::Protocolli, varied(3, "onvif,rest", "rtsp"));
    set(Field::ListeNazionali, varied(11, "si", "no"));
    set(Field::Connettivita, "fibra_metropolitana");
    set(Field::Vpn, "no");
    set(Field::Sincronizzazione, "ntp");
    set(Field::Cifratura, "si");
    set(Field::Informativa, "si");
    set(Field::MetodoPosizione, "gnss");
    set(Field::DataAttivazione, "2024-05-01");
    set(Field::ManutenzioneScadenza, "2030-05-01");
    set(Field::StatoScntt, "non_collegato");
    set(Field::Visibilita, "riservato");
    record.set(Field::Corsie, Some(Value::Integer(2)));
    record.set(Field::ConservazioneGiorni, Some(Value::Integer(7)));
    let fraction = f64::from(u32::try_from(number % 10_000).expect("small")) / 100_000.0;
    record.set(Field::Lat, Some(Value::Decimal(45.4 + fraction)));
    record.set(Field::Lon, Some(Value::Decimal(9.1 + fraction)));
    record
}

fn revision(clock: &Clock, record: Record) -> Revision {
    let now = clock.now();
    Revision {
        id: clock.new_id(),
        device: clock.new_id(),
        number: 1,
        written_at: now,
        author: "comandante".to_owned(),
        source: Source::File,
        withdrawn: false,
        accepted: true,
        accepted_from: Some(now),
        stage: Stage::Accepted,
        submitted_at: Some(now),
        record,
        provenance: Provenance::default(),
        confirmed: Vec::new(),
        warnings: 0,
        batch: None,
    }
}
