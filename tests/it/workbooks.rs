//! Workbooks handed over, through the program that people will open them with, `LibreOffice`.

use crate::support::on_sqlite;
use calamine::{Data, Reader, Xlsx};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;
use varco::census::filter::{Filter, State};
use varco::census::person::Viewer;
use varco::census::record::{Record, Store as StoredAs, Value};
use varco::census::revision::Source;
use varco::census::vocabulary::{ATTRIBUTES, Field, Kind};
use varco::clock::Clock;
use varco::exchange::columns::{Hints, Mapping};
use varco::exchange::source::Row;
use varco::exchange::workbook::{DEVICES, Names, WorkbookWriter};
use varco::register::load::{Request, Told};
use varco::register::publish::{Export, Format};
use varco::register::{Register, example, seed};
use varco::storage::Store;

/// How `LibreOffice` set to Italian writes and reads a CSV of ours: `;` between cells, UTF-8.
const ITALIAN_CSV: &str = "Text - txt - csv (StarCalc):59,34,76,1,,1040";

/// Opens a workbook in `LibreOffice` and saves it again, with a profile of its own.
pub fn saved_again(folder: &Path, workbook: &Path) -> PathBuf {
    convert(
        folder,
        workbook,
        &["--convert-to", "xlsx:Calc MS Excel 2007 XML"],
    )
}

fn convert(folder: &Path, workbook: &Path, how: &[&str]) -> PathBuf {
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.join("profilo").display()
    );
    let again = folder.join("salvato");
    let done = Command::new("soffice")
        .args([profile.as_str(), "--headless"])
        .args(how)
        .arg("--outdir")
        .arg(&again)
        .arg(workbook)
        .output()
        .unwrap_or_else(|error| panic!("soffice: {error}: run make test, which installs it"));
    assert!(done.status.success(), "{done:?}");
    again.join(workbook.file_name().unwrap())
}

fn cell(data: &Data) -> String {
    match data {
        Data::DateTime(day) => {
            let (year, month, day, ..) = day.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02}")
        }
        other => other.to_string(),
    }
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut book: Xlsx<BufReader<File>> = calamine::open_workbook(path).unwrap();
    let range = book.worksheet_range(DEVICES).unwrap();
    range
        .rows()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

/// A device with something in every attribute: the texts are the same, numbers have all their
/// digits.
fn device(text: &str, number: f64) -> Record {
    let mut record = Record::default();
    for attribute in ATTRIBUTES {
        let value = match (attribute.kind, attribute.kind.store()) {
            (Kind::Date, _) => Value::Text("2021-05-12".to_owned()),
            (Kind::One(terms) | Kind::Many(terms), _) => Value::Text(terms[0].code.to_owned()),
            (_, StoredAs::Text) => Value::Text(text.to_owned()),
            (_, StoredAs::Integer) => Value::Integer(270),
            (_, StoredAs::Decimal) => Value::Decimal(number),
        };
        record.set(attribute.field, Some(value));
    }
    record
}

#[test]
fn a_workbook_saved_by_libreoffice_comes_back_with_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dispositivi.xlsx");
    let mut records: Vec<_> = [
        ("007", 45.477_615_016_755_9),
        ("=1+1", 9.181_736_387_055_362),
        ("'=1", 0.1 + 0.2),
        ("'ndrangheta", 4.25),
        ("1e5", 9.19),
        ("VERO", 45.0),
        ("12/05/2021", 1_234.5),
        ("Località «Cà Bianca»;\n\"2\" & <b>", 45.123_456_789_012_345),
    ]
    .map(|(text, number)| device(text, number))
    .to_vec();
    let mut sparse = Record::default();
    sparse.set(Field::Codice, Some(Value::Text("solo".to_owned())));
    records.push(sparse);
    let names = Names {
        bodies: vec!["Comune di Milano".to_owned()],
        municipalities: vec!["Milano".to_owned(), "Rho".to_owned()],
    };
    let mut writer = WorkbookWriter::new(&names).unwrap();
    for (number, record) in (1..).zip(&records) {
        writer.row(record, Some(number)).unwrap();
    }
    writer.finish(File::create(&path).unwrap()).unwrap();

    let read = rows(&saved_again(folder.path(), &path));
    let (header, cells) = read.split_first().unwrap();
    let mapping = Mapping::of(header, cells, &Hints::default());
    assert_eq!(cells.len(), records.len());
    for (number, (cells, record)) in (1..).zip(cells.iter().zip(&records)) {
        let row = Row {
            line: 0,
            record: 0,
            cells: cells.iter().collect(),
        };
        assert_eq!(mapping.revision(&row), Some(number));
        let draft = mapping.draft(&row, &[]);
        for field in Field::ALL {
            assert_eq!(draft.get(*field), record.plain(*field), "{}", field.name());
        }
    }
}

#[test]
fn what_is_exported_saved_by_libreoffice_and_imported_again_changes_nothing() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        seed::seed(&store, &Clock::System).await.unwrap();
        let register = Register::open(store, Clock::System).await.unwrap();
        let devices = example::fill(&register).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let to_csv = format!("csv:{ITALIAN_CSV}");
        let infilter = format!("--infilter={ITALIAN_CSV}");
        let ways: [(Format, &[&str]); 2] = [
            (
                Format::Xlsx,
                &["--convert-to", "xlsx:Calc MS Excel 2007 XML"],
            ),
            (Format::Csv, &[&infilter, "--convert-to", &to_csv]),
        ];
        for (format, how) in ways {
            let mut filter = Filter::working(&Viewer::operator());
            filter.state = State::Working;
            let export = Export::new(format, "", filter).unwrap();
            let path = folder.path().join(export.file_name());
            let file = File::create(&path).unwrap();
            register.export(&export, file).await.unwrap();
            let again = convert(folder.path(), &path, how);
            let request = Request {
                name: export.file_name(),
                body: None,
                crs: None,
                constants: Vec::new(),
                dry_run: true,
                partial: false,
                accept_proposals: false,
                source: Source::Command,
            };
            let mut said = Vec::new();
            let report = register
                .load(
                    &Viewer::operator(),
                    &request,
                    File::open(&again).unwrap(),
                    &mut |told| {
                        if let Told::Said(one) = told
                            && one.stops()
                        {
                            said.push(one);
                        }
                        Ok(())
                    },
                )
                .await
                .unwrap();
            assert_eq!(report.rejected, 0, "{said:#?}");
            assert_eq!((report.created, report.changed), (0, 0), "{format:?}");
            assert!(i64::try_from(report.unchanged).unwrap() >= devices / 2);
        }
    });
}
