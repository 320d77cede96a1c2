//! What the census needs for the tender: interventions by lot, and what they cost.
//!
//! [`Register::demand`] gives rows with numbers to page and file; the report goes the same road,
//! [`Means`], in its own pass over the devices. Criteria, prices and lots are those in force at the
//! moment of the filter, as they were known then, or those that are chosen; so an estimate of a
//! snapshot stays the same. Enforced by `tests/it/tender.rs`.

use super::compatibility::Basis;
use super::edition::{NOT_HERE, lots_of, may_read, parsed};
use super::journal::Note;
use super::{Error, Register, Result};
use crate::census::collation::italian;
use crate::census::criterion::{Criteria, Remedy, Subject as Counted};
use crate::census::edition::{Edition, Kind};
use crate::census::estimate::{Estimate, WITHOUT_VAT};
use crate::census::filter::Filter;
use crate::census::intervention::{Case, Demand, Demanded, Selection};
use crate::census::journal::Act;
use crate::census::lot::{self, Lots};
use crate::census::person::Viewer;
use crate::census::price::{self, PriceList};
use crate::census::record::Record;
use crate::census::rules::Bodies;
use crate::census::table::Fault;
use crate::census::verdict::Verdict;
use crate::census::vocabulary::{Field, UNKNOWN};
use crate::clock::Instant;
use crate::exchange::listing::{self, Cell, Sheet};
use crate::exchange::source::SourceError;
use crate::storage::Unit;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use uuid::Uuid;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of which devices, at which moment.
    pub filter: Filter,
    /// Which of them, and by which criteria.
    pub selection: Selection,
    /// These criteria instead of those in force.
    pub criteria: Option<Uuid>,
    /// This price list instead of the one in force.
    pub prices: Option<Uuid>,
    /// This division in lots instead of the one in force.
    pub lots: Option<Uuid>,
}

impl Asked {
    /// Everything that a filter finds, by what is in force.
    #[must_use]
    pub fn of(filter: Filter) -> Self {
        Self {
            filter,
            selection: Selection::default(),
            criteria: None,
            prices: None,
            lots: None,
        }
    }

    /// The editions that are chosen instead of those in force, for the history.
    fn chosen(&self) -> String {
        chosen(&[
            ("criteri", self.criteria),
            ("prezzi", self.prices),
            ("lotti", self.lots),
        ])
    }

    /// The same of the whole census, without a selection: what a selection is compared with.
    #[must_use]
    pub fn whole(&self) -> Self {
        let mut filter = Filter::of(self.filter.viewer());
        filter.state = self.filter.state;
        filter.moment = self.filter.moment;
        Self {
            filter,
            selection: Selection::default(),
            ..self.clone()
        }
    }
}

/// What the census needs, in numbers.
#[derive(Debug)]
pub struct Tender {
    /// The criteria as they were loaded.
    pub edition: Edition,
    /// The criteria, whose interventions and criteria the rows name by their place.
    pub criteria: Criteria,
    /// The price list; none when none is in force.
    pub prices: Option<(Edition, PriceList)>,
    /// The division in lots; none when none is in force, and then lots are those said by hand.
    pub lots: Option<(Edition, Lots)>,
    /// The instant; nothing for now.
    pub at: Option<Instant>,
    /// The day of the verdicts, ISO 8601.
    pub day: String,
    /// Which devices, and by which criteria.
    pub selection: Selection,
    /// The quantities.
    pub demanded: Demanded,
    /// Devices that the selection left out.
    pub left_out: u64,
    /// What they cost; none without a price list.
    pub estimate: Option<Estimate>,
}

/// What is behind a quantity: one of its units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectBehind {
    /// The lot in which it counts; empty when it has none.
    pub lot: String,
    /// What it is, in words.
    pub name: String,
    /// Whether a criterion is not met of one of its devices.
    pub certain: bool,
    /// Its devices.
    pub devices: Vec<DeviceBehind>,
}

/// A device behind a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceBehind {
    /// Its identifier.
    pub id: Uuid,
    /// The body's own code for it.
    pub code: String,
    /// The name of its body.
    pub body: String,
    /// Its body's code.
    pub body_code: String,
    /// Its site; may be empty.
    pub site: String,
    /// The identifiers of the criteria that are not met.
    pub unmet: Vec<String>,
    /// Of those that are not known.
    pub unknown: Vec<String>,
}

/// An intervention and all that is behind it.
#[derive(Debug)]
pub struct Behind {
    /// The intervention.
    pub remedy: Remedy,
    /// Everything else that is needed.
    pub tender: Tender,
    /// Its units, by lot and name.
    pub units: Vec<SubjectBehind>,
}

/// As which file an estimate leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Csv,
    /// A workbook.
    Xlsx,
}

/// Why a file is not loaded.
#[derive(Debug)]
pub enum Refused {
    /// What is wrong, by line.
    Faults(Vec<Fault>),
    /// What is wrong with the whole.
    Because(Error),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Because(error.into())
    }
}

impl From<SourceError> for Refused {
    fn from(error: SourceError) -> Self {
        Self::Because(Error::Invalid(error.to_string()))
    }
}

impl Register {
    /// What the devices of a filter need, and beside it, when the filter or the selection leaves
    /// something out, what the whole census needs. Only for whoever reads everything.
    pub async fn demand(&self, asked: &Asked) -> Result<(Tender, Option<Tender>)> {
        may_read(asked.filter.viewer(), Kind::Prices)?;
        self.past(&asked.filter).await?;
        let _turn = self.turn().await?;
        let whole = asked.whole();
        let differs = asked.filter != whole.filter || asked.selection != whole.selection;
        let mut unit = self.store.read().await?;
        let chosen = self.gather(&mut unit, asked, None).await?.tender;
        let whole = if differs {
            Some(self.gather(&mut unit, &whole, None).await?.tender)
        } else {
            None
        };
        drop(unit);
        let how = format!("interventi{}", asked.chosen());
        self.note_filter(&asked.filter, &how).await?;
        Ok((chosen, whole))
    }

    /// The units and devices behind an intervention. Only for whoever reads everything.
    pub async fn behind(&self, asked: &Asked, remedy: &str) -> Result<Behind> {
        may_read(asked.filter.viewer(), Kind::Prices)?;
        self.past(&asked.filter).await?;
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let gathered = self.gather(&mut unit, asked, Some(remedy)).await?;
        drop(unit);
        let how = format!("intervento {remedy}{}", asked.chosen());
        self.note_filter(&asked.filter, &how).await?;
        gathered.behind(remedy).ok_or(NO_REMEDY)
    }

    /// Writes what [`Register::demand`] gives to an empty file, and notes that it left.
    pub async fn write_tender(
        &self,
        asked: &Asked,
        format: Format,
        mut sink: impl Write + Send,
    ) -> Result<()> {
        let (tender, _) = self.demand(asked).await?;
        let sheets = tender.sheets();
        let name = match format {
            Format::Csv => {
                if let Some(sheet) = sheets.first() {
                    listing::delimited(sheet, &mut sink)?;
                }
                "stima.csv"
            }
            Format::Xlsx => {
                listing::workbook("Interventi e stima", &sheets, &mut sink)?;
                "stima.xlsx"
            }
        };
        let body = asked.filter.wanted(Field::Ente);
        let note = Note {
            act: Act::Exported,
            body: Some(body).filter(|body| !body.is_empty()),
            subject: name,
            detail: &format!("{}{}", asked.filter.in_short(), asked.chosen()),
        };
        self.leave_note(&asked.filter.viewer().account, note).await
    }

    /// The criteria in force today, with the interventions that price lists name.
    pub async fn criteria_today(&self, viewer: &Viewer) -> Result<Criteria> {
        let mut unit = self.store.read().await?;
        Ok(self
            .basis(&mut unit, &Filter::of(viewer), None)
            .await?
            .criteria)
    }

    /// Reads a price list without keeping it.
    pub async fn read_prices(
        &self,
        viewer: &Viewer,
        name: &str,
        file: File,
    ) -> Result<PriceList, Refused> {
        may_read(viewer, Kind::Prices)?;
        let criteria = self.criteria_today(viewer).await?;
        let table = listing::read(name, file, &price::COLUMNS)?;
        PriceList::read(&table, &criteria.remedies).map_err(Refused::Faults)
    }

    /// Reads a division in lots without keeping it.
    pub async fn read_lots(
        &self,
        viewer: &Viewer,
        name: &str,
        file: File,
    ) -> Result<Lots, Refused> {
        may_read(viewer, Kind::Prices)?;
        let bodies = self.store.read().await?.bodies().await?.into_iter();
        let bodies = Bodies::new(bodies.map(|body| (body.code, body.name)));
        let table = listing::read(name, file, &lot::COLUMNS)?;
        Lots::read(&table, &self.territory, &bodies).map_err(Refused::Faults)
    }

    /// A price list to fill in: the interventions of the criteria in force, without prices.
    pub async fn price_template(&self, viewer: &Viewer) -> Result<Sheet> {
        may_read(viewer, Kind::Prices)?;
        let criteria = self.criteria_today(viewer).await?;
        let row = |remedy: &Remedy| {
            let cells = [&remedy.id, remedy.unit.name(), "", "", "", &remedy.name];
            cells.map(Cell::text).into()
        };
        Ok(Sheet {
            name: "Prezzi",
            columns: price::COLUMNS
                .iter()
                .map(|column| (column.name, 20))
                .collect(),
            rows: criteria.remedies.iter().map(row).collect(),
        })
    }

    /// A division in lots to fill in: every Comune that is covered, without a lot.
    pub fn lot_template(&self, viewer: &Viewer) -> Result<Sheet> {
        may_read(viewer, Kind::Lots)?;
        let covered = self.territory.municipalities().iter();
        let covered = covered.filter(|one| one.covered);
        let mut names: Vec<&str> = covered.map(|one| one.name.as_str()).collect();
        names.sort_by(|left, right| italian(left, right));
        let row = |name: &str| ["", name, ""].map(Cell::text).into();
        Ok(Sheet {
            name: "Lotti",
            columns: vec![("lotto", 14), ("comune", 34), ("zona", 20)],
            rows: names.into_iter().map(row).collect(),
        })
    }

    async fn gather(
        &self,
        unit: &mut Unit,
        asked: &Asked,
        watched: Option<&str>,
    ) -> Result<Gathered> {
        let basis = self.basis(unit, &asked.filter, asked.criteria).await?;
        let means = self.means(unit, asked.prices, asked.lots, basis.at).await?;
        let place = match watched {
            None => None,
            Some(id) => Some(
                basis
                    .criteria
                    .remedies
                    .iter()
                    .position(|remedy| remedy.id == id)
                    .ok_or(NO_REMEDY)?,
            ),
        };
        let names = means.division().names();
        let mut demand = Demand::new(&basis.criteria, asked.selection, place).with_lots(names);
        let mut left_out = 0;
        let mut seen: HashMap<Uuid, Seen> = HashMap::new();
        let fields = [Field::Lotto, Field::Comune, Field::Stato, Field::Codice];
        let selection = asked.selection;
        self.each_verdict(
            unit,
            &asked.filter,
            &basis,
            &fields,
            |device, _, record, verdict| {
                if !selection.takes(record, basis.body(record.text(Field::Ente))) {
                    left_out += 1;
                    return;
                }
                if demand.add(means.case(&basis, device, record, verdict)) {
                    seen.insert(device, Seen::of(record, &basis));
                }
            },
        )
        .await?;
        let demanded = demand.finish();
        let estimate = means.estimate(&basis.criteria, &demanded)?;
        let tender = Tender {
            prices: means.prices,
            lots: means.lots,
            at: basis.at,
            day: basis.day,
            edition: basis.edition,
            criteria: basis.criteria,
            selection,
            demanded,
            left_out,
            estimate,
        };
        Ok(Gathered { tender, seen })
    }

    /// The prices and lots that are chosen, or those in force at an instant.
    pub(super) async fn means(
        &self,
        unit: &mut Unit,
        prices: Option<Uuid>,
        lots: Option<Uuid>,
        at: Option<Instant>,
    ) -> Result<Means> {
        let prices = self.chosen(unit, Kind::Prices, prices, at).await?;
        let lots = self.chosen(unit, Kind::Lots, lots, at).await?;
        Ok(Means {
            prices: parsed(prices, PriceList::stored)?,
            lots: parsed(lots, Lots::stored)?,
        })
    }

    /// The edition that is chosen, or the one in force at an instant.
    async fn chosen(
        &self,
        unit: &mut Unit,
        kind: Kind,
        id: Option<Uuid>,
        at: Option<Instant>,
    ) -> Result<Option<Edition>> {
        let Some(id) = id else {
            return self.edition_then(unit, kind, at).await;
        };
        let found = unit.edition(id).await?;
        let found = found.filter(|edition| edition.kind == kind);
        found.map(Some).ok_or(NOT_HERE)
    }
}

/// What quantities are made of besides verdicts.
#[derive(Debug)]
pub(super) struct Means {
    /// The price list; none when none is in force.
    pub prices: Option<(Edition, PriceList)>,
    /// The division in lots; none when none is in force.
    pub lots: Option<(Edition, Lots)>,
}

impl Means {
    /// The lots.
    pub fn division(&self) -> &Lots {
        lots_of(self.lots.as_ref())
    }

    /// A judged device, in its lot.
    pub fn case<'a>(
        &'a self,
        basis: &'a Basis,
        device: Uuid,
        record: &'a Record,
        verdict: &'a Verdict,
    ) -> Case<'a> {
        Case {
            device,
            record,
            software: software(basis, record),
            model: model(basis, record),
            verdict,
            lot: self.division().of(record),
        }
    }

    /// What quantities cost; nothing without a price list.
    pub fn estimate(&self, criteria: &Criteria, demanded: &Demanded) -> Result<Option<Estimate>> {
        let prices = self.prices.as_ref();
        let estimate = prices.map(|(_, prices)| Estimate::of(criteria, demanded, prices));
        estimate
            .transpose()
            .map_err(|error| Error::Invalid(error.to_string()))
    }
}

/// What is chosen instead of what is in force, for the history: ` criteri=… prezzi=…`.
pub(super) fn chosen(choices: &[(&str, Option<Uuid>)]) -> String {
    let made = choices.iter();
    made.filter_map(|(name, id)| Some(format!(" {name}={}", (*id)?)))
        .collect()
}

const NO_REMEDY: Error = Error::NotFound("Nei criteri non c’è questo intervento.");

/// The software of a device, as the catalogue calls it where it is known there.
fn software<'a>(basis: &'a Basis, record: &'a Record) -> &'a str {
    match record.text(Field::Software) {
        UNKNOWN => "",
        name => basis
            .software(name)
            .map_or(name, |known| known.product().name.as_str()),
    }
}

/// Make and model of a device, likewise.
fn model<'a>(basis: &'a Basis, record: &'a Record) -> (&'a str, &'a str) {
    basis.model(record).map_or_else(
        || (record.text(Field::Marca), record.text(Field::Modello)),
        |known| (known.make.as_str(), known.model.as_str()),
    )
}

/// What a page says of a device behind a quantity.
struct Seen {
    code: String,
    body_code: String,
    body: String,
    site: String,
    software: String,
    model: String,
}

impl Seen {
    fn of(record: &Record, basis: &Basis) -> Self {
        let text = |field| record.text(field);
        let body = text(Field::Ente);
        Self {
            code: text(Field::Codice).to_owned(),
            body_code: body.to_owned(),
            body: basis
                .body(body)
                .map_or_else(|| body.to_owned(), |about| about.name.clone()),
            site: text(Field::Sito).to_owned(),
            software: software(basis, record).to_owned(),
            model: format!("{} {}", model(basis, record).0, model(basis, record).1)
                .trim()
                .to_owned(),
        }
    }

    /// The unit that the device belongs to, in words.
    fn unit(&self, unit: Counted) -> String {
        let of_body = |what: &str| format!("{what} ({})", self.body);
        match unit {
            Counted::Device => of_body(&self.code),
            Counted::Site if self.site.is_empty() => of_body(&format!("{}, senza sito", self.code)),
            Counted::Site => of_body(&self.site),
            Counted::Body => self.body.clone(),
            Counted::Product if self.software.is_empty() => of_body("Software non indicato"),
            Counted::Product => self.software.clone(),
            Counted::Model if self.model.is_empty() => of_body("Modello non indicato"),
            Counted::Model => self.model.clone(),
            Counted::Territory => "Tutto il territorio".to_owned(),
        }
    }
}

struct Gathered {
    tender: Tender,
    seen: HashMap<Uuid, Seen>,
}

impl Gathered {
    fn behind(self, remedy: &str) -> Option<Behind> {
        let tender = self.tender;
        let remedy = tender.criteria.remedy(remedy)?.clone();
        let ids = |places: &[usize]| -> Vec<String> {
            let criteria = &tender.criteria.criteria;
            let found = places.iter().filter_map(|place| criteria.get(*place));
            found.map(|criterion| criterion.id.clone()).collect()
        };
        let mut units: Vec<SubjectBehind> = Vec::new();
        let mut last = None;
        for one in &tender.demanded.behind {
            let seen = self.seen.get(&one.device)?;
            if last != Some((one.lot, &one.unit)) {
                last = Some((one.lot, &one.unit));
                units.push(SubjectBehind {
                    lot: tender.demanded.lots.get(one.lot)?.clone(),
                    name: seen.unit(remedy.unit),
                    certain: false,
                    devices: Vec::new(),
                });
            }
            let unit = units.last_mut()?;
            unit.certain |= one.certain;
            unit.devices.push(DeviceBehind {
                id: one.device,
                code: seen.code.clone(),
                body: seen.body.clone(),
                body_code: seen.body_code.clone(),
                site: seen.site.clone(),
                unmet: ids(&one.unmet),
                unknown: ids(&one.unknown),
            });
        }
        units.sort_by(|left, right| {
            lot::order(&left.lot, &right.lot).then_with(|| italian(&left.name, &right.name))
        });
        for unit in &mut units {
            unit.devices.sort_by(|left, right| {
                italian(&left.body, &right.body).then_with(|| italian(&left.code, &right.code))
            });
        }
        Some(Behind {
            remedy,
            tender,
            units,
        })
    }
}

impl Tender {
    /// The name of a lot by its place, as people read it.
    #[must_use]
    pub fn lot(&self, place: usize) -> &str {
        self.demanded
            .lots
            .get(place)
            .map_or(lot::NONE, |name| lot::label(name))
    }

    /// What the estimate rests on, in words: a name and what it is.
    #[must_use]
    pub fn basis(&self) -> Vec<(&'static str, String)> {
        let named = |edition: &Edition| format!("«{}» ({})", edition.name, edition.sha256);
        let none = || "nessuna".to_owned();
        let [working, signed, advised] = self.selection.chosen();
        let chosen: Vec<&str> = [working, signed, advised]
            .into_iter()
            .zip(Selection::LABELS)
            .filter_map(|(chosen, label)| chosen.then_some(label))
            .collect();
        let prices = self.prices.as_ref().map(|(edition, _)| named(edition));
        let lots = self.lots.as_ref().map(|(edition, _)| named(edition));
        let number = |number: u64| number.to_string();
        vec![
            ("Criteri", named(&self.edition)),
            (
                "Elenco prezzi",
                prices.unwrap_or_else(|| "nessuno".to_owned()),
            ),
            ("Divisione in lotti", lots.unwrap_or_else(none)),
            ("Giorno degli esiti", self.day.clone()),
            (
                "Selezione",
                if chosen.is_empty() {
                    none()
                } else {
                    chosen.join("; ")
                },
            ),
            ("Dispositivi considerati", number(self.demanded.counted)),
            (
                "Già collegati, non contati",
                number(self.demanded.connected),
            ),
            ("Non applicabile, non contati", number(self.demanded.beside)),
            (
                "Non è noto se leggono targhe, non contati",
                number(self.demanded.unsure),
            ),
            ("Lasciati fuori dalla selezione", number(self.left_out)),
            ("IVA", WITHOUT_VAT.to_owned()),
        ]
    }

    /// The estimate as sheets: rows, sums of lots, what it rests on.
    #[must_use]
    pub fn sheets(&self) -> Vec<Sheet> {
        let rows = (0..self.demanded.rows.len()).filter_map(|place| self.cells(place));
        let mut sheets = vec![Sheet {
            name: "Interventi",
            columns: vec![
                ("lotto", 14),
                ("intervento", 16),
                ("descrizione", 48),
                ("unita", 12),
                ("quantita_certa", 14),
                ("quantita_possibile", 16),
                ("prezzo_minimo", 16),
                ("prezzo_massimo", 16),
                ("importo_minimo", 18),
                ("importo_massimo", 18),
                ("dispositivi_certi", 14),
                ("dispositivi_possibili", 16),
                ("criteri", 30),
            ],
            rows: rows.collect(),
        }];
        if let Some(estimate) = &self.estimate {
            let sum =
                |name: &str, low, high| vec![Cell::text(name), Cell::Euro(low), Cell::Euro(high)];
            let lots = estimate.lots.iter();
            let mut rows: Vec<_> = lots
                .map(|(place, range)| sum(self.lot(*place), range.low, range.high))
                .collect();
            rows.push(sum("Totale", estimate.total.low, estimate.total.high));
            sheets.push(Sheet {
                name: "Totali",
                columns: vec![
                    ("lotto", 20),
                    ("importo_minimo", 20),
                    ("importo_massimo", 20),
                ],
                rows,
            });
        }
        let basis = self.basis().into_iter();
        sheets.push(Sheet {
            name: "Base",
            columns: vec![("voce", 34), ("valore", 90)],
            rows: basis
                .map(|(name, value)| vec![Cell::text(name), Cell::text(value)])
                .collect(),
        });
        sheets
    }

    fn cells(&self, place: usize) -> Option<Vec<Cell>> {
        let row = self.demanded.rows.get(place)?;
        let remedy = self.criteria.remedies.get(row.remedy)?;
        let priced = self.estimate.as_ref().and_then(|one| one.rows.get(place));
        let cost = priced.and_then(|row| row.cost.ok());
        let euro = |cents: Option<i64>| cents.map_or_else(|| Cell::text(""), Cell::Euro);
        let criteria = row.criteria.keys();
        let criteria = criteria.filter_map(|place| self.criteria.criteria.get(*place));
        let criteria: Vec<&str> = criteria.map(|one| one.id.as_str()).collect();
        Some(vec![
            Cell::text(self.lot(row.lot)),
            Cell::text(&remedy.id),
            Cell::text(&remedy.name),
            Cell::text(remedy.unit.name()),
            Cell::Whole(row.certain),
            Cell::Whole(row.possible),
            euro(cost.map(|(price, _)| price.low)),
            euro(cost.map(|(price, _)| price.high)),
            euro(cost.map(|(_, amount)| amount.low)),
            euro(cost.map(|(_, amount)| amount.high)),
            Cell::Whole(row.certain_devices),
            Cell::Whole(row.devices),
            Cell::text(criteria.join(", ")),
        ])
    }
}
