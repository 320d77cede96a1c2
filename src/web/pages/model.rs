//! A make and model: what is known of it and who says so, where it is used.

use crate::census::adhesion::{Wrong, label};
use crate::census::catalogue::{
    FACTS, GRADES, Model, READINGS, TypedModel, fact_typed, fact_words,
};
use crate::census::vocabulary::{Field, Kind, Term};
use crate::clock;
use crate::register::catalogue::{Place, SeenModel};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::{WrongView, entry_address, errors_at, keeps, labelled, refused};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};

/// The fields of the form around those of [`FACTS`], in its order, with what people read.
const BEFORE: [(&str, &str); 2] = [("marca", "Marca"), ("modello", "Modello")];
const AFTER: [(&str, &str); 5] = [
    ("lettura_documentata", "Prestazione di lettura documentata"),
    ("lettura_classe", "Classe o prova"),
    ("fonte", "Fonte"),
    ("grado", "Grado della fonte"),
    ("nota", "Nota"),
];

/// What was recorded of the model, as the page shows it.
#[derive(Debug)]
struct KnownView {
    facts: Vec<(&'static str, String)>,
    reading: String,
    source: String,
    grade: String,
    note: String,
    recorded: String,
}

/// A body that uses the model.
#[derive(Debug)]
struct PlaceView {
    body: String,
    name: String,
    devices: String,
    list: String,
}

#[derive(Template)]
#[template(path = "pages/model.html")]
struct ModelPage {
    page: Page,
    make: String,
    model: String,
    known: Option<KnownView>,
    before: Vec<String>,
    places: Vec<PlaceView>,
    edit: String,
    records: bool,
}

/// A fact as the form asks for it.
#[derive(Debug)]
struct FactView {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    terms: &'static [Term],
    errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/model_form.html")]
struct Form {
    page: Page,
    heading: String,
    back: String,
    facts: Vec<FactView>,
    readings: &'static [Term],
    grades: &'static [Term],
    typed: TypedModel,
    wrong: Vec<WrongView>,
}

impl Form {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["marca", "modello", "salvato"])?;
    let (make, model) = named(&query)?;
    let seen = app.register.model(&reader.viewer, make, model).await?;
    let title = format!("{} {}", seen.make, seen.model);
    let mut page = Page::new(&app, Some(&reader), &title, "modelli");
    match query.get("salvato") {
        "" => {}
        "si" => page = page.with_notice("success", "Registrato."),
        other => return Err(query::refused("salvato", other)),
    }
    Ok(Html(shown(page, seen)).into_response())
}

/// The make and model that an address is about.
fn named(fields: &Fields) -> Result<(&str, &str), Error> {
    for name in ["marca", "modello"] {
        if fields.get(name).is_empty() {
            return Err(query::refused(name, ""));
        }
    }
    Ok((fields.get("marca"), fields.get("modello")))
}

fn address(path: &str, make: &str, model: &str) -> String {
    entry_address(path, &[("marca", make), ("modello", model)])
}

fn shown(page: Page, seen: SeenModel) -> ModelPage {
    ModelPage {
        page,
        edit: address("/modelli/modifica", &seen.make, &seen.model),
        known: seen.known.last().map(known_view),
        before: seen.known.iter().rev().skip(1).map(before_words).collect(),
        places: seen.places.iter().map(place_view).collect(),
        records: seen.records,
        make: seen.make,
        model: seen.model,
    }
}

fn facts(model: &Model) -> Vec<(&'static str, String)> {
    let facts = model.facts.iter();
    facts
        .map(|(field, value)| (field.attribute().label, fact_words(*field, value)))
        .collect()
}

fn reading(model: &Model) -> String {
    let words = label(READINGS, &model.reading);
    match model.reading_class.as_str() {
        "" => words.to_owned(),
        class => format!("{words}: {class}"),
    }
}

fn by(model: &Model) -> String {
    format!("{}, {}", model.author, clock::words(model.recorded_at))
}

fn known_view(model: &Model) -> KnownView {
    KnownView {
        facts: facts(model),
        reading: reading(model),
        source: model.source.clone(),
        grade: label(GRADES, &model.grade).to_owned(),
        note: model.note.clone(),
        recorded: by(model),
    }
}

fn before_words(model: &Model) -> String {
    let mut words: Vec<String> = facts(model)
        .into_iter()
        .map(|(label, value)| format!("{label}: {value}"))
        .collect();
    words.push(format!("Lettura documentata: {}", reading(model)));
    if !model.source.is_empty() {
        words.push(format!("Fonte: {}", model.source));
    }
    format!("{} ({})", words.join(" · "), by(model))
}

fn place_view(place: &Place) -> PlaceView {
    PlaceView {
        body: place.body_name.clone(),
        name: place.name.clone(),
        devices: query::devices(place.devices),
        list: entry_address(
            "/dispositivi",
            &[("cerca", &place.name), ("ente", &place.body)],
        ),
    }
}

/// The form: a new model, or the one that the address names.
pub async fn edit(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["marca", "modello"])?;
    keeps(&reader)?;
    let mut typed = TypedModel {
        reading: "non_noto".to_owned(),
        ..TypedModel::default()
    };
    if !query.get("marca").is_empty() || !query.get("modello").is_empty() {
        let (make, model) = named(&query)?;
        let seen = app.register.model(&reader.viewer, make, model).await?;
        if let Some(known) = seen.known.last() {
            typed = typed_of(known);
        }
        typed.make = seen.make;
        typed.model = seen.model;
    }
    let form = form(&app, &reader, typed, Vec::new());
    Ok(Html(form).into_response())
}

fn typed_of(known: &Model) -> TypedModel {
    TypedModel {
        facts: FACTS.map(|field| fact_typed(field, known.fact(field))),
        reading: known.reading.clone(),
        reading_class: known.reading_class.clone(),
        source: known.source.clone(),
        grade: known.grade.clone(),
        note: known.note.clone(),
        ..TypedModel::default()
    }
}

/// Records what is known of a model.
pub async fn update(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    keeps(&writer.signed)?;
    let fields = &writer.fields;
    let known: Vec<&'static str> = labels().into_iter().map(|(name, _)| name).collect();
    fields.only(&known)?;
    let text = |name| fields.get(name).to_owned();
    let typed = TypedModel {
        make: text("marca"),
        model: text("modello"),
        facts: FACTS.map(|field| text(field.name())),
        reading: text("lettura_documentata"),
        reading_class: text("lettura_classe"),
        source: text("fonte"),
        grade: text("grado"),
        note: text("nota"),
    };
    let viewer = &writer.signed.viewer;
    match app.register.record_model(viewer, &typed).await? {
        Ok(()) => {
            let page = address("/modelli/voce", &typed.make, &typed.model);
            Ok(Redirect::to(&format!("{page}&salvato=si")).into_response())
        }
        Err(wrong) => {
            let form = form(&app, &writer.signed, typed, wrong);
            Ok((refused(), Html(form)).into_response())
        }
    }
}

/// The fields of the form in its order, with what people read.
fn labels() -> Vec<(&'static str, &'static str)> {
    let facts = FACTS.map(|field| (field.name(), field.attribute().label));
    BEFORE.into_iter().chain(facts).chain(AFTER).collect()
}

fn form(app: &App, signed: &Signed, typed: TypedModel, wrong: Vec<Wrong>) -> Form {
    let wrong = labelled(wrong, &labels());
    let named = !typed.make.is_empty() && !typed.model.is_empty();
    let heading = if named {
        format!("{} {}", typed.make, typed.model)
    } else {
        "Un modello nuovo".to_owned()
    };
    let facts = FACTS.into_iter().zip(&typed.facts);
    Form {
        page: Page::new(app, Some(signed), &heading, "modelli"),
        heading,
        back: "/modelli".to_owned(),
        facts: facts
            .map(|(field, value)| fact_view(field, value, &wrong))
            .collect(),
        readings: READINGS,
        grades: GRADES,
        typed,
        wrong,
    }
}

fn fact_view(field: Field, value: &str, wrong: &[WrongView]) -> FactView {
    let attribute = field.attribute();
    let (kind, terms) = match attribute.kind {
        Kind::One(terms) => ("one", terms),
        _ => ("number", &[][..]),
    };
    FactView {
        name: attribute.name,
        label: attribute.label,
        kind,
        value: value.to_owned(),
        terms,
        errors: errors_at(wrong, attribute.name),
    }
}
