//! Which column of a file is which attribute.
//!
//! What a person said of a header before wins; then headers are compared with the attribute table:
//! the attribute's spelling, its label, its short name, its synonyms, its abbreviations, in this
//! order; what no header says, the cells may. Each attribute has one column. A column that is not
//! used is named, never dropped in silence. Enforced by the tests below, one of which reads our own
//! file back.

mod content;
mod header;
mod scheme;

pub use scheme::{Scheme, Swap};

use super::csv::unguard;
use super::source::{Certainty, GEOMETRY, Row};
use crate::census::draft::Draft;
use crate::census::finding::{Code, Finding};
use crate::census::rules::World;
use crate::census::vocabulary::{ATTRIBUTES, Field, Need, UNKNOWN, fold};
use content::{Around, Cells};
use geo::Rect;
use std::collections::HashMap;

/// How the place is called where a mapping is shown.
const PLACE: &str = "posizione";

/// The header of the column that our own files have after the attributes: the number of the
/// device's revision that the row shows.
pub const REVISION: &str = "revisione";

/// The headers of our own files: the spelling of every attribute, then [`REVISION`].
pub fn ours() -> impl Iterator<Item = &'static str> {
    Field::ALL
        .iter()
        .map(|field| field.name())
        .chain([REVISION])
}

/// How many examples of a column's cells are kept.
const EXAMPLES: usize = 3;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// An attribute.
    Field(Field),
    /// The position in one cell.
    Place,
    /// The number of the revision that the row was made from.
    Revision,
    /// Nothing.
    Ignored,
}

impl Target {
    /// Its spelling in forms and schemes: the attribute's, `posizione`, `revisione`, or nothing.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Place => PLACE,
            Self::Revision => REVISION,
            Self::Ignored => "",
        }
    }

    /// The target with this spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::Ignored),
            PLACE => Some(Self::Place),
            REVISION => Some(Self::Revision),
            name => Field::named(name).map(Self::Field),
        }
    }

    /// Whether both would say where the device is.
    const fn excludes(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Place, Self::Field(Field::Lat | Field::Lon))
                | (Self::Field(Field::Lat | Field::Lon), Self::Place)
        )
    }
}

/// What helps to tell the columns of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The territory's extent in degrees, WGS 84, x eastwards.
    pub window: Option<Rect<f64>>,
    /// Whether the rows have a geometry of their own, in the column [`GEOMETRY`].
    pub spatial: bool,
    /// What the installation knows by name.
    pub world: Option<&'a World>,
    /// What a person said of files like this one.
    pub remembered: Option<&'a Scheme>,
}

/// What every column of a file is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// One target for every column, in the order of the file.
    pub columns: Vec<Target>,
    /// What to read instead of a value: by field, the folded value and what a person wants for it.
    values: HashMap<Field, HashMap<String, String>>,
    header: Vec<String>,
    certainties: Vec<Certainty>,
    examples: Vec<Vec<String>>,
}

/// A column as a person looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its header.
    pub header: &'a str,
    /// What it is taken for.
    pub target: Target,
    /// How sure that is.
    pub certainty: Certainty,
    /// Some of its cells.
    pub examples: &'a [String],
}

impl Mapping {
    /// Matches the columns of a file with what a record has. The sample is some of its first rows.
    #[must_use]
    pub fn of(header: &[String], sample: &[Vec<String>], hints: &Hints) -> Self {
        let mut mapping = Self {
            columns: vec![Target::Ignored; header.len()],
            values: HashMap::new(),
            header: header.to_vec(),
            certainties: vec![Certainty::Guessed; header.len()],
            examples: (0..header.len())
                .map(|column| Cells::of(sample, column).examples(EXAMPLES))
                .collect(),
        };
        if let Some(scheme) = hints.remembered {
            mapping.remember(scheme);
        }
        if hints.spatial
            && let Some(column) = header.iter().position(|header| header == GEOMETRY)
        {
            mapping.take(column, Target::Place, Certainty::Stated);
        }
        let around = Around::of(hints);
        let doubtful = mapping.read_headers(sample, &around);
        mapping.find_place(sample);
        mapping.read_cells(sample, &around);
        for (column, field) in doubtful {
            if content::may_be_worth(field, &Cells::of(sample, column)) {
                mapping.take(column, Target::Field(field), Certainty::Likely);
            }
        }
        mapping.find_codes(sample);
        mapping
    }

    /// Takes a column for something, unless either is already taken.
    fn take(&mut self, column: usize, target: Target, certainty: Certainty) -> bool {
        let taken = self
            .columns
            .iter()
            .any(|other| *other == target || target.excludes(*other));
        if taken || !self.is_free(column) {
            return false;
        }
        self.put(column, target, certainty);
        true
    }

    fn put(&mut self, column: usize, target: Target, certainty: Certainty) {
        if let (Some(column), Some(known)) = (
            self.columns.get_mut(column),
            self.certainties.get_mut(column),
        ) {
            *column = target;
            *known = certainty;
        }
    }

    /// Whether nobody has said yet what a column is.
    fn is_free(&self, column: usize) -> bool {
        self.columns.get(column) == Some(&Target::Ignored)
            && self.certainties.get(column) != Some(&Certainty::Chosen)
    }

    fn free(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|column| self.is_free(*column))
            .collect()
    }

    /// Takes the columns whose headers name an attribute, the closest first; of equal headers, the
    /// one whose cells fit. Gives back those whose header is only near and whose cells do not fit.
    fn read_headers(&mut self, sample: &[Vec<String>], around: &Around) -> Vec<(usize, Field)> {
        let mut candidates = Vec::new();
        for column in self.free() {
            let text = self.header.get(column).map_or("", String::as_str);
            let cells = Cells::of(sample, column);
            if fold(text) == REVISION && content::are_whole(&cells) {
                self.take(column, Target::Revision, Certainty::Sure);
                continue;
            }
            for (distance, field) in header::candidates(text) {
                // «N» is a number or the north.
                let north =
                    text.len() < 3 && field == Field::Codice && around.are_coordinates(&cells);
                let misfit = if north {
                    content::UNFIT
                } else {
                    around.misfit(field, &cells)
                };
                candidates.push((distance, misfit, column, field));
            }
        }
        candidates.sort_unstable();
        let mut doubtful = Vec::new();
        for (distance, misfit, column, field) in candidates {
            if misfit == content::UNFIT && distance > header::NAMED {
                if distance <= header::BARE {
                    doubtful.push((column, field));
                }
                continue;
            }
            let certainty = if distance <= header::BARE {
                Certainty::Sure
            } else {
                Certainty::Likely
            };
            self.take(column, Target::Field(field), certainty);
        }
        doubtful
    }

    /// Takes the position from one column that says so when latitude and longitude have not one
    /// each.
    fn find_place(&mut self, sample: &[Vec<String>]) {
        if self.has_coordinates() {
            return;
        }
        let place = self.free().into_iter().find(|column| {
            self.header
                .get(*column)
                .is_some_and(|header| header::says_place(header))
                && Cells::of(sample, *column).mostly(content::looks_like_a_place)
        });
        if let Some(column) = place {
            self.take_place(column, Certainty::Sure);
        }
    }

    /// A whole position wins over one coordinate.
    fn take_place(&mut self, column: usize, certainty: Certainty) {
        for lone in [Field::Lat, Field::Lon] {
            if let Some(column) = self.column_of(Target::Field(lone))
                && self.certainties.get(column) != Some(&Certainty::Chosen)
            {
                self.put(column, Target::Ignored, Certainty::Likely);
            }
        }
        self.take(column, Target::Place, certainty);
    }

    /// Guesses from their cells what the columns are whose headers say nothing.
    fn read_cells(&mut self, sample: &[Vec<String>], around: &Around) {
        if !self.has_coordinates() && self.column_of(Target::Place).is_none() {
            let place = self
                .free()
                .into_iter()
                .find(|column| around.are_places(&Cells::of(sample, *column)));
            match place {
                Some(column) => self.take_place(column, Certainty::Guessed),
                None => self.find_coordinates(sample, around),
            }
        }
        for column in self.free() {
            if let Some(field) = around.attribute(&Cells::of(sample, column)) {
                self.take(column, Target::Field(field), Certainty::Guessed);
            }
        }
    }

    fn find_coordinates(&mut self, sample: &[Vec<String>], around: &Around) {
        let columns = |field| match self.column_of(Target::Field(field)) {
            Some(column) => vec![column],
            None => self.free(),
        };
        let (norths, easts) = (columns(Field::Lat), columns(Field::Lon));
        if let Some((north, east)) = around.coordinates(sample, &norths, &easts) {
            self.take(north, Target::Field(Field::Lat), Certainty::Guessed);
            self.take(east, Target::Field(Field::Lon), Certainty::Guessed);
        }
    }

    /// Guesses which column has the codes, when none says so.
    fn find_codes(&mut self, sample: &[Vec<String>]) {
        if self.column_of(Target::Field(Field::Codice)).is_some() {
            return;
        }
        let codes = self.free().into_iter().find(|column| {
            let made_up = self.header.get(*column).is_some_and(|header| {
                let header = fold(header);
                header.is_empty() || header.starts_with("colonna ")
            });
            let cells = Cells::of(sample, *column);
            content::are_codes(&cells, sample.len(), made_up || *column == 0)
        });
        if let Some(column) = codes {
            self.take(column, Target::Field(Field::Codice), Certainty::Guessed);
        }
    }

    /// Takes a column for something because a person says so. What was taken for it before is
    /// taken for nothing; a whole position and the two coordinates exclude each other.
    pub fn choose(&mut self, column: usize, target: Target) {
        for other in 0..self.columns.len() {
            let same = self
                .columns
                .get(other)
                .is_some_and(|other| *other == target || target.excludes(*other));
            if same && target != Target::Ignored {
                self.put(other, Target::Ignored, Certainty::Chosen);
            }
        }
        self.put(column, target, Certainty::Chosen);
    }

    /// Reads another value wherever a field has this one, whatever its case and accents; an empty
    /// one is no value.
    pub fn set_value(&mut self, field: Field, from: &str, to: &str) {
        self.values
            .entry(field)
            .or_default()
            .insert(fold(from), to.to_owned());
    }

    /// The values that are read as others: field, folded value, what is read for it; in the order
    /// of the record.
    #[must_use]
    pub fn values(&self) -> Vec<(Field, &str, &str)> {
        let mut values: Vec<_> = self
            .values
            .iter()
            .flat_map(|(field, values)| {
                values
                    .iter()
                    .map(|(from, to)| (*field, from.as_str(), to.as_str()))
            })
            .collect();
        values.sort_unstable();
        values
    }

    /// How sure it is what a column is taken for.
    #[must_use]
    pub fn certainty(&self, column: usize) -> Certainty {
        self.certainties
            .get(column)
            .copied()
            .unwrap_or(Certainty::Guessed)
    }

    /// Every column with what a person needs to judge what it was taken for.
    pub fn seen(&self) -> impl Iterator<Item = Column<'_>> {
        self.header
            .iter()
            .enumerate()
            .map(|(index, header)| Column {
                index,
                header,
                target: self.columns.get(index).copied().unwrap_or(Target::Ignored),
                certainty: self.certainty(index),
                examples: self.examples.get(index).map_or(&[], Vec::as_slice),
            })
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
                Target::Ignored => None,
                used => Some((header.as_str(), used.name())),
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
        let message = self.repeated(header).unwrap_or_else(|| {
            format!("La colonna «{header}» non corrisponde a nessun attributo: l’abbiamo ignorata.")
        });
        Finding {
            code: Code::ColumnUnknown,
            field: None,
            value: header.chars().take(120).collect(),
            message,
            proposals: Vec::new(),
        }
    }

    /// Where the position is read from instead, for a column that has it as well.
    fn repeated(&self, header: &str) -> Option<String> {
        let coordinate = || {
            let mut near = header::candidates(header).into_iter();
            near.any(|(_, field)| matches!(field, Field::Lat | Field::Lon))
        };
        let from = match self.column_of(Target::Place) {
            Some(place) if header::says_place(header) || coordinate() => {
                format!("«{}»", self.header.get(place)?)
            }
            None if header::says_place(header) => format!(
                "«{}» e «{}»",
                self.header_of(Field::Lat)?,
                self.header_of(Field::Lon)?
            ),
            _ => return None,
        };
        Some(format!(
            "La colonna «{header}» ripete la posizione, che leggiamo da {from}: l’abbiamo ignorata."
        ))
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
                     «non noto». Si può dare un valore a tutto il file.",
                    field.name()
                );
                Finding::new(Code::ValueDefaulted, field, UNKNOWN, message)
            })
            .collect()
    }

    /// The device a row describes. A constant stands where the row says nothing.
    #[must_use]
    pub fn draft(&self, row: &Row, constants: &[(Field, String)]) -> Draft {
        self.read(row, constants, |_| true)
    }

    /// What a row says of where its device is and of whose it is, and nothing else.
    #[must_use]
    pub fn place(&self, row: &Row, constants: &[(Field, String)]) -> Draft {
        let wanted = [Field::Lat, Field::Lon, Field::Comune, Field::Ente];
        self.read(row, constants, |field| wanted.contains(&field))
    }

    fn read(
        &self,
        row: &Row,
        constants: &[(Field, String)],
        asked: impl Fn(Field) -> bool,
    ) -> Draft {
        let mut draft = Draft::default();
        for (cell, target) in row.cells.iter().zip(&self.columns) {
            match target {
                Target::Field(field) if !asked(*field) => {}
                Target::Field(field) => draft.set(*field, self.wanted(*field, unguard(cell))),
                Target::Place => unguard(cell).trim().clone_into(&mut draft.place),
                Target::Revision | Target::Ignored => {}
            }
        }
        for (field, text) in constants.iter().filter(|(field, _)| asked(*field)) {
            if draft.get(*field).is_empty() {
                draft.set(*field, text.as_str());
            }
        }
        draft
    }

    /// What a person wants to be read for a text, or the text. Most files need nothing here.
    fn wanted<'a>(&'a self, field: Field, text: &'a str) -> &'a str {
        if self.values.is_empty() || text.is_empty() {
            return text;
        }
        self.values
            .get(&field)
            .and_then(|values| values.get(&fold(text)))
            .map_or(text, String::as_str)
    }

    /// The number of the revision that a row was made from, where the file says it.
    #[must_use]
    pub fn revision(&self, row: &Row) -> Option<i64> {
        let column = self.column_of(Target::Revision)?;
        let number = row.cells.get(column)?.trim().parse().ok()?;
        (number > 0).then_some(number)
    }
}

#[cfg(test)]
mod tests;
