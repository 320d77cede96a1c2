//! Two made-up reports: one as a coordinating body would hand it in, one with everything in it that
//! could break a form.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::too_many_lines,
    reason = "the numbers of a sample are small, and it is one long text"
)]

use varco::census::report::{Bars, Block, Cell, Column, Kind, Map, Place, Report, Section, Table};

/// 31 December 2026 at 18:30:15 in Italy, in microseconds.
const AT: i64 = 1_798_738_215_000_000;

const OUTCOMES: [&str; 6] = [
    "collegato",
    "compatibile",
    "compatibile con adeguamenti",
    "non compatibile",
    "da verificare",
    "non applicabile",
];

const BODIES: [&str; 12] = [
    "Abbiategrasso",
    "Canegrate",
    "Cernusco sul Naviglio",
    "Città metropolitana di Milano",
    "Cologno Monzese",
    "Legnano",
    "Melegnano",
    "Rho",
    "San Giorgio su Legnano",
    "Sesto San Giovanni",
    "Trezzano sul Naviglio",
    "Unione di Comuni lombarda «Adda Martesana»",
];

/// A report of a snapshot with so many devices in its annex.
pub fn tidy(devices: i64) -> Report {
    let basis = [
        ("Fotografia", "Gara TVCC 2027"),
        ("Istante", "31 dicembre 2026 alle 18:30"),
        (
            "Impronta (SHA-256)",
            "4c9d2ac4f3dd6e5e9d5a1fb0f8a1f0e7b1c3d5e7f90123456789abcdef012345",
        ),
        ("Dispositivi", "2.000"),
        ("Criteri", "Insieme 2026-1, in vigore dal 1º luglio 2026"),
        (
            "Listino",
            "Prezzario regionale 2026, caricato il 12 ottobre 2026",
        ),
        (
            "Livelli di riferimento",
            "Fibra metropolitana (3 novembre 2026); scuole (2 maggio 2026)",
        ),
    ];
    Report {
        title: "Compatibilità dei varchi di lettura targhe con il sistema nazionale SCNTT".into(),
        short_title: "Compatibilità con SCNTT".into(),
        subtitle:
            "Quantità, informazioni mancanti, interventi e stima per la documentazione di gara"
                .into(),
        body: "Città metropolitana di Milano".into(),
        snapshot: Some("Gara TVCC 2027".into()),
        at: AT,
        basis: basis
            .map(|(label, value)| (label.into(), value.into()))
            .to_vec(),
        sections: vec![method(), outcomes(), interventions(), annex(devices)],
    }
}

fn method() -> Section {
    Section::new(
        "Metodo e limiti",
        "metodo",
        vec![
            Block::Paragraph(
                "Ogni dispositivo accettato è confrontato con ogni criterio dell’insieme in vigore. Per \
                 ciascun criterio la risposta è soddisfatto, non soddisfatto, non noto oppure non \
                 applicabile; dalle risposte discende l’esito del dispositivo, del varco e dell’ente."
                    .into(),
            ),
            Block::Note(
                "Un’informazione che manca non vale mai come risposta: l’esito è «da verificare» e \
                 l’elenco delle informazioni mancanti dice a chi chiederle."
                    .into(),
            ),
            Block::List(vec![
                "I conteggi riguardano i dispositivi accettati alla data della fotografia.".into(),
                "Una telecamera che non legge targhe non è «non compatibile»: il confronto non la \
                 riguarda."
                    .into(),
                "La stima applica alle quantità i prezzi minimi e massimi del listino, IVA esclusa.".into(),
            ]),
        ],
    )
}

fn outcomes() -> Section {
    let parts = |row: usize| -> Vec<u64> {
        (0..6)
            .map(|outcome| ((row * 7 + outcome * 13) % 23) as u64)
            .collect()
    };
    let mut table = Table::new("Esiti per ente", "Dispositivi per ente e per esito", {
        let mut columns = vec![Column::new("Ente", Kind::Text)];
        columns.extend(OUTCOMES.map(|outcome| Column::new(outcome, Kind::Integer)));
        columns.push(Column::new("Quota compatibile", Kind::Percent));
        columns.push(Column::new("Ultimo aggiornamento", Kind::Date));
        columns
    });
    let mut sums = [0_i64; 6];
    for (row, body) in BODIES.iter().enumerate() {
        let mut cells = vec![Cell::from(*body)];
        for (sum, part) in sums.iter_mut().zip(parts(row)) {
            *sum += part as i64;
            cells.push(Cell::Integer(part as i64));
        }
        cells.push(Cell::Decimal(row as f64 / 11.0));
        cells.push(Cell::Date(jiff::civil::date(2026, 10, row as i8 + 1)));
        table.rows.push(cells);
    }
    let mut total = vec![Cell::from("In tutto")];
    total.extend(sums.map(Cell::Integer));
    total.push(Cell::Decimal(0.4375));
    table.total = Some(total);
    Section::new(
        "Esiti",
        "esiti",
        vec![
            Block::Bars(Bars {
                caption: "Esiti dei dispositivi, ente per ente".into(),
                alt: "Barre orizzontali: per ciascuno dei dodici enti quanti dispositivi hanno ciascun \
                      esito. I numeri sono nella tabella che segue."
                    .into(),
                unit: "dispositivi".into(),
                series: OUTCOMES.map(str::to_owned).to_vec(),
                tones: Vec::new(),
                items: BODIES
                    .iter()
                    .enumerate()
                    .map(|(row, body)| ((*body).to_owned(), parts(row)))
                    .collect(),
            }),
            Block::Table(table),
            Block::Map(Map {
                caption: "Dove sono i dispositivi, secondo l’esito".into(),
                alt: "Mappa del territorio con un segno per ogni dispositivo; la forma del segno dice \
                      l’esito."
                    .into(),
                boundaries: vec![ring(9.19, 45.46, 0.28), ring(9.05, 45.60, 0.1)],
                classes: OUTCOMES.map(str::to_owned).to_vec(),
                points: (0..180)
                    .map(|n| {
                        let (turn, far) = (f64::from(n) * 2.4, f64::from(n) / 180.0);
                        let place = (9.19 + far * 0.26 * turn.cos(), 45.46 + far * 0.18 * turn.sin());
                        (place.0, place.1, n as usize % 6)
                    })
                    .collect(),
                places: vec![Place {
                    name: "Abbiategrasso".into(),
                    points: vec![(9.05, 45.60), (9.06, 45.61)],
                }],
            }),
        ],
    )
}

fn ring(lon: f64, lat: f64, wide: f64) -> Vec<(f64, f64)> {
    (0..=60)
        .map(|step| {
            let turn = f64::from(step) * std::f64::consts::TAU / 60.0;
            let far = wide * (1.0 + 0.12 * (turn * 5.0).sin());
            (lon + far * turn.cos(), lat + far * 0.7 * turn.sin())
        })
        .collect()
}

fn interventions() -> Section {
    let mut table = Table::new(
        "Stima",
        "Interventi, quantità e importi",
        vec![
            Column::new("Intervento", Kind::Text),
            Column::new("Unità", Kind::Text),
            Column::new("Quantità", Kind::Decimal(1)),
            Column::new("Prezzo minimo", Kind::Money),
            Column::new("Prezzo massimo", Kind::Money),
            Column::new("Importo minimo", Kind::Money),
            Column::new("Importo massimo", Kind::Money),
        ],
    );
    for (name, unit, quantity) in [
        (
            "Adeguamento del software di gestione dei transiti all’invio in tempo reale",
            "licenza",
            38,
        ),
        (
            "Sostituzione della telecamera di lettura targhe",
            "telecamera",
            124,
        ),
        (
            "Collegamento in fibra fino alla sede comunale",
            "metro",
            15_250,
        ),
        ("Server di raccolta presso la Questura", "server", 1),
    ] {
        table.rows.push(vec![
            name.into(),
            unit.into(),
            Cell::Integer(quantity),
            Cell::Cents(120_050),
            Cell::Cents(184_000),
            Cell::Cents(quantity * 120_050),
            Cell::Cents(quantity * 184_000),
        ]);
    }
    let total = [
        "In tutto".into(),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
    ];
    let sums = [Cell::Cents(1_850_330_650), Cell::Cents(2_835_992_000)];
    table.total = Some(total.into_iter().chain(sums).collect());
    Section::new(
        "Interventi e stima",
        "interventi",
        vec![Block::Table(table)],
    )
}

fn annex(devices: i64) -> Section {
    let mut table = Table::new(
        "Dispositivi",
        "Tutti i dispositivi della fotografia",
        [
            ("Ente", Kind::Text),
            ("Codice", Kind::Text),
            ("Sito", Kind::Text),
            ("Marca e modello", Kind::Text),
            ("Software", Kind::Text),
            ("Latitudine", Kind::Decimal(6)),
            ("Longitudine", Kind::Decimal(6)),
            ("In servizio dal", Kind::Date),
            ("Esito", Kind::Text),
            ("Che cosa manca", Kind::Text),
        ]
        .map(|(title, kind)| Column::new(title, kind))
        .to_vec(),
    );
    table.annex = true;
    table.rows = (0..devices)
        .map(|n| {
            let body = BODIES[n as usize % BODIES.len()];
            vec![
                body.into(),
                format!("MI-{n:05}-VAR").into(),
                format!(
                    "Varco {} – via Giuseppe Garibaldi, direzione Milano",
                    n % 62
                )
                .into(),
                "Tattile Vega Smart 2HD".into(),
                "Selea CPS 4.2".into(),
                Cell::Decimal(45.4 + n as f64 * 0.000_1),
                Cell::Decimal(9.1 + n as f64 * 0.000_1),
                Cell::Date(jiff::civil::date(2019, 3, (n % 28) as i8 + 1)),
                OUTCOMES[n as usize % 6].into(),
                if n % 6 == 4 {
                    "velocità massima di lettura; software di gestione".into()
                } else {
                    Cell::Empty
                },
            ]
        })
        .collect();
    Section::new(
        "Allegato: i dispositivi",
        "allegato",
        vec![Block::Table(table)],
    )
}

/// Marks of every language that is around.
pub const MARKUP: &str = r#"#set page(fill: red) $x^2$ *stella* _sotto_ [quadre] @chi <tag> & \ `codice` "virgolette" {graffe} ${x} //nota"#;

/// A draft with everything that could go wrong in it.
pub fn nasty() -> Report {
    let long = "X1-".repeat(60);
    let texts = |key: &str, annex: bool, rows: i64| {
        let kinds = [
            Kind::Text,
            Kind::Integer,
            Kind::Decimal(2),
            Kind::Money,
            Kind::Date,
            Kind::Percent,
        ];
        let columns = kinds
            .map(|kind| Column::new(&format!("{kind:?} {MARKUP}"), kind))
            .to_vec();
        let mut table = Table::new(key, MARKUP, columns);
        table.annex = annex;
        table.rows = (0..rows)
            .map(|n| {
                vec![
                    Cell::from(format!("{n} {MARKUP}")),
                    if n % 2 == 0 {
                        Cell::Integer(n)
                    } else {
                        "non noto".into()
                    },
                    Cell::Decimal(-1234.5),
                    Cell::Cents(i64::MIN),
                    Cell::Date(jiff::civil::date(1899, 1, 1)),
                ]
            })
            .collect();
        table.total = (rows > 0).then(|| vec!["=1+1".into(), Cell::Integer(i64::MAX)]);
        table
    };
    let mut letters = Table::new(
        "Lettere/1",
        "Parole lunghe",
        vec![
            Column::new("Precipitevolissimevolmente", Kind::Text),
            Column::new("B", Kind::Text),
        ],
    );
    letters.rows = vec![
        vec![
            long.clone().into(),
            "ÀÈÉÌÒÙ àèéìòù ’ « » ≤ ≥ – — € ° … ² × ½".into(),
        ],
        vec![
            "=cmd|' /C calc'!A0".into(),
            "中 → \u{7} e\u{300} riga\nsotto".into(),
        ],
        vec!["W".repeat(200).into()],
    ];
    let mut crowded = Table::new(
        "lettere 1",
        "Troppe colonne",
        (0..24)
            .map(|n| Column::new(&format!("Colonna numero {n}"), Kind::Text))
            .collect(),
    );
    crowded.annex = true;
    crowded.rows = vec![vec![Cell::from("videosorveglianza intercomunale"); 24]];
    Report {
        title: format!("Bozza {MARKUP}"),
        short_title: format!("Bozza {MARKUP}"),
        subtitle: long.clone(),
        body: MARKUP.into(),
        snapshot: None,
        at: AT,
        basis: vec![(MARKUP.into(), long), ("Vuoto".into(), String::new())],
        sections: vec![
            Section::new(
                MARKUP,
                "primo",
                vec![
                    Block::Paragraph(format!("{MARKUP}\nseconda riga\n\nquarta")),
                    Block::Note(MARKUP.into()),
                    Block::List(vec![MARKUP.into(), String::new()]),
                    Block::List(vec![]),
                    Block::Paragraph(String::new()),
                ],
            ),
            Section::new("Vuota", "vuota", vec![]),
            Section::new(
                "Tabelle",
                "tabelle",
                vec![
                    Block::Table(texts("Nessuna riga", false, 0)),
                    Block::Table(texts("Molte righe", false, 500)),
                    Block::Table(letters),
                    Block::Table(crowded),
                    Block::Table(texts("Nessuna riga sul lato", true, 0)),
                ],
            ),
            Section::new(
                "Figure",
                "figure",
                vec![
                    Block::Bars(Bars {
                        caption: MARKUP.into(),
                        alt: MARKUP.into(),
                        unit: MARKUP.into(),
                        series: (0..30).map(|n| format!("{n} {MARKUP}")).collect(),
                        tones: Vec::new(),
                        items: (0..40)
                            .map(|n| {
                                (
                                    format!("{n} {MARKUP}"),
                                    (0..30).map(|one| one * n).collect(),
                                )
                            })
                            .collect(),
                    }),
                    Block::Bars(Bars {
                        caption: "Nessuna barra".into(),
                        alt: String::new(),
                        unit: String::new(),
                        series: vec![],
                        tones: Vec::new(),
                        items: vec![],
                    }),
                    Block::Map(Map {
                        caption: "Nessun punto".into(),
                        alt: "Niente".into(),
                        boundaries: vec![vec![]],
                        classes: vec![],
                        points: vec![(f64::NAN, 0.0, 9)],
                        places: vec![Place {
                            name: MARKUP.into(),
                            points: vec![(f64::NAN, 0.0)],
                        }],
                    }),
                    Block::Map(Map {
                        caption: "Un punto".into(),
                        alt: "Un punto".into(),
                        boundaries: vec![],
                        classes: vec![MARKUP.into()],
                        points: vec![(9.19, 45.46, 0), (9.19, 45.46, 40)],
                        places: vec![Place {
                            name: MARKUP.into(),
                            points: vec![(9.19, 45.46)],
                        }],
                    }),
                ],
            ),
        ],
    }
}
