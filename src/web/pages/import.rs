//! Bringing in a spreadsheet: try it, see everything that was found, bring it in.

use crate::census::projection;
use crate::census::vocabulary::fold;
use crate::exchange::csv::CsvWriter;
use crate::register;
use crate::register::batch::Orders;
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
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
    /// What is wrong with the file.
    errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/import.html")]
struct Import {
    page: Page,
    form: Form,
}

/// The form.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let form = form(&app, &reader, &Fields::default(), Vec::new()).await?;
    Ok(asking(&app, &reader, StatusCode::OK, form))
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

/// Tries a file, or brings it in, and shows what was found.
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
        Ok(asking(&app, &signed, status, form))
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
fn set_to_work(app: &App) {
    let register = app.register.clone();
    tokio::spawn(async move {
        if let Err(error) = register.work().await {
            tracing::error!(%error, "imports are not worked at");
        }
    });
}

fn may_import(signed: &Signed) -> Result<(), Error> {
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
    let systems = projection::SYSTEMS.iter().map(|crs| Choice {
        code: crs.code.to_owned(),
        label: format!("{} – {}", crs.code, crs.name),
    });
    Ok(Form {
        bodies,
        body: fields.get("ente").to_owned(),
        systems: systems.collect(),
        crs: fields.get("crs").to_owned(),
        limit: app.settings.upload_bytes,
        errors,
    })
}

fn asking(app: &App, signed: &Signed, status: StatusCode, form: Form) -> Response {
    let page = Page::new(app, Some(signed), "Importa", "importa");
    (status, Html(Import { page, form })).into_response()
}
