//! Devices from spreadsheets: workbooks of Office Open XML and of `OpenDocument`.
//!
//! A cell becomes the text a person would type: dates as ISO 8601, numbers with a decimal point and
//! no more digits than they have, of an XLSX also shares as percentages, errors by their name. An
//! XLSX is read cell by cell; an ODS is held in memory whole, so its size once repeated cells are
//! laid out is measured first. Enforced by the tests below and by the files of `tests/data/import/`.

use super::archive::Archive;
use super::csv::CsvError;
use super::header::{self, LOOKED_AT, Line, MAX_COLUMNS, Table};
use super::source::{Certainty, Choices, Detected, Format, Progress, Row, Source, SourceError};
use super::stream;
use calamine::{
    CellErrorType, Data, ExcelDateTime, Ods, Range, Reader, Sheet, SheetType, SheetVisible, Style,
    Xlsx, XlsxCellReader,
};
use quick_xml::events::{BytesStart, Event};
use std::fs::File;
use std::io::{BufReader, Read};

/// How many bytes an ODS may take in memory.
const MOST_ODS_BYTES: u64 = 400 << 20;

/// How many bytes one cell takes in memory besides its text.
const CELL_BYTES: u64 = 32;

/// How many bytes of texts an XLSX may keep apart from its sheets; they are held in memory.
const MOST_SHARED_BYTES: u64 = 256 << 20;

/// The most sheets that are looked at.
const MOST_SHEETS: usize = 100;

type Workbook = Xlsx<BufReader<File>>;

/// Opens a workbook of Office Open XML.
pub(super) fn open_xlsx(mut archive: Archive, choices: &Choices) -> Result<Source, SourceError> {
    if let Some(texts) = archive.member("xl/sharedStrings.xml")?
        && std::io::copy(&mut texts.take(MOST_SHARED_BYTES + 1), &mut std::io::sink())?
            > MOST_SHARED_BYTES
    {
        return Err(too_large("XLSX"));
    }
    let mut book: Workbook =
        Xlsx::new(BufReader::new(archive.into_file()?)).map_err(|error| broken("XLSX", &error))?;
    let sheets = visible_first(book.sheets_metadata());
    let mut found = Sheets::default();
    for (name, visible) in sheets {
        let mut lines = Vec::new();
        let mut cells = book
            .worksheet_cells_reader(&name)
            .map_err(|error| broken("XLSX", &error))?;
        each_line(&mut cells, |line| {
            lines.push(line);
            lines.len() < LOOKED_AT
        })?;
        found.add(name, visible, lines);
    }
    let opened = found.choose(Format::Xlsx, choices)?;
    let sheet = opened.sheet;
    let rows = {
        let cells = book
            .worksheet_cells_reader(&sheet)
            .map_err(|error| broken("XLSX", &error))?;
        u64::from(cells.dimensions().end.0) + 1
    };
    let progress = Progress::of(rows);
    let (columns, header_line, told) = (opened.header.len(), opened.header_line, progress.clone());
    let rows = stream::rows(move |outlet| {
        let mut cells = book
            .worksheet_cells_reader(&sheet)
            .map_err(|error| broken("XLSX", &error))?;
        let mut before = 0;
        each_line(&mut cells, |line| {
            told.advance(line.number.saturating_sub(before));
            before = line.number;
            line.number <= header_line || outlet.row(Some(line.number), fitted(line.cells, columns))
        })
    })?;
    Ok(Source {
        detected: opened.detected,
        header: opened.header,
        sample: opened.sample,
        progress,
        rows,
    })
}

/// Opens an `OpenDocument` spreadsheet.
pub(super) fn open_ods(mut archive: Archive, choices: &Choices) -> Result<Source, SourceError> {
    if let Some(manifest) = archive.text("META-INF/manifest.xml")?
        && manifest.contains("encryption-data")
    {
        return Err(protected("ODS"));
    }
    if let Some(content) = archive.member("content.xml")?
        && laid_out(content)? > MOST_ODS_BYTES
    {
        return Err(too_large("ODS"));
    }
    let mut book: Ods<_> =
        Ods::new(BufReader::new(archive.into_file()?)).map_err(|error| broken("ODS", &error))?;
    let sheets = visible_first(book.sheets_metadata());
    let mut found = Sheets::default();
    for (name, visible) in sheets {
        let range = book
            .worksheet_range(&name)
            .map_err(|error| broken("ODS", &error))?;
        found.add(name, visible, lines_of(range).take(LOOKED_AT).collect());
    }
    let opened = found.choose(Format::Ods, choices)?;
    let range = book
        .worksheet_range(&opened.sheet)
        .map_err(|error| broken("ODS", &error))?;
    let last = range.end().map_or(0, |(row, _)| u64::from(row) + 1);
    let progress = Progress::of(last);
    let (columns, header_line, told) = (opened.header.len(), opened.header_line, progress.clone());
    let mut before = 0;
    let below = lines_of(range).filter(move |line| {
        told.advance(line.number - before);
        before = line.number;
        line.number > header_line
    });
    let rows = below.zip(1..).map(move |(line, record)| {
        Ok(Row {
            line: line.number,
            record,
            cells: fitted(line.cells, columns).into_iter().collect(),
        })
    });
    Ok(Source {
        detected: opened.detected,
        header: opened.header,
        sample: opened.sample,
        progress,
        rows: Box::new(rows),
    })
}

/// The names of the sheets with cells, and whether people see them.
fn visible_first(sheets: &[Sheet]) -> Vec<(String, bool)> {
    sheets
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .take(MOST_SHEETS)
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect()
}

/// The sheets of a workbook: name, whether people see it, its first rows.
#[derive(Default)]
struct Sheets(Vec<(String, bool, Vec<Line>)>);

/// The sheet that is read.
struct Opened {
    detected: Detected,
    sheet: String,
    header: Vec<String>,
    header_line: u64,
    sample: Vec<Vec<String>>,
}

impl Sheets {
    fn add(&mut self, name: String, visible: bool, lines: Vec<Line>) {
        self.0.push((name, visible, lines));
    }

    /// Takes the sheet a person chose, or the one that looks most like a table of devices.
    fn choose(self, format: Format, choices: &Choices) -> Result<Opened, SourceError> {
        let refused = |sentence: String| Err(SourceError::Refused(sentence));
        let names: Vec<String> = self.0.iter().map(|(name, _, _)| name.clone()).collect();
        let (at, certainty) = match &choices.sheet {
            Some(chosen) => match names.iter().position(|name| name == chosen) {
                Some(at) => (at, Certainty::Chosen),
                None => {
                    return refused(format!(
                        "Il foglio «{chosen}» non c’è: scegliete tra «{}».",
                        names.join("», «")
                    ));
                }
            },
            None => self.likeliest(),
        };
        let Some((name, _, lines)) = self.0.get(at).filter(|(_, _, lines)| !lines.is_empty())
        else {
            return refused(
                "Il foglio di calcolo è vuoto: scegliete quello con i dati.".to_owned(),
            );
        };
        let table = header::table(lines, choices.header_line).map_err(SourceError::Refused)?;
        if table.names.len() > MAX_COLUMNS {
            return Err(CsvError::TooWide(table.names.len()).into());
        }
        Ok(opened(format, name, names.clone(), certainty, table))
    }

    /// The sheet whose headers name most attributes, those that people see first.
    fn likeliest(&self) -> (usize, Certainty) {
        let known = |lines: &[Line]| header::table(lines, None).map_or(0, |table| table.known);
        let mut weights: Vec<_> = self
            .0
            .iter()
            .enumerate()
            .map(|(at, (_, visible, lines))| {
                let weight = (known(lines), *visible, !lines.is_empty());
                (weight, at)
            })
            .collect();
        weights.sort_by(|(one, at), (other, after)| other.cmp(one).then(at.cmp(after)));
        let full = weights.iter().filter(|((_, _, full), _)| *full).count();
        let certainty = match weights.as_slice() {
            _ if full <= 1 => Certainty::Sure,
            [((best, _, _), _), ((next, _, _), _), ..] if *best >= 3 && best > next => {
                Certainty::Likely
            }
            _ => Certainty::Guessed,
        };
        (weights.first().map_or(0, |(_, at)| *at), certainty)
    }
}

fn opened(
    format: Format,
    sheet: &str,
    sheets: Vec<String>,
    certainty: Certainty,
    table: Table,
) -> Opened {
    let mut detected = Detected::new(format);
    detected.decimal = Some('.');
    detected.header_line = Some(table.line);
    detected.sheet = Some(sheet.to_owned());
    detected.sheets = sheets;
    detected.notes = table.notes;
    detected.certainty.extend([
        ("format".to_owned(), Certainty::Sure),
        ("decimal".to_owned(), Certainty::Stated),
        ("header_line".to_owned(), table.certainty),
        ("sheet".to_owned(), certainty),
    ]);
    let (mark, sure) = header::decimal(&table.sample);
    if mark == ',' {
        // Only numbers that are kept as texts have one.
        detected.decimal = Some(mark);
        detected.certainty.insert("decimal".to_owned(), sure);
    }
    Opened {
        detected,
        sheet: sheet.to_owned(),
        header: table.names,
        header_line: table.line,
        sample: table.sample,
    }
}

/// As many cells as the header: sheets have no ends of rows. What stands beyond it is kept.
fn fitted(mut cells: Vec<String>, columns: usize) -> Vec<String> {
    if cells.len() < columns {
        cells.resize(columns, String::new());
    }
    cells
}

/// The rows of a sheet that are not empty, until no more are wanted.
fn each_line(
    reader: &mut XlsxCellReader<'_, BufReader<File>>,
    mut take: impl FnMut(Line) -> bool,
) -> Result<(), SourceError> {
    let mut line = Line {
        number: 0,
        cells: Vec::new(),
    };
    let percents: Vec<bool> = reader.styles().iter().map(is_percent).collect();
    while let Some((cell, style)) = reader
        .next_cell_with_style_id()
        .map_err(|error| broken("XLSX", &error))?
    {
        let (row, column) = cell.get_position();
        let text = match Data::from(cell.get_value().clone()) {
            Data::Float(number) if percents.get(style) == Some(&true) => percent(number),
            value => text(&value),
        };
        if text.trim().is_empty() {
            continue;
        }
        let number = u64::from(row) + 1;
        if number != line.number {
            let cells = std::mem::take(&mut line.cells);
            let before = std::mem::replace(&mut line.number, number);
            if !cells.is_empty()
                && !take(Line {
                    number: before,
                    cells,
                })
            {
                return Ok(());
            }
        }
        place(&mut line.cells, column, text);
    }
    if !line.cells.is_empty() {
        let _wanted = take(line);
    }
    Ok(())
}

fn place(cells: &mut Vec<String>, column: u32, text: String) {
    /// The columns a spreadsheet program has.
    const WIDEST: usize = 16_384;
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    if column >= cells.len() && column < WIDEST {
        cells.resize(column + 1, String::new());
    }
    if let Some(cell) = cells.get_mut(column) {
        *cell = text;
    }
}

/// The rows of a range that are not empty.
fn lines_of(range: Range<Data>) -> impl Iterator<Item = Line> + Send {
    let (top, left) = range.start().unwrap_or((0, 0));
    (0..range.height()).filter_map(move |row| {
        let mut cells = Vec::new();
        for (column, at) in (left..).zip(0..range.width()) {
            let text = range.get((row, at)).map(text).unwrap_or_default();
            if !text.trim().is_empty() {
                place(&mut cells, column, text);
            }
        }
        let number = u64::from(top) + row as u64 + 1;
        (!cells.is_empty()).then_some(Line { number, cells })
    })
}

/// A cell as a person would type it.
fn text(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(true) => "vero".to_owned(),
        Data::Bool(false) => "falso".to_owned(),
        Data::DateTime(moment) => moment_text(moment),
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        Data::Error(error) => error_text(error).to_owned(),
    }
}

/// Whether a style shows hundredths. What stands between quotes or after a sign that makes the next
/// one a letter is text, and only the first form is that of a number above zero.
fn is_percent(style: &Style) -> bool {
    let Some(format) = &style.number_format else {
        return false;
    };
    let (mut quoted, mut literal) = (false, false);
    for one in format.format_code.chars() {
        match one {
            _ if literal => literal = false,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => literal = true,
            ';' => return false,
            '%' => return true,
            _ => {}
        }
    }
    false
}

/// A share as a percentage, without what multiplying it adds beyond the digits it has.
fn percent(number: f64) -> String {
    let text = format!("{:.10}", number * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

fn moment_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if moment.is_duration() || moment.as_f64() < 1.0 {
        return time;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == "00:00:00" {
        date
    } else {
        format!("{date}T{time}")
    }
}

/// An error as an Italian spreadsheet shows it.
const fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/D",
        CellErrorType::Name => "#NOME?",
        CellErrorType::Null => "#NULLO!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#RIF!",
        CellErrorType::Value => "#VALORE!",
        CellErrorType::GettingData => "#ESTRAZIONE_DATI_IN_CORSO",
    }
}

/// How many bytes the largest sheet takes in memory once repeated cells are laid out in a rectangle.
fn laid_out(content: impl Read) -> Result<u64, SourceError> {
    let mut reader = quick_xml::Reader::from_reader(BufReader::new(content));
    let mut buffer = Vec::new();
    let mut sizes = Sizes::default();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => return Ok(sizes.largest),
            Ok(event) => sizes.take(&event),
            Err(error) => return Err(broken("ODS", &error)),
        }
        if sizes.largest > MOST_ODS_BYTES {
            return Ok(sizes.largest);
        }
    }
}

/// What is counted of the content of an `OpenDocument` spreadsheet.
#[derive(Default)]
struct Sizes {
    largest: u64,
    rows: u64,
    columns: u64,
    texts: u64,
    /// Of the present row: how often it is repeated, its cells so far, the last that is not empty,
    /// the bytes of its texts.
    row: (u64, u64, u64, u64),
    /// Of the present cell: how often it is repeated, whether it has a value, the bytes of its text.
    cell: (u64, bool, u64),
}

impl Sizes {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::Empty(tag) => {
                self.begin(tag);
                self.end(tag.local_name().as_ref());
            }
            Event::End(tag) => self.end(tag.local_name().as_ref()),
            Event::Text(text) => self.cell.2 += text.len() as u64,
            _ => {}
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "table" => (self.rows, self.columns, self.texts) = (0, 0, 0),
            "table-row" => self.row = (repeated(tag, "table:number-rows-repeated"), 0, 0, 0),
            "table-cell" | "covered-table-cell" => {
                let valued = tag
                    .try_get_attribute("office:value-type")
                    .is_ok_and(|value| value.is_some());
                self.cell = (repeated(tag, "table:number-columns-repeated"), valued, 0);
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "table-cell" | "covered-table-cell" => {
                let (times, valued, text) = std::mem::take(&mut self.cell);
                self.row.1 = self.row.1.saturating_add(times);
                if valued || text > 0 {
                    self.row.2 = self.row.1;
                    self.row.3 = self.row.3.saturating_add(times.saturating_mul(text));
                }
            }
            "table-row" => {
                let (times, _, columns, texts) = std::mem::take(&mut self.row);
                self.rows = self.rows.saturating_add(times);
                if columns > 0 {
                    self.columns = self.columns.max(columns);
                    self.texts = self.texts.saturating_add(times.saturating_mul(texts));
                    let cells = self.rows.saturating_mul(self.columns);
                    let size = cells.saturating_mul(CELL_BYTES).saturating_add(self.texts);
                    self.largest = self.largest.max(size);
                }
            }
            _ => {}
        }
    }
}

fn repeated(tag: &BytesStart<'_>, name: &str) -> u64 {
    let value = tag.try_get_attribute(name).ok().flatten();
    value
        .and_then(|value| value.value.trim().parse().ok())
        .unwrap_or(1)
}

fn too_large(format: &str) -> SourceError {
    SourceError::Refused(format!(
        "Questo {format} è troppo grande per leggerlo come foglio di calcolo: salvatelo come «CSV \
         UTF-8» e caricate quello."
    ))
}

/// What is said of a spreadsheet with a password.
pub(super) fn protected(format: &str) -> SourceError {
    SourceError::Refused(format!(
        "Il foglio di calcolo è protetto da una password: apritelo, togliete la password e salvatelo \
         di nuovo come {format}."
    ))
}

fn broken(format: &str, error: &dyn std::fmt::Display) -> SourceError {
    tracing::debug!("a spreadsheet that cannot be read: {error}");
    SourceError::Refused(format!(
        "Il foglio di calcolo è rovinato o incompleto: apritelo e salvatelo di nuovo come {format}."
    ))
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{open, open_as, rows};
    use super::*;

    #[test]
    fn merged_titles_are_not_headers() {
        let source = open("merged_title_cells.xlsx");
        assert_eq!(source.detected.header_line, Some(4));
        assert_eq!(source.header[0], "Codice");
        assert!(source.detected.notes[0].contains("Comune di Milano — censimento"));
        let all = rows(source);
        assert_eq!((all.len(), all[0].0), (3, 5));
        assert_eq!(all[0].1[3..5], ["45.4642", "9.19"]);
    }

    #[test]
    fn numbers_kept_as_texts_stay_as_they_were_typed() {
        let source = open("numbers_as_text.xlsx");
        assert_eq!(source.detected.decimal, Some(','));
        let all = rows(source);
        assert_eq!(all[0].1[3..5], ["45,4642", "9,19"]);
        assert_eq!(all[0].1[7..], ["001", "4,50"]);
    }

    #[test]
    fn dates_booleans_numbers_and_errors_become_what_a_person_types() {
        let source = open("dates.xlsx");
        assert_eq!(source.detected.decimal, Some('.'));
        let all = rows(source);
        assert_eq!(
            all[0].1[7..12],
            [
                "2024-12-31",
                "2025-06-30T10:30:00",
                "2024",
                "vero",
                "1234567890123"
            ]
        );
        assert_eq!(
            all[1].1[7..],
            ["31/12/2024", "", "2023", "falso", "", "#N/D"]
        );
    }

    #[test]
    fn the_sheet_with_devices_is_found_and_another_can_be_chosen() {
        let source = open("second_sheet.xlsx");
        assert_eq!(source.detected.sheet.as_deref(), Some("Elenco"));
        assert_eq!(
            source.detected.sheets,
            ["Leggimi", "Elenco", "Vecchio elenco"]
        );
        assert_eq!(rows(source).len(), 3);
        let choose = |name: &str| Choices {
            sheet: Some(name.to_owned()),
            ..Choices::default()
        };
        let old = open_as("second_sheet.xlsx", &choose("Vecchio elenco")).unwrap();
        assert_eq!(old.detected.certainty["sheet"], Certainty::Chosen);
        assert_eq!(rows(old).len(), 1);
        let why = open_as("second_sheet.xlsx", &choose("Nuovo"))
            .err()
            .unwrap();
        assert!(why.to_string().contains("«Leggimi», «Elenco»"), "{why}");
    }

    #[test]
    fn both_formats_of_libreoffice_say_the_same() {
        for name in ["libreoffice.ods", "written_by_libreoffice.xlsx"] {
            let source = open(name);
            assert_eq!(source.detected.header_line, Some(3), "{name}");
            let all = rows(source);
            assert_eq!(all[0].0, 4, "{name}");
            assert_eq!(
                all[0].1,
                [
                    "LEG-01",
                    "Piazza San Magno",
                    "Legnano",
                    "45.595",
                    "8.916",
                    "contesto",
                    "in esercizio",
                    "2024-12-31",
                    "vero"
                ],
                "{name}"
            );
            assert_eq!(all[1].1[7..], ["2023-02-01", "falso"], "{name}");
        }
    }

    #[test]
    fn repeated_cells_are_counted_as_they_are_laid_out() {
        let size = |rows: &str| laid_out(rows.as_bytes()).unwrap();
        let cell = r#"<table:table-cell office:value-type="float"/>"#;
        let one = size(&format!(
            "<table:table><table:table-row>{cell}</table:table-row></table:table>"
        ));
        assert_eq!(one, CELL_BYTES);
        let empty = r#"<table:table-row table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="1000"/></table:table-row>"#;
        assert_eq!(size(&format!("<table:table>{empty}</table:table>")), 0);
        let far = size(&format!(
            "<table:table>{empty}<table:table-row>{cell}</table:table-row></table:table>"
        ));
        assert_eq!(far, 1001 * CELL_BYTES);
        let text = r#"<table:table-row table:number-rows-repeated="10"><table:table-cell table:number-columns-repeated="10"><text:p>abc</text:p></table:table-cell></table:table-row>"#;
        assert_eq!(
            size(&format!("<table:table>{text}</table:table>")),
            100 * (CELL_BYTES + 3)
        );
    }

    #[test]
    fn a_spreadsheet_with_a_password_is_refused_as_such() {
        use std::io::{Seek, Write};
        let mut zip = zip::ZipWriter::new(tempfile::tempfile().unwrap());
        for (name, content) in [
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", "\u{1}\u{2}"),
            ("META-INF/manifest.xml", "<manifest:encryption-data/>"),
        ] {
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        let mut file = zip.finish().unwrap();
        file.rewind().unwrap();
        let why = Source::open("x.ods", file, &Choices::default())
            .err()
            .unwrap();
        assert!(why.to_string().contains("password"), "{why}");
    }
}
