//! The only SQL. One store on two engines; each statement is written once.
//!
//! [`Store`] is a pool, [`Unit`] one transaction; the methods on `Unit`, one file per family of
//! tables, are everything the rest of the program can ask of a database. The [`on!`] macro runs one
//! statement on whichever driver the unit holds, so binds and columns are type-checked against both.
//! What cannot be said alike stands in [`dialect`]. Enforced by `tests/it/layering.rs` (no `sqlx`
//! elsewhere) and `tests/it/storage.rs` (every method runs on both engines).

pub mod adhesion;
pub mod batch;
pub mod body;
mod bulk;
pub mod campaign;
pub mod catalogue;
pub mod device;
mod dialect;
pub mod document;
pub mod duplicate;
pub mod edition;
pub mod journal;
pub mod notice;
pub mod people;
pub mod reference_layer;
pub mod review;
mod schema;
pub mod sealed;
pub mod snapshot;
mod statement;
pub mod territory;
pub mod verdict;
pub mod verify;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use std::str::FromStr;
use std::time::Duration;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the database is not one.
    #[error(
        "«{url}» non è l’indirizzo di un database: scrivete sqlite://FILE oppure postgres://UTENTE@SERVER/NOME"
    )]
    Address {
        /// What was given, without any password.
        url: String,
    },
    /// Nobody answers there.
    #[error("il server del database non risponde: controllate l’indirizzo e che sia in funzione")]
    Unreachable,
    /// It was written by a newer program.
    #[error(
        "il database è stato scritto da una versione più recente di Varco (migrazione {0}): usate quella versione o una successiva"
    )]
    Newer(i64),
    /// It has not been prepared.
    #[error("il database non è pronto: eseguite prima «varco migrate»")]
    NotMigrated,
    /// A constraint of this name does not hold.
    #[error("il database rifiuta il dato: vincolo {0}")]
    Constraint(String),
    /// There is no room left.
    #[error("non c’è più spazio su disco: nulla è stato salvato")]
    Full,
    /// Somebody else has been writing for too long.
    #[error(
        "qualcun altro sta scrivendo da molto, forse un’importazione: nulla è stato salvato, \
         riprovate tra qualche minuto"
    )]
    Busy,
    /// Migrations failed.
    #[error("la preparazione del database non è riuscita: {0}")]
    Migration(sqlx::migrate::MigrateError),
    /// Something stored cannot be read back.
    #[error("dato illeggibile nel database: {0}")]
    Stored(String),
    /// Anything else the driver says.
    #[error("il database non risponde: {0}")]
    Driver(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        if let sqlx::Error::Database(cause) = &error {
            if dialect::is_busy(cause.as_ref()) {
                return Self::Busy;
            }
            if let Some(name) = dialect::broken_constraint(cause.as_ref()) {
                return Self::Constraint(name);
            }
            if dialect::is_full(cause.as_ref()) {
                return Self::Full;
            }
            if dialect::is_missing_table(cause.as_ref()) {
                return Self::NotMigrated;
            }
        }
        Self::Driver(error)
    }
}

/// How long one waits for another to finish writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What storage gives back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A database of either engine.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file: one pool to read and one, of a single connection, to write, so that whoever waits
    /// for a long import to end never keeps a reader from its connection.
    Sqlite(SqlitePool, SqlitePool),
    /// A server.
    Postgres(PgPool),
}

/// One transaction. Dropped without [`Unit::commit`], it leaves nothing behind.
#[derive(Debug)]
pub enum Unit {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one expression on the connection of whichever engine the unit holds.
macro_rules! on {
    ($unit:expr, |$conn:ident| $query:expr) => {
        match $unit {
            $crate::storage::Unit::Sqlite(transaction) => {
                let $conn = &mut **transaction;
                $query
            }
            $crate::storage::Unit::Postgres(transaction) => {
                let $conn = &mut **transaction;
                $query
            }
        }
    };
}
pub(crate) use on;

impl Store {
    /// Opens the database at this address; a SQLite file is created when absent.
    pub async fn open(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|error| address(url, &error))?
                .disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(PATIENCE)
                .connect_with(options)
                .await
                .map_err(|error| match error {
                    sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => Error::Unreachable,
                    other => other.into(),
                })?;
            Ok(Self::Postgres(pool))
        } else if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|error| address(url, &error))?
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(PATIENCE)
                .pragma("cache_size", "-32000")
                .disable_statement_logging();
            let readers = SqlitePoolOptions::new()
                .max_connections(8)
                .acquire_timeout(PATIENCE)
                .connect_with(options.clone())
                .await?;
            // When a disk is full SQLite rolls back by itself, and the driver goes on counting a
            // transaction that is not there: a connection that wrote is never used again.
            let writer = SqlitePoolOptions::new()
                .max_connections(1)
                .acquire_timeout(PATIENCE)
                .after_release(|_connection, _use| Box::pin(async { Ok(false) }))
                .connect_with(options)
                .await?;
            Ok(Self::Sqlite(readers, writer))
        } else {
            Err(address(url, &"schema"))
        }
    }

    /// Brings the schema up to date; says no to a database that a newer program wrote.
    pub async fn migrate(&self) -> Result<()> {
        let migrator = schema::migrator(self);
        let outcome = match self {
            Self::Sqlite(_, writer) => migrator.run(writer).await,
            Self::Postgres(pool) => migrator.run(pool).await,
        };
        outcome.map_err(schema::explain)
    }

    /// Checks that the schema is the one this program was built with.
    pub async fn check(&self) -> Result<()> {
        let mut unit = self.read().await?;
        schema::check(&mut unit).await
    }

    /// A transaction that only reads, and sees one state of the register throughout.
    pub async fn read(&self) -> Result<Unit> {
        Ok(match self {
            Self::Sqlite(readers, _) => Unit::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => Unit::Postgres(pool.begin_with(dialect::BEGIN_READ).await?),
        })
    }

    /// A transaction that writes. On SQLite it takes the write lock at once, because a deferred one
    /// that reads and then writes fails whatever the busy timeout is.
    pub async fn write(&self) -> Result<Unit> {
        Ok(match self {
            Self::Sqlite(_, writer) => Unit::Sqlite(writer.begin_with(dialect::BEGIN_WRITE).await?),
            Self::Postgres(pool) => Unit::Postgres(pool.begin().await?),
        })
    }

    /// Whether this program is the only server of the database, as it is of a file.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        matches!(self, Self::Sqlite(..))
    }

    /// Whether [`Store::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(_, writer) => writer.is_closed(),
            Self::Postgres(pool) => pool.is_closed(),
        }
    }

    /// Closes every connection; SQLite writes its journal back into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(readers, writer) => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Unit {
    /// Makes everything done in this unit last.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

fn address(url: &str, error: &dyn std::fmt::Display) -> Error {
    tracing::debug!(%error, "the database address was refused");
    let hidden = match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!(
                "{}…{}",
                url.get(..scheme + 3).unwrap_or(""),
                url.get(at..).unwrap_or("")
            )
        }
        _ => url.to_owned(),
    };
    Error::Address { url: hidden }
}
