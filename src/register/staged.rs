//! What is kept of a staged file and of its rows, as JSON beside them in the database: what was
//! asked, what was found out, what the rules say, what a person changed.

use super::judge::{Edits, Taken};
use super::load::Report;
use super::{Error, Result};
use crate::census::batch::Fate;
use crate::census::finding::Proposal;
use crate::census::position;
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use crate::exchange::columns::Scheme;
use crate::exchange::source::{self, Certainty, Choices};
use crate::storage::batch::BatchRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many values that no list has are counted, and how many devices are named one by one.
pub(super) const NAMED: usize = 200;

/// What a person asked of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// The code of the body of the rows that do not name one.
    pub body: Option<String>,
    /// The reference system of the coordinates, as `EPSG:n`.
    pub crs: Option<String>,
    /// How the file is to be read.
    pub choices: Choices,
    /// What was said of its columns and values, and what stands where it says nothing.
    pub scheme: Scheme,
    /// Whether what was remembered of the body has been taken over.
    pub remembered: bool,
    /// Whether the good rows are to be stored though others are not.
    pub partial: bool,
    /// The account of who confirmed.
    pub confirmed_by: Option<String>,
}

/// A column of the file, as a person looks at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenColumn {
    /// Its header.
    pub header: String,
    /// The spelling of what it is taken for; empty for nothing.
    pub target: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Some of its cells.
    pub examples: Vec<String>,
}

/// What was found, of a row or of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Which rule.
    pub code: String,
    /// How much it weighs.
    pub severity: String,
    /// The attribute.
    pub field: Option<String>,
    /// The header of its column.
    pub column: Option<String>,
    /// The value as the file has it, shortened.
    pub value: String,
    /// What is wrong and what to do, in Italian.
    pub message: String,
    /// What would mend it.
    pub proposals: Vec<Offer>,
}

/// What would mend a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Offer {
    /// Another reading of the coordinates.
    Position(Taken),
    /// Another value.
    Value {
        /// The attribute's spelling.
        field: String,
        /// The value to put there.
        value: String,
    },
}

impl From<&Proposal> for Offer {
    fn from(proposal: &Proposal) -> Self {
        match proposal {
            Proposal::Position(position) => Self::Position(Taken {
                lat: position.lat,
                lon: position.lon,
                crs: position.crs.to_owned(),
                operation: position.operation.to_owned(),
                accuracy_m: position.accuracy_m,
            }),
            Proposal::Value { field, value } => Self::Value {
                field: (*field).to_owned(),
                value: value.clone(),
            },
        }
    }
}

impl Offer {
    /// What people read.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Position(taken) => format!(
                "{} ({})",
                position::in_figures(taken.lat, taken.lon),
                taken.crs
            ),
            Self::Value { field, value } => match Field::named(field) {
                Some(field) => field.words(value),
                None => value.clone(),
            },
        }
    }
}

/// What the rules say of a row and what it would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judgement {
    /// What was found.
    pub findings: Vec<Note>,
    /// What it changes of the device that is there.
    pub changes: Vec<Change>,
    /// The name of its device.
    pub name: String,
    /// The ISTAT code of its Comune.
    pub comune: String,
}

/// One attribute before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The attribute's spelling.
    pub field: String,
    /// As the register has it, as people read it.
    pub before: String,
    /// As the file has it, as people read it.
    pub after: String,
}

/// How often a rule spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// Which rule.
    pub code: String,
    /// How much it weighs.
    pub severity: String,
    /// Of how many rows.
    pub rows: u64,
    /// For how many of them it has exactly one proposal.
    pub certain: u64,
}

/// A value that its list does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// The attribute's spelling.
    pub field: String,
    /// The value in the file.
    pub value: String,
    /// In how many rows.
    pub rows: u64,
    /// What the rules would read for it, if they propose one entry.
    pub near: String,
}

/// A device that an undone batch leaves as it is, because somebody changed it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The device.
    pub device: Uuid,
    /// Whose it is.
    pub ente: String,
    /// The body's own code.
    pub codice: String,
    /// Who changed it.
    pub author: String,
    /// When.
    pub at: Instant,
}

/// What was found out of a file, and what its rows would do or did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// How many rows of data there are.
    pub rows: u64,
    /// How many rows have each fate, by its spelling.
    pub fates: BTreeMap<String, u64>,
    /// How the file is read.
    pub detected: Option<source::Detected>,
    /// The reference system that was declared, or the one most points were read in.
    pub crs: Option<String>,
    /// Its columns.
    pub columns: Vec<SeenColumn>,
    /// What was found of the file as a whole.
    pub findings: Vec<Note>,
    /// How often each rule spoke of its rows.
    pub spoken: Vec<Spoken>,
    /// The values that their lists do not have.
    pub odd: Vec<Odd>,
    /// How many cells were taken out because they look like what is never recorded; then the file
    /// itself is not kept either.
    pub secrets: u64,
    /// How many devices an undone batch left as they were.
    pub kept: u64,
    /// The first of them.
    pub kept_devices: Vec<Kept>,
}

impl Summary {
    /// What is kept of an import that was done at once.
    pub(super) fn of_report(report: &Report) -> Self {
        let fates = [
            (Fate::New, report.created),
            (Fate::Changed, report.changed),
            (Fate::Unchanged, report.unchanged),
            (Fate::Rejected, report.rejected),
        ];
        let named = fates.map(|(fate, count)| (fate.name().to_owned(), count));
        Self {
            rows: report.rows,
            fates: named.into_iter().collect(),
            detected: Some(report.detected.file.clone()),
            crs: report.detected.crs.clone(),
            ..Self::default()
        }
    }

    /// How many rows have a fate.
    #[must_use]
    pub fn of(&self, fate: Fate) -> u64 {
        self.fates.get(fate.name()).copied().unwrap_or_default()
    }

    /// How many rows would be, or were, written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.of(Fate::New) + self.of(Fate::Changed)
    }

    /// How many rows keep the whole from being stored.
    #[must_use]
    pub fn stopping(&self) -> u64 {
        self.of(Fate::Rejected) + self.of(Fate::Conflict)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        json(self)
    }
}

impl Edits {
    /// Takes an offer.
    pub fn accept(&mut self, offer: &Offer) {
        match offer {
            Offer::Position(taken) => {
                for field in [Field::Lat, Field::Lon] {
                    self.values.remove(field.name());
                }
                self.position = Some(taken.clone());
            }
            Offer::Value { field, value } => self.set(field, value),
        }
    }
}

pub(super) fn edits_of(row: &BatchRow) -> Result<Edits> {
    match row.edits.as_str() {
        "" => Ok(Edits::default()),
        text => stored(text),
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Failed(error.to_string()))
}

pub(super) fn stored<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Failed(error.to_string()))
}
