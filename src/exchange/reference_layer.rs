//! Reference layers in: the features of a `GeoJSON`, of a zipped shapefile or of a `GeoPackage`, with
//! whole geometries, and everything that is wrong with them.
//!
//! A file is taken whole or not at all: one pass finds every feature that cannot be taken, so that
//! whoever has the file mends it once. Features are gathered in memory, which [`MOST_FEATURES`] and
//! [`MOST_VERTICES`] bound. Enforced by `tests/it/reference_layers.rs`.

use super::archive::Archive;
use super::drawn::{self, Drawn};
use super::source::{Choices, Kind, Progress, START_BYTES, SourceError, kind};
use super::{geojson_in, geopackage, shapefile_in};
use crate::census::projection::{self, Crs};
use crate::census::reference_layer::Feature;
use crate::census::rules::never_recorded;
use geo::Rect;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};

/// The most features of a layer.
pub const MOST_FEATURES: usize = 300_000;

/// The most vertices of a layer.
pub const MOST_VERTICES: usize = 3_000_000;

/// How many faults are named; of the others it is said how many they are.
pub const NAMED_FAULTS: usize = 100;

/// The longest name of a feature, in characters; what is longer is cut.
const LONGEST_NAME: usize = 200;

/// The attributes that are taken for the name when nobody says which it is, the first that a feature
/// has.
const NAMES: [&str; 7] = [
    "nome",
    "name",
    "denominazione",
    "descrizione",
    "label",
    "toponimo",
    "title",
];

/// What a person says of how a file is to be read; what is absent the file must say.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The table of the package, or the shapefile of the archive.
    pub table: Option<String>,
    /// The reference system, where the file does not say.
    pub crs: Option<&'static Crs>,
    /// The attribute that is the name of a feature.
    pub name: Option<String>,
}

/// What is wrong with one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The number of the feature: of a `GeoJSON` or shapefile which it is, from 1, of a `GeoPackage`
    /// that of the row.
    pub feature: u64,
    /// What is wrong, in Italian, without a full stop.
    pub why: String,
}

/// Why a file gives no layer.
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be read at all.
    Unreadable(SourceError),
    /// It has several tables, or not the one that was asked for: these.
    Table(Vec<String>),
    /// It does not say its reference system, or not one that is known, or another than the one chosen:
    /// in an Italian sentence.
    Crs(String),
    /// It has no such attribute: those it has.
    Name(Vec<String>),
    /// Some of its features are wrong: the first [`NAMED_FAULTS`] and how many there are.
    Faults(Vec<Fault>, usize),
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

/// A file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its features, numbered from 1 in the order of the file, WGS 84.
    pub features: Vec<Feature>,
    /// The reference system they came in.
    pub crs: &'static Crs,
}

/// Reads a layer. `window` is where its features may plausibly be: degrees, longitude first.
pub fn load(
    name: &str,
    mut file: File,
    wanted: &Wanted,
    window: &Rect<f64>,
) -> Result<Loaded, Refusal> {
    let mut start = Vec::new();
    (&mut file).take(START_BYTES).read_to_end(&mut start)?;
    file.rewind()?;
    match kind(&start, name) {
        Kind::GeoJson => geojson(file, wanted, window),
        Kind::Archive => shapefile(file, wanted, window),
        Kind::Gpkg => package(file, wanted, window),
        Kind::Refused(sentence) => Err(refused(sentence)),
        Kind::Text | Kind::Kml | Kind::OldOffice => Err(refused(
            "Il file non è un GeoJSON, uno shapefile in uno ZIP né un GeoPackage: esportate il livello \
             in uno di questi formati, per esempio con QGIS.",
        )),
    }
}

fn refused(sentence: &str) -> Refusal {
    SourceError::Refused(sentence.to_owned()).into()
}

fn geojson(mut file: File, wanted: &Wanted, window: &Rect<f64>) -> Result<Loaded, Refusal> {
    let mut gathered = Gathered::new(wanted);
    let mut number = 0;
    let crs = geojson_in::read(&mut file, Progress::default(), |feature| {
        number += 1;
        let drawn = feature.geometry.as_ref();
        let drawn = drawn.map_or_else(|| Err(drawn::nothing()), geojson_in::Geometry::drawn);
        gathered.take(number, &feature.properties, drawn)
    })?;
    let declared = crs.filter(|crs| !crs.is_null());
    let declared = declared.map(|crs| geojson_in::name_of(&crs));
    let crs = match (&declared, wanted.crs) {
        // A GeoJSON that says nothing is in degrees, unless whoever has it knows better.
        (None, chosen) => chosen.or_else(|| projection::system(projection::WGS84)),
        (Some(_), _) => None,
    };
    let crs = crs.map_or_else(|| agreed(declared.as_deref(), wanted.crs), Ok)?;
    gathered.finish(crs, window)
}

fn shapefile(file: File, wanted: &Wanted, window: &Rect<f64>) -> Result<Loaded, Refusal> {
    let mut archive = Archive::open(file)?;
    let layers = shapefile_in::layers(&archive);
    let layer = match (&wanted.table, layers.as_slice()) {
        (_, []) => {
            return Err(refused(
                "L’archivio non contiene uno shapefile (.shp con .dbf): un GeoJSON o un GeoPackage si \
                 caricano senza comprimerli.",
            ));
        }
        (Some(chosen), all) if all.contains(chosen) => chosen.clone(),
        (None, [only]) => only.clone(),
        _ => return Err(Refusal::Table(layers)),
    };
    let mut parts = shapefile_in::Parts::take(&mut archive, &layer)?;
    let prj = parts.prj.as_deref();
    let declared = prj.map(|wkt| {
        shapefile_in::crs_of_wkt(wkt).map_or_else(
            || wkt.split('"').nth(1).unwrap_or(wkt).to_owned(),
            |crs| crs.code.to_owned(),
        )
    });
    let crs = agreed(declared.as_deref(), wanted.crs)?;
    let (encoding, _) = parts.encoding(&Choices::default())?;
    let mut gathered = Gathered::new(wanted);
    for field in parts.table(encoding)?.fields() {
        gathered.learn(field.name());
    }
    parts.each(encoding, |number, attributes, shape| {
        gathered.take(number, &attributes, shapefile_in::drawn(&shape))
    })?;
    gathered.finish(crs, window)
}

fn package(file: File, wanted: &Wanted, window: &Rect<f64>) -> Result<Loaded, Refusal> {
    let mut gathered = Gathered::new(wanted);
    let table = geopackage::each_drawn(
        file,
        wanted.table.as_deref(),
        |number, attributes, drawn| gathered.take(number, &attributes, drawn),
    )?;
    if table.names.is_empty() {
        return Err(refused(
            "Il GeoPackage non ha tabelle con geometrie: esportate il livello in un GeoPackage nuovo.",
        ));
    }
    if table.chosen.is_none() {
        return Err(Refusal::Table(table.names));
    }
    for name in &table.attributes {
        gathered.learn(name);
    }
    let crs = agreed(table.crs.as_deref(), wanted.crs)?;
    gathered.finish(crs, window)
}

/// The reference system that a file declares, or the one that was chosen where it declares none.
fn agreed(declared: Option<&str>, chosen: Option<&'static Crs>) -> Result<&'static Crs, Refusal> {
    match (declared, chosen) {
        (None, Some(chosen)) => Ok(chosen),
        (None, None) => Err(Refusal::Crs(
            "Il file non dice in quale sistema di riferimento sono le coordinate: sceglietelo."
                .to_owned(),
        )),
        (Some(name), chosen) => match (projection::system(name), chosen) {
            (Some(known), Some(chosen)) if known.code != chosen.code => Err(Refusal::Crs(format!(
                "Il file dichiara {} e avete scelto {}: lasciate che lo dica il file, oppure \
                 correggetelo.",
                known.code, chosen.code
            ))),
            (Some(known), _) => Ok(known),
            (None, Some(chosen)) => Ok(chosen),
            (None, None) => Err(Refusal::Crs(format!(
                "Il file dichiara il sistema di riferimento «{}», che non è tra quelli noti: \
                 sceglietelo, se è uno dell’elenco, oppure convertite il livello.",
                name.chars().take(80).collect::<String>()
            ))),
        },
    }
}

/// The features of a file while they are read.
struct Gathered<'a> {
    wanted: &'a Wanted,
    attributes: BTreeSet<String>,
    features: Vec<(u64, String, Result<Drawn, String>)>,
    vertices: usize,
}

impl<'a> Gathered<'a> {
    const fn new(wanted: &'a Wanted) -> Self {
        Self {
            wanted,
            attributes: BTreeSet::new(),
            features: Vec::new(),
            vertices: 0,
        }
    }

    /// Takes note that there is an attribute.
    fn learn(&mut self, attribute: &str) {
        if !self.attributes.contains(attribute) && self.attributes.len() < NAMED_FAULTS {
            self.attributes.insert(attribute.to_owned());
        }
    }

    /// Takes a feature; more are wanted as long as there is room.
    fn take(
        &mut self,
        number: u64,
        attributes: &[(String, String)],
        drawn: Result<Drawn, String>,
    ) -> bool {
        for (name, _) in attributes {
            self.learn(name);
        }
        self.vertices += drawn.as_ref().map_or(0, Drawn::vertices);
        self.features
            .push((number, self.name_of(attributes), drawn));
        !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.features.len() > MOST_FEATURES || self.vertices > MOST_VERTICES
    }

    fn name_of(&self, attributes: &[(String, String)]) -> String {
        let value = |wanted: &str| {
            let mut found = attributes
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.next().map(|(_, value)| value)
        };
        let name = match &self.wanted.name {
            Some(chosen) => value(chosen),
            None => NAMES.iter().find_map(|name| value(name)),
        };
        let name = name.map(String::as_str).unwrap_or_default();
        // No text of PostgreSQL has the character 0.
        let printable = name.trim().chars().filter(|one| !one.is_control());
        printable.take(LONGEST_NAME).collect()
    }

    fn finish(self, crs: &'static Crs, window: &Rect<f64>) -> Result<Loaded, Refusal> {
        if self.is_full() {
            return Err(refused(&format!(
                "Il livello ha più di {MOST_FEATURES} elementi o di {MOST_VERTICES} vertici: ritagliatelo \
                 sul territorio, oppure semplificatelo."
            )));
        }
        if let Some(chosen) = &self.wanted.name {
            let known = |name: &String| name.eq_ignore_ascii_case(chosen);
            if !self.attributes.iter().any(known) {
                return Err(Refusal::Name(self.attributes.into_iter().collect()));
            }
        }
        if self.features.is_empty() {
            return Err(refused("Il file non contiene nessun elemento."));
        }
        let mut features = Vec::with_capacity(self.features.len());
        let (mut faults, mut wrong) = (Vec::new(), 0);
        for (number, (feature, name, drawn)) in (1..).zip(self.features) {
            let drawn = drawn.and_then(|drawn| match never_recorded(&name) {
                None => Ok(drawn),
                Some(secret) => Err(format!(
                    "il nome somiglia {secret}, e l’archivio non ne conserva"
                )),
            });
            match drawn.and_then(|drawn| drawn.settle(crs, window)) {
                Ok(shape) => features.push(Feature {
                    number,
                    name,
                    shape,
                }),
                Err(why) => {
                    wrong += 1;
                    if faults.len() < NAMED_FAULTS {
                        faults.push(Fault { feature, why });
                    }
                }
            }
        }
        if wrong > 0 {
            return Err(Refusal::Faults(faults, wrong));
        }
        Ok(Loaded { features, crs })
    }
}
