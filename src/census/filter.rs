//! Which devices are asked for, and by whom.
//!
//! Lists, map, tiles, counts, files and the API all ask with one [`Filter`], which cannot be built
//! without a [`Viewer`]: a map and its download cannot disagree, and no path can forget the
//! permission. A parameter that is not understood is an error, never ignored.

use super::moment;
use super::person::Viewer;
use super::vocabulary::{Field, fold};
use crate::clock::Instant;
use geo::Rect;
use uuid::Uuid;

/// Which state of the devices is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// The last thing written.
    #[default]
    Working,
    /// The last thing a reviewer accepted.
    Accepted,
    /// What was sent and waits for a reviewer.
    Submitted,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Working, Self::Submitted];

    /// The spelling in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Accepted => "accepted",
            Self::Submitted => "submitted",
        }
    }

    /// The spelling in addresses of pages.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::Working => "lavorazione",
            Self::Accepted => "convalidati",
            Self::Submitted => "attesa",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Working => "In lavorazione",
            Self::Accepted => "Convalidati",
            Self::Submitted => "In attesa di convalida",
        }
    }
}

/// At which moment the census is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moment {
    /// As it is.
    #[default]
    Now,
    /// As it was at an instant.
    At(Instant),
    /// As it was when this snapshot was taken.
    Snapshot(Uuid),
}

/// For whom a copy is made: how much of the census leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    /// Only what is marked public, where it is only roughly, and nothing that helps who means harm.
    Pubblico,
    /// What is marked public or for the bodies of the project.
    Enti,
    /// Everything.
    #[default]
    Riservato,
}

impl Tier {
    /// All of them, the widest audience first.
    pub const ALL: [Self; 3] = [Self::Pubblico, Self::Enti, Self::Riservato];

    /// The spelling in commands; the same as the visibility a device is given.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pubblico => "pubblico",
            Self::Enti => "enti",
            Self::Riservato => "riservato",
        }
    }

    /// Whether a copy of this tier has the attribute.
    #[must_use]
    pub fn shows(self, field: Field) -> bool {
        const HARMLESS: [Field; 13] = [
            Field::Codice,
            Field::Ente,
            Field::Comune,
            Field::Lat,
            Field::Lon,
            Field::Funzione,
            Field::Installazione,
            Field::Stato,
            Field::AnnoInstallazione,
            Field::DataAttivazione,
            Field::ConservazioneGiorni,
            Field::Informativa,
            Field::Visibilita,
        ];
        self != Self::Pubblico || HARMLESS.contains(&field)
    }
}

/// What is still open on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Warnings that nobody confirmed.
    Warnings,
    /// Attributes still to be stated before submitting.
    Missing,
    /// Neither.
    Nothing,
    /// What a reviewer sent back.
    SentBack,
    /// What was never accepted as it is now, and does not wait for a reviewer.
    ToSend,
}

impl Open {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Warnings,
        Self::Missing,
        Self::Nothing,
        Self::SentBack,
        Self::ToSend,
    ];

    /// The spelling in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warnings => "avvisi",
            Self::Missing => "incompleti",
            Self::Nothing => "nessuna",
            Self::SentBack => "rimandati",
            Self::ToSend => "da_inviare",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Warnings => "Con avvisi da confermare",
            Self::Missing => "Con dati da completare",
            Self::Nothing => "Senza segnalazioni",
            Self::SentBack => "Rimandati da correggere",
            Self::ToSend => "Ancora da inviare",
        }
    }
}

/// Whose devices may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// These bodies' own, and of the others what is accepted and not reserved.
    Bodies(Vec<String>),
}

/// Which devices are asked for, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    viewer: Viewer,
    scope: Scope,
    /// The state that this person is shown when they ask for none.
    usual: State,
    /// Which state.
    pub state: State,
    /// At which moment.
    pub moment: Moment,
    /// For whom; of a narrower tier than one's own, only the devices whose visibility allows it.
    pub tier: Tier,
    /// Words to find, any case and accents.
    pub text: String,
    /// Whether only the devices of the viewer's own bodies are asked for.
    pub own: bool,
    /// Exact values wanted: body, Comune, function, state, SCNTT state, software, site.
    pub exact: Vec<(Field, String)>,
    /// What is open on them.
    pub open: Option<Open>,
    /// Whether to see the withdrawn ones instead of the others.
    pub withdrawn: bool,
    /// One device.
    pub device: Option<Uuid>,
    /// Only points in this rectangle (x = degrees east, y = degrees north, WGS 84).
    pub within: Option<Rect<f64>>,
}

/// The attributes by which devices can be filtered with an exact value, in the order of the page.
pub const EXACT: [Field; 7] = [
    Field::Ente,
    Field::Comune,
    Field::Funzione,
    Field::Stato,
    Field::StatoScntt,
    Field::Software,
    Field::Sito,
];

/// The longest value a parameter may have, in characters.
const MAX_CHARACTERS: usize = 200;

/// A parameter that says nothing to this page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The name is not known.
    #[error("il parametro «{name}» non esiste{}", nearest.map(|near| format!(": forse intendevate «{near}»?")).unwrap_or_default())]
    Unknown {
        /// As given.
        name: String,
        /// The nearest name that exists.
        nearest: Option<&'static str>,
    },
    /// What should be a date cannot be read as one.
    #[error(
        "«{value}» non si legge come una data: scrivete per esempio 02/03/2026, oppure 02/03/2026 10:30"
    )]
    Date {
        /// As given.
        value: String,
    },
    /// The value is not one that the parameter can have.
    #[error("il parametro «{name}» non può valere «{value}»")]
    Value {
        /// The parameter.
        name: String,
        /// As given.
        value: String,
    },
}

impl Filter {
    /// Everything this person may see: what is accepted, and for whoever writes devices what they
    /// are working on.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        let scope = if viewer.reads_all() {
            Scope::All
        } else {
            Scope::Bodies(viewer.bodies().map(str::to_owned).collect())
        };
        let usual = if viewer.reads_all() {
            State::Accepted
        } else {
            State::Working
        };
        Self {
            viewer: viewer.clone(),
            scope,
            usual,
            state: usual,
            moment: Moment::Now,
            tier: Tier::Riservato,
            text: String::new(),
            own: false,
            exact: Vec::new(),
            open: None,
            withdrawn: false,
            device: None,
            within: None,
        }
    }

    /// Everything this person may see, in its working state.
    #[must_use]
    pub fn working(viewer: &Viewer) -> Self {
        Self {
            state: State::Working,
            ..Self::of(viewer)
        }
    }

    /// One device, if this person may see it, withdrawn or not, in its working state.
    #[must_use]
    pub fn device(viewer: &Viewer, id: Uuid) -> Self {
        Self {
            device: Some(id),
            ..Self::working(viewer)
        }
    }

    /// On whose behalf it asks.
    #[must_use]
    pub const fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Whether it finds reserved data of bodies that are not the viewer's own: such a reading is
    /// noted in the history.
    #[must_use]
    pub fn reads_others(&self) -> bool {
        self.viewer.reads_others(self.wanted(Field::Ente))
    }

    /// What it asks for, in the words of an address; what is looked for as text is left out, because
    /// people look for what is never recorded.
    #[must_use]
    pub fn in_short(&self) -> String {
        let parameters = self.parameters().into_iter();
        let parts: Vec<String> = parameters
            .map(|(name, value)| match name {
                "cerca" => "cerca".to_owned(),
                _ => format!("{name}={value}"),
            })
            .collect();
        parts.join(" ")
    }

    /// Whose devices may be seen.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The words to find, as the register keeps them; a code with a hyphen is one word.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.text
            .split_whitespace()
            .map(fold)
            .filter(|word| !word.is_empty())
    }

    /// Looks at what a snapshot holds: what was accepted when it was taken.
    pub fn freeze(&mut self, snapshot: Uuid) {
        self.moment = Moment::Snapshot(snapshot);
        self.state = State::Accepted;
    }

    /// Whether a snapshot is looked at.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        matches!(self.moment, Moment::Snapshot(_))
    }

    /// Takes one parameter of an address. Empty values mean "any".
    pub fn take(&mut self, name: &str, value: &str) -> Result<(), FilterError> {
        let refused = || FilterError::Value {
            name: name.to_owned(),
            value: value.chars().take(40).collect(),
        };
        let value = value.trim();
        if value.chars().count() > MAX_CHARACTERS || value.chars().any(char::is_control) {
            return Err(refused());
        }
        if let Some(field) = EXACT.into_iter().find(|field| field.name() == name) {
            if value.is_empty() {
                return Ok(());
            }
            if let Some(terms) = field.terms()
                && !terms.iter().any(|term| term.code == value)
            {
                return Err(refused());
            }
            self.exact.retain(|(taken, _)| *taken != field);
            self.exact.push((field, value.to_owned()));
            self.exact.sort_by_key(|(field, _)| *field);
            return Ok(());
        }
        match name {
            "cerca" => value.clone_into(&mut self.text),
            "segnalazioni" if value.is_empty() => self.open = None,
            "segnalazioni" => {
                let open = Open::ALL.into_iter().find(|open| open.name() == value);
                self.open = Some(open.ok_or_else(refused)?);
            }
            "dati" if value.is_empty() => self.state = self.usual(),
            "dati" => {
                let state = State::ALL.into_iter().find(|one| one.spelling() == value);
                self.state = state
                    .filter(|state| !self.is_frozen() || *state == State::Accepted)
                    .ok_or_else(refused)?;
            }
            "al" | "fotografia" if value.is_empty() => {}
            "al" => {
                let unreadable = || FilterError::Date {
                    value: value.chars().take(40).collect(),
                };
                self.moment = Moment::At(moment::parse(value).ok_or_else(unreadable)?);
            }
            "fotografia" => {
                let id = Uuid::parse_str(value).map_err(|_shape| refused())?;
                if self.state != self.usual && self.state != State::Accepted {
                    return Err(refused());
                }
                self.freeze(id);
            }
            "propri" if matches!(value, "" | "no") => self.own = false,
            "propri" if value == "si" => self.own = true,
            "ritirati" if matches!(value, "" | "no") => self.withdrawn = false,
            "ritirati" if value == "si" => self.withdrawn = true,
            "propri" | "ritirati" => return Err(refused()),
            _ => return Err(unknown(name, &PARAMETERS)),
        }
        Ok(())
    }

    /// The filter as parameters of an address; [`Filter::take`] reads them back.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.standpoint();
        if !self.text.is_empty() {
            parameters.push(("cerca", self.text.clone()));
        }
        if self.own {
            parameters.push(("propri", "si".to_owned()));
        }
        for (field, value) in &self.exact {
            parameters.push((field.name(), value.clone()));
        }
        if let Some(open) = self.open {
            parameters.push(("segnalazioni", open.name().to_owned()));
        }
        if self.withdrawn {
            parameters.push(("ritirati", "si".to_owned()));
        }
        parameters
    }

    /// Which state at which moment, as parameters of an address: what a link from a list to a device
    /// takes along.
    #[must_use]
    pub fn standpoint(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        if self.state != self.usual() {
            parameters.push(("dati", self.state.spelling().to_owned()));
        }
        match self.moment {
            Moment::Now => {}
            Moment::At(at) => parameters.push(("al", moment::spelling(at))),
            Moment::Snapshot(id) => parameters.push(("fotografia", id.to_string())),
        }
        parameters
    }

    /// The state that this person is shown when they ask for none.
    #[must_use]
    pub const fn usual(&self) -> State {
        if self.is_frozen() {
            State::Accepted
        } else {
            self.usual
        }
    }

    /// The exact value wanted of a field, or nothing.
    #[must_use]
    pub fn wanted(&self, field: Field) -> &str {
        self.exact
            .iter()
            .find(|(own, _)| *own == field)
            .map_or("", |(_, value)| value)
    }
}

/// The names that [`Filter::take`] understands.
pub const PARAMETERS: [&str; 14] = [
    "dati",
    "al",
    "fotografia",
    "cerca",
    "propri",
    "ente",
    "comune",
    "funzione",
    "stato",
    "stato_scntt",
    "software",
    "sito",
    "segnalazioni",
    "ritirati",
];

/// An unknown parameter, with the nearest of the known ones.
#[must_use]
pub fn unknown(name: &str, known: &[&'static str]) -> FilterError {
    FilterError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, known),
    }
}

/// The known spelling that is nearest to a text, when one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    // Nothing known is as long, and comparing costs the product of the lengths.
    if text.len() > 100 {
        return None;
    }
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(text, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// By what devices are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Body, then the body's own code.
    #[default]
    Code,
    /// Name.
    Name,
    /// Comune.
    Municipality,
    /// Function.
    Function,
    /// Last change, newest first.
    Changed,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Code,
        Self::Name,
        Self::Municipality,
        Self::Function,
        Self::Changed,
    ];

    /// The spelling in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "codice",
            Self::Name => "denominazione",
            Self::Municipality => "comune",
            Self::Function => "funzione",
            Self::Changed => "modifica",
        }
    }
}

/// A slice of a sorted list, by key: never by counting rows from the beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// The order.
    pub sort: Sort,
    /// The key after which, or before which, the slice begins.
    pub from: Option<(Edge, Vec<String>)>,
    /// At most how many.
    pub size: usize,
}

/// On which side of a key a slice lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Following it.
    After,
    /// Preceding it.
    Before,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_parameter_is_named_with_the_nearest_one() {
        let mut filter = Filter::of(&Viewer::operator());
        let error = filter.take("funzone", "ztl").unwrap_err();
        assert_eq!(
            error.to_string(),
            "il parametro «funzone» non esiste: forse intendevate «funzione»?"
        );
        assert!(filter.take("funzione", "boh").is_err());
    }

    #[test]
    fn a_value_no_database_can_take_is_refused() {
        let mut filter = Filter::of(&Viewer::operator());
        assert!(filter.take("cerca", "a\0b").is_err());
        assert!(filter.take("cerca", &"a ".repeat(200)).is_err());
        assert!(filter.take("cerca", "via Roma, 12").is_ok());
    }

    #[test]
    fn a_moment_nobody_can_read_is_refused() {
        let mut filter = Filter::of(&Viewer::operator());
        for (name, value) in [("al", "ieri"), ("al", "31/02/2026"), ("fotografia", "gara")] {
            assert!(filter.take(name, value).is_err(), "{name}={value}");
        }
        assert!(filter.take("al", "").is_ok());
        assert_eq!(filter.moment, Moment::Now);
    }

    #[test]
    fn what_is_noted_of_a_filter_does_not_say_which_words_were_looked_for() {
        let mut filter = Filter::of(&Viewer::operator());
        filter.take("cerca", "via Segreta").unwrap();
        filter.take("funzione", "ztl").unwrap();
        assert_eq!(filter.in_short(), "cerca funzione=ztl");
    }

    #[test]
    fn a_public_copy_says_neither_where_exactly_nor_with_what() {
        for field in [
            Field::Indirizzo,
            Field::Denominazione,
            Field::Software,
            Field::Note,
        ] {
            assert!(!Tier::Pubblico.shows(field) && Tier::Enti.shows(field));
        }
        assert!(Tier::Pubblico.shows(Field::Lat));
    }

    #[test]
    fn a_snapshot_in_an_address_is_read_back_and_holds_what_was_accepted() {
        let id = Uuid::from_u128(7);
        let officer = Viewer::person(id, "a".to_owned(), "A".to_owned(), Vec::new());
        for viewer in [officer, Viewer::operator()] {
            let mut filter = Filter::of(&viewer);
            filter.take("fotografia", &id.to_string()).unwrap();
            assert_eq!(filter.moment, Moment::Snapshot(id));
            assert_eq!(filter.state, State::Accepted);
            assert_eq!(filter.parameters(), [("fotografia", id.to_string())]);
            assert!(filter.take("dati", "lavorazione").is_err());
            assert!(filter.take("dati", "").is_ok());
            assert_eq!(filter.state, State::Accepted);
        }
        let mut filter = Filter::of(&Viewer::operator());
        assert!(filter.take("fotografia", "ieri").is_err());
        filter.take("dati", "lavorazione").unwrap();
        assert!(filter.take("fotografia", &id.to_string()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn a_filter_survives_its_address(
            text in "[a-zà-ù]{0,8}",
            body in "[a-z0-9]{1,6}",
            withdrawn: bool,
            own: bool,
            open in 0_usize..6,
            state in 0_usize..3,
            at in 0_i64..4_000_000_000_000_000,
            frozen: bool,
        ) {
            let mut filter = Filter::of(&Viewer::operator());
            filter.text = text;
            filter.exact = vec![(Field::Ente, body), (Field::Funzione, "ztl".to_owned())];
            filter.withdrawn = withdrawn;
            filter.own = own;
            filter.open = Open::ALL.get(open).copied();
            filter.state = State::ALL[state];
            match at % 3 {
                0 => {}
                _ if frozen => filter.freeze(Uuid::from_u128(at.unsigned_abs().into())),
                _ => filter.moment = Moment::At(at),
            }
            let mut again = Filter::of(&Viewer::operator());
            for (name, value) in filter.parameters() {
                again.take(name, &value).unwrap();
            }
            proptest::prop_assert_eq!(filter, again);
        }
    }
}
