//! Two devices of different bodies side by side, and what a reviewer decides of them.

use crate::census::revision::Revision;
use crate::census::vocabulary::{ATTRIBUTES, Field, Kind};
use crate::clock;
use crate::register;
use crate::register::duplicate::{LONGEST_REASON, Pair, check_reason};
use crate::register::find::{Choice, Names};
use crate::storage::duplicate::{Decision, Party};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// What can be decided, as the form sends it; the first two say which of the two is kept.
const DECISIONS: [&str; 3] = ["resta_il_primo", "resta_il_secondo", "distinti"];

/// What takes a decision back.
const TAKE_BACK: &str = "annulla";

/// An attribute of two devices side by side.
#[derive(Debug)]
pub(super) struct Compared {
    pub label: &'static str,
    pub left: String,
    pub right: String,
    /// `uguale`, `diverso` or `solo uno`.
    pub outcome: &'static str,
}

/// A decision in words.
#[derive(Debug)]
pub(super) struct Decided {
    pub when: String,
    pub what: String,
    pub author: String,
    pub reason: String,
    /// How it was taken back; empty while it holds.
    pub ended: String,
}

/// One device of the pair.
#[derive(Debug)]
struct Side {
    id: Uuid,
    code: String,
    name: String,
    body: String,
    state: String,
    state_label: String,
    accepted: bool,
    withdrawn: bool,
}

/// One thing to mend in the form.
#[derive(Debug)]
struct Wrong {
    field: &'static str,
    label: &'static str,
    message: String,
}

/// What was sent with the form.
#[derive(Debug, Default)]
struct Typed {
    decision: String,
    reason: String,
    wrong: Vec<Wrong>,
}

impl Typed {
    fn errors(&self, field: &str) -> Vec<String> {
        let of = self.wrong.iter().filter(|one| one.field == field);
        of.map(|one| one.message.clone()).collect()
    }
}

#[derive(Template)]
#[template(path = "pages/duplicate.html")]
struct PairPage {
    page: Page,
    address: String,
    heading: String,
    left: String,
    right: String,
    sides: [Side; 2],
    grade: &'static str,
    grade_label: &'static str,
    words: String,
    rows: Vec<Compared>,
    differing: usize,
    open: Option<Decided>,
    past: Vec<Decided>,
    decides: bool,
    choices: Vec<Choice>,
    decision_errors: Vec<String>,
    reason_errors: Vec<String>,
    typed: Typed,
    reason_help: String,
}

/// The page.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    Path((left, right)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["deciso"])?;
    let notice = match query.get("deciso") {
        "" => None,
        "si" => Some("La decisione è registrata."),
        "annullata" => Some("La decisione è annullata."),
        other => return Err(query::refused("deciso", other)),
    };
    let pair = [identifier(&left)?, identifier(&right)?];
    let mut page = shown(&app, &reader, pair, Typed::default()).await?;
    if let Some(text) = notice {
        page.page = page.page.with_notice("success", text);
    }
    Ok(Html(page).into_response())
}

/// Decides, or takes a decision back.
pub async fn post(
    State(app): State<App>,
    Path((left, right)): Path<(String, String)>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    writer.fields.only(&["decisione", "motivo"])?;
    let [left, right] = [identifier(&left)?, identifier(&right)?];
    if !viewer.reviews() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "Decide di due dispositivi chi ha il ruolo di validatore.",
        ));
    }
    let typed = typed(&writer.fields)?;
    if !typed.wrong.is_empty() {
        return refused(&app, &writer.signed, [left, right], typed).await;
    }
    let (register, reason) = (&app.register, typed.reason.as_str());
    let done = match typed.decision.as_str() {
        TAKE_BACK => register.take_back(viewer, left, right, reason).await,
        "resta_il_primo" => register.merge(viewer, left, right, reason).await,
        "resta_il_secondo" => register.merge(viewer, right, left, reason).await,
        _ => register.tell_apart(viewer, left, right, reason).await,
    };
    match done {
        Ok(()) => {
            let word = if typed.decision == TAKE_BACK {
                "annullata"
            } else {
                "si"
            };
            let place = format!("/doppioni/{left}/{right}?deciso={word}");
            Ok(Redirect::to(&place).into_response())
        }
        Err(register::Error::Invalid(message)) => {
            let wrong = vec![Wrong {
                field: "",
                label: "",
                message,
            }];
            let typed = Typed { wrong, ..typed };
            refused(&app, &writer.signed, [left, right], typed).await
        }
        Err(error) => Err(error.into()),
    }
}

fn typed(fields: &Fields) -> Result<Typed, Error> {
    let (decision, reason) = (fields.get("decisione"), fields.get("motivo"));
    let mut wrong = Vec::new();
    match decision {
        "" => wrong.push(Wrong {
            field: "decisione",
            label: "Che cosa decidete",
            message: "Scegliete che cosa decidete.".to_owned(),
        }),
        known if known == TAKE_BACK || DECISIONS.contains(&known) => {}
        other => return Err(query::refused("decisione", other)),
    }
    if let Err(error) = check_reason(reason) {
        wrong.push(Wrong {
            field: "motivo",
            label: "Motivo",
            message: error.to_string(),
        });
    }
    Ok(Typed {
        decision: decision.to_owned(),
        reason: reason.to_owned(),
        wrong,
    })
}

async fn refused(
    app: &App,
    signed: &Signed,
    pair: [Uuid; 2],
    typed: Typed,
) -> Result<Response, Error> {
    let page = shown(app, signed, pair, typed).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
}

async fn shown(
    app: &App,
    signed: &Signed,
    [left, right]: [Uuid; 2],
    typed: Typed,
) -> Result<PairPage, Error> {
    let pair = app.register.pair(&signed.viewer, left, right).await?;
    let names = &pair.names;
    let sides = [&pair.left, &pair.right].map(|state| side(names, state));
    let heading = format!("{} e {}", sides[0].code, sides[1].code);
    let rows: Vec<Compared> = ATTRIBUTES
        .iter()
        .map(|attribute| attribute.field)
        .filter(|field| !matches!(field, Field::Codice | Field::Ente))
        .filter_map(|field| compared(names, &pair.left, &pair.right, field))
        .collect();
    let likeness = pair.likeness.as_ref();
    Ok(PairPage {
        page: Page::new(app, Some(signed), &heading, "doppioni"),
        address: format!("/doppioni/{left}/{right}"),
        grade: likeness.map_or("", |likeness| likeness.grade.name()),
        grade_label: likeness.map_or("", |likeness| likeness.grade.label()),
        words: likeness.map_or_else(String::new, crate::census::duplicate::Likeness::words),
        differing: rows.iter().filter(|row| row.outcome == "diverso").count(),
        rows,
        open: pair.open().map(|one| decided(names, one)),
        past: past(&pair),
        decides: pair.decides,
        choices: choices(&sides),
        decision_errors: typed.errors("decisione"),
        reason_errors: typed.errors("motivo"),
        typed,
        reason_help: format!(
            "Lo leggono tutti e due gli enti, e resta nella storia. Al più {LONGEST_REASON} \
             caratteri."
        ),
        heading,
        left: sides[0].body.clone(),
        right: sides[1].body.clone(),
        sides,
    })
}

fn past(pair: &Pair) -> Vec<Decided> {
    let ended = pair.decisions.iter().filter(|one| one.ended.is_some());
    ended.map(|one| decided(&pair.names, one)).collect()
}

fn choices(sides: &[Side; 2]) -> Vec<Choice> {
    let kept = |side: &Side| {
        format!(
            "È lo stesso dispositivo: resta {} di {}",
            side.code, side.body
        )
    };
    let labels = [
        kept(&sides[0]),
        kept(&sides[1]),
        "Sono due dispositivi diversi".to_owned(),
    ];
    DECISIONS
        .iter()
        .zip(labels)
        .map(|(code, label)| Choice {
            code: (*code).to_owned(),
            label,
        })
        .collect()
}

fn side(names: &Names, state: &Revision) -> Side {
    let record = &state.record;
    Side {
        id: state.device,
        code: record.text(Field::Codice).to_owned(),
        name: record.text(Field::Denominazione).to_owned(),
        body: names.words(Field::Ente, record.text(Field::Ente)),
        state: record.text(Field::Stato).to_owned(),
        state_label: record.words(Field::Stato),
        accepted: state.accepted,
        withdrawn: state.withdrawn,
    }
}

/// An attribute side by side; nothing when neither device has it.
pub(super) fn compared(
    names: &Names,
    left: &Revision,
    right: &Revision,
    field: Field,
) -> Option<Compared> {
    let values = [left, right].map(|state| state.record.get(field));
    let [one, other] = [left, right].map(|state| words(names, state, field));
    let outcome = match values {
        [None, None] => return None,
        [Some(one), Some(other)] if one == other => "uguale",
        [Some(_), Some(_)] => "diverso",
        _ => "solo uno",
    };
    Some(Compared {
        label: field.attribute().label,
        left: one,
        right: other,
        outcome,
    })
}

fn words(names: &Names, state: &Revision, field: Field) -> String {
    match field.attribute().kind {
        Kind::Body => names.words(Field::Ente, state.record.text(field)),
        Kind::Municipality => names.words(Field::Comune, state.record.text(field)),
        _ => state.record.words(field),
    }
}

/// A decision in words.
pub(super) fn decided(names: &Names, decision: &Decision) -> Decided {
    let (first, second) = (
        named(names, &decision.first),
        named(names, &decision.second),
    );
    Decided {
        when: clock::words(decision.at),
        what: if decision.same {
            format!("È lo stesso dispositivo: resta {first}, che vale anche per {second}")
        } else {
            format!("Sono due dispositivi diversi: {first} e {second}")
        },
        author: decision.author.clone(),
        reason: decision.reason.clone(),
        ended: decision.ended.as_ref().map_or_else(String::new, |ended| {
            format!(
                "Annullata il {} da {}: {}",
                clock::words(ended.at),
                ended.by,
                ended.reason
            )
        }),
    }
}

/// A device by its code and the name of its body.
pub(super) fn named(names: &Names, party: &Party) -> String {
    format!(
        "{} di {}",
        party.code,
        names.words(Field::Ente, &party.body)
    )
}

fn identifier(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_shape| Error::not_found())
}
