//! Sending devices to review, accepting them, sending them back, and what is said meanwhile.
//!
//! Nobody reviews what they wrote or sent; two reviewers do not decide on the same body, and a
//! decision is about exactly the revision that was looked at. What is accepted takes its time from
//! the end of the history, so that any past instant shows the same census for ever. Enforced by
//! `tests/it/review.rs`.

use super::journal::{Note, note_at};
use super::notice::{Told, officers_of};
use super::record::{around, draft_of};
use super::{Error, Register, Result, may_write};
use crate::census::draft::Confirmation;
use crate::census::filter::{Filter, State};
use crate::census::finding::{Finding, Severity};
use crate::census::journal::{Act, Seal};
use crate::census::notice;
use crate::census::person::Viewer;
use crate::census::record::Record;
use crate::census::review::{Kind, Remark, Review, Stage};
use crate::census::revision::{Revision, Source};
use crate::census::rules;
use crate::census::vocabulary::Field;
use crate::clock::{self, Instant, SECOND};
use crate::storage::journal::End;
use crate::storage::review::{Claim, Entry, Wanted};
use crate::storage::{self, Unit};
use std::collections::HashSet;
use uuid::Uuid;

/// The longest text that can be said, in characters.
pub const LONGEST_TEXT: usize = 2_000;

/// How long a body stays in a reviewer's hands without being let go.
const CLAIM_LASTS: Instant = 12 * 3_600 * SECOND;

/// What became of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// How many devices wait for a reviewer now.
    pub sent: usize,
    /// How many could not be sent because something has still to be stated.
    pub incomplete: i64,
}

/// What became of a whole body's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decided {
    /// How many devices were accepted.
    pub accepted: usize,
    /// How many were left because the reviewer had a hand in them.
    pub own: usize,
    /// How many were sent after the reviewer looked.
    pub later: usize,
}

/// A decision on one device: exactly the revision that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// The device.
    pub device: Uuid,
    /// The revision the reviewer had before them.
    pub revision: Uuid,
}

/// What a reviewer decides.
#[derive(Debug, Clone)]
pub enum Decision {
    /// All of it is right.
    Accept,
    /// These attributes are not; the rest is.
    AcceptBut(Vec<Remark>),
    /// Something has to be mended first.
    SendBack(Vec<Remark>),
}

/// What a reviewer looks at.
#[derive(Debug, Clone)]
pub struct UnderReview {
    /// What was sent.
    pub sent: Revision,
    /// What is accepted until now.
    pub accepted: Option<Revision>,
    /// Whether the officer went on after sending.
    pub edited_since: bool,
    /// What the rules say of it today.
    pub findings: Vec<Finding>,
    /// Whether this person may decide on it, and if not, why.
    pub hindrance: Option<String>,
}

impl UnderReview {
    /// The attributes in which what was sent differs from what is accepted.
    #[must_use]
    pub fn changes(&self) -> Vec<Field> {
        let nothing = Record::default();
        let before = self.accepted.as_ref().map_or(&nothing, |one| &one.record);
        self.sent.record.changes(before).collect()
    }

    /// The warnings that were confirmed, with their reasons.
    #[must_use]
    pub fn confirmed(&self) -> &[Confirmation] {
        &self.sent.confirmed
    }
}

impl Register {
    /// Sends to review what of a body can be sent, or one device of it.
    pub async fn submit(
        &self,
        viewer: &Viewer,
        body: &str,
        device: Option<Uuid>,
        text: &str,
    ) -> Result<Sent> {
        may_write(viewer, body)?;
        let text = said(text)?;
        let mut unit = self.store.write().await?;
        let wanted = Wanted { body, device };
        let ready = unit.to_submit(wanted).await?;
        unit.hold_body(body, &ready).await?;
        // Somebody may have written one of them while this waited.
        let entries = held(unit.to_submit(wanted).await?, &ready);
        let (at, end) = self.moment(&mut unit).await?;
        let sent = Sent {
            sent: entries.len(),
            incomplete: incomplete(&mut unit, viewer, body, device).await?,
        };
        if entries.is_empty() {
            return Ok(sent);
        }
        let mut seal = self.seal();
        // What is said of all of them is said once, of the body; of one device, at the device.
        let (common, own) = match device {
            None => (text, String::new()),
            Some(_) => (String::new(), text),
        };
        let told = device.is_some() && !own.is_empty();
        let event = Event {
            kind: Kind::Submitted,
            at,
            text: own,
        };
        self.submit_entries(&mut unit, viewer, body, &entries, event, &mut seal)
            .await?;
        if !common.is_empty() {
            let message = self.message(viewer, body, None, at, common);
            unit.add_reviews(&[message], &mut seal).await?;
            self.tell_message(&mut unit, viewer, body, None, at).await?;
        } else if let Some(entry) = entries.first().filter(|_| told) {
            let about = Some((entry.device, entry.code.as_str()));
            self.tell_message(&mut unit, viewer, body, about, at)
                .await?;
        }
        let detail = format!("{} inviati alla convalida", counted(entries.len()));
        let note = Note {
            act: Act::Submitted,
            body: Some(body),
            subject: &subject(device, body),
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        unit.commit().await?;
        Ok(sent)
    }

    /// Makes revisions wait for a reviewer and says so at each device; whoever calls has seen that
    /// they may.
    pub(super) async fn submit_entries(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        body: &str,
        entries: &[Entry],
        event: Event,
        seal: &mut Seal,
    ) -> Result<()> {
        unit.mark_submitted(entries, event.at).await?;
        unit.settle_sent_back(body, event.at).await?;
        self.tell(unit, viewer, body, entries, event, seal).await
    }

    /// Accepts everything of a body that was waiting when the reviewer looked.
    pub async fn accept_all(
        &self,
        viewer: &Viewer,
        body: &str,
        looked_at: Instant,
    ) -> Result<Decided> {
        may_review(viewer)?;
        let looked_at = looked_at.min(self.clock.now());
        let mut unit = self.store.write().await?;
        let wanted = Wanted { body, device: None };
        let known = unit.submitted(wanted).await?;
        unit.hold_body(body, &known).await?;
        self.take_in_hand(&mut unit, viewer, body).await?;
        let own = unit.own_entries(body, &viewer.account).await?;
        let waiting = held(unit.submitted(wanted).await?, &known);
        let (at, end) = self.moment(&mut unit).await?;
        let mut decided = Decided::default();
        let mut entries = Vec::new();
        for entry in waiting {
            if own.contains(&entry.device) {
                decided.own += 1;
            } else if entry.submitted_at.is_none_or(|sent| sent > looked_at) {
                decided.later += 1;
            } else {
                entries.push(entry);
            }
        }
        decided.accepted = entries.len();
        if entries.is_empty() {
            return Ok(decided);
        }
        let mut seal = self.seal();
        let event = Event::of(Kind::Accepted, at);
        self.accept_entries(&mut unit, viewer, body, &entries, event, &mut seal)
            .await
            .map_err(code_taken)?;
        let only = entries.first().filter(|_| entries.len() == 1);
        let told = Told {
            kind: notice::Kind::Accepted,
            body,
            devices: entries.len(),
            device: only.map(|entry| entry.device),
            text: only.map_or("", |entry| &entry.code),
        };
        let officers = officers_of(&mut unit, viewer, body).await?;
        self.tell_people(&mut unit, viewer, &officers, told, at)
            .await?;
        let detail = format!("{} convalidati insieme", counted(entries.len()));
        let note = Note {
            act: Act::Accepted,
            body: Some(body),
            subject: body,
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        unit.commit().await?;
        Ok(decided)
    }

    /// Makes revisions the accepted ones and says so at each device; whoever calls has seen that
    /// they may be.
    pub(super) async fn accept_entries(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        body: &str,
        entries: &[Entry],
        event: Event,
        seal: &mut Seal,
    ) -> Result<()> {
        unit.mark_accepted(entries, event.at).await?;
        self.tell(unit, viewer, body, entries, event, seal).await
    }

    /// What a reviewer looks at: what was sent of a device beside what is accepted.
    pub async fn under_review(&self, viewer: &Viewer, device: Uuid) -> Result<Option<UnderReview>> {
        let mut unit = self.store.read().await?;
        let Some(sent) = in_state(&mut unit, viewer, device, State::Submitted).await? else {
            return Ok(None);
        };
        let accepted = in_state(&mut unit, viewer, device, State::Accepted).await?;
        let world = self.world(&mut unit).await?;
        let draft = draft_of(&sent);
        let around = around(&mut unit, viewer, &world, &draft, Some(device)).await?;
        let checked = rules::check(&draft, &world, &around);
        let number = unit.device_number(device).await?;
        let hindrance = self.hindrance(&mut unit, viewer, &sent).await?;
        drop(unit);
        self.note_device(viewer, &sent, "in attesa di convalida")
            .await?;
        Ok(Some(UnderReview {
            accepted: accepted.filter(|one| one.accepted),
            edited_since: number.is_some_and(|last| last > sent.number),
            findings: checked.findings,
            hindrance,
            sent,
        }))
    }

    async fn hindrance(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        sent: &Revision,
    ) -> Result<Option<String>> {
        let body = sent.record.text(Field::Ente);
        if !viewer.reviews() {
            return Ok(Some(
                "Il vostro ruolo può leggere questo invio, ma non deciderne.".to_owned(),
            ));
        }
        let own = unit.own_entries(body, &viewer.account).await?;
        if own.contains(&sent.device) {
            return Ok(Some(OWN.to_owned()));
        }
        let claim = self.standing_claim(unit, body).await?;
        Ok(claim
            .filter(|claim| claim.account != viewer.account)
            .map(|claim| in_hand(&claim)))
    }

    /// Decides on one device.
    pub async fn decide(
        &self,
        viewer: &Viewer,
        looked: Looked,
        decision: Decision,
        text: &str,
    ) -> Result<()> {
        may_review(viewer)?;
        let text = said(text)?;
        let mut unit = self.store.write().await?;
        unit.hold_device(looked.device).await?;
        let sent = in_state(&mut unit, viewer, looked.device, State::Submitted)
            .await?
            .filter(|sent| sent.id == looked.revision)
            .ok_or_else(|| Error::Invalid(MOVED.to_owned()))?;
        let body = sent.record.text(Field::Ente).to_owned();
        self.take_in_hand(&mut unit, viewer, &body).await?;
        let own = unit.own_entries(&body, &viewer.account).await?;
        if own.contains(&looked.device) {
            return Err(Error::Forbidden(OWN));
        }
        let (at, end) = self.moment(&mut unit).await?;
        let mut deciding = Deciding {
            register: self,
            viewer,
            unit,
            at,
            end,
            seal: self.seal(),
            body,
            text,
        };
        let done = match decision {
            Decision::Accept => deciding.accept(&sent).await,
            Decision::AcceptBut(remarks) => deciding.accept_but(sent, remarks).await,
            Decision::SendBack(remarks) => deciding.send_back(&sent, remarks).await,
        };
        done.map_err(code_taken)?;
        Ok(deciding.unit.commit().await?)
    }

    /// What was said of a device, the first first.
    pub async fn thread_of_device(&self, viewer: &Viewer, device: Uuid) -> Result<Vec<Review>> {
        let mut unit = self.store.read().await?;
        let present = in_state(&mut unit, viewer, device, State::Working).await?;
        let present = present.ok_or(NOT_HERE)?;
        if !takes_part(viewer, present.record.text(Field::Ente)) {
            return Ok(Vec::new());
        }
        Ok(unit.reviews_of_device(device).await?)
    }

    /// What was said of a body's census as a whole, the first first.
    pub async fn thread_of_body(&self, viewer: &Viewer, body: &str) -> Result<Vec<Review>> {
        if !takes_part(viewer, body) {
            return Ok(Vec::new());
        }
        let mut unit = self.store.read().await?;
        Ok(unit.reviews_of_body(body).await?)
    }

    /// Says something of a device, or of a body's whole census when no device is named.
    pub async fn say(
        &self,
        viewer: &Viewer,
        body: &str,
        device: Option<Uuid>,
        text: &str,
    ) -> Result<()> {
        if !(viewer.writes(body) || viewer.reviews()) {
            return Err(Error::Forbidden(
                "Scrivono messaggi gli operatori dell’ente e chi convalida.",
            ));
        }
        let text = said(text)?;
        if text.is_empty() {
            return Err(Error::Invalid("Scrivete il messaggio.".to_owned()));
        }
        let mut unit = self.store.write().await?;
        let mut code = String::new();
        if let Some(device) = device {
            let present = in_state(&mut unit, viewer, device, State::Working).await?;
            let present = present.ok_or(NOT_HERE)?;
            if present.record.text(Field::Ente) != body {
                return Err(NOT_HERE);
            }
            present.record.text(Field::Codice).clone_into(&mut code);
        }
        let (at, end) = self.moment(&mut unit).await?;
        let mut seal = self.seal();
        let message = self.message(viewer, body, device, at, text);
        unit.add_reviews(&[message], &mut seal).await?;
        let about = device.map(|device| (device, code.as_str()));
        self.tell_message(&mut unit, viewer, body, about, at)
            .await?;
        let note = Note {
            act: Act::Message,
            body: Some(body),
            subject: &subject(device, body),
            detail: "",
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        Ok(unit.commit().await?)
    }

    fn message(
        &self,
        viewer: &Viewer,
        body: &str,
        device: Option<Uuid>,
        at: Instant,
        text: String,
    ) -> Review {
        Review {
            id: self.clock.new_id(),
            body: body.to_owned(),
            device,
            revision: None,
            kind: Kind::Message,
            at,
            author: viewer.account.clone(),
            text,
            remarks: Vec::new(),
        }
    }

    /// Tells that something was said of a body, or of a device by its code: what its officers say,
    /// to who has it in hand, or else to all reviewers; what others say, to its officers.
    async fn tell_message(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        body: &str,
        about: Option<(Uuid, &str)>,
        at: Instant,
    ) -> Result<()> {
        let people = if viewer.bodies().any(|own| own == body) {
            let mut reviewers = match self.standing_claim(unit, body).await? {
                Some(claim) => vec![claim.account],
                None => unit.reviewers().await?,
            };
            reviewers.retain(|account| *account != viewer.account);
            reviewers
        } else {
            officers_of(unit, viewer, body).await?
        };
        let told = Told {
            kind: notice::Kind::Message,
            body,
            devices: about.iter().len(),
            device: about.map(|(device, _)| device),
            text: about.map_or("", |(_, code)| code),
        };
        self.tell_people(unit, viewer, &people, told, at).await
    }

    /// Takes a body's census in hand, from whoever had it, or lets go of one's own.
    pub async fn set_claim(&self, viewer: &Viewer, body: &str, claimed: bool) -> Result<()> {
        may_review(viewer)?;
        let mut unit = self.store.write().await?;
        let before = self.standing_claim(&mut unit, body).await?;
        let detail = match (claimed, before) {
            (true, before) => {
                let claim = Claim {
                    account: viewer.account.clone(),
                    at: self.clock.now(),
                };
                unit.put_claim(body, &claim).await?;
                match before.filter(|before| before.account != viewer.account) {
                    Some(before) => format!("Preso in carico; prima era di {}", before.account),
                    None => "Preso in carico".to_owned(),
                }
            }
            (false, Some(before)) if before.account == viewer.account => {
                unit.drop_claim(body).await?;
                "Lasciato".to_owned()
            }
            (false, _) => return Ok(()),
        };
        let (at, end) = self.moment(&mut unit).await?;
        let note = Note {
            act: Act::Claimed,
            body: Some(body),
            subject: body,
            detail: &detail,
        };
        note_at(&mut unit, viewer, &self.seal(), note, at, end).await?;
        Ok(unit.commit().await?)
    }

    /// Who has a body's census in hand, unless they forgot it there.
    pub(super) async fn standing_claim(
        &self,
        unit: &mut Unit,
        body: &str,
    ) -> Result<Option<Claim>> {
        Ok(unit
            .claim(body)
            .await?
            .filter(|claim| self.stands(claim.at)))
    }

    /// Whether what was taken in hand at this instant still is.
    pub(super) fn stands(&self, at: Instant) -> bool {
        at > self.clock.now() - CLAIM_LASTS
    }

    /// Refuses whoever decides on a body that somebody else has in hand, and puts a free one into
    /// their hands.
    async fn take_in_hand(&self, unit: &mut Unit, viewer: &Viewer, body: &str) -> Result<()> {
        match self.standing_claim(unit, body).await? {
            Some(claim) if claim.account != viewer.account => Err(Error::Invalid(in_hand(&claim))),
            Some(_) => Ok(()),
            None => {
                let claim = Claim {
                    account: viewer.account.clone(),
                    at: self.clock.now(),
                };
                Ok(unit.put_claim(body, &claim).await?)
            }
        }
    }

    /// Says the same at each of these devices.
    async fn tell(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        body: &str,
        entries: &[Entry],
        event: Event,
        seal: &mut Seal,
    ) -> Result<()> {
        let reviews: Vec<Review> = entries
            .iter()
            .map(|entry| Review {
                id: self.clock.new_id(),
                body: body.to_owned(),
                device: Some(entry.device),
                revision: Some(entry.revision),
                kind: event.kind,
                at: event.at,
                author: viewer.account.clone(),
                text: event.text.clone(),
                remarks: Vec::new(),
            })
            .collect();
        Ok(unit.add_reviews(&reviews, seal).await?)
    }
}

/// What is said alike at several devices.
pub(super) struct Event {
    kind: Kind,
    at: Instant,
    text: String,
}

impl Event {
    /// Without words.
    pub const fn of(kind: Kind, at: Instant) -> Self {
        Self {
            kind,
            at,
            text: String::new(),
        }
    }
}

/// A decision on one device while it is being written.
struct Deciding<'a> {
    register: &'a Register,
    viewer: &'a Viewer,
    unit: Unit,
    at: Instant,
    end: End,
    seal: Seal,
    body: String,
    text: String,
}

impl Deciding<'_> {
    async fn accept(&mut self, sent: &Revision) -> Result<()> {
        let entry = Entry {
            revision: sent.id,
            device: sent.device,
            code: String::new(),
            submitted_at: sent.submitted_at,
        };
        self.unit.mark_accepted(&[entry], self.at).await?;
        self.close(sent, sent.id, Kind::Accepted, Vec::new(), Act::Accepted)
            .await
    }

    /// Writes what is accepted until now with the changes that are right as a state of its own:
    /// what was sent stays as it was sent.
    async fn accept_but(&mut self, sent: Revision, mut remarks: Vec<Remark>) -> Result<()> {
        reasons(&remarks)?;
        if sent.withdrawn {
            return Err(Error::Invalid(WITHDRAWN.to_owned()));
        }
        let accepted = in_state(&mut self.unit, self.viewer, sent.device, State::Accepted)
            .await?
            .filter(|one| one.accepted)
            .ok_or_else(|| Error::Invalid(FIRST.to_owned()))?;
        if self.unit.device_number(sent.device).await? != Some(sent.number) {
            return Err(Error::Invalid(EDITED.to_owned()));
        }
        if accepted.record.text(Field::Ente) != sent.record.text(Field::Ente) {
            return Err(Error::Invalid(IDENTITY.to_owned()));
        }
        let mut record = sent.record.clone();
        let differing: HashSet<Field> = sent.record.changes(&accepted.record).collect();
        let mut left: HashSet<Field> = remarks.iter().filter_map(Remark::field).collect();
        if let Some(same) = left.iter().find(|field| !is_changed(**field, &differing)) {
            return Err(Error::Invalid(format!(
                "«{}» non è cambiato: non c’è nulla da lasciare da parte.",
                same.attribute().label
            )));
        }
        if left.contains(&Field::Lat) || left.contains(&Field::Lon) {
            left.extend([Field::Lat, Field::Lon]);
        }
        if left.contains(&Field::Codice) || left.contains(&Field::Ente) {
            return Err(Error::Invalid(IDENTITY.to_owned()));
        }
        for field in &left {
            record.set(*field, accepted.record.get(*field).cloned());
        }
        for remark in &mut remarks {
            if let Some(field) = remark.field() {
                remark.value = sent.record.words(field);
            }
        }
        let provenance = if left.contains(&Field::Lat) {
            accepted.provenance
        } else {
            sent.provenance.clone()
        };
        let mut merged = Revision {
            record,
            provenance,
            source: Source::Form,
            ..sent
                .clone()
                .next(self.register.clock.new_id(), self.at, &self.viewer.account)
        };
        self.judge(&mut merged).await?;
        merged.accepted = true;
        merged.accepted_from = Some(self.at);
        merged.stage = Stage::Accepted;
        self.unit
            .retire_accepted(std::iter::once(sent.device), self.at)
            .await?;
        self.unit.end_wait(sent.id, Stage::SentBack.name()).await?;
        let id = merged.id;
        self.unit
            .add_revisions(vec![merged], &mut self.seal)
            .await?;
        self.close(&sent, id, Kind::AcceptedInPart, remarks, Act::Accepted)
            .await
    }

    /// What the rules say of a state that nobody typed as a whole.
    async fn judge(&mut self, merged: &mut Revision) -> Result<()> {
        let world = self.register.world(&mut self.unit).await?;
        let draft = draft_of(merged);
        let around = around(
            &mut self.unit,
            self.viewer,
            &world,
            &draft,
            Some(merged.device),
        )
        .await?;
        let checked = rules::check(&draft, &world, &around);
        let is_error = |finding: &&Finding| finding.severity() == Severity::Error;
        if let Some(error) = checked.findings.iter().find(is_error) {
            return Err(Error::Invalid(format!(
                "Senza quei valori il dispositivo non regge: {} Rimandatelo, oppure convalidate \
                 tutto.",
                error.message
            )));
        }
        merged.warnings = i64::try_from(checked.unconfirmed(&draft).len()).unwrap_or(i64::MAX);
        Ok(())
    }

    async fn send_back(&mut self, sent: &Revision, remarks: Vec<Remark>) -> Result<()> {
        reasons(&remarks)?;
        if self.text.is_empty() && remarks.is_empty() {
            return Err(Error::Invalid(
                "Per rimandare serve un motivo: scrivetelo, per tutto il dispositivo o per i \
                 singoli campi."
                    .to_owned(),
            ));
        }
        self.unit.end_wait(sent.id, Stage::SentBack.name()).await?;
        self.close(sent, sent.id, Kind::SentBack, remarks, Act::SentBack)
            .await
    }

    /// Tells who writes for the body what became of the device.
    async fn tell_officers(&mut self, sent: &Revision, kind: Kind) -> Result<()> {
        let told = Told {
            kind: match kind {
                Kind::SentBack => notice::Kind::SentBack,
                Kind::AcceptedInPart => notice::Kind::AcceptedInPart,
                _ => notice::Kind::Accepted,
            },
            body: &self.body,
            devices: 1,
            device: Some(sent.device),
            text: sent.record.text(Field::Codice),
        };
        let officers = officers_of(&mut self.unit, self.viewer, &self.body).await?;
        self.register
            .tell_people(&mut self.unit, self.viewer, &officers, told, self.at)
            .await
    }

    /// Says at the device what was decided, and notes it in the history.
    async fn close(
        &mut self,
        sent: &Revision,
        revision: Uuid,
        kind: Kind,
        remarks: Vec<Remark>,
        act: Act,
    ) -> Result<()> {
        let review = Review {
            id: self.register.clock.new_id(),
            body: self.body.clone(),
            device: Some(sent.device),
            revision: Some(revision),
            kind,
            at: self.at,
            author: self.viewer.account.clone(),
            text: std::mem::take(&mut self.text),
            remarks,
        };
        self.unit.add_reviews(&[review], &mut self.seal).await?;
        self.tell_officers(sent, kind).await?;
        let detail = format!("{}: {}", kind.label(), sent.record.text(Field::Codice));
        let note = Note {
            act,
            body: Some(&self.body),
            subject: &sent.device.to_string(),
            detail: &detail,
        };
        note_at(
            &mut self.unit,
            self.viewer,
            &self.seal,
            note,
            self.at,
            self.end.clone(),
        )
        .await
    }
}

const NOT_HERE: Error = Error::NotFound("Questo dispositivo non c’è, oppure non potete vederlo.");

const OWN: &str = "Avete scritto o inviato voi questi dati: la convalida è di un’altra persona.";

const MOVED: &str = "Questo invio è già stato deciso, oppure l’ente ne ha mandato uno nuovo: \
                     tornate all’elenco e guardate quello.";

const FIRST: &str =
    "È il primo invio di questo dispositivo: si convalida tutto, oppure si rimanda.";

const EDITED: &str = "Dopo l’invio l’ente ha modificato il dispositivo: si convalida tutto, oppure \
                      si rimanda.";

const WITHDRAWN: &str = "Un ritiro dal censimento si convalida o si rimanda: non ha una parte.";

const IDENTITY: &str = "Codice ed ente dicono quale dispositivo è: non si lasciano da parte da soli. \
                        Rimandatelo, oppure convalidate tutto.";

/// Of these entries, those whose devices this unit holds.
fn held(mut entries: Vec<Entry>, known: &[Entry]) -> Vec<Entry> {
    let devices: HashSet<Uuid> = known.iter().map(|one| one.device).collect();
    entries.retain(|entry| devices.contains(&entry.device));
    entries
}

/// Whether an attribute differs; the two of the position are one.
fn is_changed(field: Field, differing: &HashSet<Field>) -> bool {
    let place = [Field::Lat, Field::Lon];
    if place.contains(&field) {
        place.iter().any(|one| differing.contains(one))
    } else {
        differing.contains(&field)
    }
}

/// Two devices of a body cannot be published with one code.
fn code_taken(error: Error) -> Error {
    match error {
        Error::Storage(storage::Error::Constraint(name)) if name == "revision_published_code" => {
            Error::Invalid(
                "Due dispositivi convalidati dell’ente avrebbero lo stesso codice: uno ha cambiato \
                 codice e non è stato inviato, oppure è da ritirare. Guardateli uno per uno, o \
                 rimandate."
                    .to_owned(),
            )
        }
        other => other,
    }
}

fn in_hand(claim: &Claim) -> String {
    format!(
        "L’ente è in carico a {} dal {}. Se serve, prendetelo in carico voi dalla pagina della \
         convalida.",
        claim.account,
        clock::words(claim.at)
    )
}

/// Refuses whoever does not accept or send back.
pub fn may_review(viewer: &Viewer) -> Result<()> {
    if viewer.reviews() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "Convalida solo chi ha il ruolo di validatore.",
        ))
    }
}

/// Whether somebody reads what officers and reviewers of a body say to each other.
fn takes_part(viewer: &Viewer, body: &str) -> bool {
    viewer.writes(body) || viewer.reads_all()
}

/// A device of this person's in one state, if it has one.
pub(super) async fn in_state(
    unit: &mut Unit,
    viewer: &Viewer,
    device: Uuid,
    state: State,
) -> Result<Option<Revision>> {
    let mut filter = Filter::device(viewer, device);
    filter.state = state;
    Ok(unit.device(&filter).await?)
}

/// How many devices of a body cannot be sent because something has still to be stated.
async fn incomplete(
    unit: &mut Unit,
    viewer: &Viewer,
    body: &str,
    device: Option<Uuid>,
) -> Result<i64> {
    let mut filter = Filter::working(viewer);
    filter.exact = vec![(Field::Ente, body.to_owned())];
    filter.device = device;
    filter.open = Some(crate::census::filter::Open::Missing);
    Ok(unit.count(&filter).await?)
}

/// A text as it is kept, without what is never recorded.
pub(super) fn said(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_TEXT {
        return Err(Error::Invalid(format!(
            "Il testo ha al più {LONGEST_TEXT} caratteri."
        )));
    }
    match rules::never_recorded(text) {
        Some(_) => Err(Error::Invalid(
            "Il testo sembra contenere un indirizzo di rete, una password o simili, che qui non \
             si registrano mai: toglieteli."
                .to_owned(),
        )),
        None => Ok(text.to_owned()),
    }
}

/// Refuses remarks that say nothing, or what is never recorded.
fn reasons(remarks: &[Remark]) -> Result<()> {
    for remark in remarks {
        let Some(field) = remark.field() else {
            return Err(Error::Invalid(format!(
                "Il campo «{}» non esiste.",
                remark.field
            )));
        };
        if said(&remark.reason)?.is_empty() {
            return Err(Error::Invalid(format!(
                "Manca il motivo per «{}»: dite che cosa non va.",
                field.attribute().label
            )));
        }
    }
    Ok(())
}

fn subject(device: Option<Uuid>, body: &str) -> String {
    device.map_or_else(|| body.to_owned(), |device| device.to_string())
}

fn counted(devices: usize) -> String {
    match devices {
        1 => "1 dispositivo".to_owned(),
        _ => format!("{devices} dispositivi"),
    }
}
