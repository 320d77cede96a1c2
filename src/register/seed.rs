//! What every installation begins with: territory, bodies, names of the software catalogue.
//!
//! Everything comes from `seeds/`; another province needs other seeds, not other code.

use super::journal::{Note, note_at};
use super::{Error, Result};
use crate::census::edition::{Edition, Force, Kind};
use crate::census::journal::{Act, Seal};
use crate::census::person::Viewer;
use crate::clock::{self, Clock};
use crate::exchange::boundaries;
use crate::storage::body::Body;
use crate::storage::{Store, Unit};

const BODIES: &str = include_str!("../../seeds/bodies.csv");
const SOFTWARE: &str = include_str!("../../seeds/software.txt");
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
    for name in SOFTWARE.lines().filter(|name| !name.is_empty()) {
        unit.add_software(name, true).await?;
    }
    criteria(&mut unit, clock).await?;
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
