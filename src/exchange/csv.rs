//! Delimited text in and out: the spreadsheet that exists, and the one we hand over.
//!
//! A file is read twice: once to learn its encoding, so that an accent in the last line counts, and
//! once for its rows. Memory is bounded by [`MAX_RECORD_BYTES`] whatever the file is. Lines are the
//! physical lines of the file, as an editor numbers them. What [`CsvWriter`] writes, [`CsvReader`]
//! and the mapping of columns read back to the same values. Enforced by the tests below.

use super::columns;
use super::header::{self, LOOKED_AT, Line, MAX_COLUMNS};
use super::source::{Cells, Certainty, Choices, Progress, Row};
use crate::census::record::{Record, Value};
use crate::census::vocabulary::Field;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::{ReaderBuilder, StringRecord, Terminator};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};

/// The longest record that is read, in bytes: far beyond any device, short of a file whose quotes
/// never close.
pub const MAX_RECORD_BYTES: u64 = 1 << 20;

/// How much of a file, in bytes of decoded text, is looked at to tell its separator and headers.
const SAMPLE_BYTES: u64 = 1 << 16;

/// How much of a file, in bytes, is looked at to tell an encoding that is not Unicode.
const ENCODING_BYTES: usize = 4 << 20;

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
    /// The physical line on which the header starts, from 1; 0 when there is none.
    pub header_line: u64,
    /// How sure each of the above is, by its name.
    pub certainty: BTreeMap<String, Certainty>,
    /// What a person should know besides, in Italian sentences.
    pub notes: Vec<String>,
}

/// Why a file cannot be read as delimited text.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// Nothing in it.
    #[error("Il file è vuoto: scegliete quello con i dati.")]
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
    /// A choice that cannot be followed, in an Italian sentence that says what can be chosen.
    #[error("{0}")]
    Choice(String),
    /// The file could not be read from where it is kept.
    #[error("Il file non si legge: {0}.")]
    Read(#[from] io::Error),
}

/// Reads the rows of a delimited text, one at a time.
pub struct CsvReader<R> {
    records: Records<R>,
    detected: Detected,
    header: Vec<String>,
    sample: Vec<Vec<String>>,
}

impl<R: Read + Seek> CsvReader<R> {
    /// Finds out what the file is and reads its header.
    pub fn open(source: R) -> Result<Self, CsvError> {
        Self::open_as(source, &Choices::default(), Progress::default())
    }

    /// Finds out what the file is where nobody chose it, and reads its header. The progress goes on
    /// with the bytes of the file.
    pub fn open_as(mut source: R, choices: &Choices, progress: Progress) -> Result<Self, CsvError> {
        let (encoding, notes) = encoding_of(&mut source, choices)?;
        let sample = sample_of(&mut source, encoding.value)?;
        let separator = separator_of(&sample, choices)?;
        let marked = stated_separator(&sample).is_some();
        let mut lines = lines_of(&sample, separator.value, marked);
        if lines.is_empty() {
            source.rewind()?;
            let text = Text::new(&mut source, encoding.value, Progress::default());
            let first = Records::new(text, separator.value, marked).read()?;
            lines.push(first.ok_or(CsvError::Empty)?.into());
        }
        let table = header::table(&lines, choices.header_line).map_err(CsvError::Choice)?;
        if table.names.len() > MAX_COLUMNS {
            return Err(CsvError::TooWide(table.names.len()));
        }
        let decimal = decimal_of(&table.sample, choices)?;
        source.rewind()?;
        let text = Text::new(source, encoding.value, progress);
        let mut records = Records::new(text, separator.value, marked);
        while table.line > 0 && records.read()?.is_some_and(|row| row.line < table.line) {}
        records.count = 0;
        records.columns = table.names.len();
        Ok(Self {
            records,
            detected: Detected {
                format: "csv",
                encoding: encoding.value.name().to_ascii_lowercase(),
                separator: char::from(separator.value),
                decimal: decimal.value,
                header_line: table.line,
                certainty: BTreeMap::from([
                    ("format".to_owned(), Certainty::Sure),
                    ("encoding".to_owned(), encoding.certainty),
                    ("separator".to_owned(), separator.certainty),
                    ("decimal".to_owned(), decimal.certainty),
                    ("header_line".to_owned(), table.certainty),
                ]),
                notes: notes.into_iter().chain(table.notes).collect(),
            },
            header: table.names,
            sample: table.sample,
        })
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
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = Result<Row, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.records.read().transpose()
    }
}

/// Something found out or chosen, and how sure it is.
struct Told<T> {
    value: T,
    certainty: Certainty,
}

impl<T> Told<T> {
    const fn new(value: T, certainty: Certainty) -> Self {
        Self { value, certainty }
    }
}

/// The records of a text that are not empty.
struct Records<R> {
    reader: csv::Reader<Text<R>>,
    record: StringRecord,
    count: u64,
    /// How many columns the header has; 0 while it is not known.
    columns: usize,
    /// Whether the first line only names the separator.
    marked: bool,
}

impl<R: Read> Records<R> {
    fn new(text: Text<R>, separator: u8, marked: bool) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 15)
            .from_reader(text);
        Self {
            reader,
            record: StringRecord::new(),
            count: 0,
            columns: 0,
            marked,
        }
    }

    /// The next row that is not empty.
    fn read(&mut self) -> Result<Option<Row>, CsvError> {
        loop {
            let before = self.reader.position().line();
            self.reader.get_mut().budget = MAX_RECORD_BYTES;
            match self.reader.read_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) => return Err(failure(error, before)),
            }
            // Lines are counted back from the end of the record, because empty lines before it
            // are part of what the reader has just passed over.
            let inner = self.record.as_slice().matches('\n').count();
            let end = self.reader.position().line();
            let line = end.saturating_sub(inner as u64);
            if self.reader.get_ref().exhausted {
                return Err(CsvError::Unclosed { line });
            }
            if std::mem::take(&mut self.marked) {
                continue;
            }
            if self.record.iter().any(|cell| !cell.trim().is_empty()) {
                self.count += 1;
                return Ok(Some(Row {
                    line: line.saturating_sub(1),
                    record: self.count,
                    cells: cells_of(&self.record, self.columns),
                }));
            }
        }
    }
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self {
            number: row.line,
            cells: row.cells.iter().map(str::to_owned).collect(),
        }
    }
}

/// The cells of a record; empty ones beyond the header are what spreadsheets leave behind.
fn cells_of(record: &StringRecord, columns: usize) -> Cells {
    let mut count = record.len();
    while columns > 0
        && count > columns
        && record
            .get(count - 1)
            .is_some_and(|cell| cell.trim().is_empty())
    {
        count -= 1;
    }
    let ends = (0..count).filter_map(|index| Some(record.range(index)?.end));
    Cells::of(record.as_slice(), ends)
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

/// Reads the whole file once: which encoding it is in and what to say of that, or why it is not
/// text.
fn encoding_of(
    source: &mut (impl Read + Seek),
    choices: &Choices,
) -> Result<(Told<&'static Encoding>, Option<String>), CsvError> {
    let chosen = choices.encoding.as_deref().map(named).transpose()?;
    let mut scan = Scan::default();
    let mut buffer = vec![0; 1 << 16];
    let mut stated = None;
    loop {
        let length = source.read(&mut buffer)?;
        let chunk = buffer.get(..length).unwrap_or_default();
        if length == 0 {
            break;
        }
        if scan.bytes == 0 {
            recognise(chunk)?;
            stated = Encoding::for_bom(chunk)
                .map(|(encoding, _)| Told::new(encoding, Certainty::Stated))
                .or_else(|| wide(chunk).map(|found| Told::new(found, Certainty::Likely)));
        }
        let encoding = chosen.or(stated.as_ref().map(|told| told.value));
        if !encoding.is_some_and(|encoding| [UTF_16LE, UTF_16BE].contains(&encoding)) {
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
    let told = match (chosen, stated) {
        (Some(encoding), _) => Told::new(encoding, Certainty::Chosen),
        (None, Some(told)) => told,
        (None, None) if scan.is_utf8() => Told::new(UTF_8, Certainty::Sure),
        (None, None) => guess(source)?,
    };
    let broken = told.value == UTF_8 && !scan.is_utf8();
    let note = broken.then(|| {
        "Alcuni caratteri non sono UTF-8 e compaiono come «�»: provate un’altra codifica, per \
         esempio windows-1252."
            .to_owned()
    });
    Ok((told, note))
}

/// How many lines end in some bytes.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// The encoding of a name.
pub(super) fn named(label: &str) -> Result<&'static Encoding, CsvError> {
    Encoding::for_label_no_replacement(label.trim().as_bytes()).ok_or_else(|| {
        CsvError::Choice(format!(
            "La codifica «{label}» non esiste: scegliete per esempio utf-8, windows-1252 o utf-16le."
        ))
    })
}

/// The encoding of a text that is UTF-16 without saying so: most of its characters have a byte that
/// is zero, always on the same side.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    let mut zeros = [0_usize; 2];
    for pair in start.chunks_exact(2) {
        for (zeros, byte) in zeros.iter_mut().zip(pair) {
            *zeros += usize::from(*byte == 0);
        }
    }
    let [first, second] = zeros;
    let most = |zeros: usize| zeros * 10 > start.len() / 2 * 7;
    if most(second) && first * 20 < second {
        Some(UTF_16LE)
    } else if most(first) && second * 20 < first {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The encoding of a text that is not Unicode, told by the parts of it that have accents.
fn guess(source: &mut (impl Read + Seek)) -> Result<Told<&'static Encoding>, CsvError> {
    source.rewind()?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut buffer = vec![0; 1 << 16];
    let mut fed = 0;
    while fed < ENCODING_BYTES {
        let length = source.read(&mut buffer)?;
        let chunk = buffer.get(..length).unwrap_or_default();
        if length == 0 {
            break;
        }
        if !chunk.is_ascii() {
            detector.feed(chunk, false);
            fed += length;
        }
    }
    detector.feed(&[], true);
    let guess = detector.guess(Some(b"it"), Utf8Detection::Deny);
    // Two accents in a row look like an Asian encoding, which no Italian office writes.
    Ok(if guess.is_single_byte() {
        Told::new(guess, Certainty::Likely)
    } else {
        Told::new(WINDOWS_1252, Certainty::Guessed)
    })
}

/// What the first pass counts to tell text from anything else.
#[derive(Default)]
struct Scan {
    bytes: u64,
    lines: u64,
    controls: u64,
    first_control: u64,
    broken: bool,
    /// The end of what was looked at, where it may be the first half of a character.
    half: Vec<u8>,
}

impl Scan {
    fn look(&mut self, chunk: &[u8]) -> Result<(), CsvError> {
        let odd = |byte: &u8| matches!(byte, 0..=8 | 14..=31 | 127);
        if chunk.iter().filter(|byte| odd(byte)).count() > 0 {
            for byte in chunk {
                self.lines += u64::from(*byte == b'\n');
                if *byte == 0 {
                    return Err(CsvError::NotText {
                        line: self.lines + 1,
                    });
                }
                if odd(byte) {
                    if self.controls == 0 {
                        self.first_control = self.lines + 1;
                    }
                    self.controls += 1;
                }
            }
        } else {
            self.lines += line_ends(chunk);
        }
        self.characters(chunk);
        Ok(())
    }

    /// Whether it is still UTF-8; a character may stand on the border of two chunks.
    fn characters(&mut self, chunk: &[u8]) {
        const LONGEST: usize = 4;
        if self.broken {
            return;
        }
        self.half.extend_from_slice(chunk);
        let good = Encoding::utf8_valid_up_to(&self.half);
        self.half.drain(..good);
        self.broken = self.half.len() >= LONGEST;
    }

    fn is_utf8(&self) -> bool {
        !self.broken && self.half.is_empty()
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
    Text::new(source, encoding, Progress::default())
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

/// The separator that the first line names, as a spreadsheet program writes it: `sep=;`.
fn stated_separator(sample: &str) -> Option<u8> {
    let first = sample.lines().next()?.trim_matches('"');
    let (name, mark) = first.split_at_checked(4)?;
    match (name.eq_ignore_ascii_case("sep="), mark.as_bytes()) {
        (true, [mark]) => SEPARATORS.contains(mark).then_some(*mark),
        _ => None,
    }
}

/// The separator under which a row names attributes and most rows have as many cells as each other,
/// and the more the better.
fn separator_of(sample: &str, choices: &Choices) -> Result<Told<u8>, CsvError> {
    if let Some(chosen) = choices.separator {
        let known = SEPARATORS.iter().find(|mark| char::from(**mark) == chosen);
        return known
            .map(|mark| Told::new(*mark, Certainty::Chosen))
            .ok_or_else(|| {
                CsvError::Choice(format!(
                    "Il separatore «{chosen}» non si può usare: scegliete punto e virgola, virgola, \
                     tabulazione o barra verticale."
                ))
            });
    }
    if let Some(stated) = stated_separator(sample) {
        return Ok(Told::new(stated, Certainty::Stated));
    }
    let mut best = (SEPARATORS[0], (false, 0, 1));
    for separator in SEPARATORS {
        let weight = alike(&lines_of(sample, separator, false));
        if weight > best.1 {
            best = (separator, weight);
        }
    }
    let certainty = match best.1 {
        (_, 95.., _) => Certainty::Sure,
        (true, _, _) | (_, 60.., _) => Certainty::Likely,
        _ => Certainty::Guessed,
    };
    Ok(Told::new(best.0, certainty))
}

/// Whether some row names attributes, the percentage of rows that have the most frequent number of
/// cells, and that number.
fn alike(lines: &[Line]) -> (bool, usize, usize) {
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    for line in lines {
        *widths.entry(line.cells.len()).or_default() += 1;
    }
    let split = widths.into_iter().filter(|(columns, _)| *columns > 1);
    let Some((columns, rows)) = split.max_by_key(|(columns, rows)| (*rows, *columns)) else {
        return (false, 0, 1);
    };
    let named = lines.iter().any(|line| header::known(&line.cells) >= 2);
    (named, rows * 100 / lines.len(), columns)
}

/// The first rows of the sample that are not empty.
fn lines_of(sample: &str, separator: u8, marked: bool) -> Vec<Line> {
    let text = Text::new(sample.as_bytes(), UTF_8, Progress::default());
    let mut records = Records::new(text, separator, marked);
    // A record that the end of the sample cuts in two is not looked at.
    std::iter::from_fn(|| records.read().ok().flatten())
        .take(LOOKED_AT)
        .map(Line::from)
        .collect()
}

/// What stands before decimals.
fn decimal_of(sample: &[Vec<String>], choices: &Choices) -> Result<Told<char>, CsvError> {
    match choices.decimal {
        Some(mark @ (',' | '.')) => Ok(Told::new(mark, Certainty::Chosen)),
        Some(other) => Err(CsvError::Choice(format!(
            "I decimali non si scrivono con «{other}»: scegliete la virgola o il punto."
        ))),
        None => {
            let (mark, certainty) = header::decimal(sample);
            Ok(Told::new(mark, certainty))
        }
    }
}

/// The text of a file as UTF-8, with `\n` at the end of every line, the last included.
struct Text<R> {
    source: R,
    decoder: Decoder,
    progress: Progress,
    raw: Vec<u8>,
    decoded: String,
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
    fn new(source: R, encoding: &'static Encoding, progress: Progress) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            progress,
            raw: vec![0; 1 << 15],
            decoded: String::new(),
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
            self.progress.advance(length as u64);
            self.ended = length == 0;
            let room = self.decoder.max_utf8_buffer_length(length);
            self.decoded.clear();
            self.decoded.reserve(room.unwrap_or(length * 4 + 16));
            let _ = self
                .decoder
                .decode_to_string(raw, &mut self.decoded, self.ended);
            for (at, piece) in self.decoded.split('\r').enumerate() {
                if at > 0 {
                    self.ready.push(b'\n');
                    self.last = b'\r';
                }
                let Some(last) = piece.bytes().next_back() else {
                    continue;
                };
                let second_half = self.last == b'\r' && piece.starts_with('\n');
                let rest = if second_half { piece.get(1..) } else { None };
                self.ready
                    .extend_from_slice(rest.unwrap_or(piece).as_bytes());
                self.last = last;
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
            assert_eq!(rows[1].cells, ["3", "x\ny"].iter().collect());
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
                file.next().unwrap().unwrap().cells.get(1).unwrap(),
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
        assert_eq!(
            file.by_ref().last().unwrap().unwrap().cells.get(1),
            Some("Cantù")
        );
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

    fn chosen(choices: &Choices) -> Result<CsvReader<Cursor<Vec<u8>>>, CsvError> {
        let text = "Elenco\ncodice;lat,lon\nA1;45,4;9,1\n";
        CsvReader::open_as(Cursor::new(text.into()), choices, Progress::default())
    }

    #[test]
    fn files_of_offices_are_read_as_they_are() {
        use super::super::source::tests::{open, rows};
        let header = [
            "codice",
            "denominazione",
            "comune",
            "lat",
            "lon",
            "funzione",
            "stato",
        ];
        for (name, encoding, separator, decimal, line, first) in [
            (
                "utf_16_without_mark.csv",
                "utf-16le",
                ';',
                ',',
                1,
                "Piazza Duomo, località nord",
            ),
            (
                "utf_16_big_endian_without_mark.csv",
                "utf-16be",
                ';',
                ',',
                1,
                "Piazza Duomo, lato nord",
            ),
            (
                "utf_8_with_mark.csv",
                "utf-8",
                ';',
                ',',
                1,
                "Piazza Duomo, località nord",
            ),
            ("tabs.tsv", "utf-8", '\t', ',', 1, "Piazza Duomo, lato nord"),
            ("pipes.csv", "utf-8", '|', ',', 1, "Piazza Duomo, lato nord"),
            (
                "sep_line.csv",
                "utf-8",
                ',',
                '.',
                2,
                "Piazza Duomo, lato nord",
            ),
            (
                "mixed_line_ends.csv",
                "utf-8",
                ';',
                ',',
                1,
                "Piazza Duomo, lato nord",
            ),
            (
                "total_row_at_the_end.csv",
                "utf-8",
                ';',
                ',',
                1,
                "Piazza Duomo, lato nord",
            ),
        ] {
            let source = open(name);
            let found = &source.detected;
            assert_eq!(found.encoding.as_deref(), Some(encoding), "{name}");
            assert_eq!(found.separator, Some(separator), "{name}");
            assert_eq!(found.decimal, Some(decimal), "{name}");
            assert_eq!(found.header_line, Some(line), "{name}");
            assert_eq!(found.certainty.len(), 5, "{name}");
            assert_eq!(source.header, header, "{name}");
            let all = rows(source);
            assert_eq!(all[0].0, line + 1, "{name}");
            assert_eq!(all[0].1[1], first, "{name}");
        }
    }

    #[test]
    fn titles_are_said_and_not_read() {
        use super::super::source::tests::{open, rows};
        let source = open("two_title_rows_windows_1252.csv");
        assert_eq!(source.detected.encoding.as_deref(), Some("windows-1252"));
        assert_eq!(source.detected.header_line, Some(3));
        assert_eq!(
            source.detected.notes,
            [
                "Ci sono righe sopra l’intestazione che non vengono lette: righe 1 «Città di Rho — \
              Polizia Locale», 2 «Elenco delle telecamere, aggiornato al 31/12/2024»."
            ]
        );
        let all = rows(source);
        assert_eq!((all.len(), all[0].0), (3, 4));
        assert_eq!(all[1].1[1], "Piazza San Vittore, perché c’è il mercato");
        let source = open("notes_below_the_title.csv");
        assert_eq!(
            (source.detected.header_line, source.detected.separator),
            (Some(4), Some(','))
        );
        assert_eq!(source.header[0], "Codice telecamera");
    }

    #[test]
    fn what_only_looks_like_the_end_of_a_row_is_not() {
        use super::super::source::tests::{open, rows};
        let all = rows(open("quoted_newlines.csv"));
        assert_eq!(all[0].1[7], "prima riga\nseconda riga\n\nquarta");
        assert_eq!(all.iter().map(|row| row.0).collect::<Vec<_>>(), [2, 6]);
        let all = rows(open("semicolon_in_quotes.csv"));
        assert_eq!(all[0].1[7], "palo basso; da alzare; \"urgente\"");
        let all = rows(open("mixed_line_ends.csv"));
        assert_eq!(
            all.iter().map(|row| row.0).collect::<Vec<_>>(),
            [2, 3, 4, 5]
        );
        let all = rows(open("total_row_at_the_end.csv"));
        assert_eq!(
            all.iter().map(|row| row.0).collect::<Vec<_>>(),
            [2, 3, 4, 6, 7]
        );
    }

    #[test]
    fn a_file_without_headers_or_with_empty_columns_keeps_every_cell() {
        use super::super::source::{
            Certainty,
            tests::{open, rows},
        };
        let source = open("no_header.csv");
        assert_eq!(source.detected.header_line, Some(0));
        assert_eq!(source.detected.certainty["header_line"], Certainty::Guessed);
        assert_eq!(
            (source.header.len(), source.header[6].as_str()),
            (7, "Colonna 7")
        );
        assert_eq!((source.sample.len(), rows(source).len()), (4, 4));
        let source = open("empty_columns.csv");
        assert_eq!(
            source.header,
            [
                "codice",
                "",
                "denominazione",
                "comune",
                "lat",
                "lon",
                "Colonna 7",
                "funzione",
                "stato"
            ]
        );
        let shapes: Vec<_> = rows(source).iter().map(|row| row.1.len()).collect();
        assert_eq!(shapes, [9, 9]);
        assert_eq!(open("thousands_points.csv").detected.decimal, Some(','));
    }

    #[test]
    fn a_choice_takes_the_place_of_what_is_found_out() {
        let found = chosen(&Choices::default()).unwrap();
        assert_eq!(
            (found.detected().separator, found.detected().header_line),
            (';', 2)
        );
        let other = chosen(&Choices {
            encoding: Some("latin1".to_owned()),
            separator: Some(','),
            decimal: Some('.'),
            header_line: Some(0),
            sheet: None,
        })
        .unwrap();
        let told = other.detected();
        assert_eq!(
            (told.encoding.as_str(), told.separator, told.decimal),
            ("windows-1252", ',', '.')
        );
        assert_eq!((told.header_line, other.header().len()), (0, 3));
        let certainties = ["encoding", "separator", "decimal", "header_line"];
        assert!(
            certainties
                .iter()
                .all(|name| told.certainty[*name] == Certainty::Chosen)
        );
        assert_eq!(
            other.map(Result::unwrap).next().unwrap().cells,
            ["Elenco"].iter().collect()
        );
        for (wrong, says) in [
            (
                Choices {
                    encoding: Some("utf-9".to_owned()),
                    ..Choices::default()
                },
                "utf-9",
            ),
            (
                Choices {
                    separator: Some('x'),
                    ..Choices::default()
                },
                "«x»",
            ),
            (
                Choices {
                    decimal: Some(';'),
                    ..Choices::default()
                },
                "«;»",
            ),
            (
                Choices {
                    header_line: Some(7),
                    ..Choices::default()
                },
                "riga 7",
            ),
        ] {
            let why = chosen(&wrong).err().unwrap().to_string();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn a_mark_that_the_text_contradicts_is_said() {
        let file = open(b"\xEF\xBB\xBFcodice;nome\n1;Cant\xF9\n");
        assert!(file.detected().notes[0].contains("windows-1252"));
        assert!(
            open(b"codice;nome\n1;Cant\xF9\n")
                .detected()
                .notes
                .is_empty()
        );
    }
}
