//! The catalogue of software: the programs, how they stand towards the national system, where they
//! are used.

use crate::census::adhesion::label;
use crate::census::catalogue::{KINDS, Standing};
use crate::census::vocabulary::Term;
use crate::register::catalogue::{Found, Row, Wanted};
use crate::register::find::Choice;
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

/// A program as a row of the page.
#[derive(Debug)]
struct Line {
    href: String,
    name: String,
    producer: String,
    kind: String,
    standing: &'static str,
    standing_label: &'static str,
    proposed: bool,
    devices: i64,
    bodies: usize,
}

#[derive(Template)]
#[template(path = "pages/software.html")]
struct Software {
    page: Page,
    text: String,
    kind: String,
    standing: &'static str,
    kinds: &'static [Term],
    standings: Vec<Choice>,
    filtered: bool,
    counted: String,
    waiting: String,
    records: bool,
    rows: Vec<Line>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["cerca", "tipo", "stato"])?;
    let wanted = wanted(&query)?;
    let found = app.register.find_products(&reader.viewer, &wanted).await?;
    let page = Page::new(&app, Some(&reader), "Catalogo del software", "software");
    let records = reader.viewer.curates();
    Ok(Html(list(page, wanted, found, records)).into_response())
}

fn wanted(query: &Fields) -> Result<Wanted, Error> {
    let kind = query.get("tipo");
    if !kind.is_empty() && KINDS.iter().all(|term| term.code != kind) {
        return Err(query::refused("tipo", kind));
    }
    let standing = match query.get("stato") {
        "" => None,
        name => Some(Standing::named(name).ok_or_else(|| query::refused("stato", name))?),
    };
    Ok(Wanted {
        text: query.get("cerca").chars().take(200).collect(),
        kind: kind.to_owned(),
        standing,
    })
}

fn list(page: Page, wanted: Wanted, found: Found, records: bool) -> Software {
    Software {
        page,
        filtered: wanted != Wanted::default(),
        standing: wanted.standing.map_or("", Standing::name),
        text: wanted.text,
        kind: wanted.kind,
        kinds: KINDS,
        standings: standings(),
        counted: query::many(found.rows.len(), "un programma", "programmi"),
        waiting: match found.waiting {
            0 => String::new(),
            waiting => query::many(waiting, "un nome da decidere", "nomi da decidere"),
        },
        records,
        rows: found.rows.into_iter().map(line).collect(),
    }
}

/// How a program may stand, as lists offer it.
#[must_use]
pub fn standings() -> Vec<Choice> {
    let standings = Standing::ALL.iter().map(|one| Choice {
        code: one.name().to_owned(),
        label: one.label().to_owned(),
    });
    standings.collect()
}

fn line(row: Row) -> Line {
    Line {
        href: entry_address("/software/voce", &[("nome", &row.product.name)]),
        kind: label(KINDS, &row.product.kind).to_owned(),
        name: row.product.name,
        producer: row.product.producer,
        standing: row.standing.name(),
        standing_label: row.standing.label(),
        proposed: row.proposed,
        devices: row.used.devices,
        bodies: row.used.bodies,
    }
}
