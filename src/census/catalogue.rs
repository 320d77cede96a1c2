//! The catalogues: what is known of programs, of their standing towards the national system, and of
//! makes and models.
//!
//! Nothing is claimed without its source and how far that can be trusted; what nobody said is
//! *non noto*. Rows are only ever added: the present entry is the last of its name, and what was
//! known at an instant are the rows recorded until then. A proposed name may be said to mean an
//! entry; the devices keep the name they were given, and [`Products::resolve`] alone knows which
//! entry that is. What a row may say is decided here, in words for whoever typed it.
//! Enforced by the tests below and by `tests/it/catalogue.rs`.

use super::adhesion::{Reader, Wrong};
use super::finding::Finding;
use super::record::Record;
use super::rules;
use super::vocabulary::{Field, Kind, Term, UNKNOWN, fold};
use crate::clock::Instant;
use jiff::civil::Date;
use std::collections::HashMap;
use uuid::Uuid;

/// The longest name of a program, as long as a device may state one, in characters.
const NAME: usize = 120;
/// The longest make, and the longest model, as long as a device may state them, in characters.
const MODEL: usize = 80;
/// The longest of the other texts of one line, in characters.
const LINE: usize = 200;
/// The longest source, in characters.
const SOURCE: usize = 400;

macro_rules! terms {
    ($(#[doc = $doc:literal])+ $name:ident: $($code:literal $label:literal),* $(,)?) => {
        $(#[doc = $doc])+
        pub static $name: &[Term] = &[$(Term { code: $code, label: $label, synonyms: &[] }),*];
    };
}

terms! {
    /// What a program is for.
    KINDS:
    "lettura_targhe" "Lettura targhe",
    "vms" "Gestione video (VMS)",
    "integrazione" "Integrazione di più sistemi",
    "altro" "Altro",
    "non_noto" "Non noto",
}

terms! {
    /// How far a source can be trusted.
    GRADES:
    "A" "A · testo o sito ufficiale",
    "B" "B · stampa o professionisti che riportano un atto",
    "C" "C · affermazione di un fornitore",
    "M" "M · misurato",
    "K" "K · conoscenza generale, non verificata",
    "I" "I · dedotto, o proposta nostra",
}

terms! {
    /// Whether it is documented how well a model reads plates.
    READINGS:
    "si" "Sì",
    "no" "No",
    "non_noto" "Non noto",
}

/// How a program stands towards the national system, from what is worth least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody said.
    #[default]
    Unknown,
    /// It has no connector.
    Absent,
    /// Its supplier says that it has one.
    Claimed,
    /// A document says so.
    Attested,
    /// It was tested with the national centre or a Questura.
    Tested,
    /// It is in service at another body.
    InService,
}

impl Standing {
    /// All of them, from what is worth least.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Absent,
        Self::Claimed,
        Self::Attested,
        Self::Tested,
        Self::InService,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => UNKNOWN,
            Self::Absent => "assente",
            Self::Claimed => "dichiarato",
            Self::Attested => "attestato",
            Self::Tested => "collaudato",
            Self::InService => "in_esercizio",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "Non noto",
            Self::Absent => "Senza connettore SCNTT",
            Self::Claimed => "Dichiarato dal fornitore",
            Self::Attested => "Attestato con documento",
            Self::Tested => "Collaudato con CEN o Questura",
            Self::InService => "In esercizio presso altro ente",
        }
    }

    /// The standing with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether it is about something that happened on a day.
    const fn happened(self) -> bool {
        matches!(self, Self::Attested | Self::Tested | Self::InService)
    }
}

/// A program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// Its name, as devices state it.
    pub name: String,
    /// Who makes it; may be empty.
    pub producer: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// The versions that are known, in words; may be empty.
    pub versions: String,
    /// A note, such as where it was seen; may be empty.
    pub note: String,
}

/// What was recorded of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identifier.
    pub id: Uuid,
    /// The program.
    pub product: Product,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// What somebody says of how a program stands towards the national system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Its identifier.
    pub id: Uuid,
    /// The name of the program.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Who says so, and where; empty only where the standing is not known.
    pub source: String,
    /// One of [`GRADES`]; empty only where the standing is not known.
    pub grade: String,
    /// When it was said or happened, ISO 8601; may be empty.
    pub date: String,
    /// The version that it is about; empty for all.
    pub version: String,
    /// A note; may be empty.
    pub note: String,
    /// The document behind it.
    pub document: Option<Uuid>,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// That a proposed name means an entry of the catalogue, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Its identifier.
    pub id: Uuid,
    /// The proposed name.
    pub name: String,
    /// The name of the entry; nothing when that was taken back.
    pub target: Option<String>,
    /// Why; may be empty.
    pub note: String,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// An entry of the catalogue of software with all that was recorded of it, in that order.
#[derive(Debug, Clone)]
pub struct Known {
    /// What was recorded of the program; the last is the present entry.
    pub entries: Vec<Entry>,
    /// What was said of its standing; the last is the present one.
    pub stated: Vec<Stated>,
    /// The proposed names that mean it now.
    pub merged: Vec<Merge>,
}

impl Known {
    /// The program as it is known.
    ///
    /// # Panics
    /// Never: nothing is known without an entry.
    #[must_use]
    pub fn product(&self) -> &Product {
        let last = self.entries.last();
        &last
            .unwrap_or_else(|| unreachable!("made from an entry"))
            .product
    }

    /// What was said last of its standing.
    #[must_use]
    pub fn present(&self) -> Option<&Stated> {
        self.stated.last()
    }

    /// How it stands: *non noto* when nobody said.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.present().map_or(Standing::Unknown, |one| one.standing)
    }

    /// What was said last of the standing of one version; what is said of all versions counts, what
    /// is said of another does not. An empty version is one that is not known.
    #[must_use]
    pub fn present_for(&self, version: &str) -> Option<&Stated> {
        let version = fold(version);
        let about = |one: &&Stated| one.version.is_empty() || fold(&one.version) == version;
        self.stated.iter().rev().find(about)
    }
}

/// The catalogue of software at an instant.
#[derive(Debug, Clone, Default)]
pub struct Products {
    known: Vec<Known>,
    /// Every name that means an entry, as written and folded.
    spellings: HashMap<String, usize>,
}

impl Products {
    /// The catalogue of these rows, each kind in the order it was recorded.
    #[must_use]
    pub fn of(entries: Vec<Entry>, stated: Vec<Stated>, merges: Vec<Merge>) -> Self {
        let mut products = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        for entry in entries {
            let next = products.known.len();
            let place = *places.entry(entry.product.name.clone()).or_insert(next);
            match products.known.get_mut(place) {
                Some(known) => known.entries.push(entry),
                None => products.known.push(Known {
                    entries: vec![entry],
                    stated: Vec::new(),
                    merged: Vec::new(),
                }),
            }
        }
        for one in stated {
            let place = places.get(&one.name);
            if let Some(known) = place.and_then(|place| products.known.get_mut(*place)) {
                known.stated.push(one);
            }
        }
        products.spell(places.iter().map(|(name, place)| (name.as_str(), *place)));
        let present = present_merges(merges, &places);
        products.spell(
            present
                .iter()
                .map(|(one, place)| (one.name.as_str(), *place)),
        );
        for (merge, place) in present {
            if let Some(known) = products.known.get_mut(place) {
                known.merged.push(merge);
            }
        }
        products
    }

    /// Gives names to entries: exactly as written first, then folded, and never a second meaning.
    fn spell<'a>(&mut self, names: impl Iterator<Item = (&'a str, usize)> + Clone) {
        for (name, place) in names.clone() {
            self.spellings.entry(name.to_owned()).or_insert(place);
        }
        // In the order of the entries, whatever the order of a map.
        let mut folded: Vec<(usize, String)> =
            names.map(|(name, place)| (place, fold(name))).collect();
        folded.sort();
        for (place, name) in folded {
            self.spellings.entry(name).or_insert(place);
        }
    }

    /// The entry that a device means by this name, whatever the case and the accents: its own, or
    /// the one that a proposed name was said to mean. Nothing for a name that is only proposed.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<&Known> {
        let place = match self.spellings.get(name) {
            Some(place) => Some(place),
            None => self.spellings.get(&fold(name)),
        };
        self.known.get(*place?)
    }

    /// The entry of exactly this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Known> {
        self.resolve(name)
            .filter(|known| known.product().name == name)
    }

    /// That exactly this proposed name means an entry, when it does.
    #[must_use]
    pub fn merge_of(&self, name: &str) -> Option<&Merge> {
        let known = self.resolve(name)?;
        known.merged.iter().find(|merge| merge.name == name)
    }

    /// Every entry, in the order in which the first was recorded.
    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.iter()
    }
}

/// The merges that hold, with the place of the entry each means: the last of every name, unless it
/// took the merge back or the name is an entry by now.
fn present_merges(merges: Vec<Merge>, places: &HashMap<String, usize>) -> Vec<(Merge, usize)> {
    let mut last: HashMap<String, usize> = HashMap::new();
    for (at, merge) in merges.iter().enumerate() {
        last.insert(merge.name.clone(), at);
    }
    let holds = |at: usize, merge: &Merge| {
        last.get(&merge.name) == Some(&at) && !places.contains_key(&merge.name)
    };
    let merges = merges.into_iter().enumerate();
    merges
        .filter(|(at, merge)| holds(*at, merge))
        .filter_map(|(_, merge)| {
            let place = *places.get(merge.target.as_ref()?)?;
            Some((merge, place))
        })
        .collect()
}

/// What a model says of the devices that are one: the attributes of which it may be known.
pub const FACTS: [Field; 6] = [
    Field::Forma,
    Field::Ocr,
    Field::IlluminatoreIr,
    Field::RisoluzioneMp,
    Field::PuntiRipresa,
    Field::Angolo,
];

/// What is known of a make and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its identifier.
    pub id: Uuid,
    /// Who makes it.
    pub make: String,
    /// What they call it.
    pub model: String,
    /// What it has, by the attributes of [`FACTS`] in their order, in the canonical spelling; what is
    /// not known is left out.
    pub facts: Vec<(Field, String)>,
    /// Whether it is documented how well it reads plates: one of [`READINGS`].
    pub reading: String,
    /// The class or the test that documents it, such as a class of UNI 10772; may be empty.
    pub reading_class: String,
    /// Who says all this, and where; empty only where nothing is known.
    pub source: String,
    /// One of [`GRADES`]; empty only where nothing is known.
    pub grade: String,
    /// A note; may be empty.
    pub note: String,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

impl Model {
    /// What is known of one attribute, in the canonical spelling; empty when nothing is.
    #[must_use]
    pub fn fact(&self, field: Field) -> &str {
        let fact = self.facts.iter().find(|(one, _)| *one == field);
        fact.map_or("", |(_, value)| value)
    }

    /// Its name, make first.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.make, self.model)
    }
}

/// A fact as people read it, with the decimal comma.
#[must_use]
pub fn fact_words(field: Field, value: &str) -> String {
    field.words(&fact_typed(field, value))
}

/// A fact as people type it, with the decimal comma.
#[must_use]
pub fn fact_typed(field: Field, value: &str) -> String {
    match field.attribute().kind {
        Kind::Decimal(..) => value.replace('.', ","),
        _ => value.to_owned(),
    }
}

/// The catalogue of makes and models at an instant.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// What was recorded of each, in that order.
    known: Vec<Vec<Model>>,
    /// By make and model as written.
    exact: HashMap<String, HashMap<String, usize>>,
    /// By make and model folded.
    folded: HashMap<(String, String), usize>,
}

impl Models {
    /// The catalogue of these rows, in the order they were recorded.
    #[must_use]
    pub fn of(rows: Vec<Model>) -> Self {
        let mut models = Self::default();
        for row in rows {
            let next = models.known.len();
            let key = (fold(&row.make), fold(&row.model));
            let place = *models.folded.entry(key).or_insert(next);
            models
                .exact
                .entry(row.make.clone())
                .or_default()
                .insert(row.model.clone(), place);
            match models.known.get_mut(place) {
                Some(known) => known.push(row),
                None => models.known.push(vec![row]),
            }
        }
        models
    }

    /// What is known of a make and model, whatever the case and the accents.
    #[must_use]
    pub fn resolve(&self, make: &str, model: &str) -> Option<&Model> {
        self.history(make, model).last()
    }

    /// All that was recorded of a make and model, the present entry last; nothing when it is not
    /// known.
    #[must_use]
    pub fn history(&self, make: &str, model: &str) -> &[Model] {
        if self.known.is_empty() {
            return &[];
        }
        let exact = self.exact.get(make).and_then(|models| models.get(model));
        let place = match exact {
            Some(place) => Some(place),
            None => self.folded.get(&(fold(make), fold(model))),
        };
        let known = place.and_then(|place| self.known.get(*place));
        known.map_or(&[], Vec::as_slice)
    }

    /// The present entry of every make and model, in the order in which the first was recorded.
    pub fn iter(&self) -> impl Iterator<Item = &Model> {
        self.known.iter().filter_map(|known| known.last())
    }
}

/// An entry of the software catalogue as typed.
#[derive(Debug, Clone, Default)]
pub struct TypedProduct {
    /// Its name.
    pub name: String,
    /// Who makes it.
    pub producer: String,
    /// What it is for.
    pub kind: String,
    /// Its versions.
    pub versions: String,
    /// A note.
    pub note: String,
}

/// Reads an entry of the software catalogue.
///
/// # Errors
/// Everything that is wrong with it.
pub fn product(typed: &TypedProduct, today: Date) -> Result<Product, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let name = reader.line("nome", &typed.name, NAME);
    if typed.name.trim().is_empty() {
        reader.refuse(
            "nome",
            "Scrivete il nome del programma, come lo chiama chi lo produce.",
        );
    }
    let product = Product {
        name,
        producer: reader.line("produttore", &typed.producer, LINE),
        kind: reader.one(
            "tipo",
            &typed.kind,
            KINDS,
            "Scegliete il tipo; se non lo sapete, «Non noto».",
        ),
        versions: reader.line("versioni", &typed.versions, LINE),
        note: reader.prose("nota", &typed.note),
    };
    reader.done(product)
}

/// The standing of a program as typed.
#[derive(Debug, Clone, Default)]
pub struct TypedStated {
    /// The spelling of the standing.
    pub standing: String,
    /// Who says so, and where.
    pub source: String,
    /// How far that can be trusted.
    pub grade: String,
    /// When.
    pub date: String,
    /// Of which version.
    pub version: String,
    /// A note.
    pub note: String,
}

/// Reads what is said of the standing of a program; `documented` says that a document comes along.
/// The rest of the row is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn stated(
    typed: &TypedStated,
    documented: bool,
    today: Date,
    blank: Stated,
) -> Result<Stated, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let standing = Standing::named(&typed.standing);
    if standing.is_none() {
        reader.refuse(
            "stato",
            "Scegliete uno stato; se non lo sapete, «Non noto».",
        );
    }
    let source = reader.line("fonte", &typed.source, SOURCE);
    let said = standing.is_some_and(|one| one != Standing::Unknown);
    if said && typed.source.trim().is_empty() {
        reader.refuse(
            "fonte",
            "Scrivete chi lo dice e dove: senza fonte lo stato resta «Non noto».",
        );
    }
    let grade = grade(&mut reader, &typed.grade, said);
    let date = reader.date("data", &typed.date, today);
    if standing.is_some_and(Standing::happened) && typed.date.trim().is_empty() {
        reader.refuse(
            "data",
            "Scrivete la data del documento, del collaudo o dell’attivazione.",
        );
    }
    if standing == Some(Standing::Attested) && !documented {
        reader.refuse("documento", "Allegate il documento che lo attesta.");
    }
    let row = Stated {
        standing: standing.unwrap_or_default(),
        source,
        grade,
        date,
        version: reader.line("versione", &typed.version, 60),
        note: reader.prose("nota", &typed.note),
        ..blank
    };
    reader.done(row)
}

/// How far a source can be trusted; wanted where something is said.
fn grade(reader: &mut Reader, typed: &str, said: bool) -> String {
    if typed.is_empty() && !said {
        return String::new();
    }
    reader.one(
        "grado",
        typed,
        GRADES,
        "Scegliete quanto ci si può fidare della fonte.",
    )
}

/// Reads why a name means an entry, or no longer does; the rest of the row is `blank`'s.
///
/// # Errors
/// What is wrong with it.
pub fn merge(note: &str, today: Date, blank: Merge) -> Result<Merge, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let note = reader.prose("nota", note);
    reader.done(Merge { note, ..blank })
}

/// What is known of a model as typed.
#[derive(Debug, Clone, Default)]
pub struct TypedModel {
    /// Who makes it.
    pub make: String,
    /// What they call it.
    pub model: String,
    /// What it has, by the attributes of [`FACTS`] in their order.
    pub facts: [String; FACTS.len()],
    /// Whether it is documented how well it reads plates.
    pub reading: String,
    /// By what.
    pub reading_class: String,
    /// Who says so, and where.
    pub source: String,
    /// How far that can be trusted.
    pub grade: String,
    /// A note.
    pub note: String,
}

/// Reads what is known of a model; the rest of the row is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn model(typed: &TypedModel, today: Date, blank: Model) -> Result<Model, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    for (field, text) in [("marca", &typed.make), ("modello", &typed.model)] {
        if text.trim().is_empty() {
            reader.refuse(field, "Scrivetelo come lo scrivono i dispositivi.");
        }
    }
    let make = reader.line("marca", &typed.make, MODEL);
    let name = reader.line("modello", &typed.model, MODEL);
    let mut facts = Vec::new();
    for (field, text) in FACTS.into_iter().zip(&typed.facts) {
        match fact(field, text, today) {
            Ok(value) if value.is_empty() || value == UNKNOWN => {}
            Ok(value) => facts.push((field, value)),
            Err(findings) => findings
                .into_iter()
                .for_each(|finding| reader.refuse(field.name(), finding.message)),
        }
    }
    let reading = reader.one(
        "lettura_documentata",
        &typed.reading,
        READINGS,
        "Scegliete una risposta; se non lo sapete, «Non noto».",
    );
    let reading_class = reader.line("lettura_classe", &typed.reading_class, LINE);
    if typed.reading == "si" && typed.reading_class.trim().is_empty() {
        reader.refuse(
            "lettura_classe",
            "Scrivete che cosa la documenta: la classe UNI 10772, oppure la prova in campo.",
        );
    }
    let said = !facts.is_empty() || matches!(typed.reading.as_str(), "si" | "no");
    let source = reader.line("fonte", &typed.source, SOURCE);
    if said && typed.source.trim().is_empty() {
        reader.refuse(
            "fonte",
            "Scrivete da dove viene quello che indicate: scheda tecnica, prova…",
        );
    }
    let row = Model {
        make,
        model: name,
        facts,
        reading,
        reading_class,
        source,
        grade: grade(&mut reader, &typed.grade, said),
        note: reader.prose("nota", &typed.note),
        ..blank
    };
    reader.done(row)
}

/// The value of an attribute in the canonical spelling, read as a device's is; empty for none.
fn fact(field: Field, text: &str, today: Date) -> Result<String, Vec<Finding>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let mut record = Record::default();
    record.set(field, rules::value_of(field, text, today)?);
    Ok(record.plain(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 3, 2);

    fn entry(at: Instant, name: &str) -> Entry {
        Entry {
            id: Uuid::nil(),
            product: Product {
                name: name.to_owned(),
                kind: UNKNOWN.to_owned(),
                ..Product::default()
            },
            author: "autrice".to_owned(),
            recorded_at: at,
        }
    }

    fn blank(name: &str) -> Stated {
        Stated {
            id: Uuid::nil(),
            name: name.to_owned(),
            standing: Standing::Unknown,
            source: String::new(),
            grade: String::new(),
            date: String::new(),
            version: String::new(),
            note: String::new(),
            document: None,
            author: "autrice".to_owned(),
            recorded_at: 0,
        }
    }

    fn said(standing: Standing, version: &str) -> Stated {
        Stated {
            standing,
            version: version.to_owned(),
            ..blank("Uno")
        }
    }

    fn merged(name: &str, target: Option<&str>) -> Merge {
        Merge {
            id: Uuid::nil(),
            name: name.to_owned(),
            target: target.map(str::to_owned),
            note: String::new(),
            author: "autrice".to_owned(),
            recorded_at: 0,
        }
    }

    fn means(products: &Products, name: &str) -> Option<String> {
        let known = products.resolve(name)?;
        Some(known.product().name.clone())
    }

    #[test]
    fn a_name_means_its_entry_whatever_the_case_and_a_proposed_one_none() {
        let products = Products::of(vec![entry(1, "Milestone XProtect")], vec![], vec![]);
        let whole = Some("Milestone XProtect".to_owned());
        assert_eq!(means(&products, "Milestone XProtect"), whole);
        assert_eq!(means(&products, "milestone  XPROTECT"), whole);
        assert_eq!(means(&products, "XProtect"), None);
        assert!(products.named("milestone xprotect").is_none());
    }

    #[test]
    fn a_merge_gives_a_name_a_meaning_until_it_is_taken_back() {
        let entries = || vec![entry(1, "Uno"), entry(1, "Due")];
        let of = |merges| Products::of(entries(), vec![], merges);
        let uno = merged("Úno bis", Some("Uno"));
        let products = of(vec![uno.clone()]);
        assert_eq!(means(&products, "UNO-BIS").as_deref(), Some("Uno"));
        assert!(products.merge_of("Úno bis").is_some());
        assert!(products.merge_of("Uno").is_none());
        let products = of(vec![uno.clone(), merged("Úno bis", None)]);
        assert_eq!(means(&products, "Úno bis"), None);
        let products = of(vec![uno.clone(), merged("Úno bis", Some("Due"))]);
        assert_eq!(means(&products, "Úno bis").as_deref(), Some("Due"));
        // What became an entry of its own means itself.
        let products = Products::of(
            vec![entry(1, "Uno"), entry(2, "Úno bis")],
            vec![],
            vec![uno],
        );
        assert_eq!(means(&products, "Úno bis").as_deref(), Some("Úno bis"));
    }

    #[test]
    fn the_present_standing_is_the_last_and_of_a_version_what_is_about_it() {
        let of = |stated| Products::of(vec![entry(1, "Uno")], stated, vec![]);
        let standing = |products: &Products| products.resolve("uno").map(Known::standing);
        assert_eq!(standing(&of(vec![])), Some(Standing::Unknown));
        let products = of(vec![
            said(Standing::Claimed, ""),
            said(Standing::Tested, "5.2"),
        ]);
        assert_eq!(standing(&products), Some(Standing::Tested));
        let known = products.resolve("Uno").unwrap();
        let of_version = |version| known.present_for(version).map(|one| one.standing);
        assert_eq!(of_version("5.2"), Some(Standing::Tested));
        assert_eq!(of_version("4"), Some(Standing::Claimed));
        assert_eq!(of_version(""), Some(Standing::Claimed));
        assert!(Standing::InService > Standing::Tested && Standing::Absent > Standing::Unknown);
    }

    fn fields<T>(read: Result<T, Vec<Wrong>>) -> Vec<&'static str> {
        let wrong = read.err().unwrap_or_default();
        wrong.into_iter().map(|one| one.field).collect()
    }

    #[test]
    fn no_standing_without_source_and_grade() {
        let typed = |standing: &str| TypedStated {
            standing: standing.to_owned(),
            ..TypedStated::default()
        };
        let read = |typed: &TypedStated, documented| {
            fields(stated(typed, documented, TODAY, blank("Uno")))
        };
        assert!(read(&typed("non_noto"), false).is_empty());
        assert_eq!(read(&typed("boh"), false), ["stato"]);
        assert_eq!(read(&typed("dichiarato"), false), ["fonte", "grado"]);
        let all = ["fonte", "grado", "data", "documento"];
        assert_eq!(read(&typed("attestato"), false), all);
        let whole = TypedStated {
            source: "il fornitore, su example.org/scntt".to_owned(),
            grade: "C".to_owned(),
            date: "1/2/2026".to_owned(),
            ..typed("attestato")
        };
        assert!(read(&whole, true).is_empty());
        let secret = TypedStated {
            source: "rtsp://admin:segreta@10.0.0.1/".to_owned(),
            date: "1/2/2027".to_owned(),
            ..whole
        };
        assert_eq!(read(&secret, true), ["fonte", "data"]);
    }

    fn blank_model() -> Model {
        Model {
            id: Uuid::nil(),
            make: String::new(),
            model: String::new(),
            facts: Vec::new(),
            reading: String::new(),
            reading_class: String::new(),
            source: String::new(),
            grade: String::new(),
            note: String::new(),
            author: "autrice".to_owned(),
            recorded_at: 0,
        }
    }

    fn typed_model(facts: [&str; FACTS.len()]) -> TypedModel {
        TypedModel {
            make: "Tattile".to_owned(),
            model: "Vega".to_owned(),
            facts: facts.map(str::to_owned),
            reading: "non_noto".to_owned(),
            ..TypedModel::default()
        }
    }

    #[test]
    fn facts_are_values_of_the_attribute_table_with_a_source() {
        let read = |typed: &TypedModel| model(typed, TODAY, blank_model());
        let mut typed = typed_model(["bullet", "a bordo", "", "5,5", "1", "tanto"]);
        assert_eq!(fields(read(&typed)), ["angolo", "fonte", "grado"]);
        typed.facts[5] = "non_noto".to_owned();
        typed.source = "scheda tecnica".to_owned();
        typed.grade = "C".to_owned();
        let known = read(&typed).unwrap();
        assert_eq!(known.fact(Field::Ocr), "a_bordo");
        assert_eq!(known.fact(Field::RisoluzioneMp), "5.5");
        assert_eq!(fact_words(Field::RisoluzioneMp, "5.5"), "5,5");
        assert_eq!(known.fact(Field::Angolo), "");
        typed.reading = "si".to_owned();
        typed.facts[0] = "boh".to_owned();
        assert_eq!(fields(read(&typed)), ["forma", "lettura_classe"]);
        assert!(read(&typed_model([""; 6])).is_ok());
    }

    #[test]
    fn a_model_is_found_whatever_the_case_and_the_last_row_counts() {
        let row = |make: &str, source: &str| Model {
            make: make.to_owned(),
            model: "Vega".to_owned(),
            source: source.to_owned(),
            ..blank_model()
        };
        let models = Models::of(vec![row("Tattile", "prima"), row("TATTILE", "poi")]);
        let source = |make: &str, model: &str| {
            let known = models.resolve(make, model);
            known.map(|known| known.source.as_str())
        };
        assert_eq!(source("Tattile", "Vega"), Some("poi"));
        assert_eq!(source("tattile", "VEGA"), Some("poi"));
        assert_eq!(source("Tattile", "Altro"), None);
        assert_eq!(models.history("tattile", "vega").len(), 2);
        assert_eq!(models.iter().count(), 1);
    }
}
