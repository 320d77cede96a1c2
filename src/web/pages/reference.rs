//! A reference layer: what it says of itself, its features, and the form that loads one.

use super::references::standing;
use super::{import, map};
use crate::census::adhesion::{Wrong, in_italian};
use crate::census::projection;
use crate::census::reference_layer::{KINDS, ReferenceLayer};
use crate::census::vocabulary::Term;
use crate::clock;
use crate::register;
use crate::register::document::Attachment;
use crate::register::find::Choice;
use crate::register::reference_layer::{FILE, Holding, OLDER, Outcome, PAGE, Refused, TypedLayer};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::{WrongView, errors_at};
use crate::web::upload::{Curated, Received, Upload};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use std::cmp::Ordering;
use uuid::Uuid;

/// The fields of the form, in its order.
const FIELDS: [&str; 11] = [
    FILE,
    "tipo",
    "nome",
    "fonte",
    "licenza",
    "data",
    OLDER,
    "visibile",
    "tabella",
    "crs",
    "etichetta",
];

/// A feature as a row of the page.
#[derive(Debug)]
struct Line {
    number: String,
    name: String,
    form: &'static str,
    place: String,
}

#[derive(Template)]
#[template(path = "pages/reference.html")]
struct ReferencePage {
    page: Page,
    id: Uuid,
    heading: String,
    kind: &'static str,
    standing: &'static str,
    withdrawn: Option<[String; 3]>,
    /// What it took the place of, in words; empty for nothing.
    before: String,
    withdrawable: bool,
    source: String,
    licence: String,
    dated: String,
    audience: &'static str,
    system: String,
    extent: String,
    loaded: String,
    hash: String,
    counted: String,
    rows: Vec<Line>,
    first: String,
    next: String,
    words: String,
    bounds: String,
    references: String,
    reason: String,
    errors: Vec<String>,
    /// What the macro of a field may choose from.
    kinds: &'static [Term],
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["dopo", "caricato"])?;
    let after = match query.get("dopo") {
        "" => 0,
        text => text
            .parse()
            .map_err(|_shape| query::refused("dopo", text))?,
    };
    let id = identifier(&id)?;
    let holding = app.register.reference(&reader.viewer, id, after).await?;
    let notice = match query.get("caricato") {
        "" => None,
        "si" => Some("Il livello è caricato."),
        other => return Err(query::refused("caricato", other)),
    };
    let mut shown = page_of(&app, &reader, holding, after);
    if let Some(words) = notice {
        shown.page = shown.page.with_notice("success", words);
    }
    Ok(Html(shown).into_response())
}

fn page_of(app: &App, signed: &Signed, holding: Holding, after: i64) -> ReferencePage {
    let Holding { seen, features } = holding;
    let layer = &seen.layer;
    let last = features.last().map_or(after, |feature| feature.number);
    let here = |after: i64| format!("/riferimenti/{}?dopo={after}", layer.id);
    let references = on_map(std::slice::from_ref(layer));
    let [west, south, east, north] = layer.extent;
    ReferencePage {
        page: Page::new(app, Some(signed), &layer.name, "riferimenti"),
        id: layer.id,
        heading: layer.name.clone(),
        kind: layer.kind.label(),
        standing: standing(&seen),
        withdrawn: seen.withdrawal.as_ref().map(|one| {
            let when = clock::words(one.recorded_at);
            [when, one.author.clone(), one.reason.clone()]
        }),
        before: seen
            .before
            .as_deref()
            .map_or_else(String::new, |before| took(layer, before)),
        withdrawable: seen.withdrawal.is_none() && signed.viewer.curates(),
        source: layer.source.clone(),
        licence: layer.licence.clone(),
        dated: in_italian(&layer.dated),
        audience: layer.audience.label(),
        system: projection::system(&layer.crs).map_or_else(
            || layer.crs.clone(),
            |crs| format!("{} – {}", crs.code, crs.name),
        ),
        extent: format!("da {} a {}", degrees(south, west), degrees(north, east)),
        loaded: format!("{} da {}", clock::words(layer.recorded_at), layer.author),
        hash: layer.hash.clone(),
        counted: query::many(
            usize::try_from(layer.features).unwrap_or(usize::MAX),
            "un elemento",
            "elementi",
        ),
        first: if after > 0 {
            format!("/riferimenti/{}", layer.id)
        } else {
            String::new()
        },
        next: if last < layer.features && features.len() == PAGE {
            here(last)
        } else {
            String::new()
        },
        words: format!("{} su {}", features.len(), query::figure(layer.features)),
        rows: features
            .into_iter()
            .map(|feature| Line {
                number: query::figure(feature.number),
                form: feature.form(),
                place: feature
                    .middle()
                    .map(|(lon, lat)| degrees(lat, lon))
                    .unwrap_or_default(),
                name: feature.name,
            })
            .collect(),
        bounds: map::bounds(layer.extent),
        references,
        reason: String::new(),
        errors: Vec::new(),
        kinds: &KINDS,
    }
}

/// A point as people read it, latitude first.
fn degrees(lat: f64, lon: f64) -> String {
    format!("{lat:.5} {lon:.5}").replace('.', ",")
}

/// Layers as the scripts of maps read them.
#[must_use]
pub fn on_map(layers: &[ReferenceLayer]) -> String {
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| {
            json!({
                "id": layer.id.to_string(),
                "kind": layer.kind.name(),
                "label": format!("{}: {}", layer.kind.label(), layer.name),
            })
        })
        .collect();
    serde_json::Value::from(layers).to_string()
}

/// Of which edition a layer took the place.
fn took(layer: &ReferenceLayer, before: &ReferenceLayer) -> String {
    let date = in_italian(&before.dated);
    let beside = match before.dated.cmp(&layer.dated) {
        Ordering::Greater => {
            format!("con dati del {date}, più recenti: conta l’ultimo livello caricato")
        }
        Ordering::Equal => "con dati dello stesso giorno".to_owned(),
        Ordering::Less => format!("con dati del {date}, meno recenti"),
    };
    format!("Ha preso il posto di «{}», {beside}.", before.name)
}

/// Takes the layer away.
pub async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let id = identifier(&id)?;
    writer.fields.only(&["motivo"])?;
    let reason = writer.fields.get("motivo");
    match app.register.withdraw_reference(viewer, id, reason).await {
        Ok(()) => Ok(Redirect::to("/riferimenti?ritirato=si").into_response()),
        Err(register::Error::Invalid(message)) => {
            let holding = app.register.reference(viewer, id, 0).await?;
            let mut shown = page_of(&app, &writer.signed, holding, 0);
            reason.clone_into(&mut shown.reason);
            shown.errors = vec![message];
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(shown)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// One feature that is wrong.
#[derive(Debug)]
struct FaultLine {
    feature: String,
    why: String,
}

#[derive(Template)]
#[template(path = "pages/reference_form.html")]
struct Form {
    page: Page,
    typed: TypedLayer,
    kinds: &'static [Term],
    systems: Vec<Choice>,
    tables: Vec<String>,
    attributes: Vec<String>,
    faults: Vec<FaultLine>,
    more_faults: String,
    limit: u64,
    file_help: String,
    wrong: Vec<WrongView>,
}

impl Form {
    fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}

/// The empty form.
pub async fn new(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    if !reader.viewer.curates() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "I livelli di riferimento li caricano i validatori e gli amministratori.",
        ));
    }
    let form = form(&app, &reader, TypedLayer::default(), Refused::default());
    Ok(Html(form).into_response())
}

/// Loads a layer.
pub async fn create(State(app): State<App>, Curated(upload): Curated) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    let typed = read(&fields)?;
    let attachment = match file {
        Received::Nothing => None,
        Received::TooLarge => {
            let megabytes = app.settings.upload_bytes / 1_048_576;
            let message = format!("Il file è più grande di {megabytes} MB.");
            let refused = Refused {
                wrong: vec![Wrong::new(FILE, message)],
                ..Refused::default()
            };
            return Ok(again(&app, &signed, typed, refused));
        }
        Received::Kept { name, content } => Some(Attachment { name, content }),
    };
    let loading = app
        .register
        .load_reference(&signed.viewer, &typed, attachment);
    match loading.await? {
        Outcome::Loaded(id) => {
            Ok(Redirect::to(&format!("/riferimenti/{id}?caricato=si")).into_response())
        }
        Outcome::Refused(refused) => Ok(again(&app, &signed, typed, refused)),
    }
}

fn again(app: &App, signed: &Signed, typed: TypedLayer, refused: Refused) -> Response {
    let mut form = form(app, signed, typed, refused);
    form.page = form.page.with_notice(
        "warning",
        "Non è stato caricato nulla: prima di riprovare scegliete di nuovo il file.",
    );
    (StatusCode::UNPROCESSABLE_ENTITY, Html(form)).into_response()
}

fn read(fields: &Fields) -> Result<TypedLayer, Error> {
    fields.only(&FIELDS)?;
    let text = |name| fields.get(name).to_owned();
    Ok(TypedLayer {
        kind: text("tipo"),
        name: text("nome"),
        source: text("fonte"),
        licence: text("licenza"),
        dated: text("data"),
        shared: text("visibile"),
        table: text("tabella"),
        crs: text("crs"),
        label: text("etichetta"),
        older: text(OLDER),
    })
}

fn form(app: &App, signed: &Signed, typed: TypedLayer, refused: Refused) -> Form {
    let limit = app.settings.upload_bytes;
    let mut wrong: Vec<WrongView> = refused
        .wrong
        .into_iter()
        .map(|wrong| WrongView {
            field: wrong.field,
            label: label(wrong.field),
            message: wrong.message,
        })
        .collect();
    wrong.sort_by_key(|view| FIELDS.iter().position(|field| *field == view.field));
    let unnamed = refused.all_faults - refused.faults.len();
    Form {
        page: Page::new(app, Some(signed), "Carica un livello", "riferimenti"),
        typed,
        kinds: &KINDS,
        systems: import::systems(),
        tables: refused.tables,
        attributes: refused.attributes,
        faults: refused
            .faults
            .into_iter()
            .map(|fault| FaultLine {
                feature: fault.feature.to_string(),
                why: fault.why,
            })
            .collect(),
        more_faults: if unnamed > 0 {
            query::many(unnamed, "un altro", "altri")
        } else {
            String::new()
        },
        limit,
        file_help: format!(
            "GeoJSON, shapefile in uno ZIP (.shp, .dbf, .shx e, se c’è, .prj) o GeoPackage, con punti, \
             linee o poligoni. Fino a {} MB.",
            limit / 1_048_576
        ),
        wrong,
    }
}

fn label(field: &str) -> &'static str {
    match field {
        "tipo" => "Che cosa contiene",
        "nome" => "Nome",
        "fonte" => "Fonte",
        "licenza" => "Licenza",
        "data" => "Data dei dati",
        OLDER => "Dati meno recenti",
        "tabella" => "Livello del file",
        "crs" => "Sistema di riferimento",
        "etichetta" => "Proprietà con il nome",
        _ => "File",
    }
}

/// The identifier in an address.
pub fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| {
        Error::new(
            StatusCode::NOT_FOUND,
            "Questo livello di riferimento non c’è, oppure non potete vederlo.",
        )
    })
}
