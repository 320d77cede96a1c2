//! What the coordinate doctor makes of true points spoiled in every way, as a Markdown table; the
//! figures are in `docs/coordinate-doctor.md`. Nothing is timed, so any profile will do:
//! `cargo bench --profile dev --bench corpus -- [POINTS IN EACH COMUNE] [SEED]`.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark may stop at what it did not expect"
)]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

use corpus::{Kind, Tally, WITNESSES, Witness, alone, covered, inside, notations, together, world};
use fastrand::Rng;
use varco::census::rules::World;

/// How many points are drawn in each Comune unless told.
const POINTS: usize = 100;

/// The corpus of the committed figures.
const SEED: u64 = 2025;

/// How many rows the files have.
const FILE_ROWS: usize = 100;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<u64>().ok());
    let points = numbers
        .next()
        .and_then(|one| usize::try_from(one).ok())
        .unwrap_or(POINTS);
    let seed = numbers.next().unwrap_or(SEED);
    let world = world();
    println!(
        "Seed {seed}, {points} points in each of {} Comuni.\n",
        covered(&world).len()
    );
    for witness in WITNESSES {
        table(&format!("A row alone, {}", told(witness)), |index| {
            rows_alone(&world, points, seed, index, witness)
        });
        table(
            &format!("The rows of a file of {FILE_ROWS}, {}", told(witness)),
            |index| rows_together(&world, points, seed, index, witness),
        );
    }
}

fn told(witness: Witness) -> &'static str {
    match witness {
        Witness::Declared => "its Comune declared",
        Witness::Body => "only its body known",
        Witness::Nobody => "nothing known of where it is",
    }
}

fn rows_alone(world: &World, points: usize, seed: u64, index: usize, witness: Witness) -> Tally {
    let mut tally = Tally::default();
    let mut rng = Rng::with_seed(seed + index as u64);
    for comune in covered(world) {
        for _ in 0..points {
            let truth = inside(&mut rng, world, comune);
            let written = (notations::CORRUPTIONS[index].write)(&mut rng, &truth, world);
            tally.add(&alone(world, &truth, &written, witness));
        }
    }
    tally
}

/// Files with rows of every Comune when each row tells its own, of one Comune otherwise.
fn rows_together(world: &World, points: usize, seed: u64, index: usize, witness: Witness) -> Tally {
    let mut tally = Tally::default();
    let mut rng = Rng::with_seed(seed + index as u64);
    let all = covered(world);
    for one in 0..all.len() * points / FILE_ROWS {
        let mut rows = Vec::new();
        while rows.len() < FILE_ROWS {
            let comune = match witness {
                Witness::Body => all[one % all.len()],
                _ => rng.choice(&all).expect("some"),
            };
            let truth = inside(&mut rng, world, comune);
            let written = (notations::CORRUPTIONS[index].write)(&mut rng, &truth, world);
            rows.push((truth, written));
        }
        for verdict in together(world, &rows, witness) {
            tally.add(&verdict);
        }
    }
    tally
}

fn table(title: &str, tally: impl Fn(usize) -> Tally) {
    println!("### {title}\n");
    println!(
        "| Written | Rows | Visible | Flagged or read right | Read as it is | One proposal, right | Several | with the right one | Wrong | Median off |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut clean, mut seen) = (Tally::default(), Tally::default());
    for (index, corruption) in notations::CORRUPTIONS.iter().enumerate() {
        let found = tally(index);
        println!("{}", line(corruption.name, &found));
        match corruption.kind {
            Kind::Clean => clean.join(&found),
            Kind::Mend | Kind::Flag => seen.join(&found),
            Kind::Silent => {}
        }
    }
    println!("{}", line("**all that is to be read as it is**", &clean));
    println!("{}\n", line("**all that can be seen**", &seen));
}

fn line(name: &str, found: &Tally) -> String {
    let share = |part: usize, of: usize| {
        if of == 0 {
            "–".to_owned()
        } else {
            format!("{:.2} %", part as f64 * 100.0 / of as f64)
        }
    };
    let wrong = found.proposing - found.right - found.among;
    let median = found
        .median()
        .map_or("–".to_owned(), |metres| format!("{metres:.1} m"));
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {median} |",
        found.rows,
        found.visible,
        share(found.seen, found.visible),
        share(found.read, found.rows),
        share(found.right, found.proposing),
        share(found.several, found.proposing),
        share(found.among, found.several),
        share(wrong, found.proposing),
    )
}
