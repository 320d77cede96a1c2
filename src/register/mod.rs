//! What can be done with the census. Web, API and command line call only this.
//!
//! Every operation takes the [`Viewer`] who asks, checks what they may do, works in one transaction
//! and gives back either what happened or what is wrong in words for the person who can mend it.

pub mod adhesion;
pub mod batch;
pub mod campaign;
pub mod catalogue;
pub mod compatibility;
pub mod criteria;
pub mod document;
pub mod duplicate;
pub mod edition;
pub mod example;
pub mod find;
mod flow;
pub mod history;
pub mod intervention;
pub mod journal;
pub mod judge;
pub mod ledger;
pub mod load;
mod nearby;
pub mod notice;
pub mod people;
pub mod publish;
pub mod queue;
pub mod record;
pub mod reference_layer;
pub mod reminder;
pub mod report;
pub mod review;
pub mod seed;
pub mod site;
pub mod snapshot;
pub mod staged;
pub mod summary;
pub mod territory;
mod undo;
pub mod verdict;
pub mod verify;
pub mod work;

use crate::census::person::Viewer;
use crate::census::rules::{Bodies, Catalogue, World};
use crate::census::territory::Territory;
use crate::clock::Clock;
use crate::storage::body::Body;
use crate::storage::{self, Store, Unit};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This person may not do that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It is not there, or this person may not know of it: the two are never told apart.
    #[error("{0}")]
    NotFound(&'static str),
    /// What was asked for cannot be done as it stands.
    #[error("{0}")]
    Invalid(String),
    /// The file that was asked for could not be written.
    #[error("il file non si è potuto scrivere: {}", publish::reason(.0))]
    Write(#[from] std::io::Error),
    /// Something broke that nobody who asks can mend.
    #[error("qualcosa non ha funzionato: {0}")]
    Failed(String),
    /// Something that is kept is not what it was, in an Italian sentence.
    #[error("{0}")]
    Damaged(String),
    /// The database says no.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// What everybody may choose from.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Every body.
    pub bodies: Vec<Body>,
    /// Every entry of the software catalogue.
    pub software: Vec<String>,
}

/// How many questions that take long are answered at once.
const HEAVY: usize = 2;

/// What operations give back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The register: its store, its clock and its territory.
#[derive(Debug, Clone)]
pub struct Register {
    /// Where everything is kept.
    pub store: Store,
    /// Where time and identifiers come from.
    pub clock: Clock,
    /// The Comuni covered and those around, as loaded when the program started.
    pub territory: Arc<Territory>,
    /// What this process is at work with.
    pub works: work::Works,
    /// Who may ask what takes long: so many at once, and the others wait in line without keeping a
    /// connection from those who ask for little.
    heavy: Arc<Semaphore>,
    references: reference_layer::Prepared,
    ledger: ledger::Ledger,
}

impl Register {
    /// Opens the register on a store that is already migrated, and loads its territory.
    pub async fn open(store: Store, clock: Clock) -> Result<Self> {
        store.check().await?;
        let municipalities = store.read().await?.municipalities().await?;
        Ok(Self {
            ledger: ledger::Ledger::begin(store.clone()),
            store,
            clock,
            territory: Arc::new(Territory::new(municipalities)),
            works: work::Works::default(),
            heavy: Arc::new(Semaphore::new(HEAVY)),
            references: reference_layer::Prepared::default(),
        })
    }

    /// Waits for its turn to ask what takes long.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.heavy).acquire_owned().await;
        turn.map_err(|closed| Error::Failed(closed.to_string()))
    }

    /// What everybody may choose from: bodies and software.
    pub async fn catalogue(&self) -> Result<Offered> {
        let mut unit = self.store.read().await?;
        Ok(Offered {
            bodies: unit.bodies().await?,
            software: unit.software().await?,
        })
    }

    /// The name of the body that coordinates the census; empty when there is none yet.
    pub async fn coordinator(&self) -> Result<String> {
        let bodies = self.store.read().await?.bodies().await?;
        let coordinator = bodies.into_iter().find(|body| body.kind == "coordinatore");
        Ok(coordinator.map(|body| body.name).unwrap_or_default())
    }

    /// What the rules need to know of the installation, as it is in this unit.
    pub async fn world(&self, unit: &mut Unit) -> Result<World> {
        let bodies = unit
            .bodies()
            .await?
            .into_iter()
            .map(|body| (body.code, body.name));
        Ok(World {
            territory: Arc::clone(&self.territory),
            bodies: Bodies::new(bodies),
            software: Catalogue::new(unit.software().await?),
            today: self.clock.today(),
        })
    }
}

/// Refuses whoever may not write this body's devices.
fn may_write(viewer: &Viewer, body: &str) -> Result<()> {
    if viewer.writes(body) {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "Non siete abilitati a scrivere i dispositivi di questo ente.",
        ))
    }
}
