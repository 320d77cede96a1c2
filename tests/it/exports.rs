//! What is handed over, read back by the program that will read it: GDAL.

use crate::gdal::gdal;
use serde_json::Value as Json;
use std::io::Cursor;
use std::path::Path;
use tempfile::TempDir;
use varco::census::projection;
use varco::census::record::{Record, Store, Value};
use varco::census::vocabulary::{ATTRIBUTES, Field, Kind};
use varco::exchange::SYSTEMS;
use varco::exchange::geojson::{self, GeoJsonWriter};
use varco::exchange::shapefile::{ShapefileError, ShapefileWriter, Written};

/// What GDAL says of the layer of devices without its features.
fn summary(path: &str) -> String {
    gdal("ogrinfo", &["-so", path, "dispositivi"])
}

/// The features of a file in WGS 84 degrees, as GDAL reads them.
fn features(path: &str) -> Vec<Json> {
    let precision = ["-lco", "COORDINATE_PRECISION=10"];
    let target = ["-t_srs", "EPSG:4326", "-f", "GeoJSON", "/vsistdout/", path];
    let text = gdal("ogr2ogr", &[&precision[..], &target[..]].concat());
    let collection: Json = serde_json::from_str(&text).unwrap();
    collection["features"].as_array().unwrap().clone()
}

fn device(code: &str, lon: f64, lat: f64) -> Record {
    let mut record = Record::default();
    for (field, text) in [
        (Field::Ente, "015146"),
        (Field::Codice, code),
        (Field::Comune, "015146"),
        (Field::Denominazione, "Località Cà Bianca, «perché no»"),
        (Field::Funzione, "lettura_targhe"),
        (Field::Stato, "in_esercizio"),
        (Field::Protocolli, "onvif,rtsp"),
        (Field::DataAttivazione, "2020-12-02"),
        (Field::Note, "prima riga\nseconda; riga"),
    ] {
        record.set(field, Some(Value::Text(text.to_owned())));
    }
    record.set(Field::Lon, Some(Value::Decimal(lon)));
    record.set(Field::Lat, Some(Value::Decimal(lat)));
    record.set(Field::Azimut, Some(Value::Integer(270)));
    record.set(Field::AltezzaM, Some(Value::Decimal(4.25)));
    record
}

fn devices() -> Vec<Record> {
    let mut sparse = device("B 2", 9.205_276_5, 45.399_999_9);
    for field in [
        Field::Azimut,
        Field::AltezzaM,
        Field::DataAttivazione,
        Field::Note,
    ] {
        sparse.set(field, None);
    }
    vec![
        device("A/1", 9.181_736_387_055_36, 45.477_615_016_755_9),
        sparse,
    ]
}

fn shapefile(crs: &str, records: &[Record]) -> (Vec<u8>, Written) {
    let mut writer = ShapefileWriter::new(projection::system(crs).unwrap()).unwrap();
    for record in records {
        writer.row(record).unwrap();
    }
    let mut archive = Cursor::new(Vec::new());
    let written = writer.finish(&mut archive, "dispositivi").unwrap();
    (archive.into_inner(), written)
}

fn saved(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    if name.ends_with("zip") {
        format!("/vsizip/{path}")
    } else {
        path.to_owned()
    }
}

/// How far two points are, in metres, near enough for centimetres.
fn metres(feature: &Json, record: &Record) -> f64 {
    let coordinates = &feature["geometry"]["coordinates"];
    let lon = coordinates[0].as_f64().unwrap() - record.number(Field::Lon).unwrap();
    let lat = coordinates[1].as_f64().unwrap() - record.number(Field::Lat).unwrap();
    (lon * 78_000.0).hypot(lat * 111_200.0)
}

#[test]
fn a_shapefile_opens_where_the_devices_are_in_every_system() {
    let folder = TempDir::new().unwrap();
    let records = devices();
    for crs in SYSTEMS {
        let (bytes, written) = shapefile(crs, &records);
        assert_eq!(
            written,
            Written {
                devices: 2,
                truncated: Vec::new()
            }
        );
        let path = saved(folder.path(), "livello.zip", &bytes);
        let read = features(&path);
        assert_eq!(read.len(), 2);
        for (feature, record) in read.iter().zip(&records) {
            let off = metres(feature, record);
            assert!(off < 0.01, "{crs}: {off} m");
        }
        std::fs::remove_file(folder.path().join("livello.zip")).unwrap();
    }
}

#[test]
fn a_shapefile_declares_the_system_it_is_in() {
    let folder = TempDir::new().unwrap();
    let names = [
        ("EPSG:4326", "WGS 84"),
        ("EPSG:32632", "WGS 84 / UTM zone 32N"),
        ("EPSG:7791", "RDN2008 / UTM zone 32N"),
        ("EPSG:6707", "RDN2008 / UTM zone 32N (N-E)"),
        ("EPSG:3003", "Monte Mario / Italy zone 1"),
    ];
    for (crs, name) in names {
        let file = format!("{}.zip", crs.replace(':', ""));
        let path = saved(folder.path(), &file, &shapefile(crs, &devices()).0);
        let layer = summary(&path);
        assert!(layer.contains(&format!("CRS[\"{name}\"")), "{layer}");
        let extent = layer
            .lines()
            .find_map(|line| line.strip_prefix("Extent: ("))
            .unwrap();
        let (east, north) = extent.split_once(')').unwrap().0.split_once(", ").unwrap();
        let (east, north): (f64, f64) = (east.parse().unwrap(), north.parse().unwrap());
        assert!(east < north, "{crs}: easting first");
    }
}

#[test]
fn the_table_of_a_shapefile_has_every_attribute_with_its_accents() {
    let folder = TempDir::new().unwrap();
    let path = saved(
        folder.path(),
        "livello.zip",
        &shapefile("EPSG:32632", &devices()).0,
    );
    let read = features(&path);
    let properties = &read[0]["properties"];
    assert_eq!(properties["CODICE"], "A/1");
    assert_eq!(properties["COMUNE"], "015146");
    assert_eq!(properties["DENOM"], "Località Cà Bianca, «perché no»");
    assert_eq!(properties["PROTOCOLLI"], "onvif,rtsp");
    assert_eq!(properties["NOTE"], "prima riga\nseconda; riga");
    assert_eq!(properties["AZIMUT"], 270);
    assert_eq!(properties["ALTEZZA_M"], 4.25);
    assert_eq!(
        properties["ATTIVATO"].as_str().unwrap().replace('/', "-"),
        "2020-12-02"
    );
    for absent in ["AZIMUT", "ALTEZZA_M", "ATTIVATO", "NOTE"] {
        assert_eq!(read[1]["properties"][absent], Json::Null, "{absent}");
    }
    let layer = summary(&path);
    let fields: Vec<_> = layer
        .lines()
        .skip_while(|line| !line.starts_with("CODICE:"))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let expected: Vec<_> = ATTRIBUTES
        .iter()
        .filter(|attribute| !matches!(attribute.kind, Kind::Latitude | Kind::Longitude))
        .collect();
    assert_eq!(fields.len(), expected.len());
    for ((name, described), attribute) in fields.iter().zip(expected) {
        let kind = match (attribute.kind, attribute.kind.store()) {
            (Kind::Date, _) => "Date",
            (_, Store::Text) => "String",
            (_, Store::Integer) => "Integer",
            (_, Store::Decimal) => "Real",
        };
        assert_eq!(*name, attribute.short);
        assert!(
            described.starts_with(&format!("{kind} (")),
            "{name}: {described}"
        );
    }
    let width = format!("String ({}.0)", "Località Cà Bianca, «perché no»".len());
    assert!(fields.contains(&("DENOM", width.as_str())), "{fields:?}");
}

#[test]
fn a_text_too_long_for_a_shapefile_is_cut_between_letters_and_counted() {
    let folder = TempDir::new().unwrap();
    let mut record = device("1", 9.19, 45.46);
    record.set(
        Field::Note,
        Some(Value::Text(format!("x{}", "è".repeat(200)))),
    );
    let (bytes, written) = shapefile("EPSG:32632", &[record]);
    assert_eq!(written.truncated, [(Field::Note, 1)]);
    let read = features(&saved(folder.path(), "livello.zip", &bytes));
    assert_eq!(
        read[0]["properties"]["NOTE"],
        format!("x{}", "è".repeat(126))
    );
}

#[test]
fn a_layer_without_devices_opens_as_well() {
    let folder = TempDir::new().unwrap();
    let path = saved(
        folder.path(),
        "livello.zip",
        &shapefile("EPSG:32632", &[]).0,
    );
    let layer = summary(&path);
    assert!(
        layer.contains("Feature Count: 0") && layer.contains("Geometry: Point"),
        "{layer}"
    );
    let json = saved(folder.path(), "vuoto.geojson", &geojson_of(&[]));
    assert_eq!(features(&json).len(), 0);
}

#[test]
fn the_same_devices_give_the_same_bytes() {
    let (first, _) = shapefile("EPSG:3003", &devices());
    let (second, _) = shapefile("EPSG:3003", &devices());
    assert_eq!(first, second);
    let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
    let mut table = Vec::new();
    std::io::copy(&mut archive.by_name("dispositivi.dbf").unwrap(), &mut table).unwrap();
    assert_eq!(
        table[1..4],
        [80, 1, 1],
        "the day of writing is not in the table"
    );
}

#[test]
fn what_cannot_be_expressed_is_refused_by_name() {
    let ed50 = projection::system("EPSG:23032").unwrap();
    assert!(matches!(
        ShapefileWriter::new(ed50),
        Err(ShapefileError::System("EPSG:23032"))
    ));
    let mut writer = ShapefileWriter::new(projection::system("EPSG:32632").unwrap()).unwrap();
    let nowhere = writer.row(&Record::default()).unwrap_err();
    assert!(
        nowhere
            .to_string()
            .contains("non si può esprimere in EPSG:32632")
    );
    assert!(geojson::refuses(ed50).unwrap().contains("EPSG:4326"));
    assert_eq!(geojson::refuses(projection::system("4326").unwrap()), None);
}

fn geojson_of(records: &[Record]) -> Vec<u8> {
    let mut writer = GeoJsonWriter::new(Vec::new(), "dispositivi").unwrap();
    for record in records {
        writer.feature(record).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn geojson_opens_with_every_attribute_by_its_spelling() {
    let folder = TempDir::new().unwrap();
    let records = devices();
    let bytes = geojson_of(&records);
    let read = features(&saved(folder.path(), "livello.geojson", &bytes));
    assert_eq!(read.len(), 2);
    assert_eq!(read[0]["id"], "015146:A/1");
    assert!(metres(&read[0], &records[0]) < 0.01);
    let properties = &read[0]["properties"];
    assert_eq!(
        properties["denominazione"],
        "Località Cà Bianca, «perché no»"
    );
    assert_eq!(properties["azimut"], 270);
    assert_eq!(properties["altezza_m"], 4.25);
    assert_eq!(read[1]["properties"]["azimut"], Json::Null);
    let ours: Json = serde_json::from_slice(&bytes).unwrap();
    let ours = &ours["features"][0];
    assert_eq!(
        ours["properties"]["protocolli"],
        serde_json::json!(["onvif", "rtsp"])
    );
    assert_eq!(
        ours["geometry"]["coordinates"],
        serde_json::json!([9.181_736_4, 45.477_615])
    );
    let names: Vec<_> = ours["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let expected: Vec<_> = Field::ALL
        .iter()
        .filter(|field| !matches!(field, Field::Lat | Field::Lon))
        .map(|field| field.name())
        .collect();
    assert_eq!(names, expected);
}
