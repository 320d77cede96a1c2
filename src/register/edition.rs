//! Editions of criteria, prices and lots: loaded whole, put in force from a day, read by whoever
//! reads everything.

use super::journal::{Note, note_at};
use super::{Error, Register, Result};
use crate::census::edition::{Edition, Force, Kind, in_force};
use crate::census::journal::Act;
use crate::census::lot::{BY_HAND, Lots};
use crate::census::person::Viewer;
use crate::census::rules;
use crate::census::table::Fault;
use crate::clock::{self, Instant};
use crate::storage::Unit;
use jiff::civil::Date;
use uuid::Uuid;

/// The longest name of an edition, in characters.
pub const LONGEST_NAME: usize = 120;

/// The years in which an edition may come in force.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;

impl Register {
    /// The editions of a kind, the last first, and since when each is in force.
    pub async fn editions(
        &self,
        viewer: &Viewer,
        kind: Kind,
    ) -> Result<(Vec<Edition>, Vec<Force>)> {
        may_read(viewer, kind)?;
        let mut unit = self.store.read().await?;
        Ok((unit.editions(kind).await?, unit.forces(kind, None).await?))
    }

    /// One edition of a kind.
    pub async fn edition(&self, viewer: &Viewer, kind: Kind, id: Uuid) -> Result<Edition> {
        may_read(viewer, kind)?;
        let found = self.store.read().await?.edition(id).await?;
        found.filter(|edition| edition.kind == kind).ok_or(NOT_HERE)
    }

    /// The same for a page that shows them; that prices and lots were read is noted.
    pub async fn read_editions(
        &self,
        viewer: &Viewer,
        kind: Kind,
    ) -> Result<(Vec<Edition>, Vec<Force>)> {
        let found = self.editions(viewer, kind).await?;
        self.note_edition(viewer, kind, kind.name(), "elenco")
            .await?;
        Ok(found)
    }

    /// One edition for a page that shows what it says; that prices and lots were read is noted.
    pub async fn read_edition(&self, viewer: &Viewer, kind: Kind, id: Uuid) -> Result<Edition> {
        let found = self.edition(viewer, kind, id).await?;
        let detail = format!("{} «{}»", kind.label(), found.name);
        self.note_edition(viewer, kind, &id.to_string(), &detail)
            .await?;
        Ok(found)
    }

    /// One edition to leave as a file of this name; that it left is noted.
    pub async fn edition_to_leave(
        &self,
        viewer: &Viewer,
        kind: Kind,
        id: Uuid,
        name: &str,
    ) -> Result<Edition> {
        let found = self.edition(viewer, kind, id).await?;
        let detail = format!("{} «{}»", kind.label(), found.name);
        let note = Note {
            act: Act::Exported,
            body: None,
            subject: name,
            detail: &detail,
        };
        self.leave_note(&viewer.account, note).await?;
        Ok(found)
    }

    /// Criteria are everybody's, and nobody is noted for having read them.
    async fn note_edition(
        &self,
        viewer: &Viewer,
        kind: Kind,
        subject: &str,
        detail: &str,
    ) -> Result<()> {
        if kind == Kind::Criteria {
            return Ok(());
        }
        let note = Note {
            act: Act::Read,
            body: None,
            subject,
            detail,
        };
        self.note_reading(viewer, note).await
    }

    /// Keeps a text, that was read and found good, as an edition.
    pub async fn load_edition(
        &self,
        viewer: &Viewer,
        kind: Kind,
        name: &str,
        content: String,
    ) -> Result<Edition> {
        may_change(viewer)?;
        let name = named(name)?;
        let mut unit = self.store.write().await?;
        if unit
            .editions(kind)
            .await?
            .iter()
            .any(|one| one.name == name)
        {
            return Err(Error::Invalid(format!(
                "Ce n’è già uno che si chiama «{name}»: scegliete un altro nome."
            )));
        }
        let (at, end) = self.moment(&mut unit).await?;
        let edition = Edition {
            id: self.clock.new_id(),
            kind,
            sha256: Edition::hash(&content),
            name,
            content,
            author: viewer.account.clone(),
            recorded_at: at,
        };
        let mut seal = self.seal();
        unit.add_edition(&edition, &mut seal).await?;
        let detail = format!("{} «{}»", kind.label(), edition.name);
        let note = Note {
            act: Act::EditionLoaded,
            body: None,
            subject: &edition.id.to_string(),
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        unit.commit().await?;
        Ok(edition)
    }

    /// Puts an edition in force from a day, which may be past or to come: what was frozen before
    /// this is said keeps what it had.
    pub async fn put_in_force(&self, viewer: &Viewer, id: Uuid, day: Date) -> Result<()> {
        may_change(viewer)?;
        if !YEARS.contains(&day.year()) {
            return Err(Error::Invalid(
                "Il giorno non è credibile: controllate l’anno.".to_owned(),
            ));
        }
        let mut unit = self.store.write().await?;
        let edition = unit.edition(id).await?.ok_or(NOT_HERE)?;
        let (at, end) = self.moment(&mut unit).await?;
        let mut seal = self.seal();
        let force = Force {
            id: self.clock.new_id(),
            edition: id,
            day: day.to_string(),
            author: viewer.account.clone(),
            recorded_at: at,
        };
        unit.add_force(&force, &mut seal).await?;
        let detail = format!(
            "{} «{}», dal {}",
            edition.kind.label(),
            edition.name,
            day.strftime("%d/%m/%Y")
        );
        let note = Note {
            act: Act::EditionInForce,
            body: None,
            subject: &id.to_string(),
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        Ok(unit.commit().await?)
    }

    /// The edition of a kind that is in force now, or was at an instant as it was known then.
    pub(super) async fn edition_then(
        &self,
        unit: &mut Unit,
        kind: Kind,
        at: Option<Instant>,
    ) -> Result<Option<Edition>> {
        // Criteria that were first put in force after the instant still are the first.
        let mut said = unit.forces(kind, at).await?;
        if said.is_empty() && kind == Kind::Criteria {
            said = unit.forces(kind, None).await?;
            said.truncate(1);
        }
        match in_force(kind, &said, &self.day(at)) {
            Some(id) => Ok(unit.edition(id).await?),
            None => Ok(None),
        }
    }

    /// The division in lots that is in force now, or was at an instant as it was known then;
    /// nothing when none is, and then lots are those said by hand. Whoever asks decides what of it
    /// somebody may see.
    pub(super) async fn division(
        &self,
        unit: &mut Unit,
        at: Option<Instant>,
    ) -> Result<Option<(Edition, Lots)>> {
        let edition = self.edition_then(unit, Kind::Lots, at).await?;
        parsed(edition, Lots::stored)
    }

    /// The day of an instant, or today, ISO 8601.
    pub(super) fn day(&self, at: Option<Instant>) -> String {
        at.map_or_else(|| self.clock.today(), |at| clock::local(at).date())
            .to_string()
    }
}

/// An edition with what its text says.
pub(super) fn parsed<T>(
    edition: Option<Edition>,
    read: impl Fn(&str) -> Result<T, Vec<Fault>>,
) -> Result<Option<(Edition, T)>> {
    let Some(edition) = edition else {
        return Ok(None);
    };
    match read(&edition.content) {
        Ok(content) => Ok(Some((edition, content))),
        Err(faults) => {
            let first = faults.first();
            let why = first.map(|one| format!("riga {}: {}", one.line, one.message));
            Err(Error::Damaged(format!(
                "{} «{}» non si legge più: {}",
                edition.kind.label(),
                edition.name,
                why.unwrap_or_default()
            )))
        }
    }
}

/// The lots of a division; without one, lots are those said by hand.
pub(super) fn lots_of(division: Option<&(Edition, Lots)>) -> &Lots {
    division.map_or(&BY_HAND, |(_, lots)| lots)
}

pub(super) const NOT_HERE: Error = Error::NotFound("Questa edizione non c’è.");

/// Criteria are read by whoever is judged by them, and so by everybody.
pub(super) fn may_read(viewer: &Viewer, kind: Kind) -> Result<()> {
    if kind == Kind::Criteria || viewer.reads_all() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Prezzi e lotti li legge chi coordina il censimento e chi vi partecipa come osservatore.",
    ))
}

pub(super) fn may_change(viewer: &Viewer) -> Result<()> {
    if viewer.reviews() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Criteri, prezzi e lotti li cambia chi ha il ruolo di validatore.",
    ))
}

/// A name as it is kept.
fn named(name: &str) -> Result<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(Error::Invalid("Manca il nome.".to_owned()));
    }
    if rules::has_control(&name, false) {
        return Err(Error::Invalid(
            "Nel nome c’è un carattere che non è testo.".to_owned(),
        ));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Error::Invalid(format!(
            "Il nome ha al più {LONGEST_NAME} caratteri."
        )));
    }
    if let Some(secret) = rules::never_recorded(&name) {
        return Err(Error::Invalid(format!(
            "Il nome somiglia {secret}, e l’archivio non ne conserva: toglietelo."
        )));
    }
    Ok(name)
}
