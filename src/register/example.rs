//! Example data, marked as such: devices in twenty Comuni, how some of them take part, reference
//! layers, and one person for each role.
//!
//! The same register always gets the same examples. They go through the rules like any other draft.

use super::adhesion::{Attached, Outcome};
use super::document::Attachment;
use super::journal::Note;
use super::record::Writer;
use super::reference_layer::{self, TypedLayer};
use super::review::Event;
use super::{Error, Register, Result};
use crate::census::adhesion::{ActKind, Contact, Stage, TypedAct, TypedSeat, TypedStep};
use crate::census::campaign::DeclarationKind;
use crate::census::catalogue::TypedModel;
use crate::census::draft::{Confirmation, Draft};
use crate::census::filter::{Filter, Moment, Slice, Sort};
use crate::census::journal::{Act, Seal};
use crate::census::person::{Grant, Role, Viewer};
use crate::census::review::Kind as Said;
use crate::census::revision::{Revision, Source};
use crate::census::rules::{self, Around, World};
use crate::census::territory::Municipality;
use crate::census::vocabulary::{Field, Kind, UNKNOWN, reads_plates};
use crate::storage::Unit;
use crate::storage::device::Device;
use crate::storage::review::Wanted;
use fastrand::Rng;
use geo::{BoundingRect, InteriorPoint};
use serde_json::{Value, json};
use std::io::{Seek as _, Write as _};
use uuid::Uuid;

/// How many Comuni have examples.
const COMUNI: usize = 20;
/// How many places with devices each of them has.
const PLACES: usize = 70;
/// How far inside its Comune an example is, so that generalised boundaries do not matter, in metres.
const INSIDE_M: f64 = 60.0;

/// The password of every example account. It opens nothing but examples.
pub const PASSWORD: &str = "dimostrazione-2026";

/// One example account for each role.
pub const ACCOUNTS: [Account; 4] = [
    Account {
        role: Role::Compilatore,
        account: "comandante",
        name: "Comandante di esempio",
    },
    Account {
        role: Role::Validatore,
        account: "revisore",
        name: "Revisore di esempio",
    },
    Account {
        role: Role::Osservatore,
        account: "prefettura",
        name: "Osservatore di esempio",
    },
    Account {
        role: Role::Amministratore,
        account: "admin",
        name: "Amministratore di esempio",
    },
];

/// An example account.
#[derive(Debug)]
pub struct Account {
    /// What it may do.
    pub role: Role,
    /// The name to sign in with.
    pub account: &'static str,
    /// The name of the person.
    pub name: &'static str,
}

/// Adds the examples to a register that has none; says how many devices there are.
pub async fn fill(register: &Register) -> Result<i64> {
    let operator = Viewer::operator();
    if register
        .store
        .read()
        .await?
        .person_with_account(ACCOUNTS[0].account)
        .await?
        .is_none()
    {
        add_devices(register).await?;
        add_people(register, &operator).await?;
        add_adhesion(register).await?;
        add_declaration(register, &operator).await?;
        add_model(register, &operator).await?;
        add_references(register, &operator).await?;
    }
    Ok(register
        .store
        .read()
        .await?
        .count(&Filter::working(&operator))
        .await?)
}

async fn add_people(register: &Register, operator: &Viewer) -> Result<()> {
    let bodies: Vec<&Municipality> = chosen(register);
    for account in &ACCOUNTS {
        let grants = if account.role.is_general() {
            vec![register.grant_for(account.role, None).await?]
        } else {
            let mut grants = Vec::new();
            for body in bodies.iter().take(2) {
                grants.push(register.grant_for(account.role, Some(&body.istat)).await?);
            }
            grants
        };
        register
            .add_person(operator, account.account, account.name, PASSWORD, &grants)
            .await?;
    }
    Ok(())
}

/// Reference layers that are nobody's: fibre from Comune to Comune, and places beside its devices.
async fn add_references(register: &Register, operator: &Viewer) -> Result<()> {
    let mut rest: Vec<(f64, f64)> = chosen(register)
        .into_iter()
        .filter_map(|comune| comune.boundary.interior_point())
        .map(|point| (point.x(), point.y()))
        .collect();
    // A cable goes to the nearest place where it has not been.
    let mut middles = Vec::with_capacity(rest.len());
    while let Some(next) = nearest_of(&rest, middles.last()) {
        middles.push(rest.swap_remove(next));
    }
    let mut random = Rng::with_seed(2026);
    let mut aside = |share: f64| (random.f64() - 0.5) * share;
    let fibre: Vec<Value> = middles
        .iter()
        .zip(middles.iter().skip(1))
        .map(|((x, y), (to_x, to_y))| {
            let path: Vec<[f64; 2]> = (0..=8)
                .map(|step| {
                    let share = f64::from(step) / 8.0;
                    let bend = 0.004 * (share * std::f64::consts::PI).sin();
                    [
                        x + (to_x - x) * share + bend + aside(0.001),
                        y + (to_y - y) * share + aside(0.001),
                    ]
                })
                .collect();
            json!({ "type": "LineString", "coordinates": path })
        })
        .collect();
    let schools: Vec<Value> = middles
        .iter()
        .flat_map(|place| [*place; 2])
        .map(|(x, y)| {
            let place = [x + aside(0.02), y + aside(0.015)];
            json!({ "type": "Point", "coordinates": place })
        })
        .collect();
    let plants: Vec<Value> = middles
        .iter()
        .step_by(4)
        .map(|(x, y)| {
            let (x, y) = (x + aside(0.02), y + aside(0.015));
            let ring = [
                [x, y],
                [x + 0.004, y],
                [x + 0.004, y + 0.003],
                [x, y + 0.003],
                [x, y],
            ];
            json!({ "type": "Polygon", "coordinates": [ring] })
        })
        .collect();
    for (kind, name, one, shapes) in [
        ("fibra", "Fibra di esempio", "Tratta di esempio", fibre),
        ("scuole", "Scuole di esempio", "Scuola di esempio", schools),
        ("arir", "Impianti di esempio", "Impianto di esempio", plants),
    ] {
        add_reference(register, operator, kind, [name, one], &shapes).await?;
    }
    Ok(())
}

/// Which of some places is nearest to another, the first when there is none.
fn nearest_of(places: &[(f64, f64)], to: Option<&(f64, f64)>) -> Option<usize> {
    let away = |place: &(f64, f64)| {
        let (x, y) = to.unwrap_or(place);
        (place.0 - x).hypot(place.1 - y)
    };
    let distances = places.iter().map(away).enumerate();
    let nearest = distances.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
    Some(nearest.0)
}

async fn add_reference(
    register: &Register,
    operator: &Viewer,
    kind: &str,
    [name, one]: [&str; 2],
    shapes: &[Value],
) -> Result<()> {
    let features: Vec<Value> = (1..)
        .zip(shapes)
        .map(|(number, shape)| {
            let properties = json!({ "nome": format!("{one} {number}") });
            json!({ "type": "Feature", "properties": properties, "geometry": shape })
        })
        .collect();
    let mut content = tempfile::tempfile()?;
    let collection = json!({ "type": "FeatureCollection", "features": features });
    content.write_all(collection.to_string().as_bytes())?;
    content.rewind()?;
    let typed = TypedLayer {
        kind: kind.to_owned(),
        name: name.to_owned(),
        source: MARK.to_owned(),
        licence: MARK.to_owned(),
        dated: "2026-01-01".to_owned(),
        shared: if kind == "fibra" { "" } else { "si" }.to_owned(),
        ..TypedLayer::default()
    };
    let file = Attachment {
        name: format!("{kind}.geojson"),
        content,
    };
    match register
        .load_reference(operator, &typed, Some(file))
        .await?
    {
        reference_layer::Outcome::Loaded(_) => Ok(()),
        reference_layer::Outcome::Refused(refused) => Err(Error::Failed(format!(
            "the example layer {name}: {refused:?}"
        ))),
    }
}

/// What marks what these examples record.
const MARK: &str = "Dato di esempio.";

/// How some of the bodies take part: each has come a little less far than the one before.
async fn add_adhesion(register: &Register) -> Result<()> {
    let grant = Grant {
        role: Role::Validatore,
        body: String::new(),
    };
    let name = "esempio".to_owned();
    let viewer = Viewer::person(Uuid::nil(), name.clone(), name, vec![grant]);
    let steps = [
        (Stage::Interested, "", "2019-05-20"),
        (Stage::Resolved, "G.C. 175", "2020-12-02"),
        (Stage::Signed, "prot. 4021", "2021-03-15"),
        (Stage::Revoked, "G.C. 12", "2024-02-01"),
    ];
    for (order, body) in chosen(register).into_iter().enumerate() {
        let code = body.istat.as_str();
        // Every eleventh left again.
        let taken = if order % 11 == 10 { 4 } else { 3 - order % 4 };
        for (stage, number, date) in steps.into_iter().take(taken) {
            let typed = TypedStep {
                stage: stage.name().to_owned(),
                number: number.to_owned(),
                date: date.to_owned(),
                note: MARK.to_owned(),
            };
            done(register.record_step(&viewer, code, &typed, None).await?)?;
        }
        if taken >= 3 {
            add_acts(register, &viewer, code).await?;
        }
        if taken >= 2 {
            add_seat(register, &viewer, body, order).await?;
        }
        if order == 0 {
            let contact = Contact {
                name: "Persona di esempio".to_owned(),
                office: "Polizia locale".to_owned(),
                email: "polizia.locale@example.org".to_owned(),
                telephone: "02 0000 0000".to_owned(),
                ..Contact::default()
            };
            done(register.put_contact(&viewer, code, &contact).await?)?;
        }
    }
    Ok(())
}

async fn add_acts(register: &Register, viewer: &Viewer, code: &str) -> Result<()> {
    for (kind, state, number, date) in [
        (ActKind::Pact, "si", "prot. 18", "2019-06-10"),
        (ActKind::Approval, "si", "verbale 7", "2019-07-16"),
        (ActKind::Protocol, "in_preparazione", "", ""),
        (ActKind::Assessment, "no", "", ""),
        (ActKind::Regulation, "si", "C.C. 33", "2018-11-29"),
        (ActKind::Server, "previsto", "", ""),
    ] {
        let typed = TypedAct {
            state: state.to_owned(),
            number: number.to_owned(),
            date: date.to_owned(),
            names_readers: "si".to_owned(),
            lists_places: "no".to_owned(),
            note: MARK.to_owned(),
        };
        let act = register.record_act(viewer, code, kind, &typed, Attached::Nothing);
        done(act.await?)?;
    }
    Ok(())
}

async fn add_seat(
    register: &Register,
    viewer: &Viewer,
    body: &Municipality,
    order: usize,
) -> Result<()> {
    let Some(point) = body.boundary.interior_point() else {
        return Ok(());
    };
    let year = register.clock.today().year().saturating_add(1);
    let (fibre, fibre_date) = match order % 3 {
        0 => ("si", "2022-09-01".to_owned()),
        1 => ("prevista", format!("{year}-12-31")),
        _ => ("no", String::new()),
    };
    let typed = TypedSeat {
        address: "Comando di polizia locale, piazza del Municipio 1".to_owned(),
        fibre: fibre.to_owned(),
        fibre_date,
        note: MARK.to_owned(),
    };
    let (lat, lon) = (format!("{:.6}", point.y()), format!("{:.6}", point.x()));
    let place = Draft::of(&[(Field::Lat, &lat), (Field::Lon, &lon)]);
    let seat = register.record_seat(viewer, &body.istat, &typed, &place, Attached::Nothing);
    done(seat.await?)
}

/// The examples go through the same checks as what people type.
fn done(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Saved => Ok(()),
        Outcome::Refused { wrong, .. } => {
            let words: Vec<String> = wrong.into_iter().map(|wrong| wrong.message).collect();
            Err(Error::Invalid(format!("esempio: {}", words.join(" "))))
        }
    }
}

/// Comuni spread over the territory, always the same ones.
fn chosen(register: &Register) -> Vec<&Municipality> {
    let covered: Vec<&Municipality> = register
        .territory
        .municipalities()
        .iter()
        .filter(|one| one.covered)
        .collect();
    let step = (covered.len() / COMUNI).max(1);
    covered.into_iter().step_by(step).take(COMUNI).collect()
}

/// One Comune that has no devices declares so.
async fn add_declaration(register: &Register, operator: &Viewer) -> Result<()> {
    let board = register.board(operator, Moment::Now).await?;
    let empty = board.iter().find(|row| row.standing.tally.devices == 0);
    if let Some(row) = empty {
        let text = "Nel territorio non ci sono dispositivi.";
        let kind = DeclarationKind::Census;
        register
            .declare(operator, &row.body.code, kind, text)
            .await?;
    }
    Ok(())
}

async fn add_devices(register: &Register) -> Result<()> {
    let mut random = Rng::with_seed(133);
    let mut unit = register.store.write().await?;
    let world = register.world(&mut unit).await?;
    let mut seal = register.seal();
    for (order, municipality) in chosen(register).into_iter().enumerate() {
        let mut maker = Maker {
            register,
            world: &world,
            random: &mut random,
            municipality,
        };
        let (devices, revisions) = maker.census(&mut unit).await?;
        let now = register.clock.now();
        unit.add_devices(&devices, now).await?;
        unit.add_revisions(revisions.clone(), &mut seal).await?;
        // Of four Comuni two have been accepted, one waits, and one is still being written.
        let wanted = Wanted {
            body: &municipality.istat,
            device: None,
        };
        let now = register.clock.now();
        if order % 4 != 3 {
            let operator = Viewer::operator();
            let entries = unit.to_submit(wanted).await?;
            let (unit, seal) = (&mut unit, &mut seal);
            let sent = Event::of(Said::Submitted, now);
            register
                .submit_entries(unit, &operator, wanted.body, &entries, sent, seal)
                .await?;
            if order % 4 != 2 {
                let accepted = Event::of(Said::Accepted, now);
                register
                    .accept_entries(unit, &operator, wanted.body, &entries, accepted, seal)
                    .await?;
            }
        }
        maker.later(&mut unit, &revisions, &mut seal).await?;
    }
    unit.add_software(PROPOSED, false).await?;
    list_again(register, &mut unit, &world, &mut seal).await?;
    let note = Note {
        act: Act::ExampleWritten,
        body: None,
        subject: "",
        detail: "",
    };
    register
        .note(&mut unit, &Viewer::operator(), &seal, note)
        .await?;
    Ok(unit.commit().await?)
}

/// What is known of a model that devices state.
async fn add_model(register: &Register, operator: &Viewer) -> Result<()> {
    let [(make, model), ..] = MAKES;
    let typed = TypedModel {
        make: make.to_owned(),
        model: model.to_owned(),
        facts: ["bullet", "a_bordo", "si", "5", "1", ""].map(str::to_owned),
        reading: "non_noto".to_owned(),
        source: "Scheda tecnica di esempio".to_owned(),
        grade: "C".to_owned(),
        note: MARK.to_owned(),
        ..TypedModel::default()
    };
    match register.record_model(operator, &typed).await? {
        Ok(()) => Ok(()),
        Err(wrong) => done(wrong.into()),
    }
}

/// The coordinating body lists a reader that a Comune lists too, so that there is a pair to decide.
async fn list_again(
    register: &Register,
    unit: &mut Unit,
    world: &World,
    seal: &mut Seal,
) -> Result<()> {
    let Some(body) = chosen(register).first().map(|one| one.istat.clone()) else {
        return Ok(());
    };
    let mut readers = Filter::working(&Viewer::operator());
    readers.exact = vec![
        (Field::Ente, body),
        (Field::Funzione, "lettura_targhe".to_owned()),
    ];
    let slice = Slice {
        sort: Sort::Code,
        from: None,
        size: 20,
    };
    let found = unit.devices(&readers, &slice).await?.rows;
    let Some(one) = found.iter().find(|one| {
        let known = |field| !one.record.text(field).is_empty();
        known(Field::Marca) && one.record.text(Field::Stato) == "in_esercizio"
    }) else {
        return Ok(());
    };
    let bodies = unit.bodies().await?;
    let coordinator = bodies.into_iter().find(|body| body.kind == "coordinatore");
    let Some(owner) = coordinator.map(|body| body.code) else {
        return Ok(());
    };
    let mut draft = super::record::draft_of(one);
    draft.set(Field::Ente, owner.as_str());
    draft.set(Field::Codice, "SP-001");
    draft.set(Field::Sito, "");
    draft.set(Field::Denominazione, "Lettore sulla strada provinciale");
    draft.set(Field::Visibilita, "enti");
    draft.set(Field::Firmware, "");
    if let Some(lat) = one.record.number(Field::Lat) {
        // Some ten metres further north.
        draft.set(Field::Lat, format!("{:.6}", lat + 0.000_1));
    }
    let checked = rules::check(&draft, world, &Around::default());
    let writer = Writer {
        clock: &register.clock,
        author: "esempio",
        source: Source::Example,
        batch: None,
    };
    writer
        .write(unit, world, &draft, &checked, None, seal)
        .await?;
    let wanted = Wanted {
        body: &owner,
        device: None,
    };
    let entries = unit.to_submit(wanted).await?;
    let now = register.clock.now();
    let operator = Viewer::operator();
    let sent = Event::of(Said::Submitted, now);
    let accepted = Event::of(Said::Accepted, now);
    register
        .submit_entries(unit, &operator, &owner, &entries, sent, seal)
        .await?;
    register
        .accept_entries(unit, &operator, &owner, &entries, accepted, seal)
        .await
}

/// Makes the examples of one Comune.
struct Maker<'a> {
    register: &'a Register,
    world: &'a World,
    random: &'a mut Rng,
    municipality: &'a Municipality,
}

const STREETS: [&str; 16] = [
    "via Roma",
    "via Garibaldi",
    "piazza della Libertà",
    "via Milano",
    "corso Italia",
    "via Dante Alighieri",
    "via IV Novembre",
    "viale Europa",
    "via Papa Giovanni XXIII",
    "via Giuseppe Verdi",
    "strada provinciale",
    "via della Stazione",
    "via Cascina Nuova",
    "piazza del Municipio",
    "viale della Repubblica",
    "rotonda via Kennedy",
];
/// A program that the catalogue does not have.
const PROPOSED: &str = "Programma Esempio";

const MAKES: [(&str, &str); 6] = [
    ("Esempio Ottica", "EO-200 LPR"),
    ("Esempio Ottica", "EO-400 Multi"),
    ("Telecamere Campione", "TC-Dome 5"),
    ("Telecamere Campione", "TC-PTZ 30x"),
    ("Varchi Modello", "VM-Targa 2"),
    ("Varchi Modello", "VM-Contesto"),
];

impl Maker<'_> {
    async fn census(&mut self, unit: &mut Unit) -> Result<(Vec<Device>, Vec<Revision>)> {
        let (mut devices, mut revisions) = (Vec::new(), Vec::new());
        let places = PLACES / 2 + self.random.usize(0..PLACES);
        let mut number = 0;
        for place in 0..places {
            let (lon, lat) = self.point();
            let gate = self.random.u8(0..10) < 3;
            let cameras = if gate { 2 } else { 1 };
            for camera in 0..cameras {
                number += 1;
                let draft = self.draft(number, place, camera, gate, lon, lat);
                let checked = rules::check(&draft, self.world, &Around::default());
                if let Some(finding) = checked
                    .findings
                    .iter()
                    .find(|one| one.severity() == crate::census::finding::Severity::Error)
                {
                    return Err(Error::Invalid(format!(
                        "esempio {number}: {}",
                        finding.message
                    )));
                }
                let writer = self.writer("esempio");
                writer
                    .add_what_it_names(unit, self.world, &checked.record)
                    .await?;
                let revision = writer.revision(&draft, &checked, checked.record.clone(), None);
                devices.push(Device {
                    id: revision.device,
                    body: self.municipality.istat.clone(),
                    code: draft.get(Field::Codice).to_owned(),
                    number: 1,
                });
                revisions.push(revision);
            }
        }
        Ok((devices, revisions))
    }

    /// Some devices change after they were accepted, and some are withdrawn.
    async fn later(
        &mut self,
        unit: &mut Unit,
        revisions: &[Revision],
        seal: &mut Seal,
    ) -> Result<()> {
        let mut next = Vec::new();
        for revision in revisions {
            let fate = self.random.u8(0..100);
            if fate >= 6 {
                continue;
            }
            let mut draft = super::record::draft_of(revision);
            draft.set(
                Field::Firmware,
                format!("5.{}.{}", self.random.u8(0..9), self.random.u8(0..40)),
            );
            draft.set(
                Field::Stato,
                if fate < 2 { "guasto" } else { "in_esercizio" },
            );
            let checked = rules::check(&draft, self.world, &Around::default());
            let mut later = self.writer("comandante").revision(
                &draft,
                &checked,
                checked.record.clone(),
                Some(revision),
            );
            later.withdrawn = fate == 5;
            next.push(later);
        }
        Ok(unit.add_revisions(next, seal).await?)
    }

    fn writer<'b>(&self, author: &'b str) -> Writer<'b>
    where
        Self: 'b,
    {
        Writer {
            clock: &self.register.clock,
            author,
            source: Source::Example,
            batch: None,
        }
    }

    /// A point well inside the Comune: degrees east and north, WGS 84.
    fn point(&mut self) -> (f64, f64) {
        let Some(frame) = self.municipality.boundary.bounding_rect() else {
            return (0.0, 0.0);
        };
        loop {
            let lon = frame.min().x + frame.width() * self.random.f64();
            let lat = frame.min().y + frame.height() * self.random.f64();
            let outside = self
                .register
                .territory
                .metres_outside(self.municipality, lon, lat);
            if outside < -INSIDE_M {
                return (lon, lat);
            }
        }
    }

    fn draft(
        &mut self,
        number: usize,
        place: usize,
        camera: usize,
        gate: bool,
        lon: f64,
        lat: f64,
    ) -> Draft {
        let mut draft = Draft::default();
        let street = self.pick(&STREETS);
        let civic = self.random.u8(1..120);
        let function = if gate {
            "lettura_targhe"
        } else {
            self.function()
        };
        // The second camera of a gate looks the other way, from the other side of the road.
        let aside = if camera == 0 { 0.0 } else { 0.000_12 };
        let direction = if camera == 0 { "entrata" } else { "uscita" };
        draft.set(
            Field::Codice,
            format!("{}{number:03}", if gate { "V" } else { "T" }),
        );
        draft.set(Field::Ente, self.municipality.istat.as_str());
        draft.set(Field::Comune, self.municipality.istat.as_str());
        draft.set(Field::Funzione, function);
        draft.set(
            Field::Denominazione,
            if gate {
                format!("Varco {street}, in {direction}")
            } else {
                format!("Telecamera {street}")
            },
        );
        if gate {
            draft.set(Field::Sito, format!("VARCO-{place:02}"));
            draft.set(Field::Direzione, direction);
            draft.set(Field::Corsie, "1");
        }
        draft.set(Field::Indirizzo, format!("{street} {civic}"));
        draft.set(Field::Lat, format!("{:.6}", lat + aside));
        draft.set(Field::Lon, format!("{:.6}", lon + aside));
        draft.set(Field::Note, "Dato di esempio.");
        let azimut = self.random.u16(0..360);
        draft.set(
            Field::Azimut,
            ((azimut + if camera == 0 { 0 } else { 180 }) % 360).to_string(),
        );
        self.apparatus(&mut draft, function);
        self.connection(&mut draft, function);
        self.administration(&mut draft);
        draft
    }

    fn apparatus(&mut self, draft: &mut Draft, function: &str) {
        let (make, model) = self.pick(&MAKES);
        let year = self.random.u16(2012..2026);
        let standing = self.weighed(&[
            ("in_esercizio", 78),
            ("guasto", 5),
            ("sospeso", 3),
            ("in_installazione", 4),
            ("finanziato", 4),
            ("progettato", 4),
            ("dismesso", 2),
        ]);
        draft.set(Field::Stato, standing);
        for (field, share) in [
            (Field::MetodoPosizione, 85),
            (Field::Installazione, 92),
            (Field::Supporto, 80),
            (Field::Alimentazione, 75),
            (Field::IlluminatoreIr, 70),
        ] {
            self.any(draft, field, share);
        }
        if self.chance(85) {
            draft.set(Field::Marca, make);
            draft.set(Field::Modello, model);
        }
        if self.chance(70) && !matches!(standing, "progettato" | "finanziato" | "in_installazione")
        {
            draft.set(Field::AnnoInstallazione, year.to_string());
            draft.set(
                Field::DataAttivazione,
                format!("{year}-{:02}-15", self.random.u8(3..12)),
            );
            draft.set(
                Field::ManutenzioneScadenza,
                format!("{}-12-31", self.random.u16(2026..2031)),
            );
        }
        let form = self.weighed(&[
            ("bullet", 55),
            ("dome", 20),
            ("ptz", 10),
            ("multiottica", 8),
            ("fisheye", 4),
            ("box", 3),
        ]);
        draft.set(Field::Forma, form);
        draft.set(
            Field::PuntiRipresa,
            if form == "multiottica" { "4" } else { "1" },
        );
        draft.set(Field::RisoluzioneMp, self.pick(&["2", "4", "5", "8"]));
        draft.set(Field::AltezzaM, self.pick(&["4", "5,5", "6", "8"]));
        if reads_plates(function) {
            draft.set(
                Field::Ocr,
                self.weighed(&[
                    ("a_bordo", 65),
                    ("su_server", 25),
                    ("non_noto", 8),
                    ("nessuna", 2),
                ]),
            );
            draft.set(
                Field::TransitoDati,
                self.pick(&[
                    "targa,data_ora,varco,direzione",
                    "targa,data_ora,varco",
                    "targa,data_ora,varco,direzione,corsia,nazionalita,classe",
                    "",
                ]),
            );
            self.any(draft, Field::TransitoImmagini, 80);
            self.any(draft, Field::ListeNazionali, 60);
        }
    }

    fn connection(&mut self, draft: &mut Draft, function: &str) {
        if self.chance(88) {
            draft.set(
                Field::Software,
                self.pick(&[
                    "Targa System",
                    "Milestone XProtect",
                    "Selea",
                    "Genetec Security Center",
                    "HikCentral",
                    "Avigilon",
                    PROPOSED,
                ]),
            );
        }
        for (field, share) in [
            (Field::Connettivita, 88),
            (Field::Vpn, 65),
            (Field::Sincronizzazione, 60),
            (Field::Cifratura, 55),
        ] {
            self.any(draft, field, share);
        }
        draft.set(
            Field::Protocolli,
            self.pick(&["onvif,rtsp", "rtsp", "onvif,rtsp,soap", "rest", ""]),
        );
        let standing = if reads_plates(function) && draft.get(Field::Stato) == "in_esercizio" {
            self.weighed(&[
                ("non_collegato", 40),
                ("predisposto", 25),
                ("in_collaudo", 8),
                ("collegato", 15),
                ("non_noto", 12),
            ])
        } else if reads_plates(function) {
            self.weighed(&[("non_collegato", 60), ("predisposto", 20), ("non_noto", 20)])
        } else {
            "non_applicabile"
        };
        draft.set(Field::StatoScntt, standing);
    }

    fn administration(&mut self, draft: &mut Draft) {
        let days = self.weighed(&[("7", 80), ("3", 10), ("15", 6), ("30", 4)]);
        draft.set(Field::ConservazioneGiorni, days);
        if days.parse::<u8>().is_ok_and(|days| days > 7) && self.chance(50) {
            draft.confirmed.push(Confirmation {
                code: "contradiction.retention".to_owned(),
                reason: "Delibera di esempio n. 12".to_owned(),
            });
        }
        self.any(draft, Field::Informativa, 70);
        draft.set(
            Field::Visibilita,
            self.weighed(&[("riservato", 80), ("enti", 15), ("pubblico", 5)]),
        );
        draft.set(Field::Lotto, self.pick(&["", "", "1", "2", "3 bis"]));
    }

    fn function(&mut self) -> &'static str {
        self.weighed(&[
            ("osservazione", 55),
            ("contesto", 25),
            ("ztl", 5),
            ("ibrida", 5),
            ("ambientale", 6),
            ("velocita", 2),
            ("semaforo", 2),
        ])
    }

    /// Any entry of a closed list, this many times in a hundred.
    fn any(&mut self, draft: &mut Draft, field: Field, share: u8) {
        if let (true, Kind::One(terms)) = (self.chance(share), field.attribute().kind) {
            let term = terms
                .get(self.random.usize(0..terms.len()))
                .map_or(UNKNOWN, |term| term.code);
            // Nobody has a device that is connected to nothing at all in these examples.
            draft.set(
                field,
                if field == Field::Connettivita && term == "nessuna" {
                    "fibra"
                } else {
                    term
                },
            );
        }
    }

    fn chance(&mut self, share: u8) -> bool {
        self.random.u8(0..100) < share
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        from.get(self.random.usize(0..from.len().max(1)))
            .copied()
            .unwrap_or_default()
    }

    fn weighed(&mut self, from: &[(&'static str, u8)]) -> &'static str {
        let mut drawn = self.random.u8(0..100);
        for (value, share) in from {
            if drawn < *share {
                return value;
            }
            drawn -= share;
        }
        UNKNOWN
    }
}
