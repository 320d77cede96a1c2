//! True points inside known Comuni, drawn from the embedded territory. The same seed gives the same
//! points.

use fastrand::Rng;
use std::sync::Arc;
use varco::census::rules::{Bodies, Catalogue, World};
use varco::census::territory::{Municipality, Territory};
use varco::exchange::boundaries;

/// The body that is no Comune.
pub const OTHER_BODY: &str = "cmm";

/// A point that is where it is said to be.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Degrees east, WGS 84, six decimals.
    pub lon: f64,
    /// Degrees north, WGS 84, six decimals.
    pub lat: f64,
    /// The ISTAT code of its Comune.
    pub istat: String,
}

/// The embedded territory, with every Comune as a body and one body that is none.
pub fn world() -> World {
    let municipalities = boundaries::seeded();
    let covered = municipalities.iter().filter(|comune| comune.covered);
    let bodies = covered
        .map(|comune| (comune.istat.clone(), format!("Comune di {}", comune.name)))
        .chain([(OTHER_BODY.to_owned(), "Città metropolitana".to_owned())])
        .collect::<Vec<_>>();
    World {
        bodies: Bodies::new(bodies),
        software: Catalogue::new(["Selea CPS".to_owned()]),
        today: jiff::civil::date(2025, 6, 15),
        territory: Arc::new(Territory::new(municipalities)),
    }
}

/// The Comuni of the territory.
pub fn covered(world: &World) -> Vec<&Municipality> {
    let all = world.territory.municipalities().iter();
    all.filter(|one| one.covered).collect()
}

/// A point inside a Comune, anywhere with the same chance.
pub fn inside(rng: &mut Rng, world: &World, comune: &Municipality) -> Truth {
    use geo::BoundingRect;
    let area = comune.boundary.bounding_rect().expect("a boundary");
    loop {
        let lon = rounded(area.min().x + rng.f64() * area.width());
        let lat = rounded(area.min().y + rng.f64() * area.height());
        let home = world.territory.containing(lon, lat);
        if home.is_some_and(|home| home.istat == comune.istat) {
            let istat = comune.istat.clone();
            return Truth { lon, lat, istat };
        }
    }
}

/// Degrees with six decimals, about ten centimetres.
pub fn rounded(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}
