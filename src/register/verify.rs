//! Whether everything fits: the files of the database, the chain of the history, every hash, every
//! seal, every mark.
//!
//! One reading transaction sees one state throughout, and rows come one by one, so that memory does
//! not grow with the register. What somebody changed behind the program's back is named; who could
//! also write the whole history again from that place on is found out only by the number and hash of
//! its last record, noted elsewhere. Enforced by `tests/it/verify.rs`.

use super::{Register, Result};
use crate::census::journal::{Record, Seal, Sealed};
use crate::census::moment;
use crate::census::person::Viewer;
use crate::census::revision::Revision;
use crate::census::rules::Bodies;
use crate::census::vocabulary::Field;
use crate::clock;
use crate::storage::Unit;
use crate::storage::sealed::PARTS;
use crate::storage::verify::{Cover, Odd, RULES, Said, Written};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What became of the verification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// How many records the history has.
    pub records: i64,
    /// How many revisions were looked at.
    pub revisions: u64,
    /// How many things said in review were looked at.
    pub reviews: u64,
    /// The number and the hash of the last record; to be noted elsewhere.
    pub last: Option<(i64, String)>,
    /// The first thing that does not fit, in words.
    pub first: Option<String>,
    /// How many others do not fit.
    pub others: u64,
}

/// What does not fit.
#[derive(Debug)]
enum Subject {
    /// The database itself, or a record that is not there: all is said.
    Nothing,
    /// A record of the history.
    Record,
    /// What a record of the history wrote.
    Rows(Sealed),
    /// A row that no record wrote, and the code of the body it is about, where it is one.
    Row(Sealed, Option<String>),
    /// A revision: code of the body, code of the device, number.
    Revision(String, String, i64),
}

/// The first thing that does not fit, and how many others.
#[derive(Debug, Default)]
struct Findings {
    first: Option<(i64, Subject, String)>,
    all: u64,
}

impl Findings {
    /// Takes note of something that does not fit. `place` is the number of the record it belongs
    /// to; what belongs to none comes after all that does.
    fn add(&mut self, place: Option<i64>, subject: Subject, what: impl Into<String>) {
        self.all += 1;
        let place = place.unwrap_or(i64::MAX);
        if self
            .first
            .as_ref()
            .is_none_or(|(first, _, _)| place < *first)
        {
            self.first = Some((place, subject, what.into()));
        }
    }

    /// Takes note of a rule that does not hold.
    fn odd(&mut self, odd: Odd, what: &str) {
        let (body, code) = odd.device;
        let subject = Subject::Revision(body, code, odd.number);
        self.add(odd.record, subject, what);
        self.all += u64::try_from(odd.all - 1).unwrap_or_default();
    }
}

/// The rows of one record while they pass by.
struct Group {
    cover: Cover,
    seal: Seal,
    kind: Sealed,
}

impl Group {
    fn new(kind: Sealed) -> Self {
        let cover = Cover {
            entry: None,
            record: None,
        };
        Self {
            cover,
            seal: Seal::new(Uuid::nil()),
            kind,
        }
    }

    /// Adds a row; when it belongs to another record than those before it, theirs is complete.
    fn add(&mut self, cover: Cover, hash: &str, findings: &mut Findings) {
        if cover.entry != self.cover.entry {
            self.close(findings);
            self.cover = cover;
            self.seal = Seal::new(Uuid::nil());
        }
        self.seal.add(self.kind, hash);
    }

    /// Compares what the record says it wrote with what is there.
    fn close(&self, findings: &mut Findings) {
        let Some((number, sealed)) = &self.cover.record else {
            return;
        };
        let there = self.seal.text();
        if sealed.split(' ').any(|part| part == there) {
            return;
        }
        let name = self.kind.name();
        let said = sealed.split(' ').find_map(|part| {
            let (count, _) = part
                .strip_prefix(name)?
                .strip_prefix('=')?
                .split_once(':')?;
            Some(count)
        });
        let count = self.seal.count(self.kind).to_string();
        let what = match said {
            Some(said) if said == count => "quello che aveva scritto è stato cambiato".to_owned(),
            said => {
                let said = said.unwrap_or("nessuna");
                format!("righe che aveva scritto: {said}; righe che ci sono: {count}")
            }
        };
        findings.add(Some(*number), Subject::Rows(self.kind), what);
    }
}

impl Register {
    /// Reads everything and says what does not fit.
    pub async fn verify(&self) -> Result<Verified> {
        self.settle().await?;
        let mut unit = self.store.read().await?;
        let mut findings = Findings::default();
        for what in unit.unsound().await? {
            findings.add(Some(0), Subject::Nothing, format!("il database: {what}"));
        }
        let mut verified = Verified::default();
        chain(&mut unit, &mut verified, &mut findings).await?;
        rows(&mut unit, &mut verified, &mut findings).await?;
        marks(&mut unit, &mut findings).await?;
        documents(&mut unit, &mut findings).await?;
        features(&mut unit, &mut findings).await?;
        let operator = Viewer::operator();
        for one in self.verify_snapshots(&operator, None).await? {
            for trouble in one.troubles {
                let what = format!("la fotografia «{}»: {trouble}", one.snapshot.name);
                findings.add(None, Subject::Nothing, what);
            }
        }
        verified.others = findings.all.saturating_sub(1);
        if let Some((place, subject, what)) = findings.first {
            let bodies = unit.bodies().await?.into_iter();
            let bodies = Bodies::new(bodies.map(|body| (body.code, body.name)));
            let record = unit.record(place).await?;
            verified.first = Some(sentence(&bodies, record.as_ref(), &subject, &what));
        }
        Ok(verified)
    }
}

/// The chain: numbers without gaps, the hash of the record before, its own, and where it ends.
async fn chain(unit: &mut Unit, verified: &mut Verified, findings: &mut Findings) -> Result<()> {
    let mut last: Option<Record> = None;
    unit.each_record(|record| {
        let (number, hash, at) = last.as_ref().map_or((0, "", i64::MIN), |one| {
            (one.number, one.hash.as_str(), one.at)
        });
        verified.records += 1;
        let here = Some(record.number);
        if record.number != number + 1 {
            let missing = gap(number + 1, record.number - 1);
            findings.add(Some(number + 1), Subject::Nothing, missing);
        } else if record.previous != hash {
            findings.add(here, Subject::Record, "non si aggancia al record prima");
        } else if record.at < at {
            findings.add(
                here,
                Subject::Record,
                "è datato prima del record che lo precede",
            );
        }
        if record.content_hash() != record.hash {
            findings.add(here, Subject::Record, "il suo contenuto è stato cambiato");
        }
        last = Some(record);
    })
    .await?;
    let (number, hash, at) =
        last.map_or((0, String::new(), 0), |one| (one.number, one.hash, one.at));
    match unit.journal_end().await? {
        Some(end) if end.number > number => {
            let missing = gap(number + 1, end.number);
            findings.add(Some(number + 1), Subject::Nothing, missing);
        }
        Some(end) if end.number == number && end.hash == hash && end.at == at => {}
        _ => {
            let what = "la fine della storia non è quella che il registro ricorda";
            findings.add(Some(number), Subject::Nothing, what);
        }
    }
    verified.last = (number > 0).then_some((number, hash));
    Ok(())
}

fn gap(first: i64, last: i64) -> String {
    if first >= last {
        format!("il record {first} della storia manca")
    } else {
        format!("i record della storia da {first} a {last} mancano")
    }
}

/// Every row's own hash, and the seals of the records that cover them.
async fn rows(unit: &mut Unit, verified: &mut Verified, findings: &mut Findings) -> Result<()> {
    for (kind, number, all) in unit.emptied().await? {
        let what = "quello che aveva scritto non c’è più";
        findings.add(Some(number), Subject::Rows(kind), what);
        findings.all += u64::try_from(all - 1).unwrap_or_default();
    }
    let mut group = Group::new(Sealed::Revisions);
    unit.each_written(|written| {
        verified.revisions += 1;
        look_at(&written, findings);
        group.add(written.cover, &written.hash, findings);
    })
    .await?;
    group.close(findings);
    let mut group = Group::new(Sealed::Reviews);
    unit.each_said(|said| {
        verified.reviews += 1;
        hear(&said, findings);
        group.add(said.cover, &said.hash, findings);
    })
    .await?;
    group.close(findings);
    for part in PARTS {
        let mut group = Group::new(part.kind);
        unit.each_kept(part, None, |kept| {
            if kept.cover.record.is_none() {
                let subject = Subject::Row(part.kind, kept.body);
                findings.add(None, subject, "nessun record della storia ne parla");
            }
            // A row that cannot be read has no hash, and so is not what was sealed.
            group.add(kept.cover, &kept.hash.unwrap_or_default(), findings);
            Ok(())
        })
        .await?;
        group.close(findings);
    }
    Ok(())
}

fn look_at(written: &Written, findings: &mut Findings) {
    let place = written.cover.record.as_ref().map(|(number, _)| *number);
    match &written.revision {
        Err(error) => {
            let what = format!("una revisione non si legge: {error}");
            findings.add(place, Subject::Nothing, what);
        }
        Ok(revision) => {
            if revision.content_hash() != written.hash {
                findings.add(place, named(revision), "il suo contenuto è stato cambiato");
            }
            if place.is_none() {
                findings.add(
                    None,
                    named(revision),
                    "nessun record della storia la registra",
                );
            }
        }
    }
}

fn named(revision: &Revision) -> Subject {
    Subject::Revision(
        revision.record.text(Field::Ente).to_owned(),
        revision.record.text(Field::Codice).to_owned(),
        revision.number,
    )
}

fn hear(said: &Said, findings: &mut Findings) {
    let place = said.cover.record.as_ref().map(|(number, _)| *number);
    let name = match &said.review {
        Err(error) => {
            let what = format!("uno scritto della convalida non si legge: {error}");
            findings.add(place, Subject::Nothing, what);
            return;
        }
        Ok(review) => format!(
            "lo scritto della convalida «{}» di {} del {}",
            review.kind.label(),
            review.author,
            moment::words(review.at)
        ),
    };
    let hash = said
        .review
        .as_ref()
        .map(crate::census::review::Review::hash);
    if hash.is_ok_and(|hash| hash != said.hash) {
        let what = format!("{name}: il suo contenuto è stato cambiato");
        findings.add(place, Subject::Nothing, what);
    }
    if place.is_none() {
        let what = format!("{name}: nessun record della storia lo registra");
        findings.add(None, Subject::Nothing, what);
    }
}

/// The marks on revisions, and whether every device has its last one.
async fn marks(unit: &mut Unit, findings: &mut Findings) -> Result<()> {
    for (what, condition) in RULES {
        if let Some(odd) = unit.breaking(condition).await? {
            findings.odd(odd, what);
        }
    }
    if let Some(odd) = unit.headless().await? {
        findings.odd(odd, "non c’è, ed è l’ultima del dispositivo");
    }
    Ok(())
}

/// Whether every document still is what was taken in.
async fn documents(unit: &mut Unit, findings: &mut Findings) -> Result<()> {
    for body in unit.bodies().await? {
        for document in unit.documents(&body.code).await? {
            let mut hash = Sha256::new();
            let mut number = 0;
            while let Some(part) = unit.document_part(document.id, number).await? {
                hash.update(&part);
                number += 1;
            }
            if hex::encode(hash.finalize()) != document.sha256 {
                let (name, body) = (&document.name, &body.name);
                let what =
                    format!("il documento «{name}» di {body}: il suo contenuto è stato cambiato");
                findings.add(None, Subject::Nothing, what);
            }
        }
    }
    Ok(())
}

/// The features of every reference layer against the hash that stands in its sealed row.
async fn features(unit: &mut Unit, findings: &mut Findings) -> Result<()> {
    for layer in unit.reference_layers().await? {
        let found = unit.reference_fingerprint(layer.id).await?;
        if found != (layer.features, layer.hash) {
            let what = format!(
                "il livello di riferimento «{}»: i suoi elementi sono stati cambiati",
                layer.name
            );
            findings.add(None, Subject::Nothing, what);
        }
    }
    Ok(())
}

/// What does not fit, in words.
fn sentence(bodies: &Bodies, record: Option<&Record>, subject: &Subject, what: &str) -> String {
    let of = record.map(|record| {
        format!(
            "il record {} del {}, {} di {}",
            record.number,
            moment::day(clock::local(record.at).date()),
            record.label().to_lowercase(),
            record.account
        )
    });
    let about = |code: Option<&str>| match code {
        Some(code) => format!(" di {}", bodies.name(code).unwrap_or(code)),
        None => String::new(),
    };
    match subject {
        Subject::Nothing => what.to_owned(),
        Subject::Record => format!("{}: {what}", of.unwrap_or_default()),
        Subject::Rows(kind) => {
            let of = of.unwrap_or_default();
            let body = about(record.and_then(|record| record.body.as_deref()));
            format!("{of}: {what} ({}{body})", kind.many())
        }
        Subject::Row(kind, body) => {
            format!("{}{}: {what}", kind.one(), about(body.as_deref()))
        }
        Subject::Revision(body, code, number) => {
            let body = bodies.name(body).unwrap_or(body);
            let written = of.map_or_else(String::new, |of| format!(" ({of})"));
            format!("la revisione {number} del dispositivo {code} di {body}{written}: {what}")
        }
    }
}
