//! The language in which criteria say what they ask of a device.
//!
//! ```text
//! funzione fra (lettura_targhe, ibrida) e non stato = dismesso
//! transito_dati contiene (targa, data_ora)      every one of them
//! protocolli contiene_uno (rest, soap)          at least one
//! ente.dpia.data < data_attivazione o manutenzione_scadenza >= oggi
//! software_versione noto                        known, or not known: never false
//! @lettore                                      a condition with a name
//! ```
//!
//! An answer is yes, no or not known, and what is not known never counts as a yes: «e» is no as soon
//! as one part is no, «o» is yes as soon as one part is yes, otherwise what is not known wins. Names
//! and values are checked when a condition is read, so that no condition in force can be about
//! something that is not there. Enforced by the tests below.

use super::fact::{Asked, FACTS, Fact, Facts, Given};
use super::vocabulary::{Kind, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, preceded, repeat, separated, terminated};
use winnow::error::{ContextError, ErrMode};
use winnow::prelude::*;
use winnow::stream::LocatingSlice;
use winnow::token::{literal, take_while};

/// How deep parentheses may go.
const DEEPEST: usize = 20;

/// The longest condition, in bytes: the parser calls itself, and must come to an end.
pub const LONGEST: usize = 4_000;

/// How many tests one condition may make, so that a register is judged in the time it takes to read.
const MOST_TESTS: usize = 300;

/// A condition that was read and holds nothing unknown to the census.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// Whether the fact is known; not known otherwise, never a no.
    Known(Fact),
    /// A comparison.
    Compare(Fact, Order, Right),
    /// Whether the fact is one of these.
    Among(Fact, Vec<String>),
    /// Whether the fact, a list, has all of these.
    HasAll(Fact, Vec<String>),
    /// Whether the fact, a list, has at least one of these.
    HasAny(Fact, Vec<String>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equal,
    /// `!=`
    Different,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// What a fact is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// A text, a code or a date.
    Text(String),
    /// A number, in the unit of the attribute.
    Number(f64),
    /// Another fact.
    Fact(Fact),
}

/// Something wrong in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong and what to do, in Italian.
    pub message: String,
}

/// Conditions that others may name.
pub type Names = BTreeMap<String, Condition>;

/// The forms of the language, with what each says: for the page that explains it and for its manual.
pub const LANGUAGE: &[(&str, &str)] = &[
    ("ocr = a_bordo", "il dato vale così; «!=» se vale altro"),
    (
        "stato fra (in_esercizio, guasto)",
        "il dato è uno di questi valori",
    ),
    (
        "transito_dati contiene (targa, data_ora)",
        "il dato è un elenco, e li ha tutti",
    ),
    (
        "protocolli contiene_uno (rest, soap)",
        "il dato è un elenco, e ne ha almeno uno",
    ),
    (
        "conservazione_giorni <= 7",
        "un numero si confronta con =, !=, <, <=, >, >=; i decimali hanno il punto",
    ),
    (
        "manutenzione_scadenza >= oggi",
        "una data si confronta allo stesso modo, con un’altra data del censimento, con «oggi» o con \
         un giorno scritto 2026-12-31",
    ),
    (
        "software_versione noto",
        "il dato è noto; se non lo è la risposta è «non noto», mai «no»",
    ),
    ("non installazione = mobile", "il contrario"),
    (
        "sito.tipo = varco e corsie noto",
        "tutte e due; «e» lega più stretto di «o»",
    ),
    ("vpn = si o connettivita = mpls", "almeno una delle due"),
    (
        "(vpn = si o cifratura = si) e corsie > 1",
        "le parentesi decidono che cosa sta insieme",
    ),
    (
        "@lettore",
        "la condizione che in [condizioni] si chiama così; quelle non ne nominano altre",
    ),
];

impl Condition {
    /// Reads a condition. All that is wrong with its names and values is said at once; what breaks
    /// its grammar ends the reading.
    pub fn read(text: &str, names: &Names) -> Result<Self, Vec<Fault>> {
        if text.len() > LONGEST {
            let message = format!("La condizione è troppo lunga: al più {LONGEST} caratteri.");
            return Err(vec![Fault { at: 0, message }]);
        }
        if let Some(at) = too_deep(text) {
            let message = format!("Troppe parentesi una dentro l’altra: al più {DEEPEST}.");
            return Err(vec![Fault { at, message }]);
        }
        let draft = whole
            .parse(LocatingSlice::new(text))
            .map_err(|error| vec![broken(text, error.offset())])?;
        let mut faults = Vec::new();
        let condition = resolve(&draft, names, &mut faults);
        if let Some(tests) = condition.as_ref().map(Self::tests)
            && tests > MOST_TESTS
        {
            let message = format!(
                "La condizione, con quelle che nomina, fa {tests} prove: al più {MOST_TESTS}."
            );
            faults.push(Fault { at: 0, message });
        }
        match condition {
            Some(condition) if faults.is_empty() => Ok(condition),
            _ => Err(faults),
        }
    }

    /// Whether it holds: yes, no, or nothing when that is not known.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::All(parts) => all(parts.iter().map(|part| part.holds(facts))),
            Self::Any(parts) => {
                let none = all(parts.iter().map(|part| part.holds(facts).map(|yes| !yes)));
                none.map(|none| !none)
            }
            Self::Not(part) => part.holds(facts).map(|yes| !yes),
            Self::Known(fact) => (facts.given(*fact) != Given::Unknown).then_some(true),
            Self::Compare(fact, order, right) => compare(facts, *fact, *order, right),
            Self::Among(fact, codes) => match facts.given(*fact) {
                Given::Text(text) => Some(codes.iter().any(|code| code == text)),
                _ => None,
            },
            Self::HasAll(fact, codes) => match facts.given(*fact) {
                Given::Text(text) => Some(codes.iter().all(|code| has(text, code))),
                _ => None,
            },
            Self::HasAny(fact, codes) => match facts.given(*fact) {
                Given::Text(text) => Some(codes.iter().any(|code| has(text, code))),
                _ => None,
            },
        }
    }

    /// The same in plain Italian, with the labels of facts and values: Lettura targhe (OCR) è «A bordo»
    /// oppure «Su server».
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::All(parts) => joined(parts, " e "),
            Self::Any(parts) => joined(parts, " oppure "),
            Self::Not(part) => match part.as_ref() {
                Self::Among(fact, codes) => {
                    format!("{} non è {}", fact.label(), values(*fact, codes, " né "))
                }
                Self::Compare(fact, Order::Equal, right) => {
                    compared_words(*fact, Order::Different, right)
                }
                part => format!("non è vero che {}", part.enclosed()),
            },
            Self::Known(fact) => format!("«{}» è noto", fact.label()),
            Self::Compare(fact, order, right) => compared_words(*fact, *order, right),
            Self::Among(fact, codes) => {
                format!("{} è {}", fact.label(), values(*fact, codes, " oppure "))
            }
            Self::HasAll(fact, codes) => {
                format!("{} comprende {}", fact.label(), values(*fact, codes, " e "))
            }
            Self::HasAny(fact, codes) => {
                let one = if codes.len() > 1 {
                    "almeno uno fra "
                } else {
                    ""
                };
                let values = values(*fact, codes, " e ");
                format!("{} comprende {one}{values}", fact.label())
            }
        }
    }

    /// The words of a part: between parentheses when it has parts of its own.
    fn enclosed(&self) -> String {
        match self {
            Self::All(_) | Self::Any(_) => format!("({})", self.words()),
            _ => self.words(),
        }
    }

    /// How many tests it makes, those of the conditions it names counted each time.
    fn tests(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::tests).sum(),
            Self::Not(part) => part.tests(),
            _ => 1,
        }
    }

    /// Adds the facts it asks.
    pub fn asks(&self, facts: &mut BTreeSet<Fact>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.asks(facts);
                }
            }
            Self::Not(part) => part.asks(facts),
            Self::Compare(fact, _, right) => {
                facts.insert(*fact);
                if let Right::Fact(other) = right {
                    facts.insert(*other);
                }
            }
            Self::Known(fact)
            | Self::Among(fact, _)
            | Self::HasAll(fact, _)
            | Self::HasAny(fact, _) => {
                facts.insert(*fact);
            }
        }
    }

    /// Adds the facts that keep it from being a yes or a no: those not known, of the parts not
    /// known.
    pub fn lacks(&self, facts: &Facts<'_>, lacking: &mut BTreeSet<Fact>) {
        if self.holds(facts).is_some() {
            return;
        }
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.lacks(facts, lacking);
                }
            }
            Self::Not(part) => part.lacks(facts, lacking),
            _ => {
                let mut asked = BTreeSet::new();
                self.asks(&mut asked);
                asked.retain(|fact| facts.given(*fact) == Given::Unknown);
                lacking.append(&mut asked);
            }
        }
    }
}

/// Where parentheses go deeper than the parser, which calls itself, may follow.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, one)| {
        match one {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > DEEPEST).then_some(at)
    })
}

fn joined(parts: &[Condition], between: &str) -> String {
    let parts: Vec<String> = parts.iter().map(Condition::enclosed).collect();
    parts.join(between)
}

/// The labels of codes, the last after a word of its own.
fn values(fact: Fact, codes: &[String], between: &str) -> String {
    let labels: Vec<String> = codes.iter().map(|code| value(fact, code)).collect();
    match labels.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}{between}{last}", others.join(", ")),
        None => String::new(),
    }
}

fn value(fact: Fact, code: &str) -> String {
    let label = fact
        .asked()
        .map_or_else(|| code.to_owned(), |asked| asked.words(Given::Text(code)));
    format!("«{label}»")
}

fn compared_words(fact: Fact, order: Order, right: &Right) -> String {
    let kind = fact.asked().map(|asked| asked.kind);
    let dated = matches!(kind, Some(Kind::Date));
    let right = match right {
        Right::Text(text) if dated => {
            let words = fact.asked().map(|asked| asked.words(Given::Text(text)));
            words.unwrap_or_else(|| text.clone())
        }
        Right::Text(text) => value(fact, text),
        Right::Number(number) => number.to_string().replace('.', ","),
        Right::Fact(other) => format!("«{}»", other.label()),
    };
    let order = match (order, dated) {
        (Order::Equal, _) => "è",
        (Order::Different, _) => "non è",
        (Order::Less, false) => "è meno di",
        (Order::AtMost, false) => "è al più",
        (Order::More, false) => "è più di",
        (Order::AtLeast, false) => "è almeno",
        (Order::Less, true) => "viene prima di:",
        (Order::AtMost, true) => "non viene dopo:",
        (Order::More, true) => "viene dopo:",
        (Order::AtLeast, true) => "non viene prima di:",
    };
    format!("{} {order} {right}", fact.label())
}

/// Kleene's conjunction.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Whether a list of codes separated by commas has one.
fn has(list: &str, code: &str) -> bool {
    list.split(',').any(|one| one == code)
}

fn compare(facts: &Facts<'_>, fact: Fact, order: Order, right: &Right) -> Option<bool> {
    let right = match right {
        Right::Text(text) => Given::Text(text),
        Right::Number(number) => Given::Number(*number),
        Right::Fact(other) => facts.given(*other),
    };
    let ordering = match (facts.given(fact), right) {
        (Given::Text(left), Given::Text(right)) => left.cmp(right),
        (Given::Number(left), Given::Number(right)) => left.partial_cmp(&right)?,
        _ => return None,
    };
    Some(match order {
        Order::Equal => ordering.is_eq(),
        Order::Different => ordering.is_ne(),
        Order::Less => ordering.is_lt(),
        Order::AtMost => ordering.is_le(),
        Order::More => ordering.is_gt(),
        Order::AtLeast => ordering.is_ge(),
    })
}

// Reading.

type Input<'a> = LocatingSlice<&'a str>;

/// A word and where it stands.
#[derive(Debug, Clone)]
struct Word<'a> {
    text: &'a str,
    span: Range<usize>,
}

#[derive(Debug, Clone)]
enum Draft<'a> {
    All(Vec<Draft<'a>>),
    Any(Vec<Draft<'a>>),
    Not(Box<Draft<'a>>),
    Named(Word<'a>),
    Test(Word<'a>, Test<'a>),
}

#[derive(Debug, Clone)]
enum Test<'a> {
    Known,
    Compare(Order, Word<'a>),
    Among(Vec<Word<'a>>),
    HasAll(Vec<Word<'a>>),
    HasAny(Vec<Word<'a>>),
}

fn whole<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    delimited(multispace0, any, multispace0).parse_next(input)
}

fn any<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    let first = every.parse_next(input)?;
    let more: Vec<_> = repeat(0.., preceded(keyword("o"), cut_err(every))).parse_next(input)?;
    Ok(one_or(first, more, Draft::Any))
}

fn every<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    let first = part.parse_next(input)?;
    let more: Vec<_> = repeat(0.., preceded(keyword("e"), cut_err(part))).parse_next(input)?;
    Ok(one_or(first, more, Draft::All))
}

fn one_or<'a>(
    first: Draft<'a>,
    mut more: Vec<Draft<'a>>,
    many: fn(Vec<Draft<'a>>) -> Draft<'a>,
) -> Draft<'a> {
    if more.is_empty() {
        return first;
    }
    more.insert(0, first);
    many(more)
}

fn part<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    let negated: Vec<()> = repeat(0..DEEPEST, keyword("non")).parse_next(input)?;
    let mut draft = alt((group, named, test)).parse_next(input)?;
    for () in negated {
        draft = Draft::Not(Box::new(draft));
    }
    Ok(draft)
}

fn group<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    delimited(sign("("), cut_err(any), cut_err(sign(")"))).parse_next(input)
}

fn named<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    preceded(literal("@"), word)
        .map(Draft::Named)
        .parse_next(input)
}

fn test<'a>(input: &mut Input<'a>) -> ModalResult<Draft<'a>> {
    let name = word
        .verify(|word: &Word<'_>| !matches!(word.text, "e" | "o" | "non"))
        .parse_next(input)?;
    let test = alt((
        keyword("noto").value(Test::Known),
        preceded(keyword("fra"), cut_err(list)).map(Test::Among),
        preceded(keyword("contiene_uno"), cut_err(list)).map(Test::HasAny),
        preceded(keyword("contiene"), cut_err(list)).map(Test::HasAll),
        (order, cut_err(word)).map(|(order, word)| Test::Compare(order, word)),
    ));
    let test = cut_err(test).parse_next(input)?;
    Ok(Draft::Test(name, test))
}

fn order(input: &mut Input<'_>) -> ModalResult<Order> {
    alt((
        sign("!=").value(Order::Different),
        sign("<=").value(Order::AtMost),
        sign(">=").value(Order::AtLeast),
        sign("=").value(Order::Equal),
        sign("<").value(Order::Less),
        sign(">").value(Order::More),
    ))
    .parse_next(input)
}

/// One word, or several between parentheses.
fn list<'a>(input: &mut Input<'a>) -> ModalResult<Vec<Word<'a>>> {
    let words = separated(1.., word, sign(","));
    let several = delimited(sign("("), cut_err(words), cut_err(sign(")")));
    alt((several, word.map(|one| vec![one]))).parse_next(input)
}

fn word<'a>(input: &mut Input<'a>) -> ModalResult<Word<'a>> {
    let letters = take_while(1.., |one: char| {
        one.is_alphanumeric() || matches!(one, '_' | '.' | '-')
    });
    terminated(letters.with_span(), multispace0)
        .map(|(text, span)| Word { text, span })
        .parse_next(input)
}

fn keyword<'a>(text: &'static str) -> impl Parser<Input<'a>, (), ErrMode<ContextError>> {
    word.verify(move |word: &Word<'_>| word.text == text).void()
}

fn sign<'a>(text: &'static str) -> impl Parser<Input<'a>, (), ErrMode<ContextError>> {
    terminated(literal(text), multispace0).void()
}

fn broken(text: &str, at: usize) -> Fault {
    let rest = text.get(at..).unwrap_or_default();
    let next: String = rest.chars().take(20).collect();
    let message = if next.trim().is_empty() {
        "La condizione finisce prima del dovuto: manca qualcosa dopo l’ultima parola, o una \
         parentesi è rimasta aperta."
            .to_owned()
    } else {
        format!(
            "Da «{}» in poi la condizione non si legge. Si scrive: nome fra (a, b), nome contiene \
             (a, b), nome contiene_uno (a, b), nome noto, nome = valore, con «e», «o», «non» e le \
             parentesi.",
            next.trim()
        )
    };
    Fault { at, message }
}

// Checking.

fn resolve(draft: &Draft<'_>, names: &Names, faults: &mut Vec<Fault>) -> Option<Condition> {
    match draft {
        Draft::All(parts) => resolve_all(parts, names, faults).map(Condition::All),
        Draft::Any(parts) => resolve_all(parts, names, faults).map(Condition::Any),
        Draft::Not(part) => {
            let part = resolve(part, names, faults)?;
            Some(Condition::Not(Box::new(part)))
        }
        Draft::Named(word) => {
            let found = names.get(word.text).cloned();
            if found.is_none() {
                let known: Vec<&str> = names.keys().map(String::as_str).collect();
                let message = format!(
                    "Non c’è una condizione che si chiami «{}»{}",
                    word.text,
                    nearest(word.text, &known)
                );
                faults.push(fault(word, message));
            }
            found
        }
        Draft::Test(name, test) => {
            let Some(asked) = Fact::named(name.text) else {
                let known: Vec<&str> = FACTS.iter().map(|asked| asked.name).collect();
                let message = format!(
                    "«{}» non è tra i dati del censimento{}",
                    name.text,
                    nearest(name.text, &known)
                );
                faults.push(fault(name, message));
                return None;
            };
            tested(asked, name, test, faults)
        }
    }
}

fn resolve_all(
    parts: &[Draft<'_>],
    names: &Names,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Condition>> {
    // All parts are read before giving up, so that all faults are said.
    let read: Vec<Option<Condition>> = parts
        .iter()
        .map(|part| resolve(part, names, faults))
        .collect();
    read.into_iter().collect()
}

fn tested(
    asked: &Asked,
    name: &Word<'_>,
    test: &Test<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Condition> {
    let fact = asked.fact;
    match test {
        Test::Known => Some(Condition::Known(fact)),
        Test::Among(words) => {
            if !matches!(asked.kind, Kind::One(_) | Kind::Body | Kind::Municipality) {
                return wrong_use(asked, name, "fra", faults);
            }
            Some(Condition::Among(fact, codes(asked, words, faults)?))
        }
        Test::HasAll(words) | Test::HasAny(words) => {
            if !matches!(asked.kind, Kind::Many(_)) {
                return wrong_use(asked, name, "contiene", faults);
            }
            let codes = codes(asked, words, faults)?;
            Some(match test {
                Test::HasAll(_) => Condition::HasAll(fact, codes),
                _ => Condition::HasAny(fact, codes),
            })
        }
        Test::Compare(order, word) => compared(asked, name, *order, word, faults),
    }
}

fn compared(
    asked: &Asked,
    name: &Word<'_>,
    order: Order,
    word: &Word<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Condition> {
    let ordered = !matches!(order, Order::Equal | Order::Different);
    let right = match asked.kind {
        Kind::One(_) | Kind::Body | Kind::Municipality if !ordered => {
            let mut codes = codes(asked, std::slice::from_ref(word), faults)?;
            Right::Text(codes.pop()?)
        }
        Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_) => match word.text.parse::<f64>() {
            Ok(number) if number.is_finite() => Right::Number(number),
            _ => other(asked, word, "un numero (col punto decimale)", faults)?,
        },
        Kind::Date => match word.text.parse::<jiff::civil::Date>() {
            Ok(date) => Right::Text(date.to_string()),
            Err(_) => other(asked, word, "una data (2026-12-31) o «oggi»", faults)?,
        },
        _ => return wrong_use(asked, name, "un confronto di questo tipo", faults),
    };
    Some(Condition::Compare(asked.fact, order, right))
}

/// Another fact of the same sort, on the right of a comparison.
fn other(asked: &Asked, word: &Word<'_>, wanted: &str, faults: &mut Vec<Fault>) -> Option<Right> {
    let same = |one: &&Asked| {
        matches!(
            (asked.kind, one.kind),
            (Kind::Date, Kind::Date)
                | (
                    Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_),
                    Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_)
                )
        )
    };
    let found = Fact::named(word.text).filter(same);
    if found.is_none() {
        let message = format!(
            "«{}» si confronta con {wanted}, o con un altro dato dello stesso tipo: «{}» non lo è.",
            asked.name, word.text
        );
        faults.push(fault(word, message));
    }
    found.map(|other| Right::Fact(other.fact))
}

/// The codes that these words are, if the fact can have them.
fn codes(asked: &Asked, words: &[Word<'_>], faults: &mut Vec<Fault>) -> Option<Vec<String>> {
    let terms: &[Term] = match asked.kind {
        Kind::One(terms) | Kind::Many(terms) => terms,
        Kind::Municipality => return municipalities(asked, words, faults),
        _ => return Some(words.iter().map(|word| word.text.to_owned()).collect()),
    };
    let before = faults.len();
    for word in words {
        if word.text == super::vocabulary::UNKNOWN {
            let message = format!(
                "«non_noto» non è un valore da cercare: che «{}» non sia noto lo dice già la \
                 risposta.",
                asked.name
            );
            faults.push(fault(word, message));
        } else if terms.iter().all(|term| term.code != word.text) {
            let known: Vec<&str> = terms.iter().map(|term| term.code).collect();
            let message = format!(
                "«{}» non è un valore di «{}»{}",
                word.text,
                asked.name,
                nearest(word.text, &known)
            );
            faults.push(fault(word, message));
        }
    }
    (faults.len() == before).then(|| words.iter().map(|word| word.text.to_owned()).collect())
}

/// Comuni are named by their code: a name would never be found.
fn municipalities(
    asked: &Asked,
    words: &[Word<'_>],
    faults: &mut Vec<Fault>,
) -> Option<Vec<String>> {
    let before = faults.len();
    for word in words {
        if word.text.len() != 6 || !word.text.bytes().all(|one| one.is_ascii_digit()) {
            let message = format!(
                "«{}» non è un codice ISTAT: «{}» si confronta con sei cifre, come 015146.",
                word.text, asked.name
            );
            faults.push(fault(word, message));
        }
    }
    (faults.len() == before).then(|| words.iter().map(|word| word.text.to_owned()).collect())
}

fn wrong_use(
    asked: &Asked,
    name: &Word<'_>,
    what: &str,
    faults: &mut Vec<Fault>,
) -> Option<Condition> {
    let advice = match asked.kind {
        Kind::One(_) => "ha un valore di un elenco: si scrive «= valore» o «fra (a, b)»",
        Kind::Many(_) => "ha più valori: si scrive «contiene (a, b)» o «contiene_uno (a, b)»",
        Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_) => {
            "è un numero: si confronta con =, !=, <, <=, >, >="
        }
        Kind::Date => "è una data: si confronta con =, !=, <, <=, >, >=",
        Kind::Latitude | Kind::Longitude => "si può chiedere soltanto se è noto",
        _ => "è un testo: si può chiedere soltanto se è noto",
    };
    let message = format!("A «{}» non si può applicare {what}: {advice}.", asked.name);
    faults.push(fault(name, message));
    None
}

fn fault(word: &Word<'_>, message: String) -> Fault {
    Fault {
        at: word.span.start,
        message,
    }
}

/// The known word nearest to one that is not, as the end of a sentence.
fn nearest(text: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|one| (strsim::damerau_levenshtein(text, one), *one))
        .min();
    match best {
        Some((distance, one)) if distance <= 3.max(one.len() / 3) => {
            format!(": forse «{one}»?")
        }
        _ if known.is_empty() => ".".to_owned(),
        _ if known.len() <= 12 => format!(": sono {}.", known.join(", ")),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::record::{Record, Value};
    use crate::census::vocabulary::Field;
    use proptest::prelude::*;

    fn holds(text: &str, values: &[(Field, &str)]) -> Option<bool> {
        let mut record = Record::default();
        for (field, value) in values {
            let value = value
                .parse()
                .map_or_else(|_| Value::Text((*value).to_owned()), Value::Integer);
            record.set(*field, Some(value));
        }
        let facts = Facts {
            record: &record,
            site: None,
            body: None,
            product: None,
            model_reading: "",
            today: "2026-11-23",
        };
        let condition = Condition::read(text, &Names::new()).expect("a condition");
        condition.holds(&facts)
    }

    fn messages(text: &str) -> Vec<String> {
        let faults = Condition::read(text, &Names::new()).expect_err("faults");
        faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn what_is_not_known_is_neither_a_yes_nor_a_no() {
        let reader = [(Field::Ocr, "a_bordo")];
        assert_eq!(holds("ocr fra (a_bordo, su_server)", &reader), Some(true));
        assert_eq!(holds("ocr = nessuna", &reader), Some(false));
        assert_eq!(holds("ocr = nessuna", &[]), None);
        assert_eq!(holds("ocr = nessuna", &[(Field::Ocr, "non_noto")]), None);
        assert_eq!(holds("non ocr = nessuna", &[]), None);
        assert_eq!(holds("ocr noto", &reader), Some(true));
        assert_eq!(holds("ocr noto", &[]), None);
    }

    #[test]
    fn and_binds_before_or_and_both_know_what_they_can() {
        let some = [(Field::Vpn, "si"), (Field::Corsie, "2")];
        assert_eq!(holds("vpn = si o ocr = nessuna", &some), Some(true));
        assert_eq!(holds("vpn = no o ocr = nessuna", &some), None);
        assert_eq!(holds("vpn = no e ocr = nessuna", &some), Some(false));
        assert_eq!(holds("vpn = si e ocr = nessuna", &some), None);
        assert_eq!(holds("vpn = si o vpn = no e vpn = no", &some), Some(true));
        assert_eq!(
            holds("(vpn = si o vpn = no) e vpn = no", &some),
            Some(false)
        );
        assert_eq!(holds("corsie >= 2 e corsie < 3", &some), Some(true));
    }

    #[test]
    fn lists_are_asked_for_all_or_for_one() {
        let data = [(Field::TransitoDati, "targa,data_ora,varco")];
        assert_eq!(
            holds("transito_dati contiene (targa, data_ora)", &data),
            Some(true)
        );
        assert_eq!(
            holds("transito_dati contiene (targa, corsia)", &data),
            Some(false)
        );
        assert_eq!(
            holds("transito_dati contiene_uno (targa, corsia)", &data),
            Some(true)
        );
        assert_eq!(holds("transito_dati contiene targa", &[]), None);
    }

    #[test]
    fn dates_are_compared_with_dates_and_with_the_day_of_the_verdict() {
        let until = [(Field::ManutenzioneScadenza, "2026-12-31")];
        assert_eq!(holds("manutenzione_scadenza >= oggi", &until), Some(true));
        assert_eq!(
            holds("manutenzione_scadenza >= 2027-01-01", &until),
            Some(false)
        );
        assert_eq!(
            holds("data_attivazione < manutenzione_scadenza", &until),
            None
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_what_it_may_have_been() {
        let said =
            messages("ocrr = nessuna e ocr = abordo e corsie = due e note = x e vpn contiene si");
        assert_eq!(said.len(), 5, "{said:#?}");
        assert!(said[0].contains("forse «ocr»"), "{}", said[0]);
        assert!(said[1].contains("forse «a_bordo»"), "{}", said[1]);
        assert!(said[2].contains("un numero"), "{}", said[2]);
        assert!(said[3].contains("soltanto se è noto"), "{}", said[3]);
        assert!(said[4].contains("fra (a, b)"), "{}", said[4]);
        assert!(messages("ocr = non_noto")[0].contains("non è un valore da cercare"));
        assert!(messages("@lettore")[0].contains("lettore"));
    }

    #[test]
    fn a_condition_that_does_not_end_or_cannot_be_read_says_from_where() {
        assert!(messages("ocr fra (a_bordo")[0].contains("finisce prima"));
        assert!(messages("ocr == a_bordo")[0].contains("non si legge"));
        assert!(messages("")[0].contains("finisce prima"));
        assert!(messages(&"(".repeat(3_000))[0].contains("Troppe parentesi"));
        assert!(messages(&"(ocr noto e ".repeat(30))[0].contains("Troppe parentesi"));
        assert!(messages(&"non ".repeat(900))[0].contains("non si legge"));
        assert!(messages(&"x".repeat(5_000))[0].contains("troppo lunga"));
    }

    #[test]
    fn a_condition_is_said_in_plain_words() {
        let words = |text: &str| {
            let condition = Condition::read(text, &Names::new()).expect("a condition");
            condition.words()
        };
        for (text, wanted) in [
            (
                "ocr fra (a_bordo, su_server)",
                "Lettura targhe (OCR) è «A bordo» oppure «Su server»",
            ),
            (
                "vpn = si o connettivita != mpls e corsie noto",
                "Rete privata (VPN) è «Sì» oppure (Connettività non è «MPLS» e «Corsie» è noto)",
            ),
            (
                "non (vpn = si o cifratura = si)",
                "non è vero che (Rete privata (VPN) è «Sì» oppure Trasmissione cifrata è «Sì»)",
            ),
            (
                "protocolli contiene_uno (rest, soap)",
                "Protocolli comprende almeno uno fra «HTTP/REST» e «SOAP (web service)»",
            ),
            (
                "transito_dati contiene (targa, corsia)",
                "Dati del transito comprende «Targa» e «Corsia»",
            ),
            (
                "conservazione_giorni <= 7",
                "Conservazione delle immagini (giorni) è al più 7",
            ),
            (
                "manutenzione_scadenza >= oggi e manutenzione_scadenza < 2027-01-31",
                "Scadenza della manutenzione non viene prima di: «Giorno dell’esito» e Scadenza \
                 della manutenzione viene prima di: 31/01/2027",
            ),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
    }

    #[test]
    fn every_form_that_the_manual_shows_can_be_read() {
        let reader = Condition::read("vpn = si", &Names::new()).expect("a condition");
        let names = Names::from([("lettore".to_owned(), reader)]);
        for (form, _) in LANGUAGE {
            assert!(Condition::read(form, &names).is_ok(), "{form}");
        }
    }

    #[test]
    fn a_condition_makes_a_bounded_number_of_tests() {
        let many = vec!["vpn = si"; 60].join(" o ");
        let many = Condition::read(&many, &Names::new()).expect("a condition");
        let names = Names::from([("tutti".to_owned(), many)]);
        let faults = Condition::read(&vec!["@tutti"; 60].join(" o "), &names).expect_err("faults");
        assert!(faults[0].message.contains("3600 prove"), "{faults:?}");
    }

    #[test]
    fn a_comune_is_asked_by_its_code() {
        assert!(messages("comune = Milano")[0].contains("sei cifre"));
        assert!(Condition::read("comune fra (015146, 015182)", &Names::new()).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_whatever_stops_the_reading_of_a_condition(text in ".{0,200}") {
            let read = Condition::read(&text, &Names::new());
            if let Err(faults) = read {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| fault.at <= text.len()));
            }
        }

        #[test]
        fn no_row_of_its_own_words_stops_it_either(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "e", "o", "non", "(", ")", ",", "fra", "contiene", "noto", "=", "<", ">=", "@",
                    "@x", "ocr", "corsie", "oggi", "a_bordo", "7", "-", ".", "2026-01-31", "é",
                ]),
                0..60,
            )
        ) {
            let _ = Condition::read(&words.join(" "), &Names::new());
            let _ = Condition::read(&words.concat(), &Names::new());
        }
    }

    #[test]
    fn what_a_condition_lacks_is_what_would_settle_it() {
        let mut record = Record::default();
        record.set(Field::Vpn, Some(Value::Text("no".to_owned())));
        let facts = Facts {
            record: &record,
            site: None,
            body: None,
            product: None,
            model_reading: "",
            today: "2026-11-23",
        };
        let text = "(connettivita = mpls o vpn = si) e corsie noto e vpn = no";
        let condition = Condition::read(text, &Names::new()).expect("a condition");
        let mut lacking = BTreeSet::new();
        condition.lacks(&facts, &mut lacking);
        let wanted = [Field::Corsie, Field::Connettivita].map(Fact::Device);
        assert_eq!(lacking, BTreeSet::from(wanted));
    }
}
