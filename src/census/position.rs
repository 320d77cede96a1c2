//! What a typed position means: the coordinate doctor.
//!
//! A clear text whose plain reading falls where it should is accepted as it is. Otherwise every
//! known mishap (exchanged axes, a lost decimal point, degrees and minutes written as decimals, a
//! wrong sign, another reference system) is tried against the territory and the declared Comune:
//! one that explains the numbers is proposed, several are all shown, and nothing is ever corrected
//! in silence. Coordinates are WGS 84 degrees, distances metres.
//! Enforced by the tests below: every mishap on true points, and texts of any kind, which never
//! panic.

mod mishap;
mod words;

pub use words::{in_figures, in_words};

use super::finding::{Code, Finding};
use super::notation::{self, Number, Pair, Unread};
use super::projection::{self, Crs};
use super::territory::{Municipality, Territory};
use super::vocabulary::Field;
use mishap::{Hypothesis, METRES_FROM};
use words::{distance, named};

/// How far outside the declared Comune a point may be, in metres, before it is an error: the
/// embedded boundaries are generalised, up to 450 m off.
pub const BORDER_BAND_M: f64 = 500.0;

/// The system of plain degrees.
const WGS84: &str = "EPSG:4326";

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

/// A way to read the numbers of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The reference system, as `EPSG:n`.
    pub crs: &'static str,
    /// What is done to the numbers, as a stable word: `none`, `swap`, `crs`, `decimal_point`, …
    pub operation: &'static str,
}

impl Reading {
    /// Decimal degrees, degrees and minutes or a map link, as they stand.
    pub const PLAIN: Self = Self {
        crs: WGS84,
        operation: "none",
    };
}

/// A point that the numbers of a position may mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Possible {
    /// How they are read.
    pub reading: Reading,
    /// How many mishaps have to be believed.
    pub cost: usize,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
}

/// Reads a position and judges it. `witness` is the ISTAT code of the Comune the device should be
/// in, `declared` whether it was stated for the device or is only that of its body. Of several
/// explanations, the one `expected` from the rest of the file is believed.
#[must_use]
pub fn diagnose(
    typed: &Typed,
    territory: &Territory,
    witness: Option<&str>,
    declared: bool,
    expected: Option<Reading>,
) -> Diagnosis {
    let doctor = Doctor {
        typed,
        territory,
        witness: witness
            .and_then(|istat| territory.get(istat))
            .filter(|one| one.covered),
        declared,
        expected,
    };
    doctor.at_once().unwrap_or_else(|| doctor.diagnose())
}

/// The point of plain decimal degrees that are where they should be, longitude first, without the
/// work that anything else takes.
#[must_use]
pub fn plainly_home(
    typed: &Typed,
    territory: &Territory,
    witness: Option<&Municipality>,
) -> Option<(f64, f64)> {
    let doctor = Doctor {
        typed,
        territory,
        witness,
        declared: true,
        expected: None,
    };
    doctor.plain_home().map(|(lon, lat, _)| (lon, lat))
}

/// Every reading of a position that puts it where it should be: in the witness or within
/// [`BORDER_BAND_M`] of it; without a witness, in the territory.
#[must_use]
pub fn possible(
    typed: &Typed,
    territory: &Territory,
    witness: Option<&Municipality>,
) -> Vec<Possible> {
    let doctor = Doctor {
        typed,
        territory,
        witness,
        declared: true,
        expected: None,
    };
    doctor.possible()
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

struct Doctor<'a> {
    typed: &'a Typed<'a>,
    territory: &'a Territory,
    witness: Option<&'a Municipality>,
    declared: bool,
    expected: Option<Reading>,
}

impl<'a> Doctor<'a> {
    /// The answer for plain decimal degrees that are where they should be: no allocation but the
    /// result, no projection.
    fn at_once(&self) -> Option<Diagnosis> {
        let (lon, lat, home) = self.plain_home()?;
        let point = Located {
            lon,
            lat,
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

    fn plain_home(&self) -> Option<(f64, f64, &'a Municipality)> {
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
        Some((east, north, home))
    }

    fn diagnose(&self) -> Diagnosis {
        let Ok(crs) = self.declared_crs() else {
            return refused(vec![self.unknown_crs(self.typed.crs.trim())]);
        };
        match read(self.typed, crs) {
            Ok(pairs) => self.examine(&pairs, crs),
            Err(why) => refused(vec![self.unread(why)]),
        }
    }

    /// Every reading that puts the point where it should be.
    fn possible(&self) -> Vec<Possible> {
        let Ok(crs) = self.declared_crs() else {
            return Vec::new();
        };
        let Ok(pairs) = read(self.typed, crs) else {
            return Vec::new();
        };
        let placed = pairs
            .first()
            .is_some_and(|first| self.null_island(first, crs).is_none());
        if !placed {
            return Vec::new();
        }
        let at_home =
            |reading: &Plain| matches!(reading.standing, Standing::Home | Standing::Border(_));
        let plain = pairs
            .iter()
            .filter_map(|pair| self.plain(pair, crs))
            .find(at_home)
            .map(|plain| Possible {
                reading: if plain.crs.code == WGS84 {
                    Reading::PLAIN
                } else {
                    Reading {
                        crs: plain.crs.code,
                        operation: plain.operation,
                    }
                },
                cost: 0,
                lon: plain.lon,
                lat: plain.lat,
            });
        let explained = self.candidates(&pairs, crs).into_iter().filter_map(|one| {
            let fits = match self.witness {
                Some(_) => one.witnessed,
                None => one.covered,
            };
            fits.then(|| Possible {
                reading: one.reading(),
                cost: one.mishap.cost(),
                lon: one.lon,
                lat: one.lat,
            })
        });
        plain.into_iter().chain(explained).collect()
    }

    /// The system the person declared, if any; an error when it is not known.
    fn declared_crs(&self) -> Result<Option<&'static Crs>, ()> {
        match self.typed.crs.trim() {
            "" => Ok(None),
            text => projection::system(text).map(Some).ok_or(()),
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
        let candidates = self.candidates(pairs, declared_crs);
        let mut hypotheses = self.believed(candidates);
        if let Some(expected) = self.as_expected(&hypotheses) {
            let ed50 = hypotheses.iter().find(|one| expected.is_utm_beside(one));
            let datum = ed50.map(|ed50| self.utm_or_ed50(expected, ed50));
            let findings = std::iter::once(self.mishap(expected)).chain(datum);
            return refused(findings.collect());
        }
        // With no more digits than whole seconds have, seconds they are.
        let precise = |number: &Number| number.decimals.is_some_and(|decimals| decimals > 4);
        if hypotheses.iter().any(|one| one.mishap.degrees)
            && !pairs
                .iter()
                .any(|pair| precise(&pair.north) || precise(&pair.east))
        {
            hypotheses.retain(|one| !one.mishap.minutes);
        }
        let reading = plain
            .into_iter()
            .find_map(|(pair, reading)| Some((pair, reading?)));
        match reading {
            Some((pair, reading)) => self.doubted(pair, &reading, hypotheses, declared_crs),
            None if hypotheses.is_empty() => refused(self.impossible(first, declared_crs)),
            None => self.explained(&hypotheses),
        }
    }

    /// The explanation that the rest of the file has too.
    fn as_expected<'h>(&self, hypotheses: &'h [Hypothesis]) -> Option<&'h Hypothesis> {
        let expected = self.expected?;
        let mut alike = hypotheses
            .iter()
            .filter(|one| one.covered && one.reading() == expected);
        // The same words may be said of several points: then they tell nothing.
        alike.next().filter(|_| alike.next().is_none())
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
        // What the last digit leaves in doubt may as well be inside the declared Comune.
        if let Standing::Border(metres) = reading.standing
            && !(self.declared && metres <= words::doubt(pair, reading.crs.geographic))
        {
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
                hypotheses.retain(|one| {
                    one.witnessed || (one.covered && !one.mishap.degrees && !one.mishap.minutes)
                });
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
        let twins = hypotheses.iter().find_map(|utm| {
            let ed50 = hypotheses.iter().find(|one| utm.is_utm_beside(one))?;
            Some((utm, ed50))
        });
        let Some((utm, ed50)) = twins.filter(|(utm, ed50)| utm.inside || !ed50.inside) else {
            return (hypotheses.to_vec(), None);
        };
        let kept = hypotheses
            .iter()
            .filter(|one| !utm.is_utm_beside(one))
            .cloned()
            .collect();
        (kept, Some(self.utm_or_ed50(utm, ed50)))
    }

    fn utm_or_ed50(&self, utm: &Hypothesis, ed50: &Hypothesis) -> Finding {
        let message = format!(
            "Gli stessi numeri letti in {} indicherebbero un punto a {} da quello proposto: i confini non bastano a \
             distinguere i due sistemi. Guardate sulla mappa se il punto è dove lo conoscete.",
            named(ed50.crs),
            distance(utm.metres_to(ed50)),
        );
        self.finding(Code::PositionDatum, Field::Lat, message)
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

/// The numbers of a position, northing first as far as can be told.
fn read(typed: &Typed, crs: Option<&Crs>) -> Result<Vec<Pair>, Unread> {
    let mut pairs = if typed.place.trim().is_empty() {
        notation::columns(typed.lat, typed.lon)?
    } else {
        notation::pair(typed.place)?
    };
    let east_first = crs.is_some_and(|crs| !crs.north_first);
    for pair in pairs
        .iter_mut()
        .filter(|pair| east_first && pair.free && pair.north.value > METRES_FROM)
    {
        std::mem::swap(&mut pair.north, &mut pair.east);
    }
    Ok(pairs)
}

/// Whether a position has too few digits to say where a camera is, however they are to be read.
#[must_use]
pub fn is_coarse(typed: &Typed) -> bool {
    // Numbers beyond any degree have lost their point, or are metres.
    let degrees = |number: &Number| number.value.abs() <= 180.0;
    read(typed, None).is_ok_and(|pairs| {
        pairs.first().is_some_and(|pair| {
            degrees(&pair.north)
                && degrees(&pair.east)
                && words::doubt(pair, true) > words::COARSE_M
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::finding::{PositionProposal, Proposal, Severity};
    use crate::census::territory::metres_between;
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
            None,
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
            None,
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
                expected: None,
            };
            assert_eq!(doctor.at_once().unwrap(), doctor.diagnose(), "{lat} {lon}");
        }
    }

    #[test]
    fn every_gate_of_area_c_is_in_milano() {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_path("tests/data/import/milano_areac_varchi.csv")
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
        // Of 45.3120 9.1005 both readings are in the territory.
        let implied = columns("45,3120", "9,1005", "", Some(MILAN), false);
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
    fn ed50_is_shown_beside_utm_where_only_it_is_in_the_declared_comune() {
        let utm = projection::system("32632").unwrap();
        let ed50 = projection::system("23032").unwrap();
        let (x, y) = (0..4_000_u32)
            .map(|step| (514_853.0, 5_040_000.0 + f64::from(step)))
            .find(|(x, y)| {
                let home = |crs| {
                    let (lon, lat) = projection::to_wgs84(crs, *x, *y).unwrap();
                    MILANO.containing(lon, lat).map(|one| one.istat.as_str())
                };
                home(utm) != Some(MILAN) && home(ed50) == Some(MILAN)
            })
            .expect("the northern border of Milano");
        let diagnosis = columns(
            &format!("{y:.1}"),
            &format!("{x:.1}"),
            "",
            Some(MILAN),
            true,
        );
        assert_eq!(codes(&diagnosis), [Code::PositionAmbiguous]);
        let systems: Vec<_> = proposed(&diagnosis.findings[0])
            .iter()
            .map(|one| one.crs)
            .collect();
        assert_eq!(systems, ["EPSG:32632", "EPSG:23032"]);
    }

    #[test]
    fn degrees_from_rome_are_recognised() {
        let crs = projection::system("4806").unwrap();
        let (x, y) = projection::from_wgs84(crs, POINT.0, POINT.1).unwrap();
        let diagnosis = columns(&format!("{y:.6}"), &format!("{x:.6}"), "", None, false);
        mended(&diagnosis, Code::PositionOtherCrs, "crs", POINT);
        assert!((proposed(&diagnosis.findings[0])[0].accuracy_m - 4.0).abs() < 1e-9);
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
            let free = diagnose(&typed, &MILANO, Some(MILAN), true, None);
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
                let _ = diagnose(&Typed { lat: &lat, lon: &lon, place: &text, crs: "" }, &MILANO, None, declared, None);
            }
        }

        #[test]
        fn any_numbers_have_an_answer(a in any::<f64>(), b in any::<f64>(), crs in 0..13_usize) {
            let diagnosis = columns(&a.to_string(), &b.to_string(), projection::SYSTEMS[crs].code, None, false);
            prop_assert!(diagnosis.point.is_some() || !diagnosis.findings.is_empty());
        }

        #[test]
        fn degrees_written_as_decimals_are_mended_wherever_they_fall((lon, lat, istat) in inside()) {
            // 45°27'51" as 45.2751, with the true point rounded to whole seconds.
            let typed = |degrees: f64| {
                let seconds = (degrees * 3600.0).round();
                let text = format!("{}.{:02}{:02}", (seconds / 3600.0).floor(), (seconds / 60.0).floor() % 60.0, seconds % 60.0);
                (text, seconds / 3600.0)
            };
            let ((y, lat), (x, lon)) = (typed(lat), typed(lon));
            let diagnosis = columns(&y, &x, "", Some(&istat), true);
            let plain: (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            let home = MILANO.get(&istat).unwrap();
            if MILANO.metres_outside(home, plain.0, plain.1) <= BORDER_BAND_M {
                prop_assert!(diagnosis.point.is_some());
            } else {
                mended(&diagnosis, Code::PositionDegrees, "degrees_minutes_seconds", (lon, lat));
            }
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
