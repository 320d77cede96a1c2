//! What an officer can send to review, what waits there, and what came back.

use crate::register::queue::Sending;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

/// A body as the page shows it.
#[derive(Debug)]
struct Line {
    sending: Sending,
    /// The list of what lacks something.
    incomplete: String,
    /// The list of what was sent back.
    sent_back: String,
    /// The list of what waits.
    waiting: String,
}

#[derive(Template)]
#[template(path = "pages/sending.html")]
struct SendingPage {
    page: Page,
    lines: Vec<Line>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["inviati", "incompleti"])?;
    if !reader.viewer.writes_any() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "Il vostro ruolo non scrive dispositivi.",
        ));
    }
    let mut page = Page::new(&app, Some(&reader), "Invio alla convalida", "invio");
    if let Some((kind, text)) = outcome(&query)? {
        page = page.with_notice(kind, text);
    }
    let bodies = app.register.sending(&reader.viewer).await?;
    let lines = bodies.into_iter().map(line).collect();
    Ok(Html(SendingPage { page, lines }).into_response())
}

fn line(sending: Sending) -> Line {
    let list = |more: &str| format!("/dispositivi?ente={}&{more}", sending.body);
    Line {
        incomplete: list("segnalazioni=incompleti"),
        sent_back: list("segnalazioni=rimandati"),
        waiting: list("dati=attesa"),
        sending,
    }
}

/// What the page says after something was sent.
fn outcome(query: &Fields) -> Result<Option<(&'static str, String)>, Error> {
    let number = |name: &str| match query.get(name) {
        "" => Ok(0),
        text => text
            .parse::<u32>()
            .map_err(|_shape| query::refused(name, text)),
    };
    if query.get("inviati").is_empty() {
        return Ok(None);
    }
    let (sent, incomplete) = (number("inviati")?, number("incompleti")?);
    let left = match incomplete {
        0 => String::new(),
        1 => " Un dispositivo è incompleto ed è rimasto da voi.".to_owned(),
        many => format!(" {many} dispositivi sono incompleti e sono rimasti da voi."),
    };
    Ok(Some(match sent {
        0 => ("info", format!("Non c’era nulla da inviare.{left}")),
        1 => (
            "success",
            format!("Un dispositivo inviato alla convalida.{left}"),
        ),
        many => (
            "success",
            format!("{many} dispositivi inviati alla convalida.{left}"),
        ),
    }))
}

/// Sends all that a body can send.
pub async fn submit(
    State(app): State<App>,
    Path(body): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    writer.fields.only(&["messaggio"])?;
    let text = writer.fields.get("messaggio");
    let sent = app
        .register
        .submit(&writer.signed.viewer, &body, None, text)
        .await?;
    let address = format!(
        "/invio?inviati={}&incompleti={}",
        sent.sent, sent.incomplete
    );
    Ok(Redirect::to(&address).into_response())
}
