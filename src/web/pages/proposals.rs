//! The proposed names of software: which devices use them, and which entry they mean.

use crate::register::catalogue::Proposal;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::entry_address;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// How many bodies are named of a proposed name.
const NAMED: usize = 4;

/// A proposed name as a row of the page.
#[derive(Debug)]
struct Line {
    href: String,
    name: String,
    /// The entry that it means; empty when that was not decided.
    means: String,
    /// The entry that it likely means; may be empty.
    near: String,
    devices: String,
    /// Those that use it, in its working state.
    list: String,
    bodies: String,
}

#[derive(Template)]
#[template(path = "pages/proposals.html")]
struct Proposals {
    page: Page,
    records: bool,
    open: Vec<Line>,
    settled: Vec<Line>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["salvato"])?;
    let found = app.register.proposals(&reader.viewer).await?;
    let mut page = Page::new(&app, Some(&reader), "Voci proposte", "software");
    match query.get("salvato") {
        "" => {}
        "unito" => {
            let words = "Fatto: i dispositivi tengono il nome che indicano, e contano con la voce.";
            page = page.with_notice("success", words);
        }
        "separato" => page = page.with_notice("success", "Separato: è di nuovo da decidere."),
        other => return Err(query::refused("salvato", other)),
    }
    let (open, settled) = found
        .rows
        .into_iter()
        .partition::<Vec<_>, _>(|row| row.means.is_none());
    let lines = |rows: Vec<Proposal>| rows.into_iter().map(line).collect();
    Ok(Html(Proposals {
        page,
        records: found.records,
        open: lines(open),
        settled: lines(settled),
    })
    .into_response())
}

fn line(row: Proposal) -> Line {
    let more = row.bodies.len().saturating_sub(NAMED);
    let mut bodies = row.bodies;
    bodies.truncate(NAMED);
    let named = bodies.join(", ");
    let words = match more {
        0 => named,
        1 => format!("{named} e un altro ente"),
        more => format!("{named} e altri {more} enti"),
    };
    Line {
        href: entry_address("/software/voce", &[("nome", &row.name)]),
        list: entry_address(
            "/dispositivi",
            &[("dati", "lavorazione"), ("software", &row.name)],
        ),
        means: row.means.and_then(|merge| merge.target).unwrap_or_default(),
        near: row.near,
        devices: query::devices(row.used.devices),
        bodies: words,
        name: row.name,
    }
}
