//! `varco territory import`: boundaries in place of those the program carries.

use super::{Outcome, Result, say};
use crate::clock::Clock;
use crate::register::territory;
use crate::settings::Settings;
use crate::storage::Store;
use std::path::PathBuf;

/// What `territory` takes.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Carica i confini dei Comuni da GeoJSON o dallo shapefile dell’ISTAT (.shp oppure .zip)
    Import {
        /// Il file dei confini
        file: PathBuf,
        /// Codice ISTAT della provincia, tre cifre: diventa il territorio, al posto di quello di ora
        #[arg(long, value_name = "CODICE")]
        province: Option<String>,
    },
}

/// Manages the boundaries.
pub async fn run(args: Args, settings: &Settings) -> Result {
    let Args::Import { file, province } = args;
    let store = Store::open(&settings.database).await?;
    store.check().await?;
    let imported = territory::import(&store, &Clock::System, &file, province.as_deref()).await?;
    say(format_args!(
        "Letti {} Comuni del territorio e {} confinanti. Enti aggiunti: {}.",
        imported.covered, imported.around, imported.bodies
    ));
    if imported.kept > 0 {
        say(format_args!(
            "Altri {} Comuni non sono nel file e restano com’erano.",
            imported.kept
        ));
    }
    if imported.left_out > 0 {
        say(format_args!(
            "Altri {} Comuni del file non sono del territorio e sono rimasti fuori: per cambiare \
             territorio usate --province.",
            imported.left_out
        ));
    }
    say("Se il servizio è in funzione, riavviatelo: usa i confini letti quando è partito.");
    store.close().await;
    Ok(Outcome::Done)
}
