//! The report in all its forms, looked at by programs that are not ours: qpdf, Poppler, `veraPDF`,
//! `LibreOffice`.

use crate::report_sample::{MARKUP, nasty, tidy};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use varco::census::report::{Block, DRAFT, Report, STATEMENT};
use varco::exchange::tables;
use varco::exchange::typesetting::pdf;
use varco::web::report::{html, package};

/// A file in a folder of its own, which lives as long as both.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn run(program: &str, arguments: &[&str], path: &Path) -> Output {
    let done = Command::new(program).args(arguments).arg(path).output();
    done.unwrap_or_else(|error| panic!("{program}: {error}: run make test, which installs it"))
}

fn said(program: &str, arguments: &[&str], path: &Path) -> String {
    let done = run(program, arguments, path);
    assert!(done.status.success(), "{program}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// The pages of a PDF as texts, in reading order.
fn pages(path: &Path) -> Vec<String> {
    let done = Command::new("pdftotext")
        .arg(path)
        .arg("-")
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let text = String::from_utf8(done.stdout).unwrap();
    let pages = text.split('\u{c}').map(str::to_owned);
    pages.filter(|page| !page.trim().is_empty()).collect()
}

/// What a PDF says, cell after cell.
fn read_out(path: &Path) -> String {
    let done = Command::new("pdftotext")
        .arg("-raw")
        .arg(path)
        .arg("-")
        .output();
    unset(&String::from_utf8(done.unwrap().stdout).unwrap())
}

/// A text without what setting it in lines adds.
fn unset(text: &str) -> String {
    let added = |one: char| one.is_whitespace() || matches!(one, '-' | '\u{ad}' | '\u{200b}');
    text.chars().filter(|one| !added(*one)).collect()
}

#[test]
fn the_same_report_gives_the_same_bytes_in_every_form() {
    for make in [|| tidy(40), nasty] {
        let (first, second) = (package(&make()).unwrap(), package(&make()).unwrap());
        assert_eq!(members(&first), members(&second));
        assert!(first == second, "the archives differ");
    }
}

#[test]
fn the_pdf_is_valid_as_pdf_ua_and_as_pdf_a() {
    let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/verapdf/cli-1.30.2.jar");
    assert!(
        jar.exists(),
        "run tools/verapdf, which fetches {}",
        jar.display()
    );
    let (_tidy, tidy) = file("ordinata.pdf", &pdf(&tidy(120)).unwrap());
    let (_nasty, nasty) = file("difficile.pdf", &pdf(&nasty()).unwrap());
    for flavour in ["ua1", "2a"] {
        let verdict = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-jar"])
            .arg(&jar)
            .args(["-v", "--format", "text", "-f", flavour])
            .args([&tidy, &nasty])
            .output()
            .unwrap_or_else(|error| panic!("java: {error}: run make test, which installs it"));
        let said = String::from_utf8_lossy(&verdict.stdout);
        let passed = said.lines().filter(|line| line.starts_with("PASS")).count();
        assert!(verdict.status.success() && passed == 2, "{flavour}: {said}");
    }
}

#[test]
fn the_pdf_is_whole_tagged_titled_and_dated_and_brings_its_fonts() {
    let report = tidy(120);
    let (_folder, path) = file("relazione.pdf", &pdf(&report).unwrap());
    said("qpdf", &["--check"], &path);
    let facts = said("pdfinfo", &["-isodates"], &path);
    for wanted in [
        format!("Title: {}", report.title),
        format!("Author: {}", report.body),
        "Tagged: yes".to_owned(),
        "CreationDate: 2026-12-31T18:30:15+01".to_owned(),
        "ModDate: 2026-12-31T18:30:15+01".to_owned(),
        "JavaScript: no".to_owned(),
    ] {
        let facts = facts.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(facts.contains(&wanted), "{wanted}: {facts}");
    }
    let fonts = said("pdffonts", &[], &path);
    let fonts: Vec<Vec<&str>> = fonts
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(fonts.len() >= 3, "{fonts:?}");
    for font in fonts {
        assert!(font[0].contains("Titillium"), "{font:?}");
        // Embedded, as a subset, with its characters.
        let tail: Vec<&str> = font.iter().rev().skip(2).take(3).copied().collect();
        assert_eq!(tail, ["yes"; 3], "{font:?}");
    }
    let tags = said("pdfinfo", &["-struct"], &path);
    for tag in [
        "H1", "Table", "THead", "TBody", "TFoot", "TH ", "Figure", "Caption", "TOC", "LI",
    ] {
        assert!(tags.contains(tag), "no {tag}");
    }
    assert!(tags.contains("Column"), "headers have no scope");
}

#[test]
fn every_page_has_its_number_and_the_header_of_a_long_table_is_on_each_of_its_pages() {
    let (_folder, path) = file("relazione.pdf", &pdf(&tidy(120)).unwrap());
    let pages = pages(&path);
    for (number, page) in (1..).zip(&pages) {
        let wanted = format!("Pagina {number} di {}", pages.len());
        assert!(page.contains(&wanted), "{wanted}: {page}");
        assert!(!page.contains(DRAFT), "{page}");
        assert!(
            number == 1 || page.contains("Compatibilità con SCNTT · fotografia «Gara TVCC 2027»")
        );
    }
    let devices: Vec<_> = pages.iter().filter(|page| page.contains("MI-00")).collect();
    assert!(devices.len() > 3);
    for page in devices {
        assert!(page.contains("Longitudine"), "{page}");
    }
    // No chapter begins at the foot of a page and no heading is alone on one.
    assert!(
        pages.iter().all(|page| page.lines().count() > 6),
        "{pages:#?}"
    );
}

#[test]
fn a_draft_says_so_on_every_page_of_every_form() {
    let report = nasty();
    let (_folder, path) = file("bozza.pdf", &pdf(&report).unwrap());
    for page in pages(&path) {
        assert!(page.contains(DRAFT), "{page}");
    }
    assert!(html(&report).unwrap().contains(DRAFT));
    assert!(!html(&tidy(1)).unwrap().contains(DRAFT));
    let book = opened(&tables::xlsx(&report).unwrap());
    assert!(book[tables::FRONT].contains(DRAFT));
}

#[test]
fn the_page_and_the_pdf_say_the_same() {
    for report in [tidy(30), nasty()] {
        let (_folder, path) = file("relazione.pdf", &pdf(&report).unwrap());
        let set = read_out(&path);
        let page = text_of(&html(&report).unwrap());
        let mut wanted = vec![
            report.title.clone(),
            report.subtitle.clone(),
            STATEMENT.into(),
        ];
        wanted.extend(report.basis.iter().map(|(_, value)| value.clone()));
        for block in report.sections.iter().flat_map(|section| &section.blocks) {
            match block {
                Block::Paragraph(text) | Block::Note(text) => {
                    wanted.extend(text.lines().map(str::to_owned));
                }
                Block::List(items) => wanted.extend(items.clone()),
                Block::Table(table) => {
                    wanted.push(table.caption.clone());
                    for row in table.rows.iter().chain(&table.total) {
                        let cells = table
                            .cells(row)
                            .map(|(column, cell)| cell.shown(column.kind));
                        wanted.extend(cells.filter(|cell| !cell.contains('\u{4e2d}')));
                    }
                }
                Block::Bars(bars) => wanted.push(bars.caption.clone()),
                Block::Map(map) => wanted.push(map.caption.clone()),
            }
        }
        for text in wanted {
            let text = unset(&text);
            assert!(set.contains(&text), "the PDF has no {text}");
            assert!(page.contains(&text), "the page has no {text}");
        }
    }
    let (_folder, path) = file("relazione.pdf", &pdf(&nasty()).unwrap());
    assert!(read_out(&path).contains("[U+4E2D]>èrigasotto"));
}

fn pages_of(report: &Report) -> Vec<String> {
    let (_folder, path) = file("relazione.pdf", &pdf(report).unwrap());
    pages(&path)
}

/// What a page says, without its elements.
fn text_of(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let pieces = body
        .split('<')
        .filter_map(|piece| Some(piece.split_once('>')?.1));
    let text: String = pieces.collect();
    let text = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .into_iter()
    .fold(text, |text, (from, to)| text.replace(from, to));
    unset(&text)
}

#[test]
fn the_file_of_a_page_loads_nothing_and_what_pages_share_has_no_style_or_script() {
    for report in [tidy(30), nasty()] {
        let page = html(&report).unwrap();
        let own = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for forbidden in [
            "http:", "https:", "<script", "<link", "src=", "@import", " style=", "onload",
        ] {
            assert!(!own.contains(forbidden), "{forbidden}");
        }
        let opened = page.matches("<table>").count();
        assert_eq!(opened, page.matches("<caption>").count());
        assert_eq!(opened, page.matches("</table>").count());
        assert_eq!(page.matches("<h1>").count(), 1);
        let ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let mut different = ids.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(ids.len(), different.len(), "{ids:?}");
        for anchor in page
            .split("url(#")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            assert!(ids.contains(&anchor), "{anchor}");
        }
    }
}

/// The sheets of a workbook as `LibreOffice` reads them, with values as they are, not as they are
/// shown, and bars between the cells.
fn opened(workbook: &[u8]) -> BTreeMap<String, String> {
    let read = |path: &Path| -> String {
        let mut rows = csv::ReaderBuilder::new();
        let mut rows = rows
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .unwrap();
        let rows = rows.records().map(|row| {
            let row = row.unwrap();
            row.iter().collect::<Vec<_>>().join("|") + "\n"
        });
        rows.collect()
    };
    let (folder, path) = file("relazione.xlsx", workbook);
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.path().join("profilo").display()
    );
    // Every sheet, comma, quotes, UTF-8; values as they are stored, not as they are shown.
    let format = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1";
    let out = folder.path().join("fogli");
    let done = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", format, "--outdir"])
        .args([&out, &path])
        .output()
        .unwrap_or_else(|error| panic!("soffice: {error}: run make test, which installs it"));
    assert!(done.status.success(), "{done:?}");
    let sheets = std::fs::read_dir(&out).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let name = name.strip_prefix("relazione-").unwrap().to_owned();
        (name, read(&path))
    });
    sheets.collect()
}

#[test]
fn the_workbook_of_a_report_opens_with_numbers_as_numbers() {
    let sheets = opened(&tables::xlsx(&tidy(30)).unwrap());
    let names: Vec<&str> = sheets.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [tables::FRONT, "Dispositivi", "Esiti per ente", "Stima"]
    );
    let line = |sheet: &str, start: &str| {
        let line = sheets[sheet].lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{sheet} has no {start}: {}", sheets[sheet]))
            .to_owned()
    };
    assert_eq!(
        line("Stima", "Server"),
        "Server di raccolta presso la Questura|server|1|1200.5|1840|1200.5|1840"
    );
    assert_eq!(
        line("Stima", "In tutto"),
        "In tutto|||||18503306.5|28359920"
    );
    // Shares and dates are numbers, which LibreOffice writes in its own way.
    let share = line("Esiti per ente", "Rho");
    assert_eq!(share, "Rho|3|16|6|19|9|22|63.6363636363636%|10/08/2026");
    assert!(line("Dispositivi", "Canegrate|MI-00001-VAR").contains("|45.4001|9.1001|"));
    assert!(
        sheets[tables::FRONT]
            .contains("4c9d2ac4f3dd6e5e9d5a1fb0f8a1f0e7b1c3d5e7f90123456789abcdef012345")
    );
}

#[test]
fn no_text_of_a_workbook_is_run_as_a_formula() {
    let sheets = opened(&tables::xlsx(&nasty()).unwrap());
    let letters = &sheets["Lettere 1"];
    assert!(letters.contains("=cmd|' /C calc'!A0"), "{letters}");
    let many = &sheets["Molte righe"];
    assert!(many.lines().any(|line| line.starts_with("=1+1|9")));
    assert!(many.contains(MARKUP));
}

fn members(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            (member.name().unwrap().into_owned(), content)
        })
        .collect()
}

#[test]
fn the_package_has_every_form_and_a_manifest_that_fits() {
    let report = tidy(10);
    let members = members(&package(&report).unwrap());
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in &members {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", "manifest.sha256"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let checked = String::from_utf8(checked.stdout).unwrap();
    let names = [
        "relazione.pdf",
        "relazione.xlsx",
        "relazione.html",
        "manifest.json",
    ];
    assert_eq!(checked, names.map(|name| format!("{name}: OK\n")).concat());
    let manifest: serde_json::Value = serde_json::from_slice(&members["manifest.json"]).unwrap();
    assert_eq!(manifest["snapshot"], "Gara TVCC 2027");
    assert_eq!(manifest["draft"], false);
    assert_eq!(manifest["at"], "2026-12-31T17:30:15Z");
    assert_eq!(manifest["basis"]["Dispositivi"], "2.000");
    assert_eq!(
        manifest["files"][0]["bytes"],
        members["relazione.pdf"].len()
    );
}

#[test]
fn a_table_that_is_too_long_for_the_pdf_is_named_there_and_whole_elsewhere() {
    let report = tidy(5_001);
    let pages = pages_of(&report).concat();
    assert!(pages.contains("La tabella ha 5.001 righe"), "{pages}");
    assert!(!pages.contains("MI-00001-VAR"));
    assert!(html(&report).unwrap().contains("MI-05000-VAR"));
}
