//! Reading everything to see whether it fits: the history, every row it covers, the marks, and what
//! the engine says of its own files. Rows are handed over one by one, so that memory does not grow
//! with the register.

use super::device::{SELECTED, revision, selected};
use super::review::{REVIEW, review};
use super::sealed::PARTS;
use super::{Result, Unit, on, schema};
use crate::census::journal::Sealed;
use crate::census::review::Review;
use crate::census::revision::Revision;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

/// The record of the history that covers a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The identifier that the row carries.
    pub entry: Option<Uuid>,
    /// The record's number and seal, when there is one with that identifier.
    pub record: Option<(i64, String)>,
}

/// A revision as it stands in the database.
#[derive(Debug)]
pub struct Written {
    /// What it says, or why it cannot be read.
    pub revision: Result<Revision>,
    /// The hash beside it.
    pub hash: String,
    /// What covers it.
    pub cover: Cover,
}

/// Something said in review as it stands in the database.
#[derive(Debug)]
pub struct Said {
    /// What it says, or why it cannot be read.
    pub review: Result<Review>,
    /// The hash beside it.
    pub hash: String,
    /// What covers it.
    pub cover: Cover,
}

/// A revision whose marks do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// The body of the device, and its code.
    pub device: (String, String),
    /// The number of the revision; 0 for the device itself.
    pub number: i64,
    /// The record that wrote it, when there is one.
    pub record: Option<i64>,
    /// How many there are of the kind.
    pub all: i64,
}

/// A rule of the marks: what is wrong where it does not hold, and the rows that break it.
pub type Rule = (&'static str, &'static str);

/// What can be wrong with the marks of revisions `r`. Every part is a condition on `r`, or on the
/// device `d` it belongs to.
pub const RULES: [Rule; 12] = [
    (
        "è segnata come ultima e non lo è, o non è segnata e lo è",
        "r.working <> (r.number = d.number) OR r.number > d.number",
    ),
    (
        "ha ente o codice diversi dal dispositivo",
        "r.working AND (r.ente <> d.body_code OR r.codice <> d.code)",
    ),
    (
        "è segnata come convalidata senza esserlo ora, o lo è ora senza il segno",
        "r.accepted <> (r.accepted_from IS NOT NULL AND r.accepted_to IS NULL)",
    ),
    (
        "ha uno stato della convalida che non corrisponde alle date",
        "(r.stage = 'convalidata') <> (r.accepted_from IS NOT NULL) \
         OR (r.accepted_to IS NOT NULL AND r.accepted_from IS NULL) \
         OR (r.stage = 'inviata' AND r.submitted_at IS NULL)",
    ),
    (
        "risulta convalidata nello stesso periodo di un’altra dello stesso dispositivo",
        "r.accepted_from IS NOT NULL AND EXISTS (SELECT 1 FROM revision o \
         WHERE o.device_id = r.device_id AND o.id <> r.id AND o.accepted_from <= r.accepted_from \
         AND (o.accepted_to IS NULL OR o.accepted_to > r.accepted_from))",
    ),
    (
        "risulta convalidata fino a un momento in cui non ne è stata convalidata un’altra",
        "r.accepted_to IS NOT NULL AND NOT EXISTS (SELECT 1 FROM revision o \
         WHERE o.device_id = r.device_id AND o.accepted_from = r.accepted_to)",
    ),
    (
        "risulta convalidata senza che nessuno l’abbia convalidata in quel momento",
        "r.accepted_from IS NOT NULL AND NOT EXISTS (SELECT 1 FROM review v \
         WHERE v.device_id = r.device_id AND v.revision_id = r.id AND v.at = r.accepted_from \
         AND v.kind IN ('convalida', 'convalida_parziale'))",
    ),
    (
        "è stata convalidata e non lo risulta da quel momento",
        "EXISTS (SELECT 1 FROM review v WHERE v.device_id = r.device_id AND v.revision_id = r.id \
         AND v.kind IN ('convalida', 'convalida_parziale') \
         AND (r.accepted_from IS NULL OR r.accepted_from <> v.at))",
    ),
    (
        "risulta inviata senza che nessuno l’abbia inviata in quel momento",
        "r.submitted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM review v \
         WHERE v.device_id = r.device_id AND v.revision_id = r.id AND v.at = r.submitted_at \
         AND v.kind = 'invio')",
    ),
    (
        "è stata inviata e non lo risulta da quel momento",
        "EXISTS (SELECT 1 FROM review v WHERE v.device_id = r.device_id AND v.revision_id = r.id \
         AND v.kind = 'invio' AND (r.submitted_at IS NULL OR r.submitted_at < v.at \
         OR r.stage = 'bozza'))",
    ),
    (
        "risulta rimandata senza che nessuno l’abbia rimandata, o lo è stata e non lo risulta",
        "(r.stage = 'rimandata' AND NOT EXISTS (SELECT 1 FROM review v \
         WHERE v.device_id = r.device_id AND ((v.kind = 'rinvio' AND v.revision_id = r.id) \
         OR (v.kind = 'convalida_parziale' AND EXISTS (SELECT 1 FROM revision m \
         WHERE m.id = v.revision_id AND m.number = r.number + 1))))) \
         OR (r.stage <> 'rimandata' AND EXISTS (SELECT 1 FROM review v \
         WHERE v.device_id = r.device_id AND v.kind = 'rinvio' AND v.revision_id = r.id \
         AND NOT EXISTS (SELECT 1 FROM review w WHERE w.device_id = r.device_id \
         AND w.revision_id = r.id AND w.kind = 'invio' AND w.at > v.at)))",
    ),
    (
        "risulta sostituita da un invio che non c’è stato",
        "r.stage = 'superata' AND NOT EXISTS (SELECT 1 FROM review v \
         WHERE v.device_id = r.device_id AND v.kind = 'invio' AND v.revision_id <> r.id \
         AND v.at > r.submitted_at)",
    ),
];

impl Unit {
    /// What the engine says is wrong with its own files, in its own words, and which migrations are
    /// not those of this program.
    pub async fn unsound(&mut self) -> Result<Vec<String>> {
        let mut found: Vec<String> = match self {
            Self::Sqlite(transaction) => {
                let said: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
                    .fetch_all(&mut **transaction)
                    .await?;
                let mut said: Vec<String> = said.into_iter().filter(|one| one != "ok").collect();
                let rows = sqlx::query("PRAGMA foreign_key_check")
                    .fetch_all(&mut **transaction)
                    .await?;
                for row in rows {
                    let (table, parent): (String, String) = (row.try_get(0)?, row.try_get(2)?);
                    said.push(format!(
                        "una riga di {table} si riferisce a una di {parent} che non c’è"
                    ));
                }
                said
            }
            Self::Postgres(transaction) => {
                sqlx::query_scalar(
                    "SELECT 'il vincolo ' || conname || ' non è verificato' FROM pg_constraint
                     WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
                     UNION ALL
                     SELECT 'l’indice ' || indexrelid::regclass || ' non è valido' FROM pg_index
                     WHERE NOT indisvalid AND indrelid::regclass::text = ANY
                       (SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema())",
                )
                .fetch_all(&mut **transaction)
                .await?
            }
        };
        found.extend(schema::differences(self).await?);
        Ok(found)
    }

    /// Every revision with the record that covers it, in the order of the records' identifiers and
    /// of its own.
    pub async fn each_written(&mut self, mut each: impl FnMut(Written) + Send) -> Result<()> {
        let text = format!(
            "{}, r.hash, r.entry_id, j.number, j.seal FROM revision r \
             LEFT JOIN journal j ON j.id = r.entry_id ORDER BY r.entry_id, r.id",
            *SELECTED
        );
        let after = selected();
        on!(self, |conn| {
            let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                each(Written {
                    revision: revision(&row),
                    hash: row.try_get(after).unwrap_or_default(),
                    cover: cover(
                        row.try_get(after + 1).ok().flatten(),
                        row.try_get(after + 2)?,
                        row.try_get(after + 3)?,
                    ),
                });
            }
        });
        Ok(())
    }

    /// Everything said in review with the record that covers it, in the order of the records'
    /// identifiers and of its own.
    pub async fn each_said(&mut self, mut each: impl FnMut(Said) + Send) -> Result<()> {
        let text = format!(
            "{}, v.entry_id, j.number, j.seal FROM review v \
             LEFT JOIN journal j ON j.id = v.entry_id ORDER BY v.entry_id, v.id",
            REVIEW.trim_end_matches(" FROM review v")
        );
        on!(self, |conn| {
            let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                each(Said {
                    review: review(&row),
                    hash: row.try_get(9).unwrap_or_default(),
                    cover: cover(
                        row.try_get(10).ok().flatten(),
                        row.try_get(11)?,
                        row.try_get(12)?,
                    ),
                });
            }
        });
        Ok(())
    }

    /// The records that say they wrote rows of a kind and that no row carries: the kind, the first
    /// of them, and how many.
    pub async fn emptied(&mut self) -> Result<Vec<(Sealed, i64, i64)>> {
        let mut found = Vec::new();
        let hashed = [
            (Sealed::Revisions, "revision", "entry_id"),
            (Sealed::Reviews, "review", "entry_id"),
        ];
        let kept = PARTS.iter().map(|part| (part.kind, part.table, part.entry));
        for (kind, table, entry) in hashed.into_iter().chain(kept) {
            let text = format!(
                "SELECT min(j.number), count(*) FROM journal j LEFT JOIN \
                 (SELECT DISTINCT {entry} AS id FROM {table}) w ON w.id = j.id \
                 WHERE w.id IS NULL AND j.seal <> '' AND j.seal LIKE $1"
            );
            let mark = format!("%{}=%", kind.name());
            let (number, all): (Option<i64>, i64) = on!(self, |conn| {
                sqlx::query_as(AssertSqlSafe(text))
                    .bind(mark)
                    .fetch_one(conn)
                    .await?
            });
            if let Some(number) = number {
                found.push((kind, number, all));
            }
        }
        Ok(found)
    }

    /// The first revision that breaks one of [`RULES`], and how many do.
    pub async fn breaking(&mut self, condition: &'static str) -> Result<Option<Odd>> {
        let text = format!(
            "SELECT r.ente, r.codice, r.number, j.number, count(*) OVER () FROM revision r \
             JOIN device d ON d.id = r.device_id LEFT JOIN journal j ON j.id = r.entry_id \
             WHERE {condition} ORDER BY j.number, r.id LIMIT 1"
        );
        self.odd(text).await
    }

    /// The first device without the last of its revisions, and how many there are.
    pub async fn headless(&mut self) -> Result<Option<Odd>> {
        let text = "SELECT d.body_code, d.code, d.number, CAST(NULL AS BIGINT), count(*) OVER () \
                    FROM device d WHERE NOT EXISTS (SELECT 1 FROM revision r \
                    WHERE r.device_id = d.id AND r.number = d.number) ORDER BY d.id LIMIT 1";
        self.odd(text.to_owned()).await
    }

    async fn odd(&mut self, text: String) -> Result<Option<Odd>> {
        Ok(on!(self, |conn| {
            sqlx::query_as::<_, (String, String, i64, Option<i64>, i64)>(AssertSqlSafe(text))
                .fetch_optional(conn)
                .await?
        })
        .map(|(body, code, number, record, all)| Odd {
            device: (body, code),
            number,
            record,
            all,
        }))
    }
}

pub(super) fn cover(entry: Option<Uuid>, number: Option<i64>, seal: Option<String>) -> Cover {
    Cover {
        entry,
        record: number.zip(seal),
    }
}
