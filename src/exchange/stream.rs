//! Rows from a reader that cannot be asked for one at a time: it works on a thread of its own and is
//! a few batches ahead of whoever takes the rows, never more.
//!
//! A reader that breaks off is an error of the file, not its end. A reader nobody listens to any
//! more stops at its next row.

use super::source::{Progress, Row, Rows, SourceError};
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many rows travel together.
const BATCH: usize = 128;

/// How many batches may wait.
const AHEAD: usize = 4;

type Batch = Result<Vec<Row>, SourceError>;

/// Where a reader puts its rows.
pub(super) struct Outlet {
    sender: SyncSender<Batch>,
    batch: Vec<Row>,
    count: u64,
}

impl Outlet {
    /// Hands a row over; a row without a line of its own has its number. `false` when nobody wants
    /// any more.
    #[must_use]
    pub(super) fn row(&mut self, line: Option<u64>, cells: Vec<String>) -> bool {
        self.count += 1;
        self.batch.push(Row {
            line: line.unwrap_or(self.count),
            record: self.count,
            cells: cells.into_iter().collect(),
        });
        self.batch.len() < BATCH || self.send()
    }

    fn send(&mut self) -> bool {
        let batch = std::mem::take(&mut self.batch);
        self.sender.send(Ok(batch)).is_ok()
    }
}

/// The rows that a reader hands over.
pub(super) fn rows(
    read: impl FnOnce(&mut Outlet) -> Result<(), SourceError> + Send + 'static,
) -> io::Result<Rows> {
    let (sender, receiver) = sync_channel(AHEAD);
    let worker = std::thread::Builder::new()
        .name("lettura".to_owned())
        .spawn(move || {
            let mut outlet = Outlet {
                sender,
                batch: Vec::new(),
                count: 0,
            };
            let outcome = read(&mut outlet);
            // What was read before an error comes first.
            if outlet.send()
                && let Err(error) = outcome
            {
                drop(outlet.sender.send(Err(error)));
            }
        })?;
    Ok(Box::new(Stream {
        receiver,
        ready: Vec::new().into_iter(),
        worker: Some(worker),
    }))
}

struct Stream {
    receiver: Receiver<Batch>,
    ready: std::vec::IntoIter<Row>,
    worker: Option<JoinHandle<()>>,
}

impl Iterator for Stream {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            match self.receiver.recv() {
                Ok(Ok(batch)) => self.ready = batch.into_iter(),
                Ok(Err(error)) => return Some(Err(error)),
                Err(_ended) => {
                    let broke_off = self.worker.take()?.join().is_err();
                    return broke_off.then(|| {
                        Err(SourceError::Refused(
                            "La lettura del file si è interrotta: il file è rovinato. Salvatelo di \
                             nuovo dal programma da cui viene e riprovate."
                                .to_owned(),
                        ))
                    });
                }
            }
        }
    }
}

/// How many bytes one feature of a text may have.
const MAX_FEATURE_BYTES: u64 = 16 << 20;

/// How many bytes may still be read before it is too much for one feature.
#[derive(Clone)]
pub(super) struct Budget(Rc<Cell<u64>>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(MAX_FEATURE_BYTES)))
    }

    /// Begins another feature.
    pub(super) fn renew(&self) {
        self.0.set(MAX_FEATURE_BYTES);
    }

    /// Whether it is used up.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// Reads with a budget and tells the progress.
pub(super) struct Metered<R> {
    pub(super) source: R,
    pub(super) progress: Progress,
    pub(super) budget: Budget,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget.is_spent() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = self.source.read(buffer)?;
        self.progress.advance(length as u64);
        let rest = self.budget.0.get().saturating_sub(length as u64);
        self.budget.0.set(rest);
        Ok(length)
    }
}

/// What is said of a feature that is too long.
pub(super) fn too_long(features: u64) -> SourceError {
    SourceError::Refused(format!(
        "L’elemento {} del file è più lungo di 16 milioni di byte: un dispositivo è un punto con i \
         suoi attributi. Controllate che il file sia quello giusto.",
        features + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order_and_an_error_after_those_before_it() {
        let mut all = rows(|outlet| {
            for number in 0..1_000_u32 {
                assert!(outlet.row(None, vec![number.to_string()]));
            }
            Err(SourceError::Refused("basta".to_owned()))
        })
        .unwrap();
        let read: Vec<_> = all.by_ref().take(1_000).map(Result::unwrap).collect();
        assert_eq!(
            (read[999].line, read[999].cells.get(0).unwrap()),
            (1_000, "999")
        );
        assert_eq!(all.next().unwrap().unwrap_err().to_string(), "basta");
        assert!(all.next().is_none());
    }

    #[test]
    fn a_reader_that_breaks_off_is_an_error_and_not_the_end() {
        let mut all = rows(|outlet| {
            assert!(outlet.row(None, Vec::new()));
            panic!("on purpose")
        })
        .unwrap();
        let error = all.find_map(Result::err).unwrap();
        assert!(error.to_string().contains("si è interrotta"), "{error}");
    }

    #[test]
    fn a_reader_nobody_listens_to_stops() {
        let (told, stopped) = sync_channel(1);
        let all = rows(move |outlet| {
            while outlet.row(None, Vec::new()) {}
            told.send(()).unwrap();
            Ok(())
        });
        drop(all);
        stopped.recv().unwrap();
    }
}
