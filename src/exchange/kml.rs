//! Devices from KML, also in a KMZ: every placemark at any depth is one.
//!
//! The file is read twice, once to learn which columns there are and once for its rows, a placemark
//! at a time. Coordinates are EPSG:4326, longitude first, because the format has no other. Entities
//! that a file defines for itself are not expanded. Enforced by the tests below and by the files of
//! `tests/data/import/`.

use super::archive::Archive;
use super::csv::line_ends;
use super::features::{self, Columns, Sample};
use super::source::{Certainty, Choices, Detected, Format, Progress, Source, SourceError};
use super::stream::{self, Budget, Metered};
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};

/// The columns of every placemark, and one that some have.
const NAME: &str = "name";
const DESCRIPTION: &str = "description";
const ADDRESS: &str = "address";

/// Whether an archive is a KMZ.
pub(super) fn is_in(archive: &Archive) -> bool {
    !documents(archive).is_empty()
}

/// The documents of a KMZ, the one programs show first.
fn documents(archive: &Archive) -> Vec<String> {
    let is_kml = |name: &&str| name.to_lowercase().ends_with(".kml");
    let mut names: Vec<_> = archive.names().filter(is_kml).map(str::to_owned).collect();
    names.sort_by_key(|name| name != "doc.kml");
    names
}

/// Opens a KMZ.
pub(super) fn open_archive(mut archive: Archive, choices: &Choices) -> Result<Source, SourceError> {
    let names = documents(&archive);
    let (name, certainty) = match &choices.sheet {
        Some(chosen) => (chosen.clone(), Certainty::Chosen),
        None => (
            names.first().cloned().unwrap_or_default(),
            if names.len() == 1 {
                Certainty::Sure
            } else {
                Certainty::Likely
            },
        ),
    };
    let file = archive.extract(&name)?.ok_or_else(|| {
        SourceError::Refused(format!(
            "Il KML «{name}» non c’è: scegliete tra «{}».",
            names.join("», «")
        ))
    })?;
    let mut source = open(file)?;
    source.detected.sheet = Some(name);
    source.detected.sheets = names;
    source
        .detected
        .certainty
        .insert("sheet".to_owned(), certainty);
    Ok(source)
}

/// Opens a KML.
pub(super) fn open(mut file: File) -> Result<Source, SourceError> {
    let mut columns = Columns::default();
    for name in [NAME, DESCRIPTION] {
        columns.learn(name)?;
    }
    let mut sample = Sample::default();
    let mut full = Ok(());
    read(&mut file, Progress::default(), |placemark| {
        for (name, _) in &placemark.attributes {
            if full.is_ok() {
                full = columns.learn(name);
            }
        }
        sample.keep(&placemark.attributes, &placemark.geometry());
        full.is_ok()
    })?;
    full?;
    let mut detected = Detected::new(Format::Kml);
    detected
        .certainty
        .insert("format".to_owned(), Certainty::Sure);
    features::declare(&mut detected, "EPSG:4326");
    let progress = Progress::of(file.metadata()?.len());
    let told = progress.clone();
    let header = columns.header();
    let sample = sample.rows(&columns);
    let rows = stream::rows(move |outlet| {
        read(&mut file, told, |placemark| {
            let geometry = placemark.geometry();
            outlet.row(None, columns.cells(placemark.attributes, geometry))
        })
    })?;
    Ok(Source {
        detected,
        header,
        sample,
        progress,
        rows,
    })
}

/// What a placemark says.
#[derive(Default)]
struct Placemark {
    attributes: Vec<(String, String)>,
    /// Of each of its geometries, what it is and its coordinates.
    shapes: Vec<(String, String)>,
}

impl Placemark {
    fn geometry(&self) -> String {
        match self.shapes.as_slice() {
            [] => String::new(),
            [(kind, coordinates)] if kind == "Point" => {
                let mut numbers = coordinates.trim().split(',').map(str::trim);
                match (numbers.next(), numbers.next()) {
                    (Some(x), Some(y)) => features::point(x, y),
                    _ => features::shape(kind, vertices(coordinates)),
                }
            }
            [(kind, coordinates)] => features::shape(kind, vertices(coordinates)),
            many => {
                let all = many.iter().flat_map(|(_, text)| vertices(text));
                features::shape("GEOMETRYCOLLECTION", all)
            }
        }
    }
}

fn vertices(coordinates: &str) -> impl Iterator<Item = (&str, &str)> {
    coordinates.split_whitespace().filter_map(|vertex| {
        let (x, rest) = vertex.split_once(',')?;
        Some((x, rest.split(',').next().unwrap_or_default()))
    })
}

/// Gives every placemark of the file until no more are wanted.
fn read(
    file: &mut File,
    progress: Progress,
    mut take: impl FnMut(Placemark) -> bool,
) -> Result<(), SourceError> {
    file.rewind()?;
    let budget = Budget::new();
    let metered = Metered {
        source: &mut *file,
        progress,
        budget: budget.clone(),
    };
    let mut xml = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, metered));
    let mut buffer = Vec::new();
    let mut reading = Reading::default();
    loop {
        buffer.clear();
        let failed = match xml.read_event_into(&mut buffer) {
            Ok(Event::Eof) if reading.placemark.is_none() => return Ok(()),
            Ok(Event::Start(tag)) => {
                reading.begin(&tag);
                false
            }
            Ok(Event::Text(text)) => {
                reading.text.push_str(&text.xml10_content());
                false
            }
            Ok(Event::CData(text)) => {
                reading.text.push_str(&text.xml10_content());
                false
            }
            Ok(Event::GeneralRef(reference)) => {
                reading.text.push_str(&expanded(&reference));
                false
            }
            Ok(Event::End(tag)) => {
                if let Some(placemark) = reading.end(tag.local_name().as_ref()) {
                    budget.renew();
                    if !take(placemark) {
                        return Ok(());
                    }
                }
                false
            }
            Ok(Event::Eof) | Err(_) => true,
            Ok(_) => false,
        };
        if failed {
            if budget.is_spent() {
                return Err(stream::too_long(reading.placemarks));
            }
            let at = xml.buffer_position().max(xml.error_position());
            drop(xml);
            return Err(broken(file, at));
        }
    }
}

/// What a reference stands for; one that the file defines for itself stays as it is.
fn expanded(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return letter.to_string();
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name)
        .map_or_else(|| format!("&{name};"), str::to_owned)
}

fn broken(file: &mut File, at: u64) -> SourceError {
    let line = line_at(file, at).unwrap_or(1);
    SourceError::Refused(format!(
        "Il KML è rotto alla riga {line}: da lì in poi i suoi elementi non si leggono. Esportatelo di \
         nuovo e riprovate."
    ))
}

/// The line of a byte of the file, from 1.
fn line_at(file: &mut File, at: u64) -> std::io::Result<u64> {
    file.rewind()?;
    let mut lines = 1;
    let mut reader = BufReader::new(file.take(at));
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(lines);
        }
        lines += line_ends(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
}

/// Where the reading stands.
#[derive(Default)]
struct Reading {
    placemark: Option<Placemark>,
    placemarks: u64,
    /// The elements that are open inside the placemark, and of each the name it gives its value.
    open: Vec<(String, String)>,
    text: String,
}

impl Reading {
    fn begin(&mut self, tag: &BytesStart<'_>) {
        let name = tag.local_name().as_ref().to_owned();
        self.text.clear();
        if self.placemark.is_some() {
            let own = tag.try_get_attribute("name").ok().flatten();
            let own = own.map(|own| own.value.trim().to_owned());
            self.open.push((name, own.unwrap_or_default()));
        } else if name == "Placemark" {
            self.placemark = Some(Placemark::default());
            self.open.clear();
        }
    }

    /// The placemark that ends, if one does.
    fn end(&mut self, name: &str) -> Option<Placemark> {
        let text = std::mem::take(&mut self.text);
        let Some((_, own)) = self.open.pop() else {
            self.placemarks += u64::from(self.placemark.is_some());
            return self.placemark.take();
        };
        let placemark = self.placemark.as_mut()?;
        let parent = self.open.last();
        match (name, parent) {
            (NAME | ADDRESS, None) => {
                let text = text.trim().to_owned();
                placemark.attributes.push((name.to_owned(), text));
            }
            (DESCRIPTION, None) => {
                let text = plain(&text);
                placemark.attributes.push((DESCRIPTION.to_owned(), text));
            }
            ("SimpleData", _) if !own.is_empty() => {
                placemark.attributes.push((own, text.trim().to_owned()));
            }
            ("value", Some((data, own))) if data == "Data" && !own.is_empty() => {
                placemark
                    .attributes
                    .push((own.clone(), text.trim().to_owned()));
            }
            ("coordinates", Some((kind, _))) => placemark.shapes.push((kind.clone(), text)),
            _ => {}
        }
        None
    }
}

/// The words of a text that may be HTML.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = after.starts_with(|one: char| one.is_ascii_alphabetic() || "/!".contains(one));
        match after.split_once('>') {
            Some((_, after)) if is_tag => {
                text.push(' ');
                rest = after;
            }
            _ => {
                text.push('<');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    let text = text.replace("&nbsp;", " ");
    let text = quick_xml::escape::unescape(&text).map_or(text.clone(), Cow::into_owned);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{open, rows};
    use super::*;
    use std::io::Write;

    fn why(text: &str) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let opened = super::open(file);
        opened
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn placemarks_at_any_depth_are_rows() {
        for name in ["placemarks.kml", "placemarks.kmz"] {
            let source = open(name);
            assert_eq!(
                source.header,
                [
                    "name",
                    "description",
                    "funzione",
                    "stato",
                    "codice",
                    "geometria"
                ],
                "{name}"
            );
            assert_eq!(source.detected.crs.as_deref(), Some("EPSG:4326"));
            let all = rows(source);
            assert_eq!(all.len(), 3);
            assert_eq!(
                all[0].1,
                [
                    "MI-01",
                    "Piazza Duomo lato nord & sagrato",
                    "contesto",
                    "in esercizio",
                    "",
                    "POINT (9.19000 45.46420)"
                ]
            );
            assert_eq!(
                all[1].1,
                [
                    "MI-02 &mio; è",
                    "",
                    "targhe",
                    "",
                    "MI-02",
                    "POINT (9.1852 45.4612)"
                ]
            );
            assert_eq!(all[2].1[5], "LINESTRING (9.18 45.46, 9.19 45.47)");
        }
        assert_eq!(open("placemarks.kmz").detected.sheets, ["doc.kml"]);
    }

    #[test]
    fn broken_files_are_refused_with_the_line() {
        let cut = "<kml>\n<Placemark>\n<name>uno</name>";
        assert!(why(cut).contains("riga 3"), "{}", why(cut));
        assert!(why("<kml>\n<Placemark></name></Placemark></kml>").contains("riga 2"));
        let long = format!("<kml><Placemark><name>{}</name>", "x".repeat(17 << 20));
        assert!(why(&long).contains("L’elemento 1 del file è più lungo"));
        assert_eq!(why("<kml></kml>"), "");
    }

    #[test]
    fn markup_is_taken_out_of_descriptions() {
        for (html, text) in [
            (
                "<table><tr><td>a</td><td>b&amp;c</td></tr></table>",
                "a b&c",
            ),
            ("3 < 4 e 5 > 2", "3 < 4 e 5 > 2"),
            ("via&nbsp;Po<br/>n. 3", "via Po n. 3"),
            ("a < b", "a < b"),
            ("a & b <", "a & b <"),
        ] {
            assert_eq!(plain(html), text);
        }
    }
}
