//! How often somebody may try to sign in.
//!
//! Failures are counted for an address, and for an account as tried by strangers. A browser that
//! has signed in before carries a mark for that account and is counted apart, so that whoever
//! guesses an account's password slows down strangers, never its owner. Nothing is kept on disk.

use crate::clock::{Instant, SECOND};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// The time over which failures are counted.
pub const WINDOW: Instant = 15 * 60 * SECOND;
/// Failures from one address, for any account, before it has to wait.
const FROM_ADDRESS: usize = 30;
/// Failures on one account by browsers that never signed in to it.
const BY_STRANGERS: usize = 20;
/// Failures on one account by one browser that has signed in to it before.
const BY_KNOWN: usize = 10;
/// How many different keys are counted before the oldest are forgotten.
const KEYS: usize = 100_000;

/// What failures are counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Strangers(String),
    Known(String),
}

/// Who failed to sign in, and when.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Key, Vec<Instant>>>,
}

/// One attempt: from where, for whom, and the mark of a browser that has signed in before.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Where it comes from, when known.
    pub address: Option<IpAddr>,
    /// The account as typed.
    pub account: &'a str,
    /// The proven mark of a known browser.
    pub known: Option<&'a str>,
}

impl Attempt<'_> {
    fn keys(&self) -> impl Iterator<Item = (Key, usize)> {
        let account = self.account.trim().to_lowercase();
        let own = match self.known {
            Some(mark) => (Key::Known(format!("{account} {mark}")), BY_KNOWN),
            None => (Key::Strangers(account), BY_STRANGERS),
        };
        let address = self.address.filter(|_| self.known.is_none());
        address
            .map(|address| (Key::Address(network(address)), FROM_ADDRESS))
            .into_iter()
            .chain([own])
    }
}

/// What counts as one address: with IPv6 a household has a whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::from((six.to_bits() & (u128::MAX << 64)).to_be_bytes()),
    }
}

impl Throttle {
    /// Lets an attempt go on and counts it as failed until [`Throttle::forgive`] says otherwise, so
    /// that many at once cannot slip through; or says how many seconds it has to wait.
    pub fn admit(&self, attempt: &Attempt<'_>, now: Instant) -> Result<(), i64> {
        let mut failures = self.lock();
        let wait = attempt.keys().filter_map(|(key, limit)| {
            let recent: Vec<Instant> = failures
                .get(&key)?
                .iter()
                .copied()
                .filter(|failure| *failure > now - WINDOW)
                .collect();
            let release = recent
                .len()
                .checked_sub(limit)
                .and_then(|index| recent.get(index))?;
            Some((release + WINDOW - now) / SECOND + 1)
        });
        if let Some(seconds) = wait.max() {
            return Err(seconds);
        }
        if failures.len() > KEYS {
            failures.retain(|_, times| times.last().is_some_and(|last| *last > now - WINDOW));
        }
        if failures.len() > KEYS {
            failures.clear();
        }
        for (key, _) in attempt.keys() {
            let times = failures.entry(key).or_default();
            times.retain(|failure| *failure > now - WINDOW);
            times.push(now);
        }
        Ok(())
    }

    /// Takes back the failure that [`Throttle::admit`] counted at this instant.
    pub fn forgive(&self, attempt: &Attempt<'_>, now: Instant) {
        let mut failures = self.lock();
        for (key, _) in attempt.keys() {
            if let Some(times) = failures.get_mut(&key)
                && let Some(index) = times.iter().rposition(|failure| *failure == now)
            {
                times.remove(index);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Vec<Instant>>> {
        self.failures
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_guesses_slows_down_strangers_and_never_the_owner() {
        let throttle = Throttle::default();
        let now = 1_000_000 * SECOND;
        for host in 0..20_u8 {
            let address = Some(IpAddr::from([10, 0, 0, host]));
            let attempt = Attempt {
                address,
                account: "rho",
                known: None,
            };
            throttle.admit(&attempt, now).unwrap();
        }
        let stranger = Attempt {
            address: Some(IpAddr::from([10, 9, 9, 9])),
            account: "Rho ",
            known: None,
        };
        assert!(throttle.admit(&stranger, now + SECOND).is_err());
        let owner = Attempt {
            known: Some("mark"),
            ..stranger
        };
        assert_eq!(throttle.admit(&owner, now + SECOND), Ok(()));
        assert_eq!(throttle.admit(&stranger, now + WINDOW + SECOND), Ok(()));
    }

    #[test]
    fn signing_in_leaves_no_failure_behind() {
        let throttle = Throttle::default();
        let attempt = Attempt {
            address: Some(IpAddr::from([10, 0, 0, 1])),
            account: "rho",
            known: None,
        };
        for now in 0..100 {
            assert_eq!(throttle.admit(&attempt, now), Ok(()));
            throttle.forgive(&attempt, now);
        }
    }

    #[test]
    fn an_address_that_tries_many_accounts_has_to_wait() {
        let throttle = Throttle::default();
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        for number in 0..30 {
            let account = format!("conto{number}");
            throttle
                .admit(
                    &Attempt {
                        address,
                        account: &account,
                        known: None,
                    },
                    0,
                )
                .unwrap();
        }
        let other = Attempt {
            address,
            account: "altro",
            known: None,
        };
        assert!(throttle.admit(&other, 1).is_err());
    }
}
