//! How much of each intervention is needed: quantities from criteria that are not met.
//!
//! A quantity counts units, not devices: one server at the Questura is not one for each camera.
//! *Certain* are the units of which a criterion is not met, *possible* those and the units of which
//! one is not known. What may read no plates at all is counted apart, and needs nothing before that is
//! known. A unit wider than a device whose devices are in several lots counts in one, that
//! of most of its devices and of equals the first, so that lots add up. Nothing depends on the order
//! of the devices. Enforced by the tests below and by `tests/it/tender.rs`.

use super::adhesion::Stage;
use super::criterion::{Criteria, Level, Subject};
use super::fact::AboutBody;
use super::lot;
use super::record::Record;
use super::verdict::{Answer, Outcome, Verdict};
use super::vocabulary::{Field, fold};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Which devices and criteria an estimate is made for, besides what a filter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only devices in service.
    pub in_service: bool,
    /// Only devices of bodies that signed the protocol and did not leave.
    pub adherents: bool,
    /// Criteria that are only advised too.
    pub advised: bool,
}

impl Selection {
    /// The names of the parameters of an address, in the order of the fields.
    pub const PARAMETERS: [&str; 3] = ["solo_in_esercizio", "solo_aderenti", "consigliati"];

    /// What is chosen, in the order of [`Self::PARAMETERS`].
    #[must_use]
    pub const fn chosen(self) -> [bool; 3] {
        [self.in_service, self.adherents, self.advised]
    }

    /// What people read, in the order of [`Self::PARAMETERS`].
    pub const LABELS: [&str; 3] = [
        "Solo lettori in esercizio",
        "Solo enti con il protocollo firmato",
        "Anche i criteri consigliati",
    ];

    /// Whether a device is looked at.
    #[must_use]
    pub fn takes(self, record: &Record, body: Option<&AboutBody>) -> bool {
        let signed = || body.is_some_and(|body| body.stage == Some(Stage::Signed));
        (!self.in_service || record.text(Field::Stato) == "in_esercizio")
            && (!self.adherents || signed())
    }

    /// Whether a criterion of this level asks for interventions.
    #[must_use]
    pub const fn asks(self, level: Level) -> bool {
        match level {
            Level::Necessary => true,
            Level::Advised => self.advised,
            Level::Informative => false,
        }
    }
}

/// One judged device.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The device.
    pub device: Uuid,
    /// What it says: body and site.
    pub record: &'a Record,
    /// Its software, as the catalogue calls it where it is known there; may be empty.
    pub software: &'a str,
    /// Make and model, likewise.
    pub model: (&'a str, &'a str),
    /// What the criteria say of it.
    pub verdict: &'a Verdict,
    /// Its lot as spelled; empty when it has none.
    pub lot: &'a str,
}

/// How many devices a criterion speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Those of which it is not met.
    pub unmet: u64,
    /// Those of which it is not known.
    pub unknown: u64,
}

/// How much of an intervention a lot needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The lot, by its place in [`Demanded::lots`].
    pub lot: usize,
    /// The intervention, by its place in [`Criteria::remedies`].
    pub remedy: usize,
    /// Units of which a criterion is not met.
    pub certain: u64,
    /// Units of which a criterion is not met or not known.
    pub possible: u64,
    /// Devices of which a criterion is not met.
    pub certain_devices: u64,
    /// Devices of which a criterion is not met or not known.
    pub devices: u64,
    /// The criteria behind it, by their place in [`Criteria::criteria`].
    pub criteria: BTreeMap<usize, Spoken>,
}

/// A device behind a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The device.
    pub device: Uuid,
    /// What tells its unit from others of the same intervention.
    pub unit: String,
    /// The lot in which its unit counts, by its place in [`Demanded::lots`].
    pub lot: usize,
    /// Whether a criterion is not met of the device itself.
    pub certain: bool,
    /// The criteria that are not met, by their place.
    pub unmet: Vec<usize>,
    /// The criteria that are not known, by their place.
    pub unknown: Vec<usize>,
}

/// What is needed of a census.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demanded {
    /// The lots in their order; the empty name stands for devices without a lot.
    pub lots: Vec<String>,
    /// The quantities, by lot and intervention.
    pub rows: Vec<Quantity>,
    /// The devices that were counted.
    pub counted: u64,
    /// Devices that are connected already, which need nothing.
    pub connected: u64,
    /// Devices to which no criterion applies.
    pub beside: u64,
    /// Devices of which it is not known whether they read plates, which need nothing before it is.
    pub unsure: u64,
    /// The devices behind one intervention, when it was watched; by lot, unit and device.
    pub behind: Vec<Behind>,
}

impl Demanded {
    /// The quantities of all lots together, by intervention: certain and possible.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<usize, (u64, u64)> {
        let mut totals: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for row in &self.rows {
            let total = totals.entry(row.remedy).or_default();
            total.0 += row.certain;
            total.1 += row.possible;
        }
        totals
    }
}

/// Adds up judged devices one at a time.
#[derive(Debug)]
pub struct Demand<'c> {
    criteria: &'c Criteria,
    /// The criteria that ask for something: their place and that of the intervention.
    asking: Vec<(usize, usize)>,
    /// The units that the interventions asked for are counted by, devices apart.
    kinds: Vec<Subject>,
    watched: Option<usize>,
    lots: Spellings,
    units: HashMap<(Subject, String), usize>,
    /// Of each unit how many devices are in which lot.
    shares: Vec<BTreeMap<usize, u64>>,
    alone: HashMap<(usize, usize), Tally>,
    shared: HashMap<(usize, usize), Tally>,
    behind: Vec<(Behind, Option<usize>)>,
    counted: u64,
    connected: u64,
    beside: u64,
    unsure: u64,
}

/// What was counted of an intervention in a lot, or of one of its units.
#[derive(Debug, Default)]
struct Tally {
    certain: u64,
    devices: u64,
    criteria: BTreeMap<usize, Spoken>,
}

/// Lots by their key, each as a division spells it, or with the first of its spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spellings {
    places: HashMap<String, usize>,
    names: Vec<String>,
    /// How many of the names are those of a division.
    settled: usize,
}

impl Spellings {
    /// The lots of a division, which keep their spelling.
    #[must_use]
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut lots = Self::default();
        for name in names {
            lots.place(name);
        }
        lots.settled = lots.names.len();
        lots
    }

    /// The name of a lot that was given a place; as it is when it was not.
    #[must_use]
    pub fn spelled<'n>(&'n self, name: &'n str) -> &'n str {
        let place = self.places.get(&lot::key(name));
        let known = place.and_then(|place| self.names.get(*place));
        known.map_or(name, String::as_str)
    }

    /// The names, each at its place.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a lot, however it is spelled.
    pub fn place(&mut self, name: &str) -> usize {
        let place = *self
            .places
            .entry(lot::key(name))
            .or_insert(self.names.len());
        match self.names.get_mut(place) {
            None => self.names.push(name.to_owned()),
            Some(known) if place >= self.settled && name < known.as_str() => {
                name.clone_into(known);
            }
            Some(_) => {}
        }
        place
    }
}

impl<'c> Demand<'c> {
    /// Nothing yet, for criteria and a selection of them. Of one intervention, by its place, the
    /// devices behind can be watched.
    #[must_use]
    pub fn new(criteria: &'c Criteria, selection: Selection, watched: Option<usize>) -> Self {
        let asking: Vec<(usize, usize)> = criteria
            .criteria
            .iter()
            .enumerate()
            .filter(|(_, criterion)| selection.asks(criterion.level))
            .filter_map(|(place, criterion)| {
                let id = criterion.remedy.as_deref()?;
                let remedy = criteria.remedies.iter().position(|one| one.id == id)?;
                Some((place, remedy))
            })
            .collect();
        let mut kinds: Vec<Subject> = asking
            .iter()
            .filter_map(|(_, remedy)| criteria.remedies.get(*remedy))
            .map(|remedy| remedy.unit)
            .filter(|unit| *unit != Subject::Device)
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self {
            criteria,
            asking,
            kinds,
            watched,
            lots: Spellings::default(),
            units: HashMap::new(),
            shares: Vec::new(),
            alone: HashMap::new(),
            shared: HashMap::new(),
            behind: Vec::new(),
            counted: 0,
            connected: 0,
            beside: 0,
            unsure: 0,
        }
    }

    /// The same with the lots of a division: they are there even when they need nothing, and keep
    /// their spelling.
    #[must_use]
    pub fn with_lots<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        self.lots = Spellings::of(names);
        self
    }

    /// Adds a device, and says whether it is behind the intervention that is watched.
    pub fn add(&mut self, case: Case<'_>) -> bool {
        match case.verdict.outcome {
            Outcome::Beside => {
                self.beside += 1;
                return false;
            }
            Outcome::Connected => {
                self.connected += 1;
                return false;
            }
            _ if !case.verdict.reads => {
                self.unsure += 1;
                return false;
            }
            _ => self.counted += 1,
        }
        let lot = self.lots.place(case.lot);
        let units: Vec<(Subject, usize)> = self
            .kinds
            .clone()
            .into_iter()
            .map(|kind| (kind, self.unit(kind, case, lot)))
            .collect();
        let needs = self.needs(case.verdict);
        let mut watched = false;
        for (remedy, need) in needs {
            let kind = self.criteria.remedies.get(remedy).map(|one| one.unit);
            let unit = units.iter().find(|(own, _)| Some(*own) == kind);
            let unit = unit.map(|(_, unit)| *unit);
            let tally = match unit {
                None => self.alone.entry((remedy, lot)).or_default(),
                Some(unit) => self.shared.entry((remedy, unit)).or_default(),
            };
            tally.devices += 1;
            tally.certain += u64::from(!need.unmet.is_empty());
            for place in &need.unmet {
                tally.criteria.entry(*place).or_default().unmet += 1;
            }
            for place in &need.unknown {
                tally.criteria.entry(*place).or_default().unknown += 1;
            }
            if self.watched == Some(remedy) {
                watched = true;
                let behind = Behind {
                    device: case.device,
                    unit: identity(kind.unwrap_or(Subject::Device), case),
                    lot,
                    certain: !need.unmet.is_empty(),
                    unmet: need.unmet,
                    unknown: need.unknown,
                };
                self.behind.push((behind, unit));
            }
        }
        watched
    }

    /// What the criteria that ask say of a device, by intervention.
    fn needs(&self, verdict: &Verdict) -> BTreeMap<usize, Need> {
        let mut needs: BTreeMap<usize, Need> = BTreeMap::new();
        for (place, remedy) in &self.asking {
            match verdict.answers.get(*place) {
                Some(Answer::Unmet) => needs.entry(*remedy).or_default().unmet.push(*place),
                Some(Answer::Unknown) => needs.entry(*remedy).or_default().unknown.push(*place),
                _ => {}
            }
        }
        needs
    }

    /// The place of the unit that a device belongs to, with the device among those of its lot.
    fn unit(&mut self, kind: Subject, case: Case<'_>, lot: usize) -> usize {
        let next = self.units.len();
        let unit = *self
            .units
            .entry((kind, identity(kind, case)))
            .or_insert(next);
        if unit == next {
            self.shares.push(BTreeMap::new());
        }
        if let Some(share) = self.shares.get_mut(unit) {
            *share.entry(lot).or_default() += 1;
        }
        unit
    }

    /// What all devices together need.
    #[must_use]
    pub fn finish(self) -> Demanded {
        let mut order: Vec<usize> = (0..self.lots.names.len()).collect();
        let name = |place: usize| self.lots.names.get(place).map_or("", String::as_str);
        order.sort_by(|left, right| lot::order(name(*left), name(*right)));
        let mut ranks = vec![0; order.len()];
        for (rank, place) in order.iter().enumerate() {
            if let Some(own) = ranks.get_mut(*place) {
                *own = rank;
            }
        }
        let rank = |place: usize| ranks.get(place).copied().unwrap_or_default();
        let homes: Vec<usize> = self.shares.iter().map(|share| home(share, rank)).collect();
        let home = |unit: usize| homes.get(unit).copied().unwrap_or_default();
        let mut rows: BTreeMap<(usize, usize), Quantity> = BTreeMap::new();
        for ((remedy, place), tally) in &self.alone {
            row(&mut rows, rank(*place), *remedy).add(tally, tally.certain, tally.devices);
        }
        for ((remedy, unit), tally) in &self.shared {
            row(&mut rows, home(*unit), *remedy).add(tally, u64::from(tally.certain > 0), 1);
        }
        let mut behind: Vec<Behind> = self
            .behind
            .into_iter()
            .map(|(behind, unit)| Behind {
                lot: unit.map_or_else(|| rank(behind.lot), home),
                ..behind
            })
            .collect();
        behind.sort_by(|left, right| {
            (left.lot, &left.unit, left.device).cmp(&(right.lot, &right.unit, right.device))
        });
        Demanded {
            lots: order.iter().map(|place| name(*place).to_owned()).collect(),
            rows: rows.into_values().collect(),
            counted: self.counted,
            connected: self.connected,
            beside: self.beside,
            unsure: self.unsure,
            behind,
        }
    }
}

#[derive(Debug, Default)]
struct Need {
    unmet: Vec<usize>,
    unknown: Vec<usize>,
}

impl Quantity {
    fn add(&mut self, tally: &Tally, certain: u64, possible: u64) {
        self.certain += certain;
        self.possible += possible;
        self.certain_devices += tally.certain;
        self.devices += tally.devices;
        for (place, spoken) in &tally.criteria {
            let own = self.criteria.entry(*place).or_default();
            own.unmet += spoken.unmet;
            own.unknown += spoken.unknown;
        }
    }
}

fn row(rows: &mut BTreeMap<(usize, usize), Quantity>, lot: usize, remedy: usize) -> &mut Quantity {
    rows.entry((lot, remedy)).or_insert_with(|| Quantity {
        lot,
        remedy,
        certain: 0,
        possible: 0,
        certain_devices: 0,
        devices: 0,
        criteria: BTreeMap::new(),
    })
}

/// The lot, by its rank, in which a unit counts: that of most of its devices, of equals the first.
fn home(share: &BTreeMap<usize, u64>, rank: impl Fn(usize) -> usize) -> usize {
    let ranked = share
        .iter()
        .map(|(place, devices)| (*devices, rank(*place)));
    let most = ranked.max_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
    most.map_or(0, |(_, rank)| rank)
}

/// What tells the unit of a device from others of its kind. Of what is not known, a site counts for
/// each device, a software or a model once for each body.
fn identity(kind: Subject, case: Case<'_>) -> String {
    let text = |field| case.record.text(field);
    let parts = |parts: &[&str]| parts.join("\u{1f}");
    let body = text(Field::Ente);
    match kind {
        Subject::Site if !text(Field::Sito).is_empty() => parts(&[body, text(Field::Sito)]),
        Subject::Device | Subject::Site => case.device.to_string(),
        Subject::Body => body.to_owned(),
        Subject::Product => match fold(case.software) {
            unnamed if unnamed.is_empty() => parts(&["", body]),
            named => named,
        },
        Subject::Model => {
            let (make, model) = (fold(case.model.0), fold(case.model.1));
            if model.is_empty() {
                parts(&[&make, "", body])
            } else {
                parts(&[&make, &model])
            }
        }
        Subject::Territory => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::Value;
    use proptest::prelude::*;

    const SET: &str = r#"
        versione = "1"
        titolo = "Prova"
        nota = "Prova."
        legge_targhe = "funzione = lettura_targhe"
        collegato = "stato_scntt = collegato"
        intervento = [
            { id = "lettore", nome = "Lettore", unita = "dispositivo" },
            { id = "rete", nome = "Rete", unita = "sito" },
            { id = "server", nome = "Server", unita = "ente" },
            { id = "connettore", nome = "Connettore", unita = "software" },
            { id = "prova", nome = "Prova", unita = "modello" },
            { id = "centro", nome = "Centro", unita = "territorio" },
        ]
        criterio = [
            { id = "A", testo = "a", livello = "necessario", area = "tecnica", oggetto = "dispositivo", soddisfatto = "ocr = a_bordo", intervento = "lettore", fonte = "f", grado = "I" },
            { id = "B", testo = "b", livello = "necessario", area = "rete", oggetto = "sito", soddisfatto = "vpn = si", intervento = "rete", fonte = "f", grado = "I" },
            { id = "C", testo = "c", livello = "necessario", area = "rete", oggetto = "ente", soddisfatto = "cifratura = si", intervento = "server", fonte = "f", grado = "I" },
            { id = "D", testo = "d", livello = "necessario", area = "tecnica", oggetto = "software", soddisfatto = "liste_nazionali = si", intervento = "connettore", fonte = "f", grado = "I" },
            { id = "E", testo = "e", livello = "consigliato", area = "tecnica", oggetto = "modello", soddisfatto = "illuminatore_ir = si", intervento = "prova", fonte = "f", grado = "I" },
            { id = "F", testo = "f", livello = "necessario", area = "gestione", oggetto = "territorio", soddisfatto = "informativa = si", intervento = "centro", fonte = "f", grado = "I" },
            { id = "G", testo = "g", livello = "necessario", area = "rete", oggetto = "ente", soddisfatto = "vpn = si", intervento = "server", fonte = "f", grado = "I" },
        ]
    "#;

    fn criteria() -> Criteria {
        Criteria::read(SET).unwrap()
    }

    /// A device: body, site, software, lot, and one letter for each criterion.
    #[derive(Debug, Clone)]
    struct One {
        body: &'static str,
        site: &'static str,
        software: &'static str,
        lot: &'static str,
        answers: Vec<Answer>,
        outcome: Outcome,
        reads: bool,
    }

    fn one(body: &'static str, site: &'static str, lot: &'static str, answers: &str) -> One {
        let answers = answers.chars().map(|letter| match letter {
            'n' => Answer::Unmet,
            '?' => Answer::Unknown,
            '-' => Answer::Beside,
            _ => Answer::Met,
        });
        One {
            body,
            site,
            software: "Lince",
            lot,
            answers: answers.collect(),
            outcome: Outcome::Uncertain,
            reads: true,
        }
    }

    fn demanded(all: &[One], selection: Selection, watched: Option<usize>) -> Demanded {
        let numbered: Vec<(usize, &One)> = all.iter().enumerate().collect();
        in_order(&numbered, selection, watched)
    }

    fn in_order(all: &[(usize, &One)], selection: Selection, watched: Option<usize>) -> Demanded {
        let criteria = criteria();
        let mut demand = Demand::new(&criteria, selection, watched);
        for (number, one) in all {
            let mut record = Record::default();
            let mut set = |field, text: &str| record.set(field, Some(Value::Text(text.to_owned())));
            set(Field::Ente, one.body);
            if !one.site.is_empty() {
                set(Field::Sito, one.site);
            }
            let verdict = Verdict {
                outcome: one.outcome,
                reads: one.reads,
                answers: one.answers.clone(),
            };
            demand.add(Case {
                device: Uuid::from_u128(*number as u128 + 1),
                record: &record,
                software: one.software,
                model: ("", ""),
                verdict: &verdict,
                lot: one.lot,
            });
        }
        demand.finish()
    }

    /// Certain and possible of an intervention in all lots.
    fn total(demanded: &Demanded, remedy: &str) -> (u64, u64) {
        let place = criteria().remedies.iter().position(|one| one.id == remedy);
        let totals = demanded.totals();
        totals.get(&place.unwrap()).copied().unwrap_or_default()
    }

    #[test]
    fn a_unit_is_counted_once_however_many_devices_and_criteria_ask_for_it() {
        let all = [
            one("a", "V1", "1", "nnnnnnn"),
            one("a", "V1", "1", "?n?nnnn"),
            one("a", "V2", "1", "yyyyyyy"),
            one("a", "", "1", "y?yyyyy"),
            one("a", "", "1", "y?yyyyy"),
            one("b", "V1", "1", "yn?yyy?"),
        ];
        let plain = demanded(&all, Selection::default(), None);
        assert_eq!(total(&plain, "lettore"), (1, 2));
        assert_eq!(total(&plain, "rete"), (2, 4));
        assert_eq!(total(&plain, "server"), (1, 2));
        assert_eq!(total(&plain, "connettore"), (1, 1));
        assert_eq!(total(&plain, "prova"), (0, 0));
        assert_eq!(total(&plain, "centro"), (1, 1));
        let server = plain.rows.iter().find(|row| row.remedy == 2).unwrap();
        assert_eq!((server.certain_devices, server.devices), (2, 3));
        let spoken = Spoken {
            unmet: 1,
            unknown: 2,
        };
        assert_eq!(server.criteria.get(&2), Some(&spoken));
        let advised = Selection {
            advised: true,
            ..Selection::default()
        };
        assert_eq!(total(&demanded(&all, advised, None), "prova"), (1, 1));
    }

    #[test]
    fn what_is_connected_or_beside_needs_nothing_and_is_said() {
        let mut all = vec![one("a", "V1", "1", "nnnnnnn"); 3];
        all[0].outcome = Outcome::Connected;
        all[1].outcome = Outcome::Beside;
        let found = demanded(&all, Selection::default(), None);
        assert_eq!((found.counted, found.connected, found.beside), (1, 1, 1));
        assert_eq!(total(&found, "lettore"), (1, 1));
    }

    #[test]
    fn a_unit_in_several_lots_counts_in_that_of_most_of_its_devices() {
        let all = [
            one("a", "V1", "10", "yyynyyy"),
            one("a", "V2", "3 BIS", "yynyyyy"),
            one("a", "V3", "3 bis", "yyyyyyy"),
            one("b", "V1", "10", "yynyyyy"),
            one("b", "V2", "3", "yyyyyyy"),
            one("c", "V2", "", "yynyyyy"),
        ];
        let found = demanded(&all, Selection::default(), Some(2));
        assert_eq!(found.lots, ["3", "3 BIS", "10", ""]);
        let servers: Vec<_> = found
            .rows
            .iter()
            .filter(|row| row.remedy == 2)
            .map(|row| (row.lot, row.certain))
            .collect();
        // That of «a» where two of its three are, of «b» in the first of two, of «c» in none.
        assert_eq!(servers, [(0, 1), (1, 1), (3, 1)]);
        let behind: Vec<_> = found
            .behind
            .iter()
            .map(|one| (one.lot, one.unit.as_str(), one.unmet.clone()))
            .collect();
        assert_eq!(
            behind,
            [(0, "b", vec![2]), (1, "a", vec![2]), (3, "c", vec![2])]
        );
    }

    #[test]
    fn what_has_no_name_is_one_software_for_each_body() {
        let mut all = vec![
            one("a", "V1", "1", "yyynyyy"),
            one("a", "V2", "1", "yyynyyy"),
            one("b", "V1", "1", "yyynyyy"),
            one("b", "V1", "1", "yyynyyy"),
            one("b", "V1", "1", "yyynyyy"),
        ];
        for nameless in all.iter_mut().take(3) {
            nameless.software = "";
        }
        all[3].software = "LINCE";
        let found = demanded(&all, Selection::default(), None);
        assert_eq!(total(&found, "connettore"), (3, 3));
    }

    #[test]
    fn a_selection_takes_what_it_says() {
        let mut record = Record::default();
        let working = Selection {
            in_service: true,
            ..Selection::default()
        };
        assert!(!working.takes(&record, None));
        record.set(Field::Stato, Some(Value::Text("in_esercizio".to_owned())));
        assert!(working.takes(&record, None));
        let signed = Selection {
            adherents: true,
            ..Selection::default()
        };
        let body = |stage| AboutBody {
            stage,
            ..AboutBody::default()
        };
        assert!(signed.takes(&record, Some(&body(Some(Stage::Signed)))));
        assert!(!signed.takes(&record, Some(&body(Some(Stage::Revoked)))));
        assert!(!signed.takes(&record, None));
    }

    fn any_one() -> impl Strategy<Value = One> {
        let answer = prop::sample::select(Answer::ALL.to_vec());
        let name = |all: [&'static str; 4]| prop::sample::select(all.to_vec());
        (
            name(["a", "b", "c", "c"]),
            name(["", "V1", "V2", "V3"]),
            name(["", "Lince", "LINCE", "Altro"]),
            name(["", "3", "3 bis", "3BIS"]),
            prop::collection::vec(answer, 7),
            prop::sample::select(Outcome::ALL.to_vec()),
            prop::bool::ANY,
        )
            .prop_map(|(body, site, software, lot, answers, outcome, reads)| One {
                body,
                site,
                software,
                lot,
                answers,
                outcome,
                reads,
            })
    }

    #[test]
    fn what_may_read_no_plates_is_counted_apart_and_needs_nothing() {
        let may = One {
            reads: false,
            ..one("a", "V1", "1", "n??????")
        };
        let demanded = demanded(&[may], Selection::default(), None);
        assert_eq!((demanded.unsure, demanded.counted), (1, 0));
        assert!(demanded.rows.is_empty(), "{:?}", demanded.rows);
    }

    proptest! {
        #[test]
        fn the_order_of_devices_never_changes_what_is_needed(
            all in prop::collection::vec(any_one(), 0..24),
            shuffled in Just((0..24_usize).collect::<Vec<_>>()).prop_shuffle(),
            watched in 0..6_usize,
        ) {
            let straight = demanded(&all, Selection::default(), Some(watched));
            let other: Vec<(usize, &One)> =
                shuffled.iter().filter_map(|at| Some((*at, all.get(*at)?))).collect();
            prop_assert_eq!(straight, in_order(&other, Selection::default(), Some(watched)));
        }

        #[test]
        fn certain_is_at_most_possible_and_what_is_behind_adds_up(
            all in prop::collection::vec(any_one(), 0..24),
            watched in 0..6_usize,
        ) {
            let advised = Selection { advised: true, ..Selection::default() };
            let found = demanded(&all, advised, Some(watched));
            for row in &found.rows {
                prop_assert!(row.certain <= row.possible && row.possible <= row.devices);
                prop_assert!(row.certain_devices <= row.devices && row.possible > 0);
            }
            for (lot, _) in found.lots.iter().enumerate() {
                let behind = found.behind.iter().filter(|one| one.lot == lot);
                let units: std::collections::BTreeSet<&str> =
                    behind.clone().map(|one| one.unit.as_str()).collect();
                let certain: std::collections::BTreeSet<&str> =
                    behind.filter(|one| one.certain).map(|one| one.unit.as_str()).collect();
                let row = found.rows.iter().find(|row| row.lot == lot && row.remedy == watched);
                let counted = row.map_or((0, 0), |row| (row.certain, row.possible));
                prop_assert_eq!((certain.len() as u64, units.len() as u64), counted);
            }
        }

        #[test]
        fn what_becomes_unknown_never_lowers_what_is_possible(
            all in prop::collection::vec(any_one(), 1..16),
            device in 0..16_usize,
            place in 0..7_usize,
        ) {
            let mut other = all.clone();
            let at = device % all.len();
            prop_assume!(matches!(all[at].answers[place], Answer::Met | Answer::Beside));
            other[at].answers[place] = Answer::Unknown;
            let before = demanded(&all, Selection::default(), None);
            let after = demanded(&other, Selection::default(), None);
            for row in &before.rows {
                let then = after.rows.iter().find(|one| (one.lot, one.remedy) == (row.lot, row.remedy));
                prop_assert!(then.is_some_and(|then| then.possible >= row.possible));
                prop_assert!(then.is_some_and(|then| then.certain == row.certain));
            }
        }
    }
}
