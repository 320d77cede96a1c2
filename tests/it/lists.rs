//! The list of devices and its map: what is found, page after page, and by whom.

use crate::support::{self, Browser, MILANO, RHO};
use axum::http::StatusCode;
use std::collections::BTreeSet;
use varco::census::filter::{Edge, Filter, Slice, Sort};
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::storage::device::key;
use varco::tiles::Tile;

/// The tile of the whole world.
fn world() -> Tile {
    Tile::new(0, 0, 0).unwrap()
}

/// Seventeen devices of Milano that differ in name and function, every fifth named with accents.
async fn seventeen(register: &Register) {
    let operator = Viewer::operator();
    for number in 0..17 {
        let code = format!("M-{number:02}");
        let name = if number % 5 == 0 {
            "Piazza della Libertà".to_owned()
        } else {
            format!("Via {}", 40 - number)
        };
        let function = ["ztl", "contesto"][number % 2];
        let fields = [
            (Field::Denominazione, name.as_str()),
            (Field::Funzione, function),
        ];
        support::device(register, &operator, MILANO, &code, &fields).await;
    }
}

fn links(page: &str, rel: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!("rel=\"{rel}\""))?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(
        href.split_once('"')?
            .0
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

#[test]
fn every_device_is_on_one_page_whatever_the_order() {
    support::both(async |store| {
        let register = support::register(store).await;
        seventeen(&register).await;
        let filter = Filter::working(&Viewer::operator());
        for sort in Sort::ALL {
            let mut slice = Slice {
                sort,
                from: None,
                size: 5,
            };
            let mut pages = Vec::new();
            loop {
                let found = register.find(&filter, &slice).await.unwrap();
                assert_eq!(found.total, 17);
                let rows = found.listed.rows;
                slice.from = rows.last().map(|last| (Edge::After, key(sort, last)));
                pages.push(rows);
                if !found.listed.after {
                    break;
                }
            }
            let all: Vec<_> = pages.iter().flatten().map(|row| row.device).collect();
            let once: BTreeSet<_> = all.iter().collect();
            assert_eq!((all.len(), once.len()), (17, 17), "{sort:?}");
            // Back from the last page stands what was before it.
            slice.from = Some((Edge::Before, key(sort, &pages[3][0])));
            let back = register.find(&filter, &slice).await.unwrap().listed;
            assert_eq!(back.rows, pages[2], "{sort:?}");
            assert!(back.before && back.after);
        }
    });
}

#[test]
fn a_search_forgets_accents_and_case_and_takes_signs_as_they_are() {
    support::both(async |store| {
        let register = support::register(store).await;
        seventeen(&register).await;
        for (words, expected) in [
            ("LIBERTA piazza", 4),
            ("libertà m-05", 1),
            ("m-0", 10),
            ("%", 0),
            ("_", 17),
            ("vicolo piazza", 0),
        ] {
            let mut filter = Filter::working(&Viewer::operator());
            filter.take("cerca", words).unwrap();
            assert_eq!(register.count(&filter).await.unwrap(), expected, "{words}");
        }
    });
}

#[test]
fn the_page_of_the_list_leads_to_the_next_one_and_back() {
    support::both(async |store| {
        let register = support::register(store).await;
        let operator = Viewer::operator();
        for number in 0..51 {
            support::device(&register, &operator, MILANO, &format!("N°{number:02}"), &[]).await;
        }
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let first = browser
            .get("/dispositivi?funzione=lettura_targhe&dati=lavorazione")
            .await
            .text();
        assert!(first.contains("51 dispositivi") && first.contains(">N°49<"));
        assert!(!first.contains(">N°50<") && links(&first, "prev").is_none());
        let next = links(&first, "next").unwrap();
        assert!(next.contains("funzione=lettura_targhe"), "{next}");
        let second = browser.get(&next).await.text();
        assert!(second.contains(">N°50<") && !second.contains(">N°49<"));
        let back = browser.get(&links(&second, "prev").unwrap()).await.text();
        assert!(back.contains(">N°00<") && back.contains(">N°49<"));
    });
}

#[test]
fn what_the_address_says_wrongly_is_said_back() {
    support::both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let id = "018f0000-0000-7000-8000-000000000000";
        for (address, says) in [
            ("/dispositivi?funzone=ztl".to_owned(), "«funzione»"),
            ("/dispositivi?ordne=codice".to_owned(), "«ordine»"),
            ("/dispositivi?ordine=boh".to_owned(), "«boh»"),
            (
                "/dispositivi?funzione=telecamera".to_owned(),
                "«telecamera»",
            ),
            ("/dispositivi?dopo=boh".to_owned(), "«dopo»"),
            ("/dispositivi?dopo=[%22a%22]".to_owned(), "inizio"),
            (
                format!("/dispositivi?dopo=[%22a%5Cu0000%22,%22b%22,%22{id}%22]"),
                "inizio",
            ),
            (
                format!("/dispositivi?ordine=modifica&prima=[%22ieri%22,%22{id}%22]"),
                "inizio",
            ),
            ("/dispositivi?cerca=a%01b".to_owned(), "«cerca»"),
            ("/mappa?ordine=codice".to_owned(), "«ordine»"),
            (
                "/tiles/dispositivi/0/0/0.mvt?funzone=ztl".to_owned(),
                "«funzione»",
            ),
            ("/esporta?dati=boh".to_owned(), "«dati»"),
        ] {
            let answer = browser.get(&address).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
            assert!(answer.text().contains(says), "{address}: {}", answer.text());
        }
        for address in [
            "/tiles/comuni/0/0/1.mvt",
            "/tiles/comuni/0/0/0",
            "/esporta/tutto.kml",
        ] {
            assert_eq!(browser.get(address).await.status, StatusCode::NOT_FOUND);
        }
    });
}

#[test]
fn neither_list_nor_map_nor_file_shows_what_another_body_keeps_reserved() {
    support::both(async |store| {
        let register = support::register(store).await;
        let operator = Viewer::operator();
        let hidden = [(Field::Software, "Programma segreto")];
        support::device(&register, &operator, RHO, "RHO-RISERVATO", &hidden).await;
        let shared = [(Field::Visibilita, "enti")];
        support::device(&register, &operator, RHO, "RHO-CONDIVISO", &shared).await;
        support::device(&register, &operator, MILANO, "MI-PROPRIO", &[]).await;
        let mut unit = register.store.write().await.unwrap();
        let mut all = Filter::working(&operator);
        all.take("cerca", "rho").unwrap();
        assert_eq!(support::accept(&mut unit, &all).await, 2);
        unit.commit().await.unwrap();
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        for address in [
            "/dispositivi",
            "/tiles/dispositivi/16/34446/23437.mvt",
            "/tiles/dispositivi/16/0/0.mvt?ente=015182",
            "/esporta/dispositivi.csv",
            "/esporta/dispositivi.csv?dati=convalidati",
            "/esporta/dispositivi.geojson?comune=015182",
        ] {
            let text = browser.get(address).await.text();
            assert!(!text.contains("RHO-RISERVATO"), "{address}");
            assert!(!text.contains("Programma segreto"), "{address}");
        }
        let list = browser.get("/dispositivi").await.text();
        assert!(list.contains("RHO-CONDIVISO") && list.contains("MI-PROPRIO"));
        let tile = register.tile(&Filter::of(&officer), world()).await.unwrap();
        let full = register
            .tile(&Filter::working(&operator), world())
            .await
            .unwrap();
        assert!(!tile.is_empty() && tile != full);
    });
}

#[test]
fn a_tile_says_how_long_it_may_be_kept() {
    support::both(async |store| {
        let register = support::register(store).await;
        seventeen(&register).await;
        let observer = support::observer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &observer).await;
        let devices = browser
            .get("/tiles/dispositivi/0/0/0.mvt?funzione=ztl")
            .await;
        assert_eq!(devices.status, StatusCode::OK);
        assert_eq!(devices.header("cache-control"), "private, no-store");
        assert_eq!(
            devices.header("content-type"),
            "application/vnd.mapbox-vector-tile"
        );
        let none = browser
            .get("/tiles/dispositivi/0/0/0.mvt?funzione=semaforo")
            .await;
        assert!(none.status == StatusCode::OK && none.body.is_empty());
        let boundaries = browser.get("/tiles/comuni/9/269/183.mvt").await;
        assert_eq!(boundaries.header("cache-control"), "private, max-age=3600");
        assert!(boundaries.text().contains("Milano"));
    });
}
