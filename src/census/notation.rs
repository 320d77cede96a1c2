//! From what people type for a position to two numbers, before anybody asks where they are.
//!
//! Decimal degrees with point or comma, degrees and minutes, labels and hemispheres in Italian and
//! English, pasted map links, metres with thousands separators. Where a text can be cut in two ways
//! every reading is given, the most natural first; nothing is guessed and nothing panics.
//! Enforced by the table of notations and the properties in the tests below.

use percent_encoding::percent_decode_str;

/// Which of the two coordinates a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Latitude or northing.
    North,
    /// Longitude or easting.
    East,
}

/// One coordinate as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Degrees with their decimals, or metres, positive north and east.
    pub value: f64,
    /// Which coordinate the text says it is, if it says so.
    pub axis: Option<Axis>,
    /// Whether it was written in degrees and minutes.
    pub sexagesimal: bool,
    /// What one unit of its last digit is worth, in the unit of `value`.
    pub unit: f64,
    /// The digits of a plain number, without separators and leading zeros; empty for the others.
    pub digits: String,
    /// How many of the digits are decimals; `None` when no decimal separator was typed.
    pub decimals: Option<usize>,
    /// The value if the one separator is taken to group thousands: 514853 for `514.853`.
    pub grouped: Option<f64>,
}

/// Two coordinates as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The latitude or northing.
    pub north: Number,
    /// The longitude or easting.
    pub east: Number,
    /// Whether nothing but the order told which is which: then the first is taken as the north.
    pub free: bool,
    /// Whether it comes from a map link.
    pub link: bool,
}

/// Why a text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Nothing was typed.
    Empty,
    /// One coordinate was not typed.
    Missing(Axis),
    /// There is one number where two are expected.
    OneNumber,
    /// Minutes or seconds are 60 or more.
    Sixty,
    /// A link that carries no coordinates.
    Link,
    /// Anything else.
    Unclear,
}

/// Longer texts than this, in bytes, are no position.
const LONGEST: usize = 4_000;

/// More digits than this are no coordinate that lost its separator.
const MOST_DIGITS: usize = 20;

/// Reads both coordinates from one text. The readings come most natural first; never empty.
pub fn pair(text: &str) -> Result<Vec<Pair>, Unread> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Unread::Empty);
    }
    if text.len() > LONGEST {
        return Err(Unread::Unclear);
    }
    if let Some(found) = well_known_text(text).or_else(|| geojson(text)) {
        return Ok(vec![found]);
    }
    if looks_like_a_link(text) {
        return link(text).map(|found| vec![found]).ok_or(Unread::Link);
    }
    written(text)
}

/// Reads the coordinates from the text for the latitude (or northing) and that for the longitude (or
/// easting). A whole position in one of the two is understood too.
pub fn columns(lat: &str, lon: &str) -> Result<Vec<Pair>, Unread> {
    let (lat, lon) = (lat.trim(), lon.trim());
    match (lat.is_empty(), lon.is_empty()) {
        (true, true) => return Err(Unread::Empty),
        (false, true) => return pair(lat).map_err(|error| alone(error, Axis::East)),
        (true, false) => return pair(lon).map_err(|error| alone(error, Axis::North)),
        (false, false) => {}
    }
    match (one(lat), one(lon)) {
        (Ok(north), Ok(east)) => match (north.axis, east.axis) {
            (Some(Axis::East), Some(Axis::North)) => Ok(vec![fixed(east, north)]),
            (Some(Axis::East), _) | (_, Some(Axis::North)) => Err(Unread::Unclear),
            _ => Ok(vec![fixed(north, east)]),
        },
        // Both columns may repeat the whole position.
        (Err(_), Err(why)) if lat == lon => pair(lat).map_err(|_pair| why),
        // One may hold the whole position and the other its half.
        (Err(why), Ok(half)) => whole_beside(lat, &half).ok_or(why),
        (Ok(half), Err(why)) => whole_beside(lon, &half).ok_or(why),
        (Err(why), Err(_)) => Err(why),
    }
}

/// The readings of a whole position that have this number too.
fn whole_beside(whole: &str, half: &Number) -> Option<Vec<Pair>> {
    let mut readings = pair(whole).ok()?;
    let same = |number: &Number| (number.value - half.value).abs() <= number.unit.max(half.unit);
    readings.retain(|pair| same(&pair.north) || same(&pair.east));
    (!readings.is_empty()).then_some(readings)
}

fn alone(error: Unread, missing: Axis) -> Unread {
    if error == Unread::OneNumber {
        Unread::Missing(missing)
    } else {
        error
    }
}

fn fixed(north: Number, east: Number) -> Pair {
    Pair {
        north,
        east,
        free: false,
        link: false,
    }
}

/// One coordinate from one text.
fn one(text: &str) -> Result<Number, Unread> {
    if text.len() > LONGEST {
        return Err(Unread::Unclear);
    }
    let text = unquoted(text);
    if let Some(number) = scientific(text) {
        return Ok(number);
    }
    let plain = without_apostrophes(text);
    let text = plain.as_deref().unwrap_or(text);
    let read = tokens(text).and_then(|tokens| {
        let mut parts = parts(&tokens);
        match (parts.pop(), parts.is_empty()) {
            (Some(part), true) => part.finish(),
            _ => Err(Unread::Unclear),
        }
    });
    read.or_else(|why| in_groups(text).ok_or(why))
}

/// Groups of digits with anything between them: degrees, minutes and seconds where they fit
/// (`45.27.51,13`, `45/27/51`), else a number whose decimal separator became something else
/// (`45, 4642`, `45°4642`), as if it were lost.
fn in_groups(text: &str) -> Option<Number> {
    let text = text.trim();
    let bare = text.trim_start_matches('-');
    if bare.chars().any(char::is_alphabetic) || !bare.starts_with(|one: char| one.is_ascii_digit())
    {
        return None;
    }
    let groups: Vec<&str> = bare
        .split(|one: char| !one.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    let number = match groups.as_slice() {
        [degrees, minutes, seconds, rest @ ..]
            if rest.len() <= 1 && minutes.len() <= 2 && seconds.len() <= 2 =>
        {
            let fraction = rest.first().copied().unwrap_or("0");
            let seconds = if rest.is_empty() {
                (*seconds).to_owned()
            } else {
                format!("{seconds}.{fraction}")
            };
            let runs = [(*degrees).to_owned(), (*minutes).to_owned(), seconds];
            sexagesimal(&runs.map(|run| (run, None))).ok()?
        }
        [whole, decimals] if whole.len() <= 3 && decimals.len() >= 4 => {
            Number::from_run(&groups.concat())?
        }
        _ => return None,
    };
    Some(number.negated_if(text.starts_with('-')))
}

/// A text without the quotation marks around it.
fn unquoted(text: &str) -> &str {
    ['"', '\'', '“', '«']
        .into_iter()
        .zip(['"', '\'', '”', '»'])
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
        .unwrap_or(text)
        .trim()
}

/// Thousands set apart by apostrophes, `1'514'881,49`, without them.
fn without_apostrophes(text: &str) -> Option<String> {
    let plain = text.replace('’', "'");
    let whole = plain.split(['.', ',']).next()?;
    let mut groups = whole.trim_start_matches(['-', '+']).split('\'');
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next()?;
    let rest: Vec<_> = groups.collect();
    let thousands = (1..=3).contains(&first.len())
        && digits(first)
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && digits(group));
    thousands.then(|| plain.replace('\'', ""))
}

/// A number as a spreadsheet abbreviates it: `4,54642E+01`.
fn scientific(text: &str) -> Option<Number> {
    let plain = text.replace(',', ".");
    let (mantissa, exponent) = plain.split_once(['e', 'E'])?;
    let digits = mantissa.trim_start_matches(['-', '+']);
    let numeric = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_digit())
            && part
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == '.')
    };
    if !numeric(digits) || !numeric(exponent.trim_start_matches(['-', '+'])) {
        return None;
    }
    let decimals = digits.split_once('.').map_or(0, |(_, after)| after.len());
    let power = exponent.parse::<i32>().ok()?;
    let power = power.saturating_sub(i32::try_from(decimals).ok()?);
    Some(Number {
        unit: 10_f64.powi(power),
        ..Number::plain(plain.parse().ok()?)
    })
}

impl Number {
    fn plain(value: f64) -> Self {
        Self {
            value,
            axis: None,
            sexagesimal: false,
            unit: 1.0,
            digits: String::new(),
            decimals: None,
            grouped: None,
        }
    }

    /// A number from a run of digits, points and commas, if it can be one.
    fn from_run(run: &str) -> Option<Self> {
        let (whole, fraction) = run.split_at_checked(decimal_separator(run)?)?;
        let separated = !fraction.is_empty();
        let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
        let fraction = fraction.trim_start_matches(['.', ',']);
        let value = format!("{whole}.{fraction}0").parse().ok()?;
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let thousands = separated
            && fraction.len() == 3
            && (1..=3).contains(&whole.len())
            && !whole.starts_with('0');
        Some(Self {
            unit: 10_f64.powi(-i32::try_from(fraction.len()).ok()?),
            digits: if digits.len() <= MOST_DIGITS {
                digits.to_owned()
            } else {
                String::new()
            },
            decimals: separated.then_some(fraction.len()),
            grouped: if thousands { all.parse().ok() } else { None },
            ..Self::plain(value)
        })
    }

    fn negated_if(mut self, negative: bool) -> Self {
        if negative {
            self.value = -self.value;
            self.grouped = self.grouped.map(|value| -value);
        }
        self
    }
}

/// Where the decimal separator of a run is, in characters; past its end when it has none. `None`
/// when the run is no number.
fn decimal_separator(run: &str) -> Option<usize> {
    let marks: Vec<(usize, char)> = run
        .char_indices()
        .filter(|(_, letter)| !letter.is_ascii_digit())
        .collect();
    let (last_at, last) = match marks.as_slice() {
        [] => return Some(run.len()),
        [(at, _)] => return Some(*at),
        [.., last] => *last,
    };
    let first = marks.first()?.1;
    let inner_alike = marks.iter().rev().skip(1).all(|(_, mark)| *mark == first);
    let cut = if first == last { run.len() } else { last_at };
    (inner_alike && grouped(run.get(..cut)?, first)).then_some(cut)
}

/// Whether a separator cuts the digits into thousands.
fn grouped(run: &str, separator: char) -> bool {
    let mut groups = run.split(separator);
    groups
        .next()
        .is_some_and(|first| (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3)
}

/// The ways to cut one run into two numbers at a comma, those with decimal points first.
fn cut_in_two(run: &str) -> Vec<(Number, Number)> {
    // Longitude, latitude and height, as in KML.
    if let [first, second, _height] = run.split(',').collect::<Vec<_>>().as_slice()
        && first.contains('.')
        && second.contains('.')
    {
        return Number::from_run(first)
            .zip(Number::from_run(second))
            .into_iter()
            .collect();
    }
    let mut found: Vec<_> = run
        .match_indices(',')
        .filter_map(|(at, _)| {
            let (left, right) = (run.get(..at)?, run.get(at + 1..)?);
            if left.is_empty() || right.is_empty() {
                return None;
            }
            Some((Number::from_run(left)?, Number::from_run(right)?))
        })
        .collect();
    found.sort_by_key(|(a, b)| (a.decimals.is_none(), b.decimals.is_none()));
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Degrees,
    Minutes,
    Seconds,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A run of digits, points and commas, and the sign before it.
    Run { run: String, negative: bool },
    /// °, ′ or ″.
    Mark(Mark),
    /// A hemisphere or a label, and whether it turns the number negative.
    Name {
        axis: Axis,
        negative: bool,
        hemisphere: bool,
    },
    /// What separates two coordinates.
    Break,
}

/// The many characters for degrees, minutes, seconds, minus and blank, each as one.
fn simplified(text: &str) -> Vec<char> {
    let mut simple: Vec<char> = Vec::with_capacity(text.len());
    for letter in text.chars() {
        let letter = match letter {
            '′' | '’' | '‘' | 'ʹ' | '´' | '`' | 'ʼ' | '‛' | '＇' => '\'',
            '″' | '”' | '“' | 'ʺ' | '„' | '‟' | '＂' | '〃' => '"',
            // U+FFFD is a degree sign that an encoding destroyed.
            'º' | '˚' | '∘' | '⁰' | 'ᵒ' | '*' | '^' | '\u{fffd}' => '°',
            '−' | '–' | '—' | '‐' | '‑' | '﹣' | '－' => '-',
            '，' => ',',
            '．' => '.',
            '；' => ';',
            '０'..='９' => {
                char::from_digit(u32::from(letter) - u32::from('０'), 10).unwrap_or(letter)
            }
            // Marks of direction and width, and the half of a degree sign read as Windows-1252.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | 'Â' => {
                continue;
            }
            blank if blank.is_whitespace() && blank != '\t' => ' ',
            other => other.to_ascii_uppercase(),
        };
        if letter == '\'' && simple.last() == Some(&'\'') {
            simple.pop();
            simple.push('"');
        } else {
            simple.push(letter);
        }
    }
    simple
}

/// Whether degrees are written with their letter, as in `45d 27m 51s`.
fn units_are_letters(simple: &[char]) -> bool {
    let tight: Vec<char> = simple.iter().copied().filter(|one| *one != ' ').collect();
    tight.windows(3).any(|three| {
        matches!(three, [before, 'D' | 'G', after] if before.is_ascii_digit() && !after.is_alphabetic())
    })
}

fn tokens(text: &str) -> Result<Vec<Token>, Unread> {
    let simple = simplified(text);
    let lettered = units_are_letters(&simple);
    let mut tokens = Vec::new();
    let mut letters = simple.iter().copied().enumerate().peekable();
    let at = |index: usize| simple.get(index).copied();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '0'..='9' => {
                let mut run = String::from(letter);
                while let Some((next, more)) = letters.peek().copied() {
                    let separates = matches!(more, '.' | ',')
                        && at(next + 1).is_some_and(|after| after.is_ascii_digit());
                    if !more.is_ascii_digit() && !separates {
                        break;
                    }
                    run.push(more);
                    letters.next();
                }
                let before = index.checked_sub(1).and_then(at);
                let earlier = index.checked_sub(2).and_then(at);
                let negative = before == Some('-')
                    && !earlier
                        .is_some_and(|letter| letter.is_ascii_digit() || "°'\"".contains(letter));
                tokens.push(Token::Run { run, negative });
            }
            '°' => tokens.push(Token::Mark(Mark::Degrees)),
            '\'' => tokens.push(Token::Mark(Mark::Minutes)),
            '"' => tokens.push(Token::Mark(Mark::Seconds)),
            ',' | ';' | '|' | '/' | '\t' | '~' | '&' => tokens.push(Token::Break),
            '-' | '+' | ' ' | ':' | '=' | '(' | ')' | '[' | ']' | '{' | '}' | '_' => {}
            '.' if !at(index + 1).is_some_and(|after| after.is_ascii_digit()) => {}
            letter if letter.is_alphabetic() => {
                let mut word = String::from(letter);
                while let Some((_, more)) = letters.peek().copied() {
                    if !more.is_alphabetic() {
                        break;
                    }
                    word.push(more);
                    letters.next();
                }
                if let Some(skip) = aside(&word, simple.get(index + word.chars().count()..)) {
                    for _ in 0..skip {
                        letters.next();
                    }
                } else {
                    name(&word, lettered, &mut tokens)?;
                }
            }
            _ => return Err(Unread::Unclear),
        }
    }
    Ok(tokens)
}

/// How many characters after a word that names a reference system belong to it: the `84` of WGS84,
/// the `32N` of UTM. The system itself is found by looking where the numbers fall.
fn aside(word: &str, rest: Option<&[char]>) -> Option<usize> {
    let sizes = match word {
        "WGS" | "UTM" | "FUSO" | "ZONA" | "ZONE" => 1..=2,
        "EPSG" | "SRID" => 4..=5,
        _ => return None,
    };
    let rest = rest.unwrap_or_default();
    let blanks = rest
        .iter()
        .take_while(|letter| matches!(letter, ' ' | ':' | '='))
        .count();
    let mut after = rest.iter().skip(blanks);
    let digits = after
        .clone()
        .take_while(|letter| letter.is_ascii_digit())
        .count();
    if !sizes.contains(&digits) {
        return Some(0);
    }
    let letter = after.nth(digits).is_some_and(char::is_ascii_alphabetic);
    Some(blanks + digits + usize::from(letter))
}

/// What a word among the numbers means; with `lettered` units an S is seconds, not south.
fn name(word: &str, lettered: bool, tokens: &mut Vec<Token>) -> Result<(), Unread> {
    let hemisphere = |axis, negative| Token::Name {
        axis,
        negative,
        hemisphere: true,
    };
    let label = |axis| Token::Name {
        axis,
        negative: false,
        hemisphere: false,
    };
    let after_minutes = matches!(
        tokens.as_slice(),
        [.., Token::Mark(Mark::Minutes), Token::Run { .. }]
    );
    let after_degrees = matches!(
        tokens.as_slice(),
        [.., Token::Mark(Mark::Degrees), Token::Run { .. }]
    );
    tokens.push(match word {
        "D" | "G" | "DEG" | "GRADI" => Token::Mark(Mark::Degrees),
        "M" | "MIN" | "PRIMI" | "MINUTI" if after_degrees => Token::Mark(Mark::Minutes),
        "SEC" | "SECONDI" | "SS" if after_minutes => Token::Mark(Mark::Seconds),
        "N" | "NORD" | "NORTH" => hemisphere(Axis::North, false),
        "S" if after_minutes && lettered => Token::Mark(Mark::Seconds),
        "S" | "SUD" | "SOUTH" => hemisphere(Axis::North, true),
        "E" | "EST" | "EAST" => hemisphere(Axis::East, false),
        "O" | "W" | "OVEST" | "WEST" => hemisphere(Axis::East, true),
        "LAT" | "LATITUDE" | "LATITUDINE" | "Y" | "NORTHING" => label(Axis::North),
        "LON" | "LONG" | "LNG" | "LONGITUDE" | "LONGITUDINE" | "X" | "EASTING" => label(Axis::East),
        "M" | "MT" | "METRI" | "GPS" | "COORDINATE" | "COORD" | "POS" | "POSIZIONE" => {
            return Ok(());
        }
        _ => return Err(Unread::Unclear),
    });
    Ok(())
}

/// One coordinate in the making: its runs, each with the mark after it, and what names it.
#[derive(Debug, Default, Clone)]
struct Part {
    axis: Option<Axis>,
    /// The text names one coordinate twice, differently.
    torn: bool,
    west_or_south: bool,
    negative: bool,
    runs: Vec<(String, Option<Mark>)>,
}

impl Part {
    fn named(&mut self, axis: Axis, negative: bool) {
        self.torn |= self.axis.is_some_and(|known| known != axis);
        self.axis = Some(axis);
        self.west_or_south |= negative;
    }

    fn bare(&self) -> bool {
        self.axis.is_none() && self.runs.iter().all(|(_, mark)| mark.is_none())
    }

    fn finish(self) -> Result<Number, Unread> {
        if self.torn {
            return Err(Unread::Unclear);
        }
        let number = match self.runs.as_slice() {
            [(run, None | Some(Mark::Degrees))] => match Number::from_run(run) {
                Some(number) => number,
                None => dotted(run)?,
            },
            runs => sexagesimal(runs).or_else(|why| spaced(runs).ok_or(why))?,
        };
        // «-9 W» is 9 degrees west, not east.
        let negative = self.negative || self.west_or_south;
        Ok(Number {
            axis: self.axis,
            ..number.negated_if(negative)
        })
    }
}

/// Groups tokens into coordinates.
fn parts(tokens: &[Token]) -> Vec<Part> {
    let first_run = tokens
        .iter()
        .position(|token| matches!(token, Token::Run { .. }));
    let leads = |hemispheres: bool| {
        let first = tokens.iter().position(
            |token| matches!(token, Token::Name { hemisphere, .. } if *hemisphere == hemispheres),
        );
        first < first_run
    };
    let (hemispheres_lead, labels_lead) = (leads(true), leads(false));
    let mut done: Vec<Part> = Vec::new();
    let mut current = Part::default();
    let push = |current: &mut Part, done: &mut Vec<Part>| {
        if !current.runs.is_empty() {
            done.push(std::mem::take(current));
        }
    };
    for token in tokens {
        match token {
            Token::Break => push(&mut current, &mut done),
            Token::Name {
                axis,
                negative,
                hemisphere,
            } => {
                if if *hemisphere {
                    hemispheres_lead
                } else {
                    labels_lead
                } {
                    push(&mut current, &mut done);
                    current.named(*axis, *negative);
                } else if current.runs.is_empty() {
                    // «45,46; N»: the name comes after the separator.
                    if let Some(last) = done.last_mut() {
                        last.named(*axis, *negative);
                    }
                } else {
                    current.named(*axis, *negative);
                    push(&mut current, &mut done);
                }
            }
            Token::Run { run, negative } => {
                if *negative {
                    push(&mut current, &mut done);
                    current.negative = true;
                }
                current.runs.push((run.clone(), None));
            }
            Token::Mark(mark) => mark_last(&mut current, &mut done, *mark),
        }
    }
    push(&mut current, &mut done);
    done
}

/// Puts a mark on the last run, if it has none; a second run with degrees begins another coordinate.
fn mark_last(current: &mut Part, done: &mut Vec<Part>, mark: Mark) {
    let begins = mark == Mark::Degrees && current.runs.len() > 1;
    match current.runs.pop_if(|(_, known)| known.is_none()) {
        Some((run, _)) if begins => {
            let next = Part {
                runs: vec![(run, Some(mark))],
                ..Part::default()
            };
            done.push(std::mem::replace(current, next));
        }
        Some((run, _)) => current.runs.push((run, Some(mark))),
        None => {}
    }
}

/// Degrees, minutes and perhaps seconds; a run without a mark is what comes next.
fn sexagesimal(runs: &[(String, Option<Mark>)]) -> Result<Number, Unread> {
    let mut value = 0.0;
    let mut unit = 1.0;
    for (index, (run, mark)) in runs.iter().enumerate() {
        let (expected, size) = match index {
            0 => (Mark::Degrees, 1.0),
            1 => (Mark::Minutes, 60.0),
            2 => (Mark::Seconds, 3600.0),
            _ => return Err(Unread::Unclear),
        };
        let number = Number::from_run(run).ok_or(Unread::Unclear)?;
        let last = index + 1 == runs.len();
        if mark.is_some_and(|mark| mark != expected) || (!last && number.decimals.is_some()) {
            return Err(Unread::Unclear);
        }
        let whole = run.split(['.', ',']).next().unwrap_or_default();
        if index > 0 && (number.value >= 60.0 || whole.len() > 2) {
            return Err(Unread::Sixty);
        }
        value += number.value / size;
        unit = number.unit / size;
    }
    Ok(Number {
        sexagesimal: true,
        unit,
        ..Number::plain(value)
    })
}

/// Degrees, minutes and seconds between points: `45.27.51`.
fn dotted(run: &str) -> Result<Number, Unread> {
    let groups: Vec<_> = run
        .split('.')
        .map(|group| (group.to_owned(), None))
        .collect();
    if groups.len() == 3 && groups.iter().skip(1).all(|(group, _)| group.len() <= 2) {
        sexagesimal(&groups)
    } else {
        Err(Unread::Unclear)
    }
}

/// One number whose thousands are set apart by blanks: `5 034 536,797`.
fn spaced(runs: &[(String, Option<Mark>)]) -> Option<Number> {
    let thousands = runs.iter().skip(1).all(|(run, mark)| {
        mark.is_none()
            && run
                .split([',', '.'])
                .next()
                .is_some_and(|whole| whole.len() == 3)
    });
    let whole_before = runs
        .iter()
        .rev()
        .skip(1)
        .all(|(run, _)| run.bytes().all(|byte| byte.is_ascii_digit()));
    let first = runs.first()?;
    if runs.len() < 2 || !thousands || !whole_before || first.1.is_some() || first.0.len() > 3 {
        return None;
    }
    Number::from_run(&runs.iter().map(|(run, _)| run.as_str()).collect::<String>())
}

/// A text without the zone and band of UTM before it: `32T 514853 5034537`.
fn without_zone(text: &str) -> &str {
    text.split_once([' ', '\t', ',', ';'])
        .filter(|(zone, _)| {
            let zone = zone.as_bytes();
            matches!(zone, [b'0'..=b'6', b'0'..=b'9', b'T' | b't'])
        })
        .map_or(text, |(_, rest)| rest)
}

/// Reads both coordinates from a text that is neither a link nor WKT.
fn written(text: &str) -> Result<Vec<Pair>, Unread> {
    let parts = parts(&tokens(without_zone(text))?);
    if parts.len() != 2 && parts.iter().all(Part::bare) {
        return listed(&parts);
    }
    let Ok([mut first, second]) = <[Part; 2]>::try_from(parts) else {
        return Err(Unread::Unclear);
    };
    if first.axis == Some(Axis::East) && second.axis.is_none() && text.contains(" e ") {
        // «45,46 e 9,19»: the conjunction, not the east.
        first.axis = None;
    }
    Ok(vec![ordered(first.finish()?, second.finish()?)?])
}

/// Two numbers in the order their names give, else north first.
fn ordered(first: Number, second: Number) -> Result<Pair, Unread> {
    match (first.axis, second.axis) {
        (None, None) => Ok(Pair {
            free: true,
            ..fixed(first, second)
        }),
        (Some(Axis::North), None | Some(Axis::East)) | (None, Some(Axis::East)) => {
            Ok(fixed(first, second))
        }
        (Some(Axis::East), None | Some(Axis::North)) | (None, Some(Axis::North)) => {
            Ok(fixed(second, first))
        }
        _ => Err(Unread::Unclear),
    }
}

/// Numbers without any mark or name: 2 decimal, 4 with minutes, 6 with seconds.
fn listed(parts: &[Part]) -> Result<Vec<Pair>, Unread> {
    let runs: Vec<_> = parts
        .iter()
        .flat_map(|part| part.runs.iter().cloned())
        .collect();
    let negative: Vec<bool> = parts
        .iter()
        .flat_map(|part| (0..part.runs.len()).map(move |index| part.negative && index == 0))
        .collect();
    let half = runs.len() / 2;
    let number = |from: usize, to: usize| {
        let part = Part {
            runs: runs.get(from..to).unwrap_or_default().to_vec(),
            negative: negative.get(from) == Some(&true),
            ..Part::default()
        };
        part.finish()
    };
    match runs.as_slice() {
        [] => Err(Unread::Unclear),
        [(run, _)] => {
            let sign = negative.first() == Some(&true);
            let found: Vec<_> = cut_in_two(run)
                .into_iter()
                .map(|(a, b)| Pair {
                    free: true,
                    ..fixed(a.negated_if(sign), b)
                })
                .collect();
            if found.is_empty() {
                Err(Unread::OneNumber)
            } else {
                Ok(found)
            }
        }
        _ => {
            // Blanks may also group thousands: every cut in two that reads is a candidate.
            let even = runs.len().is_multiple_of(2).then_some(half);
            let cuts = even
                .into_iter()
                .chain((1..runs.len()).filter(|cut| Some(*cut) != even));
            let mut why = Unread::Unclear;
            let mut found = Vec::new();
            for cut in cuts.take(8) {
                match (number(0, cut), number(cut, runs.len())) {
                    (Ok(a), Ok(b)) if Some(cut) == even || (!a.sexagesimal && !b.sexagesimal) => {
                        found.push(Pair {
                            free: true,
                            ..fixed(a, b)
                        });
                    }
                    (Err(Unread::Sixty), _) | (_, Err(Unread::Sixty)) => why = Unread::Sixty,
                    _ => {}
                }
            }
            if found.is_empty() {
                Err(why)
            } else {
                Ok(found)
            }
        }
    }
}

/// `POINT(9.19 45.4642)`, with or without a reference system and a height: easting first.
fn well_known_text(text: &str) -> Option<Pair> {
    let upper = text.to_ascii_uppercase();
    let (before, after) = upper.split_once("POINT")?;
    let (kind, inner) = after.split_once('(')?;
    let known = before.is_empty() || before.starts_with("SRID=");
    if !known || !matches!(kind.trim(), "" | "Z" | "M" | "ZM") {
        return None;
    }
    let mut numbers = inner.split_once(')')?.0.split_whitespace().map(strict);
    let (east, north) = (numbers.next()??, numbers.next()??);
    Some(fixed(north, east))
}

/// `{"type":"Point","coordinates":[9.19,45.4642]}`: easting first.
fn geojson(text: &str) -> Option<Pair> {
    let (_, after) = text.split_once("\"coordinates\"")?;
    let (inner, _) = after.split_once('[')?.1.split_once(']')?;
    let mut numbers = inner.split(',').map(strict);
    let (east, north) = (numbers.next()??, numbers.next()??);
    Some(fixed(north, east))
}

/// A number with a decimal point, as machines write it.
fn strict(text: &str) -> Option<Number> {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .chars()
            .all(|letter| letter.is_ascii_digit() || letter == '.');
    if !plain || digits.matches('.').count() > 1 {
        return None;
    }
    Some(Number::from_run(digits.trim_end_matches('.'))?.negated_if(text.trim().starts_with('-')))
}

fn looks_like_a_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("://")
        || [
            "geo:",
            "www.",
            "maps.",
            "goo.gl",
            "google.",
            "osm.org",
            "openstreetmap.",
            "#map=",
        ]
        .iter()
        .any(|start| lower.starts_with(start))
        || lower
            .strip_prefix('@')
            .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit() || next == '-'))
        || lower.contains("/@")
}

/// The parameters of map links that hold a position, the most precise first.
const PLACES: &[&str] = &[
    "query",
    "q",
    "ll",
    "latlng",
    "destination",
    "daddr",
    "coordinate",
    "loc",
    "cp",
    "center",
    "viewpoint",
    "sll",
    "map",
];

/// The position in a map link: the pin where there is one, else the centre of the map.
fn link(text: &str) -> Option<Pair> {
    let decoded = percent_decode_str(text)
        .decode_utf8_lossy()
        .replace('+', " ");
    let lower = decoded.to_ascii_lowercase();
    let parameter = |name: &str| {
        lower
            .split(['?', '&', '#', ';'])
            .find_map(|piece| piece.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    let named = |lat: &str, lon: &str| Some((strict(parameter(lat)?)?, strict(parameter(lon)?)?));
    let pin = || {
        let (_, after) = lower.rsplit_once("!3d")?;
        let (lat, rest) = after.split_once("!4d")?;
        Some((strict(lat)?, leading(rest)?))
    };
    let found = pin()
        .or_else(|| named("mlat", "mlon"))
        .or_else(|| PLACES.iter().find_map(|name| two(parameter(name)?)))
        .or_else(|| lower.split(['/', '?']).find_map(two))
        .or_else(|| two(lower.split_once('@')?.1))
        .or_else(|| two(lower.strip_prefix("geo:")?))
        .or_else(|| hash(&lower))
        .or_else(|| named("lat", "lon"))
        .or_else(|| named("lat", "lng"));
    let (north, east) = found?;
    Some(Pair {
        link: true,
        ..fixed(north, east)
    })
}

/// `17/45.4642/9.19` after the `#` of a link.
fn hash(link: &str) -> Option<(Number, Number)> {
    let (_, after) = link.rsplit_once('#')?;
    let after = after.strip_prefix("map=").unwrap_or(after);
    let mut pieces = after.split('/').skip(1);
    Some((strict(pieces.next()?)?, leading(pieces.next()?)?))
}

/// Latitude and longitude at the beginning of a piece of a link, in decimals or in degrees and
/// minutes.
fn two(piece: &str) -> Option<(Number, Number)> {
    let piece = piece.strip_prefix("loc:").unwrap_or(piece).trim();
    if piece.contains('°') {
        let pair = written(piece).ok()?.into_iter().next()?;
        return Some((pair.north, pair.east));
    }
    let (lat, rest) = piece.split_once([',', '~'])?;
    let (lat, lon) = (strict(lat)?, leading(rest.trim_start())?);
    // House numbers and zoom levels have no decimals.
    (lat.decimals.is_some() || lon.decimals.is_some()).then_some((lat, lon))
}

/// The number a text begins with.
fn leading(text: &str) -> Option<Number> {
    let end = text
        .char_indices()
        .find(|(at, letter)| {
            !(letter.is_ascii_digit() || *letter == '.' || (*at == 0 && *letter == '-'))
        })
        .map_or(text.len(), |(at, _)| at);
    strict(text.get(..end)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(f64, f64)> {
        pair(text)
            .unwrap_or_else(|why| panic!("{text}: {why:?}"))
            .into_iter()
            .map(|pair| (pair.north.value, pair.east.value))
            .collect()
    }

    #[track_caller]
    fn is(text: &str, north: f64, east: f64) {
        let (n, e) = read(text)[0];
        let near = |a: f64, b: f64| (a - b).abs() < 1e-4 * b.abs().clamp(1.0, 100.0);
        assert!(near(n, north) && near(e, east), "{text}: {n} {e}");
    }

    #[test]
    fn decimal_degrees_are_read_with_point_and_with_comma() {
        for text in [
            "45,4642 9,19",
            "45.4642, 9.19",
            "45,4642; 9,19",
            "45,4642, 9,19",
            "45,4642,9,19",
            "45.4642,9.19",
            "(45.4642, 9.19)",
            "[45.4642 9.19]",
            "45.4642\t9.19",
            "45,4642/9,19",
            "45.4642 / 9.19",
            "45,4642 - 9,19",
            "45,4642 e 9,19",
            "+45.4642 +9.19",
            "45.4642°, 9.19°",
            "45.4642° N, 9.19° E",
            "45.4642N 9.19E",
            "N45.4642 E9.19",
            "E 9,19 N 45,4642",
            "lat 45.4642 lon 9.19",
            "Lat: 45,4642 Long: 9,19",
            "latitudine=45,4642; longitudine=9,19",
            "x=9.19 y=45.4642",
            "POINT(9.19 45.4642)",
            "{\"type\":\"Point\",\"coordinates\":[9.19,45.4642]}",
            "lat=45.4642&lon=9.19",
            "SRID=4326;POINT Z (9.19 45.4642 120)",
            "\u{200e}45.4642,\u{a0}9.19",
            "４５.４６４２ ９.１９",
            "WGS84 45.4642 9.19",
        ] {
            is(text, 45.4642, 9.19);
        }
        is("-45.4642 -9.19", -45.4642, -9.19);
        is("45.4642 -9.19", 45.4642, -9.19);
        is("45.4642 S 9.19 O", -45.4642, -9.19);
        is("45.4642 N 9.19 W", 45.4642, -9.19);
        is("9.19,45.4642,120", 9.19, 45.4642);
    }

    #[test]
    fn degrees_and_minutes_are_read_in_all_usual_forms() {
        for text in [
            "45°27'51\"N 9°11'24\"E",
            "45°27'51\" 9°11'24\"",
            "N 45°27'51\" E 9°11'24\"",
            "N45°27'51\", E9°11'24\"",
            "45° 27' 51\" N, 9° 11' 24\" E",
            "45° 27′ 51″ N 9° 11′ 24″ E",
            "45°27’51” N 9°11’24” E",
            "45º27''51 9º11''24",
            "45°27'51'' Nord 9°11'24'' Est",
            "45 27 51 N 9 11 24 E",
            "N 45 27 51 E 9 11 24",
            "45 27 51 9 11 24",
            "45:27:51 9:11:24",
            "45.27.51 9.11.24",
            "45°27.85'N 9°11.4'E",
            "45° 27,85' N  9° 11,4' E",
            "45 27.85 N 9 11.4 E",
            "45 27.85 9 11.4",
            "Lat. 45°27'51\" N Long. 9°11'24\" E",
            "E 9°11'24\" N 45°27'51\"",
            "45\u{fffd}27'51\" 9\u{fffd}11'24\"",
            "45Â°27'51\"N 9Â°11'24\"E",
            "45d 27m 51s N 9d 11m 24s E",
            "45d27m51s 9d11m24s",
            "45 gradi 27 primi 51 secondi nord 9 gradi 11 primi 24 secondi est",
        ] {
            if text.contains("''51") {
                assert_eq!(
                    pair(text),
                    Err(Unread::Unclear),
                    "seconds where minutes belong"
                );
            } else {
                is(text, 45.464_167, 9.19);
            }
        }
        is("45° 27' 51,2'' N 9° 11' 24,5'' E", 45.464_222, 9.190_139);
        is("45°27'51\"S 9°11'24\"O", -45.464_167, -9.19);
    }

    #[test]
    fn pasted_map_links_are_read() {
        for text in [
            "https://www.google.com/maps/@45.4642,9.19,17z",
            "https://www.google.it/maps/place/Duomo/@45.1,9.0,17z/data=!3m1!4b1!4m5!3m4!1s0x0:0x0!8m2!3d45.4642!4d9.19",
            "https://maps.google.com/?q=45.4642,9.19",
            "https://www.google.com/maps/search/?api=1&query=45.4642%2C9.19",
            "https://www.google.com/maps/place/45%C2%B027'51.0%22N+9%C2%B011'24.0%22E/",
            "https://www.google.com/maps/search/45.4642,+9.19?entry=tts",
            "https://www.openstreetmap.org/#map=17/45.4642/9.19",
            "https://www.openstreetmap.org/?mlat=45.4642&mlon=9.19#map=12/45.1/9.0",
            "https://www.bing.com/maps?cp=45.4642~9.19&lvl=16",
            "https://maps.apple.com/?ll=45.4642,9.19&q=Duomo",
            "https://www.waze.com/ul?ll=45.4642%2C9.19&navigate=yes",
            "geo:45.4642,9.19",
            "geo:45.4642,9.19;u=35",
            "geo:0,0?q=45.4642,9.19(Duomo)",
            "@45.4642,9.19,17z",
            "http://example.org/?lat=45.4642&lon=9.19",
        ] {
            is(text, 45.4642, 9.19);
            assert!(pair(text).unwrap()[0].link, "{text}");
        }
        assert_eq!(pair("https://maps.app.goo.gl/AbCdEf123"), Err(Unread::Link));
    }

    #[test]
    fn metres_are_read_with_thousands_separators_and_labels() {
        for text in [
            "5.034.556,81 1.514.881,49",
            "5034556.81; 1514881.49",
            "5,034,556.81 1,514,881.49",
            "5 034 556,81; 1 514 881,49",
            "5 034 556,81 1 514 881,49",
            "N 5034556,81 E 1514881,49",
            "Est: 1514881,49 Nord: 5034556,81",
            "E=1.514.881,49 m N=5.034.556,81 m",
            "UTM 32N 5034556,81 1514881,49",
            "32T 5034556.81 1514881.49",
        ] {
            let near = read(text)
                .iter()
                .any(|(n, e)| (n - 5_034_556.81).abs() < 0.01 && (e - 1_514_881.49).abs() < 0.01);
            assert!(near, "{text}: {:?}", read(text));
        }
        let swiss = columns("5'034'537.20", "1’514’881").unwrap();
        assert_eq!(
            (swiss[0].north.value, swiss[0].east.value),
            (5_034_537.2, 1_514_881.0)
        );
        let reading = columns("5.034.537", "514.853").unwrap();
        assert_eq!(
            (reading[0].north.value, reading[0].east.grouped),
            (5_034_537.0, Some(514_853.0))
        );
    }

    #[test]
    fn columns_hold_one_coordinate_each_or_the_whole_in_one() {
        for (lat, lon) in [
            ("45,4642", "9,19"),
            ("45.4642", "9.19"),
            (" 45.4642° ", "9.19°"),
            ("'45.4642", "\"9.19\""),
            ("«45,4642»", "45,4642 9,19"),
            ("45.4642; 9.19", "9,19"),
            ("45.4642N", "9.19E"),
            ("9.19E", "45.4642N"),
            ("4.54642E+01", "9,19E+00"),
            ("45.4642, 9.19", ""),
            ("", "45,4642 9,19"),
            ("(45.4642, 9.19)", "(45.4642, 9.19)"),
        ] {
            let reading = columns(lat, lon).unwrap_or_else(|why| panic!("{lat} {lon}: {why:?}"));
            let (n, e) = (reading[0].north.value, reading[0].east.value);
            assert!(
                (n - 45.4642).abs() < 1e-9 && (e - 9.19).abs() < 1e-9,
                "{lat} {lon}: {n} {e}"
            );
        }
        for text in [
            "45.27.51,0",
            "45,27,51.0",
            "45/27/51",
            "45;27;51",
            "45*27'51",
            "45^27'51.0\"",
        ] {
            let reading = columns(text, "9g11m24s").unwrap_or_else(|why| panic!("{text}: {why:?}"));
            let (n, e) = (reading[0].north.value, reading[0].east.value);
            assert!(
                (n - 45.464_167).abs() < 1e-5 && (e - 9.19).abs() < 1e-5,
                "{text}: {n} {e}"
            );
        }
        for text in [
            "45, 464204",
            "45 464204",
            "45;464204",
            "45°.464204",
            "45'464204",
            "45:464204",
        ] {
            let reading = columns(text, "9.19").unwrap_or_else(|why| panic!("{text}: {why:?}"));
            assert_eq!(reading[0].north.digits, "45464204", "{text}");
        }
        assert_eq!(columns("", ""), Err(Unread::Empty));
        assert_eq!(columns("45.46", " "), Err(Unread::Missing(Axis::East)));
        assert_eq!(columns("", "9.19"), Err(Unread::Missing(Axis::North)));
        assert_eq!(columns("n.d.", "9.19"), Err(Unread::Unclear));
        assert_eq!(columns("45°75'00\"", "9.19"), Err(Unread::Sixty));
        assert_eq!(columns("45N", "9N"), Err(Unread::Unclear));
    }

    #[test]
    fn what_was_typed_is_remembered() {
        let reading = &columns("45620644", "9,20").unwrap()[0];
        assert_eq!(
            (reading.north.digits.as_str(), reading.north.decimals),
            ("45620644", None)
        );
        assert_eq!(
            (reading.east.digits.as_str(), reading.east.decimals),
            ("920", Some(2))
        );
        let seconds = &pair("45°27'51,2\" 9°11'24\"").unwrap()[0];
        assert!(seconds.north.sexagesimal && seconds.north.digits.is_empty());
        assert!((seconds.north.unit - 0.1 / 3600.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_position_says_why() {
        assert_eq!(pair("   "), Err(Unread::Empty));
        assert_eq!(pair("45"), Err(Unread::OneNumber));
        for text in [
            "via Roma 3",
            "boh",
            "45 45 45 45 45",
            "45.46 pippo",
            "NaN inf",
            "☃",
        ] {
            assert!(pair(text).is_err(), "{text}");
        }
        assert_eq!(pair(&"4".repeat(5_000)), Err(Unread::Unclear));
        assert!(
            columns(&"9".repeat(400), "9").unwrap()[0]
                .north
                .value
                .is_infinite()
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}", other in "\\PC{0,60}") {
            let _ = pair(&text);
            let _ = columns(&text, &other);
        }

        #[test]
        fn no_text_of_coordinate_characters_panics(text in "[0-9.,;:°'\"′″ NSEWOLatlon@!?#=&/~()+eE-]{0,80}") {
            let _ = pair(&text);
            let _ = columns(&text, &text);
        }

        #[test]
        fn decimal_degrees_round_trip(lat in -90.0..90.0_f64, lon in -180.0..180.0_f64) {
            let text = format!("{lat:.6}; {lon:.6}");
            let reading = &pair(&text).unwrap()[0];
            prop_assert!((reading.north.value - lat).abs() < 1e-6 && (reading.east.value - lon).abs() < 1e-6);
            let italian = text.replace('.', ",");
            prop_assert_eq!(&pair(&italian).unwrap()[0], reading);
        }
    }
}
