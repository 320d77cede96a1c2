//! Vector tiles, read back by GDAL.

use crate::gdal::gdal;
use geo::{BoundingRect, Contains, MultiPoint, Rect};
use serde_json::Value as Json;
use tempfile::TempDir;
use varco::exchange::boundaries;
use varco::tiles::{Tile, TilePoint, encode, encode_boundaries, key};

fn point(id: &str, lon: f64, lat: f64, funzione: &str) -> TilePoint {
    TilePoint {
        id: id.to_owned(),
        lon,
        lat,
        codice: format!("C{id}"),
        denominazione: "Località Cà Bianca".to_owned(),
        ente: "015146".to_owned(),
        funzione: funzione.to_owned(),
        stato: "in_esercizio".to_owned(),
        stato_scntt: "collegato".to_owned(),
        findings: id == "1",
    }
}

/// Two gates near the cathedral of Milano, one camera beside them, and one in Legnano.
fn points() -> Vec<TilePoint> {
    vec![
        point("1", 9.1916, 45.4641, "lettura_targhe"),
        point("2", 9.1926, 45.4645, "lettura_targhe"),
        point("3", 9.1917, 45.4640, "contesto"),
        point("4", 8.9170, 45.5950, "contesto"),
    ]
}

/// The tile of a level that holds a point.
fn holding(zoom: u8, lon: f64, lat: f64) -> ((u32, u32), Tile) {
    let side = 1 << zoom;
    (0..side)
        .flat_map(|x| (0..side).map(move |y| (x, y)))
        .map(|address| (address, Tile::new(zoom, address.0, address.1).unwrap()))
        .find(|(_, tile)| tile.keys().contains(&key(lon, lat)))
        .unwrap()
}

/// The features of a layer of a tile, in degrees.
fn read(bytes: &[u8], zoom: u8, (x, y): (u32, u32), layer: &str) -> Vec<Json> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tile.pbf");
    std::fs::write(&path, bytes).unwrap();
    let (x, y, z) = (format!("X={x}"), format!("Y={y}"), format!("Z={zoom}"));
    let source = format!("MVT:{}", path.display());
    let place = [
        "-oo",
        &x,
        "-oo",
        &y,
        "-oo",
        &z,
        "-oo",
        "CLIP=NO",
        "-t_srs",
        "EPSG:4326",
    ];
    let files = ["-f", "GeoJSON", "/vsistdout/", &source, layer];
    let text = gdal("ogr2ogr", &[&place[..], &files[..]].concat());
    let collection: Json = serde_json::from_str(&text).unwrap();
    collection["features"].as_array().unwrap().clone()
}

/// The box around a polygon or several.
fn extent(feature: &Json) -> Rect<f64> {
    let text = feature["geometry"]["coordinates"].to_string();
    let numbers: Vec<f64> = text
        .split(['[', ']', ','])
        .filter_map(|number| number.parse().ok())
        .collect();
    let points: MultiPoint<f64> = numbers
        .chunks(2)
        .map(|place| (place[0], place[1]))
        .collect();
    points.bounding_rect().unwrap()
}

#[test]
fn at_street_level_every_device_is_a_point_where_it_is() {
    let address = (8610, 5863);
    let bytes = encode(Tile::new(14, address.0, address.1).unwrap(), &points());
    let features = read(&bytes, 14, address, "dispositivi");
    assert_eq!(features.len(), 3, "the one in Legnano is in another tile");
    let first = features
        .iter()
        .find(|feature| feature["properties"]["id"] == "1")
        .unwrap();
    let properties = &first["properties"];
    assert_eq!(properties["codice"], "C1");
    assert_eq!(properties["denominazione"], "Località Cà Bianca");
    assert_eq!(properties["ente"], "015146");
    assert_eq!(properties["funzione"], "lettura_targhe");
    assert_eq!(properties["stato_scntt"], "collegato");
    assert_eq!(properties["segnalazioni"], true);
    let coordinates = &first["geometry"]["coordinates"];
    assert!((coordinates[0].as_f64().unwrap() - 9.1916).abs() < 1e-5);
    assert!((coordinates[1].as_f64().unwrap() - 45.4641).abs() < 1e-5);
}

#[test]
fn far_away_near_devices_are_a_group_that_says_what_is_in_it() {
    let (address, tile) = holding(8, 9.1916, 45.4641);
    let bytes = encode(tile, &points());
    let groups = read(&bytes, 8, address, "gruppi");
    assert_eq!(groups.len(), 1);
    let properties = &groups[0]["properties"];
    assert_eq!(properties["n"], 3);
    assert_eq!(properties["n_lettura_targhe"], 2);
    assert_eq!(properties["n_contesto"], 1);
    assert_eq!(properties["funzione"], "lettura_targhe");
    assert_eq!(properties["segnalazioni"], 1);
    for (side, value) in [
        ("ovest", 9.1916),
        ("sud", 45.4640),
        ("est", 9.1926),
        ("nord", 45.4645),
    ] {
        assert_eq!(properties[side], value);
    }
    let alone = read(&bytes, 8, address, "dispositivi");
    assert_eq!(alone.len(), 1);
    assert_eq!(alone[0]["properties"]["id"], "4");
}

#[test]
fn the_order_of_points_does_not_change_a_tile() {
    let mut backwards = points();
    backwards.reverse();
    for zoom in [0, 5, 8] {
        let (_, tile) = holding(zoom, 9.1916, 45.4641);
        assert_eq!(encode(tile, &points()), encode(tile, &backwards));
    }
}

#[test]
fn a_tile_with_nothing_has_no_bytes() {
    let pacific = Tile::new(3, 0, 0).unwrap();
    assert!(encode(pacific, &points()).is_empty());
    assert!(encode_boundaries(pacific, &boundaries::seeded()).is_empty());
    let wild = [
        point("1", f64::NAN, 45.0, "ztl"),
        point("2", 9.0, f64::INFINITY, "ztl"),
    ];
    assert!(encode(Tile::new(0, 0, 0).unwrap(), &wild).is_empty());
}

#[test]
fn boundaries_keep_their_place_and_their_names_at_every_level() {
    let seeded = boundaries::seeded();
    for zoom in [4, 6, 8, 9] {
        let (address, tile) = holding(zoom, 9.19, 45.4642);
        let features = read(&encode_boundaries(tile, &seeded), zoom, address, "comuni");
        assert!(features.len() > 1, "level {zoom} has {}", features.len());
        let milano = features
            .iter()
            .find(|one| one["properties"]["istat"] == "015146");
        let milano = milano.unwrap_or_else(|| panic!("Milano at level {zoom}"));
        assert_eq!(milano["properties"]["nome"], "Milano");
        let read = extent(milano);
        let whole = seeded.iter().find(|one| one.istat == "015146").unwrap();
        let whole = whole.boundary.bounding_rect().unwrap();
        let shown = tile.bounds(1.0 / 32.0);
        let pixel = shown.width() / 512.0;
        assert!(
            (read.min().x - whole.min().x.max(shown.min().x)).abs() < pixel,
            "level {zoom}"
        );
        assert!(
            (read.max().y - whole.max().y.min(shown.max().y)).abs() < pixel,
            "level {zoom}"
        );
    }
}

#[test]
fn the_name_of_a_comune_is_written_once_and_within_it() {
    let seeded = boundaries::seeded();
    let milano = seeded.iter().find(|one| one.istat == "015146").unwrap();
    let mut places = Vec::new();
    for x in 0..4 {
        for y in 0..4 {
            let address = (1074 + x, 731 + y);
            let tile = Tile::new(11, address.0, address.1).unwrap();
            let bytes = encode_boundaries(tile, &seeded);
            if bytes.windows(4).any(|four| four == b"nomi") {
                let names = read(&bytes, 11, address, "nomi");
                let wanted = |one: &&Json| one["properties"]["nome"] == "Milano";
                places.extend(names.iter().filter(wanted).map(extent));
            }
        }
    }
    assert_eq!(places.len(), 1);
    assert!(milano.boundary.contains(&places[0].center()));
}

#[test]
fn a_boundary_is_cut_a_little_outside_the_tile() {
    let (address, tile) = holding(11, 9.19, 45.4642);
    let features = read(
        &encode_boundaries(tile, &boundaries::seeded()),
        11,
        address,
        "comuni",
    );
    assert!(features.len() > 1);
    let wider = tile.bounds(1.0 / 31.0);
    for feature in features {
        assert!(wider.contains(&extent(&feature)), "{feature}");
    }
}
