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
