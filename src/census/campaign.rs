//! The campaign: how far a body has come with its census, what is waited for, from whom and since
//! when, and what it does next. From numbers to words, with no other knowledge; enforced by the tests
//! below.

use super::adhesion;
use crate::clock::{self, Instant};
use jiff::civil::Date;

/// The numbers of one body's census at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The code of the body.
    pub body: String,
    /// How many devices it works on, without those it took out.
    pub devices: i64,
    /// How many attributes they are asked for, over all devices.
    pub asked: i64,
    /// How many of those are known.
    pub known: i64,
    /// How many warnings nobody confirmed.
    pub warnings: i64,
    /// How many devices have such warnings.
    pub warned: i64,
    /// How many devices lack something that sending asks for.
    pub incomplete: i64,
    /// How many devices are accepted, in whatever state they are worked on.
    pub accepted: i64,
    /// How many are not sent as they are now, the incomplete ones among them.
    pub unsent: i64,
    /// How many of those could be sent.
    pub ready: i64,
    /// How many accepted devices were taken out without that having been sent.
    pub taken_out: i64,
    /// How many were sent back and have not been touched since.
    pub to_mend: i64,
    /// Since when the first of them.
    pub to_mend_since: Option<Instant>,
    /// How many wait for a reviewer.
    pub waiting: i64,
    /// Since when the first of them.
    pub waiting_since: Option<Instant>,
    /// When anything was last sent, or accepted otherwise than it was sent.
    pub sent_at: Option<Instant>,
}

impl Tally {
    /// The share of attributes that are known, in whole percent, rounded down so that 100 means all;
    /// none without devices.
    #[must_use]
    pub fn completeness(&self) -> Option<i64> {
        (self.asked > 0).then(|| self.known * 100 / self.asked)
    }
}

/// By when a declaration is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last day.
    pub day: Date,
    /// When that was set: only a declaration made afterwards answers it.
    pub set_at: Instant,
}

/// How a body stands in the campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its numbers.
    pub tally: Tally,
    /// How far it has come in joining; none when it has not begun.
    pub adhesion: Option<adhesion::Stage>,
    /// When it last declared.
    pub declared_at: Option<Instant>,
    /// By when it is asked to.
    pub due: Option<Due>,
    /// The day on which all this is looked at.
    pub today: Date,
}

/// How far a body has come with its census, as one word of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It has no device.
    Nothing,
    /// It has something to mend, and nothing waits for a reviewer.
    Mending,
    /// It is still writing, and nothing waits for a reviewer.
    Writing,
    /// A reviewer has to look.
    Waiting,
    /// All is accepted, and not declared.
    Accepted,
    /// It declared what is there now.
    Declared,
}

impl State {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Writing,
        Self::Mending,
        Self::Waiting,
        Self::Accepted,
        Self::Declared,
    ];

    /// The spelling in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "vuoto",
            Self::Writing => "compilazione",
            Self::Mending => "correzione",
            Self::Waiting => "convalida",
            Self::Accepted => "convalidato",
            Self::Declared => "dichiarato",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nothing => "Nessun dispositivo",
            Self::Writing => "In compilazione",
            Self::Mending => "Da correggere",
            Self::Waiting => "In attesa di convalida",
            Self::Accepted => "Convalidato, da dichiarare",
            Self::Declared => "Dichiarato",
        }
    }

    /// The state with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The reviewers.
    Reviewers,
    /// The body itself.
    Body,
}

impl Whom {
    /// The same within a sentence.
    #[must_use]
    pub const fn in_sentence(self) -> &'static str {
        match self {
            Self::Reviewers => "chi convalida",
            Self::Body => "l’ente",
        }
    }

    /// What people read, where the body is the one the line is about.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reviewers => "Chi convalida",
            Self::Body => "L’ente",
        }
    }
}

/// Something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// From whom.
    pub whom: Whom,
    /// What: `12 in attesa dal 03/03/2026`.
    pub words: String,
}

/// What to do next: one sentence, and the page where it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The sentence.
    pub words: String,
    /// The words of the link; empty when there is nothing to do.
    pub action: &'static str,
    /// Where it leads; empty when there is nothing to do.
    pub href: String,
    /// What can be done instead, in words, and where.
    pub instead: Option<(&'static str, String)>,
}

impl Standing {
    /// How far the body has come. What waits for a reviewer comes first, whatever else the body is
    /// about: those in this state are those of the review.
    #[must_use]
    pub fn state(&self) -> State {
        let tally = &self.tally;
        if tally.waiting > 0 {
            State::Waiting
        } else if tally.to_mend > 0 {
            State::Mending
        } else if tally.unsent + tally.taken_out > 0 {
            State::Writing
        } else if self.declared_at.is_some() && self.declared_at >= tally.sent_at {
            State::Declared
        } else if tally.devices == 0 {
            State::Nothing
        } else {
            State::Accepted
        }
    }

    /// What is waited for, the reviewers' part first.
    #[must_use]
    pub fn awaited(&self) -> Vec<Awaited> {
        let tally = &self.tally;
        let body = |words: String| Awaited {
            whom: Whom::Body,
            words,
        };
        let mut awaited = Vec::new();
        if tally.waiting > 0 {
            awaited.push(Awaited {
                whom: Whom::Reviewers,
                words: format!("{} in attesa{}", tally.waiting, since(tally.waiting_since)),
            });
        }
        if tally.to_mend > 0 {
            awaited.push(body(format!(
                "{} da correggere{}",
                tally.to_mend,
                since(tally.to_mend_since)
            )));
        }
        if tally.unsent - tally.ready > 0 {
            awaited.push(body(format!(
                "{} da completare",
                tally.unsent - tally.ready
            )));
        }
        if tally.ready + tally.taken_out > 0 {
            awaited.push(body(format!(
                "{} da inviare",
                tally.ready + tally.taken_out
            )));
        }
        if awaited.is_empty() {
            match self.state() {
                State::Nothing => awaited.push(body("il censimento".to_owned())),
                State::Accepted => awaited.push(body("la dichiarazione".to_owned())),
                _ if self.asks_again() => awaited.push(body("una nuova dichiarazione".to_owned())),
                _ => {}
            }
        }
        awaited
    }

    /// The same as one sentence that goes on after «si aspetta»; empty when nothing is waited for.
    #[must_use]
    pub fn awaited_words(&self) -> String {
        let of = |whom: Whom| {
            let words: Vec<String> = self
                .awaited()
                .into_iter()
                .filter(|one| one.whom == whom)
                .map(|one| one.words)
                .collect();
            (!words.is_empty()).then(|| format!("{}: {}", whom.in_sentence(), words.join(", ")))
        };
        let parts: Vec<String> = [Whom::Reviewers, Whom::Body]
            .into_iter()
            .filter_map(of)
            .collect();
        parts.join("; ")
    }

    /// Whether a date was set after the last declaration, or before there was any.
    #[must_use]
    pub fn asks_again(&self) -> bool {
        self.due
            .is_some_and(|due| self.declared_at.is_none_or(|at| at < due.set_at))
    }

    /// How many days the declaration is late, if it is.
    #[must_use]
    pub fn days_late(&self) -> Option<i32> {
        let due = self.due.filter(|_| self.asks_again())?;
        let days = (self.today - due.day).get_days();
        (days > 0).then_some(days)
    }

    /// The due date in words: what is late says so.
    #[must_use]
    pub fn due_words(&self) -> String {
        let Some(due) = self.due else {
            return String::new();
        };
        let day = due.day.strftime("%d/%m/%Y");
        if !self.asks_again() {
            return format!("{day}, rispettata");
        }
        match (self.days_late(), (due.day - self.today).get_days()) {
            (Some(1), _) => format!("{day}, in ritardo di un giorno"),
            (Some(days), _) => format!("{day}, in ritardo di {days} giorni"),
            (None, 0) => format!("{day}, oggi"),
            (None, 1) => format!("{day}, domani"),
            (None, left) => format!("{day}, tra {left} giorni"),
        }
    }

    /// What stands in the way of a declaration, in words for the officer.
    #[must_use]
    pub fn hindrance(&self) -> Option<String> {
        let tally = &self.tally;
        let mut parts = Vec::new();
        if tally.to_mend > 0 {
            parts.push(format!("{} da correggere", tally.to_mend));
        }
        if tally.unsent - tally.ready > 0 {
            parts.push(format!("{} da completare", tally.unsent - tally.ready));
        }
        if tally.ready > 0 {
            parts.push(format!("{} da inviare alla convalida", tally.ready));
        }
        if tally.taken_out > 0 {
            parts.push(format!(
                "{} ritirati dal censimento senza averlo inviato",
                tally.taken_out
            ));
        }
        (!parts.is_empty()).then(|| {
            format!(
                "Si dichiara quello che è stato inviato tutto, e qui ci sono ancora dispositivi che \
                 non lo sono: {}.",
                parts.join(", ")
            )
        })
    }

    /// What the body does next.
    #[must_use]
    pub fn next_step(&self) -> Step {
        let tally = &self.tally;
        let body = &self.tally.body;
        let step = |words: String, action: &'static str, href: String| Step {
            words,
            action,
            href,
            instead: None,
        };
        if tally.to_mend > 0 {
            return step(
                many(
                    tally.to_mend,
                    "Un dispositivo è stato rimandato: correggetelo e inviatelo di nuovo.",
                    "dispositivi sono stati rimandati: correggeteli e inviateli di nuovo.",
                ),
                "Vedete che cosa correggere",
                sending(body),
            );
        }
        let incomplete = tally.unsent - tally.ready;
        let ready = tally.ready + tally.taken_out;
        if ready > 0 {
            let mut words = many(
                ready,
                "Un dispositivo è pronto: inviatelo alla convalida.",
                "dispositivi sono pronti: inviateli alla convalida.",
            );
            match incomplete {
                0 => {}
                1 => words.push_str(" A un altro mancano dati."),
                more => words = format!("{words} Ad altri {more} mancano dati."),
            }
            return step(words, "Inviate alla convalida", sending(body));
        }
        if incomplete > 0 {
            return step(
                many(
                    incomplete,
                    "A un dispositivo mancano dati che servono per inviarlo.",
                    "dispositivi hanno dati che mancano e che servono per inviarli.",
                ),
                "Completate i dati",
                format!("/dispositivi?ente={body}&segnalazioni=incompleti"),
            );
        }
        if tally.devices == 0 && tally.waiting == 0 && self.declared_at.is_none() {
            let mut step = step(
                "Non c’è ancora nessun dispositivo: portate dentro il foglio di calcolo che avete, \
                 oppure aggiungeteli uno per uno."
                    .to_owned(),
                "Importate un foglio di calcolo",
                "/importa".to_owned(),
            );
            step.instead = Some((
                "Se l’ente non ne ha, dichiaratelo",
                format!("/enti/{body}/dichiarazioni"),
            ));
            return step;
        }
        if self.asks_again() || self.state() == State::Accepted {
            let words = match (self.declared_at, self.due) {
                (None, _) => "Tutto è stato inviato: manca la dichiarazione dell’ente.".to_owned(),
                (Some(_), Some(due)) if self.asks_again() => format!(
                    "Serve una nuova dichiarazione entro il {}: se non è cambiato nulla, basta un clic.",
                    due.day.strftime("%d/%m/%Y")
                ),
                _ => "Dopo l’ultima dichiarazione qualcosa è cambiato: dichiarate di nuovo."
                    .to_owned(),
            };
            return step(words, "Dichiarate", format!("/enti/{body}/dichiarazioni"));
        }
        if tally.waiting > 0 {
            let words = match tally.waiting {
                1 => "Avete inviato un dispositivo: aspetta chi convalida.".to_owned(),
                more => format!("Avete inviato {more} dispositivi: aspettano chi convalida."),
            };
            return step(words, "", String::new());
        }
        if self.adhesion.is_none() {
            return step(
                "Il censimento è a posto; dell’adesione al progetto non è ancora registrato nulla."
                    .to_owned(),
                "Registrate l’adesione",
                format!("/enti/{body}/adesione"),
            );
        }
        step(
            "È tutto dichiarato: non dovete fare nulla finché non cambia qualcosa.".to_owned(),
            "",
            String::new(),
        )
    }
}

/// The page where an officer sees what was sent back and sends what is ready.
fn sending(body: &str) -> String {
    format!("/invio#ente-{body}")
}

/// One or many, in words: `3 dispositivi…`.
fn many(number: i64, one: &str, many: &str) -> String {
    if number == 1 {
        one.to_owned()
    } else {
        format!("{number} {many}")
    }
}

fn since(instant: Option<Instant>) -> String {
    instant.map_or_else(String::new, |at| {
        format!(" dal {}", clock::local(at).strftime("%d/%m/%Y"))
    })
}

/// What a body declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclarationKind {
    /// Its census as it is.
    Census,
    /// That nothing changed since the last time.
    Unchanged,
}

impl DeclarationKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Census, Self::Unchanged];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Census => "dichiarazione",
            Self::Unchanged => "nessuna_variazione",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Census => "Dichiarazione del censimento",
            Self::Unchanged => "Dichiarazione di nessuna variazione",
        }
    }
}

/// How many devices have this function and this state.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Figure {
    /// The function, by its code.
    pub function: String,
    /// The state, by its code.
    pub state: String,
    /// How many.
    pub devices: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    const DAY: Instant = 24 * 3_600 * SECOND;
    const START: Instant = 1_772_442_000 * SECOND;

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test says what it is about in place"
    )]
    fn standing(tally: Tally) -> Standing {
        Standing {
            tally: Tally {
                body: "015146".to_owned(),
                ..tally
            },
            adhesion: Some(adhesion::Stage::Signed),
            declared_at: None,
            due: None,
            today: jiff::civil::date(2026, 3, 2),
        }
    }

    fn accepted() -> Tally {
        Tally {
            devices: 3,
            accepted: 3,
            asked: 30,
            known: 29,
            sent_at: Some(START),
            ..Tally::default()
        }
    }

    #[test]
    fn a_body_without_devices_is_asked_for_its_census() {
        let body = standing(Tally::default());
        assert_eq!(body.state(), State::Nothing);
        assert_eq!(body.tally.completeness(), None);
        assert_eq!(body.awaited()[0].words, "il censimento");
        assert_eq!(body.next_step().href, "/importa");
        assert_eq!(body.hindrance(), None);
    }

    #[test]
    fn who_is_waited_for_and_since_when_is_said() {
        let body = standing(Tally {
            waiting: 12,
            waiting_since: Some(START + DAY),
            to_mend: 2,
            to_mend_since: Some(START),
            unsent: 9,
            ready: 5,
            ..accepted()
        });
        assert_eq!(body.state(), State::Waiting);
        assert_eq!(
            body.awaited_words(),
            "chi convalida: 12 in attesa dal 03/03/2026; l’ente: 2 da correggere dal 02/03/2026, \
             4 da completare, 5 da inviare"
        );
        let words: Vec<(Whom, String)> = body
            .awaited()
            .into_iter()
            .map(|one| (one.whom, one.words))
            .collect();
        let of_body = |text: &str| (Whom::Body, text.to_owned());
        assert_eq!(
            words,
            [
                (Whom::Reviewers, "12 in attesa dal 03/03/2026".to_owned()),
                of_body("2 da correggere dal 02/03/2026"),
                of_body("4 da completare"),
                of_body("5 da inviare"),
            ]
        );
    }

    #[test]
    fn what_was_sent_back_comes_first_then_what_is_ready_then_what_lacks_data() {
        let mut tally = Tally {
            to_mend: 1,
            unsent: 3,
            ready: 2,
            ..accepted()
        };
        let step = standing(tally.clone()).next_step();
        assert!(step.words.starts_with("Un dispositivo è stato rimandato"));
        tally.to_mend = 0;
        let step = standing(tally.clone()).next_step();
        assert_eq!(step.action, "Inviate alla convalida");
        assert_eq!(
            step.words,
            "2 dispositivi sono pronti: inviateli alla convalida. A un altro mancano dati."
        );
        tally.ready = 0;
        let step = standing(tally.clone()).next_step();
        assert!(step.href.ends_with("incompleti"));
        tally.waiting = 2;
        tally.unsent = 0;
        let step = standing(tally.clone()).next_step();
        assert_eq!(
            step.words,
            "Avete inviato 2 dispositivi: aspettano chi convalida."
        );
        tally.waiting = 0;
        tally.unsent = 1;
        assert_eq!(standing(tally).state(), State::Writing);
    }

    #[test]
    fn a_declaration_holds_until_something_is_sent_after_it() {
        let mut body = standing(accepted());
        assert_eq!(body.state(), State::Accepted);
        assert_eq!(body.next_step().href, "/enti/015146/dichiarazioni");
        body.declared_at = Some(START + DAY);
        assert_eq!(body.state(), State::Declared);
        assert_eq!(body.awaited(), []);
        assert_eq!(body.next_step().href, "");
        body.tally.sent_at = Some(START + 2 * DAY);
        assert_eq!(body.state(), State::Accepted);
    }

    #[test]
    fn a_body_with_no_device_can_declare_that() {
        let mut body = standing(Tally::default());
        body.declared_at = Some(START);
        assert_eq!(body.state(), State::Declared);
    }

    #[test]
    fn only_a_declaration_after_the_date_was_set_answers_it() {
        let mut body = standing(accepted());
        body.declared_at = Some(START);
        body.due = Some(Due {
            day: jiff::civil::date(2026, 2, 28),
            set_at: START + 1,
        });
        assert_eq!(body.days_late(), Some(2));
        assert_eq!(body.due_words(), "28/02/2026, in ritardo di 2 giorni");
        assert_eq!(body.awaited()[0].words, "una nuova dichiarazione");
        body.declared_at = Some(START + 2);
        assert_eq!(body.days_late(), None);
        assert_eq!(body.due_words(), "28/02/2026, rispettata");
    }

    #[test]
    fn what_is_due_today_is_not_late() {
        let mut body = standing(accepted());
        body.due = Some(Due {
            day: body.today,
            set_at: START,
        });
        assert_eq!(body.days_late(), None);
        assert_eq!(body.due_words(), "02/03/2026, oggi");
    }

    #[test]
    fn completeness_is_whole_only_when_nothing_is_unknown() {
        assert_eq!(accepted().completeness(), Some(96));
        let all = Tally {
            asked: 10,
            known: 10,
            ..Tally::default()
        };
        assert_eq!(all.completeness(), Some(100));
    }

    #[test]
    fn what_stands_in_the_way_of_a_declaration_is_all_named() {
        let body = standing(Tally {
            to_mend: 1,
            unsent: 5,
            ready: 2,
            taken_out: 1,
            ..accepted()
        });
        let words = body.hindrance().unwrap();
        for part in [
            "1 da correggere",
            "3 da completare",
            "2 da inviare alla convalida",
            "1 ritirati",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }
}
