//! Every route in one table: address, method, who may use it, and the handler.

use super::error::Error;
use super::fields::Fields;
use super::pages::{
    act, adhesion, batch, batch_row, bodies, body, campaign, campaign_map, comparison,
    compatibility, contact, declaration, declarations, device, devices, document, duplicate,
    duplicates, export, history, home, import, judged, lacking, map, notices, password, people,
    person, queue, queues, reminders, review, seat, sending, sign_in, sign_out, site, sites,
    snapshot, snapshots, statement, tiles,
};
use super::{App, assets, error, guard};
use crate::settings::{MapLayer, Settings};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Who may use a route; what they see or write there is the register's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Everyone,
    /// Whoever is signed in.
    Signed,
    /// Whoever writes devices of some body.
    Compilers,
    /// Whoever records how some body takes part: who writes its devices, and who reviews.
    Recorders,
    /// Whoever reads everything.
    Readers,
    /// Whoever accepts or sends back.
    Reviewers,
    /// Whoever manages people.
    Administrators,
}

/// One line of the table.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The address, with `{names}` for its parts.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: MethodRouter<App>,
}

/// A page that takes no parameters: whoever gives it one is told.
fn shows<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route {
        method: Method::GET,
        path,
        access,
        handler: get(handler).layer(from_fn(without_parameters)),
    }
}

async fn without_parameters(request: Request, next: Next) -> Result<Response, Error> {
    let query = request.uri().query().unwrap_or_default();
    Fields::parse(query.as_bytes())?.only(&[])?;
    Ok(next.run(request).await)
}

/// A page that takes parameters, and says itself which.
fn reads<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route {
        method: Method::GET,
        path,
        access,
        handler: get(handler),
    }
}

/// A form, whose fields all stand in the body.
fn writes<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route {
        method: Method::POST,
        path,
        access,
        handler: post(handler).layer(from_fn(without_parameters)),
    }
}

/// The table.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = of_devices();
    routes.extend(around_the_census());
    routes
}

/// Signing in, and what is done with devices.
fn of_devices() -> Vec<Route> {
    use Access::{Compilers, Everyone, Signed};
    vec![
        reads("/", Signed, home::get),
        reads("/accedi", Everyone, sign_in::get),
        writes("/accedi", Everyone, sign_in::post),
        writes("/esci", Signed, sign_out::post),
        shows("/password", Signed, password::get),
        writes("/password", Signed, password::post),
        reads("/dispositivi", Signed, devices::get),
        reads("/mappa", Signed, map::get),
        reads("/tiles/dispositivi/{z}/{x}/{y}", Signed, tiles::devices),
        shows("/tiles/comuni/{z}/{x}/{y}", Signed, tiles::boundaries),
        reads("/esporta", Signed, export::get),
        reads("/esporta/{file}", Signed, export::download),
        shows("/importa", Compilers, import::get),
        writes("/importa", Compilers, import::post),
        shows("/importa/modello.csv", Compilers, import::template),
        shows("/importa/modello.xlsx", Compilers, import::workbook),
        reads("/importa/{id}", Compilers, batch::get),
        shows("/importa/{id}/avanzamento", Compilers, batch::progress),
        shows("/importa/{id}/punti", Compilers, batch::points),
        shows("/importa/{id}/scarti", Compilers, batch::rejects),
        reads("/importa/{id}/righe/{record}", Compilers, batch_row::get),
        writes("/importa/{id}/righe/{record}", Compilers, batch_row::save),
        writes(
            "/importa/{id}/righe/{record}/proposta",
            Compilers,
            batch_row::accept,
        ),
        writes("/importa/{id}/lettura", Compilers, batch::reading),
        writes("/importa/{id}/colonne", Compilers, batch::columns),
        writes("/importa/{id}/valori", Compilers, batch::values),
        writes("/importa/{id}/accetta", Compilers, batch::accept),
        writes("/importa/{id}/conferma", Compilers, batch::confirm),
        shows("/importa/{id}/annulla", Compilers, batch::undo_asked),
        writes("/importa/{id}/annulla", Compilers, batch::undo),
        writes("/importa/{id}/abbandona", Compilers, batch::abandon),
        shows("/accessibilita", Everyone, statement::get),
        shows("/salute", Everyone, home::health),
        shows("/static/{*path}", Everyone, assets::get),
        reads("/dispositivi/nuovo", Compilers, device::new),
        writes("/dispositivi/nuovo", Compilers, device::create),
        writes("/dispositivi/controlla", Compilers, device::check),
        reads("/dispositivi/{id}", Signed, device::get),
        reads("/dispositivi/{id}/scheda", Signed, device::panel),
        shows("/dispositivi/{id}/modifica", Compilers, device::edit),
        writes("/dispositivi/{id}/modifica", Compilers, device::update),
        shows("/dispositivi/{id}/duplica", Compilers, device::duplicate),
        writes("/dispositivi/{id}/ritira", Compilers, device::withdraw),
        writes("/dispositivi/{id}/ripristina", Compilers, device::restore),
    ]
}

/// What is done with the census beyond its devices: review, bodies, snapshots, history, people.
fn around_the_census() -> Vec<Route> {
    use Access::{Administrators, Compilers, Readers, Recorders, Reviewers, Signed};
    vec![
        reads("/dispositivi/{id}/convalida", Readers, review::get),
        writes("/dispositivi/{id}/convalida", Reviewers, review::decide),
        writes("/dispositivi/{id}/invia", Compilers, review::submit),
        writes("/dispositivi/{id}/messaggi", Recorders, review::say),
        reads("/invio", Compilers, sending::get),
        writes("/invio/{ente}", Compilers, sending::submit),
        shows("/convalida", Readers, queues::get),
        reads("/convalida/{ente}", Readers, queue::get),
        writes("/convalida/{ente}/accetta", Reviewers, queue::accept),
        writes("/convalida/{ente}/carico", Reviewers, queue::claim),
        writes("/convalida/{ente}/messaggi", Recorders, queue::say),
        reads("/siti", Signed, sites::get),
        reads("/siti/{id}", Signed, site::get),
        shows("/siti/{id}/modifica", Compilers, site::edit),
        writes("/siti/{id}/modifica", Compilers, site::update),
        reads("/enti", Signed, bodies::get),
        reads("/enti/{code}", Signed, body::get),
        shows("/enti/{code}/adesione", Recorders, adhesion::get),
        writes("/enti/{code}/adesione", Recorders, adhesion::post),
        shows("/enti/{code}/atti/{kind}", Recorders, act::get),
        writes("/enti/{code}/atti/{kind}", Recorders, act::post),
        shows("/enti/{code}/sede", Recorders, seat::get),
        writes("/enti/{code}/sede", Recorders, seat::post),
        shows("/enti/{code}/referente", Recorders, contact::get),
        writes("/enti/{code}/referente", Recorders, contact::post),
        shows("/documenti/{id}", Signed, document::get),
        shows("/fotografie", Signed, snapshots::get),
        writes("/fotografie", Reviewers, snapshots::post),
        reads("/fotografie/confronta", Signed, comparison::get),
        reads(
            "/fotografie/confronta/differenze.csv",
            Signed,
            comparison::download,
        ),
        reads("/fotografie/{id}", Signed, snapshot::get),
        shows("/fotografie/{id}/verifica", Readers, snapshot::verify),
        reads("/doppioni", Signed, duplicates::get),
        reads("/doppioni/{left}/{right}", Signed, duplicate::get),
        writes("/doppioni/{left}/{right}", Reviewers, duplicate::post),
        reads("/storia", Signed, history::get),
        reads("/storia.csv", Signed, history::download),
        shows("/enti/{code}/dichiarazioni", Signed, declarations::get),
        writes("/enti/{code}/dichiarazioni", Compilers, declarations::post),
        shows("/enti/{code}/dichiarazioni/{id}", Signed, declaration::get),
        reads("/compatibilita", Signed, compatibility::get),
        reads("/compatibilita/enti.csv", Signed, compatibility::download),
        reads("/compatibilita/dispositivi", Signed, judged::get),
        reads("/compatibilita/dispositivi.csv", Signed, judged::download),
        reads("/compatibilita/mancanti", Signed, lacking::get),
        reads("/compatibilita/mancanti.csv", Signed, lacking::download),
        reads("/campagna", Readers, campaign::get),
        reads("/campagna/mappa", Readers, campaign_map::get),
        writes("/campagna/scadenza", Reviewers, campaign::due),
        reads("/campagna/solleciti", Reviewers, reminders::get),
        writes("/campagna/solleciti", Reviewers, reminders::post),
        reads("/campagna/solleciti.csv", Reviewers, reminders::list),
        shows("/avvisi", Signed, notices::get),
        writes("/avvisi", Signed, notices::post),
        reads("/persone", Administrators, people::get),
        shows("/persone/nuova", Administrators, person::new),
        writes("/persone/nuova", Administrators, person::create),
        shows("/persone/{id}/modifica", Administrators, person::edit),
        writes("/persone/{id}/modifica", Administrators, person::update),
        writes("/persone/{id}/disabilita", Administrators, person::disable),
        writes("/persone/{id}/riabilita", Administrators, person::enable),
    ]
}

/// The whole application.
pub fn router(app: App) -> Router {
    let table = routes().into_iter().fold(Router::new(), |table, route| {
        table.route(route.path, route.handler)
    });
    framed(table, app)
}

/// What stands around every route: who asks, how it fails, the headers of every answer.
pub fn framed(table: Router<App>, app: App) -> Router {
    table
        .fallback(|| async { Error::not_found() })
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), guard::identify))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), error::show))
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            policy(&app.settings),
        ))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(self)",
        ))
        .layer(fixed(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .with_state(app)
}

/// What a page may load: only what this program serves, and the images of the map backgrounds that
/// an operator configured.
fn policy(settings: &Settings) -> HeaderValue {
    let servers: Vec<String> = settings
        .map_layers
        .iter()
        .flat_map(MapLayer::servers)
        .collect();
    let servers = servers.join(" ");
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' data: blob: {servers}; font-src 'self'; connect-src 'self' {servers}; \
         worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&text)
        .unwrap_or_else(|_unprintable| HeaderValue::from_static("default-src 'none'"))
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
