//! The order in which an Italian reader looks a name up: accents and case count only between names
//! that are otherwise the same, and numbers are in the order of their size, `V2` before `V10`.
//!
//! Every list that people read is sorted here, because databases sort by bytes and not alike.

use icu_collator::options::CollatorOptions;
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};
use std::cmp::Ordering;
use std::sync::LazyLock;

/// The root order of Unicode, which is the Italian one.
static ITALIAN: LazyLock<Option<CollatorBorrowed<'static>>> = LazyLock::new(|| {
    let mut preferences = CollatorPreferences::default();
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    Collator::try_new(preferences, CollatorOptions::default()).ok()
});

/// Which of two texts an Italian reader expects first. Only equal texts are equal.
#[must_use]
pub fn italian(left: &str, right: &str) -> Ordering {
    ITALIAN
        .as_ref()
        .map_or(Ordering::Equal, |collator| collator.compare(left, right))
        .then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_an_italian_reader() {
        let expected = [
            "abbiategrasso",
            "Cà Bianca",
            "Cassano",
            "Cerro",
            "Èze",
            "Varco 2",
            "Varco 10",
            "Zelo",
        ];
        let mut names = expected;
        names.sort_unstable();
        assert_ne!(names, expected);
        names.sort_by(|left, right| italian(left, right));
        assert_eq!(names, expected);
    }

    #[test]
    fn only_equal_texts_are_equal() {
        assert_eq!(italian("Città", "Città"), Ordering::Equal);
        assert_ne!(italian("Citt\u{e0}", "Citta\u{300}"), Ordering::Equal);
        assert_eq!(italian("citta", "città"), Ordering::Less);
    }
}
