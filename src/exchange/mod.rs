//! Formats, over readers and writers. No SQL, no HTTP.

pub mod boundaries;
