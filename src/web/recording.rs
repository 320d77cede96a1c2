//! What the forms about a body share: what is wrong at which field, the document that comes along,
//! and documents as pages show them.

use super::error::Error;
use super::fields::Fields;
use super::guard::Signed;
use super::query;
use super::upload::Received;
use crate::census::adhesion::Wrong;
use crate::census::document::{Document, Kind};
use crate::clock;
use crate::register;
use crate::register::adhesion::Attached;
use crate::register::document::{Attachment, FIELD};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// The field that says that the document of before does not stand behind the new row.
pub const DROP: &str = "documento_tolto";

/// Something wrong, as the templates draw it.
#[derive(Debug)]
pub struct WrongView {
    /// The field.
    pub field: &'static str,
    /// In words.
    pub label: &'static str,
    /// The sentence.
    pub message: String,
}

/// What is wrong, as the templates draw it, in the order of the page: that of `fields`.
#[must_use]
pub fn wrong_views(wrong: Vec<Wrong>, fields: &[&str]) -> Vec<WrongView> {
    let mut views: Vec<WrongView> = wrong
        .into_iter()
        .map(|wrong| WrongView {
            field: wrong.field,
            label: label(wrong.field),
            message: wrong.message,
        })
        .collect();
    views.sort_by_key(|view| fields.iter().position(|field| *field == view.field));
    views
}

/// What is wrong, as the templates draw it, in the order of the page: that of `fields`, each with what
/// people read.
#[must_use]
pub fn labelled(wrong: Vec<Wrong>, fields: &[(&'static str, &'static str)]) -> Vec<WrongView> {
    let place = |name: &str| fields.iter().position(|(field, _)| *field == name);
    let label = |name: &str| fields.iter().find(|(field, _)| *field == name);
    let mut views: Vec<WrongView> = wrong
        .into_iter()
        .map(|wrong| WrongView {
            field: wrong.field,
            label: label(wrong.field).map_or("", |(_, label)| label),
            message: wrong.message,
        })
        .collect();
    views.sort_by_key(|view| place(view.field));
    views
}

/// What is wrong at a field.
#[must_use]
pub fn errors_at(wrong: &[WrongView], field: &str) -> Vec<String> {
    wrong
        .iter()
        .filter(|wrong| wrong.field == field)
        .map(|wrong| wrong.message.clone())
        .collect()
}

fn label(field: &str) -> &'static str {
    match field {
        "passo" => "A che punto",
        "numero" => "Numero dell’atto",
        "data" => "Data",
        "annulla" => "Passo sbagliato",
        "motivo" => "Motivo",
        "stato" => "Stato",
        "lettori" => "Nomina i lettori di targhe",
        "elenco" => "Elenca numero e collocazione",
        "indirizzo" => "Indirizzo",
        "posizione" => "Posizione",
        "fibra" => "Fibra metropolitana",
        "fibra_data" => "Dal, o entro il",
        "nome" => "Nome e cognome",
        "ufficio" => "Ufficio",
        "email" => "E-mail",
        "telefono" => "Telefono",
        FIELD => "Documento",
        _ => "Nota",
    }
}

/// The document that came with a form.
#[derive(Debug)]
pub struct Came {
    /// What becomes of it; nothing when it was beyond the limit.
    attached: Option<Attached>,
    /// What the person's computer calls it.
    name: String,
}

impl Came {
    /// What a form brought.
    #[must_use]
    pub fn with(file: Received, fields: &Fields) -> Self {
        let (attached, name) = match file {
            Received::TooLarge => (None, String::new()),
            Received::Nothing if fields.get(DROP) == "si" => {
                (Some(Attached::Nothing), String::new())
            }
            Received::Nothing => (Some(Attached::Same), String::new()),
            Received::Kept { name, content } => (
                Some(Attached::New(Attachment {
                    name: name.clone(),
                    content,
                })),
                name,
            ),
        };
        Self { attached, name }
    }

    /// What becomes of it, unless it was beyond the limit, in bytes: then what is wrong.
    pub fn taken(&mut self, limit: u64) -> Result<Attached, Wrong> {
        self.attached.take().ok_or_else(|| {
            Wrong::new(
                FIELD,
                format!("Il file è più grande di {} MB.", limit / 1_048_576),
            )
        })
    }

    /// What to say above a form that is shown again: a browser does not send a file twice by itself.
    #[must_use]
    pub fn again(&self) -> Option<String> {
        (!self.name.is_empty()).then(|| {
            "Non è stato salvato nulla, nemmeno il file: sceglietelo di nuovo prima di salvare."
                .to_owned()
        })
    }
}

/// The file that came along, where a form has none of before.
#[must_use]
pub fn attached(file: Attached) -> Option<Attachment> {
    match file {
        Attached::New(attachment) => Some(attachment),
        Attached::Same | Attached::Nothing => None,
    }
}

/// The address of a page about something that has no identifier but its name.
#[must_use]
pub fn entry_address(path: &str, parts: &[(&str, &str)]) -> String {
    let mut fields = Fields::default();
    for (name, value) in parts {
        fields.push(name, value);
    }
    format!("{path}?{}", fields.encode())
}

/// Says no to whoever does not keep the catalogues.
pub fn keeps(signed: &Signed) -> Result<(), Error> {
    Ok(register::catalogue::may_record(&signed.viewer)?)
}

/// The status of a form that is shown again because of this.
#[must_use]
pub fn refused() -> StatusCode {
    StatusCode::UNPROCESSABLE_ENTITY
}

/// What a field for documents accepts, as HTML has it.
#[must_use]
pub fn accepted() -> String {
    let ends: Vec<String> = Kind::ALL
        .iter()
        .flat_map(|kind| kind.extensions())
        .map(|end| format!(".{end}"))
        .collect();
    ends.join(",")
}

/// What stands below a field for documents that may be left empty.
#[must_use]
pub fn document_help(limit: u64) -> String {
    format!("Facoltativo: {}", document_kinds(limit))
}

/// Which documents are taken, up to this many bytes.
#[must_use]
pub fn document_kinds(limit: u64) -> String {
    format!(
        "PDF, ODT, DOCX, XLSX, ODS, PNG, JPEG, anche firmati (P7M). Fino a {} MB.",
        limit / 1_048_576
    )
}

/// A document as the templates draw it.
#[derive(Debug, Clone)]
pub struct DocumentView {
    /// Where it is fetched.
    pub href: String,
    /// Its name.
    pub name: String,
    /// What it is and how large.
    pub words: String,
    /// Its hash.
    pub sha256: String,
    /// Who sent it.
    pub author: String,
    /// When.
    pub when: String,
}

/// A document as the templates draw it.
#[must_use]
pub fn document_view(document: &Document) -> DocumentView {
    DocumentView {
        href: format!("/documenti/{}", document.id),
        name: document.name.clone(),
        words: format!("{}, {}", document.kind.label(), size(document.size)),
        sha256: document.sha256.clone(),
        author: document.author.clone(),
        when: clock::words(document.recorded_at),
    }
}

/// The document behind a row, if there is one.
#[must_use]
pub fn document_behind(documents: &[Document], id: Option<Uuid>) -> Option<DocumentView> {
    let found = documents.iter().find(|document| Some(document.id) == id);
    found.map(document_view)
}

/// A number of bytes in words.
fn size(bytes: i64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} byte"),
        1_024..1_048_576 => format!("{} kB", query::figure(bytes.div_euclid(1_024))),
        _ => {
            let tenths = bytes.div_euclid(104_858);
            format!("{},{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// Back to the page of a body, which says what was saved.
#[must_use]
pub fn done(code: &str, what: &str) -> Response {
    Redirect::to(&format!("/enti/{code}?salvato={what}")).into_response()
}

/// The values of a form that may be sent as another kind of form too.
pub fn only(fields: &Fields, known: &[&'static str]) -> Result<(), Error> {
    let with = [known, &[FIELD, DROP]].concat();
    fields.only(&with)
}
