//! The list of reference layers: those that count, and those of before.

use crate::census::adhesion::in_italian;
use crate::clock;
use crate::register::reference_layer::Seen;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// A layer as a row of the list.
#[derive(Debug)]
struct Line {
    href: String,
    kind: &'static str,
    name: String,
    source: String,
    dated: String,
    features: String,
    audience: &'static str,
    author: String,
    when: String,
    standing: &'static str,
}

#[derive(Template)]
#[template(path = "pages/references.html")]
struct References {
    page: Page,
    loads: bool,
    present: Vec<Line>,
    past: Vec<Line>,
}

/// The list.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["ritirato"])?;
    let mut page = Page::new(&app, Some(&reader), "Livelli di riferimento", "riferimenti");
    match query.get("ritirato") {
        "" => {}
        "si" => page = page.with_notice("success", "Il livello è ritirato; resta nella storia."),
        other => return Err(query::refused("ritirato", other)),
    }
    let all = app.register.references(&reader.viewer).await?;
    let (present, past): (Vec<Seen>, Vec<Seen>) = all.into_iter().partition(|seen| seen.counts);
    let lines = |all: Vec<Seen>| all.into_iter().map(line).collect();
    Ok(Html(References {
        page,
        loads: reader.viewer.curates(),
        present: lines(present),
        past: lines(past),
    })
    .into_response())
}

fn line(seen: Seen) -> Line {
    let standing = standing(&seen);
    let layer = seen.layer;
    Line {
        href: format!("/riferimenti/{}", layer.id),
        kind: layer.kind.label(),
        features: query::figure(layer.features),
        dated: in_italian(&layer.dated),
        audience: layer.audience.label(),
        when: clock::words(layer.recorded_at),
        name: layer.name,
        source: layer.source,
        author: layer.author,
        standing,
    }
}

/// What became of a layer, in words.
#[must_use]
pub const fn standing(seen: &Seen) -> &'static str {
    match (seen.counts, &seen.withdrawal) {
        (true, _) => "In uso",
        (false, Some(_)) => "Ritirato",
        (false, None) => "Sostituito",
    }
}
