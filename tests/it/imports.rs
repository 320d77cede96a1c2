//! Bringing in a file: through the register, the page and the command.

use crate::support::*;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use varco::census::draft::Draft;
use varco::census::filter::Filter;
use varco::census::finding::Code;
use varco::census::person::Viewer;
use varco::census::revision::{Revision, Source};
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::load::{Report, Request, Told};
use varco::register::{self, Register, territory};
use varco::storage::Store;

/// A file of `tests/data/import`.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/import")
        .join(name)
}

/// A plain request for a file, its rows without a body being Milano's.
fn asked(name: &str) -> Request {
    Request {
        name: name.to_owned(),
        body: Some(MILANO.to_owned()),
        crs: None,
        constants: Vec::new(),
        dry_run: false,
        partial: false,
        accept_proposals: false,
        source: Source::File,
    }
}

/// Brings in a text as this person.
async fn bring(
    register: &Register,
    viewer: &Viewer,
    request: &Request,
    text: &str,
) -> Result<Report, register::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.csv");
    std::fs::write(&path, text).unwrap();
    load(register, viewer, request, File::open(&path).unwrap()).await
}

/// Brings in a file and puts what is told of its rows into the report, as the command does.
async fn load(
    register: &Register,
    viewer: &Viewer,
    request: &Request,
    file: File,
) -> Result<Report, register::Error> {
    let (mut points, mut findings) = (Vec::new(), Vec::new());
    let mut report = register
        .load(viewer, request, file, &mut |told| {
            match told {
                Told::Landing(landing) => points.push(landing),
                Told::Said(said) => findings.push(said),
                Told::Anew => {
                    points.clear();
                    findings.clear();
                }
                Told::Progress(..) => {}
            }
            Ok(())
        })
        .await?;
    report.points = points;
    report.findings.extend(findings);
    Ok(report)
}

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

fn codes(report: &Report) -> Vec<(Option<u64>, &'static str)> {
    let findings = report.findings.iter();
    findings
        .map(|said| (said.record, said.code.name()))
        .collect()
}

#[test]
fn the_gates_of_milano_come_in_by_themselves_and_once() {
    both(async |store| {
        let register = register(store).await;
        let operator = Viewer::operator();
        let request = asked("milano_areac_varchi.csv");
        let open = || File::open(data("milano_areac_varchi.csv")).unwrap();
        let report = load(&register, &operator, &request, open()).await.unwrap();
        assert_eq!((report.rows, report.accepted, report.rejected), (42, 42, 0));
        assert_eq!(
            (report.created, report.changed, report.unchanged),
            (42, 0, 0)
        );
        assert!(report.stored);
        assert_eq!(report.points.len(), 42);
        assert!(
            report
                .points
                .iter()
                .all(|point| point.comune.as_deref() == Some(MILANO))
        );
        assert_eq!(report.detected.ignored_columns, ["Location"]);
        assert_eq!(count(&register).await, 42);
        let first = state(&register, "57").await;
        assert_eq!(first.record.text(Field::Denominazione), "PORTA TENAGLIA");
        assert_eq!(
            first.record.number(Field::Lat).unwrap().to_bits(),
            45.477_615_016_755_9_f64.to_bits()
        );
        assert_eq!(first.record.text(Field::Funzione), "non_noto");

        let again = load(&register, &operator, &request, open()).await.unwrap();
        assert_eq!((again.created, again.changed, again.unchanged), (0, 0, 42));
        assert_eq!(state(&register, "57").await.number, 1);
        assert!(
            !codes(&again)
                .iter()
                .any(|(_, code)| *code == "value.defaulted")
        );
    });
}

/// The files of `tests/data/import`.
fn files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(data(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_none_or(|end| end != "json"))
        .collect();
    names.sort_unstable();
    names
}

/// What is asked of the files, and where the findings are kept: every file as it is, some once more
/// in another way.
fn cases() -> Vec<(Request, String)> {
    let plain = files().into_iter().map(|name| {
        let kept = format!("{name}.json");
        (asked(&name), kept)
    });
    let declared = Request {
        crs: Some("EPSG:3003".to_owned()),
        ..asked("gauss_boaga.csv")
    };
    let mended = |name: &str| Request {
        accept_proposals: true,
        ..asked(name)
    };
    plain
        .chain([
            (declared, "gauss_boaga.csv.declared.json".to_owned()),
            (
                mended("gauss_boaga.csv"),
                "gauss_boaga.csv.mended.json".to_owned(),
            ),
            (
                mended("unknown_body.csv"),
                "unknown_body.csv.mended.json".to_owned(),
            ),
        ])
        .collect()
}

#[test]
fn every_file_has_its_findings_and_says_the_same_on_both_engines() {
    let expected: Vec<String> = cases()
        .into_iter()
        .map(|(_, kept)| std::fs::read_to_string(data(&kept)).unwrap_or_default())
        .collect();
    both(async |store| {
        let register = register(store).await;
        for ((request, kept), expected) in cases().into_iter().zip(&expected) {
            let request = Request {
                dry_run: true,
                ..request
            };
            let file = File::open(data(&request.name)).unwrap();
            let said = match load(&register, &Viewer::operator(), &request, file).await {
                Ok(report) => serde_json::to_string_pretty(&report).unwrap(),
                Err(error) => serde_json::json!({ "refused": error.to_string() }).to_string(),
            };
            if std::env::var_os("VARCO_REGENERATE").is_some() {
                std::fs::write(data(&kept), format!("{said}\n")).unwrap();
            } else {
                assert_eq!(&format!("{said}\n"), expected, "{kept}");
            }
        }
        assert_eq!(count(&register).await, 0);
    });
    assert!(files().len() >= 40 || files().len() >= 20);
}

const ONE_BAD: &str = "codice;lat;lon;funzione;stato\n\
                       A1;45.4642;9.19;contesto;attivo\n\
                       A2;45.4674;9.1895;contesto;boh\n\
                       A3;45.4653;9.1862;contesto;attivo\n";

#[test]
fn one_bad_row_keeps_all_out_unless_the_good_ones_are_asked_for() {
    both(async |store| {
        let register = register(store).await;
        let operator = Viewer::operator();
        let all = bring(&register, &operator, &asked("x.csv"), ONE_BAD)
            .await
            .unwrap();
        assert_eq!(
            (all.accepted, all.rejected, all.created, all.stored),
            (2, 1, 2, false)
        );
        assert_eq!(count(&register).await, 0);
        let trial = Request {
            dry_run: true,
            partial: true,
            ..asked("x.csv")
        };
        let tried = bring(&register, &operator, &trial, ONE_BAD).await.unwrap();
        assert_eq!((tried.created, tried.stored), (2, false));
        assert_eq!(count(&register).await, 0);
        let partial = Request {
            partial: true,
            ..asked("x.csv")
        };
        let good = bring(&register, &operator, &partial, ONE_BAD)
            .await
            .unwrap();
        assert_eq!((good.created, good.rejected, good.stored), (2, 1, true));
        assert_eq!(count(&register).await, 2);
    });
}

#[test]
fn what_the_file_does_not_say_stays_as_it_is() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        device(&register, &officer, MILANO, "A1", &[]).await;
        let before = state(&register, "A1").await;
        let text = "codice;stato;marca;modello\nA1;guasto;;Nuovo\n";
        let request = Request {
            body: None,
            ..asked("x.csv")
        };
        let report = bring(&register, &officer, &request, text).await.unwrap();
        assert_eq!((report.changed, report.rejected), (1, 0));
        let after = state(&register, "A1").await;
        let changed: Vec<Field> = before.record.changes(&after.record).collect();
        assert_eq!(changed, [Field::Stato, Field::Modello]);
        assert_eq!(after.provenance, before.provenance);
        assert_eq!((after.number, after.source), (2, Source::File));
        let again = bring(&register, &officer, &request, text).await.unwrap();
        assert_eq!((again.unchanged, again.changed), (1, 0));
    });
}

#[test]
fn half_a_position_is_never_joined_to_half_of_another() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        device(&register, &officer, MILANO, "A1", &[]).await;
        let text = "codice;lat;lon\nA1;45.47;\n";
        let report = bring(&register, &officer, &asked("x.csv"), text)
            .await
            .unwrap();
        assert_eq!((report.rejected, report.stored), (1, false));
    });
}

#[test]
fn a_withdrawn_device_comes_back_with_its_row_and_it_is_said() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let id = device(&register, &officer, MILANO, "A1", &[]).await;
        register.set_withdrawn(&officer, id, true).await.unwrap();
        let report = bring(&register, &officer, &asked("x.csv"), "codice\nA1\n")
            .await
            .unwrap();
        assert_eq!(report.changed, 1);
        assert!(codes(&report).contains(&(Some(1), Code::RowRestored.name())));
        assert!(!state(&register, "A1").await.withdrawn);
    });
}

#[test]
fn a_mended_position_remembers_the_numbers_of_the_file() {
    both(async |store| {
        let register = register(store).await;
        let operator = Viewer::operator();
        let text = "codice;lat;lon;funzione;stato\nA1;9.19;45.4642;contesto;attivo\n";
        let plain = bring(&register, &operator, &asked("x.csv"), text)
            .await
            .unwrap();
        assert_eq!((plain.rejected, plain.stored), (1, false));
        assert!((plain.points[0].lat - 45.4642).abs() < 1e-9);
        let request = Request {
            accept_proposals: true,
            ..asked("x.csv")
        };
        let mended = bring(&register, &operator, &request, text).await.unwrap();
        assert_eq!(
            (mended.created, mended.rejected, mended.stored),
            (1, 0, true)
        );
        let said = mended.findings.iter().find(|said| said.applied).unwrap();
        assert_eq!(said.code, Code::PositionSwapped);
        assert!(!said.stops());
        let stored = state(&register, "A1").await;
        assert_eq!(stored.provenance.text, "9.19 45.4642");
        assert_eq!(stored.provenance.operation, "swap");
        let again = bring(&register, &operator, &request, text).await.unwrap();
        assert_eq!(again.unchanged, 1);
    });
}

#[test]
fn nobody_decides_alone_whether_the_comune_or_the_point_is_wrong() {
    both(async |store| {
        let register = register(store).await;
        let request = Request {
            accept_proposals: true,
            ..asked("x.csv")
        };
        let text = "codice;comune;lat;lon;funzione;stato\nA1;Rho;45.4642;9.19;contesto;attivo\n";
        let report = bring(&register, &Viewer::operator(), &request, text)
            .await
            .unwrap();
        assert_eq!((report.rejected, report.stored), (1, false));
    });
}

#[test]
fn an_officer_brings_in_the_devices_of_their_own_body_only() {
    both(async |store| {
        let register = register(store).await;
        let milano = officer(&register, MILANO).await;
        let rho = officer(&register, RHO).await;
        device(&register, &milano, MILANO, "A1", &[]).await;
        let text = format!(
            "codice;ente;lat;lon;funzione;stato;marca\n\
             A1;{MILANO};45.4642;9.19;contesto;attivo;Altra\n\
             A2;;45.5302;9.0402;contesto;attivo;\n"
        );
        let request = Request {
            body: None,
            partial: true,
            ..asked("x.csv")
        };
        let report = bring(&register, &rho, &request, &text).await.unwrap();
        assert_eq!((report.created, report.changed, report.rejected), (1, 0, 1));
        let of_first: Vec<_> = codes(&report)
            .into_iter()
            .filter(|(record, _)| *record == Some(1))
            .collect();
        assert_eq!(of_first, [(Some(1), "body.forbidden")]);
        assert_eq!(state(&register, "A1").await.number, 1);
        let other = bring(&register, &rho, &asked("x.csv"), &text).await;
        assert!(matches!(other, Err(register::Error::Forbidden(_))));
        let observer = observer(&register).await;
        let none = bring(&register, &observer, &request, &text).await;
        assert!(matches!(none, Err(register::Error::Forbidden(_))));
    });
}

#[test]
fn rows_see_the_rows_before_them_however_far() {
    both(async |store| {
        let register = register(store).await;
        let mut text = "codice;lat;lon;funzione;stato\n".to_owned();
        for row in 0..1_050_u32 {
            let lat = 45.44 + f64::from(row % 100) * 0.0005;
            let lon = 9.16 + f64::from(row / 100) * 0.001;
            writeln!(text, "C{row};{lat:.6};{lon:.6};contesto;attivo").unwrap();
        }
        text.push_str("C7;45.4;9.2;contesto;attivo\n");
        text.push_str("V1;45.440000;9.160000;contesto;attivo\n");
        let request = Request {
            partial: true,
            ..asked("x.csv")
        };
        let report = bring(&register, &Viewer::operator(), &request, &text)
            .await
            .unwrap();
        assert_eq!((report.created, report.rejected), (1_051, 1));
        let said = codes(&report);
        assert!(said.contains(&(Some(1_051), "code.repeated")), "{said:?}");
        assert!(said.contains(&(Some(1_052), "position.too_near")));
        let repeated = report
            .findings
            .iter()
            .find(|said| said.code == Code::CodeRepeated)
            .unwrap();
        assert!(repeated.message.contains("riga 9"), "{}", repeated.message);
    });
}

#[test]
fn a_value_for_the_whole_file_is_judged_before_the_rows() {
    both(async |store| {
        let register = register(store).await;
        let text = "codice;lat;lon;stato\nA1;45.4642;9.19;attivo\n";
        let with = |value: &str| Request {
            constants: vec![(Field::Funzione, value.to_owned())],
            ..asked("x.csv")
        };
        let operator = Viewer::operator();
        let refused = bring(&register, &operator, &with("boh"), text).await;
        assert!(
            matches!(refused, Err(register::Error::Invalid(message)) if message.contains("«boh»"))
        );
        let report = bring(&register, &operator, &with("ztl"), text)
            .await
            .unwrap();
        assert!(report.stored);
        assert_eq!(
            state(&register, "A1").await.record.text(Field::Funzione),
            "ztl"
        );
    });
}

/// Runs the program on a database.
fn varco(url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_varco"))
        .args(["--database", url])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_command_ends_as_the_file_deserves() {
    both_at(async |url| {
        register(Store::open(&url).await.unwrap()).await;
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        let sample = data("milano_areac_varchi.csv").display().to_string();
        let report = place("r.json");
        let done = varco(
            &url,
            &["import", &sample, "--body", MILANO, "--report", &report],
        );
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        let json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
        assert_eq!(json["accepted"], 42);
        assert_eq!(json["detected"]["mapping"]["LAT_Y_4326"], "lat");
        assert!(json["findings"][0].get("record").is_none());

        let bad = place("bad.csv");
        std::fs::write(&bad, ONE_BAD).unwrap();
        let table = place("r.csv");
        let rejected = varco(
            &url,
            &["import", &bad, "--body", MILANO, "--report", &table],
        );
        assert_eq!(rejected.status.code(), Some(1));
        let rows = std::fs::read_to_string(&table).unwrap();
        assert!(rows.contains(";value.unknown;error;"), "{rows}");

        let binary = data("binary_bytes.csv").display().to_string();
        let text = place("r.txt");
        for (arguments, says) in [
            (vec!["import", &binary, "--body", MILANO], "non è un CSV"),
            (vec!["import", "manca.csv"], "manca.csv"),
            (vec!["import", &sample, "--body", "Legnagno"], "Legnano"),
            (
                vec!["import", &sample, "--body", "Comune di Legnagno"],
                "015118",
            ),
            (
                vec!["import", &sample, "--set", "funzone=ztl"],
                "«funzione»",
            ),
            (vec!["import", &sample, "--crs", "EPSG:9"], "EPSG:32632"),
            (vec!["import", &sample, "--report", &text], ".json"),
        ] {
            let output = varco(&url, &arguments);
            let words = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
            assert!(words.contains(says), "{arguments:?}: {words}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    });
}

#[test]
fn new_boundaries_refresh_the_territory_or_replace_it() {
    both(async |store| {
        let register = register(store.clone()).await;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let same = root.join("seeds/territory/comuni_milano.geojson");
        let clock = Clock::fixed(NOW);
        let imported = territory::import(&store, &clock, &same, None)
            .await
            .unwrap();
        assert_eq!(
            (imported.covered, imported.around, imported.kept),
            (133, 0, 116)
        );
        let draft = Draft::of(&[(Field::Lat, "45.4642"), (Field::Lon, "9.19")]);
        let (checked, _) = register
            .check(&Viewer::operator(), &draft, None)
            .await
            .unwrap();
        assert_eq!(checked.point.unwrap().comune.as_deref(), Some(MILANO));

        let (_folder, path) = elsewhere();
        let wrong = territory::import(&store, &clock, &path, Some("15")).await;
        assert!(matches!(wrong, Err(register::Error::Invalid(_))));
        let other = territory::import(&store, &clock, &path, None)
            .await
            .unwrap();
        assert_eq!((other.covered, other.kept, other.bodies), (1, 0, 1));
        let mut unit = store.read().await.unwrap();
        assert_eq!(unit.municipalities().await.unwrap().len(), 1);
    });
}
