//! Price lists and divisions in lots: which there are, which is in force, loading another.

use crate::census::edition::{Edition, Kind};
use crate::census::table::Fault;
use crate::clock;
use crate::exchange::listing::{self, Sheet};
use crate::register;
use crate::register::intervention::Refused;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::force::{Standing, standings};
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::{WrongView, errors_at};
use crate::web::upload::{Listed, Received};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// What the two pages call their things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) kind: Kind,
    /// Where the page is.
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    about: &'static str,
    load: &'static str,
    columns: &'static str,
    empty: &'static str,
    /// As which file one leaves.
    pub(super) file: &'static str,
}

/// Of price lists.
pub(super) const PRICES: Words = Words {
    kind: Kind::Prices,
    path: "/prezzi",
    title: "Elenchi prezzi",
    about: "Quanto costa un’unità di ogni intervento, almeno e al più, senza IVA. La stima usa \
            l’elenco in vigore nel giorno a cui si riferisce.",
    load: "Carica un elenco prezzi",
    columns: "Un foglio di calcolo (CSV, XLSX o ODS) con le colonne intervento, prezzo_minimo, \
              prezzo_massimo e, se servono, unita, fonte, nota.",
    empty: "Non c’è ancora un elenco prezzi",
    file: "prezzi.csv",
};

/// Of divisions in lots.
pub(super) const LOTS: Words = Words {
    kind: Kind::Lots,
    path: "/lotti",
    title: "Divisioni in lotti",
    about: "A quale lotto della gara appartiene ogni dispositivo. Vale prima il lotto scritto nel \
            dispositivo, poi quello del suo ente, del suo Comune, della zona del Comune; gli altri \
            sono senza lotto.",
    load: "Carica una divisione in lotti",
    columns: "Un foglio di calcolo (CSV, XLSX o ODS) con la colonna lotto e una o più fra comune, \
              ente e zona. Le righe con comune e zona, senza lotto, dicono di quali Comuni è fatta \
              una zona.",
    empty: "Non c’è ancora una divisione in lotti",
    file: "lotti.csv",
};

/// An edition as a row of the list.
#[derive(Debug)]
struct Line {
    id: Uuid,
    name: String,
    loaded: String,
    author: String,
    standing: Standing,
}

#[derive(Template)]
#[template(path = "pages/sheets.html")]
struct Sheets {
    page: Page,
    words: Words,
    changes: bool,
    rows: Vec<Line>,
    typed: String,
    wrong: Vec<WrongView>,
    name_errors: Vec<String>,
    file_errors: Vec<String>,
    faults: Vec<Fault>,
    /// What a trial found, when nothing is wrong.
    tried: String,
    limit: u64,
    none: [register::find::Choice; 0],
}

/// What became of a form.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    wrong: Vec<WrongView>,
    faults: Vec<Fault>,
    tried: String,
}

/// The price lists.
pub async fn prices(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    shown(&app, &reader, PRICES, raw.as_deref()).await
}

/// The divisions in lots.
pub async fn lots(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    shown(&app, &reader, LOTS, raw.as_deref()).await
}

async fn shown(
    app: &App,
    signed: &Signed,
    words: Words,
    query: Option<&str>,
) -> Result<Response, Error> {
    Fields::parse(query.unwrap_or_default().as_bytes())?.only(&[])?;
    list(app, signed, words, StatusCode::OK, Typed::default()).await
}

/// Loads a price list, or only tries it.
pub async fn load_prices(
    State(app): State<App>,
    Listed(upload): Listed,
) -> Result<Response, Error> {
    let (signed, fields, file) = (upload.signed, upload.fields, upload.file);
    let read = match taken(&app, &signed, &fields, file, PRICES)? {
        Ok((name, content)) => {
            let read = app.register.read_prices(&signed.viewer, &name, content);
            read.await.map(|list| {
                let found = list.prices.len();
                let found = query::many(found, "un prezzo", "prezzi");
                (list.text(), found)
            })
        }
        Err(words) => Err(Refused::Because(register::Error::Invalid(words))),
    };
    keep(&app, &signed, &fields, PRICES, read).await
}

/// Loads a division in lots, or only tries it.
pub async fn load_lots(State(app): State<App>, Listed(upload): Listed) -> Result<Response, Error> {
    let (signed, fields, file) = (upload.signed, upload.fields, upload.file);
    let read = match taken(&app, &signed, &fields, file, LOTS)? {
        Ok((name, content)) => {
            let read = app.register.read_lots(&signed.viewer, &name, content);
            read.await.map(|lots| {
                let found = lots.names();
                let number = query::many(found.len(), "un lotto", "lotti");
                (lots.text(), format!("{number}: {}", found.join(", ")))
            })
        }
        Err(words) => Err(Refused::Because(register::Error::Invalid(words))),
    };
    keep(&app, &signed, &fields, LOTS, read).await
}

/// The file of a form, with its name, or why there is none.
fn taken(
    app: &App,
    signed: &Signed,
    fields: &Fields,
    file: Received,
    words: Words,
) -> Result<Result<(String, std::fs::File), String>, Error> {
    may_change(signed)?;
    fields.only(&["nome", "file", "azione"])?;
    Ok(match file {
        Received::Kept { name, content } => Ok((name, content)),
        Received::TooLarge => Err(format!(
            "Il file è più grande di {} MB: non è quello che serve qui.",
            app.settings.document_bytes / 1_048_576
        )),
        Received::Nothing => Err(format!("Scegliete il file. {}", words.columns)),
    })
}

/// Refuses whoever may not change prices and lots.
pub(super) fn may_change(signed: &Signed) -> Result<(), Error> {
    if signed.viewer.reviews() {
        return Ok(());
    }
    Err(Error::new(
        StatusCode::FORBIDDEN,
        "Criteri, prezzi e lotti li cambia chi ha il ruolo di validatore.",
    ))
}

async fn keep(
    app: &App,
    signed: &Signed,
    fields: &Fields,
    words: Words,
    read: Result<(String, String), Refused>,
) -> Result<Response, Error> {
    let mut typed = Typed {
        name: fields.get("nome").to_owned(),
        ..Typed::default()
    };
    let wrong = |field: &'static str, label, message| WrongView {
        field,
        label,
        message,
    };
    match read {
        Ok((_, found)) if fields.get("azione") == "prova" => {
            typed.tried = found;
            return list(app, signed, words, StatusCode::OK, typed).await;
        }
        Ok((content, _)) => {
            let loaded = app
                .register
                .load_edition(&signed.viewer, words.kind, &typed.name, content)
                .await;
            match loaded {
                Ok(edition) => {
                    let place = format!("{}/{}?fatto=caricato", words.path, edition.id);
                    return Ok(Redirect::to(&place).into_response());
                }
                Err(register::Error::Invalid(message)) => {
                    typed.wrong.push(wrong("nome", "Nome", message));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::Faults(faults)) => typed.faults = faults,
        Err(Refused::Because(register::Error::Invalid(message))) => {
            typed.wrong.push(wrong("file", "File", message));
        }
        Err(Refused::Because(error)) => return Err(error.into()),
    }
    list(app, signed, words, StatusCode::UNPROCESSABLE_ENTITY, typed).await
}

async fn list(
    app: &App,
    signed: &Signed,
    words: Words,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Error> {
    let (editions, forces) = app
        .register
        .read_editions(&signed.viewer, words.kind)
        .await?;
    let rows = standings(&editions, &forces, app.register.clock.today());
    let page = Html(Sheets {
        page: Page::new(app, Some(signed), words.title, words.kind.name()),
        words,
        changes: signed.viewer.reviews(),
        rows: rows.into_iter().map(line).collect(),
        name_errors: errors_at(&typed.wrong, "nome"),
        file_errors: errors_at(&typed.wrong, "file"),
        typed: typed.name,
        wrong: typed.wrong,
        faults: typed.faults,
        tried: typed.tried,
        limit: app.settings.document_bytes,
        none: [],
    });
    Ok((status, page).into_response())
}

fn line((edition, standing): (Edition, Standing)) -> Line {
    Line {
        id: edition.id,
        name: edition.name,
        loaded: clock::words(edition.recorded_at),
        author: edition.author,
        standing,
    }
}

/// A price list to fill in.
pub async fn price_template(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    let sheet = app.register.price_template(&reader.viewer).await?;
    file(&sheet, "modello-prezzi.csv")
}

/// A division in lots to fill in.
pub async fn lot_template(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    file(
        &app.register.lot_template(&reader.viewer)?,
        "modello-lotti.csv",
    )
}

/// A table as a file.
pub(super) fn file(sheet: &Sheet, name: &str) -> Result<Response, Error> {
    let mut bytes = Vec::new();
    listing::delimited(sheet, &mut bytes).map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}
