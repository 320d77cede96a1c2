//! A device as somebody typed it, before any rule.
//!
//! The form, the spreadsheet and the API all fill a [`Draft`]; only `rules::check` reads it.

use super::vocabulary::Field;

/// Everything typed about one device. An empty text is a value that was not given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    values: Vec<String>,
    /// The position in one text, in any notation; wins over `lat` and `lon` when not empty.
    pub place: String,
    /// The reference system the person declared for the coordinates, as `EPSG:n` or empty.
    pub crs: String,
    /// The warnings the person confirmed: code as spelled, and the reason given.
    pub confirmed: Vec<Confirmation>,
}

/// A warning that somebody says is right as it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confirmation {
    /// The finding's code.
    pub code: String,
    /// Why it is right.
    pub reason: String,
}

impl Draft {
    /// What was typed for a field, without the blanks around it.
    #[must_use]
    pub fn get(&self, field: Field) -> &str {
        self.values
            .get(field as usize)
            .map_or("", |value| value.trim())
    }

    /// Puts a text as typed into a field.
    pub fn set(&mut self, field: Field, text: impl Into<String>) {
        if self.values.is_empty() {
            self.values.resize(Field::COUNT, String::new());
        }
        if let Some(value) = self.values.get_mut(field as usize) {
            *value = text.into();
        }
    }

    /// A draft with these fields, for tests and examples.
    #[must_use]
    pub fn of(fields: &[(Field, &str)]) -> Self {
        let mut draft = Self::default();
        for (field, text) in fields {
            draft.set(*field, *text);
        }
        draft
    }
}
