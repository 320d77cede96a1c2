//! What the header of a column says: the attributes it may name, and how closely.
//!
//! Beyond the spellings of the attribute table, a header may be written in any case, carry units,
//! reference systems and notes, or be abbreviated: each of its words then begins a word of a
//! spelling. An abbreviation that may stand for two attributes stands for none.

use crate::census::projection;
use crate::census::vocabulary::{ATTRIBUTES, Field, fold};
use std::sync::OnceLock;

/// How far a header is from an attribute: 0 its very spelling, 1 to 3 its spelling, label or short
/// name in another case.
pub(super) const NAMED: u8 = 3;

/// A synonym.
const SYNONYM: u8 = 4;

/// Any of them without units, notes and punctuation: the farthest that is certain.
pub(super) const BARE: u8 = 5;

/// An abbreviation of one attribute.
pub(super) const ABBREVIATED: u8 = 6;

/// The fewest letters of an abbreviation.
const FEWEST: usize = 3;

/// Words that say nothing between others, and units that may follow a name.
const FILLERS: [&str; 17] = [
    "di", "del", "della", "dello", "dell", "dei", "delle", "il", "la", "lo", "le", "l", "in", "al",
    "da", "of", "the",
];
const UNITS: &[&str] = &[
    "m",
    "mt",
    "metri",
    "gradi",
    "deg",
    "giorni",
    "gg",
    "mp",
    "mpx",
    "megapixel",
    "dd",
    "epsg",
    "fuso",
    "wgs",
    "rdn",
    "etrs",
    "gauss",
    "boaga",
    "gb",
];

/// Headers of columns that hold a whole position, folded.
const PLACES: &[&str] = &[
    "posizione",
    "coordinate",
    "coordinates",
    "coordinate gps",
    "coordinate geografiche",
    "gps",
    "georeferenziazione",
    "location",
    "point",
    "punto",
    "lat lon",
    "lat lng",
    "lat long",
    "lat,lon",
    "lat, lon",
    "lat,lng",
    "lat, lng",
    "lat/lon",
    "latlon",
    "latlng",
    "lon,lat",
    "lon, lat",
    "wkt",
    "geom",
    "the geom",
    "geometry",
    "geometria",
    "geo point",
    "geo point 2d",
];

/// Whether a header says that its column holds a whole position.
pub(super) fn says_place(header: &str) -> bool {
    let folded = fold(header);
    PLACES.contains(&folded.as_str()) || PLACES.contains(&bare(header).join(" ").as_str())
}

/// The attributes a header may name, with how far it is from each.
pub(super) fn candidates(header: &str) -> Vec<(u8, Field)> {
    let folded = fold(header);
    let bare = bare(header);
    let near: Vec<_> = spelled()
        .iter()
        .filter_map(|spelled| Some((spelled.distance(header, &folded, &bare)?, spelled.field)))
        .collect();
    if near.is_empty() {
        return abbreviated(&bare).into_iter().collect();
    }
    near
}

/// The one attribute that these words abbreviate.
fn abbreviated(words: &[String]) -> Option<(u8, Field)> {
    if words.iter().map(String::len).sum::<usize>() < FEWEST {
        return None;
    }
    let begins = |spelling: &[String]| {
        spelling.len() == words.len()
            && words
                .iter()
                .zip(spelling)
                .all(|(start, word)| word.starts_with(start.as_str()))
    };
    if PLACES.iter().any(|place| begins(&bare(place))) {
        return None;
    }
    let mut found = spelled()
        .iter()
        .filter(|spelled| spelled.bare.iter().any(|spelling| begins(spelling)));
    match (found.next(), found.next()) {
        (Some(only), None) => Some((ABBREVIATED, only.field)),
        _ => None,
    }
}

/// The spellings of an attribute, ready to be compared.
struct Spelled {
    field: Field,
    folded: [String; 3],
    synonyms: &'static [&'static str],
    bare: Vec<Vec<String>>,
}

impl Spelled {
    fn distance(&self, header: &str, folded: &str, words: &[String]) -> Option<u8> {
        if header == self.field.name() {
            return Some(0);
        }
        (1..=NAMED)
            .zip(&self.folded)
            .find(|(_, spelling)| folded == *spelling)
            .map(|(distance, _)| distance)
            .or_else(|| self.synonyms.contains(&folded).then_some(SYNONYM))
            .or_else(|| {
                self.bare
                    .iter()
                    .any(|spelling| spelling == words)
                    .then_some(BARE)
            })
    }
}

fn spelled() -> &'static [Spelled] {
    static SPELLED: OnceLock<Vec<Spelled>> = OnceLock::new();
    SPELLED.get_or_init(|| {
        ATTRIBUTES
            .iter()
            .map(|attribute| {
                let spellings = [attribute.name, attribute.label, attribute.short];
                Spelled {
                    field: attribute.field,
                    folded: spellings.map(fold),
                    synonyms: attribute.synonyms,
                    bare: spellings
                        .iter()
                        .chain(attribute.synonyms)
                        .map(|spelling| bare(spelling))
                        .collect(),
                }
            })
            .collect()
    })
}

/// The words of a header that name something: without what stands in brackets, fillers, and the
/// units, numbers and reference systems at its end. A header that is nothing else stays as it is.
fn bare(header: &str) -> Vec<String> {
    let mut outside = words(&without_brackets(header));
    if outside.is_empty() {
        outside = words(header);
    }
    while outside.len() > 1 && outside.last().is_some_and(|last| is_note(last)) {
        outside.pop();
    }
    outside
}

fn is_note(word: &str) -> bool {
    UNITS.contains(&word)
        || word.bytes().all(|byte| byte.is_ascii_digit())
        || (word != "gps" && projection::system(word).is_some())
}

fn without_brackets(header: &str) -> String {
    let mut depth = 0_usize;
    header
        .chars()
        .filter(|letter| match letter {
            '(' | '[' | '{' => {
                depth += 1;
                false
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

/// The folded words of a header, those of `camelCase` apart, without fillers.
fn words(header: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(header.len() + 4);
    let mut before = ' ';
    for letter in header.chars() {
        if before.is_lowercase() && letter.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(letter);
        before = letter;
    }
    let folded = fold(&spaced);
    let mut words: Vec<String> = folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.iter().any(|word| !FILLERS.contains(&word.as_str())) {
        words.retain(|word| !FILLERS.contains(&word.as_str()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(header: &str) -> Option<Field> {
        let mut candidates = candidates(header);
        candidates.sort_unstable();
        candidates.first().map(|(_, field)| *field)
    }

    #[test]
    fn abbreviations_units_and_systems_are_understood() {
        for (header, field) in [
            ("Cod.", Field::Codice),
            ("N.", Field::Codice),
            ("cod. tel.", Field::Codice),
            ("Id_Telecamera", Field::Codice),
            ("idTelecamera", Field::Codice),
            ("Descr.", Field::Denominazione),
            ("Ubic.", Field::Indirizzo),
            ("INDIR.", Field::Indirizzo),
            ("coord. X", Field::Lon),
            ("Coord. Y (m)", Field::Lat),
            ("COORD_X_UTM32", Field::Lon),
            ("COORD_Y_UTM32N", Field::Lat),
            ("LAT_Y_4326", Field::Lat),
            ("Lat.", Field::Lat),
            ("Lat. Nord", Field::Lat),
            ("EST_GB", Field::Lon),
            ("Nord (Gauss-Boaga)", Field::Lat),
            ("Long.", Field::Lon),
            ("Latitudine [WGS84]", Field::Lat),
            ("longitudine (EPSG:4326)", Field::Lon),
            ("latitudine-wgs-84", Field::Lat),
            ("Altezza (m)", Field::AltezzaM),
            ("altezzaDaTerra", Field::AltezzaM),
            ("Prod.", Field::Marca),
            ("Mod.", Field::Modello),
            ("Matr.", Field::Matricola),
            ("anno-di-installazione", Field::AnnoInstallazione),
            ("Data di attivazione", Field::DataAttivazione),
            ("data attiv.", Field::DataAttivazione),
            ("Risoluzione Mpx", Field::RisoluzioneMp),
            ("Alim.", Field::Alimentazione),
        ] {
            assert_eq!(only(header), Some(field), "{header}");
        }
    }

    #[test]
    fn what_may_be_two_attributes_is_none() {
        for header in [
            "con.",
            "pos.",
            "vers.",
            "a",
            "",
            "IP",
            "Colonna 1",
            "( )",
            "2",
        ] {
            assert_eq!(only(header), None, "{header}");
        }
    }

    #[test]
    fn no_spelling_without_its_units_names_two_attributes() {
        for one in spelled() {
            for other in spelled().iter().filter(|other| other.field != one.field) {
                for words in &one.bare {
                    assert!(
                        !other.bare.contains(words),
                        "{words:?}: {} and {}",
                        one.field.name(),
                        other.field.name()
                    );
                }
            }
        }
    }
}
