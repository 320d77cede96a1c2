//! The board of the campaign on the map: every Comune by how far it has come. The table says the same.

use super::campaign::{FILTERS, Wanted};
use crate::census::campaign::State as Progress;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::form;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// A line of the legend.
#[derive(Debug)]
struct Entry {
    code: &'static str,
    label: &'static str,
    bodies: String,
}

#[derive(Template)]
#[template(path = "pages/campaign_map.html")]
struct CampaignMap {
    page: Page,
    counted: String,
    filtered: bool,
    list: String,
    bounds: String,
    states: String,
    entries: Vec<Entry>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&FILTERS)?;
    let wanted = Wanted::read(&query)?;
    let mut rows = app.register.board(&reader.viewer, wanted.moment()).await?;
    rows.retain(|row| wanted.takes(row));
    let states: Map<String, Value> = rows
        .iter()
        .map(|row| {
            let state = row.standing.state().name();
            (row.body.code.clone(), Value::from(state))
        })
        .collect();
    let entries = Progress::ALL.map(|state| Entry {
        code: state.name(),
        label: state.label(),
        bodies: query::many(
            rows.iter()
                .filter(|row| row.standing.state() == state)
                .count(),
            "un ente",
            "enti",
        ),
    });
    let page = Page::new(&app, Some(&reader), "La campagna sulla mappa", "campagna");
    let page = wanted.frame(&app, &reader, page, "/campagna/mappa").await?;
    Ok(Html(CampaignMap {
        page,
        counted: query::many(rows.len(), "un ente", "enti"),
        filtered: wanted.is_filtered(),
        list: wanted.address("/campagna", ""),
        bounds: form::bounds(&app),
        states: Value::Object(states).to_string(),
        entries: entries.into(),
    })
    .into_response())
}
