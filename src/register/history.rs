//! The history as people read it: a page of it, and all of it as a file.
//!
//! Who reads everything sees every record; an officer sees what they did themselves, what concerns
//! their bodies, and that others read or took away the devices of all bodies, without what they
//! asked for. Enforced by `tests/it/journal.rs`.

use super::find::{Choice, Names};
use super::journal::Note;
use super::{Register, Result};
use crate::census::collation::italian;
use crate::census::filter::Edge;
use crate::census::journal::{Act, Record};
use crate::census::person::Viewer;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::exchange::csv;
use crate::storage::journal::{Concerned, Wanted};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};

/// How many records a page shows.
pub const PAGE: usize = 100;

/// How many records are read at a time for a file.
const CHUNK: usize = 1_000;

/// What the file is called.
pub const FILE: &str = "storia.csv";

/// A page of the history.
#[derive(Debug, Clone)]
pub struct Found {
    /// The records, the last first.
    pub records: Vec<Record>,
    /// Whether later ones precede them.
    pub before: bool,
    /// Whether earlier ones follow them.
    pub after: bool,
    /// The bodies that may be chosen.
    pub bodies: Vec<Choice>,
    /// What the codes mean.
    pub names: Names,
}

impl Register {
    /// A page of the records that this person may see.
    pub async fn history(
        &self,
        viewer: &Viewer,
        wanted: &Wanted,
        from: Option<(Edge, i64)>,
    ) -> Result<Found> {
        let wanted = scoped(viewer, wanted);
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        let codes = unit.bodies().await?.into_iter().map(|body| body.code);
        let seen = codes.filter(|code| viewer.reads_all() || viewer.writes(code));
        let mut bodies: Vec<Choice> = seen
            .map(|code| Choice {
                label: names.words(Field::Ente, &code),
                code,
            })
            .collect();
        bodies.sort_by(|left, right| italian(&left.label, &right.label));
        let mut records = unit.records(&wanted, from, PAGE + 1).await?;
        let more = records.len() > PAGE;
        let upwards = matches!(from, Some((Edge::Before, _)));
        if more && upwards {
            records.remove(0);
        }
        records.truncate(PAGE);
        for record in &mut records {
            spare(viewer, record);
        }
        Ok(Found {
            records,
            before: if upwards { more } else { from.is_some() },
            after: upwards || more,
            bodies,
            names,
        })
    }

    /// Writes the records that this person may see to an empty file, the first first, as a
    /// spreadsheet opens them; notes that they left, and says how many.
    pub async fn history_file(
        &self,
        viewer: &Viewer,
        wanted: &Wanted,
        sink: &mut File,
    ) -> Result<u64> {
        let scoped = scoped(viewer, wanted);
        let mut unit = self.store.read().await?;
        let mut sink = BufWriter::new(sink);
        csv::write_table(&mut sink, true, [HEADER.map(Cow::Borrowed).to_vec()])?;
        let (mut from, mut count) = (Some((Edge::Before, 0)), 0);
        loop {
            let mut records = unit.records(&scoped, from, CHUNK).await?;
            // The list has the last first, the file the first.
            records.reverse();
            let Some(last) = records.last() else { break };
            from = Some((Edge::Before, last.number));
            count += u64::try_from(records.len()).unwrap_or_default();
            for record in &mut records {
                spare(viewer, record);
            }
            csv::write_table(&mut sink, false, records.iter().map(row))?;
        }
        sink.flush()?;
        drop(unit);
        let detail = format!("{count} record");
        let note = Note {
            act: Act::Exported,
            body: Some(wanted.body.as_str()).filter(|body| !body.is_empty()),
            subject: FILE,
            detail: &detail,
        };
        self.leave_note(&viewer.account, note).await?;
        Ok(count)
    }
}

const HEADER: [&str; 9] = [
    "numero",
    "quando",
    "chi",
    "azione",
    "ente",
    "oggetto",
    "dettaglio",
    "scritture",
    "hash",
];

fn row(record: &Record) -> Vec<Cow<'_, str>> {
    let when = clock::local(record.at).strftime("%Y-%m-%d %H:%M:%S%:z");
    vec![
        record.number.to_string().into(),
        when.to_string().into(),
        record.account.as_str().into(),
        record.act.as_str().into(),
        record.body.as_deref().unwrap_or_default().into(),
        record.subject.as_str().into(),
        record.detail.as_str().into(),
        record.seal.as_str().into(),
        record.hash.as_str().into(),
    ]
}

/// What of the records asked for this person may see.
fn scoped(viewer: &Viewer, wanted: &Wanted) -> Wanted {
    let scope = (!viewer.reads_all()).then(|| Concerned {
        account: viewer.account.clone(),
        bodies: viewer.bodies().map(str::to_owned).collect(),
    });
    Wanted {
        scope,
        ..wanted.clone()
    }
}

/// Takes from a record about all bodies what somebody else asked for: it may name devices of a body
/// that this person does not see.
fn spare(viewer: &Viewer, record: &mut Record) {
    if !viewer.reads_all() && record.body.is_none() && record.account != viewer.account {
        "su tutti gli enti".clone_into(&mut record.detail);
    }
}
