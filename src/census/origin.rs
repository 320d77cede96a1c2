//! Where a value of a device comes from: who declared it first and when, and who accepted it.
//!
//! A value is as old as the first of the revisions, up to the one that is looked at, that have it
//! without a break. Enforced by the tests below.

use super::review::{Kind, Review};
use super::revision::{Revision, Source};
use super::vocabulary::Field;
use crate::clock::Instant;

/// Who accepted a value, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The account; empty when the register does not say.
    pub author: String,
    /// When.
    pub at: Instant,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The account of who first gave the device this value.
    pub author: String,
    /// When.
    pub at: Instant,
    /// How.
    pub source: Source,
    /// The first acceptance of it, if there was one.
    pub accepted: Option<Acceptance>,
}

/// Where the value of a field comes from, of the states of a device with the last first and what
/// reviewers said of them; nothing when the field has none. What came after `until` does not count.
#[must_use]
pub fn declared(
    history: &[Revision],
    reviews: &[Review],
    field: Field,
    until: Option<Instant>,
) -> Option<Declared> {
    let value = history.first()?.record.get(field)?;
    let same = || {
        let states = history.iter();
        states.take_while(|one| one.record.get(field) == Some(value))
    };
    let first = same().last()?;
    let accepted = same()
        .filter_map(|one| Some((one, one.accepted_from?)))
        .filter(|(_, at)| until.is_none_or(|until| *at <= until))
        .min_by_key(|(_, at)| *at);
    Some(Declared {
        author: first.author.clone(),
        at: first.written_at,
        source: first.source,
        accepted: accepted.map(|(state, at)| Acceptance {
            author: reviewer(reviews, state, at),
            at,
        }),
    })
}

/// Who accepted a state, as the reviews tell.
fn reviewer(reviews: &[Review], state: &Revision, at: Instant) -> String {
    let accepts = |review: &&Review| {
        matches!(review.kind, Kind::Accepted | Kind::AcceptedInPart)
            && (review.revision == Some(state.id) || review.at == at)
    };
    let found = reviews.iter().find(accepts);
    found.map_or_else(String::new, |review| review.author.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::{Record, Value};
    use crate::census::review::Stage;
    use crate::census::revision::Provenance;
    use uuid::Uuid;

    fn state(number: i64, author: &str, ocr: &str, accepted_from: Option<Instant>) -> Revision {
        let mut record = Record::default();
        record.set(Field::Ocr, Some(Value::Text(ocr.to_owned())));
        Revision {
            id: Uuid::from_u128(u128::from(number.unsigned_abs())),
            device: Uuid::nil(),
            number,
            written_at: number * 10,
            author: author.to_owned(),
            source: Source::Form,
            withdrawn: false,
            accepted: false,
            accepted_from,
            stage: Stage::Draft,
            submitted_at: None,
            record,
            provenance: Provenance::default(),
            confirmed: Vec::new(),
            warnings: 0,
            batch: None,
        }
    }

    #[test]
    fn a_value_is_as_old_as_the_run_of_states_that_have_it() {
        let history = [
            state(4, "d", "a_bordo", None),
            state(3, "c", "a_bordo", Some(35)),
            state(2, "b", "nessuna", Some(25)),
            state(1, "a", "a_bordo", Some(15)),
        ];
        let review = Review {
            id: Uuid::nil(),
            body: String::new(),
            device: None,
            revision: Some(Uuid::from_u128(3)),
            kind: Kind::Accepted,
            at: 35,
            author: "r".to_owned(),
            text: String::new(),
            remarks: Vec::new(),
        };
        let found = declared(&history, &[review], Field::Ocr, None).unwrap();
        assert_eq!((&*found.author, found.at), ("c", 30));
        let accepted = found.accepted.unwrap();
        assert_eq!((&*accepted.author, accepted.at), ("r", 35));
        let before = declared(&history, &[], Field::Ocr, Some(34)).unwrap();
        assert_eq!(before.accepted, None);
        assert_eq!(declared(&history, &[], Field::Lotto, None), None);
    }
}
