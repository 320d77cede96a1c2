//! Vector tiles of the map: where a tile is, what is gathered at low zoom, and the bytes.
//!
//! Everything is computed here from points and boundaries, whatever the storage engine, so that the
//! map looks the same on both.

mod encode;
mod grid;

pub use encode::{CLUSTER_BELOW, TilePoint, encode, encode_boundaries, encode_references};
pub use grid::{EXTENT, MAX_ZOOM, Tile, key};
