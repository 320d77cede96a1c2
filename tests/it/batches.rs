//! Staged batches: looked at, mended, confirmed in one piece or not at all, undone.

use crate::support::*;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use uuid::Uuid;
use varco::census::batch::{Fate, State};
use varco::census::filter::Filter;
use varco::census::person::{Grant, Role, Viewer};
use varco::census::revision::Revision;
use varco::census::vocabulary::Field;
use varco::clock::{Clock, SECOND};
use varco::exchange::columns::{Scheme, Swap};
use varco::register::batch::Seen;
use varco::register::staged::Orders;
use varco::register::{self, Register};
use varco::storage::Store;
use varco::storage::batch::Wanted;

/// Keeps a text as a file that somebody sent, for Milano.
async fn stage(register: &Register, viewer: &Viewer, text: &str) -> Uuid {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    stage_file(register, viewer, "telecamere.csv", file).await
}

async fn stage_file(register: &Register, viewer: &Viewer, name: &str, file: File) -> Uuid {
    let orders = Orders {
        body: Some(MILANO.to_owned()),
        ..Orders::default()
    };
    register.stage(viewer, name, &orders, file).await.unwrap()
}

/// Stages a text and does the work.
async fn staged(register: &Register, viewer: &Viewer, text: &str) -> Seen {
    let id = stage(register, viewer, text).await;
    worked(register, viewer, id).await
}

async fn worked(register: &Register, viewer: &Viewer, id: Uuid) -> Seen {
    register.work().await.unwrap();
    register.batch(viewer, id).await.unwrap()
}

async fn confirmed(register: &Register, viewer: &Viewer, id: Uuid, partial: bool) -> Seen {
    register.confirm(viewer, id, partial).await.unwrap();
    worked(register, viewer, id).await
}

async fn count(register: &Register) -> i64 {
    let filter = Filter::working(&Viewer::operator());
    register.count(&filter).await.unwrap()
}

/// The working state of a device of Milano.
async fn state(register: &Register, code: &str) -> Revision {
    let mut unit = register.store.read().await.unwrap();
    let device = unit.device_with_code(MILANO, code).await.unwrap().unwrap();
    unit.working(&[device.id]).await.unwrap().pop().unwrap()
}

fn fates(seen: &Seen) -> [u64; 6] {
    Fate::ALL.map(|fate| seen.summary.of(fate))
}

/// Two good rows, one with exchanged axes, one with a value that the list does not have.
const FOUR: &str = "codice;denominazione;lat;lon;funzione;stato\n\
                    A1;Uno;45.4642;9.1900;contesto;attivo\n\
                    A2;Due;45.4674;9.1895;contesto;attivo\n\
                    A3;Tre;9.1862;45.4653;contesto;attivo\n\
                    A4;Quattro;45.4633;9.1812;contesto;boh\n";

#[test]
fn a_file_is_staged_mended_and_confirmed_and_only_then_in_the_register() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let seen = staged(&register, &officer, FOUR).await;
        let id = seen.batch.id;
        assert_eq!(seen.batch.state, State::Ready);
        assert_eq!(fates(&seen), [2, 0, 2, 0, 0, 0]);
        assert_eq!(count(&register).await, 0);
        let refused = register.confirm(&officer, id, false).await;
        assert!(matches!(refused, Err(register::Error::Invalid(_))));

        let swapped = seen.summary.spoken.iter();
        let swapped = swapped.filter(|one| one.code == "position.swapped");
        assert_eq!(swapped.map(|one| one.certain).collect::<Vec<_>>(), [1]);
        let taken = register
            .accept(&officer, id, "position.swapped")
            .await
            .unwrap();
        assert_eq!(taken, 1);
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [1, 0, 3, 0, 0, 0]);

        let odd = &seen.summary.odd;
        assert_eq!(
            (odd[0].field.as_str(), odd[0].value.as_str()),
            ("stato", "boh")
        );
        let change = |orders: &mut Orders| {
            orders.scheme.values.push(Swap {
                field: "stato".to_owned(),
                from: "boh".to_owned(),
                to: "guasto".to_owned(),
            });
            Ok(())
        };
        register.reorder(&officer, id, change).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [0, 0, 4, 0, 0, 0]);
        assert_eq!(count(&register).await, 0);

        let seen = confirmed(&register, &officer, id, false).await;
        assert_eq!(seen.batch.state, State::Confirmed);
        assert_eq!(count(&register).await, 4);
        let third = state(&register, "A3").await;
        assert_eq!(third.provenance.text, "9.1862 45.4653");
        assert_eq!(third.provenance.operation, "swap");
        assert_eq!(third.batch, Some(id));
        assert_eq!(third.author, officer.account);
        assert_eq!(
            state(&register, "A4").await.record.text(Field::Stato),
            "guasto"
        );
        let again = register.confirm(&officer, id, false).await;
        assert!(matches!(again, Err(register::Error::Invalid(_))));

        // What was said of the values is remembered of the body.
        let next = staged(&register, &officer, FOUR).await;
        assert_eq!(fates(&next), [1, 0, 0, 0, 3, 0]);
    });
}

#[test]
fn a_row_is_mended_in_place_left_out_and_judged_again_with_the_others() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let text = "codice;lat;lon;funzione;stato\n\
                    A1;45.4642;9.1900;contesto;attivo\n\
                    A1;45.4674;9.1895;contesto;attivo\n\
                    A2;45.4653;9.1862;contesto;boh\n";
        let seen = staged(&register, &officer, text).await;
        let id = seen.batch.id;
        assert_eq!(fates(&seen), [2, 0, 1, 0, 0, 0]);
        let row = register.batch_row(&officer, id, 2).await.unwrap();
        assert_eq!(row.judgement.findings[0].code, "code.repeated");
        // The first row gets another code; the second, which nobody touched, is good.
        let rename = |edits: &mut register::judge::Edits, _: &_| {
            edits.set("codice", "A9");
            Ok(())
        };
        register.edit_row(&officer, id, 1, rename).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [1, 0, 2, 0, 0, 0]);
        let leave = |edits: &mut register::judge::Edits, _: &_| {
            edits.left_out = true;
            Ok(())
        };
        register.edit_row(&officer, id, 3, leave).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [0, 0, 2, 0, 0, 1]);
        let seen = confirmed(&register, &officer, id, false).await;
        assert_eq!(seen.batch.state, State::Confirmed);
        assert_eq!(count(&register).await, 2);
        let only = Wanted {
            fate: Some(Fate::LeftOut),
            ..Wanted::default()
        };
        let left = register
            .batch_rows(&officer, id, &only, 0, 10)
            .await
            .unwrap();
        assert_eq!(left.len(), 1);
    });
}

#[test]
fn a_column_is_corrected_and_remembered_for_the_body() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let text = "targhetta;lat;lon;funzione;stato;colore\n\
                    A1;45.4642;9.1900;contesto;attivo;Dahua X\n";
        let seen = staged(&register, &officer, text).await;
        let id = seen.batch.id;
        let change = |orders: &mut Orders| {
            let columns = &mut orders.scheme.columns;
            columns.insert("targhetta".to_owned(), "codice".to_owned());
            columns.insert("colore".to_owned(), "modello".to_owned());
            orders
                .scheme
                .constants
                .insert("installazione".to_owned(), "fissa".to_owned());
            Ok(())
        };
        register.reorder(&officer, id, change).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [0, 0, 1, 0, 0, 0]);
        confirmed(&register, &officer, id, false).await;
        let record = state(&register, "A1").await.record;
        assert_eq!(record.text(Field::Modello), "Dahua X");
        assert_eq!(record.text(Field::Installazione), "fissa");
        let mut unit = register.store.read().await.unwrap();
        let kept = unit.scheme(MILANO).await.unwrap().unwrap();
        let kept: Scheme = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept.columns["colore"], "modello");
        let next = staged(&register, &officer, &text.replace("A1", "A2")).await;
        assert_eq!(fates(&next), [0, 0, 1, 0, 0, 0]);
    });
}

#[test]
fn what_somebody_changed_meanwhile_is_a_conflict_until_the_file_is_preferred() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let first = staged(&register, &officer, FOUR).await;
        confirmed(&register, &officer, first.batch.id, true).await;
        let text = "codice;denominazione\nA1;Dal file\nA2;Dal file\n";
        let seen = staged(&register, &officer, text).await;
        let id = seen.batch.id;
        assert_eq!(fates(&seen), [0, 0, 0, 2, 0, 0]);
        rename(&register, &officer, "A1", "Dal modulo").await;
        register.confirm(&officer, id, false).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(seen.batch.state, State::Ready);
        assert!(
            seen.batch.problem.contains("è cambiato"),
            "{}",
            seen.batch.problem
        );
        assert_eq!(fates(&seen), [0, 1, 0, 1, 0, 0]);
        let name = |revision: Revision| revision.record.text(Field::Denominazione).to_owned();
        assert_eq!(name(state(&register, "A2").await), "Due");
        register.prefer_file(&officer, id, 1).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [0, 0, 0, 2, 0, 0]);
        confirmed(&register, &officer, id, false).await;
        assert_eq!(name(state(&register, "A1").await), "Dal file");
    });
}

#[test]
fn a_row_made_from_an_older_revision_is_a_conflict() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let first = staged(&register, &officer, FOUR).await;
        confirmed(&register, &officer, first.batch.id, true).await;
        rename(&register, &officer, "A1", "Dal modulo").await;
        let text = "codice;denominazione;revisione\nA1;Dal file;1\nA2;Dal file;1\n";
        let seen = staged(&register, &officer, text).await;
        assert_eq!(fates(&seen), [0, 1, 0, 1, 0, 0]);
    });
}

/// Gives a device of Milano another name, as the form does.
async fn rename(register: &Register, viewer: &Viewer, code: &str, name: &str) {
    use varco::census::revision::Source;
    use varco::register::record::{Target, draft_of};
    let present = state(register, code).await;
    let mut draft = draft_of(&present);
    draft.set(Field::Denominazione, name);
    let target = Target::Existing {
        device: present.device,
        number: present.number,
    };
    register
        .save(viewer, &draft, target, Source::Form)
        .await
        .unwrap();
}

#[test]
fn a_batch_is_undone_but_for_what_was_changed_since_and_history_stays() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        device(&register, &officer, MILANO, "A1", &[]).await;
        let text = "codice;denominazione;lat;lon;funzione;stato\n\
                    A1;Dal file;;;;\n\
                    A2;Due;45.4674;9.1895;contesto;attivo\n\
                    A3;Tre;45.4653;9.1862;contesto;attivo\n";
        let seen = staged(&register, &officer, text).await;
        let id = seen.batch.id;
        confirmed(&register, &officer, id, false).await;
        rename(&register, &officer, "A3", "Dal modulo").await;
        let (back, kept, named) = register.undo_would(&officer, id).await.unwrap();
        assert_eq!((back, kept), (2, 1));
        assert_eq!(named[0].codice, "A3");
        let undoing = register.undo(&officer, id).await.unwrap();
        let first = state(&register, "A1").await;
        assert_eq!(first.record.text(Field::Denominazione), "Varco di prova");
        assert_eq!(
            (first.number, first.withdrawn, first.batch),
            (3, false, Some(undoing))
        );
        assert!(state(&register, "A2").await.withdrawn);
        let third = state(&register, "A3").await;
        assert_eq!(third.record.text(Field::Denominazione), "Dal modulo");
        assert!(!third.withdrawn);
        let seen = register.batch(&officer, id).await.unwrap();
        assert_eq!(seen.batch.state, State::Undone);
        assert_eq!(seen.undone_by.unwrap().id, undoing);
        let twice = register.undo(&officer, id).await;
        assert!(matches!(twice, Err(register::Error::Invalid(_))));
    });
}

#[test]
fn nobody_sees_or_confirms_the_batch_of_another_body_and_a_role_taken_away_counts_at_once() {
    both(async |store| {
        let register = register(store).await;
        let milano = officer(&register, MILANO).await;
        let rho = officer(&register, RHO).await;
        let reviewer = reviewer(&register).await;
        let seen = staged(&register, &milano, FOUR).await;
        let id = seen.batch.id;
        let hidden = register.batch(&rho, id).await;
        assert!(matches!(hidden, Err(register::Error::NotFound(_))));
        assert!(register.batches(&rho).await.unwrap().is_empty());
        assert_eq!(register.batches(&reviewer).await.unwrap().len(), 1);
        for other in [&rho, &reviewer] {
            assert!(register.confirm(other, id, true).await.is_err());
            assert!(
                register
                    .accept(other, id, "position.swapped")
                    .await
                    .is_err()
            );
            assert!(register.abandon(other, id).await.is_err());
            assert!(register.undo(other, id).await.is_err());
        }
        register.confirm(&milano, id, true).await.unwrap();
        let grant = Grant {
            role: Role::Compilatore,
            body: MILANO.to_owned(),
        };
        let mut unit = register.store.write().await.unwrap();
        unit.revoke(milano.id.unwrap(), &grant).await.unwrap();
        unit.commit().await.unwrap();
        register.work().await.unwrap();
        assert_eq!(count(&register).await, 0);
    });
}

#[test]
fn a_batch_that_is_given_up_leaves_nothing_and_a_file_that_cannot_be_read_says_why() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let seen = staged(&register, &officer, FOUR).await;
        register.abandon(&officer, seen.batch.id).await.unwrap();
        let seen = register.batch(&officer, seen.batch.id).await.unwrap();
        assert_eq!(seen.batch.state, State::Abandoned);
        let mut unit = register.store.read().await.unwrap();
        let all = Wanted::default();
        let rows = unit.count_batch_rows(seen.batch.id, &all).await.unwrap();
        assert_eq!(rows, 0);
        drop(unit);
        let pdf = staged(&register, &officer, "%PDF-1.4 non è un foglio").await;
        assert_eq!(pdf.batch.state, State::Failed);
        assert!(pdf.batch.problem.contains("PDF"), "{}", pdf.batch.problem);
    });
}

#[test]
fn a_work_cut_short_is_done_again_from_its_beginning() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let id = stage(&register, &officer, FOUR).await;
        // Somebody began and read two rows, then was heard of no more.
        let seen = staged(&register, &officer, FOUR).await;
        let mut unit = register.store.write().await.unwrap();
        let rows = unit
            .batch_rows(seen.batch.id, &Wanted::default(), 0, 2)
            .await
            .unwrap();
        let mut batch = unit.batch(id).await.unwrap().unwrap();
        unit.drop_batch_rows(id).await.unwrap();
        unit.add_batch_rows(id, rows).await.unwrap();
        batch.state = State::Reading;
        batch.beat_at = register.clock.now() - 5 * SECOND;
        unit.put_batch(&batch).await.unwrap();
        unit.commit().await.unwrap();
        assert!(!register.work_once().await.unwrap());
        let later = Register::open(register.store.clone(), Clock::fixed(NOW + 3_600 * SECOND));
        let later = later.await.unwrap();
        let seen = worked(&later, &officer, id).await;
        assert_eq!(seen.batch.state, State::Ready);
        assert_eq!(seen.summary.rows, 4);
    });
}

/// A file of so many good rows whose codes begin like this.
fn many(prefix: &str, rows: u32) -> String {
    let mut text = "codice;lat;lon;funzione;stato\n".to_owned();
    for row in 0..rows {
        let lat = 45.44 + f64::from(row % 60) * 0.0006;
        let lon = 9.15 + f64::from(row / 60) * 0.001;
        writeln!(text, "{prefix}-{row};{lat:.6};{lon:.6};contesto;attivo").unwrap();
    }
    text
}

/// How many rows the file has whose confirmation is killed.
const ROWS: u32 = 400;

/// Runs a server on this database until it has confirmed the batch, or for so long; then kills it.
async fn serve_and_kill(url: &str, store: &Store, id: Uuid, at_most: Duration) -> Duration {
    let began = Instant::now();
    let mut server = Command::new(env!("CARGO_BIN_EXE_varco"))
        .args(["serve", "--listen", "127.0.0.1:0", "--database", url])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    while began.elapsed() < at_most {
        looks.tick().await;
        let batch = store
            .read()
            .await
            .unwrap()
            .batch(id)
            .await
            .unwrap()
            .unwrap();
        if at_most > Duration::from_secs(10) && batch.state == State::Confirmed {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    began.elapsed()
}

#[test]
fn a_server_killed_at_any_moment_of_a_confirmation_has_stored_all_or_nothing_and_says_which() {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        let register = register(store.clone()).await;
        // A clock that runs, and is ahead: what a killed server had begun is nobody's.
        let ahead = async || {
            let now = Clock::System.now() + 60 * SECOND;
            Register::open(store.clone(), Clock::fixed(now))
                .await
                .unwrap()
        };
        let officer = officer(&register, MILANO).await;
        let mut whole = Duration::from_mins(1);
        let mut random = fastrand::Rng::with_seed(20);
        let (mut before, mut after) = (0, 0);
        for round in 0..=20_u32 {
            let all = i64::from(round * ROWS);
            assert_eq!(count(&register).await, all);
            let seen = staged(&register, &officer, &many(&format!("K{round}"), ROWS)).await;
            let id = seen.batch.id;
            register.confirm(&officer, id, false).await.unwrap();
            if round == 0 {
                whole = serve_and_kill(&url, &store, id, whole).await;
            } else {
                let moment = whole.mul_f64(random.f64() * 1.2);
                serve_and_kill(&url, &store, id, moment).await;
            }
            let state = register.batch(&officer, id).await.unwrap().batch.state;
            let stored = count(&register).await - all;
            match state {
                State::Confirmed => {
                    after += 1;
                    assert_eq!(stored, i64::from(ROWS), "round {round}");
                }
                State::Confirming => {
                    before += 1;
                    assert_eq!(stored, 0, "round {round}");
                    let seen = worked(&ahead().await, &officer, id).await;
                    assert_eq!(seen.batch.state, State::Confirmed, "round {round}");
                }
                other => panic!("round {round} ended as {other:?}"),
            }
        }
        assert!(before > 0 && after > 0, "{before} before, {after} after");
        store.close().await;
    });
}

#[test]
fn an_import_by_command_that_was_killed_is_told_at_the_next() {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        let register = register(store.clone()).await;
        let operator = Viewer::operator();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("telecamere.csv");
        std::fs::write(&file, many("C", 5_000)).unwrap();
        let import = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_varco"));
            command
                .args(["import", "--body", MILANO, "--database", &url])
                .arg(&file)
                .stdout(Stdio::null());
            command
        };
        let mut program = import().spawn().unwrap();
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while register.batches(&operator).await.unwrap().is_empty() {
            looks.tick().await;
        }
        program.kill().unwrap();
        program.wait().unwrap();
        assert_eq!(count(&register).await, 0);
        let done = import().arg("--dry-run").status().unwrap();
        assert!(done.success());
        let all = register.batches(&operator).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].batch.state, State::Failed);
        assert!(all[0].batch.problem.contains("nulla è stato importato"));
        let done = import().status().unwrap();
        assert!(done.success());
        let all = register.batches(&operator).await.unwrap();
        assert_eq!(all[0].batch.state, State::Confirmed);
        assert_eq!(all[0].summary.of(Fate::New), 5_000);
        assert_eq!(count(&register).await, 5_000);
        store.close().await;
    });
}

#[test]
fn what_is_never_recorded_is_not_kept_in_a_staged_file_either() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let text = "codice;lat;lon;funzione;stato;note;IP\n\
                    A1;45.4642;9.1900;contesto;attivo;;192.168.10.21\n\
                    A2;45.4674;9.1895;contesto;attivo;rtsp://admin:segreta@10.0.0.7/live;\n";
        let seen = staged(&register, &officer, text).await;
        let id = seen.batch.id;
        assert_eq!(fates(&seen), [1, 0, 1, 0, 0, 0]);
        let type_it = |edits: &mut register::judge::Edits, _: &_| {
            edits.set("note", "password: segreta");
            Ok(())
        };
        register.edit_row(&officer, id, 1, type_it).await.unwrap();
        let seen = worked(&register, &officer, id).await;
        assert_eq!(fates(&seen), [2, 0, 0, 0, 0, 0]);
        let mut unit = register.store.read().await.unwrap();
        assert_eq!(unit.batch_part(id, 0).await.unwrap(), None);
        let batch = unit.batch(id).await.unwrap().unwrap();
        let mut kept = format!("{}{}", batch.request, batch.summary);
        for row in unit.batch_rows(id, &Wanted::default(), 0, 9).await.unwrap() {
            kept.push_str(&row.cells);
            kept.push_str(&row.edits);
            kept.push_str(&row.judgement);
        }
        drop(unit);
        for secret in ["192.168", "segreta", "10.0.0.7"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        // What was taken out is still an error, and the file cannot be read in another way.
        let change = |orders: &mut Orders| {
            orders.choices.separator = Some(',');
            Ok(())
        };
        let refused = register.reorder(&officer, id, change).await;
        assert!(
            matches!(refused, Err(register::Error::Invalid(message)) if message.contains("non l’abbiamo tenuto"))
        );
    });
}

#[test]
fn only_what_was_looked_at_is_stored_whoever_confirms() {
    both(async |store| {
        let register = register(store).await;
        let milano = officer(&register, MILANO).await;
        let rho = officer(&register, RHO).await;
        let grants = [MILANO, RHO].map(|body| Grant {
            role: Role::Compilatore,
            body: body.to_owned(),
        });
        let id = register
            .add_person(
                &Viewer::operator(),
                "tutti",
                "Di tutti e due",
                PASSWORD,
                &grants,
            )
            .await
            .unwrap();
        let wide = Viewer::person(
            id,
            "tutti".to_owned(),
            "Di tutti e due".to_owned(),
            grants.to_vec(),
        );
        device(&register, &milano, MILANO, "A1", &[]).await;
        let text = format!(
            "codice;ente;denominazione;lat;lon;funzione;stato\n\
             A1;{MILANO};Manomesso;45.4642;9.1900;contesto;attivo\n\
             R1;{RHO};Buona;45.5302;9.0402;contesto;attivo\n"
        );
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let orders = Orders {
            body: Some(RHO.to_owned()),
            ..Orders::default()
        };
        let id = register.stage(&rho, "x.csv", &orders, file).await.unwrap();
        let seen = worked(&register, &wide, id).await;
        assert_eq!(fates(&seen), [1, 0, 1, 0, 0, 0]);
        let seen = confirmed(&register, &wide, id, true).await;
        assert_eq!(seen.batch.state, State::Ready);
        assert!(seen.batch.problem.contains("nulla è stato importato"));
        assert_eq!(state(&register, "A1").await.number, 1);
        let seen = confirmed(&register, &rho, id, true).await;
        assert_eq!(seen.batch.state, State::Confirmed);
        assert_eq!(state(&register, "A1").await.number, 1);
        assert_eq!(count(&register).await, 2);
    });
}

#[test]
fn a_row_shown_as_new_or_unchanged_never_does_anything_else() {
    both(async |store| {
        let register = register(store).await;
        let officer = officer(&register, MILANO).await;
        let new = staged(&register, &officer, FOUR).await;
        let twice = staged(&register, &officer, &FOUR.replace("Uno", "Un altro")).await;
        confirmed(&register, &officer, new.batch.id, true).await;
        let seen = confirmed(&register, &officer, twice.batch.id, true).await;
        assert_eq!(seen.batch.state, State::Ready);
        assert_eq!(fates(&seen), [2, 1, 0, 0, 1, 0]);
        assert_eq!(state(&register, "A1").await.number, 1);

        let text = "codice;denominazione\nA1;Uno\nA2;Altro nome\n";
        let seen = staged(&register, &officer, text).await;
        assert_eq!(fates(&seen), [0, 0, 0, 1, 1, 0]);
        let gone = state(&register, "A1").await.device;
        register.set_withdrawn(&officer, gone, true).await.unwrap();
        let seen = confirmed(&register, &officer, seen.batch.id, false).await;
        assert_eq!(seen.batch.state, State::Ready);
        assert_eq!(fates(&seen), [0, 1, 0, 1, 0, 0]);
        assert!(state(&register, "A1").await.withdrawn);
    });
}

#[test]
fn what_the_register_has_of_another_bodys_device_is_not_shown_through_a_batch() {
    both(async |store| {
        let register = register(store).await;
        let grants = [MILANO, RHO].map(|body| Grant {
            role: Role::Compilatore,
            body: body.to_owned(),
        });
        let id = register
            .add_person(
                &Viewer::operator(),
                "tutti",
                "Di tutti e due",
                PASSWORD,
                &grants,
            )
            .await
            .unwrap();
        let wide = Viewer::person(id, "tutti".to_owned(), "Tutti".to_owned(), grants.to_vec());
        let rho = officer(&register, RHO).await;
        let note = [(Field::Note, "dietro la caserma")];
        device(&register, &wide, MILANO, "A1", &note).await;
        let text = format!("codice;ente;note\nA1;{MILANO};altro\n");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let orders = Orders {
            body: Some(RHO.to_owned()),
            ..Orders::default()
        };
        let id = register.stage(&wide, "x.csv", &orders, file).await.unwrap();
        worked(&register, &wide, id).await;
        let own = register.batch_row(&wide, id, 1).await.unwrap();
        assert_eq!(own.judgement.changes[0].before, "dietro la caserma");
        let other = register.batch_row(&rho, id, 1).await.unwrap();
        assert!(other.judgement.changes.is_empty());
    });
}
