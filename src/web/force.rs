//! Since when editions are in force, in words, and the form that puts one in force: the same for
//! criteria, prices and lots.
//!
//! A day that is past is confirmed apart, because what is said today may change at once. Enforced by
//! `an_edition_from_a_past_day_is_confirmed_and_changes_no_past`.

use super::error::Error;
use super::fields::Fields;
use super::recording::{WrongView, errors_at};
use crate::census::adhesion::in_italian;
use crate::census::edition::{Edition, Force, Span, spans};
use crate::census::rules;
use crate::clock;
use axum::http::StatusCode;
use jiff::civil::Date;
use std::collections::HashMap;
use uuid::Uuid;

/// The fields of the form.
const FIELDS: [&str; 2] = ["giorno", "passato"];

/// An edition in a list, once for each time it was put in force.
#[derive(Debug)]
pub struct Standing {
    /// From which day, in figures; empty when it was never put in force.
    pub from: String,
    /// Until which day, in figures or in words; empty when there is no day on which it counts.
    pub until: String,
    /// Whether that is a day.
    pub dated: bool,
    /// How it stands today, in words.
    pub words: String,
    /// Whether it is in force today.
    pub now: bool,
    /// Who said so and when, in words; empty when it was never put in force.
    pub said: String,
}

/// Every edition as often as it was put in force, the last day first; then those that never were,
/// the last loaded first.
#[must_use]
pub fn standings(editions: &[Edition], said: &[Force], today: Date) -> Vec<(Edition, Standing)> {
    let Some(kind) = editions.first().map(|edition| edition.kind) else {
        return Vec::new();
    };
    let today = today.to_string();
    let by_id: HashMap<Uuid, &Edition> = editions.iter().map(|one| (one.id, one)).collect();
    let name = |id: Uuid| by_id.get(&id).map_or("", |edition| edition.name.as_str());
    let mut rows: Vec<(Edition, Standing)> = spans(kind, said, &today)
        .into_iter()
        .filter_map(|span| {
            let edition = by_id.get(&span.force.edition)?;
            Some(((*edition).clone(), standing(&span, &today, name)))
        })
        .collect();
    let never = editions
        .iter()
        .filter(|edition| said.iter().all(|force| force.edition != edition.id));
    rows.extend(never.map(|edition| (edition.clone(), never_in_force())));
    rows
}

/// The same of one edition.
#[must_use]
pub fn standings_of(id: Uuid, editions: &[Edition], said: &[Force], today: Date) -> Vec<Standing> {
    let rows = standings(editions, said, today).into_iter();
    rows.filter(|(edition, _)| edition.id == id)
        .map(|(_, standing)| standing)
        .collect()
}

fn standing<'n>(span: &Span, today: &str, name: impl Fn(Uuid) -> &'n str) -> Standing {
    let words = match span.instead {
        Some(other) if other == span.force.edition => {
            "Deciso di nuovo per lo stesso giorno".to_owned()
        }
        Some(other) => format!(
            "Non vale: per lo stesso giorno è stato deciso dopo «{}»",
            name(other)
        ),
        None if span.counts && span.force.day.as_str() > today => {
            "Oggi in vigore: è il primo, e vale anche prima del suo giorno".to_owned()
        }
        None if span.counts => "Oggi in vigore".to_owned(),
        None if span.force.day.as_str() > today => "Non ancora in vigore".to_owned(),
        None => "Non più in vigore".to_owned(),
    };
    Standing {
        from: in_italian(&span.force.day),
        until: match (&span.instead, &span.until) {
            (Some(_), _) => String::new(),
            (None, Some(day)) => in_italian(day),
            (None, None) => "senza termine".to_owned(),
        },
        dated: span.instead.is_none() && span.until.is_some(),
        words,
        now: span.counts,
        said: format!(
            "lo ha detto {}, {}",
            span.force.author,
            clock::words(span.force.recorded_at)
        ),
    }
}

fn never_in_force() -> Standing {
    Standing {
        from: String::new(),
        until: String::new(),
        dated: false,
        words: "Mai in vigore".to_owned(),
        now: false,
        said: String::new(),
    }
}

/// The form that puts an edition in force.
#[derive(Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// The day as typed.
    pub day: String,
    /// Whether it was confirmed that the day is past.
    pub confirmed: bool,
    /// What is wrong.
    pub wrong: Vec<WrongView>,
}

impl Form {
    /// The form before anybody typed: from today.
    #[must_use]
    pub fn new(action: String, today: Date) -> Self {
        Self {
            action,
            day: today.to_string(),
            confirmed: false,
            wrong: Vec::new(),
        }
    }

    /// The form as it was sent, with the day that it says; without one it says what is wrong.
    pub fn read(
        action: String,
        fields: &Fields,
        today: Date,
    ) -> Result<(Self, Option<Date>), Error> {
        fields.only(&FIELDS)?;
        let [field, past] = FIELDS;
        let mut form = Self {
            action,
            day: fields.get(field).to_owned(),
            confirmed: fields.get(past) == "si",
            wrong: Vec::new(),
        };
        let Ok(day) = rules::day(&form.day) else {
            form.refuse("Indicate da quale giorno vale, come 30/04/2026.".to_owned());
            return Ok((form, None));
        };
        if day < today && !form.confirmed {
            let message = format!(
                "Il {} è passato: quello che si dice oggi può cambiare subito. Confermatelo con \
                 la casella, oppure scegliete un giorno da oggi in poi.",
                day.strftime("%d/%m/%Y")
            );
            form.wrong.push(WrongView {
                field: past,
                label: "Giorno passato",
                message,
            });
            return Ok((form, None));
        }
        Ok((form, Some(day)))
    }

    /// Says what is wrong with the day.
    pub fn refuse(&mut self, message: String) {
        self.wrong.push(WrongView {
            field: "giorno",
            label: "In vigore dal",
            message,
        });
    }

    /// The status of a page with this form.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.wrong.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn errors(&self, field: &str) -> Vec<String> {
        errors_at(&self.wrong, field)
    }
}
