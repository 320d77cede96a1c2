//! Reading numbers as people and spreadsheets write them.
//!
//! A single point is always the decimal separator, because that is how the census writes numbers to
//! machines; a reading that could as well be another is never chosen in silence.

/// What a text in a field of whole numbers means.
#[derive(Debug, PartialEq)]
pub(super) enum Whole {
    /// This number.
    Is(i64),
    /// Either number: `3.000` is three in some programs and three thousand in others.
    Either(i64, i64),
    /// A number with decimals.
    Fraction(f64),
    /// No number.
    Nothing,
}

/// Nothing longer than this is a number of the census, in bytes.
const LONGEST: usize = 40;

/// A number with a decimal comma or point, and thousands separators where they cannot be anything
/// else.
pub(super) fn decimal(text: &str) -> Option<f64> {
    if text.len() > LONGEST {
        return None;
    }
    let (negative, digits) = match text.strip_prefix(['-', '−']) {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = magnitude(digits.trim_start())?;
    // Zero has one sign, or two equal records would not look alike.
    Some(if negative { 0.0 - number } else { number })
}

fn magnitude(text: &str) -> Option<f64> {
    let points = text.bytes().filter(|byte| *byte == b'.').count();
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain && points < 2 {
        return parse(text);
    }
    let spaced = [' ', '\'', '’', '\u{a0}', '\u{202f}'];
    let decimal = text.rfind([',', '.']).filter(|at| {
        let separator = text.get(*at..=*at).unwrap_or_default();
        text.matches(separator).count() == 1
    });
    let (whole, fraction) = match decimal {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let mut groups =
        whole.split(|letter: char| spaced.contains(&letter) || matches!(letter, ',' | '.'));
    let mut joined = groups.next()?.to_owned();
    let grouped = whole.len() > joined.len();
    if grouped && !(1..=3).contains(&joined.len()) {
        return None;
    }
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        joined.push_str(group);
    }
    if joined.is_empty() && fraction.is_empty() {
        return None;
    }
    joined.push('.');
    joined.push_str(fraction);
    parse(&joined)
}

/// Digits with at most one point; the standard parser alone would read `inf` and `1e5`.
fn parse(text: &str) -> Option<f64> {
    let digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let some = text.bytes().any(|byte| byte.is_ascii_digit());
    if digits && some {
        text.parse().ok()
    } else {
        None
    }
}

/// A whole number between two bounds, both included; outside them it is still read.
pub(super) fn whole(text: &str, low: i64, high: i64) -> Whole {
    if let Some(number) = few_digits(text) {
        return Whole::Is(number);
    }
    let Some(number) = decimal(text) else {
        return Whole::Nothing;
    };
    let exact = integer(number);
    let thousands = thousands(text);
    match (exact, thousands) {
        (Some(exact), Some(thousands)) if exact != thousands => {
            let possible = |number: i64| (low..=high).contains(&number);
            match (possible(exact), possible(thousands)) {
                (true, true) => Whole::Either(exact, thousands),
                (true, false) => Whole::Is(exact),
                _ => Whole::Is(thousands),
            }
        }
        (Some(exact), _) => Whole::Is(exact),
        (None, Some(thousands)) => Whole::Is(thousands),
        (None, None) => Whole::Fraction(number),
    }
}

/// The commonest case: nothing but a few digits.
fn few_digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.bytes().try_fold(0_i64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is whole and small"
)]
fn integer(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

/// The number a single separator before exactly three digits would make as thousands.
fn thousands(text: &str) -> Option<i64> {
    let (head, tail) = text.split_once(['.', ','])?;
    let grouped = (1..=3).contains(&head.len()) && tail.len() == 3 && !head.starts_with('0');
    if grouped {
        few_digits(&format!("{head}{tail}"))
    } else {
        None
    }
}

/// A text without the unit of measure written after the number, if it is one of those given.
pub(super) fn without_unit<'a>(text: &'a str, units: &[&str]) -> &'a str {
    let number = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = text
        .get(number.len()..)
        .unwrap_or_default()
        .trim()
        .trim_end_matches('.');
    if units.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
        number
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_with_comma_or_point() {
        for (text, number) in [
            ("8", 8.0),
            ("8.5", 8.5),
            ("8,5", 8.5),
            ("-8,5", -8.5),
            (",5", 0.5),
            ("1.500,25", 1500.25),
            ("1,500.25", 1500.25),
            ("1.234.567", 1_234_567.0),
            ("1 500", 1500.0),
            ("1'500,5", 1500.5),
            ("1.500", 1.5),
            ("8,", 8.0),
        ] {
            assert_eq!(decimal(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        for text in [
            "",
            ".",
            ",",
            "-",
            "inf",
            "nan",
            "1e5",
            "1.2.3",
            "12.34.567",
            "1,2,3",
            "8m",
            "0x1",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        assert!(decimal("-0").is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn a_whole_number_is_read_or_the_doubt_is_said() {
        assert_eq!(whole("7", 0, 10), Whole::Is(7));
        assert_eq!(whole("7,0", 0, 10), Whole::Is(7));
        assert_eq!(whole("7.5", 0, 10), Whole::Fraction(7.5));
        assert_eq!(whole("1.500", 0, 3_650), Whole::Is(1_500));
        assert_eq!(whole("2.000", 0, 20), Whole::Is(2));
        assert_eq!(whole("2.000", 0, 3_650), Whole::Either(2, 2_000));
        assert_eq!(whole("-3", 0, 10), Whole::Is(-3));
        assert_eq!(whole("tre", 0, 10), Whole::Nothing);
    }

    #[test]
    fn a_known_unit_is_left_out_and_another_is_not() {
        assert_eq!(without_unit("8 m", &["m", "metri"]), "8");
        assert_eq!(without_unit("8,5 metri.", &["m", "metri"]), "8,5");
        assert_eq!(without_unit("8 km", &["m", "metri"]), "8 km");
        assert_eq!(without_unit("90°", &["°"]), "90");
    }
}
