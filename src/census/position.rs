//! Reading a position, in any notation, and telling what it may mean.

use super::finding::Finding;
use super::territory::Territory;

/// A position as somebody typed it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed<'a> {
    /// The latitude, or the northing.
    pub lat: &'a str,
    /// The longitude, or the easting.
    pub lon: &'a str,
    /// Both in one text; wins over the two when not empty.
    pub place: &'a str,
    /// The reference system the person declared, or empty.
    pub crs: &'a str,
}

/// A position that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// The ISTAT code of the Comune the point is in, covered or around.
    pub comune: Option<String>,
    /// The reference system the numbers were read in, as `EPSG:n`.
    pub crs: &'static str,
    /// What was done to the numbers, as a stable word.
    pub operation: &'static str,
    /// How far the result may be from the truth because of the operation, in metres.
    pub accuracy_m: f64,
    /// The text as typed.
    pub original: String,
}

/// What is known of a position.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// The point, when the plain reading is a place.
    pub point: Option<Located>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Reads a position and judges it against the territory.
#[must_use]
pub fn diagnose(
    typed: &Typed,
    territory: &Territory,
    witness: Option<&str>,
    declared: bool,
) -> Diagnosis {
    let _ = (typed, territory, witness, declared);
    Diagnosis::default()
}

/// Where a point is, in Italian words.
#[must_use]
pub fn in_words(territory: &Territory, lon: f64, lat: f64) -> String {
    let _ = (territory, lon, lat);
    String::new()
}
