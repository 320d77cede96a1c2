//! The devices with what the criteria say of each.

use crate::census::filter::{Edge, Filter, Moment};
use crate::census::verdict::{Answer, Outcome};
use crate::census::vocabulary::Field;
use crate::census::window::Key;
use crate::register::compatibility::Basis;
use crate::register::find::Choice;
use crate::register::verdict::{Judged, Row, Sought};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::WrongView;
use crate::web::verdict::{self, Asking, By, LIST, empty_file, figure};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// How many devices a page shows.
const SIZE: usize = 50;

/// What says which verdicts are sought.
const SOUGHT: [&str; 3] = ["esito", "criterio", "risposta"];

/// A device as a row.
#[derive(Debug)]
struct Line {
    href: String,
    code: String,
    name: String,
    body: String,
    municipality: String,
    function: String,
    outcome: &'static str,
    outcome_label: &'static str,
    unmet: String,
    unknown: String,
    /// The answer to the criterion that is asked for.
    answer: &'static str,
    answer_label: &'static str,
}

#[derive(Template)]
#[template(path = "pages/judged.html")]
struct JudgedPage {
    page: Page,
    asking: Asking,
    by: By,
    total: u64,
    counted: String,
    outcomes: Vec<Choice>,
    criteria: Vec<Choice>,
    answers: Vec<Choice>,
    outcome: &'static str,
    criterion: String,
    answer: &'static str,
    /// What is wrong with what was asked; then nothing is listed.
    wrong: Vec<WrongView>,
    rows: Vec<Line>,
    first: String,
    previous: String,
    next: String,
    words: String,
    csv: String,
    /// The page without what says which verdicts are sought.
    everything: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let own = [&SOUGHT[..], &["dopo", "prima"]].concat();
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &own)?;
    let (sought, alone) = sought(&rest)?;
    let from = from(&rest)?;
    let judged = app
        .register
        .judged(&filter, &sought, from.clone(), SIZE)
        .await?;
    let mut more = parameters(&sought);
    if let Some(answer) = alone {
        more[2].1 = answer.name();
    }
    let titled = ("Dispositivi e compatibilità", LIST);
    let page = verdict::frame(&app, &reader, &filter, titled, &more).await?;
    let mut shown = page_of(page, &filter, &sought, from.is_some(), &judged);
    let Some(answer) = alone else {
        return Ok(Html(shown).into_response());
    };
    shown.asking = Asking::new(LIST, &filter, &judged.choices, &judged.names, &more);
    shown.answer = answer.name();
    shown.wrong = vec![WrongView {
        field: "criterio",
        label: "Criterio",
        message: ALONE.to_owned(),
    }];
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(shown)).into_response())
}

/// The same devices as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &SOUGHT)?;
    let (sought, alone) = sought(&rest)?;
    if alone.is_some() {
        return Err(Error::bad_request(ALONE));
    }
    let (content, sink) = empty_file()?;
    app.register.write_judged(&filter, &sought, sink).await?;
    verdict::table(content, "dispositivi_compatibilita.csv")
}

/// What is said of an answer to no criterion.
const ALONE: &str =
    "Avete scelto una risposta ma non il criterio: sceglietelo, oppure togliete la risposta.";

/// Which verdicts are sought, and the answer that was chosen without its criterion.
fn sought(rest: &Fields) -> Result<(Sought, Option<Answer>), Error> {
    let outcome = match rest.get("esito") {
        "" => None,
        name => Some(Outcome::named(name).ok_or_else(|| query::refused("esito", name))?),
    };
    let answer = match rest.get("risposta") {
        "" => None,
        name => {
            let found = Answer::ALL.into_iter().find(|one| one.name() == name);
            Some(found.ok_or_else(|| query::refused("risposta", name))?)
        }
    };
    let (criterion, alone) = match rest.get("criterio") {
        "" => (None, answer),
        id => (Some((id.to_owned(), answer)), None),
    };
    Ok((Sought { outcome, criterion }, alone))
}

/// What is sought as parameters of an address; empty for what is not asked.
fn parameters(sought: &Sought) -> [(&'static str, &str); 3] {
    let (criterion, answer) = match &sought.criterion {
        Some((id, answer)) => (&**id, answer.map_or("", Answer::name)),
        None => ("", ""),
    };
    let outcome = sought.outcome.map_or("", Outcome::name);
    let [first, second, third] = SOUGHT;
    [(first, outcome), (second, criterion), (third, answer)]
}

fn from(rest: &Fields) -> Result<Option<(Edge, Key)>, Error> {
    let key = |name| match rest.get(name) {
        "" => Ok(None),
        text => serde_json::from_str::<Key>(text)
            .map(Some)
            .map_err(|_shape| query::refused(name, text)),
    };
    Ok(match (key("dopo")?, key("prima")?) {
        (Some(key), _) => Some((Edge::After, key)),
        (None, Some(key)) => Some((Edge::Before, key)),
        (None, None) => None,
    })
}

fn page_of(
    page: Page,
    filter: &Filter,
    sought: &Sought,
    further: bool,
    judged: &Judged,
) -> JudgedPage {
    let more = parameters(sought);
    let [(_, outcome), (_, criterion), (_, answer)] = more;
    let found = &judged.page;
    let turn = |there: bool, name: &'static str, row: Option<&(Key, Row)>| {
        let key = row.and_then(|(key, _)| serde_json::to_string(key).ok());
        key.filter(|_| there).map_or_else(String::new, |key| {
            let more = [&more[..], &[(name, &key)]].concat();
            query::address(LIST, filter, &more)
        })
    };
    let choice = |code: &str, label: &str| Choice {
        code: code.to_owned(),
        label: label.to_owned(),
    };
    let criteria = judged.basis.criteria.criteria.iter();
    let past = match filter.moment {
        Moment::Now if filter.state == filter.usual() && filter.viewer().reads_all() => {
            format!("?dati={}", filter.state.spelling())
        }
        _ => standpoint(filter),
    };
    JudgedPage {
        page,
        asking: Asking::new(LIST, filter, &judged.choices, &judged.names, &more),
        by: By::of(&judged.basis),
        total: found.total,
        counted: query::devices(i64::try_from(found.total).unwrap_or(i64::MAX)),
        outcomes: Outcome::ALL
            .map(|one| choice(one.name(), one.label()))
            .into(),
        criteria: criteria
            .map(|one| choice(&one.id, &format!("{} · {}", one.id, one.text)))
            .collect(),
        answers: Answer::ALL
            .map(|one| choice(one.name(), one.label()))
            .into(),
        outcome: sought.outcome.map_or("", Outcome::name),
        criterion: criterion.to_owned(),
        wrong: Vec::new(),
        answer: sought
            .criterion
            .as_ref()
            .and_then(|(_, answer)| *answer)
            .map_or("", Answer::name),
        rows: found
            .rows
            .iter()
            .map(|(key, row)| line(judged, sought, &past, key, row))
            .collect(),
        first: if further {
            query::address(LIST, filter, &more)
        } else {
            String::new()
        },
        previous: turn(found.before, "prima", found.rows.first()),
        next: turn(found.after, "dopo", found.rows.last()),
        words: format!("{} su {}", found.rows.len(), figure(found.total)),
        csv: query::address("/compatibilita/dispositivi.csv", filter, &more),
        everything: if [outcome, criterion, answer]
            .iter()
            .all(|one| one.is_empty())
        {
            String::new()
        } else {
            query::address(LIST, filter, &[])
        },
    }
}

/// What a link to a device takes along, so that its page judges the same state.
fn standpoint(filter: &Filter) -> String {
    let mut fields = Fields::default();
    for (name, value) in filter.standpoint() {
        fields.push(name, &value);
    }
    match fields.encode() {
        text if text.is_empty() => text,
        text => format!("?{text}"),
    }
}

fn line(judged: &Judged, sought: &Sought, past: &str, key: &Key, row: &Row) -> Line {
    let (body, code, _) = key;
    let names = &judged.names;
    let basis = &judged.basis;
    let with = |wanted: Answer| necessary(basis, row, wanted);
    let asked = sought.criterion.as_ref().and_then(|(id, _)| {
        let mut criteria = basis.criteria.criteria.iter();
        let place = criteria.position(|one| one.id == *id)?;
        row.verdict.answers.get(place).copied()
    });
    Line {
        href: format!("/dispositivi/{}{past}#compatibilita", row.device),
        code: code.clone(),
        name: row.name.clone(),
        body: names.words(Field::Ente, body),
        municipality: names.words(Field::Comune, &row.municipality),
        function: Field::Funzione.words(&row.function),
        outcome: row.verdict.outcome.name(),
        outcome_label: row.verdict.outcome.label(),
        unmet: with(Answer::Unmet),
        unknown: with(Answer::Unknown),
        answer: asked.map_or("", Answer::name),
        answer_label: asked.map_or("", Answer::label),
    }
}

/// The necessary criteria with this answer, by their identifiers.
fn necessary(basis: &Basis, row: &Row, wanted: Answer) -> String {
    if row.verdict.outcome == Outcome::Beside {
        return String::new();
    }
    let each = basis.criteria.criteria.iter().zip(&row.verdict.answers);
    let ids = each
        .filter(|(criterion, answer)| {
            criterion.level == crate::census::criterion::Level::Necessary && **answer == wanted
        })
        .map(|(criterion, _)| &*criterion.id);
    ids.collect::<Vec<_>>().join(", ")
}
