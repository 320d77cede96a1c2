//! What is said about a position, in plain Italian.

use super::mishap::{Hypothesis, SAME_M};
use super::{BORDER_BAND_M, Doctor, Plain, WGS84};
use crate::census::finding::{Code, Finding, PositionProposal, Proposal};
use crate::census::notation::{Axis, Number, Pair, Unread};
use crate::census::projection::{self, Crs};
use crate::census::territory::{Territory, metres_between};
use crate::census::vocabulary::Field;

/// A position whose last digit leaves more than this in doubt, in metres, is coarse. Whole seconds
/// (15 m) are not, three decimals of a degree (56 m) are.
pub(super) const COARSE_M: f64 = 20.0;

/// Metres in one degree of a meridian.
const DEGREE_M: f64 = 111_320.0;

/// Coordinates smaller than this, in degrees, are zeros in disguise.
const NULL_ISLAND_DEGREES: f64 = 0.5;

/// A point as people read it: degrees WGS 84, latitude first, to about a decimetre.
#[must_use]
pub fn in_figures(lat: f64, lon: f64) -> String {
    format!("{lat:.6} nord, {lon:.6} est").replace('.', ",")
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
    if !home.covered {
        return match territory.nearest(lon, lat, |one| one.covered) {
            Some((one, metres)) => format!(
                "Nel Comune di {}, fuori dal territorio, a {} dal Comune di {}.",
                home.name,
                distance(metres),
                one.name
            ),
            None => format!("Nel Comune di {}, fuori dal territorio.", home.name),
        };
    }
    let border = -territory.metres_outside(home, lon, lat);
    let other = territory.nearest(lon, lat, |one| one.istat != home.istat);
    let away = match other {
        // A border of the whole territory may be nearer than the nearest other Comune.
        Some((one, metres)) if metres <= border + SAME_M => {
            format!("a {} dal confine con {}", distance(metres), one.name)
        }
        _ => format!("a {} dal confine", distance(border)),
    };
    format!("Nel Comune di {}, {away}.", home.name)
}

/// A distance as people say it.
pub(super) fn distance(metres: f64) -> String {
    if metres < 999.5 {
        format!("{:.0} m", metres.max(0.0))
    } else if metres < 99_950.0 {
        format!("{:.1} km", metres / 1000.0).replace('.', ",")
    } else {
        format!("{:.0} km", metres / 1000.0)
    }
}

/// The findings and their words.
impl Doctor<'_> {
    pub(super) fn finding(&self, code: Code, field: Field, message: impl Into<String>) -> Finding {
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

    pub(super) fn unknown_crs(&self, text: &str) -> Finding {
        let message = format!(
            "Il sistema di riferimento «{}» non è tra quelli noti: indicatelo come EPSG:4326, EPSG:32632, EPSG:3003…",
            short(text)
        );
        self.finding(Code::PositionOtherCrs, Field::Lat, message)
    }

    pub(super) fn unread(&self, why: Unread) -> Finding {
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

    pub(super) fn null_island(&self, pair: &Pair, declared_crs: Option<&Crs>) -> Option<Finding> {
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

    pub(super) fn near_border(&self, reading: &Plain, metres: f64) -> Finding {
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
                "Il punto è {home}, {} oltre il confine di {witness}, che è generalizzato: lo attribuiamo al Comune di {witness}. \
                 Se è in un altro Comune, indicatelo.",
                distance(metres)
            );
            self.finding(Code::PositionBorderBody, Field::Lat, message)
        }
    }

    pub(super) fn away(&self, reading: &Plain, metres: f64) -> Finding {
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

    pub(super) fn outside(&self, pair: &Pair, reading: &Plain) -> Finding {
        let home = self.territory.containing(reading.lon, reading.lat);
        let nearest = self
            .territory
            .nearest(reading.lon, reading.lat, |one| one.covered);
        let place = home.map(|one| format!("nel Comune di {}", one.name));
        let away = nearest
            .map(|(one, metres)| format!("a {} dal Comune di {}", distance(metres), one.name));
        let words = place.into_iter().chain(away).collect::<Vec<_>>().join(", ");
        let near = match nearest {
            Some((one, metres)) if metres <= BORDER_BAND_M && self.witness.is_none() => {
                format!(" Se il dispositivo è di {}, indicate il Comune.", one.name)
            }
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
            "Le coordinate {}{how} cadono fuori dal territorio: {words}.{near} Controllate le cifre.",
            self.quoted()
        );
        self.finding(Code::PositionOutsideTerritory, field, message)
    }

    /// The numbers are no place on Earth, or metres of nowhere near.
    pub(super) fn impossible(&self, pair: &Pair, declared_crs: Option<&Crs>) -> Vec<Finding> {
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

    pub(super) fn coarse(&self, pair: &Pair, crs: &Crs) -> Option<Finding> {
        let doubt = doubt(pair, crs.geographic);
        (doubt > COARSE_M).then(|| {
            let message = format!(
                "Le coordinate {} hanno poche cifre: il punto può essere sbagliato di {}. Riportate almeno cinque \
                 decimali, oppure confermate con un motivo.",
                self.quoted(),
                distance((doubt / 10.0).round() * 10.0)
            );
            self.finding(Code::PositionCoarse, Field::Lat, message)
        })
    }

    /// How far the declared system moves the point from where the same numbers would be in WGS 84.
    pub(super) fn declared_datum(
        &self,
        pair: &Pair,
        reading: &Plain,
        crs: &Crs,
    ) -> Option<Finding> {
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
    pub(super) fn mishap(&self, only: &Hypothesis) -> Finding {
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
        if mishap.kilometres {
            what.push(format!("{} sembrano chilometri", self.quoted()));
        }
        if mishap.digit() {
            what.push("sembra mancare la prima cifra dei metri".to_owned());
        }
        if mishap.degrees || mishap.minutes {
            let parts = if mishap.degrees {
                "gradi, minuti e secondi"
            } else {
                "gradi e minuti"
            };
            what.push(format!(
                "{} sembrano {parts} scritti come decimali",
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
            let quoted = if mishap.cost() == 1 {
                format!(" ({})", self.quoted())
            } else {
                String::new()
            };
            what.push(if only.crs.geographic {
                format!("latitudine e longitudine{quoted} sembrano scambiate")
            } else {
                format!("nord ed est{quoted} sembrano scambiati")
            });
        }
        let message = format!(
            "{}. Letto così, il punto cade nel Comune di {}{}: se è giusto accettate la proposta.",
            capital(&what.join(", e ")),
            self.name_of(&only.comune),
            if only.covered {
                ""
            } else {
                ", fuori dal territorio"
            }
        );
        self.finding(mishap.code(), field, message)
            .proposing(vec![only.proposal()])
    }

    pub(super) fn ambiguous(&self, plain: Option<&Plain>, hypotheses: &[Hypothesis]) -> Finding {
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

/// How far the last digit leaves a position in doubt, in metres.
pub(super) fn doubt(pair: &Pair, geographic: bool) -> f64 {
    let to_metres = if geographic { DEGREE_M } else { 1.0 };
    let (north, east) = (pair.north.unit, pair.east.unit);
    // Spreadsheets drop the zeros at the end: the finer of the two tells how it was typed, unless
    // the other lost more than chance explains.
    let unit = if north.max(east) > 0.05 {
        north.max(east)
    } else {
        north.min(east)
    };
    unit * to_metres / 2.0
}

/// A hypothesis in a few words.
fn words(one: &Hypothesis) -> String {
    let what = match one.mishap.code() {
        Code::PositionOtherCrs if one.mishap.kilometres => {
            format!("in chilometri di {}", named(one.crs))
        }
        Code::PositionOtherCrs => format!("in {}", named(one.crs)),
        Code::PositionLostDecimal => "con il separatore dei decimali al suo posto".to_owned(),
        Code::PositionDegrees if one.mishap.minutes => "come gradi e minuti".to_owned(),
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

/// A system by name and code.
pub(super) fn named(crs: &Crs) -> String {
    format!("{} ({})", crs.name, crs.code)
}
