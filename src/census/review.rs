//! What a reviewer can make of what an officer sent, and what the two say to each other.
//!
//! Nobody reviews what they wrote themselves; what was accepted is never changed. Enforced by
//! `tests/it/review.rs`.

use super::vocabulary::Field;
use crate::clock::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How far a revision has come on its way to being accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    /// Written, and not sent to anybody.
    #[default]
    Draft,
    /// Sent: it waits for a reviewer.
    Submitted,
    /// Sent back with a reason.
    SentBack,
    /// Accepted.
    Accepted,
    /// Sent, and then a later one was sent in its place.
    Superseded,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Submitted,
        Self::SentBack,
        Self::Accepted,
        Self::Superseded,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "bozza",
            Self::Submitted => "inviata",
            Self::SentBack => "rimandata",
            Self::Accepted => "convalidata",
            Self::Superseded => "superata",
        }
    }

    /// What people read of a device in this state.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Draft => "Da inviare",
            Self::Submitted => "In attesa di convalida",
            Self::SentBack => "Da correggere",
            Self::Accepted => "Convalidato",
            Self::Superseded => "Sostituito da un invio successivo",
        }
    }
}

/// What kind of thing was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The officer sent the state of a device.
    Submitted,
    /// The reviewer accepted it.
    Accepted,
    /// The reviewer accepted some of its changes and left out others.
    AcceptedInPart,
    /// The reviewer sent it back.
    SentBack,
    /// Somebody said something.
    Message,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Submitted,
        Self::Accepted,
        Self::AcceptedInPart,
        Self::SentBack,
        Self::Message,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "invio",
            Self::Accepted => "convalida",
            Self::AcceptedInPart => "convalida_parziale",
            Self::SentBack => "rinvio",
            Self::Message => "messaggio",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Submitted => "Inviato alla convalida",
            Self::Accepted => "Convalidato",
            Self::AcceptedInPart => "Convalidato in parte",
            Self::SentBack => "Rimandato",
            Self::Message => "Messaggio",
        }
    }
}

/// What a reviewer says of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The attribute, by its spelling.
    pub field: String,
    /// Why it was not accepted, and what to do.
    pub reason: String,
    /// The value that was not accepted, in words, where the device does not hold it any more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl Remark {
    /// The attribute.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        Field::named(&self.field)
    }
}

/// One thing that was said in review, of a device or of a body's whole census.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Its own identifier.
    pub id: Uuid,
    /// The code of the body it concerns.
    pub body: String,
    /// The device; none when it is about the whole census of the body.
    pub device: Option<Uuid>,
    /// The revision that was sent, accepted or sent back.
    pub revision: Option<Uuid>,
    /// What kind of thing.
    pub kind: Kind,
    /// When.
    pub at: Instant,
    /// The account of who said it.
    pub author: String,
    /// What was said; may be empty.
    pub text: String,
    /// What was said of single attributes.
    pub remarks: Vec<Remark>,
}

impl Review {
    /// The hash of all it says, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let mut hasher = Sha256::new();
        for part in [
            &self.id.to_string(),
            &self.body,
            &id(self.device),
            &id(self.revision),
            self.kind.name(),
            &self.at.to_string(),
            &self.author,
            &self.text,
        ] {
            super::journal::feed(&mut hasher, part);
        }
        for remark in &self.remarks {
            for part in [&remark.field, &remark.reason, &remark.value] {
                super::journal::feed(&mut hasher, part);
            }
        }
        hex::encode(hasher.finalize())
    }
}

/// What the reviewer asked for last of a device, as long as nothing was sent or accepted since;
/// `said` is all that was said of it, the first first.
#[must_use]
pub fn open_request(said: &[Review]) -> Option<&Review> {
    let last = said.iter().rfind(|one| one.kind != Kind::Message);
    last.filter(|one| matches!(one.kind, Kind::SentBack | Kind::AcceptedInPart))
}
