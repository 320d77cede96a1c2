//! The devices of the register and of a file, side by side, for telling which are the same.
//!
//! An import asks two things of every row: is its code already taken in the file, and what stands
//! within a step of its point. A query for each would cost more than all the rest, so both are kept
//! in memory, in some sixty bytes a device. Enforced by the tests below.

use crate::census::rules::{Neighbour, TOO_NEAR_M};
use crate::census::territory::metres_between;
use crate::census::vocabulary::Field;
use crate::storage::device::Mark;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// The height of a square, in degrees of latitude: more than [`TOO_NEAR_M`].
const HIGH: f64 = 2e-5;

/// The width of a square, in degrees of longitude: more than [`TOO_NEAR_M`] up to 60° north.
const WIDE: f64 = 4e-5;

/// No other.
const NONE: u32 = u32::MAX;

/// Devices by their body and code, and by where they stand.
#[derive(Default)]
pub(super) struct Nearby {
    hasher: RandomState,
    /// Bodies and codes, one after the other.
    text: String,
    known: Vec<Known>,
    by_key: HashTable<u32>,
    places: Vec<Place>,
    /// The last place of each square.
    by_square: HashTable<u32>,
}

/// A device that was met.
struct Known {
    /// Where its body ends and where its code ends in the text; it starts where the one before ends.
    body_end: u32,
    end: u32,
    /// The line of the file that is about it; 0 when none yet.
    line: u32,
    /// Its present place.
    place: u32,
}

/// Where a device stands, or stood before the file moved it.
struct Place {
    lon: f64,
    lat: f64,
    known: u32,
    /// The place before it in the same square.
    next: u32,
    azimut: i16,
    funzione: u8,
    direzione: u8,
}

impl Nearby {
    /// Adds a device of the register.
    pub fn add(&mut self, mark: Mark<'_>) {
        let known = self.known(mark.ente, mark.codice);
        self.place(known, mark);
    }

    /// Takes note that a line of the file is about a device; gives back the line that was before.
    pub fn see(&mut self, ente: &str, codice: &str, line: u64) -> Option<u64> {
        let index = self.known(ente, codice);
        let known = self.known.get_mut(index as usize)?;
        if known.line > 0 {
            return Some(u64::from(known.line));
        }
        known.line = u32::try_from(line).unwrap_or(NONE);
        None
    }

    /// Puts a device of the file where it stands, and takes it away from where it stood.
    pub fn accept(&mut self, mark: Mark<'_>) {
        let known = self.known(mark.ente, mark.codice);
        let stays = self
            .known
            .get(known as usize)
            .and_then(|known| self.places.get(known.place as usize))
            .is_some_and(|place| same(place, mark));
        if !stays {
            self.place(known, mark);
        }
    }

    /// The other devices within [`TOO_NEAR_M`] of a point in degrees, WGS 84.
    pub fn near(&self, lon: f64, lat: f64, ente: &str, codice: &str) -> Vec<Neighbour> {
        let (x, y) = square(lon, lat);
        let mut found = Vec::new();
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            let mut next = self.head((x + dx, y + dy));
            while let Some(place) = self.places.get(next as usize) {
                let metres = metres_between((lon, lat), (place.lon, place.lat));
                if metres <= TOO_NEAR_M && self.stands(next, place) {
                    let (body, code) = self.key(place.known);
                    if (body, code) != (ente, codice) {
                        found.push(neighbour(place, body, code, metres));
                    }
                }
                next = place.next;
            }
        }
        found.sort_by(|left, right| left.metres.total_cmp(&right.metres));
        found
    }

    /// Whether a place is the present one of its device.
    fn stands(&self, index: u32, place: &Place) -> bool {
        self.known
            .get(place.known as usize)
            .is_some_and(|known| known.place == index)
    }

    fn key(&self, index: u32) -> (&str, &str) {
        let start = match index.checked_sub(1) {
            Some(before) => self.known.get(before as usize).map_or(0, |known| known.end),
            None => 0,
        };
        let cut = |from: u32, to: u32| self.text.get(from as usize..to as usize);
        self.known
            .get(index as usize)
            .and_then(|known| Some((cut(start, known.body_end)?, cut(known.body_end, known.end)?)))
            .unwrap_or_default()
    }

    /// The device of a body with this code, met for the first time if need be.
    fn known(&mut self, ente: &str, codice: &str) -> u32 {
        let hash = self.hasher.hash_one((ente, codice));
        let same = |index: &u32| self.key(*index) == (ente, codice);
        if let Some(index) = self.by_key.find(hash, same) {
            return *index;
        }
        let index = length(self.known.len());
        self.text.push_str(ente);
        let body_end = length(self.text.len());
        self.text.push_str(codice);
        self.known.push(Known {
            body_end,
            end: length(self.text.len()),
            line: 0,
            place: NONE,
        });
        let mut table = std::mem::take(&mut self.by_key);
        table.insert_unique(hash, index, |index| self.hasher.hash_one(self.key(*index)));
        self.by_key = table;
        index
    }

    fn head(&self, square: (i32, i32)) -> u32 {
        let hash = self.hasher.hash_one(square);
        let same = |index: &u32| self.square_of(*index) == square;
        self.by_square.find(hash, same).copied().unwrap_or(NONE)
    }

    fn square_of(&self, index: u32) -> (i32, i32) {
        self.places
            .get(index as usize)
            .map(|place| square(place.lon, place.lat))
            .unwrap_or_default()
    }

    fn place(&mut self, known: u32, mark: Mark<'_>) {
        let index = length(self.places.len());
        if let Some(known) = self.known.get_mut(known as usize) {
            known.place = index;
        }
        let square = square(mark.lon, mark.lat);
        let hash = self.hasher.hash_one(square);
        let mut table = std::mem::take(&mut self.by_square);
        let before = table.find_mut(hash, |index| self.square_of(*index) == square);
        let next = match before {
            Some(head) => std::mem::replace(head, index),
            None => NONE,
        };
        self.places.push(Place {
            lon: mark.lon,
            lat: mark.lat,
            known,
            next,
            azimut: mark
                .azimut
                .and_then(|degrees| i16::try_from(degrees).ok())
                .unwrap_or(-1),
            funzione: number(Field::Funzione, mark.funzione),
            direzione: number(Field::Direzione, mark.direzione),
        });
        if next == NONE {
            table.insert_unique(hash, index, |index| {
                self.hasher.hash_one(self.square_of(*index))
            });
        }
        self.by_square = table;
    }
}

/// A length that the tables can hold: they are far from four thousand million.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NONE)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees divided by a hundred-thousandth stay far below the limit"
)]
fn square(lon: f64, lat: f64) -> (i32, i32) {
    ((lon / WIDE).floor() as i32, (lat / HIGH).floor() as i32)
}

fn same(place: &Place, mark: Mark<'_>) -> bool {
    place.lon.to_bits() == mark.lon.to_bits()
        && place.lat.to_bits() == mark.lat.to_bits()
        && place.funzione == number(Field::Funzione, mark.funzione)
        && place.direzione == number(Field::Direzione, mark.direzione)
        && i64::from(place.azimut) == mark.azimut.unwrap_or(-1)
}

/// The number of an entry in the closed list of a field; one beyond the last for none.
fn number(field: Field, code: &str) -> u8 {
    let terms = field.terms().unwrap_or_default();
    let index = terms
        .iter()
        .position(|term| term.code == code)
        .unwrap_or(terms.len());
    u8::try_from(index).unwrap_or(u8::MAX)
}

fn entry(field: Field, number: u8) -> &'static str {
    let terms = field.terms().unwrap_or_default();
    terms.get(number as usize).map_or("", |term| term.code)
}

fn neighbour(place: &Place, body: &str, code: &str, metres: f64) -> Neighbour {
    Neighbour {
        codice: code.to_owned(),
        ente: body.to_owned(),
        funzione: entry(Field::Funzione, place.funzione).to_owned(),
        azimut: Some(i64::from(place.azimut)).filter(|degrees| *degrees >= 0),
        direzione: Some(entry(Field::Direzione, place.direzione).to_owned())
            .filter(|way| !way.is_empty()),
        metres,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark<'a>(ente: &'a str, codice: &'a str, lon: f64) -> Mark<'a> {
        Mark {
            lon,
            lat: 45.46,
            ente,
            codice,
            funzione: "ztl",
            azimut: Some(90),
            direzione: "",
        }
    }

    fn codes(nearby: &Nearby, lon: f64, but: &str) -> Vec<String> {
        let found = nearby.near(lon, 45.46, "a", but);
        found.into_iter().map(|near| near.codice).collect()
    }

    #[test]
    fn a_code_is_seen_once_for_each_body() {
        let mut nearby = Nearby::default();
        assert_eq!(nearby.see("a", "1", 2), None);
        assert_eq!(nearby.see("a", "1", 3), Some(2));
        assert_eq!(nearby.see("b", "1", 4), None);
        assert_eq!(nearby.see("a", "11", 5), None);
        assert_eq!(nearby.see("a1", "1", 6), None);
    }

    #[test]
    fn a_device_is_near_where_it_stands_and_no_longer_where_it_stood() {
        let mut nearby = Nearby::default();
        nearby.add(mark("a", "1", 9.19));
        nearby.add(mark("b", "2", 9.190_01));
        assert_eq!(codes(&nearby, 9.19, "1"), ["2"]);
        assert_eq!(codes(&nearby, 9.19, "9"), ["1", "2"]);
        nearby.accept(mark("a", "1", 9.2));
        assert_eq!(codes(&nearby, 9.19, "9"), ["2"]);
        assert_eq!(codes(&nearby, 9.2, "9"), ["1"]);
        let one = nearby.near(9.2, 45.46, "a", "9");
        assert_eq!((one[0].funzione.as_str(), one[0].azimut), ("ztl", Some(90)));
    }

    #[test]
    fn many_devices_keep_their_places() {
        let mut nearby = Nearby::default();
        for number in 0..5_000_u32 {
            let code = number.to_string();
            nearby.add(mark("a", &code, 9.0 + f64::from(number % 2_500) * 1e-3));
        }
        for number in 0..2_500_u32 {
            let lon = 9.0 + f64::from(number) * 1e-3;
            assert_eq!(codes(&nearby, lon, "x").len(), 2, "{number}");
        }
    }
}
