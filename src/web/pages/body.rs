//! A body: how far its adhesion has come, its acts, its seat, whom to ring, its documents.

use crate::census::adhesion::{
    self, Act, ActKind, Contact, Seat, answers, fibres, in_italian, label,
};
use crate::census::campaign::{Standing, Step};
use crate::census::position::{in_figures, in_words};
use crate::clock;
use crate::register::adhesion::{Seen, Whom};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::{DocumentView, document_behind, document_view};
use crate::web::thread::Thread;
use crate::web::verdict::StandingView;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};

/// A step as the page shows it.
#[derive(Debug)]
struct StepView {
    label: &'static str,
    number: String,
    date: String,
    note: String,
    document: Option<DocumentView>,
    recorded: String,
    /// Who annulled it, when and why; empty when nobody did.
    annulled: String,
}

/// An act as the page shows it.
#[derive(Debug)]
struct ActView {
    kind: &'static str,
    label: &'static str,
    state: String,
    state_label: String,
    number: String,
    date: String,
    says: Vec<String>,
    document: Option<DocumentView>,
    recorded: String,
    /// What was recorded before, the last first.
    before: Vec<String>,
}

/// A seat as the page shows it.
#[derive(Debug)]
struct SeatView {
    address: String,
    place: String,
    point: String,
    fibre: String,
    note: String,
    document: Option<DocumentView>,
    recorded: String,
    /// What was recorded before, the last first.
    before: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/body.html")]
struct BodyPage {
    page: Page,
    code: String,
    heading: String,
    records: bool,
    stage: &'static str,
    stage_label: &'static str,
    steps: Vec<StepView>,
    acts: Vec<ActView>,
    seat: Option<SeatView>,
    /// Whether this person may know whom to ring.
    rings: bool,
    contact: Option<Contact>,
    contact_changed: String,
    documents: Vec<DocumentView>,
    standing: Standing,
    step: Step,
    declared: String,
    /// What officers and reviewers say of the body's census, for those who take part.
    thread: Option<Thread>,
    verdicts: Option<StandingView>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(code): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["salvato"])?;
    let seen = app.register.body(&reader.viewer, &code, None).await?;
    let page = Page::new(&app, Some(&reader), &seen.body.name, "enti");
    let page = match query.get("salvato") {
        "" => page,
        "passo" => page.with_notice("success", "Il passo è registrato."),
        "annullamento" => page.with_notice("success", "Il passo è annullato; resta nella storia."),
        "atto" => page.with_notice("success", "L’atto è registrato."),
        "sede" => page.with_notice("success", "La sede è registrata."),
        "referente" => page.with_notice("success", "Il referente è salvato."),
        "referente_cancellato" => {
            page.with_notice("success", "I dati del referente sono cancellati.")
        }
        "messaggio" => page.with_notice("success", "Il messaggio è inviato."),
        other => return Err(query::refused("salvato", other)),
    };
    let standing = app.register.standing(&reader.viewer, &code).await?;
    let thread = thread(&app, &reader, &code).await?;
    let verdicts = StandingView::of(&app, &reader.viewer, &code, None).await?;
    Ok(Html(BodyPage {
        verdicts,
        ..page_of(&app, page, seen, standing, thread)
    })
    .into_response())
}

/// The conversation about a body's census, for who writes its devices and who reads everything.
async fn thread(app: &App, signed: &Signed, code: &str) -> Result<Option<Thread>, Error> {
    let viewer = &signed.viewer;
    let speaks = viewer.writes(code) || viewer.reviews();
    if !speaks && !viewer.reads_all() {
        return Ok(None);
    }
    let said = app.register.thread_of_body(viewer, code).await?;
    let action = if speaks {
        format!("/convalida/{code}/messaggi")
    } else {
        String::new()
    };
    Ok(Some(Thread::of(&said, action)))
}

fn page_of(
    app: &App,
    page: Page,
    seen: Seen,
    standing: Standing,
    thread: Option<Thread>,
) -> BodyPage {
    let (stage, stage_label) = adhesion::present(&seen.steps)
        .map_or(("nessuna", "Nessun passo"), |(stage, _)| {
            (stage.name(), stage.label())
        });
    let (rings, contact) = match &seen.contact {
        Whom::Hidden => (false, None),
        Whom::Nobody => (true, None),
        Whom::Designated(contact) => (true, Some(contact.clone())),
    };
    BodyPage {
        page,
        heading: seen.body.name.clone(),
        records: seen.records,
        stage,
        stage_label,
        steps: steps(&seen),
        acts: ActKind::ALL
            .into_iter()
            .map(|kind| act(&seen, kind))
            .collect(),
        seat: seat(app, &seen),
        rings,
        contact_changed: contact.as_ref().map_or_else(String::new, |contact| {
            recorded(&contact.author, contact.changed_at)
        }),
        contact,
        documents: seen.documents.iter().rev().map(document_view).collect(),
        step: standing.next_step(),
        declared: standing.declared_at.map_or_else(String::new, clock::words),
        standing,
        thread,
        verdicts: None,
        code: seen.body.code,
    }
}

/// The steps that were recorded, the last first.
fn steps(seen: &Seen) -> Vec<StepView> {
    let view = |step: &adhesion::Step| {
        Some(StepView {
            label: step.stage()?.label(),
            number: step.number.clone(),
            date: in_italian(&step.date),
            note: step.note.clone(),
            document: document_behind(&seen.documents, step.document),
            recorded: recorded(&step.author, step.recorded_at),
            annulled: adhesion::annulment(&seen.steps, step.id)
                .map(|row| format!("{}: {}", recorded(&row.author, row.recorded_at), row.note))
                .unwrap_or_default(),
        })
    };
    seen.steps.iter().rev().filter_map(view).collect()
}

fn act(seen: &Seen, kind: ActKind) -> ActView {
    let mut rows = seen.acts.iter().rev().filter(|act| act.kind == kind);
    let present = rows.next();
    let text = |text: fn(&Act) -> &str| present.map(text).unwrap_or_default().to_owned();
    let state = text(|act| &act.state);
    let mut says = Vec::new();
    for (words, answer) in [
        ("Nomina i lettori di targhe", text(|act| &act.names_readers)),
        (
            "Elenca numero e collocazione",
            text(|act| &act.lists_places),
        ),
    ] {
        if !answer.is_empty() {
            says.push(format!(
                "{words}: {}",
                label(answers(), &answer).to_lowercase()
            ));
        }
    }
    says.extend(Some(text(|act| &act.note)).filter(|note| !note.is_empty()));
    ActView {
        kind: kind.name(),
        label: kind.label(),
        state_label: if state.is_empty() {
            "Non registrato".to_owned()
        } else {
            kind.state_label(&state).to_owned()
        },
        state,
        number: text(|act| &act.number),
        date: in_italian(&text(|act| &act.date)),
        says,
        document: present.and_then(|act| document_behind(&seen.documents, act.document)),
        recorded: present
            .map(|act| recorded(&act.author, act.recorded_at))
            .unwrap_or_default(),
        before: rows.map(earlier_act).collect(),
    }
}

fn earlier_act(act: &Act) -> String {
    let date = in_italian(&act.date);
    let parts = [
        act.kind.state_label(&act.state),
        &act.number,
        &date,
        &act.note,
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{} ({})",
        parts.join(", "),
        recorded(&act.author, act.recorded_at)
    )
}

fn seat(app: &App, seen: &Seen) -> Option<SeatView> {
    let (present, before) = seen.seats.split_last()?;
    Some(SeatView {
        address: present.address.clone(),
        place: in_words(&app.register.territory, present.lon, present.lat),
        point: format!("{} (WGS 84)", in_figures(present.lat, present.lon)),
        fibre: fibre(present),
        note: present.note.clone(),
        document: document_behind(&seen.documents, present.document),
        recorded: recorded(&present.author, present.recorded_at),
        before: before
            .iter()
            .rev()
            .map(|seat| {
                format!(
                    "{}, {}; fibra: {} ({})",
                    seat.address,
                    in_figures(seat.lat, seat.lon),
                    fibre(seat),
                    recorded(&seat.author, seat.recorded_at)
                )
            })
            .collect(),
    })
}

/// Whether the fibre reaches a seat, and since or by when.
fn fibre(seat: &Seat) -> String {
    let words = label(fibres(), &seat.fibre);
    let date = in_italian(&seat.fibre_date);
    match seat.fibre.as_str() {
        "si" if !date.is_empty() => format!("{words}, dal {date}"),
        "prevista" => format!("{words} entro il {date}"),
        _ => words.to_owned(),
    }
}

/// Who recorded something and when.
fn recorded(author: &str, at: clock::Instant) -> String {
    format!("{author}, {}", clock::words(at))
}
