//! `varco user add|disable|list`: who may enter.

use super::{Failure, Outcome, Result, open, say};
use crate::census::person::{Role, Viewer};
use crate::settings::Settings;
use std::io::{IsTerminal, Read};

/// What `user` takes.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Aggiunge una persona; la password si scrive sullo standard input
    Add {
        /// Nome utente
        account: String,
        /// Nome e cognome
        #[arg(long)]
        name: String,
        /// Ruolo: compilatore, validatore, osservatore, amministratore
        #[arg(long)]
        role: String,
        /// Codice dell’ente, per un compilatore; si può ripetere
        #[arg(long)]
        body: Vec<String>,
    },
    /// Toglie l’accesso a una persona; le sue sessioni finiscono subito
    Disable {
        /// Nome utente
        account: String,
    },
    /// Elenca le persone
    List,
}

/// Manages people.
pub async fn run(args: Args, settings: &Settings) -> Result {
    let register = open(settings).await?;
    let operator = Viewer::operator();
    match args {
        Args::Add {
            account,
            name,
            role,
            body,
        } => {
            let role: Role = role.parse().map_err(|()| {
                Failure::new(format!(
                    "Il ruolo «{role}» non esiste: scrivete compilatore, validatore, osservatore \
                     o amministratore."
                ))
            })?;
            let mut grants = Vec::new();
            if body.is_empty() {
                grants.push(register.grant_for(role, None).await?);
            }
            for code in &body {
                grants.push(register.grant_for(role, Some(code)).await?);
            }
            let password = password()?;
            register
                .add_person(&operator, &account, &name, &password, &grants)
                .await?;
            say(format_args!("Aggiunto: {account}"));
        }
        Args::Disable { account } => {
            register.disable_person(&operator, &account).await?;
            say(format_args!("Disabilitato: {account}"));
        }
        Args::List => {
            for listed in register.people(&operator).await? {
                let roles: Vec<String> = listed
                    .grants
                    .iter()
                    .map(|grant| format!("{} {}", grant.role, grant.body))
                    .collect();
                let state = if listed.person.disabled_at.is_some() {
                    "disabilitato"
                } else {
                    "attivo"
                };
                say(format_args!(
                    "{}\t{}\t{}\t{state}",
                    listed.person.account,
                    listed.person.name,
                    roles.join(", ")
                ));
            }
        }
    }
    register.store.close().await;
    Ok(Outcome::Done)
}

/// The first line of standard input, so that no password stands in the command line or in the
/// history of a shell.
fn password() -> std::result::Result<String, Failure> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        say("Scrivete la password e premete Invio (si vede mentre la scrivete):");
        let mut line = String::new();
        input.read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
