//! How the census stands for whoever asks.

use super::{Register, Result};
use crate::census::filter::{Filter, Open};
use crate::census::vocabulary::Field;

/// A filter and how many devices it finds.
#[derive(Debug, Clone)]
pub struct Count {
    /// Which devices.
    pub filter: Filter,
    /// How many.
    pub number: i64,
}

/// How the census stands for whoever asks.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Every device they may see.
    pub all: Count,
    /// Those with warnings nobody confirmed.
    pub warnings: Count,
    /// Those with attributes still to be stated.
    pub missing: Count,
    /// For each function, by its code.
    pub functions: Vec<(String, i64)>,
    /// For each standing towards the national system, by its code.
    pub standings: Vec<(String, i64)>,
}

impl Register {
    /// How the devices that the filter finds stand.
    pub async fn summary(&self, filter: &Filter) -> Result<Summary> {
        self.past(filter).await?;
        let filter = filter.clone();
        let mut warnings = filter.clone();
        warnings.open = Some(Open::Warnings);
        let mut missing = filter.clone();
        missing.open = Some(Open::Missing);
        let mut unit = self.store.read().await?;
        Ok(Summary {
            functions: unit.count_by(&filter, Field::Funzione).await?,
            standings: unit.count_by(&filter, Field::StatoScntt).await?,
            warnings: Count {
                number: unit.count(&warnings).await?,
                filter: warnings,
            },
            missing: Count {
                number: unit.count(&missing).await?,
                filter: missing,
            },
            all: Count {
                number: unit.count(&filter).await?,
                filter,
            },
        })
    }
}
