//! Delimited text in and out: the spreadsheet that exists, and the one we hand over.
//!
//! A file is read twice: once to learn its encoding, so that an accent in the last line counts, and
//! once for its rows. Memory is bounded by [`MAX_RECORD_BYTES`] whatever the file is. Lines are the
//! physical lines of the file, as an editor numbers them. What [`CsvWriter`] writes, [`CsvReader`]
//! and the mapping of columns read back to the same values. Enforced by the tests below.

use super::columns;
use super::source::Row;
use crate::census::record::{Record, Value};
use crate::census::vocabulary::Field;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::{ReaderBuilder, StringRecord, Terminator};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, Read, Seek, Write};

/// The longest record that is read, in bytes: far beyond any device, short of a file whose quotes
/// never close.
pub const MAX_RECORD_BYTES: u64 = 1 << 20;

/// The most columns a file may have: ten times the record.
pub const MAX_COLUMNS: usize = 500;

/// How much of a file, in bytes of decoded text, is looked at to tell its separator.
const SAMPLE_BYTES: u64 = 1 << 16;

const SEPARATORS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// What was found out about a file before reading its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// Always `csv`.
    pub format: &'static str,
    /// The encoding's usual name in lower case, for example `utf-8` or `windows-1252`.
    pub encoding: String,
    /// What stands between cells.
    pub separator: char,
    /// What stands before decimals in most numbers: `.` or `,`.
    pub decimal: char,
    /// The physical line on which the header starts, from 1.
    pub header_line: u64,
}

/// Why a file cannot be read as delimited text.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Nothing in it.
    #[error("Il file è vuoto: scegliete il file con i dispositivi.")]
    Empty,
    /// Something else, recognised by its first bytes.
    #[error("Il file non è un CSV: è {0}. Apritelo e salvatelo come «CSV UTF-8».")]
    Other(&'static str),
    /// Bytes that are no text in any encoding.
    #[error(
        "Il file non è un CSV: alla riga {line} contiene byte che non sono testo. Se viene da un \
         foglio di calcolo, salvatelo come «CSV UTF-8»."
    )]
    NotText {
        /// The physical line of the first such byte.
        line: u64,
    },
    /// A record beyond [`MAX_RECORD_BYTES`].
    #[error(
        "La riga {line} è più lunga di un milione di caratteri: controllate che le virgolette \
         aperte in quella riga siano chiuse."
    )]
    TooLong {
        /// The physical line on which the record starts.
        line: u64,
    },
    /// A header beyond [`MAX_COLUMNS`].
    #[error(
        "L’intestazione ha {0} colonne: se ne leggono al più 500. Controllate il separatore e \
         togliete le colonne che non servono."
    )]
    TooWide(usize),
    /// A quote that swallows the rest of the file.
    #[error(
        "Alla riga {line} si aprono virgolette che non si chiudono più: chiudetele o toglietele."
    )]
    Unclosed {
        /// The physical line on which the record starts.
        line: u64,
    },
    /// The file could not be read from where it is kept.
    #[error("Il file non si legge: {0}.")]
    Read(#[from] io::Error),
}

/// Reads the rows of a delimited text, one at a time.
pub struct CsvReader<R> {
    reader: csv::Reader<Text<R>>,
    detected: Detected,
    header: Vec<String>,
    sample: Vec<Vec<String>>,
    records: u64,
}

impl<R: Read + Seek> CsvReader<R> {
    /// Finds out what the file is and reads its header, the first line with something in it.
    pub fn open(mut source: R) -> Result<Self, CsvError> {
        let encoding = encoding_of(&mut source)?;
        let sample = sample_of(&mut source, encoding)?;
        let separator = separator_of(&sample);
        source.rewind()?;
        let mut opened = Self {
            reader: reader_of(Text::new(source, encoding), separator),
            detected: Detected {
                format: "csv",
                encoding: encoding.name().to_ascii_lowercase(),
                separator: char::from(separator),
                decimal: '.',
                header_line: 1,
            },
            header: Vec::new(),
            sample: Vec::new(),
            records: 0,
        };
        let header = opened.read()?.ok_or(CsvError::Empty)?;
        opened.detected.header_line = header.line;
        opened.header = header
            .cells
            .iter()
            .map(|cell| cell.trim().to_owned())
            .collect();
        if opened.header.len() > MAX_COLUMNS {
            return Err(CsvError::TooWide(opened.header.len()));
        }
        opened.records = 0;
        opened.sample = rows_of(&sample, separator, opened.header.len());
        opened.detected.decimal = decimal_of(&opened.sample);
        Ok(opened)
    }
}

impl<R: Read> CsvReader<R> {
    /// What was found out about the file.
    #[must_use]
    pub fn detected(&self) -> &Detected {
        &self.detected
    }

    /// The headers of the columns, without the blanks around them.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The cells of some of the first rows, to look at before reading them all.
    #[must_use]
    pub fn sample(&self) -> &[Vec<String>] {
        &self.sample
    }

    /// The next row that is not empty.
    fn read(&mut self) -> Result<Option<Row>, CsvError> {
        let mut record = StringRecord::new();
        loop {
            let before = self.reader.position().line();
            self.reader.get_mut().budget = MAX_RECORD_BYTES;
            match self.reader.read_record(&mut record) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) => return Err(failure(error, before)),
            }
            // Lines are counted back from the end of the record, because empty lines before it
            // are part of what the reader has just passed over.
            let inner: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
            let end = self.reader.position().line();
            let line = end.saturating_sub(inner as u64);
            if self.reader.get_ref().exhausted {
                return Err(CsvError::Unclosed { line });
            }
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                self.records += 1;
                let cells = cells_of(&record, self.header.len());
                return Ok(Some(Row {
                    line: line.saturating_sub(1),
                    record: self.records,
                    cells,
                }));
            }
        }
    }
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = Result<Row, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The cells of a record; empty ones beyond the header are what spreadsheets leave behind.
fn cells_of(record: &StringRecord, columns: usize) -> Vec<String> {
    let mut cells: Vec<String> = record.iter().map(str::to_owned).collect();
    while columns > 0
        && cells.len() > columns
        && cells.last().is_some_and(|cell| cell.trim().is_empty())
    {
        cells.pop();
    }
    cells
}

fn failure(error: csv::Error, line: u64) -> CsvError {
    match cause(error) {
        error if error.kind() == io::ErrorKind::FileTooLarge => CsvError::TooLong { line },
        error => CsvError::Read(error),
    }
}

/// The error of the disk, which the library does not pass on by itself.
pub(super) fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

fn reader_of<R: Read>(source: R, separator: u8) -> csv::Reader<R> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(source)
}

/// Reads the whole file once: which encoding it is in, or why it is not text.
fn encoding_of(source: &mut (impl Read + Seek)) -> Result<&'static Encoding, CsvError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut scan = Scan::default();
    let mut buffer = vec![0; 1 << 16];
    let mut marked = None;
    loop {
        let length = source.read(&mut buffer)?;
        let chunk = buffer.get(..length).unwrap_or_default();
        if scan.bytes == 0 {
            recognise(chunk)?;
            marked = Encoding::for_bom(chunk).map(|(encoding, _)| encoding);
        }
        detector.feed(chunk, length == 0);
        if length == 0 {
            break;
        }
        if !matches!(marked, Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE) {
            scan.look(chunk)?;
        }
        scan.bytes += length as u64;
    }
    if scan.bytes == 0 {
        return Err(CsvError::Empty);
    }
    if scan.controls * 100 > scan.bytes {
        return Err(CsvError::NotText {
            line: scan.first_control,
        });
    }
    let guess = marked.unwrap_or_else(|| detector.guess(Some(b"it"), Utf8Detection::Allow));
    // Two accents in a row look like an Asian encoding, which no Italian office writes.
    let plausible = marked.is_some() || guess == UTF_8 || guess.is_single_byte();
    Ok(if plausible { guess } else { WINDOWS_1252 })
}

/// What the first pass counts to tell text from anything else.
#[derive(Default)]
struct Scan {
    bytes: u64,
    lines: u64,
    controls: u64,
    first_control: u64,
}

impl Scan {
    fn look(&mut self, chunk: &[u8]) -> Result<(), CsvError> {
        for byte in chunk {
            match byte {
                b'\n' => self.lines += 1,
                0 => {
                    return Err(CsvError::NotText {
                        line: self.lines + 1,
                    });
                }
                1..=8 | 14..=31 | 127 => {
                    if self.controls == 0 {
                        self.first_control = self.lines + 1;
                    }
                    self.controls += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Names the files people hand over by mistake.
fn recognise(start: &[u8]) -> Result<(), CsvError> {
    const KNOWN: [(&[u8], &str); 6] = [
        (
            b"PK\x03\x04",
            "un archivio ZIP o un foglio di calcolo (XLSX, ODS)",
        ),
        (
            b"\xD0\xCF\x11\xE0",
            "un foglio di calcolo o un documento di Office",
        ),
        (b"%PDF", "un PDF"),
        (b"\x89PNG", "un’immagine"),
        (b"\xFF\xD8\xFF", "un’immagine"),
        (b"SQLite format 3", "una banca dati (SQLite o GeoPackage)"),
    ];
    match KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, what)) => Err(CsvError::Other(what)),
        None => Ok(()),
    }
}

/// The beginning of the file as text, cut after a whole line.
fn sample_of(source: &mut (impl Read + Seek), encoding: &'static Encoding) -> io::Result<String> {
    source.rewind()?;
    let mut bytes = Vec::new();
    Text::new(source, encoding)
        .take(SAMPLE_BYTES)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 == SAMPLE_BYTES {
        let end = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1);
        bytes.truncate(end);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The separator under which most rows have as many cells as the header, and the more the better.
fn separator_of(sample: &str) -> u8 {
    let score = |separator: u8| {
        let rows = rows_of(sample, separator, 0);
        let columns = rows.first().map_or(0, Vec::len);
        let alike = rows.iter().filter(|cells| cells.len() == columns).count();
        let share = if columns > 1 {
            alike * 100 / rows.len()
        } else {
            0
        };
        (share, columns)
    };
    let mut best = (SEPARATORS[0], (0, 1));
    for separator in SEPARATORS {
        let score = score(separator);
        if score > best.1 {
            best = (separator, score);
        }
    }
    best.0
}

/// The first rows of the sample that are not empty, the header among them when `columns` is zero.
fn rows_of(sample: &str, separator: u8, columns: usize) -> Vec<Vec<String>> {
    reader_of(sample.as_bytes(), separator)
        .records()
        .filter_map(Result::ok)
        .filter(|record| record.iter().any(|cell| !cell.trim().is_empty()))
        .skip(usize::from(columns > 0))
        .take(100)
        .map(|record| cells_of(&record, columns))
        .collect()
}

/// What most numbers of the sample have before their decimals.
fn decimal_of(rows: &[Vec<String>]) -> char {
    let count = |mark: char| {
        let number = |cell: &&String| {
            cell.trim()
                .trim_start_matches('-')
                .split_once(mark)
                .is_some_and(|(whole, rest)| {
                    [whole, rest].iter().all(|part| {
                        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
                    })
                })
        };
        rows.iter().flatten().filter(number).count()
    };
    if count(',') > count('.') { ',' } else { '.' }
}

/// The text of a file as UTF-8, with `\n` at the end of every line, the last included.
struct Text<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    /// The last byte that was decoded.
    last: u8,
    ended: bool,
    /// Whether the reader has been told that nothing follows.
    exhausted: bool,
    /// How many bytes may still be handed out before it is too much for one record.
    budget: u64,
}

impl<R: Read> Text<R> {
    fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 1 << 14],
            ready: Vec::new(),
            at: 0,
            last: b'\n',
            ended: false,
            exhausted: false,
            budget: MAX_RECORD_BYTES,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        while self.ready.is_empty() && !self.ended {
            let length = self.source.read(&mut self.raw)?;
            let raw = self.raw.get(..length).unwrap_or_default();
            self.ended = length == 0;
            let room = self
                .decoder
                .max_utf8_buffer_length(length)
                .unwrap_or(length * 4 + 16);
            let mut decoded = String::with_capacity(room);
            let _ = self.decoder.decode_to_string(raw, &mut decoded, self.ended);
            for byte in decoded.bytes() {
                let second_half = byte == b'\n' && self.last == b'\r';
                self.last = byte;
                if !second_half {
                    self.ready.push(if byte == b'\r' { b'\n' } else { byte });
                }
            }
            if self.ended && !matches!(self.last, b'\n' | b'\r') {
                self.ready.push(b'\n');
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.at >= self.ready.len() {
            self.refill()?;
        }
        let mut rest = self.ready.get(self.at..).unwrap_or_default();
        let length = rest.read(buffer)?;
        self.at += length;
        self.exhausted |= length == 0 && !buffer.is_empty();
        self.budget = self.budget.saturating_sub(length as u64);
        Ok(length)
    }
}

/// Whether a spreadsheet would take the text for a formula. Apostrophes in front are looked
/// through, so that [`guard`] can be undone without doubt.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A text as it may stand in a spreadsheet without being run as a formula.
fn guard(text: &str) -> String {
    if is_formula(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text that was guarded: the apostrophe in front of a would-be formula is taken away.
#[must_use]
pub fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

/// Writes a table as an Italian spreadsheet opens it at once: `;` between cells, UTF-8, with its
/// mark where the file begins. No text of it is run as a formula.
pub fn write_table<'a>(
    mut destination: impl Write,
    marked: bool,
    rows: impl IntoIterator<Item = Vec<std::borrow::Cow<'a, str>>>,
) -> io::Result<()> {
    if marked {
        destination.write_all("\u{feff}".as_bytes())?;
    }
    let mut writer = spreadsheet(destination);
    for row in rows {
        writer
            .write_record(row.iter().map(|cell| guard(cell)))
            .map_err(cause)?;
    }
    writer.flush()
}

/// A writer of rows as spreadsheets set to Italian read them.
fn spreadsheet<W: Write>(destination: W) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(Terminator::CRLF)
        .from_writer(destination)
}

/// Writes devices as an Italian spreadsheet opens them at once: `;` between cells, decimal comma,
/// UTF-8 with its mark, the attributes' spelling as header, and after them the revision.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Starts the file with its header.
    pub fn new(mut destination: W) -> io::Result<Self> {
        destination.write_all("\u{feff}".as_bytes())?;
        let mut writer = spreadsheet(destination);
        writer.write_record(columns::ours()).map_err(cause)?;
        Ok(Self { writer })
    }

    /// Writes one device and the number of the revision it is shown in.
    pub fn row(&mut self, record: &Record, revision: Option<i64>) -> io::Result<()> {
        let cells = Field::ALL.iter().map(|field| cell(record, *field));
        let revision = revision.map_or_else(String::new, |number| number.to_string());
        self.writer
            .write_record(cells.chain([revision]))
            .map_err(cause)
    }

    /// Ends the file and gives back where it was written.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        self.writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
    }
}

fn cell(record: &Record, field: Field) -> String {
    match record.get(field) {
        Some(Value::Text(text)) => guard(text),
        Some(Value::Decimal(_)) => record.plain(field).replace('.', ","),
        _ => record.plain(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(bytes: &[u8]) -> CsvReader<Cursor<Vec<u8>>> {
        CsvReader::open(Cursor::new(bytes.to_vec())).unwrap()
    }

    fn rows(bytes: &[u8]) -> Vec<Row> {
        open(bytes).map(Result::unwrap).collect()
    }

    fn refused(bytes: &[u8]) -> CsvError {
        let rows = CsvReader::open(Cursor::new(bytes.to_vec()))
            .and_then(Iterator::collect::<Result<Vec<_>, _>>);
        rows.unwrap_err()
    }

    #[test]
    fn lines_are_the_ones_an_editor_shows() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a;b", "1;2", "", "", "3;\"x", "y\"", ";", "5;6"].join(end);
            let rows = rows(text.as_bytes());
            let lines: Vec<_> = rows.iter().map(|row| (row.line, row.record)).collect();
            assert_eq!(lines, [(3, 1), (6, 2), (9, 3)], "lines end with {end:?}");
            assert_eq!(rows[1].cells, ["3", "x\ny"]);
            assert_eq!(open(text.as_bytes()).detected().header_line, 2);
        }
    }

    #[test]
    fn every_encoding_met_in_italy_gives_the_same_text() {
        let text = "codice;nome\n1;Località Cà Bianca, perché no\n";
        let little = |text: &str| -> Vec<u8> {
            [0xFEFF]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect()
        };
        let big = |text: &str| -> Vec<u8> {
            [0xFEFF]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect()
        };
        let files = [
            ("utf-8", text.as_bytes().to_vec()),
            ("utf-8", format!("\u{feff}{text}").into_bytes()),
            ("utf-16le", little(text)),
            ("utf-16be", big(text)),
            ("windows-1252", WINDOWS_1252.encode(text).0.into_owned()),
        ];
        for (encoding, bytes) in files {
            let mut file = open(&bytes);
            assert_eq!(file.detected().encoding, encoding);
            assert_eq!(file.header(), ["codice", "nome"]);
            assert_eq!(
                file.next().unwrap().unwrap().cells[1],
                "Località Cà Bianca, perché no"
            );
        }
    }

    #[test]
    fn an_accent_in_the_last_line_decides_the_encoding() {
        let mut bytes = "codice;nome\n".repeat(20_000).into_bytes();
        bytes.extend(b"1;Cant\xF9\n");
        let mut file = open(&bytes);
        assert_eq!(file.detected().encoding, "windows-1252");
        assert_eq!(file.by_ref().last().unwrap().unwrap().cells[1], "Cantù");
    }

    #[test]
    fn the_separator_is_the_one_that_makes_rows_alike() {
        let files = [
            (';', "a;b;c\n1;45,4;9,1\n2;45,5;9,2\n"),
            (',', "a,b,c\n1,\"x; y\",9.1\n2,45.5,9.2\n"),
            ('\t', "a\tb\tc\n1\t45,4\t9,1\n"),
            ('|', "a|b|c\n1|x, y; z|9\n"),
            (';', "nome;lat,lon\nx;45.1,9.1\n"),
            (';', "codice\n12\n"),
        ];
        for (separator, text) in files {
            assert_eq!(
                open(text.as_bytes()).detected().separator,
                separator,
                "{text}"
            );
        }
        assert_eq!(open(files[0].1.as_bytes()).detected().decimal, ',');
        assert_eq!(open(files[1].1.as_bytes()).detected().decimal, '.');
    }

    #[test]
    fn a_row_of_another_length_is_found_and_the_others_are_read() {
        let rows = rows(b"a;b\n1;2\n1\n1;2;3\n1;2;;\n");
        let shapes: Vec<_> = rows.iter().map(|row| row.shape(2).is_some()).collect();
        assert_eq!(shapes, [false, true, true, false]);
    }

    #[test]
    fn what_is_not_text_is_refused_with_its_line() {
        assert!(matches!(refused(b""), CsvError::Empty));
        assert!(matches!(refused(b"\n\n ; \n"), CsvError::Empty));
        assert!(matches!(
            refused(b"a;b\n1;\0\n"),
            CsvError::NotText { line: 2 }
        ));
        assert!(matches!(refused(b"PK\x03\x04\0\0"), CsvError::Other(_)));
        let noise: Vec<u8> = (1..=255).cycle().take(4_000).collect();
        assert!(matches!(refused(&noise), CsvError::NotText { .. }));
    }

    #[test]
    fn quotes_that_never_close_are_named_by_their_line() {
        assert!(matches!(
            refused(b"a;b\n1;2\n\n3;\"x\n4;5\n"),
            CsvError::Unclosed { line: 4 }
        ));
        let long = format!("a;b\n1;2\n3;\"{}", "x\n".repeat(1 << 20));
        assert!(matches!(
            refused(long.as_bytes()),
            CsvError::TooLong { line: 3 }
        ));
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_guarded_and_comes_back() {
        for text in [
            "=1+1",
            "+39",
            "-x",
            "@a",
            "'=1",
            "''-",
            "'ndrangheta",
            "",
            "via Po",
            "\t",
        ] {
            assert!(
                !guard(text).starts_with(['=', '+', '-', '@', '\t']),
                "{text}"
            );
            assert_eq!(unguard(&guard(text)), text);
        }
    }
}
