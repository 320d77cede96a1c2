//! Devices as a zipped shapefile: `.shp`, `.shx`, `.dbf`, `.prj` and `.cpg`.
//!
//! Geometry goes to its temporary file at once; attributes wait in another until the widest value of
//! every column is known, so that widths fit the data and memory does not grow with it. Easting (or
//! longitude) is always first, as the format wants, also where the system's definition has the
//! northing first. The same devices give the same bytes: no clock is read into the file. Enforced by
//! `tests/it/exports.rs`, through GDAL.

use super::SYSTEMS;
use super::csv as delimited;
use crate::census::projection::{self, Crs};
use crate::census::record::{Record, Store};
use crate::census::vocabulary::{ATTRIBUTES, Field, Kind};
use proj::Proj;
use proj::wkt::WktVersion;
use shapefile::dbase::{
    self, Date, FieldError, FieldName, FieldWriter, TableWriterBuilder, WritableRecord,
};
use shapefile::{Point, ShapeWriter};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The longest text of a dBASE column, in bytes of UTF-8.
const MAX_TEXT_BYTES: u8 = 254;

/// The most decimals a number keeps.
const MAX_DECIMALS: u8 = 8;

/// Why devices cannot be written as a shapefile.
#[derive(Debug, thiserror::Error)]
pub enum ShapefileError {
    /// A system that is not among [`SYSTEMS`].
    #[error("Lo shapefile si scrive in EPSG:4326, 32632, 7791, 6707 o 3003, non in {0}.")]
    System(&'static str),
    /// A device that is nowhere in the system.
    #[error("La posizione del dispositivo «{device}» non si può esprimere in {crs}.")]
    Position {
        /// Body and code of the device.
        device: String,
        /// The system asked for.
        crs: &'static str,
    },
    /// The disk, or whatever it was written to.
    #[error("Lo shapefile non si è potuto scrivere: {0}.")]
    Write(#[from] io::Error),
}

/// What happened while writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// How many devices.
    pub devices: u64,
    /// The attributes whose texts were longer than the format allows, and how many were cut.
    pub truncated: Vec<(Field, u64)>,
}

/// Writes devices, one by one, then the archive with all of them.
pub struct ShapefileWriter {
    crs: &'static Crs,
    shp: File,
    shx: File,
    shapes: ShapeWriter<BufWriter<File>>,
    spool: File,
    rows: csv::Writer<BufWriter<File>>,
    columns: Vec<Column>,
    devices: u64,
}

impl ShapefileWriter {
    /// Starts in a reference system of [`SYSTEMS`].
    pub fn new(crs: &'static Crs) -> Result<Self, ShapefileError> {
        if !SYSTEMS.contains(&crs.code) {
            return Err(ShapefileError::System(crs.code));
        }
        let (shp, shx, spool) = (
            tempfile::tempfile()?,
            tempfile::tempfile()?,
            tempfile::tempfile()?,
        );
        Ok(Self {
            crs,
            shapes: ShapeWriter::with_shx(
                BufWriter::new(shp.try_clone()?),
                BufWriter::new(shx.try_clone()?),
            ),
            rows: csv::Writer::from_writer(BufWriter::new(spool.try_clone()?)),
            shp,
            shx,
            spool,
            columns: columns(),
            devices: 0,
        })
    }

    /// Adds one device.
    pub fn row(&mut self, record: &Record) -> Result<(), ShapefileError> {
        let (x, y) = self.place(record).ok_or_else(|| ShapefileError::Position {
            device: format!(
                "{}:{}",
                record.text(Field::Ente),
                record.text(Field::Codice)
            ),
            crs: self.crs.code,
        })?;
        self.shapes.write_shape(&Point::new(x, y)).map_err(cause)?;
        for column in &mut self.columns {
            let text = record.plain(column.field);
            column.measure(&text);
            self.rows.write_field(text).map_err(delimited::cause)?;
        }
        self.rows
            .write_record(None::<&[u8]>)
            .map_err(delimited::cause)?;
        self.devices += 1;
        Ok(())
    }

    fn place(&self, record: &Record) -> Option<(f64, f64)> {
        let (lon, lat) = (record.number(Field::Lon)?, record.number(Field::Lat)?);
        projection::from_wgs84(self.crs, lon, lat)
    }

    /// Writes the archive; `layer` is what its files are called.
    pub fn finish(
        mut self,
        destination: impl Write + Seek,
        layer: &str,
    ) -> Result<Written, ShapefileError> {
        self.shapes.finalize().map_err(cause)?;
        self.rows.flush()?;
        drop((self.shapes, self.rows));
        if self.devices == 0 {
            declare_points(&mut self.shp)?;
            declare_points(&mut self.shx)?;
        }
        let mut dbf = tempfile::tempfile()?;
        write_table(&mut self.spool, &mut dbf, &self.columns)?;
        let mut archive = Archive {
            zip: ZipWriter::new(destination),
            layer,
        };
        archive.add("shp", &mut rewound(&mut self.shp)?)?;
        archive.add("shx", &mut rewound(&mut self.shx)?)?;
        archive.add("dbf", &mut rewound(&mut dbf)?)?;
        archive.add("prj", &mut definition(self.crs)?.as_bytes())?;
        archive.add("cpg", &mut &b"UTF-8"[..])?;
        archive.zip.finish().map_err(io::Error::other)?.flush()?;
        let truncated = self.columns.iter().filter(|column| column.cut > 0);
        Ok(Written {
            devices: self.devices,
            truncated: truncated.map(|column| (column.field, column.cut)).collect(),
        })
    }
}

/// The cause that the library does not pass on by itself.
fn cause(error: shapefile::Error) -> io::Error {
    match error {
        shapefile::Error::IoError(cause) => cause,
        other => io::Error::other(other),
    }
}

/// Says in the header of a file without shapes that they would be points: the library learns it
/// from the first one.
fn declare_points(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(32))?;
    file.write_all(&1_i32.to_le_bytes())
}

fn rewound(file: &mut File) -> io::Result<BufReader<&mut File>> {
    file.rewind()?;
    Ok(BufReader::new(file))
}

/// The reference system in the dialect of `.prj` files.
fn definition(crs: &Crs) -> io::Result<String> {
    Proj::new(crs.code)
        .map_err(io::Error::other)?
        .as_wkt(Some(WktVersion::Wkt1_Esri), None)
        .map_err(io::Error::other)
}

struct Archive<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    layer: &'a str,
}

impl<W: Write + Seek> Archive<'_, W> {
    fn add(&mut self, extension: &str, content: &mut impl Read) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::DEFAULT)
            .unix_permissions(0o644);
        self.zip
            .start_file(format!("{}.{extension}", self.layer), options)
            .map_err(io::Error::other)?;
        io::copy(content, &mut self.zip).map(drop)
    }
}

/// One column of the table, and what has been seen in it.
#[derive(Debug, PartialEq)]
struct Column {
    field: Field,
    /// The longest text in bytes, or the most digits before the decimals with the sign.
    width: u8,
    /// The most decimals.
    decimals: u8,
    /// How many texts are longer than a column can be.
    cut: u64,
}

/// The columns of the table: every attribute but the position, which is the geometry.
fn columns() -> Vec<Column> {
    ATTRIBUTES
        .iter()
        .filter(|attribute| !matches!(attribute.kind, Kind::Latitude | Kind::Longitude))
        .map(|attribute| Column {
            field: attribute.field,
            width: 1,
            decimals: 1,
            cut: 0,
        })
        .collect()
}

impl Column {
    fn measure(&mut self, text: &str) {
        let (whole, decimals) = match self.field.attribute().kind.store() {
            Store::Decimal => text.split_once('.').unwrap_or((text, "")),
            _ => (text, ""),
        };
        let bytes = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        self.cut += u64::from(bytes(whole) > MAX_TEXT_BYTES);
        self.width = self.width.max(bytes(whole).min(MAX_TEXT_BYTES));
        self.decimals = self.decimals.max(bytes(decimals).min(MAX_DECIMALS));
    }

    fn declare(&self, table: TableWriterBuilder) -> io::Result<TableWriterBuilder> {
        let attribute = self.field.attribute();
        let name = FieldName::try_from(attribute.short)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        Ok(match (attribute.kind, attribute.kind.store()) {
            (Kind::Date, _) => table.add_date_field(name),
            (_, Store::Text) => table.add_character_field(name, self.width),
            (_, Store::Integer) => table.add_numeric_field(name, self.width, 0),
            (_, Store::Decimal) => {
                table.add_numeric_field(name, self.width + 1 + self.decimals, self.decimals)
            }
        })
    }
}

/// Makes the table from the spooled texts, now that the widths are known.
fn write_table(spool: &mut File, table: &mut File, columns: &[Column]) -> io::Result<()> {
    let mut output = BufWriter::new(&mut *table);
    let mut builder = TableWriterBuilder::new();
    for column in columns {
        builder = column.declare(builder)?;
    }
    let mut writer = builder.build_with_dest(&mut output);
    let mut spooled = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(rewound(spool)?);
    let mut texts = csv::StringRecord::new();
    while spooled.read_record(&mut texts)? {
        writer
            .write_record(&Texts {
                texts: &texts,
                columns,
            })
            .map_err(io::Error::other)?;
    }
    writer.finalize().map_err(io::Error::other)?;
    drop(writer);
    output.flush()?;
    drop(output);
    forget_the_day(table)
}

/// Puts fixed values where the library writes today's date and a language that only it knows: the
/// encoding is in the `.cpg`.
fn forget_the_day(table: &mut File) -> io::Result<()> {
    const FIRST_OF_1980: [u8; 3] = [80, 1, 1];
    table.seek(SeekFrom::Start(1))?;
    table.write_all(&FIRST_OF_1980)?;
    table.seek(SeekFrom::Start(29))?;
    table.write_all(&[0])
}

/// One row of the table, from spooled texts.
struct Texts<'a> {
    texts: &'a csv::StringRecord,
    columns: &'a [Column],
}

impl WritableRecord for Texts<'_> {
    fn write_using<W: Write>(&self, writer: &mut FieldWriter<'_, W>) -> Result<(), FieldError> {
        for (column, text) in self.columns.iter().zip(self.texts) {
            let kind = column.field.attribute().kind;
            match (kind, kind.store()) {
                (Kind::Date, _) => writer.write_next_field_value(&date(text))?,
                (_, Store::Text) => writer.write_next_field_value(&cut(text))?,
                _ => writer.write_next_field_value(&text.parse::<f64>().ok())?,
            }
        }
        Ok(())
    }
}

/// A date of the record, which is ISO 8601; the format has no place for anything else.
fn date(text: &str) -> dbase::FieldValue {
    let mut parts = text.split('-').map(str::parse::<u32>);
    let date = match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) => Date::new(day, month, year).ok(),
        _ => None,
    };
    dbase::FieldValue::Date(date)
}

/// As much of a text as fits a column, whole characters only.
fn cut(text: &str) -> &str {
    let longest = usize::from(MAX_TEXT_BYTES);
    if text.len() <= longest {
        return text;
    }
    (0..=longest)
        .rev()
        .find_map(|end| text.get(..end))
        .unwrap_or_default()
}
