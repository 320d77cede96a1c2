//! Bodies, their sites, and the software catalogue.

use super::device::NOT_ABSORBED;
use super::statement::{Bind, Statement, bound};
use super::{Result, Unit, on};
use crate::census::filter::State;
use crate::census::journal::{Seal, Sealed};
use crate::clock::{Clock, Instant};
use sqlx::Row;
use std::collections::HashMap;
use uuid::Uuid;

/// Who owns or runs devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The ISTAT code for a Comune, a slug otherwise.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `comune`, `coordinatore`, `unione`, `societa`, `concessionario` or `altro`.
    pub kind: String,
}

/// A place with one or more devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its identifier.
    pub id: Uuid,
    /// The body it belongs to.
    pub body: String,
    /// The body's own code for it.
    pub code: String,
    /// `varco` or `postazione`.
    pub kind: String,
    /// Its name; may be empty.
    pub name: String,
}

/// Who changes a site or the territory, and when.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The identifier of what is kept of it.
    pub id: Uuid,
    /// The instant until which it was something else.
    pub at: Instant,
    /// The account.
    pub author: &'a str,
}

/// How much stands at a site, in the working state and without what was withdrawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many devices.
    pub devices: i64,
    /// How many points of view they have; a device that does not say has one.
    pub views: i64,
}

impl Unit {
    /// Adds a body, or gives the one with the same code a new name and kind.
    pub async fn put_body(&mut self, body: &Body) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO body (code, name, kind) VALUES ($1, $2, $3)
                 ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind",
            )
            .bind(&body.code)
            .bind(&body.name)
            .bind(&body.kind)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Every body, by code.
    pub async fn bodies(&mut self) -> Result<Vec<Body>> {
        Ok(on!(self, |conn| {
            sqlx::query("SELECT code, name, kind FROM body ORDER BY code")
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Body {
                        code: row.try_get("code")?,
                        name: row.try_get("name")?,
                        kind: row.try_get("kind")?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The names of the software catalogue. Those only proposed are left out: they may name what
    /// another body keeps reserved.
    pub async fn software(&mut self) -> Result<Vec<String>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT name FROM software WHERE state = 'catalogo' ORDER BY name")
                .fetch_all(conn)
                .await?
        }))
    }

    /// Adds a software to the catalogue, known or only proposed; one already there stays as it is.
    pub async fn add_software(&mut self, name: &str, known: bool) -> Result<()> {
        let state = if known { "catalogo" } else { "proposta" };
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO software (name, state) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(name)
            .bind(state)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Adds a site when the body has none with this code; says whether it was new.
    pub async fn ensure_site(
        &mut self,
        clock: &Clock,
        body: &str,
        code: &str,
        kind: &str,
    ) -> Result<bool> {
        let id = clock.new_id();
        let added = on!(self, |conn| {
            sqlx::query(
                "INSERT INTO site (id, body_code, code, kind, name) VALUES ($1, $2, $3, $4, '')
                 ON CONFLICT (body_code, code) DO NOTHING",
            )
            .bind(id)
            .bind(body)
            .bind(code)
            .bind(kind)
            .execute(conn)
            .await?
            .rows_affected()
        });
        Ok(added > 0)
    }

    /// Adds sites that are not there yet.
    pub async fn add_sites(&mut self, sites: &[Site]) -> Result<()> {
        let text = |text: &str| Bind::Text(Some(text.to_owned()));
        let values = sites.iter().flat_map(|site| {
            [
                Bind::Id(site.id),
                text(&site.body),
                text(&site.code),
                text(&site.kind),
                text(&site.name),
            ]
        });
        let columns = ["id", "body_code", "code", "kind", "name"];
        self.append("site", &columns, values.collect()).await
    }

    /// The site of a body with this code.
    pub async fn site_with_code(&mut self, body: &str, code: &str) -> Result<Option<Site>> {
        on!(self, |conn| {
            sqlx::query("SELECT id, body_code, code, kind, name FROM site WHERE body_code = $1 AND code = $2")
                .bind(body)
                .bind(code)
                .fetch_optional(conn)
                .await?
                .as_ref()
                .map(site)
                .transpose()
        })
    }

    /// The site with this identifier.
    pub async fn site(&mut self, id: Uuid) -> Result<Option<Site>> {
        on!(self, |conn| {
            sqlx::query("SELECT id, body_code, code, kind, name FROM site WHERE id = $1")
                .bind(id)
                .fetch_optional(conn)
                .await?
                .as_ref()
                .map(site)
                .transpose()
        })
    }

    /// The sites of these bodies, or of all when none is named, by body and code.
    pub async fn sites(&mut self, bodies: Option<&[String]>) -> Result<Vec<Site>> {
        let mut statement = Statement::new("SELECT id, body_code, code, kind, name FROM site");
        if let Some(bodies) = bodies {
            if bodies.is_empty() {
                return Ok(Vec::new());
            }
            statement
                .push(" WHERE body_code IN ")
                .texts(bodies.iter().map(String::as_str));
        }
        statement.push(" ORDER BY body_code, code");
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(site)
                .collect()
        })
    }

    /// How much stands at each of these sites, at most 30,000.
    pub async fn standing_at(
        &mut self,
        sites: &[Uuid],
        state: State,
    ) -> Result<HashMap<Uuid, Standing>> {
        if sites.is_empty() {
            return Ok(HashMap::new());
        }
        let mut statement = Statement::new(
            "SELECT s.id, count(r.id) AS devices,
                    CAST(coalesce(sum(CASE WHEN r.id IS NULL THEN 0
                                           ELSE coalesce(r.punti_ripresa, 1) END), 0) AS BIGINT)
                        AS views
             FROM site s LEFT JOIN revision r ON ",
        );
        statement.push(match state {
            State::Accepted => "r.accepted",
            State::Working | State::Submitted => "r.working",
        });
        if state == State::Accepted {
            statement.push(NOT_ABSORBED);
        }
        statement.push(
            " AND r.ente = s.body_code AND r.sito = s.code AND NOT r.withdrawn WHERE s.id IN ",
        );
        statement.ids(sites.iter().copied()).push(" GROUP BY s.id");
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let standing = Standing {
                        devices: row.try_get("devices")?,
                        views: row.try_get("views")?,
                    };
                    Ok((row.try_get("id")?, standing))
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// Gives a site its kind and name, and keeps what it was before `change`.
    pub async fn put_site(
        &mut self,
        site: &Site,
        change: &Change<'_>,
        seal: &mut Seal,
    ) -> Result<()> {
        seal.wrote(Sealed::SitesBefore);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO site_before (id, site_id, kind, name, until, author, entry_id)
                 SELECT $2, id, kind, name, $3, $4, $5 FROM site WHERE id = $1",
            )
            .bind(site.id)
            .bind(change.id)
            .bind(change.at)
            .bind(change.author)
            .bind(seal.entry)
            .execute(&mut *conn)
            .await?;
            sqlx::query("UPDATE site SET kind = $2, name = $3 WHERE id = $1")
                .bind(site.id)
                .bind(&site.kind)
                .bind(&site.name)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}

fn site<'r, R>(row: &'r R) -> Result<Site>
where
    R: Row,
    &'static str: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    Ok(Site {
        id: row.try_get("id")?,
        body: row.try_get("body_code")?,
        code: row.try_get("code")?,
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
    })
}
