//! Bars and maps as drawings: one SVG text for the page and for the PDF.
//!
//! Nothing is told by colour alone: every part of a bar has a letter and a pattern, every class of
//! points a shape, and numbers are written. Only presentation attributes are used, because pages
//! allow no `style`. Coordinates are rounded, so that the same figure is always the same text.
//! Enforced by the tests below.

use crate::census::report::{Bars, Cell, Kind, Map, Place};
use std::fmt::Write as _;

/// How wide a drawing is, in its own units; letters are 12 of them high.
const WIDTH: f64 = 640.0;

/// How high a map may be.
const MAP_HEIGHT: f64 = 640.0;

/// How high a drawing of bars may be, so that it stands on a page below a heading.
const BARS_HEIGHT: f64 = 800.0;

/// Where bars begin, and the room after the longest.
const LABELS: f64 = 190.0;
const NUMBERS: f64 = 150.0;

/// From one bar to the next, and how thick it is.
const STEP: f64 = 26.0;
const THICK: f64 = 18.0;

const INK: &str = "#17324D";
const LINE: &str = "#5A768A";

/// Colours with at least 3:1 against white; further ones begin again with other patterns.
const COLOURS: [&str; 6] = [
    "#0066CC", "#00734D", "#A66300", "#5A768A", "#B3253F", "#6B3FA0",
];

/// White strokes on the colour, in a square of eight units; the first is plain.
const PATTERNS: [&str; 7] = [
    "",
    "M-2 10L10 -2M-2 2L2 -2M6 10L10 6",
    "M0 4H8",
    "M4 0V8",
    "M-2 -2L10 10M6 -2L10 2M-2 6L2 10",
    "M0 4H8M4 0V8",
    "M2 4H6",
];

/// The drawings of some bars, each of a page's height at most; `prefix` keeps the names inside them
/// apart from those of other drawings of the page.
pub(super) fn bars(bars: &Bars, prefix: &str) -> Vec<String> {
    let longest = bars.items.iter().map(|(_, parts)| total(parts)).max();
    let longest = longest.unwrap_or(0).max(1);
    let legend = key(&mut String::new(), bars, prefix);
    let room = ((BARS_HEIGHT - legend) / STEP).max(5.0);
    let pieces = bars.items.chunks(floor(room)).enumerate();
    pieces
        .map(|(index, items)| piece(bars, items, longest, &format!("{prefix}-{index}")))
        .collect()
}

fn total(parts: &[u64]) -> u64 {
    parts.iter().sum()
}

fn piece(bars: &Bars, items: &[(String, Vec<u64>)], longest: u64, prefix: &str) -> String {
    let mut content = String::new();
    patterns(
        &mut content,
        (0..bars.series.len()).map(|index| tone(bars, index)),
        prefix,
    );
    let mut top = key(&mut content, bars, prefix);
    for (name, parts) in items {
        bar(&mut content, (bars, prefix), (name, parts), longest, top);
        top += STEP;
    }
    line(
        &mut content,
        (LABELS, top - STEP * count(items.len()) - 4.0),
        (LABELS, top),
    );
    text(&mut content, LABELS, top + 14.0, "start", &bars.unit);
    framed(&content, top + 22.0)
}

/// What the parts mean.
fn key(out: &mut String, bars: &Bars, prefix: &str) -> f64 {
    if bars.series.len() == 1 {
        // What is counted is said below the bars.
        return 0.0;
    }
    legend(out, &bars.series, |out, index, x, y| {
        part(out, tone(bars, index), prefix, (x, y - 10.0, 14.0, 12.0));
        format!("{} ", letter(index))
    })
}

/// One bar: its name, its parts with their numbers, its total, and the numbers there is no room for.
fn bar(
    out: &mut String,
    (bars, prefix): (&Bars, &str),
    (name, parts): (&str, &[u64]),
    longest: u64,
    top: f64,
) {
    let middle = top + THICK / 2.0 + 4.0;
    let lines = halved(name, LABELS - 12.0);
    for (line, y) in lines.iter().zip(if lines.len() > 1 {
        [-6.0, 6.0]
    } else {
        [0.0; 2]
    }) {
        text(out, LABELS - 8.0, middle + y, "end", line);
    }
    let scale = (WIDTH - LABELS - NUMBERS) / real(longest);
    let mut left = LABELS;
    let mut beside = Vec::new();
    for (index, &number) in parts.iter().enumerate().filter(|(_, number)| **number > 0) {
        let wide = real(number) * scale;
        part(
            out,
            tone(bars, index),
            prefix,
            (left, top, (wide - 1.0).max(0.8), THICK),
        );
        let label = format!("{} {}", letter(index), figure(number));
        let room = width(&label) + 6.0;
        if parts.len() > 1 && room + 4.0 <= wide {
            let x = left + (wide - 1.0 - room) / 2.0;
            let _ = write!(
                out,
                r##"<rect x="{x:.1}" y="{:.1}" width="{room:.1}" height="{:.1}" rx="2" fill="#FFFFFF"/>"##,
                top + 2.0,
                THICK - 4.0
            );
            text(out, x + room / 2.0, middle, "middle", &label);
        } else if parts.len() > 1 {
            beside.push(label);
        }
        left += wide;
    }
    let mut label = figure(total(parts));
    if beside.len() > 1 || (!beside.is_empty() && parts.iter().filter(|one| **one > 0).count() > 1)
    {
        let _ = write!(label, " ({})", beside.join(", "));
    } else if let Some(only) = beside.first() {
        label.clone_from(only);
    }
    text(
        out,
        left + 6.0,
        middle,
        "start",
        &shortened(&label, WIDTH - left - 6.0),
    );
}

/// The drawing of a map, nothing when there is nothing to draw.
pub(super) fn map(map: &Map) -> Option<String> {
    let frame = Frame::of(map)?;
    let mut content = String::new();
    let top = legend(&mut content, &map.classes, |out, index, x, y| {
        sign(out, index, x + 7.0, y - 4.0, 5.0);
        let points = map.points.iter().filter(|point| point.2 == index).count();
        format!("{} · ", figure(u64::try_from(points).unwrap_or_default()))
    });
    let mut path = String::new();
    for ring in &map.boundaries {
        outline(&mut path, ring, &frame, top);
    }
    if !path.is_empty() {
        let _ = write!(
            content,
            r##"<path d="{path}" fill="#F0F4F8" fill-rule="evenodd" stroke="{LINE}" stroke-width="0.7" stroke-linejoin="round"/>"##
        );
    }
    for &(lon, lat, class) in &map.points {
        let (x, y) = frame.place(lon, lat);
        sign(&mut content, class, x, y + top, 3.6);
    }
    names(&mut content, map, &frame, top);
    scale_bar(&mut content, &frame, top + frame.height + 18.0);
    Some(framed(&content, top + frame.height + 30.0))
}

/// How high the letters of the names of places are.
const NAME: f64 = 10.0;

/// The names of places around their points: where no other name stands, and least of the map is
/// covered.
fn names(out: &mut String, map: &Map, frame: &Frame, top: f64) {
    let points = map.points.iter();
    let points: Vec<_> = points.map(|&(lon, lat, _)| frame.place(lon, lat)).collect();
    let mut taken: Vec<Room> = Vec::new();
    // A name is read over a boundary, too.
    let _ = write!(
        out,
        r##"<g font-size="{NAME}" paint-order="stroke" stroke="#FFFFFF" stroke-width="2.5" stroke-linejoin="round">"##
    );
    for place in &map.places {
        let name = shortened(&place.name, WIDTH / 3.0);
        let rooms = Room::around(place, frame, width(&name) * NAME / 12.0);
        let free = |room: &Room| room.is_on(frame) && taken.iter().all(|one| !one.meets(room));
        let covered = |room: &Room| points.iter().filter(|point| room.holds(**point)).count();
        let best = rooms.into_iter().flatten().filter(free).min_by_key(covered);
        if let Some(room) = best {
            text(out, room.left, room.base + top, "start", &name);
            taken.push(room);
        }
    }
    out.push_str("</g>");
}

/// Where a name may stand.
#[derive(Debug, Clone, Copy)]
struct Room {
    left: f64,
    right: f64,
    base: f64,
}

impl Room {
    /// Below the points of a place, above them, at their right and at their left.
    fn around(place: &Place, frame: &Frame, wide: f64) -> Option<[Self; 4]> {
        let points = place.points.iter();
        let points = points.filter(|(lon, lat)| lon.is_finite() && lat.is_finite());
        let mut points = points.map(|&(lon, lat)| frame.place(lon, lat));
        let (x, y) = points.next()?;
        let (mut west, mut east, mut north, mut south) = (x, x, y, y);
        for (x, y) in points {
            (west, east) = (west.min(x), east.max(x));
            (north, south) = (north.min(y), south.max(y));
        }
        let middle = f64::midpoint(west, east) - wide / 2.0;
        let beside = f64::midpoint(north, south) + NAME * 0.35;
        let lefts_and_bases = [
            (middle, south + NAME + 5.0),
            (middle, north - 7.0),
            (east + 7.0, beside),
            (west - 7.0 - wide, beside),
        ];
        Some(lefts_and_bases.map(|(left, base)| Self {
            left,
            right: left + wide,
            base,
        }))
    }

    fn is_on(&self, frame: &Frame) -> bool {
        self.left >= 0.0 && self.right <= WIDTH && self.base >= NAME && self.base <= frame.height
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && (self.base - other.base).abs() < NAME + 1.0
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left - 3.0..=self.right + 3.0).contains(&x)
            && (self.base - NAME - 2.0..=self.base + 4.0).contains(&y)
    }
}

/// From degrees to the units of the drawing.
struct Frame {
    west: f64,
    north: f64,
    /// Units for a degree of longitude, and of latitude.
    across: f64,
    down: f64,
    left: f64,
    height: f64,
}

impl Frame {
    fn of(map: &Map) -> Option<Self> {
        let rings = map.boundaries.iter().flatten().copied();
        let points = map.points.iter().map(|&(lon, lat, _)| (lon, lat));
        let mut all = rings
            .chain(points)
            .filter(|(lon, lat)| lon.is_finite() && lat.is_finite());
        let (lon, lat) = all.next()?;
        let (mut west, mut east, mut south, mut north) = (lon, lon, lat, lat);
        for (lon, lat) in all {
            (west, east) = (west.min(lon), east.max(lon));
            (south, north) = (south.min(lat), north.max(lat));
        }
        // A single point still has some ground around it.
        let margin = ((east - west).max(north - south) * 0.02).max(0.002);
        (west, east, south, north) = (west - margin, east + margin, south - margin, north + margin);
        let narrowing = f64::midpoint(south, north).to_radians().cos().max(0.01);
        let down = (WIDTH / ((east - west) * narrowing)).min(MAP_HEIGHT / (north - south));
        let across = down * narrowing;
        Some(Self {
            west,
            north,
            across,
            down,
            left: (WIDTH - (east - west) * across) / 2.0,
            height: (north - south) * down,
        })
    }

    fn place(&self, lon: f64, lat: f64) -> (f64, f64) {
        (
            self.left + (lon - self.west) * self.across,
            (self.north - lat) * self.down,
        )
    }
}

/// A ring without the corners that nobody would see.
fn outline(path: &mut String, ring: &[(f64, f64)], frame: &Frame, top: f64) {
    let mut last: Option<(f64, f64)> = None;
    for &(lon, lat) in ring {
        let (x, y) = frame.place(lon, lat);
        let y = y + top;
        match last {
            Some((a, b)) if (x - a).abs() < 0.5 && (y - b).abs() < 0.5 => continue,
            Some(_) => path.push('L'),
            None => path.push('M'),
        }
        let _ = write!(path, "{x:.1} {y:.1}");
        last = Some((x, y));
    }
    if last.is_some() {
        path.push('Z');
    }
}

/// The longest round length that fits in a quarter of the drawing.
fn scale_bar(out: &mut String, frame: &Frame, y: f64) {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let units_per_metre = frame.down / METRES_PER_DEGREE;
    let lengths = [
        50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50,
    ];
    let fits = |metres: &i32| f64::from(*metres) * units_per_metre <= WIDTH / 4.0;
    let Some(metres) = lengths.into_iter().find(fits) else {
        return;
    };
    let right = f64::from(metres) * units_per_metre;
    line(out, (0.0, y), (right, y));
    line(out, (0.0, y - 4.0), (0.0, y + 4.0));
    line(out, (right, y - 4.0), (right, y + 4.0));
    let label = if metres >= 1000 {
        format!("{} km", metres / 1000)
    } else {
        format!("{metres} m")
    };
    text(
        out,
        right + 6.0,
        y + 4.0,
        "start",
        &format!("{label}; il nord è in alto"),
    );
}

/// Signs and names in lines; returns where the drawing goes on. `sign` draws at a place and says
/// what is written before the name.
fn legend(
    out: &mut String,
    names: &[String],
    sign: impl Fn(&mut String, usize, f64, f64) -> String,
) -> f64 {
    let (mut x, mut y) = (0.0, 14.0);
    for (index, name) in names.iter().enumerate() {
        let mut drawn = String::new();
        let before = sign(&mut drawn, index, x, y);
        let mut label = format!("{before}{}", shortened(name, WIDTH - 100.0));
        let mut wide = 20.0 + width(&label) + 8.0;
        if x > 0.0 && x + wide > WIDTH {
            (x, y) = (0.0, y + 20.0);
            drawn.clear();
            label = format!(
                "{}{}",
                sign(&mut drawn, index, x, y),
                shortened(name, WIDTH - 100.0)
            );
            wide = 20.0 + width(&label) + 8.0;
        }
        out.push_str(&drawn);
        text(out, x + 20.0, y, "start", &label);
        x += wide;
    }
    if names.is_empty() { 6.0 } else { y + 16.0 }
}

/// The colour and pattern of a series, by number.
fn tone(bars: &Bars, index: usize) -> usize {
    bars.tones.get(index).copied().unwrap_or(index)
}

fn patterns(out: &mut String, tones: impl Iterator<Item = usize>, prefix: &str) {
    out.push_str("<defs>");
    for index in tones {
        let colour = at(&COLOURS, index);
        let strokes = pattern(index);
        let _ = write!(
            out,
            r##"<pattern id="{prefix}-{index}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="{colour}"/><path d="{strokes}" fill="none" stroke="#FFFFFF" stroke-width="1.4"/></pattern>"##
        );
    }
    out.push_str("</defs>");
}

fn pattern(index: usize) -> &'static str {
    at(&PATTERNS, index)
}

fn part(out: &mut String, index: usize, prefix: &str, (x, y, wide, high): (f64, f64, f64, f64)) {
    let fill = if pattern(index).is_empty() {
        at(&COLOURS, index).to_owned()
    } else {
        format!("url(#{prefix}-{index})")
    };
    let colour = at(&COLOURS, index);
    let _ = write!(
        out,
        r#"<rect x="{x:.1}" y="{y:.1}" width="{wide:.1}" height="{high:.1}" fill="{fill}" stroke="{colour}" stroke-width="0.8"/>"#
    );
}

/// The sign of a class: circle, square, triangle, diamond, cross, triangle on its head, and again
/// in another colour.
fn sign(out: &mut String, class: usize, x: f64, y: f64, r: f64) {
    let colour = at(&COLOURS, class);
    let path = match class % 6 {
        0 => {
            let _ = write!(
                out,
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="{r:.1}" fill="{colour}" stroke="#FFFFFF" stroke-width="0.8"/>"##
            );
            return;
        }
        1 => format!(
            "M{:.1} {:.1}h{s:.1}v{s:.1}h-{s:.1}Z",
            x - r * 0.9,
            y - r * 0.9,
            s = r * 1.8
        ),
        2 => format!(
            "M{x:.1} {:.1}L{:.1} {b:.1}L{:.1} {b:.1}Z",
            y - r * 1.2,
            x + r * 1.1,
            x - r * 1.1,
            b = y + r * 0.9
        ),
        3 => format!(
            "M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}Z",
            y - r * 1.3,
            x + r * 1.3,
            y + r * 1.3,
            x - r * 1.3
        ),
        4 => {
            let _ = write!(
                out,
                r#"<path d="M{west:.1} {north:.1}L{east:.1} {south:.1}M{west:.1} {south:.1}L{east:.1} {north:.1}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
                west = x - r,
                north = y - r,
                east = x + r,
                south = y + r
            );
            return;
        }
        _ => format!(
            "M{x:.1} {:.1}L{:.1} {b:.1}L{:.1} {b:.1}Z",
            y + r * 1.2,
            x + r * 1.1,
            x - r * 1.1,
            b = y - r * 0.9
        ),
    };
    let _ = write!(
        out,
        r##"<path d="{path}" fill="{colour}" stroke="#FFFFFF" stroke-width="0.8"/>"##
    );
}

fn line(out: &mut String, (a, b): (f64, f64), (c, d): (f64, f64)) {
    let _ = write!(
        out,
        r#"<path d="M{a:.1} {b:.1}L{c:.1} {d:.1}" fill="none" stroke="{LINE}" stroke-width="1"/>"#
    );
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = write!(
        out,
        r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">"#
    );
    for one in words.chars() {
        match one {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // XML has no name for them.
            _ if one.is_control() => out.push(' '),
            _ => out.push(one),
        }
    }
    out.push_str("</text>");
}

fn framed(content: &str, height: f64) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" font-family="Titillium Web, Arial, sans-serif" font-size="12" fill="{INK}">{content}</svg>"#
    )
}

/// The letter of a series: A to Z, then by number.
fn letter(index: usize) -> String {
    match u8::try_from(index).ok().filter(|index| *index < 26) {
        Some(index) => char::from(b'A' + index).to_string(),
        None => format!("S{}", index + 1),
    }
}

fn at(list: &[&'static str], index: usize) -> &'static str {
    list.get(index % list.len()).copied().unwrap_or_default()
}

fn figure(number: u64) -> String {
    Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX)).shown(Kind::Integer)
}

/// About how wide a text is at 12 units, rather too much than too little.
fn width(words: &str) -> f64 {
    words.chars().map(|one| 12.0 * breadth(one)).sum()
}

/// About how wide a character of Titillium Web is, in ems, rather too much than too little.
pub(super) fn breadth(one: char) -> f64 {
    match one {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | ' ' | '’' | '\'' | '|' | '!' => 0.29,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.40,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        _ if one.is_uppercase() => 0.67,
        _ => 0.57,
    }
}

/// A text that fits, with a mark where it is cut; tables have it whole.
fn shortened(words: &str, room: f64) -> String {
    if width(words) <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…");
    for one in words.chars() {
        used += 12.0 * breadth(one);
        if used > room {
            break;
        }
        kept.push(one);
    }
    format!("{}…", kept.trim_end())
}

/// A text in one line, or in two that fit.
fn halved(words: &str, room: f64) -> Vec<String> {
    if width(words) <= room {
        return vec![words.to_owned()];
    }
    let blanks = words.char_indices().filter(|(_, one)| one.is_whitespace());
    let halves = blanks.filter_map(|(at, _)| words.split_at_checked(at));
    let mut fitting = halves.filter(|(first, _)| width(first) <= room);
    let (first, second) = fitting.next_back().unwrap_or((words, ""));
    [first, second.trim_start()]
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(|line| shortened(line, room))
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few bars"
)]
fn floor(number: f64) -> usize {
    number as usize
}

#[expect(clippy::cast_precision_loss, reason = "counts of devices are small")]
fn real(number: u64) -> f64 {
    number as f64
}

fn count(number: usize) -> f64 {
    real(u64::try_from(number).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_bars(items: usize) -> Bars {
        Bars {
            caption: "Esiti".into(),
            alt: "Esiti per ente".into(),
            unit: "dispositivi".into(),
            series: vec!["collegato".into(), "da <verificare>".into()],
            tones: vec![1],
            items: (0..items)
                .map(|n| (format!("Ente {n}"), vec![200, 1]))
                .collect(),
        }
    }

    #[test]
    fn every_number_of_a_bar_is_written_with_its_letter() {
        let drawings = bars(&some_bars(1), "f1");
        let [drawing] = drawings.as_slice() else {
            panic!("{} drawings", drawings.len());
        };
        for wanted in [
            ">A 200<",
            ">201 (B 1)<",
            "da &lt;verificare&gt;",
            "url(#f1-0-1)",
        ] {
            assert!(drawing.contains(wanted), "{wanted}: {drawing}");
        }
        assert!(!drawing.contains("style"));
    }

    #[test]
    fn many_bars_are_several_drawings_to_one_scale() {
        let mut many = some_bars(31);
        many.items[30].1 = vec![100, 0];
        many.items[0].0 = "Unione di Comuni lombarda «Adda Martesana»".into();
        let drawings = bars(&many, "f");
        assert_eq!(drawings.len(), 2);
        assert!(drawings[1].contains(r#"width="148.3""#), "{}", drawings[1]);
        for half in [">Unione di Comuni lombarda<", ">«Adda Martesana»<"] {
            assert!(drawings[0].contains(half), "{}", drawings[0]);
        }
        assert_eq!(bars(&some_bars(0), "f").len(), 0);
    }

    #[test]
    fn every_class_of_a_map_has_a_shape_of_its_own() {
        let mut signs: Vec<String> = (0..6)
            .map(|class| {
                let mut out = String::new();
                sign(&mut out, class, 0.0, 0.0, 4.0);
                out.replace(at(&COLOURS, class), "")
            })
            .collect();
        signs.sort();
        signs.dedup();
        assert_eq!(signs.len(), 6);
    }

    #[test]
    fn a_name_stands_by_its_points_and_never_on_another() {
        let place = |name: &str, lat: f64| Place {
            name: name.into(),
            points: vec![(9.12, lat), (9.28, lat), (f64::NAN, lat)],
        };
        let plan = Map {
            caption: String::new(),
            alt: String::new(),
            boundaries: vec![vec![(9.0, 45.0), (9.4, 45.0), (9.4, 45.6), (9.0, 45.6)]],
            classes: Vec::new(),
            points: Vec::new(),
            places: vec![
                place("Prima", 45.3),
                place("Seconda", 45.3),
                place("Terza", 45.3),
                place("Quarta", 45.3),
                place("Quinta", 45.3),
                place("Lontana", 45.5),
                Place {
                    name: "Nessuna".into(),
                    points: Vec::new(),
                },
            ],
        };
        let drawing = map(&plan).unwrap();
        let at = |name: &str| -> Option<(f64, f64)> {
            let before = drawing.split(&format!("\"start\">{name}<")).next()?;
            let number = |key: &str| before.rsplit(key).next()?.split('"').next()?.parse().ok();
            drawing.contains(name).then_some(())?;
            Some((number("x=\"")?, number("y=\"")?))
        };
        let names = [
            "Prima", "Seconda", "Terza", "Quarta", "Quinta", "Lontana", "Nessuna",
        ];
        let found = names.map(|name| at(name).is_some());
        assert_eq!(
            found,
            [true, true, true, true, false, true, false],
            "{drawing}"
        );
        let (first, second) = (at("Prima").unwrap(), at("Seconda").unwrap());
        assert!(first.1 > second.1 + NAME, "below, and above: {drawing}");
    }

    #[test]
    fn a_map_of_nothing_is_no_drawing_and_one_of_a_point_is_one() {
        let mut plan = Map {
            caption: String::new(),
            alt: String::new(),
            boundaries: Vec::new(),
            classes: vec!["collegato".into()],
            points: vec![(f64::NAN, 45.0, 0)],
            places: Vec::new(),
        };
        assert_eq!(map(&plan), None);
        plan.points = vec![(9.19, 45.46, 0)];
        let drawing = map(&plan).unwrap();
        assert!(
            drawing.contains("1 · collegato") && drawing.contains(" m; il nord"),
            "{drawing}"
        );
    }
}
