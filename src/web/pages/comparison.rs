//! In what two snapshots, or a snapshot and today, differ.

use super::snapshots::choices;
use crate::census::filter::{Edge, Filter};
use crate::census::snapshot::{Difference, Kind, Snapshot};
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register;
use crate::register::find::{Choice, Names};
use crate::register::snapshot::{Asked, Compared, Line};
use crate::storage::snapshot::Slice;
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

const PATH: &str = "/fotografie/confronta";

/// How the address says that the later moment is now.
const TODAY: &str = "oggi";

/// How many differences a page has.
const PAGE: usize = 50;

/// A value that changed, in words.
#[derive(Debug)]
struct Change {
    label: &'static str,
    before: String,
    after: String,
}

/// A device that differs.
#[derive(Debug)]
struct Row {
    device: Uuid,
    code: String,
    body: String,
    kind: &'static str,
    kind_label: &'static str,
    /// Whether it changed without any value saying something else.
    silent: bool,
    changes: Vec<Change>,
}

/// A body's numbers.
#[derive(Debug)]
struct Numbers {
    name: String,
    href: String,
    before: String,
    after: String,
    added: String,
    removed: String,
    changed: String,
}

/// What two moments come to.
#[derive(Debug)]
struct Outcome {
    before: String,
    before_when: String,
    after: String,
    after_when: String,
    same: bool,
    total: Numbers,
    bodies: Vec<Numbers>,
    fields: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    first: String,
    previous: String,
    next: String,
    words: String,
    csv: String,
}

#[derive(Template)]
#[template(path = "pages/comparison.html")]
struct Comparison {
    page: Page,
    own_only: bool,
    before: String,
    after: String,
    body: String,
    kind: String,
    earlier: Vec<Choice>,
    later: Vec<Choice>,
    bodies: Vec<Choice>,
    kinds: Vec<Choice>,
    outcome: Option<Outcome>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["prima", "dopo", "ente", "tipo", "oltre", "indietro"])?;
    let viewer = &reader.viewer;
    let asked = asked(&reader, &query)?;
    let slice = slice(&query)?;
    let compared = match &asked {
        Some(asked) => Some(app.register.compare(viewer, asked, &slice).await?),
        None => None,
    };
    let earlier = choices(&app.register.snapshots(viewer).await?);
    let mut later = vec![Choice {
        code: TODAY.to_owned(),
        label: "Oggi".to_owned(),
    }];
    later.extend(earlier.clone());
    let named = |one: &Line| Choice {
        code: one.code.clone(),
        label: one.name.clone(),
    };
    let bodies = compared.iter().flat_map(|one| one.bodies.iter().map(named));
    let kind = |kind: Kind| Choice {
        code: kind.name().to_owned(),
        label: kind.label().to_owned(),
    };
    let after = query.get("dopo");
    Ok(Html(Comparison {
        page: Page::new(&app, Some(&reader), "Confronto di fotografie", "fotografie"),
        own_only: !viewer.reads_all(),
        before: query.get("prima").to_owned(),
        after: if after.is_empty() { TODAY } else { after }.to_owned(),
        body: query.get("ente").to_owned(),
        kind: query.get("tipo").to_owned(),
        earlier,
        later,
        bodies: bodies.collect(),
        kinds: Kind::ALL.map(kind).into(),
        outcome: compared.map(|compared| outcome(&query, &slice, compared)),
    })
    .into_response())
}

/// The differences as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["prima", "dopo", "ente"])?;
    let asked = asked(&reader, &query)?.ok_or_else(|| {
        Error::bad_request("Dite quale fotografia confrontare: manca il parametro «prima».")
    })?;
    let mut content = tempfile::tempfile().map_err(register::Error::Write)?;
    let sink = content.try_clone().map_err(register::Error::Write)?;
    app.register
        .write_differences(&reader.viewer, &asked, sink)
        .await?;
    content.rewind().map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"differenze.csv\"",
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// What is to be compared; nothing when no snapshot is named.
fn asked(reader: &Reader, query: &Fields) -> Result<Option<Asked>, Error> {
    let id = |name: &str| {
        let text = query.get(name);
        Uuid::parse_str(text).map_err(|_shape| query::refused(name, text))
    };
    if query.get("prima").is_empty() {
        return Ok(None);
    }
    let mut filter = Filter::of(&reader.viewer);
    filter.take("ente", query.get("ente"))?;
    Ok(Some(Asked {
        before: id("prima")?,
        after: match query.get("dopo") {
            "" | TODAY => None,
            _ => Some(id("dopo")?),
        },
        body: filter.wanted(Field::Ente).to_owned(),
    }))
}

fn slice(query: &Fields) -> Result<Slice, Error> {
    let key = |name: &str| match query.get(name) {
        "" => Ok(None),
        text => serde_json::from_str::<[String; 3]>(text)
            .ok()
            .filter(|[_, _, device]| Uuid::parse_str(device).is_ok())
            .filter(|key| key.iter().all(|part| !part.contains('\0')))
            .map(Some)
            .ok_or_else(|| query::refused(name, text)),
    };
    let kind = match query.get("tipo") {
        "" => None,
        text => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
            Some(kind.ok_or_else(|| query::refused("tipo", text))?)
        }
    };
    Ok(Slice {
        kind,
        from: match (key("oltre")?, key("indietro")?) {
            (Some(key), _) => Some((Edge::After, key)),
            (None, Some(key)) => Some((Edge::Before, key)),
            (None, None) => None,
        },
        size: Some(PAGE),
    })
}

fn outcome(query: &Fields, slice: &Slice, compared: Compared) -> Outcome {
    let turn = |there: bool, name: &str, row: Option<&([String; 3], Difference)>| {
        let key = row.and_then(|(key, _)| serde_json::to_string(key).ok());
        match key.filter(|_| there) {
            Some(key) => address(PATH, query, &[(name, &key)]),
            None => String::new(),
        }
    };
    let when = |snapshot: &Snapshot| clock::words(snapshot.at);
    let after = compared.after.as_ref();
    let tally = &compared.total.tally;
    let all = match slice.kind {
        None => tally.added + tally.removed + tally.changed,
        Some(Kind::Added) => tally.added,
        Some(Kind::Removed) => tally.removed,
        Some(Kind::Changed) => tally.changed,
    };
    let numbers = |line: &Line| numbers(query, line);
    let fields = compared.fields.iter();
    Outcome {
        first: if slice.from.is_some() {
            address(PATH, query, &[])
        } else {
            String::new()
        },
        previous: turn(compared.more_before, "indietro", compared.page.first()),
        next: turn(compared.more_after, "oltre", compared.page.last()),
        words: format!("{} su {}", compared.page.len(), query::figure(all)),
        csv: file(query),
        before_when: when(&compared.before),
        after_when: after.map(when).unwrap_or_default(),
        after: after.map_or_else(|| "Oggi".to_owned(), |after| after.name.clone()),
        before: compared.before.name.clone(),
        same: tally.added + tally.removed + tally.changed == 0,
        total: numbers(&compared.total),
        bodies: compared.bodies.iter().map(numbers).collect(),
        fields: fields
            .map(|(field, number)| (field.attribute().label, query::figure(*number)))
            .collect(),
        rows: compared
            .page
            .iter()
            .map(|(_, difference)| row(&compared.names, difference))
            .collect(),
    }
}

fn numbers(query: &Fields, line: &Line) -> Numbers {
    Numbers {
        name: line.name.clone(),
        href: address(PATH, query, &[("ente", &line.code)]),
        before: query::figure(line.before),
        after: query::figure(line.after),
        added: query::figure(line.tally.added),
        removed: query::figure(line.tally.removed),
        changed: query::figure(line.tally.changed),
    }
}

fn row(names: &Names, difference: &Difference) -> Row {
    let last = difference.last();
    let words = |revision: &crate::census::revision::Revision, field: Field| {
        if matches!(field, Field::Ente | Field::Comune) {
            names.words(field, revision.record.text(field))
        } else {
            revision.record.words(field)
        }
    };
    let changes = difference.fields();
    Row {
        silent: difference.kind() == Kind::Changed && changes.is_empty(),
        device: last.device,
        code: last.record.text(Field::Codice).to_owned(),
        body: names.words(Field::Ente, last.record.text(Field::Ente)),
        kind: match difference.kind() {
            Kind::Added => "in_esercizio",
            Kind::Removed => "guasto",
            Kind::Changed => "in_installazione",
        },
        kind_label: difference.kind().label(),
        changes: changes
            .into_iter()
            .map(|(field, before, after)| Change {
                label: field.attribute().label,
                before: words(before, field),
                after: words(after, field),
            })
            .collect(),
    }
}

/// The same comparison with other parameters, from its beginning unless they say otherwise.
fn address(path: &str, query: &Fields, other: &[(&str, &str)]) -> String {
    let mut fields = Fields::default();
    for name in ["prima", "dopo", "ente", "tipo"] {
        let value = query.get(name);
        if !value.is_empty() && other.iter().all(|(own, _)| *own != name) {
            fields.push(name, value);
        }
    }
    for (name, value) in other.iter().filter(|(_, value)| !value.is_empty()) {
        fields.push(name, value);
    }
    format!("{path}?{}", fields.encode())
}

fn file(query: &Fields) -> String {
    address(&format!("{PATH}/differenze.csv"), query, &[("tipo", "")])
}
