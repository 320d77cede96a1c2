//! Reading one value: text in, canonical value or findings out.
//!
//! A value that cannot be kept is refused with a finding and never altered in silence; a value
//! that cannot be known («n.d.», «?») in a field of numbers or dates is the same as none.

use super::calendar::{self, Day};
use super::list;
use super::number::{self, Whole};
use super::secret::{self, Dotted};
use crate::census::finding::{Code, Finding, Proposal};
use crate::census::record::Value;
use crate::census::vocabulary::{Attribute, Field, Kind, Need, Term, UNKNOWN, fold};
use jiff::civil::Date;

/// Reads a text of at least one character.
pub(super) fn read(
    attribute: &'static Attribute,
    text: &str,
    today: Date,
    findings: &mut Vec<Finding>,
) -> Option<Value> {
    let reader = Reader { attribute, text };
    let read = match attribute.kind {
        _ if attribute.field == Field::Cup => reader.cup(),
        Kind::Text(limit) => reader.words(limit, false),
        Kind::Prose(limit) => reader.words(limit, true),
        Kind::Site => reader.words(SITE_LENGTH, false),
        Kind::Software => reader.words(SOFTWARE_LENGTH, false),
        Kind::Integer(low, high) => reader.integer(low, high),
        Kind::Year(first) => reader.year(first, today),
        Kind::Decimal(low, high) => reader.decimal(low, high),
        Kind::One(terms) => reader.one(terms),
        Kind::Many(terms) => reader.many(terms),
        Kind::Date => reader.date(),
        Kind::Body | Kind::Municipality | Kind::Latitude | Kind::Longitude => Ok(None),
    };
    read.unwrap_or_else(|finding| {
        findings.push(finding);
        None
    })
}

/// How many characters the code of a site may have.
const SITE_LENGTH: usize = 64;

/// How many characters the name of a software may have.
const SOFTWARE_LENGTH: usize = 120;

/// No date of the census is before or after these years.
const YEARS: std::ops::RangeInclusive<i16> = 1980..=2100;

type Read = Result<Option<Value>, Finding>;

/// A refusal that quotes the value, unless the value is something to keep secret: findings are
/// stored, shown and sent back in reports.
pub(super) fn refusal(
    code: Code,
    field: Field,
    text: &str,
    says: impl FnOnce() -> String,
) -> Finding {
    if let Some(secret) = secret::find(text, dotted(field)) {
        return secrecy(Some(field), field.attribute().label, secret);
    }
    Finding::new(code, field, text, says())
}

/// The finding about something that is never recorded. It does not repeat it.
pub(super) fn secrecy(field: Option<Field>, label: &str, secret: &str) -> Finding {
    Finding {
        code: Code::TextSecret,
        field,
        value: String::new(),
        message: format!(
            "{label}: il testo somiglia {secret}. Toglietelo: l’archivio non conserva mai \
             indirizzi di rete, nomi utente, password e flussi video."
        ),
        proposals: Vec::new(),
    }
}

/// Four dotted numbers are versions in the fields of versions, and outline numbers in lots.
fn dotted(field: Field) -> Dotted {
    match field {
        Field::Firmware | Field::Software | Field::SoftwareVersione | Field::Lotto => {
            Dotted::Version
        }
        _ => Dotted::Address,
    }
}

/// A value as a sentence quotes it: one line, not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted: String = text
        .chars()
        .take(60)
        .map(|letter| if is_control(letter) { ' ' } else { letter })
        .collect();
    if text.chars().nth(60).is_some() {
        quoted.push('…');
    }
    quoted
}

/// Characters that no text keeps: the control codes, and the marks that reverse, join or hide
/// other characters.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(
            letter,
            '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether the text has a character that cannot be kept; plain text needs one look at each byte.
pub(super) fn has_control(text: &str, lines: bool) -> bool {
    text.bytes().any(|byte| !(b' '..0x7f).contains(&byte))
        && text
            .chars()
            .any(|letter| is_control(letter) && !(lines && matches!(letter, '\n' | '\r' | '\t')))
}

/// The words of a text with one space between them and no control characters.
fn on_one_line(text: &str) -> String {
    let clean = text.split(|letter: char| is_control(letter) || letter.is_whitespace());
    clean
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

struct Reader<'a> {
    attribute: &'static Attribute,
    text: &'a str,
}

impl Reader<'_> {
    fn refuse(&self, code: Code, says: impl FnOnce(&str, &str) -> String) -> Finding {
        refusal(code, self.attribute.field, self.text, || {
            says(self.attribute.label, &quoted(self.text))
        })
    }

    fn propose(&self, value: impl Into<String>) -> Proposal {
        Proposal::Value {
            field: self.attribute.name,
            value: value.into(),
        }
    }

    /// Free text.
    fn words(&self, limit: usize, lines: bool) -> Read {
        let unix = if lines && self.text.contains('\r') {
            self.text.replace("\r\n", "\n").replace('\r', "\n")
        } else {
            String::new()
        };
        let text = if unix.is_empty() { self.text } else { &unix };
        if has_control(text, lines) {
            return Err(self.uncontrolled(text, lines));
        }
        let field = self.attribute.field;
        if let Some(secret) = secret::find(text, dotted(field)) {
            return Err(secrecy(Some(field), self.attribute.label, secret));
        }
        if text.len() > limit {
            let length = text.chars().count();
            if length > limit {
                return Err(self.refuse(Code::ValueLength, |label, quoted| {
                    format!(
                        "{label}: «{quoted}» ha {length} caratteri e ne possiamo conservare \
                         {limit}. Accorciate il testo; i dettagli stanno meglio nelle note."
                    )
                }));
            }
        }
        // Stating that it is not known is what lets a device without it be submitted.
        if self.attribute.need == Need::Submit && list::says_unknown(text) {
            return Ok(Some(Value::Text(UNKNOWN.to_owned())));
        }
        Ok(Some(Value::Text(text.to_owned())))
    }

    /// A text with control characters, and what it would be without them.
    fn uncontrolled(&self, text: &str, lines: bool) -> Finding {
        let clean = if lines {
            text.lines()
                .map(on_one_line)
                .collect::<Vec<_>>()
                .join("\n")
                .trim()
                .to_owned()
        } else {
            on_one_line(text)
        };
        let how = if lines { "" } else { " su una riga," };
        let finding = self.refuse(Code::TextControl, |label, quoted| {
            format!(
                "{label}: «{quoted}» contiene caratteri di controllo. Riscrivetelo{how} senza \
                 copiarlo da altri programmi."
            )
        });
        // A secret must not come back as a proposal.
        let secret = finding.code != Code::TextControl;
        if secret || clean.is_empty() {
            return finding;
        }
        finding.proposing(vec![self.propose(clean)])
    }

    fn cup(&self) -> Read {
        let canonical = self.text.len() == 15
            && self
                .text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if canonical {
            return Ok(Some(Value::Text(self.text.to_owned())));
        }
        if self.absent() {
            return Ok(None);
        }
        let code: String = self
            .text
            .chars()
            .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '.'))
            .map(|letter| letter.to_ascii_uppercase())
            .take(16)
            .collect();
        if code.len() == 15 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Some(Value::Text(code)));
        }
        Err(self.refuse(Code::CupShape, |_, quoted| {
            format!("CUP: «{quoted}» non è fatto di 15 lettere e cifre. Ricopiatelo dall’atto.")
        }))
    }

    /// Whether what is written says that there is nothing: «n.d.», «?», a dash.
    fn absent(&self) -> bool {
        list::says_unknown(self.text)
            || (self.text.len() < 8 && !self.text.chars().any(char::is_alphanumeric))
    }

    fn one(&self, terms: &'static [Term]) -> Read {
        let field = self.attribute.field;
        if let Some(term) = list::find(field, terms, self.text) {
            return Ok(Some(Value::Text(term.code.to_owned())));
        }
        if self.attribute.need != Need::Save && self.absent() {
            return Ok(None);
        }
        let near = list::nearest(field, terms, self.text);
        let proposals = near.iter().map(|term| self.propose(term.code)).collect();
        let labels: Vec<_> = near
            .iter()
            .map(|term| format!("«{}»", term.label))
            .collect();
        let finding = self.refuse(Code::ValueUnknown, |label, quoted| {
            format!(
                "{label}: «{quoted}» non è nell’elenco ({}).{}",
                list::choices(terms),
                hint(&labels)
            )
        });
        Err(finding.proposing(proposals))
    }

    fn many(&self, terms: &'static [Term]) -> Read {
        let field = self.attribute.field;
        if canonical_list(self.text, terms) {
            return Ok(Some(Value::Text(self.text.to_owned())));
        }
        // The whole text first: an entry may contain what separates entries.
        if let Some(term) = list::find(field, terms, self.text) {
            return Ok(Some(Value::Text(term.code.to_owned())));
        }
        if self.absent() {
            return Ok(None);
        }
        let list::Several { mut found, unknown } = list::find_all(field, terms, self.text);
        if let Some(piece) = unknown.first() {
            return Err(self.no_such_entries(terms, found, &unknown, piece));
        }
        let known = found.iter().filter(|found| **found).count();
        let stated_unknown = found.last().is_some_and(|found| *found);
        if known > 1 && stated_unknown {
            if let Some(last) = found.last_mut() {
                *last = false;
            }
            let rest = joined(terms, &found);
            let finding = self.refuse(Code::ValueUnknown, |label, quoted| {
                format!(
                    "{label}: in «{quoted}» il valore «Non noto» sta insieme ad altri. Lasciatelo \
                     da solo, oppure toglietelo."
                )
            });
            return Err(finding.proposing(vec![self.propose(rest)]));
        }
        let codes = joined(terms, &found);
        Ok((!codes.is_empty()).then_some(Value::Text(codes)))
    }

    /// Some pieces are no entry: if each is near to one, the whole mended list is proposed.
    fn no_such_entries(
        &self,
        terms: &'static [Term],
        mut found: Vec<bool>,
        unknown: &[String],
        piece: &str,
    ) -> Finding {
        let near: Vec<_> = unknown
            .iter()
            .take(16)
            .map(|piece| list::nearest(self.attribute.field, terms, piece))
            .collect();
        let mended = near.len() == unknown.len() && near.iter().all(|near| near.len() == 1);
        let near: Vec<_> = near.into_iter().flatten().filter(|_| mended).collect();
        for (term, found) in terms.iter().zip(found.iter_mut()) {
            *found |= near.iter().any(|near| near.code == term.code);
        }
        let proposals = if mended {
            vec![self.propose(joined(terms, &found))]
        } else {
            Vec::new()
        };
        let labels: Vec<_> = near
            .iter()
            .map(|term| format!("«{}»", term.label))
            .collect();
        let piece = quoted(piece);
        let finding = self.refuse(Code::ValueUnknown, |label, _| {
            format!(
                "{label}: «{piece}» non è nell’elenco ({}).{}",
                list::choices(terms),
                hint(&labels)
            )
        });
        finding.proposing(proposals)
    }

    fn number(&self) -> &str {
        number::without_unit(self.text, units(self.attribute.field))
    }

    fn no_number(&self, wanted: &str) -> Finding {
        self.refuse(Code::ValueNotANumber, |label, quoted| {
            format!("{label}: «{quoted}» non è un numero. Scrivete {wanted}.")
        })
    }

    fn integer(&self, low: i64, high: i64) -> Read {
        let text = self.number();
        let number = match number::whole(text, low, high) {
            Whole::Is(number) => number,
            Whole::Either(one, other) => {
                let finding = self.refuse(Code::ValueNotANumber, |label, quoted| {
                    format!(
                        "{label}: «{quoted}» si può leggere {one} o {other}. Riscrivetelo senza \
                         separatori."
                    )
                });
                let proposals = [one, other].map(|number| self.propose(number.to_string()));
                return Err(finding.proposing(proposals.to_vec()));
            }
            Whole::Fraction(number) => return self.fraction(number),
            Whole::Nothing if self.absent() => return Ok(None),
            Whole::Nothing => return self.worded(),
        };
        if (low..=high).contains(&number) {
            return Ok(Some(Value::Integer(number)));
        }
        let finding = self.out_of_range(&low.to_string(), &high.to_string());
        // A bearing goes round: 360 is north, -90 is west.
        let turn = self.attribute.field == Field::Azimut && (-360..=720).contains(&number);
        let proposals = if turn {
            vec![self.propose(number.rem_euclid(360).to_string())]
        } else {
            Vec::new()
        };
        Err(finding.proposing(proposals))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the angle is between 0 and 360"
    )]
    fn fraction(&self, number: f64) -> Read {
        let finding = self.refuse(Code::ValueNotANumber, |label, quoted| {
            format!("{label}: «{quoted}» non è un numero intero. Scrivetelo senza decimali.")
        });
        let turn = self.attribute.field == Field::Azimut && (0.0..360.0).contains(&number);
        let rounded = (number.round() as i64).rem_euclid(360);
        let proposals = if turn {
            vec![self.propose(rounded.to_string())]
        } else {
            Vec::new()
        };
        Err(finding.proposing(proposals))
    }

    /// Whole numbers that are also written otherwise: bearings by name, days in hours.
    fn worded(&self) -> Read {
        let proposal = match self.attribute.field {
            Field::Azimut => match bearing(self.text) {
                Some(degrees) => return Ok(Some(Value::Integer(degrees))),
                None => None,
            },
            Field::ConservazioneGiorni => days_of_hours(self.text),
            _ => None,
        };
        let proposals = proposal
            .map(|days| self.propose(days.to_string()))
            .into_iter()
            .collect();
        Err(self.no_number("solo cifre").proposing(proposals))
    }

    fn decimal(&self, low: f64, high: f64) -> Read {
        let Some(number) = number::decimal(self.number()) else {
            if self.absent() {
                return Ok(None);
            }
            let proposal =
                (self.attribute.field == Field::RisoluzioneMp).then(|| megapixels(self.text));
            let proposals = proposal
                .flatten()
                .map(|number| self.propose(number))
                .into_iter()
                .collect();
            let finding = self.no_number("solo cifre, con la virgola o il punto per i decimali");
            return Err(finding.proposing(proposals));
        };
        if (low..=high).contains(&number) {
            return Ok(Some(Value::Decimal(number)));
        }
        Err(self.out_of_range(&italian(low), &italian(high)))
    }

    fn out_of_range(&self, low: &str, high: &str) -> Finding {
        self.refuse(Code::ValueRange, |label, quoted| {
            format!(
                "{label}: «{quoted}» è fuori dai limiti, da {low} a {high}. Controllate il numero \
                 e la sua unità di misura."
            )
        })
    }

    fn year(&self, first: i64, today: Date) -> Read {
        let year = match number::whole(self.text, first, 9_999) {
            Whole::Is(year) => year,
            _ if self.absent() => return Ok(None),
            _ => {
                let proposals = match calendar::read(self.text) {
                    Day::Is(date) => vec![self.propose(date.year().to_string())],
                    _ => Vec::new(),
                };
                let finding = self.no_number("l’anno con quattro cifre");
                return Err(finding.proposing(proposals));
            }
        };
        let present = i64::from(today.year());
        if (first..=present).contains(&year) {
            return Ok(Some(Value::Integer(year)));
        }
        if (present..=i64::from(*YEARS.end())).contains(&year) {
            return Err(self.refuse(Code::YearFuture, |label, quoted| {
                format!(
                    "{label}: «{quoted}» è nel futuro. Per un dispositivo non ancora installato \
                     lasciate vuoto l’anno."
                )
            }));
        }
        Err(self.out_of_range(&first.to_string(), &present.to_string()))
    }

    fn date(&self) -> Read {
        let date = match calendar::read(self.text) {
            Day::Is(date) => date,
            Day::Nothing if self.absent() => return Ok(None),
            other => {
                let finding = self.refuse(Code::ValueNotADate, |label, quoted| {
                    format!(
                        "{label}: «{quoted}» non è una data. Scrivetela come 31/12/2024 o \
                         2024-12-31."
                    )
                });
                let proposals = match other {
                    Day::Exchanged(date) => vec![self.propose(date.to_string())],
                    _ => Vec::new(),
                };
                return Err(finding.proposing(proposals));
            }
        };
        if !YEARS.contains(&date.year()) {
            return Err(self.refuse(Code::ValueRange, |label, quoted| {
                format!(
                    "{label}: «{quoted}» è una data impossibile per un dispositivo: gli anni vanno \
                     dal {} al {}.",
                    YEARS.start(),
                    YEARS.end()
                )
            }));
        }
        let canonical = calendar::canonical(self.text).is_some();
        Ok(Some(Value::Text(if canonical {
            self.text.to_owned()
        } else {
            date.to_string()
        })))
    }
}

fn hint(labels: &[String]) -> String {
    match labels {
        [] => " Scegliete un valore dell’elenco.".to_owned(),
        labels => format!(" Forse intendevate {}.", labels.join(" o ")),
    }
}

/// A bound as a sentence has it.
fn italian(number: f64) -> String {
    number.to_string().replace('.', ",")
}

fn joined(terms: &[Term], found: &[bool]) -> String {
    let codes = terms
        .iter()
        .zip(found)
        .filter(|(_, found)| **found)
        .map(|(term, _)| term.code);
    codes.collect::<Vec<_>>().join(",")
}

/// Whether a text already is codes in the list's order, separated by commas; then there is nothing
/// to do. «Non noto», the last of every list, is left to the longer road.
fn canonical_list(text: &str, terms: &[Term]) -> bool {
    let mut rest = terms.iter().filter(|term| term.code != UNKNOWN);
    text.split(',')
        .all(|code| rest.any(|term| term.code == code))
}

/// The units of measure that may follow a field's number.
fn units(field: Field) -> &'static [&'static str] {
    match field {
        Field::PrecisioneM | Field::PortataM | Field::AltezzaM => &["m", "mt", "metri", "metro"],
        Field::RisoluzioneMp => &[
            "mp",
            "mpx",
            "mpix",
            "mpixel",
            "megapixel",
            "mega pixel",
            "m",
        ],
        Field::Azimut | Field::Angolo => &["°", "º", "gradi", "deg"],
        Field::ConservazioneGiorni => &["giorni", "giorno", "gg", "g"],
        Field::Corsie => &["corsie", "corsia"],
        _ => &[],
    }
}

/// Degrees of one of the sixteen winds, in Italian or English, rounded to the whole degree.
fn bearing(text: &str) -> Option<i64> {
    static WINDS: [&str; 16] = [
        "n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "sso", "so", "oso", "o", "ono",
        "no", "nno",
    ];
    if text.len() > 24 {
        return None;
    }
    let mut name = fold(text).replace([' ', '/', '.'], "");
    for (word, letter) in [
        ("ovest", "o"),
        ("west", "o"),
        ("nord", "n"),
        ("north", "n"),
        ("sud", "s"),
        ("south", "s"),
        ("east", "e"),
        ("est", "e"),
        ("w", "o"),
    ] {
        name = name.replace(word, letter);
    }
    let position = WINDS.iter().position(|wind| *wind == name)?;
    i64::try_from((position * 45).div_ceil(2)).ok()
}

/// Whole days that a number of hours makes.
fn days_of_hours(text: &str) -> Option<i64> {
    let hours = number::without_unit(text, &["h", "ore", "hh"]);
    match number::whole(hours, 0, 87_600) {
        Whole::Is(hours) if hours > 0 && hours % 24 == 0 => Some(hours / 24),
        _ => None,
    }
}

/// Megapixels of a resolution written as width by height or by its trade name.
#[expect(clippy::cast_precision_loss, reason = "pixels are few")]
fn megapixels(text: &str) -> Option<String> {
    let folded = fold(text);
    let pixels = match folded.as_str() {
        "4k" | "uhd" | "2160p" => 3840 * 2160,
        "full hd" | "fullhd" | "fhd" | "1080p" => 1920 * 1080,
        "hd" | "720p" => 1280 * 720,
        _ => {
            let (width, height) = folded.split_once(['x', '×', '*'])?;
            let side = |text: &str| {
                text.trim()
                    .parse::<u32>()
                    .ok()
                    .filter(|side| (100..40_000).contains(side))
            };
            u64::from(side(width)?) * u64::from(side(height)?)
        }
    };
    let tenths = (pixels as f64 / 100_000.0).round() / 10.0;
    Some(tenths.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearing_is_read_by_its_name() {
        for (text, degrees) in [
            ("N", 0),
            ("NE", 45),
            ("N.E.", 45),
            ("N/E", 45),
            ("nord-est", 45),
            ("Nord Est", 45),
            ("SUD", 180),
            ("ONO", 293),
            ("south-west", 225),
        ] {
            assert_eq!(bearing(text), Some(degrees), "{text}");
        }
        assert_eq!(bearing("verso il centro"), None);
    }
}
