//! How bodies take part: what is recorded of their steps, acts and seats, and whom to ring.
//!
//! Its own officers and the reviewers record for a body; who reads everything reads; to the officers
//! of others none of it exists, but the name of the body, which everybody chooses from. Whom to ring
//! is for the body itself and for who coordinates. Steps, acts and seats are only added, so every
//! question may be about an instant; of a contact nothing stays but that it changed.
//! Enforced by `tests/it/adhesion.rs` and `tests/it/access.rs`.

use super::document::{self, Attachment};
use super::journal::{Note, note_at};
use super::{Error, Register, Result};
use crate::census::adhesion::{
    self, Act, ActKind, Contact, Said, Seat, Stage, Step, TypedAct, TypedSeat, TypedStep, Wrong,
};
use crate::census::collation::italian;
use crate::census::document::Document;
use crate::census::draft::Draft;
use crate::census::finding::Finding;
use crate::census::journal::{self, Seal};
use crate::census::person::Viewer;
use crate::census::position::{Diagnosis, in_figures};
use crate::census::revision::Provenance;
use crate::census::rules;
use crate::census::vocabulary::{Field, fold};
use crate::clock::Instant;
use crate::storage::Unit;
use crate::storage::body::Body;
use crate::storage::journal::End;
use uuid::Uuid;

const NOT_HERE: Error = Error::NotFound("Questo ente non c’è, oppure non potete vederlo.");

/// Which bodies are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words to find in the name, any case and accents.
    pub text: String,
    /// Those that have come this far; the inner nothing is for those without any step.
    pub stage: Option<Option<Stage>>,
}

/// A body in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The body.
    pub body: Body,
    /// Whether this person may know more than its name; otherwise the rest is empty.
    pub shown: bool,
    /// How far it has come, and the row that says so.
    pub present: Option<(Stage, Step)>,
    /// Its seat.
    pub seat: Option<Seat>,
}

/// Whom to ring, as far as the person who asks may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// That is not for this person.
    Hidden,
    /// Nobody is designated.
    Nobody,
    /// This person.
    Designated(Contact),
}

/// A body with everything recorded of it, in the order it was recorded.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The body.
    pub body: Body,
    /// Whether this person may record.
    pub records: bool,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What was recorded of its acts.
    pub acts: Vec<Act>,
    /// Its seats; the last is the present one.
    pub seats: Vec<Seat>,
    /// The documents behind all these.
    pub documents: Vec<Document>,
    /// Whom to ring, today.
    pub contact: Whom,
}

/// What becomes of the document of the row before.
#[derive(Debug)]
pub enum Attached {
    /// It stands behind the new row too; nothing, if there was none.
    Same,
    /// None stands behind the new row.
    Nothing,
    /// This file does.
    New(Attachment),
}

/// What came of recording something.
#[derive(Debug)]
pub enum Outcome {
    /// It is recorded.
    Saved,
    /// Nothing is, because of this.
    Refused {
        /// What is wrong, at the fields.
        wrong: Vec<Wrong>,
        /// What is wrong with the position, with what would mend it.
        findings: Vec<Finding>,
    },
}

impl From<Vec<Wrong>> for Outcome {
    fn from(wrong: Vec<Wrong>) -> Self {
        Self::Refused {
            wrong,
            findings: Vec::new(),
        }
    }
}

/// Looking.
impl Register {
    /// The bodies that are wanted, those this person knows first, then by name, as they were at an
    /// instant or are now.
    pub async fn find_bodies(
        &self,
        viewer: &Viewer,
        wanted: &Wanted,
        at: Option<Instant>,
    ) -> Result<Vec<Row>> {
        let mut unit = self.store.read().await?;
        let mut bodies = unit.bodies().await?;
        let steps = unit.steps(None, at).await?;
        let seats = unit.seats(None, at).await?;
        let unknown = |body: &Body| !viewer.reads_adhesion(&body.code);
        bodies.sort_by(|left, right| {
            unknown(left)
                .cmp(&unknown(right))
                .then_with(|| italian(&left.name, &right.name))
                .then_with(|| left.code.cmp(&right.code))
        });
        let text = fold(&wanted.text);
        let rows = bodies.into_iter().filter_map(|body| {
            let name = fold(&body.name);
            text.split(' ')
                .all(|word| name.contains(word))
                .then(|| row(viewer, body, &steps, &seats))
        });
        drop(unit);
        self.note_page(viewer, None, "enti").await?;
        let reached = |row: &Row| row.present.as_ref().map(|(stage, _)| *stage);
        Ok(rows
            .filter(|row| match wanted.stage {
                None => true,
                Some(stage) => row.shown && reached(row) == stage,
            })
            .collect())
    }

    /// A body with everything recorded of it until an instant, or until now.
    pub async fn body(&self, viewer: &Viewer, code: &str, at: Option<Instant>) -> Result<Seen> {
        let seen = self.recorded(viewer, code, at).await?;
        let note = Note {
            act: journal::Act::Read,
            body: Some(code),
            subject: "",
            detail: "adesione, atti e sede",
        };
        self.note_reading(viewer, note).await?;
        Ok(seen)
    }

    pub(super) async fn recorded(
        &self,
        viewer: &Viewer,
        code: &str,
        at: Option<Instant>,
    ) -> Result<Seen> {
        let mut unit = self.store.read().await?;
        let body = visible(&mut unit, viewer, code).await?;
        let contact = if viewer.reads_contact(code) {
            let contact = unit.contact(code).await?;
            contact.map_or(Whom::Nobody, Whom::Designated)
        } else {
            Whom::Hidden
        };
        let mut documents = unit.documents(code).await?;
        documents.retain(|document| at.is_none_or(|at| document.recorded_at <= at));
        Ok(Seen {
            records: viewer.records_adhesion(code),
            steps: unit.steps(Some(code), at).await?,
            acts: unit.acts(Some(code), at).await?,
            seats: unit.seats(Some(code), at).await?,
            documents,
            contact,
            body,
        })
    }

    /// What is known of a position typed for the seat of a body; of the draft nothing else counts.
    pub async fn place(&self, viewer: &Viewer, code: &str, draft: &Draft) -> Result<Diagnosis> {
        let mut unit = self.store.read().await?;
        visible(&mut unit, viewer, code).await?;
        self.diagnose(&mut unit, code, draft).await
    }

    async fn diagnose(&self, unit: &mut Unit, code: &str, draft: &Draft) -> Result<Diagnosis> {
        let mut draft = draft.clone();
        draft.set(Field::Ente, code);
        let world = self.world(unit).await?;
        Ok(rules::place(&draft, &world))
    }
}

/// Recording.
impl Register {
    /// Records a step of a body.
    pub async fn record_step(
        &self,
        viewer: &Viewer,
        code: &str,
        typed: &TypedStep,
        attachment: Option<Attachment>,
    ) -> Result<Outcome> {
        let steps = self.recordable(viewer, code).await?.steps;
        let present = adhesion::present(&steps).map(|(stage, _)| stage);
        let blank = self.blank_step(viewer, code, Said::Reached(Stage::Interested));
        let read = adhesion::step(typed, present, self.clock.today(), blank);
        let attached = attachment.map_or(Attached::Nothing, Attached::New);
        let (mut step, file) = match both(read, attached).await? {
            Ok(both) => both,
            Err(wrong) => return Ok(wrong.into()),
        };
        let mut writing = self.begin(viewer, code).await?;
        step.recorded_at = writing.at;
        step.document = writing.attach(self, file, None).await?;
        writing.unit.add_step(&step, &mut writing.seal).await?;
        let words = step.stage().map_or("", Stage::label);
        let detail = [words, &step.number, &step.date];
        writing
            .end(journal::Act::AdhesionRecorded, step.id, &detail)
            .await
    }

    /// Says that a step of a body was recorded by mistake, and why.
    pub async fn annul_step(
        &self,
        viewer: &Viewer,
        code: &str,
        id: Uuid,
        reason: &str,
    ) -> Result<Outcome> {
        let steps = self.recordable(viewer, code).await?.steps;
        let already = || vec![Wrong::new("motivo", "Questo passo è già annullato.")].into();
        let there = |step: &Step| step.id == id && step.stage().is_some();
        if !steps.iter().any(there) {
            return Err(Error::NotFound("Questo passo non c’è."));
        }
        let blank = self.blank_step(viewer, code, Said::Annuls(id));
        let mut step = match adhesion::annulling(reason, self.clock.today(), blank) {
            Ok(step) => step,
            Err(wrong) => return Ok(wrong.into()),
        };
        let mut writing = self.begin(viewer, code).await?;
        // Whoever begins waits for who began before, who may have annulled it.
        let steps = writing.unit.steps(Some(code), None).await?;
        if adhesion::annulment(&steps, id).is_some() {
            return Ok(already());
        }
        step.recorded_at = writing.at;
        writing.unit.add_step(&step, &mut writing.seal).await?;
        let detail = ["annullato", &id.to_string()];
        writing
            .end(journal::Act::AdhesionRecorded, step.id, &detail)
            .await
    }

    /// Records an act of a body.
    pub async fn record_act(
        &self,
        viewer: &Viewer,
        code: &str,
        kind: ActKind,
        typed: &TypedAct,
        attached: Attached,
    ) -> Result<Outcome> {
        let acts = self.recordable(viewer, code).await?.acts;
        let before = adhesion::present_act(&acts, kind).and_then(|act| act.document);
        let blank = Act {
            id: self.clock.new_id(),
            body: code.to_owned(),
            kind,
            state: String::new(),
            number: String::new(),
            date: String::new(),
            names_readers: String::new(),
            lists_places: String::new(),
            note: String::new(),
            document: None,
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        };
        let read = adhesion::act(typed, self.clock.today(), blank);
        let (mut act, file) = match both(read, attached).await? {
            Ok(both) => both,
            Err(wrong) => return Ok(wrong.into()),
        };
        let mut writing = self.begin(viewer, code).await?;
        act.recorded_at = writing.at;
        act.document = writing.attach(self, file, before).await?;
        writing.unit.add_act(&act, &mut writing.seal).await?;
        let detail = [
            kind.label(),
            kind.state_label(&act.state),
            &act.number,
            &act.date,
        ];
        writing
            .end(journal::Act::ActRecorded, act.id, &detail)
            .await
    }

    /// Records the seat of a body; of the draft only the position counts.
    pub async fn record_seat(
        &self,
        viewer: &Viewer,
        code: &str,
        typed: &TypedSeat,
        draft: &Draft,
        attached: Attached,
    ) -> Result<Outcome> {
        let seats = self.recordable(viewer, code).await?.seats;
        let before = seats.last().and_then(|seat| seat.document);
        let mut unit = self.store.read().await?;
        let Diagnosis { point, findings } = self.diagnose(&mut unit, code, draft).await?;
        drop(unit);
        let stops = |finding: &&Finding| finding.stops();
        let misplaced: Vec<Wrong> = findings
            .iter()
            .filter(stops)
            .map(|finding| Wrong::new("posizione", finding.message.clone()))
            .collect();
        let located = point.filter(|_| misplaced.is_empty());
        let blank = Seat {
            id: self.clock.new_id(),
            body: code.to_owned(),
            address: String::new(),
            lat: located.as_ref().map_or(0.0, |point| point.lat),
            lon: located.as_ref().map_or(0.0, |point| point.lon),
            provenance: located.map_or_else(Provenance::default, |point| Provenance {
                text: point.original,
                crs: point.crs.to_owned(),
                operation: point.operation.to_owned(),
                accuracy_m: point.accuracy_m,
            }),
            fibre: String::new(),
            fibre_date: String::new(),
            note: String::new(),
            document: None,
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        };
        let mut read = adhesion::seat(typed, self.clock.today(), blank);
        if !misplaced.is_empty() {
            read = Err(misplaced
                .into_iter()
                .chain(read.err().unwrap_or_default())
                .collect());
        }
        let (mut seat, file) = match both(read, attached).await? {
            Ok(both) => both,
            Err(wrong) => return Ok(Outcome::Refused { wrong, findings }),
        };
        let mut writing = self.begin(viewer, code).await?;
        seat.recorded_at = writing.at;
        seat.document = writing.attach(self, file, before).await?;
        writing.unit.add_seat(&seat, &mut writing.seal).await?;
        let point = in_figures(seat.lat, seat.lon);
        let fibre = adhesion::label(adhesion::fibres(), &seat.fibre);
        let detail = [&seat.address, &point, "fibra", fibre, &seat.fibre_date];
        writing
            .end(journal::Act::SeatRecorded, seat.id, &detail)
            .await
    }

    /// Designates whom to ring at a body; who was before is forgotten.
    pub async fn put_contact(
        &self,
        viewer: &Viewer,
        code: &str,
        typed: &Contact,
    ) -> Result<Outcome> {
        self.recordable(viewer, code).await?;
        let blank = Contact {
            author: viewer.account.clone(),
            ..Contact::default()
        };
        let mut contact = match adhesion::contact(typed, self.clock.today(), blank) {
            Ok(contact) => contact,
            Err(wrong) => return Ok(wrong.into()),
        };
        let mut writing = self.begin(viewer, code).await?;
        contact.changed_at = writing.at;
        writing.unit.put_contact(code, &contact).await?;
        let act = journal::Act::ContactChanged;
        writing.end(act, Uuid::nil(), &["designato"]).await
    }

    /// Erases whom to ring at a body.
    pub async fn erase_contact(&self, viewer: &Viewer, code: &str) -> Result<()> {
        self.recordable(viewer, code).await?;
        let mut writing = self.begin(viewer, code).await?;
        writing.unit.erase_contact(code).await?;
        let act = journal::Act::ContactChanged;
        writing.end(act, Uuid::nil(), &["cancellato"]).await?;
        Ok(())
    }

    /// A body for which this person may record, for a form.
    pub async fn body_to_record(&self, viewer: &Viewer, code: &str) -> Result<Seen> {
        let seen = self.recordable(viewer, code).await?;
        self.note_page(viewer, Some(code), "modulo dell’ente")
            .await?;
        Ok(seen)
    }

    async fn recordable(&self, viewer: &Viewer, code: &str) -> Result<Seen> {
        let seen = self.recorded(viewer, code, None).await?;
        if seen.records {
            Ok(seen)
        } else {
            Err(Error::Forbidden(
                "Potete leggere quello che riguarda questo ente, ma non registrarlo.",
            ))
        }
    }

    fn blank_step(&self, viewer: &Viewer, code: &str, said: Said) -> Step {
        Step {
            id: self.clock.new_id(),
            body: code.to_owned(),
            said,
            number: String::new(),
            date: String::new(),
            note: String::new(),
            document: None,
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        }
    }

    /// Begins to record something of a body, at the end of the history.
    async fn begin<'a>(&self, viewer: &'a Viewer, code: &'a str) -> Result<Writing<'a>> {
        let mut unit = self.store.write().await?;
        let (at, end) = self.moment(&mut unit).await?;
        Ok(Writing {
            unit,
            at,
            end,
            viewer,
            code,
            document: None,
            seal: self.seal(),
        })
    }
}

/// Something being recorded: rows and documents take its instant, so that they stand in the order
/// of the history.
struct Writing<'a> {
    unit: Unit,
    at: Instant,
    end: End,
    viewer: &'a Viewer,
    code: &'a str,
    /// What came along.
    document: Option<Document>,
    seal: Seal,
}

impl Writing<'_> {
    /// The document that stands behind a new row.
    async fn attach(
        &mut self,
        register: &Register,
        file: Behind,
        before: Option<Uuid>,
    ) -> Result<Option<Uuid>> {
        match file {
            Behind::Same => Ok(before),
            Behind::Nothing => Ok(None),
            Behind::New(admitted) => {
                let place = (self.code, register.clock.new_id(), self.at);
                let kept =
                    document::keep(&mut self.unit, self.viewer, place, admitted, &mut self.seal)
                        .await?;
                let id = kept.id;
                self.document = Some(kept);
                Ok(Some(id))
            }
        }
    }

    /// Notes what was recorded, with the hash of the document that came along, and ends.
    async fn end(mut self, act: journal::Act, subject: Uuid, detail: &[&str]) -> Result<Outcome> {
        let hash = self
            .document
            .map(|document| format!("documento con SHA-256 {}", document.sha256))
            .unwrap_or_default();
        let parts = detail.iter().copied().chain([hash.as_str()]);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let subject = if subject.is_nil() {
            String::new()
        } else {
            subject.to_string()
        };
        let note = Note {
            act,
            body: Some(self.code),
            subject: &subject,
            detail: &parts.join(", "),
        };
        note_at(
            &mut self.unit,
            self.viewer,
            &self.seal,
            note,
            self.at,
            self.end,
        )
        .await?;
        self.unit.commit().await?;
        Ok(Outcome::Saved)
    }
}

/// What is to stand behind a row, after a look at it.
enum Behind {
    Same,
    Nothing,
    New(document::Admitted),
}

/// What was read and the file with it, or everything that is wrong with either.
async fn both<T>(
    read: Result<T, Vec<Wrong>>,
    attached: Attached,
) -> Result<Result<(T, Behind), Vec<Wrong>>> {
    let file = match attached {
        Attached::Same => Ok(Behind::Same),
        Attached::Nothing => Ok(Behind::Nothing),
        Attached::New(attachment) => document::admit(attachment).await?.map(Behind::New),
    };
    Ok(match (read, file) {
        (Ok(read), Ok(file)) => Ok((read, file)),
        (read, file) => Err(read.err().into_iter().flatten().chain(file.err()).collect()),
    })
}

fn row(viewer: &Viewer, body: Body, steps: &[Step], seats: &[Seat]) -> Row {
    let shown = viewer.reads_adhesion(&body.code);
    if !shown {
        return Row {
            body,
            shown,
            present: None,
            seat: None,
        };
    }
    // Both stand by body, then in the order they were recorded.
    let first = steps.partition_point(|step| step.body < body.code);
    let last = steps.partition_point(|step| step.body <= body.code);
    let own = steps.get(first..last).unwrap_or_default();
    let end = seats.partition_point(|seat| seat.body <= body.code);
    let seat = seats.get(..end).and_then(<[Seat]>::last);
    Row {
        shown,
        present: adhesion::present(own).map(|(stage, step)| (stage, step.clone())),
        seat: seat.filter(|seat| seat.body == body.code).cloned(),
        body,
    }
}

/// A body of which this person may know more than its name.
async fn visible(unit: &mut Unit, viewer: &Viewer, code: &str) -> Result<Body> {
    if !viewer.reads_adhesion(code) {
        return Err(NOT_HERE);
    }
    let bodies = unit.bodies().await?;
    bodies
        .into_iter()
        .find(|body| body.code == code)
        .ok_or(NOT_HERE)
}
