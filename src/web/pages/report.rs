//! The report on compatibility: what it is to be about, itself, and its files.

use super::snapshots;
use crate::census::edition::Kind;
use crate::census::reference_layer::Kind as LayerKind;
use crate::exchange::shown::{Shown, ShownBlock};
use crate::register;
use crate::register::find::Choice;
use crate::register::report::Asked;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::report::{self, Form};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

const PATH: &str = "/relazione";

/// How the address asks for what is accepted now.
const TODAY: &str = "oggi";

/// What the address may ask for.
const PARAMETERS: [&str; 5] = ["fotografia", "criteri", "prezzi", "lotti", "fibra"];

#[derive(Template)]
#[template(path = "pages/report.html")]
struct ReportPage {
    page: Page,
    snapshots: Vec<Choice>,
    criteria: Vec<Choice>,
    prices: Vec<Choice>,
    lots: Vec<Choice>,
    fibres: Vec<Choice>,
    chosen: [String; PARAMETERS.len()],
    files: Vec<(String, &'static str)>,
    report: Option<Shown>,
}

/// The page: what there is to choose, and the report when it was chosen.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&PARAMETERS)?;
    let viewer = &reader.viewer;
    let asked = asked(&query)?;
    let mut choices = vec![Choice {
        code: TODAY.to_owned(),
        label: "Quello che è convalidato adesso (bozza)".to_owned(),
    }];
    choices.extend(snapshots::choices(&app.register.snapshots(viewer).await?));
    let layers = app.register.references(viewer).await?;
    let fibres = layers
        .into_iter()
        .filter(|seen| seen.layer.kind == LayerKind::Fibre)
        .map(|seen| Choice {
            code: seen.layer.id.to_string(),
            label: seen.layer.name,
        });
    let report = match &asked {
        Some(asked) => Some(app.register.report(viewer, asked).await?),
        None => None,
    };
    let shown = report.map(|made| tokio::task::spawn_blocking(move || report::shown(&made)));
    let shown = match shown {
        Some(made) => Some(made.await.map_err(failed)?),
        None => None,
    };
    let address = query.encode();
    Ok(Html(ReportPage {
        page: Page::new(
            &app,
            Some(&reader),
            "Relazione di compatibilità",
            "relazione",
        ),
        snapshots: choices,
        criteria: editions(&app, &reader, Kind::Criteria).await?,
        prices: editions(&app, &reader, Kind::Prices).await?,
        lots: editions(&app, &reader, Kind::Lots).await?,
        fibres: fibres.collect(),
        chosen: PARAMETERS.map(|name| query.get(name).to_owned()),
        files: Form::ALL
            .into_iter()
            .map(|form| (format!("{PATH}/{}?{address}", form.file()), form.label()))
            .collect(),
        report: shown,
    })
    .into_response())
}

/// A file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    Path(file): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let form = Form::ALL.into_iter().find(|form| form.file() == file);
    let form = form.ok_or_else(Error::not_found)?;
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&PARAMETERS)?;
    let asked = asked(&query)?.unwrap_or_default();
    let made = app
        .register
        .report_to_leave(&reader.viewer, &asked, &form.file())
        .await?;
    // Setting type takes seconds and hundreds of megabytes: not for everybody at once.
    let turn = app.register.turn().await?;
    let bytes = tokio::task::spawn_blocking(move || {
        // Whoever asked may have gone: the work goes on, and keeps its turn.
        let _turn = turn;
        form.make(&made)
    });
    let bytes = bytes.await.map_err(failed)?;
    let bytes = bytes.map_err(|error| failed(&error))?;
    let headers = [
        (header::CONTENT_TYPE, form.media().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", form.file()),
        ),
    ];
    Ok((headers, bytes).into_response())
}

fn failed(error: impl std::fmt::Display) -> Error {
    register::Error::Failed(error.to_string()).into()
}

/// What the address asks for; nothing when it chooses no moment.
fn asked(query: &Fields) -> Result<Option<Asked>, Error> {
    let id = |name: &'static str| match query.get(name) {
        "" => Ok(None),
        text => Uuid::parse_str(text)
            .map(Some)
            .map_err(|_shape| Error::bad_request(format!("«{name}» non vale «{text}»."))),
    };
    let snapshot = match query.get("fotografia") {
        "" => return Ok(None),
        TODAY => None,
        _ => id("fotografia")?,
    };
    Ok(Some(Asked {
        snapshot,
        criteria: id("criteri")?,
        prices: id("prezzi")?,
        lots: id("lotti")?,
        fibre: id("fibra")?,
    }))
}

async fn editions(app: &App, reader: &Reader, kind: Kind) -> Result<Vec<Choice>, Error> {
    let (editions, _) = app.register.editions(&reader.viewer, kind).await?;
    Ok(editions
        .into_iter()
        .map(|edition| Choice {
            code: edition.id.to_string(),
            label: edition.name,
        })
        .collect())
}
