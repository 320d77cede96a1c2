//! The board of the campaign: every body, what is waited for and from whom; due dates are set here.

use crate::census::adhesion;
use crate::census::campaign::{State as Progress, Whom};
use crate::census::collation::italian;
use crate::census::filter::{Filter, Moment};
use crate::census::moment;
use crate::census::vocabulary::fold;
use crate::clock::{self, Instant};
use crate::register;
use crate::register::campaign::Row;
use crate::register::find::Choice;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use crate::web::query;
use crate::web::recording::{WrongView, errors_at};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;

const PATH: &str = "/campagna";

/// In an address, the bodies without any step.
const NONE: &str = "nessuna";

/// The parameters of the board and of its map, but for the order.
pub(super) const FILTERS: [&str; 5] = ["cerca", "adesione", "stato", "attesa", "al"];

/// The orders of the board: how each is spelt, and the heading of its column.
const ORDERS: [(&str, &str); 9] = [
    ("ente", "Ente"),
    ("adesione", "Adesione"),
    ("dispositivi", "Dispositivi"),
    ("completezza", "Completezza"),
    ("avvisi", "Qualità"),
    ("convalidati", "Convalidati"),
    ("in_attesa", "In attesa"),
    ("dichiarazione", "Dichiarazione"),
    ("scadenza", "Scadenza"),
];

/// A body as a row of the board.
#[derive(Debug)]
struct Line {
    code: String,
    name: String,
    stage: &'static str,
    stage_label: &'static str,
    state: &'static str,
    state_label: &'static str,
    devices: String,
    completeness: String,
    quality: Vec<String>,
    accepted: String,
    /// How many wait for a reviewer; empty when none does.
    waiting: String,
    awaited: Vec<String>,
    in_hand: String,
    declared: String,
    due: String,
    late: bool,
    /// Whether it is ticked for the form of the due date.
    chosen: bool,
}

/// The form of the due date as it was sent.
#[derive(Debug, Default)]
struct Typed {
    bodies: Vec<String>,
    all: bool,
    day: String,
    wrong: Vec<WrongView>,
}

/// A heading that sorts.
#[derive(Debug)]
struct Heading {
    label: &'static str,
    href: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "pages/campaign.html")]
struct Campaign {
    page: Page,
    wanted: Wanted,
    stages: Vec<Choice>,
    states: Vec<Choice>,
    waits: Vec<Choice>,
    headings: Vec<Heading>,
    rows: Vec<Line>,
    counted: String,
    filtered: bool,
    reviews: bool,
    at: String,
    map: String,
    reminders: String,
    conditions: Vec<(&'static str, String)>,
    day_errors: Vec<String>,
    typed: Typed,
}

/// Which bodies are asked for, and in which order.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub text: String,
    pub stage: String,
    pub state: String,
    pub waits: String,
    pub order: String,
    /// The past instant that is looked at.
    pub at: Option<Instant>,
}

impl Wanted {
    /// What the address asks for.
    pub fn read(query: &Fields) -> Result<Self, Error> {
        let one_of = |name: &'static str, known: &[&str]| match query.get(name) {
            "" => Ok(String::new()),
            value if known.contains(&value) => Ok(value.to_owned()),
            value => Err(query::refused(name, value)),
        };
        let stages = adhesion::Stage::ALL.map(adhesion::Stage::name);
        let orders: Vec<String> = ORDERS
            .iter()
            .flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")])
            .collect();
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        Ok(Self {
            text: query.get("cerca").to_owned(),
            stage: one_of("adesione", &[&[NONE], stages.as_slice()].concat())?,
            state: one_of("stato", &Progress::ALL.map(Progress::name))?,
            waits: one_of("attesa", &["convalida", "ente", "ritardo"])?,
            order: one_of("ordine", &orders)?,
            at: match query.get("al") {
                "" => None,
                text => Some(moment::parse(text).ok_or_else(|| query::refused("al", text))?),
            },
        })
    }

    /// Whether a body is among those asked for.
    pub fn takes(&self, row: &Row) -> bool {
        let name = fold(&row.body.name);
        let standing = &row.standing;
        let awaited = |whom: Whom| standing.awaited().iter().any(|one| one.whom == whom);
        fold(&self.text).split(' ').all(|word| name.contains(word))
            && (self.stage.is_empty() || self.stage == stage(row).0)
            && (self.state.is_empty() || self.state == standing.state().name())
            && match self.waits.as_str() {
                "convalida" => awaited(Whom::Reviewers),
                "ente" => awaited(Whom::Body),
                "ritardo" => standing.days_late().is_some(),
                _ => true,
            }
    }

    /// At which moment the board is looked at.
    pub fn moment(&self) -> Moment {
        self.at.map_or(Moment::Now, Moment::At)
    }

    /// The frame of a page that shows the board at that moment.
    pub async fn frame(
        &self,
        app: &App,
        signed: &Signed,
        page: Page,
        path: &str,
    ) -> Result<Page, Error> {
        let mut filter = Filter::of(&signed.viewer);
        filter.moment = self.moment();
        let past = app.register.past(&filter).await?;
        let today = Self {
            at: None,
            ..self.clone()
        };
        Ok(page.at(past, || today.address(path, &today.order)))
    }

    pub fn is_filtered(&self) -> bool {
        [&self.text, &self.stage, &self.state, &self.waits]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// What is asked for but for the order, as parameters of an address.
    pub fn conditions(&self) -> Vec<(&'static str, String)> {
        let mut conditions = vec![
            ("al", self.at.map(moment::spelling).unwrap_or_default()),
            ("cerca", self.text.clone()),
            ("adesione", self.stage.clone()),
            ("stato", self.state.clone()),
            ("attesa", self.waits.clone()),
        ];
        conditions.retain(|(_, value)| !value.is_empty());
        conditions
    }

    /// The address of a page with the same question in this order.
    pub fn address(&self, path: &str, order: &str) -> String {
        let mut fields = Fields::default();
        for (name, value) in self.conditions() {
            fields.push(name, &value);
        }
        if !order.is_empty() {
            fields.push("ordine", order);
        }
        match fields.encode() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

/// The board.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    let known: Vec<&'static str> = FILTERS.into_iter().chain(["ordine", "scadenze"]).collect();
    query.only(&known)?;
    let wanted = Wanted::read(&query)?;
    let mut page = Page::new(&app, Some(&reader), "La campagna", "campagna");
    match query.get("scadenze") {
        "" => {}
        number => {
            let number: usize = number
                .parse()
                .map_err(|_shape| query::refused("scadenze", number))?;
            let bodies = query::many(number, "un ente", "enti");
            page = page.with_notice("success", format!("La scadenza è cambiata per {bodies}."));
        }
    }
    let typed = Typed::default();
    board(&app, &reader, page, wanted, StatusCode::OK, typed).await
}

async fn board(
    app: &App,
    signed: &Signed,
    page: Page,
    wanted: Wanted,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Error> {
    let page = wanted.frame(app, signed, page, PATH).await?;
    let mut rows = app.register.board(&signed.viewer, wanted.moment()).await?;
    rows.retain(|row| wanted.takes(row));
    sort(&mut rows, &wanted.order);
    let term = |code: &str, label: &str| Choice {
        code: code.to_owned(),
        label: label.to_owned(),
    };
    let stages = adhesion::Stage::ALL
        .iter()
        .map(|one| term(one.name(), one.label()));
    let shown = Campaign {
        page,
        stages: std::iter::once(term(NONE, "Nessun passo"))
            .chain(stages)
            .collect(),
        states: Progress::ALL
            .iter()
            .map(|one| term(one.name(), one.label()))
            .collect(),
        waits: vec![
            term("convalida", "Chi convalida"),
            term("ente", "L’ente"),
            term("ritardo", "In ritardo sulla scadenza"),
        ],
        headings: headings(&wanted),
        counted: query::many(rows.len(), "un ente", "enti"),
        filtered: wanted.is_filtered(),
        reviews: signed.viewer.reviews() && wanted.at.is_none(),
        at: wanted.at.map(moment::figures).unwrap_or_default(),
        map: wanted.address("/campagna/mappa", ""),
        reminders: wanted.address("/campagna/solleciti", ""),
        conditions: wanted.conditions(),
        rows: rows.iter().map(|row| line(row, &typed.bodies)).collect(),
        wanted,
        day_errors: errors_at(&typed.wrong, "giorno"),
        typed,
    };
    Ok((status, Html(shown)).into_response())
}

fn headings(wanted: &Wanted) -> Vec<Heading> {
    ORDERS
        .iter()
        .map(|(name, label)| {
            let used = if wanted.order.is_empty() {
                "ente"
            } else {
                wanted.order.as_str()
            };
            let (state, next) = match used.strip_prefix('-') {
                Some(down) if down == *name => ("descending", (*name).to_owned()),
                None if used == *name => ("ascending", format!("-{name}")),
                _ => ("", (*name).to_owned()),
            };
            Heading {
                label,
                href: wanted.address(PATH, &next),
                state,
            }
        })
        .collect()
}

/// Puts the rows, which stand by name, into the order asked for.
fn sort(rows: &mut [Row], order: &str) {
    let name = order.trim_start_matches('-');
    let key = |row: &Row| -> i64 {
        let standing = &row.standing;
        let tally = &standing.tally;
        match name {
            "adesione" => standing.adhesion.map_or(0, |stage| {
                let all = adhesion::Stage::ALL;
                let place = all.iter().position(|one| *one == stage);
                place.map_or(0, |place| i64::try_from(place).unwrap_or(0) + 1)
            }),
            "dispositivi" => tally.devices,
            "completezza" => tally.completeness().unwrap_or(-1),
            "avvisi" => tally.warned + tally.incomplete,
            "convalidati" => tally.accepted,
            "in_attesa" => tally.waiting,
            "dichiarazione" => standing.declared_at.unwrap_or(0),
            "scadenza" => standing.due.map_or(i64::MAX, |due| {
                let day = due.day;
                i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
            }),
            _ => 0,
        }
    };
    rows.sort_by_key(key);
    if name == "ente" {
        rows.sort_by(|left, right| italian(&left.body.name, &right.body.name));
    }
    if order.starts_with('-') {
        rows.reverse();
    }
}

/// How far a body has come in joining: spelling and words.
pub(super) fn stage(row: &Row) -> (&'static str, &'static str) {
    let stage = row.standing.adhesion;
    stage.map_or((NONE, "Nessun passo"), |stage| {
        (stage.name(), stage.label())
    })
}

fn line(row: &Row, chosen: &[String]) -> Line {
    let standing = &row.standing;
    let tally = &standing.tally;
    let state = standing.state();
    let (adhesion, adhesion_label) = stage(row);
    let mut quality = Vec::new();
    if tally.warnings > 0 {
        let warnings = u64::try_from(tally.warnings).unwrap_or(0);
        quality.push(query::counted(warnings, "avviso aperto", "avvisi aperti"));
    }
    if tally.incomplete > 0 {
        let incomplete = u64::try_from(tally.incomplete).unwrap_or(0);
        quality.push(query::counted(incomplete, "incompleto", "incompleti"));
    }
    if quality.is_empty() && tally.devices > 0 {
        quality.push("nulla da segnalare".to_owned());
    }
    Line {
        code: row.body.code.clone(),
        name: row.body.name.clone(),
        stage: adhesion,
        stage_label: adhesion_label,
        state: state.name(),
        state_label: state.label(),
        devices: query::figure(tally.devices),
        completeness: tally
            .completeness()
            .map_or_else(String::new, |share| format!("{share}%")),
        quality,
        accepted: query::figure(tally.accepted),
        waiting: if tally.waiting > 0 {
            query::figure(tally.waiting)
        } else {
            String::new()
        },
        chosen: chosen.contains(&row.body.code),
        awaited: standing
            .awaited()
            .into_iter()
            .map(|one| format!("{}: {}", one.whom.label(), one.words))
            .collect(),
        in_hand: row
            .claim
            .as_ref()
            .map_or_else(String::new, |claim| claim.account.clone()),
        declared: standing.declared_at.map_or_else(String::new, day_of),
        due: standing.due_words(),
        late: standing.days_late().is_some(),
    }
}

/// A day as people read it.
pub(super) fn day_of(at: clock::Instant) -> String {
    clock::local(at).strftime("%d/%m/%Y").to_string()
}

/// Sets the day by which the chosen bodies are asked to declare, or takes it away.
pub async fn due(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    if !viewer.reviews() {
        return Err(Error::new(
            StatusCode::FORBIDDEN,
            "Le scadenze le stabilisce chi ha il ruolo di validatore.",
        ));
    }
    let own = ["ordine", "ente", "tutti", "elenco", "giorno", "azione"];
    let known: Vec<&'static str> = FILTERS.into_iter().chain(own).collect();
    writer.fields.only(&known)?;
    let wanted = Wanted::read(&writer.fields)?;
    let values = |name: &str| writer.fields.all(name).map(str::to_owned).collect();
    let mut typed = Typed {
        bodies: values("ente"),
        all: writer.fields.get("tutti") == "si",
        day: writer.fields.get("giorno").to_owned(),
        wrong: Vec::new(),
    };
    let bodies: Vec<String> = if typed.all {
        values("elenco")
    } else {
        typed.bodies.clone()
    };
    let day = match writer.fields.get("azione") {
        "togli" => None,
        "stabilisci" | "" => typed.day.parse::<Date>().map_or_else(
            |_shape| {
                typed.wrong.push(wrong("giorno", DAY.to_owned()));
                None
            },
            Some,
        ),
        other => return Err(query::refused("azione", other)),
    };
    if bodies.is_empty() {
        typed.wrong.push(wrong("", NOBODY.to_owned()));
    }
    if typed.wrong.is_empty() {
        match app.register.set_due(viewer, &bodies, day).await {
            Ok(number) => {
                let address = wanted.address(PATH, &wanted.order);
                let join = if address.contains('?') { '&' } else { '?' };
                let address = format!("{address}{join}scadenze={number}");
                return Ok(Redirect::to(&address).into_response());
            }
            Err(register::Error::Invalid(words)) => typed.wrong.push(wrong("giorno", words)),
            Err(error) => return Err(error.into()),
        }
    }
    let page = Page::new(&app, Some(&writer.signed), "La campagna", "campagna");
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    board(&app, &writer.signed, page, wanted, status, typed).await
}

const DAY: &str = "Indicate il giorno entro cui serve la dichiarazione, come 30/04/2026.";

const NOBODY: &str = "Scegliete almeno un ente nella tabella, oppure tutti quelli dell’elenco.";

fn wrong(field: &'static str, message: String) -> WrongView {
    WrongView {
        field,
        label: "Serve entro il",
        message,
    }
}
