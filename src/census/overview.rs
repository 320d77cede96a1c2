//! Verdicts counted: by outcome, by criterion, by body, by software, by lot; and what is not known.
//!
//! Devices pass by one at a time and none is kept, so that the whole census is counted in the memory
//! of its bodies. Enforced by the tests below and by `tests/it/verdicts.rs`.

use super::criterion::{Criteria, Level};
use super::fact::{Fact, Facts, Whom};
use super::intervention::Spellings;
use super::lot;
use super::record::Record;
use super::verdict::{Answer, Outcome, Verdict, lacking, worst};
use super::vocabulary::Field;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many devices came to each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

impl Outcomes {
    /// Counts a device.
    pub fn add(&mut self, outcome: Outcome) {
        if let Some(number) = self.0.get_mut(outcome as usize) {
            *number += 1;
        }
    }

    /// How many came to this outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(outcome as usize).copied().unwrap_or_default()
    }

    /// How many devices there are.
    #[must_use]
    pub fn devices(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many of them a verdict applies to.
    #[must_use]
    pub fn readers(&self) -> u64 {
        self.devices() - self.of(Outcome::Beside)
    }

    /// The outcome of all of them together.
    #[must_use]
    pub fn worst(&self) -> Outcome {
        worst(Outcome::ALL.into_iter().filter(|one| self.of(*one) > 0))
    }
}

/// How many devices got each answer to a criterion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers([u64; Answer::ALL.len()]);

impl Answers {
    /// Counts an answer.
    pub fn add(&mut self, answer: Answer) {
        if let Some(number) = self.0.get_mut(answer as usize) {
            *number += 1;
        }
    }

    /// How many devices got this answer.
    #[must_use]
    pub fn of(&self, answer: Answer) -> u64 {
        self.0.get(answer as usize).copied().unwrap_or_default()
    }
}

/// Outcomes by a text that devices have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouped(HashMap<String, Outcomes>);

impl Grouped {
    /// Counts a device.
    pub fn add(&mut self, key: &str, outcome: Outcome) {
        if let Some(counts) = self.0.get_mut(key) {
            counts.add(outcome);
            return;
        }
        self.0.entry(key.to_owned()).or_default().add(outcome);
    }

    /// The texts with their counts, in the order of the texts.
    #[must_use]
    pub fn rows(&self) -> Vec<(&str, Outcomes)> {
        let mut rows: Vec<_> = self.0.iter().map(|(key, one)| (&**key, *one)).collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows
    }
}

/// The verdicts on a census, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// All devices.
    pub all: Outcomes,
    /// Those of which it is not known whether they read plates.
    pub unsure: u64,
    /// By the code of the body.
    pub bodies: Grouped,
    /// By the name of the software; empty for none.
    pub software: Grouped,
    /// For each criterion of the set, in its order.
    pub criteria: Vec<Answers>,
    spellings: Spellings,
    /// By the place of the lot among the spellings.
    lots: Vec<Outcomes>,
}

impl Overview {
    /// Nothing counted yet, of a set of criteria and the lots of a division.
    #[must_use]
    pub fn of<'n>(criteria: &Criteria, lots: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            criteria: vec![Answers::default(); criteria.criteria.len()],
            spellings: Spellings::of(lots),
            ..Self::default()
        }
    }

    /// Counts a device, that belongs to this lot of the tender; empty for none.
    pub fn add(&mut self, record: &Record, verdict: &Verdict, lot: &str) {
        let outcome = verdict.outcome;
        self.all.add(outcome);
        self.unsure += u64::from(outcome != Outcome::Beside && !verdict.reads);
        self.bodies.add(record.text(Field::Ente), outcome);
        self.software.add(record.text(Field::Software), outcome);
        let place = self.spellings.place(lot);
        if self.lots.len() <= place {
            self.lots.resize(place + 1, Outcomes::default());
        }
        if let Some(counts) = self.lots.get_mut(place) {
            counts.add(outcome);
        }
        for (counts, answer) in self.criteria.iter_mut().zip(&verdict.answers) {
            counts.add(*answer);
        }
    }

    /// The lots that have devices, in the order of lots; the empty name stands for none.
    #[must_use]
    pub fn lots(&self) -> Vec<(&str, Outcomes)> {
        let names = self.spellings.names().iter().map(String::as_str);
        let mut rows: Vec<_> = names.zip(self.lots.iter().copied()).collect();
        rows.retain(|(_, counts)| counts.devices() > 0);
        rows.sort_by(|left, right| lot::order(left.0, right.0));
        rows
    }
}

/// Something that is not known of several devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lack {
    /// Of how many devices.
    pub devices: u64,
    /// The criteria that it keeps from having an answer, by their place in the set.
    pub criteria: BTreeSet<usize>,
}

/// What is not known, by whom to ask, what it is about and which fact.
///
/// What is asked of a body is by the body's code, of a maker by the name of the software or of the
/// make and model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacks {
    rows: HashMap<Whom, HashMap<String, BTreeMap<Fact, Lack>>>,
}

impl Lacks {
    /// Counts what is not known of a device.
    pub fn add(&mut self, record: &Record, lacks: &BTreeMap<Fact, BTreeSet<usize>>) {
        for (fact, criteria) in lacks {
            let Some(asked) = fact.asked() else {
                continue;
            };
            let subject = subject(*fact, asked.whom, record);
            let of_whom = self.rows.entry(asked.whom).or_default();
            if !of_whom.contains_key(&*subject) {
                of_whom.insert(subject.clone().into_owned(), BTreeMap::new());
            }
            if let Some(facts) = of_whom.get_mut(&*subject) {
                let lack = facts.entry(*fact).or_default();
                lack.devices += 1;
                lack.criteria.extend(criteria);
            }
        }
    }

    /// What is to be asked of somebody, by what it is about in the order of the texts.
    #[must_use]
    pub fn of(&self, whom: Whom) -> Vec<(&str, &BTreeMap<Fact, Lack>)> {
        let mut rows: Vec<_> = self
            .rows
            .get(&whom)
            .into_iter()
            .flatten()
            .map(|(subject, facts)| (&**subject, facts))
            .collect();
        rows.sort_unstable_by_key(|(subject, _)| *subject);
        rows
    }

    /// Whether nothing is to be asked of anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What a fact to ask is about: the body, or for what others know the software or the model.
fn subject(fact: Fact, whom: Whom, record: &Record) -> std::borrow::Cow<'_, str> {
    match (whom, fact) {
        (_, Fact::ModelReading) => {
            let (make, model) = (record.text(Field::Marca), record.text(Field::Modello));
            format!("{make} {model}").trim().to_owned().into()
        }
        (Whom::Maker | Whom::Coordinator, Fact::BodyKind | Fact::Today) | (Whom::Body, _) => {
            record.text(Field::Ente).into()
        }
        (Whom::Maker | Whom::Coordinator, _) => record.text(Field::Software).into(),
    }
}

/// The facts that are to be asked of a device, each with the criteria, by their place in the set,
/// that wait for it; of all levels or of one.
///
/// Of a device that is connected already, or that the criteria are not about, nothing is asked: no
/// answer would change what is said of it.
#[must_use]
pub fn to_ask(
    criteria: &Criteria,
    facts: &Facts<'_>,
    verdict: &Verdict,
    level: Option<Level>,
) -> BTreeMap<Fact, BTreeSet<usize>> {
    let mut asked: BTreeMap<Fact, BTreeSet<usize>> = BTreeMap::new();
    if matches!(verdict.outcome, Outcome::Connected | Outcome::Beside) {
        return asked;
    }
    let each = criteria.criteria.iter().zip(&verdict.answers).enumerate();
    for (place, (criterion, answer)) in each {
        if *answer == Answer::Unknown && level.is_none_or(|level| level == criterion.level) {
            for fact in lacking(criterion, facts) {
                asked.entry(fact).or_default().insert(place);
            }
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::Value;
    use crate::census::verdict::judge;

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
    fn every_device_is_counted_once_in_each_way() {
        let seed = seed();
        let mut overview = Overview::of(&seed, ["3 bis"]);
        let reader = [
            (Field::Ente, "a"),
            (Field::Funzione, "lettura_targhe"),
            (Field::Stato, "in_esercizio"),
        ];
        let denied = [reader[0], reader[1], reader[2], (Field::Ocr, "nessuna")];
        let camera = [(Field::Ente, "b"), (Field::Funzione, "contesto")];
        for values in [&reader[..], &denied, &camera] {
            let record = of(values);
            let lot = match record.text(Field::Ente) {
                "a" if record.text(Field::Ocr).is_empty() => "Lotto 3BIS",
                "a" => "3 bis",
                _ => "",
            };
            overview.add(&record, &judge(&seed, &facts(&record)), lot);
        }
        assert_eq!((overview.all.devices(), overview.all.readers()), (3, 2));
        assert_eq!(overview.all.of(Outcome::Uncertain), 1);
        assert_eq!(overview.all.worst(), Outcome::Incompatible);
        let lots = overview.lots().into_iter();
        let lots: Vec<_> = lots.map(|(name, one)| (name, one.devices())).collect();
        assert_eq!(lots, [("3 bis", 2), ("", 1)]);
        for grouped in [&overview.bodies, &overview.software] {
            let devices: u64 = grouped.rows().iter().map(|(_, one)| one.devices()).sum();
            assert_eq!(devices, 3);
        }
        let bodies: Vec<_> = overview.bodies.rows();
        assert_eq!(bodies[0].0, "a");
        assert_eq!(bodies[1].1.worst(), Outcome::Beside);
        for answers in &overview.criteria {
            let devices: u64 = Answer::ALL.iter().map(|one| answers.of(*one)).sum();
            assert_eq!(devices, 3);
        }
        assert_eq!(overview.criteria[0].of(Answer::Unmet), 1);
    }

    #[test]
    fn what_is_asked_is_what_is_not_known_of_whom_and_for_which_criteria() {
        let seed = seed();
        let record = of(&[
            (Field::Ente, "a"),
            (Field::Funzione, "lettura_targhe"),
            (Field::Stato, "in_esercizio"),
            (Field::Software, "Programma"),
        ]);
        let facts = facts(&record);
        let verdict = judge(&seed, &facts);
        let asked = to_ask(&seed, &facts, &verdict, Some(Level::Necessary));
        let names = |fact| -> Vec<&str> {
            let places = asked.get(&fact).into_iter().flatten();
            places.map(|at| &*seed.criteria[*at].id).collect()
        };
        assert_eq!(names(Fact::Device(Field::Ocr)), ["SC-01"]);
        assert_eq!(names(Fact::ProductStanding), ["SC-10"]);
        assert!(names(Fact::Device(Field::IlluminatoreIr)).is_empty());
        let all = to_ask(&seed, &facts, &verdict, None);
        assert!(all.contains_key(&Fact::Device(Field::IlluminatoreIr)));
        let mut lacks = Lacks::default();
        lacks.add(&record, &asked);
        lacks.add(&record, &asked);
        let makers = lacks.of(Whom::Maker);
        assert_eq!(makers.len(), 1);
        assert_eq!(makers[0].0, "Programma");
        assert_eq!(makers[0].1[&Fact::ProductStanding].devices, 2);
        assert_eq!(lacks.of(Whom::Body)[0].0, "a");
    }

    #[test]
    fn nothing_is_asked_of_what_is_connected_or_reads_no_plates() {
        let seed = seed();
        let values = [
            (Field::Funzione, "lettura_targhe"),
            (Field::Stato, "in_esercizio"),
            (Field::StatoScntt, "collegato"),
        ];
        let camera = [(Field::Funzione, "contesto"), values[1]];
        for values in [&values[..], &camera] {
            let record = of(values);
            let verdict = judge(&seed, &facts(&record));
            assert!(to_ask(&seed, &facts(&record), &verdict, None).is_empty());
        }
    }
}
