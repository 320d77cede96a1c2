//! Reference layers: what others know of the territory, such as fibre, roads or schools, beside which
//! the census is read.
//!
//! A layer is never changed: another edition of a kind takes the place of the one before, which
//! stays, and a layer that is taken away leaves its place to the edition before it. So what counted
//! at any instant can be told ([`present`]). Features are WGS 84, longitude first, to seven decimals,
//! about a centimetre. Enforced by the tests below and by `tests/it/reference_layers.rs`.

use super::journal::feed;
use super::vocabulary::Term;
use crate::clock::Instant;
use geo::algorithm::line_measures::InterpolatableLine;
use geo::{Coord, Euclidean, Geometry, InteriorPoint, MapCoords, Rect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a layer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Optical fibre.
    Fibre,
    /// Ducts that cables can be drawn through.
    Ducts,
    /// Roads.
    Roads,
    /// Plants at risk of a major accident.
    RiskPlants,
    /// Schools.
    Schools,
    /// Anything else; each name is a layer of its own.
    Other,
}

/// The kinds with what people read, in the order of pages.
pub const KINDS: [Term; 6] = [
    term("fibra", "Fibra ottica"),
    term("cavidotti", "Cavidotti"),
    term("strade", "Strade"),
    term("arir", "Impianti a rischio di incidente rilevante"),
    term("scuole", "Scuole"),
    term("altro", "Altro"),
];

const fn term(code: &'static str, label: &'static str) -> Term {
    Term {
        code,
        label,
        synonyms: &[],
    }
}

impl Kind {
    /// All of them, in the order of [`KINDS`].
    pub const ALL: [Self; 6] = [
        Self::Fibre,
        Self::Ducts,
        Self::Roads,
        Self::RiskPlants,
        Self::Schools,
        Self::Other,
    ];

    fn term(self) -> &'static Term {
        let [fibre, ducts, roads, plants, schools, other] = &KINDS;
        match self {
            Self::Fibre => fibre,
            Self::Ducts => ducts,
            Self::Roads => roads,
            Self::RiskPlants => plants,
            Self::Schools => schools,
            Self::Other => other,
        }
    }

    /// The stored spelling.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.term().code
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.term().label
    }

    /// The kind with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether its places are those that devices are to watch over.
    #[must_use]
    pub const fn is_sensitive_place(self) -> bool {
        matches!(self, Self::RiskPlants | Self::Schools)
    }
}

/// Who may see a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever reads everything.
    Reserved,
    /// The officers of the bodies too.
    Bodies,
}

impl Audience {
    /// The stored spelling, the same as the visibility of a device.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "riservato",
            Self::Bodies => "enti",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reserved => "Riservato a chi legge tutto",
            Self::Bodies => "Visibile agli enti",
        }
    }

    /// The audience with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Reserved, Self::Bodies]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

/// A layer as it was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceLayer {
    /// Its identifier.
    pub id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Who gave it.
    pub source: String,
    /// Under which licence.
    pub licence: String,
    /// The date of the data, ISO 8601.
    pub dated: String,
    /// Who may see it.
    pub audience: Audience,
    /// The reference system of the file, as `EPSG:n`.
    pub crs: String,
    /// How many features it has.
    pub features: i64,
    /// The rectangle around them: west, south, east, north in WGS 84 degrees.
    pub extent: [f64; 4],
    /// The hash of its features; see [`Fingerprint`].
    pub hash: String,
    /// Who loaded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

impl ReferenceLayer {
    /// Whether one takes the place of the other.
    #[must_use]
    pub fn is_edition_of(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// Layers with the same key are editions of one another.
    #[must_use]
    fn key(&self) -> (Kind, &str) {
        let name = if self.kind == Kind::Other {
            self.name.as_str()
        } else {
            ""
        };
        (self.kind, name)
    }
}

/// That a layer was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The identifier of the row.
    pub id: Uuid,
    /// The layer.
    pub layer: Uuid,
    /// Why.
    pub reason: String,
    /// By whom.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// What counts of all layers that there were at an instant, `None` being now: of each kind, and of
/// each name where the kind is [`Kind::Other`], the last that was loaded and not taken away. In the
/// order of the kinds, then of the names.
#[must_use]
pub fn present<'a>(
    layers: &'a [ReferenceLayer],
    withdrawals: &[Withdrawal],
    at: Option<Instant>,
) -> Vec<&'a ReferenceLayer> {
    let until = |recorded: Instant| at.is_none_or(|at| recorded <= at);
    let gone = |layer: &ReferenceLayer| {
        withdrawals
            .iter()
            .any(|one| one.layer == layer.id && until(one.recorded_at))
    };
    let mut there: Vec<&ReferenceLayer> = layers
        .iter()
        .filter(|layer| until(layer.recorded_at) && !gone(layer))
        .collect();
    // The last one first among its editions.
    there.sort_by(|a, b| (a.key(), b.recorded_at, b.id).cmp(&(b.key(), a.recorded_at, a.id)));
    there.dedup_by(|later, first| later.key() == first.key());
    there
}

/// One thing of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Which of the layer, from 1, in the order of the file.
    pub number: i64,
    /// Its name; may be empty.
    pub name: String,
    /// Where it is: points, lines or polygons, WGS 84, longitude first.
    pub shape: Geometry<f64>,
}

impl Feature {
    /// A point of it, in or near its middle: degrees, longitude first.
    #[must_use]
    pub fn middle(&self) -> Option<(f64, f64)> {
        let point = match &self.shape {
            Geometry::LineString(line) => line.point_at_ratio_from_start(&Euclidean, 0.5),
            shape => shape.interior_point(),
        }?;
        Some((point.x(), point.y()))
    }

    /// What it is, in words.
    #[must_use]
    pub fn form(&self) -> &'static str {
        match &self.shape {
            Geometry::Point(_) | Geometry::MultiPoint(_) => "Punto",
            Geometry::LineString(_) | Geometry::MultiLineString(_) => "Linea",
            _ => "Poligono",
        }
    }
}

/// How many units of a coordinate are a degree: it is kept to about a centimetre.
const UNITS: f64 = 1e7;

/// A geometry to the precision that is kept, so that what is computed from it does not depend on
/// the last digits of a conversion.
#[must_use]
pub fn settled(shape: &Geometry<f64>) -> Geometry<f64> {
    let round = |number: f64| (number * UNITS).round() / UNITS;
    shape.map_coords(|Coord { x, y }| Coord {
        x: round(x),
        y: round(y),
    })
}

/// The corners of a box: west, south, east, north.
#[must_use]
pub fn corners(area: Rect<f64>) -> [f64; 4] {
    [area.min().x, area.min().y, area.max().x, area.max().y]
}

/// The hash of the features of a layer, in their order: of their numbers, names, texts of geometry
/// and boxes.
#[derive(Debug, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a feature as it is stored.
    pub fn add(&mut self, number: i64, name: &str, shape: &str, extent: [f64; 4]) {
        feed(&mut self.0, &number.to_string());
        feed(&mut self.0, name);
        feed(&mut self.0, shape);
        for corner in extent {
            feed(&mut self.0, &corner.to_string());
        }
    }

    /// The hash, as 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(number: u128, kind: Kind, name: &str, recorded_at: Instant) -> ReferenceLayer {
        ReferenceLayer {
            id: Uuid::from_u128(number),
            kind,
            name: name.to_owned(),
            source: String::new(),
            licence: String::new(),
            dated: String::new(),
            audience: Audience::Reserved,
            crs: String::new(),
            features: 0,
            extent: [0.0; 4],
            hash: String::new(),
            author: String::new(),
            recorded_at,
        }
    }

    #[test]
    fn the_last_edition_counts_until_it_is_taken_away_at_any_instant() {
        let layers = [
            layer(1, Kind::Fibre, "Prima", 10),
            layer(2, Kind::Fibre, "Seconda", 20),
            layer(3, Kind::Other, "Ospedali", 20),
            layer(4, Kind::Other, "Stazioni", 30),
        ];
        let withdrawals = [Withdrawal {
            id: Uuid::nil(),
            layer: Uuid::from_u128(2),
            reason: String::new(),
            author: String::new(),
            recorded_at: 40,
        }];
        let names = |at| -> Vec<&str> {
            let found = present(&layers, &withdrawals, at);
            found.into_iter().map(|one| one.name.as_str()).collect()
        };
        assert_eq!(names(Some(9)), Vec::<&str>::new());
        assert_eq!(names(Some(19)), ["Prima"]);
        assert_eq!(names(Some(20)), ["Seconda", "Ospedali"]);
        assert_eq!(names(Some(39)), ["Seconda", "Ospedali", "Stazioni"]);
        assert_eq!(names(None), ["Prima", "Ospedali", "Stazioni"]);
    }

    #[test]
    fn every_kind_has_its_entry_in_the_list() {
        let codes = KINDS.map(|term| term.code);
        assert_eq!(Kind::ALL.map(Kind::name), codes);
        assert_eq!(Kind::named("scuole"), Some(Kind::Schools));
        assert_eq!(Kind::named("ponti"), None);
    }
}
