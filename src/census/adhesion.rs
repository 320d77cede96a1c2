//! How a body takes part: the steps of its adhesion, the acts behind it, its seat, and whom to ring.
//!
//! Steps, acts and seats are only ever added: the present one is the last recorded, a step that was
//! a mistake is annulled by a later row that says why, and what was known at an instant are the rows
//! recorded until then. The contact is a person: it is replaced or erased, and nothing of it stays.
//! What a row may say is decided here, in words for whoever typed it. Enforced by the tests below.

use super::revision::Provenance;
use super::rules;
use super::vocabulary::{Term, UNKNOWN};
use crate::clock::Instant;
use jiff::civil::Date;
use uuid::Uuid;

/// The longest number of an act, in characters.
const NUMBER: usize = 80;
/// The longest note, in characters.
const NOTE: usize = 2_000;
/// The longest of the other texts, in characters.
const LINE: usize = 200;
/// The longest address of electronic mail, in characters.
const EMAIL: usize = 254;
/// No act of today's bodies is older than this year.
const FIRST_YEAR: i16 = 1948;
/// Nothing is planned for later than this many years from now.
const YEARS_AHEAD: i16 = 20;

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It said that it is interested.
    Interested,
    /// Its organ resolved to join.
    Resolved,
    /// It signed the protocol.
    Signed,
    /// It left.
    Revoked,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [
        Self::Interested,
        Self::Resolved,
        Self::Signed,
        Self::Revoked,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interested => "interessato",
            Self::Resolved => "delibera",
            Self::Signed => "protocollo_firmato",
            Self::Revoked => "revocato",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Interested => "Interessato",
            Self::Resolved => "Delibera adottata",
            Self::Signed => "Protocollo firmato",
            Self::Revoked => "Adesione revocata",
        }
    }

    /// The stage with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// What a row among the steps says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The body has come this far.
    Reached(Stage),
    /// The step of this identifier was a mistake.
    Annuls(Uuid),
}

/// A row among the steps of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body.
    pub body: String,
    /// What it says.
    pub said: Said,
    /// The number of the act; may be empty.
    pub number: String,
    /// The date of the act, ISO 8601; empty in what annuls.
    pub date: String,
    /// A note, or why a step is annulled.
    pub note: String,
    /// The document behind it.
    pub document: Option<Uuid>,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

impl Step {
    /// The stage that it says was reached, unless it annuls another.
    #[must_use]
    pub const fn stage(&self) -> Option<Stage> {
        match self.said {
            Said::Reached(stage) => Some(stage),
            Said::Annuls(_) => None,
        }
    }
}

/// The row that annuls a step, if one does.
#[must_use]
pub fn annulment(steps: &[Step], id: Uuid) -> Option<&Step> {
    steps.iter().find(|step| step.said == Said::Annuls(id))
}

/// The present step of one body: of its rows in the order they were recorded, the last that says a
/// stage and was not annulled.
#[must_use]
pub fn present(steps: &[Step]) -> Option<(Stage, &Step)> {
    steps
        .iter()
        .rev()
        .filter(|step| annulment(steps, step.id).is_none())
        .find_map(|step| Some((step.stage()?, step)))
}

/// The acts that stand behind the devices of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActKind {
    /// The pact with the Prefetto for the security of the town.
    Pact,
    /// The approval of the project by the provincial committee.
    Approval,
    /// The protocol for the link to the national system.
    Protocol,
    /// The assessment of the impact on data protection.
    Assessment,
    /// The municipal regulation of video-surveillance.
    Regulation,
    /// The server at the Questura.
    Server,
}

macro_rules! states {
    ($name:ident: $($code:literal $label:literal),*) => {
        static $name: &[Term] = &[$(Term { code: $code, label: $label, synonyms: &[] }),*];
    };
}

states! { PACT: "si" "Firmato", "no" "Non c’è", "non_noto" "Non noto" }
states! { APPROVAL: "si" "Approvato", "no" "Non approvato", "non_noto" "Non noto" }
states! { PROTOCOL: "no" "Non avviato", "in_preparazione" "In preparazione",
"sottoscritto" "Sottoscritto, da autorizzare", "autorizzato" "Sottoscritto e autorizzato",
"non_noto" "Non noto" }
states! { ASSESSMENT: "si" "Fatta", "no" "Non fatta", "non_noto" "Non noto" }
states! { REGULATION: "si" "Approvato", "no" "Non c’è", "non_noto" "Non noto" }
states! { SERVER: "no" "Non previsto", "previsto" "Previsto", "attivo" "Attivo",
"non_noto" "Non noto" }
states! { YES_NO: "si" "Sì", "no" "No", "non_noto" "Non noto" }
states! { FIBRES: "si" "Sì, la fibra arriva", "prevista" "Prevista", "no" "No",
"non_noto" "Non noto" }

impl ActKind {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] = [
        Self::Pact,
        Self::Approval,
        Self::Protocol,
        Self::Assessment,
        Self::Regulation,
        Self::Server,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pact => "patto",
            Self::Approval => "cposp",
            Self::Protocol => "protocollo_scntt",
            Self::Assessment => "dpia",
            Self::Regulation => "regolamento",
            Self::Server => "server_questura",
        }
    }

    /// The kind with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pact => "Patto per la sicurezza urbana",
            Self::Approval => "Approvazione del CPOSP",
            Self::Protocol => "Protocollo per SCNTT",
            Self::Assessment => "DPIA",
            Self::Regulation => "Regolamento",
            Self::Server => "Server alla Questura",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Pact => "Il patto tra Prefetto e Sindaco (articolo 5 del DL 14/2017).",
            Self::Approval => {
                "Il parere del Comitato provinciale per l’ordine e la sicurezza pubblica sul \
                 progetto, con l’ubicazione di centro e dispositivi."
            }
            Self::Protocol => {
                "Il protocollo d’intesa tra Prefetto, Questore e Sindaco per il collegamento a \
                 SCNTT, che il Dipartimento della pubblica sicurezza autorizza."
            }
            Self::Assessment => {
                "La valutazione d’impatto sulla protezione dei dati, con data certa e precedente \
                 all’attivazione."
            }
            Self::Regulation => "Il regolamento dell’ente sulla videosorveglianza.",
            Self::Server => "Il server, o la replica, sulla rete interpolizie presso la Questura.",
        }
    }

    /// The states it may have.
    #[must_use]
    pub fn states(self) -> &'static [Term] {
        match self {
            Self::Pact => PACT,
            Self::Approval => APPROVAL,
            Self::Protocol => PROTOCOL,
            Self::Assessment => ASSESSMENT,
            Self::Regulation => REGULATION,
            Self::Server => SERVER,
        }
    }

    /// What people read for a state.
    #[must_use]
    pub fn state_label(self, state: &str) -> &str {
        label(self.states(), state)
    }

    /// Whether in this state it happened, so that it has a date.
    fn happened(state: &str) -> bool {
        matches!(state, "si" | "sottoscritto" | "autorizzato" | "attivo")
    }
}

/// The answers to a plain question.
#[must_use]
pub fn answers() -> &'static [Term] {
    YES_NO
}

/// Whether the metropolitan fibre reaches a seat.
#[must_use]
pub fn fibres() -> &'static [Term] {
    FIBRES
}

/// What people read for an entry of a closed list; the entry itself when it has no words.
#[must_use]
pub fn label<'a>(terms: &'static [Term], code: &'a str) -> &'a str {
    terms
        .iter()
        .find(|term| term.code == code)
        .map_or(code, |term| term.label)
}

/// What is recorded of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body.
    pub body: String,
    /// Which act.
    pub kind: ActKind,
    /// Its state: one of [`ActKind::states`].
    pub state: String,
    /// Its number; may be empty.
    pub number: String,
    /// Its date, ISO 8601; may be empty.
    pub date: String,
    /// Of a pact, whether it names plate readers: one of [`answers`]; otherwise empty.
    pub names_readers: String,
    /// Of a pact, whether it lists number and places: one of [`answers`]; otherwise empty.
    pub lists_places: String,
    /// A note.
    pub note: String,
    /// The document behind it.
    pub document: Option<Uuid>,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// The present act of a kind of one body: of its rows in the order they were recorded, the last.
#[must_use]
pub fn present_act(acts: &[Act], kind: ActKind) -> Option<&Act> {
    acts.iter().rev().find(|act| act.kind == kind)
}

/// The place where the devices of a body converge.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body.
    pub body: String,
    /// Its address.
    pub address: String,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// How the point was given.
    pub provenance: Provenance,
    /// Whether the metropolitan fibre reaches it: one of [`fibres`].
    pub fibre: String,
    /// Since when, or by when, ISO 8601; may be empty.
    pub fibre_date: String,
    /// A note.
    pub note: String,
    /// The document behind it.
    pub document: Option<Uuid>,
    /// The account of who recorded it.
    pub author: String,
    /// When.
    pub recorded_at: Instant,
}

/// Whom to ring. Personal data: replaced or erased, never kept beside what follows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// The person's name.
    pub name: String,
    /// Where they work.
    pub office: String,
    /// Their address of electronic mail.
    pub email: String,
    /// Their telephone.
    pub telephone: String,
    /// The account of who wrote it.
    pub author: String,
    /// When.
    pub changed_at: Instant,
}

/// Something wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field, as forms spell it.
    pub field: &'static str,
    /// What is wrong and what to do, in Italian.
    pub message: String,
}

impl Wrong {
    /// Something wrong with a field.
    #[must_use]
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// A step as typed.
#[derive(Debug, Clone, Default)]
pub struct TypedStep {
    /// The spelling of the stage.
    pub stage: String,
    /// The number of the act.
    pub number: String,
    /// Its date.
    pub date: String,
    /// A note.
    pub note: String,
}

/// Reads a step of a body that has come to `present`; the rest of the row is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn step(
    typed: &TypedStep,
    present: Option<Stage>,
    today: Date,
    blank: Step,
) -> Result<Step, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let stage = Stage::named(&typed.stage);
    if stage.is_none() {
        reader.refuse("passo", "Scegliete a che punto è l’adesione.");
    }
    if stage == Some(Stage::Revoked) && matches!(present, None | Some(Stage::Revoked)) {
        reader.refuse("passo", "Non c’è un’adesione da revocare.");
    }
    let number = reader.line("numero", &typed.number, NUMBER);
    let date = reader.date("data", &typed.date, today);
    let note = reader.prose("nota", &typed.note);
    if typed.date.trim().is_empty() {
        reader.refuse("data", "Manca la data: scrivetela come 31/12/2024.");
    }
    if stage == Some(Stage::Resolved) && number.is_empty() {
        reader.refuse(
            "numero",
            "Una delibera ha un numero: scrivetelo con l’organo, per esempio «G.C. 175».",
        );
    }
    if stage == Some(Stage::Revoked) && number.is_empty() && note.is_empty() {
        reader.refuse(
            "numero",
            "Scrivete il numero dell’atto di revoca, oppure una nota che dica come è avvenuta.",
        );
    }
    let said = stage.map_or(blank.said, Said::Reached);
    reader.done(Step {
        said,
        number,
        date,
        note,
        ..blank
    })
}

/// Reads why a step is annulled.
///
/// # Errors
/// Everything that is wrong with it.
pub fn annulling(reason: &str, today: Date, blank: Step) -> Result<Step, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let note = reader.prose("motivo", reason);
    if note.is_empty() {
        reader.refuse(
            "motivo",
            "Scrivete perché il passo è sbagliato: resta nella storia.",
        );
    }
    reader.done(Step { note, ..blank })
}

/// An act as typed.
#[derive(Debug, Clone, Default)]
pub struct TypedAct {
    /// The spelling of its state.
    pub state: String,
    /// Its number.
    pub number: String,
    /// Its date.
    pub date: String,
    /// Whether it names plate readers.
    pub names_readers: String,
    /// Whether it lists number and places.
    pub lists_places: String,
    /// A note.
    pub note: String,
}

/// Reads what is recorded of an act; the rest of the row, its kind among it, is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn act(typed: &TypedAct, today: Date, blank: Act) -> Result<Act, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let kind = blank.kind;
    let state = reader.one("stato", &typed.state, kind.states(), "Scegliete uno stato.");
    let number = reader.line("numero", &typed.number, NUMBER);
    // What is only planned has the date by which it should be there.
    let latest = if matches!(typed.state.as_str(), "previsto" | "in_preparazione") {
        ahead(today)
    } else {
        today
    };
    let date = reader.date("data", &typed.date, latest);
    if ActKind::happened(&state) && typed.date.trim().is_empty() {
        reader.refuse(
            "data",
            "Manca la data. Se non la conoscete, lasciate lo stato «Non noto».",
        );
    }
    let (names_readers, lists_places) = if kind == ActKind::Pact {
        let mut answer = |field, text: &str| {
            let text = if text.is_empty() { UNKNOWN } else { text };
            reader.one(field, text, YES_NO, "Scegliete una risposta.")
        };
        (
            answer("lettori", &typed.names_readers),
            answer("elenco", &typed.lists_places),
        )
    } else {
        Default::default()
    };
    let note = reader.prose("nota", &typed.note);
    reader.done(Act {
        state,
        number,
        date,
        names_readers,
        lists_places,
        note,
        ..blank
    })
}

/// A seat as typed, its position aside.
#[derive(Debug, Clone, Default)]
pub struct TypedSeat {
    /// Its address.
    pub address: String,
    /// Whether the fibre reaches it.
    pub fibre: String,
    /// Since when or by when.
    pub fibre_date: String,
    /// A note.
    pub note: String,
}

/// Reads what is said of a seat; the rest of the row, its position among it, is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn seat(typed: &TypedSeat, today: Date, blank: Seat) -> Result<Seat, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let address = reader.line("indirizzo", &typed.address, LINE);
    if typed.address.trim().is_empty() {
        reader.refuse("indirizzo", "Manca l’indirizzo della sede.");
    }
    let fibre = reader.one(
        "fibra",
        &typed.fibre,
        FIBRES,
        "Dite se la fibra metropolitana arriva alla sede; «Non noto» è una risposta.",
    );
    let fibre_date = match fibre.as_str() {
        "si" => reader.date("fibra_data", &typed.fibre_date, today),
        "prevista" => {
            if typed.fibre_date.trim().is_empty() {
                reader.refuse("fibra_data", "Scrivete entro quando la fibra è prevista.");
            }
            reader.date("fibra_data", &typed.fibre_date, ahead(today))
        }
        _ => {
            if !typed.fibre_date.trim().is_empty() {
                reader.refuse(
                    "fibra_data",
                    "La data vale per la fibra che c’è o che è prevista: toglietela.",
                );
            }
            String::new()
        }
    };
    let note = reader.prose("nota", &typed.note);
    reader.done(Seat {
        address,
        fibre,
        fibre_date,
        note,
        ..blank
    })
}

/// Reads whom to ring; who writes it and when is `blank`'s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn contact(typed: &Contact, today: Date, blank: Contact) -> Result<Contact, Vec<Wrong>> {
    let mut reader = Reader::new(today);
    let name = reader.line("nome", &typed.name, LINE);
    let office = reader.line("ufficio", &typed.office, LINE);
    let email = reader.line("email", &typed.email, EMAIL);
    let telephone = reader.line("telefono", &typed.telephone, NUMBER);
    if typed.name.trim().is_empty() {
        reader.refuse("nome", "Scrivete il nome della persona.");
    }
    if typed.email.trim().is_empty() && typed.telephone.trim().is_empty() {
        reader.refuse("email", "Scrivete almeno un recapito: e-mail o telefono.");
    }
    if !email.is_empty() && !is_email(&email) {
        reader.refuse(
            "email",
            "Non è un indirizzo e-mail: scrivetelo come nome@comune.it.",
        );
    }
    if !telephone.is_empty() && !is_telephone(&telephone) {
        reader.refuse(
            "telefono",
            "Non è un numero di telefono: scrivete cifre, per esempio 02 7740 1234.",
        );
    }
    reader.done(Contact {
        name,
        office,
        email,
        telephone,
        ..blank
    })
}

fn is_email(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._%+-'".contains(letter);
    text.split_once('@').is_some_and(|(who, host)| {
        !who.is_empty()
            && who.chars().all(plain)
            && host.contains('.')
            && host.split('.').all(|part| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            })
    })
}

fn is_telephone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5
        && text
            .chars()
            .all(|letter| letter.is_ascii_digit() || " +-/().".contains(letter))
}

/// The last day that something can be planned for.
fn ahead(today: Date) -> Date {
    let year = today.year().saturating_add(YEARS_AHEAD);
    Date::new(year, 12, 31).unwrap_or(today)
}

/// Reads fields one by one and gathers what is wrong.
pub(super) struct Reader {
    today: Date,
    wrong: Vec<Wrong>,
}

impl Reader {
    pub(super) const fn new(today: Date) -> Self {
        Self {
            today,
            wrong: Vec::new(),
        }
    }

    pub(super) fn done<T>(self, read: T) -> Result<T, Vec<Wrong>> {
        if self.wrong.is_empty() {
            Ok(read)
        } else {
            Err(self.wrong)
        }
    }

    pub(super) fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        self.wrong.push(Wrong::new(field, message));
    }

    /// A text on one line; empty when it cannot be kept.
    pub(super) fn line(&mut self, field: &'static str, text: &str, longest: usize) -> String {
        self.text(field, text.trim(), longest, false)
    }

    /// A text of several lines; empty when it cannot be kept.
    pub(super) fn prose(&mut self, field: &'static str, text: &str) -> String {
        self.text(field, &text.trim().replace("\r\n", "\n"), NOTE, true)
    }

    fn text(&mut self, field: &'static str, text: &str, longest: usize, lines: bool) -> String {
        let length = text.chars().count();
        if length > longest {
            self.refuse(
                field,
                format!("Il testo ha {length} caratteri, al più se ne conservano {longest}."),
            );
        } else if rules::has_control(text, lines) {
            self.refuse(
                field,
                "Il testo contiene caratteri di controllo: riscrivetelo senza copiarlo da altri \
                 programmi.",
            );
        } else if let Some(secret) = rules::never_recorded(text) {
            self.refuse(
                field,
                format!("Il testo somiglia {secret}, e l’archivio non ne conserva: toglietelo."),
            );
        } else {
            return text.to_owned();
        }
        String::new()
    }

    /// An entry of a closed list; empty when it is none.
    pub(super) fn one(
        &mut self,
        field: &'static str,
        code: &str,
        terms: &'static [Term],
        missing: &str,
    ) -> String {
        if terms.iter().any(|term| term.code == code) {
            return code.to_owned();
        }
        self.refuse(field, missing);
        String::new()
    }

    /// A date, ISO 8601; empty when none was typed or it cannot be kept.
    pub(super) fn date(&mut self, field: &'static str, text: &str, latest: Date) -> String {
        let text = text.trim();
        if text.is_empty() {
            return String::new();
        }
        let date = match rules::day(text) {
            Ok(date) => date,
            Err(meant) => {
                let meant = meant.map_or_else(
                    || "scrivetela come 31/12/2024 o 2024-12-31".to_owned(),
                    |date| format!("forse intendevate {}?", in_italian(&date.to_string())),
                );
                self.refuse(field, format!("Non è una data: {meant}"));
                return String::new();
            }
        };
        if date.year() < FIRST_YEAR {
            self.refuse(
                field,
                format!("L’anno è prima del {FIRST_YEAR}: controllate la data."),
            );
        } else if date > latest {
            let message = if latest == self.today {
                "La data è nel futuro: scrivete quella dell’atto.".to_owned()
            } else {
                format!("La data è troppo lontana: al più il {}.", latest.year())
            };
            self.refuse(field, message);
        } else {
            return date.to_string();
        }
        String::new()
    }
}

/// A date as people read it, `31/12/2024`, from ISO 8601; the text itself when it is no such date.
#[must_use]
pub fn in_italian(date: &str) -> String {
    date.parse::<Date>().map_or_else(
        |_| date.to_owned(),
        |date| date.strftime("%d/%m/%Y").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 3, 2);

    fn blank(number: u128, said: Said) -> Step {
        Step {
            id: Uuid::from_u128(number),
            body: "a".to_owned(),
            said,
            number: String::new(),
            date: String::new(),
            note: String::new(),
            document: None,
            author: "autrice".to_owned(),
            recorded_at: 0,
        }
    }

    fn reached(number: u128, stage: Stage) -> Step {
        blank(number, Said::Reached(stage))
    }

    fn blank_act(kind: ActKind) -> Act {
        Act {
            id: Uuid::nil(),
            body: "a".to_owned(),
            kind,
            state: String::new(),
            number: String::new(),
            date: String::new(),
            names_readers: String::new(),
            lists_places: String::new(),
            note: String::new(),
            document: None,
            author: String::new(),
            recorded_at: 0,
        }
    }

    fn blank_seat() -> Seat {
        Seat {
            id: Uuid::nil(),
            body: "a".to_owned(),
            address: String::new(),
            lat: 45.0,
            lon: 9.0,
            provenance: Provenance::default(),
            fibre: String::new(),
            fibre_date: String::new(),
            note: String::new(),
            document: None,
            author: String::new(),
            recorded_at: 0,
        }
    }

    fn fields<T>(outcome: Result<T, Vec<Wrong>>) -> Vec<&'static str> {
        let wrong = outcome.err().unwrap_or_default();
        wrong.into_iter().map(|wrong| wrong.field).collect()
    }

    fn typed_step(stage: &str, number: &str, date: &str, note: &str) -> TypedStep {
        TypedStep {
            stage: stage.to_owned(),
            number: number.to_owned(),
            date: date.to_owned(),
            note: note.to_owned(),
        }
    }

    #[test]
    fn the_present_step_is_the_last_that_nobody_annulled() {
        assert_eq!(present(&[]), None);
        let mut steps = vec![
            reached(1, Stage::Interested),
            reached(2, Stage::Resolved),
            reached(3, Stage::Signed),
        ];
        let stage = |steps: &[Step]| present(steps).map(|(stage, step)| (stage, step.id.as_u128()));
        assert_eq!(stage(&steps), Some((Stage::Signed, 3)));
        steps.push(blank(4, Said::Annuls(Uuid::from_u128(3))));
        assert_eq!(stage(&steps), Some((Stage::Resolved, 2)));
        steps.push(blank(5, Said::Annuls(Uuid::from_u128(1))));
        assert_eq!(stage(&steps), Some((Stage::Resolved, 2)));
        steps.push(blank(6, Said::Annuls(Uuid::from_u128(2))));
        assert_eq!(stage(&steps), None);
    }

    #[test]
    fn a_step_has_its_act_and_its_date() {
        let read =
            |typed: TypedStep, present| step(&typed, present, TODAY, reached(9, Stage::Interested));
        let good = typed_step("delibera", " G.C. 175 ", "02/12/2020", "una\r\nnota");
        let good = read(good, Some(Stage::Interested)).unwrap();
        assert_eq!(good.stage(), Some(Stage::Resolved));
        assert_eq!(
            (good.number.as_str(), good.date.as_str(), good.note.as_str()),
            ("G.C. 175", "2020-12-02", "una\nnota")
        );
        let empty = read(TypedStep::default(), None);
        assert_eq!(fields(empty), ["passo", "data"]);
        let without = typed_step("delibera", "", "2020-12-02", "");
        assert_eq!(fields(read(without, None)), ["numero"]);
        let future = typed_step("interessato", "", "2026-03-03", "");
        assert_eq!(fields(read(future, None)), ["data"]);
        let exchanged = typed_step("interessato", "", "12/31/2024", "");
        let wrong = read(exchanged, None).unwrap_err();
        assert_eq!(
            wrong[0].message,
            "Non è una data: forse intendevate 31/12/2024?"
        );
        let left = typed_step("revocato", "", "2026-01-01", "lettera del Sindaco");
        assert_eq!(fields(read(left.clone(), None)), ["passo"]);
        assert_eq!(fields(read(left.clone(), Some(Stage::Revoked))), ["passo"]);
        assert!(read(left, Some(Stage::Signed)).is_ok());
    }

    #[test]
    fn a_secret_a_control_code_or_too_much_is_kept_in_no_text() {
        for (text, words) in [
            ("vedi rtsp://10.0.0.7/stream1", "somiglia"),
            ("a\u{202e}b", "caratteri di controllo"),
            (&*"x".repeat(NOTE + 1), "al più se ne conservano 2000"),
        ] {
            let typed = typed_step("interessato", "1", "2026-01-01", text);
            let wrong = step(&typed, None, TODAY, reached(9, Stage::Interested)).unwrap_err();
            assert_eq!(wrong.len(), 1);
            assert!(wrong[0].field == "nota" && wrong[0].message.contains(words));
            assert!(!wrong[0].message.contains("rtsp"));
        }
        let annulled = annulling(" ", TODAY, blank(2, Said::Annuls(Uuid::from_u128(1))));
        assert_eq!(fields(annulled), ["motivo"]);
    }

    #[test]
    fn an_act_that_happened_has_a_date_and_a_planned_one_may_be_ahead() {
        let read = |kind, state: &str, date: &str| {
            let typed = TypedAct {
                state: state.to_owned(),
                date: date.to_owned(),
                ..TypedAct::default()
            };
            act(&typed, TODAY, blank_act(kind))
        };
        for kind in ActKind::ALL {
            assert!(read(kind, UNKNOWN, "").is_ok());
            assert!(read(kind, "no", "").is_ok());
            assert_eq!(fields(read(kind, "", "")), ["stato"]);
            assert_eq!(ActKind::named(kind.name()), Some(kind));
            assert!(kind.states().iter().any(|term| term.code == UNKNOWN));
        }
        assert_eq!(fields(read(ActKind::Assessment, "si", "")), ["data"]);
        assert_eq!(fields(read(ActKind::Server, "si", "")), ["stato"]);
        assert!(read(ActKind::Server, "previsto", "2027-06-30").is_ok());
        assert_eq!(
            fields(read(ActKind::Server, "attivo", "2027-06-30")),
            ["data"]
        );
        assert_eq!(
            fields(read(ActKind::Server, "previsto", "2060-01-01")),
            ["data"]
        );
    }

    #[test]
    fn only_a_pact_says_what_it_names_and_until_told_nobody_knows() {
        let typed = TypedAct {
            state: "si".to_owned(),
            date: "2019-05-02".to_owned(),
            names_readers: "si".to_owned(),
            ..TypedAct::default()
        };
        let pact = act(&typed, TODAY, blank_act(ActKind::Pact)).unwrap();
        assert_eq!(
            (pact.names_readers.as_str(), pact.lists_places.as_str()),
            ("si", UNKNOWN)
        );
        let other = act(&typed, TODAY, blank_act(ActKind::Regulation)).unwrap();
        assert_eq!(other.names_readers, "");
        let wrong = TypedAct {
            lists_places: "forse".to_owned(),
            ..typed
        };
        assert_eq!(
            fields(act(&wrong, TODAY, blank_act(ActKind::Pact))),
            ["elenco"]
        );
    }

    #[test]
    fn fibre_that_is_planned_has_a_day_and_fibre_that_is_not_there_has_none() {
        let read = |fibre: &str, date: &str| {
            let typed = TypedSeat {
                address: "piazza del Municipio 1".to_owned(),
                fibre: fibre.to_owned(),
                fibre_date: date.to_owned(),
                note: String::new(),
            };
            seat(&typed, TODAY, blank_seat())
        };
        assert!(read("si", "").is_ok() && read("si", "2021-01-01").is_ok());
        assert_eq!(fields(read("si", "2027-01-01")), ["fibra_data"]);
        assert_eq!(fields(read("prevista", "")), ["fibra_data"]);
        let planned = read("prevista", "31/12/2027").unwrap();
        assert_eq!(planned.fibre_date, "2027-12-31");
        assert_eq!(fields(read("no", "2027-01-01")), ["fibra_data"]);
        assert_eq!(fields(read("", "")), ["fibra"]);
        let empty = seat(&TypedSeat::default(), TODAY, blank_seat());
        assert_eq!(fields(empty), ["indirizzo", "fibra"]);
    }

    #[test]
    fn a_contact_has_a_name_and_a_way_to_reach_them() {
        let read = |name: &str, email: &str, telephone: &str| {
            let typed = Contact {
                name: name.to_owned(),
                office: "Polizia locale".to_owned(),
                email: email.to_owned(),
                telephone: telephone.to_owned(),
                ..Contact::default()
            };
            contact(&typed, TODAY, Contact::default())
        };
        let email = "anna.d'elia@polizialocale.comune.rho.mi.it";
        for telephone in ["", "02 7740.1234", "+39 (02) 7740-1234", "02/77401234"] {
            assert_eq!(fields(read("Anna D’Elia", email, telephone)), [""; 0]);
        }
        assert_eq!(fields(read("", "", "")), ["nome", "email"]);
        for email in ["anna", "a@b", "a b@c.it", "a@b..it", "a@b.it\u{202e}"] {
            assert_eq!(fields(read("Anna", email, "")), ["email"], "{email}");
        }
        for telephone in ["123", "interno cinque 12345", "10.0.0.5", "12345;x"] {
            let wrong = fields(read("Anna", "", telephone));
            assert_eq!(wrong, ["telefono"], "{telephone}");
        }
    }

    #[test]
    fn dates_are_read_by_people_as_they_write_them() {
        assert_eq!(in_italian("2020-12-02"), "02/12/2020");
        assert_eq!(in_italian(""), "");
    }
}
