//! What a rule found: a stable code, a severity, a sentence, and where possible a proposal.
//!
//! Every code is listed once, in [`CODES`]; the page of codes in `docs/` is generated from it.
//! Enforced by `tests/it/documentation.rs`: a finding whose code is not listed cannot be built.

use super::position::in_figures;
use super::vocabulary::Field;
use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; stops nothing.
    Info,
    /// May be confirmed with a reason.
    Warning,
    /// The device cannot be saved like this.
    Error,
}

impl Severity {
    /// The spelling in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The word people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Info => "Nota",
            Self::Warning => "Avviso",
            Self::Error => "Errore",
        }
    }
}

/// A code as documentation has it.
#[derive(Debug)]
pub struct Described {
    /// The code.
    pub code: Code,
    /// Its stable spelling.
    pub name: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What it means, in Italian.
    pub meaning: &'static str,
    /// What the person who reads it can do, in Italian.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($code:ident $name:literal $severity:ident $meaning:literal $remedy:literal;)*) => {
        /// The stable code of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        /// Every code there is, in the order of the documentation.
        pub static CODES: &[Described] = &[$(Described {
            code: Code::$code,
            name: $name,
            severity: Severity::$severity,
            meaning: $meaning,
            remedy: $remedy,
        },)*];

        impl Code {
            /// The stable spelling, as in reports and in the documentation.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How much a finding with this code weighs.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    ValueRequired "value.required" Error
        "Manca un valore senza il quale il dispositivo non si può salvare."
        "Scrivete il valore; negli elenchi chiusi potete scegliere «Non noto».";
    ValueMissing "value.missing" Info
        "Manca un valore che servirà per inviare il dispositivo alla convalida."
        "Salvate pure; completatelo prima di inviare.";
    ValueUnknown "value.unknown" Error
        "Il valore non è tra quelli dell’elenco."
        "Scegliete un valore dell’elenco; se somiglia a uno di essi ve lo proponiamo.";
    ValueNotANumber "value.not_a_number" Error
        "Ci si aspetta un numero."
        "Scrivete solo cifre, con la virgola o il punto per i decimali.";
    ValueNotADate "value.not_a_date" Error
        "Ci si aspetta una data."
        "Scrivete la data come 31/12/2024 o 2024-12-31.";
    ValueRange "value.range" Error
        "Il numero è fuori dai limiti possibili."
        "Controllate il numero e la sua unità di misura.";
    ValueLength "value.length" Error
        "Il testo è più lungo di quanto si possa conservare."
        "Accorciate il testo; i dettagli stanno meglio nelle note.";
    ValueDefaulted "value.defaulted" Warning
        "Il file non ha una colonna obbligatoria: in tutte le righe il valore è «non noto»."
        "Indicate un valore per tutto il file, oppure completate i dispositivi dopo.";
    ColumnUnknown "column.unknown" Info
        "Una colonna del file non corrisponde a nessun attributo ed è stata ignorata."
        "Se contiene un attributo, date alla colonna il suo nome.";
    RowShape "row.shape" Error
        "La riga non ha lo stesso numero di celle dell’intestazione."
        "Controllate separatori e virgolette in quella riga.";
    TextSecret "text.secret" Error
        "Il testo somiglia a un indirizzo di rete, a una password o all’indirizzo di un flusso video."
        "Toglietelo: l’archivio non conserva mai questi dati.";
    TextControl "text.control" Error
        "Il testo contiene caratteri di controllo che non si possono conservare."
        "Riscrivete il testo senza copiarlo da altri programmi.";
    CodeDuplicate "code.duplicate" Error
        "L’ente ha già un dispositivo con questo codice."
        "Aprite il dispositivo esistente per modificarlo, oppure usate un altro codice.";
    CodeRepeated "code.repeated" Error
        "Lo stesso codice compare più volte nel file."
        "Lasciate una riga sola per ogni codice.";
    BodyUnknown "body.unknown" Error
        "L’ente non è tra quelli registrati."
        "Scegliete un ente dell’elenco; per un Comune il codice è quello ISTAT, di sei cifre.";
    BodyForbidden "body.forbidden" Error
        "Non potete scrivere dispositivi di questo ente."
        "Chiedete all’amministratore di essere abilitati per questo ente.";
    MunicipalityUnknown "municipality.unknown" Error
        "Il Comune non è tra quelli del territorio."
        "Scrivete il codice ISTAT di sei cifre o il nome per esteso.";
    PositionMissing "position.missing" Error
        "Manca la posizione."
        "Fate clic sulla mappa oppure scrivete le coordinate.";
    PositionUnreadable "position.unreadable" Error
        "Le coordinate non si leggono."
        "Scrivete per esempio 45,4642 9,19 oppure 45°27'51\"N 9°11'24\"E.";
    PositionRange "position.range" Error
        "Le coordinate sono fuori dai limiti possibili sulla Terra."
        "Controllate le cifre: la latitudine va da -90 a 90, la longitudine da -180 a 180.";
    PositionSwapped "position.swapped" Error
        "Latitudine e longitudine sono scambiate."
        "Accettate la proposta, che le rimette al loro posto.";
    PositionLostDecimal "position.lost_decimal" Error
        "Nelle coordinate è andato perso il separatore dei decimali."
        "Accettate la proposta, se il punto è quello giusto.";
    PositionWrongSign "position.wrong_sign" Error
        "Una coordinata ha il segno sbagliato."
        "Accettate la proposta, se il punto è quello giusto.";
    PositionDegrees "position.degrees" Error
        "Gradi e minuti sono stati scritti come se fossero gradi decimali."
        "Accettate la proposta, se il punto è quello giusto.";
    PositionNullIsland "position.null_island" Error
        "Le coordinate sono zero: di solito vuol dire che mancavano."
        "Fate clic sulla mappa oppure scrivete le coordinate.";
    PositionOtherCrs "position.other_crs" Error
        "Le coordinate sono in un altro sistema di riferimento."
        "Accettate la proposta giusta oppure indicate il sistema di riferimento.";
    PositionAmbiguous "position.ambiguous" Error
        "Le coordinate si possono leggere in più modi e nessuno è certo."
        "Scegliete la lettura giusta guardando dove cade il punto.";
    PositionOutsideTerritory "position.outside_territory" Error
        "Il punto è fuori dal territorio."
        "Controllate le coordinate.";
    PositionOutsideMunicipality "position.outside_municipality" Error
        "Il punto è lontano dal Comune dichiarato."
        "Correggete il Comune o la posizione.";
    PositionNearBorder "position.near_border" Warning
        "Il punto è appena fuori dal Comune dichiarato; i confini caricati sono generalizzati."
        "Controllate il punto; se è giusto, confermate con un motivo.";
    PositionElsewhere "position.elsewhere" Warning
        "Il punto è in un Comune diverso da quello dell’ente."
        "Se il dispositivo è davvero là, indicate il Comune oppure confermate con un motivo.";
    PositionBorderBody "position.border_body" Info
        "Il punto è appena oltre il confine del Comune dell’ente, che è generalizzato: lo attribuiamo all’ente."
        "Se il punto è in un altro Comune, indicatelo.";
    PositionCoarse "position.coarse" Warning
        "Le coordinate hanno troppo pochi decimali per dire dov’è una telecamera."
        "Riportate almeno cinque decimali, oppure confermate con un motivo.";
    PositionDatum "position.datum" Info
        "Il sistema di riferimento dichiarato può spostare il punto di decine di metri."
        "Guardate sulla mappa se il punto è dove lo conoscete.";
    PositionFile "position.file" Info
        "Come vanno lette le coordinate di tutto il file, o di un tratto delle sue righe."
        "Controllate sulla mappa qualche riga, poi accettate le proposte.";
    PositionTooNear "position.too_near" Warning
        "A meno di due metri c’è già un altro dispositivo con la stessa funzione e lo stesso orientamento."
        "Se non è lo stesso dispositivo, confermate con un motivo.";
    OcrMissing "contradiction.ocr" Warning
        "È un lettore di targhe ma dichiara di non avere lettura targhe."
        "Correggete la funzione o la lettura targhe.";
    OcrUnexpected "contradiction.ocr_unexpected" Warning
        "Dichiara la lettura targhe ma la sua funzione non la prevede."
        "Se legge targhe, la funzione è «Lettura targhe» o «Ibrida».";
    ConnectedWithoutSoftware "contradiction.connected_without_software" Warning
        "È collegato a SCNTT ma il software di gestione non è indicato."
        "Indicate il software che invia i transiti.";
    ConnectedWithoutNetwork "contradiction.connected_without_network" Warning
        "È collegato a SCNTT ma dichiara di non avere connettività."
        "Correggete la connettività o lo stato SCNTT.";
    ConnectedNotReader "contradiction.connected_not_reader" Warning
        "È collegato a SCNTT ma non legge targhe."
        "Correggete la funzione o lo stato SCNTT.";
    ConnectedNotWorking "contradiction.connected_not_working" Warning
        "È collegato a SCNTT ma non è in esercizio."
        "Correggete lo stato o lo stato SCNTT.";
    YearFuture "contradiction.year_future" Error
        "L’anno di installazione è nel futuro."
        "Per un dispositivo non ancora installato lasciate vuoto l’anno.";
    WorkingInFuture "contradiction.activation_future" Warning
        "È in esercizio ma la data di attivazione è nel futuro."
        "Correggete lo stato o la data.";
    ActivationBeforeInstallation "contradiction.activation_before_installation" Error
        "La data di attivazione è prima dell’anno di installazione."
        "Correggete la data o l’anno.";
    InstalledNotBuilt "contradiction.year_not_built" Warning
        "Ha un anno di installazione ma non risulta ancora installato."
        "Correggete lo stato o l’anno.";
    OneViewMultisensor "contradiction.multisensor_one_view" Warning
        "È una multiottica ma dichiara un solo punto di ripresa."
        "Scrivete quanti punti di ripresa ha.";
    ManyViewsSingle "contradiction.single_many_views" Warning
        "Dichiara più punti di ripresa ma la forma ne prevede uno."
        "Se ha più ottiche, la forma è «Multiottica».";
    TransitWithoutReader "contradiction.transit_not_reader" Warning
        "Dichiara i dati dei transiti ma non legge targhe."
        "Correggete la funzione o i dati del transito.";
    RetentionLong "contradiction.retention" Warning
        "Le immagini sono conservate per più di sette giorni."
        "Se un atto lo prevede, confermate citandolo.";
    MaintenanceBeforeActivation "contradiction.maintenance" Error
        "La manutenzione scade prima dell’attivazione."
        "Correggete una delle due date.";
    CupShape "cup.shape" Error
        "Il CUP non è fatto di 15 lettere e cifre."
        "Ricopiate il CUP dall’atto.";
    SoftwareProposed "software.proposed" Info
        "Il software non è nel catalogo: verrà proposto come voce nuova."
        "Controllate di averlo scritto come lo scrive il produttore.";
    ModelKnownFact "model.known_fact" Info
        "Il catalogo dei modelli conosce un valore che il dispositivo non indica."
        "Se è così anche per il vostro, accettate la proposta; da solo non si riempie nulla.";
    SiteNew "site.new" Info
        "Il sito non c’è ancora: verrà creato."
        "Controllate il codice del sito.";
    RowRestored "row.restored" Info
        "Il dispositivo era ritirato: il file lo rimette nel censimento."
        "Se deve restare ritirato, togliete la riga dal file.";
    RowConflict "row.conflict" Error
        "Il dispositivo è stato modificato da altri mentre lavoravate."
        "Rileggete i valori attuali e salvate di nuovo.";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What one click would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Proposal {
    /// Another reading of the coordinates.
    Position(PositionProposal),
    /// Another value for the finding's field.
    Value {
        /// The attribute's spelling.
        field: &'static str,
        /// The value to put there.
        value: String,
    },
}

impl std::fmt::Display for Proposal {
    /// In a few words: the point and the system its numbers were read in, or the value as people
    /// read it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Position(position) => write!(
                formatter,
                "{} ({})",
                in_figures(position.lat, position.lon),
                position.crs
            ),
            Self::Value { field, value } => match Field::named(field) {
                Some(field) => formatter.write_str(&field.words(value)),
                None => formatter.write_str(value),
            },
        }
    }
}

/// A point that the coordinates may mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PositionProposal {
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// The reference system the typed numbers are read in, as `EPSG:n`.
    pub crs: &'static str,
    /// What is done to the typed numbers, as a stable word: `decimal_point`, `swap`, …
    pub operation: &'static str,
    /// How far the result may be from the truth because of the operation, in metres.
    pub accuracy_m: f64,
    /// The ISTAT code of the Comune where the point falls, if in the territory.
    pub comune: Option<String>,
}

/// What a rule found in a draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub code: Code,
    /// The attribute it is about, if one.
    pub field: Option<Field>,
    /// The value as typed, shortened.
    pub value: String,
    /// What is wrong and what to do, in Italian.
    pub message: String,
    /// What would mend it. One: it can be applied unseen; several: a person chooses.
    pub proposals: Vec<Proposal>,
}

impl Finding {
    /// A finding about a field, without proposals.
    #[must_use]
    pub fn new(code: Code, field: Field, value: &str, message: impl Into<String>) -> Self {
        let value = value.chars().take(120).collect();
        Self {
            code,
            field: Some(field),
            value,
            message: message.into(),
            proposals: Vec::new(),
        }
    }

    /// The same finding with what would mend it.
    #[must_use]
    pub fn proposing(mut self, proposals: Vec<Proposal>) -> Self {
        self.proposals = proposals;
        self
    }

    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it keeps the device from being saved.
    #[must_use]
    pub const fn stops(&self) -> bool {
        matches!(self.severity(), Severity::Error)
    }
}
