//! Criteria of compatibility: data, not code.
//!
//! A set is a TOML text that whoever coordinates loads and puts in force; the first one is
//! `seeds/criteri.toml`, which also shows how one is written. It is read whole or not at all, and
//! everything that is wrong is said at once with the line it is on. The Ministry's specification is
//! not public: each criterion has a source and how sure it is. Enforced by the tests below and by
//! `tests/it/compatibility.rs`.

use super::condition::{self, Condition, Names};
use super::fact::Fact;
use super::mend::mend;
use super::rules;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest set, in bytes.
pub const LONGEST: usize = 512 * 1024;

/// The longest single text in it, in characters.
const TEXT: usize = 600;

/// The longest identifier, in characters.
const ID: usize = 40;

/// How many rows of one kind it may have.
const MOST_ROWS: usize = 300;

/// How many mistakes are said; who has made more mends these first.
const MOST_SAID: usize = 200;

/// The names of its tables.
const TABLES: [&str; 3] = ["condizioni", "intervento", "criterio"];

/// Where a key of a set stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before any row.
    Top,
    /// In a row of interventions.
    Remedy,
    /// In a row of criteria.
    Criterion,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Top, Self::Remedy, Self::Criterion];

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Top => "l’insieme",
            Self::Remedy => "un [[intervento]]",
            Self::Criterion => "un [[criterio]]",
        }
    }

    fn keys(self) -> Vec<&'static str> {
        let own = KEYS.iter().filter(|(place, ..)| *place == self);
        own.map(|(_, key, _)| *key).collect()
    }
}

/// The keys of a set, where each stands and what it is for.
pub const KEYS: &[(Place, &str, &str)] = &[
    (
        Place::Top,
        "versione",
        "obbligatoria: che cosa la distingue dalle altre",
    ),
    (Place::Top, "titolo", "obbligatorio"),
    (
        Place::Top,
        "nota",
        "obbligatoria: che cosa sono questi criteri, e che cosa non sono",
    ),
    (
        Place::Top,
        "riguarda",
        "condizione: di quali dispositivi si dà un esito; se manca, di tutti",
    ),
    (
        Place::Top,
        "legge_targhe",
        "condizione, obbligatoria: quali leggono targhe; degli altri l’esito è «Non applicabile»",
    ),
    (
        Place::Top,
        "collegato",
        "condizione, obbligatoria: quali sono già collegati",
    ),
    (
        Place::Top,
        "condizioni",
        "tabella [condizioni]: un nome e una condizione per riga, che le altre nominano con @nome",
    ),
    (
        Place::Top,
        "intervento",
        "righe [[intervento]]: che cosa si fa perché un criterio sia soddisfatto",
    ),
    (
        Place::Top,
        "criterio",
        "righe [[criterio]]: che cosa si chiede a un dispositivo",
    ),
    (
        Place::Remedy,
        "id",
        "obbligatorio, una parola: lo stesso che usano gli elenchi prezzi; «A» e «a» non lo distinguono",
    ),
    (Place::Remedy, "nome", "obbligatorio"),
    (
        Place::Remedy,
        "unita",
        "obbligatoria: per che cosa si conta",
    ),
    (
        Place::Criterion,
        "id",
        "obbligatorio, una parola: da un insieme all’altro resta lo stesso; «A» e «a» non lo distinguono",
    ),
    (
        Place::Criterion,
        "testo",
        "obbligatorio: che cosa chiede, in italiano",
    ),
    (Place::Criterion, "livello", "obbligatorio: quanto conta"),
    (Place::Criterion, "area", "obbligatoria: di che cosa tratta"),
    (
        Place::Criterion,
        "oggetto",
        "obbligatorio: di chi è la proprietà che si chiede",
    ),
    (
        Place::Criterion,
        "si_applica",
        "condizione: a quali dispositivi si chiede; se manca, a tutti",
    ),
    (
        Place::Criterion,
        "soddisfatto",
        "condizione, obbligatoria: quando è soddisfatto",
    ),
    (
        Place::Criterion,
        "non_noto",
        "condizione: quando la risposta è «Non noto» anche se i dati ci sono",
    ),
    (
        Place::Criterion,
        "intervento",
        "l’id dell’intervento che lo soddisfa",
    ),
    (Place::Criterion, "fonte", "obbligatoria: da dove viene"),
    (
        Place::Criterion,
        "grado",
        "obbligatorio: quanto è sicura la fonte",
    ),
];

/// A small set that can be read, to show how one is written.
pub const EXAMPLE: &str = r#"versione = "2027.1"
titolo = "Un esempio"
nota = "Due criteri soltanto, per mostrare come si scrive un insieme."
legge_targhe = "@lettore"
collegato = "stato_scntt = collegato"

[condizioni]
lettore = "funzione fra (lettura_targhe, ibrida)"

[[intervento]]
id = "rete"
nome = "Collegamento su rete privata o VPN"
unita = "sito"

[[criterio]]
id = "ES-01"
testo = "Il dispositivo legge le targhe, a bordo o su server."
livello = "necessario"
area = "tecnica"
oggetto = "dispositivo"
si_applica = "@lettore"
soddisfatto = "ocr fra (a_bordo, su_server)"
fonte = "Nostra proposta"
grado = "I"

[[criterio]]
id = "ES-02"
testo = "Il dispositivo raggiunge il centro su una rete privata o una VPN."
livello = "necessario"
area = "rete"
oggetto = "sito"
si_applica = "@lettore"
soddisfatto = "connettivita fra (fibra_metropolitana, mpls) o vpn = si"
intervento = "rete"
fonte = "Nostra proposta"
grado = "I"
"#;

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $about:literal])+ $variant:ident $code:literal $label:literal;)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $about])+ $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The spelling in a set.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What people read.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// The one with this spelling.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

words! {
    /// How much depends on a criterion.
    Level {
        /// Without it a device cannot be connected.
        Necessary "necessario" "Necessario";
        /// Better with it.
        Advised "consigliato" "Consigliato";
        /// Good to know.
        Informative "informativo" "Informativo";
    }
}

words! {
    /// What a criterion is about. A technical one that is necessary and not met makes a device
    /// incompatible; any other can be mended around it.
    Area {
        /// What the device and its software can do.
        Technical "tecnica" "Tecnica";
        /// How it reaches the centre.
        Network "rete" "Rete";
        /// Acts of bodies.
        Administrative "amministrativa" "Amministrativa";
        /// Protection of personal data.
        Privacy "privacy" "Privacy";
        /// How it is kept and surveyed.
        Management "gestione" "Gestione";
    }
}

words! {
    /// Whose property a criterion is about, or an intervention is counted for.
    Subject {
        /// Each device.
        Device "dispositivo" "Dispositivo";
        /// Each site.
        Site "sito" "Sito";
        /// Each body.
        Body "ente" "Ente";
        /// Each software of the catalogue.
        Product "software" "Software";
        /// Each model.
        Model "modello" "Modello";
        /// Once for the whole territory.
        Territory "territorio" "Territorio";
    }
}

words! {
    /// How sure a source is.
    Grade {
        /// Official text or site.
        A "A" "testo o sito ufficiale";
        /// Press or professionals reporting an official act.
        B "B" "stampa o professionisti che riferiscono di un atto ufficiale";
        /// A vendor's claim.
        C "C" "affermazione di un fornitore";
        /// Measured.
        M "M" "misurato";
        /// General background, not verified.
        K "K" "conoscenza generale, non verificata";
        /// Inferred, or our own proposal.
        I "I" "dedotto, o nostra proposta";
    }
}

/// What is asked of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Its identifier, like `SC-01`.
    pub id: String,
    /// What it asks, in Italian.
    pub text: String,
    /// How much depends on it.
    pub level: Level,
    /// What it is about.
    pub area: Area,
    /// Whose property it is.
    pub about: Subject,
    /// Which devices it is asked of; all when there is none.
    pub applies: Option<Condition>,
    /// When it is met.
    pub met: Condition,
    /// When the answer is not known although the values are.
    pub unknown: Option<Condition>,
    /// The condition as written, for people.
    pub condition: String,
    /// Which devices it is asked of, as written; empty when of all.
    pub applies_text: String,
    /// When the answer is not known although the values are, as written; may be empty.
    pub unknown_text: String,
    /// The identifier of the intervention that satisfies it.
    pub remedy: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// How sure that is.
    pub grade: Grade,
}

impl Criterion {
    /// The facts that decide whether it is met.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        self.met.asks(&mut facts);
        if let Some(unknown) = &self.unknown {
            unknown.asks(&mut facts);
        }
        facts
    }
}

/// What has to be done so that criteria are met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Its identifier, which price lists use too.
    pub id: String,
    /// What it is, in Italian.
    pub name: String,
    /// What it is counted for.
    pub unit: Subject,
}

/// A condition of a set that is not of one criterion, as written and as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The key it stands under: `legge_targhe`, or `@lettore` for one that others name.
    pub name: String,
    /// As written.
    pub text: String,
    /// The same, read.
    pub condition: Condition,
}

/// A set of criteria.
#[derive(Debug, Clone, PartialEq)]
pub struct Criteria {
    /// What tells it from others.
    pub version: String,
    /// Its title.
    pub title: String,
    /// What it is and is not.
    pub note: String,
    /// Of which devices a verdict is given at all.
    pub concerns: Option<Condition>,
    /// Which of them read plates; of the others the outcome is «non applicabile».
    pub readers: Condition,
    /// Which of them are connected already.
    pub connected: Condition,
    /// The three above as written, and after them the conditions that have a name.
    pub conditions: Vec<Written>,
    /// The criteria, in their order.
    pub criteria: Vec<Criterion>,
    /// The interventions, in their order.
    pub remedies: Vec<Remedy>,
}

/// Something wrong in a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do, in Italian.
    pub message: String,
}

impl Criteria {
    /// A text as sets are kept: without the mark of byte order, every line ended by a line feed, so
    /// that what was typed in a page and what came as a file are the same set.
    #[must_use]
    pub fn tidy(text: &str) -> String {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        text.replace("\r\n", "\n").replace('\r', "\n")
    }

    /// Reads a set from the bytes of a file.
    pub fn decode(bytes: &[u8]) -> Result<String, Vec<Trouble>> {
        if bytes.len() > LONGEST {
            return Err(too_large());
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::tidy(text)),
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let good = String::from_utf8_lossy(good);
                let line = good.matches('\n').count() + 1;
                let message = "Il file non è testo in UTF-8: salvatelo come «testo, UTF-8» e \
                               inviatelo di nuovo.";
                Err(vec![Trouble {
                    line,
                    message: message.to_owned(),
                }])
            }
        }
    }

    /// Reads a set; everything that is wrong is said at once, by line.
    pub fn read(text: &str) -> Result<Self, Vec<Trouble>> {
        if text.len() > LONGEST {
            return Err(too_large());
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reading = Reading::of(text);
        reading.plain();
        let mended = mend(text, &TABLES);
        for (at, message) in mended.faults {
            reading.say(at, message);
        }
        reading.broken = mended.broken;
        reading.lost = mended.lost;
        // What is wrong in it was said.
        let (table, _) = DeTable::parse_recoverable(&mended.text);
        match reading.set(&table) {
            Some(criteria) if reading.troubles.is_empty() => Ok(criteria),
            _ => Err(reading.said()),
        }
    }

    /// The intervention with this identifier.
    #[must_use]
    pub fn remedy(&self, id: &str) -> Option<&Remedy> {
        self.remedies.iter().find(|remedy| remedy.id == id)
    }

    /// Every fact that the set asks.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<Fact> {
        let mut facts = BTreeSet::new();
        let own = [
            Some(&self.readers),
            Some(&self.connected),
            self.concerns.as_ref(),
        ];
        let each = self
            .criteria
            .iter()
            .flat_map(|one| [Some(&one.met), one.applies.as_ref(), one.unknown.as_ref()]);
        for condition in own.into_iter().chain(each).flatten() {
            condition.asks(&mut facts);
        }
        facts
    }
}

fn too_large() -> Vec<Trouble> {
    let message = format!("Il file è troppo grande: al più {} KB.", LONGEST / 1024);
    vec![Trouble { line: 1, message }]
}

struct Reading<'a> {
    text: &'a str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    troubles: Vec<Trouble>,
    /// Where something could not be read, so that nothing there is said to be missing.
    broken: Vec<Range<usize>>,
    /// The names of what could not be read.
    lost: Vec<String>,
}

type Table<'a> = Spanned<DeTable<'a>>;

impl<'a> Reading<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(ends).collect(),
            troubles: Vec::new(),
            broken: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// The line of a place.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).max(1)
    }

    fn say(&mut self, at: usize, message: impl Into<String>) {
        self.troubles.push(Trouble {
            line: self.line(at),
            message: message.into(),
        });
    }

    /// What is to be said, in the order of the lines, and that there is more when there is.
    fn said(mut self) -> Vec<Trouble> {
        self.troubles.sort();
        self.troubles.dedup();
        let more = self.troubles.len().saturating_sub(MOST_SAID);
        self.troubles.truncate(MOST_SAID);
        if more > 0 {
            let line = self.troubles.last().map_or(1, |last| last.line);
            self.troubles.push(Trouble {
                line,
                message: format!(
                    "Ci sono altri {more} errori dopo questi: correggete prima questi."
                ),
            });
        }
        self.troubles
    }

    /// What no line of a set may hold.
    fn plain(&mut self) {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            if rules::has_control(line, true) {
                self.say(at, "In questa riga c’è un carattere che non è testo.");
            }
            if let Some(secret) = rules::never_recorded(line) {
                let message = format!(
                    "Qui c’è qualcosa che somiglia {secret}, e l’archivio non ne conserva."
                );
                self.say(at, message);
            }
            at += line.len();
        }
    }

    fn set(&mut self, table: &Table<'_>) -> Option<Criteria> {
        self.only(table, Place::Top);
        let mut conditions = Vec::new();
        let names = self.names(table, &mut conditions);
        let remedies = self.rows(table, "intervento", Self::remedy);
        let criteria = self.rows(table, "criterio", |reading, row| {
            reading.criterion(row, &names)
        });
        self.twice(table, "intervento");
        self.twice(table, "criterio");
        self.unheard(table);
        if find(table, "criterio").is_none() && self.broken.is_empty() {
            self.say(0, "Nel file non c’è alcun [[criterio]].");
        }
        let version = self.wanted(table, "versione");
        let title = self.wanted(table, "titolo");
        let note = self.wanted(table, "nota");
        let concerns = self.written(table, "riguarda", &names);
        let readers = self.wanted_written(table, "legge_targhe", &names);
        let connected = self.wanted_written(table, "collegato", &names);
        let own = [&concerns, &readers, &connected];
        conditions.splice(0..0, own.into_iter().flatten().cloned());
        Some(Criteria {
            version: version?,
            title: title?,
            note: note?,
            concerns: concerns.map(|one| one.condition),
            readers: readers?.condition,
            connected: connected?.condition,
            conditions,
            criteria,
            remedies,
        })
    }

    /// The named conditions, which name no others.
    fn names(&mut self, table: &Table<'_>, written: &mut Vec<Written>) -> Names {
        // Who names one that is wrong is not told that it is not there.
        let lost = self.lost.iter().cloned();
        let mut names: Names = lost
            .map(|name| (name, Condition::All(Vec::new())))
            .collect();
        let Some((span, value)) = find(table, "condizioni") else {
            return names;
        };
        let Some(rows) = value.as_table() else {
            self.say(span.start, "«condizioni» è una tabella: [condizioni].");
            return names;
        };
        if rows.len() > MOST_ROWS {
            self.say(
                span.start,
                format!("Le condizioni con un nome sono al più {MOST_ROWS}."),
            );
            return names;
        }
        for (key, value) in rows {
            let name = key.get_ref().to_string();
            if !is_name(&name) {
                let message = format!(
                    "«{name}» non può essere il nome di una condizione: lettere, cifre, «_», «-» \
                     e «.», al più {ID}."
                );
                self.say(key.span().start, message);
            }
            let read = self.named(&name, value);
            let condition = read.as_ref().map(|(_, condition)| condition.clone());
            names.insert(
                name.clone(),
                condition.unwrap_or(Condition::All(Vec::new())),
            );
            written.extend(read.map(|(text, condition)| Written {
                name: format!("@{name}"),
                text,
                condition,
            }));
        }
        names
    }

    fn named(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<(String, Condition)> {
        let text = self.text_in(name, value.span(), value.get_ref(), condition::LONGEST)?;
        if text.contains('@') {
            let message = "Una condizione con un nome non ne nomina altre: scrivetela per intero.";
            self.say(value.span().start, message);
            return None;
        }
        let condition = self.parse(&text, value.span(), &Names::new())?;
        Some((text, condition))
    }

    fn rows<T>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        mut read: impl FnMut(&mut Self, &Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some((span, value)) = find(table, name) else {
            return Vec::new();
        };
        let Some(rows) = value.as_array() else {
            self.say(
                span.start,
                format!("«{name}» si scrive con due parentesi: [[{name}]]."),
            );
            return Vec::new();
        };
        if rows.len() > MOST_ROWS || rows.is_empty() {
            let message = if rows.is_empty() {
                format!("Qui non c’è alcun [[{name}]].")
            } else {
                format!("I [[{name}]] sono {}: al più {MOST_ROWS}.", rows.len())
            };
            self.say(span.start, message);
            return Vec::new();
        }
        let mut read_rows = Vec::new();
        for row in rows {
            match row.get_ref() {
                DeValue::Table(inner) => {
                    let inner = Spanned::new(row.span(), inner.clone());
                    read_rows.extend(read(self, &inner));
                }
                _ => self.say(row.span().start, format!("Qui ci va un [[{name}]].")),
            }
        }
        read_rows
    }

    fn remedy(&mut self, row: &Table<'_>) -> Option<Remedy> {
        self.only(row, Place::Remedy);
        let id = self.identifier(row);
        let name = self.wanted(row, "nome");
        let unit = self.one_of(
            row,
            "unita",
            Subject::named,
            Subject::ALL.iter().map(|one| one.name()),
        );
        Some(Remedy {
            id: id?,
            name: name?,
            unit: unit?,
        })
    }

    fn criterion(&mut self, row: &Table<'_>, names: &Names) -> Option<Criterion> {
        self.only(row, Place::Criterion);
        let id = self.identifier(row);
        let text = self.wanted(row, "testo");
        let level = self.one_of(
            row,
            "livello",
            Level::named,
            Level::ALL.iter().map(|one| one.name()),
        );
        let area = self.one_of(
            row,
            "area",
            Area::named,
            Area::ALL.iter().map(|one| one.name()),
        );
        let about = self.one_of(
            row,
            "oggetto",
            Subject::named,
            Subject::ALL.iter().map(|one| one.name()),
        );
        let grade = self.one_of(
            row,
            "grado",
            Grade::named,
            Grade::ALL.iter().map(|one| one.name()),
        );
        let source = self.wanted(row, "fonte");
        let applies = self.written(row, "si_applica", names);
        let unknown = self.written(row, "non_noto", names);
        let met = self.wanted_written(row, "soddisfatto", names);
        let remedy = self.text_of(row, "intervento");
        let text_of = |written: &Option<Written>| {
            let written = written.as_ref();
            written.map_or_else(String::new, |written| written.text.clone())
        };
        Some(Criterion {
            id: id?,
            text: text?,
            level: level?,
            area: area?,
            about: about?,
            applies_text: text_of(&applies),
            unknown_text: text_of(&unknown),
            condition: text_of(&met),
            applies: applies.map(|written| written.condition),
            met: met?.condition,
            unknown: unknown.map(|written| written.condition),
            remedy,
            source: source?,
            grade: grade?,
        })
    }

    /// Names what is not known.
    fn only(&mut self, table: &Table<'_>, place: Place) {
        let (known, of) = (place.keys(), place.label());
        for (key, _) in table.get_ref() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let message = format!(
                    "«{name}» non è una voce: quelle per {of} sono {}.",
                    known.join(", ")
                );
                self.say(key.span().start, message);
            }
        }
    }

    /// Two rows with one identifier: people read `SC-01` and `sc-01` as the same.
    fn twice(&mut self, table: &Table<'_>, name: &str) {
        let mut seen: HashMap<String, (String, usize)> = HashMap::new();
        for (at, id) in identifiers(table, name, "id") {
            let line = self.line(at);
            match seen.entry(id.to_lowercase()) {
                Entry::Vacant(place) => {
                    place.insert((id, line));
                }
                Entry::Occupied(first) => {
                    let (known, line) = first.get();
                    let case = if *known == id {
                        ""
                    } else {
                        ": maiuscole e minuscole non bastano a distinguerli"
                    };
                    let message =
                        format!("C’è già un [[{name}]] con id «{known}», alla riga {line}{case}.");
                    self.say(at, message);
                }
            }
        }
    }

    /// Criteria that name an intervention that is not there.
    fn unheard(&mut self, table: &Table<'_>) {
        if self.lost.iter().any(|name| name == "id") {
            return;
        }
        let there: HashSet<String> = identifiers(table, "intervento", "id")
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        for (at, id) in identifiers(table, "criterio", "intervento") {
            if !there.contains(&id) {
                self.say(at, format!("Non c’è un [[intervento]] con id «{id}»."));
            }
        }
    }

    fn identifier(&mut self, row: &Table<'_>) -> Option<String> {
        let id = self.wanted(row, "id")?;
        if is_name(&id) {
            return Some(id);
        }
        let at = find(row, "id").map_or(0, |(span, _)| span.start);
        let message =
            format!("«id» è fatto di lettere, cifre, «-», «_» e «.», al più {ID}, senza spazi.");
        self.say(at, message);
        None
    }

    fn one_of<T>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        named: impl Fn(&str) -> Option<T>,
        all: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        let text = self.wanted(table, name)?;
        let found = named(&text);
        if found.is_none() {
            let at = find(table, name).map_or(0, |(span, _)| span.start);
            let all: Vec<_> = all.collect();
            let message = format!("«{text}» non vale per «{name}»: {}.", all.join(", "));
            self.say(at, message);
        }
        found
    }

    /// Says that something is missing, unless it may be what could not be read.
    fn missing(&mut self, table: &Table<'_>, name: &str) {
        let at = table.span().start;
        if !self.broken.iter().any(|piece| piece.contains(&at)) {
            self.say(at, format!("Manca «{name}»."));
        }
    }

    fn wanted(&mut self, table: &Table<'_>, name: &str) -> Option<String> {
        match find(table, name) {
            None => {
                self.missing(table, name);
                None
            }
            Some((span, _)) => {
                let text = self.text_of(table, name)?;
                if text.trim().is_empty() {
                    self.say(span.start, format!("«{name}» è vuoto."));
                    return None;
                }
                Some(text)
            }
        }
    }

    fn text_of(&mut self, table: &Table<'_>, name: &str) -> Option<String> {
        let (span, value) = find(table, name)?;
        self.text_in(name, span, value, TEXT)
    }

    /// A text of at most so many characters.
    fn text_in(
        &mut self,
        name: &str,
        span: Range<usize>,
        value: &DeValue<'_>,
        longest: usize,
    ) -> Option<String> {
        let Some(text) = value.as_str() else {
            self.say(span.start, format!("«{name}» è un testo, tra virgolette."));
            return None;
        };
        let message = if text.chars().count() > longest {
            format!("«{name}» è troppo lungo: al più {longest} caratteri.")
        } else if rules::has_control(text, true) {
            format!("In «{name}» c’è un carattere che non è testo.")
        } else {
            return Some(text.to_owned());
        };
        self.say(span.start, message);
        None
    }

    fn wanted_written(&mut self, table: &Table<'_>, name: &str, names: &Names) -> Option<Written> {
        if find(table, name).is_none() {
            self.missing(table, name);
        }
        self.written(table, name, names)
    }

    fn written(&mut self, table: &Table<'_>, name: &str, names: &Names) -> Option<Written> {
        let (span, value) = find(table, name)?;
        let text = self.text_in(name, span.clone(), value, condition::LONGEST)?;
        let condition = self.parse(&text, span, names)?;
        Some(Written {
            name: name.to_owned(),
            text,
            condition,
        })
    }

    fn parse(&mut self, text: &str, span: Range<usize>, names: &Names) -> Option<Condition> {
        match Condition::read(text, names) {
            Ok(condition) => Some(condition),
            Err(faults) => {
                for fault in faults {
                    let within = self.place(text, span.clone(), fault.at);
                    self.say(span.start + within, fault.message);
                }
                None
            }
        }
    }

    /// How far after the beginning of a value the line of a place in its text begins: other than
    /// nothing for a text on several lines that is written as it is meant.
    fn place(&self, text: &str, span: Range<usize>, at: usize) -> usize {
        let raw = self.text.get(span).unwrap_or_default();
        let inner = ["\"\"\"", "'''"].iter().find_map(|marks| {
            let inner = raw.strip_prefix(marks)?.strip_suffix(marks)?;
            let first = inner
                .strip_prefix("\r\n")
                .or_else(|| inner.strip_prefix('\n'));
            Some(first.unwrap_or(inner))
        });
        let Some(inner) =
            inner.filter(|inner| inner.replace("\r\n", "\n") == text.replace("\r\n", "\n"))
        else {
            return 0;
        };
        let before = text.get(..at).unwrap_or(text).matches('\n').count();
        let lines = inner.split_inclusive('\n').take(before);
        raw.len() - 3 - inner.len() + lines.map(str::len).sum::<usize>()
    }
}

/// Whether a text may be an identifier: one word of a condition.
fn is_name(text: &str) -> bool {
    let of_a_name = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    !text.is_empty() && text.chars().count() <= ID && text.chars().all(of_a_name)
}

/// A value of a table and where it stands.
fn find<'t, 'i>(table: &'t Table<'i>, name: &str) -> Option<(Range<usize>, &'t DeValue<'i>)> {
    let (_, value) = table
        .get_ref()
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == name)?;
    Some((value.span(), value.get_ref()))
}

/// The texts under a key in the rows of a name.
fn identifiers(table: &Table<'_>, name: &str, key: &str) -> Vec<(usize, String)> {
    let rows = find(table, name).and_then(|(_, value)| value.as_array());
    let rows = rows.into_iter().flat_map(|rows| rows.iter());
    rows.filter_map(|row| {
        let table = row.get_ref().as_table()?;
        let (_, value) = table
            .iter()
            .find(|(one, _)| one.get_ref().as_ref() == key)?;
        Some((value.span().start, value.get_ref().as_str()?.to_owned()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: &str = include_str!("../../seeds/criteri.toml");

    #[test]
    fn the_set_of_every_installation_has_its_criteria_with_source_and_grade() {
        let set = Criteria::read(SEED).expect("the seeds");
        let ids: Vec<_> = set.criteria.iter().map(|one| one.id.as_str()).collect();
        let wanted: Vec<_> = (1..=24).map(|number| format!("SC-{number:02}")).collect();
        assert_eq!(ids, wanted);
        assert!(set.criteria.iter().all(|one| one.applies.is_some()));
        assert!(set.criteria.iter().all(|one| one.remedy.is_some()));
    }

    #[test]
    fn every_mistake_of_a_set_is_said_at_once_by_line() {
        let text = SEED
            .replace("livello = \"consigliato\"", "livello = \"consigliabile\"")
            .replace(
                "soddisfatto = \"cifratura = si\"",
                "soddisfatto = \"cifratura = sì\"",
            )
            .replace("intervento = \"rilievo\"", "intervento = \"rilievi\"")
            .replace("id = \"SC-24\"", "id = \"SC-23\"")
            .replace("grado = \"C\"", "grade = \"C\"");
        let troubles = Criteria::read(&text).expect_err("troubles");
        let lines: Vec<_> = text.lines().collect();
        for trouble in &troubles {
            let line = lines[trouble.line - 1];
            let named = [
                "consigliabile",
                "cifratura",
                "rilievi",
                "SC-23",
                "grade",
                "[[criterio]]",
            ];
            assert!(
                named.iter().any(|word| line.contains(word)),
                "{trouble:?}: {line}"
            );
        }
        assert_eq!(troubles.len(), 5 + 1 + 1 + 1 + 2, "{troubles:#?}");
    }

    #[test]
    fn identifiers_that_differ_only_by_case_are_one() {
        let text = SEED
            .replace("id = \"SC-24\"", "id = \"sc-01\"")
            .replace("id = \"rilievo\"", "id = \"RETE\"")
            .replace("intervento = \"rilievo\"", "intervento = \"RETE\"");
        let troubles = Criteria::read(&text).expect_err("troubles");
        let line = |start: &str| text.lines().position(|line| line == start).unwrap() + 1;
        for (word, name, first) in [
            ("RETE", "intervento", "rete"),
            ("sc-01", "criterio", "SC-01"),
        ] {
            let at = line(&format!("id = \"{word}\""));
            let told = troubles.iter().find(|one| one.line == at).expect("told");
            let wanted = format!(
                "C’è già un [[{name}]] con id «{first}», alla riga {}",
                line(&format!("id = \"{first}\""))
            );
            assert!(told.message.starts_with(&wanted), "{told:?}");
            assert!(told.message.contains("maiuscole"), "{told:?}");
        }
        assert_eq!(troubles.len(), 2, "{troubles:#?}");
    }

    #[test]
    fn the_example_of_the_manual_can_be_read() {
        let set = Criteria::read(EXAMPLE).expect("the example");
        assert_eq!(set.criteria.len(), 2);
        let names: Vec<_> = set.conditions.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["legge_targhe", "collegato", "@lettore"]);
    }

    fn first(text: &str) -> Trouble {
        let troubles = Criteria::read(text).expect_err("troubles");
        troubles.into_iter().next().expect("a trouble")
    }

    #[test]
    fn a_file_that_is_not_toml_says_where() {
        let trouble = first("versione = \"1\"\ntitolo = \n");
        assert_eq!(trouble.line, 2, "{trouble:?}");
        assert!(trouble.message.contains("manca il valore"), "{trouble:?}");
        for (text, line, words) in [
            ("a = 1\na = 2", 2, "c’è già"),
            ("a = 1\nb = ciao", 2, "virgolette"),
            ("a = 1\r\n\r\nb = \"ciao\r\n", 3, "virgolette"),
            ("\u{feff}a = 1\n[[criterio]", 2, "due parentesi"),
            ("a = 1\n[criterio\n", 2, "parentesi"),
            ("\na\n", 2, "«=»"),
            ("a = [1 2]", 1, "virgolette"),
            ("a = 1 2", 1, "virgolette"),
        ] {
            let troubles = Criteria::read(text).expect_err("troubles");
            let trouble = troubles.iter().find(|one| one.message.contains("TOML"));
            let trouble = trouble.expect("what TOML is not");
            assert_eq!(trouble.line, line, "{text:?}: {trouble:?}");
            assert!(trouble.message.contains(words), "{text:?}: {trouble:?}");
        }
        assert!(Criteria::read("").is_err());
        assert!(Criteria::read(&"#".repeat(LONGEST + 1)).is_err());
        assert!(Criteria::read(&"[".repeat(LONGEST)).is_err());
        // As many errors as letters.
        for one in ["a = ", "=", "a\n", "[\n", "a=[= = "] {
            assert!(Criteria::read(&one.repeat(LONGEST / one.len())).is_err());
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_wherever_it_stands() {
        for (text, wanted) in [
            ("criterio = 3", "«criterio» si scrive con due parentesi"),
            (
                "[criterio]\nid = \"A\"",
                "«criterio» si scrive con due parentesi",
            ),
            ("criterio = [1, \"due\"]", "Qui ci va un [[criterio]]"),
            ("criterio = []", "Qui non c’è alcun [[criterio]]"),
            (
                "intervento = \"x\"",
                "«intervento» si scrive con due parentesi",
            ),
            ("condizioni = 3", "«condizioni» è una tabella"),
            ("[condizioni]\nx = 3", "«x» è un testo"),
            ("[condizioni]\nx.y = \"vpn = si\"", "«x» è un testo"),
            (
                "[condizioni]\n\"due parole\" = \"vpn = si\"",
                "non può essere il nome",
            ),
            ("[condizioni]\nx = \"@y\"", "non ne nomina altre"),
            ("versione = 2026.1", "«versione» è un testo"),
            ("versione = \" \"", "«versione» è vuoto"),
            ("versione = \"a\\u0000b\"", "carattere che non è testo"),
            ("legge_targhe = [\"vpn = si\"]", "«legge_targhe» è un testo"),
            ("versioni = \"1\"", "«versioni» non è una voce"),
            (
                "nota = \"password: Milano2020\"",
                "l’archivio non ne conserva",
            ),
        ] {
            let troubles = Criteria::read(text).expect_err("troubles");
            let said = |one: &Trouble| one.message.contains(wanted);
            assert!(troubles.iter().any(said), "{text}: {troubles:#?}");
        }
        let row = "[[criterio]]\nid = 3\ntesto = []\nlivello = true\narea = 1\noggetto = {}\n\
                   soddisfatto = 1.5\nfonte = 2026-01-01\ngrado = \"Z\"\nsi_applica = 0\n";
        let troubles = Criteria::read(row).expect_err("troubles");
        for line in 2..=10 {
            assert!(
                troubles.iter().any(|one| one.line == line),
                "{line}: {troubles:#?}"
            );
        }
    }

    #[test]
    fn a_wrong_condition_is_said_once_and_on_its_own_line() {
        let text = SEED.replace(
            "comune = \"ente.tipo = comune\"",
            "comune = \"ente.tipo = comun\"",
        );
        let troubles = Criteria::read(&text).expect_err("troubles");
        assert_eq!(troubles.len(), 1, "{troubles:#?}");
        let long = SEED.replace(
            "soddisfatto = \"cifratura = si\"",
            "soddisfatto = \"\"\"\nvpn = si o\ncifratura = sì\"\"\"",
        );
        for text in [long.clone(), long.replace('\n', "\r\n")] {
            let trouble = first(&text);
            let line = text.lines().nth(trouble.line - 1).unwrap_or_default();
            assert!(line.starts_with("cifratura = sì"), "{trouble:?}: {line}");
        }
        let escaped = SEED.replace(
            "soddisfatto = \"cifratura = si\"",
            "soddisfatto = \"\\n\\n\\ncifratura = sì\"",
        );
        let trouble = first(&escaped);
        let line = escaped.lines().nth(trouble.line - 1).unwrap_or_default();
        assert!(line.starts_with("soddisfatto"), "{trouble:?}: {line}");
    }

    #[test]
    fn a_slip_in_the_writing_hides_no_other_mistake() {
        for (slip, at) in [
            ("fonte = \"Nostra proposta", "fonte"),
            ("area \"tecnica\"", "area"),
            ("testo = \"\"\"", "testo"),
            ("[[criterio]", "[[criterio]"),
        ] {
            let mut lines: Vec<String> = SEED.lines().map(str::to_owned).collect();
            let row = lines
                .iter()
                .position(|line| line == "id = \"SC-05\"")
                .unwrap();
            let first = lines
                .iter()
                .position(|line| line.starts_with("comune = "))
                .unwrap();
            let ids = lines
                .iter()
                .position(|line| line == "id = \"SC-11\"")
                .unwrap();
            let rest = |from: usize, start: &str| {
                let within = lines[from..]
                    .iter()
                    .position(|line| line.starts_with(start));
                from + within.unwrap()
            };
            let broken = if at.starts_with('[') {
                row - 1
            } else {
                rest(row, at)
            };
            let last = rest(ids, "soddisfatto");
            lines[broken] = slip.to_owned();
            lines[first] = "comune = \"ente.tipo = comun\"".to_owned();
            lines[last] = "soddisfatto = \"vpn = forse\"".to_owned();
            let troubles = Criteria::read(&lines.join("\n")).expect_err("troubles");
            let said: Vec<_> = troubles.iter().map(|one| one.line - 1).collect();
            assert_eq!(said, [first, broken, last], "{slip}: {troubles:#?}");
            assert!(troubles[0].message.contains("comun"), "{troubles:#?}");
            assert!(troubles[1].message.contains("TOML"), "{troubles:#?}");
            assert!(troubles[2].message.contains("forse"), "{troubles:#?}");
        }
    }

    #[test]
    fn who_names_what_could_not_be_read_is_not_told_that_it_is_not_there() {
        for (good, slip) in [
            (
                "comune = \"ente.tipo = comune\"",
                "comune = \"ente.tipo = comune",
            ),
            ("id = \"rilievo\"", "id = \"rilievo"),
            ("[condizioni]", "[condizioni"),
        ] {
            let text = SEED.replace(good, slip);
            let troubles = Criteria::read(&text).expect_err("troubles");
            assert_eq!(troubles.len(), 1, "{troubles:#?}");
            let line = text.lines().nth(troubles[0].line - 1).unwrap();
            assert!(line.starts_with(slip), "{troubles:#?}");
        }
    }

    #[test]
    fn the_same_set_comes_from_a_file_with_other_ends_of_lines() {
        let windows = format!("\u{feff}{}", SEED.replace('\n', "\r\n"));
        let decoded = Criteria::decode(windows.as_bytes()).expect("text");
        assert_eq!(decoded, SEED);
        assert!(Criteria::read(&windows).is_ok());
        let latin = b"nota = \"uno\"\ntitolo = \"perch\xe9\"\n";
        let troubles = Criteria::decode(latin).expect_err("troubles");
        assert_eq!(troubles[0].line, 2);
        assert!(troubles[0].message.contains("UTF-8"));
    }

    #[test]
    fn whoever_makes_many_mistakes_is_told_of_the_first_and_of_how_many_more() {
        let text = "x = 1\n".repeat(1_000);
        let troubles = Criteria::read(&text).expect_err("troubles");
        assert_eq!(troubles.len(), MOST_SAID + 1);
        assert!(
            troubles[MOST_SAID].message.contains("altri 800 errori"),
            "{troubles:?}"
        );
        let rows = "[[criterio]]\n".repeat(MOST_ROWS + 1);
        let troubles = Criteria::read(&rows).expect_err("troubles");
        assert!(
            troubles
                .iter()
                .any(|one| one.message.contains("al più 300"))
        );
    }

    proptest! {
        #[test]
        fn no_text_whatever_stops_the_reading_of_a_set(text in "(?s).{0,400}") {
            prop_assert!(Criteria::read(&text).is_err());
            let _ = Criteria::decode(text.as_bytes());
        }

        #[test]
        fn a_set_with_a_piece_cut_out_or_put_in_is_read_or_told_by_line(
            at in 0..SEED.len(), len in 0..200_usize, piece in "[\\[\\]\"'=@{}#\n\r\\\\.,a1 ]{0,8}",
        ) {
            let (mut from, mut to) = (at, (at + len).min(SEED.len()));
            while !SEED.is_char_boundary(from) { from -= 1; }
            while !SEED.is_char_boundary(to) { to += 1; }
            let text = format!(
                "{}{piece}{}",
                SEED.get(..from).unwrap_or_default(),
                SEED.get(to..).unwrap_or_default()
            );
            if let Err(troubles) = Criteria::read(&text) {
                let lines = text.matches('\n').count() + 1;
                prop_assert!(!troubles.is_empty());
                prop_assert!(troubles.iter().all(|one| (1..=lines).contains(&one.line)));
            }
        }
    }
}
