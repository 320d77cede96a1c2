//! Finding devices: a page of the list with what can be chosen in it, and the same on the map.
//!
//! List, counts and tiles ask with the same [`Filter`]; nothing here looks at a device without one.

use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::filter::{Filter, Moment, Slice};
use crate::census::moment;
use crate::census::rules::Bodies;
use crate::census::territory::Territory;
use crate::census::vocabulary::Field;
use crate::clock::{self, Instant};
use crate::storage::device::{self, Listed, Point};
use crate::tiles::{self, Tile, TilePoint};
use geo::BoundingRect;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// How much further than its own edge a tile asks, as a share of its width: enough for rounding,
/// because the grid itself says which points belong to it.
const EDGE: f64 = 1e-6;

/// Something that can be chosen in a list: what is sent and what people read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// What is sent.
    pub code: String,
    /// What people read.
    pub label: String,
}

/// What occurs among the devices that a person may see, in Italian order.
#[derive(Debug, Clone)]
pub struct Choices {
    /// Bodies.
    pub bodies: Vec<Choice>,
    /// Comuni.
    pub municipalities: Vec<Choice>,
    /// Software.
    pub software: Vec<Choice>,
}

/// What the codes of devices mean to people.
#[derive(Debug, Clone)]
pub struct Names {
    bodies: Bodies,
    territory: Arc<Territory>,
}

impl Names {
    /// What people read for the value of an attribute; the value itself when it has no name.
    #[must_use]
    pub fn words(&self, field: Field, value: &str) -> String {
        let name = match field {
            Field::Ente => self.bodies.name(value),
            Field::Comune => self.territory.get(value).map(|found| found.name.as_str()),
            _ => return field.words(value),
        };
        name.unwrap_or(value).to_owned()
    }
}

/// A past moment at which the census is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The instant.
    pub at: Instant,
    /// The name of the snapshot taken then, when one was asked for.
    pub snapshot: Option<String>,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Found {
    /// The devices of the page.
    pub listed: Listed,
    /// How many there are on all pages.
    pub total: i64,
    /// What may be chosen.
    pub choices: Choices,
    /// What the codes mean.
    pub names: Names,
}

impl Register {
    /// A page of the devices that the filter finds, with what the page shows around them.
    pub async fn find(&self, filter: &Filter, slice: &Slice) -> Result<Found> {
        if let Some((_, key)) = &slice.from
            && !device::is_key(slice.sort, key)
        {
            return Err(Error::Invalid(
                "Il punto dell’elenco da cui continuare non si legge: tornate all’inizio \
                 dell’elenco."
                    .to_owned(),
            ));
        }
        self.past(filter).await?;
        let mut everything = filter.clone();
        everything.text.clear();
        everything.exact.clear();
        everything.open = None;
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        let occurring = unit.occurring(&everything).await?;
        let found = Found {
            listed: unit.devices(filter, slice).await?,
            total: unit.count(filter).await?,
            choices: choices(&names, occurring),
            names,
        };
        drop(unit);
        self.note_filter(filter, "elenco").await?;
        Ok(found)
    }

    /// The past moment that a filter asks for, in words; nothing when it asks for the present. A
    /// moment that is not past, or a snapshot that is not there, is an error.
    pub async fn past(&self, filter: &Filter) -> Result<Option<Past>> {
        match filter.moment {
            Moment::Now => Ok(None),
            // The end of today is not there yet, and shows what there is.
            Moment::At(at) if clock::local(at).date() == self.clock.today() => Ok(Some(Past {
                at: at.min(self.clock.now()),
                snapshot: None,
            })),
            Moment::At(at) if at >= self.clock.now() => Err(Error::Invalid(format!(
                "Il censimento si può vedere com’era, non come sarà: {} non è ancora passato. \
                 Scrivete una data precedente a oggi, oppure data e ora.",
                moment::words(at)
            ))),
            Moment::At(at) => Ok(Some(Past { at, snapshot: None })),
            Moment::Snapshot(id) => {
                let found = self.store.read().await?.snapshot(id).await?;
                let found = found.ok_or(Error::NotFound("Questa fotografia non c’è."))?;
                Ok(Some(Past {
                    at: found.at,
                    snapshot: Some(found.name),
                }))
            }
        }
    }

    /// How many devices the filter finds.
    pub async fn count(&self, filter: &Filter) -> Result<i64> {
        self.past(filter).await?;
        Ok(self.store.read().await?.count(filter).await?)
    }

    /// What the codes of devices mean to people.
    pub async fn names(&self) -> Result<Names> {
        self.names_in(&mut self.store.read().await?).await
    }

    pub(super) async fn names_in(&self, unit: &mut crate::storage::Unit) -> Result<Names> {
        let bodies = unit.bodies().await?.into_iter();
        Ok(Names {
            bodies: Bodies::new(bodies.map(|body| (body.code, body.name))),
            territory: Arc::clone(&self.territory),
        })
    }

    /// The rectangle around the devices that the filter finds; when there are none, around the
    /// Comune it asks for, or else the territory: west, south, east, north in WGS 84 degrees.
    pub async fn extent(&self, filter: &Filter) -> Result<[f64; 4]> {
        self.past(filter).await?;
        self.note_filter(filter, "mappa").await?;
        if let Some(found) = self.store.read().await?.extent(filter).await? {
            return Ok(found);
        }
        let window = self
            .territory
            .get(filter.wanted(Field::Comune))
            .and_then(|comune| comune.boundary.bounding_rect())
            .unwrap_or_else(|| self.territory.window());
        let (low, high) = (window.min(), window.max());
        Ok([low.x, low.y, high.x, high.y])
    }

    /// The vector tile of the devices that the filter finds; empty where there are none.
    pub async fn tile(&self, filter: &Filter, tile: Tile) -> Result<Vec<u8>> {
        self.past(filter).await?;
        self.note_tiles(filter).await?;
        let mut filter = filter.clone();
        filter.within = Some(tile.bounds(EDGE));
        let points = self.store.read().await?.points(&filter).await?;
        let encode = move || {
            let points: Vec<TilePoint> = points.into_iter().map(tile_point).collect();
            tiles::encode(tile, &points)
        };
        Ok(tokio::task::spawn_blocking(encode)
            .await
            .map_err(io::Error::from)?)
    }

    /// The vector tile of the boundaries and names of the Comuni, the same for everybody.
    pub async fn boundary_tile(&self, tile: Tile) -> Result<Vec<u8>> {
        let territory = Arc::clone(&self.territory);
        let encode = move || tiles::encode_boundaries(tile, territory.municipalities());
        Ok(tokio::task::spawn_blocking(encode)
            .await
            .map_err(io::Error::from)?)
    }
}

fn tile_point(point: Point) -> TilePoint {
    TilePoint {
        id: point.device.to_string(),
        lon: point.lon,
        lat: point.lat,
        codice: point.codice,
        denominazione: point.denominazione,
        ente: point.ente,
        funzione: point.funzione,
        stato: point.stato,
        stato_scntt: point.stato_scntt,
        findings: point.warnings,
    }
}

pub(super) fn choices(names: &Names, occurring: Vec<(String, String, String)>) -> Choices {
    let mut values: [BTreeSet<String>; 3] = Default::default();
    let [bodies, municipalities, software] = &mut values;
    for (body, municipality, program) in occurring {
        bodies.insert(body);
        municipalities.insert(municipality);
        software.insert(program);
    }
    let [bodies, municipalities, software] = values;
    Choices {
        bodies: sorted(names, Field::Ente, bodies),
        municipalities: sorted(names, Field::Comune, municipalities),
        software: sorted(names, Field::Software, software),
    }
}

fn sorted(names: &Names, field: Field, values: BTreeSet<String>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = values
        .into_iter()
        .filter(|code| !code.is_empty())
        .map(|code| Choice {
            label: names.words(field, &code),
            code,
        })
        .collect();
    choices.sort_by(|left, right| italian(&left.label, &right.label));
    choices
}
