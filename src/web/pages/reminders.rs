//! Reminders: exactly whom and what, before anything is sent; without a server of the mail, the list to
//! send by hand.

use super::campaign::{FILTERS, Wanted, day_of};
use crate::exchange::csv::write_table;
use crate::exchange::mail::Mailer;
use crate::register;
use crate::register::reminder::{Recipient, Reminder, Sent};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// A reminder as the page shows it.
#[derive(Debug)]
struct Line {
    code: String,
    name: String,
    recipients: Vec<String>,
    subject: String,
    text: String,
    last: String,
    /// The link that opens the person's own mail program; empty when there is no address.
    by_hand: String,
}

#[derive(Template)]
#[template(path = "pages/reminders.html")]
struct Reminders {
    page: Page,
    lines: Vec<Line>,
    mail: bool,
    sender: String,
    sent: Vec<Sent>,
    errors: Vec<String>,
    /// The board with the same filter.
    board: String,
    /// The list to send with the same filter.
    list: String,
    filtered: bool,
    conditions: Vec<(&'static str, String)>,
}

/// What would be sent.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let wanted = wanted(raw.as_deref())?;
    shown(
        &app,
        &reader,
        &wanted,
        StatusCode::OK,
        Vec::new(),
        Vec::new(),
    )
    .await
}

/// Which bodies the address asks for, as on the board of today.
fn wanted(query: Option<&str>) -> Result<Wanted, Error> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    query.only(&FILTERS)?;
    present(&query)
}

/// The filter among these fields: there are no reminders of a past moment.
fn present(fields: &Fields) -> Result<Wanted, Error> {
    match fields.get("al") {
        "" => Wanted::read(fields),
        text => Err(query::refused("al", text)),
    }
}

async fn shown(
    app: &App,
    signed: &Signed,
    wanted: &Wanted,
    status: StatusCode,
    sent: Vec<Sent>,
    errors: Vec<String>,
) -> Result<Response, Error> {
    let name = &app.settings.installation;
    let reminders = app
        .register
        .reminders(&signed.viewer, name, |row| wanted.takes(row))
        .await?;
    let page = Page::new(app, Some(signed), "Solleciti", "campagna");
    let shown = Reminders {
        page,
        lines: reminders.iter().map(line).collect(),
        mail: !app.settings.smtp.host.is_empty(),
        sender: app.settings.smtp.sender.clone(),
        sent,
        errors,
        board: wanted.address("/campagna", ""),
        list: wanted.address("/campagna/solleciti.csv", ""),
        filtered: wanted.is_filtered(),
        conditions: wanted.conditions(),
    };
    Ok((status, Html(shown)).into_response())
}

fn line(reminder: &Reminder) -> Line {
    let addresses: Vec<&str> = reminder
        .recipients
        .iter()
        .map(|one| one.address.as_str())
        .collect();
    let quoted = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let to: Vec<String> = addresses.iter().map(|one| quoted(one)).collect();
    Line {
        code: reminder.body.code.clone(),
        name: reminder.body.name.clone(),
        recipients: reminder
            .recipients
            .iter()
            .map(|one| format!("{} <{}>", one.name, one.address))
            .collect(),
        by_hand: if to.is_empty() {
            String::new()
        } else {
            format!(
                "mailto:{}?subject={}&body={}",
                to.join(","),
                quoted(&reminder.subject),
                quoted(&reminder.text.replace('\n', "\r\n"))
            )
        },
        subject: reminder.subject.clone(),
        text: reminder.text.clone(),
        last: reminder.last.map_or_else(String::new, day_of),
    }
}

/// Sends those of the chosen bodies; whoever closes the page does not stop it half way.
pub async fn post(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let known: Vec<&'static str> = FILTERS.into_iter().chain(["ente"]).collect();
    writer.fields.only(&known)?;
    let wanted = present(&writer.fields)?;
    let bodies: Vec<String> = writer.fields.all("ente").map(str::to_owned).collect();
    let refuse = async |words: String| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let (signed, errors) = (&writer.signed, vec![words]);
        shown(&app, signed, &wanted, status, Vec::new(), errors).await
    };
    if app.settings.smtp.host.is_empty() {
        let words = "Il server della posta non è configurato: usate l’elenco qui sotto.";
        return refuse(words.to_owned()).await;
    }
    let mailer = match Mailer::new(&app.settings.smtp) {
        Ok(mailer) => mailer,
        Err(error) => return refuse(format!("La posta è configurata male: {error}.")).await,
    };
    let (register, viewer) = (app.register.clone(), writer.signed.viewer.clone());
    let sender = app.settings.installation.clone();
    let sending = tokio::spawn(async move {
        register
            .send_reminders(&viewer, &mailer, &bodies, &sender)
            .await
    });
    match sending.await.map_err(Error::internal)? {
        Ok(sent) => {
            let (signed, status) = (&writer.signed, StatusCode::OK);
            shown(&app, signed, &wanted, status, sent, Vec::new()).await
        }
        Err(register::Error::Invalid(words)) => refuse(words).await,
        Err(error) => Err(error.into()),
    }
}

/// The list to send, for a spreadsheet.
pub async fn list(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let wanted = wanted(raw.as_deref())?;
    let name = &app.settings.installation;
    let reminders = app
        .register
        .reminders(&reader.viewer, name, |row| wanted.takes(row))
        .await?;
    let header = ["ente", "nome", "indirizzo", "oggetto", "testo"].map(Cow::Borrowed);
    let mut rows: Vec<Vec<Cow<'_, str>>> = vec![header.to_vec()];
    for reminder in &reminders {
        let nobody = [Recipient::default()];
        let recipients = match reminder.recipients.as_slice() {
            [] => nobody.as_slice(),
            some => some,
        };
        for recipient in recipients {
            let cells = [
                &reminder.body.name,
                &recipient.name,
                &recipient.address,
                &reminder.subject,
                &reminder.text,
            ];
            let owned = cells.map(|cell| Cow::Owned(cell.clone()));
            rows.push(owned.to_vec());
        }
    }
    let mut bytes = Vec::new();
    write_table(&mut bytes, true, rows).map_err(register::Error::Write)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"solleciti.csv\"",
        ),
    ];
    Ok((headers, bytes).into_response())
}
