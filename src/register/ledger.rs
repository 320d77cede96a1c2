//! What is read and refused, on its way into the history.
//!
//! Whoever reads never waits for the database's write lock: what the history is to be told waits in
//! a queue, and one task writes what waits in one transaction. When the queue is full the reader
//! waits, because no record is dropped. A process that is killed loses what waits, which are
//! readings and refusals and never a change: changes are noted in their own transaction. Enforced by
//! `tests/it/journal.rs`.

use super::journal::{Note, record_after};
use super::{Error, Register, Result};
use crate::census::filter::Filter;
use crate::census::journal::{Act, Record, Seal};
use crate::census::person::Viewer;
use crate::census::vocabulary::Field;
use crate::clock::{Instant, SECOND};
use crate::storage::{self, Store};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// How many records can wait.
const CAPACITY: usize = 2_048;

/// How many records are written in one transaction.
const MOST: usize = 500;

/// How long the first record waits for others, so that many readers cost one transaction.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a reader waits for room, and whoever settles for the end.
const PATIENCE: Duration = Duration::from_secs(35);

/// After how long writing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Who stands in the history for an account that does not exist: what was typed there may well be a
/// password.
pub const UNKNOWN_ACCOUNT: &str = "(sconosciuto)";

/// How many different tile layers of one hour are remembered; beyond, each tile is noted.
const LAYERS: usize = 10_000;

/// The queue of what the history is still to be told.
#[derive(Debug, Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Told>,
    drawn: Arc<Mutex<Drawn>>,
}

/// What the task is told.
#[derive(Debug)]
enum Told {
    /// Something to write.
    Waiting(Box<Waiting>),
    /// Somebody wants to know when all that was told before is written.
    Settle(oneshot::Sender<()>),
}

/// What the history is to be told.
#[derive(Debug)]
struct Waiting {
    id: Uuid,
    at: Instant,
    account: String,
    act: Act,
    body: Option<String>,
    subject: String,
    detail: String,
}

/// Whose map was drawn with which filter in this hour.
#[derive(Debug, Default)]
struct Drawn {
    hour: Instant,
    by: HashSet<(String, String)>,
}

impl Ledger {
    /// A queue, and the task that writes what waits in it.
    pub(super) fn begin(store: Store) -> Self {
        let (queue, told) = mpsc::channel(CAPACITY);
        tokio::spawn(write(store, told));
        Self {
            queue,
            drawn: Arc::default(),
        }
    }

    async fn tell(&self, told: Told) -> Result<()> {
        match tokio::time::timeout(PATIENCE, self.queue.send(told)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err(Error::Failed("nobody writes the history".to_owned())),
            Err(_elapsed) => Err(Error::Storage(storage::Error::Busy)),
        }
    }

    /// Whether this is the first time in this hour that somebody draws the map with this filter.
    fn begins_to_draw(&self, account: &str, what: &str, now: Instant) -> bool {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now / (3_600 * SECOND);
        if drawn.hour != hour {
            drawn.hour = hour;
            drawn.by.clear();
        }
        if drawn.by.len() >= LAYERS {
            return !drawn.by.contains(&(account.to_owned(), what.to_owned()));
        }
        drawn.by.insert((account.to_owned(), what.to_owned()))
    }
}

impl Register {
    /// Leaves a note for the history without waiting until it is written.
    pub(super) async fn leave_note(&self, account: &str, note: Note<'_>) -> Result<()> {
        let waiting = Waiting {
            id: self.clock.new_id(),
            at: self.clock.now(),
            account: account.to_owned(),
            act: note.act,
            body: note.body.map(str::to_owned),
            subject: note.subject.to_owned(),
            detail: note.detail.to_owned(),
        };
        self.ledger.tell(Told::Waiting(Box::new(waiting))).await
    }

    /// Notes that somebody read something of a body, where that body is not their own.
    pub(super) async fn note_reading(&self, viewer: &Viewer, note: Note<'_>) -> Result<()> {
        if !viewer.reads_others(note.body.unwrap_or_default()) {
            return Ok(());
        }
        self.leave_note(&viewer.account, note).await
    }

    /// The same of a page of the census as a whole, or of one body, that has no subject of its own.
    pub(super) async fn note_page(
        &self,
        viewer: &Viewer,
        body: Option<&str>,
        page: &str,
    ) -> Result<()> {
        let note = Note {
            act: Act::Read,
            body,
            subject: page,
            detail: "",
        };
        self.note_reading(viewer, note).await
    }

    /// Notes that somebody read the devices that a filter finds, in a list or on the map.
    pub(super) async fn note_filter(&self, filter: &Filter, how: &str) -> Result<()> {
        if !filter.reads_others() {
            return Ok(());
        }
        let detail = filter.in_short();
        self.leave_note(&filter.viewer().account, reading(filter, how, &detail))
            .await
    }

    /// Notes that somebody's map was drawn: once an hour for each filter, because a map is hundreds
    /// of tiles.
    pub(super) async fn note_tiles(&self, filter: &Filter) -> Result<()> {
        let account = &filter.viewer().account;
        let detail = filter.in_short();
        let now = self.clock.now();
        if !filter.reads_others() || !self.ledger.begins_to_draw(account, &detail, now) {
            return Ok(());
        }
        self.leave_note(account, reading(filter, "riquadri della mappa", &detail))
            .await
    }

    /// Notes that somebody's map was drawn with a reserved layer: once an hour for each.
    pub(super) async fn note_drawing(&self, viewer: &Viewer, note: Note<'_>) -> Result<()> {
        let now = self.clock.now();
        let what = format!("{} {}", note.detail, note.subject);
        if !viewer.reads_others("") || !self.ledger.begins_to_draw(&viewer.account, &what, now) {
            return Ok(());
        }
        self.leave_note(&viewer.account, note).await
    }

    /// Notes that somebody asked for what they may not do or see: on which route, and for what. The
    /// subject is an identifier or nothing.
    pub async fn note_refusal(
        &self,
        viewer: &Viewer,
        what: &str,
        subject: Option<Uuid>,
    ) -> Result<()> {
        let subject = subject.map(|id| id.to_string()).unwrap_or_default();
        let note = Note {
            act: Act::Refused,
            body: None,
            subject: &subject,
            detail: what,
        };
        self.leave_note(&viewer.account, note).await
    }

    /// Waits until everything that was left for the history is written.
    pub async fn settle(&self) -> Result<()> {
        let (done, written) = oneshot::channel();
        self.ledger.tell(Told::Settle(done)).await?;
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err(Error::Failed("nobody writes the history".to_owned())),
            Err(_elapsed) => Err(Error::Storage(storage::Error::Busy)),
        }
    }
}

fn reading<'a>(filter: &'a Filter, how: &'a str, detail: &'a str) -> Note<'a> {
    Note {
        act: Act::Read,
        body: Some(filter.wanted(Field::Ente)).filter(|body| !body.is_empty()),
        subject: how,
        detail,
    }
}

/// Writes what waits until nobody can tell anything any more.
async fn write(store: Store, mut told: mpsc::Receiver<Told>) {
    let (mut waiting, mut asked) = (Vec::new(), Vec::new());
    while gather(&mut told, &mut waiting, &mut asked).await {
        while let Err(error) = add(&store, &waiting).await {
            if store.is_closed() {
                tracing::error!(
                    records = waiting.len(),
                    "the database closed before they were written"
                );
                return;
            }
            tracing::error!(%error, records = waiting.len(), "records of the history wait");
            tokio::time::sleep(AGAIN).await;
        }
        waiting.clear();
        for done in asked.drain(..) {
            // Who asked may have gone away.
            let _: Result<(), ()> = oneshot::Sender::send(done, ());
        }
    }
}

/// Waits for something to write and for what comes soon after; nothing more comes when it says no.
async fn gather(
    told: &mut mpsc::Receiver<Told>,
    waiting: &mut Vec<Waiting>,
    asked: &mut Vec<oneshot::Sender<()>>,
) -> bool {
    let mut put = |one| match one {
        Told::Waiting(one) => {
            waiting.push(*one);
            waiting.len() < MOST
        }
        Told::Settle(done) => {
            asked.push(done);
            false
        }
    };
    let Some(first) = told.recv().await else {
        return false;
    };
    let mut more = put(first);
    let pause = tokio::time::sleep(PAUSE);
    tokio::pin!(pause);
    while more {
        more = tokio::select! {
            () = &mut pause => false,
            next = told.recv() => next.is_some_and(&mut put),
        };
    }
    true
}

async fn add(store: &Store, waiting: &[Waiting]) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let mut unit = store.write().await?;
    let mut end = unit.hold_journal_end().await?;
    for one in waiting {
        let note = Note {
            act: one.act,
            body: one.body.as_deref(),
            subject: &one.subject,
            detail: &one.detail,
        };
        let at = one.at.max(end.at);
        let record: Record = record_after(&end, &one.account, &Seal::new(one.id), note, at);
        unit.add_record(&record).await?;
        end = storage::journal::End {
            number: record.number,
            at: record.at,
            hash: record.hash,
        };
    }
    Ok(unit.commit().await?)
}
