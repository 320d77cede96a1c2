//! The campaign: how far every body has come, by when each is asked to declare, and what they declared.
//!
//! Who reads everything sees the board, reviewers set dates, a body's own officers declare. What was
//! declared is never changed: dates and declarations are only added. Enforced by
//! `tests/it/campaign.rs`.

use super::journal::{Note, note_at};
use super::notice::{Told, officers_of};
use super::review::said;
use super::{Error, Register, Result, may_write};
use crate::census::adhesion::{self, Step};
use crate::census::campaign::{DeclarationKind, Due, Figure, Standing, Tally};
use crate::census::collation::italian;
use crate::census::filter::Moment;
use crate::census::journal::{Act, feed};
use crate::census::notice::Kind;
use crate::census::person::Viewer;
use crate::clock::{self, Instant};
use crate::storage::Unit;
use crate::storage::body::Body;
use crate::storage::campaign::{Declaration, Declared, DueRow};
use crate::storage::review::Claim;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// One body on the board.
#[derive(Debug, Clone)]
pub struct Row {
    /// The body.
    pub body: Body,
    /// How it stands.
    pub standing: Standing,
    /// Who has its census in hand.
    pub claim: Option<Claim>,
    /// When it was last sent a reminder.
    pub reminded_at: Option<Instant>,
}

/// The declarations of a body, and whether it can make another.
#[derive(Debug, Clone)]
pub struct Declarations {
    /// The body.
    pub body: Body,
    /// How it stands.
    pub standing: Standing,
    /// What it declared, the last first.
    pub made: Vec<Declaration>,
    /// Whether what it would declare now is what it declared last.
    pub unchanged: bool,
    /// Whether this person declares for it.
    pub writable: bool,
}

const NOT_HERE: Error = Error::NotFound("Questo ente non c’è, oppure non potete vederlo.");

impl Register {
    /// The board: every body that takes part or could, by name, as it stands or stood at a moment.
    pub async fn board(&self, viewer: &Viewer, moment: Moment) -> Result<Vec<Row>> {
        if !viewer.reads_all() {
            return Err(Error::Forbidden(
                "Il quadro della campagna è per chi legge i dati di tutti gli enti.",
            ));
        }
        let mut unit = self.store.read().await?;
        let mut standings = self.standings_in(&mut unit, None, moment).await?;
        let (mut claims, mut reminded) = (HashMap::new(), HashMap::new());
        if moment == Moment::Now {
            for (body, account, at) in unit.claims().await? {
                if self.stands(at) {
                    claims.insert(body, Claim { account, at });
                }
            }
            reminded.extend(unit.last_reminded().await?);
        }
        let mut rows: Vec<Row> = unit
            .bodies()
            .await?
            .into_iter()
            .filter_map(|body| {
                let standing = standings.take(&body.code);
                let takes_part = body.kind == "comune" || standing.tally.devices > 0;
                takes_part.then(|| Row {
                    claim: claims.remove(&body.code),
                    reminded_at: reminded.remove(&body.code),
                    standing,
                    body,
                })
            })
            .collect();
        rows.sort_by(|left, right| {
            italian(&left.body.name, &right.body.name)
                .then_with(|| left.body.code.cmp(&right.body.code))
        });
        drop(unit);
        self.note_page(viewer, None, "campagna").await?;
        Ok(rows)
    }

    /// How a body stands, for its own officers and for who reads everything.
    pub async fn standing(&self, viewer: &Viewer, code: &str) -> Result<Standing> {
        let mut unit = self.store.read().await?;
        visible(&mut unit, viewer, code).await?;
        let mut standings = self
            .standings_in(&mut unit, Some(code), Moment::Now)
            .await?;
        Ok(standings.take(code))
    }

    /// How the bodies stand whose devices this person writes, by name.
    pub async fn own_standings(&self, viewer: &Viewer) -> Result<Vec<(Body, Standing)>> {
        let mut unit = self.store.read().await?;
        let mut own = Vec::new();
        for body in unit.bodies().await? {
            if viewer.bodies().any(|code| code == body.code) {
                let mut standings = self
                    .standings_in(&mut unit, Some(&body.code), Moment::Now)
                    .await?;
                own.push((body.clone(), standings.take(&body.code)));
            }
        }
        own.sort_by(|(left, _), (right, _)| italian(&left.name, &right.name));
        Ok(own)
    }

    async fn standings_in(
        &self,
        unit: &mut Unit,
        body: Option<&str>,
        moment: Moment,
    ) -> Result<Standings> {
        let at = match moment {
            Moment::Now => None,
            Moment::At(at) => Some(at),
            Moment::Snapshot(_) => {
                return Err(Error::Invalid(
                    "Il quadro si guarda a un giorno e un’ora: indicate quelli della fotografia."
                        .to_owned(),
                ));
            }
        };
        let by_body = |tally: Tally| (tally.body.clone(), tally);
        let tallies = unit.campaign_tallies(body, moment).await?;
        let mut dues = HashMap::new();
        for row in unit.due(body, moment).await? {
            if let Ok(day) = row.day.parse() {
                let set_at = row.at;
                dues.insert(row.body, Due { day, set_at });
            }
        }
        let mut steps: HashMap<String, Vec<Step>> = HashMap::new();
        for step in unit.steps(body, at).await? {
            steps.entry(step.body.clone()).or_default().push(step);
        }
        Ok(Standings {
            tallies: tallies.into_iter().map(by_body).collect(),
            dues,
            steps,
            declared: unit
                .last_declared(body, moment)
                .await?
                .into_iter()
                .collect(),
            today: at.map_or_else(|| self.clock.today(), |at| clock::local(at).date()),
        })
    }
}

/// What standings are put together from, by body.
struct Standings {
    tallies: HashMap<String, Tally>,
    dues: HashMap<String, Due>,
    steps: HashMap<String, Vec<Step>>,
    declared: HashMap<String, Instant>,
    today: Date,
}

impl Standings {
    fn take(&mut self, code: &str) -> Standing {
        let steps = self.steps.remove(code).unwrap_or_default();
        Standing {
            tally: self.tallies.remove(code).unwrap_or_else(|| Tally {
                body: code.to_owned(),
                ..Tally::default()
            }),
            adhesion: adhesion::present(&steps).map(|(stage, _)| stage),
            declared_at: self.declared.remove(code),
            due: self.dues.remove(code),
            today: self.today,
        }
    }
}

/// Due dates.
impl Register {
    /// Says by when these bodies are asked to declare, or that they are not any more; their officers
    /// are told.
    pub async fn set_due(
        &self,
        viewer: &Viewer,
        bodies: &[String],
        day: Option<Date>,
    ) -> Result<usize> {
        if !viewer.reviews() {
            return Err(Error::Forbidden(
                "Le scadenze le stabilisce chi ha il ruolo di validatore.",
            ));
        }
        if day.is_some_and(|day| day < self.clock.today()) {
            return Err(Error::Invalid(
                "Il giorno è già passato: scegliete oggi o un giorno che viene.".to_owned(),
            ));
        }
        let mut unit = self.store.write().await?;
        let known = unit.bodies().await?;
        let mut bodies = bodies.to_vec();
        bodies.sort_unstable();
        bodies.dedup();
        let stranger = |code: &&String| !known.iter().any(|body| body.code == **code);
        if bodies.is_empty() || bodies.iter().any(|code| stranger(&code)) {
            return Err(Error::Invalid("Scegliete almeno un ente.".to_owned()));
        }
        let (at, end) = self.moment(&mut unit).await?;
        let rows: Vec<DueRow> = bodies
            .iter()
            .map(|body| DueRow {
                id: self.clock.new_id(),
                body: body.clone(),
                day: day.map(|day| day.to_string()).unwrap_or_default(),
                author: viewer.account.clone(),
                at,
            })
            .collect();
        let mut seal = self.seal();
        unit.add_due(&rows, &mut seal).await?;
        let words = match day {
            Some(day) => format!(
                "Serve la dichiarazione del censimento entro il {}.",
                day.strftime("%d/%m/%Y")
            ),
            None => "La scadenza della dichiarazione è stata tolta.".to_owned(),
        };
        for body in &bodies {
            let told = Told {
                kind: Kind::Due,
                body,
                devices: 0,
                device: None,
                text: &words,
            };
            let officers = officers_of(&mut unit, viewer, body).await?;
            self.tell_people(&mut unit, viewer, &officers, told, at)
                .await?;
        }
        let (one, detail) = match bodies.as_slice() {
            [one] => (Some(one.as_str()), words),
            many => (None, format!("{} enti: {words}", many.len())),
        };
        let note = Note {
            act: Act::DueSet,
            body: one,
            subject: one.unwrap_or(""),
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        unit.commit().await?;
        Ok(bodies.len())
    }
}

/// Declarations.
impl Register {
    /// What a body declared until now, for its own officers and for who reads everything.
    pub async fn declarations(&self, viewer: &Viewer, code: &str) -> Result<Declarations> {
        let mut unit = self.store.read().await?;
        let body = visible(&mut unit, viewer, code).await?;
        let mut standings = self
            .standings_in(&mut unit, Some(code), Moment::Now)
            .await?;
        let made = unit.declarations(code).await?;
        let unchanged = match made.first() {
            Some(last) => last.hash == fingerprint(&unit.declared(code, Moment::Now).await?),
            None => false,
        };
        drop(unit);
        self.note_page(viewer, Some(code), "dichiarazioni").await?;
        Ok(Declarations {
            body,
            standing: standings.take(code),
            made,
            unchanged,
            writable: viewer.writes(code),
        })
    }

    /// One declaration of a body, with the name of the body.
    pub async fn declaration(
        &self,
        viewer: &Viewer,
        code: &str,
        id: Uuid,
    ) -> Result<(Body, Declaration)> {
        let mut unit = self.store.read().await?;
        let body = visible(&mut unit, viewer, code).await?;
        let made = unit.declarations(code).await?;
        drop(unit);
        let found = made.into_iter().find(|one| one.id == id);
        let found = found.ok_or(Error::NotFound("Questa dichiarazione non c’è."))?;
        self.note_page(viewer, Some(code), "dichiarazione").await?;
        Ok((body, found))
    }

    /// Declares the census of a body as it was sent, or that nothing changed since the last time.
    pub async fn declare(
        &self,
        viewer: &Viewer,
        code: &str,
        kind: DeclarationKind,
        text: &str,
    ) -> Result<Uuid> {
        may_write(viewer, code)?;
        let text = said(text)?;
        let mut unit = self.store.write().await?;
        let (at, end) = self.moment(&mut unit).await?;
        let mut standings = self
            .standings_in(&mut unit, Some(code), Moment::Now)
            .await?;
        if let Some(hindrance) = standings.take(code).hindrance() {
            return Err(Error::Invalid(hindrance));
        }
        let declared = unit.declared(code, Moment::Now).await?;
        let hash = fingerprint(&declared);
        if kind == DeclarationKind::Unchanged {
            let made = unit.declarations(code).await?;
            match made.first() {
                None => return Err(Error::Invalid(NEVER.to_owned())),
                Some(last) if last.hash != hash => {
                    return Err(Error::Invalid(CHANGED.to_owned()));
                }
                Some(_) => {}
            }
        }
        let declaration = Declaration {
            id: self.clock.new_id(),
            body: code.to_owned(),
            at,
            author: viewer.account.clone(),
            signer: viewer.name.clone(),
            kind,
            devices: count(declared.len()),
            accepted: count(declared.iter().filter(|one| one.accepted).count()),
            figures: figures(&declared),
            hash,
            text,
        };
        let mut seal = self.seal();
        unit.add_declaration(&declaration, &mut seal).await?;
        let note = Note {
            act: Act::Declared,
            body: Some(code),
            subject: &declaration.id.to_string(),
            detail: &format!(
                "{}: {} dispositivi, impronta {}",
                kind.label(),
                declaration.devices,
                declaration.hash
            ),
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        unit.commit().await?;
        Ok(declaration.id)
    }
}

const NEVER: &str = "Non c’è ancora nessuna dichiarazione: la prima è quella del censimento.";

const CHANGED: &str = "Dall’ultima dichiarazione qualcosa è cambiato: serve la dichiarazione del \
                       censimento com’è ora.";

/// The hash of what is declared, as 64 hexadecimal digits: of each revision its identifier and the
/// hash of what it says.
fn fingerprint(declared: &[Declared]) -> String {
    let mut hasher = Sha256::new();
    for one in declared {
        feed(&mut hasher, &one.revision.to_string());
        feed(&mut hasher, &one.hash);
    }
    hex::encode(hasher.finalize())
}

fn figures(declared: &[Declared]) -> Vec<Figure> {
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in declared {
        *counts.entry((&one.function, &one.state)).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|((function, state), devices)| Figure {
            function: function.to_owned(),
            state: state.to_owned(),
            devices,
        })
        .collect()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A body of which this person may know how it stands.
async fn visible(unit: &mut Unit, viewer: &Viewer, code: &str) -> Result<Body> {
    if !viewer.reads_adhesion(code) {
        return Err(NOT_HERE);
    }
    let bodies = unit.bodies().await?;
    bodies
        .into_iter()
        .find(|body| body.code == code)
        .ok_or(NOT_HERE)
}
