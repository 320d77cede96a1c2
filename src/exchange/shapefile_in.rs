//! Zipped shapefiles in, as rows of devices or with whole geometries, and what boundaries share with
//! them: the table's encoding, the
//! reference system of a `.prj`.
//!
//! The parts leave the archive for temporary files and are read from there, a row at a time. Rows
//! that the table marks as deleted are left out with their shapes. Enforced by the tests below and
//! by the files of `tests/data/import/`.

use super::archive::Archive;
use super::csv;
use super::drawn::{self, Drawn, Position};
use super::features::{self, Columns, Sample};
use super::header;
use super::source::{Certainty, Choices, Detected, Format, Progress, SAMPLE, Source, SourceError};
use super::stream;
use crate::census::projection::{self, Crs};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use shapefile::dbase::{self, FieldValue};
use shapefile::{PolygonRing, Shape, ShapeReader};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

/// Whether an archive has a shapefile.
pub(super) fn is_in(archive: &Archive) -> bool {
    !layers(archive).is_empty()
}

/// The paths of the shapefiles of an archive, without their end.
pub(super) fn layers(archive: &Archive) -> Vec<String> {
    let stem = |name: &str| {
        let (stem, end) = name.rsplit_once('.')?;
        end.eq_ignore_ascii_case("shp").then(|| stem.to_owned())
    };
    archive.names().filter_map(stem).collect()
}

/// Opens the shapefile of an archive.
pub(super) fn open(mut archive: Archive, choices: &Choices) -> Result<Source, SourceError> {
    let layers = layers(&archive);
    let (layer, certainty) = choose(&mut archive, &layers, choices)?;
    let mut parts = Parts::take(&mut archive, &layer)?;
    let (encoding, sure) = parts.encoding(choices)?;
    let mut detected = Detected::new(Format::Shapefile);
    detected.sheet = Some(layer);
    detected.sheets = layers;
    detected.encoding = Some(encoding.name().to_ascii_lowercase());
    detected.decimal = Some('.');
    detected.certainty.extend([
        ("format".to_owned(), Certainty::Sure),
        ("sheet".to_owned(), certainty),
        ("encoding".to_owned(), sure),
        ("decimal".to_owned(), Certainty::Stated),
    ]);
    declare(&mut detected, parts.prj.as_deref());
    let mut columns = Columns::default();
    for field in parts.table(encoding)?.fields() {
        columns.learn(field.name())?;
    }
    let mut sample = Sample::default();
    let mut kept = 0;
    parts.each(encoding, |_, attributes, shape| {
        sample.keep(&attributes, &geometry(&shape));
        kept += 1;
        kept < SAMPLE
    })?;
    let progress = Progress::of(parts.scan.records);
    let told = progress.clone();
    let header = columns.header();
    let sample = sample.rows(&columns);
    let rows = stream::rows(move |outlet| {
        let mut before = 0;
        parts.each(encoding, |number, attributes, shape| {
            told.advance(number - before);
            before = number;
            outlet.row(Some(number), columns.cells(attributes, geometry(&shape)))
        })
    })?;
    Ok(Source {
        detected,
        header,
        sample,
        progress,
        rows,
    })
}

/// The shapefile a person chose, or the one whose columns name most attributes.
fn choose(
    archive: &mut Archive,
    layers: &[String],
    choices: &Choices,
) -> Result<(String, Certainty), SourceError> {
    if let Some(chosen) = &choices.sheet {
        return if layers.contains(chosen) {
            Ok((chosen.clone(), Certainty::Chosen))
        } else {
            Err(SourceError::Refused(format!(
                "Lo shapefile «{chosen}» non c’è: scegliete tra «{}».",
                layers.join("», «")
            )))
        };
    }
    if let [only] = layers {
        return Ok((only.clone(), Certainty::Sure));
    }
    let mut best: Option<(usize, &String)> = None;
    for layer in layers {
        let known = match archive.extract(&format!("{layer}.dbf"))? {
            Some(dbf) => dbase::Reader::new(BufReader::new(dbf)).map_or(0, |table| {
                let names = table.fields().iter().map(|field| field.name().to_owned());
                header::known(&names.collect::<Vec<_>>())
            }),
            None => 0,
        };
        if best.is_none_or(|(most, _)| known > most) {
            best = Some((known, layer));
        }
    }
    let layer = best.map(|(_, layer)| layer.clone()).unwrap_or_default();
    Ok((layer, Certainty::Guessed))
}

/// Says which reference system the `.prj` declares.
fn declare(detected: &mut Detected, prj: Option<&str>) {
    match prj.map(|wkt| (crs_of_wkt(wkt), wkt)) {
        Some((Some(crs), _)) => features::stated(detected, crs),
        Some((None, wkt)) => detected.notes.push(format!(
            "Il file .prj dichiara il sistema di riferimento «{}», che non è tra quelli noti: lo si \
             cerca dalle coordinate.",
            wkt.split('"').nth(1).unwrap_or(wkt).chars().take(60).collect::<String>()
        )),
        None => detected.notes.push(
            "Lo shapefile non ha il file .prj, che dice in quale sistema di riferimento sono le \
             coordinate: lo si cerca dalle coordinate."
                .to_owned(),
        ),
    }
}

/// The parts of a shapefile, in temporary files.
pub(super) struct Parts {
    shp: File,
    dbf: File,
    pub(super) prj: Option<String>,
    cpg: Option<String>,
    scan: Scan,
}

impl Parts {
    pub(super) fn take(archive: &mut Archive, layer: &str) -> Result<Self, SourceError> {
        let mut part = |end: &str| {
            let name = format!("{layer}.{end}");
            archive.extract(&name)?.ok_or_else(|| {
                SourceError::Refused(format!(
                    "Nell’archivio manca «{name}»: uno shapefile è fatto di file .shp, .dbf e .shx con \
                     lo stesso nome. Metteteli tutti nello ZIP."
                ))
            })
        };
        let (shp, mut dbf) = (part("shp")?, part("dbf")?);
        let scan = Scan::of(&mut dbf)?;
        Ok(Self {
            shp,
            dbf,
            prj: archive.text(&format!("{layer}.prj"))?,
            cpg: archive.text(&format!("{layer}.cpg"))?,
            scan,
        })
    }

    /// The encoding of the table: the one chosen, the one its texts are beyond doubt, the one the
    /// `.cpg` or the table itself names, or else that of Windows in Italy.
    pub(super) fn encoding(
        &self,
        choices: &Choices,
    ) -> Result<(&'static Encoding, Certainty), SourceError> {
        if let Some(chosen) = choices.encoding.as_deref() {
            return Ok((csv::named(chosen)?, Certainty::Chosen));
        }
        if let Some(stated) = self.cpg.as_deref().and_then(encoding_of_cpg) {
            return Ok((stated, Certainty::Stated));
        }
        if self.scan.plain {
            return Ok((UTF_8, Certainty::Sure));
        }
        // The byte of the language is often wrong about UTF-8, and a text is rarely that by chance.
        if self.scan.unicode {
            return Ok((UTF_8, Certainty::Likely));
        }
        Ok(match self.scan.language {
            0x03 | 0x57 => (WINDOWS_1252, Certainty::Stated),
            _ => (WINDOWS_1252, Certainty::Likely),
        })
    }

    pub(super) fn table(&self, encoding: &'static Encoding) -> Result<Table, SourceError> {
        let mut file = self.dbf.try_clone()?;
        file.rewind()?;
        dbase::ReaderBuilder::new()
            .with_encoding(dbase::encoding::EncodingRs::from(encoding))
            .build(BufReader::new(file))
            .map_err(|error| broken(&error))
    }

    /// Gives the number, the attributes and the shape of every row until no more are wanted.
    pub(super) fn each(
        &mut self,
        encoding: &'static Encoding,
        mut take: impl FnMut(u64, Vec<(String, String)>, Shape) -> bool,
    ) -> Result<(), SourceError> {
        let mut table = self.table(encoding)?;
        let names: Vec<_> = table
            .fields()
            .iter()
            .map(|field| field.name().to_owned())
            .collect();
        self.shp.rewind()?;
        let mut shapes =
            ShapeReader::new(BufReader::new(&mut self.shp)).map_err(|error| broken(&error))?;
        let mut shapes = shapes.iter_shapes();
        for (number, record) in (1..).zip(table.iter_records()) {
            let record = record.map_err(|error| broken_at(number, &error))?;
            let shape = shapes
                .next()
                .ok_or_else(|| broken_at(number, &"no shape"))?
                .map_err(|error| broken_at(number, &error))?;
            if self.scan.deleted.contains(&number) {
                continue;
            }
            let attributes = names
                .iter()
                .zip(&self.scan.kinds)
                .map(|(name, kind)| {
                    let value = record.get(name).map(|value| text(value, *kind));
                    (name.clone(), value.unwrap_or_default())
                })
                .collect();
            if !take(number, attributes, shape) {
                break;
            }
        }
        Ok(())
    }
}

pub(super) type Table = dbase::Reader<BufReader<File>>;

/// What one look over a table tells.
#[derive(Debug, Default)]
struct Scan {
    /// How many rows, those marked as deleted included.
    records: u64,
    /// The rows marked as deleted, from 1.
    deleted: HashSet<u64>,
    /// The type of every column by its letter.
    kinds: Vec<u8>,
    /// The byte that stands for a language.
    language: u8,
    /// Whether all texts are ASCII.
    plain: bool,
    /// Whether the others are UTF-8.
    unicode: bool,
}

impl Scan {
    /// Looks over a table and makes it one that is read whole: the marks of deleted rows go, because
    /// the library leaves such rows out but not their shapes, so that the rows after them would get
    /// those of others; and dates, numbers and yes or no, which the table holds as texts, are declared
    /// as such, so that one that cannot be read is a text among others and not the end of the file.
    fn of(table: &mut File) -> Result<Self, SourceError> {
        let mut start = [0; 32];
        table
            .read_exact(&mut start)
            .map_err(|error| broken(&error))?;
        let [_, _, _, _, a, b, c, d, low, high, short, long, ..] = start;
        let header = u64::from(u16::from_le_bytes([low, high]));
        let width = u16::from_le_bytes([short, long]);
        let mut scan = Self {
            language: start.get(29).copied().unwrap_or(0),
            plain: true,
            ..Self::default()
        };
        scan.kinds = declare_texts(table, header)?;
        let (mut good, mut bad) = (0_u64, 0_u64);
        table.seek(SeekFrom::Start(header))?;
        let mut row = vec![0; usize::from(width.max(1))];
        let mut reader = BufReader::new(&mut *table);
        for number in 1..=u64::from(u32::from_le_bytes([a, b, c, d])) {
            if reader.read_exact(&mut row).is_err() {
                break;
            }
            scan.records = number;
            if row.first() == Some(&b'*') {
                scan.deleted.insert(number);
            }
            if !row.is_ascii() {
                scan.plain = false;
                let (whole, broken) = characters(&row);
                good += whole;
                bad += broken;
            }
        }
        // A text cut at the width of its column may end in half a character.
        scan.unicode = good > bad * 10;
        for number in &scan.deleted {
            let at = header + (number - 1) * u64::from(width);
            table.seek(SeekFrom::Start(at))?;
            table.write_all(b" ")?;
        }
        Ok(scan)
    }
}

/// Declares every column that holds texts as one of texts; what each was declared before.
fn declare_texts(table: &mut File, header: u64) -> Result<Vec<u8>, SourceError> {
    const COLUMN: u64 = 32;
    const TYPE: u64 = 11;
    let mut kinds = Vec::new();
    let mut at = COLUMN;
    while at + COLUMN <= header {
        let mut start = [0; 12];
        table.seek(SeekFrom::Start(at))?;
        table
            .read_exact(&mut start)
            .map_err(|error| broken(&error))?;
        let [b'\r', ..] = start else {
            let [.., kind] = start;
            kinds.push(kind);
            if b"DNFL".contains(&kind) {
                table.seek(SeekFrom::Start(at + TYPE))?;
                table.write_all(b"C")?;
            }
            at += COLUMN;
            continue;
        };
        break;
    }
    Ok(kinds)
}

/// How many characters beyond ASCII are whole in UTF-8, and how many are not.
fn characters(bytes: &[u8]) -> (u64, u64) {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|one| !one.is_ascii()).count() as u64;
        broken += u64::from(!chunk.invalid().is_empty());
    }
    (whole, broken)
}

/// The encoding a `.cpg` names.
pub(super) fn encoding_of_cpg(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_start_matches('\u{feff}').to_lowercase();
    let label = match label.as_str() {
        "1252" | "ansi 1252" | "cp1252" => "windows-1252",
        "65001" => "utf-8",
        "88591" | "8859_1" => "iso-8859-1",
        other => other,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}

/// The attribute table of a shapefile, in the encoding its `.cpg` names; without one, Windows-1252
/// unless the table says otherwise.
pub(super) fn table<T: Read + Seek + Clone>(
    source: T,
    cpg: Option<&str>,
) -> Result<dbase::Reader<T>, dbase::Error> {
    match cpg.and_then(encoding_of_cpg) {
        Some(encoding) => dbase::ReaderBuilder::new()
            .with_encoding(dbase::encoding::EncodingRs::from(encoding))
            .build(source),
        None => dbase::Reader::new(source.clone()).or_else(|_unnamed_code_page| {
            dbase::ReaderBuilder::new()
                .with_encoding(dbase::encoding::EncodingRs::from(WINDOWS_1252))
                .build(source)
        }),
    }
}

/// A value of a column of this type as a text: dates as ISO 8601, numbers with no more digits than
/// they have.
fn text(value: &FieldValue, kind: u8) -> String {
    match value {
        FieldValue::Character(Some(text)) | FieldValue::Memo(text) => typed(text.trim(), kind),
        FieldValue::Numeric(Some(number))
        | FieldValue::Double(number)
        | FieldValue::Currency(number) => number.to_string(),
        FieldValue::Float(Some(number)) => number.to_string(),
        FieldValue::Integer(number) => number.to_string(),
        FieldValue::Date(Some(date)) => day(*date),
        FieldValue::DateTime(moment) => {
            let (date, time) = (moment.date(), moment.time());
            let (hour, minute, second) = (time.hours(), time.minutes(), time.seconds());
            format!("{}T{hour:02}:{minute:02}:{second:02}", day(date))
        }
        FieldValue::Logical(_)
        | FieldValue::Character(None)
        | FieldValue::Numeric(None)
        | FieldValue::Float(None)
        | FieldValue::Date(None) => String::new(),
    }
}

/// What a text stands for in a column of this type; one that stands for nothing stays as it is.
fn typed(text: &str, kind: u8) -> String {
    let date = |text: &str| {
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let (year, rest) = text.split_at_checked(4).filter(|_| digits)?;
        let (month, day) = rest.split_at_checked(2)?;
        Some(format!("{year}-{month}-{day}"))
    };
    match (kind, text) {
        (b'D', "00000000") | (b'L', "?") => String::new(),
        (b'D', text) => date(text).unwrap_or_else(|| text.to_owned()),
        (b'L', "T" | "t" | "Y" | "y" | "S" | "s") => "vero".to_owned(),
        (b'L', "F" | "f" | "N" | "n") => "falso".to_owned(),
        (b'N' | b'F', text) if text.bytes().all(|byte| byte == b'*') => String::new(),
        (b'N' | b'F', text) if text.contains('.') && !text.contains(['e', 'E']) => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        (_, text) => text.to_owned(),
    }
}

fn day(date: dbase::Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// All of a shape, or what is wrong with it. A hole belongs to the outer ring before it, as
/// shapefiles are written.
pub(super) fn drawn(shape: &Shape) -> Result<Drawn, String> {
    fn points<P>(all: &[P], xy: fn(&P) -> (f64, f64)) -> Drawn {
        Drawn::points(positions(all, xy))
    }
    fn lines<P>(parts: &[Vec<P>], xy: fn(&P) -> (f64, f64)) -> Drawn {
        Drawn::lines(parts.iter().map(|part| positions(part, xy)).collect())
    }
    fn areas<P>(rings: &[PolygonRing<P>], xy: fn(&P) -> (f64, f64)) -> Drawn {
        let mut areas: Vec<Vec<Vec<Position>>> = Vec::new();
        for ring in rings {
            let outline = positions(ring.points(), xy);
            match areas.last_mut() {
                Some(area) if matches!(ring, PolygonRing::Inner(_)) => area.push(outline),
                _ => areas.push(vec![outline]),
            }
        }
        Drawn::areas(areas)
    }
    Ok(match shape {
        Shape::NullShape => return Err(drawn::nothing()),
        Shape::Point(one) => Drawn::points(vec![Position(one.x, one.y)]),
        Shape::PointM(one) => Drawn::points(vec![Position(one.x, one.y)]),
        Shape::PointZ(one) => Drawn::points(vec![Position(one.x, one.y)]),
        Shape::Multipoint(all) => points(all.points(), |one| (one.x, one.y)),
        Shape::MultipointM(all) => points(all.points(), |one| (one.x, one.y)),
        Shape::MultipointZ(all) => points(all.points(), |one| (one.x, one.y)),
        Shape::Polyline(line) => lines(line.parts(), |one| (one.x, one.y)),
        Shape::PolylineM(line) => lines(line.parts(), |one| (one.x, one.y)),
        Shape::PolylineZ(line) => lines(line.parts(), |one| (one.x, one.y)),
        Shape::Polygon(area) => areas(area.rings(), |one| (one.x, one.y)),
        Shape::PolygonM(area) => areas(area.rings(), |one| (one.x, one.y)),
        Shape::PolygonZ(area) => areas(area.rings(), |one| (one.x, one.y)),
        Shape::Multipatch(_) => return Err(drawn::unfit("Multipatch")),
    })
}

fn positions<P>(points: &[P], xy: fn(&P) -> (f64, f64)) -> Vec<Position> {
    let position = |point| {
        let (x, y) = xy(point);
        Position(x, y)
    };
    points.iter().map(position).collect()
}

/// A shape as a text.
fn geometry(shape: &Shape) -> String {
    let single = |x: f64, y: f64| features::point(&x.to_string(), &y.to_string());
    let many = |points: &[(f64, f64)]| match points {
        [(x, y)] => single(*x, *y),
        points => vertices("MULTIPOINT", points),
    };
    match shape {
        Shape::NullShape => String::new(),
        Shape::Point(point) => single(point.x, point.y),
        Shape::PointM(point) => single(point.x, point.y),
        Shape::PointZ(point) => single(point.x, point.y),
        Shape::Multipoint(points) => many(&pairs(points.points(), |one| (one.x, one.y))),
        Shape::MultipointM(points) => many(&pairs(points.points(), |one| (one.x, one.y))),
        Shape::MultipointZ(points) => many(&pairs(points.points(), |one| (one.x, one.y))),
        Shape::Polyline(line) => vertices(
            "LINESTRING",
            &pairs(line.part(0).map_or(&[], |part| part), |one| (one.x, one.y)),
        ),
        Shape::PolylineM(line) => vertices(
            "LINESTRING",
            &pairs(line.part(0).map_or(&[], |part| part), |one| (one.x, one.y)),
        ),
        Shape::PolylineZ(line) => vertices(
            "LINESTRING",
            &pairs(line.part(0).map_or(&[], |part| part), |one| (one.x, one.y)),
        ),
        Shape::Polygon(area) => vertices(
            "POLYGON",
            &pairs(area.ring(0).map_or(&[], |ring| ring.points()), |one| {
                (one.x, one.y)
            }),
        ),
        Shape::PolygonM(area) => vertices(
            "POLYGON",
            &pairs(area.ring(0).map_or(&[], |ring| ring.points()), |one| {
                (one.x, one.y)
            }),
        ),
        Shape::PolygonZ(area) => vertices(
            "POLYGON",
            &pairs(area.ring(0).map_or(&[], |ring| ring.points()), |one| {
                (one.x, one.y)
            }),
        ),
        Shape::Multipatch(_) => vertices("MULTIPATCH", &[]),
    }
}

fn pairs<P>(points: &[P], xy: impl Fn(&P) -> (f64, f64)) -> Vec<(f64, f64)> {
    points.iter().map(xy).collect()
}

fn vertices(kind: &str, points: &[(f64, f64)]) -> String {
    let texts: Vec<_> = points
        .iter()
        .map(|(x, y)| (x.to_string(), y.to_string()))
        .collect();
    features::shape(kind, texts.iter().map(|(x, y)| (x.as_str(), y.as_str())))
}

/// The system a `.prj` describes: by its EPSG code where it has one, otherwise by the names ESRI and
/// OGC give it.
pub(super) fn crs_of_wkt(wkt: &str) -> Option<&'static Crs> {
    if let Some(code) = code_of_wkt(wkt) {
        return projection::system(&format!("EPSG:{code}"));
    }
    let name: String = wkt
        .split('"')
        .nth(1)
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    projection::system(match name.as_str() {
        "wgs1984utmzone32n" | "wgs84utmzone32n" => "EPSG:32632",
        "wgs1984utmzone33n" | "wgs84utmzone33n" => "EPSG:32633",
        "etrs1989utmzone32n" | "etrs89utmzone32n" => "EPSG:25832",
        "rdn2008utmzone32n" | "rdn2008utm32n" => "EPSG:7791",
        "rdn2008utmzone32nne" => "EPSG:6707",
        "montemarioitaly1" | "montemarioitalyzone1" | "montemarioromeitaly1" => "EPSG:3003",
        "montemarioitaly2" | "montemarioitalyzone2" | "montemarioromeitaly2" => "EPSG:3004",
        "ed1950utmzone32n" | "ed50utmzone32n" | "europeandatum1950utmzone32n" => "EPSG:23032",
        "wgs1984webmercatorauxiliarysphere" | "wgs1984webmercator" | "wgs84pseudomercator" => {
            "EPSG:3857"
        }
        "gcswgs1984" | "wgs84" | "gcsetrs1989" | "etrs89" => "EPSG:4326",
        "gcsrdn2008" | "rdn2008" => "EPSG:6706",
        "gcsmontemario" | "montemario" => "EPSG:4265",
        "gcsmontemariorome" | "montemariorome" => "EPSG:4806",
        _ => return None,
    })
}

/// The EPSG code that stands for the whole of a definition and not for a part of it.
fn code_of_wkt(wkt: &str) -> Option<u32> {
    let mut depth = 0;
    for (at, letter) in wkt.char_indices() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            'A' | 'I' if depth == 1 => {
                let rest = wkt.get(at..).unwrap_or_default();
                let inner = rest
                    .strip_prefix("AUTHORITY[")
                    .or_else(|| rest.strip_prefix("ID["));
                if let Some(inner) = inner {
                    let (name, code) = inner.split_once(']')?.0.split_once(',')?;
                    let epsg = name.trim().trim_matches('"').eq_ignore_ascii_case("EPSG");
                    let code = code.trim().trim_matches('"').parse().ok();
                    return if epsg { code } else { None };
                }
            }
            _ => {}
        }
    }
    None
}

fn broken(error: &dyn std::fmt::Display) -> SourceError {
    tracing::debug!("a shapefile that cannot be read: {error}");
    SourceError::Refused(
        "Lo shapefile è rovinato o incompleto: esportatelo di nuovo e mettete nello ZIP tutti i suoi \
         file."
            .to_owned(),
    )
}

fn broken_at(number: u64, error: &dyn std::fmt::Display) -> SourceError {
    tracing::debug!("record {number} of a shapefile that cannot be read: {error}");
    SourceError::Refused(format!(
        "Lo shapefile è rovinato all’elemento {number}: le geometrie (.shp) o la tabella (.dbf) non si \
         leggono oltre. Esportatelo di nuovo."
    ))
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{open, open_as, rows};
    use super::*;

    #[test]
    fn a_shapefile_without_prj_says_so_and_its_numbers_are_read() {
        let source = open("gauss_boaga_without_prj.zip");
        let found = &source.detected;
        assert_eq!((found.crs.as_deref(), found.notes.len()), (None, 1));
        assert_eq!(found.encoding.as_deref(), Some("windows-1252"));
        assert_eq!(found.sheet.as_deref(), Some("dati/telecamere"));
        assert_eq!(
            source.header,
            [
                "CODICE",
                "DENOM",
                "COMUNE",
                "FUNZIONE",
                "STATO",
                "ATTIVATO",
                "ALTEZZA_M",
                "geometria"
            ]
        );
        let all = rows(source);
        assert_eq!(all[0].1[1], "Località Cascina Gatti, già attiva");
        assert_eq!(all[0].1[5..7], ["2023-05-09", "4.5"]);
        assert!(all[0].1[7].starts_with("POINT (1518"), "{}", all[0].1[7]);
        assert_eq!(all[1].1[5..7], ["", "6"]);
    }

    #[test]
    fn utf_8_is_told_without_cpg() {
        let source = open("utf_8_without_cpg.zip");
        assert_eq!(source.detected.encoding.as_deref(), Some("utf-8"));
        assert_eq!(source.detected.crs.as_deref(), Some("EPSG:32632"));
        assert_eq!(rows(source)[0].1[1], "Località Cascina Gatti, già attiva");
        let choices = Choices {
            encoding: Some("windows-1252".to_owned()),
            ..Choices::default()
        };
        let wrong = open_as("utf_8_without_cpg.zip", &choices).unwrap();
        assert_eq!(wrong.detected.certainty["encoding"], Certainty::Chosen);
        assert!(rows(wrong)[0].1[1].starts_with("LocalitÃ"));
    }

    #[test]
    fn a_deleted_row_takes_its_shape_with_it() {
        let source = open("two_shapefiles_and_a_deleted_row.zip");
        assert_eq!(source.detected.sheets, ["a/zone", "b/varchi"]);
        assert_eq!(source.detected.sheet.as_deref(), Some("b/varchi"));
        assert_eq!(source.detected.certainty["encoding"], Certainty::Stated);
        let all = rows(source);
        assert_eq!((all.len(), all[0].0), (1, 2));
        assert_eq!(all[0].1[0], "SSG-02");
        assert!(
            all[0].1[7].starts_with("POINT (518581.3"),
            "{}",
            all[0].1[7]
        );
        let choices = Choices {
            sheet: Some("a/zone".to_owned()),
            ..Choices::default()
        };
        let zones = open_as("two_shapefiles_and_a_deleted_row.zip", &choices).unwrap();
        assert_eq!(rows(zones)[0].1[1], "12.5");
    }

    #[test]
    fn what_a_table_holds_becomes_what_a_person_types() {
        for (kind, text, expected) in [
            (b'D', "20230509", "2023-05-09"),
            (b'D', "00000000", ""),
            (b'D', "9/5/2023", "9/5/2023"),
            (b'N', "6.000000000000000", "6"),
            (b'N', "4.50", "4.5"),
            (b'N', "100", "100"),
            (b'N', "1.0e+10", "1.0e+10"),
            (b'F', "*******", ""),
            (b'L', "T", "vero"),
            (b'L', "?", ""),
            (b'C', "00.50", "00.50"),
        ] {
            assert_eq!(typed(text, kind), expected);
        }
    }

    #[test]
    fn a_definition_is_told_by_its_code_or_by_its_names() {
        for (wkt, code) in [
            (
                r#"PROJCS["Monte_Mario_Italy_1",GEOGCS["GCS_Monte_Mario"]]"#,
                Some("EPSG:3003"),
            ),
            (
                r#"PROJCS["Monte_Mario_Italy_2",GEOGCS["GCS_Monte_Mario"]]"#,
                Some("EPSG:3004"),
            ),
            (r#"GEOGCS["GCS_Monte_Mario"]"#, Some("EPSG:4265")),
            (r#"PROJCS["ED_1950_UTM_Zone_32N"]"#, Some("EPSG:23032")),
            (r#"PROJCS["RDN2008_UTM_Zone_32N_(N-E)"]"#, Some("EPSG:6707")),
            (r#"PROJCS["RDN2008_UTM_zone_32N"]"#, Some("EPSG:7791")),
            (
                r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere"]"#,
                Some("EPSG:3857"),
            ),
            (r#"PROJCS["ETRS_1989_UTM_Zone_32N"]"#, Some("EPSG:25832")),
            (r#"GEOGCS["GCS_RDN2008"]"#, Some("EPSG:6706")),
            (r#"GEOGCS["GCS_WGS_1984"]"#, Some("EPSG:4326")),
            (
                r#"PROJCS["x",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32632"]]"#,
                Some("EPSG:32632"),
            ),
            (
                r#"PROJCRS["x",BASEGEOGCRS["y",ID["EPSG",4326]],ID["EPSG",3003]]"#,
                Some("EPSG:3003"),
            ),
            (r#"PROJCS["x",AUTHORITY["EPSG","2154"]]"#, None),
            (r#"PROJCS["Luna_2000"]"#, None),
            ("", None),
        ] {
            assert_eq!(crs_of_wkt(wkt).map(|crs| crs.code), code, "{wkt}");
        }
    }
}
