//! A program: what is known of it, how it stands towards the national system and who says so, where
//! it is used; of a proposed name, which entry it means.

use crate::census::adhesion::{Wrong, in_italian, label};
use crate::census::catalogue::{
    Entry, GRADES, KINDS, Known, Standing, Stated, TypedProduct, TypedStated,
};
use crate::census::document::Document;
use crate::census::vocabulary::{Term, UNKNOWN};
use crate::clock;
use crate::register::catalogue::{Place, Seen};
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::pages::software::standings;
use crate::web::query;
use crate::web::recording::{
    Came, DocumentView, WrongView, accepted, attached, document_behind, document_kinds,
    entry_address, errors_at, keeps, labelled, refused,
};
use crate::web::upload::{Kept, Upload};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};

/// The fields of the form of an entry, in its order, with what people read.
const ENTRY: [(&str, &str); 5] = [
    ("nome", "Nome"),
    ("produttore", "Produttore"),
    ("tipo", "Tipo"),
    ("versioni", "Versioni conosciute"),
    ("nota", "Nota"),
];

/// The fields of the form of the standing, in its order, with what people read.
const STANDING: [(&str, &str); 7] = [
    ("stato", "Stato SCNTT"),
    ("fonte", "Fonte"),
    ("grado", "Grado della fonte"),
    ("data", "Data"),
    ("versione", "Versione"),
    ("nota", "Nota"),
    ("documento", "Documento"),
];

/// The fields of the decision on a proposed name.
const DECISION: [(&str, &str); 2] = [("voce", "Voce del catalogo"), ("nota", "Nota")];

/// What was said of the standing, as the page shows it.
#[derive(Debug)]
struct StatedView {
    standing_label: &'static str,
    source: String,
    grade: String,
    date: String,
    version: String,
    note: String,
    document: Option<DocumentView>,
    recorded: String,
}

/// A body that uses the program.
#[derive(Debug)]
struct PlaceView {
    body: String,
    name: String,
    devices: String,
    list: String,
}

/// A proposed name that means the entry.
#[derive(Debug)]
struct MergedView {
    name: String,
    href: String,
    recorded: String,
    note: String,
}

#[derive(Template)]
#[template(path = "pages/product.html")]
struct ProductPage {
    page: Page,
    name: String,
    proposed: bool,
    means: String,
    means_href: String,
    producer: String,
    kind: String,
    versions: String,
    note: String,
    recorded: String,
    before: Vec<String>,
    standing: &'static str,
    standing_label: &'static str,
    stated: Vec<StatedView>,
    merged: Vec<MergedView>,
    places: Vec<PlaceView>,
    stated_versions: Vec<String>,
    edit: String,
    state: String,
    records: bool,
    entries: Vec<Choice>,
    target: String,
    target_note: String,
    wrong: Vec<WrongView>,
}

impl ProductPage {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

#[derive(Template)]
#[template(path = "pages/product_form.html")]
struct EntryForm {
    page: Page,
    heading: String,
    entry: String,
    back: String,
    proposed: bool,
    kinds: &'static [Term],
    typed: TypedProduct,
    wrong: Vec<WrongView>,
}

impl EntryForm {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

#[derive(Template)]
#[template(path = "pages/product_standing.html")]
struct StandingForm {
    page: Page,
    heading: String,
    name: String,
    back: String,
    standings: Vec<Choice>,
    grades: &'static [Term],
    typed: TypedStated,
    limit: u64,
    accepted: String,
    document_help: String,
    wrong: Vec<WrongView>,
}

impl StandingForm {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// What was typed of the decision on a proposed name, and what is wrong with it.
#[derive(Debug, Default)]
struct Decision {
    target: String,
    note: String,
    wrong: Vec<WrongView>,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["nome", "salvato"])?;
    let name = named(&query)?;
    let seen = app.register.product(&reader.viewer, name).await?;
    let mut page = Page::new(&app, Some(&reader), name, "software");
    match query.get("salvato") {
        "" => {}
        "voce" => page = page.with_notice("success", "Voce registrata."),
        "stato" => page = page.with_notice("success", "Stato registrato."),
        other => return Err(query::refused("salvato", other)),
    }
    let page = shown(&app, &reader, page, seen, Decision::default()).await?;
    Ok(Html(page).into_response())
}

/// The name that an address or a form is about.
fn named(fields: &Fields) -> Result<&str, Error> {
    match fields.get("nome") {
        "" => Err(query::refused("nome", "")),
        name => Ok(name),
    }
}

async fn shown(
    app: &App,
    signed: &Signed,
    page: Page,
    seen: Seen,
    decision: Decision,
) -> Result<ProductPage, Error> {
    let address = |path: &str| entry_address(path, &[("nome", &seen.name)]);
    let proposed = seen.known.is_none();
    let mut target = decision.target;
    let mut entries = Vec::new();
    if proposed && seen.records && seen.means.is_none() {
        let proposals = app.register.proposals(&signed.viewer).await?;
        let own = proposals.rows.iter().find(|row| row.name == seen.name);
        if target.is_empty() && decision.wrong.is_empty() {
            target = own.map(|row| row.near.clone()).unwrap_or_default();
        }
        entries = proposals
            .entries
            .into_iter()
            .map(|name| Choice {
                code: name.clone(),
                label: name,
            })
            .collect();
    }
    let means = seen.means.clone().unwrap_or_default();
    let known = seen.known.as_ref();
    let product = known
        .map(|known| known.product().clone())
        .unwrap_or_default();
    let recorded = known.and_then(|known| known.entries.last());
    let standing = known.map(Known::standing).unwrap_or_default();
    Ok(ProductPage {
        page,
        edit: address("/software/modifica"),
        state: address("/software/scntt"),
        proposed,
        means_href: entry_address("/software/voce", &[("nome", &means)]),
        means,
        kind: label(KINDS, &product.kind).to_owned(),
        recorded: recorded.map_or_else(String::new, |one| by(&one.author, one.recorded_at)),
        before: known.map(earlier).unwrap_or_default(),
        producer: product.producer,
        versions: product.versions,
        note: product.note,
        standing: standing.name(),
        standing_label: standing.label(),
        stated: known
            .into_iter()
            .flat_map(|known| known.stated.iter().rev())
            .map(|one| stated_view(one, &seen.documents))
            .collect(),
        merged: known
            .into_iter()
            .flat_map(|known| &known.merged)
            .map(|merge| MergedView {
                name: merge.name.clone(),
                href: entry_address("/software/voce", &[("nome", &merge.name)]),
                recorded: by(&merge.author, merge.recorded_at),
                note: merge.note.clone(),
            })
            .collect(),
        places: seen.places.iter().map(place_view).collect(),
        stated_versions: seen.versions.iter().map(version_words).collect(),
        records: seen.records,
        entries,
        target,
        target_note: decision.note,
        wrong: decision.wrong,
        name: seen.name,
    })
}

/// Who recorded something, and when.
fn by(author: &str, at: clock::Instant) -> String {
    format!("{author}, {}", clock::words(at))
}

/// What was recorded before the present entry, the last first.
fn earlier(known: &Known) -> Vec<String> {
    let words = |entry: &Entry| {
        let product = &entry.product;
        let parts = [
            product.producer.as_str(),
            label(KINDS, &product.kind),
            &product.versions,
            &product.note,
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|one| !one.is_empty()).collect();
        let recorded = by(&entry.author, entry.recorded_at);
        format!("{} ({recorded})", parts.join(" · "))
    };
    known.entries.iter().rev().skip(1).map(words).collect()
}

fn stated_view(one: &Stated, documents: &[Document]) -> StatedView {
    StatedView {
        standing_label: one.standing.label(),
        source: one.source.clone(),
        grade: label(GRADES, &one.grade).to_owned(),
        date: in_italian(&one.date),
        version: one.version.clone(),
        note: one.note.clone(),
        document: document_behind(documents, one.document),
        recorded: by(&one.author, one.recorded_at),
    }
}

fn place_view(place: &Place) -> PlaceView {
    PlaceView {
        body: place.body_name.clone(),
        name: place.name.clone(),
        devices: query::devices(place.devices),
        list: entry_address(
            "/dispositivi",
            &[("ente", &place.body), ("software", &place.name)],
        ),
    }
}

fn version_words((version, devices): &(String, i64)) -> String {
    let devices = query::devices(*devices);
    match version.as_str() {
        "" | UNKNOWN => format!("versione non indicata: {devices}"),
        version => format!("{version}: {devices}"),
    }
}

/// Says that a proposed name means an entry.
pub async fn merge(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    decide(&app, &writer, true).await
}

/// Takes that back.
pub async fn separate(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    decide(&app, &writer, false).await
}

async fn decide(app: &App, writer: &Writer, merges: bool) -> Result<Response, Error> {
    let (viewer, fields) = (&writer.signed.viewer, &writer.fields);
    keeps(&writer.signed)?;
    fields.only(&["nome", "voce", "nota"])?;
    let name = named(fields)?;
    let (target, note) = (fields.get("voce"), fields.get("nota"));
    let outcome = if merges {
        app.register
            .merge_product(viewer, name, target, note)
            .await?
    } else {
        app.register.separate_product(viewer, name, note).await?
    };
    let Err(wrong) = outcome else {
        let what = if merges { "unito" } else { "separato" };
        return Ok(Redirect::to(&format!("/software/proposte?salvato={what}")).into_response());
    };
    let seen = app.register.product_to_record(viewer, name).await?;
    let page = Page::new(app, Some(&writer.signed), name, "software");
    let decision = Decision {
        target: target.to_owned(),
        note: note.to_owned(),
        wrong: labelled(wrong, &DECISION),
    };
    let page = shown(app, &writer.signed, page, seen, decision).await?;
    Ok((refused(), Html(page)).into_response())
}

/// The form of an entry: a new one, or the one that the address names.
pub async fn edit(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["nome"])?;
    keeps(&reader)?;
    let name = query.get("nome");
    let seen = entry(&app, &reader, name).await?;
    let typed = match seen.as_ref().and_then(|seen| seen.known.as_ref()) {
        None => TypedProduct {
            name: name.to_owned(),
            ..TypedProduct::default()
        },
        Some(known) => {
            let product = known.product().clone();
            TypedProduct {
                name: product.name,
                producer: product.producer,
                kind: product.kind,
                versions: product.versions,
                note: product.note,
            }
        }
    };
    let form = entry_form(&app, &reader, seen.as_ref(), typed, Vec::new());
    Ok(Html(form).into_response())
}

/// The entry or the proposed name that a form is about; nothing for a new entry.
async fn entry(app: &App, signed: &Signed, name: &str) -> Result<Option<Seen>, Error> {
    Ok(if name.is_empty() {
        None
    } else {
        Some(app.register.product_to_record(&signed.viewer, name).await?)
    })
}

/// Records an entry.
pub async fn update(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let fields = &writer.fields;
    keeps(&writer.signed)?;
    fields.only(&["voce", "nome", "produttore", "tipo", "versioni", "nota"])?;
    let own = fields.get("voce");
    let seen = entry(&app, &writer.signed, own).await?;
    let text = |name| fields.get(name).to_owned();
    let typed = TypedProduct {
        name: if own.is_empty() {
            text("nome")
        } else {
            own.to_owned()
        },
        producer: text("produttore"),
        kind: text("tipo"),
        versions: text("versioni"),
        note: text("nota"),
    };
    let viewer = &writer.signed.viewer;
    match app.register.record_product(viewer, own, &typed).await? {
        Ok(()) => Ok(done(&typed.name, "voce")),
        Err(wrong) => {
            let form = entry_form(&app, &writer.signed, seen.as_ref(), typed, wrong);
            Ok((refused(), Html(form)).into_response())
        }
    }
}

fn done(name: &str, what: &str) -> Response {
    let address = entry_address("/software/voce", &[("nome", name), ("salvato", what)]);
    Redirect::to(&address).into_response()
}

fn entry_form(
    app: &App,
    signed: &Signed,
    seen: Option<&Seen>,
    typed: TypedProduct,
    wrong: Vec<Wrong>,
) -> EntryForm {
    let entry = seen.map(|seen| seen.name.clone()).unwrap_or_default();
    let heading = match seen {
        None => "Una voce nuova".to_owned(),
        Some(seen) if seen.known.is_none() => format!("Aggiungi «{entry}» al catalogo"),
        Some(_) => entry.clone(),
    };
    EntryForm {
        page: Page::new(app, Some(signed), &heading, "software"),
        heading,
        back: if entry.is_empty() {
            "/software".to_owned()
        } else {
            entry_address("/software/voce", &[("nome", &entry)])
        },
        proposed: seen.is_some_and(|seen| seen.known.is_none()),
        entry,
        kinds: KINDS,
        typed,
        wrong: labelled(wrong, &ENTRY),
    }
}

/// The form of the standing of a program.
pub async fn standing(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["nome"])?;
    keeps(&reader)?;
    let name = named(&query)?;
    app.register.product_to_record(&reader.viewer, name).await?;
    let form = standing_form(&app, &reader, name, TypedStated::default(), Vec::new());
    Ok(Html(form).into_response())
}

/// Records how a program stands.
pub async fn state(State(app): State<App>, Kept(upload): Kept) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    // A form without a file comes in by another gate.
    keeps(&signed)?;
    fields.only(&[
        "nome",
        "stato",
        "fonte",
        "grado",
        "data",
        "versione",
        "nota",
        "documento",
    ])?;
    let name = named(&fields)?;
    let text = |name| fields.get(name).to_owned();
    let typed = TypedStated {
        standing: text("stato"),
        source: text("fonte"),
        grade: text("grado"),
        date: text("data"),
        version: text("versione"),
        note: text("nota"),
    };
    let mut came = Came::with(file, &fields);
    let outcome = match came.taken(app.settings.document_bytes) {
        Ok(file) => {
            app.register
                .record_standing(&signed.viewer, name, &typed, attached(file))
                .await?
        }
        Err(wrong) => Err(vec![wrong]),
    };
    match outcome {
        Ok(()) => Ok(done(name, "stato")),
        Err(wrong) => {
            let mut form = standing_form(&app, &signed, name, typed, wrong);
            if let Some(words) = came.again() {
                form.page = form.page.with_notice("warning", words);
            }
            Ok((refused(), Html(form)).into_response())
        }
    }
}

fn standing_form(
    app: &App,
    signed: &Signed,
    name: &str,
    typed: TypedStated,
    wrong: Vec<Wrong>,
) -> StandingForm {
    let heading = format!("Stato SCNTT di {name}");
    let limit = app.settings.document_bytes;
    StandingForm {
        page: Page::new(app, Some(signed), &heading, "software"),
        heading,
        name: name.to_owned(),
        back: entry_address("/software/voce", &[("nome", name)]),
        standings: standings(),
        grades: GRADES,
        typed,
        limit,
        accepted: accepted(),
        document_help: format!(
            "Serve per «{}», altrimenti è facoltativo: {}",
            Standing::Attested.label(),
            document_kinds(limit)
        ),
        wrong: labelled(wrong, &STANDING),
    }
}
