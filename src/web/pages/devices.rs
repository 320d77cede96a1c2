//! The list of devices: what is asked for stands wholly in the address.

use crate::census::filter::{Edge, Filter, Moment, Open, Slice, Sort};
use crate::census::revision::Revision;
use crate::census::vocabulary::{Field, Term};
use crate::clock;
use crate::register::find::{Choice, Found, Names};
use crate::storage::device;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query::{self, Chip, Standpoint};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

const PATH: &str = "/dispositivi";

/// How many devices a page shows.
const SIZE: usize = 50;

/// The heading of a column by which the list can be sorted.
#[derive(Debug)]
struct Heading {
    href: String,
    state: &'static str,
}

/// A device as a row of the list.
#[derive(Debug)]
struct Row {
    href: String,
    codice: String,
    denominazione: String,
    ente: String,
    comune: String,
    funzione: String,
    stato: String,
    stato_label: String,
    scntt: String,
    scntt_label: String,
    warnings: String,
    missing: String,
    changed: String,
}

/// Where the pages before and after are.
#[derive(Debug)]
struct Pager {
    first: String,
    previous: String,
    next: String,
    words: String,
}

/// What the form of filters offers, and what is chosen in it.
#[derive(Debug)]
struct Form {
    text: String,
    bodies: Vec<Choice>,
    municipalities: Vec<Choice>,
    software: Vec<Choice>,
    functions: &'static [Term],
    states: &'static [Term],
    standings: &'static [Term],
    open: Vec<Choice>,
    withdrawn: Vec<Choice>,
    chosen: Chosen,
    more: bool,
    sort: &'static str,
}

/// The choices in use; empty for none.
#[derive(Debug)]
struct Chosen {
    ente: String,
    comune: String,
    funzione: String,
    stato: String,
    stato_scntt: String,
    software: String,
    sito: String,
    segnalazioni: &'static str,
    /// Only of the person's own bodies: no choice of the form, but kept.
    propri: bool,
    ritirati: &'static str,
}

#[derive(Template)]
#[template(path = "pages/devices.html")]
struct Devices {
    page: Page,
    form: Form,
    chips: Vec<Chip>,
    total: i64,
    counted: String,
    headings: [Heading; 5],
    rows: Vec<Row>,
    pager: Pager,
    map: String,
    export: String,
    standpoint: Standpoint,
    everything: String,
}

/// The list.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let own = ["ordine", "dopo", "prima"];
    let (filter, rest) = query::read(&reader.viewer, raw.as_deref(), &own)?;
    let slice = slice(&rest)?;
    let found = app.register.find(&filter, &slice).await?;
    let sort = spelling(slice.sort);
    let past = app.register.past(&filter).await?;
    let page = Page::new(&app, Some(&reader), "Dispositivi", "dispositivi")
        .at(past, || query::today(PATH, &filter, &[("ordine", sort)]));
    Ok(Html(Devices {
        page,
        chips: query::chips(PATH, &filter, &found.names, &[("ordine", sort)]),
        total: found.total,
        counted: query::devices(found.total),
        headings: Sort::ALL.map(|column| heading(&filter, column, slice.sort)),
        rows: rows(&found, &filter),
        pager: pager(&filter, &slice, &found),
        map: query::address("/mappa", &filter, &[]),
        export: query::address("/esporta", &filter, &[]),
        standpoint: Standpoint::of(&filter),
        everything: query::address(PATH, &bare(&filter), &[]),
        form: form(&filter, found, sort),
    })
    .into_response())
}

fn slice(rest: &Fields) -> Result<Slice, Error> {
    let sort = match rest.get("ordine") {
        "" => Sort::default(),
        name => Sort::ALL
            .into_iter()
            .find(|sort| sort.name() == name)
            .ok_or_else(|| query::refused("ordine", name))?,
    };
    let key = |name| -> Result<Option<Vec<String>>, Error> {
        match rest.get(name) {
            "" => Ok(None),
            text => serde_json::from_str(text)
                .map(Some)
                .map_err(|_shape| query::refused(name, text)),
        }
    };
    let from = match (key("dopo")?, key("prima")?) {
        (Some(key), _) => Some((Edge::After, key)),
        (None, Some(key)) => Some((Edge::Before, key)),
        (None, None) => None,
    };
    Ok(Slice {
        sort,
        from,
        size: SIZE,
    })
}

/// How an order is written into addresses: not at all when it is the usual one.
fn spelling(sort: Sort) -> &'static str {
    if sort == Sort::default() {
        ""
    } else {
        sort.name()
    }
}

fn heading(filter: &Filter, column: Sort, used: Sort) -> Heading {
    let state = match column {
        _ if column != used => "",
        Sort::Changed => "descending",
        _ => "ascending",
    };
    Heading {
        href: query::address(PATH, filter, &[("ordine", spelling(column))]),
        state,
    }
}

fn pager(filter: &Filter, slice: &Slice, found: &Found) -> Pager {
    let listed = &found.listed;
    let sort = spelling(slice.sort);
    let to = |name: &str, row: Option<&Revision>| {
        let key = row.map(|row| device::key(slice.sort, row));
        let key = key.and_then(|key| serde_json::to_string(&key).ok());
        key.map_or_else(String::new, |key| {
            query::address(PATH, filter, &[("ordine", sort), (name, &key)])
        })
    };
    let when = |wanted: bool, href: String| if wanted { href } else { String::new() };
    Pager {
        first: when(
            slice.from.is_some(),
            query::address(PATH, filter, &[("ordine", sort)]),
        ),
        previous: when(listed.before, to("prima", listed.rows.first())),
        next: when(listed.after, to("dopo", listed.rows.last())),
        words: format!("{} su {}", listed.rows.len(), query::figure(found.total)),
    }
}

/// The filter that finds everything in the same state at the same moment.
fn bare(filter: &Filter) -> Filter {
    let mut bare = Filter::of(filter.viewer());
    bare.state = filter.state;
    bare.moment = filter.moment;
    bare
}

fn rows(found: &Found, filter: &Filter) -> Vec<Row> {
    // What a list shows of the past, the page of the device shows too.
    let past = match filter.moment {
        Moment::Now => String::new(),
        _ => format!("?{}", query::encode(&bare(filter), &[])),
    };
    let row = |revision| row(revision, &found.names, &past);
    found.listed.rows.iter().map(row).collect()
}

fn row(revision: &Revision, names: &Names, past: &str) -> Row {
    let record = &revision.record;
    let text = |field| record.text(field).to_owned();
    let words = |field| names.words(field, record.text(field));
    Row {
        href: format!("{PATH}/{}{past}", revision.device),
        codice: text(Field::Codice),
        denominazione: text(Field::Denominazione),
        ente: words(Field::Ente),
        comune: words(Field::Comune),
        funzione: words(Field::Funzione),
        stato: text(Field::Stato),
        stato_label: words(Field::Stato),
        scntt: text(Field::StatoScntt),
        scntt_label: words(Field::StatoScntt),
        warnings: how_many(
            usize::try_from(revision.warnings).unwrap_or_default(),
            "un avviso",
            "avvisi",
        ),
        missing: how_many(
            record.missing_to_submit().len(),
            "un dato mancante",
            "dati mancanti",
        ),
        changed: clock::local(revision.written_at)
            .strftime("%d/%m/%Y")
            .to_string(),
    }
}

/// A number of things in words; nothing for none.
fn how_many(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => String::new(),
        _ => query::many(number, one, many),
    }
}

fn form(filter: &Filter, found: Found, sort: &'static str) -> Form {
    let wanted = |field| filter.wanted(field).to_owned();
    let offered = |choices, field| query::with_chosen(choices, &found.names, field, filter);
    let choice = |code: &str, label: &str| Choice {
        code: code.to_owned(),
        label: label.to_owned(),
    };
    let chosen = Chosen {
        ente: wanted(Field::Ente),
        comune: wanted(Field::Comune),
        funzione: wanted(Field::Funzione),
        stato: wanted(Field::Stato),
        stato_scntt: wanted(Field::StatoScntt),
        software: wanted(Field::Software),
        sito: wanted(Field::Sito),
        segnalazioni: filter.open.map_or("", Open::name),
        propri: filter.own,
        ritirati: if filter.withdrawn { "si" } else { "" },
    };
    let further = [
        Field::Stato,
        Field::StatoScntt,
        Field::Software,
        Field::Sito,
    ];
    Form {
        text: filter.text.clone(),
        bodies: offered(found.choices.bodies, Field::Ente),
        municipalities: offered(found.choices.municipalities, Field::Comune),
        software: offered(found.choices.software, Field::Software),
        functions: Field::Funzione.terms().unwrap_or_default(),
        states: Field::Stato.terms().unwrap_or_default(),
        standings: Field::StatoScntt.terms().unwrap_or_default(),
        open: Open::ALL
            .iter()
            .map(|open| choice(open.name(), open.label()))
            .collect(),
        withdrawn: vec![choice("si", "Solo quelli ritirati")],
        more: filter.open.is_some()
            || filter.withdrawn
            || further
                .iter()
                .any(|field| !filter.wanted(*field).is_empty()),
        chosen,
        sort,
    }
}
