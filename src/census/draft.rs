//! A device as somebody typed it, before any rule.
//!
//! The form, the spreadsheet and the API all fill a [`Draft`]; only `rules::check` reads it.

use super::vocabulary::Field;

/// Everything typed about one device. An empty text is a value that was not given.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// All texts, one after the other: a draft is made for every row of a file, and texts of their
    /// own would cost more than the rules.
    text: String,
    /// Where the text of each field begins and ends.
    spans: Vec<(u32, u32)>,
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
        self.spans
            .get(field as usize)
            .and_then(|(start, end)| self.text.get(*start as usize..*end as usize))
            .unwrap_or_default()
    }

    /// Puts a text as typed into a field.
    pub fn set(&mut self, field: Field, text: impl AsRef<str>) {
        if self.spans.is_empty() {
            self.spans.resize(Field::COUNT, (0, 0));
        }
        let text = text.as_ref().trim();
        let start = self.text.len();
        let ends = u32::try_from(start).and_then(|start| {
            let end = u32::try_from(self.text.len() + text.len())?;
            Ok((start, end))
        });
        // A draft of four gigabytes is beyond every limit of what is read.
        if let (Some(span), Ok(ends)) = (self.spans.get_mut(field as usize), ends) {
            self.text.push_str(text);
            *span = ends;
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

impl PartialEq for Draft {
    fn eq(&self, other: &Self) -> bool {
        let same = |field: &Field| self.get(*field) == other.get(*field);
        Field::ALL.iter().all(same)
            && self.place == other.place
            && self.crs == other.crs
            && self.confirmed == other.confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_typed_again_has_the_last_text_and_the_others_keep_theirs() {
        let mut draft = Draft::of(&[(Field::Note, " prima "), (Field::Codice, "è 1")]);
        let before = draft.clone();
        draft.set(Field::Note, String::from("dopo, più lunga"));
        assert_eq!(draft.get(Field::Note), "dopo, più lunga");
        assert_eq!(draft.get(Field::Codice), "è 1");
        assert_eq!(draft.get(Field::Lat), "");
        assert_ne!(draft, before);
        draft.set(Field::Note, "prima");
        assert_eq!(draft, before);
    }
}
