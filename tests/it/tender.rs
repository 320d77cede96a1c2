//! Interventions, lots and prices: from the devices of a census to what has to be done and costs.

use crate::support::{self, Browser, MILANO, RHO, both, on_sqlite};
use crate::workbooks::saved_again;
use axum::http::StatusCode;
use calamine::{Data, Reader, Xlsx};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Write as _};
use uuid::Uuid;
use varco::census::adhesion::{Stage, TypedStep};
use varco::census::edition::Kind;
use varco::census::estimate::Range;
use varco::census::filter::{Filter, Moment};
use varco::census::intervention::Selection;
use varco::census::moment;
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::register::intervention::{Asked, Format, Refused, Tender};
use varco::register::{Error, Register};
use varco::storage::Store;

/// Four criteria, each about another unit, and one that is only advised.
const CRITERIA: &str = r#"
versione = "1"
titolo = "Prova"
nota = "Insieme di prova."
riguarda = "stato fra (in_esercizio, guasto)"
legge_targhe = "funzione = lettura_targhe"
collegato = "stato_scntt = collegato"
intervento = [
  { id = "lettore", nome = "Lettore", unita = "dispositivo" },
  { id = "rete", nome = "Rete privata", unita = "sito" },
  { id = "server", nome = "Server alla Questura", unita = "ente" },
  { id = "connettore", nome = "Connettore", unita = "software" },
  { id = "illuminatore", nome = "Illuminatore", unita = "dispositivo" },
]
criterio = [
  { id = "A", testo = "Legge.", livello = "necessario", area = "tecnica", oggetto = "dispositivo", soddisfatto = "ocr = a_bordo", intervento = "lettore", fonte = "f", grado = "I" },
  { id = "B", testo = "VPN.", livello = "necessario", area = "rete", oggetto = "sito", soddisfatto = "vpn = si", intervento = "rete", fonte = "f", grado = "I" },
  { id = "C", testo = "Server.", livello = "necessario", area = "rete", oggetto = "ente", soddisfatto = "ente.server = attivo", intervento = "server", fonte = "f", grado = "I" },
  { id = "D", testo = "Liste.", livello = "necessario", area = "tecnica", oggetto = "software", soddisfatto = "liste_nazionali = si", intervento = "connettore", fonte = "f", grado = "I" },
  { id = "E", testo = "Luce.", livello = "consigliato", area = "tecnica", oggetto = "dispositivo", soddisfatto = "illuminatore_ir = si", intervento = "illuminatore", fonte = "f", grado = "I" },
]
"#;

const PRICES: &str = "intervento;prezzo_minimo;prezzo_massimo\n\
                      lettore;1.500,00;2.000,00\n\
                      rete;250;300,50\n\
                      server;10000;20000\n";

const HEADER: &str = "intervento;unita;prezzo_minimo;prezzo_massimo;fonte;nota\n";

fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file
}

/// A register with the criteria and the prices above in force, and a reviewer.
async fn ready(store: Store) -> (Register, Viewer) {
    let register = support::register(store).await;
    support::edition(&register, Kind::Criteria, "Di prova", CRITERIA).await;
    let reviewer = support::reviewer(&register).await;
    let list = register.read_prices(&reviewer, "prezzi.csv", file(PRICES));
    let list = list.await.unwrap();
    support::edition(&register, Kind::Prices, "Mercato", &list.text()).await;
    (register, reviewer)
}

async fn lots(register: &Register, reviewer: &Viewer, text: &str) -> Uuid {
    let lots = register.read_lots(reviewer, "lotti.csv", file(text));
    let lots = lots.await.unwrap();
    support::edition(register, Kind::Lots, "Gara", &lots.text()).await
}

/// A device in service of a body: site, lot, and whether it has a reader, a VPN and the lists.
async fn device(
    register: &Register,
    body: &str,
    code: &str,
    (site, lot): (&str, &str),
    [ocr, vpn, listed]: [&str; 3],
) -> Uuid {
    let fields = [
        (Field::Sito, site),
        (Field::Lotto, lot),
        (Field::Ocr, ocr),
        (Field::Vpn, vpn),
        (Field::ListeNazionali, listed),
        (Field::IlluminatoreIr, "no"),
    ];
    support::device(register, &Viewer::operator(), body, code, &fields).await
}

async fn accept(register: &Register) {
    let mut unit = register.store.write().await.unwrap();
    support::accept(&mut unit, &Filter::working(&Viewer::operator())).await;
    unit.commit().await.unwrap();
}

/// Six devices of two bodies, accepted: Milano's in the lots 3 and 3 bis by hand, Rho's in none.
async fn small_census(register: &Register) {
    let yes = ["a_bordo", "si", "si"];
    for (body, code, place, answers) in [
        (MILANO, "M1", ("V1", "3"), ["nessuna", "no", "si"]),
        (MILANO, "M2", ("V1", "3"), ["", "no", "si"]),
        (MILANO, "M3", ("V2", "3 BIS"), ["a_bordo", "", "no"]),
        (MILANO, "M4", ("", "3 bis"), ["a_bordo", "no", ""]),
        (RHO, "R1", ("V1", ""), yes),
        (RHO, "R2", ("V1", ""), ["nessuna", "no", "si"]),
    ] {
        device(register, body, code, place, answers).await;
    }
    accept(register).await;
}

fn asked(viewer: &Viewer) -> Asked {
    Asked::of(Filter::of(viewer))
}

/// The quantities by lot and intervention: certain, possible, devices.
fn quantities(tender: &Tender) -> Vec<(String, &str, u64, u64, u64)> {
    let rows = tender.demanded.rows.iter();
    rows.map(|row| {
        let remedy = &tender.criteria.remedies[row.remedy];
        let lot = tender.lot(row.lot).to_owned();
        (lot, &*remedy.id, row.certain, row.possible, row.devices)
    })
    .collect()
}

#[test]
fn interventions_are_counted_by_unit_and_lots_add_up() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let (tender, whole) = register.demand(&asked(&reviewer)).await.unwrap();
        assert!(whole.is_none());
        let row = |lot: &str, remedy, certain, possible, devices| {
            (lot.to_owned(), remedy, certain, possible, devices)
        };
        // One server for Milano, in the first of two lots with two devices each.
        let wanted = [
            row("3", "lettore", 1, 2, 2),
            row("3", "rete", 1, 1, 2),
            row("3", "server", 0, 1, 4),
            row("3", "connettore", 1, 1, 2),
            row("3 BIS", "rete", 1, 2, 2),
            row("Senza lotto", "lettore", 1, 1, 1),
            row("Senza lotto", "rete", 1, 1, 1),
            row("Senza lotto", "server", 0, 1, 2),
        ];
        assert_eq!(quantities(&tender), wanted);
        let estimate = tender.estimate.as_ref().unwrap();
        let lots: Vec<_> = estimate.lots.values().copied().collect();
        let sum = |low, high| Range { low, high };
        let wanted = [
            sum(175_000, 2_430_050),
            sum(25_000, 60_100),
            sum(175_000, 2_230_050),
        ];
        assert_eq!(lots, wanted);
        assert_eq!(estimate.total, sum(375_000, 4_720_200));
        let lacking: Vec<_> = estimate.lacking.keys().collect();
        assert_eq!(lacking, [&3], "the connector has no price");
        let first = estimate.rows[0].arithmetic().unwrap();
        assert_eq!(first[0], "1 × 1.500,00 € = 1.500,00 €");

        // What is accepted as not known is only possible, and nothing gets less.
        device(&register, RHO, "R3", ("V2", ""), ["", "", ""]).await;
        accept(&register).await;
        let (more, _) = register.demand(&asked(&reviewer)).await.unwrap();
        for (remedy, (certain, possible)) in tender.demanded.totals() {
            let then = more.demanded.totals()[&remedy];
            assert!(then.0 >= certain && then.1 >= possible, "{remedy}");
        }
        assert_eq!(more.demanded.counted, 7);
    });
}

#[test]
fn a_division_gives_lots_by_body_comune_and_zone_and_the_device_says_otherwise() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let text = "lotto;comune;ente;zona\n;Rho;;Ovest\n10;;;Ovest\n2;;Comune di Milano;\n";
        let id = lots(&register, &reviewer, text).await;
        device(&register, MILANO, "M5", ("V9", ""), ["nessuna", "si", "si"]).await;
        accept(&register).await;
        let (tender, _) = register.demand(&asked(&reviewer)).await.unwrap();
        assert_eq!(tender.lots.as_ref().unwrap().0.id, id);
        assert_eq!(tender.demanded.lots, ["2", "3", "3 BIS", "10"]);
        let readers: Vec<_> = quantities(&tender)
            .into_iter()
            .filter(|(_, remedy, ..)| *remedy == "lettore")
            .map(|(lot, _, certain, possible, _)| (lot, certain, possible))
            .collect();
        let row = |lot: &str, certain, possible| (lot.to_owned(), certain, possible);
        assert_eq!(readers, [row("2", 1, 1), row("3", 1, 2), row("10", 1, 1)]);
    });
}

#[test]
fn a_selection_leaves_out_what_it_says_and_is_compared_with_the_whole() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let broken = [(Field::Stato, "guasto"), (Field::Ocr, "nessuna")];
        support::device(&register, &Viewer::operator(), RHO, "R9", &broken).await;
        accept(&register).await;
        let signed = TypedStep {
            stage: Stage::Signed.name().to_owned(),
            number: "1".to_owned(),
            date: "02/12/2020".to_owned(),
            note: String::new(),
        };
        let step = register.record_step(&reviewer, RHO, &signed, None);
        step.await.unwrap();
        let total = |tender: &Tender| tender.demanded.totals()[&0];
        let choose = async |selection: Selection| {
            let asked = Asked {
                selection,
                ..asked(&reviewer)
            };
            let (chosen, whole) = register.demand(&asked).await.unwrap();
            (chosen, whole.unwrap())
        };
        let (working, whole) = choose(Selection {
            in_service: true,
            ..Selection::default()
        })
        .await;
        assert_eq!((total(&working), total(&whole)), ((2, 3), (3, 4)));
        assert_eq!(working.left_out, 1);
        let (adherents, _) = choose(Selection {
            adherents: true,
            ..Selection::default()
        })
        .await;
        assert_eq!(total(&adherents), (2, 2));
        assert_eq!(adherents.left_out, 4);
        let (advised, _) = choose(Selection {
            advised: true,
            ..Selection::default()
        })
        .await;
        assert_eq!(advised.demanded.totals()[&4], (6, 7));
        assert!(!whole.demanded.totals().contains_key(&4));

        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let page = browser
            .get("/interventi?solo_in_esercizio=si&ente=015182")
            .await;
        assert_eq!(page.status, StatusCode::OK);
        let text = page.text();
        assert!(
            text.contains("<option value=\"015182\" selected>Comune di Rho</option>"),
            "{text}"
        );
        assert!(
            !text.contains("<input type=\"hidden\" name=\"ente\""),
            "{text}"
        );
        assert!(text.contains("Rispetto a tutto il censimento"), "{text}");
        assert!(text.contains("1 × 1.500,00 € = 1.500,00 €"), "{text}");
        let wrong = browser.get("/interventi?solo_aderenti=forse").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn a_quantity_opens_to_the_units_and_devices_behind_it() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let behind = register.behind(&asked(&reviewer), "rete").await.unwrap();
        let units: Vec<_> = behind
            .units
            .iter()
            .map(|unit| (&*unit.lot, &*unit.name, unit.certain, unit.devices.len()))
            .collect();
        let wanted = [
            ("3", "V1 (Comune di Milano)", true, 2),
            ("3 BIS", "M4, senza sito (Comune di Milano)", true, 1),
            ("3 BIS", "V2 (Comune di Milano)", false, 1),
            ("", "V1 (Comune di Rho)", true, 1),
        ];
        assert_eq!(units, wanted);
        assert_eq!(behind.units[0].devices[0].unmet, ["B"]);
        let nothing = register.behind(&asked(&reviewer), "boh").await;
        assert!(matches!(nothing, Err(Error::NotFound(_))));

        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let text = browser.get("/interventi/rete?lotto=3%20bis").await.text();
        assert!(text.contains("2: 1 di certo, 1 da verificare"), "{text}");
        assert!(text.contains("non noto B") && !text.contains("Comune di Rho"));
        let text = browser.get("/interventi/rete?lotto=-").await.text();
        assert!(text.contains("V1 (Comune di Rho)") && text.contains("1, tutti certi"));
    });
}

#[expect(clippy::too_many_lines, reason = "one long list of cases")]
#[test]
fn a_wrong_price_list_or_division_names_every_error_and_loads_nothing() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        browser.get("/prezzi").await;
        let token = browser.csrf.clone().unwrap();
        let before = support::contents(&register.store).await;
        let prices = "Listino della gara;;\n\
                      intervento;prezzo_minimo;prezzo_massimo;sconto\n\
                      letore;1;2;\n\
                      rete;9;2;\n\
                      server;-5;x;\n\
                      rete;1;;\n";
        let lots = "lotto;comune;zona\n1;Rho;\n2;Rho;\n1;Milno;\n3;;Nord\n;;\n4;;\n";
        for (path, text, lines) in [
            (
                "/prezzi",
                prices,
                &[
                    "Riga 2, «sconto»",
                    "Riga 3, «intervento»",
                    "«lettore»",
                    "Riga 4, «prezzo_minimo»",
                    "Riga 5, «prezzo_minimo»",
                    "Riga 5, «prezzo_massimo»",
                    "Riga 6, «intervento»",
                    "Riga 6, «prezzo_massimo»",
                ][..],
            ),
            (
                "/lotti",
                lots,
                &[
                    "Riga 3, «comune»",
                    "Riga 4, «comune»",
                    "«Milano»",
                    "Riga 5, «zona»",
                    "Riga 7, «lotto»",
                ][..],
            ),
        ] {
            let fields = [
                ("_csrf", &*token),
                ("nome", "Sbagliato"),
                ("azione", "carica"),
            ];
            let answer = browser
                .upload(path, &fields, ("file", "x.csv", text.as_bytes()))
                .await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            let page = answer.text();
            for line in lines {
                assert!(page.contains(line), "{path}: {line}\n{page}");
            }
        }
        let good = PRICES.as_bytes();
        let tried = [("_csrf", &*token), ("nome", "Prova"), ("azione", "prova")];
        let answer = browser
            .upload("/prezzi", &tried, ("file", "x.csv", good))
            .await;
        assert!(
            answer.text().contains("Il file va bene: 3 prezzi"),
            "{}",
            answer.text()
        );
        let nameless = [("_csrf", &*token), ("nome", ""), ("azione", "carica")];
        let answer = browser
            .upload("/prezzi", &nameless, ("file", "x.csv", good))
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let map = b"{\"type\":\"FeatureCollection\",\"features\":[]}";
        let answer = browser
            .upload("/lotti", &tried, ("file", "x.geojson", map))
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(support::contents(&register.store).await, before);

        let load = [("_csrf", &*token), ("nome", "Buono"), ("azione", "carica")];
        let answer = browser
            .upload("/prezzi", &load, ("file", "x.csv", good))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let place = answer.location().split('?').next().unwrap().to_owned();
        let page = browser.get(&place).await.text();
        assert!(
            page.contains("20.000,00 €") && page.contains("Mai in vigore"),
            "{page}"
        );
        let wrong = browser.post(&place, &[("giorno", "domani")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let past = [("giorno", "2024-02-01"), ("passato", "si")];
        let forced = browser.post(&place, &past).await;
        assert_eq!(forced.status, StatusCode::SEE_OTHER);
        let page = browser.get(&place).await.text();
        assert!(
            page.contains("Oggi in vigore") && page.contains("Dal 01/02/2024"),
            "{page}"
        );
        // What was loaded comes out as it would be loaded again.
        let out = browser.get(&format!("{place}/elenco.csv")).await.text();
        let again = register
            .read_prices(&reviewer, "x.csv", file(&out))
            .await
            .unwrap();
        assert!(again.text().starts_with(HEADER));
        assert_eq!(again.prices.len(), 3);
    });
}

#[test]
fn who_reads_everything_reads_it_and_only_a_reviewer_loads() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let observer = support::observer(&register).await;
        let officer = support::officer(&register, MILANO).await;
        assert!(register.demand(&asked(&observer)).await.is_ok());
        let forbidden = register.demand(&asked(&officer)).await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))));
        let read = register.read_lots(&officer, "x.csv", file("lotto;comune\n1;Rho\n"));
        assert!(matches!(
            read.await,
            Err(Refused::Because(Error::Forbidden(_)))
        ));
        let load = register.load_edition(&observer, Kind::Lots, "x", String::new());
        assert!(matches!(load.await, Err(Error::Forbidden(_))));
        let app = support::app(&register);
        let mut browser = Browser::of(&app, &observer).await;
        let page = browser.get("/prezzi").await.text();
        assert!(page.contains("Mercato") && !page.contains("Prova senza caricare"));
        register.settle().await.unwrap();
        let mut reviewers = Browser::of(&app, &reviewer).await;
        let history = reviewers
            .get("/storia?persona=osservatore.cmm")
            .await
            .text();
        assert!(history.contains("interventi"), "{history}");
    });
}

/// The rows of a list of editions: name, from, until, and how each stands today.
fn listed(page: &str) -> Vec<[String; 4]> {
    let plain = |html: &str| {
        let mut text = String::new();
        for piece in html.split('<') {
            text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
        }
        text.trim().to_owned()
    };
    let body = page.split("<tbody>").nth(1).unwrap();
    let body = body.split("</tbody>").next().unwrap();
    let rows = body.split("</tr>").filter(|row| row.contains("<th"));
    rows.map(|row| {
        let cell = |label: &str| {
            let at = row.split(&format!("data-label=\"{label}\">")).nth(1);
            let inner = at.unwrap().split("</t").next().unwrap();
            plain(inner)
        };
        ["Nome", "In vigore dal", "Fino al", "Oggi"].map(cell)
    })
    .collect()
}

#[test]
fn editions_are_listed_by_the_day_they_are_in_force_from_with_the_day_it_ends() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let operator = Viewer::operator();
        let load = async |kind, name: &str, text: &str| {
            let loaded = register.load_edition(&operator, kind, name, text.to_owned());
            loaded.await.unwrap().id
        };
        let force = async |id: Uuid, day: jiff::civil::Date| {
            register.put_in_force(&operator, id, day).await.unwrap();
        };
        let prices = format!("{HEADER}rete;sito;1,00;1,00;;\n");
        let division = "lotto;ente;comune;zona\n7;;015182;\n";
        for (kind, path, text, first) in [
            (Kind::Criteria, "/criteri", CRITERIA, "Di prova"),
            (Kind::Prices, "/prezzi", &*prices, "Mercato"),
            (Kind::Lots, "/lotti", division, "Prima"),
        ] {
            if kind == Kind::Lots {
                support::edition(&register, kind, first, text).await;
            }
            let wrong = load(kind, "Sbagliata", text).await;
            let spring = load(kind, "Primavera", text).await;
            load(kind, "Mai usata", text).await;
            let day = jiff::civil::date;
            force(spring, day(2026, 3, 2)).await;
            force(wrong, day(2027, 1, 1)).await;
            force(spring, day(2027, 1, 1)).await;
            let page = browser.get(path).await.text();
            let row = |name: &str, from: &str, until: &str, today: &str| {
                [name, from, until, today].map(str::to_owned)
            };
            let wanted = [
                row(
                    "Primavera",
                    "01/01/2027",
                    "senza termine",
                    "Non ancora in vigore",
                ),
                row(
                    "Sbagliata",
                    "01/01/2027",
                    "",
                    "Non vale: per lo stesso giorno è stato deciso dopo «Primavera»",
                ),
                row("Primavera", "02/03/2026", "31/12/2026", "Oggi in vigore"),
                row(first, "01/01/2020", "01/03/2026", "Non più in vigore"),
                row("Mai usata", "", "", "Mai in vigore"),
            ];
            assert_eq!(listed(&page), wanted, "{path}");
        }
    });
}

#[test]
fn an_edition_from_a_past_day_is_confirmed_and_changes_no_past() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let snapshot = register.take_snapshot(&reviewer, "Gara").await.unwrap();
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let past = [
            format!("/interventi/stima.csv?fotografia={}", snapshot.id),
            format!(
                "/interventi/stima.csv?al={}",
                moment::figures(snapshot.at).replace(' ', "%20")
            ),
        ];
        let mut before = Vec::new();
        for path in &past {
            let answer = browser.get(path).await;
            before.push((answer.status, answer.text()));
        }
        assert!(before.iter().all(|(status, _)| *status == StatusCode::OK));
        let criteria = CRITERIA.replace("\"nessuna\"", "\"a_bordo\"");
        let prices = format!("{HEADER}rete;sito;1,00;1,00;;\n");
        let division = "lotto;ente;comune;zona\n7;;015182;\n";
        for (kind, path, end, text) in [
            (Kind::Criteria, "/criteri", "/vigore", &*criteria),
            (Kind::Prices, "/prezzi", "", &*prices),
            (Kind::Lots, "/lotti", "", division),
        ] {
            let operator = Viewer::operator();
            let loaded = register.load_edition(&operator, kind, "Nuova", text.to_owned());
            let place = format!("{path}/{}", loaded.await.unwrap().id);
            browser.get(&place).await;
            let target = format!("{place}{end}");
            for wrong in [
                &[("giorno", "2026-03-01")][..],
                &[("giorno", "01/03/2026"), ("passato", "no")],
                &[("giorno", ""), ("passato", "si")],
            ] {
                let answer = browser.post(&target, wrong).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
                let field = if wrong[0].1.is_empty() {
                    "giorno"
                } else {
                    "passato"
                };
                let page = answer.text();
                assert!(page.contains(&format!("id=\"f-{field}-errore\"")), "{page}");
                assert!(
                    page.contains(&format!("value=\"{}\"", wrong[0].1)),
                    "{page}"
                );
            }
            let (_, said) = register.editions(&reviewer, kind).await.unwrap();
            assert!(said.iter().all(|one| one.day == "2020-01-01"), "{said:?}");
            let confirmed = [("giorno", "01/03/2026"), ("passato", "si")];
            let answer = browser.post(&target, &confirmed).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
            let page = browser.get(&place).await.text();
            assert!(page.contains("Dal 01/03/2026"), "{page}");
        }
        let (now, _) = register.demand(&asked(&reviewer)).await.unwrap();
        assert_eq!(now.edition.name, "Nuova");
        assert_eq!(now.prices.as_ref().unwrap().0.name, "Nuova");
        for (path, before) in past.iter().zip(before) {
            let answer = browser.get(path).await;
            assert_eq!((answer.status, answer.text()), before, "{path}");
        }
    });
}

#[test]
fn an_estimate_of_a_snapshot_stays_whatever_is_loaded_later() {
    both(async |store| {
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let snapshot = register.take_snapshot(&reviewer, "Gara").await.unwrap().id;
        let written = async || {
            let mut asked = asked(&reviewer);
            asked.filter.moment = Moment::Snapshot(snapshot);
            let mut bytes = Vec::new();
            register
                .write_tender(&asked, Format::Csv, &mut bytes)
                .await
                .unwrap();
            let mut book = Vec::new();
            register
                .write_tender(&asked, Format::Xlsx, &mut book)
                .await
                .unwrap();
            (bytes, book)
        };
        let before = written().await;
        let text = format!("{HEADER}rete;sito;1,00;1,00;;\n");
        support::edition(&register, Kind::Prices, "Altri", &text).await;
        lots(&register, &reviewer, "lotto;comune\n7;Rho\n").await;
        device(&register, RHO, "R5", ("", "8"), ["nessuna", "no", "no"]).await;
        accept(&register).await;
        assert_eq!(written().await, before);
        let (now, _) = register.demand(&asked(&reviewer)).await.unwrap();
        assert_eq!(now.prices.as_ref().unwrap().0.name, "Altri");
        assert_eq!(now.demanded.lots.last().unwrap(), "8");
    });
}

#[test]
fn an_estimate_opens_in_libreoffice_with_numbers_as_numbers() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let (register, reviewer) = ready(store).await;
        small_census(&register).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stima.xlsx");
        let sink = File::create(&path).unwrap();
        let asked = asked(&reviewer);
        register
            .write_tender(&asked, Format::Xlsx, sink)
            .await
            .unwrap();
        let again = saved_again(folder.path(), &path);
        let mut book: Xlsx<BufReader<File>> = calamine::open_workbook(&again).unwrap();
        let rows = book.worksheet_range("Interventi").unwrap();
        let first: Vec<&Data> = rows.rows().nth(1).unwrap().iter().collect();
        assert_eq!(first[0], &Data::String("3".to_owned()));
        assert_eq!(first[1], &Data::String("lettore".to_owned()));
        let numbers: Vec<f64> = first[4..12]
            .iter()
            .map(|cell| match cell {
                Data::Float(number) => *number,
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                Data::Int(number) => *number as f64,
                other => panic!("{other:?} is not a number"),
            })
            .collect();
        assert_eq!(
            numbers,
            [1.0, 2.0, 1500.0, 2000.0, 1500.0, 4000.0, 1.0, 2.0]
        );
        let totals = book.worksheet_range("Totali").unwrap();
        let last = totals.rows().next_back().unwrap();
        assert_eq!(last[1], Data::Float(3750.0));
        let basis = book.worksheet_range("Base").unwrap();
        let said: BTreeSet<String> = basis.rows().map(|row| row[1].to_string()).collect();
        assert!(said.contains("Gli importi sono senza IVA."), "{said:?}");
    });
}

/// 150 devices on 123 sites: lot 3 has 90 of them on 75 sites, lot 3 bis 60 on 48.
#[test]
fn a_project_with_two_lots_by_hand_comes_back_out_with_its_figures() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let (register, reviewer) = ready(store).await;
        let sites = |number: usize, sites: usize| format!("S{:03}", number % sites);
        for number in 0..150 {
            let code = format!("A{number:03}");
            let (site, lot) = if number < 90 {
                (sites(number, 75), "3")
            } else {
                (format!("B{}", sites(number, 48)), "3 bis")
            };
            // 107 have a private network already.
            let vpn = if number < 107 { "si" } else { "no" };
            let answers = ["nessuna", vpn, "si"];
            device(&register, MILANO, &code, (&site, lot), answers).await;
        }
        accept(&register).await;
        let (tender, _) = register.demand(&asked(&reviewer)).await.unwrap();
        let row = |lot: &str, remedy, certain, possible, devices| {
            (lot.to_owned(), remedy, certain, possible, devices)
        };
        let wanted = [
            row("3", "lettore", 90, 90, 90),
            row("3", "server", 0, 1, 150),
            row("3 bis", "lettore", 60, 60, 60),
            row("3 bis", "rete", 43, 43, 43),
        ];
        assert_eq!(quantities(&tender), wanted);
        let behind = register.behind(&asked(&reviewer), "lettore").await.unwrap();
        let places: BTreeSet<_> = behind
            .units
            .iter()
            .map(|unit| unit.devices[0].site.clone())
            .collect();
        assert_eq!((behind.units.len(), places.len()), (150, 123));
        let total = tender.estimate.unwrap().total;
        assert_eq!(total.low, 150 * 150_000 + 43 * 25_000);
    });
}
