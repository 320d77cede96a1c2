//! Price lists: what an intervention costs at least and at most.
//!
//! Amounts are cents of euro in whole numbers, so that sums are exact; value added tax is not in
//! them. A list is read whole or not at all, and everything that is wrong is said at once by line
//! and column. Enforced by the tests below and by `tests/it/tender.rs`.

use super::criterion::{Remedy, Subject};
use super::filter::nearest;
use super::table::{Column, Fault, Found, Row, Table, taken_for, write};
use super::vocabulary::fold;
use std::collections::HashMap;

/// The columns of a list, as our own files spell them.
pub const COLUMNS: [Column; 6] = [
    Column {
        name: INTERVENTION,
        synonyms: &["id", "codice", "voce", "id intervento"],
    },
    Column {
        name: UNIT,
        synonyms: &["unita di misura", "um", "per"],
    },
    Column {
        name: LOW,
        synonyms: &["minimo", "prezzo min", "min"],
    },
    Column {
        name: HIGH,
        synonyms: &["massimo", "prezzo max", "max"],
    },
    Column {
        name: SOURCE,
        synonyms: &["provenienza"],
    },
    Column {
        name: NOTE,
        synonyms: &["note", "descrizione", "nome"],
    },
];

/// The header of the identifier of an intervention.
pub const INTERVENTION: &str = "intervento";
const UNIT: &str = "unita";
const LOW: &str = "prezzo_minimo";
const HIGH: &str = "prezzo_massimo";
const SOURCE: &str = "fonte";
const NOTE: &str = "nota";

/// The highest price, in cents: a hundred million euro for one unit.
pub const HIGHEST: i64 = 10_000_000_000;

/// What one unit of an intervention costs, in cents of euro without value added tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The identifier of the intervention.
    pub remedy: String,
    /// What the price is for.
    pub unit: Subject,
    /// At least.
    pub low: i64,
    /// At most.
    pub high: i64,
    /// Where it comes from; may be empty.
    pub source: String,
    /// What else there is to say; may be empty.
    pub note: String,
}

/// A price list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList {
    /// The prices, in the order of the file.
    pub prices: Vec<Price>,
}

impl PriceList {
    /// Reads a list for these interventions.
    pub fn read(table: &Table, remedies: &[Remedy]) -> Result<Self, Vec<Fault>> {
        Reading {
            table,
            remedies: Some(remedies),
            faults: Vec::new(),
            seen: HashMap::new(),
        }
        .list()
    }

    /// Reads a list that was kept: interventions may be other ones today.
    pub fn stored(text: &str) -> Result<Self, Vec<Fault>> {
        Reading {
            table: &Table::stored(text)?,
            remedies: None,
            faults: Vec::new(),
            seen: HashMap::new(),
        }
        .list()
    }

    /// The list as it is kept; [`PriceList::stored`] reads it back.
    #[must_use]
    pub fn text(&self) -> String {
        let header: Vec<String> = COLUMNS.iter().map(|one| one.name.to_owned()).collect();
        let rows: Vec<Vec<String>> = std::iter::once(header)
            .chain(self.prices.iter().map(|price| {
                vec![
                    price.remedy.clone(),
                    price.unit.name().to_owned(),
                    euro(price.low),
                    euro(price.high),
                    price.source.clone(),
                    price.note.clone(),
                ]
            }))
            .collect();
        write(
            rows.iter()
                .map(|row| row.iter().map(String::as_str).collect()),
        )
    }

    /// The price of an intervention.
    #[must_use]
    pub fn of(&self, remedy: &str) -> Option<&Price> {
        self.prices.iter().find(|price| price.remedy == remedy)
    }
}

struct Reading<'a> {
    table: &'a Table,
    remedies: Option<&'a [Remedy]>,
    faults: Vec<Fault>,
    seen: HashMap<String, u64>,
}

impl Reading<'_> {
    fn list(mut self) -> Result<PriceList, Vec<Fault>> {
        let table = self.table;
        let found = Found::look(table, &COLUMNS, &mut self.faults);
        found.want(table, &[INTERVENTION, LOW, HIGH], &mut self.faults);
        table.check(&mut self.faults);
        let mut prices = Vec::new();
        if found.has(INTERVENTION) && found.has(LOW) && found.has(HIGH) {
            for row in &table.rows {
                prices.extend(self.price(&found, row));
            }
        }
        if prices.is_empty() && self.faults.is_empty() {
            let message = "Nel file non c’è alcun prezzo.";
            self.faults.push(Fault::new(table.line, "", message));
        }
        if self.faults.is_empty() {
            return Ok(PriceList { prices });
        }
        self.faults.sort();
        self.faults.dedup();
        Err(self.faults)
    }

    fn say(&mut self, row: &Row, column: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(row.line, column, message));
    }

    fn price(&mut self, found: &Found<'_>, row: &Row) -> Option<Price> {
        let remedy = self.remedy(found, row);
        let unit = self.unit(found, row, remedy.as_ref().and_then(|(_, unit)| *unit));
        let low = self.amount(found, row, LOW);
        let high = self.amount(found, row, HIGH);
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            let message = format!(
                "Il prezzo minimo, {} €, è più alto del massimo, {} €.",
                euro(low),
                euro(high)
            );
            self.say(row, LOW, message);
        }
        Some(Price {
            remedy: remedy?.0,
            unit: unit?,
            low: low?,
            high: high?,
            source: found.cell(row, SOURCE).to_owned(),
            note: found.cell(row, NOTE).to_owned(),
        })
    }

    /// The intervention that a row is about, and what it is counted for where that is known.
    fn remedy(&mut self, found: &Found<'_>, row: &Row) -> Option<(String, Option<Subject>)> {
        let text = found.cell(row, INTERVENTION);
        if text.is_empty() {
            self.say(row, INTERVENTION, "Manca l’intervento.");
            return None;
        }
        let (id, unit) = match self.remedies {
            None => (text.to_owned(), None),
            Some(remedies) => {
                let Some(known) = remedies.iter().find(|one| fold(&one.id) == fold(text)) else {
                    let all: Vec<_> = remedies.iter().map(|one| one.id.as_str()).collect();
                    let hint = nearest(&fold(text), &all).map_or_else(
                        || format!("sono {}", all.join(", ")),
                        |near| format!("forse «{near}»?"),
                    );
                    let message =
                        format!("«{text}» non è un intervento dei criteri in vigore: {hint}");
                    self.say(row, INTERVENTION, message);
                    return None;
                };
                (known.id.clone(), Some(known.unit))
            }
        };
        if let Some(line) = self.seen.get(&id).copied() {
            let message = format!("«{id}» c’è già alla riga {line}: tenetene una sola.");
            self.say(row, INTERVENTION, message);
            return None;
        }
        self.seen.insert(id.clone(), row.line);
        Some((id, unit))
    }

    fn unit(&mut self, found: &Found<'_>, row: &Row, wanted: Option<Subject>) -> Option<Subject> {
        let text = found.cell(row, UNIT);
        if text.is_empty() {
            return wanted;
        }
        let given = Subject::ALL
            .iter()
            .copied()
            .find(|unit| fold(unit.name()) == fold(text));
        let Some(given) = given else {
            let all: Vec<_> = Subject::ALL.iter().map(|unit| unit.name()).collect();
            let message = format!("«{text}» non è un’unità: sono {}.", all.join(", "));
            self.say(row, UNIT, message);
            return None;
        };
        match wanted {
            Some(wanted) if wanted != given => {
                let message = format!(
                    "Questo intervento si conta per {}, non per {}.",
                    wanted.name(),
                    given.name()
                );
                self.say(row, UNIT, message);
                None
            }
            _ => Some(given),
        }
    }

    fn amount(&mut self, found: &Found<'_>, row: &Row, column: &str) -> Option<i64> {
        match cents(found.cell(row, column), self.table.spreadsheet) {
            Ok(cents) => Some(cents),
            Err(message) => {
                self.say(row, column, message);
                None
            }
        }
    }
}

/// Reads an amount of euro, as cents: `1500`, `1.500,00`, `1500.5`, `€ 1 500`. In a spreadsheet a
/// point may stand before decimals whatever follows, so `1.500` is not read there. What is less than a
/// thousandth of a cent away from a cent is that cent; a third decimal is an error.
pub fn cents(text: &str, spreadsheet: bool) -> Result<i64, String> {
    // Not folded: that makes blanks of hyphens, and a range would become one number.
    let bare = text.to_lowercase().replace('€', "").replace("euro", "");
    let bare: String = bare.replace("eur", "").split_whitespace().collect();
    if bare.is_empty() {
        return Err("Manca il prezzo: scrivetelo, oppure togliete la riga.".to_owned());
    }
    if let Some(what) = taken_for(text) {
        return Err(format!(
            "«{}» è {what}, non un prezzo: nel foglio di calcolo date alla cella il formato \
             «Numero» e riscrivete il prezzo in euro.",
            shown(text)
        ));
    }
    let no_number = || {
        format!(
            "«{}» non è un prezzo: scrivete per esempio 1.500,00",
            shown(text)
        )
    };
    if bare.starts_with(['-', '−', '(']) || bare.ends_with('-') {
        return Err("Un prezzo non è negativo.".to_owned());
    }
    if bare.contains(|one: char| !one.is_ascii_digit() && !matches!(one, '.' | ',' | '\'' | '’'))
    {
        return Err(no_number());
    }
    let (whole, decimals) = parts(&bare, spreadsheet).ok_or_else(|| {
        if spreadsheet && grouped(&bare, '.') {
            format!(
                "«{}» si può leggere in due modi: scrivetelo senza punto, per esempio {}, oppure \
                 con due decimali",
                shown(text),
                bare.replace('.', "")
            )
        } else {
            no_number()
        }
    })?;
    if whole.is_empty() || !digits(&whole) || !digits(decimals) {
        return Err(no_number());
    }
    let decimals = decimals.trim_end_matches('0');
    let (hundredths, rest) = decimals.split_at_checked(2).unwrap_or((decimals, ""));
    // A sum that a spreadsheet made is off by less than a thousandth of a cent: 19.990000000000002.
    let up = rest.starts_with("999") && rest.len() > 3;
    if !rest.is_empty() && !rest.starts_with("000") && !up {
        return Err(format!(
            "«{}» ha troppi decimali: un prezzo ne ha due al più",
            shown(text)
        ));
    }
    let too_high = || format!("Il prezzo è troppo alto: al più {} €", euro(HIGHEST));
    let euros: i64 = whole.parse().map_err(|_long| too_high())?;
    let rest: i64 = format!("{hundredths:0<2}")
        .parse()
        .map_err(|_nothing| no_number())?;
    euros
        .checked_mul(100)
        .and_then(|cents| cents.checked_add(rest + i64::from(up)))
        .filter(|cents| *cents <= HIGHEST)
        .ok_or_else(too_high)
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The whole part without marks between thousands, and the decimals.
fn parts(text: &str, spreadsheet: bool) -> Option<(String, &str)> {
    let (whole, decimals) = match (text.rfind(','), text.rfind('.')) {
        // Both: the last stands before the decimals.
        (Some(comma), Some(point)) => text.split_at_checked(comma.max(point))?,
        // In English thousands, in Italian a third decimal: neither is guessed.
        (Some(_), None) if grouped(text, ',') => return None,
        (Some(comma), None) => text.split_at_checked(comma)?,
        (None, Some(_)) if grouped(text, '.') => {
            return (!spreadsheet).then(|| (text.replace('.', ""), ""));
        }
        (None, Some(point)) => text.split_at_checked(point)?,
        (None, None) => return Some((text.to_owned(), "")),
    };
    let mut mark = decimals.chars();
    let between = if mark.next() == Some(',') { '.' } else { ',' };
    if whole.contains(between) && !grouped(whole, between) {
        return None;
    }
    Some((whole.replace(between, ""), mark.as_str()))
}

/// Whether a text is digits in groups of three with a mark between them.
fn grouped(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && digits(group))
}

/// Cents as Italians write euro: `1.500,00`.
#[must_use]
pub fn euro(cents: i64) -> String {
    let all = cents.unsigned_abs();
    let digits = (all / 100).to_string();
    let mut text = String::new();
    if cents < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    format!("{text},{:02}", all % 100)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::table;
    use super::*;
    use proptest::prelude::*;

    fn remedies() -> Vec<Remedy> {
        let remedy = |id: &str, unit| Remedy {
            id: id.to_owned(),
            name: id.to_owned(),
            unit,
        };
        vec![
            remedy("lettore", Subject::Device),
            remedy("server", Subject::Body),
            remedy("rete", Subject::Site),
        ]
    }

    #[test]
    fn amounts_are_read_as_italians_and_as_spreadsheets_write_them() {
        for (text, wanted) in [
            ("1500", 150_000),
            ("1.500,00", 150_000),
            ("1.500", 150_000),
            ("1500.5", 150_050),
            ("€ 1 500,25", 150_025),
            ("1,500.25", 150_025),
            ("0,5 euro", 50),
            ("12.000.000,10", 1_200_000_010),
            ("0", 0),
            ("3,10000", 310),
        ] {
            assert_eq!(cents(text, false), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "boh",
            "-3",
            "− 3",
            "1,234",
            "1,500",
            "1500-2000",
            "EUR -5",
            "5-",
            "1_5",
            "1/5",
            "1.5.0",
            "1.50,00",
            "1,2,3",
            ",",
            "12a",
            "0.001",
            "100000000,01",
            "99999999999999999999",
            "1e3",
            "€",
        ] {
            assert!(cents(text, false).is_err(), "{text}");
        }
        assert_eq!(cents("1500.5", true), Ok(150_050));
        for (text, wanted) in [
            ("19.990000000000002", Ok(1_999)),
            ("19,989999999999998", Ok(1_999)),
            ("0.30000000000000004", Ok(30)),
            ("1999.9999999999998", Ok(200_000)),
            ("19.990009", Ok(1_999)),
            ("19.99001", Err("troppi decimali")),
            ("19.98999", Err("troppi decimali")),
            ("19.9901", Err("troppi decimali")),
            ("19.9950000000000001", Err("troppi decimali")),
            ("2026-05-01", Err("è una data")),
            ("10:30:00", Err("è un’ora")),
            ("22%", Err("è una percentuale")),
        ] {
            match (cents(text, true), wanted) {
                (Err(why), Err(words)) => assert!(why.contains(words), "{text}: {why}"),
                (read, wanted) => assert_eq!(read, wanted.map_err(str::to_owned), "{text}"),
            }
        }
        assert!(cents("1.500", true).unwrap_err().contains("due modi"));
    }

    #[test]
    fn every_mistake_of_a_price_list_is_said_at_once_by_line_and_column() {
        let text = "intervento;unita;prezzo_minimo;prezzo_massimo;colore\n\
                    lettore;dispositivo;1.500,00;2.000,00;\n\
                    letore;;1;2;\n\
                    lettore;;1;2;\n\
                    server;sito;1;2;\n\
                    rete;;-1;2;\n\
                    ;;1;2;\n\
                    rete;metri;9;2,005;\n";
        let faults = PriceList::read(&table(text), &remedies()).unwrap_err();
        let said: Vec<_> = faults
            .iter()
            .map(|fault| (fault.line, fault.column.as_str()))
            .collect();
        let wanted = [
            (1, "colore"),
            (3, INTERVENTION),
            (4, INTERVENTION),
            (5, UNIT),
            (6, LOW),
            (7, INTERVENTION),
            (8, INTERVENTION),
            (8, HIGH),
            (8, UNIT),
        ];
        assert_eq!(said, wanted, "{faults:#?}");
        assert!(faults[1].message.contains("«lettore»"), "{faults:#?}");
        let missing = PriceList::read(&table("voce;minimo\nx;1"), &remedies()).unwrap_err();
        assert!(missing.iter().any(|fault| fault.column == HIGH));
        let upside = PriceList::read(
            &table("intervento;prezzo_minimo;prezzo_massimo\nrete;3;2"),
            &remedies(),
        );
        assert!(upside.unwrap_err()[0].message.contains("più alto"));
        assert!(PriceList::read(&table("intervento;minimo;massimo"), &remedies()).is_err());
    }

    #[test]
    fn a_list_that_is_kept_reads_back_and_knows_its_units() {
        let text = "Intervento;Min;Max;Fonte\nserver;10;20,5;«listino»; \nRETE;0;0;";
        let list = PriceList::read(&table(text), &remedies()).unwrap();
        assert_eq!(PriceList::stored(&list.text()).unwrap(), list);
        assert_eq!(list.of("server").unwrap().unit, Subject::Body);
        assert_eq!(list.of("rete").unwrap().high, 0);
        assert_eq!(list.of("lettore"), None);
    }

    proptest! {
        #[test]
        fn an_amount_that_is_written_reads_back(amount in 0..=HIGHEST) {
            prop_assert_eq!(cents(&euro(amount), false), Ok(amount));
            prop_assert_eq!(cents(&format!("{}.{:02}", amount / 100, amount % 100), true), Ok(amount));
        }

        #[test]
        #[expect(clippy::cast_precision_loss, reason = "amounts are below 2^53")]
        fn what_arithmetic_adds_to_an_amount_is_not_in_it(amount in 0..=HIGHEST, times in 1..1000_i64) {
            let (once, times) = (amount as f64 / 100.0, times as f64);
            for number in [once / times * times, once * times / times, once + times - times] {
                if number >= 0.0 {
                    prop_assert_eq!(cents(&number.to_string(), true), Ok(amount));
                }
            }
        }

        #[test]
        fn no_text_makes_an_amount_panic_or_negative(text in "\\PC{0,24}", spreadsheet: bool) {
            if let Ok(amount) = cents(&text, spreadsheet) {
                prop_assert!((0..=HIGHEST).contains(&amount));
            }
        }

        #[test]
        fn no_table_makes_a_price_list_panic(
            text in "(intervento|lettore|server|prezzo_minimo|[;0-9.,\\n -]|massimo){1,40}",
        ) {
            prop_assume!(text.lines().next().is_some());
            if let Ok(list) = PriceList::read(&table(&text), &remedies()) {
                prop_assert_eq!(PriceList::stored(&list.text()).unwrap(), list);
            }
        }
    }
}
