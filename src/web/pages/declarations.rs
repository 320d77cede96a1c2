//! What a body declared, and the form in which its officers declare: the census as it was sent, or in
//! one click that nothing changed.

use super::campaign::day_of;
use crate::census::campaign::{DeclarationKind, Step};
use crate::census::vocabulary::Term;
use crate::register;
use crate::register::campaign::Declarations;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A declaration as a row of the page.
#[derive(Debug)]
struct Line {
    id: Uuid,
    day: String,
    kind: &'static str,
    devices: String,
    signer: String,
}

#[derive(Template)]
#[template(path = "pages/declarations.html")]
struct DeclarationsPage {
    page: Page,
    code: String,
    name: String,
    made: Vec<Line>,
    writable: bool,
    hindrance: String,
    unchanged: bool,
    devices: String,
    due: String,
    step: Step,
    text: String,
    errors: Vec<String>,
    none: &'static [Term],
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Response, Error> {
    let seen = app.register.declarations(&reader.viewer, &code).await?;
    Ok(shown(
        &app,
        &reader,
        seen,
        StatusCode::OK,
        Vec::new(),
        String::new(),
    ))
}

fn shown(
    app: &App,
    signed: &Signed,
    seen: Declarations,
    status: StatusCode,
    errors: Vec<String>,
    text: String,
) -> Response {
    let made = seen.made.iter().map(|one| Line {
        id: one.id,
        day: day_of(one.at),
        kind: one.kind.label(),
        devices: query::figure(one.devices),
        signer: one.signer.clone(),
    });
    let page = DeclarationsPage {
        page: Page::new(app, Some(signed), "Dichiarazioni", "enti"),
        made: made.collect(),
        writable: seen.writable,
        hindrance: seen.standing.hindrance().unwrap_or_default(),
        unchanged: seen.unchanged,
        devices: query::devices(seen.standing.tally.devices),
        due: seen.standing.due_words(),
        step: seen.standing.next_step(),
        code: seen.body.code,
        name: seen.body.name,
        text,
        errors,
        none: &[],
    };
    (status, Html(page)).into_response()
}

/// Declares.
pub async fn post(
    State(app): State<App>,
    Path(code): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let seen = app.register.declarations(viewer, &code).await?;
    if !seen.writable {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "Dichiara solo chi compila il censimento di questo ente.",
        ));
    }
    writer.fields.only(&["tipo", "testo"])?;
    let typed = writer.fields.get("tipo");
    let kind = DeclarationKind::ALL
        .into_iter()
        .find(|kind| kind.name() == typed)
        .ok_or_else(|| query::refused("tipo", typed))?;
    let text = writer.fields.get("testo");
    match app.register.declare(viewer, &code, kind, text).await {
        Ok(id) => Ok(Redirect::to(&format!("/enti/{code}/dichiarazioni/{id}")).into_response()),
        Err(register::Error::Invalid(words)) => Ok(shown(
            &app,
            &writer.signed,
            seen,
            StatusCode::UNPROCESSABLE_ENTITY,
            vec![words],
            text.to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}
