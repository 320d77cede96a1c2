//! One immutable state of a device: what, who, when, from where.

use super::draft::Confirmation;
use super::record::Record;
use crate::clock::Instant;
use uuid::Uuid;

/// Where a revision comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The form.
    Form,
    /// A file.
    File,
    /// A command.
    Command,
    /// Example data.
    Example,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Form, Self::File, Self::Command, Self::Example];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "modulo",
            Self::File => "file",
            Self::Command => "comando",
            Self::Example => "esempio",
        }
    }
}

/// How the point was given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Provenance {
    /// The coordinates as typed.
    pub text: String,
    /// The reference system they were read in, as `EPSG:n`.
    pub crs: String,
    /// What was done to them.
    pub operation: String,
    /// How far the operation may have moved the point, in metres.
    pub accuracy_m: f64,
}

/// One immutable state of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its own identifier.
    pub id: Uuid,
    /// The device's.
    pub device: Uuid,
    /// 1 for the first of the device.
    pub number: i64,
    /// When it was written.
    pub written_at: Instant,
    /// The account of who wrote it.
    pub author: String,
    /// Where it comes from.
    pub source: Source,
    /// Whether the device is withdrawn from the census in this state.
    pub withdrawn: bool,
    /// Whether a reviewer accepted this state.
    pub accepted: bool,
    /// The values.
    pub record: Record,
    /// How the point was given.
    pub provenance: Provenance,
    /// The warnings confirmed, with their reasons.
    pub confirmed: Vec<Confirmation>,
    /// How many warnings nobody confirmed.
    pub warnings: i64,
    /// The batch of an import that wrote it, if one did.
    pub batch: Option<Uuid>,
}

impl Revision {
    /// The text that searches look into: what people remember of a device.
    #[must_use]
    pub fn search_text(&self) -> String {
        use super::vocabulary::{Field, fold};
        const REMEMBERED: [Field; 9] = [
            Field::Codice,
            Field::Denominazione,
            Field::Sito,
            Field::Indirizzo,
            Field::Marca,
            Field::Modello,
            Field::Matricola,
            Field::Software,
            Field::Note,
        ];
        let texts: Vec<String> = REMEMBERED
            .iter()
            .map(|field| fold(self.record.text(*field)))
            .filter(|text| !text.is_empty())
            .collect();
        texts.join(" ")
    }
}
