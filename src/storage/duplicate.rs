//! What reviewers decided of pairs of devices: that they are one, or that they are two.

use super::statement::{Bind, Statement, bound};
use super::{Result, Unit, on};
use crate::census::journal::{Seal, Sealed};
use crate::clock::Instant;
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// A device in a decision, by what both owners may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The device.
    pub device: Uuid,
    /// The body it belongs to.
    pub body: String,
    /// The body's own code for it.
    pub code: String,
}

/// How a decision was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Instant,
    /// By which account.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A decision of two devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its identifier.
    pub id: Uuid,
    /// Whether they are one, of which the first is kept and the second absorbed.
    pub same: bool,
    /// One of them.
    pub first: Party,
    /// The other.
    pub second: Party,
    /// When it was decided.
    pub at: Instant,
    /// By which account.
    pub author: String,
    /// Why.
    pub reason: String,
    /// How it was taken back, if it was.
    pub ended: Option<Ended>,
}

/// The names that the two tables have for the same things.
struct Table {
    name: &'static str,
    first: &'static str,
    second: &'static str,
    at: &'static str,
    made: Sealed,
    ended: Sealed,
}

const MERGE: Table = Table {
    name: "merge",
    first: "kept_device",
    second: "absorbed_device",
    at: "merged_at",
    made: Sealed::Merges,
    ended: Sealed::MergesEnded,
};

const DISTINCT: Table = Table {
    name: "distinct_pair",
    first: "first_device",
    second: "second_device",
    at: "decided_at",
    made: Sealed::Pairs,
    ended: Sealed::PairsEnded,
};

const fn table(same: bool) -> &'static Table {
    if same { &MERGE } else { &DISTINCT }
}

impl Unit {
    /// Adds a decision that is open. Two devices that are not one are kept in the order of their
    /// identifiers.
    pub async fn add_decision(&mut self, decision: &Decision, seal: &mut Seal) -> Result<()> {
        let table = table(decision.same);
        seal.wrote(table.made);
        let mut devices = [decision.first.device, decision.second.device];
        if !decision.same {
            devices.sort_unstable();
        }
        let columns = [
            "id",
            table.first,
            table.second,
            table.at,
            "author",
            "reason",
            "entry_id",
        ];
        let text = |text: &str| Bind::Text(Some(text.to_owned()));
        let values = vec![
            Bind::Id(decision.id),
            Bind::Id(devices[0]),
            Bind::Id(devices[1]),
            Bind::Integer(Some(decision.at)),
            text(&decision.author),
            text(&decision.reason),
            Bind::Id(seal.entry),
        ];
        self.append(table.name, &columns, values).await
    }

    /// Takes a decision back, unless it was already; says whether it did.
    pub async fn end_decision(
        &mut self,
        decision: &Decision,
        ended: &Ended,
        seal: &mut Seal,
    ) -> Result<bool> {
        let table = table(decision.same);
        seal.wrote(table.ended);
        let mut statement = Statement::new("UPDATE ");
        statement
            .push(table.name)
            .push(" SET ended_at = ")
            .bind(Bind::Integer(Some(ended.at)))
            .push(", ended_by = ")
            .text(&ended.by)
            .push(", ended_reason = ")
            .text(&ended.reason)
            .push(", ended_entry = ")
            .bind(Bind::Id(seal.entry))
            .push(" WHERE ended_at IS NULL AND id = ")
            .bind(Bind::Id(decision.id));
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .execute(conn)
                .await?
                .rows_affected()
        }) > 0)
    }

    /// Every decision about a device, taken back or not, the last first.
    pub async fn decisions_about(&mut self, device: Uuid) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        for same in [true, false] {
            let table = table(same);
            let mut rest = Statement::default();
            for (word, column) in [(" WHERE d.", table.first), (" OR d.", table.second)] {
                rest.push(word)
                    .push(column)
                    .push(" = ")
                    .bind(Bind::Id(device));
            }
            found.extend(self.decided(same, rest).await?);
        }
        found.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
        Ok(found)
    }

    /// The last decisions about devices of these bodies, or of all when none is named, the last
    /// first and at most this many.
    pub async fn decisions(
        &mut self,
        bodies: Option<&[String]>,
        most: usize,
    ) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        if bodies.is_some_and(<[String]>::is_empty) {
            return Ok(found);
        }
        for same in [true, false] {
            let mut rest = Statement::default();
            if let Some(bodies) = bodies {
                let bodies = || bodies.iter().map(String::as_str);
                rest.push(" WHERE (f.body_code IN ")
                    .texts(bodies())
                    .push(" OR s.body_code IN ")
                    .texts(bodies())
                    .push(")");
            }
            rest.push(" ORDER BY d.")
                .push(table(same).at)
                .push(" DESC, d.id DESC LIMIT ")
                .bind(Bind::Integer(i64::try_from(most).ok()));
            found.extend(self.decided(same, rest).await?);
        }
        found.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
        found.truncate(most);
        Ok(found)
    }

    /// The pairs of devices of which a decision is open, in no order: whether they are one, then as
    /// in [`Decision`].
    pub async fn decided_pairs(&mut self) -> Result<Vec<(bool, Uuid, Uuid)>> {
        let mut found = Vec::new();
        for same in [true, false] {
            let table = table(same);
            let mut statement = Statement::new("SELECT ");
            for part in [table.first, ", ", table.second, " FROM ", table.name] {
                statement.push(part);
            }
            statement.push(" WHERE ended_at IS NULL");
            let pairs: Vec<(Uuid, Uuid)> = on!(self, |conn| {
                bound!(sqlx::query_as, statement).fetch_all(conn).await?
            });
            found.extend(
                pairs
                    .into_iter()
                    .map(|(first, second)| (same, first, second)),
            );
        }
        Ok(found)
    }

    /// The decisions that a statement finds, which begins after the tables `d`, `f` and `s`.
    async fn decided(&mut self, same: bool, rest: Statement) -> Result<Vec<Decision>> {
        let table = table(same);
        let Table {
            name,
            first,
            second,
            at,
            ..
        } = table;
        let statement = rest.after(&format!(
            "SELECT d.id, d.{first}, f.body_code, f.code, d.{second}, s.body_code, s.code, d.{at}, \
             d.author, d.reason, d.ended_at, d.ended_by, d.ended_reason FROM {name} d \
             JOIN device f ON f.id = d.{first} JOIN device s ON s.id = d.{second}"
        ));
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| decision(row, same))
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }
}

fn decision<'r, R>(row: &'r R, same: bool) -> Result<Decision, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let party = |at: usize| -> Result<Party, sqlx::Error> {
        Ok(Party {
            device: row.try_get(at)?,
            body: row.try_get(at + 1)?,
            code: row.try_get(at + 2)?,
        })
    };
    let ended: Option<i64> = row.try_get(10)?;
    let text = |at: usize| -> Result<String, sqlx::Error> {
        Ok(row.try_get::<Option<String>, _>(at)?.unwrap_or_default())
    };
    Ok(Decision {
        id: row.try_get(0)?,
        same,
        first: party(1)?,
        second: party(4)?,
        at: row.try_get(7)?,
        author: row.try_get(8)?,
        reason: row.try_get(9)?,
        ended: match ended {
            Some(at) => Some(Ended {
                at,
                by: text(11)?,
                reason: text(12)?,
            }),
            None => None,
        },
    })
}
