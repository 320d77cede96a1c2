//! What criteria may ask: the attributes of a device, and what is known of its site, its body, its
//! software and its model.
//!
//! One table, [`FACTS`], with the name that conditions use, the words, the values and whom to ask
//! when it is not known. Enforced by the tests below and by `docs/criteria.md`, made from it.

use super::adhesion::{self, ActKind, Stage};
use super::catalogue::{self, Standing};
use super::record::{Record, Value};
use super::site;
use super::vocabulary::{ATTRIBUTES, Field, Kind, Term, UNKNOWN};
use std::sync::LazyLock;

/// Something that a criterion may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// An attribute of the device.
    Device(Field),
    /// What kind of site it stands at.
    SiteKind,
    /// Whether a context camera in service stands at the same site.
    SiteContext,
    /// What kind of body it belongs to.
    BodyKind,
    /// How far the body has come.
    Adhesion,
    /// The pact.
    Pact,
    /// The date of the pact.
    PactDate,
    /// Whether the pact names plate readers.
    PactReaders,
    /// Whether the pact lists number and places.
    PactPlaces,
    /// The approval of the provincial committee.
    Approval,
    /// The date of that approval.
    ApprovalDate,
    /// The protocol for the national system.
    Protocol,
    /// The date of that protocol.
    ProtocolDate,
    /// The assessment of the impact on data protection.
    Assessment,
    /// The date of the first assessment: a later one that brings it up to date does not take its
    /// place.
    AssessmentDate,
    /// The regulation.
    Regulation,
    /// The server at the Questura.
    Server,
    /// Whether the metropolitan fibre reaches the body's seat.
    Fibre,
    /// Whether the software is in the catalogue, or only a name somebody wrote.
    ProductState,
    /// What the software is for.
    ProductKind,
    /// The standing of the software towards the national system.
    ProductStanding,
    /// Whether the model's performance in reading plates is documented.
    ModelReading,
    /// The day of which the verdict is.
    Today,
}

/// Who can say what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whom {
    /// The body that owns the device.
    Body,
    /// Who makes the software or the device.
    Maker,
    /// Who coordinates the census.
    Coordinator,
}

impl Whom {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Body, Self::Maker, Self::Coordinator];

    /// The spelling in addresses and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "ente",
            Self::Maker => "produttore",
            Self::Coordinator => "coordinatore",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Body => "Il referente dell’ente",
            Self::Maker => "Il produttore o il fornitore",
            Self::Coordinator => "Chi coordina il censimento",
        }
    }
}

/// A fact as people and conditions know it.
#[derive(Debug)]
pub struct Asked {
    /// The same, as a value.
    pub fact: Fact,
    /// How conditions spell it.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Who can say it.
    pub whom: Whom,
}

static STAGES: LazyLock<Vec<Term>> = LazyLock::new(|| {
    let stages = Stage::ALL.map(|stage| word(stage.name(), stage.label()));
    let none = word(NO_STAGE, "Nessun passo registrato");
    stages.into_iter().chain([none]).collect()
});

/// How a body that has taken no step is spelled.
const NO_STAGE: &str = "nessuna";

static STANDINGS: LazyLock<Vec<Term>> = LazyLock::new(|| {
    let standings = Standing::ALL.map(|standing| word(standing.name(), standing.label()));
    standings.into()
});

static BODIES: &[Term] = &[
    word("comune", "Comune"),
    word("coordinatore", "Ente coordinatore"),
    word("unione", "Unione di Comuni"),
    word("societa", "Società"),
    word("concessionario", "Concessionario"),
    word("altro", "Altro ente"),
];

static PRODUCT_STATES: &[Term] = &[
    word("catalogo", "Nel catalogo"),
    word("proposta", "Solo un nome, da riconoscere"),
];

const fn word(code: &'static str, label: &'static str) -> Term {
    Term {
        code,
        label,
        synonyms: &[],
    }
}

/// Every fact, devices' attributes first, in the order of [`ATTRIBUTES`].
pub static FACTS: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let device = ATTRIBUTES.iter().map(|attribute| Asked {
        fact: Fact::Device(attribute.field),
        name: attribute.name,
        label: attribute.label,
        kind: attribute.kind,
        whom: Whom::Body,
    });
    let act = ActKind::states;
    let yes_no = Kind::One(adhesion::answers());
    let body = |fact, name, label, kind| Asked {
        fact,
        name,
        label,
        kind,
        whom: Whom::Body,
    };
    let maker = |fact, name, label, kind| Asked {
        whom: Whom::Maker,
        ..body(fact, name, label, kind)
    };
    let coordinator = |fact, name, label, kind| Asked {
        whom: Whom::Coordinator,
        ..body(fact, name, label, kind)
    };
    device
        .chain([
            body(
                Fact::SiteKind,
                "sito.tipo",
                "Tipo di sito",
                Kind::One(&site::KINDS),
            ),
            body(
                Fact::SiteContext,
                "sito.contesto",
                "Telecamera di contesto allo stesso sito",
                yes_no,
            ),
            coordinator(
                Fact::BodyKind,
                "ente.tipo",
                "Tipo di ente",
                Kind::One(BODIES),
            ),
            body(
                Fact::Adhesion,
                "ente.adesione",
                "Adesione dell’ente",
                Kind::One(&STAGES),
            ),
            body(
                Fact::Pact,
                "ente.patto",
                "Patto per la sicurezza urbana",
                Kind::One(act(ActKind::Pact)),
            ),
            body(
                Fact::PactDate,
                "ente.patto.data",
                "Data del patto",
                Kind::Date,
            ),
            body(
                Fact::PactReaders,
                "ente.patto.targhe",
                "Il patto prevede la lettura targhe",
                yes_no,
            ),
            body(
                Fact::PactPlaces,
                "ente.patto.elenco",
                "Il patto elenca numero e collocazione",
                yes_no,
            ),
            body(
                Fact::Approval,
                "ente.cposp",
                "Approvazione del CPOSP",
                Kind::One(act(ActKind::Approval)),
            ),
            body(
                Fact::ApprovalDate,
                "ente.cposp.data",
                "Data dell’approvazione del CPOSP",
                Kind::Date,
            ),
            body(
                Fact::Protocol,
                "ente.protocollo",
                "Protocollo per SCNTT",
                Kind::One(act(ActKind::Protocol)),
            ),
            body(
                Fact::ProtocolDate,
                "ente.protocollo.data",
                "Data del protocollo per SCNTT",
                Kind::Date,
            ),
            body(
                Fact::Assessment,
                "ente.dpia",
                "DPIA",
                Kind::One(act(ActKind::Assessment)),
            ),
            body(
                Fact::AssessmentDate,
                "ente.dpia.data",
                "Data della prima DPIA",
                Kind::Date,
            ),
            body(
                Fact::Regulation,
                "ente.regolamento",
                "Regolamento",
                Kind::One(act(ActKind::Regulation)),
            ),
            body(
                Fact::Server,
                "ente.server",
                "Server alla Questura",
                Kind::One(act(ActKind::Server)),
            ),
            body(
                Fact::Fibre,
                "ente.fibra",
                "Fibra metropolitana alla sede",
                Kind::One(adhesion::fibres()),
            ),
            coordinator(
                Fact::ProductState,
                "software.voce",
                "Il software è nel catalogo",
                Kind::One(PRODUCT_STATES),
            ),
            coordinator(
                Fact::ProductKind,
                "software.tipo",
                "Tipo di software",
                Kind::One(catalogue::KINDS),
            ),
            maker(
                Fact::ProductStanding,
                "software.scntt",
                "Posizione del software verso SCNTT",
                Kind::One(&STANDINGS),
            ),
            maker(
                Fact::ModelReading,
                "modello.lettura",
                "Prestazione di lettura documentata",
                yes_no,
            ),
            coordinator(Fact::Today, "oggi", "Giorno dell’esito", Kind::Date),
        ])
        .collect()
});

impl Fact {
    /// What is known of the fact itself.
    #[must_use]
    pub fn asked(self) -> Option<&'static Asked> {
        FACTS.iter().find(|asked| asked.fact == self)
    }

    /// The fact that conditions spell like this.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Asked> {
        FACTS.iter().find(|asked| asked.name == name)
    }

    /// What people read beside it.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.asked().map_or("", |asked| asked.label)
    }
}

impl Asked {
    /// A value of this fact as people read it; an unknown one is «Non noto».
    #[must_use]
    pub fn words(&self, given: Given<'_>) -> String {
        match given {
            Given::Unknown => "Non noto".to_owned(),
            Given::Number(number) => number.to_string().replace('.', ","),
            Given::Text(text) => match (self.fact, self.kind) {
                (_, Kind::Date) => text.split('-').rev().collect::<Vec<_>>().join("/"),
                (Fact::Device(field), _) => field.words(text),
                (_, Kind::One(terms)) => terms
                    .iter()
                    .find(|term| term.code == text)
                    .map_or(text, |term| term.label)
                    .to_owned(),
                _ => text.to_owned(),
            },
        }
    }
}

/// What is known of a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Given<'a> {
    /// Nothing: it was not said, or «non noto» was said.
    Unknown,
    /// A text: words, codes separated by commas, a date as ISO 8601.
    Text(&'a str),
    /// A number, in the unit of the attribute.
    Number(f64),
}

impl<'a> Given<'a> {
    /// A text that may be empty or say that it is not known.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        if text.is_empty() || text == UNKNOWN {
            Self::Unknown
        } else {
            Self::Text(text)
        }
    }
}

/// What is known of a site besides what its devices say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AboutSite {
    /// `varco` or `postazione`.
    pub kind: String,
    /// Whether a context camera in service stands there.
    pub context: bool,
}

/// An act as far as criteria ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AboutAct {
    /// One of the states of its kind.
    pub state: String,
    /// ISO 8601; may be empty.
    pub date: String,
}

/// What is known of a body besides what its devices say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AboutBody {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// How far it has come.
    pub stage: Option<Stage>,
    /// Its acts in the order of [`ActKind::ALL`].
    pub acts: [AboutAct; ActKind::ALL.len()],
    /// Whether the pact names plate readers; may be empty.
    pub names_readers: String,
    /// Whether the pact lists number and places; may be empty.
    pub lists_places: String,
    /// Whether the metropolitan fibre reaches its seat; may be empty.
    pub fibre: String,
}

impl AboutBody {
    fn act(&self, kind: ActKind) -> Option<&AboutAct> {
        let place = ActKind::ALL.iter().position(|one| *one == kind)?;
        self.acts.get(place)
    }

    fn state(&self, kind: ActKind) -> Given<'_> {
        self.act(kind)
            .map_or(Given::Unknown, |act| Given::text(&act.state))
    }

    fn date(&self, kind: ActKind) -> Given<'_> {
        self.act(kind)
            .map_or(Given::Unknown, |act| Given::text(&act.date))
    }
}

/// What is known of a software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboutProduct<'a> {
    /// Whether the catalogue has it; otherwise it is only a name that somebody wrote.
    pub known: bool,
    /// One of [`catalogue::KINDS`]; empty when the catalogue does not have it.
    pub kind: &'a str,
    /// How it stands towards the national system.
    pub standing: Standing,
}

/// Everything that criteria may ask of one device on one day.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the device says.
    pub record: &'a Record,
    /// Its site, if it has one.
    pub site: Option<&'a AboutSite>,
    /// Its body.
    pub body: Option<&'a AboutBody>,
    /// Its software, if it names one.
    pub product: Option<AboutProduct<'a>>,
    /// Whether the model's reading is documented: `si`, `no`, or empty.
    pub model_reading: &'a str,
    /// The day, ISO 8601.
    pub today: &'a str,
}

impl<'a> Facts<'a> {
    /// What is known of a fact.
    #[must_use]
    pub fn given(&self, fact: Fact) -> Given<'a> {
        match fact {
            Fact::Device(field) => self.device(field),
            Fact::SiteKind | Fact::SiteContext => self.of_site(fact),
            Fact::ProductState | Fact::ProductKind | Fact::ProductStanding => self.of_product(fact),
            Fact::ModelReading => Given::text(self.model_reading),
            Fact::Today => Given::text(self.today),
            _ => self.body.map_or(Given::Unknown, |body| of_body(body, fact)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of the record are small"
    )]
    fn device(&self, field: Field) -> Given<'a> {
        match self.record.get(field) {
            None => Given::Unknown,
            Some(Value::Text(text)) => Given::text(text),
            Some(Value::Integer(number)) => Given::Number(*number as f64),
            Some(Value::Decimal(number)) => Given::Number(*number),
        }
    }

    fn of_site(&self, fact: Fact) -> Given<'a> {
        let Some(site) = self.site else {
            return Given::Unknown;
        };
        match fact {
            Fact::SiteContext if site.context => Given::Text("si"),
            Fact::SiteContext => Given::Text("no"),
            _ => Given::text(&site.kind),
        }
    }

    fn of_product(&self, fact: Fact) -> Given<'a> {
        let Some(product) = self.product else {
            return Given::Unknown;
        };
        Given::text(match fact {
            Fact::ProductState if product.known => "catalogo",
            Fact::ProductState => "proposta",
            Fact::ProductKind => product.kind,
            _ => product.standing.name(),
        })
    }
}

fn of_body(body: &AboutBody, fact: Fact) -> Given<'_> {
    match fact {
        Fact::BodyKind => Given::text(&body.kind),
        Fact::Adhesion => Given::Text(body.stage.map_or(NO_STAGE, Stage::name)),
        Fact::Pact => body.state(ActKind::Pact),
        Fact::PactDate => body.date(ActKind::Pact),
        Fact::PactReaders => Given::text(&body.names_readers),
        Fact::PactPlaces => Given::text(&body.lists_places),
        Fact::Approval => body.state(ActKind::Approval),
        Fact::ApprovalDate => body.date(ActKind::Approval),
        Fact::Protocol => body.state(ActKind::Protocol),
        Fact::ProtocolDate => body.date(ActKind::Protocol),
        Fact::Assessment => body.state(ActKind::Assessment),
        Fact::AssessmentDate => body.date(ActKind::Assessment),
        Fact::Regulation => body.state(ActKind::Regulation),
        Fact::Server => body.state(ActKind::Server),
        Fact::Fibre => Given::text(&body.fibre),
        _ => Given::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_fact_has_a_name_and_words_of_its_own() {
        let names: HashSet<_> = FACTS.iter().map(|asked| asked.name).collect();
        assert_eq!(names.len(), FACTS.len());
        for asked in FACTS.iter() {
            assert!(!asked.label.is_empty(), "{}", asked.name);
            assert_eq!(
                Fact::named(asked.name).map(|one| one.fact),
                Some(asked.fact)
            );
        }
    }

    #[test]
    fn what_is_not_known_is_said_so_whatever_the_way_it_was_left_out() {
        assert_eq!(Given::text(""), Given::Unknown);
        assert_eq!(Given::text(UNKNOWN), Given::Unknown);
        let record = Record::default();
        let facts = Facts {
            record: &record,
            site: None,
            body: None,
            product: None,
            model_reading: "",
            today: "2026-11-23",
        };
        for asked in FACTS.iter().filter(|asked| asked.fact != Fact::Today) {
            assert_eq!(facts.given(asked.fact), Given::Unknown, "{}", asked.name);
        }
    }
}
