//! The coordinate doctor against true points spoiled in every way: a modest corpus, for the
//! thresholds. The whole one is `benches/corpus.rs`.

#[path = "../corpus/mod.rs"]
mod generator;

use fastrand::Rng;
use generator::notations::CORRUPTIONS;
use generator::truth::{covered, inside, world};
use generator::{Kind, Tally, Truth, WITNESSES, Witness, Written, alone, together};
use varco::census::rules::World;

const SEED: u64 = 7;

/// A point in each of a few Comuni, spoiled in one way.
fn rows(world: &World, rng: &mut Rng, corruption: usize, many: usize) -> Vec<(Truth, Written)> {
    let all = covered(world);
    (0..many)
        .map(|_| {
            let comune = rng.choice(&all).unwrap();
            let truth = inside(rng, world, comune);
            let written = (CORRUPTIONS[corruption].write)(rng, &truth, world);
            (truth, written)
        })
        .collect()
}

fn share(part: usize, of: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(of.max(1)).unwrap())
}

fn named(name: &str) -> usize {
    let found = CORRUPTIONS.iter().position(|one| one.name == name);
    found.unwrap_or_else(|| panic!("{name} is listed"))
}

#[test]
fn the_doctor_sees_what_can_be_seen() {
    let world = world();
    let mut rng = Rng::with_seed(SEED);
    for witness in WITNESSES {
        for together_in_a_file in [false, true] {
            let (mut clean, mut spoiled) = (Tally::default(), Tally::default());
            for (index, corruption) in CORRUPTIONS.iter().enumerate() {
                let rows = rows(&world, &mut rng, index, 15);
                let verdicts = if together_in_a_file {
                    together(&world, &rows, witness)
                } else {
                    rows.iter()
                        .map(|(truth, written)| alone(&world, truth, written, witness))
                        .collect()
                };
                let tally = match corruption.kind {
                    Kind::Clean => &mut clean,
                    Kind::Mend | Kind::Flag => &mut spoiled,
                    Kind::Silent => continue,
                };
                for verdict in &verdicts {
                    tally.add(verdict);
                }
            }
            let what = format!("{witness:?}, together {together_in_a_file}");
            assert_eq!(clean.read, clean.rows, "clean rows, {what}");
            let seen = share(spoiled.seen, spoiled.visible);
            assert!(seen >= 0.99, "flagged: {seen}, {what}");
            let right = share(spoiled.right + spoiled.among, spoiled.proposing);
            assert!(right >= 0.95, "right or offered: {right}, {what}");
            // What a row alone leaves open the file decides.
            let certain = share(spoiled.right, spoiled.proposing);
            let least = if together_in_a_file { 0.95 } else { 0.90 };
            assert!(certain >= least, "one and right: {certain}, {what}");
        }
    }
}

#[test]
fn the_stretches_of_a_mixed_file_are_read_each_in_its_way() {
    let world = world();
    let mut rng = Rng::with_seed(SEED);
    let mut file = Vec::new();
    for name in [
        "Gauss-Boaga west, 3003",
        "decimal point",
        "axes exchanged",
        "UTM 33, 32633",
    ] {
        file.extend(rows(&world, &mut rng, named(name), 60));
    }
    for witness in WITNESSES {
        let verdicts = together(&world, &file, witness);
        let right = verdicts
            .iter()
            .filter(|one| one.right() || one.read || !one.visible)
            .count();
        assert!(share(right, file.len()) >= 0.99, "{right}, {witness:?}");
    }
}

#[test]
fn decimal_minutes_are_told_from_seconds_by_the_rows_together() {
    let world = world();
    let mut rng = Rng::with_seed(SEED);
    for name in [
        "degrees.minutes as decimals",
        "degrees.minutes seconds as decimals",
    ] {
        let file = rows(&world, &mut rng, named(name), 60);
        for witness in WITNESSES {
            let verdicts = together(&world, &file, witness);
            let right = |one: &&generator::Verdict| one.right() || !one.visible;
            let right = verdicts.iter().filter(right).count();
            assert!(
                share(right, file.len()) >= 0.95,
                "{name}, {right}, {witness:?}"
            );
        }
    }
}

#[test]
fn rows_of_two_ways_in_turn_are_judged_each_by_itself() {
    let world = world();
    let mut rng = Rng::with_seed(SEED);
    let mut file = Vec::new();
    for _ in 0..60 {
        for name in ["Gauss-Boaga west, 3003", "decimal comma"] {
            file.extend(rows(&world, &mut rng, named(name), 1));
        }
    }
    let together = together(&world, &file, Witness::Declared);
    for ((truth, written), verdict) in file.iter().zip(&together) {
        assert_eq!(*verdict, alone(&world, truth, written, Witness::Declared));
    }
}

#[test]
fn the_same_seed_gives_the_same_corpus() {
    let world = world();
    let texts = |seed| {
        let mut rng = Rng::with_seed(seed);
        (0..CORRUPTIONS.len())
            .flat_map(|index| rows(&world, &mut rng, index, 3))
            .map(|(_, written)| (written.lat, written.lon, written.place))
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(1), texts(1));
    assert_ne!(texts(1), texts(2));
}
