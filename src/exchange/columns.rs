//! Which column of a file is which attribute.
//!
//! Headers are compared with the attribute table alone: the attribute's spelling, its label, its
//! short name, its synonyms, in this order; the closer match wins, and each attribute has one
//! column. A column that is not used is named, never dropped in silence. Enforced by the tests
//! below, one of which reads our own file back.

use super::csv::unguard;
use super::source::Row;
use crate::census::draft::Draft;
use crate::census::finding::{Code, Finding};
use crate::census::vocabulary::{ATTRIBUTES, Attribute, Field, Need, UNKNOWN, fold};
use geo::Rect;

/// Headers of columns that hold a whole position, folded.
const PLACES: &[&str] = &[
    "posizione",
    "coordinate",
    "coordinates",
    "coordinate gps",
    "gps",
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

/// How the place is called where a mapping is shown.
const PLACE: &str = "posizione";

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An attribute.
    Field(Field),
    /// The position in one cell.
    Place,
    /// Nothing.
    Ignored,
}

/// What every column of a file is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// One target for every column, in the order of the file.
    pub columns: Vec<Target>,
    header: Vec<String>,
}

impl Mapping {
    /// Matches the headers of a file. The sample of its rows decides between columns whose headers
    /// are equally good: for latitude and longitude, the one whose numbers lie in the window, which
    /// is the territory's extent in degrees, WGS 84, x eastwards.
    #[must_use]
    pub fn of(header: &[String], sample: &[Vec<String>], window: Option<Rect<f64>>) -> Self {
        let mut candidates = Vec::new();
        for (column, text) in header.iter().enumerate() {
            for attribute in ATTRIBUTES {
                if let Some(distance) = distance(text, attribute) {
                    let elsewhere = !lies_in(window, attribute.field, sample, column);
                    candidates.push((distance, elsewhere, column, attribute.field));
                }
            }
        }
        candidates.sort_unstable();
        let mut mapping = Self {
            columns: vec![Target::Ignored; header.len()],
            header: header.to_vec(),
        };
        for (_, _, column, field) in candidates {
            if mapping.column_of(Target::Field(field)).is_none()
                && let Some(target @ Target::Ignored) = mapping.columns.get_mut(column)
            {
                *target = Target::Field(field);
            }
        }
        mapping.find_place(sample);
        mapping
    }

    /// Takes the position from one column when latitude and longitude have not one each.
    fn find_place(&mut self, sample: &[Vec<String>]) {
        if self.has_coordinates() {
            return;
        }
        let place = self.header.iter().enumerate().position(|(column, text)| {
            PLACES.contains(&fold(text).as_str())
                && self.columns.get(column) == Some(&Target::Ignored)
                && holds_places(sample, column)
        });
        if let Some(target) = place.and_then(|column| self.columns.get_mut(column)) {
            *target = Target::Place;
        }
    }

    fn has_coordinates(&self) -> bool {
        [Field::Lat, Field::Lon]
            .into_iter()
            .all(|field| self.column_of(Target::Field(field)).is_some())
    }

    fn column_of(&self, target: Target) -> Option<usize> {
        self.columns.iter().position(|column| *column == target)
    }

    /// The header of the column taken for a field, for findings that name their column.
    #[must_use]
    pub fn header_of(&self, field: Field) -> Option<&str> {
        let column = self.column_of(Target::Field(field)).or_else(|| {
            matches!(field, Field::Lat | Field::Lon)
                .then(|| self.column_of(Target::Place))
                .flatten()
        })?;
        self.header.get(column).map(String::as_str)
    }

    /// Header and attribute of every column that is used, in the order of the file.
    pub fn used(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.header
            .iter()
            .zip(&self.columns)
            .filter_map(|(header, target)| match target {
                Target::Field(field) => Some((header.as_str(), field.name())),
                Target::Place => Some((header.as_str(), PLACE)),
                Target::Ignored => None,
            })
    }

    /// Headers of the columns that are not used, in the order of the file; columns without a
    /// header do not count.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.header
            .iter()
            .zip(&self.columns)
            .filter(|(header, target)| **target == Target::Ignored && !header.is_empty())
            .map(|(header, _)| header.as_str())
    }

    /// For every column that is not used, its header and the finding that says so.
    #[must_use]
    pub fn findings(&self) -> Vec<(String, Finding)> {
        self.ignored()
            .map(|header| (header.to_owned(), self.ignoring(header)))
            .collect()
    }

    fn ignoring(&self, header: &str) -> Finding {
        let message = match (self.header_of(Field::Lat), self.header_of(Field::Lon)) {
            (Some(lat), Some(lon)) if PLACES.contains(&fold(header).as_str()) => format!(
                "La colonna «{header}» ripete la posizione, che leggiamo da «{lat}» e «{lon}»: \
                 l’abbiamo ignorata."
            ),
            _ => format!(
                "La colonna «{header}» non corrisponde a nessun attributo: l’abbiamo ignorata."
            ),
        };
        Finding {
            code: Code::ColumnUnknown,
            field: None,
            value: header.chars().take(120).collect(),
            message,
            proposals: Vec::new(),
        }
    }

    /// The attributes a device cannot be saved without that have neither a column nor a constant.
    #[must_use]
    pub fn missing(&self, constants: &[(Field, String)]) -> Vec<Field> {
        ATTRIBUTES
            .iter()
            .filter(|attribute| attribute.need == Need::Save)
            .map(|attribute| attribute.field)
            .filter(|field| self.header_of(*field).is_none())
            .filter(|field| constants.iter().all(|(constant, _)| constant != field))
            .collect()
    }

    /// Gives every missing attribute that has a closed list the constant *non noto*, and says so
    /// once for the file.
    pub fn fill(&self, constants: &mut Vec<(Field, String)>) -> Vec<Finding> {
        let lists: Vec<_> = self
            .missing(constants)
            .into_iter()
            .filter(|field| field.terms().is_some())
            .collect();
        lists
            .into_iter()
            .map(|field| {
                constants.push((field, UNKNOWN.to_owned()));
                let label = field.attribute().label;
                let message = format!(
                    "Il file non ha la colonna «{}» ({label}): per i dispositivi nuovi il valore è \
                     «non noto». Chi importa dalla riga di comando può dare un valore a tutto il file con --set.",
                    field.name()
                );
                Finding::new(Code::ValueDefaulted, field, UNKNOWN, message)
            })
            .collect()
    }

    /// The device a row describes. A constant stands where the row says nothing.
    #[must_use]
    pub fn draft(&self, row: &Row, constants: &[(Field, String)]) -> Draft {
        let mut draft = Draft::default();
        for (cell, target) in row.cells.iter().zip(&self.columns) {
            match target {
                Target::Field(field) => draft.set(*field, unguard(cell)),
                Target::Place => unguard(cell).trim().clone_into(&mut draft.place),
                Target::Ignored => {}
            }
        }
        for (field, text) in constants {
            if draft.get(*field).is_empty() {
                draft.set(*field, text.as_str());
            }
        }
        draft
    }
}

/// How far a header is from an attribute: 0 its very spelling, 4 a synonym.
fn distance(header: &str, attribute: &Attribute) -> Option<u8> {
    if header == attribute.name {
        return Some(0);
    }
    let folded = fold(header);
    let spellings = [attribute.name, attribute.label, attribute.short];
    (1..)
        .zip(spellings)
        .find(|(_, spelling)| folded == fold(spelling))
        .map(|(distance, _)| distance)
        .or_else(|| attribute.synonyms.contains(&folded.as_str()).then_some(4))
}

/// Whether most numbers of a column lie where the territory has its latitudes or longitudes; true
/// for every other attribute.
fn lies_in(window: Option<Rect<f64>>, field: Field, sample: &[Vec<String>], column: usize) -> bool {
    let (low, high) = match (window, field) {
        (Some(window), Field::Lat) => (window.min().y, window.max().y),
        (Some(window), Field::Lon) => (window.min().x, window.max().x),
        _ => return true,
    };
    mostly(sample, column, |cell| {
        cell.replace(',', ".")
            .parse::<f64>()
            .is_ok_and(|number| (low..=high).contains(&number))
    })
}

/// Whether the texts of a column look like positions, so that a column of addresses is not taken
/// for one. A column without a text may be one.
fn holds_places(sample: &[Vec<String>], column: usize) -> bool {
    mostly(sample, column, |cell| {
        let lower = cell.to_lowercase();
        let digits = lower.chars().filter(char::is_ascii_digit).count();
        let letters = lower
            .chars()
            .filter(|letter| letter.is_alphabetic())
            .count();
        ["point", "srid", "http", "geo:", "{"]
            .iter()
            .any(|start| lower.starts_with(start))
            || (digits >= 6 && digits > letters)
    })
}

/// Whether at least half of the texts of a column are such.
fn mostly(sample: &[Vec<String>], column: usize, such: impl Fn(&str) -> bool) -> bool {
    let cells = sample
        .iter()
        .filter_map(|cells| cells.get(column))
        .map(|cell| cell.trim());
    let (yes, no): (Vec<_>, Vec<_>) = cells
        .filter(|cell| !cell.is_empty())
        .partition(|cell| such(cell));
    yes.len() >= no.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::{Record, Value};
    use crate::exchange::csv::{CsvReader, CsvWriter};
    use std::io::Cursor;

    fn milano() -> Rect<f64> {
        Rect::new((8.6, 45.1), (9.6, 45.7))
    }

    fn header(text: &str) -> Vec<String> {
        text.split(';').map(str::to_owned).collect()
    }

    fn mapped(text: &str) -> Vec<(String, &'static str)> {
        let mapping = Mapping::of(&header(text), &[], Some(milano()));
        mapping
            .used()
            .map(|(header, name)| (header.to_owned(), name))
            .collect()
    }

    fn row(cells: &[&str]) -> Row {
        let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
        Row {
            line: 2,
            record: 1,
            cells,
        }
    }

    #[test]
    fn the_gates_of_milano_map_by_themselves() {
        let header = header("id_amat;label;LONG_X_4326;LAT_Y_4326;Location");
        let mapping = Mapping::of(&header, &[], Some(milano()));
        let used: Vec<_> = mapping.used().collect();
        assert_eq!(
            used,
            [
                ("id_amat", "codice"),
                ("label", "denominazione"),
                ("LONG_X_4326", "lon"),
                ("LAT_Y_4326", "lat")
            ]
        );
        assert_eq!(mapping.ignored().collect::<Vec<_>>(), ["Location"]);
        let findings = mapping.findings();
        assert_eq!(findings[0].0, "Location");
        assert!(findings[0].1.message.contains("ripete la posizione"));
        assert_eq!(
            mapping.missing(&[(Field::Ente, "015146".to_owned())]),
            [Field::Comune, Field::Funzione, Field::Stato]
        );
    }

    #[test]
    fn a_missing_closed_list_is_not_known_and_said_once() {
        let mapping = Mapping::of(&header("codice;lat;lon"), &[], None);
        let mut constants = vec![(Field::Stato, "in_esercizio".to_owned())];
        let findings = mapping.fill(&mut constants);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].field, Some(Field::Funzione));
        let draft = mapping.draft(&row(&["7", "45.4", "9.1"]), &constants);
        assert_eq!(draft.get(Field::Funzione), "non_noto");
        assert_eq!(draft.get(Field::Stato), "in_esercizio");
        assert_eq!(draft.get(Field::Lat), "45.4");
    }

    #[test]
    fn the_closer_header_wins_and_the_other_is_named() {
        let mapping = Mapping::of(&header("id;codice;Nome;DENOM"), &[], None);
        let used: Vec<_> = mapping.used().collect();
        assert_eq!(used, [("codice", "codice"), ("DENOM", "denominazione")]);
        assert_eq!(mapping.ignored().collect::<Vec<_>>(), ["id", "Nome"]);
    }

    #[test]
    fn labels_and_short_names_are_understood_in_any_case() {
        assert_eq!(
            mapped("CODICE DELL'ENTE;Precisione (M);metodo_pos;velocità"),
            [
                ("CODICE DELL'ENTE".to_owned(), "codice"),
                ("Precisione (M)".to_owned(), "precisione_m"),
                ("metodo_pos".to_owned(), "metodo_posizione")
            ]
        );
    }

    #[test]
    fn between_equal_headers_the_numbers_decide() {
        let header = header("coord_y;y;coord_x;x");
        let sample = [row(&["5034536,7", "45,46", "514853,4", "9,19"]).cells];
        let mapping = Mapping::of(&header, &sample, Some(milano()));
        assert_eq!(
            mapping.used().collect::<Vec<_>>(),
            [("y", "lat"), ("x", "lon")]
        );
    }

    #[test]
    fn one_column_may_hold_the_position_when_it_looks_like_one() {
        let header = header("codice;Location");
        let places = [row(&["1", "(45.4776150167559, 9.18173638705536)"]).cells];
        let mapping = Mapping::of(&header, &places, None);
        assert_eq!(mapping.columns[1], Target::Place);
        assert_eq!(mapping.header_of(Field::Lon), Some("Location"));
        assert!(!mapping.missing(&[]).contains(&Field::Lat));
        assert_eq!(
            mapping.draft(&row(&["1", " 45.4, 9.1 "]), &[]).place,
            "45.4, 9.1"
        );
        let streets = [row(&["1", "Via Roma 12, 20100 Milano"]).cells];
        assert_eq!(
            Mapping::of(&header, &streets, None).columns[1],
            Target::Ignored
        );
    }

    #[test]
    fn our_own_file_comes_back_with_every_value() {
        let mut record = Record::default();
        for attribute in ATTRIBUTES {
            let value = match attribute.kind.store() {
                crate::census::record::Store::Text => {
                    Value::Text(format!("=è «{}»;\n\"2\"", attribute.name))
                }
                crate::census::record::Store::Integer => Value::Integer(-3),
                crate::census::record::Store::Decimal => Value::Decimal(-45.477_615_016_755_9),
            };
            record.set(attribute.field, Some(value));
        }
        let mut writer = CsvWriter::new(Vec::new()).unwrap();
        writer.row(&record).unwrap();
        writer.row(&Record::default()).unwrap();
        let bytes = writer.finish().unwrap();
        let mut file = CsvReader::open(Cursor::new(bytes)).unwrap();
        let mapping = Mapping::of(file.header(), file.sample(), None);
        let fields: Vec<_> = Field::ALL.iter().copied().map(Target::Field).collect();
        assert_eq!(mapping.columns, fields);
        assert_eq!(file.detected().decimal, ',');
        let draft = mapping.draft(&file.next().unwrap().unwrap(), &[]);
        for field in Field::ALL {
            let expected = match record.get(*field) {
                Some(Value::Decimal(_)) => record.plain(*field).replace('.', ","),
                _ => record.plain(*field),
            };
            assert_eq!(draft.get(*field), expected);
        }
        assert!(file.next().is_none());
    }
}
