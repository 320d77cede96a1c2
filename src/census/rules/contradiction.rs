//! Values that are right one by one and cannot be right together.
//!
//! A rule speaks only of what is stated: a value that is missing, not known or already refused
//! contradicts nothing, except where the rule is about its absence.

use super::{Checked, calendar};
use crate::census::finding::{Code, Finding};
use crate::census::record::{Record, Value};
use crate::census::vocabulary::{Field, UNKNOWN, reads_plates};
use jiff::civil::Date;

/// Adds a finding for every contradiction in what was read.
pub(super) fn find(checked: &mut Checked, today: Date) {
    let software_refused = checked.refused(Field::Software);
    let mut reader = Reader {
        record: &checked.record,
        found: Vec::new(),
    };
    reader.plates();
    reader.views();
    reader.connection(software_refused);
    reader.installation(today);
    reader.activation(today);
    reader.retention();
    let mut found = reader.found;
    checked.findings.append(&mut found);
}

/// More days than this need an act that says so.
const RETENTION_DAYS: i64 = 7;

struct Reader<'a> {
    record: &'a Record,
    found: Vec<Finding>,
}

impl Reader<'_> {
    fn say(&mut self, code: Code, field: Field, message: impl Into<String>) {
        self.found.push(Finding::new(
            code,
            field,
            &self.record.plain(field),
            message,
        ));
    }

    fn text(&self, field: Field) -> &str {
        self.record.text(field)
    }

    fn words(&self, field: Field) -> String {
        self.record.words(field)
    }

    fn integer(&self, field: Field) -> Option<i64> {
        match self.record.get(field) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    fn date(&self, field: Field) -> Option<Date> {
        calendar::canonical(self.text(field))
    }

    fn stated(&self, field: Field) -> bool {
        !matches!(self.text(field), "" | UNKNOWN)
    }

    fn recognises_plates(&self) -> bool {
        matches!(self.text(Field::Ocr), "a_bordo" | "su_server")
    }

    /// A function that certainly reads no plates: speed and red-light devices often do.
    fn only_watches(&self) -> bool {
        matches!(
            self.text(Field::Funzione),
            "contesto" | "osservazione" | "ambientale"
        )
    }

    fn plates(&mut self) {
        if reads_plates(self.text(Field::Funzione)) && self.text(Field::Ocr) == "nessuna" {
            let message = format!(
                "La funzione è «{}» ma la lettura targhe è «Nessuna». Correggete la funzione o la \
                 lettura targhe.",
                self.words(Field::Funzione)
            );
            self.say(Code::OcrMissing, Field::Ocr, message);
        }
        if !self.only_watches() {
            return;
        }
        if self.recognises_plates() {
            let message = format!(
                "La lettura targhe è «{}» ma la funzione è «{}», che non la prevede. Se legge \
                 targhe, la funzione è «Lettura targhe» o «Ibrida».",
                self.words(Field::Ocr),
                self.words(Field::Funzione)
            );
            self.say(Code::OcrUnexpected, Field::Ocr, message);
            return;
        }
        self.transit();
        if self.text(Field::StatoScntt) == "collegato" {
            let message = format!(
                "È collegato a SCNTT ma la funzione è «{}», che non legge targhe. Correggete la \
                 funzione o lo stato SCNTT.",
                self.words(Field::Funzione)
            );
            self.say(Code::ConnectedNotReader, Field::StatoScntt, message);
        }
    }

    /// Transits of a device that reads no plates.
    fn transit(&mut self) {
        let images =
            self.stated(Field::TransitoImmagini) && self.text(Field::TransitoImmagini) != "nessuna";
        let field = if self.stated(Field::TransitoDati) {
            Field::TransitoDati
        } else if images {
            Field::TransitoImmagini
        } else {
            return;
        };
        let message = format!(
            "Dichiara i dati dei transiti («{}») ma la funzione è «{}», che non legge targhe. \
             Correggete la funzione o i dati del transito.",
            self.words(field),
            self.words(Field::Funzione)
        );
        self.say(Code::TransitWithoutReader, field, message);
    }

    fn views(&mut self) {
        let Some(views) = self.integer(Field::PuntiRipresa) else {
            return;
        };
        match self.text(Field::Forma) {
            "multiottica" if views == 1 => self.say(
                Code::OneViewMultisensor,
                Field::PuntiRipresa,
                "È una multiottica ma dichiara un solo punto di ripresa. Scrivete quanti punti di \
                 ripresa ha.",
            ),
            // Thermal cameras often have a second, visible view, and fisheyes are cut into several.
            "bullet" | "dome" | "ptz" | "box" if views > 1 => {
                let message = format!(
                    "Dichiara {views} punti di ripresa ma la forma è «{}», che ne prevede uno. Se \
                     ha più ottiche, la forma è «Multiottica».",
                    self.words(Field::Forma)
                );
                self.say(Code::ManyViewsSingle, Field::PuntiRipresa, message);
            }
            _ => {}
        }
    }

    fn connection(&mut self, software_refused: bool) {
        if self.text(Field::StatoScntt) != "collegato" {
            return;
        }
        if !self.stated(Field::Software) && !software_refused {
            self.say(
                Code::ConnectedWithoutSoftware,
                Field::Software,
                "È collegato a SCNTT ma il software di gestione non è indicato. Indicate il \
                 software che invia i transiti.",
            );
        }
        if self.text(Field::Connettivita) == "nessuna" {
            self.say(
                Code::ConnectedWithoutNetwork,
                Field::Connettivita,
                "È collegato a SCNTT ma la connettività è «Nessuna». Correggete la connettività o \
                 lo stato SCNTT.",
            );
        }
        if self.stated(Field::Stato) && self.text(Field::Stato) != "in_esercizio" {
            let message = format!(
                "È collegato a SCNTT ma lo stato è «{}». Correggete lo stato o lo stato SCNTT.",
                self.words(Field::Stato)
            );
            self.say(Code::ConnectedNotWorking, Field::StatoScntt, message);
        }
    }

    fn installation(&mut self, today: Date) {
        let Some(year) = self.integer(Field::AnnoInstallazione) else {
            return;
        };
        let not_built = match self.text(Field::Stato) {
            "progettato" | "finanziato" => true,
            // A device being installed this year already has the year it will have.
            "in_installazione" => year < i64::from(today.year()),
            _ => false,
        };
        if not_built {
            let message = format!(
                "L’anno di installazione è {year} ma lo stato è «{}». Correggete lo stato o \
                 l’anno.",
                self.words(Field::Stato)
            );
            self.say(Code::InstalledNotBuilt, Field::AnnoInstallazione, message);
        }
    }

    fn activation(&mut self, today: Date) {
        let Some(activated) = self.date(Field::DataAttivazione) else {
            return;
        };
        if self.text(Field::Stato) == "in_esercizio" && activated > today {
            let message = format!(
                "È in esercizio ma la data di attivazione, {}, è nel futuro. Correggete lo stato o \
                 la data.",
                self.words(Field::DataAttivazione)
            );
            self.say(Code::WorkingInFuture, Field::DataAttivazione, message);
        }
        let installed = self.integer(Field::AnnoInstallazione);
        if let Some(year) = installed.filter(|year| i64::from(activated.year()) < *year) {
            let message = format!(
                "La data di attivazione, {}, è prima dell’anno di installazione, {year}. \
                 Correggete la data o l’anno.",
                self.words(Field::DataAttivazione)
            );
            self.say(
                Code::ActivationBeforeInstallation,
                Field::DataAttivazione,
                message,
            );
        }
        if self
            .date(Field::ManutenzioneScadenza)
            .is_some_and(|ends| ends < activated)
        {
            let message = format!(
                "La manutenzione scade il {}, prima dell’attivazione del {}. Correggete una delle \
                 due date.",
                self.words(Field::ManutenzioneScadenza),
                self.words(Field::DataAttivazione)
            );
            self.say(
                Code::MaintenanceBeforeActivation,
                Field::ManutenzioneScadenza,
                message,
            );
        }
    }

    fn retention(&mut self) {
        let days = self.integer(Field::ConservazioneGiorni);
        if let Some(days) = days.filter(|days| *days > RETENTION_DAYS) {
            let message = format!(
                "Le immagini sono conservate per {days} giorni, più di sette. Se un atto lo \
                 prevede, confermate citandolo."
            );
            self.say(Code::RetentionLong, Field::ConservazioneGiorni, message);
        }
    }
}
