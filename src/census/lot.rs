//! The lots of a tender: which one a device belongs to.
//!
//! What is said by hand, in the attribute `lotto` of the device, wins over what a division in lots
//! says of its body, that over its Comune, and that over the zone of the Comune. A division is read
//! whole or not at all, and everything that is wrong is said at once by line and column. Enforced by
//! the tests below and by `tests/it/tender.rs`.

use super::collation::italian;
use super::record::Record;
use super::rules::Bodies;
use super::table::{Column, Fault, Found, Row, Table, taken_for, write};
use super::territory::Territory;
use super::vocabulary::{Field, fold};
use std::collections::{BTreeMap, HashSet};

/// The columns of a division, as our own files spell them.
pub const COLUMNS: [Column; 4] = [
    Column {
        name: LOT,
        synonyms: &["lotti", "numero lotto", "lot"],
    },
    Column {
        name: BODY,
        synonyms: &["enti", "codice ente"],
    },
    Column {
        name: COMUNE,
        synonyms: &["comuni", "istat", "codice istat", "nome comune"],
    },
    Column {
        name: ZONE,
        synonyms: &["zone", "area", "ambito"],
    },
];

const LOT: &str = "lotto";
const BODY: &str = "ente";
const COMUNE: &str = "comune";
const ZONE: &str = "zona";

/// The longest name of a lot or a zone, in characters.
const NAME: usize = 60;

/// What people read of devices that no lot has.
pub const NONE: &str = "Senza lotto";

/// A lot as it is told from others: case, accents, blanks before letters and the word «lotto» do not
/// count, so `3 bis`, `3BIS` and `Lotto 3-bis` are one.
#[must_use]
pub fn key(name: &str) -> String {
    let folded = fold(name);
    let bare = folded.strip_prefix("lotto ").unwrap_or(&folded);
    let mut key = String::with_capacity(bare.len());
    for letter in bare.chars() {
        if letter.is_alphabetic() && key.ends_with(' ') {
            let before = key.trim_end().chars().next_back();
            if before.is_some_and(|one| one.is_ascii_digit()) {
                key.pop();
            }
        }
        key.push(letter);
    }
    key
}

/// The order of lots: as Italians look them up, `3` before `3 bis` before `10`; what has none last.
#[must_use]
pub fn order(left: &str, right: &str) -> std::cmp::Ordering {
    (left.is_empty().cmp(&right.is_empty())).then_with(|| italian(left, right))
}

/// The name of a lot as people read it.
#[must_use]
pub const fn label(lot: &str) -> &str {
    if lot.is_empty() { NONE } else { lot }
}

/// The name of a lot as a heading.
#[must_use]
pub fn title(lot: &str) -> String {
    if lot.is_empty() || fold(lot).starts_with("lotto") {
        label(lot).to_owned()
    } else {
        format!("Lotto {lot}")
    }
}

/// A division in lots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lots {
    /// The lot of bodies, by their code.
    pub bodies: BTreeMap<String, String>,
    /// The lot of Comuni, by their ISTAT code.
    pub comuni: BTreeMap<String, String>,
    /// The lot of zones.
    pub zones: BTreeMap<String, String>,
    /// The zone of Comuni, by their ISTAT code.
    pub zone_of: BTreeMap<String, String>,
}

/// The division there is where none was loaded: lots are those said by hand.
pub static BY_HAND: Lots = Lots {
    bodies: BTreeMap::new(),
    comuni: BTreeMap::new(),
    zones: BTreeMap::new(),
    zone_of: BTreeMap::new(),
};

impl Lots {
    /// Reads a division of the devices of these bodies in this territory.
    pub fn read(table: &Table, territory: &Territory, bodies: &Bodies) -> Result<Self, Vec<Fault>> {
        Reading::of(table, Some((territory, bodies))).lots()
    }

    /// Reads a division that was kept: bodies and Comuni may be other ones today.
    pub fn stored(text: &str) -> Result<Self, Vec<Fault>> {
        Reading::of(&Table::stored(text)?, None).lots()
    }

    /// The division as it is kept; [`Lots::stored`] reads it back.
    #[must_use]
    pub fn text(&self) -> String {
        let mut rows: Vec<[&str; 4]> = Vec::new();
        rows.extend(
            self.bodies
                .iter()
                .map(|(body, lot)| [lot, body.as_str(), "", ""]),
        );
        rows.extend(
            self.comuni
                .iter()
                .map(|(comune, lot)| [lot, "", comune.as_str(), ""]),
        );
        rows.extend(
            self.zones
                .iter()
                .map(|(zone, lot)| [lot, "", "", zone.as_str()]),
        );
        rows.sort_by(|left, right| {
            let [lot, body, comune, zone] = left;
            order(lot, right[0])
                .then_with(|| (body, comune, zone).cmp(&(&right[1], &right[2], &right[3])))
        });
        rows.extend(
            self.zone_of
                .iter()
                .map(|(comune, zone)| ["", "", comune.as_str(), zone]),
        );
        let header = COLUMNS.map(|column| column.name);
        write(std::iter::once(header).chain(rows).map(Vec::from))
    }

    /// The names of the lots, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let all = [&self.bodies, &self.comuni, &self.zones];
        let mut names: Vec<&str> = all
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(String::as_str)
            .collect();
        names.sort_by(|left, right| order(left, right));
        names.dedup();
        names
    }

    /// The lot of a device; empty when it has none.
    #[must_use]
    pub fn of<'a>(&'a self, record: &'a Record) -> &'a str {
        let by_hand = record.text(Field::Lotto).trim();
        if !by_hand.is_empty() {
            return by_hand;
        }
        let comune = record.text(Field::Comune);
        self.bodies
            .get(record.text(Field::Ente))
            .or_else(|| self.comuni.get(comune))
            .or_else(|| self.zones.get(self.zone_of.get(comune)?))
            .map_or("", String::as_str)
    }
}

struct Reading<'a> {
    table: &'a Table,
    known: Option<(&'a Territory, &'a Bodies)>,
    lots: Lots,
    faults: Vec<Fault>,
    /// How each lot and zone was spelled first, by its key.
    spelled: BTreeMap<String, String>,
    /// The line of every assignment.
    lines: BTreeMap<(&'static str, String), u64>,
}

impl<'a> Reading<'a> {
    fn of(table: &'a Table, known: Option<(&'a Territory, &'a Bodies)>) -> Self {
        Self {
            table,
            known,
            lots: Lots::default(),
            faults: Vec::new(),
            spelled: BTreeMap::new(),
            lines: BTreeMap::new(),
        }
    }

    fn lots(mut self) -> Result<Lots, Vec<Fault>> {
        let table = self.table;
        let found = Found::look(table, &COLUMNS, &mut self.faults);
        found.want(table, &[LOT], &mut self.faults);
        if ![BODY, COMUNE, ZONE].iter().any(|name| found.has(name)) {
            let message = "Manca una colonna che dica che cosa sta nei lotti: comune, ente o zona.";
            self.faults.push(Fault::new(table.line, "", message));
        }
        table.check(&mut self.faults);
        if found.has(LOT) {
            for row in &table.rows {
                self.row(&found, row);
            }
            self.zones();
        }
        if self.lots.names().is_empty() && self.faults.is_empty() {
            let message = "Nel file non c’è alcun lotto.";
            self.faults.push(Fault::new(table.line, "", message));
        }
        if self.faults.is_empty() {
            return Ok(self.lots);
        }
        self.faults.sort();
        self.faults.dedup();
        Err(self.faults)
    }

    fn say(&mut self, line: u64, column: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(line, column, message));
    }

    fn row(&mut self, found: &Found<'_>, row: &Row) {
        let lot = self.name(row, LOT, found.cell(row, LOT));
        let zone = self.name(row, ZONE, found.cell(row, ZONE));
        let (given_body, given_comune) = (found.cell(row, BODY), found.cell(row, COMUNE));
        let body = self.body(row, given_body);
        let comune = self.comune(row, given_comune);
        let about = !given_body.is_empty() || !given_comune.is_empty() || !zone.is_empty();
        if !given_body.is_empty() && (!given_comune.is_empty() || !zone.is_empty()) {
            let message = "Una riga dice il lotto di un ente, oppure di un Comune o di una zona: \
                           fatene due.";
            self.say(row.line, BODY, message);
            return;
        }
        if !about {
            let message = if lot.is_empty() {
                "La riga non dice nulla: serve un lotto con un Comune, un ente o una zona."
                    .to_owned()
            } else {
                format!("Il lotto «{lot}» qui non ha né Comune, né ente, né zona.")
            };
            self.say(row.line, LOT, message);
            return;
        }
        if lot.is_empty() && (given_comune.is_empty() || zone.is_empty()) {
            let message = "Manca il lotto: scrivetelo, oppure togliete la riga.";
            self.say(row.line, LOT, message);
            return;
        }
        if let Some(body) = body {
            self.assign(row.line, BODY, body, &lot);
        }
        match comune {
            Some(comune) => {
                if !zone.is_empty() {
                    self.assign(row.line, "zona del Comune", comune.clone(), &zone);
                }
                if !lot.is_empty() {
                    self.assign(row.line, COMUNE, comune, &lot);
                }
            }
            None if given_comune.is_empty() && !zone.is_empty() => {
                self.assign(row.line, ZONE, zone, &lot);
            }
            None => {}
        }
    }

    /// A lot or a zone, spelled as it was first; empty when there is none.
    fn name(&mut self, row: &Row, column: &'static str, text: &str) -> String {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > NAME {
            let message = format!("Il nome è troppo lungo: al più {NAME} caratteri.");
            self.say(row.line, column, message);
        }
        if self.table.spreadsheet
            && let Some(what) = taken_for(&text)
        {
            let message = format!(
                "«{text}» è {what}, non un nome: nel foglio di calcolo date alla cella il formato \
                 «Testo» e riscrivetelo."
            );
            self.say(row.line, column, message);
        }
        if text.is_empty() {
            return text;
        }
        let place = format!("{column} {}", key(&text));
        self.spelled.entry(place).or_insert(text).clone()
    }

    fn comune(&mut self, row: &Row, text: &str) -> Option<String> {
        let Some((territory, _)) = self.known.filter(|_| !text.is_empty()) else {
            return Some(text.to_owned()).filter(|code| !code.is_empty());
        };
        if let Some(found) = territory.find(text) {
            return Some(found.istat.clone());
        }
        let near = territory.nearest_names(text);
        let hint = near
            .first()
            .map_or_else(String::new, |near| format!(": forse «{}»?", near.name));
        self.say(
            row.line,
            COMUNE,
            format!("«{text}» non è un Comune di questo territorio{hint}"),
        );
        None
    }

    fn body(&mut self, row: &Row, text: &str) -> Option<String> {
        let Some((_, bodies)) = self.known.filter(|_| !text.is_empty()) else {
            return Some(text.to_owned()).filter(|code| !code.is_empty());
        };
        if let Some(found) = bodies.find(text) {
            return Some(found.to_owned());
        }
        let near = bodies.nearest(text).and_then(|code| bodies.name(code));
        let hint = near.map_or_else(String::new, |near| format!(": forse «{near}»?"));
        self.say(
            row.line,
            BODY,
            format!("«{text}» non è un ente del censimento{hint}"),
        );
        None
    }

    /// Puts something in a lot, or a Comune in a zone, unless it is in another already.
    fn assign(&mut self, line: u64, what: &'static str, of: String, to: &str) {
        let place = match what {
            BODY => &mut self.lots.bodies,
            COMUNE => &mut self.lots.comuni,
            ZONE => &mut self.lots.zones,
            _ => &mut self.lots.zone_of,
        };
        let known = place.entry(of.clone()).or_insert_with(|| to.to_owned());
        if known == to {
            self.lines.entry((what, of)).or_insert(line);
            return;
        }
        let known = known.clone();
        let first = self.lines.get(&(what, of.clone())).copied().unwrap_or(line);
        let name = self.named(what, &of);
        let (column, message) = match what {
            BODY => (
                BODY,
                format!("L’ente «{name}» è già nel lotto «{known}», alla riga {first}."),
            ),
            COMUNE => (
                COMUNE,
                format!("Il Comune «{name}» è già nel lotto «{known}», alla riga {first}."),
            ),
            ZONE => (
                ZONE,
                format!("La zona «{name}» è già nel lotto «{known}», alla riga {first}."),
            ),
            _ => (
                ZONE,
                format!("Il Comune «{name}» è già nella zona «{known}», alla riga {first}."),
            ),
        };
        self.say(line, column, message);
    }

    fn named(&self, what: &str, code: &str) -> String {
        let name = self.known.and_then(|(territory, bodies)| match what {
            BODY => bodies.name(code).map(str::to_owned),
            ZONE => None,
            _ => territory.get(code).map(|one| one.name.clone()),
        });
        name.unwrap_or_else(|| code.to_owned())
    }

    /// Zones without Comuni, and Comuni of zones without a lot.
    fn zones(&mut self) {
        let filled: HashSet<&String> = self.lots.zone_of.values().collect();
        let empty: Vec<String> = self
            .lots
            .zones
            .keys()
            .filter(|zone| !filled.contains(zone))
            .cloned()
            .collect();
        for zone in empty {
            let line = self.lines.get(&(ZONE, zone.clone())).copied().unwrap_or(1);
            let message = format!(
                "La zona «{zone}» non ha Comuni: aggiungete righe con il Comune e la zona."
            );
            self.say(line, ZONE, message);
        }
        let astray: Vec<(String, String)> = self
            .lots
            .zone_of
            .iter()
            .filter(|(comune, zone)| {
                !self.lots.zones.contains_key(*zone) && !self.lots.comuni.contains_key(*comune)
            })
            .map(|(comune, zone)| (comune.clone(), zone.clone()))
            .collect();
        for (comune, zone) in astray {
            let place = ("zona del Comune", comune);
            let line = self.lines.get(&place).copied().unwrap_or(1);
            let message = format!(
                "La zona «{zone}» non ha un lotto: aggiungete una riga con la zona e il lotto."
            );
            self.say(line, ZONE, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;
    use crate::census::record::Value;
    use crate::census::territory::Municipality;
    use geo::MultiPolygon;
    use proptest::prelude::*;

    fn territory() -> Territory {
        let one = |istat: &str, name: &str| Municipality {
            istat: istat.to_owned(),
            name: name.to_owned(),
            belfiore: String::new(),
            province: "MI".to_owned(),
            covered: true,
            boundary: MultiPolygon(Vec::new()),
        };
        Territory::new(vec![
            one("015146", "Milano"),
            one("015182", "Rho"),
            one("015002", "Abbiategrasso"),
            one("015077", "Cinisello Balsamo"),
        ])
    }

    fn bodies() -> Bodies {
        let body = |code: &str, name: &str| (code.to_owned(), name.to_owned());
        Bodies::new([
            body("015146", "Milano"),
            body("cmm", "Città metropolitana di Milano"),
        ])
    }

    fn read(text: &str) -> Result<Lots, Vec<Fault>> {
        Lots::read(&table(text), &territory(), &bodies())
    }

    fn device(values: &[(Field, &str)]) -> Record {
        let mut record = Record::default();
        for (field, value) in values {
            record.set(*field, Some(Value::Text((*value).to_owned())));
        }
        record
    }

    #[test]
    fn what_is_nearest_to_the_device_decides_its_lot() {
        let lots = read(
            "lotto;comune;ente;zona\n3;;;Ovest\n;Rho;;Ovest\n;15002;;ovest\n3 bis;Rho;;\n10;;cmm;",
        )
        .unwrap();
        assert_eq!(lots.names(), ["3", "3 bis", "10"]);
        let comune = |code| device(&[(Field::Comune, code), (Field::Ente, code)]);
        assert_eq!(lots.of(&comune("015002")), "3");
        assert_eq!(lots.of(&comune("015182")), "3 bis");
        assert_eq!(lots.of(&comune("015146")), "");
        let of_cmm = device(&[(Field::Comune, "015182"), (Field::Ente, "cmm")]);
        assert_eq!(lots.of(&of_cmm), "10");
        let by_hand = device(&[(Field::Ente, "cmm"), (Field::Lotto, "3")]);
        assert_eq!(lots.of(&by_hand), "3");
        assert_eq!(Lots::stored(&lots.text()).unwrap(), lots);
    }

    #[test]
    fn every_mistake_of_a_division_is_said_at_once_by_line_and_column() {
        let text = "lotto;comune;ente;zona\n\
                    1;Rho;;\n\
                    2;015182;;\n\
                    1;Abbiategraso;;\n\
                    1;;Regione Lombrdia;\n\
                    4;;;\n\
                    ;Milano;;\n\
                    5;;;Est\n\
                    ;Milano;;Sud\n\
                    1;Milano;cmm;\n";
        let faults = read(text).unwrap_err();
        let said: Vec<_> = faults
            .iter()
            .map(|fault| (fault.line, fault.column.as_str()))
            .collect();
        let wanted = [
            (3, COMUNE),
            (4, COMUNE),
            (5, BODY),
            (6, LOT),
            (7, LOT),
            (8, ZONE),
            (9, ZONE),
            (10, BODY),
        ];
        assert_eq!(said, wanted, "{faults:#?}");
        assert!(faults[0].message.contains("«Rho»") && faults[0].message.contains("riga 2"));
        assert!(faults[1].message.contains("«Abbiategrasso»"), "{faults:#?}");
        assert!(read("comune;lotto").is_err());
        assert!(read("lotto\n1").is_err());
    }

    #[test]
    fn lots_are_the_same_however_they_are_spelled_and_sort_by_number() {
        for same in ["3 bis", "3BIS", "Lotto 3-bis", "lotto 3bis", "3  Bis"] {
            assert_eq!(key(same), "3bis", "{same}");
        }
        assert_ne!(key("1 1"), key("11"));
        let mut names = ["", "10", "3 bis", "3", "2"];
        names.sort_by(|left, right| order(left, right));
        assert_eq!(names, ["2", "3", "3 bis", "10", ""]);
    }

    proptest! {
        #[test]
        fn no_table_makes_a_division_panic(
            text in "(lotto|comune|ente|zona|Rho|Milano|cmm|[;1-4\\n ]){1,40}",
        ) {
            prop_assume!(text.lines().next().is_some());
            if let Ok(lots) = read(&text) {
                prop_assert_eq!(Lots::stored(&lots.text()).unwrap(), lots);
            }
        }
    }
}
