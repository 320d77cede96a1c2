//! Editions of criteria, prices and lots, and since when each is in force: rows are only added.

use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, on};
use crate::census::edition::{Edition, Force, Kind};
use crate::census::journal::{Seal, Sealed};
use crate::clock::Instant;
use sqlx::Row;
use uuid::Uuid;

const EDITION: &str =
    "SELECT id, kind, name, content, sha256, author, recorded_at FROM edition WHERE ";

impl Unit {
    /// Adds an edition; no other of its kind may have its name.
    pub async fn add_edition(&mut self, edition: &Edition, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Editions);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO edition (id, kind, name, content, sha256, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(edition.id)
            .bind(edition.kind.name())
            .bind(&edition.name)
            .bind(&edition.content)
            .bind(&edition.sha256)
            .bind(&edition.author)
            .bind(edition.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The editions of a kind, the last first.
    pub async fn editions(&mut self, kind: Kind) -> Result<Vec<Edition>> {
        let mut statement = Statement::new(EDITION);
        statement
            .push("kind = ")
            .text(kind.name())
            .push(" ORDER BY recorded_at DESC, id DESC");
        self.editions_of(statement).await
    }

    /// One edition.
    pub async fn edition(&mut self, id: Uuid) -> Result<Option<Edition>> {
        let mut statement = Statement::new(EDITION);
        statement.push("id = ").bind(Bind::Id(id));
        Ok(self.editions_of(statement).await?.pop())
    }

    async fn editions_of(&mut self, statement: Statement) -> Result<Vec<Edition>> {
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let kind: String = row.try_get(1)?;
                    Ok(Edition {
                        id: row.try_get(0)?,
                        kind: Kind::named(&kind)
                            .ok_or_else(|| Error::Stored(format!("l’edizione di «{kind}»")))?,
                        name: row.try_get(2)?,
                        content: row.try_get(3)?,
                        sha256: row.try_get(4)?,
                        author: row.try_get(5)?,
                        recorded_at: row.try_get(6)?,
                    })
                })
                .collect()
        })
    }

    /// Says from which day an edition is in force.
    pub async fn add_force(&mut self, force: &Force, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Forces);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO edition_force (id, edition_id, day, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(force.id)
            .bind(force.edition)
            .bind(&force.day)
            .bind(&force.author)
            .bind(force.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// What was said until an instant, or until now, of since when editions of a kind are in force,
    /// in the order it was said.
    pub async fn forces(&mut self, kind: Kind, at: Option<Instant>) -> Result<Vec<Force>> {
        Ok(on!(self, |conn| {
            sqlx::query(
                "SELECT f.id, f.edition_id, f.day, f.author, f.recorded_at
                 FROM edition_force f JOIN edition e ON e.id = f.edition_id
                 WHERE e.kind = $1 AND f.recorded_at <= $2 ORDER BY f.recorded_at, f.id",
            )
            .bind(kind.name())
            .bind(at.unwrap_or(Instant::MAX))
            .fetch_all(conn)
            .await?
            .iter()
            .map(|row| {
                Ok(Force {
                    id: row.try_get(0)?,
                    edition: row.try_get(1)?,
                    day: row.try_get(2)?,
                    author: row.try_get(3)?,
                    recorded_at: row.try_get(4)?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()?
        }))
    }
}
