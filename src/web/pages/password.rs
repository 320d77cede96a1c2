//! Changing one's own password.

use crate::register;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "pages/password.html")]
struct Password {
    page: Page,
    errors: Vec<String>,
}

/// The form.
pub async fn get(State(app): State<App>, reader: Reader) -> Response {
    form(&app, &reader, StatusCode::OK, Vec::new())
}

fn form(app: &App, signed: &Signed, status: StatusCode, errors: Vec<String>) -> Response {
    let page = Page::new(app, Some(signed), "Cambia la password", "");
    (status, Html(Password { page, errors })).into_response()
}

/// Changes it; every session ends, this one among them.
pub async fn post(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    writer.fields.only(&["attuale", "nuova", "ripetuta"])?;
    let (present, wanted) = (writer.fields.exact("attuale"), writer.fields.exact("nuova"));
    if wanted != writer.fields.exact("ripetuta") {
        let errors = vec!["Le due password nuove non sono uguali.".to_owned()];
        return Ok(form(
            &app,
            &writer.signed,
            StatusCode::UNPROCESSABLE_ENTITY,
            errors,
        ));
    }
    match app
        .register
        .change_password(&writer.signed.viewer, present, wanted)
        .await
    {
        Ok(()) => Ok(Redirect::to("/accedi").into_response()),
        Err(register::Error::Invalid(message)) => Ok(form(
            &app,
            &writer.signed,
            StatusCode::UNPROCESSABLE_ENTITY,
            vec![message],
        )),
        Err(error) => Err(error.into()),
    }
}
