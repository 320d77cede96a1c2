//! How fast a spreadsheet comes in, against `ogr2ogr`, which only loads the same file; as Markdown
//! tables. The figures are in `docs/performance.md`. Run alone on the machine:
//! `tools/with-postgres cargo bench --bench import -- [ROWS]...`; without numbers 100,000 and
//! 1,000,000 rows. What is measured is the release program as a process of its own.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark may stop at what it did not expect"
)]

#[path = "../tests/corpus/truth.rs"]
mod truth;

use fastrand::Rng;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use truth::Truth;
use varco::census::person::Viewer;
use varco::census::vocabulary::{Field, Kind};
use varco::clock::Clock;
use varco::register::Register;
use varco::register::staged::Orders;
use varco::storage::Store;

/// The columns of the file: what a careful office fills in of a plate reader.
const COLUMNS: [Field; 36] = [
    Field::Codice,
    Field::Ente,
    Field::Comune,
    Field::Denominazione,
    Field::Sito,
    Field::Indirizzo,
    Field::Lat,
    Field::Lon,
    Field::MetodoPosizione,
    Field::PrecisioneM,
    Field::Funzione,
    Field::Forma,
    Field::PuntiRipresa,
    Field::Installazione,
    Field::Stato,
    Field::Marca,
    Field::Modello,
    Field::Matricola,
    Field::Firmware,
    Field::AnnoInstallazione,
    Field::RisoluzioneMp,
    Field::IlluminatoreIr,
    Field::Ocr,
    Field::Direzione,
    Field::Corsie,
    Field::Azimut,
    Field::Angolo,
    Field::PortataM,
    Field::TransitoDati,
    Field::TransitoImmagini,
    Field::ListeNazionali,
    Field::Software,
    Field::SoftwareVersione,
    Field::Protocolli,
    Field::Connettivita,
    Field::Vpn,
];

fn main() {
    let numbers = std::env::args().skip(1);
    let mut sizes: Vec<u32> = numbers.filter_map(|text| text.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    println!("| rows | engine | program | seconds | rows a second | peak memory |");
    println!("|---|---|---|---|---|---|");
    for rows in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("rows.csv");
        write(&file, rows);
        on_sqlite(folder.path(), &file, rows);
        on_postgres(&file, rows);
    }
    println!("\n{}", preview());
}

/// Writes a file of good rows, Comune after Comune.
fn write(path: &Path, rows: u32) {
    let world = truth::world();
    let mut random = Rng::with_seed(7);
    let covered = truth::covered(&world);
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let names: Vec<&str> = COLUMNS.iter().map(|field| field.name()).collect();
    writeln!(file, "{}\r", names.join(";")).expect("room");
    for row in 0..rows {
        let place = u64::from(row) * covered.len() as u64 / u64::from(rows);
        let home = covered
            .get(usize::try_from(place).expect("a place"))
            .expect("a Comune");
        let truth = truth::inside(&mut random, &world, home);
        let cells: Vec<String> = COLUMNS
            .iter()
            .map(|field| cell(*field, row, &truth, &mut random))
            .collect();
        writeln!(file, "{}\r", cells.join(";")).expect("room");
    }
    file.flush().expect("room");
}

/// What stands in a cell: decimal comma, codes as the census writes them.
fn cell(field: Field, row: u32, truth: &Truth, random: &mut Rng) -> String {
    let comma = |number: f64, decimals: usize| format!("{number:.decimals$}").replace('.', ",");
    match field {
        Field::Codice => format!("TVCC-{row:07}"),
        Field::Ente | Field::Comune => truth.istat.clone(),
        Field::Denominazione => format!("Rotonda via Roma {}, direzione centro", row % 90),
        Field::Sito => format!("S{:06}", row / 4),
        Field::Indirizzo => format!("via Giuseppe Verdi {}", row % 200),
        Field::Lat => comma(truth.lat, 6),
        Field::Lon => comma(truth.lon, 6),
        Field::Funzione => "lettura_targhe".to_owned(),
        Field::Forma => "bullet".to_owned(),
        Field::PuntiRipresa => "1".to_owned(),
        Field::Stato => "in_esercizio".to_owned(),
        Field::Ocr => "a_bordo".to_owned(),
        Field::Marca => format!("Marca {}", row % 12),
        Field::Modello => format!("M-{}", row % 40),
        Field::Matricola => format!("SN{row:09}"),
        Field::Firmware | Field::SoftwareVersione => format!("5.{}.{}", row % 10, row % 7),
        Field::AnnoInstallazione => (2010 + row % 15).to_string(),
        Field::TransitoDati => "targa,data_ora,varco,direzione".to_owned(),
        Field::Protocolli => "onvif,rtsp".to_owned(),
        Field::Software => "Milestone XProtect".to_owned(),
        _ => match field.attribute().kind {
            Kind::One(terms) => {
                let known = terms.len().saturating_sub(1);
                let term = terms.get(random.usize(..known));
                term.map_or_else(String::new, |term| term.code.to_owned())
            }
            Kind::Decimal(..) => comma(1.0 + random.f64() * 50.0, 1),
            Kind::Integer(..) => (1 + row % 4).to_string(),
            _ => format!("{} {}", field.name(), row % 5),
        },
    }
}

fn on_sqlite(folder: &Path, file: &Path, rows: u32) {
    let url = format!("sqlite://{}", folder.join("varco.db").display());
    prepare(&url);
    let ours = measured(varco(&url).arg("import").arg(file));
    print(rows, "SQLite", "varco import", &ours);
    let mut ogr = Command::new("ogr2ogr");
    ogr.args(["-f", "GPKG"])
        .arg(folder.join("ogr.gpkg"))
        .arg(file);
    let theirs = measured(positions(&mut ogr));
    print(rows, "GeoPackage", "ogr2ogr", &theirs);
}

fn on_postgres(file: &Path, rows: u32) {
    let Ok(server) = std::env::var("VARCO_TEST_POSTGRES") else {
        return;
    };
    let name = format!("varco_bench_{}", std::process::id());
    let order = |text: &str| {
        let psql = Command::new("psql")
            .args(["-q", "-c", text, &server])
            .status();
        assert!(psql.is_ok_and(|status| status.success()), "{text}");
    };
    order(&format!("CREATE DATABASE {name}"));
    let url = server
        .rsplit_once('/')
        .map(|(start, _)| format!("{start}/{name}"))
        .expect("an address");
    prepare(&url);
    let ours = measured(varco(&url).arg("import").arg(file));
    print(rows, "PostgreSQL", "varco import", &ours);
    let mut ogr = Command::new("ogr2ogr");
    ogr.args(["--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL"])
        .args([&format!("PG:{}", words(&url)), "-nln", "ogr"])
        .arg(file);
    let theirs = measured(positions(&mut ogr));
    print(rows, "PostgreSQL", "ogr2ogr, COPY", &theirs);
    order(&format!("DROP DATABASE {name} WITH (FORCE)"));
}

/// An address as the words that `ogr2ogr` adds its own to.
fn words(url: &str) -> String {
    let rest = url.trim_start_matches("postgres://");
    let (person, rest) = rest.split_once('@').expect("an address");
    let (server, name) = rest.split_once('/').expect("an address");
    let (host, port) = server.split_once(':').expect("an address");
    format!("host={host} port={port} dbname={name} user={person}")
}

fn positions(command: &mut Command) -> &mut Command {
    command.args(["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat"])
}

fn varco(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_varco"));
    command.env("VARCO_DATABASE", url);
    command
}

fn prepare(url: &str) {
    for step in ["migrate", "seed"] {
        let done = varco(url).arg(step).stdout(Stdio::null()).status();
        assert!(done.is_ok_and(|status| status.success()), "{step}");
    }
}

/// How long a program ran, and the most memory it had, in KiB.
struct Measure {
    took: Duration,
    peak: u64,
}

/// Runs a program to its end. The kernel keeps the most memory it had as long as it runs.
fn measured(command: &mut Command) -> Measure {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("a program");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(done) = child.try_wait().expect("a program") {
            assert!(done.success(), "{command:?}");
            let took = start.elapsed();
            return Measure { took, peak };
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = now.unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn print(rows: u32, engine: &str, program: &str, measure: &Measure) {
    let seconds = measure.took.as_secs_f64();
    println!(
        "| {rows} | {engine} | {program} | {seconds:.2} | {:.0} | {} MiB |",
        f64::from(rows) / seconds,
        measure.peak / 1024
    );
}

/// From the end of the upload of 10,000 rows to what each would do, on SQLite.
fn preview() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rows.csv");
    write(&file, 10_000);
    let url = format!("sqlite://{}", folder.path().join("varco.db").display());
    prepare(&url);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&url).await.expect("a store");
        let register = Register::open(store, Clock::System)
            .await
            .expect("a register");
        let content = File::open(&file).expect("a file");
        let start = Instant::now();
        let operator = Viewer::operator();
        let orders = Orders::default();
        let staged = register
            .stage(&operator, "rows.csv", &orders, content)
            .await;
        let id = staged.expect("a batch");
        register.work().await.expect("work");
        let seen = register.batch(&operator, id).await.expect("a batch");
        format!(
            "Preview of {} rows: {:.2} s from the end of the upload.",
            seen.summary.rows,
            start.elapsed().as_secs_f64()
        )
    })
}
