//! The places that devices belong to.

use crate::support::{self, Browser, CMM, MILANO, RHO};
use axum::http::StatusCode;
use uuid::Uuid;
use varco::census::filter::Edge;
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::clock::Clock;
use varco::register::Register;
use varco::register::site::{Found, PAGE, Wanted};
use varco::storage::body::Standing;

async fn add_device(register: &Register, viewer: &Viewer, body: &str, code: &str, site: &str) {
    let fields = [
        (Field::Sito, site),
        (Field::PuntiRipresa, "4"),
        (Field::Direzione, "entrata"),
        (Field::Corsie, "2"),
    ];
    support::device(register, viewer, body, code, &fields).await;
}

async fn site_of(register: &Register, body: &str, code: &str) -> Uuid {
    let operator = Viewer::operator();
    let site = register.site_called(&operator, body, code).await.unwrap();
    site.unwrap().id
}

async fn add_sites(register: &Register, body: &str, codes: impl Iterator<Item = String>) {
    let mut unit = register.store.write().await.unwrap();
    let clock = Clock::fixed(support::NOW);
    for code in codes {
        unit.ensure_site(&clock, body, &code, "varco")
            .await
            .unwrap();
    }
    unit.commit().await.unwrap();
}

fn codes(found: &Found) -> Vec<&str> {
    found.rows.iter().map(|row| &*row.site.code).collect()
}

#[test]
fn a_site_shows_its_devices_and_how_many_points_of_view_they_have() {
    support::both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        add_device(&register, &officer, MILANO, "A1", "Porta Nuova").await;
        let alone = [(Field::Sito, "Porta Nuova")];
        support::device(&register, &officer, MILANO, "A2", &alone).await;
        let gone = support::device(&register, &officer, MILANO, "A3", &alone).await;
        register.set_withdrawn(&officer, gone, true).await.unwrap();
        let id = site_of(&register, MILANO, "Porta Nuova").await;

        let mut browser = Browser::of(&support::app(&register), &officer).await;
        let page = browser.get(&format!("/siti/{id}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let text = page.text();
        assert!(text.contains("2 dispositivi, 5 punti di ripresa"), "{text}");
        assert!(text.contains(">A1</a>") && text.contains(">A2</a>") && !text.contains(">A3</a>"));
        assert!(text.contains("Entrata") && text.contains("conta per uno"));
        let add = "/dispositivi/nuovo?ente=015146&#38;sito=Porta+Nuova";
        assert!(text.contains(add), "{text}");
        let form = browser.get(&add.replace("&#38;", "&")).await;
        assert!(form.text().contains("value=\"Porta Nuova\""));
    });
}

#[test]
fn a_device_leads_to_its_site_where_the_viewer_may_see_it() {
    support::both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let shared = [(Field::Sito, "V1"), (Field::Visibilita, "enti")];
        let device = support::device(&register, &officer, MILANO, "A1", &shared).await;
        let mut unit = register.store.write().await.unwrap();
        let everything = varco::census::filter::Filter::working(&Viewer::operator());
        support::accept(&mut unit, &everything).await;
        unit.commit().await.unwrap();
        let link = format!("/siti/{}", site_of(&register, MILANO, "V1").await);

        let app = support::app(&register);
        let page = format!("/dispositivi/{device}");
        let own = Browser::of(&app, &officer).await.get(&page).await;
        assert!(own.text().contains(&link));
        let other = support::officer(&register, RHO).await;
        let mut browser = Browser::of(&app, &other).await;
        let seen = browser.get(&page).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.text().contains("V1") && !seen.text().contains(&link));
        assert_eq!(browser.get(&link).await.status, StatusCode::NOT_FOUND);
        let edit = browser.get(&format!("{link}/modifica")).await;
        assert_eq!(edit.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn officers_list_the_sites_of_their_bodies_and_the_others_all() {
    support::both(async |store| {
        let register = support::register(store).await;
        let (milano, rho) = (
            support::officer(&register, MILANO).await,
            support::officer(&register, RHO).await,
        );
        add_device(&register, &milano, MILANO, "A1", "V10").await;
        add_device(&register, &milano, MILANO, "A2", "V2").await;
        add_device(&register, &rho, RHO, "B1", "V1").await;
        let all = Wanted::default();
        let found = register.find_sites(&milano, &all).await.unwrap();
        assert_eq!(codes(&found), ["V2", "V10"]);
        assert_eq!((found.total, found.gates, found.bodies.len()), (2, 2, 1));
        let one = Standing {
            devices: 1,
            views: 4,
        };
        assert!(found.rows.iter().all(|row| row.standing == one));
        let reviewer = support::reviewer(&register).await;
        let found = register.find_sites(&reviewer, &all).await.unwrap();
        assert_eq!(codes(&found), ["V2", "V10", "V1"]);

        let rho_only = Wanted {
            body: RHO.to_owned(),
            ..Wanted::default()
        };
        let found = register.find_sites(&reviewer, &rho_only).await.unwrap();
        assert_eq!((codes(&found), found.bodies.len()), (vec!["V1"], 2));
        let found = register.find_sites(&milano, &rho_only).await.unwrap();
        assert_eq!(found.total, 0);
        let words = Wanted {
            text: "RHÒ v1".to_owned(),
            ..Wanted::default()
        };
        let found = register.find_sites(&reviewer, &words).await.unwrap();
        assert_eq!(codes(&found), ["V1"]);
    });
}

#[test]
fn a_long_list_of_sites_is_paged_by_key_in_both_directions() {
    support::both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let all: Vec<String> = (1..=2 * PAGE + 5)
            .map(|number| format!("V{number}"))
            .collect();
        add_sites(&register, MILANO, all.iter().cloned()).await;
        let page = async |from| {
            let wanted = Wanted {
                from,
                ..Wanted::default()
            };
            register.find_sites(&reviewer, &wanted).await.unwrap()
        };
        let key = |code: &str| [MILANO.to_owned(), code.to_owned()];
        let first = page(None).await;
        assert_eq!(codes(&first), all[..PAGE]);
        assert!(!first.before && first.after);
        let second = page(Some((Edge::After, key(&all[PAGE - 1])))).await;
        assert_eq!(codes(&second), all[PAGE..2 * PAGE]);
        assert!(second.before && second.after);
        let last = page(Some((Edge::After, key(&all[2 * PAGE - 1])))).await;
        assert_eq!(codes(&last), all[2 * PAGE..]);
        assert!(last.before && !last.after);
        let back = page(Some((Edge::Before, key(&all[2 * PAGE])))).await;
        assert_eq!(codes(&back), codes(&second));
        let nowhere = page(Some((Edge::After, key("V3 bis")))).await;
        assert_eq!(nowhere.rows[0].site.code, "V4");

        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let text = browser.get("/siti").await.text();
        assert!(text.contains("205 varchi") && text.contains("Successivi"));
        let wrong = browser.get("/siti?dopo=x").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        let unknown = browser.get("/siti?enti=x").await;
        assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn who_writes_a_site_gives_it_a_kind_and_a_name() {
    support::both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        add_device(&register, &officer, MILANO, "A1", "V1").await;
        let app = support::app(&register);
        let page = format!("/siti/{}", site_of(&register, MILANO, "V1").await);
        let edit = format!("{page}/modifica");
        let mut browser = Browser::of(&app, &officer).await;
        assert_eq!(browser.get(&edit).await.status, StatusCode::OK);
        let name = [("tipo", "postazione"), ("nome", "Rotonda <b>")];
        let saved = browser.post(&edit, &name).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let text = browser.get(saved.location()).await.text();
        assert!(text.contains("V1 · Rotonda &#60;b&#62;") && text.contains("Postazione"));

        let address = [("tipo", "varco"), ("nome", "telecamera 10.0.0.5")];
        let refused = browser.post(&edit, &address).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused
                .text()
                .contains("Il testo somiglia a un indirizzo di rete")
        );
        let long = "x".repeat(161);
        let refused = browser
            .post(&edit, &[("tipo", "varco"), ("nome", &long)])
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let refused = browser
            .post(&edit, &[("tipo", "ponte"), ("nome", "")])
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);

        let reviewer = support::person(&register, varco::census::person::Role::Validatore, CMM);
        let mut browser = Browser::of(&app, &reviewer.await).await;
        let seen = browser.get(&page).await;
        assert!(seen.text().contains("Rotonda") && !seen.text().contains(&edit));
        assert_eq!(browser.get(&edit).await.status, StatusCode::FORBIDDEN);
        let refused = browser.post(&edit, &name).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn a_site_that_is_not_there_is_not_found() {
    support::both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        for path in ["/siti/x", "/siti/00000000-0000-0000-0000-000000000000"] {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND);
        }
        let empty = browser.get("/siti").await;
        assert!(empty.text().contains("Non ci sono ancora siti"));
    });
}
