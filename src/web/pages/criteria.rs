//! The sets of criteria that were loaded, and which one is in force.

use crate::census::criterion::Criteria;
use crate::census::edition::{Edition, Force, Kind};
use crate::clock;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// How many digits of a hash a list shows.
const SHOWN: usize = 12;

/// A set as a row of the list.
#[derive(Debug)]
struct Line {
    id: Uuid,
    name: String,
    version: String,
    title: String,
    loaded: String,
    author: String,
    in_force: bool,
    since: String,
    short: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "pages/criteria.html")]
struct Sets {
    page: Page,
    reviews: bool,
    rows: Vec<Line>,
}

/// The list.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    let viewer = &reader.viewer;
    let (editions, said) = app.register.editions(viewer, Kind::Criteria).await?;
    let in_force = app.register.edition_in_force(&said);
    Ok(Html(Sets {
        page: Page::new(&app, Some(&reader), "Criteri", "criteri"),
        reviews: viewer.reviews(),
        rows: editions
            .into_iter()
            .map(|edition| line(edition, &said, in_force))
            .collect(),
    })
    .into_response())
}

fn line(edition: Edition, said: &[Force], in_force: Option<Uuid>) -> Line {
    let read = Criteria::read(&edition.content).ok();
    let (version, title) = read.map_or_else(
        || (String::new(), "Non si legge più".to_owned()),
        |criteria| (criteria.version, criteria.title),
    );
    Line {
        in_force: in_force == Some(edition.id),
        since: days(&edition, said).join(", "),
        short: edition.sha256.chars().take(SHOWN).collect(),
        id: edition.id,
        name: edition.name,
        version,
        title,
        loaded: clock::words(edition.recorded_at),
        author: edition.author,
        hash: edition.sha256,
    }
}

/// From which days an edition was put in force, in the order it was said.
pub(super) fn days(edition: &Edition, said: &[Force]) -> Vec<String> {
    let own = said.iter().filter(|force| force.edition == edition.id);
    own.map(|force| format!("dal {}", day(&force.day)))
        .collect()
}

/// An ISO 8601 day as people read it.
pub(super) fn day(iso: &str) -> String {
    iso.split('-').rev().collect::<Vec<_>>().join("/")
}
