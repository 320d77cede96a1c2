//! Reference layers: who loads them and who sees them, what is near what, and which places nobody
//! watches.
//!
//! A reserved layer, such as fibre, is there for whoever reads everything and for nobody else; that
//! they read it is noted. What is asked of devices goes through a [`Filter`], so that nobody learns
//! from a distance where a device stands that they may not see. Layers never change, so one that was
//! prepared stays prepared ([`Prepared`]). Enforced by `tests/it/reference_layers.rs`.

use super::document::Attachment;
use super::find::Choice;
use super::journal::{Note, note_at};
use super::{Error, Register, Result};
use crate::census::adhesion::{Wrong, in_italian};
use crate::census::collation::italian;
use crate::census::filter::Filter;
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::proximity::{Nearest, uncovered};
use crate::census::reference_layer::{
    Audience, Feature, Fingerprint, Kind, ReferenceLayer, Withdrawal, present,
};
use crate::census::vocabulary::{Field, reads_plates};
use crate::census::{projection, rules};
use crate::clock::Instant;
use crate::exchange::csv::write_table;
use crate::exchange::reference_layer::{Fault, Loaded, Refusal, Wanted, load};
use crate::storage::Unit;
use crate::storage::device::Point;
use crate::storage::reference_layer::stored;
use crate::tiles::{self, Tile};
use geo::Rect;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// The field of the form that takes the file.
pub const FILE: &str = "file";

/// The field of the form that says that older data are to take the place of later ones.
pub const OLDER: &str = "meno_recente";

/// How many features a page shows.
pub const PAGE: usize = 100;

/// How far outside the window of the territory a feature may be, in degrees: what is near a border
/// may serve it from beyond.
const MARGIN: f64 = 0.5;

/// The longest text of a layer, in characters.
const LONGEST: usize = 200;

/// The longest reason for taking a layer away, in characters.
const LONGEST_REASON: usize = 500;

/// How many layers stay prepared.
const MOST_PREPARED: usize = 8;

/// How much of its neighbourhood a tile asks for, as a share of its width: a little more than it
/// draws.
const EDGE: f64 = 1.0 / 16.0;

/// The farthest radius that can be asked for, in metres.
const FARTHEST_M: f64 = 100_000.0;

const NOT_HERE: Error =
    Error::NotFound("Questo livello di riferimento non c’è, oppure non potete vederlo.");

/// A layer as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedLayer {
    /// The spelling of its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who gave it.
    pub source: String,
    /// Under which licence.
    pub licence: String,
    /// The date of the data.
    pub dated: String,
    /// Whether the bodies see it: `si` or empty.
    pub shared: String,
    /// The table or shapefile to read; empty when there is one.
    pub table: String,
    /// The reference system; empty when the file says it.
    pub crs: String,
    /// The attribute that is the name of a feature; empty for the usual ones.
    pub label: String,
    /// Whether it is to take the place of one whose data are later: `si` or empty.
    pub older: String,
}

/// What became of a layer.
#[derive(Debug)]
pub enum Outcome {
    /// It is there.
    Loaded(Uuid),
    /// Nothing was loaded.
    Refused(Refused),
}

/// Why nothing was loaded.
#[derive(Debug, Default)]
pub struct Refused {
    /// What is wrong, by field.
    pub wrong: Vec<Wrong>,
    /// The tables to choose from, when the file has several.
    pub tables: Vec<String>,
    /// The attributes to choose from, when the one that was chosen is not there.
    pub attributes: Vec<String>,
    /// The first of the features that are wrong.
    pub faults: Vec<Fault>,
    /// How many features are wrong.
    pub all_faults: usize,
}

/// A layer with what became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The layer.
    pub layer: ReferenceLayer,
    /// Whether it is the one that counts now among its editions.
    pub counts: bool,
    /// That it was taken away.
    pub withdrawal: Option<Withdrawal>,
    /// The edition whose place it took when it was loaded.
    pub before: Option<Box<ReferenceLayer>>,
}

/// A layer with a page of its features.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The layer.
    pub seen: Seen,
    /// The features of the page.
    pub features: Vec<Feature>,
}

/// A layer that is ready to be asked what is nearest.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The layer.
    pub layer: ReferenceLayer,
    /// Its features.
    pub nearest: Arc<Nearest>,
}

/// The layers that were prepared last.
#[derive(Debug, Clone, Default)]
pub struct Prepared(Arc<Mutex<HashMap<Uuid, Arc<Nearest>>>>);

impl Prepared {
    fn get(&self, layer: Uuid) -> Option<Arc<Nearest>> {
        let prepared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.get(&layer).cloned()
    }

    fn keep(&self, layer: Uuid, nearest: &Arc<Nearest>) {
        let mut prepared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if prepared.len() >= MOST_PREPARED {
            prepared.clear();
        }
        prepared.insert(layer, Arc::clone(nearest));
    }
}

/// How the distances are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// The layer; that of the fibre when there is none.
    pub layer: Option<Uuid>,
    /// The code of a body; empty for all.
    pub body: String,
    /// Only what is farther than so many metres.
    pub beyond_m: Option<f64>,
    /// Whether the nearest come first; the farthest otherwise.
    pub ascending: bool,
}

/// A site, or a device without one, with what is nearest to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Distance {
    /// The site, when it is one that whoever asks may open.
    pub site: Option<Uuid>,
    /// The device, where it has no site.
    pub device: Option<Uuid>,
    /// The code of the site, or of the device.
    pub code: String,
    /// The code of its body.
    pub body_code: String,
    /// The name of its body.
    pub body: String,
    /// How many devices stand there.
    pub devices: usize,
    /// Metres from the nearest of them, on the ellipsoid.
    pub metres: f64,
    /// The name of what is nearest.
    pub nearest: String,
    /// Its number in the layer.
    pub number: i64,
}

/// The distances that were asked for.
#[derive(Debug, Clone)]
pub struct Distances {
    /// The layer they are to; nothing when there is none that whoever asks may see.
    pub layer: Option<ReferenceLayer>,
    /// All that were found.
    pub rows: Vec<Distance>,
    /// The layers that may be chosen.
    pub layers: Vec<ReferenceLayer>,
    /// The bodies that may be chosen.
    pub bodies: Vec<Choice>,
}

/// Which devices watch over places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watchers {
    /// Those in service that read plates.
    PlateReaders,
    /// All that are in service.
    #[default]
    InService,
}

impl Watchers {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::InService, Self::PlateReaders];

    /// The spelling in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlateReaders => "lettori",
            Self::InService => "servizio",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::PlateReaders => "Solo i lettori di targhe in esercizio",
            Self::InService => "Tutti i dispositivi in esercizio",
        }
    }

    fn takes(self, point: &Point) -> bool {
        self == Self::InService || reads_plates(&point.funzione)
    }
}

/// A place that no device watches over.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwatched {
    /// Its number in the layer.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// The name of the Comune it is in; empty outside.
    pub municipality: String,
    /// A point of it: degrees, longitude first.
    pub at: (f64, f64),
    /// Metres to the nearest device; nothing when there is none at all.
    pub metres: Option<f64>,
}

/// The places that no device watches over.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The layer of the places; nothing when there is none that whoever asks may see.
    pub layer: Option<ReferenceLayer>,
    /// The places, the farthest from a device first.
    pub rows: Vec<Unwatched>,
    /// How many devices were looked at.
    pub devices: usize,
    /// The layers that may be chosen.
    pub layers: Vec<ReferenceLayer>,
}

/// Whether somebody may see a layer.
fn sees(viewer: &Viewer, layer: &ReferenceLayer) -> bool {
    viewer.reads_all() || layer.audience == Audience::Bodies
}

/// The same of one that may have been withdrawn: then only whoever reads everything does. What it
/// took the place of is left out where they may not see that.
fn shows(viewer: &Viewer, seen: &mut Seen) -> bool {
    seen.before.take_if(|before| !sees(viewer, before));
    sees(viewer, &seen.layer) && (seen.withdrawal.is_none() || viewer.reads_all())
}

impl Register {
    /// Loads a layer: all of it, or nothing of it.
    pub async fn load_reference(
        &self,
        viewer: &Viewer,
        typed: &TypedLayer,
        attachment: Option<Attachment>,
    ) -> Result<Outcome> {
        may_curate(viewer)?;
        let mut wrong = Vec::new();
        let mut layer = self.read_typed(viewer, typed, &mut wrong);
        let wanted = wanted(typed, &mut wrong);
        let Some(file) = attachment else {
            wrong.push(Wrong::new(FILE, "Scegliete il file del livello."));
            return Ok(refused(wrong));
        };
        let window = self.plausible();
        let turn = self.turn().await?;
        let loading = tokio::task::spawn_blocking(move || {
            // Whoever asked may have gone: the work goes on, and keeps its turn.
            let _turn = turn;
            let Attachment { name, content } = file;
            let loaded = load(&name, content, &wanted, &window)?;
            let digest = digest(&loaded);
            Ok((loaded, digest))
        });
        let (loaded, (hash, extent)) = match loading.await.map_err(io::Error::from)? {
            Ok(loaded) => loaded,
            Err(Refusal::Unreadable(crate::exchange::source::SourceError::Read(error))) => {
                return Err(error.into());
            }
            Err(refusal) => return Ok(told(wrong, refusal)),
        };
        if !wrong.is_empty() {
            return Ok(refused(wrong));
        }
        let mut unit = self.store.write().await?;
        let present = present_in(&mut unit, None).await?;
        let newer = present
            .iter()
            .find(|one| one.is_edition_of(&layer) && one.dated > layer.dated);
        if let Some(newer) = newer.filter(|_| typed.older != "si") {
            return Ok(refused(vec![Wrong::new(OLDER, takes_the_place_of(newer))]));
        }
        let seal = &mut self.seal();
        let (now, end) = self.moment(&mut unit).await?;
        loaded.crs.code.clone_into(&mut layer.crs);
        layer.features = i64::try_from(loaded.features.len()).unwrap_or(i64::MAX);
        layer.extent = extent;
        layer.hash = hash;
        layer.recorded_at = now;
        unit.add_reference_layer(&layer, seal).await?;
        unit.add_reference_features(layer.id, &loaded.features)
            .await?;
        let detail = format!("{}, {} elementi", layer.kind.label(), layer.features);
        let subject = layer.id.to_string();
        let note = Note {
            act: Act::ReferenceLoaded,
            body: None,
            subject: &subject,
            detail: &detail,
        };
        note_at(&mut unit, viewer, seal, note, now, end).await?;
        unit.commit().await?;
        Ok(Outcome::Loaded(layer.id))
    }

    /// Takes a layer away: the edition before it counts again, when there is one.
    pub async fn withdraw_reference(&self, viewer: &Viewer, id: Uuid, reason: &str) -> Result<()> {
        may_curate(viewer)?;
        let reason = reason.trim();
        let invalid = |message: String| Err(Error::Invalid(message));
        if reason.is_empty() {
            return invalid("Scrivete perché il livello si ritira: resta nella storia.".to_owned());
        }
        if reason.chars().count() > LONGEST_REASON || rules::has_control(reason, true) {
            return invalid(format!(
                "Il motivo ha al più {LONGEST_REASON} caratteri, e nessuno di controllo."
            ));
        }
        if let Some(secret) = rules::never_recorded(reason) {
            return invalid(format!(
                "Il motivo somiglia {secret}, e l’archivio non ne conserva: toglietelo."
            ));
        }
        let mut unit = self.store.write().await?;
        let (now, end) = self.moment(&mut unit).await?;
        let seen = seen_in(&mut unit, viewer, id).await?;
        if seen.withdrawal.is_some() {
            return invalid("Questo livello è già stato ritirato.".to_owned());
        }
        let seal = &mut self.seal();
        let withdrawal = Withdrawal {
            id: self.clock.new_id(),
            layer: id,
            reason: reason.to_owned(),
            author: viewer.account.clone(),
            recorded_at: now,
        };
        unit.add_reference_withdrawal(&withdrawal, seal).await?;
        let subject = id.to_string();
        let note = Note {
            act: Act::ReferenceWithdrawn,
            body: None,
            subject: &subject,
            detail: seen.layer.kind.label(),
        };
        note_at(&mut unit, viewer, seal, note, now, end).await?;
        Ok(unit.commit().await?)
    }

    /// Every layer there ever was that this person may see: by kind, and within it the last first.
    /// That reserved ones were read is noted.
    pub async fn references(&self, viewer: &Viewer) -> Result<Vec<Seen>> {
        let mut unit = self.store.read().await?;
        let mut all = all_seen(&mut unit).await?;
        all.retain_mut(|seen| shows(viewer, seen));
        all.sort_by_key(|seen| seen.layer.kind);
        drop(unit);
        if all
            .iter()
            .any(|seen| seen.layer.audience == Audience::Reserved)
        {
            let note = reading("livelli di riferimento", "elenco");
            self.note_reading(viewer, note).await?;
        }
        Ok(all)
    }

    /// The layers that counted at an instant, `None` being now, of those this person may see.
    pub async fn references_at(
        &self,
        viewer: &Viewer,
        at: Option<Instant>,
    ) -> Result<Vec<ReferenceLayer>> {
        let mut unit = self.store.read().await?;
        let mut layers = present_in(&mut unit, at).await?;
        layers.retain(|layer| sees(viewer, layer));
        Ok(layers)
    }

    /// A layer with the features whose numbers follow this one.
    pub async fn reference(&self, viewer: &Viewer, id: Uuid, after: i64) -> Result<Holding> {
        let mut unit = self.store.read().await?;
        let seen = seen_in(&mut unit, viewer, id).await?;
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let features = unit.reference_features(id, after, most).await?;
        drop(unit);
        self.note_reference(viewer, &seen.layer, "scheda del livello")
            .await?;
        Ok(Holding { seen, features })
    }

    /// The vector tile of a layer; empty where it has nothing.
    pub async fn reference_tile(&self, viewer: &Viewer, id: Uuid, tile: Tile) -> Result<Vec<u8>> {
        let mut unit = self.store.read().await?;
        let seen = seen_in(&mut unit, viewer, id).await?;
        let features = unit.reference_features_in(id, tile.bounds(EDGE)).await?;
        drop(unit);
        if seen.layer.audience == Audience::Reserved {
            let subject = id.to_string();
            let note = reading(&subject, "riquadri della mappa di un livello");
            self.note_drawing(viewer, note).await?;
        }
        let encode = move || tiles::encode_references(tile, &features);
        Ok(tokio::task::spawn_blocking(encode)
            .await
            .map_err(io::Error::from)?)
    }

    /// The layer of a kind that counted at an instant, `None` being now, ready to be asked: of
    /// several of the kind [`Kind::Other`] the first by name. It is prepared once; whether somebody
    /// may see what comes of it is for the caller to say.
    pub async fn reference_at(
        &self,
        unit: &mut Unit,
        kind: Kind,
        at: Option<Instant>,
    ) -> Result<Option<Reference>> {
        let layers = present_in(unit, at).await?;
        match layers.into_iter().find(|layer| layer.kind == kind) {
            Some(layer) => self.prepared(unit, layer).await.map(Some),
            None => Ok(None),
        }
    }

    /// The layer with this identifier, also one that counts no longer, ready to be asked.
    pub(super) async fn reference_with_id(&self, unit: &mut Unit, id: Uuid) -> Result<Reference> {
        let layers = unit.reference_layers().await?;
        let found = layers.into_iter().find(|layer| layer.id == id);
        self.prepared(unit, found.ok_or(NOT_HERE)?).await
    }

    async fn prepared(&self, unit: &mut Unit, layer: ReferenceLayer) -> Result<Reference> {
        if let Some(nearest) = self.references.get(layer.id) {
            return Ok(Reference { layer, nearest });
        }
        let features = unit.reference_features(layer.id, 0, i64::MAX).await?;
        let prepare = move || Arc::new(Nearest::new(features));
        let nearest = tokio::task::spawn_blocking(prepare)
            .await
            .map_err(io::Error::from)?;
        self.references.keep(layer.id, &nearest);
        Ok(Reference { layer, nearest })
    }

    /// How far the sites that this person may see are from a layer; a device without a site is one of
    /// its own. The farthest first, unless the nearest are asked for.
    pub async fn distances(&self, viewer: &Viewer, asked: &Asked) -> Result<Distances> {
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let mut layers = present_in(&mut unit, None).await?;
        layers.retain(|layer| sees(viewer, layer));
        let names = self.names_in(&mut unit).await?;
        let mut bodies = BTreeSet::new();
        let mut found = Distances {
            layer: chosen(&layers, asked.layer, |layer| layer.kind == Kind::Fibre)?,
            rows: Vec::new(),
            layers,
            bodies: Vec::new(),
        };
        let Some(layer) = found.layer.clone() else {
            return Ok(found);
        };
        let reference = self.prepared(&mut unit, layer).await?;
        let filter = Filter::of(viewer);
        let points = unit.points(&filter).await?;
        bodies.extend(points.iter().map(|point| point.ente.clone()));
        let own: Option<Vec<String>> =
            (!viewer.reads_all()).then(|| viewer.bodies().map(str::to_owned).collect());
        let sites = unit.sites(own.as_deref()).await?;
        drop(unit);
        self.note_filter(&filter, "distanze").await?;
        self.note_reference(viewer, &reference.layer, "distanze")
            .await?;
        found.bodies = bodies
            .into_iter()
            .map(|code| Choice {
                label: names.words(Field::Ente, &code),
                code,
            })
            .collect();
        found.bodies.sort_by(|a, b| italian(&a.label, &b.label));
        let sites: HashMap<(String, String), Uuid> = sites
            .into_iter()
            .map(|site| ((site.body, site.code), site.id))
            .collect();
        let body = asked.body.clone();
        let measure = move || {
            let wanted = points
                .into_iter()
                .filter(|point| body.is_empty() || point.ente == body);
            measured(wanted, &reference.nearest)
        };
        let rows = tokio::task::spawn_blocking(measure)
            .await
            .map_err(io::Error::from)?;
        found.rows = rows;
        found
            .rows
            .retain(|row| asked.beyond_m.is_none_or(|beyond| row.metres > beyond));
        for row in &mut found.rows {
            row.body = names.words(Field::Ente, &row.body_code);
            if row.device.is_none() {
                let key = (row.body_code.clone(), row.code.clone());
                row.site = sites.get(&key).copied();
            }
        }
        found.rows.sort_by(|a, b| {
            let metres = a.metres.total_cmp(&b.metres);
            let metres = if asked.ascending {
                metres
            } else {
                metres.reverse()
            };
            metres
                .then_with(|| italian(&a.body, &b.body))
                .then_with(|| italian(&a.code, &b.code))
        });
        Ok(found)
    }

    /// Writes the distances as a file.
    pub async fn write_distances(&self, viewer: &Viewer, asked: &Asked, sink: File) -> Result<()> {
        let found = self.distances(viewer, asked).await?;
        let header = [
            "ente",
            "codice_ente",
            "sito_o_dispositivo",
            "dispositivi",
            "metri",
            "elemento_piu_vicino",
            "numero_elemento",
            "livello",
            "data_livello",
        ];
        let layer = found.layer.as_ref();
        let name = layer.map_or("", |layer| layer.name.as_str());
        let dated = layer.map_or("", |layer| layer.dated.as_str());
        let rows = found.rows.iter().map(|row| {
            vec![
                Cow::from(&row.body),
                Cow::from(&row.body_code),
                Cow::from(&row.code),
                Cow::from(row.devices.to_string()),
                Cow::from(format!("{:.0}", row.metres)),
                Cow::from(&row.nearest),
                Cow::from(row.number.to_string()),
                Cow::from(name),
                Cow::from(dated),
            ]
        });
        let head = std::iter::once(header.map(Cow::from).to_vec());
        self.hand_over(viewer, "distanze.csv", sink, head.chain(rows))
            .await
    }

    /// The places of a layer without any device, of those that this person may see, within so many
    /// metres; without a layer, of the first that has sensitive places.
    pub async fn unwatched(
        &self,
        viewer: &Viewer,
        layer: Option<Uuid>,
        radius_m: f64,
        watchers: Watchers,
    ) -> Result<Watch> {
        if !(radius_m > 0.0 && radius_m <= FARTHEST_M) {
            return Err(Error::Invalid(format!(
                "Il raggio è in metri, da 1 a {FARTHEST_M}."
            )));
        }
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let mut layers = present_in(&mut unit, None).await?;
        layers.retain(|layer| sees(viewer, layer));
        let mut found = Watch {
            layer: chosen(&layers, layer, |layer| layer.kind.is_sensitive_place())?,
            rows: Vec::new(),
            devices: 0,
            layers,
        };
        let Some(layer) = found.layer.clone() else {
            return Ok(found);
        };
        let reference = self.prepared(&mut unit, layer).await?;
        let mut filter = Filter::of(viewer);
        filter.exact = vec![(Field::Stato, "in_esercizio".to_owned())];
        let points = unit.points(&filter).await?;
        drop(unit);
        self.note_filter(&filter, "luoghi scoperti").await?;
        self.note_reference(viewer, &reference.layer, "luoghi scoperti")
            .await?;
        let devices: Vec<(f64, f64)> = points
            .iter()
            .filter(|point| watchers.takes(point))
            .map(|point| (point.lon, point.lat))
            .collect();
        found.devices = devices.len();
        let territory = Arc::clone(&self.territory);
        let look = move || -> Vec<Unwatched> {
            let features = reference.nearest.features();
            let mut rows: Vec<Unwatched> = uncovered(features, &devices, radius_m)
                .into_iter()
                .filter_map(|watched| {
                    let (lon, lat) = watched.place.middle()?;
                    let comune = territory.containing(lon, lat);
                    Some(Unwatched {
                        number: watched.place.number,
                        name: watched.place.name.clone(),
                        municipality: comune.map(|one| one.name.clone()).unwrap_or_default(),
                        at: (lon, lat),
                        metres: watched.metres,
                    })
                })
                .collect();
            let far = |row: &Unwatched| row.metres.unwrap_or(f64::INFINITY);
            rows.sort_by(|a, b| far(b).total_cmp(&far(a)).then(a.number.cmp(&b.number)));
            rows
        };
        found.rows = tokio::task::spawn_blocking(look)
            .await
            .map_err(io::Error::from)?;
        Ok(found)
    }

    /// Writes the places without a device as a file.
    pub async fn write_unwatched(
        &self,
        viewer: &Viewer,
        layer: Option<Uuid>,
        radius_m: f64,
        watchers: Watchers,
        sink: File,
    ) -> Result<()> {
        let found = self.unwatched(viewer, layer, radius_m, watchers).await?;
        let header = [
            "livello",
            "numero_elemento",
            "nome",
            "comune",
            "lat",
            "lon",
            "metri_dal_dispositivo_piu_vicino",
        ];
        let name = found.layer.as_ref().map_or("", |layer| layer.name.as_str());
        let decimal = |number: f64| Cow::from(format!("{number:.6}").replace('.', ","));
        let rows = found.rows.iter().map(|row| {
            vec![
                Cow::from(name),
                Cow::from(row.number.to_string()),
                Cow::from(&row.name),
                Cow::from(&row.municipality),
                decimal(row.at.1),
                decimal(row.at.0),
                row.metres
                    .map_or(Cow::from(""), |metres| Cow::from(format!("{metres:.0}"))),
            ]
        });
        let head = std::iter::once(header.map(Cow::from).to_vec());
        self.hand_over(viewer, "scoperti.csv", sink, head.chain(rows))
            .await
    }

    /// Writes a table for somebody who takes it away, and notes it.
    async fn hand_over<'a>(
        &self,
        viewer: &Viewer,
        name: &str,
        sink: File,
        rows: impl Iterator<Item = Vec<Cow<'a, str>>>,
    ) -> Result<()> {
        let mut sink = BufWriter::new(sink);
        write_table(&mut sink, true, rows)?;
        sink.flush()?;
        let note = Note {
            act: Act::Exported,
            body: None,
            subject: name,
            detail: "livelli di riferimento",
        };
        self.leave_note(&viewer.account, note).await
    }

    /// Notes that somebody read a reserved layer.
    async fn note_reference(
        &self,
        viewer: &Viewer,
        layer: &ReferenceLayer,
        how: &str,
    ) -> Result<()> {
        if layer.audience != Audience::Reserved {
            return Ok(());
        }
        let subject = layer.id.to_string();
        self.note_reading(viewer, reading(&subject, how)).await
    }

    /// Where features may plausibly be.
    fn plausible(&self) -> Rect<f64> {
        let window = self.territory.window();
        let (low, high) = (window.min(), window.max());
        Rect::new(
            (low.x - MARGIN, low.y - MARGIN),
            (high.x + MARGIN, high.y + MARGIN),
        )
    }

    /// A layer as typed, without what the file says; what is wrong with it is added.
    fn read_typed(
        &self,
        viewer: &Viewer,
        typed: &TypedLayer,
        wrong: &mut Vec<Wrong>,
    ) -> ReferenceLayer {
        let kind = Kind::named(&typed.kind);
        if kind.is_none() {
            wrong.push(Wrong::new(
                "tipo",
                "Scegliete che cosa contiene il livello.",
            ));
        }
        let name = line("nome", &typed.name, "Manca il nome del livello.", wrong);
        let source = line(
            "fonte",
            &typed.source,
            "Scrivete chi ha dato i dati: senza fonte un livello non vale.",
            wrong,
        );
        let licence = line(
            "licenza",
            &typed.licence,
            "Scrivete con quale licenza, o a quali condizioni, i dati si possono usare.",
            wrong,
        );
        let dated = match rules::day(&typed.dated) {
            Ok(date) if date > self.clock.today() => {
                wrong.push(Wrong::new(
                    "data",
                    "La data dei dati non può essere futura.",
                ));
                String::new()
            }
            Ok(date) => date.to_string(),
            Err(_other) => {
                let message = "Scrivete la data dei dati come 31/12/2024.";
                wrong.push(Wrong::new("data", message));
                String::new()
            }
        };
        ReferenceLayer {
            id: self.clock.new_id(),
            kind: kind.unwrap_or(Kind::Other),
            name,
            source,
            licence,
            dated,
            audience: if typed.shared == "si" {
                Audience::Bodies
            } else {
                Audience::Reserved
            },
            crs: String::new(),
            features: 0,
            extent: [0.0; 4],
            hash: String::new(),
            author: viewer.account.clone(),
            recorded_at: 0,
        }
    }
}

fn may_curate(viewer: &Viewer) -> Result<()> {
    if viewer.curates() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "I livelli di riferimento li caricano i validatori e gli amministratori.",
        ))
    }
}

/// A line of text that must be there.
fn line(field: &'static str, text: &str, missing: &str, wrong: &mut Vec<Wrong>) -> String {
    let text = text.trim();
    if text.is_empty() {
        wrong.push(Wrong::new(field, missing));
    } else if text.chars().count() > LONGEST || rules::has_control(text, false) {
        let message = format!("Al più {LONGEST} caratteri, e nessuno di controllo.");
        wrong.push(Wrong::new(field, message));
    } else if let Some(secret) = rules::never_recorded(text) {
        let message =
            format!("Il testo somiglia {secret}, e l’archivio non ne conserva: toglietelo.");
        wrong.push(Wrong::new(field, message));
    }
    text.to_owned()
}

fn wanted(typed: &TypedLayer, wrong: &mut Vec<Wrong>) -> Wanted {
    let crs = projection::system(&typed.crs);
    if crs.is_none() && !typed.crs.is_empty() {
        wrong.push(Wrong::new("crs", "Scegliete un sistema dell’elenco."));
    }
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Wanted {
        table: said(&typed.table),
        crs,
        name: said(&typed.label),
    }
}

/// What is asked of whoever loads data that are older than those that count now.
fn takes_the_place_of(later: &ReferenceLayer) -> String {
    format!(
        "Ora è in uso «{}», con dati del {}, più recenti di questi. Conta sempre l’ultimo livello \
         caricato: se questo deve davvero prendere il suo posto, confermatelo con la casella.",
        later.name,
        in_italian(&later.dated)
    )
}

fn refused(wrong: Vec<Wrong>) -> Outcome {
    Outcome::Refused(Refused {
        wrong,
        ..Refused::default()
    })
}

/// What is wrong with the form and with its file.
fn told(mut wrong: Vec<Wrong>, refusal: Refusal) -> Outcome {
    let mut refused = Refused::default();
    wrong.push(match refusal {
        Refusal::Unreadable(error) => Wrong::new(FILE, error.to_string()),
        Refusal::Table(tables) => {
            let message = format!(
                "Il file contiene più livelli: scegliete tra «{}».",
                tables.join("», «")
            );
            refused.tables = tables;
            Wrong::new("tabella", message)
        }
        Refusal::Crs(message) => Wrong::new("crs", message),
        Refusal::Name(attributes) => {
            let message = format!(
                "Il file non ha questa proprietà. Ha: «{}».",
                attributes.join("», «")
            );
            refused.attributes = attributes;
            Wrong::new("etichetta", message)
        }
        Refusal::Faults(faults, all) => {
            let message = format!(
                "{}: non è stato caricato nulla. Correggete il file e caricatelo di nuovo.",
                if all == 1 {
                    "C’è un elemento sbagliato".to_owned()
                } else {
                    format!("Ci sono {all} elementi sbagliati")
                }
            );
            refused.faults = faults;
            refused.all_faults = all;
            Wrong::new(FILE, message)
        }
    });
    refused.wrong = wrong;
    Outcome::Refused(refused)
}

/// The hash of features and the rectangle around them.
fn digest(loaded: &Loaded) -> (String, [f64; 4]) {
    let mut print = Fingerprint::default();
    let mut all = [
        f64::INFINITY,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NEG_INFINITY,
    ];
    for feature in &loaded.features {
        let (text, extent) = stored(&feature.shape);
        print.add(feature.number, &feature.name, &text, extent);
        let ([west, south, east, north], [w, s, e, n]) = (all, extent);
        all = [west.min(w), south.min(s), east.max(e), north.max(n)];
    }
    (print.finish(), all)
}

fn reading<'a>(subject: &'a str, detail: &'a str) -> Note<'a> {
    Note {
        act: Act::Read,
        body: None,
        subject,
        detail,
    }
}

async fn present_in(unit: &mut Unit, at: Option<Instant>) -> Result<Vec<ReferenceLayer>> {
    let layers = unit.reference_layers().await?;
    let withdrawals = unit.reference_withdrawals().await?;
    let present = present(&layers, &withdrawals, at);
    Ok(present.into_iter().cloned().collect())
}

async fn all_seen(unit: &mut Unit) -> Result<Vec<Seen>> {
    let layers = unit.reference_layers().await?;
    let withdrawals = unit.reference_withdrawals().await?;
    let counting: BTreeSet<Uuid> = present(&layers, &withdrawals, None)
        .into_iter()
        .map(|layer| layer.id)
        .collect();
    let before: Vec<Option<Box<ReferenceLayer>>> = layers
        .iter()
        .map(|layer| replaced(layer, &layers, &withdrawals).map(Box::new))
        .collect();
    let mut gone: BTreeMap<Uuid, Withdrawal> = withdrawals
        .into_iter()
        .map(|one| (one.layer, one))
        .collect();
    let each = layers.into_iter().zip(before);
    Ok(each
        .map(|(layer, before)| Seen {
            counts: counting.contains(&layer.id),
            withdrawal: gone.remove(&layer.id),
            before,
            layer,
        })
        .collect())
}

/// The edition that counted until this layer was loaded.
fn replaced(
    layer: &ReferenceLayer,
    layers: &[ReferenceLayer],
    withdrawals: &[Withdrawal],
) -> Option<ReferenceLayer> {
    let earlier: Vec<ReferenceLayer> = layers
        .iter()
        .filter(|one| (one.recorded_at, one.id) < (layer.recorded_at, layer.id))
        .cloned()
        .collect();
    let until = Some(layer.recorded_at);
    let mut found = present(&earlier, withdrawals, until).into_iter();
    found.find(|one| one.is_edition_of(layer)).cloned()
}

async fn seen_in(unit: &mut Unit, viewer: &Viewer, id: Uuid) -> Result<Seen> {
    let all = all_seen(unit).await?;
    all.into_iter()
        .find_map(|mut seen| (seen.layer.id == id && shows(viewer, &mut seen)).then_some(seen))
        .ok_or(NOT_HERE)
}

/// The layer that was asked for among those present, or the first of the usual ones, or the first.
fn chosen(
    layers: &[ReferenceLayer],
    asked: Option<Uuid>,
    usual: impl Fn(&ReferenceLayer) -> bool,
) -> Result<Option<ReferenceLayer>> {
    let found = match asked {
        Some(id) => Some(layers.iter().find(|layer| layer.id == id).ok_or(NOT_HERE)?),
        None => layers.iter().find(|layer| usual(layer)),
    };
    Ok(found.cloned())
}

/// The distances of sites and of devices without one; the names of bodies are still to come.
fn measured(points: impl Iterator<Item = Point>, nearest: &Nearest) -> Vec<Distance> {
    let mut sites: BTreeMap<(String, String), Distance> = BTreeMap::new();
    let mut rows = Vec::new();
    for point in points {
        let Some(near) = nearest.to(point.lon, point.lat) else {
            continue;
        };
        let alone = point.sito.is_empty();
        let distance = Distance {
            site: None,
            device: alone.then_some(point.device),
            code: if alone {
                point.codice
            } else {
                point.sito.clone()
            },
            body_code: point.ente.clone(),
            body: String::new(),
            devices: 1,
            metres: near.metres,
            nearest: near.feature.name.clone(),
            number: near.feature.number,
        };
        if alone {
            rows.push(distance);
            continue;
        }
        sites
            .entry((point.ente, point.sito))
            .and_modify(|site| {
                let devices = site.devices + 1;
                if distance.metres < site.metres {
                    *site = distance.clone();
                }
                site.devices = devices;
            })
            .or_insert(distance);
    }
    rows.extend(sites.into_values());
    rows
}
