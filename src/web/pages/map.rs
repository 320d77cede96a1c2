//! The map: the same devices as the list, under the same filter.

use crate::census::filter::Filter;
use crate::census::vocabulary::{Field, Term};
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::pages::reference;
use crate::web::query::{self, Chip, Standpoint};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// The narrowest view the map opens with, in degrees: about a kilometre.
const NARROWEST: f64 = 0.01;

#[derive(Template)]
#[template(path = "pages/map.html")]
struct Map {
    page: Page,
    chips: Vec<Chip>,
    counted: String,
    query: String,
    bounds: String,
    rasters: String,
    references: String,
    functions: &'static [Term],
    list: String,
    export: String,
    standpoint: Standpoint,
    conditions: Vec<(&'static str, String)>,
    everything: String,
}

/// The map.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    let names = app.register.names().await?;
    let extent = app.register.extent(&filter).await?;
    let total = app.register.count(&filter).await?;
    let past = app.register.past(&filter).await?;
    let at = past.as_ref().map(|past| past.at);
    let references = app.register.references_at(&reader.viewer, at).await?;
    let page = Page::new(&app, Some(&reader), "Mappa", "mappa")
        .at(past, || query::today("/mappa", &filter, &[]));
    let mut bare = Filter::of(&reader.viewer);
    bare.state = filter.state;
    bare.moment = filter.moment;
    Ok(Html(Map {
        page,
        chips: query::chips("/mappa", &filter, &names, &[]),
        counted: query::devices(total),
        query: query::encode(&filter, &[]),
        bounds: bounds(extent),
        rasters: serde_json::to_string(&app.settings.map_layers).map_err(Error::internal)?,
        references: reference::on_map(&references),
        functions: Field::Funzione.terms().unwrap_or_default(),
        list: query::address("/dispositivi", &filter, &[]),
        export: query::address("/esporta", &filter, &[]),
        standpoint: Standpoint::of(&filter),
        conditions: query::conditions(&filter),
        everything: query::address("/mappa", &bare, &[]),
    })
    .into_response())
}

/// A rectangle as maps read it, widened where it is next to nothing.
#[must_use]
pub fn bounds([west, south, east, north]: [f64; 4]) -> String {
    let widen = |low: f64, high: f64| {
        let lacking = ((NARROWEST - (high - low)) / 2.0).max(0.0);
        (low - lacking, high + lacking)
    };
    let ((west, east), (south, north)) = (widen(west, east), widen(south, north));
    format!("{west:.6},{south:.6},{east:.6},{north:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_alone_is_not_looked_at_from_one_metre() {
        let point = [9.19, 45.46, 9.19, 45.46];
        assert_eq!(bounds(point), "9.185000,45.455000,9.195000,45.465000");
        let wide = [9.0, 45.3, 9.4, 45.6];
        assert_eq!(bounds(wide), "9.000000,45.300000,9.400000,45.600000");
    }
}
