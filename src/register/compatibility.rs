//! What the criteria say of the census: the one road from the register to verdicts.
//!
//! [`Basis`] is everything that verdicts rest on besides the devices, as it was known at one instant;
//! with a [`Filter`], whose permission decides which devices there are, it gives the verdict of each.
//! Pages, files and report all come this way. Enforced by `tests/it/compatibility.rs`.

use super::{Error, Register, Result};
use crate::census::adhesion::{self, Act, ActKind};
use crate::census::catalogue::{Known, Model, Models, Products};
use crate::census::criterion::Criteria;
use crate::census::edition::{Edition, Kind};
use crate::census::fact::{AboutAct, AboutBody, AboutProduct, AboutSite, Fact, Facts};
use crate::census::filter::{Filter, Moment};
use crate::census::record::Record;
use crate::census::site;
use crate::census::verdict::{Verdict, judge};
use crate::census::vocabulary::{Field, UNKNOWN};
use crate::clock::Instant;
use crate::storage::Unit;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What verdicts rest on besides the devices, as it was known at one instant.
#[derive(Debug)]
pub struct Basis {
    /// The criteria as they were loaded.
    pub edition: Edition,
    /// The criteria.
    pub criteria: Criteria,
    /// The instant; nothing for now.
    pub at: Option<Instant>,
    /// The day of which the verdicts are, ISO 8601.
    pub day: String,
    bodies: HashMap<String, AboutBody>,
    sites: HashMap<String, HashMap<String, AboutSite>>,
    products: Products,
    models: Models,
}

impl Basis {
    /// Everything that the criteria may ask of a device.
    #[must_use]
    pub fn facts<'a>(&'a self, record: &'a Record) -> Facts<'a> {
        let body = record.text(Field::Ente);
        Facts {
            record,
            site: self.site(body, record.text(Field::Sito)),
            body: self.bodies.get(body),
            product: self.product(record),
            model_reading: self.model(record).map_or("", |model| &model.reading),
            today: &self.day,
        }
    }

    fn product(&self, record: &Record) -> Option<AboutProduct<'_>> {
        let name = record.text(Field::Software);
        if name.is_empty() || name == UNKNOWN {
            return None;
        }
        let known = self.products.resolve(name);
        let version = record.text(Field::SoftwareVersione);
        let stated = known.and_then(|known| known.present_for(version));
        Some(AboutProduct {
            known: known.is_some(),
            kind: known.map_or("", |known| &known.product().kind),
            standing: stated.map(|stated| stated.standing).unwrap_or_default(),
        })
    }

    /// What the catalogue has of the software that a device names.
    #[must_use]
    pub fn software(&self, name: &str) -> Option<&Known> {
        self.products.resolve(name)
    }

    /// What the catalogue has of the model of a device.
    #[must_use]
    pub fn model(&self, record: &Record) -> Option<&Model> {
        let make = record.text(Field::Marca);
        self.models.resolve(make, record.text(Field::Modello))
    }

    /// What the criteria say of a device.
    #[must_use]
    pub fn judge(&self, record: &Record) -> Verdict {
        judge(&self.criteria, &self.facts(record))
    }

    /// What is known of a body.
    #[must_use]
    pub fn body(&self, code: &str) -> Option<&AboutBody> {
        self.bodies.get(code)
    }

    /// What is known of every body, by its code, in no order.
    pub fn bodies(&self) -> impl Iterator<Item = (&str, &AboutBody)> {
        let bodies = self.bodies.iter();
        bodies.map(|(code, body)| (code.as_str(), body))
    }

    /// Which sites are gates, by body and code.
    #[must_use]
    pub fn gates(&self) -> BTreeSet<(String, String)> {
        let sites = self.sites.iter();
        let sites =
            sites.flat_map(|(body, own)| own.iter().map(move |(code, site)| (body, code, site)));
        sites
            .filter(|(_, _, site)| site.kind == "varco")
            .map(|(body, code, _)| (body.clone(), code.clone()))
            .collect()
    }

    /// What is known of a site of a body.
    #[must_use]
    pub fn site(&self, body: &str, code: &str) -> Option<&AboutSite> {
        self.sites.get(body)?.get(code)
    }

    /// The same, with a site as it would be once a device that names it is saved: there, and with
    /// its camera.
    #[must_use]
    pub fn with_site_of(mut self, record: &Record) -> Self {
        let (body, code) = (record.text(Field::Ente), record.text(Field::Sito));
        if code.is_empty() {
            return self;
        }
        let function = record.text(Field::Funzione);
        let own = self.sites.entry(body.to_owned()).or_default();
        let site = own.entry(code.to_owned()).or_insert_with(|| AboutSite {
            kind: site::kind_for(function).to_owned(),
            context: false,
        });
        site.context |= matches!(function, "contesto" | "ibrida")
            && record.text(Field::Stato) == "in_esercizio";
        self
    }

    /// The same with other criteria, to try them.
    #[must_use]
    pub fn with(self, edition: Edition, criteria: Criteria) -> Self {
        Self {
            edition,
            criteria,
            ..self
        }
    }

    /// The attributes without which devices cannot be judged.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let asked = self.criteria.facts().into_iter();
        let asked = asked.filter_map(|fact| match fact {
            Fact::Device(field) => Some(field),
            _ => None,
        });
        let links = [
            Field::Ente,
            Field::Sito,
            Field::Software,
            Field::SoftwareVersione,
            Field::Marca,
            Field::Modello,
        ];
        let mut fields: Vec<Field> = asked.chain(links).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

impl Register {
    /// What verdicts on the devices of a filter rest on: as it was at the filter's instant, with the
    /// criteria that were in force then, or with these. A filter that asks for one body, or for one
    /// site of it, is given no more than that.
    pub async fn basis(
        &self,
        unit: &mut Unit,
        filter: &Filter,
        criteria: Option<Uuid>,
    ) -> Result<Basis> {
        let at = instant(unit, filter).await?;
        let edition = match criteria {
            Some(id) => unit.edition(id).await?,
            None => self.edition_then(unit, Kind::Criteria, at).await?,
        };
        let edition = edition
            .filter(|edition| edition.kind == Kind::Criteria)
            .ok_or(NO_CRITERIA)?;
        let criteria = Criteria::read(&edition.content).map_err(|troubles| {
            let first = troubles.first();
            let message = first.map(|one| format!("riga {}: {}", one.line, one.message));
            Error::Damaged(format!(
                "I criteri «{}» non si leggono più: {}",
                edition.name,
                message.unwrap_or_default()
            ))
        })?;
        Ok(Basis {
            edition,
            criteria,
            at,
            day: self.day(at),
            bodies: bodies(unit, body_of(filter), at).await?,
            sites: sites(unit, filter, at).await?,
            products: unit.products(at).await?,
            models: unit.models(at).await?,
        })
    }

    /// Calls a function with the verdict on each device that the filter finds, its state's
    /// identifier, and its record with the attributes that were asked for and those that
    /// [`Basis::fields`] names; in no order.
    pub async fn each_verdict(
        &self,
        unit: &mut Unit,
        filter: &Filter,
        basis: &Basis,
        fields: &[Field],
        mut take: impl FnMut(Uuid, Uuid, &Record, &Verdict) + Send,
    ) -> Result<()> {
        let mut wanted = basis.fields();
        wanted.extend_from_slice(fields);
        wanted.sort_unstable();
        wanted.dedup();
        unit.each_asked(filter, &wanted, |device, revision, record| {
            take(device, revision, record, &basis.judge(record));
        })
        .await?;
        Ok(())
    }
}

const NO_CRITERIA: Error = Error::NotFound(
    "Non c’è un insieme di criteri in vigore: chi gestisce il server esegue «varco seed», oppure \
     chi ha il ruolo di validatore ne carica uno.",
);

/// The instant of a filter; nothing for now.
async fn instant(unit: &mut Unit, filter: &Filter) -> Result<Option<Instant>> {
    match filter.moment {
        Moment::Now => Ok(None),
        Moment::At(at) => Ok(Some(at)),
        Moment::Snapshot(id) => {
            let snapshot = unit.snapshot(id).await?;
            let found = snapshot.ok_or(Error::NotFound("Questa fotografia non c’è."))?;
            Ok(Some(found.at))
        }
    }
}

/// The body that a filter asks for, when it asks for one.
fn body_of(filter: &Filter) -> Option<&str> {
    Some(filter.wanted(Field::Ente)).filter(|body| !body.is_empty())
}

async fn bodies(
    unit: &mut Unit,
    only: Option<&str>,
    at: Option<Instant>,
) -> Result<HashMap<String, AboutBody>> {
    let (steps, acts) = (unit.steps(only, at).await?, unit.acts(only, at).await?);
    let seats = unit.seats(only, at).await?;
    let bodies = unit.bodies().await?.into_iter();
    Ok(bodies
        .filter(|body| only.is_none_or(|only| only == body.code))
        .map(|body| {
            let steps: Vec<_> = of(&steps, &body.code, |step| &step.body);
            let own: Vec<_> = of(&acts, &body.code, |act| &act.body);
            let seat = seats.iter().rfind(|seat| seat.body == body.code);
            let pact = adhesion::present_act(&own, ActKind::Pact);
            let about = AboutBody {
                name: body.name,
                kind: body.kind,
                stage: adhesion::present(&steps).map(|(stage, _)| stage),
                acts: ActKind::ALL.map(|kind| {
                    let act = adhesion::present_act(&own, kind);
                    act.map_or_else(AboutAct::default, |act| AboutAct {
                        state: act.state.clone(),
                        date: match kind {
                            ActKind::Assessment => first_date(&own, kind),
                            _ => act.date.clone(),
                        },
                    })
                }),
                names_readers: pact.map_or_else(String::new, |pact| pact.names_readers.clone()),
                lists_places: pact.map_or_else(String::new, |pact| pact.lists_places.clone()),
                fibre: seat.map_or_else(String::new, |seat| seat.fibre.clone()),
            };
            (body.code, about)
        })
        .collect())
}

/// The earliest date of an act since it was last said that there is none: what brings an assessment
/// up to date does not undo the one before.
fn first_date(acts: &[Act], kind: ActKind) -> String {
    let recorded = acts.iter().rev().filter(|act| act.kind == kind);
    let standing = recorded.take_while(|act| act.state == "si");
    let dates = standing.map(|act| act.date.as_str());
    dates
        .filter(|date| !date.is_empty())
        .min()
        .unwrap_or_default()
        .to_owned()
}

/// The rows of one body, of rows in the order of bodies.
fn of<T: Clone>(rows: &[T], body: &str, code: impl Fn(&T) -> &str) -> Vec<T> {
    let first = rows.partition_point(|row| code(row) < body);
    rows.iter()
        .skip(first)
        .take_while(|row| code(row) == body)
        .cloned()
        .collect()
}

async fn sites(
    unit: &mut Unit,
    filter: &Filter,
    at: Option<Instant>,
) -> Result<HashMap<String, HashMap<String, AboutSite>>> {
    // Whatever else is asked for, all cameras of a site count.
    let mut everything = filter.clone();
    everything.text.clear();
    everything
        .exact
        .retain(|(field, _)| matches!(field, Field::Ente | Field::Sito));
    everything.open = None;
    everything.withdrawn = false;
    everything.within = None;
    everything.device = None;
    let mut sites: HashMap<String, HashMap<String, AboutSite>> = HashMap::new();
    for site in unit.sites_then(body_of(filter), at).await? {
        let about = AboutSite {
            kind: site.kind,
            context: false,
        };
        sites.entry(site.body).or_default().insert(site.code, about);
    }
    for (body, code) in unit.sites_with_context(&everything).await? {
        if let Some(site) = sites.get_mut(&body).and_then(|own| own.get_mut(&code)) {
            site.context = true;
        }
    }
    Ok(sites)
}
