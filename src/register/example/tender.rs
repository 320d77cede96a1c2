//! What the example data have for the tender: a program with a connector, prices, lots, a snapshot.

use super::super::{Error, Register, Result};
use super::{MARK, chosen};
use crate::census::catalogue::{TypedProduct, TypedStated};
use crate::census::criterion::{Criteria, Subject};
use crate::census::edition::Kind;
use crate::census::lot::Lots;
use crate::census::person::Viewer;
use crate::census::price::{Price, PriceList};

/// A program that is made up, so that something can be said of it.
pub const PROGRAM: &str = "Transiti di esempio";

/// Prices that are made up: intervention, what it is for, lowest and highest in cents.
const PRICES: [(&str, Subject, i64, i64); 12] = [
    ("lettore", Subject::Device, 350_000, 620_000),
    ("varco", Subject::Device, 5_000, 9_000),
    ("transito", Subject::Device, 12_000, 25_000),
    ("riconoscimento", Subject::Product, 0, 15_000),
    ("connettore", Subject::Body, 280_000, 540_000),
    ("server", Subject::Body, 450_000, 780_000),
    ("rete", Subject::Site, 60_000, 240_000),
    ("dpia", Subject::Body, 90_000, 180_000),
    ("informativa", Subject::Site, 8_000, 16_000),
    ("conservazione", Subject::Body, 0, 20_000),
    ("rilievo", Subject::Device, 4_000, 7_500),
    ("manutenzione", Subject::Device, 18_000, 36_000),
];

/// Says of the program what its standing is.
pub async fn add_program(register: &Register, operator: &Viewer) -> Result<()> {
    let product = TypedProduct {
        name: PROGRAM.to_owned(),
        producer: "Produttore di esempio".to_owned(),
        kind: "lettura_targhe".to_owned(),
        note: MARK.to_owned(),
        ..TypedProduct::default()
    };
    kept(register.record_product(operator, "", &product).await?)?;
    let stated = TypedStated {
        standing: "collaudato".to_owned(),
        source: "Collaudo di esempio, non di un prodotto vero".to_owned(),
        grade: "I".to_owned(),
        date: "2025-02-10".to_owned(),
        note: MARK.to_owned(),
        ..TypedStated::default()
    };
    let stated = register.record_standing(operator, PROGRAM, &stated, None);
    kept(stated.await?)
}

fn kept(outcome: super::super::catalogue::Outcome) -> Result<()> {
    outcome.map_err(|wrong| {
        let words: Vec<String> = wrong.into_iter().map(|wrong| wrong.message).collect();
        Error::Invalid(format!("esempio: {}", words.join(" ")))
    })
}

/// Puts prices and lots in force from today, and freezes the census.
pub async fn add_tender(register: &Register, operator: &Viewer) -> Result<()> {
    let criteria = register.criteria_today(operator).await?;
    let prices = prices(&criteria).text();
    put(
        register,
        operator,
        Kind::Prices,
        "Prezzi di esempio",
        prices,
    )
    .await?;
    let comuni = chosen(register).into_iter().enumerate();
    let lots = Lots {
        comuni: comuni
            .map(|(order, one)| (one.istat.clone(), (order % 3 + 1).to_string()))
            .collect(),
        ..Lots::default()
    };
    put(
        register,
        operator,
        Kind::Lots,
        "Lotti di esempio",
        lots.text(),
    )
    .await?;
    register
        .take_snapshot(operator, "Fotografia di esempio")
        .await?;
    Ok(())
}

fn prices(criteria: &Criteria) -> PriceList {
    let known = PRICES
        .iter()
        .filter(|(id, ..)| criteria.remedy(id).is_some());
    PriceList {
        prices: known
            .map(|(id, unit, low, high)| Price {
                remedy: (*id).to_owned(),
                unit: *unit,
                low: *low,
                high: *high,
                source: "Prezzo inventato".to_owned(),
                note: MARK.to_owned(),
            })
            .collect(),
    }
}

async fn put(
    register: &Register,
    operator: &Viewer,
    kind: Kind,
    name: &str,
    content: String,
) -> Result<()> {
    let edition = register.load_edition(operator, kind, name, content).await?;
    let today = register.clock.today();
    register.put_in_force(operator, edition.id, today).await
}
