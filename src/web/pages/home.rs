//! The first page: how the census stands for whoever asks, and what to do next.

use super::notices::{self, Line};
use crate::census::campaign::{Standing, Step};
use crate::census::filter::Filter;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register::find::Names;
use crate::storage::body::Body;
use crate::storage::review::{Claim, Queue};
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query::{self, Standpoint};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// A number and the list that it counts.
#[derive(Debug)]
struct Figure {
    label: &'static str,
    number: i64,
    href: String,
}

/// One bar of a small table of shares.
#[derive(Debug)]
struct Share {
    label: String,
    number: i64,
    href: String,
}

/// What a body does next.
#[derive(Debug)]
struct Task {
    code: String,
    body: String,
    step: Step,
    due: String,
    late: bool,
}

/// A body that waits for a reviewer.
#[derive(Debug)]
struct Waiting {
    code: String,
    body: String,
    words: String,
}

/// How many lines the first page shows of what goes on elsewhere.
const FEW: usize = 5;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home {
    page: Page,
    /// What to do next, for each body whose devices the person writes.
    tasks: Vec<Task>,
    /// What reviewers have to look at, longest waiting first.
    queue: Vec<Waiting>,
    /// What the person was told and has not read.
    news: Vec<Line>,
    figures: [Figure; 3],
    functions: Vec<Share>,
    standings: Vec<Share>,
    standpoint: Standpoint,
    conditions: Vec<(&'static str, String)>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (mut filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    // What an officer reads of other bodies is no measure of the own work.
    if !reader.viewer.reads_all() && reader.viewer.bodies().next().is_some() {
        filter.own = true;
    }
    let all = match reader.viewer.bodies().count() {
        _ if !filter.own => "Dispositivi nel censimento",
        1 => "Dispositivi del vostro ente",
        _ => "Dispositivi dei vostri enti",
    };
    let summary = app.register.summary(&filter).await?;
    let past = app.register.past(&filter).await?;
    let figures = [
        (all, &summary.all),
        ("Con avvisi da confermare", &summary.warnings),
        ("Con dati da completare", &summary.missing),
    ]
    .map(|(label, count)| Figure {
        label,
        number: count.number,
        href: list(&count.filter),
    });
    let functions = shares(&summary.all.filter, Field::Funzione, summary.functions);
    let standings = shares(&summary.all.filter, Field::StatoScntt, summary.standings);
    let page = Page::new(&app, Some(&reader), "Il censimento", "")
        .at(past, || query::today("/", &filter, &[]));
    let names = app.register.names().await?;
    Ok(Html(Home {
        page,
        tasks: tasks(&app, &reader).await?,
        queue: queue(&app, &reader, &names).await?,
        news: news(&app, &reader, &names).await?,
        figures,
        functions,
        standings,
        standpoint: Standpoint::of(&filter),
        conditions: query::conditions(&filter),
    })
    .into_response())
}

async fn tasks(app: &App, signed: &Signed) -> Result<Vec<Task>, Error> {
    let own = app.register.own_standings(&signed.viewer).await?;
    let task = |(body, standing): (Body, Standing)| Task {
        step: standing.next_step(),
        due: standing.due_words(),
        late: standing.days_late().is_some(),
        code: body.code,
        body: body.name,
    };
    Ok(own.into_iter().map(task).collect())
}

async fn queue(app: &App, signed: &Signed, names: &Names) -> Result<Vec<Waiting>, Error> {
    if !signed.viewer.reviews() {
        return Ok(Vec::new());
    }
    let queues = app.register.queues(&signed.viewer).await?;
    let waiting = |(queue, claim): (Queue, Option<Claim>)| {
        let since = clock::words(queue.since);
        let hand = claim.map_or_else(String::new, |claim| {
            format!(", in carico a {}", claim.account)
        });
        Waiting {
            body: names.words(Field::Ente, &queue.body),
            words: format!("{} dal {since}{hand}", query::devices(queue.devices)),
            code: queue.body,
        }
    };
    Ok(queues.into_iter().take(FEW).map(waiting).collect())
}

async fn news(app: &App, signed: &Signed, names: &Names) -> Result<Vec<Line>, Error> {
    if signed.unread == 0 {
        return Ok(Vec::new());
    }
    let notices = app.register.notices(&signed.viewer).await?;
    let unread = notices.iter().filter(|notice| notice.read_at.is_none());
    Ok(unread
        .take(FEW)
        .map(|notice| notices::line(names, notice))
        .collect())
}

fn shares(filter: &Filter, field: Field, counts: Vec<(String, i64)>) -> Vec<Share> {
    counts
        .into_iter()
        .map(|(code, number)| {
            let mut only = filter.clone();
            only.exact.push((field, code.clone()));
            if code.is_empty() {
                return Share {
                    label: "Non indicato".to_owned(),
                    number,
                    href: String::new(),
                };
            }
            Share {
                label: field.words(&code),
                number,
                href: list(&only),
            }
        })
        .collect()
}

/// The address of the list with this filter.
fn list(filter: &Filter) -> String {
    query::address("/dispositivi", filter, &[])
}

/// Whether the program and its database answer, for whoever watches the server.
pub async fn health(State(app): State<App>) -> Result<&'static str, Error> {
    app.register.store.check().await?;
    Ok("bene\n")
}
