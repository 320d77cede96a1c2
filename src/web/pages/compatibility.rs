//! The compatibility of the census: outcomes counted by body, software, lot and criterion.

use crate::census::collation::italian;
use crate::census::filter::Filter;
use crate::census::lot;
use crate::census::overview::{Outcomes, Overview};
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
    /// Which lots these are, in words, and the page of the division for whoever may read it.
    lots_by: String,
    division: String,
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
        division,
        names,
        choices,
    } = surveyed;
    let by_body = |code: &str| names.words(Field::Ente, code);
    let each = basis.criteria.criteria.iter().zip(&overview.criteria);
    Compatibility {
        page,
        asking: Asking::new(OVERVIEW, filter, choices, names, &[]),
        by: By::of(basis),
        devices: overview.all.devices(),
        counted: counted(overview),
        outcomes: outcomes(filter, &overview.all),
        bodies: lines(filter, Field::Ente, overview.bodies.rows(), by_body),
        software: lines(
            filter,
            Field::Software,
            overview.software.rows(),
            |name| match name {
                "" => "Software non indicato".to_owned(),
                name => name.to_owned(),
            },
        ),
        lots: lots(filter, overview.lots()),
        lots_by: division.as_ref().map_or_else(
            || {
                "Non c’è una divisione in lotti in vigore: vale il lotto scritto nei dispositivi."
                    .to_owned()
            },
            |(name, _)| {
                format!(
                    "Secondo la divisione in lotti «{name}», come la stima degli interventi; il \
                     lotto scritto in un dispositivo vince."
                )
            },
        ),
        division: division
            .as_ref()
            .filter(|_| filter.viewer().reads_all())
            .map_or_else(String::new, |(_, id)| format!("/lotti/{id}")),
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

fn counted(overview: &Overview) -> String {
    let all = &overview.all;
    let unsure = match overview.unsure {
        0 => String::new(),
        1 => "; di 1 non è ancora noto se le legga".to_owned(),
        many => format!("; di {} non è ancora noto se le leggano", figure(many)),
    };
    let readers = query::counted(
        all.readers(),
        "dispositivo che legge targhe",
        "dispositivi che leggono targhe",
    );
    format!("{readers}, su {} in tutto{unsure}", figure(all.devices()))
}

/// The rows of a table about a field by which devices are filtered, by name.
fn lines(
    filter: &Filter,
    field: Field,
    rows: Vec<(&str, Outcomes)>,
    name: impl Fn(&str) -> String,
) -> Vec<Line> {
    let rows = rows.into_iter().map(|(key, counts)| {
        let narrow = (!key.is_empty()).then(|| asking_for(filter, field, key));
        line(filter, name(key), narrow.as_ref(), &counts)
    });
    let mut lines: Vec<Line> = rows.collect();
    lines.sort_by(|left, right| italian(&left.name, &right.name));
    lines
}

/// The rows of the lots, in their order: no filter finds the devices of a division's lot.
fn lots(filter: &Filter, rows: Vec<(&str, Outcomes)>) -> Vec<Line> {
    let rows = rows.into_iter();
    rows.map(|(name, counts)| line(filter, lot::label(name).to_owned(), None, &counts))
        .collect()
}

/// A row, with addresses when a filter finds its devices.
fn line(filter: &Filter, name: String, narrow: Option<&Filter>, counts: &Outcomes) -> Line {
    let mut cells = outcomes(narrow.unwrap_or(filter), counts);
    if narrow.is_none() {
        for cell in &mut cells {
            cell.href.clear();
        }
    }
    let worst = counts.worst();
    Line {
        name,
        href: narrow.map_or_else(String::new, |narrow| query::address(OVERVIEW, narrow, &[])),
        outcome: worst.name(),
        outcome_label: worst.label(),
        readers: figure(counts.readers()),
        counts: cells,
    }
}

/// The same question about the devices alone that have this value.
fn asking_for(filter: &Filter, field: Field, value: &str) -> Filter {
    let mut narrow = filter.clone();
    narrow.exact.retain(|(taken, _)| *taken != field);
    narrow.exact.push((field, value.to_owned()));
    narrow.exact.sort_by_key(|(field, _)| *field);
    narrow
}
