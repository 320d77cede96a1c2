//! What waits for a reviewer, body by body.

use crate::census::vocabulary::Field;
use crate::clock;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// A body that waits.
#[derive(Debug)]
struct Line {
    code: String,
    name: String,
    devices: String,
    since: String,
    in_hand: String,
}

#[derive(Template)]
#[template(path = "pages/queues.html")]
struct QueuesPage {
    page: Page,
    lines: Vec<Line>,
}

/// The page.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    let queues = app.register.queues(&reader.viewer).await?;
    let names = app.register.names().await?;
    let lines = queues
        .into_iter()
        .map(|(queue, claim)| Line {
            name: names.words(Field::Ente, &queue.body),
            code: queue.body,
            devices: query::figure(queue.devices),
            since: clock::words(queue.since),
            in_hand: claim.map_or_else(String::new, |claim| claim.account),
        })
        .collect();
    let page = Page::new(&app, Some(&reader), "Convalida", "convalida");
    Ok(Html(QueuesPage { page, lines }).into_response())
}
