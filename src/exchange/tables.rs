//! A report as a workbook: what it rests on and what it says, then a sheet for each table.
//!
//! Numbers, dates, shares and sums are values with a format, never texts that look like them; texts
//! are cells of text, so none is run as a formula. Figures are not drawn: the tables have their
//! numbers. Nothing in a workbook depends on when it was made. Enforced by the tests below and by
//! `the_workbook_of_a_report_opens_with_numbers_as_numbers`.

use super::workbook::WorkbookError;
use crate::census::report::{Block, Cell, DRAFT, Kind, Report, STATEMENT, Table};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};
use std::collections::BTreeSet;

/// The first sheet.
pub const FRONT: &str = "Base e metodo";

/// The longest text of a cell, in characters.
const LONGEST: usize = 32_767;

/// The longest name of a sheet, in characters.
const NAME: usize = 31;

type Result<T> = std::result::Result<T, WorkbookError>;

/// The bytes of the workbook; fails when a table has more rows than a sheet.
pub fn xlsx(report: &Report) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    book.set_properties(&properties(report)?);
    let names = names(report);
    front(book.add_worksheet(), report, &names)?;
    let formats = Formats::new();
    for (table, name) in report.tables().zip(&names) {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        fill(sheet, table, &formats)?;
        printed(sheet, report);
    }
    Ok(book.save_to_buffer()?)
}

fn properties(report: &Report) -> Result<DocProperties> {
    // Programs that read it take it for UTC.
    let at = report.moment().with_time_zone(jiff::tz::TimeZone::UTC);
    let year = u16::try_from(at.year()).unwrap_or(1970);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let made = ExcelDateTime::from_ymd(year, part(at.month()), part(at.day()))?.and_hms(
        u16::from(part(at.hour())),
        part(at.minute()),
        f64::from(at.second()),
    )?;
    Ok(DocProperties::new()
        .set_title(&report.title)
        .set_subject(&report.subtitle)
        .set_author(&report.body)
        .set_creation_datetime(&made))
}

/// How sheets are printed: on their side, as wide as the paper, with the header on every page.
fn printed(sheet: &mut Worksheet, report: &Report) {
    let head = if report.is_draft() {
        DRAFT
    } else {
        &report.short_title
    };
    sheet
        .set_landscape()
        .set_paper_size(9)
        .set_print_fit_to_pages(1, 0)
        // An ampersand is a command there.
        .set_header(format!("&L{}", clipped(&head.replace('&', "&&"), 200)))
        .set_footer("&RPagina &P di &N");
}

/// The names of the sheets of the tables, each different and such as a workbook allows.
fn names(report: &Report) -> Vec<String> {
    let mut taken = BTreeSet::from([FRONT.to_lowercase()]);
    let tables = report.tables();
    tables
        .map(|table| {
            let plain: String = table
                .key
                .chars()
                .map(|one| match one {
                    '-' => ' ',
                    _ if "[]:*?/\\".contains(one) || one.is_control() => ' ',
                    _ => one,
                })
                .collect();
            let plain = plain.trim_matches(|one: char| one == '\'' || one.is_whitespace());
            let plain = if plain.is_empty() { "Tabella" } else { plain };
            let plain = title(plain);
            let mut name = clipped(&plain, NAME).trim_end_matches('\'').to_owned();
            let mut number = 2;
            while !taken.insert(name.to_lowercase()) {
                let end = format!(" {number}");
                name = format!("{}{end}", clipped(&plain, NAME - end.len()));
                number += 1;
            }
            name
        })
        .collect()
}

/// A text that begins with a capital letter.
fn title(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}

/// As many units of UTF-16 as a limit of the format allows.
fn clipped(text: &str, limit: usize) -> String {
    let mut used = 0;
    let fits = |one: &char| {
        used += one.len_utf16();
        used <= limit
    };
    text.chars().take_while(fits).collect()
}

struct Formats {
    heading: Format,
    bold: Format,
    wrapped: Format,
}

impl Formats {
    fn new() -> Self {
        let top = Format::new().set_align(FormatAlign::Top);
        Self {
            heading: top
                .clone()
                .set_bold()
                .set_text_wrap()
                .set_border_bottom(FormatBorder::Thin)
                .set_background_color("#E6ECF2"),
            bold: top.clone().set_bold().set_text_wrap(),
            wrapped: top.set_text_wrap(),
        }
    }
}

/// How the values of a column look.
fn format(kind: Kind, total: bool) -> Format {
    let format = Format::new().set_align(FormatAlign::Top);
    let format = match kind {
        Kind::Text => format.set_text_wrap(),
        Kind::Integer | Kind::Decimal(0) => format.set_num_format("#,##0"),
        Kind::Decimal(digits) => {
            format.set_num_format(format!("#,##0.{}", "0".repeat(digits.into())))
        }
        Kind::Money => format.set_num_format("#,##0.00\\ \"€\""),
        Kind::Date => format.set_num_format("dd/mm/yyyy"),
        Kind::Percent => format.set_num_format("0.0%"),
    };
    if total {
        format.set_bold().set_border_top(FormatBorder::Thin)
    } else {
        format
    }
}

fn fill(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<()> {
    let too_many = |_too_many| WorkbookError::TooMany;
    let last = u16::try_from(table.columns.len().saturating_sub(1)).map_err(too_many)?;
    let rows = u32::try_from(table.rows.len()).map_err(too_many)?;
    let mut widths = Vec::new();
    let mut plain = Vec::new();
    let mut summed = Vec::new();
    for (index, column) in (0..).zip(&table.columns) {
        sheet.write_string_with_format(
            0,
            index,
            clipped(&column.title, LONGEST),
            &formats.heading,
        )?;
        let wide = width(table, usize::from(index));
        sheet.set_column_width(index, wide)?;
        widths.push(usize::try_from(wide).unwrap_or(60));
        plain.push(format(column.kind, false));
        summed.push(format(column.kind, true));
    }
    sheet.set_row_height(0, 2.0 * LINE)?;
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_repeat_rows(0, 0)?;
    for (number, row) in (1..).zip(&table.rows) {
        write_row(sheet, number, (table, &widths), row, &plain)?;
    }
    if !table.columns.is_empty() {
        sheet.autofilter(0, 0, rows.max(1), last)?;
    }
    // Below the filter, so that sorting leaves it where it is.
    if let Some(total) = &table.total {
        write_row(sheet, rows.max(1) + 1, (table, &widths), total, &summed)?;
    }
    Ok(())
}

/// How high a line of text is, in points.
const LINE: f64 = 15.0;

fn write_row(
    sheet: &mut Worksheet,
    number: u32,
    (table, widths): (&Table, &[usize]),
    row: &[Cell],
    formats: &[Format],
) -> Result<()> {
    // Not every program makes rows as high as what they hold.
    let lines = row.iter().zip(widths).map(|(cell, wide)| match cell {
        Cell::Text(text) => text.chars().count().div_ceil((*wide).max(1)),
        _ => 1,
    });
    let lines = u8::try_from(lines.max().unwrap_or(1).clamp(1, 20)).unwrap_or(1);
    if lines > 1 {
        sheet.set_row_height(number, f64::from(lines) * LINE)?;
    }
    for ((index, (column, cell)), format) in (0..).zip(table.cells(row)).zip(formats) {
        match cell {
            Cell::Text(text) => {
                sheet.write_string_with_format(number, index, clipped(text, LONGEST), format)?
            }
            #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
            Cell::Integer(value) => {
                sheet.write_number_with_format(number, index, *value as f64, format)?
            }
            Cell::Decimal(value) if value.is_finite() => {
                sheet.write_number_with_format(number, index, *value, format)?
            }
            Cell::Decimal(_) | Cell::Empty => sheet.write_blank(number, index, format)?,
            #[expect(clippy::cast_precision_loss, reason = "sums are below 2^53 cents")]
            Cell::Cents(value) => {
                sheet.write_number_with_format(number, index, *value as f64 / 100.0, format)?
            }
            Cell::Date(date) => match ExcelDateTime::parse_from_str(&date.to_string()) {
                Ok(date) => sheet.write_datetime_with_format(number, index, &date, format)?,
                // A workbook knows no day before 1900.
                Err(_) => sheet.write_string(number, index, cell.shown(column.kind))?,
            },
        };
    }
    Ok(())
}

/// Characters that show most values of a column, and its heading with the filter's button.
fn width(table: &Table, index: usize) -> u32 {
    let Some(column) = table.columns.get(index) else {
        return 10;
    };
    if let Some(wide) = column.width {
        return u32::from(wide).clamp(8, 80);
    }
    let rows = table.rows.iter().chain(&table.total);
    let cells = rows.filter_map(|row| row.get(index));
    let longest = cells
        .map(|cell| cell.shown(column.kind).chars().count())
        .max();
    let words = column.title.split_whitespace();
    let heading = words.map(|word| word.chars().count() + 4).max();
    let wide = longest.max(heading).unwrap_or(10) + 2;
    u32::try_from(wide).unwrap_or(60).clamp(10, 60)
}

/// What the report rests on, what it says in words, and where its tables are.
fn front(sheet: &mut Worksheet, report: &Report, names: &[String]) -> Result<()> {
    let formats = Formats::new();
    sheet.set_name(FRONT)?;
    sheet.set_column_width(0, 32)?;
    sheet.set_column_width(1, 100)?;
    let mut row = 0;
    let mut pair = |label: &str, value: &str| -> Result<()> {
        sheet.write_string_with_format(row, 0, clipped(label, LONGEST), &formats.bold)?;
        sheet.write_string_with_format(row, 1, clipped(value, LONGEST), &formats.wrapped)?;
        row += 1;
        Ok(())
    };
    if report.is_draft() {
        pair("Attenzione", DRAFT)?;
    }
    pair("Titolo", &report.title)?;
    pair("Oggetto", &report.subtitle)?;
    pair("Emesso da", &report.body)?;
    for (label, value) in &report.basis {
        pair(label, value)?;
    }
    pair("Che cosa non è", STATEMENT)?;
    for (table, name) in report.tables().zip(names) {
        pair(&format!("Foglio «{name}»"), &table.caption)?;
    }
    for (number, section) in (1..).zip(&report.sections) {
        let mut label = format!("{number}. {}", section.title);
        let mut said = |text: &str| pair(&std::mem::take(&mut label), text);
        for block in &section.blocks {
            match block {
                Block::Paragraph(text) | Block::Note(text) => said(text)?,
                Block::List(items) => {
                    for item in items {
                        said(&format!("– {item}"))?;
                    }
                }
                Block::Table(_) => {}
                Block::Bars(bars) => said(&bars.alt)?,
                Block::Map(map) => said(&map.alt)?,
            }
        }
    }
    printed(sheet, report);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::report::{Column, Section};

    #[test]
    fn sheets_have_names_that_a_workbook_allows_and_that_differ() {
        let keys = [
            "Base e metodo",
            "a/b",
            "A b",
            "'",
            "molto ".repeat(9).as_str(),
            "molto ".repeat(8).as_str(),
        ]
        .map(str::to_owned);
        let blocks = keys
            .iter()
            .map(|key| Block::Table(Table::new(key, "", vec![Column::new("x", Kind::Text)])));
        let report = Report {
            title: String::new(),
            short_title: String::new(),
            subtitle: String::new(),
            body: String::new(),
            snapshot: None,
            at: 0,
            basis: Vec::new(),
            sections: vec![Section::new("S", "s", blocks.collect())],
        };
        let names = names(&report);
        assert_eq!(
            names,
            [
                "Base e metodo 2",
                "A b",
                "A b 2",
                "Tabella",
                "Molto molto molto molto molto m",
                "Molto molto molto molto molto 2"
            ]
        );
        xlsx(&report).unwrap();
    }
}
