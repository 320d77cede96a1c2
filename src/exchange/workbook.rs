//! Workbooks out: devices as an XLSX that people fill in and send back, and the same one empty.
//!
//! The sheet of devices is what an import reads: the attributes' spelling as header, codes and
//! numbers as they are kept, dates as dates. Texts are cells of text, so none is run as a formula
//! and none needs the apostrophe of a CSV; only a text that already looks guarded gets one, because
//! reading takes one away. Rows go to a temporary file, so that memory does not grow with them.
//! Nothing in a workbook depends on when it was made. Enforced by the tests below and
//! by `a_workbook_saved_by_libreoffice_comes_back_with_no_change`.

use super::columns::{self, REVISION};
use super::csv::unguard;
use crate::census::record::{Record, Store, Value};
use crate::census::reference;
use crate::census::vocabulary::{ATTRIBUTES, Attribute, Field, Kind, Term};
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, ExcelDateTime,
    Format, FormatAlign, FormatBorder, Formula, IgnoreError, Workbook, Worksheet, XlsxError,
};
use std::io::{self, Write};

/// The sheet of devices, the first.
pub const DEVICES: &str = "Dispositivi";

/// The sheet that explains it.
pub const INSTRUCTIONS: &str = "Istruzioni";

/// The hidden sheet with what may be chosen.
pub const LISTS: &str = "Elenchi";

/// The last row of a sheet, from 0.
const LAST_ROW: u32 = 1_048_575;

/// The last column of the sheet of devices, from 0: the revision.
const LAST_COLUMN: u16 = width_of_the_record();

/// The longest message beside a cell, in characters.
const MESSAGE: usize = 255;

/// How a date is shown.
const DATE: &str = "yyyy-mm-dd";

/// Why a workbook cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// There are more devices than rows.
    #[error(
        "Un foglio XLSX contiene al più 1.048.575 dispositivi: restringete l’elenco con un filtro, \
         oppure scegliete il CSV."
    )]
    TooMany,
    /// It could not be written where it goes.
    #[error(transparent)]
    Write(io::Error),
}

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::RowColumnLimitError => Self::TooMany,
            XlsxError::IoError(cause) | XlsxError::TempFileError(_, cause) => Self::Write(cause),
            XlsxError::ZipError(zip) => Self::Write(io::Error::other(zip)),
            other => Self::Write(io::Error::other(other)),
        }
    }
}

type Result<T> = std::result::Result<T, WorkbookError>;

/// The names that people choose from, in the order in which they see them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Of bodies.
    pub bodies: Vec<String>,
    /// Of Comuni.
    pub municipalities: Vec<String>,
}

/// Writes devices into a workbook.
pub struct WorkbookWriter {
    book: Workbook,
    dated: Format,
    devices: u32,
}

impl WorkbookWriter {
    /// Starts the workbook with its lists and its header.
    pub fn new(names: &Names) -> Result<Self> {
        Self::start(names, &[])
    }

    /// Starts it with sentences before the usual instructions.
    fn start(names: &Names, before: &[String]) -> Result<Self> {
        let mut book = Workbook::new();
        // Neither the day nor the person is in the file.
        let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.set_properties(
            &DocProperties::new()
                .set_title(DEVICES)
                .set_creation_datetime(&made),
        );
        devices_sheet(book.add_worksheet_with_constant_memory()?, names)?;
        instructions_sheet(book.add_worksheet(), before)?;
        lists_sheet(book.add_worksheet(), names)?;
        Ok(Self {
            book,
            dated: Format::new().set_num_format(DATE),
            devices: 0,
        })
    }

    /// Writes one device and the number of the revision it is shown in.
    pub fn row(&mut self, record: &Record, revision: Option<i64>) -> Result<()> {
        let row = self.devices + 1;
        let sheet = self.book.worksheet_from_index(0)?;
        for (column, attribute) in (0..).zip(ATTRIBUTES) {
            match record.get(attribute.field) {
                None => {}
                Some(Value::Text(text)) if attribute.kind == Kind::Date => {
                    match ExcelDateTime::parse_from_str(text) {
                        Ok(date) => sheet.write_with_format(row, column, &date, &self.dated)?,
                        Err(_) => sheet.write_string(row, column, text)?,
                    };
                }
                Some(Value::Text(text)) => {
                    sheet.write_string(row, column, kept(text))?;
                }
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "whole numbers of the record are small"
                )]
                Some(Value::Integer(number)) => {
                    sheet.write_number(row, column, *number as f64)?;
                }
                Some(Value::Decimal(number)) if survives(*number) => {
                    sheet.write_number(row, column, *number)?;
                }
                Some(Value::Decimal(number)) => {
                    sheet.write_string(row, column, number.to_string())?;
                }
            }
        }
        if let Some(revision) = revision {
            #[expect(clippy::cast_precision_loss, reason = "revisions are few")]
            sheet.write_number(row, LAST_COLUMN, revision as f64)?;
        }
        self.devices = row;
        Ok(())
    }

    /// Ends the workbook, writes it and says how many devices it has.
    pub fn finish(mut self, sink: impl Write + Send) -> Result<u64> {
        let sheet = self.book.worksheet_from_index(0)?;
        sheet.autofilter(0, 0, self.devices.max(1), LAST_COLUMN)?;
        self.book.save_to_writer(sink)?;
        Ok(self.devices.into())
    }
}

/// Writes rows of texts into a workbook of one sheet.
pub struct TextsWriter {
    book: Workbook,
    rows: u32,
}

impl TextsWriter {
    /// Starts the workbook; the sheet is called as its first one is.
    pub fn new() -> Result<Self> {
        let mut book = Workbook::new();
        book.add_worksheet_with_constant_memory()?
            .set_name(DEVICES)?;
        Ok(Self { book, rows: 0 })
    }

    /// Writes one row.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let sheet = self.book.worksheet_from_index(0)?;
        for (column, cell) in (0..).zip(cells) {
            if !cell.is_empty() {
                sheet.write_string(self.rows, column, kept(cell))?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the workbook and writes it.
    pub fn finish(mut self, sink: impl Write + Send) -> Result<()> {
        Ok(self.book.save_to_writer(sink)?)
    }
}

/// A workbook without devices, for a body to fill in.
pub fn template(body: &str, names: &Names, sink: impl Write + Send) -> Result<()> {
    let before = [format!(
        "Modello per {body}. La colonna «ente» può restare vuota: chi importa il file dice per \
         quale ente."
    )];
    WorkbookWriter::start(names, &before)?.finish(sink)?;
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a record has fewer attributes than a sheet columns"
)]
const fn width_of_the_record() -> u16 {
    Field::COUNT as u16
}

/// Whether a number comes back from a spreadsheet as it is: some save 15 digits and no more. The
/// few that have more, such as coordinates that were converted, are written as text.
fn survives(number: f64) -> bool {
    format!("{number:.14e}").parse() == Ok(number)
}

/// A text as reading gives it back.
fn kept(text: &str) -> std::borrow::Cow<'_, str> {
    if unguard(text) == text {
        text.into()
    } else {
        format!("'{text}").into()
    }
}

fn heading() -> Format {
    Format::new()
        .set_bold()
        .set_border_bottom(FormatBorder::Thin)
        .set_background_color("#E6ECF2")
}

/// Header, widths, formats and what each column accepts, before the rows.
fn devices_sheet(sheet: &mut Worksheet, names: &Names) -> Result<()> {
    sheet.set_name(DEVICES)?;
    sheet.set_freeze_panes(1, 1)?;
    let text = Format::new().set_num_format("@");
    let dated = Format::new().set_num_format(DATE);
    for (column, attribute) in (0..).zip(ATTRIBUTES) {
        sheet.set_column_width(column, width(attribute))?;
        match attribute.kind {
            Kind::Date => {
                sheet.set_column_format(column, &dated)?;
            }
            _ if attribute.kind.store() != Store::Text => {}
            // Long texts are shown as hashes in a column of texts.
            Kind::Prose(_) => {}
            _ => {
                sheet.set_column_format(column, &text)?;
                sheet.ignore_error_range(
                    1,
                    column,
                    LAST_ROW,
                    column,
                    IgnoreError::NumberStoredAsText,
                )?;
            }
        }
        if let Some(accepts) = accepts(attribute, names)? {
            sheet.add_data_validation(1, column, LAST_ROW, column, &accepts)?;
        }
    }
    let leave = DataValidation::new()
        .allow_any_value()
        .set_input_title("Non cambiatela")?
        .set_input_message(
            "Dice se il dispositivo è cambiato mentre lavoravate sul file. Nelle righe nuove resta \
             vuota.",
        )?;
    sheet.add_data_validation(1, LAST_COLUMN, LAST_ROW, LAST_COLUMN, &leave)?;
    sheet.set_column_width(LAST_COLUMN, 10)?;
    for (column, name) in (0..).zip(columns::ours()) {
        sheet.write_string_with_format(0, column, name, &heading())?;
    }
    Ok(())
}

/// Characters that show most values of an attribute, and its header with the filter's button.
fn width(attribute: &Attribute) -> u32 {
    let value = match attribute.kind {
        Kind::Prose(_) => 50,
        Kind::Text(limit) if limit > 100 => 32,
        Kind::Text(_) | Kind::Software | Kind::One(_) | Kind::Latitude | Kind::Longitude => 16,
        Kind::Many(_) => 24,
        _ => 12,
    };
    let header = u32::try_from(attribute.name.chars().count()).unwrap_or(value);
    value.max(header + 4)
}

/// What a column accepts. Anything else is warned about and may stay, because an import understands
/// more spellings than a list can show.
fn accepts(attribute: &Attribute, names: &Names) -> Result<Option<DataValidation>> {
    let rule = DataValidation::new();
    let rule = match attribute.kind {
        Kind::Many(terms) => {
            let codes: Vec<_> = terms.iter().map(|term| term.code).collect();
            let message = format!("Uno o più, separati da virgole: {}", codes.join(", "));
            let message: String = message.chars().take(MESSAGE).collect();
            return Ok(Some(rule.allow_any_value().set_input_message(message)?));
        }
        Kind::Integer(low, high) => {
            let bound = |bound: i64| i32::try_from(bound).unwrap_or(i32::MAX);
            rule.allow_whole_number(DataValidationRule::Between(bound(low), bound(high)))
        }
        Kind::Decimal(low, high) => {
            rule.allow_decimal_number(DataValidationRule::Between(low, high))
        }
        _ => match listed(attribute, names) {
            Some((column, entries)) => rule.allow_list_formula(range(column, entries)?),
            None => return Ok(None),
        },
    };
    Ok(Some(
        rule.set_error_style(DataValidationErrorStyle::Warning)
            .set_error_title("Da controllare")?
            .set_error_message(format!(
                "Che cosa si scrive: {}. Le spiegazioni sono nel foglio {INSTRUCTIONS}.",
                reference::wanted(attribute)
            ))?,
    ))
}

/// The entries of every attribute that has them, in the order of the columns of the sheet of lists.
fn lists(names: &Names) -> impl Iterator<Item = (&'static Attribute, Vec<&str>)> {
    ATTRIBUTES.iter().filter_map(|attribute| {
        let entries: Vec<&str> = match attribute.kind {
            Kind::One(terms) => terms.iter().map(|term| term.code).collect(),
            Kind::Body => names.bodies.iter().map(String::as_str).collect(),
            Kind::Municipality => names.municipalities.iter().map(String::as_str).collect(),
            _ => return None,
        };
        (!entries.is_empty()).then_some((attribute, entries))
    })
}

/// The column of the sheet of lists that has the entries of an attribute, and how many they are.
fn listed(attribute: &Attribute, names: &Names) -> Option<(u16, usize)> {
    (0..)
        .zip(lists(names))
        .find(|(_, (listed, _))| listed.field == attribute.field)
        .map(|(column, (_, entries))| (column, entries.len()))
}

fn range(column: u16, entries: usize) -> Result<Formula> {
    let letter = rust_xlsxwriter::utility::column_number_to_name(column);
    let last = u32::try_from(entries).map_err(|_too_many| WorkbookError::TooMany)? + 1;
    Ok(Formula::new(format!(
        "={LISTS}!${letter}$2:${letter}${last}"
    )))
}

fn lists_sheet(sheet: &mut Worksheet, names: &Names) -> Result<()> {
    sheet.set_name(LISTS)?.set_hidden(true);
    for (column, (attribute, entries)) in (0..).zip(lists(names)) {
        sheet.write_string_with_format(0, column, attribute.name, &heading())?;
        for (row, entry) in (1..).zip(entries) {
            sheet.write_string(row, column, entry)?;
        }
    }
    Ok(())
}

/// What the columns mean, for who fills them in.
fn instructions_sheet(sheet: &mut Worksheet, before: &[String]) -> Result<()> {
    sheet.set_name(INSTRUCTIONS)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    let general = [
        "Un dispositivo per riga, nel foglio Dispositivi. L’ordine delle colonne non conta; quelle \
         che non servono si possono lasciare vuote o togliere.",
        "La colonna «codice» con «ente» riconosce il dispositivo: se c’è già viene aggiornato, \
         altrimenti viene creato. Una cella vuota non cambia quello che sappiamo già.",
        "Maiuscole, accenti e spazi non contano. Per ogni elenco si può scrivere il codice o \
         l’etichetta.",
        "Niente indirizzi di rete, nomi utente o password, in nessuna colonna.",
        "Alla fine salvate il file come XLSX o CSV e caricatelo dalla pagina Importa: prima di \
         cambiare qualcosa vi mostra riga per riga che cosa succede.",
    ];
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let mut row = 0;
    for sentence in before.iter().map(String::as_str).chain(general) {
        sheet.merge_range(row, 0, row, 4, sentence, &wrapped)?;
        sheet.set_row_height(row, 32)?;
        row += 1;
    }
    row += 1;
    for (column, (title, width)) in (0..).zip(EXPLAINED) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(row, column, title, &heading())?;
    }
    let explained = ATTRIBUTES.iter().map(|attribute| {
        [
            attribute.name.to_owned(),
            attribute.label.to_owned(),
            reference::need(attribute).to_owned(),
            values(attribute),
            attribute.help.to_owned(),
        ]
    });
    let revision = [
        REVISION,
        "Revisione",
        "",
        "non cambiatela; nelle righe nuove resta vuota",
        "Dice se il dispositivo è cambiato mentre lavoravate sul file.",
    ];
    for cells in explained.chain([revision.map(str::to_owned)]) {
        row += 1;
        let lines = cells
            .iter()
            .zip(EXPLAINED)
            .map(|(cell, (_, width))| lines(cell, width));
        sheet.set_row_height(row, LINE * lines.max().unwrap_or(1))?;
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string_with_format(row, column, cell, &wrapped)?;
        }
    }
    Ok(())
}

/// The columns of the sheet of instructions and their widths in characters.
const EXPLAINED: [(&str, u32); 5] = [
    ("Colonna", 24),
    ("Che cos’è", 34),
    ("Serve per", 24),
    ("Che cosa si scrive", 44),
    ("Spiegazione", 60),
];

/// The height of a line, in points.
const LINE: u32 = 15;

/// How many lines a text takes in a cell of this width: not every program finds it out by itself.
fn lines(text: &str, width: u32) -> u32 {
    let width = usize::try_from(width).unwrap_or(1);
    let lines = text
        .lines()
        .map(|line| line.chars().count().div_ceil(width).max(1));
    u32::try_from(lines.sum::<usize>()).unwrap_or(1).max(1)
}

/// What may be written in a column, with the entries of its list.
fn values(attribute: &Attribute) -> String {
    let entries = attribute.field.terms().unwrap_or_default();
    let entry = |term: &Term| format!("\n{} = {}", term.code, term.label);
    let entries: String = entries.iter().map(entry).collect();
    reference::wanted(attribute) + &entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::columns::{Hints, Mapping, Target};
    use crate::exchange::source::Row;
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor;

    fn names() -> Names {
        Names {
            bodies: vec!["Città metropolitana".to_owned(), "Comune di Rho".to_owned()],
            municipalities: (0..200).map(|each| format!("Comune {each}")).collect(),
        }
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut writer = WorkbookWriter::new(&names()).unwrap();
        for (number, record) in (1..).zip(records) {
            writer.row(record, Some(number)).unwrap();
        }
        let mut bytes = Vec::new();
        writer.finish(&mut bytes).unwrap();
        bytes
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

    fn rows(bytes: Vec<u8>, sheet: &str) -> Vec<Vec<String>> {
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range(sheet).unwrap();
        range
            .rows()
            .map(|row| row.iter().map(cell).collect())
            .collect()
    }

    fn full(text: &str) -> Record {
        let mut record = Record::default();
        for attribute in ATTRIBUTES {
            let value = match (attribute.kind, attribute.kind.store()) {
                (Kind::Date, _) => Value::Text("2021-05-12".to_owned()),
                (_, Store::Text) => Value::Text(text.to_owned()),
                (_, Store::Integer) => Value::Integer(-3),
                (_, Store::Decimal) => Value::Decimal(-45.477_615_016_755_91),
            };
            record.set(attribute.field, Some(value));
        }
        record
    }

    #[test]
    fn our_own_workbook_comes_back_with_every_value() {
        let texts = [
            "=1+1",
            "+39 02",
            "-x",
            "@a",
            "'=1",
            "''-",
            "'ndrangheta",
            "007",
            "1e5",
            "VERO",
            "12/05/2021",
            "Località «Cà Bianca»;\n\"2\" & <b>",
        ];
        let records: Vec<_> = texts.iter().map(|text| full(text)).collect();
        let read = rows(written(&records), DEVICES);
        let (header, cells) = read.split_first().unwrap();
        let mapping = Mapping::of(header, cells, &Hints::default());
        let fields = Field::ALL.iter().copied().map(Target::Field);
        let all: Vec<_> = fields.chain([Target::Revision]).collect();
        assert_eq!(mapping.columns, all);
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
    fn the_same_devices_give_the_same_workbook() {
        let records = [full("a"), Record::default()];
        assert!(written(&records) == written(&records));
    }

    #[test]
    fn a_number_with_more_digits_than_spreadsheets_keep_is_a_text() {
        assert!(survives(45.477_615_016_755_9) && survives(4.25) && survives(-0.1));
        assert!(!survives(9.181_736_387_055_362) && !survives(0.1 + 0.2));
    }

    #[test]
    fn an_empty_workbook_explains_itself() {
        let mut bytes = Vec::new();
        template("Comune di Rho", &names(), &mut bytes).unwrap();
        let devices = rows(bytes.clone(), DEVICES);
        assert_eq!(devices, [columns::ours().collect::<Vec<_>>()]);
        let explained = rows(bytes.clone(), INSTRUCTIONS);
        assert!(explained[0][0].contains("Comune di Rho"));
        for attribute in ATTRIBUTES {
            let row = explained
                .iter()
                .find(|row| row[0] == attribute.name)
                .unwrap();
            assert_eq!(row[1], attribute.label);
            for term in attribute.field.terms().unwrap_or_default() {
                assert!(row[3].contains(&format!("{} = {}", term.code, term.label)));
            }
        }
        let lists = rows(bytes, LISTS);
        let stato = lists[0].iter().position(|name| name == "stato").unwrap();
        assert_eq!(lists[1][stato], "progettato");
        assert_eq!(lists.len(), 201);
    }
}
