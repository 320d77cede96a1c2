//! What whoever asks was told, and that they have read it.

use crate::census::notice::{Kind, Notice};
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register::find::Names;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A notice as people read it.
#[derive(Debug)]
pub(super) struct Line {
    pub id: Uuid,
    pub body: String,
    pub kind: &'static str,
    pub label: &'static str,
    pub words: String,
    pub when: String,
    pub href: String,
    pub read: bool,
}

#[derive(Template)]
#[template(path = "pages/notices.html")]
struct Notices {
    page: Page,
    lines: Vec<Line>,
    unread: usize,
}

/// The page.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    let notices = app.register.notices(&reader.viewer).await?;
    let names = app.register.names().await?;
    let lines: Vec<Line> = notices.iter().map(|notice| line(&names, notice)).collect();
    let page = Page::new(&app, Some(&reader), "Avvisi", "");
    Ok(Html(Notices {
        page,
        unread: lines.iter().filter(|line| !line.read).count(),
        lines,
    })
    .into_response())
}

/// A notice in words, with the page where it can be looked into.
pub(super) fn line(names: &Names, notice: &Notice) -> Line {
    let body = &notice.body;
    Line {
        id: notice.id,
        body: names.words(Field::Ente, body),
        kind: notice.kind.name(),
        label: notice.kind.label(),
        words: notice.words(),
        when: clock::words(notice.at),
        href: match (notice.device, notice.kind) {
            (Some(device), _) => format!("/dispositivi/{device}"),
            (None, Kind::Due) => format!("/enti/{body}/dichiarazioni"),
            (None, Kind::SentBack) => format!("/invio#ente-{body}"),
            (None, Kind::Message) => format!("/enti/{body}#conversazione"),
            (None, Kind::Accepted | Kind::AcceptedInPart | Kind::Changed | Kind::Merged) => {
                format!("/dispositivi?ente={body}")
            }
        },
        read: notice.read_at.is_some(),
    }
}

/// Notes that one notice was read, or all.
pub async fn post(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    writer.fields.only(&["avviso"])?;
    let id = match writer.fields.get("avviso") {
        "tutti" => None,
        text => Some(
            text.parse()
                .map_err(|_shape| query::refused("avviso", text))?,
        ),
    };
    app.register.mark_read(&writer.signed.viewer, id).await?;
    Ok(Redirect::to("/avvisi").into_response())
}
