//! The one way to fail: an error becomes a page, or `application/problem+json` for who asks JSON,
//! and is logged once with the number of the request.

use super::App;
use super::guard::Signed;
use super::page::{Html, Page};
use crate::census::filter::FilterError;
use crate::register::publish;
use crate::{register, storage};
use askama::Template;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::io::ErrorKind;
use std::sync::Arc;
use uuid::Uuid;

/// Why a request was not done.
#[derive(Debug)]
pub struct Error {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong and what to do, in Italian.
    pub message: String,
    /// What only the log may know.
    cause: Option<String>,
}

impl Error {
    /// An error with a sentence for the person.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            cause: None,
        }
    }

    /// The request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such page.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Questa pagina non c’è.")
    }

    /// Something failed that the person cannot mend; the cause goes to the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "Qualcosa non ha funzionato e nulla è stato salvato. Riprovate; se succede \
                      ancora, comunicate all’amministratore il numero della richiesta."
                .to_owned(),
            cause: Some(cause.to_string()),
        }
    }
}

impl From<register::Error> for Error {
    fn from(error: register::Error) -> Self {
        match error {
            register::Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, message),
            register::Error::NotFound(message) => Self::new(StatusCode::NOT_FOUND, message),
            register::Error::Invalid(message) => Self::bad_request(message),
            register::Error::Failed(cause) => Self::internal(cause),
            register::Error::Damaged(message) => Self {
                cause: Some(message.clone()),
                ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
            },
            register::Error::Write(error) if publish::kind(&error) == ErrorKind::StorageFull => {
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "Sul server non c’è più spazio per preparare il file: avvertite l’amministratore.",
                )
            }
            register::Error::Write(error) => Self::internal(error),
            register::Error::Storage(error) => error.into(),
        }
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                format!("Il server dice: {error}."),
            ),
            storage::Error::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("Il server dice: {error}."),
            ),
            other => Self::internal(other),
        }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        let sentence = format!("Nell’indirizzo della pagina {error}");
        Self::bad_request(if sentence.ends_with('?') {
            sentence
        } else {
            sentence + "."
        })
    }
}

impl IntoResponse for Error {
    /// Only the status; [`show`] makes the page, because it knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The number of a request, for the log and for who asks for help.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    status: u16,
    heading: &'static str,
    message: String,
    request: String,
}

/// Gives every request a number, and every failed one a page and one line in the log.
pub async fn show(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId(app.register.clock.new_id().simple().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let json = wants_json(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());
    let response = next.run(request).await;
    let signed = response.extensions().get::<Arc<Signed>>().cloned();
    let status = response.status();
    let shown = response.extensions().get::<Arc<Error>>().cloned();
    let error = match shown {
        Some(error) => error,
        // A failure that a library answered on its own, in words people do not read.
        None if status.is_client_error() || status.is_server_error() => {
            if response.headers().contains_key(header::CONTENT_TYPE)
                && response.extensions().get::<Answered>().is_some()
            {
                return with_id(response, &id);
            }
            Arc::new(Error::new(status, words(status)))
        }
        None => return with_id(response, &id),
    };
    if let Some(cause) = &error.cause {
        tracing::error!(request = %id.0, %method, %path, %cause, "request failed");
    } else {
        let (status, message) = (status.as_u16(), &error.message);
        tracing::info!(request = %id.0, %method, %path, status, %message, "request refused");
    }
    if let (Some(signed), Some(route)) = (&signed, &route) {
        let refused = Refused {
            method: &method,
            route: route.as_str(),
            path: &path,
            status,
        };
        note(&app, signed, &refused).await;
    }
    let mut page = if json {
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": error.message,
            "instance": format!("urn:varco:request:{}", id.0),
        });
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], problem.to_string()).into_response()
    } else {
        let template = ErrorPage {
            page: Page::new(&app, signed.as_deref(), heading(status), ""),
            status: status.as_u16(),
            heading: heading(status),
            message: error.message.clone(),
            request: id.0.clone(),
        };
        (status, Html(template)).into_response()
    };
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        for value in response.headers().get_all(&name) {
            page.headers_mut().append(&name, value.clone());
        }
    }
    with_id(page, &id)
}

/// A request that was refused.
struct Refused<'a> {
    method: &'a Method,
    route: &'a str,
    path: &'a str,
    status: StatusCode,
}

/// Notes in the history that somebody asked for what they may not do, or for what is not there for
/// them: the route and the identifier in it, nothing else of what they sent.
async fn note(app: &App, signed: &Signed, refused: &Refused<'_>) {
    let subject = refused
        .path
        .split('/')
        .find_map(|part| Uuid::parse_str(part).ok());
    let counts = match refused.status {
        StatusCode::FORBIDDEN => true,
        StatusCode::NOT_FOUND => subject.is_some(),
        _ => false,
    };
    if !counts {
        return;
    }
    let what = format!(
        "{} {}: {}",
        refused.method,
        refused.route,
        refused.status.as_u16()
    );
    let noted = app.register.note_refusal(&signed.viewer, &what, subject);
    if let Err(error) = noted.await {
        tracing::error!(%error, "a refusal is not in the history");
    }
}

/// Marks a response whose failing status comes with a page of its own, such as a form with errors.
#[derive(Debug, Clone, Copy)]
pub struct Answered;

fn with_id(mut response: Response, id: &RequestId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Non c’è",
        StatusCode::FORBIDDEN => "Non è permesso",
        StatusCode::UNAUTHORIZED => "Prima accedete",
        StatusCode::PAYLOAD_TOO_LARGE => "È troppo grande",
        StatusCode::TOO_MANY_REQUESTS => "Un momento",
        status if status.is_client_error() => "La richiesta non si capisce",
        _ => "Non ha funzionato",
    }
}

fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Questa pagina non c’è.",
        StatusCode::METHOD_NOT_ALLOWED => "Questa pagina non si può usare così.",
        StatusCode::PAYLOAD_TOO_LARGE => "Quello che avete inviato è troppo grande.",
        StatusCode::REQUEST_TIMEOUT => "Ci è voluto troppo tempo: riprovate.",
        status if status.is_client_error() => "La richiesta non si capisce.",
        _ => "Qualcosa non ha funzionato e nulla è stato salvato. Riprovate.",
    }
}
