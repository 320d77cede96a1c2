//! `varco migrate`: brings the schema of the database up to date.

use super::{Outcome, Result, say};
use crate::settings::Settings;
use crate::storage::Store;

/// Brings the schema up to date.
pub async fn run(settings: &Settings) -> Result {
    let store = Store::open(&settings.database).await?;
    store.migrate().await?;
    store.close().await;
    say("Il database è pronto.");
    Ok(Outcome::Done)
}
