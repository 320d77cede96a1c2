//! What the criteria say of a device: one pure function, the same for page, file and report.
//!
//! An answer that is not known never counts as met. Of a site and of a body the outcome is the worst
//! of their devices, those to which it does not apply left out. Enforced by the tests below and by
//! `tests/it/compatibility.rs`; the speed by `benches/verdict.rs`.

use super::criterion::{Area, Criteria, Criterion, Level};
use super::fact::{Fact, Facts, Given};
use super::vocabulary::Field;
use std::collections::BTreeSet;

/// What a criterion says of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// It is met.
    Met,
    /// It is not met.
    Unmet,
    /// What decides it is not known.
    Unknown,
    /// It is not asked of this device.
    Beside,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Met, Self::Unmet, Self::Unknown, Self::Beside];

    /// The spelling in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "soddisfatto",
            Self::Unmet => "non_soddisfatto",
            Self::Unknown => "non_noto",
            Self::Beside => "non_applicabile",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Met => "Soddisfatto",
            Self::Unmet => "Non soddisfatto",
            Self::Unknown => "Non noto",
            Self::Beside => "Non applicabile",
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Met => "La condizione «soddisfatto» è vera.",
            Self::Unmet => "La condizione «soddisfatto» è falsa.",
            Self::Unknown => {
                "Mancano i dati che decidono, oppure è vera la condizione «non_noto»: non vale mai \
                 come un sì."
            }
            Self::Beside => "La condizione «si_applica» è falsa: al dispositivo non si chiede.",
        }
    }
}

/// How an outcome comes from the answers: the first line that is true decides.
pub const PRECEDENCE: &[(&str, Outcome)] = &[
    (
        "«riguarda» è falsa, oppure «legge_targhe» è falsa",
        Outcome::Beside,
    ),
    (
        "non è noto se il dispositivo legge targhe",
        Outcome::Uncertain,
    ),
    ("«collegato» è vera", Outcome::Connected),
    (
        "un criterio necessario di area tecnica non è soddisfatto",
        Outcome::Incompatible,
    ),
    (
        "di un criterio necessario la risposta non è nota",
        Outcome::Uncertain,
    ),
    (
        "un criterio necessario di un’altra area non è soddisfatto",
        Outcome::Adaptable,
    ),
    (
        "tutti i criteri necessari sono soddisfatti, o non si applicano",
        Outcome::Compatible,
    ),
];

/// What all criteria together say of a device, a site or a body; the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It is connected already.
    Connected,
    /// Everything necessary is met.
    Compatible,
    /// What is missing can be mended around the device.
    Adaptable,
    /// Something necessary is not known.
    Uncertain,
    /// Something technical and necessary is not met.
    Incompatible,
    /// It reads no plates, or is no longer there.
    Beside,
}

impl Outcome {
    /// All of them, the better first.
    pub const ALL: [Self; 6] = [
        Self::Connected,
        Self::Compatible,
        Self::Adaptable,
        Self::Uncertain,
        Self::Incompatible,
        Self::Beside,
    ];

    /// The spelling in files and addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "collegato",
            Self::Compatible => "compatibile",
            Self::Adaptable => "compatibile_con_adeguamenti",
            Self::Uncertain => "da_verificare",
            Self::Incompatible => "non_compatibile",
            Self::Beside => "non_applicabile",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connected => "Collegato",
            Self::Compatible => "Compatibile",
            Self::Adaptable => "Compatibile con adeguamenti",
            Self::Uncertain => "Da verificare",
            Self::Incompatible => "Non compatibile",
            Self::Beside => "Non applicabile",
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Connected => "L’ente dichiara il dispositivo già collegato a SCNTT.",
            Self::Compatible => "Tutti i criteri necessari sono soddisfatti.",
            Self::Adaptable => {
                "I criteri tecnici necessari sono soddisfatti; ne manca almeno uno di rete, \
                 amministrativo, di privacy o di gestione."
            }
            Self::Uncertain => {
                "Nessun criterio tecnico necessario è contraddetto, ma di almeno uno necessario \
                 mancano i dati."
            }
            Self::Incompatible => "Almeno un criterio tecnico necessario non è soddisfatto.",
            Self::Beside => {
                "Il dispositivo non legge targhe, oppure è dismesso: il collegamento non lo \
                 riguarda."
            }
        }
    }

    /// The outcome with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What a set of criteria says of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether it is known that the device reads plates.
    pub reads: bool,
    /// One answer for each criterion of the set, in its order.
    pub answers: Vec<Answer>,
}

/// Judges a device.
#[must_use]
pub fn judge(criteria: &Criteria, facts: &Facts<'_>) -> Verdict {
    let concerned = criteria
        .concerns
        .as_ref()
        .is_none_or(|concerns| concerns.holds(facts) != Some(false));
    let answers: Vec<Answer> = criteria
        .criteria
        .iter()
        .map(|criterion| {
            if concerned {
                answer(criterion, facts)
            } else {
                Answer::Beside
            }
        })
        .collect();
    let reads = criteria.readers.holds(facts);
    let outcome = match reads {
        Some(false) => Outcome::Beside,
        _ if !concerned => Outcome::Beside,
        None => Outcome::Uncertain,
        Some(true) => outcome(criteria, facts, &answers),
    };
    Verdict {
        outcome,
        reads: reads == Some(true),
        answers,
    }
}

/// What one criterion says of a device that the set concerns.
#[must_use]
pub fn answer(criterion: &Criterion, facts: &Facts<'_>) -> Answer {
    let holds = |condition: &Option<_>| {
        let condition: Option<&super::condition::Condition> = condition.as_ref();
        condition.map(|condition| condition.holds(facts))
    };
    match holds(&criterion.applies) {
        Some(Some(false)) => return Answer::Beside,
        Some(None) => return Answer::Unknown,
        _ => {}
    }
    if holds(&criterion.unknown) == Some(Some(true)) {
        return Answer::Unknown;
    }
    match criterion.met.holds(facts) {
        Some(true) => Answer::Met,
        Some(false) => Answer::Unmet,
        None => Answer::Unknown,
    }
}

/// The outcome of what reads plates and is concerned.
fn outcome(criteria: &Criteria, facts: &Facts<'_>, answers: &[Answer]) -> Outcome {
    if criteria.connected.holds(facts) == Some(true) {
        return Outcome::Connected;
    }
    let necessary = || {
        criteria
            .criteria
            .iter()
            .zip(answers)
            .filter(|(criterion, _)| criterion.level == Level::Necessary)
    };
    let unmet = |(_, answer): &(&Criterion, &Answer)| **answer == Answer::Unmet;
    if necessary()
        .filter(unmet)
        .any(|(criterion, _)| criterion.area == Area::Technical)
    {
        Outcome::Incompatible
    } else if necessary().any(|(_, answer)| *answer == Answer::Unknown) {
        Outcome::Uncertain
    } else if necessary().any(|one| unmet(&one)) {
        Outcome::Adaptable
    } else {
        Outcome::Compatible
    }
}

/// The outcome of what has several devices: the worst, those left out to which it does not apply;
/// not applicable when there are no others.
#[must_use]
pub fn worst(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    outcomes
        .into_iter()
        .filter(|outcome| *outcome != Outcome::Beside)
        .max()
        .unwrap_or(Outcome::Beside)
}

/// The facts that would settle a criterion whose answer is not known. Of a site, a software or a
/// model that the device does not name, what has to be asked is which it is.
#[must_use]
pub fn lacking(criterion: &Criterion, facts: &Facts<'_>) -> BTreeSet<Fact> {
    let mut lacking = BTreeSet::new();
    if answer(criterion, facts) != Answer::Unknown {
        return lacking;
    }
    if let Some(applies) = &criterion.applies {
        applies.lacks(facts, &mut lacking);
    }
    criterion.met.lacks(facts, &mut lacking);
    if let Some(unknown) = &criterion.unknown
        && unknown.holds(facts) == Some(true)
    {
        unknown.asks(&mut lacking);
    }
    lacking
        .into_iter()
        .map(|fact| to_ask(fact, facts))
        .collect()
}

/// What has to be asked so that a fact becomes known.
fn to_ask(fact: Fact, facts: &Facts<'_>) -> Fact {
    let unnamed = |field| facts.given(Fact::Device(field)) == Given::Unknown;
    match fact {
        Fact::SiteKind | Fact::SiteContext if facts.site.is_none() && unnamed(Field::Sito) => {
            Fact::Device(Field::Sito)
        }
        Fact::ProductState | Fact::ProductKind | Fact::ProductStanding
            if facts.product.is_none() && unnamed(Field::Software) =>
        {
            Fact::Device(Field::Software)
        }
        Fact::ModelReading if unnamed(Field::Modello) => Fact::Device(Field::Modello),
        _ => fact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::{Record, Value};

    fn seed() -> Criteria {
        Criteria::read(include_str!("../../seeds/criteri.toml")).expect("the seeds")
    }

    fn of(values: &[(Field, &str)]) -> Record {
        let mut record = Record::default();
        for (field, value) in values {
            record.set(*field, Some(Value::Text((*value).to_owned())));
        }
        record
    }

    fn facts(record: &Record) -> Facts<'_> {
        Facts {
            record,
            site: None,
            body: None,
            product: None,
            model_reading: "",
            today: "2026-11-23",
        }
    }

    #[test]
    fn a_camera_that_reads_no_plates_is_beside_and_not_incompatible() {
        let record = of(&[
            (Field::Funzione, "osservazione"),
            (Field::Stato, "in_esercizio"),
            (Field::Ocr, "nessuna"),
        ]);
        let verdict = judge(&seed(), &facts(&record));
        assert_eq!(verdict.outcome, Outcome::Beside);
        assert_eq!(verdict.answers.first(), Some(&Answer::Beside));
    }

    #[test]
    fn what_is_not_known_is_to_be_verified_until_something_technical_is_denied() {
        let known = [
            (Field::Funzione, "lettura_targhe"),
            (Field::Stato, "in_esercizio"),
        ];
        assert_eq!(
            judge(&seed(), &facts(&of(&known))).outcome,
            Outcome::Uncertain
        );
        let denied = [known[0], known[1], (Field::Ocr, "nessuna")];
        assert_eq!(
            judge(&seed(), &facts(&of(&denied))).outcome,
            Outcome::Incompatible
        );
        let connected = [
            denied[0],
            denied[1],
            denied[2],
            (Field::StatoScntt, "collegato"),
        ];
        assert_eq!(
            judge(&seed(), &facts(&of(&connected))).outcome,
            Outcome::Connected
        );
    }

    #[test]
    fn a_body_is_as_good_as_the_worst_of_its_readers() {
        use Outcome::{Adaptable, Beside, Compatible, Connected, Incompatible, Uncertain};
        assert_eq!(worst([Connected, Compatible, Beside]), Compatible);
        assert_eq!(worst([Adaptable, Uncertain, Incompatible]), Incompatible);
        assert_eq!(worst([Adaptable, Uncertain]), Uncertain);
        assert_eq!(worst([Beside, Beside]), Beside);
        assert_eq!(worst([]), Beside);
    }

    #[test]
    fn what_a_supplier_alone_says_is_not_known_and_is_what_has_to_be_asked() {
        let seed = seed();
        let criterion = seed
            .criteria
            .iter()
            .find(|one| one.id == "SC-10")
            .expect("SC-10");
        let record = of(&[
            (Field::Funzione, "lettura_targhe"),
            (Field::Stato, "in_esercizio"),
        ]);
        let product = crate::census::fact::AboutProduct {
            known: true,
            kind: "lettura_targhe",
            standing: crate::census::catalogue::Standing::Claimed,
        };
        let facts = Facts {
            product: Some(product),
            ..facts(&record)
        };
        assert_eq!(answer(criterion, &facts), Answer::Unknown);
        assert_eq!(
            lacking(criterion, &facts),
            BTreeSet::from([Fact::ProductStanding])
        );
    }

    #[test]
    fn of_what_the_device_does_not_name_what_is_asked_is_which_it_is() {
        let seed = seed();
        let all: BTreeSet<Fact> = {
            let record = of(&[
                (Field::Funzione, "lettura_targhe"),
                (Field::Stato, "in_esercizio"),
            ]);
            let facts = facts(&record);
            let each = seed.criteria.iter();
            each.flat_map(|one| lacking(one, &facts)).collect()
        };
        for named in [Field::Sito, Field::Software, Field::Modello] {
            assert!(all.contains(&Fact::Device(named)), "{named:?}");
        }
        for behind in [Fact::SiteKind, Fact::ProductState, Fact::ModelReading] {
            assert!(!all.contains(&behind), "{behind:?}");
        }
    }
}
