//! How the coordinates of a whole file are to be read.
//!
//! A row alone often has several explanations; the rows of a file share one. Every reading of every
//! row that puts it in its Comune (declared, or else its body's) is counted; a file that changes its
//! way half through is cut into stretches. A reading that holds for nearly all rows of a stretch and
//! has no equal is what its rows are expected to be in: among the explanations of a row in error it
//! is the one proposed. Nothing is corrected, and a row whose plain reading is acceptable stays as
//! it is; what no row can tell, such as an old datum, is said of the file where the evidence allows.
//! Memory does not grow with the rows. Enforced by the tests below and by the corpus of
//! `tests/corpus/`.

use super::draft::Draft;
use super::finding::{Code, Finding};
use super::position::Possible;
use super::projection::{self, Crs};
use super::rules::{self, Readable, World};
use super::territory::{Municipality, Territory};
use std::cell::OnceCell;
use std::collections::HashSet;

pub use super::position::Reading;

/// So many rows in a row that only another reading explains begin a new stretch; fewer are rows
/// that disagree.
const RUN: u64 = 8;

/// A stretch of fewer explained rows than this expects nothing.
const FEWEST: u64 = 3;

/// The winner explains at least this share of the rows that anything explains, in tenths.
const NEARLY_ALL: u64 = 9;

/// A reading that explains at least this share of the winner's rows, in tenths, is its equal.
const EQUAL: u64 = 8;

/// A file with more stretches than this is no longer cut: it is interleaved.
const MOST_STRETCHES: usize = 200;

/// More stretches than this are not told one by one.
const MOST_TOLD: usize = 10;

/// Places that tell two datums apart are counted once, up to so many.
const MOST_PLACES: usize = 10_000;

/// Cells of a thousandth of a degree, about a hundred metres.
const CELLS_PER_DEGREE: f64 = 1_000.0;

/// The two systems that share their numbers but for about 200 m.
const UTM: &str = "EPSG:32632";
const ED50: &str = "EPSG:23032";

/// The systems that share theirs but for about 80 m.
const MONTE_MARIO: &str = "EPSG:4265";

/// The rows of a file as they pass.
#[derive(Debug, Default)]
pub struct Survey {
    done: Vec<Tally>,
    current: Tally,
    /// Rows that only another reading than the current one explains, one after the other.
    pending: Tally,
    /// How far Monte Mario is from WGS 84 around here, in degrees, longitude first.
    shift: OnceCell<Option<(f64, f64)>>,
    doubtful: bool,
}

/// What a stretch of rows came to.
#[derive(Debug, Default)]
struct Tally {
    from: u64,
    to: u64,
    rows: u64,
    explained: u64,
    /// Rows that are plain degrees somewhere in the territory, with nobody to say where they should
    /// be: they speak for nothing else, and hardly for themselves.
    unwitnessed: u64,
    counts: Vec<Count>,
    degrees: Doubt,
    metres: Doubt,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    reading: Reading,
    cost: usize,
    rows: u64,
}

/// Two datums that single rows cannot tell apart, and the places that fall inside their Comune in
/// one of them only.
#[derive(Debug, Default)]
struct Doubt {
    usual: HashSet<(i64, i64)>,
    old: HashSet<(i64, i64)>,
}

/// A place that tells two datums apart.
#[derive(Debug, Clone, Copy)]
struct Sign {
    metres: bool,
    old: bool,
    cell: (i64, i64),
}

impl Survey {
    /// No rows yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next row; `record` counts the rows of the file from 1.
    pub fn see(&mut self, record: u64, draft: &Draft, world: &World) {
        match rules::readings(draft, world) {
            Ok((point, witness)) => {
                let sign = witness.and_then(|home| self.old_degrees(point, home, world));
                self.take(record, &[(Reading::PLAIN, 0)], sign);
                if witness.is_none() {
                    self.last().unwitnessed += 1;
                }
            }
            Err(Readable { witness, possible }) => {
                self.doubtful = true;
                let sign = witness.and_then(|home| {
                    let plain = possible.iter().find(|one| one.reading == Reading::PLAIN);
                    match plain {
                        Some(one) => self.old_degrees((one.lon, one.lat), home, world),
                        None => old_metres(&possible, home, &world.territory),
                    }
                });
                let mut readings: Vec<(Reading, usize)> = Vec::new();
                for one in possible {
                    if readings.iter().all(|(known, _)| *known != one.reading) {
                        readings.push((one.reading, one.cost));
                    }
                }
                self.take(record, &readings, sign);
            }
        }
    }

    /// Whether some row was not plain decimal degrees where they should be: until then what the rows
    /// say together changes what is said of none.
    #[must_use]
    pub const fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    fn take(&mut self, record: u64, readings: &[(Reading, usize)], sign: Option<Sign>) {
        if readings.is_empty() {
            self.last().add(record, readings, sign);
        } else if self.current.agrees(readings) {
            self.current.join(std::mem::take(&mut self.pending));
            self.current.add(record, readings, sign);
        } else {
            if !self.pending.shares(readings) {
                self.current.join(std::mem::take(&mut self.pending));
            }
            self.pending.add(record, readings, sign);
            if self.pending.explained >= RUN && self.done.len() < MOST_STRETCHES {
                let next = std::mem::take(&mut self.pending);
                self.done.push(std::mem::replace(&mut self.current, next));
            }
        }
    }

    /// What the last row was counted in.
    fn last(&mut self) -> &mut Tally {
        if self.pending.rows > 0 {
            &mut self.pending
        } else {
            &mut self.current
        }
    }

    /// Whether the point is inside its Comune in only one of WGS 84 and Monte Mario.
    fn old_degrees(
        &self,
        (lon, lat): (f64, f64),
        home: &Municipality,
        world: &World,
    ) -> Option<Sign> {
        let territory = &world.territory;
        let (east, north) = (*self.shift.get_or_init(|| old_shift(territory)))?;
        sign(
            false,
            (lon, lat),
            (lon + east, lat + north),
            home,
            territory,
        )
    }

    /// What the rows together say.
    #[must_use]
    pub fn conclude(mut self) -> Conclusion {
        let pending = std::mem::take(&mut self.pending);
        if pending.explained >= FEWEST && self.done.len() < MOST_STRETCHES {
            self.done
                .push(std::mem::replace(&mut self.current, pending));
        } else {
            self.current.join(pending);
        }
        self.done.push(self.current);
        let tallies = self.done.into_iter().filter(|tally| tally.rows > 0);
        Conclusion {
            stretches: tallies.map(Stretch::of).collect(),
        }
    }
}

/// The shift is the same within a metre over a province: one conversion serves every row.
fn old_shift(territory: &Territory) -> Option<(f64, f64)> {
    let center = territory.window().center();
    let (lon, lat) = projection::to_wgs84(projection::system(MONTE_MARIO)?, center.x, center.y)?;
    Some((lon - center.x, lat - center.y))
}

fn old_metres(possible: &[Possible], home: &Municipality, territory: &Territory) -> Option<Sign> {
    let of = |crs: &str| possible.iter().find(|one| one.reading.crs == crs);
    let (usual, old) = (of(UTM), of(ED50));
    let nowhere = (f64::NAN, f64::NAN);
    let place = |one: Option<&Possible>| one.map_or(nowhere, |one| (one.lon, one.lat));
    usual.or(old)?;
    sign(true, place(usual), place(old), home, territory)
}

fn sign(
    metres: bool,
    usual: (f64, f64),
    old: (f64, f64),
    home: &Municipality,
    territory: &Territory,
) -> Option<Sign> {
    let inside = |(lon, lat): (f64, f64)| {
        let found = territory.containing(lon, lat);
        found.is_some_and(|one| one.istat == home.istat)
    };
    let old_only = match (inside(usual), inside(old)) {
        (true, false) => false,
        (false, true) => true,
        _ => return None,
    };
    let (lon, lat) = if old_only { old } else { usual };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees of the Earth, in thousandths"
    )]
    let cell = |degrees: f64| (degrees * CELLS_PER_DEGREE).floor() as i64;
    Some(Sign {
        metres,
        old: old_only,
        cell: (cell(lon), cell(lat)),
    })
}

impl Tally {
    fn add(&mut self, record: u64, readings: &[(Reading, usize)], sign: Option<Sign>) {
        if self.rows == 0 {
            self.from = record;
        }
        self.to = record;
        self.rows += 1;
        self.explained += u64::from(!readings.is_empty());
        for (reading, cost) in readings {
            self.count(*reading, *cost, 1);
        }
        if let Some(sign) = sign {
            let doubt = if sign.metres {
                &mut self.metres
            } else {
                &mut self.degrees
            };
            doubt.add(sign);
        }
    }

    fn count(&mut self, reading: Reading, cost: usize, rows: u64) {
        match self.counts.iter_mut().find(|one| one.reading == reading) {
            Some(one) => one.rows += rows,
            None => self.counts.push(Count {
                reading,
                cost,
                rows,
            }),
        }
    }

    /// Takes in the rows that came after these.
    fn join(&mut self, later: Self) {
        if later.rows == 0 {
            return;
        }
        if self.rows == 0 {
            self.from = later.from;
        }
        self.to = later.to;
        self.rows += later.rows;
        self.explained += later.explained;
        self.unwitnessed += later.unwitnessed;
        for one in later.counts {
            self.count(one.reading, one.cost, one.rows);
        }
        self.degrees.join(later.degrees);
        self.metres.join(later.metres);
    }

    /// Whether one of the readings is among those that explain most rows so far.
    fn agrees(&self, readings: &[(Reading, usize)]) -> bool {
        let most = self.most();
        let leads = |one: &Count| one.rows * 10 >= most * NEARLY_ALL;
        most == 0
            || self
                .counts
                .iter()
                .any(|one| leads(one) && readings.iter().any(|(known, _)| *known == one.reading))
    }

    /// Whether one of the readings explains every row so far.
    fn shares(&self, readings: &[(Reading, usize)]) -> bool {
        let all = |one: &Count| one.rows == self.explained;
        self.counts
            .iter()
            .any(|one| all(one) && readings.iter().any(|(known, _)| *known == one.reading))
    }

    fn most(&self) -> u64 {
        self.counts.iter().map(|one| one.rows).max().unwrap_or(0)
    }

    fn verdict(&self) -> Verdict {
        if self.explained < FEWEST {
            return Verdict::Unknown;
        }
        let most = self.most();
        let speaking = if self.rows_of(Reading::PLAIN) < most {
            self.explained - self.unwitnessed
        } else {
            self.explained
        };
        if most * 10 < speaking * NEARLY_ALL {
            return Verdict::Mixed;
        }
        let mut equals: Vec<_> = self
            .counts
            .iter()
            .filter(|one| one.rows * 10 >= most * EQUAL && one.rows * 10 >= speaking * NEARLY_ALL)
            .collect();
        // Of readings that explain the rows equally well the simplest is meant. Seconds are rarer by
        // chance than decimal minutes: where all rows have them, they are seconds.
        let rank = |one: &Count| (one.cost, one.reading.operation.ends_with("degrees_minutes"));
        equals.sort_by_key(|one| (rank(one), u64::MAX - one.rows));
        match equals.as_slice() {
            [] => Verdict::Mixed,
            [first, rest @ ..] => {
                let rival = rest
                    .iter()
                    .find(|one| rank(one) == rank(first) && !twins(one.reading, first.reading));
                match rival {
                    Some(second) => Verdict::Tie(first.reading, second.reading),
                    None => Verdict::Clear(self.settled(first.reading)),
                }
            }
        }
    }

    /// UTM and ED50 share their numbers: UTM stands for both unless the borders speak for ED50.
    fn settled(&self, reading: Reading) -> Reading {
        let crs = match reading.crs {
            UTM | ED50 if self.metres.speaks_for_old() => ED50,
            UTM | ED50 => UTM,
            other => other,
        };
        Reading { crs, ..reading }
    }

    fn rows_of(&self, reading: Reading) -> u64 {
        let found = self.counts.iter().find(|one| one.reading == reading);
        found.map_or(0, |one| one.rows)
    }
}

fn twins(one: Reading, other: Reading) -> bool {
    one.operation == other.operation
        && [one.crs, other.crs]
            .iter()
            .all(|crs| matches!(*crs, UTM | ED50))
}

impl Doubt {
    fn add(&mut self, sign: Sign) {
        let places = if sign.old {
            &mut self.old
        } else {
            &mut self.usual
        };
        if places.len() < MOST_PLACES {
            places.insert(sign.cell);
        }
    }

    fn join(&mut self, later: Self) {
        self.usual.extend(later.usual);
        self.old.extend(later.old);
    }

    fn speaks_for_old(&self) -> bool {
        improbable(self.old.len(), self.usual.len())
    }

    fn speaks_for_usual(&self) -> bool {
        improbable(self.usual.len(), self.old.len())
    }
}

/// Whether `more` against `less` is no chance. Were the reading of `less` the true one, a border
/// drawn without error would give no place to the other at all, and a generalised one gives each
/// reading a place with the same chance at worst: so at least `more` of all the places would come
/// with the probability of as many heads in as many tosses (a sign test). One in a thousand is
/// asked, because a census has hundreds of files. Places are counted once for each cell of a
/// hundred metres: the cameras of one crossing are one witness, not four.
fn improbable(more: usize, less: usize) -> bool {
    /// The normal law takes over beyond this many tosses.
    const EXACT: usize = 200;
    const CHANCE: f64 = 0.001;
    const SIGMAS: f64 = 3.1;
    #[expect(clippy::cast_precision_loss, reason = "at most ten thousand places")]
    let (ahead, behind) = (more as f64, less as f64);
    let tosses = more + less;
    if tosses > EXACT {
        return ahead - behind > SIGMAS * (ahead + behind).sqrt();
    }
    // The tail of the binomial law, from all heads down to `more` heads.
    let mut term = 0.5_f64.powf(ahead + behind);
    let mut tail = term;
    let mut tails = 0.0;
    for _ in 0..less {
        tails += 1.0;
        term *= (ahead + behind - tails + 1.0) / tails;
        tail += term;
    }
    tosses > 0 && tail < CHANCE
}

/// What the rows of a file together say of its coordinates.
#[derive(Debug)]
pub struct Conclusion {
    stretches: Vec<Stretch>,
}

/// A stretch of rows written in one way.
#[derive(Debug)]
struct Stretch {
    verdict: Verdict,
    tally: Tally,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// Too few rows.
    Unknown,
    /// No reading explains nearly all rows.
    Mixed,
    /// Two readings explain them equally well.
    Tie(Reading, Reading),
    /// One does.
    Clear(Reading),
}

impl Stretch {
    fn of(tally: Tally) -> Self {
        Self {
            verdict: tally.verdict(),
            tally,
        }
    }
}

impl Conclusion {
    /// How a row is expected to be read, if the rows around it agree.
    #[must_use]
    pub fn expected(&self, record: u64) -> Option<&Reading> {
        let at = self
            .stretches
            .partition_point(|stretch| stretch.tally.to < record);
        match self.stretches.get(at) {
            Some(Stretch {
                verdict: Verdict::Clear(reading),
                ..
            }) => Some(reading),
            _ => None,
        }
    }

    /// The reference system of most rows, as `EPSG:n`, if the rows tell.
    #[must_use]
    pub fn crs(&self) -> Option<&'static str> {
        let mut found: Vec<(&'static str, u64)> = Vec::new();
        for stretch in &self.stretches {
            if let Verdict::Clear(reading) = stretch.verdict {
                match found.iter_mut().find(|(crs, _)| *crs == reading.crs) {
                    Some((_, rows)) => *rows += stretch.tally.rows,
                    None => found.push((reading.crs, stretch.tally.rows)),
                }
            }
        }
        found
            .into_iter()
            .max_by_key(|(_, rows)| *rows)
            .map(|(crs, _)| crs)
    }

    /// What is to be said of the whole file, in Italian; nothing of a file of plain degrees.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let alone = self.stretches.len() == 1;
        let told = self.stretches.iter().take(MOST_TOLD);
        let mut findings: Vec<_> = told.flat_map(|stretch| stretch.findings(alone)).collect();
        let untold = self.stretches.len().saturating_sub(MOST_TOLD);
        if untold > 0 {
            let message = format!(
                "Altri {untold} gruppi di righe sono scritti ciascuno a suo modo: le proposte sono accanto alle righe."
            );
            findings.push(said(Code::PositionFile, message));
        }
        findings
    }
}

impl Stretch {
    fn findings(&self, alone: bool) -> Vec<Finding> {
        let tally = &self.tally;
        let rows = if alone {
            "Tutte le righe del file".to_owned()
        } else if tally.from == tally.to {
            format!("La riga {}", tally.from)
        } else {
            format!("Le righe da {} a {}", tally.from, tally.to)
        };
        let message = match self.verdict {
            Verdict::Unknown => None,
            Verdict::Mixed => Some(self.mixed(&rows)),
            Verdict::Tie(one, other) => Some(format!(
                "{rows} si possono leggere {} oppure {}, e i confini non bastano a decidere. Scegliete guardando dove \
                 cadono i punti, oppure indicate il sistema di riferimento.",
                in_words(one),
                in_words(other)
            )),
            Verdict::Clear(Reading::PLAIN) if alone => None,
            Verdict::Clear(reading) => Some(self.clear(&rows, reading)),
        };
        let message = message.map(|message| said(Code::PositionFile, message));
        message.into_iter().chain(self.datum(&rows)).collect()
    }

    fn clear(&self, rows: &str, reading: Reading) -> String {
        let tally = &self.tally;
        let good = tally.rows_of(reading);
        let as_they_are = if reading == Reading::PLAIN {
            0
        } else {
            tally.rows_of(Reading::PLAIN)
        };
        let others = match tally.rows.saturating_sub(good + as_they_are) {
            0 => String::new(),
            1 => " Una è segnalata da sola.".to_owned(),
            many => format!(" Altre {many} sono segnalate una per una."),
        };
        let kept = match as_they_are {
            0 => String::new(),
            1 => " Una può stare anche così com’è e non cambia: controllatela.".to_owned(),
            many => {
                format!(" {many} possono stare anche così come sono e non cambiano: controllatele.")
            }
        };
        let accept = if reading.operation == "none" || reading.operation == "transform" {
            ""
        } else {
            " Se è giusto accettate le proposte."
        };
        format!(
            "{rows} vanno lette {}: così {good} su {} cadono dove devono.{others}{kept}{accept}",
            in_words(reading),
            tally.rows
        )
    }

    fn mixed(&self, rows: &str) -> String {
        let mut counts = self.tally.counts.clone();
        counts.sort_by_key(|one| (u64::MAX - one.rows, one.cost));
        let ways: Vec<_> = counts
            .iter()
            .take(3)
            .map(|one| format!("{} ({} righe)", in_words(one.reading), one.rows))
            .collect();
        format!(
            "{rows} non sono scritte tutte allo stesso modo: {}. Ogni riga è giudicata da sola.",
            ways.join(", ")
        )
    }

    /// What the borders say of a datum that no row alone can tell.
    fn datum(&self, rows: &str) -> Option<Finding> {
        let Verdict::Clear(reading) = self.verdict else {
            return None;
        };
        let (doubt, old, off) = match reading.crs {
            "EPSG:4326" if reading == Reading::PLAIN => (&self.tally.degrees, MONTE_MARIO, 80),
            UTM | ED50 => (&self.tally.metres, ED50, 200),
            _ => return None,
        };
        let old = named(old);
        let (inside, outside) = (doubt.old.len(), doubt.usual.len());
        let message = if doubt.speaks_for_old() {
            format!(
                "{rows} sembrano contate in {old}: vicino ai confini {inside} posti cadono nel Comune giusto solo così, \
                 {outside} solo senza. Lo scarto è di circa {off} m: chiedete a chi ha fatto il file e guardate sulla mappa."
            )
        } else if reading.crs == UTM && !doubt.speaks_for_usual() {
            format!(
                "{rows} potrebbero anche essere in {old}, circa {off} m più in là: da questi confini non si può dire. \
                 Guardate sulla mappa se i punti sono dove li conoscete."
            )
        } else {
            return None;
        };
        Some(said(Code::PositionDatum, message))
    }
}

fn said(code: Code, message: String) -> Finding {
    Finding {
        code,
        field: None,
        value: String::new(),
        message,
        proposals: Vec::new(),
    }
}

/// A reading after «vanno lette».
fn in_words(reading: Reading) -> String {
    let (swap, operation) = match reading.operation.strip_prefix("swap_") {
        Some(rest) => (true, rest),
        None => (reading.operation == "swap", reading.operation),
    };
    let how = match operation {
        "decimal_point" => "con il separatore dei decimali al suo posto",
        "degrees_minutes_seconds" => "come gradi, minuti e secondi",
        "degrees_minutes" => "come gradi e minuti",
        "sign" => "con il segno cambiato",
        "kilometres" => "come chilometri",
        "first_digit" => "con la prima cifra che manca",
        _ => "",
    };
    let exchanged = if swap {
        "scambiando le due colonne"
    } else {
        ""
    };
    let system = format!("in {}", named(reading.crs));
    let parts = [how, exchanged, &system];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn named(code: &str) -> String {
    let name = projection::system(code).map(|crs: &Crs| crs.name);
    match name {
        Some(name) => format!("{name} ({code})"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::rules::{Bodies, Catalogue};
    use crate::census::vocabulary::Field;
    use std::sync::{Arc, LazyLock};

    static WORLD: LazyLock<World> = LazyLock::new(|| World {
        territory: Arc::new(Territory::new(crate::exchange::boundaries::seeded())),
        bodies: Bodies::new([
            ("015146".to_owned(), "Comune di Milano".to_owned()),
            ("cmm".to_owned(), "Città metropolitana".to_owned()),
        ]),
        software: Catalogue::new([]),
        today: jiff::civil::date(2025, 6, 15),
    });

    const MILAN: &str = "015146";

    /// Points spread over the middle of Milano, longitude first.
    fn points(many: u32) -> impl Iterator<Item = (f64, f64)> {
        (0..many).map(|step| {
            let step = f64::from(step);
            (
                9.15 + (step * 0.618).fract() * 0.07,
                45.44 + (step * 0.414).fract() * 0.05,
            )
        })
    }

    fn row(lat: &str, lon: &str, comune: &str) -> Draft {
        Draft::of(&[
            (Field::Ente, "cmm"),
            (Field::Comune, comune),
            (Field::Lat, lat),
            (Field::Lon, lon),
        ])
    }

    fn plain((lon, lat): (f64, f64)) -> Draft {
        row(&format!("{lat:.6}"), &format!("{lon:.6}"), MILAN)
    }

    fn metric(code: &str, (lon, lat): (f64, f64), comune: &str) -> Draft {
        let crs = projection::system(code).unwrap();
        let (x, y) = projection::from_wgs84(crs, lon, lat).unwrap();
        row(&format!("{y:.3}"), &format!("{x:.3}"), comune)
    }

    fn surveyed(rows: impl IntoIterator<Item = Draft>) -> Conclusion {
        let mut survey = Survey::new();
        for (record, draft) in (1..).zip(rows) {
            survey.see(record, &draft, &WORLD);
        }
        survey.conclude()
    }

    fn messages(conclusion: &Conclusion) -> Vec<String> {
        conclusion
            .findings()
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn of_a_file_of_plain_degrees_there_is_nothing_to_say() {
        let conclusion = surveyed(points(50).map(plain));
        assert_eq!(conclusion.expected(20), Some(&Reading::PLAIN));
        assert_eq!(conclusion.crs(), Some("EPSG:4326"));
        assert_eq!(messages(&conclusion), Vec::<String>::new());
        let nothing = surveyed([]);
        assert_eq!((nothing.expected(1), nothing.crs()), (None, None));
        assert_eq!(messages(&nothing), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_changes_its_system_is_cut_where_it_changes() {
        let gauss = points(200).map(|point| metric("3003", point, MILAN));
        let conclusion = surveyed(gauss.chain(points(100).map(plain)));
        for (record, crs) in [
            (1, "EPSG:3003"),
            (200, "EPSG:3003"),
            (201, "EPSG:4326"),
            (300, "EPSG:4326"),
        ] {
            assert_eq!(
                conclusion.expected(record).map(|one| one.crs),
                Some(crs),
                "{record}"
            );
        }
        assert_eq!(conclusion.expected(301), None);
        assert_eq!(conclusion.crs(), Some("EPSG:3003"));
        let said = messages(&conclusion);
        assert!(
            said[0].starts_with("Le righe da 1 a 200 vanno lette in Monte Mario")
                && said[0].contains("200 su 200"),
            "{said:?}"
        );
        assert!(said[1].starts_with("Le righe da 201 a 300"), "{said:?}");
    }

    #[test]
    fn rows_that_nothing_explains_and_a_few_that_disagree_change_nothing() {
        let mut rows: Vec<_> = points(60)
            .map(|point| metric("3003", point, MILAN))
            .collect();
        rows.insert(10, row("", "", MILAN));
        rows.insert(20, row("n.d.", "n.d.", MILAN));
        for (at, point) in [30, 31, 32].into_iter().zip(points(3)) {
            rows.insert(at, plain(point));
        }
        let conclusion = surveyed(rows);
        assert_eq!(
            conclusion.expected(31).map(|one| one.crs),
            Some("EPSG:3003")
        );
        let said = messages(&conclusion);
        assert!(
            said[0].contains("60 su 65")
                && said[0].contains("Altre 2 sono segnalate")
                && said[0].contains("3 possono stare anche così"),
            "{said:?}"
        );
    }

    #[test]
    fn rows_of_two_ways_in_turn_expect_nothing() {
        let rows = points(60).enumerate().map(|(index, point)| {
            if index.is_multiple_of(2) {
                plain(point)
            } else {
                metric("3003", point, MILAN)
            }
        });
        let conclusion = surveyed(rows);
        assert_eq!((conclusion.expected(10), conclusion.crs()), (None, None));
        let said = messages(&conclusion);
        assert!(
            said[0].contains("non sono scritte tutte allo stesso modo"),
            "{said:?}"
        );
    }

    #[test]
    fn two_rows_are_no_file() {
        let conclusion = surveyed(points(2).map(|point| metric("3003", point, MILAN)));
        assert_eq!(conclusion.expected(1), None);
    }

    /// Points inside a Comune within 150 m of its border, all around it.
    fn along_the_border(istat: &str, many: usize) -> Vec<(f64, f64)> {
        let home = WORLD.territory.get(istat).unwrap();
        let ring = home.boundary.0[0].exterior();
        let mut found = Vec::new();
        for line in ring.lines() {
            let middle = (
                f64::midpoint(line.start.x, line.end.x),
                f64::midpoint(line.start.y, line.end.y),
            );
            for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                let point = (middle.0 + dx * 4e-4, middle.1 + dy * 3e-4);
                let outside = WORLD.territory.metres_outside(home, point.0, point.1);
                if (-150.0..-2.0).contains(&outside) {
                    found.push(point);
                    break;
                }
            }
        }
        found.into_iter().cycle().take(many).collect()
    }

    #[test]
    fn ed50_is_told_from_utm_by_the_points_along_the_borders() {
        for (code, expected) in [("23032", "EPSG:23032"), ("32632", "EPSG:32632")] {
            let rows = along_the_border(MILAN, 80)
                .into_iter()
                .map(|point| metric(code, point, MILAN));
            let conclusion = surveyed(rows);
            assert_eq!(conclusion.expected(1).map(|one| one.crs), Some(expected));
            let datum = conclusion
                .findings()
                .iter()
                .any(|finding| finding.code == Code::PositionDatum);
            assert_eq!(datum, code == "23032");
        }
        // In the middle of a Comune nothing tells, and that is said.
        let middle = surveyed(points(80).map(|point| metric("23032", point, MILAN)));
        assert_eq!(middle.expected(1).map(|one| one.crs), Some("EPSG:32632"));
        let said = messages(&middle);
        assert!(said[1].contains("non si può dire"), "{said:?}");
    }

    #[test]
    fn a_missing_datum_shift_is_said_where_the_borders_show_it_and_never_corrected() {
        let old = along_the_border(MILAN, 120).into_iter().map(|(lon, lat)| {
            let crs = projection::system(MONTE_MARIO).unwrap();
            let (lon, lat) = projection::from_wgs84(crs, lon, lat).unwrap();
            plain((lon, lat))
        });
        let conclusion = surveyed(old);
        assert_eq!(conclusion.expected(1), Some(&Reading::PLAIN));
        let said = conclusion.findings();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].code, Code::PositionDatum);
        let true_ones = surveyed(along_the_border(MILAN, 120).into_iter().map(plain));
        assert_eq!(messages(&true_ones), Vec::<String>::new());
    }

    #[test]
    fn chance_is_no_evidence() {
        assert!(!improbable(0, 0));
        assert!(!improbable(9, 0));
        assert!(improbable(10, 0));
        assert!(!improbable(30, 20));
        assert!(improbable(300, 200));
        assert!(!improbable(200, 300));
    }
}
