//! The catalogue of makes and models: those that devices state, and what is known of them.

use crate::register::catalogue::ModelRow;
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::entry_address;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// How many models the page shows; beyond, one looks for them.
const SHOWN: usize = 500;

/// A make and model as a row of the page.
#[derive(Debug)]
struct Line {
    make: String,
    model: String,
    /// Empty without a model: nothing is known of a make alone.
    href: String,
    known: String,
    reading: &'static str,
    devices: i64,
    bodies: usize,
}

#[derive(Template)]
#[template(path = "pages/models.html")]
struct Models {
    page: Page,
    text: String,
    known: String,
    answers: Vec<Choice>,
    filtered: bool,
    counted: String,
    more: usize,
    records: bool,
    rows: Vec<Line>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["cerca", "noti"])?;
    let known = match query.get("noti") {
        "" => None,
        "si" => Some(true),
        "no" => Some(false),
        other => return Err(query::refused("noti", other)),
    };
    let text: String = query.get("cerca").chars().take(200).collect();
    let found = app
        .register
        .find_models(&reader.viewer, &text, known)
        .await?;
    let answers = [("si", "Con dati noti"), ("no", "Senza dati noti")];
    let answers = answers.map(|(code, label)| Choice {
        code: code.to_owned(),
        label: label.to_owned(),
    });
    let page = Models {
        page: Page::new(&app, Some(&reader), "Catalogo dei modelli", "modelli"),
        filtered: !text.is_empty() || known.is_some(),
        text,
        known: query.get("noti").to_owned(),
        answers: answers.to_vec(),
        counted: query::many(found.len(), "un modello", "modelli"),
        more: found.len().saturating_sub(SHOWN),
        records: reader.viewer.curates(),
        rows: found.into_iter().take(SHOWN).map(line).collect(),
    };
    Ok(Html(page).into_response())
}

fn line(row: ModelRow) -> Line {
    let facts = row.known.as_ref().map_or(0, |known| known.facts.len());
    let reading = row.known.as_ref().map_or("", |known| &known.reading);
    Line {
        href: if row.model.is_empty() {
            String::new()
        } else {
            let parts = [("marca", row.make.as_str()), ("modello", &row.model)];
            entry_address("/modelli/voce", &parts)
        },
        make: row.make,
        model: row.model,
        known: match facts {
            0 => String::new(),
            facts => query::many(facts, "un dato", "dati"),
        },
        reading: match reading {
            "si" => "Sì",
            "no" => "No",
            _ => "Non noto",
        },
        devices: row.used.devices,
        bodies: row.used.bodies,
    }
}
