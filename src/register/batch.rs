//! The staged batch: a file is kept, read and judged row by row; a person sees what each row would
//! do, mends it and confirms; what was confirmed can be undone as a whole.
//!
//! What takes time is work: the batch says in its state what is to be done, whoever has time does it
//! (`work`), a chunk of rows at a time, and after a restart it is done again from its beginning.
//! Confirming and undoing are one transaction each, so they happened or they did not, and the
//! batch's state, written in the same transaction, says which. Nobody may do here what the form
//! would refuse. Enforced by `tests/it/batches.rs`.

use super::flow::{self, Fed, Feed, Keeper, Lookup};
use super::judge::{Edits, Incoming, Judge, Judged, Plan, Typed};
use super::load::{self, Asked, Prepared, Report};
use super::{Error, Register, Result};
use crate::census::batch::{Fate, State};
use crate::census::finding::Severity;
use crate::census::person::Viewer;
use crate::census::revision::{Revision, Source};
use crate::census::rules::World;
use crate::census::survey::{Conclusion, Survey};
use crate::census::vocabulary::Field;
use crate::clock::{Instant, SECOND};
use crate::exchange::columns::{Hints, Mapping, Scheme};
use crate::exchange::source::{self, Certainty, Choices, Format, Row};
use crate::storage::Unit;
use crate::storage::batch::{Batch, BatchRow, Wanted};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use uuid::Uuid;

/// How much of a file is kept together, in bytes.
const PART: u64 = 1 << 20;

/// Nobody works any more at a batch that nobody said so of for this long.
const SILENCE: Instant = 20 * SECOND;

/// How many values that no list has are counted, and how many devices are named one by one.
const NAMED: usize = 200;

/// What a person asked of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// The code of the body of the rows that do not name one.
    pub body: Option<String>,
    /// The reference system of the coordinates, as `EPSG:n`.
    pub crs: Option<String>,
    /// How the file is to be read.
    pub choices: Choices,
    /// What was said of its columns and values, and what stands where it says nothing.
    pub scheme: Scheme,
    /// Whether what was remembered of the body has been taken over.
    pub remembered: bool,
    /// Whether the good rows are to be stored though others are not.
    pub partial: bool,
    /// The account of who confirmed.
    pub confirmed_by: Option<String>,
}

/// A column of the file, as a person looks at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenColumn {
    /// Its header.
    pub header: String,
    /// The spelling of what it is taken for; empty for nothing.
    pub target: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Some of its cells.
    pub examples: Vec<String>,
}

/// What was found, of a row or of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Which rule.
    pub code: String,
    /// How much it weighs.
    pub severity: String,
    /// The attribute.
    pub field: Option<String>,
    /// The header of its column.
    pub column: Option<String>,
    /// The value as the file has it, shortened.
    pub value: String,
    /// What is wrong and what to do, in Italian.
    pub message: String,
    /// What would mend it.
    pub proposals: Vec<Offer>,
}

/// What would mend a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Offer {
    /// Another reading of the coordinates.
    Position(super::judge::Taken),
    /// Another value.
    Value {
        /// The attribute's spelling.
        field: String,
        /// The value to put there.
        value: String,
    },
}

impl Offer {
    /// What people read.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Position(taken) => format!(
                "{} ({})",
                crate::census::position::in_figures(taken.lat, taken.lon),
                taken.crs
            ),
            Self::Value { field, value } => match Field::named(field) {
                Some(field) => field.words(value),
                None => value.clone(),
            },
        }
    }
}

/// What the rules say of a row and what it would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judgement {
    /// What was found.
    pub findings: Vec<Note>,
    /// What it changes of the device that is there.
    pub changes: Vec<Change>,
    /// The name of its device.
    pub name: String,
    /// The ISTAT code of its Comune.
    pub comune: String,
}

/// One attribute before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The attribute's spelling.
    pub field: String,
    /// As the register has it, as people read it.
    pub before: String,
    /// As the file has it, as people read it.
    pub after: String,
}

/// How often a rule spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// Which rule.
    pub code: String,
    /// How much it weighs.
    pub severity: String,
    /// Of how many rows.
    pub rows: u64,
    /// For how many of them it has exactly one proposal.
    pub certain: u64,
}

/// A value that its list does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// The attribute's spelling.
    pub field: String,
    /// The value in the file.
    pub value: String,
    /// In how many rows.
    pub rows: u64,
    /// What the rules would read for it, if they propose one entry.
    pub near: String,
}

/// A device that an undone batch leaves as it is, because somebody changed it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The device.
    pub device: Uuid,
    /// Whose it is.
    pub ente: String,
    /// The body's own code.
    pub codice: String,
    /// Who changed it.
    pub author: String,
    /// When.
    pub at: Instant,
}

/// What was found out of a file, and what its rows would do or did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// How many rows of data there are.
    pub rows: u64,
    /// How many rows have each fate, by its spelling.
    pub fates: BTreeMap<String, u64>,
    /// How the file is read.
    pub detected: Option<source::Detected>,
    /// The reference system that was declared, or the one most points were read in.
    pub crs: Option<String>,
    /// Its columns.
    pub columns: Vec<SeenColumn>,
    /// What was found of the file as a whole.
    pub findings: Vec<Note>,
    /// How often each rule spoke of its rows.
    pub spoken: Vec<Spoken>,
    /// The values that their lists do not have.
    pub odd: Vec<Odd>,
    /// How many devices an undone batch left as they were.
    pub kept: u64,
    /// The first of them.
    pub kept_devices: Vec<Kept>,
}

impl Summary {
    /// What is kept of an import that was done at once.
    pub(super) fn of_report(report: &Report) -> Self {
        let fates = [
            (Fate::New, report.created),
            (Fate::Changed, report.changed),
            (Fate::Unchanged, report.unchanged),
            (Fate::Rejected, report.rejected),
        ];
        let named = fates.map(|(fate, count)| (fate.name().to_owned(), count));
        Self {
            rows: report.rows,
            fates: named.into_iter().collect(),
            detected: Some(report.detected.file.clone()),
            crs: report.detected.crs.clone(),
            ..Self::default()
        }
    }

    /// How many rows have a fate.
    #[must_use]
    pub fn of(&self, fate: Fate) -> u64 {
        self.fates.get(fate.name()).copied().unwrap_or_default()
    }

    /// How many rows would be, or were, written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.of(Fate::New) + self.of(Fate::Changed)
    }

    /// How many rows keep the whole from being stored.
    #[must_use]
    pub fn stopping(&self) -> u64 {
        self.of(Fate::Rejected) + self.of(Fate::Conflict)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        json(self)
    }
}

/// How far the work at a batch has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doing {
    /// The share that is done, from 0 to 1.
    pub share: f64,
    /// How many rows that is.
    pub rows: u64,
    /// How many rows a second.
    pub rate: f64,
    /// How many seconds are left at that rate.
    pub left: f64,
}

/// Who works at what in this process, and who waits for the end of a work.
#[derive(Debug, Clone, Default)]
pub struct Works {
    under_way: Arc<Mutex<HashMap<Uuid, Work>>>,
    ended: Arc<Notify>,
}

#[derive(Debug, Clone, Copy)]
struct Work {
    started: Instant,
    share: f64,
    rows: u64,
    cancelled: bool,
}

impl Works {
    fn begin(&self, batch: Uuid, now: Instant) {
        let work = Work {
            started: now,
            share: 0.0,
            rows: 0,
            cancelled: false,
        };
        self.with(|works| works.insert(batch, work));
    }

    /// Takes note of how far a work has come; says whether it should go on.
    fn advance(&self, batch: Uuid, share: f64, rows: u64) -> bool {
        self.with(|works| {
            works.get_mut(&batch).is_none_or(|work| {
                work.share = share;
                work.rows = rows;
                !work.cancelled
            })
        })
    }

    fn end(&self, batch: Uuid) {
        self.with(|works| works.remove(&batch));
        self.ended.notify_waiters();
    }

    fn cancel(&self, batch: Uuid) {
        self.with(|works| {
            if let Some(work) = works.get_mut(&batch) {
                work.cancelled = true;
            }
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds and rows of a work")]
    fn doing(&self, batch: Uuid, now: Instant) -> Option<Doing> {
        let work = self.with(|works| works.get(&batch).copied())?;
        let seconds = (now - work.started).max(1) as f64 / SECOND as f64;
        let left = if work.share > 0.0 {
            seconds / work.share * (1.0 - work.share)
        } else {
            0.0
        };
        Some(Doing {
            share: work.share,
            rows: work.rows,
            rate: work.rows as f64 / seconds,
            left,
        })
    }

    fn with<T>(&self, what: impl FnOnce(&mut HashMap<Uuid, Work>) -> T) -> T {
        // A panic elsewhere leaves the numbers as they are, which harms nobody.
        what(
            &mut self
                .under_way
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

/// A batch as a person sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The batch.
    pub batch: Batch,
    /// What was asked.
    pub orders: Orders,
    /// What was found out.
    pub summary: Summary,
    /// How far the work has come, when this process is at it.
    pub doing: Option<Doing>,
    /// Whether this person may change, confirm or undo it.
    pub writable: bool,
    /// The batch that undid it.
    pub undone_by: Option<Batch>,
}

/// A row of a batch as a person sees it.
#[derive(Debug, Clone)]
pub struct SeenRow {
    /// The row.
    pub row: BatchRow,
    /// Its cells as the file has them.
    pub cells: Vec<String>,
    /// What was changed of it.
    pub edits: Edits,
    /// What the rules say.
    pub judgement: Judgement,
}

impl SeenRow {
    fn of(row: BatchRow) -> Result<Self> {
        Ok(Self {
            cells: stored(&row.cells)?,
            edits: edits_of(&row)?,
            judgement: stored(&row.judgement)?,
            row,
        })
    }
}

fn edits_of(row: &BatchRow) -> Result<Edits> {
    match row.edits.as_str() {
        "" => Ok(Edits::default()),
        text => stored(text),
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Failed(error.to_string()))
}

fn stored<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Failed(error.to_string()))
}

const NOT_HERE: Error = Error::NotFound("Questa importazione non c’è, oppure non potete vederla.");

/// Looking at batches.
impl Register {
    /// The batches that this person may see, the last first.
    pub async fn batches(&self, viewer: &Viewer) -> Result<Vec<Seen>> {
        let own: Vec<&str> = viewer.bodies().collect();
        let author = (!viewer.reads_all()).then_some(viewer.account.as_str());
        let found = self.store.read().await?.batches(author, &own, 200).await?;
        found
            .into_iter()
            .map(|batch| self.seen(viewer, batch, None))
            .collect()
    }

    /// One batch, if this person may see it.
    pub async fn batch(&self, viewer: &Viewer, id: Uuid) -> Result<Seen> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        let undone_by = unit.undoing(id).await?;
        may_see(viewer, &batch)?;
        self.seen(viewer, batch, undone_by)
    }

    /// One batch once nobody has to work at it any more, however long that takes when another
    /// process does.
    pub async fn settled_batch(&self, viewer: &Viewer, id: Uuid) -> Result<Seen> {
        loop {
            let ended = self.works.ended.notified();
            let seen = self.batch(viewer, id).await?;
            if !seen.batch.state.is_work() {
                return Ok(seen);
            }
            ended.await;
        }
    }

    fn seen(&self, viewer: &Viewer, batch: Batch, undone_by: Option<Batch>) -> Result<Seen> {
        Ok(Seen {
            orders: stored(&batch.request)?,
            summary: stored(&batch.summary)?,
            doing: self.works.doing(batch.id, self.clock.now()),
            writable: writes(viewer, &batch),
            batch,
            undone_by,
        })
    }

    /// Some of the rows of a batch, after a record.
    pub async fn batch_rows(
        &self,
        viewer: &Viewer,
        id: Uuid,
        wanted: &Wanted,
        after: i64,
        at_most: i64,
    ) -> Result<Vec<SeenRow>> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let rows = unit.batch_rows(id, wanted, after, at_most).await?;
        rows.into_iter().map(SeenRow::of).collect()
    }

    /// How many rows of a batch are wanted.
    pub async fn count_batch_rows(
        &self,
        viewer: &Viewer,
        id: Uuid,
        wanted: &Wanted,
    ) -> Result<i64> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        Ok(unit.count_batch_rows(id, wanted).await?)
    }

    /// One row of a batch.
    pub async fn batch_row(&self, viewer: &Viewer, id: Uuid, record: i64) -> Result<SeenRow> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let row = unit.batch_row(id, record).await?;
        SeenRow::of(row.ok_or(Error::NotFound("Questa riga non c’è."))?)
    }

    /// Where the rows of a batch would be, for a map: record, fate, degrees east and north.
    pub async fn batch_points(
        &self,
        viewer: &Viewer,
        id: Uuid,
        at_most: i64,
    ) -> Result<Vec<(i64, String, f64, f64)>> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        Ok(unit.batch_points(id, at_most).await?)
    }
}

/// Whoever sent it, whoever writes its body, and whoever reads everything.
fn may_see(viewer: &Viewer, batch: &Batch) -> Result<()> {
    if writes(viewer, batch) || viewer.reads_all() {
        Ok(())
    } else {
        Err(NOT_HERE)
    }
}

/// Whether a person may change, confirm or undo a batch; each device is asked for again when it is
/// written.
fn writes(viewer: &Viewer, batch: &Batch) -> bool {
    let own = batch.author == viewer.account;
    let body = batch.body.as_deref();
    viewer.writes_any() && (own || body.is_some_and(|body| viewer.writes(body)))
}

/// Sending a file and changing what is done with it.
impl Register {
    /// Keeps a file and sets the work going; gives back its batch.
    pub async fn stage(
        &self,
        viewer: &Viewer,
        name: &str,
        orders: &Orders,
        mut content: File,
    ) -> Result<Uuid> {
        if !viewer.writes_any() {
            return Err(Error::Forbidden("Il vostro ruolo non scrive dispositivi."));
        }
        let mut unit = self.store.write().await?;
        let world = self.world(&mut unit).await?;
        let mut orders = orders.clone();
        orders.body = load::body(viewer, orders.body.as_deref(), &world)?;
        load::declared(orders.crs.as_deref())?;
        let now = self.clock.now();
        let batch = Batch {
            id: self.clock.new_id(),
            name: name.to_owned(),
            author: viewer.account.clone(),
            source: Source::File,
            state: State::Reading,
            created_at: now,
            changed_at: now,
            beat_at: 0,
            cancelled: false,
            request: json(&orders)?,
            summary: "{}".to_owned(),
            problem: String::new(),
            body: orders.body.clone(),
            undoes: None,
        };
        unit.add_batch(&batch).await?;
        content.rewind()?;
        for number in 0.. {
            let mut part = Vec::new();
            let length = Read::by_ref(&mut content)
                .take(PART)
                .read_to_end(&mut part)?;
            if length == 0 {
                break;
            }
            unit.add_batch_part(batch.id, number, part).await?;
        }
        unit.commit().await?;
        Ok(batch.id)
    }

    /// Changes how a file is read or what is asked of it; its rows are read or judged again.
    pub async fn reorder(
        &self,
        viewer: &Viewer,
        id: Uuid,
        change: impl FnOnce(&mut Orders) -> Result<()>,
    ) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id).await?;
        let before: Orders = stored(&batch.request)?;
        let mut orders = before.clone();
        change(&mut orders)?;
        let world = self.world(&mut unit).await?;
        orders.body = load::body(viewer, orders.body.as_deref(), &world)?;
        load::declared(orders.crs.as_deref())?;
        load::judge_constants(&orders.scheme.constants(), &world)?;
        let reread = orders.choices != before.choices || batch.state == State::Failed;
        batch.request = json(&orders)?;
        self.set(
            &mut unit,
            &mut batch,
            if reread {
                State::Reading
            } else {
                State::Judging
            },
        )
        .await?;
        Ok(unit.commit().await?)
    }

    /// Changes one row; all are judged again, because rows are about each other.
    pub async fn edit_row(
        &self,
        viewer: &Viewer,
        id: Uuid,
        record: i64,
        change: impl FnOnce(&mut Edits, &Judgement) -> Result<()>,
    ) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id).await?;
        let row = unit.batch_row(id, record).await?;
        let mut row = row.ok_or(Error::NotFound("Questa riga non c’è."))?;
        let mut edits = edits_of(&row)?;
        change(&mut edits, &stored(&row.judgement)?)?;
        row.edits = if edits.is_empty() {
            String::new()
        } else {
            json(&edits)?
        };
        unit.put_batch_row(id, &row).await?;
        self.set(&mut unit, &mut batch, State::Judging).await?;
        Ok(unit.commit().await?)
    }

    /// Says that for this row the file is right, whatever was changed since.
    pub async fn prefer_file(&self, viewer: &Viewer, id: Uuid, record: i64) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id).await?;
        let row = unit.batch_row(id, record).await?;
        let mut row = row.ok_or(Error::NotFound("Questa riga non c’è."))?;
        let present = unit.device_with_code(&row.ente, &row.codice).await?;
        row.base = present.map(|device| device.number);
        unit.put_batch_row(id, &row).await?;
        self.set(&mut unit, &mut batch, State::Judging).await?;
        Ok(unit.commit().await?)
    }

    /// Takes the single proposal of every row of which a rule spoke; says of how many.
    pub async fn accept(&self, viewer: &Viewer, id: Uuid, code: &str) -> Result<u64> {
        let (mut unit, mut batch) = self.open_batch(viewer, id).await?;
        let wanted = Wanted {
            code: Some(code.to_owned()),
            ..Wanted::default()
        };
        let (mut taken, mut after) = (0, 0);
        loop {
            let rows = unit.batch_rows(id, &wanted, after, CHUNK).await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            for mut row in rows {
                let judgement: Judgement = stored(&row.judgement)?;
                let mut edits = edits_of(&row)?;
                for note in judgement.findings.iter().filter(|note| note.code == code) {
                    if let [offer] = note.proposals.as_slice() {
                        edits.accept(offer);
                    }
                }
                let text = json(&edits)?;
                if text != row.edits {
                    row.edits = text;
                    taken += 1;
                    unit.put_batch_row(id, &row).await?;
                }
            }
        }
        self.set(&mut unit, &mut batch, State::Judging).await?;
        unit.commit().await?;
        Ok(taken)
    }

    /// Asks for the rows to be written: all, or the good ones.
    pub async fn confirm(&self, viewer: &Viewer, id: Uuid, partial: bool) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id).await?;
        let summary: Summary = stored(&batch.summary)?;
        if summary.stopping() > 0 && !partial {
            return Err(Error::Invalid(format!(
                "{} righe non si possono importare: correggetele, escludetele, oppure scegliete di \
                 importare solo le righe buone.",
                summary.stopping()
            )));
        }
        if summary.written() == 0 {
            return Err(Error::Invalid(
                "Nessuna riga cambierebbe il censimento: non c’è nulla da confermare.".to_owned(),
            ));
        }
        let mut orders: Orders = stored(&batch.request)?;
        orders.partial = partial;
        orders.confirmed_by = Some(viewer.account.clone());
        batch.request = json(&orders)?;
        self.set(&mut unit, &mut batch, State::Confirming).await?;
        Ok(unit.commit().await?)
    }

    /// Gives a batch up, or stops the work at it. What is already in the register stays.
    pub async fn abandon(&self, viewer: &Viewer, id: Uuid) -> Result<()> {
        self.works.cancel(id);
        let mut unit = self.store.write().await?;
        let mut batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        if !writes(viewer, &batch) {
            return Err(Error::Forbidden(
                "Potete solo guardare questa importazione.",
            ));
        }
        match batch.state {
            State::Confirmed | State::Undone => {
                return Err(Error::Invalid(
                    "Questa importazione è già nel censimento: si può solo annullare.".to_owned(),
                ));
            }
            State::Abandoned => return Ok(()),
            _ => {}
        }
        batch.cancelled = true;
        batch.problem = String::new();
        self.set(&mut unit, &mut batch, State::Abandoned).await?;
        unit.drop_batch_parts(id).await?;
        unit.drop_batch_rows(id).await?;
        Ok(unit.commit().await?)
    }

    /// A batch that this person may change and that nobody is at work with.
    async fn open_batch(&self, viewer: &Viewer, id: Uuid) -> Result<(Unit, Batch)> {
        let mut unit = self.store.write().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        if !writes(viewer, &batch) {
            return Err(Error::Forbidden(
                "Potete solo guardare questa importazione.",
            ));
        }
        match batch.state {
            State::Ready | State::Failed => Ok((unit, batch)),
            state if state.is_work() => Err(Error::Invalid(
                "Stiamo ancora lavorando a questo file: aspettate che abbiamo finito.".to_owned(),
            )),
            _ => Err(Error::Invalid(
                "Questa importazione è conclusa: per cambiare qualcosa, inviate di nuovo il file."
                    .to_owned(),
            )),
        }
    }

    async fn set(&self, unit: &mut Unit, batch: &mut Batch, state: State) -> Result<()> {
        batch.state = state;
        batch.changed_at = self.clock.now();
        batch.beat_at = 0;
        Ok(unit.put_batch(batch).await?)
    }
}

impl Edits {
    /// Takes an offer.
    pub fn accept(&mut self, offer: &Offer) {
        match offer {
            Offer::Position(taken) => {
                for field in [Field::Lat, Field::Lon] {
                    self.values.remove(field.name());
                }
                self.position = Some(taken.clone());
            }
            Offer::Value { field, value } => self.set(field, value),
        }
    }
}

/// How many rows are taken together, as storage counts them.
const CHUNK: i64 = flow::CHUNK as i64;

/// Why a work was not brought to its end.
enum Halt {
    /// Somebody asked for it.
    Cancelled,
    /// For this reason.
    Error(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// The work.
impl Register {
    /// Works at every batch that waits, until none does.
    pub async fn work(&self) -> Result<()> {
        while self.work_once().await? {}
        Ok(())
    }

    /// Works at one batch that waits; says whether there was one.
    pub async fn work_once(&self) -> Result<bool> {
        let now = self.clock.now();
        let waiting = self
            .store
            .read()
            .await?
            .waiting_batch(now - SILENCE)
            .await?;
        let Some(batch) = waiting else {
            return Ok(false);
        };
        let mut unit = self.store.write().await?;
        let ours = unit.claim_batch(&batch, now).await?;
        unit.commit().await?;
        if !ours {
            return Ok(true);
        }
        self.works.begin(batch.id, now);
        let outcome = match batch.state {
            State::Reading => self.read(&batch).await,
            State::Judging => self.review(&batch).await,
            _ => self.write_batch(&batch).await,
        };
        let told = match outcome {
            Ok(()) | Err(Halt::Cancelled) => Ok(()),
            Err(Halt::Error(error)) => self.fail(batch.id, &error).await,
        };
        self.works.end(batch.id);
        told.map(|()| true)
    }

    /// Whoever works is whoever confirmed, or sent, with the roles of today: one that was taken away
    /// counts at once.
    async fn author(&self, unit: &mut Unit, batch: &Batch, orders: &Orders) -> Result<Viewer> {
        let account = orders.confirmed_by.as_ref().unwrap_or(&batch.author);
        let operator = Viewer::operator();
        if operator.account == *account {
            return Ok(operator);
        }
        unit.viewer(account).await?.ok_or(Error::Forbidden(
            "Chi ha inviato il file non ha più accesso al censimento.",
        ))
    }

    async fn fail(&self, id: Uuid, error: &Error) -> Result<()> {
        tracing::warn!(%error, batch = %id, "an import failed");
        let mut unit = self.store.write().await?;
        let Some(mut batch) = unit.batch(id).await? else {
            return Ok(());
        };
        batch.problem = error.to_string();
        self.set(&mut unit, &mut batch, State::Failed).await?;
        Ok(unit.commit().await?)
    }

    /// Reads the file and stages its rows.
    async fn read(&self, batch: &Batch) -> Result<(), Halt> {
        let mut unit = self.store.write().await?;
        unit.drop_batch_rows(batch.id).await?;
        unit.commit().await?;
        let file = self.file_of(batch.id).await?;
        let mut orders: Orders = stored(&batch.request)?;
        let choices = orders.choices.clone();
        let opened = flow::open(&batch.name, file.try_clone()?, choices.clone()).await?;
        let mut unit = self.store.read().await?;
        let viewer = self.author(&mut unit, batch, &orders).await?;
        let world = self.world(&mut unit).await?;
        if !orders.remembered {
            self.recall(&mut unit, &mut orders, &opened.header).await?;
        }
        let (header, sample) = (opened.header.clone(), opened.sample.clone());
        let prepared = prepare(&orders, &opened.detected, &header, &sample, &world)?;
        let plan = Arc::new(prepared.plan);
        let surveyed = flow::survey(opened, Arc::clone(&plan), world).await?;
        let opened = flow::open(&batch.name, file, choices).await?;
        let detected = opened.detected.clone();
        let progress = opened.progress.clone();
        let mut feed = Feed::start(opened, Arc::clone(&plan), None);
        let mut judge = Judge::new(
            &viewer,
            surveyed.world,
            Some(surveyed.conclusion),
            false,
            prepared.defaults,
        );
        let mut lookup = Lookup::open(&mut unit, &viewer, &mut judge).await?;
        let mut tally = Tally::default();
        while let Some(Fed::Rows(rows)) = feed.next().await? {
            let nothing = async |_: &mut Unit| Ok(());
            let (back, judged, ()) =
                flow::judge_beside(&mut unit, &plan, judge, &mut lookup, rows, nothing).await?;
            judge = back;
            let staged = judged
                .iter()
                .map(|one| tally.staged(&plan, one))
                .collect::<Result<Vec<_>>>()?;
            let mut writing = self.store.write().await?;
            writing.add_batch_rows(batch.id, staged).await?;
            let cancelled = writing.beat_batch(batch.id, self.clock.now()).await?;
            writing.commit().await?;
            if cancelled || !self.works.advance(batch.id, progress.share(), tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        let summary = tally.summary(&plan, &judge, prepared.defaulted, detected);
        self.ready(batch.id, &orders, &summary).await
    }

    /// Judges the staged rows again.
    async fn review(&self, batch: &Batch) -> Result<(), Halt> {
        let mut unit = self.store.read().await?;
        let orders: Orders = stored(&batch.request)?;
        let before: Summary = stored(&batch.summary)?;
        let mut staged = self.staged(&mut unit, batch, &orders, &before).await?;
        let mut tally = Tally::default();
        let mut after = 0;
        loop {
            let rows = unit
                .batch_rows(batch.id, &Wanted::default(), after, CHUNK)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            let typed = typed(&staged.plan, &rows)?;
            let nothing = async |_: &mut Unit| Ok(());
            let (back, judged, ()) = flow::judge_beside(
                &mut unit,
                &staged.plan,
                staged.judge,
                &mut staged.lookup,
                typed,
                nothing,
            )
            .await?;
            staged.judge = back;
            let mut changed = Vec::new();
            for (one, old) in judged.iter().zip(&rows) {
                let row = tally.staged(&staged.plan, one)?;
                if row != *old {
                    changed.push(row);
                }
            }
            let mut writing = self.store.write().await?;
            for row in &changed {
                writing.put_batch_row(batch.id, row).await?;
            }
            let cancelled = writing.beat_batch(batch.id, self.clock.now()).await?;
            writing.commit().await?;
            let share = share(tally.rows, before.rows);
            if cancelled || !self.works.advance(batch.id, share, tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        let detected = staged.detected;
        let summary = tally.summary(&staged.plan, &staged.judge, staged.defaulted, detected);
        self.ready(batch.id, &orders, &summary).await
    }

    /// Writes the rows of a batch, in one transaction.
    async fn write_batch(&self, batch: &Batch) -> Result<(), Halt> {
        let mut unit = self.store.write().await?;
        let orders: Orders = stored(&batch.request)?;
        let before: Summary = stored(&batch.summary)?;
        let mut staged = self.staged(&mut unit, batch, &orders, &before).await?;
        let author = staged.judge.viewer.account.clone();
        let mut keeper = Keeper::new(self, &author, Source::File, Some(batch.id));
        let mut tally = Tally::default();
        let mut ready: Vec<Judged> = Vec::new();
        let mut after = 0;
        loop {
            let rows = unit
                .batch_rows(batch.id, &Wanted::default(), after, CHUNK)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            let typed = typed(&staged.plan, &rows)?;
            let plan = Arc::clone(&staged.plan);
            let good = std::mem::take(&mut ready);
            let write = async |unit: &mut Unit| keeper.keep(unit, &plan, good).await;
            let (back, judged, ()) = flow::judge_beside(
                &mut unit,
                &staged.plan,
                staged.judge,
                &mut staged.lookup,
                typed,
                write,
            )
            .await
            .map_err(flow::changed_meanwhile)?;
            staged.judge = back;
            for one in &judged {
                tally.count(one);
            }
            ready = judged;
            let share = share(tally.rows, before.rows);
            if !self.works.advance(batch.id, share, tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        keeper
            .keep(&mut unit, &staged.plan, ready)
            .await
            .map_err(flow::changed_meanwhile)?;
        let stopping = tally.of(Fate::Rejected) + tally.of(Fate::Conflict);
        if (stopping > 0 && !orders.partial) || stopping > before.stopping() {
            // Something changed between the look and the confirmation: people look again.
            drop(unit);
            let mut unit = self.store.write().await?;
            let mut batch = unit.batch(batch.id).await?.ok_or(NOT_HERE)?;
            batch.problem =
                "Nel frattempo il censimento è cambiato: guardate di nuovo le righe in \
                             conflitto o con errori, poi confermate."
                    .to_owned();
            self.set(&mut unit, &mut batch, State::Judging).await?;
            unit.commit().await?;
            return Ok(());
        }
        let mut batch = unit.batch(batch.id).await?.ok_or(NOT_HERE)?;
        if batch.cancelled {
            return Err(Halt::Cancelled);
        }
        let mut summary = before;
        summary.fates = tally.fates();
        batch.summary = summary.to_json()?;
        batch.problem = String::new();
        self.set(&mut unit, &mut batch, State::Confirmed).await?;
        unit.drop_batch_parts(batch.id).await?;
        if let Some(body) = &batch.body {
            let scheme = staged.plan.mapping.scheme(&orders.scheme.constants());
            unit.put_scheme(body, &json(&scheme)?, self.clock.now())
                .await?;
        }
        unit.commit().await?;
        Ok(())
    }

    /// Everything that is needed to judge staged rows.
    async fn staged(
        &self,
        unit: &mut Unit,
        batch: &Batch,
        orders: &Orders,
        before: &Summary,
    ) -> Result<Staged> {
        let viewer = self.author(unit, batch, orders).await?;
        let world = self.world(unit).await?;
        let header: Vec<String> = before
            .columns
            .iter()
            .map(|one| one.header.clone())
            .collect();
        let sample = unit
            .batch_rows(batch.id, &Wanted::default(), 0, source::SAMPLE as i64)
            .await?;
        let sample = sample
            .iter()
            .map(|row| stored(&row.cells))
            .collect::<Result<Vec<Vec<String>>>>()?;
        let detected = before
            .detected
            .clone()
            .unwrap_or_else(|| source::Detected::new(Format::Csv));
        let prepared = prepare(orders, &detected, &header, &sample, &world)?;
        let (world, conclusion) = self
            .survey_staged(unit, batch.id, &prepared.plan, world)
            .await?;
        let mut judge = Judge::new(&viewer, world, Some(conclusion), false, prepared.defaults);
        let lookup = Lookup::open(unit, &viewer, &mut judge).await?;
        Ok(Staged {
            plan: Arc::new(prepared.plan),
            judge,
            lookup,
            defaulted: prepared.defaulted,
            detected,
        })
    }

    async fn survey_staged(
        &self,
        unit: &mut Unit,
        batch: Uuid,
        plan: &Plan,
        world: World,
    ) -> Result<(World, Conclusion)> {
        let mut survey = Survey::new();
        let mut after = 0;
        loop {
            let rows = unit
                .batch_rows(batch, &Wanted::default(), after, CHUNK)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            for row in &rows {
                let row = row_of(row)?;
                survey.see(row.record, &plan.place(&row), &world);
            }
        }
        Ok((world, survey.conclude()))
    }

    /// The file of a batch, put together where only this process finds it.
    async fn file_of(&self, batch: Uuid) -> Result<File> {
        let mut unit = self.store.read().await?;
        let mut file = tempfile::tempfile()?;
        for number in 0.. {
            let Some(part) = unit.batch_part(batch, number).await? else {
                break;
            };
            file.write_all(&part)?;
        }
        Ok(file)
    }

    /// Takes over what is remembered of the body's files, as far as this one has it.
    async fn recall(&self, unit: &mut Unit, orders: &mut Orders, header: &[String]) -> Result<()> {
        orders.remembered = true;
        let Some(body) = &orders.body else {
            return Ok(());
        };
        if let Some(text) = unit.scheme(body).await? {
            let mut scheme: Scheme = stored(&text)?;
            scheme.columns.retain(|known, _| header.contains(known));
            orders.scheme = scheme;
        }
        Ok(())
    }

    /// Says that a person can look.
    async fn ready(&self, id: Uuid, orders: &Orders, summary: &Summary) -> Result<(), Halt> {
        let mut unit = self.store.write().await?;
        let mut batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        if batch.cancelled {
            return Err(Halt::Cancelled);
        }
        batch.request = json(orders)?;
        batch.summary = summary.to_json()?;
        self.set(&mut unit, &mut batch, State::Ready).await?;
        unit.commit().await?;
        Ok(())
    }
}

/// What judging staged rows needs.
struct Staged {
    plan: Arc<Plan>,
    judge: Judge,
    lookup: Lookup,
    defaulted: Vec<crate::census::finding::Finding>,
    detected: source::Detected,
}

fn prepare(
    orders: &Orders,
    detected: &source::Detected,
    header: &[String],
    sample: &[Vec<String>],
    world: &World,
) -> Result<Prepared> {
    let hints = Hints {
        window: Some(world.territory.window()),
        spatial: detected.format.spatial(),
        world: Some(world),
        remembered: Some(&orders.scheme),
    };
    let mapping = Mapping::of(header, sample, &hints);
    let asked = Asked {
        body: orders.body.clone(),
        crs: load::declared(orders.crs.as_deref())?,
        constants: orders.scheme.constants(),
    };
    load::prepare(mapping, header.len(), detected, &asked, world)
}

fn row_of(row: &BatchRow) -> Result<Row> {
    Ok(Row {
        line: u64::try_from(row.line).unwrap_or(0),
        record: u64::try_from(row.record).unwrap_or(0),
        cells: stored(&row.cells)?,
    })
}

/// Staged rows, read again.
fn typed(plan: &Plan, rows: &[BatchRow]) -> Result<Vec<Typed>> {
    rows.iter()
        .map(|row| {
            Ok(plan.read(Incoming {
                row: row_of(row)?,
                edits: edits_of(row)?,
                base: row.base,
            }))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a share of the rows")]
fn share(done: u64, all: u64) -> f64 {
    done as f64 / all.max(1) as f64
}

/// What is counted while rows are judged.
#[derive(Default)]
struct Tally {
    rows: u64,
    fates: HashMap<Fate, u64>,
    crs: BTreeMap<String, u64>,
    spoken: BTreeMap<(u8, &'static str), (u64, u64)>,
    odd: BTreeMap<(&'static str, String), (u64, String)>,
}

impl Tally {
    fn of(&self, fate: Fate) -> u64 {
        self.fates.get(&fate).copied().unwrap_or_default()
    }

    fn fates(&self) -> BTreeMap<String, u64> {
        let named = |(fate, count): (&Fate, &u64)| (fate.name().to_owned(), *count);
        self.fates.iter().map(named).collect()
    }

    fn count(&mut self, one: &Judged) {
        self.rows += 1;
        *self.fates.entry(one.fate).or_default() += 1;
    }

    /// Counts a row and makes what is kept of it.
    fn staged(&mut self, plan: &Plan, one: &Judged) -> Result<BatchRow> {
        self.count(one);
        let landing = one.landing();
        if let Some((_, _, _, crs)) = &landing {
            *self.crs.entry(crs.clone()).or_default() += 1;
        }
        let mut codes = String::from(" ");
        let mut findings = Vec::new();
        for (finding, applied) in load::told(one) {
            self.hear(finding);
            codes.push_str(finding.code.name());
            codes.push(' ');
            let column = load::column_of(plan, finding);
            findings.push(load::said(
                one.incoming.row.line,
                None,
                column,
                finding.clone(),
                applied,
            ));
        }
        let record = &one.checked.record;
        let changes: Vec<Change> = one
            .changes()
            .into_iter()
            .map(|field| Change {
                field: field.name().to_owned(),
                before: one
                    .present
                    .as_ref()
                    .map_or_else(String::new, |present| present.record.words(field)),
                after: record.words(field),
            })
            .collect();
        let judgement = serde_json::json!({
            "findings": findings,
            "changes": changes,
            "name": record.text(Field::Denominazione),
            "comune": record.text(Field::Comune),
        });
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(BatchRow {
            record: number(one.incoming.row.record),
            line: number(one.incoming.row.line),
            cells: json(&one.incoming.row.cells)?,
            edits: if one.incoming.edits.is_empty() {
                String::new()
            } else {
                json(&one.incoming.edits)?
            },
            base: one.incoming.base,
            fate: one.fate,
            ente: record.text(Field::Ente).to_owned(),
            codice: one.draft.get(Field::Codice).to_owned(),
            point: landing.map(|(lon, lat, _, _)| (lon, lat)),
            codes,
            judgement: judgement.to_string(),
        })
    }

    fn hear(&mut self, finding: &crate::census::finding::Finding) {
        use crate::census::finding::{Code, Proposal};
        let weight = match finding.severity() {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        };
        let spoken = self
            .spoken
            .entry((weight, finding.code.name()))
            .or_default();
        spoken.0 += 1;
        spoken.1 += u64::from(finding.proposals.len() == 1);
        if finding.code == Code::ValueUnknown
            && let Some(field) = finding.field.filter(|field| field.terms().is_some())
        {
            let key = (field.name(), finding.value.clone());
            if self.odd.len() < NAMED || self.odd.contains_key(&key) {
                let odd = self.odd.entry(key).or_default();
                odd.0 += 1;
                if let [Proposal::Value { value, .. }] = finding.proposals.as_slice() {
                    odd.1.clone_from(value);
                }
            }
        }
    }

    fn summary(
        self,
        plan: &Plan,
        judge: &Judge,
        defaulted: Vec<crate::census::finding::Finding>,
        detected: source::Detected,
    ) -> Summary {
        let line = detected.header_line.unwrap_or(1).max(1);
        let about = load::missing_columns(plan)
            .into_iter()
            .map(|finding| (None, finding))
            .chain(load::about_the_file(plan, judge, defaulted));
        let findings = about
            .filter_map(|(column, finding)| {
                let said = load::said(line, None, column, finding, false);
                serde_json::from_value(serde_json::to_value(said).ok()?).ok()
            })
            .collect();
        let columns = plan.mapping.seen().map(|column| SeenColumn {
            header: column.header.to_owned(),
            target: column.target.name().to_owned(),
            certainty: column.certainty,
            examples: column.examples.to_vec(),
        });
        Summary {
            rows: self.rows,
            fates: self.fates(),
            crs: plan
                .crs
                .map(str::to_owned)
                .or_else(|| load::commonest(&self.crs)),
            columns: columns.collect(),
            findings,
            spoken: self
                .spoken
                .into_iter()
                .map(|((weight, code), (rows, certain))| Spoken {
                    code: code.to_owned(),
                    severity: ["error", "warning", "info"]
                        .get(weight as usize)
                        .map_or("", |name| name)
                        .to_owned(),
                    rows,
                    certain,
                })
                .collect(),
            odd: self
                .odd
                .into_iter()
                .map(|((field, value), (rows, near))| Odd {
                    field: field.to_owned(),
                    value,
                    rows,
                    near,
                })
                .collect(),
            detected: Some(detected),
            ..Summary::default()
        }
    }
}

/// Undoing.
impl Register {
    /// What undoing a batch would leave as it is: the devices that somebody changed since, and how
    /// many there are; and how many would go back.
    pub async fn undo_would(&self, viewer: &Viewer, id: Uuid) -> Result<(u64, u64, Vec<Kept>)> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let (mut back, mut kept, mut named) = (0, 0, Vec::new());
        let mut after = Uuid::nil();
        loop {
            let written = unit.revisions_of_batch(id, after, CHUNK).await?;
            let Some(last) = written.last() else { break };
            after = last.id;
            for (old, present) in self.beside(&mut unit, written).await? {
                if present.id == old.id {
                    back += 1;
                } else {
                    kept += 1;
                    if named.len() < NAMED {
                        named.push(kept_of(&present));
                    }
                }
            }
        }
        Ok((back, kept, named))
    }

    /// Takes back all that a batch wrote, but for what was changed since: each device gets a new
    /// state that is the one before. Gives back the batch that does it.
    pub async fn undo(&self, viewer: &Viewer, id: Uuid) -> Result<Uuid> {
        let mut unit = self.store.write().await?;
        let mut batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        if batch.state != State::Confirmed || batch.undoes.is_some() {
            return Err(Error::Invalid(
                "Si annulla solo un’importazione che è nel censimento.".to_owned(),
            ));
        }
        let now = self.clock.now();
        let mut undoing = Batch {
            id: self.clock.new_id(),
            name: batch.name.clone(),
            author: viewer.account.clone(),
            source: Source::File,
            state: State::Confirmed,
            created_at: now,
            changed_at: now,
            beat_at: 0,
            cancelled: false,
            request: "{}".to_owned(),
            summary: "{}".to_owned(),
            problem: String::new(),
            body: batch.body.clone(),
            undoes: Some(id),
        };
        unit.add_batch(&undoing).await?;
        let mut summary = Summary::default();
        let mut after = Uuid::nil();
        loop {
            let written = unit.revisions_of_batch(id, after, CHUNK).await?;
            let Some(last) = written.last() else { break };
            after = last.id;
            let mut next = Vec::new();
            let before = unit.states_before(&written).await?;
            for (old, present) in self.beside(&mut unit, written).await? {
                super::may_write(viewer, present.record.text(Field::Ente))?;
                summary.rows += 1;
                if present.id == old.id {
                    next.push(self.back(viewer, undoing.id, old, before.get(&present.device)));
                } else {
                    summary.kept += 1;
                    if summary.kept_devices.len() < NAMED {
                        summary.kept_devices.push(kept_of(&present));
                    }
                }
            }
            unit.add_revisions(next).await?;
        }
        undoing.summary = summary.to_json()?;
        unit.put_batch(&undoing).await?;
        self.set(&mut unit, &mut batch, State::Undone).await?;
        unit.commit().await?;
        Ok(undoing.id)
    }

    /// Each of these revisions with the present state of its device.
    async fn beside(
        &self,
        unit: &mut Unit,
        written: Vec<Revision>,
    ) -> Result<Vec<(Revision, Revision)>> {
        let devices: Vec<Uuid> = written.iter().map(|revision| revision.device).collect();
        let present = unit.working(&devices).await?;
        let mut present: HashMap<Uuid, Revision> = present
            .into_iter()
            .map(|revision| (revision.device, revision))
            .collect();
        Ok(written
            .into_iter()
            .filter_map(|old| present.remove(&old.device).map(|present| (old, present)))
            .collect())
    }

    /// The state that follows one that is taken back: the one before it, or the device withdrawn
    /// when there was none.
    fn back(
        &self,
        viewer: &Viewer,
        batch: Uuid,
        written: Revision,
        before: Option<&Revision>,
    ) -> Revision {
        let number = written.number + 1;
        let withdrawn = before.is_none_or(|before| before.withdrawn);
        let like = before.cloned().unwrap_or(written);
        Revision {
            id: self.clock.new_id(),
            number,
            written_at: self.clock.now(),
            author: viewer.account.clone(),
            source: Source::File,
            withdrawn,
            accepted: false,
            batch: Some(batch),
            ..like
        }
    }

    /// What a start finds left by an earlier run: of imports by command that were cut short it says
    /// that nothing came of them, and what the only server left half done waits for nobody else.
    pub async fn tidy(&self) -> Result<()> {
        let mut unit = self.store.write().await?;
        for mut batch in unit.interrupted_batches().await? {
            batch.problem = "Interrotta prima della fine: nulla è stato importato.".to_owned();
            self.set(&mut unit, &mut batch, State::Failed).await?;
        }
        if self.store.is_alone() {
            unit.release_batches().await?;
        }
        Ok(unit.commit().await?)
    }
}

fn kept_of(present: &Revision) -> Kept {
    Kept {
        device: present.device,
        ente: present.record.text(Field::Ente).to_owned(),
        codice: present.record.text(Field::Codice).to_owned(),
        author: present.author.clone(),
        at: present.written_at,
    }
}
