//! Reading dates as people and spreadsheets write them: the day before the month, unless the year
//! comes first.

use jiff::civil::Date;

/// What a text in a field of dates means.
#[derive(Debug, PartialEq)]
pub(super) enum Day {
    /// This date.
    Is(Date),
    /// No date as it stands, but this one with day and month exchanged.
    Exchanged(Date),
    /// No date.
    Nothing,
}

/// Nothing longer than this is a date, in bytes.
const LONGEST: usize = 40;

/// A date exactly as the census writes it, `2024-12-31`: by far the commonest text.
pub(super) fn canonical(text: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    date(
        number(&[y1, y2, y3, y4])?,
        number(&[m1, m2])?,
        number(&[d1, d2])?,
    )
}

/// Reads a date; a time of day after it is left out.
pub(super) fn read(text: &str) -> Day {
    if let Some(date) = canonical(text) {
        return Day::Is(date);
    }
    if text.len() > LONGEST {
        return Day::Nothing;
    }
    let text = without_time(text);
    let mut parts = text
        .split(['-', '/', '.', ' '])
        .filter(|part| !part.is_empty());
    let (Some(first), Some(second), Some(third), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Day::Nothing;
    };
    let (day, year) = if first.len() == 4 {
        (third, first)
    } else {
        (first, third)
    };
    // The first of a month is written «1°».
    let day = day.trim_end_matches(['°', 'º']);
    let (Some(day), Some(month), Some(year)) = (digits(day), month(second), self::year(year))
    else {
        return Day::Nothing;
    };
    match (date(year, month, day), date(year, day, month)) {
        (Some(date), _) => Day::Is(date),
        (None, Some(exchanged)) => Day::Exchanged(exchanged),
        (None, None) => Day::Nothing,
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(
        year.try_into().ok()?,
        month.try_into().ok()?,
        day.try_into().ok()?,
    )
    .ok()
}

fn without_time(text: &str) -> &str {
    let Some((day, time)) = text.split_once(['T', ' ']) else {
        return text;
    };
    let clock = time.bytes().all(|byte| {
        byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-' | b'Z' | b' ')
    });
    if clock && time.contains(':') {
        day
    } else {
        text
    }
}

fn digits(text: &str) -> Option<i64> {
    let all = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Two digits are a year of this century, or of the last one from 80 on.
fn year(text: &str) -> Option<i64> {
    let number = digits(text)?;
    match text.len() {
        4 => Some(number),
        2 if number < 80 => Some(2000 + number),
        2 => Some(1900 + number),
        _ => None,
    }
}

fn month(text: &str) -> Option<i64> {
    static NAMES: [&str; 12] = [
        "gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic",
    ];
    static ENGLISH: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    digits(text).filter(|_| text.len() < 3).or_else(|| {
        let name = text.get(..3)?.to_ascii_lowercase();
        let mut both = NAMES.iter().zip(ENGLISH);
        let position = both.position(|(italian, english)| *italian == name || english == name)?;
        i64::try_from(position + 1).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let expected = Day::Is(Date::constant(2024, 12, 31));
        for text in [
            "2024-12-31",
            "31/12/2024",
            "31-12-2024",
            "31.12.2024",
            "31/12/24",
            "31-dic-24",
            "31 dicembre 2024",
            "31-Dec-2024",
            "31 December 2024",
            "2024/12/31",
            "2024-12-31T00:00:00Z",
            "2024-12-31 00:00:00",
            "31/12/2024 10:30",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("1° maggio 2021"), Day::Is(Date::constant(2021, 5, 1)));
        assert_eq!(read("12.05.21"), Day::Is(Date::constant(2021, 5, 12)));
        assert_eq!(read("1/2/98"), Day::Is(Date::constant(1998, 2, 1)));
    }

    #[test]
    fn an_american_date_is_proposed_and_not_guessed() {
        assert_eq!(
            read("12/31/2024"),
            Day::Exchanged(Date::constant(2024, 12, 31))
        );
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "2024",
            "12/2024",
            "maggio 2021",
            "31/02/2024",
            "45657",
            "ieri",
            "1/2/3/4",
            "31/12/024",
        ] {
            assert_eq!(read(text), Day::Nothing, "{text}");
        }
    }
}
