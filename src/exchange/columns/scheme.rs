//! What people said of the columns and values of a file, as it is remembered.
//!
//! It is stored as JSON, and the vocabulary may change after that: what it names and no longer
//! exists is passed over.

use super::{Mapping, Target};
use crate::census::vocabulary::Field;
use crate::exchange::source::Certainty;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Columns, values and constants of a kind of file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scheme {
    /// By header, the spelling of what the column is taken for; empty for nothing.
    pub columns: BTreeMap<String, String>,
    /// The values that are read as others.
    pub values: Vec<Swap>,
    /// By the attribute's spelling, what rows that do not say it are taken to say.
    pub constants: BTreeMap<String, String>,
}

/// A value that is read as another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Swap {
    /// The attribute's spelling.
    pub field: String,
    /// The value in the file, folded.
    pub from: String,
    /// What is read for it; empty for no value.
    pub to: String,
}

impl Scheme {
    /// The constants whose attributes exist, in the order of their spelling.
    #[must_use]
    pub fn constants(&self) -> Vec<(Field, String)> {
        let known = |(name, value): (&String, &String)| Some((Field::named(name)?, value.clone()));
        self.constants.iter().filter_map(known).collect()
    }
}

impl Mapping {
    /// Takes columns and values as a person said before.
    pub(super) fn remember(&mut self, scheme: &Scheme) {
        for column in 0..self.columns.len() {
            let target = self
                .header
                .get(column)
                .and_then(|header| scheme.columns.get(header))
                .and_then(|name| Target::parse(name));
            match target {
                Some(Target::Ignored) => self.put(column, Target::Ignored, Certainty::Chosen),
                Some(target) => {
                    self.take(column, target, Certainty::Chosen);
                }
                None => {}
            }
        }
        for swap in &scheme.values {
            if let Some(field) = Field::named(&swap.field) {
                self.set_value(field, &swap.from, &swap.to);
            }
        }
    }

    /// What to remember of this mapping and of the constants used with it. Columns that nobody
    /// chose to ignore are left out, so that a later version may understand them.
    #[must_use]
    pub fn scheme(&self, constants: &[(Field, String)]) -> Scheme {
        Scheme {
            columns: self
                .seen()
                .filter(|column| !column.header.is_empty())
                .filter(|column| {
                    column.target != Target::Ignored || column.certainty == Certainty::Chosen
                })
                .map(|column| (column.header.to_owned(), column.target.name().to_owned()))
                .collect(),
            values: self
                .values()
                .into_iter()
                .map(|(field, from, to)| Swap {
                    field: field.name().to_owned(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                })
                .collect(),
            constants: constants
                .iter()
                .map(|(field, value)| (field.name().to_owned(), value.clone()))
                .collect(),
        }
    }
}
