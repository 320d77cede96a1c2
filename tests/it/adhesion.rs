//! How bodies take part: what is recorded stays, who may know it does, and a document is what it was.

use crate::support::{self, Answer, Browser, MILANO, PDF, RHO, attachment, both};
use axum::http::StatusCode;
use std::fs::File;
use std::io::Read;
use uuid::Uuid;
use varco::census::adhesion::{
    ActKind, Contact, Stage, TypedAct, TypedSeat, TypedStep, present, present_act,
};
use varco::census::draft::Draft;
use varco::census::journal::Record;
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::clock::SECOND;
use varco::register::adhesion::{Attached, Outcome, Wanted, Whom};
use varco::register::{Error, Register};
use varco::settings::Settings;
use varco::web::App;

const MILANO_PAGE: &str = "/enti/015146";

fn step(stage: Stage, number: &str) -> TypedStep {
    TypedStep {
        stage: stage.name().to_owned(),
        number: number.to_owned(),
        date: "02/12/2020".to_owned(),
        note: String::new(),
    }
}

fn contact() -> Contact {
    Contact {
        name: "Anna Segretissima".to_owned(),
        office: "Polizia locale".to_owned(),
        email: "anna@comune.milano.it".to_owned(),
        telephone: "02 7740 1234".to_owned(),
        ..Contact::default()
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a test hands over what it got"
)]
fn saved(outcome: Result<Outcome, Error>) {
    assert!(matches!(outcome, Ok(Outcome::Saved)), "{outcome:?}");
}

/// The fields at which something is wrong.
fn wrong(outcome: Result<Outcome, Error>) -> Vec<&'static str> {
    match outcome.unwrap() {
        Outcome::Saved => Vec::new(),
        Outcome::Refused { wrong, .. } => wrong.into_iter().map(|wrong| wrong.field).collect(),
    }
}

async fn record(register: &Register, viewer: &Viewer, stage: Stage, number: &str) {
    let typed = step(stage, number);
    saved(register.record_step(viewer, MILANO, &typed, None).await);
}

fn text(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_body_takes_steps_and_a_mistaken_one_is_annulled_but_stays() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        record(&register, &officer, Stage::Interested, "").await;
        record(&register, &reviewer, Stage::Resolved, "G.C. 175").await;
        let asked = register.clock.now();
        record(&register, &officer, Stage::Signed, "").await;

        let stage_at = async |at| {
            let seen = register.body(&officer, MILANO, at).await.unwrap();
            present(&seen.steps).map(|(stage, step)| (stage, step.author.clone()))
        };
        assert_eq!(
            stage_at(None).await,
            Some((Stage::Signed, officer.account.clone()))
        );
        let then = Some((Stage::Resolved, reviewer.account.clone()));
        assert_eq!(stage_at(Some(asked)).await, then);
        assert_eq!(stage_at(Some(support::NOW - SECOND)).await, None);

        let seen = register.body(&officer, MILANO, None).await.unwrap();
        let signed = seen.steps.last().unwrap().id;
        let annul = async |reason| register.annul_step(&officer, MILANO, signed, reason).await;
        assert_eq!(wrong(annul("").await), ["motivo"]);
        saved(annul("era di un altro Comune").await);
        assert_eq!(wrong(annul("di nuovo").await), ["motivo"]);
        assert_eq!(stage_at(None).await, then);
        let seen = register.body(&officer, MILANO, None).await.unwrap();
        assert_eq!(seen.steps.len(), 4);
        let annulment = seen.steps.last().unwrap().id;
        for unknown in [annulment, Uuid::nil()] {
            let gone = register.annul_step(&officer, MILANO, unknown, "x").await;
            assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        }
        assert_eq!(
            wrong(
                register
                    .record_step(&officer, MILANO, &step(Stage::Resolved, ""), None)
                    .await
            ),
            ["numero"]
        );
    });
}

#[test]
fn the_present_act_is_the_last_recorded_and_keeps_its_document_until_told() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let record = async |state: &str, attached| {
            let typed = TypedAct {
                state: state.to_owned(),
                number: "7".to_owned(),
                date: "2021-03-04".to_owned(),
                names_readers: "si".to_owned(),
                ..TypedAct::default()
            };
            saved(
                register
                    .record_act(&officer, MILANO, ActKind::Pact, &typed, attached)
                    .await,
            );
            let seen = register.body(&officer, MILANO, None).await.unwrap();
            present_act(&seen.acts, ActKind::Pact).unwrap().clone()
        };
        let bare = record("no", Attached::Same).await;
        assert_eq!((bare.state.as_str(), bare.document), ("no", None));
        let file = Attached::New(attachment("../patto.PDF", PDF));
        let with = record("si", file).await;
        assert_eq!(
            (with.state.as_str(), with.names_readers.as_str()),
            ("si", "si")
        );
        assert!(with.document.is_some());
        assert_eq!(record("si", Attached::Same).await.document, with.document);
        assert_eq!(record("si", Attached::Nothing).await.document, None);

        let seen = register.body(&officer, MILANO, None).await.unwrap();
        assert_eq!((seen.acts.len(), seen.documents.len()), (4, 1));
        assert_eq!(seen.documents[0].name, "patto.PDF");
        let (_, content) = register
            .document(&officer, seen.documents[0].id)
            .await
            .unwrap();
        assert_eq!(text(content), PDF);
        let then = Some(bare.recorded_at);
        let seen = register.body(&officer, MILANO, then).await.unwrap();
        assert_eq!((seen.acts.len(), seen.documents.len()), (1, 0));
    });
}

#[test]
fn what_is_no_document_is_refused_with_everything_else_that_is_wrong() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let before = support::contents(&register.store).await;
        for (name, content) in [
            ("pagina.pdf", &b"<html><script>alert(1)</script>"[..]),
            ("programma.exe", b"MZ\x90\0"),
            ("vuoto.pdf", b""),
            ("patto.docx", PDF),
            ("patto", PDF),
            ("telecamera 10.0.0.5 admin:admin.pdf", PDF),
        ] {
            let typed = step(Stage::Resolved, "");
            let file = Some(attachment(name, content));
            let outcome = register.record_step(&officer, MILANO, &typed, file).await;
            assert_eq!(wrong(outcome), ["numero", "documento"], "{name}");
        }
        assert_eq!(support::contents(&register.store).await, before);
    });
}

#[test]
fn a_document_whose_bytes_have_changed_is_not_given_out_and_says_so() {
    both(async |store| {
        let register = support::register(store.clone()).await;
        let officer = support::officer(&register, MILANO).await;
        let long = [PDF, &vec![b'x'; 3 << 20]].concat();
        let typed = step(Stage::Resolved, "1");
        let file = Some(attachment("lungo.pdf", &long));
        saved(register.record_step(&officer, MILANO, &typed, file).await);
        let seen = register.body(&officer, MILANO, None).await.unwrap();
        let document = &seen.documents[0];
        assert_eq!(document.size, i64::try_from(long.len()).unwrap());
        let (_, content) = register.document(&officer, document.id).await.unwrap();
        assert_eq!(text(content), long);

        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let page = browser.get(MILANO_PAGE).await.text();
        assert!(page.contains(&document.sha256));
        support::execute(&store, "DELETE FROM document_part WHERE number = 2").await;
        let answer = browser.get(&format!("/documenti/{}", document.id)).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.text().contains("non corrisponde all’impronta"));
        assert!(!answer.text().contains("xxxx"));
    });
}

#[test]
fn a_document_is_saved_and_never_shown() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let document = support::document(&register, &officer, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let answer = browser.get(&format!("/documenti/{document}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, PDF);
        for (name, value) in [
            ("content-type", "application/pdf"),
            ("x-content-type-options", "nosniff"),
            (
                "content-disposition",
                "attachment; filename=\"regolamento.pdf\"; filename*=UTF-8''regolamento.pdf",
            ),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("sandbox") && !policy.contains("allow-"),
            "{policy}"
        );
        let nowhere = browser.get("/documenti/x").await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_seat_is_typed_in_any_notation_and_kept_in_wgs_84() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let typed = TypedSeat {
            address: "piazza Beccaria 19".to_owned(),
            fibre: "prevista".to_owned(),
            fibre_date: "31/12/2027".to_owned(),
            note: String::new(),
        };
        let at = |place: &str, crs: &str| {
            let mut draft = Draft::default();
            place.clone_into(&mut draft.place);
            crs.clone_into(&mut draft.crs);
            draft
        };
        let record = async |draft: Draft| {
            register
                .record_seat(&officer, MILANO, &typed, &draft, Attached::Same)
                .await
        };
        for (place, crs) in [
            ("45,4642 9,19", ""),
            ("45°27'51.12\"N 9°11'24\"E", ""),
            ("514853,5 5034536,8", "EPSG:32632"),
        ] {
            saved(record(at(place, crs)).await);
            let seen = register.body(&officer, MILANO, None).await.unwrap();
            let seat = seen.seats.last().unwrap();
            let near = (seat.lat - 45.4642).abs() < 1e-5 && (seat.lon - 9.19).abs() < 1e-5;
            assert!(near, "{place}: {} {}", seat.lat, seat.lon);
            assert_eq!(seat.provenance.text, place);
            assert_eq!(seat.fibre_date, "2027-12-31");
        }
        let Ok(Outcome::Refused { wrong, findings }) = record(at("9,19 45,4642", "")).await else {
            panic!("exchanged coordinates were kept");
        };
        assert_eq!(wrong[0].field, "posizione");
        assert!(findings.iter().any(|finding| !finding.proposals.is_empty()));
        assert_eq!(self::wrong(record(Draft::default()).await), ["posizione"]);
        let secret = record(at("rtsp://10.0.0.7/stream1", "")).await;
        assert_eq!(self::wrong(secret), ["posizione"]);
    });
}

#[test]
fn whom_to_ring_is_known_to_the_body_and_who_coordinates_and_can_be_erased() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let stranger = support::officer(&register, RHO).await;
        let reviewer = support::reviewer(&register).await;
        let observer = support::observer(&register).await;
        let administrator = support::administrator(&register).await;
        saved(register.put_contact(&officer, MILANO, &contact()).await);
        let app = support::app(&register);
        for (viewer, status, knows) in [
            (&officer, StatusCode::OK, true),
            (&reviewer, StatusCode::OK, true),
            (&administrator, StatusCode::OK, true),
            (&observer, StatusCode::OK, false),
            (&stranger, StatusCode::NOT_FOUND, false),
        ] {
            let mut browser = Browser::of(&app, viewer).await;
            let page = browser.get(MILANO_PAGE).await;
            assert_eq!(page.status, status, "{}", viewer.account);
            for datum in ["Segretissima", "anna@comune", "7740"] {
                assert_eq!(page.text().contains(datum), knows, "{}", viewer.account);
            }
        }
        let seen = register.body(&observer, MILANO, None).await.unwrap();
        assert_eq!(seen.contact, Whom::Hidden);
        for viewer in [&observer, &administrator] {
            let refused = register.put_contact(viewer, MILANO, &contact()).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
            let refused = register.erase_contact(viewer, MILANO).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        let other = Contact {
            name: "Bruno".to_owned(),
            ..contact()
        };
        saved(register.put_contact(&reviewer, MILANO, &other).await);
        let mut browser = Browser::of(&app, &officer).await;
        let page = browser.get(MILANO_PAGE).await.text();
        assert!(page.contains("Bruno") && !page.contains("Segretissima"));
        register.erase_contact(&officer, MILANO).await.unwrap();
        let seen = register.body(&officer, MILANO, None).await.unwrap();
        assert_eq!(seen.contact, Whom::Nobody);
    });
}

#[test]
fn of_another_body_an_officer_knows_the_name_and_nothing_else() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let stranger = support::officer(&register, RHO).await;
        let observer = support::observer(&register).await;
        record(&register, &officer, Stage::Signed, "").await;
        let find = async |viewer, text: &str, stage| {
            let wanted = Wanted {
                text: text.to_owned(),
                stage,
            };
            register.find_bodies(viewer, &wanted, None).await.unwrap()
        };
        let all = find(&stranger, "", None).await;
        assert_eq!(all.len(), 134);
        assert_eq!(all[0].body.code, RHO);
        let row = all.iter().find(|row| row.body.code == MILANO).unwrap();
        assert!(!row.shown && row.present.is_none() && row.seat.is_none());
        assert_eq!(all.iter().filter(|row| row.shown).count(), 1);
        let signed = Some(Some(Stage::Signed));
        assert!(find(&stranger, "", signed).await.is_empty());
        assert_eq!(find(&stranger, "", Some(None)).await.len(), 1);
        assert_eq!(find(&observer, "", signed).await.len(), 1);
        assert_eq!(find(&observer, "", Some(None)).await.len(), 133);
        assert_eq!(find(&observer, "COMUNE milano", None).await.len(), 1);

        let app = support::app(&register);
        let mut browser = Browser::of(&app, &stranger).await;
        let list = browser.get("/enti").await.text();
        assert!(list.contains("Comune di Milano") && !list.contains(MILANO_PAGE));
        assert!(list.contains("/enti/015182") && !list.contains("varco-adesione-protocollo"));
        let hidden = browser.get(MILANO_PAGE).await;
        let absent = browser.get("/enti/inventato").await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        assert_eq!(absent.status, StatusCode::NOT_FOUND);
        let refused = browser.get("/enti?adesione=boh").await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let list = Browser::of(&app, &observer).await.get("/enti").await.text();
        assert!(list.contains(MILANO_PAGE) && list.contains("Protocollo firmato"));
    });
}

#[test]
fn the_forms_record_what_they_say_and_come_back_with_what_was_typed() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let path = |end: &str| format!("{MILANO_PAGE}{end}");
        let shows = |answer: &Answer, texts: &[&str]| {
            for text in texts {
                assert!(answer.text().contains(text), "{text}: {}", answer.text());
            }
        };

        let typed = [
            ("passo", "delibera"),
            ("numero", ""),
            ("data", "12/31/2024"),
        ];
        let refused = browser.post(&path("/adesione"), &typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        shows(
            &refused,
            &[
                "forse intendevate 31/12/2024?",
                "value=\"12/31/2024\"",
                "Una delibera ha un numero",
                "value=\"delibera\" selected",
                "href=\"#f-numero\"",
            ],
        );
        let token = browser.csrf.clone().unwrap();
        let good = [
            ("_csrf", token.as_str()),
            ("passo", "delibera"),
            ("numero", "G.C. 175 <b>"),
            ("data", "02/12/2020"),
            ("nota", ""),
        ];
        let file = ("documento", "delibera à.pdf", PDF);
        let saved = browser.upload(&path("/adesione"), &good, file).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let page = browser.get(saved.location()).await;
        shows(
            &page,
            &[
                "Delibera adottata",
                "G.C. 175 &#60;b&#62;",
                "02/12/2020",
                "delibera à.pdf",
            ],
        );

        let none = ("documento", "x.pdf", &b"no"[..]);
        let refused = browser.upload(&path("/adesione"), &good, none).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        shows(&refused, &["sceglietelo di nuovo", "href=\"#f-documento\""]);

        let annul = browser
            .post(&path("/adesione"), &[("annulla", ""), ("motivo", "")])
            .await;
        assert_eq!(annul.status, StatusCode::UNPROCESSABLE_ENTITY);
        shows(&annul, &["Scegliete quale passo è sbagliato"]);

        let act = [
            ("stato", "attivo"),
            ("data", "1/2/2024"),
            ("nota", "in \"sala\""),
        ];
        let saved = browser.post(&path("/atti/server_questura"), &act).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let form = browser.get(&path("/atti/server_questura")).await;
        shows(
            &form,
            &[
                "value=\"attivo\" selected",
                "value=\"01/02/2024\"",
                "in &#34;sala&#34;",
            ],
        );
        let unknown = browser.get(&path("/atti/decreto")).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        let odd = browser.post(&path("/atti/dpia"), &[("stati", "si")]).await;
        assert_eq!(odd.status, StatusCode::BAD_REQUEST);
        shows(&odd, &["stato"]);

        let bad = [("nome", "Anna"), ("email", "anna"), ("telefono", "")];
        let refused = browser.post(&path("/referente"), &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        shows(&refused, &["value=\"anna\"", "Non è un indirizzo e-mail"]);
        let erase = browser
            .post(&path("/referente"), &[("azione", "cancella")])
            .await;
        assert_eq!(erase.status, StatusCode::SEE_OTHER);
    });
}

#[test]
fn the_form_of_a_seat_takes_a_proposal_and_keeps_the_rest() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let page = format!("{MILANO_PAGE}/sede");
        let fields = [
            ("indirizzo", "piazza Beccaria 19"),
            ("posizione", "9,19 45,4642"),
            ("crs", ""),
            ("lat", ""),
            ("lon", ""),
            ("fibra", "si"),
            ("fibra_data", ""),
            ("nota", ""),
        ];
        let refused = browser.post(&page, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = refused.text();
        let (_, rest) = text.split_once("name=\"apply\" value=\"").unwrap();
        let mark = rest.split_once('"').unwrap().0.to_owned();
        let mut with = fields.to_vec();
        with.push(("apply", &mark));
        let mended = browser.post(&page, &with).await;
        assert_eq!(mended.status, StatusCode::OK);
        let text = mended.text();
        assert!(text.contains("value=\"45.464200\"") && text.contains("piazza Beccaria 19"));
        assert!(text.contains("Nel Comune di Milano"));
        let seats = register.body(&officer, MILANO, None).await.unwrap().seats;
        assert!(seats.is_empty());
        let mut right = fields;
        (right[1].1, right[3].1, right[4].1) = ("", "45.464200", "9.190000");
        let saved = browser.post(&page, &right).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let seats = register.body(&officer, MILANO, None).await.unwrap().seats;
        assert_eq!(seats[0].provenance.operation, "none");
        assert!(
            browser
                .get(MILANO_PAGE)
                .await
                .text()
                .contains("piazza Beccaria 19")
        );
    });
}

#[test]
fn a_document_beyond_the_limit_is_not_kept_and_a_lost_session_is_told() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let settings = Settings {
            document_bytes: 1_048_576,
            ..Settings::default()
        };
        let app = App::new(register.clone(), settings);
        let mut browser = Browser::of(&app, &officer).await;
        let before = support::contents(&register.store).await;
        let token = browser.csrf.clone().unwrap();
        let fields = [
            ("_csrf", token.as_str()),
            ("stato", "si"),
            ("data", "2020-01-01"),
        ];
        let long = [PDF, &vec![0; 1 << 20]].concat();
        let page = format!("{MILANO_PAGE}/atti/dpia");
        let file = ("documento", "a.pdf", long.as_slice());
        let refused = browser.upload(&page, &fields, file).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("più grande di 1 MB"));
        assert_eq!(support::contents(&register.store).await, before);
        let mut nobody = Browser::new(&app);
        let refused = nobody.upload(&page, &fields, file).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn the_seat_of_a_body_says_which_fields_are_missing_all_at_once() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let draft = Draft::of(&[(Field::Lat, "45.4642"), (Field::Lon, "9.19")]);
        let empty = TypedSeat::default();
        let refused = register
            .record_seat(&officer, MILANO, &empty, &draft, Attached::Same)
            .await;
        assert_eq!(wrong(refused), ["indirizzo", "fibra"]);
        let nowhere = register
            .record_seat(&officer, MILANO, &empty, &Draft::default(), Attached::Same)
            .await;
        assert_eq!(wrong(nowhere), ["posizione", "indirizzo", "fibra"]);
    });
}

#[test]
fn the_history_has_what_is_recorded_of_a_body_and_of_a_contact_only_that_it_changed() {
    both(async |store| {
        let register = support::register(store.clone()).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        record(&register, &officer, Stage::Resolved, "G.C. 175").await;
        saved(register.put_contact(&officer, MILANO, &contact()).await);
        register.erase_contact(&officer, MILANO).await.unwrap();
        let document = support::document(&register, &officer, MILANO).await;
        let (kept, _) = register.document(&officer, document).await.unwrap();
        register.body(&reviewer, MILANO, None).await.unwrap();
        register.settle().await.unwrap();
        let mut told = Vec::new();
        let mut unit = store.read().await.unwrap();
        let tell = |one: Record| {
            if one.body.as_deref() == Some(MILANO) {
                told.push((one.act, one.account, one.detail, one.at));
            }
        };
        unit.each_record(tell).await.unwrap();
        let acts: Vec<&str> = told.iter().map(|one| one.0.as_str()).collect();
        assert_eq!(
            acts,
            [
                "adesione",
                "referente",
                "referente",
                "atto",
                "esportazione",
                "lettura"
            ]
        );
        assert_eq!(told[0].2, "Delibera adottata, G.C. 175, 2020-12-02");
        assert!(told[3].2.contains(&kept.sha256));
        assert_eq!(told[5].1, reviewer.account);
        assert!(!format!("{told:?}").contains("Segretissima"));
        let steps = unit.steps(Some(MILANO), None).await.unwrap();
        assert_eq!(steps[0].recorded_at, told[0].3);
    });
}
