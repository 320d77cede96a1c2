//! The report on compatibility: from judged devices to a document.
//!
//! Everything it says is counted here from what it is given, in one pass over the devices, so that
//! page, workbook and PDF cannot disagree; how it is drawn is [`report`](super::report)'s. Nothing in
//! it depends on when it is made. Enforced by `tests/it/report.rs`.

mod chapters;
mod count;
mod needs;

use super::collation::italian;
use super::criterion::Criteria;
use super::edition::Edition;
use super::fact::{AboutBody, Fact};
use super::report::Report;
use super::snapshot::Snapshot;
use super::verdict::{Answer, Outcome};
use crate::clock::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// A device as the report needs it; codes of closed lists as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The code of its body.
    pub body: String,
    /// The body's own code for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The name of its Comune.
    pub comune: String,
    /// The code of its site; may be empty.
    pub site: String,
    /// What it does.
    pub function: String,
    /// Its state.
    pub state: String,
    /// How it is installed; may be empty.
    pub installation: String,
    /// How many points of view it has.
    pub views: i64,
    /// Its lot, in words.
    pub lot: String,
    /// Its software as the body names it; may be empty.
    pub software: String,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Metres from its site to the nearest fibre, where a layer was loaded.
    pub fibre_m: Option<f64>,
    /// Whether it is known that it reads plates.
    pub reads: bool,
    /// What the criteria say.
    pub outcome: Outcome,
    /// One answer for each criterion.
    pub answers: Vec<Answer>,
    /// What would settle what is not known, of necessary criteria.
    pub lacking: BTreeSet<Fact>,
}

impl Line {
    /// Whether the link to the national system concerns it.
    #[must_use]
    pub fn is_reader(&self) -> bool {
        self.outcome != Outcome::Beside
    }

    /// What tells its site from others; a device without one stands alone.
    fn place(&self) -> (&str, &str) {
        if self.site.is_empty() {
            (&self.body, &self.code)
        } else {
            (&self.body, &self.site)
        }
    }
}

/// A software as the report needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// Its name in the catalogue; empty where it has none.
    pub name: String,
    /// Who makes it; may be empty.
    pub producer: String,
    /// Its standing towards the national system, in words.
    pub standing: String,
    /// Where that comes from, with its grade; may be empty.
    pub source: String,
}

/// How much of an intervention a lot or a body needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The lot, in words, or the code of the body.
    pub whose: String,
    /// The intervention.
    pub remedy: String,
    /// What it is counted for.
    pub unit: String,
    /// How many are needed for certain.
    pub certain: i64,
    /// How many if everything that is not known turns out to be missing.
    pub possible: i64,
    /// The lowest and the highest price, in hundredths of a euro; nothing when the list has none.
    pub price: Option<(i64, i64)>,
    /// The lowest and the highest amount, in hundredths of a euro.
    pub amount: Option<(i64, i64)>,
}

/// The estimate; the same quantities twice, so both add up to the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Estimate {
    /// The price list; nothing without one.
    pub prices: Option<Edition>,
    /// The division in lots; nothing without one.
    pub lots: Option<Edition>,
    /// In the order of lots and interventions.
    pub by_lot: Vec<Quantity>,
    /// By body, in the order of interventions.
    pub by_body: Vec<Quantity>,
}

/// A layer that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it is called.
    pub name: String,
    /// What it is of, in words.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
    /// How many features it has.
    pub features: i64,
}

/// Everything the report is made from.
#[derive(Debug, Clone)]
pub struct Dossier<'a> {
    /// Who issues it: the name of the coordinating body.
    pub issuer: String,
    /// The snapshot; nothing for what is accepted now.
    pub snapshot: Option<&'a Snapshot>,
    /// The instant it speaks of.
    pub at: Instant,
    /// The criteria as they were loaded.
    pub edition: &'a Edition,
    /// The criteria.
    pub criteria: &'a Criteria,
    /// The devices, in the order of [`arrange`].
    pub lines: &'a [Line],
    /// What is known of every body that has devices, or takes part.
    pub bodies: &'a BTreeMap<String, AboutBody>,
    /// What is known of every software, by the name that bodies give it.
    pub products: &'a BTreeMap<String, Product>,
    /// Which sites are gates, by body and code.
    pub gates: &'a BTreeSet<(String, String)>,
    /// The estimate.
    pub estimate: &'a Estimate,
    /// The layers that distances were measured from.
    pub layers: &'a [Layer],
    /// Rings of the boundaries of the territory: longitude and latitude, degrees, WGS 84.
    pub boundaries: &'a [Vec<(f64, f64)>],
}

/// Puts devices in the order of the report: by the name of the body, then by code.
pub fn arrange(lines: &mut [Line], bodies: &BTreeMap<String, AboutBody>) {
    let name = |code: &str| bodies.get(code).map_or("", |body| &body.name);
    lines.sort_by(|left, right| {
        italian(name(&left.body), name(&right.body))
            .then_with(|| left.body.cmp(&right.body))
            .then_with(|| italian(&left.code, &right.code))
    });
}

/// The report.
#[must_use]
pub fn compose(dossier: &Dossier<'_>) -> Report {
    chapters::compose(dossier)
}
