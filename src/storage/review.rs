//! The mark that a revision waits for a reviewer, what was said in review, and who has a body's
//! census in hand.

use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, dialect, on};
use crate::census::journal::{Seal, Sealed};
use crate::census::review::{Kind, Remark, Review};
use crate::clock::Instant;
use sqlx::Row;
use std::collections::HashSet;
use uuid::Uuid;

/// How many identifiers go into one statement; see `BINDS` of devices.
const IDS: usize = 200;

/// A revision that can be sent, or that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The revision.
    pub revision: Uuid,
    /// Its device.
    pub device: Uuid,
    /// The body's own code for it.
    pub code: String,
    /// When it was sent, if it was.
    pub submitted_at: Option<Instant>,
}

/// Which entries of a body are meant.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The body.
    pub body: &'a str,
    /// One device; all when none is named.
    pub device: Option<Uuid>,
}

/// Who has a body's census in hand, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The account.
    pub account: String,
    /// Since when.
    pub at: Instant,
}

/// What waits of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The body.
    pub body: String,
    /// How many devices.
    pub devices: i64,
    /// When the first of them was sent.
    pub since: Instant,
}

/// The columns of [`review`] and their table.
pub(super) const REVIEW: &str = "SELECT v.id, v.body_code, v.device_id, v.revision_id, v.kind, v.at, v.author, \
                      v.text, v.fields, v.hash FROM review v";

impl Unit {
    /// The working states of a body that can be sent: not accepted, not sent, and complete; a
    /// withdrawal only where something is accepted.
    pub async fn to_submit(&mut self, wanted: Wanted<'_>) -> Result<Vec<Entry>> {
        self.entries(
            wanted,
            "r.working AND NOT r.accepted AND r.stage IN ('bozza', 'rimandata') \
             AND ((NOT r.withdrawn AND r.missing = 0) OR (r.withdrawn AND EXISTS \
             (SELECT 1 FROM revision a WHERE a.device_id = r.device_id AND a.accepted)))",
        )
        .await
    }

    /// The revisions of a body that wait for a reviewer.
    pub async fn submitted(&mut self, wanted: Wanted<'_>) -> Result<Vec<Entry>> {
        self.entries(wanted, "r.stage = 'inviata'").await
    }

    /// Keeps the devices of a body, and these of them, from being written by anybody else until the
    /// end of this unit. Who writes many devices of a body holds the body first, so that two who do
    /// never wait for each other.
    pub async fn hold_body(&mut self, body: &str, entries: &[Entry]) -> Result<()> {
        let mut statement = Statement::new("SELECT code FROM body WHERE code = ");
        statement.text(body).push(dialect::hold(self));
        on!(self, |conn| {
            bound!(sqlx::query, statement).fetch_all(conn).await?;
        });
        let mut devices: Vec<Uuid> = entries.iter().map(|entry| entry.device).collect();
        devices.sort_unstable();
        for batch in devices.chunks(IDS) {
            let mut statement = Statement::new("SELECT id FROM device WHERE id IN ");
            statement.ids(batch.iter().copied());
            statement.push(" ORDER BY id").push(dialect::hold(self));
            on!(self, |conn| {
                bound!(sqlx::query, statement).fetch_all(conn).await?;
            });
        }
        Ok(())
    }

    async fn entries(&mut self, wanted: Wanted<'_>, which: &str) -> Result<Vec<Entry>> {
        let mut statement = Statement::new(
            "SELECT r.id, r.device_id, r.codice, r.submitted_at FROM revision r WHERE ",
        );
        statement
            .push(which)
            .push(" AND r.ente = ")
            .text(wanted.body);
        if let Some(device) = wanted.device {
            statement.push(" AND r.device_id = ").bind(Bind::Id(device));
        }
        statement.push(" ORDER BY r.codice, r.device_id");
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Entry {
                        revision: row.try_get(0)?,
                        device: row.try_get(1)?,
                        code: row.try_get(2)?,
                        submitted_at: row.try_get(3)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The devices of a body that wait and that this account had a hand in: who wrote a state of
    /// them or sent them does not review them, whoever brings that state back. What a reviewer wrote
    /// by accepting in part does not count.
    pub async fn own_entries(&mut self, body: &str, account: &str) -> Result<HashSet<Uuid>> {
        let found: Vec<Uuid> = on!(self, |conn| {
            sqlx::query_scalar(
                "SELECT s.device_id FROM revision s
                 WHERE s.stage = 'inviata' AND s.ente = $1
                   AND (EXISTS (SELECT 1 FROM revision w
                                WHERE w.device_id = s.device_id AND w.author = $2
                                  AND w.number <= s.number
                                  AND NOT EXISTS (SELECT 1 FROM review p
                                      WHERE p.device_id = s.device_id AND p.revision_id = w.id
                                        AND p.kind = 'convalida_parziale'))
                        OR EXISTS (SELECT 1 FROM review v
                                   WHERE v.device_id = s.device_id AND v.revision_id = s.id
                                     AND v.kind = 'invio' AND v.author = $2))",
            )
            .bind(body)
            .bind(account)
            .fetch_all(conn)
            .await?
        });
        Ok(found.into_iter().collect())
    }

    /// Makes these revisions wait for a reviewer; what waited of the same devices before does not
    /// any more.
    pub async fn mark_submitted(&mut self, entries: &[Entry], at: Instant) -> Result<()> {
        for batch in entries.chunks(IDS) {
            let mut supersede = Statement::new(
                "UPDATE revision SET stage = 'superata' WHERE stage = 'inviata' AND device_id IN ",
            );
            supersede.ids(batch.iter().map(|entry| entry.device));
            let mut mark = Statement::new("UPDATE revision SET stage = 'inviata', submitted_at = ");
            mark.bind(Bind::Integer(Some(at))).push(" WHERE id IN ");
            mark.ids(batch.iter().map(|entry| entry.revision));
            on!(self, |conn| {
                bound!(sqlx::query, supersede).execute(&mut *conn).await?;
                bound!(sqlx::query, mark).execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Makes these revisions the accepted states of their devices.
    pub async fn mark_accepted(&mut self, entries: &[Entry], at: Instant) -> Result<()> {
        // All are retired first: codes may have been exchanged among them.
        for batch in entries.chunks(IDS) {
            self.retire_accepted(batch.iter().map(|entry| entry.device), at)
                .await?;
        }
        for batch in entries.chunks(IDS) {
            let mut accept = Statement::new(
                "UPDATE revision SET stage = 'convalidata', accepted = TRUE, accepted_from = ",
            );
            accept.bind(Bind::Integer(Some(at))).push(" WHERE id IN ");
            accept.ids(batch.iter().map(|entry| entry.revision));
            on!(self, |conn| {
                bound!(sqlx::query, accept).execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Takes the accepted mark from the present accepted states of these devices.
    pub async fn retire_accepted(
        &mut self,
        devices: impl Iterator<Item = Uuid>,
        at: Instant,
    ) -> Result<()> {
        let mut retire = Statement::new("UPDATE revision SET accepted = FALSE, accepted_to = ");
        retire
            .bind(Bind::Integer(Some(at)))
            .push(" WHERE accepted AND device_id IN ");
        retire.ids(devices);
        on!(self, |conn| {
            bound!(sqlx::query, retire).execute(conn).await?;
        });
        Ok(())
    }

    /// Says of a revision that waits that it does not any more, and what became of it.
    pub async fn end_wait(&mut self, revision: Uuid, stage: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE revision SET stage = $2 WHERE id = $1 AND stage = 'inviata'")
                .bind(revision)
                .bind(stage)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Adds what was said in review.
    pub async fn add_reviews(&mut self, reviews: &[Review], seal: &mut Seal) -> Result<()> {
        let text = |text: &str| Bind::Text(Some(text.to_owned()));
        let mut values = Vec::with_capacity(reviews.len() * 11);
        for review in reviews {
            let hash = review.hash();
            seal.add(Sealed::Reviews, &hash);
            let remarks = serde_json::to_string(&review.remarks)
                .map_err(|error| Error::Stored(error.to_string()))?;
            values.extend([
                Bind::Id(review.id),
                text(&review.body),
                Bind::MaybeId(review.device),
                Bind::MaybeId(review.revision),
                text(review.kind.name()),
                Bind::Integer(Some(review.at)),
                text(&review.author),
                text(&review.text),
                text(&remarks),
                text(&hash),
                Bind::Id(seal.entry),
            ]);
        }
        let columns = [
            "id",
            "body_code",
            "device_id",
            "revision_id",
            "kind",
            "at",
            "author",
            "text",
            "fields",
            "hash",
            "entry_id",
        ];
        self.append("review", &columns, values).await
    }

    /// What was said of a device, the first first.
    pub async fn reviews_of_device(&mut self, device: Uuid) -> Result<Vec<Review>> {
        let mut statement = Statement::new(REVIEW);
        statement
            .push(" WHERE v.device_id = ")
            .bind(Bind::Id(device))
            .push(" ORDER BY v.at, v.id");
        self.reviews(statement).await
    }

    /// What was said of a body's census as a whole, the first first.
    pub async fn reviews_of_body(&mut self, body: &str) -> Result<Vec<Review>> {
        let mut statement = Statement::new(REVIEW);
        statement
            .push(" WHERE v.device_id IS NULL AND v.body_code = ")
            .text(body)
            .push(" ORDER BY v.at, v.id");
        self.reviews(statement).await
    }

    async fn reviews(&mut self, statement: Statement) -> Result<Vec<Review>> {
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(review)
                .collect()
        })
    }

    /// What waits, body by body, the one that has waited longest first.
    pub async fn queues(&mut self) -> Result<Vec<Queue>> {
        Ok(on!(self, |conn| {
            sqlx::query_as::<_, (String, i64, i64)>(
                "SELECT ente, count(*), min(submitted_at) FROM revision WHERE stage = 'inviata'
                 GROUP BY ente ORDER BY 3, 1",
            )
            .fetch_all(conn)
            .await?
        })
        .into_iter()
        .map(|(body, devices, since)| Queue {
            body,
            devices,
            since,
        })
        .collect())
    }

    /// Who has a body's census in hand.
    pub async fn claim(&mut self, body: &str) -> Result<Option<Claim>> {
        Ok(on!(self, |conn| {
            sqlx::query_as::<_, (String, i64)>(
                "SELECT account, claimed_at FROM claim WHERE body_code = $1",
            )
            .bind(body)
            .fetch_optional(conn)
            .await?
        })
        .map(|(account, at)| Claim { account, at }))
    }

    /// Puts a body's census into somebody's hands, whoever had it.
    pub async fn put_claim(&mut self, body: &str, claim: &Claim) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO claim (body_code, account, claimed_at) VALUES ($1, $2, $3)
                 ON CONFLICT (body_code) DO UPDATE
                 SET account = excluded.account, claimed_at = excluded.claimed_at",
            )
            .bind(body)
            .bind(&claim.account)
            .bind(claim.at)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Takes every body's census out of the hands of an account.
    pub async fn drop_claims_of(&mut self, account: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM claim WHERE account = $1")
                .bind(account)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Takes a body's census out of everybody's hands.
    pub async fn drop_claim(&mut self, body: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM claim WHERE body_code = $1")
                .bind(body)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}

/// What was said, from a row of [`REVIEW`].
pub(super) fn review<'r, R>(row: &'r R) -> Result<Review>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<Uuid>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let kind: String = row.try_get(4)?;
    let remarks: String = row.try_get(8)?;
    let remarks: Vec<Remark> =
        serde_json::from_str(&remarks).map_err(|error| Error::Stored(error.to_string()))?;
    Ok(Review {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        device: row.try_get(2)?,
        revision: row.try_get(3)?,
        kind: Kind::ALL
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| Error::Stored(format!("la convalida «{kind}»")))?,
        at: row.try_get(5)?,
        author: row.try_get(6)?,
        text: row.try_get(7)?,
        remarks,
    })
}
