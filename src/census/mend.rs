//! What can be read of a TOML text that is not well written, so that one slip of its author does not
//! hide the others.
//!
//! The reader of TOML gives several errors and a table, but what follows a slip it reads as part of
//! it: a text that is not closed takes everything to the end of the file. So the text is cut where a
//! table begins, every piece is read by itself, and each entry with an error is blotted out, blank for
//! character, until the rest can be read: what is left stands where it stood, and its mistakes are
//! named by their own lines. A line that looks like the head of a table inside a text of several lines
//! is taken for one, only in a file with errors. Enforced by the tests below and by those of
//! `criterion`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::DeTable;

/// How many entries of one piece are blotted out one by one: after these all that have errors are.
const ROUNDS: usize = 40;

/// With how many errors at most a piece is worth that: reading it again and again takes time.
const FEW: usize = 200;

/// How many lines with errors are looked at.
const MOST: usize = 1_000;

/// A text that can be read, and what was wrong with it.
#[derive(Debug)]
pub(super) struct Mended<'a> {
    /// As long as the text that came, and with the same lines.
    pub(super) text: Cow<'a, str>,
    /// What is wrong, in Italian, and where: in bytes.
    pub(super) faults: Vec<(usize, String)>,
    /// The pieces that had errors, of which something may be missing.
    pub(super) broken: Vec<Range<usize>>,
    /// The first words of the lines that were blotted out: the names of what is missing.
    pub(super) lost: Vec<String>,
}

/// Makes a text readable; `heads` are the names of its tables.
pub(super) fn mend<'a>(text: &'a str, heads: &[&str]) -> Mended<'a> {
    let mut mended = Mended {
        text: Cow::Borrowed(text),
        faults: Vec::new(),
        broken: Vec::new(),
        lost: Vec::new(),
    };
    if faults(text).is_empty() {
        return mended;
    }
    let mut whole = String::with_capacity(text.len());
    for piece in pieces(text, heads) {
        let from = whole.len();
        let part = text.get(piece.clone()).unwrap_or_default();
        let (readable, wrong) = readable(part, is_head(part, heads));
        if !wrong.is_empty() {
            mended.broken.push(piece);
            let lines = part.lines().zip(readable.lines());
            let blotted = lines.filter(|(before, after)| before != after);
            mended
                .lost
                .extend(blotted.filter_map(|(before, _)| first_word(before)));
        }
        let wrong = wrong.into_iter();
        mended
            .faults
            .extend(wrong.map(|(at, why)| (from + at, why)));
        whole.push_str(&readable);
    }
    // What only the pieces together have, such as a table that is there twice.
    mended.faults.extend(faults(&whole));
    mended.text = Cow::Owned(whole);
    mended
}

/// A piece without what cannot be read of it, and what is wrong there.
fn readable(piece: &str, has_head: bool) -> (String, Vec<(usize, String)>) {
    let mut text = piece.to_owned();
    let mut said = Vec::new();
    let mut headless = false;
    let mut found = faults(&text);
    for _ in 0..ROUNDS {
        let first = match found.first() {
            Some(first) if found.len() <= FEW => first.clone(),
            _ => break,
        };
        let mut gone = with(&text, std::slice::from_ref(&first));
        // What can be read before the line of the slip is not part of its entry.
        let line = line_of(&text, first.0);
        if let Some(entry) = gone.first_mut()
            && faults(text.get(..line).unwrap_or_default()).is_empty()
        {
            entry.start = line;
        }
        headless |= has_head && gone.first().is_some_and(|entry| entry.start == 0);
        said.push(first);
        text = blot(&text, &gone);
        found = faults(&text);
    }
    let gone = with(&text, &found);
    headless |= has_head && gone.first().is_some_and(|entry| entry.start == 0);
    text = blot(&text, &gone);
    said.extend(found);
    // Without its head what is in a table would belong to the one before.
    if headless || !faults(&text).is_empty() {
        let all = 0..text.len();
        text = blot(&text, std::slice::from_ref(&all));
    }
    (text, said)
}

/// What is wrong in a text, by its place: the first of each line, since others follow from it.
fn faults(text: &str) -> Vec<(usize, String)> {
    let (mut faults, unclosed) = read(text);
    // Until a list is closed what follows is read as if it were in it.
    if unclosed && let Some((at, _)) = faults.first() {
        let line = line_of(text, *at);
        let (cause, _) = read(text.get(..line).unwrap_or_default());
        faults.splice(0..0, cause.into_iter().take(1));
    }
    faults
}

/// What the TOML reader finds wrong, by its place, the first of each of the first lines; and whether
/// a list is never closed. A hostile text has as many errors as letters.
fn read(text: &str) -> (Vec<(usize, String)>, bool) {
    let (_, errors) = DeTable::parse_recoverable(text);
    let lines: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(end, _)| end + 1))
        .collect();
    let opened = ["\"\"\"", "'''"].map(|quotes| text.rfind(quotes));
    let end = text.trim_end().len();
    let mut unclosed = false;
    let mut firsts: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
    for error in &errors {
        let message = error.message();
        unclosed |=
            message.starts_with("unclosed array,") || message.starts_with("unclosed inline table");
        let at = error.span().map_or(0, |span| span.start);
        let at = whence(at, text.len(), opened, message).min(end);
        let line = lines.partition_point(|start| *start <= at);
        let first = firsts.entry(line).or_insert((at, message));
        if at < first.0 {
            *first = (at, message);
        }
        if firsts.len() > MOST {
            firsts.pop_last();
        }
    }
    let firsts = firsts.into_values();
    let faults = firsts.map(|(at, message)| (at, said(text, at, message)));
    (faults.collect(), unclosed)
}

/// Where the line of a place begins.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end + 1)
}

/// Where the author slipped: a text that is never closed is found at the end of the file, but it is
/// its beginning, the last of its quotes, that is to be looked at.
fn whence(at: usize, end: usize, [basic, literal]: [Option<usize>; 2], message: &str) -> usize {
    let opening = if at < end {
        None
    } else if message.starts_with("invalid multi-line basic string") {
        basic
    } else if message.starts_with("invalid multi-line literal string") {
        literal
    } else {
        None
    };
    opening.unwrap_or(at)
}

/// The entries with these faults, each from its first line to that of the next one.
fn with(text: &str, faults: &[(usize, String)]) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_entry(line) && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut faults = faults.iter().map(|(at, _)| *at).peekable();
    let mut entries = Vec::new();
    for (from, to) in starts.iter().copied().zip(ends) {
        let last = to == text.len();
        let mut wrong = false;
        while faults.next_if(|at| *at < to || last).is_some() {
            wrong = true;
        }
        entries.extend(wrong.then_some(from..to));
    }
    entries
}

/// Whether a line begins an entry or a table.
fn is_entry(line: &str) -> bool {
    let line = line.trim_start();
    let of_a_key = |one: char| one.is_alphanumeric() || "_-.\"' \t".contains(one);
    let key = line.split_once('=').map_or("", |(key, _)| key);
    line.starts_with('[') || (!key.trim().is_empty() && key.chars().all(of_a_key))
}

/// Blanks for everything there, but for the ends of the lines.
fn blot(text: &str, ranges: &[Range<usize>]) -> String {
    let mut blotted = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        blotted.push_str(text.get(from..range.start).unwrap_or_default());
        for one in text.get(range.clone()).unwrap_or_default().bytes() {
            blotted.push(if one == b'\n' { '\n' } else { ' ' });
        }
        from = range.end;
    }
    blotted.push_str(text.get(from..).unwrap_or_default());
    blotted
}

fn first_word(line: &str) -> Option<String> {
    let of_a_name = |one: &char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    let line = line.trim_start_matches([' ', '\t', '"', '\'']);
    let word: String = line.chars().take_while(of_a_name).collect();
    (!word.is_empty()).then_some(word)
}

/// The text cut before every head of a table.
fn pieces(text: &str, heads: &[&str]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if at > from && is_head(line, heads) {
            pieces.push(from..at);
            from = at;
        }
        at += line.len();
    }
    pieces.push(from..text.len());
    pieces
}

/// Whether a text begins with the head of one of these tables, however badly written.
fn is_head(text: &str, heads: &[&str]) -> bool {
    let bare = text.trim_start_matches([' ', '\t']);
    let name = bare.trim_start_matches(['[', ' ', '\t', '"', '\'']);
    bare.starts_with('[') && heads.iter().any(|head| name.starts_with(head))
}

/// What the TOML reader says, for who writes sets.
fn said(text: &str, at: usize, message: &str) -> String {
    const SAID: &[(&str, &str)] = &[
        ("duplicate key", TWICE),
        ("cannot extend", TWICE),
        ("must be quoted", "un testo va tra virgolette"),
        ("opening quote", "un testo va tra virgolette"),
        ("keys cannot", NAME),
        ("invalid unquoted key", NAME),
        (
            "unquoted keys",
            "prima di «=», o tra le parentesi, manca il nome",
        ),
        (
            "missing key",
            "prima di «=», o tra le parentesi, manca il nome",
        ),
        (
            "unexpected key or value",
            "dopo il valore, o dopo il titolo, nella stessa riga c’è ancora qualcosa",
        ),
        ("escaped value", ESCAPE),
        ("escape", ESCAPE),
        ("unicode", ESCAPE),
        (
            "basic string",
            "le virgolette di un testo non si chiudono, o dentro c’è una barra rovesciata di troppo",
        ),
        ("literal string", "gli apici di un testo non si chiudono"),
        ("missing comma", "manca una virgola tra due elementi"),
        ("extra comma", "c’è una virgola di troppo"),
        (
            "unclosed array table",
            "il titolo si scrive con due parentesi: [[criterio]]",
        ),
        ("missing table open", "c’è una parentesi di troppo"),
        ("unclosed table", "la parentesi del titolo non si chiude"),
        ("unclosed array", "la parentesi di un elenco non si chiude"),
        (
            "unclosed inline table",
            "una parentesi graffa non si chiude",
        ),
        ("unexpected `=`", "c’è un «=» di troppo"),
        ("extra `=`", "c’è un «=» di troppo"),
        ("extra assignment", "c’è un «=» di troppo"),
        (
            "missing assignment",
            "dopo il nome di una voce ci va «=», e poi il valore",
        ),
        (
            "with no value",
            "dopo il nome di una voce ci va «=», e poi il valore",
        ),
        (
            "invalid key-value",
            "dopo il nome di una voce ci va «=», e poi il valore",
        ),
        ("missing value", "dopo «=» manca il valore"),
        ("recurs", "troppe parentesi una dentro l’altra"),
        ("comment", "un commento ha caratteri che lì non vanno"),
        (
            "carriage return",
            "la riga non finisce come le altre: salvate il file di nuovo come testo",
        ),
        ("leading zero", VALUE),
        ("may only go between digits", VALUE),
        ("sign", VALUE),
        ("radix", VALUE),
        ("number", VALUE),
        ("integer", VALUE),
        ("float", VALUE),
        ("fraction", VALUE),
        ("exponent", VALUE),
        ("boolean", VALUE),
        ("date", VALUE),
        ("time", VALUE),
        ("invalid value", VALUE),
    ];
    const TWICE: &str = "questa voce c’è già: ogni nome si scrive una volta sola";
    const NAME: &str = "il nome di una voce ha caratteri che lì non vanno";
    const ESCAPE: &str = "dopo una barra rovesciata c’è un carattere che lì non va: per una barra \
                          scrivetene due";
    const VALUE: &str = "un numero, una data o un valore scritto male: un testo va tra virgolette";
    // The reader names what it would rather have after a comma.
    let (what, _) = message.split_once(", expected").unwrap_or((message, ""));
    let before = text.get(..at).unwrap_or_default();
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    let nothing = before.trim_end_matches([' ', '\t']).ends_with('=')
        && (rest.is_empty() || rest.starts_with('\n'));
    let what = if nothing { "missing value" } else { what };
    let known = SAID.iter().find(|(english, _)| what.contains(english));
    let words = known.map_or("qui c’è qualcosa che non ci va", |(_, words)| words);
    format!("Il file non è TOML ben scritto: {words}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADS: [&str; 2] = ["condizioni", "criterio"];

    /// The lines with errors, and what is left without blanks.
    fn lines(text: &str) -> (Vec<usize>, String) {
        let mended = mend(text, &HEADS);
        let line = |at: usize| text.get(..at).unwrap().matches('\n').count() + 1;
        let lines = mended.faults.iter().map(|(at, _)| line(*at)).collect();
        let kept = mended.text.lines().map(str::trim);
        let kept: Vec<_> = kept.filter(|line| !line.is_empty()).collect();
        (lines, kept.join("|"))
    }

    #[test]
    fn a_slip_takes_its_own_entry_and_nothing_else() {
        for (text, wrong, left) in [
            ("a = 1\nb = \"x\n\nc = 3", vec![2], "a = 1|c = 3"),
            ("a = 1\nb\nc = 3", vec![2], "a = 1|c = 3"),
            ("a = 1\nb c\n\nd = x y\ne = 3", vec![2, 4], "a = 1|e = 3"),
            ("a = [1, 2\nb = 3\nc =\nd = 4", vec![1, 3], "b = 3|d = 4"),
            ("è = 1\nb = 2", vec![1], "b = 2"),
            ("a = 1\na = 2\nb = 3", vec![2], "a = 1|b = 3"),
            (
                "a = '''\nuno\n[[criterio]]\nb = 2\n",
                vec![1],
                "[[criterio]]|b = 2",
            ),
            (
                "[condizioni]\na = \"\"\"\nuno\ndue\n\n[[criterio]]\nb = = 2\nc = 1",
                vec![2, 7],
                "[condizioni]|[[criterio]]|c = 1",
            ),
            (
                "[[criterio]\nb = 2\nc =\n[[criterio]]\nd = 4",
                vec![1, 3],
                "[[criterio]]|d = 4",
            ),
            (
                "[condizioni]\na = 1\n[condizioni]\nb = 2 3",
                vec![4, 3],
                "[condizioni]|a = 1|[condizioni]",
            ),
            (
                "a = \"\"\"\n[[criterio]]\n\"\"\"",
                vec![],
                "a = \"\"\"|[[criterio]]|\"\"\"",
            ),
        ] {
            assert_eq!(lines(text), (wrong, left.to_owned()), "{text}");
        }
    }

    #[test]
    fn nobody_is_answered_in_the_language_of_the_library() {
        for text in [
            "a = 01",
            "a = 1979-13-01",
            "a = 1_",
            "a = +-1",
            "a = True",
            "a = 1.e",
            "a == 1",
            "a = \"\\q\"",
            "a = \"\\u12\"",
            "a = 'x",
            "= 1",
            "[]",
            "[a",
            "[[a]",
            "a = [1 2",
            "a = {b",
            "a = {b = 1,, c = 2}",
            "a = [,]",
            "a.b = 1\na = 2",
            "a = 1\na.b = 2",
            "a = {}\na.b = 1",
            "a = []\na.b = 1",
            "\"\"\"a\"\"\" = 1",
            "a = 1 b = 2",
            "# \u{7}",
            "a = 0X1",
            "a = -0x1",
            "a = 1\rb = 2",
            "“a” = “b”",
            "a",
            "a b",
            "a =",
            "a = \"\"\"x",
            "]",
            "}",
            ",",
        ] {
            let mended = mend(text, &HEADS);
            assert!(!mended.faults.is_empty(), "{text}");
            for (_, said) in &mended.faults {
                assert!(!said.contains("qualcosa che non ci va"), "{text}: {said}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_is_mended_to_one_of_its_length_that_can_be_read(
            text in "([a-c]|è| = |\"|'''|\"\"\"|\n|\r\n|\\[|\\]|\\{|,|1|#|criterio|\\[\\[criterio\\]\\]\n){0,40}",
        ) {
            let mended = mend(&text, &HEADS);
            prop_assert_eq!(mended.text.len(), text.len());
            prop_assert_eq!(mended.text.matches('\n').count(), text.matches('\n').count());
            prop_assert_eq!(mended.faults.is_empty(), faults(&text).is_empty());
            for (at, said) in &mended.faults {
                prop_assert!(text.get(..*at).is_some(), "{}", said);
            }
        }
    }
}
