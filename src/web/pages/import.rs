//! Bringing in a spreadsheet: try it, see everything that was found, bring it in.

use crate::census::finding::{Code, Severity};
use crate::census::projection;
use crate::census::revision::Source;
use crate::census::vocabulary::{Field, fold};
use crate::exchange::csv::CsvWriter;
use crate::register;
use crate::register::find::Choice;
use crate::register::load::{Report, Request, Said};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed};
use crate::web::page::{Html, Page};
use crate::web::upload::{Received, Upload};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// How many findings a page shows.
const SHOWN: usize = 1_000;

/// The form as it is shown, with what was chosen before.
#[derive(Debug)]
struct Form {
    bodies: Vec<Choice>,
    body: String,
    systems: Vec<Choice>,
    crs: String,
    partial: bool,
    proposals: bool,
    limit: u64,
    /// What is wrong with the file.
    errors: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/import.html")]
struct Import {
    page: Page,
    form: Form,
}

/// One column that was read.
#[derive(Debug)]
struct Column {
    header: String,
    name: String,
    label: &'static str,
}

/// One line of the table of findings.
#[derive(Debug)]
struct Told {
    /// The line of the file, or that it is about the whole of it.
    place: String,
    /// The header of the column, or the attribute that has none.
    column: String,
    value: String,
    severity: &'static str,
    severity_label: &'static str,
    message: String,
    proposals: String,
}

#[derive(Template)]
#[template(path = "pages/import_result.html")]
struct Outcome {
    page: Page,
    form: Form,
    report: Report,
    heading: &'static str,
    columns: Vec<Column>,
    facts: Vec<(&'static str, String)>,
    lines: Vec<Told>,
    /// What the file does not have and will be wanted when devices are submitted.
    lacking: String,
    counts: String,
    more: usize,
    list: String,
}

/// The form.
pub async fn get(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let form = form(&app, &reader, &Fields::default(), Vec::new()).await?;
    Ok(asking(&app, &reader, StatusCode::OK, form))
}

/// A file with our headers and nothing in it.
pub async fn template(reader: Reader) -> Result<Response, Error> {
    may_import(&reader)?;
    let empty = CsvWriter::new(Vec::new()).and_then(CsvWriter::finish);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"modello.csv\"",
        ),
    ];
    Ok((headers, empty.map_err(register::Error::Write)?).into_response())
}

/// Tries a file, or brings it in, and shows what was found.
pub async fn post(State(app): State<App>, upload: Upload) -> Result<Response, Error> {
    let Upload {
        signed,
        fields,
        file,
    } = upload;
    may_import(&signed)?;
    fields.only(&["ente", "crs", "parziale", "proposte", "azione", "file"])?;
    let refuse = async |status, message: String| {
        let form = form(&app, &signed, &fields, vec![message]).await?;
        Ok(asking(&app, &signed, status, form))
    };
    let (name, content) = match file {
        Received::Kept { name, content } => (name, content),
        Received::TooLarge => {
            let message = format!(
                "Il file è più grande di {} MB. Dividetelo in più file, oppure chiedete \
                 all’amministratore di importarlo sul server con il comando «varco import».",
                app.settings.upload_bytes / 1_048_576
            );
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, message).await;
        }
        Received::Nothing => {
            let message = "Scegliete il file da importare.".to_owned();
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, message).await;
        }
    };
    let given = |name| Some(fields.get(name).to_owned()).filter(|text| !text.is_empty());
    let request = Request {
        name,
        body: given("ente"),
        crs: given("crs"),
        constants: Vec::new(),
        dry_run: fields.get("azione") != "importa",
        partial: fields.get("parziale") == "si",
        accept_proposals: fields.get("proposte") == "si",
        source: Source::File,
    };
    match app.register.load(&signed.viewer, &request, content).await {
        Ok(report) => {
            let form = form(&app, &signed, &fields, Vec::new()).await?;
            Ok(outcome(&app, &signed, &request, report, form))
        }
        Err(register::Error::Invalid(message)) => {
            refuse(StatusCode::UNPROCESSABLE_ENTITY, message).await
        }
        Err(error) => Err(error.into()),
    }
}

fn may_import(signed: &Signed) -> Result<(), Error> {
    if signed.viewer.writes_any() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Il vostro ruolo non scrive dispositivi.",
        ))
    }
}

async fn form(
    app: &App,
    signed: &Signed,
    fields: &Fields,
    errors: Vec<String>,
) -> Result<Form, Error> {
    let bodies = app.register.catalogue().await?.bodies.into_iter();
    let mut bodies: Vec<Choice> = bodies
        .filter(|body| signed.viewer.writes(&body.code))
        .map(|body| Choice {
            code: body.code,
            label: body.name,
        })
        .collect();
    bodies.sort_by_cached_key(|body| fold(&body.label));
    let systems = projection::SYSTEMS.iter().map(|crs| Choice {
        code: crs.code.to_owned(),
        label: format!("{} – {}", crs.code, crs.name),
    });
    Ok(Form {
        bodies,
        body: fields.get("ente").to_owned(),
        systems: systems.collect(),
        crs: fields.get("crs").to_owned(),
        partial: fields.get("parziale") == "si",
        proposals: fields.get("proposte") == "si",
        limit: app.settings.upload_bytes,
        errors,
    })
}

fn asking(app: &App, signed: &Signed, status: StatusCode, form: Form) -> Response {
    let page = Page::new(app, Some(signed), "Importa", "importa");
    (status, Html(Import { page, form })).into_response()
}

fn outcome(app: &App, signed: &Signed, request: &Request, report: Report, form: Form) -> Response {
    let (kind, text) = fate(request, &report);
    let heading = if request.dry_run {
        "Esito della prova"
    } else {
        "Esito dell’importazione"
    };
    let refused = !request.dry_run && !report.stored;
    let status = if refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let list = match form.body.as_str() {
        "" => "/dispositivi".to_owned(),
        body => format!("/dispositivi?ente={body}"),
    };
    let (lacking, mut said): (Vec<&Said>, Vec<&Said>) = report
        .findings
        .iter()
        .partition(|said| said.record.is_none() && said.code == Code::ValueMissing);
    said.sort_by_key(|said| (!said.stops(), std::cmp::Reverse(said.severity)));
    let template = Outcome {
        page: Page::new(app, Some(signed), heading, "importa").with_notice(kind, text),
        heading,
        columns: columns(&report),
        facts: facts(&report),
        lacking: labels(&lacking),
        counts: counts(&said),
        more: said.len().saturating_sub(SHOWN),
        lines: said.into_iter().take(SHOWN).map(line).collect(),
        report,
        form,
        list,
    };
    (status, Html(template)).into_response()
}

/// What happened, or would happen, in one sentence.
fn fate(request: &Request, report: &Report) -> (&'static str, &'static str) {
    let all_good = !report.has_errors();
    if report.rows == 0 {
        return ("info", "Nel file non ci sono righe da importare.");
    }
    match (request.dry_run, report.stored, all_good) {
        (true, _, true) => (
            "success",
            "È una prova: nulla è stato salvato. Il file si può importare così com’è.",
        ),
        (true, _, false) => (
            "warning",
            "È una prova: nulla è stato salvato. Il file ha errori: correggeteli, oppure importate \
             solo le righe buone.",
        ),
        (false, true, true) => ("success", "Il file è stato importato."),
        (false, true, false) => (
            "warning",
            "Le righe buone sono state importate; le altre no.",
        ),
        (false, false, _) => (
            "danger",
            "Nulla è stato importato, perché il file ha errori: correggeteli, oppure importate \
             solo le righe buone.",
        ),
    }
}

fn columns(report: &Report) -> Vec<Column> {
    let mapping = report.detected.mapping.iter();
    mapping
        .map(|(header, target)| {
            let name = target.as_str().unwrap_or_default();
            Column {
                header: header.clone(),
                name: name.to_owned(),
                label: Field::named(name).map_or("Posizione", |field| field.attribute().label),
            }
        })
        .collect()
}

/// What was found out about the file, in words.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let found = &report.detected;
    let decimal = if found.decimal == ',' {
        "virgola"
    } else {
        "punto"
    };
    let crs = found.crs.and_then(projection::system);
    let crs = crs.map_or_else(
        || "non riconosciuto".to_owned(),
        |crs| format!("{}, {}", crs.code, crs.name),
    );
    vec![
        ("File", report.file.clone()),
        ("Formato", "CSV".to_owned()),
        ("Caratteri", found.encoding.clone()),
        ("Separatore delle celle", found.separator_words().to_owned()),
        ("Separatore dei decimali", decimal.to_owned()),
        ("Riga dell’intestazione", found.header_line.to_string()),
        ("Coordinate", crs),
    ]
}

/// How many findings there are of each weight.
fn counts(said: &[&Said]) -> String {
    let number = |wanted| said.iter().filter(|said| said.severity == wanted).count();
    format!(
        "Errori: {}. Avvisi: {}. Note: {}.",
        number(Severity::Error),
        number(Severity::Warning),
        number(Severity::Info)
    )
}

/// The attributes that these findings are about, as people read them.
fn labels(said: &[&Said]) -> String {
    let labels: Vec<&str> = said.iter().map(|said| label(said)).collect();
    labels.join(", ")
}

fn label(said: &Said) -> &'static str {
    said.field
        .and_then(Field::named)
        .map_or("", |field| field.attribute().label)
}

fn line(said: &Said) -> Told {
    let proposals: Vec<String> = said.proposals.iter().map(ToString::to_string).collect();
    let proposals = proposals.join(" oppure ");
    Told {
        place: match said.record {
            Some(_) => said.line.to_string(),
            None => "Tutto il file".to_owned(),
        },
        column: said
            .column
            .clone()
            .unwrap_or_else(|| label(said).to_owned()),
        value: match &said.column {
            Some(column) if *column == said.value => String::new(),
            _ => said.value.clone(),
        },
        severity: said.severity.name(),
        severity_label: said.severity.label(),
        message: said.message.clone(),
        proposals: if said.applied {
            format!("Corretto: {proposals}")
        } else {
            proposals
        },
    }
}
