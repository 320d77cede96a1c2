//! The list of bodies: how far each has come.

use crate::census::adhesion::{Stage, fibres, in_italian, label};
use crate::register::adhesion::{Row, Wanted};
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// In an address, the bodies without any step.
const NONE: &str = "nessuna";

/// A body as a row of the list.
#[derive(Debug)]
struct Line {
    /// Its page; empty when this person knows only its name.
    href: String,
    name: String,
    shown: bool,
    stage: &'static str,
    stage_label: &'static str,
    act: String,
    fibre: String,
}

#[derive(Template)]
#[template(path = "pages/bodies.html")]
struct Bodies {
    page: Page,
    text: String,
    stage: String,
    stages: Vec<Choice>,
    filtered: bool,
    counted: String,
    rows: Vec<Line>,
}

/// The list.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["cerca", "adesione"])?;
    let wanted = Wanted {
        text: query.get("cerca").to_owned(),
        stage: match query.get("adesione") {
            "" => None,
            NONE => Some(None),
            name => {
                let stage = Stage::named(name).ok_or_else(|| query::refused("adesione", name))?;
                Some(Some(stage))
            }
        },
    };
    let rows = app
        .register
        .find_bodies(&reader.viewer, &wanted, None)
        .await?;
    let page = Page::new(&app, Some(&reader), "Enti", "enti");
    let stages = Stage::ALL.into_iter().map(|stage| Choice {
        code: stage.name().to_owned(),
        label: stage.label().to_owned(),
    });
    let none = Choice {
        code: NONE.to_owned(),
        label: "Nessun passo".to_owned(),
    };
    Ok(Html(Bodies {
        page,
        stage: query.get("adesione").to_owned(),
        stages: std::iter::once(none).chain(stages).collect(),
        filtered: !wanted.text.is_empty() || wanted.stage.is_some(),
        counted: query::many(rows.len(), "un ente", "enti"),
        rows: rows.iter().map(line).collect(),
        text: wanted.text,
    })
    .into_response())
}

fn line(row: &Row) -> Line {
    let (stage, stage_label, act) = row.present.as_ref().map_or(
        ("nessuna", "Nessun passo", String::new()),
        |(stage, step)| (stage.name(), stage.label(), act(&step.number, &step.date)),
    );
    Line {
        href: if row.shown {
            format!("/enti/{}", row.body.code)
        } else {
            String::new()
        },
        name: row.body.name.clone(),
        shown: row.shown,
        stage,
        stage_label,
        act,
        fibre: row
            .seat
            .as_ref()
            .map(|seat| label(fibres(), &seat.fibre).to_owned())
            .unwrap_or_default(),
    }
}

/// An act in a few words: `G.C. 175 del 02/12/2020`.
fn act(number: &str, date: &str) -> String {
    let date = in_italian(date);
    match (number.is_empty(), date.is_empty()) {
        (true, _) => date,
        (false, true) => number.to_owned(),
        (false, false) => format!("{number} del {date}"),
    }
}
