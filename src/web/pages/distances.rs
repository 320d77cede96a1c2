//! How far the sites are from the fibre, or from another reference layer.

use super::{reference, uncovered};
use crate::register::find::Choice;
use crate::register::reference_layer::{Asked, Distance};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

const PATH: &str = "/riferimenti/distanze";

/// How many rows a page shows.
const SHOWN: usize = 100;

/// What the address may say, besides the page.
const PARAMETERS: [&str; 4] = ["livello", "ente", "oltre", "ordine"];

/// A site as a row of the page.
#[derive(Debug)]
struct Line {
    href: String,
    code: String,
    body: String,
    devices: usize,
    metres: String,
    nearest: String,
}

#[derive(Template)]
#[template(path = "pages/distances.html")]
struct Distances {
    page: Page,
    layer: String,
    layer_href: String,
    layers: Vec<Choice>,
    chosen: String,
    bodies: Vec<Choice>,
    body: String,
    beyond: String,
    order: String,
    counted: String,
    filtered: bool,
    rows: Vec<Line>,
    sort_href: String,
    sort_state: &'static str,
    first: String,
    previous: String,
    next: String,
    words: String,
    download: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["livello", "ente", "oltre", "ordine", "dopo"])?;
    let asked = asked(&query)?;
    let from = match query.get("dopo") {
        "" => 0,
        text => text
            .parse::<usize>()
            .map_err(|_shape| query::refused("dopo", text))?,
    };
    let found = app.register.distances(&reader.viewer, &asked).await?;
    let total = found.rows.len();
    let with = |changes: &[(&str, String)]| address(PATH, &query, changes);
    let turned = if asked.ascending {
        "-distanza"
    } else {
        "distanza"
    };
    let layer = found.layer.as_ref();
    Ok(Html(Distances {
        page: Page::new(&app, Some(&reader), "Distanze", "riferimenti"),
        layer: layer
            .map(|layer| format!("{}: {}", layer.kind.label(), layer.name))
            .unwrap_or_default(),
        layer_href: layer
            .map(|layer| format!("/riferimenti/{}", layer.id))
            .unwrap_or_default(),
        layers: uncovered::choices(&found.layers),
        chosen: layer.map(|layer| layer.id.to_string()).unwrap_or_default(),
        bodies: found.bodies,
        body: asked.body.clone(),
        beyond: query.get("oltre").to_owned(),
        order: query.get("ordine").to_owned(),
        counted: query::many(
            total,
            "un sito o dispositivo",
            "siti e dispositivi senza sito",
        ),
        filtered: !asked.body.is_empty() || asked.beyond_m.is_some(),
        sort_href: with(&[("ordine", turned.to_owned())]),
        sort_state: if asked.ascending {
            "ascending"
        } else {
            "descending"
        },
        first: if from > 0 { with(&[]) } else { String::new() },
        previous: if from > 0 {
            with(&[("dopo", from.saturating_sub(SHOWN).to_string())])
        } else {
            String::new()
        },
        next: if from.saturating_add(SHOWN) < total {
            with(&[("dopo", (from + SHOWN).to_string())])
        } else {
            String::new()
        },
        words: format!(
            "{} su {}",
            total.saturating_sub(from).min(SHOWN),
            query::figure(i64::try_from(total).unwrap_or(i64::MAX))
        ),
        rows: found
            .rows
            .into_iter()
            .skip(from)
            .take(SHOWN)
            .map(line)
            .collect(),
        download: address("/riferimenti/distanze.csv", &query, &[]),
    })
    .into_response())
}

/// The same as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&PARAMETERS)?;
    let asked = asked(&query)?;
    uncovered::file("distanze.csv", async |sink| {
        app.register
            .write_distances(&reader.viewer, &asked, sink)
            .await
    })
    .await
}

fn asked(query: &Fields) -> Result<Asked, Error> {
    Ok(Asked {
        layer: match query.get("livello") {
            "" => None,
            text => Some(reference::identifier(text)?),
        },
        body: query.get("ente").to_owned(),
        beyond_m: match query.get("oltre") {
            "" => None,
            text => Some(uncovered::metres("oltre", text)?),
        },
        ascending: match query.get("ordine") {
            "" | "-distanza" => false,
            "distanza" => true,
            other => return Err(query::refused("ordine", other)),
        },
    })
}

/// An address with what was asked, and these over it; the page is left out unless it is among them.
fn address(path: &str, query: &Fields, changes: &[(&str, String)]) -> String {
    let mut fields = Fields::default();
    for name in PARAMETERS {
        let value = query.get(name);
        if !value.is_empty() && changes.iter().all(|(changed, _)| *changed != name) {
            fields.push(name, value);
        }
    }
    for (name, value) in changes {
        fields.push(name, value);
    }
    match fields.encode() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

fn line(row: Distance) -> Line {
    Line {
        href: match (row.site, row.device) {
            (Some(site), _) => format!("/siti/{site}"),
            (None, Some(device)) => format!("/dispositivi/{device}"),
            (None, None) => String::new(),
        },
        nearest: if row.nearest.is_empty() {
            format!("Elemento {}", row.number)
        } else {
            row.nearest
        },
        metres: uncovered::whole(row.metres),
        code: row.code,
        body: row.body,
        devices: row.devices,
    }
}
