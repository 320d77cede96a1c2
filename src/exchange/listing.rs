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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::criterion::{Remedy, Subject};
    use crate::census::lot::{self, Lots};
    use crate::census::price::{self, PriceList};
    use crate::census::rules::Bodies;
    use crate::census::table::Fault;
    use crate::census::territory::{Municipality, Territory};
    use geo::MultiPolygon;
    use rust_xlsxwriter::Worksheet;

    /// The table of a workbook.
    fn table(columns: &[Column], fill: impl FnOnce(&mut Worksheet)) -> Table {
        let mut book = Workbook::new();
        fill(book.add_worksheet());
        let mut content = tempfile::tempfile().unwrap();
        content.write_all(&book.save_to_buffer().unwrap()).unwrap();
        io::Seek::rewind(&mut content).unwrap();
        read("elenco.xlsx", content, columns).unwrap()
    }

    fn headers(sheet: &mut Worksheet, names: &[&str]) {
        for (column, name) in (0..).zip(names) {
            sheet.write_string(0, column, *name).unwrap();
        }
    }

    fn prices(cells: &[(f64, &str)]) -> Result<PriceList, Vec<Fault>> {
        let remedies: Vec<Remedy> = (0..cells.len())
            .map(|number| Remedy {
                id: format!("voce-{number}"),
                name: "Una voce".to_owned(),
                unit: Subject::Site,
            })
            .collect();
        let table = table(&price::COLUMNS, |sheet| {
            headers(sheet, &["intervento", "prezzo_minimo", "prezzo_massimo"]);
            for (row, ((number, format), remedy)) in (1..).zip(cells.iter().zip(&remedies)) {
                let format = Style::new().set_num_format(*format);
                sheet.write_string(row, 0, &remedy.id).unwrap();
                sheet
                    .write_number_with_format(row, 1, *number, &format)
                    .unwrap();
                sheet.write_number(row, 2, 1e6).unwrap();
            }
        });
        PriceList::read(&table, &remedies)
    }

    #[test]
    fn the_noise_of_a_sum_in_a_workbook_is_not_in_its_price() {
        let list = prices(&[
            (19.990_000_000_000_002, "General"),
            (0.1 + 0.2, "#,##0.00 [$€-410]"),
            (1_500.0, "0.00\" %\""),
            (22.5, "0.00;-0.00%"),
        ])
        .unwrap();
        let low: Vec<i64> = list.prices.iter().map(|price| price.low).collect();
        assert_eq!(low, [1_999, 30, 150_000, 2_250]);
    }

    #[test]
    fn a_date_or_a_percentage_in_a_workbook_is_no_price_and_is_named_where_it_stands() {
        let faults = prices(&[
            (1_500.0, "dd/mm/yyyy"),
            (0.22, "0%"),
            (0.075, "0.0%"),
            (0.5, "hh:mm"),
            (10.995_1, "0.00"),
            (10.0, "0.00"),
        ])
        .unwrap_err();
        let said: Vec<_> = faults
            .iter()
            .map(|one| (one.line, one.column.as_str()))
            .collect();
        let column = "prezzo_minimo";
        assert_eq!(
            said,
            [
                (2, column),
                (3, column),
                (4, column),
                (5, column),
                (6, column)
            ]
        );
        for (fault, words) in faults.iter().zip([
            "«1904-02-08» è una data",
            "«22%» è una percentuale",
            "«7.5%» è una percentuale",
            "«12:00:00» è un’ora",
            "troppi decimali",
        ]) {
            assert!(fault.message.contains(words), "{fault:?}");
        }
        assert!(faults[0].message.contains("formato «Numero»"), "{faults:?}");
    }

    #[test]
    fn a_lot_that_a_workbook_took_for_a_date_is_named_where_it_stands() {
        let table = table(&lot::COLUMNS, |sheet| {
            headers(sheet, &["lotto", "comune"]);
            let date = Style::new().set_num_format("d-mmm");
            sheet.write_string(1, 0, "1-2").unwrap();
            sheet.write_string(1, 1, "Milano").unwrap();
            sheet
                .write_number_with_format(2, 0, 46_054.0, &date)
                .unwrap();
            sheet.write_string(2, 1, "Rho").unwrap();
        });
        let comune = |istat: &str, name: &str| Municipality {
            istat: istat.to_owned(),
            name: name.to_owned(),
            belfiore: String::new(),
            province: "MI".to_owned(),
            covered: true,
            boundary: MultiPolygon(Vec::new()),
        };
        let territory = Territory::new(vec![comune("015146", "Milano"), comune("015182", "Rho")]);
        let faults = Lots::read(&table, &territory, &Bodies::new([])).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert_eq!((faults[0].line, faults[0].column.as_str()), (3, "lotto"));
        assert!(faults[0].message.contains("è una data"), "{faults:#?}");
    }
}
