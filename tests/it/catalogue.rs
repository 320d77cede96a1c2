//! The catalogues of software and of makes and models: who records, what is known at an instant,
//! what a merge does, and that nothing proposed reaches another body.

use crate::support::{self, Browser, MILANO, PDF, RHO, attachment, both};
use axum::http::StatusCode;
use varco::census::catalogue::{FACTS, Standing, TypedModel, TypedProduct, TypedStated};
use varco::census::finding::{Code, Proposal};
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::catalogue::Wanted;
use varco::register::{Error, Register, seed};

fn product(name: &str) -> TypedProduct {
    TypedProduct {
        name: name.to_owned(),
        producer: "Chi lo fa".to_owned(),
        kind: "vms".to_owned(),
        ..TypedProduct::default()
    }
}

fn standing(code: &str) -> TypedStated {
    TypedStated {
        standing: code.to_owned(),
        source: "un verbale".to_owned(),
        grade: "A".to_owned(),
        date: "2026-02-01".to_owned(),
        ..TypedStated::default()
    }
}

fn model() -> TypedModel {
    TypedModel {
        make: "Tattile".to_owned(),
        model: "Vega".to_owned(),
        facts: FACTS.map(|field| match field {
            Field::Forma => "bullet".to_owned(),
            Field::Ocr => "a_bordo".to_owned(),
            Field::RisoluzioneMp => "5,5".to_owned(),
            _ => String::new(),
        }),
        reading: "si".to_owned(),
        reading_class: "UNI 10772, classe A".to_owned(),
        source: "scheda tecnica".to_owned(),
        grade: "C".to_owned(),
        ..TypedModel::default()
    }
}

async fn with_entry(register: &Register, viewer: &Viewer, name: &str) {
    let outcome = register.record_product(viewer, "", &product(name)).await;
    outcome.unwrap().unwrap();
}

#[test]
fn what_is_known_of_a_program_at_an_instant_is_what_was_recorded_until_then() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let before = register.clock.now();
        with_entry(&register, &reviewer, "Uno").await;
        let file = attachment("verbale.pdf", PDF);
        let stated = standing("attestato");
        let outcome = register
            .record_standing(&reviewer, "Uno", &stated, Some(file))
            .await;
        outcome.unwrap().unwrap();
        let then = register.product(&reviewer, "Uno").await.unwrap();
        let attested = then.known.unwrap().present().unwrap().clone();
        assert_eq!(then.documents.len(), 1);
        let later = standing("in_esercizio");
        let outcome = register
            .record_standing(&reviewer, "Uno", &later, None)
            .await;
        outcome.unwrap().unwrap();

        let mut unit = register.store.read().await.unwrap();
        let now = unit.products(None).await.unwrap();
        assert_eq!(now.named("Uno").unwrap().standing(), Standing::InService);
        let at = unit.products(Some(attested.recorded_at)).await.unwrap();
        assert_eq!(at.named("Uno").unwrap().present(), Some(&attested));
        let at = unit.products(Some(before)).await.unwrap();
        assert!(at.named("Uno").is_none());
        drop(unit);
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
fn a_proposed_name_means_an_entry_until_the_merge_is_taken_back() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let officer = support::officer(&register, MILANO).await;
        let device = support::device(&register, &officer, MILANO, "A", &[]).await;
        with_entry(&register, &reviewer, "Programma Vero").await;
        let queue = register.proposals(&reviewer).await.unwrap();
        let [row] = queue.rows.as_slice() else {
            panic!("{queue:?}");
        };
        assert_eq!((row.name.as_str(), row.used.devices), ("Programma", 1));

        let merged = register.merge_product(&reviewer, "Programma", "Altro", "");
        assert_eq!(merged.await.unwrap().unwrap_err()[0].field, "voce");
        let merged = register.merge_product(&reviewer, "Programma", "Programma Vero", "è lui");
        merged.await.unwrap().unwrap();
        let seen = register.product(&officer, "Programma Vero").await.unwrap();
        assert_eq!((seen.places.len(), seen.places[0].devices), (1, 1));
        assert_eq!(seen.places[0].name, "Programma");
        // The device keeps what it states.
        let revision = register.device(&officer, device).await.unwrap().revision;
        assert_eq!(revision.record.text(Field::Software), "Programma");
        // A name that means an entry cannot become one.
        let own = product("Programma");
        let entry = register.record_product(&reviewer, "Programma", &own);
        assert_eq!(entry.await.unwrap().unwrap_err()[0].field, "nome");

        let taken = register.separate_product(&reviewer, "Programma", "").await;
        taken.unwrap().unwrap();
        let again = register.separate_product(&reviewer, "Programma", "").await;
        assert!(matches!(again, Err(Error::Invalid(_))));
        let seen = register.product(&officer, "Programma Vero").await.unwrap();
        assert!(seen.places.is_empty());
        let entry = register.record_product(&reviewer, "Programma", &own);
        entry.await.unwrap().unwrap();
        assert!(register.proposals(&reviewer).await.unwrap().rows.is_empty());
        let offered = register.catalogue().await.unwrap().software;
        assert_eq!(offered, ["Programma", "Programma Vero"]);
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
fn reviewers_and_administrators_record_and_nobody_else() {
    both(async |store| {
        let register = support::register(store).await;
        let administrator = support::administrator(&register).await;
        let reviewer = support::reviewer(&register).await;
        with_entry(&register, &administrator, "Uno").await;
        with_entry(&register, &reviewer, "Due").await;
        for viewer in [
            support::officer(&register, MILANO).await,
            support::observer(&register).await,
        ] {
            let refused = [
                register.record_product(&viewer, "", &product("Tre")).await,
                register
                    .record_standing(&viewer, "Uno", &standing("assente"), None)
                    .await,
                register.merge_product(&viewer, "Tre", "Uno", "").await,
                register.separate_product(&viewer, "Tre", "").await,
                register.record_model(&viewer, &model()).await,
            ];
            for outcome in refused {
                assert!(matches!(outcome, Err(Error::Forbidden(_))), "{outcome:?}");
            }
            // Everybody reads.
            let seen = register.product(&viewer, "Uno").await.unwrap();
            assert!(seen.known.is_some() && !seen.records);
        }
        // No second entry in another spelling, and a name does not change.
        let same = register
            .record_product(&reviewer, "", &product("UNO"))
            .await;
        assert_eq!(same.unwrap().unwrap_err()[0].field, "nome");
        let other = register
            .record_product(&reviewer, "Uno", &product("Quattro"))
            .await;
        assert_eq!(other.unwrap().unwrap_err()[0].field, "nome");
    });
}

#[test]
fn a_proposed_name_reaches_no_other_body() {
    const SECRET: &str = "Programma Occultissimo";
    both(async |store| {
        let register = support::register(store).await;
        let owner = support::officer(&register, MILANO).await;
        let stranger = support::officer(&register, RHO).await;
        let reviewer = support::reviewer(&register).await;
        let fields = [(Field::Software, SECRET), (Field::Marca, "Marcocculta")];
        support::device(&register, &owner, MILANO, "A", &fields).await;
        with_entry(&register, &reviewer, "Uno").await;
        let app = support::app(&register);
        let pages = [
            "/software".to_owned(),
            "/software?cerca=occult".to_owned(),
            "/software/voce?nome=Uno".to_owned(),
            "/modelli".to_owned(),
            "/dispositivi/nuovo".to_owned(),
            "/storia".to_owned(),
        ];
        let own = format!("/software/voce?nome={}", SECRET.replace(' ', "+"));
        for merged in [false, true] {
            if merged {
                let outcome = register.merge_product(&reviewer, SECRET, "Uno", "").await;
                outcome.unwrap().unwrap();
            }
            let mut browser = Browser::of(&app, &stranger).await;
            for page in &pages {
                let answer = browser.get(page).await;
                assert_eq!(answer.status, StatusCode::OK, "{page}");
                let text = answer.text().to_lowercase();
                assert!(!text.contains("occultissimo"), "{page}: {text}");
                assert!(!text.contains("marcocculta"), "{page}: {text}");
            }
            // It is answered like what does not exist.
            let mut answers = Vec::new();
            for page in [&own, "/software/voce?nome=Mai+sentito"] {
                let answer = browser.get(page).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND);
                let id = answer.header("x-request-id").to_owned();
                answers.push(answer.text().replace(&id, ""));
            }
            assert_eq!(answers[0], answers[1]);
            let queue = browser.get("/software/proposte").await;
            assert_eq!(queue.status, StatusCode::FORBIDDEN);
        }
        let mut browser = Browser::of(&app, &owner).await;
        assert!(
            browser
                .get("/software")
                .await
                .text()
                .contains("class=\"varco-badge")
        );
        assert_eq!(browser.get(&own).await.status, StatusCode::OK);
        let mut browser = Browser::of(&app, &reviewer).await;
        let queue = browser.get("/software/proposte").await.text();
        assert!(queue.contains(SECRET), "{queue}");
    });
}

#[test]
fn seeds_are_sown_once_and_leave_what_somebody_changed() {
    both(async |store| {
        let clock = Clock::fixed(support::NOW);
        let first = seed::seed(&store, &clock).await.unwrap();
        let register = Register::open(store.clone(), clock.clone()).await.unwrap();
        let operator = Viewer::operator();
        let claimed = register.product(&operator, "Targa System").await.unwrap();
        let claimed = claimed.known.unwrap().present().unwrap().clone();
        assert_eq!(claimed.standing, Standing::Claimed);
        assert_eq!(claimed.grade, "C");
        assert!(claimed.source.contains("targasystem.com/scntt"));
        let found = register.find_products(&operator, &Wanted::default()).await;
        let rows = found.unwrap().rows;
        assert_eq!(rows.len(), first.software);
        let known = rows.iter().filter(|row| row.standing != Standing::Unknown);
        assert_eq!(known.count(), 1, "only what a source says is claimed");

        let mut changed = product("Selea");
        changed.producer = "Corretto a mano".to_owned();
        let outcome = register.record_product(&operator, "Selea", &changed).await;
        outcome.unwrap().unwrap();
        let before = support::contents(&store).await;
        let second = seed::seed(&store, &clock).await.unwrap();
        assert_eq!(second.software, first.software);
        assert_eq!(before, support::contents(&store).await);
        let seen = register.product(&operator, "Selea").await.unwrap();
        assert_eq!(seen.known.unwrap().product().producer, "Corretto a mano");
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
fn what_the_catalogue_knows_of_a_model_is_proposed_and_fills_nothing() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let officer = support::officer(&register, MILANO).await;
        register
            .record_model(&reviewer, &model())
            .await
            .unwrap()
            .unwrap();
        let proposed = async |fields: &[(Field, &str)]| {
            let mut draft = support::draft(MILANO, "A");
            draft.set(Field::Marca, "TATTILE");
            draft.set(Field::Modello, "vega");
            for (field, value) in fields {
                draft.set(*field, *value);
            }
            let (checked, _) = register.check(&officer, &draft, None).await.unwrap();
            let own = checked.findings.into_iter();
            own.filter(|one| one.code == Code::ModelKnownFact)
                .map(|one| (one.field.unwrap(), one.proposals))
                .collect::<Vec<_>>()
        };
        let value = |field: Field, value: &str| {
            let proposal = Proposal::Value {
                field: field.name(),
                value: value.to_owned(),
            };
            (field, vec![proposal])
        };
        // The draft says that plates are read on board.
        let all = [
            value(Field::Forma, "bullet"),
            value(Field::RisoluzioneMp, "5,5"),
        ];
        assert_eq!(proposed(&[]).await, all);
        let stated = [(Field::Forma, "dome_fissa"), (Field::RisoluzioneMp, "2")];
        assert_eq!(proposed(&stated).await, []);
        let unknown = [
            (Field::Forma, "non_noto"),
            (Field::RisoluzioneMp, "2"),
            (Field::Ocr, ""),
        ];
        let asked = [value(Field::Forma, "bullet"), value(Field::Ocr, "a_bordo")];
        assert_eq!(proposed(&unknown).await, asked);
        // Of what is no reader it is not asked where plates are read.
        let context = [(Field::Funzione, "contesto"), (Field::Ocr, "")];
        assert_eq!(proposed(&context).await.len(), 2);

        let device = support::device(
            &register,
            &officer,
            MILANO,
            "B",
            &[(Field::Marca, "Tattile"), (Field::Modello, "Vega")],
        )
        .await;
        let seen = register.device(&officer, device).await.unwrap();
        assert_eq!(seen.revision.record.text(Field::Forma), "");
        let seen = register.model(&officer, "tattile", "VEGA").await.unwrap();
        assert_eq!((seen.known.len(), seen.places.len()), (1, 1));
    });
}

#[test]
fn a_proposal_of_the_catalogue_is_taken_with_one_click() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let officer = support::officer(&register, MILANO).await;
        register
            .record_model(&reviewer, &model())
            .await
            .unwrap()
            .unwrap();
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        browser.get("/dispositivi/nuovo").await;
        let mut draft = support::draft(MILANO, "A");
        draft.set(Field::Marca, "Tattile");
        draft.set(Field::Modello, "Vega");
        let mut fields: Vec<(&str, &str)> = Field::ALL
            .iter()
            .map(|field| (field.name(), draft.get(*field)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let page = browser.post("/dispositivi/controlla", &fields).await.text();
        assert!(page.contains("secondo il catalogo dei modelli"), "{page}");
        let (_, rest) = page.split_once("name=\"apply\" value=\"").unwrap();
        let mark = rest.split('"').next().unwrap().to_owned();
        fields.push(("apply", &mark));
        let page = browser.post("/dispositivi/nuovo", &fields).await.text();
        assert!(
            page.contains("<option value=\"bullet\" selected>"),
            "{page}"
        );
    });
}

#[test]
fn a_refused_form_keeps_what_was_typed() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let officer = support::officer(&register, MILANO).await;
        support::device(&register, &officer, MILANO, "A", &[]).await;
        with_entry(&register, &reviewer, "Uno & due/tre").await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;

        browser.get("/software/modifica").await;
        let fields = [
            ("voce", ""),
            ("nome", "Quattro"),
            ("produttore", "rtsp://admin:admin@10.0.0.1/"),
            ("tipo", ""),
            ("nota", "una nota tenuta"),
        ];
        let answer = browser.post("/software/modifica", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("una nota tenuta") && page.contains("value=\"Quattro\""));
        assert!(page.contains("f-produttore-errore") && page.contains("f-tipo-errore"));

        let token = browser.csrf.clone().unwrap();
        let fields = [
            ("_csrf", token.as_str()),
            ("nome", "Uno & due/tre"),
            ("stato", "collaudato"),
            ("fonte", "verbale tenuto"),
        ];
        let file = ("documento", "verbale.pdf", PDF);
        let answer = browser.upload("/software/scntt", &fields, file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(
            page.contains("verbale tenuto") && page.contains("f-grado-errore"),
            "{page}"
        );
        assert!(page.contains("sceglietelo di nuovo"), "{page}");
        let fields = [&fields[..], &[("grado", "A"), ("data", "1/2/2026")]].concat();
        let answer = browser.upload("/software/scntt", &fields, file).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = browser.get(&answer.location().to_owned()).await.text();
        assert!(page.contains("Collaudato con CEN o Questura") && page.contains("verbale.pdf"));

        let fields = [("nome", "Programma"), ("voce", ""), ("nota", "perché sì")];
        let answer = browser.post("/software/unisci", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("perché sì"));

        let fields = [
            ("marca", "Tattile"),
            ("modello", "Vega"),
            ("risoluzione_mp", "moltissima"),
            ("lettura_documentata", "non_noto"),
        ];
        let answer = browser.post("/modelli/modifica", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("moltissima") && page.contains("f-risoluzione_mp-errore"));
        let fields = [&fields[..2], &fields[3..]].concat();
        let answer = browser.post("/modelli/modifica", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = browser.get(&answer.location().to_owned()).await;
        assert_eq!(page.status, StatusCode::OK);
    });
}
