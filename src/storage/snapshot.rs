//! Snapshots, what stands in them, and in what two moments differ.

use super::device::{SELECTED, condition, revision, selected};
use super::statement::{Bind, Statement, bound};
use super::{Result, Unit, on};
use crate::census::filter::{Edge, Filter};
use crate::census::journal::Act;
use crate::census::revision::Revision;
use crate::census::snapshot::{Kind, Noted, Snapshot};
use crate::census::vocabulary::{ATTRIBUTES, Field};
use crate::clock::Instant;
use futures_util::TryStreamExt;
use sqlx::Row;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use uuid::Uuid;

/// How many identifiers go into one statement; see `BINDS` of devices.
const IDS: usize = 200;

/// What a snapshot's hash is made of.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'a> {
    /// The device.
    pub device: Uuid,
    /// Its state.
    pub revision: Uuid,
    /// The hash of that state, as it was when it was written.
    pub hash: &'a str,
}

/// A device that differs between two moments: its states, and where it stands in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The body, the body's own code and the device: no two are alike.
    pub key: [String; 3],
    /// The state at the earlier moment.
    pub before: Option<Uuid>,
    /// The state at the later moment.
    pub after: Option<Uuid>,
}

/// How many devices of a body were added, removed and changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Only at the later moment.
    pub added: i64,
    /// Only at the earlier moment.
    pub removed: i64,
    /// At both, in another state.
    pub changed: i64,
}

/// Which differences are meant.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Of one kind; all when none is named.
    pub kind: Option<Kind>,
    /// The key after which, or before which, the slice begins.
    pub from: Option<(Edge, [String; 3])>,
    /// At most how many; all when no number is given.
    pub size: Option<usize>,
}

/// A revision with its stored hash after it.
static SEALED: LazyLock<String> =
    LazyLock::new(|| format!("{}, r.hash FROM revision r WHERE ", *SELECTED));

/// How many changed devices differ in each attribute.
static FIELDS: LazyLock<String> = LazyLock::new(|| {
    let mut text = "SELECT count(*)".to_owned();
    for attribute in ATTRIBUTES {
        let name = attribute.name;
        let _ = write!(
            text,
            ", coalesce(sum(CASE WHEN x.{name} IS DISTINCT FROM y.{name} THEN 1 ELSE 0 END), 0)"
        );
    }
    text.push_str(" FROM ");
    text
});

const SNAPSHOT: &str = "SELECT p.id, p.name, p.at, p.author, p.devices, p.hash FROM snapshot p";

impl Unit {
    /// Adds a snapshot; no other may have its name.
    pub async fn add_snapshot(&mut self, snapshot: &Snapshot) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO snapshot (id, name, at, author, devices, hash)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(snapshot.id)
            .bind(&snapshot.name)
            .bind(snapshot.at)
            .bind(&snapshot.author)
            .bind(snapshot.devices)
            .bind(&snapshot.hash)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The snapshots, the last first.
    pub async fn snapshots(&mut self) -> Result<Vec<Snapshot>> {
        let mut statement = Statement::new(SNAPSHOT);
        statement.push(" ORDER BY p.at DESC, p.id DESC");
        self.snapshots_of(statement).await
    }

    /// One snapshot.
    pub async fn snapshot(&mut self, id: Uuid) -> Result<Option<Snapshot>> {
        let mut statement = Statement::new(SNAPSHOT);
        statement.push(" WHERE p.id = ").bind(Bind::Id(id));
        Ok(self.snapshots_of(statement).await?.pop())
    }

    async fn snapshots_of(&mut self, statement: Statement) -> Result<Vec<Snapshot>> {
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Snapshot {
                        id: row.try_get(0)?,
                        name: row.try_get(1)?,
                        at: row.try_get(2)?,
                        author: row.try_get(3)?,
                        devices: row.try_get(4)?,
                        hash: row.try_get(5)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// What the history says of a snapshot.
    pub async fn snapshot_noted(&mut self, id: Uuid) -> Result<Option<Noted>> {
        let noted: Option<(Instant, String, String)> = on!(self, |conn| {
            sqlx::query_as(
                "SELECT at, account, detail FROM journal WHERE subject = $1 AND act = $2
                 ORDER BY number LIMIT 1",
            )
            .bind(id.to_string())
            .bind(Act::SnapshotTaken.name())
            .fetch_optional(conn)
            .await?
        });
        Ok(noted.map(|(at, author, detail)| Noted { at, author, detail }))
    }

    /// Calls a function with the state of each device that the filter finds, in the order of body,
    /// code and device, one by one.
    pub async fn each_sealed(
        &mut self,
        filter: &Filter,
        mut take: impl FnMut(Frozen<'_>) + Send,
    ) -> Result<()> {
        let mut statement =
            Statement::new("SELECT r.device_id, r.id, r.hash FROM revision r WHERE ");
        condition(&mut statement, filter);
        statement.push(" ORDER BY r.ente, r.codice, r.device_id");
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                take(Frozen {
                    device: row.try_get(0)?,
                    revision: row.try_get(1)?,
                    hash: row.try_get(2)?,
                });
            }
        });
        Ok(())
    }

    /// The same with all that each state says, and the hash it was stored with.
    pub async fn each_state(
        &mut self,
        filter: &Filter,
        mut take: impl FnMut(Revision, &str) + Send,
    ) -> Result<()> {
        let mut statement = Statement::new(&SEALED);
        condition(&mut statement, filter);
        statement.push(" ORDER BY r.ente, r.codice, r.device_id");
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                take(revision(&row)?, row.try_get(selected())?);
            }
        });
        Ok(())
    }

    /// The devices, by body and code, whose accepted state at an instant is not the last that a
    /// reviewer had accepted by then.
    pub async fn displaced(&mut self, at: Instant) -> Result<Vec<(String, String)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as(
                "SELECT DISTINCT r.ente, r.codice FROM revision r
                 WHERE (r.accepted_from IS NOT NULL AND r.accepted_from <= $1
                        AND (r.accepted_to IS NULL OR r.accepted_to > $1))
                    <> EXISTS (SELECT 1 FROM review v
                               WHERE v.device_id = r.device_id AND v.revision_id = r.id
                                 AND v.kind IN ('convalida', 'convalida_parziale') AND v.at <= $1
                                 AND NOT EXISTS (SELECT 1 FROM review l
                                     WHERE l.device_id = v.device_id AND l.at > v.at AND l.at <= $1
                                       AND l.kind IN ('convalida', 'convalida_parziale')))
                 ORDER BY r.ente, r.codice",
            )
            .bind(at)
            .fetch_all(conn)
            .await?
        }))
    }

    /// In what two moments differ, in the order of body, code and device.
    pub async fn differing(
        &mut self,
        before: &Filter,
        after: &Filter,
        slice: &Slice,
    ) -> Result<Vec<Pair>> {
        let backwards = matches!(slice.from, Some((Edge::Before, _)));
        let mut statement =
            Statement::new("SELECT d.ente, d.codice, d.device_id, d.old_id, d.new_id FROM ");
        pairs(&mut statement, before, after, slice.kind);
        if let Some((_, [body, code, device])) = &slice.from {
            let device = Uuid::parse_str(device).unwrap_or_default();
            statement
                .push(" WHERE (d.ente, d.codice, d.device_id) ")
                .push(if backwards { "< (" } else { "> (" })
                .text(body)
                .push(", ")
                .text(code)
                .push(", ")
                .bind(Bind::Id(device))
                .push(")");
        }
        statement.push(if backwards {
            " ORDER BY d.ente DESC, d.codice DESC, d.device_id DESC"
        } else {
            " ORDER BY d.ente, d.codice, d.device_id"
        });
        if let Some(size) = slice.size {
            statement.push(" LIMIT ");
            statement.bind(Bind::Integer(i64::try_from(size).ok()));
        }
        let mut found: Vec<Pair> = on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let device: Uuid = row.try_get(2)?;
                    Ok(Pair {
                        key: [row.try_get(0)?, row.try_get(1)?, device.to_string()],
                        before: row.try_get(3)?,
                        after: row.try_get(4)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        });
        if backwards {
            found.reverse();
        }
        Ok(found)
    }

    /// How many devices differ between two moments, body by body; a device that changed body counts
    /// for the later one.
    pub async fn tallies(
        &mut self,
        before: &Filter,
        after: &Filter,
    ) -> Result<HashMap<String, Tally>> {
        let mut statement = Statement::new(
            "SELECT d.ente, sum(CASE WHEN d.old_id IS NULL THEN 1 ELSE 0 END), \
             sum(CASE WHEN d.new_id IS NULL THEN 1 ELSE 0 END), \
             sum(CASE WHEN d.old_id IS NULL OR d.new_id IS NULL THEN 0 ELSE 1 END) FROM ",
        );
        pairs(&mut statement, before, after, None);
        statement.push(" GROUP BY d.ente");
        let found: Vec<(String, i64, i64, i64)> = on!(self, |conn| {
            bound!(sqlx::query_as, statement).fetch_all(conn).await?
        });
        let tally = |(body, added, removed, changed)| {
            let tally = Tally {
                added,
                removed,
                changed,
            };
            (body, tally)
        };
        Ok(found.into_iter().map(tally).collect())
    }

    /// In how many of the devices that both moments have each attribute differs; only those that do.
    pub async fn changed_fields(
        &mut self,
        before: &Filter,
        after: &Filter,
    ) -> Result<Vec<(Field, i64)>> {
        let mut statement = Statement::new(&FIELDS);
        pairs(&mut statement, before, after, Some(Kind::Changed));
        statement.push(" JOIN revision x ON x.id = d.old_id JOIN revision y ON y.id = d.new_id");
        let counts: Vec<i64> = on!(self, |conn| {
            let row = bound!(sqlx::query, statement).fetch_one(conn).await?;
            (1..=ATTRIBUTES.len())
                .map(|column| row.try_get(column))
                .collect::<Result<_, sqlx::Error>>()?
        });
        let fields = ATTRIBUTES.iter().map(|attribute| attribute.field);
        Ok(fields.zip(counts).filter(|(_, count)| *count > 0).collect())
    }

    /// These states, by their identifier.
    pub async fn revisions_with_ids(&mut self, wanted: &[Uuid]) -> Result<HashMap<Uuid, Revision>> {
        let mut found = HashMap::with_capacity(wanted.len());
        for batch in wanted.chunks(IDS) {
            let mut rest = Statement::new(" WHERE r.id IN ");
            rest.ids(batch.iter().copied());
            let states = self.revisions(rest).await?;
            found.extend(states.into_iter().map(|state| (state.id, state)));
        }
        Ok(found)
    }
}

/// The devices that differ between two moments, as a table `d`. Two outer joins and not a full one,
/// which SQLite does without an index, in the square of the devices.
fn pairs(statement: &mut Statement, before: &Filter, after: &Filter, kind: Option<Kind>) {
    const SIDE: &str = "(SELECT r.id, r.device_id, r.ente, r.codice FROM revision r WHERE ";
    const LATER: &str = "SELECT a.ente, a.codice, a.device_id, b.id AS old_id, a.id AS new_id \
                         FROM a LEFT JOIN b ON b.device_id = a.device_id WHERE ";
    const GONE: &str = "SELECT b.ente, b.codice, b.device_id, b.id AS old_id, a.id AS new_id \
                        FROM b LEFT JOIN a ON a.device_id = b.device_id WHERE a.id IS NULL";
    statement.push("(WITH b AS MATERIALIZED ").push(SIDE);
    condition(statement, before);
    statement.push("), a AS MATERIALIZED ").push(SIDE);
    condition(statement, after);
    statement.push(") ");
    match kind {
        None => statement
            .push(LATER)
            .push("(b.id IS NULL OR a.id <> b.id) UNION ALL ")
            .push(GONE),
        Some(Kind::Added) => statement.push(LATER).push("b.id IS NULL"),
        Some(Kind::Changed) => statement.push(LATER).push("a.id <> b.id"),
        Some(Kind::Removed) => statement.push(GONE),
    };
    statement.push(") d");
}
