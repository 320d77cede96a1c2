//! `varco verify`: whether anything was changed behind the program's back.

use super::{Outcome, Result, open, say};
use crate::settings::Settings;

/// Reads everything and names the first thing that does not fit.
pub async fn run(settings: &Settings) -> Result {
    let register = open(settings).await?;
    let verified = register.verify().await?;
    register.store.close().await;
    say(format_args!(
        "Controllati {} record della storia, {} revisioni dei dispositivi, {} scritti della \
         convalida.",
        verified.records, verified.revisions, verified.reviews
    ));
    let outcome = match &verified.first {
        None => {
            say("Tutto corrisponde.");
            Outcome::Done
        }
        Some(first) => {
            say(format_args!("Non corrisponde {first}."));
            match verified.others {
                0 => {}
                1 => say("Un’altra cosa non corrisponde."),
                others => say(format_args!("Altre {others} cose non corrispondono.")),
            }
            Outcome::Rejected
        }
    };
    if let Some((number, hash)) = &verified.last {
        say(format_args!(
            "Ultimo record: {number} {hash}\nAnnotate questi due valori altrove: chi riscrivesse \
             tutta la storia non potrebbe riprodurli."
        ));
    }
    Ok(outcome)
}
