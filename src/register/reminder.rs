//! Reminders: to whom, what, and that they were sent; each in the history, without anybody's address.

use super::campaign::Row;
use super::journal::Note;
use super::notice::{Told, officers_of};
use super::{Error, Register, Result};
use crate::census::campaign::{Standing, Whom as Awaited};
use crate::census::filter::Moment;
use crate::census::journal::Act;
use crate::census::notice::Kind;
use crate::census::person::Viewer;
use crate::clock::Instant;
use crate::exchange::mail::{self, Letter, Mailer};
use crate::storage::Unit;
use crate::storage::body::Body;
use std::time::Duration;

/// Somebody a reminder goes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// Their name.
    pub name: String,
    /// Their address of electronic mail.
    pub address: String,
}

/// A reminder that could be sent.
#[derive(Debug, Clone)]
pub struct Reminder {
    /// The body.
    pub body: Body,
    /// Who it goes to; nobody, when no address is known.
    pub recipients: Vec<Recipient>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When the last one was sent.
    pub last: Option<Instant>,
}

/// What became of one message.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The name of the body.
    pub body: String,
    /// Who it was for.
    pub recipient: Recipient,
    /// Nothing when the server took it.
    pub refusal: Option<String>,
}

impl Register {
    /// The reminders that could be sent now: one for each body from which something is awaited, of
    /// those that are wanted.
    pub async fn reminders(
        &self,
        viewer: &Viewer,
        sender: &str,
        wanted: impl Fn(&Row) -> bool + Send,
    ) -> Result<Vec<Reminder>> {
        may_remind(viewer)?;
        let mut rows = self.board(viewer, Moment::Now).await?;
        rows.retain(|row| wanted(row));
        let mut unit = self.store.read().await?;
        let mut reminders = Vec::new();
        for row in rows {
            let awaited = row.standing.awaited();
            if !awaited.iter().any(|one| one.whom == Awaited::Body) {
                continue;
            }
            let (subject, text) = letter(&row.body, &row.standing, sender);
            reminders.push(Reminder {
                recipients: recipients(&mut unit, &row.body.code).await?,
                body: row.body,
                subject,
                text,
                last: row.reminded_at,
            });
        }
        Ok(reminders)
    }

    /// Sends the reminders of these bodies one by one, as [`Register::reminders`] shows them. What
    /// the server refuses is named and the rest goes on; when it cannot be talked with, that is the
    /// end.
    pub async fn send_reminders(
        &self,
        viewer: &Viewer,
        mailer: &Mailer,
        bodies: &[String],
        sender: &str,
    ) -> Result<Vec<Sent>> {
        let mut reminders = self.reminders(viewer, sender, |_row| true).await?;
        reminders.retain(|one| bodies.contains(&one.body.code) && !one.recipients.is_empty());
        if reminders.is_empty() {
            return Err(Error::Invalid(
                "Scegliete almeno un ente che abbia un indirizzo.".to_owned(),
            ));
        }
        let mut sent = Vec::new();
        for reminder in reminders {
            let (mut taken, mut refused, mut over) = (0, 0, false);
            for recipient in &reminder.recipients {
                let letter = Letter {
                    to: recipient.address.clone(),
                    subject: reminder.subject.clone(),
                    text: reminder.text.clone(),
                };
                let now = u64::try_from(self.clock.now()).unwrap_or(0);
                let outcome = mailer.send(&letter, Duration::from_micros(now)).await;
                match outcome {
                    Ok(()) => taken += 1,
                    Err(_) => refused += 1,
                }
                over = matches!(outcome, Err(mail::Error::Unreachable(_)));
                sent.push(Sent {
                    body: reminder.body.name.clone(),
                    recipient: recipient.clone(),
                    refusal: outcome.err().map(|error| error.to_string()),
                });
                if over {
                    break;
                }
            }
            self.note_reminder(viewer, &reminder, taken, refused)
                .await?;
            if over {
                break;
            }
        }
        Ok(sent)
    }

    async fn note_reminder(
        &self,
        viewer: &Viewer,
        reminder: &Reminder,
        taken: usize,
        refused: usize,
    ) -> Result<()> {
        let body = &reminder.body.code;
        let mut unit = self.store.write().await?;
        let detail = match refused {
            0 => format!("Inviato a {taken}"),
            _ => format!("Inviato a {taken}, non inviato a {refused}"),
        };
        let note = Note {
            act: if taken > 0 {
                Act::Reminded
            } else {
                Act::ReminderFailed
            },
            body: Some(body),
            subject: body,
            detail: &detail,
        };
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        if taken > 0 {
            let told = Told {
                kind: Kind::Due,
                body,
                devices: 0,
                device: None,
                text: &reminder.subject,
            };
            let officers = officers_of(&mut unit, viewer, body).await?;
            let at = self.clock.now();
            self.tell_people(&mut unit, viewer, &officers, told, at)
                .await?;
        }
        Ok(unit.commit().await?)
    }
}

fn may_remind(viewer: &Viewer) -> Result<()> {
    if viewer.reviews() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "I solleciti li manda chi ha il ruolo di validatore.",
        ))
    }
}

/// The contact of a body, and its officers whose account is an address.
async fn recipients(unit: &mut Unit, body: &str) -> Result<Vec<Recipient>> {
    let contact = unit.contact(body).await?;
    let mut found: Vec<Recipient> = contact
        .filter(|contact| !contact.email.is_empty())
        .map(|contact| Recipient {
            name: contact.name,
            address: contact.email,
        })
        .into_iter()
        .collect();
    for (account, name) in unit.officers(body).await? {
        let known = found
            .iter()
            .any(|one| one.address.eq_ignore_ascii_case(&account));
        if account.contains('@') && !known {
            found.push(Recipient {
                name,
                address: account,
            });
        }
    }
    Ok(found)
}

/// Subject and text of a reminder.
fn letter(body: &Body, standing: &Standing, sender: &str) -> (String, String) {
    let awaited: Vec<String> = standing
        .awaited()
        .into_iter()
        .filter(|one| one.whom == Awaited::Body)
        .map(|one| format!("- {}", one.words))
        .collect();
    let due = standing.due.filter(|_| standing.asks_again());
    let (until, subject) = match (due, standing.days_late()) {
        (Some(due), Some(_)) => (
            format!("La scadenza era il {}. ", due.day.strftime("%d/%m/%Y")),
            format!(
                "Censimento della videosorveglianza: {} è in ritardo",
                body.name
            ),
        ),
        (Some(due), None) => (
            format!(
                "La dichiarazione serve entro il {}. ",
                due.day.strftime("%d/%m/%Y")
            ),
            format!(
                "Censimento della videosorveglianza: promemoria per {}",
                body.name
            ),
        ),
        (None, _) => (
            String::new(),
            format!(
                "Censimento della videosorveglianza: promemoria per {}",
                body.name
            ),
        ),
    };
    let text = format!(
        "Buongiorno,\n\nper completare il censimento dei dispositivi di videosorveglianza di {} \
         mancano ancora:\n\n{}\n\n{until}Che cosa fare, e dove, è scritto nella prima pagina di \
         Varco dopo l’accesso.\n\nGrazie,\n{sender}\n",
        body.name,
        awaited.join("\n"),
    );
    (subject, text)
}
