//! The filter of an address: read together with what else a page takes, and written into links.
//!
//! A parameter that neither the filter nor the page knows is an error that names the nearest one.

use super::error::Error;
use super::fields::Fields;
use crate::census::filter::{Filter, FilterError, Moment, PARAMETERS, State, unknown};
use crate::census::moment;
use crate::census::person::Viewer;
use crate::census::vocabulary::Field;
use crate::register::find::{Choice, Names};

/// Reads the filter and, apart, the page's own parameters.
pub fn read(
    viewer: &Viewer,
    query: Option<&str>,
    own: &[&'static str],
) -> Result<(Filter, Fields), Error> {
    let mut filter = Filter::of(viewer);
    let mut rest = Fields::default();
    for (name, value) in Fields::parse(query.unwrap_or_default().as_bytes())?.iter() {
        if own.contains(&name) {
            rest.push(name, value);
            continue;
        }
        filter.take(name, value).map_err(|error| match error {
            FilterError::Unknown { name, .. } => unknown(&name, &[&PARAMETERS, own].concat()),
            refused => refused,
        })?;
    }
    Ok((filter, rest))
}

/// Which state of the devices at which moment, as the control of a page shows it.
#[derive(Debug)]
pub struct Standpoint {
    /// The states that can be chosen.
    pub states: Vec<Choice>,
    /// The one in use.
    pub state: &'static str,
    /// The date, or date and time, in use; empty for the present.
    pub at: String,
    /// The snapshot in use; empty when there is none.
    pub snapshot: String,
}

impl Standpoint {
    /// The control for a filter.
    #[must_use]
    pub fn of(filter: &Filter) -> Self {
        let states = State::ALL.iter();
        let states = states.filter(|state| !filter.is_frozen() || **state == State::Accepted);
        let states = states.map(|state| Choice {
            code: state.spelling().to_owned(),
            label: state.label().to_owned(),
        });
        let (at, snapshot) = match filter.moment {
            Moment::Now => (String::new(), String::new()),
            Moment::At(at) => (moment::figures(at), String::new()),
            Moment::Snapshot(id) => (String::new(), id.to_string()),
        };
        Self {
            states: states.collect(),
            state: filter.state.spelling(),
            at,
            snapshot,
        }
    }
}

/// What may be chosen of a field, with what the filter asks for even when no device has it.
#[must_use]
pub fn with_chosen(
    mut choices: Vec<Choice>,
    names: &Names,
    field: Field,
    filter: &Filter,
) -> Vec<Choice> {
    let chosen = filter.wanted(field);
    if !chosen.is_empty() && choices.iter().all(|choice| choice.code != chosen) {
        choices.push(Choice {
            code: chosen.to_owned(),
            label: names.words(field, chosen),
        });
    }
    choices
}

/// The same page of today.
#[must_use]
pub fn today(path: &str, filter: &Filter, more: &[(&str, &str)]) -> String {
    let mut present = filter.clone();
    present.moment = Moment::Now;
    address(path, &present, more)
}

/// What a filter asks for besides state and moment, for the hidden fields of a form that has a
/// [`Standpoint`].
#[must_use]
pub fn conditions(filter: &Filter) -> Vec<(&'static str, String)> {
    let mut plain = filter.clone();
    plain.moment = Moment::Now;
    plain.state = plain.usual();
    plain.parameters()
}

/// Which device a page shows in which state at which moment, with the page's own parameters apart:
/// the working state of today when nothing else is asked for, and at a past moment what lists show
/// this person.
pub fn standpoint(
    viewer: &Viewer,
    query: Option<&str>,
    own: &[&'static str],
) -> Result<(Filter, Fields), Error> {
    const KNOWN: [&str; 3] = ["dati", "al", "fotografia"];
    let mut filter = Filter::of(viewer);
    let fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let mut rest = Fields::default();
    for (name, value) in fields.iter() {
        if own.contains(&name) {
            rest.push(name, value);
        } else if KNOWN.contains(&name) {
            filter.take(name, value)?;
        } else {
            return Err(unknown(name, &[&KNOWN, own].concat()).into());
        }
    }
    if filter.moment == Moment::Now && fields.get("dati").is_empty() {
        filter.state = State::Working;
    }
    Ok((filter, rest))
}

/// The refusal of a value of one of the page's own parameters.
#[must_use]
pub fn refused(name: &str, value: &str) -> Error {
    FilterError::Value {
        name: name.to_owned(),
        value: value.chars().take(40).collect(),
    }
    .into()
}

/// The filter and more parameters as a query string, without `?`; empty values stay out.
#[must_use]
pub fn encode(filter: &Filter, more: &[(&str, &str)]) -> String {
    let mut fields = Fields::default();
    for (name, value) in filter.parameters() {
        fields.push(name, &value);
    }
    for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
        fields.push(name, value);
    }
    fields.encode()
}

/// The address of a page with this filter and more parameters.
#[must_use]
pub fn address(path: &str, filter: &Filter, more: &[(&str, &str)]) -> String {
    let query = encode(filter, more);
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// A condition in use, and the page without it.
#[derive(Debug)]
pub struct Chip {
    /// What it asks, in words.
    pub label: String,
    /// The page without it.
    pub href: String,
}

/// The conditions of a filter in words, each with the address of the same page without it.
#[must_use]
pub fn chips(path: &str, filter: &Filter, names: &Names, more: &[(&str, &str)]) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut add = |label: String, without: Filter| {
        let href = address(path, &without, more);
        chips.push(Chip { label, href });
    };
    if filter.state != filter.usual() {
        let mut without = filter.clone();
        without.state = filter.usual();
        add(filter.state.label().to_owned(), without);
    }
    if !filter.text.is_empty() {
        let mut without = filter.clone();
        without.text.clear();
        add(format!("«{}»", filter.text), without);
    }
    if filter.own {
        let mut without = filter.clone();
        without.own = false;
        add("Solo dei vostri enti".to_owned(), without);
    }
    for (field, value) in &filter.exact {
        let mut without = filter.clone();
        without.exact.retain(|(own, _)| own != field);
        let label = match field {
            Field::Ente | Field::Comune => names.words(*field, value),
            _ => format!(
                "{}: {}",
                field.attribute().label,
                names.words(*field, value)
            ),
        };
        add(label, without);
    }
    if let Some(open) = filter.open {
        let mut without = filter.clone();
        without.open = None;
        add(open.label().to_owned(), without);
    }
    if filter.withdrawn {
        let mut without = filter.clone();
        without.withdrawn = false;
        add("Ritirati dal censimento".to_owned(), without);
    }
    chips
}

/// A whole number as Italians write it: `12.345`.
#[must_use]
pub fn figure(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A number of things in words: `un sito`, `1.234 siti`.
#[must_use]
pub fn many(number: usize, one: &str, several: &str) -> String {
    match number {
        1 => one.to_owned(),
        _ => format!(
            "{} {several}",
            figure(i64::try_from(number).unwrap_or(i64::MAX))
        ),
    }
}

/// A number and what it counts: `1 riga`, `1.234 righe`.
#[must_use]
pub fn counted(number: u64, one: &str, several: &str) -> String {
    let figure = figure(i64::try_from(number).unwrap_or(i64::MAX));
    format!("{figure} {}", if number == 1 { one } else { several })
}

/// How many devices, in words: `un dispositivo`, `1.234 dispositivi`.
#[must_use]
pub fn devices(number: i64) -> String {
    match number {
        0 => "nessun dispositivo".to_owned(),
        1 => "un dispositivo".to_owned(),
        _ => format!("{} dispositivi", figure(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_point_every_three_digits() {
        let numbers = [0, 12, 999, 1_000, 12_345, 1_234_567, -1_234].map(figure);
        let expected = ["0", "12", "999", "1.000", "12.345", "1.234.567", "-1.234"];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_parameter_nobody_knows_is_named_with_the_nearest_of_page_and_filter() {
        let error = read(&Viewer::operator(), Some("ordne=codice"), &["ordine"]).unwrap_err();
        assert!(error.message.contains("«ordine»"), "{}", error.message);
        let error = read(&Viewer::operator(), Some("comun=015146"), &["ordine"]).unwrap_err();
        assert!(error.message.contains("«comune»"), "{}", error.message);
    }

    #[test]
    fn a_filter_in_a_link_is_read_back() {
        let query = "cerca=via+Citt%C3%A0&funzione=ztl&ordine=comune";
        let (filter, rest) = read(&Viewer::operator(), Some(query), &["ordine"]).unwrap();
        assert_eq!(filter.text, "via Città");
        assert_eq!(encode(&filter, &[("ordine", rest.get("ordine"))]), query);
    }
}
