//! The snapshots: which there are, taking one, choosing two to compare.

use crate::census::person::Viewer;
use crate::clock;
use crate::register;
use crate::register::find::Choice;
use crate::register::snapshot::Seen;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// How many digits of a hash a list shows.
const SHOWN: usize = 12;

/// A snapshot as a row of the list.
#[derive(Debug)]
struct Line {
    id: Uuid,
    name: String,
    when: String,
    author: String,
    devices: String,
    short: String,
    hash: String,
}

/// One thing to mend in the form.
#[derive(Debug)]
struct Wrong {
    field: &'static str,
    label: &'static str,
    message: String,
}

#[derive(Template)]
#[template(path = "pages/snapshots.html")]
struct Snapshots {
    page: Page,
    takes: bool,
    own_only: bool,
    typed: String,
    wrong: Vec<Wrong>,
    errors: Vec<String>,
    none: [Choice; 0],
    rows: Vec<Line>,
    earlier: Vec<Choice>,
    later: Vec<Choice>,
}

/// The list.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    list(&app, &reader, "", None).await
}

/// Takes a snapshot.
pub async fn post(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    may_take(viewer)?;
    writer.fields.only(&["nome"])?;
    let name = writer.fields.get("nome");
    match app.register.take_snapshot(viewer, name).await {
        Ok(taken) => {
            let place = format!("/fotografie/{}?fatto=scattata", taken.id);
            Ok(Redirect::to(&place).into_response())
        }
        Err(register::Error::Invalid(message)) => {
            list(&app, &writer.signed, name, Some(message)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn may_take(viewer: &Viewer) -> Result<(), Error> {
    if viewer.reviews() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Fotografa il censimento chi ha il ruolo di validatore.",
        ))
    }
}

async fn list(
    app: &App,
    signed: &Signed,
    typed: &str,
    error: Option<String>,
) -> Result<Response, Error> {
    let viewer = &signed.viewer;
    let seen = app.register.snapshots(viewer).await?;
    let earlier = choices(&seen);
    let mut later = vec![Choice {
        code: "oggi".to_owned(),
        label: "Oggi".to_owned(),
    }];
    later.extend(earlier.clone());
    let status = if error.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let errors: Vec<String> = error.into_iter().collect();
    let page = Html(Snapshots {
        page: Page::new(app, Some(signed), "Fotografie", "fotografie"),
        takes: viewer.reviews(),
        own_only: !viewer.reads_all(),
        typed: typed.to_owned(),
        wrong: errors
            .iter()
            .map(|message| Wrong {
                field: "nome",
                label: "Nome",
                message: message.clone(),
            })
            .collect(),
        errors,
        none: [],
        rows: seen.into_iter().map(line).collect(),
        earlier,
        later,
    });
    Ok((status, page).into_response())
}

fn line(seen: Seen) -> Line {
    let snapshot = seen.snapshot;
    Line {
        id: snapshot.id,
        name: snapshot.name,
        when: clock::words(snapshot.at),
        author: snapshot.author,
        devices: query::figure(seen.devices),
        short: snapshot.hash.chars().take(SHOWN).collect(),
        hash: snapshot.hash,
    }
}

/// The snapshots to choose from, the last first.
pub(super) fn choices(seen: &[Seen]) -> Vec<Choice> {
    let choice = |one: &Seen| Choice {
        code: one.snapshot.id.to_string(),
        label: format!("{} ({})", one.snapshot.name, clock::words(one.snapshot.at)),
    };
    seen.iter().map(choice).collect()
}
