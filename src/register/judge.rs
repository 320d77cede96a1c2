//! What each row of a file would do: the same answer for the command, which stores at once, and for
//! the page, which stages first.
//!
//! A row becomes a draft through the mapping of its columns and what a person changed of it, is laid
//! over the device with the same code if there is one (what the file does not say, for want of a
//! column or because the cell is empty, stays as it is), and meets the rules with the rows before it
//! among its neighbours. No database here: what the register has comes in. Enforced by
//! `tests/it/imports.rs` and `tests/it/batches.rs`.

use super::nearby::Nearby;
use super::record::draft_of;
use super::staged::Offer;
use crate::census::batch::Fate;
use crate::census::draft::Draft;
use crate::census::finding::{Code, Finding, PositionProposal, Proposal};
use crate::census::person::Viewer;
use crate::census::projection;
use crate::census::record::Record;
use crate::census::revision::{Provenance, Revision};
use crate::census::rules::{self, Around, Bodies, Checked, World};
use crate::census::survey::Conclusion;
use crate::census::vocabulary::Field;
use crate::exchange::columns::Mapping;
use crate::exchange::source::Row;
use crate::storage::device::Mark;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A device as files know it: its body and the body's code.
pub(super) type Key = (String, String);

/// How the rows of a file are read.
pub(super) struct Plan {
    /// Which column is what.
    pub mapping: Mapping,
    /// How many columns the header has.
    pub columns: usize,
    /// The reference system of the coordinates, as `EPSG:n`, when one was declared.
    pub crs: Option<&'static str>,
    /// What rows that do not say it are taken to say.
    pub constants: Vec<(Field, String)>,
    /// The bodies, for telling which device a row is about.
    pub bodies: Bodies,
}

/// What a person, or whoever asked for proposals to be taken, changed of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edits {
    /// Whether the row is left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// What stands in an attribute instead of what the file has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// The proposal for the position that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Taken>,
}

/// A proposal for the position that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// The reference system the numbers of the file were read in, as `EPSG:n`.
    pub crs: String,
    /// What was done to them, as a stable word.
    pub operation: String,
    /// How far the result may be from the truth because of it, in metres.
    pub accuracy_m: f64,
}

impl Edits {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts a text into an attribute. A coordinate that is typed takes the place of a proposal.
    pub fn set(&mut self, field: &str, text: &str) {
        if [Field::Lat.name(), Field::Lon.name()].contains(&field) {
            self.position = None;
        }
        self.values.insert(field.to_owned(), text.to_owned());
    }

    fn apply(&self, draft: &mut Draft) {
        for (name, text) in &self.values {
            if let Some(field) = Field::named(name) {
                if matches!(field, Field::Lat | Field::Lon) {
                    draft.place.clear();
                }
                draft.set(field, text.as_str());
            }
        }
        if let Some(taken) = &self.position {
            let proposal = Proposal::Position(PositionProposal {
                lat: taken.lat,
                lon: taken.lon,
                crs: projection::WGS84,
                operation: "none",
                accuracy_m: taken.accuracy_m,
                comune: None,
            });
            rules::apply(draft, &proposal);
        }
    }
}

/// A row on its way to judgement.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    /// What the file has.
    pub row: Row,
    /// What was changed of it.
    pub edits: Edits,
    /// The number of the revision that it was first compared with.
    pub base: Option<i64>,
}

/// A row that is read: what it says of which device.
pub(super) struct Typed {
    /// The row.
    pub incoming: Incoming,
    /// What it says; nothing when its cells cannot be told apart.
    pub draft: Option<Draft>,
    /// Which device it is about.
    pub key: Option<Key>,
}

impl Plan {
    /// What a row says.
    pub fn read(&self, incoming: Incoming) -> Typed {
        if incoming.row.shape(self.columns).is_some() {
            return Typed {
                incoming,
                draft: None,
                key: None,
            };
        }
        let mut draft = self.mapping.draft(&incoming.row, &self.constants);
        if says_position(&draft) {
            self.crs.unwrap_or_default().clone_into(&mut draft.crs);
        }
        if !incoming.edits.is_empty() {
            incoming.edits.apply(&mut draft);
        }
        let key = self.key(&draft);
        Typed {
            incoming,
            draft: Some(draft),
            key,
        }
    }

    /// What a row says of where its device is, and nothing else.
    pub fn place(&self, row: &Row) -> Draft {
        let mut draft = self.mapping.place(row, &self.constants);
        if says_position(&draft) {
            self.crs.unwrap_or_default().clone_into(&mut draft.crs);
        }
        draft
    }

    /// The device that a draft is about.
    fn key(&self, draft: &Draft) -> Option<Key> {
        let body = self.bodies.find(draft.get(Field::Ente))?;
        let code = draft.get(Field::Codice);
        (!code.is_empty()).then(|| (body.to_owned(), code.to_owned()))
    }
}

/// A row after judgement.
pub(super) struct Judged {
    /// The row.
    pub incoming: Incoming,
    /// What it says, laid over what is there.
    pub draft: Draft,
    /// The device that it is about, as it is.
    pub present: Option<Revision>,
    /// What the rules say.
    pub checked: Checked,
    /// Errors that were mended by their single proposal.
    pub applied: Vec<Finding>,
    /// What it would do.
    pub fate: Fate,
    /// Whether no row before it and no device of its body names its site.
    pub names_new_site: bool,
}

impl Judged {
    /// The fields that it changes, of a device that is there.
    pub fn changes(&self) -> Vec<Field> {
        match &self.present {
            Some(present) if self.fate != Fate::Rejected => {
                present.record.changes(&self.checked.record).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How the point of its revision was given, where that is not what the rules say of the mended
    /// numbers: history keeps the numbers of the file and what was done to them.
    pub fn provenance(&self, plan: &Plan) -> Option<Provenance> {
        let taken = self.incoming.edits.position.as_ref()?;
        let original = plan.mapping.draft(&self.incoming.row, &[]);
        Some(Provenance {
            text: position_text(&original),
            crs: taken.crs.clone(),
            operation: taken.operation.clone(),
            accuracy_m: taken.accuracy_m,
        })
    }

    /// The position that the rules propose, when they propose exactly one for an error.
    fn proposed(&self) -> Option<&PositionProposal> {
        self.positions_in_error()
            .find_map(|finding| match finding.proposals.as_slice() {
                [Proposal::Position(position)] => Some(position),
                _ => None,
            })
    }

    fn positions_in_error(&self) -> impl Iterator<Item = &Finding> {
        self.checked
            .findings
            .iter()
            .filter(|finding| finding.stops() && finding.code.name().starts_with("position."))
    }

    /// Where the row lands, or would once its single proposal is taken: degrees east and north, the
    /// Comune, and the reference system its numbers were read in. Nowhere, while they can be read in
    /// several ways.
    pub fn landing(&self) -> Option<(f64, f64, Option<String>, String)> {
        if let Some(position) = self.proposed() {
            let crs = position.crs.to_owned();
            return Some((position.lon, position.lat, position.comune.clone(), crs));
        }
        if self
            .positions_in_error()
            .any(|finding| finding.proposals.len() > 1)
        {
            return None;
        }
        let point = self.checked.point.as_ref()?;
        let crs = match &self.incoming.edits.position {
            Some(taken) => taken.crs.clone(),
            None => point.crs.to_owned(),
        };
        Some((point.lon, point.lat, point.comune.clone(), crs))
    }
}

fn mark(record: &Record) -> Mark<'_> {
    let degrees = |field| record.number(field).unwrap_or_default();
    Mark {
        lon: degrees(Field::Lon),
        lat: degrees(Field::Lat),
        ente: record.text(Field::Ente),
        codice: record.text(Field::Codice),
        funzione: record.text(Field::Funzione),
        azimut: record.integer(Field::Azimut),
        direzione: record.text(Field::Direzione),
    }
}

/// Judges the rows of a file in their order.
pub(super) struct Judge {
    /// Who brings the file in.
    pub viewer: Viewer,
    /// What the rules know of the installation.
    pub world: World,
    /// How the coordinates of the file are to be read.
    pub conclusion: Option<Conclusion>,
    /// Whether errors with exactly one proposal are mended.
    pub accept_proposals: bool,
    /// What only new devices are taken to say.
    pub defaults: Vec<(Field, String)>,
    /// Whether a device has needed them.
    pub used_defaults: bool,
    /// The attributes without a column that some row will need before it is submitted.
    pub lacking: BTreeSet<Field>,
    /// What stands where, and which codes the file has had.
    pub nearby: Nearby,
    /// The sites of the bodies that were met.
    pub sites: HashMap<String, HashSet<String>>,
}

/// The rows that were judged, and those that were not because a proposal makes them about another
/// device, which has to be looked up first.
#[derive(Default)]
pub(super) struct Verdicts {
    /// In the order of the file.
    pub judged: Vec<Judged>,
    /// With the proposals taken.
    pub about_others: Vec<(Typed, Vec<Finding>)>,
}

impl Judge {
    /// A judge who knows nothing of the register yet.
    pub fn new(
        viewer: &Viewer,
        world: World,
        conclusion: Option<Conclusion>,
        accept_proposals: bool,
        defaults: Vec<(Field, String)>,
    ) -> Self {
        Self {
            viewer: viewer.clone(),
            world,
            conclusion,
            accept_proposals,
            defaults,
            used_defaults: false,
            lacking: BTreeSet::new(),
            nearby: Nearby::default(),
            sites: HashMap::new(),
        }
    }

    /// Judges rows; `found` are the devices they are about that the register has.
    pub fn judge(
        &mut self,
        plan: &Plan,
        rows: Vec<Typed>,
        found: &HashMap<Key, Revision>,
    ) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for typed in rows {
            let judged = self.one(typed, found);
            let mended = if self.accept_proposals && !judged.incoming.edits.left_out {
                certain(&judged.checked.findings)
            } else {
                Vec::new()
            };
            if mended.is_empty() {
                verdicts.judged.push(self.settle(plan, judged));
                continue;
            }
            let key = plan.key(&judged.draft);
            let mut incoming = judged.incoming;
            for proposal in mended.iter().flat_map(|finding| &finding.proposals) {
                incoming.edits.accept(&Offer::from(proposal));
            }
            let again = plan.read(incoming);
            if again.key == key {
                verdicts.judged.push(self.again(plan, again, mended, found));
            } else {
                verdicts.about_others.push((again, mended));
            }
        }
        verdicts
    }

    /// Judges a row once its proposals are taken.
    pub fn again(
        &mut self,
        plan: &Plan,
        typed: Typed,
        mended: Vec<Finding>,
        found: &HashMap<Key, Revision>,
    ) -> Judged {
        let mut judged = self.one(typed, found);
        judged.applied = mended;
        self.settle(plan, judged)
    }

    /// What the rules say of one row.
    fn one(&mut self, typed: Typed, found: &HashMap<Key, Revision>) -> Judged {
        let Typed {
            incoming,
            draft,
            key,
        } = typed;
        let Some(typed) = draft else {
            let finding = incoming.row.shape(0);
            return refused(incoming, Draft::default(), finding);
        };
        let body = self.world.bodies.find(typed.get(Field::Ente));
        if let Some(body) = body
            && !self.viewer.writes(body)
        {
            let finding = forbidden(&typed, self.world.bodies.name(body).unwrap_or(body));
            return refused(incoming, typed, Some(finding));
        }
        let present = key.as_ref().and_then(|key| found.get(key)).cloned();
        let draft = match &present {
            Some(present) => overlay(present, &typed),
            None => self.with_defaults(typed),
        };
        let mut around = self.around(&draft, key.as_ref());
        around.expected = self
            .conclusion
            .as_ref()
            .and_then(|conclusion| conclusion.expected(incoming.row.record).copied());
        let checked = rules::check(&draft, &self.world, &around);
        Judged {
            incoming,
            draft,
            present,
            checked,
            applied: Vec::new(),
            fate: Fate::Rejected,
            names_new_site: false,
        }
    }

    fn with_defaults(&mut self, mut draft: Draft) -> Draft {
        for (field, text) in &self.defaults {
            draft.set(*field, text.as_str());
            self.used_defaults = true;
        }
        draft
    }

    /// What stands around a row, the rows before it included.
    fn around(&self, draft: &Draft, key: Option<&Key>) -> Around {
        let mut around = Around::default();
        let site = draft.get(Field::Sito);
        if let Some(body) = self.world.bodies.find(draft.get(Field::Ente))
            && !site.is_empty()
        {
            let known = self.sites.get(body);
            around.site_known = known.is_some_and(|sites| sites.contains(site));
        }
        if let Some(point) = rules::locate(draft, &self.world) {
            let (ente, codice) = key.map_or(("", ""), |(body, code)| (body, code));
            around.neighbours = self.nearby.near(point.lon, point.lat, ente, codice);
        }
        around
    }

    /// Says what the row would do, and takes note of it for the rows that follow.
    fn settle(&mut self, plan: &Plan, mut judged: Judged) -> Judged {
        if judged.incoming.row.shape(plan.columns).is_some() {
            judged.checked.findings = judged
                .incoming
                .row
                .shape(plan.columns)
                .into_iter()
                .collect();
        }
        let left_out = judged.incoming.edits.left_out;
        if !left_out && let Some((body, code)) = plan.key(&judged.draft) {
            let line = judged.incoming.row.line;
            if let Some(before) = self.nearby.see(&body, &code, line) {
                judged.checked.findings.push(repeated(&code, before));
            }
        }
        Self::conflict(plan, &mut judged);
        judged.fate = fate(&judged);
        if judged.fate.is_good() {
            self.nearby.accept(mark(&judged.checked.record));
            judged.names_new_site = self.remember(&judged.checked);
            if let Some(present) = judged.present.as_ref().filter(|present| present.withdrawn) {
                judged.checked.findings.push(restored(present));
            }
        }
        let lacking = &mut self.lacking;
        judged.checked.findings.retain(|finding| {
            let field = finding
                .field
                .filter(|field| plan.mapping.header_of(*field).is_none());
            match field {
                Some(field) if finding.code == Code::ValueMissing => {
                    lacking.insert(field);
                    false
                }
                _ => true,
            }
        });
        judged
    }

    /// Compares the row with what was there when the file was made or first looked at.
    fn conflict(plan: &Plan, judged: &mut Judged) {
        let Some(present) = &judged.present else {
            // A device that somebody adds later is a later edit too.
            judged.incoming.base.get_or_insert(0);
            return;
        };
        let stated = plan.mapping.revision(&judged.incoming.row);
        let base = judged.incoming.base.or(stated);
        if judged.incoming.base.is_none() {
            judged.incoming.base =
                Some(stated.map_or(present.number, |stated| stated.min(present.number)));
        }
        let later = base.is_some_and(|base| base < present.number);
        if later && (present.withdrawn || present.record != judged.checked.record) {
            judged.checked.findings.push(edited_later(present));
        }
    }

    /// The site and the software that an accepted row names are known to the rows that follow; says
    /// whether it is the first to name its site.
    fn remember(&mut self, checked: &Checked) -> bool {
        let text = |field| checked.record.text(field);
        let proposes = |finding: &Finding| finding.code == Code::SoftwareProposed;
        if checked.findings.iter().any(proposes) {
            self.world.software.add(text(Field::Software));
        }
        let (body, site) = (text(Field::Ente), text(Field::Sito));
        if site.is_empty() {
            return false;
        }
        let sites = match self.sites.get_mut(body) {
            Some(sites) => sites,
            None => self.sites.entry(body.to_owned()).or_default(),
        };
        !sites.contains(site) && sites.insert(site.to_owned())
    }
}

/// What a row without errors would do.
fn fate(judged: &Judged) -> Fate {
    if judged.incoming.edits.left_out {
        return Fate::LeftOut;
    }
    let stopping = |but: Option<Code>| {
        let mut findings = judged.checked.findings.iter();
        findings.any(|finding| finding.stops() && Some(finding.code) != but)
    };
    if stopping(Some(Code::RowConflict)) {
        return Fate::Rejected;
    }
    if stopping(None) {
        return Fate::Conflict;
    }
    match &judged.present {
        None => Fate::New,
        Some(present) if !present.withdrawn && present.record == judged.checked.record => {
            Fate::Unchanged
        }
        Some(_) => Fate::Changed,
    }
}

/// What is found where the rules need not be asked.
fn refused(incoming: Incoming, draft: Draft, finding: Option<Finding>) -> Judged {
    let checked = Checked {
        record: Record::default(),
        point: None,
        findings: finding.into_iter().collect(),
    };
    Judged {
        incoming,
        draft,
        present: None,
        checked,
        applied: Vec::new(),
        fate: Fate::Rejected,
        names_new_site: false,
    }
}

/// The errors that have one proposal that nobody need look at. A point far outside the declared
/// Comune has only one that can be written down, but the point may be as wrong as the Comune.
pub(super) fn certain(findings: &[Finding]) -> Vec<Finding> {
    findings
        .iter()
        .filter(|finding| {
            finding.stops()
                && finding.proposals.len() == 1
                && finding.code != Code::PositionOutsideMunicipality
        })
        .cloned()
        .collect()
}

fn forbidden(draft: &Draft, name: &str) -> Finding {
    let message = format!(
        "Non potete scrivere dispositivi di «{name}»: chiedete all’amministratore di essere \
         abilitati per questo ente."
    );
    Finding::new(
        Code::BodyForbidden,
        Field::Ente,
        draft.get(Field::Ente),
        message,
    )
}

fn repeated(code: &str, line: u64) -> Finding {
    let message = format!(
        "Il codice «{code}» è già alla riga {line}: lasciate una riga sola per ogni codice."
    );
    Finding::new(Code::CodeRepeated, Field::Codice, code, message)
}

fn restored(present: &Revision) -> Finding {
    let code = present.record.text(Field::Codice);
    let message = format!(
        "Il dispositivo «{code}» era ritirato: il file lo rimette nel censimento. Se deve restare \
         ritirato, togliete la riga."
    );
    Finding::new(Code::RowRestored, Field::Codice, code, message)
}

fn edited_later(present: &Revision) -> Finding {
    let code = present.record.text(Field::Codice);
    let message = format!(
        "«{code}» è stato modificato da {} ({}) dopo che questi dati erano stati letti: la riga \
         cancellerebbe quella modifica. Confrontate i valori; se vale il file, confermatelo per questa \
         riga.",
        present.author,
        crate::clock::words(present.written_at),
    );
    Finding::new(Code::RowConflict, Field::Codice, code, message)
}

fn says_position(draft: &Draft) -> bool {
    !draft.place.trim().is_empty()
        || !draft.get(Field::Lat).is_empty()
        || !draft.get(Field::Lon).is_empty()
}

/// The position as the file has it.
fn position_text(draft: &Draft) -> String {
    match draft.place.trim() {
        "" => format!("{} {}", draft.get(Field::Lat), draft.get(Field::Lon)),
        place => place.to_owned(),
    }
}

/// A device's present state with what a row says of it. An empty cell says nothing; half a position
/// is never joined to half of another.
fn overlay(present: &Revision, typed: &Draft) -> Draft {
    let mut draft = draft_of(present);
    for field in Field::ALL {
        if !typed.get(*field).is_empty() {
            draft.set(*field, typed.get(*field));
        }
    }
    if says_position(typed) {
        for field in [Field::Lat, Field::Lon] {
            draft.set(field, typed.get(field));
        }
        draft.place.clone_from(&typed.place);
        draft.crs.clone_from(&typed.crs);
    }
    draft
}
