//! Handing devices over as files: one filter, one state, one reference system.
//!
//! Devices are read page by page inside one reading unit, so that a file shows one state of the
//! census, and written by another thread as they come, so that memory does not grow with them. The
//! same devices give the same bytes on both engines: order is by body and code, and neither time nor
//! identifiers go into a file. Enforced by `tests/it/publish.rs`.

use super::journal::Note;
use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::filter::{Edge, Filter, Slice, Sort, Tier};
use crate::census::journal::Act;
use crate::census::projection::{self, Crs};
use crate::census::record::{Record, Value};
use crate::census::revision::Revision;
use crate::census::vocabulary::Field;
use crate::exchange;
use crate::exchange::csv::CsvWriter;
use crate::exchange::geojson::{self, GeoJsonWriter};
use crate::exchange::shapefile::{ShapefileError, ShapefileWriter};
use crate::exchange::workbook::{Names, WorkbookError, WorkbookWriter};
use crate::storage::device;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many devices are read at a time.
const PAGE: usize = 2_000;

/// What the layer of devices is called in files.
pub const LAYER: &str = "dispositivi";

/// Decimals of the degrees in a public copy: about a hundred metres.
const COARSE: f64 = 1e3;

/// How devices can be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// GeoJSON, RFC 7946.
    GeoJson,
    /// A zipped shapefile.
    Shapefile,
    /// Delimited text for spreadsheets.
    Csv,
    /// A workbook of Office Open XML.
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Shapefile, Self::GeoJson, Self::Csv, Self::Xlsx];

    /// The spelling in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::Shapefile => "shapefile",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// How its files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::Shapefile => "zip",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The reference systems it can be written in, as `EPSG:n`; the first when none is asked for.
    #[must_use]
    pub const fn systems(self) -> &'static [&'static str] {
        match self {
            Self::Shapefile => &exchange::SYSTEMS,
            Self::GeoJson | Self::Csv | Self::Xlsx => &["EPSG:4326"],
        }
    }

    /// Why it cannot be written in a system that is not one of its own.
    fn refusal(self, crs: &Crs) -> String {
        match self {
            Self::GeoJson => geojson::refuses(crs).unwrap_or_default(),
            Self::Csv | Self::Xlsx => format!(
                "Il foglio di calcolo porta latitudine e longitudine in EPSG:4326, non in {}: \
                 scegliete EPSG:4326, oppure lo shapefile.",
                crs.code
            ),
            Self::Shapefile => ShapefileError::System(crs.code).to_string(),
        }
    }
}

/// What is to be handed over.
#[derive(Debug, Clone)]
pub struct Export {
    format: Format,
    crs: &'static Crs,
    filter: Filter,
}

impl Export {
    /// The devices that a filter finds, in a format and a reference system such as `EPSG:32632`;
    /// no system means the format's first.
    pub fn new(format: Format, crs: &str, filter: Filter) -> Result<Self> {
        let wanted = match (crs.trim(), format.systems()) {
            ("", [first, ..]) => first,
            (wanted, _) => wanted,
        };
        let crs = projection::system(wanted).ok_or_else(|| {
            Error::Invalid(format!(
                "Il sistema di riferimento «{}» non si conosce: scegliete fra {}.",
                wanted.chars().take(40).collect::<String>(),
                format.systems().join(", ")
            ))
        })?;
        if format.systems().contains(&crs.code) {
            Ok(Self {
                format,
                crs,
                filter,
            })
        } else {
            Err(Error::Invalid(format.refusal(crs)))
        }
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What left, for the history.
    fn in_short(&self, devices: u64) -> String {
        let counted = match devices {
            1 => "1 dispositivo".to_owned(),
            _ => format!("{devices} dispositivi"),
        };
        let filter = &self.filter;
        let text = format!(
            "{counted}, {}, {}, {} {}",
            self.crs.code,
            filter.state.label().to_lowercase(),
            filter.tier.name(),
            filter.in_short()
        );
        text.trim_end().to_owned()
    }

    /// What the file is called: the system is in the name where it can vary.
    #[must_use]
    pub fn file_name(&self) -> String {
        let extension = self.format.extension();
        match self.crs.code.strip_prefix("EPSG:") {
            Some(number) if self.format == Format::Shapefile => {
                format!("{LAYER}_{number}.{extension}")
            }
            _ => format!("{LAYER}.{extension}"),
        }
    }
}

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// How many devices.
    pub devices: u64,
    /// The attributes whose texts were longer than the format allows, and how many were cut.
    pub truncated: Vec<(Field, u64)>,
}

impl Register {
    /// Writes a file of devices to an empty file, and notes in the history that it left. After an
    /// error, what is in it is of no use.
    pub async fn export(&self, export: &Export, sink: File) -> Result<Published> {
        self.past(&export.filter).await?;
        let (pages, incoming) = channel(2);
        let work = export.clone();
        let names = match export.format {
            Format::Xlsx => self.choices_of_workbook().await?,
            _ => Names::default(),
        };
        let writer = tokio::task::spawn_blocking(move || write(&work, &names, incoming, sink));
        let read = self.read_pages(&export.filter, pages).await;
        let written = writer.await.map_err(io::Error::from)?;
        read?;
        let published = written?;
        let detail = export.in_short(published.devices);
        let body = export.filter.wanted(Field::Ente);
        let note = Note {
            act: Act::Exported,
            body: Some(body).filter(|body| !body.is_empty()),
            subject: &export.file_name(),
            detail: &detail,
        };
        self.leave_note(&export.filter.viewer().account, note)
            .await?;
        Ok(published)
    }

    /// What people choose from in a workbook, in the order of a dictionary.
    pub async fn choices_of_workbook(&self) -> Result<Names> {
        let bodies = self.store.read().await?.bodies().await?.into_iter();
        let municipalities = self.territory.municipalities().iter();
        let mut names = Names {
            bodies: bodies.map(|body| body.name).collect(),
            municipalities: municipalities
                .filter(|one| one.covered)
                .map(|one| one.name.clone())
                .collect(),
        };
        names.bodies.sort_by(|left, right| italian(left, right));
        names
            .municipalities
            .sort_by(|left, right| italian(left, right));
        Ok(names)
    }

    /// Sends every device that the filter finds, until nobody takes them any more.
    async fn read_pages(&self, filter: &Filter, pages: Sender<Vec<Revision>>) -> Result<()> {
        let mut unit = self.store.read().await?;
        let mut slice = Slice {
            sort: Sort::Code,
            from: None,
            size: PAGE,
        };
        loop {
            let listed = unit.devices(filter, &slice).await?;
            slice.from = listed
                .rows
                .last()
                .map(|last| (Edge::After, device::key(slice.sort, last)));
            if pages.send(listed.rows).await.is_err() || !listed.after {
                return Ok(());
            }
        }
    }
}

fn write(
    export: &Export,
    names: &Names,
    mut pages: Receiver<Vec<Revision>>,
    sink: File,
) -> Result<Published> {
    let mut output = Output::start(export, names, sink)?;
    let tier = export.filter.tier;
    while let Some(page) = pages.blocking_recv() {
        for mut revision in page {
            reduce(&mut revision.record, tier);
            // A public copy does not come back.
            let number = (tier != Tier::Pubblico).then_some(revision.number);
            output.add(&revision.record, number)?;
        }
    }
    output.finish()
}

/// Takes from a record what a tier does not show.
fn reduce(record: &mut Record, tier: Tier) {
    if tier != Tier::Pubblico {
        return;
    }
    for field in Field::ALL {
        if !tier.shows(*field) {
            record.set(*field, None);
        }
    }
    for field in [Field::Lat, Field::Lon] {
        let coarse = record
            .number(field)
            .map(|degrees| Value::Decimal((degrees * COARSE).round() / COARSE));
        record.set(field, coarse);
    }
}

/// A file being written.
enum Output {
    GeoJson(GeoJsonWriter<BufWriter<File>>, u64),
    Shapefile(Box<ShapefileWriter>, File),
    Csv(Box<CsvWriter<BufWriter<File>>>, u64),
    Xlsx(Box<WorkbookWriter>, File),
}

impl Output {
    fn start(export: &Export, names: &Names, sink: File) -> Result<Self> {
        Ok(match export.format {
            Format::GeoJson => Self::GeoJson(GeoJsonWriter::new(BufWriter::new(sink), LAYER)?, 0),
            Format::Shapefile => Self::Shapefile(Box::new(ShapefileWriter::new(export.crs)?), sink),
            Format::Csv => Self::Csv(Box::new(CsvWriter::new(BufWriter::new(sink))?), 0),
            Format::Xlsx => Self::Xlsx(Box::new(WorkbookWriter::new(names)?), sink),
        })
    }

    fn add(&mut self, record: &Record, revision: Option<i64>) -> Result<()> {
        match self {
            Self::GeoJson(writer, devices) => {
                writer.feature(record)?;
                *devices += 1;
            }
            Self::Shapefile(writer, _) => writer.row(record)?,
            Self::Csv(writer, devices) => {
                writer.row(record, revision)?;
                *devices += 1;
            }
            Self::Xlsx(writer, _) => writer.row(record, revision)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Published> {
        let devices = match self {
            Self::GeoJson(writer, devices) => {
                writer.finish()?.flush()?;
                devices
            }
            Self::Csv(writer, devices) => {
                writer.finish()?.flush()?;
                devices
            }
            Self::Xlsx(writer, sink) => {
                let mut sink = BufWriter::new(sink);
                let devices = writer.finish(&mut sink)?;
                sink.flush()?;
                devices
            }
            Self::Shapefile(writer, sink) => {
                let written = writer.finish(BufWriter::new(sink), LAYER)?;
                return Ok(Published {
                    devices: written.devices,
                    truncated: written.truncated,
                });
            }
        };
        Ok(Published {
            devices,
            truncated: Vec::new(),
        })
    }
}

impl From<ShapefileError> for Error {
    fn from(error: ShapefileError) -> Self {
        match error {
            ShapefileError::Write(cause) => Self::Write(cause),
            other => Self::Invalid(other.to_string()),
        }
    }
}

impl From<WorkbookError> for Error {
    fn from(error: WorkbookError) -> Self {
        match error {
            WorkbookError::Write(cause) => Self::Write(cause),
            other @ WorkbookError::TooMany => Self::Invalid(other.to_string()),
        }
    }
}

/// Why a file could not be written, in Italian where the system says it often.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match kind(error) {
        io::ErrorKind::StorageFull => "non c’è più spazio su disco".to_owned(),
        io::ErrorKind::PermissionDenied => "manca il permesso di scrivere lì".to_owned(),
        io::ErrorKind::NotFound => "la cartella non c’è".to_owned(),
        _ => error.to_string(),
    }
}

/// What the system said first: the libraries of the formats wrap its errors in their own.
#[must_use]
pub fn kind(error: &io::Error) -> io::ErrorKind {
    let mut kind = error.kind();
    let mut inner: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as _);
    while let Some(cause) = inner {
        inner = cause.source();
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            kind = cause.kind();
            inner = cause.get_ref().map(|inner| inner as _);
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::person::Viewer;

    fn export(format: Format, crs: &str) -> Result<Export> {
        Export::new(format, crs, Filter::of(&Viewer::operator()))
    }

    #[test]
    fn a_format_says_which_systems_it_knows() {
        assert_eq!(
            export(Format::Shapefile, "32632").unwrap().file_name(),
            "dispositivi_32632.zip"
        );
        assert_eq!(
            export(Format::GeoJson, "").unwrap().file_name(),
            "dispositivi.geojson"
        );
        for (format, crs) in [
            (Format::GeoJson, "EPSG:32632"),
            (Format::Csv, "EPSG:3003"),
            (Format::Xlsx, "EPSG:32632"),
            (Format::Shapefile, "EPSG:3857"),
            (Format::Shapefile, "boh"),
        ] {
            let Err(Error::Invalid(message)) = export(format, crs) else {
                panic!("{format:?} in {crs} must be refused");
            };
            assert!(message.contains("EPSG:4326"), "{message}");
        }
    }

    #[test]
    fn a_full_disk_is_recognised_through_the_libraries() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let zip = io::Error::other(zip::result::ZipError::Io(full()));
        for error in [full(), zip, io::Error::other(full())] {
            assert_eq!(kind(&error), io::ErrorKind::StorageFull, "{error:?}");
        }
        assert_eq!(kind(&io::Error::other("altro")), io::ErrorKind::Other);
    }

    #[test]
    fn a_public_copy_is_coarse_and_bare() {
        let mut record = Record::default();
        record.set(Field::Lat, Some(Value::Decimal(45.464_161)));
        record.set(Field::Indirizzo, Some(Value::Text("via Roma 1".to_owned())));
        record.set(Field::Funzione, Some(Value::Text("ztl".to_owned())));
        let mut whole = record.clone();
        reduce(&mut whole, Tier::Enti);
        assert_eq!(whole, record);
        reduce(&mut record, Tier::Pubblico);
        assert_eq!(record.number(Field::Lat), Some(45.464));
        assert_eq!(record.get(Field::Indirizzo), None);
        assert_eq!(record.text(Field::Funzione), "ztl");
    }
}
