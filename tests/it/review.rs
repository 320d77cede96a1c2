//! From what an officer sends to what everybody is shown: decisions, who may take them, and that
//! nothing is published that was not accepted.

use crate::support::{self, Answer, Browser, MILANO, both};
use axum::http::StatusCode;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::io::Read;
use uuid::Uuid;
use varco::census::filter::{Filter, State};
use varco::census::person::{Grant, Role, Viewer};
use varco::census::review::{Kind, Remark, Stage};
use varco::census::revision::{Revision, Source};
use varco::census::vocabulary::Field;
use varco::register::publish::{Export, Format};
use varco::register::record::{Outcome, Target, draft_of};
use varco::register::review::{Decision, Looked};
use varco::register::{Error, Register};
use varco::tiles::Tile;

/// What sending asks for, stated.
const STATED: [(Field, &str); 10] = [
    (Field::Denominazione, "Via Prima"),
    (Field::Indirizzo, "via Roma 1"),
    (Field::MetodoPosizione, "mappa"),
    (Field::Installazione, "fissa"),
    (Field::Marca, "Marca"),
    (Field::Modello, "Uno"),
    (Field::Ocr, "a_bordo"),
    (Field::Software, "non_noto"),
    (Field::Connettivita, "fibra"),
    (Field::StatoScntt, "non_collegato"),
];

/// A device that can be sent.
async fn stated(register: &Register, viewer: &Viewer, code: &str) -> Uuid {
    support::device(register, viewer, MILANO, code, &STATED).await
}

async fn state(register: &Register, device: Uuid, state: State) -> Option<Revision> {
    let mut filter = Filter::device(&Viewer::operator(), device);
    filter.state = state;
    let mut unit = register.store.read().await.unwrap();
    unit.device(&filter).await.unwrap()
}

/// Writes other values over a device.
async fn edit(register: &Register, viewer: &Viewer, device: Uuid, fields: &[(Field, &str)]) {
    let present = state(register, device, State::Working).await.unwrap();
    let mut draft = draft_of(&present);
    for (field, text) in fields {
        draft.set(*field, *text);
    }
    let target = Target::Existing {
        device,
        number: present.number,
    };
    let outcome = register.save(viewer, &draft, target, Source::Form).await;
    let outcome = outcome.unwrap();
    assert!(
        matches!(outcome, Outcome::Saved { .. } | Outcome::Unchanged { .. }),
        "{outcome:#?}"
    );
}

async fn send(register: &Register, viewer: &Viewer, device: Uuid) -> usize {
    let sent = register.submit(viewer, MILANO, Some(device), "").await;
    sent.unwrap().sent
}

async fn decide(
    register: &Register,
    viewer: &Viewer,
    device: Uuid,
    decision: Decision,
    text: &str,
) -> Result<(), Error> {
    let sent = state(register, device, State::Submitted).await.unwrap();
    let looked = Looked {
        device,
        revision: sent.id,
    };
    register.decide(viewer, looked, decision, text).await
}

fn remark(field: &str, reason: &str) -> Remark {
    Remark {
        field: field.to_owned(),
        reason: reason.to_owned(),
        value: String::new(),
    }
}

#[test]
fn what_is_sent_is_accepted_and_what_follows_is_a_proposal() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        assert_eq!(state(&register, device, State::Accepted).await, None);
        assert_eq!(send(&register, &officer, device).await, 1);
        assert_eq!(
            send(&register, &officer, device).await,
            0,
            "it waits already"
        );
        decide(&register, &reviewer, device, Decision::Accept, "")
            .await
            .unwrap();
        let accepted = state(&register, device, State::Accepted).await.unwrap();
        assert_eq!((accepted.number, accepted.stage), (1, Stage::Accepted));

        edit(&register, &officer, device, &[(Field::Modello, "Due")]).await;
        let shown = state(&register, device, State::Accepted).await.unwrap();
        assert_eq!(shown.record.text(Field::Modello), "Uno");
        assert_eq!(send(&register, &officer, device).await, 1);
        let seen = register.under_review(&reviewer, device).await.unwrap();
        assert_eq!(seen.unwrap().changes(), [Field::Modello]);

        let thread = register.thread_of_device(&officer, device).await.unwrap();
        let kinds: Vec<Kind> = thread.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::Submitted, Kind::Accepted, Kind::Submitted]);
    });
}

#[test]
fn what_is_incomplete_is_not_sent_and_what_was_never_accepted_need_not_be_taken_out() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let nothing = [(Field::Marca, "")];
        let bare = support::device(&register, &officer, MILANO, "A1", &nothing).await;
        stated(&register, &officer, "A2").await;
        let gone = stated(&register, &officer, "A3").await;
        register.set_withdrawn(&officer, gone, true).await.unwrap();
        let sent = register.submit(&officer, MILANO, None, "").await.unwrap();
        assert_eq!((sent.sent, sent.incomplete), (1, 1));
        assert_eq!(send(&register, &officer, bare).await, 0);
    });
}

#[test]
fn nobody_decides_on_what_they_wrote_or_sent() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let coordinator = register.grant_for(Role::Validatore, None).await.unwrap();
        let both_roles = Viewer::person(
            officer.id.unwrap(),
            officer.account.clone(),
            officer.name.clone(),
            vec![
                Grant {
                    role: Role::Compilatore,
                    body: MILANO.to_owned(),
                },
                coordinator,
            ],
        );
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        let refused = decide(&register, &both_roles, device, Decision::Accept, "").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let later = register.clock.now() + 1_000_000_000;
        let decided = register
            .accept_all(&both_roles, MILANO, later)
            .await
            .unwrap();
        assert_eq!((decided.accepted, decided.own), (0, 1));
        assert_eq!(state(&register, device, State::Accepted).await, None);
        // Sent by somebody else, it is still what they wrote.
        let operator = Viewer::operator();
        edit(&register, &operator, device, &[(Field::Modello, "Due")]).await;
        send(&register, &operator, device).await;
        let refused = decide(&register, &both_roles, device, Decision::Accept, "").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    });
}

#[test]
fn a_decision_is_about_the_revision_that_was_looked_at_and_no_other() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        let seen = register.under_review(&reviewer, device).await.unwrap();
        let looked = Looked {
            device,
            revision: seen.unwrap().sent.id,
        };
        edit(&register, &officer, device, &[(Field::Modello, "Due")]).await;
        send(&register, &officer, device).await;
        let refused = register
            .decide(&reviewer, looked, Decision::Accept, "")
            .await;
        let Err(Error::Invalid(message)) = refused else {
            panic!("{refused:?}");
        };
        assert!(message.contains("ne ha mandato uno nuovo"), "{message}");
        assert_eq!(state(&register, device, State::Accepted).await, None);
    });
}

#[test]
fn two_reviewers_do_not_decide_on_the_same_body() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let first = support::reviewer(&register).await;
        let coordinator = register.grant_for(Role::Validatore, None).await.unwrap();
        let second = Viewer::person(
            Uuid::nil(),
            "seconda".to_owned(),
            "Seconda revisora".to_owned(),
            vec![coordinator],
        );
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        register.set_claim(&first, MILANO, true).await.unwrap();
        let refused = decide(&register, &second, device, Decision::Accept, "").await;
        let Err(Error::Invalid(message)) = refused else {
            panic!("{refused:?}");
        };
        assert!(message.contains(&first.account), "{message}");
        register.set_claim(&second, MILANO, true).await.unwrap();
        decide(&register, &second, device, Decision::Accept, "")
            .await
            .unwrap();
    });
}

#[test]
fn a_whole_body_is_accepted_as_it_was_looked_at() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        for code in ["A1", "A2", "A3"] {
            stated(&register, &officer, code).await;
        }
        let sent = register.submit(&officer, MILANO, None, "").await.unwrap();
        assert_eq!(sent.sent, 3);
        let slice = varco::register::queue::slice(10);
        let waiting = register.waiting(&reviewer, MILANO, &slice).await.unwrap();
        assert_eq!(waiting.total, 3);
        let late = stated(&register, &officer, "A4").await;
        send(&register, &officer, late).await;
        let decided = register
            .accept_all(&reviewer, MILANO, waiting.looked_at)
            .await
            .unwrap();
        assert_eq!((decided.accepted, decided.later), (3, 1));
        let mut accepted = Filter::of(&Viewer::operator());
        accepted.state = State::Accepted;
        assert_eq!(register.count(&accepted).await.unwrap(), 3);
    });
}

#[test]
fn some_changes_are_accepted_and_the_others_are_left_out_with_their_reasons() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        let part = |field: &str| Decision::AcceptBut(vec![remark(field, "non è quello")]);
        let refused = decide(&register, &reviewer, device, part("modello"), "").await;
        assert!(
            matches!(refused, Err(Error::Invalid(_))),
            "a first one is whole"
        );
        decide(&register, &reviewer, device, Decision::Accept, "")
            .await
            .unwrap();
        let changes = [(Field::Modello, "Due"), (Field::Marca, "Altra")];
        edit(&register, &officer, device, &changes).await;
        send(&register, &officer, device).await;
        let refused = decide(&register, &reviewer, device, part("codice"), "").await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        decide(&register, &reviewer, device, part("modello"), "")
            .await
            .unwrap();
        let accepted = state(&register, device, State::Accepted).await.unwrap();
        assert_eq!(accepted.record.text(Field::Modello), "Uno");
        assert_eq!(accepted.record.text(Field::Marca), "Altra");
        let working = state(&register, device, State::Working).await.unwrap();
        assert_eq!(working.id, accepted.id);
        let asked = register.open_request(&officer, device).await.unwrap();
        let asked = asked.unwrap();
        assert_eq!(asked.kind, Kind::AcceptedInPart);
        assert_eq!(
            asked.remarks[0].value, "Due",
            "what was left out is not lost"
        );
    });
}

#[test]
fn what_is_sent_back_says_why_at_the_field_and_is_mended_and_sent_again() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        let nothing = Decision::SendBack(Vec::new());
        let refused = decide(&register, &reviewer, device, nothing, " ").await;
        assert!(
            matches!(refused, Err(Error::Invalid(_))),
            "a reason is needed"
        );
        let why = vec![remark("modello", "sulla targhetta c’è altro")];
        decide(&register, &reviewer, device, Decision::SendBack(why), "")
            .await
            .unwrap();
        let working = state(&register, device, State::Working).await.unwrap();
        assert_eq!(working.stage, Stage::SentBack);

        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        let form = browser
            .get(&format!("/dispositivi/{device}/modifica"))
            .await;
        let form = form.text();
        let (_, field) = form.split_once("id=\"f-modello\"").unwrap();
        let (_, help) = field.split_once("id=\"f-modello-aiuto\">").unwrap();
        assert!(
            help.starts_with("Chi convalida chiede: «sulla targhetta c’è altro»"),
            "{}",
            help.lines().next().unwrap_or_default()
        );
        edit(&register, &officer, device, &[(Field::Modello, "Tre")]).await;
        assert_eq!(send(&register, &officer, device).await, 1);
        assert_eq!(register.open_request(&officer, device).await.unwrap(), None);
        let page = browser.get(&format!("/dispositivi/{device}")).await.text();
        assert!(page.contains("In attesa di convalida"));
    });
}

#[test]
fn what_is_never_recorded_is_not_said_in_review_either() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let device = stated(&register, &officer, "A1").await;
        let said = register
            .say(
                &officer,
                MILANO,
                Some(device),
                "si vede su rtsp://10.0.0.7/live",
            )
            .await;
        assert!(matches!(said, Err(Error::Invalid(_))), "{said:?}");
        let thread = register.thread_of_device(&officer, device).await.unwrap();
        assert!(thread.is_empty());
        register
            .say(&officer, MILANO, Some(device), "La foto è del 2019.")
            .await
            .unwrap();
        let stranger = support::officer(&register, support::RHO).await;
        let thread = register.thread_of_device(&stranger, device).await;
        assert!(matches!(thread, Err(Error::NotFound(_))), "{thread:?}");
    });
}

#[test]
fn a_reviewer_who_answers_late_is_told_and_keeps_what_they_wrote() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        send(&register, &officer, device).await;
        let sent = state(&register, device, State::Submitted).await.unwrap();
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let page = format!("/dispositivi/{device}/convalida");
        let revision = sent.id.to_string();
        let with = |decision: &'static str, reason: &'static str| {
            [
                ("revisione", revision.clone()),
                ("decisione", decision.to_owned()),
                ("motivo.modello", reason.to_owned()),
            ]
        };
        let undecided = post(&mut browser, &page, &with("accetta", "no")).await;
        assert_eq!(undecided.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(undecided.text().contains("value=\"no\""));
        let done = post(&mut browser, &page, &with("rimanda", "non è quello")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let late = post(&mut browser, &page, &with("accetta", "")).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
    });
}

async fn post(browser: &mut Browser, page: &str, fields: &[(&str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.post(page, &fields).await
}

#[test]
fn what_was_never_accepted_is_not_in_the_history_that_another_body_is_shown() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        let secret = [(Field::Note, "SEGRETO-UNO")];
        edit(&register, &officer, device, &secret).await;
        let harmless = [(Field::Note, "innocuo"), (Field::Visibilita, "enti")];
        edit(&register, &officer, device, &harmless).await;
        send(&register, &officer, device).await;
        decide(&register, &reviewer, device, Decision::Accept, "")
            .await
            .unwrap();
        let stranger = support::officer(&register, support::RHO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &stranger).await;
        for query in ["", "?dati=convalidati", "?dati=lavorazione"] {
            let page = browser.get(&format!("/dispositivi/{device}{query}")).await;
            let text = page.text();
            assert!(text.contains("innocuo"), "{query}: {text}");
            assert!(!text.contains("SEGRETO-UNO"), "{query}");
        }
    });
}

#[test]
fn two_devices_of_a_body_are_not_published_with_one_code() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let first = stated(&register, &officer, "A1").await;
        send(&register, &officer, first).await;
        decide(&register, &reviewer, first, Decision::Accept, "")
            .await
            .unwrap();
        edit(&register, &officer, first, &[(Field::Codice, "A1-BIS")]).await;
        let second = stated(&register, &officer, "A1").await;
        send(&register, &officer, second).await;
        let refused = decide(&register, &reviewer, second, Decision::Accept, "").await;
        let Err(Error::Invalid(message)) = refused else {
            panic!("{refused:?}");
        };
        assert!(message.contains("stesso codice"), "{message}");
        // Once the first has its new code accepted too, all is well; together in one go.
        send(&register, &officer, first).await;
        let now = register.clock.now();
        let decided = register.accept_all(&reviewer, MILANO, now).await.unwrap();
        assert_eq!(decided.accepted, 2);
    });
}

#[test]
fn what_somebody_wrote_is_theirs_though_a_colleague_brings_it_back() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = stated(&register, &officer, "A1").await;
        let operator = Viewer::operator();
        edit(&register, &operator, device, &[(Field::Modello, "Due")]).await;
        send(&register, &operator, device).await;
        decide(&register, &reviewer, device, Decision::Accept, "")
            .await
            .unwrap();
        edit(&register, &operator, device, &[(Field::Modello, "Uno")]).await;
        send(&register, &operator, device).await;
        let coordinator = register.grant_for(Role::Validatore, None).await.unwrap();
        let same_person = Viewer::person(
            officer.id.unwrap(),
            officer.account.clone(),
            officer.name.clone(),
            vec![coordinator],
        );
        register
            .set_claim(&same_person, MILANO, true)
            .await
            .unwrap();
        let refused = decide(&register, &same_person, device, Decision::Accept, "").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    });
}

#[test]
fn decisions_and_saves_at_the_same_time_do_not_refuse_each_other() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let mut devices = Vec::new();
        for code in ["A1", "A2", "A3"] {
            devices.push(stated(&register, &officer, code).await);
        }
        for round in 0..12 {
            register.submit(&officer, MILANO, None, "").await.unwrap();
            let later = register.clock.now();
            let name = format!("Giro {round}");
            let fields = [(Field::Denominazione, name.as_str())];
            let saves = async {
                for device in devices.iter().rev() {
                    edit(&register, &officer, *device, &fields).await;
                }
            };
            let decided = register.accept_all(&reviewer, MILANO, later);
            let ((), decided) = tokio::join!(saves, decided);
            decided.unwrap();
        }
    });
}

/// What a register publishes, in every form in which it does.
async fn published(register: &Register) -> String {
    let reader = Viewer::operator();
    let mut everything = String::new();
    for format in [Format::Csv, Format::GeoJson] {
        let export = Export::new(format, "", Filter::of(&reader)).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        register
            .export(&export, file.try_clone().unwrap())
            .await
            .unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut everything).unwrap();
    }
    let tile = Tile::new(0, 0, 0).unwrap();
    let tile = register.tile(&Filter::of(&reader), tile).await.unwrap();
    everything.push_str(&String::from_utf8_lossy(&tile));
    everything
}

/// Whatever officers and reviewers do, in whatever order: what is published is exactly what the last
/// acceptance of each device said.
#[test]
fn no_published_byte_comes_from_an_unaccepted_value() {
    for seed in [1, 7, 133] {
        both(async |store| {
            let register = support::register(store).await;
            let officer = support::officer(&register, MILANO).await;
            let reviewer = support::reviewer(&register).await;
            let mut random = Rng::with_seed(seed);
            let mut devices = Vec::new();
            // By device: the token in each of two fields, as accepted; none when not published.
            let mut model: BTreeMap<Uuid, Option<[String; 2]>> = BTreeMap::new();
            for number in 0..3 {
                let device = stated(&register, &officer, &format!("D{number}")).await;
                devices.push(device);
                model.insert(device, None);
            }
            let mut tokens = 0;
            for _ in 0..45 {
                let device = devices[random.usize(..devices.len())];
                let waits = state(&register, device, State::Submitted).await;
                let present = state(&register, device, State::Working).await.unwrap();
                let before = model[&device].clone();
                match random.u8(..8) {
                    0..=2 if !present.withdrawn => {
                        tokens += 1;
                        let token = format!("TOKEN{tokens:03}Z");
                        let field = [Field::Denominazione, Field::Modello][random.usize(..2)];
                        edit(&register, &officer, device, &[(field, &token)]).await;
                    }
                    3 => {
                        let withdrawn = !present.withdrawn;
                        register
                            .set_withdrawn(&officer, device, withdrawn)
                            .await
                            .unwrap();
                    }
                    4 | 5 => {
                        send(&register, &officer, device).await;
                    }
                    6 => {
                        let Some(sent) = waits else { continue };
                        decide(&register, &reviewer, device, Decision::Accept, "")
                            .await
                            .unwrap();
                        model.insert(device, said(&sent));
                    }
                    _ => {
                        let Some(sent) = waits else { continue };
                        let why = vec![remark("modello", "no")];
                        let part = Decision::AcceptBut(why.clone());
                        let decided = decide(&register, &reviewer, device, part, "").await;
                        let merged = before.zip(said(&sent));
                        match (decided, merged) {
                            (Ok(()), Some((before, sent))) => {
                                let [_, model_before] = before;
                                let [name, _] = sent;
                                model.insert(device, Some([name, model_before]));
                            }
                            (Ok(()), None) => {
                                let now = state(&register, device, State::Accepted).await;
                                model.insert(device, now.as_ref().and_then(said));
                            }
                            (Err(_), _) => {
                                let back = Decision::SendBack(why);
                                decide(&register, &reviewer, device, back, "")
                                    .await
                                    .unwrap();
                            }
                        }
                    }
                }
                let shown = published(&register).await;
                let expected: Vec<&String> = model.values().flatten().flatten().collect();
                for number in 1..=tokens {
                    let token = format!("TOKEN{number:03}Z");
                    assert_eq!(
                        shown.contains(&token),
                        expected.contains(&&token),
                        "{token}, seed {seed}"
                    );
                }
            }
            assert!(tokens > 5, "the run said something");
        });
    }
}

/// What a revision would publish.
fn said(revision: &Revision) -> Option<[String; 2]> {
    let text = |field| revision.record.text(field).to_owned();
    let shown = [text(Field::Denominazione), text(Field::Modello)];
    (!revision.withdrawn).then_some(shown)
}
