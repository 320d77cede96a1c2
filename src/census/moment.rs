//! A past instant as people write it, in Italian time; a date alone means its end.
//!
//! What [`spelling`] writes, [`parse`] reads back to the same instant.

use crate::clock::{self, Instant};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};

/// The zone in which dates and times are read.
const ZONE: &str = "Europe/Rome";

const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

/// Microseconds since 1970-01-01 UTC of a date (`02/03/2026`, `2026-03-02`), which means its end, or
/// of a date and time (`02/03/2026 10:30`, `2026-03-02T10:30`, with or without a zone).
#[must_use]
pub fn parse(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Some(date) = ["%d/%m/%Y", "%Y-%m-%d"]
        .iter()
        .find_map(|form| Date::strptime(form, text).ok())
    {
        return end_of(date);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_microsecond());
    }
    let forms = [
        "%d/%m/%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
    ];
    let time = forms
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok())?;
    instant(time)
}

/// The first instant of a date.
#[must_use]
pub fn start_of(date: Date) -> Option<Instant> {
    instant(date.to_datetime(Time::midnight()))
}

/// The last instant of a date.
#[must_use]
pub fn end_of(date: Date) -> Option<Instant> {
    Some(start_of(date.checked_add(1.day()).ok()?)? - 1)
}

/// A date as people write it: `02/03/2026` or `2026-03-02`.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    ["%d/%m/%Y", "%Y-%m-%d"]
        .iter()
        .find_map(|form| Date::strptime(form, text.trim()).ok())
}

fn instant(time: DateTime) -> Option<Instant> {
    Some(time.in_tz(ZONE).ok()?.timestamp().as_microsecond())
}

/// The day of which this is the last instant.
fn whole_day(at: Instant) -> Option<Date> {
    let date = clock::local(at).date();
    (end_of(date) == Some(at)).then_some(date)
}

/// How an instant is written into addresses.
#[must_use]
pub fn spelling(at: Instant) -> String {
    match (whole_day(at), Timestamp::from_microsecond(at)) {
        (Some(date), _) => date.to_string(),
        (None, Ok(timestamp)) => timestamp.to_string(),
        (None, Err(_)) => String::new(),
    }
}

/// An instant as a field of a form shows it: `02/03/2026`, or with the time when it is not the end
/// of a day.
#[must_use]
pub fn figures(at: Instant) -> String {
    let local = clock::local(at);
    let form = if whole_day(at).is_some() {
        "%d/%m/%Y"
    } else {
        "%d/%m/%Y %H:%M:%S"
    };
    local.strftime(form).to_string()
}

/// An instant in words: `2 marzo 2026`, or `2 marzo 2026 alle 10:30` when it is not the end of a
/// day.
#[must_use]
pub fn words(at: Instant) -> String {
    let local = clock::local(at);
    let day = day(local.date());
    if whole_day(at).is_some() {
        day
    } else {
        format!("{day} alle {}", local.strftime("%H:%M"))
    }
}

/// A date in words: `2 marzo 2026`.
#[must_use]
pub fn day(date: Date) -> String {
    let month = usize::try_from(date.month() - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .unwrap_or(&"");
    format!("{} {month} {}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn a_date_means_its_end_in_italian_time() {
        let end = 1_772_492_400 * SECOND - 1;
        for text in ["02/03/2026", "2026-03-02", " 2026-03-02 "] {
            assert_eq!(parse(text), Some(end), "{text}");
        }
        assert_eq!(spelling(end), "2026-03-02");
        assert_eq!(words(end), "2 marzo 2026");
        assert_eq!(figures(end), "02/03/2026");
        // A day of 23 hours and one of 25.
        for (day, hours) in [(29, 23), (25, 25)] {
            let month = if day == 29 { 3 } else { 10 };
            let date = Date::new(2026, month, day).unwrap();
            let length = end_of(date).unwrap() + 1 - start_of(date).unwrap();
            assert_eq!(length, hours * 3_600 * SECOND);
        }
    }

    #[test]
    fn a_time_is_italian_unless_it_says_its_zone() {
        let ten = 1_772_442_000 * SECOND;
        for text in [
            "02/03/2026 10:00",
            "2026-03-02T10:00",
            "2026-03-02 10:00:00",
            "2026-03-02T09:00:00Z",
            "2026-03-02T10:00:00+01:00",
        ] {
            assert_eq!(parse(text), Some(ten), "{text}");
        }
        assert_eq!(words(ten), "2 marzo 2026 alle 10:00");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "ieri",
            "31/02/2026",
            "2026-13-01",
            "03/2026",
            "1",
            "99999-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_instant_survives_its_spelling(at in -2_000_000_000_000_000_i64..20_000_000_000_000_000) {
            proptest::prop_assert_eq!(parse(&spelling(at)), Some(at));
        }
    }
}
