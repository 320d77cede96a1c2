//! The catalogues of software and of makes and models: looking, and recording.
//!
//! Everybody reads the entries; reviewers and administrators record. A name that is only proposed
//! may say what its body keeps reserved: who reads everything sees all of them, and officers those
//! that devices they may see state anyway. Enforced by `tests/it/catalogue.rs` and
//! `tests/it/access.rs`.

use super::document::{self, Attachment};
use super::find::Names;
use super::journal::{Note, note_at};
use super::{Error, Register, Result};
use crate::census::adhesion::{Wrong, label};
use crate::census::catalogue::{
    self, Entry, FACTS, Known, Merge, Model, Models, Product, Products, Standing, Stated,
    TypedModel, TypedProduct, TypedStated,
};
use crate::census::collation::italian;
use crate::census::document::Document;
use crate::census::filter::Filter;
use crate::census::journal::{Act, Seal};
use crate::census::person::Viewer;
use crate::census::rules::Catalogue;
use crate::census::vocabulary::{Field, UNKNOWN, fold};
use crate::clock::Instant;
use crate::storage::Unit;
use crate::storage::catalogue::{ModelUse, ProductUse};
use crate::storage::journal::End;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const NOT_HERE: Error =
    Error::NotFound("Questo software non è nel catalogo, oppure non potete vederlo.");

const NO_MODEL: Error = Error::NotFound(
    "Questo modello non è nel catalogo e nessun dispositivo che potete vedere lo indica.",
);

/// What came of recording something: nothing is recorded when something is wrong.
pub type Outcome = std::result::Result<(), Vec<Wrong>>;

/// Which programs are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words to find in name, producer and note, any case and accents.
    pub text: String,
    /// Those of this kind; empty for all.
    pub kind: String,
    /// Those that stand like this.
    pub standing: Option<Standing>,
}

/// Where something is used, as far as the person who asks may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// By how many devices.
    pub devices: i64,
    /// By how many bodies.
    pub bodies: usize,
}

/// A program in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The program; of a name that is only proposed, nothing but the name.
    pub product: Product,
    /// Whether it is only proposed.
    pub proposed: bool,
    /// How it stands.
    pub standing: Standing,
    /// Where it is used.
    pub used: Used,
}

/// The programs found, by name.
#[derive(Debug, Clone)]
pub struct Found {
    /// The programs.
    pub rows: Vec<Row>,
    /// How many proposed names wait for a decision; for who reads everything.
    pub waiting: usize,
}

/// A body that uses something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The code of the body.
    pub body: String,
    /// Its name.
    pub body_name: String,
    /// The name that its devices state.
    pub name: String,
    /// How many devices.
    pub devices: i64,
}

/// A program with all that is recorded of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What is known; nothing for a name that is only proposed.
    pub known: Option<Known>,
    /// The entry that a proposed name means.
    pub means: Option<String>,
    /// Where it is used, by body.
    pub places: Vec<Place>,
    /// The versions that devices state, with how many do; may be empty.
    pub versions: Vec<(String, i64)>,
    /// The documents behind what is said of its standing; for who reads everything.
    pub documents: Vec<Document>,
    /// Whether this person may record.
    pub records: bool,
}

/// A proposed name.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The name.
    pub name: String,
    /// The entry that it means, when that was decided.
    pub means: Option<Merge>,
    /// The entry that is likeliest meant; may be empty.
    pub near: String,
    /// Where it is used.
    pub used: Used,
    /// The bodies that use it, by name.
    pub bodies: Vec<String>,
}

/// The proposed names, those to decide first.
#[derive(Debug, Clone)]
pub struct Proposals {
    /// The names.
    pub rows: Vec<Proposal>,
    /// What they may mean: the names of the catalogue.
    pub entries: Vec<String>,
    /// Whether this person may decide.
    pub records: bool,
}

/// Looking at software.
impl Register {
    /// The programs of the catalogue and those that devices state, as far as this person may see.
    pub async fn find_products(&self, viewer: &Viewer, wanted: &Wanted) -> Result<Found> {
        let mut unit = self.store.read().await?;
        let products = unit.products(None).await?;
        let uses = product_uses(&mut unit, viewer).await?;
        let waiting = if viewer.reads_all() {
            let proposed = unit.proposed_software().await?;
            let open = |name: &&String| products.resolve(name).is_none();
            proposed.iter().filter(open).count()
        } else {
            0
        };
        let mut rows: Vec<Row> = products
            .iter()
            .map(|known| Row {
                product: known.product().clone(),
                proposed: false,
                standing: known.standing(),
                used: used(uses.iter().filter(|one| means(&products, one, known))),
            })
            .collect();
        let stated: BTreeSet<&str> = uses.iter().map(|one| one.name.as_str()).collect();
        let proposed = stated
            .into_iter()
            .filter(|name| products.resolve(name).is_none());
        rows.extend(proposed.map(|name| Row {
            product: Product {
                name: name.to_owned(),
                kind: UNKNOWN.to_owned(),
                ..Product::default()
            },
            proposed: true,
            standing: Standing::Unknown,
            used: used(uses.iter().filter(|one| one.name == name)),
        }));
        rows.retain(|row| wants(wanted, row));
        rows.sort_by(|left, right| by_name(&left.product.name, &right.product.name));
        drop(unit);
        self.note_filter(&Filter::of(viewer), "software in uso")
            .await?;
        Ok(Found { rows, waiting })
    }

    /// A program, if it is in the catalogue, or proposed and this person may know of it.
    pub async fn product(&self, viewer: &Viewer, name: &str) -> Result<Seen> {
        let mut unit = self.store.read().await?;
        let seen = self.product_in(&mut unit, viewer, name).await?;
        drop(unit);
        let mut filter = Filter::of(viewer);
        filter.exact = vec![(Field::Software, name.to_owned())];
        self.note_filter(&filter, "software in uso").await?;
        Ok(seen)
    }

    async fn product_in(&self, unit: &mut Unit, viewer: &Viewer, name: &str) -> Result<Seen> {
        let products = unit.products(None).await?;
        let uses = product_uses(unit, viewer).await?;
        let mut known = products.named(name).cloned();
        let states = |one: &ProductUse| one.name == name;
        if known.is_none() && !uses.iter().any(states) {
            let proposed = viewer.reads_all() && {
                let proposed = unit.proposed_software().await?;
                proposed.iter().any(|one| one == name)
            };
            if !proposed {
                return Err(NOT_HERE);
            }
        }
        let own: Vec<&ProductUse> = match &known {
            Some(known) => uses
                .iter()
                .filter(|one| means(&products, one, known))
                .collect(),
            None => uses.iter().filter(|one| states(one)).collect(),
        };
        if let Some(known) = &mut known
            && !viewer.reads_all()
        {
            let named = |merge: &Merge| own.iter().any(|one| one.name == merge.name);
            known.merged.retain(named);
        }
        let names = self.names_in(unit).await?;
        Ok(Seen {
            name: name.to_owned(),
            means: products
                .merge_of(name)
                .and_then(|merge| merge.target.clone()),
            places: places(&names, &own),
            versions: versions(&own),
            documents: documents(unit, viewer, known.as_ref()).await?,
            records: viewer.curates(),
            known,
        })
    }

    /// A program of which this person may record something.
    pub async fn product_to_record(&self, viewer: &Viewer, name: &str) -> Result<Seen> {
        may_record(viewer)?;
        let mut unit = self.store.read().await?;
        self.product_in(&mut unit, viewer, name).await
    }

    /// The proposed names with what uses them, working states included; for who reads everything.
    pub async fn proposals(&self, viewer: &Viewer) -> Result<Proposals> {
        if !viewer.reads_all() {
            return Err(Error::Forbidden(
                "Le voci proposte le vede chi legge tutto il censimento.",
            ));
        }
        let mut unit = self.store.read().await?;
        let products = unit.products(None).await?;
        let filter = Filter::working(viewer);
        let uses = unit.product_uses(&filter).await?;
        let names = self.names_in(&mut unit).await?;
        let mut entries: Vec<String> = products
            .iter()
            .map(|known| known.product().name.clone())
            .collect();
        entries.sort_by(|left, right| by_name(left, right));
        let catalogue = Catalogue::new(entries.iter().cloned());
        let mut rows: Vec<Proposal> = unit
            .proposed_software()
            .await?
            .into_iter()
            .map(|name| {
                let own: Vec<&ProductUse> = uses.iter().filter(|one| one.name == name).collect();
                let mut bodies: Vec<String> = places(&names, &own)
                    .into_iter()
                    .map(|place| place.body_name)
                    .collect();
                bodies.dedup();
                Proposal {
                    means: products.merge_of(&name).cloned(),
                    near: catalogue.nearest(&name).unwrap_or_default().to_owned(),
                    used: used(own.into_iter()),
                    bodies,
                    name,
                }
            })
            .collect();
        rows.sort_by(|left, right| {
            let settled = |one: &Proposal| one.means.is_some();
            settled(left)
                .cmp(&settled(right))
                .then_with(|| by_name(&left.name, &right.name))
        });
        drop(unit);
        self.note_filter(&filter, "software proposti").await?;
        Ok(Proposals {
            rows,
            entries,
            records: viewer.curates(),
        })
    }
}

/// Recording software.
impl Register {
    /// Records an entry: a new one when `entry` is empty, or what is known of the one of this name,
    /// which may be proposed until now.
    pub async fn record_product(
        &self,
        viewer: &Viewer,
        entry: &str,
        typed: &TypedProduct,
    ) -> Result<Outcome> {
        may_record(viewer)?;
        if !entry.is_empty() {
            self.product_to_record(viewer, entry).await?;
        }
        let product = match catalogue::product(typed, self.clock.today()) {
            Ok(product) => product,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut writing = self.begin_catalogue(viewer).await?;
        let products = writing.unit.products(None).await?;
        if let Err(wrong) = free(&products, entry, &product.name) {
            return Ok(Err(vec![wrong]));
        }
        let entry = Entry {
            id: self.clock.new_id(),
            product,
            author: viewer.account.clone(),
            recorded_at: writing.at,
        };
        writing
            .unit
            .add_product_entry(&entry, &mut writing.seal)
            .await?;
        let product = &entry.product;
        let kind = label(catalogue::KINDS, &product.kind);
        let detail = [&product.name, &product.producer, kind, &product.versions];
        writing
            .end(Act::ProductRecorded, &product.name, &detail)
            .await
    }

    /// Records how a program of the catalogue stands towards the national system.
    pub async fn record_standing(
        &self,
        viewer: &Viewer,
        name: &str,
        typed: &TypedStated,
        attachment: Option<Attachment>,
    ) -> Result<Outcome> {
        let seen = self.product_to_record(viewer, name).await?;
        if seen.known.is_none() {
            return Err(Error::Invalid(format!(
                "«{name}» non è ancora nel catalogo: prima aggiungetelo o unitelo a un’altra voce."
            )));
        }
        let blank = Stated {
            id: self.clock.new_id(),
            name: name.to_owned(),
            standing: Standing::Unknown,
            source: String::new(),
            grade: String::new(),
            date: String::new(),
            version: String::new(),
            note: String::new(),
            document: None,
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        };
        let read = catalogue::stated(typed, attachment.is_some(), self.clock.today(), blank);
        let file = match attachment {
            Some(attachment) => document::admit(attachment).await?.map(Some),
            None => Ok(None),
        };
        let (mut stated, file) = match (read, file) {
            (Ok(stated), Ok(file)) => (stated, file),
            (read, file) => {
                let wrong = read.err().into_iter().flatten().chain(file.err());
                return Ok(Err(wrong.collect()));
            }
        };
        let mut writing = self.begin_catalogue(viewer).await?;
        stated.recorded_at = writing.at;
        let mut hash = String::new();
        if let Some(admitted) = file {
            let kept = writing.attach(self, admitted).await?;
            stated.document = Some(kept.id);
            hash = format!("documento con SHA-256 {}", kept.sha256);
        }
        writing
            .unit
            .add_product_standing(&stated, &mut writing.seal)
            .await?;
        let detail = [
            name,
            stated.standing.label(),
            &stated.version,
            &stated.source,
            &stated.grade,
            &stated.date,
            &hash,
        ];
        writing.end(Act::StandingRecorded, name, &detail).await
    }

    /// Says that a proposed name means an entry of the catalogue. The devices keep the name.
    pub async fn merge_product(
        &self,
        viewer: &Viewer,
        name: &str,
        target: &str,
        note: &str,
    ) -> Result<Outcome> {
        self.product_to_record(viewer, name).await?;
        let mut merge = match self.blank_merge(viewer, name, note) {
            Ok(merge) => merge,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut writing = self.begin_catalogue(viewer).await?;
        let products = writing.unit.products(None).await?;
        if products.named(name).is_some() {
            return Err(Error::Invalid(format!(
                "«{name}» è già una voce del catalogo: si uniscono solo le voci proposte."
            )));
        }
        if products.named(target).is_none() {
            let message = "Scegliete una voce del catalogo.";
            return Ok(Err(vec![Wrong::new("voce", message)]));
        }
        merge.target = Some(target.to_owned());
        merge.recorded_at = writing.at;
        writing
            .unit
            .add_product_merge(&merge, &mut writing.seal)
            .await?;
        let detail = [name, "è", target, &merge.note];
        writing.end(Act::ProductMerged, name, &detail).await
    }

    /// Takes back that a proposed name means an entry.
    pub async fn separate_product(
        &self,
        viewer: &Viewer,
        name: &str,
        note: &str,
    ) -> Result<Outcome> {
        self.product_to_record(viewer, name).await?;
        let mut merge = match self.blank_merge(viewer, name, note) {
            Ok(merge) => merge,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut writing = self.begin_catalogue(viewer).await?;
        if writing.unit.products(None).await?.merge_of(name).is_none() {
            return Err(Error::Invalid(format!(
                "«{name}» non è unito a nessuna voce."
            )));
        }
        merge.recorded_at = writing.at;
        writing
            .unit
            .add_product_merge(&merge, &mut writing.seal)
            .await?;
        let detail = [name, "separato", &merge.note];
        writing.end(Act::ProductMerged, name, &detail).await
    }

    fn blank_merge(
        &self,
        viewer: &Viewer,
        name: &str,
        note: &str,
    ) -> std::result::Result<Merge, Vec<Wrong>> {
        let blank = Merge {
            id: self.clock.new_id(),
            name: name.to_owned(),
            target: None,
            note: String::new(),
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        };
        catalogue::merge(note, self.clock.today(), blank)
    }
}

/// A make and model in the list.
#[derive(Debug, Clone)]
pub struct ModelRow {
    /// The make.
    pub make: String,
    /// The model; may be empty.
    pub model: String,
    /// What is known of it.
    pub known: Option<Model>,
    /// Where it is used.
    pub used: Used,
}

/// A make and model with all that is recorded of it.
#[derive(Debug, Clone)]
pub struct SeenModel {
    /// The make.
    pub make: String,
    /// The model.
    pub model: String,
    /// All that was recorded of it, the present entry last.
    pub known: Vec<Model>,
    /// Where it is used, by body.
    pub places: Vec<Place>,
    /// Whether this person may record.
    pub records: bool,
}

/// Makes and models.
impl Register {
    /// The makes and models of the catalogue and those that devices state, as far as this person may
    /// see, with these words in them; with `known`, only those of which something is known or, when
    /// it is false, nothing is.
    pub async fn find_models(
        &self,
        viewer: &Viewer,
        text: &str,
        known: Option<bool>,
    ) -> Result<Vec<ModelRow>> {
        let mut unit = self.store.read().await?;
        let models = unit.models(None).await?;
        let uses = unit.model_uses(&Filter::of(viewer)).await?;
        drop(unit);
        let mut rows = model_rows(&models, &uses);
        let text = fold(text);
        rows.retain(|row| {
            let own = fold(&format!("{} {}", row.make, row.model));
            text.split(' ').all(|word| own.contains(word))
                && known.is_none_or(|known| known == row.known.is_some())
        });
        rows.sort_by(|left, right| {
            by_name(&left.make, &right.make).then_with(|| by_name(&left.model, &right.model))
        });
        self.note_filter(&Filter::of(viewer), "modelli in uso")
            .await?;
        Ok(rows)
    }

    /// A make and model, if something is known of it or a device that this person may see states it.
    pub async fn model(&self, viewer: &Viewer, make: &str, model: &str) -> Result<SeenModel> {
        let mut unit = self.store.read().await?;
        let models = unit.models(None).await?;
        let known = models.history(make, model).to_vec();
        let key = (fold(make), fold(model));
        let mut uses = unit.model_uses(&Filter::of(viewer)).await?;
        uses.retain(|one| (fold(&one.make), fold(&one.model)) == key);
        if make.is_empty() || model.is_empty() || (known.is_empty() && uses.is_empty()) {
            return Err(NO_MODEL);
        }
        let names = self.names_in(&mut unit).await?;
        drop(unit);
        self.note_filter(&Filter::of(viewer), "modelli in uso")
            .await?;
        let stated = uses.iter().map(|one| ProductUse {
            name: format!("{} {}", one.make, one.model),
            version: String::new(),
            body: one.body.clone(),
            devices: one.devices,
        });
        let stated: Vec<ProductUse> = stated.collect();
        let present = known.last();
        Ok(SeenModel {
            make: present.map_or(make, |one| &one.make).to_owned(),
            model: present.map_or(model, |one| &one.model).to_owned(),
            places: places(&names, &stated.iter().collect::<Vec<_>>()),
            records: viewer.curates(),
            known,
        })
    }

    /// Records what is known of a make and model.
    pub async fn record_model(&self, viewer: &Viewer, typed: &TypedModel) -> Result<Outcome> {
        may_record(viewer)?;
        let blank = Model {
            id: self.clock.new_id(),
            make: String::new(),
            model: String::new(),
            facts: Vec::new(),
            reading: String::new(),
            reading_class: String::new(),
            source: String::new(),
            grade: String::new(),
            note: String::new(),
            author: viewer.account.clone(),
            recorded_at: self.clock.now(),
        };
        let mut model = match catalogue::model(typed, self.clock.today(), blank) {
            Ok(model) => model,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let mut writing = self.begin_catalogue(viewer).await?;
        model.recorded_at = writing.at;
        writing.unit.add_model(&model, &mut writing.seal).await?;
        let title = model.title();
        let mut detail = vec![title.clone()];
        for field in FACTS {
            let value = model.fact(field);
            if !value.is_empty() {
                detail.push(format!("{}={value}", field.name()));
            }
        }
        detail.push(format!("lettura documentata: {}", model.reading));
        detail.push(model.source.clone());
        let detail: Vec<&str> = detail.iter().map(String::as_str).collect();
        writing.end(Act::ModelRecorded, &title, &detail).await
    }

    /// Begins to record something of the catalogues, at the end of the history.
    async fn begin_catalogue<'a>(&self, viewer: &'a Viewer) -> Result<Writing<'a>> {
        let mut unit = self.store.write().await?;
        let (at, end) = self.moment(&mut unit).await?;
        Ok(Writing {
            unit,
            at,
            end,
            viewer,
            seal: self.seal(),
        })
    }
}

/// Something being recorded: rows take its instant, so that they stand in the order of the history.
struct Writing<'a> {
    unit: Unit,
    at: Instant,
    end: End,
    viewer: &'a Viewer,
    seal: Seal,
}

impl Writing<'_> {
    /// Keeps a document. It is of no body in particular, so it stands with the one that coordinates.
    async fn attach(
        &mut self,
        register: &Register,
        admitted: document::Admitted,
    ) -> Result<Document> {
        let bodies = self.unit.bodies().await?;
        let coordinator = bodies.iter().find(|body| body.kind == "coordinatore");
        let Some(coordinator) = coordinator else {
            return Err(Error::Invalid(
                "Nel registro non c’è l’ente che coordina, che conserva i documenti dei cataloghi: \
                 l’amministratore può aggiungerlo con «varco seed»."
                    .to_owned(),
            ));
        };
        let place = (coordinator.code.as_str(), register.clock.new_id(), self.at);
        document::keep(&mut self.unit, self.viewer, place, admitted, &mut self.seal).await
    }

    /// Notes what was recorded, and ends.
    async fn end(mut self, act: Act, subject: &str, detail: &[&str]) -> Result<Outcome> {
        let parts: Vec<&str> = detail
            .iter()
            .copied()
            .filter(|one| !one.is_empty())
            .collect();
        let note = Note {
            act,
            body: None,
            subject,
            detail: &parts.join(", "),
        };
        note_at(
            &mut self.unit,
            self.viewer,
            &self.seal,
            note,
            self.at,
            self.end,
        )
        .await?;
        self.unit.commit().await?;
        Ok(Ok(()))
    }
}

/// Says no to whoever does not keep the catalogues.
pub fn may_record(viewer: &Viewer) -> Result<()> {
    if viewer.curates() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "I cataloghi li aggiornano validatori e amministratori: voi potete leggerli.",
        ))
    }
}

/// Whether an entry may have this name: its own, or one that no other has in any spelling.
fn free(products: &Products, entry: &str, name: &str) -> std::result::Result<(), Wrong> {
    if !entry.is_empty() && entry != name {
        let message = format!("Il nome di una voce non cambia: questa è «{entry}».");
        return Err(Wrong::new("nome", message));
    }
    match products.resolve(name) {
        Some(known) if known.product().name == name && entry == name => Ok(()),
        Some(known) => {
            let other = &known.product().name;
            let message = if products.merge_of(name).is_some() {
                format!("Questo nome è unito a «{other}»: prima separateli.")
            } else {
                format!("Nel catalogo c’è già «{other}»: aprite quella voce.")
            };
            Err(Wrong::new("nome", message))
        }
        None => Ok(()),
    }
}

/// What the devices that this person may see state; that it is not known is no name.
async fn product_uses(unit: &mut Unit, viewer: &Viewer) -> Result<Vec<ProductUse>> {
    let mut uses = unit.product_uses(&Filter::of(viewer)).await?;
    uses.retain(|one| one.name != UNKNOWN);
    Ok(uses)
}

/// Whether devices that state this mean an entry.
fn means(products: &Products, one: &ProductUse, known: &Known) -> bool {
    let meant = products.resolve(&one.name);
    meant.is_some_and(|meant| meant.product().name == known.product().name)
}

fn used<'a>(uses: impl Iterator<Item = &'a ProductUse>) -> Used {
    let mut bodies = BTreeSet::new();
    let mut devices = 0;
    for one in uses {
        devices += one.devices;
        bodies.insert(one.body.as_str());
    }
    Used {
        devices,
        bodies: bodies.len(),
    }
}

fn wants(wanted: &Wanted, row: &Row) -> bool {
    let product = &row.product;
    let text = fold(&format!(
        "{} {} {}",
        product.name, product.producer, product.note
    ));
    fold(&wanted.text)
        .split(' ')
        .all(|word| text.contains(word))
        && (wanted.kind.is_empty() || wanted.kind == product.kind)
        && wanted
            .standing
            .is_none_or(|standing| standing == row.standing)
}

fn by_name(left: &str, right: &str) -> std::cmp::Ordering {
    italian(left, right).then_with(|| left.cmp(right))
}

/// By body, and of a body by the name that its devices state.
fn places(names: &Names, uses: &[&ProductUse]) -> Vec<Place> {
    let mut places: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in uses {
        *places.entry((&one.body, &one.name)).or_default() += one.devices;
    }
    let place = |((body, name), devices): ((&str, &str), i64)| Place {
        body: body.to_owned(),
        body_name: names.words(Field::Ente, body),
        name: name.to_owned(),
        devices,
    };
    let mut places: Vec<Place> = places.into_iter().map(place).collect();
    places.sort_by(|left, right| by_name(&left.body_name, &right.body_name));
    places
}

/// The versions that are stated, those of most devices first.
fn versions(uses: &[&ProductUse]) -> Vec<(String, i64)> {
    let mut versions: BTreeMap<&str, i64> = BTreeMap::new();
    for one in uses {
        *versions.entry(&one.version).or_default() += one.devices;
    }
    let mut versions: Vec<(String, i64)> = versions
        .into_iter()
        .map(|(version, devices)| (version.to_owned(), devices))
        .collect();
    versions.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    versions
}

/// The documents behind what is said of a program, for who may fetch them.
async fn documents(
    unit: &mut Unit,
    viewer: &Viewer,
    known: Option<&Known>,
) -> Result<Vec<Document>> {
    let ids: Vec<Uuid> = known
        .into_iter()
        .flat_map(|known| known.stated.iter().filter_map(|one| one.document))
        .collect();
    let mut documents = Vec::new();
    for id in ids {
        let document = unit.document(id).await?;
        documents.extend(document.filter(|one| viewer.reads_adhesion(&one.body)));
    }
    Ok(documents)
}

/// One row for each make and model, whatever the spelling: that of the catalogue, or else the one
/// that most devices state.
fn model_rows(models: &Models, uses: &[ModelUse]) -> Vec<ModelRow> {
    let mut groups: BTreeMap<(String, String), Vec<&ModelUse>> = BTreeMap::new();
    for one in uses.iter().filter(|one| one.make != UNKNOWN) {
        let key = (fold(&one.make), fold(&one.model));
        groups.entry(key).or_default().push(one);
    }
    let mut rows = Vec::new();
    for known in models.iter() {
        let own = groups.remove(&(fold(&known.make), fold(&known.model)));
        rows.push(ModelRow {
            make: known.make.clone(),
            model: known.model.clone(),
            known: Some(known.clone()),
            used: used_models(&own.unwrap_or_default()),
        });
    }
    for own in groups.into_values() {
        let most = own
            .iter()
            .max_by_key(|one| (one.devices, &one.make, &one.model));
        let Some(most) = most else { continue };
        rows.push(ModelRow {
            make: most.make.clone(),
            model: most.model.clone(),
            known: None,
            used: used_models(&own),
        });
    }
    rows
}

fn used_models(uses: &[&ModelUse]) -> Used {
    let bodies: BTreeSet<&str> = uses.iter().map(|one| one.body.as_str()).collect();
    Used {
        devices: uses.iter().map(|one| one.devices).sum(),
        bodies: bodies.len(),
    }
}
