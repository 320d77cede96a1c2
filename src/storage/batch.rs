//! Batches: files on their way in, their rows and what each would do; and what is remembered of how
//! a body's files are read.

use super::statement::{Bind, Statement, bound, containing};
use super::{Error, Result, Unit, dialect, on};
use crate::census::batch::{Fate, State};
use crate::census::revision::{Revision, Source};
use crate::clock::Instant;
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// A file on its way in, or one that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its identifier.
    pub id: Uuid,
    /// What people call the file.
    pub name: String,
    /// The account of who sent it.
    pub author: String,
    /// From a page or from a command.
    pub source: Source,
    /// How far it has come.
    pub state: State,
    /// When it was sent.
    pub created_at: Instant,
    /// When its state last changed.
    pub changed_at: Instant,
    /// When whoever works at it last said so; 0 when nobody does.
    pub beat_at: Instant,
    /// Whether somebody asked to stop the work.
    pub cancelled: bool,
    /// What was asked, as JSON.
    pub request: String,
    /// What was found out, as JSON.
    pub summary: String,
    /// Why it failed, in Italian; empty when it did not.
    pub problem: String,
    /// The body of the rows that do not name one.
    pub body: Option<String>,
    /// The batch that it undoes, if it does.
    pub undoes: Option<Uuid>,
}

/// A row of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRow {
    /// Which row of data, from 1.
    pub record: i64,
    /// Where in the file, from 1.
    pub line: i64,
    /// The cells as the file has them, as a JSON array.
    pub cells: String,
    /// What a person changed of it, as JSON; empty when nothing.
    pub edits: String,
    /// The number of the revision that it was first compared with.
    pub base: Option<i64>,
    /// What it would do.
    pub fate: Fate,
    /// The body of its device, where known.
    pub ente: String,
    /// The code of its device.
    pub codice: String,
    /// Degrees east and north, WGS 84, where it would be.
    pub point: Option<(f64, f64)>,
    /// The codes of its findings, each with a blank on either side.
    pub codes: String,
    /// What the rules say of it and what it would change, as JSON.
    pub judgement: String,
}

/// Which rows of a batch are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those with this fate.
    pub fate: Option<Fate>,
    /// Those with a finding of this code.
    pub code: Option<String>,
    /// Those of a device whose code contains this.
    pub text: Option<String>,
}

const BATCH: &str = "SELECT id, name, author, source, state, created_at, changed_at, beat_at, \
                     cancelled, request, summary, problem, body_code, undoes FROM batch";

const ROW: &str = "SELECT record, line, cells, edits, base, fate, ente, codice, lon, lat, codes, \
                   judgement FROM batch_row WHERE batch_id = ";

/// Batches.
impl Unit {
    /// Adds a batch.
    pub async fn add_batch(&mut self, batch: &Batch) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO batch (id, name, author, source, state, created_at, changed_at,
                   beat_at, cancelled, request, summary, problem, body_code, undoes)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            )
            .bind(batch.id)
            .bind(&batch.name)
            .bind(&batch.author)
            .bind(batch.source.name())
            .bind(batch.state.name())
            .bind(batch.created_at)
            .bind(batch.changed_at)
            .bind(batch.beat_at)
            .bind(batch.cancelled)
            .bind(&batch.request)
            .bind(&batch.summary)
            .bind(&batch.problem)
            .bind(&batch.body)
            .bind(batch.undoes)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Writes what changed of a batch: its state, who works at it, request, summary and problem.
    pub async fn put_batch(&mut self, batch: &Batch) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "UPDATE batch SET state = $2, changed_at = $3, beat_at = $4, cancelled = $5,
                   request = $6, summary = $7, problem = $8, body_code = $9 WHERE id = $1",
            )
            .bind(batch.id)
            .bind(batch.state.name())
            .bind(batch.changed_at)
            .bind(batch.beat_at)
            .bind(batch.cancelled)
            .bind(&batch.request)
            .bind(&batch.summary)
            .bind(&batch.problem)
            .bind(&batch.body)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// One batch.
    pub async fn batch(&mut self, id: Uuid) -> Result<Option<Batch>> {
        let mut statement = Statement::new(BATCH);
        statement.push(" WHERE id = ").bind(Bind::Id(id));
        Ok(self.batches_of(statement).await?.pop())
    }

    /// One batch, kept from being written by anybody else until the end of this unit.
    pub async fn hold_batch(&mut self, id: Uuid) -> Result<Option<Batch>> {
        on!(self, |conn| {
            sqlx::query("UPDATE batch SET changed_at = changed_at WHERE id = $1")
                .bind(id)
                .execute(conn)
                .await?;
        });
        self.batch(id).await
    }

    /// The batches of an author, of bodies, or all, the last first; `at_most` of them.
    pub async fn batches(
        &mut self,
        author: Option<&str>,
        bodies: &[&str],
        at_most: i64,
    ) -> Result<Vec<Batch>> {
        let mut statement = Statement::new(BATCH);
        if let Some(author) = author {
            statement.push(" WHERE (author = ").text(author);
            if !bodies.is_empty() {
                statement
                    .push(" OR body_code IN ")
                    .texts(bodies.iter().copied());
            }
            statement.push(")");
        }
        statement.push(" ORDER BY created_at DESC, id DESC LIMIT ");
        statement.bind(Bind::Integer(Some(at_most)));
        self.batches_of(statement).await
    }

    /// The batch that undoes another, if it was undone.
    pub async fn undoing(&mut self, batch: Uuid) -> Result<Option<Batch>> {
        let mut statement = Statement::new(BATCH);
        statement.push(" WHERE undoes = ").bind(Bind::Id(batch));
        statement.push(" ORDER BY created_at DESC");
        Ok(self.batches_of(statement).await?.into_iter().next())
    }

    /// The oldest batch that waits for work and at which nobody has worked since an instant.
    pub async fn waiting_batch(&mut self, since: Instant) -> Result<Option<Batch>> {
        let work = State::ALL.into_iter().filter(|state| state.is_work());
        let mut statement = Statement::new(BATCH);
        statement
            .push(" WHERE source = 'file' AND state IN ")
            .texts(work.map(State::name));
        statement
            .push(" AND beat_at < ")
            .bind(Bind::Integer(Some(since)));
        statement.push(" ORDER BY changed_at, id LIMIT 1");
        Ok(self.batches_of(statement).await?.pop())
    }

    /// Says that somebody works at a batch, unless somebody else has said so meanwhile; tells
    /// whether it is theirs.
    pub async fn claim_batch(&mut self, batch: &Batch, now: Instant) -> Result<bool> {
        let taken = on!(self, |conn| {
            sqlx::query(
                "UPDATE batch SET beat_at = $3 WHERE id = $1 AND beat_at = $2 AND state = $4",
            )
            .bind(batch.id)
            .bind(batch.beat_at)
            .bind(now)
            .bind(batch.state.name())
            .execute(conn)
            .await?
            .rows_affected()
        });
        Ok(taken == 1)
    }

    /// Says that somebody still works at a batch in this state; tells whether there is nothing more
    /// to do, because somebody asked to stop or the state is another.
    pub async fn beat_batch(&mut self, batch: Uuid, state: State, now: Instant) -> Result<bool> {
        Ok(on!(self, |conn| {
            sqlx::query(
                "UPDATE batch SET beat_at = $3 WHERE id = $1 AND state = $2 AND NOT cancelled",
            )
            .bind(batch)
            .bind(state.name())
            .bind(now)
            .execute(conn)
            .await?
            .rows_affected()
                == 0
        }))
    }

    /// Says that nobody works at any batch.
    pub async fn release_batches(&mut self) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE batch SET beat_at = 0 WHERE beat_at <> 0 AND source = 'file'")
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// The batches of commands that say that they are being written though nobody does: whoever
    /// writes one holds it.
    pub async fn interrupted_batches(&mut self) -> Result<Vec<Batch>> {
        let mut statement = Statement::new(BATCH);
        statement.push(" WHERE source = 'comando' AND state = 'conferma' ORDER BY created_at");
        statement.push(dialect::skip_locked(self));
        self.batches_of(statement).await
    }

    /// The revisions that a batch wrote, by identifier, after one; `at_most` of them.
    pub async fn revisions_of_batch(
        &mut self,
        batch: Uuid,
        after: Uuid,
        at_most: i64,
    ) -> Result<Vec<Revision>> {
        let mut rest = Statement::default();
        rest.push(" WHERE r.batch_id = ").bind(Bind::Id(batch));
        rest.push(" AND r.id > ").bind(Bind::Id(after));
        rest.push(" ORDER BY r.id LIMIT ");
        rest.bind(Bind::Integer(Some(at_most)));
        self.revisions(rest).await
    }

    async fn batches_of(&mut self, statement: Statement) -> Result<Vec<Batch>> {
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(batch)
                .collect()
        })
    }
}

/// The file of a batch.
impl Unit {
    /// Adds a piece of the file.
    pub async fn add_batch_part(
        &mut self,
        batch: Uuid,
        number: i64,
        content: Vec<u8>,
    ) -> Result<()> {
        let values = vec![
            Bind::Id(batch),
            Bind::Integer(Some(number)),
            Bind::Bytes(content),
        ];
        self.append("batch_part", &["batch_id", "number", "content"], values)
            .await
    }

    /// A piece of the file, from 0.
    pub async fn batch_part(&mut self, batch: Uuid, number: i64) -> Result<Option<Vec<u8>>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT content FROM batch_part WHERE batch_id = $1 AND number = $2")
                .bind(batch)
                .bind(number)
                .fetch_optional(conn)
                .await?
        }))
    }

    /// Forgets the file.
    pub async fn drop_batch_parts(&mut self, batch: Uuid) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM batch_part WHERE batch_id = $1")
                .bind(batch)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}

/// The rows of a batch.
impl Unit {
    /// Adds rows.
    pub async fn add_batch_rows(&mut self, batch: Uuid, rows: Vec<BatchRow>) -> Result<()> {
        let columns = [
            "batch_id",
            "record",
            "line",
            "cells",
            "edits",
            "base",
            "fate",
            "ente",
            "codice",
            "lon",
            "lat",
            "codes",
            "judgement",
        ];
        let values = rows.into_iter().flat_map(|row| {
            [
                Bind::Id(batch),
                Bind::Integer(Some(row.record)),
                Bind::Integer(Some(row.line)),
                Bind::Text(Some(row.cells)),
                Bind::Text(Some(row.edits)),
                Bind::Integer(row.base),
                Bind::Text(Some(row.fate.name().to_owned())),
                Bind::Text(Some(row.ente)),
                Bind::Text(Some(row.codice)),
                Bind::Decimal(row.point.map(|point| point.0)),
                Bind::Decimal(row.point.map(|point| point.1)),
                Bind::Text(Some(row.codes)),
                Bind::Text(Some(row.judgement)),
            ]
        });
        self.append("batch_row", &columns, values.collect()).await
    }

    /// Writes what is said of a row after it was judged again or a person changed it.
    pub async fn put_batch_row(&mut self, batch: Uuid, row: &BatchRow) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "UPDATE batch_row SET edits = $3, base = $4, fate = $5, ente = $6, codice = $7,
                   lon = $8, lat = $9, codes = $10, judgement = $11
                 WHERE batch_id = $1 AND record = $2",
            )
            .bind(batch)
            .bind(row.record)
            .bind(&row.edits)
            .bind(row.base)
            .bind(row.fate.name())
            .bind(&row.ente)
            .bind(&row.codice)
            .bind(row.point.map(|point| point.0))
            .bind(row.point.map(|point| point.1))
            .bind(&row.codes)
            .bind(&row.judgement)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The rows that are wanted, in the order of the file, after a record; `at_most` of them.
    pub async fn batch_rows(
        &mut self,
        batch: Uuid,
        wanted: &Wanted,
        after: i64,
        at_most: i64,
    ) -> Result<Vec<BatchRow>> {
        let mut statement = Statement::new(ROW);
        statement.bind(Bind::Id(batch));
        statement
            .push(" AND record > ")
            .bind(Bind::Integer(Some(after)));
        narrow(&mut statement, wanted);
        statement.push(" ORDER BY record LIMIT ");
        statement.bind(Bind::Integer(Some(at_most)));
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(batch_row)
                .collect()
        })
    }

    /// One row.
    pub async fn batch_row(&mut self, batch: Uuid, record: i64) -> Result<Option<BatchRow>> {
        let rows = self
            .batch_rows(batch, &Wanted::default(), record.saturating_sub(1), 1)
            .await?;
        Ok(rows.into_iter().find(|row| row.record == record))
    }

    /// How many rows are wanted.
    pub async fn count_batch_rows(&mut self, batch: Uuid, wanted: &Wanted) -> Result<i64> {
        let mut statement = Statement::new("SELECT count(*) FROM batch_row WHERE batch_id = ");
        statement.bind(Bind::Id(batch));
        narrow(&mut statement, wanted);
        Ok(on!(self, |conn| {
            bound!(sqlx::query_scalar, statement)
                .fetch_one(conn)
                .await?
        }))
    }

    /// Where the rows would be: record, fate, degrees east and north; `at_most` of them.
    pub async fn batch_points(
        &mut self,
        batch: Uuid,
        at_most: i64,
    ) -> Result<Vec<(i64, String, f64, f64)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as(
                "SELECT record, fate, lon, lat FROM batch_row
                 WHERE batch_id = $1 AND lon IS NOT NULL AND lat IS NOT NULL
                 ORDER BY record LIMIT $2",
            )
            .bind(batch)
            .bind(at_most)
            .fetch_all(conn)
            .await?
        }))
    }

    /// Forgets the rows that came in.
    pub async fn drop_stored_batch_rows(&mut self, batch: Uuid) -> Result<()> {
        let stored = Fate::ALL.into_iter().filter(|fate| fate.is_good());
        let mut statement = Statement::new("DELETE FROM batch_row WHERE batch_id = ");
        statement
            .bind(Bind::Id(batch))
            .push(" AND fate IN ")
            .texts(stored.map(Fate::name));
        on!(self, |conn| {
            bound!(sqlx::query, statement).execute(conn).await?;
        });
        Ok(())
    }

    /// How many batches of an author wait for a person or for work.
    pub async fn count_open_batches(&mut self, author: &str) -> Result<i64> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar(
                "SELECT count(*) FROM batch WHERE author = $1 AND source = 'file'
                   AND state IN ('lettura', 'esame', 'pronta', 'conferma', 'fallita')",
            )
            .bind(author)
            .fetch_one(conn)
            .await?
        }))
    }

    /// Forgets the rows.
    pub async fn drop_batch_rows(&mut self, batch: Uuid) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM batch_row WHERE batch_id = $1")
                .bind(batch)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}

/// What is remembered of how a body's files are read.
impl Unit {
    /// The scheme of a body, as JSON.
    pub async fn scheme(&mut self, body: &str) -> Result<Option<String>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT content FROM scheme WHERE body_code = $1")
                .bind(body)
                .fetch_optional(conn)
                .await?
        }))
    }

    /// Remembers the scheme of a body.
    pub async fn put_scheme(&mut self, body: &str, content: &str, now: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO scheme (body_code, content, changed_at) VALUES ($1, $2, $3)
                 ON CONFLICT (body_code) DO UPDATE
                   SET content = excluded.content, changed_at = excluded.changed_at",
            )
            .bind(body)
            .bind(content)
            .bind(now)
            .execute(conn)
            .await?;
        });
        Ok(())
    }
}

fn narrow(statement: &mut Statement, wanted: &Wanted) {
    if let Some(fate) = wanted.fate {
        statement.push(" AND fate = ").text(fate.name());
    }
    if let Some(code) = &wanted.code {
        statement
            .push(" AND codes LIKE ")
            .text(&format!("% {code} %"));
    }
    if let Some(text) = &wanted.text {
        statement
            .push(" AND codice LIKE ")
            .text(&containing(text))
            .push(" ESCAPE '\\'");
    }
}

fn batch<'r, R>(row: &'r R) -> Result<Batch>
where
    R: Row,
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let (source, state): (String, String) = (row.try_get(3)?, row.try_get(4)?);
    Ok(Batch {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        author: row.try_get(2)?,
        source: Source::ALL
            .into_iter()
            .find(|known| known.name() == source)
            .ok_or_else(|| Error::Stored(format!("la provenienza «{source}»")))?,
        state: State::ALL
            .into_iter()
            .find(|known| known.name() == state)
            .ok_or_else(|| Error::Stored(format!("lo stato «{state}»")))?,
        created_at: row.try_get(5)?,
        changed_at: row.try_get(6)?,
        beat_at: row.try_get(7)?,
        cancelled: row.try_get(8)?,
        request: row.try_get(9)?,
        summary: row.try_get(10)?,
        problem: row.try_get(11)?,
        body: row.try_get(12)?,
        undoes: row.try_get(13)?,
    })
}

fn batch_row<'r, R>(row: &'r R) -> Result<BatchRow>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let fate: String = row.try_get(5)?;
    let (lon, lat): (Option<f64>, Option<f64>) = (row.try_get(8)?, row.try_get(9)?);
    Ok(BatchRow {
        record: row.try_get(0)?,
        line: row.try_get(1)?,
        cells: row.try_get(2)?,
        edits: row.try_get(3)?,
        base: row.try_get(4)?,
        fate: Fate::named(&fate).ok_or_else(|| Error::Stored(format!("l’esito «{fate}»")))?,
        ente: row.try_get(6)?,
        codice: row.try_get(7)?,
        point: lon.zip(lat),
        codes: row.try_get(10)?,
        judgement: row.try_get(11)?,
    })
}
