//! Devices: look up, check, save, withdraw, restore; every save is a revision.

use super::find::Past;
use super::journal::Note;
use super::notice::Told;
use super::{Error, Register, Result, may_write};
use crate::census::draft::Draft;
use crate::census::filter::{Filter, Slice, State};
use crate::census::finding::{Code, Finding, Severity};
use crate::census::journal::{Act, Seal};
use crate::census::moment;
use crate::census::notice::Kind;
use crate::census::person::Viewer;
use crate::census::record::{Record, Value};
use crate::census::review::Stage;
use crate::census::revision::{Provenance, Revision, Source};
use crate::census::rules::{self, Around, Checked, Neighbour, World};
use crate::census::site::kind_for;
use crate::census::territory::metres_between;
use crate::census::vocabulary::Field;
use crate::clock::Clock;
use crate::storage::device::{Device, Listed};
use crate::storage::{self, Unit};
use geo::{Coord, Rect};
use uuid::Uuid;

/// Within how many metres a device is a neighbour worth showing.
pub const NEIGHBOURHOOD_M: f64 = 30.0;

/// Metres in a degree of latitude, rounded down so that a search box never is too small.
const METRES_PER_DEGREE: f64 = 110_000.0;

/// Which device a draft is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that is not there yet.
    New,
    /// One that is, as it was at this revision.
    Existing {
        /// The device.
        device: Uuid,
        /// The number of the revision that the person had before them.
        number: i64,
    },
}

impl Target {
    const fn device(self) -> Option<Uuid> {
        match self {
            Self::New => None,
            Self::Existing { device, .. } => Some(device),
        }
    }
}

/// What became of a draft.
#[derive(Debug)]
pub enum Outcome {
    /// A revision was written.
    Saved {
        /// The device.
        device: Uuid,
        /// What the rules found, none of it an error.
        checked: Box<Checked>,
    },
    /// Nothing differs from what was there.
    Unchanged {
        /// The device.
        device: Uuid,
    },
    /// It has errors; nothing was stored.
    Refused(Box<Checked>),
}

/// A device as one person sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The state they may see.
    pub revision: Revision,
    /// Whether they may write it.
    pub writable: bool,
    /// What the rules say of it today.
    pub findings: Vec<Finding>,
    /// What else is within [`NEIGHBOURHOOD_M`].
    pub neighbours: Vec<Neighbour>,
    /// Every state it has had, the last first; only the present one for whom it is not their own.
    pub history: Vec<Revision>,
    /// The past moment at which it is seen, when it is one.
    pub past: Option<Past>,
}

impl Register {
    /// A page of the devices that the filter finds.
    pub async fn devices(&self, filter: &Filter, slice: &Slice) -> Result<Listed> {
        Ok(self.store.read().await?.devices(filter, slice).await?)
    }

    /// One device, if this person may see it.
    pub async fn device(&self, viewer: &Viewer, device: Uuid) -> Result<Seen> {
        let mut unit = self.store.read().await?;
        let revision = find(&mut unit, viewer, device).await?;
        let body = revision.record.text(Field::Ente).to_owned();
        let writable = viewer.writes(&body);
        let history = if writable || viewer.reads_all() {
            unit.history(device).await?
        } else {
            vec![revision.clone()]
        };
        let world = self.world(&mut unit).await?;
        let draft = draft_of(&revision);
        let around = around(&mut unit, viewer, &world, &draft, Some(device)).await?;
        drop(unit);
        let checked = rules::check(&draft, &world, &around);
        self.note_device(viewer, &revision, "").await?;
        Ok(Seen {
            revision,
            writable,
            findings: checked.findings,
            neighbours: around.neighbours,
            history,
            past: None,
        })
    }

    /// One device in the state and at the moment that a filter asks for, if this person may see it.
    /// What the rules say and what is near belong to the working state of today alone.
    pub async fn device_as(&self, filter: &Filter, device: Uuid) -> Result<Seen> {
        let past = self.past(filter).await?;
        if past.is_none() && filter.state == State::Working {
            return self.device(filter.viewer(), device).await;
        }
        let viewer = filter.viewer();
        let mut asked = filter.clone();
        asked.device = Some(device);
        let mut unit = self.store.read().await?;
        let revision = unit.device(&asked).await?.ok_or(Error::NotFound(
            "In questo stato il dispositivo non c’è, oppure non potete vederlo.",
        ))?;
        let body = revision.record.text(Field::Ente);
        let mut history = if viewer.reads_all() || viewer.writes(body) {
            unit.history(device).await?
        } else {
            vec![revision.clone()]
        };
        drop(unit);
        history.retain(|one| one.number <= revision.number);
        let when = past.as_ref().map(|past| moment::words(past.at));
        let when = when.map_or_else(String::new, |when| format!("al {when}"));
        self.note_device(viewer, &revision, &when).await?;
        Ok(Seen {
            revision,
            writable: false,
            findings: Vec::new(),
            neighbours: Vec::new(),
            history,
            past,
        })
    }

    /// Notes that somebody read a device of a body that is not theirs.
    pub(super) async fn note_device(
        &self,
        viewer: &Viewer,
        revision: &Revision,
        when: &str,
    ) -> Result<()> {
        let detail = format!("{} {when}", revision.record.text(Field::Codice));
        let note = Note {
            act: Act::Read,
            body: Some(revision.record.text(Field::Ente)),
            subject: &revision.device.to_string(),
            detail: detail.trim_end(),
        };
        self.note_reading(viewer, note).await
    }

    /// What the rules say of a draft, with nothing stored.
    pub async fn check(
        &self,
        viewer: &Viewer,
        draft: &Draft,
        device: Option<Uuid>,
    ) -> Result<(Checked, Around)> {
        let mut unit = self.store.read().await?;
        let world = self.world(&mut unit).await?;
        let around = around(&mut unit, viewer, &world, draft, device).await?;
        let checked = rules::check(draft, &world, &around);
        Ok((checked, around))
    }

    /// Checks a draft and, when it has no errors, writes it as a revision. When somebody else took
    /// the code meanwhile, the draft is judged once more and the rules say so.
    pub async fn save(
        &self,
        viewer: &Viewer,
        draft: &Draft,
        target: Target,
        source: Source,
    ) -> Result<Outcome> {
        match self.try_save(viewer, draft, target, source).await {
            Err(Error::Storage(storage::Error::Constraint(_))) => {
                self.try_save(viewer, draft, target, source).await
            }
            outcome => outcome,
        }
    }

    async fn try_save(
        &self,
        viewer: &Viewer,
        draft: &Draft,
        target: Target,
        source: Source,
    ) -> Result<Outcome> {
        if !viewer.writes_any() {
            return Err(Error::Forbidden("Il vostro ruolo non scrive dispositivi."));
        }
        let mut unit = self.store.write().await?;
        let world = self.world(&mut unit).await?;
        let present = match target {
            Target::New => None,
            Target::Existing { device, .. } => {
                unit.hold_device(device).await?;
                let present = find(&mut unit, viewer, device).await?;
                may_write(viewer, present.record.text(Field::Ente))?;
                Some(present)
            }
        };
        let around = around(&mut unit, viewer, &world, draft, target.device()).await?;
        let mut checked = rules::check(draft, &world, &around);
        if let Some(body) = world.bodies.find(draft.get(Field::Ente)) {
            may_write(viewer, body)?;
        }
        if let (Some(present), Target::Existing { number, .. }) = (&present, target)
            && present.number != number
        {
            checked.findings.insert(0, conflict(present));
        }
        if checked.has_errors() {
            return Ok(Outcome::Refused(Box::new(checked)));
        }
        if let Some(present) = &present
            && !present.withdrawn
            && present.record == checked.record
            && present.confirmed == draft.confirmed
        {
            return Ok(Outcome::Unchanged {
                device: present.device,
            });
        }
        let writer = Writer {
            clock: &self.clock,
            author: &viewer.account,
            source,
            batch: None,
        };
        let mut seal = self.seal();
        let device = writer
            .write(
                &mut unit,
                &world,
                draft,
                &checked,
                present.as_ref(),
                &mut seal,
            )
            .await?;
        let (body, code) = (
            checked.record.text(Field::Ente),
            checked.record.text(Field::Codice),
        );
        let note = Note {
            act: Act::DeviceSaved,
            body: Some(body),
            subject: &device.to_string(),
            detail: code,
        };
        self.note(&mut unit, viewer, &seal, note).await?;
        if let Some(before) = &present {
            self.tell_change(
                &mut unit,
                viewer,
                &before.author,
                changed(body, device, code),
            )
            .await?;
        }
        unit.commit().await?;
        Ok(Outcome::Saved {
            device,
            checked: Box::new(checked),
        })
    }

    /// Takes a device out of the census, or puts it back; its history stays.
    pub async fn set_withdrawn(
        &self,
        viewer: &Viewer,
        device: Uuid,
        withdrawn: bool,
    ) -> Result<()> {
        let mut unit = self.store.write().await?;
        unit.hold_device(device).await?;
        let present = find(&mut unit, viewer, device).await?;
        may_write(viewer, present.record.text(Field::Ente))?;
        if present.withdrawn == withdrawn {
            return Ok(());
        }
        let body = present.record.text(Field::Ente).to_owned();
        let code = present.record.text(Field::Codice).to_owned();
        let before = present.author.clone();
        let next = Revision {
            source: Source::Form,
            withdrawn,
            ..present.next(self.clock.new_id(), self.clock.now(), &viewer.account)
        };
        let mut seal = self.seal();
        unit.add_revisions(vec![next], &mut seal).await?;
        let done = if withdrawn { "ritirato" } else { "rimesso" };
        let note = Note {
            act: Act::DeviceWithdrawn,
            body: Some(&body),
            subject: &device.to_string(),
            detail: &format!("{code} {done}"),
        };
        self.note(&mut unit, viewer, &seal, note).await?;
        self.tell_change(&mut unit, viewer, &before, changed(&body, device, &code))
            .await?;
        Ok(unit.commit().await?)
    }
}

/// What is told of a device that somebody changed.
fn changed<'a>(body: &'a str, device: Uuid, code: &'a str) -> Told<'a> {
    Told {
        kind: Kind::Changed,
        body,
        devices: 1,
        device: Some(device),
        text: code,
    }
}

/// Writes checked drafts as revisions; the form and the file go through it alike.
pub(super) struct Writer<'a> {
    /// Where times and identifiers come from.
    pub clock: &'a Clock,
    /// Whose account history shows.
    pub author: &'a str,
    /// Where the drafts come from.
    pub source: Source,
    /// The batch they belong to, if one.
    pub batch: Option<Uuid>,
}

impl Writer<'_> {
    /// Writes one draft without errors, as the first state of a device or as the one that follows
    /// the present.
    pub async fn write(
        &self,
        unit: &mut Unit,
        world: &World,
        draft: &Draft,
        checked: &Checked,
        present: Option<&Revision>,
        seal: &mut Seal,
    ) -> Result<Uuid> {
        self.add_what_it_names(unit, world, &checked.record).await?;
        let revision = self.revision(draft, checked, checked.record.clone(), present);
        let device = revision.device;
        let (body, code) = (
            checked.record.text(Field::Ente),
            checked.record.text(Field::Codice),
        );
        match present {
            None => {
                let new = Device {
                    id: device,
                    body: body.to_owned(),
                    code: code.to_owned(),
                    number: revision.number,
                };
                unit.add_devices(&[new], revision.written_at).await?;
            }
            Some(present)
                if present.record.text(Field::Ente) != body
                    || present.record.text(Field::Codice) != code =>
            {
                unit.rename_device(device, body, code).await?;
            }
            Some(_) => {}
        }
        unit.add_revisions(vec![revision], seal).await?;
        Ok(device)
    }

    /// The revision that a checked draft makes; `record` is the one of the check, which is its own
    /// so that it need not be copied.
    pub fn revision(
        &self,
        draft: &Draft,
        checked: &Checked,
        record: Record,
        present: Option<&Revision>,
    ) -> Revision {
        let clock = self.clock;
        Revision {
            id: clock.new_id(),
            device: present.map_or_else(|| clock.new_id(), |present| present.device),
            number: present.map_or(1, |present| present.number + 1),
            written_at: clock.now(),
            author: self.author.to_owned(),
            source: self.source,
            withdrawn: false,
            accepted: false,
            accepted_from: None,
            stage: Stage::Draft,
            submitted_at: None,
            provenance: provenance(checked, &record, present),
            record,
            confirmed: draft.confirmed.clone(),
            warnings: i64::try_from(checked.unconfirmed(draft).len()).unwrap_or(i64::MAX),
            batch: self.batch,
        }
    }

    /// Adds the site and the software that a record names and the register does not have yet.
    pub async fn add_what_it_names(
        &self,
        unit: &mut Unit,
        world: &World,
        record: &Record,
    ) -> Result<()> {
        let software = record.text(Field::Software);
        if !software.is_empty() && world.software.find(software).is_none() {
            unit.add_software(software, false).await?;
        }
        let site = record.text(Field::Sito);
        if !site.is_empty() {
            let kind = kind_for(record.text(Field::Funzione));
            unit.ensure_site(self.clock, record.text(Field::Ente), site, kind)
                .await?;
        }
        Ok(())
    }
}

/// How the point was given. A point that did not move keeps what is known of how it was first
/// given, whatever the form sent back.
fn provenance(checked: &Checked, record: &Record, present: Option<&Revision>) -> Provenance {
    let same = |present: &&Revision| {
        [Field::Lat, Field::Lon]
            .iter()
            .all(|field| present.record.get(*field) == record.get(*field))
    };
    if let Some(present) = present.filter(same) {
        return present.provenance.clone();
    }
    checked
        .point
        .as_ref()
        .map_or_else(Provenance::default, |point| Provenance {
            text: point.original.clone(),
            crs: point.crs.to_owned(),
            operation: point.operation.to_owned(),
            accuracy_m: point.accuracy_m,
        })
}

async fn find(unit: &mut Unit, viewer: &Viewer, device: Uuid) -> Result<Revision> {
    unit.device(&Filter::device(viewer, device))
        .await?
        .ok_or(Error::NotFound(
            "Questo dispositivo non c’è, oppure non potete vederlo.",
        ))
}

/// What the register holds around a draft, as far as this person may know of it.
pub(super) async fn around(
    unit: &mut Unit,
    viewer: &Viewer,
    world: &World,
    draft: &Draft,
    except: Option<Uuid>,
) -> Result<Around> {
    let mut around = Around::default();
    // Which codes and sites another body has is reserved like the devices themselves.
    let body = world.bodies.find(draft.get(Field::Ente));
    if let Some(body) = body.filter(|body| viewer.reads_all() || viewer.writes(body)) {
        let taken = unit
            .device_with_code(body, draft.get(Field::Codice))
            .await?;
        around.code_taken = taken.is_some_and(|device| Some(device.id) != except);
        let site = draft.get(Field::Sito);
        around.site_known = !site.is_empty() && unit.site_with_code(body, site).await?.is_some();
    }
    let (make, model) = (draft.get(Field::Marca), draft.get(Field::Modello));
    if !make.is_empty() && !model.is_empty() {
        around.model = unit.models(None).await?.resolve(make, model).cloned();
    }
    if let Some(point) = rules::locate(draft, world) {
        around.neighbours = neighbours(unit, viewer, point.lon, point.lat, |device| {
            Some(device) == except
        })
        .await?;
    }
    Ok(around)
}

/// What this person may see within [`NEIGHBOURHOOD_M`] of a point, but for some devices.
pub(super) async fn neighbours(
    unit: &mut Unit,
    viewer: &Viewer,
    lon: f64,
    lat: f64,
    except: impl Fn(Uuid) -> bool,
) -> Result<Vec<Neighbour>> {
    let high = NEIGHBOURHOOD_M / METRES_PER_DEGREE;
    let wide = high / lat.to_radians().cos().max(0.01);
    let mut filter = Filter::working(viewer);
    filter.within = Some(Rect::new(
        Coord {
            x: lon - wide,
            y: lat - high,
        },
        Coord {
            x: lon + wide,
            y: lat + high,
        },
    ));
    let mut found: Vec<Neighbour> = unit
        .points(&filter)
        .await?
        .into_iter()
        .filter(|near| !except(near.device))
        .map(|near| Neighbour {
            metres: metres_between((lon, lat), (near.lon, near.lat)),
            codice: near.codice,
            ente: near.ente,
            funzione: near.funzione,
            azimut: near.azimut,
            direzione: near.direzione,
        })
        .filter(|near| near.metres <= NEIGHBOURHOOD_M)
        .collect();
    found.sort_by(|left, right| left.metres.total_cmp(&right.metres));
    Ok(found)
}

fn conflict(present: &Revision) -> Finding {
    Finding {
        code: Code::RowConflict,
        field: None,
        value: String::new(),
        message: format!(
            "Mentre lavoravate, {} ha modificato questo dispositivo ({}). I valori che avete \
             scritto sono ancora qui: confrontateli con quelli attuali e salvate di nuovo.",
            present.author,
            crate::clock::words(present.written_at),
        ),
        proposals: Vec::new(),
    }
}

/// A stored state as somebody would type it again.
#[must_use]
pub fn draft_of(revision: &Revision) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL {
        let text = match (field, revision.record.get(*field)) {
            (Field::Lat | Field::Lon, _) => revision.record.plain(*field),
            (_, Some(Value::Decimal(_))) => revision.record.plain(*field).replace('.', ","),
            _ => revision.record.plain(*field),
        };
        draft.set(*field, text);
    }
    draft.confirmed.clone_from(&revision.confirmed);
    draft
}

/// How many findings weigh this much.
#[must_use]
pub fn weighing(findings: &[Finding], severity: Severity) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity() == severity)
        .count()
}
