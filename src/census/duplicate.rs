//! Whether two devices of different bodies may be one device that both have listed.
//!
//! Nothing here decides: [`likeness`] says how likely it is and why, in words, and a reviewer
//! decides. It is symmetric, reads nothing but the two records, and never fails. Enforced by the
//! tests below.

use super::record::Record;
use super::territory::metres_between;
use super::vocabulary::{Field, UNKNOWN, fold, reads_plates};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Beyond how many metres two points are two places, once their declared precisions are taken off.
pub const LIMIT_M: f64 = 50.0;

/// How much of a declared precision counts, in metres: who does not know the place within this says
/// nothing of where the device is.
const MOST_PRECISION_M: f64 = 50.0;

/// How far from each other two points of one device may be at most, in metres.
pub const REACH_M: f64 = LIMIT_M + 2.0 * MOST_PRECISION_M;

/// How alike two names or addresses are when people mean the same, from 0 to 1.
const ALIKE: f64 = 0.75;

/// How likely it is that two devices are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Somebody should look.
    Possible,
    /// Nearly everything says so.
    Likely,
}

impl Grade {
    /// The spelling in addresses and style sheets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possibile",
            Self::Likely => "probabile",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Possible => "Possibile",
            Self::Likely => "Probabile",
        }
    }
}

/// How alike two devices are.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// How likely it is that they are one.
    pub grade: Grade,
    /// The sum of what speaks for it and against; only for sorting.
    pub score: i32,
    /// Metres between the two points.
    pub metres: f64,
    /// What speaks for it and against, in words.
    pub reasons: Vec<String>,
}

impl Likeness {
    /// What speaks for it and against, as one text: `a 12 metri, stessa marca, stesso azimut`.
    #[must_use]
    pub fn words(&self) -> String {
        self.reasons.join(", ")
    }
}

/// What can rule out that two devices are one without reading their texts: some eighty bytes, so
/// that a whole register fits in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    precision_m: f64,
    azimut: Option<i64>,
    sense: Sense,
    purpose: Purpose,
    /// What the serial number hashes to; 0 for none that tells one device from another.
    serial: u64,
}

/// Which traffic a device looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    In,
    Out,
    Unsaid,
}

/// What a device is for, as coarsely as two bodies may describe one device differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Plates and violations.
    Road,
    /// What happens in a place.
    Place,
    /// Waste and the like.
    Environment,
    /// Any of them.
    Any,
}

/// What is asked of a device before its texts are read, as the register keeps it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures<'a> {
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// The declared precision in metres.
    pub precision_m: Option<f64>,
    /// Which way it looks: degrees clockwise from north.
    pub azimut: Option<i64>,
    /// Which traffic it looks at; may be empty.
    pub direzione: &'a str,
    /// What it does.
    pub funzione: &'a str,
    /// The serial number; may be empty.
    pub matricola: &'a str,
}

impl Stand {
    /// Reads the figures of a device.
    #[must_use]
    pub fn new(figures: &Figures<'_>) -> Self {
        let serial = serial(figures.matricola).map_or(0, |text| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            hasher.finish().max(1)
        });
        let precision = figures.precision_m.filter(|metres| metres.is_finite());
        Self {
            lon: figures.lon,
            lat: figures.lat,
            precision_m: precision.unwrap_or_default().clamp(0.0, MOST_PRECISION_M),
            azimut: figures.azimut,
            sense: match figures.direzione {
                "entrata" => Sense::In,
                "uscita" => Sense::Out,
                _ => Sense::Unsaid,
            },
            purpose: match figures.funzione {
                "ibrida" | "altro" | UNKNOWN => Purpose::Any,
                "velocita" | "semaforo" => Purpose::Road,
                "ambientale" => Purpose::Environment,
                reader if reads_plates(reader) => Purpose::Road,
                _ => Purpose::Place,
            },
            serial,
        }
    }

    /// The figures of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::new(&Figures {
            lon: record.number(Field::Lon).unwrap_or_default(),
            lat: record.number(Field::Lat).unwrap_or_default(),
            precision_m: record.number(Field::PrecisioneM),
            azimut: record.integer(Field::Azimut),
            direzione: record.text(Field::Direzione),
            funzione: record.text(Field::Funzione),
            matricola: record.text(Field::Matricola),
        })
    }

    /// Whether the two have a serial number and it is the same.
    #[must_use]
    pub const fn has_serial_of(&self, other: &Self) -> bool {
        self.serial != 0 && self.serial == other.serial
    }

    /// Whether the two look at different things from one place, as the cameras of a gate do. The
    /// same serial number outweighs it. On a border the way into one Comune is the way out of the
    /// other, so the azimuth, where both say it, counts more than the direction.
    #[must_use]
    pub fn looks_elsewhere(&self, other: &Self) -> bool {
        if self.has_serial_of(other) {
            return false;
        }
        let turned = self.degrees_from(other);
        let opposite = matches!(
            (self.sense, other.sense),
            (Sense::In, Sense::Out) | (Sense::Out, Sense::In)
        );
        let purposes = [self.purpose, other.purpose];
        turned.is_some_and(|degrees| degrees > 90)
            || opposite && turned.is_none_or(|degrees| degrees > 45)
            || purposes[0] != purposes[1] && !purposes.contains(&Purpose::Any)
    }

    /// How many metres are left between two points a distance apart when their precisions are taken
    /// off.
    #[must_use]
    pub fn beyond(&self, other: &Self, metres: f64) -> f64 {
        (metres - self.precision_m - other.precision_m).max(0.0)
    }

    /// Degrees between the two azimuths, at most 180, when both are known.
    fn degrees_from(&self, other: &Self) -> Option<i64> {
        let turned = (self.azimut?.rem_euclid(360) - other.azimut?.rem_euclid(360)).abs();
        Some(turned.min(360 - turned))
    }
}

/// How alike two devices of different bodies are; nothing when nobody needs to look.
#[must_use]
pub fn likeness(left: &Record, right: &Record) -> Option<Likeness> {
    let (here, there) = (Stand::of(left), Stand::of(right));
    let metres = metres_between((here.lon, here.lat), (there.lon, there.lat));
    let beyond = here.beyond(&there, metres);
    let same_body = left.text(Field::Ente) == right.text(Field::Ente);
    let apart = beyond.is_nan() || beyond > LIMIT_M;
    if same_body || apart || here.looks_elsewhere(&there) {
        return None;
    }
    let mut weighed = Weighed::default();
    weighed.add(nearness(beyond), distance(metres, beyond));
    let serials = [left, right].map(|record| serial(record.text(Field::Matricola)));
    let makes = compared(left, right, Field::Marca);
    let decisive = matches!(&serials, [Some(one), Some(other)] if one == other);
    let contrary = matches!(&serials, [Some(one), Some(other)] if one != other);
    if decisive {
        weighed.add(6, "stessa matricola");
    }
    if contrary {
        weighed.add(-3, "matricole diverse");
    }
    match (makes, compared(left, right, Field::Modello)) {
        (Some(true), Some(true)) => weighed.add(2, "stessa marca e modello"),
        (Some(true), Some(false)) => weighed.add(0, "stessa marca, modelli diversi"),
        (Some(true), None) => weighed.add(1, "stessa marca"),
        (Some(false), _) => weighed.add(-2, "marche diverse"),
        (None, Some(true)) => weighed.add(1, "stesso modello"),
        (None, _) => {}
    }
    match here.degrees_from(&there) {
        Some(0..=20) => weighed.add(2, "stesso azimut"),
        Some(21..=45) => weighed.add(1, "azimut vicini"),
        Some(degrees) => weighed.add(-1, format!("azimut diversi di {degrees}°")),
        None => {}
    }
    if here.sense != Sense::Unsaid && here.sense == there.sense {
        weighed.add(1, "stessa direzione");
    }
    if compared(left, right, Field::Funzione) == Some(true) {
        weighed.add(1, "stessa funzione");
    }
    if alike(left, right, Field::Denominazione) {
        weighed.add(1, "nome simile");
    }
    if alike(left, right, Field::Indirizzo) {
        weighed.add(1, "indirizzo simile");
    }
    let doubtful = contrary || makes == Some(false);
    let grade = match weighed.score {
        5.. if !doubtful => Grade::Likely,
        _ if decisive && !doubtful => Grade::Likely,
        3.. => Grade::Possible,
        _ => return None,
    };
    Some(Likeness {
        grade,
        score: weighed.score,
        metres,
        reasons: weighed.reasons,
    })
}

#[derive(Default)]
struct Weighed {
    score: i32,
    reasons: Vec<String>,
}

impl Weighed {
    fn add(&mut self, weight: i32, reason: impl Into<String>) {
        self.score += weight;
        self.reasons.push(reason.into());
    }
}

fn nearness(beyond: f64) -> i32 {
    match beyond {
        ..=5.0 => 3,
        ..=15.0 => 2,
        ..=30.0 => 1,
        _ => 0,
    }
}

fn distance(metres: f64, beyond: f64) -> String {
    let far = match metres.round() {
        ..1.0 => return "nello stesso punto".to_owned(),
        1.0 => "a un metro".to_owned(),
        whole => format!("a {whole} metri"),
    };
    if beyond <= 0.0 {
        far + " (entro la precisione dichiarata)"
    } else {
        far
    }
}

/// Whether two values say the same; nothing when one of them is not known.
fn compared(left: &Record, right: &Record, field: Field) -> Option<bool> {
    let values = [left, right].map(|record| bare(record.text(field)));
    let [Some(one), Some(other)] = values else {
        return None;
    };
    Some(one == other)
}

/// A value as it is compared, letters and figures alone: `EO-200 LPR` and `eo200lpr` are one.
fn bare(text: &str) -> Option<String> {
    if text == UNKNOWN {
        return None;
    }
    let bare: String = fold(text)
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect();
    (!bare.is_empty()).then_some(bare)
}

/// A serial number that tells one device from another: `n.d.` and `0000` do not.
fn serial(text: &str) -> Option<String> {
    let bare = bare(text)?;
    let first = bare.chars().next()?;
    let tells = bare.chars().count() >= 4
        && bare.chars().any(char::is_numeric)
        && bare.chars().any(|letter| letter != first);
    tells.then_some(bare)
}

fn alike(left: &Record, right: &Record, field: Field) -> bool {
    let [one, other] = [left, right].map(|record| fold(record.text(field)));
    !one.is_empty() && !other.is_empty() && strsim::sorensen_dice(&one, &other) >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::Value;
    use proptest::prelude::*;

    /// Degrees of latitude in a metre, nearly.
    const METRE: f64 = 1.0 / 111_150.0;

    fn record(body: &str, north_m: f64, texts: &[(Field, &str)]) -> Record {
        let mut record = Record::default();
        let mut text = |field, value: &str| record.set(field, Some(Value::Text(value.to_owned())));
        text(Field::Ente, body);
        text(Field::Funzione, "lettura_targhe");
        for (field, value) in texts {
            text(*field, value);
        }
        record.set(Field::Lon, Some(Value::Decimal(9.19)));
        record.set(Field::Lat, Some(Value::Decimal(45.46 + north_m * METRE)));
        record
    }

    fn turned(mut record: Record, degrees: i64) -> Record {
        record.set(Field::Azimut, Some(Value::Integer(degrees)));
        record
    }

    fn precise(mut record: Record, metres: f64) -> Record {
        record.set(Field::PrecisioneM, Some(Value::Decimal(metres)));
        record
    }

    fn grade(left: &Record, right: &Record) -> Option<Grade> {
        likeness(left, right).map(|likeness| likeness.grade)
    }

    #[test]
    fn the_same_reader_listed_by_two_bodies_is_likely_one_and_the_words_say_why() {
        let make = [(Field::Marca, "Esempio"), (Field::Modello, "EO-200 LPR")];
        let own = turned(record("comune", 0.0, &make), 90);
        let again = [(Field::Marca, "ESEMPIO"), (Field::Modello, "eo 200lpr")];
        let theirs = turned(record("gestore", 12.0, &again), 100);
        let found = likeness(&own, &theirs).unwrap();
        assert_eq!(found.grade, Grade::Likely);
        assert_eq!(
            found.words(),
            "a 12 metri, stessa marca e modello, stesso azimut, stessa funzione"
        );
    }

    #[test]
    fn two_devices_of_one_body_are_never_compared() {
        let one = record("comune", 0.0, &[(Field::Matricola, "SN 1234")]);
        assert_eq!(grade(&one, &one), None);
    }

    #[test]
    fn the_two_cameras_of_a_gate_are_two() {
        let one = record("comune", 0.0, &[(Field::Direzione, "entrata")]);
        let other = record("gestore", 0.0, &[(Field::Direzione, "uscita")]);
        assert_eq!(grade(&one, &other), None);
        let (one, other) = (record("comune", 0.0, &[]), record("gestore", 0.0, &[]));
        assert_eq!(
            grade(&turned(one.clone(), 350), &turned(other.clone(), 170)),
            None
        );
        assert!(grade(&turned(one, 350), &turned(other, 10)).is_some());
    }

    #[test]
    fn on_a_border_the_way_in_of_one_is_the_way_out_of_the_other() {
        let one = record("comune", 0.0, &[(Field::Direzione, "entrata")]);
        let other = record("vicino", 3.0, &[(Field::Direzione, "uscita")]);
        assert_eq!(
            grade(&turned(one, 90), &turned(other, 85)),
            Some(Grade::Likely)
        );
    }

    #[test]
    fn the_same_serial_number_decides_and_different_ones_leave_a_doubt() {
        let one = record("comune", 0.0, &[(Field::Matricola, "SN-0012 34")]);
        let other = record("gestore", 45.0, &[(Field::Matricola, "sn001234")]);
        assert_eq!(
            grade(&turned(one.clone(), 0), &turned(other, 180)),
            Some(Grade::Likely)
        );
        let same = [(Field::Marca, "M"), (Field::Modello, "X")];
        let [mut one, mut other] = [("a", "SN1234"), ("b", "SN1235")].map(|(body, serial)| {
            record(
                body,
                0.0,
                &[
                    same[0],
                    same[1],
                    (Field::Matricola, serial),
                    (Field::Direzione, "entrata"),
                ],
            )
        });
        assert_eq!(grade(&one, &other), Some(Grade::Possible));
        for record in [&mut one, &mut other] {
            record.set(Field::Matricola, Some(Value::Text("0000".to_owned())));
        }
        let found = likeness(&one, &other).unwrap();
        assert!(!found.words().contains("matricol"), "{}", found.words());
    }

    #[test]
    fn what_is_far_or_does_something_else_is_another_device() {
        let here = record("comune", 0.0, &[]);
        assert_eq!(grade(&here, &record("gestore", 60.0, &[])), None);
        let bin = record("gestore", 0.0, &[(Field::Funzione, "ambientale")]);
        assert_eq!(grade(&here, &bin), None);
        let mixed = record("gestore", 0.0, &[(Field::Funzione, "ibrida")]);
        assert_eq!(grade(&here, &mixed), Some(Grade::Possible));
    }

    #[test]
    fn a_declared_precision_is_taken_off_the_distance() {
        let here = precise(record("comune", 0.0, &[]), 40.0);
        let there = precise(record("gestore", 70.0, &[]), 35.0);
        let found = likeness(&here, &there).unwrap();
        assert_eq!(found.grade, Grade::Possible);
        assert!(found.words().starts_with("a 70 metri (entro la precisione"));
        let vague = precise(record("comune", 0.0, &[]), 10_000.0);
        assert_eq!(grade(&vague, &record("gestore", 200.0, &[])), None);
    }

    #[test]
    fn what_is_not_known_speaks_neither_for_nor_against() {
        let [one, other] = ["a", "b"].map(|body| record(body, 0.0, &[(Field::Marca, UNKNOWN)]));
        assert_eq!(
            likeness(&one, &other).unwrap().words(),
            "nello stesso punto, stessa funzione"
        );
    }

    fn any_record(body: &'static str) -> impl Strategy<Value = Record> {
        let text = || {
            prop_oneof![
                Just(String::new()),
                "[ -~à-ù0-9]{0,12}",
                Just("non_noto".into())
            ]
        };
        let functions = prop_oneof![Just("ztl"), Just("ibrida"), Just("contesto"), Just("boh")];
        let senses = prop_oneof![
            Just(""),
            Just("entrata"),
            Just("uscita"),
            Just("bidirezionale")
        ];
        let degrees = prop_oneof![
            Just(None),
            any::<i64>().prop_map(Some),
            (0..360_i64).prop_map(Some)
        ];
        let precision = prop_oneof![
            Just(None),
            (0.0..500.0).prop_map(Some),
            Just(Some(f64::NAN))
        ];
        let texts = [text(), text(), text(), text(), text()];
        (-100.0..100.0, functions, senses, degrees, precision, texts).prop_map(
            move |(north, function, sense, degrees, precision, texts)| {
                let fields = [
                    Field::Marca,
                    Field::Modello,
                    Field::Matricola,
                    Field::Denominazione,
                    Field::Indirizzo,
                ];
                let mut all = vec![(Field::Funzione, function), (Field::Direzione, sense)];
                all.extend(fields.into_iter().zip(texts.iter().map(String::as_str)));
                let mut record = record(body, north, &all);
                record.set(Field::Azimut, degrees.map(Value::Integer));
                record.set(Field::PrecisioneM, precision.map(Value::Decimal));
                record
            },
        )
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_the_figures_never_rule_out_what_it_finds(
            left in any_record("a"),
            right in any_record("b"),
        ) {
            let found = likeness(&left, &right);
            prop_assert_eq!(&found, &likeness(&right, &left));
            let (here, there) = (Stand::of(&left), Stand::of(&right));
            prop_assert_eq!(here.looks_elsewhere(&there), there.looks_elsewhere(&here));
            if let Some(found) = found {
                prop_assert!(!here.looks_elsewhere(&there) && found.metres <= REACH_M);
                prop_assert!(!found.reasons.is_empty());
            }
        }
    }
}
