//! A file that comes in, whatever its format: a header, and rows of texts one at a time.
//!
//! What is found out about a file is said with how sure it is, and each item can be chosen instead.
//! A format with geometries gives each as a text in the column [`GEOMETRY`], in the reference system
//! that the file declares; nothing is converted here. Rows stream: memory does not grow with the
//! file. Enforced by the files of `tests/data/import/`.

use super::archive::Archive;
use super::csv::{CsvError, CsvReader};
use super::{geojson_in, geopackage, kml, shapefile_in, spreadsheet};
use crate::census::finding::{Code, Finding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The header of the column that holds the geometries of a format that has them.
pub const GEOMETRY: &str = "geometria";

/// How many rows are looked at before reading them all.
pub const SAMPLE: usize = 100;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text.
    Csv,
    /// A workbook of Office Open XML.
    Xlsx,
    /// An `OpenDocument` spreadsheet.
    Ods,
    /// `GeoJSON`.
    GeoJson,
    /// An archive with a shapefile.
    Shapefile,
    /// `GeoPackage`.
    Gpkg,
    /// KML, also in an archive.
    Kml,
}

impl Format {
    /// What people call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
            Self::Ods => "ODS",
            Self::GeoJson => "GeoJSON",
            Self::Shapefile => "shapefile",
            Self::Gpkg => "GeoPackage",
            Self::Kml => "KML",
        }
    }

    /// Whether its rows have geometries of their own.
    #[must_use]
    pub const fn spatial(self) -> bool {
        matches!(
            self,
            Self::GeoJson | Self::Shapefile | Self::Gpkg | Self::Kml
        )
    }
}

/// How sure something is that was found out about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// A person chose it.
    Chosen,
    /// The file says so itself.
    Stated,
    /// Nothing else fits.
    Sure,
    /// It fits best.
    Likely,
    /// It is a guess that a person should look at.
    Guessed,
}

impl Certainty {
    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Chosen => "scelto da voi",
            Self::Stated => "lo dice il file",
            Self::Sure => "sicuro",
            Self::Likely => "probabile",
            Self::Guessed => "da controllare",
        }
    }
}

/// What a person says of how a file is to be read; what is absent is found out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The encoding's usual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// What stands before decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// The line of the header, from 1; 0 when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_line: Option<u64>,
    /// The sheet, the layer or the shapefile of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
}

/// What was found out about a file before reading its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// What kind of file it is.
    pub format: Format,
    /// The encoding's usual name in lower case, for example `utf-8` or `windows-1252`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// What stands before decimals in most numbers: `.` or `,`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// The line on which the header starts, from 1; 0 when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_line: Option<u64>,
    /// The sheet, the layer or the shapefile that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// All that could be read instead, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<String>,
    /// The reference system that the file itself declares, as `EPSG:n`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crs: Option<String>,
    /// How sure each of the above is, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certainty: BTreeMap<String, Certainty>,
    /// What a person should know besides, in Italian sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Detected {
    /// Nothing but the format.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self {
            format,
            encoding: None,
            separator: None,
            decimal: None,
            header_line: None,
            sheet: None,
            sheets: Vec::new(),
            crs: None,
            certainty: BTreeMap::new(),
            notes: Vec::new(),
        }
    }
}

/// One row of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The physical line of a text, the row of a sheet, the number of a feature: where a person
    /// finds it, from 1.
    pub line: u64,
    /// Which row of data it is, from 1; empty rows do not count.
    pub record: u64,
    /// The cells as they stand in the file, without quotes.
    pub cells: Cells,
}

/// The cells of a row, in one text: a file has millions of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Cells {
    /// Cells that stand one after the other in a text, with where each ends.
    pub(super) fn of(text: &str, ends: impl Iterator<Item = usize>) -> Self {
        Self {
            text: text.to_owned(),
            ends: ends
                .map(|end| u32::try_from(end).unwrap_or(u32::MAX))
                .collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One cell, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start as usize..end as usize)
    }

    /// All cells, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Puts a cell after the others.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }
}

impl<Cell: AsRef<str>> FromIterator<Cell> for Cells {
    fn from_iter<I: IntoIterator<Item = Cell>>(cells: I) -> Self {
        let mut all = Self::default();
        for cell in cells {
            all.push(cell.as_ref());
        }
        all
    }
}

impl Serialize for Cells {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = Vec::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(cells.into_iter().collect())
    }
}

impl Row {
    /// The finding for a row that has not as many cells as the header, of which there are
    /// `columns`.
    #[must_use]
    pub fn shape(&self, columns: usize) -> Option<Finding> {
        let cells = self.cells.len();
        (cells != columns).then(|| Finding {
            code: Code::RowShape,
            field: None,
            value: String::new(),
            message: format!(
                "Questa riga ha {cells} celle e l’intestazione ne ha {columns}: controllate \
                 separatori e virgolette."
            ),
            proposals: Vec::new(),
        })
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// As delimited text.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// The file could not be read from where it is kept.
    #[error("Il file non si legge: {0}.")]
    Read(#[from] io::Error),
    /// For a reason that its format explains, in an Italian sentence that says what to do.
    #[error("{0}")]
    Refused(String),
}

/// How far the reading of a file has come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    size: u64,
}

impl Progress {
    /// Of a file of this size, in bytes or in rows.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Self {
            read: Arc::default(),
            size,
        }
    }

    /// Goes on by this much.
    pub fn advance(&self, by: u64) {
        self.read.fetch_add(by, Ordering::Relaxed);
    }

    /// The share that was read, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of a file")]
    pub fn share(&self) -> f64 {
        if self.size == 0 {
            return 0.0;
        }
        (self.read.load(Ordering::Relaxed) as f64 / self.size as f64).min(1.0)
    }
}

/// The rows of a file, from the first.
pub type Rows = Box<dyn Iterator<Item = Result<Row, SourceError>> + Send>;

/// A file that is open: what it is, and its rows.
pub struct Source {
    /// What was found out.
    pub detected: Detected,
    /// The headers of the columns, without the blanks around them; made up where the file has none.
    pub header: Vec<String>,
    /// The cells of some of the first rows.
    pub sample: Vec<Vec<String>>,
    /// How far the rows have been read.
    pub progress: Progress,
    /// The rows.
    pub rows: Rows,
}

impl Source {
    /// Finds out what a file is, by its content rather than by its name, and opens it.
    pub fn open(name: &str, mut file: File, choices: &Choices) -> Result<Self, SourceError> {
        let mut start = Vec::new();
        (&mut file).take(START_BYTES).read_to_end(&mut start)?;
        file.rewind()?;
        match kind(&start, name) {
            Kind::Text => Self::delimited(file, choices),
            Kind::Archive => Self::archived(file, choices),
            Kind::GeoJson => geojson_in::open(file),
            Kind::Kml => kml::open(file),
            Kind::Gpkg => geopackage::open(file, choices),
            Kind::OldOffice => Err(old_office(file)?),
            Kind::Refused(sentence) => Err(SourceError::Refused(sentence.to_owned())),
        }
    }

    fn delimited(file: File, choices: &Choices) -> Result<Self, SourceError> {
        let progress = Progress::of(file.metadata()?.len());
        let reader = CsvReader::open_as(file, choices, progress.clone())?;
        let found = reader.detected();
        let detected = Detected {
            encoding: Some(found.encoding.clone()),
            separator: Some(found.separator),
            decimal: Some(found.decimal),
            header_line: Some(found.header_line),
            certainty: found.certainty.clone(),
            notes: found.notes.clone(),
            ..Detected::new(Format::Csv)
        };
        Ok(Self {
            detected,
            header: reader.header().to_vec(),
            sample: reader.sample().to_vec(),
            progress,
            rows: Box::new(reader.map(|row| row.map_err(SourceError::from))),
        })
    }

    fn archived(file: File, choices: &Choices) -> Result<Self, SourceError> {
        let archive = Archive::open(file)?;
        let ends = |end: &str| {
            archive
                .names()
                .any(|name| name.to_lowercase().ends_with(end))
        };
        if archive.has("xl/workbook.xml") {
            spreadsheet::open_xlsx(archive, choices)
        } else if archive.has("content.xml") && archive.has("mimetype") {
            spreadsheet::open_ods(archive, choices)
        } else if shapefile_in::is_in(&archive) {
            shapefile_in::open(archive, choices)
        } else if kml::is_in(&archive) {
            kml::open_archive(archive, choices)
        } else {
            Err(SourceError::Refused(
                if archive.has("xl/workbook.bin") {
                    "Il foglio di calcolo è un XLSB: apritelo e salvatelo come XLSX."
                } else if ends(".gpkg") {
                    "L’archivio contiene un GeoPackage: estraetelo e caricate direttamente quello."
                } else if ends(".csv") || ends(".geojson") || ends(".json") {
                    "L’archivio contiene un file di dati: estraetelo e caricate direttamente quello."
                } else {
                    "L’archivio non contiene uno shapefile (.shp con .dbf), un KML o un foglio di \
                     calcolo: controllate che sia il file giusto."
                }
                .to_owned(),
            ))
        }
    }
}

/// How many bytes tell what a file is.
pub(super) const START_BYTES: u64 = 4096;

/// What a file is, by its first bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Archive,
    GeoJson,
    Kml,
    Gpkg,
    OldOffice,
    Refused(&'static str),
}

/// What a file is, by its first bytes and by its name where they leave a doubt.
pub(super) fn kind(start: &[u8], name: &str) -> Kind {
    const MAGIC: [(&[u8], Kind); 10] = [
        (b"SQLite format 3\0", Kind::Gpkg),
        (b"PK\x03\x04", Kind::Archive),
        (b"PK\x05\x06", Kind::Archive),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Kind::OldOffice),
        (
            b"\x00\x00\x27\x0A",
            Kind::Refused(
                "È una parte sola di uno shapefile: mettete in uno ZIP tutti i file con lo stesso nome \
                 (.shp, .dbf, .shx, .prj, .cpg) e caricate quello.",
            ),
        ),
        (
            b"7z\xBC\xAF\x27\x1C",
            Kind::Refused("L’archivio è un 7z: rifatelo come ZIP."),
        ),
        (
            b"Rar!\x1A\x07",
            Kind::Refused("L’archivio è un RAR: rifatelo come ZIP."),
        ),
        (
            b"\x1F\x8B",
            Kind::Refused(
                "Il file è compresso con gzip: estraetelo e caricate quello che contiene.",
            ),
        ),
        (
            b"{\\rtf",
            Kind::Refused(
                "È un documento di testo: copiate la tabella in un foglio di calcolo e salvatela come \
                 XLSX.",
            ),
        ),
        (
            b"AC10",
            Kind::Refused(
                "È un disegno DWG: esportate i punti come shapefile o GeoJSON, oppure le coordinate in \
                 un foglio di calcolo.",
            ),
        ),
    ];
    if let Some((_, kind)) = MAGIC
        .into_iter()
        .find(|(magic, _)| start.starts_with(magic))
    {
        return kind;
    }
    if is_dbase(start) {
        return Kind::Refused(
            "È la sola tabella di uno shapefile: mettete in uno ZIP tutti i file con lo stesso nome \
             (.shp, .dbf, .shx, .prj, .cpg) e caricate quello.",
        );
    }
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let text = text.trim_ascii_start();
    let named = |end: &str| name.to_lowercase().ends_with(end);
    match text {
        [b'{', rest @ ..] => match rest.trim_ascii_start().first() {
            Some(b'"' | b'}') => Kind::GeoJson,
            _ if named("json") => Kind::GeoJson,
            _ => Kind::Text,
        },
        [b'[', ..] if named("json") => Kind::Refused(
            "Il file è JSON ma non GeoJSON: manca l’elenco «features». Esportatelo di nuovo come \
             GeoJSON dal programma da cui viene.",
        ),
        [b'<', ..] => markup(text),
        _ => Kind::Text,
    }
}

/// What a text in angle brackets is.
fn markup(text: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(text).to_lowercase();
    if text.contains("<kml") {
        Kind::Kml
    } else if text.contains("<html") || text.contains("<table") {
        Kind::Refused(
            "Il file è una pagina web, anche se si chiama in un altro modo: apritelo con il foglio di \
             calcolo e salvatelo come XLSX.",
        )
    } else if text.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        Kind::Refused(
            "Il foglio di calcolo è in un formato XML del 2003: apritelo e salvatelo come XLSX.",
        )
    } else if text.contains("<gpx") {
        Kind::Refused("Il file è un GPX: convertitelo in GeoJSON o KML, per esempio con QGIS.")
    } else if text.contains("<?xml") {
        Kind::Refused(
            "Il file è XML ma non è un KML: esportate i punti come KML, GeoJSON o shapefile.",
        )
    } else {
        Kind::Text
    }
}

/// Whether these are the first bytes of a dBASE table: its version, a date, and sizes that agree.
fn is_dbase(start: &[u8]) -> bool {
    let [version, _, month, day, _, _, _, _, low, high, ..] = start else {
        return false;
    };
    let header = usize::from(u16::from_le_bytes([*low, *high]));
    [0x03, 0x83, 0x8B, 0xF5].contains(version)
        && (1..=12).contains(month)
        && (1..=31).contains(day)
        && header > 32
        && header % 32 <= 1
        && (header > start.len() || start.get(header - 1) == Some(&b'\r'))
}

/// What is said of a document of the old office programs, which is also how a new one with a
/// password is kept.
fn old_office(file: File) -> io::Result<SourceError> {
    const LOOKED_AT: u64 = 16 << 20;
    let marker: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    if bytes.windows(marker.len()).any(|part| part == marker) {
        return Ok(spreadsheet::protected("XLSX"));
    }
    Ok(SourceError::Refused(
        "Il file è un documento di un vecchio Office (XLS o DOC): apritelo e salvatelo come XLSX."
            .to_owned(),
    ))
}

/// A separator as people call it.
#[must_use]
pub const fn separator_words(separator: char) -> &'static str {
    match separator {
        ';' => "punto e virgola",
        ',' => "virgola",
        '\t' => "tabulazione",
        _ => "barra verticale",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::path::Path;

    /// Opens a file of `tests/data/import`.
    pub(in crate::exchange) fn open_as(
        name: &str,
        choices: &Choices,
    ) -> Result<Source, SourceError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
        Source::open(name, File::open(folder.join(name)).unwrap(), choices)
    }

    pub(in crate::exchange) fn open(name: &str) -> Source {
        open_as(name, &Choices::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Why a file is refused, at once or while its rows are read.
    pub(in crate::exchange) fn refused(name: &str) -> String {
        match open_as(name, &Choices::default()) {
            Ok(source) => source
                .rows
                .filter_map(Result::err)
                .map(|error| error.to_string())
                .collect(),
            Err(error) => error.to_string(),
        }
    }

    /// Lines and cells of all rows.
    pub(in crate::exchange) fn rows(source: Source) -> Vec<(u64, Vec<String>)> {
        let progress = source.progress.clone();
        let rows: Vec<_> = source
            .rows
            .map(|row| {
                row.map(|row| (row.line, row.cells.iter().map(str::to_owned).collect()))
                    .unwrap()
            })
            .collect();
        assert!(progress.share() > 0.99, "{}", progress.share());
        rows
    }

    #[test]
    fn a_file_is_told_by_its_content_and_not_by_its_name() {
        for (name, format) in [
            ("tabs.tsv", Format::Csv),
            ("byte_order_mark.geojson", Format::GeoJson),
            ("one_feature_a_line.geojson", Format::GeoJson),
            ("placemarks.kml", Format::Kml),
            ("placemarks.kmz", Format::Kml),
            ("points.gpkg", Format::Gpkg),
            ("utf_8_without_cpg.zip", Format::Shapefile),
            ("libreoffice.ods", Format::Ods),
            ("written_by_libreoffice.xlsx", Format::Xlsx),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/data/import")
                .join(name);
            let opened = Source::open("elenco.csv", File::open(path).unwrap(), &Choices::default());
            let detected = opened.map(|source| source.detected).unwrap();
            assert_eq!(detected.format, format, "{name}");
            assert!(detected.certainty.contains_key("format"), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_to_do() {
        for (name, says) in [
            ("a_spreadsheet_renamed.csv", "L’archivio è rovinato"),
            ("binary_bytes.csv", "byte che non sono testo"),
            ("a_page_called_spreadsheet.xls", "pagina web"),
            ("old_office.xls", "salvatelo come XLSX"),
            ("part_of_a_shapefile.dbf", "mettete in uno ZIP"),
            ("bomb.zip", "ne contiene più di 100 MB"),
            ("path_tricks.zip", "fuori da sé"),
            ("nested.zip", "un altro archivio"),
            ("a_spreadsheet_inside.zip", "estraetelo"),
            ("empty_workbook.xlsx", "è vuoto"),
            ("repeated_cells.ods", "troppo grande"),
            ("cut_short.geojson", "finisce prima del tempo"),
        ] {
            let why = refused(name);
            assert!(why.contains(says), "{name}: {why}");
        }
        let of = |bytes: &[u8]| kind(bytes, "x");
        assert!(matches!(of(b"\x00\x00\x27\x0A\0\0"), Kind::Refused(_)));
        assert!(matches!(
            of(b"<?xml version='1.0'?><gpx>"),
            Kind::Refused(_)
        ));
        assert_eq!(of(b"{codice};lat\n"), Kind::Text);
        assert_eq!(of(b"<b>codice</b>;lat\n"), Kind::Text);
        assert_eq!(of(b""), Kind::Text);
    }

    #[test]
    fn a_workbook_with_a_password_is_told_from_an_old_one() {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").unwrap();
        for unit in "EncryptedPackage".encode_utf16() {
            file.write_all(&unit.to_le_bytes()).unwrap();
        }
        file.rewind().unwrap();
        let why = Source::open("x", file, &Choices::default()).err().unwrap();
        assert!(why.to_string().contains("password"), "{why}");
    }
}
