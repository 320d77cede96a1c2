//! What the coordinate doctor makes of true points spoiled in every way, as Markdown tables; the
//! figures are in `docs/coordinate-doctor.md`. Nothing is timed, so any profile will do:
//! `cargo bench --profile dev --bench corpus -- [POINTS IN EACH COMUNE] [SEED]`.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark may stop at what it did not expect"
)]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

use corpus::notations::CORRUPTIONS;
use corpus::truth::{covered, inside, world};
use corpus::{Corruption, Kind, Tally, WITNESSES, Witness, alone, together};
use fastrand::Rng;
use varco::census::rules::World;

/// How many points are drawn in each Comune unless told.
const POINTS: usize = 100;

/// The corpus of the committed figures.
const SEED: u64 = 2025;

/// How many rows the files have.
const FILE_ROWS: usize = 100;

/// A way to spoil points, over many rows: each alone, and as the rows of files.
#[derive(Default)]
struct Both {
    alone: Tally,
    filed: Tally,
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<u64>().ok());
    let points = numbers.next().and_then(|one| usize::try_from(one).ok());
    let points = points.unwrap_or(POINTS);
    let seed = numbers.next().unwrap_or(SEED);
    let world = world();
    println!(
        "Seed {seed}, {points} points in each of {} Comuni, files of {FILE_ROWS} rows.\n",
        covered(&world).len()
    );
    for witness in WITNESSES {
        table(&world, points, seed, witness);
    }
}

fn told(witness: Witness) -> &'static str {
    match witness {
        Witness::Declared => "Each row declares its Comune",
        Witness::Body => "Only the body is known, a Comune",
        Witness::Nobody => "Nobody says where the rows should be",
    }
}

fn table(world: &World, points: usize, seed: u64, witness: Witness) {
    println!("### {}\n", told(witness));
    println!(
        "| Written | Rows | Visible | Flagged or read right | Read as it is | Alone: right | Several, with the right one | Wrong | In a file: right | Several | Wrong | Median off |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut clean, mut spoiled) = (Both::default(), Both::default());
    for (corruption, salt) in CORRUPTIONS.iter().zip(0..) {
        let mut rng = Rng::with_seed(seed + salt);
        let found = both(world, points, &mut rng, corruption, witness);
        println!("{}", line(corruption.name, &found));
        let all = match corruption.kind {
            Kind::Clean => &mut clean,
            Kind::Mend | Kind::Flag => &mut spoiled,
            Kind::Silent => continue,
        };
        join(&mut all.alone, &found.alone);
        join(&mut all.filed, &found.filed);
    }
    println!("{}", line("**to be read as it is**", &clean));
    println!("{}\n", line("**to be seen**", &spoiled));
}

/// The files hold rows of every Comune when each row tells its own, of one Comune otherwise.
fn both(
    world: &World,
    points: usize,
    rng: &mut Rng,
    corruption: &Corruption,
    witness: Witness,
) -> Both {
    let mut found = Both::default();
    let mut rows = Vec::new();
    for comune in covered(world) {
        for _ in 0..points {
            let truth = inside(rng, world, comune);
            let written = (corruption.write)(rng, &truth, world);
            found.alone.add(&alone(world, &truth, &written, witness));
            rows.push((truth, written));
        }
    }
    if witness != Witness::Body {
        rng.shuffle(&mut rows);
    }
    for file in rows.chunks(FILE_ROWS) {
        for verdict in together(world, file, witness) {
            found.filed.add(&verdict);
        }
    }
    found
}

fn line(name: &str, Both { alone, filed }: &Both) -> String {
    let wrong = |one: &Tally| one.proposing - one.right - one.among;
    let median = median(alone).map_or("–".to_owned(), |metres| format!("{metres:.1} m"));
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {median} |",
        alone.rows,
        alone.visible,
        share(alone.seen, alone.visible),
        share(alone.read, alone.rows),
        share(alone.right, alone.proposing),
        share(alone.among, alone.proposing),
        share(wrong(alone), alone.proposing),
        share(filed.right, filed.proposing),
        share(filed.among, filed.proposing),
        share(wrong(filed), filed.proposing),
    )
}

fn share(part: usize, of: usize) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let number = |count: usize| f64::from(u32::try_from(count).expect("a modest corpus"));
    format!("{:.2} %", number(part) * 100.0 / number(of))
}

fn join(all: &mut Tally, one: &Tally) {
    all.rows += one.rows;
    all.visible += one.visible;
    all.seen += one.seen;
    all.read += one.read;
    all.proposing += one.proposing;
    all.right += one.right;
    all.several += one.several;
    all.among += one.among;
    all.offs.extend(&one.offs);
}

/// How far the best proposals are from the truth, in metres, at the median.
fn median(found: &Tally) -> Option<f64> {
    let mut offs = found.offs.clone();
    offs.sort_by(f64::total_cmp);
    offs.get(offs.len() / 2).copied()
}
