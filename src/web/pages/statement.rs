//! The accessibility statement.

use crate::web::App;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "pages/statement.html")]
struct Statement {
    page: Page,
}

/// The statement.
pub async fn get(State(app): State<App>, signed: Option<Reader>) -> Response {
    let signed = signed.as_ref().map(|Reader(signed)| signed.as_ref());
    let page = Page::new(&app, signed, "Dichiarazione di accessibilità", "");
    Html(Statement { page }).into_response()
}
