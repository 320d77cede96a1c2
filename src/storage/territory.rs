//! The Comuni and their boundaries, as they are and as they were before each change.

use super::body::Change;
use super::{Error, Result, Unit, on};
use crate::census::journal::{Seal, Sealed};
use crate::census::territory::Municipality;
use crate::clock::Instant;
use geojson::GeometryValue;
use serde::{Deserialize, Serialize};
use sqlx::Row;

impl Unit {
    /// Puts these Comuni in place of all that were there.
    pub async fn replace_municipalities(&mut self, municipalities: &[Municipality]) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM municipality")
                .execute(conn)
                .await?;
        });
        for municipality in municipalities {
            on!(self, |conn| {
                sqlx::query(
                    "INSERT INTO municipality (istat, name, belfiore, province, covered, boundary)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(&municipality.istat)
                .bind(&municipality.name)
                .bind(&municipality.belfiore)
                .bind(&municipality.province)
                .bind(municipality.covered)
                .bind(spelled(municipality))
                .execute(conn)
                .await?;
            });
        }
        Ok(())
    }

    /// Keeps what these Comuni were before a change of the territory.
    pub async fn keep_territory(
        &mut self,
        municipalities: &[Municipality],
        change: &Change<'_>,
        seal: &mut Seal,
    ) -> Result<()> {
        seal.wrote(Sealed::TerritoriesBefore);
        let rows: Vec<Kept> = municipalities.iter().map(Kept::of).collect();
        let content = serde_json::to_string(&rows);
        let content = content.map_err(|error| Error::Stored(error.to_string()))?;
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO territory_before (id, content, until, author, entry_id)
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(change.id)
            .bind(&content)
            .bind(change.at)
            .bind(change.author)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The Comuni as they were at an instant; nothing when they have been the same since.
    pub async fn territory_then(&mut self, at: Instant) -> Result<Option<Vec<Municipality>>> {
        let content: Option<String> = on!(self, |conn| {
            sqlx::query_scalar(
                "SELECT content FROM territory_before WHERE until > $1 ORDER BY until, id LIMIT 1",
            )
            .bind(at)
            .fetch_optional(conn)
            .await?
        });
        let Some(content) = content else {
            return Ok(None);
        };
        let unreadable =
            |error: serde_json::Error| Error::Stored(format!("il territorio: {error}"));
        let rows: Vec<Kept> = serde_json::from_str(&content).map_err(unreadable)?;
        let read = rows.into_iter().map(|row| {
            let boundary = boundary(&row.boundary, &row.istat)?;
            Ok(Municipality {
                istat: row.istat,
                name: row.name,
                belfiore: row.belfiore,
                province: row.province,
                covered: row.covered,
                boundary,
            })
        });
        read.collect::<Result<_>>().map(Some)
    }

    /// Every Comune with its boundary, by ISTAT code.
    pub async fn municipalities(&mut self) -> Result<Vec<Municipality>> {
        let rows: Vec<(Municipality, String)> = on!(self, |conn| {
            sqlx::query(
                "SELECT istat, name, belfiore, province, covered, boundary
                 FROM municipality ORDER BY istat",
            )
            .fetch_all(conn)
            .await?
            .iter()
            .map(|row| {
                let municipality = Municipality {
                    istat: row.try_get("istat")?,
                    name: row.try_get("name")?,
                    belfiore: row.try_get("belfiore")?,
                    province: row.try_get("province")?,
                    covered: row.try_get("covered")?,
                    boundary: geo::MultiPolygon::new(Vec::new()),
                };
                Ok((municipality, row.try_get("boundary")?))
            })
            .collect::<Result<_, sqlx::Error>>()?
        });
        rows.into_iter()
            .map(|(municipality, text)| {
                let boundary = boundary(&text, &municipality.istat)?;
                Ok(Municipality {
                    boundary,
                    ..municipality
                })
            })
            .collect()
    }
}

/// A Comune as it is kept in a text.
#[derive(Serialize, Deserialize)]
struct Kept {
    istat: String,
    name: String,
    belfiore: String,
    province: String,
    covered: bool,
    /// As in the table of today's.
    boundary: String,
}

impl Kept {
    fn of(one: &Municipality) -> Self {
        Self {
            istat: one.istat.clone(),
            name: one.name.clone(),
            belfiore: one.belfiore.clone(),
            province: one.province.clone(),
            covered: one.covered,
            boundary: spelled(one),
        }
    }
}

/// A boundary as it is stored, in GeoJSON.
fn spelled(municipality: &Municipality) -> String {
    geojson::Geometry::new(GeometryValue::from(&municipality.boundary)).to_string()
}

/// A boundary from what is stored.
fn boundary(text: &str, istat: &str) -> Result<geo::MultiPolygon<f64>> {
    let unreadable = |_cause| Error::Stored(format!("il confine del Comune {istat}"));
    let geometry: geojson::Geometry = text.parse().map_err(unreadable)?;
    geo::MultiPolygon::try_from(geometry).map_err(unreadable)
}
