//! Sets of criteria before they are in force: read, tried against the register, kept.
//!
//! A trial reads every device once and judges it by both sets; what it finds is bounded, however
//! large the register. Only a text that can be read becomes an edition. Enforced by
//! `tests/it/criteria.rs`.

use super::compatibility::Basis;
use super::edition::may_change;
use super::find::Names;
use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::condition::Condition;
use crate::census::criterion::{Criteria, Criterion, Trouble};
use crate::census::edition::{Edition, Force, Kind, in_force};
use crate::census::fact::{Asked, Fact, Facts, Given};
use crate::census::filter::Filter;
use crate::census::person::Viewer;
use crate::census::record::Record;
use crate::census::verdict::{Answer, Outcome, Verdict, judge};
use crate::census::vocabulary::{Field, Kind as Values};
use crate::clock::Instant;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// How many devices that change a trial shows; it counts all of them.
pub const SHOWN: usize = 200;

/// How many outcomes there are.
const OUTCOMES: usize = Outcome::ALL.len();

/// The set that is tried.
#[derive(Debug, Clone, Copy)]
pub enum Tried<'a> {
    /// One that nobody loaded yet.
    Text(&'a str),
    /// One that was loaded.
    Edition(Uuid),
}

/// A value that a criterion looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What it is.
    pub label: &'static str,
    /// Its value in words.
    pub value: String,
}

/// Why a verdict is another one: something that one set says of a device and the other does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The criterion; what is asked of a device before any criterion has a name of its own.
    pub id: String,
    /// What the set asks, in words.
    pub text: String,
    /// What was said before; how much depended on it, when that is what changed.
    pub before: String,
    /// What is said now.
    pub after: String,
    /// The condition in plain words, of the set that still has it.
    pub condition: String,
    /// The values it looks at.
    pub values: Vec<Looked>,
}

/// A device whose outcome is another one.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The device.
    pub device: Uuid,
    /// Its code.
    pub code: String,
    /// The name of its body.
    pub body: String,
    /// The outcome before.
    pub before: Outcome,
    /// The outcome now.
    pub after: Outcome,
    /// What makes the difference.
    pub why: Vec<Why>,
}

/// How many devices of a body change.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many of its devices are judged.
    pub devices: u64,
    /// How many of them have another outcome.
    pub changed: u64,
}

/// A criterion whose answers differ.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The criterion.
    pub id: String,
    /// What it asks.
    pub text: String,
    /// Of how many devices the answer is another one.
    pub devices: u64,
}

/// What would change.
#[derive(Debug)]
pub struct Trial {
    /// The set of before.
    pub before: Edition,
    /// The set that is tried.
    pub after: Criteria,
    /// The edition it is, or that has the very same text.
    pub known: Option<Edition>,
    /// The instant that is looked at; nothing for now.
    pub at: Option<Instant>,
    /// The day of which the verdicts are, ISO 8601.
    pub day: String,
    /// How many devices are judged.
    pub devices: u64,
    /// How many have another outcome.
    pub changed: u64,
    /// How many have the same outcome for other answers.
    pub touched: u64,
    /// How many devices come from each outcome (row) to each outcome (column), both in the order of
    /// [`Outcome::ALL`].
    pub matrix: [[u64; OUTCOMES]; OUTCOMES],
    /// The bodies whose devices change, in Italian order.
    pub bodies: Vec<Line>,
    /// The criteria whose answers differ, those with most devices first.
    pub criteria: Vec<Moved>,
    /// The first [`SHOWN`] of the devices that change, by body and code.
    pub rows: Vec<Changed>,
}

/// What came of a trial.
#[derive(Debug)]
pub enum Outcomes {
    /// The set cannot be read.
    Wrong(Vec<Trouble>),
    /// It can be read, and there is none in force to compare it with.
    First(Box<Criteria>),
    /// What would change.
    Trial(Box<Trial>),
}

impl Register {
    /// Judges the devices that a filter finds by the set of before (the one that was in force then,
    /// when none is named) and by another, and says what differs. For whoever reads everything.
    pub async fn try_criteria(
        &self,
        filter: &Filter,
        before: Option<Uuid>,
        tried: Tried<'_>,
    ) -> Result<Outcomes> {
        may_try(filter.viewer())?;
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let (text, own) = match tried {
            Tried::Text(text) => (Criteria::tidy(text), None),
            Tried::Edition(id) => {
                let found = unit.edition(id).await?;
                let edition = found
                    .filter(|edition| edition.kind == Kind::Criteria)
                    .ok_or(Error::NotFound("Questa edizione non c’è."))?;
                (edition.content.clone(), Some(edition))
            }
        };
        let after = match read(text.clone()).await? {
            Ok(after) => after,
            Err(troubles) => return Ok(Outcomes::Wrong(troubles)),
        };
        let known = if let Some(edition) = own {
            Some(edition)
        } else {
            let hash = Edition::hash(&text);
            let editions = unit.editions(Kind::Criteria).await?.into_iter();
            editions.into_iter().find(|edition| edition.sha256 == hash)
        };
        if before.is_none() && unit.forces(Kind::Criteria, None).await?.is_empty() {
            return Ok(Outcomes::First(Box::new(after)));
        }
        let basis = self.basis(&mut unit, filter, before).await?;
        let names = self.names_in(&mut unit).await?;
        let mut fields = vec![Field::Codice, Field::Ente];
        fields.extend(after.facts().into_iter().filter_map(|fact| match fact {
            Fact::Device(field) => Some(field),
            _ => None,
        }));
        let mut tally = Tally::new(&basis, &after, &names);
        self.each_verdict(
            &mut unit,
            filter,
            &basis,
            &fields,
            |device, _, record, verdict| tally.add(device, record, verdict),
        )
        .await?;
        let counted = tally.counted;
        drop(unit);
        if filter.reads_others() {
            self.note_filter(filter, "prova di criteri").await?;
        }
        let bodies = lines(counted.bodies, &names);
        let criteria = moved(counted.answers, &basis.criteria, &after);
        Ok(Outcomes::Trial(Box::new(Trial {
            known,
            at: basis.at,
            day: basis.day,
            before: basis.edition,
            after,
            devices: counted.devices,
            changed: counted.changed,
            touched: counted.touched,
            matrix: counted.matrix,
            bodies,
            criteria,
            rows: counted.rows.into_values().collect(),
        })))
    }

    /// Keeps a set of criteria under a name, if it can be read; it is not yet in force.
    pub async fn load_criteria(
        &self,
        viewer: &Viewer,
        name: &str,
        text: &str,
    ) -> Result<Result<Edition, Vec<Trouble>>> {
        may_change(viewer)?;
        let text = Criteria::tidy(text);
        let turn = self.turn().await?;
        if let Err(troubles) = read(text.clone()).await? {
            return Ok(Err(troubles));
        }
        drop(turn);
        let loaded = self.load_edition(viewer, Kind::Criteria, name, text).await;
        loaded.map(Ok)
    }

    /// Which edition is in force today, of what was said.
    #[must_use]
    pub fn edition_in_force(&self, said: &[Force]) -> Option<Uuid> {
        in_force(Kind::Criteria, said, &self.day(None))
    }
}

/// Reads a set on a thread of its own: of a hostile text it takes seconds.
async fn read(text: String) -> Result<Result<Criteria, Vec<Trouble>>> {
    let read = tokio::task::spawn_blocking(move || Criteria::read(&text));
    read.await.map_err(|error| Error::Failed(error.to_string()))
}

fn may_try(viewer: &Viewer) -> Result<()> {
    if viewer.reads_all() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "I criteri li prova chi coordina il censimento e chi vi partecipa come osservatore.",
    ))
}

/// What is counted while devices go by.
#[derive(Debug, Default)]
struct Counted {
    devices: u64,
    changed: u64,
    touched: u64,
    matrix: [[u64; OUTCOMES]; OUTCOMES],
    /// For each body its devices, and those that change.
    bodies: HashMap<String, (u64, u64)>,
    /// For each criterion the devices whose answer is another one.
    answers: BTreeMap<String, u64>,
    /// The first of those that change, by body, code and device.
    rows: BTreeMap<(String, String, Uuid), Changed>,
}

struct Tally<'a> {
    basis: &'a Basis,
    after: &'a Criteria,
    names: &'a Names,
    /// Every criterion of either set: its places in the two.
    pairs: Vec<(Option<usize>, Option<usize>)>,
    counted: Counted,
}

impl<'a> Tally<'a> {
    fn new(basis: &'a Basis, after: &'a Criteria, names: &'a Names) -> Self {
        let place = |criteria: &Criteria, id: &str| {
            let mut all = criteria.criteria.iter();
            all.position(|criterion| criterion.id == id)
        };
        let of_after = after.criteria.iter().enumerate();
        let mut pairs: Vec<_> = of_after
            .map(|(index, one)| (place(&basis.criteria, &one.id), Some(index)))
            .collect();
        let gone = basis.criteria.criteria.iter().enumerate();
        pairs.extend(
            gone.filter(|(_, one)| place(after, &one.id).is_none())
                .map(|(index, _)| (Some(index), None)),
        );
        Self {
            basis,
            after,
            names,
            pairs,
            counted: Counted::default(),
        }
    }

    fn add(&mut self, device: Uuid, record: &Record, before: &Verdict) {
        let facts = self.basis.facts(record);
        let after = judge(self.after, &facts);
        self.counted.devices += 1;
        if let Some(cell) = cell(&mut self.counted.matrix, before.outcome, after.outcome) {
            *cell += 1;
        }
        let mut differs = false;
        for pair in &self.pairs {
            let (old, new) = Self::answers(*pair, before, &after);
            if old != new
                && ![old, new]
                    .iter()
                    .flatten()
                    .all(|one| *one == Answer::Beside)
            {
                differs = true;
                let id = self.either(*pair).map(|one| one.id.as_str());
                let id = id.unwrap_or_default();
                match self.counted.answers.get_mut(id) {
                    Some(number) => *number += 1,
                    None => {
                        self.counted.answers.insert(id.to_owned(), 1);
                    }
                }
            }
        }
        let body = record.text(Field::Ente);
        if !self.counted.bodies.contains_key(body) {
            self.counted.bodies.insert(body.to_owned(), (0, 0));
        }
        let changed = before.outcome != after.outcome;
        if let Some((devices, of_them)) = self.counted.bodies.get_mut(body) {
            *devices += 1;
            *of_them += u64::from(changed);
        }
        if changed {
            self.counted.changed += 1;
            self.show(device, record, &facts, before, &after);
        } else if differs {
            self.counted.touched += 1;
        }
    }

    /// Keeps a device among those that are shown, if it comes early enough.
    fn show(
        &mut self,
        device: Uuid,
        record: &Record,
        facts: &Facts<'_>,
        before: &Verdict,
        after: &Verdict,
    ) {
        let code = record.text(Field::Codice).to_owned();
        let body = self.names.words(Field::Ente, record.text(Field::Ente));
        let key = (body.clone(), code.clone(), device);
        let rows = &self.counted.rows;
        let last = rows.last_key_value().map(|(last, _)| last);
        if rows.len() >= SHOWN && last.is_some_and(|last| *last < key) {
            return;
        }
        let changed = Changed {
            device,
            code,
            body,
            before: before.outcome,
            after: after.outcome,
            why: self.why(facts, before, after),
        };
        self.counted.rows.insert(key, changed);
        if self.counted.rows.len() > SHOWN {
            self.counted.rows.pop_last();
        }
    }

    /// What the two sets answer to one criterion; nothing where a set does not have it.
    fn answers(
        (old, new): (Option<usize>, Option<usize>),
        before: &Verdict,
        after: &Verdict,
    ) -> (Option<Answer>, Option<Answer>) {
        let of = |verdict: &Verdict, place: usize| verdict.answers.get(place).copied();
        (
            old.and_then(|place| of(before, place)),
            new.and_then(|place| of(after, place)),
        )
    }

    /// The criterion of a pair: the new one, or the old one when there is no new one.
    fn either(&self, (old, new): (Option<usize>, Option<usize>)) -> Option<&'a Criterion> {
        let old = old.and_then(|place| self.basis.criteria.criteria.get(place));
        new.and_then(|place| self.after.criteria.get(place)).or(old)
    }

    fn why(&self, facts: &Facts<'_>, before: &Verdict, after: &Verdict) -> Vec<Why> {
        let mut why = self.of_the_whole(facts);
        for pair in &self.pairs {
            let (old, new) = Self::answers(*pair, before, after);
            let Some(criterion) = self.either(*pair) else {
                continue;
            };
            let was = pair
                .0
                .and_then(|place| self.basis.criteria.criteria.get(place));
            let weighs = match was {
                Some(was) if pair.1.is_some() => {
                    (was.level, was.area) != (criterion.level, criterion.area)
                }
                _ => false,
            };
            let matters = [old, new]
                .iter()
                .flatten()
                .any(|one| matches!(one, Answer::Unmet | Answer::Unknown));
            if !matters || (old == new && !weighs) {
                continue;
            }
            let said = |answer: Option<Answer>, of: Option<&Criterion>| {
                let heaviness = of.filter(|_| weighs).map(|one| {
                    let (level, area) = (one.level.label(), one.area.label());
                    format!(" ({}, {})", level.to_lowercase(), area.to_lowercase())
                });
                match answer {
                    Some(answer) => format!("{}{}", answer.label(), heaviness.unwrap_or_default()),
                    None => "Non c’è".to_owned(),
                }
            };
            why.push(Why {
                id: criterion.id.clone(),
                text: criterion.text.clone(),
                before: said(old, was),
                after: said(new, Some(criterion)),
                condition: criterion.met.words(),
                values: self.values(&asked(criterion), facts),
            });
        }
        why
    }

    /// What the sets say of a device before any criterion: whether they concern it, whether it reads
    /// plates, whether it is connected.
    fn of_the_whole(&self, facts: &Facts<'_>) -> Vec<Why> {
        let texts = [
            ("riguarda", "L’insieme riguarda il dispositivo"),
            ("legge_targhe", "Il dispositivo legge targhe"),
            ("collegato", "Il dispositivo è già collegato"),
        ];
        let said = |criteria: &Criteria, name: &str| {
            let written = criteria.conditions.iter().find(|one| one.name == name);
            written.map(|one| (one.condition.holds(facts), one.condition.clone()))
        };
        let words = |holds: Option<bool>| match holds {
            Some(true) => "Sì",
            Some(false) => "No",
            None => "Non noto",
        };
        let mut why = Vec::new();
        for (name, text) in texts {
            let (old, new) = (said(&self.basis.criteria, name), said(self.after, name));
            let answer =
                |one: &Option<(Option<bool>, _)>| one.as_ref().map_or(Some(true), |one| one.0);
            if answer(&old) == answer(&new) {
                continue;
            }
            let condition = new.as_ref().or(old.as_ref()).map(|one| &one.1);
            let mut asked = BTreeSet::new();
            if let Some(condition) = condition {
                condition.asks(&mut asked);
            }
            why.push(Why {
                id: name.to_owned(),
                text: text.to_owned(),
                before: words(answer(&old)).to_owned(),
                after: words(answer(&new)).to_owned(),
                condition: condition.map(Condition::words).unwrap_or_default(),
                values: self.values(&asked, facts),
            });
        }
        why
    }

    fn values(&self, asked: &BTreeSet<Fact>, facts: &Facts<'_>) -> Vec<Looked> {
        asked
            .iter()
            .filter_map(|fact| fact.asked())
            .map(|asked| Looked {
                label: asked.label,
                value: self.words(asked, facts.given(asked.fact)),
            })
            .collect()
    }

    fn words(&self, asked: &Asked, given: Given<'_>) -> String {
        match (asked.fact, asked.kind, given) {
            (Fact::Device(field), Values::Body | Values::Municipality, Given::Text(code)) => {
                self.names.words(field, code)
            }
            _ => asked.words(given),
        }
    }
}

/// The facts of a criterion, and those that decide whether it is asked at all.
fn asked(criterion: &Criterion) -> BTreeSet<Fact> {
    let mut facts = criterion.facts();
    if let Some(applies) = &criterion.applies {
        applies.asks(&mut facts);
    }
    facts
}

fn cell(
    matrix: &mut [[u64; OUTCOMES]; OUTCOMES],
    before: Outcome,
    after: Outcome,
) -> Option<&mut u64> {
    let place = |outcome| Outcome::ALL.iter().position(|one| *one == outcome);
    matrix.get_mut(place(before)?)?.get_mut(place(after)?)
}

fn lines(bodies: HashMap<String, (u64, u64)>, names: &Names) -> Vec<Line> {
    let changing = bodies.into_iter().filter(|(_, (_, changed))| *changed > 0);
    let mut lines: Vec<Line> = changing
        .map(|(code, (devices, changed))| Line {
            name: names.words(Field::Ente, &code),
            code,
            devices,
            changed,
        })
        .collect();
    lines.sort_by(|left, right| {
        italian(&left.name, &right.name).then_with(|| left.code.cmp(&right.code))
    });
    lines
}

fn moved(answers: BTreeMap<String, u64>, before: &Criteria, after: &Criteria) -> Vec<Moved> {
    let text = |id: &str| {
        let mut all = after.criteria.iter().chain(&before.criteria);
        all.find(|one| one.id == id).map(|one| one.text.clone())
    };
    let mut moved: Vec<Moved> = answers
        .into_iter()
        .map(|(id, devices)| Moved {
            text: text(&id).unwrap_or_default(),
            id,
            devices,
        })
        .collect();
    moved.sort_by_key(|one| std::cmp::Reverse(one.devices));
    moved
}
