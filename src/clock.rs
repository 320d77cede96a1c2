//! Where time, new identifiers and secrets come from; nothing else in the program asks the machine for them.
//!
//! Enforced by `clippy.toml`, which bans the machine's clock elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::{NoContext, Timestamp, Uuid};

/// Microseconds since 1970-01-01 UTC.
pub type Instant = i64;

/// One second in the unit of [`Instant`].
pub const SECOND: Instant = 1_000_000;

/// The machine's clock, or one that stands still for tests.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Starts at an instant and moves one second at each identifier it gives, so that what is
    /// written in a test is in order and always the same.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that starts at this instant, for tests and reproducible examples.
    #[must_use]
    pub fn fixed(start: Instant) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(start)))
    }

    /// The present instant.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn now(&self) -> Instant {
        match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Fixed(instant) => instant.load(Ordering::SeqCst),
        }
    }

    /// Today's date in Italy.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        local(self.now()).date()
    }

    /// A new identifier (UUID version 7), in the order of time.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes identifiers"
    )]
    pub fn new_id(&self) -> Uuid {
        match self {
            Self::System => Uuid::now_v7(),
            Self::Fixed(instant) => {
                let now = instant.fetch_add(SECOND, Ordering::SeqCst);
                let seconds = u64::try_from(now / SECOND).unwrap_or(0);
                let mut bytes =
                    *Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).as_bytes();
                // The random half is made of the instant itself, so that the same run gives the
                // same identifiers.
                for (byte, own) in bytes.iter_mut().skip(8).zip(now.to_be_bytes()) {
                    *byte = own;
                }
                if let Some(variant) = bytes.get_mut(8) {
                    *variant = 0x80 | (*variant & 0x3f);
                }
                if let Some(random) = bytes.get_mut(6) {
                    *random = 0x70;
                }
                if let Some(random) = bytes.get_mut(7) {
                    *random = 0;
                }
                Uuid::from_bytes(bytes)
            }
        }
    }
}

/// Bytes that nobody can guess, from the machine.
///
/// # Errors
/// When the machine has no randomness to give.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the machine for randomness"
)]
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// An instant in Italian civil time, for people.
#[must_use]
pub fn local(instant: Instant) -> jiff::Zoned {
    let timestamp =
        jiff::Timestamp::from_microsecond(instant).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp
        .in_tz("Europe/Rome")
        .unwrap_or_else(|_unknown| timestamp.to_zoned(jiff::tz::TimeZone::UTC))
}

/// An instant as people read it: `22/11/2026 17:04`.
#[must_use]
pub fn words(instant: Instant) -> String {
    local(instant).strftime("%d/%m/%Y %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_gives_identifiers_in_order_and_the_same_each_time() {
        let take = || {
            let clock = Clock::fixed(1_700_000_000 * SECOND);
            [clock.new_id(), clock.new_id(), clock.new_id()]
        };
        let ids = take();
        assert!(ids[0] < ids[1] && ids[1] < ids[2]);
        assert_eq!(ids, take());
    }

    #[test]
    fn people_read_italian_time() {
        assert_eq!(words(1_700_000_000 * SECOND), "14/11/2023 23:13");
    }
}
