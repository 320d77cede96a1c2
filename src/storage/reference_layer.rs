//! Reference layers and their features: rows are added and read, never changed.

use super::statement::Bind;
use super::{Error, Result, Unit, on};
use crate::census::journal::{Seal, Sealed};
use crate::census::reference_layer::{
    Audience, Feature, Fingerprint, Kind, ReferenceLayer, Withdrawal, corners,
};
use futures_util::TryStreamExt;
use geo::{BoundingRect, Geometry, Rect};
use geojson::GeometryValue;
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// How many features are made ready for the database at once.
const TOGETHER: usize = 2_000;

/// The text of a geometry as it is stored, and the box around it.
#[must_use]
pub fn stored(shape: &Geometry<f64>) -> (String, [f64; 4]) {
    let text = geojson::Geometry::new(GeometryValue::from(shape)).to_string();
    let extent = shape.bounding_rect().map(corners).unwrap_or_default();
    (text, extent)
}

/// Reference layers.
impl Unit {
    /// Adds a layer; its features follow.
    pub async fn add_reference_layer(
        &mut self,
        layer: &ReferenceLayer,
        seal: &mut Seal,
    ) -> Result<()> {
        seal.wrote(Sealed::ReferenceLayers);
        let [west, south, east, north] = layer.extent;
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO reference_layer (id, kind, name, source, licence, dated, audience, crs,
                   features, west, south, east, north, hash, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            )
            .bind(layer.id)
            .bind(layer.kind.name())
            .bind(&layer.name)
            .bind(&layer.source)
            .bind(&layer.licence)
            .bind(&layer.dated)
            .bind(layer.audience.name())
            .bind(&layer.crs)
            .bind(layer.features)
            .bind(west)
            .bind(south)
            .bind(east)
            .bind(north)
            .bind(&layer.hash)
            .bind(&layer.author)
            .bind(layer.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Adds the features of a layer.
    pub async fn add_reference_features(
        &mut self,
        layer: Uuid,
        features: &[Feature],
    ) -> Result<()> {
        const COLUMNS: [&str; 8] = [
            "layer_id", "number", "name", "geometry", "west", "south", "east", "north",
        ];
        for some in features.chunks(TOGETHER) {
            let mut values = Vec::with_capacity(some.len() * COLUMNS.len());
            for feature in some {
                let (text, extent) = stored(&feature.shape);
                values.extend([
                    Bind::Id(layer),
                    Bind::Integer(Some(feature.number)),
                    Bind::Text(Some(feature.name.clone())),
                    Bind::Text(Some(text)),
                ]);
                values.extend(extent.map(|corner| Bind::Decimal(Some(corner))));
            }
            self.append("reference_feature", &COLUMNS, values).await?;
        }
        Ok(())
    }

    /// Takes a layer away.
    pub async fn add_reference_withdrawal(
        &mut self,
        withdrawal: &Withdrawal,
        seal: &mut Seal,
    ) -> Result<()> {
        seal.wrote(Sealed::ReferenceWithdrawals);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO reference_withdrawal (id, layer_id, reason, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(withdrawal.id)
            .bind(withdrawal.layer)
            .bind(&withdrawal.reason)
            .bind(&withdrawal.author)
            .bind(withdrawal.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Every layer there ever was, the last first.
    pub async fn reference_layers(&mut self) -> Result<Vec<ReferenceLayer>> {
        on!(self, |conn| {
            sqlx::query(
                "SELECT id, kind, name, source, licence, dated, audience, crs, features, west, south,
                   east, north, hash, author, recorded_at
                 FROM reference_layer ORDER BY recorded_at DESC, id DESC",
            )
            .fetch_all(conn)
            .await?
            .iter()
            .map(layer)
            .collect()
        })
    }

    /// That layers were taken away, the first first.
    pub async fn reference_withdrawals(&mut self) -> Result<Vec<Withdrawal>> {
        Ok(on!(self, |conn| {
            sqlx::query(
                "SELECT id, layer_id, reason, author, recorded_at FROM reference_withdrawal
                 ORDER BY recorded_at, id",
            )
            .fetch_all(conn)
            .await?
            .iter()
            .map(|row| {
                Ok(Withdrawal {
                    id: row.try_get(0)?,
                    layer: row.try_get(1)?,
                    reason: row.try_get(2)?,
                    author: row.try_get(3)?,
                    recorded_at: row.try_get(4)?,
                })
            })
            .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The features of a layer whose numbers follow this one, at most so many.
    pub async fn reference_features(
        &mut self,
        layer: Uuid,
        after: i64,
        most: i64,
    ) -> Result<Vec<Feature>> {
        on!(self, |conn| {
            sqlx::query(
                "SELECT number, name, geometry FROM reference_feature
                 WHERE layer_id = $1 AND number > $2 ORDER BY number LIMIT $3",
            )
            .bind(layer)
            .bind(after)
            .bind(most)
            .fetch_all(conn)
            .await?
            .iter()
            .map(feature)
            .collect()
        })
    }

    /// The features of a layer whose box meets a rectangle, degrees, by number.
    pub async fn reference_features_in(
        &mut self,
        layer: Uuid,
        area: Rect<f64>,
    ) -> Result<Vec<Feature>> {
        let [west, south, east, north] = corners(area);
        on!(self, |conn| {
            sqlx::query(
                "SELECT number, name, geometry FROM reference_feature
                 WHERE layer_id = $1 AND south <= $2 AND north >= $3 AND west <= $4 AND east >= $5
                 ORDER BY number",
            )
            .bind(layer)
            .bind(north)
            .bind(south)
            .bind(east)
            .bind(west)
            .fetch_all(conn)
            .await?
            .iter()
            .map(feature)
            .collect()
        })
    }

    /// How many features of a layer there are, and their hash as they stand.
    pub async fn reference_fingerprint(&mut self, layer: Uuid) -> Result<(i64, String)> {
        let mut print = Fingerprint::default();
        let mut count = 0;
        on!(self, |conn| {
            let mut rows = sqlx::query(
                "SELECT number, name, geometry, west, south, east, north FROM reference_feature
                 WHERE layer_id = $1 ORDER BY number",
            )
            .bind(layer)
            .fetch(conn);
            while let Some(row) = rows.try_next().await? {
                let extent = [
                    row.try_get(3)?,
                    row.try_get(4)?,
                    row.try_get(5)?,
                    row.try_get(6)?,
                ];
                print.add(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, extent);
                count += 1;
            }
        });
        Ok((count, print.finish()))
    }
}

fn layer<'r, R>(row: &'r R) -> Result<ReferenceLayer>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
{
    let kind: String = row.try_get(1)?;
    let audience: String = row.try_get(6)?;
    Ok(ReferenceLayer {
        id: row.try_get(0)?,
        kind: Kind::named(&kind)
            .ok_or_else(|| Error::Stored(format!("il tipo di livello «{kind}»")))?,
        name: row.try_get(2)?,
        source: row.try_get(3)?,
        licence: row.try_get(4)?,
        dated: row.try_get(5)?,
        audience: Audience::named(&audience)
            .ok_or_else(|| Error::Stored(format!("la visibilità «{audience}» di un livello")))?,
        crs: row.try_get(7)?,
        features: row.try_get(8)?,
        extent: [
            row.try_get(9)?,
            row.try_get(10)?,
            row.try_get(11)?,
            row.try_get(12)?,
        ],
        hash: row.try_get(13)?,
        author: row.try_get(14)?,
        recorded_at: row.try_get(15)?,
    })
}

fn feature<'r, R>(row: &'r R) -> Result<Feature>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let number: i64 = row.try_get(0)?;
    let text: String = row.try_get(2)?;
    let unreadable = |_cause| Error::Stored(format!("la geometria dell’elemento {number}"));
    let geometry: geojson::Geometry = text.parse().map_err(unreadable)?;
    Ok(Feature {
        number,
        name: row.try_get(1)?,
        shape: Geometry::try_from(geometry).map_err(unreadable)?,
    })
}
