//! The migrations, embedded, and whether a database has them all.

use super::{Error, Result, Store, Unit, on};
use rust_embed::RustEmbed;
use sqlx::AssertSqlSafe;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

#[derive(RustEmbed)]
#[folder = "migrations/sqlite"]
struct OnSqlite;

#[derive(RustEmbed)]
#[folder = "migrations/postgres"]
struct OnPostgres;

/// The migrations of this program for the engine of the store.
pub fn migrator(store: &Store) -> Migrator {
    match store {
        Store::Sqlite(..) => Migrator::with_migrations(migrations::<OnSqlite>()),
        Store::Postgres(_) => Migrator::with_migrations(migrations::<OnPostgres>()),
    }
}

fn migrations<Files: RustEmbed>() -> Vec<Migration> {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    names
        .iter()
        .filter_map(|name| {
            let (version, description) = name.strip_suffix(".sql")?.split_once('_')?;
            let text = String::from_utf8(Files::get(name)?.data.into_owned()).ok()?;
            Some(Migration::new(
                version.parse().ok()?,
                description.replace('_', " ").into(),
                MigrationType::Simple,
                sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text)),
                false,
            ))
        })
        .collect()
}

/// What a failed migration means to the person who runs the program.
pub fn explain(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version)
        | MigrateError::VersionTooNew(version, _)
        | MigrateError::VersionTooOld(_, version) => Error::Newer(version),
        MigrateError::ExecuteMigration(cause, _) | MigrateError::Execute(cause) => {
            Error::from(cause)
        }
        other => Error::Migration(other),
    }
}

/// Says no when migrations are missing here or unknown to this program.
pub async fn check(unit: &mut Unit) -> Result<()> {
    let applied: i64 = on!(unit, |conn| {
        sqlx::query_scalar(
            "SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM _sqlx_migrations WHERE success",
        )
        .fetch_one(conn)
        .await
    })?;
    let known = migrations::<OnSqlite>()
        .last()
        .map_or(0, |migration| migration.version);
    match applied.cmp(&known) {
        std::cmp::Ordering::Less => Err(Error::NotMigrated),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Error::Newer(applied)),
    }
}

/// Which migrations of a database are not those of this program, in words.
pub async fn differences(unit: &mut Unit) -> Result<Vec<String>> {
    let known = match unit {
        Unit::Sqlite(_) => migrations::<OnSqlite>(),
        Unit::Postgres(_) => migrations::<OnPostgres>(),
    };
    let applied: Vec<(i64, bool, Vec<u8>)> = on!(unit, |conn| {
        sqlx::query_as("SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(conn)
            .await?
    });
    let fits = |one: &Migration| {
        applied.iter().any(|(version, success, checksum)| {
            *version == one.version && *success && checksum.as_slice() == &*one.checksum
        })
    };
    Ok(known
        .iter()
        .filter(|one| !fits(one))
        .map(|one| {
            format!(
                "la migrazione {} non è quella di questo programma",
                one.version
            )
        })
        .collect())
}
