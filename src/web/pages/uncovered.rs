//! Which places of a reference layer have no device within a radius.

use super::{map, reference};
use crate::census::reference_layer::ReferenceLayer;
use crate::census::vocabulary::Term;
use crate::register;
use crate::register::find::Choice;
use crate::register::reference_layer::{Unwatched, Watch, Watchers};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::fs::File;
use std::io::Seek;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// What the address may say.
const PARAMETERS: [&str; 3] = ["livello", "raggio", "dispositivi"];

/// The radius when none is asked for, in metres.
const USUAL_M: f64 = 500.0;

/// How many places the page lists and draws; the file has them all.
const SHOWN: usize = 500;

/// A place as a row of the page.
#[derive(Debug)]
struct Line {
    number: String,
    name: String,
    municipality: String,
    place: String,
    metres: String,
}

#[derive(Template)]
#[template(path = "pages/uncovered.html")]
struct Uncovered {
    page: Page,
    layer: String,
    layer_href: String,
    layers: Vec<Choice>,
    chosen: String,
    radius: String,
    watchers: &'static str,
    all_watchers: [Term; 2],
    counted: String,
    among: String,
    devices: String,
    rows: Vec<Line>,
    more: String,
    bounds: String,
    references: String,
    places: String,
    download: String,
}

/// What is asked for.
struct Asked {
    layer: Option<Uuid>,
    radius_m: f64,
    watchers: Watchers,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    let asked = asked(&query)?;
    let found = app
        .register
        .unwatched(&reader.viewer, asked.layer, asked.radius_m, asked.watchers)
        .await?;
    let page = Page::new(&app, Some(&reader), "Luoghi scoperti", "riferimenti");
    Ok(Html(page_of(page, &asked, &found)).into_response())
}

fn page_of(page: Page, asked: &Asked, found: &Watch) -> Uncovered {
    let layer = found.layer.as_ref();
    let chosen = layer.map(|layer| layer.id.to_string()).unwrap_or_default();
    let radius = whole(asked.radius_m).replace('.', "");
    let mut fields = Fields::default();
    fields.push("livello", &chosen);
    fields.push("raggio", &radius);
    fields.push("dispositivi", asked.watchers.name());
    let beyond = found.rows.len().saturating_sub(SHOWN);
    let term = |watchers: Watchers| Term {
        code: watchers.name(),
        label: watchers.label(),
        synonyms: &[],
    };
    let shown = || found.rows.iter().take(SHOWN);
    let places: Vec<_> = shown()
        .map(|row| json!({ "nome": name(row), "lon": row.at.0, "lat": row.at.1 }))
        .collect();
    Uncovered {
        page,
        layer: layer
            .map(|layer| format!("{}: {}", layer.kind.label(), layer.name))
            .unwrap_or_default(),
        layer_href: layer
            .map(|layer| format!("/riferimenti/{}", layer.id))
            .unwrap_or_default(),
        layers: choices(&found.layers),
        counted: query::many(found.rows.len(), "un luogo scoperto", "luoghi scoperti"),
        among: layer
            .map(|layer| query::figure(layer.features))
            .unwrap_or_default(),
        devices: query::devices(i64::try_from(found.devices).unwrap_or(i64::MAX)),
        rows: shown().map(line).collect(),
        more: if beyond > 0 {
            query::figure(i64::try_from(beyond).unwrap_or(i64::MAX))
        } else {
            String::new()
        },
        bounds: layer
            .map(|layer| map::bounds(layer.extent))
            .unwrap_or_default(),
        references: layer
            .map(|layer| reference::on_map(std::slice::from_ref(layer)))
            .unwrap_or_default(),
        places: serde_json::Value::from(places).to_string(),
        download: format!("/riferimenti/scoperti.csv?{}", fields.encode()),
        chosen,
        radius,
        watchers: asked.watchers.name(),
        all_watchers: Watchers::ALL.map(term),
    }
}

/// The same as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    let Asked {
        layer,
        radius_m,
        watchers,
    } = asked(&query)?;
    file("scoperti.csv", async |sink| {
        app.register
            .write_unwatched(&reader.viewer, layer, radius_m, watchers, sink)
            .await
    })
    .await
}

/// A table that is written, as a file to be saved.
pub async fn file(
    name: &str,
    write: impl AsyncFnOnce(File) -> register::Result<()>,
) -> Result<Response, Error> {
    let mut content = tempfile::tempfile().map_err(register::Error::Write)?;
    let sink = content.try_clone().map_err(register::Error::Write)?;
    write(sink).await?;
    content.rewind().map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}

fn asked(query: &Fields) -> Result<Asked, Error> {
    query.only(&PARAMETERS)?;
    Ok(Asked {
        layer: match query.get("livello") {
            "" => None,
            text => Some(reference::identifier(text)?),
        },
        radius_m: match query.get("raggio") {
            "" => USUAL_M,
            text => metres("raggio", text)?,
        },
        watchers: match query.get("dispositivi") {
            "" => Watchers::default(),
            text => Watchers::ALL
                .into_iter()
                .find(|one| one.name() == text)
                .ok_or_else(|| query::refused("dispositivi", text))?,
        },
    })
}

/// A number of metres as people write it: `1.500` or `1500`, with decimals after a comma.
pub fn metres(name: &str, text: &str) -> Result<f64, Error> {
    let plain = text.replace('.', "").replace(',', ".");
    let plain = plain.trim_end_matches(['m', ' ']);
    plain
        .parse::<f64>()
        .ok()
        .filter(|metres| (0.0..=1e7).contains(metres))
        .ok_or_else(|| query::refused(name, text))
}

/// Metres as people read them, without decimals.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates far beyond the Earth"
)]
pub fn whole(metres: f64) -> String {
    query::figure(metres.round() as i64)
}

/// Layers to choose from.
#[must_use]
pub fn choices(layers: &[ReferenceLayer]) -> Vec<Choice> {
    let choice = |layer: &ReferenceLayer| Choice {
        code: layer.id.to_string(),
        label: format!("{}: {}", layer.kind.label(), layer.name),
    };
    layers.iter().map(choice).collect()
}

fn name(row: &Unwatched) -> String {
    if row.name.is_empty() {
        format!("Elemento {}", row.number)
    } else {
        row.name.clone()
    }
}

fn line(row: &Unwatched) -> Line {
    Line {
        number: query::figure(row.number),
        name: name(row),
        municipality: row.municipality.clone(),
        place: format!("{:.5} {:.5}", row.at.1, row.at.0).replace('.', ","),
        metres: row.metres.map(whole).unwrap_or_default(),
    }
}
