//! One file for each command; `main.rs` reads the command line and runs one of them.
//!
//! A command ends in one of three ways: done (0), done but something was rejected or a check failed
//! (1), or not run at all (2), and then a sentence says why and what to do.

pub mod export;
pub mod import;
pub mod migrate;
pub mod report;
pub mod seed;
pub mod serve;
pub mod snapshot;
pub mod territory;
pub mod user;
pub mod verify;

use crate::clock::Clock;
use crate::register::{self, Register};
use crate::settings::Settings;
use crate::storage::{self, Store};
use std::fmt::Display;
use std::io::Write as _;

/// How a command that ran ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// It ran, but rows were rejected or a check failed.
    Rejected,
}

/// Why a command did not run, for whoever typed it.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    /// A failure in these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<storage::Error> for Failure {
    fn from(error: storage::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<register::Error> for Failure {
    fn from(error: register::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// What every command gives back.
pub type Result<T = Outcome> = std::result::Result<T, Failure>;

/// Writes a line on standard output. A reader that went away is not an error of ours.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The register of the configured database, which must be migrated.
pub async fn open(settings: &Settings) -> Result<Register> {
    let store = Store::open(&settings.database).await?;
    Ok(Register::open(store, Clock::System).await?)
}
