//! Handing devices over: which ones, in which state, as which file.

use crate::census::filter::State as Asked;
use crate::census::projection;
use crate::register;
use crate::register::publish::{Export, Format};
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query::{self, Chip, Standpoint};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::io::{self, Seek};
use tokio_util::io::ReaderStream;

const PATH: &str = "/esporta";

/// A state of the devices that can be handed over.
#[derive(Debug)]
struct Choice {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    counted: String,
    chosen: bool,
}

/// A reference system of the shapefile.
#[derive(Debug)]
struct System {
    code: &'static str,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "pages/export.html")]
struct Exports {
    page: Page,
    chips: Vec<Chip>,
    states: Vec<Choice>,
    conditions: Vec<(&'static str, String)>,
    systems: Vec<System>,
    standpoint: Standpoint,
    list: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    let names = app.register.names().await?;
    let mut states = Vec::new();
    for (state, label, help) in [
        (
            Asked::Accepted,
            "Ultimo stato convalidato",
            "Solo quello che un validatore ha accettato: per i livelli da consegnare.",
        ),
        (
            Asked::Working,
            "Ultimo stato salvato",
            "Quello a cui gli enti lavorano, anche se nessuno lo ha ancora convalidato.",
        ),
        (
            Asked::Submitted,
            "In attesa di convalida",
            "Quello che gli enti hanno inviato e che un validatore deve ancora guardare.",
        ),
    ] {
        if filter.is_frozen() && state != filter.state {
            continue;
        }
        let mut asked = filter.clone();
        asked.state = state;
        states.push(Choice {
            name: state.spelling(),
            label,
            help,
            counted: query::devices(app.register.count(&asked).await?),
            chosen: state == filter.state,
        });
    }
    let systems = Format::Shapefile.systems().iter();
    let past = app.register.past(&filter).await?;
    let page = Page::new(&app, Some(&reader), "Esporta", "esporta")
        .at(past, || query::today(PATH, &filter, &[]));
    let mut stated = filter.clone();
    stated.state = filter.usual();
    Ok(Html(Exports {
        page,
        // The state is a choice of the form, not a condition.
        chips: query::chips(PATH, &stated, &names, &[]),
        states,
        conditions: query::conditions(&filter),
        standpoint: Standpoint::of(&filter),
        systems: systems
            .filter_map(|code| projection::system(code))
            .map(|crs| System {
                code: crs.code,
                name: crs.name,
            })
            .collect(),
        list: query::address("/dispositivi", &filter, &[]),
    })
    .into_response())
}

/// The file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    Path(file): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let format = Format::ALL
        .into_iter()
        .find(|format| file == format!("{}.{}", register::publish::LAYER, format.extension()))
        .ok_or_else(Error::not_found)?;
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &["crs"])?;
    let export = Export::new(format, rest.get("crs"), filter)?;
    let mut content = tempfile::tempfile().map_err(register::Error::Write)?;
    let sink = content.try_clone().map_err(register::Error::Write)?;
    app.register.export(&export, sink).await?;
    let length = rewind(&mut content).map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, media_type(format).to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", export.file_name()),
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Goes back to the beginning of a file and says how many bytes it has.
fn rewind(file: &mut std::fs::File) -> io::Result<u64> {
    file.rewind()?;
    Ok(file.metadata()?.len())
}

const fn media_type(format: Format) -> &'static str {
    match format {
        Format::GeoJson => "application/geo+json",
        Format::Shapefile => "application/zip",
        Format::Csv => "text/csv; charset=utf-8",
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}
