//! Bringing in a file: the form that sends it, and the files that were sent before.

use crate::census::batch::{Fate, State as Stage};
use crate::census::projection;
use crate::census::vocabulary::fold;
use crate::clock;
use crate::exchange::csv::CsvWriter;
use crate::exchange::workbook;
use crate::register;
use crate::register::batch::Seen;
use crate::register::find::Choice;
use crate::register::staged::Orders;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::upload::{Received, Upload};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// The form as it is shown, with what was chosen before.
#[derive(Debug)]
struct Form {
    bodies: Vec<Choice>,
    body: String,
    systems: Vec<Choice>,
    crs: String,
    limit: u64,
    help: String,
    /// What is wrong with the file.
    errors: Vec<String>,
}

/// A file that was sent, as a row of the list.
#[derive(Debug)]
struct Sent {
    href: String,
    name: String,
    author: String,
    when: String,
    state: &'static str,
    state_label: &'static str,
    counted: String,
}

#[derive(Template)]
#[template(path = "pages/import.html")]
struct Import {
    page: Page,
    form: Form,
    sent: Vec<Sent>,
}

/// The form and the list.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let form = form(&app, &reader, &Fields::default(), Vec::new()).await?;
    asking(&app, &reader, StatusCode::OK, form).await
}

/// A file with our headers and nothing in it.
pub async fn template(reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let empty = CsvWriter::new(Vec::new()).and_then(CsvWriter::finish);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"modello.csv\"",
        ),
    ];
    Ok((headers, empty.map_err(register::Error::Write)?).into_response())
}

/// The same as a workbook, with lists to choose from and instructions, for the person's body.
pub async fn workbook(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let bodies = app.register.catalogue().await?.bodies;
    let own: Vec<&str> = bodies
        .iter()
        .filter(|body| reader.viewer.writes(&body.code))
        .map(|body| body.name.as_str())
        .collect();
    let whose = match own.as_slice() {
        [only] => only,
        _ => "più enti",
    };
    let names = app.register.choices_of_workbook().await?;
    let mut file = Vec::new();
    workbook::template(whose, &names, &mut file)
        .map_err(|error| register::Error::Invalid(error.to_string()))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"modello.xlsx\"",
        ),
    ];
    Ok((headers, file).into_response())
}

/// Takes a file and sends whoever sent it to where it is looked at.
pub async fn post(State(app): State<App>, upload: Upload) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    may_import(&signed)?;
    fields.only(&["ente", "crs", "file"])?;
    let refuse = async |status, message: String| {
        let form = form(&app, &signed, &fields, vec![message]).await?;
        asking(&app, &signed, status, form).await
    };
    let (name, content) = match file {
        Received::Kept { name, content } => (name, content),
        Received::TooLarge => {
            let message = format!(
                "Il file è più grande di {} MB. Dividetelo in più file, oppure chiedete \
                 all’amministratore di importarlo sul server con il comando «varco import».",
                app.settings.upload_bytes / 1_048_576
            );
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, message).await;
        }
        Received::Nothing => {
            let message = "Scegliete il file da importare.".to_owned();
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, message).await;
        }
    };
    let given = |name| Some(fields.get(name).to_owned()).filter(|text| !text.is_empty());
    let orders = Orders {
        body: given("ente"),
        crs: given("crs"),
        ..Orders::default()
    };
    match app
        .register
        .stage(&signed.viewer, &name, &orders, content)
        .await
    {
        Ok(id) => {
            set_to_work(&app);
            Ok(Redirect::to(&format!("/importa/{id}")).into_response())
        }
        Err(register::Error::Invalid(message)) => {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, message).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins with what waits, beside the answer.
pub fn set_to_work(app: &App) {
    let register = app.register.clone();
    tokio::spawn(async move {
        if let Err(error) = register.work().await {
            tracing::error!(%error, "imports are not worked at");
        }
    });
}

/// Refuses whoever writes no devices.
pub fn may_import(signed: &Signed) -> Result<(), Error> {
    if signed.viewer.writes_any() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Il vostro ruolo non scrive dispositivi.",
        ))
    }
}

async fn form(
    app: &App,
    signed: &Signed,
    fields: &Fields,
    errors: Vec<String>,
) -> Result<Form, Error> {
    let bodies = app.register.catalogue().await?.bodies.into_iter();
    let mut bodies: Vec<Choice> = bodies
        .filter(|body| signed.viewer.writes(&body.code))
        .map(|body| Choice {
            code: body.code,
            label: body.name,
        })
        .collect();
    bodies.sort_by_cached_key(|body| fold(&body.label));
    Ok(Form {
        bodies,
        body: fields.get("ente").to_owned(),
        systems: systems(),
        crs: fields.get("crs").to_owned(),
        limit: app.settings.upload_bytes,
        help: format!(
            "Un foglio di calcolo (XLSX, ODS o CSV) oppure un livello cartografico: GeoJSON, \
             shapefile in un archivio ZIP, GeoPackage, KML o KMZ. Fino a {} MB. Le colonne si \
             riconoscono dall’intestazione.",
            app.settings.upload_bytes / 1_048_576
        ),
        errors,
    })
}

/// The reference systems that can be declared.
#[must_use]
pub fn systems() -> Vec<Choice> {
    let system = |crs: &projection::Crs| Choice {
        code: crs.code.to_owned(),
        label: format!("{} – {}", crs.code, crs.name),
    };
    projection::SYSTEMS.iter().map(system).collect()
}

async fn asking(
    app: &App,
    signed: &Signed,
    status: StatusCode,
    form: Form,
) -> Result<Response, Error> {
    let page = Page::new(app, Some(signed), "Importa", "importa");
    let sent = app.register.batches(&signed.viewer).await?;
    let sent = sent.iter().map(row).collect();
    Ok((status, Html(Import { page, form, sent })).into_response())
}

fn row(seen: &Seen) -> Sent {
    let batch = &seen.batch;
    Sent {
        href: format!("/importa/{}", batch.id),
        name: batch.name.clone(),
        author: batch.author.clone(),
        when: clock::words(batch.created_at),
        state: batch.state.name(),
        state_label: if batch.undoes.is_some() {
            "Annullamento"
        } else {
            batch.state.label()
        },
        counted: counted(seen),
    }
}

/// What the rows of a file would do or did, in a few words.
fn counted(seen: &Seen) -> String {
    let summary = &seen.summary;
    if seen.batch.undoes.is_some() {
        return devices(
            summary.rows - summary.kept.min(summary.rows),
            "rimesso",
            "rimessi",
        );
    }
    if matches!(seen.batch.state, Stage::Abandoned) || summary.rows == 0 {
        return String::new();
    }
    let parts = [
        (Fate::New, "nuova", "nuove"),
        (Fate::Changed, "modificata", "modificate"),
        (Fate::Rejected, "con errori", "con errori"),
        (Fate::Conflict, "in conflitto", "in conflitto"),
    ];
    let parts = parts.into_iter().filter_map(|(fate, one, several)| {
        let number = summary.of(fate);
        (number > 0).then(|| query::counted(number, one, several))
    });
    let parts: Vec<String> = parts.collect();
    let rows = query::counted(summary.rows, "riga", "righe");
    if parts.is_empty() {
        rows
    } else {
        format!("{rows}: {}", parts.join(", "))
    }
}

fn devices(number: u64, one: &str, several: &str) -> String {
    let device = query::counted(number, "dispositivo", "dispositivi");
    format!("{device} {}", if number == 1 { one } else { several })
}
