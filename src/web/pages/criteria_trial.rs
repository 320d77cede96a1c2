//! A set of criteria against another: what is wrong in it, or which verdicts it would change, and why.
//!
//! The text goes from the trial to the loading in the form itself, so that what is loaded is what was
//! tried, and nothing is kept of a set that nobody loads.

use super::criteria_set::identifier;
use super::snapshots::choices;
use crate::census::adhesion::in_italian;
use crate::census::criterion::{Criteria, LONGEST, Trouble};
use crate::census::edition::{Edition, Kind};
use crate::census::filter::Filter;
use crate::census::person::Viewer;
use crate::census::verdict::Outcome;
use crate::census::vocabulary::fold;
use crate::clock;
use crate::register::criteria::{Changed, Outcomes, Tried, Why};
use crate::register::{self, find::Choice};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::upload::{self, Received, Upload};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use std::fs::File;
use std::io::Read as _;
use uuid::Uuid;

/// How much of a line with an error is shown, in characters.
const SHOWN: usize = 160;

/// One line with an error.
#[derive(Debug)]
struct WrongLine {
    line: usize,
    text: String,
    messages: Vec<String>,
}

/// A row of the matrix of outcomes.
#[derive(Debug)]
struct MatrixRow {
    code: &'static str,
    label: &'static str,
    cells: Vec<Cell>,
    total: String,
}

#[derive(Debug)]
struct Cell {
    label: &'static str,
    number: String,
    /// Whether the outcome is the same in both.
    same: bool,
}

#[derive(Debug)]
struct BodyRow {
    name: String,
    devices: String,
    changed: String,
}

#[derive(Debug)]
struct MovedRow {
    id: String,
    text: String,
    devices: String,
}

#[derive(Debug)]
struct Row {
    device: Uuid,
    code: String,
    body: String,
    before: (&'static str, &'static str),
    after: (&'static str, &'static str),
    why: Vec<Why>,
}

/// What would change, in words.
#[derive(Debug)]
struct Found {
    before: String,
    before_href: String,
    version: String,
    title: String,
    number: usize,
    day: String,
    devices: String,
    changed: String,
    same: bool,
    touched: String,
    matrix: Vec<MatrixRow>,
    columns: Vec<(&'static str, String)>,
    bodies: Vec<BodyRow>,
    moved: Vec<MovedRow>,
    rows: Vec<Row>,
    shown: String,
    /// The edition that has the very same text, when it is another than the one that is compared.
    known: String,
}

/// What the form asks.
#[derive(Debug, Default)]
struct Typed {
    text: String,
    name: String,
    snapshot: String,
    body: String,
}

#[derive(Debug)]
struct Wrong {
    field: &'static str,
    label: &'static str,
    message: String,
}

/// What came of it.
#[derive(Debug, Default)]
struct Came {
    lines: Vec<WrongLine>,
    more: String,
    found: Option<Found>,
    /// A set that can be read, with none in force to compare it with.
    first: Option<(String, String, usize)>,
    wrong: Vec<Wrong>,
}

#[derive(Template)]
#[template(path = "pages/criteria_trial.html")]
struct Trial {
    page: Page,
    reviews: bool,
    typed: Typed,
    came: Came,
    file_errors: Vec<String>,
    text_errors: Vec<String>,
    name_errors: Vec<String>,
    snapshots: Vec<Choice>,
    bodies: Vec<Choice>,
    limit: usize,
    none: [Choice; 0],
}

#[derive(Template)]
#[template(path = "pages/criteria_trial_compare.html")]
struct Compare {
    page: Page,
    id: Uuid,
    name: String,
    other: String,
    typed: Typed,
    found: Option<Found>,
    editions: Vec<Choice>,
    snapshots: Vec<Choice>,
    bodies: Vec<Choice>,
}

/// The form; with `da` it begins from the text of a set that was loaded.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["da"])?;
    may_try(&reader.viewer)?;
    let mut typed = Typed::default();
    if !query.get("da").is_empty() {
        let id = identifier(query.get("da"))?;
        let from = app.register.edition(&reader.viewer, Kind::Criteria, id);
        typed.text = from.await?.content;
    }
    show(&app, &reader, StatusCode::OK, typed, Came::default()).await
}

/// Reads a set and tries it.
pub async fn post(
    State(app): State<App>,
    upload::Tried(sent): upload::Tried,
) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = sent;
    fields.only(&["testo", "fotografia", "ente", "file"])?;
    may_try(&signed.viewer)?;
    let mut typed = typed(&fields);
    let mut came = Came::default();
    match text_of(&fields, file) {
        Ok(text) => {
            let filter = filter(&signed.viewer, &typed)?;
            let tried = app.register.try_criteria(&filter, None, Tried::Text(&text));
            match tried.await? {
                Outcomes::Wrong(troubles) => wrong_lines(&mut came, &text, troubles),
                Outcomes::First(only) => {
                    came.first = Some((only.version, only.title, only.criteria.len()));
                }
                Outcomes::Trial(trial) => came.found = Some(found(*trial, None)),
            }
            typed.text = text;
        }
        Err(Refused::Field(field, message)) => came.wrong.push(wrong(field, message)),
        Err(Refused::Lines(troubles)) => {
            wrong_lines(&mut came, "", troubles);
        }
        Err(Refused::Broken(error)) => return Err(error),
    }
    show(&app, &signed, status(&came), typed, came).await
}

/// Keeps a set that was tried under a name.
pub async fn load(
    State(app): State<App>,
    upload::Tried(sent): upload::Tried,
) -> Result<Response, Error> {
    let Upload { signed, fields, .. } = sent;
    if !signed.viewer.reviews() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "I criteri li carica chi ha il ruolo di validatore.",
        ));
    }
    fields.only(&["testo", "nome", "fotografia", "ente", "file"])?;
    let mut typed = typed(&fields);
    typed.text = Criteria::tidy(fields.exact("testo"));
    let mut came = Came::default();
    let loaded = app
        .register
        .load_criteria(&signed.viewer, &typed.name, &typed.text)
        .await;
    match loaded {
        Ok(Ok(edition)) => {
            let place = format!("/criteri/{}?fatto=caricato", edition.id);
            return Ok(Redirect::to(&place).into_response());
        }
        Ok(Err(troubles)) => wrong_lines(&mut came, &typed.text, troubles),
        Err(register::Error::Invalid(message)) => {
            let filter = filter(&signed.viewer, &typed)?;
            let tried = Tried::Text(&typed.text);
            match app.register.try_criteria(&filter, None, tried).await? {
                Outcomes::Trial(trial) => came.found = Some(found(*trial, None)),
                Outcomes::First(only) => {
                    came.first = Some((only.version, only.title, only.criteria.len()));
                }
                Outcomes::Wrong(_) => {}
            }
            came.wrong.push(wrong("nome", message));
        }
        Err(error) => return Err(error.into()),
    }
    show(&app, &signed, status(&came), typed, came).await
}

/// One set that was loaded against another: `con`, or the one that is in force.
pub async fn compare(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let viewer = &reader.viewer;
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["con", "fotografia", "ente"])?;
    may_try(viewer)?;
    let id = identifier(&id)?;
    let own = app.register.edition(viewer, Kind::Criteria, id).await?;
    let (editions, said) = app.register.editions(viewer, Kind::Criteria).await?;
    let in_force = app.register.edition_in_force(&said);
    let other = match query.get("con") {
        "" => in_force.filter(|other| *other != id),
        text => Some(Uuid::parse_str(text).map_err(|_shape| query::refused("con", text))?),
    };
    let typed = typed(&query);
    let found = match other {
        Some(_) => {
            let filter = filter(viewer, &typed)?;
            let tried = Tried::Edition(id);
            match app.register.try_criteria(&filter, other, tried).await? {
                Outcomes::Trial(trial) => Some(found(*trial, Some(id))),
                Outcomes::First(_) | Outcomes::Wrong(_) => None,
            }
        }
        None => None,
    };
    let label = |edition: &Edition| {
        if in_force == Some(edition.id) {
            format!("{} (in vigore)", edition.name)
        } else {
            edition.name.clone()
        }
    };
    let title = format!("Confronto di «{}»", own.name);
    Ok(Html(Compare {
        page: Page::new(&app, Some(&reader), &title, "criteri"),
        id,
        name: own.name,
        other: other.map(|other| other.to_string()).unwrap_or_default(),
        typed,
        found,
        editions: editions
            .iter()
            .filter(|edition| edition.id != id)
            .map(|edition| Choice {
                code: edition.id.to_string(),
                label: label(edition),
            })
            .collect(),
        snapshots: choices(&app.register.snapshots(viewer).await?),
        bodies: bodies(&app).await?,
    })
    .into_response())
}

fn may_try(viewer: &Viewer) -> Result<(), Error> {
    if viewer.reads_all() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "I criteri li prova chi coordina il censimento e chi vi partecipa come osservatore.",
        ))
    }
}

fn typed(fields: &Fields) -> Typed {
    Typed {
        text: Criteria::tidy(fields.exact("testo")),
        name: fields.get("nome").to_owned(),
        snapshot: fields.get("fotografia").to_owned(),
        body: fields.get("ente").to_owned(),
    }
}

/// The accepted devices, of a snapshot or of a body when one is named.
fn filter(viewer: &Viewer, typed: &Typed) -> Result<Filter, Error> {
    let mut filter = Filter::of(viewer);
    filter.take("dati", "convalidati")?;
    filter.take("fotografia", &typed.snapshot)?;
    filter.take("ente", &typed.body)?;
    Ok(filter)
}

/// Why there is no text to try.
enum Refused {
    Field(&'static str, String),
    Lines(Vec<Trouble>),
    Broken(Error),
}

/// The text of the file, or the one that was pasted.
fn text_of(fields: &Fields, file: Received) -> Result<String, Refused> {
    match file {
        Received::Kept { content, .. } => {
            let bytes = bytes(content)
                .map_err(|error| Refused::Broken(register::Error::Write(error).into()))?;
            Criteria::decode(&bytes).map_err(Refused::Lines)
        }
        Received::TooLarge => Err(Refused::Field(
            "file",
            format!("Il file è troppo grande: al più {} KB.", LONGEST / 1024),
        )),
        Received::Nothing if fields.get("testo").is_empty() => Err(Refused::Field(
            "testo",
            "Scegliete un file, oppure incollate qui il testo dell’insieme.".to_owned(),
        )),
        Received::Nothing => Ok(Criteria::tidy(fields.exact("testo"))),
    }
}

fn bytes(content: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The file was admitted up to this length.
    content.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn wrong(field: &'static str, message: String) -> Wrong {
    let label = match field {
        "file" => "File",
        "nome" => "Nome",
        _ => "Testo",
    };
    Wrong {
        field,
        label,
        message,
    }
}

fn status(came: &Came) -> StatusCode {
    if came.lines.is_empty() && came.wrong.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

/// The errors, line by line, each with what stands there.
fn wrong_lines(came: &mut Came, text: &str, troubles: Vec<Trouble>) {
    let number = troubles.len();
    let all: Vec<&str> = text.lines().collect();
    for trouble in troubles {
        if let Some(last) = came.lines.last_mut()
            && last.line == trouble.line
        {
            last.messages.push(trouble.message);
            continue;
        }
        let line = all.get(trouble.line - 1).copied().unwrap_or_default();
        let mut shown: String = line.chars().take(SHOWN).collect();
        if shown.len() < line.len() {
            shown.push('…');
        }
        came.lines.push(WrongLine {
            line: trouble.line,
            text: shown,
            messages: vec![trouble.message],
        });
    }
    came.more = query::many(number, "un errore", "errori");
}

async fn show(
    app: &App,
    signed: &Signed,
    status: StatusCode,
    typed: Typed,
    came: Came,
) -> Result<Response, Error> {
    let errors_at = |field: &str| -> Vec<String> {
        let own = came.wrong.iter().filter(|wrong| wrong.field == field);
        own.map(|wrong| wrong.message.clone()).collect()
    };
    let trial = Trial {
        page: Page::new(
            app,
            Some(signed),
            "Prova di un insieme di criteri",
            "criteri",
        ),
        reviews: signed.viewer.reviews(),
        file_errors: errors_at("file"),
        text_errors: errors_at("testo"),
        name_errors: errors_at("nome"),
        typed,
        came,
        snapshots: choices(&app.register.snapshots(&signed.viewer).await?),
        bodies: bodies(app).await?,
        limit: LONGEST,
        none: [],
    };
    Ok((status, Html(trial)).into_response())
}

async fn bodies(app: &App) -> Result<Vec<Choice>, Error> {
    let bodies = app.register.catalogue().await?.bodies.into_iter();
    let mut bodies: Vec<Choice> = bodies
        .map(|body| Choice {
            code: body.code,
            label: body.name,
        })
        .collect();
    bodies.sort_by_cached_key(|body| fold(&body.label));
    Ok(bodies)
}

fn figure(number: u64) -> String {
    query::figure(i64::try_from(number).unwrap_or(i64::MAX))
}

fn found(trial: register::criteria::Trial, own: Option<Uuid>) -> Found {
    let changed = figure(trial.changed);
    Found {
        before_href: format!("/criteri/{}", trial.before.id),
        before: trial.before.name,
        number: trial.after.criteria.len(),
        version: trial.after.version,
        title: trial.after.title,
        day: trial
            .at
            .map_or_else(|| in_italian(&trial.day), clock::words),
        devices: figure(trial.devices),
        same: trial.changed == 0,
        touched: figure(trial.touched),
        matrix: matrix(&trial.matrix),
        columns: columns(&trial.matrix),
        bodies: trial
            .bodies
            .into_iter()
            .map(|line| BodyRow {
                name: line.name,
                devices: figure(line.devices),
                changed: figure(line.changed),
            })
            .collect(),
        moved: trial
            .criteria
            .into_iter()
            .map(|one| MovedRow {
                id: one.id,
                text: one.text,
                devices: figure(one.devices),
            })
            .collect(),
        shown: format!("{} su {changed}", trial.rows.len()),
        rows: trial.rows.into_iter().map(row).collect(),
        changed,
        known: match trial.known {
            Some(edition) if own != Some(edition.id) => edition.name,
            _ => String::new(),
        },
    }
}

fn row(changed: Changed) -> Row {
    let words = |outcome: Outcome| (outcome.name(), outcome.label());
    Row {
        device: changed.device,
        code: changed.code,
        body: changed.body,
        before: words(changed.before),
        after: words(changed.after),
        why: changed.why,
    }
}

fn matrix<const N: usize>(numbers: &[[u64; N]; N]) -> Vec<MatrixRow> {
    let rows = Outcome::ALL.iter().zip(numbers);
    rows.map(|(outcome, row)| MatrixRow {
        code: outcome.name(),
        label: outcome.label(),
        cells: Outcome::ALL
            .iter()
            .zip(row)
            .map(|(column, number)| Cell {
                label: column.label(),
                number: figure(*number),
                same: column == outcome,
            })
            .collect(),
        total: figure(row.iter().sum()),
    })
    .collect()
}

/// The columns, with how many devices there are in each afterwards.
fn columns<const N: usize>(numbers: &[[u64; N]; N]) -> Vec<(&'static str, String)> {
    let columns = Outcome::ALL.iter().enumerate();
    columns
        .map(|(place, outcome)| {
            let column = numbers.iter().filter_map(|row| row.get(place));
            (outcome.label(), figure(column.sum()))
        })
        .collect()
}
