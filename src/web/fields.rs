//! What a form sent: names and texts in order, as typed.

use super::error::Error;
use crate::census::filter::nearest;

/// The fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Fields from a body or a query in the form encoding.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(text)
            .map_err(|error| Error::bad_request(format!("Il modulo non si legge: {error}.")))?;
        // Not a character of any text, and PostgreSQL takes none that has it.
        let stray = |text: &str| text.contains('\0');
        match fields
            .iter()
            .find(|(name, value)| stray(name) || stray(value))
        {
            None => Ok(Self(fields)),
            Some((name, _)) => Err(Error::bad_request(format!(
                "In «{}» c’è un carattere che non è testo (il codice 0).",
                name.replace('\0', "�")
            ))),
        }
    }

    /// The fields in the form encoding.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_urlencoded::to_string(&self.0).unwrap_or_default()
    }

    /// The text of a field, without the blanks around it; empty when it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// The text of a field exactly as typed: a password may begin with a blank.
    #[must_use]
    pub fn exact(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// Every text of a field that may come several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every field in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Takes every field with this name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| own != name);
    }

    /// Says no to a field that this page does not have, naming the nearest one.
    pub fn only(&self, known: &[&'static str]) -> Result<(), Error> {
        match self
            .iter()
            .find(|(name, _)| *name != "_csrf" && !known.contains(name))
        {
            None => Ok(()),
            Some((name, _)) => {
                let hint = nearest(name, known)
                    .map(|near| format!(": forse intendevate «{near}»?"))
                    .unwrap_or_default();
                Err(Error::bad_request(format!(
                    "Il campo «{name}» non esiste{hint}"
                )))
            }
        }
    }
}
