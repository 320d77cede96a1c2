//! A report as a PDF: set by Typst, tagged, PDF/UA-1 and PDF/A-2a at once. The only module that
//! names Typst.
//!
//! The template is ours; what the report says reaches it as data, in a file that exists only for
//! Typst, so that no text is ever read as markup. Nothing else can be reached: no other file, no
//! package, no font of the machine, no clock. Widths of columns are decided here, where what they
//! hold is known, so that no table leaves its page. Characters that the font lacks are spelled by
//! number rather than left out, because a document for the archive may not have a glyph for nothing.
//! Enforced by the tests below and by `tests/it/report.rs`, with `qpdf`, Poppler and veraPDF.

use super::shown::{BOLD, Shown, ShownBlock, ShownColumn, ShownTable, measure, widest_word};
use crate::census::report::{Cell, Kind, Report};
use rust_embed::RustEmbed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use unicode_normalization::UnicodeNormalization;

/// What the PDF conforms to, both at once.
const STANDARDS: [PdfStandard; 2] = [PdfStandard::Ua_1, PdfStandard::A_2a];

const TEMPLATE: &str = include_str!("../../templates/report/report.typ");

/// Where the template finds the report.
const DATA: &str = "report.json";

/// How wide the text is on an upright page and on one turned on its side, in points; the template
/// has the margins that leave as much.
const UPRIGHT: f64 = 481.8;
const SIDEWAYS: f64 = 756.8;

/// How high the text is there.
const HIGH: f64 = 701.9;
const LOW: f64 = 477.3;

/// A table that takes less than this part of a page is not divided.
const TOGETHER: f64 = 0.5;

/// The white at both sides of a cell together, in points; the template has half of it at each.
const INSET: f64 = 7.0;

/// Sizes of letters in tables, in points, the first that has room.
const SIZES: [f64; 5] = [9.5, 9.0, 8.5, 8.0, 7.5];
const ANNEX_SIZES: [f64; 4] = [8.5, 8.0, 7.5, 7.0];

/// The most rows of all tables together that are set: each takes some 200 kilobytes of memory while
/// type is set. What is longer is in the workbook, and the PDF says so.
const ROWS: usize = 5_000;

/// Words up to so many letters are hyphenated; longer ones, and whatever is not a word, are broken
/// anywhere.
const WORD: usize = 30;

/// Where a line may end and nothing is to be seen.
const BREAK: char = '\u{200b}';

/// How wide running text and the values of the basis are, in ems.
const LINE: f64 = 44.0;
const VALUE: f64 = 37.0;

/// Why a PDF was not made: a mistake of the program, never of what a report says.
#[derive(Debug, thiserror::Error)]
#[error("il PDF della relazione non si compone: {0}")]
pub struct TypesettingError(String);

impl TypesettingError {
    fn of(diagnostics: impl IntoIterator<Item = SourceDiagnostic>) -> Self {
        let messages = diagnostics.into_iter().map(|one| {
            let hints = one.hints.iter().map(|hint| format!(" ({})", hint.v));
            format!("{}{}", one.message, hints.collect::<String>())
        });
        Self(messages.collect::<Vec<_>>().join("; "))
    }
}

/// The bytes of the PDF.
pub fn pdf(report: &Report) -> Result<Vec<u8>, TypesettingError> {
    let result = compile(report);
    // What Typst remembers is of no use to the next report.
    typst::comemo::evict(0);
    result
}

fn compile(report: &Report) -> Result<Vec<u8>, TypesettingError> {
    let data = data(report)?;
    let world = Desk::new(data)?;
    let document = typst::compile(&world)
        .output
        .map_err(TypesettingError::of)?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{} {}", report.title, report.at)),
        creator: Smart::Custom(Some("Varco".to_owned())),
        timestamp: timestamp(report),
        standards: PdfStandards::new(&STANDARDS)
            .map_err(|hinted| TypesettingError(hinted.message().to_string()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(TypesettingError::of)
}

fn timestamp(report: &Report) -> Option<Timestamp> {
    let at = report.moment();
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = Datetime::from_ymd_hms(
        at.year().into(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )?;
    Timestamp::new_local(date, at.offset().seconds() / 60)
}

/// What the template is given.
#[derive(Serialize)]
struct Data<'a> {
    report: &'a Shown,
    layouts: &'a BTreeMap<String, Layout>,
}

/// How a table is set.
#[derive(Serialize)]
struct Layout {
    /// The height of its letters, in points.
    size: f64,
    /// The widths of its columns, in points.
    widths: Vec<f64>,
    /// Whether every word of a column's heading fits, so that none is hyphenated.
    whole: Vec<bool>,
    /// Whether every word of a column's rows fits: names are not hyphenated without need.
    plain: Vec<bool>,
    /// Whether the table stays on one page.
    together: bool,
    /// Whether a row may go on in the next page: it has more lines than a page.
    loose: bool,
}

fn data(report: &Report) -> Result<Vec<u8>, TypesettingError> {
    let mut shown = Shown::of(report, &spelled);
    let mut layouts = BTreeMap::new();
    let mut rows = 0;
    for (_, value) in &mut shown.basis {
        *value = breakable(value, VALUE);
    }
    for text in [&mut shown.title, &mut shown.subtitle, &mut shown.body] {
        *text = breakable(text, LINE / 3.0);
    }
    for block in shown
        .sections
        .iter_mut()
        .flat_map(|section| &mut section.blocks)
    {
        match block {
            ShownBlock::Paragraph { lines } | ShownBlock::Note { lines } => loosen(lines),
            ShownBlock::List { items } => loosen(items),
            ShownBlock::Table(table) if rows + table.rows.len() > ROWS => {
                *block = elsewhere(table);
            }
            ShownBlock::Table(table) => {
                rows += table.rows.len();
                layouts.insert(table.anchor.clone(), laid_out(table));
            }
            ShownBlock::Figure { .. } => {}
        }
    }
    let data = Data {
        report: &shown,
        layouts: &layouts,
    };
    serde_json::to_vec(&data).map_err(|error| TypesettingError(error.to_string()))
}

fn loosen(texts: &mut [String]) {
    for text in texts {
        *text = breakable(text, LINE);
    }
}

/// What stands in the place of a table that is too long.
fn elsewhere(table: &ShownTable) -> ShownBlock {
    let rows = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
    ShownBlock::Note {
        lines: vec![
            table.caption.clone(),
            format!(
                "La tabella ha {} righe, troppe per queste pagine: sta per intero nella cartella di \
                 lavoro (XLSX) della stessa relazione.",
                Cell::Integer(rows).shown(Kind::Integer)
            ),
        ],
    }
}

/// Decides how a table is set, and lets what is wider than its column be broken.
fn laid_out(table: &mut ShownTable) -> Layout {
    let mut layout = layout(table);
    let rooms: Vec<f64> = layout
        .widths
        .iter()
        .map(|wide| (wide - INSET) / layout.size)
        .collect();
    let rows = table.rows.iter().chain(&table.total);
    let heights: Vec<f64> = rows.map(|row| height(row, &rooms)).collect();
    let page = if table.annex { LOW } else { HIGH } / layout.size;
    for row in table.rows.iter_mut().chain(&mut table.total) {
        for (cell, room) in row.iter_mut().zip(&rooms) {
            *cell = breakable(cell, *room);
        }
    }
    for (column, room) in table.columns.iter_mut().zip(&rooms) {
        column.title = breakable(&column.title, room / BOLD);
    }
    let highest = heights.iter().copied().fold(0.0, f64::max);
    layout.loose = highest > page / 2.0;
    layout.together = heights.iter().sum::<f64>() < page * TOGETHER;
    layout
}

/// About how many ems a row is high, its white included.
fn height(row: &[String], rooms: &[f64]) -> f64 {
    let lines = row.iter().zip(rooms).map(|(cell, room)| {
        let wide = measure(cell) / room.max(1.0);
        // A line is seldom full, but the only one.
        if wide <= 1.0 {
            1.0
        } else {
            (wide * 1.25).ceil()
        }
    });
    lines.fold(1.0, f64::max) * 1.2 + 1.1
}

/// The largest letters with which every column has what it needs, and a share of what it would like.
fn layout(table: &ShownTable) -> Layout {
    let sizes = if table.annex {
        &ANNEX_SIZES[..]
    } else {
        &SIZES
    };
    let page = if table.annex { SIDEWAYS } else { UPRIGHT };
    let columns = u32::try_from(table.columns.len()).unwrap_or(u32::MAX);
    let white = INSET * f64::from(columns);
    let natural: f64 = table
        .columns
        .iter()
        .map(|column| column.natural.max(column.least))
        .sum();
    let least: f64 = table.columns.iter().map(|column| column.least).sum();
    let room = |size: f64| ((page - white) / size).max(1.0);
    let enough = |size: &&f64| room(**size) >= least + (natural - least) * 0.7;
    let size = sizes
        .iter()
        .find(enough)
        .or(sizes.last())
        .copied()
        .unwrap_or(8.0);
    let room = room(size);
    let widths = table.columns.iter().map(|column| {
        let wanted = column.natural.max(column.least);
        let wide = if natural <= room {
            wanted * room / natural.max(1.0)
        } else if least <= room {
            column.least + (wanted - column.least) * (room - least) / (natural - least)
        } else {
            column.least * room / least
        };
        wide * size + INSET
    });
    let widths: Vec<f64> = widths.collect();
    let fits = |(column, wide): (&ShownColumn, &f64)| {
        widest_word(&column.title) * BOLD <= (wide - INSET) / size
    };
    let holds = |(index, wide): (usize, &f64)| {
        let mut cells = table.rows.iter().chain(&table.total);
        let room = (wide - INSET) / size;
        cells.all(|row| row.get(index).is_none_or(|cell| widest_word(cell) <= room))
    };
    Layout {
        size,
        whole: table.columns.iter().zip(&widths).map(fits).collect(),
        plain: widths.iter().enumerate().map(holds).collect(),
        together: false,
        loose: false,
        widths,
    }
}

/// A text of which what is wider than `room` ems, and cannot be hyphenated, may be broken anywhere.
fn breakable(text: &str, room: f64) -> String {
    if measure(text) <= room {
        return text.to_owned();
    }
    let mut loose = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let plain = word.chars().all(char::is_alphabetic) && word.chars().count() <= WORD;
        if plain || measure(word) <= room {
            loose.push_str(piece);
        } else {
            piece
                .split_inclusive(['/', '.', '-', '_', '@', '=', '&'])
                .for_each(|part| broken(part, room, &mut loose));
        }
    }
    loose
}

/// Appends a part of an address or of a code, after which a line may end; when it is too wide by
/// itself, a line may end anywhere in it.
fn broken(part: &str, room: f64, loose: &mut String) {
    if measure(part.trim_end()) <= room {
        loose.push_str(part);
        loose.push(BREAK);
        return;
    }
    for one in part.chars() {
        loose.push(one);
        loose.push(BREAK);
    }
}

/// A text with nothing in it that the font cannot show.
fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for one in text.nfc() {
        match one {
            _ if one.is_control() => spelled.push(' '),
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            '\u{2002}'..='\u{200a}' | '\u{202f}' => spelled.push('\u{a0}'),
            '\u{2010}' | '\u{2011}' => spelled.push('-'),
            '\u{2192}' => spelled.push_str("->"),
            _ if FONTS.covers(one) => spelled.push(one),
            _ => {
                let _ = write!(spelled, "[U+{:04X}]", u32::from(one));
            }
        }
    }
    spelled
}

#[derive(RustEmbed)]
#[folder = "static/vendor/titillium"]
struct Titillium;

/// The cuts of the one family.
struct Fonts {
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
}

static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let files = Titillium::iter().filter_map(|name| Titillium::get(&name));
    let fonts: Vec<Font> = files
        .filter_map(|file| Font::new(Bytes::new(file.data.into_owned()), 0))
        .collect();
    Fonts {
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
    }
});

impl Fonts {
    /// Whether every cut has it.
    fn covers(&self, one: char) -> bool {
        let covers = |font: &Font| font.info().coverage.contains(u32::from(one));
        self.fonts.iter().all(covers)
    }
}

static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(<Library as LibraryExt>::default()));

/// All there is for Typst: a template and a report.
struct Desk {
    template: Source,
    report: FileId,
    data: Bytes,
}

impl Desk {
    fn new(data: Vec<u8>) -> Result<Self, TypesettingError> {
        Ok(Self {
            template: Source::new(place("report.typ")?, TEMPLATE.to_owned()),
            report: place(DATA)?,
            data: Bytes::new(data),
        })
    }
}

/// The same place each time: Typst keeps every one for ever.
fn place(name: &str) -> Result<FileId, TypesettingError> {
    let path = VirtualPath::new(name).map_err(|error| TypesettingError(error.to_string()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() {
            Ok(self.template.clone())
        } else {
            Err(missing(id))
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.report {
            Ok(self.data.clone())
        } else {
            Err(missing(id))
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(f64, f64)], annex: bool) -> ShownTable {
        let columns = columns.iter().map(|&(natural, least)| ShownColumn {
            title: "Colonna".into(),
            number: false,
            natural,
            least,
        });
        ShownTable {
            caption: String::new(),
            anchor: String::new(),
            annex,
            columns: columns.collect(),
            rows: Vec::new(),
            total: None,
        }
    }

    #[test]
    fn a_table_is_as_wide_as_its_page_whatever_it_holds() {
        let cases = [
            (vec![(3.0, 2.0)], false),
            (vec![(30.0, 7.0), (5.0, 5.0)], false),
            (vec![(30.0, 7.0); 7], false),
            (vec![(30.0, 7.0); 20], true),
            (vec![(0.0, 0.0); 3], false),
        ];
        for (columns, annex) in cases {
            let wide: f64 = layout(&table(&columns, annex)).widths.iter().sum();
            let page = if annex { SIDEWAYS } else { UPRIGHT };
            assert!(wide <= page + 0.1, "{columns:?}: {wide}");
        }
        assert!(
            layout(&table(&[(3.0, 2.0)], false)).size
                > layout(&table(&[(30.0, 7.0); 9], false)).size
        );
    }

    #[test]
    fn only_what_is_too_wide_and_no_word_is_broken_anywhere() {
        assert_eq!(
            breakable("videosorveglianza comunale", 5.0),
            "videosorveglianza comunale"
        );
        let code = breakable("MI-0123456789-ABCDEFGH fine", 5.0);
        assert!(
            code.starts_with("MI-\u{200b}0\u{200b}1") && code.ends_with("fine"),
            "{code:?}"
        );
        let address = breakable("su esempio.it/pagina, terza", 5.0);
        assert_eq!(
            address,
            "su esempio.\u{200b}it/\u{200b}pagina, \u{200b}terza"
        );
        assert_eq!(breakable("MI-01", 5.0), "MI-01");
    }

    #[test]
    fn a_character_without_a_glyph_is_spelled_by_its_number() {
        assert_eq!(spelled("È «così»: 3 ≤ 5 €"), "È «così»: 3 ≤ 5 €");
        assert_eq!(spelled("e\u{300} 中\u{7}→"), "è [U+4E2D] ->");
        assert_eq!(FONTS.fonts.len(), 3);
    }
}
