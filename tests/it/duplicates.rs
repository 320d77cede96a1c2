//! Devices that two bodies have both listed: found, decided by a reviewer, taken back, and seen by
//! both owners.

use crate::support::{self, Browser, MILANO, RHO, both};
use axum::http::StatusCode;
use uuid::Uuid;
use varco::census::duplicate::Grade;
use varco::census::filter::{Filter, Moment, State};
use varco::census::person::{Grant, Role, Viewer};
use varco::census::vocabulary::Field;
use varco::clock::Instant;
use varco::register::duplicate::{Found, Wanted};
use varco::register::{Error, Register};

/// A reader in Milano that Rho has listed too, twelve metres aside.
struct World {
    register: Register,
    milano: Viewer,
    rho: Viewer,
    reviewer: Viewer,
    /// Milano's, reserved unless the test says otherwise.
    one: Uuid,
    /// Rho's.
    two: Uuid,
}

const LON: &str = "9.19";

impl World {
    async fn new(store: varco::storage::Store, shown: &'static str) -> Self {
        let register = support::register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let rho = support::officer(&register, RHO).await;
        let reviewer = support::reviewer(&register).await;
        let at = |lat: &'static str, name: &'static str| {
            [
                (Field::Lat, lat),
                (Field::Lon, LON),
                (Field::Comune, MILANO),
                (Field::Azimut, "90"),
                (Field::Denominazione, name),
                (Field::Visibilita, shown),
            ]
        };
        let fields = at("45.464", "Nome riservato di Milano");
        let one = support::device(&register, &milano, MILANO, "MI-1", &fields).await;
        let fields = at("45.464108", "Nome riservato di Rho");
        let two = support::device(&register, &rho, RHO, "RHO-1", &fields).await;
        Self {
            register,
            milano,
            rho,
            reviewer,
            one,
            two,
        }
    }

    async fn accept(&self) {
        let mut unit = self.register.store.write().await.unwrap();
        let all = Filter::working(&Viewer::operator());
        support::accept(&mut unit, &all).await;
        unit.commit().await.unwrap();
    }

    async fn found(&self, viewer: &Viewer) -> Found {
        let wanted = Wanted::default();
        self.register.duplicates(viewer, &wanted).await.unwrap()
    }

    async fn merge(&self) {
        self.register
            .merge(&self.reviewer, self.two, self.one, "Lo gestisce Rho")
            .await
            .unwrap();
    }

    /// The codes that a person finds among what is published.
    async fn published(&self, viewer: &Viewer) -> Vec<String> {
        let mut filter = Filter::of(viewer);
        filter.state = State::Accepted;
        let mut unit = self.register.store.read().await.unwrap();
        let points = unit.points(&filter).await.unwrap();
        assert_eq!(
            i64::try_from(points.len()).unwrap(),
            unit.count(&filter).await.unwrap()
        );
        points.into_iter().map(|point| point.codice).collect()
    }
}

fn why(result: varco::register::Result<()>) -> String {
    match result {
        Err(error @ (Error::Invalid(_) | Error::Forbidden(_) | Error::NotFound(_))) => {
            error.to_string()
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_reader_that_two_bodies_list_is_found_and_the_list_says_why() {
    both(async |store| {
        let world = World::new(store, "riservato").await;
        let found = world.found(&world.reviewer).await;
        assert_eq!(found.total, 1);
        let candidate = &found.candidates[0];
        assert_eq!(candidate.likeness.grade, Grade::Likely);
        let mut devices = candidate.devices();
        devices.sort_unstable();
        let mut expected = [world.one, world.two];
        expected.sort_unstable();
        assert_eq!(devices, expected);

        let mut browser = Browser::of(&support::app(&world.register), &world.reviewer).await;
        let list = browser.get("/doppioni").await.text();
        assert!(
            list.contains("a 12 metri, stessa marca e modello, stesso azimut"),
            "{list}"
        );
        let pair = format!("/doppioni/{}/{}", world.one, world.two);
        let page = browser.get(&pair).await;
        assert_eq!(page.status, StatusCode::OK);
        let text = page.text();
        assert!(text.contains("Nome riservato di Rho") && text.contains("varco-differs"));
        assert!(text.contains("resta MI-1 di Comune di Milano"), "{text}");

        // What is withdrawn is no longer a candidate.
        world
            .register
            .set_withdrawn(&world.rho, world.two, true)
            .await
            .unwrap();
        assert_eq!(world.found(&world.reviewer).await.total, 0);
    });
}

#[test]
fn nothing_reserved_of_another_body_reaches_an_officer_before_a_reviewer_decided() {
    both(async |store| {
        let world = World::new(store, "riservato").await;
        world.accept().await;
        let app = support::app(&world.register);
        let pair = format!("/doppioni/{}/{}", world.one, world.two);
        for viewer in [&world.milano, &world.rho] {
            assert_eq!(world.found(viewer).await.total, 0);
            let mut browser = Browser::of(&app, viewer).await;
            assert_eq!(browser.get(&pair).await.status, StatusCode::NOT_FOUND);
            let list = browser.get("/doppioni").await.text();
            assert!(!list.contains("MI-1") && !list.contains("RHO-1"), "{list}");
        }
        world.merge().await;
        // Now both know body and code of the other, and nothing more of it.
        for (viewer, own, other, name) in [
            (&world.milano, world.one, "RHO-1", "Nome riservato di Rho"),
            (&world.rho, world.two, "MI-1", "Nome riservato di Milano"),
        ] {
            let mut browser = Browser::of(&app, viewer).await;
            let page = browser.get(&format!("/dispositivi/{own}")).await.text();
            assert!(
                page.contains(other) && page.contains("Lo gestisce Rho"),
                "{page}"
            );
            assert!(!page.contains(name) && !page.contains(&pair), "{page}");
            let list = browser.get("/doppioni").await.text();
            assert!(
                list.contains(other) && list.contains("Lo gestisce Rho"),
                "{list}"
            );
            assert!(
                !list.contains(name) && !list.contains("href=\"/doppioni/"),
                "{list}"
            );
            assert_eq!(browser.get(&pair).await.status, StatusCode::NOT_FOUND);
        }
        let third = support::officer(&world.register, "015077").await;
        let mut browser = Browser::of(&app, &third).await;
        let list = browser.get("/doppioni").await.text();
        assert!(!list.contains("MI-1") && !list.contains("RHO-1"), "{list}");
    });
}

#[test]
fn officers_see_the_pairs_of_their_own_devices_and_of_what_is_shown_to_them() {
    both(async |store| {
        let world = World::new(store, "enti").await;
        // What the other body has not had accepted is not shown yet.
        assert_eq!(world.found(&world.milano).await.total, 0);
        world.accept().await;
        for viewer in [&world.milano, &world.rho, &world.reviewer] {
            assert_eq!(world.found(viewer).await.total, 1);
        }
        let third = support::officer(&world.register, "015077").await;
        assert_eq!(world.found(&third).await.total, 0);
        let pair = format!("/doppioni/{}/{}", world.one, world.two);
        let app = support::app(&world.register);
        let mut browser = Browser::of(&app, &third).await;
        assert_eq!(browser.get(&pair).await.status, StatusCode::NOT_FOUND);
        let mut browser = Browser::of(&app, &world.milano).await;
        let page = browser.get(&pair).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("Registra la decisione"));
    });
}

#[test]
fn a_merged_device_leaves_what_is_published_and_comes_back_when_the_merge_is_taken_back() {
    both(async |store| {
        let world = World::new(store, "enti").await;
        world.accept().await;
        let everybody = [&world.milano, &world.rho, &world.reviewer];
        for viewer in everybody {
            assert_eq!(world.published(viewer).await, ["MI-1", "RHO-1"]);
        }
        world.merge().await;
        for viewer in everybody {
            assert_eq!(world.published(viewer).await, ["RHO-1"]);
        }
        let app = support::app(&world.register);
        let mut browser = Browser::of(&app, &world.reviewer).await;
        for end in ["csv", "geojson"] {
            let file = format!("/esporta/dispositivi.{end}?dati=convalidati");
            let text = browser.get(&file).await.text();
            assert!(text.contains("RHO-1") && !text.contains("MI-1"), "{text}");
        }
        // Its owner works on it as before; to the others it is not there.
        let working = async |viewer: &Viewer| {
            let filter = Filter::working(viewer);
            world.register.count(&filter).await.unwrap()
        };
        assert_eq!(working(&world.milano).await, 2);
        assert_eq!(working(&world.rho).await, 1);
        assert_eq!(working(&world.reviewer).await, 2);
        assert!(
            world
                .register
                .device(&world.milano, world.one)
                .await
                .is_ok()
        );
        assert!(world.register.device(&world.rho, world.one).await.is_err());
        assert_eq!(world.found(&world.reviewer).await.total, 0);

        world
            .register
            .take_back(&world.reviewer, world.one, world.two, "Era sbagliato")
            .await
            .unwrap();
        for viewer in everybody {
            assert_eq!(world.published(viewer).await, ["MI-1", "RHO-1"]);
        }
        let found = world.found(&world.reviewer).await;
        assert_eq!((found.total, found.decisions.len()), (1, 1));
        let ended = found.decisions[0].decision.ended.clone().unwrap();
        assert_eq!(
            (&*ended.by, &*ended.reason),
            ("validatore.cmm", "Era sbagliato")
        );
    });
}

#[test]
fn a_pair_told_apart_is_not_proposed_again_until_that_is_taken_back() {
    both(async |store| {
        let world = World::new(store, "riservato").await;
        let (register, reviewer) = (&world.register, &world.reviewer);
        register
            .tell_apart(reviewer, world.two, world.one, "Due pali")
            .await
            .unwrap();
        let found = world.found(reviewer).await;
        assert_eq!((found.total, found.decisions.len()), (0, 1));
        // Of devices that are reserved, officers are told nothing: no decision joins them.
        assert!(world.found(&world.milano).await.decisions.is_empty());
        let again = register.merge(reviewer, world.one, world.two, "Uno").await;
        assert!(why(again).contains("ha già deciso validatore.cmm"));
        register
            .take_back(reviewer, world.one, world.two, "Era uno")
            .await
            .unwrap();
        assert_eq!(world.found(reviewer).await.total, 1);
        let nothing = register
            .take_back(reviewer, world.one, world.two, "Ancora")
            .await;
        assert!(why(nothing).contains("non c’è una decisione"));
    });
}

#[test]
fn merges_make_no_chains_and_leave_at_least_one_of_the_two_published() {
    both(async |store| {
        let world = World::new(store, "riservato").await;
        let (register, reviewer) = (&world.register, &world.reviewer);
        let pero = support::officer(register, "015170").await;
        let fields = [
            (Field::Comune, MILANO),
            (Field::Lat, "45.464"),
            (Field::Lon, LON),
        ];
        let three = support::device(register, &pero, "015170", "PERO-1", &fields).await;
        world.merge().await;
        let merge = async |kept, absorbed| register.merge(reviewer, kept, absorbed, "Uno").await;
        // Milano's is absorbed by Rho's.
        let said = why(merge(three, world.one).await);
        assert!(said.contains("MI-1 è già unito a RHO-1"), "{said}");
        let said = why(merge(world.one, three).await);
        assert!(said.contains("MI-1 è già unito a RHO-1"), "{said}");
        let said = why(merge(three, world.two).await);
        assert!(said.contains("A RHO-1 è già unito MI-1"), "{said}");
        // One may stand for several.
        merge(world.two, three).await.unwrap();
        let back = register.take_back(reviewer, three, world.two, "No").await;
        back.unwrap();

        let mut unit = register.store.write().await.unwrap();
        let mut own = Filter::working(&Viewer::operator());
        own.take("ente", "015170").unwrap();
        support::accept(&mut unit, &own).await;
        unit.commit().await.unwrap();
        let said = why(merge(world.two, three).await);
        assert!(said.contains("RHO-1, non è ancora convalidato"), "{said}");
    });
}

#[test]
fn only_a_reviewer_who_writes_neither_device_decides_and_with_a_reason() {
    both(async |store| {
        let world = World::new(store, "enti").await;
        world.accept().await;
        let register = &world.register;
        let both_roles = [
            (Role::Validatore, support::CMM),
            (Role::Compilatore, MILANO),
        ]
        .map(|(role, body)| Grant {
            role,
            body: body.to_owned(),
        });
        let own = Viewer::person(
            Uuid::nil(),
            "due.ruoli".to_owned(),
            "Due ruoli".to_owned(),
            both_roles.to_vec(),
        );
        let observer = support::observer(register).await;
        for viewer in [&world.milano, &observer, &own] {
            let refused = register.merge(viewer, world.one, world.two, "Uno").await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
            let refused = register
                .tell_apart(viewer, world.one, world.two, "Due")
                .await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        for (reason, said) in [
            (" ", "Scrivete il motivo"),
            ("si vede da rtsp://10.0.0.7/stream", "somiglia"),
            (&*"x".repeat(501), "al più 500"),
        ] {
            let refused = register
                .merge(&world.reviewer, world.one, world.two, reason)
                .await;
            assert!(why(refused).contains(said));
        }
        let other = support::device(register, &world.milano, MILANO, "MI-2", &[]).await;
        let refused = register
            .merge(&world.reviewer, world.one, other, "Uno")
            .await;
        assert!(why(refused).contains("dello stesso ente"));
    });
}

#[test]
fn a_reviewer_decides_in_the_page_and_takes_it_back() {
    both(async |store| {
        let world = World::new(store, "enti").await;
        world.accept().await;
        let mut browser = Browser::of(&support::app(&world.register), &world.reviewer).await;
        let pair = format!("/doppioni/{}/{}", world.one, world.two);
        let empty = browser.post(&pair, &[]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.text().contains("Ci sono 2 cose da correggere"));
        let wrong = [("decisione", "boh"), ("motivo", "x")];
        let refused = browser.post(&pair, &wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let second = [("decisione", "resta_il_secondo"), ("motivo", "È <di> Rho")];
        let done = browser.post(&pair, &second).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
        let text = browser.get(done.location()).await.text();
        assert!(text.contains("La decisione è registrata"));
        assert!(text.contains("resta RHO-1 di Comune di Rho"), "{text}");
        assert!(text.contains("È &#60;di&#62; Rho"));
        assert_eq!(world.published(&world.reviewer).await, ["RHO-1"]);
        let again = browser.post(&pair, &second).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        let back = [("decisione", "annulla"), ("motivo", "No")];
        let done = browser.post(&pair, &back).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
        let text = browser.get(done.location()).await.text();
        assert!(text.contains("Decisioni annullate") && text.contains("Registra la decisione"));
        let device = browser.get(&format!("/dispositivi/{}", world.one)).await;
        assert!(!device.text().contains("Unito al dispositivo"));
        for path in [
            "/doppioni?dopo=x",
            "/doppioni?enti=x",
            &format!("{pair}?deciso=x"),
        ] {
            assert_eq!(browser.get(path).await.status, StatusCode::BAD_REQUEST);
        }
    });
}

#[test]
fn a_long_list_of_pairs_has_pages_and_a_body_to_choose() {
    both(async |store| {
        let world = World::new(store, "riservato").await;
        for number in 2..=12 {
            let code = format!("N{number}");
            let lat = format!("45.4{number:02}");
            let fields = [
                (Field::Lat, &*lat),
                (Field::Lon, LON),
                (Field::Comune, MILANO),
            ];
            support::device(&world.register, &world.milano, MILANO, &code, &fields).await;
            support::device(&world.register, &world.rho, RHO, &code, &fields).await;
            let code = format!("{code} bis");
            let away = [fields[0], (Field::Lon, "9.16"), fields[2]];
            support::device(&world.register, &world.milano, MILANO, &code, &away).await;
            support::device(&world.register, &world.rho, RHO, &code, &away).await;
        }
        let first = world.found(&world.reviewer).await;
        assert_eq!((first.total, first.candidates.len()), (23, 20));
        assert!(!first.before && first.after && !first.cut);
        let wanted = Wanted {
            body: RHO.to_owned(),
            after: Some(first.candidates[19].devices()),
        };
        let register = &world.register;
        let rest = register.duplicates(&world.reviewer, &wanted).await.unwrap();
        assert_eq!(
            (rest.candidates.len(), rest.before, rest.after),
            (3, true, false)
        );
        let wanted = Wanted {
            body: "015170".to_owned(),
            after: None,
        };
        let none = register.duplicates(&world.reviewer, &wanted).await.unwrap();
        assert_eq!((none.total, none.bodies.len()), (0, 2));
    });
}

#[test]
fn what_was_published_at_a_past_instant_is_what_was_merged_then() {
    both(async |store| {
        let world = World::new(store, "enti").await;
        world.accept().await;
        let register = &world.register;
        let published = async |at: Instant| {
            let mut filter = Filter::of(&world.reviewer);
            filter.moment = Moment::At(at);
            let mut unit = register.store.read().await.unwrap();
            let points = unit.points(&filter).await.unwrap();
            points
                .into_iter()
                .map(|point| point.codice)
                .collect::<Vec<_>>()
        };
        world.merge().await;
        register
            .take_back(&world.reviewer, world.two, world.one, "Erano due")
            .await
            .unwrap();
        let found = world.found(&world.reviewer).await;
        let decision = &found.decisions[0].decision;
        let (from, to) = (decision.at, decision.ended.as_ref().unwrap().at);
        assert!(from < to);
        assert_eq!(published(from - 1).await, ["MI-1", "RHO-1"]);
        assert_eq!(published(from).await, ["RHO-1"]);
        assert_eq!(published(to - 1).await, ["RHO-1"]);
        assert_eq!(published(to).await, ["MI-1", "RHO-1"]);
    });
}
