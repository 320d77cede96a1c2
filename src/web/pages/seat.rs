//! The seat of a body: where it is, and whether the metropolitan fibre reaches it.

use crate::census::adhesion::{TypedSeat, Wrong, fibres, in_italian};
use crate::census::draft::Draft;
use crate::census::finding::Finding;
use crate::census::position::in_words;
use crate::census::vocabulary::{Field, Term};
use crate::register::adhesion::{Outcome, Seen};
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::form::{self, FindingView};
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::pages::import::systems;
use crate::web::recording::{
    Came, DocumentView, WrongView, accepted, document_behind, document_help, done, errors_at, only,
    refused, wrong_views,
};
use crate::web::upload::{Filed, Upload};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The fields of the form, in its order.
const FIELDS: [&str; 11] = [
    "indirizzo",
    "posizione",
    "crs",
    "lat",
    "lon",
    "fibra",
    "fibra_data",
    "nota",
    "documento",
    "azione",
    "apply",
];

#[derive(Template)]
#[template(path = "pages/seat.html")]
struct Form {
    page: Page,
    code: String,
    heading: String,
    typed: TypedSeat,
    place: String,
    crs: String,
    systems: Vec<Choice>,
    lat: String,
    lon: String,
    bounds: String,
    /// Where the point is, in words.
    where_it_is: String,
    findings: Vec<FindingView>,
    fibres: &'static [Term],
    present: Option<DocumentView>,
    limit: u64,
    accepted: String,
    document_help: String,
    wrong: Vec<WrongView>,
}

impl Form {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// The form, with what is recorded now.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Response, Error> {
    let seen = app.register.body_to_record(&reader.viewer, &code).await?;
    let mut draft = Draft::default();
    let mut typed = TypedSeat::default();
    if let Some(seat) = seen.seats.last() {
        draft.set(Field::Lat, format!("{:.6}", seat.lat));
        draft.set(Field::Lon, format!("{:.6}", seat.lon));
        typed = TypedSeat {
            address: seat.address.clone(),
            fibre: seat.fibre.clone(),
            fibre_date: in_italian(&seat.fibre_date),
            note: seat.note.clone(),
        };
    }
    let told = Told::default();
    let form = form(&app, &reader, &seen, typed, &draft, told).await?;
    Ok(Html(form).into_response())
}

/// Records the seat, or takes a proposal for its position.
pub async fn post(
    State(app): State<App>,
    Path(code): Path<String>,
    Filed(upload): Filed,
) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    let viewer = &signed.viewer;
    let seen = app.register.body_to_record(viewer, &code).await?;
    only(&fields, &FIELDS)?;
    let (typed, mut draft) = read(&fields);
    let mut came = Came::with(file, &fields);
    let mark = fields.get("apply");
    let (status, told) = if mark.is_empty() {
        let outcome = match came.taken(app.settings.document_bytes) {
            Ok(attached) => {
                app.register
                    .record_seat(viewer, &code, &typed, &draft, attached)
                    .await?
            }
            Err(wrong) => vec![wrong].into(),
        };
        match outcome {
            Outcome::Saved => return Ok(done(&code, "sede")),
            Outcome::Refused { wrong, findings } => (refused(), Told { wrong, findings }),
        }
    } else {
        let found = app.register.place(viewer, &code, &draft).await?;
        form::apply(&mut draft, &found.findings, mark)?;
        (StatusCode::OK, Told::default())
    };
    let mut form = form(&app, &signed, &seen, typed, &draft, told).await?;
    if let Some(words) = came.again() {
        form.page = form.page.with_notice("warning", words);
    }
    Ok((status, Html(form)).into_response())
}

/// What a refused form is told.
#[derive(Default)]
struct Told {
    wrong: Vec<Wrong>,
    findings: Vec<Finding>,
}

fn read(fields: &Fields) -> (TypedSeat, Draft) {
    let text = |name| fields.get(name).to_owned();
    let mut draft = Draft::default();
    draft.set(Field::Lat, text("lat"));
    draft.set(Field::Lon, text("lon"));
    draft.place = text("posizione");
    draft.crs = text("crs");
    let typed = TypedSeat {
        address: text("indirizzo"),
        fibre: text("fibra"),
        fibre_date: text("fibra_data"),
        note: text("nota"),
    };
    (typed, draft)
}

async fn form(
    app: &App,
    signed: &Signed,
    seen: &Seen,
    typed: TypedSeat,
    draft: &Draft,
    told: Told,
) -> Result<Form, Error> {
    let limit = app.settings.document_bytes;
    let code = &seen.body.code;
    let found = app.register.place(&signed.viewer, code, draft).await?;
    let present = seen.seats.last().and_then(|seat| seat.document);
    Ok(Form {
        page: Page::new(
            app,
            Some(signed),
            &format!("Sede · {}", seen.body.name),
            "enti",
        ),
        code: code.clone(),
        heading: seen.body.name.clone(),
        typed,
        place: draft.place.clone(),
        crs: draft.crs.clone(),
        systems: systems(),
        lat: draft.get(Field::Lat).to_owned(),
        lon: draft.get(Field::Lon).to_owned(),
        bounds: form::bounds(app),
        where_it_is: found
            .point
            .map(|point| in_words(&app.register.territory, point.lon, point.lat))
            .unwrap_or_default(),
        // What has nothing to choose from stands at the field.
        findings: form::finding_views(&told.findings, draft)
            .into_iter()
            .filter(|finding| !finding.proposals.is_empty())
            .collect(),
        fibres: fibres(),
        present: document_behind(&seen.documents, present),
        limit,
        accepted: accepted(),
        document_help: document_help(limit),
        wrong: wrong_views(told.wrong, &FIELDS),
    })
}
