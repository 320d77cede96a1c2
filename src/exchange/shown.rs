//! A report as readers see it: numbers in Italian, tables and figures numbered, figures drawn.
//!
//! The page and the PDF are made from this, so that they say the same in the same order with the
//! same numbers; only the frame around it is their own. Enforced by the tests below and by
//! `the_page_and_the_pdf_say_the_same`.

use super::figure::{self, breadth};
use crate::census::report::{self, Block, Cell, DRAFT, Report, STATEMENT, Table};
use serde::Serialize;
use std::collections::BTreeSet;

/// How much wider letters of headings are.
pub(super) const BOLD: f64 = 1.08;

/// A report as it is read.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The title.
    pub title: String,
    /// What stands at the top of every page.
    pub running: String,
    /// What it is about.
    pub subtitle: String,
    /// Who issues it.
    pub body: String,
    /// The day it speaks of, in words.
    pub day: String,
    /// What every page says of a draft.
    pub draft: Option<&'static str>,
    /// What it is not.
    pub statement: &'static str,
    /// What it rests on.
    pub basis: Vec<(String, String)>,
    /// Its chapters.
    pub sections: Vec<ShownSection>,
}

/// A chapter.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSection {
    /// Its heading, with its number.
    pub title: String,
    /// Its anchor.
    pub anchor: String,
    /// What it is made of.
    pub blocks: Vec<ShownBlock>,
}

/// A piece of a chapter.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShownBlock {
    /// Running text.
    Paragraph {
        /// Its lines.
        lines: Vec<String>,
    },
    /// Something to keep in mind.
    Note {
        /// Its lines.
        lines: Vec<String>,
    },
    /// Points.
    List {
        /// What they say.
        items: Vec<String>,
    },
    /// A table.
    Table(ShownTable),
    /// Bars or a map.
    Figure {
        /// What it shows, with its number.
        caption: String,
        /// The same for whoever does not see it.
        alt: String,
        /// SVG texts, from the top; none when there is nothing to draw.
        drawings: Vec<String>,
    },
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct ShownTable {
    /// What it shows, with its number.
    pub caption: String,
    /// Its anchor.
    pub anchor: String,
    /// Whether it goes on pages turned on their side.
    pub annex: bool,
    /// Its columns.
    pub columns: Vec<ShownColumn>,
    /// Its rows, as long as there are columns.
    pub rows: Vec<Vec<String>>,
    /// Its last row.
    pub total: Option<Vec<String>>,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize)]
pub struct ShownColumn {
    /// Its heading.
    pub title: String,
    /// Whether it stands at the right.
    pub number: bool,
    /// How wide it would like to be, in ems.
    pub natural: f64,
    /// How wide it must be at least so that no usual word is broken, in ems.
    pub least: f64,
}

impl Shown {
    /// A report as it is read, with every text that is not ours through `spell`.
    #[must_use]
    pub fn of(report: &Report, spell: &dyn Fn(&str) -> String) -> Self {
        let mut maker = Maker {
            spell,
            tables: 0,
            figures: 0,
            anchors: BTreeSet::new(),
        };
        let snapshot = report.snapshot.as_deref();
        Self {
            title: spell(&report.title),
            running: spell(&match snapshot {
                Some(name) => format!("{} · fotografia «{name}»", report.short_title),
                None => report.short_title.clone(),
            }),
            subtitle: spell(&report.subtitle),
            body: spell(&report.body),
            day: report.day(),
            draft: report.is_draft().then_some(DRAFT),
            statement: STATEMENT,
            basis: report
                .basis
                .iter()
                .map(|(label, value)| (spell(label), spell(value)))
                .collect(),
            sections: (1..)
                .zip(&report.sections)
                .map(|(number, section)| ShownSection {
                    title: format!("{number}. {}", spell(&section.title)),
                    anchor: maker.anchor(&section.key),
                    blocks: section
                        .blocks
                        .iter()
                        .map(|block| maker.block(block))
                        .collect(),
                })
                .collect(),
        }
    }
}

struct Maker<'a> {
    spell: &'a dyn Fn(&str) -> String,
    tables: usize,
    figures: usize,
    anchors: BTreeSet<String>,
}

impl Maker<'_> {
    fn block(&mut self, block: &Block) -> ShownBlock {
        match block {
            Block::Paragraph(text) => ShownBlock::Paragraph {
                lines: self.lines(text),
            },
            Block::Note(text) => ShownBlock::Note {
                lines: self.lines(text),
            },
            Block::List(items) => ShownBlock::List {
                items: items.iter().map(|item| (self.spell)(item)).collect(),
            },
            Block::Table(table) => ShownBlock::Table(self.table(table)),
            Block::Bars(bars) => {
                let mut bars = bars.clone();
                bars.unit = (self.spell)(&bars.unit);
                for name in bars
                    .series
                    .iter_mut()
                    .chain(bars.items.iter_mut().map(|item| &mut item.0))
                {
                    *name = (self.spell)(name);
                }
                let prefix = format!("figura-{}", self.figures + 1);
                let drawings = figure::bars(&bars, &prefix);
                self.figure(&bars.caption, &bars.alt, drawings)
            }
            Block::Map(map) => {
                let mut map = map.clone();
                for name in &mut map.classes {
                    *name = (self.spell)(name);
                }
                let drawing = figure::map(&map);
                self.figure(&map.caption, &map.alt, drawing.into_iter().collect())
            }
        }
    }

    /// An anchor that nothing else of the report has.
    fn anchor(&mut self, key: &str) -> String {
        let wanted = report::anchor(key);
        let mut anchor = wanted.clone();
        let mut number = 2;
        while anchor.is_empty() || !self.anchors.insert(anchor.clone()) {
            anchor = format!("{wanted}-{number}");
            number += 1;
        }
        anchor
    }

    fn lines(&self, text: &str) -> Vec<String> {
        text.lines().map(self.spell).collect()
    }

    fn figure(&mut self, caption: &str, alt: &str, drawings: Vec<String>) -> ShownBlock {
        self.figures += 1;
        ShownBlock::Figure {
            caption: format!("Figura {}. {}", self.figures, (self.spell)(caption)),
            alt: (self.spell)(alt),
            drawings,
        }
    }

    fn table(&mut self, table: &Table) -> ShownTable {
        self.tables += 1;
        let row = |row: &[Cell]| -> Vec<String> {
            let cells = table.cells(row);
            cells
                .map(|(column, cell)| (self.spell)(&cell.shown(column.kind)))
                .collect()
        };
        let rows: Vec<Vec<String>> = table.rows.iter().map(|cells| row(cells)).collect();
        let total = table.total.as_deref().map(row);
        let columns = table.columns.iter().enumerate().map(|(index, column)| {
            let all = rows.iter().chain(total.iter());
            let cells = all.filter_map(|cells| cells.get(index).map(String::as_str));
            let (natural, least) = breadths(&column.title, cells, column.kind.is_number());
            ShownColumn {
                title: (self.spell)(&column.title),
                number: column.kind.is_number(),
                natural: column.width.map_or(natural, |wide| f64::from(wide) * 0.55),
                least,
            }
        });
        ShownTable {
            columns: columns.collect(),
            caption: format!("Tabella {}. {}", self.tables, (self.spell)(&table.caption)),
            anchor: self.anchor(&table.key),
            annex: table.annex,
            rows,
            total,
        }
    }
}

/// How wide a column would like to be and how wide it must be, in ems: numbers are never broken,
/// texts where their longest usual word ends.
fn breadths<'a>(title: &str, cells: impl Iterator<Item = &'a str>, number: bool) -> (f64, f64) {
    /// Longer words may be broken; in a heading sooner than in a row.
    const WORD: f64 = 8.0;
    const HEADING: f64 = 6.6;
    /// Texts longer than this go to the next line rather than make the column wider.
    const TEXT: f64 = 26.0;
    let heading = widest_word(title) * BOLD;
    let mut natural = heading;
    let mut least = heading.min(HEADING);
    for cell in cells {
        let wide = measure(cell);
        if number && wide < TEXT / 2.0 {
            natural = natural.max(wide);
            least = least.max(wide);
        } else {
            natural = natural.max(wide.min(TEXT));
            least = least.max(widest_word(cell).min(WORD));
        }
    }
    (natural, least)
}

/// How wide the widest word of a text is, in ems.
pub(super) fn widest_word(text: &str) -> f64 {
    text.split_whitespace().map(measure).fold(0.0, f64::max)
}

/// How wide a text is, in ems.
pub(super) fn measure(text: &str) -> f64 {
    text.chars().map(breadth).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::report::{Bars, Column, Kind, Section};

    fn report(blocks: Vec<Block>) -> Report {
        Report {
            title: "Titolo".into(),
            short_title: "Breve".into(),
            subtitle: "Sotto".into(),
            body: "Ente".into(),
            snapshot: Some("Gara".into()),
            at: 0,
            basis: Vec::new(),
            sections: vec![Section::new("Primo", "Primo capitolo", blocks)],
        }
    }

    #[test]
    fn tables_and_figures_are_numbered_apart_and_rows_are_as_long_as_the_header() {
        let mut table = Table::new(
            "Per ente",
            "Dispositivi",
            vec![Column::new("N.", Kind::Integer)],
        );
        table.rows = vec![vec![], vec![Cell::Integer(1200), Cell::Integer(1)]];
        let bars = Bars {
            caption: "Esiti".into(),
            alt: String::new(),
            unit: String::new(),
            series: Vec::new(),
            tones: Vec::new(),
            items: Vec::new(),
        };
        let blocks = vec![
            Block::Bars(bars),
            Block::Table(table.clone()),
            Block::Table(table),
        ];
        let shown = Shown::of(&report(blocks), &str::to_owned);
        let section = &shown.sections[0];
        assert_eq!(
            (section.title.as_str(), section.anchor.as_str()),
            ("1. Primo", "primo-capitolo")
        );
        let [
            ShownBlock::Figure { caption, .. },
            ShownBlock::Table(_),
            ShownBlock::Table(second),
        ] = section.blocks.as_slice()
        else {
            panic!("{:?}", section.blocks);
        };
        assert_eq!(caption, "Figura 1. Esiti");
        assert_eq!(second.caption, "Tabella 2. Dispositivi");
        assert_eq!(second.anchor, "per-ente-2");
        assert_eq!(second.rows, [[""], ["1.200"]]);
        assert_eq!(shown.running, "Breve · fotografia «Gara»");
        assert_eq!(shown.draft, None);
    }

    #[test]
    fn a_column_of_numbers_is_never_narrower_than_its_numbers() {
        let (natural, least) = breadths("€", ["1.234.567,89 €"].into_iter(), true);
        assert!(least >= measure("1.234.567,89 €") && natural >= least);
        let long = "parola ".repeat(40);
        let (natural, least) = breadths("Note", [long.as_str()].into_iter(), false);
        assert!(natural < 30.0 && least < 8.0, "{natural} {least}");
    }
}
