//! The list of sites.

use crate::census::filter::{Edge, Filter};
use crate::census::person::Viewer;
use crate::census::site::kind_label;
use crate::census::vocabulary::Field;
use crate::register::find::Choice;
use crate::register::site::{Found, Row, Wanted};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

const PATH: &str = "/siti";

/// A site as a row of the list.
#[derive(Debug)]
struct Line {
    id: Uuid,
    code: String,
    name: String,
    kind: String,
    body: String,
    devices: i64,
    views: i64,
}

#[derive(Template)]
#[template(path = "pages/sites.html")]
struct Sites {
    page: Page,
    text: String,
    body: String,
    bodies: Vec<Choice>,
    filtered: bool,
    counted: String,
    rows: Vec<Line>,
    first: String,
    previous: String,
    next: String,
    words: String,
}

/// The list.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["cerca", "ente", "dopo", "prima"])?;
    let wanted = wanted(&reader.viewer, &query)?;
    let found = app.register.find_sites(&reader.viewer, &wanted).await?;
    let page = Page::new(&app, Some(&reader), "Siti e varchi", "siti");
    Ok(Html(list(page, wanted, found)).into_response())
}

/// What the address asks for; its text and body are those that a filter of devices takes.
fn wanted(viewer: &Viewer, query: &Fields) -> Result<Wanted, Error> {
    let mut filter = Filter::of(viewer);
    for name in ["cerca", "ente"] {
        filter.take(name, query.get(name))?;
    }
    let key = |name| match query.get(name) {
        "" => Ok(None),
        text => serde_json::from_str(text)
            .map(Some)
            .map_err(|_shape| query::refused(name, text)),
    };
    Ok(Wanted {
        body: filter.wanted(Field::Ente).to_owned(),
        text: filter.text,
        from: match (key("dopo")?, key("prima")?) {
            (Some(key), _) => Some((Edge::After, key)),
            (None, Some(key)) => Some((Edge::Before, key)),
            (None, None) => None,
        },
    })
}

fn list(page: Page, wanted: Wanted, found: Found) -> Sites {
    let when = |there: bool, href: String| if there { href } else { String::new() };
    let turn = |name, row: Option<&Row>| {
        let key = row.and_then(|row| serde_json::to_string(&[&row.site.body, &row.site.code]).ok());
        address(&wanted, key.map(|key| (name, key)))
    };
    Sites {
        page,
        filtered: !wanted.text.is_empty() || !wanted.body.is_empty(),
        counted: counted(&found),
        first: when(wanted.from.is_some(), address(&wanted, None)),
        previous: when(found.before, turn("prima", found.rows.first())),
        next: when(found.after, turn("dopo", found.rows.last())),
        words: format!(
            "{} su {}",
            found.rows.len(),
            query::figure(i64::try_from(found.total).unwrap_or(i64::MAX))
        ),
        bodies: found.bodies,
        rows: found.rows.into_iter().map(line).collect(),
        text: wanted.text,
        body: wanted.body,
    }
}

fn line(row: Row) -> Line {
    Line {
        id: row.site.id,
        kind: kind_label(&row.site.kind).to_owned(),
        code: row.site.code,
        name: row.site.name,
        body: row.body,
        devices: row.standing.devices,
        views: row.standing.views,
    }
}

/// How many were found, in words: `62 siti, di cui 60 varchi`.
fn counted(found: &Found) -> String {
    let gates = query::many(found.gates, "un varco", "varchi");
    match found.gates {
        0 => query::many(found.total, "un sito", "siti"),
        all if all == found.total => gates,
        _ => format!("{}, di cui {gates}", query::many(found.total, "", "siti")),
    }
}

fn address(wanted: &Wanted, turn: Option<(&str, String)>) -> String {
    let mut fields = Fields::default();
    let (name, key) = turn.unwrap_or_default();
    for (name, value) in [
        ("cerca", &wanted.text),
        ("ente", &wanted.body),
        (name, &key),
    ] {
        if !value.is_empty() {
            fields.push(name, value);
        }
    }
    let query = fields.encode();
    if query.is_empty() {
        PATH.to_owned()
    } else {
        format!("{PATH}?{query}")
    }
}
