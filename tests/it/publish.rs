//! Files of devices: the same from both engines, whole or not at all, and no more than may leave.

use crate::gdal::gdal;
use crate::support::{self, Browser, MILANO, RHO};
use axum::http::StatusCode;
use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Output};
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::storage::Store;

/// Three devices, the public one at a known place, and none of them accepted.
async fn three(register: &Register) {
    let operator = Viewer::operator();
    let public = [
        (Field::Visibilita, "pubblico"),
        (Field::Denominazione, "Città Studi, è così"),
        (Field::Lat, "45.477612"),
        (Field::Lon, "9.227345"),
    ];
    support::device(register, &operator, MILANO, "PUB", &public).await;
    support::device(register, &operator, MILANO, "RIS", &[]).await;
    let shared = [(Field::Visibilita, "enti")];
    support::device(register, &operator, RHO, "ENT", &shared).await;
}

/// Runs `varco export` on a database.
fn export(url: &str, arguments: &[&str], output: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_varco"))
        .args(["export", "--database", url, "--output"])
        .arg(output)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_same_devices_give_the_same_bytes_on_both_engines() {
    let seen: RefCell<Vec<Vec<Vec<u8>>>> = RefCell::default();
    support::both(async |store| {
        let register = support::register(store).await;
        three(&register).await;
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let mut files = Vec::new();
        for (file, kind, name) in [
            (
                "dispositivi.geojson",
                "application/geo+json",
                "dispositivi.geojson",
            ),
            (
                "dispositivi.csv",
                "text/csv; charset=utf-8",
                "dispositivi.csv",
            ),
            (
                "dispositivi.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "dispositivi.xlsx",
            ),
            (
                "dispositivi.zip?crs=EPSG:32632",
                "application/zip",
                "dispositivi_32632.zip",
            ),
            (
                "dispositivi.zip?crs=EPSG:3003",
                "application/zip",
                "dispositivi_3003.zip",
            ),
        ] {
            let answer = browser.get(&format!("/esporta/{file}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(
                answer.header("content-disposition"),
                format!("attachment; filename=\"{name}\"")
            );
            files.push(answer.body);
        }
        seen.borrow_mut().push(files);
    });
    let seen = seen.into_inner();
    for other in &seen[1..] {
        assert!(other == &seen[0], "the engines disagree");
    }
}

#[test]
fn a_file_and_the_list_it_comes_from_hold_the_same_devices() {
    support::both(async |store| {
        let register = support::register(store).await;
        three(&register).await;
        let officer = support::officer(&register, MILANO).await;
        let mut browser = Browser::of(&support::app(&register), &officer).await;
        for (query, lines) in [("", 2), ("?cerca=citta", 1), ("?dati=convalidati", 0)] {
            let file = browser
                .get(&format!("/esporta/dispositivi.csv{query}"))
                .await;
            assert_eq!(file.text().lines().count(), lines + 1, "{query}");
        }
        let page = browser.get("/esporta?cerca=citta").await.text();
        assert!(page.contains("un dispositivo") && page.contains("nessun dispositivo"));
    });
}

#[test]
fn a_system_the_format_does_not_have_is_refused_in_words() {
    support::both(async |store| {
        let register = support::register(store).await;
        let observer = support::observer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &observer).await;
        for file in [
            "geojson?crs=EPSG:32632",
            "csv?crs=3003",
            "xlsx?crs=3003",
            "zip?crs=EPSG:3857",
            "zip?crs=boh",
        ] {
            let answer = browser.get(&format!("/esporta/dispositivi.{file}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{file}");
            assert!(answer.text().contains("EPSG:4326"), "{file}");
        }
    });
}

#[test]
fn a_command_writes_what_gdal_opens_and_a_tier_narrows_it() {
    support::both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        three(&support::register(store.clone()).await).await;
        store.close().await;
        let folder = tempfile::tempdir().unwrap();
        let zip = folder.path().join("d.zip");
        let working = ["devices", "--state", "working", "--format"];
        let run = |more: &[&str], output: &Path| export(&url, &[&working, more].concat(), output);
        let done = run(&["shapefile", "--crs", "EPSG:32632"], &zip);
        assert!(done.status.success(), "{done:?}");
        let layer = format!("/vsizip/{}", zip.display());
        let read = gdal("ogrinfo", &["-al", &layer, "-where", "CODICE = 'PUB'"]);
        assert!(
            read.contains("DENOM (String) = Città Studi, è così"),
            "{read}"
        );
        assert!(
            read.contains("POINT (517768.") && read.contains("Feature Count: 1"),
            "{read}"
        );
        let json = folder.path().join("d.geojson");
        for (tier, codes) in [
            ("riservato", &["PUB", "RIS", "ENT"][..]),
            ("enti", &["PUB", "ENT"]),
            ("pubblico", &["PUB"]),
        ] {
            assert!(run(&["geojson", "--tier", tier], &json).status.success());
            let text = std::fs::read_to_string(&json).unwrap();
            for code in ["PUB", "RIS", "ENT"] {
                let there = text.contains(&format!("\"codice\":\"{code}\""));
                assert_eq!(there, codes.contains(&code), "{tier} {code}");
            }
            let coarse = text.contains("[9.227,45.478]") && !text.contains("Studi");
            assert_eq!(coarse, tier == "pubblico");
        }
    });
}

#[test]
fn a_command_that_cannot_write_leaves_what_was_there() {
    support::both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        support::register(store.clone()).await;
        store.close().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.geojson");
        std::fs::write(&file, "di ieri").unwrap();
        for (arguments, says) in [
            (
                &["devices", "--format", "geojson", "--crs", "EPSG:3003"][..],
                "EPSG:4326",
            ),
            (&["devices", "--format", "kml"], "geojson"),
            (&["sites", "--format", "csv"], "varco export devices"),
        ] {
            let done = export(&url, arguments, &file);
            assert_eq!(done.status.code(), Some(2), "{done:?}");
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(said.contains(says), "{said}");
        }
        let nowhere = folder.path().join("non-c-e/d.csv");
        let done = export(&url, &["devices", "--format", "csv"], &nowhere);
        assert_eq!(done.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&done.stderr).contains("la cartella non c’è"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "di ieri");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    });
}
