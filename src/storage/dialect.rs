//! What the two engines cannot be asked alike. `tests/it/storage.rs` lists every name in here.

use super::Unit;
use sqlx::error::DatabaseError;

/// Begins a transaction that writes, on SQLite.
pub const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Begins a transaction that sees one state throughout, on PostgreSQL.
pub const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What stands around one bind, the text of a JSON array, to make a list of its texts.
pub fn elements(unit: &Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Sqlite(_) => ("(SELECT value FROM json_each(", "))"),
        Unit::Postgres(_) => ("(SELECT json_array_elements_text(CAST(", " AS JSON)))"),
    }
}

/// How many revisions are worth a statement of their own. To a server over TCP each costs the wait
/// for a delayed acknowledgement, forty milliseconds, whatever its length.
pub fn worth_writing(unit: &Unit) -> usize {
    match unit {
        Unit::Sqlite(_) => 1,
        Unit::Postgres(_) => 4_000,
    }
}

/// What ends a query that leaves out the rows somebody else is writing. On SQLite nobody else is
/// while one writes.
pub fn skip_locked(unit: &Unit) -> &'static str {
    match unit {
        Unit::Sqlite(_) => "",
        Unit::Postgres(_) => " FOR UPDATE SKIP LOCKED",
    }
}

/// What ends a query whose rows nobody else may change until the end of the unit; others may still
/// refer to them. On SQLite nobody else writes while one does.
pub fn hold(unit: &Unit) -> &'static str {
    match unit {
        Unit::Sqlite(_) => "",
        Unit::Postgres(_) => " FOR NO KEY UPDATE",
    }
}

/// A column of identifiers, in a text that can be read back.
pub fn identifier(unit: &Unit, column: &str) -> String {
    match unit {
        Unit::Sqlite(_) => format!("hex({column})"),
        Unit::Postgres(_) => column.to_owned(),
    }
}

/// A column of numbers, in a text from which the same numbers are read; SQLite writes fifteen digits
/// of its own accord. Nothing for null.
pub fn digits(unit: &Unit, column: &str) -> String {
    match unit {
        Unit::Sqlite(_) => {
            format!("CASE WHEN {column} IS NOT NULL THEN format('%!.17g', {column}) END")
        }
        Unit::Postgres(_) => column.to_owned(),
    }
}

/// The name of the constraint that a statement broke. SQLite names the columns of a unique one
/// (`device.body_code, device.code`) where PostgreSQL names the constraint, and names nothing when
/// what a row refers to is not there: that is `foreign_key` on both.
pub fn broken_constraint(error: &dyn DatabaseError) -> Option<String> {
    if error.is_foreign_key_violation() {
        return Some("foreign_key".to_owned());
    }
    if let Some(name) = error.constraint() {
        return Some(name.to_owned());
    }
    let message = error.message();
    let (_, cause) = message.split_once("constraint failed: ")?;
    let columns: Vec<&str> = cause.split(", ").collect();
    Some(match columns.as_slice() {
        ["adhesion_step.annuls"] => "adhesion_step_annuls".to_owned(),
        ["device.body_code", "device.code"] => "device_code".to_owned(),
        ["distinct_pair.first_device", "distinct_pair.second_device"] => {
            "distinct_pair_open".to_owned()
        }
        ["edition.kind", "edition.name"] => "edition_name".to_owned(),
        ["merge.absorbed_device"] => "merge_absorbed".to_owned(),
        ["person.account"] => "person_account".to_owned(),
        ["site.body_code", "site.code"] => "site_code".to_owned(),
        ["snapshot.name"] => "snapshot_name".to_owned(),
        ["revision.device_id", "revision.number"] => "revision_number".to_owned(),
        ["revision.ente", "revision.codice"] => "revision_published_code".to_owned(),
        _ => cause.to_owned(),
    })
}

/// Whether the error says that there is no room left on the disk.
pub fn is_full(error: &dyn DatabaseError) -> bool {
    // SQLITE_FULL; PostgreSQL class 53 "disk_full". A short write is SQLITE_IOERR_WRITE.
    matches!(error.code().as_deref(), Some("13" | "53100" | "778"))
}

/// Whether the error says that somebody else is writing.
pub fn is_busy(error: &dyn DatabaseError) -> bool {
    // SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT; PostgreSQL's lock_not_available and deadlock_detected.
    matches!(
        error.code().as_deref(),
        Some("5" | "517" | "55P03" | "40P01")
    )
}

/// Whether the error says that a table is not there.
pub fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
}
