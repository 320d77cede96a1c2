//! Devices as GeoJSON (RFC 7946), written one by one.
//!
//! The format knows WGS 84 degrees only, longitude first; [`refuses`] says so to whoever asks for
//! another system. Properties are the attributes by their spelling, in the order of the table, with
//! numbers as numbers and lists as arrays. A file that was not finished is not valid JSON, so a
//! broken transfer cannot pass for a whole one. Enforced by `tests/it/exports.rs`, through GDAL.

use crate::census::projection::Crs;
use crate::census::record::Record;
use crate::census::vocabulary::{Field, Kind};
use geojson::feature::Id;
use geojson::{Feature, Geometry, GeometryValue, JsonObject, JsonValue};
use std::io::{self, Write};

/// Why devices cannot be written as GeoJSON in this system; `None` when they can.
#[must_use]
pub fn refuses(crs: &Crs) -> Option<String> {
    (crs.code != "EPSG:4326").then(|| {
        format!(
            "Il GeoJSON ammette solo EPSG:4326 (RFC 7946), non {}: scegliete EPSG:4326, oppure lo \
             shapefile.",
            crs.code
        )
    })
}

/// Writes a feature collection of devices.
#[derive(Debug)]
pub struct GeoJsonWriter<W: Write> {
    destination: W,
    started: bool,
}

impl<W: Write> GeoJsonWriter<W> {
    /// Starts the collection; `layer` is what programs call it.
    pub fn new(mut destination: W, layer: &str) -> io::Result<Self> {
        let name = serde_json::to_string(layer)?;
        write!(
            destination,
            "{{\"type\":\"FeatureCollection\",\"name\":{name},\"features\":["
        )?;
        Ok(Self {
            destination,
            started: false,
        })
    }

    /// Writes one device.
    pub fn feature(&mut self, record: &Record) -> io::Result<()> {
        self.destination
            .write_all(if self.started { b",\n" } else { b"\n" })?;
        self.started = true;
        serde_json::to_writer(&mut self.destination, &feature(record))?;
        Ok(())
    }

    /// Ends the collection and gives back where it was written.
    pub fn finish(mut self) -> io::Result<W> {
        self.destination.write_all(b"\n]}\n")?;
        self.destination.flush()?;
        Ok(self.destination)
    }
}

fn feature(record: &Record) -> Feature {
    let key = format!(
        "{}:{}",
        record.text(Field::Ente),
        record.text(Field::Codice)
    );
    Feature {
        id: Some(Id::String(key)),
        geometry: point(record),
        properties: Some(properties(record)),
        ..Feature::default()
    }
}

fn point(record: &Record) -> Option<Geometry> {
    let (lon, lat) = (record.number(Field::Lon)?, record.number(Field::Lat)?);
    Some(Geometry::new(GeometryValue::new_point([
        centimetre(lon),
        centimetre(lat),
    ])))
}

/// Degrees with seven decimals, which is a centimetre.
fn centimetre(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

fn properties(record: &Record) -> JsonObject {
    Field::ALL
        .iter()
        .filter(|field| !matches!(field, Field::Lat | Field::Lon))
        .map(|field| (field.name().to_owned(), property(record, *field)))
        .collect()
}

fn property(record: &Record, field: Field) -> JsonValue {
    match (field.attribute().kind, record.json(field)) {
        (Kind::Many(_), JsonValue::String(codes)) => {
            codes.split(',').map(JsonValue::from).collect()
        }
        (_, value) => value,
    }
}
