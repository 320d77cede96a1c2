//! The list of devices that two bodies may both have listed, and of what was decided.

use super::duplicate::{Compared, Decided, compared, decided};
use crate::census::filter::Filter;
use crate::census::person::Viewer;
use crate::census::vocabulary::Field;
use crate::register::duplicate::{Candidate, DECISIONS, Found, Known, MOST, Wanted};
use crate::register::find::{Choice, Names};
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

const PATH: &str = "/doppioni";

/// The attributes that tell at a glance whether two devices are one.
const TELLING: [Field; 14] = [
    Field::Comune,
    Field::Denominazione,
    Field::Indirizzo,
    Field::Sito,
    Field::Lat,
    Field::Lon,
    Field::PrecisioneM,
    Field::Funzione,
    Field::Stato,
    Field::Marca,
    Field::Modello,
    Field::Matricola,
    Field::Direzione,
    Field::Azimut,
];

/// A pair that nobody has decided.
#[derive(Debug)]
struct Pair {
    address: String,
    left: String,
    right: String,
    grade: &'static str,
    grade_label: &'static str,
    words: String,
    rows: Vec<Compared>,
}

/// A decision as a row of the list.
#[derive(Debug)]
struct Line {
    decided: Decided,
    /// The two side by side; empty when this person may not see both.
    address: String,
    lost: bool,
}

#[derive(Template)]
#[template(path = "pages/duplicates.html")]
struct Duplicates {
    page: Page,
    everything: bool,
    decides: bool,
    body: String,
    bodies: Vec<Choice>,
    counted: String,
    cut: bool,
    most: String,
    pairs: Vec<Pair>,
    first: String,
    next: String,
    words: String,
    decisions: Vec<Line>,
    more_decisions: String,
}

/// The list.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["ente", "dopo"])?;
    let viewer = &reader.viewer;
    let wanted = wanted(viewer, &query)?;
    let found = app.register.duplicates(viewer, &wanted).await?;
    let page = Page::new(&app, Some(&reader), "Doppioni tra enti", "doppioni");
    Ok(Html(list(page, viewer, wanted, found)).into_response())
}

/// What the address asks for; its body is the one that a filter of devices takes.
fn wanted(viewer: &Viewer, query: &Fields) -> Result<Wanted, Error> {
    let mut filter = Filter::of(viewer);
    filter.take("ente", query.get("ente"))?;
    let after = query.get("dopo");
    let pair = |text: &str| {
        let (left, right) = text.split_once('.')?;
        Some([Uuid::parse_str(left).ok()?, Uuid::parse_str(right).ok()?])
    };
    Ok(Wanted {
        body: filter.wanted(Field::Ente).to_owned(),
        after: match after {
            "" => None,
            text => Some(pair(text).ok_or_else(|| query::refused("dopo", text))?),
        },
    })
}

fn list(page: Page, viewer: &Viewer, wanted: Wanted, found: Found) -> Duplicates {
    let names = &found.names;
    let last = found.candidates.last().map(Candidate::devices);
    let next = last
        .filter(|_| found.after)
        .map(|[left, right]| format!("{left}.{right}"));
    Duplicates {
        page,
        everything: viewer.reads_all(),
        decides: viewer.reviews(),
        counted: query::many(found.total, "una coppia", "coppie"),
        cut: found.cut,
        most: query::figure(i64::try_from(MOST).unwrap_or(i64::MAX)),
        first: if found.before {
            address(&wanted, "")
        } else {
            String::new()
        },
        next: next.map_or_else(String::new, |pair| address(&wanted, &pair)),
        words: format!("{} su {}", found.candidates.len(), found.total),
        pairs: found
            .candidates
            .iter()
            .map(|one| pair(names, one))
            .collect(),
        more_decisions: if found.decisions.len() >= DECISIONS {
            format!("Qui ci sono le ultime {DECISIONS}.")
        } else {
            String::new()
        },
        decisions: found.decisions.iter().map(|one| line(names, one)).collect(),
        bodies: found.bodies,
        body: wanted.body,
    }
}

fn pair(names: &Names, one: &Candidate) -> Pair {
    let pair = one.devices();
    let title = |state: &crate::census::revision::Revision| {
        let record = &state.record;
        let body = names.words(Field::Ente, record.text(Field::Ente));
        format!("{} di {body}", record.text(Field::Codice))
    };
    Pair {
        address: format!("{PATH}/{}/{}", pair[0], pair[1]),
        left: title(&one.left),
        right: title(&one.right),
        grade: one.likeness.grade.name(),
        grade_label: one.likeness.grade.label(),
        words: one.likeness.words(),
        rows: TELLING
            .into_iter()
            .filter_map(|field| compared(names, &one.left, &one.right, field))
            .collect(),
    }
}

fn line(names: &Names, one: &Known) -> Line {
    let Known {
        decision,
        comparable,
        lost,
    } = one;
    let (first, second) = (decision.first.device, decision.second.device);
    Line {
        decided: decided(names, decision),
        address: if *comparable {
            format!("{PATH}/{first}/{second}")
        } else {
            String::new()
        },
        lost: *lost,
    }
}

fn address(wanted: &Wanted, after: &str) -> String {
    let mut fields = Fields::default();
    for (name, value) in [("ente", wanted.body.as_str()), ("dopo", after)] {
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
