//! From one reference system to another, through PROJ.
//!
//! The systems that Italian spreadsheets hold are listed once, in [`SYSTEMS`]. Numbers always go in
//! and come out easting (or longitude) first; a caller whose file is northing first exchanges them.
//! Degrees are decimal, metres are metres. PROJ's database is in the binary. Its objects cannot
//! leave the thread that made them, so each thread keeps its own, made once (10 to 50 ms each).
//! Enforced by the published points of `tests/data/geodesy/`.

use super::vocabulary::fold;
use proj::Proj;
use std::cell::RefCell;
use std::collections::HashMap;

/// What coordinates can be counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datum {
    /// WGS 84, and what cannot be told from it here: RDN2008, ETRS89.
    Wgs84,
    /// Monte Mario, also called Roma 40.
    MonteMario,
    /// ED50, the European datum of 1950.
    Ed50,
}

/// A reference system.
#[derive(Debug, PartialEq)]
pub struct Crs {
    /// Its code, as `EPSG:n`.
    pub code: &'static str,
    /// Its name in Italian words.
    pub name: &'static str,
    /// Whether its coordinates are degrees; otherwise metres.
    pub geographic: bool,
    /// Whether its definition puts the northing (or latitude) first. What is in this module does
    /// not depend on it; what people type may.
    pub north_first: bool,
    /// What it counts from.
    pub datum: Datum,
    /// How good the operation to WGS 84 is, in metres.
    pub accuracy_m: f64,
    /// Other names, folded.
    names: &'static [&'static str],
}

const fn metric(
    code: &'static str,
    name: &'static str,
    datum: Datum,
    accuracy_m: f64,
    names: &'static [&'static str],
) -> Crs {
    Crs {
        code,
        name,
        geographic: false,
        north_first: false,
        datum,
        accuracy_m,
        names,
    }
}

const fn degrees(
    code: &'static str,
    name: &'static str,
    datum: Datum,
    accuracy_m: f64,
    names: &'static [&'static str],
) -> Crs {
    Crs {
        code,
        name,
        geographic: true,
        north_first: true,
        datum,
        accuracy_m,
        names,
    }
}

/// Every system that is understood, the most frequent first within each family.
pub static SYSTEMS: &[Crs] = &[
    degrees(
        "EPSG:4326",
        "WGS 84, gradi",
        Datum::Wgs84,
        0.0,
        &["wgs84", "wgs 84", "gps", "crs84"],
    ),
    degrees(
        "EPSG:6706",
        "RDN2008, gradi",
        Datum::Wgs84,
        1.0,
        &["rdn2008", "rdn 2008", "etrf2000"],
    ),
    metric(
        "EPSG:32632",
        "WGS 84 / UTM fuso 32 nord",
        Datum::Wgs84,
        0.0,
        &[
            "utm32",
            "utm 32",
            "utm32n",
            "utm 32n",
            "wgs84 utm32n",
            "wgs 84 / utm zone 32n",
            "utm",
        ],
    ),
    metric(
        "EPSG:32633",
        "WGS 84 / UTM fuso 33 nord",
        Datum::Wgs84,
        0.0,
        &[
            "utm33",
            "utm 33",
            "utm33n",
            "utm 33n",
            "wgs84 utm33n",
            "wgs 84 / utm zone 33n",
        ],
    ),
    metric(
        "EPSG:7791",
        "RDN2008 / UTM fuso 32 nord",
        Datum::Wgs84,
        1.0,
        &["rdn2008 utm32n", "rdn2008 / utm zone 32n"],
    ),
    Crs {
        code: "EPSG:6707",
        name: "RDN2008 / UTM fuso 32 nord, prima il nord",
        geographic: false,
        north_first: true,
        datum: Datum::Wgs84,
        accuracy_m: 1.0,
        names: &["rdn2008 / utm zone 32n (n e)"],
    },
    metric(
        "EPSG:25832",
        "ETRS89 / UTM fuso 32 nord",
        Datum::Wgs84,
        1.0,
        &["etrs89 utm32n", "etrs89 / utm zone 32n"],
    ),
    metric(
        "EPSG:3003",
        "Monte Mario / Gauss-Boaga fuso ovest",
        Datum::MonteMario,
        4.0,
        &[
            "gauss boaga",
            "gauss boaga ovest",
            "roma 40 ovest",
            "monte mario / italy zone 1",
        ],
    ),
    metric(
        "EPSG:3004",
        "Monte Mario / Gauss-Boaga fuso est",
        Datum::MonteMario,
        4.0,
        &[
            "gauss boaga est",
            "roma 40 est",
            "monte mario / italy zone 2",
        ],
    ),
    metric(
        "EPSG:23032",
        "ED50 / UTM fuso 32 nord",
        Datum::Ed50,
        10.0,
        &["ed50", "ed50 utm32", "ed50 utm32n", "ed50 / utm zone 32n"],
    ),
    metric(
        "EPSG:3857",
        "WGS 84 / Mercatore del web",
        Datum::Wgs84,
        0.0,
        &[
            "web mercator",
            "pseudo mercator",
            "google mercator",
            "wgs 84 / pseudo mercator",
        ],
    ),
    degrees(
        "EPSG:4265",
        "Monte Mario (Roma 40), gradi da Greenwich",
        Datum::MonteMario,
        4.0,
        &["monte mario", "roma 40", "roma40"],
    ),
    degrees(
        "EPSG:4806",
        "Monte Mario (Roma 40), gradi da Roma",
        Datum::MonteMario,
        4.0,
        &["monte mario (rome)", "monte mario roma", "roma 40 roma"],
    ),
];

/// The system of plain decimal degrees.
pub const WGS84: &str = "EPSG:4326";

/// Numbers beyond this, in degrees or metres, belong to no system.
const ABSURD: f64 = 1e9;

/// The system a text means: `EPSG:3003`, `3003`, `epsg 3003`, an OGC name, or a usual name.
#[must_use]
pub fn system(text: &str) -> Option<&'static Crs> {
    let wanted = fold(text.get(..120).unwrap_or(text));
    let number = wanted.rsplit([':', ' ', '/']).next().unwrap_or_default();
    let coded = wanted.chars().all(|letter| letter.is_ascii_digit())
        || wanted.contains("epsg")
        || wanted.starts_with("urn:ogc");
    let ends_with = |crs: &&Crs| crs.code.strip_prefix("EPSG:") == Some(number);
    let named = |crs: &&Crs| fold(crs.name) == wanted || crs.names.contains(&wanted.as_str());
    if coded
        && let Some(found) = SYSTEMS.iter().find(ends_with).or_else(|| {
            SYSTEMS
                .iter()
                .find(|crs| wanted == crs.code.replace(':', "").to_lowercase())
        })
    {
        return Some(found);
    }
    if wanted.ends_with("crs84") {
        return SYSTEMS.first();
    }
    SYSTEMS.iter().find(named)
}

/// A point of a system, easting or longitude first, as WGS 84 longitude and latitude; `None` when
/// it is nowhere on Earth.
#[must_use]
pub fn to_wgs84(crs: &Crs, x: f64, y: f64) -> Option<(f64, f64)> {
    let (lon, lat) = convert(crs.code, WGS84, x, y)?;
    (lon.abs() <= 180.0 && lat.abs() <= 90.0).then_some((lon, lat))
}

/// A WGS 84 point, longitude first, in a system, easting or longitude first.
#[must_use]
pub fn from_wgs84(crs: &Crs, lon: f64, lat: f64) -> Option<(f64, f64)> {
    if lon.abs() <= 180.0 && lat.abs() <= 90.0 {
        convert(WGS84, crs.code, lon, lat)
    } else {
        None
    }
}

thread_local! {
    static OPERATIONS: RefCell<HashMap<(&'static str, &'static str), Option<Proj>>> =
        RefCell::default();
}

fn convert(from: &'static str, to: &'static str, x: f64, y: f64) -> Option<(f64, f64)> {
    // NaN fails the comparison too.
    if !(x.abs() < ABSURD && y.abs() < ABSURD) {
        return None;
    }
    if from == to {
        return Some((x, y));
    }
    OPERATIONS.with_borrow_mut(|known| {
        let operation = known
            .entry((from, to))
            .or_insert_with(|| Proj::new_known_crs(from, to, None).ok());
        let (x, y) = operation.as_ref()?.convert((x, y)).ok()?;
        (x.abs() < ABSURD && y.abs() < ABSURD).then_some((x, y))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crs(code: &str) -> &'static Crs {
        system(code).unwrap_or_else(|| panic!("{code} is listed"))
    }

    /// The point of `geodesy.md`, longitude first.
    const POINT: (f64, f64) = (9.19, 45.4642);

    #[test]
    fn the_same_point_has_its_measured_coordinates_in_every_system() {
        for (code, easting, northing) in [
            ("EPSG:32632", 514_853.496, 5_034_536.797),
            ("EPSG:7791", 514_853.496, 5_034_536.797),
            ("EPSG:6707", 514_853.496, 5_034_536.797),
            ("EPSG:25832", 514_853.496, 5_034_536.797),
            ("EPSG:3003", 1_514_881.491, 5_034_556.812),
            ("EPSG:23032", 514_936.251, 5_034_734.609),
        ] {
            let (x, y) = from_wgs84(crs(code), POINT.0, POINT.1).unwrap();
            assert!(
                (x - easting).abs() < 0.002 && (y - northing).abs() < 0.002,
                "{code}: {x} {y}"
            );
            let (lon, lat) = to_wgs84(crs(code), easting, northing).unwrap();
            assert!(
                (lon - POINT.0).abs() < 2e-8 && (lat - POINT.1).abs() < 2e-8,
                "{code}"
            );
        }
    }

    #[test]
    fn monte_mario_is_79_metres_away_when_the_shift_is_skipped() {
        let shifted = to_wgs84(crs("4265"), POINT.0, POINT.1).unwrap();
        let metres = crate::census::territory::metres_between(POINT, shifted);
        assert!((70.0..90.0).contains(&metres), "{metres}");
        let rome = from_wgs84(crs("4806"), POINT.0, POINT.1).unwrap();
        assert!((rome.0 + 3.2621).abs() < 0.001, "{rome:?}");
    }

    #[test]
    fn every_system_takes_a_point_and_gives_it_back() {
        for one in SYSTEMS {
            let (x, y) = from_wgs84(one, POINT.0, POINT.1).unwrap();
            let (lon, lat) = to_wgs84(one, x, y).unwrap();
            assert!(
                (lon - POINT.0).abs() < 1e-7 && (lat - POINT.1).abs() < 1e-7,
                "{}",
                one.code
            );
        }
    }

    #[test]
    fn published_points_agree_within_the_accuracy_of_the_operation() {
        let mut reader = csv::Reader::from_path("tests/data/geodesy/reference_points.csv").unwrap();
        let mut seen = 0;
        for row in reader.records() {
            let row = row.unwrap();
            let number = |column: usize| row[column].parse::<f64>();
            let system = crs(&row[6]);
            let (easting, northing) = (number(7).unwrap(), number(8).unwrap());
            let Ok(lon) = number(3) else {
                let (lon, lat) = to_wgs84(system, easting, northing).unwrap();
                let (x, y) = from_wgs84(crs("32632"), lon, lat).unwrap();
                assert!(
                    (x - 604_242.97).abs() < 0.01 && (y - 4_875_633.36).abs() < 0.01,
                    "{}",
                    &row[0]
                );
                seen += 1;
                continue;
            };
            let (x, y) = from_wgs84(system, lon, number(4).unwrap()).unwrap();
            let off = (x - easting).hypot(y - northing);
            let allowed = if &row[1] == "software-derived" {
                0.01
            } else {
                5.2
            };
            assert!(off < allowed, "{} is {off} m off", &row[0]);
            seen += 1;
        }
        assert_eq!(seen, 7);
    }

    #[test]
    fn a_system_is_found_by_code_and_by_name() {
        for text in [
            "EPSG:3003",
            "3003",
            "epsg 3003",
            "epsg:3003",
            "EPSG3003",
            " Gauss-Boaga ",
            "urn:ogc:def:crs:EPSG::3003",
            "http://www.opengis.net/def/crs/EPSG/0/3003",
        ] {
            assert_eq!(
                system(text).map(|one| one.code),
                Some("EPSG:3003"),
                "{text}"
            );
        }
        assert_eq!(
            system("urn:ogc:def:crs:OGC:1.3:CRS84").unwrap().code,
            "EPSG:4326"
        );
        assert_eq!(system("UTM 32N").unwrap().code, "EPSG:32632");
        for text in ["", "EPSG:1", "pippo", "::::", "EPSG:"] {
            assert_eq!(system(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_place_give_none() {
        for one in SYSTEMS {
            for (x, y) in [
                (f64::NAN, 0.0),
                (f64::INFINITY, 0.0),
                (1e300, -1e300),
                (-1e8, 1e8),
            ] {
                let _anything_but_a_panic = to_wgs84(one, x, y);
                assert_eq!(from_wgs84(one, x, y), None);
            }
        }
    }
}
