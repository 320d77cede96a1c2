//! Bringing in a file at once: the command's road. The page stages first (`batch`); what a row would
//! do is `judge`'s to say for both.
//!
//! Everything happens in one transaction (`flow` is the road). Nothing is stored when a row has errors, unless the good rows are asked
//! for; a trial only reads. What is found is told row by row, so memory does not grow with the
//! findings. Enforced by `tests/it/imports.rs`.

use super::flow::{self, Fed, Feed, Lookup, Pending, Scribe};
use super::journal::Note;
use super::judge::{Judge, Judged, Plan};
use super::{Error, Register, Result};
use crate::census::batch::{Fate, State};
use crate::census::draft::Draft;
use crate::census::finding::{Code, Finding, Proposal, Severity};
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::projection;
use crate::census::revision::Source;
use crate::census::rules::{self, Around, World};
use crate::census::survey::Conclusion;
use crate::census::vocabulary::Field;
use crate::exchange::columns::{Hints, Mapping};
use crate::exchange::source::{self, Choices, Row};
use crate::storage::Unit;
use crate::storage::batch::Batch;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use uuid::Uuid;

/// What is asked of a file.
#[derive(Debug, Clone)]
pub struct Request {
    /// What people call the file.
    pub name: String,
    /// The body of the rows that do not name one, by code or name.
    pub body: Option<String>,
    /// The reference system of the coordinates, as `EPSG:n`; recognised from the numbers when absent.
    pub crs: Option<String>,
    /// Values for every row that does not say its own.
    pub constants: Vec<(Field, String)>,
    /// Whether to store nothing, ever.
    pub dry_run: bool,
    /// Whether to store the good rows when others have errors.
    pub partial: bool,
    /// Whether to mend errors for which there is exactly one proposal.
    pub accept_proposals: bool,
    /// Where the revisions come from.
    pub source: Source,
}

/// What became of a file. As JSON, with what was told of its rows, it is the report that the command
/// writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What people call the file.
    pub file: String,
    /// How many rows of data it has.
    pub rows: u64,
    /// Rows without errors: created, changed and unchanged together.
    pub accepted: u64,
    /// Rows with errors.
    pub rejected: u64,
    /// Accepted rows that are new devices.
    pub created: u64,
    /// Accepted rows that change a device.
    pub changed: u64,
    /// Accepted rows that say what the register already has.
    pub unchanged: u64,
    /// Whether the accepted rows are now in the register.
    pub stored: bool,
    /// The batch under which they are, by which they can be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Uuid>,
    /// What was found out about the file.
    pub detected: Detected,
    /// Where each row lands, or would once its single proposal is taken; empty where rows are told
    /// one by one.
    pub points: Vec<Landing>,
    /// Everything the rules found about the file, then about its rows where these are not told one
    /// by one.
    pub findings: Vec<Said>,
    /// Findings that keep something from being stored.
    #[serde(skip)]
    pub errors: u64,
    /// Findings that a person may confirm.
    #[serde(skip)]
    pub warnings: u64,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detected {
    /// What the file is, and how it is read.
    #[serde(flatten)]
    pub file: source::Detected,
    /// The reference system that was declared, or the one most points were read in.
    pub crs: Option<String>,
    /// Header and attribute of every column that was used.
    pub mapping: Map<String, Json>,
    /// Headers of the columns that were not.
    pub ignored_columns: Vec<String>,
}

/// Where a row lands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Landing {
    /// Which row of data, from 1.
    pub record: u64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// The ISTAT code of the Comune it is in, if one of those known.
    pub comune: Option<String>,
    /// The reference system its numbers were read in, as `EPSG:n`.
    pub crs: String,
}

/// A finding and where in the file it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The physical line, from 1; for the whole file, that of the header.
    pub line: u64,
    /// Which row of data, from 1; none for the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The header of the column, as the file spells it.
    pub column: Option<String>,
    /// The attribute.
    pub field: Option<&'static str>,
    /// The value as the file has it, shortened.
    pub value: String,
    /// Which rule.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong and what to do, in Italian.
    pub message: String,
    /// What would mend it.
    pub proposals: Vec<Proposal>,
    /// Whether its single proposal was taken, so that it stops nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub applied: bool,
}

impl Said {
    /// Whether it keeps something from being stored.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.severity == Severity::Error && !self.applied
    }
}

impl Report {
    /// Whether something in the file cannot be stored as it is.
    #[must_use]
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }
}

/// What is told of a row as soon as it is known.
#[derive(Debug)]
pub enum Told {
    /// Where it lands.
    Landing(Landing),
    /// What was found.
    Said(Said),
    /// How far the file has been read, from 0 to 1, and how many rows that is.
    Progress(f64, u64),
    /// The file is read once more from its beginning: what was told of its rows no longer holds.
    Anew,
}

/// Who is told.
pub type Listener<'a> = &'a mut (dyn FnMut(Told) -> std::io::Result<()> + Send);

impl Register {
    /// Brings in the rows of a file, all of them or, when asked, the good ones.
    pub async fn load(
        &self,
        viewer: &Viewer,
        request: &Request,
        file: File,
        listener: Listener<'_>,
    ) -> Result<Report> {
        if !viewer.writes_any() {
            return Err(Error::Forbidden("Il vostro ruolo non scrive dispositivi."));
        }
        let batch = if request.dry_run {
            None
        } else {
            Some(self.announce(viewer, request).await?)
        };
        let outcome = self
            .load_announced(viewer, request, file, batch, listener)
            .await;
        if let (Some(batch), Err(_) | Ok(Report { stored: false, .. })) = (batch, &outcome) {
            let problem = outcome.as_ref().err().map(ToString::to_string);
            self.withdraw_announcement(batch, problem).await?;
        }
        outcome
    }

    async fn load_announced(
        &self,
        viewer: &Viewer,
        request: &Request,
        file: File,
        batch: Option<Uuid>,
        listener: Listener<'_>,
    ) -> Result<Report> {
        let again = file.try_clone()?;
        let opened = flow::open(&request.name, file, Choices::default()).await?;
        let world = self.world(&mut self.store.read().await?).await?;
        let body = body(viewer, request.body.as_deref(), &world)?;
        let hints = Hints {
            window: Some(world.territory.window()),
            spatial: opened.detected.format.spatial(),
            world: Some(&world),
            remembered: None,
        };
        let mapping = Mapping::of(&opened.header, &opened.sample, &hints);
        let asked = Asked::of(request, body.clone())?;
        let prepared = prepare(
            mapping,
            opened.header.len(),
            &opened.detected,
            &asked,
            &world,
        )?;
        let plan = Arc::new(prepared.plan);
        let task = Task {
            register: self,
            viewer,
            request,
            batch,
        };
        let judge = |world, conclusion| {
            let defaults = prepared.defaults.clone();
            Judge::new(
                viewer,
                world,
                conclusion,
                request.accept_proposals,
                defaults,
            )
        };
        let mut unit = self.unit_for(batch).await?;
        let surveying = self.world(&mut unit).await?;
        let defaulted = || prepared.defaulted.clone();
        let mut pending = Pending::new(self.seal());
        let first = Load::begin(task, &opened, &plan, defaulted(), &mut *listener);
        let first = first
            .run(
                &mut unit,
                opened,
                &plan,
                judge(world, None),
                Some(surveying),
                &mut pending,
            )
            .await?;
        let report = match first {
            Ran::Done(report) => *report,
            Ran::Doubt(conclusion) => {
                // What was written of the rows before the doubt goes with the unit.
                drop(unit);
                pending = Pending::new(self.seal());
                unit = self.unit_for(batch).await?;
                listener(Told::Anew)?;
                let opened = flow::open(&request.name, again, Choices::default()).await?;
                let world = self.world(&mut unit).await?;
                let mut second = Load::begin(task, &opened, &plan, defaulted(), listener);
                second.say_of_coordinates(&conclusion);
                let judge = judge(world, Some(conclusion));
                let ran = second
                    .run(&mut unit, opened, &plan, judge, None, &mut pending)
                    .await?;
                match ran {
                    Ran::Done(report) => *report,
                    Ran::Doubt(_) => return Err(Error::Failed("survey".to_owned())),
                }
            }
        };
        if report.stored
            && let Some(id) = batch
        {
            let written = unit.batch(id).await?;
            let mut written = written.ok_or(Error::NotFound("L’importazione non c’è più."))?;
            written.state = State::Confirmed;
            written.body = body;
            written.changed_at = self.clock.now();
            written.summary = super::staged::Summary::of_report(&report).to_json()?;
            unit.put_batch(&written).await?;
            let note = Note {
                act: Act::Imported,
                body: written.body.as_deref(),
                subject: &id.to_string(),
                detail: &format!(
                    "{}: {} nuovi, {} modificati",
                    written.name, report.created, report.changed
                ),
            };
            self.note(&mut unit, viewer, &pending.seal, note).await?;
            let done = unit.commit().await;
            done.map_err(|error| flow::changed_meanwhile(error.into()))?;
        }
        Ok(report)
    }

    /// What an import works in: a trial only reads.
    async fn unit_for(&self, batch: Option<Uuid>) -> Result<Unit> {
        Ok(match batch {
            None => self.store.read().await?,
            Some(_) => self.store.write().await?,
        })
    }

    /// Says, before anything is written, that a file is coming in: whoever looks after a sudden end
    /// finds whether it did.
    async fn announce(&self, viewer: &Viewer, request: &Request) -> Result<Uuid> {
        let now = self.clock.now();
        let batch = Batch {
            id: self.clock.new_id(),
            name: request.name.clone(),
            author: viewer.account.clone(),
            source: request.source,
            state: State::Confirming,
            created_at: now,
            changed_at: now,
            beat_at: now,
            cancelled: false,
            request: "{}".to_owned(),
            summary: "{}".to_owned(),
            problem: String::new(),
            body: None,
            undoes: None,
        };
        let mut unit = self.store.write().await?;
        unit.add_batch(&batch).await?;
        unit.commit().await?;
        Ok(batch.id)
    }

    /// Says that nothing came of it.
    async fn withdraw_announcement(&self, id: Uuid, problem: Option<String>) -> Result<()> {
        let mut unit = self.store.write().await?;
        let Some(mut batch) = unit.batch(id).await? else {
            return Ok(());
        };
        batch.state = match problem {
            Some(_) => State::Failed,
            None => State::Abandoned,
        };
        batch.changed_at = self.clock.now();
        batch.problem = problem.unwrap_or_default();
        unit.put_batch(&batch).await?;
        Ok(unit.commit().await?)
    }
}

/// What is asked of the rows of a file.
pub(super) struct Asked {
    /// The code of the body of the rows that do not name one.
    pub body: Option<String>,
    /// The reference system, as `EPSG:n`.
    pub crs: Option<&'static str>,
    /// Values for every row that does not say its own.
    pub constants: Vec<(Field, String)>,
}

impl Asked {
    fn of(request: &Request, body: Option<String>) -> Result<Self> {
        Ok(Self {
            body,
            crs: declared(request.crs.as_deref())?,
            constants: request.constants.clone(),
        })
    }
}

/// A file that is ready to be judged.
pub(super) struct Prepared {
    /// How its rows are read.
    pub plan: Plan,
    /// What only new devices are taken to say.
    pub defaults: Vec<(Field, String)>,
    /// What to say of the defaults once a device has needed them.
    pub defaulted: Vec<Finding>,
}

/// Decides how the rows of a file are read.
pub(super) fn prepare(
    mapping: Mapping,
    columns: usize,
    detected: &source::Detected,
    asked: &Asked,
    world: &World,
) -> Result<Prepared> {
    judge_constants(&asked.constants, world)?;
    let mut constants = asked.constants.clone();
    constants.extend(asked.body.clone().map(|body| (Field::Ente, body)));
    let mut filled = constants.clone();
    let defaulted = mapping.fill(&mut filled);
    let defaults = filled.split_off(constants.len());
    let stated = detected.crs.as_deref().and_then(projection::system);
    let plan = Plan {
        columns,
        mapping,
        crs: asked.crs.or(stated.map(|crs| crs.code)),
        constants,
        bodies: world.bodies.clone(),
    };
    Ok(Prepared {
        plan,
        defaults,
        defaulted,
    })
}

/// What no device can be saved without and the whole file fails to say.
pub(super) fn missing_columns(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in plan.mapping.missing(&plan.constants) {
        let advice = match field {
            Field::Codice => {
                "È il codice con cui l’ente chiama ogni dispositivo. Controllate che la prima \
                 riga del file sia l’intestazione e che una colonna si chiami «codice»."
            }
            Field::Ente => {
                "Indicate l’ente per tutto il file, oppure aggiungete la colonna «ente» con il \
                 codice ISTAT del Comune."
            }
            _ => continue,
        };
        let label = field.attribute().label;
        let message = format!(
            "Il file non ha la colonna «{}» ({label}). {advice}",
            field.name()
        );
        found.push(Finding::new(Code::ValueRequired, field, "", message));
    }
    found
}

/// What to say of the file once its rows are judged: columns that are not used, what new devices
/// were taken to say, and what will be wanted when they are submitted; each with its column.
pub(super) fn about_the_file(
    plan: &Plan,
    judge: &Judge,
    defaulted: Vec<Finding>,
) -> Vec<(Option<String>, Finding)> {
    let mut found: Vec<(Option<String>, Finding)> = plan
        .mapping
        .findings()
        .into_iter()
        .map(|(header, finding)| (Some(header), finding))
        .collect();
    if judge.used_defaults {
        found.extend(defaulted.into_iter().map(|finding| (None, finding)));
    }
    for field in &judge.lacking {
        let message = format!(
            "{}: il file non ha questa colonna. Servirà per inviare i dispositivi alla \
             convalida; potete completarli dopo.",
            field.attribute().label
        );
        found.push((None, Finding::new(Code::ValueMissing, *field, "", message)));
    }
    found
}

/// How a reading of the whole file ended.
enum Ran {
    /// Every row is judged.
    Done(Box<Report>),
    /// The rows have to be judged again in the light of what they say together.
    Doubt(Conclusion),
}

/// What is done with a file, and for whom.
#[derive(Clone, Copy)]
struct Task<'a> {
    register: &'a Register,
    viewer: &'a Viewer,
    request: &'a Request,
    batch: Option<Uuid>,
}

/// A file on its way in.
struct Load<'a, 'l> {
    task: Task<'a>,
    report: Report,
    defaulted: Vec<Finding>,
    /// How many rows were read in each reference system.
    crs: BTreeMap<String, u64>,
    listener: Listener<'l>,
}

impl<'a, 'l> Load<'a, 'l> {
    fn begin(
        task: Task<'a>,
        opened: &source::Source,
        plan: &Plan,
        defaulted: Vec<Finding>,
        listener: Listener<'l>,
    ) -> Self {
        Self {
            task,
            report: Report::of(task.request, opened, plan),
            defaulted,
            crs: BTreeMap::new(),
            listener,
        }
    }

    /// Every row, a chunk at a time; when the file lacks what no row can do without, they are only
    /// counted.
    async fn run(
        mut self,
        unit: &mut Unit,
        opened: source::Source,
        plan: &Arc<Plan>,
        mut judge: Judge,
        surveying: Option<World>,
        pending: &mut Pending,
    ) -> Result<Ran> {
        for finding in missing_columns(plan) {
            self.say_of_file(None, finding);
        }
        let hopeless = self.report.has_errors();
        let mut lookup = Lookup::open(unit, self.task.viewer, &mut judge).await?;
        lookup.holds = self.task.batch.is_some();
        let scribe = Scribe {
            clock: self.task.register.clock.clone(),
            author: self.task.viewer.account.clone(),
            source: self.task.request.source,
            batch: self.task.batch,
            entry: pending.seal.entry,
        };
        let progress = opened.progress.clone();
        let mut feed = Feed::start(opened, Arc::clone(plan), surveying.filter(|_| !hopeless));
        while let Some(fed) = feed.next().await? {
            let Fed::Rows(rows) = fed else {
                let conclusion = feed.conclude().await?;
                let gone = || Error::Failed("the survey ended early".to_owned());
                return Ok(Ran::Doubt(conclusion.ok_or_else(gone)?));
            };
            self.report.rows += rows.len() as u64;
            self.tell(Told::Progress(progress.share(), self.report.rows))?;
            if hopeless {
                self.report.rejected += rows.len() as u64;
                continue;
            }
            if !self.keeps() {
                pending.forget();
            }
            let task = flow::Task {
                scribe: Some(scribe.clone()).filter(|_| self.keeps()),
                make: |plan: &Plan, judged: &[Judged]| Ok(heard(plan, judged)),
            };
            let step =
                flow::judge_beside(unit, plan, judge, &mut lookup, rows, pending, task).await?;
            judge = step.judge;
            self.count(step.made)?;
        }
        if self.keeps() {
            pending.write(unit).await?;
        }
        if let Some(conclusion) = feed.conclude().await? {
            self.say_of_coordinates(&conclusion);
        }
        Ok(Ran::Done(Box::new(self.finish(plan, &judge))))
    }

    fn say_of_coordinates(&mut self, conclusion: &Conclusion) {
        for finding in conclusion.findings() {
            self.say_of_file(None, finding);
        }
    }

    /// Whether what was accepted until here can still be stored.
    fn keeps(&self) -> bool {
        !self.task.request.dry_run && (self.task.request.partial || !self.report.has_errors())
    }

    /// Counts rows and tells what was found in them.
    fn count(&mut self, rows: Vec<Heard>) -> Result<()> {
        for row in rows {
            match row.fate {
                Fate::New => self.report.created += 1,
                Fate::Changed => self.report.changed += 1,
                Fate::Unchanged => self.report.unchanged += 1,
                Fate::Rejected | Fate::Conflict | Fate::LeftOut => self.report.rejected += 1,
            }
            self.report.accepted += u64::from(row.fate.is_good());
            if let Some(landing) = row.landing {
                match self.crs.get_mut(&landing.crs) {
                    Some(count) => *count += 1,
                    None => {
                        self.crs.insert(landing.crs.clone(), 1);
                    }
                }
                self.tell(Told::Landing(landing))?;
            }
            for said in row.said {
                self.weigh(&said);
                self.tell(Told::Said(said))?;
            }
        }
        Ok(())
    }

    fn weigh(&mut self, said: &Said) {
        self.report.errors += u64::from(said.stops());
        self.report.warnings += u64::from(said.severity == Severity::Warning);
    }

    fn tell(&mut self, told: Told) -> Result<()> {
        Ok((self.listener)(told)?)
    }

    fn say_of_file(&mut self, column: Option<String>, finding: Finding) {
        let line = self.report.detected.file.header_line.unwrap_or(1).max(1);
        let said = said(line, None, column, finding, false);
        self.weigh(&said);
        self.report.findings.push(said);
    }

    /// What became of the file.
    fn finish(mut self, plan: &Plan, judge: &Judge) -> Report {
        let defaulted = std::mem::take(&mut self.defaulted);
        for (column, finding) in about_the_file(plan, judge, defaulted) {
            self.say_of_file(column, finding);
        }
        if self.report.detected.crs.is_none() {
            self.report.detected.crs = commonest(&self.crs);
        }
        self.report.stored = self.keeps() && self.report.accepted > 0;
        self.report.batch = self.task.batch.filter(|_| self.report.stored);
        self.report
    }
}

impl Report {
    fn of(request: &Request, opened: &source::Source, plan: &Plan) -> Self {
        Self {
            file: request.name.clone(),
            rows: 0,
            accepted: 0,
            rejected: 0,
            created: 0,
            changed: 0,
            unchanged: 0,
            stored: false,
            batch: None,
            detected: Detected {
                crs: plan.crs.map(str::to_owned),
                mapping: plan
                    .mapping
                    .used()
                    .map(|(header, field)| (header.to_owned(), Json::from(field)))
                    .collect(),
                ignored_columns: plan.mapping.ignored().map(str::to_owned).collect(),
                file: source::Detected {
                    crs: None,
                    ..opened.detected.clone()
                },
            },
            points: Vec::new(),
            findings: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }
}

/// What is told of a row.
struct Heard {
    fate: Fate,
    landing: Option<Landing>,
    said: Vec<Said>,
}

fn heard(plan: &Plan, judged: &[Judged]) -> Vec<Heard> {
    let one = |one: &Judged| {
        let Row { line, record, .. } = one.incoming.row;
        let landing = one.landing().map(|(lon, lat, comune, crs)| Landing {
            record,
            lat,
            lon,
            comune,
            crs,
        });
        let findings = told(one).map(|(finding, applied)| {
            let column = column_of(plan, finding);
            said(line, Some(record), column, finding.clone(), applied)
        });
        Heard {
            fate: one.fate,
            landing,
            said: findings.collect(),
        }
    };
    judged.iter().map(one).collect()
}

/// Everything that is said of a row: first what was mended.
pub(super) fn told(one: &Judged) -> impl Iterator<Item = (&Finding, bool)> {
    let applied = one.applied.iter().map(|finding| (finding, true));
    applied.chain(one.checked.findings.iter().map(|finding| (finding, false)))
}

/// The header of the column that a finding is about, if one.
pub(super) fn column_of(plan: &Plan, finding: &Finding) -> Option<String> {
    let header = finding
        .field
        .and_then(|field| plan.mapping.header_of(field));
    header.map(str::to_owned)
}

/// A finding with where in the file it is.
pub(super) fn said(
    line: u64,
    record: Option<u64>,
    column: Option<String>,
    finding: Finding,
    applied: bool,
) -> Said {
    Said {
        line,
        record,
        column,
        field: finding.field.map(Field::name),
        severity: finding.severity(),
        code: finding.code,
        value: finding.value,
        message: finding.message,
        proposals: finding.proposals,
        applied,
    }
}

/// The reference system that somebody declares.
pub(super) fn declared(text: Option<&str>) -> Result<Option<&'static str>> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let known = projection::system(text).map(|crs| crs.code);
    known.map(Some).ok_or_else(|| {
        let codes: Vec<&str> = projection::SYSTEMS.iter().map(|crs| crs.code).collect();
        Error::Invalid(format!(
            "Il sistema di riferimento «{text}» non è tra quelli noti: {}.",
            codes.join(", ")
        ))
    })
}

/// Refuses a constant that no row could keep.
pub(super) fn judge_constants(constants: &[(Field, String)], world: &World) -> Result<()> {
    let mut draft = Draft::default();
    for (field, text) in constants {
        draft.set(*field, text.as_str());
    }
    let own = |finding: &Finding| {
        let field = |field| constants.iter().any(|(own, _)| *own == field);
        finding.stops() && finding.field.is_some_and(field)
    };
    let checked = rules::check(&draft, world, &Around::default());
    match checked.findings.into_iter().find(own) {
        Some(finding) => Err(Error::Invalid(finding.message)),
        None => Ok(()),
    }
}

/// The body of the rows that do not name one: the one asked for, or the only one the person writes.
pub(super) fn body(viewer: &Viewer, asked: Option<&str>, world: &World) -> Result<Option<String>> {
    let Some(text) = asked.filter(|text| !text.trim().is_empty()) else {
        let mut own = viewer.bodies();
        return Ok(match (own.next(), own.next()) {
            (Some(only), None) => Some(only.to_owned()),
            _ => None,
        });
    };
    if let Some(code) = world.bodies.find(text.trim()) {
        super::may_write(viewer, code)?;
        return Ok(Some(code.to_owned()));
    }
    let near = world.bodies.nearest(text);
    let meant = near.map_or_else(String::new, |code| {
        let name = world.bodies.name(code).unwrap_or(code);
        format!(" Forse intendevate «{name}» ({code}).")
    });
    Err(Error::Invalid(format!(
        "L’ente «{text}» non è tra quelli registrati: per un Comune il codice è quello ISTAT, di \
         sei cifre.{meant}"
    )))
}

/// The reference system in which most rows were read.
pub(super) fn commonest(counts: &BTreeMap<String, u64>) -> Option<String> {
    let most = counts.iter().max_by_key(|(_, count)| **count);
    most.map(|(crs, _)| crs.clone())
}
