//! A snapshot (*fotografia*): the census frozen at an instant, and what tells that it still is.
//!
//! It copies nothing: it is an instant of the history, a name, a count and a hash. What was accepted
//! at that instant is found again by when each revision was accepted, and the hash over it, computed
//! again, is the same for ever or says that something was changed. Enforced by
//! `tests/it/snapshots.rs`.

use super::revision::Revision;
use super::vocabulary::Field;
use crate::clock::Instant;
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The census frozen at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its identifier.
    pub id: Uuid,
    /// What people call it; no other has the same.
    pub name: String,
    /// The instant: what was accepted then is what it holds.
    pub at: Instant,
    /// The account of who took it.
    pub author: String,
    /// How many devices it holds.
    pub devices: i64,
    /// The hash over them, as 64 hexadecimal digits; see [`Sum`].
    pub hash: String,
}

impl Snapshot {
    /// What the history keeps of it, so that the chain vouches for name, number and hash.
    #[must_use]
    pub fn detail(&self) -> String {
        format!(
            "«{}», dispositivi: {}, impronta {}",
            self.name, self.devices, self.hash
        )
    }
}

/// What the history says of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub at: Instant,
    /// The account.
    pub author: String,
    /// See [`Snapshot::detail`].
    pub detail: String,
}

/// The hash over the devices of a snapshot: SHA-256 of one line for each, in the order of body,
/// code and device: the device, the revision and the revision's own hash, with blanks between.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    hasher: Sha256,
    devices: i64,
}

impl Sum {
    /// Adds a device.
    pub fn add(&mut self, device: Uuid, revision: Uuid, hash: &str) {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        for id in [device, revision] {
            self.hasher
                .update(id.hyphenated().encode_lower(&mut text).as_bytes());
            self.hasher.update(b" ");
        }
        self.hasher.update(hash.as_bytes());
        self.hasher.update(b"\n");
        self.devices += 1;
    }

    /// How many devices there were, and the hash over them as 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> (i64, String) {
        (self.devices, hex::encode(self.hasher.finalize()))
    }
}

/// What is found of a snapshot that is not as it was when it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The values of a device are not those that were written.
    Values {
        /// The body.
        body: String,
        /// The body's own code for the device.
        code: String,
    },
    /// Since or until when a state was the accepted one is not what was decided.
    Interval {
        /// The body.
        body: String,
        /// The body's own code for the device.
        code: String,
    },
    /// More of the same, that are not named.
    Others(usize),
    /// Another number of devices.
    Devices {
        /// As the snapshot says.
        said: i64,
        /// As there are.
        found: i64,
    },
    /// Another hash.
    Hash {
        /// As the snapshot says.
        said: String,
        /// As computed again.
        found: String,
    },
    /// The history does not know of it.
    Unknown,
    /// The history says something else of it.
    History(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { body, code } => write!(
                out,
                "Il dispositivo {code} di {body} è stato cambiato nel database: i suoi dati non \
                 sono quelli che furono scritti."
            ),
            Self::Interval { body, code } => write!(
                out,
                "Il dispositivo {code} di {body} non era convalidato da quando e fino a quando \
                 dice il database: le decisioni dicono altro."
            ),
            Self::Others(number) => {
                write!(out, "Altri dispositivi nelle stesse condizioni: {number}.")
            }
            Self::Devices { said, found } => write!(
                out,
                "I dispositivi dovrebbero essere {said} e sono {found}."
            ),
            Self::Hash { said, found } => write!(
                out,
                "L’impronta dovrebbe essere {said}, e ricalcolata è {found}."
            ),
            Self::Unknown => write!(out, "La storia non sa di questa fotografia."),
            Self::History(detail) => write!(out, "La storia dice un’altra cosa: {detail}."),
        }
    }
}

/// Compares what a snapshot says of itself with what was found again and with what the history says.
#[must_use]
pub fn compare(snapshot: &Snapshot, found: (i64, String), noted: Option<&Noted>) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let (devices, hash) = found;
    if devices != snapshot.devices {
        troubles.push(Trouble::Devices {
            said: snapshot.devices,
            found: devices,
        });
    }
    if hash != snapshot.hash {
        troubles.push(Trouble::Hash {
            said: snapshot.hash.clone(),
            found: hash,
        });
    }
    match noted {
        None => troubles.push(Trouble::Unknown),
        Some(noted) if noted.detail != snapshot.detail() => {
            troubles.push(Trouble::History(noted.detail.clone()));
        }
        Some(noted) if (noted.at, &noted.author) != (snapshot.at, &snapshot.author) => {
            let when = crate::clock::words(noted.at);
            troubles.push(Trouble::History(format!("{when}, di {}", noted.author)));
        }
        Some(_) => {}
    }
    troubles
}

/// In which way a device differs between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// It is there in another state.
    Changed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    /// The spelling in addresses and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "aggiunto",
            Self::Removed => "tolto",
            Self::Changed => "modificato",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Added => "Aggiunto",
            Self::Removed => "Tolto",
            Self::Changed => "Modificato",
        }
    }
}

/// A device that differs between two moments: the state it had at each, if it was there.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// Only the later one has it.
    Added(Box<Revision>),
    /// Only the earlier one has it.
    Removed(Box<Revision>),
    /// Both have it, in these states.
    Changed(Box<[Revision; 2]>),
}

impl Difference {
    /// Of a device at two moments; nothing when it was at neither.
    #[must_use]
    pub fn of(before: Option<Revision>, after: Option<Revision>) -> Option<Self> {
        match (before, after) {
            (None, None) => None,
            (None, Some(after)) => Some(Self::Added(Box::new(after))),
            (Some(before), None) => Some(Self::Removed(Box::new(before))),
            (Some(before), Some(after)) => Some(Self::Changed(Box::new([before, after]))),
        }
    }

    /// In which way it differs.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Added(_) => Kind::Added,
            Self::Removed(_) => Kind::Removed,
            Self::Changed(_) => Kind::Changed,
        }
    }

    /// The last of its states.
    #[must_use]
    pub fn last(&self) -> &Revision {
        match self {
            Self::Added(only) | Self::Removed(only) => only,
            Self::Changed(states) => {
                let [_, after] = &**states;
                after
            }
        }
    }

    /// The attributes that say something else, with the states before and after.
    #[must_use]
    pub fn fields(&self) -> Vec<(Field, &Revision, &Revision)> {
        let Self::Changed(states) = self else {
            return Vec::new();
        };
        let [before, after] = &**states;
        let changes = before.record.changes(&after.record);
        changes.map(|field| (field, before, after)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(devices: i64, hash: &str) -> Snapshot {
        Snapshot {
            id: Uuid::from_u128(1),
            name: "Prima consegna".to_owned(),
            at: 5,
            author: "a".to_owned(),
            devices,
            hash: hash.to_owned(),
        }
    }

    fn noted(snapshot: &Snapshot) -> Noted {
        Noted {
            at: snapshot.at,
            author: snapshot.author.clone(),
            detail: snapshot.detail(),
        }
    }

    #[test]
    fn the_hash_is_of_the_lines_as_they_can_be_written_down() {
        let mut sum = Sum::default();
        sum.add(Uuid::from_u128(1), Uuid::from_u128(2), "ab");
        let line = "00000000-0000-0000-0000-000000000001 00000000-0000-0000-0000-000000000002 ab\n";
        assert_eq!(sum.finish(), (1, hex::encode(Sha256::digest(line))));
    }

    #[test]
    fn what_agrees_with_itself_and_with_the_history_is_in_order() {
        let own = snapshot(3, "ab");
        assert_eq!(compare(&own, (3, "ab".to_owned()), Some(&noted(&own))), []);
    }

    #[test]
    fn whatever_is_changed_of_a_snapshot_is_said() {
        let own = snapshot(3, "ab");
        let kept = noted(&own);
        let found = || (3, "ab".to_owned());
        assert_eq!(compare(&own, found(), None), [Trouble::Unknown]);
        let mut renamed = own.clone();
        renamed.name.push('x');
        let troubles = compare(&renamed, found(), Some(&kept));
        assert_eq!(troubles, [Trouble::History(own.detail())]);
        let mut later = own.clone();
        later.at += 1;
        assert_eq!(compare(&later, found(), Some(&kept)).len(), 1);
        let troubles = compare(&own, (2, "cd".to_owned()), Some(&kept));
        assert!(matches!(
            troubles.as_slice(),
            [Trouble::Devices { said: 3, found: 2 }, Trouble::Hash { .. }]
        ));
    }
}
