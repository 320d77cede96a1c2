//! The history. Records are added and read; nothing here changes or removes one.

use super::statement::{Bind, Statement, bound};
use super::{Result, Unit, on};
use crate::census::filter::Edge;
use crate::census::journal::{Act, Record};
use crate::clock::Instant;
use futures_util::TryStreamExt;
use sqlx::{ColumnIndex, Decode, Row, Type};
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

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What was done: the spelling of an act; empty for anything.
    pub act: String,
    /// By whom; empty for anybody.
    pub account: String,
    /// About which body; empty for any.
    pub body: String,
    /// To what; empty for anything.
    pub subject: String,
    /// Not before this instant.
    pub from: Option<Instant>,
    /// Not after this instant.
    pub to: Option<Instant>,
    /// Only what concerns this account and these bodies; everything when there is none.
    pub scope: Option<Concerned>,
}

/// Whose records somebody sees who does not see all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    /// Their own account.
    pub account: String,
    /// Their own bodies.
    pub bodies: Vec<String>,
}

/// The acts that concern every body when they name none.
const OF_ALL: [&str; 2] = [Act::Read.name(), Act::Exported.name()];

const COLUMNS: &str = "SELECT number, id, at, account, act, body_code, subject, detail, seal, \
                       previous, hash FROM journal";

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

    /// The records asked for, at most so many: the last first, or those just after a number when the
    /// edge is [`Edge::Before`] it in the list. In the order of the list, the last first.
    pub async fn records(
        &mut self,
        wanted: &Wanted,
        from: Option<(Edge, i64)>,
        size: usize,
    ) -> Result<Vec<Record>> {
        let mut statement = Statement::new(COLUMNS);
        statement.push(" WHERE ");
        condition(&mut statement, wanted);
        let upwards = matches!(from, Some((Edge::Before, _)));
        if let Some((_, number)) = from {
            statement
                .push(if upwards {
                    " AND number > "
                } else {
                    " AND number < "
                })
                .bind(Bind::Integer(Some(number)));
        }
        statement
            .push(if upwards {
                " ORDER BY number"
            } else {
                " ORDER BY number DESC"
            })
            .push(" LIMIT ")
            .bind(Bind::Integer(i64::try_from(size).ok()));
        let mut found: Vec<Record> = on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(record)
                .collect::<Result<_>>()?
        });
        if upwards {
            found.reverse();
        }
        Ok(found)
    }

    /// Every record of the history, the first first, one by one.
    pub async fn each_record(&mut self, mut each: impl FnMut(Record) + Send) -> Result<()> {
        let mut statement = Statement::new(COLUMNS);
        statement.push(" ORDER BY number");
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                each(record(&row)?);
            }
        });
        Ok(())
    }

    /// The record of the history with this number.
    pub async fn record(&mut self, number: i64) -> Result<Option<Record>> {
        let mut statement = Statement::new(COLUMNS);
        statement
            .push(" WHERE number = ")
            .bind(Bind::Integer(Some(number)));
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_optional(conn)
                .await?
                .as_ref()
                .map(record)
                .transpose()
        })
    }

    /// Where the history says it ends; nothing when it does not say.
    pub async fn journal_end(&mut self) -> Result<Option<End>> {
        let found: Option<(i64, i64, String)> = on!(self, |conn| {
            sqlx::query_as("SELECT number, at, hash FROM journal_end")
                .fetch_optional(conn)
                .await?
        });
        Ok(found.map(|(number, at, hash)| End { number, at, hash }))
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

fn condition(statement: &mut Statement, wanted: &Wanted) {
    statement.push("1 = 1");
    for (column, value) in [
        (" AND act = ", &wanted.act),
        (" AND account = ", &wanted.account),
        (" AND body_code = ", &wanted.body),
        (" AND subject = ", &wanted.subject),
    ] {
        if !value.is_empty() {
            statement.push(column).text(value);
        }
    }
    for (comparison, at) in [(" AND at >= ", wanted.from), (" AND at <= ", wanted.to)] {
        if at.is_some() {
            statement.push(comparison).bind(Bind::Integer(at));
        }
    }
    if let Some(concerned) = &wanted.scope {
        statement.push(" AND (account = ").text(&concerned.account);
        if !concerned.bodies.is_empty() {
            statement
                .push(" OR body_code IN ")
                .texts(concerned.bodies.iter().map(String::as_str))
                .push(" OR (body_code IS NULL AND act IN ")
                .texts(OF_ALL)
                .push(")");
        }
        statement.push(")");
    }
}

/// A record from a row of [`COLUMNS`].
fn record<'r, R>(row: &'r R) -> Result<Record>
where
    R: Row,
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(Record {
        number: row.try_get(0)?,
        id: row.try_get(1)?,
        at: row.try_get(2)?,
        account: row.try_get(3)?,
        act: row.try_get(4)?,
        body: row.try_get(5)?,
        subject: row.try_get(6)?,
        detail: row.try_get(7)?,
        seal: row.try_get(8)?,
        previous: row.try_get(9)?,
        hash: row.try_get(10)?,
    })
}
