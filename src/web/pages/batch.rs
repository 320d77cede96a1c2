//! One file on its way in: what was understood of it, what its rows would do, what there is to
//! decide; and, once it is in the census, how to take it back.
//!
//! What a person changes sets the work going again, and the page waits a moment for its end, so that
//! a small file is never seen being worked at.

pub mod reading;
pub mod rows;

use super::import::{may_import, set_to_work, systems};
use crate::census::batch::{Fate, State as Stage};
use crate::census::finding::CODES;
use crate::census::revision::Source;
use crate::census::vocabulary::{Field, Term, fold};
use crate::clock;
use crate::exchange::columns::Swap;
use crate::exchange::csv::write_table;
use crate::exchange::source::Format;
use crate::exchange::workbook::{TextsWriter, WorkbookError};
use crate::register::batch::{Seen, SeenRow};
use crate::register::find::Choice;
use crate::register::staged::{Kept, Note, Orders};
use crate::register::{self, Register};
use crate::storage::batch::Wanted;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::StreamExt as _;
use futures_util::stream;
use reading::Reading;
use rows::{Asked, Table};
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use uuid::Uuid;

/// How long a page waits for the end of a work before it shows how far it is.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// How many points the map shows.
const POINTS: i64 = 20_000;

/// How many rejected rows are read together.
const TOGETHER: i64 = 1_000;

/// What a row is counted under, with a link to the rows of the kind.
#[derive(Debug)]
struct Tally {
    fate: &'static str,
    label: &'static str,
    number: String,
    /// Empty when there are none to show.
    href: String,
    chosen: bool,
}

/// A rule that spoke of rows.
#[derive(Debug)]
struct Spoken {
    code: String,
    severity: String,
    severity_label: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    rows: String,
    href: String,
    /// What the button says; empty when there is nothing to accept at once.
    accept: String,
}

/// What was found of the file as a whole.
#[derive(Debug)]
struct About {
    severity: String,
    severity_label: &'static str,
    message: String,
}

/// A value of the file that its list does not have, or that a person said how to read.
#[derive(Debug)]
struct Match {
    field: String,
    label: &'static str,
    value: String,
    rows: String,
    terms: &'static [Term],
    chosen: String,
    emptied: bool,
}

/// What was written, or would be.
#[derive(Debug)]
struct Done {
    words: String,
    devices: String,
    undoable: bool,
    /// By whom and when it was undone; empty when it was not.
    undone: String,
    kept: Vec<KeptView>,
    kept_words: String,
}

/// A device that undoing leaves as it is.
#[derive(Debug)]
struct KeptView {
    href: String,
    codice: String,
    words: String,
}

#[derive(Template)]
#[template(path = "pages/batch.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the template shows or not"
)]
struct BatchPage {
    page: Page,
    id: Uuid,
    name: String,
    state: &'static str,
    state_label: &'static str,
    sent: String,
    problem: String,
    ready: bool,
    failed: bool,
    abandoned: bool,
    writable: bool,
    tallies: Vec<Tally>,
    confirm: String,
    good: String,
    stopping: String,
    done: Option<Done>,
    undoes: String,
    about: Vec<About>,
    /// How many of those are only to be known.
    notes: usize,
    spoken: Vec<Spoken>,
    matches: Vec<Match>,
    reading: Option<Reading>,
    table: Table,
    mapped: bool,
    fates: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "pages/batch_progress.html")]
struct ProgressPage {
    page: Page,
    id: Uuid,
    name: String,
    writable: bool,
    now: Now,
}

#[derive(Template)]
#[template(path = "pages/batch_progress_now.html")]
struct ProgressNow {
    now: Now,
}

#[derive(Template)]
#[template(path = "pages/batch_undo.html")]
struct UndoPage {
    page: Page,
    id: Uuid,
    name: String,
    back: String,
    none: bool,
    kept: Vec<KeptView>,
    kept_words: String,
}

/// How far the work is, in words.
#[derive(Debug)]
struct Now {
    over: bool,
    doing: &'static str,
    /// Whether it is this process that works.
    here: bool,
    /// The share that is done; nothing while the whole file is looked at for the first time.
    percent: Option<u8>,
    rows: String,
    rate: String,
    left: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    may_import(&reader)?;
    let asked = Asked::read(raw.as_deref().unwrap_or_default())?;
    let seen = settled(&app, &reader, identifier(&id)?).await?;
    show(&app, &reader, seen, &asked, None).await
}

/// How far the work is, for the script that asks.
pub async fn progress(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    may_import(&reader)?;
    let seen = app.register.batch(&reader.viewer, identifier(&id)?).await?;
    let now = now(&seen);
    Ok(Html(ProgressNow { now }).into_response())
}

/// Where the rows would be, as `GeoJSON` in degrees WGS 84, east before north.
pub async fn points(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    may_import(&reader)?;
    let id = identifier(&id)?;
    let points = app.register.batch_points(&reader.viewer, id, POINTS);
    let features: Vec<serde_json::Value> = points
        .await?
        .into_iter()
        .map(|(record, fate, lon, lat)| {
            serde_json::json!({
                "type": "Feature",
                "properties": { "riga": record, "esito": fate },
                "geometry": { "type": "Point", "coordinates": [lon, lat] },
            })
        })
        .collect();
    let collection = serde_json::json!({ "type": "FeatureCollection", "features": features });
    let kind = (header::CONTENT_TYPE, "application/geo+json");
    Ok(([kind], collection.to_string()).into_response())
}

/// The rows that cannot come in, as a table with what is wrong of each: the same columns, so that it
/// can be mended and sent again.
pub async fn rejects(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    may_import(&reader)?;
    let id = identifier(&id)?;
    let seen = app.register.batch(&reader.viewer, id).await?;
    let columns = seen.summary.columns.iter();
    let mut head: Vec<Cow<str>> = columns.map(|one| Cow::from(one.header.clone())).collect();
    let rest = Rejects {
        register: app.register.clone(),
        signed: reader,
        id,
        columns: head.len(),
        fate: Fate::Rejected,
        after: 0,
    };
    head.extend(["esito", "errore", "proposta"].map(Cow::from));
    let format = seen.summary.detected.as_ref().map(|file| file.format);
    if matches!(format, Some(Format::Xlsx | Format::Ods)) {
        return rest.workbook(&head).await;
    }
    let mut first = Vec::new();
    write_table(&mut first, true, [head]).map_err(register::Error::Write)?;
    let rows = stream::try_unfold(rest, Rejects::piece);
    let body = stream::once(async move { Ok::<_, io::Error>(first) }).chain(rows);
    Ok(download(
        "text/csv; charset=utf-8",
        "csv",
        Body::from_stream(Box::pin(body)),
    ))
}

fn download(kind: &'static str, ending: &str, body: Body) -> Response {
    let name = format!("attachment; filename=\"righe-da-correggere.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, body).into_response()
}

/// Where the writing of the rejected rows has come to.
struct Rejects {
    register: Register,
    signed: Reader,
    id: Uuid,
    columns: usize,
    fate: Fate,
    after: i64,
}

impl Rejects {
    /// The next rows: first those with errors, then those in conflict.
    async fn page(&mut self) -> Result<Vec<SeenRow>, register::Error> {
        loop {
            let wanted = Wanted {
                fate: Some(self.fate),
                ..Wanted::default()
            };
            let viewer = &self.signed.viewer;
            let rows = self
                .register
                .batch_rows(viewer, self.id, &wanted, self.after, TOGETHER)
                .await?;
            if let Some(last) = rows.last() {
                self.after = last.row.record;
                return Ok(rows);
            }
            if self.fate == Fate::Conflict {
                return Ok(rows);
            }
            (self.fate, self.after) = (Fate::Conflict, 0);
        }
    }

    /// The next rows as a piece of a CSV.
    async fn piece(mut self) -> io::Result<Option<(Vec<u8>, Self)>> {
        let rows = self.page().await.map_err(io::Error::other)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let rows = rows.iter().map(|row| reject(row, self.columns));
        write_table(&mut piece, false, rows)?;
        Ok(Some((piece, self)))
    }

    /// All rows as a workbook, for whoever sent a spreadsheet.
    async fn workbook(mut self, head: &[Cow<'_, str>]) -> Result<Response, Error> {
        let cannot = |error: WorkbookError| register::Error::Invalid(error.to_string());
        let mut book = TextsWriter::new().map_err(cannot)?;
        book.row(head.iter().map(AsRef::as_ref)).map_err(cannot)?;
        loop {
            let rows = self.page().await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let cells = reject(row, self.columns);
                book.row(cells.iter().map(AsRef::as_ref)).map_err(cannot)?;
            }
        }
        let mut file = Vec::new();
        book.finish(&mut file).map_err(cannot)?;
        Ok(download(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            Body::from(file),
        ))
    }
}

fn reject(row: &SeenRow, columns: usize) -> Vec<Cow<'_, str>> {
    let mut cells: Vec<Cow<str>> = row.cells.iter().map(|cell| Cow::from(&**cell)).collect();
    cells.resize(columns.max(cells.len()), Cow::from(""));
    let errors = row.judgement.findings.iter();
    let errors = errors.filter(|note| note.severity == "error");
    let (mut messages, mut offers) = (Vec::new(), Vec::new());
    for note in errors {
        messages.push(note.message.clone());
        offers.extend(note.proposals.iter().map(register::staged::Offer::words));
    }
    cells.extend([
        Cow::from(row.row.fate.label()),
        Cow::from(messages.join(" ")),
        Cow::from(offers.join(" oppure ")),
    ]);
    cells
}

/// Says how the file is to be read.
pub async fn reading(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &reading::FIELDS)?;
    let fields = writer.fields.clone();
    let change = |orders: &mut Orders| reading::read(orders, &fields);
    reorder(&app, &writer, id, change).await
}

/// Says what the columns are, and what stands where the file has none.
pub async fn columns(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &["colonna", "attributo", "fisso", "valore"])?;
    let seen = app.register.batch(&writer.signed.viewer, id).await?;
    let fields = writer.fields.clone();
    let change = |orders: &mut Orders| reading::map(orders, &seen.summary, &fields);
    reorder(&app, &writer, id, change).await
}

/// Says how values are to be read that their lists do not have.
pub async fn values(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &["campo", "da", "a"])?;
    let fields = writer.fields.clone();
    let change = |orders: &mut Orders| {
        let pairs = fields.all("campo").zip(fields.all("da"));
        for ((field, from), to) in pairs.zip(fields.all("a")) {
            swap(orders, field, from, to);
        }
        Ok(())
    };
    reorder(&app, &writer, id, change).await
}

/// What the select of a value says when it is to be no value.
const EMPTIED: &str = "-";

fn swap(orders: &mut Orders, field: &str, from: &str, to: &str) {
    let from = fold(from);
    let values = &mut orders.scheme.values;
    values.retain(|known| known.field != field || fold(&known.from) != from);
    if !to.is_empty() {
        values.push(Swap {
            field: field.to_owned(),
            from,
            to: if to == EMPTIED { "" } else { to }.to_owned(),
        });
    }
}

async fn reorder(
    app: &App,
    writer: &Writer,
    id: Uuid,
    change: impl FnOnce(&mut Orders) -> register::Result<()>,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let outcome = app.register.reorder(viewer, id, change).await;
    after(app, &writer.signed, id, outcome).await
}

/// Takes the single proposal of every row of which a rule spoke.
pub async fn accept(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &["codice"])?;
    let code = writer.fields.get("codice");
    let outcome = app.register.accept(&writer.signed.viewer, id, code).await;
    after(&app, &writer.signed, id, outcome.map(|_rows| ())).await
}

/// Has the rows written: all, or the good ones.
pub async fn confirm(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &["parziale"])?;
    let partial = writer.fields.get("parziale") == "si";
    let viewer = &writer.signed.viewer;
    let outcome = app.register.confirm(viewer, id, partial).await;
    after(&app, &writer.signed, id, outcome).await
}

/// Gives the file up.
pub async fn abandon(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &[])?;
    let outcome = app.register.abandon(&writer.signed.viewer, id).await;
    after(&app, &writer.signed, id, outcome).await
}

/// Asks whether to undo, with what that would do.
pub async fn undo_asked(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    may_import(&reader)?;
    let id = identifier(&id)?;
    let seen = app.register.batch(&reader.viewer, id).await?;
    if seen.batch.state != Stage::Confirmed || seen.batch.undoes.is_some() || !seen.writable {
        return Ok(Redirect::to(&address(id)).into_response());
    }
    let (back, kept, named) = app.register.undo_would(&reader.viewer, id).await?;
    let page = Page::new(&app, Some(&reader), "Annulla l’importazione", "importa");
    Ok(Html(UndoPage {
        page,
        id,
        name: seen.batch.name,
        back: query::counted(back, "dispositivo", "dispositivi"),
        none: back == 0,
        kept: named.iter().map(kept_view).collect(),
        kept_words: kept_words(kept),
    })
    .into_response())
}

/// Takes back what the file wrote.
pub async fn undo(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &[])?;
    let outcome = app.register.undo(&writer.signed.viewer, id).await;
    after(&app, &writer.signed, id, outcome.map(|_batch| ())).await
}

/// The identifier of the batch that a form is about, once the form is ours and has only these
/// fields.
pub fn taken(writer: &Writer, id: &str, known: &[&'static str]) -> Result<Uuid, Error> {
    may_import(&writer.signed)?;
    writer.fields.only(known)?;
    identifier(id)
}

/// Sets the work going and shows the batch; or the batch with why something was not done.
async fn after(
    app: &App,
    signed: &Signed,
    id: Uuid,
    outcome: register::Result<()>,
) -> Result<Response, Error> {
    match outcome {
        Ok(()) => {
            set_to_work(app);
            Ok(Redirect::to(&address(id)).into_response())
        }
        Err(register::Error::Invalid(message)) => {
            let seen = settled(app, signed, id).await?;
            show(app, signed, seen, &Asked::default(), Some(message)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The page of a batch.
#[must_use]
pub fn address(id: Uuid) -> String {
    format!("/importa/{id}")
}

/// The identifier in an address; anything else is a page that is not there.
pub fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questa importazione non c’è, oppure non potete vederla.",
        )
    })
}

/// A batch, after a moment of waiting for the end of the work at it.
pub async fn settled(app: &App, signed: &Signed, id: Uuid) -> Result<Seen, Error> {
    let viewer = &signed.viewer;
    let seen = app.register.batch(viewer, id).await?;
    if !seen.batch.state.is_work() {
        return Ok(seen);
    }
    set_to_work(app);
    match tokio::time::timeout(PATIENCE, app.register.settled_batch(viewer, id)).await {
        Ok(seen) => Ok(seen?),
        Err(_still_at_it) => Ok(app.register.batch(viewer, id).await?),
    }
}

/// How far the work at a batch is.
#[must_use]
pub fn at_work(app: &App, signed: &Signed, seen: &Seen) -> Response {
    let title = format!("Importazione di {}", seen.batch.name);
    let page = Page::new(app, Some(signed), &title, "importa");
    Html(ProgressPage {
        page,
        id: seen.batch.id,
        name: seen.batch.name.clone(),
        writable: seen.writable,
        now: now(seen),
    })
    .into_response()
}

fn now(seen: &Seen) -> Now {
    let done = seen.doing;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share and a rate, neither negative nor large"
    )]
    let whole = |number: f64| number.clamp(0.0, 1e12).round() as u64;
    Now {
        over: !seen.batch.state.is_work(),
        doing: match seen.batch.state {
            Stage::Reading => "Leggiamo il file e controlliamo ogni riga.",
            Stage::Judging => "Ricontrolliamo le righe con quello che avete cambiato.",
            Stage::Confirming => "Scriviamo le righe nel censimento: tutte insieme, o nessuna.",
            _ => "Fatto.",
        },
        here: done.is_some(),
        percent: done.filter(|done| done.share > 0.0).map(|done| {
            u8::try_from(whole(done.share * 100.0)).map_or(100, |share| share.min(100))
        }),
        rows: done.map_or_else(String::new, |done| {
            query::counted(done.rows, "riga", "righe")
        }),
        rate: done
            .filter(|done| done.rows > 0)
            .map_or_else(String::new, |done| {
                query::counted(whole(done.rate), "riga al secondo", "righe al secondo")
            }),
        left: done
            .filter(|done| done.share > 0.0)
            .map_or_else(String::new, |done| time_left(whole(done.left))),
    }
}

fn time_left(seconds: u64) -> String {
    match seconds {
        0..10 => "pochi secondi".to_owned(),
        10..60 => format!("circa {} secondi", seconds.next_multiple_of(10)),
        60..90 => "circa un minuto".to_owned(),
        _ => format!(
            "circa {} minuti",
            query::counted((seconds + 30) / 60, "", "").trim()
        ),
    }
}

async fn show(
    app: &App,
    signed: &Signed,
    seen: Seen,
    asked: &Asked,
    refusal: Option<String>,
) -> Result<Response, Error> {
    if seen.batch.state.is_work() {
        return Ok(at_work(app, signed, &seen));
    }
    let title = format!("Importazione di {}", seen.batch.name);
    let mut page = Page::new(app, Some(signed), &title, "importa");
    let mut status = StatusCode::OK;
    if let Some(message) = refusal {
        page = page.with_notice("danger", message);
        status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    let batch = &seen.batch;
    let ready = batch.state == Stage::Ready;
    let writable = seen.writable && ready;
    let failed = batch.state == Stage::Failed;
    let table = Table::of(app, signed, &seen, asked, writable).await?;
    let reading = if seen.writable && (ready || failed) && batch.source == Source::File {
        let bodies = writable_bodies(app, signed).await?;
        Some(Reading::of(&seen, bodies, systems()))
    } else {
        None
    };
    let summary = &seen.summary;
    let view = BatchPage {
        id: batch.id,
        name: batch.name.clone(),
        state: batch.state.name(),
        state_label: if batch.undoes.is_some() {
            "Annullamento"
        } else {
            batch.state.label()
        },
        sent: sent(&seen),
        problem: batch.problem.clone(),
        ready,
        failed,
        abandoned: batch.state == Stage::Abandoned,
        writable,
        tallies: tallies(&seen, asked, &table),
        confirm: would(&seen),
        good: match summary.written() {
            1 => "la riga buona".to_owned(),
            number => format!("le {}", query::counted(number, "", "righe buone")),
        },
        stopping: match summary.stopping() {
            0 => String::new(),
            1 => "1 riga non si può importare".to_owned(),
            number => format!(
                "{} non si possono importare",
                query::counted(number, "", "righe")
            ),
        },
        done: done(app, signed, &seen).await?,
        undoes: batch.undoes.map(address).unwrap_or_default(),
        about: summary.findings.iter().map(about).collect(),
        notes: summary
            .findings
            .iter()
            .filter(|note| note.severity == "info")
            .count(),
        spoken: spoken(&seen, writable),
        matches: if writable { matches(&seen) } else { Vec::new() },
        reading,
        mapped: table.any && summary.rows > 0,
        fates: Fate::ALL
            .into_iter()
            .map(|fate| Choice {
                code: fate.name().to_owned(),
                label: fate.label().to_owned(),
            })
            .collect(),
        table,
        page,
    };
    Ok((status, Html(view)).into_response())
}

async fn writable_bodies(app: &App, signed: &Signed) -> Result<Vec<Choice>, Error> {
    let bodies = app.register.catalogue().await?.bodies.into_iter();
    let mut bodies: Vec<Choice> = bodies
        .filter(|body| signed.viewer.writes(&body.code))
        .map(|body| Choice {
            code: body.code,
            label: body.name,
        })
        .collect();
    bodies.sort_by_cached_key(|body| fold(&body.label));
    Ok(bodies)
}

fn sent(seen: &Seen) -> String {
    let batch = &seen.batch;
    let how = match batch.source {
        Source::Command => "Importato con il comando «varco import» da",
        _ if batch.undoes.is_some() => "Chiesto da",
        _ => "Inviato da",
    };
    format!("{how} {}, {}", batch.author, clock::words(batch.created_at))
}

fn tallies(seen: &Seen, asked: &Asked, table: &Table) -> Vec<Tally> {
    let labels = [
        (Fate::New, "Nuove"),
        (Fate::Changed, "Modificate"),
        (Fate::Unchanged, "Invariate"),
        (Fate::Rejected, "Con errori"),
        (Fate::Conflict, "In conflitto"),
        (Fate::LeftOut, "Escluse"),
    ];
    let tally = |(fate, label): (Fate, &'static str)| {
        let number = seen.summary.of(fate);
        Tally {
            fate: fate.name(),
            label,
            number: query::figure(i64::try_from(number).unwrap_or(i64::MAX)),
            href: if number > 0 && table.any {
                Asked::of_fate(fate).address(seen.batch.id)
            } else {
                String::new()
            },
            chosen: asked.wanted.fate == Some(fate),
        }
    };
    if seen.summary.fates.is_empty() {
        return Vec::new();
    }
    labels.into_iter().map(tally).collect()
}

/// What confirming would write: `3 nuove, 2 modificate`; nothing when nothing.
fn would(seen: &Seen) -> String {
    let parts = [
        (Fate::New, "nuova", "nuove"),
        (Fate::Changed, "modificata", "modificate"),
    ];
    let parts = parts.into_iter().filter_map(|(fate, one, several)| {
        let number = seen.summary.of(fate);
        (number > 0).then(|| query::counted(number, one, several))
    });
    parts.collect::<Vec<_>>().join(", ")
}

async fn done(app: &App, signed: &Signed, seen: &Seen) -> Result<Option<Done>, Error> {
    let batch = &seen.batch;
    if !matches!(batch.state, Stage::Confirmed | Stage::Undone) {
        return Ok(None);
    }
    let undoing = match (&seen.undone_by, batch.undoes) {
        (Some(by), _) => Some(app.register.batch(&signed.viewer, by.id).await?),
        (None, Some(_)) => Some(seen.clone()),
        (None, None) => None,
    };
    let undone = undoing.as_ref().map_or_else(String::new, |by| {
        format!("{}, {}", by.batch.author, clock::words(by.batch.created_at))
    });
    let kept = undoing.map(|by| by.summary).unwrap_or_default();
    Ok(Some(Done {
        words: stored(seen),
        devices: batch.body.as_ref().map_or_else(
            || "/dispositivi?ordine=modifica".to_owned(),
            |body| format!("/dispositivi?ente={body}&ordine=modifica"),
        ),
        undoable: batch.state == Stage::Confirmed && batch.undoes.is_none() && seen.writable,
        undone,
        kept: kept.kept_devices.iter().map(kept_view).collect(),
        kept_words: kept_words(kept.kept),
    }))
}

/// What was written, in words.
fn stored(seen: &Seen) -> String {
    let summary = &seen.summary;
    let mut parts = Vec::new();
    for (fate, one, several) in [
        (Fate::New, "dispositivo nuovo", "dispositivi nuovi"),
        (
            Fate::Changed,
            "dispositivo modificato",
            "dispositivi modificati",
        ),
        (Fate::Unchanged, "era già così", "erano già così"),
    ] {
        let number = summary.of(fate);
        if number > 0 {
            parts.push(query::counted(number, one, several));
        }
    }
    let out = summary.stopping() + summary.of(Fate::LeftOut);
    if out > 0 {
        parts.push(query::counted(
            out,
            "riga lasciata fuori",
            "righe lasciate fuori",
        ));
    }
    parts.join(", ")
}

fn kept_view(kept: &Kept) -> KeptView {
    KeptView {
        href: format!("/dispositivi/{}", kept.device),
        codice: kept.codice.clone(),
        words: format!("modificato da {}, {}", kept.author, clock::words(kept.at)),
    }
}

fn kept_words(number: u64) -> String {
    match number {
        0 => String::new(),
        1 => "1 dispositivo è stato modificato dopo e resta com’è".to_owned(),
        _ => format!(
            "{} sono stati modificati dopo e restano come sono",
            query::counted(number, "", "dispositivi")
        ),
    }
}

/// How much a finding weighs, in the word of a badge.
fn severity_label(severity: &str) -> &'static str {
    match severity {
        "error" => "Errore",
        "warning" => "Avviso",
        _ => "Nota",
    }
}

fn about(note: &Note) -> About {
    About {
        severity: note.severity.clone(),
        severity_label: severity_label(&note.severity),
        message: note.message.clone(),
    }
}

fn spoken(seen: &Seen, writable: bool) -> Vec<Spoken> {
    let said = seen.summary.spoken.iter().map(|said| {
        let described = CODES.iter().find(|one| one.name == said.code);
        Spoken {
            code: said.code.clone(),
            severity: said.severity.clone(),
            severity_label: severity_label(&said.severity),
            meaning: described.map_or("", |one| one.meaning),
            remedy: described.map_or("", |one| one.remedy),
            rows: query::counted(said.rows, "riga", "righe"),
            href: Asked::of_code(&said.code).address(seen.batch.id),
            accept: if said.certain > 0 && writable {
                query::counted(said.certain, "riga", "righe")
            } else {
                String::new()
            },
        }
    });
    said.collect()
}

fn matches(seen: &Seen) -> Vec<Match> {
    let found = |field: &str, value: &str, rows: String, chosen: &str, emptied: bool| {
        let known = Field::named(field)?;
        Some(Match {
            field: field.to_owned(),
            label: known.attribute().label,
            value: value.to_owned(),
            rows,
            terms: known.terms()?,
            chosen: chosen.to_owned(),
            emptied,
        })
    };
    let odd = seen.summary.odd.iter().filter_map(|odd| {
        let rows = query::counted(odd.rows, "riga", "righe");
        found(&odd.field, &odd.value, rows, &odd.near, false)
    });
    let known = seen.orders.scheme.values.iter().filter_map(|swap| {
        let rows = "già abbinato".to_owned();
        found(&swap.field, &swap.from, rows, &swap.to, swap.to.is_empty())
    });
    odd.chain(known).collect()
}
