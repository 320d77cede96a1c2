//! What every installation begins with: territory, bodies, the catalogue of software.
//!
//! Everything comes from `seeds/`; another province needs other seeds, not other code.

use super::journal::{Note, note_at};
use super::{Error, Result};
use crate::census::adhesion::Wrong;
use crate::census::catalogue::{self, Entry, Standing, Stated, TypedProduct, TypedStated};
use crate::census::edition::{Edition, Force, Kind};
use crate::census::journal::{Act, Seal};
use crate::census::person::Viewer;
use crate::clock::{self, Clock};
use crate::exchange::boundaries;
use crate::storage::body::Body;
use crate::storage::{Store, Unit};
use serde::Deserialize;

const BODIES: &str = include_str!("../../seeds/bodies.csv");
const SOFTWARE: &str = include_str!("../../seeds/software.csv");
const CRITERIA: &str = include_str!("../../seeds/criteri.toml");

/// How much was put in place.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Comuni of the territory.
    pub covered: usize,
    /// Comuni around it.
    pub around: usize,
    /// Bodies.
    pub bodies: usize,
    /// Names in the software catalogue.
    pub software: usize,
}

/// Puts the seeds in place; what is there already stays, and a territory that was imported is kept.
pub async fn seed(store: &Store, clock: &Clock) -> Result<Counts> {
    let mut unit = store.write().await?;
    let mut municipalities = unit.municipalities().await?;
    if municipalities.is_empty() {
        municipalities = boundaries::seeded();
        unit.replace_municipalities(&municipalities).await?;
    }
    let comuni = municipalities
        .iter()
        .filter(|one| one.covered)
        .map(|one| Body {
            code: one.istat.clone(),
            name: one.name.clone(),
            kind: "comune".to_owned(),
        });
    let present = unit.bodies().await?;
    for body in comuni.chain(others()?) {
        if present.iter().all(|one| one.code != body.code) {
            unit.put_body(&body).await?;
        }
    }
    criteria(&mut unit, clock).await?;
    plant_software(&mut unit, clock).await?;
    let covered = municipalities.iter().filter(|one| one.covered).count();
    let counts = Counts {
        covered,
        around: municipalities.len() - covered,
        bodies: unit.bodies().await?.len(),
        software: unit.software().await?.len(),
    };
    unit.commit().await?;
    Ok(counts)
}

/// The first set of criteria, in force from today, unless somebody loaded one before.
async fn criteria(unit: &mut Unit, clock: &Clock) -> Result<()> {
    if !unit.editions(Kind::Criteria).await?.is_empty() {
        return Ok(());
    }
    let viewer = Viewer::operator();
    let end = unit.hold_journal_end().await?;
    let at = clock.now().max(end.at + 1);
    let mut seal = Seal::new(clock.new_id());
    let edition = Edition {
        id: clock.new_id(),
        kind: Kind::Criteria,
        name: "Criteri di partenza".to_owned(),
        content: CRITERIA.to_owned(),
        sha256: Edition::hash(CRITERIA),
        author: viewer.account.clone(),
        recorded_at: at,
    };
    unit.add_edition(&edition, &mut seal).await?;
    let force = Force {
        id: clock.new_id(),
        edition: edition.id,
        day: clock::local(at).date().to_string(),
        author: viewer.account.clone(),
        recorded_at: at,
    };
    unit.add_force(&force, &mut seal).await?;
    let note = Note {
        act: Act::EditionLoaded,
        body: None,
        subject: &edition.id.to_string(),
        detail: "Insieme di criteri «Criteri di partenza»",
    };
    note_at(unit, &viewer, &seal, note, at, end).await
}

/// The bodies that are not Comuni.
fn others() -> Result<Vec<Body>> {
    let unreadable = |error: csv::Error| Error::Invalid(format!("seeds/bodies.csv: {error}"));
    csv::Reader::from_reader(BODIES.as_bytes())
        .deserialize()
        .map(|row| {
            let (code, name, kind) = row.map_err(unreadable)?;
            Ok(Body { code, name, kind })
        })
        .collect()
}

/// A line of `seeds/software.csv`: a program and, where a source says something of it, how it stands.
#[derive(Debug, Deserialize)]
struct Program {
    name: String,
    producer: String,
    kind: String,
    note: String,
    standing: String,
    source: String,
    grade: String,
    standing_note: String,
}

/// Adds the programs that the catalogue has in no spelling, and of those what is said of them: an
/// entry that somebody changed, or a name that was merged, stays as it is.
async fn plant_software(unit: &mut Unit, clock: &Clock) -> Result<()> {
    let products = unit.products(None).await?;
    let mut missing = programs()?;
    missing.retain(|program| products.resolve(&program.name).is_none());
    if missing.is_empty() {
        return Ok(());
    }
    let operator = Viewer::operator();
    let mut seal = Seal::new(clock.new_id());
    let end = unit.hold_journal_end().await?;
    let at = clock.now().max(end.at + 1);
    for program in &missing {
        let entry = Entry {
            id: clock.new_id(),
            product: catalogue::product(&program.typed(), clock.today()).map_err(refused)?,
            author: operator.account.clone(),
            recorded_at: at,
        };
        unit.add_product_entry(&entry, &mut seal).await?;
        if !program.standing.is_empty() {
            let blank = Stated {
                id: clock.new_id(),
                name: program.name.clone(),
                standing: Standing::Unknown,
                source: String::new(),
                grade: String::new(),
                date: String::new(),
                version: String::new(),
                note: String::new(),
                document: None,
                author: operator.account.clone(),
                recorded_at: at,
            };
            let stated = catalogue::stated(&program.stated(), false, clock.today(), blank);
            unit.add_product_standing(&stated.map_err(refused)?, &mut seal)
                .await?;
        }
    }
    let detail = format!("voci iniziali del catalogo: {}", missing.len());
    let note = Note {
        act: Act::ProductRecorded,
        body: None,
        subject: "",
        detail: &detail,
    };
    note_at(unit, &operator, &seal, note, at, end).await
}

impl Program {
    fn typed(&self) -> TypedProduct {
        TypedProduct {
            name: self.name.clone(),
            producer: self.producer.clone(),
            kind: self.kind.clone(),
            versions: String::new(),
            note: self.note.clone(),
        }
    }

    fn stated(&self) -> TypedStated {
        TypedStated {
            standing: self.standing.clone(),
            source: self.source.clone(),
            grade: self.grade.clone(),
            note: self.standing_note.clone(),
            ..TypedStated::default()
        }
    }
}

fn programs() -> Result<Vec<Program>> {
    csv::Reader::from_reader(SOFTWARE.as_bytes())
        .deserialize()
        .map(|row| {
            row.map_err(|error: csv::Error| Error::Invalid(format!("seeds/software.csv: {error}")))
        })
        .collect()
}

fn refused(wrong: Vec<Wrong>) -> Error {
    let messages: Vec<String> = wrong.into_iter().map(|one| one.message).collect();
    Error::Invalid(format!("seeds/software.csv: {}", messages.join(" ")))
}
