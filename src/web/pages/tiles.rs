//! The vector tiles of the map: devices under the filter of the list, the Comuni beneath, and
//! reference layers.

use crate::tiles::Tile;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::pages::reference;
use crate::web::query;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Devices change and are reserved: nobody keeps them.
const DEVICES: &str = "private, no-store";

/// Boundaries are the same for everybody and change with the years.
const BOUNDARIES: &str = "private, max-age=3600";

/// The devices that the filter finds in a tile.
pub async fn devices(
    State(app): State<App>,
    reader: Reader,
    Path(address): Path<(String, String, String)>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let tile = tile(&address)?;
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    Ok(answer(app.register.tile(&filter, tile).await?, DEVICES))
}

/// The boundaries and names of the Comuni in a tile.
pub async fn boundaries(
    State(app): State<App>,
    _reader: Reader,
    Path(address): Path<(String, String, String)>,
) -> Result<Response, Error> {
    let tile = tile(&address)?;
    Ok(answer(app.register.boundary_tile(tile).await?, BOUNDARIES))
}

/// The features of a reference layer in a tile.
pub async fn references(
    State(app): State<App>,
    reader: Reader,
    Path((id, zoom, column, row)): Path<(String, String, String, String)>,
) -> Result<Response, Error> {
    let tile = tile(&(zoom, column, row))?;
    let id = reference::identifier(&id)?;
    let bytes = app
        .register
        .reference_tile(&reader.viewer, id, tile)
        .await?;
    Ok(answer(bytes, DEVICES))
}

/// The tile of an address that ends in `.mvt`.
fn tile((zoom, column, row): &(String, String, String)) -> Result<Tile, Error> {
    let read = || {
        let row = row.strip_suffix(".mvt")?.parse().ok()?;
        Tile::new(zoom.parse().ok()?, column.parse().ok()?, row)
    };
    read().ok_or_else(|| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questo riquadro di mappa non esiste.",
        )
    })
}

fn answer(bytes: Vec<u8>, kept: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile"),
        (header::CACHE_CONTROL, kept),
    ];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_no_tile_is_not_found() {
        let read = |zoom: &str, column: &str, row: &str| {
            tile(&(zoom.to_owned(), column.to_owned(), row.to_owned()))
                .map_err(|error| error.status)
        };
        assert!(read("14", "8610", "5860.mvt").is_ok());
        for (zoom, column, row) in [
            ("14", "8610", "5860"),
            ("2", "4", "0.mvt"),
            ("-1", "0", "0.mvt"),
            ("999", "0", "0.mvt"),
            ("0", "0", "zero.mvt"),
        ] {
            assert_eq!(read(zoom, column, row), Err(StatusCode::NOT_FOUND));
        }
    }
}
