//! People: who may enter, and for whom.

use super::journal::Note;
use super::ledger::UNKNOWN_ACCOUNT;
use super::{Error, Register, Result};
use crate::census::journal::Act;
use crate::census::person::{Grant, Role, Viewer};
use crate::clock::{self, Instant, SECOND};
use crate::storage::Unit;
use crate::storage::people::{Person, Session};
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use uuid::Uuid;

/// How long a session lasts without being used.
pub const IDLE: Instant = 8 * 3_600 * SECOND;
/// How long a session lasts at most.
pub const LONGEST: Instant = 7 * 24 * 3_600 * SECOND;
/// After how long without being noted the use of a session is noted again.
const NOTED: Instant = 5 * 60 * SECOND;
/// How long noting it may take.
const NOTING: std::time::Duration = std::time::Duration::from_millis(500);
/// The shortest password that is taken.
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 120;

/// A session just begun: the token goes into the cookie and nowhere else.
#[derive(Debug)]
pub struct Begun {
    /// What the cookie holds.
    pub token: String,
}

/// A person as the list of people shows them.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The person.
    pub person: Person,
    /// What they may do.
    pub grants: Vec<Grant>,
}

static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nessuno").unwrap_or_default());

impl Register {
    /// Begins a session when account and password fit. It takes the same time whether the account
    /// exists or not, so that accounts cannot be guessed by a stopwatch.
    pub async fn sign_in(&self, account: &str, password: &str) -> Result<Option<Begun>> {
        let account = account.trim().to_lowercase();
        let person = self
            .store
            .read()
            .await?
            .person_with_account(&account)
            .await?;
        let known = person
            .as_ref()
            .map_or_else(|| NOBODY.clone(), |one| one.password_hash.clone());
        let typed = password.to_owned();
        let fits = tokio::task::spawn_blocking(move || verify(&typed, &known))
            .await
            .map_err(|error| Error::Failed(error.to_string()))?;
        // The same is done whether the account exists or not, and nobody waits for a write.
        let existing = person.as_ref().map(|one| one.account.clone());
        let Some(person) = person.filter(|person| fits && person.disabled_at.is_none()) else {
            let account = existing.as_deref().unwrap_or(UNKNOWN_ACCOUNT);
            self.leave_note(account, about(Act::SignInRefused, account, ""))
                .await?;
            return Ok(None);
        };
        let now = self.clock.now();
        let token = secret()?;
        let session = Session {
            token_hash: digest(&token),
            person_id: person.id,
            csrf: secret()?,
            created_at: now,
            seen_at: now,
        };
        let mut unit = self.store.write().await?;
        unit.end_old_sessions(now - IDLE, now - LONGEST).await?;
        unit.add_session(&session).await?;
        let account = person.account.clone();
        let viewer = Viewer::person(person.id, person.account, person.name, Vec::new());
        let note = about(Act::SignIn, &account, "");
        self.note(&mut unit, &viewer, &self.seal(), note).await?;
        unit.commit().await?;
        Ok(Some(Begun { token }))
    }

    /// Whose session this token is, if it still lasts.
    pub async fn session(&self, token: &str) -> Result<Option<(Session, Viewer)>> {
        let hash = digest(token);
        let now = self.clock.now();
        let mut unit = self.store.read().await?;
        let Some((session, viewer)) = unit.session(&hash).await? else {
            return Ok(None);
        };
        drop(unit);
        if session.seen_at < now - IDLE || session.created_at < now - LONGEST {
            return Ok(None);
        }
        if session.seen_at < now - NOTED {
            self.note_use(&hash, now).await?;
        }
        Ok(Some((session, viewer)))
    }

    /// Notes that a session was used, unless somebody is writing: a page that only reads does not
    /// wait for an import to end.
    async fn note_use(&self, token_hash: &str, now: Instant) -> Result<()> {
        let note = async {
            let mut unit = self.store.write().await?;
            unit.touch_session(token_hash, now).await?;
            unit.commit().await
        };
        match tokio::time::timeout(NOTING, note).await {
            Ok(noted) => Ok(noted?),
            Err(_elapsed) => Ok(()),
        }
    }

    /// Ends this session.
    pub async fn sign_out(&self, viewer: &Viewer, session: &Session) -> Result<()> {
        let mut unit = self.store.write().await?;
        unit.end_session(&session.token_hash).await?;
        let note = about(Act::SignOut, &viewer.account, "");
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// Ends every session of the person, this one among them.
    pub async fn sign_out_everywhere(&self, viewer: &Viewer, session: &Session) -> Result<()> {
        let mut unit = self.store.write().await?;
        unit.end_sessions(session.person_id).await?;
        let note = about(Act::SignOut, &viewer.account, "da tutti i computer");
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// Adds a person. Roles that concern everyone are held for the coordinating body.
    pub async fn add_person(
        &self,
        viewer: &Viewer,
        account: &str,
        name: &str,
        password: &str,
        grants: &[Grant],
    ) -> Result<Uuid> {
        manage(viewer)?;
        let account = account.trim().to_lowercase();
        refuse(&mistakes(Some(&account), name, Some(password), grants))?;
        let password_hash = hash_apart(password).await?;
        let id = self.clock.new_id();
        let person = Person {
            id,
            account: account.clone(),
            name: name.trim().to_owned(),
            password_hash,
            disabled_at: None,
        };
        let mut unit = self.store.write().await?;
        known_bodies(&mut unit, grants).await?;
        if unit.person_with_account(&account).await?.is_some() {
            return Err(Error::Invalid(format!(
                "Il nome utente «{account}» c’è già."
            )));
        }
        unit.add_person(&person, self.clock.now()).await?;
        for grant in grants {
            unit.grant(id, grant).await?;
        }
        let detail = format!("aggiunta: {}", in_words(grants));
        let note = about(Act::PersonChanged, &account, &detail);
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        unit.commit().await?;
        Ok(id)
    }

    /// Takes a person's access away; their sessions end at once.
    pub async fn disable_person(&self, viewer: &Viewer, account: &str) -> Result<()> {
        manage(viewer)?;
        let mut unit = self.store.write().await?;
        let administrators = unit.hold_administrators().await?;
        let Some(person) = unit
            .person_with_account(&account.trim().to_lowercase())
            .await?
        else {
            return Err(Error::NotFound("Non c’è nessuno con questo nome utente."));
        };
        if viewer.id == Some(person.id) {
            return Err(Error::Invalid(
                "Non potete disabilitare voi stessi.".to_owned(),
            ));
        }
        keep_one(&administrators, person.id)?;
        unit.disable_person(person.id, self.clock.now()).await?;
        unit.drop_claims_of(&person.account).await?;
        let note = about(Act::PersonChanged, &person.account, "disabilitata");
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// Lets a person sign in again, with the password and the roles they had.
    pub async fn enable_person(&self, viewer: &Viewer, account: &str) -> Result<()> {
        manage(viewer)?;
        let mut unit = self.store.write().await?;
        let Some(person) = unit
            .person_with_account(&account.trim().to_lowercase())
            .await?
        else {
            return Err(Error::NotFound("Non c’è nessuno con questo nome utente."));
        };
        unit.enable_person(person.id).await?;
        let note = about(Act::PersonChanged, &person.account, "riabilitata");
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// Gives a person this name and exactly these roles, and another password when there is one.
    /// Roles count from their next request; with another password every session ends.
    pub async fn change_person(
        &self,
        viewer: &Viewer,
        id: Uuid,
        name: &str,
        grants: &[Grant],
        password: Option<&str>,
    ) -> Result<()> {
        let Listed { person, .. } = self.person(viewer, id).await?;
        if password.is_some() && viewer.id == Some(id) {
            return Err(Error::Invalid(
                "Per la vostra password usate «Cambia la password».".to_owned(),
            ));
        }
        refuse(&mistakes(None, name, None, grants))?;
        if let Some(password) = password {
            refuse(&password_mistakes(&person.account, password))?;
        }
        let hashed = match password {
            Some(password) => Some(hash_apart(password).await?),
            None => None,
        };
        let mut unit = self.store.write().await?;
        let administrators = unit.hold_administrators().await?;
        if !grants
            .iter()
            .any(|grant| grant.role == Role::Amministratore)
        {
            keep_one(&administrators, id)?;
        }
        known_bodies(&mut unit, grants).await?;
        unit.rename_person(id, name.trim()).await?;
        let held = unit.grants(id).await?;
        for grant in held.iter().filter(|grant| !grants.contains(grant)) {
            unit.revoke(id, grant).await?;
        }
        for grant in grants {
            unit.grant(id, grant).await?;
        }
        let mut detail = format!("modificata: {}", in_words(grants));
        if let Some(hashed) = hashed {
            unit.set_password(id, &hashed).await?;
            detail.push_str("; password nuova");
        }
        let note = about(Act::PersonChanged, &person.account, &detail);
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// Changes one's own password; every session ends.
    pub async fn change_password(
        &self,
        viewer: &Viewer,
        present: &str,
        wanted: &str,
    ) -> Result<()> {
        let Some(id) = viewer.id else {
            return Err(Error::Forbidden("La riga di comando non ha una password."));
        };
        refuse(&password_mistakes(&viewer.account, wanted))?;
        let person = self
            .store
            .read()
            .await?
            .person_with_account(&viewer.account)
            .await?;
        let known = person
            .map(|person| person.password_hash)
            .unwrap_or_default();
        let (present, wanted) = (present.to_owned(), wanted.to_owned());
        let hashed = tokio::task::spawn_blocking(move || {
            verify(&present, &known).then(|| hash(&wanted)).transpose()
        })
        .await
        .map_err(|error| Error::Failed(error.to_string()))??;
        let Some(hashed) = hashed else {
            return Err(Error::Invalid(
                "La password attuale non è giusta.".to_owned(),
            ));
        };
        let mut unit = self.store.write().await?;
        unit.set_password(id, &hashed).await?;
        let note = about(Act::PasswordChanged, &viewer.account, "");
        self.note(&mut unit, viewer, &self.seal(), note).await?;
        Ok(unit.commit().await?)
    }

    /// One person, with what they may do.
    pub async fn person(&self, viewer: &Viewer, id: Uuid) -> Result<Listed> {
        manage(viewer)?;
        let mut unit = self.store.read().await?;
        let person = unit
            .person(id)
            .await?
            .ok_or(Error::NotFound("Questa persona non c’è."))?;
        let grants = unit.grants(id).await?;
        Ok(Listed { person, grants })
    }

    /// Everybody, with what they may do.
    pub async fn people(&self, viewer: &Viewer) -> Result<Vec<Listed>> {
        manage(viewer)?;
        let mut unit = self.store.read().await?;
        let mut listed = Vec::new();
        for person in unit.people().await? {
            let grants = unit.grants(person.id).await?;
            listed.push(Listed { person, grants });
        }
        Ok(listed)
    }

    /// A role for a body, as typed: roles that concern everyone fall to the coordinating body.
    pub async fn grant_for(&self, role: Role, body: Option<&str>) -> Result<Grant> {
        if !role.is_general() {
            let body = body.filter(|body| !body.is_empty()).ok_or_else(|| {
                Error::Invalid(
                    "Il ruolo compilatore vuole un ente: dite di quale con --body CODICE."
                        .to_owned(),
                )
            })?;
            return Ok(Grant {
                role,
                body: body.to_owned(),
            });
        }
        if let Some(body) = body.filter(|body| !body.is_empty()) {
            return Err(Error::Invalid(format!(
                "Il ruolo {role} vale per tutti gli enti: non si può limitare a «{body}»."
            )));
        }
        let bodies = self.store.read().await?.bodies().await?;
        let coordinator = bodies.into_iter().find(|body| body.kind == "coordinatore");
        coordinator
            .map(|body| Grant {
                role,
                body: body.code,
            })
            .ok_or_else(|| {
                Error::Invalid("Nessun ente coordina: eseguite prima «varco seed».".to_owned())
            })
    }
}

/// A note about a person.
const fn about<'a>(act: Act, account: &'a str, detail: &'a str) -> Note<'a> {
    Note {
        act,
        body: None,
        subject: account,
        detail,
    }
}

/// Roles as the history says them.
fn in_words(grants: &[Grant]) -> String {
    let roles: Vec<String> = grants
        .iter()
        .map(|grant| format!("{} {}", grant.role, grant.body))
        .collect();
    roles.join(", ")
}

fn manage(viewer: &Viewer) -> Result<()> {
    if viewer.manages_people() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "Solo un amministratore gestisce le persone.",
        ))
    }
}

/// The last of those who manage people cannot go: nobody could appoint another.
fn keep_one(administrators: &[Uuid], leaving: Uuid) -> Result<()> {
    if administrators == [leaving] {
        return Err(Error::Invalid(
            "È l’ultimo amministratore attivo: prima date il ruolo a un’altra persona.".to_owned(),
        ));
    }
    Ok(())
}

async fn known_bodies(unit: &mut Unit, grants: &[Grant]) -> Result<()> {
    let bodies = unit.bodies().await?;
    let unknown = grants
        .iter()
        .find(|grant| bodies.iter().all(|body| body.code != grant.body));
    match unknown {
        None => Ok(()),
        Some(grant) => Err(Error::Invalid(format!(
            "L’ente «{}» non esiste.",
            grant.body
        ))),
    }
}

/// What of a person is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The name they sign in with.
    Account,
    /// Their name.
    Name,
    /// Their password.
    Password,
    /// What they may do.
    Roles,
}

/// One thing that is wrong with what was said of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub part: Part,
    /// What, and what to do.
    pub message: String,
}

impl Mistake {
    fn new(part: Part, message: impl Into<String>) -> Self {
        Self {
            part,
            message: message.into(),
        }
    }
}

/// Everything that is wrong with a person as described; account and password only where given.
#[must_use]
pub fn mistakes(
    account: Option<&str>,
    name: &str,
    password: Option<&str>,
    grants: &[Grant],
) -> Vec<Mistake> {
    let mut found = Vec::new();
    if let Some(account) = account {
        let fits = (3..=64).contains(&account.chars().count())
            && account
                .chars()
                .all(|one| one.is_alphanumeric() || ".-_@+".contains(one));
        if !fits {
            found.push(Mistake::new(
                Part::Account,
                "Il nome utente ha da 3 a 64 lettere, cifre, punti o trattini.",
            ));
        }
    }
    if name.trim().is_empty() {
        found.push(Mistake::new(Part::Name, "Manca il nome della persona."));
    }
    if name.chars().count() > LONGEST_NAME {
        let message = format!("Il nome ha al più {LONGEST_NAME} caratteri.");
        found.push(Mistake::new(Part::Name, message));
    }
    if let Some(password) = password {
        found.extend(password_mistakes(account.unwrap_or_default(), password));
    }
    if grants.is_empty() {
        found.push(Mistake::new(Part::Roles, "Indicate almeno un ruolo."));
    }
    found
}

/// What is wrong with a password for this account.
#[must_use]
pub fn password_mistakes(account: &str, password: &str) -> Vec<Mistake> {
    let length = password.chars().count();
    let tells = !account.is_empty() && password.to_lowercase().contains(account);
    if length < SHORTEST_PASSWORD || tells {
        let message = format!(
            "La password ha almeno {SHORTEST_PASSWORD} caratteri e non contiene il nome utente."
        );
        return vec![Mistake::new(Part::Password, message)];
    }
    if length > 512 {
        let message = "La password ha più di 512 caratteri.";
        return vec![Mistake::new(Part::Password, message)];
    }
    Vec::new()
}

fn refuse(mistakes: &[Mistake]) -> Result<()> {
    mistakes
        .first()
        .map_or(Ok(()), |first| Err(Error::Invalid(first.message.clone())))
}

/// Hashing takes a tenth of a second, so it stands aside from the threads that answer.
async fn hash_apart(password: &str) -> Result<String> {
    let typed = password.to_owned();
    tokio::task::spawn_blocking(move || hash(&typed))
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
}

/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let parameters = Params::new(19_456, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
}

fn hash(password: &str) -> Result<String> {
    let salt: [u8; 16] = random()?;
    hasher()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Failed(error.to_string()))
}

fn verify(password: &str, known: &str) -> bool {
    PasswordHash::new(known)
        .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

/// 256 bits from the machine, in hexadecimal.
fn secret() -> Result<String> {
    Ok(hex::encode(random::<32>()?))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    clock::random().map_err(|error| Error::Failed(error.to_string()))
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
