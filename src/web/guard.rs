//! Who asks. A handler that takes [`Reader`] runs only for somebody signed in; one that takes
//! [`Writer`] only when the form also carries the session's own token. A writing handler cannot be
//! written without it, because the fields of the form come from nowhere else.

use super::App;
use super::error::Error;
use super::fields::Fields;
use super::pages::sign_in;
use crate::census::person::Viewer;
use crate::register;
use crate::storage::people::Session;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::convert::Infallible;
use std::sync::Arc;

/// The cookie that holds the token of a session.
pub const COOKIE: &str = "varco_sessione";

/// The largest form that is not a file, in bytes.
pub const FORM_BYTES: usize = 1_048_576;

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Who.
    pub viewer: Viewer,
    /// By which session.
    pub session: Session,
    /// How many notices they have not read; counted only for what may answer a page.
    pub unread: i64,
}

/// Finds out who asks, once for every request.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let framed = !(path.starts_with("/static/") || path.starts_with("/tiles/"));
    if let Some(token) = cookie(request.headers(), COOKIE) {
        match app.register.session(token).await {
            Ok(Some((session, viewer))) => {
                let unread = match unread(&app, framed, &viewer).await {
                    Ok(unread) => unread,
                    Err(error) => return Error::from(error).into_response(),
                };
                let signed = Arc::new(Signed {
                    viewer,
                    session,
                    unread,
                });
                request.extensions_mut().insert(Arc::clone(&signed));
                let mut response = next.run(request).await;
                response.extensions_mut().insert(signed);
                return response;
            }
            Ok(None) => {}
            Err(error) => return Error::from(error).into_response(),
        }
    }
    next.run(request).await
}

/// How many notices somebody has not read, for the frame of a page; assets and tiles have none.
async fn unread(app: &App, framed: bool, viewer: &Viewer) -> register::Result<i64> {
    if framed {
        app.register.unread(viewer).await
    } else {
        Ok(0)
    }
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// Somebody signed in who reads. Who is not is sent to the sign-in page, and back afterwards.
#[derive(Debug, Clone)]
pub struct Reader(pub Arc<Signed>);

impl std::ops::Deref for Reader {
    type Target = Signed;

    fn deref(&self) -> &Signed {
        &self.0
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Response> {
        if let Some(signed) = parts.extensions.get::<Arc<Signed>>() {
            return Ok(Self(Arc::clone(signed)));
        }
        if matches!(parts.method, Method::GET | Method::HEAD) && accepts_html(&parts.headers) {
            let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let place = serde_urlencoded::to_string([("poi", back)]).unwrap_or_default();
            return Err(Redirect::to(&format!("/accedi?{place}")).into_response());
        }
        Err(signed_out().into_response())
    }
}

fn signed_out() -> Error {
    Error::new(StatusCode::UNAUTHORIZED, "Prima dovete accedere.")
}

/// Whoever asks, signed in or not.
impl OptionalFromRequestParts<App> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Arc<Signed>>().cloned().map(Self))
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"))
}

/// Somebody signed in who sent one of our forms.
#[derive(Debug)]
pub struct Writer {
    /// Who.
    pub signed: Arc<Signed>,
    /// What the form said, without its token.
    pub fields: Fields,
}

impl FromRequest<App> for Writer {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, FORM_BYTES).await.map_err(|_cause| {
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, "Il modulo è troppo grande.").into_response()
        })?;
        let mut fields = fields_of(&parts.headers, &bytes).map_err(Error::into_response)?;
        let Some(signed) = parts.extensions.get::<Arc<Signed>>().cloned() else {
            fields.remove("_csrf");
            if !accepts_html(&parts.headers) {
                return Err(signed_out().into_response());
            }
            return Err(sign_in::resume(app, parts.uri.path(), &fields));
        };
        prove(&signed, fields.get("_csrf")).map_err(Error::into_response)?;
        fields.remove("_csrf");
        Ok(Self { signed, fields })
    }
}

fn fields_of(headers: &HeaderMap, bytes: &Bytes) -> Result<Fields, Error> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    match kind {
        Some(kind) if kind.starts_with("application/x-www-form-urlencoded") => Fields::parse(bytes),
        None if bytes.is_empty() => Ok(Fields::default()),
        _ => Err(Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Questa pagina accetta solo i moduli di Varco.",
        )),
    }
}

/// Says no to a form that does not carry the token of the session it claims to come from.
pub fn prove(signed: &Signed, token: &str) -> Result<(), Error> {
    let own = signed.session.csrf.as_bytes();
    let differs = own
        .iter()
        .zip(token.as_bytes())
        .fold(own.len() ^ token.len(), |sum, (left, right)| {
            sum | usize::from(left ^ right)
        });
    if differs == 0 {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Questo modulo non viene dalla vostra sessione di adesso: tornate alla pagina, \
             ricaricatela e inviatelo di nuovo.",
        ))
    }
}
