//! What interventions cost: quantities by prices, with the arithmetic that was done.
//!
//! At least is what is certain by the lowest price, at most what is possible by the highest. Amounts
//! are cents of euro in whole numbers, without value added tax; every product and sum is checked. An
//! intervention without a price is left out of the sums and named. Enforced by the tests below and
//! by `tests/it/tender.rs`.

use super::criterion::{Criteria, Subject};
use super::intervention::Demanded;
use super::price::{PriceList, euro};
use std::collections::BTreeMap;

/// What every estimate says of itself.
pub const WITHOUT_VAT: &str = "Gli importi sono senza IVA.";

/// Two amounts in cents of euro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// At least.
    pub low: i64,
    /// At most.
    pub high: i64,
}

impl Range {
    fn plus(self, other: Self) -> Result<Self, TooMuch> {
        Ok(Self {
            low: self.low.checked_add(other.low).ok_or(TooMuch)?,
            high: self.high.checked_add(other.high).ok_or(TooMuch)?,
        })
    }

    /// From the lower to the higher, in words.
    #[must_use]
    pub fn words(self) -> String {
        if self.low == self.high {
            format!("{} €", euro(self.low))
        } else {
            format!("da {} € a {} €", euro(self.low), euro(self.high))
        }
    }
}

/// Amounts beyond what can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("La stima supera ogni importo sensato: controllate l’elenco prezzi.")]
pub struct TooMuch;

/// Why an intervention has no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The list does not have it.
    Price,
    /// The list has it for another unit.
    Subject(Subject),
}

/// An intervention in a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The lot, by its place in [`Demanded::lots`].
    pub lot: usize,
    /// The intervention, by its place in [`Criteria::remedies`].
    pub remedy: usize,
    /// What it is counted for.
    pub unit: Subject,
    /// How many are certain.
    pub certain: u64,
    /// How many are possible.
    pub possible: u64,
    /// Price of one, and amount of all; or why there is none.
    pub cost: Result<(Range, Range), Lack>,
}

impl Row {
    /// The arithmetic of the lower and of the higher amount, like `12 × 1.500,00 € = 18.000,00 €`.
    #[must_use]
    pub fn arithmetic(&self) -> Option<[String; 2]> {
        let (price, amount) = self.cost.ok()?;
        let line = |quantity: u64, price, amount| {
            let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
            format!(
                "{} × {} € = {} €",
                figure(quantity),
                euro(price),
                euro(amount)
            )
        };
        Some([
            line(self.certain, price.low, amount.low),
            line(self.possible, price.high, amount.high),
        ])
    }
}

/// What a census costs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Estimate {
    /// By lot and intervention.
    pub rows: Vec<Row>,
    /// The sum of each lot, by its place.
    pub lots: BTreeMap<usize, Range>,
    /// The sum of each intervention that has a price, by its place.
    pub remedies: BTreeMap<usize, Range>,
    /// The sum of all lots.
    pub total: Range,
    /// The interventions that are asked for and have no price, by their place.
    pub lacking: BTreeMap<usize, Lack>,
}

impl Estimate {
    /// The cost of what is needed.
    pub fn of(
        criteria: &Criteria,
        demanded: &Demanded,
        prices: &PriceList,
    ) -> Result<Self, TooMuch> {
        let mut estimate = Self::default();
        for quantity in &demanded.rows {
            let Some(remedy) = criteria.remedies.get(quantity.remedy) else {
                continue;
            };
            let cost = match prices.of(&remedy.id) {
                None => Err(Lack::Price),
                Some(price) if price.unit != remedy.unit => Err(Lack::Subject(price.unit)),
                Some(price) => Ok((
                    Range {
                        low: price.low,
                        high: price.high,
                    },
                    Range {
                        low: times(quantity.certain, price.low)?,
                        high: times(quantity.possible, price.high)?,
                    },
                )),
            };
            let sum = estimate.lots.entry(quantity.lot).or_default();
            match cost {
                Ok((_, amount)) => {
                    *sum = sum.plus(amount)?;
                    let own = estimate.remedies.entry(quantity.remedy).or_default();
                    *own = own.plus(amount)?;
                    estimate.total = estimate.total.plus(amount)?;
                }
                Err(lack) => {
                    estimate.lacking.insert(quantity.remedy, lack);
                }
            }
            estimate.rows.push(Row {
                lot: quantity.lot,
                remedy: quantity.remedy,
                unit: remedy.unit,
                certain: quantity.certain,
                possible: quantity.possible,
                cost,
            });
        }
        Ok(estimate)
    }
}

fn times(quantity: u64, price: i64) -> Result<i64, TooMuch> {
    let quantity = i64::try_from(quantity).map_err(|_large| TooMuch)?;
    quantity.checked_mul(price).ok_or(TooMuch)
}

/// A whole number as Italians write it.
fn figure(number: i64) -> String {
    let euros = euro(number.saturating_mul(100));
    euros.trim_end_matches(",00").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::intervention::Quantity;
    use crate::census::price::{HIGHEST, Price};

    fn seed() -> Criteria {
        Criteria::read(include_str!("../../seeds/criteri.toml")).unwrap()
    }

    fn quantity(lot: usize, remedy: &str, certain: u64, possible: u64) -> Quantity {
        let place = seed().remedies.iter().position(|one| one.id == remedy);
        Quantity {
            lot,
            remedy: place.unwrap(),
            certain,
            possible,
            certain_devices: certain,
            devices: possible,
            criteria: BTreeMap::new(),
        }
    }

    fn price(remedy: &str, unit: Subject, low: i64, high: i64) -> Price {
        Price {
            remedy: remedy.to_owned(),
            unit,
            low,
            high,
            source: String::new(),
            note: String::new(),
        }
    }

    fn demanded(rows: Vec<Quantity>) -> Demanded {
        Demanded {
            lots: vec!["3".to_owned(), "3 bis".to_owned()],
            rows,
            ..Demanded::default()
        }
    }

    #[test]
    fn an_estimate_shows_its_arithmetic_and_names_what_has_no_price() {
        let demanded = demanded(vec![
            quantity(0, "lettore", 12, 15),
            quantity(0, "server", 1, 2),
            quantity(1, "lettore", 0, 1_200),
            quantity(1, "rete", 3, 3),
        ]);
        let prices = PriceList {
            prices: vec![
                price("lettore", Subject::Device, 150_000, 200_050),
                price("rete", Subject::Body, 1, 1),
            ],
        };
        let estimate = Estimate::of(&seed(), &demanded, &prices).unwrap();
        let first = estimate.rows[0].arithmetic().unwrap();
        assert_eq!(first[0], "12 × 1.500,00 € = 18.000,00 €");
        assert_eq!(first[1], "15 × 2.000,50 € = 30.007,50 €");
        assert_eq!(estimate.rows[1].arithmetic(), None);
        assert!(estimate.rows[2].arithmetic().unwrap()[1].starts_with("1.200 × "));
        let sum = |low, high| Range { low, high };
        assert_eq!(estimate.lots[&0], sum(1_800_000, 3_000_750));
        assert_eq!(estimate.lots[&1], sum(0, 240_060_000));
        assert_eq!(estimate.total, sum(1_800_000, 243_060_750));
        let lacking: Vec<_> = estimate.lacking.values().copied().collect();
        assert_eq!(lacking, [Lack::Price, Lack::Subject(Subject::Body)]);
    }

    #[test]
    fn an_estimate_beyond_what_can_be_counted_is_refused() {
        let prices = PriceList {
            prices: vec![price("lettore", Subject::Device, HIGHEST, HIGHEST)],
        };
        for rows in [
            vec![quantity(0, "lettore", u64::MAX, u64::MAX)],
            vec![
                quantity(0, "lettore", 1, 900_000_000),
                quantity(1, "lettore", 1, 900_000_000),
            ],
        ] {
            assert_eq!(
                Estimate::of(&seed(), &demanded(rows), &prices),
                Err(TooMuch)
            );
        }
        assert_eq!(figure(1_234_567), "1.234.567");
    }
}
