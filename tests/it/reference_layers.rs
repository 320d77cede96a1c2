//! Reference layers: every format in, with files that GDAL made; wrong files named feature by feature;
//! distances as PostGIS has them; who sees what.

use crate::gdal::gdal;
use crate::support::{self, Browser, MILANO, RHO, both};
use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::io::{Seek, Write};
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;
use varco::census::filter::Filter;
use varco::census::person::Viewer;
use varco::census::proximity::Nearest;
use varco::census::reference_layer::{Feature, Kind, ReferenceLayer};
use varco::census::vocabulary::Field;
use varco::register::document::Attachment;
use varco::register::reference_layer::{Asked, OLDER, Outcome, Refused, TypedLayer, Watchers};
use varco::register::{self, Register};
use varco::storage::Store;
use varco::tiles::Tile;

fn typed(kind: &str, name: &str) -> TypedLayer {
    TypedLayer {
        kind: kind.to_owned(),
        name: name.to_owned(),
        source: "Ufficio di prova".to_owned(),
        licence: "CC BY 4.0".to_owned(),
        dated: "01/02/2026".to_owned(),
        ..TypedLayer::default()
    }
}

fn file(name: &str, bytes: &[u8]) -> Attachment {
    let mut content = tempfile::tempfile().unwrap();
    content.write_all(bytes).unwrap();
    content.rewind().unwrap();
    Attachment {
        name: name.to_owned(),
        content,
    }
}

async fn load(register: &Register, typed: &TypedLayer, name: &str, bytes: &[u8]) -> Outcome {
    register
        .load_reference(&Viewer::operator(), typed, Some(file(name, bytes)))
        .await
        .unwrap()
}

async fn loaded(register: &Register, typed: &TypedLayer, name: &str, bytes: &[u8]) -> Uuid {
    match load(register, typed, name, bytes).await {
        Outcome::Loaded(id) => id,
        Outcome::Refused(refused) => panic!("{name}: {refused:?}"),
    }
}

async fn refused(register: &Register, typed: &TypedLayer, name: &str, bytes: &[u8]) -> Refused {
    match load(register, typed, name, bytes).await {
        Outcome::Refused(refused) => refused,
        Outcome::Loaded(_) => panic!("{name} was loaded"),
    }
}

#[test]
fn data_that_are_older_than_those_in_use_take_their_place_only_when_that_is_confirmed() {
    both(async |store| {
        let register = support::register(store).await;
        let bytes = collection(&shapes());
        let dated = |name: &str, dated: &str, older: &str| TypedLayer {
            dated: dated.to_owned(),
            older: older.to_owned(),
            ..typed("fibra", name)
        };
        let new = dated("Del 2025", "01/06/2025", "");
        let new = loaded(&register, &new, "a.geojson", &bytes).await;
        let old = dated("Del 2020", "01/06/2020", "");
        let refused = refused(&register, &old, "a.geojson", &bytes).await;
        assert_eq!(refused.wrong.len(), 1);
        assert_eq!(refused.wrong[0].field, OLDER);
        let why = &refused.wrong[0].message;
        assert!(
            why.contains("«Del 2025»") && why.contains("01/06/2025"),
            "{why}"
        );
        let counting = async || {
            let there = register.references_at(&Viewer::operator(), None).await;
            there.unwrap().remove(0).id
        };
        assert_eq!(counting().await, new);
        // Another kind is another layer, and the same day is not older.
        loaded(&register, &typed("cavidotti", "Cavi"), "a.geojson", &bytes).await;
        let same = dated("Corretto", "01/06/2025", "");
        let same = loaded(&register, &same, "a.geojson", &bytes).await;
        assert_eq!(counting().await, same);
        let old = dated("Del 2020", "01/06/2020", "si");
        let old = loaded(&register, &old, "a.geojson", &bytes).await;
        assert_eq!(counting().await, old);
        let app = support::app(&register);
        let observer = support::observer(&register).await;
        let mut browser = Browser::of(&app, &observer).await;
        let page = browser.get(&format!("/riferimenti/{old}")).await.text();
        let words = "Ha preso il posto di «Corretto», con dati del 01/06/2025, più recenti";
        assert!(page.contains(words), "{page}");
        let first = browser.get(&format!("/riferimenti/{new}")).await.text();
        assert!(!first.contains("Ha preso il posto"), "{first}");
    });
}

fn collection(features: &[Value]) -> Vec<u8> {
    let all = json!({ "type": "FeatureCollection", "features": features });
    all.to_string().into_bytes()
}

fn shape(name: &str, geometry: &Value) -> Value {
    json!({ "type": "Feature", "properties": { "nome": name, "km": 3 }, "geometry": geometry })
}

/// A line, a polygon with a hole, and several of each.
fn shapes() -> Vec<Value> {
    let ring = |x: f64, y: f64, side: f64| {
        json!([
            [x, y],
            [x + side, y],
            [x + side, y + side],
            [x, y + side],
            [x, y]
        ])
    };
    vec![
        shape("Dorsale", &json!({ "type": "LineString", "coordinates": [[9.1, 45.4], [9.15, 45.45], [9.2, 45.45]] })),
        shape("Rami", &json!({ "type": "MultiLineString", "coordinates": [[[9.2, 45.45], [9.25, 45.5]], [[9.2, 45.45], [9.2, 45.5]]] })),
    ]
    .into_iter()
    .chain([
        shape("Ciambella", &json!({ "type": "Polygon", "coordinates": [ring(9.3, 45.5, 0.02), ring(9.305, 45.505, 0.005)] })),
        shape("Due", &json!({ "type": "MultiPolygon", "coordinates": [[ring(9.0, 45.5, 0.01)], [ring(9.05, 45.5, 0.01)]] })),
    ])
    .collect()
}

/// The same features as another file, made by GDAL.
fn converted(folder: &Path, features: &[Value], name: &str, options: &[&str]) -> Vec<u8> {
    let source = folder.join("origine.geojson");
    std::fs::write(&source, collection(features)).unwrap();
    let target = folder.join(name);
    let (target, source) = (target.to_str().unwrap(), source.to_str().unwrap());
    gdal("ogr2ogr", &[options, &[target, source]].concat());
    std::fs::read(target).unwrap()
}

/// The files of a folder whose names begin so and do not end so, in an archive.
fn zipped(folder: &Path, stem: &str, without: &str) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut bytes);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with(stem) && (without.is_empty() || !name.ends_with(without)) {
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(&std::fs::read(&path).unwrap()).unwrap();
        }
    }
    zip.finish().unwrap();
    bytes.into_inner()
}

async fn features(register: &Register, id: Uuid) -> Vec<Feature> {
    let holding = register.reference(&Viewer::operator(), id, 0).await;
    holding.unwrap().features
}

/// Whether two layers are the same to within what a conversion there and back may move: 2 cm.
fn alike(one: &[Feature], two: &[Feature]) {
    use geo::CoordsIter;
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(two) {
        assert_eq!((one.number, &one.name), (two.number, &two.name));
        assert_eq!(one.form(), two.form());
        let nearest = Nearest::new(vec![two.clone()]);
        let (left, right) = (one.shape.coords_count(), two.shape.coords_count());
        assert_eq!(left, right, "{}", one.name);
        for place in one.shape.exterior_coords_iter() {
            let near = nearest.to(place.x, place.y).unwrap();
            assert!(near.metres < 0.02, "{} {near:?}", one.name);
        }
    }
}

#[test]
fn every_format_gives_the_same_layer_in_any_system() {
    both(async |store| {
        let register = support::register(store).await;
        let folder = TempDir::new().unwrap();
        let folder = folder.path();
        let all = shapes();
        let fibre = typed("fibra", "Fibra");
        let plain = loaded(&register, &fibre, "a.geojson", &collection(&all)).await;
        let plain = features(&register, plain).await;
        assert_eq!(plain.len(), 4);
        assert_eq!(plain[2].name, "Ciambella");

        let old = [
            "-f",
            "GeoJSON",
            "-t_srs",
            "EPSG:32632",
            "-lco",
            "RFC7946=NO",
        ];
        let bytes = converted(folder, &all, "utm.geojson", &old);
        let utm = loaded(&register, &fibre, "utm.geojson", &bytes).await;
        alike(&plain, &features(&register, utm).await);

        let package = ["-f", "GPKG", "-t_srs", "EPSG:7791", "-nln", "tratte"];
        let bytes = converted(folder, &all, "uno.gpkg", &package);
        let id = loaded(&register, &fibre, "uno.gpkg", &bytes).await;
        alike(&plain, &features(&register, id).await);
        let more = ["-f", "GPKG", "-update", "-nln", "zone \"due\""];
        let bytes = converted(folder, &all[2..], "uno.gpkg", &more);
        let asked = refused(&register, &fibre, "uno.gpkg", &bytes).await;
        assert_eq!(asked.tables, ["tratte", "zone \"due\""]);
        assert_eq!(asked.wrong[0].field, "tabella");
        let mut second = fibre.clone();
        second.table = "zone \"due\"".to_owned();
        let id = loaded(&register, &second, "uno.gpkg", &bytes).await;
        assert_eq!(features(&register, id).await[0].name, "Ciambella");

        for (stem, part) in [("linee", &all[..2]), ("aree", &all[2..])] {
            let shp = ["-f", "ESRI Shapefile", "-t_srs", "EPSG:3003"];
            converted(folder, part, &format!("{stem}.shp"), &shp);
        }
        let lines = zipped(folder, "linee", "");
        let id = loaded(&register, &fibre, "linee.zip", &lines).await;
        alike(&plain[..2], &features(&register, id).await);
        let id = loaded(&register, &fibre, "aree.zip", &zipped(folder, "aree", "")).await;
        let areas = features(&register, id).await;
        assert_eq!(areas[0].form(), "Poligono");
        let hole = Nearest::new(areas);
        assert!(hole.to(9.3075, 45.5075).unwrap().metres > 100.0);
        assert_eq!(hole.to(9.302, 45.502).unwrap().metres.to_bits(), 0);

        let unsaid = zipped(folder, "linee", ".prj");
        let asked = refused(&register, &fibre, "linee.zip", &unsaid).await;
        assert_eq!(asked.wrong[0].field, "crs");
        let mut said = fibre.clone();
        said.crs = "EPSG:3003".to_owned();
        let id = loaded(&register, &said, "linee.zip", &unsaid).await;
        alike(&plain[..2], &features(&register, id).await);
        said.crs = "EPSG:32632".to_owned();
        let contrary = refused(&register, &said, "linee.zip", &lines).await;
        assert!(contrary.wrong[0].message.contains("dichiara EPSG:3003"));
    });
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a list of what is asked and of what is said"
)]
fn every_wrong_feature_is_named_and_nothing_is_loaded() {
    both(async |store| {
        let register = support::register(store.clone()).await;
        let before = support::contents(&store).await;
        let point = |coordinates: &Value| json!({ "type": "Point", "coordinates": coordinates });
        let open = json!({ "type": "Polygon", "coordinates": [[[9.1, 45.4], [9.2, 45.4], [9.2, 45.5], [9.1, 45.5]]] });
        let many = [
            shape("giusto", &point(&json!([9.19, 45.46]))),
            shape("vuota", &point(&json!([]))),
            shape("manca", &Value::Null),
            shape("scambiate", &point(&json!([45.46, 9.19]))),
            shape("lontano", &point(&json!([2.35, 48.85]))),
            shape("testi", &point(&json!(["9.19", "45.46"]))),
            shape("aperto", &open),
            shape(
                "raccolta",
                &json!({ "type": "GeometryCollection", "geometries": [] }),
            ),
            shape(
                "corta",
                &json!({ "type": "LineString", "coordinates": [[9.1, 45.4]] }),
            ),
            shape("rtsp://10.0.0.7/uno", &point(&json!([9.19, 45.46]))),
        ];
        let told = refused(
            &register,
            &typed("scuole", "S"),
            "a.geojson",
            &collection(&many),
        )
        .await;
        let faults: Vec<(u64, &str)> = told
            .faults
            .iter()
            .map(|fault| (fault.feature, fault.why.as_str()))
            .collect();
        let says = [
            (2, "non si leggono"),
            (3, "manca"),
            (4, "scambiate"),
            (5, "fuori dal territorio"),
            (6, "non si leggono"),
            (7, "non è chiuso"),
            (8, "GeometryCollection"),
            (9, "meno di due"),
            (10, "somiglia"),
        ];
        assert_eq!(faults.len(), says.len(), "{faults:?}");
        for ((feature, why), (number, words)) in faults.iter().zip(says) {
            assert!(
                *feature == number && why.contains(words),
                "{feature}: {why}"
            );
        }
        let endless = vec![shape("x", &Value::Null); 250];
        let told = refused(
            &register,
            &typed("scuole", "S"),
            "a.json",
            &collection(&endless),
        )
        .await;
        assert_eq!((told.faults.len(), told.all_faults), (100, 250));
        for (name, bytes, says) in [
            ("a.csv", b"codice;lat\n1;2\n".as_slice(), "non è un GeoJSON"),
            (
                "a.geojson",
                b"{\"type\":\"FeatureCollection\",\"features\":[".as_slice(),
                "rotto alla riga 1",
            ),
            (
                "a.geojson",
                b"{\"type\":\"FeatureCollection\",\"features\":[]}".as_slice(),
                "nessun elemento",
            ),
            (
                "a.gpkg",
                b"SQLite format 3\0nient'altro".as_slice(),
                "GeoPackage",
            ),
            ("a.zip", b"PK\x03\x04".as_slice(), "rovinato"),
        ] {
            let told = refused(&register, &typed("scuole", "S"), name, bytes).await;
            assert!(
                told.wrong[0].message.contains(says),
                "{name}: {:?}",
                told.wrong
            );
        }
        let mut labelled = typed("scuole", "S");
        labelled.label = "insegna".to_owned();
        let told = refused(&register, &labelled, "a.json", &collection(&shapes())).await;
        assert_eq!(told.attributes, ["km", "nome"]);
        let told = refused(
            &register,
            &TypedLayer::default(),
            "a.json",
            &collection(&shapes()),
        )
        .await;
        let fields: Vec<&str> = told.wrong.iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["tipo", "nome", "fonte", "licenza", "data"]);
        assert_eq!(support::contents(&store).await, before);
    });
}

/// Distances by PostGIS, on the spheroid.
async fn by_postgis(pool: &PgPool, place: (f64, f64), shapes: &[Value]) -> f64 {
    let mut least = f64::INFINITY;
    for one in shapes {
        let metres: f64 = sqlx::query_scalar(
            "SELECT ST_Distance(ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography,
               ST_SetSRID(ST_GeomFromGeoJSON($3), 4326)::geography)",
        )
        .bind(place.0)
        .bind(place.1)
        .bind(one["geometry"].to_string())
        .fetch_one(pool)
        .await
        .unwrap();
        least = least.min(metres);
    }
    least
}

#[test]
fn distances_are_those_of_postgis() {
    both(async |store| {
        let Store::Postgres(pool) = &store else {
            return;
        };
        let register = support::register(store.clone()).await;
        let all = shapes();
        loaded(&register, &typed("fibra", "F"), "a.json", &collection(&all)).await;
        let mut unit = register.store.read().await.unwrap();
        let fibre = register.reference_at(&mut unit, Kind::Fibre, None).await;
        let fibre = fibre.unwrap().unwrap();
        for step in 0..60 {
            let step = f64::from(step);
            let place = (
                8.9 + step * 0.0081,
                45.62 - (step * 0.37).sin().abs() * 0.25,
            );
            let metres = fibre.nearest.to(place.0, place.1).unwrap().metres;
            let truth = by_postgis(pool, place, &all).await;
            let off = (metres - truth).abs();
            assert!(
                off < 0.1 + truth * 1e-6,
                "{place:?}: {metres} instead of {truth}"
            );
        }
    });
}

#[test]
fn an_edition_takes_the_place_of_another_and_every_instant_keeps_its_own() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let first = support::reference_layer(&register, "fibra", false).await;
        let between = register.clock.now();
        let later = register.clock.new_id();
        assert_ne!(later, first);
        let second = support::reference_layer(&register, "fibra", false).await;
        let third = register.clock.now();
        let at = async |at| {
            let mut unit = register.store.read().await.unwrap();
            let found = register.reference_at(&mut unit, Kind::Fibre, at).await;
            found.unwrap().map(|reference| reference.layer.id)
        };
        assert_eq!(at(Some(support::NOW)).await, None);
        assert_eq!(at(Some(between)).await, Some(first));
        assert_eq!(at(None).await, Some(second));
        let silent = register.withdraw_reference(&reviewer, second, " ").await;
        assert!(matches!(silent, Err(register::Error::Invalid(_))));
        register
            .withdraw_reference(&reviewer, second, "Tracciati sbagliati")
            .await
            .unwrap();
        let again = register
            .withdraw_reference(&reviewer, second, "Ancora")
            .await;
        assert!(matches!(again, Err(register::Error::Invalid(_))));
        assert_eq!(at(None).await, Some(first));
        assert_eq!(at(Some(third)).await, Some(second));
        let all = register.references(&reviewer).await.unwrap();
        let counting: Vec<(Uuid, bool)> = all
            .iter()
            .map(|seen| (seen.layer.id, seen.counts))
            .collect();
        assert_eq!(counting, [(second, false), (first, true)]);
        assert_eq!(register.verify().await.unwrap().first, None);
    });
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a list of what is asked and of what is said"
)]
fn sites_are_as_far_as_their_nearest_device_and_places_without_one_are_named() {
    both(async |store| {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let at = |site: &'static str, lon: &'static str| {
            [
                (Field::Sito, site),
                (Field::Lon, lon),
                (Field::Lat, "45.4641"),
                (Field::Visibilita, "riservato"),
            ]
        };
        for (code, site, lon) in [
            ("A1", "V1", "9.1926"),
            ("A2", "V1", "9.1936"),
            ("A3", "", "9.1956"),
        ] {
            support::device(&register, &officer, MILANO, code, &at(site, lon)).await;
        }
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &Filter::working(&Viewer::operator())).await;
        unit.commit().await.unwrap();
        let layer = support::reference_layer(&register, "scuole", true).await;
        support::reference_layer(&register, "fibra", false).await;
        let reviewer = support::reviewer(&register).await;
        let found = register
            .distances(&reviewer, &Asked::default())
            .await
            .unwrap();
        let rows: Vec<(&str, usize, f64)> = found
            .rows
            .iter()
            .map(|row| (row.code.as_str(), row.devices, row.metres.round()))
            .collect();
        assert_eq!(rows, [("A3", 1, 313.0), ("V1", 2, 78.0)]);
        assert!(found.rows[0].device.is_some() && found.rows[1].site.is_some());
        let far = Asked {
            beyond_m: Some(100.0),
            ascending: true,
            ..Asked::default()
        };
        assert_eq!(
            register
                .distances(&reviewer, &far)
                .await
                .unwrap()
                .rows
                .len(),
            1
        );

        let watch = async |viewer: &Viewer, radius, watchers| {
            let found = register.unwatched(viewer, Some(layer), radius, watchers);
            found.await.unwrap().rows
        };
        let uncovered = watch(&reviewer, 500.0, Watchers::InService).await;
        assert_eq!(uncovered.len(), 1);
        assert_eq!(
            (uncovered[0].number, uncovered[0].municipality.as_str()),
            (2, "Milano")
        );
        assert!((1_190.0..1_330.0).contains(&uncovered[0].metres.unwrap()));
        assert!(
            watch(&reviewer, 2_000.0, Watchers::PlateReaders)
                .await
                .is_empty()
        );
        // Nobody learns from a distance where a reserved device of another body stands.
        let rho = support::officer(&register, RHO).await;
        let blind = watch(&rho, 500.0, Watchers::InService).await;
        assert!(blind.len() == 2 && blind.iter().all(|row| row.metres.is_none()));
        assert!(
            register
                .distances(&rho, &Asked::default())
                .await
                .unwrap()
                .rows
                .is_empty()
        );
        for radius in [0.0, -1.0, f64::NAN, 1e9] {
            let refused = register.unwatched(&reviewer, None, radius, Watchers::InService);
            assert!(matches!(refused.await, Err(register::Error::Invalid(_))));
        }

        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        let page = browser.get("/riferimenti/distanze?oltre=100").await;
        assert!(
            page.text().contains(">A3</a>") && !page.text().contains(">V1</a>"),
            "{}",
            page.text()
        );
        let csv = browser
            .get("/riferimenti/distanze.csv?ordine=distanza")
            .await;
        assert!(
            csv.text()
                .contains(";V1;2;78;Punto;1;Livello fibra;2026-02-01"),
            "{}",
            csv.text()
        );
        let page = browser.get("/riferimenti/scoperti?raggio=500").await;
        assert!(page.text().contains("un luogo scoperto"), "{}", page.text());
        let csv = browser.get("/riferimenti/scoperti.csv?raggio=500").await;
        assert!(
            csv.text()
                .contains("Livello scuole;2;Punto;Milano;45,474100;9,201600;")
        );
        for wrong in [
            "distanze?oltre=x",
            "distanze?ordine=x",
            "scoperti?raggio=-3",
            "scoperti?dispositivi=x",
        ] {
            let answer = browser.get(&format!("/riferimenti/{wrong}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    });
}

#[test]
fn a_reserved_layer_is_there_for_whoever_reads_everything_and_for_nobody_else() {
    both(async |store| {
        let register = support::register(store).await;
        let fibre = support::reference_layer(&register, "fibra", false).await;
        let schools = support::reference_layer(&register, "scuole", true).await;
        let officer = support::officer(&register, MILANO).await;
        let observer = support::observer(&register).await;
        let app = support::app(&register);
        let mut own = Browser::of(&app, &officer).await;
        let list = own.get("/riferimenti").await.text();
        assert!(list.contains("Livello scuole") && !list.contains("Livello fibra"));
        assert!(!own.get("/mappa").await.text().contains("Livello fibra"));
        for path in ["", "/ritira"] {
            let address = format!("/riferimenti/{fibre}{path}");
            let answer = if path.is_empty() {
                own.get(&address).await
            } else {
                own.post(&address, &[("motivo", "x")]).await
            };
            let refused = [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN];
            assert!(refused.contains(&answer.status), "{address}");
        }
        let tile = |id: Uuid| format!("/tiles/riferimenti/{id}/14/8610/5863.mvt");
        assert_eq!(own.get(&tile(fibre)).await.status, StatusCode::NOT_FOUND);
        assert!(!own.get(&tile(schools)).await.body.is_empty());
        for page in ["distanze", "distanze.csv", "scoperti", "scoperti.csv"] {
            let address = format!("/riferimenti/{page}?livello={fibre}");
            assert_eq!(
                own.get(&address).await.status,
                StatusCode::NOT_FOUND,
                "{page}"
            );
        }
        let silent = own.get("/riferimenti/distanze").await.text();
        assert!(
            silent.contains("Non c’è un livello della fibra in uso"),
            "{silent}"
        );
        assert_eq!(
            own.get("/riferimenti/nuovo").await.status,
            StatusCode::FORBIDDEN
        );

        let mut all = Browser::of(&app, &observer).await;
        assert!(
            all.get("/riferimenti")
                .await
                .text()
                .contains("Livello fibra")
        );
        assert!(all.get("/mappa").await.text().contains("Livello fibra"));
        for _ in 0..3 {
            assert!(!all.get(&tile(fibre)).await.body.is_empty());
        }
        let page = all.get(&format!("/riferimenti/{fibre}")).await.text();
        assert!(
            page.contains("Ufficio") || page.contains("Chi ce l’ha dato"),
            "{page}"
        );
        assert!(!page.contains("Ritira il livello"));
        register.settle().await.unwrap();
        let mut unit = register.store.read().await.unwrap();
        let mut read = Vec::new();
        unit.each_record(|record| {
            if record.act == "lettura" && record.subject == fibre.to_string() {
                read.push(record.detail);
            }
        })
        .await
        .unwrap();
        assert_eq!(
            read,
            ["riquadri della mappa di un livello", "scheda del livello"]
        );
        let denied = register.withdraw_reference(&observer, fibre, "x").await;
        assert!(matches!(denied, Err(register::Error::Forbidden(_))));
    });
}

#[test]
fn a_layer_is_loaded_from_the_page_and_shown() {
    both(async |store| {
        let register = support::register(store).await;
        let reviewer = support::reviewer(&register).await;
        let mut browser = Browser::of(&support::app(&register), &reviewer).await;
        browser.get("/riferimenti/nuovo").await;
        let token = browser.csrf.clone().unwrap();
        let fields = [
            ("_csrf", token.as_str()),
            ("tipo", "strade"),
            ("nome", "Strade <b>"),
            ("fonte", "Ufficio"),
            ("licenza", "CC0"),
            ("data", "31/12/2025"),
            ("etichetta", "km"),
        ];
        let wrong = collection(&[shape("a", &Value::Null)]);
        let path = "/riferimenti/nuovo";
        let answer = browser
            .upload(path, &fields, ("file", "a.json", &wrong))
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = answer.text();
        assert!(text.contains("C’è un elemento sbagliato") && text.contains("manca la geometria"));
        assert!(text.contains("Strade &#60;b&#62;"));
        let bytes = collection(&shapes());
        let answer = browser
            .upload(path, &fields, ("file", "a.json", &bytes))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let page = browser.get(answer.location()).await.text();
        assert!(
            page.contains("4 elementi") && page.contains("31/12/2025") && page.contains("Linea")
        );
        assert!(page.contains("<td data-label=\"Nome\">3</td>"), "{page}");
        assert!(page.contains("EPSG:4326"));
        let nothing = [("_csrf", token.as_str()), ("tipo", "strade")];
        let answer = browser.post_bare(path, &nothing).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("Scegliete il file"));
    });
}

#[test]
fn a_tile_shows_lines_polygons_and_points_where_they_are() {
    both(async |store| {
        let register = support::register(store).await;
        let mut all = shapes();
        all.push(shape(
            "P",
            &json!({ "type": "Point", "coordinates": [9.1916, 45.4641] }),
        ));
        let id = loaded(&register, &typed("altro", "X"), "a.json", &collection(&all)).await;
        let operator = Viewer::operator();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("tile.pbf");
        // The tile of level 9 around Milano, where everything is.
        let (x, y) = (269, 183);
        let tile = Tile::new(9, x, y).unwrap();
        let bytes = register.reference_tile(&operator, id, tile).await.unwrap();
        std::fs::write(&path, bytes).unwrap();
        let source = format!("MVT:{}", path.display());
        let (x, y) = (format!("X={x}"), format!("Y={y}"));
        let place = [
            "-oo",
            &x,
            "-oo",
            &y,
            "-oo",
            "Z=9",
            "-oo",
            "CLIP=NO",
            "-t_srs",
            "EPSG:4326",
        ];
        let names = |layer: &str| -> Vec<String> {
            let files = ["-f", "GeoJSON", "/vsistdout/", &source, layer];
            let text = gdal("ogr2ogr", &[&place[..], &files[..]].concat());
            let read: Value = serde_json::from_str(&text).unwrap();
            let name = |one: &Value| one["properties"]["nome"].as_str().unwrap().to_owned();
            read["features"]
                .as_array()
                .unwrap()
                .iter()
                .map(name)
                .collect()
        };
        let shown: Vec<Vec<String>> = ["linee", "aree", "punti"].map(names).to_vec();
        assert!(shown[0].contains(&"Dorsale".to_owned()), "{shown:?}");
        let pacific = Tile::new(3, 0, 0).unwrap();
        assert!(
            register
                .reference_tile(&operator, id, pacific)
                .await
                .unwrap()
                .is_empty()
        );
        let layers: Vec<ReferenceLayer> = register.references_at(&operator, None).await.unwrap();
        assert_eq!((layers.len(), layers[0].features), (1, 5));
    });
}

#[test]
fn a_table_that_computes_its_columns_is_not_read() {
    both(async |store| {
        let register = support::register(store).await;
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (
            folder.path().join("a.geojson"),
            folder.path().join("a.gpkg"),
        );
        let point = json!({"type": "Point", "coordinates": [9.19, 45.46]});
        let feature = json!({"type": "Feature", "properties": {}, "geometry": point});
        std::fs::write(&source, collection(&[feature])).unwrap();
        let [source, path] = [&source, &target].map(|path| path.to_str().unwrap());
        gdal("ogr2ogr", &["-f", "GPKG", "-nln", "punti", path, source]);
        let sound = std::fs::read(&target).unwrap();
        loaded(&register, &typed("scuole", "Scuole"), "a.gpkg", &sound).await;
        let statement =
            "ALTER TABLE punti ADD COLUMN big GENERATED ALWAYS AS (zeroblob(900000000)) VIRTUAL";
        gdal("sqlite3", &[path, statement]);
        let large = std::fs::read(&target).unwrap();
        refused(&register, &typed("scuole", "Altre"), "a.gpkg", &large).await;
    });
}
