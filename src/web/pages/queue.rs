//! What waits of one body: looked at device by device, or accepted as a whole.

use crate::census::filter::{Edge, Sort};
use crate::census::revision::Revision;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register;
use crate::register::queue::{Waiting, slice};
use crate::register::review::may_review;
use crate::storage::device::key;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::thread::Thread;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// How many devices stand on a page.
const SHOWN: usize = 100;

/// A device that waits.
#[derive(Debug)]
struct Line {
    id: Uuid,
    code: String,
    name: String,
    function: String,
    what: String,
    /// How many warnings are open, and how many were confirmed.
    warnings: String,
    sent: String,
}

#[derive(Template)]
#[template(path = "pages/queue.html")]
struct QueuePage {
    page: Page,
    code: String,
    name: String,
    total: i64,
    lines: Vec<Line>,
    looked_at: i64,
    reviews: bool,
    in_hand: String,
    mine: bool,
    next: String,
    first: String,
    thread: Thread,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(body): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["dopo", "esito", "convalidati", "propri", "arrivati"])?;
    let mut wanted = slice(SHOWN);
    if !query.get("dopo").is_empty() {
        let key: Vec<String> = serde_json::from_str(query.get("dopo"))
            .map_err(|_shape| query::refused("dopo", query.get("dopo")))?;
        if !crate::storage::device::is_key(Sort::Code, &key) {
            return Err(query::refused("dopo", query.get("dopo")));
        }
        wanted.from = Some((Edge::After, key));
    }
    let waiting = app.register.waiting(&reader.viewer, &body, &wanted).await?;
    let said = app.register.thread_of_body(&reader.viewer, &body).await?;
    let action = if reader.viewer.reviews() {
        format!("/convalida/{body}/messaggi")
    } else {
        String::new()
    };
    let thread = Thread::of(&said, action);
    let name = waiting.names.words(Field::Ente, &body);
    let mut page = Page::new(
        &app,
        Some(&reader),
        &format!("Convalida: {name}"),
        "convalida",
    );
    if let Some((kind, text)) = outcome(&query)? {
        page = page.with_notice(kind, text);
    }
    Ok(Html(page_of(page, &reader, body, &waiting, thread)).into_response())
}

fn page_of(
    page: Page,
    signed: &Signed,
    code: String,
    waiting: &Waiting,
    thread: Thread,
) -> QueuePage {
    let after = |last: &Revision| {
        let key = serde_json::to_string(&key(Sort::Code, last)).unwrap_or_default();
        let mut query = Fields::default();
        query.push("dopo", &key);
        format!("/convalida/{code}?{}", query.encode())
    };
    let last = waiting.listed.rows.last();
    let next = last.filter(|_| waiting.listed.after).map(after);
    let claim = waiting.claim.as_ref();
    QueuePage {
        page,
        name: waiting.names.words(Field::Ente, &code),
        total: waiting.total,
        lines: waiting
            .listed
            .rows
            .iter()
            .map(|sent| line(sent, waiting.accepted.get(&sent.device)))
            .collect(),
        looked_at: waiting.looked_at,
        reviews: signed.viewer.reviews(),
        mine: claim.is_some_and(|claim| claim.account == signed.viewer.account),
        in_hand: claim.map_or_else(String::new, |claim| {
            format!("{} dal {}", claim.account, clock::words(claim.at))
        }),
        next: next.unwrap_or_default(),
        first: if waiting.listed.before {
            format!("/convalida/{code}")
        } else {
            String::new()
        },
        code,
        thread,
    }
}

fn line(sent: &Revision, accepted: Option<&Revision>) -> Line {
    let text = |field| sent.record.text(field).to_owned();
    let what = match accepted {
        _ if sent.withdrawn => "ritiro dal censimento".to_owned(),
        None => "nuovo".to_owned(),
        Some(accepted) => match sent.record.changes(&accepted.record).count() {
            0 => "nessuna differenza".to_owned(),
            1 => "un campo modificato".to_owned(),
            many => format!("{many} campi modificati"),
        },
    };
    Line {
        id: sent.device,
        code: text(Field::Codice),
        name: text(Field::Denominazione),
        function: sent.record.words(Field::Funzione),
        what,
        warnings: warnings(sent),
        sent: sent.submitted_at.map(clock::words).unwrap_or_default(),
    }
}

fn warnings(sent: &Revision) -> String {
    let open = u64::try_from(sent.warnings).unwrap_or(0);
    let confirmed = u64::try_from(sent.confirmed.len()).unwrap_or(0);
    let parts: Vec<String> = [
        (open, "aperto", "aperti"),
        (confirmed, "confermato", "confermati"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, one, several)| query::counted(number, one, several))
    .collect();
    if parts.is_empty() {
        return "nessuno".to_owned();
    }
    parts.join(", ")
}

/// What the page says after a decision.
fn outcome(query: &Fields) -> Result<Option<(&'static str, String)>, Error> {
    let number = |name: &str| match query.get(name) {
        "" => Ok(0),
        text => text
            .parse::<u32>()
            .map_err(|_shape| query::refused(name, text)),
    };
    let text = match query.get("esito") {
        "" => return Ok(None),
        "convalidato" => "Convalidato.".to_owned(),
        "parziale" => "Convalidato in parte: l’ente trova i motivi ai campi.".to_owned(),
        "rimandato" => "Rimandato: l’ente trova i motivi ai campi.".to_owned(),
        "messaggio" => "Messaggio inviato.".to_owned(),
        "carico" => "L’ente è in carico a voi.".to_owned(),
        "lasciato" => "L’ente non è più in carico a voi.".to_owned(),
        "tutti" => {
            let own = match number("propri")? {
                0 => String::new(),
                own => {
                    format!(" {own} li avete scritti o inviati voi: li convalida un’altra persona.")
                }
            };
            let later = match number("arrivati")? {
                0 => String::new(),
                later => format!(" {later} sono arrivati mentre guardavate: sono qui sotto."),
            };
            format!("{} convalidati.{own}{later}", number("convalidati")?)
        }
        other => return Err(query::refused("esito", other)),
    };
    Ok(Some(("success", text)))
}

/// Accepts all that was waiting when the page was made.
pub async fn accept(
    State(app): State<App>,
    Path(body): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    may_review(&writer.signed.viewer)?;
    writer.fields.only(&["visto"])?;
    let looked_at = writer.fields.get("visto");
    let looked_at = looked_at
        .parse()
        .map_err(|_shape| query::refused("visto", looked_at))?;
    let decided = app
        .register
        .accept_all(&writer.signed.viewer, &body, looked_at)
        .await?;
    let address = format!(
        "/convalida/{body}?esito=tutti&convalidati={}&propri={}&arrivati={}",
        decided.accepted, decided.own, decided.later
    );
    Ok(Redirect::to(&address).into_response())
}

/// Takes the body in hand, or lets go of it.
pub async fn claim(
    State(app): State<App>,
    Path(body): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    may_review(&writer.signed.viewer)?;
    writer.fields.only(&["carico"])?;
    let claimed = match writer.fields.get("carico") {
        "si" => true,
        "no" => false,
        other => return Err(query::refused("carico", other)),
    };
    let viewer = &writer.signed.viewer;
    app.register.set_claim(viewer, &body, claimed).await?;
    let outcome = if claimed { "carico" } else { "lasciato" };
    Ok(Redirect::to(&format!("/convalida/{body}?esito={outcome}")).into_response())
}

/// Says something of the body's whole census.
pub async fn say(
    State(app): State<App>,
    Path(body): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    writer.fields.only(&["messaggio"])?;
    let viewer = &writer.signed.viewer;
    let text = writer.fields.get("messaggio");
    match app.register.say(viewer, &body, None, text).await {
        Ok(()) => {}
        Err(register::Error::Invalid(message)) => {
            return Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        Err(other) => return Err(other.into()),
    }
    let back = if viewer.reads_all() {
        format!("/convalida/{body}?esito=messaggio")
    } else {
        format!("/enti/{body}?salvato=messaggio#conversazione")
    };
    Ok(Redirect::to(&back).into_response())
}
