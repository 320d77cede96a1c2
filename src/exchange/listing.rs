//! Short tables: read whole from a delimited text or a spreadsheet, and written as a workbook with
//! numbers as numbers.
//!
//! What a file is and how its cells are read is found out as for every file that comes in; the
//! headers are in the row that names most of the columns that are wanted. Nothing in a workbook
//! depends on when it was made. Enforced by `tests/it/tender.rs`.

use super::csv::{unguard, write_table};
use super::source::{Choices, Format, Source, SourceError};
use super::workbook::WorkbookError;
use crate::census::price::euro;
use crate::census::table::{Column, Row, Table};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as Style, FormatBorder, Workbook};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};

/// The most rows of a table.
pub const ROWS: usize = 20_000;

/// Among how many of the first rows the headers are looked for.
const SEARCHED: usize = 30;

/// Reads a table that has some of these columns.
pub fn read(name: &str, file: File, columns: &[Column]) -> Result<Table, SourceError> {
    let refused = |sentence: &str| SourceError::Refused(sentence.to_owned());
    let choices = Choices {
        header_line: Some(0),
        ..Choices::default()
    };
    let source = Source::open(name, file, &choices)?;
    let format = source.detected.format;
    if format.spatial() {
        return Err(refused(
            "Serve una tabella: un foglio di calcolo (XLSX, ODS o CSV), non un livello cartografico.",
        ));
    }
    let mut rows = Vec::new();
    for row in source.rows {
        let row = row?;
        let cells: Vec<String> = row
            .cells
            .iter()
            .map(|cell| unguard(cell.trim()).to_owned())
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let line = row.line;
            rows.push(Row { line, cells });
        }
        if rows.len() > ROWS {
            return Err(SourceError::Refused(format!(
                "Il file ha più di {ROWS} righe: non è la tabella che serve qui."
            )));
        }
    }
    let names = |row: &Row| {
        let known = |cell: &&String| columns.iter().any(|column| column.is(cell));
        row.cells.iter().filter(known).count()
    };
    // Of equals `max_by_key` gives the last.
    let header = rows
        .iter()
        .take(SEARCHED)
        .enumerate()
        .rev()
        .max_by_key(|(_, row)| names(row))
        .map(|(place, _)| place)
        .ok_or_else(|| refused("Il file è vuoto."))?;
    let mut rows = rows.into_iter().skip(header);
    let header = rows.next().ok_or_else(|| refused("Il file è vuoto."))?;
    Ok(Table {
        line: header.line,
        header: header.cells,
        rows: rows.collect(),
        spreadsheet: format != Format::Csv,
    })
}

/// A cell that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A text; may be empty.
    Text(String),
    /// How many.
    Whole(u64),
    /// Cents of euro.
    Euro(i64),
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The cell as text for an Italian spreadsheet.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Euro(cents) => euro(*cents).replace('.', ""),
        }
    }
}

/// A sheet of a workbook: its columns with their widths in characters, and its rows.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Its name.
    pub name: &'static str,
    /// Headers and widths.
    pub columns: Vec<(&'static str, u16)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// Writes a sheet as delimited text.
pub fn delimited(sheet: &Sheet, sink: impl Write) -> io::Result<()> {
    let header = sheet.columns.iter().map(|(title, _)| Cow::Borrowed(*title));
    let rows = sheet.rows.iter();
    let rows = rows.map(|row| row.iter().map(|cell| Cow::Owned(cell.plain())).collect());
    write_table(sink, true, std::iter::once(header.collect()).chain(rows))
}

/// Writes sheets as a workbook.
pub fn workbook(
    title: &str,
    sheets: &[Sheet],
    sink: impl Write + Send,
) -> Result<(), WorkbookError> {
    let mut book = Workbook::new();
    // Neither the day nor the person is in the file.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(
        &DocProperties::new()
            .set_title(title)
            .set_creation_datetime(&made),
    );
    let heading = Style::new()
        .set_bold()
        .set_border_bottom(FormatBorder::Thin)
        .set_background_color("#E6ECF2");
    let whole = Style::new().set_num_format("#,##0");
    let money = Style::new().set_num_format("#,##0.00 [$€-410]");
    for given in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(given.name)?.set_freeze_panes(1, 0)?;
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        for (column, (title, width)) in (0..).zip(&given.columns) {
            sheet.set_column_width(column, *width)?;
            sheet.write_string_with_format(0, column, *title, &heading)?;
        }
        for (row, cells) in (1..).zip(&given.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Text(text) if text.is_empty() => continue,
                    Cell::Text(text) => sheet.write_string(row, column, text)?,
                    #[expect(clippy::cast_precision_loss, reason = "devices and units are few")]
                    Cell::Whole(number) => {
                        sheet.write_number_with_format(row, column, *number as f64, &whole)?
                    }
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "a spreadsheet has no other numbers; below 90 thousand billion euro \
                                  cents are exact"
                    )]
                    Cell::Euro(cents) => sheet.write_number_with_format(
                        row,
                        column,
                        *cents as f64 / 100.0,
                        &money,
                    )?,
                };
            }
        }
        let last_row = u32::try_from(given.rows.len()).unwrap_or(u32::MAX).max(1);
        let columns = u16::try_from(given.columns.len()).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, last_row, columns.saturating_sub(1))?;
    }
    book.save_to_writer(sink)?;
    Ok(())
}
