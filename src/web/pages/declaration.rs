//! One declaration as an act: what is declared, of how many devices, when, by whom, with its hash; made
//! to be printed, signed and registered.

use crate::census::campaign::DeclarationKind;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::storage::campaign::Declaration;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

/// How many devices of one function there are in each state.
#[derive(Debug)]
struct Line {
    function: String,
    counts: Vec<String>,
    total: String,
}

#[derive(Template)]
#[template(path = "pages/declaration.html")]
struct DeclarationPage {
    page: Page,
    code: String,
    name: String,
    kind: &'static str,
    unchanged: bool,
    day: String,
    moment: String,
    signer: String,
    account: String,
    devices: String,
    accepted: String,
    /// Whether some of what is declared was not accepted as it is declared.
    newer: bool,
    states: Vec<String>,
    lines: Vec<Line>,
    totals: Vec<String>,
    hash: String,
    text: String,
    id: String,
}

/// The act.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    let id = id.parse().map_err(|_shape| Error::not_found())?;
    let (body, one) = app.register.declaration(&reader.viewer, &code, id).await?;
    let (states, lines, totals) = table(&one);
    let page = Page::new(&app, Some(&reader), one.kind.label(), "enti");
    Ok(Html(DeclarationPage {
        page,
        kind: one.kind.label(),
        unchanged: one.kind == DeclarationKind::Unchanged,
        day: clock::local(one.at).strftime("%d/%m/%Y").to_string(),
        moment: clock::words(one.at),
        devices: query::devices(one.devices),
        accepted: query::figure(one.accepted),
        newer: one.accepted < one.devices,
        states,
        lines,
        totals,
        id: one.id.to_string(),
        signer: one.signer,
        account: one.author,
        hash: one.hash,
        text: one.text,
        code: body.code,
        name: body.name,
    })
    .into_response())
}

/// The figures as a table: its columns are the states met, in the order of their list.
fn table(one: &Declaration) -> (Vec<String>, Vec<Line>, Vec<String>) {
    let met = |field: Field, code: &dyn Fn(&str) -> bool| -> Vec<String> {
        let terms = field.terms().unwrap_or_default();
        terms
            .iter()
            .map(|term| term.code)
            .filter(|known| code(known))
            .map(str::to_owned)
            .collect()
    };
    let states = met(Field::Stato, &|code| {
        one.figures.iter().any(|figure| figure.state == code)
    });
    let functions = met(Field::Funzione, &|code| {
        one.figures.iter().any(|figure| figure.function == code)
    });
    let count = |function: Option<&str>, state: Option<&str>| -> String {
        let wanted = one.figures.iter().filter(|figure| {
            function.is_none_or(|code| figure.function == code)
                && state.is_none_or(|code| figure.state == code)
        });
        query::figure(wanted.map(|figure| figure.devices).sum())
    };
    let lines = functions.iter().map(|function| Line {
        function: Field::Funzione.words(function),
        counts: states
            .iter()
            .map(|state| count(Some(function), Some(state)))
            .collect(),
        total: count(Some(function), None),
    });
    let mut totals: Vec<String> = states
        .iter()
        .map(|state| count(None, Some(state)))
        .collect();
    totals.push(count(None, None));
    let lines = lines.collect();
    let labels = states.iter().map(|state| Field::Stato.words(state));
    (labels.collect(), lines, totals)
}
