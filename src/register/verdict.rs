//! Verdicts wherever people need them: of one device with whence its values come, of a draft, of a
//! body or a site, of the whole census counted, listed and as files, and what is not known.
//!
//! A verdict says what its body has signed, so it is for who may read that: the body's own officers
//! and who reads everything, even where a device is shown to other bodies. Everything goes through
//! [`Basis`]; a list, its counts and its file ask the same question. Enforced by
//! `tests/it/verdicts.rs` and `tests/it/access.rs`.

use super::adhesion::Seen as Recorded;
use super::compatibility::Basis;
use super::edition::lots_of;
use super::find::{self, Choices, Names};
use super::journal::Note;
use super::record::Seen;
use super::{Error, Register, Result};
use crate::census::adhesion::{ActKind, Contact, present, present_act};
use crate::census::criterion::{Criterion, Level};
use crate::census::fact::{Fact, Whom};
use crate::census::filter::{Edge, Filter, Slice, Sort};
use crate::census::intervention::Spellings;
use crate::census::journal::Act;
use crate::census::lot::Lots;
use crate::census::origin::{Declared, declared};
use crate::census::overview::{Lacks, Outcomes, Overview, to_ask};
use crate::census::person::Viewer;
use crate::census::record::Record;
use crate::census::verdict::{Answer, Outcome, Verdict};
use crate::census::vocabulary::Field;
use crate::census::window::{Key, Page, Window};
use crate::clock::Instant;
use crate::exchange::csv::write_table;
use crate::storage::Unit;
use crate::storage::device;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use uuid::Uuid;

/// How many devices are read at a time for a file.
const CHUNK: usize = 2_000;

/// A device judged, with whence its values come.
#[derive(Debug)]
pub struct Opened {
    /// What the verdict rests on.
    pub basis: Basis,
    /// The verdict.
    pub verdict: Verdict,
    /// Whence each fact comes that the criteria ask and that somebody stated.
    pub origins: BTreeMap<Fact, Origin>,
}

/// Whence a fact comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The device says it.
    Device(Declared),
    /// Somebody recorded it of the body.
    Body {
        /// The account of who did.
        author: String,
        /// When.
        at: Instant,
        /// The number of the act; may be empty.
        number: String,
        /// Its date, ISO 8601; may be empty.
        date: String,
        /// The document behind it, and what it is called.
        document: Option<(Uuid, String)>,
    },
    /// The kind of the site, or what else stands there; its page.
    Site(Uuid),
    /// The catalogue of software.
    Catalogue,
    /// The list of bodies of the installation.
    Installation,
}

/// The verdicts on the devices of a filter, counted.
#[derive(Debug)]
pub struct Surveyed {
    /// What they rest on.
    pub basis: Basis,
    /// The counts.
    pub overview: Overview,
    /// The division in lots that is in force: its name and identifier.
    pub division: Option<(String, Uuid)>,
    /// What the codes mean.
    pub names: Names,
    /// What may be chosen.
    pub choices: Choices,
}

/// Which verdicts are sought among those on the devices of a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// Those with this outcome.
    pub outcome: Option<Outcome>,
    /// Those where this criterion has this answer; any when there is none.
    pub criterion: Option<(String, Option<Answer>)>,
}

/// A device with its verdict, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The device.
    pub device: Uuid,
    /// Its name.
    pub name: String,
    /// The code of its Comune.
    pub municipality: String,
    /// What it does.
    pub function: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// A page of devices with their verdicts.
#[derive(Debug)]
pub struct Judged {
    /// What the verdicts rest on.
    pub basis: Basis,
    /// The page, by the code of the body and the device's own.
    pub page: Page<Row>,
    /// What the codes mean.
    pub names: Names,
    /// What may be chosen.
    pub choices: Choices,
}

/// What is not known of the devices of a filter.
#[derive(Debug)]
pub struct Lacking {
    /// What the verdicts rest on.
    pub basis: Basis,
    /// What is not known.
    pub lacks: Lacks,
    /// Whom to ring at the bodies, by code, as far as the person who asks may know.
    pub contacts: BTreeMap<String, Contact>,
    /// What the codes mean.
    pub names: Names,
    /// What may be chosen.
    pub choices: Choices,
}

/// One device, one draft, one body.
impl Register {
    /// What the criteria say of a device in the state and at the moment of the filter it was asked
    /// with; nothing for who may not know, and when no criteria are in force.
    pub async fn open_verdict(&self, filter: &Filter, seen: &Seen) -> Result<Option<Opened>> {
        let viewer = filter.viewer();
        let record = &seen.revision.record;
        if !viewer.reads_adhesion(record.text(Field::Ente)) {
            return Ok(None);
        }
        let narrow = around(filter, record);
        let mut unit = self.store.read().await?;
        let Some(basis) = self.basis_if_any(&mut unit, &narrow).await? else {
            return Ok(None);
        };
        let origins = self.origins(unit, viewer, &basis, seen).await?;
        Ok(Some(Opened {
            verdict: basis.judge(record),
            basis,
            origins,
        }))
    }

    /// What the criteria would say of a device with these values, of a body whose devices this
    /// person writes; nothing for any other, and when no criteria are in force.
    pub async fn judge_draft(
        &self,
        viewer: &Viewer,
        record: &Record,
    ) -> Result<Option<(Basis, Verdict)>> {
        if !viewer.writes(record.text(Field::Ente)) {
            return Ok(None);
        }
        let narrow = around(&Filter::working(viewer), record);
        let mut unit = self.store.read().await?;
        let basis = self.basis_if_any(&mut unit, &narrow).await?;
        Ok(basis.map(|basis| {
            let basis = basis.with_site_of(record);
            let verdict = basis.judge(record);
            (basis, verdict)
        }))
    }

    /// The verdicts on a body's devices, or on those of one site of it, counted; nothing for who
    /// may not know, and when no criteria are in force.
    pub async fn verdicts_at(
        &self,
        viewer: &Viewer,
        body: &str,
        site: Option<&str>,
    ) -> Result<Option<(Basis, Overview)>> {
        if !viewer.reads_adhesion(body) {
            return Ok(None);
        }
        let mut filter = Filter::of(viewer);
        filter.exact.push((Field::Ente, body.to_owned()));
        filter
            .exact
            .extend(site.map(|site| (Field::Sito, site.to_owned())));
        let _turn = match site {
            Some(_) => None,
            None => Some(self.turn().await?),
        };
        let mut unit = self.store.read().await?;
        let Some(basis) = self.basis_if_any(&mut unit, &filter).await? else {
            return Ok(None);
        };
        let overview = self
            .counted(&mut unit, &filter, &basis, &Lots::default())
            .await?;
        Ok(Some((basis, overview)))
    }

    async fn basis_if_any(&self, unit: &mut Unit, filter: &Filter) -> Result<Option<Basis>> {
        match self.basis(unit, filter, None).await {
            Ok(basis) => Ok(Some(basis)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whence the facts come that the criteria ask of a device.
    async fn origins(
        &self,
        mut unit: Unit,
        viewer: &Viewer,
        basis: &Basis,
        seen: &Seen,
    ) -> Result<BTreeMap<Fact, Origin>> {
        let record = &seen.revision.record;
        let body = record.text(Field::Ente);
        let reviews = unit.reviews_of_device(seen.revision.device).await?;
        let site = match record.text(Field::Sito) {
            "" => None,
            code => unit.site_with_code(body, code).await?,
        };
        drop(unit);
        let recorded = self.recorded(viewer, body, basis.at).await?;
        let facts = basis.facts(record);
        let mut origins = BTreeMap::new();
        for fact in basis.criteria.facts() {
            let origin = match fact {
                Fact::Device(field) => {
                    declared(&seen.history, &reviews, field, basis.at).map(Origin::Device)
                }
                Fact::SiteKind | Fact::SiteContext => {
                    site.as_ref().map(|site| Origin::Site(site.id))
                }
                Fact::ProductState
                | Fact::ProductKind
                | Fact::ProductStanding
                | Fact::ModelReading => facts.product.map(|_| Origin::Catalogue),
                Fact::BodyKind => Some(Origin::Installation),
                Fact::Today => None,
                _ => of_body(&recorded, fact),
            };
            origins.extend(origin.map(|origin| (fact, origin)));
        }
        Ok(origins)
    }
}

/// The filter that finds what stands around a device: its body and its site, in the same state at
/// the same moment.
fn around(filter: &Filter, record: &Record) -> Filter {
    let mut narrow = Filter::of(filter.viewer());
    narrow.state = filter.state;
    narrow.moment = filter.moment;
    for field in [Field::Ente, Field::Sito] {
        let value = record.text(field);
        if !value.is_empty() {
            narrow.exact.push((field, value.to_owned()));
        }
    }
    narrow
}

/// Who recorded what decides a fact about a body.
fn of_body(recorded: &Recorded, fact: Fact) -> Option<Origin> {
    let document = |id: Option<Uuid>| {
        let id = id?;
        let found = recorded.documents.iter().find(|one| one.id == id)?;
        Some((id, found.name.clone()))
    };
    let kind = match fact {
        Fact::Pact | Fact::PactDate | Fact::PactReaders | Fact::PactPlaces => ActKind::Pact,
        Fact::Approval | Fact::ApprovalDate => ActKind::Approval,
        Fact::Protocol | Fact::ProtocolDate => ActKind::Protocol,
        Fact::Assessment | Fact::AssessmentDate => ActKind::Assessment,
        Fact::Regulation => ActKind::Regulation,
        Fact::Server => ActKind::Server,
        Fact::Adhesion => {
            let (_, step) = present(&recorded.steps)?;
            return Some(Origin::Body {
                author: step.author.clone(),
                at: step.recorded_at,
                number: step.number.clone(),
                date: step.date.clone(),
                document: document(step.document),
            });
        }
        Fact::Fibre => {
            let seat = recorded.seats.last()?;
            return Some(Origin::Body {
                author: seat.author.clone(),
                at: seat.recorded_at,
                number: String::new(),
                date: seat.fibre_date.clone(),
                document: document(seat.document),
            });
        }
        _ => return None,
    };
    let act = present_act(&recorded.acts, kind)?;
    Some(Origin::Body {
        author: act.author.clone(),
        at: act.recorded_at,
        number: act.number.clone(),
        date: act.date.clone(),
        document: document(act.document),
    })
}

/// Many devices.
impl Register {
    /// The verdicts on the devices of a filter, counted.
    pub async fn survey(&self, filter: &Filter) -> Result<Surveyed> {
        self.past(filter).await?;
        let filter = knowable(filter);
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let basis = self.basis(&mut unit, &filter, None).await?;
        let division = self.division(&mut unit, basis.at).await?;
        let lots = lots_of(division.as_ref());
        let overview = self.counted(&mut unit, &filter, &basis, lots).await?;
        let division = division.map(|(edition, _)| (edition.name, edition.id));
        let (names, choices) = self.offered(&mut unit, &filter).await?;
        drop(unit);
        self.note_filter(&filter, "compatibilità").await?;
        Ok(Surveyed {
            basis,
            overview,
            division,
            names,
            choices,
        })
    }

    async fn counted(
        &self,
        unit: &mut Unit,
        filter: &Filter,
        basis: &Basis,
        lots: &Lots,
    ) -> Result<Overview> {
        let mut overview = Overview::of(&basis.criteria, lots.names());
        self.each_verdict(unit, filter, basis, &IN_A_LOT, |_, _, record, verdict| {
            overview.add(record, verdict, lots.of(record));
        })
        .await?;
        Ok(overview)
    }

    /// A page of the devices of a filter with the verdicts that are sought, by the code of the body
    /// and the device's own.
    pub async fn judged(
        &self,
        filter: &Filter,
        sought: &Sought,
        from: Option<(Edge, Key)>,
        size: usize,
    ) -> Result<Judged> {
        self.past(filter).await?;
        let filter = knowable(filter);
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let basis = self.basis(&mut unit, &filter, None).await?;
        let place = sought.place(&basis)?;
        let mut window = Window::new(from, size);
        let fields = [
            Field::Codice,
            Field::Denominazione,
            Field::Comune,
            Field::Funzione,
        ];
        self.each_verdict(
            &mut unit,
            &filter,
            &basis,
            &fields,
            |device, _, record, verdict| {
                if !sought.takes(place, verdict) {
                    return;
                }
                let text = |field| record.text(field).to_owned();
                let (body, code) = (record.text(Field::Ente), record.text(Field::Codice));
                window.offer(body, code, device, || Row {
                    device,
                    name: text(Field::Denominazione),
                    municipality: text(Field::Comune),
                    function: text(Field::Funzione),
                    verdict: verdict.clone(),
                });
            },
        )
        .await?;
        let (names, choices) = self.offered(&mut unit, &filter).await?;
        drop(unit);
        self.note_filter(&filter, "elenco con la compatibilità")
            .await?;
        Ok(Judged {
            basis,
            page: window.finish(),
            names,
            choices,
        })
    }

    /// What is not known of the devices of a filter, for criteria of one level or of all.
    pub async fn lacking(&self, filter: &Filter, level: Option<Level>) -> Result<Lacking> {
        self.past(filter).await?;
        let filter = knowable(filter);
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let basis = self.basis(&mut unit, &filter, None).await?;
        let mut lacks = Lacks::default();
        self.each_verdict(&mut unit, &filter, &basis, &[], |_, _, record, verdict| {
            let facts = basis.facts(record);
            lacks.add(record, &to_ask(&basis.criteria, &facts, verdict, level));
        })
        .await?;
        let (names, choices) = self.offered(&mut unit, &filter).await?;
        let mut contacts = BTreeMap::new();
        for (body, _) in lacks.of(Whom::Body) {
            if filter.viewer().reads_contact(body)
                && let Some(contact) = unit.contact(body).await?
            {
                contacts.insert(body.to_owned(), contact);
            }
        }
        drop(unit);
        self.note_filter(&filter, "informazioni mancanti").await?;
        Ok(Lacking {
            basis,
            lacks,
            contacts,
            names,
            choices,
        })
    }

    /// What may be chosen in the filters of a page, and what the codes mean.
    pub async fn choices(&self, filter: &Filter) -> Result<(Names, Choices)> {
        let mut unit = self.store.read().await?;
        self.offered(&mut unit, &knowable(filter)).await
    }

    async fn offered(&self, unit: &mut Unit, filter: &Filter) -> Result<(Names, Choices)> {
        let mut everything = filter.clone();
        everything.text.clear();
        everything.exact.clear();
        everything.open = None;
        let names = self.names_in(unit).await?;
        let choices = find::choices(&names, unit.occurring(&everything).await?);
        Ok((names, choices))
    }
}

impl Sought {
    /// Where the criterion stands in the set.
    fn place(&self, basis: &Basis) -> Result<Option<usize>> {
        let Some((id, _)) = &self.criterion else {
            return Ok(None);
        };
        let mut criteria = basis.criteria.criteria.iter();
        let place = criteria.position(|one| one.id == *id).ok_or_else(|| {
            let known: Vec<&str> = ids(basis).collect();
            Error::Invalid(format!(
                "Tra i criteri in vigore non c’è «{}»: sono {}.",
                id.chars().take(40).collect::<String>(),
                known.join(", ")
            ))
        })?;
        Ok(Some(place))
    }

    fn takes(&self, place: Option<usize>, verdict: &Verdict) -> bool {
        let wanted = self.criterion.as_ref().and_then(|(_, answer)| *answer);
        self.outcome.is_none_or(|one| one == verdict.outcome)
            && match (place, wanted) {
                (Some(place), Some(answer)) => verdict.answers.get(place) == Some(&answer),
                _ => true,
            }
    }
}

/// The same question about the devices alone whose verdict this person may know.
fn knowable(filter: &Filter) -> Filter {
    let mut filter = filter.clone();
    filter.own |= !filter.viewer().reads_all();
    filter
}

fn ids(basis: &Basis) -> impl Iterator<Item = &str> {
    basis.criteria.criteria.iter().map(|one| &*one.id)
}

type Cells<'a> = Vec<Cow<'a, str>>;

/// Files.
impl Register {
    /// Writes the counts by body as a table.
    pub async fn write_survey(&self, filter: &Filter, sink: File) -> Result<()> {
        let surveyed = self.survey(filter).await?;
        let basis = &surveyed.basis;
        let fixed = ["ente", "nome_ente", "lettori"].into_iter();
        let outcomes = Outcome::ALL.map(Outcome::name).into_iter();
        let header = fixed.chain(outcomes).chain(["esito", "criteri", "giorno"]);
        let rows = surveyed.overview.bodies.rows().into_iter();
        let rows = rows.map(|(code, counts)| {
            let name = surveyed.names.words(Field::Ente, code);
            let mut cells: Cells<'_> = vec![code.into(), name.into()];
            cells.extend(figures(counts));
            cells.push(counts.worst().name().into());
            cells.extend(source(basis));
            cells
        });
        let mut sink = BufWriter::new(sink);
        write_table(&mut sink, true, [header.map(Cow::from).collect()])?;
        write_table(&mut sink, false, rows)?;
        sink.flush()?;
        self.note_file(filter, "compatibilita.csv").await
    }

    /// Writes the devices of a filter with the verdicts that are sought as a table, by the code of
    /// the body and the device's own: a column for each criterion.
    pub async fn write_judged(&self, filter: &Filter, sought: &Sought, sink: File) -> Result<()> {
        self.past(filter).await?;
        let asked = knowable(filter);
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let basis = self.basis(&mut unit, &asked, None).await?;
        let place = sought.place(&basis)?;
        let names = self.names_in(&mut unit).await?;
        let division = self.division(&mut unit, basis.at).await?;
        let lots = lots_of(division.as_ref());
        let mut spelled = Spellings::of(lots.names());
        unit.each_asked(&asked, &IN_A_LOT, |_, _, record| {
            spelled.place(lots.of(record));
        })
        .await?;
        let mut sink = BufWriter::new(sink);
        let fixed = COLUMNS.map(Field::name).into_iter();
        let fixed = fixed.chain(["nome_ente", "esito"]);
        let header = fixed.chain(ids(&basis)).chain(["criteri", "giorno"]);
        write_table(&mut sink, true, [header.map(Cow::from).collect()])?;
        each_chunk(&mut unit, &asked, |records| {
            let judged = records.iter().map(|record| (record, basis.judge(record)));
            let rows = judged
                .filter(|(_, verdict)| sought.takes(place, verdict))
                .map(|(record, verdict)| {
                    let mut cells: Cells<'_> = COLUMNS
                        .iter()
                        .map(|field| match field {
                            Field::Lotto => spelled.spelled(lots.of(record)).to_owned().into(),
                            field => record.plain(*field).into(),
                        })
                        .collect();
                    let body = names.words(Field::Ente, record.text(Field::Ente));
                    cells.push(body.into());
                    cells.push(verdict.outcome.name().into());
                    cells.extend(verdict.answers.iter().map(|one| Cow::from(one.name())));
                    cells.extend(source(&basis));
                    cells
                });
            Ok(write_table(&mut sink, false, rows)?)
        })
        .await?;
        sink.flush()?;
        drop(unit);
        self.note_file(filter, "dispositivi_compatibilita.csv")
            .await
    }

    /// Writes what is not known as a table, by body: of each device what it lacks itself, and once
    /// for all devices what is about their body, software or model.
    pub async fn write_lacking(
        &self,
        filter: &Filter,
        level: Option<Level>,
        sink: File,
    ) -> Result<()> {
        self.past(filter).await?;
        let asked = knowable(filter);
        let _turn = self.turn().await?;
        let mut unit = self.store.read().await?;
        let basis = self.basis(&mut unit, &asked, None).await?;
        let names = self.names_in(&mut unit).await?;
        let mut sink = BufWriter::new(sink);
        let header = [
            "a_chi",
            "ente",
            "nome_ente",
            "codice",
            "oggetto",
            "dato",
            "nome_dato",
            "criteri",
            "dispositivi",
        ];
        write_table(&mut sink, true, [header.map(Cow::from).to_vec()])?;
        let mut shared = Lacks::default();
        each_chunk(&mut unit, &asked, |records| {
            let mut rows = Vec::new();
            for record in records {
                let facts = basis.facts(record);
                let verdict = basis.judge(record);
                let lacks = to_ask(&basis.criteria, &facts, &verdict, level);
                let (own, common): (BTreeMap<_, _>, BTreeMap<_, _>) =
                    lacks.into_iter().partition(|(fact, _)| is_its_own(*fact));
                shared.add(record, &common);
                let body = record.text(Field::Ente);
                rows.extend(own.iter().filter_map(|(fact, places)| {
                    let code = record.text(Field::Codice);
                    row_of(&basis, &names, body, (code, ""), (*fact, places, 1))
                }));
            }
            Ok(write_table(&mut sink, false, rows)?)
        })
        .await?;
        for whom in Whom::ALL {
            for (subject, facts) in shared.of(whom) {
                let (body, about) = match whom {
                    Whom::Body => (subject, ""),
                    Whom::Maker | Whom::Coordinator => ("", subject),
                };
                let rows = facts.iter().filter_map(|(fact, lack)| {
                    let what = (*fact, &lack.criteria, lack.devices);
                    row_of(&basis, &names, body, ("", about), what)
                });
                write_table(&mut sink, false, rows)?;
            }
        }
        sink.flush()?;
        drop(unit);
        self.note_file(filter, "informazioni_mancanti.csv").await
    }

    async fn note_file(&self, filter: &Filter, name: &str) -> Result<()> {
        let body = filter.wanted(Field::Ente);
        let detail = format!("esiti di compatibilità {}", filter.in_short());
        let note = Note {
            act: Act::Exported,
            body: Some(body).filter(|body| !body.is_empty()),
            subject: name,
            detail: detail.trim_end(),
        };
        self.leave_note(&filter.viewer().account, note).await
    }
}

/// Calls a function with the records of the devices of a filter, so many at a time, by the code
/// of the body and their own.
async fn each_chunk(
    unit: &mut Unit,
    filter: &Filter,
    mut take: impl FnMut(&[Record]) -> Result<()> + Send,
) -> Result<()> {
    let mut slice = Slice {
        sort: Sort::Code,
        from: None,
        size: CHUNK,
    };
    loop {
        let listed = unit.devices(filter, &slice).await?;
        let last = listed.rows.last();
        slice.from = last.map(|last| (Edge::After, device::key(slice.sort, last)));
        let records: Vec<Record> = listed.rows.into_iter().map(|one| one.record).collect();
        take(&records)?;
        if !listed.after {
            return Ok(());
        }
    }
}

/// The attributes that decide in which lot a device is.
const IN_A_LOT: [Field; 3] = [Field::Ente, Field::Comune, Field::Lotto];

/// The attributes that tell of a device in the file of verdicts; its lot is that of the tender.
const COLUMNS: [Field; 10] = [
    Field::Ente,
    Field::Codice,
    Field::Denominazione,
    Field::Comune,
    Field::Sito,
    Field::Funzione,
    Field::Stato,
    Field::Software,
    Field::Lotto,
    Field::StatoScntt,
];

/// The readers and every outcome, as figures.
fn figures<'a>(counts: Outcomes) -> impl Iterator<Item = Cow<'a, str>> {
    let outcomes = Outcome::ALL.map(|outcome| counts.of(outcome));
    std::iter::once(counts.readers())
        .chain(outcomes)
        .map(|number| Cow::from(number.to_string()))
}

/// By which criteria and of which day a verdict is.
fn source<'a>(basis: &Basis) -> [Cow<'a, str>; 2] {
    let criteria = format!("{} {}", basis.edition.name, basis.criteria.version);
    [criteria.into(), basis.day.clone().into()]
}

/// Whether a fact is about the device or where it stands, and not about what devices share.
const fn is_its_own(fact: Fact) -> bool {
    matches!(fact, Fact::Device(_) | Fact::SiteKind | Fact::SiteContext)
}

/// A line of the file of what is not known.
fn row_of<'a>(
    basis: &'a Basis,
    names: &Names,
    body: &'a str,
    (code, about): (&'a str, &'a str),
    (fact, places, devices): (Fact, &BTreeSet<usize>, u64),
) -> Option<Cells<'a>> {
    let asked = fact.asked()?;
    let name = if body.is_empty() {
        String::new()
    } else {
        names.words(Field::Ente, body)
    };
    Some(vec![
        asked.whom.name().into(),
        body.into(),
        name.into(),
        code.into(),
        about.into(),
        asked.name.into(),
        asked.label.into(),
        waiting(basis, places)
            .map(|one| &*one.id)
            .collect::<Vec<_>>()
            .join(" ")
            .into(),
        devices.to_string().into(),
    ])
}

/// The criteria at these places of the set.
pub fn waiting<'a>(
    basis: &'a Basis,
    places: &BTreeSet<usize>,
) -> impl Iterator<Item = &'a Criterion> {
    let criteria = &basis.criteria.criteria;
    places.iter().filter_map(|place| criteria.get(*place))
}
