//! The sets of criteria that were loaded, and which one is in force.

use crate::census::criterion::Criteria;
use crate::census::edition::{Edition, Kind};
use crate::clock;
use crate::web::App;
use crate::web::error::Error;
use crate::web::force::{Standing, standings};
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
    standing: Standing,
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
    let rows = standings(&editions, &said, app.register.clock.today());
    Ok(Html(Sets {
        page: Page::new(&app, Some(&reader), "Criteri", "criteri"),
        reviews: viewer.reviews(),
        rows: rows.into_iter().map(line).collect(),
    })
    .into_response())
}

fn line((edition, standing): (Edition, Standing)) -> Line {
    let read = Criteria::read(&edition.content).ok();
    let (version, title) = read.map_or_else(
        || (String::new(), "Non si legge più".to_owned()),
        |criteria| (criteria.version, criteria.title),
    );
    Line {
        standing,
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
