//! One page of rows that come in no order: only those of the page are kept.
//!
//! The order is that of body, code and identifier, byte by byte, so that the same rows always make
//! the same pages. Enforced by the tests below.

use super::filter::Edge;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What tells a device's row from all others: body, code, identifier.
pub type Key = (String, String, Uuid);

/// A page being gathered.
#[derive(Debug)]
pub struct Window<T> {
    from: Option<(Edge, Key)>,
    size: usize,
    kept: BTreeMap<Key, T>,
    /// How many rows passed by, on all pages.
    total: u64,
    /// How many of them stand before the key, and how many after it.
    around: [u64; 2],
}

/// A page that was gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows, in order.
    pub rows: Vec<(Key, T)>,
    /// How many there are on all pages.
    pub total: u64,
    /// Whether something precedes them.
    pub before: bool,
    /// Whether something follows them.
    pub after: bool,
}

impl<T> Window<T> {
    /// The page of so many rows after or before a key, or the first one.
    #[must_use]
    pub const fn new(from: Option<(Edge, Key)>, size: usize) -> Self {
        Self {
            from,
            size,
            kept: BTreeMap::new(),
            total: 0,
            around: [0, 0],
        }
    }

    /// Offers a row; it is made only when it may be on the page.
    pub fn offer(&mut self, body: &str, code: &str, device: Uuid, row: impl FnOnce() -> T) {
        self.total += 1;
        let order = |key: &Key| (body, code, device).cmp(&(&*key.0, &*key.1, key.2));
        let backwards = matches!(self.from, Some((Edge::Before, _)));
        if let Some((_, from)) = &self.from {
            let place = order(from);
            match place {
                Ordering::Less => self.around[0] += 1,
                Ordering::Equal => {}
                Ordering::Greater => self.around[1] += 1,
            }
            let wanted = if backwards {
                Ordering::Less
            } else {
                Ordering::Greater
            };
            if place != wanted {
                return;
            }
        }
        if self.kept.len() >= self.size {
            let farthest = if backwards {
                self.kept.first_key_value()
            } else {
                self.kept.last_key_value()
            };
            let nearer = if backwards {
                Ordering::Greater
            } else {
                Ordering::Less
            };
            if farthest.is_none_or(|(key, _)| order(key) != nearer) {
                return;
            }
            if backwards {
                self.kept.pop_first();
            } else {
                self.kept.pop_last();
            }
        }
        let key = (body.to_owned(), code.to_owned(), device);
        self.kept.insert(key, row());
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> Page<T> {
        let kept = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        let [before, after] = self.around;
        let (before, after) = match self.from {
            None => (false, self.total > kept),
            // The row of the key itself stands on the page that one came from.
            Some((Edge::After, _)) => (self.total > after, after > kept),
            Some((Edge::Before, _)) => (before > kept, self.total > before),
        };
        Page {
            rows: self.kept.into_iter().collect(),
            total: self.total,
            before,
            after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of a page of three, of ten rows that come in a strange order.
    fn page(from: Option<(Edge, u128)>) -> (Vec<String>, [bool; 2]) {
        let key = |number: u128| {
            let code = format!("C{number}");
            ("a".to_owned(), code, Uuid::from_u128(number))
        };
        let mut window = Window::new(from.map(|(edge, number)| (edge, key(number))), 3);
        for number in [7, 2, 9, 0, 4, 1, 8, 3, 6, 5] {
            let (body, code, id) = key(number);
            window.offer(&body, &code, id, || ());
        }
        let page = window.finish();
        assert_eq!(page.total, 10);
        let codes = page.rows.into_iter().map(|((_, code, _), ())| code);
        (codes.collect(), [page.before, page.after])
    }

    #[test]
    fn pages_follow_each_other_forwards_and_backwards() {
        let codes = |codes: [u32; 3]| codes.map(|code| format!("C{code}")).to_vec();
        assert_eq!(page(None), (codes([0, 1, 2]), [false, true]));
        assert_eq!(
            page(Some((Edge::After, 2))),
            (codes([3, 4, 5]), [true, true])
        );
        assert_eq!(
            page(Some((Edge::After, 6))),
            (codes([7, 8, 9]), [true, false])
        );
        assert_eq!(
            page(Some((Edge::Before, 6))),
            (codes([3, 4, 5]), [true, true])
        );
        assert_eq!(
            page(Some((Edge::Before, 3))),
            (codes([0, 1, 2]), [false, true])
        );
    }

    #[test]
    fn a_row_that_is_not_on_the_page_is_not_made() {
        let mut window = Window::new(None, 1);
        let mut made = 0;
        for code in ["A", "B", "C"] {
            window.offer("a", code, Uuid::nil(), || made += 1);
        }
        assert_eq!((made, window.finish().total), (1, 3));
    }
}
