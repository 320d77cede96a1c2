//! The history: who did what, when; all of it for whoever reads everything, for an officer what
//! concerns their own bodies.

use crate::census::edition::Kind;
use crate::census::filter::{Edge, unknown};
use crate::census::journal::{Act, Record};
use crate::census::moment;
use crate::census::person::Viewer;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register;
use crate::register::find::{Choice, Names};
use crate::register::history::{FILE, Found};
use crate::storage::journal::Wanted;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::io::Seek;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

const PATH: &str = "/storia";

/// The filters of the page.
const FILTERS: [&str; 6] = ["tipo", "persona", "ente", "oggetto", "dal", "al"];

/// The filters, and from where a page goes on.
const KNOWN: [&str; 8] = [
    "tipo", "persona", "ente", "oggetto", "dal", "al", "dopo", "prima",
];

/// A record as a row.
#[derive(Debug)]
struct Row {
    number: String,
    when: String,
    who: String,
    what: String,
    body: String,
    object: String,
    href: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "pages/history.html")]
struct History {
    page: Page,
    acts: Vec<Choice>,
    bodies: Vec<Choice>,
    kind: String,
    person: String,
    body: String,
    subject: String,
    from: String,
    to: String,
    filtered: bool,
    rows: Vec<Row>,
    first: String,
    previous: String,
    next: String,
    words: String,
    file: String,
    everything: bool,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let fields = read(raw.as_deref(), &KNOWN)?;
    let wanted = wanted(&fields)?;
    let from = from(&fields)?;
    let found = app.register.history(&reader.viewer, &wanted, from).await?;
    let text = |name| fields.get(name).to_owned();
    let when = |wanted: bool, href: String| if wanted { href } else { String::new() };
    let to = |name: &str, record: Option<&Record>| {
        record.map_or_else(String::new, |record| {
            address(PATH, &fields, &[(name, &record.number.to_string())])
        })
    };
    let page = Page::new(&app, Some(&reader), "Storia", "storia");
    Ok(Html(History {
        page,
        acts: Act::ALL
            .iter()
            .map(|act| Choice {
                code: act.name().to_owned(),
                label: act.label().to_owned(),
            })
            .collect(),
        rows: rows(&reader.viewer, &found),
        first: when(from.is_some(), address(PATH, &fields, &[])),
        previous: when(found.before, to("prima", found.records.first())),
        next: when(found.after, to("dopo", found.records.last())),
        words: format!(
            "{} in questa pagina",
            query::many(found.records.len(), "un record", "record")
        ),
        bodies: found.bodies,
        kind: text("tipo"),
        person: text("persona"),
        body: text("ente"),
        subject: text("oggetto"),
        from: text("dal"),
        to: text("al"),
        filtered: FILTERS.iter().any(|name| !fields.get(name).is_empty()),
        file: address("/storia.csv", &fields, &[]),
        everything: reader.viewer.reads_all(),
    })
    .into_response())
}

/// The file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let wanted = wanted(&read(raw.as_deref(), &FILTERS)?)?;
    let mut file = tempfile::tempfile().map_err(register::Error::Write)?;
    app.register
        .history_file(&reader.viewer, &wanted, &mut file)
        .await?;
    file.rewind().map_err(register::Error::Write)?;
    let length = file.metadata().map_err(register::Error::Write)?.len();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{FILE}\""),
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(file));
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// The parameters of an address; one that is not known is refused and named.
fn read(raw: Option<&str>, known: &[&'static str]) -> Result<Fields, Error> {
    let fields = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    let stray = fields.iter().find(|(name, _)| !known.contains(name));
    if let Some((name, _)) = stray {
        return Err(unknown(name, known).into());
    }
    Ok(fields)
}

fn wanted(fields: &Fields) -> Result<Wanted, Error> {
    let act = fields.get("tipo");
    if !act.is_empty() && Act::ALL.iter().all(|one| one.name() != act) {
        return Err(query::refused("tipo", act));
    }
    let text = |name| -> Result<String, Error> {
        let text = fields.get(name);
        if text.chars().count() > 200 || text.chars().any(char::is_control) {
            return Err(query::refused(name, text));
        }
        Ok(text.to_owned())
    };
    // A date is its beginning for the first day, and its end for the last.
    let begins = |text: &str| match moment::date(text) {
        Some(date) => moment::start_of(date),
        None => moment::parse(text),
    };
    let instant = |name, read: &dyn Fn(&str) -> Option<i64>| match fields.get(name) {
        "" => Ok(None),
        text => read(text)
            .map(Some)
            .ok_or_else(|| query::refused(name, text)),
    };
    Ok(Wanted {
        act: act.to_owned(),
        account: text("persona")?,
        body: text("ente")?,
        subject: text("oggetto")?,
        from: instant("dal", &begins)?,
        to: instant("al", &moment::parse)?,
        scope: None,
    })
}

fn from(fields: &Fields) -> Result<Option<(Edge, i64)>, Error> {
    for (name, edge) in [("dopo", Edge::After), ("prima", Edge::Before)] {
        let text = fields.get(name);
        if !text.is_empty() {
            let number = text.parse().map_err(|_shape| query::refused(name, text))?;
            return Ok(Some((edge, number)));
        }
    }
    Ok(None)
}

/// The address of a page with the filters in use, and one more parameter.
fn address(path: &str, fields: &Fields, more: &[(&str, &str)]) -> String {
    let mut all = Fields::default();
    for name in FILTERS {
        if !fields.get(name).is_empty() {
            all.push(name, fields.get(name));
        }
    }
    for (name, value) in more {
        all.push(name, value);
    }
    let query = all.encode();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

fn rows(viewer: &Viewer, found: &Found) -> Vec<Row> {
    let row = |record| row(viewer, record, &found.names);
    found.records.iter().map(row).collect()
}

fn row(viewer: &Viewer, record: &Record, names: &Names) -> Row {
    let (object, href) = object(viewer, record);
    Row {
        number: query::figure(record.number),
        when: clock::local(record.at)
            .strftime("%d/%m/%Y %H:%M:%S")
            .to_string(),
        who: record.account.clone(),
        what: record.label().to_owned(),
        body: record
            .body
            .as_deref()
            .map_or_else(String::new, |body| names.words(Field::Ente, body)),
        object,
        href,
        detail: record.detail.clone(),
    }
}

/// Where the edition is shown whose kind a detail begins with.
fn folder_of_edition(detail: &str) -> Option<&'static str> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| detail.starts_with(kind.label()))?;
    Some(kind.name())
}

/// What a record is about, and where that is shown to this person.
fn object(viewer: &Viewer, record: &Record) -> (String, String) {
    let act = Act::ALL.iter().find(|act| act.name() == record.act);
    if Uuid::parse_str(&record.subject).is_err() {
        return (record.subject.clone(), String::new());
    }
    let of_a_body = matches!(
        act,
        Some(
            Act::AdhesionRecorded
                | Act::ActRecorded
                | Act::SeatRecorded
                | Act::ContactChanged
                | Act::Declared
                | Act::DueSet
                | Act::Reminded
                | Act::ReminderFailed
        )
    );
    if of_a_body {
        let body = record.body.as_deref().unwrap_or_default();
        return ("ente".to_owned(), format!("/enti/{body}"));
    }
    let (name, folder) = match act {
        Some(Act::Imported | Act::ImportUndone | Act::BatchAbandoned) => ("file", "importa"),
        Some(Act::SiteChanged | Act::SiteRead) => ("sito", "siti"),
        Some(Act::Exported) => ("documento", "documenti"),
        Some(Act::ReferenceLoaded | Act::ReferenceWithdrawn) => ("livello", "riferimenti"),
        Some(Act::EditionLoaded | Act::EditionInForce) => (
            "edizione",
            folder_of_edition(&record.detail).unwrap_or("criteri"),
        ),
        Some(Act::SnapshotTaken) => ("fotografia", "fotografie"),
        Some(Act::Refused) | None => return (record.subject.clone(), String::new()),
        Some(Act::Read) if record.body.is_none() => match folder_of_edition(&record.detail) {
            Some(folder) => ("edizione", folder),
            None => ("livello", "riferimenti"),
        },
        Some(_) => ("dispositivo", "dispositivi"),
    };
    let hidden = folder == "importa" && !viewer.writes_any();
    let href = format!("/{folder}/{}", record.subject);
    (name.to_owned(), if hidden { String::new() } else { href })
}
