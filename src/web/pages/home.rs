//! The first page: how the census stands for whoever asks, and what to do next.

use crate::census::filter::Filter;
use crate::census::vocabulary::Field;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query::{self, Standpoint};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// A number and the list that it counts.
#[derive(Debug)]
struct Figure {
    label: &'static str,
    number: i64,
    href: String,
}

/// One bar of a small table of shares.
#[derive(Debug)]
struct Share {
    label: String,
    number: i64,
    href: String,
}

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home {
    page: Page,
    figures: [Figure; 3],
    functions: Vec<Share>,
    standings: Vec<Share>,
    standpoint: Standpoint,
    conditions: Vec<(&'static str, String)>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    let summary = app.register.summary(&filter).await?;
    let past = app.register.past(&filter).await?;
    let figures = [
        ("Dispositivi nel censimento", &summary.all),
        ("Con avvisi da confermare", &summary.warnings),
        ("Con dati da completare", &summary.missing),
    ]
    .map(|(label, count)| Figure {
        label,
        number: count.number,
        href: list(&count.filter),
    });
    let functions = shares(&summary.all.filter, Field::Funzione, summary.functions);
    let standings = shares(&summary.all.filter, Field::StatoScntt, summary.standings);
    let page = Page::new(&app, Some(&reader), "Il censimento", "")
        .at(past, || query::today("/", &filter, &[]));
    Ok(Html(Home {
        page,
        figures,
        functions,
        standings,
        standpoint: Standpoint::of(&filter),
        conditions: query::conditions(&filter),
    })
    .into_response())
}

fn shares(filter: &Filter, field: Field, counts: Vec<(String, i64)>) -> Vec<Share> {
    counts
        .into_iter()
        .map(|(code, number)| {
            let mut only = filter.clone();
            only.exact.push((field, code.clone()));
            if code.is_empty() {
                return Share {
                    label: "Non indicato".to_owned(),
                    number,
                    href: String::new(),
                };
            }
            Share {
                label: field.words(&code),
                number,
                href: list(&only),
            }
        })
        .collect()
}

/// The address of the list with this filter.
fn list(filter: &Filter) -> String {
    query::address("/dispositivi", filter, &[])
}

/// Whether the program and its database answer, for whoever watches the server.
pub async fn health(State(app): State<App>) -> Result<&'static str, Error> {
    app.register.store.check().await?;
    Ok("bene\n")
}
