//! Verdicts wherever people need them: who sees which, at which moment, down to the value and who
//! stated it; and that overview, list, file and missing information tell the same.

use crate::support::{self, Browser, MILANO, RHO};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use uuid::Uuid;
use varco::census::adhesion::{ActKind, TypedAct};
use varco::census::criterion::Level;
use varco::census::edition::Kind;
use varco::census::fact::{Fact, Whom};
use varco::census::filter::{Filter, Moment, State};
use varco::census::lot;
use varco::census::person::Viewer;
use varco::census::report::Cell;
use varco::census::verdict::{Answer, Outcome};
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::register::adhesion::Attached;
use varco::register::intervention::Asked;
use varco::register::report;
use varco::register::verdict::{Origin, Sought};
use varco::storage::Store;

/// A register with the first set of criteria in force.
async fn register(store: Store) -> Register {
    let register = support::register(store).await;
    support::criteria(&register).await;
    register
}

/// The values with which a device meets everything that the device itself decides.
const GOOD: [(Field, &str); 13] = [
    (Field::Sito, "V-1"),
    (Field::Direzione, "entrata"),
    (Field::Corsie, "2"),
    (Field::TransitoDati, "targa,data_ora,varco,direzione"),
    (Field::TransitoImmagini, "targa"),
    (Field::Protocolli, "rest"),
    (Field::ListeNazionali, "si"),
    (Field::Vpn, "si"),
    (Field::Informativa, "si"),
    (Field::ConservazioneGiorni, "7"),
    (Field::DataAttivazione, "2024-05-01"),
    (Field::ManutenzioneScadenza, "2030-01-01"),
    (Field::SoftwareVersione, "1.0"),
];

async fn act(register: &Register, viewer: &Viewer, body: &str, kind: ActKind, state: &str) {
    let typed = TypedAct {
        state: state.to_owned(),
        date: "2024-01-01".to_owned(),
        number: "prot. 17".to_owned(),
        names_readers: if kind == ActKind::Pact { "si" } else { "" }.to_owned(),
        lists_places: if kind == ActKind::Pact { "si" } else { "" }.to_owned(),
        ..TypedAct::default()
    };
    let outcome = register
        .record_act(viewer, body, kind, &typed, Attached::Nothing)
        .await;
    assert!(
        matches!(outcome, Ok(varco::register::adhesion::Outcome::Saved)),
        "{outcome:?}"
    );
}

/// Readers, a camera and a connected reader in Milano, a reader in Rho; the codes say which.
async fn census(register: &Register) -> [Viewer; 2] {
    let milano = support::officer(register, MILANO).await;
    let rho = support::officer(register, RHO).await;
    let with = |more: &[(Field, &'static str)]| [&GOOD[..], more].concat();
    for (code, fields) in [
        ("BUONO", with(&[(Field::Lotto, "3")])),
        ("CIECO", with(&[(Field::Ocr, "nessuna")])),
        ("COLLEGATO", with(&[(Field::StatoScntt, "collegato")])),
        ("IGNOTO", vec![(Field::Lotto, "3 bis")]),
        (
            "CONTESTO",
            vec![(Field::Funzione, "contesto"), (Field::Ocr, "nessuna")],
        ),
    ] {
        support::device(register, &milano, MILANO, code, &fields).await;
    }
    let shown = [(Field::Visibilita, "enti")];
    support::device(register, &rho, RHO, "DI-RHO", &shown).await;
    [milano, rho]
}

fn working(viewer: &Viewer) -> Filter {
    Filter::working(viewer)
}

#[test]
fn overview_list_and_file_count_the_same_devices() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, _] = census(&register).await;
        let operator = Viewer::operator();
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &working(&operator)).await;
        unit.commit().await.unwrap();
        for (viewer, devices) in [(&operator, 6), (&milano, 5)] {
            let filter = working(viewer);
            let surveyed = register.survey(&filter).await.unwrap();
            let all = surveyed.overview.all;
            assert_eq!(all.devices(), devices, "{}", viewer.account);
            assert_eq!(all.of(Outcome::Connected), 1);
            assert_eq!(all.of(Outcome::Incompatible), 1);
            assert_eq!(all.of(Outcome::Beside), 1);
            for outcome in Outcome::ALL {
                let sought = Sought {
                    outcome: Some(outcome),
                    criterion: None,
                };
                let number = all.of(outcome);
                assert_eq!(listed(&register, &filter, &sought).await, number);
            }
            let ids = surveyed.basis.criteria.criteria.iter();
            for (criterion, counts) in ids.zip(&surveyed.overview.criteria) {
                for answer in Answer::ALL {
                    let sought = Sought {
                        outcome: None,
                        criterion: Some((criterion.id.clone(), Some(answer))),
                    };
                    let number = counts.of(answer);
                    assert_eq!(listed(&register, &filter, &sought).await, number);
                }
            }
        }
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        let csv = browser.get("/compatibilita/enti.csv").await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let rows = table(&csv.text());
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["ente"], MILANO);
        assert_eq!(rows[0]["lettori"], "4");
        assert_eq!(rows[0]["esito"], "non_compatibile");
        let page = browser.get("/compatibilita").await.text();
        assert!(page.contains("4 dispositivi che leggono targhe, su 5 in tutto"));
        assert!(page.contains("3 bis") && !page.contains("Comune di Rho"));
    });
}

/// How many devices the list has, which must be as many as the file has.
async fn listed(register: &Register, filter: &Filter, sought: &Sought) -> u64 {
    let judged = register.judged(filter, sought, None, 3).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let sink = file.reopen().unwrap();
    register.write_judged(filter, sought, sink).await.unwrap();
    let rows = table(&std::fs::read_to_string(file.path()).unwrap());
    assert_eq!(rows.len() as u64, judged.page.total, "{sought:?}");
    for ((_, code, _), row) in &judged.page.rows {
        let line = rows.iter().find(|line| line["codice"] == *code).unwrap();
        assert_eq!(line["esito"], row.verdict.outcome.name());
        let criteria = judged.basis.criteria.criteria.iter();
        for (criterion, answer) in criteria.zip(&row.verdict.answers) {
            assert_eq!(
                line[&criterion.id],
                answer.name(),
                "{code} {}",
                criterion.id
            );
        }
    }
    judged.page.total
}

/// The rows of a file by the names of its columns.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn an_answer_without_its_criterion_comes_back_with_the_form_as_it_was_sent() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, _] = census(&register).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        let asked = "?esito=da_verificare&risposta=non_noto&dati=lavorazione&stato=in_esercizio";
        let page = browser
            .get(&format!("/compatibilita/dispositivi{asked}"))
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = page.text();
        for kept in [
            "id=\"f-criterio-errore\"",
            "<a href=\"#f-criterio\">Criterio</a>",
            "<option value=\"da_verificare\" selected>",
            "<option value=\"non_noto\" selected>",
            "<option value=\"in_esercizio\" selected>",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        assert!(!text.contains("IGNOTO"), "{text}");
        let file = browser
            .get(&format!("/compatibilita/dispositivi.csv{asked}"))
            .await;
        assert_eq!(file.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn an_officer_sees_their_own_and_an_observer_all_which_is_noted() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, rho] = census(&register).await;
        let operator = Viewer::operator();
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &working(&operator)).await;
        unit.commit().await.unwrap();
        let observer = support::observer(&register).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &observer).await;
        for path in [
            "/compatibilita",
            "/compatibilita/dispositivi",
            "/compatibilita/mancanti",
        ] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
            assert!(page.text().contains("Comune di Rho"), "{path}");
        }
        register.settle().await.unwrap();
        let history = browser.get("/storia?tipo=lettura").await.text();
        for how in [
            "compatibilità",
            "elenco con la compatibilità",
            "informazioni mancanti",
        ] {
            assert!(history.contains(how), "{how}");
        }
        // What another body shows of a device does not say what that body has signed.
        let mut browser = Browser::of(&app, &milano).await;
        let list = browser.get("/dispositivi?dati=convalidati").await.text();
        assert!(list.contains("DI-RHO"));
        let judged = browser.get("/compatibilita/dispositivi").await.text();
        assert!(judged.contains("IGNOTO") && !judged.contains("DI-RHO"));
        let (all, any) = (working(&rho), Sought::default());
        let own = register.judged(&all, &any, None, 9);
        let (_, code, device) = own.await.unwrap().page.rows[0].0.clone();
        assert_eq!(code, "DI-RHO");
        let page = browser.get(&format!("/dispositivi/{device}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("Compatibilità con SCNTT"));
    });
}

#[test]
fn the_page_of_a_device_opens_every_answer_down_to_who_stated_it() {
    support::both(async |store| {
        let register = register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        let device = support::device(&register, &milano, MILANO, "BUONO", &GOOD).await;
        act(&register, &reviewer, MILANO, ActKind::Pact, "si").await;
        let filter = Filter::device(&reviewer, device);
        let seen = register.device_as(&filter, device).await.unwrap();
        let opened = register
            .open_verdict(&filter, &seen)
            .await
            .unwrap()
            .unwrap();
        let Some(Origin::Device(ocr)) = opened.origins.get(&Fact::Device(Field::Ocr)) else {
            panic!("{:?}", opened.origins);
        };
        assert_eq!((&*ocr.author, &ocr.accepted), (&*milano.account, &None));
        let Some(Origin::Body { author, number, .. }) = opened.origins.get(&Fact::PactReaders)
        else {
            panic!("{:?}", opened.origins);
        };
        assert_eq!((&**author, &**number), (&*reviewer.account, "prot. 17"));
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &working(&Viewer::operator())).await;
        unit.commit().await.unwrap();
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let page = browser.get(&format!("/dispositivi/{device}")).await.text();
        for text in [
            "Compatibilità con SCNTT",
            "Criteri di partenza",
            "SC-17",
            "Dichiarato da compilatore.015146",
            "convalidato",
            "Registrato da validatore.cmm",
            "prot. 17, 01/01/2024",
            "Grado della fonte",
            "Connettore verso SCNTT, o sostituzione del software",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    });
}

#[test]
fn the_past_keeps_the_verdict_it_had() {
    support::both(async |store| {
        let register = register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let reviewer = support::reviewer(&register).await;
        support::device(&register, &milano, MILANO, "BUONO", &GOOD).await;
        let operator = Viewer::operator();
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &working(&operator)).await;
        unit.commit().await.unwrap();
        let before = register.take_snapshot(&operator, "Prima").await.unwrap();
        act(&register, &reviewer, MILANO, ActKind::Approval, "no").await;
        let answer = async |moment: Moment| {
            let mut filter = working(&reviewer);
            filter.state = State::Accepted;
            filter.moment = moment;
            let surveyed = register.survey(&filter).await.unwrap();
            let ids = surveyed.basis.criteria.criteria.iter();
            let place = ids.position_of("SC-18");
            let counts = surveyed.overview.criteria[place];
            (counts.of(Answer::Unknown), counts.of(Answer::Unmet))
        };
        assert_eq!(answer(Moment::Now).await, (0, 1));
        assert_eq!(answer(Moment::Snapshot(before.id)).await, (1, 0));
        assert_eq!(answer(Moment::At(before.at)).await, (1, 0));
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &reviewer).await;
        let address = format!("/compatibilita?fotografia={}", before.id);
        let page = browser.get(&address).await.text();
        assert!(page.contains("Fotografia «Prima»"), "{page}");
    });
}

/// The readers of each lot, and of each the outcomes that readers can have, as the report has them.
async fn lots_of_the_report(
    register: &Register,
    snapshot: Option<Uuid>,
) -> Vec<(String, Vec<u64>)> {
    let asked = report::Asked {
        snapshot,
        ..report::Asked::default()
    };
    let report = register.report(&Viewer::operator(), &asked).await.unwrap();
    let table = report.tables().find(|table| table.key == "esiti-lotti");
    let rows = table.unwrap().rows.iter().map(|row| {
        let [Cell::Text(lot), figures @ ..] = &row[..] else {
            panic!("{row:?}");
        };
        let figure = |cell: &Cell| match cell {
            Cell::Integer(number) => u64::try_from(*number).unwrap(),
            other => panic!("{other:?}"),
        };
        (lot.clone(), figures.iter().map(figure).collect())
    });
    rows.collect()
}

/// The same of the page.
async fn lots_of_the_page(register: &Register, filter: &Filter) -> Vec<(String, Vec<u64>)> {
    let surveyed = register.survey(filter).await.unwrap();
    let rows = surveyed.overview.lots().into_iter().map(|(lot, counts)| {
        let outcomes = Outcome::ALL
            .into_iter()
            .filter(|one| *one != Outcome::Beside);
        let mut figures = vec![counts.readers()];
        figures.extend(outcomes.map(|outcome| counts.of(outcome)));
        (lot::label(lot).to_owned(), figures)
    });
    rows.collect()
}

#[test]
fn the_lots_of_the_page_are_those_of_the_report_and_of_the_estimate() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, _] = census(&register).await;
        let operator = Viewer::operator();
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &working(&operator)).await;
        unit.commit().await.unwrap();
        let before = register.take_snapshot(&operator, "Prima").await.unwrap();
        // Three readers of Milano say nothing; one says «3», the other «3 bis», which is 3BIS.
        let text = "lotto;ente;comune;zona\n3BIS;015146;;\n7;;015182;\n";
        let division = support::edition(&register, Kind::Lots, "Gara", text).await;
        let mut now = Filter::of(&operator);
        now.state = State::Accepted;
        let mut then = now.clone();
        then.freeze(before.id);

        let page = lots_of_the_page(&register, &now).await;
        assert_eq!(page, lots_of_the_report(&register, None).await);
        let readers: Vec<_> = page.iter().map(|(lot, row)| (&**lot, row[0])).collect();
        assert_eq!(readers, [("3", 1), ("3BIS", 3), ("7", 1)]);
        let (tender, _) = register.demand(&Asked::of(now.clone())).await.unwrap();
        assert_eq!(tender.demanded.lots, ["3", "3BIS", "7"]);

        let frozen = lots_of_the_page(&register, &then).await;
        assert_eq!(frozen, lots_of_the_report(&register, Some(before.id)).await);
        let readers: Vec<_> = frozen.iter().map(|(lot, row)| (&**lot, row[0])).collect();
        assert_eq!(readers, [("3", 1), ("3 bis", 1), ("Senza lotto", 3)]);
        let mut at = now.clone();
        at.moment = Moment::At(before.at);
        assert_eq!(lots_of_the_page(&register, &at).await, frozen);

        // The file says of every device the same lot, and officers see that of their own devices.
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        let page = browser.get("/compatibilita").await.text();
        assert!(page.contains("divisione in lotti «Gara»"), "{page}");
        assert!(!page.contains(&format!("/lotti/{division}")), "{page}");
        let file = browser.get("/compatibilita/dispositivi.csv").await.text();
        let lots: BTreeMap<String, String> = table(&file)
            .into_iter()
            .map(|row| (row["codice"].clone(), row["lotto"].clone()))
            .collect();
        assert_eq!((&*lots["BUONO"], &*lots["IGNOTO"]), ("3", "3BIS"));
        assert_eq!(lots["CIECO"], "3BIS");
    });
}

/// Where something called like that stands.
trait PositionOf {
    fn position_of(self, id: &str) -> usize;
}

impl<'a, I: Iterator<Item = &'a varco::census::criterion::Criterion>> PositionOf for I {
    fn position_of(mut self, id: &str) -> usize {
        self.position(|one| one.id == id).unwrap()
    }
}

#[test]
fn beside_the_form_stands_what_is_missing_and_where_to_write_it() {
    support::both(async |store| {
        let register = register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        browser.get("/dispositivi/nuovo").await;
        let mut fields = vec![
            ("ente", MILANO),
            ("codice", "NUOVO"),
            ("funzione", "lettura_targhe"),
            ("stato", "in_esercizio"),
            ("lat", "non è un numero"),
        ];
        let page = browser.post("/dispositivi/controlla", &fields).await.text();
        assert!(page.contains("Da verificare"), "{page}");
        assert!(page.contains("<a href=\"#f-ocr\">"), "{page}");
        fields.push(("ocr", "nessuna"));
        let page = browser.post("/dispositivi/controlla", &fields).await.text();
        assert!(page.contains("Non compatibile"), "{page}");
        // A site that is not there yet will be a gate, as saving makes it.
        let necessary = |page: &str| page.contains("SC-02.");
        assert!(necessary(&page));
        fields.extend([("sito", "V-9"), ("direzione", "entrata"), ("corsie", "1")]);
        let page = browser.post("/dispositivi/controlla", &fields).await.text();
        assert!(!necessary(&page), "{page}");
        // Of another body nothing is said.
        fields[0] = ("ente", RHO);
        let page = browser.post("/dispositivi/controlla", &fields).await.text();
        assert!(!page.contains("Compatibilità con SCNTT"), "{page}");
        fields[0] = ("ente", MILANO);
        fields.push(("azione", "controlla"));
        let page = browser.post("/dispositivi/nuovo", &fields).await.text();
        assert!(page.contains("Compatibilità con SCNTT"), "{page}");
    });
}

#[test]
fn what_is_missing_is_named_with_whom_to_ask_and_for_which_devices() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, _] = census(&register).await;
        let filter = working(&milano);
        let level = Some(Level::Necessary);
        let lacking = register.lacking(&filter, level).await.unwrap();
        let [(body, facts)] = lacking.lacks.of(Whom::Body)[..] else {
            panic!("{:?}", lacking.lacks);
        };
        assert_eq!(body, MILANO);
        // Of the readers only one does not say its images; of all of them the body says no pact.
        assert_eq!(facts[&Fact::Device(Field::TransitoImmagini)].devices, 1);
        assert_eq!(facts[&Fact::Pact].devices, 3);
        assert!(!facts.contains_key(&Fact::Device(Field::IlluminatoreIr)));
        let [(software, facts)] = lacking.lacks.of(Whom::Maker)[..] else {
            panic!("{:?}", lacking.lacks);
        };
        assert_eq!(software, "Programma");
        assert_eq!(facts[&Fact::ProductStanding].devices, 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        let sink = file.reopen().unwrap();
        register.write_lacking(&filter, level, sink).await.unwrap();
        let rows = table(&std::fs::read_to_string(file.path()).unwrap());
        let of = |code: &str| -> Vec<&str> {
            let rows = rows.iter().filter(|row| row["codice"] == code);
            rows.map(|row| &*row["dato"]).collect()
        };
        assert!(of("COLLEGATO").is_empty() && of("CONTESTO").is_empty());
        assert!(of("BUONO").is_empty(), "{:?}", of("BUONO"));
        let mut lacks = of("IGNOTO");
        lacks.sort_unstable();
        assert_eq!(
            lacks,
            [
                "conservazione_giorni",
                "corsie",
                "data_attivazione",
                "direzione",
                "informativa",
                "liste_nazionali",
                "manutenzione_scadenza",
                "protocolli",
                "sito",
                "transito_dati",
                "transito_immagini",
                "vpn",
            ]
        );
        let pact = rows.iter().find(|row| row["dato"] == "ente.patto").unwrap();
        assert_eq!((&*pact["dispositivi"], &*pact["criteri"]), ("3", "SC-17"));
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        let page = browser.get("/compatibilita/mancanti").await.text();
        assert!(page.contains("Patto per la sicurezza urbana"), "{page}");
        register.settle().await.unwrap();
        let history = browser.get("/storia?tipo=esportazione").await.text();
        assert!(history.contains("informazioni_mancanti.csv"), "{history}");
    });
}

#[test]
fn sites_and_bodies_say_the_worst_of_their_readers() {
    support::both(async |store| {
        let register = register(store).await;
        let [milano, _] = census(&register).await;
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &milano).await;
        let page = browser.get(&format!("/enti/{MILANO}")).await.text();
        assert!(page.contains("varco-verdict-non_compatibile"), "{page}");
        assert!(page.contains("4 dispositivi che leggono targhe"), "{page}");
        let site = register.site_called(&milano, MILANO, "V-1").await.unwrap();
        let page = browser.get(&format!("/siti/{}", site.unwrap().id)).await;
        let page = page.text();
        assert!(page.contains("3 dispositivi che leggono targhe"), "{page}");
        assert!(
            page.contains("sito=V-1&#38;esito=collegato")
                || page.contains("sito=V-1&amp;esito=collegato"),
            "{page}"
        );
    });
}

#[test]
fn the_list_goes_on_page_after_page_and_says_what_it_cannot_find() {
    support::both(async |store| {
        let register = register(store).await;
        let operator = Viewer::operator();
        for number in 0..51 {
            support::device(&register, &operator, MILANO, &format!("N{number:02}"), &[]).await;
        }
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let path = "/compatibilita/dispositivi?dati=lavorazione&criterio=SC-04&risposta=non_noto";
        let first = browser.get(path).await.text();
        assert!(first.contains("51 dispositivi") && first.contains(">N49<"));
        assert!(!first.contains(">N50<"));
        let (before, _) = first.split_once("rel=\"next\"").unwrap();
        let (_, href) = before.rsplit_once("href=\"").unwrap();
        let href = href.split_once('"').unwrap().0.replace("&#38;", "&");
        let second = browser.get(&href).await.text();
        assert!(second.contains(">N50<") && !second.contains(">N49<"));
        for (wrong, words) in [
            ("?criterio=SC-99", "SC-01"),
            ("?risposta=non_noto", "criterio"),
            ("?esito=boh", "esito"),
            ("?esitto=collegato", "«esito»"),
        ] {
            let answer = browser
                .get(&format!("/compatibilita/dispositivi{wrong}"))
                .await;
            assert!(
                answer.status.is_client_error(),
                "{wrong}: {}",
                answer.status
            );
            assert!(answer.text().contains(words), "{wrong}: {}", answer.text());
        }
    });
}

#[test]
fn without_criteria_pages_say_so_and_the_others_go_on() {
    support::both(async |store| {
        let register = support::register(store).await;
        let milano = support::officer(&register, MILANO).await;
        let device = support::device(&register, &milano, MILANO, "X", &[]).await;
        let mut browser = Browser::of(&support::app(&register), &milano).await;
        let page = browser.get("/compatibilita").await;
        assert!(
            page.text()
                .contains("Non c’è un insieme di criteri in vigore")
        );
        for path in [format!("/dispositivi/{device}"), format!("/enti/{MILANO}")] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.text());
            assert!(!page.text().contains("Compatibilità con SCNTT"));
        }
        let editions = register.editions(&Viewer::operator(), Kind::Criteria).await;
        assert!(editions.unwrap().0.is_empty());
    });
}
