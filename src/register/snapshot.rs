//! Snapshots: taking one, looking at what it holds, verifying it, and in what two moments differ.
//!
//! Taking one holds the end of the history, so nothing can be accepted before it and stored after
//! it; no revision is written. What a person may not see is not counted for them. Enforced by
//! `tests/it/snapshots.rs`.

use super::find::Names;
use super::journal::{Note, note_at};
use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::filter::{Filter, Moment, State};
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::rules;
use crate::census::snapshot::{Difference, Snapshot, Sum, Trouble, compare};
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use crate::exchange::csv::write_table;
use crate::storage::snapshot::{Pair, Slice, Tally};
use crate::storage::{self, Unit};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use uuid::Uuid;

/// How long the name of a snapshot may be, in characters.
pub const LONGEST_NAME: usize = 120;

/// How many devices a verification names for each kind of trouble.
const NAMED: usize = 100;

/// How many differences are read at a time into a file.
const CHUNK: usize = 500;

/// A snapshot, and how many devices of it a person sees.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// How many of its devices this person sees.
    pub devices: i64,
}

/// What a snapshot holds, as far as a person sees it.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Its devices that this person sees.
    pub filter: Filter,
    /// How many they are.
    pub devices: i64,
    /// For each body, by its code.
    pub bodies: Vec<(String, i64)>,
    /// For each function, by its code.
    pub functions: Vec<(String, i64)>,
    /// For each state, by its code.
    pub states: Vec<(String, i64)>,
    /// What the codes mean.
    pub names: Names,
}

/// What was found of a snapshot.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What is not as it was; nothing when all is in order.
    pub troubles: Vec<Trouble>,
}

/// The two moments of a comparison.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The earlier snapshot.
    pub before: Uuid,
    /// The later one; what is accepted now when there is none.
    pub after: Option<Uuid>,
    /// Only this body's devices; all when it is empty.
    pub body: String,
}

/// How a body's devices differ between two moments.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many devices it had.
    pub before: i64,
    /// How many it has.
    pub after: i64,
    /// What became of them.
    pub tally: Tally,
}

/// In what two moments differ.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The earlier one.
    pub before: Snapshot,
    /// The later one; nothing for now.
    pub after: Option<Snapshot>,
    /// All together.
    pub total: Line,
    /// Body by body, in Italian order.
    pub bodies: Vec<Line>,
    /// In how many devices each attribute differs; only those that do.
    pub fields: Vec<(Field, i64)>,
    /// A page of the differences, with their keys.
    pub page: Vec<([String; 3], Difference)>,
    /// Whether something precedes them.
    pub more_before: bool,
    /// Whether something follows them.
    pub more_after: bool,
    /// What the codes mean.
    pub names: Names,
}

impl Register {
    /// Freezes what is accepted now under a name.
    pub async fn take_snapshot(&self, viewer: &Viewer, name: &str) -> Result<Snapshot> {
        if !viewer.reviews() {
            return Err(Error::Forbidden(
                "Fotografa il censimento chi ha il ruolo di validatore.",
            ));
        }
        let name = named(name)?;
        let mut unit = self.store.write().await?;
        let (at, end) = self.moment(&mut unit).await?;
        let filter = frozen(&Viewer::operator(), Moment::At(at));
        let mut sum = Sum::default();
        unit.each_sealed(&filter, |one| sum.add(one.device, one.revision, one.hash))
            .await?;
        let (devices, hash) = sum.finish();
        let snapshot = Snapshot {
            id: self.clock.new_id(),
            name,
            at,
            author: viewer.account.clone(),
            devices,
            hash,
        };
        unit.add_snapshot(&snapshot)
            .await
            .map_err(|error| taken(error, &snapshot.name))?;
        let note = Note {
            act: Act::SnapshotTaken,
            body: None,
            subject: &snapshot.id.to_string(),
            detail: &snapshot.detail(),
        };
        note_at(&mut unit, viewer, &self.seal(), note, at, end).await?;
        unit.commit().await?;
        Ok(snapshot)
    }

    /// The snapshots, the last first, with how many of their devices this person sees.
    pub async fn snapshots(&self, viewer: &Viewer) -> Result<Vec<Seen>> {
        let mut unit = self.store.read().await?;
        let mut seen = Vec::new();
        for snapshot in unit.snapshots().await? {
            let devices = if viewer.reads_all() {
                snapshot.devices
            } else {
                let filter = frozen(viewer, Moment::Snapshot(snapshot.id));
                unit.count(&filter).await?
            };
            seen.push(Seen { snapshot, devices });
        }
        Ok(seen)
    }

    /// What a snapshot holds, as far as this person sees it.
    pub async fn snapshot(&self, viewer: &Viewer, id: Uuid) -> Result<Holding> {
        let mut unit = self.store.read().await?;
        let snapshot = unit.snapshot(id).await?.ok_or(NOT_HERE)?;
        let filter = frozen(viewer, Moment::Snapshot(id));
        let names = self.names_in(&mut unit).await?;
        let mut bodies = unit.count_by(&filter, Field::Ente).await?;
        let name = |code: &str| names.words(Field::Ente, code);
        bodies.sort_by(|left, right| italian(&name(&left.0), &name(&right.0)));
        Ok(Holding {
            devices: unit.count(&filter).await?,
            functions: unit.count_by(&filter, Field::Funzione).await?,
            states: unit.count_by(&filter, Field::Stato).await?,
            bodies,
            filter,
            snapshot,
            names,
        })
    }

    /// Computes again what one snapshot, or each of them, holds, and compares it with what the
    /// snapshot and the history say. Whoever does not read everything is told of their own bodies'
    /// devices, and of the rest only that it is not in order.
    pub async fn verify_snapshots(
        &self,
        viewer: &Viewer,
        id: Option<Uuid>,
    ) -> Result<Vec<Verified>> {
        if !viewer.reads_all() {
            return Err(Error::Forbidden(
                "La verifica rilegge tutto il censimento: è per chi legge i dati di tutti gli enti.",
            ));
        }
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let snapshots = match id {
            None => unit.snapshots().await?,
            Some(id) => vec![unit.snapshot(id).await?.ok_or(NOT_HERE)?],
        };
        let names = self.names_in(&mut unit).await?;
        let mut verified = Vec::new();
        for snapshot in snapshots {
            let found = Findings::of(&mut unit, &snapshot).await?;
            let troubles = found.told(&names);
            verified.push(Verified { snapshot, troubles });
        }
        Ok(verified)
    }

    /// In what two moments differ, as far as this person sees it, with a page of the differences.
    pub async fn compare(&self, viewer: &Viewer, asked: &Asked, slice: &Slice) -> Result<Compared> {
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let (before, after) = sides(&mut unit, asked).await?;
        let names = self.names_in(&mut unit).await?;
        let [earlier, later] = filters(viewer, asked);
        let bodies = lines(&mut unit, &names, &earlier, &later).await?;
        let wanted = Slice {
            size: slice.size.map(|size| size + 1),
            ..slice.clone()
        };
        let mut found = unit.differing(&earlier, &later, &wanted).await?;
        let more = slice.size.is_some_and(|size| found.len() > size);
        let backwards = matches!(slice.from, Some((crate::census::filter::Edge::Before, _)));
        if more && backwards {
            found.remove(0);
        } else if more {
            found.pop();
        }
        let came_from = slice.from.is_some();
        let compared = Compared {
            fields: unit.changed_fields(&earlier, &later).await?,
            page: differences(&mut unit, found).await?,
            more_before: if backwards { more } else { came_from },
            more_after: if backwards { came_from } else { more },
            total: total(&bodies),
            bodies,
            before,
            after,
            names,
        };
        drop(unit);
        self.note_filter(&earlier, "confronto").await?;
        Ok(compared)
    }

    /// Writes all in what two moments differ as a table: a line for each value that changed, and
    /// one for each device added or removed.
    pub async fn write_differences(
        &self,
        viewer: &Viewer,
        asked: &Asked,
        sink: File,
    ) -> Result<()> {
        let mut unit = self.store.read().await?;
        sides(&mut unit, asked).await?;
        let [earlier, later] = filters(viewer, asked);
        // Some hundred bytes of every device that differs; their states are read as they are written.
        let found = unit.differing(&earlier, &later, &Slice::default()).await?;
        let mut sink = BufWriter::new(sink);
        let header = ["differenza", "ente", "codice", "campo", "prima", "dopo"];
        write_table(&mut sink, true, [header.map(Cow::from).to_vec()])?;
        let mut found = found.into_iter();
        loop {
            let chunk: Vec<Pair> = found.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            let rows = differences(&mut unit, chunk).await?;
            let rows = rows.iter().flat_map(|(_, difference)| cells(difference));
            write_table(&mut sink, false, rows)?;
        }
        sink.flush()?;
        drop(unit);
        let detail = format!("differenze, {}", earlier.in_short());
        let note = Note {
            act: Act::Exported,
            body: Some(&*asked.body).filter(|body| !body.is_empty()),
            subject: "differenze.csv",
            detail: &detail,
        };
        self.leave_note(&viewer.account, note).await
    }
}

const NOT_HERE: Error = Error::NotFound("Questa fotografia non c’è.");

/// A name as it is kept.
fn named(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::Invalid(
            "Date un nome alla fotografia: dice a che cosa serve, per esempio «Capitolato, prima \
             stesura»."
                .to_owned(),
        ));
    }
    if name.chars().count() > LONGEST_NAME || rules::has_control(name, false) {
        return Err(Error::Invalid(format!(
            "Il nome di una fotografia è una riga di al più {LONGEST_NAME} caratteri."
        )));
    }
    match rules::never_recorded(name) {
        Some(secret) => Err(Error::Invalid(format!(
            "Il testo somiglia {secret}, e l’archivio non ne conserva: toglietelo."
        ))),
        None => Ok(name.to_owned()),
    }
}

fn taken(error: storage::Error, name: &str) -> Error {
    match error {
        storage::Error::Constraint(constraint) if constraint == "snapshot_name" => Error::Invalid(
            format!("C’è già una fotografia che si chiama «{name}»: datele un altro nome."),
        ),
        other => other.into(),
    }
}

/// What was accepted at a moment, as far as this person sees it.
fn frozen(viewer: &Viewer, moment: Moment) -> Filter {
    let mut filter = Filter::of(viewer);
    filter.state = State::Accepted;
    filter.moment = moment;
    filter
}

/// What is not as it was in a snapshot; devices by body and code.
struct Findings {
    changed: Vec<(String, String)>,
    displaced: Vec<(String, String)>,
    rest: Vec<Trouble>,
}

impl Findings {
    /// Which devices were accepted when they should not have been is asked only when the hash says
    /// that something is wrong.
    async fn of(unit: &mut Unit, snapshot: &Snapshot) -> Result<Self> {
        let filter = frozen(&Viewer::operator(), Moment::Snapshot(snapshot.id));
        let mut sum = Sum::default();
        let mut changed = Vec::new();
        unit.each_state(&filter, |state, hash| {
            sum.add(state.device, state.id, hash);
            // States older than the history have no hash.
            if !hash.is_empty() && state.content_hash() != hash {
                let text = |field| state.record.text(field).to_owned();
                changed.push((text(Field::Ente), text(Field::Codice)));
            }
        })
        .await?;
        let found = sum.finish();
        let displaced = if found.1 == snapshot.hash {
            Vec::new()
        } else {
            unit.displaced(snapshot.at).await?
        };
        let noted = unit.snapshot_noted(snapshot.id).await?;
        Ok(Self {
            changed,
            displaced,
            rest: compare(snapshot, found, noted.as_ref()),
        })
    }

    /// All of it in words, so many devices by name.
    fn told(self, names: &Names) -> Vec<Trouble> {
        let body = |code: &str| format!("{} ({code})", names.words(Field::Ente, code));
        let mut troubles = Vec::new();
        for (devices, interval) in [(self.changed, false), (self.displaced, true)] {
            let some = devices.iter().take(NAMED).map(|(ente, code)| {
                let (body, code) = (body(ente), code.clone());
                if interval {
                    Trouble::Interval { body, code }
                } else {
                    Trouble::Values { body, code }
                }
            });
            troubles.extend(some);
            if devices.len() > NAMED {
                troubles.push(Trouble::Others(devices.len() - NAMED));
            }
        }
        troubles.extend(self.rest);
        troubles
    }
}

/// The two snapshots of a comparison; nothing for now.
async fn sides(unit: &mut Unit, asked: &Asked) -> Result<(Snapshot, Option<Snapshot>)> {
    let before = unit.snapshot(asked.before).await?.ok_or(NOT_HERE)?;
    let after = match asked.after {
        None => None,
        Some(id) => Some(unit.snapshot(id).await?.ok_or(NOT_HERE)?),
    };
    Ok((before, after))
}

/// The devices of the two moments. Now is asked for as an instant, so that whoever sees only their
/// bodies' devices in a snapshot is not shown what the others share today as if it had been added.
fn filters(viewer: &Viewer, asked: &Asked) -> [Filter; 2] {
    let later = asked
        .after
        .map_or(Moment::At(Instant::MAX), Moment::Snapshot);
    [Moment::Snapshot(asked.before), later].map(|moment| {
        let mut filter = frozen(viewer, moment);
        if !asked.body.is_empty() {
            filter.exact = vec![(Field::Ente, asked.body.clone())];
        }
        filter
    })
}

/// The bodies that have devices at one of the two moments, in Italian order.
async fn lines(
    unit: &mut Unit,
    names: &Names,
    earlier: &Filter,
    later: &Filter,
) -> Result<Vec<Line>> {
    let before = unit.count_by(earlier, Field::Ente).await?;
    let after = unit.count_by(later, Field::Ente).await?;
    let mut tallies = unit.tallies(earlier, later).await?;
    let counted = |counts: &[(String, i64)], body: &str| {
        let found = counts.iter().find(|(code, _)| code == body);
        found.map_or(0, |(_, number)| *number)
    };
    let codes: HashSet<&String> = before.iter().chain(&after).map(|(code, _)| code).collect();
    let mut lines: Vec<Line> = codes
        .into_iter()
        .map(|code| Line {
            name: names.words(Field::Ente, code),
            before: counted(&before, code),
            after: counted(&after, code),
            tally: tallies.remove(code).unwrap_or_default(),
            code: code.clone(),
        })
        .collect();
    lines.sort_by(|left, right| {
        italian(&left.name, &right.name).then_with(|| left.code.cmp(&right.code))
    });
    Ok(lines)
}

fn total(lines: &[Line]) -> Line {
    let sum = |number: fn(&Line) -> i64| lines.iter().map(number).sum();
    Line {
        code: String::new(),
        name: String::new(),
        before: sum(|line| line.before),
        after: sum(|line| line.after),
        tally: Tally {
            added: sum(|line| line.tally.added),
            removed: sum(|line| line.tally.removed),
            changed: sum(|line| line.tally.changed),
        },
    }
}

/// The states of these devices at the two moments.
async fn differences(unit: &mut Unit, pairs: Vec<Pair>) -> Result<Vec<([String; 3], Difference)>> {
    let ids = pairs.iter().flat_map(|pair| [pair.before, pair.after]);
    let ids: Vec<Uuid> = ids.flatten().collect();
    let mut states = unit.revisions_with_ids(&ids).await?;
    let mut take = |id: Option<Uuid>| id.and_then(|id| states.remove(&id));
    let differences = pairs.into_iter().filter_map(|pair| {
        let difference = Difference::of(take(pair.before), take(pair.after))?;
        Some((pair.key, difference))
    });
    Ok(differences.collect())
}

/// The lines of a file about one difference.
fn cells(difference: &Difference) -> Vec<Vec<Cow<'_, str>>> {
    let record = &difference.last().record;
    let start = || {
        vec![
            Cow::from(difference.kind().name()),
            Cow::from(record.text(Field::Ente)),
            Cow::from(record.text(Field::Codice)),
        ]
    };
    let line = |cells: [Cow<'static, str>; 3]| start().into_iter().chain(cells).collect();
    let fields = difference.fields();
    if fields.is_empty() {
        return vec![line([Cow::default(), Cow::default(), Cow::default()])];
    }
    fields
        .into_iter()
        .map(|(field, before, after)| {
            line([
                field.name().into(),
                before.record.plain(field).into(),
                after.record.plain(field).into(),
            ])
        })
        .collect()
}
