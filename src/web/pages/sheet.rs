//! One price list or division in lots: what it says, since when it is in force, and putting it there.

use super::sheets::{LOTS, PRICES, Words, file, may_change};
use crate::census::collation::italian;
use crate::census::edition::Edition;
use crate::census::lot::{self, Lots};
use crate::census::price::{self, PriceList, euro};
use crate::census::table::Table;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::exchange::listing::{Cell, Sheet};
use crate::register;
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::force::{Form, Standing, standings_of};
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// A cell: its heading, its text, and whether it is a number.
type Shown = (&'static str, String, bool);

#[derive(Template)]
#[template(path = "pages/sheet.html")]
struct SheetPage {
    page: Page,
    words: Words,
    id: Uuid,
    name: String,
    loaded: String,
    author: String,
    hash: String,
    standings: Vec<Standing>,
    changes: bool,
    header: Vec<(&'static str, bool)>,
    rows: Vec<Vec<Shown>>,
    form: Form,
    none: [Choice; 0],
}

/// A price list.
pub async fn prices(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    asked(&app, &reader, PRICES, &id, raw.as_deref()).await
}

/// A division in lots.
pub async fn lots(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    asked(&app, &reader, LOTS, &id, raw.as_deref()).await
}

/// Puts a price list in force.
pub async fn force_prices(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    force(&app, &writer, PRICES, &id).await
}

/// Puts a division in lots in force.
pub async fn force_lots(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    force(&app, &writer, LOTS, &id).await
}

/// A price list as a file that can be loaded again.
pub async fn prices_file(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    download(&app, &reader, PRICES, &id).await
}

/// A division in lots as a file that can be loaded again.
pub async fn lots_file(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    download(&app, &reader, LOTS, &id).await
}

async fn asked(
    app: &App,
    signed: &Signed,
    words: Words,
    id: &str,
    query: Option<&str>,
) -> Result<Response, Error> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    query.only(&["fatto"])?;
    let edition = edition(app, signed, words, id).await?;
    let notice = match query.get("fatto") {
        "caricato" => "Caricato. Perché valga, mettetelo in vigore da un giorno.",
        "vigore" => "Fatto: il giorno è registrato.",
        _ => "",
    };
    let form = Form::new(action(words, edition.id), app.register.clock.today());
    shown(app, signed, words, edition, notice, form).await
}

/// Where the form that puts an edition in force is sent.
fn action(words: Words, id: Uuid) -> String {
    format!("{}/{id}", words.path)
}

async fn edition(app: &App, signed: &Signed, words: Words, id: &str) -> Result<Edition, Error> {
    let id = Uuid::parse_str(id).map_err(|_shape| Error::not_found())?;
    let found = app.register.read_edition(&signed.viewer, words.kind, id);
    Ok(found.await?)
}

async fn force(app: &App, writer: &Writer, words: Words, id: &str) -> Result<Response, Error> {
    let signed = &writer.signed;
    may_change(signed)?;
    let edition = edition(app, signed, words, id).await?;
    let action = action(words, edition.id);
    let (mut form, day) = Form::read(action, &writer.fields, app.register.clock.today())?;
    if let Some(day) = day {
        match app
            .register
            .put_in_force(&signed.viewer, edition.id, day)
            .await
        {
            Ok(()) => {
                let place = format!("{}/{}?fatto=vigore", words.path, edition.id);
                return Ok(Redirect::to(&place).into_response());
            }
            Err(register::Error::Invalid(message)) => form.refuse(message),
            Err(error) => return Err(error.into()),
        }
    }
    shown(app, signed, words, edition, "", form).await
}

async fn shown(
    app: &App,
    signed: &Signed,
    words: Words,
    edition: Edition,
    notice: &str,
    form: Form,
) -> Result<Response, Error> {
    let (editions, forces) = app.register.editions(&signed.viewer, words.kind).await?;
    let today = app.register.clock.today();
    let (header, rows) = content(app, words, &edition).await?;
    let mut page = Page::new(app, Some(signed), &edition.name, edition.kind.name());
    if !notice.is_empty() {
        page = page.with_notice("success", notice);
    }
    let status = form.status();
    let shown = Html(SheetPage {
        page,
        words,
        id: edition.id,
        loaded: clock::words(edition.recorded_at),
        standings: standings_of(edition.id, &editions, &forces, today),
        name: edition.name,
        author: edition.author,
        hash: edition.sha256,
        changes: signed.viewer.reviews(),
        header,
        rows,
        form,
        none: [],
    });
    Ok((status, shown).into_response())
}

type Content = (Vec<(&'static str, bool)>, Vec<Vec<Shown>>);

/// What an edition says, as people read it.
async fn content(app: &App, words: Words, edition: &Edition) -> Result<Content, Error> {
    let damaged = |_faults| {
        Error::from(register::Error::Damaged(format!(
            "«{}» non si legge più.",
            edition.name
        )))
    };
    if words.path == PRICES.path {
        let list = PriceList::stored(&edition.content).map_err(damaged)?;
        return Ok(of_prices(&list));
    }
    let lots = Lots::stored(&edition.content).map_err(damaged)?;
    let names = app.register.names().await?;
    Ok(of_lots(&lots, |field, code| names.words(field, code)))
}

fn of_prices(list: &PriceList) -> Content {
    let header = vec![
        ("Intervento", false),
        ("Unità", false),
        ("Prezzo minimo", true),
        ("Prezzo massimo", true),
        ("Fonte", false),
        ("Nota", false),
    ];
    let rows = list.prices.iter().map(|price| {
        vec![
            ("Intervento", price.remedy.clone(), false),
            ("Unità", price.unit.label().to_owned(), false),
            ("Prezzo minimo", format!("{} €", euro(price.low)), true),
            ("Prezzo massimo", format!("{} €", euro(price.high)), true),
            ("Fonte", price.source.clone(), false),
            ("Nota", price.note.clone(), false),
        ]
    });
    (header, rows.collect())
}

fn of_lots(lots: &Lots, words: impl Fn(Field, &str) -> String) -> Content {
    let header = vec![("Lotto", false), ("Che cosa", false), ("Nome", false)];
    let mut found: Vec<(String, &str, String)> = Vec::new();
    for (code, lot) in &lots.bodies {
        found.push((lot.clone(), "Ente", words(Field::Ente, code)));
    }
    for (code, lot) in &lots.comuni {
        found.push((lot.clone(), "Comune", words(Field::Comune, code)));
    }
    for (zone, lot) in &lots.zones {
        let of = lots.zone_of.iter().filter(|(_, own)| *own == zone);
        let mut names: Vec<String> = of.map(|(code, _)| words(Field::Comune, code)).collect();
        names.sort_by(|left, right| italian(left, right));
        found.push((lot.clone(), "Zona", format!("{zone}: {}", names.join(", "))));
    }
    found.sort_by(|left, right| {
        lot::order(&left.0, &right.0)
            .then_with(|| left.1.cmp(right.1))
            .then_with(|| italian(&left.2, &right.2))
    });
    let rows = found.into_iter().map(|(lot, what, name)| {
        vec![
            ("Lotto", lot, false),
            ("Che cosa", what.to_owned(), false),
            ("Nome", name, false),
        ]
    });
    (header, rows.collect())
}

async fn download(app: &App, signed: &Signed, words: Words, id: &str) -> Result<Response, Error> {
    let id = Uuid::parse_str(id).map_err(|_shape| Error::not_found())?;
    let edition = app
        .register
        .edition_to_leave(&signed.viewer, words.kind, id, words.file)
        .await?;
    let unreadable = |_faults| Error::not_found();
    let table = Table::stored(&edition.content).map_err(unreadable)?;
    let columns = if words.path == PRICES.path {
        price::COLUMNS.map(|column| (column.name, 0)).to_vec()
    } else {
        lot::COLUMNS.map(|column| (column.name, 0)).to_vec()
    };
    let rows = table.rows.into_iter();
    let sheet = Sheet {
        name: words.title,
        columns,
        rows: rows
            .map(|row| row.cells.into_iter().map(Cell::Text).collect())
            .collect(),
    };
    file(&sheet, words.file)
}
