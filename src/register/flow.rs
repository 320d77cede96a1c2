//! The road of rows from a file into the register: a thread reads and understands them, another
//! judges them, and what was judged before is written meanwhile.
//!
//! Rows go a chunk at a time, so memory is bounded by a few chunks whatever the file is. The command
//! and the staged batch take the same road. Enforced by `tests/it/imports.rs` and
//! `tests/it/batches.rs`; measured by `benches/import.rs`.

use super::judge::{Edits, Incoming, Judge, Judged, Key, Plan, Typed, Verdicts};
use super::record::Writer;
use super::{Error, Register, Result};
use crate::census::batch::Fate;
use crate::census::filter::Filter;
use crate::census::finding::{Code, Finding};
use crate::census::person::Viewer;
use crate::census::revision::{Revision, Source};
use crate::census::rules::World;
use crate::census::survey::{Conclusion, Survey};
use crate::census::vocabulary::{Field, reads_plates};
use crate::exchange::source::{self, Choices, Row, SourceError};
use crate::storage::body::Site;
use crate::storage::device::Device;
use crate::storage::{self, Unit};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::Seek;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How many rows are read, judged and written together.
pub(super) const CHUNK: usize = 1_000;

/// How many chunks may wait to be judged.
const AHEAD: usize = 2;

/// Opens a file on a thread that does not serve.
pub(super) async fn open(name: &str, mut file: File, choices: Choices) -> Result<source::Source> {
    let name = name.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        source::Source::open(&name, file, &choices)
    });
    opened
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(unreadable)
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
        let chunk: Result<Vec<Row>, SourceError> = rows.by_ref().take(CHUNK).collect();
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
}

impl Lookup {
    /// Tells the judge what stands where, and finds out which bodies have devices.
    pub async fn open(unit: &mut Unit, viewer: &Viewer, judge: &mut Judge) -> Result<Self> {
        let nearby = &mut judge.nearby;
        unit.each_mark(&Filter::of(viewer), |mark| nearby.add(mark))
            .await?;
        Ok(Self {
            populated: unit.bodies_with_devices().await?.into_iter().collect(),
            bodies: HashSet::new(),
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

/// Judges one chunk on a thread aside while something else is done; gives back the judge, the rows
/// in the order of the file, and what was done meanwhile.
pub(super) async fn judge_beside<T>(
    unit: &mut Unit,
    plan: &Arc<Plan>,
    mut judge: Judge,
    lookup: &mut Lookup,
    rows: Vec<Typed>,
    meanwhile: impl AsyncFnOnce(&mut Unit) -> Result<T>,
) -> Result<(Judge, Vec<Judged>, T)> {
    let keys = rows.iter().filter_map(|typed| typed.key.as_ref());
    let found = lookup.find(unit, &mut judge, keys).await?;
    let aside = Arc::clone(plan);
    let work = tokio::task::spawn_blocking(move || {
        let verdicts = judge.judge(&aside, rows, &found);
        (judge, verdicts)
    });
    let done = meanwhile(unit).await;
    let (mut judge, verdicts) = work
        .await
        .map_err(|error| Error::Failed(error.to_string()))?;
    let done = done?;
    let Verdicts {
        mut judged,
        about_others,
    } = verdicts;
    if !about_others.is_empty() {
        let keys = about_others
            .iter()
            .filter_map(|(typed, _)| typed.key.as_ref());
        let found = lookup.find(unit, &mut judge, keys).await?;
        for (typed, mended) in about_others {
            judged.push(judge.again(plan, typed, mended, &found));
        }
        judged.sort_by_key(|one| one.incoming.row.record);
    }
    Ok((judge, judged, done))
}

/// Writes the rows that were accepted.
pub(super) struct Keeper<'a> {
    /// The register.
    pub register: &'a Register,
    /// Whose account history shows.
    pub author: &'a str,
    /// Where the rows come from.
    pub source: Source,
    /// The batch they belong to.
    pub batch: Option<Uuid>,
    /// The sites that are there already, or were added.
    sites: HashMap<String, HashSet<String>>,
    /// The software that was added.
    software: BTreeSet<String>,
}

impl<'a> Keeper<'a> {
    /// A keeper that has written nothing yet.
    pub fn new(
        register: &'a Register,
        author: &'a str,
        source: Source,
        batch: Option<Uuid>,
    ) -> Self {
        Self {
            register,
            author,
            source,
            batch,
            sites: HashMap::new(),
            software: BTreeSet::new(),
        }
    }

    /// Writes what the rows add and change.
    pub async fn keep(&mut self, unit: &mut Unit, plan: &Plan, judged: Vec<Judged>) -> Result<()> {
        let writer = Writer {
            register: self.register,
            author: self.author,
            source: self.source,
            batch: self.batch,
        };
        let mut devices = Vec::new();
        let mut revisions = Vec::with_capacity(judged.len());
        let writes = |one: &Judged| matches!(one.fate, Fate::New | Fate::Changed);
        let mut sites = Vec::new();
        for mut one in judged.into_iter().filter(writes) {
            self.named(unit, &one, &mut sites).await?;
            let record = std::mem::take(&mut one.checked.record);
            let present = one.present.as_ref();
            let mut revision = writer.revision(&one.draft, &one.checked, record, present);
            if let Some(provenance) = one.provenance(plan) {
                revision.provenance = provenance;
            }
            if one.present.is_none() {
                devices.push(Device {
                    id: revision.device,
                    body: revision.record.text(Field::Ente).to_owned(),
                    code: revision.record.text(Field::Codice).to_owned(),
                    number: revision.number,
                });
            }
            revisions.push(revision);
        }
        unit.add_sites(&sites).await?;
        unit.add_devices(&devices, self.register.clock.now())
            .await?;
        unit.add_revisions(revisions).await?;
        Ok(())
    }

    /// Adds the software that a row names, and notes the site it names, once for the file.
    async fn named(&mut self, unit: &mut Unit, one: &Judged, sites: &mut Vec<Site>) -> Result<()> {
        let record = &one.checked.record;
        let proposes = |finding: &Finding| finding.code == Code::SoftwareProposed;
        let software = record.text(Field::Software);
        if one.checked.findings.iter().any(proposes) && self.software.insert(software.to_owned()) {
            unit.add_software(software, false).await?;
        }
        let (body, code) = (record.text(Field::Ente), record.text(Field::Sito));
        if code.is_empty() {
            return Ok(());
        }
        if !self.sites.contains_key(body) {
            let present = unit.sites(Some(&[body.to_owned()])).await?;
            let codes = present.into_iter().map(|site| site.code).collect();
            self.sites.insert(body.to_owned(), codes);
        }
        let known = self.sites.entry(body.to_owned()).or_default();
        if !known.contains(code) {
            known.insert(code.to_owned());
            let reader = reads_plates(record.text(Field::Funzione));
            sites.push(Site {
                id: self.register.clock.new_id(),
                body: body.to_owned(),
                code: code.to_owned(),
                kind: if reader { "varco" } else { "postazione" }.to_owned(),
                name: String::new(),
            });
        }
        Ok(())
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
