//! One set of criteria, in words and as written; since when it is in force, and from when it will be.

use crate::census::condition::Condition;
use crate::census::criterion::{Area, Criteria, Criterion, Grade, Level, Remedy, Subject, Written};
use crate::census::edition::Kind;
use crate::clock;
use crate::register::{self, find::Choice};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::force::{Form, Standing, standings_of};
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A condition as written and in words; one that only names another has the name alone.
#[derive(Debug)]
struct Asks {
    text: String,
    words: String,
    /// The name of the condition that it is; empty when it is none.
    name: String,
}

#[derive(Debug)]
struct CriterionView {
    id: String,
    text: String,
    level: &'static str,
    level_mark: &'static str,
    area: &'static str,
    about: &'static str,
    applies: Option<Asks>,
    met: Asks,
    unknown: Option<Asks>,
    remedy: String,
    source: String,
    grade: &'static str,
    grade_meaning: &'static str,
}

#[derive(Debug)]
struct Named {
    name: String,
    anchor: String,
    label: &'static str,
    text: String,
    words: String,
}

#[derive(Debug)]
struct RemedyView {
    id: String,
    name: String,
    unit: &'static str,
    criteria: String,
}

#[derive(Template)]
#[template(path = "pages/criteria_set.html")]
struct Set {
    page: Page,
    id: Uuid,
    name: String,
    reviews: bool,
    in_force: bool,
    /// The set that is in force, when it is not this one.
    compared: bool,
    version: String,
    title: String,
    note: String,
    loaded: String,
    author: String,
    hash: String,
    /// Why it cannot be read any more; empty when it can.
    broken: String,
    conditions: Vec<Named>,
    criteria: Vec<CriterionView>,
    remedies: Vec<RemedyView>,
    standings: Vec<Standing>,
    form: Form,
    none: [Choice; 0],
}

/// The set.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["fatto"])?;
    let done = match query.get("fatto") {
        "" => "",
        "caricato" => {
            "L’insieme è caricato. Non è ancora in vigore: lo diventa dal giorno che scegliete qui \
             sotto."
        }
        "vigore" => "Registrato: da quel giorno gli esiti si danno con questi criteri.",
        other => return Err(query::refused("fatto", other)),
    };
    let own = identifier(&id)?;
    let form = Form::new(action(own), app.register.clock.today());
    show(&app, &reader, own, done, form).await
}

/// The text it was read from.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let edition = app
        .register
        .edition(&reader.viewer, Kind::Criteria, identifier(&id)?)
        .await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/toml; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"criteri.toml\""),
        ),
    ];
    Ok((headers, edition.content).into_response())
}

/// Puts it in force from a day.
pub async fn put_in_force(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    if !viewer.reviews() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "I criteri li mette in vigore chi ha il ruolo di validatore.",
        ));
    }
    let own = identifier(&id)?;
    app.register.edition(viewer, Kind::Criteria, own).await?;
    let today = app.register.clock.today();
    let (mut form, day) = Form::read(action(own), &writer.fields, today)?;
    if let Some(day) = day {
        match app.register.put_in_force(viewer, own, day).await {
            Ok(()) => {
                let place = format!("/criteri/{own}?fatto=vigore");
                return Ok(Redirect::to(&place).into_response());
            }
            Err(register::Error::Invalid(message)) => form.refuse(message),
            Err(error) => return Err(error.into()),
        }
    }
    show(&app, &writer.signed, own, "", form).await
}

/// Where the form that puts a set in force is sent.
fn action(id: Uuid) -> String {
    format!("/criteri/{id}/vigore")
}

/// An identifier of an address.
pub(super) fn identifier(id: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(id).map_err(|_shape| Error::not_found())
}

async fn show(
    app: &App,
    signed: &Signed,
    id: Uuid,
    done: &str,
    form: Form,
) -> Result<Response, Error> {
    let viewer = &signed.viewer;
    let edition = app.register.edition(viewer, Kind::Criteria, id).await?;
    let (editions, said) = app.register.editions(viewer, Kind::Criteria).await?;
    let in_force = app.register.edition_in_force(&said);
    let (criteria, broken) = match Criteria::read(&edition.content) {
        Ok(criteria) => (Some(criteria), String::new()),
        Err(troubles) => {
            let first = troubles.first();
            let words = first.map(|one| format!("alla riga {}: {}", one.line, one.message));
            let broken = "Questo insieme non si legge più";
            (None, format!("{broken} {}", words.unwrap_or_default()))
        }
    };
    let mut page = Page::new(app, Some(signed), &edition.name, "criteri");
    if !done.is_empty() {
        page = page.with_notice("success", done);
    }
    let status = form.status();
    let text = |of: fn(&Criteria) -> &String| criteria.as_ref().map(of).cloned();
    let set = Set {
        page,
        id,
        reviews: viewer.reviews(),
        in_force: in_force == Some(id),
        compared: viewer.reads_all() && in_force.is_some_and(|other| other != id),
        version: text(|one| &one.version).unwrap_or_default(),
        title: text(|one| &one.title).unwrap_or_default(),
        note: text(|one| &one.note).unwrap_or_default(),
        loaded: clock::words(edition.recorded_at),
        author: edition.author,
        hash: edition.sha256,
        name: edition.name,
        broken,
        conditions: criteria.as_ref().map(conditions).unwrap_or_default(),
        criteria: criteria.as_ref().map(criteria_of).unwrap_or_default(),
        remedies: criteria.as_ref().map(remedies).unwrap_or_default(),
        standings: standings_of(id, &editions, &said, app.register.clock.today()),
        form,
        none: [],
    };
    Ok((status, Html(set)).into_response())
}

fn conditions(criteria: &Criteria) -> Vec<Named> {
    let named = |one: &Written| Named {
        anchor: anchor(&one.name),
        label: match one.name.as_str() {
            "riguarda" => "Dispositivi di cui si dà un esito",
            "legge_targhe" => "Dispositivi che leggono targhe",
            "collegato" => "Dispositivi già collegati",
            _ => "",
        },
        words: if only_name(criteria, &one.text).is_empty() {
            one.condition.words()
        } else {
            String::new()
        },
        name: one.name.clone(),
        text: one.text.clone(),
    };
    criteria.conditions.iter().map(named).collect()
}

fn anchor(name: &str) -> String {
    format!("condizione-{}", name.trim_start_matches('@'))
}

/// The name of the condition that a text is, when it is nothing else.
fn only_name(criteria: &Criteria, text: &str) -> String {
    let text = text.trim();
    let named = criteria.conditions.iter().any(|one| one.name == text);
    if text.starts_with('@') && named {
        text.to_owned()
    } else {
        String::new()
    }
}

fn asks(criteria: &Criteria, text: &str, condition: &Condition) -> Asks {
    Asks {
        text: text.to_owned(),
        words: condition.words(),
        name: only_name(criteria, text),
    }
}

fn criteria_of(criteria: &Criteria) -> Vec<CriterionView> {
    let view = |one: &Criterion| CriterionView {
        id: one.id.clone(),
        text: one.text.clone(),
        level: Level::label(one.level),
        level_mark: match one.level {
            Level::Necessary => "error",
            Level::Advised => "warning",
            Level::Informative => "info",
        },
        area: Area::label(one.area),
        about: Subject::label(one.about),
        applies: one
            .applies
            .as_ref()
            .map(|condition| asks(criteria, &one.applies_text, condition)),
        met: asks(criteria, &one.condition, &one.met),
        unknown: one
            .unknown
            .as_ref()
            .map(|condition| asks(criteria, &one.unknown_text, condition)),
        remedy: one
            .remedy
            .as_ref()
            .and_then(|id| criteria.remedy(id))
            .map(|remedy| {
                format!(
                    "{} (per {})",
                    remedy.name,
                    remedy.unit.label().to_lowercase()
                )
            })
            .unwrap_or_default(),
        source: one.source.clone(),
        grade: Grade::name(one.grade),
        grade_meaning: Grade::label(one.grade),
    };
    criteria.criteria.iter().map(view).collect()
}

fn remedies(criteria: &Criteria) -> Vec<RemedyView> {
    let view = |one: &Remedy| {
        let served = criteria
            .criteria
            .iter()
            .filter(|criterion| criterion.remedy.as_ref() == Some(&one.id))
            .map(|criterion| criterion.id.as_str());
        RemedyView {
            id: one.id.clone(),
            name: one.name.clone(),
            unit: one.unit.label(),
            criteria: served.collect::<Vec<_>>().join(", "),
        }
    };
    criteria.remedies.iter().map(view).collect()
}
