//! How far things are from a reference layer, and which of its places no device stands near.
//!
//! Lines and boundaries become chords between points of the ellipsoid in space, none longer than
//! [`LONGEST_CHORD_M`], and the nearest is found in an R-tree whose metric is the same everywhere.
//! From the point of the chord the metres on the ellipsoid are computed. Segments are geodesic lines;
//! the result is less than a decimetre off, and a millionth of the distance. Points are WGS 84
//! degrees, longitude first. Nothing here asks for projections or for the database. Enforced by the
//! tests below, and against PostGIS by `tests/it/reference_layers.rs`.

use super::reference_layer::Feature;
use super::territory::metres_between;
use geo::{BoundingRect, CoordsIter, Geometry, Intersects, LineString, Point, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, PointDistance, RTree, RTreeObject};

/// The longest chord, in metres: its middle is eight centimetres below the ellipsoid.
const LONGEST_CHORD_M: f64 = 2_000.0;

/// The semi-major axis of WGS 84, in metres.
const AXIS: f64 = 6_378_137.0;

/// Its flattening.
const FLATTENING: f64 = 1.0 / 298.257_223_563;

/// The square of its eccentricity.
const ECCENTRICITY: f64 = FLATTENING * (2.0 - FLATTENING);

type Place = [f64; 3];

/// A point of the ellipsoid in space, metres from the middle of the Earth.
fn in_space(lon: f64, lat: f64) -> Place {
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
    let normal = AXIS / (1.0 - ECCENTRICITY * sin_lat * sin_lat).sqrt();
    [
        normal * cos_lat * cos_lon,
        normal * cos_lat * sin_lon,
        normal * (1.0 - ECCENTRICITY) * sin_lat,
    ]
}

/// Longitude and latitude of a point a little below or on the ellipsoid.
fn on_earth([x, y, z]: Place) -> (f64, f64) {
    let across = x.hypot(y);
    // Bowring's formula, exact to far less than a millimetre so near to the surface.
    let polar = AXIS * (1.0 - FLATTENING);
    let (sin, cos) = (z * AXIS).atan2(across * polar).sin_cos();
    let second = ECCENTRICITY / (1.0 - ECCENTRICITY);
    let lat = (z + second * polar * sin.powi(3)).atan2(across - ECCENTRICITY * AXIS * cos.powi(3));
    (y.atan2(x).to_degrees(), lat.to_degrees())
}

/// The difference of two points.
fn minus(to: Place, from: Place) -> Place {
    let [x, y, z] = to;
    let [from_x, from_y, from_z] = from;
    [x - from_x, y - from_y, z - from_z]
}

/// The product of two differences.
fn dot([x, y, z]: Place, other: Place) -> f64 {
    let [other_x, other_y, other_z] = other;
    x * other_x + y * other_y + z * other_z
}

/// The point at a share of the way from one to another.
fn between(from: Place, to: Place, share: f64) -> Place {
    let [along_x, along_y, along_z] = minus(to, from);
    let [x, y, z] = from;
    [
        x + along_x * share,
        y + along_y * share,
        z + along_z * share,
    ]
}

fn squared(from: Place, to: Place) -> f64 {
    let along = minus(to, from);
    dot(along, along)
}

/// A piece of a feature: a chord, or a point.
#[derive(Debug, Clone)]
struct Piece {
    from: Place,
    to: Place,
    feature: usize,
}

impl Piece {
    /// The point of it that is nearest to another.
    fn nearest_to(&self, point: &Place) -> Place {
        let along = minus(self.to, self.from);
        let length = dot(along, along);
        if length == 0.0 {
            return self.from;
        }
        let share = dot(minus(*point, self.from), along) / length;
        between(self.from, self.to, share.clamp(0.0, 1.0))
    }
}

impl RTreeObject for Piece {
    type Envelope = AABB<Place>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.from, self.to)
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, point: &Place) -> f64 {
        squared(self.nearest_to(point), *point)
    }
}

/// What is nearest to a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near<'a> {
    /// Metres on the ellipsoid; 0 inside a polygon.
    pub metres: f64,
    /// The feature; of several at the same distance the one with the lowest number.
    pub feature: &'a Feature,
    /// The nearest point of it: degrees, longitude first.
    pub at: (f64, f64),
}

/// The box of a polygon in degrees, with its feature and its place among the polygons.
type Boxed = GeomWithData<Rectangle<[f64; 2]>, (usize, usize)>;

/// The features of a layer, ready to be asked which is nearest.
#[derive(Debug, Default)]
pub struct Nearest {
    features: Vec<Feature>,
    pieces: RTree<Piece>,
    areas: RTree<Boxed>,
    polygons: Vec<Polygon<f64>>,
}

impl Nearest {
    /// Prepares features: some microseconds for each vertex.
    #[must_use]
    pub fn new(features: Vec<Feature>) -> Self {
        let mut gathered = Gathered::default();
        for (index, feature) in features.iter().enumerate() {
            gathered.add(index, &feature.shape);
        }
        Self {
            features,
            pieces: RTree::bulk_load(gathered.pieces),
            areas: RTree::bulk_load(gathered.areas),
            polygons: gathered.polygons,
        }
    }

    /// What is nearest to a point, degrees; nothing when there are no features.
    #[must_use]
    pub fn to(&self, lon: f64, lat: f64) -> Option<Near<'_>> {
        if let Some(feature) = self.around(lon, lat) {
            return Some(Near {
                metres: 0.0,
                feature,
                at: (lon, lat),
            });
        }
        let place = in_space(lon, lat);
        let mut found = self.pieces.nearest_neighbor_iter_with_distance_2(&place);
        let (first, least) = found.next()?;
        // A vertex that two features share is as far by both.
        let chosen = found
            .take_while(|(_, other)| *other <= least + 1e-6)
            .map(|(piece, _)| piece)
            .fold(first, |best, other| {
                if other.feature < best.feature {
                    other
                } else {
                    best
                }
            });
        let at = on_earth(chosen.nearest_to(&place));
        Some(Near {
            metres: metres_between((lon, lat), at),
            feature: self.features.get(chosen.feature)?,
            at,
        })
    }

    /// The first feature with a polygon around a point.
    fn around(&self, lon: f64, lat: f64) -> Option<&Feature> {
        let point = Point::new(lon, lat);
        let inside = self
            .areas
            .locate_all_at_point(&[lon, lat])
            .map(|area| area.data)
            .filter(|(_, polygon)| {
                let polygon = self.polygons.get(*polygon);
                polygon.is_some_and(|polygon| polygon.intersects(&point))
            })
            .map(|(feature, _)| feature)
            .min()?;
        self.features.get(inside)
    }

    /// The features, in their order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }
}

/// What features are made of.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Piece>,
    areas: Vec<Boxed>,
    polygons: Vec<Polygon<f64>>,
}

impl Gathered {
    fn add(&mut self, feature: usize, shape: &Geometry<f64>) {
        match shape {
            Geometry::Point(point) => self.point(feature, *point),
            Geometry::MultiPoint(points) => {
                for point in points {
                    self.point(feature, *point);
                }
            }
            Geometry::LineString(line) => self.line(feature, line),
            Geometry::MultiLineString(lines) => {
                for line in lines {
                    self.line(feature, line);
                }
            }
            Geometry::Polygon(polygon) => self.polygon(feature, polygon),
            Geometry::MultiPolygon(polygons) => {
                for polygon in polygons {
                    self.polygon(feature, polygon);
                }
            }
            // Layers have no others.
            Geometry::Line(_)
            | Geometry::Rect(_)
            | Geometry::Triangle(_)
            | Geometry::GeometryCollection(_) => {}
        }
    }

    fn point(&mut self, feature: usize, point: Point<f64>) {
        let place = in_space(point.x(), point.y());
        self.pieces.push(Piece {
            from: place,
            to: place,
            feature,
        });
    }

    fn line(&mut self, feature: usize, line: &LineString<f64>) {
        let places: Vec<Place> = line.coords().map(|one| in_space(one.x, one.y)).collect();
        for (from, to) in places.iter().zip(places.iter().skip(1)) {
            self.chord(feature, *from, *to);
        }
    }

    /// A chord, or several where it would be too long.
    fn chord(&mut self, feature: usize, from: Place, to: Place) {
        // Half of it is pushed up to the surface again, so this ends.
        if squared(from, to) > LONGEST_CHORD_M.powi(2) {
            let (lon, lat) = on_earth(between(from, to, 0.5));
            let middle = in_space(lon, lat);
            self.chord(feature, from, middle);
            self.chord(feature, middle, to);
        } else {
            self.pieces.push(Piece { from, to, feature });
        }
    }

    fn polygon(&mut self, feature: usize, polygon: &Polygon<f64>) {
        self.line(feature, polygon.exterior());
        for hole in polygon.interiors() {
            self.line(feature, hole);
        }
        if let Some(area) = polygon.bounding_rect() {
            let corners =
                Rectangle::from_corners([area.min().x, area.min().y], [area.max().x, area.max().y]);
            self.areas
                .push(GeomWithData::new(corners, (feature, self.polygons.len())));
            self.polygons.push(polygon.clone());
        }
    }
}

/// A place of a layer with the device that is nearest to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched<'a> {
    /// The place.
    pub place: &'a Feature,
    /// Metres on the ellipsoid to the nearest device, 0 where one stands inside; nothing when there
    /// are no devices.
    pub metres: Option<f64>,
}

/// The places without any device within so many metres, each with how far the nearest is; in the
/// order given. Devices are degrees, longitude first.
#[must_use]
pub fn uncovered<'a>(
    places: &'a [Feature],
    devices: &[(f64, f64)],
    radius_m: f64,
) -> Vec<Watched<'a>> {
    let standing: Vec<_> = devices
        .iter()
        .map(|(lon, lat)| GeomWithData::new(in_space(*lon, *lat), (*lon, *lat)))
        .collect();
    let standing = RTree::bulk_load(standing);
    places
        .iter()
        .map(|place| Watched {
            place,
            metres: to_nearest(place, &standing),
        })
        .filter(|watched| watched.metres.is_none_or(|metres| metres > radius_m))
        .collect()
}

/// Metres from a place to the nearest of some points.
fn to_nearest(place: &Feature, points: &RTree<GeomWithData<Place, (f64, f64)>>) -> Option<f64> {
    let alone = Nearest::new(vec![place.clone()]);
    let first = place.shape.coords_iter().next()?;
    let first = in_space(first.x, first.y);
    // No part of the place is farther than this from its first vertex.
    let reach = place
        .shape
        .coords_iter()
        .map(|one| squared(first, in_space(one.x, one.y)).sqrt())
        .fold(0.0, f64::max);
    let mut least: Option<f64> = None;
    for (point, away) in points.nearest_neighbor_iter_with_distance_2(&first) {
        // Metres on the ground are more than through the Earth.
        if least.is_some_and(|least| away.sqrt() - reach > least) {
            break;
        }
        let (lon, lat) = point.data;
        let metres = alone.to(lon, lat).map(|near| near.metres)?;
        least = Some(least.map_or(metres, |least| least.min(metres)));
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{MultiPoint, line_string, point, polygon};

    fn feature(number: i64, shape: impl Into<Geometry<f64>>) -> Feature {
        Feature {
            number,
            name: format!("n. {number}"),
            shape: shape.into(),
        }
    }

    #[test]
    fn a_point_goes_into_space_and_comes_back() {
        for (lon, lat) in [(9.19, 45.4642), (-70.0, -33.0), (0.0, 0.0), (120.0, 80.0)] {
            let (x, y) = on_earth(in_space(lon, lat));
            assert!(
                (x - lon).abs() < 1e-12 && (y - lat).abs() < 1e-12,
                "{x} {y}"
            );
        }
    }

    #[test]
    fn the_nearest_of_points_lines_and_polygons_is_found_with_its_metres() {
        let nearest = Nearest::new(vec![
            feature(1, point!(x: 9.20, y: 45.50)),
            feature(2, line_string![(x: 9.10, y: 45.40), (x: 9.30, y: 45.40)]),
            feature(
                3,
                polygon!(
                    exterior: [(x: 9.0, y: 45.6), (x: 9.1, y: 45.6), (x: 9.1, y: 45.7), (x: 9.0, y: 45.7)],
                    interiors: [[(x: 9.04, y: 45.64), (x: 9.06, y: 45.64), (x: 9.06, y: 45.66), (x: 9.04, y: 45.66)]],
                ),
            ),
            feature(
                4,
                MultiPoint::new(vec![point!(x: 8.9, y: 45.4), point!(x: 8.8, y: 45.4)]),
            ),
        ]);
        let near = |lon, lat| {
            let near = nearest.to(lon, lat).unwrap();
            (near.feature.number, near.metres)
        };
        let (number, metres) = near(9.20, 45.51);
        assert_eq!(number, 1);
        assert!((metres - metres_between((9.20, 45.51), (9.20, 45.50))).abs() < 1e-6);
        // North of an east-west line, whose geodesic bends northwards by some metres.
        let (number, metres) = near(9.20, 45.41);
        assert_eq!(number, 2);
        assert!((1_100.0..1_112.0).contains(&metres), "{metres}");
        assert_eq!(near(9.02, 45.62), (3, 0.0));
        let (number, metres) = near(9.05, 45.65);
        assert_eq!(number, 3);
        assert!((777.0..785.0).contains(&metres), "{metres}");
        assert_eq!(near(8.81, 45.4).0, 4);
        assert!(Nearest::new(Vec::new()).to(9.0, 45.0).is_none());
    }

    #[test]
    fn of_two_at_the_same_distance_the_first_is_given() {
        let shared =
            |number, lon| feature(number, line_string![(x: 9.2, y: 45.4), (x: lon, y: 45.3)]);
        for turned in [false, true] {
            let mut features = vec![shared(1, 9.1), shared(2, 9.3), shared(3, 9.2)];
            if turned {
                features.reverse();
            }
            let first = features[0].number;
            let nearest = Nearest::new(features);
            assert_eq!(nearest.to(9.2, 45.5).unwrap().feature.number, first);
        }
    }

    #[test]
    fn a_long_line_is_followed_over_the_curve_of_the_earth() {
        // A meridian is a geodesic: the nearest point of it is due west, nearly.
        let line = line_string![(x: 9.0, y: 44.0), (x: 9.0, y: 46.0)];
        let nearest = Nearest::new(vec![feature(1, line)]);
        let near = nearest.to(9.01, 45.0).unwrap();
        let truth = metres_between((9.01, 45.0), (9.0, 45.0));
        assert!((near.metres - truth).abs() < 0.1, "{} {truth}", near.metres);
    }

    #[test]
    fn places_without_a_device_within_the_radius_are_named_with_the_nearest() {
        let square = |number, west: f64| {
            feature(
                number,
                polygon![
                    (x: west, y: 45.40), (x: west + 0.01, y: 45.40),
                    (x: west + 0.01, y: 45.41), (x: west, y: 45.41),
                ],
            )
        };
        let places = [
            feature(1, point!(x: 9.0, y: 45.5)),
            feature(2, point!(x: 9.1, y: 45.5)),
            square(3, 9.2),
            square(4, 9.4),
        ];
        // By the first place, inside the third, three hundred metres east of the fourth's far side.
        let devices = [(9.001, 45.5), (9.205, 45.405), (9.414, 45.405)];
        let found = uncovered(&places, &devices, 100.0);
        let numbers: Vec<i64> = found.iter().map(|one| one.place.number).collect();
        assert_eq!(numbers, [2, 4]);
        let metres = found[1].metres.unwrap();
        let truth = metres_between((9.414, 45.405), (9.41, 45.405));
        assert!((metres - truth).abs() < 0.01, "{metres} {truth}");
        assert_eq!(uncovered(&places, &devices, 400.0).len(), 1);
        let all = uncovered(&places, &[], 1e6);
        assert!(all.len() == 4 && all.iter().all(|one| one.metres.is_none()));
    }

    #[test]
    fn ten_thousand_points_and_a_hundred_thousand_segments_are_quick() {
        let mut random = fastrand::Rng::with_seed(7);
        let features: Vec<Feature> = (0..1_000)
            .map(|number| {
                let (mut lon, mut lat) = (8.8 + random.f64() * 0.7, 45.2 + random.f64() * 0.5);
                let line: LineString<f64> = (0..=100)
                    .map(|_| {
                        lon += (random.f64() - 0.5) * 0.001;
                        lat += (random.f64() - 0.5) * 0.001;
                        (lon, lat)
                    })
                    .collect();
                feature(number, line)
            })
            .collect();
        let nearest = Nearest::new(features);
        let sum: f64 = (0..10_000)
            .filter_map(|_| nearest.to(8.8 + random.f64() * 0.7, 45.2 + random.f64() * 0.5))
            .map(|near| near.metres)
            .sum();
        assert!(sum > 0.0);
    }
}
