//! A device: its page, its form, and what the form says while it is being filled.

use crate::census::draft::Draft;
use crate::census::filter::State as Asked;
use crate::census::finding::Code;
use crate::census::person::Viewer;
use crate::census::review::{Stage, open_request};
use crate::census::revision::Revision;
use crate::census::vocabulary::{Field, Section};
use crate::clock;
use crate::register::record::{Outcome, Seen, Target, draft_of};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::form::{self, Choices, Fragment, Purpose};
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::thread::{self, Said, Thread};
use crate::web::verdict::{DeviceView, LiveView};
use askama::Template;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// One attribute and its value in words.
#[derive(Debug)]
struct Fact {
    label: &'static str,
    value: String,
}

/// A section of the page.
#[derive(Debug)]
struct Group {
    id: &'static str,
    title: &'static str,
    facts: Vec<Fact>,
}

/// One change between two states.
#[derive(Debug)]
struct Change {
    label: &'static str,
    before: String,
    after: String,
}

/// One line of the history.
#[derive(Debug)]
struct Written {
    number: i64,
    when: String,
    who: String,
    how: &'static str,
    accepted: bool,
    changes: Vec<Change>,
}

/// What the page says of a merge of this device.
#[derive(Debug)]
struct Merged {
    /// Whether it is this one that is no longer published.
    absorbed: bool,
    /// The other, by code and body.
    other: String,
    when: String,
    author: String,
    reason: String,
    /// The two devices side by side; empty when this person may not see both.
    address: String,
}

#[derive(Template)]
#[template(path = "pages/device.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the template shows or not"
)]
struct DevicePage {
    page: Page,
    id: Uuid,
    heading: String,
    body: String,
    comune: String,
    stato: String,
    stato_label: String,
    scntt: String,
    scntt_label: String,
    withdrawn: bool,
    writable: bool,
    accepted: bool,
    stage: &'static str,
    sendable: bool,
    under_review: bool,
    request: Option<Said>,
    thread: Thread,
    saved_key: String,
    place: String,
    point: String,
    given: String,
    sections: Vec<Group>,
    findings: Vec<form::FindingView>,
    missing: Vec<form::Missing>,
    neighbours: Vec<form::Near>,
    site: String,
    site_page: Option<Uuid>,
    merges: Vec<Merged>,
    history: Vec<Written>,
    verdict: Option<DeviceView>,
}

#[derive(Template)]
#[template(path = "pages/device_panel.html")]
struct Panel {
    id: Uuid,
    query: String,
    heading: String,
    body: String,
    facts: Vec<Fact>,
    writable: bool,
}

/// The page of a device.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let id = identifier(&id)?;
    let (filter, query) = query::standpoint(&reader.viewer, raw.as_deref(), &["salvato"])?;
    let seen = app.register.device_as(&filter, id).await?;
    let choices = Choices::of(&app, &reader.viewer).await?;
    let mut page = Page::new(&app, Some(&reader), "Dispositivo", "dispositivi")
        .at(seen.past.clone(), || format!("/dispositivi/{id}"));
    if seen.past.is_none() && filter.state != Asked::Working {
        let state = format!(
            "Lo stato che vedete: {}.",
            filter.state.label().to_lowercase()
        );
        page = page.with_notice("info", state);
    }
    let saved_key = match query.get("salvato") {
        "nuovo" => form::NEW_KEY.to_owned(),
        "modifica" | "uguale" => form::key(id),
        _ => String::new(),
    };
    if !query.get("salvato").is_empty() {
        page = match query.get("salvato") {
            "inviato" => page.with_notice("success", "Inviato alla convalida."),
            "incompleto" => page.with_notice(
                "warning",
                "Non si può inviare: mancano dei dati, oppure non c’è nulla di nuovo da convalidare.",
            ),
            "messaggio" => page.with_notice("success", "Messaggio inviato."),
            "uguale" => page.with_notice(
                "info",
                "Non c’era nulla da salvare: i dati sono gli stessi.",
            ),
            "nuovo" | "modifica" => page.with_notice("success", "Salvato."),
            other => return Err(query::refused("salvato", other)),
        };
    }
    let record = &seen.revision.record;
    let (body, code) = (record.text(Field::Ente), record.text(Field::Sito));
    let site = app
        .register
        .site_called(&reader.viewer, body, code)
        .await?
        .map(|site| site.id);
    let present = seen.past.is_none();
    let said = app.register.thread_of_device(&reader.viewer, id).await?;
    let request = open_request(&said);
    let takes_part = present && (seen.writable || reader.viewer.reviews());
    let action = if takes_part {
        format!("/dispositivi/{id}/messaggi")
    } else {
        String::new()
    };
    let waits = present && app.register.waits(&reader.viewer, id).await?;
    let merges = merges(&app, &reader.viewer, &choices, id).await?;
    let verdict = app.register.open_verdict(&filter, &seen).await?;
    let verdict = verdict.map(|opened| {
        DeviceView::of(&opened, &seen.revision.record, |field, _| {
            choices.words(&seen.revision, field)
        })
    });
    let shown = page_of(&app, page, &choices, seen, saved_key);
    Ok(Html(DevicePage {
        site_page: site,
        verdict,
        merges,
        under_review: waits && reader.viewer.reads_all(),
        request: request.filter(|_| present).map(thread::said),
        thread: Thread::of(&said, action),
        ..shown
    })
    .into_response())
}

fn page_of(app: &App, page: Page, choices: &Choices, seen: Seen, saved_key: String) -> DevicePage {
    let Seen {
        revision,
        writable,
        findings,
        neighbours,
        history,
        past: _,
    } = seen;
    let record = &revision.record;
    let lon = record.number(Field::Lon).unwrap_or_default();
    let lat = record.number(Field::Lat).unwrap_or_default();
    let draft = draft_of(&revision);
    let title = heading(&revision);
    DevicePage {
        page: Page {
            title: title.clone(),
            ..page
        },
        id: revision.device,
        heading: title,
        body: choices.body_name(record.text(Field::Ente)),
        comune: choices.comune_name(record.text(Field::Comune)),
        stato: record.text(Field::Stato).to_owned(),
        stato_label: record.words(Field::Stato),
        scntt: record.text(Field::StatoScntt).to_owned(),
        scntt_label: record.words(Field::StatoScntt),
        withdrawn: revision.withdrawn,
        writable,
        accepted: revision.accepted,
        stage: revision.stage.label(),
        sendable: writable
            && !revision.accepted
            && matches!(revision.stage, Stage::Draft | Stage::SentBack)
            && if revision.withdrawn {
                history.iter().any(|one| one.accepted)
            } else {
                record.missing_to_submit().is_empty()
            },
        under_review: false,
        request: None,
        thread: Thread::of(&[], String::new()),
        saved_key,
        place: crate::census::position::in_words(&app.register.territory, lon, lat),
        point: crate::census::position::in_figures(lat, lon),
        given: given(&revision),
        sections: sections(choices, &revision),
        findings: form::finding_views(&findings, &draft),
        missing: form::missing_views(&record.missing_to_submit()),
        neighbours: form::near_views(&neighbours),
        site: record.text(Field::Sito).to_owned(),
        site_page: None,
        merges: Vec::new(),
        history: written(choices, &history),
        verdict: None,
    }
}

/// The merges of a device, for both owners.
async fn merges(
    app: &App,
    viewer: &Viewer,
    choices: &Choices,
    device: Uuid,
) -> Result<Vec<Merged>, Error> {
    let known = app.register.merges_of(viewer, device).await?;
    let merged = known.into_iter().map(|known| {
        let one = known.decision;
        let pair = [one.first.device, one.second.device];
        let absorbed = one.second.device == device;
        let other = if absorbed { one.first } else { one.second };
        Merged {
            absorbed,
            other: format!("{} di {}", other.code, choices.body_name(&other.body)),
            when: clock::words(one.at),
            author: one.author,
            reason: one.reason,
            address: if known.comparable {
                format!("/doppioni/{}/{}", pair[0], pair[1])
            } else {
                String::new()
            },
        }
    });
    Ok(merged.collect())
}

/// The values a person would read, section by section; those nobody stated are left out.
fn sections(choices: &Choices, revision: &Revision) -> Vec<Group> {
    Section::ALL
        .into_iter()
        .map(|section| Group {
            id: section.anchor(),
            title: section.label(),
            facts: form::attributes(section)
                .map(|attribute| Fact {
                    label: attribute.label,
                    value: choices.words(revision, attribute.field),
                })
                .filter(|fact| !fact.value.is_empty())
                .collect(),
        })
        .filter(|facts| !facts.facts.is_empty())
        .collect()
}

/// How the point was given, in words.
fn given(revision: &Revision) -> String {
    let how = &revision.provenance;
    let number = |text: &str| text.parse::<f64>().ok();
    let point = [Field::Lat, Field::Lon].map(|field| revision.record.number(field));
    let plain = how.text.split_once("; ");
    let plain = plain.is_some_and(|(lat, lon)| [number(lat), number(lon)] == point);
    // A click on the map and plain degrees say nothing that the point does not.
    if how.text.is_empty() || plain {
        return String::new();
    }
    let accuracy = if how.accuracy_m > 0.0 {
        format!(", a meno di {} m", how.accuracy_m).replace('.', ",")
    } else {
        String::new()
    };
    format!("Scritta come «{}» ({}{accuracy})", how.text, how.crs)
}

fn written(choices: &Choices, history: &[Revision]) -> Vec<Written> {
    history
        .iter()
        .enumerate()
        .map(|(index, revision)| Written {
            number: revision.number,
            when: clock::words(revision.written_at),
            who: revision.author.clone(),
            how: match revision.source {
                crate::census::revision::Source::Form => "dal modulo",
                crate::census::revision::Source::File => "da un file",
                crate::census::revision::Source::Command => "da un comando",
                crate::census::revision::Source::Example => "dato di esempio",
            },
            accepted: revision.accepted,
            changes: history
                .get(index + 1)
                .map(|before| changes(choices, before, revision))
                .unwrap_or_default(),
        })
        .collect()
}

fn changes(choices: &Choices, before: &Revision, after: &Revision) -> Vec<Change> {
    let mut changes: Vec<Change> = after
        .record
        .changes(&before.record)
        .map(|field| Change {
            label: field.attribute().label,
            before: choices.words(before, field),
            after: choices.words(after, field),
        })
        .collect();
    if before.withdrawn != after.withdrawn {
        let words = |withdrawn: bool| {
            if withdrawn {
                "ritirato"
            } else {
                "nel censimento"
            }
        };
        changes.push(Change {
            label: "Censimento",
            before: words(before.withdrawn).to_owned(),
            after: words(after.withdrawn).to_owned(),
        });
    }
    changes
}

/// What a device is called on pages: its code and its name.
#[must_use]
pub fn heading(revision: &Revision) -> String {
    let (code, name) = (
        revision.record.text(Field::Codice),
        revision.record.text(Field::Denominazione),
    );
    if name.is_empty() {
        code.to_owned()
    } else {
        format!("{code} · {name}")
    }
}

/// What the map shows beside itself for a device.
pub async fn panel(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::standpoint(&reader.viewer, raw.as_deref(), &[])?;
    let seen = app.register.device_as(&filter, identifier(&id)?).await?;
    let choices = Choices::of(&app, &reader.viewer).await?;
    let revision = &seen.revision;
    let facts = [
        Field::Funzione,
        Field::Stato,
        Field::StatoScntt,
        Field::Indirizzo,
        Field::Comune,
        Field::Marca,
        Field::Modello,
        Field::Software,
    ]
    .map(|field| Fact {
        label: field.attribute().label,
        value: choices.words(revision, field),
    });
    let panel = Panel {
        query: match seen.past {
            None => String::new(),
            Some(_) => format!("?{}", query::encode(&filter, &[])),
        },
        id: revision.device,
        heading: heading(revision),
        body: choices.body_name(revision.record.text(Field::Ente)),
        facts: facts
            .into_iter()
            .filter(|fact| !fact.value.is_empty())
            .collect(),
        writable: seen.writable,
    };
    Ok(Html(panel).into_response())
}

/// The empty form.
pub async fn new(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Error> {
    let query = Fields::parse(request.uri().query().unwrap_or_default().as_bytes())?;
    query.only(&["ente", "sito"])?;
    may_compile(&reader.viewer)?;
    let mut draft = Draft::default();
    let bodies: Vec<&str> = reader.viewer.bodies().collect();
    if let [only] = bodies.as_slice() {
        draft.set(Field::Ente, *only);
    }
    for name in ["ente", "sito"] {
        if let (Some(field), false) = (Field::named(name), query.get(name).is_empty()) {
            draft.set(field, query.get(name));
        }
    }
    form::show(&app, &reader, &Purpose::New, &draft, None, StatusCode::OK).await
}

/// The form with everything of another device but what is its own: code and serial number.
pub async fn duplicate(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    may_compile(&reader.viewer)?;
    let seen = app
        .register
        .device(&reader.viewer, identifier(&id)?)
        .await?;
    let mut draft = draft_of(&seen.revision);
    draft.confirmed.clear();
    for own in [Field::Codice, Field::Matricola] {
        draft.set(own, "");
    }
    if !reader.viewer.writes(seen.revision.record.text(Field::Ente)) {
        draft.set(Field::Ente, "");
    }
    form::show(&app, &reader, &Purpose::New, &draft, None, StatusCode::OK).await
}

/// The form of a device as it is.
pub async fn edit(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let seen = app
        .register
        .device(&reader.viewer, identifier(&id)?)
        .await?;
    may_change(&seen)?;
    let purpose = purpose_of(&seen.revision);
    let draft = draft_of(&seen.revision);
    form::show(&app, &reader, &purpose, &draft, None, StatusCode::OK).await
}

fn purpose_of(revision: &Revision) -> Purpose {
    Purpose::Edit {
        device: revision.device,
        number: revision.number,
        heading: heading(revision),
    }
}

/// Saves a new device.
pub async fn create(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    may_compile(&writer.signed.viewer)?;
    submit(&app, &writer.signed, &Purpose::New, &writer.fields).await
}

/// Saves a device that is there.
pub async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let seen = app
        .register
        .device(&writer.signed.viewer, identifier(&id)?)
        .await?;
    may_change(&seen)?;
    submit(
        &app,
        &writer.signed,
        &purpose_of(&seen.revision),
        &writer.fields,
    )
    .await
}

/// Applies a proposal, only checks, or saves: whichever button was pressed.
async fn submit(
    app: &App,
    signed: &Signed,
    purpose: &Purpose,
    fields: &Fields,
) -> Result<Response, Error> {
    let mut typed = form::read(fields)?;
    let same = purpose.seen_at(typed.number);
    if let Some(chosen) = &typed.apply {
        let (checked, _) = app
            .register
            .check(&signed.viewer, &typed.draft, purpose.device())
            .await?;
        form::apply(&mut typed.draft, &checked.findings, chosen)?;
        return form::show(app, signed, &same, &typed.draft, None, StatusCode::OK).await;
    }
    if typed.only_check {
        return form::show(app, signed, &same, &typed.draft, None, StatusCode::OK).await;
    }
    let target = match purpose {
        Purpose::New => Target::New,
        Purpose::Edit { device, .. } => Target::Existing {
            device: *device,
            number: typed.number.unwrap_or_default(),
        },
    };
    let source = crate::census::revision::Source::Form;
    match app
        .register
        .save(&signed.viewer, &typed.draft, target, source)
        .await?
    {
        Outcome::Unchanged { device } => {
            Ok(Redirect::to(&format!("/dispositivi/{device}?salvato=uguale")).into_response())
        }
        Outcome::Saved { device, .. } => {
            let how = if target == Target::New {
                "nuovo"
            } else {
                "modifica"
            };
            Ok(Redirect::to(&format!("/dispositivi/{device}?salvato={how}")).into_response())
        }
        Outcome::Refused(checked) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let findings = checked.findings;
            // Who has just been told of a later revision may save over it.
            let told = findings.iter().any(|one| one.code == Code::RowConflict);
            let purpose = if told { purpose } else { &same };
            form::show(app, signed, purpose, &typed.draft, Some(findings), status).await
        }
    }
}

/// What the rules say of the form as it stands, for the script that asks while it is being filled.
pub async fn check(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    may_compile(viewer)?;
    let typed = form::read(&writer.fields)?;
    let (mut checked, around) = app
        .register
        .check(viewer, &typed.draft, typed.device)
        .await?;
    form::spare_the_unwritten(&typed.draft, &mut checked.findings);
    let verdict = LiveView::of(&app, viewer, &checked.record).await?;
    let fragment = Fragment::of(&app, &typed.draft, &checked, &around, verdict);
    Ok(Html(fragment).into_response())
}

/// Takes a device out of the census.
pub async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    set_withdrawn(&app, &id, &writer, true).await
}

/// Puts a device back into the census.
pub async fn restore(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    set_withdrawn(&app, &id, &writer, false).await
}

async fn set_withdrawn(
    app: &App,
    id: &str,
    writer: &Writer,
    withdrawn: bool,
) -> Result<Response, Error> {
    writer.fields.only(&[])?;
    let id = identifier(id)?;
    app.register
        .set_withdrawn(&writer.signed.viewer, id, withdrawn)
        .await?;
    Ok(Redirect::to(&format!("/dispositivi/{id}")).into_response())
}

/// Whether this is the address of the form of a device.
#[must_use]
pub fn has_form(path: &str) -> bool {
    path == "/dispositivi/nuovo"
        || (path.starts_with("/dispositivi/") && path.ends_with("/modifica"))
}

/// Shows again the form that a lost session had interrupted.
pub async fn resume(
    app: &App,
    signed: &Signed,
    path: &str,
    fields: &Fields,
) -> Result<Response, Error> {
    let edited = path
        .strip_prefix("/dispositivi/")
        .and_then(|rest| rest.strip_suffix("/modifica"));
    let purpose = match edited {
        Some(id) => {
            let seen = app.register.device(&signed.viewer, identifier(id)?).await?;
            purpose_of(&seen.revision)
        }
        None if path == "/dispositivi/nuovo" => Purpose::New,
        None => return Ok(Redirect::to("/").into_response()),
    };
    may_compile(&signed.viewer)?;
    let typed = form::read(fields)?;
    let purpose = purpose.seen_at(typed.number);
    form::show_resumed(app, signed, &purpose, &typed.draft).await
}

fn may_change(seen: &Seen) -> Result<(), Error> {
    if seen.writable {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Potete leggere questo dispositivo, ma non modificarlo.",
        ))
    }
}

fn may_compile(viewer: &Viewer) -> Result<(), Error> {
    if viewer.writes_any() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Il vostro ruolo non scrive dispositivi.",
        ))
    }
}

/// The identifier in an address; anything else is a page that is not there.
pub fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questo dispositivo non c’è, oppure non potete vederlo.",
        )
    })
}
