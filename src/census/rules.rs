//! The one set of rules.
