//! What the tender needs: interventions by lot, what they cost, and what changes with a selection.

use super::snapshots;
use crate::census::edition::{Edition, Kind};
use crate::census::estimate::{Lack, Range, WITHOUT_VAT};
use crate::census::filter::Moment;
use crate::census::intervention::Selection;
use crate::census::lot;
use crate::census::moment;
use crate::census::price::euro;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::register;
use crate::register::find::Choice;
use crate::register::intervention::{Asked, Format, Tender};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query::{self, Chip};
use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::io::Seek;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

const PATH: &str = "/interventi";

/// The parameters of an address besides the filter's.
pub(super) const OWN: [&str; 6] = [
    "criteri",
    "prezzi",
    "lotti",
    Selection::PARAMETERS[0],
    Selection::PARAMETERS[1],
    Selection::PARAMETERS[2],
];

/// A choice of the selection.
#[derive(Debug)]
struct Toggle {
    name: &'static str,
    label: &'static str,
    on: bool,
}

/// An intervention in a lot.
#[derive(Debug)]
struct Row {
    href: String,
    name: String,
    unit: &'static str,
    certain: String,
    possible: String,
    devices: String,
    /// The arithmetic at least and at most; empty without a price.
    least: String,
    most: String,
    criteria: String,
}

/// A lot.
#[derive(Debug)]
struct Lot {
    id: String,
    title: String,
    rows: Vec<Row>,
    least: String,
    most: String,
}

/// A line with two amounts.
#[derive(Debug)]
struct Sum {
    name: String,
    least: String,
    most: String,
}

/// What changes of an intervention with the selection.
#[derive(Debug)]
struct Change {
    name: String,
    before: String,
    after: String,
    difference: String,
}

/// What changes with the selection.
#[derive(Debug)]
struct Difference {
    devices: String,
    rows: Vec<Change>,
    amounts: Vec<Change>,
}

/// What the numbers rest on.
#[derive(Debug)]
struct Rests {
    label: &'static str,
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "pages/interventions.html")]
struct Interventions {
    page: Page,
    chips: Vec<Chip>,
    conditions: Vec<(&'static str, String)>,
    body: String,
    bodies: Vec<Choice>,
    at: String,
    snapshot: String,
    snapshots: Vec<Choice>,
    criteria: String,
    editions_of_criteria: Vec<Choice>,
    prices: String,
    price_lists: Vec<Choice>,
    division: String,
    divisions: Vec<Choice>,
    toggles: Vec<Toggle>,
    rests: Vec<Rests>,
    counted: String,
    connected: String,
    beside: String,
    unsure: String,
    left_out: String,
    total: String,
    lots: Vec<Lot>,
    sums: Vec<Sum>,
    lacking: Vec<String>,
    priced: bool,
    vat: &'static str,
    difference: Option<Difference>,
    csv: String,
    xlsx: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (asked, own) = asked(&reader, raw.as_deref())?;
    let past = app.register.past(&asked.filter).await?;
    let (tender, whole) = app.register.demand(&asked).await?;
    let (names, choices) = app.register.choices(&asked.filter).await?;
    let bodies = query::with_chosen(choices.bodies, &names, Field::Ente, &asked.filter);
    let viewer = &reader.viewer;
    let pairs = pairs(&own);
    let filter = &asked.filter;
    let (at, snapshot) = match filter.moment {
        Moment::Now => (String::new(), String::new()),
        Moment::At(at) => (moment::figures(at), String::new()),
        Moment::Snapshot(id) => (String::new(), id.to_string()),
    };
    let mut conditions = query::conditions(filter);
    conditions.retain(|(name, _)| *name != Field::Ente.name());
    let page = Page::new(&app, Some(&reader), "Interventi e stima", "interventi")
        .at(past, || query::today(PATH, filter, &pairs));
    Ok(Html(Interventions {
        page,
        chips: query::chips(PATH, filter, &names, &pairs),
        conditions,
        body: filter.wanted(Field::Ente).to_owned(),
        bodies,
        at,
        snapshot,
        snapshots: snapshots::choices(&app.register.snapshots(viewer).await?),
        criteria: own.get("criteri").to_owned(),
        editions_of_criteria: editions(&app, &reader, Kind::Criteria).await?,
        prices: own.get("prezzi").to_owned(),
        price_lists: editions(&app, &reader, Kind::Prices).await?,
        division: own.get("lotti").to_owned(),
        divisions: editions(&app, &reader, Kind::Lots).await?,
        toggles: toggles(asked.selection),
        rests: rests(&tender),
        counted: query::figure(number(tender.demanded.counted)),
        connected: query::figure(number(tender.demanded.connected)),
        beside: query::figure(number(tender.demanded.beside)),
        unsure: query::figure(number(tender.demanded.unsure)),
        left_out: query::figure(number(tender.left_out)),
        total: tender
            .estimate
            .as_ref()
            .map_or_else(String::new, |estimate| estimate.total.words()),
        lots: lots(&tender, &asked, &pairs),
        sums: sums(&tender),
        lacking: lacking(&tender),
        priced: tender.estimate.is_some(),
        vat: WITHOUT_VAT,
        difference: whole.map(|whole| difference(&tender, &whole)),
        csv: query::address(&format!("{PATH}/stima.csv"), filter, &pairs),
        xlsx: query::address(&format!("{PATH}/stima.xlsx"), filter, &pairs),
    })
    .into_response())
}

/// The estimate as delimited text.
pub async fn csv(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    download(&app, &reader, raw.as_deref(), Format::Csv).await
}

/// The estimate as a workbook.
pub async fn xlsx(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    download(&app, &reader, raw.as_deref(), Format::Xlsx).await
}

async fn download(
    app: &App,
    signed: &Signed,
    query: Option<&str>,
    format: Format,
) -> Result<Response, Error> {
    let (asked, _) = asked(signed, query)?;
    let mut content = tempfile::tempfile().map_err(register::Error::Write)?;
    let sink = content.try_clone().map_err(register::Error::Write)?;
    app.register.write_tender(&asked, format, sink).await?;
    content.rewind().map_err(register::Error::Write)?;
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "stima.csv"),
        Format::Xlsx => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "stima.xlsx",
        ),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    let stream = ReaderStream::new(tokio::fs::File::from_std(content));
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// What an address asks for, and its own parameters.
pub(super) fn asked(signed: &Signed, query: Option<&str>) -> Result<(Asked, Fields), Error> {
    asked_with(signed, query, &OWN)
}

/// The same for a page with more parameters of its own.
pub(super) fn asked_with(
    signed: &Signed,
    query: Option<&str>,
    own: &[&'static str],
) -> Result<(Asked, Fields), Error> {
    let (filter, own) = query::read(&signed.viewer, query, own)?;
    let edition = |name: &str| match own.get(name) {
        "" => Ok(None),
        text => Uuid::parse_str(text)
            .map(Some)
            .map_err(|_shape| query::refused(name, text)),
    };
    let chosen = |name: &str| match own.get(name) {
        "" | "no" => Ok(false),
        "si" => Ok(true),
        text => Err(query::refused(name, text)),
    };
    let [working, signed, advised] = Selection::PARAMETERS;
    let asked = Asked {
        selection: Selection {
            in_service: chosen(working)?,
            adherents: chosen(signed)?,
            advised: chosen(advised)?,
        },
        criteria: edition("criteri")?,
        prices: edition("prezzi")?,
        lots: edition("lotti")?,
        filter,
    };
    Ok((asked, own))
}

/// The page's own parameters, for links that take them along.
pub(super) fn pairs(own: &Fields) -> Vec<(&str, &str)> {
    OWN.into_iter()
        .map(|name| (name, own.get(name)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

async fn editions(app: &App, signed: &Signed, kind: Kind) -> Result<Vec<Choice>, Error> {
    let (editions, _) = app.register.editions(&signed.viewer, kind).await?;
    let editions = editions.into_iter();
    Ok(editions
        .map(|edition| Choice {
            code: edition.id.to_string(),
            label: format!("{} ({})", edition.name, clock::words(edition.recorded_at)),
        })
        .collect())
}

fn toggles(selection: Selection) -> Vec<Toggle> {
    let chosen = selection.chosen();
    Selection::PARAMETERS
        .into_iter()
        .zip(Selection::LABELS)
        .zip(chosen)
        .map(|((name, label), on)| Toggle { name, label, on })
        .collect()
}

fn rests(tender: &Tender) -> Vec<Rests> {
    let prices = tender.prices.as_ref().map(|(edition, _)| edition);
    let lots = tender.lots.as_ref().map(|(edition, _)| edition);
    let linked = |label, path: &str, edition: Option<&Edition>, none: &str| Rests {
        label,
        name: edition.map_or_else(|| none.to_owned(), |one| one.name.clone()),
        href: edition.map_or_else(|| path.to_owned(), |one| format!("{path}/{}", one.id)),
    };
    vec![
        Rests {
            label: "Criteri",
            name: tender.edition.name.clone(),
            href: String::new(),
        },
        linked(
            "Elenco prezzi",
            "/prezzi",
            prices,
            "Nessuno in vigore: caricatene uno",
        ),
        linked(
            "Divisione in lotti",
            "/lotti",
            lots,
            "Nessuna in vigore: vale il lotto scritto nei dispositivi",
        ),
    ]
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn lots(tender: &Tender, asked: &Asked, pairs: &[(&str, &str)]) -> Vec<Lot> {
    let places = 0..tender.demanded.lots.len();
    places
        .map(|place| {
            let name = tender.demanded.lots.get(place).map_or("", String::as_str);
            let sum = tender.estimate.as_ref();
            let sum = sum.and_then(|estimate| estimate.lots.get(&place)).copied();
            let money = |cents| format!("{} €", euro(cents));
            let rows = tender.demanded.rows.iter().enumerate();
            let rows = rows.filter(|(_, row)| row.lot == place);
            Lot {
                id: format!("lotto-{place}"),
                title: lot::title(name),
                rows: rows
                    .filter_map(|(at, _)| row(tender, asked, pairs, at))
                    .collect(),
                least: sum.map_or_else(String::new, |sum| money(sum.low)),
                most: sum.map_or_else(String::new, |sum| money(sum.high)),
            }
        })
        .collect()
}

fn row(tender: &Tender, asked: &Asked, pairs: &[(&str, &str)], at: usize) -> Option<Row> {
    let quantity = tender.demanded.rows.get(at)?;
    let remedy = tender.criteria.remedies.get(quantity.remedy)?;
    let cost = tender.estimate.as_ref().and_then(|one| one.rows.get(at));
    let [least, most] = cost
        .and_then(crate::census::estimate::Row::arithmetic)
        .unwrap_or_default();
    let lot = tender.demanded.lots.get(quantity.lot)?;
    let mut more = pairs.to_vec();
    let lot = if lot.is_empty() { "-" } else { lot };
    more.push(("lotto", lot));
    let criteria = quantity.criteria.keys();
    let criteria = criteria.filter_map(|place| tender.criteria.criteria.get(*place));
    let criteria: Vec<&str> = criteria.map(|one| one.id.as_str()).collect();
    Some(Row {
        href: query::address(&format!("{PATH}/{}", remedy.id), &asked.filter, &more),
        name: remedy.name.clone(),
        unit: remedy.unit.label(),
        certain: query::figure(number(quantity.certain)),
        possible: query::figure(number(quantity.possible)),
        devices: query::figure(number(quantity.devices)),
        least,
        most,
        criteria: criteria.join(", "),
    })
}

fn sums(tender: &Tender) -> Vec<Sum> {
    let Some(estimate) = &tender.estimate else {
        return Vec::new();
    };
    let sum = |name: String, range: Range| Sum {
        name,
        least: format!("{} €", euro(range.low)),
        most: format!("{} €", euro(range.high)),
    };
    let lots = estimate.lots.iter().map(|(place, range)| {
        let name = tender.demanded.lots.get(*place);
        sum(lot::title(name.map_or("", String::as_str)), *range)
    });
    lots.chain([sum("Totale".to_owned(), estimate.total)])
        .collect()
}

fn lacking(tender: &Tender) -> Vec<String> {
    let Some(estimate) = &tender.estimate else {
        return Vec::new();
    };
    let lacking = estimate.lacking.iter().filter_map(|(place, lack)| {
        let remedy = tender.criteria.remedies.get(*place)?;
        Some(match lack {
            Lack::Price => remedy.name.clone(),
            Lack::Subject(unit) => format!(
                "{} (l’elenco ne dà il prezzo per {}, i criteri lo contano per {})",
                remedy.name,
                unit.name(),
                remedy.unit.name()
            ),
        })
    });
    lacking.collect()
}

/// Two quantities as people read them.
fn both((certain, possible): (u64, u64)) -> String {
    if certain == possible {
        query::figure(number(certain))
    } else {
        format!(
            "da {} a {}",
            query::figure(number(certain)),
            query::figure(number(possible))
        )
    }
}

fn signed(number: i64, words: impl Fn(i64) -> String) -> String {
    match number {
        0 => "uguale".to_owned(),
        1.. => format!("+{}", words(number)),
        _ => format!("−{}", words(number.saturating_neg())),
    }
}

/// The differences of two numbers, one when they are alike.
fn apart(low: i64, high: i64, words: impl Fn(i64) -> String) -> String {
    if low == high {
        signed(low, &words)
    } else {
        format!("{}; {} al più", signed(low, &words), signed(high, &words))
    }
}

fn difference(chosen: &Tender, whole: &Tender) -> Difference {
    let (after, before) = (chosen.demanded.totals(), whole.demanded.totals());
    let places = chosen.criteria.remedies.iter().enumerate();
    let rows = places.filter_map(|(place, remedy)| {
        let of =
            |totals: &BTreeMap<usize, (u64, u64)>| totals.get(&place).copied().unwrap_or_default();
        let (before, after) = (of(&before), of(&after));
        let less = |after: u64, before: u64| number(after).saturating_sub(number(before));
        (before != (0, 0) || after != (0, 0)).then(|| Change {
            name: remedy.name.clone(),
            before: both(before),
            after: both(after),
            difference: apart(
                less(after.0, before.0),
                less(after.1, before.1),
                query::figure,
            ),
        })
    });
    let money = |cents| format!("{} €", euro(cents));
    let totals = chosen.estimate.as_ref().zip(whole.estimate.as_ref());
    let amounts = totals.map(|(after, before)| {
        let (after, before) = (after.total, before.total);
        Change {
            name: "Stima".to_owned(),
            before: before.words(),
            after: after.words(),
            difference: apart(
                after.low.saturating_sub(before.low),
                after.high.saturating_sub(before.high),
                money,
            ),
        }
    });
    Difference {
        devices: format!(
            "{} su {}",
            query::figure(number(chosen.demanded.counted)),
            query::figure(number(whole.demanded.counted))
        ),
        rows: rows.collect(),
        amounts: amounts.into_iter().collect(),
    }
}
