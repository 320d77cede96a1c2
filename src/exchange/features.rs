//! What formats with features have in common: which columns their attributes make, and their
//! geometries as texts.
//!
//! A point becomes `POINT (x y)` with the numbers of the file, easting or longitude first; any other
//! geometry becomes a text that says what it is and does not pass for a position.

use super::header::MAX_COLUMNS;
use super::source::{Detected, GEOMETRY, SAMPLE, SourceError};
use crate::census::notation;
use crate::census::projection;
use std::collections::HashMap;

/// How many vertices of a geometry that is no point are shown.
const SHOWN: usize = 3;

/// The attributes of features in the order in which they are first met.
#[derive(Debug, Default, Clone)]
pub(super) struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// Takes note of an attribute.
    pub(super) fn learn(&mut self, name: &str) -> Result<(), SourceError> {
        if self.places.contains_key(name) {
            return Ok(());
        }
        if self.names.len() + 1 >= MAX_COLUMNS {
            return Err(SourceError::Refused(format!(
                "Gli elementi del file hanno più di {MAX_COLUMNS} attributi diversi: togliete quelli \
                 che non servono."
            )));
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        Ok(())
    }

    /// The attributes, then the geometry.
    pub(super) fn header(&self) -> Vec<String> {
        let own = |name: &String| {
            if name.trim().eq_ignore_ascii_case(GEOMETRY) {
                format!("{} (attributo)", name.trim())
            } else {
                name.trim().to_owned()
            }
        };
        let names = self.names.iter().map(own);
        names.chain([GEOMETRY.to_owned()]).collect()
    }

    /// The cells of a feature.
    pub(super) fn cells(
        &self,
        attributes: impl IntoIterator<Item = (String, String)>,
        geometry: String,
    ) -> Vec<String> {
        let mut cells = vec![String::new(); self.names.len()];
        for (name, text) in attributes {
            let place = self.places.get(&name);
            if let Some(cell) = place.and_then(|place| cells.get_mut(*place)) {
                *cell = text;
            }
        }
        cells.push(geometry);
        cells
    }
}

/// The first features of a file.
#[derive(Debug, Default)]
pub(super) struct Sample {
    attributes: Vec<(Vec<(String, String)>, String)>,
}

impl Sample {
    /// Keeps a feature, while there are few.
    pub(super) fn keep(&mut self, attributes: &[(String, String)], geometry: &str) {
        if self.attributes.len() < SAMPLE {
            self.attributes
                .push((attributes.to_vec(), geometry.to_owned()));
        }
    }

    /// Whether every position can be degrees.
    pub(super) fn in_degrees(&self) -> bool {
        let positions = self
            .attributes
            .iter()
            .filter_map(|(_, geometry)| notation::pair(geometry).ok()?.into_iter().next());
        positions
            .into_iter()
            .all(|pair| pair.north.value.abs() <= 90.0 && pair.east.value.abs() <= 180.0)
    }

    /// The cells of the features.
    pub(super) fn rows(self, columns: &Columns) -> Vec<Vec<String>> {
        self.attributes
            .into_iter()
            .map(|(attributes, geometry)| columns.cells(attributes, geometry))
            .collect()
    }
}

/// A point.
pub(super) fn point(x: &str, y: &str) -> String {
    format!("POINT ({x} {y})")
}

/// A geometry that is no single point, by its first vertices.
pub(super) fn shape<'a>(
    kind: &str,
    vertices: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut vertices = vertices.into_iter();
    let mut shown: Vec<_> = vertices
        .by_ref()
        .take(SHOWN)
        .map(|(x, y)| format!("{x} {y}"))
        .collect();
    if vertices.next().is_some() {
        shown.push("…".to_owned());
    }
    let kind: String = kind.chars().take(40).collect::<String>().to_uppercase();
    if shown.is_empty() {
        format!("{kind} EMPTY")
    } else {
        format!("{kind} ({})", shown.join(", "))
    }
}

/// Says which reference system a file declares, by a name that may not be known.
pub(super) fn declare(detected: &mut Detected, name: &str) {
    match projection::system(name) {
        Some(crs) => stated(detected, crs),
        None => detected.notes.push(format!(
            "Il file dichiara il sistema di riferimento «{}», che non è tra quelli noti: lo si cerca \
             dalle coordinate.",
            name.chars().take(80).collect::<String>()
        )),
    }
}

/// Says that a file itself declares its reference system.
pub(super) fn stated(detected: &mut Detected, crs: &projection::Crs) {
    use super::source::Certainty;
    detected.crs = Some(crs.code.to_owned());
    detected
        .certainty
        .insert("crs".to_owned(), Certainty::Stated);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_position_and_other_geometries_are_not() {
        let read = notation::pair(&point("9.19000", "45.46420")).unwrap();
        assert_eq!((read[0].north.value, read[0].east.value), (45.4642, 9.19));
        let line = shape("LineString", [("9.1", "45.4"), ("9.2", "45.5")]);
        assert_eq!(line, "LINESTRING (9.1 45.4, 9.2 45.5)");
        let long = shape("Polygon", [("9", "45"); 5]);
        assert_eq!(long, "POLYGON (9 45, 9 45, 9 45, …)");
        let points = shape("MultiPoint", [("9.1", "45.4"), ("9.2", "45.5")]);
        for text in [
            line,
            long,
            points,
            shape("LineString", []),
            shape("LINESTRING", [("9.1", "45.4")]),
        ] {
            assert!(notation::pair(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_attribute_called_like_the_geometry_keeps_apart_from_it() {
        let mut columns = Columns::default();
        for name in ["codice", "Geometria", "codice"] {
            columns.learn(name).unwrap();
        }
        assert_eq!(
            columns.header(),
            ["codice", "Geometria (attributo)", "geometria"]
        );
        let cells = columns.cells([("codice".to_owned(), "A1".to_owned())], point("9", "45"));
        assert_eq!(cells, ["A1", "", "POINT (9 45)"]);
    }
}
