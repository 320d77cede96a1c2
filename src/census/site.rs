//! Sites: the places that devices belong to.

use super::vocabulary::{Term, reads_plates};

/// What a site can be.
pub const KINDS: [Term; 2] = [
    Term {
        code: "varco",
        label: "Varco",
        synonyms: &[],
    },
    Term {
        code: "postazione",
        label: "Postazione",
        synonyms: &[],
    },
];

/// What people read for the kind of a site.
#[must_use]
pub fn kind_label(kind: &str) -> &str {
    KINDS
        .iter()
        .find(|term| term.code == kind)
        .map_or(kind, |term| term.label)
}

/// The kind of a site that is not there yet when a device with this function names it.
#[must_use]
pub fn kind_for(function: &str) -> &'static str {
    if reads_plates(function) {
        "varco"
    } else {
        "postazione"
    }
}
