//! Reads the command line and runs one command.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use varco::command::{self, Failure, Outcome};
use varco::settings::Settings;

/// An import makes and drops some hundred texts for every row, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long work on threads aside is waited for, once the command is done: nothing can stop such work
/// from within, and without a limit the program would never end.
const ASIDE: Duration = Duration::from_secs(10);

/// Censimento georeferenziato dei dispositivi di videosorveglianza
#[derive(Debug, Parser)]
#[command(
    name = "varco",
    version,
    about = "Censimento georeferenziato dei dispositivi di videosorveglianza"
)]
struct Cli {
    /// Indirizzo del database, come `sqlite://FILE` o `postgres://UTENTE@SERVER/NOME`
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// File delle impostazioni; senza, si usa varco.toml se c’è
    #[arg(long, global = true, value_name = "FILE", env = "VARCO_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Avvia l’applicazione web
    Serve(command::serve::Args),
    /// Prepara o aggiorna lo schema del database
    Migrate,
    /// Carica territorio, enti e catalogo; con --demo anche dati di esempio
    Seed(command::seed::Args),
    /// Scrive i dispositivi in un file
    Export(command::export::Args),
    /// Importa i dispositivi di un foglio di calcolo in formato CSV
    Import(command::import::Args),
    /// Scrive la relazione di compatibilità con SCNTT
    Report(command::report::Args),
    /// Fotografa il censimento convalidato, e ne verifica le fotografie
    #[command(subcommand)]
    Snapshot(command::snapshot::Args),
    /// Gestisce i confini dei Comuni
    #[command(subcommand)]
    Territory(command::territory::Args),
    /// Gestisce le persone che possono accedere
    #[command(subcommand)]
    User(command::user::Args),
    /// Controlla il database, la storia e tutto quello che la storia registra
    Verify,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = match settings(&cli) {
        Ok(settings) => settings,
        Err(failure) => return refuse(&failure),
    };
    let filter = match tracing_subscriber::EnvFilter::try_new(&settings.log) {
        Ok(filter) => filter,
        Err(error) => {
            let message = format!("l’impostazione «log» non si legge: {error}");
            return refuse(&Failure::new(message));
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error.into()),
    };
    let outcome = runtime.block_on(run(cli.command, settings));
    let done = Instant::now();
    runtime.shutdown_timeout(ASIDE);
    if done.elapsed() >= ASIDE {
        tracing::warn!(
            "work on a thread aside does not end and is interrupted: an import goes on at the next \
             start, a page is to be asked for again"
        );
    }
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Rejected) => ExitCode::from(1),
        Err(failure) => refuse(&failure),
    }
}

async fn run(command: Command, settings: Settings) -> command::Result {
    match command {
        Command::Serve(args) => command::serve::run(args, settings).await,
        Command::Migrate => command::migrate::run(&settings).await,
        Command::Seed(args) => command::seed::run(args, &settings).await,
        Command::Import(args) => command::import::run(args, &settings).await,
        Command::Territory(args) => command::territory::run(args, &settings).await,
        Command::Export(args) => command::export::run(args, &settings).await,
        Command::Report(args) => command::report::run(args, &settings).await,
        Command::Snapshot(args) => command::snapshot::run(args, &settings).await,
        Command::User(args) => command::user::run(args, &settings).await,
        Command::Verify => command::verify::run(&settings).await,
    }
}

fn settings(cli: &Cli) -> Result<Settings, Failure> {
    let present = PathBuf::from("varco.toml");
    let file = cli
        .config
        .clone()
        .or_else(|| present.exists().then_some(present));
    let mut settings = Settings::load(file.as_deref(), std::env::vars())
        .map_err(|error| Failure::new(error.to_string()))?;
    if let Some(database) = &cli.database {
        settings.database.clone_from(database);
    }
    Ok(settings)
}

fn refuse(failure: &Failure) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "varco: {}", failure.0);
    ExitCode::from(2)
}
