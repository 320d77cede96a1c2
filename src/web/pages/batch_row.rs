//! One row of a file: what is wrong of it, what would mend it, and its values to write in.

use super::batch::rows::{Asked, ChangeView, Editor, NoteView, changes, notes, of_file};
use super::batch::{at_work, settled, taken};
use super::import::{may_import, set_to_work};
use crate::census::batch::{Fate, State as Stage};
use crate::census::position;
use crate::census::vocabulary::{ATTRIBUTES, Field, Need};
use crate::register;
use crate::register::batch::{Seen, SeenRow};
use crate::register::judge::Edits;
use crate::register::staged::Summary;
use crate::storage::batch::Wanted;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A cell as the file has it.
#[derive(Debug)]
struct Cell {
    header: String,
    text: String,
    /// The label of what it is taken for; empty for nothing.
    target: &'static str,
}

#[derive(Template)]
#[template(path = "pages/batch_row.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the template shows or not"
)]
struct RowPage {
    page: Page,
    id: Uuid,
    record: i64,
    line: i64,
    file: String,
    codice: String,
    name: String,
    fate: &'static str,
    fate_label: &'static str,
    writable: bool,
    left_out: bool,
    conflict: bool,
    place: String,
    taken: String,
    edited: bool,
    changes: Vec<ChangeView>,
    notes: Vec<NoteView>,
    editors: Vec<Editor>,
    cells: Vec<Cell>,
    next: String,
    list: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path((id, record)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    may_import(&reader)?;
    Fields::parse(raw.unwrap_or_default().as_bytes())?.only(&[])?;
    let id = super::batch::identifier(&id)?;
    let seen = settled(&app, &reader, id).await?;
    if seen.batch.state.is_work() {
        return Ok(at_work(&app, &reader, &seen));
    }
    show(&app, &reader, &seen, number(&record)?, None).await
}

/// Writes values into the row, leaves it out, or says that the file is right.
pub async fn save(
    State(app): State<App>,
    Path((id, record)): Path<(String, String)>,
    writer: Writer,
) -> Result<Response, Error> {
    let known: Vec<&'static str> = ATTRIBUTES
        .iter()
        .map(|attribute| attribute.name)
        .chain(["azione", "ritorno"])
        .collect();
    let id = taken(&writer, &id, &known)?;
    let (viewer, fields) = (&writer.signed.viewer, &writer.fields);
    let record = number(&record)?;
    let outcome = match fields.get("azione") {
        "vale_il_file" => app.register.prefer_file(viewer, id, record).await,
        action => {
            let seen = app.register.batch(viewer, id).await?;
            let row = app.register.batch_row(viewer, id, record).await?;
            let change = |edits: &mut Edits, _: &_| {
                match action {
                    "escludi" => edits.left_out = true,
                    "rimetti" => edits.left_out = false,
                    "come_nel_file" => {
                        edits.values.clear();
                        edits.position = None;
                    }
                    _ => write(edits, &seen.summary, &row, fields),
                }
                Ok(())
            };
            app.register.edit_row(viewer, id, record, change).await
        }
    };
    after(&app, &writer, id, record, outcome).await
}

/// Takes the fields of a form over into a row, as far as they differ from what stood there.
fn write(edits: &mut Edits, summary: &Summary, row: &SeenRow, fields: &Fields) {
    for (name, value) in fields.iter() {
        let Some(field) = Field::named(name) else {
            continue;
        };
        let value = value.trim();
        let file = of_file(summary, row, field);
        let before = row.edits.values.get(name).map_or(file, String::as_str);
        if value == before {
            continue;
        }
        if value == file {
            edits.values.remove(name);
        } else {
            edits.set(name, value);
        }
    }
}

/// Takes one of the proposals of the row.
pub async fn accept(
    State(app): State<App>,
    Path((id, record)): Path<(String, String)>,
    writer: Writer,
) -> Result<Response, Error> {
    let id = taken(&writer, &id, &["segnalazione", "proposta", "ritorno"])?;
    let record = number(&record)?;
    let index = |name| writer.fields.get(name).parse::<usize>().ok();
    let chosen = index("segnalazione").zip(index("proposta"));
    let outcome = app
        .register
        .edit_row(&writer.signed.viewer, id, record, |edits, judgement| {
            let offer = chosen.and_then(|(note, offer)| {
                let note = judgement.findings.get(note)?;
                note.proposals.get(offer)
            });
            let offer = offer.ok_or_else(|| {
                register::Error::Invalid(
                    "Questa proposta non c’è più: guardate di nuovo la riga.".to_owned(),
                )
            })?;
            edits.accept(offer);
            Ok(())
        })
        .await;
    after(&app, &writer, id, record, outcome).await
}

/// Sets the work going and goes back to where the form was: the table, or the row.
async fn after(
    app: &App,
    writer: &Writer,
    id: Uuid,
    record: i64,
    outcome: register::Result<()>,
) -> Result<Response, Error> {
    match outcome {
        Ok(()) => {
            set_to_work(app);
            let back = writer.fields.all("ritorno").next();
            let place = match back {
                Some(query) => Asked::read(query)?.address(id),
                None => format!("/importa/{id}/righe/{record}"),
            };
            Ok(Redirect::to(&place).into_response())
        }
        Err(register::Error::Invalid(message)) => {
            let seen = settled(app, &writer.signed, id).await?;
            show(app, &writer.signed, &seen, record, Some(message)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse()
        .map_err(|_shape| Error::new(StatusCode::NOT_FOUND, "Questa riga non c’è."))
}

async fn show(
    app: &App,
    signed: &Signed,
    seen: &Seen,
    record: i64,
    refusal: Option<String>,
) -> Result<Response, Error> {
    let id = seen.batch.id;
    let row = app.register.batch_row(&signed.viewer, id, record).await?;
    let title = format!("Riga {} di {}", row.row.line, seen.batch.name);
    let mut page = Page::new(app, Some(signed), &title, "importa");
    let mut status = StatusCode::OK;
    if let Some(message) = refusal {
        page = page.with_notice("danger", message);
        status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    let writable = seen.writable && seen.batch.state == Stage::Ready;
    let mut notes = notes(&seen.summary, &row, writable);
    for note in &mut notes {
        // On the page of a row the form below has them all.
        note.editors.clear();
    }
    let view = RowPage {
        page,
        id,
        record,
        line: row.row.line,
        file: seen.batch.name.clone(),
        codice: row.row.codice.clone(),
        name: row.judgement.name.clone(),
        fate: row.row.fate.name(),
        fate_label: row.row.fate.label(),
        writable,
        left_out: row.edits.left_out,
        conflict: row.row.fate == Fate::Conflict,
        place: row.row.point.map_or_else(String::new, |(lon, lat)| {
            position::in_words(&app.register.territory, lon, lat)
        }),
        taken: row
            .edits
            .position
            .as_ref()
            .map_or_else(String::new, |one| position::in_figures(one.lat, one.lon)),
        edited: !row.edits.values.is_empty() || row.edits.position.is_some(),
        changes: changes(&row),
        notes,
        editors: if writable {
            editors(&seen.summary, &row)
        } else {
            Vec::new()
        },
        cells: cells(&seen.summary, &row),
        next: next(app, signed, seen, record).await?,
        list: Asked::default().address(id),
    };
    Ok((status, Html(view)).into_response())
}

/// The fields of the form: what the file has, what a device needs, what was written or is wrong.
fn editors(summary: &Summary, row: &SeenRow) -> Vec<Editor> {
    let findings = &row.judgement.findings;
    let about = |field: Field| {
        findings.iter().filter(move |note| {
            note.severity == "error" && note.field.as_deref() == Some(field.name())
        })
    };
    let shown = |attribute: &&crate::census::vocabulary::Attribute| {
        let mut columns = summary.columns.iter();
        (attribute.need == Need::Save && !matches!(attribute.field, Field::Ente | Field::Comune))
            || columns.any(|column| column.target == attribute.name)
            || row.edits.values.contains_key(attribute.name)
            || about(attribute.field).next().is_some()
    };
    ATTRIBUTES
        .iter()
        .filter(shown)
        .map(|attribute| Editor {
            errors: about(attribute.field)
                .map(|note| note.message.clone())
                .collect(),
            ..Editor::of(summary, row, attribute.field, "f")
        })
        .collect()
}

fn cells(summary: &Summary, row: &SeenRow) -> Vec<Cell> {
    let many = summary.columns.len().max(row.cells.len());
    (0..many)
        .map(|index| {
            let column = summary.columns.get(index);
            let target = column.map_or("", |column| &column.target);
            Cell {
                header: column.map_or_else(
                    || format!("Cella {}", index + 1),
                    |column| column.header.clone(),
                ),
                text: row.cells.get(index).cloned().unwrap_or_default(),
                target: match Field::named(target) {
                    Some(field) => field.attribute().label,
                    None if target.is_empty() => "",
                    None => "Posizione o revisione",
                },
            }
        })
        .collect()
}

/// The page of the next row that cannot come in; the first one after the last.
async fn next(app: &App, signed: &Signed, seen: &Seen, record: i64) -> Result<String, Error> {
    let id = seen.batch.id;
    let mut nearest: Option<i64> = None;
    for after in [record, 0] {
        for fate in [Fate::Rejected, Fate::Conflict] {
            let wanted = Wanted {
                fate: Some(fate),
                ..Wanted::default()
            };
            let viewer = &signed.viewer;
            let rows = app.register.batch_rows(viewer, id, &wanted, after, 1);
            let found = rows.await?.first().map(|row| row.row.record);
            nearest = match (nearest, found) {
                (Some(known), Some(found)) => Some(known.min(found)),
                (known, found) => known.or(found),
            };
        }
        if nearest.is_some() {
            break;
        }
    }
    let other = nearest.filter(|found| *found != record);
    Ok(other.map_or_else(String::new, |found| format!("/importa/{id}/righe/{found}")))
}
