//! `varco import`: a file, through the same road as the page.

use super::{Failure, Outcome, Result, open, say};
use crate::census::filter::nearest;
use crate::census::finding::Severity;
use crate::census::person::Viewer;
use crate::census::revision::Source;
use crate::census::vocabulary::Field;
use crate::exchange::csv::write_table;
use crate::register::load::{Report, Request, Said};
use crate::settings::Settings;
use std::borrow::Cow;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// What `import` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Il file CSV da importare
    file: PathBuf,
    /// Ente delle righe che non lo dicono: per un Comune il codice ISTAT, di sei cifre
    #[arg(long, value_name = "CODICE")]
    body: Option<String>,
    /// Sistema di riferimento delle coordinate; senza, lo si riconosce dai numeri
    #[arg(long, value_name = "EPSG:n")]
    crs: Option<String>,
    /// Valore di un attributo per le righe che non lo dicono; si può ripetere
    #[arg(long, value_name = "ATTRIBUTO=VALORE")]
    set: Vec<String>,
    /// Solo prova: dice che cosa succederebbe e non salva nulla
    #[arg(long)]
    dry_run: bool,
    /// Salva le righe buone anche se altre hanno errori
    #[arg(long)]
    partial: bool,
    /// Corregge gli errori per i quali c’è una sola proposta
    #[arg(long)]
    accept_proposals: bool,
    /// Dove scrivere il rapporto: .json (tutto) oppure .csv (una riga per segnalazione)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// How many errors are repeated on standard output.
const SHOWN: usize = 20;

/// Brings in a file and says what became of it.
pub async fn run(args: Args, settings: &Settings) -> Result {
    let destination = args.report.as_deref().map(Destination::open).transpose()?;
    let name = args
        .file
        .file_name()
        .unwrap_or(args.file.as_os_str())
        .to_string_lossy()
        .into_owned();
    let file = File::open(&args.file).map_err(|error| {
        Failure::new(format!(
            "Il file «{}» non si legge: {error}.",
            args.file.display()
        ))
    })?;
    let request = Request {
        name,
        body: args.body,
        crs: args.crs,
        constants: args
            .set
            .iter()
            .map(|text| constant(text))
            .collect::<Result<_>>()?,
        dry_run: args.dry_run,
        partial: args.partial,
        accept_proposals: args.accept_proposals,
        source: Source::Command,
    };
    let register = open(settings).await?;
    let report = register.load(&Viewer::operator(), &request, file).await?;
    register.store.close().await;
    summarise(&report, &request);
    if let Some(destination) = destination {
        destination.write(&report)?;
    }
    Ok(if report.has_errors() {
        Outcome::Rejected
    } else {
        Outcome::Done
    })
}

/// An attribute and its value for the whole file.
fn constant(text: &str) -> Result<(Field, String)> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::new(format!(
            "--set {text}: scrivete ATTRIBUTO=VALORE, per esempio stato=in_esercizio."
        ))
    })?;
    let (name, value) = (name.trim(), value.trim());
    let field = Field::named(name).ok_or_else(|| {
        let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        let hint = nearest(name, &names)
            .map_or_else(String::new, |near| format!(": forse intendevate «{near}»?"));
        Failure::new(format!(
            "--set {text}: l’attributo «{name}» non esiste{hint}"
        ))
    })?;
    if value.is_empty() {
        return Err(Failure::new(format!("--set {text}: manca il valore.")));
    }
    Ok((field, value.to_owned()))
}

/// Says what was found out and what became of the rows.
fn summarise(report: &Report, request: &Request) {
    let found = &report.detected;
    say(format_args!(
        "{}: CSV, {}, separatore {}, decimali con «{}», intestazione alla riga {}, coordinate in {}.",
        report.file,
        found.encoding,
        found.separator_words(),
        found.decimal,
        found.header_line,
        found.crs.unwrap_or("un sistema da indicare"),
    ));
    let mapping: Vec<String> = found
        .mapping
        .iter()
        .map(|(header, field)| format!("{header} → {}", field.as_str().unwrap_or_default()))
        .collect();
    say(format_args!("Colonne lette: {}.", mapping.join(", ")));
    if !found.ignored_columns.is_empty() {
        say(format_args!(
            "Colonne ignorate: {}.",
            found.ignored_columns.join(", ")
        ));
    }
    say(format_args!(
        "Righe: {}. Accettate: {} (nuove {}, modificate {}, invariate {}). Rifiutate: {}.",
        report.rows,
        report.accepted,
        report.created,
        report.changed,
        report.unchanged,
        report.rejected
    ));
    let stopping: Vec<&Said> = report.findings.iter().filter(|said| said.stops()).collect();
    for said in stopping.iter().take(SHOWN) {
        say(format_args!("Errore, riga {}: {}", said.line, said.message));
    }
    if stopping.len() > SHOWN {
        say(format_args!(
            "… e altri {} errori: con --report si hanno tutti.",
            stopping.len() - SHOWN
        ));
    }
    say(format_args!(
        "Errori: {}. Avvisi: {}.",
        stopping.len(),
        warnings(report)
    ));
    say(outcome(report, request));
}

fn warnings(report: &Report) -> usize {
    let warning = |said: &&Said| said.severity == Severity::Warning;
    report.findings.iter().filter(warning).count()
}

fn outcome(report: &Report, request: &Request) -> &'static str {
    if request.dry_run {
        "È una prova: nulla è stato salvato."
    } else if report.stored && report.rejected > 0 {
        "Le righe accettate sono nel censimento; le altre no."
    } else if report.stored {
        "Tutte le righe sono nel censimento."
    } else if report.rejected > 0 && !request.partial {
        "Nulla è stato salvato: correggete gli errori, oppure importate le righe buone con --partial."
    } else {
        "Nulla è stato salvato."
    }
}

/// Where the report goes. It is opened before anything is done, and takes its name when it is whole.
struct Destination {
    path: PathBuf,
    table: bool,
    file: NamedTempFile,
}

impl Destination {
    fn open(path: &Path) -> Result<Self> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let table = match ending.to_ascii_lowercase().as_str() {
            "csv" => true,
            "json" => false,
            _ => {
                return Err(Failure::new(format!(
                    "Il rapporto «{}» deve finire in .json oppure in .csv.",
                    path.display()
                )));
            }
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(|error| {
            Failure::new(format!(
                "Il rapporto «{}» non si può scrivere: {error}.",
                path.display()
            ))
        })?;
        Ok(Self {
            path: path.to_owned(),
            table,
            file,
        })
    }

    fn write(mut self, report: &Report) -> Result<()> {
        let written = if self.table {
            write_table(BufWriter::new(&mut self.file), table(report))
        } else {
            json(BufWriter::new(&mut self.file), report)
        };
        let kept =
            written.and_then(|()| self.file.persist(&self.path).map_err(|error| error.error));
        kept.map(drop).map_err(|error| {
            let fate = if report.stored {
                "I dispositivi sono stati importati, ma il"
            } else {
                "Il"
            };
            Failure::new(format!(
                "{fate} rapporto «{}» non si può scrivere: {error}.",
                self.path.display()
            ))
        })
    }
}

fn json(mut destination: impl std::io::Write, report: &Report) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut destination, report)?;
    destination.write_all(b"\n")?;
    destination.flush()
}

/// The findings as a table, one to a row.
fn table(report: &Report) -> impl Iterator<Item = Vec<Cow<'_, str>>> {
    const HEADER: [&str; 9] = [
        "line",
        "record",
        "column",
        "field",
        "value",
        "code",
        "severity",
        "message",
        "proposals",
    ];
    let header = HEADER.map(Cow::from).to_vec();
    std::iter::once(header).chain(report.findings.iter().map(|said| {
        let proposals: Vec<String> = said.proposals.iter().map(ToString::to_string).collect();
        vec![
            said.line.to_string().into(),
            said.record
                .map_or_else(String::new, |record| record.to_string())
                .into(),
            said.column.as_deref().unwrap_or_default().into(),
            said.field.unwrap_or_default().into(),
            said.value.as_str().into(),
            said.code.name().into(),
            said.severity.name().into(),
            said.message.as_str().into(),
            proposals.join(" | ").into(),
        ]
    }))
}
