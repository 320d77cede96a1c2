//! One immutable state of a device: what, who, when, from where.

use super::draft::Confirmation;
use super::journal::feed;
use super::record::Record;
use super::review::Stage;
use super::vocabulary::Field;
use crate::clock::Instant;
use sha2::{Digest, Sha256};
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
    /// Whether it is the accepted state of the device.
    pub accepted: bool,
    /// Since when it is or was the accepted state.
    pub accepted_from: Option<Instant>,
    /// How far it has come in review.
    pub stage: Stage,
    /// When it was sent to review.
    pub submitted_at: Option<Instant>,
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
    /// The state that follows this one with the same content: nothing of its review is taken over.
    #[must_use]
    pub fn next(self, id: Uuid, written_at: Instant, author: &str) -> Self {
        Self {
            id,
            number: self.number + 1,
            written_at,
            author: author.to_owned(),
            accepted: false,
            accepted_from: None,
            stage: Stage::Draft,
            submitted_at: None,
            batch: None,
            ..self
        }
    }

    /// The hash of all it says, as 64 hexadecimal digits. What happens to it afterwards, like being
    /// accepted, is not part of it.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let mut hasher = Sha256::new();
        let parts: [&str; 13] = [
            &self.id.to_string(),
            &self.device.to_string(),
            &self.number.to_string(),
            &self.written_at.to_string(),
            &self.author,
            self.source.name(),
            if self.withdrawn { "ritirato" } else { "" },
            &self.provenance.text,
            &self.provenance.crs,
            &self.provenance.operation,
            &self.provenance.accuracy_m.to_string(),
            &self.warnings.to_string(),
            &self.batch.map(|id| id.to_string()).unwrap_or_default(),
        ];
        for part in parts {
            feed(&mut hasher, part);
        }
        for confirmation in &self.confirmed {
            feed(&mut hasher, &confirmation.code);
            feed(&mut hasher, &confirmation.reason);
        }
        for field in Field::ALL
            .iter()
            .filter(|field| self.record.get(**field).is_some())
        {
            feed(&mut hasher, field.name());
            feed(&mut hasher, &self.record.plain(*field));
        }
        hex::encode(hasher.finalize())
    }

    /// The text that searches look into: what people remember of a device.
    #[must_use]
    pub fn search_text(&self) -> String {
        use super::vocabulary::fold;
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
