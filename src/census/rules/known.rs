//! What an installation knows by name: its bodies and the catalogue of software.

use crate::census::vocabulary::fold;
use std::collections::HashMap;

/// Codes and names of bodies; a Comune's body has its ISTAT code.
#[derive(Debug, Default, Clone)]
pub struct Bodies {
    entries: Vec<(String, String)>,
    /// Codes as they are, and folded spellings of codes and names; `None` where two bodies share
    /// one.
    spellings: HashMap<String, Option<usize>>,
}

impl Bodies {
    /// The bodies with these codes and names.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let entries: Vec<_> = entries.into_iter().collect();
        let mut spellings = HashMap::new();
        for (position, (code, _)) in entries.iter().enumerate() {
            spellings.insert(code.clone(), Some(position));
            spellings.insert(fold(code), Some(position));
        }
        for (position, (_, name)) in entries.iter().enumerate() {
            let name = fold(name);
            let short = without_title(&name).to_owned();
            for spelling in [name, short] {
                let known = spellings.entry(spelling).or_insert(Some(position));
                if *known != Some(position) {
                    *known = None;
                }
            }
        }
        Self { entries, spellings }
    }

    /// The code of the body that a text names by code or by name; an ISTAT code may have lost its
    /// leading zero in a spreadsheet.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&str> {
        if let Some(Some(position)) = self.spellings.get(text) {
            return self.code(*position);
        }
        if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self
                .spellings
                .get(&format!("0{text}"))
                .copied()
                .flatten()
                .and_then(|position| self.code(position));
        }
        let folded = fold(text);
        let known = self
            .spellings
            .get(&folded)
            .or_else(|| self.spellings.get(without_title(&folded)));
        known
            .copied()
            .flatten()
            .and_then(|position| self.code(position))
    }

    /// The name of the body with this code.
    #[must_use]
    pub fn name(&self, code: &str) -> Option<&str> {
        let position = (*self.spellings.get(code)?)?;
        self.entries
            .get(position)
            .filter(|entry| entry.0 == code)
            .map(|(_, name)| name.as_str())
    }

    /// The code of the body whose name is likeliest meant by a text, when one is likely.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<&str> {
        let position = closest(text, self.entries.iter().map(|(_, name)| name.as_str()))?;
        self.code(position)
    }

    fn code(&self, position: usize) -> Option<&str> {
        self.entries.get(position).map(|(code, _)| code.as_str())
    }
}

/// Names of the software catalogue.
#[derive(Debug, Default, Clone)]
pub struct Catalogue {
    names: Vec<String>,
    spellings: HashMap<String, usize>,
}

impl Catalogue {
    /// The catalogue with these names.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let mut spellings = HashMap::new();
        for (position, name) in names.iter().enumerate() {
            spellings.entry(name.clone()).or_insert(position);
        }
        for (position, name) in names.iter().enumerate() {
            spellings.entry(fold(name)).or_insert(position);
        }
        Self { names, spellings }
    }

    /// The same catalogue with one name more.
    pub fn add(&mut self, name: &str) {
        let position = self.names.len();
        self.names.push(name.to_owned());
        for spelling in [name.to_owned(), fold(name)] {
            self.spellings.entry(spelling).or_insert(position);
        }
    }

    /// The name as the catalogue has it, whatever the case and the accents.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&str> {
        let position = self
            .spellings
            .get(text)
            .or_else(|| self.spellings.get(&fold(text)))?;
        self.names.get(*position).map(String::as_str)
    }

    /// The name likeliest meant by a text, when one is likely.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<&str> {
        let position = closest(text, self.names.iter().map(String::as_str))?;
        self.names.get(position).map(String::as_str)
    }
}

/// What stands before the name of a Comune in its body's name.
fn without_title(folded: &str) -> &str {
    [
        "comune di ",
        "citta di ",
        "comune ",
        "amministrazione comunale di ",
    ]
    .iter()
    .find_map(|title| folded.strip_prefix(title))
    .unwrap_or(folded)
}

/// The position of the only name that a text is near to.
fn closest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<usize> {
    let folded = fold(text);
    let wanted = without_title(&folded);
    if wanted.len() < 3 || wanted.len() > 120 {
        return None;
    }
    let mut scores: Vec<_> = names
        .map(|name| strsim::normalized_damerau_levenshtein(without_title(&fold(name)), wanted))
        .enumerate()
        .filter(|(_, score)| *score >= 0.75)
        .collect();
    scores.sort_by(|one, other| other.1.total_cmp(&one.1));
    match scores.as_slice() {
        [(_, first), (_, second), ..] if first - second < f64::EPSILON => None,
        [(position, _), ..] => Some(*position),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies() -> Bodies {
        Bodies::new(
            [
                ("015146", "Comune di Milano"),
                ("015118", "Comune di Legnano"),
                ("cmm", "Città metropolitana di Milano"),
                ("unione-uno", "Unione dei Comuni"),
                ("unione-due", "Unione dei Comuni"),
            ]
            .map(|(code, name)| (code.to_owned(), name.to_owned())),
        )
    }

    #[test]
    fn a_body_is_found_by_code_or_name() {
        let bodies = bodies();
        for text in [
            "015146",
            "15146",
            "Comune di Milano",
            "MILANO",
            "Città di Milano",
        ] {
            assert_eq!(bodies.find(text), Some("015146"), "{text}");
        }
        assert_eq!(bodies.find("citta metropolitana di milano"), Some("cmm"));
        assert_eq!(bodies.find("UNIONE-UNO"), Some("unione-uno"));
        assert_eq!(bodies.name("015118"), Some("Comune di Legnano"));
        assert_eq!(bodies.name("MILANO"), None);
    }

    #[test]
    fn a_name_that_two_bodies_share_finds_neither() {
        assert_eq!(bodies().find("Unione dei Comuni"), None);
    }

    #[test]
    fn the_nearest_body_is_proposed_only_when_near() {
        assert_eq!(bodies().nearest("Comune di Legnagno"), Some("015118"));
        assert_eq!(bodies().nearest("Provincia di Varese"), None);
    }

    #[test]
    fn software_is_found_whatever_the_case() {
        let catalogue = Catalogue::new(["Milestone XProtect".to_owned(), "Genetec".to_owned()]);
        assert_eq!(
            catalogue.find("milestone xprotect"),
            Some("Milestone XProtect")
        );
        assert_eq!(
            catalogue.nearest("Milestone XProtec"),
            Some("Milestone XProtect")
        );
        assert_eq!(catalogue.find("altro"), None);
    }
}
