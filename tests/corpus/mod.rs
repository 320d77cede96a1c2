//! True points inside known Comuni, and everything that happens to them on the way to a spreadsheet.
//!
//! A truth is a point drawn in a Comune of the embedded territory; a corruption writes it as people
//! and programs do. What the doctor makes of each text is judged against the truth, row by row and
//! for whole files. The same seed gives the same corpus. Shared by `tests/it/corpus.rs`, which holds
//! the doctor to its thresholds, and `benches/corpus.rs`, which prints the whole table.

pub mod notations;
pub mod truth;

use fastrand::Rng;
pub use truth::{OTHER_BODY, Truth};
use varco::census::draft::Draft;
use varco::census::finding::{Finding, Proposal, Severity};
use varco::census::rules::{Around, Checked, World, check};
use varco::census::survey::Survey;
use varco::census::territory::metres_between;
use varco::census::vocabulary::Field;

/// A proposal farther than this from the truth, in metres, is wrong.
pub const RIGHT_M: f64 = 15.0;

/// A plain reading farther than this outside its Comune, in metres, can be seen to be wrong.
const SEEN_FROM_M: f64 = 500.0;

/// What a row holds for its position.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub lat: String,
    pub lon: String,
    pub place: String,
    /// The Comune the row declares, where it is not the true one.
    pub comune: Option<String>,
    /// Where the text really leads, when it is not the truth to the decimetre.
    pub meant: Option<(f64, f64)>,
}

/// What is to be expected of the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To be read as it is: within 15 m of the truth, no error, no warning.
    Clean,
    /// To be flagged where it can be seen, with the truth as proposal.
    Mend,
    /// To be flagged; what is missing cannot be proposed.
    Flag,
    /// Stays inside its Comune: a row alone cannot tell.
    Silent,
}

/// One way to write a point.
pub struct Corruption {
    pub name: &'static str,
    pub kind: Kind,
    pub write: fn(&mut Rng, &Truth, &World) -> Written,
}

/// Who says in which Comune the row should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// The row declares it.
    Declared,
    /// Only the body, which is the Comune.
    Body,
    /// Nobody.
    Nobody,
}

pub const WITNESSES: [Witness; 3] = [Witness::Declared, Witness::Body, Witness::Nobody];

/// The row as it would be typed: everything but the position is beyond reproach.
pub fn draft(truth: &Truth, written: &Written, witness: Witness) -> Draft {
    let comune = written.comune.as_deref().unwrap_or(&truth.istat);
    let mut draft = Draft::of(&[
        (Field::Codice, "VAR-0042"),
        (Field::Denominazione, "Rotonda, direzione centro"),
        (Field::Lat, &written.lat),
        (Field::Lon, &written.lon),
        (Field::Funzione, "contesto"),
        (Field::Installazione, "fissa"),
        (Field::Stato, "in_esercizio"),
        (Field::Marca, "Hikvision"),
        (Field::Modello, "DS-2CD4A26FWD-IZS/P"),
        (Field::Software, "Selea CPS"),
        (Field::Connettivita, "fibra"),
        (Field::StatoScntt, "non_applicabile"),
    ]);
    draft.place.clone_from(&written.place);
    match witness {
        Witness::Declared => {
            draft.set(Field::Ente, OTHER_BODY);
            draft.set(Field::Comune, comune);
        }
        Witness::Body => draft.set(Field::Ente, comune),
        Witness::Nobody => draft.set(Field::Ente, OTHER_BODY),
    }
    draft
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Whether its plain reading is visibly wrong.
    pub visible: bool,
    /// Whether the doctor said something, or read it right.
    pub seen: bool,
    /// Whether it was read as it is, within 15 m, without error or warning.
    pub read: bool,
    /// How many points were proposed.
    pub proposals: usize,
    /// How far the best proposal is from the truth, in metres.
    pub off: Option<f64>,
}

impl Verdict {
    /// Whether the truth is among the proposals.
    pub fn among(&self) -> bool {
        self.off.is_some_and(|metres| metres <= RIGHT_M)
    }

    /// One proposal, and the right one.
    pub fn right(&self) -> bool {
        self.proposals == 1 && self.among()
    }
}

/// Judges a row that the rules have seen.
pub fn verdict(
    world: &World,
    truth: &Truth,
    written: &Written,
    witness: Witness,
    checked: &Checked,
) -> Verdict {
    let target = written.meant.unwrap_or((truth.lon, truth.lat));
    let off = |lon: f64, lat: f64| metres_between((lon, lat), target);
    let loud: Vec<_> = checked.findings.iter().filter(|one| is_loud(one)).collect();
    let at = checked
        .point
        .as_ref()
        .map(|point| off(point.lon, point.lat));
    let near = at.is_some_and(|metres| metres <= RIGHT_M);
    let errors = || loud.iter().flat_map(|finding| &finding.proposals);
    let mut offs: Vec<f64> = errors()
        .map(|proposal| match proposal {
            Proposal::Position(one) => off(one.lon, one.lat),
            // Another Comune for the point as it stands.
            Proposal::Value { value, .. } if near && *value == truth.istat => 0.0,
            Proposal::Value { .. } => f64::INFINITY,
        })
        .collect();
    offs.sort_by(f64::total_cmp);
    Verdict {
        visible: visible(world, truth, written, witness),
        seen: !loud.is_empty() || near,
        read: loud.is_empty() && near,
        proposals: offs.len(),
        off: offs.first().copied(),
    }
}

/// An error or a warning, about the position or the Comune.
pub fn is_loud(finding: &Finding) -> bool {
    finding.severity() >= Severity::Warning
}

/// Whether the text, read plainly, is no point at all or one that is not where it should be.
fn visible(world: &World, truth: &Truth, written: &Written, witness: Witness) -> bool {
    let plain = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok();
    let (Some(lat), Some(lon)) = (plain(&written.lat), plain(&written.lon)) else {
        return true;
    };
    let Some(home) = world.territory.containing(lon, lat) else {
        return true;
    };
    if witness == Witness::Nobody {
        return !home.covered;
    }
    let said = written.comune.as_deref().unwrap_or(&truth.istat);
    let said = world
        .territory
        .get(said)
        .expect("a Comune of the territory");
    world.territory.metres_outside(said, lon, lat) > SEEN_FROM_M
}

/// A row alone.
pub fn alone(world: &World, truth: &Truth, written: &Written, witness: Witness) -> Verdict {
    let checked = check(&draft(truth, written, witness), world, &around());
    verdict(world, truth, written, witness, &checked)
}

/// The rows of a file, judged together.
pub fn together(world: &World, rows: &[(Truth, Written)], witness: Witness) -> Vec<Verdict> {
    let drafts: Vec<_> = rows
        .iter()
        .map(|(truth, written)| draft(truth, written, witness))
        .collect();
    let mut survey = Survey::new();
    for (record, draft) in (1..).zip(&drafts) {
        survey.see(record, draft, world);
    }
    let conclusion = survey.conclude();
    let judged = (1..).zip(&drafts).zip(rows);
    judged
        .map(|((record, draft), (truth, written))| {
            let around = Around {
                expected: conclusion.expected(record).copied(),
                ..around()
            };
            let checked = check(draft, world, &around);
            verdict(world, truth, written, witness, &checked)
        })
        .collect()
}

fn around() -> Around {
    Around {
        site_known: true,
        ..Around::default()
    }
}

/// What a corruption came to over many rows.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub rows: usize,
    pub visible: usize,
    /// Of the visible: flagged, or read right.
    pub seen: usize,
    pub read: usize,
    /// Of all rows: with at least one proposal.
    pub proposing: usize,
    pub right: usize,
    pub several: usize,
    pub among: usize,
    pub offs: Vec<f64>,
}

impl Tally {
    pub fn add(&mut self, verdict: &Verdict) {
        self.rows += 1;
        self.visible += usize::from(verdict.visible);
        self.seen += usize::from(verdict.visible && verdict.seen);
        self.read += usize::from(verdict.read);
        self.proposing += usize::from(verdict.proposals > 0);
        self.right += usize::from(verdict.right());
        self.several += usize::from(verdict.proposals > 1);
        self.among += usize::from(verdict.proposals > 1 && verdict.among());
        self.offs.extend(verdict.off);
    }
}
