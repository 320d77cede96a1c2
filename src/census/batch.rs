//! What a file on its way in can be, and what can become of its rows.

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its file is to be read, or is being read.
    Reading,
    /// Its rows are to be judged again.
    Judging,
    /// A person can look at it, mend it and confirm it.
    Ready,
    /// Its rows are to be written, or are being written.
    Confirming,
    /// Its rows are in the register.
    Confirmed,
    /// It was in the register and has been undone.
    Undone,
    /// Somebody gave it up; nothing of it is in the register.
    Abandoned,
    /// It could not be read or written; nothing of it is in the register.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Reading,
        Self::Judging,
        Self::Ready,
        Self::Confirming,
        Self::Confirmed,
        Self::Undone,
        Self::Abandoned,
        Self::Failed,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reading => "lettura",
            Self::Judging => "esame",
            Self::Ready => "pronta",
            Self::Confirming => "conferma",
            Self::Confirmed => "confermata",
            Self::Undone => "annullata",
            Self::Abandoned => "abbandonata",
            Self::Failed => "fallita",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reading => "In lettura",
            Self::Judging => "In esame",
            Self::Ready => "Da confermare",
            Self::Confirming => "In scrittura",
            Self::Confirmed => "Nel censimento",
            Self::Undone => "Annullata",
            Self::Abandoned => "Abbandonata",
            Self::Failed => "Non riuscita",
        }
    }

    /// Whether the program, not a person, has to go on with it.
    #[must_use]
    pub const fn is_work(self) -> bool {
        matches!(self, Self::Reading | Self::Judging | Self::Confirming)
    }
}

/// What a row would do, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// Adds a device.
    New,
    /// Changes a device.
    Changed,
    /// Says what the register has.
    Unchanged,
    /// Would undo what somebody changed after the file was made.
    Conflict,
    /// Has errors.
    Rejected,
    /// Is left out because a person said so.
    LeftOut,
}

impl Fate {
    /// All of them, in the order in which people look at them.
    pub const ALL: [Self; 6] = [
        Self::Rejected,
        Self::Conflict,
        Self::New,
        Self::Changed,
        Self::Unchanged,
        Self::LeftOut,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "nuova",
            Self::Changed => "modificata",
            Self::Unchanged => "invariata",
            Self::Conflict => "conflitto",
            Self::Rejected => "rifiutata",
            Self::LeftOut => "esclusa",
        }
    }

    /// What people read of one row.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::New => "Nuova",
            Self::Changed => "Modificata",
            Self::Unchanged => "Invariata",
            Self::Conflict => "In conflitto",
            Self::Rejected => "Con errori",
            Self::LeftOut => "Esclusa",
        }
    }

    /// Whether the row may come in.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::New | Self::Changed | Self::Unchanged)
    }

    /// The fate of this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.name() == name)
    }
}
