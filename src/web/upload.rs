//! A form with a file. Like [`Writer`](super::guard::Writer), a handler that takes [`Upload`],
//! or one of those made by `gates!` runs only for somebody signed in whose form carries the session's
//! own token.
//!
//! The token is the first field, so that nothing is kept of a form that is not ours. The file goes to
//! a temporary place without a name, up to the configured size; what is beyond is read and thrown
//! away, because a browser whose connection is cut never shows why.
//! Enforced by `tests/it/imports.rs`.

use super::App;
use super::error::Error;
use super::fields::Fields;
use super::guard::{self, FORM_BYTES, Signed};
use crate::census::criterion;
use crate::census::person::Viewer;
use crate::register;
use axum::body::Body;
use axum::extract::multipart::{Field as Part, Multipart};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use std::fs::File;
use std::io::{self, Seek as _};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// Somebody who writes devices and sent one of our forms with a file.
#[derive(Debug)]
pub struct Upload {
    /// Who.
    pub signed: Arc<Signed>,
    /// What the form said besides the file, without its token.
    pub fields: Fields,
    /// The file.
    pub file: Received,
}

/// What became of the file of a form.
#[derive(Debug)]
pub enum Received {
    /// None was chosen.
    Nothing,
    /// It was beyond the limit and was thrown away.
    TooLarge,
    /// It is here, at its beginning, and goes away with this value.
    Kept {
        /// What the person's computer calls it.
        name: String,
        /// Its content.
        content: File,
    },
}

impl FromRequest<App> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let gate = Gate {
            limit: app.settings.upload_bytes,
            may: Viewer::writes_any,
            refusal: "Il vostro ruolo non scrive dispositivi.",
        };
        gate.admit(request, app).await
    }
}

/// Whoever else may send a form with a file: what they are called, how large the file may be, who
/// they are and what others are told.
macro_rules! gates {
    ($($(#[doc = $doc:literal])+ $name:ident, $limit:ident, $may:path, $refusal:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name(pub Upload);

        impl FromRequest<App> for $name {
            type Rejection = Response;

            async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
                let gate = Gate {
                    limit: app.settings.$limit,
                    may: $may,
                    refusal: $refusal,
                };
                gate.admit(request, app).await.map(Self)
            }
        }
    )+};
}

gates! {
    /// Somebody who records how bodies take part, perhaps with a document.
    Filed, document_bytes, Viewer::records_any_adhesion, "Il vostro ruolo non registra atti.";
    /// Somebody who looks after the catalogues, perhaps with a document.
    Kept, document_bytes, Viewer::curates, "Il vostro ruolo non aggiorna i cataloghi.";
    /// Somebody who looks after reference layers, with a file.
    Curated, upload_bytes, Viewer::curates,
        "I livelli di riferimento li caricano i validatori e gli amministratori.";
    /// Somebody who loads editions, such as price lists, with a file.
    Listed, document_bytes, Viewer::reviews,
        "Criteri, prezzi e lotti li carica chi ha il ruolo di validatore.";
}

/// Somebody who reads everything and sent a set of criteria, as a file or as text.
#[derive(Debug)]
pub struct Tried(pub Upload);

impl FromRequest<App> for Tried {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let gate = Gate {
            limit: criterion::LONGEST as u64,
            may: Viewer::reads_all,
            refusal: "Il vostro ruolo non prova criteri.",
        };
        gate.admit(request, app).await.map(Self)
    }
}

/// Who may send a file, and how large.
#[derive(Clone, Copy)]
struct Gate {
    /// In bytes.
    limit: u64,
    may: fn(&Viewer) -> bool,
    refusal: &'static str,
}

impl Gate {
    async fn admit(self, request: Request, app: &App) -> Result<Upload, Response> {
        let Some(signed) = request.extensions().get::<Arc<Signed>>().cloned() else {
            discard(request.into_body(), self.limit).await;
            return Err(Error::new(
                StatusCode::UNAUTHORIZED,
                "La sessione è finita: accedete e scegliete di nuovo il file.",
            )
            .into_response());
        };
        let multipart = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("multipart/form-data"));
        if !multipart {
            let guard::Writer { signed, fields } =
                guard::Writer::from_request(request, app).await?;
            return Ok(Upload {
                signed,
                fields,
                file: Received::Nothing,
            });
        }
        let parts = Multipart::from_request(request, app)
            .await
            .map_err(|error| unreadable(&error).into_response())?;
        self.receive(signed, parts)
            .await
            .map_err(Error::into_response)
    }

    async fn receive(self, signed: Arc<Signed>, mut parts: Multipart) -> Result<Upload, Error> {
        if let Err(refusal) = self.prove(&signed, &mut parts).await {
            while let Ok(Some(_)) = parts.next_field().await {}
            return Err(refusal);
        }
        let mut upload = Upload {
            signed,
            fields: Fields::default(),
            file: Received::Nothing,
        };
        let mut room = FORM_BYTES;
        while let Some(part) = parts
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?
        {
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                None => upload.fields.push(&name, &text(part, &mut room).await?),
                Some(file) if !file.is_empty() => {
                    upload.file = keep(file, part, self.limit).await?;
                }
                Some(_) => {}
            }
        }
        Ok(upload)
    }

    /// Asks for the token before anything else is read, and for the right to send such a file.
    async fn prove(self, signed: &Signed, parts: &mut Multipart) -> Result<(), Error> {
        let mut room = FORM_BYTES;
        let first = parts
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?;
        let token = match first {
            Some(part) if part.name() == Some("_csrf") => text(part, &mut room).await?,
            _ => String::new(),
        };
        guard::prove(signed, token.trim())?;
        if (self.may)(&signed.viewer) {
            Ok(())
        } else {
            Err(Error::new(StatusCode::FORBIDDEN, self.refusal))
        }
    }
}

/// The text of a field, as long as the form has room for it.
async fn text(mut part: Part<'_>, room: &mut usize) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        *room = room.checked_sub(chunk.len()).ok_or_else(|| {
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, "Il modulo è troppo grande.")
        })?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a file where only this process finds it, up to the limit.
async fn keep(name: String, mut part: Part<'_>, limit: u64) -> Result<Received, Error> {
    let mut place = Some(tokio::fs::File::from_std(
        tempfile::tempfile().map_err(full)?,
    ));
    let mut length = 0;
    while let Some(chunk) = part.chunk().await.map_err(|error| unreadable(&error))? {
        length += chunk.len() as u64;
        if length > limit {
            place = None;
        }
        if let Some(file) = &mut place {
            file.write_all(&chunk).await.map_err(full)?;
        }
    }
    let Some(mut file) = place else {
        return Ok(Received::TooLarge);
    };
    file.flush().await.map_err(full)?;
    let mut content = file.into_std().await;
    content.rewind().map_err(full)?;
    Ok(Received::Kept { name, content })
}

/// Reads and throws away what follows, within reason.
async fn discard(body: Body, at_most: u64) {
    let mut chunks = body.into_data_stream();
    let mut length = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        length += chunk.len() as u64;
        if length > at_most {
            return;
        }
    }
}

fn unreadable(error: &impl ToString) -> Error {
    tracing::debug!(error = %error.to_string(), "an upload was cut short");
    Error::bad_request("Il file non è arrivato intero: inviatelo di nuovo.")
}

fn full(error: io::Error) -> Error {
    register::Error::Write(error).into()
}
