//! What the rules say of whole drafts, and the laws they keep.

use super::*;
use crate::census::draft::Confirmation;
use geo::{MultiPolygon, Rect};
use proptest::prelude::*;

/// Two square Comuni side by side, and one around them.
fn world() -> World {
    let square = |istat: &str, name: &str, covered: bool, west: f64| Municipality {
        istat: istat.to_owned(),
        name: name.to_owned(),
        belfiore: String::new(),
        province: "MI".to_owned(),
        covered,
        boundary: MultiPolygon(vec![
            Rect::new((west, 45.40), (west + 0.1, 45.50)).to_polygon(),
        ]),
    };
    World {
        territory: Arc::new(Territory::new(vec![
            square("015146", "Milano", true, 9.1),
            square("015118", "Legnano", true, 9.2),
            square("012001", "Altrove", false, 9.3),
        ])),
        bodies: Bodies::new(
            [
                ("015146", "Comune di Milano"),
                ("015118", "Comune di Legnano"),
                ("cmm", "Città metropolitana"),
            ]
            .map(|(code, name)| (code.to_owned(), name.to_owned())),
        ),
        software: Catalogue::new(["Milestone XProtect".to_owned(), "Selea CPS".to_owned()]),
        today: Date::constant(2025, 6, 15),
    }
}

/// A draft that nothing can be said of, with all that a submission wants.
fn clean() -> Draft {
    Draft::of(&[
        (Field::Codice, "TLC-001"),
        (Field::Ente, "015146"),
        (Field::Denominazione, "Rotonda via Roma, direzione centro"),
        (Field::Indirizzo, "Via 4 Novembre 12/A"),
        (Field::Lat, "45.464212"),
        (Field::Lon, "9.141987"),
        (Field::MetodoPosizione, "gnss"),
        (Field::Funzione, "lettura_targhe"),
        (Field::Installazione, "fissa"),
        (Field::Stato, "in_esercizio"),
        (Field::Marca, "AXIS"),
        (Field::Modello, "P1455-LE-3"),
        (Field::Ocr, "a_bordo"),
        (Field::Software, "Selea CPS"),
        (Field::Connettivita, "fibra"),
        (Field::StatoScntt, "non_collegato"),
    ])
}

fn with(fields: &[(Field, &str)]) -> Checked {
    let mut draft = clean();
    for (field, text) in fields {
        draft.set(*field, *text);
    }
    check(&draft, &world(), &Around::default())
}

fn codes(checked: &Checked) -> Vec<&'static str> {
    checked
        .findings
        .iter()
        .map(|finding| finding.code.name())
        .collect()
}

/// The only finding, and the values it proposes.
fn only(checked: &Checked) -> (&'static str, Vec<String>) {
    assert_eq!(checked.findings.len(), 1, "{:?}", checked.findings);
    let finding = &checked.findings[0];
    let values = finding.proposals.iter().map(|proposal| match proposal {
        Proposal::Value { value, .. } => value.clone(),
        Proposal::Position(point) => format!("{} {}", point.lat, point.lon),
    });
    (finding.code.name(), values.collect())
}

fn finds(fields: &[(Field, &str)], code: &str, proposals: &[&str]) {
    let checked = with(fields);
    let (found, values) = only(&checked);
    assert_eq!(
        (found, values.as_slice()),
        (
            code,
            proposals
                .iter()
                .map(|each| (*each).to_owned())
                .collect::<Vec<_>>()
                .as_slice()
        ),
        "{fields:?}"
    );
}

fn reads(field: Field, text: &str, plain: &str) {
    let checked = with(&[(field, text)]);
    assert_eq!(codes(&checked), Vec::<&str>::new(), "{text}");
    assert_eq!(checked.record.plain(field), plain, "{text}");
}

#[test]
fn a_good_draft_has_no_findings_and_its_comune() {
    let checked = with(&[]);
    assert_eq!(checked.findings, vec![]);
    assert!(!checked.has_errors());
    assert_eq!(checked.missing_to_submit(), vec![]);
    assert_eq!(checked.record.text(Field::Comune), "015146");
    assert_eq!(checked.record.number(Field::Lat), Some(45.464_212));
    assert_eq!(checked.record.text(Field::Visibilita), "riservato");
}

#[test]
fn an_empty_draft_says_all_that_is_required_at_once() {
    let checked = check(&Draft::default(), &world(), &Around::default());
    let required: Vec<_> = checked
        .findings
        .iter()
        .filter(|finding| finding.code == Code::ValueRequired)
        .filter_map(|finding| finding.field)
        .collect();
    assert_eq!(
        required,
        vec![Field::Codice, Field::Ente, Field::Funzione, Field::Stato]
    );
    assert!(checked.has_errors());
}

#[test]
fn what_a_submission_lacks_is_said_and_stops_nothing() {
    let checked = with(&[(Field::Marca, ""), (Field::Ocr, "")]);
    assert_eq!(codes(&checked), vec!["value.missing", "value.missing"]);
    assert_eq!(checked.missing_to_submit(), vec![Field::Marca, Field::Ocr]);
    assert!(!checked.has_errors());
    let camera = with(&[(Field::Ocr, ""), (Field::Funzione, "contesto")]);
    assert_eq!(codes(&camera), Vec::<&str>::new());
}

#[test]
fn not_known_is_a_statement() {
    for text in ["non_noto", "Non noto", "n.d.", "?"] {
        reads(Field::Marca, text, "non_noto");
        reads(Field::Software, text, "non_noto");
        reads(Field::Connettivita, text, "non_noto");
        reads(Field::Stato, text, "non_noto");
        reads(Field::TransitoDati, text, "non_noto");
        reads(Field::AltezzaM, text, "");
        reads(Field::DataAttivazione, text, "");
        reads(Field::Cup, text, "");
    }
    reads(Field::Forma, "-", "");
}

#[test]
fn values_are_kept_in_canonical_form() {
    reads(Field::Funzione, "Telecamera OCR", "lettura_targhe");
    reads(Field::Protocolli, "RTSP / ONVIF", "onvif,rtsp");
    reads(Field::AltezzaM, "8,5 m", "8.5");
    reads(Field::Azimut, "090", "90");
    reads(Field::Azimut, "Nord-Est", "45");
    reads(Field::Azimut, "NO", "315");
    reads(Field::Azimut, "WSW", "248");
    reads(Field::DataAttivazione, "1/3/24", "2024-03-01");
    reads(Field::AnnoInstallazione, "2019,0", "2019");
    reads(Field::Cup, "b41f 2200 0510 001", "B41F22000510001");
    reads(Field::Ente, "Comune di Milano", "015146");
    reads(Field::Comune, "milano", "015146");
    reads(Field::Software, "milestone xprotect", "Milestone XProtect");
    reads(Field::Note, "prima riga\r\nseconda", "prima riga\nseconda");
    reads(Field::ConservazioneGiorni, "7 giorni", "7");
}

#[test]
fn an_unknown_value_is_refused_with_what_was_meant() {
    finds(&[(Field::Forma, "bulet")], "value.unknown", &["bullet"]);
    finds(&[(Field::Forma, "xyz")], "value.unknown", &[]);
    finds(
        &[(Field::Protocolli, "onvif, rtps")],
        "value.unknown",
        &["onvif,rtsp"],
    );
    finds(&[(Field::Protocolli, "onvif, xyz")], "value.unknown", &[]);
    finds(
        &[(Field::Protocolli, "onvif, non noto")],
        "value.unknown",
        &["onvif"],
    );
    let message = &with(&[(Field::Stato, "rottto")]).findings[0].message;
    assert!(
        message.contains("«rottto»") && message.contains("«Guasto»"),
        "{message}"
    );
}

#[test]
fn numbers_out_of_range_or_unreadable_are_refused() {
    finds(&[(Field::AltezzaM, "800")], "value.range", &[]);
    finds(&[(Field::AltezzaM, "alto")], "value.not_a_number", &[]);
    finds(&[(Field::AltezzaM, "8 km")], "value.not_a_number", &[]);
    finds(&[(Field::Azimut, "360")], "value.range", &["0"]);
    finds(&[(Field::Azimut, "-90")], "value.range", &["270"]);
    finds(&[(Field::Azimut, "90,6")], "value.not_a_number", &["91"]);
    finds(&[(Field::Corsie, "2,5")], "value.not_a_number", &[]);
    finds(
        &[(Field::RisoluzioneMp, "1920x1080")],
        "value.not_a_number",
        &["2.1"],
    );
    finds(
        &[(Field::ConservazioneGiorni, "72 ore")],
        "value.not_a_number",
        &["3"],
    );
    finds(
        &[(Field::ConservazioneGiorni, "2.000")],
        "value.not_a_number",
        &["2", "2000"],
    );
    finds(
        &[(Field::AnnoInstallazione, "12/03/2019")],
        "value.not_a_number",
        &["2019"],
    );
    finds(&[(Field::AnnoInstallazione, "1950")], "value.range", &[]);
}

#[test]
fn dates_that_are_not_dates_are_refused() {
    finds(
        &[(Field::DataAttivazione, "presto")],
        "value.not_a_date",
        &[],
    );
    finds(
        &[(Field::DataAttivazione, "12/31/2024")],
        "value.not_a_date",
        &["2024-12-31"],
    );
    finds(
        &[(Field::DataAttivazione, "0205-01-01")],
        "value.range",
        &[],
    );
}

#[test]
fn texts_too_long_or_with_control_characters_are_refused() {
    finds(&[(Field::Lotto, &"a".repeat(61))], "value.length", &[]);
    reads(Field::Lotto, &"à".repeat(60), &"à".repeat(60));
    finds(
        &[(Field::Indirizzo, "Via Roma\n12")],
        "text.control",
        &["Via Roma 12"],
    );
    finds(
        &[(Field::Note, "abc\u{0}def")],
        "text.control",
        &["abc def"],
    );
    finds(
        &[(Field::Note, "abc\u{202e}def")],
        "text.control",
        &["abc def"],
    );
    finds(&[(Field::Cup, "12345")], "cup.shape", &[]);
}

#[test]
fn a_secret_is_refused_in_every_field_and_repeated_nowhere() {
    for attribute in ATTRIBUTES {
        if matches!(attribute.kind, Kind::Latitude | Kind::Longitude) {
            continue;
        }
        let checked = with(&[(attribute.field, "rtsp://admin:Segreta1@192.168.1.20:554/a")]);
        assert!(
            codes(&checked).contains(&"text.secret"),
            "{}",
            attribute.name
        );
        let said = format!("{:?} {:?}", checked.findings, checked.record);
        assert!(
            !said.contains("Segreta1") && !said.contains("192.168"),
            "{said}"
        );
    }
    reads(Field::Firmware, "10.12.166.1", "10.12.166.1");
}

#[test]
fn a_secret_in_the_reason_of_a_confirmation_is_refused() {
    let mut draft = clean();
    draft.confirmed.push(Confirmation {
        code: "contradiction.retention".to_owned(),
        reason: "vedi http://10.0.0.1/".to_owned(),
    });
    let checked = check(&draft, &world(), &Around::default());
    assert_eq!(codes(&checked), vec!["text.secret"]);
    assert_eq!(checked.findings[0].field, None);
}

#[test]
fn bodies_and_comuni_that_do_not_exist_are_refused() {
    let checked = with(&[
        (Field::Ente, "Comune di Milanno"),
        (Field::Comune, "015146"),
    ]);
    assert_eq!(only(&checked), ("body.unknown", vec!["015146".to_owned()]));
    let checked = with(&[(Field::Comune, "Legnagno")]);
    assert!(codes(&checked).contains(&"municipality.unknown"));
    let around = with(&[(Field::Comune, "Altrove")]);
    assert!(
        codes(&around).contains(&"municipality.unknown"),
        "it is not covered"
    );
}

#[test]
fn software_and_sites_that_are_new_are_noted() {
    finds(
        &[(Field::Software, "Milestone XProtec")],
        "software.proposed",
        &["Milestone XProtect"],
    );
    finds(&[(Field::Sito, "V-12")], "site.new", &[]);
    let mut draft = clean();
    draft.set(Field::Sito, "V-12");
    let around = Around {
        site_known: true,
        ..Around::default()
    };
    assert_eq!(check(&draft, &world(), &around).findings, vec![]);
}

#[test]
fn a_code_that_is_taken_is_refused() {
    let around = Around {
        code_taken: true,
        ..Around::default()
    };
    assert_eq!(
        codes(&check(&clean(), &world(), &around)),
        vec!["code.duplicate"]
    );
}

#[test]
fn two_alike_devices_at_one_place_are_noticed() {
    let neighbour = |azimut, metres, funzione: &str| Around {
        neighbours: vec![Neighbour {
            codice: "TLC-002".to_owned(),
            ente: "015146".to_owned(),
            funzione: funzione.to_owned(),
            azimut,
            direzione: Some("uscita".to_owned()),
            metres,
        }],
        ..Around::default()
    };
    let mut draft = clean();
    let alone = |draft: &Draft, around| check(draft, &world(), &around).findings.is_empty();
    assert!(!alone(&draft, neighbour(None, 1.0, "lettura_targhe")));
    assert!(alone(&draft, neighbour(None, 2.5, "lettura_targhe")));
    assert!(alone(&draft, neighbour(None, 1.0, "contesto")));
    assert!(alone(&draft, neighbour(Some(0), 1.0, "lettura_targhe")));
    for (direzione, twin) in [
        ("entrata", false),
        ("uscita", true),
        ("bidirezionale", true),
    ] {
        draft.set(Field::Direzione, direzione);
        let lonely = alone(&draft, neighbour(None, 1.0, "lettura_targhe"));
        assert_eq!(lonely, !twin, "{direzione}");
    }
    draft.set(Field::Azimut, "358");
    assert!(!alone(&draft, neighbour(Some(2), 1.0, "lettura_targhe")));
    assert!(alone(&draft, neighbour(Some(178), 1.0, "lettura_targhe")));
}

#[test]
fn values_that_cannot_be_right_together_are_noticed() {
    use Field::*;
    finds(&[(Ocr, "nessuna")], "contradiction.ocr", &[]);
    finds(
        &[(Funzione, "contesto")],
        "contradiction.ocr_unexpected",
        &[],
    );
    finds(
        &[(StatoScntt, "collegato"), (Software, "non_noto")],
        "contradiction.connected_without_software",
        &[],
    );
    finds(
        &[(StatoScntt, "collegato"), (Connettivita, "nessuna")],
        "contradiction.connected_without_network",
        &[],
    );
    finds(
        &[
            (StatoScntt, "collegato"),
            (Funzione, "osservazione"),
            (Ocr, ""),
        ],
        "contradiction.connected_not_reader",
        &[],
    );
    finds(
        &[(StatoScntt, "collegato"), (Stato, "sospeso")],
        "contradiction.connected_not_working",
        &[],
    );
    finds(
        &[(AnnoInstallazione, "2026")],
        "contradiction.year_future",
        &[],
    );
    finds(
        &[(DataAttivazione, "2025-06-16")],
        "contradiction.activation_future",
        &[],
    );
    finds(
        &[(DataAttivazione, "2018-12-31"), (AnnoInstallazione, "2019")],
        "contradiction.activation_before_installation",
        &[],
    );
    finds(
        &[(Stato, "progettato"), (AnnoInstallazione, "2019")],
        "contradiction.year_not_built",
        &[],
    );
    finds(
        &[(Forma, "multiottica"), (PuntiRipresa, "1")],
        "contradiction.multisensor_one_view",
        &[],
    );
    finds(
        &[(Forma, "bullet"), (PuntiRipresa, "4")],
        "contradiction.single_many_views",
        &[],
    );
    finds(
        &[(Funzione, "contesto"), (Ocr, ""), (TransitoDati, "targa")],
        "contradiction.transit_not_reader",
        &[],
    );
    finds(
        &[
            (Funzione, "contesto"),
            (Ocr, ""),
            (TransitoImmagini, "targa"),
        ],
        "contradiction.transit_not_reader",
        &[],
    );
    finds(
        &[(ConservazioneGiorni, "30")],
        "contradiction.retention",
        &[],
    );
    finds(
        &[
            (DataAttivazione, "2024-01-01"),
            (ManutenzioneScadenza, "2023-12-31"),
        ],
        "contradiction.maintenance",
        &[],
    );
}

#[test]
fn values_that_can_be_right_together_are_left_alone() {
    use Field::*;
    let fine: &[&[(Field, &str)]] = &[
        &[(StatoScntt, "collegato")],
        &[(Funzione, "velocita")],
        &[(Funzione, "non_noto"), (StatoScntt, "collegato")],
        &[(Stato, "non_noto"), (StatoScntt, "collegato")],
        &[(Stato, "in_installazione"), (AnnoInstallazione, "2025")],
        &[(Stato, "progettato"), (DataAttivazione, "2026-01-01")],
        &[(DataAttivazione, "2019-01-01"), (AnnoInstallazione, "2019")],
        &[(Forma, "multiottica"), (PuntiRipresa, "4")],
        &[(Forma, "termica"), (PuntiRipresa, "2")],
        &[
            (Funzione, "contesto"),
            (Ocr, "nessuna"),
            (TransitoImmagini, "nessuna"),
        ],
        &[(ConservazioneGiorni, "7")],
    ];
    for fields in fine {
        assert_eq!(codes(&with(fields)), Vec::<&str>::new(), "{fields:?}");
    }
}

#[test]
fn a_refused_value_is_not_also_missing() {
    finds(
        &[
            (Field::StatoScntt, "collegato"),
            (Field::Software, "http://10.0.0.1/"),
        ],
        "text.secret",
        &[],
    );
}

#[test]
fn findings_come_in_the_order_of_the_record() {
    let checked = with(&[
        (Field::Note, "a\u{7}b"),
        (Field::Marca, ""),
        (Field::Codice, ""),
    ]);
    assert_eq!(
        codes(&checked),
        vec!["value.required", "value.missing", "text.control"]
    );
}

#[test]
fn a_warning_is_settled_by_a_reason_and_not_without() {
    let mut draft = clean();
    draft.set(Field::ConservazioneGiorni, "30");
    let checked = check(&draft, &world(), &Around::default());
    assert_eq!(checked.unconfirmed(&draft).len(), 1);
    for (reason, left) in [(" ", 1), ("Delibera 12/2024", 0)] {
        draft.confirmed = vec![Confirmation {
            code: "contradiction.retention".to_owned(),
            reason: reason.to_owned(),
        }];
        assert_eq!(checked.unconfirmed(&draft).len(), left);
    }
}

#[test]
fn every_proposed_value_mends_its_finding() {
    for (field, text) in [
        (Field::Forma, "bulet"),
        (Field::Azimut, "360"),
        (Field::Protocolli, "onvif, rtps"),
        (Field::Indirizzo, "Via\nRoma"),
        (Field::RisoluzioneMp, "4K"),
        (Field::Ente, "Comune di Milanno"),
        (Field::DataAttivazione, "12/31/2024"),
    ] {
        let mut draft = clean();
        draft.set(field, text);
        let checked = check(&draft, &world(), &Around::default());
        let finding = checked
            .findings
            .iter()
            .find(|finding| finding.field == Some(field))
            .unwrap();
        apply(&mut draft, &finding.proposals[0]);
        assert_eq!(
            check(&draft, &world(), &Around::default()).findings,
            vec![],
            "{text}"
        );
    }
}

#[test]
fn a_proposed_position_replaces_everything_typed_about_it() {
    use crate::census::finding::PositionProposal;
    let mut draft = clean();
    draft.place = "1514881 5034556".to_owned();
    draft.crs = "EPSG:3003".to_owned();
    apply(
        &mut draft,
        &Proposal::Position(PositionProposal {
            lat: 45.4,
            lon: 9.190_000_000_04,
            crs: "EPSG:3003",
            operation: "reproject",
            accuracy_m: 4.0,
            comune: None,
        }),
    );
    assert_eq!(
        (draft.get(Field::Lat), draft.get(Field::Lon)),
        ("45.400000", "9.190000")
    );
    assert!(draft.place.is_empty() && draft.crs.is_empty());
}

#[test]
fn a_position_that_is_mended_stays_as_precise_as_it_was_typed() {
    for (lat, lon, coarse) in [
        ("9.1900", "45.4600", false),
        ("9.19", "45.4600", false),
        ("9.19", "45.46", true),
    ] {
        let mut draft = clean();
        draft.set(Field::Lat, lat);
        draft.set(Field::Lon, lon);
        let checked = check(&draft, &world(), &Around::default());
        let swapped = checked
            .findings
            .iter()
            .find(|finding| finding.code == Code::PositionSwapped)
            .unwrap();
        apply(&mut draft, &swapped.proposals[0]);
        let mended = check(&draft, &world(), &Around::default());
        let found = codes(&mended).contains(&"position.coarse");
        assert_eq!(found, coarse, "{lat} {lon}: {}", draft.get(Field::Lat));
    }
}

/// The canonical record typed again.
fn retyped(record: &Record) -> Draft {
    let mut draft = Draft::default();
    for field in Field::ALL {
        draft.set(*field, record.plain(*field));
    }
    draft
}

/// Texts that are likely to be nearly something.
fn tricky() -> impl Strategy<Value = String> {
    let words: Vec<_> = ATTRIBUTES
        .iter()
        .filter_map(|attribute| attribute.field.terms())
        .flatten()
        .flat_map(|term| {
            [term.code, term.label]
                .into_iter()
                .chain(term.synonyms.iter().copied())
        })
        .collect();
    let list = proptest::collection::vec(proptest::sample::select(words), 1..4);
    prop_oneof![
        any::<String>(),
        "\\PC{0,80}",
        "[-+0-9.,:/ '°NESO]{0,20}",
        "[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}",
        "[a-zàéìA-Z0-9.:/@=\\\\-]{0,40}",
        (list, "[,;/+| e]{1,3}").prop_map(|(words, joint)| words.join(&joint)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_typed_makes_the_rules_panic_and_what_they_keep_is_stable(
        texts in proptest::collection::vec((0..Field::COUNT, tricky()), 0..12),
        place in prop_oneof![Just(String::new()), any::<String>()],
        crs in prop_oneof![Just(String::new()), Just("EPSG:3003".to_owned()), any::<String>()],
        reason in any::<String>(),
    ) {
        let world = world();
        let around = Around { site_known: true, ..Around::default() };
        let mut draft = clean();
        for (field, text) in texts {
            draft.set(Field::ALL[field], text);
        }
        draft.place = place;
        draft.crs = crs;
        draft.confirmed.push(Confirmation { code: "x".to_owned(), reason });
        let first = check(&draft, &world, &around);
        let again = retyped(&first.record);
        let second = check(&again, &world, &around);
        // What was refused or not given may come by itself the second time, nothing else changes.
        for field in Field::ALL.iter().filter(|field| first.record.get(**field).is_some()) {
            prop_assert_eq!(first.record.get(*field), second.record.get(*field), "{:?}", field);
        }
        // What can be saved has everything without which nothing is saved.
        let lacking = |field: &Field| first.record.get(*field).is_none();
        let required = ATTRIBUTES.iter().filter(|attribute| attribute.need == Need::Save);
        let lacking: Vec<_> = required.map(|attribute| attribute.field).filter(lacking).collect();
        prop_assert!(first.has_errors() || lacking.is_empty(), "{:?}", lacking);
        // What was kept is beyond reproach: only the relations between values may still be.
        for finding in &second.findings {
            let name = finding.code.name();
            let refused = name.starts_with("value.") && finding.severity() == Severity::Error;
            let about_value = refused || name.starts_with("text.") || name == "cup.shape";
            prop_assert!(!about_value || finding.code == Code::ValueRequired, "{:?}", finding);
        }
    }
}
