//! What was sent of a device beside what is accepted, field by field, and the decision on it.

use crate::census::person::Viewer;
use crate::census::position;
use crate::census::review::Remark;
use crate::census::revision::Revision;
use crate::census::territory::metres_between;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register;
use crate::register::record::draft_of;
use crate::register::review::{Decision, Looked, UnderReview, may_review};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::form::{self, Choices, FindingView};
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::pages::device::{heading, identifier};
use crate::web::query;
use crate::web::thread::Thread;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// An attribute that differs.
#[derive(Debug)]
struct Row {
    field: &'static str,
    label: &'static str,
    before: String,
    after: String,
    /// Why it is not right, as typed.
    reason: String,
}

/// A device that moved, or that was put on the map for the first time.
#[derive(Debug)]
struct Place {
    /// `lon,lat` in degrees WGS 84; empty when there was none.
    before: String,
    /// `lon,lat` in degrees WGS 84.
    after: String,
    /// How far it moved and where it is, in words.
    words: String,
    /// How it was given, in words.
    given: String,
}

/// What a decision said, to be shown again when it cannot be made.
#[derive(Debug, Default)]
struct Typed {
    text: String,
    remarks: Vec<Remark>,
    wrong: String,
}

#[derive(Template)]
#[template(path = "pages/review.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the template shows or not"
)]
struct ReviewPage {
    page: Page,
    id: Uuid,
    revision: Uuid,
    heading: String,
    body: String,
    body_code: String,
    sent: String,
    first: bool,
    withdrawal: bool,
    edited_since: bool,
    in_part: bool,
    hindrance: String,
    rows: Vec<Row>,
    place: Place,
    findings: Vec<FindingView>,
    text: String,
    wrong: String,
    thread: Thread,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["esito", "di"])?;
    let outcome = match (query.get("esito"), query.get("di")) {
        ("", _) => None,
        ("convalidato", code) => Some(format!("{code}: convalidato. Ecco il prossimo in attesa.")),
        ("parziale", code) => Some(format!(
            "{code}: convalidato in parte. Ecco il prossimo in attesa."
        )),
        ("rimandato", code) => Some(format!(
            "{code}: rimandato all’ente. Ecco il prossimo in attesa."
        )),
        (other, _) => return Err(query::refused("esito", other)),
    };
    let id = identifier(&id)?;
    show(&app, &reader, id, Typed::default(), outcome).await
}

async fn show(
    app: &App,
    signed: &Signed,
    id: Uuid,
    typed: Typed,
    outcome: Option<String>,
) -> Result<Response, Error> {
    let viewer = &signed.viewer;
    readers_only(viewer)?;
    // Whoever may not know of the device is told so before anything else.
    app.register.device(viewer, id).await?;
    let Some(seen) = app.register.under_review(viewer, id).await? else {
        return Err(Error::new(
            StatusCode::NOT_FOUND,
            "Di questo dispositivo non c’è un invio in attesa: forse è già stato deciso.",
        ));
    };
    let said = app.register.thread_of_device(viewer, id).await?;
    let choices = Choices::of(app, viewer).await?;
    let status = if typed.wrong.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let title = format!("Convalida: {}", heading(&seen.sent));
    let mut page = Page::new(app, Some(signed), &title, "convalida");
    if let Some(outcome) = outcome {
        page = page.with_notice("success", outcome);
    }
    let action = if viewer.reviews() {
        format!("/dispositivi/{id}/messaggi")
    } else {
        String::new()
    };
    let thread = Thread::of(&said, action);
    let page = page_of(app, page, &choices, &seen, thread, typed);
    Ok((status, Html(page)).into_response())
}

fn page_of(
    app: &App,
    page: Page,
    choices: &Choices,
    seen: &UnderReview,
    thread: Thread,
    typed: Typed,
) -> ReviewPage {
    let sent = &seen.sent;
    let draft = draft_of(sent);
    let body_code = sent.record.text(Field::Ente).to_owned();
    ReviewPage {
        id: sent.device,
        revision: sent.id,
        heading: heading(sent),
        body: choices.body_name(&body_code),
        body_code,
        sent: format!(
            "Revisione {} di {}, inviata il {}",
            sent.number,
            sent.author,
            sent.submitted_at.map(clock::words).unwrap_or_default()
        ),
        first: seen.accepted.is_none(),
        withdrawal: sent.withdrawn,
        edited_since: seen.edited_since,
        in_part: seen.accepted.is_some() && !seen.edited_since && !sent.withdrawn,
        hindrance: seen.hindrance.clone().unwrap_or_default(),
        rows: rows(choices, seen, &typed.remarks),
        place: place(app, seen),
        findings: form::finding_views(&seen.findings, &draft),
        text: typed.text,
        wrong: typed.wrong,
        page,
        thread,
    }
}

/// The attributes that differ, the two of the position as one.
fn rows(choices: &Choices, seen: &UnderReview, remarks: &[Remark]) -> Vec<Row> {
    let changes = seen.changes();
    let mut rows = Vec::new();
    let moved = [Field::Lat, Field::Lon];
    for field in changes.iter().copied() {
        let is_place = moved.contains(&field);
        if field == Field::Lon && changes.contains(&Field::Lat) {
            continue;
        }
        let words = |revision: &Revision| {
            if is_place {
                figures(revision)
            } else {
                choices.words(revision, field)
            }
        };
        let own = if is_place { Field::Lat } else { field };
        let reason = remarks.iter().find(|remark| remark.field == own.name());
        rows.push(Row {
            field: own.name(),
            label: form::anchor_label(own),
            before: seen.accepted.as_ref().map(words).unwrap_or_default(),
            after: words(&seen.sent),
            reason: reason.map_or_else(String::new, |remark| remark.reason.clone()),
        });
    }
    rows
}

fn point(revision: &Revision) -> Option<(f64, f64)> {
    revision
        .record
        .number(Field::Lon)
        .zip(revision.record.number(Field::Lat))
}

fn figures(revision: &Revision) -> String {
    point(revision).map_or_else(String::new, |(lon, lat)| position::in_figures(lat, lon))
}

fn place(app: &App, seen: &UnderReview) -> Place {
    let text = |point: (f64, f64)| format!("{},{}", point.0, point.1);
    let now = point(&seen.sent);
    let before = seen.accepted.as_ref().and_then(point);
    let mut words = now.map_or_else(String::new, |(lon, lat)| {
        position::in_words(&app.register.territory, lon, lat)
    });
    if let (Some(before), Some(now)) = (before, now)
        && before != now
    {
        let metres = metres_between(before, now);
        words = format!("Spostato di {metres:.0} m rispetto allo stato convalidato. {words}");
    }
    let provenance = &seen.sent.provenance;
    let given = if provenance.text.is_empty() {
        String::new()
    } else {
        format!("Scritto come «{}» ({})", provenance.text, provenance.crs)
    };
    Place {
        before: before
            .filter(|_| before != now)
            .map(text)
            .unwrap_or_default(),
        after: now.map(text).unwrap_or_default(),
        words,
        given,
    }
}

/// The decision.
pub async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = identifier(&id)?;
    let viewer = &writer.signed.viewer;
    may_review(viewer)?;
    let (looked, asked, mut typed) = read(id, &writer.fields)?;
    let seen = app.register.device(viewer, id).await?;
    let (decision, outcome) = match asked.as_str() {
        "accetta" if !typed.remarks.is_empty() => {
            "Avete scritto dei motivi: per convalidare tutto cancellateli, oppure convalidate il \
             resto o rimandate."
                .clone_into(&mut typed.wrong);
            return show(&app, &writer.signed, id, typed, None).await;
        }
        "accetta" => (Decision::Accept, "convalidato"),
        "parziale" if typed.remarks.is_empty() => {
            "Per convalidare solo una parte scrivete il motivo ai campi che non vanno."
                .clone_into(&mut typed.wrong);
            return show(&app, &writer.signed, id, typed, None).await;
        }
        "parziale" => (Decision::AcceptBut(typed.remarks.clone()), "parziale"),
        "rimanda" => (Decision::SendBack(typed.remarks.clone()), "rimandato"),
        other => return Err(query::refused("decisione", other)),
    };
    match app
        .register
        .decide(viewer, looked, decision, &typed.text)
        .await
    {
        Ok(()) => {}
        Err(register::Error::Invalid(message)) => {
            let waits = app.register.under_review(viewer, id).await?.is_some();
            if !waits {
                return Err(Error::new(StatusCode::CONFLICT, message));
            }
            typed.wrong = message;
            return show(&app, &writer.signed, id, typed, None).await;
        }
        Err(other) => return Err(other.into()),
    }
    let record = &seen.revision.record;
    let (body, code) = (record.text(Field::Ente), record.text(Field::Codice));
    let next = app.register.next_waiting(viewer, body, code).await?;
    let place = match next {
        Some(next) => {
            let mut told = Fields::default();
            told.push("esito", outcome);
            told.push("di", code);
            format!("/dispositivi/{next}/convalida?{}", told.encode())
        }
        None => format!("/convalida/{body}?esito={outcome}"),
    };
    Ok(Redirect::to(&place).into_response())
}

fn read(device: Uuid, fields: &Fields) -> Result<(Looked, String, Typed), Error> {
    let mut typed = Typed::default();
    let mut revision = None;
    let mut asked = String::new();
    for (name, value) in fields.iter() {
        match name {
            "revisione" => revision = Uuid::parse_str(value).ok(),
            "decisione" => value.clone_into(&mut asked),
            "motivo" => value.trim().clone_into(&mut typed.text),
            _ => {
                let field = name
                    .strip_prefix("motivo.")
                    .and_then(Field::named)
                    .ok_or_else(|| Error::bad_request(format!("Il campo «{name}» non esiste")))?;
                if !value.trim().is_empty() {
                    typed.remarks.push(Remark {
                        field: field.name().to_owned(),
                        reason: value.trim().to_owned(),
                        value: String::new(),
                    });
                }
            }
        }
    }
    let revision = revision.ok_or_else(|| query::refused("revisione", ""))?;
    Ok((Looked { device, revision }, asked, typed))
}

/// Sends one device to review.
pub async fn submit(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    writer.fields.only(&["messaggio"])?;
    let id = identifier(&id)?;
    let viewer = &writer.signed.viewer;
    let seen = app.register.device(viewer, id).await?;
    let body = seen.revision.record.text(Field::Ente);
    let text = writer.fields.get("messaggio");
    let sent = app.register.submit(viewer, body, Some(id), text).await?;
    let outcome = if sent.sent > 0 {
        "inviato"
    } else {
        "incompleto"
    };
    Ok(Redirect::to(&format!("/dispositivi/{id}?salvato={outcome}")).into_response())
}

/// Says something of a device.
pub async fn say(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    writer.fields.only(&["messaggio"])?;
    let id = identifier(&id)?;
    let viewer = &writer.signed.viewer;
    let seen = app.register.device(viewer, id).await?;
    let body = seen.revision.record.text(Field::Ente);
    app.register
        .say(viewer, body, Some(id), writer.fields.get("messaggio"))
        .await?;
    Ok(Redirect::to(&format!("/dispositivi/{id}?salvato=messaggio")).into_response())
}

fn readers_only(viewer: &Viewer) -> Result<(), Error> {
    if viewer.reads_all() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "La convalida è di chi coordina il censimento.",
        ))
    }
}
