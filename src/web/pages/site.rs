//! A site: what stands there, and its kind and name.

use crate::census::person::Viewer;
use crate::census::revision::Revision;
use crate::census::site::{KINDS, kind_label};
use crate::census::vocabulary::{Field, Term};
use crate::register;
use crate::register::site::Seen;
use crate::storage::body::Site;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::verdict::StandingView;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A device as a row of the page.
#[derive(Debug)]
struct Line {
    id: Uuid,
    code: String,
    name: String,
    function: String,
    direction: String,
    lanes: String,
    state: String,
    state_label: String,
    views: String,
}

#[derive(Template)]
#[template(path = "pages/site.html")]
struct SitePage {
    page: Page,
    id: Uuid,
    heading: String,
    kind: String,
    body: String,
    writable: bool,
    devices: Vec<Line>,
    total: i64,
    counted: String,
    more: bool,
    assumed: bool,
    list: String,
    map: String,
    add: String,
    verdicts: Option<StandingView>,
}

/// One thing to mend in the form.
#[derive(Debug)]
struct Wrong {
    field: &'static str,
    label: &'static str,
    message: String,
}

#[derive(Template)]
#[template(path = "pages/site_form.html")]
struct Form {
    page: Page,
    id: Uuid,
    heading: String,
    kind: String,
    kinds: &'static [Term],
    site_name: String,
    wrong: Vec<Wrong>,
    errors: Vec<String>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["salvato"])?;
    let viewer = &reader.viewer;
    let seen = app
        .register
        .site_with_devices(viewer, identifier(&id)?)
        .await?;
    let heading = heading(&seen.site);
    let mut page = Page::new(&app, Some(&reader), &heading, "siti");
    match query.get("salvato") {
        "" => {}
        "si" => page = page.with_notice("success", "Salvato."),
        other => return Err(query::refused("salvato", other)),
    }
    let site = Some(&*seen.site.code);
    let verdicts = StandingView::of(&app, viewer, &seen.site.body, site).await?;
    Ok(Html(SitePage {
        verdicts,
        ..page_of(page, heading, seen)
    })
    .into_response())
}

fn page_of(page: Page, heading: String, seen: Seen) -> SitePage {
    let rows = &seen.devices.rows;
    let views = query::many(
        usize::try_from(seen.standing.views).unwrap_or(usize::MAX),
        "un punto di ripresa",
        "punti di ripresa",
    );
    let mut own = Fields::default();
    own.push("ente", &seen.site.body);
    own.push("sito", &seen.site.code);
    SitePage {
        page,
        id: seen.site.id,
        heading,
        kind: kind_label(&seen.site.kind).to_owned(),
        writable: seen.writable,
        total: seen.standing.devices,
        counted: format!("{}, {views}", query::devices(seen.standing.devices)),
        more: seen.devices.after,
        assumed: rows
            .iter()
            .any(|row| row.record.get(Field::PuntiRipresa).is_none()),
        devices: rows.iter().map(line).collect(),
        list: query::address("/dispositivi", &seen.filter, &[]),
        map: query::address("/mappa", &seen.filter, &[]),
        add: format!("/dispositivi/nuovo?{}", own.encode()),
        body: seen.body,
        verdicts: None,
    }
}

fn line(revision: &Revision) -> Line {
    let record = &revision.record;
    let text = |field| record.text(field).to_owned();
    Line {
        id: revision.device,
        code: text(Field::Codice),
        name: text(Field::Denominazione),
        function: record.words(Field::Funzione),
        direction: record.words(Field::Direzione),
        lanes: record.plain(Field::Corsie),
        state: text(Field::Stato),
        state_label: record.words(Field::Stato),
        views: record.plain(Field::PuntiRipresa),
    }
}

/// The form.
pub async fn edit(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let site = app.register.site(&reader.viewer, identifier(&id)?).await?;
    may_write(&reader.viewer, &site)?;
    let (kind, name) = (site.kind.clone(), site.name.clone());
    Ok(form(
        &app,
        &reader,
        &site,
        kind,
        name,
        StatusCode::OK,
        Vec::new(),
    ))
}

fn may_write(viewer: &Viewer, site: &Site) -> Result<(), Error> {
    if viewer.writes(&site.body) {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Potete leggere questo sito, ma non modificarlo.",
        ))
    }
}

fn form(
    app: &App,
    signed: &Signed,
    site: &Site,
    kind: String,
    name: String,
    status: StatusCode,
    errors: Vec<String>,
) -> Response {
    let heading = heading(site);
    let form = Form {
        page: Page::new(app, Some(signed), &heading, "siti"),
        id: site.id,
        heading,
        kind,
        kinds: &KINDS,
        site_name: name,
        wrong: errors
            .iter()
            .map(|message| Wrong {
                field: "nome",
                label: "Nome",
                message: message.clone(),
            })
            .collect(),
        errors,
    };
    (status, Html(form)).into_response()
}

/// Gives the site its kind and name.
pub async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let id = identifier(&id)?;
    let site = app.register.site(viewer, id).await?;
    may_write(viewer, &site)?;
    writer.fields.only(&["tipo", "nome"])?;
    let (kind, name) = (writer.fields.get("tipo"), writer.fields.get("nome"));
    if !KINDS.iter().any(|term| term.code == kind) {
        return Err(query::refused("tipo", kind));
    }
    match app.register.save_site(viewer, id, kind, name).await {
        Ok(()) => Ok(Redirect::to(&format!("/siti/{id}?salvato=si")).into_response()),
        Err(register::Error::Invalid(message)) => Ok(form(
            &app,
            &writer.signed,
            &site,
            kind.to_owned(),
            name.to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec![message],
        )),
        Err(error) => Err(error.into()),
    }
}

fn heading(site: &Site) -> String {
    if site.name.is_empty() {
        site.code.clone()
    } else {
        format!("{} · {}", site.code, site.name)
    }
}

fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questo sito non c’è, oppure non potete vederlo.",
        )
    })
}
