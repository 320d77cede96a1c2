//! The history of what is done: one record for each operation, in its own transaction, as the last
//! thing before it ends.

use super::{Register, Result};
use crate::census::journal::{Act, Record, Seal};
use crate::census::person::Viewer;
use crate::clock::{Clock, Instant};
use crate::storage::Unit;
use crate::storage::journal::End;

/// What the history is told of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// What was done.
    pub act: Act,
    /// The body whose data it concerns, where it is one.
    pub body: Option<&'a str>,
    /// What it was done to: the identifier of a device, of a batch, an account…
    pub subject: &'a str,
    /// What happened, in words; no personal data and nothing that is never recorded.
    pub detail: &'a str,
}

impl Register {
    /// The seal of an operation that begins: what it writes goes through it.
    #[must_use]
    pub fn seal(&self) -> Seal {
        Seal::new(self.clock.new_id())
    }

    /// Adds a record to the history. From here to the end of the unit nobody else adds one.
    pub async fn note(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        seal: &Seal,
        note: Note<'_>,
    ) -> Result<()> {
        note_in(unit, &self.clock, viewer, seal, note).await
    }

    /// Holds the end of the history, and says what time it is there: later than everything that was
    /// noted before. What has to be in the order of the history takes its time from here.
    pub(super) async fn moment(&self, unit: &mut Unit) -> Result<(Instant, End)> {
        let end = unit.hold_journal_end().await?;
        Ok((self.clock.now().max(end.at + 1), end))
    }
}

/// Adds a record to the history where there is no register yet.
pub(super) async fn note_in(
    unit: &mut Unit,
    clock: &Clock,
    viewer: &Viewer,
    seal: &Seal,
    note: Note<'_>,
) -> Result<()> {
    let end = unit.hold_journal_end().await?;
    let at = clock.now().max(end.at);
    note_at(unit, viewer, seal, note, at, end).await
}

/// Adds a record at the moment that [`Register::moment`] gave.
pub(super) async fn note_at(
    unit: &mut Unit,
    viewer: &Viewer,
    seal: &Seal,
    note: Note<'_>,
    at: Instant,
    end: End,
) -> Result<()> {
    let seal = unit.read_back(seal).await?;
    let record = record_after(&end, &viewer.account, &seal, note, at);
    Ok(unit.add_record(&record).await?)
}

/// The record that follows the last.
pub(super) fn record_after(
    end: &End,
    account: &str,
    seal: &Seal,
    note: Note<'_>,
    at: Instant,
) -> Record {
    let mut record = Record {
        number: end.number + 1,
        id: seal.entry,
        at,
        account: account.to_owned(),
        act: note.act.name().to_owned(),
        body: note.body.map(str::to_owned),
        subject: note.subject.to_owned(),
        detail: note.detail.to_owned(),
        seal: seal.text(),
        previous: end.hash.clone(),
        hash: String::new(),
    };
    record.hash = record.content_hash();
    record
}
