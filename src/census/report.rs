//! A report as a document: what the page, the workbook, the PDF and the package are all made of.
//!
//! Whoever computes something says it once, as sections of paragraphs, tables, bars and maps; how it
//! is drawn is nobody's business here. Nothing in a report depends on when it is drawn: its only
//! instant is the one it speaks of. Values stay values until they are shown, so that a workbook has
//! numbers and a page has Italian separators. Enforced by the tests below and by
//! `the_same_report_gives_the_same_bytes_in_every_form`.

use super::moment;
use crate::clock::{self, Instant};
use jiff::civil::Date;

/// What every report says of itself, because what the Ministry asks for is not public.
pub const STATEMENT: &str = "Questo documento non è, e non riproduce, la specifica tecnica del \
    Ministero dell’Interno per il collegamento al sistema nazionale dei transiti (SCNTT), che non è \
    pubblica. Gli esiti valgono per i criteri indicati, ciascuno con la sua fonte e con il suo grado \
    di attendibilità, e non sostituiscono la valutazione del Ministero.";

/// What stands on every page of a report that is not made from a snapshot.
pub const DRAFT: &str = "BOZZA: non proviene da una fotografia";

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What it is called, on its cover.
    pub title: String,
    /// What it is called at the top of every page.
    pub short_title: String,
    /// What it is about, in a sentence.
    pub subtitle: String,
    /// Who issues it: the coordinating body.
    pub body: String,
    /// The name of the snapshot it is made from; without one it is a draft, and every page says so.
    pub snapshot: Option<String>,
    /// The instant it speaks of: the snapshot's, or the one at which a draft was asked for.
    pub at: Instant,
    /// What it rests on, as labels and values: snapshot, hash, devices, criteria, prices, layers.
    pub basis: Vec<(String, String)>,
    /// What it says.
    pub sections: Vec<Section>,
}

impl Report {
    /// Whether it is not made from a snapshot.
    #[must_use]
    pub const fn is_draft(&self) -> bool {
        self.snapshot.is_none()
    }

    /// The instant it speaks of, as clocks in Italy showed it.
    #[must_use]
    pub fn moment(&self) -> jiff::Zoned {
        clock::local(self.at)
    }

    /// The day it speaks of, in words: `2 marzo 2026`.
    #[must_use]
    pub fn day(&self) -> String {
        moment::day(self.moment().date())
    }

    /// Its tables, in their order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }
}

/// A chapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its heading, without a number.
    pub title: String,
    /// What its anchor in a page is spelled after.
    pub key: String,
    /// What it is made of.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A chapter.
    #[must_use]
    pub fn new(title: &str, key: &str, blocks: Vec<Block>) -> Self {
        Self {
            title: title.to_owned(),
            key: key.to_owned(),
            blocks,
        }
    }
}

/// A piece of a chapter.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Running text; line breaks stay.
    Paragraph(String),
    /// Something to keep in mind while reading what follows.
    Note(String),
    /// Points.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// Horizontal bars.
    Bars(Bars),
    /// A map.
    Map(Map),
}

/// What a column holds, which decides how its numbers are written and where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with so many decimals.
    Decimal(u8),
    /// Euro: cells are [`Cell::Cents`].
    Money,
    /// Dates.
    Date,
    /// Shares: cells are [`Cell::Decimal`] from 0 to 1.
    Percent,
}

impl Kind {
    /// Whether its cells stand at the right.
    #[must_use]
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Date)
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading; never empty.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
    /// How many characters wide it would like to be; what it holds decides when nothing is said.
    pub width: Option<u16>,
}

impl Column {
    /// A column as wide as what it holds.
    #[must_use]
    pub fn new(title: &str, kind: Kind) -> Self {
        Self {
            title: title.to_owned(),
            kind,
            width: None,
        }
    }

    /// The same column, so many characters wide where there is room.
    #[must_use]
    pub const fn wide(mut self, characters: u16) -> Self {
        self.width = Some(characters);
        self
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words; they may stand in a column of numbers, as «non noto».
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number; how many decimals are shown is the column's to say.
    Decimal(f64),
    /// Hundredths of a euro.
    Cents(i64),
    /// A date.
    Date(Date),
    /// Nothing is known or nothing is to be said.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl Cell {
    /// As Italians write it: `1.234,56`, `31/12/2024`, `12,5 %`, `1.234,56 €`.
    #[must_use]
    pub fn shown(&self, kind: Kind) -> String {
        match (self, kind) {
            (Self::Text(text), _) => text.clone(),
            (Self::Integer(number), Kind::Decimal(digits)) => {
                let whole = grouped(&number.unsigned_abs().to_string());
                signed(
                    *number < 0,
                    &with_decimals(&whole, &"0".repeat(digits.into())),
                )
            }
            (Self::Integer(number), _) => {
                signed(*number < 0, &grouped(&number.unsigned_abs().to_string()))
            }
            (Self::Decimal(number), _) if !number.is_finite() => String::new(),
            (Self::Decimal(number), Kind::Percent) => format!("{} %", decimal(number * 100.0, 1)),
            (Self::Decimal(number), Kind::Decimal(digits)) => decimal(*number, digits.into()),
            (Self::Decimal(number), Kind::Integer) => decimal(*number, 0),
            (Self::Decimal(number), _) => decimal(*number, 2),
            (Self::Cents(cents), _) => {
                let whole = grouped(&(cents.unsigned_abs() / 100).to_string());
                let hundredths = format!("{:02}", cents.unsigned_abs() % 100);
                format!(
                    "{} €",
                    signed(*cents < 0, &with_decimals(&whole, &hundredths))
                )
            }
            (Self::Date(date), _) => date.strftime("%d/%m/%Y").to_string(),
            (Self::Empty, _) => String::new(),
        }
    }
}

/// A number with so many decimals, as Italians write it.
fn decimal(number: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", number.abs());
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    // What rounds to nothing has no sign.
    let negative = number < 0.0 && text.chars().any(|one| one != '0' && one != '.');
    signed(negative, &with_decimals(&grouped(whole), decimals))
}

fn with_decimals(whole: &str, decimals: &str) -> String {
    if decimals.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole},{decimals}")
    }
}

fn signed(negative: bool, number: &str) -> String {
    if negative {
        format!("-{number}")
    } else {
        number.to_owned()
    }
}

/// Digits with a full stop before every third from the right.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name of its sheet, and what its anchor in a page is spelled after.
    pub key: String,
    /// What it shows.
    pub caption: String,
    /// Its columns; the first one names the row.
    pub columns: Vec<Column>,
    /// Its rows; what a row has too few cells for is empty.
    pub rows: Vec<Vec<Cell>>,
    /// Its last row, set apart.
    pub total: Option<Vec<Cell>>,
    /// Whether it is long and wide, and goes on pages of its own that are turned on their side.
    pub annex: bool,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(key: &str, caption: &str, columns: Vec<Column>) -> Self {
        Self {
            key: key.to_owned(),
            caption: caption.to_owned(),
            columns,
            rows: Vec::new(),
            total: None,
            annex: false,
        }
    }

    /// Every column with the cell that a row has for it.
    pub fn cells<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
        let cells = row.iter().chain(std::iter::repeat(&Cell::Empty));
        self.columns.iter().zip(cells)
    }
}

/// Horizontal bars, each made of the parts of its series.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What they show.
    pub caption: String,
    /// The same for whoever does not see them: what there is to be understood from them.
    pub alt: String,
    /// What is counted, in the plural: `dispositivi`.
    pub unit: String,
    /// The names of the parts, the same for every bar.
    pub series: Vec<String>,
    /// The number of the colour and pattern of each part, from 0; its own place where none is said.
    pub tones: Vec<usize>,
    /// The bars, from the top: name, and a number for each series.
    pub items: Vec<(String, Vec<u64>)>,
}

/// A map.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// What it shows.
    pub caption: String,
    /// The same for whoever does not see it.
    pub alt: String,
    /// Rings of boundaries: longitude and latitude, EPSG:4326, degrees.
    pub boundaries: Vec<Vec<(f64, f64)>>,
    /// The names of the classes of points, each with a sign of its own.
    pub classes: Vec<String>,
    /// Points: longitude, latitude (EPSG:4326, degrees) and the number of its class, from 0.
    pub points: Vec<(f64, f64, usize)>,
    /// What is written where there is room, the more important first.
    pub places: Vec<Place>,
}

/// A place with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// The points that the name must not cover: longitude and latitude, EPSG:4326, degrees.
    pub points: Vec<(f64, f64)>,
}

/// A text as an anchor: lower case letters without accents, digits and hyphens.
#[must_use]
pub fn anchor(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let letters = text
        .nfkd()
        .filter(|one| !unicode_normalization::char::is_combining_mark(*one));
    let mut spelled = String::new();
    for one in letters.flat_map(char::to_lowercase) {
        if one.is_ascii_alphanumeric() {
            spelled.push(one);
        } else if !spelled.is_empty() && !spelled.ends_with('-') {
            spelled.push('-');
        }
    }
    spelled.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_italians_write_them() {
        let shown = |cell: Cell, kind| cell.shown(kind);
        assert_eq!(shown(Cell::Integer(0), Kind::Integer), "0");
        assert_eq!(shown(Cell::Integer(999), Kind::Integer), "999");
        assert_eq!(
            shown(Cell::Integer(-1_234_567), Kind::Integer),
            "-1.234.567"
        );
        assert_eq!(shown(Cell::Integer(1000), Kind::Decimal(2)), "1.000,00");
        assert_eq!(shown(Cell::Decimal(1234.5), Kind::Decimal(2)), "1.234,50");
        assert_eq!(shown(Cell::Decimal(-0.001), Kind::Decimal(2)), "0,00");
        assert_eq!(shown(Cell::Decimal(0.8), Kind::Percent), "80,0 %");
        assert_eq!(shown(Cell::Decimal(f64::NAN), Kind::Decimal(1)), "");
        assert_eq!(shown(Cell::Cents(123_456), Kind::Money), "1.234,56 €");
        assert_eq!(shown(Cell::Cents(-5), Kind::Money), "-0,05 €");
        assert_eq!(
            shown(Cell::Date(jiff::civil::date(2024, 12, 31)), Kind::Date),
            "31/12/2024"
        );
        assert_eq!(shown(Cell::Empty, Kind::Money), "");
        assert_eq!(shown("non noto".into(), Kind::Integer), "non noto");
    }

    #[test]
    fn a_row_has_a_cell_for_every_column_and_no_more() {
        let columns = vec![
            Column::new("Ente", Kind::Text),
            Column::new("Dispositivi", Kind::Integer),
        ];
        let table = Table::new("t", "T", columns);
        let few = [Cell::from("uno")];
        let cells: Vec<_> = table.cells(&few).map(|(_, cell)| cell.clone()).collect();
        assert_eq!(cells, ["uno".into(), Cell::Empty]);
        let many = [Cell::Integer(1), Cell::Integer(2), Cell::Integer(3)];
        assert_eq!(table.cells(&many).count(), 2);
    }

    #[test]
    fn an_anchor_has_nothing_that_an_address_minds() {
        assert_eq!(
            anchor("Quantità per «ente»: 3 bis"),
            "quantita-per-ente-3-bis"
        );
        assert_eq!(anchor("  "), "");
    }
}
