//! The boundaries of Comuni: the embedded ones, `GeoJSON`, and ISTAT's shapefile.
//!
//! Whatever the file's reference system, what comes out is EPSG:4326, longitude first. A file is
//! taken whole or not at all, and an error names the record that is wrong.

use super::drawn::{Drawn, Position as Corner};
use super::shapefile_in::{crs_of_wkt, drawn, table};
use crate::census::projection::{self, Crs};
use crate::census::territory::Municipality;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use geojson::{FeatureCollection, GeometryValue, JsonObject, JsonValue, Position};
use shapefile::Shape;
use shapefile::dbase::FieldValue;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Why boundaries could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BoundaryError {
    /// The file cannot be opened or read.
    #[error("Il file dei confini non si legge: {0}.")]
    Unreadable(#[from] io::Error),
    /// It is not what its name says.
    #[error("Il file non è un {format} valido: {why}.")]
    NotA {
        /// What it should be.
        format: &'static str,
        /// What the reader found.
        why: String,
    },
    /// A part of the shapefile is not there.
    #[error("Manca «{0}»: uno shapefile è fatto di file .shp e .dbf con lo stesso nome.")]
    PartMissing(String),
    /// Its reference system is not one of those understood.
    #[error(
        "Il sistema di riferimento «{0}» non è tra quelli noti: convertite i confini in EPSG:32632 o EPSG:4326."
    )]
    UnknownCrs(String),
    /// One record is wrong.
    #[error("Record {record} dei confini: {why}.")]
    Record {
        /// The record, counted from 1.
        record: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing in it.
    #[error("Il file non contiene nessun Comune del territorio richiesto.")]
    Empty,
}

/// The names under which each property is met: ours, then ISTAT's.
const ISTAT: &[&str] = &["istat", "PRO_COM_T", "pro_com_t", "PRO_COM"];
const NAME: &[&str] = &["name", "COMUNE", "comune", "nome"];
const BELFIORE: &[&str] = &["belfiore", "BELFIORE", "COD_CATAST"];
const PROVINCE: &[&str] = &["province", "SIGLA", "provincia", "COD_UTS", "COD_PROV"];

/// ISTAT publishes its shapefiles in this system; it is assumed where a file says nothing.
const ISTAT_CRS: &str = "EPSG:32632";

/// More than this, in bytes, is not taken out of an archive: all of Italy in detail is a tenth.
const MOST_BYTES: u64 = 2 << 30;

/// The boundaries this program carries: the 133 Comuni of Milano and those around them.
#[must_use]
pub fn seeded() -> Vec<Municipality> {
    let files = [
        (
            include_str!("../../seeds/territory/comuni_milano.geojson"),
            true,
        ),
        (
            include_str!("../../seeds/territory/comuni_confinanti.geojson"),
            false,
        ),
    ];
    files
        .into_iter()
        .flat_map(|(text, covered)| {
            read_geojson(text.as_bytes(), covered)
                .unwrap_or_else(|error| unreachable!("the embedded boundaries: {error}"))
        })
        .collect()
}

/// Reads boundaries from a `GeoJSON` feature collection of polygons, with our property names or
/// ISTAT's. The old `crs` member is respected; without it coordinates are EPSG:4326.
pub fn read_geojson(reader: impl Read, covered: bool) -> Result<Vec<Municipality>, BoundaryError> {
    let not_geojson = |error: &dyn std::fmt::Display| BoundaryError::NotA {
        format: "GeoJSON",
        why: error.to_string(),
    };
    let collection: FeatureCollection =
        serde_json::from_reader(io::BufReader::new(reader)).map_err(|error| not_geojson(&error))?;
    let crs = declared_crs(collection.foreign_members.as_ref())?;
    let mut read = Gathered::default();
    for (index, feature) in collection.features.into_iter().enumerate() {
        let record = Record {
            number: index + 1,
            crs,
        };
        let properties = feature.properties.unwrap_or_default();
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| properties.get(*name).and_then(json_text))
                .unwrap_or_default()
        };
        let boundary = match feature.geometry.map(|geometry| geometry.value) {
            Some(GeometryValue::Polygon { coordinates }) => record.polygons(&[coordinates])?,
            Some(GeometryValue::MultiPolygon { coordinates }) => record.polygons(&coordinates)?,
            Some(other) => {
                return Err(record.wrong(format!(
                    "la geometria è {}, non un poligono",
                    other.type_name()
                )));
            }
            None => return Err(record.wrong("manca la geometria")),
        };
        read.add(&record, text, Some(covered), || Ok(boundary))?;
    }
    read.finish()
}

/// Reads ISTAT's shapefile of the Comuni, from the path of its `.shp` (with its `.dbf` beside it) or
/// of a `.zip` that holds one, among others or not. `covered` says of each ISTAT code whether it
/// belongs to the territory, lies around it, or is left out (`None`). Without a `.prj` the
/// coordinates are taken as EPSG:32632, as ISTAT publishes them.
pub fn read_shapefile(
    path: &Path,
    covered: impl Fn(&str) -> Option<bool>,
) -> Result<Vec<Municipality>, BoundaryError> {
    let parts = if path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("zip"))
    {
        zipped(path)?
    } else {
        beside(path)?
    };
    let crs = match &parts.prj {
        Some(wkt) => crs_of_prj(wkt)?,
        None => projection::system(ISTAT_CRS)
            .ok_or_else(|| BoundaryError::UnknownCrs(ISTAT_CRS.to_owned()))?,
    };
    let mut read = Gathered::default();
    let mut reader = parts.reader()?;
    for (index, row) in reader.iter_shapes_and_records().enumerate() {
        let record = Record {
            number: index + 1,
            crs,
        };
        let (shape, attributes) = row.map_err(|error| record.wrong(error.to_string()))?;
        let text = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| dbase_text(attributes.get(name)?))
                .unwrap_or_default()
        };
        let wanted = covered(&istat_code(&text(ISTAT)));
        read.add(&record, text, wanted, || record.shape(&shape))?;
    }
    read.finish()
}

/// The Comuni read so far.
#[derive(Default)]
struct Gathered {
    municipalities: Vec<Municipality>,
    seen: HashSet<String>,
}

impl Gathered {
    /// Takes one record, unless its Comune is not wanted.
    fn add(
        &mut self,
        record: &Record,
        text: impl Fn(&[&str]) -> String,
        covered: Option<bool>,
        boundary: impl FnOnce() -> Result<MultiPolygon<f64>, BoundaryError>,
    ) -> Result<(), BoundaryError> {
        let istat = istat_code(&text(ISTAT));
        if istat.len() != 6 || !istat.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(record.wrong(format!(
                "il codice ISTAT «{istat}» non ha sei cifre (proprietà istat o PRO_COM_T)"
            )));
        }
        let Some(covered) = covered else {
            return Ok(());
        };
        let name = text(NAME);
        if name.is_empty() {
            return Err(record.wrong("manca il nome del Comune (proprietà name o COMUNE)"));
        }
        if !self.seen.insert(istat.clone()) {
            return Err(record.wrong(format!("il codice ISTAT {istat} compare due volte")));
        }
        self.municipalities.push(Municipality {
            istat,
            name,
            belfiore: text(BELFIORE),
            province: text(PROVINCE),
            covered,
            boundary: boundary()?,
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Municipality>, BoundaryError> {
        if self.municipalities.is_empty() {
            return Err(BoundaryError::Empty);
        }
        self.municipalities.sort_by(|a, b| a.istat.cmp(&b.istat));
        Ok(self.municipalities)
    }
}

/// One record of a file: where it is and what its numbers mean.
struct Record {
    number: usize,
    crs: &'static Crs,
}

impl Record {
    fn wrong(&self, why: impl Into<String>) -> BoundaryError {
        BoundaryError::Record {
            record: self.number,
            why: why.into(),
        }
    }

    fn point(&self, x: f64, y: f64) -> Result<Coord<f64>, BoundaryError> {
        projection::to_wgs84(self.crs, x, y)
            .filter(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0)
            .map(Coord::from)
            .ok_or_else(|| {
                self.wrong(format!(
                    "il vertice {x} {y} non è un punto di {}",
                    self.crs.code
                ))
            })
    }

    fn ring(
        &self,
        points: impl Iterator<Item = (f64, f64)>,
    ) -> Result<LineString<f64>, BoundaryError> {
        let ring: Vec<_> = points
            .map(|(x, y)| self.point(x, y))
            .collect::<Result<_, _>>()?;
        if ring.len() < 4 {
            return Err(self.wrong("un anello del confine ha meno di quattro vertici"));
        }
        Ok(LineString(ring))
    }

    fn polygons(
        &self,
        polygons: &[Vec<Vec<Position>>],
    ) -> Result<MultiPolygon<f64>, BoundaryError> {
        let corner = |position: &Position| match position.as_slice() {
            [x, y, ..] => Ok(Corner(*x, *y)),
            _ => Err(self.wrong("un vertice non ha due coordinate")),
        };
        let ring = |ring: &Vec<Position>| ring.iter().map(corner).collect::<Result<_, _>>();
        let area = |rings: &Vec<Vec<Position>>| rings.iter().map(ring).collect::<Result<_, _>>();
        let areas = polygons
            .iter()
            .map(area)
            .collect::<Result<Vec<Vec<Vec<Corner>>>, _>>()?;
        self.areas(&areas)
    }

    fn shape(&self, shape: &Shape) -> Result<MultiPolygon<f64>, BoundaryError> {
        match drawn(shape) {
            Ok(Drawn::Areas(areas)) if !areas.is_empty() => self.areas(&areas),
            Ok(_) => Err(self.wrong(format!(
                "la geometria è {}, non un poligono",
                shape.shapetype()
            ))),
            Err(why) => Err(self.wrong(why)),
        }
    }

    fn areas(&self, areas: &[Vec<Vec<Corner>>]) -> Result<MultiPolygon<f64>, BoundaryError> {
        let mut boundary = Vec::with_capacity(areas.len());
        for rings in areas {
            let ring = |ring: &Vec<Corner>| self.ring(ring.iter().map(|one| (one.0, one.1)));
            let mut lines = rings.iter().map(ring);
            let outer = lines
                .next()
                .ok_or_else(|| self.wrong("il poligono è vuoto"))??;
            boundary.push(Polygon::new(outer, lines.collect::<Result<_, _>>()?));
        }
        Ok(MultiPolygon(boundary))
    }
}

/// An ISTAT code as text, with the zeros that numbers lose.
fn istat_code(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("{text:0>6}")
    }
}

fn json_text(value: &JsonValue) -> Option<String> {
    match value {
        JsonValue::String(text) => Some(text.trim().to_owned()),
        JsonValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn dbase_text(value: &FieldValue) -> Option<String> {
    match value {
        FieldValue::Character(text) => text.as_ref().map(|text| text.trim().to_owned()),
        FieldValue::Numeric(Some(number)) | FieldValue::Double(number) => Some(number.to_string()),
        FieldValue::Float(Some(number)) => Some(number.to_string()),
        FieldValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

fn declared_crs(members: Option<&JsonObject>) -> Result<&'static Crs, BoundaryError> {
    let name = members
        .and_then(|members| members.get("crs")?.pointer("/properties/name")?.as_str())
        .unwrap_or("EPSG:4326");
    projection::system(name).ok_or_else(|| BoundaryError::UnknownCrs(name.to_owned()))
}

/// The system a `.prj` describes.
fn crs_of_prj(wkt: &str) -> Result<&'static Crs, BoundaryError> {
    crs_of_wkt(wkt).ok_or_else(|| BoundaryError::UnknownCrs(wkt.chars().take(60).collect()))
}

/// The bytes of a shapefile's parts.
struct Parts {
    shp: Vec<u8>,
    dbf: Vec<u8>,
    prj: Option<String>,
    cpg: Option<String>,
}

type Bytes = Cursor<Vec<u8>>;

impl Parts {
    fn reader(self) -> Result<shapefile::Reader<Bytes, Bytes>, BoundaryError> {
        let wrong = |why: String| BoundaryError::NotA {
            format: "shapefile",
            why,
        };
        let shapes = shapefile::ShapeReader::new(Cursor::new(self.shp))
            .map_err(|error| wrong(error.to_string()))?;
        let rows = table(Cursor::new(self.dbf), self.cpg.as_deref())
            .map_err(|error| wrong(error.to_string()))?;
        Ok(shapefile::Reader::new(shapes, rows))
    }
}

fn beside(path: &Path) -> Result<Parts, BoundaryError> {
    let sibling = |end: &str| {
        [end.to_owned(), end.to_uppercase()]
            .iter()
            .map(|end| path.with_extension(end))
            .find(|other| other.is_file())
    };
    let text = |end: &str| -> Result<Option<String>, BoundaryError> {
        let bytes = sibling(end).map(std::fs::read).transpose()?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let dbf = sibling("dbf").ok_or_else(|| {
        BoundaryError::PartMissing(path.with_extension("dbf").display().to_string())
    })?;
    Ok(Parts {
        shp: std::fs::read(path)?,
        dbf: std::fs::read(dbf)?,
        prj: text("prj")?,
        cpg: text("cpg")?,
    })
}

/// The shapefile of an archive whose table has ISTAT codes of Comuni: ISTAT's own archive also holds
/// provinces and regions.
fn zipped(path: &Path) -> Result<Parts, BoundaryError> {
    let wrong = |error: &dyn std::fmt::Display| BoundaryError::NotA {
        format: "archivio zip",
        why: error.to_string(),
    };
    let mut archive = zip::ZipArchive::new(io::BufReader::new(File::open(path)?))
        .map_err(|error| wrong(&error))?;
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| wrong(&error))?;
        names.push(entry.name().map_err(|error| wrong(&error))?.into_owned());
    }
    let mut part = |stem: &str, end: &str| -> Result<Option<Vec<u8>>, BoundaryError> {
        let wanted = format!("{stem}.{end}");
        let Some(index) = names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(&wanted))
        else {
            return Ok(None);
        };
        let entry = archive.by_index(index).map_err(|error| wrong(&error))?;
        let mut bytes = Vec::new();
        entry.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    let text =
        |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut missing = "*.shp".to_owned();
    for stem in names
        .iter()
        .filter_map(|name| name.strip_suffix(".shp").or(name.strip_suffix(".SHP")))
    {
        let Some(dbf) = part(stem, "dbf")? else {
            missing = format!("{stem}.dbf");
            continue;
        };
        let has_codes = table(Cursor::new(dbf.clone()), None).is_ok_and(|table| {
            table
                .fields()
                .iter()
                .any(|field| ISTAT.contains(&field.name()))
        });
        if has_codes && let Some(shp) = part(stem, "shp")? {
            let (prj, cpg) = (text(part(stem, "prj")?), text(part(stem, "cpg")?));
            return Ok(Parts { shp, dbf, prj, cpg });
        }
        missing = format!("{stem}.dbf con la colonna PRO_COM_T");
    }
    Err(BoundaryError::PartMissing(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::territory::Territory;
    use shapefile::dbase::{self, FieldName, TableWriterBuilder};
    use shapefile::{Point, PolygonRing, ShapeWriter, Writer};
    use std::io::Write;

    /// A square of one kilometre in EPSG:32632 with a hole, and another square east of it.
    fn write_shapefile(folder: &Path, codes: [&str; 2]) -> std::path::PathBuf {
        let ring = |x: f64, y: f64, side: f64| {
            vec![
                Point::new(x, y),
                Point::new(x, y + side),
                Point::new(x + side, y + side),
                Point::new(x + side, y),
                Point::new(x, y),
            ]
        };
        let table = TableWriterBuilder::new()
            .add_character_field(FieldName::try_from("PRO_COM_T").unwrap(), 6)
            .add_character_field(FieldName::try_from("COMUNE").unwrap(), 50)
            .add_numeric_field(FieldName::try_from("COD_PROV").unwrap(), 3, 0);
        let path = folder.join("Com_WGS84.shp");
        let shapes = ShapeWriter::with_shx(
            File::create(&path).unwrap(),
            File::create(path.with_extension("shx")).unwrap(),
        );
        let rows = table.build_with_dest(File::create(path.with_extension("dbf")).unwrap());
        let mut writer = Writer::new(shapes, rows);
        for (index, code) in codes.into_iter().enumerate() {
            let x = if index == 0 { 514_000.0 } else { 515_000.0 };
            let shape = shapefile::Polygon::with_rings(vec![
                PolygonRing::Outer(ring(x, 5_034_000.0, 1_000.0)),
                PolygonRing::Inner(ring(x + 100.0, 5_034_100.0, 100.0)),
            ]);
            let mut record = dbase::Record::default();
            record.insert(
                "PRO_COM_T".to_owned(),
                FieldValue::Character(Some(code.to_owned())),
            );
            record.insert(
                "COMUNE".to_owned(),
                FieldValue::Character(Some(format!("Città {code}"))),
            );
            record.insert("COD_PROV".to_owned(), FieldValue::Numeric(Some(15.0)));
            writer.write_shape_and_record(&shape, &record).unwrap();
        }
        drop(writer);
        std::fs::write(path.with_extension("cpg"), "UTF-8").unwrap();
        path
    }

    #[test]
    fn the_embedded_boundaries_are_read_whole() {
        let seeded = seeded();
        assert_eq!(seeded.len(), 249);
        let milano = seeded.iter().find(|one| one.istat == "015146").unwrap();
        assert_eq!(
            (
                milano.name.as_str(),
                milano.belfiore.as_str(),
                milano.province.as_str()
            ),
            ("Milano", "F205", "MI")
        );
    }

    #[test]
    fn geojson_is_read_with_istat_names_and_an_old_crs_member() {
        let text = r#"{"type":"FeatureCollection",
            "crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32632"}},
            "features":[{"type":"Feature","properties":{"PRO_COM_T":"001001","COMUNE":"Agliè","COD_PROV":1},
            "geometry":{"type":"Polygon","coordinates":[[[514000,5034000],[515000,5034000],[515000,5035000],[514000,5034000]]]}}]}"#;
        let read = read_geojson(text.as_bytes(), true).unwrap();
        assert_eq!(
            (read[0].istat.as_str(), read[0].name.as_str()),
            ("001001", "Agliè")
        );
        let corner = read[0].boundary.0[0].exterior().0[0];
        assert!(
            (corner.x - 9.179).abs() < 0.001 && (corner.y - 45.459).abs() < 0.001,
            "{corner:?}"
        );
    }

    #[test]
    fn an_error_names_its_record() {
        let good = r#"{"type":"Feature","properties":{"istat":"001001","name":"A"},"geometry":{"type":"Polygon","coordinates":[[[9,45],[9.1,45],[9.1,45.1],[9,45]]]}}"#;
        let collection = |features: &str| {
            let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
            read_geojson(text.as_bytes(), true)
                .map(|read| read.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(collection(good), Ok(1));
        for (bad, why) in [
            (
                good.to_owned(),
                "Record 2 dei confini: il codice ISTAT 001001 compare due volte.",
            ),
            (
                good.replace("\"001001\"", "\"AB\""),
                "Record 2 dei confini: il codice ISTAT «0000AB»",
            ),
            (
                good.replace("\"A\"", "\"\""),
                "Record 2 dei confini: manca il nome",
            ),
            (
                good.replace("45.1]", "95.1]"),
                "Record 2 dei confini: il vertice 9.1 95.1",
            ),
            (
                good.replace(",[9.1,45.1],[9,45]]", "]"),
                "Record 2 dei confini: un anello",
            ),
            (
                good.replace("[9.1,45.1]", "[9.1]"),
                "Record 2 dei confini: un vertice non ha due",
            ),
            (
                good.replace("Polygon", "Point")
                    .replace("[[[9,45],[9.1,45],[9.1,45.1],[9,45]]]", "[9,45]"),
                "Record 2 dei confini: la geometria è Point",
            ),
        ] {
            let bad = if bad == good {
                bad
            } else {
                bad.replace("001001", "001002")
            };
            let error = collection(&format!("{good},{bad}")).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
        assert!(matches!(
            read_geojson("<html>".as_bytes(), true),
            Err(BoundaryError::NotA { .. })
        ));
        assert!(collection("").unwrap_err().contains("nessun Comune"));
    }

    #[test]
    fn istats_shapefile_is_read_with_and_without_prj_and_zipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_shapefile(folder.path(), ["015146", "015182"]);
        let check = |path: &Path| {
            let read = read_shapefile(path, |istat| Some(istat == "015146")).unwrap();
            assert_eq!(read.len(), 2);
            assert_eq!(read[0].name, "Città 015146");
            assert!(read[0].covered && !read[1].covered);
            let territory = Territory::new(read);
            assert_eq!(territory.containing(9.19, 45.4642).unwrap().istat, "015146");
            assert_eq!(territory.neighbours("015146")[0].istat, "015182");
        };
        check(&path);
        let wkt = r#"PROJCS["WGS_1984_UTM_Zone_32N",GEOGCS["GCS_WGS_1984"]]"#;
        std::fs::write(path.with_extension("prj"), wkt).unwrap();
        check(&path);

        let zipped = folder.path().join("Limiti.zip");
        let mut archive = zip::ZipWriter::new(File::create(&zipped).unwrap());
        for end in ["shp", "dbf", "prj", "cpg"] {
            let options = zip::write::SimpleFileOptions::default();
            archive
                .start_file(format!("Limiti01/Com/Com_WGS84.{end}"), options)
                .unwrap();
            archive
                .write_all(&std::fs::read(path.with_extension(end)).unwrap())
                .unwrap();
        }
        archive.finish().unwrap();
        check(&zipped);
        let some = read_shapefile(&zipped, |istat| (istat == "015182").then_some(true)).unwrap();
        assert_eq!(some.len(), 1);

        std::fs::write(path.with_extension("prj"), r#"PROJCS["Luna_2000"]"#).unwrap();
        let error = read_shapefile(&path, |_| Some(true)).unwrap_err();
        assert!(matches!(error, BoundaryError::UnknownCrs(_)), "{error}");
    }

    #[test]
    fn what_is_no_shapefile_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_shapefile(folder.path(), ["015146", "015146"]);
        let error = read_shapefile(&path, |_| Some(true)).unwrap_err();
        assert!(
            error.to_string().starts_with("Record 2 dei confini"),
            "{error}"
        );
        std::fs::remove_file(path.with_extension("dbf")).unwrap();
        let error = read_shapefile(&path, |_| Some(true)).unwrap_err();
        assert!(matches!(error, BoundaryError::PartMissing(_)), "{error}");
        let zipped = folder.path().join("rotto.zip");
        std::fs::write(&zipped, "PK e basta").unwrap();
        let error = read_shapefile(&zipped, |_| Some(true)).unwrap_err();
        assert!(matches!(error, BoundaryError::NotA { .. }), "{error}");
        let error = read_shapefile(&folder.path().join("assente.shp"), |_| Some(true)).unwrap_err();
        assert!(error.to_string().contains("assente"), "{error}");
    }
}
