//! What may have happened to the numbers, and where each explanation leads.
//!
//! Every mishap is tried, alone and with the others; what falls in no known Comune is dropped, and
//! of the rest only the best witnessed and the simplest are kept.

use super::{BORDER_BAND_M, Doctor, WGS84};
use crate::census::finding::{Code, PositionProposal, Proposal};
use crate::census::notation::{Number, Pair};
use crate::census::projection::{self, Crs};
use crate::census::territory::metres_between;

/// Two readings nearer than this, in metres, are one.
pub(super) const SAME_M: f64 = 1.0;

/// Numbers beyond this are metres, not degrees.
pub(super) const METRES_FROM: f64 = 1_000.0;

/// A lost decimal point is believed when a coordinate has at least these digits: `888` is a typing
/// error, not 8.88.
const LOST_POINT_DIGITS: usize = 5;

/// The metric systems tried when none is declared, the most used first. Those that give the same
/// numbers as EPSG:32632 (7791, 6707, 25832) are one hypothesis with it.
const METRIC: [&str; 6] = [
    "EPSG:32632",
    "EPSG:3003",
    "EPSG:32633",
    "EPSG:3004",
    "EPSG:3857",
    "EPSG:23032",
];

/// What may have happened to the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "mishaps are independent and may all happen"
)]
pub(super) struct Mishap {
    pub(super) swap: bool,
    pub(super) north_point: bool,
    pub(super) east_point: bool,
    pub(super) degrees: bool,
    pub(super) north_sign: bool,
    pub(super) east_sign: bool,
    pub(super) crs: bool,
}

impl Mishap {
    pub(super) fn point(self) -> bool {
        self.north_point || self.east_point
    }

    pub(super) fn sign(self) -> bool {
        self.north_sign || self.east_sign
    }

    /// How much has to be believed.
    pub(super) fn cost(self) -> usize {
        [self.swap, self.point(), self.degrees, self.sign(), self.crs]
            .into_iter()
            .filter(|happened| *happened)
            .count()
    }

    pub(super) fn code(self) -> Code {
        if self.crs {
            Code::PositionOtherCrs
        } else if self.point() {
            Code::PositionLostDecimal
        } else if self.degrees {
            Code::PositionDegrees
        } else if self.sign() {
            Code::PositionWrongSign
        } else {
            Code::PositionSwapped
        }
    }

    pub(super) fn operation(self) -> &'static str {
        match (self.swap, self.code()) {
            (true, Code::PositionOtherCrs) => "swap_crs",
            (false, Code::PositionOtherCrs) => "crs",
            (true, Code::PositionLostDecimal) => "swap_decimal_point",
            (false, Code::PositionLostDecimal) => "decimal_point",
            (true, Code::PositionDegrees) => "swap_degrees_minutes_seconds",
            (false, Code::PositionDegrees) => "degrees_minutes_seconds",
            (true, Code::PositionWrongSign) => "swap_sign",
            (false, Code::PositionWrongSign) => "sign",
            _ => "swap",
        }
    }
}

/// One explanation of the numbers and the point it leads to.
#[derive(Debug, Clone)]
pub(super) struct Hypothesis {
    pub(super) lon: f64,
    pub(super) lat: f64,
    pub(super) crs: &'static Crs,
    pub(super) mishap: Mishap,
    /// The ISTAT code of the Comune it falls in, and whether that is covered.
    pub(super) comune: String,
    pub(super) covered: bool,
    /// Whether the point is in the witness or within the band around it.
    pub(super) witnessed: bool,
    /// Whether it is inside the witness, not just near it.
    pub(super) inside: bool,
}

impl Hypothesis {
    pub(super) fn proposal(&self) -> Proposal {
        Proposal::Position(PositionProposal {
            lat: self.lat,
            lon: self.lon,
            crs: self.crs.code,
            operation: self.mishap.operation(),
            accuracy_m: self.crs.accuracy_m,
            comune: self.covered.then(|| self.comune.clone()),
        })
    }

    pub(super) fn metres_to(&self, other: &Self) -> f64 {
        metres_between((self.lon, self.lat), (other.lon, other.lat))
    }
}

/// The hypotheses.
impl Doctor<'_> {
    /// Every explanation that puts the point where it may be, without those that something simpler
    /// or better witnessed makes needless.
    pub(super) fn hypotheses(
        &self,
        pairs: &[Pair],
        declared_crs: Option<&'static Crs>,
    ) -> Vec<Hypothesis> {
        let mut found = Vec::new();
        for pair in pairs {
            self.in_degrees(pair, declared_crs, &mut found);
            self.in_metres(pair, declared_crs, &mut found);
            self.counted_from_rome(pair, declared_crs, &mut found);
        }
        if found.iter().any(|one| one.witnessed) {
            found.retain(|one| one.witnessed);
        } else if found.iter().any(|one| one.covered) {
            found.retain(|one| one.covered);
        } else {
            // Digits that mean a point just outside the territory still explain themselves.
            found.retain(|one| !one.mishap.degrees);
        }
        let cheapest = found.iter().map(|one| one.mishap.cost()).min().unwrap_or(0);
        found.retain(|one| one.mishap.cost() == cheapest);
        let mut distinct: Vec<Hypothesis> = Vec::new();
        for one in found {
            if distinct.iter().all(|other| other.metres_to(&one) > SAME_M) {
                distinct.push(one);
            }
        }
        distinct
    }

    fn consider(
        &self,
        (lon, lat): (f64, f64),
        crs: &'static Crs,
        mishap: Mishap,
        found: &mut Vec<Hypothesis>,
    ) {
        let window = self.territory.window();
        let plausible = (window.min().x..=window.max().x).contains(&lon)
            && (window.min().y..=window.max().y).contains(&lat);
        if !plausible || mishap == Mishap::default() {
            return;
        }
        let Some(home) = self.territory.containing(lon, lat) else {
            return;
        };
        let inside = self
            .witness
            .is_some_and(|witness| witness.istat == home.istat);
        let witnessed = inside
            || self.witness.is_some_and(|witness| {
                self.territory.metres_outside(witness, lon, lat) <= BORDER_BAND_M
            });
        let (comune, covered) = (home.istat.clone(), home.covered);
        found.push(Hypothesis {
            lon,
            lat,
            crs,
            mishap,
            comune,
            covered,
            witnessed,
            inside,
        });
    }

    /// Exchanged axes, lost points, degrees and minutes, wrong signs, and their combinations.
    fn in_degrees(
        &self,
        pair: &Pair,
        declared_crs: Option<&'static Crs>,
        found: &mut Vec<Hypothesis>,
    ) {
        let base = declared_crs.filter(|crs| crs.geographic);
        let Some(crs) = base.or_else(|| projection::system(WGS84)) else {
            return;
        };
        let other_crs = declared_crs.is_some_and(|declared| declared.code != crs.code);
        for swap in [false, true] {
            let (north, east) = if swap {
                (&pair.east, &pair.north)
            } else {
                (&pair.north, &pair.east)
            };
            for a in variants(north) {
                for b in variants(east) {
                    if a.degrees != b.degrees || !believable(north, east, &a, &b) {
                        continue;
                    }
                    for (north_sign, east_sign) in
                        [(false, false), (true, false), (false, true), (true, true)]
                    {
                        let lat = if north_sign { -a.value } else { a.value };
                        let lon = if east_sign { -b.value } else { b.value };
                        let mishap = Mishap {
                            swap,
                            north_point: a.point,
                            east_point: b.point,
                            degrees: a.degrees,
                            north_sign,
                            east_sign,
                            crs: other_crs,
                        };
                        let point = if crs.code == WGS84 {
                            Some((lon, lat))
                        } else {
                            projection::to_wgs84(crs, lon, lat)
                        };
                        if let Some(point) = point {
                            self.consider(point, crs, mishap, found);
                        }
                    }
                }
            }
        }
    }

    /// The numbers as metres in each system, in both orders.
    fn in_metres(
        &self,
        pair: &Pair,
        declared_crs: Option<&'static Crs>,
        found: &mut Vec<Hypothesis>,
    ) {
        for north in metres(&pair.north) {
            for east in metres(&pair.east) {
                let declared = declared_crs
                    .filter(|crs| !crs.geographic)
                    .map(|crs| crs.code);
                let known = METRIC
                    .iter()
                    .copied()
                    .filter(|code| Some(*code) != declared);
                for crs in declared
                    .into_iter()
                    .chain(known)
                    .filter_map(projection::system)
                {
                    for swap in [false, true] {
                        let (x, y) = if swap { (north, east) } else { (east, north) };
                        let other = declared != Some(crs.code);
                        // Without names the order of metres is nobody's mistake.
                        let swap = swap && !(pair.free && other);
                        if let Some(point) = projection::to_wgs84(crs, x, y) {
                            let mishap = Mishap {
                                swap,
                                crs: other,
                                ..Mishap::default()
                            };
                            self.consider(point, crs, mishap, found);
                        }
                    }
                }
            }
        }
    }

    /// Longitudes counted from Rome.
    fn counted_from_rome(
        &self,
        pair: &Pair,
        declared_crs: Option<&'static Crs>,
        found: &mut Vec<Hypothesis>,
    ) {
        let Some(crs) = projection::system("EPSG:4806") else {
            return;
        };
        if declared_crs == Some(crs) {
            return;
        }
        for swap in [false, true] {
            let (north, east) = if swap {
                (&pair.east, &pair.north)
            } else {
                (&pair.north, &pair.east)
            };
            if north.value.abs() <= 90.0
                && east.value.abs() <= 180.0
                && let Some(point) = projection::to_wgs84(crs, east.value, north.value)
            {
                let mishap = Mishap {
                    swap,
                    crs: true,
                    ..Mishap::default()
                };
                self.consider(point, crs, mishap, found);
            }
        }
    }
}

/// One way to read a number of degrees.
struct Variant {
    value: f64,
    point: bool,
    degrees: bool,
}

fn variants(number: &Number) -> Vec<Variant> {
    let mut all = Vec::new();
    if number.value.abs() <= 180.0 {
        all.push(Variant {
            value: number.value,
            point: false,
            degrees: false,
        });
    }
    let sign = if number.value.is_sign_negative() {
        -1.0
    } else {
        1.0
    };
    let misplaced = number.decimals.is_none() || number.value.abs() > 180.0;
    if misplaced && number.digits.len() >= 2 {
        for whole in 1..=3_usize.min(number.digits.len() - 1) {
            if let Some(value) = with_point(&number.digits, whole) {
                all.push(Variant {
                    value: sign * value,
                    point: true,
                    degrees: false,
                });
            }
        }
    }
    if let Some(value) = degrees_and_minutes(number) {
        all.push(Variant {
            value: sign * value,
            point: false,
            degrees: true,
        });
    }
    all
}

fn with_point(digits: &str, whole: usize) -> Option<f64> {
    let (before, after) = digits.split_at_checked(whole)?;
    format!("{before}.{after}").parse().ok()
}

/// 45.2751 as 45°27′51″, and 452751 likewise.
fn degrees_and_minutes(number: &Number) -> Option<f64> {
    let digits = &number.digits;
    let decimals = match number.decimals {
        Some(decimals) if (2..=8).contains(&decimals) => decimals,
        None if (5..=6).contains(&digits.len()) => 4,
        _ => return None,
    };
    let (whole, rest) = digits.split_at_checked(digits.len().checked_sub(decimals)?)?;
    let rest = format!("{rest:0<4}");
    let (minutes, rest) = rest.split_at_checked(2)?;
    let (seconds, fraction) = rest.split_at_checked(2)?;
    let degrees: f64 = if whole.is_empty() {
        0.0
    } else {
        whole.parse().ok()?
    };
    let minutes: f64 = minutes.parse().ok()?;
    let seconds: f64 = format!("{seconds}.{fraction}0").parse().ok()?;
    (minutes < 60.0 && seconds < 60.0).then_some(degrees + minutes / 60.0 + seconds / 3600.0)
}

/// Whether a pair of variants explains enough digits to be believed.
fn believable(north: &Number, east: &Number, a: &Variant, b: &Variant) -> bool {
    let enough = |number: &Number, variant: &Variant| {
        variant.point && number.digits.len() >= LOST_POINT_DIGITS
    };
    let seconds = |number: &Number| number.decimals.is_none_or(|decimals| decimals >= 3);
    (!(a.point || b.point) || enough(north, a) || enough(east, b))
        && (!a.degrees || seconds(north) || seconds(east))
}

/// The values of a number that may be metres.
fn metres(number: &Number) -> impl Iterator<Item = f64> {
    let written = Some(number.value).filter(|_| !number.sexagesimal);
    written
        .into_iter()
        .chain(number.grouped)
        .filter(|value| value.abs() > METRES_FROM)
}
