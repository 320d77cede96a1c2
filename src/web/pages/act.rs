//! An act of a body: its state, number, date and document.

use crate::census::adhesion::{ActKind, TypedAct, Wrong, answers, in_italian, present_act};
use crate::census::vocabulary::Term;
use crate::register::adhesion::{Outcome, Seen};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::recording::{
    Came, DocumentView, WrongView, accepted, document_behind, document_help, done, errors_at, only,
    refused, wrong_views,
};
use crate::web::upload::{Filed, Upload};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

/// The fields of the form, in its order.
const FIELDS: [&str; 7] = [
    "stato",
    "numero",
    "data",
    "lettori",
    "elenco",
    "nota",
    "documento",
];

#[derive(Template)]
#[template(path = "pages/act.html")]
struct Form {
    page: Page,
    code: String,
    heading: String,
    kind: ActKind,
    states: &'static [Term],
    answers: &'static [Term],
    typed: TypedAct,
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

    fn is_pact(&self) -> bool {
        self.kind == ActKind::Pact
    }
}

/// The form, with what is recorded now.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path((code, kind)): Path<(String, String)>,
) -> Result<Response, Error> {
    let kind = ActKind::named(&kind).ok_or_else(Error::not_found)?;
    let seen = app.register.body_to_record(&reader.viewer, &code).await?;
    let typed = present_act(&seen.acts, kind).map_or_else(TypedAct::default, |act| TypedAct {
        state: act.state.clone(),
        number: act.number.clone(),
        date: in_italian(&act.date),
        names_readers: act.names_readers.clone(),
        lists_places: act.lists_places.clone(),
        note: act.note.clone(),
    });
    let form = form(&app, &reader, &seen, kind, typed, Vec::new());
    Ok(Html(form).into_response())
}

/// Records the act.
pub async fn post(
    State(app): State<App>,
    Path((code, kind)): Path<(String, String)>,
    Filed(upload): Filed,
) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    let kind = ActKind::named(&kind).ok_or_else(Error::not_found)?;
    let seen = app.register.body_to_record(&signed.viewer, &code).await?;
    only(&fields, &FIELDS)?;
    let typed = typed(&fields);
    let mut came = Came::with(file, &fields);
    let outcome = match came.taken(app.settings.document_bytes) {
        Ok(attached) => {
            app.register
                .record_act(&signed.viewer, &code, kind, &typed, attached)
                .await?
        }
        Err(wrong) => vec![wrong].into(),
    };
    match outcome {
        Outcome::Saved => Ok(done(&code, "atto")),
        Outcome::Refused { wrong, .. } => {
            let mut form = form(&app, &signed, &seen, kind, typed, wrong);
            if let Some(words) = came.again() {
                form.page = form.page.with_notice("warning", words);
            }
            Ok((refused(), Html(form)).into_response())
        }
    }
}

fn typed(fields: &Fields) -> TypedAct {
    let text = |name| fields.get(name).to_owned();
    TypedAct {
        state: text("stato"),
        number: text("numero"),
        date: text("data"),
        names_readers: text("lettori"),
        lists_places: text("elenco"),
        note: text("nota"),
    }
}

fn form(
    app: &App,
    signed: &Signed,
    seen: &Seen,
    kind: ActKind,
    typed: TypedAct,
    wrong: Vec<Wrong>,
) -> Form {
    let limit = app.settings.document_bytes;
    let present = present_act(&seen.acts, kind).and_then(|act| act.document);
    Form {
        page: Page::new(
            app,
            Some(signed),
            &format!("{} · {}", kind.label(), seen.body.name),
            "enti",
        ),
        code: seen.body.code.clone(),
        heading: seen.body.name.clone(),
        kind,
        states: kind.states(),
        answers: answers(),
        typed,
        present: document_behind(&seen.documents, present),
        limit,
        accepted: accepted(),
        document_help: document_help(limit),
        wrong: wrong_views(wrong, &FIELDS),
    }
}
