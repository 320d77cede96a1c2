//! A device's values after the rules have read them: typed, in canonical form, ready to keep.

use super::vocabulary::{ATTRIBUTES, Field, Kind};
use serde_json::{Map, Value as Json};

/// A canonical value. Lists are their codes, dates and years ISO 8601.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, term codes, dates.
    Text(String),
    /// Whole numbers.
    Integer(i64),
    /// Numbers, in the unit the attribute names.
    Decimal(f64),
}

/// The three ways a value can be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A text column.
    Text,
    /// A 64-bit whole number.
    Integer,
    /// A 64-bit floating-point number.
    Decimal,
}

impl Kind {
    /// How values of this kind are stored.
    #[must_use]
    pub const fn store(self) -> Store {
        match self {
            Self::Integer(..) | Self::Year(_) => Store::Integer,
            Self::Decimal(..) | Self::Latitude | Self::Longitude => Store::Decimal,
            _ => Store::Text,
        }
    }
}

/// One value, or none, for every attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    values: Vec<Option<Value>>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            values: vec![None; Field::COUNT],
        }
    }
}

impl Record {
    /// The value of a field, if known or stated.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.values.get(field as usize).and_then(Option::as_ref)
    }

    /// Sets or clears a field.
    pub fn set(&mut self, field: Field, value: Option<Value>) {
        if let Some(slot) = self.values.get_mut(field as usize) {
            *slot = value;
        }
    }

    /// Takes the value of a field out.
    pub fn take(&mut self, field: Field) -> Option<Value> {
        self.values.get_mut(field as usize).and_then(Option::take)
    }

    /// The text of a field; empty when there is none.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        match self.get(field) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The number of a field, in the unit the attribute names.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of the record are small"
    )]
    pub fn number(&self, field: Field) -> Option<f64> {
        match self.get(field)? {
            Value::Integer(number) => Some(*number as f64),
            Value::Decimal(number) => Some(*number),
            Value::Text(_) => None,
        }
    }

    /// The whole number of a field.
    #[must_use]
    pub fn integer(&self, field: Field) -> Option<i64> {
        match self.get(field)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A value as a machine reads it: the decimal point is a point, an absent value is empty.
    #[must_use]
    pub fn plain(&self, field: Field) -> String {
        match self.get(field) {
            None => String::new(),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Integer(number)) => number.to_string(),
            Some(Value::Decimal(number)) => number.to_string(),
        }
    }

    /// A value as people read it: labels for codes, the decimal comma, dates as 31/12/2024.
    #[must_use]
    pub fn words(&self, field: Field) -> String {
        match (field.attribute().kind, self.get(field)) {
            (Kind::Latitude | Kind::Longitude, _) => self.plain(field),
            (_, Some(Value::Decimal(_))) => self.plain(field).replace('.', ","),
            (Kind::Date, Some(Value::Text(date))) => {
                date.split('-').rev().collect::<Vec<_>>().join("/")
            }
            _ => field.words(&self.plain(field)),
        }
    }

    /// The record as a JSON object, attributes by their spelling in the order of the table; absent
    /// values are `null`. This text is what hashes are taken of.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Json> {
        ATTRIBUTES
            .iter()
            .map(|attribute| (attribute.name.to_owned(), self.json(attribute.field)))
            .collect()
    }

    /// One value as JSON; `null` when absent.
    #[must_use]
    pub fn json(&self, field: Field) -> Json {
        match self.get(field) {
            None => Json::Null,
            Some(Value::Text(text)) => Json::from(text.as_str()),
            Some(Value::Integer(number)) => Json::from(*number),
            Some(Value::Decimal(number)) => Json::from(*number),
        }
    }

    /// The fields in which two records differ.
    pub fn changes<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Field> + 'a {
        Field::ALL
            .iter()
            .copied()
            .filter(|field| self.get(*field) != other.get(*field))
    }

    /// The attributes still to be stated before the device can be submitted; *non noto* is a
    /// statement.
    #[must_use]
    pub fn missing_to_submit(&self) -> Vec<Field> {
        use super::vocabulary::Need;
        let needed = ATTRIBUTES
            .iter()
            .filter(|attribute| matches!(attribute.need, Need::Save) || self.asks(attribute.need));
        needed
            .map(|attribute| attribute.field)
            .filter(|field| self.get(*field).is_none())
            .collect()
    }

    /// How many attributes submitting asks of this device, and how many of them are known: *non
    /// noto* is a statement, and not knowledge.
    #[must_use]
    pub fn completeness(&self) -> (i64, i64) {
        use super::vocabulary::UNKNOWN;
        let asked = ATTRIBUTES
            .iter()
            .filter(|attribute| self.asks(attribute.need));
        asked.fold((0, 0), |(asked, known), attribute| {
            let value = self.get(attribute.field);
            let knows = value.is_some() && self.text(attribute.field) != UNKNOWN;
            (asked + 1, known + i64::from(knows))
        })
    }

    /// Whether submitting this device asks for an attribute of this need.
    fn asks(&self, need: super::vocabulary::Need) -> bool {
        use super::vocabulary::{Need, reads_plates};
        match need {
            Need::Submit => true,
            Need::SubmitReaders => reads_plates(self.text(Field::Funzione)),
            Need::Save | Need::Optional => false,
        }
    }
}
