//! The one set of rules.
//!
//! [`check`] takes what somebody typed and says everything that is wrong with it, at once: the
//! form, the spreadsheet, the API and the re-checks of old rows all call it and nothing else
//! decides what may be kept. It is pure: what it needs to know comes in [`World`] and [`Around`].
//! It never panics, and its own output read again gives the same record.
//! Enforced by the laws in `rules/tests.rs` and measured by `benches/rules.rs`.
//!
//! To add a rule: one code in `finding.rs`, one function here or in the module below that fits,
//! one test, and the page of codes made again.

mod calendar;
mod contradiction;
mod known;
mod list;
mod number;
mod secret;
mod value;

pub use known::{Bodies, Catalogue};
pub use secret::REMOVED;

use super::catalogue::{self, Model};
use super::draft::Draft;
use super::finding::{Code, Finding, Proposal, Severity};
use super::position::{self, Diagnosis, Located, Possible, Reading, Typed};
use super::record::{Record, Value};
use super::territory::{Municipality, Territory};
use super::vocabulary::{ATTRIBUTES, Attribute, Field, Kind, Need, UNKNOWN, reads_plates};
use jiff::civil::Date;
use secret::Dotted;
use std::sync::Arc;

/// What the rules know of the installation.
#[derive(Debug)]
pub struct World {
    /// The Comuni it covers and those around.
    pub territory: Arc<Territory>,
    /// Its bodies.
    pub bodies: Bodies,
    /// Its catalogue of software.
    pub software: Catalogue,
    /// The day on which the rules are applied.
    pub today: Date,
}

/// What the register already holds around a draft.
#[derive(Debug, Default)]
pub struct Around {
    /// Another device of the body has this code.
    pub code_taken: bool,
    /// The body already has this site.
    pub site_known: bool,
    /// Other devices near the point.
    pub neighbours: Vec<Neighbour>,
    /// How the rest of the file it comes from is to be read, when that is known.
    pub expected: Option<Reading>,
    /// What the catalogue knows of its make and model. The rows of a file are not told: a thousand of
    /// one model would say the same a thousand times.
    pub model: Option<Model>,
}

/// A device that the register holds near a draft's point.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its code.
    pub codice: String,
    /// The code of its body.
    pub ente: String,
    /// The code of its function.
    pub funzione: String,
    /// Where it looks, in degrees from north clockwise.
    pub azimut: Option<i64>,
    /// The code of the direction of traffic it watches, if it is known here.
    pub direzione: Option<String>,
    /// How far it is from the point, in metres.
    pub metres: f64,
}

/// A draft after the rules.
#[derive(Debug)]
pub struct Checked {
    /// The values that could be read, in canonical form.
    pub record: Record,
    /// Where the device is, if the position could be read.
    pub point: Option<Located>,
    /// Everything the rules found: the position first, then in the order of the record.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// Whether the device cannot be saved like this.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity() == Severity::Error)
    }

    /// The warnings that the draft does not confirm with a reason.
    #[must_use]
    pub fn unconfirmed<'a>(&'a self, draft: &'a Draft) -> Vec<&'a Finding> {
        let confirmed = |finding: &Finding| {
            draft.confirmed.iter().any(|confirmation| {
                confirmation.code == finding.code.name() && !confirmation.reason.trim().is_empty()
            })
        };
        let warnings = self
            .findings
            .iter()
            .filter(|finding| finding.severity() == Severity::Warning);
        warnings.filter(|finding| !confirmed(finding)).collect()
    }

    /// The attributes still to be stated before the device can be submitted.
    #[must_use]
    pub fn missing_to_submit(&self) -> Vec<Field> {
        self.record.missing_to_submit()
    }

    /// Whether what was typed for a field cannot be kept.
    fn refused(&self, field: Field) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.field == Some(field) && finding.severity() == Severity::Error)
    }
}

/// The distance, in metres, under which two alike devices may be one.
pub const TOO_NEAR_M: f64 = 2.0;

/// A position that was typed precisely enough keeps at least this many decimals of a degree.
const DEGREE_DECIMALS: usize = 6;

/// The angle, in degrees, under which two devices look the same way.
const SAME_WAY: i64 = 5;

/// How many characters the reason of a confirmation may have.
const REASON_LENGTH: usize = 500;

/// The point a draft means, for looking up what is around it before [`check`], which reads it in
/// the same way.
#[must_use]
pub fn locate(draft: &Draft, world: &World) -> Option<Located> {
    // What is expected chooses among errors, which have no point.
    Whose::of(draft, world).diagnose(draft, world, None).point
}

/// What is known of a position that is not a device's: of the draft only body and position count.
#[must_use]
pub fn place(draft: &Draft, world: &World) -> Diagnosis {
    Whose::of(draft, world).diagnose(draft, world, None)
}

/// How the position of a draft may be read, for judging a file as a whole.
#[derive(Debug)]
pub(super) struct Readable<'w> {
    /// The Comune it should be in: declared, or its body.
    pub witness: Option<&'w Municipality>,
    /// Every reading that puts it there; without a witness, in the territory.
    pub possible: Vec<Possible>,
}

/// Where a draft's plain decimal degrees are, longitude first, and the Comune they should be in,
/// when that is so and nothing else needs to be tried; else everything they may mean.
pub(super) fn readings<'w>(
    draft: &Draft,
    world: &'w World,
) -> Result<((f64, f64), Option<&'w Municipality>), Readable<'w>> {
    let whose = Whose::of(draft, world);
    let (typed, witness) = (typed(draft), whose.witness());
    match position::plainly_home(&typed, &world.territory, witness) {
        Some(point) => Ok((point, witness)),
        None => Err(Readable {
            witness,
            possible: position::possible(&typed, &world.territory, witness),
        }),
    }
}

fn typed(draft: &Draft) -> Typed<'_> {
    Typed {
        lat: draft.get(Field::Lat),
        lon: draft.get(Field::Lon),
        place: draft.place.trim(),
        crs: draft.crs.trim(),
    }
}

/// Everything the rules say of a draft.
#[must_use]
pub fn check(draft: &Draft, world: &World, around: &Around) -> Checked {
    let whose = Whose::of(draft, world);
    let Diagnosis { point, findings } = whose.diagnose(draft, world, around.expected);
    let mut checked = Checked {
        record: Record::default(),
        point,
        findings,
    };
    let border = checked
        .findings
        .iter()
        .any(|finding| finding.code == Code::PositionBorderBody);
    for attribute in ATTRIBUTES {
        let text = draft.get(attribute.field);
        let value = match attribute.kind {
            Kind::Latitude => checked
                .point
                .as_ref()
                .map(|point| Value::Decimal(point.lat)),
            Kind::Longitude => checked
                .point
                .as_ref()
                .map(|point| Value::Decimal(point.lon)),
            Kind::Municipality => whose.comune(
                text,
                border,
                world,
                checked.point.as_ref(),
                &mut checked.findings,
            ),
            _ if text.is_empty() => None,
            Kind::Body => whose.ente(text, world, &mut checked.findings),
            _ => value::read(attribute, text, world.today, &mut checked.findings),
        };
        if value.is_some() {
            checked.record.set(attribute.field, value);
        } else if text.is_empty() {
            required(attribute, &mut checked.findings);
        }
    }
    software(&mut checked, world);
    known_of_the_model(&mut checked, around);
    if checked.record.get(Field::Visibilita).is_none() && !checked.refused(Field::Visibilita) {
        checked
            .record
            .set(Field::Visibilita, Some(Value::Text("riservato".to_owned())));
    }
    site(&mut checked, around);
    code(&mut checked, around);
    too_near(&mut checked, world, around);
    contradiction::find(&mut checked, world.today);
    missing(&mut checked);
    confirmations(draft, &mut checked.findings);
    checked.findings.sort_by_key(|finding| {
        (
            !finding.code.name().starts_with("position."),
            finding.field.is_none(),
            finding.field,
        )
    });
    checked
}

/// What a text that is no attribute of a device, such as the name of a site, seems to contain that
/// is never recorded, in Italian words that follow «somiglia».
#[must_use]
pub fn never_recorded(text: &str) -> Option<&'static str> {
    secret::find(text, Dotted::Address)
}

/// Whether a text has a character that nothing keeps: control codes, and marks that reverse or hide
/// other characters. With `lines`, ends of lines are no such characters.
#[must_use]
pub fn has_control(text: &str, lines: bool) -> bool {
    value::has_control(text, lines)
}

/// What a text means as the value of an attribute, where it is not a device's.
///
/// # Errors
/// Why it cannot be kept.
pub fn value_of(field: Field, text: &str, today: Date) -> Result<Option<Value>, Vec<Finding>> {
    let mut findings = Vec::new();
    let value = value::read(field.attribute(), text, today, &mut findings);
    if findings.iter().any(Finding::stops) {
        Err(findings)
    } else {
        Ok(value)
    }
}

/// A date as people write it, where it is no attribute of a device.
///
/// # Errors
/// What the date would be with day and month exchanged, if it would be one.
pub fn day(text: &str) -> Result<Date, Option<Date>> {
    match calendar::read(text) {
        calendar::Day::Is(date) => Ok(date),
        calendar::Day::Exchanged(date) => Err(Some(date)),
        calendar::Day::Nothing => Err(None),
    }
}

/// Applies one proposal of a finding to a draft. A position becomes decimal degrees, WGS 84, with
/// the zeros at the end that tell how precise it is, unless what was typed was coarse.
pub fn apply(draft: &mut Draft, proposal: &Proposal) {
    match proposal {
        Proposal::Position(position) => {
            let least = if position::is_coarse(&typed(draft)) {
                0
            } else {
                DEGREE_DECIMALS
            };
            draft.set(Field::Lat, degrees(position.lat, least));
            draft.set(Field::Lon, degrees(position.lon, least));
            draft.place.clear();
            draft.crs.clear();
        }
        Proposal::Value { field, value } => {
            if let Some(field) = Field::named(field) {
                draft.set(field, value.as_str());
            }
        }
    }
}

/// Decimal degrees to a tenth of a millimetre, with no more zeros at the end than these decimals
/// need.
fn degrees(number: f64, least: usize) -> String {
    let text = format!("{number:.9}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    let decimals = short.split_once('.').map_or(0, |(_, after)| after.len());
    format!("{number:.*}", decimals.max(least))
}

/// Whose the device is and in which Comune it is said to be.
struct Whose<'w> {
    body: Option<&'w str>,
    declared: Option<&'w Municipality>,
    /// The Comune that is itself the body, where none is declared.
    implied: Option<&'w Municipality>,
}

impl<'w> Whose<'w> {
    fn of(draft: &Draft, world: &'w World) -> Self {
        let covered = |comune: &&Municipality| comune.covered;
        let ente = draft.get(Field::Ente);
        let body = if ente.is_empty() {
            None
        } else {
            world.bodies.find(ente)
        };
        let comune = draft.get(Field::Comune);
        let declared = if comune.is_empty() {
            None
        } else {
            world.territory.find(comune)
        };
        let declared = declared.filter(covered);
        let implied = match declared {
            Some(_) => None,
            None => body.and_then(|code| world.territory.get(code)),
        };
        Self {
            body,
            declared,
            implied: implied.filter(covered),
        }
    }

    /// The Comune that says whether a point is where it should be.
    fn witness(&self) -> Option<&'w Municipality> {
        self.declared.or(self.implied)
    }

    fn diagnose(&self, draft: &Draft, world: &World, expected: Option<Reading>) -> Diagnosis {
        let typed = typed(draft);
        // What is typed for the position is kept and quoted, so it must not be a secret either.
        // Degrees, minutes and seconds may be dotted.
        let secret = [typed.lat, typed.lon, typed.place, typed.crs]
            .into_iter()
            .find_map(|text| secret::find(text, Dotted::Version));
        if let Some(secret) = secret {
            let findings = vec![value::secrecy(Some(Field::Lat), "Posizione", secret)];
            return Diagnosis {
                point: None,
                findings,
            };
        }
        let witness = self.witness().map(|comune| comune.istat.as_str());
        let declared = self.declared.is_some();
        position::diagnose(&typed, &world.territory, witness, declared, expected)
    }

    fn ente(&self, text: &str, world: &World, findings: &mut Vec<Finding>) -> Option<Value> {
        if let Some(code) = self.body {
            return Some(Value::Text(code.to_owned()));
        }
        let near = world.bodies.nearest(text);
        let finding = value::refusal(Code::BodyUnknown, Field::Ente, text, || {
            let meant = near.and_then(|code| world.bodies.name(code)).map_or_else(
                || " Scegliete un ente dell’elenco; per un Comune il codice è quello ISTAT, di sei \
                     cifre."
                        .to_owned(),
                |name| format!(" Forse intendevate «{name}»."),
            );
            format!(
                "Ente: «{}» non è tra gli enti registrati.{meant}",
                value::quoted(text)
            )
        });
        findings.push(propose(finding, Code::BodyUnknown, Field::Ente, near));
        None
    }

    /// The Comune declared; else the body's own when the point is just over its border; else the
    /// one the point is in.
    fn comune(
        &self,
        text: &str,
        border: bool,
        world: &World,
        point: Option<&Located>,
        findings: &mut Vec<Finding>,
    ) -> Option<Value> {
        if !text.is_empty() && self.declared.is_none() {
            findings.push(unknown_comune(text, world));
            return None;
        }
        let implied = self.implied.filter(|_| border);
        let istat = match self.declared.or(implied) {
            Some(comune) => Some(comune.istat.clone()),
            None => point.and_then(|point| point.comune.clone()),
        };
        istat.map(Value::Text)
    }
}

fn unknown_comune(text: &str, world: &World) -> Finding {
    let near = world.territory.nearest_names(text);
    let finding = value::refusal(Code::MunicipalityUnknown, Field::Comune, text, || {
        let names: Vec<_> = near
            .iter()
            .map(|comune| format!("«{}»", comune.name))
            .collect();
        let meant = if names.is_empty() {
            "Scrivete il codice ISTAT di sei cifre o il nome per esteso.".to_owned()
        } else {
            format!("Forse intendevate {}.", names.join(" o "))
        };
        format!(
            "Comune: «{}» non è tra i Comuni del territorio. {meant}",
            value::quoted(text)
        )
    });
    let near = near.iter().map(|comune| comune.istat.as_str());
    propose(finding, Code::MunicipalityUnknown, Field::Comune, near)
}

/// The finding with these values to choose from, unless it turned out to be about a secret.
fn propose<'a>(
    finding: Finding,
    code: Code,
    field: Field,
    values: impl IntoIterator<Item = &'a str>,
) -> Finding {
    if finding.code != code {
        return finding;
    }
    let values = values.into_iter();
    let proposal = |value: &str| Proposal::Value {
        field: field.name(),
        value: value.to_owned(),
    };
    finding.proposing(values.map(proposal).collect())
}

/// An empty value without which nothing can be kept. The position says so itself, and with it the
/// Comune comes by itself.
fn required(attribute: &Attribute, findings: &mut Vec<Finding>) {
    let by_position = matches!(attribute.field, Field::Lat | Field::Lon | Field::Comune);
    if attribute.need != Need::Save || by_position {
        return;
    }
    let choice = if attribute.field.terms().is_some() {
        " Scegliete un valore; se non lo sapete, «Non noto»."
    } else {
        " Scrivetelo per poter salvare."
    };
    let message = format!("{}: manca.{choice}", attribute.label);
    findings.push(Finding::new(
        Code::ValueRequired,
        attribute.field,
        "",
        message,
    ));
}

/// The catalogue's spelling of the software, or a note that a new entry will be proposed.
fn software(checked: &mut Checked, world: &World) {
    let typed = checked.record.text(Field::Software);
    if matches!(typed, "" | UNKNOWN) {
        return;
    }
    if let Some(name) = world.software.find(typed) {
        if name != typed {
            checked
                .record
                .set(Field::Software, Some(Value::Text(name.to_owned())));
        }
        return;
    }
    let near = world.software.nearest(typed);
    let meant = near.map(|name| format!(" Se intendevate «{name}», scegliete quello."));
    let message = format!(
        "Software: «{}» non è nel catalogo e verrà proposto come voce nuova.{}",
        value::quoted(typed),
        meant.unwrap_or_default()
    );
    let finding = Finding::new(Code::SoftwareProposed, Field::Software, typed, message);
    checked.findings.push(propose(
        finding,
        Code::SoftwareProposed,
        Field::Software,
        near,
    ));
}

/// What the catalogue knows of the model and the draft does not say. Nothing is filled in: each is
/// a proposal. Where plates are read is asked of readers only.
fn known_of_the_model(checked: &mut Checked, around: &Around) {
    let Some(model) = &around.model else {
        return;
    };
    let reads = reads_plates(checked.record.text(Field::Funzione));
    for (field, value) in &model.facts {
        let stated = match checked.record.get(*field) {
            Some(Value::Text(text)) => text != UNKNOWN,
            value => value.is_some(),
        };
        if stated || checked.refused(*field) || (*field == Field::Ocr && !reads) {
            continue;
        }
        let message = format!(
            "{}: secondo il catalogo dei modelli, «{}» ha «{}» (fonte: {}). Se è così anche per il \
             vostro, accettate la proposta.",
            field.attribute().label,
            model.title(),
            catalogue::fact_words(*field, value),
            model.source,
        );
        let finding = Finding::new(Code::ModelKnownFact, *field, "", message);
        let typed = catalogue::fact_typed(*field, value);
        checked.findings.push(propose(
            finding,
            Code::ModelKnownFact,
            *field,
            [typed.as_str()],
        ));
    }
}

fn site(checked: &mut Checked, around: &Around) {
    let sito = checked.record.text(Field::Sito);
    if sito.is_empty() || around.site_known {
        return;
    }
    let message = format!("Il sito «{sito}» non c’è ancora: verrà creato. Controllate il codice.");
    let finding = Finding::new(Code::SiteNew, Field::Sito, sito, message);
    checked.findings.push(finding);
}

fn code(checked: &mut Checked, around: &Around) {
    let codice = checked.record.text(Field::Codice);
    if codice.is_empty() || !around.code_taken {
        return;
    }
    let message = format!(
        "L’ente ha già un dispositivo con il codice «{codice}». Aprite quello per modificarlo, \
         oppure usate un altro codice."
    );
    checked.findings.push(Finding::new(
        Code::CodeDuplicate,
        Field::Codice,
        codice,
        message,
    ));
}

/// Another device at the same place, with the same function, looking the same way.
fn too_near(checked: &mut Checked, world: &World, around: &Around) {
    let record = &checked.record;
    let funzione = record.text(Field::Funzione);
    let direzione = record.text(Field::Direzione);
    let azimut = match record.get(Field::Azimut) {
        Some(Value::Integer(degrees)) => Some(*degrees),
        _ => None,
    };
    let alike = |neighbour: &&Neighbour| {
        neighbour.metres <= TOO_NEAR_M
            && neighbour.funzione == funzione
            && same_way(neighbour.azimut, azimut)
            && !opposite(
                neighbour.direzione.as_deref().unwrap_or_default(),
                direzione,
            )
    };
    let twins = around.neighbours.iter().filter(alike);
    let Some(twin) = twins.min_by(|one, other| one.metres.total_cmp(&other.metres)) else {
        return;
    };
    let message = format!(
        "A {} m c’è già «{}» di {}, con la stessa funzione e lo stesso orientamento. Se non è lo \
         stesso dispositivo, confermate con un motivo.",
        format!("{:.1}", twin.metres).replace('.', ","),
        twin.codice,
        world.bodies.name(&twin.ente).unwrap_or(&twin.ente),
    );
    let finding = Finding::new(Code::PositionTooNear, Field::Lat, &twin.codice, message);
    checked.findings.push(finding);
}

/// Whether one watches what comes in and the other what goes out.
fn opposite(one: &str, other: &str) -> bool {
    matches!((one, other), ("entrata", "uscita") | ("uscita", "entrata"))
}

fn same_way(one: Option<i64>, other: Option<i64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let turn = (one - other).rem_euclid(360);
            turn.min(360 - turn) <= SAME_WAY
        }
        (None, None) => true,
        _ => false,
    }
}

/// What will be wanted when the device is submitted, where nothing was typed.
fn missing(checked: &mut Checked) {
    for field in checked.record.missing_to_submit() {
        let attribute = field.attribute();
        if attribute.need == Need::Save || checked.refused(field) {
            continue;
        }
        let message = format!(
            "{}: servirà per inviare il dispositivo alla convalida. Salvate pure e completatelo \
             prima di inviare.",
            attribute.label
        );
        checked
            .findings
            .push(Finding::new(Code::ValueMissing, field, "", message));
    }
}

/// The reasons of confirmations are kept too, and read by others.
fn confirmations(draft: &Draft, findings: &mut Vec<Finding>) {
    const LABEL: &str = "Motivo della conferma";
    for confirmation in &draft.confirmed {
        let reason = confirmation.reason.trim();
        let said = |code: Code, message: String| Finding {
            code,
            field: None,
            value: value::quoted(reason),
            message,
            proposals: Vec::new(),
        };
        if let Some(secret) = secret::find(reason, Dotted::Address) {
            findings.push(value::secrecy(None, LABEL, secret));
        } else if value::has_control(reason, true) {
            let message = format!(
                "{LABEL}: contiene caratteri di controllo. Riscrivetelo senza copiarlo da altri \
                 programmi."
            );
            findings.push(said(Code::TextControl, message));
        } else if reason.chars().count() > REASON_LENGTH {
            let message =
                format!("{LABEL}: è più lungo di {REASON_LENGTH} caratteri. Accorciatelo.");
            findings.push(said(Code::ValueLength, message));
        }
    }
}

#[cfg(test)]
mod tests;
