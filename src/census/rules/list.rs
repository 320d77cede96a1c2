//! Reading closed lists: a code, a label or any spelling seen in real files, and what was probably
//! meant by anything else.

use crate::census::vocabulary::{Field, Term, UNKNOWN, fold};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Nothing longer than this is worth comparing with an entry of a list, in bytes.
const LONGEST: usize = 64;

/// The entry of a field's list that a text names: by code, label or synonym, whatever the case, the
/// accents and the punctuation.
pub(super) fn find(field: Field, terms: &'static [Term], text: &str) -> Option<&'static Term> {
    if let Some(term) = terms.iter().find(|term| term.code == text) {
        return Some(term);
    }
    if text.len() > LONGEST {
        return None;
    }
    let folded = fold(text);
    let spellings = spellings(field);
    // «Si'» and «n.d.;» are what keyboards without accents and hurried hands write.
    let position = spellings
        .get(folded.as_str())
        .or_else(|| spellings.get(folded.trim_end_matches(['\'', '.', '!'])))
        .or_else(|| squeezed(field).get(&squeeze(&folded))?.as_ref())?;
    terms.get(*position)
}

/// Whether a text says that the value is not known, as spelled in every list.
pub(super) fn says_unknown(text: &str) -> bool {
    text == UNKNOWN
        || may_say_unknown(text)
            && Field::Vpn
                .terms()
                .and_then(|terms| find(Field::Vpn, terms, text))
                .is_some_and(|term| term.code == UNKNOWN)
}

/// Whether a text begins like one of the spellings of «non noto» and is not longer than them: most
/// texts are neither, and folding costs more than this.
fn may_say_unknown(text: &str) -> bool {
    static INITIALS: OnceLock<(usize, Vec<u8>)> = OnceLock::new();
    let (longest, initials) = INITIALS.get_or_init(|| {
        let terms = Field::Vpn.terms().unwrap_or_default();
        let unknown = terms.iter().filter(|term| term.code == UNKNOWN);
        let spellings: Vec<_> = unknown.flat_map(|term| term.synonyms).collect();
        let longest = spellings.iter().map(|spelling| spelling.len()).max();
        (
            longest.unwrap_or(0),
            spellings
                .iter()
                .filter_map(|spelling| spelling.bytes().next())
                .collect(),
        )
    });
    let initial = text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    text.len() <= longest + 2 && initial.is_some_and(|initial| initials.contains(&initial))
}

/// What a text with several entries means.
pub(super) struct Several {
    /// The entries found, one flag for each of the list.
    pub(super) found: Vec<bool>,
    /// The pieces that are no entry.
    pub(super) unknown: Vec<String>,
}

/// The entries of a field's list that a text names, separated by commas, semicolons, bars, slashes,
/// plus signs or «e».
pub(super) fn find_all(field: Field, terms: &'static [Term], text: &str) -> Several {
    let mut several = Several {
        found: vec![false; terms.len()],
        unknown: Vec::new(),
    };
    for piece in text
        .split([',', ';', '|', '\n'])
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
    {
        longest_first(field, terms, piece, &mut several);
    }
    several
}

/// Reads one piece from its start, each time the longest run that is an entry: «data e ora» is one,
/// «targa e corsia» are two.
fn longest_first(field: Field, terms: &'static [Term], piece: &str, several: &mut Several) {
    let mut rest = piece;
    while !rest.is_empty() {
        let cuts = cuts(rest);
        let read = cuts.iter().rev().find_map(|(end, next)| {
            let head = rest.get(..*end)?.trim();
            Some((find(field, terms, head)?, *next))
        });
        let next = if let Some((term, next)) = read {
            let position = terms.iter().position(|each| each.code == term.code);
            if let Some(found) = position.and_then(|position| several.found.get_mut(position)) {
                *found = true;
            }
            next
        } else {
            let (end, next) = cuts.first().copied().unwrap_or((rest.len(), rest.len()));
            let head = rest.get(..end).unwrap_or_default().trim();
            if !fold(head).is_empty() {
                several.unknown.push(head.to_owned());
            }
            next
        };
        rest = rest.get(next..).unwrap_or_default().trim_start();
    }
}

/// Where a piece may end and where the next one begins: at separators that are sometimes part of an
/// entry, and at the end. Only those near enough to close an entry, and always the first.
fn cuts(text: &str) -> Vec<(usize, usize)> {
    let mut cuts = Vec::new();
    for (at, letter) in text.char_indices() {
        if at > LONGEST && !cuts.is_empty() {
            return cuts;
        }
        if matches!(letter, '/' | '+' | '&') {
            cuts.push((at, at + 1));
        } else if text
            .get(at..at + 3)
            .is_some_and(|three| three.eq_ignore_ascii_case(" e "))
        {
            cuts.push((at, at + 3));
        }
    }
    cuts.push((text.len(), text.len()));
    cuts
}

/// What a text that is no entry may mean, likeliest only: a slip of the keyboard, else the entries
/// whose words stand in it.
pub(super) fn nearest(field: Field, terms: &'static [Term], text: &str) -> Vec<&'static Term> {
    let folded = fold(text);
    if folded.is_empty() || folded.len() > LONGEST {
        return Vec::new();
    }
    // A word of another list is no slip of this one: a speed dome is a shape, not a speed trap.
    let mut others = Field::ALL.iter().filter(|other| **other != field);
    if others.any(|other| spellings(*other).contains_key(&folded)) {
        return Vec::new();
    }
    let positions = slips(field, &folded).or_else(|| mentioned(field, &folded));
    positions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|position| terms.get(position))
        .collect()
}

/// The entries one spelling of which is the fewest slips away: one in short words, two in others.
fn slips(field: Field, folded: &str) -> Option<Vec<usize>> {
    let allowed = if folded.chars().count() > 5 { 2 } else { 1 };
    let near = spellings(field)
        .iter()
        .filter(|(spelling, _)| {
            spelling.len() > 3 && spelling.len().abs_diff(folded.len()) <= allowed
        })
        .map(|(spelling, position)| (strsim::damerau_levenshtein(spelling, folded), *position))
        .filter(|(distance, _)| *distance <= allowed);
    let near: Vec<_> = near.collect();
    let best = near.iter().map(|(distance, _)| *distance).min()?;
    let near = near.into_iter().filter(|(distance, _)| *distance == best);
    Some(distinct(near.map(|(_, position)| position)))
}

/// The entries a longer text names in passing, unless it denies something.
fn mentioned(field: Field, folded: &str) -> Option<Vec<usize>> {
    let padded = format!(" {} ", folded.replace(['/', '(', ')', ',', '.', '+'], " "));
    if [" non ", " no ", " senza ", " ne ", " mai "]
        .iter()
        .any(|word| padded.contains(word))
    {
        return None;
    }
    let named = spellings(field)
        .iter()
        .filter(|(spelling, _)| spelling.len() > 2 && padded.contains(&format!(" {spelling} ")))
        .map(|(_, position)| *position);
    let named = distinct(named);
    (!named.is_empty()).then_some(named)
}

fn distinct(positions: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut positions: Vec<_> = positions.collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// The entries to choose from, as a sentence has them: at most eight.
pub(super) fn choices(terms: &[Term]) -> String {
    let mut words: Vec<_> = terms.iter().take(8).map(|term| term.label).collect();
    if terms.len() > 8 {
        words.push("…");
    }
    words.join(", ")
}

/// Every folded spelling of a field's list, and which entry it means.
fn spellings(field: Field) -> &'static HashMap<String, usize> {
    static LISTS: OnceLock<Vec<HashMap<String, usize>>> = OnceLock::new();
    static NONE: OnceLock<HashMap<String, usize>> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        Field::ALL
            .iter()
            .map(|field| index(field.terms().unwrap_or_default()))
            .collect()
    });
    lists
        .get(field as usize)
        .unwrap_or_else(|| NONE.get_or_init(HashMap::new))
}

/// The letters and digits of a folded text: what is left of «F. O.» and «4G/LTE».
fn squeeze(folded: &str) -> String {
    folded
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// Every spelling of a field's list without blanks and punctuation, and which entry it means;
/// `None` where it could be two.
fn squeezed(field: Field) -> &'static HashMap<String, Option<usize>> {
    static LISTS: OnceLock<Vec<HashMap<String, Option<usize>>>> = OnceLock::new();
    static NONE: OnceLock<HashMap<String, Option<usize>>> = OnceLock::new();
    let lists = LISTS.get_or_init(|| {
        Field::ALL
            .iter()
            .map(|field| without_punctuation(spellings(*field)))
            .collect()
    });
    lists
        .get(field as usize)
        .unwrap_or_else(|| NONE.get_or_init(HashMap::new))
}

fn without_punctuation(spellings: &HashMap<String, usize>) -> HashMap<String, Option<usize>> {
    let mut squeezed = HashMap::new();
    for (spelling, position) in spellings {
        let letters = squeeze(spelling);
        if letters.len() > 1 {
            let known = squeezed.entry(letters).or_insert(Some(*position));
            if *known != Some(*position) {
                *known = None;
            }
        }
    }
    squeezed
}

/// Codes and labels first, so that a synonym can never take them over.
fn index(terms: &'static [Term]) -> HashMap<String, usize> {
    let mut spellings = HashMap::new();
    for (position, term) in terms.iter().enumerate() {
        spellings.entry(fold(term.code)).or_insert(position);
        spellings.entry(fold(term.label)).or_insert(position);
    }
    for (position, term) in terms.iter().enumerate() {
        for synonym in term.synonyms {
            spellings.entry((*synonym).to_owned()).or_insert(position);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(field: Field, text: &str) -> Option<&'static str> {
        find(field, field.terms().unwrap_or_default(), text).map(|term| term.code)
    }

    fn codes(field: Field, text: &str) -> (Vec<&'static str>, Vec<String>) {
        let terms = field.terms().unwrap_or_default();
        let several = find_all(field, terms, text);
        let found = terms.iter().zip(several.found).filter(|(_, found)| *found);
        (found.map(|(term, _)| term.code).collect(), several.unknown)
    }

    fn near(field: Field, text: &str) -> Vec<&'static str> {
        nearest(field, field.terms().unwrap_or_default(), text)
            .iter()
            .map(|term| term.code)
            .collect()
    }

    #[test]
    fn a_list_is_read_by_code_label_and_synonym() {
        assert_eq!(
            code(Field::Funzione, "lettura_targhe"),
            Some("lettura_targhe")
        );
        assert_eq!(code(Field::Funzione, "VELOCITÀ"), Some("velocita"));
        assert_eq!(
            code(Field::Funzione, "Telecamera  OCR"),
            Some("lettura_targhe")
        );
        assert_eq!(code(Field::Forma, "PTZ (brandeggiabile)"), Some("ptz"));
        assert_eq!(code(Field::Vpn, "Si'"), Some("si"));
        assert_eq!(code(Field::Vpn, "N.D."), Some("non_noto"));
        assert_eq!(code(Field::Funzione, "boh"), None);
    }

    #[test]
    fn spellings_of_real_files_are_understood() {
        for (field, texts, expected) in [
            (
                Field::Installazione,
                "Fissa|FISSO|fixed|Postazione fissa",
                "fissa",
            ),
            (Field::Vpn, "sì|SI|Si'|x|1|✓|✔|✔️|Y|true|VERO|V|S.", "si"),
            (Field::Vpn, "no|NO|N|0|false|FALSO|✗", "no"),
            (
                Field::Funzione,
                "Telecamera OCR|Telecamera lettura targhe|lettore targhe ANPR|O.C.R.|\
                 Varco elettronico|OCR/ANPR|A.N.P.R.|Lettura Targhe (OCR)",
                "lettura_targhe",
            ),
            (Field::Funzione, "Z.T.L.|varco Z.T.L.", "ztl"),
            (
                Field::Stato,
                "in funzione|funzionante|OK|In-Servizio",
                "in_esercizio",
            ),
            (
                Field::Stato,
                "KO|da riparare|K.O.|Non funzionante",
                "guasto",
            ),
            (
                Field::Connettivita,
                "F.O.|FO|fibra ottica|fibra ottica (FTTH)|Fibra-Ottica",
                "fibra",
            ),
            (
                Field::Connettivita,
                "4G LTE|4G/LTE|LTE (4G)|rete mobile",
                "rete_mobile",
            ),
            (
                Field::Connettivita,
                "Ponte radio|Wireless|Hiperlan",
                "radio",
            ),
            (Field::Supporto, "Palo IP|palo I.P.", "palo_illuminazione"),
            (Field::Supporto, "muro|a muro|Parete", "parete"),
            (Field::Alimentazione, "220V|230 V|Rete elettrica", "rete"),
        ] {
            for text in texts.split('|') {
                assert_eq!(code(field, text), Some(expected), "{text}");
            }
        }
        for text in ["-", "", "…", "()", "s/n", "si/no"] {
            assert_eq!(code(Field::Vpn, text), None, "{text}");
        }
    }

    #[test]
    fn every_code_label_and_synonym_of_every_list_is_understood() {
        for field in Field::ALL {
            for term in field.terms().unwrap_or_default() {
                assert_eq!(code(*field, term.code), Some(term.code));
                assert_eq!(code(*field, term.label), Some(term.code), "{}", term.label);
                for synonym in term.synonyms {
                    assert_eq!(code(*field, synonym), Some(term.code), "{synonym}");
                }
            }
        }
    }

    #[test]
    fn several_entries_are_read_whatever_separates_them() {
        let all = vec!["targa", "data_ora", "corsia"];
        for text in [
            "targa,data_ora,corsia",
            "Corsia; Targa; Data e ora",
            "targa e data e ora e corsia",
            "targa/data/ora/corsia",
            "targa + data ora + corsia",
            "targa | timestamp | corsie | targa",
        ] {
            assert_eq!(
                codes(Field::TransitoDati, text),
                (all.clone(), vec![]),
                "{text}"
            );
        }
        assert_eq!(
            codes(Field::Protocolli, "HTTP/REST, ftp").0,
            vec!["ftp", "rest"]
        );
        assert_eq!(codes(Field::Protocolli, "onvif/telnet").1, vec!["telnet"]);
    }

    #[test]
    fn a_slip_of_the_keyboard_is_understood() {
        assert_eq!(
            near(Field::Funzione, "letura targhe"),
            vec!["lettura_targhe"]
        );
        assert_eq!(near(Field::Stato, "funzionate"), vec!["in_esercizio"]);
        assert_eq!(near(Field::Forma, "bulet"), vec!["bullet"]);
    }

    #[test]
    fn words_in_passing_are_proposed_unless_denied() {
        assert_eq!(
            near(Field::Forma, "telecamera bullet da esterno"),
            vec!["bullet"]
        );
        assert_eq!(
            near(Field::Forma, "cupola termica"),
            vec!["dome", "termica"]
        );
        assert_eq!(near(Field::Stato, "non ancora attivo"), Vec::<&str>::new());
        assert_eq!(near(Field::Stato, "non attivo"), Vec::<&str>::new());
        assert_eq!(near(Field::Stato, "disattivo"), vec!["sospeso"]);
    }

    #[test]
    fn thousands_of_separators_take_no_time() {
        let text = "a/".repeat(20_000);
        assert_eq!(codes(Field::Protocolli, &text).1.len(), 20_000);
    }
}
