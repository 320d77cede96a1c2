//! The bytes of a tile (Mapbox Vector Tile 2).
//!
//! Layers: `dispositivi`, the single points; `gruppi`, what is gathered below [`CLUSTER_BELOW`];
//! `comuni`, the boundaries; `nomi`, a point for the name of each Comune; `punti`, `linee` and `aree`,
//! the features of a reference layer. Tiles of different layers may be joined by writing their bytes one
//! after the other. The same points in any order give the same bytes. Enforced by
//! `tests/it/tiles.rs`, through GDAL.

use super::grid::{EXTENT, Tile, key};
use crate::census::reference_layer::Feature as Reference;
use crate::census::territory::Municipality;
use crate::census::vocabulary::Field;
use geo::orient::{Direction, Orient};
use geo::{
    BooleanOps, BoundingRect, Geometry, InteriorPoint, Intersects, MapCoords, MultiLineString,
    MultiPoint, MultiPolygon, Polygon, Rect, Simplify,
};
use mvt::{Feature, GeomData, GeomEncoder, GeomType, Layer};

/// From this level on every device is a point of its own.
pub const CLUSTER_BELOW: u8 = 14;

/// Points are gathered in the squares of the level this much deeper than the tile, which are 64
/// pixels wide where a tile is drawn 512 pixels wide.
const CLUSTER_DEPTH: u8 = 3;

/// How much of the neighbourhood, as a share of the tile, boundaries are drawn in, so that the cut
/// itself is never seen.
const BUFFER: f64 = 1.0 / 32.0;

/// How far a simplified boundary may be from the true one, in tile units: half a pixel.
const TOLERANCE: f64 = 4.0;

/// What a tile shows of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct TilePoint {
    /// The device's identifier.
    pub id: String,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// The body's own code.
    pub codice: String,
    /// Its name.
    pub denominazione: String,
    /// The body's code.
    pub ente: String,
    /// What it does, a code of the closed list.
    pub funzione: String,
    /// A code of the closed list.
    pub stato: String,
    /// A code of the closed list.
    pub stato_scntt: String,
    /// Whether it has findings.
    pub findings: bool,
}

/// The devices that belong to a tile, gathered below [`CLUSTER_BELOW`]; those elsewhere are left
/// out. Nothing gives no bytes.
#[must_use]
pub fn encode(tile: Tile, points: &[TilePoint]) -> Vec<u8> {
    let keys = tile.keys();
    let mut sorted: Vec<(u64, &TilePoint)> = points
        .iter()
        .filter(|point| point.lon.is_finite() && point.lat.is_finite())
        .map(|point| (key(point.lon, point.lat), point))
        .filter(|(key, _)| keys.contains(key))
        .collect();
    sorted.sort_unstable_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let output = mvt::Tile::new(EXTENT);
    let mut single = output.create_layer("dispositivi");
    let mut grouped = output.create_layer("gruppi");
    for square in sorted.chunk_by(|a, b| together(tile, a.0, b.0)) {
        if let [(_, point)] = square {
            single = add_point(single, tile, point);
        } else {
            grouped = add_group(grouped, tile, square);
        }
    }
    bytes(output, [single, grouped])
}

/// Whether two points of a tile are shown as one.
fn together(tile: Tile, a: u64, b: u64) -> bool {
    let below = 64 - 2 * u32::from(tile.zoom() + CLUSTER_DEPTH);
    tile.zoom() < CLUSTER_BELOW && a >> below == b >> below
}

fn add_point(layer: Layer, tile: Tile, point: &TilePoint) -> Layer {
    let place = tile.project(point.lon, point.lat);
    let mut feature = layer.into_feature(dot(place.x, place.y));
    feature.add_tag_string("id", &point.id);
    feature.add_tag_string("codice", &point.codice);
    feature.add_tag_string("denominazione", &point.denominazione);
    feature.add_tag_string("ente", &point.ente);
    feature.add_tag_string("funzione", &point.funzione);
    feature.add_tag_string("stato", &point.stato);
    feature.add_tag_string("stato_scntt", &point.stato_scntt);
    feature.add_tag_bool("segnalazioni", point.findings);
    feature.into_layer()
}

/// A group is drawn in the middle of its members and knows the box that holds them.
fn add_group(layer: Layer, tile: Tile, members: &[(u64, &TilePoint)]) -> Layer {
    let points = || members.iter().map(|(_, point)| *point);
    let (mut x, mut y) = (0.0, 0.0);
    for point in points() {
        let place = tile.project(point.lon, point.lat);
        x += place.x;
        y += place.y;
    }
    let n = count(members.len());
    let mut feature = layer.into_feature(dot(x / f64::from(n), y / f64::from(n)));
    feature.add_tag_uint("n", n.into());
    feature.add_tag_double(
        "ovest",
        points().map(|point| point.lon).fold(180.0, f64::min),
    );
    feature.add_tag_double("sud", points().map(|point| point.lat).fold(90.0, f64::min));
    feature.add_tag_double(
        "est",
        points().map(|point| point.lon).fold(-180.0, f64::max),
    );
    feature.add_tag_double(
        "nord",
        points().map(|point| point.lat).fold(-90.0, f64::max),
    );
    let found = points().filter(|point| point.findings).count();
    feature.add_tag_uint("segnalazioni", count(found).into());
    add_shares(&mut feature, points);
    feature.into_layer()
}

/// For every function of the members, how many have it, as `n_` and the code; and the most frequent
/// one, the first of the list among equals.
fn add_shares<'a, I: Iterator<Item = &'a TilePoint>>(
    feature: &mut Feature,
    points: impl Fn() -> I,
) {
    let mut most = (0, "");
    for term in Field::Funzione.terms().unwrap_or_default() {
        let n = count(points().filter(|point| point.funzione == term.code).count());
        if n > 0 {
            feature.add_tag_uint(&format!("n_{}", term.code), n.into());
        }
        if n > most.0 {
            most = (n, term.code);
        }
    }
    feature.add_tag_string("funzione", most.1);
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// The boundaries that a tile shows, simplified to what can be seen at its level and cut a little
/// outside it, and the names of the Comuni whose middle is in it. Nothing gives no bytes.
#[must_use]
pub fn encode_boundaries(tile: Tile, municipalities: &[Municipality]) -> Vec<u8> {
    let output = mvt::Tile::new(EXTENT);
    let mut layer = output.create_layer("comuni");
    let mut names = output.create_layer("nomi");
    let keys = tile.keys();
    let window = tile.bounds(BUFFER);
    for municipality in municipalities {
        if municipality
            .boundary
            .bounding_rect()
            .is_some_and(|area| area.intersects(&window))
            && let Some(geometry) = outline(tile, &municipality.boundary)
        {
            let mut feature = layer.into_feature(geometry);
            feature.add_tag_string("istat", &municipality.istat);
            feature.add_tag_string("nome", &municipality.name);
            feature.add_tag_bool("territorio", municipality.covered);
            layer = feature.into_layer();
            if let Some(middle) = municipality.boundary.interior_point()
                && keys.contains(&key(middle.x(), middle.y()))
            {
                let place = tile.project(middle.x(), middle.y());
                let mut name = names.into_feature(dot(place.x, place.y));
                name.add_tag_string("nome", &municipality.name);
                name.add_tag_bool("territorio", municipality.covered);
                names = name.into_layer();
            }
        }
    }
    bytes(output, [layer, names])
}

/// The features of a reference layer that a tile shows: lines and polygons simplified to what can be
/// seen at its level and cut a little outside it, points in the tile they belong to. Nothing gives no
/// bytes.
#[must_use]
pub fn encode_references(tile: Tile, features: &[Reference]) -> Vec<u8> {
    let output = mvt::Tile::new(EXTENT);
    let mut points = output.create_layer("punti");
    let mut lines = output.create_layer("linee");
    let mut areas = output.create_layer("aree");
    for feature in features {
        match &feature.shape {
            Geometry::Point(point) => {
                points = add_points(points, tile, feature, &MultiPoint::new(vec![*point]));
            }
            Geometry::MultiPoint(several) => points = add_points(points, tile, feature, several),
            Geometry::LineString(line) => {
                let several = MultiLineString::new(vec![line.clone()]);
                lines = add_drawn(lines, feature, paths(tile, &several));
            }
            Geometry::MultiLineString(several) => {
                lines = add_drawn(lines, feature, paths(tile, several));
            }
            Geometry::Polygon(area) => {
                let several = MultiPolygon::new(vec![area.clone()]);
                areas = add_drawn(areas, feature, outline(tile, &several));
            }
            Geometry::MultiPolygon(several) => {
                areas = add_drawn(areas, feature, outline(tile, several));
            }
            // Layers have no others.
            Geometry::Line(_)
            | Geometry::Rect(_)
            | Geometry::Triangle(_)
            | Geometry::GeometryCollection(_) => {}
        }
    }
    bytes(output, [areas, lines, points])
}

fn add_points(mut layer: Layer, tile: Tile, one: &Reference, points: &MultiPoint<f64>) -> Layer {
    let keys = tile.keys();
    for point in points {
        if keys.contains(&key(point.x(), point.y())) {
            let place = tile.project(point.x(), point.y());
            layer = add_drawn(layer, one, Some(dot(place.x, place.y)));
        }
    }
    layer
}

fn add_drawn(layer: Layer, one: &Reference, drawn: Option<GeomData>) -> Layer {
    let Some(geometry) = drawn else {
        return layer;
    };
    let mut feature = layer.into_feature(geometry);
    feature.add_tag_sint("numero", one.number);
    feature.add_tag_string("nome", &one.name);
    feature.into_layer()
}

/// The part of lines that a tile shows; `None` when there is none, or none that can be seen.
fn paths(tile: Tile, lines: &MultiLineString<f64>) -> Option<GeomData> {
    let shown = lines
        .map_coords(|place| tile.project(place.x, place.y))
        .simplify(TOLERANCE);
    let shown = frame().clip(&shown, false);
    let mut encoder = GeomEncoder::new(GeomType::Linestring);
    let mut drawn = false;
    for line in &shown {
        let mut units: Vec<_> = line
            .0
            .iter()
            .map(|one| (unit(one.x), unit(one.y)))
            .collect();
        units.dedup();
        if units.len() < 2 {
            continue;
        }
        for (x, y) in units {
            encoder.add_point(f64::from(x), f64::from(y)).ok()?;
        }
        encoder.complete_geom().ok()?;
        drawn = true;
    }
    drawn.then(|| encoder.encode().ok()).flatten()
}

/// The tile and a little around it, in its units.
fn frame() -> Polygon<f64> {
    let extent = f64::from(EXTENT);
    let (low, high) = (-BUFFER * extent, (1.0 + BUFFER) * extent);
    Rect::new((low, low), (high, high)).to_polygon()
}

/// The part of a boundary that a tile shows; `None` when it is too small to be seen. It is
/// simplified before it is cut, so that neighbouring tiles agree where they meet.
fn outline(tile: Tile, boundary: &MultiPolygon<f64>) -> Option<GeomData> {
    let shown = boundary
        .map_coords(|place| tile.project(place.x, place.y))
        .simplify(TOLERANCE)
        .intersection(&frame())
        .orient(Direction::Default);
    let mut encoder = GeomEncoder::new(GeomType::Polygon);
    let mut last = None;
    for polygon in &shown {
        let Some(outer) = ring(&polygon.exterior().0, last) else {
            continue;
        };
        last = add_ring(&mut encoder, &outer);
        for hole in polygon.interiors() {
            if let Some(inner) = ring(&hole.0, last) {
                last = add_ring(&mut encoder, &inner);
            }
        }
    }
    last?;
    encoder.encode().ok()
}

/// A ring in whole units, without its closing point; `None` when nothing of it is left. It does not
/// start where the one before ended, because the encoder would take both for one.
fn ring(places: &[geo::Coord<f64>], before: Option<(i32, i32)>) -> Option<Vec<(i32, i32)>> {
    let mut units: Vec<_> = places
        .iter()
        .map(|place| (unit(place.x), unit(place.y)))
        .collect();
    units.dedup();
    while units.len() > 1 && units.first() == units.last() {
        units.pop();
    }
    if doubled_area(&units) == 0 {
        return None;
    }
    if units.first().copied() == before {
        units.rotate_left(1);
    }
    Some(units)
}

/// Twice the area inside a ring, in square units.
fn doubled_area(units: &[(i32, i32)]) -> i64 {
    let next = units.iter().cycle().skip(1);
    let cross = |(a, b): (&(i32, i32), &(i32, i32))| {
        i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)
    };
    units.iter().zip(next).map(cross).sum()
}

fn add_ring(encoder: &mut GeomEncoder<f64>, units: &[(i32, i32)]) -> Option<(i32, i32)> {
    for (x, y) in units {
        encoder.add_point(f64::from(*x), f64::from(*y)).ok()?;
    }
    encoder.complete_geom().ok()?;
    units.last().copied()
}

fn dot(x: f64, y: f64) -> GeomData {
    GeomEncoder::new(GeomType::Point)
        .point(f64::from(unit(x)), f64::from(unit(y)))
        .and_then(GeomEncoder::encode)
        .unwrap_or_else(|error| unreachable!("whole units are always encoded: {error}"))
}

/// The nearest whole unit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates far outside any tile"
)]
fn unit(place: f64) -> i32 {
    place.round() as i32
}

fn bytes<const N: usize>(mut tile: mvt::Tile, layers: [Layer; N]) -> Vec<u8> {
    for layer in layers {
        if layer.num_features() > 0 {
            tile.add_layer(layer)
                .unwrap_or_else(|error| unreachable!("layers differ and share a grid: {error}"));
        }
    }
    tile.to_bytes()
        .unwrap_or_else(|error| unreachable!("memory takes every byte: {error}"))
}
