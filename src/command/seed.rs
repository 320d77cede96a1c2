//! `varco seed`: the territory, its bodies and the software catalogue; with `--demo`, examples too.

use super::{Outcome, Result, say};
use crate::clock::Clock;
use crate::register::{Register, example, seed};
use crate::settings::Settings;
use crate::storage::Store;

/// What `seed` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Aggiunge dispositivi e persone di esempio, segnati come tali
    #[arg(long)]
    demo: bool,
}

/// Fills a migrated database with what every installation begins with.
pub async fn run(args: Args, settings: &Settings) -> Result {
    let store = Store::open(&settings.database).await?;
    store.check().await?;
    let counts = seed::seed(&store, &Clock::System).await?;
    say(format_args!(
        "Territorio: {} Comuni e {} confinanti. Enti: {}. Software in catalogo: {}.",
        counts.covered, counts.around, counts.bodies, counts.software
    ));
    if args.demo {
        let register = Register::open(store.clone(), Clock::System).await?;
        let devices = example::fill(&register).await?;
        say(format_args!(
            "Dati di esempio: {devices} dispositivi. Persone di esempio:"
        ));
        for account in example::ACCOUNTS {
            say(format_args!(
                "{}\t{}\t{}",
                account.role,
                account.account,
                example::PASSWORD
            ));
        }
    }
    store.close().await;
    Ok(Outcome::Done)
}
