//! Every question to the database, asked of both engines.

use crate::support::{self, NOW, both, both_at, both_blank, execute, on_sqlite};
use geo::{Coord, Rect};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;
use varco::census::adhesion::{self, Act, ActKind, Contact, Said, Seat, Step};
use varco::census::batch::{Fate, State as BatchState};
use varco::census::campaign::{DeclarationKind, Figure};
use varco::census::catalogue::{
    Entry, Merge, Model, Product, Standing as SoftwareStanding, Stated,
};
use varco::census::document::{self, Document};
use varco::census::draft::Confirmation;
use varco::census::edition::{self as editions, Edition, Force};
use varco::census::filter::{Edge, Filter, Moment, Open, Slice, Sort, State};
use varco::census::journal::{self, Seal, Sealed};
use varco::census::notice::{self, Notice};
use varco::census::person::{Grant, Role, Viewer};
use varco::census::record::{Record, Store as StoredAs, Value};
use varco::census::reference_layer::{
    Audience, Feature, Fingerprint, Kind as LayerKind, ReferenceLayer, Withdrawal,
};
use varco::census::review::{Kind, Remark, Review, Stage};
use varco::census::revision::{Provenance, Revision, Source};
use varco::census::snapshot::Snapshot;
use varco::census::vocabulary::{ATTRIBUTES, Field};
use varco::clock::{Clock, SECOND};
use varco::storage::batch::{Batch, BatchRow, Wanted};
use varco::storage::body::{Body, Change, Site, Standing};
use varco::storage::campaign::{Declaration, DueRow};
use varco::storage::catalogue::{ModelUse, ProductUse};
use varco::storage::device::{Device, Mark, Revisions, key};
use varco::storage::duplicate::{Decision, Ended, Party};
use varco::storage::journal::{Concerned, Wanted as RecordsWanted};
use varco::storage::people::{Person, Session};
use varco::storage::review::{Claim, Wanted as Queued};
use varco::storage::sealed::{Kept, PARTS};
use varco::storage::snapshot::Slice as Differences;
use varco::storage::verify::RULES;
use varco::storage::{Error, Store, Unit};

/// A store with two bodies.
async fn with_bodies(store: &Store) {
    let mut unit = store.write().await.unwrap();
    for (code, name) in [("a", "Ente A"), ("b", "Ente B")] {
        unit.put_body(&Body {
            code: code.to_owned(),
            name: name.to_owned(),
            kind: "altro".to_owned(),
        })
        .await
        .unwrap();
    }
    unit.commit().await.unwrap();
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The first state of a device with the attributes that cannot be absent, and these over them.
fn first(clock: &Clock, body: &str, code: &str, fields: &[(Field, Value)]) -> Revision {
    let mut record = Record::default();
    record.set(Field::Codice, Some(text(code)));
    record.set(Field::Ente, Some(text(body)));
    record.set(Field::Comune, Some(text("015146")));
    record.set(Field::Lat, Some(Value::Decimal(45.5)));
    record.set(Field::Lon, Some(Value::Decimal(9.25)));
    record.set(Field::Funzione, Some(text("ztl")));
    record.set(Field::Stato, Some(text("in_esercizio")));
    record.set(Field::Visibilita, Some(text("riservato")));
    for (field, value) in fields {
        record.set(*field, Some(value.clone()));
    }
    Revision {
        id: clock.new_id(),
        device: clock.new_id(),
        number: 1,
        written_at: clock.now(),
        author: "autrice".to_owned(),
        source: Source::Form,
        withdrawn: false,
        accepted: false,
        accepted_from: None,
        stage: Stage::Draft,
        submitted_at: None,
        record,
        provenance: Provenance::default(),
        confirmed: Vec::new(),
        warnings: 0,
        batch: None,
    }
}

/// The state that follows another.
fn next(clock: &Clock, present: &Revision) -> Revision {
    present
        .clone()
        .next(clock.new_id(), clock.now(), &present.author)
}

/// The seal of an operation of the test.
fn seal() -> Seal {
    Seal::new(Uuid::nil())
}

/// Adds a device for each first state.
async fn add(unit: &mut Unit, revisions: &[Revision]) {
    let devices: Vec<Device> = revisions.iter().map(device_of).collect();
    unit.add_devices(&devices, NOW).await.unwrap();
    unit.add_revisions(revisions.to_vec(), &mut seal())
        .await
        .unwrap();
}

fn device_of(revision: &Revision) -> Device {
    Device {
        id: revision.device,
        body: revision.record.text(Field::Ente).to_owned(),
        code: revision.record.text(Field::Codice).to_owned(),
        number: revision.number,
    }
}

fn everything() -> Filter {
    Filter::working(&Viewer::operator())
}

fn officer_of(body: &str) -> Viewer {
    let grant = Grant {
        role: Role::Compilatore,
        body: body.to_owned(),
    };
    let account = format!("officer.{body}");
    Viewer::person(Uuid::nil(), account.clone(), account, vec![grant])
}

fn slice(sort: Sort, size: usize) -> Slice {
    Slice {
        sort,
        from: None,
        size,
    }
}

async fn codes(unit: &mut Unit, filter: &Filter) -> Vec<String> {
    let listed = unit.devices(filter, &slice(Sort::Code, 1_000)).await;
    codes_of(&listed.unwrap().rows)
}

fn codes_of(rows: &[Revision]) -> Vec<String> {
    rows.iter()
        .map(|row| row.record.text(Field::Codice).to_owned())
        .collect()
}

fn person(clock: &Clock, account: &str) -> Person {
    Person {
        id: clock.new_id(),
        account: account.to_owned(),
        name: format!("Signora {account}"),
        password_hash: "$argon2id$x".to_owned(),
        disabled_at: None,
    }
}

fn session(person: &Person, token_hash: &str, created_at: i64, seen_at: i64) -> Session {
    Session {
        token_hash: token_hash.to_owned(),
        person_id: person.id,
        csrf: format!("csrf of {token_hash}"),
        created_at,
        seen_at,
    }
}

#[test]
fn every_method_of_a_unit_is_named_in_this_file() {
    let sources = support::sources("src/storage");
    let mut methods = BTreeSet::new();
    for source in sources.values() {
        for block in source.split("\nimpl Unit {\n").skip(1) {
            let (block, _) = block.split_once("\n}\n").unwrap();
            for line in block.lines() {
                if let Some(rest) = line.strip_prefix("    pub async fn ") {
                    methods.insert(rest.split('(').next().unwrap().to_owned());
                }
            }
        }
    }
    assert!(
        methods.len() > 30,
        "the methods were not found: {methods:?}"
    );
    let own = include_str!("storage.rs");
    let untested: Vec<_> = methods
        .iter()
        .filter(|name| !own.contains(&format!(".{name}(")))
        .collect();
    assert!(untested.is_empty(), "no test asks {untested:?}");
}

#[test]
fn what_the_engines_cannot_be_asked_alike_is_this_list() {
    let source = include_str!("../../src/storage/dialect.rs");
    let names: Vec<&str> = source
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("pub ")?;
            let rest = line.strip_prefix("const ").or(line.strip_prefix("fn "))?;
            rest.split([':', '(', '<']).next()
        })
        .collect();
    let known = [
        "BEGIN_WRITE",
        "BEGIN_READ",
        "elements",
        "worth_writing",
        "skip_locked",
        "hold",
        "identifier",
        "digits",
        "broken_constraint",
        "is_full",
        "is_busy",
        "is_missing_table",
    ];
    assert_eq!(names, known);
}

#[test]
fn a_body_is_added_once_and_renamed_afterwards() {
    both(async |store| {
        with_bodies(&store).await;
        let renamed = Body {
            code: "a".to_owned(),
            name: "Ente «À»".to_owned(),
            kind: "unione".to_owned(),
        };
        let mut unit = store.write().await.unwrap();
        unit.put_body(&renamed).await.unwrap();
        let bodies = unit.bodies().await.unwrap();
        assert_eq!(bodies.len(), 2);
        assert_eq!(bodies[0], renamed);
        assert_eq!(bodies[1].code, "b");
    });
}

#[test]
fn a_body_of_an_unknown_kind_breaks_a_constraint_with_a_name() {
    both(async |store| {
        let body = Body {
            code: "x".to_owned(),
            name: "X".to_owned(),
            kind: "circolo".to_owned(),
        };
        let mut unit = store.write().await.unwrap();
        let error = unit.put_body(&body).await.unwrap_err();
        assert!(matches!(error, Error::Constraint(name) if name == "body_kind"));
    });
}

#[test]
fn a_software_already_there_stays_as_it_is_and_one_only_proposed_is_not_offered() {
    both(async |store| {
        let mut unit = store.write().await.unwrap();
        unit.add_software("Zeta", true).await.unwrap();
        unit.add_software("Alfa", false).await.unwrap();
        unit.add_software("Zeta", false).await.unwrap();
        assert_eq!(unit.software().await.unwrap(), ["Zeta"]);
    });
}

#[test]
fn a_site_is_made_once_and_can_be_named() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        assert!(unit.ensure_site(&clock, "a", "V1", "varco").await.unwrap());
        assert!(!unit.ensure_site(&clock, "a", "V1", "varco").await.unwrap());
        assert!(unit.ensure_site(&clock, "b", "V1", "varco").await.unwrap());
        assert!(
            unit.ensure_site(&clock, "a", "P0", "postazione")
                .await
                .unwrap()
        );
        let mut site = unit.site_with_code("a", "V1").await.unwrap().unwrap();
        assert_eq!((site.kind.as_str(), site.name.as_str()), ("varco", ""));
        site.kind = "postazione".to_owned();
        site.name = "Rotonda".to_owned();
        let change = Change {
            id: clock.new_id(),
            at: NOW,
            author: "a",
        };
        let mut seal = Seal::new(clock.new_id());
        unit.put_site(&site, &change, &mut seal).await.unwrap();
        let kind_at = async |unit: &mut Unit, at| {
            let sites = unit.sites_then(None, at).await.unwrap();
            let found = sites
                .into_iter()
                .find(|one| one.body == "a" && one.code == "V1");
            found.map(|one| one.kind)
        };
        assert_eq!(
            kind_at(&mut unit, Some(NOW - 1)).await.as_deref(),
            Some("varco")
        );
        assert_eq!(
            kind_at(&mut unit, Some(NOW)).await.as_deref(),
            Some("postazione")
        );
        assert_eq!(
            kind_at(&mut unit, None).await.as_deref(),
            Some("postazione")
        );
        let own = unit.sites_then(Some("b"), None).await.unwrap();
        let named: Vec<_> = own.iter().map(|one| (&*one.body, &*one.code)).collect();
        assert_eq!(named, [("b", "V1")]);
        assert_eq!(unit.site(site.id).await.unwrap(), Some(site));
        assert_eq!(unit.site(Uuid::nil()).await.unwrap(), None);
        assert_eq!(unit.site_with_code("a", "V2").await.unwrap(), None);
        let all = unit.sites(None).await.unwrap();
        let named: Vec<_> = all.iter().map(|one| (&*one.body, &*one.code)).collect();
        assert_eq!(named, [("a", "P0"), ("a", "V1"), ("b", "V1")]);
        let own = unit.sites(Some(&["b".to_owned()])).await.unwrap();
        assert_eq!(own.len(), 1);
        assert_eq!(unit.sites(Some(&[])).await.unwrap(), []);
    });
}

#[test]
fn verdicts_are_given_what_they_ask_of_each_device_and_the_cameras_of_each_site() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        unit.ensure_site(&clock, "a", "V1", "varco").await.unwrap();
        let at = |body: &str, code: &str, function: &str, state: &str| {
            let fields = [
                (Field::Sito, text("V1")),
                (Field::Funzione, text(function)),
                (Field::Stato, text(state)),
                (Field::Corsie, Value::Integer(2)),
                (Field::Lat, Value::Decimal(45.1 + 0.2)),
            ];
            first(&clock, body, code, &fields)
        };
        let reader = at("a", "D1", "lettura_targhe", "in_esercizio");
        let camera = at("a", "D2", "contesto", "in_esercizio");
        let broken = at("b", "D3", "contesto", "guasto");
        let all = [reader.clone(), camera.clone(), broken.clone()];
        add(&mut unit, &all).await;
        let filter = everything();
        let mut seen = Vec::new();
        let asked = [Field::Codice, Field::Corsie, Field::Lat, Field::Note];
        unit.each_asked(&filter, &asked, |device, revision, record| {
            let rest = record.get(Field::Funzione).is_some();
            assert_eq!(
                record.number(Field::Lat),
                Some(45.1 + 0.2),
                "to the last digit"
            );
            assert_eq!(record.get(Field::Note), None);
            let code = record.text(Field::Codice).to_owned();
            seen.push((device, revision, code, record.integer(Field::Corsie), rest));
        })
        .await
        .unwrap();
        seen.sort_by(|left, right| left.2.cmp(&right.2));
        let expected: Vec<_> = [(&reader, "D1"), (&camera, "D2"), (&broken, "D3")]
            .map(|(one, code)| (one.device, one.id, code.to_owned(), Some(2), false))
            .into();
        assert_eq!(seen, expected);
        let sites = unit.sites_with_context(&filter).await.unwrap();
        assert_eq!(sites, [("a".to_owned(), "V1".to_owned())]);
    });
}

#[test]
fn what_stands_at_a_site_is_counted_without_what_was_withdrawn_or_changed() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        for (body, code) in [("a", "V1"), ("a", "V2"), ("b", "V1")] {
            unit.ensure_site(&clock, body, code, "varco").await.unwrap();
        }
        let at = |body: &str, code: &str, site: &str, views: Option<i64>| {
            let mut fields = vec![(Field::Sito, Value::Text(site.to_owned()))];
            fields.extend(views.map(|views| (Field::PuntiRipresa, Value::Integer(views))));
            first(&clock, body, code, &fields)
        };
        let moved = at("a", "D3", "V1", Some(9));
        let gone = Revision {
            withdrawn: true,
            ..at("a", "D4", "V1", Some(9))
        };
        let stays = [
            at("a", "D1", "V1", Some(4)),
            at("a", "D2", "V1", None),
            at("b", "D1", "V1", Some(2)),
        ];
        add(&mut unit, &[&stays[..], &[moved.clone(), gone]].concat()).await;
        let mut elsewhere = next(&clock, &moved);
        elsewhere.record.set(Field::Sito, None);
        unit.add_revisions(vec![elsewhere], &mut seal())
            .await
            .unwrap();

        let sites = unit.sites(None).await.unwrap();
        let ids: Vec<Uuid> = sites.iter().map(|site| site.id).collect();
        let counted = unit.standing_at(&ids, State::Working).await.unwrap();
        let standing = |devices, views| Standing { devices, views };
        let expected = [standing(2, 5), standing(0, 0), standing(1, 2)];
        assert_eq!(
            ids.iter().map(|id| counted[id]).collect::<Vec<_>>(),
            expected
        );
        let one = unit
            .standing_at(&[ids[2], Uuid::nil()], State::Working)
            .await
            .unwrap();
        assert_eq!(
            one.into_iter().collect::<Vec<_>>(),
            [(ids[2], standing(1, 2))]
        );
        assert!(
            unit.standing_at(&[], State::Working)
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn the_boundaries_come_back_as_they_were_stored() {
    both(async |store| {
        let wanted = support::municipalities();
        let mut unit = store.write().await.unwrap();
        unit.replace_municipalities(&wanted[..3]).await.unwrap();
        let clock = Clock::fixed(NOW);
        let mut seal = Seal::new(clock.new_id());
        for (at, before) in [(NOW, &wanted[..3]), (NOW + 9, &wanted[1..2])] {
            let change = Change {
                id: clock.new_id(),
                author: "prova",
                at,
            };
            unit.keep_territory(before, &change, &mut seal)
                .await
                .unwrap();
        }
        for (at, then) in [
            (NOW - 1, Some(&wanted[..3])),
            (NOW, Some(&wanted[1..2])),
            (NOW + 9, None),
        ] {
            let found = unit.territory_then(at).await.unwrap();
            assert_eq!(found.as_deref(), then);
        }
        unit.replace_municipalities(&wanted[2..6]).await.unwrap();
        let mut wanted = wanted[2..6].to_vec();
        wanted.sort_by(|left, right| left.istat.cmp(&right.istat));
        assert_eq!(unit.municipalities().await.unwrap(), wanted);
    });
}

#[test]
fn a_person_is_found_by_account_with_the_roles_they_hold() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let (rosa, anna) = (person(&clock, "rosa"), person(&clock, "anna"));
        let mut unit = store.write().await.unwrap();
        unit.add_person(&rosa, NOW).await.unwrap();
        unit.add_person(&anna, NOW).await.unwrap();
        let grants =
            [("b", Role::Compilatore), ("a", Role::Compilatore)].map(|(body, role)| Grant {
                role,
                body: body.to_owned(),
            });
        for grant in [&grants[0], &grants[1], &grants[0]] {
            unit.grant(rosa.id, grant).await.unwrap();
        }
        let held = unit.grants(rosa.id).await.unwrap();
        assert_eq!(held, [grants[1].clone(), grants[0].clone()]);
        let found = unit.person_with_account("rosa").await.unwrap().unwrap();
        assert_eq!(found.id, rosa.id);
        assert_eq!(found.password_hash, rosa.password_hash);
        assert!(unit.person_with_account("Rosa").await.unwrap().is_none());
        let people = unit.people().await.unwrap();
        let accounts: Vec<_> = people.iter().map(|one| one.account.as_str()).collect();
        assert_eq!(accounts, ["anna", "rosa"]);
        assert!(people.iter().all(|one| one.password_hash.is_empty()));
    });
}

#[test]
fn a_role_can_be_taken_away_and_a_name_changed() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let (rosa, anna) = (person(&clock, "rosa"), person(&clock, "anna"));
        let grant = |role, body: &str| Grant {
            role,
            body: body.to_owned(),
        };
        let kept = grant(Role::Compilatore, "b");
        let mut unit = store.write().await.unwrap();
        for one in [&rosa, &anna] {
            unit.add_person(one, NOW).await.unwrap();
            unit.grant(one.id, &grant(Role::Compilatore, "a"))
                .await
                .unwrap();
            unit.grant(one.id, &kept).await.unwrap();
        }
        for gone in [grant(Role::Compilatore, "a"), grant(Role::Validatore, "b")] {
            unit.revoke(rosa.id, &gone).await.unwrap();
        }
        assert_eq!(unit.grants(rosa.id).await.unwrap(), [kept]);
        assert_eq!(unit.grants(anna.id).await.unwrap().len(), 2);
        unit.rename_person(rosa.id, "Rosa D’Àvila").await.unwrap();
        let found = unit.person(rosa.id).await.unwrap().unwrap();
        assert_eq!((&*found.account, &*found.name), ("rosa", "Rosa D’Àvila"));
        assert_eq!(found.password_hash, "");
        let other = unit.person(anna.id).await.unwrap().unwrap();
        assert_eq!(other.name, anna.name);
        assert!(unit.person(Uuid::nil()).await.unwrap().is_none());
    });
}

#[test]
fn the_administrators_are_those_who_may_sign_in() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        let people = ["anna", "rosa", "ugo"].map(|account| person(&clock, account));
        for (one, role) in people.iter().zip([
            Role::Amministratore,
            Role::Amministratore,
            Role::Osservatore,
        ]) {
            unit.add_person(one, NOW).await.unwrap();
            let grant = Grant {
                role,
                body: "a".to_owned(),
            };
            unit.grant(one.id, &grant).await.unwrap();
        }
        let [anna, rosa, _] = people.map(|one| one.id);
        assert_eq!(unit.hold_administrators().await.unwrap(), [anna, rosa]);
        unit.disable_person(anna, NOW).await.unwrap();
        assert_eq!(unit.hold_administrators().await.unwrap(), [rosa]);
        unit.enable_person(anna).await.unwrap();
        assert_eq!(unit.hold_administrators().await.unwrap(), [anna, rosa]);
        let enabled = unit.person(anna).await.unwrap().unwrap();
        assert_eq!(enabled.disabled_at, None);
    });
}

#[test]
fn an_account_taken_breaks_a_constraint_with_the_same_name() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        unit.add_person(&person(&clock, "rosa"), NOW).await.unwrap();
        let again = unit.add_person(&person(&clock, "rosa"), NOW).await;
        assert!(matches!(again, Err(Error::Constraint(name)) if name == "person_account"));
    });
}

#[test]
fn a_session_lasts_until_somebody_ends_it() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let rosa = person(&clock, "rosa");
        let mut unit = store.write().await.unwrap();
        unit.add_person(&rosa, NOW).await.unwrap();
        let grant = Grant {
            role: Role::Compilatore,
            body: "a".to_owned(),
        };
        unit.grant(rosa.id, &grant).await.unwrap();
        for token in ["one", "two", "three"] {
            unit.add_session(&session(&rosa, token, NOW, NOW))
                .await
                .unwrap();
        }
        unit.touch_session("one", NOW + SECOND).await.unwrap();
        let (found, viewer) = unit.session("one").await.unwrap().unwrap();
        assert_eq!((found.created_at, found.seen_at), (NOW, NOW + SECOND));
        assert_eq!(found.csrf, "csrf of one");
        assert_eq!(viewer.id, Some(rosa.id));
        assert!(viewer.writes("a") && !viewer.writes("b"));
        assert!(unit.session("four").await.unwrap().is_none());

        unit.end_session("one").await.unwrap();
        assert!(unit.session("one").await.unwrap().is_none());
        assert!(unit.session("two").await.unwrap().is_some());
        unit.end_sessions(rosa.id).await.unwrap();
        assert!(unit.session("two").await.unwrap().is_none());
    });
}

#[test]
fn old_sessions_end_by_disuse_or_by_age() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let rosa = person(&clock, "rosa");
        let mut unit = store.write().await.unwrap();
        unit.add_person(&rosa, NOW).await.unwrap();
        for (token, created, seen) in [("unused", 50, 60), ("aged", 10, 90), ("alive", 50, 90)] {
            let session = session(&rosa, token, created, seen);
            unit.add_session(&session).await.unwrap();
        }
        unit.end_old_sessions(70, 20).await.unwrap();
        assert!(unit.session("unused").await.unwrap().is_none());
        assert!(unit.session("aged").await.unwrap().is_none());
        assert!(unit.session("alive").await.unwrap().is_some());
    });
}

#[test]
fn who_is_disabled_or_changes_password_has_no_session_left() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let (rosa, anna) = (person(&clock, "rosa"), person(&clock, "anna"));
        let mut unit = store.write().await.unwrap();
        for one in [&rosa, &anna] {
            unit.add_person(one, NOW).await.unwrap();
            unit.add_session(&session(one, &one.account, NOW, NOW))
                .await
                .unwrap();
        }
        unit.set_password(anna.id, "$argon2id$y").await.unwrap();
        assert!(unit.session("anna").await.unwrap().is_none());
        assert!(unit.session("rosa").await.unwrap().is_some());
        let changed = unit.person_with_account("anna").await.unwrap().unwrap();
        assert_eq!(changed.password_hash, "$argon2id$y");

        unit.disable_person(rosa.id, NOW + SECOND).await.unwrap();
        assert!(unit.session("rosa").await.unwrap().is_none());
        // Not even one that began in the same instant.
        unit.add_session(&session(&rosa, "late", NOW, NOW))
            .await
            .unwrap();
        assert!(unit.session("late").await.unwrap().is_none());
        let disabled = unit.person(rosa.id).await.unwrap().unwrap();
        assert_eq!(disabled.disabled_at, Some(NOW + SECOND));
        unit.enable_person(rosa.id).await.unwrap();
        let enabled = unit.person(rosa.id).await.unwrap().unwrap();
        assert_eq!(enabled.disabled_at, None);
    });
}

#[test]
fn a_revision_comes_back_as_it_was_written() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut revision = first(&clock, "a", "1", &[]);
        for attribute in ATTRIBUTES {
            if revision.record.get(attribute.field).is_none() {
                let value = match attribute.kind.store() {
                    StoredAs::Text => Value::Text(format!("{} d’è «ù» '\"\\%", attribute.name)),
                    StoredAs::Integer => Value::Integer(1_234_567_890_123),
                    StoredAs::Decimal => Value::Decimal(0.1 + 0.2),
                };
                revision.record.set(attribute.field, Some(value));
            }
        }
        revision
            .record
            .set(Field::Lat, Some(Value::Decimal(45.477_615_000_000_01)));
        revision.provenance = Provenance {
            text: "45°27'51\"N 9°11'24\"E".to_owned(),
            crs: "EPSG:4326".to_owned(),
            operation: "none".to_owned(),
            accuracy_m: 0.25,
        };
        revision.confirmed = vec![Confirmation {
            code: "position.border".to_owned(),
            reason: "è proprio lì".to_owned(),
        }];
        revision.source = Source::File;
        revision.warnings = 2;
        let bare = first(&clock, "a", "2", &[]);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[revision.clone(), bare.clone()]).await;
        unit.commit().await.unwrap();

        let mut unit = store.read().await.unwrap();
        let history = unit.history(revision.device).await.unwrap();
        assert_eq!(history, [revision]);
        assert_eq!(unit.history(bare.device).await.unwrap(), [bare]);
    });
}

#[test]
fn each_save_makes_one_working_state_and_leaves_the_others() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let other = first(&clock, "a", "2", &[]);
        let mut two = next(&clock, &one);
        two.record.set(Field::Stato, Some(text("guasto")));
        let mut three = next(&clock, &two);
        three.withdrawn = true;
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one.clone(), other.clone()]).await;
        unit.add_revisions(vec![two.clone()], &mut seal())
            .await
            .unwrap();
        unit.add_revisions(vec![three.clone()], &mut seal())
            .await
            .unwrap();

        let history = unit.history(one.device).await.unwrap();
        assert_eq!(history, [three.clone(), two, one.clone()]);
        unit.hold_device(one.device).await.unwrap();
        assert_eq!(unit.device_number(one.device).await.unwrap(), Some(3));
        assert_eq!(unit.device_number(other.device).await.unwrap(), Some(1));
        assert_eq!(unit.device_number(Uuid::nil()).await.unwrap(), None);
        let mut working = unit.working(&[one.device, other.device]).await.unwrap();
        working.sort_by_key(|revision| revision.device);
        assert_eq!(working, [three.clone(), other]);
        assert_eq!(unit.working(&[]).await.unwrap(), []);
        let accepted = unit.accepted(&[one.device]).await.unwrap();
        assert_eq!(accepted, [], "nothing is accepted yet");

        let mut withdrawn = everything();
        withdrawn.withdrawn = true;
        assert_eq!(codes(&mut unit, &everything()).await, ["2"]);
        assert_eq!(codes(&mut unit, &withdrawn).await, ["1"]);
        let found = Filter::device(&Viewer::operator(), one.device);
        assert_eq!(unit.device(&found).await.unwrap(), Some(three));
    });
}

#[test]
fn a_number_written_twice_breaks_a_constraint_with_the_same_name() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let two = next(&clock, &one);
        let twice = Revision {
            id: clock.new_id(),
            ..two.clone()
        };
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one]).await;
        unit.add_revisions(vec![two], &mut seal()).await.unwrap();
        let error = unit
            .add_revisions(vec![twice], &mut seal())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Constraint(name) if name == "revision_number"));
    });
}

#[test]
fn a_device_is_found_by_its_code_and_can_be_renamed() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "T1", &[]);
        let two = first(&clock, "a", "T2", &[]);
        let foreign = first(&clock, "b", "T1", &[]);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one.clone(), two.clone(), foreign]).await;
        let found = unit.device_with_code("a", "T1").await.unwrap();
        assert_eq!(found, Some(device_of(&one)));
        assert_eq!(unit.device_with_code("a", "t1").await.unwrap(), None);
        let mut several = unit
            .devices_with_codes("a", &["T2", "T1", "T9", "'; --"])
            .await
            .unwrap();
        several.sort_by(|left, right| left.code.cmp(&right.code));
        assert_eq!(several, [device_of(&one), device_of(&two)]);
        assert_eq!(unit.devices_with_codes("a", &[]).await.unwrap(), []);

        unit.rename_device(one.device, "b", "T9").await.unwrap();
        let renamed = unit.device_with_code("b", "T9").await.unwrap().unwrap();
        assert_eq!(renamed.id, one.device);
        let taken = unit.rename_device(two.device, "b", "T9").await;
        assert!(matches!(taken, Err(Error::Constraint(name)) if name == "device_code"));
    });
}

#[test]
fn more_devices_than_fit_one_statement_are_all_stored() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let many: Vec<Revision> = (0..=250)
            .map(|number| first(&clock, "a", &format!("{number:05}"), &[]))
            .collect();
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &many).await;
        let count = i64::try_from(many.len()).unwrap();
        assert_eq!(unit.count(&everything()).await.unwrap(), count);
        let codes: Vec<String> = (0..10_001).map(|number| format!("{number:05}")).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let found = unit.devices_with_codes("a", &codes).await.unwrap();
        assert_eq!(found.len(), many.len());
    });
}

#[test]
fn a_list_is_paged_by_key_in_both_directions_by_every_sort_with_ties() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut all = Vec::new();
        for number in 0..23_usize {
            let fields = [
                (
                    Field::Denominazione,
                    text(["Alfa", "Ènd", "alfa"][number % 3]),
                ),
                (Field::Comune, text(["015146", "015182"][number % 2])),
                (Field::Funzione, text(["ztl", "altro"][number / 12])),
            ];
            let body = ["a", "b"][number % 2];
            let code = ["A", "a", "B", "_", "é", "1", "10", "2"][number % 8];
            let mut one = first(&clock, body, &format!("{code}{}", number / 8), &fields);
            one.written_at = [NOW, NOW + SECOND][number % 2];
            if number.is_multiple_of(5) {
                one.record.set(Field::Denominazione, None);
            }
            all.push(one);
        }
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        for sort in Sort::ALL {
            let whole = unit
                .devices(&everything(), &slice(sort, 100))
                .await
                .unwrap();
            assert!(!whole.before && !whole.after);
            assert_eq!(whole.rows.len(), all.len());
            let expected = sorted(sort, &all);
            let whole: Vec<Uuid> = whole.rows.iter().map(|row| row.device).collect();
            assert_eq!(whole, expected, "{sort:?}");

            let (mut forwards, mut from) = (Vec::new(), None);
            loop {
                let slice = Slice {
                    sort,
                    from: from.clone(),
                    size: 4,
                };
                let page = unit.devices(&everything(), &slice).await.unwrap();
                assert_eq!(page.before, from.is_some());
                forwards.extend(page.rows.iter().map(|row| row.device));
                if !page.after {
                    break;
                }
                assert_eq!(page.rows.len(), 4);
                from = Some((Edge::After, key(sort, page.rows.last().unwrap())));
            }
            assert_eq!(forwards, expected, "{sort:?}, forwards");

            let last = all
                .iter()
                .find(|one| one.device == *expected.last().unwrap())
                .unwrap();
            let (mut backwards, mut from) = (vec![last.device], key(sort, last));
            loop {
                let slice = Slice {
                    sort,
                    from: Some((Edge::Before, from)),
                    size: 4,
                };
                let page = unit.devices(&everything(), &slice).await.unwrap();
                assert!(page.after);
                let mut rows: Vec<Uuid> = page.rows.iter().map(|row| row.device).collect();
                rows.extend(backwards);
                backwards = rows;
                if !page.before {
                    break;
                }
                from = key(sort, &page.rows[0]);
            }
            assert_eq!(backwards, expected, "{sort:?}, backwards");
        }
    });
}

/// The devices in the order that a list must have: bytes, on either engine.
fn sorted(sort: Sort, all: &[Revision]) -> Vec<Uuid> {
    let mut all = all.to_vec();
    let text = |one: &Revision, field| one.record.text(field).to_owned();
    let place = |one: &Revision| (text(one, Field::Ente), text(one, Field::Codice), one.device);
    match sort {
        Sort::Code => all.sort_by_key(place),
        Sort::Name => all.sort_by_key(|one| (text(one, Field::Denominazione), one.device)),
        Sort::Municipality => all.sort_by_key(|one| (text(one, Field::Comune), place(one))),
        Sort::Function => all.sort_by_key(|one| (text(one, Field::Funzione), place(one))),
        Sort::Changed => {
            all.sort_by_key(|one| std::cmp::Reverse((one.written_at, one.device)));
        }
    }
    all.iter().map(|one| one.device).collect()
}

#[test]
fn a_key_that_is_not_one_is_refused() {
    both(async |store| {
        let mut unit = store.read().await.unwrap();
        for key in [
            vec![],
            vec!["a".to_owned(), "b".to_owned(), "no".to_owned()],
        ] {
            let slice = Slice {
                sort: Sort::Code,
                from: Some((Edge::After, key)),
                size: 1,
            };
            let refused = unit.devices(&everything(), &slice).await;
            assert!(matches!(refused, Err(Error::Stored(_))));
        }
    });
}

#[test]
fn a_search_finds_any_case_and_accents_and_takes_no_letter_for_a_pattern() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let named = |code: &str, name: &str| {
            first(
                &clock,
                "a",
                code,
                &[(Field::Denominazione, Value::Text(name.to_owned()))],
            )
        };
        let all = [
            named("1", "Piazza della Libertà"),
            named("2", "Viale LIBERTA’ 5"),
            named("3", "Sconto 100% sicuro"),
            named("4", "Sconto 1000 sicuro"),
            named("5", "via_dei_Mille"),
            named("6", "C:\\varchi\\nord"),
            named("7", "Straße L'Aquila"),
        ];
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        for (words, wanted) in [
            ("liberta", vec!["1", "2"]),
            ("LIBERTÀ piazza", vec!["1"]),
            ("100%", vec!["3"]),
            ("1_0", vec![]),
            ("via_dei", vec!["5"]),
            ("dei mille", vec!["5"]),
            ("\\varchi", vec!["6"]),
            ("\\", vec!["6"]),
            ("l’aquila", vec!["7"]),
            ("STRASSE", vec![]),
            ("straße", vec!["7"]),
            ("%", vec!["3"]),
            ("' OR 1=1 --", vec![]),
            ("  ", vec!["1", "2", "3", "4", "5", "6", "7"]),
        ] {
            let mut filter = everything();
            filter.text = words.to_owned();
            assert_eq!(codes(&mut unit, &filter).await, wanted, "«{words}»");
        }
    });
}

#[test]
fn every_filter_narrows_lists_counts_points_and_the_rectangle_alike() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut all = Vec::new();
        for number in 0..4_i32 {
            let fields = [
                (Field::Lat, Value::Decimal(45.0 + f64::from(number))),
                (Field::Lon, Value::Decimal(9.0 + f64::from(number))),
                (Field::Software, Value::Text(format!("S{}", number % 2))),
                (Field::Azimut, Value::Integer(i64::from(number) * 90)),
            ];
            let mut one = first(&clock, "a", &number.to_string(), &fields);
            one.warnings = i64::from(number == 2);
            all.push(one);
        }
        for attribute in ATTRIBUTES {
            if all[3].record.get(attribute.field).is_none() {
                let value = match attribute.kind.store() {
                    StoredAs::Text => Value::Text("x".to_owned()),
                    StoredAs::Integer => Value::Integer(1),
                    StoredAs::Decimal => Value::Decimal(1.0),
                };
                all[3].record.set(attribute.field, Some(value));
            }
        }
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        let with = |change: &dyn Fn(&mut Filter)| {
            let mut filter = everything();
            change(&mut filter);
            filter
        };
        for (filter, wanted) in [
            (everything(), vec!["0", "1", "2", "3"]),
            (
                with(&|f| f.exact = vec![(Field::Software, "S1".to_owned())]),
                vec!["1", "3"],
            ),
            (
                with(&|f| f.exact = vec![(Field::Ente, "b".to_owned())]),
                vec![],
            ),
            (with(&|f| f.open = Some(Open::Warnings)), vec!["2"]),
            (with(&|f| f.open = Some(Open::Missing)), vec!["0", "1", "2"]),
            (with(&|f| f.open = Some(Open::Nothing)), vec!["3"]),
            (
                with(&|f| {
                    f.within = Some(Rect::new(
                        Coord { x: 10.0, y: 46.0 },
                        Coord { x: 11.0, y: 47.0 },
                    ));
                }),
                vec!["1", "2"],
            ),
            (with(&|f| f.device = Some(all[2].device)), vec!["2"]),
        ] {
            assert_eq!(codes(&mut unit, &filter).await, wanted, "{filter:?}");
            let count = unit.count(&filter).await.unwrap();
            assert_eq!(count, i64::try_from(wanted.len()).unwrap(), "{filter:?}");
            let points = unit.points(&filter).await.unwrap();
            let found: Vec<&str> = points.iter().map(|point| &*point.codice).collect();
            assert_eq!(found, wanted, "{filter:?}");
            let by = unit.count_by(&filter, Field::Ente).await.unwrap();
            assert_eq!(by.iter().map(|(_, number)| number).sum::<i64>(), count);
            let extent = unit.extent(&filter).await.unwrap();
            assert_eq!(extent.is_some(), !wanted.is_empty());
        }
        let extent = unit.extent(&everything()).await.unwrap();
        assert_eq!(extent, Some([9.0, 45.0, 12.0, 48.0]));
        let points = unit.points(&everything()).await.unwrap();
        let (calm, warned) = (&points[1], &points[2]);
        assert!(warned.warnings && !calm.warnings);
        assert_eq!((calm.lon, calm.lat, calm.azimut), (10.0, 46.0, Some(90)));
        assert_eq!(calm.denominazione, "");
    });
}

#[test]
fn counts_come_most_first_and_then_by_value() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let standing = |code: &str, standing: &str| {
            first(
                &clock,
                "a",
                code,
                &[(Field::StatoScntt, Value::Text(standing.to_owned()))],
            )
        };
        let all = [
            standing("1", "predisposto"),
            standing("2", "collegato"),
            standing("3", "collegato"),
            standing("4", "in_collaudo"),
            first(&clock, "a", "5", &[]),
        ];
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        let counts = unit
            .count_by(&everything(), Field::StatoScntt)
            .await
            .unwrap();
        let counts: Vec<_> = counts
            .iter()
            .map(|(value, n)| (value.as_str(), *n))
            .collect();
        assert_eq!(
            counts,
            [
                ("collegato", 2),
                ("", 1),
                ("in_collaudo", 1),
                ("predisposto", 1)
            ]
        );
    });
}

#[test]
fn accepting_marks_the_working_state_and_unmarks_the_one_before() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let other = first(&clock, "b", "1", &[]);
        let two = next(&clock, &one);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one.clone(), other]).await;
        let mut own = everything();
        own.exact = vec![(Field::Ente, "a".to_owned())];
        assert_eq!(support::accept(&mut unit, &own).await, 1);
        let mut accepted = everything();
        accepted.state = State::Accepted;
        assert_eq!(unit.count(&accepted).await.unwrap(), 1);

        unit.add_revisions(vec![two], &mut seal()).await.unwrap();
        let found = unit.device(&accepted).await.unwrap().unwrap();
        assert_eq!((found.number, found.accepted), (1, true));
        assert_eq!(support::accept(&mut unit, &everything()).await, 2);
        assert_eq!(unit.count(&accepted).await.unwrap(), 2);
        let history = unit.history(one.device).await.unwrap();
        let marks: Vec<_> = history
            .iter()
            .map(|one| (one.number, one.accepted))
            .collect();
        assert_eq!(marks, [(2, true), (1, false)]);
    });
}

#[test]
fn an_officer_sees_their_own_and_of_the_others_what_is_accepted_and_not_reserved() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let shown = |body: &str, code: &str, visibility: &str| {
            first(
                &clock,
                body,
                code,
                &[(Field::Visibilita, Value::Text(visibility.to_owned()))],
            )
        };
        let all = [
            shown("a", "own", "riservato"),
            shown("b", "reserved", "riservato"),
            shown("b", "shared", "enti"),
            shown("b", "public", "pubblico"),
        ];
        let later = shown("b", "proposed", "pubblico");
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        support::accept(&mut unit, &everything()).await;
        // What another body is still working on is nobody else's business.
        let mut changed = next(&clock, &all[2]);
        changed
            .record
            .set(Field::Denominazione, Some(text("Non ancora")));
        unit.add_revisions(vec![changed], &mut seal())
            .await
            .unwrap();
        add(&mut unit, &[later]).await;

        let mine = Filter::of(&officer_of("a"));
        assert_eq!(codes(&mut unit, &mine).await, ["own", "public", "shared"]);
        let shared = Filter::device(&officer_of("a"), all[2].device);
        let shared = unit.device(&shared).await.unwrap().unwrap();
        assert_eq!(
            (shared.number, shared.record.text(Field::Denominazione)),
            (1, "")
        );
        let reserved = Filter::device(&officer_of("a"), all[1].device);
        assert_eq!(unit.device(&reserved).await.unwrap(), None);

        let theirs = Filter::of(&officer_of("b"));
        assert_eq!(
            codes(&mut unit, &theirs).await,
            ["proposed", "public", "reserved", "shared"]
        );
        let nobody = Filter::of(&Viewer::person(Uuid::nil(), "x".into(), "x".into(), vec![]));
        assert_eq!(codes(&mut unit, &nobody).await, ["public", "shared"]);
        let mut accepted = mine.clone();
        accepted.state = State::Accepted;
        assert_eq!(unit.count(&accepted).await.unwrap(), 3);
        assert_eq!(unit.count(&nobody).await.unwrap(), 2);
    });
}

#[test]
fn a_device_that_changed_body_is_one_device_for_whoever_asks() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(
            &clock,
            "a",
            "1",
            &[(Field::Visibilita, Value::Text("enti".to_owned()))],
        );
        let mut moved = next(&clock, &one);
        moved.record.set(Field::Ente, Some(text("b")));
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one]).await;
        support::accept(&mut unit, &everything()).await;
        unit.rename_device(moved.device, "b", "1").await.unwrap();
        unit.add_revisions(vec![moved.clone()], &mut seal())
            .await
            .unwrap();
        let theirs = Filter::of(&officer_of("b"));
        assert_eq!(unit.count(&theirs).await.unwrap(), 1);
        let found = Filter::device(&officer_of("b"), moved.device);
        assert_eq!(unit.device(&found).await.unwrap(), Some(moved));
    });
}

#[test]
fn a_unit_dropped_leaves_nothing_behind() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[first(&clock, "a", "1", &[])]).await;
        assert_eq!(unit.count(&everything()).await.unwrap(), 1);
        drop(unit);
        let mut unit = store.write().await.unwrap();
        assert_eq!(unit.count(&everything()).await.unwrap(), 0);
        assert_eq!(unit.device_with_code("a", "1").await.unwrap(), None);
    });
}

#[test]
fn a_reader_sees_one_state_throughout() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.count(&everything()).await.unwrap(), 0);
        let mut writer = store.write().await.unwrap();
        add(&mut writer, &[first(&clock, "a", "1", &[])]).await;
        writer.commit().await.unwrap();
        assert_eq!(reader.count(&everything()).await.unwrap(), 0);
        drop(reader);
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.count(&everything()).await.unwrap(), 1);
    });
}

#[test]
fn a_device_of_a_body_that_does_not_exist_is_not_stored() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let device = device_of(&first(&clock, "nessuno", "1", &[]));
        let mut unit = store.write().await.unwrap();
        let refused = unit.add_devices(&[device], NOW).await;
        assert!(
            matches!(refused, Err(Error::Constraint(ref name)) if name == "foreign_key"),
            "{refused:?}"
        );
    });
}

#[test]
fn a_point_off_the_globe_is_refused_by_the_database_too() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let off = first(&clock, "a", "1", &[(Field::Lon, Value::Decimal(888.0))]);
        let mut unit = store.write().await.unwrap();
        unit.add_devices(&[device_of(&off)], NOW).await.unwrap();
        let refused = unit.add_revisions(vec![off], &mut seal()).await;
        assert!(matches!(refused, Err(Error::Constraint(name)) if name == "revision_point"));
    });
}

#[test]
fn a_database_from_a_newer_version_is_left_alone_and_says_so() {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        execute(
            &store,
            "INSERT INTO _sqlx_migrations
             (version, description, success, checksum, execution_time)
             SELECT 9001, 'later', success, checksum, execution_time FROM _sqlx_migrations LIMIT 1",
        )
        .await;
        for refused in [store.check().await, store.migrate().await] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::Newer(9001)), "{error}");
            assert_eq!(
                error.to_string(),
                "il database è stato scritto da una versione più recente di Varco (migrazione \
                 9001): usate quella versione o una successiva"
            );
        }
        store.close().await;
    });
}

#[test]
fn a_database_that_was_not_prepared_says_so_and_can_be_prepared_twice() {
    both_blank(async |url| {
        let store = Store::open(&url).await.unwrap();
        let error = store.check().await.unwrap_err();
        assert!(matches!(error, Error::NotMigrated), "{error}");
        let mut unit = store.read().await.unwrap();
        let error = unit.bodies().await.unwrap_err();
        assert!(matches!(error, Error::NotMigrated), "{error}");
        drop(unit);
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        store.check().await.unwrap();
        store.close().await;
    });
}

#[test]
fn an_address_that_is_not_one_is_named_without_its_password() {
    on_sqlite(async |_| {
        for url in [
            "mysql://u:segreta@server/varco",
            "varco.db",
            "postgres://u:segreta@h:porta/x",
        ] {
            let error = Store::open(url).await.unwrap_err();
            assert!(matches!(error, Error::Address { .. }), "{error}");
            assert!(!error.to_string().contains("segreta"), "{error}");
        }
        let error = Store::open("sqlite:///nessuna/cartella/varco.db")
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Driver(_)), "{error}");
    });
}

#[test]
fn a_full_disk_stores_nothing_of_the_whole_unit() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        with_bodies(&store).await;
        store.close().await;

        // One connection, so that the limit holds for all that follows.
        let pool = SqlitePoolOptions::new().max_connections(1);
        let store = {
            let pool = pool.connect(&url).await.unwrap();
            Store::Sqlite(pool.clone(), pool)
        };
        execute(&store, "PRAGMA max_page_count = 1").await;
        let clock = Clock::fixed(NOW);
        let many: Vec<Revision> = (0..200)
            .map(|number| first(&clock, "a", &number.to_string(), &[]))
            .collect();
        let devices: Vec<Device> = many.iter().map(device_of).collect();
        let mut unit = store.write().await.unwrap();
        unit.add_software("prima del pieno", true).await.unwrap();
        let mut stored = unit.add_devices(&devices, NOW).await;
        if stored.is_ok() {
            stored = unit.add_revisions(many.clone(), &mut seal()).await;
        }
        let error = stored.unwrap_err();
        assert!(matches!(error, Error::Full), "{error}");
        assert_eq!(
            error.to_string(),
            "non c’è più spazio su disco: nulla è stato salvato"
        );
        drop(unit);

        execute(&store, "PRAGMA max_page_count = 1000000").await;
        let mut unit = store.write().await.unwrap();
        assert_eq!(unit.software().await.unwrap(), Vec::<String>::new());
        assert_eq!(unit.count(&everything()).await.unwrap(), 0);
        assert_eq!(unit.device_with_code("a", "0").await.unwrap(), None);
        add(&mut unit, &many).await;
        unit.commit().await.unwrap();
        store.close().await;
    });
}

#[test]
fn who_finds_somebody_else_writing_for_too_long_is_told_so() {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        with_bodies(&store).await;
        let renamed = Body {
            code: "a".to_owned(),
            name: "Altro nome".to_owned(),
            kind: "altro".to_owned(),
        };
        let mut holder = store.write().await.unwrap();
        holder.put_body(&renamed).await.unwrap();
        let refused = match &store {
            Store::Sqlite(..) => {
                let options = SqliteConnectOptions::from_str(&url).unwrap();
                let hurried = options.busy_timeout(Duration::ZERO);
                let pool = SqlitePoolOptions::new()
                    .connect_with(hurried)
                    .await
                    .unwrap();
                Store::Sqlite(pool.clone(), pool).write().await.err()
            }
            Store::Postgres(_) => {
                let mut hurried = store.write().await.unwrap();
                if let Unit::Postgres(transaction) = &mut hurried {
                    sqlx::query("SET LOCAL lock_timeout = '10ms'")
                        .execute(&mut **transaction)
                        .await
                        .unwrap();
                }
                hurried.put_body(&renamed).await.err()
            }
        };
        assert!(matches!(refused, Some(Error::Busy)), "{refused:?}");
        holder.commit().await.unwrap();
        store.close().await;
    });
}

#[test]
fn what_occurs_is_named_once_and_only_as_far_as_one_may_see() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let with = |body: &str, code: &str, software: &str| {
            let software = Value::Text(software.to_owned());
            first(&clock, body, code, &[(Field::Software, software)])
        };
        let all = [
            with("a", "1", "Alfa"),
            with("a", "2", "Alfa"),
            with("b", "1", "Segreto"),
            first(&clock, "a", "3", &[]),
        ];
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &all).await;
        let triple = |body: &str, software: &str| {
            (body.to_owned(), "015146".to_owned(), software.to_owned())
        };
        let mut found = unit.occurring(&everything()).await.unwrap();
        found.sort();
        let wanted = [triple("a", ""), triple("a", "Alfa"), triple("b", "Segreto")];
        assert_eq!(found, wanted);
        let mut own = unit.occurring(&Filter::of(&officer_of("a"))).await.unwrap();
        own.sort();
        assert_eq!(own, wanted[..2]);
    });
}

#[test]
fn the_server_keeps_a_geometry_beside_the_coordinates() {
    both(async |store| {
        let Store::Postgres(pool) = &store else {
            return;
        };
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[first(&clock, "a", "1", &[])]).await;
        unit.commit().await.unwrap();
        let geometry: String = sqlx::query_scalar("SELECT ST_AsEWKT(geom) FROM revision")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(geometry, "SRID=4326;POINT(9.25 45.5)");
    });
}

/// A batch that waits to be read.
fn batch(clock: &Clock, name: &str) -> Batch {
    Batch {
        id: clock.new_id(),
        name: name.to_owned(),
        author: "autrice".to_owned(),
        source: Source::File,
        state: BatchState::Reading,
        created_at: clock.now(),
        changed_at: clock.now(),
        beat_at: 0,
        cancelled: false,
        request: "{}".to_owned(),
        summary: "{}".to_owned(),
        problem: String::new(),
        body: None,
        undoes: None,
    }
}

#[test]
fn a_batch_is_claimed_once_and_its_state_and_file_are_kept() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut one = batch(&clock, "è «uno»\t.csv");
        one.body = Some("a".to_owned());
        let mut other = batch(&clock, "due.csv");
        other.undoes = Some(one.id);
        other.state = BatchState::Confirming;
        other.source = Source::Command;
        let mut unit = store.write().await.unwrap();
        unit.add_batch(&one).await.unwrap();
        unit.add_batch(&other).await.unwrap();
        assert_eq!(unit.batch(one.id).await.unwrap(), Some(one.clone()));
        assert_eq!(unit.undoing(one.id).await.unwrap(), Some(other.clone()));
        assert_eq!(unit.undoing(other.id).await.unwrap(), None);
        let all = unit.batches(None, &[], 9).await.unwrap();
        assert_eq!(all, [other.clone(), one.clone()]);
        let own = unit.batches(Some("nessuno"), &["a"], 9).await.unwrap();
        assert_eq!(own, std::slice::from_ref(&one));
        assert!(
            unit.batches(Some("nessuno"), &[], 9)
                .await
                .unwrap()
                .is_empty()
        );

        let waiting = unit.waiting_batch(NOW).await.unwrap().unwrap();
        assert_eq!(waiting.id, one.id);
        assert!(unit.claim_batch(&one, NOW).await.unwrap());
        assert!(!unit.claim_batch(&one, NOW).await.unwrap());
        assert!(unit.waiting_batch(NOW).await.unwrap().is_none());
        let reading = BatchState::Reading;
        assert!(!unit.beat_batch(one.id, reading, NOW + 5).await.unwrap());
        let judging = BatchState::Judging;
        assert!(unit.beat_batch(one.id, judging, NOW + 6).await.unwrap());
        assert_eq!(unit.count_open_batches("autrice").await.unwrap(), 1);
        let held = unit.hold_batch(one.id).await.unwrap().unwrap();
        assert_eq!(held.beat_at, NOW + 5);
        unit.release_batches().await.unwrap();
        assert!(unit.waiting_batch(NOW).await.unwrap().is_some());
        let interrupted = unit.interrupted_batches().await.unwrap();
        assert_eq!(interrupted, std::slice::from_ref(&other));
        one.cancelled = true;
        one.state = BatchState::Abandoned;
        one.problem = "basta".to_owned();
        unit.put_batch(&one).await.unwrap();
        assert_eq!(unit.batch(one.id).await.unwrap(), Some(one.clone()));
        assert!(unit.beat_batch(one.id, one.state, NOW).await.unwrap());

        let bytes: Vec<u8> = (0..=255).collect();
        unit.add_batch_part(one.id, 0, bytes.clone()).await.unwrap();
        unit.add_batch_part(one.id, 1, vec![7]).await.unwrap();
        assert_eq!(unit.batch_part(one.id, 0).await.unwrap(), Some(bytes));
        assert_eq!(unit.batch_part(one.id, 2).await.unwrap(), None);
        unit.drop_batch_parts(one.id).await.unwrap();
        assert_eq!(unit.batch_part(one.id, 1).await.unwrap(), None);

        assert_eq!(unit.scheme("a").await.unwrap(), None);
        for content in ["{}", "{\"columns\":{}}"] {
            unit.put_scheme("a", content, NOW).await.unwrap();
            assert_eq!(unit.scheme("a").await.unwrap().as_deref(), Some(content));
        }
    });
}

#[test]
fn the_rows_of_a_batch_are_found_by_fate_finding_and_code_in_their_order() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let one = batch(&clock, "uno.csv");
        let row = |record: i64, fate, codice: &str, codes: &str| BatchRow {
            record,
            line: record + 1,
            cells: "[\"a\\tb\"]".to_owned(),
            edits: String::new(),
            base: (record > 1).then_some(record),
            fate,
            ente: "a".to_owned(),
            codice: codice.to_owned(),
            point: (record > 1).then_some((9.19, 45.46)),
            codes: codes.to_owned(),
            judgement: "{}".to_owned(),
        };
        let rows = vec![
            row(1, Fate::Rejected, "A_1", " position.swapped value.unknown "),
            row(2, Fate::New, "A%2", " "),
            row(3, Fate::New, "B3", " position.coarse "),
        ];
        let mut unit = store.write().await.unwrap();
        unit.add_batch(&one).await.unwrap();
        unit.add_batch_rows(one.id, rows.clone()).await.unwrap();
        let all = Wanted::default();
        let found = unit.batch_rows(one.id, &all, 0, 9).await.unwrap();
        assert_eq!(found, rows);
        let page = unit.batch_rows(one.id, &all, 1, 1).await.unwrap();
        assert_eq!(page, [rows[1].clone()]);
        let wanted = |fate, code: Option<&str>, text: Option<&str>| Wanted {
            fate,
            code: code.map(str::to_owned),
            text: text.map(str::to_owned),
        };
        for (wanted, count) in [
            (all, 3),
            (wanted(Some(Fate::New), None, None), 2),
            (wanted(None, Some("position.swapped"), None), 1),
            (wanted(None, Some("position"), None), 0),
            (wanted(None, None, Some("%")), 1),
            (wanted(None, None, Some("_")), 1),
            (
                wanted(Some(Fate::New), Some("position.coarse"), Some("B")),
                1,
            ),
        ] {
            let found = unit.count_batch_rows(one.id, &wanted).await.unwrap();
            assert_eq!(found, count, "{wanted:?}");
        }
        let mut changed = rows[0].clone();
        changed.fate = Fate::LeftOut;
        changed.edits = "{\"left_out\":true}".to_owned();
        changed.point = Some((9.0, 45.0));
        unit.put_batch_row(one.id, &changed).await.unwrap();
        let found = unit.batch_row(one.id, 1).await.unwrap();
        assert_eq!(found, Some(changed));
        assert_eq!(unit.batch_row(one.id, 4).await.unwrap(), None);
        let points = unit.batch_points(one.id, 2).await.unwrap();
        assert_eq!(points[0], (1, "esclusa".to_owned(), 9.0, 45.0));
        assert_eq!(points.len(), 2);
        unit.drop_stored_batch_rows(one.id).await.unwrap();
        let left = unit.count_batch_rows(one.id, &Wanted::default()).await;
        assert_eq!(left.unwrap(), 1);
        unit.drop_batch_rows(one.id).await.unwrap();
        assert_eq!(unit.batch_row(one.id, 1).await.unwrap(), None);
    });
}

#[test]
fn what_a_batch_wrote_is_found_with_the_states_before_it() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let written = batch(&clock, "uno.csv");
        let before = first(&clock, "a", "A1", &[]);
        let mut after = next(&clock, &before);
        after.batch = Some(written.id);
        let mut new = first(&clock, "a", "A2", &[]);
        new.batch = Some(written.id);
        let mut unit = store.write().await.unwrap();
        unit.add_batch(&written).await.unwrap();
        add(&mut unit, std::slice::from_ref(&before)).await;
        let ready = Revisions::of(vec![after.clone()], Uuid::nil()).unwrap();
        unit.write_revisions(ready, &mut seal()).await.unwrap();
        add(&mut unit, std::slice::from_ref(&new)).await;
        let nil = uuid::Uuid::nil();
        let found = unit.revisions_of_batch(written.id, nil, 9).await.unwrap();
        assert_eq!(found, [after.clone(), new.clone()]);
        let page = unit
            .revisions_of_batch(written.id, after.id, 9)
            .await
            .unwrap();
        assert_eq!(page, [new]);
        let states = unit.states_before(&found).await.unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(states[&before.device], before);
    });
}

#[test]
fn an_import_asks_at_once_for_what_many_rows_are_about() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "Ï \"1\"", &[]);
        let way = (Field::Direzione, Value::Text("entrata".to_owned()));
        let two = first(&clock, "b", "2", &[way]);
        let mut unit = store.write().await.unwrap();
        assert!(unit.bodies_with_devices().await.unwrap().is_empty());
        add(&mut unit, &[one.clone(), two]).await;
        let mut bodies = unit.bodies_with_devices().await.unwrap();
        bodies.sort();
        assert_eq!(bodies, ["a", "b"]);
        let codes = ["Ï \"1\"", "2", "3"];
        let found = unit.working_with_codes("a", &codes).await.unwrap();
        assert_eq!(found, [one]);
        assert!(unit.working_with_codes("a", &[]).await.unwrap().is_empty());
        let mut marks = Vec::new();
        let tell = |mark: Mark<'_>| marks.push((mark.codice.to_owned(), mark.direzione.to_owned()));
        unit.each_mark(&everything(), tell).await.unwrap();
        marks.sort();
        assert_eq!(marks[0], ("2".to_owned(), "entrata".to_owned()));
        assert_eq!(marks.len(), 2);
        let site = Site {
            id: clock.new_id(),
            body: "a".to_owned(),
            code: "S1".to_owned(),
            kind: "varco".to_owned(),
            name: String::new(),
        };
        unit.add_sites(std::slice::from_ref(&site)).await.unwrap();
        let stored = unit.site_with_code("a", "S1").await.unwrap();
        assert_eq!(stored, Some(site));
    });
}

#[test]
fn whoever_has_an_account_is_found_with_their_roles_until_disabled() {
    both(async |store| {
        let register = crate::support::register(store.clone()).await;
        let officer = crate::support::officer(&register, crate::support::MILANO).await;
        let mut unit = store.write().await.unwrap();
        let found = unit.viewer(&officer.account).await.unwrap();
        assert_eq!(found, Some(officer.clone()));
        assert_eq!(unit.viewer("nessuno").await.unwrap(), None);
        unit.disable_person(officer.id.unwrap(), NOW).await.unwrap();
        assert_eq!(unit.viewer(&officer.account).await.unwrap(), None);
    });
}

#[test]
fn what_is_sent_waits_and_is_accepted_or_comes_back() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let stated = |code: &str| {
            let mut one = first(&clock, "a", code, &[]);
            for attribute in ATTRIBUTES {
                let kind = attribute.kind.store();
                if one.record.get(attribute.field).is_none() && kind == StoredAs::Text {
                    one.record.set(attribute.field, Some(text("non_noto")));
                }
            }
            one
        };
        let (one, two, bare) = (stated("1"), stated("2"), first(&clock, "a", "3", &[]));
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one.clone(), two.clone(), bare]).await;
        let all = Queued {
            body: "a",
            device: None,
        };
        let ready = unit.to_submit(all).await.unwrap();
        let codes: Vec<&str> = ready.iter().map(|entry| entry.code.as_str()).collect();
        assert_eq!(codes, ["1", "2"], "what is incomplete is not sent");

        unit.mark_submitted(&ready, 7).await.unwrap();
        assert!(unit.to_submit(all).await.unwrap().is_empty());
        let waiting = unit.submitted(all).await.unwrap();
        assert_eq!(waiting.len(), 2);
        assert!(waiting.iter().all(|entry| entry.submitted_at == Some(7)));
        let queues = unit.queues().await.unwrap();
        assert_eq!((queues[0].devices, queues[0].since), (2, 7));
        let own = unit.own_entries("a", "autrice").await.unwrap();
        assert_eq!(own.len(), 2);
        assert!(unit.own_entries("a", "altra").await.unwrap().is_empty());

        let later = next(&clock, &one);
        unit.add_revisions(vec![later.clone()], &mut seal())
            .await
            .unwrap();
        let again = unit.to_submit(all).await.unwrap();
        unit.mark_submitted(&again, 8).await.unwrap();
        let stages = async |unit: &mut Unit| {
            let history = unit.history(one.device).await.unwrap();
            history.iter().map(|one| one.stage).collect::<Vec<_>>()
        };
        assert_eq!(
            stages(&mut unit).await,
            [Stage::Submitted, Stage::Superseded]
        );
        unit.end_wait(later.id, Stage::SentBack.name())
            .await
            .unwrap();
        assert_eq!(
            stages(&mut unit).await,
            [Stage::SentBack, Stage::Superseded]
        );
        let waiting = unit.submitted(all).await.unwrap();
        unit.mark_accepted(&waiting, 9).await.unwrap();
        let accepted = unit.history(two.device).await.unwrap();
        assert_eq!(
            (accepted[0].accepted, accepted[0].accepted_from),
            (true, Some(9))
        );
        unit.retire_accepted(std::iter::once(two.device), 11)
            .await
            .unwrap();
        for (at, count) in [(8, 0), (9, 1), (10, 1), (11, 0)] {
            let mut then = everything();
            then.state = State::Accepted;
            then.moment = Moment::At(at);
            assert_eq!(unit.count(&then).await.unwrap(), count, "at {at}");
        }
    });
}

#[test]
fn what_was_written_is_found_at_every_instant_as_it_was_then() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let two = next(&clock, &one);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, std::slice::from_ref(&one)).await;
        unit.add_revisions(vec![two.clone()], &mut seal())
            .await
            .unwrap();
        let cases = [
            (one.written_at - 1, None),
            (one.written_at, Some(1)),
            (two.written_at - 1, Some(1)),
            (two.written_at, Some(2)),
        ];
        for (at, number) in cases {
            let mut then = everything();
            then.moment = Moment::At(at);
            let found = unit.device(&then).await.unwrap();
            assert_eq!(found.map(|one| one.number), number);
        }
    });
}

#[test]
fn what_is_said_in_review_and_who_has_a_body_in_hand_come_back() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, std::slice::from_ref(&one)).await;
        let said = |device: Option<Uuid>, kind: Kind| Review {
            id: clock.new_id(),
            body: "a".to_owned(),
            device,
            revision: device.map(|_| one.id),
            kind,
            at: NOW,
            author: "revisora".to_owned(),
            text: "Il modello non è quello.".to_owned(),
            remarks: vec![Remark {
                field: "modello".to_owned(),
                reason: "sulla targhetta c’è altro".to_owned(),
                value: String::new(),
            }],
        };
        let of_device = said(Some(one.device), Kind::SentBack);
        let of_body = said(None, Kind::Message);
        let mut seal = seal();
        let both = [of_device.clone(), of_body.clone()];
        unit.add_reviews(&both, &mut seal).await.unwrap();
        assert_eq!(seal.count(Sealed::Reviews), 2);
        let found = unit.reviews_of_device(one.device).await.unwrap();
        assert_eq!(found, [of_device]);
        assert_eq!(unit.reviews_of_body("a").await.unwrap(), [of_body]);

        assert_eq!(unit.claim("a").await.unwrap(), None);
        for account in ["una", "altra"] {
            let claim = Claim {
                account: account.to_owned(),
                at: NOW,
            };
            unit.put_claim("a", &claim).await.unwrap();
            assert_eq!(unit.claim("a").await.unwrap(), Some(claim));
        }
        unit.drop_claims_of("una").await.unwrap();
        assert!(
            unit.claim("a").await.unwrap().is_some(),
            "it is the other one's"
        );
        unit.drop_claim("a").await.unwrap();
        assert_eq!(unit.claim("a").await.unwrap(), None);
        unit.hold_body("a", &[]).await.unwrap();
    });
}

#[test]
fn the_history_ends_with_the_record_that_was_added_last() {
    both(async |store| {
        let mut unit = store.write().await.unwrap();
        let end = unit.hold_journal_end().await.unwrap();
        assert_eq!((end.number, end.hash.as_str()), (0, ""));
        let record = journal::Record {
            number: 1,
            id: Uuid::nil(),
            at: NOW,
            account: "una".to_owned(),
            act: "invio".to_owned(),
            body: None,
            subject: "a".to_owned(),
            detail: "due dispositivi".to_owned(),
            seal: String::new(),
            previous: end.hash,
            hash: "abc".to_owned(),
        };
        unit.add_record(&record).await.unwrap();
        let end = unit.hold_journal_end().await.unwrap();
        assert_eq!((end.number, end.at, end.hash.as_str()), (1, NOW, "abc"));
        let known = unit.journal_end().await.unwrap();
        assert_eq!(known, Some(end));
        assert_eq!(unit.record(1).await.unwrap(), Some(record.clone()));
        assert_eq!(unit.record(2).await.unwrap(), None);
        let mut all = Vec::new();
        unit.each_record(|one| all.push(one)).await.unwrap();
        assert_eq!(all, [record]);
    });
}

#[test]
fn records_are_found_from_both_ends_and_by_whom_they_concern() {
    both(async |store| {
        let mut unit = store.write().await.unwrap();
        for (number, account, act, body) in [
            (1, "una", "invio", Some("a")),
            (2, "due", "lettura", None),
            (3, "due", "persona", None),
            (4, "una", "lettura", Some("b")),
        ] {
            let record = journal::Record {
                number,
                id: Uuid::from_u128(number.try_into().unwrap()),
                at: NOW + number,
                account: account.to_owned(),
                act: act.to_owned(),
                body: body.map(str::to_owned),
                subject: format!("cosa {number}"),
                detail: String::new(),
                seal: String::new(),
                previous: String::new(),
                hash: String::new(),
            };
            unit.add_record(&record).await.unwrap();
        }
        let mut numbers = async |wanted: &RecordsWanted, from, size| {
            let found = unit.records(wanted, from, size).await.unwrap();
            found.iter().map(|one| one.number).collect::<Vec<_>>()
        };
        let all = RecordsWanted::default();
        assert_eq!(numbers(&all, None, 3).await, [4, 3, 2]);
        assert_eq!(numbers(&all, Some((Edge::After, 3)), 3).await, [2, 1]);
        assert_eq!(numbers(&all, Some((Edge::Before, 1)), 2).await, [3, 2]);
        let with = |change: &dyn Fn(&mut RecordsWanted)| {
            let mut wanted = RecordsWanted::default();
            change(&mut wanted);
            wanted
        };
        for (wanted, expected) in [
            (with(&|one| one.act = "lettura".to_owned()), vec![4, 2]),
            (with(&|one| one.account = "due".to_owned()), vec![3, 2]),
            (with(&|one| one.body = "a".to_owned()), vec![1]),
            (with(&|one| one.subject = "cosa 3".to_owned()), vec![3]),
            (with(&|one| one.from = Some(NOW + 3)), vec![4, 3]),
            (with(&|one| one.to = Some(NOW + 2)), vec![2, 1]),
            (
                with(&|one| {
                    one.scope = Some(Concerned {
                        account: "tre".to_owned(),
                        bodies: vec!["a".to_owned()],
                    });
                }),
                vec![2, 1],
            ),
            (
                with(&|one| {
                    one.scope = Some(Concerned {
                        account: "una".to_owned(),
                        bodies: Vec::new(),
                    });
                }),
                vec![4, 1],
            ),
        ] {
            assert_eq!(numbers(&wanted, None, 9).await, expected, "{wanted:?}");
        }
    });
}

#[test]
fn what_does_not_fit_is_found_row_by_row() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        let revision = first(&clock, "a", "1", &[]);
        add(&mut unit, std::slice::from_ref(&revision)).await;
        assert!(unit.unsound().await.unwrap().is_empty());
        let mut written = Vec::new();
        unit.each_written(|one| written.push(one)).await.unwrap();
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].hash, revision.content_hash());
        assert_eq!(written[0].cover.entry, Some(Uuid::nil()));
        assert_eq!(written[0].cover.record, None);
        let mut said = 0;
        unit.each_said(|_| said += 1).await.unwrap();
        assert_eq!(said, 0);
        assert_eq!(unit.emptied().await.unwrap(), []);
        for (_, condition) in RULES {
            assert_eq!(unit.breaking(condition).await.unwrap(), None, "{condition}");
        }
        assert_eq!(unit.headless().await.unwrap(), None);
        assert_eq!(unit.snapshot(Uuid::nil()).await.unwrap(), None);
    });
}

#[test]
fn a_decision_of_two_devices_is_open_until_it_is_taken_back() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut seal = Seal::new(clock.new_id());
        let states = [
            first(&clock, "a", "1", &[(Field::Matricola, text("SN 77"))]),
            first(&clock, "b", "2", &[(Field::Azimut, Value::Integer(90))]),
            first(&clock, "b", "3", &[]),
        ];
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &states).await;
        support::accept(&mut unit, &everything()).await;
        let mut stands = Vec::new();
        let each = |device, body: &str, stand| stands.push((device, body.to_owned(), stand));
        unit.each_stand(&everything(), each).await.unwrap();
        assert_eq!(stands.len(), 3);
        for state in &states {
            let stand = varco::census::duplicate::Stand::of(&state.record);
            let body = state.record.text(Field::Ente).to_owned();
            assert!(stands.contains(&(state.device, body, stand)));
        }

        let party = |state: &Revision| Party {
            device: state.device,
            body: state.record.text(Field::Ente).to_owned(),
            code: state.record.text(Field::Codice).to_owned(),
        };
        let decision = |same, first: &Revision, second: &Revision| Decision {
            id: clock.new_id(),
            same,
            first: party(first),
            second: party(second),
            at: clock.now(),
            author: "revisore".to_owned(),
            reason: "Stesso palo".to_owned(),
            ended: None,
        };
        let merge = decision(true, &states[1], &states[0]);
        let apart = decision(false, &states[0], &states[2]);
        unit.add_decision(&merge, &mut seal).await.unwrap();
        unit.add_decision(&apart, &mut seal).await.unwrap();
        let both = vec![apart.clone(), merge.clone()];
        assert_eq!(unit.decisions(None, 10).await.unwrap(), both);
        assert_eq!(
            unit.decisions(None, 1).await.unwrap(),
            std::slice::from_ref(&apart)
        );
        let of = |body: &str| [body.to_owned()];
        assert_eq!(unit.decisions(Some(&of("a")), 10).await.unwrap(), both);
        assert!(unit.decisions(Some(&of("c")), 10).await.unwrap().is_empty());
        assert!(unit.decisions(Some(&[]), 10).await.unwrap().is_empty());
        let about = unit.decisions_about(states[1].device).await.unwrap();
        assert_eq!(about, std::slice::from_ref(&merge));
        let mut pairs = unit.decided_pairs().await.unwrap();
        pairs.sort_unstable();
        let expected = [
            (false, states[0].device, states[2].device),
            (true, states[1].device, states[0].device),
        ];
        assert_eq!(pairs, expected);

        // The absorbed device is not published, and everything else is as it was.
        let mut published = everything();
        published.state = State::Accepted;
        assert_eq!(codes(&mut unit, &published).await, ["2", "3"]);
        assert_eq!(codes(&mut unit, &everything()).await, ["1", "2", "3"]);
        let devices = [states[0].device, states[1].device];
        let found = unit.states(&published, &devices).await.unwrap();
        assert_eq!(codes_of(&found), ["2"]);

        let ended = Ended {
            at: clock.now(),
            by: "revisore".to_owned(),
            reason: "Erano due".to_owned(),
        };
        for one in [&merge, &apart] {
            assert!(unit.end_decision(one, &ended, &mut seal).await.unwrap());
            assert!(!unit.end_decision(one, &ended, &mut seal).await.unwrap());
        }
        assert!(unit.decided_pairs().await.unwrap().is_empty());
        let about = unit.decisions_about(states[1].device).await.unwrap();
        assert_eq!(about[0].ended, Some(ended));
        assert_eq!(unit.count(&published).await.unwrap(), 3);
    });
}

#[test]
fn a_device_is_absorbed_by_one_other_at_most_and_the_constraint_has_the_same_name() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut seal = Seal::new(clock.new_id());
        let states = ["1", "2", "3"].map(|code| first(&clock, "a", code, &[]));
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &states).await;
        let party = |state: &Revision| Party {
            device: state.device,
            body: "a".to_owned(),
            code: String::new(),
        };
        let decision = |same, kept: usize| Decision {
            id: clock.new_id(),
            same,
            first: party(&states[kept]),
            second: party(&states[0]),
            at: NOW,
            author: "revisore".to_owned(),
            reason: "Uno".to_owned(),
            ended: None,
        };
        unit.add_decision(&decision(true, 1), &mut seal)
            .await
            .unwrap();
        unit.add_decision(&decision(false, 2), &mut seal)
            .await
            .unwrap();
        unit.commit().await.unwrap();
        for (same, kept, constraint) in [
            (true, 2, "merge_absorbed"),
            (false, 2, "distinct_pair_open"),
        ] {
            let mut unit = store.write().await.unwrap();
            let again = unit.add_decision(&decision(same, kept), &mut seal).await;
            assert!(
                matches!(&again, Err(Error::Constraint(name)) if name == constraint),
                "{again:?}"
            );
        }
    });
}

fn step(clock: &Clock, body: &str, said: Said) -> Step {
    Step {
        id: clock.new_id(),
        body: body.to_owned(),
        said,
        number: "G.C. 175".to_owned(),
        date: "2020-12-02".to_owned(),
        note: "Città".to_owned(),
        document: None,
        author: "autrice".to_owned(),
        recorded_at: clock.now(),
    }
}

#[test]
fn steps_are_known_as_they_were_at_an_instant_and_are_annulled_once() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut seal = Seal::new(clock.new_id());
        let one = step(&clock, "a", Said::Reached(adhesion::Stage::Interested));
        let two = step(&clock, "a", Said::Reached(adhesion::Stage::Signed));
        let other = step(&clock, "b", Said::Reached(adhesion::Stage::Revoked));
        let undone = step(&clock, "a", Said::Annuls(two.id));
        let mut unit = store.write().await.unwrap();
        for step in [&other, &one, &two, &undone] {
            unit.add_step(step, &mut seal).await.unwrap();
        }
        unit.commit().await.unwrap();
        let mut unit = store.read().await.unwrap();
        let own = [one.clone(), two.clone(), undone.clone()];
        assert_eq!(unit.steps(Some("a"), None).await.unwrap(), own);
        assert_eq!(
            unit.steps(Some("a"), Some(two.recorded_at)).await.unwrap(),
            own[..2]
        );
        assert!(unit.steps(Some("c"), None).await.unwrap().is_empty());
        let all = unit.steps(None, None).await.unwrap();
        assert_eq!(all, [one, two.clone(), undone, other]);
        let before = unit.steps(None, Some(NOW - 1)).await.unwrap();
        assert!(before.is_empty());
        drop(unit);
        let mut unit = store.write().await.unwrap();
        let again = unit
            .add_step(&step(&clock, "a", Said::Annuls(two.id)), &mut seal)
            .await;
        let Err(Error::Constraint(name)) = again else {
            panic!("a step was annulled twice: {again:?}");
        };
        assert_eq!(name, "adhesion_step_annuls");
    });
}

#[test]
fn acts_and_seats_are_added_and_come_back_as_they_were() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut sealing = Seal::new(clock.new_id());
        let kept = Document {
            id: clock.new_id(),
            body: "a".to_owned(),
            name: "patto à.pdf".to_owned(),
            kind: document::Kind::Pdf,
            size: 3,
            sha256: "00ff".to_owned(),
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let act = |kind, state: &str| Act {
            id: clock.new_id(),
            body: "a".to_owned(),
            kind,
            state: state.to_owned(),
            number: "12".to_owned(),
            date: "2019-01-31".to_owned(),
            names_readers: "si".to_owned(),
            lists_places: "non_noto".to_owned(),
            note: "due\nrighe".to_owned(),
            document: Some(kept.id),
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let acts = [act(ActKind::Pact, "no"), act(ActKind::Pact, "si")];
        let seat = Seat {
            id: clock.new_id(),
            body: "a".to_owned(),
            address: "via Roma 1".to_owned(),
            lat: 45.123_456_789,
            lon: 9.1,
            provenance: Provenance {
                text: "45,123456789 9,1".to_owned(),
                crs: "EPSG:4326".to_owned(),
                operation: "none".to_owned(),
                accuracy_m: 0.5,
            },
            fibre: "prevista".to_owned(),
            fibre_date: "2027-12-31".to_owned(),
            note: String::new(),
            document: None,
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let mut unit = store.write().await.unwrap();
        unit.add_document(&kept, &mut sealing).await.unwrap();
        for (number, part) in [vec![0, 159], vec![146]].into_iter().enumerate() {
            let number = i64::try_from(number).unwrap();
            unit.add_document_part(kept.id, number, part).await.unwrap();
        }
        for act in &acts {
            unit.add_act(act, &mut sealing).await.unwrap();
        }
        unit.add_seat(&seat, &mut sealing).await.unwrap();
        assert_eq!(unit.acts(Some("a"), None).await.unwrap(), acts);
        let first = unit.acts(None, Some(acts[0].recorded_at)).await.unwrap();
        assert_eq!(first, acts[..1]);
        assert_eq!(unit.seats(None, None).await.unwrap(), [seat]);
        assert!(unit.seats(Some("a"), Some(NOW)).await.unwrap().is_empty());
        let found = unit.document(kept.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&kept));
        assert_eq!(unit.document(Uuid::nil()).await.unwrap(), None);
        assert_eq!(
            unit.documents("a").await.unwrap(),
            std::slice::from_ref(&kept)
        );
        assert!(unit.documents("b").await.unwrap().is_empty());
        let part = unit.document_part(kept.id, 1).await.unwrap();
        assert_eq!(part, Some(vec![146]));
        assert_eq!(unit.document_part(kept.id, 2).await.unwrap(), None);
    });
}

#[test]
fn the_catalogues_come_back_as_they_were_known_at_an_instant() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let entry = |name: &str, producer: &str| Entry {
            id: clock.new_id(),
            product: Product {
                name: name.to_owned(),
                producer: producer.to_owned(),
                kind: "vms".to_owned(),
                versions: "4 e 5".to_owned(),
                note: "visto in giro".to_owned(),
            },
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let entries = [entry("Uno", "prima"), entry("Due", ""), entry("Uno", "poi")];
        let stated = Stated {
            id: clock.new_id(),
            name: "Uno".to_owned(),
            standing: SoftwareStanding::Tested,
            source: "un verbale".to_owned(),
            grade: "A".to_owned(),
            date: "2026-02-01".to_owned(),
            version: "5".to_owned(),
            note: "una nota".to_owned(),
            document: None,
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let merge = |target: Option<&str>| Merge {
            id: clock.new_id(),
            name: "Uno bis".to_owned(),
            target: target.map(str::to_owned),
            note: "è lui".to_owned(),
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let (merged, separated) = (merge(Some("Uno")), merge(None));
        let model = Model {
            id: clock.new_id(),
            make: "Marca".to_owned(),
            model: "Modello".to_owned(),
            facts: vec![
                (Field::Forma, "bullet".to_owned()),
                (Field::RisoluzioneMp, "5.5".to_owned()),
            ],
            reading: "si".to_owned(),
            reading_class: "classe A".to_owned(),
            source: "una scheda".to_owned(),
            grade: "C".to_owned(),
            note: String::new(),
            author: "autrice".to_owned(),
            recorded_at: clock.now(),
        };
        let mut sealing = seal();
        let mut unit = store.write().await.unwrap();
        unit.add_software("Due", false).await.unwrap();
        unit.add_software("Uno bis", false).await.unwrap();
        for entry in &entries {
            unit.add_product_entry(entry, &mut sealing).await.unwrap();
        }
        unit.add_product_standing(&stated, &mut sealing)
            .await
            .unwrap();
        for merge in [&merged, &separated] {
            unit.add_product_merge(merge, &mut sealing).await.unwrap();
        }
        unit.add_model(&model, &mut sealing).await.unwrap();

        assert_eq!(unit.software().await.unwrap(), ["Due", "Uno"]);
        assert_eq!(unit.proposed_software().await.unwrap(), ["Uno bis"]);
        let then = unit.products(Some(merged.recorded_at)).await.unwrap();
        let known = then.resolve("uno bis").unwrap();
        assert_eq!(known.entries, [entries[0].clone(), entries[2].clone()]);
        assert_eq!(known.stated, [stated]);
        assert_eq!(known.merged, [merged]);
        assert!(
            unit.products(None)
                .await
                .unwrap()
                .resolve("Uno bis")
                .is_none()
        );
        let first = unit.products(Some(entries[0].recorded_at)).await.unwrap();
        assert_eq!(first.named("Uno").unwrap().product().producer, "prima");
        assert!(first.named("Due").is_none());
        let models = unit.models(None).await.unwrap();
        assert_eq!(models.resolve("MARCA", "modello"), Some(&model));
        let before = unit.models(Some(NOW)).await.unwrap();
        assert!(before.resolve("Marca", "Modello").is_none());
    });
}

#[test]
fn what_devices_state_of_programs_and_models_is_counted_by_body() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut unit = store.write().await.unwrap();
        let fields = [
            (Field::Software, text("Uno")),
            (Field::SoftwareVersione, text("5")),
            (Field::Marca, text("Marca")),
        ];
        let silent = first_of(&clock, &fields);
        add(&mut unit, &silent).await;
        let used = unit.product_uses(&everything()).await.unwrap();
        let body = || "a".to_owned();
        let of_a = ProductUse {
            name: "Uno".to_owned(),
            version: "5".to_owned(),
            body: body(),
            devices: 2,
        };
        assert_eq!(used, [of_a]);
        let used = unit.model_uses(&everything()).await.unwrap();
        let of_a = ModelUse {
            make: "Marca".to_owned(),
            model: String::new(),
            body: body(),
            devices: 2,
        };
        assert_eq!(used, [of_a]);
        let others = Filter::working(&officer_of("b"));
        assert!(unit.product_uses(&others).await.unwrap().is_empty());
        assert!(unit.model_uses(&others).await.unwrap().is_empty());
    });
}

/// Two devices that state this, and one that states nothing.
fn first_of(clock: &Clock, fields: &[(Field, Value)]) -> [Revision; 3] {
    [
        first(clock, "a", "1", fields),
        first(clock, "a", "2", fields),
        first(clock, "a", "3", &[]),
    ]
}

#[test]
fn a_contact_is_replaced_or_erased_and_nothing_of_it_stays() {
    both(async |store| {
        with_bodies(&store).await;
        let contact = |name: &str| Contact {
            name: name.to_owned(),
            office: "Polizia locale".to_owned(),
            email: "nome@comune.it".to_owned(),
            telephone: "02 1234567".to_owned(),
            author: "autrice".to_owned(),
            changed_at: NOW,
        };
        let mut unit = store.write().await.unwrap();
        assert!(!unit.erase_contact("a").await.unwrap());
        unit.put_contact("a", &contact("Anna")).await.unwrap();
        unit.put_contact("a", &contact("Bruno")).await.unwrap();
        let found = unit.contact("a").await.unwrap();
        assert_eq!(found, Some(contact("Bruno")));
        assert_eq!(unit.contact("b").await.unwrap(), None);
        assert!(unit.erase_contact("a").await.unwrap());
        assert_eq!(unit.contact("a").await.unwrap(), None);
    });
}

#[test]
fn a_snapshot_and_in_what_two_moments_differ_come_back_alike() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let [stays, goes, changes] = ["1", "2", "3"].map(|code| first(&clock, "a", code, &[]));
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[stays.clone(), goes.clone(), changes.clone()]).await;
        support::accept(&mut unit, &everything()).await;
        let at = clock.now();
        let snapshot = Snapshot {
            id: clock.new_id(),
            name: "Prima".to_owned(),
            at,
            author: "revisora".to_owned(),
            devices: 3,
            hash: "ab".to_owned(),
        };
        unit.add_snapshot(&snapshot).await.unwrap();
        assert_eq!(
            unit.snapshots().await.unwrap(),
            std::slice::from_ref(&snapshot)
        );
        let found = unit.snapshot(snapshot.id).await.unwrap();
        assert_eq!(found, Some(snapshot.clone()));
        assert_eq!(unit.snapshot(Uuid::nil()).await.unwrap(), None);
        assert_eq!(unit.snapshot_noted(snapshot.id).await.unwrap(), None);

        let mut before = Filter::of(&Viewer::operator());
        before.freeze(snapshot.id);
        let mut sealed = Vec::new();
        unit.each_sealed(&before, |one| {
            sealed.push((one.device, one.revision, one.hash.to_owned()));
        })
        .await
        .unwrap();
        let mut whole = Vec::new();
        unit.each_state(&before, |state, hash| {
            whole.push((state.device, state.id, hash.to_owned()));
            assert_eq!(state.content_hash(), hash);
        })
        .await
        .unwrap();
        assert_eq!(sealed, whole);
        let devices: Vec<_> = sealed.iter().map(|(device, ..)| *device).collect();
        assert_eq!(devices, [stays.device, goes.device, changes.device]);
        // Nobody decided on them: they are accepted by the builder alone.
        let displaced = unit.displaced(at).await.unwrap();
        assert_eq!(displaced.len(), 3, "{displaced:?}");

        let mut second = next(&clock, &changes);
        second.record.set(Field::Note, Some(text("altro")));
        let mut gone = next(&clock, &goes);
        gone.withdrawn = true;
        let mut comes = first(&clock, "b", "4", &[]);
        comes.written_at = clock.now();
        let later = vec![gone.clone(), second.clone()];
        unit.add_revisions(later, &mut seal()).await.unwrap();
        add(&mut unit, &[comes.clone()]).await;
        support::accept(&mut unit, &everything()).await;
        let mut withdrawn = everything();
        withdrawn.withdrawn = true;
        support::accept(&mut unit, &withdrawn).await;

        let after = Filter::of(&Viewer::operator());
        let pairs = unit
            .differing(&before, &after, &Differences::default())
            .await
            .unwrap();
        let states: Vec<_> = pairs.iter().map(|one| (one.before, one.after)).collect();
        let wanted = [
            (Some(goes.id), None),
            (Some(changes.id), Some(second.id)),
            (None, Some(comes.id)),
        ];
        assert_eq!(states, wanted);
        let tallies = unit.tallies(&before, &after).await.unwrap();
        let numbers = |body: &str| {
            let tally = &tallies[body];
            [tally.added, tally.removed, tally.changed]
        };
        assert_eq!((numbers("a"), numbers("b")), ([0, 1, 1], [1, 0, 0]));
        let fields = unit.changed_fields(&before, &after).await.unwrap();
        assert_eq!(fields, [(Field::Note, 1)]);
        let loaded = unit
            .revisions_with_ids(&[stays.id, second.id])
            .await
            .unwrap();
        assert_eq!(loaded[&second.id].record, second.record);
        assert_eq!(loaded.len(), 2);

        let again = Snapshot {
            id: clock.new_id(),
            ..snapshot
        };
        let taken = unit.add_snapshot(&again).await;
        assert!(matches!(taken, Err(Error::Constraint(name)) if name == "snapshot_name"));
    });
}

#[test]
fn what_the_campaign_counts_asks_and_is_declared_comes_back() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let mut seal = Seal::new(clock.new_id());
        let (one, two) = (first(&clock, "a", "1", &[]), first(&clock, "b", "2", &[]));
        let mut unit = store.write().await.unwrap();
        add(&mut unit, &[one.clone(), two]).await;
        let all = unit.campaign_tallies(None, Moment::Now).await.unwrap();
        let counted: Vec<(&str, i64, i64)> = all
            .iter()
            .map(|one| (one.body.as_str(), one.devices, one.unsent))
            .collect();
        assert_eq!(counted, [("a", 1, 1), ("b", 1, 1)]);
        let own = unit.campaign_tallies(Some("a"), Moment::Now).await.unwrap();
        assert_eq!(own, all[..1]);
        let then = Moment::At(clock.now());
        assert_eq!(unit.campaign_tallies(None, then).await.unwrap(), all);
        let due = |day: &str| DueRow {
            id: clock.new_id(),
            body: "a".to_owned(),
            day: day.to_owned(),
            author: "autrice".to_owned(),
            at: clock.now(),
        };
        let dues = [due("2026-04-30"), due("2026-05-31")];
        unit.add_due(&dues, &mut seal).await.unwrap();
        assert_eq!(unit.due(None, Moment::Now).await.unwrap(), dues[1..]);
        let before = Moment::At(dues[0].at);
        assert_eq!(unit.due(Some("a"), before).await.unwrap(), dues[..1]);
        unit.add_due(&[due("")], &mut seal).await.unwrap();
        assert_eq!(unit.due(Some("a"), Moment::Now).await.unwrap(), []);
        let read = unit.read_back(&seal).await.unwrap();
        assert_eq!(seal.count(Sealed::Dues), 0);
        assert_eq!(read.count(Sealed::Dues), 3);
        let part = PARTS.iter().find(|part| part.kind == Sealed::Dues);
        let mut again = Seal::new(Uuid::nil());
        let each = |kept: Kept| {
            assert_eq!(kept.body.as_deref(), Some("a"));
            assert_eq!(kept.cover.entry, Some(seal.entry));
            assert_eq!(kept.cover.record, None);
            again.add(Sealed::Dues, &kept.hash?);
            Ok(())
        };
        unit.each_kept(part.unwrap(), None, each).await.unwrap();
        assert_eq!(again.text(), read.text());
        let declared = unit.declared("a", Moment::Now).await.unwrap();
        assert_eq!(declared.len(), 1);
        assert_eq!(declared[0].revision, one.id);
        assert_eq!(declared[0].hash, one.content_hash());
        let declaration = Declaration {
            id: clock.new_id(),
            body: "a".to_owned(),
            at: clock.now(),
            author: "autrice".to_owned(),
            signer: "L’autrice".to_owned(),
            kind: DeclarationKind::Census,
            devices: 1,
            accepted: 0,
            figures: vec![Figure {
                function: "ztl".to_owned(),
                state: "in_esercizio".to_owned(),
                devices: 1,
            }],
            hash: "00".to_owned(),
            text: "Nulla da aggiungere".to_owned(),
        };
        unit.add_declaration(&declaration, &mut seal).await.unwrap();
        let made = unit.declarations("a").await.unwrap();
        assert_eq!(made, std::slice::from_ref(&declaration));
        assert_eq!(unit.declarations("b").await.unwrap(), []);
        let last = unit.last_declared(None, Moment::Now).await.unwrap();
        assert_eq!(last, [("a".to_owned(), declaration.at)]);
        let before = Moment::At(declaration.at - 1);
        assert_eq!(unit.last_declared(Some("a"), before).await.unwrap(), []);
        assert_eq!(unit.last_reminded().await.unwrap(), []);
        assert_eq!(unit.claims().await.unwrap(), []);
        let claim = Claim {
            account: "revisora".to_owned(),
            at: NOW,
        };
        unit.put_claim("b", &claim).await.unwrap();
        let claims = unit.claims().await.unwrap();
        assert_eq!(claims, [("b".to_owned(), "revisora".to_owned(), NOW)]);
    });
}

#[test]
fn what_is_not_read_of_one_kind_grows_and_what_was_read_stays() {
    both(async |store| {
        with_bodies(&store).await;
        let clock = Clock::fixed(NOW);
        let one = first(&clock, "a", "1", &[]);
        let mut unit = store.write().await.unwrap();
        add(&mut unit, std::slice::from_ref(&one)).await;
        let notice = |body: &str, device: Option<Uuid>| Notice {
            id: clock.new_id(),
            account: "autrice".to_owned(),
            body: body.to_owned(),
            kind: notice::Kind::Accepted,
            at: clock.now(),
            author: "revisora".to_owned(),
            devices: 1,
            device,
            text: "1".to_owned(),
            read_at: None,
        };
        let own = notice("a", Some(one.device));
        unit.tell(&own).await.unwrap();
        assert_eq!(
            unit.notices("autrice", None, 9).await.unwrap(),
            std::slice::from_ref(&own)
        );
        unit.tell(&notice("a", Some(one.device))).await.unwrap();
        unit.tell(&notice("a", None)).await.unwrap();
        unit.tell(&notice("b", None)).await.unwrap();
        assert_eq!(unit.unread("autrice", None).await.unwrap(), 2);
        let only = ["a".to_owned()];
        assert_eq!(unit.unread("autrice", Some(&only)).await.unwrap(), 1);
        assert_eq!(unit.unread("autrice", Some(&[])).await.unwrap(), 0);
        let told = unit.notices("autrice", Some(&only), 9).await.unwrap();
        assert_eq!((told[0].devices, told[0].device), (2, None));
        let other = unit.mark_read("nessuno", Some(own.id), NOW).await.unwrap();
        let read = unit.mark_read("autrice", Some(own.id), NOW).await.unwrap();
        assert_eq!((other, read), (0, 1));
        unit.tell(&notice("a", None)).await.unwrap();
        let told = unit.notices("autrice", Some(&only), 9).await.unwrap();
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].read_at, Some(NOW));
        assert_eq!(unit.mark_read("autrice", None, NOW).await.unwrap(), 2);
        assert_eq!(unit.officers("a").await.unwrap(), []);
        assert_eq!(unit.reviewers().await.unwrap(), [""; 0]);
        let mut sent_back = notice("a", Some(one.device));
        sent_back.kind = notice::Kind::SentBack;
        unit.tell(&sent_back).await.unwrap();
        unit.settle_sent_back("a", NOW).await.unwrap();
        assert_eq!(unit.unread("autrice", None).await.unwrap(), 1);
        unit.tell(&Notice {
            id: clock.new_id(),
            device: None,
            ..sent_back
        })
        .await
        .unwrap();
        unit.settle_sent_back("b", NOW).await.unwrap();
        assert_eq!(unit.unread("autrice", None).await.unwrap(), 1);
        unit.settle_sent_back("a", NOW).await.unwrap();
        assert_eq!(unit.unread("autrice", None).await.unwrap(), 0);
    });
}

#[test]
fn editions_come_back_the_last_first_and_what_was_said_of_them_as_known_then() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let mut seal = seal();
        let mut unit = store.write().await.unwrap();
        let edition = |kind: editions::Kind, name: &str| Edition {
            id: clock.new_id(),
            kind,
            name: name.to_owned(),
            content: format!("versione = \"{name}\"\n"),
            sha256: Edition::hash(name),
            author: "revisora".to_owned(),
            recorded_at: clock.now(),
        };
        let first = edition(editions::Kind::Criteria, "Primi");
        let second = edition(editions::Kind::Criteria, "Secondi");
        let prices = edition(editions::Kind::Prices, "Primi");
        for one in [&first, &second, &prices] {
            unit.add_edition(one, &mut seal).await.unwrap();
        }
        let criteria = unit.editions(editions::Kind::Criteria).await.unwrap();
        assert_eq!(criteria, [second.clone(), first.clone()]);
        let lots = unit.editions(editions::Kind::Lots).await.unwrap();
        assert_eq!(lots, []);
        assert_eq!(unit.edition(prices.id).await.unwrap(), Some(prices.clone()));
        assert_eq!(unit.edition(Uuid::nil()).await.unwrap(), None);

        let said = [
            (&first, "2026-03-01"),
            (&second, "2026-02-01"),
            (&prices, "2026-01-01"),
        ]
        .map(|(edition, day)| Force {
            id: clock.new_id(),
            edition: edition.id,
            day: day.to_owned(),
            author: "revisora".to_owned(),
            recorded_at: clock.now(),
        });
        for one in &said {
            unit.add_force(one, &mut seal).await.unwrap();
        }
        let now = unit.forces(editions::Kind::Criteria, None).await.unwrap();
        assert_eq!(now, said[..2]);
        let then = Some(said[0].recorded_at);
        let known = unit.forces(editions::Kind::Criteria, then).await.unwrap();
        assert_eq!(known, said[..1]);
        unit.commit().await.unwrap();

        let mut unit = store.write().await.unwrap();
        let again = Edition {
            id: clock.new_id(),
            ..first
        };
        let taken = unit.add_edition(&again, &mut seal).await;
        assert!(matches!(taken, Err(Error::Constraint(name)) if name == "edition_name"));
    });
}

#[test]
fn reference_layers_and_their_features_come_back_as_they_were_written() {
    both(async |store| {
        let clock = Clock::fixed(NOW);
        let layer = ReferenceLayer {
            id: clock.new_id(),
            kind: LayerKind::Fibre,
            name: "Dorsale".to_owned(),
            source: "Chi".to_owned(),
            licence: "CC0".to_owned(),
            dated: "2026-01-01".to_owned(),
            audience: Audience::Bodies,
            crs: "EPSG:3003".to_owned(),
            features: 2,
            extent: [9.0, 45.0, 9.5, 45.5],
            hash: "abc".to_owned(),
            author: "autrice".to_owned(),
            recorded_at: NOW,
        };
        let features = [
            Feature {
                number: 1,
                name: "è".to_owned(),
                shape: geo::Point::new(9.1, 45.1).into(),
            },
            Feature {
                number: 2,
                name: String::new(),
                shape: geo::LineString::from(vec![(9.4, 45.4), (9.5, 45.5)]).into(),
            },
        ];
        let withdrawal = Withdrawal {
            id: clock.new_id(),
            layer: layer.id,
            reason: "Vecchio".to_owned(),
            author: "altra".to_owned(),
            recorded_at: NOW + 1,
        };
        let mut unit = store.write().await.unwrap();
        let mut seal = seal();
        unit.add_reference_layer(&layer, &mut seal).await.unwrap();
        unit.add_reference_features(layer.id, &features)
            .await
            .unwrap();
        unit.add_reference_withdrawal(&withdrawal, &mut seal)
            .await
            .unwrap();
        let there = unit.reference_layers().await.unwrap();
        assert_eq!(there, std::slice::from_ref(&layer));
        assert_eq!(unit.reference_withdrawals().await.unwrap(), [withdrawal]);
        let all = unit.reference_features(layer.id, 0, 9).await.unwrap();
        assert_eq!(all, features);
        let rest = unit.reference_features(layer.id, 1, 9).await.unwrap();
        assert_eq!(rest, features[1..]);
        let area = Rect::new((9.3, 45.3), (9.45, 45.45));
        let found = unit.reference_features_in(layer.id, area).await.unwrap();
        assert_eq!(found, features[1..]);
        let (count, hash) = unit.reference_fingerprint(layer.id).await.unwrap();
        assert_eq!(count, 2);
        // The same on both engines.
        let mut print = Fingerprint::default();
        for feature in &features {
            let (text, extent) = varco::storage::reference_layer::stored(&feature.shape);
            print.add(feature.number, &feature.name, &text, extent);
        }
        assert_eq!(hash, print.finish());
    });
}
