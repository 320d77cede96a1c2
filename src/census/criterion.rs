//! Criteria of compatibility: data, not code.
//!
//! A set is a TOML text that whoever coordinates loads and puts in force; the first one is
//! `seeds/criteri.toml`, which also shows how one is written. It is read whole or not at all, and
//! everything that is wrong is said at once with the line it is on. The Ministry's specification is
//! not public: each criterion has a source and how sure it is. Enforced by the tests below and by
//! `tests/it/compatibility.rs`.

use super::condition::{Condition, Names};
use super::fact::Fact;
use std::collections::{BTreeSet, HashSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest set, in bytes.
pub const LONGEST: usize = 512 * 1024;

/// The longest single text in it, in characters.
const TEXT: usize = 600;

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
    Unit {
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
    pub about: Unit,
    /// Which devices it is asked of; all when there is none.
    pub applies: Option<Condition>,
    /// When it is met.
    pub met: Condition,
    /// When the answer is not known although the values are.
    pub unknown: Option<Condition>,
    /// The condition as written, for people.
    pub condition: String,
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
    pub unit: Unit,
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
    /// Reads a set; everything that is wrong is said at once, by line.
    pub fn read(text: &str) -> Result<Self, Vec<Trouble>> {
        if text.len() > LONGEST {
            let message = format!("Il file è troppo grande: al più {} KB.", LONGEST / 1024);
            return Err(vec![Trouble { line: 1, message }]);
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reading = Reading {
            text,
            troubles: Vec::new(),
        };
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            reading.say(
                at,
                format!("Il file non è TOML ben scritto: {}.", error.message()),
            );
        }
        let read = reading.troubles.is_empty().then(|| reading.set(&table));
        reading.troubles.sort();
        reading.troubles.dedup();
        match read.flatten() {
            Some(criteria) if reading.troubles.is_empty() => Ok(criteria),
            _ => Err(reading.troubles),
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

struct Reading<'a> {
    text: &'a str,
    troubles: Vec<Trouble>,
}

type Table<'a> = Spanned<DeTable<'a>>;

impl Reading<'_> {
    fn say(&mut self, at: usize, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        self.troubles.push(Trouble {
            line: before.matches('\n').count() + 1,
            message: message.into(),
        });
    }

    fn set(&mut self, table: &Table<'_>) -> Option<Criteria> {
        let known = [
            "versione",
            "titolo",
            "nota",
            "riguarda",
            "legge_targhe",
            "collegato",
            "condizioni",
            "intervento",
            "criterio",
        ];
        self.only(table, &known, "l’insieme");
        let names = self.names(table);
        let remedies = self.rows(table, "intervento", |reading, row| reading.remedy(row));
        let criteria = self.rows(table, "criterio", |reading, row| {
            reading.criterion(row, &names)
        });
        self.twice(table, "intervento");
        self.twice(table, "criterio");
        self.unheard(table, &remedies);
        if criteria.is_empty() && self.troubles.is_empty() {
            self.say(0, "Nel file non c’è alcun [[criterio]].");
        }
        let concerns = self.condition(table, "riguarda", &names);
        let readers = self.wanted_condition(table, "legge_targhe", &names);
        let connected = self.wanted_condition(table, "collegato", &names);
        Some(Criteria {
            version: self.wanted(table, "versione")?,
            title: self.wanted(table, "titolo")?,
            note: self.wanted(table, "nota")?,
            concerns,
            readers: readers?,
            connected: connected?,
            criteria,
            remedies,
        })
    }

    /// The named conditions, which name no others.
    fn names(&mut self, table: &Table<'_>) -> Names {
        let mut names = Names::new();
        let Some((at, value)) = find(table, "condizioni") else {
            return names;
        };
        let Some(rows) = value.as_table() else {
            self.say(at, "«condizioni» è una tabella: [condizioni].");
            return names;
        };
        for (name, value) in rows {
            let text = value.get_ref().as_str().unwrap_or_default();
            if let Some(condition) = self.parse(text, value.span().start, &Names::new()) {
                names.insert(name.get_ref().to_string(), condition);
            }
        }
        names
    }

    fn rows<T>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        mut read: impl FnMut(&mut Self, &Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some((at, value)) = find(table, name) else {
            return Vec::new();
        };
        let Some(rows) = value.as_array() else {
            self.say(
                at,
                format!("«{name}» si scrive con due parentesi: [[{name}]]."),
            );
            return Vec::new();
        };
        let mut read_rows = Vec::new();
        for row in rows.iter() {
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
        self.only(row, &["id", "nome", "unita"], "un [[intervento]]");
        let id = self.wanted(row, "id");
        let name = self.wanted(row, "nome");
        let unit = self.one_of(
            row,
            "unita",
            Unit::named,
            Unit::ALL.iter().map(|one| one.name()),
        );
        Some(Remedy {
            id: id?,
            name: name?,
            unit: unit?,
        })
    }

    fn criterion(&mut self, row: &Table<'_>, names: &Names) -> Option<Criterion> {
        let known = [
            "id",
            "testo",
            "livello",
            "area",
            "oggetto",
            "si_applica",
            "soddisfatto",
            "non_noto",
            "intervento",
            "fonte",
            "grado",
        ];
        self.only(row, &known, "un [[criterio]]");
        let id = self.wanted(row, "id");
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
            Unit::named,
            Unit::ALL.iter().map(|one| one.name()),
        );
        let grade = self.one_of(
            row,
            "grado",
            Grade::named,
            Grade::ALL.iter().map(|one| one.name()),
        );
        let source = self.wanted(row, "fonte");
        let applies = self.condition(row, "si_applica", names);
        let unknown = self.condition(row, "non_noto", names);
        let condition = self.text_of(row, "soddisfatto").map(|(_, text)| text);
        let met = self.wanted_condition(row, "soddisfatto", names);
        let remedy = self.text_of(row, "intervento").map(|(_, text)| text);
        Some(Criterion {
            id: id?,
            text: text?,
            level: level?,
            area: area?,
            about: about?,
            applies,
            met: met?,
            unknown,
            condition: condition?,
            remedy,
            source: source?,
            grade: grade?,
        })
    }

    /// Names what is not known.
    fn only(&mut self, table: &Table<'_>, known: &[&str], of: &str) {
        for (key, _) in table.get_ref() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let message = format!(
                    "«{name}» non è una voce di {of}: sono {}.",
                    known.join(", ")
                );
                self.say(key.span().start, message);
            }
        }
    }

    /// Two rows with one identifier.
    fn twice(&mut self, table: &Table<'_>, name: &str) {
        let mut seen = HashSet::new();
        for (at, id) in identifiers(table, name, "id") {
            if !seen.insert(id.clone()) {
                self.say(at, format!("C’è già un [[{name}]] con id «{id}»."));
            }
        }
    }

    /// Criteria that name an intervention that is not there.
    fn unheard(&mut self, table: &Table<'_>, remedies: &[Remedy]) {
        for (at, id) in identifiers(table, "criterio", "intervento") {
            if remedies.iter().all(|remedy| remedy.id != id) {
                self.say(at, format!("Non c’è un [[intervento]] con id «{id}»."));
            }
        }
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
            let at = find(table, name).map_or(0, |(at, _)| at);
            let all: Vec<_> = all.collect();
            let message = format!("«{text}» non vale per «{name}»: {}.", all.join(", "));
            self.say(at, message);
        }
        found
    }

    fn wanted(&mut self, table: &Table<'_>, name: &str) -> Option<String> {
        match find(table, name) {
            None => {
                self.say(table.span().start, format!("Manca «{name}»."));
                None
            }
            Some((at, _)) => {
                let (_, text) = self.text_of(table, name)?;
                if text.trim().is_empty() {
                    self.say(at, format!("«{name}» è vuoto."));
                    return None;
                }
                Some(text)
            }
        }
    }

    /// A text and where it begins.
    fn text_of(&mut self, table: &Table<'_>, name: &str) -> Option<(usize, String)> {
        let (at, value) = find(table, name)?;
        let Some(text) = value.as_str() else {
            self.say(at, format!("«{name}» è un testo, tra virgolette."));
            return None;
        };
        if text.chars().count() > TEXT {
            self.say(
                at,
                format!("«{name}» è troppo lungo: al più {TEXT} caratteri."),
            );
            return None;
        }
        Some((at, text.to_owned()))
    }

    fn wanted_condition(
        &mut self,
        table: &Table<'_>,
        name: &str,
        names: &Names,
    ) -> Option<Condition> {
        self.wanted(table, name)?;
        self.condition(table, name, names)
    }

    fn condition(&mut self, table: &Table<'_>, name: &str, names: &Names) -> Option<Condition> {
        let (at, text) = self.text_of(table, name)?;
        self.parse(&text, at, names)
    }

    fn parse(&mut self, text: &str, at: usize, names: &Names) -> Option<Condition> {
        match Condition::read(text, names) {
            Ok(condition) => Some(condition),
            Err(faults) => {
                for fault in faults {
                    // A condition on several lines: the line within it.
                    let within = text.get(..fault.at).unwrap_or(text);
                    let lines = within.matches('\n').count();
                    let line_start = self.text.get(at..).unwrap_or_default();
                    let skipped: usize = line_start
                        .split_inclusive('\n')
                        .take(lines)
                        .map(str::len)
                        .sum();
                    self.say(at + skipped, fault.message);
                }
                None
            }
        }
    }
}

/// A value of a table and where it begins.
fn find<'t, 'i>(table: &'t Table<'i>, name: &str) -> Option<(usize, &'t DeValue<'i>)> {
    let (_, value) = table
        .get_ref()
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == name)?;
    Some((value.span().start, value.get_ref()))
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
    fn a_file_that_is_not_toml_says_where() {
        let troubles = Criteria::read("versione = \"1\"\ntitolo = \n").expect_err("troubles");
        assert_eq!(troubles[0].line, 2, "{troubles:?}");
        assert!(Criteria::read("").is_err());
        assert!(Criteria::read(&"#".repeat(LONGEST + 1)).is_err());
    }
}
