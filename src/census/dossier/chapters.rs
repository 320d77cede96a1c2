//! The chapters of the report, in their order. Every number is counted from the devices.

use super::{Dossier, Line};
use crate::census::adhesion::{ActKind, Stage};
use crate::census::collation::italian;
use crate::census::criterion::{Grade, Level};
use crate::census::fact::{AboutBody, Fact};
use crate::census::moment;
use crate::census::report::{Bars, Block, Cell, Column, Kind, Map, Report, Section, Table};
use crate::census::verdict::{Answer, Outcome, worst};
use crate::census::vocabulary::Field;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The outcomes of what the link concerns.
const READERS: [Outcome; 5] = [
    Outcome::Connected,
    Outcome::Compatible,
    Outcome::Adaptable,
    Outcome::Uncertain,
    Outcome::Incompatible,
];

/// How many bars are drawn: the longest ones; the table has them all.
const BARS: usize = 20;

/// Distances from the fibre that are told apart, in metres.
const NEAR: [f64; 4] = [50.0, 250.0, 500.0, 1_000.0];

pub(super) fn compose(dossier: &Dossier<'_>) -> Report {
    let mut sections = vec![
        in_short(dossier),
        method(dossier),
        stock(dossier),
        outcomes(dossier),
        criteria(dossier),
        software(dossier),
        interventions(dossier),
    ];
    sections.extend(fibre(dossier));
    sections.push(lacking(dossier));
    sections.push(acts(dossier));
    sections.push(sources(dossier));
    sections.push(annex(dossier));
    Report {
        title: "Relazione di compatibilità con SCNTT".to_owned(),
        short_title: "Compatibilità con SCNTT – documento riservato".to_owned(),
        subtitle:
            "Censimento georeferenziato dei dispositivi di videosorveglianza: quanti possono \
                   essere collegati, che cosa serve agli altri e perché"
                .to_owned(),
        body: dossier.issuer.clone(),
        snapshot: dossier.snapshot.map(|one| one.name.clone()),
        at: dossier.at,
        basis: basis(dossier),
        sections,
    }
}

fn basis(dossier: &Dossier<'_>) -> Vec<(String, String)> {
    let said = |label: &str, value: String| (label.to_owned(), value);
    let mut rows = vec![said(
        "Riservatezza",
        "Documento riservato: elenca dispositivi la cui posizione non è pubblica. Non si pubblica e \
         non si trasmette a chi non è tenuto a conoscerlo."
            .to_owned(),
    )];
    if let Some(snapshot) = dossier.snapshot {
        rows.push(said("Fotografia", snapshot.name.clone()));
        rows.push(said("Scattata", moment::words(snapshot.at)));
        rows.push(said("Impronta (SHA-256)", snapshot.hash.clone()));
    } else {
        rows.push(said("Dati convalidati", moment::words(dossier.at)));
    }
    rows.push(said("Dispositivi", dossier.lines.len().to_string()));
    rows.push(said(
        "Criteri",
        format!(
            "{}, versione {} («{}»)",
            dossier.criteria.title, dossier.criteria.version, dossier.edition.name
        ),
    ));
    rows.push(said(
        "Impronta dei criteri (SHA-256)",
        dossier.edition.sha256.clone(),
    ));
    let or_none = |name: &str| match name {
        "" => "nessuno".to_owned(),
        name => name.to_owned(),
    };
    rows.push(said("Elenco prezzi", or_none(&dossier.estimate.prices)));
    rows.push(said(
        "Divisione in lotti",
        match dossier.estimate.lots.as_str() {
            "" => "quella indicata per ogni dispositivo".to_owned(),
            name => name.to_owned(),
        },
    ));
    for layer in dossier.layers {
        let text = format!("{} ({})", layer.name, layer.source);
        rows.push(said(&format!("Livello: {}", layer.kind), text));
    }
    rows
}

// Counting.

/// What there is of something: devices, where they stand, what they see.
#[derive(Debug, Default)]
struct Stock<'a> {
    devices: i64,
    views: i64,
    readers: i64,
    in_service: i64,
    connected: i64,
    fixed: i64,
    relocatable: i64,
    places: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Stock<'a> {
    fn add(&mut self, line: &'a Line) {
        self.devices += 1;
        self.views += line.views;
        self.readers += i64::from(line.is_reader());
        self.in_service += i64::from(line.state == "in_esercizio");
        self.connected += i64::from(line.outcome == Outcome::Connected);
        self.fixed += i64::from(line.installation == "fissa");
        self.relocatable += i64::from(line.installation == "ricollocabile");
        self.places.insert(line.place());
    }

    fn sites(&self) -> i64 {
        size(self.places.len())
    }

    fn cells(&self) -> [Cell; 7] {
        [
            self.sites(),
            self.devices,
            self.views,
            self.readers,
            self.in_service,
            self.fixed,
            self.relocatable,
        ]
        .map(Cell::Integer)
    }
}

/// The same for every value of something.
fn stocks<'a, K: Ord>(lines: &'a [Line], key: impl Fn(&'a Line) -> K) -> BTreeMap<K, Stock<'a>> {
    let mut stocks: BTreeMap<K, Stock<'a>> = BTreeMap::new();
    for line in lines {
        stocks.entry(key(line)).or_default().add(line);
    }
    stocks
}

/// How many readers have each outcome.
#[derive(Debug, Default, Clone)]
struct Tally {
    outcomes: BTreeMap<Outcome, i64>,
}

impl Tally {
    fn add(&mut self, line: &Line) {
        *self.outcomes.entry(line.outcome).or_default() += 1;
    }

    fn of(&self, outcome: Outcome) -> i64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    fn readers(&self) -> i64 {
        READERS.iter().map(|outcome| self.of(*outcome)).sum()
    }

    fn worst(&self) -> Outcome {
        worst(self.outcomes.keys().copied())
    }

    /// The number of readers, then of each outcome.
    fn cells(&self) -> Vec<Cell> {
        let each = READERS.iter().map(|outcome| self.of(*outcome));
        std::iter::once(self.readers())
            .chain(each)
            .map(Cell::Integer)
            .collect()
    }

    fn bar(&self) -> Vec<u64> {
        let numbers = READERS.iter().map(|outcome| self.of(*outcome));
        numbers
            .map(|number| u64::try_from(number).unwrap_or_default())
            .collect()
    }
}

fn tallies<'a, K: Ord>(lines: &'a [Line], key: impl Fn(&'a Line) -> K) -> BTreeMap<K, Tally> {
    let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
    for line in lines {
        tallies.entry(key(line)).or_default().add(line);
    }
    tallies
}

fn total(lines: &[Line]) -> (Stock<'_>, Tally) {
    let (mut stock, mut tally) = (Stock::default(), Tally::default());
    for line in lines {
        stock.add(line);
        tally.add(line);
    }
    (stock, tally)
}

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of devices is shown with one decimal"
)]
fn share(part: i64, whole: i64) -> Cell {
    if whole == 0 {
        Cell::Empty
    } else {
        Cell::Decimal(part as f64 / whole as f64)
    }
}

/// The keys of a table in the order of Italian readers, what has no name last.
fn in_order<T>(map: BTreeMap<&str, T>) -> Vec<(&str, T)> {
    let mut rows: Vec<_> = map.into_iter().collect();
    rows.sort_by(|(left, _), (right, _)| {
        left.is_empty()
            .cmp(&right.is_empty())
            .then_with(|| italian(left, right))
    });
    rows
}

fn named<'a>(bodies: &'a BTreeMap<String, AboutBody>, code: &'a str) -> &'a str {
    bodies.get(code).map_or(code, |body| &body.name)
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn text(title: &str) -> Column {
    Column::new(title, Kind::Text)
}

fn number(title: &str) -> Column {
    Column::new(title, Kind::Integer)
}

fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(text.into())
}

fn outcome_columns(first: Column) -> Vec<Column> {
    let outcomes = READERS.iter().map(|outcome| number(outcome.label()));
    [first, number("Lettori")]
        .into_iter()
        .chain(outcomes)
        .collect()
}

fn series() -> Vec<String> {
    READERS.iter().map(|one| one.label().to_owned()).collect()
}

/// «1 dispositivo», «2 dispositivi».
fn many(count: i64, one: &str, several: &str) -> String {
    let words = if count == 1 { one } else { several };
    format!("{} {words}", Cell::Integer(count).shown(Kind::Integer))
}

// Chapters.

fn in_short(dossier: &Dossier<'_>) -> Section {
    let (stock, tally) = total(dossier.lines);
    let bodies: BTreeSet<&str> = dossier
        .lines
        .iter()
        .map(|line| line.body.as_str())
        .collect();
    let gates: BTreeSet<_> = dossier.lines.iter().map(Line::place).collect();
    let gates = gates.into_iter().filter(|(body, site)| {
        dossier
            .gates
            .contains(&((*body).to_owned(), (*site).to_owned()))
    });
    let gates = size(gates.count());
    let mut figures = Table::new(
        "in-breve",
        "Il censimento in cifre",
        vec![text("Che cosa"), number("Quanti")],
    );
    let rows = [
        ("Enti con dispositivi", size(bodies.len())),
        ("Siti", stock.sites()),
        ("di cui varchi", gates),
        ("Dispositivi", stock.devices),
        ("Punti di ripresa", stock.views),
        ("Dispositivi in esercizio", stock.in_service),
        ("Lettori di targhe", stock.readers),
        ("Lettori già collegati a SCNTT", stock.connected),
    ];
    figures.rows = rows
        .into_iter()
        .map(|(label, count)| vec![label.into(), Cell::Integer(count)])
        .collect();
    let said = format!(
        "Il censimento conta {} di {}, in {}. Il collegamento a SCNTT riguarda {}: degli altri \
         l’esito è «non applicabile», che non vuol dire «non compatibile».",
        many(stock.devices, "dispositivo", "dispositivi"),
        many(size(bodies.len()), "ente", "enti"),
        many(stock.sites(), "sito", "siti"),
        many(stock.readers, "lettore di targhe", "lettori di targhe"),
    );
    let mut blocks = vec![paragraph(said), Block::Table(figures)];
    if stock.readers > 0 {
        blocks.push(Block::Bars(bars_of_outcomes(&tally)));
        let list = READERS.iter().map(|outcome| {
            format!(
                "{}: {} su {}. {}",
                outcome.label(),
                tally.of(*outcome),
                stock.readers,
                outcome.meaning()
            )
        });
        blocks.push(Block::List(list.collect()));
    }
    let (low, high) = total_of(dossier.estimate.lines.iter());
    if high > 0 {
        let euro = |cents: i64| Cell::Cents(cents).shown(Kind::Money);
        blocks.push(paragraph(format!(
            "Gli interventi che hanno un prezzo costano da {} a {}, senza IVA: il minimo è quello \
             che serve di sicuro, il massimo quello che servirebbe se tutto ciò che non è noto \
             mancasse.",
            euro(low),
            euro(high)
        )));
    }
    Section::new("In breve", "in-breve", blocks)
}

fn bars_of_outcomes(tally: &Tally) -> Bars {
    let numbers = tally.bar();
    let said: Vec<_> = READERS
        .iter()
        .zip(&numbers)
        .map(|(outcome, count)| format!("{} {count}", outcome.label().to_lowercase()))
        .collect();
    Bars {
        caption: "Lettori di targhe per esito".to_owned(),
        alt: format!("Lettori di targhe per esito: {}.", said.join(", ")),
        unit: "lettori".to_owned(),
        series: vec!["Lettori".to_owned()],
        items: READERS
            .iter()
            .zip(numbers)
            .map(|(outcome, count)| (outcome.label().to_owned(), vec![count]))
            .collect(),
    }
}

fn method(dossier: &Dossier<'_>) -> Section {
    let grades = Grade::ALL
        .iter()
        .map(|grade| format!("{}: {}.", grade.name(), grade.label()));
    let answers = [
        "Soddisfatto: i dati dicono di sì.",
        "Non soddisfatto: i dati dicono di no.",
        "Non noto: manca almeno uno dei dati che decidono. Non vale mai come un sì.",
        "Non applicabile: il criterio non riguarda quel dispositivo.",
    ];
    let outcomes = Outcome::ALL
        .iter()
        .map(|one| format!("{}: {}", one.label(), one.meaning()));
    let blocks = vec![
        paragraph(
            "I dati sono quelli dichiarati dagli enti e convalidati. Un dato che non è stato \
             convalidato non compare in questa relazione.",
        ),
        Block::Note(dossier.criteria.note.clone()),
        paragraph("Ogni criterio dà una di quattro risposte:"),
        Block::List(answers.map(str::to_owned).to_vec()),
        paragraph("Dalle risposte segue l’esito di ogni dispositivo:"),
        Block::List(outcomes.collect()),
        paragraph(
            "L’esito di un ente è il peggiore dei suoi lettori di targhe. Contano i criteri \
             necessari; quelli consigliati e informativi si leggono nelle tabelle, ma non cambiano \
             l’esito.",
        ),
        paragraph(
            "«Collegato» è quello che l’ente dichiara: la relazione non lo verifica presso il \
             Ministero. Un dispositivo collegato resta tale anche se dei criteri non sono \
             soddisfatti; quali, lo dice l’allegato.",
        ),
        paragraph("Di ogni criterio è indicata la fonte, col suo grado:"),
        Block::List(grades.collect()),
        paragraph(
            "Le quantità degli interventi hanno un minimo, quello che serve di sicuro, e un \
             massimo, quello che servirebbe se tutto ciò che non è noto mancasse. Gli importi sono \
             senza IVA.",
        ),
    ];
    Section::new("Metodo e limiti", "metodo", blocks)
}

fn stock(dossier: &Dossier<'_>) -> Section {
    let columns = |first: &str| {
        vec![
            text(first),
            number("Siti"),
            number("Dispositivi"),
            number("Punti di ripresa"),
            number("Lettori"),
            number("In esercizio"),
            number("Fissi"),
            number("Ricollocabili"),
        ]
    };
    let (all, _) = total(dossier.lines);
    let row = |name: &str, stock: &Stock<'_>| {
        let mut row = vec![Cell::from(name)];
        row.extend(stock.cells());
        row
    };
    let mut by_lot = Table::new(
        "consistenza-lotti",
        "Consistenza per lotto",
        columns("Lotto"),
    );
    for (lot, stock) in in_order(stocks(dossier.lines, |line| line.lot.as_str())) {
        by_lot.rows.push(row(or(lot, "Senza lotto"), &stock));
    }
    by_lot.total = Some(row("Totale", &all));
    let mut by_function = Table::new(
        "consistenza-funzioni",
        "Consistenza per funzione",
        columns("Funzione"),
    );
    for (function, stock) in stocks(dossier.lines, |line| line.function.as_str()) {
        by_function
            .rows
            .push(row(&Field::Funzione.words(function), &stock));
    }
    by_function.total = Some(row("Totale", &all));
    let mut by_body = Table::new("consistenza-enti", "Consistenza per ente", columns("Ente"));
    let bodies = stocks(dossier.lines, |line| line.body.as_str());
    let mut bodies: Vec<_> = bodies.into_iter().collect();
    bodies.sort_by(|(left, _), (right, _)| {
        italian(named(dossier.bodies, left), named(dossier.bodies, right))
    });
    for (body, stock) in &bodies {
        by_body.rows.push(row(named(dossier.bodies, body), stock));
    }
    by_body.total = Some(row("Totale", &all));
    let blocks = vec![
        paragraph(
            "Un sito che ha dispositivi di più lotti si conta in ognuno: la somma dei siti dei lotti \
             può superare il totale.",
        ),
        Block::Table(by_lot),
        Block::Table(shares(
            dossier,
            "installazione",
            "Dispositivi per installazione",
            Field::Installazione,
            |line| &line.installation,
        )),
        Block::Table(shares(
            dossier,
            "stato",
            "Dispositivi per stato",
            Field::Stato,
            |line| &line.state,
        )),
        Block::Table(by_function),
        Block::Table(by_body),
    ];
    Section::new("Consistenza", "consistenza", blocks)
}

/// How many devices have each value of an attribute, and what part of them.
fn shares<'a>(
    dossier: &Dossier<'a>,
    key: &str,
    caption: &str,
    field: Field,
    value: impl Fn(&'a Line) -> &'a str,
) -> Table {
    let columns = vec![
        text(field.attribute().label),
        number("Dispositivi"),
        Column::new("Parte", Kind::Percent),
    ];
    let mut table = Table::new(key, caption, columns);
    let whole = size(dossier.lines.len());
    for (code, stock) in in_order(stocks(dossier.lines, value)) {
        let words = field.words(code);
        table.rows.push(vec![
            or(&words, "Non indicata").into(),
            Cell::Integer(stock.devices),
            share(stock.devices, whole),
        ]);
    }
    table
}

fn outcomes(dossier: &Dossier<'_>) -> Section {
    let (_, all) = total(dossier.lines);
    let mut columns = outcome_columns(text("Ente"));
    columns.push(text("Esito dell’ente"));
    let mut by_body = Table::new("esiti-enti", "Lettori di targhe per ente ed esito", columns);
    let mut bodies: Vec<_> = tallies(dossier.lines, |line| line.body.as_str())
        .into_iter()
        .filter(|(_, tally)| tally.readers() > 0)
        .collect();
    bodies.sort_by(|(left, _), (right, _)| {
        italian(named(dossier.bodies, left), named(dossier.bodies, right))
    });
    for (body, tally) in &bodies {
        let mut row = vec![Cell::from(named(dossier.bodies, body))];
        row.extend(tally.cells());
        row.push(tally.worst().label().into());
        by_body.rows.push(row);
    }
    let mut last = vec![Cell::from("Totale")];
    last.extend(all.cells());
    by_body.total = Some(last);
    let mut by_lot = Table::new(
        "esiti-lotti",
        "Lettori di targhe per lotto ed esito",
        outcome_columns(text("Lotto")),
    );
    let lots = tallies(dossier.lines, |line| line.lot.as_str());
    for (lot, tally) in in_order(lots) {
        let mut row = vec![Cell::from(or(lot, "Senza lotto"))];
        row.extend(tally.cells());
        by_lot.rows.push(row);
    }
    let mut last = vec![Cell::from("Totale")];
    last.extend(all.cells());
    by_lot.total = Some(last);
    let mut blocks = vec![Block::Table(by_lot)];
    bodies.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.readers()));
    if !bodies.is_empty() {
        let shown = bodies.iter().take(BARS);
        let caption = if bodies.len() > BARS {
            format!("I {BARS} enti con più lettori di targhe, per esito")
        } else {
            "Lettori di targhe di ogni ente, per esito".to_owned()
        };
        blocks.push(Block::Bars(Bars {
            alt: format!("{caption}; i numeri sono nella tabella per ente."),
            caption,
            unit: "lettori".to_owned(),
            series: series(),
            items: shown
                .map(|(body, tally)| (named(dossier.bodies, body).to_owned(), tally.bar()))
                .collect(),
        }));
    }
    blocks.push(Block::Table(by_body));
    blocks.extend(map(dossier));
    Section::new("Esiti", "esiti", blocks)
}

fn map(dossier: &Dossier<'_>) -> Option<Block> {
    let points: Vec<_> = dossier
        .lines
        .iter()
        .filter_map(|line| {
            let class = READERS.iter().position(|one| *one == line.outcome)?;
            Some((line.lon, line.lat, class))
        })
        .collect();
    if points.is_empty() {
        return None;
    }
    Some(Block::Map(Map {
        caption: "I lettori di targhe sul territorio, per esito".to_owned(),
        alt: format!(
            "Mappa del territorio con {}; dove si trova ciascuno è nell’allegato.",
            many(size(points.len()), "lettore di targhe", "lettori di targhe")
        ),
        boundaries: dossier.boundaries.to_vec(),
        classes: series(),
        points,
    }))
}

fn criteria(dossier: &Dossier<'_>) -> Section {
    let answers = Answer::ALL.iter().map(|answer| number(answer.label()));
    let columns = [
        text("Criterio").wide(10),
        text("Che cosa chiede").wide(48),
        text("Livello"),
    ]
    .into_iter()
    .chain(answers)
    .collect();
    let mut table = Table::new(
        "criteri",
        "Risposte dei lettori di targhe a ogni criterio",
        columns,
    );
    let mut bars = Vec::new();
    for (place, criterion) in dossier.criteria.criteria.iter().enumerate() {
        let given = |wanted: Answer| {
            let readers = dossier.lines.iter().filter(|line| line.is_reader());
            size(
                readers
                    .filter(|line| line.answers.get(place) == Some(&wanted))
                    .count(),
            )
        };
        let counts = Answer::ALL.map(given);
        let mut row: Vec<Cell> = vec![
            criterion.id.as_str().into(),
            criterion.text.as_str().into(),
            criterion.level.label().into(),
        ];
        row.extend(counts.map(Cell::Integer));
        table.rows.push(row);
        if criterion.level == Level::Necessary {
            let numbers = counts.iter().take(3);
            let numbers = numbers.map(|count| u64::try_from(*count).unwrap_or_default());
            bars.push((criterion.id.clone(), numbers.collect()));
        }
    }
    let mut blocks = Vec::new();
    if dossier.lines.iter().any(Line::is_reader) {
        blocks.push(Block::Bars(Bars {
            caption: "Risposte ai criteri necessari".to_owned(),
            alt:
                "Per ogni criterio necessario, quanti lettori lo soddisfano, quanti no e di quanti \
                  non è noto; i numeri sono nella tabella che segue."
                    .to_owned(),
            unit: "lettori".to_owned(),
            series: Answer::ALL
                .iter()
                .take(3)
                .map(|one| one.label().to_owned())
                .collect(),
            items: bars,
        }));
    }
    blocks.push(Block::Table(table));
    Section::new("Che cosa dicono i criteri", "criteri", blocks)
}

fn software(dossier: &Dossier<'_>) -> Section {
    let mut columns = vec![
        text("Software").wide(22),
        text("Produttore").wide(18),
        text("Posizione verso SCNTT").wide(24),
        text("Fonte").wide(28),
        number("Enti"),
    ];
    columns.extend(outcome_columns(text("")).into_iter().skip(1));
    let mut table = Table::new("software", "Lettori di targhe per software", columns);
    let unknown = "Non indicato";
    let mut found: BTreeMap<&str, (BTreeSet<&str>, Tally)> = BTreeMap::new();
    for line in dossier.lines.iter().filter(|line| line.is_reader()) {
        let product = dossier.products.get(&line.software);
        let name = product.map_or(line.software.as_str(), |one| or(&one.name, &line.software));
        let (bodies, tally) = found.entry(name).or_default();
        bodies.insert(&line.body);
        tally.add(line);
    }
    for (name, (bodies, tally)) in in_order(found) {
        let product = dossier.products.values().find(|one| one.name == name);
        let said = |pick: fn(&super::Product) -> &String| {
            product.map_or(Cell::Empty, |one| pick(one).as_str().into())
        };
        let mut row = vec![
            or(name, unknown).into(),
            said(|one| &one.producer),
            product.map_or("Non noto".into(), |one| {
                or(&one.standing, "Non noto").into()
            }),
            said(|one| &one.source),
            Cell::Integer(size(bodies.len())),
        ];
        row.extend(tally.cells());
        table.rows.push(row);
    }
    let blocks = vec![
        paragraph(
            "La posizione di un software verso SCNTT è quella registrata nel catalogo, con la sua \
             fonte. Non esiste un elenco pubblico di prodotti compatibili: dove nulla è \
             documentato, la posizione è «non noto». Quello che afferma il solo fornitore non \
             soddisfa il criterio.",
        ),
        Block::Table(table),
    ];
    Section::new("Software", "software", blocks)
}

fn interventions(dossier: &Dossier<'_>) -> Section {
    let estimate = dossier.estimate;
    let priced = estimate.lines.iter().any(|line| line.price.is_some());
    let money = |title: &str| Column::new(title, Kind::Money);
    let mut columns = vec![
        text("Lotto").wide(12),
        text("Intervento").wide(38),
        text("Si conta per").wide(12),
        number("Quantità minima"),
        number("Quantità massima"),
    ];
    if priced {
        columns.extend(
            [
                "Prezzo minimo",
                "Prezzo massimo",
                "Importo minimo",
                "Importo massimo",
            ]
            .map(money),
        );
    }
    let mut table = Table::new("interventi", "Interventi per lotto", columns);
    let (low, high) = total_of(estimate.lines.iter());
    for line in &estimate.lines {
        let mut row: Vec<Cell> = vec![
            or(&line.lot, "Senza lotto").into(),
            line.remedy.as_str().into(),
            line.unit.as_str().into(),
            Cell::Integer(line.certain),
            Cell::Integer(line.possible),
        ];
        if priced {
            let cents = |pair: Option<(i64, i64)>| {
                pair.map_or([Cell::Empty, Cell::Empty], |(low, high)| {
                    [Cell::Cents(low), Cell::Cents(high)]
                })
            };
            row.extend(cents(line.price));
            row.extend(cents(line.amount));
        }
        table.rows.push(row);
    }
    let mut blocks = vec![paragraph(
        "Un intervento serve dove un criterio necessario non è soddisfatto; si conta una volta per \
         ciò a cui serve: un collegamento di rete serve a un sito e non a ogni sua telecamera. Un \
         intervento che serve a dispositivi di più lotti si conta nel lotto che ne ha di più, così \
         che i lotti sommati diano il totale. I lettori già collegati non sono contati.",
    )];
    if estimate.lines.is_empty() {
        blocks.push(paragraph("Nessun intervento."));
    } else {
        if priced {
            let mut last = vec![Cell::from("Totale")];
            last.extend(vec![Cell::Empty; 6]);
            last.extend([Cell::Cents(low), Cell::Cents(high)]);
            table.total = Some(last);
        } else {
            blocks.push(Block::Note(
                "Non c’è un elenco prezzi: le quantità sono senza importi.".to_owned(),
            ));
        }
        let unpriced: BTreeSet<&str> = estimate
            .lines
            .iter()
            .filter(|line| line.price.is_none())
            .map(|line| line.remedy.as_str())
            .collect();
        if priced && !unpriced.is_empty() {
            let names: Vec<_> = unpriced.into_iter().collect();
            blocks.push(Block::Note(format!(
                "Non hanno prezzo, e non sono nel totale: {}.",
                names.join("; ")
            )));
        }
        blocks.push(Block::Table(by_remedy(dossier, priced)));
        blocks.push(Block::Table(table));
        if priced {
            blocks.push(Block::Table(amounts(dossier)));
        }
    }
    Section::new("Interventi e stima", "interventi", blocks)
}

/// What is needed of each intervention in all lots together.
fn by_remedy(dossier: &Dossier<'_>, priced: bool) -> Table {
    let mut columns = vec![
        text("Intervento").wide(44),
        text("Si conta per").wide(12),
        number("Quantità minima"),
        number("Quantità massima"),
    ];
    if priced {
        let money = |title: &str| Column::new(title, Kind::Money);
        columns.extend(["Importo minimo", "Importo massimo"].map(money));
    }
    let mut table = Table::new("interventi-totali", "Interventi in tutti i lotti", columns);
    // In the order of the criteria, which is that of the lines of every lot.
    for remedy in &dossier.criteria.remedies {
        let lines = dossier.estimate.lines.iter();
        let lines: Vec<_> = lines.filter(|line| line.remedy == remedy.name).collect();
        if lines.is_empty() {
            continue;
        }
        let sum = |pick: fn(&super::Quantity) -> i64| -> i64 {
            lines
                .iter()
                .map(|line| pick(line))
                .fold(0, i64::saturating_add)
        };
        let mut row: Vec<Cell> = vec![
            remedy.name.as_str().into(),
            remedy.unit.label().into(),
            Cell::Integer(sum(|line| line.certain)),
            Cell::Integer(sum(|line| line.possible)),
        ];
        if priced && lines.iter().any(|line| line.amount.is_some()) {
            let (low, high) = total_of(lines.iter().copied());
            row.extend([Cell::Cents(low), Cell::Cents(high)]);
        }
        table.rows.push(row);
    }
    if priced {
        let (low, high) = total_of(dossier.estimate.lines.iter());
        let mut last = vec![Cell::from("Totale"), Cell::Empty, Cell::Empty, Cell::Empty];
        last.extend([Cell::Cents(low), Cell::Cents(high)]);
        table.total = Some(last);
    }
    table
}

/// The lowest and the highest amount of these lines together; what has no price adds nothing.
fn total_of<'a>(lines: impl Iterator<Item = &'a super::Quantity>) -> (i64, i64) {
    lines.fold((0, 0), |(low, high): (i64, i64), line| {
        let (least, most) = line.amount.unwrap_or_default();
        (low.saturating_add(least), high.saturating_add(most))
    })
}

/// What each lot comes to.
fn amounts(dossier: &Dossier<'_>) -> Table {
    let money = |title: &str| Column::new(title, Kind::Money);
    let columns = vec![
        text("Lotto"),
        money("Importo minimo"),
        money("Importo massimo"),
    ];
    let mut table = Table::new("importi", "Importi per lotto", columns);
    let mut lots: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for line in &dossier.estimate.lines {
        let (low, high) = lots.entry(&line.lot).or_default();
        let (least, most) = line.amount.unwrap_or_default();
        *low = low.saturating_add(least);
        *high = high.saturating_add(most);
    }
    let (low, high) = total_of(dossier.estimate.lines.iter());
    for (lot, (least, most)) in in_order(lots) {
        table.rows.push(vec![
            or(lot, "Senza lotto").into(),
            Cell::Cents(least),
            Cell::Cents(most),
        ]);
    }
    table.total = Some(vec!["Totale".into(), Cell::Cents(low), Cell::Cents(high)]);
    table
}

fn fibre(dossier: &Dossier<'_>) -> Option<Section> {
    if dossier.layers.is_empty() {
        return None;
    }
    let mut near: BTreeMap<&str, (i64, [i64; 5], f64)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in dossier.lines {
        let Some(metres) = line.fibre_m else { continue };
        if !seen.insert(line.place()) {
            continue;
        }
        let (sites, bands, farthest) = near.entry(&line.body).or_insert((0, [0; 5], 0.0));
        *sites += 1;
        let band = NEAR
            .iter()
            .position(|limit| metres <= *limit)
            .unwrap_or(NEAR.len());
        if let Some(count) = bands.get_mut(band) {
            *count += 1;
        }
        *farthest = farthest.max(metres);
    }
    let columns = vec![
        text("Ente"),
        number("Siti"),
        number("Entro 50 m"),
        number("Fino a 250 m"),
        number("Fino a 500 m"),
        number("Fino a 1 km"),
        number("Oltre 1 km"),
        Column::new("Il più lontano (m)", Kind::Decimal(0)),
    ];
    let mut table = Table::new("fibra", "Distanza dei siti dalla fibra", columns);
    let mut rows: Vec<_> = near.into_iter().collect();
    rows.sort_by(|(left, _), (right, _)| {
        italian(named(dossier.bodies, left), named(dossier.bodies, right))
    });
    let mut all = (0_i64, [0_i64; 5]);
    for (body, (sites, bands, farthest)) in rows {
        all.0 += sites;
        for (sum, count) in all.1.iter_mut().zip(bands) {
            *sum += count;
        }
        let mut row = vec![named(dossier.bodies, body).into(), Cell::Integer(sites)];
        row.extend(bands.map(Cell::Integer));
        row.push(Cell::Decimal(farthest.round()));
        table.rows.push(row);
    }
    let mut last = vec!["Totale".into(), Cell::Integer(all.0)];
    last.extend(all.1.map(Cell::Integer));
    table.total = Some(last);
    let layers = dossier.layers.iter().map(|layer| {
        format!(
            "{}: «{}», {} ({}).",
            layer.kind,
            layer.name,
            many(layer.features, "elemento", "elementi"),
            layer.source
        )
    });
    let blocks = vec![
        paragraph(
            "La distanza è in linea d’aria dal sito al punto più vicino del livello indicato: dice \
             dove guardare per primo, non quanto costa un allacciamento.",
        ),
        Block::List(layers.collect()),
        Block::Table(table),
    ];
    Some(Section::new("Distanza dalla fibra", "fibra", blocks))
}

fn lacking(dossier: &Dossier<'_>) -> Section {
    let mut found: BTreeMap<(&str, Fact), i64> = BTreeMap::new();
    for line in dossier.lines.iter().filter(|line| line.is_reader()) {
        for fact in &line.lacking {
            *found.entry((&line.body, *fact)).or_default() += 1;
        }
    }
    let mut rows: Vec<_> = found.into_iter().collect();
    rows.sort_by(|((left, fact), _), ((right, other), _)| {
        italian(named(dossier.bodies, left), named(dossier.bodies, right))
            .then_with(|| fact.cmp(other))
    });
    let columns = vec![
        text("Ente"),
        text("Che cosa manca"),
        text("A chi chiedere"),
        number("Lettori"),
    ];
    let mut table = Table::new("mancanti", "Informazioni mancanti per ente", columns);
    for ((body, fact), count) in rows {
        let whom = fact.asked().map_or("", |asked| asked.whom.label());
        table.rows.push(vec![
            named(dossier.bodies, body).into(),
            fact.label().into(),
            whom.into(),
            Cell::Integer(count),
        ]);
    }
    let mut blocks = vec![paragraph(
        "Quello che manca per rispondere ai criteri necessari, lettore per lettore. Di quelli già \
         collegati non si chiede nulla. Chi è il referente di ogni ente, con i suoi recapiti, si \
         legge nella pagina dell’ente.",
    )];
    if table.rows.is_empty() {
        blocks.push(paragraph("Non manca nulla."));
    } else {
        blocks.push(Block::Table(table));
    }
    Section::new("Informazioni mancanti", "mancanti", blocks)
}

fn acts(dossier: &Dossier<'_>) -> Section {
    let with: BTreeSet<&str> = dossier
        .lines
        .iter()
        .map(|line| line.body.as_str())
        .collect();
    let kinds = ActKind::ALL.iter().map(|kind| text(kind.label()));
    let columns = [text("Ente"), text("Adesione")]
        .into_iter()
        .chain(kinds)
        .collect();
    let mut table = Table::new("atti", "Adesione e atti degli enti", columns);
    let mut bodies: Vec<_> = dossier
        .bodies
        .iter()
        .filter(|(code, body)| with.contains(code.as_str()) || body.stage.is_some())
        .collect();
    bodies.sort_by(|(_, left), (_, right)| italian(&left.name, &right.name));
    for (_, body) in bodies {
        let mut row: Vec<Cell> = vec![
            body.name.as_str().into(),
            body.stage.map_or("Nessun passo", Stage::label).into(),
        ];
        row.extend(ActKind::ALL.iter().zip(&body.acts).map(|(kind, act)| {
            let state = or(kind.state_label(&act.state), "Non noto");
            match act.date.parse::<Date>() {
                Ok(date) => Cell::from(format!("{state}, {}", date.strftime("%d/%m/%Y"))),
                Err(_) => state.into(),
            }
        }));
        table.rows.push(row);
    }
    table.annex = true;
    Section::new(
        "Adesione e atti",
        "atti",
        vec![
            paragraph("Come ogni ente partecipa al progetto, per quanto è stato registrato."),
            Block::Table(table),
        ],
    )
}

fn sources(dossier: &Dossier<'_>) -> Section {
    let columns = vec![
        text("Criterio").wide(10),
        text("Testo").wide(44),
        text("Livello"),
        text("Area"),
        text("Si applica se").wide(26),
        text("È soddisfatto se").wide(36),
        text("Intervento").wide(26),
        text("Fonte").wide(36),
        text("Grado").wide(7),
    ];
    let mut table = Table::new("fonti", "I criteri, con le loro fonti", columns);
    table.annex = true;
    for criterion in &dossier.criteria.criteria {
        let remedy = criterion.remedy.as_deref();
        let remedy = remedy.and_then(|id| dossier.criteria.remedy(id));
        table.rows.push(vec![
            criterion.id.as_str().into(),
            criterion.text.as_str().into(),
            criterion.level.label().into(),
            criterion.area.label().into(),
            criterion
                .applies
                .as_ref()
                .map_or("Sempre".into(), |applies| applies.words().into()),
            criterion.met.words().into(),
            remedy.map_or(Cell::Empty, |remedy| remedy.name.as_str().into()),
            criterion.source.as_str().into(),
            criterion.grade.name().into(),
        ]);
    }
    let blocks = vec![
        Block::Note(dossier.criteria.note.clone()),
        Block::Table(table),
    ];
    Section::new("Criteri e fonti", "fonti", blocks)
}

fn annex(dossier: &Dossier<'_>) -> Section {
    let columns = vec![
        text("Ente").wide(20),
        text("Codice").wide(12),
        text("Denominazione").wide(24),
        text("Comune").wide(16),
        text("Sito").wide(10),
        text("Funzione").wide(14),
        text("Stato").wide(12),
        text("Lotto").wide(8),
        text("Software").wide(16),
        Column::new("Latitudine", Kind::Decimal(6)).wide(10),
        Column::new("Longitudine", Kind::Decimal(6)).wide(10),
        text("Esito").wide(16),
        text("Non soddisfatti").wide(18),
        text("Non noti").wide(18),
    ];
    let mut table = Table::new("dispositivi", "Tutti i dispositivi", columns);
    table.annex = true;
    for line in dossier.lines {
        let with = |wanted: Answer| {
            let criteria = dossier.criteria.criteria.iter().zip(&line.answers);
            let ids = criteria
                .filter(|(criterion, answer)| {
                    **answer == wanted && criterion.level == Level::Necessary
                })
                .map(|(criterion, _)| criterion.id.trim_start_matches("SC-"));
            if line.is_reader() {
                Cell::from(ids.collect::<Vec<_>>().join(" "))
            } else {
                Cell::Empty
            }
        };
        table.rows.push(vec![
            named(dossier.bodies, &line.body).into(),
            line.code.as_str().into(),
            line.name.as_str().into(),
            line.comune.as_str().into(),
            line.site.as_str().into(),
            Field::Funzione.words(&line.function).into(),
            Field::Stato.words(&line.state).into(),
            line.lot.as_str().into(),
            line.software.as_str().into(),
            Cell::Decimal(line.lat),
            Cell::Decimal(line.lon),
            line.outcome.label().into(),
            with(Answer::Unmet),
            with(Answer::Unknown),
        ]);
    }
    let blocks = vec![
        paragraph(
            "Dei lettori di targhe sono indicati, col numero che segue «SC-», i criteri necessari \
             non soddisfatti e quelli di cui non è nota la risposta. Le coordinate sono in WGS 84.",
        ),
        Block::Table(table),
    ];
    Section::new("Allegato: i dispositivi", "dispositivi", blocks)
}
