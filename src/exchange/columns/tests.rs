//! What columns are taken for, and what a person can change.

use super::*;
use crate::census::record::{Record, Value};
use crate::census::rules::{Bodies, Catalogue};
use crate::census::territory::{Municipality, Territory};
use crate::exchange::csv::{CsvReader, CsvWriter};
use geo::MultiPolygon;
use std::io::Cursor;
use std::sync::Arc;

fn milano() -> Hints<'static> {
    Hints {
        window: Some(Rect::new((8.6, 45.1), (9.6, 45.7))),
        ..Hints::default()
    }
}

fn header(text: &str) -> Vec<String> {
    text.split(';').map(str::to_owned).collect()
}

fn mapped(text: &str) -> Vec<(String, &'static str)> {
    let mapping = Mapping::of(&header(text), &[], &milano());
    mapping
        .used()
        .map(|(header, name)| (header.to_owned(), name))
        .collect()
}

fn cells(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn row(cells: &[&str]) -> Row {
    let cells = cells.iter().collect();
    Row {
        line: 2,
        record: 1,
        cells,
    }
}

#[test]
fn the_gates_of_milano_map_by_themselves() {
    let header = header("id_amat;label;LONG_X_4326;LAT_Y_4326;Location");
    let mapping = Mapping::of(&header, &[], &milano());
    let used: Vec<_> = mapping.used().collect();
    assert_eq!(
        used,
        [
            ("id_amat", "codice"),
            ("label", "denominazione"),
            ("LONG_X_4326", "lon"),
            ("LAT_Y_4326", "lat")
        ]
    );
    assert_eq!(mapping.ignored().collect::<Vec<_>>(), ["Location"]);
    let findings = mapping.findings();
    assert_eq!(findings[0].0, "Location");
    assert!(findings[0].1.message.contains("ripete la posizione"));
    assert_eq!(
        mapping.missing(&[(Field::Ente, "015146".to_owned())]),
        [Field::Comune, Field::Funzione, Field::Stato]
    );
}

#[test]
fn a_missing_closed_list_is_not_known_and_said_once() {
    let mapping = Mapping::of(&header("codice;lat;lon"), &[], &Hints::default());
    let mut constants = vec![(Field::Stato, "in_esercizio".to_owned())];
    let findings = mapping.fill(&mut constants);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].field, Some(Field::Funzione));
    let draft = mapping.draft(&row(&["7", "45.4", "9.1"]), &constants);
    assert_eq!(draft.get(Field::Funzione), "non_noto");
    assert_eq!(draft.get(Field::Stato), "in_esercizio");
    assert_eq!(draft.get(Field::Lat), "45.4");
}

#[test]
fn the_closer_header_wins_and_the_other_is_named() {
    let mapping = Mapping::of(&header("id;codice;Nome;DENOM"), &[], &Hints::default());
    let used: Vec<_> = mapping.used().collect();
    assert_eq!(used, [("codice", "codice"), ("DENOM", "denominazione")]);
    assert_eq!(mapping.ignored().collect::<Vec<_>>(), ["id", "Nome"]);
}

#[test]
fn labels_and_short_names_are_understood_in_any_case() {
    assert_eq!(
        mapped("CODICE DELL'ENTE;Precisione (M);metodo_pos;velocità"),
        [
            ("CODICE DELL'ENTE".to_owned(), "codice"),
            ("Precisione (M)".to_owned(), "precisione_m"),
            ("metodo_pos".to_owned(), "metodo_posizione")
        ]
    );
}

#[test]
fn between_equal_headers_the_numbers_decide() {
    let header = header("coord_y;y;coord_x;x");
    let sample = [cells(&["5034536,7", "45,46", "514853,4", "9,19"])];
    let mapping = Mapping::of(&header, &sample, &milano());
    assert_eq!(
        mapping.used().collect::<Vec<_>>(),
        [("y", "lat"), ("x", "lon")]
    );
}

#[test]
fn one_column_may_hold_the_position_when_it_looks_like_one() {
    let header = header("codice;Location");
    let places = [cells(&["1", "(45.4776150167559, 9.18173638705536)"])];
    let mapping = Mapping::of(&header, &places, &Hints::default());
    assert_eq!(mapping.columns[1], Target::Place);
    assert_eq!(mapping.header_of(Field::Lon), Some("Location"));
    assert!(!mapping.missing(&[]).contains(&Field::Lat));
    assert_eq!(
        mapping.draft(&row(&["1", " 45.4, 9.1 "]), &[]).place,
        "45.4, 9.1"
    );
    let streets = [cells(&["1", "Via Roma 12, 20100 Milano"])];
    assert_eq!(
        Mapping::of(&header, &streets, &Hints::default()).columns[1],
        Target::Field(Field::Indirizzo)
    );
}

#[test]
fn our_own_file_comes_back_with_every_value() {
    let mut record = Record::default();
    for attribute in ATTRIBUTES {
        let value = match attribute.kind.store() {
            crate::census::record::Store::Text => {
                Value::Text(format!("=è «{}»;\n\"2\"", attribute.name))
            }
            crate::census::record::Store::Integer => Value::Integer(-3),
            crate::census::record::Store::Decimal => Value::Decimal(-45.477_615_016_755_9),
        };
        record.set(attribute.field, Some(value));
    }
    let mut writer = CsvWriter::new(Vec::new()).unwrap();
    writer.row(&record, Some(7)).unwrap();
    writer.row(&Record::default(), None).unwrap();
    let bytes = writer.finish().unwrap();
    let mut file = CsvReader::open(Cursor::new(bytes)).unwrap();
    let mapping = Mapping::of(file.header(), file.sample(), &Hints::default());
    let fields = Field::ALL.iter().copied().map(Target::Field);
    let all: Vec<_> = fields.chain([Target::Revision]).collect();
    assert_eq!(mapping.columns, all);
    assert_eq!(file.detected().decimal, ',');
    let first = file.next().unwrap().unwrap();
    assert_eq!(mapping.revision(&first), Some(7));
    let draft = mapping.draft(&first, &[]);
    for field in Field::ALL {
        let expected = match record.get(*field) {
            Some(Value::Decimal(_)) => record.plain(*field).replace('.', ","),
            _ => record.plain(*field),
        };
        assert_eq!(draft.get(*field), expected);
    }
    let second = file.next();
    assert!(second.is_none(), "a row without anything is no row");
}

fn world() -> World {
    let square = |istat: &str, name: &str, west: f64| Municipality {
        istat: istat.to_owned(),
        name: name.to_owned(),
        belfiore: String::new(),
        province: "MI".to_owned(),
        covered: true,
        boundary: MultiPolygon(vec![
            Rect::new((west, 45.40), (west + 0.1, 45.50)).to_polygon(),
        ]),
    };
    let bodies = [
        ("015146", "Comune di Milano"),
        ("015182", "Comune di Rho"),
        ("cmm", "Città metropolitana"),
    ];
    World {
        territory: Arc::new(Territory::new(vec![
            square("015146", "Milano", 9.1),
            square("015182", "Rho", 9.2),
        ])),
        bodies: Bodies::new(bodies.map(|(code, name)| (code.to_owned(), name.to_owned()))),
        software: Catalogue::new(["Milestone XProtect", "Selea CPS"].map(str::to_owned)),
        today: jiff::civil::Date::constant(2026, 7, 1),
    }
}

/// What the columns of a file without headers are taken for, its rows being lines.
fn guessed(lines: &[&str]) -> Vec<&'static str> {
    let sample: Vec<Vec<String>> = lines.iter().map(|line| header(line)).collect();
    let columns = sample.first().map_or(0, Vec::len);
    let header: Vec<_> = (1..=columns)
        .map(|column| format!("Colonna {column}"))
        .collect();
    let world = world();
    let hints = Hints {
        window: Some(world.territory.window()),
        world: Some(&world),
        ..Hints::default()
    };
    let mapping = Mapping::of(&header, &sample, &hints);
    for column in mapping.seen() {
        assert_eq!(column.certainty, Certainty::Guessed, "{}", column.header);
    }
    mapping.columns.iter().map(|column| column.name()).collect()
}

#[test]
fn a_file_without_headers_is_told_by_its_cells() {
    assert_eq!(
        guessed(&[
            "TC-01;via Roma 1;Milano;45,4612;9,1834;Hikvision;Bullet;Fissa;sì;Milestone XProtect",
            "TC-02;P.za Duomo;Rho;45,4710;9,2001;AXIS;dome;fissa;no;selea cps",
            "TC-03;V.le Monza, 3;Milano;45,4812;9,1910;Dahua;PTZ;FISSO;sì;Selea CPS",
        ]),
        [
            "codice",
            "indirizzo",
            "comune",
            "lat",
            "lon",
            "marca",
            "forma",
            "installazione",
            "",
            "software"
        ]
    );
}

#[test]
fn metres_of_any_usual_system_are_coordinates() {
    for (east, north) in [("514853,4", "5034536.7"), ("1514881", "5034556")] {
        assert_eq!(
            guessed(&[&format!("7;{east};{north}"), &format!("9;{east};{north}")]),
            ["codice", "lon", "lat"]
        );
    }
}

#[test]
fn a_north_is_not_a_number() {
    let header = header("Cod;E;N");
    let rows = [cells(&["1", "514853,4", "5034536,7"])];
    let mapping = Mapping::of(&header, &rows, &milano());
    let names: Vec<_> = mapping.columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["codice", "lon", "lat"]);
    let mapping = Mapping::of(&header[1..], &[cells(&["1", "2"])], &milano());
    assert_eq!(mapping.columns[1], Target::Field(Field::Codice));
}

#[test]
fn bodies_are_told_from_comuni() {
    assert_eq!(
        guessed(&["Comune di Milano;015146", "Comune di Rho;015182"]),
        ["ente", "comune"]
    );
    assert_eq!(guessed(&["cmm", "CMM", "cmm"]), ["ente"]);
}

#[test]
fn a_position_in_one_cell_is_found_in_any_column() {
    for place in [
        "POINT(9.19 45.46)",
        "(45.46, 9.19)",
        "45.46, 9.19",
        "45,4612 9,1934",
        "geo:45.46,9.19",
        "https://www.google.com/maps/@45.4641,9.1919,17z",
        "514853 5034536",
    ] {
        assert_eq!(guessed(&[place, place]), ["posizione"], "{place}");
    }
}

#[test]
fn what_could_be_anything_is_nothing() {
    assert_eq!(
        guessed(&[
            "sì;12/05/2021;9;45;1;10.0.0.1;Via Roma 12, 20100 Milano MI 0251234567",
            "no;13/05/2021;9;45;0;10.0.0.1;Località Cascina 12",
            "no;13/05/2021;9;45;0;10.0.0.2;presso il municipio 3",
        ]),
        [""; 7]
    );
}

#[test]
fn a_header_that_is_only_near_gives_way_to_what_the_cells_are() {
    let header = header("cod;Tipo;Tipologia");
    let rows = [
        cells(&["1", "bullet", "lettura targhe"]),
        cells(&["2", "dome", "contesto"]),
    ];
    let mapping = Mapping::of(&header, &rows, &milano());
    let names: Vec<_> = mapping.columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["codice", "forma", "funzione"]);
    let certainties: Vec<_> = mapping.seen().map(|column| column.certainty).collect();
    assert_eq!(
        certainties,
        [Certainty::Sure, Certainty::Guessed, Certainty::Sure]
    );
    assert_eq!(mapping.seen().next().unwrap().examples, ["1", "2"]);
    let strange = [cells(&["1", "boh", "mah"])];
    let mapping = Mapping::of(&header, &strange, &milano());
    assert_eq!(mapping.columns[1], Target::Field(Field::Funzione));
    assert_eq!(mapping.certainty(1), Certainty::Likely);
}

#[test]
fn an_optional_list_none_of_whose_entries_is_there_is_something_else() {
    let header = header("codice;Foto;Sostegno");
    let rows = [
        cells(&["1", "img_1.jpg", "palo"]),
        cells(&["2", "img_2.jpg", "traliccio"]),
        cells(&["3", "img_3.jpg", "traliccio"]),
    ];
    let mapping = Mapping::of(&header, &rows, &milano());
    let names: Vec<_> = mapping.columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["codice", "", "supporto"]);
}

#[test]
fn the_geometry_of_a_spatial_file_wins() {
    let header = header("codice;LAT;lon;geometria");
    let hints = Hints {
        spatial: true,
        ..milano()
    };
    let mapping = Mapping::of(&header, &[], &hints);
    let names: Vec<_> = mapping.columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["codice", "", "", "posizione"]);
    let findings = mapping.findings();
    assert_eq!(findings.len(), 2);
    for (header, finding) in findings {
        assert!(
            finding.message.contains("leggiamo da «geometria»"),
            "{header}: {}",
            finding.message
        );
    }
}

#[test]
fn a_person_moves_an_attribute_from_one_column_to_another() {
    let header = header("codice;lat;lon;Location;sigla");
    let mut mapping = Mapping::of(&header, &[], &milano());
    mapping.choose(4, Target::Field(Field::Codice));
    mapping.choose(3, Target::Place);
    let names: Vec<_> = mapping.columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["", "", "", "posizione", "codice"]);
    assert_eq!(mapping.certainty(4), Certainty::Chosen);
    mapping.choose(1, Target::Field(Field::Lat));
    assert_eq!(mapping.columns[3], Target::Ignored);
    for name in ["codice", "posizione", "revisione", ""] {
        assert_eq!(Target::parse(name).map(Target::name), Some(name));
    }
    assert_eq!(Target::parse("boh"), None);
}

#[test]
fn a_value_is_read_as_a_person_said() {
    let mut mapping = Mapping::of(&header("codice;stato"), &[], &milano());
    mapping.set_value(Field::Stato, "Così così", "guasto");
    mapping.set_value(Field::Stato, "-", "");
    let stato = |text: &str| {
        let draft = mapping.draft(&row(&["Così così", text]), &[]);
        assert_eq!(draft.get(Field::Codice), "Così così");
        draft.get(Field::Stato).to_owned()
    };
    assert_eq!(stato("COSI  COSI"), "guasto");
    assert_eq!(stato("-"), "");
    assert_eq!(stato("attivo"), "attivo");
}

#[test]
fn what_a_person_said_is_remembered_and_wins() {
    let header = header("codice;Nome;X1;X2;forma");
    let mut mapping = Mapping::of(&header, &[], &milano());
    mapping.choose(2, Target::Field(Field::Note));
    mapping.choose(4, Target::Ignored);
    mapping.set_value(Field::Stato, "ok", "in_esercizio");
    let constants = vec![(Field::Ente, "015146".to_owned())];
    let scheme = mapping.scheme(&constants);
    let json = serde_json::to_string(&scheme).unwrap();
    assert_eq!(
        json,
        r#"{"columns":{"Nome":"denominazione","X1":"note","codice":"codice","forma":""},"values":[{"field":"stato","from":"ok","to":"in_esercizio"}],"constants":{"ente":"015146"}}"#
    );
    let scheme: Scheme = serde_json::from_str(&json).unwrap();
    assert_eq!(scheme.constants(), constants);
    let hints = Hints {
        remembered: Some(&scheme),
        ..milano()
    };
    let again = Mapping::of(&header, &[], &hints);
    assert_eq!(again.columns, mapping.columns);
    assert_eq!(again.values(), mapping.values());
    assert_eq!(again.certainty(1), Certainty::Chosen);
    assert_eq!(again.certainty(3), Certainty::Guessed);
}

#[test]
fn what_no_longer_exists_is_passed_over() {
    let scheme: Scheme = serde_json::from_str(
        r#"{"columns":{"codice":"sparito"},"values":[{"field":"boh"}],"constants":{"boh":"1"}}"#,
    )
    .unwrap();
    assert_eq!(scheme.constants(), []);
    let hints = Hints {
        remembered: Some(&scheme),
        ..milano()
    };
    let mapping = Mapping::of(&header("codice"), &[], &hints);
    assert_eq!(mapping.columns, [Target::Field(Field::Codice)]);
}

#[test]
fn a_row_says_which_revision_it_was_made_from() {
    let mapping = Mapping::of(&header("codice;revisione"), &[], &milano());
    assert_eq!(mapping.columns[1], Target::Revision);
    for (text, number) in [("12", Some(12)), ("", None), ("0", None), ("x", None)] {
        assert_eq!(mapping.revision(&row(&["a", text])), number, "{text}");
    }
    let words = [cells(&["a", "completa"])];
    let mapping = Mapping::of(&header("codice;revisione"), &words, &milano());
    assert_eq!(mapping.columns[1], Target::Ignored);
}
