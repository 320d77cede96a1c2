//! The Comuni an installation covers, and those around.
//!
//! Every question about where a point is (in which Comune, how far from which border) is answered
//! here, from the boundaries the installation has loaded: nothing about a province is written in
//! code. Coordinates are WGS 84 degrees (EPSG:4326), longitude first; distances are metres.
//! Enforced by the tests below and by `tests/it/layering.rs`.

use super::vocabulary::fold;
use geo::{BoundingRect, Distance, Geodesic, MultiPolygon, Point, Rect};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};
use std::collections::{BTreeSet, HashMap};

/// One Comune with its boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct Municipality {
    /// The six-digit ISTAT code.
    pub istat: String,
    /// The official name.
    pub name: String,
    /// The cadastral (Belfiore) code.
    pub belfiore: String,
    /// The province's abbreviation, as on number plates.
    pub province: String,
    /// Whether it belongs to the installation's territory; if not, it lies around it.
    pub covered: bool,
    /// The boundary, EPSG:4326, x = longitude.
    pub boundary: MultiPolygon<f64>,
}

/// The Comuni of an installation, prepared for fast questions.
#[derive(Debug)]
pub struct Territory {
    municipalities: Vec<Municipality>,
    outlines: Vec<Outline>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    by_key: HashMap<String, usize>,
    neighbours: Vec<Vec<usize>>,
    window: Rect<f64>,
}

/// How much wider than the covered Comuni the window is, on each side, as a share of its extent.
const WINDOW_MARGIN: f64 = 0.1;

/// Beyond this distance, in metres, the flat measure around the point gives way to the geodesic.
const FLAT_REACH: f64 = 20_000.0;

/// How alike two names must be to be offered for each other (Jaro-Winkler).
const ALIKE: f64 = 0.84;

impl Territory {
    /// Prepares the boundaries. Two Comuni with one ISTAT code are one: a covered one wins over one
    /// around, then the first given.
    #[must_use]
    pub fn new(mut municipalities: Vec<Municipality>) -> Self {
        municipalities.sort_by(|a, b| (&a.istat, !a.covered).cmp(&(&b.istat, !b.covered)));
        municipalities.dedup_by(|a, b| a.istat == b.istat);
        let outlines: Vec<_> = municipalities
            .iter()
            .map(|one| Outline::new(&one.boundary))
            .collect();
        let boxes = municipalities
            .iter()
            .enumerate()
            .filter_map(|(index, one)| {
                let area = one.boundary.bounding_rect()?;
                let corners = Rectangle::from_corners(area.min().into(), area.max().into());
                Some(GeomWithData::new(corners, index))
            })
            .collect();
        Self {
            by_key: keys(&municipalities),
            neighbours: neighbours(&outlines),
            window: window(&municipalities),
            boxes: RTree::bulk_load(boxes),
            municipalities,
            outlines,
        }
    }

    /// Every Comune, covered or around, sorted by ISTAT code.
    #[must_use]
    pub fn municipalities(&self) -> &[Municipality] {
        &self.municipalities
    }

    /// The outer rings of the covered Comuni: longitude and latitude, degrees, WGS 84.
    #[must_use]
    pub fn rings(&self) -> Vec<Vec<(f64, f64)>> {
        let covered = self.municipalities.iter().filter(|one| one.covered);
        let polygons = covered.flat_map(|one| &one.boundary);
        polygons
            .map(|polygon| polygon.exterior().coords().map(|at| (at.x, at.y)).collect())
            .collect()
    }

    /// The Comune with this ISTAT code.
    #[must_use]
    pub fn get(&self, istat: &str) -> Option<&Municipality> {
        self.municipalities.get(self.index(istat)?)
    }

    /// The Comune a text means: its ISTAT code, its cadastral code or its name, whatever the case,
    /// the accents and the apostrophes, also as «Comune di Rho», «Rho (MI)» or «S. Giuliano».
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&Municipality> {
        let digits = text.trim();
        if let Some(found) = self.get(digits) {
            return Some(found);
        }
        // Spreadsheets strip the zeros a code begins with.
        if (4..6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.get(&format!("{digits:0>6}"));
        }
        self.municipalities
            .get(*self.by_key.get(&key(&bare_name(text)))?)
    }

    /// The covered Comuni whose names are most like a text, best first, at most three.
    #[must_use]
    pub fn nearest_names(&self, text: &str) -> Vec<&Municipality> {
        let wanted = key(&bare_name(text).chars().take(80).collect::<String>());
        let mut alike: Vec<_> = self
            .municipalities
            .iter()
            .filter(|one| one.covered)
            .map(|one| (strsim::jaro_winkler(&wanted, &key(&one.name)), one))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        alike.into_iter().take(3).map(|(_, one)| one).collect()
    }

    /// The Comune a point is in, covered or around. A point on an edge that two Comuni share
    /// belongs to exactly one of them; where boundaries overlap, a covered Comune wins.
    #[must_use]
    pub fn containing(&self, lon: f64, lat: f64) -> Option<&Municipality> {
        let mut found: Option<&Municipality> = None;
        for candidate in self.boxes.locate_all_at_point(&[lon, lat]) {
            let (Some(one), Some(outline)) = (
                self.municipalities.get(candidate.data),
                self.outlines.get(candidate.data),
            ) else {
                continue;
            };
            if outline.contains(lon, lat)
                && found
                    .is_none_or(|other| (!one.covered, &one.istat) < (!other.covered, &other.istat))
            {
                found = Some(one);
            }
        }
        found
    }

    /// Metres from a point to the boundary of a Comune: negative inside, positive outside, infinite
    /// for a Comune without a boundary.
    #[must_use]
    pub fn metres_outside(&self, municipality: &Municipality, lon: f64, lat: f64) -> f64 {
        let Some(outline) = self
            .index(&municipality.istat)
            .and_then(|at| self.outlines.get(at))
        else {
            return f64::INFINITY;
        };
        let metres = outline.metres(lon, lat);
        if outline.contains(lon, lat) {
            -metres
        } else {
            metres
        }
    }

    /// The Comuni that share a stretch of border with one, sorted by ISTAT code.
    #[must_use]
    pub fn neighbours(&self, istat: &str) -> Vec<&Municipality> {
        self.index(istat)
            .and_then(|at| self.neighbours.get(at))
            .into_iter()
            .flatten()
            .filter_map(|at| self.municipalities.get(*at))
            .collect()
    }

    /// The Comune, among those `wanted`, whose area is nearest to a point, and how many metres away
    /// (negative inside).
    pub fn nearest(
        &self,
        lon: f64,
        lat: f64,
        wanted: impl Fn(&Municipality) -> bool,
    ) -> Option<(&Municipality, f64)> {
        let scale = Scale::at(lat);
        let mut best: Option<(&Municipality, f64)> = None;
        for (one, outline) in self.municipalities.iter().zip(&self.outlines) {
            let reach = best.map_or(f64::INFINITY, |(_, metres)| metres);
            if !wanted(one) || outline.metres_to_box(&scale, lon, lat) > reach {
                continue;
            }
            if outline.contains(lon, lat) {
                return Some((one, -outline.metres(lon, lat)));
            }
            if let Some((.., metres)) = outline.nearest_edge(&scale, lon, lat)
                && metres < reach
            {
                best = Some((one, metres));
            }
        }
        best.map(|(one, _)| (one, self.metres_outside(one, lon, lat)))
    }

    /// The rectangle, EPSG:4326, in which a point of this territory may plausibly be: the covered
    /// Comuni with a margin of a tenth on each side. The whole Earth when nothing is covered.
    #[must_use]
    pub fn window(&self) -> Rect<f64> {
        self.window
    }

    fn index(&self, istat: &str) -> Option<usize> {
        self.municipalities
            .binary_search_by(|one| one.istat.as_str().cmp(istat))
            .ok()
    }
}

/// Metres between two points, on the ellipsoid; degrees, longitude first.
#[must_use]
pub fn metres_between(a: (f64, f64), b: (f64, f64)) -> f64 {
    Geodesic.distance(Point::from(a), Point::from(b))
}

/// A name without what people put around it.
fn bare_name(text: &str) -> String {
    let folded = fold(text);
    let bare = ["comune di ", "citta di ", "comune ", "com. di "]
        .iter()
        .find_map(|before| folded.strip_prefix(before))
        .unwrap_or(&folded);
    match bare.split_once('(') {
        Some((name, _)) if !name.trim().is_empty() => name.trim().to_owned(),
        _ => bare.to_owned(),
    }
}

/// A name as it is looked up: folded, letters and digits only.
fn key(text: &str) -> String {
    fold(text)
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// Other ways to write a name: both halves of a bilingual one, and «S.» for the saints.
fn spellings(name: &str) -> Vec<String> {
    let mut all: Vec<_> = std::iter::once(name)
        .chain(name.split('/'))
        .map(key)
        .collect();
    let folded = fold(name);
    for saint in ["san ", "santo ", "santa ", "sant'"] {
        if let Some(rest) = folded.strip_prefix(saint) {
            all.push(key(&format!("s{rest}")));
        }
    }
    all
}

/// Where each name and cadastral code leads. The abbreviations come last and never take the place
/// of a full name; covered Comuni come before those around, because names repeat across Italy.
fn keys(municipalities: &[Municipality]) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for covered in [true, false] {
        for (index, one) in municipalities.iter().enumerate() {
            if one.covered == covered {
                found.entry(key(&one.name)).or_insert(index);
                found.entry(key(&one.belfiore)).or_insert(index);
            }
        }
    }
    for (index, one) in municipalities.iter().enumerate() {
        for spelling in spellings(&one.name) {
            found.entry(spelling).or_insert(index);
        }
    }
    found.remove("");
    found
}

fn window(municipalities: &[Municipality]) -> Rect<f64> {
    let boxes = municipalities
        .iter()
        .filter(|one| one.covered)
        .filter_map(|one| one.boundary.bounding_rect());
    let covered = boxes.reduce(|a, b| {
        Rect::new(
            (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
            (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
        )
    });
    let Some(area) = covered else {
        return Rect::new((-180.0, -90.0), (180.0, 90.0));
    };
    let (dx, dy) = (area.width() * WINDOW_MARGIN, area.height() * WINDOW_MARGIN);
    Rect::new(
        (area.min().x - dx, area.min().y - dy),
        (area.max().x + dx, area.max().y + dy),
    )
}

/// Who shares an edge with whom.
fn neighbours(outlines: &[Outline]) -> Vec<Vec<usize>> {
    let mut owners: HashMap<[u64; 4], Vec<usize>> = HashMap::new();
    for (index, outline) in outlines.iter().enumerate() {
        for edge in &outline.edges {
            owners.entry(edge.bits()).or_default().push(index);
        }
    }
    let mut pairs = vec![BTreeSet::new(); outlines.len()];
    for group in owners.values().filter(|group| group.len() > 1) {
        for one in group {
            if let Some(set) = pairs.get_mut(*one) {
                set.extend(group.iter().copied().filter(|other| other != one));
            }
        }
    }
    pairs
        .into_iter()
        .map(|set| set.into_iter().collect())
        .collect()
}

/// One edge of a boundary, its lower end first (the western one when level): two Comuni that share
/// it hold it with the same numbers in the same order, so that both judge a point alike.
#[derive(Debug, Clone, Copy)]
struct Edge {
    x0: f64,
    y0: f64,
    x1: f64,
    y1: f64,
}

impl Edge {
    fn new(a: (f64, f64), b: (f64, f64)) -> Self {
        let (low, high) = if (a.1, a.0) <= (b.1, b.0) {
            (a, b)
        } else {
            (b, a)
        };
        Self {
            x0: low.0,
            y0: low.1,
            x1: high.0,
            y1: high.1,
        }
    }

    fn bits(&self) -> [u64; 4] {
        [self.x0, self.y0, self.x1, self.y1].map(f64::to_bits)
    }

    /// Whether a ray from the point towards the east crosses the edge. The upper end does not
    /// count, so that a vertex is crossed once.
    fn crossed(&self, x: f64, y: f64) -> bool {
        self.y0 <= y
            && y < self.y1
            && (self.x1 - self.x0) * (y - self.y0) > (x - self.x0) * (self.y1 - self.y0)
    }
}

/// A boundary prepared for two questions: is a point within it, and how far is it.
#[derive(Debug)]
struct Outline {
    edges: Vec<Edge>,
    /// The edges that cross each horizontal band, one band after the other.
    banded: Vec<Edge>,
    /// Where each band begins in `banded`; one more than the bands.
    starts: Vec<usize>,
    south: f64,
    bands_per_degree: f64,
    area: Option<Rect<f64>>,
}

impl Outline {
    fn new(boundary: &MultiPolygon<f64>) -> Self {
        let edges: Vec<_> = boundary
            .iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
            .flat_map(geo::LineString::lines)
            .map(|line| Edge::new((line.start.x, line.start.y), (line.end.x, line.end.y)))
            .filter(|edge| (edge.x0, edge.y0) != (edge.x1, edge.y1))
            .collect();
        let area = boundary.bounding_rect();
        let south = area.map_or(0.0, |area| area.min().y);
        let height = area.map_or(0.0, Rect::height);
        let count = (edges.len() / 2).clamp(1, 4096);
        #[expect(clippy::cast_precision_loss, reason = "at most 4096 bands")]
        let bands_per_degree = if height > 0.0 {
            count as f64 / height
        } else {
            0.0
        };
        let mut bands = vec![Vec::new(); count];
        for edge in &edges {
            let first = band(edge.y0, south, bands_per_degree);
            let last = band(edge.y1, south, bands_per_degree);
            for crossed in bands.iter_mut().take(last + 1).skip(first) {
                crossed.push(*edge);
            }
        }
        let mut starts = vec![0];
        let mut banded = Vec::with_capacity(edges.len() * 2);
        for crossed in bands {
            banded.extend(crossed);
            starts.push(banded.len());
        }
        Self {
            edges,
            banded,
            starts,
            south,
            bands_per_degree,
            area,
        }
    }

    fn contains(&self, lon: f64, lat: f64) -> bool {
        let at = band(lat, self.south, self.bands_per_degree).min(self.starts.len() - 2);
        let edges = match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => self.banded.get(*from..*to).unwrap_or_default(),
            _ => &[],
        };
        edges.iter().filter(|edge| edge.crossed(lon, lat)).count() % 2 == 1
    }

    /// Metres to the nearest edge, inside or outside.
    fn metres(&self, lon: f64, lat: f64) -> f64 {
        match self.nearest_edge(&Scale::at(lat), lon, lat) {
            None => f64::INFINITY,
            Some((x, y, metres)) if metres > FLAT_REACH => metres_between((lon, lat), (x, y)),
            Some((.., metres)) => metres,
        }
    }

    /// The nearest point of the boundary, and the metres to it on a flat Earth.
    fn nearest_edge(&self, scale: &Scale, lon: f64, lat: f64) -> Option<(f64, f64, f64)> {
        self.edges
            .iter()
            .map(|edge| scale.nearest_on(edge, lon, lat))
            .min_by(|a, b| a.2.total_cmp(&b.2))
    }

    /// Metres on a flat Earth to the box around the boundary; 0 inside.
    fn metres_to_box(&self, scale: &Scale, lon: f64, lat: f64) -> f64 {
        let Some(area) = self.area else {
            return f64::INFINITY;
        };
        let x = lon.clamp(area.min().x, area.max().x);
        let y = lat.clamp(area.min().y, area.max().y);
        ((lon - x) * scale.lon).hypot((lat - y) * scale.lat)
    }
}

/// The band a latitude falls in; the first one for anything below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest whole number there is, and the callers cut above"
)]
fn band(lat: f64, south: f64, bands_per_degree: f64) -> usize {
    ((lat - south) * bands_per_degree) as usize
}

/// Metres for one degree around a latitude, on the WGS 84 ellipsoid.
struct Scale {
    lon: f64,
    lat: f64,
}

impl Scale {
    fn at(lat: f64) -> Self {
        const A: f64 = 6_378_137.0;
        const E2: f64 = 0.006_694_379_990_141_32;
        let (sine, cosine) = lat.to_radians().sin_cos();
        let w = (1.0 - E2 * sine * sine).sqrt();
        Self {
            lon: (A / w * cosine).to_radians(),
            lat: (A * (1.0 - E2) / (w * w * w)).to_radians(),
        }
    }

    /// The point of an edge nearest to a point, and the metres between them.
    fn nearest_on(&self, edge: &Edge, lon: f64, lat: f64) -> (f64, f64, f64) {
        let (dx, dy) = (
            (edge.x1 - edge.x0) * self.lon,
            (edge.y1 - edge.y0) * self.lat,
        );
        let (px, py) = ((lon - edge.x0) * self.lon, (lat - edge.y0) * self.lat);
        let along = ((px * dx + py * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        let (x, y) = (
            edge.x0 + (edge.x1 - edge.x0) * along,
            edge.y0 + (edge.y1 - edge.y0) * along,
        );
        (x, y, (px - dx * along).hypot(py - dy * along))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;
    use std::sync::LazyLock;

    static MILANO: LazyLock<Territory> =
        LazyLock::new(|| Territory::new(crate::exchange::boundaries::seeded()));

    fn square(istat: &str, x: f64, covered: bool) -> Municipality {
        let boundary = polygon![
            (x: x, y: 45.0), (x: x + 0.1, y: 45.0), (x: x + 0.1, y: 45.1), (x: x, y: 45.1),
        ];
        Municipality {
            istat: istat.to_owned(),
            name: format!("Comune {istat}"),
            belfiore: format!("A{istat}"),
            province: "XX".to_owned(),
            covered,
            boundary: boundary.into(),
        }
    }

    #[test]
    fn the_seeds_are_133_comuni_with_their_surroundings() {
        let covered = MILANO
            .municipalities()
            .iter()
            .filter(|one| one.covered)
            .count();
        assert_eq!((covered, MILANO.municipalities().len()), (133, 249));
    }

    #[test]
    fn a_point_is_in_its_comune_and_far_from_the_others() {
        let duomo = MILANO.containing(9.19, 45.4642).unwrap();
        assert_eq!(duomo.istat, "015146");
        let rho = MILANO.find("Rho").unwrap();
        assert!(MILANO.metres_outside(duomo, 9.19, 45.4642) < -3_000.0);
        assert!(MILANO.metres_outside(rho, 9.19, 45.4642) > 5_000.0);
        assert_eq!(MILANO.containing(12.5, 41.9), None);
        assert_eq!(MILANO.containing(f64::NAN, 45.0), None);
    }

    #[test]
    fn a_point_on_a_shared_border_belongs_to_one_comune() {
        let covered = MILANO
            .municipalities
            .iter()
            .zip(&MILANO.outlines)
            .filter(|(one, _)| one.covered);
        for (one, outline) in covered {
            for edge in &outline.edges {
                let middle = (
                    f64::midpoint(edge.x0, edge.x1),
                    f64::midpoint(edge.y0, edge.y1),
                );
                for (x, y) in [(edge.x0, edge.y0), middle] {
                    let owners: Vec<_> = MILANO
                        .municipalities
                        .iter()
                        .zip(&MILANO.outlines)
                        .filter(|(_, other)| other.contains(x, y))
                        .map(|(other, _)| other.name.as_str())
                        .collect();
                    assert_eq!(
                        owners.len(),
                        1,
                        "{owners:?} at {x} {y}, border of {}",
                        one.name
                    );
                }
            }
        }
    }

    #[test]
    fn the_prepared_polygons_agree_with_the_library() {
        use geo::Contains;
        let window = MILANO.window();
        for step in 0..5_000_u32 {
            let along = |prime: u32| f64::from(step * prime % 4_999) / 4_999.0;
            let lon = window.min().x + window.width() * along(1);
            let lat = window.min().y + window.height() * along(2_003);
            let plain = MILANO
                .municipalities()
                .iter()
                .find(|one| one.boundary.contains(&Point::new(lon, lat)));
            assert_eq!(
                MILANO.containing(lon, lat).map(|one| &one.istat),
                plain.map(|one| &one.istat),
                "{lon} {lat}"
            );
        }
    }

    #[test]
    fn metres_are_metres_in_every_direction() {
        let territory = Territory::new(vec![square("000001", 9.0, true)]);
        let one = territory.get("000001").unwrap();
        for (lon, lat, edge) in [
            (9.11, 45.05, (9.1, 45.05)),
            (8.99, 45.05, (9.0, 45.05)),
            (9.05, 45.12, (9.05, 45.1)),
            (9.05, 44.9, (9.05, 45.0)),
            (9.05, 40.0, (9.05, 45.0)),
        ] {
            let truth = metres_between((lon, lat), edge);
            let metres = territory.metres_outside(one, lon, lat);
            assert!(
                (metres - truth).abs() < truth * 0.001,
                "{metres} instead of {truth}"
            );
        }
        assert!(territory.metres_outside(one, 9.05, 45.05) < 0.0);
    }

    #[test]
    fn holes_and_overlaps_have_one_answer() {
        let hole = polygon![
            exterior: [(x: 9.0, y: 45.0), (x: 9.3, y: 45.0), (x: 9.3, y: 45.3), (x: 9.0, y: 45.3)],
            interiors: [[(x: 9.1, y: 45.1), (x: 9.2, y: 45.1), (x: 9.2, y: 45.2), (x: 9.1, y: 45.2)]],
        ];
        let mut ring = square("000002", 9.0, true);
        ring.boundary = hole.into();
        let territory = Territory::new(vec![ring, square("000001", 9.25, false)]);
        assert_eq!(territory.containing(9.15, 45.15), None);
        assert_eq!(
            territory.containing(9.26, 45.05).unwrap().istat,
            "000002",
            "the covered one"
        );
        assert_eq!(territory.containing(9.32, 45.05).unwrap().istat, "000001");
    }

    #[test]
    fn a_comune_is_found_by_code_and_by_name_however_written() {
        for text in [
            "015146",
            "15146",
            "Milano",
            "MILANO",
            " comune di milano ",
            "F205",
            "f205",
            "Milano (MI)",
        ] {
            assert_eq!(
                MILANO.find(text).map(|one| one.name.as_str()),
                Some("Milano"),
                "{text}"
            );
        }
        for text in [
            "Cassina de' Pecchi",
            "CASSINA DE’ PECCHI",
            "cassina de pecchi",
            "Cassina de Pecchi",
        ] {
            assert_eq!(
                MILANO.find(text).map(|one| one.name.as_str()),
                Some("Cassina de' Pecchi"),
                "{text}"
            );
        }
        assert_eq!(
            MILANO.find("S. Giuliano Milanese").unwrap().name,
            "San Giuliano Milanese"
        );
        for nothing in ["", "   ", "Atlantide", "000000", "'", "🦀"] {
            assert_eq!(MILANO.find(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_mistyped_name_finds_those_alike() {
        assert_eq!(
            MILANO.nearest_names("Abiategrasso")[0].name,
            "Abbiategrasso"
        );
        assert_eq!(
            MILANO.nearest_names("Sesto S Giovani")[0].name,
            "Sesto San Giovanni"
        );
        assert!(MILANO.nearest_names("qqqqqq").is_empty());
    }

    #[test]
    fn neighbours_share_a_border_and_are_mutual() {
        let names: Vec<_> = MILANO
            .neighbours("015182")
            .into_iter()
            .map(|one| one.name.as_str())
            .collect();
        assert!(names.contains(&"Pero"), "Rho borders {names:?}");
        for one in MILANO.municipalities() {
            for other in MILANO.neighbours(&one.istat) {
                assert!(MILANO.neighbours(&other.istat).contains(&one));
            }
            assert!(
                !one.covered || !MILANO.neighbours(&one.istat).is_empty(),
                "{}",
                one.name
            );
        }
    }

    #[test]
    fn the_window_comes_from_what_is_covered() {
        let window = MILANO.window();
        assert!(window.min().x > 8.6 && window.max().x < 9.7, "{window:?}");
        assert!(window.min().y > 45.0 && window.max().y < 45.8, "{window:?}");
        let empty = Territory::new(Vec::new());
        assert!(empty.window().width() > 359.0);
        assert_eq!(empty.containing(9.0, 45.0), None);
    }
}
