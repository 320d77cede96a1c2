//! Devices that two bodies may both have listed: found when somebody asks, decided by a reviewer,
//! and every decision can be taken back.
//!
//! Pairs are looked for among what the person who asks may see: nothing of a device that is reserved
//! to another body reaches an officer before a reviewer has merged it with one of theirs. Then both
//! owners are told body and code of the other, and why; not more. Nobody decides of devices that
//! they write themselves. Nothing of either device changes: while a merge is open, the absorbed one
//! is left out of what is published (`NOT_ABSORBED` in `storage/device.rs`).
//! Enforced by `tests/it/duplicates.rs`.

use super::find::{Choice, Names};
use super::journal::{Note, note_at};
use super::notice::{Told, officers_of};
use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::duplicate::{LIMIT_M, Likeness, REACH_M, Stand, likeness};
use crate::census::filter::{Filter, State};
use crate::census::journal::Act;
use crate::census::notice;
use crate::census::person::Viewer;
use crate::census::revision::Revision;
use crate::census::rules;
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use crate::storage::Unit;
use crate::storage::duplicate::{Decision, Ended, Party};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use uuid::Uuid;

/// How many pairs a page of the list has at most.
pub const PAGE: usize = 20;

/// How many decisions the list shows at most.
pub const DECISIONS: usize = 200;

/// How many pairs are compared in full; of more, those nearest to each other.
pub const MOST: usize = 2_000;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// With how many devices of another body in a square one is compared at most: more do not stand
/// there, unless somebody wants the server to be busy.
const MOST_AROUND: usize = 200;

/// The height of a square, in degrees of latitude: more than [`REACH_M`].
const HIGH: f64 = 0.0014;

/// The width of a square, in degrees of longitude: more than [`REACH_M`] up to 60° north.
const WIDE: f64 = 0.0028;

/// Metres in a degree of latitude, and of longitude at the equator, nearly.
const DEGREE_M: f64 = 111_300.0;

const NOT_THERE: Error =
    Error::NotFound("Questi due dispositivi non ci sono, oppure non potete vederli tutti e due.");

/// Two devices that may be one.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// One, in the state this person may see.
    pub left: Revision,
    /// The other.
    pub right: Revision,
    /// How alike they are.
    pub likeness: Likeness,
}

impl Candidate {
    /// The two devices.
    #[must_use]
    pub const fn devices(&self) -> [Uuid; 2] {
        [self.left.device, self.right.device]
    }
}

/// Which pairs are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The code of a body that one of the two belongs to; empty for all.
    pub body: String,
    /// The pair after which the page begins.
    pub after: Option<[Uuid; 2]>,
}

/// A decision as one person may know of it.
#[derive(Debug, Clone)]
pub struct Known {
    /// The decision.
    pub decision: Decision,
    /// Whether they may look at the two devices side by side.
    pub comparable: bool,
    /// Whether neither of the two is published: the one kept is withdrawn or not accepted.
    pub lost: bool,
}

/// The list.
#[derive(Debug, Clone)]
pub struct Found {
    /// The pairs of the page that nobody has decided, the likeliest first.
    pub candidates: Vec<Candidate>,
    /// How many there are on all pages.
    pub total: usize,
    /// Whether there are so many that not all were compared.
    pub cut: bool,
    /// Whether something precedes the page.
    pub before: bool,
    /// Whether something follows it.
    pub after: bool,
    /// The bodies that may be chosen.
    pub bodies: Vec<Choice>,
    /// The last [`DECISIONS`] decisions.
    pub decisions: Vec<Known>,
    /// What the codes mean.
    pub names: Names,
}

/// Two devices side by side.
#[derive(Debug, Clone)]
pub struct Pair {
    /// One, in the state this person may see.
    pub left: Revision,
    /// The other.
    pub right: Revision,
    /// How alike they are, when they are.
    pub likeness: Option<Likeness>,
    /// The decisions about the two, the last first; of the open ones there is one at most.
    pub decisions: Vec<Decision>,
    /// Whether this person may decide.
    pub decides: bool,
    /// What the codes mean.
    pub names: Names,
}

impl Pair {
    /// The decision that holds.
    #[must_use]
    pub fn open(&self) -> Option<&Decision> {
        self.decisions.iter().find(|one| one.ended.is_none())
    }
}

impl Register {
    /// The pairs that nobody has decided, a page of them, and what was decided.
    pub async fn duplicates(&self, viewer: &Viewer, wanted: &Wanted) -> Result<Found> {
        self.note_filter(&Filter::working(viewer), "doppioni")
            .await?;
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        let (mut all, cut) = candidates(&mut unit, viewer).await?;
        let bodies = bodies(&names, &all);
        all.retain(|one| {
            let of = |state: &Revision| state.record.text(Field::Ente) == wanted.body;
            wanted.body.is_empty() || of(&one.left) || of(&one.right)
        });
        let total = all.len();
        let first = wanted
            .after
            .and_then(|pair| all.iter().position(|one| one.devices() == pair))
            .map_or(0, |index| index + 1);
        let page: Vec<Candidate> = all.into_iter().skip(first).take(PAGE).collect();
        Ok(Found {
            total,
            cut,
            before: first > 0,
            after: first + page.len() < total,
            candidates: page,
            bodies,
            decisions: last_decisions(&mut unit, viewer).await?,
            names,
        })
    }

    /// Two devices of different bodies side by side, one of them this person's own unless they read
    /// everything.
    pub async fn pair(&self, viewer: &Viewer, left: Uuid, right: Uuid) -> Result<Pair> {
        let mut unit = self.store.read().await?;
        let [left, right] = both(&mut unit, viewer, [left, right]).await?;
        let about = unit.decisions_about(left.device).await?;
        let names = self.names_in(&mut unit).await?;
        drop(unit);
        for state in [&left, &right] {
            self.note_device(viewer, state, "a confronto").await?;
        }
        Ok(Pair {
            likeness: likeness(&left.record, &right.record),
            decisions: about
                .into_iter()
                .filter(|one| is_about(one, right.device))
                .collect(),
            decides: may_decide(viewer, &[&left, &right]).is_ok(),
            names,
            left,
            right,
        })
    }

    /// The open merges that a device has a part in, as far as this person may know of them: whoever
    /// writes either device, and who reads everything.
    pub async fn merges_of(&self, viewer: &Viewer, device: Uuid) -> Result<Vec<Known>> {
        let mut unit = self.store.read().await?;
        let about = unit.decisions_about(device).await?;
        let told = about
            .into_iter()
            .filter(|one| one.same && one.ended.is_none())
            .filter(|one| viewer.reads_all() || concerns(viewer, one));
        known(&mut unit, viewer, told.collect()).await
    }

    /// Decides that two devices are one: `kept` stands for both, `absorbed` is no longer published.
    pub async fn merge(
        &self,
        viewer: &Viewer,
        kept: Uuid,
        absorbed: Uuid,
        reason: &str,
    ) -> Result<()> {
        let mut unit = self.store.write().await?;
        let decision = self
            .decision(&mut unit, viewer, [kept, absorbed], true, reason)
            .await?;
        for (party, other) in [
            (&decision.first, &decision.second),
            (&decision.second, &decision.first),
        ] {
            for one in unit.decisions_about(party.device).await? {
                if let Some(why) = in_the_way(&one, party, party == &decision.first, other) {
                    return Err(Error::Invalid(why));
                }
            }
        }
        let published = published(&mut unit, viewer, &[kept, absorbed]).await?;
        if published.contains(&absorbed) && !published.contains(&kept) {
            return Err(Error::Invalid(format!(
                "Il dispositivo che resterebbe, {}, non è ancora convalidato, e l’altro sì: nei \
                 dati pubblicati non ci sarebbe più nessuno dei due. Convalidatelo prima, oppure \
                 tenete l’altro.",
                decision.first.code
            )));
        }
        self.conclude(unit, viewer, decision).await
    }

    /// Decides that two devices are two: nobody is asked again.
    pub async fn tell_apart(
        &self,
        viewer: &Viewer,
        left: Uuid,
        right: Uuid,
        reason: &str,
    ) -> Result<()> {
        let mut unit = self.store.write().await?;
        let decision = self
            .decision(&mut unit, viewer, [left, right], false, reason)
            .await?;
        self.conclude(unit, viewer, decision).await
    }

    /// Takes back the decision about two devices, whichever it was.
    pub async fn take_back(
        &self,
        viewer: &Viewer,
        left: Uuid,
        right: Uuid,
        reason: &str,
    ) -> Result<()> {
        let mut unit = self.store.write().await?;
        hold(&mut unit, [left, right]).await?;
        let states = both(&mut unit, viewer, [left, right]).await?;
        may_decide(viewer, &states.each_ref())?;
        let reason = check_reason(reason)?;
        let Some(open) = open_between(&mut unit, left, right).await? else {
            return Err(Error::Invalid(
                "Di questi due dispositivi non c’è una decisione da annullare: forse qualcun \
                 altro l’ha già annullata."
                    .to_owned(),
            ));
        };
        let ended = Ended {
            at: open.at,
            by: viewer.account.clone(),
            reason,
        };
        let ended = Decision {
            ended: Some(ended),
            ..open
        };
        self.conclude(unit, viewer, ended).await
    }

    /// A new decision of two devices, which are kept from other decisions until the unit ends.
    async fn decision(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        devices: [Uuid; 2],
        same: bool,
        reason: &str,
    ) -> Result<Decision> {
        hold(unit, devices).await?;
        let states = both(unit, viewer, devices).await?;
        may_decide(viewer, &states.each_ref())?;
        let reason = check_reason(reason)?;
        if let Some(gone) = states.iter().find(|state| state.withdrawn) {
            return Err(Error::Invalid(format!(
                "{} è ritirato dal censimento: non c’è più nulla da decidere.",
                gone.record.text(Field::Codice)
            )));
        }
        if let Some(open) = open_between(unit, devices[0], devices[1]).await? {
            return Err(Error::Invalid(format!(
                "Di questi due dispositivi ha già deciso {}, il {}: per decidere altro, prima \
                 annullate quella decisione.",
                open.author,
                crate::clock::words(open.at)
            )));
        }
        let [first, second] = states.each_ref().map(party);
        Ok(Decision {
            id: self.clock.new_id(),
            same,
            first,
            second,
            at: self.clock.now(),
            author: viewer.account.clone(),
            reason,
            ended: None,
        })
    }

    /// Writes a decision, or that it was taken back, at this moment of the history, and makes it
    /// last. Whoever writes either device is told of it here, in the same unit.
    async fn conclude(
        &self,
        mut unit: Unit,
        viewer: &Viewer,
        mut decision: Decision,
    ) -> Result<()> {
        let (at, end) = self.moment(&mut unit).await?;
        let mut seal = self.seal();
        let undone = decision.ended.is_some();
        let (act, reason) = if let Some(ended) = decision.ended.take() {
            let ended = Ended { at, ..ended };
            unit.end_decision(&decision, &ended, &mut seal).await?;
            (Act::DuplicateUndone, ended.reason)
        } else {
            decision.at = at;
            unit.add_decision(&decision, &mut seal).await?;
            (Act::DuplicateDecided, decision.reason)
        };
        let parties = [decision.first, decision.second];
        let [one, other] = parties
            .each_ref()
            .map(|party| format!("{} di {}", party.code, party.body));
        let detail = if decision.same {
            format!("{one} vale anche per {other}: {reason}")
        } else {
            format!("{one} e {other} sono due: {reason}")
        };
        // A record is about one body, and a decision about two. That two devices are two, no body
        // is told: it may not know of the other.
        let [one, other] = &parties;
        let told = decision.same;
        let first = Note {
            act,
            body: told.then_some(&*one.body),
            subject: &one.device.to_string(),
            detail: &detail,
        };
        let second = Note {
            body: told.then_some(&*other.body),
            subject: &other.device.to_string(),
            ..first
        };
        if told {
            self.tell_merge(&mut unit, viewer, &parties, undone, at)
                .await?;
        }
        note_at(&mut unit, viewer, &seal, first, at, end).await?;
        self.note(&mut unit, viewer, &self.seal(), second).await?;
        Ok(unit.commit().await?)
    }

    /// Tells the officers of both bodies that their devices are one, the first of the two the one
    /// that is published, or that they no longer are.
    async fn tell_merge(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        parties: &[Party; 2],
        undone: bool,
        at: Instant,
    ) -> Result<()> {
        let [kept, absorbed] = parties;
        let both = |own: &Party, other: &Party| {
            format!(
                "L’unione del vostro dispositivo {} con {} di un altro ente è stata annullata.",
                own.code, other.code
            )
        };
        let words = if undone {
            [both(kept, absorbed), both(absorbed, kept)]
        } else {
            [
                format!(
                    "Il vostro dispositivo {} vale anche per {} di un altro ente.",
                    kept.code, absorbed.code
                ),
                format!(
                    "Al posto del vostro dispositivo {} compare {} di un altro ente: sono lo \
                     stesso.",
                    absorbed.code, kept.code
                ),
            ]
        };
        for (party, words) in parties.iter().zip(&words) {
            let told = Told {
                kind: notice::Kind::Merged,
                body: &party.body,
                devices: 1,
                device: Some(party.device),
                text: words,
            };
            let officers = officers_of(unit, viewer, &party.body).await?;
            self.tell_people(unit, viewer, &officers, told, at).await?;
        }
        Ok(())
    }
}

/// Keeps two devices from other decisions until the unit ends.
async fn hold(unit: &mut Unit, mut devices: [Uuid; 2]) -> Result<()> {
    // Always in the same order, so that two reviewers never wait for each other.
    devices.sort_unstable();
    for device in devices {
        unit.hold_device(device).await?;
    }
    Ok(())
}

/// What keeps two devices from being merged, of a decision about one of them: chains would make it
/// unclear which device stands for which.
fn in_the_way(one: &Decision, party: &Party, kept: bool, other: &Party) -> Option<String> {
    if !one.same || one.ended.is_some() {
        return None;
    }
    let (code, with) = if one.second.device == party.device {
        (&party.code, &one.first.code)
    } else if kept {
        return None;
    } else {
        return Some(format!(
            "A {} è già unito {}: non si può unire a sua volta a {}. Prima annullate quell’unione, \
             oppure tenete {}.",
            party.code, one.second.code, other.code, party.code
        ));
    };
    Some(format!(
        "{code} è già unito a {with}: prima annullate quell’unione, oppure decidete di {with}."
    ))
}

fn party(state: &Revision) -> Party {
    Party {
        device: state.device,
        body: state.record.text(Field::Ente).to_owned(),
        code: state.record.text(Field::Codice).to_owned(),
    }
}

fn is_about(decision: &Decision, device: Uuid) -> bool {
    [&decision.first, &decision.second]
        .map(|party| party.device)
        .contains(&device)
}

/// Whether one of the two devices belongs to a body that this person writes for.
fn concerns(viewer: &Viewer, decision: &Decision) -> bool {
    [&decision.first, &decision.second]
        .iter()
        .any(|party| viewer.writes(&party.body))
}

async fn open_between(unit: &mut Unit, left: Uuid, right: Uuid) -> Result<Option<Decision>> {
    let about = unit.decisions_about(left).await?;
    Ok(about
        .into_iter()
        .find(|one| one.ended.is_none() && is_about(one, right)))
}

/// Both devices of a pair, if this person may look at them side by side.
async fn both(unit: &mut Unit, viewer: &Viewer, devices: [Uuid; 2]) -> Result<[Revision; 2]> {
    let mut found = Vec::with_capacity(2);
    for device in devices {
        let state = unit.device(&Filter::device(viewer, device)).await?;
        found.push(state.ok_or(NOT_THERE)?);
    }
    let Ok([left, right]) = <[Revision; 2]>::try_from(found) else {
        return Err(NOT_THERE);
    };
    let bodies = [&left, &right].map(|state| state.record.text(Field::Ente));
    if !viewer.reads_all() && !bodies.iter().any(|body| viewer.writes(body)) {
        return Err(NOT_THERE);
    }
    if bodies[0] == bodies[1] {
        return Err(Error::Invalid(
            "Questi due dispositivi sono dello stesso ente: se sono uno solo, l’ente ne ritiri uno."
                .to_owned(),
        ));
    }
    Ok([left, right])
}

/// Refuses whoever may not decide of these devices.
fn may_decide(viewer: &Viewer, states: &[&Revision]) -> Result<()> {
    if !viewer.reviews() {
        return Err(Error::Forbidden(
            "Decide di due dispositivi chi ha il ruolo di validatore.",
        ));
    }
    let own = |state: &&Revision| {
        let body = state.record.text(Field::Ente);
        viewer.bodies().any(|own| own == body)
    };
    if states.iter().any(own) {
        return Err(Error::Forbidden(
            "Compilate i dispositivi di uno dei due enti: decida un altro validatore.",
        ));
    }
    Ok(())
}

/// The reason of a decision without the blanks around it; refuses one that is missing, too long or
/// says what is never recorded.
pub fn check_reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid(
            "Scrivete il motivo: lo leggono tutti e due gli enti.".to_owned(),
        ));
    }
    if text.chars().count() > LONGEST_REASON {
        return Err(Error::Invalid(format!(
            "Il motivo ha al più {LONGEST_REASON} caratteri."
        )));
    }
    if let Some(secret) = rules::never_recorded(text) {
        return Err(Error::Invalid(format!(
            "Il motivo somiglia {secret}, e l’archivio non ne conserva: toglietelo."
        )));
    }
    Ok(text.to_owned())
}

/// Which of these devices are published.
async fn published(unit: &mut Unit, viewer: &Viewer, devices: &[Uuid]) -> Result<HashSet<Uuid>> {
    let mut filter = Filter::of(viewer);
    filter.state = State::Accepted;
    let states = unit.states(&filter, devices).await?;
    Ok(states.into_iter().map(|state| state.device).collect())
}

/// The last decisions about what this person writes, or all.
async fn last_decisions(unit: &mut Unit, viewer: &Viewer) -> Result<Vec<Known>> {
    let own: Option<Vec<String>> =
        (!viewer.reads_all()).then(|| viewer.bodies().map(str::to_owned).collect());
    let decisions = unit.decisions(own.as_deref(), DECISIONS).await?;
    known(unit, viewer, decisions).await
}

/// Decisions as this person may know of them. Officers know of the merges of their devices; that
/// two devices are two, only of those they may see.
async fn known(unit: &mut Unit, viewer: &Viewer, decisions: Vec<Decision>) -> Result<Vec<Known>> {
    let devices = |of: fn(&Decision) -> Vec<Uuid>| -> Vec<Uuid> {
        let all: BTreeSet<Uuid> = decisions.iter().flat_map(of).collect();
        all.into_iter().collect()
    };
    let both = devices(|one| vec![one.first.device, one.second.device]);
    let mut seen = HashSet::new();
    for withdrawn in [false, true] {
        let mut filter = Filter::working(viewer);
        filter.withdrawn = withdrawn;
        let states = unit.states(&filter, &both).await?;
        seen.extend(states.into_iter().map(|state| state.device));
    }
    let kept = devices(|one| vec![one.first.device]);
    let published = if viewer.reads_all() {
        published(unit, viewer, &kept).await?
    } else {
        kept.into_iter().collect()
    };
    let known = decisions.into_iter().map(|decision| Known {
        comparable: seen.contains(&decision.first.device) && seen.contains(&decision.second.device),
        lost: decision.same
            && decision.ended.is_none()
            && !published.contains(&decision.first.device),
        decision,
    });
    Ok(known
        .filter(|one| one.comparable || one.decision.same)
        .collect())
}

/// The bodies of these pairs, in Italian order.
fn bodies(names: &Names, all: &[Candidate]) -> Vec<Choice> {
    let codes: BTreeSet<&str> = all
        .iter()
        .flat_map(|one| [&one.left, &one.right])
        .map(|state| state.record.text(Field::Ente))
        .collect();
    let mut bodies: Vec<Choice> = codes
        .into_iter()
        .map(|code| Choice {
            label: names.words(Field::Ente, code),
            code: code.to_owned(),
        })
        .collect();
    bodies.sort_by(|left, right| italian(&left.label, &right.label));
    bodies
}

/// A device where it stands, in less than a hundred bytes.
struct Stood {
    device: Uuid,
    body: u32,
    square: (i32, i32),
    stand: Stand,
}

/// The pairs that nobody has decided, the likeliest first, and whether there are too many to
/// compare all.
async fn candidates(unit: &mut Unit, viewer: &Viewer) -> Result<(Vec<Candidate>, bool)> {
    let filter = Filter::working(viewer);
    let (mut absorbed, mut distinct) = (HashSet::new(), HashSet::new());
    for (same, first, second) in unit.decided_pairs().await? {
        if same {
            absorbed.insert(second);
        } else {
            distinct.insert(ordered(first, second));
        }
    }
    let mut bodies: HashMap<String, u32> = HashMap::new();
    // Whether the person who asks writes for a body, by its number here.
    let mut own: Vec<bool> = Vec::new();
    let mut stood = Vec::new();
    unit.each_stand(&filter, |device, body, stand| {
        if absorbed.contains(&device) {
            return;
        }
        let body = bodies.get(body).copied().unwrap_or_else(|| {
            let number = u32::try_from(own.len()).unwrap_or(u32::MAX);
            own.push(viewer.reads_all() || viewer.writes(body));
            bodies.insert(body.to_owned(), number);
            number
        });
        stood.push(Stood {
            device,
            body,
            square: square(&stand),
            stand,
        });
    })
    .await?;
    let look = move || near_each_other(stood, &own, &distinct);
    let (pairs, cut) = tokio::task::spawn_blocking(look)
        .await
        .map_err(io::Error::from)?;
    let devices: BTreeSet<Uuid> = pairs.iter().flatten().copied().collect();
    let devices: Vec<Uuid> = devices.into_iter().collect();
    let states = unit.states(&filter, &devices).await?;
    let states: HashMap<Uuid, Revision> = states
        .into_iter()
        .map(|state| (state.device, state))
        .collect();
    let mut found: Vec<Candidate> = pairs
        .iter()
        .filter_map(|[left, right]| {
            let (left, right) = (states.get(left)?, states.get(right)?);
            let likeness = likeness(&left.record, &right.record)?;
            Some(Candidate {
                left: left.clone(),
                right: right.clone(),
                likeness,
            })
        })
        .collect();
    found.sort_by(|one, other| {
        let (a, b) = (&one.likeness, &other.likeness);
        (b.grade, b.score)
            .cmp(&(a.grade, a.score))
            .then(a.metres.total_cmp(&b.metres))
            .then(one.devices().cmp(&other.devices()))
    });
    Ok((found, cut))
}

fn ordered(left: Uuid, right: Uuid) -> [Uuid; 2] {
    [left.min(right), left.max(right)]
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees divided by a thousandth stay far below the limit"
)]
fn square(stand: &Stand) -> (i32, i32) {
    (
        (stand.lon / WIDE).floor() as i32,
        (stand.lat / HIGH).floor() as i32,
    )
}

/// The devices of one body in one square.
struct Run<'a> {
    body: u32,
    all: &'a [Stood],
}

/// The pairs of devices of two bodies, one of them among `own`, that are near each other and may be
/// one; of more than [`MOST`] the nearest, and whether there are more.
fn near_each_other(
    mut stood: Vec<Stood>,
    own: &[bool],
    distinct: &HashSet<[Uuid; 2]>,
) -> (Vec<[Uuid; 2]>, bool) {
    stood.sort_unstable_by_key(|one| (one.square, one.body, one.device));
    let mut squares: HashMap<(i32, i32), Vec<Run<'_>>> = HashMap::new();
    for all in stood.chunk_by(|one, next| (one.square, one.body) == (next.square, next.body)) {
        if let Some(Stood { square, body, .. }) = all.first() {
            let run = Run { body: *body, all };
            squares.entry(*square).or_default().push(run);
        }
    }
    let is_own = |run: &Run<'_>| own.get(run.body as usize).copied().unwrap_or_default();
    let mut nearest = Nearest::default();
    for ((x, y), runs) in &squares {
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        for others in around.filter_map(|square| squares.get(&square)) {
            for (run, other) in runs
                .iter()
                .flat_map(|run| others.iter().map(move |o| (run, o)))
            {
                if run.body < other.body && (is_own(run) || is_own(other)) {
                    nearest.compare(run, other, distinct);
                }
            }
        }
    }
    nearest.end()
}

/// The pairs found so far, with what they are chosen by.
#[derive(Default)]
struct Nearest {
    pairs: Vec<(f64, [Uuid; 2])>,
    cut: bool,
}

impl Nearest {
    fn compare(&mut self, run: &Run<'_>, other: &Run<'_>, distinct: &HashSet<[Uuid; 2]>) {
        for one in run.all {
            for two in other.all.iter().take(MOST_AROUND) {
                let metres = roughly(&one.stand, &two.stand);
                let beyond = one.stand.beyond(&two.stand, metres);
                if metres > REACH_M * 1.02
                    || beyond > LIMIT_M * 1.02 + 1.0
                    || one.stand.looks_elsewhere(&two.stand)
                {
                    continue;
                }
                let pair = ordered(one.device, two.device);
                if !distinct.contains(&pair) {
                    let serial = one.stand.has_serial_of(&two.stand);
                    self.pairs.push((if serial { -1.0 } else { beyond }, pair));
                }
            }
            if self.pairs.len() > 4 * MOST {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        self.pairs
            .sort_unstable_by(|(one, a), (two, b)| one.total_cmp(two).then(a.cmp(b)));
        self.cut |= self.pairs.len() > MOST;
        self.pairs.truncate(MOST);
    }

    fn end(mut self) -> (Vec<[Uuid; 2]>, bool) {
        self.cut();
        (
            self.pairs.into_iter().map(|(_, pair)| pair).collect(),
            self.cut,
        )
    }
}

/// Metres between two points near each other, within some metres in a hundred; the exact distance is
/// taken of the few that are left.
fn roughly(one: &Stand, two: &Stand) -> f64 {
    let high = (one.lat - two.lat) * DEGREE_M;
    let wide = (one.lon - two.lon) * DEGREE_M * one.lat.to_radians().cos();
    high.hypot(wide)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::duplicate::Figures;

    fn stood(number: u128, body: u32, lon: f64) -> Stood {
        let stand = Stand::new(&Figures {
            lon,
            lat: 45.46,
            ..Figures::default()
        });
        Stood {
            device: Uuid::from_u128(number),
            body,
            square: square(&stand),
            stand,
        }
    }

    #[test]
    fn near_devices_of_two_bodies_are_paired_once_across_squares() {
        // 39 m apart, on two sides of the edge of a square.
        let edge = 9.19_f64.div_euclid(WIDE) * WIDE;
        let all = || {
            vec![
                stood(1, 0, edge - 0.0002),
                stood(2, 1, edge + 0.0003),
                stood(3, 0, edge),
            ]
        };
        let (mut pairs, cut) = near_each_other(all(), &[true, true], &HashSet::new());
        pairs.sort_unstable();
        let pair = |a, b| [Uuid::from_u128(a), Uuid::from_u128(b)];
        assert_eq!((pairs, cut), (vec![pair(1, 2), pair(2, 3)], false));
        let told_apart = HashSet::from([pair(2, 3)]);
        let (pairs, _) = near_each_other(all(), &[false, true], &told_apart);
        assert_eq!(pairs, [pair(1, 2)]);
        let (pairs, _) = near_each_other(all(), &[false, false], &HashSet::new());
        assert_eq!(pairs, Vec::<[Uuid; 2]>::new());
    }

    #[test]
    fn whoever_piles_devices_up_gets_the_nearest_and_keeps_nobody_waiting() {
        let of = |body: u32| {
            let numbers = 0..3_000_u32;
            numbers.map(move |number| stood(u128::from(number * 2 + body), body, 9.19))
        };
        let (pairs, cut) =
            near_each_other(of(0).chain(of(1)).collect(), &[true, true], &HashSet::new());
        assert_eq!((pairs.len(), cut), (MOST, true));
    }
}
