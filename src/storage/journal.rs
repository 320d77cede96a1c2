//! The history. Records are added and read; nothing here changes or removes one.

use super::{Result, Unit, on};
use crate::census::journal::Record;
use crate::clock::Instant;
use uuid::Uuid;

/// Where the history ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How many records there are.
    pub number: i64,
    /// When the last was added.
    pub at: Instant,
    /// The hash of the last.
    pub hash: String,
}

impl Unit {
    /// Where the history ends, held until the end of this unit: nobody else adds a record meanwhile.
    pub async fn hold_journal_end(&mut self) -> Result<End> {
        let (number, at, hash) = on!(self, |conn| {
            sqlx::query_as::<_, (i64, i64, String)>(
                "UPDATE journal_end SET number = number RETURNING number, at, hash",
            )
            .fetch_one(conn)
            .await?
        });
        Ok(End { number, at, hash })
    }

    /// The name of a snapshot and the instant it shows.
    pub async fn frozen(&mut self, snapshot: Uuid) -> Result<Option<(String, Instant)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as("SELECT name, at FROM snapshot WHERE id = $1")
                .bind(snapshot)
                .fetch_optional(conn)
                .await?
        }))
    }

    /// Adds the record that follows the last.
    pub async fn add_record(&mut self, record: &Record) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO journal (number, id, at, account, act, body_code, subject, detail, \
                 seal, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(record.number)
            .bind(record.id)
            .bind(record.at)
            .bind(&record.account)
            .bind(&record.act)
            .bind(&record.body)
            .bind(&record.subject)
            .bind(&record.detail)
            .bind(&record.seal)
            .bind(&record.previous)
            .bind(&record.hash)
            .execute(&mut *conn)
            .await?;
            sqlx::query("UPDATE journal_end SET number = $1, at = $2, hash = $3")
                .bind(record.number)
                .bind(record.at)
                .bind(&record.hash)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}
