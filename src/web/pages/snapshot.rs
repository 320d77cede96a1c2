//! A snapshot: what it holds, its files, and whether it still is what it was.

use crate::census::projection;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register::publish::{Format, LAYER};
use crate::register::snapshot::Holding;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// A file that can be fetched.
#[derive(Debug)]
struct Download {
    href: String,
    label: String,
    help: String,
}

/// How many devices of a kind there are, and where they are listed.
#[derive(Debug)]
struct Count {
    label: String,
    number: String,
    href: String,
}

/// Counts by one attribute.
#[derive(Debug)]
struct Table {
    title: &'static str,
    counts: Vec<Count>,
}

#[derive(Template)]
#[template(path = "pages/snapshot.html")]
struct SnapshotPage {
    page: Page,
    id: Uuid,
    name: String,
    when: String,
    author: String,
    devices: String,
    hash: String,
    own_only: bool,
    list: String,
    map: String,
    downloads: Vec<Download>,
    tables: Vec<Table>,
}

#[derive(Template)]
#[template(path = "pages/snapshot_verify.html")]
struct Verify {
    page: Page,
    id: Uuid,
    name: String,
    hash: String,
    troubles: Vec<String>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["fatto"])?;
    let id = identifier(&id)?;
    let holding = app.register.snapshot(&reader.viewer, id).await?;
    let mut page = Page::new(&app, Some(&reader), &holding.snapshot.name, "fotografie");
    match query.get("fatto") {
        "" => {}
        "scattata" => page = page.with_notice("success", "Fotografia scattata."),
        other => return Err(query::refused("fatto", other)),
    }
    let own_only = !reader.viewer.reads_all();
    Ok(Html(page_of(page, own_only, holding)).into_response())
}

fn page_of(page: Page, own_only: bool, holding: Holding) -> SnapshotPage {
    let tables = [
        ("Per ente", Field::Ente, &holding.bodies),
        ("Per funzione", Field::Funzione, &holding.functions),
        ("Per stato", Field::Stato, &holding.states),
    ];
    let tables = tables.map(|(title, field, counts)| Table {
        title,
        counts: counts
            .iter()
            .map(|(code, number)| count(&holding, field, code, *number))
            .collect(),
    });
    let snapshot = &holding.snapshot;
    SnapshotPage {
        page,
        id: snapshot.id,
        name: snapshot.name.clone(),
        when: clock::words(snapshot.at),
        author: snapshot.author.clone(),
        devices: query::figure(holding.devices),
        hash: snapshot.hash.clone(),
        own_only,
        list: query::address("/dispositivi", &holding.filter, &[]),
        map: query::address("/mappa", &holding.filter, &[]),
        downloads: downloads(&holding),
        tables: tables.into(),
    }
}

fn count(holding: &Holding, field: Field, code: &str, number: i64) -> Count {
    let mut filter = holding.filter.clone();
    filter.exact = vec![(field, code.to_owned())];
    Count {
        label: holding.names.words(field, code),
        number: query::figure(number),
        href: query::address("/dispositivi", &filter, &[]),
    }
}

fn downloads(holding: &Holding) -> Vec<Download> {
    let file = |format: Format, crs: &str| {
        let path = format!("/esporta/{LAYER}.{}", format.extension());
        query::address(&path, &holding.filter, &[("crs", crs)])
    };
    let mut downloads = Vec::new();
    for format in Format::ALL {
        let systems = format.systems();
        let varies = systems.len() > 1;
        for crs in systems.iter().filter_map(|code| projection::system(code)) {
            downloads.push(Download {
                href: file(format, if varies { crs.code } else { "" }),
                label: if varies {
                    format!("{} {}", label(format), crs.code)
                } else {
                    label(format).to_owned()
                },
                help: crs.name.to_owned(),
            });
        }
    }
    downloads
}

const fn label(format: Format) -> &'static str {
    match format {
        Format::GeoJson => "GeoJSON",
        Format::Shapefile => "Shapefile",
        Format::Csv => "CSV",
        Format::Xlsx => "XLSX",
    }
}

/// Whether it still is what it was.
pub async fn verify(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let id = identifier(&id)?;
    let verified = app
        .register
        .verify_snapshots(&reader.viewer, Some(id))
        .await?;
    let verified = verified.into_iter().next().ok_or_else(not_here)?;
    let title = format!("Verifica: {}", verified.snapshot.name);
    Ok(Html(Verify {
        page: Page::new(&app, Some(&reader), &title, "fotografie"),
        id,
        name: verified.snapshot.name,
        hash: verified.snapshot.hash,
        troubles: verified.troubles.iter().map(ToString::to_string).collect(),
    })
    .into_response())
}

fn not_here() -> Error {
    Error::new(StatusCode::NOT_FOUND, "Questa fotografia non c’è.")
}

fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| not_here())
}
