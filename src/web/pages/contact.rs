//! Whom to ring at a body: designated, replaced, erased.

use crate::census::adhesion::{Contact, Wrong};
use crate::census::vocabulary::Term;
use crate::register::adhesion::{Outcome, Seen, Whom};
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::recording::{WrongView, done, errors_at, refused, wrong_views};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

/// The fields of the form, in its order.
const FIELDS: [&str; 5] = ["nome", "ufficio", "email", "telefono", "azione"];

#[derive(Template)]
#[template(path = "pages/contact.html")]
struct Form {
    page: Page,
    code: String,
    heading: String,
    typed: Contact,
    /// Whether somebody is designated.
    known: bool,
    /// No list to choose from.
    none: &'static [Term],
    wrong: Vec<WrongView>,
}

impl Form {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// The form, with who is designated.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Response, Error> {
    let seen = app.register.body_to_record(&reader.viewer, &code).await?;
    let typed = match &seen.contact {
        Whom::Designated(contact) => contact.clone(),
        Whom::Hidden | Whom::Nobody => Contact::default(),
    };
    let form = form(&app, &reader, &seen, typed, Vec::new());
    Ok(Html(form).into_response())
}

/// Designates somebody, or erases who was.
pub async fn post(
    State(app): State<App>,
    Path(code): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let (signed, fields) = (&writer.signed, &writer.fields);
    let seen = app.register.body_to_record(&signed.viewer, &code).await?;
    fields.only(&FIELDS)?;
    match fields.get("azione") {
        "" | "salva" => {}
        "cancella" => {
            app.register.erase_contact(&signed.viewer, &code).await?;
            return Ok(done(&code, "referente_cancellato"));
        }
        _ => {
            return Err(Error::bad_request(
                "Il modulo chiede di salvare o di cancellare.",
            ));
        }
    }
    let text = |name| fields.get(name).to_owned();
    let typed = Contact {
        name: text("nome"),
        office: text("ufficio"),
        email: text("email"),
        telephone: text("telefono"),
        ..Contact::default()
    };
    match app
        .register
        .put_contact(&signed.viewer, &code, &typed)
        .await?
    {
        Outcome::Saved => Ok(done(&code, "referente")),
        Outcome::Refused { wrong, .. } => {
            let form = form(&app, signed, &seen, typed, wrong);
            Ok((refused(), Html(form)).into_response())
        }
    }
}

fn form(app: &App, signed: &Signed, seen: &Seen, typed: Contact, wrong: Vec<Wrong>) -> Form {
    Form {
        page: Page::new(
            app,
            Some(signed),
            &format!("Referente · {}", seen.body.name),
            "enti",
        ),
        code: seen.body.code.clone(),
        heading: seen.body.name.clone(),
        typed,
        known: matches!(seen.contact, Whom::Designated(_)),
        none: &[],
        wrong: wrong_views(wrong, &FIELDS),
    }
}
