//! `varco import`: a file, through the same road as the page.

use super::{Failure, Outcome, Result, open, say};
use crate::census::filter::nearest;
use crate::census::person::Viewer;
use crate::census::revision::Source;
use crate::census::vocabulary::Field;
use crate::clock::{Clock, Instant, SECOND};
use crate::exchange::csv::write_table;
use crate::exchange::source::separator_words;
use crate::register::load::{Detected, Report, Request, Said, Told};
use crate::settings::Settings;
use serde::Serialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// What `import` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Il file da importare: CSV, XLSX, ODS, GeoJSON, shapefile in uno ZIP, GeoPackage, KML
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
    let mut destination = args.report.as_deref().map(Destination::open).transpose()?;
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
    register.tidy().await?;
    let mut shown = Shown::new(register.clock.clone());
    let report = register
        .load(&Viewer::operator(), &request, file, &mut |told| {
            shown.hear(&told);
            match &mut destination {
                Some(destination) => destination.hear(&told),
                None => Ok(()),
            }
        })
        .await;
    shown.finish();
    let report = report?;
    register.store.close().await;
    summarise(&report, &request, &shown.errors);
    if let Some(destination) = destination {
        destination.write(&report)?;
    }
    Ok(if report.has_errors() {
        Outcome::Rejected
    } else {
        Outcome::Done
    })
}

/// What is shown while a file is read: how far it is, on a terminal, and its first errors at the
/// end.
struct Shown {
    clock: Clock,
    started: Instant,
    last: Instant,
    terminal: bool,
    errors: Vec<String>,
}

impl Shown {
    fn new(clock: Clock) -> Self {
        let now = clock.now();
        Self {
            clock,
            started: now,
            last: now,
            terminal: std::io::stderr().is_terminal(),
            errors: Vec::new(),
        }
    }

    fn hear(&mut self, told: &Told) {
        match told {
            Told::Said(said) if said.stops() && self.errors.len() < SHOWN => {
                let error = format!("Errore, riga {}: {}", said.line, said.message);
                self.errors.push(error);
            }
            Told::Progress(share, rows) if self.terminal => self.progress(*share, *rows),
            Told::Anew => self.errors.clear(),
            _ => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "rows and seconds of a work")]
    fn progress(&mut self, share: f64, rows: u64) {
        let now = self.clock.now();
        if now - self.last < SECOND / 2 {
            return;
        }
        self.last = now;
        let seconds = (now - self.started) as f64 / SECOND as f64;
        let left = seconds / share.max(0.001) * (1.0 - share);
        let rate = rows as f64 / seconds;
        // A terminal that is gone is no reason to stop.
        let _ = write!(
            std::io::stderr(),
            "\r{rows} righe, {:.0} %, {rate:.0} righe al secondo, mancano {left:.0} secondi   ",
            share * 100.0
        );
    }

    /// Leaves the line of progress.
    fn finish(&self) {
        if self.terminal && self.last > self.started {
            let _ = writeln!(std::io::stderr());
        }
    }
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
fn summarise(report: &Report, request: &Request, errors: &[String]) {
    let found = &report.detected;
    say(format_args!(
        "{}: {}.",
        report.file,
        facts(found).join(", ")
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
    let of_file = report.findings.iter().filter(|said| said.stops());
    for said in of_file {
        say(format_args!("Errore nel file: {}", said.message));
    }
    for error in errors {
        say(error);
    }
    let untold = report.errors.saturating_sub(errors.len() as u64);
    if untold > 0 && errors.len() == SHOWN {
        say(format_args!(
            "… e altri {untold} errori: con --report si hanno tutti."
        ));
    }
    say(format_args!(
        "Errori: {}. Avvisi: {}.",
        report.errors, report.warnings
    ));
    say(outcome(report, request));
    if let Some(batch) = report.batch {
        say(format_args!(
            "Importazione {batch}: si annulla dalla pagina «Importa»."
        ));
    }
}

/// What was found out about a file, in words.
fn facts(found: &Detected) -> Vec<String> {
    let file = &found.file;
    let mut facts = vec![file.format.label().to_owned()];
    facts.extend(file.sheet.as_ref().map(|sheet| format!("foglio «{sheet}»")));
    facts.extend(file.encoding.clone());
    let separator = file.separator.map(separator_words);
    facts.extend(separator.map(|words| format!("separatore {words}")));
    let decimal = file.decimal.map(|mark| format!("decimali con «{mark}»"));
    facts.extend(decimal);
    facts.extend(file.header_line.map(|line| match line {
        0 => "senza intestazione".to_owned(),
        line => format!("intestazione alla riga {line}"),
    }));
    let crs = found.crs.as_deref().unwrap_or("un sistema da indicare");
    facts.push(format!("coordinate in {crs}"));
    facts
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
/// What is said of rows waits in files without a name, so that memory does not grow with it.
struct Destination {
    path: PathBuf,
    table: bool,
    file: NamedTempFile,
    points: Spool,
    findings: Spool,
}

/// Pieces of text that are wanted later.
struct Spool {
    file: BufWriter<File>,
    empty: bool,
}

impl Spool {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            empty: true,
        })
    }

    fn json(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        self.file
            .write_all(if self.empty { b"\n    " } else { b",\n    " })?;
        self.empty = false;
        Ok(serde_json::to_writer(&mut self.file, value)?)
    }

    fn pour(&mut self, destination: &mut impl Write) -> std::io::Result<()> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.rewind()?;
        std::io::copy(file, destination)?;
        Ok(())
    }
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
        let made = || -> std::io::Result<Self> {
            Ok(Self {
                path: path.to_owned(),
                table,
                file: NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?,
                points: Spool::new()?,
                findings: Spool::new()?,
            })
        };
        made().map_err(|error| {
            Failure::new(format!(
                "Il rapporto «{}» non si può scrivere: {error}.",
                path.display()
            ))
        })
    }

    /// Keeps what is told of a row.
    fn hear(&mut self, told: &Told) -> std::io::Result<()> {
        match told {
            Told::Said(said) if self.table => {
                write_table(&mut self.findings.file, false, [line(said)])
            }
            Told::Said(said) => self.findings.json(said),
            Told::Landing(landing) if !self.table => self.points.json(landing),
            Told::Anew => {
                self.points = Spool::new()?;
                self.findings = Spool::new()?;
                Ok(())
            }
            Told::Landing(_) | Told::Progress(..) => Ok(()),
        }
    }

    fn write(mut self, report: &Report) -> Result<()> {
        let written = if self.table {
            self.write_table(report)
        } else {
            self.write_json(report)
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

    /// The report with what was told of its rows in its two lists.
    fn write_json(&mut self, report: &Report) -> std::io::Result<()> {
        let mut destination = BufWriter::new(&mut self.file);
        let serde_json::Value::Object(members) = serde_json::to_value(report)? else {
            return Err(std::io::ErrorKind::InvalidData.into());
        };
        let mut of_file = Spool::new()?;
        for said in &report.findings {
            of_file.json(said)?;
        }
        for (index, (name, value)) in members.iter().enumerate() {
            let start = if index == 0 { "{" } else { "," };
            write!(destination, "{start}\n  \"{name}\": ")?;
            match name.as_str() {
                "points" => {
                    destination.write_all(b"[")?;
                    self.points.pour(&mut destination)?;
                    destination.write_all(b"]")?;
                }
                "findings" => {
                    destination.write_all(b"[")?;
                    of_file.pour(&mut destination)?;
                    if !of_file.empty && !self.findings.empty {
                        destination.write_all(b",")?;
                    }
                    self.findings.pour(&mut destination)?;
                    destination.write_all(b"]")?;
                }
                _ => serde_json::to_writer(&mut destination, value)?,
            }
        }
        destination.write_all(b"\n}\n")?;
        destination.flush()
    }

    /// The findings as a table, one to a row.
    fn write_table(&mut self, report: &Report) -> std::io::Result<()> {
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
        let mut destination = BufWriter::new(&mut self.file);
        let header = std::iter::once(HEADER.map(Cow::from).to_vec());
        let of_file = report.findings.iter().map(line);
        write_table(&mut destination, true, header.chain(of_file))?;
        self.findings.pour(&mut destination)?;
        destination.flush()
    }
}

/// A finding as a row of a table.
fn line(said: &Said) -> Vec<Cow<'_, str>> {
    let proposals: Vec<String> = said.proposals.iter().map(ToString::to_string).collect();
    let record = said.record.map(|record| record.to_string());
    vec![
        said.line.to_string().into(),
        record.unwrap_or_default().into(),
        said.column.as_deref().unwrap_or_default().into(),
        said.field.unwrap_or_default().into(),
        said.value.as_str().into(),
        said.code.name().into(),
        said.severity.name().into(),
        said.message.as_str().into(),
        proposals.join(" | ").into(),
    ]
}
