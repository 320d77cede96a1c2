//! The chapters of the report, in their order. Every number is counted from the devices.

use super::count::{
    self, READERS, Stock, bar, grouped, in_order, lower, many, named, number, or, outcome_cells,
    outcome_columns, paragraph, series, share, size, stocks, text, total, whole,
};
use super::{Dossier, Line, needs};
use crate::census::adhesion::{ActKind, Stage};
use crate::census::collation::italian;
use crate::census::criterion::{Grade, Level};
use crate::census::fact::Fact;
use crate::census::moment;
use crate::census::overview::{Answers, Outcomes};
use crate::census::report::{Bars, Block, Cell, Column, Kind, Map, Place, Report, Section, Table};
use crate::census::verdict::{Answer, Outcome};
use crate::census::vocabulary::Field;
use jiff::civil::Date;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What the letters stand for.
const ACRONYMS: [&str; 8] = [
    "SCNTT: Sistema Centralizzato Nazionale Targhe e Transiti, del Ministero dell’Interno.",
    "CEN: Centro Elettronico Nazionale della Polizia di Stato, che gestisce SCNTT.",
    "CPOSP: Comitato provinciale per l’ordine e la sicurezza pubblica.",
    "DPIA: valutazione d’impatto sulla protezione dei dati.",
    "OCR: lettura automatica delle targhe, nel dispositivo (a bordo) o su un server.",
    "VPN, MPLS: reti private su linee condivise.",
    "GNSS: posizione rilevata dai satelliti.",
    "ZTL: zona a traffico limitato.",
];

/// The tones of met, not met and not known.
const ANSWERED: [usize; 3] = [0, 4, 3];

/// How many bars are drawn: the longest ones; the table has them all.
const BARS: usize = 20;

/// Conditions longer than this, in bytes, are not repeated.
const LONG: usize = 60;

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
        needs::interventions(dossier),
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
        rows.push(said("Impronta dei dati (SHA-256)", snapshot.hash.clone()));
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
    let estimate = dossier.estimate;
    let others = [
        ("Elenco prezzi", &estimate.prices, "nessuno"),
        (
            "Divisione in lotti",
            &estimate.lots,
            "quella indicata per ogni dispositivo",
        ),
    ];
    for (label, edition, without) in others {
        let text = edition.as_ref().map_or_else(
            || without.to_owned(),
            |one| format!("{}, impronta {}", one.name, one.sha256),
        );
        rows.push(said(label, text));
    }
    for layer in dossier.layers {
        let text = format!("{} ({})", layer.name, layer.source);
        rows.push(said(&format!("Livello: {}", layer.kind), text));
    }
    rows
}

fn in_short(dossier: &Dossier<'_>) -> Section {
    let (stock, outcomes) = total(dossier.lines);
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
        blocks.push(Block::Bars(bars_of_outcomes(&outcomes)));
        let list = READERS.iter().map(|outcome| {
            let own = dossier.lines.iter().filter(|line| line.outcome == *outcome);
            format!(
                "{}: {} su {}, di cui {} in esercizio. {}",
                outcome.label(),
                outcomes.of(*outcome),
                stock.readers,
                own.filter(|line| line.state == "in_esercizio").count(),
                outcome.meaning()
            )
        });
        blocks.push(Block::List(list.collect()));
    }
    blocks.extend(reservations(dossier).map(Block::Note));
    let (low, high) = needs::total_of(&dossier.estimate.by_lot);
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

/// What is to be kept in mind while reading the numbers.
fn reservations(dossier: &Dossier<'_>) -> Option<String> {
    let readers = || dossier.lines.iter().filter(|line| line.is_reader());
    let mut said = Vec::new();
    let unsure = size(readers().filter(|line| !line.reads).count());
    if unsure > 0 {
        said.push(format!(
            "Di {} non è ancora noto se leggano le targhe: sono contati tra i lettori da verificare, e \
             non hanno interventi né importi finché non lo si sa.",
            many(unsure, "dispositivo", "dispositivi")
        ));
    }
    let contradicted = |line: &&Line| {
        let criteria = dossier.criteria.criteria.iter().zip(&line.answers);
        let mut necessary = criteria.filter(|(one, _)| one.level == Level::Necessary);
        line.outcome == Outcome::Connected && necessary.any(|(_, one)| *one == Answer::Unmet)
    };
    let contradicted = size(readers().filter(contradicted).count());
    if contradicted > 0 {
        said.push(format!(
            "{} tra quelli dichiarati già collegati non soddisfano almeno un criterio necessario: o il \
             dato è da correggere, o il criterio chiede più di quanto serve.",
            many(contradicted, "lettore", "lettori")
        ));
    }
    (!said.is_empty()).then(|| said.join("\n"))
}

fn bars_of_outcomes(tally: &Outcomes) -> Bars {
    let numbers = bar(tally);
    let said: Vec<_> = READERS
        .iter()
        .zip(&numbers)
        .map(|(outcome, count)| format!("{} {count}", outcome.label().to_lowercase()))
        .collect();
    Bars {
        caption: "Lettori di targhe per esito".to_owned(),
        alt: format!("Lettori di targhe per esito: {}.", said.join(", ")),
        unit: "lettori".to_owned(),
        tones: vec![0],
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
        .map(|one| format!("{}: {}", one.label(), lower(one.meaning())));
    let blocks = vec![
        paragraph(
            "I dati sono quelli dichiarati dagli enti e convalidati. Un dato che non è stato \
             convalidato non compare in questa relazione. Una fotografia è la copia dei dati \
             convalidati a un istante, che da allora non cambia: la sua impronta, e quelle dei criteri, \
             dei prezzi e dei lotti, dicono su che cosa la relazione si fonda, e dalle stesse si rifà \
             identica.",
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
        paragraph("Sigle:"),
        Block::List(ACRONYMS.map(str::to_owned).to_vec()),
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
        Block::Table(lots_of_bodies(dossier)),
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

/// Which bodies have devices in each lot.
fn lots_of_bodies(dossier: &Dossier<'_>) -> Table {
    let columns = vec![
        text("Lotto"),
        text("Ente"),
        number("Dispositivi"),
        number("Lettori"),
    ];
    let mut table = Table::new("lotti-enti", "Gli enti di ogni lotto", columns);
    for (lot, lines) in in_order(grouped(dossier.lines, |line| &line.lot)) {
        // Lines stand in the order of the bodies.
        for own in lines.chunk_by(|left, right| left.body == right.body) {
            let readers = own.iter().filter(|line| line.is_reader()).count();
            let body = own.first().map_or("", |line| &line.body);
            table.rows.push(vec![
                or(lot, "Senza lotto").into(),
                named(dossier.bodies, body).into(),
                Cell::Integer(size(own.len())),
                Cell::Integer(size(readers)),
            ]);
        }
    }
    let (all, _) = total(dossier.lines);
    let last = [all.devices, all.readers].map(Cell::Integer);
    let mut row = vec![Cell::from("Totale"), Cell::Empty];
    row.extend(last);
    table.total = Some(row);
    table
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
    let mut bodies: Vec<_> = count::outcomes(dossier.lines, |line| line.body.as_str())
        .into_iter()
        .filter(|(_, tally)| tally.readers() > 0)
        .collect();
    bodies.sort_by(|(left, _), (right, _)| {
        italian(named(dossier.bodies, left), named(dossier.bodies, right))
    });
    for (body, tally) in &bodies {
        let mut row = vec![Cell::from(named(dossier.bodies, body))];
        row.extend(outcome_cells(tally));
        row.push(tally.worst().label().into());
        by_body.rows.push(row);
    }
    let mut last = vec![Cell::from("Totale")];
    last.extend(outcome_cells(&all));
    by_body.total = Some(last);
    let mut by_lot = Table::new(
        "esiti-lotti",
        "Lettori di targhe per lotto ed esito",
        outcome_columns(text("Lotto")),
    );
    let lots = count::outcomes(dossier.lines, |line| line.lot.as_str());
    for (lot, tally) in in_order(lots) {
        let mut row = vec![Cell::from(or(lot, "Senza lotto"))];
        row.extend(outcome_cells(&tally));
        by_lot.rows.push(row);
    }
    let mut last = vec![Cell::from("Totale")];
    last.extend(outcome_cells(&all));
    by_lot.total = Some(last);
    let mut blocks = Vec::new();
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
            tones: (0..READERS.len()).collect(),
            series: series(),
            items: shown
                .map(|(body, tally)| (named(dossier.bodies, body).to_owned(), bar(tally)))
                .collect(),
        }));
    }
    blocks.push(Block::Table(by_body));
    blocks.push(Block::Table(by_lot));
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
        places: places(dossier),
    }))
}

/// The Comuni that have readers, those with most first.
fn places(dossier: &Dossier<'_>) -> Vec<Place> {
    let readers = dossier.lines.iter().filter(|line| line.is_reader());
    let placed = readers.filter(|line| !line.comune.is_empty());
    let mut comuni: Vec<_> = grouped(placed, |line| &line.comune).into_iter().collect();
    comuni.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.len()));
    let placed = comuni.into_iter().map(|(name, lines)| Place {
        name: name.to_owned(),
        points: lines.iter().map(|line| (line.lon, line.lat)).collect(),
    });
    placed.collect()
}

fn criteria(dossier: &Dossier<'_>) -> Section {
    let answers = Answer::ALL.iter().map(|answer| number(answer.label()));
    let columns = [
        text("Criterio").wide(10),
        text("Che cosa chiede").wide(48),
        text("Livello"),
        text("Grado").wide(7),
    ]
    .into_iter()
    .chain(answers)
    .collect();
    let mut table = Table::new(
        "criteri",
        "Risposte dei lettori di targhe a ogni criterio",
        columns,
    );
    let mut answers = vec![Answers::default(); dossier.criteria.criteria.len()];
    for line in dossier.lines.iter().filter(|line| line.is_reader()) {
        for (counted, answer) in answers.iter_mut().zip(&line.answers) {
            counted.add(*answer);
        }
    }
    let mut bars = Vec::new();
    for (criterion, counted) in dossier.criteria.criteria.iter().zip(&answers) {
        let counts = Answer::ALL.map(|answer| counted.of(answer));
        let mut row: Vec<Cell> = vec![
            criterion.id.as_str().into(),
            criterion.text.as_str().into(),
            criterion.level.label().into(),
            criterion.grade.name().into(),
        ];
        row.extend(counts.map(whole));
        table.rows.push(row);
        if criterion.level == Level::Necessary {
            bars.push((criterion.id.clone(), counts.into_iter().take(3).collect()));
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
            tones: ANSWERED.to_vec(),
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
    let mut columns = vec![text("Software"), number("Enti")];
    columns.extend(outcome_columns(text("")).into_iter().skip(1));
    let mut table = Table::new("software", "Lettori di targhe per software", columns);
    let columns = ["Software", "Produttore", "Posizione verso SCNTT", "Fonte"].map(text);
    let caption = "Che cosa si sa di ogni software";
    let mut known = Table::new("software-noti", caption, columns.to_vec());
    let mut found: BTreeMap<&str, (BTreeSet<&str>, Outcomes)> = BTreeMap::new();
    for line in dossier.lines.iter().filter(|line| line.is_reader()) {
        let product = dossier.products.get(&line.software);
        let name = product.map_or(line.software.as_str(), |one| or(&one.name, &line.software));
        let (bodies, outcomes) = found.entry(name).or_default();
        bodies.insert(&line.body);
        outcomes.add(line.outcome);
    }
    for (name, (bodies, outcomes)) in in_order(found) {
        let mut row = vec![
            or(name, "Non indicato").into(),
            Cell::Integer(size(bodies.len())),
        ];
        row.extend(outcome_cells(&outcomes));
        table.rows.push(row);
        if name.is_empty() {
            continue;
        }
        let product = dossier.products.values().find(|one| one.name == name);
        let said = |pick: fn(&super::Product) -> &String| {
            product.map_or(Cell::Empty, |one| pick(one).as_str().into())
        };
        known.rows.push(vec![
            name.into(),
            said(|one| &one.producer),
            product.map_or("Non noto".into(), |one| {
                or(&one.standing, "Non noto").into()
            }),
            said(|one| &one.source),
        ]);
    }
    let (_, all) = total(dossier.lines);
    let mut last = vec![Cell::from("Totale"), Cell::Empty];
    last.extend(outcome_cells(&all));
    table.total = Some(last);
    let blocks = vec![
        paragraph(
            "La posizione di un software verso SCNTT è quella registrata nel catalogo, con la sua \
             fonte. Non esiste un elenco pubblico di prodotti compatibili: dove nulla è \
             documentato, la posizione è «non noto». Quello che afferma il solo fornitore non \
             soddisfa il criterio. Che nessun lettore con un software risulti compatibile dice che \
             manca un documento, non che il prodotto non possa esserlo.",
        ),
        Block::Table(table),
        Block::Table(known),
    ];
    Section::new("Software", "software", blocks)
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
        number("Fino a 50\u{a0}m"),
        number("Da 50 a 250\u{a0}m"),
        number("Da 250 a 500\u{a0}m"),
        number("Da 500\u{a0}m a 1\u{a0}km"),
        number("Oltre 1\u{a0}km"),
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
         legge in Varco, nella pagina dell’ente.",
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
            paragraph(
                "Come ogni ente partecipa al progetto, per quanto è stato registrato. Ci sono anche \
                 gli enti che partecipano e non hanno ancora dispositivi convalidati.",
            ),
            Block::Table(table),
        ],
    )
}

fn sources(dossier: &Dossier<'_>) -> Section {
    let columns = vec![
        text("Criterio").wide(10),
        text("Testo").wide(40),
        text("Livello"),
        text("Area"),
        text("Si applica se").wide(24),
        text("È soddisfatto se").wide(34),
        text("Intervento").wide(26),
        text("Fonte").wide(48),
        text("Grado").wide(7),
    ];
    let mut table = Table::new("fonti", "I criteri, con le loro fonti", columns);
    table.annex = true;
    let mut said: BTreeMap<String, &str> = BTreeMap::new();
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
                .map_or("Sempre".into(), |applies| {
                    // Many apply to the same devices: a long condition is said once.
                    match said.entry(applies.words()) {
                        Entry::Occupied(first) if first.key().len() > LONG => {
                            format!("Come {}", first.get()).into()
                        }
                        first => first.insert_entry(&criterion.id).key().as_str().into(),
                    }
                }),
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
        text("Ente").wide(16),
        text("Codice").wide(7),
        text("Denominazione").wide(34),
        text("Comune").wide(14),
        text("Sito").wide(10),
        text("Funzione").wide(14),
        text("Stato").wide(12),
        text("Lotto").wide(6),
        text("Software").wide(16),
        Column::new("Latitudine", Kind::Decimal(6)).wide(10),
        Column::new("Longitudine", Kind::Decimal(6)).wide(10),
        text("Esito").wide(15),
        text("Non soddisfatti").wide(14),
        text("Non noti").wide(23),
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
