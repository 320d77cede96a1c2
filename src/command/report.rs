//! `varco report compatibility`: the report as a file.

use super::export::{beside, one_of};
use super::snapshot::identifier;
use super::{Failure, Outcome, Result, open, say};
use crate::census::person::Viewer;
use crate::register::publish;
use crate::register::report::Asked;
use crate::settings::Settings;
use crate::web::report::Form;
use std::io::{self, Write as _};
use std::path::PathBuf;
use uuid::Uuid;

/// What `report` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Quale relazione: compatibility
    what: String,
    /// Formato: html, xlsx, pdf, oppure zip per averli tutti con le loro impronte
    #[arg(long, value_parser = format)]
    format: Form,
    /// File da scrivere; se c’è già viene sostituito
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Fotografia; senza, quello che è convalidato adesso, e la relazione è una bozza
    #[arg(long, value_name = "ID", value_parser = identifier)]
    snapshot: Option<Uuid>,
    /// Criteri, al posto di quelli in vigore
    #[arg(long, value_name = "ID", value_parser = identifier)]
    criteria: Option<Uuid>,
    /// Elenco prezzi, al posto di quello in vigore
    #[arg(long, value_name = "ID", value_parser = identifier)]
    prices: Option<Uuid>,
    /// Divisione in lotti, al posto di quella in vigore
    #[arg(long, value_name = "ID", value_parser = identifier)]
    lots: Option<Uuid>,
    /// Livello della fibra, al posto di quello che c’era
    #[arg(long, value_name = "ID", value_parser = identifier)]
    fibre: Option<Uuid>,
}

fn format(text: &str) -> std::result::Result<Form, String> {
    one_of(&Form::ALL, Form::name, text)
}

/// Writes the file beside its place and moves it there when it is whole.
pub async fn run(args: Args, settings: &Settings) -> Result {
    if args.what != "compatibility" {
        return Err(Failure::new(format!(
            "non c’è la relazione «{}»: scrivete «varco report compatibility»",
            args.what
        )));
    }
    let cannot = |error: io::Error| {
        Failure::new(format!(
            "{} non si può scrivere: {}",
            args.output.display(),
            publish::reason(&error)
        ))
    };
    let register = open(settings).await?;
    let asked = Asked {
        snapshot: args.snapshot,
        criteria: args.criteria,
        prices: args.prices,
        lots: args.lots,
        fibre: args.fibre,
    };
    let viewer = Viewer::operator();
    let made = register
        .report_to_leave(&viewer, &asked, &args.format.file())
        .await?;
    let bytes = args.format.make(&made);
    let bytes = bytes.map_err(|error| Failure::new(error.to_string()))?;
    let mut file = beside(&args.output).map_err(cannot)?;
    file.write_all(&bytes).map_err(cannot)?;
    // The file takes its name only when the history says that it left.
    register.settle().await?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(&args.output)
        .map_err(|error| cannot(error.error))?;
    register.store.close().await;
    say(format_args!(
        "Relazione scritta in {}",
        args.output.display()
    ));
    if made.is_draft() {
        say(
            "È una bozza: non proviene da una fotografia. «varco snapshot create» ne scatta una, \
             e --snapshot ne fa la relazione.",
        );
    }
    Ok(Outcome::Done)
}
