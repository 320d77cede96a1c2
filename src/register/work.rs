//! What takes time with staged files: reading one, judging its rows again, writing them.
//!
//! The batch's state says what is to be done. Whoever has time claims it, says now and then that it
//! still works at it, and stops when somebody asks; after a restart the work is begun again. Enforced
//! by `tests/it/batches.rs`.

use super::batch::{CHUNK, NOT_HERE};
use super::flow::{self, Fed, Feed, Lookup, Pending, Scribe};
use super::journal::Note;
use super::judge::{Edits, Incoming, Judge, Judged, Plan, Typed};
use super::load::{self, Asked, Prepared};
use super::staged::{
    Change, NAMED, Odd, Orders, SeenColumn, Spoken, Summary, edits_of, json, stored,
};
use super::{Error, Register, Result};
use crate::census::batch::{Fate, State};
use crate::census::finding::{Code, Finding, Proposal, Severity};
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::revision::Source;
use crate::census::rules::{self, World};
use crate::census::survey::{Conclusion, Survey};
use crate::census::vocabulary::Field;
use crate::clock::{Instant, SECOND};
use crate::exchange::columns::{Hints, Mapping, Scheme, Target};
use crate::exchange::source::{self, Cells, Format, Row};
use crate::storage::Unit;
use crate::storage::batch::{Batch, BatchRow, Wanted};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use uuid::Uuid;
/// Nobody works any more at a batch that nobody said so of for this long.
const SILENCE: Instant = 20 * SECOND;

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
    pub(super) ended: Arc<Notify>,
}

#[derive(Debug, Clone, Copy)]
struct Work {
    started: Instant,
    share: f64,
    rows: u64,
    cancelled: bool,
}

impl Works {
    pub(super) fn begin(&self, batch: Uuid, now: Instant) {
        let work = Work {
            started: now,
            share: 0.0,
            rows: 0,
            cancelled: false,
        };
        self.with(|works| works.insert(batch, work));
    }

    /// Whether this process is at work with a batch.
    fn is_under_way(&self, batch: Uuid) -> bool {
        self.with(|works| works.contains_key(&batch))
    }

    /// Takes note of how far a work has come; says whether it should go on.
    pub(super) fn advance(&self, batch: Uuid, share: f64, rows: u64) -> bool {
        self.with(|works| {
            works.get_mut(&batch).is_none_or(|work| {
                work.share = share;
                work.rows = rows;
                !work.cancelled
            })
        })
    }

    pub(super) fn end(&self, batch: Uuid) {
        self.with(|works| works.remove(&batch));
        self.ended.notify_waiters();
    }

    pub(super) fn cancel(&self, batch: Uuid) {
        self.with(|works| {
            if let Some(work) = works.get_mut(&batch) {
                work.cancelled = true;
            }
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds and rows of a work")]
    pub(super) fn doing(&self, batch: Uuid, now: Instant) -> Option<Doing> {
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

/// A task that goes on for as long as this lives.
struct Beating(tokio::task::JoinHandle<()>);

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often whoever works at a batch says so.
const BETWEEN_BEATS: std::time::Duration = std::time::Duration::from_secs(5);

/// More rows than this are for the command.
const MOST_ROWS: u64 = 500_000;

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
        let Some(batch) = waiting.filter(|batch| !self.works.is_under_way(batch.id)) else {
            return Ok(false);
        };
        let mut unit = self.store.write().await?;
        let ours = unit.claim_batch(&batch, now).await?;
        unit.commit().await?;
        if !ours {
            return Ok(true);
        }
        self.works.begin(batch.id, now);
        let beating = self.beating(&batch);
        let outcome = match batch.state {
            State::Reading => self.read(&batch).await,
            State::Judging => self.review(&batch).await,
            _ => self.write_batch(&batch).await,
        };
        let told = match outcome {
            Ok(()) | Err(Halt::Cancelled) => Ok(()),
            Err(Halt::Error(error)) => self.fail(&batch, &error).await,
        };
        drop(beating);
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

    /// Says now and then that the batch is worked at, for as long as what comes back lives. Whoever
    /// writes one holds it, so that nobody else can take it.
    fn beating(&self, batch: &Batch) -> Beating {
        let (register, id, state) = (self.clone(), batch.id, batch.state);
        Beating(tokio::spawn(async move {
            if state == State::Confirming {
                return;
            }
            loop {
                tokio::time::sleep(BETWEEN_BEATS).await;
                let Ok(mut unit) = register.store.write().await else {
                    continue;
                };
                let now = register.clock.now();
                if unit.beat_batch(id, state, now).await.is_ok() {
                    // The next beat makes up for one that is lost.
                    let _ = unit.commit().await;
                }
            }
        }))
    }

    /// Says why a work did not come to its end, unless it is another's by now.
    async fn fail(&self, work: &Batch, error: &Error) -> Result<()> {
        let id = work.id;
        tracing::warn!(%error, batch = %id, "an import failed");
        let mut unit = self.store.write().await?;
        let held = unit.hold_batch(id).await?;
        let Some(mut batch) = held.filter(|batch| batch.state == work.state) else {
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
        let of_coordinates = surveyed.conclusion.findings();
        let opened = flow::open(&batch.name, file, choices).await?;
        let detected = opened.detected.clone();
        let progress = opened.progress.clone();
        let mut nothing = Pending::new(self.seal());
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
            let task = looking(tally);
            let step = flow::judge_beside(
                &mut unit,
                &plan,
                judge,
                &mut lookup,
                rows,
                &mut nothing,
                task,
            )
            .await?;
            judge = step.judge;
            let (back, staged) = step.made;
            tally = back;
            let mut writing = self.store.write().await?;
            writing.add_batch_rows(batch.id, staged).await?;
            let now = self.clock.now();
            if writing.beat_batch(batch.id, State::Reading, now).await? {
                return Err(Halt::Cancelled);
            }
            writing.commit().await?;
            if tally.rows > MOST_ROWS {
                return Err(Halt::Error(Error::Invalid(
                    "Il file ha più di 500.000 righe: dividetelo, oppure chiedete all’amministratore \
                     di importarlo sul server con «varco import»."
                        .to_owned(),
                )));
            }
            if !self.works.advance(batch.id, progress.share(), tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        let mut of_file = of_coordinates;
        of_file.extend(prepared.defaulted);
        let summary = tally.summary(&plan, &judge, of_file, detected);
        self.ready(batch, &orders, &summary).await
    }

    /// Judges the staged rows again.
    async fn review(&self, batch: &Batch) -> Result<(), Halt> {
        let mut unit = self.store.read().await?;
        let orders: Orders = stored(&batch.request)?;
        let before: Summary = stored(&batch.summary)?;
        let mut staged = self.staged(&mut unit, batch, &orders, &before).await?;
        let mut nothing = Pending::new(self.seal());
        let mut tally = Tally::default();
        let mut after = 0;
        loop {
            let rows = unit
                .batch_rows(batch.id, &Wanted::default(), after, CHUNK)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            let typed = typed(&staged.plan, &rows)?;
            let step = flow::judge_beside(
                &mut unit,
                &staged.plan,
                staged.judge,
                &mut staged.lookup,
                typed,
                &mut nothing,
                looking(tally),
            )
            .await?;
            staged.judge = step.judge;
            let (back, judged) = step.made;
            tally = back;
            let changed = judged.into_iter().zip(&rows);
            let changed: Vec<BatchRow> = changed
                .filter(|(row, old)| row != *old)
                .map(|(row, _)| row)
                .collect();
            let mut writing = self.store.write().await?;
            for row in &changed {
                writing.put_batch_row(batch.id, row).await?;
            }
            let now = self.clock.now();
            if writing.beat_batch(batch.id, State::Judging, now).await? {
                return Err(Halt::Cancelled);
            }
            writing.commit().await?;
            let share = share(tally.rows, before.rows);
            if !self.works.advance(batch.id, share, tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        let detected = staged.detected;
        let summary = tally.summary(&staged.plan, &staged.judge, staged.defaulted, detected);
        self.ready(batch, &orders, &summary).await
    }

    /// Writes the rows of a batch, in one transaction.
    async fn write_batch(&self, batch: &Batch) -> Result<(), Halt> {
        let mut unit = self.store.write().await?;
        // Nobody else confirms, undoes or gives up what is being written.
        let held = unit.hold_batch(batch.id).await?;
        let ours = |held: &Batch| held.state == State::Confirming && !held.cancelled;
        let Some(mut held) = held.filter(ours) else {
            return Err(Halt::Cancelled);
        };
        let mut orders: Orders = stored(&batch.request)?;
        let before: Summary = stored(&batch.summary)?;
        let mut staged = self.staged(&mut unit, batch, &orders, &before).await?;
        let mut differing = 0;
        staged.lookup.holds = true;
        let mut pending = Pending::new(self.seal());
        let scribe = Scribe {
            clock: self.clock.clone(),
            author: staged.judge.viewer.account.clone(),
            source: Source::File,
            batch: Some(batch.id),
            entry: pending.seal.entry,
        };
        let mut tally = Tally::default();
        let mut after = 0;
        loop {
            let rows = unit
                .batch_rows(batch.id, &Wanted::default(), after, CHUNK)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            let typed = typed(&staged.plan, &rows)?;
            let step = flow::judge_beside(
                &mut unit,
                &staged.plan,
                staged.judge,
                &mut staged.lookup,
                typed,
                &mut pending,
                flow::Task {
                    scribe: Some(scribe.clone()),
                    make: |_: &Plan, judged: &[Judged]| {
                        Ok(judged.iter().map(|one| one.fate).collect::<Vec<_>>())
                    },
                },
            )
            .await?;
            staged.judge = step.judge;
            for (fate, row) in step.made.into_iter().zip(&rows) {
                tally.count(fate);
                differing += u64::from(fate != row.fate);
            }
            let share = share(tally.rows, before.rows);
            if !self.works.advance(batch.id, share, tally.rows) {
                return Err(Halt::Cancelled);
            }
        }
        pending.write(&mut unit).await?;
        let stopping = tally.of(Fate::Rejected) + tally.of(Fate::Conflict);
        if (stopping > 0 && !orders.partial) || differing > 0 {
            // What would be written is not what was looked at: people look again.
            drop(unit);
            let mut unit = self.store.write().await?;
            let mut batch = unit.hold_batch(batch.id).await?.ok_or(NOT_HERE)?;
            if batch.state != State::Confirming {
                return Err(Halt::Cancelled);
            }
            "Nel frattempo il censimento è cambiato, o chi conferma non può scrivere tutte le \
             righe: nulla è stato importato. Guardate di nuovo, poi confermate."
                .clone_into(&mut batch.problem);
            orders.confirmed_by = None;
            batch.request = json(&orders)?;
            self.set(&mut unit, &mut batch, State::Judging).await?;
            unit.commit().await?;
            return Ok(());
        }
        let mut summary = before;
        summary.fates = tally.fates();
        held.summary = summary.to_json()?;
        held.problem = String::new();
        self.set(&mut unit, &mut held, State::Confirmed).await?;
        unit.drop_batch_parts(batch.id).await?;
        unit.drop_stored_batch_rows(batch.id).await?;
        if let Some(body) = &held.body {
            // A value for all rows belongs to one file: the next may be about something else.
            let scheme = staged.plan.mapping.scheme(&[]);
            unit.put_scheme(body, &json(&scheme)?, self.clock.now())
                .await?;
        }
        let note = Note {
            act: Act::Imported,
            body: held.body.as_deref(),
            subject: &held.id.to_string(),
            detail: &format!(
                "{}: {} nuovi, {} modificati",
                held.name,
                tally.of(Fate::New),
                tally.of(Fate::Changed)
            ),
        };
        self.note(&mut unit, &staged.judge.viewer, &pending.seal, note)
            .await?;
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
            .batch_rows(batch.id, &Wanted::default(), 0, SAMPLE)
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
        let mut defaulted = prepared.defaulted;
        let (world, conclusion) = self
            .survey_staged(unit, batch.id, &prepared.plan, world)
            .await?;
        defaulted.extend(conclusion.findings());
        let mut judge = Judge::new(&viewer, world, Some(conclusion), false, prepared.defaults);
        let lookup = Lookup::open(unit, &viewer, &mut judge).await?;
        Ok(Staged {
            plan: Arc::new(prepared.plan),
            judge,
            lookup,
            defaulted,
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
    async fn ready(&self, work: &Batch, orders: &Orders, summary: &Summary) -> Result<(), Halt> {
        let id = work.id;
        let mut unit = self.store.write().await?;
        let mut batch = unit.hold_batch(id).await?.ok_or(NOT_HERE)?;
        if batch.cancelled || batch.state != work.state {
            return Err(Halt::Cancelled);
        }
        if work.state == State::Reading {
            batch.problem = String::new();
        }
        batch.request = json(orders)?;
        batch.summary = summary.to_json()?;
        if summary.secrets > 0 {
            unit.drop_batch_parts(id).await?;
        }
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
    defaulted: Vec<Finding>,
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

/// What was counted until here, and the rows as they are kept.
type Looked = (Tally, Vec<BatchRow>);

/// Makes what is kept of staged rows, and counts them.
fn looking(
    mut tally: Tally,
) -> flow::Task<impl FnOnce(&Plan, &[Judged]) -> Result<Looked> + Send + 'static> {
    flow::Task {
        scribe: None,
        make: move |plan: &Plan, judged: &[Judged]| {
            let rows = judged.iter().map(|one| tally.staged(plan, one));
            let rows = rows.collect::<Result<Vec<_>>>()?;
            Ok((tally, rows))
        },
    }
}

/// How many staged rows are looked at to tell the columns, as many as of a file.
const SAMPLE: i64 = 100;

/// What is counted while rows are judged.
#[derive(Default)]
struct Tally {
    rows: u64,
    fates: HashMap<Fate, u64>,
    crs: BTreeMap<String, u64>,
    spoken: BTreeMap<(u8, &'static str), (u64, u64)>,
    odd: BTreeMap<(&'static str, String), (u64, String)>,
    /// How many cells were taken out because they look like what is never recorded.
    secrets: u64,
}

impl Tally {
    fn of(&self, fate: Fate) -> u64 {
        self.fates.get(&fate).copied().unwrap_or_default()
    }

    fn fates(&self) -> BTreeMap<String, u64> {
        let named = |(fate, count): (&Fate, &u64)| (fate.name().to_owned(), *count);
        self.fates.iter().map(named).collect()
    }

    fn count(&mut self, fate: Fate) {
        self.rows += 1;
        *self.fates.entry(fate).or_default() += 1;
    }

    /// Counts a row and makes what is kept of it.
    fn staged(&mut self, plan: &Plan, one: &Judged) -> Result<BatchRow> {
        self.count(one.fate);
        let landing = one.landing();
        if let Some((_, _, _, crs)) = &landing {
            *self.crs.entry(crs.clone()).or_default() += 1;
        }
        let mut codes = String::from(" ");
        let mut findings = Vec::new();
        for (finding, applied) in load::told(one) {
            if !codes.contains(&format!(" {} ", finding.code.name())) {
                self.hear(finding);
                codes.push_str(finding.code.name());
                codes.push(' ');
            }
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
        let (cells, edits) = self.without_secrets(plan, one);
        Ok(BatchRow {
            record: number(one.incoming.row.record),
            line: number(one.incoming.row.line),
            cells: json(&cells)?,
            edits: if edits.is_empty() {
                String::new()
            } else {
                json(&edits)?
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

    /// The cells and edits of a row, without what is never recorded: staged rows are kept.
    fn without_secrets(&mut self, plan: &Plan, one: &Judged) -> (Cells, Edits) {
        let found = one.checked.findings.iter();
        let secret: Vec<Field> = found
            .filter(|finding| finding.code == Code::TextSecret)
            .filter_map(|finding| finding.field)
            .collect();
        let says = |field: &Field| match field {
            Field::Lat | Field::Lon => secret.contains(&Field::Lat),
            field => secret.contains(field),
        };
        let mut taken = 0;
        let cells = one.incoming.row.cells.iter().enumerate();
        let cells = cells
            .map(|(index, cell)| {
                let hidden = match plan.mapping.columns.get(index) {
                    Some(Target::Field(field)) => says(field),
                    Some(Target::Place) => says(&Field::Lat),
                    _ => rules::never_recorded(cell).is_some(),
                };
                taken += u64::from(hidden);
                if hidden { rules::REMOVED } else { cell }
            })
            .collect();
        let mut edits = one.incoming.edits.clone();
        for (name, text) in &mut edits.values {
            if Field::named(name).is_some_and(|field| says(&field)) {
                rules::REMOVED.clone_into(text);
            }
        }
        self.secrets += taken;
        (cells, edits)
    }

    fn hear(&mut self, finding: &Finding) {
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
        defaulted: Vec<Finding>,
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
            examples: column
                .examples
                .iter()
                .filter(|example| rules::never_recorded(example).is_none())
                .cloned()
                .collect(),
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
            secrets: self.secrets,
            ..Summary::default()
        }
    }
}
