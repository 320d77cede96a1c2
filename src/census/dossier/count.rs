//! What the report counts, and the pieces its tables are made of.

use super::Line;
use crate::census::collation::italian;
use crate::census::fact::AboutBody;
use crate::census::overview::Outcomes;
use crate::census::report::{Block, Cell, Column, Kind};
use crate::census::verdict::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// The outcomes of what the link concerns.
pub(super) const READERS: [Outcome; 5] = [
    Outcome::Connected,
    Outcome::Compatible,
    Outcome::Adaptable,
    Outcome::Uncertain,
    Outcome::Incompatible,
];

/// What there is of something: devices, where they stand, what they see.
#[derive(Debug, Default)]
pub(super) struct Stock<'a> {
    pub(super) devices: i64,
    pub(super) views: i64,
    pub(super) readers: i64,
    pub(super) in_service: i64,
    pub(super) connected: i64,
    pub(super) fixed: i64,
    pub(super) relocatable: i64,
    pub(super) places: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Stock<'a> {
    pub(super) fn add(&mut self, line: &'a Line) {
        self.devices += 1;
        self.views += line.views;
        self.readers += i64::from(line.is_reader());
        self.in_service += i64::from(line.state == "in_esercizio");
        self.connected += i64::from(line.outcome == Outcome::Connected);
        self.fixed += i64::from(line.installation == "fissa");
        self.relocatable += i64::from(line.installation == "ricollocabile");
        self.places.insert(line.place());
    }

    pub(super) fn sites(&self) -> i64 {
        size(self.places.len())
    }

    pub(super) fn cells(&self) -> [Cell; 7] {
        [
            self.sites(),
            self.devices,
            self.views,
            self.readers,
            self.in_service,
            self.fixed,
            self.relocatable,
        ]
        .map(Cell::Integer)
    }
}

/// The same for every value of something.
pub(super) fn stocks<'a, K: Ord>(
    lines: &'a [Line],
    key: impl Fn(&'a Line) -> K,
) -> BTreeMap<K, Stock<'a>> {
    let mut stocks: BTreeMap<K, Stock<'a>> = BTreeMap::new();
    for line in lines {
        stocks.entry(key(line)).or_default().add(line);
    }
    stocks
}

/// The devices with every value of something, in their order.
pub(super) fn grouped<'a>(
    lines: impl IntoIterator<Item = &'a Line>,
    key: impl Fn(&'a Line) -> &'a str,
) -> BTreeMap<&'a str, Vec<&'a Line>> {
    let mut groups: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        groups.entry(key(line)).or_default().push(line);
    }
    groups
}

/// How many devices have each outcome, for every value of something.
pub(super) fn outcomes<'a, K: Ord>(
    lines: &'a [Line],
    key: impl Fn(&'a Line) -> K,
) -> BTreeMap<K, Outcomes> {
    let mut counted: BTreeMap<K, Outcomes> = BTreeMap::new();
    for line in lines {
        counted.entry(key(line)).or_default().add(line.outcome);
    }
    counted
}

/// What there is of all devices, and how many have each outcome.
pub(super) fn total(lines: &[Line]) -> (Stock<'_>, Outcomes) {
    let (mut stock, mut outcomes) = (Stock::default(), Outcomes::default());
    for line in lines {
        stock.add(line);
        outcomes.add(line.outcome);
    }
    (stock, outcomes)
}

/// The number of readers, then of each outcome.
pub(super) fn outcome_cells(outcomes: &Outcomes) -> Vec<Cell> {
    let each = READERS.iter().map(|outcome| outcomes.of(*outcome));
    std::iter::once(outcomes.readers())
        .chain(each)
        .map(whole)
        .collect()
}

/// The parts of a bar.
pub(super) fn bar(outcomes: &Outcomes) -> Vec<u64> {
    READERS.iter().map(|one| outcomes.of(*one)).collect()
}

/// A count as a cell.
pub(super) fn whole(number: u64) -> Cell {
    Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of devices is shown with one decimal"
)]
pub(super) fn share(part: i64, whole: i64) -> Cell {
    if whole == 0 {
        Cell::Empty
    } else {
        Cell::Decimal(part as f64 / whole as f64)
    }
}

/// The keys of a table in the order of Italian readers, what has no name last.
pub(super) fn in_order<T>(map: BTreeMap<&str, T>) -> Vec<(&str, T)> {
    let mut rows: Vec<_> = map.into_iter().collect();
    rows.sort_by(|(left, _), (right, _)| {
        left.is_empty()
            .cmp(&right.is_empty())
            .then_with(|| italian(left, right))
    });
    rows
}

pub(super) fn named<'a>(bodies: &'a BTreeMap<String, AboutBody>, code: &'a str) -> &'a str {
    bodies.get(code).map_or(code, |body| &body.name)
}

pub(super) fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

pub(super) fn text(title: &str) -> Column {
    Column::new(title, Kind::Text)
}

pub(super) fn number(title: &str) -> Column {
    Column::new(title, Kind::Integer)
}

pub(super) fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(text.into())
}

pub(super) fn outcome_columns(first: Column) -> Vec<Column> {
    let outcomes = READERS.iter().map(|outcome| number(outcome.label()));
    [first, number("Lettori")]
        .into_iter()
        .chain(outcomes)
        .collect()
}

pub(super) fn series() -> Vec<String> {
    READERS.iter().map(|one| one.label().to_owned()).collect()
}

/// A sentence as it goes on after a colon.
pub(super) fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters.clone()).collect()
}

/// «1 dispositivo», «2 dispositivi».
pub(super) fn many(count: i64, one: &str, several: &str) -> String {
    let words = if count == 1 { one } else { several };
    format!("{} {words}", Cell::Integer(count).shown(Kind::Integer))
}
