//! `varco export`: devices as a file.

use super::{Failure, Outcome, Result, open, say};
use crate::census::filter::{Filter, Moment, State, Tier};
use crate::census::moment;
use crate::census::person::Viewer;
use crate::clock::Instant;
use crate::register::publish::{self, Export, Format};
use crate::register::{self, Register};
use crate::settings::Settings;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use uuid::Uuid;

/// What `export` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Che cosa: devices
    what: String,
    /// Formato: shapefile, geojson, csv, xlsx
    #[arg(long, value_parser = format)]
    format: Format,
    /// File da scrivere; se c’è già viene sostituito
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Sistema di riferimento, per esempio EPSG:32632
    #[arg(long, value_name = "EPSG:n", default_value = "")]
    crs: String,
    /// Stato dei dati: accepted (ultimo convalidato) o working (ultimo salvato)
    #[arg(long, default_value = "accepted", value_parser = state)]
    state: State,
    /// Fotografia: i dati convalidati com’erano quando fu scattata
    #[arg(long, value_name = "ID", value_parser = super::snapshot::identifier, conflicts_with = "at")]
    snapshot: Option<Uuid>,
    /// Com’era a una data passata: GG/MM/AAAA, AAAA-MM-GG, o data e ora
    #[arg(long, value_name = "DATA", value_parser = at)]
    at: Option<Instant>,
    /// Per chi: pubblico, enti, riservato
    #[arg(long, default_value = "riservato", value_parser = tier)]
    tier: Tier,
}

/// Writes the file beside its place and moves it there when it is whole, so that a full disk leaves
/// nothing half-written.
pub async fn run(args: Args, settings: &Settings) -> Result {
    if args.what != "devices" {
        return Err(Failure::new(what_else(&args.what)));
    }
    let mut filter = Filter::of(&Viewer::operator());
    filter.state = args.state;
    filter.tier = args.tier;
    filter.moment = args.at.map_or(Moment::Now, Moment::At);
    if let Some(snapshot) = args.snapshot {
        if args.state != State::Accepted {
            return Err(Failure::new(
                "Una fotografia ha solo dati convalidati: togliete --state working oppure \
                 --snapshot.",
            ));
        }
        filter.freeze(snapshot);
    }
    let export = Export::new(args.format, &args.crs, filter)?;
    if args.output.exists() && !args.output.is_file() {
        return Err(Failure::new(format!(
            "{} non è un file: scrivete il nome di un file da creare o da sostituire.",
            args.output.display()
        )));
    }
    let register = open(settings).await?;
    if let Some(snapshot) = args.snapshot {
        known(&register, snapshot).await?;
    }
    let cannot = |error: io::Error| {
        Failure::new(format!(
            "{} non si può scrivere: {}",
            args.output.display(),
            publish::reason(&error)
        ))
    };
    let file = beside(&args.output).map_err(cannot)?;
    let sink = file.as_file().try_clone().map_err(cannot)?;
    let published = register.export(&export, sink).await?;
    // The file takes its name only when the history says that it left.
    register.settle().await?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(&args.output)
        .map_err(|error| cannot(error.error))?;
    register.store.close().await;
    say(format_args!(
        "Dispositivi scritti in {}: {}",
        args.output.display(),
        published.devices
    ));
    if published.devices == 0 && args.state == State::Accepted && args.snapshot.is_none() {
        say(
            "Nessun dispositivo è stato convalidato: per l’ultima versione salvata aggiungete \
             --state working.",
        );
    }
    for (field, number) in &published.truncated {
        say(format_args!(
            "Attenzione: in {number} dispositivi «{}» supera i 254 caratteri dello shapefile ed è \
             stato tagliato. GeoJSON, CSV e XLSX lo portano intero.",
            field.attribute().label
        ));
    }
    Ok(Outcome::Done)
}

/// Names a snapshot that is not there.
async fn known(register: &Register, snapshot: Uuid) -> Result<()> {
    match register.snapshot(&Viewer::operator(), snapshot).await {
        Ok(_) => Ok(()),
        Err(register::Error::NotFound(_)) => Err(Failure::new(format!(
            "la fotografia «{snapshot}» non c’è: «varco snapshot list» dice quali ci sono"
        ))),
        Err(error) => Err(error.into()),
    }
}

fn what_else(what: &str) -> String {
    match what {
        "sites" | "bodies" => format!(
            "«varco export {what}» non è disponibile in questa versione: si esportano i \
             dispositivi, con «varco export devices»"
        ),
        _ => format!("«{what}» non si può esportare: scrivete «varco export devices»"),
    }
}

/// A new file in the folder of another, which goes away unless it is put in its place.
pub(super) fn beside(output: &Path) -> io::Result<NamedTempFile> {
    let folder = match output.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // As readable as the operator's mask says, like any file a command writes.
    tempfile::Builder::new()
        .prefix(".varco-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

fn format(text: &str) -> std::result::Result<Format, String> {
    one_of(&Format::ALL, Format::name, text)
}

fn state(text: &str) -> std::result::Result<State, String> {
    one_of(&[State::Accepted, State::Working], State::name, text)
}

fn at(text: &str) -> std::result::Result<Instant, String> {
    moment::parse(text).ok_or_else(|| {
        "non è una data: scrivete GG/MM/AAAA, oppure AAAA-MM-GG, anche con l’ora".to_owned()
    })
}

fn tier(text: &str) -> std::result::Result<Tier, String> {
    one_of(&Tier::ALL, Tier::name, text)
}

/// The entry of a closed list that has this name, or a sentence with all of them.
pub(super) fn one_of<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    text: &str,
) -> std::result::Result<T, String> {
    all.iter()
        .copied()
        .find(|one| name(*one) == text)
        .ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
            format!("scegliete fra {}", names.join(", "))
        })
}
