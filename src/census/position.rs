//! What a typed position means: the coordinate doctor.
//!
//! A clear text whose plain reading falls where it should is accepted as it is. Otherwise every
//! known mishap (exchanged axes, a lost decimal point, degrees and minutes written as decimals, a
//! wrong sign, another reference system) is tried against the territory and the declared Comune:
//! one that explains the numbers is proposed, several are all shown, and nothing is ever corrected
//! in silence. Coordinates are WGS 84 degrees, distances metres.
//! Enforced by the tests below: every mishap on true points, and texts of any kind, which never
//! panic.

use super::finding::{Code, Finding, PositionProposal, Proposal};
use super::notation::{self, Axis, Number, Pair, Unread};
use super::projection::{self, Crs};
use super::territory::{Municipality, Territory, metres_between};
use super::vocabulary::Field;

/// How far outside the declared Comune a point may be, in metres, before it is an error: the
/// embedded boundaries are generalised, up to 450 m off.
pub const BORDER_BAND_M: f64 = 500.0;

/// A position whose last digit leaves more than this in doubt, in metres, is coarse. Whole seconds
/// (15 m) are not, three decimals of a degree (56 m) are.
const COARSE_M: f64 = 20.0;

/// Two readings nearer than this, in metres, are one.
const SAME_M: f64 = 1.0;

/// Metres in one degree of a meridian.
const DEGREE_M: f64 = 111_320.0;

/// Coordinates smaller than this, in degrees, are zeros in disguise.
const NULL_ISLAND_DEGREES: f64 = 0.5;

/// Numbers beyond this are metres, not degrees.
const METRES_FROM: f64 = 1_000.0;

/// A lost decimal point is believed when a coordinate has at least these digits: `888` is a typing
/// error, not 8.88.
const LOST_POINT_DIGITS: usize = 5;

/// The system of plain degrees.
const WGS84: &str = "EPSG:4326";

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
    /// How the numbers were read, as a stable word: `none` (decimal degrees), `dms`, `link`,
    /// `transform` (from the declared system).
    pub operation: &'static str,
    /// How far the result may be from the truth because of the operation, in metres.
    pub accuracy_m: f64,
    /// The text as typed; latitude and longitude with `; ` between them.
    pub original: String,
}

/// What is known of a position.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// The point of the plain reading, when it is a place on Earth and no mishap explains the
    /// numbers better; also when it lies outside the territory or the declared Comune.
    pub point: Option<Located>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Reads a position and judges it. `witness` is the ISTAT code of the Comune the device should be
/// in, `declared` whether it was stated for the device or is only that of its body.
#[must_use]
pub fn diagnose(
    typed: &Typed,
    territory: &Territory,
    witness: Option<&str>,
    declared: bool,
) -> Diagnosis {
    let doctor = Doctor {
        typed,
        territory,
        witness: witness
            .and_then(|istat| territory.get(istat))
            .filter(|one| one.covered),
        declared,
    };
    doctor.at_once().unwrap_or_else(|| doctor.diagnose())
}

/// Where a point is, in Italian words: the Comune and the nearest border.
#[must_use]
pub fn in_words(territory: &Territory, lon: f64, lat: f64) -> String {
    let Some(home) = territory.containing(lon, lat) else {
        return match territory.nearest(lon, lat, |one| one.covered) {
            Some((one, metres)) => {
                format!(
                    "Fuori dal territorio, a {} dal Comune di {}.",
                    distance(metres),
                    one.name
                )
            }
            None => "Nessun territorio è caricato.".to_owned(),
        };
    };
    let border = -territory.metres_outside(home, lon, lat);
    let other = territory.nearest(lon, lat, |one| one.istat != home.istat);
    let away = match other {
        // A border of the whole territory may be nearer than the nearest other Comune.
        Some((one, metres)) if metres <= border + SAME_M => {
            format!("a {} dal confine con {}", distance(metres), one.name)
        }
        _ => format!("a {} dal confine", distance(border)),
    };
    if home.covered {
        format!("Nel Comune di {}, {away}.", home.name)
    } else {
        format!("Nel Comune di {}, fuori dal territorio, {away}.", home.name)
    }
}

/// A distance as people say it.
fn distance(metres: f64) -> String {
    if metres < 999.5 {
        format!("{:.0} m", metres.max(0.0))
    } else if metres < 99_950.0 {
        format!("{:.1} km", metres / 1000.0).replace('.', ",")
    } else {
        format!("{:.0} km", metres / 1000.0)
    }
}

/// How a point stands towards the territory and the witness.
enum Standing {
    /// Where it should be.
    Home,
    /// Outside the witness, by this many metres, within the band.
    Border(f64),
    /// In the territory, outside the witness by this many metres.
    Away(f64),
    /// Outside the territory.
    Outside,
}

/// A reading of the numbers as they stand.
struct Plain {
    lon: f64,
    lat: f64,
    crs: &'static Crs,
    operation: &'static str,
    standing: Standing,
}

/// What may have happened to the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "mishaps are independent and may all happen"
)]
struct Mishap {
    swap: bool,
    north_point: bool,
    east_point: bool,
    degrees: bool,
    north_sign: bool,
    east_sign: bool,
    crs: bool,
}

impl Mishap {
    fn point(self) -> bool {
        self.north_point || self.east_point
    }

    fn sign(self) -> bool {
        self.north_sign || self.east_sign
    }

    /// How much has to be believed.
    fn cost(self) -> usize {
        [self.swap, self.point(), self.degrees, self.sign(), self.crs]
            .into_iter()
            .filter(|happened| *happened)
            .count()
    }

    fn code(self) -> Code {
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

    fn operation(self) -> &'static str {
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
struct Hypothesis {
    lon: f64,
    lat: f64,
    crs: &'static Crs,
    mishap: Mishap,
    comune: String,
    /// Whether the point is in the witness or within the band around it.
    witnessed: bool,
    /// Whether it is inside the witness, not just near it.
    inside: bool,
}

impl Hypothesis {
    fn proposal(&self) -> Proposal {
        Proposal::Position(PositionProposal {
            lat: self.lat,
            lon: self.lon,
            crs: self.crs.code,
            operation: self.mishap.operation(),
            accuracy_m: self.crs.accuracy_m,
            comune: Some(self.comune.clone()),
        })
    }

    fn metres_to(&self, other: &Self) -> f64 {
        metres_between((self.lon, self.lat), (other.lon, other.lat))
    }
}

struct Doctor<'a> {
    typed: &'a Typed<'a>,
    territory: &'a Territory,
    witness: Option<&'a Municipality>,
    declared: bool,
}

impl Doctor<'_> {
    /// The answer for plain decimal degrees that are where they should be: no allocation but the
    /// result, no projection.
    fn at_once(&self) -> Option<Diagnosis> {
        let (lat, lon) = (self.typed.lat.trim(), self.typed.lon.trim());
        if !self.typed.place.is_empty() || !matches!(self.typed.crs, "" | WGS84) {
            return None;
        }
        let (north, north_decimals) = plain_decimal(lat)?;
        let (east, east_decimals) = plain_decimal(lon)?;
        let home = self.territory.containing(east, north)?;
        let expected = self
            .witness
            .is_none_or(|witness| witness.istat == home.istat);
        if !home.covered || !expected || north_decimals.min(east_decimals) < 4 {
            return None;
        }
        let point = Located {
            lon: east,
            lat: north,
            comune: Some(home.istat.clone()),
            crs: WGS84,
            operation: "none",
            accuracy_m: 0.0,
            original: self.original(),
        };
        Some(Diagnosis {
            point: Some(point),
            findings: Vec::new(),
        })
    }

    fn diagnose(&self) -> Diagnosis {
        let crs = match self.typed.crs.trim() {
            "" => None,
            text => match projection::system(text) {
                Some(crs) => Some(crs),
                None => return refused(vec![self.unknown_crs(text)]),
            },
        };
        match self.read() {
            Ok(mut pairs) => {
                let east_first = crs.is_some_and(|crs| !crs.north_first);
                for pair in pairs
                    .iter_mut()
                    .filter(|pair| east_first && pair.free && pair.north.value > METRES_FROM)
                {
                    std::mem::swap(&mut pair.north, &mut pair.east);
                }
                self.examine(&pairs, crs)
            }
            Err(why) => refused(vec![self.unread(why)]),
        }
    }

    fn read(&self) -> Result<Vec<Pair>, Unread> {
        if self.typed.place.trim().is_empty() {
            notation::columns(self.typed.lat, self.typed.lon)
        } else {
            notation::pair(self.typed.place)
        }
    }

    fn examine(&self, pairs: &[Pair], declared_crs: Option<&'static Crs>) -> Diagnosis {
        let Some(first) = pairs.first() else {
            return refused(vec![self.unread(Unread::Unclear)]);
        };
        if let Some(finding) = self.null_island(first, declared_crs) {
            return refused(vec![finding]);
        }
        let plain: Vec<_> = pairs
            .iter()
            .map(|pair| (pair, self.plain(pair, declared_crs)))
            .collect();
        for (pair, reading) in &plain {
            if let Some(reading) = reading
                && matches!(reading.standing, Standing::Home | Standing::Border(_))
            {
                return self.accepted(pair, reading, declared_crs);
            }
        }
        let hypotheses = self.hypotheses(pairs, declared_crs);
        let reading = plain
            .into_iter()
            .find_map(|(pair, reading)| Some((pair, reading?)));
        match reading {
            Some((pair, reading)) => self.doubted(pair, &reading, hypotheses, declared_crs),
            None if hypotheses.is_empty() => refused(self.impossible(first, declared_crs)),
            None => self.explained(&hypotheses),
        }
    }

    /// The numbers as they stand, in the declared system or in decimal degrees.
    fn plain(&self, pair: &Pair, declared_crs: Option<&'static Crs>) -> Option<Plain> {
        let crs = declared_crs.or_else(|| projection::system(WGS84))?;
        let (north, east) = (pair.north.value, pair.east.value);
        if crs.geographic && !(north.abs() <= 90.0 && east.abs() <= 180.0) {
            return None;
        }
        let (lon, lat) = if crs.code == WGS84 {
            (east, north)
        } else {
            projection::to_wgs84(crs, east, north)?
        };
        let operation = if crs.code != WGS84 {
            "transform"
        } else if pair.link {
            "link"
        } else if pair.north.sexagesimal || pair.east.sexagesimal {
            "dms"
        } else {
            "none"
        };
        Some(Plain {
            lon,
            lat,
            crs,
            operation,
            standing: self.standing(lon, lat),
        })
    }

    fn standing(&self, lon: f64, lat: f64) -> Standing {
        let home = self.territory.containing(lon, lat);
        let covered = home.is_some_and(|one| one.covered);
        match self.witness {
            None if covered => Standing::Home,
            None => Standing::Outside,
            Some(witness) if home.is_some_and(|one| one.istat == witness.istat) => Standing::Home,
            Some(witness) => {
                let metres = self.territory.metres_outside(witness, lon, lat);
                if metres <= BORDER_BAND_M {
                    Standing::Border(metres.max(0.0))
                } else if covered {
                    Standing::Away(metres)
                } else {
                    Standing::Outside
                }
            }
        }
    }

    /// The plain reading stands.
    fn accepted(
        &self,
        pair: &Pair,
        reading: &Plain,
        declared_crs: Option<&'static Crs>,
    ) -> Diagnosis {
        let mut findings = Vec::new();
        if let Standing::Border(metres) = reading.standing {
            findings.push(self.near_border(reading, metres));
        }
        findings.extend(self.coarse(pair, reading.crs));
        findings.extend(declared_crs.and_then(|crs| self.declared_datum(pair, reading, crs)));
        Diagnosis {
            point: Some(self.located(reading)),
            findings,
        }
    }

    /// The plain reading is a place, but not where it should be.
    fn doubted(
        &self,
        pair: &Pair,
        reading: &Plain,
        mut hypotheses: Vec<Hypothesis>,
        declared_crs: Option<&'static Crs>,
    ) -> Diagnosis {
        let Standing::Away(metres) = reading.standing else {
            // Degrees and minutes fit many true points: where the plain reading is in a known Comune
            // only the witness makes them believable.
            if self
                .territory
                .containing(reading.lon, reading.lat)
                .is_some()
            {
                hypotheses.retain(|one| one.witnessed || !one.mishap.degrees);
            }
            return if hypotheses.is_empty() {
                let findings = vec![self.outside(pair, reading)];
                Diagnosis {
                    point: Some(self.located(reading)),
                    findings,
                }
            } else {
                self.explained(&hypotheses)
            };
        };
        hypotheses.retain(|one| one.witnessed);
        if hypotheses.is_empty() {
            let mut diagnosis = self.accepted(pair, reading, declared_crs);
            diagnosis.findings.insert(0, self.away(reading, metres));
            return diagnosis;
        }
        if self.declared {
            return self.explained(&hypotheses);
        }
        // A body may have devices elsewhere: the plain reading stays possible.
        refused(vec![self.ambiguous(Some(reading), &hypotheses)])
    }

    /// One or more mishaps explain the numbers.
    fn explained(&self, hypotheses: &[Hypothesis]) -> Diagnosis {
        let (chosen, datum) = self.settle_datum(hypotheses);
        let mut findings = match chosen.as_slice() {
            [only] => vec![self.mishap(only)],
            several => vec![self.ambiguous(None, several)],
        };
        findings.extend(datum);
        Diagnosis {
            point: None,
            findings,
        }
    }

    /// UTM and ED50 are 200 m apart, which no boundary can tell: UTM stands for both, with a note,
    /// unless only ED50 falls inside the witness.
    fn settle_datum(&self, hypotheses: &[Hypothesis]) -> (Vec<Hypothesis>, Option<Finding>) {
        let utm = hypotheses.iter().find(|one| one.crs.code == "EPSG:32632");
        let ed50 = hypotheses.iter().find(|one| one.crs.code == "EPSG:23032");
        let (Some(utm), Some(ed50)) = (utm, ed50) else {
            return (hypotheses.to_vec(), None);
        };
        if ed50.inside && !utm.inside {
            return (hypotheses.to_vec(), None);
        }
        let message = format!(
            "Gli stessi numeri letti in {} indicherebbero un punto a {} da quello proposto: i confini non bastano a \
             distinguere i due sistemi. Guardate sulla mappa se il punto è dove lo conoscete.",
            named(ed50.crs),
            distance(utm.metres_to(ed50)),
        );
        let kept = hypotheses
            .iter()
            .filter(|one| one.crs.code != "EPSG:23032")
            .cloned()
            .collect();
        (
            kept,
            Some(self.finding(Code::PositionDatum, Field::Lat, message)),
        )
    }

    fn located(&self, reading: &Plain) -> Located {
        let home = self.territory.containing(reading.lon, reading.lat);
        Located {
            lon: reading.lon,
            lat: reading.lat,
            comune: home.map(|one| one.istat.clone()),
            crs: reading.crs.code,
            operation: reading.operation,
            accuracy_m: reading.crs.accuracy_m,
            original: self.original(),
        }
    }

    fn original(&self) -> String {
        let place = self.typed.place.trim();
        if place.is_empty() {
            [self.typed.lat.trim(), self.typed.lon.trim()].join("; ")
        } else {
            place.to_owned()
        }
    }
}

/// There is no point to show.
fn refused(findings: Vec<Finding>) -> Diagnosis {
    Diagnosis {
        point: None,
        findings,
    }
}

/// Decimal degrees in their plainest form, and how many decimals were typed. Anything else is for
/// the slower reader.
fn plain_decimal(text: &str) -> Option<(f64, usize)> {
    let mut copy = [0_u8; 24];
    let digits = copy.get_mut(..text.len())?;
    let mut point = None;
    for (index, (slot, byte)) in digits.iter_mut().zip(text.bytes()).enumerate() {
        *slot = match byte {
            b'0'..=b'9' => byte,
            b'-' if index == 0 => byte,
            b'.' | b',' if point.is_none() && index > 0 => {
                point = Some(index);
                b'.'
            }
            _ => return None,
        };
    }
    let decimals = text.len() - point? - 1;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, decimals))
}

/// The hypotheses.
impl Doctor<'_> {
    /// Every explanation that puts the point where it may be, without those that something simpler
    /// or better witnessed makes needless.
    fn hypotheses(&self, pairs: &[Pair], declared_crs: Option<&'static Crs>) -> Vec<Hypothesis> {
        let mut found = Vec::new();
        for pair in pairs {
            self.in_degrees(pair, declared_crs, &mut found);
            self.in_metres(pair, declared_crs, &mut found);
            self.counted_from_rome(pair, declared_crs, &mut found);
        }
        if found.iter().any(|one| one.witnessed) {
            found.retain(|one| one.witnessed);
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
        if home.covered || witnessed {
            let comune = home.istat.clone();
            found.push(Hypothesis {
                lon,
                lat,
                crs,
                mishap,
                comune,
                witnessed,
                inside,
            });
        }
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

/// A system by name and code.
fn named(crs: &Crs) -> String {
    format!("{} ({})", crs.name, crs.code)
}

/// The findings and their words.
impl Doctor<'_> {
    fn finding(&self, code: Code, field: Field, message: impl Into<String>) -> Finding {
        Finding::new(code, field, self.text(field), message)
    }

    /// What was typed for a coordinate.
    fn text(&self, field: Field) -> &str {
        let place = self.typed.place.trim();
        if !place.is_empty() {
            place
        } else if field == Field::Lon {
            self.typed.lon.trim()
        } else {
            self.typed.lat.trim()
        }
    }

    /// Everything that was typed, in quotation marks.
    fn quoted(&self) -> String {
        if self.typed.place.trim().is_empty() {
            format!(
                "«{}» e «{}»",
                short(self.text(Field::Lat)),
                short(self.text(Field::Lon))
            )
        } else {
            format!("«{}»", short(self.text(Field::Lat)))
        }
    }

    fn unknown_crs(&self, text: &str) -> Finding {
        let message = format!(
            "Il sistema di riferimento «{}» non è tra quelli noti: indicatelo come EPSG:4326, EPSG:32632, EPSG:3003…",
            short(text)
        );
        self.finding(Code::PositionOtherCrs, Field::Lat, message)
    }

    fn unread(&self, why: Unread) -> Finding {
        const EXAMPLE: &str = "scrivete per esempio 45,4642 9,19 oppure 45°27'51\"N 9°11'24\"E";
        let (code, field, message) = match why {
            Unread::Empty => (
                Code::PositionMissing,
                Field::Lat,
                "Manca la posizione: fate clic sulla mappa oppure scrivete le coordinate."
                    .to_owned(),
            ),
            Unread::Missing(Axis::North) => (
                Code::PositionMissing,
                Field::Lat,
                format!(
                    "Manca la latitudine: c’è solo «{}».",
                    short(self.text(Field::Lon))
                ),
            ),
            Unread::Missing(Axis::East) => (
                Code::PositionMissing,
                Field::Lon,
                format!(
                    "Manca la longitudine: c’è solo «{}».",
                    short(self.text(Field::Lat))
                ),
            ),
            Unread::OneNumber => (
                Code::PositionUnreadable,
                Field::Lat,
                format!(
                    "In {} si legge un numero solo e ne servono due: {EXAMPLE}.",
                    self.quoted()
                ),
            ),
            Unread::Sixty => (
                Code::PositionUnreadable,
                Field::Lat,
                format!(
                    "In {} minuti o secondi sono 60 o più: controllate le cifre.",
                    self.quoted()
                ),
            ),
            Unread::Link => (
                Code::PositionUnreadable,
                Field::Lat,
                format!(
                    "Il collegamento {} non contiene coordinate: apritelo e copiate l’indirizzo completo della mappa.",
                    self.quoted()
                ),
            ),
            Unread::Unclear => (
                Code::PositionUnreadable,
                Field::Lat,
                format!("Le coordinate {} non si leggono: {EXAMPLE}.", self.quoted()),
            ),
        };
        self.finding(code, field, message)
    }

    fn null_island(&self, pair: &Pair, declared_crs: Option<&Crs>) -> Option<Finding> {
        let tiny = |number: &Number| number.value.abs() < NULL_ISLAND_DEGREES;
        let zero = |number: &Number| number.value == 0.0;
        let counted_from_greenwich = declared_crs.is_none_or(|crs| crs.code != "EPSG:4806");
        let (field, what) = if tiny(&pair.north) && tiny(&pair.east) && counted_from_greenwich {
            (Field::Lat, "Le coordinate sono zero, o quasi")
        } else if zero(&pair.north) {
            (Field::Lat, "La latitudine è zero")
        } else if zero(&pair.east) && counted_from_greenwich {
            (Field::Lon, "La longitudine è zero")
        } else {
            return None;
        };
        let message = format!(
            "{what} ({}): di solito vuol dire che mancavano. Fate clic sulla mappa oppure scrivete le coordinate.",
            self.quoted()
        );
        Some(self.finding(Code::PositionNullIsland, field, message))
    }

    fn near_border(&self, reading: &Plain, metres: f64) -> Finding {
        let witness = self.witness.map_or("", |one| one.name.as_str());
        let home = self.whose(reading);
        if self.declared {
            let message = format!(
                "Il punto è {home}, {} fuori dal confine di {witness}, il Comune dichiarato. I confini caricati sono \
                 generalizzati: se il punto è giusto confermate con un motivo.",
                distance(metres)
            );
            self.finding(Code::PositionNearBorder, Field::Lat, message)
        } else {
            let message = format!(
                "Il punto è {home}, {} oltre il confine di {witness}, che è generalizzato: lo attribuiamo a {witness}. \
                 Se è in un altro Comune, indicatelo.",
                distance(metres)
            );
            self.finding(Code::PositionBorderBody, Field::Lat, message)
        }
    }

    fn away(&self, reading: &Plain, metres: f64) -> Finding {
        let witness = self.witness.map_or("", |one| one.name.as_str());
        let home = self.whose(reading);
        if !self.declared {
            let message = format!(
                "Il punto è {home}, a {} dal confine di {witness}, il Comune dell’ente. Se il dispositivo è davvero là, \
                 indicate il Comune oppure confermate con un motivo.",
                distance(metres)
            );
            return self.finding(Code::PositionElsewhere, Field::Lat, message);
        }
        let message = format!(
            "Il punto è {home}, a {} dal confine di {witness}, il Comune dichiarato. Correggete il Comune o la posizione.",
            distance(metres)
        );
        let instead = self.territory.containing(reading.lon, reading.lat);
        let proposals = instead
            .filter(|one| one.covered)
            .map(|one| Proposal::Value {
                field: Field::Comune.name(),
                value: one.istat.clone(),
            });
        self.finding(Code::PositionOutsideMunicipality, Field::Lat, message)
            .proposing(proposals.into_iter().collect())
    }

    /// «nel Comune di Pero», or that no Comune is known there.
    fn whose(&self, reading: &Plain) -> String {
        match self.territory.containing(reading.lon, reading.lat) {
            Some(one) => format!("nel Comune di {}", one.name),
            None => "fuori dal territorio".to_owned(),
        }
    }

    fn outside(&self, pair: &Pair, reading: &Plain) -> Finding {
        let words = in_words(self.territory, reading.lon, reading.lat);
        let metres = self
            .territory
            .nearest(reading.lon, reading.lat, |one| one.covered);
        let near = match metres {
            Some((one, metres)) if metres <= BORDER_BAND_M && self.witness.is_none() => format!(
                " Se il dispositivo è nel Comune di {}, a {}, indicate il Comune.",
                one.name,
                distance(metres)
            ),
            _ => String::new(),
        };
        let how = if reading.crs.code == WGS84 {
            String::new()
        } else {
            format!(", lette in {},", named(reading.crs))
        };
        let field = if pair.north.value.abs() > 90.0 {
            Field::Lon
        } else {
            Field::Lat
        };
        let message = format!(
            "Le coordinate {}{how} indicano un punto fuori dal territorio. {words}{near} Controllate le cifre.",
            self.quoted()
        );
        self.finding(Code::PositionOutsideTerritory, field, message)
    }

    /// The numbers are no place on Earth, or metres of nowhere near.
    fn impossible(&self, pair: &Pair, declared_crs: Option<&Crs>) -> Vec<Finding> {
        let (north, east) = (pair.north.value.abs(), pair.east.value.abs());
        if let Some(crs) = declared_crs.filter(|crs| !crs.geographic) {
            let message = format!(
                "Le coordinate {} non sono metri di {}.",
                self.quoted(),
                named(crs)
            );
            return vec![self.finding(Code::PositionRange, Field::Lat, message)];
        }
        if (10_000.0..1e8).contains(&north) && (10_000.0..1e8).contains(&east) {
            let message = format!(
                "Le coordinate {} sembrano metri, ma in nessuno dei sistemi di riferimento noti cadono nel territorio. \
                 Controllate le cifre.",
                self.quoted()
            );
            return vec![self.finding(Code::PositionOutsideTerritory, Field::Lat, message)];
        }
        let range = |bad: bool, field: Field, what: &str, most: u32| {
            bad.then(|| {
                let message = format!(
                    "La {what} «{}» è impossibile: deve stare tra -{most} e {most}.",
                    short(self.text(field))
                );
                self.finding(Code::PositionRange, field, message)
            })
        };
        range(north > 90.0, Field::Lat, "latitudine", 90)
            .into_iter()
            .chain(range(east > 180.0, Field::Lon, "longitudine", 180))
            .collect()
    }

    fn coarse(&self, pair: &Pair, crs: &Crs) -> Option<Finding> {
        let to_metres = if crs.geographic { DEGREE_M } else { 1.0 };
        let (north, east) = (pair.north.unit, pair.east.unit);
        // Spreadsheets drop the zeros at the end: the finer of the two tells how it was typed, unless
        // the other lost more than chance explains.
        let unit = if north.max(east) > 0.05 {
            north.max(east)
        } else {
            north.min(east)
        };
        let doubt = unit * to_metres / 2.0;
        (doubt > COARSE_M).then(|| {
            let message = format!(
                "Le coordinate {} hanno poche cifre: il punto può essere sbagliato di {}. Riportate almeno cinque \
                 decimali, oppure confermate con un motivo.",
                self.quoted(),
                distance(doubt)
            );
            self.finding(Code::PositionCoarse, Field::Lat, message)
        })
    }

    /// How far the declared system moves the point from where the same numbers would be in WGS 84.
    fn declared_datum(&self, pair: &Pair, reading: &Plain, crs: &Crs) -> Option<Finding> {
        let usual = match crs.code {
            "EPSG:4265" => WGS84,
            "EPSG:23032" => "EPSG:32632",
            _ => return None,
        };
        let usual = projection::system(usual)?;
        let elsewhere = projection::to_wgs84(usual, pair.east.value, pair.north.value)?;
        let message = format!(
            "Il sistema dichiarato è {}: gli stessi numeri in {} indicherebbero un punto a {} da qui, e i confini non \
             bastano a distinguerli. Guardate sulla mappa se il punto è dove lo conoscete.",
            named(crs),
            named(usual),
            distance(metres_between((reading.lon, reading.lat), elsewhere)),
        );
        Some(self.finding(Code::PositionDatum, Field::Lat, message))
    }

    /// The one explanation, with its proposal.
    fn mishap(&self, only: &Hypothesis) -> Finding {
        let mishap = only.mishap;
        // The variants of an exchanged pair are those of the other column.
        let (first, second) = if mishap.swap {
            (Field::Lon, Field::Lat)
        } else {
            (Field::Lat, Field::Lon)
        };
        let field = match (
            mishap.north_point || mishap.north_sign,
            mishap.east_point || mishap.east_sign,
        ) {
            (true, _) => first,
            (false, true) => second,
            (false, false) => Field::Lat,
        };
        let mut what = Vec::new();
        if mishap.crs {
            let unit = if only.crs.geographic {
                "gradi"
            } else {
                "metri"
            };
            what.push(format!(
                "{} sembrano {unit} in {}",
                self.quoted(),
                named(only.crs)
            ));
        }
        if mishap.point() {
            let text = short(self.text(field));
            what.push(format!(
                "in «{text}» sembra perso il separatore dei decimali"
            ));
        }
        if mishap.degrees {
            what.push(format!(
                "{} sembrano gradi, minuti e secondi scritti come decimali",
                self.quoted()
            ));
        }
        if mishap.sign() {
            what.push(format!(
                "il segno di «{}» sembra sbagliato",
                short(self.text(field))
            ));
        }
        if mishap.swap {
            what.push(if mishap.cost() == 1 {
                format!(
                    "latitudine e longitudine ({}) sembrano scambiate",
                    self.quoted()
                )
            } else {
                "latitudine e longitudine sembrano scambiate".to_owned()
            });
        }
        let message = format!(
            "{}. Letto così, il punto cade nel Comune di {}: se è giusto accettate la proposta.",
            capital(&what.join(", e ")),
            self.name_of(&only.comune)
        );
        self.finding(mishap.code(), field, message)
            .proposing(vec![only.proposal()])
    }

    fn ambiguous(&self, plain: Option<&Plain>, hypotheses: &[Hypothesis]) -> Finding {
        let as_typed = plain.map(|reading| {
            Proposal::Position(PositionProposal {
                lat: reading.lat,
                lon: reading.lon,
                crs: reading.crs.code,
                operation: "none",
                accuracy_m: reading.crs.accuracy_m,
                comune: self
                    .territory
                    .containing(reading.lon, reading.lat)
                    .filter(|one| one.covered)
                    .map(|one| one.istat.clone()),
            })
        });
        let places: Vec<_> = plain
            .map(|reading| format!("così come sono, {}", self.whose(reading)))
            .into_iter()
            .chain(hypotheses.iter().map(|one| {
                format!(
                    "{}, nel Comune di {}",
                    words(one),
                    self.name_of(&one.comune)
                )
            }))
            .collect();
        let message = format!(
            "Le coordinate {} si possono leggere in più modi: {}. Scegliete guardando dove cade il punto.",
            self.quoted(),
            places.join("; ")
        );
        let proposals = as_typed
            .into_iter()
            .chain(hypotheses.iter().map(Hypothesis::proposal));
        self.finding(Code::PositionAmbiguous, Field::Lat, message)
            .proposing(proposals.collect())
    }

    fn name_of(&self, istat: &str) -> String {
        self.territory
            .get(istat)
            .map_or_else(|| istat.to_owned(), |one| one.name.clone())
    }
}

/// A hypothesis in a few words.
fn words(one: &Hypothesis) -> String {
    let what = match one.mishap.code() {
        Code::PositionOtherCrs => format!("in {}", named(one.crs)),
        Code::PositionLostDecimal => "con il separatore dei decimali al suo posto".to_owned(),
        Code::PositionDegrees => "come gradi, minuti e secondi".to_owned(),
        Code::PositionWrongSign => "con il segno cambiato".to_owned(),
        _ => return "scambiate".to_owned(),
    };
    if one.mishap.swap {
        format!("{what} e scambiate")
    } else {
        what
    }
}

/// A typed text cut for a message.
fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::finding::Severity;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static MILANO: LazyLock<Territory> =
        LazyLock::new(|| Territory::new(crate::exchange::boundaries::seeded()));

    /// Piazza del Duomo and thereabouts, longitude first.
    const POINT: (f64, f64) = (9.1903, 45.4645);
    const MILAN: &str = "015146";

    fn columns(
        lat: &str,
        lon: &str,
        crs: &str,
        witness: Option<&str>,
        declared: bool,
    ) -> Diagnosis {
        diagnose(
            &Typed {
                lat,
                lon,
                place: "",
                crs,
            },
            &MILANO,
            witness,
            declared,
        )
    }

    fn place(text: &str) -> Diagnosis {
        diagnose(
            &Typed {
                place: text,
                ..Typed::default()
            },
            &MILANO,
            None,
            false,
        )
    }

    fn codes(diagnosis: &Diagnosis) -> Vec<Code> {
        diagnosis
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect()
    }

    fn proposed(finding: &Finding) -> Vec<&PositionProposal> {
        finding
            .proposals
            .iter()
            .filter_map(|proposal| match proposal {
                Proposal::Position(position) => Some(position),
                Proposal::Value { .. } => None,
            })
            .collect()
    }

    /// The one proposal of the one error, near the truth.
    #[track_caller]
    fn mended(diagnosis: &Diagnosis, code: Code, operation: &str, truth: (f64, f64)) {
        let errors: Vec<_> = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.severity() == Severity::Error)
            .collect();
        let [error] = errors.as_slice() else {
            panic!("{:?}", diagnosis.findings)
        };
        assert_eq!(error.code, code, "{}", error.message);
        let proposals = proposed(error);
        let [only] = proposals.as_slice() else {
            panic!("{:?}", error.proposals)
        };
        assert_eq!(only.operation, operation);
        let off = metres_between((only.lon, only.lat), truth);
        assert!(off < 15.0, "{off} m off: {only:?}");
        assert!(only.comune.is_some());
        assert_eq!(diagnosis.point, None);
    }

    #[test]
    fn a_clear_text_where_it_should_be_is_accepted() {
        for text in [
            "45,4645 9,1903",
            "45.4645, 9.1903",
            "45°27'52.2\"N 9°11'25.08\"E",
            "https://www.google.com/maps/@45.4645,9.1903,17z",
        ] {
            let diagnosis = place(text);
            assert_eq!(codes(&diagnosis), [], "{text}");
            let point = diagnosis.point.unwrap();
            assert!(metres_between((point.lon, point.lat), POINT) < 1.0);
            assert_eq!(
                (point.comune.as_deref(), point.crs),
                (Some(MILAN), "EPSG:4326")
            );
            assert_eq!(point.original, text);
        }
        let seconds = place("45°27'51\"N 9°11'24\"E");
        assert_eq!(codes(&seconds), []);
        assert_eq!(seconds.point.unwrap().operation, "dms");
        let point = columns("45,4645", "9,1903", "", Some(MILAN), true)
            .point
            .unwrap();
        assert_eq!(
            (point.operation, point.original.as_str()),
            ("none", "45,4645; 9,1903")
        );
    }

    #[test]
    fn the_fast_road_and_the_slow_one_agree() {
        for (lat, lon) in [
            ("45.46450", "9.19030"),
            ("45,520871", "9,036541"),
            ("45.3333", "8.9999"),
        ] {
            let typed = Typed {
                lat,
                lon,
                ..Typed::default()
            };
            let doctor = Doctor {
                typed: &typed,
                territory: &MILANO,
                witness: None,
                declared: false,
            };
            assert_eq!(doctor.at_once().unwrap(), doctor.diagnose(), "{lat} {lon}");
        }
    }

    #[test]
    fn every_gate_of_area_c_is_in_milano() {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_path("tests/data/geodesy/milano_areac_varchi.csv")
            .unwrap();
        let mut seen = 0;
        for row in reader.records() {
            let row = row.unwrap();
            for diagnosis in [
                columns(&row[3], &row[2], "", Some(MILAN), true),
                columns(&row[3], &row[2], "EPSG:4326", None, false),
                place(&row[4]),
            ] {
                assert_eq!(codes(&diagnosis), [], "{row:?}");
                let point = diagnosis.point.unwrap();
                assert_eq!(point.comune.as_deref(), Some(MILAN));
                let truth: (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
                assert!(metres_between((point.lon, point.lat), truth) < 0.01);
            }
            seen += 1;
        }
        assert_eq!(seen, 42);
    }

    #[test]
    fn exchanged_axes_are_put_back() {
        for diagnosis in [
            columns("9.1903", "45.4645", "", None, false),
            columns("9,1903", "45,4645", "EPSG:4326", Some(MILAN), true),
            columns("9°11'25.1\"", "45°27'52.2\"", "", Some(MILAN), false),
            place("9.1903 45.4645"),
        ] {
            mended(&diagnosis, Code::PositionSwapped, "swap", POINT);
        }
    }

    #[test]
    fn a_lost_decimal_point_is_found_again() {
        for (lat, lon) in [
            ("45464500", "9190300"),
            ("45464500", "9,1903"),
            ("454645", "91903"),
            ("45.464.500", "9.190.300"),
            ("45.4645", "91903"),
            ("4546.45", "919.03"),
        ] {
            let diagnosis = columns(lat, lon, "", Some(MILAN), true);
            mended(
                &diagnosis,
                Code::PositionLostDecimal,
                "decimal_point",
                POINT,
            );
        }
        let diagnosis = columns("45620644", "9.2", "", None, false);
        let finding = &diagnosis.findings[0];
        assert_eq!(
            (finding.field, finding.value.as_str()),
            (Some(Field::Lat), "45620644")
        );
        mended(
            &diagnosis,
            Code::PositionLostDecimal,
            "decimal_point",
            (9.2, 45.620_644),
        );
        let swapped = columns("91903", "45464500", "", Some(MILAN), true);
        mended(
            &swapped,
            Code::PositionLostDecimal,
            "swap_decimal_point",
            POINT,
        );
    }

    #[test]
    fn a_wrong_sign_is_turned() {
        for (lat, lon) in [
            ("-45.4645", "9.1903"),
            ("45.4645", "-9.1903"),
            ("-45.4645", "-9.1903"),
        ] {
            let diagnosis = columns(lat, lon, "", None, false);
            mended(&diagnosis, Code::PositionWrongSign, "sign", POINT);
        }
        mended(
            &place("45°27'52.2\"N 9°11'25.1\"O"),
            Code::PositionWrongSign,
            "sign",
            POINT,
        );
        let east = columns("45.4645", "-9.1903", "", None, false);
        assert_eq!(east.findings[0].field, Some(Field::Lon));
    }

    #[test]
    fn degrees_written_as_decimals_are_read_as_degrees() {
        // 45°27'51" 9°11'24", typed 45.2751 9.1124: the plain reading is another Comune.
        let truth = (9.19, 45.464_167);
        let declared = columns("45.2751", "9.1124", "", Some(MILAN), true);
        mended(
            &declared,
            Code::PositionDegrees,
            "degrees_minutes_seconds",
            truth,
        );
        let implied = columns("45,2751", "9,1124", "", Some(MILAN), false);
        assert_eq!(codes(&implied), [Code::PositionAmbiguous]);
        let operations: Vec<_> = proposed(&implied.findings[0])
            .iter()
            .map(|one| one.operation)
            .collect();
        assert_eq!(operations, ["none", "degrees_minutes_seconds"]);
    }

    #[test]
    fn metres_of_every_system_are_recognised() {
        for code in [
            "3003", "3004", "32632", "32633", "6707", "7791", "25832", "3857",
        ] {
            let crs = projection::system(code).unwrap();
            let (x, y) = projection::from_wgs84(crs, POINT.0, POINT.1).unwrap();
            let (x, y) = (format!("{x:.2}"), format!("{y:.2}"));
            for witness in [None, Some((MILAN, false)), Some((MILAN, true))] {
                let (istat, declared) = witness.unzip();
                let declared = declared.unwrap_or(false);
                let plain = columns(&y, &x, "", istat, declared);
                mended(&plain, Code::PositionOtherCrs, "crs", POINT);
                let swapped = columns(&x, &y, "", istat, declared);
                mended(&swapped, Code::PositionOtherCrs, "swap_crs", POINT);
            }
            let italian = format!("{x} {y}").replace('.', ",");
            mended(&place(&italian), Code::PositionOtherCrs, "crs", POINT);
        }
    }

    #[test]
    fn ed50_cannot_be_told_from_utm_and_that_is_said() {
        let diagnosis = columns("5034536.80", "514853.50", "", Some(MILAN), true);
        assert_eq!(
            codes(&diagnosis),
            [Code::PositionOtherCrs, Code::PositionDatum]
        );
        assert_eq!(proposed(&diagnosis.findings[0])[0].crs, "EPSG:32632");
        assert!(
            diagnosis.findings[1].message.contains("215 m"),
            "{}",
            diagnosis.findings[1].message
        );
    }

    #[test]
    fn degrees_from_rome_are_recognised() {
        let crs = projection::system("4806").unwrap();
        let (x, y) = projection::from_wgs84(crs, POINT.0, POINT.1).unwrap();
        let diagnosis = columns(&format!("{y:.6}"), &format!("{x:.6}"), "", None, false);
        mended(&diagnosis, Code::PositionOtherCrs, "crs", POINT);
        assert_eq!(proposed(&diagnosis.findings[0])[0].accuracy_m, 4.0);
    }

    #[test]
    fn a_declared_system_is_used_and_its_accuracy_told() {
        for one in projection::SYSTEMS {
            let (x, y) = projection::from_wgs84(one, POINT.0, POINT.1).unwrap();
            let (x, y) = (format!("{x:.7}"), format!("{y:.7}"));
            let diagnosis = columns(&y, &x, one.code, Some(MILAN), true);
            let expected: &[Code] = if matches!(one.code, "EPSG:4265" | "EPSG:23032") {
                &[Code::PositionDatum]
            } else {
                &[]
            };
            assert_eq!(codes(&diagnosis), expected, "{}", one.code);
            let point = diagnosis.point.unwrap();
            assert!(
                metres_between((point.lon, point.lat), POINT) < 0.01,
                "{}",
                one.code
            );
            assert_eq!((point.crs, point.accuracy_m), (one.code, one.accuracy_m));
            let swapped = columns(&x, &y, one.code, Some(MILAN), true);
            mended(&swapped, Code::PositionSwapped, "swap", POINT);
            let first = if one.north_first {
                format!("{y}; {x}")
            } else {
                format!("{x}; {y}")
            };
            let typed = Typed {
                place: &first,
                crs: one.code,
                ..Typed::default()
            };
            let free = diagnose(&typed, &MILANO, Some(MILAN), true);
            assert_eq!(codes(&free), expected, "{first} in {}", one.code);
        }
    }

    #[test]
    fn a_wrong_declared_system_is_corrected() {
        let gauss = projection::system("3003").unwrap();
        let (x, y) = projection::from_wgs84(gauss, POINT.0, POINT.1).unwrap();
        let diagnosis = columns(
            &y.to_string(),
            &x.to_string(),
            "EPSG:32632",
            Some(MILAN),
            true,
        );
        mended(&diagnosis, Code::PositionOtherCrs, "crs", POINT);
        let degrees = columns("45.4645", "9.1903", "EPSG:3003", Some(MILAN), true);
        mended(&degrees, Code::PositionOtherCrs, "crs", POINT);
        let unknown = columns("45.4645", "9.1903", "pippo", None, false);
        assert_eq!(codes(&unknown), [Code::PositionOtherCrs]);
        assert!(unknown.findings[0].message.contains("«pippo»"));
    }

    #[test]
    fn a_point_just_outside_is_a_warning_and_one_far_outside_an_error() {
        // 200 m east of a point of Rho's border, and the middle of Pero.
        let rho = MILANO.find("Rho").unwrap().istat.as_str();
        let pero = MILANO.find("Pero").unwrap();
        let near = (0..400_u32)
            .map(|step| (9.03 + f64::from(step) * 0.0002, 45.51))
            .find(|(lon, lat)| {
                let outside = MILANO.metres_outside(MILANO.get(rho).unwrap(), *lon, *lat);
                (100.0..BORDER_BAND_M).contains(&outside)
            })
            .unwrap();
        let (lat, lon) = (format!("{:.6}", near.1), format!("{:.6}", near.0));
        let declared = columns(&lat, &lon, "", Some(rho), true);
        assert_eq!(codes(&declared), [Code::PositionNearBorder]);
        assert!(
            declared.findings[0]
                .message
                .contains(" m fuori dal confine di Rho")
        );
        assert!(declared.point.is_some());
        assert_eq!(
            codes(&columns(&lat, &lon, "", Some(rho), false)),
            [Code::PositionBorderBody]
        );

        let far = columns("45.4645", "9.1903", "", Some(rho), true);
        assert_eq!(codes(&far), [Code::PositionOutsideMunicipality]);
        assert_eq!(
            far.findings[0].proposals,
            [Proposal::Value {
                field: "comune",
                value: MILAN.to_owned()
            }]
        );
        assert!(
            far.findings[0].message.contains("km dal confine di Rho"),
            "{}",
            far.findings[0].message
        );
        assert_eq!(
            codes(&columns("45.4645", "9.1903", "", Some(rho), false)),
            [Code::PositionElsewhere]
        );
        assert_eq!(pero.name, "Pero");
    }

    #[test]
    fn outside_the_territory_the_words_say_where() {
        let monza = MILANO
            .municipalities()
            .iter()
            .find(|one| one.name == "Monza")
            .unwrap();
        assert!(!monza.covered);
        let around = columns("45.58451", "9.27441", "", None, false);
        assert_eq!(codes(&around), [Code::PositionOutsideTerritory]);
        assert!(
            around.findings[0].message.contains("Monza"),
            "{}",
            around.findings[0].message
        );
        assert_eq!(
            around.point.unwrap().comune.as_deref(),
            Some(monza.istat.as_str())
        );
        let rome = columns("41.89021", "12.49223", "", Some(MILAN), true);
        assert_eq!(codes(&rome), [Code::PositionOutsideTerritory]);
        assert!(
            rome.findings[0].message.contains(" km "),
            "{}",
            rome.findings[0].message
        );
    }

    #[test]
    fn numbers_that_are_no_place_are_named() {
        let longitude = columns("45.46", "888", "", Some(MILAN), true);
        assert_eq!(codes(&longitude), [Code::PositionRange]);
        assert_eq!(longitude.findings[0].field, Some(Field::Lon));
        assert!(longitude.findings[0].message.contains("«888»"));
        assert_eq!(codes(&columns("1e400", "-1e400", "", None, false)).len(), 2);
        for (lat, lon) in [
            ("0", "0"),
            ("0.0", "0,000"),
            ("45.4645", "0"),
            ("0.00001", "0.00002"),
        ] {
            assert_eq!(
                codes(&columns(lat, lon, "", None, false)),
                [Code::PositionNullIsland],
                "{lat} {lon}"
            );
        }
        for (lat, lon, code) in [
            ("", "", Code::PositionMissing),
            ("45.4645", "", Code::PositionMissing),
            ("n.d.", "n.d.", Code::PositionUnreadable),
            ("45°75'", "9°11'", Code::PositionUnreadable),
            ("5000000", "100000", Code::PositionOutsideTerritory),
        ] {
            assert_eq!(
                codes(&columns(lat, lon, "", None, false)),
                [code],
                "{lat} {lon}"
            );
        }
        let missing = columns("45.4645", "", "", None, false);
        assert_eq!(missing.findings[0].field, Some(Field::Lon));
    }

    #[test]
    fn too_few_decimals_are_coarse_and_whole_seconds_are_not() {
        for (text, coarse) in [
            ("45.46 9.19", true),
            ("45,464 9,190", true),
            ("45.4645 9.1903", false),
            ("45.4645 9.19", false),
            ("45.4645 9.2", true),
            ("45°27'51\" 9°11'24\"", false),
            ("45°27' 9°11'", true),
            ("45°27.87' 9°11.42'", false),
        ] {
            let expected: &[Code] = if coarse { &[Code::PositionCoarse] } else { &[] };
            let diagnosis = place(text);
            assert_eq!(codes(&diagnosis), expected, "{text}");
            assert!(diagnosis.point.is_some());
        }
    }

    #[test]
    fn words_name_the_comune_and_the_nearest_border() {
        let words = in_words(&MILANO, POINT.0, POINT.1);
        assert!(
            words.starts_with("Nel Comune di Milano, a ") && words.contains(" km dal confine con "),
            "{words}"
        );
        let rome = in_words(&MILANO, 12.49, 41.89);
        assert!(
            rome.starts_with("Fuori dal territorio, a 4") && rome.contains(" km dal Comune di "),
            "{rome}"
        );
        assert_eq!(
            in_words(&Territory::new(Vec::new()), 9.0, 45.0),
            "Nessun territorio è caricato."
        );
    }

    /// A point of the territory, by its share of the window.
    fn inside() -> impl Strategy<Value = (f64, f64, String)> {
        (0.0..1.0_f64, 0.0..1.0_f64).prop_filter_map("in the territory", |(x, y)| {
            let window = MILANO.window();
            let lon = window.min().x + window.width() * x;
            let lat = window.min().y + window.height() * y;
            // As it will be typed.
            let (lon, lat) = ((lon * 1e6).round() / 1e6, (lat * 1e6).round() / 1e6);
            let home = MILANO.containing(lon, lat).filter(|one| one.covered)?;
            Some((lon, lat, home.istat.clone()))
        })
    }

    proptest! {
        #[test]
        fn nothing_typed_panics(lat in ".{0,40}", lon in "[0-9.,eE+-]{0,30}", text in "\\PC{0,60}", crs in "(EPSG:)?[0-9]{0,5}|\\PC{0,10}") {
            for declared in [false, true] {
                let _ = columns(&lat, &lon, &crs, Some(MILAN), declared);
                let _ = diagnose(&Typed { lat: &lat, lon: &lon, place: &text, crs: "" }, &MILANO, None, declared);
            }
        }

        #[test]
        fn any_numbers_have_an_answer(a in any::<f64>(), b in any::<f64>(), crs in 0..13_usize) {
            let diagnosis = columns(&a.to_string(), &b.to_string(), projection::SYSTEMS[crs].code, None, false);
            prop_assert!(diagnosis.point.is_some() || !diagnosis.findings.is_empty());
        }

        #[test]
        fn a_true_point_is_accepted_and_every_mishap_mended((lon, lat, istat) in inside()) {
            let truth = (lon, lat);
            let (x, y) = (format!("{lon:.6}"), format!("{lat:.6}"));
            prop_assert_eq!(codes(&columns(&y, &x, "", Some(&istat), true)), []);
            prop_assert_eq!(codes(&columns(&y, &x, "", None, false)), []);
            for (witness, declared) in [(None, false), (Some(istat.as_str()), false), (Some(istat.as_str()), true)] {
                let swapped = columns(&x, &y, "", witness, declared);
                mended(&swapped, Code::PositionSwapped, "swap", truth);
                let negative = columns(&y, &format!("-{x}"), "", witness, declared);
                mended(&negative, Code::PositionWrongSign, "sign", truth);
                let lost = columns(&y.replace('.', ""), &x.replace('.', ""), "", witness, declared);
                mended(&lost, Code::PositionLostDecimal, "decimal_point", truth);
                for code in ["EPSG:3003", "EPSG:32632", "EPSG:32633", "EPSG:3857"] {
                    let (e, n) = projection::from_wgs84(projection::system(code).unwrap(), lon, lat).unwrap();
                    let metres = columns(&format!("{n:.3}"), &format!("{e:.3}"), "", witness, declared);
                    let errors: Vec<_> = metres.findings.iter().flat_map(proposed).collect();
                    prop_assert!(errors.iter().any(|one| metres_between((one.lon, one.lat), truth) < 15.0));
                }
            }
        }
    }
}
