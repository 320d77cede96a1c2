//! `varco snapshot create|list|verify`: the census frozen at an instant.

use super::{Outcome, Result, open, say};
use crate::census::person::Viewer;
use crate::clock;
use crate::register::snapshot::Verified;
use crate::settings::Settings;
use uuid::Uuid;

/// What `snapshot` takes.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Fotografa quello che è convalidato adesso, e scrive il solo identificativo
    Create {
        /// Nome, che nessun’altra fotografia ha: dice a che cosa serve
        name: String,
    },
    /// Elenca le fotografie: identificativo, quando, chi, dispositivi, impronta, nome
    List,
    /// Ricalcola una fotografia, o tutte, e dice se qualcosa è stato cambiato
    Verify {
        /// Identificativo; senza, si verificano tutte
        #[arg(value_parser = identifier)]
        id: Option<Uuid>,
    },
}

/// Freezes, lists, verifies.
pub async fn run(args: Args, settings: &Settings) -> Result {
    let register = open(settings).await?;
    let operator = Viewer::operator();
    let mut outcome = Outcome::Done;
    match args {
        Args::Create { name } => {
            say(register.take_snapshot(&operator, &name).await?.id);
        }
        Args::List => {
            for seen in register.snapshots(&operator).await? {
                let one = seen.snapshot;
                say(format_args!(
                    "{}\t{}\t{}\t{}\t{}\t{}",
                    one.id,
                    clock::words(one.at),
                    one.author,
                    one.devices,
                    one.hash,
                    one.name
                ));
            }
        }
        Args::Verify { id } => {
            let verified = register.verify_snapshots(&operator, id).await?;
            if verified.is_empty() {
                say("Non ci sono fotografie.");
            }
            if !verified.iter().fold(true, |fit, one| report(one) && fit) {
                outcome = Outcome::Rejected;
            }
        }
    }
    register.store.close().await;
    Ok(outcome)
}

/// Says what was found of a snapshot, and whether all is in order.
pub fn report(verified: &Verified) -> bool {
    let one = &verified.snapshot;
    let fits = verified.troubles.is_empty();
    let words = if fits { "in ordine" } else { "non torna" };
    say(format_args!("{}\t{words}\t«{}»", one.id, one.name));
    for trouble in &verified.troubles {
        say(format_args!("  {trouble}"));
    }
    fits
}

/// The identifier of a snapshot, as typed.
pub fn identifier(text: &str) -> std::result::Result<Uuid, String> {
    Uuid::parse_str(text.trim()).map_err(|_shape| {
        "non è l’identificativo di una fotografia: «varco snapshot list» li elenca".to_owned()
    })
}
