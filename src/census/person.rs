//! People, the roles they have for which bodies, and what each role may do.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// What a person may do, for a body or, where the role concerns everyone, for the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Enters and mends the devices of a body.
    Compilatore,
    /// Reads everything, accepts or sends back.
    Validatore,
    /// Reads everything, changes nothing.
    Osservatore,
    /// Manages people and settings; reads everything.
    Amministratore,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [
        Self::Compilatore,
        Self::Validatore,
        Self::Osservatore,
        Self::Amministratore,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compilatore => "compilatore",
            Self::Validatore => "validatore",
            Self::Osservatore => "osservatore",
            Self::Amministratore => "amministratore",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Compilatore => "Compilatore",
            Self::Validatore => "Validatore",
            Self::Osservatore => "Osservatore",
            Self::Amministratore => "Amministratore",
        }
    }

    /// What whoever holds it does, in a few words.
    #[must_use]
    pub const fn duty(self) -> &'static str {
        match self {
            Self::Compilatore => "inserisce e corregge i dispositivi dei suoi enti",
            Self::Validatore => "legge tutto, accetta o rimanda quello che gli enti inviano",
            Self::Osservatore => "legge tutto, non modifica nulla",
            Self::Amministratore => "gestisce le persone e legge tutto",
        }
    }

    /// Whether the role is held for the whole installation, not for one body.
    #[must_use]
    pub const fn is_general(self) -> bool {
        !matches!(self, Self::Compilatore)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(())
    }
}

/// A role held for a body. Roles that concern everyone are held for the coordinating body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// The code of the body.
    pub body: String,
}

/// Who is asking. Every question to the register carries one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The person, unless the command line asks.
    pub id: Option<Uuid>,
    /// The name they sign in with; what history shows.
    pub account: String,
    /// Their name.
    pub name: String,
    grants: Vec<Grant>,
    operator: bool,
}

impl Viewer {
    /// A person with their roles.
    #[must_use]
    pub fn person(id: Uuid, account: String, name: String, grants: Vec<Grant>) -> Self {
        Self {
            id: Some(id),
            account,
            name,
            grants,
            operator: false,
        }
    }

    /// Whoever runs commands on the server: may read and write everything.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            id: None,
            account: "riga di comando".to_owned(),
            name: "Riga di comando".to_owned(),
            grants: Vec::new(),
            operator: true,
        }
    }

    /// Whether they hold a role for any body.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// Whether they read every device whatever its visibility.
    #[must_use]
    pub fn reads_all(&self) -> bool {
        self.operator || self.grants.iter().any(|grant| grant.role.is_general())
    }

    /// Whether they accept or send back what bodies sent, and decide between bodies.
    #[must_use]
    pub fn reviews(&self) -> bool {
        self.operator || self.is(Role::Validatore)
    }

    /// Whether they look after what the census is measured against, catalogues and
    /// reference layers: reviewers and administrators.
    #[must_use]
    pub fn curates(&self) -> bool {
        self.reviews() || self.manages_people()
    }

    /// Whether they manage people.
    #[must_use]
    pub fn manages_people(&self) -> bool {
        self.operator || self.is(Role::Amministratore)
    }

    /// Whether they may write the devices of a body.
    #[must_use]
    pub fn writes(&self, body: &str) -> bool {
        self.operator || self.bodies().any(|own| own == body)
    }

    /// Whether they see reserved data of a body that is not theirs when they read its devices; empty
    /// for the devices of all bodies.
    #[must_use]
    pub fn reads_others(&self, body: &str) -> bool {
        !self.operator && self.reads_all() && !self.writes(body)
    }

    /// Whether they may write any device at all.
    #[must_use]
    pub fn writes_any(&self) -> bool {
        self.operator || self.bodies().next().is_some()
    }

    /// Whether they read how a body takes part: its steps, acts, seat and documents.
    #[must_use]
    pub fn reads_adhesion(&self, body: &str) -> bool {
        self.reads_all() || self.writes(body)
    }

    /// Whether they record how a body takes part: its own officers and the reviewers.
    #[must_use]
    pub fn records_adhesion(&self, body: &str) -> bool {
        self.writes(body) || self.is(Role::Validatore)
    }

    /// Whether they record how some body takes part.
    #[must_use]
    pub fn records_any_adhesion(&self) -> bool {
        self.writes_any() || self.is(Role::Validatore)
    }

    /// Whether they read whom to ring at a body: its own officers and who works for the body that
    /// coordinates. Observers do not.
    #[must_use]
    pub fn reads_contact(&self, body: &str) -> bool {
        self.records_adhesion(body) || self.is(Role::Amministratore)
    }

    /// The bodies whose devices they write.
    pub fn bodies(&self) -> impl Iterator<Item = &str> {
        self.grants
            .iter()
            .filter(|grant| grant.role == Role::Compilatore)
            .map(|grant| grant.body.as_str())
    }

    /// The roles held, in words and without repetition.
    #[must_use]
    pub fn roles(&self) -> String {
        let held: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| self.is(**role))
            .map(|role| role.name())
            .collect();
        held.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_ring_is_for_the_body_itself_and_for_who_coordinates() {
        let with = |role: Role, body: &str| {
            let grants = vec![Grant {
                role,
                body: body.to_owned(),
            }];
            Viewer::person(Uuid::nil(), String::new(), String::new(), grants)
        };
        let rights = |viewer: &Viewer| {
            [
                viewer.reads_adhesion("a"),
                viewer.records_adhesion("a"),
                viewer.reads_contact("a"),
            ]
        };
        assert_eq!(rights(&with(Role::Compilatore, "a")), [true; 3]);
        assert_eq!(rights(&with(Role::Compilatore, "b")), [false; 3]);
        assert_eq!(rights(&with(Role::Validatore, "cmm")), [true; 3]);
        assert_eq!(
            rights(&with(Role::Osservatore, "cmm")),
            [true, false, false]
        );
        assert_eq!(
            rights(&with(Role::Amministratore, "cmm")),
            [true, false, true]
        );
        assert_eq!(rights(&Viewer::operator()), [true; 3]);
    }
}
