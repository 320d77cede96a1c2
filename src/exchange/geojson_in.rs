//! `GeoJSON` in: a collection, a single feature, or one feature after the other; as rows of devices,
//! or feature by feature with whole geometries.
//!
//! The file is read twice, once to learn which properties there are and once for its rows, a feature
//! at a time, so memory does not grow with it. Numbers stay as they are written. The reference
//! system is EPSG:4326 (RFC 7946) unless the old `crs` member says otherwise, wherever it stands.
//! Enforced by the tests below and by the files of `tests/data/import/`.

use super::drawn::{self, Drawn};
use super::features::{self, Columns, Sample};
use super::source::{Certainty, Detected, Format, Progress, Source, SourceError};
use super::stream::{self, Budget, Metered};
use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// Opens a `GeoJSON`.
pub(super) fn open(mut file: File) -> Result<Source, SourceError> {
    let mut columns = Columns::default();
    let mut sample = Sample::default();
    let mut full = Ok(());
    let crs = read(&mut file, Progress::default(), |feature| {
        for (name, _) in &feature.properties {
            if full.is_ok() {
                full = columns.learn(name);
            }
        }
        sample.keep(&feature.properties, &feature.place());
        full.is_ok()
    })?;
    full?;
    let mut detected = Detected::new(Format::GeoJson);
    detected
        .certainty
        .insert("format".to_owned(), Certainty::Sure);
    match crs.as_ref().filter(|crs| !crs.is_null()) {
        Some(crs) => features::declare(&mut detected, &name_of(crs)),
        None if sample.in_degrees() => features::declare(&mut detected, "EPSG:4326"),
        None => detected.notes.push(
            "Le coordinate non sono gradi, come vuole il GeoJSON, e il file non dice in quale \
             sistema di riferimento sono: lo si cerca dalle coordinate."
                .to_owned(),
        ),
    }
    let progress = Progress::of(file.metadata()?.len());
    let told = progress.clone();
    let header = columns.header();
    let sample = sample.rows(&columns);
    let rows = stream::rows(move |outlet| {
        read(&mut file, told, |feature| {
            let place = feature.place();
            outlet.row(None, columns.cells(feature.properties, place))
        })
        .map(drop)
    })?;
    Ok(Source {
        detected,
        header,
        sample,
        progress,
        rows,
    })
}

/// The name of a `crs` member, in any of the ways it was written.
pub(super) fn name_of(crs: &Value) -> String {
    let code = crs.pointer("/properties/code").and_then(|code| match code {
        Value::Number(number) => Some(format!("EPSG:{number}")),
        Value::String(text) => Some(format!("EPSG:{text}")),
        _ => None,
    });
    let name = crs.pointer("/properties/name").and_then(Value::as_str);
    match (name, code) {
        (Some(name), _) => name.to_owned(),
        (None, Some(code)) => code,
        (None, None) => crs.as_str().map_or_else(|| crs.to_string(), str::to_owned),
    }
}

/// Gives every feature of the file until no more are wanted, and the `crs` member if there is one.
pub(super) fn read(
    file: &mut File,
    progress: Progress,
    mut take: impl FnMut(Feature) -> bool,
) -> Result<Option<Value>, SourceError> {
    let mut mark = [0; 3];
    file.rewind()?;
    let marked = file.read(&mut mark)? == 3 && mark == *b"\xEF\xBB\xBF";
    file.seek(SeekFrom::Start(if marked { 3 } else { 0 }))?;
    let budget = Budget::new();
    let mut reading = Reading {
        take: &mut take,
        budget: budget.clone(),
        crs: None,
        features: 0,
        stopped: false,
        known: false,
    };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(
        1 << 16,
        Metered {
            source: file,
            progress,
            budget,
        },
    ));
    while json.end().is_err() {
        if let Err(error) = Document(&mut reading).deserialize(&mut json) {
            if reading.stopped {
                break;
            }
            return Err(broken(&error, &reading));
        }
        if !reading.known {
            return Err(SourceError::Refused(
                "Il file è JSON ma non GeoJSON: manca l’elenco «features». Esportatelo di nuovo come \
                 GeoJSON dal programma da cui viene."
                    .to_owned(),
            ));
        }
    }
    Ok(reading.crs)
}

fn broken(error: &serde_json::Error, reading: &Reading<'_>) -> SourceError {
    use serde_json::error::Category;
    let why = match error.classify() {
        Category::Io if reading.budget.is_spent() => return stream::too_long(reading.features),
        Category::Io => {
            return SourceError::Refused(
                "Il GeoJSON non è testo UTF-8: salvatelo come UTF-8.".to_owned(),
            );
        }
        Category::Eof => "il file finisce prima del tempo, forse la copia si è interrotta",
        Category::Syntax => "da lì in poi non è JSON",
        Category::Data => "lì non c’è quello che il formato vuole",
    };
    SourceError::Refused(format!(
        "Il GeoJSON è rotto alla riga {}, colonna {}: {why}. Esportatelo di nuovo e riprovate.",
        error.line(),
        error.column()
    ))
}

/// What is known while reading.
struct Reading<'a> {
    take: &'a mut dyn FnMut(Feature) -> bool,
    budget: Budget,
    crs: Option<Value>,
    features: u64,
    /// Whether nobody wants any more.
    stopped: bool,
    /// Whether there was anything that `GeoJSON` has.
    known: bool,
}

impl Reading<'_> {
    fn give<E: serde::de::Error>(&mut self, feature: Feature) -> Result<(), E> {
        self.budget.renew();
        self.features += 1;
        self.known = true;
        if (self.take)(feature) {
            Ok(())
        } else {
            self.stopped = true;
            Err(E::custom("nobody wants any more"))
        }
    }
}

/// One feature: its properties as texts, and its geometry.
#[derive(Deserialize)]
pub(super) struct Feature {
    #[serde(default, deserialize_with = "properties")]
    pub(super) properties: Vec<(String, String)>,
    #[serde(default)]
    pub(super) geometry: Option<Geometry>,
}

impl Feature {
    /// Where it is, as a text.
    fn place(&self) -> String {
        let place = self.geometry.as_ref().map(Geometry::text);
        place.unwrap_or_default()
    }
}

/// A geometry with its coordinates as they are written.
#[derive(Deserialize)]
pub(super) struct Geometry {
    r#type: String,
    #[serde(default)]
    coordinates: Option<Box<RawValue>>,
}

impl Geometry {
    /// All of it, or what is wrong with it.
    pub(super) fn drawn(&self) -> Result<Drawn, String> {
        let raw = self.coordinates.as_deref().map_or("", RawValue::get);
        let drawn = match self.r#type.as_str() {
            "Point" => nested(raw).map(|one| Drawn::points(vec![one])),
            "MultiPoint" => nested(raw).map(Drawn::points),
            "LineString" => nested(raw).map(|one| Drawn::lines(vec![one])),
            "MultiLineString" => nested(raw).map(Drawn::lines),
            "Polygon" => nested(raw).map(|one| Drawn::areas(vec![one])),
            "MultiPolygon" => nested(raw).map(Drawn::areas),
            other => return Err(drawn::unfit(other)),
        };
        drawn.ok_or_else(|| {
            format!(
                "le coordinate della geometria {} non si leggono: servono numeri, almeno due per vertice",
                self.r#type
            )
        })
    }

    fn text(&self) -> String {
        let raw = self.coordinates.as_deref().map_or("", RawValue::get);
        let single = match self.r#type.as_str() {
            "Point" => serde_json::from_str::<Vec<Box<RawValue>>>(raw).ok(),
            "MultiPoint" => serde_json::from_str::<Vec<Vec<Box<RawValue>>>>(raw)
                .ok()
                .filter(|points| points.len() == 1)
                .and_then(|points| points.into_iter().next()),
            _ => None,
        };
        match single.as_deref() {
            Some([x, y, ..]) => features::point(&coordinate(x.get()), &coordinate(y.get())),
            Some([]) => String::new(),
            _ => features::shape(&self.r#type, vertices(raw)),
        }
    }
}

/// Coordinates at whatever depth.
fn nested<T: DeserializeOwned>(raw: &str) -> Option<T> {
    serde_json::from_str(raw).ok()
}

/// The innermost arrays of nested coordinates.
fn vertices(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    raw.split(['[', ']']).filter_map(|inner| {
        let (x, rest) = inner.split_once(',')?;
        let y = rest.split(',').next().unwrap_or_default();
        let (x, y) = (x.trim(), y.trim());
        (!x.is_empty() && !y.is_empty()).then_some((x, y))
    })
}

/// A coordinate with the digits of the file; also one that was written as a text.
fn coordinate(raw: &str) -> String {
    let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_number| raw.to_owned());
    let text = text.trim().replacen(',', ".", 1);
    match text.parse::<f64>() {
        Ok(number) if text.contains(['e', 'E']) => number.to_string(),
        _ => text,
    }
}

/// The properties of a feature in their order.
fn properties<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    struct Properties;
    impl<'de> Visitor<'de> for Properties {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("properties")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some((name, raw)) = map.next_entry::<String, Box<RawValue>>()? {
                found.push((name, property(raw.get())));
            }
            Ok(found)
        }
    }
    deserializer.deserialize_any(Properties)
}

/// A property as a text: numbers as they are written, lists with commas.
fn property(raw: &str) -> String {
    match serde_json::from_str(raw) {
        Ok(Value::String(text)) => text,
        Ok(Value::Null) => String::new(),
        Ok(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map_or_else(|| item.to_string(), str::to_owned)
            })
            .collect::<Vec<_>>()
            .join(","),
        _ => raw.to_owned(),
    }
}

/// One value at the top of the file.
struct Document<'a, 'b>(&'a mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a collection, a feature or a geometry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(reading) = self;
        let mut kind = String::new();
        let mut coordinates = None;
        let mut feature = Feature {
            properties: Vec::new(),
            geometry: None,
        };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "features" => {
                    reading.known = true;
                    map.next_value_seed(Features(reading))?;
                }
                "crs" => reading.crs = map.next_value()?,
                "type" => kind = map.next_value()?,
                "properties" => feature.properties = map.next_value::<Props>()?.0,
                "geometry" => feature.geometry = map.next_value()?,
                "coordinates" => coordinates = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (kind.as_str(), coordinates) {
            ("Feature", _) => reading.give(feature),
            ("FeatureCollection", _) => Ok(()),
            (_, Some(coordinates)) => {
                let geometry = Geometry {
                    r#type: kind,
                    coordinates: Some(coordinates),
                };
                feature.geometry = Some(geometry);
                reading.give(feature)
            }
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct Props(#[serde(deserialize_with = "properties")] Vec<(String, String)>);

/// The features of a collection.
struct Features<'a, 'b>(&'a mut Reading<'b>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        while let Some(feature) = features.next_element::<Feature>()? {
            self.0.give(feature)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{open, rows};
    use super::*;
    use std::io::Write;

    fn of(text: &str) -> Result<Source, SourceError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        super::open(file)
    }

    fn why(text: &str) -> String {
        of(text)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn properties_of_all_features_make_the_columns_and_the_geometry_is_last() {
        for name in ["byte_order_mark.geojson", "one_feature_a_line.geojson"] {
            let source = open(name);
            assert_eq!(
                source.header,
                [
                    "codice",
                    "denominazione",
                    "funzione",
                    "stato",
                    "protocolli",
                    "azimut",
                    "geometria"
                ],
                "{name}"
            );
            assert_eq!(source.detected.crs.as_deref(), Some("EPSG:4326"));
            assert_eq!(source.sample[0][0], "MI-01");
            let all = rows(source);
            assert_eq!(
                all[0].1[4..],
                ["onvif,rtsp", "", "POINT (9.19 45.4642)"],
                "{name}"
            );
            assert_eq!(
                all[1].1[4..],
                ["", "90", "POINT (9.1852 45.4612)"],
                "{name}"
            );
            if let Some((line, cells)) = all.get(2) {
                assert_eq!((*line, cells[6].as_str()), (3, ""));
            }
        }
    }

    #[test]
    fn the_old_crs_member_counts_wherever_it_stands() {
        let source = open("legacy_crs.geojson");
        assert_eq!(source.detected.crs.as_deref(), Some("EPSG:3003"));
        assert_eq!(source.detected.certainty["crs"], Certainty::Stated);
        assert_eq!(
            rows(source)[0].1.last().unwrap(),
            "POINT (1514881.49 5034556.81)"
        );
        let old = r#"{"crs":{"type":"EPSG","properties":{"code":32632}},"features":[],"type":"FeatureCollection"}"#;
        assert_eq!(of(old).unwrap().detected.crs.as_deref(), Some("EPSG:32632"));
        let unknown = of(&old.replace("32632", "9999")).unwrap().detected;
        assert_eq!(unknown.crs, None);
        assert!(unknown.notes[0].contains("«EPSG:9999»"));
        let metres = open("metres_without_crs.geojson").detected;
        assert_eq!((metres.crs, metres.notes.len()), (None, 1));
    }

    #[test]
    fn coordinates_stay_as_they_are_written() {
        let all = rows(open("string_coordinates.geojson"));
        assert_eq!(all[0].1.last().unwrap(), "POINT (9.19000 45.46420)");
        assert_eq!(all[1].1.last().unwrap(), "POINT (9.18520 45.46120)");
        let text = r#"{"type":"Point","coordinates":[ 9.190 , 4.54642e1, 120]}"#;
        assert_eq!(rows(of(text).unwrap())[0].1, ["POINT (9.190 45.4642)"]);
        let empty =
            r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[]},"properties":{}}"#;
        assert_eq!(rows(of(empty).unwrap())[0].1, [""]);
    }

    #[test]
    fn what_is_no_point_is_named() {
        let all = rows(open("lines_instead_of_points.geojson"));
        let places: Vec<_> = all
            .iter()
            .map(|row| row.1.last().unwrap().as_str())
            .collect();
        assert_eq!(
            places,
            [
                "LINESTRING (9.19 45.4642, 9.191 45.465, 9.192 45.466, …)",
                "POINT (9.1852 45.4612)",
                "POINT (9.18 45.46)"
            ]
        );
        let source = open("no_properties.geojson");
        assert_eq!(source.header, ["geometria"]);
        assert_eq!(rows(source)[1].1, ["POINT (9.1852 45.4612)"]);
    }

    #[test]
    fn properties_become_texts() {
        let text = r#"{"type":"Feature","properties":{"a":1.50,"b":true,"c":null,"d":["x",2],"e":{"f":1},"a ":"è"},"geometry":null}"#;
        let source = of(text).unwrap();
        assert_eq!(source.header, ["a", "b", "c", "d", "e", "a", "geometria"]);
        assert_eq!(
            rows(source)[0].1,
            ["1.50", "true", "", "x,2", r#"{"f":1}"#, "è", ""]
        );
    }

    #[test]
    fn broken_files_are_refused_with_the_place() {
        assert!(
            why("{\"type\":\"FeatureCollection\",\n\"features\":[{]}")
                .contains("riga 2, colonna 14")
        );
        assert!(why("{\"a\":1}").contains("manca l’elenco «features»"));
        assert!(why("{\"features\":[1]}").contains("non c’è quello che il formato vuole"));
        let deep = format!("{{\"features\":[{}", "[".repeat(100_000));
        assert!(why(&deep).contains("rotto"));
        let long = format!(
            "{{\"features\":[{{\"properties\":{{\"a\":\"{}\"}}}}]}}",
            "x".repeat(17 << 20)
        );
        assert!(
            why(&long).contains("L’elemento 1 del file è più lungo"),
            "{}",
            why(&long)
        );
    }
}
