//! The history: what was done, by whom, when; never changed, never pruned.
//!
//! Each record holds the hash of the one before it, so whoever changes, adds or takes out a record
//! would have to write again all that follow. What a record wrote in other tables is sealed in it:
//! a number of rows and the hash of their hashes. Enforced by `tests/it/journal.rs` and, on a
//! register, by `varco verify`.

use crate::clock::Instant;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Defines what can be done, with its stored spelling and what people read.
macro_rules! acts {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $label:literal;)+) => {
        /// What can be done that the history keeps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Act {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Act {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stored spelling.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What people read.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}

acts! {
    /// Somebody signed in.
    SignIn, "accesso", "Accesso";
    /// Somebody tried to sign in and could not.
    SignInRefused, "accesso_negato", "Accesso negato";
    /// Somebody signed out.
    SignOut, "uscita", "Uscita";
    /// Somebody asked for what they may not do or see.
    Refused, "rifiuto", "Richiesta rifiutata";
    /// Somebody looked at reserved data of bodies that are not theirs.
    Read, "lettura", "Lettura di dati riservati";
    /// Data left the register as a file.
    Exported, "esportazione", "Esportazione";
    /// A device was written, for the first time or again.
    DeviceSaved, "dispositivo", "Dispositivo salvato";
    /// A device was taken out of the census or put back.
    DeviceWithdrawn, "ritiro", "Dispositivo ritirato o rimesso";
    /// A file was brought in.
    Imported, "importazione", "Importazione";
    /// What a file brought in was taken back.
    ImportUndone, "importazione_annullata", "Importazione annullata";
    /// The example data were written.
    ExampleWritten, "esempio", "Dati di esempio";
    /// A site was given a kind or a name.
    SiteChanged, "sito", "Sito modificato";
    /// Devices were sent to review.
    Submitted, "invio", "Invio alla convalida";
    /// Devices were accepted.
    Accepted, "convalida", "Convalida";
    /// A device was sent back.
    SentBack, "rinvio", "Rinvio con motivo";
    /// Somebody wrote a message.
    Message, "messaggio", "Messaggio";
    /// A reviewer took a body's census in hand, or let go of it.
    Claimed, "presa_in_carico", "Presa in carico";
    /// The census was frozen.
    SnapshotTaken, "fotografia", "Fotografia";
    /// A reviewer decided whether two devices of two bodies are one.
    DuplicateDecided, "doppione", "Decisione su un doppione";
    /// Such a decision was taken back.
    DuplicateUndone, "doppione_annullato", "Decisione su un doppione annullata";
    /// A person was added or changed, or may or may no longer sign in.
    PersonChanged, "persona", "Persona aggiunta o modificata";
    /// Somebody changed their password.
    PasswordChanged, "password", "Password cambiata";
    /// Other boundaries were loaded.
    TerritoryLoaded, "territorio", "Confini caricati";
    /// Somebody looked at a site of a body that is not theirs.
    SiteRead, "lettura_sito", "Lettura di un sito altrui";
    /// A step of a body's adhesion was recorded or annulled.
    AdhesionRecorded, "adesione", "Passo dell’adesione";
    /// An act of a body was recorded.
    ActRecorded, "atto", "Atto registrato";
    /// The seat of a body was recorded.
    SeatRecorded, "sede", "Sede registrata";
    /// Whom to ring at a body was written or erased; the history never says who it is.
    ContactChanged, "referente", "Referente cambiato";
    /// A file on its way in was given up.
    BatchAbandoned, "importazione_abbandonata", "Importazione abbandonata";
    /// Bodies were given a day by which to declare, or it was taken away.
    DueSet, "scadenza", "Scadenza";
    /// A body was sent a reminder.
    Reminded, "sollecito", "Sollecito";
    /// A reminder could not be sent to anybody.
    ReminderFailed, "sollecito_fallito", "Sollecito non inviato";
    /// A body declared its census.
    Declared, "dichiarazione", "Dichiarazione";
    /// Criteria, prices or lots were loaded.
    EditionLoaded, "edizione", "Criteri, prezzi o lotti caricati";
    /// Criteria, prices or lots were put in force from a day.
    EditionInForce, "in_vigore", "Criteri, prezzi o lotti messi in vigore";
    /// An entry of the software catalogue was written.
    ProductRecorded, "software", "Voce del catalogo del software";
    /// The standing of a program towards the national system was recorded.
    StandingRecorded, "software_scntt", "Connettore di un software";
    /// A proposed name was said to mean an entry of the catalogue, or that was taken back.
    ProductMerged, "software_unito", "Nome di software unito o separato";
    /// What is known of a model was recorded.
    ModelRecorded, "modello", "Voce del catalogo dei modelli";
    /// A reference layer was loaded.
    ReferenceLoaded, "riferimento", "Livello di riferimento caricato";
    /// A reference layer was taken away.
    ReferenceWithdrawn, "riferimento_ritirato", "Livello di riferimento ritirato";
}

/// One record of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// 1 for the first; none is missing.
    pub number: i64,
    /// The identifier that the rows it wrote carry.
    pub id: Uuid,
    /// When, never before the record that precedes it.
    pub at: Instant,
    /// The account of who did it.
    pub account: String,
    /// What was done: the spelling of an [`Act`].
    pub act: String,
    /// The body whose data it concerns, where it is one.
    pub body: Option<String>,
    /// What it was done to: the identifier of a device, of a batch, an account…
    pub subject: String,
    /// What happened, in words.
    pub detail: String,
    /// What it wrote elsewhere; see [`Seal::text`].
    pub seal: String,
    /// The hash of the record before; empty for the first.
    pub previous: String,
    /// The hash of this one.
    pub hash: String,
}

impl Record {
    /// The hash of all it says, the previous record's hash included, as 64 hexadecimal digits.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let mut hasher = Sha256::new();
        let parts: [&str; 11] = [
            &self.number.to_string(),
            &self.id.to_string(),
            &self.at.to_string(),
            &self.account,
            &self.act,
            // Without a body is not with an empty one.
            if self.body.is_some() { "ente" } else { "" },
            self.body.as_deref().unwrap_or(""),
            &self.subject,
            &self.detail,
            &self.seal,
            &self.previous,
        ];
        for part in parts {
            feed(&mut hasher, part);
        }
        hex::encode(hasher.finalize())
    }

    /// What was done, in words; the spelling when this program does not know it.
    #[must_use]
    pub fn label(&self) -> &str {
        let act = Act::ALL.iter().find(|act| act.name() == self.act);
        act.map_or(&self.act, |act| act.label())
    }
}

/// Adds a text to a hash so that its end cannot be mistaken.
pub fn feed(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

/// Defines what is sealed: with its name in a seal, and what people read of many and of one.
macro_rules! sealed {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $many:literal, $one:literal;)+) => {
        /// The rows that are sealed, in the order of a seal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sealed {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Sealed {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in a seal.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What people read of many.
            #[must_use]
            pub const fn many(self) -> &'static str {
                match self { $(Self::$variant => $many,)+ }
            }

            /// What people read of one.
            #[must_use]
            pub const fn one(self) -> &'static str {
                match self { $(Self::$variant => $one,)+ }
            }
        }
    };
}

sealed! {
    /// Revisions of devices.
    Revisions, "revisioni", "revisioni", "una revisione";
    /// What was said in review.
    Reviews, "convalide", "scritti della convalida", "uno scritto della convalida";
    /// Documents, their content by its hash.
    Documents, "documenti", "documenti", "un documento";
    /// Steps of adhesion.
    Steps, "passi", "passi dell’adesione", "un passo dell’adesione";
    /// Acts of bodies.
    Acts, "atti", "atti", "un atto";
    /// Seats of bodies.
    Seats, "sedi", "sedi", "una sede";
    /// Due dates.
    Dues, "scadenze", "scadenze", "una scadenza";
    /// Declarations.
    Declarations, "dichiarazioni", "dichiarazioni", "una dichiarazione";
    /// Decisions that two devices are one.
    Merges, "unioni", "unioni di dispositivi", "un’unione di dispositivi";
    /// That such decisions were taken back.
    MergesEnded, "unioni_annullate", "annullamenti di unioni", "l’annullamento di un’unione";
    /// Decisions that two devices are two.
    Pairs, "distinzioni", "distinzioni di dispositivi", "una distinzione di dispositivi";
    /// That such decisions were taken back.
    PairsEnded, "distinzioni_annullate", "annullamenti di distinzioni", "l’annullamento di una distinzione";
    /// Sets of criteria, prices and lots.
    Editions, "edizioni", "edizioni di criteri, prezzi o lotti", "un’edizione di criteri, prezzi o lotti";
    /// Since when such sets are in force.
    Forces, "vigori", "entrate in vigore", "un’entrata in vigore";
    /// What sites were before.
    SitesBefore, "siti_prima", "stati precedenti di siti", "lo stato precedente di un sito";
    /// Entries of the software catalogue.
    Products, "software", "voci del catalogo del software", "una voce del catalogo del software";
    /// The standing of programs towards the national system.
    Standings, "software_scntt", "stati SCNTT di software", "uno stato SCNTT di un software";
    /// Proposed names that mean an entry of the catalogue.
    ProductMerges, "software_uniti", "unioni di nomi di software", "un’unione di nomi di software";
    /// Entries of the catalogue of models.
    Models, "modelli", "voci del catalogo dei modelli", "una voce del catalogo dei modelli";
    /// Reference layers, their features by their hash.
    ReferenceLayers, "riferimenti", "livelli di riferimento", "un livello di riferimento";
    /// That reference layers were taken away.
    ReferenceWithdrawals, "riferimenti_ritirati", "ritiri di livelli di riferimento", "il ritiro di un livello di riferimento";
    /// What the territory was before.
    TerritoriesBefore, "territori_prima", "stati precedenti del territorio", "uno stato precedente del territorio";
}

/// What one record of the history wrote in other tables: how many rows, and the hash of their hashes
/// in the order of their identifiers.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The identifier that the rows carry.
    pub entry: Uuid,
    rows: BTreeMap<Sealed, (u64, Sha256)>,
    wrote: BTreeSet<Sealed>,
}

impl Seal {
    /// The seal of a record that has written nothing yet.
    #[must_use]
    pub const fn new(entry: Uuid) -> Self {
        Self {
            entry,
            rows: BTreeMap::new(),
            wrote: BTreeSet::new(),
        }
    }

    /// Adds the hash of one row. Rows come in the order of their identifiers.
    pub fn add(&mut self, kind: Sealed, hash: &str) {
        let (count, hasher) = self.rows.entry(kind).or_default();
        *count += 1;
        hasher.update(hash.as_bytes());
    }

    /// Takes note that rows were written whose hashes are added when the record is, from the rows
    /// themselves.
    pub fn wrote(&mut self, kind: Sealed) {
        self.wrote.insert(kind);
    }

    /// Whether such rows were written.
    #[must_use]
    pub fn covers(&self, kind: Sealed) -> bool {
        self.wrote.contains(&kind)
    }

    /// How many rows of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Sealed) -> u64 {
        self.rows.get(&kind).map_or(0, |(count, _)| *count)
    }

    /// What the record keeps: `revisioni=2:HASH convalide=1:HASH`, without what there is none of.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.rows.iter().map(|(kind, (count, hasher))| {
            let hash = hex::encode(hasher.clone().finalize());
            format!("{}={count}:{hash}", kind.name())
        });
        parts.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_of_cutting_the_same_letters_have_different_hashes() {
        let hash = |parts: &[&str]| {
            let mut hasher = Sha256::new();
            for part in parts {
                feed(&mut hasher, part);
            }
            hasher.finalize()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab", ""]), hash(&["ab"]));
    }

    #[test]
    fn a_seal_says_how_many_rows_of_what_there_are() {
        let mut seal = Seal::new(Uuid::nil());
        assert_eq!(seal.text(), "");
        seal.add(Sealed::Reviews, "aa");
        seal.add(Sealed::Reviews, "bb");
        assert!(seal.text().starts_with("convalide=2:"));
        assert_eq!(seal.count(Sealed::Revisions), 0);
    }

    #[test]
    fn every_act_has_a_spelling_of_its_own() {
        let mut names: Vec<&str> = Act::ALL.iter().map(|act| act.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Act::ALL.len());
    }
}
