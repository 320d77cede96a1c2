//! The compatibility of the census: outcomes counted by body, software, lot and criterion.

use crate::census::collation::italian;
use crate::census::filter::Filter;
use crate::census::overview::{Grouped, Outcomes};
use crate::census::vocabulary::Field;
use crate::register::verdict::Surveyed;
use crate::web::App;
use crate::web::error::Error;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::verdict::{
    self, Asking, By, Counted, OVERVIEW, answers, empty_file, figure, outcomes,
};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

/// The outcomes of devices that have something in common.
#[derive(Debug)]
struct Line {
    name: String,
    /// The same page of these alone; empty where no filter finds them.
    href: String,
    outcome: &'static str,
    outcome_label: &'static str,
    readers: String,
    counts: Vec<Counted>,
}

/// The answers to a criterion.
#[derive(Debug)]
struct CriterionLine {
    id: String,
    text: String,
    level: &'static str,
    area: &'static str,
    counts: Vec<Counted>,
}

#[derive(Template)]
#[template(path = "pages/compatibility.html")]
struct Compatibility {
    page: Page,
    asking: Asking,
    by: By,
    devices: u64,
    counted: String,
    outcomes: Vec<Counted>,
    bodies: Vec<Line>,
    software: Vec<Line>,
    lots: Vec<Line>,
    criteria: Vec<CriterionLine>,
    csv: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    let surveyed = app.register.survey(&filter).await?;
    let titled = ("Compatibilità con SCNTT", OVERVIEW);
    let page = verdict::frame(&app, &reader, &filter, titled, &[]).await?;
    Ok(Html(page_of(page, &filter, &surveyed)).into_response())
}

/// The counts by body as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, _) = query::read(&reader.viewer, raw.as_deref(), &[])?;
    let (content, sink) = empty_file()?;
    app.register.write_survey(&filter, sink).await?;
    verdict::table(content, "compatibilita.csv")
}

fn page_of(page: Page, filter: &Filter, surveyed: &Surveyed) -> Compatibility {
    let Surveyed {
        basis,
        overview,
        names,
        choices,
    } = surveyed;
    let by_body = |code: &str| names.words(Field::Ente, code);
    let by_name = |none: &'static str| {
        move |name: &str| {
            if name.is_empty() {
                none.to_owned()
            } else {
                name.to_owned()
            }
        }
    };
    let each = basis.criteria.criteria.iter().zip(&overview.criteria);
    Compatibility {
        page,
        asking: Asking::new(OVERVIEW, filter, choices, names, &[]),
        by: By::of(basis),
        devices: overview.all.devices(),
        counted: counted(&overview.all),
        outcomes: outcomes(filter, &overview.all),
        bodies: lines(filter, Some(Field::Ente), &overview.bodies, by_body),
        software: lines(
            filter,
            Some(Field::Software),
            &overview.software,
            by_name("Software non indicato"),
        ),
        lots: lines(filter, None, &overview.lots, by_name("Lotto non indicato")),
        criteria: each
            .map(|(criterion, counts)| CriterionLine {
                id: criterion.id.clone(),
                text: criterion.text.clone(),
                level: criterion.level.label(),
                area: criterion.area.label(),
                counts: answers(filter, &criterion.id, counts),
            })
            .collect(),
        csv: query::address("/compatibilita/enti.csv", filter, &[]),
    }
}

fn counted(all: &Outcomes) -> String {
    let readers = query::counted(
        all.readers(),
        "dispositivo che legge targhe",
        "dispositivi che leggono targhe",
    );
    format!("{readers}, su {} in tutto", figure(all.devices()))
}

/// The rows of a table, by name; a field by which devices are filtered gives them addresses.
fn lines(
    filter: &Filter,
    field: Option<Field>,
    grouped: &Grouped,
    name: impl Fn(&str) -> String,
) -> Vec<Line> {
    let mut lines: Vec<Line> = grouped
        .rows()
        .into_iter()
        .map(|(key, counts)| {
            let narrow = field
                .filter(|_| !key.is_empty())
                .map(|field| asking_for(filter, field, key));
            let mut cells = outcomes(narrow.as_ref().unwrap_or(filter), &counts);
            if narrow.is_none() {
                for cell in &mut cells {
                    cell.href.clear();
                }
            }
            let worst = counts.worst();
            Line {
                name: name(key),
                href: narrow
                    .map_or_else(String::new, |narrow| query::address(OVERVIEW, &narrow, &[])),
                outcome: worst.name(),
                outcome_label: worst.label(),
                readers: figure(counts.readers()),
                counts: cells,
            }
        })
        .collect();
    lines.sort_by(|left, right| italian(&left.name, &right.name));
    lines
}

/// The same question about the devices alone that have this value.
fn asking_for(filter: &Filter, field: Field, value: &str) -> Filter {
    let mut narrow = filter.clone();
    narrow.exact.retain(|(taken, _)| *taken != field);
    narrow.exact.push((field, value.to_owned()));
    narrow.exact.sort_by_key(|(field, _)| *field);
    narrow
}
