//! Values that are right one by one and cannot be right together.
//!
//! A rule speaks only of what is stated: a value that is missing, not known or already refused
//! contradicts nothing, except where the rule is about its absence.

use super::Checked;
use crate::census::finding::{Code, Finding};
use crate::census::record::{Record, Value};
use crate::census::vocabulary::{Field, UNKNOWN, reads_plates};
use jiff::civil::Date;

/// Adds a finding for every contradiction in what was read.
pub(super) fn find(checked: &mut Checked, today: Date) {
    let record = &checked.record;
    let mut found = Vec::new();
    reading(record, &mut found);
    views(record, &mut found);
    connection(record, &mut found);
    if record.text(Field::StatoScntt) == "collegato"
        && !stated(record, Field::Software)
        && !checked.refused(Field::Software)
    {
        found.push(said(record, Code::ConnectedWithoutSoftware, Field::Software, "È collegato a SCNTT ma il software di gestione non è indicato. Indicate il software che invia i transiti."));
    }
    times(record, today, &mut found);
    checked.findings.append(&mut found);
}

fn said(record: &Record, code: Code, field: Field, message: impl Into<String>) -> Finding {
    Finding::new(code, field, &record.plain(field), message)
}

fn stated(record: &Record, field: Field) -> bool {
    !matches!(record.text(field), "" | UNKNOWN)
}

/// Functions that are certain not to read plates: speed and red-light devices often do.
fn reads_none(funzione: &str) -> bool {
    matches!(funzione, "contesto" | "osservazione" | "ambientale")
}

fn reading(record: &Record, found: &mut Vec<Finding>) {
    let funzione = record.text(Field::Funzione);
    let words = record.words(Field::Funzione);
    let ocr = record.text(Field::Ocr);
    let recognises = matches!(ocr, "a_bordo" | "su_server");
    if reads_plates(funzione) && ocr == "nessuna" {
        found.push(said(record, Code::OcrMissing, Field::Ocr, format!("La funzione è «{words}» ma la lettura targhe è «Nessuna». Correggete la funzione o la lettura targhe.")));
    }
    if recognises && reads_none(funzione) {
        found.push(said(record, Code::OcrUnexpected, Field::Ocr, format!("La lettura targhe è «{}» ma la funzione è «{words}», che non la prevede. Se legge targhe, la funzione è «Lettura targhe» o «Ibrida».", record.words(Field::Ocr))));
    }
    let images = stated(record, Field::TransitoImmagini)
        && record.text(Field::TransitoImmagini) != "nessuna";
    let data = stated(record, Field::TransitoDati);
    if (data || images) && reads_none(funzione) && !recognises {
        let field = if data {
            Field::TransitoDati
        } else {
            Field::TransitoImmagini
        };
        found.push(said(record, Code::TransitWithoutReader, field, format!("Dichiara i dati dei transiti («{}») ma la funzione è «{words}», che non legge targhe. Correggete la funzione o i dati del transito.", record.words(field))));
    }
    if record.text(Field::StatoScntt) == "collegato" && reads_none(funzione) && !recognises {
        found.push(said(record, Code::ConnectedNotReader, Field::StatoScntt, format!("È collegato a SCNTT ma la funzione è «{words}», che non legge targhe. Correggete la funzione o lo stato SCNTT.")));
    }
}

fn views(record: &Record, found: &mut Vec<Finding>) {
    let Some(Value::Integer(views)) = record.get(Field::PuntiRipresa) else {
        return;
    };
    match (record.text(Field::Forma), views) {
        ("multiottica", 1) => found.push(said(record, Code::OneViewMultisensor, Field::PuntiRipresa, "È una multiottica ma dichiara un solo punto di ripresa. Scrivete quanti punti di ripresa ha.")),
        // Thermal cameras often have a second, visible view, and fisheyes are cut into several.
        ("bullet" | "dome" | "ptz" | "box", 2..) => found.push(said(record, Code::ManyViewsSingle, Field::PuntiRipresa, format!("Dichiara {views} punti di ripresa ma la forma è «{}», che ne prevede uno. Se ha più ottiche, la forma è «Multiottica».", record.words(Field::Forma)))),
        _ => {}
    }
}

fn connection(record: &Record, found: &mut Vec<Finding>) {
    if record.text(Field::StatoScntt) != "collegato" {
        return;
    }
    if record.text(Field::Connettivita) == "nessuna" {
        found.push(said(record, Code::ConnectedWithoutNetwork, Field::Connettivita, "È collegato a SCNTT ma la connettività è «Nessuna». Correggete la connettività o lo stato SCNTT."));
    }
    if stated(record, Field::Stato) && record.text(Field::Stato) != "in_esercizio" {
        found.push(said(
            record,
            Code::ConnectedNotWorking,
            Field::StatoScntt,
            format!(
                "È collegato a SCNTT ma lo stato è «{}». Correggete lo stato o lo stato SCNTT.",
                record.words(Field::Stato)
            ),
        ));
    }
}

fn times(record: &Record, today: Date, found: &mut Vec<Finding>) {
    let installed = match record.get(Field::AnnoInstallazione) {
        Some(Value::Integer(year)) => Some(*year),
        _ => None,
    };
    let stato = record.text(Field::Stato);
    if let Some(year) = installed {
        // A device being installed this year already has the year it will have.
        let building = stato == "in_installazione" && year < i64::from(today.year());
        if building || matches!(stato, "progettato" | "finanziato") {
            found.push(said(record, Code::InstalledNotBuilt, Field::AnnoInstallazione, format!("L’anno di installazione è {year} ma lo stato è «{}». Correggete lo stato o l’anno.", record.words(Field::Stato))));
        }
    }
    if let Some(activated) = date(record, Field::DataAttivazione) {
        let words = record.words(Field::DataAttivazione);
        if stato == "in_esercizio" && activated > today {
            found.push(said(record, Code::WorkingInFuture, Field::DataAttivazione, format!("È in esercizio ma la data di attivazione, {words}, è nel futuro. Correggete lo stato o la data.")));
        }
        if let Some(year) = installed.filter(|year| i64::from(activated.year()) < *year) {
            found.push(said(record, Code::ActivationBeforeInstallation, Field::DataAttivazione, format!("La data di attivazione, {words}, è prima dell’anno di installazione, {year}. Correggete la data o l’anno.")));
        }
        if date(record, Field::ManutenzioneScadenza).is_some_and(|ends| ends < activated) {
            found.push(said(record, Code::MaintenanceBeforeActivation, Field::ManutenzioneScadenza, format!("La manutenzione scade il {}, prima dell’attivazione del {words}. Correggete una delle due date.", record.words(Field::ManutenzioneScadenza))));
        }
    }
    if let Some(Value::Integer(days @ 8..)) = record.get(Field::ConservazioneGiorni) {
        found.push(said(record, Code::RetentionLong, Field::ConservazioneGiorni, format!("Le immagini sono conservate per {days} giorni, più di sette. Se un atto lo prevede, confermate citandolo.")));
    }
}

fn date(record: &Record, field: Field) -> Option<Date> {
    record.text(field).parse().ok()
}
