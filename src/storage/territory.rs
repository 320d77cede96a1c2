//! The boundaries of the Comuni.

use super::{Error, Result, Unit, on};
use crate::census::territory::Municipality;
use geojson::GeometryValue;
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
            let boundary = geojson::Geometry::new(GeometryValue::from(&municipality.boundary));
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
                .bind(boundary.to_string())
                .execute(conn)
                .await?;
            });
        }
        Ok(())
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
                let unreadable =
                    |_cause| Error::Stored(format!("il confine del Comune {}", municipality.istat));
                let geometry: geojson::Geometry = text.parse().map_err(unreadable)?;
                let boundary = geo::MultiPolygon::try_from(geometry).map_err(unreadable)?;
                Ok(Municipality {
                    boundary,
                    ..municipality
                })
            })
            .collect()
    }
}
