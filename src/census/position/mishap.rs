//! What may have happened to the numbers, and where each explanation leads.
//!
//! Every mishap is tried, alone and with the others; what falls in no known Comune is dropped, and
//! of the rest only the best witnessed and the simplest are kept.

use super::{BORDER_BAND_M, Doctor, Reading, WGS84};
use crate::census::finding::{Code, PositionProposal, Proposal};
use crate::census::notation::{Number, Pair};
use crate::census::projection::{self, Crs};
use crate::census::territory::metres_between;
use geo::Rect;
use std::cell::RefCell;

/// Two readings nearer than this, in metres, are one.
pub(super) const SAME_M: f64 = 1.0;

/// Numbers beyond this are metres, not degrees.
pub(super) const METRES_FROM: f64 = 1_000.0;

/// A lost decimal point is believed when a coordinate has at least these digits: `888` is a typing
/// error, not 8.88.
const LOST_POINT_DIGITS: usize = 5;

/// Degrees, minutes and seconds run together, `91124`, are at least this.
const SECONDS_FROM: f64 = 10_000.0;

/// Metres may have lost the point before this many decimals.
const MOST_DECIMALS: i32 = 4;

/// The first digit of a northing, or of an easting of Gauss-Boaga, counts these metres.
const MILLION: f64 = 1e6;

/// The millions of eastings that begin with the number of a UTM zone of Italy.
const ZONES: std::ops::Range<f64> = 31.0..35.0;

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
    /// A decimal point was there, at another place.
    pub(super) moved: bool,
    /// Degrees, minutes and seconds written as decimals.
    pub(super) degrees: bool,
    /// Degrees and decimal minutes written as decimals.
    pub(super) minutes: bool,
    pub(super) north_sign: bool,
    pub(super) east_sign: bool,
    pub(super) crs: bool,
    /// Metres that lost their point at different places.
    pub(super) uneven: bool,
    /// Kilometres for metres.
    pub(super) kilometres: bool,
    /// The first digit of the metres was left out.
    pub(super) north_digit: bool,
    pub(super) east_digit: bool,
}

impl Mishap {
    pub(super) fn point(self) -> bool {
        self.north_point || self.east_point
    }

    pub(super) fn digit(self) -> bool {
        self.north_digit || self.east_digit
    }

    pub(super) fn sign(self) -> bool {
        self.north_sign || self.east_sign
    }

    /// How much has to be believed.
    pub(super) fn cost(self) -> usize {
        let happened = [
            self.swap,
            self.point(),
            self.degrees || self.minutes,
            self.sign(),
            self.crs,
            self.uneven,
            self.kilometres,
            // Another system explains more than a digit that every row left out.
            self.digit(),
            self.north_digit,
            self.east_digit,
        ];
        happened.into_iter().filter(|happened| *happened).count()
    }

    /// Whether it may be believed where the point is not where it is said to be: a digit or a point
    /// can be put anywhere.
    fn firm(self) -> bool {
        self.cost() == 1 && !self.moved && !self.degrees && !self.minutes
    }

    pub(super) fn code(self) -> Code {
        if self.crs || self.kilometres || self.digit() {
            Code::PositionOtherCrs
        } else if self.point() {
            Code::PositionLostDecimal
        } else if self.degrees || self.minutes {
            Code::PositionDegrees
        } else if self.sign() {
            Code::PositionWrongSign
        } else {
            Code::PositionSwapped
        }
    }

    pub(super) fn operation(self) -> &'static str {
        match (self.swap, self.code()) {
            (true, _) if self.kilometres => "swap_kilometres",
            (false, _) if self.kilometres => "kilometres",
            (true, _) if self.digit() => "swap_first_digit",
            (false, _) if self.digit() => "first_digit",
            (true, _) if self.minutes => "swap_degrees_minutes",
            (false, _) if self.minutes => "degrees_minutes",
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
    /// Whether it is UTM, and the other the same numbers in ED50.
    pub(super) fn is_utm_beside(&self, other: &Self) -> bool {
        self.crs.code == "EPSG:32632"
            && other.crs.code == "EPSG:23032"
            && self.mishap == other.mishap
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            crs: self.crs.code,
            operation: self.mishap.operation(),
        }
    }

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
    /// Every explanation that puts the point in a known Comune.
    pub(super) fn candidates(
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
        found
    }

    /// The explanations without those that something simpler or better witnessed makes needless.
    pub(super) fn believed(&self, mut found: Vec<Hypothesis>) -> Vec<Hypothesis> {
        if found.iter().any(|one| one.witnessed) {
            found.retain(|one| one.witnessed);
        } else if found.iter().any(|one| one.covered) {
            let anywhere = self.witness.is_none();
            found.retain(|one| one.covered && (anywhere || one.mishap.firm()));
        } else {
            // Digits that mean a point just outside the territory still explain themselves.
            found.retain(|one| !one.mishap.degrees && !one.mishap.minutes);
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
                    if a.sixty != b.sixty || !believable(north, east, &a, &b) {
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
                            moved: (a.point && north.decimals.is_some())
                                || (b.point && east.decimals.is_some()),
                            degrees: a.sixty == Sixty::Seconds,
                            minutes: a.sixty == Sixty::Minutes,
                            north_sign,
                            east_sign,
                            crs: other_crs,
                            ..Mishap::default()
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
        if pair.north.sexagesimal || pair.east.sexagesimal {
            return;
        }
        let declared = declared_crs.filter(|crs| !crs.geographic);
        let known = METRIC
            .iter()
            .filter_map(|code| projection::system(code))
            .filter(|crs| declared != Some(*crs));
        for crs in declared.into_iter().chain(known) {
            let Some(frame) = frame(crs, self.territory.window()) else {
                continue;
            };
            for swap in [false, true] {
                let (north, east) = if swap {
                    (&pair.east, &pair.north)
                } else {
                    (&pair.north, &pair.east)
                };
                let Some((y, x)) = metres(north, frame.min().y, frame.max().y).zip(metres(
                    east,
                    frame.min().x,
                    frame.max().x,
                )) else {
                    continue;
                };
                if x.kilometres != y.kilometres {
                    continue;
                }
                let other = declared != Some(crs);
                let mishap = Mishap {
                    // Without names the order of metres is nobody's mistake.
                    swap: swap && !(pair.free && other),
                    crs: other,
                    north_point: y.places > 0,
                    east_point: x.places > 0,
                    uneven: y.places != x.places,
                    kilometres: x.kilometres,
                    north_digit: y.digit,
                    east_digit: x.digit,
                    ..Mishap::default()
                };
                if let Some(point) = projection::to_wgs84(crs, x.value, y.value) {
                    self.consider(point, crs, mishap, found);
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

/// What the decimals of a number of degrees are, if no decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sixty {
    No,
    Minutes,
    Seconds,
}

/// One way to read a number of degrees.
struct Variant {
    value: f64,
    point: bool,
    sixty: Sixty,
}

fn variants(number: &Number) -> Vec<Variant> {
    let mut all = Vec::new();
    let sign = if number.value.is_sign_negative() {
        -1.0
    } else {
        1.0
    };
    let mut push = |value: f64, point, sixty| {
        all.push(Variant {
            value: sign * value,
            point,
            sixty,
        });
    };
    if number.value.abs() <= 180.0 {
        push(number.value.abs(), false, Sixty::No);
    }
    let misplaced = number.decimals.is_none()
        || number.value.abs() > 180.0
        || number.digits.len() >= LOST_POINT_DIGITS;
    if misplaced && number.digits.len() >= 2 {
        let before = number
            .decimals
            .map(|decimals| number.digits.len().saturating_sub(decimals));
        for whole in 1..=3_usize.min(number.digits.len() - 1) {
            if before != Some(whole)
                && let Some(value) = with_point(&number.digits, whole)
            {
                push(value, true, Sixty::No);
            }
        }
    }
    if let Some((degrees, rest)) = packed(number) {
        if let Some(value) = minutes_and_seconds(&rest) {
            push(degrees + value, false, Sixty::Seconds);
        }
        let whole_seconds = number.value.abs() >= SECONDS_FROM;
        if number.decimals.is_some_and(|decimals| decimals >= 3)
            && !whole_seconds
            && let Some(value) = decimal_minutes(&rest)
        {
            push(degrees + value, false, Sixty::Minutes);
        }
    }
    all
}

fn with_point(digits: &str, whole: usize) -> Option<f64> {
    let (before, after) = digits.split_at_checked(whole)?;
    format!("{before}.{after}").parse().ok()
}

/// 45.2751 as 45 degrees and the digits of their minutes; 452751, 452751.13 and 4527.853 likewise.
fn packed(number: &Number) -> Option<(f64, String)> {
    let digits = &number.digits;
    let before = digits.len().checked_sub(number.decimals.unwrap_or(0))?;
    let degrees = match number.decimals {
        Some(2..=8) if before <= 2 => before,
        Some(2..) if (3..=4).contains(&before) => before - 2,
        _ if (5..=6).contains(&before) => before - 4,
        _ => return None,
    };
    let (whole, rest) = digits.split_at_checked(degrees)?;
    let degrees = if whole.is_empty() {
        0.0
    } else {
        whole.parse().ok()?
    };
    Some((degrees, format!("{rest:0<4}")))
}

/// 2751 as 27′51″ and 275120 as 27′51.20″, in degrees.
fn minutes_and_seconds(digits: &str) -> Option<f64> {
    let (minutes, rest) = digits.split_at_checked(2)?;
    let (seconds, fraction) = rest.split_at_checked(2)?;
    let minutes: f64 = minutes.parse().ok()?;
    let seconds: f64 = format!("{seconds}.{fraction}0").parse().ok()?;
    (minutes < 60.0 && seconds < 60.0).then_some(minutes / 60.0 + seconds / 3600.0)
}

/// 27853 as 27.853′, in degrees.
fn decimal_minutes(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_at_checked(2)?;
    let minutes: f64 = format!("{whole}.{fraction}").parse().ok()?;
    (minutes < 60.0).then_some(minutes / 60.0)
}

/// Whether a pair of variants explains enough digits to be believed.
fn believable(north: &Number, east: &Number, a: &Variant, b: &Variant) -> bool {
    let enough = |number: &Number, variant: &Variant| {
        variant.point && number.digits.len() >= LOST_POINT_DIGITS
    };
    let seconds = |number: &Number| {
        number.value.abs() >= SECONDS_FROM || number.decimals.is_none_or(|decimals| decimals >= 3)
    };
    (!(a.point || b.point) || enough(north, a) || enough(east, b))
        && (a.sixty == Sixty::No || seconds(north) || seconds(east))
}

/// One way to read a number of metres.
#[derive(Debug, Default)]
struct Metres {
    value: f64,
    /// Before how many decimals the point was lost.
    places: i32,
    kilometres: bool,
    digit: bool,
}

/// The simplest way to read a number as metres between two bounds: as it is, with its separator
/// taken for thousands, in kilometres, with its decimal point put back, with its first digit.
fn metres(number: &Number, least: f64, most: f64) -> Option<Metres> {
    let fits = |value: &f64| (least..=most).contains(value);
    let found = |value: f64| Metres {
        value,
        ..Metres::default()
    };
    let written = [Some(number.value), number.grouped];
    if let Some(value) = written.into_iter().flatten().find(fits) {
        return Some(found(value));
    }
    let size = number.value.abs();
    // 32514853: the easting after the number of its zone.
    let zoned = number.value % MILLION;
    if ZONES.contains(&(size / MILLION)) && fits(&zoned) {
        return Some(found(zoned));
    }
    let thousandfold = number.value * 1e3;
    if fits(&thousandfold) && number.decimals.is_some() {
        return Some(Metres {
            kilometres: true,
            ..found(thousandfold)
        });
    }
    if number.decimals.is_none() && number.digits.len() > LOST_POINT_DIGITS {
        let divided = |places| number.value / 10_f64.powi(places);
        if let Some(places) = (1..=MOST_DECIMALS).find(|places| fits(&divided(*places))) {
            return Some(Metres {
                places,
                ..found(divided(places))
            });
        }
    }
    if !(METRES_FROM..MILLION).contains(&size) {
        return None;
    }
    let millions = [least, most].map(|bound| (bound / MILLION).floor() * MILLION);
    let whole = millions
        .into_iter()
        .map(|million| number.value + million)
        .find(fits)?;
    Some(Metres {
        digit: true,
        ..found(whole)
    })
}

/// The rectangle of a system's metres in which the territory's window lies; `None` when the window
/// has no place in it. Kept for each thread: it spares PROJ nearly every number that is elsewhere.
fn frame(crs: &'static Crs, window: Rect<f64>) -> Option<Rect<f64>> {
    type Frames = (Option<Rect<f64>>, Vec<(&'static str, Option<Rect<f64>>)>);
    thread_local! {
        static FRAMES: RefCell<Frames> = RefCell::default();
    }
    FRAMES.with_borrow_mut(|(of, known)| {
        if *of != Some(window) {
            *of = Some(window);
            known.clear();
        }
        if let Some((_, frame)) = known.iter().find(|(code, _)| *code == crs.code) {
            return *frame;
        }
        let frame = framed(crs, window);
        known.push((crs.code, frame));
        frame
    })
}

/// Parallels and meridians are bent in metres: the middle of each side counts too.
fn framed(crs: &Crs, window: Rect<f64>) -> Option<Rect<f64>> {
    let center = window.center();
    let mut frame: Option<Rect<f64>> = None;
    for lon in [window.min().x, center.x, window.max().x] {
        for lat in [window.min().y, center.y, window.max().y] {
            let (x, y) = projection::from_wgs84(crs, lon, lat)?;
            let here = frame.unwrap_or_else(|| Rect::new((x, y), (x, y)));
            frame = Some(Rect::new(
                (here.min().x.min(x), here.min().y.min(y)),
                (here.max().x.max(x), here.max().y.max(y)),
            ));
        }
    }
    frame
}
