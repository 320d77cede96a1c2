//! What is behind a quantity: the units of an intervention, and the devices of each.

use super::interventions::{OWN, asked_with, pairs};
use crate::census::lot;
use crate::register::intervention::SubjectBehind;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// How many units a page has.
const PAGE: usize = 50;

/// How many devices of a unit are shown.
const SHOWN: usize = 20;

/// A device.
#[derive(Debug)]
struct Device {
    href: String,
    code: String,
    why: String,
}

/// A unit.
#[derive(Debug)]
struct Counted {
    name: String,
    lot: String,
    certain: bool,
    devices: Vec<Device>,
    more: usize,
}

#[derive(Template)]
#[template(path = "pages/intervention.html")]
struct Intervention {
    page: Page,
    name: String,
    unit: &'static str,
    lot: String,
    counted: String,
    criteria: Vec<(String, String)>,
    units: Vec<Counted>,
    back: String,
    all: String,
    first: String,
    previous: String,
    next: String,
    words: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let known = [OWN.as_slice(), &["lotto", "pagina"]].concat();
    let (asked, own) = asked_with(&reader, raw.as_deref(), &known)?;
    let number = match own.get("pagina") {
        "" => 1,
        text => text
            .parse::<usize>()
            .ok()
            .filter(|number| (1..=1_000_000).contains(number))
            .ok_or_else(|| query::refused("pagina", text))?,
    };
    let past = app.register.past(&asked.filter).await?;
    let behind = app.register.behind(&asked, &id).await?;
    let wanted = own.get("lotto");
    let (only, key) = match wanted {
        "" => (false, String::new()),
        "-" => (true, String::new()),
        name => (true, lot::key(name)),
    };
    let units: Vec<&SubjectBehind> = behind
        .units
        .iter()
        .filter(|unit| !only || lot::key(&unit.lot) == key)
        .collect();
    let path = format!("/interventi/{}", behind.remedy.id);
    let pairs = pairs(&own);
    let turn = |page: usize| {
        let page = page.to_string();
        let mut more = pairs.clone();
        more.extend([("lotto", wanted), ("pagina", page.as_str())]);
        query::address(&path, &asked.filter, &more)
    };
    let skipped = (number - 1) * PAGE;
    let certain = units.iter().filter(|unit| unit.certain).count();
    let shown = units.iter().skip(skipped).take(PAGE);
    let standpoint = asked.filter.standpoint();
    let shown: Vec<Counted> = shown.map(|one| unit(one, &standpoint)).collect();
    let criteria = behind.tender.criteria.criteria.iter();
    let page = Page::new(&app, Some(&reader), &behind.remedy.name, "interventi")
        .at(past, || query::today(&path, &asked.filter, &pairs));
    Ok(Html(Intervention {
        page,
        unit: behind.remedy.unit.label(),
        lot: if only {
            lot::title(if wanted == "-" { "" } else { wanted })
        } else {
            String::new()
        },
        counted: counted(certain, units.len()),
        criteria: criteria
            .filter(|one| one.remedy.as_ref() == Some(&behind.remedy.id))
            .filter(|one| asked.selection.asks(one.level))
            .map(|one| (one.id.clone(), one.text.clone()))
            .collect(),
        back: query::address("/interventi", &asked.filter, &pairs),
        all: if only {
            query::address(&path, &asked.filter, &pairs)
        } else {
            String::new()
        },
        first: if number > 1 { turn(1) } else { String::new() },
        previous: if number > 1 {
            turn(number - 1)
        } else {
            String::new()
        },
        next: if skipped + PAGE < units.len() {
            turn(number + 1)
        } else {
            String::new()
        },
        words: format!("{} su {}", shown.len(), units.len()),
        units: shown,
        name: behind.remedy.name,
    })
    .into_response())
}

fn counted(certain: usize, possible: usize) -> String {
    let figure = |number: usize| query::figure(i64::try_from(number).unwrap_or(i64::MAX));
    if certain == possible {
        format!("{}, tutti certi", figure(possible))
    } else {
        format!(
            "{}: {} di certo, {} da verificare",
            figure(possible),
            figure(certain),
            figure(possible - certain)
        )
    }
}

fn unit(unit: &SubjectBehind, standpoint: &[(&'static str, String)]) -> Counted {
    let devices = unit.devices.iter().take(SHOWN);
    Counted {
        name: unit.name.clone(),
        lot: lot::label(&unit.lot).to_owned(),
        certain: unit.certain,
        more: unit.devices.len().saturating_sub(SHOWN),
        devices: devices
            .map(|device| Device {
                href: href(device.id, standpoint),
                code: device.code.clone(),
                why: why(&device.unmet, &device.unknown),
            })
            .collect(),
    }
}

fn href(device: Uuid, standpoint: &[(&'static str, String)]) -> String {
    let query: Vec<String> = standpoint
        .iter()
        .map(|(name, value)| {
            let mut fields = crate::web::fields::Fields::default();
            fields.push(name, value);
            fields.encode()
        })
        .collect();
    if query.is_empty() {
        format!("/dispositivi/{device}")
    } else {
        format!("/dispositivi/{device}?{}", query.join("&"))
    }
}

fn why(unmet: &[String], unknown: &[String]) -> String {
    let said = |what: &str, criteria: &[String]| {
        (!criteria.is_empty()).then(|| format!("{what} {}", criteria.join(", ")))
    };
    let both = [said("manca", unmet), said("non noto", unknown)];
    both.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
