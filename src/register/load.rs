//! Bringing in a file: the page and the command take this one road.
//!
//! A row becomes a draft, the same rules as the form's judge it, and the same writer keeps it; all in
//! one transaction. Nothing is stored when a row has errors, unless the good rows are asked for; a
//! trial does everything and then lets the transaction go, so that it says what would happen. A
//! device the body already has under the same code is updated: what the file does not say, for want
//! of a column or because the cell is empty, stays as it is. Enforced by `tests/it/imports.rs`.

use super::record::{Writer, draft_of, neighbours};
use super::{Error, Register, Result};
use crate::census::draft::Draft;
use crate::census::finding::{Code, Finding, PositionProposal, Proposal, Severity};
use crate::census::person::Viewer;
use crate::census::projection;
use crate::census::revision::{Revision, Source};
use crate::census::rules::{self, Around, Checked, Neighbour, World};
use crate::census::territory::metres_between;
use crate::census::vocabulary::Field;
use crate::exchange::columns::Mapping;
use crate::exchange::csv::{CsvError, CsvReader};
use crate::exchange::source::Row;
use crate::storage::device::Device;
use crate::storage::{self, Unit};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use uuid::Uuid;

/// How many rows are looked up and written together.
const CHUNK: usize = 500;

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

/// What became of a file. As JSON it is the report that the command writes.
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
    /// What was found out about the file.
    pub detected: Detected,
    /// Where each row lands, or would once its single proposal is taken.
    pub points: Vec<Landing>,
    /// Everything the rules found: first about the file, then row by row.
    pub findings: Vec<Said>,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detected {
    /// `csv`.
    pub format: &'static str,
    /// The encoding's usual name, in lower case.
    pub encoding: String,
    /// What stands between cells.
    pub separator: char,
    /// What stands before decimals.
    pub decimal: char,
    /// The physical line of the header, from 1.
    pub header_line: u64,
    /// The reference system that was declared, or the one most points were read in.
    pub crs: Option<&'static str>,
    /// Header and attribute of every column that was used.
    pub mapping: Map<String, Json>,
    /// Headers of the columns that were not.
    pub ignored_columns: Vec<String>,
}

impl Detected {
    /// The separator as people call it.
    #[must_use]
    pub const fn separator_words(&self) -> &'static str {
        match self.separator {
            ';' => "punto e virgola",
            ',' => "virgola",
            '\t' => "tabulazione",
            _ => "barra verticale",
        }
    }
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
    pub crs: &'static str,
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
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(Said::stops)
    }
}

impl Register {
    /// Brings in the rows of a file, all of them or, when asked, the good ones.
    pub async fn load(&self, viewer: &Viewer, request: &Request, file: File) -> Result<Report> {
        if !viewer.writes_any() {
            return Err(Error::Forbidden("Il vostro ruolo non scrive dispositivi."));
        }
        let reader = open(file).await?;
        let mut unit = self.store.write().await?;
        let world = self.world(&mut unit).await?;
        let mut load = Load::new(self, viewer, request, world, &reader)?;
        load.rows(&mut unit, reader).await?;
        let report = load.finish();
        if report.stored {
            unit.commit().await?;
        }
        Ok(report)
    }
}

/// Finds out what the file is; it is read once from end to end, so not on a thread that serves.
async fn open(file: File) -> Result<CsvReader<File>> {
    let opened = tokio::task::spawn_blocking(move || CsvReader::open(file)).await;
    opened
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(unreadable)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in place of the error"
)]
fn unreadable(error: CsvError) -> Error {
    Error::Invalid(error.to_string())
}

/// A device as files know it: its body and the body's code.
type Key = (String, String);

/// A row under judgement: what it says, what is there already, what the rules say.
struct Judged {
    draft: Draft,
    present: Option<Revision>,
    checked: Checked,
    /// Errors that were mended by their single proposal.
    applied: Vec<Finding>,
}

impl Judged {
    /// What is found where the rules need not be asked.
    fn refused(draft: Draft, finding: Finding) -> Self {
        let checked = Checked {
            record: crate::census::record::Record::default(),
            point: None,
            findings: vec![finding],
        };
        Self {
            draft,
            present: None,
            checked,
            applied: Vec::new(),
        }
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
        self.checked.findings.iter().filter(|finding| {
            finding.severity() == Severity::Error && finding.code.name().starts_with("position.")
        })
    }

    /// Where the row lands. Nowhere, while its numbers can be read in several ways.
    fn landing(&self, record: u64) -> Option<Landing> {
        if let Some(position) = self.proposed() {
            return Some(Landing {
                record,
                lat: position.lat,
                lon: position.lon,
                comune: position.comune.clone(),
                crs: position.crs,
            });
        }
        if self
            .positions_in_error()
            .any(|finding| finding.proposals.len() > 1)
        {
            return None;
        }
        let point = self.checked.point.as_ref()?;
        Some(Landing {
            record,
            lat: point.lat,
            lon: point.lon,
            comune: point.comune.clone(),
            crs: point.crs,
        })
    }
}

/// Rows that are accepted and not written yet.
#[derive(Default)]
struct Pending {
    devices: Vec<Device>,
    revisions: Vec<Revision>,
    /// Degrees east and north of each revision.
    points: Vec<(f64, f64)>,
    ids: HashSet<Uuid>,
}

impl Pending {
    /// The rows near a point, which no query finds yet.
    fn near(&self, lon: f64, lat: f64, except: Option<Uuid>) -> impl Iterator<Item = Neighbour> {
        // A degree of latitude is 111 km; one of longitude is never more.
        const REACH: f64 = super::record::NEIGHBOURHOOD_M / 110_000.0;
        self.revisions
            .iter()
            .zip(&self.points)
            .filter(move |(_, point)| (point.1 - lat).abs() <= REACH)
            .filter(move |(revision, _)| Some(revision.device) != except)
            .map(move |(revision, point)| Neighbour {
                codice: revision.record.text(Field::Codice).to_owned(),
                ente: revision.record.text(Field::Ente).to_owned(),
                funzione: revision.record.text(Field::Funzione).to_owned(),
                azimut: revision.record.plain(Field::Azimut).parse().ok(),
                direzione: Some(revision.record.text(Field::Direzione).to_owned()),
                metres: metres_between((lon, lat), *point),
            })
            .filter(|near| near.metres <= super::record::NEIGHBOURHOOD_M)
    }
}

/// A file on its way in.
struct Load<'a> {
    register: &'a Register,
    viewer: &'a Viewer,
    request: &'a Request,
    world: World,
    mapping: Mapping,
    columns: usize,
    /// What rows that do not say it are taken to say.
    constants: Vec<(Field, String)>,
    /// What only new devices are taken to say.
    defaults: Vec<(Field, String)>,
    /// What to say of the defaults once a device has needed them.
    defaulted: Vec<Finding>,
    used_defaults: bool,
    /// The attributes without a column that some row will need before it is submitted.
    lacking: BTreeSet<Field>,
    crs: Option<&'static str>,
    /// The line of each device of the file, and its identifier once accepted.
    seen: HashMap<Key, (u64, Option<Uuid>)>,
    sites: HashSet<Key>,
    /// The devices of the present rows that the register already has.
    found: HashMap<Key, Revision>,
    pending: Pending,
    report: Report,
}

impl<'a> Load<'a> {
    fn new(
        register: &'a Register,
        viewer: &'a Viewer,
        request: &'a Request,
        world: World,
        reader: &CsvReader<File>,
    ) -> Result<Self> {
        let window = Some(world.territory.window());
        let mapping = Mapping::of(reader.header(), reader.sample(), window);
        let crs = declared(request)?;
        judge_constants(request, &world)?;
        let mut constants = request.constants.clone();
        if let Some(body) = body(viewer, request, &world)? {
            constants.push((Field::Ente, body));
        }
        let mut filled = constants.clone();
        let defaulted = mapping.fill(&mut filled);
        let defaults = filled.split_off(constants.len());
        let found = reader.detected();
        let report = Report {
            file: request.name.clone(),
            rows: 0,
            accepted: 0,
            rejected: 0,
            created: 0,
            changed: 0,
            unchanged: 0,
            stored: false,
            detected: Detected {
                format: found.format,
                encoding: found.encoding.clone(),
                separator: found.separator,
                decimal: found.decimal,
                header_line: found.header_line,
                crs,
                mapping: mapping
                    .used()
                    .map(|(header, field)| (header.to_owned(), Json::from(field)))
                    .collect(),
                ignored_columns: mapping.ignored().map(str::to_owned).collect(),
            },
            points: Vec::new(),
            findings: Vec::new(),
        };
        Ok(Self {
            register,
            viewer,
            request,
            world,
            columns: reader.header().len(),
            mapping,
            constants,
            defaults,
            defaulted,
            used_defaults: false,
            lacking: BTreeSet::new(),
            crs,
            seen: HashMap::new(),
            sites: HashSet::new(),
            found: HashMap::new(),
            pending: Pending::default(),
            report,
        })
    }

    /// Every row, a chunk at a time; when the file lacks what no row can do without, they are only
    /// counted.
    async fn rows(&mut self, unit: &mut Unit, mut reader: CsvReader<File>) -> Result<()> {
        self.missing_columns();
        let hopeless = self.report.has_errors();
        loop {
            let rows: Vec<Row> = reader
                .by_ref()
                .take(CHUNK)
                .collect::<Result<_, _>>()
                .map_err(unreadable)?;
            if rows.is_empty() {
                return Ok(());
            }
            self.report.rows += rows.len() as u64;
            if hopeless {
                self.report.rejected += rows.len() as u64;
                continue;
            }
            self.chunk(unit, &rows).await.map_err(changed_meanwhile)?;
        }
    }

    /// What no device can be saved without and the whole file fails to say.
    fn missing_columns(&mut self) {
        for field in self.mapping.missing(&self.constants) {
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
            let finding = Finding::new(Code::ValueRequired, field, "", message);
            self.say_of_file(None, finding);
        }
    }

    async fn chunk(&mut self, unit: &mut Unit, rows: &[Row]) -> Result<()> {
        let typed: Vec<Option<Draft>> = rows.iter().map(|row| self.typed(row)).collect();
        self.look_up(unit, typed.iter().flatten()).await?;
        for (row, typed) in rows.iter().zip(typed) {
            if let Some(typed) = typed {
                self.row(unit, row, typed).await?;
            } else if let Some(finding) = row.shape(self.columns) {
                self.report.rejected += 1;
                self.say(row, finding, false);
            }
        }
        let pending = std::mem::take(&mut self.pending);
        let now = self.register.clock.now();
        unit.add_devices(&pending.devices, now).await?;
        unit.add_revisions(&pending.revisions).await?;
        Ok(())
    }

    /// What a row says; nothing when its cells cannot be told apart.
    fn typed(&self, row: &Row) -> Option<Draft> {
        if row.shape(self.columns).is_some() {
            return None;
        }
        let mut draft = self.mapping.draft(row, &self.constants);
        if says_position(&draft) {
            self.crs.unwrap_or_default().clone_into(&mut draft.crs);
        }
        Some(draft)
    }

    fn key(&self, draft: &Draft) -> Option<Key> {
        let body = self.world.bodies.find(draft.get(Field::Ente))?;
        let code = draft.get(Field::Codice);
        (!code.is_empty()).then(|| (body.to_owned(), code.to_owned()))
    }

    /// Finds the devices that these rows are about, those of other people's bodies excepted.
    async fn look_up(
        &mut self,
        unit: &mut Unit,
        drafts: impl Iterator<Item = &Draft>,
    ) -> Result<()> {
        let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (body, code) in drafts.filter_map(|draft| self.key(draft)) {
            if self.viewer.writes(&body) {
                codes.entry(body).or_default().push(code);
            }
        }
        let mut ids = Vec::new();
        for (body, codes) in &codes {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            let devices = unit.devices_with_codes(body, &codes).await?;
            ids.extend(devices.into_iter().map(|device| device.id));
        }
        let states = unit.working(&ids).await?;
        self.found = states
            .into_iter()
            .map(|state| {
                let text = |field| state.record.text(field).to_owned();
                ((text(Field::Ente), text(Field::Codice)), state)
            })
            .collect();
        Ok(())
    }

    async fn row(&mut self, unit: &mut Unit, row: &Row, typed: Draft) -> Result<()> {
        let mut judged = self.judge(unit, &typed).await?;
        if self.request.accept_proposals {
            judged = self.mend(unit, typed, judged).await?;
        }
        self.report.points.extend(judged.landing(row.record));
        let key = self.key(&judged.draft);
        let before = key.as_ref().and_then(|key| self.seen.get(key));
        if let Some((line, _)) = before {
            let code = judged.draft.get(Field::Codice);
            let message = format!(
                "Il codice «{code}» è già alla riga {line}: lasciate una riga sola per ogni codice."
            );
            let finding = Finding::new(Code::CodeRepeated, Field::Codice, code, message);
            judged.checked.findings.push(finding);
        }
        let repeated = before.is_some();
        let device = if judged.checked.has_errors() {
            self.report.rejected += 1;
            None
        } else {
            self.report.accepted += 1;
            Some(self.accept(unit, &mut judged).await?)
        };
        if let (Some(key), false) = (key, repeated) {
            self.seen.insert(key, (row.line, device));
        }
        for finding in judged.applied {
            self.say(row, finding, true);
        }
        for finding in judged.checked.findings {
            if finding.code == Code::ValueMissing
                && let Some(field) = finding.field
                && self.mapping.header_of(field).is_none()
            {
                self.lacking.insert(field);
            } else {
                self.say(row, finding, false);
            }
        }
        Ok(())
    }

    /// Asks the rules about a row.
    async fn judge(&mut self, unit: &mut Unit, typed: &Draft) -> Result<Judged> {
        let body = self.world.bodies.find(typed.get(Field::Ente));
        if let Some(body) = body
            && !self.viewer.writes(body)
        {
            let name = self.world.bodies.name(body).unwrap_or(body);
            let message = format!(
                "Non potete scrivere dispositivi di «{name}»: chiedete all’amministratore di \
                 essere abilitati per questo ente."
            );
            let finding = Finding::new(
                Code::BodyForbidden,
                Field::Ente,
                typed.get(Field::Ente),
                message,
            );
            return Ok(Judged::refused(typed.clone(), finding));
        }
        let key = self.key(typed);
        let present = key.as_ref().and_then(|key| self.found.get(key)).cloned();
        let draft = match &present {
            Some(present) => overlay(present, typed),
            None => self.with_defaults(typed),
        };
        let twin = key.as_ref().and_then(|key| self.seen.get(key)?.1);
        let except = present.as_ref().map(|present| present.device).or(twin);
        let around = self.around(unit, &draft, except).await?;
        let checked = rules::check(&draft, &self.world, &around);
        Ok(Judged {
            draft,
            present,
            checked,
            applied: Vec::new(),
        })
    }

    fn with_defaults(&mut self, typed: &Draft) -> Draft {
        let mut draft = typed.clone();
        for (field, text) in &self.defaults {
            draft.set(*field, text.as_str());
            self.used_defaults = true;
        }
        draft
    }

    /// What the register holds around a row, the rows before it included.
    async fn around(
        &mut self,
        unit: &mut Unit,
        draft: &Draft,
        except: Option<Uuid>,
    ) -> Result<Around> {
        let mut around = Around::default();
        let site = draft.get(Field::Sito);
        // Which sites another body has is reserved like its devices.
        if let Some(body) = self.world.bodies.find(draft.get(Field::Ente))
            && self.viewer.writes(body)
            && !site.is_empty()
        {
            let key = (body.to_owned(), site.to_owned());
            around.site_known = self.sites.contains(&key);
            if !around.site_known && unit.site_with_code(body, site).await?.is_some() {
                around.site_known = true;
                self.sites.insert(key);
            }
        }
        if let Some(point) = rules::locate(draft, &self.world) {
            let (lon, lat) = (point.lon, point.lat);
            let elsewhere = |device| Some(device) == except || self.pending.ids.contains(&device);
            around.neighbours = neighbours(unit, self.viewer, lon, lat, elsewhere).await?;
            around
                .neighbours
                .extend(self.pending.near(lon, lat, except));
        }
        Ok(around)
    }

    /// Takes the single proposal of every error that has one, and asks the rules again.
    async fn mend(&mut self, unit: &mut Unit, mut typed: Draft, judged: Judged) -> Result<Judged> {
        let mended: Vec<Finding> = judged
            .checked
            .findings
            .iter()
            .filter(|finding| is_certain(finding))
            .cloned()
            .collect();
        if mended.is_empty() {
            return Ok(judged);
        }
        let original = position_text(&typed);
        let proposed = judged.proposed().cloned();
        for proposal in mended.iter().flat_map(|finding| &finding.proposals) {
            rules::apply(&mut typed, proposal);
        }
        if let Some(key) = self.key(&typed)
            && self.key(&judged.draft).as_ref() != Some(&key)
        {
            self.look_up_also(unit, key).await?;
        }
        let mut again = self.judge(unit, &typed).await?;
        // History keeps the numbers of the file and what was done to them.
        if let (Some(point), Some(proposed)) = (&mut again.checked.point, proposed) {
            point.original = original;
            point.crs = proposed.crs;
            point.operation = proposed.operation;
            point.accuracy_m = proposed.accuracy_m;
        }
        again.applied = mended;
        Ok(again)
    }

    /// Finds one device more, which a row is about only after it was mended.
    async fn look_up_also(&mut self, unit: &mut Unit, key: Key) -> Result<()> {
        if !self.viewer.writes(&key.0) {
            return Ok(());
        }
        if let Some(device) = unit.device_with_code(&key.0, &key.1).await?
            && let Some(state) = unit.working(&[device.id]).await?.pop()
        {
            self.found.insert(key, state);
        }
        Ok(())
    }

    /// Puts an accepted row among those to write, unless it says nothing new.
    async fn accept(&mut self, unit: &mut Unit, judged: &mut Judged) -> Result<Uuid> {
        let Judged {
            draft,
            present,
            checked,
            ..
        } = judged;
        if let Some(present) = present.as_ref() {
            if !present.withdrawn && present.record == checked.record {
                self.report.unchanged += 1;
                return Ok(present.device);
            }
            self.report.changed += 1;
            if present.withdrawn {
                checked.findings.push(restored(present));
            }
        } else {
            self.report.created += 1;
        }
        let writer = Writer {
            register: self.register,
            author: &self.viewer.account,
            source: self.request.source,
        };
        self.add_what_it_names(unit, &writer, checked).await?;
        let revision = writer.revision(draft, checked, present.as_ref());
        let device = revision.device;
        if present.is_none() {
            self.pending.devices.push(Device {
                id: device,
                body: revision.record.text(Field::Ente).to_owned(),
                code: revision.record.text(Field::Codice).to_owned(),
                number: revision.number,
            });
        }
        let degrees = |field| revision.record.number(field).unwrap_or_default();
        self.pending
            .points
            .push((degrees(Field::Lon), degrees(Field::Lat)));
        self.pending.ids.insert(device);
        self.pending.revisions.push(revision);
        Ok(device)
    }

    /// Adds the site and the software that a row names, once for the file.
    async fn add_what_it_names(
        &mut self,
        unit: &mut Unit,
        writer: &Writer<'_>,
        checked: &Checked,
    ) -> Result<()> {
        let text = |field| checked.record.text(field);
        let site = (text(Field::Ente).to_owned(), text(Field::Sito).to_owned());
        let software = text(Field::Software);
        let new_software = !software.is_empty() && self.world.software.find(software).is_none();
        let new_site = !site.1.is_empty() && !self.sites.contains(&site);
        if new_software || new_site {
            writer
                .add_what_it_names(unit, &self.world, &checked.record)
                .await?;
        }
        if new_software {
            self.world.software.add(software);
        }
        if new_site {
            self.sites.insert(site);
        }
        Ok(())
    }

    fn say(&mut self, row: &Row, finding: Finding, applied: bool) {
        let column = finding
            .field
            .and_then(|field| self.mapping.header_of(field))
            .map(str::to_owned);
        let said = said(row.line, Some(row.record), column, finding, applied);
        self.report.findings.push(said);
    }

    fn say_of_file(&mut self, column: Option<String>, finding: Finding) {
        let line = self.report.detected.header_line;
        self.report
            .findings
            .push(said(line, None, column, finding, false));
    }

    /// What became of the file.
    fn finish(mut self) -> Report {
        let of_rows = std::mem::take(&mut self.report.findings);
        for (header, finding) in self.mapping.findings() {
            self.say_of_file(Some(header), finding);
        }
        if self.used_defaults {
            for finding in std::mem::take(&mut self.defaulted) {
                self.say_of_file(None, finding);
            }
        }
        for field in std::mem::take(&mut self.lacking) {
            let message = format!(
                "{}: il file non ha questa colonna. Servirà per inviare i dispositivi alla \
                 convalida; potete completarli dopo.",
                field.attribute().label
            );
            self.say_of_file(None, Finding::new(Code::ValueMissing, field, "", message));
        }
        self.report.findings.extend(of_rows);
        let mut report = self.report;
        report.detected.crs = report.detected.crs.or_else(|| commonest(&report.points));
        let asked = !self.request.dry_run && (self.request.partial || !report.has_errors());
        report.stored = asked && report.accepted > 0;
        report
    }
}

fn said(
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

/// The reference system that the request declares.
fn declared(request: &Request) -> Result<Option<&'static str>> {
    let Some(text) = request
        .crs
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    else {
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
fn judge_constants(request: &Request, world: &World) -> Result<()> {
    let mut draft = Draft::default();
    for (field, text) in &request.constants {
        draft.set(*field, text.as_str());
    }
    let own = |finding: &Finding| {
        let field = |field| request.constants.iter().any(|(own, _)| *own == field);
        finding.severity() == Severity::Error && finding.field.is_some_and(field)
    };
    let checked = rules::check(&draft, world, &Around::default());
    match checked.findings.into_iter().find(own) {
        Some(finding) => Err(Error::Invalid(finding.message)),
        None => Ok(()),
    }
}

/// The body of the rows that do not name one: the one asked for, or the only one the person writes.
fn body(viewer: &Viewer, request: &Request, world: &World) -> Result<Option<String>> {
    let Some(text) = request
        .body
        .as_deref()
        .filter(|text| !text.trim().is_empty())
    else {
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

/// On PostgreSQL two people may bring in the same codes at the same time; one of them tries again.
fn changed_meanwhile(error: Error) -> Error {
    match error {
        Error::Storage(storage::Error::Constraint(_)) => Error::Invalid(
            "Mentre leggevamo il file qualcuno ha salvato gli stessi dispositivi: nulla è stato \
             importato. Riprovate."
                .to_owned(),
        ),
        other => other,
    }
}

/// Whether an error has one proposal that nobody need look at. A point far outside the declared
/// Comune has only one that can be written down, but the point may be as wrong as the Comune.
fn is_certain(finding: &Finding) -> bool {
    finding.stops()
        && finding.proposals.len() == 1
        && finding.code != Code::PositionOutsideMunicipality
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

fn restored(present: &Revision) -> Finding {
    let code = present.record.text(Field::Codice);
    let message = format!(
        "Il dispositivo «{code}» era ritirato: il file lo rimette nel censimento. Se deve restare \
         ritirato, togliete la riga."
    );
    Finding::new(Code::RowRestored, Field::Codice, code, message)
}

/// The reference system in which most rows were read.
fn commonest(points: &[Landing]) -> Option<&'static str> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for point in points {
        *counts.entry(point.crs).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(crs, _)| crs)
}
