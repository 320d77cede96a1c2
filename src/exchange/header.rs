//! Where the table of a file begins: the row of the headers, below titles and notes or not there.
//!
//! A row is weighed by how many attributes its cells name and by how it differs from the rows below
//! it; delimited text and spreadsheets are weighed alike. What stands above the headers is said, and
//! headers that are not there are made up. Enforced by the tests below and by the files of
//! `tests/data/import/`.

use super::source::{Certainty, SAMPLE};
use crate::census::vocabulary::{ATTRIBUTES, fold};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Among how many of the first rows that are not empty the headers are looked for.
const SEARCHED: usize = 30;

/// How many rows below a row it is compared with.
const COMPARED: usize = 20;

/// How many of the first rows that are not empty [`table`] wants to see.
pub(super) const LOOKED_AT: usize = SAMPLE + SEARCHED;

/// The most columns a file may have: ten times the record.
pub const MAX_COLUMNS: usize = 500;

/// One row as it stands in the file, and its line from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) cells: Vec<String>,
}

/// The table of a file.
#[derive(Debug)]
pub(super) struct Table {
    /// The line of the headers, 0 when there are none.
    pub(super) line: u64,
    pub(super) certainty: Certainty,
    pub(super) names: Vec<String>,
    pub(super) sample: Vec<Vec<String>>,
    pub(super) notes: Vec<String>,
    /// How many attributes the headers name.
    pub(super) known: usize,
}

/// Finds the table in the first rows that are not empty, or where the person says that the headers
/// are; an Italian sentence when nothing is there.
pub(super) fn table(lines: &[Line], chosen: Option<u64>) -> Result<Table, String> {
    let (at, certainty) = match chosen {
        Some(0) => (None, Certainty::Chosen),
        Some(number) => (Some(place(lines, number)?), Certainty::Chosen),
        None => find(lines),
    };
    let below = at.map_or(0, |at| at + 1);
    let sample: Vec<_> = lines.iter().skip(below).take(SAMPLE).collect();
    let header = at.and_then(|at| lines.get(at));
    let names = names(header, &sample);
    let notes = match at {
        Some(at) => skipped(lines.get(..at).unwrap_or_default()),
        None => Some(
            "Il file non ha una riga di intestazione: le colonne si chiamano «Colonna 1», \
             «Colonna 2» e così via. Dite voi che cosa contengono."
                .to_owned(),
        ),
    };
    Ok(Table {
        line: header.map_or(0, |line| line.number),
        certainty,
        known: header.map_or(0, |line| known(&line.cells)),
        sample: sample.iter().map(|line| line.cells.clone()).collect(),
        names,
        notes: notes.into_iter().collect(),
    })
}

fn place(lines: &[Line], number: u64) -> Result<usize, String> {
    let found = lines.iter().position(|line| line.number == number);
    found.ok_or_else(|| {
        let last = lines.last().map_or(1, |line| line.number);
        format!(
            "L’intestazione non può essere alla riga {number}: quella riga è vuota o non è tra le \
             prime {last}. Scegliete la riga che contiene i nomi delle colonne, oppure 0 se non c’è."
        )
    })
}

/// The row of the headers among the first ones, and how sure that is.
fn find(lines: &[Line]) -> (Option<usize>, Certainty) {
    let width = width(lines);
    let full: Vec<usize> = lines
        .iter()
        .take(SEARCHED)
        .enumerate()
        .filter(|(_, line)| filled(&line.cells) * 2 >= width)
        .map(|(at, _)| at)
        .collect();
    let weigh = |at: usize| {
        let Some([line, below @ ..]) = lines.get(at..) else {
            return (0, 0);
        };
        let below = below.get(..COMPARED).unwrap_or(below);
        (known(&line.cells), contrast(&line.cells, below))
    };
    let mut named = None;
    let mut formed = None;
    for at in &full {
        let (known, contrast) = weigh(*at);
        let balance = contrast.saturating_add_unsigned(known.saturating_mul(3));
        if known >= 2.min(width) && balance > 0 && named.is_none_or(|(_, best)| known > best) {
            named = Some((*at, known));
        }
        if contrast > 0 && formed.is_none_or(|(_, best)| contrast > best) {
            formed = Some((*at, contrast));
        }
    }
    if let Some((at, known)) = named {
        let cells = lines.get(at).map_or(0, |line| filled(&line.cells));
        let sure = known >= 3 || known * 2 >= cells;
        let certainty = if sure {
            Certainty::Sure
        } else {
            Certainty::Likely
        };
        return (Some(at), certainty);
    }
    if let Some((at, _)) = formed {
        return (Some(at), Certainty::Likely);
    }
    let first = full.first().copied().filter(|at| weigh(*at).1 >= 0);
    (first, Certainty::Guessed)
}

/// How many cells the rows of the table have, titles and stray notes apart.
fn width(lines: &[Line]) -> usize {
    let mut counts: Vec<_> = lines.iter().map(|line| filled(&line.cells)).collect();
    counts.sort_unstable();
    counts.get(counts.len() * 3 / 4).copied().unwrap_or(0)
}

fn filled(cells: &[String]) -> usize {
    cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// How many attributes the cells of a row name.
pub(super) fn known(cells: &[String]) -> usize {
    static SPELLINGS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let mut spellings = HashMap::new();
        for attribute in ATTRIBUTES {
            let own = [attribute.name, attribute.label, attribute.short];
            for spelling in own.iter().chain(attribute.synonyms) {
                spellings.entry(fold(spelling)).or_insert(attribute.name);
            }
        }
        spellings
    });
    let named: HashSet<_> = cells
        .iter()
        .filter_map(|cell| SPELLINGS.get(&fold(cell)))
        .collect();
    named.len()
}

/// How much a row looks like the headers of the rows below: positive when it does, negative when it
/// looks like one of them.
fn contrast(cells: &[String], below: &[Line]) -> isize {
    let mut contrast = 0;
    for (column, cell) in cells.iter().enumerate() {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        let others: Vec<&str> = below
            .iter()
            .filter_map(|line| line.cells.get(column))
            .map(|other| other.trim())
            .filter(|other| !other.is_empty())
            .collect();
        let most = |such: &dyn Fn(&str) -> bool| {
            others.iter().filter(|other| such(other)).count() * 2 > others.len()
        };
        let (own, theirs) = (is_value(cell), most(&is_value));
        contrast += match (own, theirs) {
            (true, true) => -2,
            (true, false) if others.is_empty() => -2,
            (false, true) => 1,
            // «A1» above «A2», but not «campo1» above «valore 3».
            _ if most(&|other| other != cell && letters(other) == letters(cell)) => -1,
            _ => 0,
        };
        let repeated = others.iter().any(|other| other.eq_ignore_ascii_case(cell));
        contrast -= isize::from(repeated && !is_value(cell));
    }
    contrast
}

/// A text without its digits.
fn letters(text: &str) -> String {
    text.chars().filter(|one| !one.is_ascii_digit()).collect()
}

/// Whether a text is a number, a date, a code: more digits than letters.
fn is_value(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|one| one.is_alphabetic()).count();
    digits > letters
}

/// The names of the columns. One that has texts and no name is given one; those at the end that have
/// neither are left out.
fn names(header: Option<&Line>, sample: &[&Line]) -> Vec<String> {
    let mut named: Vec<String> = header
        .map(|line| &line.cells[..])
        .unwrap_or_default()
        .iter()
        .map(|cell| cell.trim().to_owned())
        .collect();
    let extent = |line: &&Line| {
        let last = line.cells.iter().rposition(|cell| !cell.trim().is_empty());
        last.map_or(0, |last| last + 1)
    };
    if header.is_none() {
        named.resize(sample.iter().map(extent).max().unwrap_or(0), String::new());
    }
    for (column, name) in named.iter_mut().enumerate() {
        let has_text = |line: &&Line| {
            line.cells
                .get(column)
                .is_some_and(|cell| !cell.trim().is_empty())
        };
        if name.is_empty() && (header.is_none() || sample.iter().any(has_text)) {
            *name = format!("Colonna {}", column + 1);
        }
    }
    while named.last().is_some_and(String::is_empty) {
        named.pop();
    }
    named
}

/// What to say of the rows above the headers.
fn skipped(above: &[Line]) -> Option<String> {
    const SHOWN: usize = 3;
    if above.is_empty() {
        return None;
    }
    let shown: Vec<_> = above.iter().take(SHOWN).map(quoted).collect();
    let rest = match above.len().saturating_sub(SHOWN) {
        0 => String::new(),
        1 => " e un’altra".to_owned(),
        more => format!(" e altre {more}"),
    };
    let (before, after) = if above.len() == 1 {
        (
            "C’è una riga sopra l’intestazione che non viene letta",
            "riga",
        )
    } else {
        (
            "Ci sono righe sopra l’intestazione che non vengono lette",
            "righe",
        )
    };
    Some(format!("{before}: {after} {}{rest}.", shown.join(", ")))
}

fn quoted(line: &Line) -> String {
    const LONGEST: usize = 60;
    let text = line
        .cells
        .iter()
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{} «{cut}{more}»", line.number)
}

/// What most numbers of the sample have before their decimals, and how sure that is.
pub(super) fn decimal(sample: &[Vec<String>]) -> (char, Certainty) {
    let (mut commas, mut points, mut unclear) = (0_usize, 0_usize, 0_usize);
    for cell in sample.iter().flatten() {
        match mark(cell.trim()) {
            Some((',', true)) => commas += 1,
            Some((_, true)) => points += 1,
            Some((_, false)) => unclear += 1,
            None => {}
        }
    }
    let mark = if commas > points { ',' } else { '.' };
    let certainty = match (commas.max(points), commas.min(points)) {
        (0, _) if unclear > 0 => Certainty::Guessed,
        (0, _) => Certainty::Likely,
        (_, 0) => Certainty::Sure,
        (most, few) if most >= few * 4 => Certainty::Likely,
        _ => Certainty::Guessed,
    };
    (mark, certainty)
}

/// What stands before the decimals of a number, and whether that is beyond doubt: a single mark
/// before three digits may as well group thousands.
fn mark(cell: &str) -> Option<(char, bool)> {
    let digits = cell.trim_start_matches(['-', '+']);
    let number = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b' ' | b'\''));
    if !number {
        return None;
    }
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    let last = digits.rfind(['.', ','])?;
    let (whole, decimals) = digits.split_at_checked(last)?;
    match (points, commas) {
        (0, 1) | (1, 0) => {
            let grouped = decimals.len() == 4 && whole.len() <= 3 && whole != "0";
            Some((if commas == 1 { ',' } else { '.' }, !grouped))
        }
        (0, _) => Some(('.', true)),
        (_, 0) => Some((',', true)),
        _ if decimals.starts_with(',') => Some((',', true)),
        _ => Some(('.', true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines()
            .zip(1..)
            .filter(|(line, _)| !line.replace(';', "").is_empty())
            .map(|(line, number)| Line {
                number,
                cells: line.split(';').map(str::to_owned).collect(),
            })
            .collect()
    }

    fn found(text: &str) -> (u64, Certainty) {
        let table = table(&lines(text), None).unwrap();
        (table.line, table.certainty)
    }

    #[test]
    fn titles_and_notes_are_not_headers() {
        use Certainty::{Guessed, Likely, Sure};
        for (text, expected) in [
            ("codice;lat;lon\nA1;45.4;9.1", (1, Sure)),
            (
                "Comune di Rho;;;\n;;;\nTelecamere;aggiornate;al 31/12/2024;\ncodice;via;lat;lon\nA1;Po;45.4;9.1\nA2;Adda;45.4;9.1",
                (4, Sure),
            ),
            (
                "Comune;Rho;;\ncodice;via;lat;lon\nA1;Po;45.4;9.1",
                (2, Sure),
            ),
            (
                "Elenco;;\nnumerino;coso;cosa\n12;45.4;9.1\n13;45.4;9.2",
                (2, Likely),
            ),
            ("pippo;pluto\nuno;due\ntre;quattro", (1, Guessed)),
            (
                "A1;Po;45.4;9.1;contesto\nA2;Adda;45.4;9.1;contesto",
                (0, Guessed),
            ),
            ("C01;Via Po 3;x;x\nC02;Via Adda 12;x;x", (0, Guessed)),
            ("1;2;3", (0, Guessed)),
            ("codice", (1, Sure)),
            ("codice\n12", (1, Sure)),
            ("a;b\n1;2", (1, Likely)),
            (
                "codice;lat;lon;c1;c2;c30;c41\nA1;45.4;9.1;v 1;v 2;v 3;v 4\nA2;45.4;9.1;v 2;v 3;v 4;v 5",
                (1, Sure),
            ),
            (
                "Posizione;;Dati;\nlat;lon;codice;stato\n45.4;9.1;A1;attivo\n45.4;9.1;A2;attivo",
                (2, Sure),
            ),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn headers_that_are_not_there_are_made_up() {
        let made = table(&lines("12;45.4;9.1\n13;45.4;9.2;nota"), None).unwrap();
        assert_eq!(
            made.names,
            ["Colonna 1", "Colonna 2", "Colonna 3", "Colonna 4"]
        );
        assert_eq!(made.sample.len(), 2);
        assert!(made.notes[0].contains("non ha una riga di intestazione"));
        let partly = table(&lines("codice;;lat;;lon;;\nA1;x;45.4;;9.1"), None).unwrap();
        assert_eq!(partly.names, ["codice", "Colonna 2", "lat", "", "lon"]);
    }

    #[test]
    fn a_person_may_say_where_the_headers_are() {
        let lines = lines("codice;lat;lon\nid;y;x\nA1;45.4;9.1");
        let of = |chosen| table(&lines, Some(chosen));
        assert_eq!(of(2).unwrap().names, ["id", "y", "x"]);
        assert_eq!(
            of(2).unwrap().notes,
            ["C’è una riga sopra l’intestazione che non viene letta: riga 1 «codice lat lon»."]
        );
        assert_eq!(of(0).unwrap().sample.len(), 3);
        assert!(of(9).unwrap_err().contains("non può essere alla riga 9"));
    }

    #[test]
    fn thousands_do_not_pass_for_decimals() {
        let of = |cells: &[&str]| {
            let cells: Vec<_> = cells.iter().map(|cell| (*cell).to_owned()).collect();
            decimal(&[cells])
        };
        assert_eq!(of(&["1.514.881,49", "45,46"]), (',', Certainty::Sure));
        assert_eq!(of(&["5.034.556"]), (',', Certainty::Sure));
        assert_eq!(of(&["1,514,881.49"]), ('.', Certainty::Sure));
        assert_eq!(of(&["514.853"]), ('.', Certainty::Guessed));
        assert_eq!(of(&["0.853", "x", "Via Po 3"]), ('.', Certainty::Sure));
        assert_eq!(of(&["12", ""]), ('.', Certainty::Likely));
        assert_eq!(of(&["45,4", "9.1"]), ('.', Certainty::Guessed));
        assert_eq!(of(&["12/04/2024", "192.0.2.7a"]), ('.', Certainty::Likely));
    }
}
