//! What the cells of a column are, when its header does not say.
//!
//! Every guess needs four cells out of five to agree, and is a guess: it is shown as one. Yes and
//! no, dates and plain numbers could be anything and are never guessed.

use super::Hints;
use crate::census::notation::{self, Number};
use crate::census::projection::{self, Crs};
use crate::census::rules::World;
use crate::census::vocabulary::{Field, Kind, MAKES, Need, UNKNOWN, fold};
use geo::Rect;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// A territory wider than this, in degrees, says nothing about a number.
const WIDEST: f64 = 20.0;

/// No degrees are beyond this.
const METRES: f64 = 1_000.0;

/// The misfit of cells that are something else.
pub(super) const UNFIT: u8 = 2;

/// How a code may be long, in characters.
const CODE_LENGTH: usize = 24;

/// How streets begin, folded and without points.
const STREETS: &[&str] = &[
    "via",
    "viale",
    "vle",
    "piazza",
    "pza",
    "pzza",
    "piazzale",
    "ple",
    "piazzetta",
    "corso",
    "cso",
    "largo",
    "lgo",
    "strada",
    "str",
    "vicolo",
    "vic",
    "vlo",
    "alzaia",
    "galleria",
    "cavalcavia",
    "sottopasso",
    "tangenziale",
    "autostrada",
    "lungolago",
    "bastioni",
    "contrada",
    "sp",
    "ss",
    "sr",
    "sc",
];

/// The cells of one column that hold something.
pub(super) struct Cells<'a>(Vec<&'a str>);

impl<'a> Cells<'a> {
    pub(super) fn of(sample: &'a [Vec<String>], column: usize) -> Self {
        Self(
            sample
                .iter()
                .filter_map(|cells| cells.get(column))
                .map(|cell| cell.trim())
                .filter(|cell| !cell.is_empty())
                .collect(),
        )
    }

    /// Some of them, each once.
    pub(super) fn examples(&self, number: usize) -> Vec<String> {
        let mut seen = HashSet::new();
        let different = self.0.iter().filter(|cell| seen.insert(**cell));
        different
            .take(number)
            .map(|cell| (*cell).to_owned())
            .collect()
    }

    /// Whether at least half are such; so are none.
    pub(super) fn mostly(&self, such: impl Fn(&str) -> bool) -> bool {
        self.count(such) * 2 >= self.0.len()
    }

    /// Whether four out of five are such, and there is one.
    fn agree(&self, such: impl Fn(&str) -> bool) -> bool {
        !self.0.is_empty() && self.count(such) * 5 >= self.0.len() * 4
    }

    fn count(&self, such: impl Fn(&str) -> bool) -> usize {
        self.0.iter().filter(|cell| such(cell)).count()
    }

    fn distinct(&self) -> usize {
        self.0.iter().collect::<HashSet<_>>().len()
    }
}

/// What is known of the place, to compare cells with.
pub(super) struct Around<'a> {
    world: Option<&'a World>,
    window: Option<Rect<f64>>,
    metric: OnceCell<Vec<Rect<f64>>>,
}

impl<'a> Around<'a> {
    pub(super) fn of(hints: &Hints<'a>) -> Self {
        let narrow = |window: &Rect<f64>| window.width() < WIDEST && window.height() < WIDEST;
        Self {
            world: hints.world,
            window: hints.window.filter(narrow),
            metric: OnceCell::new(),
        }
    }

    /// Where the territory lies in each system of metres, eastings along x.
    fn metric(&self) -> &[Rect<f64>] {
        self.metric.get_or_init(|| {
            let systems = projection::SYSTEMS.iter().filter(|crs| !crs.geographic);
            systems
                .filter_map(|crs| projected(crs, self.window?))
                .collect()
        })
    }

    /// How badly cells fit an attribute whose name the header has: 0 when they may well be such,
    /// their numbers in range, their words in the list; 1 for metres where degrees would be
    /// better; 2 when they are something else.
    pub(super) fn misfit(&self, field: Field, cells: &Cells) -> u8 {
        let fits = match field.attribute().kind {
            Kind::Latitude | Kind::Longitude => return self.off(field, cells),
            Kind::Integer(low, high) => {
                #[expect(clippy::cast_precision_loss, reason = "the bounds are small")]
                let (low, high) = (low as f64, high as f64);
                cells.mostly(|cell| in_range(cell, low, high))
            }
            Kind::Decimal(low, high) => cells.mostly(|cell| in_range(cell, low, high)),
            Kind::Date | Kind::Year(_) => cells.mostly(|cell| cell.contains(is_digit)),
            Kind::One(_) | Kind::Many(_) => {
                cells.mostly(|cell| lists_of(cell).is_none_or(|lists| has(lists, field)))
            }
            _ => true,
        };
        if fits { 0 } else { UNFIT }
    }

    /// The same for latitudes and longitudes.
    fn off(&self, field: Field, cells: &Cells) -> u8 {
        let side = |window: &Rect<f64>| match field {
            Field::Lat => window.min().y..=window.max().y,
            _ => window.min().x..=window.max().x,
        };
        let Some(degrees) = self.window.as_ref().map(side) else {
            return 0;
        };
        let inside = |cell: &str| coordinate(cell).iter().any(|value| degrees.contains(value));
        let metres = |cell: &str| {
            let values = coordinate(cell);
            let mut large = values.iter().filter(|value| value.abs() > METRES);
            large.any(|value| self.metric().iter().any(|one| side(one).contains(value)))
        };
        if cells.mostly(inside) {
            0
        } else if cells.mostly(metres) {
            1
        } else {
            UNFIT
        }
    }

    /// Whether the cells are one coordinate each, in degrees or metres.
    pub(super) fn are_coordinates(&self, cells: &Cells) -> bool {
        self.window.is_some()
            && cells.agree(fine)
            && [Field::Lat, Field::Lon]
                .into_iter()
                .any(|field| self.off(field, cells) < UNFIT)
    }

    /// Whether the cells are positions, both coordinates in each.
    pub(super) fn are_places(&self, cells: &Cells) -> bool {
        cells.agree(|cell| {
            looks_like_a_place(cell)
                && (are_two(cell) || coordinate(cell).is_empty())
                && notation::pair(cell).is_ok_and(|pairs| {
                    self.window.is_none()
                        || pairs.iter().any(|pair| {
                            self.meets(pair.north.value, pair.east.value)
                                || self.meets(pair.east.value, pair.north.value)
                        })
                })
        })
    }

    fn meets(&self, north: f64, east: f64) -> bool {
        let contains = |window: &Rect<f64>| {
            (window.min().x..=window.max().x).contains(&east)
                && (window.min().y..=window.max().y).contains(&north)
        };
        self.window.iter().any(contains)
            || (north.abs() > METRES && self.metric().iter().any(contains))
    }

    /// The two columns that together are latitudes and longitudes, or northings and eastings: of
    /// those given, the first ones.
    pub(super) fn coordinates(
        &self,
        sample: &[Vec<String>],
        norths: &[usize],
        easts: &[usize],
    ) -> Option<(usize, usize)> {
        let window = self.window?;
        let in_window = |column: usize, low: f64, high: f64| {
            Cells::of(sample, column).agree(|cell| {
                fine(cell)
                    && coordinate(cell)
                        .iter()
                        .any(|value| (low..=high).contains(value))
            })
        };
        let pair = |window: &Rect<f64>| {
            let north = norths
                .iter()
                .find(|column| in_window(**column, window.min().y, window.max().y))?;
            let east = easts.iter().find(|column| {
                *column != north && in_window(**column, window.min().x, window.max().x)
            })?;
            Some((*north, *east))
        };
        let large = |columns: &[usize]| {
            columns.iter().any(|column| {
                Cells::of(sample, *column)
                    .agree(|cell| coordinate(cell).iter().any(|value| value.abs() > METRES))
            })
        };
        pair(&window).or_else(|| {
            let metres = large(norths) && large(easts);
            metres
                .then(|| self.metric().iter().find_map(pair))
                .flatten()
        })
    }

    /// The attribute whose values the cells are, if they are those of one alone.
    pub(super) fn attribute(&self, cells: &Cells) -> Option<Field> {
        listed(cells)
            .or_else(|| self.known(cells))
            .or_else(|| cells.agree(is_make).then_some(Field::Marca))
            .or_else(|| cells.agree(is_street).then_some(Field::Indirizzo))
    }

    /// Names and codes that the installation knows.
    fn known(&self, cells: &Cells) -> Option<Field> {
        let world = self.world?;
        let named = |cell: &str| {
            let digits = cell.bytes().filter(u8::is_ascii_digit).count();
            digits == 0 || (digits == 6 && cell.len() == 6)
        };
        let bodies = cells.agree(|cell| named(cell) && world.bodies.find(cell).is_some());
        let titled = cells.agree(|cell| {
            let folded = fold(cell);
            folded.starts_with("comune ") || folded.starts_with("citta ")
        });
        if bodies && titled {
            return Some(Field::Ente);
        }
        if cells.agree(|cell| named(cell) && world.territory.find(cell).is_some()) {
            return Some(Field::Comune);
        }
        if bodies {
            return Some(Field::Ente);
        }
        cells
            .agree(|cell| world.software.find(cell).is_some())
            .then_some(Field::Software)
    }
}

/// Whether the cells are short codes, each its own. Plain numbers are one only where the header
/// is none, or the column the first.
pub(super) fn are_codes(cells: &Cells, rows: usize, numbers_too: bool) -> bool {
    let code = |cell: &str| {
        let number = cell.bytes().all(|byte| byte.is_ascii_digit());
        cell.chars().count() <= CODE_LENGTH
            && cell.contains(is_digit)
            && cell
                .chars()
                .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '/' | '.'))
            && (numbers_too || !number)
            && (number || cell.contains(char::is_alphabetic))
    };
    rows > 1 && cells.0.len() == rows && cells.distinct() == rows && cells.agree(code)
}

/// Whether a column with the name of an attribute is to be read although its cells do not fit. Of
/// an optional list none of whose entries is there, it would only bring errors: «Foto» with the
/// names of files.
pub(super) fn may_be_worth(field: Field, cells: &Cells) -> bool {
    let attribute = field.attribute();
    attribute.need != Need::Optional
        || field.terms().is_none()
        || cells.count(|cell| lists_of(cell).is_none_or(|lists| has(lists, field))) > 0
}

/// Whether the cells are whole numbers, such as revisions have.
pub(super) fn are_whole(cells: &Cells) -> bool {
    cells.mostly(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// Whether a text has the look of two coordinates, so that an address is not taken for them.
pub(super) fn looks_like_a_place(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    let letters = lower
        .chars()
        .filter(|letter| letter.is_alphabetic())
        .count();
    ["point", "srid", "http", "geo:", "{"]
        .iter()
        .any(|start| lower.starts_with(start))
        || (digits >= 6 && digits > letters && lower.contains([' ', ',', ';', '/', '|']))
}

/// Whether a text is two numbers and nothing else.
fn are_two(cell: &str) -> bool {
    let parts = cell
        .split([' ', ';', '/', '|'])
        .map(|part| part.trim_end_matches(','))
        .filter(|part| !part.is_empty());
    let mut numbers = parts.map(|part| part.replace(',', ".").parse::<f64>().is_ok());
    let (first, second) = (numbers.next(), numbers.next());
    (first, second, numbers.next()) == (Some(true), Some(true), None)
}

/// The numbers that a text for one coordinate may mean, in degrees or metres. Beside a zero that is
/// read as such: a text that holds the whole position takes its place.
fn coordinate(cell: &str) -> Vec<f64> {
    let zero = |number: &Number| number.value.abs() < f64::EPSILON;
    let north = notation::columns(cell, "0").unwrap_or_default();
    let north = north
        .into_iter()
        .filter(|pair| zero(&pair.east))
        .map(|pair| pair.north);
    let east = notation::columns("0", cell).unwrap_or_default();
    let east = east
        .into_iter()
        .filter(|pair| zero(&pair.north))
        .map(|pair| pair.east);
    let north: Vec<Number> = north.collect();
    let read = if north.is_empty() {
        east.collect()
    } else {
        north
    };
    read.into_iter()
        .flat_map(|number| [Some(number.value), number.grouped])
        .flatten()
        .collect()
}

/// Whether a number is written finely enough to be a coordinate: degrees with three decimals or
/// minutes, or whole metres.
fn fine(cell: &str) -> bool {
    cell.bytes().filter(u8::is_ascii_digit).count() >= 5
}

/// Whether a number, with or without its unit, is within bounds; words may be anything short.
fn in_range(cell: &str, low: f64, high: f64) -> bool {
    let number = cell.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    match number.replace(',', ".").parse::<f64>() {
        Ok(number) => (low..=high).contains(&number),
        Err(_) => cell.len() <= 12 || number.contains(is_digit),
    }
}

fn projected(crs: &Crs, window: Rect<f64>) -> Option<Rect<f64>> {
    let (min, max) = (window.min(), window.max());
    let corners = [
        (min.x, min.y),
        (min.x, max.y),
        (max.x, min.y),
        (max.x, max.y),
    ];
    let points: Vec<_> = corners
        .into_iter()
        .map(|(lon, lat)| projection::from_wgs84(crs, lon, lat))
        .collect::<Option<_>>()?;
    let (first, rest) = points.split_first()?;
    let bounds = rest.iter().fold((*first, *first), |(low, high), point| {
        (
            (low.0.min(point.0), low.1.min(point.1)),
            (high.0.max(point.0), high.1.max(point.1)),
        )
    });
    Some(Rect::new(bounds.0, bounds.1))
}

/// Fields as the bits of a number: there are fewer than 64.
type Lists = u64;

const fn has(lists: Lists, field: Field) -> bool {
    lists & bit(field) != 0
}

const fn bit(field: Field) -> Lists {
    1 << (field as u32)
}

const _: () = assert!(Field::COUNT <= Lists::BITS as usize);

/// The fields whose lists have a text as an entry, none for a text that says that it is not known.
/// Of several entries in one text, the fields that have them all.
fn lists_of(cell: &str) -> Option<Lists> {
    let entries = entries();
    let one = |text: &str| {
        entries
            .get(fold(text).trim_end_matches(['.', '\'', '!']))
            .copied()
    };
    match one(cell) {
        Some(0) => None,
        Some(lists) => Some(lists),
        None => Some(
            cell.split([',', ';', '/', '+'])
                .map(|piece| one(piece).unwrap_or(0))
                .fold(several(), |all, lists| all & lists),
        ),
    }
}

/// The fields that may have several entries.
fn several() -> Lists {
    Field::ALL
        .iter()
        .filter(|field| matches!(field.attribute().kind, Kind::Many(_)))
        .fold(0, |lists, field| lists | bit(*field))
}

/// Every folded spelling of every list, with the fields it belongs to.
fn entries() -> &'static HashMap<String, Lists> {
    static ENTRIES: OnceLock<HashMap<String, Lists>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut entries = HashMap::new();
        for field in Field::ALL {
            for term in field.terms().unwrap_or_default() {
                let unknown = term.code == UNKNOWN;
                let names = [term.code, term.label].map(fold);
                for spelling in names
                    .into_iter()
                    .chain(term.synonyms.iter().map(|&synonym| synonym.to_owned()))
                {
                    *entries.entry(spelling).or_insert(0) |= if unknown { 0 } else { bit(*field) };
                }
            }
        }
        entries
    })
}

/// The one field whose list the cells are taken from.
fn listed(cells: &Cells) -> Option<Field> {
    let words: Vec<_> = cells
        .0
        .iter()
        .copied()
        .filter(|cell| !cell.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|cell| Some((cell, lists_of(cell)?)))
        .collect();
    let texts = Cells(words.iter().map(|(cell, _)| *cell).collect());
    if words.len() * 2 < cells.0.len() || (texts.distinct() < 2 && words.len() < 3) {
        return None;
    }
    let mut fitting = Field::ALL.iter().filter(|field| {
        let yes = words.iter().filter(|(_, lists)| has(*lists, **field));
        yes.count() * 5 >= words.len() * 4
    });
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(*only),
        _ => None,
    }
}

fn is_make(cell: &str) -> bool {
    MAKES.contains(&fold(cell).as_str())
}

fn is_street(cell: &str) -> bool {
    let folded = fold(cell).replace('.', "");
    let start = folded
        .split(|letter: char| !letter.is_alphabetic())
        .next()
        .unwrap_or_default();
    folded.len() > start.len() && STREETS.contains(&start)
}
