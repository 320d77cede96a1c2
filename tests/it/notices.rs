//! What people are told: once, together, and only those whom it concerns.

use crate::support::{self, Browser, MILANO, both};
use axum::http::StatusCode;
use uuid::Uuid;
use varco::census::notice::Kind;
use varco::census::person::{Grant, Role, Viewer};
use varco::census::review::Remark;
use varco::census::revision::Source;
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::register::record::{Outcome, Target, draft_of};
use varco::register::review::{Decision, Looked};

/// A second officer of Milano.
async fn colleague(register: &Register) -> Viewer {
    let grants = vec![Grant {
        role: Role::Compilatore,
        body: MILANO.to_owned(),
    }];
    let account = "collega".to_owned();
    let id = register
        .add_person(
            &Viewer::operator(),
            &account,
            "Collega",
            support::PASSWORD,
            &grants,
        )
        .await
        .unwrap();
    Viewer::person(id, account, "Collega".to_owned(), grants)
}

async fn send_back(register: &Register, reviewer: &Viewer, device: Uuid) {
    let under = register.under_review(reviewer, device).await.unwrap();
    let looked = Looked {
        device,
        revision: under.unwrap().sent.id,
    };
    let remark = Remark {
        field: "modello".to_owned(),
        reason: "Non è quello".to_owned(),
        value: String::new(),
    };
    register
        .decide(reviewer, looked, Decision::SendBack(vec![remark]), "")
        .await
        .unwrap();
}

#[test]
fn many_devices_accepted_together_are_one_notice_for_each_officer() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let colleague = colleague(&register).await;
        let reviewer = support::reviewer(&register).await;
        for number in 0..5 {
            support::device(&register, &officer, MILANO, &format!("T{number}"), &[]).await;
        }
        register.submit(&officer, MILANO, None, "").await.unwrap();
        let now = register.clock.now();
        register.accept_all(&reviewer, MILANO, now).await.unwrap();
        for person in [&officer, &colleague] {
            let told = register.notices(person).await.unwrap();
            assert_eq!(told.len(), 1);
            assert_eq!((told[0].kind, told[0].devices), (Kind::Accepted, 5));
            assert_eq!(register.unread(person).await.unwrap(), 1);
        }
        assert_eq!(register.unread(&reviewer).await.unwrap(), 0);
    });
}

#[test]
fn what_is_sent_back_one_by_one_grows_into_one_notice_until_it_is_read() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let mut devices = Vec::new();
        for code in ["A", "B", "C"] {
            devices.push(support::device(&register, &officer, MILANO, code, &[]).await);
        }
        register.submit(&officer, MILANO, None, "").await.unwrap();
        send_back(&register, &reviewer, devices[0]).await;
        let told = register.notices(&officer).await.unwrap();
        assert_eq!(told[0].device, Some(devices[0]));
        assert!(told[0].words().contains("dispositivo A"));
        send_back(&register, &reviewer, devices[1]).await;
        let told = register.notices(&officer).await.unwrap();
        assert_eq!((told.len(), told[0].devices, told[0].device), (1, 2, None));
        register
            .mark_read(&officer, Some(told[0].id))
            .await
            .unwrap();
        assert_eq!(register.unread(&officer).await.unwrap(), 0);
        send_back(&register, &reviewer, devices[2]).await;
        let told = register.notices(&officer).await.unwrap();
        assert_eq!((told.len(), told[0].devices), (2, 1));
    });
}

#[test]
fn who_wrote_a_device_is_told_when_a_colleague_changes_it_and_all_when_a_stranger_does() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let colleague = colleague(&register).await;
        let device = support::device(&register, &officer, MILANO, "A", &[]).await;
        let change = async |viewer: &Viewer, text: &str| {
            let present = register.device(viewer, device).await.unwrap().revision;
            let mut draft = draft_of(&present);
            draft.set(Field::Modello, text);
            let target = Target::Existing {
                device,
                number: present.number,
            };
            let outcome = register.save(viewer, &draft, target, Source::Form).await;
            assert!(matches!(outcome.unwrap(), Outcome::Saved { .. }));
        };
        change(&officer, "Uno").await;
        assert_eq!(register.unread(&officer).await.unwrap(), 0);
        change(&colleague, "Due").await;
        change(&colleague, "Tre").await;
        let told = register.notices(&officer).await.unwrap();
        assert_eq!((told.len(), told[0].devices), (1, 1));
        assert_eq!(told[0].words(), "collega ha modificato il dispositivo A.");
        assert_eq!(register.unread(&colleague).await.unwrap(), 0);
        change(&Viewer::operator(), "Quattro").await;
        assert_eq!(register.unread(&colleague).await.unwrap(), 1);
    });
}

#[test]
fn a_removed_officer_is_told_nothing_and_sees_nothing_of_before() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let colleague = colleague(&register).await;
        let reviewer = support::reviewer(&register).await;
        let bodies = [MILANO.to_owned()];
        let day = register.clock.today();
        register
            .set_due(&reviewer, &bodies, Some(day))
            .await
            .unwrap();
        assert_eq!(register.unread(&colleague).await.unwrap(), 1);
        let mut unit = register.store.write().await.unwrap();
        let grant = Grant {
            role: Role::Compilatore,
            body: MILANO.to_owned(),
        };
        unit.revoke(colleague.id.unwrap(), &grant).await.unwrap();
        unit.commit().await.unwrap();
        let removed = Viewer::person(
            colleague.id.unwrap(),
            colleague.account.clone(),
            colleague.name.clone(),
            Vec::new(),
        );
        assert_eq!(register.unread(&removed).await.unwrap(), 0);
        assert_eq!(register.notices(&removed).await.unwrap(), []);
        register.set_due(&reviewer, &bodies, None).await.unwrap();
        let of_officer = register.notices(&officer).await.unwrap();
        assert!(of_officer[0].text.contains("tolta"));
        let of_removed = register.notices(&colleague).await.unwrap();
        assert!(!of_removed[0].text.contains("tolta"));
    });
}

#[test]
fn the_count_stands_on_every_page_until_all_is_read() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let bodies = [MILANO.to_owned()];
        let day = register.clock.today();
        register
            .set_due(&reviewer, &bodies, Some(day))
            .await
            .unwrap();
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        let count = "1<span class=\"visually-hidden\"> da leggere</span>";
        for path in ["/", "/dispositivi", "/avvisi"] {
            assert!(browser.get(path).await.text().contains(count), "{path}");
        }
        let home = browser.get("/").await.text();
        assert!(home.contains("Che cosa fare adesso"), "{home}");
        let answer = browser.post("/avvisi", &[("avviso", "tutti")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(!browser.get("/").await.text().contains(count));
        let answer = browser.post("/avvisi", &[("avviso", "boh")]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn a_message_reaches_the_officers_or_who_has_the_body_in_hand_or_all_reviewers() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let colleague = colleague(&register).await;
        let reviewer = support::reviewer(&register).await;
        let device = support::device(&register, &officer, MILANO, "A", &[]).await;
        let say = async |viewer: &Viewer, device: Option<Uuid>| {
            register
                .say(viewer, MILANO, device, "Guardate")
                .await
                .unwrap();
        };
        say(&reviewer, Some(device)).await;
        for person in [&officer, &colleague] {
            let told = register.notices(person).await.unwrap();
            assert_eq!((told.len(), told[0].kind), (1, Kind::Message));
            assert!(told[0].words().contains("dispositivo A"));
        }
        assert_eq!(register.unread(&reviewer).await.unwrap(), 0);
        say(&officer, None).await;
        assert_eq!(register.unread(&reviewer).await.unwrap(), 1);
        assert_eq!(register.unread(&colleague).await.unwrap(), 1);
        register.mark_read(&reviewer, None).await.unwrap();
        register.set_claim(&reviewer, MILANO, true).await.unwrap();
        say(&officer, Some(device)).await;
        let told = register.notices(&reviewer).await.unwrap();
        assert_eq!((told.len(), told[0].device), (2, Some(device)));
    });
}

#[test]
fn what_is_said_on_sending_is_said_once_and_what_was_sent_back_is_settled() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let mut devices = Vec::new();
        for code in ["A", "B"] {
            devices.push(support::device(&register, &officer, MILANO, code, &[]).await);
        }
        register
            .submit(&officer, MILANO, None, "Tutti nuovi")
            .await
            .unwrap();
        let said = register.thread_of_body(&officer, MILANO).await.unwrap();
        assert_eq!((said.len(), said[0].text.as_str()), (1, "Tutti nuovi"));
        let at_device = register
            .thread_of_device(&officer, devices[0])
            .await
            .unwrap();
        assert!(at_device.iter().all(|review| review.text.is_empty()));
        let told = register.notices(&reviewer).await.unwrap();
        assert_eq!((told.len(), told[0].kind), (1, Kind::Message));
        send_back(&register, &reviewer, devices[0]).await;
        assert_eq!(register.unread(&officer).await.unwrap(), 1);
        register
            .submit(&officer, MILANO, Some(devices[0]), "")
            .await
            .unwrap();
        assert_eq!(register.unread(&officer).await.unwrap(), 0);
    });
}

#[test]
fn an_officer_reads_and_answers_the_conversation_on_the_page_of_the_body() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        register
            .say(&reviewer, MILANO, None, "Quando arrivano i dati?")
            .await
            .unwrap();
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &officer).await;
        let path = format!("/enti/{MILANO}");
        assert!(browser.get(&path).await.text().contains("Quando arrivano"));
        let fields = [("messaggio", "Domani")];
        let answer = browser
            .post(&format!("/convalida/{MILANO}/messaggi"), &fields)
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(browser.get(&path).await.text().contains("Domani"));
        assert_eq!(register.unread(&reviewer).await.unwrap(), 1);
    });
}
