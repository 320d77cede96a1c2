//! Whatever is changed behind the program's back is found and named.

use crate::support::{self, MILANO, both, execute};
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::register::record::Target;
use varco::storage::Store;

/// A register in which every kind of row stands: saved, imported, sent, accepted, sent back, written
/// again, withdrawn, undone.
async fn lived_in(store: Store) -> Register {
    let register = support::register(store).await;
    let officer = support::officer(&register, MILANO).await;
    let reviewer = support::reviewer(&register).await;
    let device = support::device(&register, &officer, MILANO, "VR-01", &[]).await;
    let mut file = String::from("codice;denominazione;lat;lon;funzione;stato\r\n");
    for number in 0..40 {
        file.push_str(&format!(
            "I-{number:02};Ponte;45,46{number:02};9,19;contesto;in_esercizio\r\n"
        ));
    }
    let batch = support::batch(&register, &officer, MILANO, &file).await;
    register.confirm(&officer, batch, true).await.unwrap();
    register.work().await.unwrap();
    register
        .submit(&officer, MILANO, None, "Ecco")
        .await
        .unwrap();
    let looked = register.clock.now();
    register
        .accept_all(&reviewer, MILANO, looked)
        .await
        .unwrap();
    let mut draft = support::draft(MILANO, "VR-01");
    draft.set(Field::Denominazione, "Secondo nome");
    let target = Target::Existing { device, number: 1 };
    let source = varco::census::revision::Source::Form;
    register
        .save(&officer, &draft, target, source)
        .await
        .unwrap();
    register.submit(&officer, MILANO, None, "").await.unwrap();
    let looked = register.clock.now();
    register
        .accept_all(&reviewer, MILANO, looked)
        .await
        .unwrap();
    register
        .say(&reviewer, MILANO, None, "Grazie")
        .await
        .unwrap();
    register
        .set_withdrawn(&officer, device, true)
        .await
        .unwrap();
    register.device(&reviewer, device).await.unwrap();
    register.settle().await.unwrap();
    register
}

#[test]
fn a_register_that_nobody_touched_fits() {
    both(async |store| {
        let register = lived_in(store).await;
        let verified = register.verify().await.unwrap();
        assert_eq!(verified.first, None);
        assert_eq!(verified.others, 0);
        assert!(verified.records > 10 && verified.revisions > 2 && verified.reviews > 3);
        let (number, hash) = verified.last.unwrap();
        assert_eq!(number, verified.records);
        assert_eq!(hash.len(), 64);
    });
}

#[test]
fn the_examples_fit() {
    both(async |store| {
        varco::register::seed::seed(&store).await.unwrap();
        let register = Register::open(store, varco::clock::Clock::System)
            .await
            .unwrap();
        varco::register::example::fill(&register).await.unwrap();
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
fn every_kind_of_tampering_is_named() {
    // What is done, and the words of the sentence that names it.
    const LAST: &str = "(SELECT max(number) FROM journal)";
    let of = |act: &str| format!("(SELECT min(number) FROM journal WHERE act = '{act}')");
    let device = "(SELECT id FROM device WHERE code = 'VR-01')";
    let first = format!("device_id = {device} AND number = 1");
    let second = format!("device_id = {device} AND number = 2");
    let cases: Vec<(String, &[&str])> = vec![
        (
            format!(
                "UPDATE journal SET detail = 'altro' WHERE number = {}",
                of("convalida")
            ),
            &[
                "il record ",
                " del 2 marzo 2026, convalida di validatore.cmm: il suo contenuto",
            ],
        ),
        (
            format!("UPDATE journal SET account = 'altra' WHERE number = {LAST}"),
            &["lettura di dati riservati di altra: il suo contenuto"],
        ),
        (
            format!("DELETE FROM journal WHERE number = {}", of("messaggio")),
            &["il record ", " della storia manca"],
        ),
        (
            format!("DELETE FROM journal WHERE number = {LAST}"),
            &["il record ", " della storia manca"],
        ),
        (
            "UPDATE journal_end SET hash = 'abc'".to_owned(),
            &["la fine della storia"],
        ),
        (
            format!("UPDATE revision SET marca = 'Altra' WHERE {first}"),
            &[
                "la revisione 1 del dispositivo VR-01 di Comune di Milano",
                "il suo contenuto",
            ],
        ),
        (
            format!("UPDATE revision SET lat = lat + 0.000001 WHERE {second}"),
            &["la revisione 2 del dispositivo VR-01", "il suo contenuto"],
        ),
        (
            format!("UPDATE revision SET confirmed = '[' WHERE {first}"),
            &["una revisione non si legge"],
        ),
        (
            format!("UPDATE revision SET hash = 'abc' WHERE {first}"),
            &["VR-01"],
        ),
        (
            format!("UPDATE revision SET entry_id = NULL WHERE {first}"),
            &["il record ", "dispositivo salvato", "non c’è più"],
        ),
        (
            format!("UPDATE revision SET entry_id = device_id WHERE {first}"),
            &["il record ", "dispositivo salvato", "non c’è più"],
        ),
        (
            "DELETE FROM review WHERE kind = 'messaggio' AND author = 'validatore.cmm'".to_owned(),
            &["messaggio di validatore.cmm", "non c’è più"],
        ),
        (
            format!(
                "DELETE FROM review WHERE kind = 'convalida' AND revision_id IN \
                 (SELECT id FROM revision WHERE {second})"
            ),
            &[
                "la revisione 2 del dispositivo VR-01",
                "senza che nessuno l’abbia convalidata",
            ],
        ),
        (
            "UPDATE review SET text = 'Altro' WHERE kind = 'messaggio' \
             AND author = 'validatore.cmm'"
                .to_owned(),
            &["«Messaggio» di validatore.cmm", "il suo contenuto"],
        ),
        (
            format!("UPDATE revision SET accepted_from = accepted_from - 1 WHERE {first}"),
            &["la revisione 1 del dispositivo VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET accepted_to = accepted_to + 1 WHERE {first}"),
            &["la revisione ", "VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET accepted_to = NULL WHERE {first}"),
            &["la revisione 1 del dispositivo VR-01"],
        ),
        (
            format!("UPDATE revision SET accepted = FALSE WHERE {second}"),
            &["la revisione 2 del dispositivo VR-01", "convalidata"],
        ),
        (
            format!("UPDATE revision SET working = FALSE WHERE device_id = {device}"),
            &["la revisione 3 del dispositivo VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET number = 2 WHERE id = {device}"),
            &["VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET number = 4 WHERE id = {device}"),
            &["VR-01", "ultima"],
        ),
        (
            format!("UPDATE device SET code = 'VR-99' WHERE id = {device}"),
            &["VR-01", "codice diversi"],
        ),
    ];
    for (change, says) in &cases {
        both(async |store| {
            let register = lived_in(store.clone()).await;
            execute(&store, change).await;
            let verified = register.verify().await.unwrap();
            let first = verified.first.unwrap_or_default();
            for words in *says {
                assert!(first.contains(words), "{change}\n{first}\nlacks: {words}");
            }
        });
    }
}

#[test]
fn the_first_of_several_is_named_and_the_others_are_counted() {
    both(async |store| {
        let register = lived_in(store.clone()).await;
        execute(&store, "UPDATE revision SET marca = 'Altra'").await;
        let verified = register.verify().await.unwrap();
        let first = verified.first.unwrap();
        assert!(
            first.contains("la revisione 1 del dispositivo VR-01"),
            "{first}"
        );
        assert_eq!(verified.others + 1, verified.revisions);
    });
}
