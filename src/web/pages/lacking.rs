//! What is not known, and whom to ask.

use crate::census::adhesion::Contact;
use crate::census::collation::italian;
use crate::census::criterion::Level;
use crate::census::fact::{Fact, Whom};
use crate::census::filter::Filter;
use crate::census::overview::Lack;
use crate::census::vocabulary::Field;
use crate::register::find::Choice;
use crate::register::verdict::{Lacking, waiting};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::verdict::{self, Asking, By, LACKING, LIST, empty_file, figure};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

/// How the address asks for the criteria of all levels.
const ALL: &str = "tutti";

/// A criterion that waits for an answer, with the devices.
#[derive(Debug)]
struct Waiting {
    id: String,
    text: String,
    href: String,
}

/// Something that is not known.
#[derive(Debug)]
struct Line {
    label: &'static str,
    devices: String,
    criteria: Vec<Waiting>,
}

/// What is to be asked about one body, software or model.
#[derive(Debug)]
struct Subject {
    name: String,
    /// The page of the body; empty for what is none.
    href: String,
    counted: String,
    contact: Option<Contact>,
    lines: Vec<Line>,
}

/// What is to be asked of somebody.
#[derive(Debug)]
struct Asked {
    id: &'static str,
    title: &'static str,
    subjects: Vec<Subject>,
}

#[derive(Template)]
#[template(path = "pages/lacking.html")]
struct LackingPage {
    page: Page,
    asking: Asking,
    by: By,
    levels: Vec<Choice>,
    level: String,
    asked: Vec<Asked>,
    csv: String,
    alone: bool,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &["livello"])?;
    let level = level(&rest)?;
    let lacking = app.register.lacking(&filter, level).await?;
    let more = [("livello", rest.get("livello"))];
    let titled = ("Informazioni mancanti", LACKING);
    let page = verdict::frame(&app, &reader, &filter, titled, &more).await?;
    Ok(Html(page_of(page, &filter, more, &lacking)).into_response())
}

/// The same as a file.
pub async fn download(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &["livello"])?;
    let level = level(&rest)?;
    let (content, sink) = empty_file()?;
    app.register.write_lacking(&filter, level, sink).await?;
    verdict::table(content, "informazioni_mancanti.csv")
}

/// The level asked for; nothing for all of them. What decides is asked first.
fn level(rest: &Fields) -> Result<Option<Level>, Error> {
    match rest.get("livello") {
        "" => Ok(Some(Level::Necessary)),
        ALL => Ok(None),
        name => {
            let level = Level::named(name).ok_or_else(|| query::refused("livello", name))?;
            Ok(Some(level))
        }
    }
}

fn page_of(page: Page, filter: &Filter, more: [(&str, &str); 1], lacking: &Lacking) -> LackingPage {
    let asked: Vec<Asked> = Whom::ALL
        .into_iter()
        .map(|whom| Asked {
            id: whom.name(),
            title: whom.label(),
            subjects: subjects(filter, lacking, whom),
        })
        .filter(|asked| !asked.subjects.is_empty())
        .collect();
    let others = Level::ALL.iter().filter(|one| **one != Level::Necessary);
    let levels = others.map(|one| Choice {
        code: one.name().to_owned(),
        label: format!("Per i criteri di livello {}", one.label().to_lowercase()),
    });
    let all = Choice {
        code: ALL.to_owned(),
        label: "Per tutti i criteri".to_owned(),
    };
    let [(_, level)] = more;
    LackingPage {
        page,
        asking: Asking::new(LACKING, filter, &lacking.choices, &lacking.names, &more),
        by: By::of(&lacking.basis),
        levels: levels.chain([all]).collect(),
        level: if level == Level::Necessary.name() {
            String::new()
        } else {
            level.to_owned()
        },
        csv: query::address("/compatibilita/mancanti.csv", filter, &more),
        alone: asked.iter().map(|one| one.subjects.len()).sum::<usize>() == 1,
        asked,
    }
}

fn subjects(filter: &Filter, lacking: &Lacking, whom: Whom) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = lacking
        .lacks
        .of(whom)
        .into_iter()
        .map(|(key, facts)| {
            let name = match whom {
                Whom::Body => lacking.names.words(Field::Ente, key),
                Whom::Maker | Whom::Coordinator => key.to_owned(),
            };
            let narrow = narrow(filter, whom, key, facts);
            Subject {
                name,
                href: match whom {
                    Whom::Body => format!("/enti/{key}"),
                    Whom::Maker | Whom::Coordinator => String::new(),
                },
                counted: query::many(facts.len(), "un’informazione", "informazioni"),
                contact: lacking
                    .contacts
                    .get(key)
                    .filter(|_| whom == Whom::Body)
                    .cloned(),
                lines: lines(&narrow, lacking, facts),
            }
        })
        .collect();
    subjects.sort_by(|left, right| italian(&left.name, &right.name));
    subjects
}

/// The filter that finds the devices that a question is about, as far as one can.
fn narrow(filter: &Filter, whom: Whom, key: &str, facts: &BTreeMap<Fact, Lack>) -> Filter {
    let model = facts.keys().all(|fact| *fact == Fact::ModelReading);
    let field = match whom {
        Whom::Body => Field::Ente,
        Whom::Maker | Whom::Coordinator if model => return filter.clone(),
        Whom::Maker | Whom::Coordinator => Field::Software,
    };
    let mut narrow = filter.clone();
    narrow.exact.retain(|(taken, _)| *taken != field);
    narrow.exact.push((field, key.to_owned()));
    narrow.exact.sort_by_key(|(field, _)| *field);
    narrow
}

fn lines(filter: &Filter, lacking: &Lacking, facts: &BTreeMap<Fact, Lack>) -> Vec<Line> {
    let necessary = |lack: &Lack| {
        waiting(&lacking.basis, &lack.criteria).any(|one| one.level == Level::Necessary)
    };
    let mut facts: Vec<(&Fact, &Lack)> = facts.iter().collect();
    facts.sort_by_key(|(_, lack)| (!necessary(lack), std::cmp::Reverse(lack.devices)));
    let line = |(fact, lack): (&Fact, &Lack)| Line {
        label: fact.label(),
        devices: figure(lack.devices),
        criteria: waiting(&lacking.basis, &lack.criteria)
            .map(|criterion| Waiting {
                id: criterion.id.clone(),
                text: criterion.text.clone(),
                href: query::address(
                    LIST,
                    filter,
                    &[("criterio", &*criterion.id), ("risposta", "non_noto")],
                ),
            })
            .collect(),
    };
    facts.into_iter().map(line).collect()
}
