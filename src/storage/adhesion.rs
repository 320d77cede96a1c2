//! How bodies take part: steps, acts and seats, of which rows are only added, and whom to ring.
//!
//! What was known at an instant are the rows recorded until then, so every question takes one.

use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, on};
use crate::census::adhesion::{Act, ActKind, Contact, Said, Seat, Stage, Step};
use crate::census::journal::{Seal, Sealed};
use crate::census::revision::Provenance;
use crate::clock::Instant;
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

const STEP: &str = "SELECT id, body_code, step, annuls, number, date, note, document_id, author, \
                    recorded_at FROM adhesion_step";

const ACT: &str = "SELECT id, body_code, kind, state, number, date, names_readers, lists_places, \
                   note, document_id, author, recorded_at FROM act";

const SEAT: &str = "SELECT id, body_code, address, lat, lon, position_text, position_crs, \
                    position_operation, position_accuracy_m, fibre, fibre_date, note, \
                    document_id, author, recorded_at FROM seat";

/// Steps.
impl Unit {
    /// Adds a row among the steps.
    pub async fn add_step(&mut self, step: &Step, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Steps);
        let (stage, annuls) = match step.said {
            Said::Reached(stage) => (Some(stage.name()), None),
            Said::Annuls(id) => (None, Some(id)),
        };
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO adhesion_step (id, body_code, step, annuls, number, date, note,
                   document_id, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(step.id)
            .bind(&step.body)
            .bind(stage)
            .bind(annuls)
            .bind(&step.number)
            .bind(&step.date)
            .bind(&step.note)
            .bind(step.document)
            .bind(&step.author)
            .bind(step.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The steps of a body, or of all, as they were known at an instant, or are now: by body, then
    /// in the order they were recorded.
    pub async fn steps(&mut self, body: Option<&str>, at: Option<Instant>) -> Result<Vec<Step>> {
        let statement = known(STEP, body, at);
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(step)
                .collect()
        })
    }
}

/// Acts.
impl Unit {
    /// Adds what is recorded of an act.
    pub async fn add_act(&mut self, act: &Act, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Acts);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO act (id, body_code, kind, state, number, date, names_readers,
                   lists_places, note, document_id, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(act.id)
            .bind(&act.body)
            .bind(act.kind.name())
            .bind(&act.state)
            .bind(&act.number)
            .bind(&act.date)
            .bind(&act.names_readers)
            .bind(&act.lists_places)
            .bind(&act.note)
            .bind(act.document)
            .bind(&act.author)
            .bind(act.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// What was recorded of the acts of a body, or of all, until an instant, or until now: by body,
    /// then in the order it was recorded.
    pub async fn acts(&mut self, body: Option<&str>, at: Option<Instant>) -> Result<Vec<Act>> {
        let statement = known(ACT, body, at);
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(act)
                .collect()
        })
    }
}

/// Seats.
impl Unit {
    /// Adds a seat, or what became of one.
    pub async fn add_seat(&mut self, one: &Seat, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Seats);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO seat (id, body_code, address, lat, lon, position_text, position_crs,
                   position_operation, position_accuracy_m, fibre, fibre_date, note, document_id,
                   author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            )
            .bind(one.id)
            .bind(&one.body)
            .bind(&one.address)
            .bind(one.lat)
            .bind(one.lon)
            .bind(&one.provenance.text)
            .bind(&one.provenance.crs)
            .bind(&one.provenance.operation)
            .bind(one.provenance.accuracy_m)
            .bind(&one.fibre)
            .bind(&one.fibre_date)
            .bind(&one.note)
            .bind(one.document)
            .bind(&one.author)
            .bind(one.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The seats of a body, or of all, recorded until an instant, or until now: by body, then in the
    /// order they were recorded. The last of a body is its present one.
    pub async fn seats(&mut self, body: Option<&str>, at: Option<Instant>) -> Result<Vec<Seat>> {
        let statement = known(SEAT, body, at);
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(seat)
                .collect()
        })
    }
}

/// Whom to ring.
impl Unit {
    /// The contact of a body.
    pub async fn contact(&mut self, body: &str) -> Result<Option<Contact>> {
        Ok(on!(self, |conn| {
            sqlx::query(
                "SELECT name, office, email, telephone, author, changed_at
                 FROM contact WHERE body_code = $1",
            )
            .bind(body)
            .fetch_optional(conn)
            .await?
            .map(|row| {
                Ok::<_, sqlx::Error>(Contact {
                    name: row.try_get(0)?,
                    office: row.try_get(1)?,
                    email: row.try_get(2)?,
                    telephone: row.try_get(3)?,
                    author: row.try_get(4)?,
                    changed_at: row.try_get(5)?,
                })
            })
            .transpose()?
        }))
    }

    /// Gives a body its contact; the one before is gone.
    pub async fn put_contact(&mut self, body: &str, contact: &Contact) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO contact (body_code, name, office, email, telephone, author, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (body_code) DO UPDATE SET name = excluded.name,
                   office = excluded.office, email = excluded.email,
                   telephone = excluded.telephone, author = excluded.author,
                   changed_at = excluded.changed_at",
            )
            .bind(body)
            .bind(&contact.name)
            .bind(&contact.office)
            .bind(&contact.email)
            .bind(&contact.telephone)
            .bind(&contact.author)
            .bind(contact.changed_at)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Erases the contact of a body; says whether there was one.
    pub async fn erase_contact(&mut self, body: &str) -> Result<bool> {
        Ok(on!(self, |conn| {
            sqlx::query("DELETE FROM contact WHERE body_code = $1")
                .bind(body)
                .execute(conn)
                .await?
                .rows_affected()
                > 0
        }))
    }
}

/// The rows of a body, or of all, recorded until an instant, or until now.
fn known(select: &str, body: Option<&str>, at: Option<Instant>) -> Statement {
    let mut statement = Statement::new(select);
    let mut join = " WHERE ";
    if let Some(body) = body {
        statement.push(join).push("body_code = ").text(body);
        join = " AND ";
    }
    if let Some(at) = at {
        statement
            .push(join)
            .push("recorded_at <= ")
            .bind(Bind::Integer(Some(at)));
    }
    statement.push(" ORDER BY body_code, recorded_at, id");
    statement
}

fn step<'r, R>(row: &'r R) -> Result<Step>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
{
    let stage: Option<String> = row.try_get(2)?;
    let annuls: Option<Uuid> = row.try_get(3)?;
    let stage = stage.unwrap_or_default();
    let said = match annuls {
        Some(id) => Said::Annuls(id),
        None => Stage::named(&stage)
            .map(Said::Reached)
            .ok_or_else(|| Error::Stored(format!("il passo «{stage}»")))?,
    };
    Ok(Step {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        said,
        number: row.try_get(4)?,
        date: row.try_get(5)?,
        note: row.try_get(6)?,
        document: row.try_get(7)?,
        author: row.try_get(8)?,
        recorded_at: row.try_get(9)?,
    })
}

fn act<'r, R>(row: &'r R) -> Result<Act>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
{
    let kind: String = row.try_get(2)?;
    Ok(Act {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        kind: ActKind::named(&kind).ok_or_else(|| Error::Stored(format!("l’atto «{kind}»")))?,
        state: row.try_get(3)?,
        number: row.try_get(4)?,
        date: row.try_get(5)?,
        names_readers: row.try_get(6)?,
        lists_places: row.try_get(7)?,
        note: row.try_get(8)?,
        document: row.try_get(9)?,
        author: row.try_get(10)?,
        recorded_at: row.try_get(11)?,
    })
}

fn seat<'r, R>(row: &'r R) -> Result<Seat>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(Seat {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        address: row.try_get(2)?,
        lat: row.try_get(3)?,
        lon: row.try_get(4)?,
        provenance: Provenance {
            text: row.try_get(5)?,
            crs: row.try_get(6)?,
            operation: row.try_get(7)?,
            accuracy_m: row.try_get(8)?,
        },
        fibre: row.try_get(9)?,
        fibre_date: row.try_get(10)?,
        note: row.try_get(11)?,
        document: row.try_get(12)?,
        author: row.try_get(13)?,
        recorded_at: row.try_get(14)?,
    })
}
