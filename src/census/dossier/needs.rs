//! The chapter on what is needed and what it costs, of all lots together, by lot and by body.

use super::count::{named, number, or, paragraph, text};
use super::{Dossier, Quantity};
use crate::census::collation::italian;
use crate::census::report::{Block, Cell, Column, Kind, Section, Table};
use std::collections::BTreeSet;

/// Quantities with the name of the lot or of the body that needs them, in the order of the names.
type Named<'a> = Vec<(&'a str, &'a Quantity)>;

pub(super) fn interventions(dossier: &Dossier<'_>) -> Section {
    let estimate = dossier.estimate;
    let mut blocks = vec![paragraph(
        "Un intervento serve dove un criterio necessario non è soddisfatto; si conta una volta per \
         ciò a cui serve: un collegamento di rete serve a un sito e non a ogni sua telecamera. Un \
         intervento che serve a dispositivi di più lotti si conta nel lotto che ne ha di più, così \
         che i lotti sommati diano il totale; lo stesso vale per gli enti: un lotto da solo può dunque \
         aver bisogno di opere contate in un altro. Gli interventi si sommano, anche dove uno può \
         rendere inutile un altro: chi sostituisce un lettore lo consegna già configurato. I lettori \
         già collegati non sono contati.",
    )];
    if estimate.by_lot.is_empty() {
        blocks.push(paragraph("Nessun intervento."));
        return Section::new("Interventi e stima", "interventi", blocks);
    }
    let lots = estimate.by_lot.iter();
    let lots: Named<'_> = lots
        .map(|one| (or(&one.whose, "Senza lotto"), one))
        .collect();
    let bodies = estimate.by_body.iter();
    let mut bodies: Named<'_> = bodies
        .map(|one| (named(dossier.bodies, &one.whose), one))
        .collect();
    bodies.sort_by(|(left, _), (right, _)| italian(left, right));
    let priced = estimate.by_lot.iter().any(|one| one.price.is_some());
    blocks.extend(unpriced(dossier, priced).map(Block::Note));
    blocks.push(Block::Table(by_remedy(dossier, priced)));
    if priced {
        blocks.push(Block::Table(amounts(
            ("importi", "Importi per lotto", "Lotto"),
            &lots,
        )));
        blocks.push(Block::Table(amounts(
            ("importi-enti", "Importi per ente", "Ente"),
            &bodies,
        )));
    }
    blocks.push(Block::Table(detail(
        ("interventi", "Interventi per lotto", "Lotto"),
        &lots,
        priced,
    )));
    blocks.push(Block::Table(detail(
        ("interventi-enti", "Interventi per ente", "Ente"),
        &bodies,
        priced,
    )));
    Section::new("Interventi e stima", "interventi", blocks)
}

/// What the amounts leave out, in words.
fn unpriced(dossier: &Dossier<'_>, priced: bool) -> Option<String> {
    if !priced {
        return Some("Non c’è un elenco prezzi: le quantità sono senza importi.".to_owned());
    }
    let lines = dossier.estimate.by_lot.iter();
    let unpriced = lines.filter(|line| line.price.is_none());
    let names: BTreeSet<&str> = unpriced.map(|line| line.remedy.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let names: Vec<&str> = names.into_iter().collect();
    Some(format!(
        "Non hanno prezzo, e non sono nel totale: {}.",
        names.join("; ")
    ))
}

fn money(titles: &[&str]) -> Vec<Column> {
    let titles = titles.iter();
    titles.map(|one| Column::new(one, Kind::Money)).collect()
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
        columns.extend(money(&["Importo minimo", "Importo massimo"]));
    }
    let mut table = Table::new("interventi-totali", "Interventi in tutti i lotti", columns);
    // In the order of the criteria, which is that of the lines of every lot.
    for remedy in &dossier.criteria.remedies {
        let lines = dossier.estimate.by_lot.iter();
        let lines: Vec<_> = lines.filter(|line| line.remedy == remedy.name).collect();
        if lines.is_empty() {
            continue;
        }
        let sum = |pick: fn(&Quantity) -> i64| -> i64 {
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
            row.extend(cents(Some(total_of(lines.iter().copied()))));
        }
        table.rows.push(row);
    }
    if priced {
        table.total = Some(last(4, &dossier.estimate.by_lot));
    }
    table
}

/// What each lot, or each body, comes to.
fn amounts((key, caption, whose): (&str, &str, &str), quantities: &Named<'_>) -> Table {
    let mut columns = vec![text(whose)];
    columns.extend(money(&["Importo minimo", "Importo massimo"]));
    let mut table = Table::new(key, caption, columns);
    for own in quantities.chunk_by(|(left, _), (right, _)| left == right) {
        let mut row: Vec<Cell> = own
            .first()
            .map(|(name, _)| (*name).into())
            .into_iter()
            .collect();
        row.extend(cents(Some(total_of(own.iter().map(|(_, one)| *one)))));
        table.rows.push(row);
    }
    table.total = Some(last(1, quantities.iter().map(|(_, one)| *one)));
    table
}

/// Each intervention of each lot, or of each body.
fn detail(
    (key, caption, whose): (&str, &str, &str),
    quantities: &Named<'_>,
    priced: bool,
) -> Table {
    let mut columns = vec![
        text(whose).wide(14),
        text("Intervento").wide(38),
        text("Si conta per").wide(12),
        number("Quantità minima"),
        number("Quantità massima"),
    ];
    if priced {
        columns.extend(money(&[
            "Prezzo minimo",
            "Prezzo massimo",
            "Importo minimo",
            "Importo massimo",
        ]));
    }
    let mut table = Table::new(key, caption, columns);
    for (name, one) in quantities {
        let mut row: Vec<Cell> = vec![
            (*name).into(),
            one.remedy.as_str().into(),
            one.unit.as_str().into(),
            Cell::Integer(one.certain),
            Cell::Integer(one.possible),
        ];
        if priced {
            row.extend(cents(one.price));
            row.extend(cents(one.amount));
        }
        table.rows.push(row);
    }
    if priced {
        table.total = Some(last(7, quantities.iter().map(|(_, one)| *one)));
    }
    table
}

fn cents(range: Option<(i64, i64)>) -> [Cell; 2] {
    range.map_or([Cell::Empty, Cell::Empty], |(low, high)| {
        [Cell::Cents(low), Cell::Cents(high)]
    })
}

/// The row of the total, whose amounts come after so many columns.
fn last<'a>(columns: usize, quantities: impl IntoIterator<Item = &'a Quantity>) -> Vec<Cell> {
    let mut row = vec![Cell::Empty; columns];
    if let Some(first) = row.first_mut() {
        *first = "Totale".into();
    }
    row.extend(cents(Some(total_of(quantities))));
    row
}

/// The lowest and the highest amount of these together; what has no price adds nothing.
pub(super) fn total_of<'a>(quantities: impl IntoIterator<Item = &'a Quantity>) -> (i64, i64) {
    let amounts = quantities.into_iter().map(|one| one.amount);
    amounts.fold((0, 0), |(low, high): (i64, i64), amount| {
        let (least, most) = amount.unwrap_or_default();
        (low.saturating_add(least), high.saturating_add(most))
    })
}
