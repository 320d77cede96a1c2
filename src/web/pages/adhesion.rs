//! A step of a body's adhesion: recorded, or annulled when it was a mistake.

use crate::census::adhesion::{self, Stage, TypedStep, Wrong, in_italian};
use crate::register::adhesion::{Attached, Outcome, Seen};
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::recording::{
    Came, WrongView, accepted, document_help, done, errors_at, only, refused, wrong_views,
};
use crate::web::upload::{Filed, Upload};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// The fields of the form, in its order; the last two are those of the form that annuls.
const FIELDS: [&str; 7] = [
    "passo",
    "numero",
    "data",
    "nota",
    "documento",
    "annulla",
    "motivo",
];

#[derive(Template)]
#[template(path = "pages/adhesion.html")]
struct Form {
    page: Page,
    code: String,
    heading: String,
    stages: Vec<Choice>,
    typed: TypedStep,
    limit: u64,
    accepted: String,
    document_help: String,
    /// The steps that may be annulled, the last first.
    standing: Vec<Choice>,
    annuls: String,
    reason: String,
    wrong: Vec<WrongView>,
}

impl Form {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// The form.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Response, Error> {
    let seen = app.register.body_to_record(&reader.viewer, &code).await?;
    let form = form(&app, &reader, &seen, &Fields::default(), Vec::new());
    Ok(Html(form).into_response())
}

/// Records a step, or annuls one.
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
    let seen = app.register.body_to_record(&signed.viewer, &code).await?;
    only(&fields, &FIELDS)?;
    let mut came = Came::with(file, &fields);
    let annuls = fields.iter().any(|(name, _)| name == "annulla");
    let outcome = if annuls {
        annul(&app, &signed, &code, &fields).await?
    } else {
        match came.taken(app.settings.document_bytes) {
            Ok(attached) => {
                let attachment = match attached {
                    Attached::New(attachment) => Some(attachment),
                    Attached::Same | Attached::Nothing => None,
                };
                app.register
                    .record_step(&signed.viewer, &code, &typed(&fields), attachment)
                    .await?
            }
            Err(wrong) => vec![wrong].into(),
        }
    };
    match outcome {
        Outcome::Saved if annuls => Ok(done(&code, "annullamento")),
        Outcome::Saved => Ok(done(&code, "passo")),
        Outcome::Refused { wrong, .. } => {
            let mut form = form(&app, &signed, &seen, &fields, wrong);
            if let Some(words) = came.again() {
                form.page = form.page.with_notice("warning", words);
            }
            Ok((refused(), Html(form)).into_response())
        }
    }
}

async fn annul(app: &App, signed: &Signed, code: &str, fields: &Fields) -> Result<Outcome, Error> {
    let chosen = fields.get("annulla");
    if chosen.is_empty() {
        return Ok(vec![Wrong::new("annulla", "Scegliete quale passo è sbagliato.")].into());
    }
    let id = Uuid::parse_str(chosen)
        .map_err(|_shape| Error::new(StatusCode::NOT_FOUND, "Questo passo non c’è."))?;
    let reason = fields.get("motivo");
    Ok(app
        .register
        .annul_step(&signed.viewer, code, id, reason)
        .await?)
}

fn typed(fields: &Fields) -> TypedStep {
    let text = |name| fields.get(name).to_owned();
    TypedStep {
        stage: text("passo"),
        number: text("numero"),
        date: text("data"),
        note: text("nota"),
    }
}

fn form(app: &App, signed: &Signed, seen: &Seen, fields: &Fields, wrong: Vec<Wrong>) -> Form {
    let limit = app.settings.document_bytes;
    let steps = seen.steps.iter().rev();
    let standing = steps.filter(|step| adhesion::annulment(&seen.steps, step.id).is_none());
    Form {
        page: Page::new(
            app,
            Some(signed),
            &format!("Adesione · {}", seen.body.name),
            "enti",
        ),
        code: seen.body.code.clone(),
        heading: seen.body.name.clone(),
        stages: Stage::ALL
            .into_iter()
            .map(|stage| Choice {
                code: stage.name().to_owned(),
                label: stage.label().to_owned(),
            })
            .collect(),
        typed: typed(fields),
        limit,
        accepted: accepted(),
        document_help: document_help(limit),
        standing: standing
            .filter_map(|step| {
                Some(Choice {
                    code: step.id.to_string(),
                    label: format!(
                        "{} {} {}",
                        step.stage()?.label(),
                        step.number,
                        in_italian(&step.date)
                    ),
                })
            })
            .collect(),
        annuls: fields.get("annulla").to_owned(),
        reason: fields.get("motivo").to_owned(),
        wrong: wrong_views(wrong, &FIELDS),
    }
}
