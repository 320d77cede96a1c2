//! The formats the census speaks, over readers and writers. No SQL, no HTTP, no rules.
//!
//! A file that comes in becomes rows, and rows become drafts through the mapping of its columns;
//! what goes out is written record by record, so that memory does not grow with the census.

pub mod boundaries;
pub mod columns;
pub mod csv;
