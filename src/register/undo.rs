//! Taking back what a batch wrote: history is written, not erased.
//!
//! A device that nobody changed since gets a new state that is the one before, or is withdrawn when
//! there was none; the others stay and are named. Enforced by `tests/it/batches.rs`.

use super::batch::{CHUNK, NOT_HERE, may_see};
use super::journal::Note;
use super::staged::{Kept, NAMED, Summary};
use super::{Error, Register, Result};
use crate::census::batch::State;
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::revision::{Revision, Source};
use crate::census::vocabulary::Field;
use crate::storage::Unit;
use crate::storage::batch::Batch;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;
impl Register {
    /// What undoing a batch would leave as it is: the devices that somebody changed since, and how
    /// many there are; and how many would go back.
    pub async fn undo_would(&self, viewer: &Viewer, id: Uuid) -> Result<(u64, u64, Vec<Kept>)> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let (mut back, mut kept, mut named) = (0, 0, Vec::new());
        let mut after = Uuid::nil();
        loop {
            let written = unit.revisions_of_batch(id, after, CHUNK).await?;
            let Some(last) = written.last() else { break };
            after = last.id;
            for (old, present) in self.beside(&mut unit, written).await? {
                if present.id == old.id {
                    back += 1;
                } else {
                    kept += 1;
                    if named.len() < NAMED {
                        named.push(kept_of(&present));
                    }
                }
            }
        }
        Ok((back, kept, named))
    }

    /// Takes back all that a batch wrote, but for what was changed since: each device gets a new
    /// state that is the one before. Gives back the batch that does it.
    pub async fn undo(&self, viewer: &Viewer, id: Uuid) -> Result<Uuid> {
        let mut unit = self.store.write().await?;
        let mut batch = unit.hold_batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        if batch.state != State::Confirmed || batch.undoes.is_some() {
            return Err(Error::Invalid(
                "Si annulla solo un’importazione che è nel censimento.".to_owned(),
            ));
        }
        let now = self.clock.now();
        let mut undoing = Batch {
            id: self.clock.new_id(),
            name: batch.name.clone(),
            author: viewer.account.clone(),
            source: Source::File,
            state: State::Confirmed,
            created_at: now,
            changed_at: now,
            beat_at: 0,
            cancelled: false,
            request: "{}".to_owned(),
            summary: "{}".to_owned(),
            problem: String::new(),
            body: batch.body.clone(),
            undoes: Some(id),
        };
        unit.add_batch(&undoing).await?;
        let mut summary = Summary::default();
        let mut seal = self.seal();
        let mut after = Uuid::nil();
        loop {
            let written = unit.revisions_of_batch(id, after, CHUNK).await?;
            let Some(last) = written.last() else { break };
            after = last.id;
            let mut next = Vec::new();
            let bodies: BTreeSet<&str> = written
                .iter()
                .map(|one| one.record.text(Field::Ente))
                .collect();
            for body in bodies {
                unit.hold_body(body, &[]).await?;
            }
            let before = unit.states_before(&written).await?;
            for (old, present) in self.beside(&mut unit, written).await? {
                super::may_write(viewer, present.record.text(Field::Ente))?;
                summary.rows += 1;
                if present.id == old.id {
                    next.push(self.back(viewer, undoing.id, old, before.get(&present.device)));
                } else {
                    summary.kept += 1;
                    if summary.kept_devices.len() < NAMED {
                        summary.kept_devices.push(kept_of(&present));
                    }
                }
            }
            unit.add_revisions(next, &mut seal).await?;
        }
        undoing.summary = summary.to_json()?;
        unit.put_batch(&undoing).await?;
        self.set(&mut unit, &mut batch, State::Undone).await?;
        let note = Note {
            act: Act::ImportUndone,
            body: batch.body.as_deref(),
            subject: &id.to_string(),
            detail: &batch.name,
        };
        self.note(&mut unit, viewer, &seal, note).await?;
        unit.commit().await?;
        Ok(undoing.id)
    }

    /// Each of these revisions with the present state of its device.
    async fn beside(
        &self,
        unit: &mut Unit,
        written: Vec<Revision>,
    ) -> Result<Vec<(Revision, Revision)>> {
        let devices: Vec<Uuid> = written.iter().map(|revision| revision.device).collect();
        let present = unit.working(&devices).await?;
        let mut present: HashMap<Uuid, Revision> = present
            .into_iter()
            .map(|revision| (revision.device, revision))
            .collect();
        Ok(written
            .into_iter()
            .filter_map(|old| present.remove(&old.device).map(|present| (old, present)))
            .collect())
    }

    /// The state that follows one that is taken back: the one before it, or the device withdrawn
    /// when there was none.
    fn back(
        &self,
        viewer: &Viewer,
        batch: Uuid,
        written: Revision,
        before: Option<&Revision>,
    ) -> Revision {
        let number = written.number + 1;
        let withdrawn = before.is_none_or(|before| before.withdrawn);
        let like = before.cloned().unwrap_or(written);
        Revision {
            number,
            source: Source::File,
            withdrawn,
            batch: Some(batch),
            ..like.next(self.clock.new_id(), self.clock.now(), &viewer.account)
        }
    }

    /// What a start finds left by an earlier run: of imports by command that were cut short it says
    /// that nothing came of them, and what the only server left half done waits for nobody else.
    pub async fn tidy(&self) -> Result<()> {
        let mut unit = self.store.write().await?;
        for mut batch in unit.interrupted_batches().await? {
            "Interrotta prima della fine: nulla è stato importato.".clone_into(&mut batch.problem);
            self.set(&mut unit, &mut batch, State::Failed).await?;
        }
        if self.store.is_alone() {
            unit.release_batches().await?;
        }
        Ok(unit.commit().await?)
    }
}

fn kept_of(present: &Revision) -> Kept {
    Kept {
        device: present.device,
        ente: present.record.text(Field::Ente).to_owned(),
        codice: present.record.text(Field::Codice).to_owned(),
        author: present.author.clone(),
        at: present.written_at,
    }
}
