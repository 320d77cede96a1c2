//! The staged batch: a file is kept, read and judged row by row; a person sees what each row would
//! do, mends it and confirms; what was confirmed can be undone as a whole.
//!
//! What takes time is work: the batch says in its state what is to be done, whoever has time does it
//! (`work`), a chunk of rows at a time, and after a restart it is done again from its beginning.
//! Confirming and undoing are one transaction each, so they happened or they did not, and the
//! batch's state, written in the same transaction, says which. Nobody may do here what the form
//! would refuse. Enforced by `tests/it/batches.rs`.

use super::journal::Note;
use super::judge::Edits;
use super::staged::{Judgement, Orders, Summary, edits_of, json, stored};
use super::work::Doing;
use super::{Error, Register, Result, flow, load};
use crate::census::batch::State;
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::revision::Source;
use crate::census::rules;
use crate::storage::Unit;
use crate::storage::batch::{Batch, BatchRow, Wanted};
use std::fs::File;
use std::io::{Read, Seek};
use uuid::Uuid;

/// How many rows are taken together, as storage counts them.
pub(super) const CHUNK: i64 = flow::CHUNK as i64;

/// How many files one person may have waiting for a confirmation.
const MOST_OPEN: i64 = 20;

/// How much of a file is kept together, in bytes.
const PART: u64 = 1 << 20;

/// A batch as a person sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The batch.
    pub batch: Batch,
    /// What was asked.
    pub orders: Orders,
    /// What was found out.
    pub summary: Summary,
    /// How far the work has come, when this process is at it.
    pub doing: Option<Doing>,
    /// Whether this person may change, confirm or undo it.
    pub writable: bool,
    /// The batch that undid it.
    pub undone_by: Option<Batch>,
}

/// A row of a batch as a person sees it.
#[derive(Debug, Clone)]
pub struct SeenRow {
    /// The row.
    pub row: BatchRow,
    /// Its cells as the file has them.
    pub cells: Vec<String>,
    /// What was changed of it.
    pub edits: Edits,
    /// What the rules say.
    pub judgement: Judgement,
}

impl SeenRow {
    fn of(viewer: &Viewer, row: BatchRow) -> Result<Self> {
        let mut judgement: Judgement = stored(&row.judgement)?;
        // What the register has of another body's device is reserved like the device.
        let reserved = !row.ente.is_empty() && !viewer.writes(&row.ente) && !viewer.reads_all();
        if reserved {
            judgement.changes.clear();
            judgement.findings.clear();
        }
        Ok(Self {
            cells: stored(&row.cells)?,
            edits: edits_of(&row)?,
            judgement,
            row,
        })
    }
}

pub(super) const NOT_HERE: Error =
    Error::NotFound("Questa importazione non c’è, oppure non potete vederla.");

/// Looking at batches.
impl Register {
    /// The batches that this person may see, the last first.
    pub async fn batches(&self, viewer: &Viewer) -> Result<Vec<Seen>> {
        let own: Vec<&str> = viewer.bodies().collect();
        let author = (!viewer.reads_all()).then_some(viewer.account.as_str());
        let found = self.store.read().await?.batches(author, &own, 200).await?;
        found
            .into_iter()
            .map(|batch| self.seen(viewer, batch, None))
            .collect()
    }

    /// One batch, if this person may see it.
    pub async fn batch(&self, viewer: &Viewer, id: Uuid) -> Result<Seen> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        let undone_by = unit.undoing(id).await?;
        may_see(viewer, &batch)?;
        self.seen(viewer, batch, undone_by)
    }

    /// One batch once nobody has to work at it any more, however long that takes when another
    /// process does.
    pub async fn settled_batch(&self, viewer: &Viewer, id: Uuid) -> Result<Seen> {
        loop {
            let ended = self.works.ended.notified();
            let seen = self.batch(viewer, id).await?;
            if !seen.batch.state.is_work() {
                return Ok(seen);
            }
            ended.await;
        }
    }

    fn seen(&self, viewer: &Viewer, batch: Batch, undone_by: Option<Batch>) -> Result<Seen> {
        Ok(Seen {
            orders: stored(&batch.request)?,
            summary: stored(&batch.summary)?,
            doing: self.works.doing(batch.id, self.clock.now()),
            writable: writes(viewer, &batch),
            batch,
            undone_by,
        })
    }

    /// Some of the rows of a batch, after a record.
    pub async fn batch_rows(
        &self,
        viewer: &Viewer,
        id: Uuid,
        wanted: &Wanted,
        after: i64,
        at_most: i64,
    ) -> Result<Vec<SeenRow>> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let rows = unit.batch_rows(id, wanted, after, at_most).await?;
        rows.into_iter()
            .map(|row| SeenRow::of(viewer, row))
            .collect()
    }

    /// How many rows of a batch are wanted.
    pub async fn count_batch_rows(
        &self,
        viewer: &Viewer,
        id: Uuid,
        wanted: &Wanted,
    ) -> Result<i64> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        Ok(unit.count_batch_rows(id, wanted).await?)
    }

    /// One row of a batch.
    pub async fn batch_row(&self, viewer: &Viewer, id: Uuid, record: i64) -> Result<SeenRow> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        let row = unit.batch_row(id, record).await?;
        SeenRow::of(viewer, row.ok_or(Error::NotFound("Questa riga non c’è."))?)
    }

    /// Where the rows of a batch would be, for a map: record, fate, degrees east and north.
    pub async fn batch_points(
        &self,
        viewer: &Viewer,
        id: Uuid,
        at_most: i64,
    ) -> Result<Vec<(i64, String, f64, f64)>> {
        let mut unit = self.store.read().await?;
        let batch = unit.batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        Ok(unit.batch_points(id, at_most).await?)
    }
}

/// Whoever sent it, whoever writes its body, and whoever reads everything.
pub(super) fn may_see(viewer: &Viewer, batch: &Batch) -> Result<()> {
    if writes(viewer, batch) || viewer.reads_all() {
        Ok(())
    } else {
        Err(NOT_HERE)
    }
}

/// Whether a person may change, confirm or undo a batch; each device is asked for again when it is
/// written.
fn writes(viewer: &Viewer, batch: &Batch) -> bool {
    let own = batch.author == viewer.account;
    let body = batch.body.as_deref();
    viewer.writes_any() && (own || body.is_some_and(|body| viewer.writes(body)))
}

/// Sending a file and changing what is done with it.
impl Register {
    /// Keeps a file and sets the work going; gives back its batch.
    pub async fn stage(
        &self,
        viewer: &Viewer,
        name: &str,
        orders: &Orders,
        mut content: File,
    ) -> Result<Uuid> {
        if !viewer.writes_any() {
            return Err(Error::Forbidden("Il vostro ruolo non scrive dispositivi."));
        }
        let mut unit = self.store.write().await?;
        if unit.count_open_batches(&viewer.account).await? >= MOST_OPEN {
            return Err(Error::Invalid(format!(
                "Avete già {MOST_OPEN} file da confermare: confermateli o abbandonateli, poi inviate \
                 questo."
            )));
        }
        let world = self.world(&mut unit).await?;
        let mut orders = orders.clone();
        orders.body = load::body(viewer, orders.body.as_deref(), &world)?;
        load::declared(orders.crs.as_deref())?;
        let now = self.clock.now();
        let batch = Batch {
            id: self.clock.new_id(),
            name: name.to_owned(),
            author: viewer.account.clone(),
            source: Source::File,
            state: State::Reading,
            created_at: now,
            changed_at: now,
            beat_at: 0,
            cancelled: false,
            request: json(&orders)?,
            summary: "{}".to_owned(),
            problem: String::new(),
            body: orders.body.clone(),
            undoes: None,
        };
        unit.add_batch(&batch).await?;
        content.rewind()?;
        for number in 0.. {
            let mut part = Vec::new();
            let length = Read::by_ref(&mut content)
                .take(PART)
                .read_to_end(&mut part)?;
            if length == 0 {
                break;
            }
            unit.add_batch_part(batch.id, number, part).await?;
        }
        unit.commit().await?;
        Ok(batch.id)
    }

    /// Changes how a file is read or what is asked of it; its rows are read or judged again.
    pub async fn reorder(
        &self,
        viewer: &Viewer,
        id: Uuid,
        change: impl FnOnce(&mut Orders) -> Result<()>,
    ) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id, true).await?;
        let before: Orders = stored(&batch.request)?;
        let mut orders = before.clone();
        change(&mut orders)?;
        let world = self.world(&mut unit).await?;
        orders.body = load::body(viewer, orders.body.as_deref(), &world)?;
        load::declared(orders.crs.as_deref())?;
        load::judge_constants(&orders.scheme.constants(), &world)?;
        let reread = orders.choices != before.choices || batch.state == State::Failed;
        if reread && unit.batch_part(id, 0).await?.is_none() {
            return Err(Error::Invalid(
                "Il file conteneva dati che non conserviamo (indirizzi di rete, password), quindi \
                 non l’abbiamo tenuto: per leggerlo in un altro modo inviatelo di nuovo."
                    .to_owned(),
            ));
        }
        if let Some(swap) = orders.scheme.values.iter().find(|swap| {
            [&swap.from, &swap.to]
                .into_iter()
                .any(|text| rules::never_recorded(text).is_some())
        }) {
            return Err(Error::Invalid(format!(
                "Il valore scelto per «{}» somiglia a un dato che non si conserva mai, come un \
                 indirizzo di rete o una password.",
                swap.field
            )));
        }
        batch.request = json(&orders)?;
        batch.body.clone_from(&orders.body);
        self.set(
            &mut unit,
            &mut batch,
            if reread {
                State::Reading
            } else {
                State::Judging
            },
        )
        .await?;
        Ok(unit.commit().await?)
    }

    /// Changes one row; all are judged again, because rows are about each other.
    pub async fn edit_row(
        &self,
        viewer: &Viewer,
        id: Uuid,
        record: i64,
        change: impl FnOnce(&mut Edits, &Judgement) -> Result<()>,
    ) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id, false).await?;
        let row = unit.batch_row(id, record).await?;
        let mut row = row.ok_or(Error::NotFound("Questa riga non c’è."))?;
        let mut edits = edits_of(&row)?;
        change(&mut edits, &stored(&row.judgement)?)?;
        row.edits = if edits.is_empty() {
            String::new()
        } else {
            json(&edits)?
        };
        unit.put_batch_row(id, &row).await?;
        self.set(&mut unit, &mut batch, State::Judging).await?;
        Ok(unit.commit().await?)
    }

    /// Says that for this row the file is right, whatever was changed since.
    pub async fn prefer_file(&self, viewer: &Viewer, id: Uuid, record: i64) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id, false).await?;
        let row = unit.batch_row(id, record).await?;
        let mut row = row.ok_or(Error::NotFound("Questa riga non c’è."))?;
        let present = unit.device_with_code(&row.ente, &row.codice).await?;
        row.base = present.map(|device| device.number);
        unit.put_batch_row(id, &row).await?;
        self.set(&mut unit, &mut batch, State::Judging).await?;
        Ok(unit.commit().await?)
    }

    /// Takes the single proposal of every row of which a rule spoke; says of how many.
    pub async fn accept(&self, viewer: &Viewer, id: Uuid, code: &str) -> Result<u64> {
        let (mut unit, mut batch) = self.open_batch(viewer, id, false).await?;
        let wanted = Wanted {
            code: Some(code.to_owned()),
            ..Wanted::default()
        };
        let (mut taken, mut after) = (0, 0);
        loop {
            let rows = unit.batch_rows(id, &wanted, after, CHUNK).await?;
            let Some(last) = rows.last() else { break };
            after = last.record;
            for mut row in rows {
                let judgement: Judgement = stored(&row.judgement)?;
                let mut edits = edits_of(&row)?;
                for note in judgement.findings.iter().filter(|note| note.code == code) {
                    if let [offer] = note.proposals.as_slice() {
                        edits.accept(offer);
                    }
                }
                let text = json(&edits)?;
                if text != row.edits {
                    row.edits = text;
                    taken += 1;
                    unit.put_batch_row(id, &row).await?;
                }
            }
        }
        self.set(&mut unit, &mut batch, State::Judging).await?;
        unit.commit().await?;
        Ok(taken)
    }

    /// Asks for the rows to be written: all, or the good ones.
    pub async fn confirm(&self, viewer: &Viewer, id: Uuid, partial: bool) -> Result<()> {
        let (mut unit, mut batch) = self.open_batch(viewer, id, false).await?;
        let summary: Summary = stored(&batch.summary)?;
        if summary.stopping() > 0 && !partial {
            return Err(Error::Invalid(format!(
                "{} righe non si possono importare: correggetele, escludetele, oppure scegliete di \
                 importare solo le righe buone.",
                summary.stopping()
            )));
        }
        if summary.written() == 0 {
            return Err(Error::Invalid(
                "Nessuna riga cambierebbe il censimento: non c’è nulla da confermare.".to_owned(),
            ));
        }
        let mut orders: Orders = stored(&batch.request)?;
        orders.partial = partial;
        orders.confirmed_by = Some(viewer.account.clone());
        batch.request = json(&orders)?;
        self.set(&mut unit, &mut batch, State::Confirming).await?;
        Ok(unit.commit().await?)
    }

    /// Gives a batch up, or stops the work at it. What is already in the register stays.
    pub async fn abandon(&self, viewer: &Viewer, id: Uuid) -> Result<()> {
        let seen = self.batch(viewer, id).await?;
        if !seen.writable {
            return Err(Error::Forbidden(
                "Potete solo guardare questa importazione.",
            ));
        }
        // A confirmation holds the batch: it stops of itself, and only then is there a unit.
        self.works.cancel(id);
        let mut unit = self.store.write().await?;
        let mut batch = unit.hold_batch(id).await?.ok_or(NOT_HERE)?;
        match batch.state {
            State::Confirmed | State::Undone => {
                return Err(Error::Invalid(
                    "Questa importazione è già nel censimento: si può solo annullare.".to_owned(),
                ));
            }
            State::Abandoned => return Ok(()),
            _ => {}
        }
        batch.cancelled = true;
        batch.problem = String::new();
        self.set(&mut unit, &mut batch, State::Abandoned).await?;
        unit.drop_batch_parts(id).await?;
        unit.drop_batch_rows(id).await?;
        let body = batch.body.clone();
        let note = Note {
            act: Act::BatchAbandoned,
            body: body.as_deref(),
            subject: &id.to_string(),
            detail: &batch.name,
        };
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// A batch that this person may change and that nobody is at work with; also one that could not be
    /// read, when that is meant.
    async fn open_batch(&self, viewer: &Viewer, id: Uuid, failed: bool) -> Result<(Unit, Batch)> {
        let mut unit = self.store.write().await?;
        let batch = unit.hold_batch(id).await?.ok_or(NOT_HERE)?;
        may_see(viewer, &batch)?;
        if !writes(viewer, &batch) {
            return Err(Error::Forbidden(
                "Potete solo guardare questa importazione.",
            ));
        }
        match batch.state {
            State::Ready => Ok((unit, batch)),
            State::Failed if failed => Ok((unit, batch)),
            state if state.is_work() => Err(Error::Invalid(
                "Stiamo ancora lavorando a questo file: aspettate che abbiamo finito.".to_owned(),
            )),
            _ => Err(Error::Invalid(
                "Questa importazione è conclusa: per cambiare qualcosa, inviate di nuovo il file."
                    .to_owned(),
            )),
        }
    }

    pub(super) async fn set(&self, unit: &mut Unit, batch: &mut Batch, state: State) -> Result<()> {
        batch.state = state;
        batch.changed_at = self.clock.now();
        batch.beat_at = 0;
        Ok(unit.put_batch(batch).await?)
    }
}
