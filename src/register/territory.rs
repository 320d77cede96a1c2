//! Loading boundaries in place of those the program carries.
//!
//! Boundaries of Comuni the register already covers replace the old ones, and the Comuni that the
//! file does not have stay. A file of other Comuni, or one read for a province, is a new territory
//! and takes the place of everything. Devices keep the Comune they were written with, and what the
//! territory was is kept for the reports of snapshots.
//! Enforced by `tests/it/imports.rs`.

use super::journal::{Note, note_at};
use super::{Error, Result};
use crate::census::journal::{Act, Seal};
use crate::census::person::Viewer;
use crate::census::territory::{Municipality, Territory};
use crate::clock::Clock;
use crate::exchange::boundaries::{self, BoundaryError};
use crate::storage::Store;
use crate::storage::body::{Body, Change};
use geo::{BoundingRect, Intersects};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

/// What became of a file of boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Comuni of the territory that the file gave.
    pub covered: usize,
    /// Comuni around it that the file gave.
    pub around: usize,
    /// Comuni the file does not have, which stay as they were.
    pub kept: usize,
    /// Comuni of the file that are neither of the territory nor around it.
    pub left_out: usize,
    /// Bodies added for Comuni that had none.
    pub bodies: usize,
}

/// Replaces the boundaries with those of a GeoJSON file or of ISTAT's shapefile (`.shp`, or zipped),
/// in one transaction. With a province, its ISTAT code of three digits, that province becomes the
/// territory, with the Comuni around it. A running service sees them when it starts again.
pub async fn import(
    store: &Store,
    clock: &Clock,
    path: &Path,
    province: Option<&str>,
) -> Result<Imported> {
    let mut unit = store.write().await?;
    let stored = unit.municipalities().await?;
    let read = read(path.to_owned(), province.map(str::to_owned), &stored).await?;
    let new: HashSet<&str> = read.kept.iter().map(|one| one.istat.as_str()).collect();
    let (covered, around) = (count(&read.kept, true), count(&read.kept, false));
    let stay = stored.iter();
    let stay = stay.filter(|one| read.refreshes && !new.contains(one.istat.as_str()));
    let stay: Vec<Municipality> = stay.cloned().collect();
    let kept = stay.len();
    let all: Vec<Municipality> = read.kept.into_iter().chain(stay).collect();
    let operator = Viewer::operator();
    let mut seal = Seal::new(clock.new_id());
    let end = unit.hold_journal_end().await?;
    let at = clock.now().max(end.at + 1);
    if !stored.is_empty() {
        let change = Change {
            id: clock.new_id(),
            author: &operator.account,
            at,
        };
        unit.keep_territory(&stored, &change, &mut seal).await?;
    }
    unit.replace_municipalities(&all).await?;
    let bodies: HashSet<String> = unit
        .bodies()
        .await?
        .into_iter()
        .map(|body| body.code)
        .collect();
    let mut added = 0;
    for comune in all
        .iter()
        .filter(|one| one.covered && !bodies.contains(&one.istat))
    {
        let body = Body {
            code: comune.istat.clone(),
            name: comune.name.clone(),
            kind: "comune".to_owned(),
        };
        unit.put_body(&body).await?;
        added += 1;
    }
    let detail = format!("{covered} Comuni del territorio e {around} confinanti");
    let note = Note {
        act: Act::TerritoryLoaded,
        body: None,
        subject: "",
        detail: &detail,
    };
    note_at(&mut unit, &operator, &seal, note, at, end).await?;
    unit.commit().await?;
    Ok(Imported {
        covered,
        around,
        kept,
        left_out: read.left_out,
        bodies: added,
    })
}

/// What a file gave.
struct Read {
    kept: Vec<Municipality>,
    left_out: usize,
    /// Whether it is about Comuni that are there already.
    refreshes: bool,
}

async fn read(
    path: std::path::PathBuf,
    province: Option<String>,
    stored: &[Municipality],
) -> Result<Read> {
    if let Some(code) = &province
        && (code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Error::Invalid(format!(
            "«{code}» non è il codice ISTAT di una provincia: sono tre cifre, per esempio 015."
        )));
    }
    let present: HashMap<String, bool> = stored
        .iter()
        .map(|one| (one.istat.clone(), one.covered))
        .collect();
    let reading = move || sort(file(&path)?, province.as_deref(), &present);
    tokio::task::spawn_blocking(reading)
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(|error| Error::Invalid(error.to_string()))
}

/// Every Comune of a file.
fn file(path: &Path) -> Result<Vec<Municipality>, BoundaryError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "shp" | "zip" => boundaries::read_shapefile(path, |_| Some(true)),
        _ => boundaries::read_geojson(File::open(path)?, true),
    }
}

/// Tells the Comuni of the territory from those around it and from the rest.
fn sort(
    read: Vec<Municipality>,
    province: Option<&str>,
    present: &HashMap<String, bool>,
) -> Result<Read, BoundaryError> {
    let total = read.len();
    let refreshes = province.is_none()
        && read
            .iter()
            .any(|one| present.get(&one.istat) == Some(&true));
    let mut kept = read;
    if refreshes {
        kept.retain_mut(|one| {
            let known = present.get(&one.istat);
            one.covered = known == Some(&true);
            known.is_some()
        });
    }
    if let Some(code) = province {
        for one in &mut kept {
            one.covered = one.istat.starts_with(code);
        }
        let (inside, mut outside): (Vec<_>, Vec<_>) = kept.into_iter().partition(|one| one.covered);
        if inside.is_empty() {
            return Err(BoundaryError::Empty);
        }
        let territory = Territory::new(inside);
        outside.retain(|one| {
            one.boundary
                .bounding_rect()
                .is_some_and(|area| area.intersects(&territory.window()))
        });
        kept = territory.municipalities().to_vec();
        kept.append(&mut outside);
    }
    Ok(Read {
        left_out: total - kept.len(),
        kept,
        refreshes,
    })
}

fn count(municipalities: &[Municipality], covered: bool) -> usize {
    municipalities
        .iter()
        .filter(|one| one.covered == covered)
        .count()
}
