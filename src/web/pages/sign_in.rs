//! Signing in; and signing in again without losing what was being written.

use super::device;
use crate::register::people::{IDLE, LONGEST};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{COOKIE, FORM_BYTES, Reader, cookie};
use crate::web::page::{Html, Page};
use crate::web::throttle::Attempt;
use askama::Template;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};

/// The cookie by which a browser is known to have signed in to an account before. It holds
/// `account hash`, where the hash is of a secret of this run and the account.
const KNOWN: &str = "varco_conosciuto";

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignIn {
    page: Page,
    account: String,
    /// Where to go afterwards.
    back: String,
    /// What was being written when the session ended, in the form encoding, and where it goes.
    resume: String,
    message: String,
}

/// The form.
pub async fn get(
    State(app): State<App>,
    signed: Option<Reader>,
    request: Request,
) -> Result<Response, Error> {
    let query = Fields::parse(request.uri().query().unwrap_or_default().as_bytes())?;
    query.only(&["poi"])?;
    let back = local(query.get("poi"));
    if signed.is_some() {
        return Ok(Redirect::to(&back).into_response());
    }
    Ok(form(
        &app,
        StatusCode::OK,
        "",
        back,
        String::new(),
        String::new(),
    ))
}

/// Asks who sent a form without a session to sign in again, and keeps the form of a device
/// meanwhile. Others are short, and some have a password in them.
#[must_use]
pub fn resume(app: &App, path: &str, fields: &Fields) -> Response {
    if !device::has_form(path) {
        let message = "La sessione è finita prima dell’invio, quindi nulla è cambiato. Accedete \
                       di nuovo e ripetete l’operazione.";
        return form(
            app,
            StatusCode::UNAUTHORIZED,
            "",
            "/".to_owned(),
            String::new(),
            message.to_owned(),
        );
    }
    let message = "La sessione è finita. Accedete di nuovo: quello che avete scritto non è andato \
                   perso e lo ritroverete subito dopo.";
    form(
        app,
        StatusCode::UNAUTHORIZED,
        "",
        path.to_owned(),
        fields.encode(),
        message.to_owned(),
    )
}

fn form(
    app: &App,
    status: StatusCode,
    account: &str,
    back: String,
    resume: String,
    message: String,
) -> Response {
    let page = Page::new(app, None, "Accedi", "");
    let template = SignIn {
        page,
        account: account.to_owned(),
        back,
        resume,
        message,
    };
    (status, Html(template)).into_response()
}

/// Signs in.
pub async fn post(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    // There is no session yet whose token could be asked for; browsers say where a form comes from.
    if parts
        .headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
    {
        let message = "Per accedere usate la pagina di Varco, non quella di un altro sito.";
        return Err(Error::new(StatusCode::FORBIDDEN, message));
    }
    let bytes: Bytes = to_bytes(body, FORM_BYTES * 4).await.map_err(|_cause| {
        Error::new(StatusCode::PAYLOAD_TOO_LARGE, "Il modulo è troppo grande.")
    })?;
    let fields = Fields::parse(&bytes)?;
    fields.only(&["utente", "password", "poi", "ripresa"])?;
    let account = fields.get("utente").to_owned();
    let password = fields.exact("password").to_owned();
    let back = local(fields.get("poi"));
    let resume = fields.get("ripresa").to_owned();
    let address = address(&app, &parts.headers, parts.extensions.get());
    let mark = mark(&account);
    let known = cookie(&parts.headers, KNOWN).filter(|value| mark.as_deref() == Some(*value));
    let attempt = Attempt {
        address,
        account: &account,
        known,
    };
    let now = app.register.clock.now();
    if let Err(seconds) = app.throttle.admit(&attempt, now) {
        let minutes = seconds / 60 + 1;
        let message = format!("Troppi tentativi non riusciti: riprovate tra {minutes} minuti.");
        let mut response = form(
            &app,
            StatusCode::TOO_MANY_REQUESTS,
            &account,
            back,
            resume,
            message,
        );
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        return Ok(response);
    }
    let Some(begun) = app.register.sign_in(&account, &password).await? else {
        let message = "Nome utente o password non giusti.".to_owned();
        return Ok(form(
            &app,
            StatusCode::UNPROCESSABLE_ENTITY,
            &account,
            back,
            resume,
            message,
        ));
    };
    app.throttle.forgive(&attempt, now);
    let mut response = if resume.is_empty() {
        Redirect::to(&back).into_response()
    } else {
        // Whatever becomes of the form, the person is signed in.
        resumed(&app, &begun.token, &back, &resume)
            .await
            .unwrap_or_else(IntoResponse::into_response)
    };
    let seconds = LONGEST.max(IDLE) / crate::clock::SECOND;
    set_cookie(&app, &mut response, COOKIE, &begun.token, seconds);
    if let Some(mark) = mark {
        set_cookie(&app, &mut response, KNOWN, &mark, 365 * 24 * 3_600);
    }
    Ok(response)
}

/// Shows the form that the lost session had interrupted, as it was, ready to be sent again.
async fn resumed(app: &App, token: &str, path: &str, encoded: &str) -> Result<Response, Error> {
    let Some((session, viewer)) = app.register.session(token).await? else {
        return Ok(Redirect::to(path).into_response());
    };
    let unread = app.register.unread(&viewer).await?;
    let signed = crate::web::guard::Signed {
        viewer,
        session,
        unread,
    };
    let fields = Fields::parse(encoded.as_bytes())?;
    device::resume(app, &signed, path, &fields).await
}

/// The mark that a known browser carries for an account. It says only that this browser signed in
/// before; forging it gains ten attempts more, so the secret lives as long as the program runs.
fn mark(account: &str) -> Option<String> {
    static SECRET: std::sync::LazyLock<Option<[u8; 32]>> =
        std::sync::LazyLock::new(|| crate::clock::random().ok());
    // Without randomness nobody is known, and everybody is counted as a stranger.
    let secret = (*SECRET)?;
    let account = account.trim().to_lowercase();
    let hash = Sha256::new()
        .chain_update(secret)
        .chain_update(account.as_bytes())
        .finalize();
    Some(hex::encode(hash))
}

fn address(
    app: &App,
    headers: &HeaderMap,
    direct: Option<&ConnectInfo<SocketAddr>>,
) -> Option<IpAddr> {
    if app.settings.behind_proxy {
        // The last address of the last line is the one that our own proxy has seen.
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let addresses = forwarded.and_then(|value| value.to_str().ok());
        return addresses.and_then(|all| all.rsplit(',').next()?.trim().parse().ok());
    }
    direct.map(|ConnectInfo(address)| address.ip())
}

/// Only an address of ours: nobody is sent elsewhere after signing in. Browsers drop tabs and read
/// a backslash as a slash, so that either could hide the two slashes of another server.
fn local(path: &str) -> String {
    let ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|one: char| one == '\\' || one.is_control());
    (if ours { path } else { "/" }).to_owned()
}

/// Puts a cookie into a response that only our own pages send back.
pub fn set_cookie(app: &App, response: &mut Response, name: &str, value: &str, seconds: i64) {
    let secure = if app.settings.https { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
