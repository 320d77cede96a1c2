//! The form of a device: from the attribute table to fields, from fields to a draft, and what the
//! rules say placed where it belongs.

use super::App;
use super::error::Error;
use super::fields::Fields;
use super::guard::Signed;
use super::page::{Html, Page};
use super::thread::{self, Said};
use super::verdict::LiveView;
use crate::census::collation::italian;
use crate::census::draft::{Confirmation, Draft};
use crate::census::filter::nearest;
use crate::census::finding::{Finding, Proposal};
use crate::census::person::Viewer;
use crate::census::position;
use crate::census::projection;
use crate::census::revision::Revision;
use crate::census::rules::{self, Around, Checked, Neighbour};
use crate::census::vocabulary::{ATTRIBUTES, Attribute, Field, Kind, Need, Section};
use crate::register::Offered;
use crate::register::find::Choice;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// Under which name a browser keeps a new device that is not saved yet.
pub const NEW_KEY: &str = "dispositivo-nuovo";

/// Under which name a browser keeps unsaved changes of a device.
#[must_use]
pub fn key(device: Uuid) -> String {
    format!("dispositivo-{device}")
}

/// What a form is for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// A device that is not there yet.
    New,
    /// One that is.
    Edit {
        /// The device.
        device: Uuid,
        /// The number of its last revision.
        number: i64,
        /// What it is called.
        heading: String,
    },
}

impl Purpose {
    /// The device, if it is there.
    #[must_use]
    pub const fn device(&self) -> Option<Uuid> {
        match self {
            Self::New => None,
            Self::Edit { device, .. } => Some(*device),
        }
    }

    /// The same, shown again to a person who had this revision before them: as long as nobody
    /// told them of a later one, saving must still find out that there is one.
    #[must_use]
    pub fn seen_at(&self, seen: Option<i64>) -> Self {
        let mut purpose = self.clone();
        if let (Self::Edit { number, .. }, Some(seen)) = (&mut purpose, seen) {
            *number = seen;
        }
        purpose
    }
}

/// The names behind the codes of an installation, and what may be chosen.
#[derive(Debug)]
pub struct Choices {
    bodies: Vec<Choice>,
    comuni: Vec<Choice>,
    software: Vec<Choice>,
    sites: Vec<Choice>,
    own: Vec<String>,
}

impl Choices {
    /// What this person may choose from.
    pub async fn of(app: &App, viewer: &Viewer) -> Result<Self, Error> {
        let Offered { bodies, software } = app.register.catalogue().await?;
        let sites = app.register.sites(viewer).await?;
        let comuni = app
            .register
            .territory
            .municipalities()
            .iter()
            .filter(|one| one.covered);
        Ok(Self {
            bodies: sorted(bodies.into_iter().map(|body| Choice {
                code: body.code,
                label: body.name,
            })),
            comuni: sorted(comuni.map(|one| Choice {
                code: one.istat.clone(),
                label: one.name.clone(),
            })),
            software: sorted(software.into_iter().map(|name| Choice {
                label: String::new(),
                code: name,
            })),
            sites: sorted(sites.into_iter().map(|site| Choice {
                code: site.code,
                label: site.name,
            })),
            own: viewer.bodies().map(str::to_owned).collect(),
        })
    }

    /// The name of a body; its code when it has none.
    #[must_use]
    pub fn body_name(&self, code: &str) -> String {
        name(&self.bodies, code)
    }

    /// The name of a Comune; its code when it has none.
    #[must_use]
    pub fn comune_name(&self, istat: &str) -> String {
        name(&self.comuni, istat)
    }

    /// A value as people read it, names for the codes of the installation among them.
    #[must_use]
    pub fn words(&self, revision: &Revision, field: Field) -> String {
        let record = &revision.record;
        match field.attribute().kind {
            Kind::Body => self.body_name(record.text(field)),
            Kind::Municipality => self.comune_name(record.text(field)),
            _ => record.words(field),
        }
    }

    fn own_bodies(&self) -> Vec<Choice> {
        self.bodies
            .iter()
            .filter(|body| self.own.contains(&body.code))
            .cloned()
            .collect()
    }
}

fn name(choices: &[Choice], code: &str) -> String {
    choices
        .iter()
        .find(|choice| choice.code == code)
        .map_or(code, |choice| &choice.label)
        .to_owned()
}

/// In the order in which an Italian reader looks a name up.
fn sorted(choices: impl Iterator<Item = Choice>) -> Vec<Choice> {
    fn text(choice: &Choice) -> &str {
        if choice.label.is_empty() {
            &choice.code
        } else {
            &choice.label
        }
    }
    let mut choices: Vec<Choice> = choices.collect();
    choices.sort_by(|left, right| italian(text(left), text(right)));
    choices
}

/// What a form said.
#[derive(Debug, Default)]
pub struct TypedForm {
    /// The device as typed.
    pub draft: Draft,
    /// The proposal whose button was pressed.
    pub apply: Option<String>,
    /// Whether the button was the one that only checks.
    pub only_check: bool,
    /// The number of the revision that the person had before them.
    pub number: Option<i64>,
    /// The device that is being edited.
    pub device: Option<Uuid>,
}

/// The fields of a device's form besides its attributes.
const OWN_FIELDS: [&str; 6] = [
    "posizione",
    "crs",
    "azione",
    "apply",
    "numero",
    "dispositivo",
];

/// Reads a form. A field that the form does not have is named, never ignored.
pub fn read(fields: &Fields) -> Result<TypedForm, Error> {
    let mut typed = TypedForm::default();
    for (name, value) in fields.iter() {
        if let Some(field) = Field::named(name) {
            let together = match (field.attribute().kind, typed.draft.get(field)) {
                (Kind::Many(_), before) if !before.is_empty() => format!("{before},{value}"),
                _ => value.to_owned(),
            };
            typed.draft.set(field, together);
        } else if let Some(code) = name.strip_prefix("conferma.") {
            if !value.trim().is_empty() {
                typed.draft.confirmed.push(Confirmation {
                    code: code.to_owned(),
                    reason: value.trim().to_owned(),
                });
            }
        } else {
            take_own(&mut typed, name, value)?;
        }
    }
    Ok(typed)
}

fn take_own(typed: &mut TypedForm, name: &str, value: &str) -> Result<(), Error> {
    match name {
        "posizione" => value.clone_into(&mut typed.draft.place),
        "crs" => value.clone_into(&mut typed.draft.crs),
        "azione" if matches!(value, "salva" | "controlla") => {
            typed.only_check = value == "controlla";
        }
        "azione" => {
            return Err(Error::bad_request(
                "Il modulo chiede di salvare o di controllare.",
            ));
        }
        "apply" => typed.apply = Some(value.to_owned()),
        "numero" => typed.number = value.parse().ok(),
        "dispositivo" => typed.device = Uuid::parse_str(value).ok(),
        _ => {
            let known: Vec<&'static str> = ATTRIBUTES
                .iter()
                .map(|attribute| attribute.name)
                .chain(OWN_FIELDS)
                .collect();
            let hint = nearest(name, &known)
                .map(|near| format!(": forse intendevate «{near}»?"))
                .unwrap_or_default();
            return Err(Error::bad_request(format!(
                "Il campo «{name}» non esiste{hint}"
            )));
        }
    }
    Ok(())
}

/// Applies the proposal with this mark, `code/field/number`, if the rules still make it.
pub fn apply(draft: &mut Draft, findings: &[Finding], mark: &str) -> Result<(), Error> {
    let found = findings.iter().flat_map(|finding| {
        finding
            .proposals
            .iter()
            .enumerate()
            .map(move |(index, proposal)| (finding, index, proposal))
    });
    for (finding, index, proposal) in found {
        if proposal_mark(finding, index) == mark {
            rules::apply(draft, proposal);
            return Ok(());
        }
    }
    Err(Error::bad_request(
        "Questa proposta non vale più: i dati sono cambiati nel frattempo.",
    ))
}

fn proposal_mark(finding: &Finding, index: usize) -> String {
    format!(
        "{}/{}/{index}",
        finding.code.name(),
        finding.field.map_or("", Field::name)
    )
}

/// A field as the templates draw it.
#[derive(Debug)]
pub struct FieldView {
    name: &'static str,
    label: &'static str,
    value: String,
    kind: &'static str,
    help: String,
    need: &'static str,
    errors: Vec<String>,
    terms: Vec<Choice>,
    suggests: bool,
}

/// A section as the templates draw it.
#[derive(Debug)]
pub struct SectionView {
    id: &'static str,
    title: &'static str,
    position: bool,
    fields: Vec<FieldView>,
}

/// A button that mends.
#[derive(Debug, Clone)]
pub struct ProposalView {
    /// The mark that the button sends.
    pub index: String,
    /// What it does.
    pub words: String,
}

/// A finding as the templates draw it.
#[derive(Debug, Clone)]
pub struct FindingView {
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// In words.
    pub severity_label: &'static str,
    /// The code.
    pub code: &'static str,
    /// The attribute.
    pub field: &'static str,
    /// In words.
    pub label: &'static str,
    /// The sentence.
    pub message: String,
    /// Why it was confirmed.
    pub reason: String,
    /// What would mend it.
    pub proposals: Vec<ProposalView>,
}

/// An attribute still to be stated.
#[derive(Debug)]
pub struct Missing {
    /// The attribute.
    pub field: &'static str,
    /// In words.
    pub label: &'static str,
}

/// A device nearby.
#[derive(Debug)]
pub struct Near {
    /// In words.
    pub words: String,
}

/// Findings as the templates draw them; what is only missing is shown apart.
#[must_use]
pub fn finding_views(findings: &[Finding], draft: &Draft) -> Vec<FindingView> {
    findings
        .iter()
        .filter(|finding| finding.code != crate::census::finding::Code::ValueMissing)
        .map(|finding| finding_view(finding, draft))
        .collect()
}

fn finding_view(finding: &Finding, draft: &Draft) -> FindingView {
    let code = finding.code.name();
    let reason = draft
        .confirmed
        .iter()
        .find(|confirmed| confirmed.code == code);
    let label = finding.field.map_or("", anchor_label);
    // The label stands beside it already.
    let message = finding.message.strip_prefix(label);
    let message = message.and_then(|rest| rest.strip_prefix(": "));
    FindingView {
        severity: finding.severity().name(),
        severity_label: finding.severity().label(),
        code,
        field: finding.field.map_or("", anchor),
        label,
        message: message.unwrap_or(&finding.message).to_owned(),
        reason: reason
            .map(|confirmed| confirmed.reason.clone())
            .unwrap_or_default(),
        proposals: finding
            .proposals
            .iter()
            .enumerate()
            .map(|(index, proposal)| ProposalView {
                index: proposal_mark(finding, index),
                words: proposal_words(proposal),
            })
            .collect(),
    }
}

fn proposal_words(proposal: &Proposal) -> String {
    match proposal {
        Proposal::Value { field, value } => {
            let words =
                Field::named(field).map_or_else(|| value.clone(), |field| field.words(value));
            format!("Usa «{words}»")
        }
        Proposal::Position(place) => {
            let accuracy = if place.accuracy_m > 0.0 {
                format!(", a meno di {} m", place.accuracy_m).replace('.', ",")
            } else {
                String::new()
            };
            let point = position::in_figures(place.lat, place.lon);
            format!("Usa {point} ({}{accuracy})", place.crs)
        }
    }
}

/// Where the form takes the position.
const PLACE: &str = "posizione";

/// The field of the form at which an attribute is typed.
#[must_use]
pub fn anchor(field: Field) -> &'static str {
    match field {
        Field::Lat | Field::Lon => PLACE,
        other => other.name(),
    }
}

/// What that field is called.
#[must_use]
pub fn anchor_label(field: Field) -> &'static str {
    match field {
        Field::Lat | Field::Lon => "Posizione",
        other => other.attribute().label,
    }
}

/// Attributes as a list of what is missing.
#[must_use]
pub fn missing_views(fields: &[Field]) -> Vec<Missing> {
    let mut views: Vec<Missing> = fields
        .iter()
        .filter(|field| **field != Field::Lon)
        .map(|field| Missing {
            field: anchor(*field),
            label: anchor_label(*field),
        })
        .collect();
    views.dedup_by_key(|view| view.field);
    views
}

/// Neighbours in words, the nearest first.
#[must_use]
pub fn near_views(neighbours: &[Neighbour]) -> Vec<Near> {
    neighbours
        .iter()
        .map(|near| Near {
            words: format!(
                "{} ({}), a {:.0} m",
                near.codice,
                Field::Funzione.words(&near.funzione),
                near.metres
            ),
        })
        .collect()
}

/// The attributes of a section, the position aside, in the order of the table.
pub fn attributes(section: Section) -> impl Iterator<Item = &'static Attribute> {
    ATTRIBUTES.iter().filter(move |attribute| {
        attribute.section == section && !matches!(attribute.kind, Kind::Latitude | Kind::Longitude)
    })
}

/// What the form is told while it is being filled.
#[derive(Debug, Template)]
#[template(path = "pages/device_check.html")]
pub struct Fragment {
    lat: String,
    lon: String,
    words: String,
    place: String,
    neighbours: Vec<Near>,
    place_findings: Vec<FindingView>,
    findings: Vec<FindingView>,
    missing: Vec<Missing>,
    done: usize,
    total: usize,
    verdict: Option<LiveView>,
}

impl Fragment {
    /// What the rules say of a draft, and the criteria as far as it is understood.
    #[must_use]
    pub fn of(
        app: &App,
        draft: &Draft,
        checked: &Checked,
        around: &Around,
        verdict: Option<LiveView>,
    ) -> Self {
        let point = checked.point.as_ref();
        let place = point.map_or_else(String::new, |point| {
            position::in_words(&app.register.territory, point.lon, point.lat)
        });
        let (place_findings, findings) = finding_views(&checked.findings, draft)
            .into_iter()
            .partition(|view| view.field == PLACE);
        let missing = missing_views(&checked.missing_to_submit());
        let total = wanted(checked);
        let errors = checked
            .findings
            .iter()
            .filter(|finding| finding.stops())
            .count();
        let words = match errors {
            0 => place.clone(),
            1 => format!("{place} C’è una cosa da correggere."),
            many => format!("{place} Ci sono {many} cose da correggere."),
        };
        Self {
            lat: point.map(|point| point.lat.to_string()).unwrap_or_default(),
            lon: point.map(|point| point.lon.to_string()).unwrap_or_default(),
            words,
            place,
            neighbours: near_views(&around.neighbours),
            place_findings,
            findings,
            done: total - missing.len().min(total),
            total,
            missing,
            verdict,
        }
    }
}

/// How many attributes a device like this must state before it is submitted.
fn wanted(checked: &Checked) -> usize {
    let reader = crate::census::vocabulary::reads_plates(checked.record.text(Field::Funzione));
    let needed = ATTRIBUTES.iter().filter(|attribute| match attribute.need {
        Need::Save | Need::Submit => attribute.field != Field::Lon,
        Need::SubmitReaders => reader,
        Need::Optional => false,
    });
    needed.count()
}

#[derive(Template)]
#[template(path = "pages/device_form.html")]
struct FormPage {
    page: Page,
    request: Option<Said>,
    heading: String,
    action: String,
    back: String,
    key: String,
    number: String,
    device: String,
    errors: Vec<FindingView>,
    sections: Vec<SectionView>,
    place: String,
    crs: String,
    systems: Vec<Choice>,
    lat: String,
    lon: String,
    place_errors: Vec<String>,
    bounds: String,
    check: Fragment,
}

/// The form with a draft in it and what the rules say of it. `findings` are those that refused a
/// save; without them the form is not yet wrong, and nothing is marked as an error but what the
/// rules say of values that are there.
pub async fn show(
    app: &App,
    signed: &Signed,
    purpose: &Purpose,
    draft: &Draft,
    findings: Option<Vec<Finding>>,
    status: StatusCode,
) -> Result<Response, Error> {
    let page = form_page(app, signed, purpose, draft, findings).await?;
    Ok((status, Html(page)).into_response())
}

/// The form as it was when the session was lost.
pub async fn show_resumed(
    app: &App,
    signed: &Signed,
    purpose: &Purpose,
    draft: &Draft,
) -> Result<Response, Error> {
    let mut page = form_page(app, signed, purpose, draft, None).await?;
    page.page = page.page.with_notice(
        "warning",
        "Ecco quello che stavate scrivendo. Non è ancora salvato: controllate e salvate.",
    );
    Ok(Html(page).into_response())
}

async fn form_page(
    app: &App,
    signed: &Signed,
    purpose: &Purpose,
    draft: &Draft,
    refused: Option<Vec<Finding>>,
) -> Result<FormPage, Error> {
    let choices = Choices::of(app, &signed.viewer).await?;
    let (mut checked, around) = app
        .register
        .check(&signed.viewer, draft, purpose.device())
        .await?;
    let saving = refused.is_some();
    if let Some(findings) = refused {
        checked.findings = findings;
    }
    if !saving {
        spare_the_unwritten(draft, &mut checked.findings);
    }
    let stopping: Vec<Finding> = checked
        .findings
        .iter()
        .filter(|one| one.stops())
        .cloned()
        .collect();
    let (title, action, back, key, number, device) = match purpose {
        Purpose::New => (
            "Nuovo dispositivo".to_owned(),
            "/dispositivi/nuovo".to_owned(),
            "/dispositivi".to_owned(),
            NEW_KEY.to_owned(),
            String::new(),
            String::new(),
        ),
        Purpose::Edit {
            device,
            number,
            heading,
        } => (
            heading.clone(),
            format!("/dispositivi/{device}/modifica"),
            format!("/dispositivi/{device}"),
            key(*device),
            number.to_string(),
            device.to_string(),
        ),
    };
    let request = match purpose {
        Purpose::New => None,
        Purpose::Edit { device, .. } => app.register.open_request(&signed.viewer, *device).await?,
    };
    let request = request.as_ref().map(thread::said);
    let errors_at = |field: Field| errors_at(&stopping, field);
    let verdict = LiveView::of(app, &signed.viewer, &checked.record).await?;
    Ok(FormPage {
        page: Page::new(app, Some(signed), &title, "dispositivi"),
        heading: title,
        action,
        back,
        key,
        number,
        device,
        sections: Section::ALL
            .into_iter()
            .map(|section| SectionView {
                id: section.anchor(),
                title: section.label(),
                position: section == Section::Position,
                fields: attributes(section)
                    .map(|attribute| {
                        let errors = errors_at(attribute.field);
                        let view = field_view(attribute, draft, &choices, errors);
                        with_remark(view, request.as_ref())
                    })
                    .collect(),
            })
            .collect(),
        request,
        errors: finding_views(&stopping, draft),
        place: draft.place.clone(),
        crs: draft.crs.clone(),
        systems: projection::SYSTEMS
            .iter()
            .map(|system| Choice {
                code: system.code.to_owned(),
                label: format!("{} ({})", system.name, system.code),
            })
            .collect(),
        lat: draft.get(Field::Lat).to_owned(),
        lon: draft.get(Field::Lon).to_owned(),
        place_errors: [errors_at(Field::Lat), errors_at(Field::Lon)].concat(),
        bounds: bounds(app),
        check: Fragment::of(app, draft, &checked, &around, verdict),
    })
}

/// The rectangle of the map in a form, around the territory: west, south, east, north.
#[must_use]
pub fn bounds(app: &App) -> String {
    let window = app.register.territory.window();
    let (low, high) = (window.min(), window.max());
    format!("{},{},{},{}", low.x, low.y, high.x, high.y)
}

/// Nobody is reproached for what they have not written yet: that is among what is missing.
pub fn spare_the_unwritten(draft: &Draft, findings: &mut Vec<Finding>) {
    let written = |field: Field| {
        !draft.get(field).is_empty() || (!draft.place.is_empty() && anchor(field) == PLACE)
    };
    findings.retain(|finding| !finding.stops() || finding.field.is_some_and(written));
}

fn errors_at(stopping: &[Finding], field: Field) -> Vec<String> {
    stopping
        .iter()
        .filter(|finding| finding.field == Some(field))
        .map(|finding| finding.message.clone())
        .collect()
}

fn field_view(
    attribute: &'static Attribute,
    draft: &Draft,
    choices: &Choices,
    errors: Vec<String>,
) -> FieldView {
    let (kind, terms) = match attribute.kind {
        Kind::One(terms) => ("one", listed(terms)),
        Kind::Many(terms) => ("many", listed(terms)),
        Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_) => ("number", Vec::new()),
        Kind::Date => ("date", Vec::new()),
        Kind::Prose(_) => ("prose", Vec::new()),
        Kind::Body => ("one", choices.own_bodies()),
        Kind::Municipality => ("one", choices.comuni.clone()),
        Kind::Site => ("text", choices.sites.clone()),
        Kind::Software => ("text", choices.software.clone()),
        Kind::Text(_) | Kind::Latitude | Kind::Longitude => ("text", Vec::new()),
    };
    let value = draft.get(attribute.field).to_owned();
    // A choice that is not among those offered would vanish; and a date that is not one would too.
    let kept = |terms: &[Choice]| value.is_empty() || terms.iter().any(|term| term.code == value);
    let kind = match kind {
        "one" if !kept(&terms) => "text",
        "date" if value.parse::<jiff::civil::Date>().is_err() && !value.is_empty() => "text",
        kind => kind,
    };
    FieldView {
        name: attribute.name,
        label: attribute.label,
        value,
        kind,
        help: attribute.help.to_owned(),
        need: match attribute.need {
            // Left empty, it follows from the position.
            Need::Save if attribute.field == Field::Comune => "",
            Need::Save => "save",
            Need::Submit | Need::SubmitReaders => "submit",
            Need::Optional => "",
        },
        suggests: matches!(attribute.kind, Kind::Site | Kind::Software),
        errors,
        terms,
    }
}

/// The field with what the reviewer said of it before its own help.
fn with_remark(mut view: FieldView, request: Option<&Said>) -> FieldView {
    let remarks = request.iter().flat_map(|said| &said.remarks);
    for remark in remarks.filter(|remark| remark.field == view.name) {
        let own = std::mem::take(&mut view.help);
        let reason = remark.reason.trim_end();
        let stop = if reason.ends_with(['.', '!', '?', '…']) {
            ""
        } else {
            "."
        };
        view.help = format!("Chi convalida chiede: «{reason}»{stop} {own}");
        view.help.truncate(view.help.trim_end().len());
    }
    view
}

fn listed(terms: &[crate::census::vocabulary::Term]) -> Vec<Choice> {
    terms
        .iter()
        .map(|term| Choice {
            code: term.code.to_owned(),
            label: term.label.to_owned(),
        })
        .collect()
}
