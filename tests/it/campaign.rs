//! The campaign: the board now and then, due dates, declarations, reminders.

use crate::support::{self, Browser, MILANO, RHO, both};
use axum::http::StatusCode;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use uuid::Uuid;
use varco::census::adhesion::Contact;
use varco::census::campaign::{DeclarationKind, State, Tally};
use varco::census::filter::Moment;
use varco::census::notice::Kind;
use varco::census::person::{Grant, Role, Viewer};
use varco::census::review::Remark;
use varco::census::revision::Source;
use varco::census::vocabulary::Field;
use varco::exchange::mail::{Mailer, Safety, Server};
use varco::register::record::{Outcome, Target, draft_of};
use varco::register::review::{Decision, Looked};
use varco::register::{Error, Register};

async fn tally(register: &Register, viewer: &Viewer, body: &str, moment: Moment) -> Tally {
    let board = register.board(viewer, moment).await.unwrap();
    let row = board.into_iter().find(|row| row.body.code == body);
    row.unwrap().standing.tally
}

async fn edit(register: &Register, viewer: &Viewer, device: Uuid, field: Field, text: &str) {
    let present = register.device(viewer, device).await.unwrap().revision;
    let mut draft = draft_of(&present);
    draft.set(field, text);
    let target = Target::Existing {
        device,
        number: present.number,
    };
    let outcome = register.save(viewer, &draft, target, Source::Form).await;
    assert!(matches!(outcome.unwrap(), Outcome::Saved { .. }));
}

async fn decide(register: &Register, viewer: &Viewer, device: Uuid, decision: Decision) {
    let under = register
        .under_review(viewer, device)
        .await
        .unwrap()
        .unwrap();
    let looked = Looked {
        device,
        revision: under.sent.id,
    };
    register.decide(viewer, looked, decision, "").await.unwrap();
}

fn to_mend() -> Decision {
    Decision::SendBack(vec![Remark {
        field: "modello".to_owned(),
        reason: "Non è il modello giusto".to_owned(),
        value: String::new(),
    }])
}

/// An officer of Milano and a reviewer, and devices in every state there is.
async fn every_state(register: &Register) -> (Viewer, Viewer) {
    let officer = support::officer(register, MILANO).await;
    let reviewer = support::reviewer(register).await;
    let mut devices = Vec::new();
    for code in ["ACC", "EDIT", "OUT", "BACK", "WAIT", "AGAIN"] {
        devices.push(support::device(register, &officer, MILANO, code, &[]).await);
    }
    register.submit(&officer, MILANO, None, "").await.unwrap();
    for device in &devices[..3] {
        decide(register, &reviewer, *device, Decision::Accept).await;
    }
    decide(register, &reviewer, devices[3], to_mend()).await;
    edit(register, &officer, devices[1], Field::Modello, "Altro").await;
    register
        .set_withdrawn(&officer, devices[2], true)
        .await
        .unwrap();
    edit(register, &officer, devices[5], Field::Modello, "Altro").await;
    support::device(register, &officer, MILANO, "NUOVO", &[]).await;
    let lacking = [(Field::Modello, "")];
    support::device(register, &officer, MILANO, "MANCA", &lacking).await;
    (officer, reviewer)
}

#[test]
fn the_board_counts_every_state_and_the_same_at_this_instant() {
    both(async |store| {
        let register = support::register(store).await;
        let (officer, reviewer) = every_state(&register).await;
        let now = tally(&register, &reviewer, MILANO, Moment::Now).await;
        let counts = [
            now.devices,
            now.accepted,
            now.waiting,
            now.to_mend,
            now.unsent,
            now.ready,
            now.taken_out,
            now.incomplete,
        ];
        assert_eq!(counts, [7, 3, 2, 1, 4, 3, 1, 1], "{now:#?}");
        assert!(now.known < now.asked && now.waiting_since < now.to_mend_since);
        let then = Moment::At(register.clock.now());
        assert_eq!(tally(&register, &reviewer, MILANO, then).await, now);
        let own = register.standing(&officer, MILANO).await.unwrap();
        assert_eq!(own.tally, now);
    });
}

#[test]
fn the_board_of_a_past_instant_is_the_board_of_that_instant() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let mut moments = Vec::new();
        let note = async |register: &Register| {
            let tally = tally(register, &reviewer, MILANO, Moment::Now).await;
            let at = register.clock.now();
            // What comes next is later than this.
            assert!(!register.clock.new_id().is_nil());
            (Moment::At(at), tally)
        };
        moments.push(note(&register).await);
        let one = support::device(&register, &officer, MILANO, "1", &[]).await;
        moments.push(note(&register).await);
        register.submit(&officer, MILANO, None, "").await.unwrap();
        moments.push(note(&register).await);
        decide(&register, &reviewer, one, to_mend()).await;
        moments.push(note(&register).await);
        edit(&register, &officer, one, Field::Modello, "Due").await;
        register.submit(&officer, MILANO, None, "").await.unwrap();
        moments.push(note(&register).await);
        decide(&register, &reviewer, one, Decision::Accept).await;
        moments.push(note(&register).await);
        register.set_withdrawn(&officer, one, true).await.unwrap();
        moments.push(note(&register).await);
        for (moment, before) in moments {
            assert_eq!(tally(&register, &reviewer, MILANO, moment).await, before);
        }
    });
}

#[test]
fn the_board_is_for_who_reads_everything_and_lists_every_comune() {
    both(async |store| {
        let register = support::register(store).await;
        let (officer, reviewer) = every_state(&register).await;
        let refused = register.board(&officer, Moment::Now).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        assert_eq!(
            register.board(&reviewer, Moment::Now).await.unwrap().len(),
            133
        );
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let page = browser.get("/campagna?ordine=-dispositivi").await.text();
        for words in [
            "133 enti",
            "Chi convalida: 2 in attesa dal 02/03/2026",
            "L’ente: 1 da correggere dal 02/03/2026",
            "L’ente: 4 da inviare",
            "L’ente: 1 da completare",
        ] {
            assert!(page.contains(words), "{words}");
        }
        let first = page.find("Comune di Milano").unwrap();
        assert!(first < page.find("Comune di Rho").unwrap());
        let page = browser.get("/campagna?attesa=convalida").await.text();
        assert!(page.contains("un ente") && !page.contains("Comune di Rho"));
        let page = browser.get("/campagna/mappa").await.text();
        assert!(page.contains("&#34;015146&#34;:&#34;convalida&#34;"));
        let wrong = browser.get("/campagna?stato=boh").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn only_what_was_sent_is_declared_and_nothing_changed_is_one_click() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let one = support::device(&register, &officer, MILANO, "1", &[]).await;
        let declare = async |kind| register.declare(&officer, MILANO, kind, "").await;
        let refused = declare(DeclarationKind::Census).await;
        let Err(Error::Invalid(words)) = refused else {
            panic!("declared before it was sent: {refused:?}");
        };
        assert!(words.contains("1 da inviare alla convalida"), "{words}");
        register.submit(&officer, MILANO, None, "").await.unwrap();
        let first = declare(DeclarationKind::Unchanged).await;
        assert!(matches!(first, Err(Error::Invalid(_))));
        let first = declare(DeclarationKind::Census).await.unwrap();
        decide(&register, &reviewer, one, Decision::Accept).await;
        let state = register.standing(&officer, MILANO).await.unwrap().state();
        assert_eq!(state, State::Declared);
        let again = declare(DeclarationKind::Unchanged).await.unwrap();
        edit(&register, &officer, one, Field::Modello, "Altro").await;
        register.submit(&officer, MILANO, None, "").await.unwrap();
        let changed = declare(DeclarationKind::Unchanged).await;
        assert!(matches!(changed, Err(Error::Invalid(_))));
        let made = register.declarations(&officer, MILANO).await.unwrap().made;
        assert_eq!(
            made.iter().map(|one| one.id).collect::<Vec<_>>(),
            [again, first]
        );
        assert_eq!(made[0].hash, made[1].hash);
        assert_eq!((made[1].accepted, made[0].accepted), (0, 1));
        declare(DeclarationKind::Census).await.unwrap();
        let made = register.declarations(&officer, MILANO).await.unwrap().made;
        assert_ne!(made[0].hash, made[1].hash);
        let other = register.declare(&reviewer, MILANO, DeclarationKind::Census, "");
        assert!(matches!(other.await, Err(Error::Forbidden(_))));
    });
}

#[test]
fn a_declaration_is_an_act_that_only_its_body_and_who_reads_everything_see() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let stranger = support::officer(&register, RHO).await;
        let observer = support::observer(&register).await;
        support::device(&register, &officer, MILANO, "1", &[]).await;
        register.submit(&officer, MILANO, None, "").await.unwrap();
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        let path = format!("/enti/{MILANO}/dichiarazioni");
        assert!(
            browser
                .get(&path)
                .await
                .text()
                .contains("Dichiara il censimento")
        );
        let fields = [
            ("tipo", "dichiarazione"),
            ("testo", "Dopo i lavori di via Roma"),
        ];
        let answer = browser.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let act = answer.location().to_owned();
        let page = browser.get(&act).await.text();
        let made = register.declarations(&officer, MILANO).await.unwrap().made;
        for words in [
            "Comune di Milano",
            "Protocollo n.",
            "Firma",
            "Dopo i lavori di via Roma",
            "un dispositivo",
            &made[0].hash,
        ] {
            assert!(page.contains(words), "{words}");
        }
        assert!(
            browser
                .get(&path)
                .await
                .text()
                .contains("nessuna variazione")
        );
        let mut observer = Browser::of(&app, &observer).await;
        assert_eq!(observer.get(&act).await.status, StatusCode::OK);
        assert_eq!(
            observer.post(&path, &fields).await.status,
            StatusCode::FORBIDDEN
        );
        let mut stranger = Browser::of(&app, &stranger).await;
        assert_eq!(stranger.get(&act).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            stranger.post(&path, &fields).await.status,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn a_due_date_is_set_by_reviewers_told_to_officers_and_can_be_late() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let bodies = [MILANO.to_owned(), RHO.to_owned()];
        let day = register.clock.today();
        let refused = register.set_due(&officer, &bodies, Some(day)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let past = day.yesterday().unwrap();
        let refused = register.set_due(&reviewer, &bodies, Some(past)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
        let unknown = ["boh".to_owned()];
        assert!(
            register
                .set_due(&reviewer, &unknown, Some(day))
                .await
                .is_err()
        );
        let set = register.set_due(&reviewer, &bodies, Some(day)).await;
        assert_eq!(set.unwrap(), 2);
        let standing = register.standing(&officer, MILANO).await.unwrap();
        assert_eq!(standing.due_words(), "02/03/2026, oggi");
        let told = register.notices(&officer).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].kind, Kind::Due);
        register
            .declare(&officer, MILANO, DeclarationKind::Census, "")
            .await
            .unwrap();
        let standing = register.standing(&officer, MILANO).await.unwrap();
        assert_eq!(standing.due_words(), "02/03/2026, rispettata");
        register.set_due(&reviewer, &bodies, None).await.unwrap();
        let standing = register.standing(&officer, MILANO).await.unwrap();
        assert_eq!(standing.due, None);
    });
}

/// A server of the mail that takes what it is given, but for addresses that say `rifiuta`; it gives
/// back all that was said to it when its conversations, so many, are over.
fn mail_server(conversations: usize) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let mut heard = String::new();
        for stream in listener.incoming().take(conversations) {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            stream.write_all(b"220 posta.example\r\n").unwrap();
            let mut data = false;
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap() == 0 {
                    break;
                }
                heard.push_str(&line);
                let answer = match line.trim_end() {
                    "." if data => {
                        data = false;
                        "250 preso\r\n"
                    }
                    _ if data => continue,
                    "DATA" => {
                        data = true;
                        "354 dite\r\n"
                    }
                    "QUIT" => "221 arrivederci\r\n",
                    text if text.starts_with("RCPT") && text.contains("rifiuta") => {
                        "550 casella inesistente\r\n"
                    }
                    _ => "250 va bene\r\n",
                };
                stream.write_all(answer.as_bytes()).unwrap();
                if answer.starts_with("221") {
                    break;
                }
            }
        }
        heard
    });
    (port, heard)
}

async fn with_contact(register: &Register, body: &str, email: &str) {
    let mut unit = register.store.write().await.unwrap();
    let contact = Contact {
        name: "Maria Rossi".to_owned(),
        email: email.to_owned(),
        ..Contact::default()
    };
    unit.put_contact(body, &contact).await.unwrap();
    unit.commit().await.unwrap();
}

#[test]
fn reminders_go_out_one_by_one_and_a_refusal_is_named() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        with_contact(&register, MILANO, "rossi@milano.example").await;
        with_contact(&register, RHO, "rifiuta@rho.example").await;
        let grants = vec![Grant {
            role: Role::Compilatore,
            body: MILANO.to_owned(),
        }];
        let account = "bianchi@milano.example";
        register
            .add_person(
                &Viewer::operator(),
                account,
                "Bianchi",
                support::PASSWORD,
                &grants,
            )
            .await
            .unwrap();
        let (port, heard) = mail_server(3);
        let server = Server {
            host: "127.0.0.1".to_owned(),
            port: Some(port),
            safety: Safety::Nothing,
            sender: "Censimento <censimento@cmm.example>".to_owned(),
            ..Server::default()
        };
        let mailer = Mailer::new(&server).unwrap();
        let bodies = [MILANO.to_owned(), RHO.to_owned()];
        let sent = register
            .send_reminders(&reviewer, &mailer, &bodies, "La Città metropolitana")
            .await
            .unwrap();
        let outcomes: Vec<(&str, bool)> = sent
            .iter()
            .map(|one| (one.recipient.address.as_str(), one.refusal.is_none()))
            .collect();
        let expected = [
            ("rossi@milano.example", true),
            (account, true),
            ("rifiuta@rho.example", false),
        ];
        assert_eq!(outcomes, expected);
        let refusal = sent[2].refusal.as_deref().unwrap();
        assert!(refusal.contains("casella inesistente"), "{refusal}");
        drop(mailer);
        let heard = heard.join().unwrap();
        for words in [
            "MAIL FROM:<censimento@cmm.example>",
            "RCPT TO:<rossi@milano.example>",
            "RCPT TO:<bianchi@milano.example>",
            "Mon, 02 Mar 2026",
        ] {
            assert!(heard.contains(words), "{words}\n{heard}");
        }
        let reminders = register
            .reminders(&reviewer, "", |_row| true)
            .await
            .unwrap();
        let of = |body: &str| reminders.iter().find(|one| one.body.code == body).unwrap();
        assert!(of(MILANO).last.is_some() && of(RHO).last.is_none());
    });
}

#[test]
fn without_a_mail_server_there_is_the_list_to_send() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        with_contact(&register, MILANO, "rossi@milano.example").await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let page = browser.get("/campagna/solleciti").await.text();
        assert!(page.contains("mailto:rossi%40milano%2Eexample?subject="));
        assert!(page.contains("Maria Rossi &#60;rossi@milano.example&#62;"));
        let list = browser.get("/campagna/solleciti.csv").await;
        assert!(list.text().contains("rossi@milano.example;"));
        let fields = [("ente", MILANO)];
        let answer = browser.post("/campagna/solleciti", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn a_refused_due_date_keeps_filter_ticks_and_day_and_reminders_keep_the_filter() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let board = browser.get("/campagna?cerca=rho").await.text();
        assert!(board.contains("href=\"/campagna/solleciti?cerca=rho\""));
        let fields = [
            ("cerca", "rho"),
            ("ente", RHO),
            ("elenco", RHO),
            ("giorno", "2020-01-01"),
            ("azione", "stabilisci"),
        ];
        let refused = browser.post("/campagna/scadenza", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = refused.text();
        assert!(page.contains("id=\"errori\"") && page.contains("value=\"2020-01-01\""));
        assert!(page.contains("aria-label=\"Scegli Comune di Rho\" checked"));
        assert!(!page.contains("Scegli Comune di Milano"));
        let fields = [
            ("cerca", "rho"),
            ("tutti", "si"),
            ("elenco", RHO),
            ("giorno", "2030-01-01"),
            ("azione", "stabilisci"),
        ];
        let set = browser.post("/campagna/scadenza", &fields).await;
        assert_eq!(set.location(), "/campagna?cerca=rho&scadenze=1");
        let reminders = browser.get("/campagna/solleciti?cerca=rho").await.text();
        assert!(reminders.contains("Comune di Rho"));
        assert!(!reminders.contains("Comune di Milano"));
        let past = browser.get("/campagna/solleciti?al=2026-01-01").await;
        assert_eq!(past.status, StatusCode::BAD_REQUEST);
    });
}
