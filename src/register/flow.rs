//! The road of rows from a file into the register: a thread reads and understands them, another
//! judges them, and what was judged before is written meanwhile.
//!
//! Rows go a chunk at a time, so memory is bounded by a few chunks whatever the file is. The command
//! and the staged batch take the same road. Enforced by `tests/it/imports.rs` and
//! `tests/it/batches.rs`; measured by `benches/import.rs`.

use super::judge::{Edits, Incoming, Judge, Judged, Key, Plan, Typed, Verdicts};
use super::record::Writer;
use super::{Error, Result};
use crate::census::batch::Fate;
use crate::census::filter::Filter;
use crate::census::finding::{Code, Finding};
use crate::census::journal::Seal;
use crate::census::person::Viewer;
use crate::census::revision::{Revision, Source};
use crate::census::rules::World;
use crate::census::survey::{Conclusion, Survey};
use crate::census::vocabulary::{Field, reads_plates};
use crate::clock::{Clock, Instant};
use crate::exchange::source::{self, Choices, Row, SourceError};
use crate::storage::body::Site;
use crate::storage::device::{Device, Revisions};
use crate::storage::{self, Unit};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::Seek;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use uuid::Uuid;

/// How many rows are read, judged and written together.
pub(super) const CHUNK: u16 = 500;

/// How many chunks may wait to be judged.
const AHEAD: usize = 2;

/// Opens a file on a thread that does not serve.
pub(super) async fn open(name: &str, mut file: File, choices: Choices) -> Result<source::Source> {
    let name = name.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        source::Source::open(&name, file, &choices)
    });
    opened.await.map_err(broken)?.map_err(unreadable)
}

/// A reader that broke off says nothing that a person could use.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in place of the error"
)]
fn broken(error: JoinError) -> Error {
    tracing::error!(%error, "a reader broke off");
    Error::Invalid(
        "Il file non si legge: è rovinato, o fatto in un modo che non capiamo. Apritelo e salvatelo \
         di nuovo, poi riprovate."
            .to_owned(),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in place of the error"
)]
pub(super) fn unreadable(error: SourceError) -> Error {
    Error::Invalid(error.to_string())
}

/// How the coordinates of a file are to be read, and the world that was lent for it.
pub(super) struct Surveyed {
    /// The world.
    pub world: World,
    /// What the rows say together.
    pub conclusion: Conclusion,
}

/// Looks at the positions of all rows before judging any; gives back the plan too.
pub(super) async fn survey(
    opened: source::Source,
    plan: Arc<Plan>,
    world: World,
) -> Result<Surveyed> {
    let surveyed = tokio::task::spawn_blocking(move || {
        let mut survey = Survey::new();
        for row in opened.rows {
            let row = row?;
            survey.see(row.record, &plan.place(&row), &world);
        }
        let conclusion = survey.conclude();
        Ok(Surveyed { world, conclusion })
    });
    surveyed
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(unreadable)
}

/// What comes of the thread that reads a file.
pub(super) enum Fed {
    /// The next rows.
    Rows(Vec<Typed>),
    /// The rows have to be judged in the light of each other: no more of them come, only what they
    /// say together.
    Doubt,
}

/// The thread that reads and understands the rows of a file, a chunk at a time.
pub(super) struct Feed {
    chunks: mpsc::Receiver<Result<Fed, SourceError>>,
    conclusion: JoinHandle<Option<Conclusion>>,
}

impl Feed {
    /// Sets the thread to work; with a world it surveys the positions as they pass.
    pub fn start(opened: source::Source, plan: Arc<Plan>, surveying: Option<World>) -> Self {
        let (sender, chunks) = mpsc::channel(AHEAD);
        let conclusion =
            tokio::task::spawn_blocking(move || pour(opened, &plan, surveying, &sender));
        Self { chunks, conclusion }
    }

    /// What comes next; nothing after the last row.
    pub async fn next(&mut self) -> Result<Option<Fed>> {
        self.chunks.recv().await.transpose().map_err(unreadable)
    }

    /// What the rows say together, when they were surveyed to the end.
    pub async fn conclude(mut self) -> Result<Option<Conclusion>> {
        while self.next().await?.is_some() {}
        let conclusion = self.conclusion.await;
        conclusion.map_err(|error| Error::Failed(error.to_string()))
    }
}

/// Reads to the end, unless nobody listens any more.
fn pour(
    opened: source::Source,
    plan: &Plan,
    surveying: Option<World>,
    sender: &mpsc::Sender<Result<Fed, SourceError>>,
) -> Option<Conclusion> {
    let mut survey = surveying.map(|world| (Survey::new(), world));
    let mut doubtful = false;
    let mut rows = opened.rows;
    loop {
        let chunk: Result<Vec<Row>, SourceError> = rows.by_ref().take(usize::from(CHUNK)).collect();
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                return None;
            }
        };
        if chunk.is_empty() {
            return survey.map(|(survey, _)| survey.conclude());
        }
        let typed: Vec<Typed> = chunk.into_iter().map(|row| typed(plan, row)).collect();
        if let Some((survey, world)) = &mut survey {
            for (draft, row) in typed
                .iter()
                .filter_map(|one| Some((one.draft.as_ref()?, one)))
            {
                survey.see(row.incoming.row.record, draft, world);
            }
            if survey.is_doubtful() && !doubtful {
                doubtful = true;
                sender.blocking_send(Ok(Fed::Doubt)).ok()?;
            }
        }
        if !doubtful {
            sender.blocking_send(Ok(Fed::Rows(typed))).ok()?;
        }
    }
}

fn typed(plan: &Plan, row: Row) -> Typed {
    plan.read(Incoming {
        row,
        edits: Edits::default(),
        base: None,
    })
}

/// What the register has of the rows of a file: looked up as they come.
pub(super) struct Lookup {
    /// The bodies that have devices: for the others there is nothing to look up.
    populated: HashSet<String>,
    /// The bodies whose sites are known to the judge.
    bodies: HashSet<String>,
    /// Whether the rows are written: then nobody else writes many devices of the same bodies.
    pub holds: bool,
}

impl Lookup {
    /// Tells the judge what stands where, and finds out which bodies have devices.
    pub async fn open(unit: &mut Unit, viewer: &Viewer, judge: &mut Judge) -> Result<Self> {
        let nearby = &mut judge.nearby;
        unit.each_mark(&Filter::working(viewer), |mark| nearby.add(mark))
            .await?;
        Ok(Self {
            populated: unit.bodies_with_devices().await?.into_iter().collect(),
            bodies: HashSet::new(),
            holds: false,
        })
    }

    /// Finds the devices that these rows are about and the sites of their bodies, those of other
    /// people's bodies excepted.
    pub async fn find<'k>(
        &mut self,
        unit: &mut Unit,
        judge: &mut Judge,
        keys: impl Iterator<Item = &'k Key>,
    ) -> Result<HashMap<Key, Revision>> {
        let mut codes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (body, code) in keys {
            if judge.viewer.writes(body) {
                codes.entry(body).or_default().push(code);
            }
        }
        let mut found = HashMap::new();
        for (body, codes) in codes {
            if self.bodies.insert(body.to_owned()) {
                if self.holds {
                    unit.hold_body(body, &[]).await?;
                }
                let sites = unit.sites(Some(&[body.to_owned()])).await?;
                let sites = sites.into_iter().map(|site| site.code);
                judge
                    .sites
                    .entry(body.to_owned())
                    .or_default()
                    .extend(sites);
            }
            if self.populated.contains(body) {
                for state in unit.working_with_codes(body, &codes).await? {
                    let text = |field| state.record.text(field).to_owned();
                    found.insert((text(Field::Ente), text(Field::Codice)), state);
                }
            }
        }
        Ok(found)
    }
}

/// A chunk that was judged.
pub(super) struct Step<T> {
    /// The judge, who knows of its rows now.
    pub judge: Judge,
    /// What was made of the rows.
    pub made: T,
}

/// What is done with each chunk besides judging it, on the thread that judges: rows are made and
/// dropped there, and whoever writes has nothing else to do.
pub(super) struct Task<Make> {
    /// Who writes the rows that were accepted; nobody when they are only looked at.
    pub scribe: Option<Scribe>,
    /// What is made of the rows, in the order of the file.
    pub make: Make,
}

impl<Make> Task<Make> {
    fn done<T>(self, plan: &Plan, mut judged: Vec<Judged>) -> Result<(Written, T)>
    where
        Make: FnOnce(&Plan, &[Judged]) -> Result<T>,
    {
        let made = (self.make)(plan, &judged)?;
        let written = match &self.scribe {
            Some(scribe) => scribe.make_ready(plan, &mut judged)?,
            None => Written::default(),
        };
        Ok((written, made))
    }
}

/// How the judgement of a chunk ended.
enum Ended<T, Make> {
    /// All its rows are judged.
    Done(Result<(Written, T)>),
    /// Some rows turned out to be about devices that have to be looked up first.
    Open(Verdicts, Task<Make>),
}

/// Judges one chunk on a thread aside while what the chunks before it add and change is written, or
/// waits to be worth it.
pub(super) async fn judge_beside<T, Make>(
    unit: &mut Unit,
    plan: &Arc<Plan>,
    mut judge: Judge,
    lookup: &mut Lookup,
    rows: Vec<Typed>,
    pending: &mut Pending,
    task: Task<Make>,
) -> Result<Step<T>>
where
    T: Send + 'static,
    Make: FnOnce(&Plan, &[Judged]) -> Result<T> + Send + 'static,
{
    let keys = rows.iter().filter_map(|typed| typed.key.as_ref());
    let found = lookup.find(unit, &mut judge, keys).await?;
    let aside = Arc::clone(plan);
    let work = tokio::task::spawn_blocking(move || {
        let verdicts = judge.judge(&aside, rows, &found);
        let ended = if verdicts.about_others.is_empty() {
            Ended::Done(task.done(&aside, verdicts.judged))
        } else {
            Ended::Open(verdicts, task)
        };
        (judge, ended)
    });
    let written = if pending.written.revisions.are_due(unit) {
        pending.write(unit).await
    } else {
        Ok(())
    };
    let (mut judge, ended) = work
        .await
        .map_err(|error| Error::Failed(error.to_string()))?;
    written?;
    let (written, made) = match ended {
        Ended::Done(done) => done?,
        Ended::Open(verdicts, task) => {
            let others = verdicts.about_others.iter();
            let keys = others.filter_map(|(typed, _)| typed.key.as_ref());
            let found = lookup.find(unit, &mut judge, keys).await?;
            let mut judged = verdicts.judged;
            for (typed, mended) in verdicts.about_others {
                judged.push(judge.again(plan, typed, mended, &found));
            }
            judged.sort_by_key(|one| one.incoming.row.record);
            task.done(plan, judged)?
        }
    };
    pending.written.join(written);
    Ok(Step { judge, made })
}

/// What was judged and not yet written, and the seal of what was.
pub(super) struct Pending {
    written: Written,
    /// What the record of the history will cover.
    pub seal: Seal,
}

impl Pending {
    /// Nothing yet.
    pub fn new(seal: Seal) -> Self {
        Self {
            written: Written::default(),
            seal,
        }
    }

    /// Writes what waits.
    pub async fn write(&mut self, unit: &mut Unit) -> Result<()> {
        let written = std::mem::take(&mut self.written);
        written.write(unit, &mut self.seal).await
    }

    /// Forgets what waits: nothing of the file is kept.
    pub fn forget(&mut self) {
        self.written = Written::default();
    }
}

/// Who writes the rows that were accepted, and whence they come.
#[derive(Debug, Clone)]
pub(super) struct Scribe {
    /// Where times and identifiers come from.
    pub clock: Clock,
    /// Whose account history shows.
    pub author: String,
    /// Where the rows come from.
    pub source: Source,
    /// The batch they belong to.
    pub batch: Option<Uuid>,
    /// The record of the history that will cover them.
    pub entry: Uuid,
}

impl Scribe {
    /// Takes out of the rows what they add and change, in the form in which it is written.
    fn make_ready(&self, plan: &Plan, judged: &mut [Judged]) -> Result<Written> {
        let writer = Writer {
            clock: &self.clock,
            author: &self.author,
            source: self.source,
            batch: self.batch,
        };
        let mut written = Written {
            now: self.clock.now(),
            ..Written::default()
        };
        let mut revisions = Vec::with_capacity(judged.len());
        let kept = |one: &&mut Judged| matches!(one.fate, Fate::New | Fate::Changed);
        for one in judged.iter_mut().filter(kept) {
            self.named(one, &mut written);
            let record = std::mem::take(&mut one.checked.record);
            let present = one.present.as_ref();
            let mut revision = writer.revision(&one.draft, &one.checked, record, present);
            if let Some(provenance) = one.provenance(plan) {
                revision.provenance = provenance;
            }
            if one.present.is_none() {
                written.devices.push(Device {
                    id: revision.device,
                    body: revision.record.text(Field::Ente).to_owned(),
                    code: revision.record.text(Field::Codice).to_owned(),
                    number: revision.number,
                });
            }
            revisions.push(revision);
        }
        written.revisions = Revisions::of(revisions, self.entry)?;
        Ok(written)
    }

    /// Notes the site and the software that a row is the first to name.
    fn named(&self, one: &Judged, written: &mut Written) {
        let record = &one.checked.record;
        let proposes = |finding: &Finding| finding.code == Code::SoftwareProposed;
        if one.checked.findings.iter().any(proposes) {
            written
                .software
                .push(record.text(Field::Software).to_owned());
        }
        if one.names_new_site {
            let reader = reads_plates(record.text(Field::Funzione));
            written.sites.push(Site {
                id: self.clock.new_id(),
                body: record.text(Field::Ente).to_owned(),
                code: record.text(Field::Sito).to_owned(),
                kind: if reader { "varco" } else { "postazione" }.to_owned(),
                name: String::new(),
            });
        }
    }
}

/// What a chunk adds and changes, ready to be written.
#[derive(Default)]
struct Written {
    now: Instant,
    software: Vec<String>,
    sites: Vec<Site>,
    devices: Vec<Device>,
    revisions: Revisions,
}

impl Written {
    /// Puts what another chunk adds and changes after this.
    fn join(&mut self, mut other: Self) {
        self.now = self.now.max(other.now);
        self.software.append(&mut other.software);
        self.sites.append(&mut other.sites);
        self.devices.append(&mut other.devices);
        self.revisions.join(other.revisions);
    }

    /// Writes it.
    async fn write(self, unit: &mut Unit, seal: &mut Seal) -> Result<()> {
        for software in &self.software {
            unit.add_software(software, false).await?;
        }
        let done = async {
            unit.add_sites(&self.sites).await?;
            unit.add_devices(&self.devices, self.now).await?;
            unit.write_revisions(self.revisions, seal).await
        };
        done.await.map_err(|error| changed_meanwhile(error.into()))
    }
}

/// On PostgreSQL two people may bring in the same codes at the same time; one of them tries again.
pub(super) fn changed_meanwhile(error: Error) -> Error {
    match error {
        Error::Storage(storage::Error::Constraint(_)) => Error::Invalid(
            "Mentre leggevamo il file qualcuno ha salvato gli stessi dispositivi: nulla è stato \
             importato. Riprovate."
                .to_owned(),
        ),
        other => other,
    }
}
