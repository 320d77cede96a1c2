//! The report on compatibility, gathered from the register.
//!
//! Everything comes from one reading of the database and from rows that are never changed, so the
//! report of a snapshot with the same editions is the same for ever. Whoever reads everything may
//! ask for it, and that they did is noted. Enforced by `tests/it/report.rs`.

use super::compatibility::Basis;
use super::intervention::{Means, chosen};
use super::journal::Note;
use super::reference_layer::Reference;
use super::{Error, Register, Result};
use crate::census::criterion::{Grade, Level};
use crate::census::dossier::{Dossier, Estimate, Layer, Line, Product, Quantity, arrange, compose};
use crate::census::filter::{Filter, State};
use crate::census::intervention::{Case, Demand, Demanded, Selection};
use crate::census::journal::Act;
use crate::census::lot;
use crate::census::overview::to_ask;
use crate::census::person::Viewer;
use crate::census::record::Record;
use crate::census::reference_layer::Kind as LayerKind;
use crate::census::report::Report;
use crate::census::snapshot::Snapshot;
use crate::census::territory::Territory;
use crate::census::verdict::Verdict;
use crate::census::vocabulary::Field;
use crate::storage::Unit;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What a report is asked to be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The snapshot; without one, what is accepted now, and the report is a draft.
    pub snapshot: Option<Uuid>,
    /// These criteria instead of those in force at that moment.
    pub criteria: Option<Uuid>,
    /// This price list instead of the one in force.
    pub prices: Option<Uuid>,
    /// This division in lots instead of the one in force.
    pub lots: Option<Uuid>,
    /// This layer of fibre instead of the one there was.
    pub fibre: Option<Uuid>,
}

impl Asked {
    /// What is chosen instead of what is in force, for the history.
    fn chosen(&self) -> String {
        chosen(&[
            ("criteri", self.criteria),
            ("prezzi", self.prices),
            ("lotti", self.lots),
            ("fibra", self.fibre),
        ])
    }
}

/// What the report needs of a device besides what the criteria ask.
const FIELDS: [Field; 14] = [
    Field::Codice,
    Field::Ente,
    Field::Comune,
    Field::Denominazione,
    Field::Sito,
    Field::Lat,
    Field::Lon,
    Field::Funzione,
    Field::Installazione,
    Field::Stato,
    Field::PuntiRipresa,
    Field::Lotto,
    Field::Software,
    Field::SoftwareVersione,
];

impl Register {
    /// The report, for whoever reads everything; that it was read is noted.
    pub async fn report(&self, viewer: &Viewer, asked: &Asked) -> Result<Report> {
        may_read(viewer)?;
        let report = self.gather_report(viewer, asked).await?;
        let how = format!("relazione di compatibilità{}", asked.chosen());
        self.note_filter(&filter(viewer, asked), &how).await?;
        Ok(report)
    }

    /// The same, to leave as a file of this name; that it left is noted.
    pub async fn report_to_leave(
        &self,
        viewer: &Viewer,
        asked: &Asked,
        name: &str,
    ) -> Result<Report> {
        may_read(viewer)?;
        let report = self.gather_report(viewer, asked).await?;
        let detail = format!("{}{}", filter(viewer, asked).in_short(), asked.chosen());
        let note = Note {
            act: Act::Exported,
            body: None,
            subject: name,
            detail: &detail,
        };
        self.leave_note(&viewer.account, note).await?;
        Ok(report)
    }

    async fn gather_report(&self, viewer: &Viewer, asked: &Asked) -> Result<Report> {
        let turn = self.turn().await?;
        let filter = filter(viewer, asked);
        let mut unit = self.store.read().await?;
        let snapshot = match asked.snapshot {
            Some(id) => {
                let found = unit.snapshot(id).await?;
                Some(found.ok_or(Error::NotFound("Questa fotografia non c’è."))?)
            }
            None => None,
        };
        let now = self.clock.now();
        let basis = self.basis(&mut unit, &filter, asked.criteria).await?;
        let means = self
            .means(&mut unit, asked.prices, asked.lots, basis.at)
            .await?;
        let fibre = match asked.fibre {
            Some(id) => Some(self.reference_with_id(&mut unit, id).await?),
            None => {
                self.reference_at(&mut unit, LayerKind::Fibre, basis.at)
                    .await?
            }
        };
        let then = match basis.at {
            Some(at) => unit.territory_then(at).await?,
            None => None,
        };
        let territory = then.map_or_else(
            || Arc::clone(&self.territory),
            |comuni| Arc::new(Territory::new(comuni)),
        );
        let about = About {
            filter,
            basis: &basis,
            means: &means,
            fibre: fibre.as_ref(),
            territory: &territory,
        };
        let (lines, by_lot, by_body) = self.lines(&mut unit, &about).await?;
        drop(unit);
        let issuer = self.coordinator().await?;
        let made = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let at = snapshot.as_ref().map_or(now, |one| one.at);
            draw(Gathered {
                issuer,
                snapshot,
                at,
                boundaries: territory.rings(),
                basis,
                means,
                fibre,
                lines,
                by_lot,
                by_body,
            })
        });
        made.await
            .map_err(|error| Error::Failed(error.to_string()))?
    }

    /// The devices, judged once, with what they need by lot and by body.
    async fn lines(
        &self,
        unit: &mut Unit,
        about: &About<'_>,
    ) -> Result<(Vec<Line>, Demanded, Demanded)> {
        let (basis, means) = (about.basis, about.means);
        let mut lines = Vec::new();
        let demand = || Demand::new(&basis.criteria, Selection::default(), None);
        let mut by_lot = demand().with_lots(means.division().names());
        let mut by_body = demand();
        let comune = |code: &str| {
            let found = about.territory.get(code);
            found.map_or_else(|| code.to_owned(), |one| one.name.clone())
        };
        let take = |device, _, record: &Record, verdict: &Verdict| {
            let case = means.case(basis, device, record, verdict);
            by_lot.add(case);
            by_body.add(Case {
                lot: record.text(Field::Ente),
                ..case
            });
            let mut line = line(basis, case);
            line.comune = comune(record.text(Field::Comune));
            if let Some(near) = about
                .fibre
                .and_then(|fibre| fibre.nearest.to(line.lon, line.lat))
            {
                line.fibre_m = Some(near.metres);
            }
            lines.push(line);
        };
        self.each_verdict(unit, &about.filter, basis, &FIELDS, take)
            .await?;
        Ok((lines, by_lot.finish(), by_body.finish()))
    }
}

/// What lines are made from besides the devices.
struct About<'a> {
    filter: Filter,
    basis: &'a Basis,
    means: &'a Means,
    fibre: Option<&'a Reference>,
    /// The Comuni as they were.
    territory: &'a Territory,
}

/// What the report is made from, on its way to another thread.
struct Gathered {
    issuer: String,
    snapshot: Option<Snapshot>,
    at: crate::clock::Instant,
    boundaries: Vec<Vec<(f64, f64)>>,
    basis: Basis,
    means: Means,
    fibre: Option<Reference>,
    lines: Vec<Line>,
    by_lot: Demanded,
    by_body: Demanded,
}

fn draw(mut gathered: Gathered) -> Result<Report> {
    let basis = &gathered.basis;
    let bodies: BTreeMap<_, _> = basis
        .bodies()
        .map(|(code, body)| (code.to_owned(), body.clone()))
        .collect();
    arrange(&mut gathered.lines, &bodies);
    spell_lots(&mut gathered.lines, &gathered.by_lot.lots);
    let names: BTreeSet<&str> = gathered
        .lines
        .iter()
        .map(|line| line.software.as_str())
        .collect();
    let products = names
        .into_iter()
        .map(|name| (name.to_owned(), product(basis, name)))
        .collect();
    let layers: Vec<Layer> = gathered.fibre.iter().map(layer).collect();
    let gates = basis.gates();
    let estimate = estimate(&gathered)?;
    Ok(compose(&Dossier {
        issuer: gathered.issuer,
        snapshot: gathered.snapshot.as_ref(),
        at: gathered.at,
        edition: &basis.edition,
        criteria: &basis.criteria,
        lines: &gathered.lines,
        bodies: &bodies,
        products: &products,
        gates: &gates,
        estimate: &estimate,
        layers: &layers,
        boundaries: &gathered.boundaries,
    }))
}

/// However it is spelled, a lot is one: as in the quantities, or else as it comes first.
fn spell_lots(lines: &mut [Line], known: &[String]) {
    let known = known.iter().map(|lot| (lot::key(lot), lot.clone()));
    let mut spelled: HashMap<String, String> = known.collect();
    for line in lines {
        let own = spelled.entry(lot::key(&line.lot));
        line.lot.clone_from(own.or_insert_with(|| line.lot.clone()));
    }
}

fn may_read(viewer: &Viewer) -> Result<()> {
    if viewer.reads_all() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "La relazione la legge chi legge tutto il censimento: validatori, osservatori e \
         amministratori.",
    ))
}

/// The accepted devices of a moment.
fn filter(viewer: &Viewer, asked: &Asked) -> Filter {
    let mut filter = Filter::of(viewer);
    filter.state = State::Accepted;
    if let Some(id) = asked.snapshot {
        filter.freeze(id);
    }
    filter
}

fn line(basis: &Basis, case: Case<'_>) -> Line {
    let (record, verdict) = (case.record, case.verdict);
    let text = |field| record.text(field).to_owned();
    let facts = basis.facts(record);
    let asked = to_ask(&basis.criteria, &facts, verdict, Some(Level::Necessary));
    Line {
        body: text(Field::Ente),
        code: text(Field::Codice),
        name: text(Field::Denominazione),
        comune: String::new(),
        site: text(Field::Sito),
        function: text(Field::Funzione),
        state: text(Field::Stato),
        installation: text(Field::Installazione),
        views: record.integer(Field::PuntiRipresa).unwrap_or(1),
        lot: case.lot.to_owned(),
        software: text(Field::Software),
        lon: record.number(Field::Lon).unwrap_or_default(),
        lat: record.number(Field::Lat).unwrap_or_default(),
        fibre_m: None,
        reads: verdict.reads,
        outcome: verdict.outcome,
        answers: verdict.answers.clone(),
        lacking: asked.into_keys().collect(),
    }
}

fn product(basis: &Basis, name: &str) -> Product {
    let Some(known) = basis.software(name) else {
        return Product::default();
    };
    let stated = known.present();
    let source = stated.filter(|stated| !stated.source.is_empty());
    Product {
        name: known.product().name.clone(),
        producer: known.product().producer.clone(),
        standing: known.standing().label().to_owned(),
        source: source.map_or_else(String::new, |stated| {
            let grade = Grade::named(&stated.grade);
            let grade = grade.map_or_else(String::new, |one| format!(" (grado {})", one.name()));
            format!("{}{grade}", stated.source)
        }),
    }
}

fn layer(reference: &Reference) -> Layer {
    let layer = &reference.layer;
    Layer {
        name: layer.name.clone(),
        kind: layer.kind.label().to_owned(),
        source: match layer.dated.parse::<Date>() {
            Ok(date) => format!(
                "{}, dati del {}",
                layer.source.trim_end_matches('.'),
                date.strftime("%d/%m/%Y")
            ),
            Err(_) => layer.source.trim_end_matches('.').to_owned(),
        },
        features: layer.features,
    }
}

/// The quantities and what they cost, as the report shows them.
fn estimate(gathered: &Gathered) -> Result<Estimate> {
    let means = &gathered.means;
    Ok(Estimate {
        prices: means.prices.as_ref().map(|(edition, _)| edition.clone()),
        lots: means.lots.as_ref().map(|(edition, _)| edition.clone()),
        by_lot: quantities(gathered, &gathered.by_lot)?,
        by_body: quantities(gathered, &gathered.by_body)?,
    })
}

fn quantities(gathered: &Gathered, demanded: &Demanded) -> Result<Vec<Quantity>> {
    let criteria = &gathered.basis.criteria;
    let estimate = gathered.means.estimate(criteria, demanded)?;
    let costs: HashMap<_, _> = estimate
        .iter()
        .flat_map(|estimate| &estimate.rows)
        .filter_map(|row| Some(((row.lot, row.remedy), row.cost.ok()?)))
        .collect();
    let rows = demanded.rows.iter().filter_map(|row| {
        let remedy = criteria.remedies.get(row.remedy)?;
        let cost = costs.get(&(row.lot, row.remedy));
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Some(Quantity {
            whose: demanded.lots.get(row.lot)?.clone(),
            remedy: remedy.name.clone(),
            unit: remedy.unit.label().to_owned(),
            certain: count(row.certain),
            possible: count(row.possible),
            price: cost.map(|(price, _)| (price.low, price.high)),
            amount: cost.map(|(_, amount)| (amount.low, amount.high)),
        })
    });
    Ok(rows.collect())
}
