//! The census frozen at an instant: it stays, it says when it was touched, and two are compared.

use crate::support::{self, Browser, MILANO, RHO, both, both_at, execute};
use axum::http::StatusCode;
use std::io::{Read, Seek};
use std::process::Command;
use uuid::Uuid;
use varco::census::draft::Draft;
use varco::census::filter::{Edge, Filter};
use varco::census::person::Viewer;
use varco::census::revision::Source;
use varco::census::snapshot::{Difference, Kind, Trouble};
use varco::census::vocabulary::Field;
use varco::register::publish::{Export, Format};
use varco::register::record::{Outcome, Target};
use varco::register::snapshot::{Asked, Compared};
use varco::register::{Error, Register};
use varco::storage::Store;
use varco::storage::snapshot::Slice;

/// Two bodies with accepted devices, who writes them, and who reviews.
struct World {
    register: Register,
    milano: Viewer,
    rho: Viewer,
    reviewer: Viewer,
    devices: [Uuid; 3],
}

impl World {
    async fn new(store: Store) -> Self {
        let register = support::register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let rho = support::officer(&register, RHO).await;
        let reviewer = support::reviewer(&register).await;
        let devices = [
            support::device(&register, &milano, MILANO, "A1", &[]).await,
            support::device(&register, &milano, MILANO, "A2", &AWAY).await,
            support::device(&register, &rho, RHO, "B1", &[(Field::Visibilita, "enti")]).await,
        ];
        let world = Self {
            register,
            milano,
            rho,
            reviewer,
            devices,
        };
        world.accept().await;
        world
    }

    /// Sends and accepts whatever can be sent.
    async fn accept(&self) {
        for (officer, body) in [(&self.milano, MILANO), (&self.rho, RHO)] {
            self.register.submit(officer, body, None, "").await.unwrap();
            let all = self.register.accept_all(&self.reviewer, body, i64::MAX);
            all.await.unwrap();
        }
    }

    /// Changes one attribute of the first device, without having it accepted.
    async fn edit(&self, field: Field, text: &str) {
        let [device, ..] = self.devices;
        let mut unit = self.register.store.read().await.unwrap();
        let last = unit.history(device).await.unwrap().remove(0);
        drop(unit);
        let mut draft: Draft = support::draft(MILANO, "A1");
        draft.set(field, text);
        let target = Target::Existing {
            device,
            number: last.number,
        };
        let saved = self
            .register
            .save(&self.milano, &draft, target, Source::Form)
            .await
            .unwrap();
        assert!(matches!(saved, Outcome::Saved { .. }), "{saved:#?}");
    }

    async fn take(&self, name: &str) -> Uuid {
        let taken = self.register.take_snapshot(&self.reviewer, name).await;
        taken.unwrap().id
    }

    /// A file of all that is accepted, now or in a snapshot.
    async fn file(&self, format: Format, snapshot: Option<Uuid>) -> Vec<u8> {
        let mut filter = Filter::of(&Viewer::operator());
        if let Some(snapshot) = snapshot {
            filter.freeze(snapshot);
        }
        let export = Export::new(format, "", filter).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let sink = file.try_clone().unwrap();
        self.register.export(&export, sink).await.unwrap();
        file.rewind().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    async fn troubles(&self, viewer: &Viewer, snapshot: Uuid) -> Vec<Trouble> {
        let verified = self.register.verify_snapshots(viewer, Some(snapshot)).await;
        verified.unwrap().remove(0).troubles
    }

    async fn compare(&self, viewer: &Viewer, before: Uuid, after: Option<Uuid>) -> Compared {
        let asked = asked(before, after);
        let all = Slice::default();
        let compared = self.register.compare(viewer, &asked, &all).await;
        compared.unwrap()
    }
}

fn asked(before: Uuid, after: Option<Uuid>) -> Asked {
    Asked {
        before,
        after,
        body: String::new(),
    }
}

/// A place of its own, so that no device stands on another.
const AWAY: [(Field, &str); 2] = [(Field::Lat, "45.4712341"), (Field::Lon, "9.1876541")];

fn codes(compared: &Compared) -> Vec<(Kind, String)> {
    let page = compared.page.iter();
    page.map(|(key, difference)| (difference.kind(), key[1].clone()))
        .collect()
}

#[test]
fn a_snapshot_stays_byte_for_byte_and_today_differs_exactly_by_the_edit() {
    both(async |store| {
        let world = World::new(store).await;
        let snapshot = world.take("Prima").await;
        let mut before = Vec::new();
        for format in Format::ALL {
            before.push(world.file(format, Some(snapshot)).await);
        }
        world.edit(Field::Modello, "Modello nuovo").await;
        let edited = world.file(Format::Csv, None).await;
        assert_eq!(edited, before[2], "what nobody accepted is not published");
        world.accept().await;
        for (format, before) in Format::ALL.into_iter().zip(&before) {
            let again = world.file(format, Some(snapshot)).await;
            // A workbook says when it was made.
            if format != Format::Xlsx {
                assert!(again == *before, "{format:?}");
            }
            assert!(world.file(format, None).await != *before, "{format:?}");
        }
        let today = String::from_utf8(world.file(Format::Csv, None).await).unwrap();
        let then = String::from_utf8(before[2].clone()).unwrap();
        let changed: Vec<_> = then.lines().zip(today.lines()).collect();
        let changed: Vec<_> = changed.into_iter().filter(|(a, b)| a != b).collect();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert!(changed[0].1.contains("Modello nuovo"));

        let compared = world.compare(&world.reviewer, snapshot, None).await;
        assert_eq!(codes(&compared), [(Kind::Changed, "A1".to_owned())]);
        assert_eq!(compared.fields, [(Field::Modello, 1)]);
        assert_eq!(world.troubles(&world.reviewer, snapshot).await, []);
    });
}

#[test]
fn two_snapshots_with_nothing_between_are_the_same_and_copy_nothing() {
    both(async |store| {
        let world = World::new(store).await;
        let count = async || support::contents(&world.register.store).await;
        let before = count().await;
        let first = world.take("Prima").await;
        let second = world.take("Seconda").await;
        let after = count().await;
        let grown: Vec<_> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after)
            .map(|(_, (table, rows))| (table.as_str(), *rows))
            .collect();
        let noted = after
            .iter()
            .find(|(table, _)| table == "journal")
            .unwrap()
            .1;
        assert_eq!(grown, [("journal", noted), ("snapshot", 2)]);

        let listed = world.register.snapshots(&world.reviewer).await.unwrap();
        let [later, earlier] = listed.as_slice() else {
            panic!("{listed:?}");
        };
        assert_eq!((later.snapshot.id, earlier.snapshot.id), (second, first));
        assert!(later.snapshot.at > earlier.snapshot.at);
        assert_eq!(later.snapshot.hash, earlier.snapshot.hash);
        assert_eq!((later.devices, earlier.devices), (3, 3));
        let compared = world.compare(&world.reviewer, first, Some(second)).await;
        assert!(compared.page.is_empty() && compared.fields.is_empty());
        assert_eq!((compared.total.before, compared.total.after), (3, 3));
    });
}

#[test]
fn the_hash_of_a_snapshot_is_of_what_anybody_can_write_down() {
    use sha2::{Digest, Sha256};
    both(async |store| {
        let world = World::new(store).await;
        let snapshot = world
            .register
            .take_snapshot(&world.reviewer, "Prima")
            .await
            .unwrap();
        let mut lines = Vec::new();
        let mut unit = world.register.store.read().await.unwrap();
        // The bodies come in the order of their codes.
        for device in world.devices {
            let last = unit.history(device).await.unwrap().remove(0);
            lines.push(format!("{device} {} {}\n", last.id, last.content_hash()));
        }
        let text = lines.concat();
        assert_eq!(snapshot.hash, hex::encode(Sha256::digest(text)));
    });
}

#[test]
fn a_name_is_needed_and_no_other_snapshot_has_it() {
    both(async |store| {
        let world = World::new(store).await;
        world.take("Capitolato").await;
        let long = "x".repeat(121);
        for name in [
            "",
            "  ",
            " Capitolato ",
            &long,
            "due\nrighe",
            "vista 10.0.0.5",
        ] {
            let refused = world.register.take_snapshot(&world.reviewer, name).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{name:?}");
        }
        for viewer in [&world.milano, &support::observer(&world.register).await] {
            let refused = world.register.take_snapshot(viewer, "Altra").await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        let listed = world.register.snapshots(&world.reviewer).await.unwrap();
        assert_eq!(listed.len(), 1);
    });
}

#[test]
fn a_tampered_value_interval_hash_or_name_is_found_and_named() {
    both(async |store| {
        let world = World::new(store).await;
        world.edit(Field::Modello, "Modello nuovo").await;
        world.accept().await;
        let snapshot = world.take("Prima").await;
        let other = world.take("Seconda").await;
        let store = &world.register.store;
        let milano = "Comune di Milano (015146)";
        let reviewer = &world.reviewer;
        assert_eq!(world.troubles(reviewer, snapshot).await, []);

        let set = async |text: &str| execute(store, text).await;
        set("UPDATE revision SET marca = 'Falsa' WHERE codice = 'A2'").await;
        let values = Trouble::Values {
            body: milano.to_owned(),
            code: "A2".to_owned(),
        };
        assert_eq!(world.troubles(reviewer, snapshot).await, [values]);
        let asked = world.register.verify_snapshots(&world.milano, None).await;
        assert!(matches!(asked, Err(Error::Forbidden(_))), "{asked:?}");
        set("UPDATE revision SET marca = 'Marca' WHERE codice = 'A2'").await;
        assert_eq!(world.troubles(reviewer, snapshot).await, []);

        // The first state of A1 comes back as if the second had never been accepted.
        set(
            "UPDATE revision SET accepted_to = accepted_to + 1000000000 \
             WHERE codice = 'A1' AND number = 1",
        )
        .await;
        let troubles = world.troubles(reviewer, snapshot).await;
        let interval = Trouble::Interval {
            body: milano.to_owned(),
            code: "A1".to_owned(),
        };
        assert_eq!(troubles.first(), Some(&interval), "{troubles:?}");
        assert_eq!(
            troubles.get(1),
            Some(&Trouble::Devices { said: 3, found: 4 })
        );
        assert!(interval.to_string().contains("A1 di Comune di Milano"));
        set(
            "UPDATE revision SET accepted_to = accepted_to - 1000000000 \
             WHERE codice = 'A1' AND number = 1",
        )
        .await;
        assert_eq!(world.troubles(reviewer, snapshot).await, []);

        set("UPDATE snapshot SET hash = 'abc' WHERE name = 'Prima'").await;
        let troubles = world.troubles(reviewer, snapshot).await;
        assert!(
            matches!(
                troubles.as_slice(),
                [Trouble::Hash { .. }, Trouble::History(_)]
            ),
            "{troubles:?}"
        );
        set("UPDATE snapshot SET name = 'Altra' WHERE name = 'Seconda'").await;
        let troubles = world.troubles(reviewer, other).await;
        assert!(
            matches!(troubles.as_slice(), [Trouble::History(said)] if said.contains("«Seconda»")),
            "{troubles:?}"
        );
        let verified = world.register.verify_snapshots(reviewer, None).await;
        assert!(verified.unwrap().iter().all(|one| !one.troubles.is_empty()));
    });
}

#[test]
fn an_officer_sees_of_a_snapshot_what_was_accepted_of_their_own_bodies() {
    both(async |store| {
        let world = World::new(store).await;
        let snapshot = world.take("Prima").await;
        let listed = world.register.snapshots(&world.milano).await.unwrap();
        assert_eq!(listed[0].devices, 2);
        let holding = world.register.snapshot(&world.milano, snapshot).await;
        let holding = holding.unwrap();
        assert_eq!(holding.bodies, [(MILANO.to_owned(), 2)]);
        // What Rho shares today is not something that was added since.
        let compared = world.compare(&world.milano, snapshot, None).await;
        assert!(compared.page.is_empty());
        assert_eq!((compared.total.before, compared.total.after), (2, 2));
        world.edit(Field::Modello, "Modello nuovo").await;
        world.accept().await;
        let compared = world.compare(&world.rho, snapshot, None).await;
        assert!(compared.page.is_empty() && compared.fields.is_empty());
        assert_eq!(compared.total.before, 1);

        let nobody = Viewer::person(Uuid::max(), "n".to_owned(), "N".to_owned(), Vec::new());
        let holding = world.register.snapshot(&nobody, snapshot).await.unwrap();
        assert_eq!(holding.devices, 0);
    });
}

#[test]
fn what_was_added_removed_and_changed_is_told_apart_and_paged_both_ways() {
    both(async |store| {
        let world = World::new(store).await;
        let first = world.take("Prima").await;
        world.edit(Field::Note, "=1+1").await;
        let [_, second, _] = world.devices;
        let withdrawn = world.register.set_withdrawn(&world.milano, second, true);
        withdrawn.await.unwrap();
        let place = [(Field::Lat, "45.4800000"), (Field::Lon, "9.2000000")];
        support::device(&world.register, &world.milano, MILANO, "A0", &place).await;
        world.accept().await;
        let last = world.take("Dopo").await;
        let compared = world.compare(&world.reviewer, first, Some(last)).await;
        let wanted = [
            (Kind::Added, "A0".to_owned()),
            (Kind::Changed, "A1".to_owned()),
            (Kind::Removed, "A2".to_owned()),
        ];
        assert_eq!(codes(&compared), wanted);
        assert_eq!(compared.fields, [(Field::Note, 1)]);
        let numbers: Vec<_> = compared
            .bodies
            .iter()
            .map(|line| {
                let tally = &line.tally;
                let changes = [tally.added, tally.removed, tally.changed];
                (line.code.as_str(), line.before, line.after, changes)
            })
            .collect();
        assert_eq!(numbers, [(MILANO, 2, 2, [1, 1, 1]), (RHO, 1, 1, [0; 3])]);
        let Difference::Changed(states) = &compared.page[1].1 else {
            panic!("{:?}", compared.page[1]);
        };
        assert_eq!(states[1].record.text(Field::Note), "=1+1");

        let page = async |kind, from| {
            let slice = Slice {
                kind,
                from,
                size: Some(1),
            };
            let asked = asked(first, Some(last));
            let page = world
                .register
                .compare(&world.reviewer, &asked, &slice)
                .await;
            let page = page.unwrap();
            let key = page.page.first().unwrap().0.clone();
            (key, page.more_before, page.more_after)
        };
        let (one, before, after) = page(None, None).await;
        assert_eq!((&*one[1], before, after), ("A0", false, true));
        let (two, before, after) = page(None, Some((Edge::After, one))).await;
        assert_eq!((&*two[1], before, after), ("A1", true, true));
        let (three, before, after) = page(None, Some((Edge::After, two))).await;
        assert_eq!((&*three[1], before, after), ("A2", true, false));
        let (back, before, after) = page(None, Some((Edge::Before, three))).await;
        assert_eq!((&*back[1], before, after), ("A1", true, true));
        let (only, before, after) = page(Some(Kind::Removed), None).await;
        assert_eq!((&*only[1], before, after), ("A2", false, false));

        let app = support::app(&world.register);
        let mut browser = Browser::of(&app, &world.reviewer).await;
        let query = format!("prima={first}&dopo={last}");
        let file = browser
            .get(&format!("/fotografie/confronta/differenze.csv?{query}"))
            .await;
        assert_eq!(
            file.text(),
            "\u{feff}differenza;ente;codice;campo;prima;dopo\r\n\
             aggiunto;015146;A0;;;\r\nmodificato;015146;A1;note;;'=1+1\r\n\
             tolto;015146;A2;;;\r\n"
        );
        let page = browser.get(&format!("/fotografie/confronta?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let text = page.text();
        for word in [
            "Aggiunto",
            "Tolto",
            "Modificato",
            "A0",
            "Modificati, per campo",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        for wrong in ["prima=x", "prima=&tipo=boh", "oltre=x", "prima=x"] {
            let page = browser.get(&format!("/fotografie/confronta?{wrong}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    });
}

#[test]
fn a_reviewer_takes_a_snapshot_on_the_page_looks_at_it_and_verifies_it() {
    both(async |store| {
        let world = World::new(store).await;
        let app = support::app(&world.register);
        let mut browser = Browser::of(&app, &world.reviewer).await;
        let empty = browser.get("/fotografie").await;
        assert!(empty.text().contains("Non ci sono ancora fotografie"));
        let refused = browser.post("/fotografie", &[("nome", " ")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("Date un nome alla fotografia"));
        let name = [("nome", "Capitolato <prima>")];
        let taken = browser.post("/fotografie", &name).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
        let again = browser.post("/fotografie", &name).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.text().contains("C’è già una fotografia"));
        assert!(
            again
                .text()
                .contains("value=\"Capitolato &#60;prima&#62;\"")
        );

        let text = browser.get(taken.location()).await.text();
        assert!(text.contains("Fotografia scattata") && text.contains("Comune di Rho"));
        let place = taken.location().split('?').next().unwrap().to_owned();
        let verified = browser.get(&format!("{place}/verifica")).await;
        assert!(verified.text().contains("È in ordine"));
        let listed = browser.get("/fotografie").await.text();
        assert!(listed.contains("Capitolato &#60;prima&#62;"));

        let id = place.rsplit('/').next().unwrap();
        let mut officer = Browser::of(&app, &world.milano).await;
        assert!(
            !officer
                .get("/fotografie")
                .await
                .text()
                .contains("name=\"nome\"")
        );
        let page = officer.get(&place).await.text();
        let link = format!("/esporta/dispositivi.csv?fotografia={id}");
        assert!(page.contains(&link), "{page}");
        let file = officer.get(&link).await;
        assert_eq!(file.text().lines().count(), 3, "{}", file.text());
        assert!(!file.text().contains("B1"));
        let list = officer.get(&format!("/dispositivi?fotografia={id}")).await;
        assert!(list.text().contains(">A2<") && !list.text().contains(">B1<"));
        let export = officer.get(&format!("/esporta?fotografia={id}")).await;
        assert_eq!(export.status, StatusCode::OK);

        let nothing = Uuid::nil();
        for place in [
            format!("/fotografie/{nothing}"),
            format!("/fotografie/{nothing}/verifica"),
            "/fotografie/ieri".to_owned(),
            format!("/fotografie/confronta?prima={nothing}"),
            format!("/esporta/dispositivi.csv?fotografia={nothing}"),
        ] {
            let answer = browser.get(&place).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{place}");
        }
    });
}

#[test]
fn the_commands_take_list_verify_and_export_a_snapshot() {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        let world = World::new(store).await;
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_varco"))
                .args(["--database", &url])
                .args(arguments)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            (
                output.status.code(),
                text(output.stdout),
                text(output.stderr),
            )
        };
        let none = run(&["snapshot", "verify"]);
        assert_eq!((none.0, &*none.1), (Some(0), "Non ci sono fotografie.\n"));
        let (code, out, error) = run(&["snapshot", "create", "Capitolato"]);
        assert_eq!(code, Some(0), "{error}");
        let id = out.strip_suffix('\n').unwrap();
        assert!(Uuid::parse_str(id).is_ok(), "{out}");
        let (code, _, error) = run(&["snapshot", "create", "Capitolato"]);
        assert_eq!(code, Some(2));
        assert!(error.contains("C’è già una fotografia"), "{error}");
        let (_, list, _) = run(&["snapshot", "list"]);
        assert!(list.starts_with(id) && list.contains("\t3\t"), "{list}");
        let (code, out, _) = run(&["snapshot", "verify", id]);
        assert_eq!(code, Some(0), "{out}");

        let export = ["export", "devices", "--format", "csv", "--output", "x.csv"];
        let (code, out, error) = run(&[&export[..], &["--snapshot", id]].concat());
        assert_eq!(code, Some(0), "{error}");
        assert!(out.contains(": 3"), "{out}");
        let written = std::fs::read(folder.path().join("x.csv")).unwrap();
        let id = Uuid::parse_str(id).unwrap();
        assert!(written == world.file(Format::Csv, Some(id)).await);
        let nothing = Uuid::nil().to_string();
        for (unknown, names) in [(&*nothing, &*nothing), ("ieri", "varco snapshot list")] {
            let (code, _, error) = run(&[&export[..], &["--snapshot", unknown]].concat());
            assert_eq!(code, Some(2));
            assert!(error.contains(names), "{error}");
        }
        let (code, _, _) = run(&["snapshot", "verify", &nothing]);
        assert_eq!(code, Some(2));
        let changed = "UPDATE revision SET note = 'x' WHERE codice = 'B1'";
        execute(&world.register.store, changed).await;
        let (code, out, _) = run(&["snapshot", "verify"]);
        assert_eq!(code, Some(1));
        assert!(out.contains("B1 di Comune di Rho (015182)"), "{out}");
        world.register.store.close().await;
    });
}
