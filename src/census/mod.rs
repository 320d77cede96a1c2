//! What the census is about. No SQL, no HTTP, no files.

pub mod adhesion;
pub mod batch;
pub mod campaign;
pub mod collation;
pub mod document;
pub mod draft;
pub mod duplicate;
pub mod filter;
pub mod finding;
pub mod journal;
pub mod moment;
pub mod notation;
pub mod notice;
pub mod person;
pub mod position;
pub mod projection;
pub mod record;
pub mod reference;
pub mod review;
pub mod revision;
pub mod rules;
pub mod site;
pub mod snapshot;
pub mod survey;
pub mod territory;
pub mod vocabulary;
