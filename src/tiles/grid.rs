//! The grid of the web map: tiles of the Mercator square, and the order of points along it.
//!
//! A point's key interleaves the bits of its column and row at the finest level (Morton order), so
//! that the points of a tile have consecutive keys. Longitude and latitude are WGS 84 degrees; rows
//! count southwards. Enforced by the tests below.

use geo::{Coord, Rect};
use std::f64::consts::PI;
use std::ops::RangeInclusive;

/// How many units a tile is wide and high.
pub const EXTENT: u32 = 4096;

/// The deepest level there are tiles of.
pub const MAX_ZOOM: u8 = 22;

/// The latitude, in degrees, at which the Mercator square ends.
const MAX_LATITUDE: f64 = 85.051_128_779_806_59;

/// A tile that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    zoom: u8,
    column: u32,
    row: u32,
}

impl Tile {
    /// The tile at a level, column and row; `None` when there is none.
    #[must_use]
    pub fn new(zoom: u8, column: u32, row: u32) -> Option<Self> {
        let side = (zoom <= MAX_ZOOM).then(|| 1_u32 << zoom)?;
        (column < side && row < side).then_some(Self { zoom, column, row })
    }

    /// The level, 0 being the whole world.
    #[must_use]
    pub const fn zoom(self) -> u8 {
        self.zoom
    }

    /// The keys of the points that belong to the tile. Every point belongs to one tile of a level.
    #[must_use]
    pub fn keys(self) -> RangeInclusive<u64> {
        let below = 64 - 2 * u32::from(self.zoom);
        let first = interleave(self.column, self.row)
            .checked_shl(below)
            .unwrap_or(0);
        let last = u64::MAX
            .checked_shl(below)
            .map_or(u64::MAX, |mask| first | !mask);
        first..=last
    }

    /// South-west and north-east corner, degrees, x eastwards; the tile is widened on each side by
    /// a share of its width.
    #[must_use]
    pub fn bounds(self, buffer: f64) -> Rect<f64> {
        let side = f64::from(1_u32 << self.zoom);
        let (column, row) = (f64::from(self.column), f64::from(self.row));
        let longitude = |column: f64| column / side * 360.0 - 180.0;
        let latitude = |row: f64| (PI * (1.0 - 2.0 * row / side)).sinh().atan().to_degrees();
        Rect::new(
            (longitude(column - buffer), latitude(row + 1.0 + buffer)),
            (longitude(column + 1.0 + buffer), latitude(row - buffer)),
        )
    }

    /// A point in the tile's units, of which there are [`EXTENT`] from its north-west corner to
    /// its north-east and south-west ones.
    #[must_use]
    pub fn project(self, lon: f64, lat: f64) -> Coord<f64> {
        let side = f64::from(1_u32 << self.zoom);
        let (x, y) = world(lon, lat);
        Coord {
            x: (x * side - f64::from(self.column)) * f64::from(EXTENT),
            y: (y * side - f64::from(self.row)) * f64::from(EXTENT),
        }
    }
}

/// A point on the Mercator square, 0 to 1 eastwards and southwards.
fn world(lon: f64, lat: f64) -> (f64, f64) {
    let lat = lat.clamp(-MAX_LATITUDE, MAX_LATITUDE).to_radians();
    ((lon + 180.0) / 360.0, 0.5 - lat.tan().asinh() / (2.0 * PI))
}

/// The place of a point in the order of tiles; degrees.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates at the edges of the world, which is what is wanted"
)]
pub fn key(lon: f64, lat: f64) -> u64 {
    let (x, y) = world(lon, lat);
    let cell = |share: f64| (share * 2_f64.powi(32)) as u32;
    interleave(cell(x), cell(y))
}

/// The bits of both, in turn, a row's bit before a column's.
fn interleave(column: u32, row: u32) -> u64 {
    spread(column) | (spread(row) << 1)
}

/// The bits with a free place before each.
fn spread(bits: u32) -> u64 {
    let mut bits = u64::from(bits);
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | (bits << shift)) & mask;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUOMO: (f64, f64) = (9.1916, 45.4641);

    #[test]
    fn an_address_beyond_the_grid_is_no_tile() {
        assert!(Tile::new(0, 0, 0).is_some());
        assert!(Tile::new(0, 1, 0).is_none());
        assert!(Tile::new(3, 7, 8).is_none());
        assert!(Tile::new(MAX_ZOOM + 1, 0, 0).is_none());
        assert!(Tile::new(255, u32::MAX, u32::MAX).is_none());
    }

    #[test]
    fn a_point_belongs_to_one_tile_of_a_level() {
        let (lon, lat) = DUOMO;
        // The tile of Milano's cathedral, as every web map has it.
        let known = Tile::new(14, 8610, 5863).unwrap();
        assert!(known.keys().contains(&key(lon, lat)));
        assert!(
            !Tile::new(14, 8611, 5863)
                .unwrap()
                .keys()
                .contains(&key(lon, lat))
        );
        assert_eq!(Tile::new(0, 0, 0).unwrap().keys(), 0..=u64::MAX);
        let deepest = Tile::new(MAX_ZOOM, (1 << MAX_ZOOM) - 1, (1 << MAX_ZOOM) - 1).unwrap();
        assert_eq!(*deepest.keys().end(), u64::MAX);
        assert!(deepest.keys().contains(&key(180.0, -90.0)));
    }

    #[test]
    fn a_tile_knows_its_corners() {
        let tile = Tile::new(14, 8610, 5863).unwrap();
        let bounds = tile.bounds(0.0);
        assert!(
            (bounds.min().x..bounds.max().x).contains(&DUOMO.0),
            "{bounds:?}"
        );
        assert!(
            (bounds.min().y..bounds.max().y).contains(&DUOMO.1),
            "{bounds:?}"
        );
        let corner = tile.project(bounds.min().x, bounds.max().y);
        assert!(corner.x.abs() < 1e-3 && corner.y.abs() < 1e-3);
        let wider = tile.bounds(0.5);
        assert!((wider.width() - 2.0 * bounds.width()).abs() < 1e-9);
    }

    #[test]
    fn no_number_is_too_wild_for_a_key() {
        for wild in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 888.0, -1e300] {
            let _ = key(wild, wild);
        }
    }
}
