//! How criteria are written, from what the program knows: the page that `docs/criteria.md` is on paper.

use crate::census::condition::LANGUAGE;
use crate::census::criterion::{Area, EXAMPLE, Grade, KEYS, Level, Place, Subject};
use crate::census::fact::FACTS;
use crate::census::reference::allowed;
use crate::census::verdict::{Answer, Outcome, PRECEDENCE};
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// A table of what is written and what it means.
#[derive(Debug)]
struct Words {
    title: String,
    rows: Vec<(String, &'static str)>,
}

#[derive(Debug)]
struct FactView {
    name: &'static str,
    label: &'static str,
    values: String,
    whom: &'static str,
}

#[derive(Template)]
#[template(path = "pages/criteria_guide.html")]
struct Guide {
    page: Page,
    keys: Vec<Words>,
    lists: Vec<Words>,
    language: Words,
    answers: Words,
    outcomes: Words,
    precedence: Words,
    facts: Vec<FactView>,
    example: &'static str,
}

/// The page.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    let page = Page::new(&app, Some(&reader), "Come si scrivono i criteri", "criteri");
    let of = |title: &str, rows: Vec<(&'static str, &'static str)>| Words {
        title: title.to_owned(),
        rows: rows
            .into_iter()
            .map(|(one, words)| (one.to_owned(), words))
            .collect(),
    };
    let keys = Place::ALL.map(|place| {
        let own = KEYS.iter().filter(|(own, ..)| *own == place);
        let rows = own.map(|(_, key, words)| (*key, *words)).collect();
        of(&format!("Le voci: {}", place.label()), rows)
    });
    let lists = [
        of(
            "livello",
            pairs(Level::ALL, |one| (one.name(), one.label())),
        ),
        of("area", pairs(Area::ALL, |one| (one.name(), one.label()))),
        of(
            "oggetto e unita",
            pairs(Subject::ALL, |one| (one.name(), one.label())),
        ),
        of("grado", pairs(Grade::ALL, |one| (one.name(), one.label()))),
    ];
    let facts = FACTS.iter().map(|asked| FactView {
        name: asked.name,
        label: asked.label,
        values: allowed(asked),
        whom: asked.whom.label(),
    });
    Ok(Html(Guide {
        page,
        keys: keys.into(),
        lists: lists.into(),
        language: of("Le condizioni", LANGUAGE.to_vec()),
        answers: of(
            "Le risposte",
            pairs(&Answer::ALL, |one| (one.label(), one.meaning())),
        ),
        outcomes: of(
            "Gli esiti",
            pairs(&Outcome::ALL, |one| (one.label(), one.meaning())),
        ),
        precedence: of(
            "Da dove viene l’esito",
            pairs(PRECEDENCE, |(when, outcome)| (when, outcome.label())),
        ),
        facts: facts.collect(),
        example: EXAMPLE,
    })
    .into_response())
}

fn pairs<T: Copy>(
    all: &[T],
    pair: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<(&'static str, &'static str)> {
    all.iter().copied().map(pair).collect()
}
