//! What every installation begins with: territory, bodies, names of the software catalogue.
//!
//! Everything comes from `seeds/`; another province needs other seeds, not other code.

use super::{Error, Result};
use crate::exchange::boundaries;
use crate::storage::Store;
use crate::storage::body::Body;

const BODIES: &str = include_str!("../../seeds/bodies.csv");
const SOFTWARE: &str = include_str!("../../seeds/software.txt");

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
pub async fn seed(store: &Store) -> Result<Counts> {
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
