//! Editions: sets that are loaded whole, never changed, and in force from a day.
//!
//! What a verdict or an estimate rests on is an edition, so that a snapshot keeps the one it was
//! judged by. Enforced by `tests/it/compatibility.rs`.

use crate::clock::Instant;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What an edition is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Criteria of compatibility.
    Criteria,
    /// Prices of interventions.
    Prices,
    /// Lots of the tender.
    Lots,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Criteria, Self::Prices, Self::Lots];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Criteria => "criteri",
            Self::Prices => "prezzi",
            Self::Lots => "lotti",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Criteria => "Insieme di criteri",
            Self::Prices => "Elenco prezzi",
            Self::Lots => "Divisione in lotti",
        }
    }

    /// The kind with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// Its identifier.
    pub id: Uuid,
    /// What it is of.
    pub kind: Kind,
    /// What people call it; no other of its kind has the same.
    pub name: String,
    /// The text it was read from.
    pub content: String,
    /// SHA-256 of the text, as 64 hexadecimal digits.
    pub sha256: String,
    /// The account of who loaded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

impl Edition {
    /// The hash of a text.
    #[must_use]
    pub fn hash(content: &str) -> String {
        hex::encode(Sha256::digest(content.as_bytes()))
    }
}

/// Since when an edition is in force, as somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Force {
    /// The row's identifier.
    pub id: Uuid,
    /// The edition.
    pub edition: Uuid,
    /// From this day, ISO 8601.
    pub day: String,
    /// The account of who said so.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// The edition of a kind that is in force on a day, of what was said in the order it was said: the
/// one whose day came last, and of one day the last said. Devices are always judged: when no
/// criteria have come yet, the first that were ever put in force count.
#[must_use]
pub fn in_force(kind: Kind, said: &[Force], day: &str) -> Option<Uuid> {
    let due = said.iter().filter(|force| force.day.as_str() <= day);
    // Of equals `max_by` gives the last.
    let last = due.max_by(|left, right| left.day.cmp(&right.day));
    let first = said.first().filter(|_| kind == Kind::Criteria);
    last.or(first).map(|force| force.edition)
}

/// What was said of one day, as it stands beside everything else that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What was said.
    pub force: Force,
    /// The day before that of the next one, ISO 8601; nothing when none follows.
    pub until: Option<String>,
    /// The edition that was said later for the very same day, which takes its place.
    pub instead: Option<Uuid>,
    /// Whether it is this one that counts on the day that is asked for.
    pub counts: bool,
}

/// Everything that was said of editions of a kind, the last day first and of one day the last said,
/// as it stands on a day.
#[must_use]
pub fn spans(kind: Kind, said: &[Force], day: &str) -> Vec<Span> {
    let mut order: Vec<&Force> = said.iter().collect();
    // A stable sort: of one day they stay in the order they were said.
    order.sort_by(|left, right| left.day.cmp(&right.day));
    let due = order.iter().rposition(|force| force.day.as_str() <= day);
    let counts = match due {
        None if kind == Kind::Criteria => said.first().map(|first| first.id),
        due => due.and_then(|place| order.get(place)).map(|one| one.id),
    };
    let mut spans: Vec<Span> = Vec::with_capacity(order.len());
    for force in order.into_iter().rev() {
        let above = spans.last();
        let same = above.filter(|above| above.force.day == force.day);
        spans.push(Span {
            until: match (same, above) {
                (None, Some(above)) => day_before(&above.force.day),
                (Some(same), _) => same.until.clone(),
                (None, None) => None,
            },
            instead: same.map(|same| same.instead.unwrap_or(same.force.edition)),
            counts: counts == Some(force.id),
            force: force.clone(),
        });
    }
    spans
}

fn day_before(day: &str) -> Option<String> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(day.yesterday().ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_that_has_come_is_in_force_and_before_any_the_first() {
        let force = |edition: u128, day: &str| Force {
            id: Uuid::from_u128(edition),
            edition: Uuid::from_u128(edition),
            day: day.to_owned(),
            author: String::new(),
            recorded_at: 0,
        };
        let said = [
            force(1, "2026-03-01"),
            force(2, "2027-01-01"),
            force(3, "2026-06-01"),
            force(4, "2026-06-01"),
        ];
        let on = |day| in_force(Kind::Criteria, &said, day).map(|id| id.as_u128());
        assert_eq!(on("2026-01-01"), Some(1));
        assert_eq!(on("2026-05-31"), Some(1));
        assert_eq!(on("2026-06-01"), Some(4));
        assert_eq!(on("2027-02-01"), Some(2));
        let stands = |day| -> Vec<(u128, Option<String>, Option<u128>, bool)> {
            let spans = spans(Kind::Criteria, &said, day).into_iter();
            let spans = spans.map(|span| {
                let instead = span.instead.map(|id| id.as_u128());
                let edition = span.force.edition.as_u128();
                (edition, span.until, instead, span.counts)
            });
            spans.collect()
        };
        let until = |day: &str| Some(day.to_owned());
        assert_eq!(
            stands("2026-06-01"),
            [
                (2, None, None, false),
                (4, until("2026-12-31"), None, true),
                (3, until("2026-12-31"), Some(4), false),
                (1, until("2026-05-31"), None, false),
            ]
        );
        for day in ["2026-01-01", "2026-05-31", "2026-06-01", "2027-02-01"] {
            let counting = stands(day).into_iter().find(|one| one.3);
            assert_eq!(counting.map(|one| one.0), on(day), "{day}");
        }
        assert!(
            spans(Kind::Prices, &said, "2026-01-01")
                .iter()
                .all(|one| !one.counts)
        );
        assert_eq!(in_force(Kind::Criteria, &[], "2026-01-01"), None);
        assert_eq!(in_force(Kind::Prices, &said, "2026-01-01"), None);
    }
}
