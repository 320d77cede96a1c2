//! Whole geometries as files have them, and what can be made of them: points, lines and polygons in
//! WGS 84, or a sentence that says what is wrong.
//!
//! Every format is read into [`Drawn`] by its own reader; what is asked of a geometry is asked here,
//! once. Enforced by the tests below and by `tests/it/reference_layers.rs`.

use crate::census::projection::{self, Crs};
use crate::census::reference_layer::settled;
use geo::{
    Area, Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
    Rect,
};
use geozero::GeomProcessor;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// The most vertices one geometry may have.
const MOST_VERTICES: usize = 200_000;

/// Two numbers of a file, easting or longitude first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position(pub(super) f64, pub(super) f64);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Position;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("two numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Position, A::Error> {
                let lacking = || serde::de::Error::custom("two numbers");
                let x = numbers.next_element()?.ok_or_else(lacking)?;
                let y = numbers.next_element()?.ok_or_else(lacking)?;
                while numbers.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position(x, y))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

/// A geometry in the numbers of its file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Drawn {
    Points(Vec<Position>),
    Lines(Vec<Vec<Position>>),
    /// Of each polygon the outer ring, then its holes.
    Areas(Vec<Vec<Vec<Position>>>),
}

/// What is wrong with a geometry that is not there.
pub(super) fn nothing() -> String {
    "manca la geometria".to_owned()
}

/// What is wrong with a geometry of a kind that layers do not have.
pub(super) fn unfit(kind: &str) -> String {
    let kind: String = kind.chars().take(40).collect();
    format!("la geometria è {kind}: servono punti, linee o poligoni")
}

impl Drawn {
    pub(super) const fn points(points: Vec<Position>) -> Self {
        Self::Points(points)
    }

    pub(super) const fn lines(lines: Vec<Vec<Position>>) -> Self {
        Self::Lines(lines)
    }

    pub(super) const fn areas(areas: Vec<Vec<Vec<Position>>>) -> Self {
        Self::Areas(areas)
    }

    /// How many vertices it has.
    pub(super) fn vertices(&self) -> usize {
        match self {
            Self::Points(points) => points.len(),
            Self::Lines(lines) => lines.iter().map(Vec::len).sum(),
            Self::Areas(areas) => areas.iter().flatten().map(Vec::len).sum(),
        }
    }

    /// The geometry in WGS 84, longitude first, as it is kept; or what is wrong with it, in Italian
    /// words without a full stop. `window` is where it may plausibly be, degrees.
    pub(super) fn settle(&self, crs: &Crs, window: &Rect<f64>) -> Result<Geometry<f64>, String> {
        let vertices = self.vertices();
        if vertices == 0 {
            return Err("la geometria è vuota".to_owned());
        }
        if vertices > MOST_VERTICES {
            return Err(format!(
                "la geometria ha {vertices} vertici, più di {MOST_VERTICES}: semplificatela o dividetela"
            ));
        }
        let mut ground = Ground {
            crs,
            window,
            vertex: 0,
        };
        let shape = match self {
            Self::Points(points) => ground.points(points),
            Self::Lines(lines) => ground.lines(lines),
            Self::Areas(areas) => ground.areas(areas),
        }?;
        let shape = settled(&shape);
        match &shape {
            Geometry::LineString(line) => lasting_line(line)?,
            Geometry::MultiLineString(lines) => lines.iter().try_for_each(lasting_line)?,
            Geometry::Polygon(area) => lasting_area(area)?,
            Geometry::MultiPolygon(areas) => areas.iter().try_for_each(lasting_area)?,
            _ => {}
        }
        Ok(shape)
    }
}

fn lasting_line(line: &LineString<f64>) -> Result<(), String> {
    let first = line.0.first();
    if line.0.iter().all(|one| Some(one) == first) {
        return Err("una linea è ridotta a un punto".to_owned());
    }
    Ok(())
}

fn lasting_area(area: &Polygon<f64>) -> Result<(), String> {
    let flat =
        |ring: &LineString<f64>| Polygon::new(ring.clone(), Vec::new()).unsigned_area() == 0.0;
    if flat(area.exterior()) || area.interiors().iter().any(flat) {
        return Err("un anello del poligono non racchiude nulla".to_owned());
    }
    Ok(())
}

/// What the numbers of a geometry mean, and which vertex is being looked at.
struct Ground<'a> {
    crs: &'a Crs,
    window: &'a Rect<f64>,
    /// From 1, over the whole geometry.
    vertex: usize,
}

impl Ground<'_> {
    fn coord(&mut self, Position(x, y): Position) -> Result<Coord<f64>, String> {
        self.vertex += 1;
        let vertex = self.vertex;
        if !(x.is_finite() && y.is_finite()) {
            return Err(format!("il vertice {vertex} non ha coordinate"));
        }
        let (lon, lat) = projection::to_wgs84(self.crs, x, y).ok_or_else(|| {
            format!(
                "il vertice {vertex} ({x} {y}) non è un punto di {}",
                self.crs.code
            )
        })?;
        if self.holds(lon, lat) {
            return Ok(Coord { x: lon, y: lat });
        }
        let turned =
            projection::to_wgs84(self.crs, y, x).is_some_and(|(lon, lat)| self.holds(lon, lat));
        Err(if turned {
            format!(
                "il vertice {vertex} ({x} {y}) ha le coordinate scambiate: prima l’est, poi il nord"
            )
        } else {
            format!("il vertice {vertex} ({x} {y}) è fuori dal territorio")
        })
    }

    fn holds(&self, lon: f64, lat: f64) -> bool {
        let (low, high) = (self.window.min(), self.window.max());
        (low.x..=high.x).contains(&lon) && (low.y..=high.y).contains(&lat)
    }

    fn points(&mut self, points: &[Position]) -> Result<Geometry<f64>, String> {
        let mut found = Vec::with_capacity(points.len());
        for one in points {
            found.push(Point::from(self.coord(*one)?));
        }
        Ok(match found.as_slice() {
            [only] => (*only).into(),
            _ => MultiPoint::new(found).into(),
        })
    }

    fn path(&mut self, path: &[Position]) -> Result<LineString<f64>, String> {
        let mut found = Vec::with_capacity(path.len());
        for one in path {
            found.push(self.coord(*one)?);
        }
        Ok(LineString::new(found))
    }

    fn lines(&mut self, lines: &[Vec<Position>]) -> Result<Geometry<f64>, String> {
        let mut found = Vec::with_capacity(lines.len());
        for line in lines {
            if line.len() < 2 {
                return Err("una linea ha meno di due vertici".to_owned());
            }
            found.push(self.path(line)?);
        }
        Ok(match found.as_slice() {
            [only] => only.clone().into(),
            _ => MultiLineString::new(found).into(),
        })
    }

    fn ring(&mut self, ring: &[Position]) -> Result<LineString<f64>, String> {
        if ring.len() < 4 {
            return Err("un anello del poligono ha meno di quattro vertici".to_owned());
        }
        if ring.first() != ring.last() {
            return Err(
                "un anello del poligono non è chiuso: l’ultimo vertice deve essere il primo"
                    .to_owned(),
            );
        }
        self.path(ring)
    }

    fn areas(&mut self, areas: &[Vec<Vec<Position>>]) -> Result<Geometry<f64>, String> {
        let mut found = Vec::with_capacity(areas.len());
        for rings in areas {
            let mut lines = Vec::with_capacity(rings.len());
            for ring in rings {
                lines.push(self.ring(ring)?);
            }
            let mut lines = lines.into_iter();
            let outer = lines
                .next()
                .ok_or_else(|| "un poligono non ha anelli".to_owned())?;
            found.push(Polygon::new(outer, lines.collect()));
        }
        Ok(match found.as_slice() {
            [only] => only.clone().into(),
            _ => MultiPolygon::new(found).into(),
        })
    }
}

/// Draws the geometry of a `GeoPackage` while it is read.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// What stands in no line: points.
    points: Vec<Position>,
    /// Of every polygon, or of none, its rings or lines.
    parts: Vec<Vec<Vec<Position>>>,
    in_line: bool,
}

impl Pen {
    /// What was drawn, of this kind: 1 and 4 are points, 2 and 5 lines, 3 and 6 polygons.
    pub(super) fn drawn(self, kind: u32) -> Drawn {
        match kind {
            1 | 4 => Drawn::Points(self.points),
            2 | 5 => Drawn::Lines(self.parts.into_iter().flatten().collect()),
            _ => Drawn::Areas(self.parts),
        }
    }
}

impl GeomProcessor for Pen {
    fn xy(&mut self, x: f64, y: f64, _index: usize) -> geozero::error::Result<()> {
        let line = self.parts.last_mut().and_then(|part| part.last_mut());
        match line {
            Some(line) if self.in_line => line.push(Position(x, y)),
            _ => self.points.push(Position(x, y)),
        }
        Ok(())
    }

    fn empty_point(&mut self, _index: usize) -> geozero::error::Result<()> {
        Ok(())
    }

    fn polygon_begin(
        &mut self,
        _tagged: bool,
        _size: usize,
        _index: usize,
    ) -> geozero::error::Result<()> {
        self.parts.push(Vec::new());
        Ok(())
    }

    fn linestring_begin(
        &mut self,
        _tagged: bool,
        _size: usize,
        _index: usize,
    ) -> geozero::error::Result<()> {
        if self.parts.is_empty() {
            self.parts.push(Vec::new());
        }
        if let Some(part) = self.parts.last_mut() {
            part.push(Vec::new());
        }
        self.in_line = true;
        Ok(())
    }

    fn linestring_end(&mut self, _tagged: bool, _index: usize) -> geozero::error::Result<()> {
        self.in_line = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geozero::GeozeroGeometry;
    use geozero::wkb::Wkb;

    fn settle(drawn: &Drawn, crs: &str) -> Result<Geometry<f64>, String> {
        let window = Rect::new((8.0, 45.0), (10.0, 46.0));
        drawn.settle(projection::system(crs).unwrap(), &window)
    }

    fn path(places: &[(f64, f64)]) -> Vec<Position> {
        places.iter().map(|(x, y)| Position(*x, *y)).collect()
    }

    #[test]
    fn a_geometry_is_taken_in_any_system_to_the_centimetre() {
        let line = Drawn::Lines(vec![path(&[(9.190_000_049, 45.4642), (9.2, 45.5)])]);
        let Ok(Geometry::LineString(line)) = settle(&line, "EPSG:4326") else {
            panic!("a line");
        };
        assert_eq!(
            line.0[0],
            Coord {
                x: 9.19,
                y: 45.4642
            }
        );
        let point = Drawn::Points(path(&[(514_853.496, 5_034_536.797)]));
        let Ok(Geometry::Point(point)) = settle(&point, "EPSG:32632") else {
            panic!("a point");
        };
        assert!((point.x() - 9.19).abs() < 2e-7 && (point.y() - 45.4642).abs() < 2e-7);
    }

    #[test]
    fn what_is_wrong_with_a_geometry_is_said_with_its_vertex() {
        let square = [(9.0, 45.1), (9.1, 45.1), (9.1, 45.2), (9.0, 45.1)];
        let (x, y) = (f64::NAN, 45.0);
        for (drawn, says) in [
            (Drawn::Points(Vec::new()), "vuota"),
            (
                Drawn::Areas(vec![vec![path(&square[..3])]]),
                "meno di quattro",
            ),
            (
                Drawn::Areas(vec![vec![path(&[
                    square[0],
                    square[1],
                    square[2],
                    (9.0, 45.2),
                ])]]),
                "non è chiuso",
            ),
            (
                Drawn::Areas(vec![vec![path(&[
                    (9.0, 45.1),
                    (9.1, 45.1),
                    (9.05, 45.1),
                    (9.0, 45.1),
                ])]]),
                "non racchiude",
            ),
            (Drawn::Lines(vec![path(&square[..1])]), "meno di due"),
            (
                Drawn::Lines(vec![path(&[(9.0, 45.1), (9.0, 45.1)])]),
                "ridotta a un punto",
            ),
            (
                Drawn::Lines(vec![path(&[(9.0, 45.1), (x, y)])]),
                "il vertice 2 non ha",
            ),
            (Drawn::Points(path(&[(45.5, 9.2)])), "scambiate"),
            (Drawn::Points(path(&[(12.5, 41.9)])), "fuori dal territorio"),
            (
                Drawn::Points(path(&[(514_853.0, 5_034_536.0)])),
                "non è un punto di EPSG:4326",
            ),
            (
                Drawn::Points(path(&vec![(9.0, 45.5); 200_001])),
                "200001 vertici",
            ),
        ] {
            let why = settle(&drawn, "EPSG:4326").unwrap_err();
            assert!(why.contains(says), "{why} / {says}");
        }
    }

    #[test]
    fn the_rings_of_several_polygons_stay_apart() {
        let ring = |bytes: &mut Vec<u8>, at: f64| {
            bytes.extend(4_u32.to_le_bytes());
            for (x, y) in [(at, 45.1_f64), (at + 0.1, 45.1), (at, 45.2), (at, 45.1)] {
                bytes.extend([x.to_le_bytes(), y.to_le_bytes()].concat());
            }
        };
        let mut bytes = vec![1, 6, 0, 0, 0, 2, 0, 0, 0];
        for (at, rings) in [(9.0, 2_u32), (9.5, 1)] {
            bytes.extend([1, 3, 0, 0, 0]);
            bytes.extend(rings.to_le_bytes());
            for _ in 0..rings {
                ring(&mut bytes, at);
            }
        }
        let mut pen = Pen::default();
        Wkb(bytes).process_geom(&mut pen).unwrap();
        let Drawn::Areas(areas) = pen.drawn(6) else {
            panic!("areas");
        };
        assert_eq!(areas.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(areas[1][0].len(), 4);
    }
}
