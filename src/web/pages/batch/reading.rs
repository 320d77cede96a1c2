//! What was understood of a file and of its columns, and the forms in which a person says otherwise.

use crate::census::vocabulary::{ATTRIBUTES, Attribute, Field, Kind, Need, Term};
use crate::exchange::columns::Target;
use crate::exchange::source::{Certainty, Choices, Detected, Format, separator_words};
use crate::register::batch::Seen;
use crate::register::find::Choice;
use crate::register::staged::{Orders, Summary};
use crate::register::{Error, Result};
use crate::web::fields::Fields;
use std::collections::BTreeSet;

/// The fields of the form about the file.
pub const FIELDS: [&str; 7] = [
    "foglio",
    "codifica",
    "separatore",
    "decimali",
    "intestazione",
    "crs",
    "ente",
];

/// The encodings that can be chosen.
const ENCODINGS: [(&str, &str); 5] = [
    ("utf-8", "UTF-8"),
    ("windows-1252", "Windows 1252 (Excel in Italia)"),
    ("iso-8859-15", "ISO 8859-15"),
    ("utf-16le", "UTF-16"),
    ("macintosh", "Macintosh"),
];

/// What stands between cells, as forms spell it.
const SEPARATORS: [(&str, char); 4] = [
    ("punto_e_virgola", ';'),
    ("virgola", ','),
    ("tabulazione", '\t'),
    ("barra", '|'),
];

/// What stands before decimals, as forms spell it.
const DECIMALS: [(&str, &str, char); 2] = [("virgola", "virgola", ','), ("punto", "punto", '.')];

/// Something that was found out about the file.
#[derive(Debug)]
pub struct Fact {
    /// What.
    pub label: &'static str,
    /// In words.
    pub value: String,
    /// How sure it is; empty when nobody asked.
    pub certainty: &'static str,
    /// Whether a person should look at it.
    pub doubtful: bool,
}

/// Something that can be chosen about the file.
#[derive(Debug)]
pub struct Select {
    /// The field of the form.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What no choice means.
    pub found: String,
    /// What is chosen; empty for nothing.
    pub chosen: String,
    /// What may be.
    pub terms: Vec<Choice>,
}

/// A column.
#[derive(Debug)]
pub struct ColumnView {
    /// Its header.
    pub header: String,
    /// Some of its cells.
    pub examples: String,
    /// What it is taken for.
    pub target: String,
    /// How sure that is; empty for a column that nobody said anything of.
    pub certainty: &'static str,
    /// Whether a person should look at it.
    pub doubtful: bool,
}

/// A value for all rows.
#[derive(Debug)]
pub struct Constant {
    /// The attribute's spelling.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What stands there.
    pub value: String,
    /// What may be chosen; empty for free text.
    pub terms: &'static [Term],
}

/// Everything about how the file is read.
#[derive(Debug)]
pub struct Reading {
    /// What was found out.
    pub facts: Vec<Fact>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// What can be chosen.
    pub selects: Vec<Select>,
    /// The line of the header; nothing for a format that has none.
    pub header_line: Option<String>,
    /// Whether somebody should look at this first.
    pub open: bool,
    /// Whether nothing says whose devices the rows are.
    pub no_body: bool,
    /// The columns.
    pub columns: Vec<ColumnView>,
    /// What a column can be.
    pub targets: Vec<Choice>,
    /// What can be said for all rows.
    pub constants: Vec<Constant>,
    /// How many columns are used.
    pub used: String,
    /// What should have a column or a value and has none.
    pub missing: String,
    /// Whether somebody should look at the columns.
    pub columns_open: bool,
}

impl Reading {
    /// How the file of a batch is read.
    #[must_use]
    pub fn of(seen: &Seen, bodies: Vec<Choice>, systems: Vec<Choice>) -> Self {
        let summary = &seen.summary;
        let unknown = Detected::new(Format::Csv);
        let detected = summary.detected.as_ref().unwrap_or(&unknown);
        let facts = facts(detected, summary.crs.as_deref());
        let columns: Vec<ColumnView> = summary.columns.iter().map(column).collect();
        let missing = missing(seen);
        let failed = summary.columns.is_empty();
        let used = columns.iter().filter(|one| !one.target.is_empty()).count();
        let no_body = !failed && !is_said(seen, Field::Ente);
        Self {
            no_body,
            open: failed || no_body || facts.iter().any(|fact| fact.doubtful),
            facts: if summary.detected.is_some() {
                facts
            } else {
                Vec::new()
            },
            notes: detected.notes.clone(),
            selects: selects(detected, &seen.orders, bodies, systems),
            header_line: (!detected.format.spatial()).then(|| {
                let line = seen.orders.choices.header_line;
                line.map_or_else(String::new, |line| line.to_string())
            }),
            columns_open: !missing.is_empty() || columns.iter().any(|one| one.doubtful),
            used: format!("{used} su {}", columns.len()),
            columns,
            targets: targets(),
            constants: constants(seen),
            missing,
        }
    }
}

fn facts(detected: &Detected, crs: Option<&str>) -> Vec<Fact> {
    let fact = |name: &str, label, value: Option<String>| {
        let certainty = detected.certainty.get(name).copied();
        Some(Fact {
            label,
            value: value?,
            certainty: certainty.map_or("", Certainty::label),
            doubtful: certainty == Some(Certainty::Guessed),
        })
    };
    let decimal = |mark: char| if mark == ',' { "virgola" } else { "punto" };
    let header = |line: u64| match line {
        0 => "nessuna".to_owned(),
        line => line.to_string(),
    };
    let facts = [
        fact(
            "format",
            "Formato",
            Some(detected.format.label().to_owned()),
        ),
        fact("sheet", "Foglio", detected.sheet.clone()),
        fact(
            "encoding",
            "Codifica",
            detected.encoding.as_ref().map(|name| encoding(name)),
        ),
        fact(
            "separator",
            "Separatore",
            detected
                .separator
                .map(|mark| separator_words(mark).to_owned()),
        ),
        fact(
            "decimal",
            "Decimali",
            detected.decimal.map(|mark| decimal(mark).to_owned()),
        ),
        fact(
            "header_line",
            "Riga d’intestazione",
            detected.header_line.map(header),
        ),
        fact(
            "crs",
            "Sistema di riferimento",
            crs.or(detected.crs.as_deref()).map(str::to_owned),
        ),
    ];
    facts.into_iter().flatten().collect()
}

fn encoding(name: &str) -> String {
    let known = ENCODINGS.iter().find(|(code, _)| *code == name);
    known.map_or(name, |(_, label)| label).to_owned()
}

fn selects(
    detected: &Detected,
    orders: &Orders,
    bodies: Vec<Choice>,
    systems: Vec<Choice>,
) -> Vec<Select> {
    let choices = &orders.choices;
    let found = "Come abbiamo capito".to_owned();
    let choice = |code: &str, label: &str| Choice {
        code: code.to_owned(),
        label: label.to_owned(),
    };
    let mut selects = Vec::new();
    if detected.sheets.len() > 1 {
        selects.push(Select {
            name: "foglio",
            label: "Foglio o livello",
            found: found.clone(),
            chosen: choices.sheet.clone().unwrap_or_default(),
            terms: detected.sheets.iter().map(|one| choice(one, one)).collect(),
        });
    }
    if detected.format == Format::Csv {
        let terms = ENCODINGS.iter();
        selects.push(Select {
            name: "codifica",
            label: "Codifica dei caratteri",
            found: found.clone(),
            chosen: choices.encoding.clone().unwrap_or_default(),
            terms: terms.map(|(code, label)| choice(code, label)).collect(),
        });
        let terms = SEPARATORS.iter();
        selects.push(Select {
            name: "separatore",
            label: "Separatore tra le celle",
            found: found.clone(),
            chosen: choices.separator.map_or("", separator_name).to_owned(),
            terms: terms
                .map(|(code, mark)| choice(code, separator_words(*mark)))
                .collect(),
        });
    }
    if !detected.format.spatial() {
        let chosen = choices.decimal.and_then(|mark| {
            let mut known = DECIMALS.iter();
            known.find(|(.., own)| *own == mark)
        });
        selects.push(Select {
            name: "decimali",
            label: "Decimali",
            found: found.clone(),
            chosen: chosen.map_or("", |(code, ..)| code).to_owned(),
            terms: DECIMALS
                .iter()
                .map(|(code, label, _)| choice(code, label))
                .collect(),
        });
    }
    selects.push(Select {
        name: "crs",
        label: "Sistema di riferimento",
        found,
        chosen: orders.crs.clone().unwrap_or_default(),
        terms: systems,
    });
    selects.push(Select {
        name: "ente",
        label: "Ente delle righe che non lo dicono",
        found: "Lo dice ogni riga".to_owned(),
        chosen: orders.body.clone().unwrap_or_default(),
        terms: bodies,
    });
    selects
}

fn separator_name(mark: char) -> &'static str {
    let known = SEPARATORS.iter().find(|(_, own)| *own == mark);
    known.map_or("", |(code, _)| code)
}

/// Takes from the form how the file is to be read. A field that the form does not have, because the
/// format has no such thing, stays as it was.
pub fn read(orders: &mut Orders, fields: &Fields) -> Result<()> {
    let sent = |name: &str| fields.all(name).next().map(|text| text.trim().to_owned());
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let choices: &mut Choices = &mut orders.choices;
    if let Some(text) = sent("foglio") {
        choices.sheet = given(text);
    }
    if let Some(text) = sent("codifica") {
        choices.encoding = given(text);
    }
    if let Some(text) = sent("separatore") {
        let known = SEPARATORS.iter().find(|(code, _)| *code == text);
        choices.separator = known.map(|(_, mark)| *mark);
    }
    if let Some(text) = sent("decimali") {
        let known = DECIMALS.iter().find(|(code, ..)| *code == text);
        choices.decimal = known.map(|(.., mark)| *mark);
    }
    if let Some(text) = sent("intestazione") {
        let line = |text: String| {
            text.parse::<u64>().map_err(|_not_a_number| {
                Error::Invalid(format!(
                    "La riga d’intestazione è un numero (0 se il file non ne ha): «{text}» non lo è."
                ))
            })
        };
        choices.header_line = given(text).map(line).transpose()?;
    }
    if let Some(text) = sent("crs") {
        orders.crs = given(text);
    }
    if let Some(text) = sent("ente") {
        orders.body = given(text);
    }
    Ok(())
}

fn column(seen: &crate::register::staged::SeenColumn) -> ColumnView {
    let used = !seen.target.is_empty();
    ColumnView {
        header: seen.header.clone(),
        examples: seen.examples.join(" · "),
        certainty: if used || seen.certainty == Certainty::Chosen {
            seen.certainty.label()
        } else {
            ""
        },
        doubtful: used && seen.certainty == Certainty::Guessed,
        target: seen.target.clone(),
    }
}

fn targets() -> Vec<Choice> {
    let attributes = ATTRIBUTES.iter().map(|attribute| Choice {
        code: attribute.name.to_owned(),
        label: attribute.label.to_owned(),
    });
    let others = [
        (Target::Place, "Posizione in una cella"),
        (Target::Revision, "Numero di revisione"),
    ];
    let others = others.map(|(target, label)| Choice {
        code: target.name().to_owned(),
        label: label.to_owned(),
    });
    attributes.chain(others).collect()
}

/// Whether a column, or what was asked, says an attribute.
fn is_said(seen: &Seen, field: Field) -> bool {
    let mut columns = seen.summary.columns.iter();
    let place = Target::Place.name();
    columns.any(|column| {
        column.target == field.name()
            || (matches!(field, Field::Lat | Field::Lon) && column.target == place)
    }) || (field == Field::Ente && seen.orders.body.is_some())
}

/// Whether a value for all rows makes sense of an attribute; whose the rows are is asked for the
/// whole file, and the point says in which Comune it is.
fn can_be_constant(attribute: &Attribute) -> bool {
    !matches!(
        attribute.field,
        Field::Codice | Field::Lat | Field::Lon | Field::Ente | Field::Comune
    ) && !matches!(attribute.kind, Kind::Many(_))
}

fn constants(seen: &Seen) -> Vec<Constant> {
    let given = &seen.orders.scheme.constants;
    let wanted = |attribute: &&Attribute| {
        let needed = matches!(attribute.need, Need::Save | Need::Submit);
        can_be_constant(attribute)
            && (given.contains_key(attribute.name) || (needed && !is_said(seen, attribute.field)))
    };
    let mut wanted: Vec<&Attribute> = ATTRIBUTES.iter().filter(wanted).collect();
    // What a device cannot be saved without comes first.
    wanted.sort_by_key(|attribute| attribute.need != Need::Save);
    wanted
        .into_iter()
        .map(|attribute| Constant {
            name: attribute.name,
            label: attribute.label,
            value: given.get(attribute.name).cloned().unwrap_or_default(),
            terms: attribute.field.terms().unwrap_or_default(),
        })
        .collect()
}

/// What no column says though a device cannot be saved without it.
fn missing(seen: &Seen) -> String {
    if seen.summary.columns.is_empty() {
        return String::new();
    }
    let missing = ATTRIBUTES.iter().filter(|attribute| {
        attribute.need == Need::Save
            && !matches!(attribute.field, Field::Ente | Field::Comune)
            && !is_said(seen, attribute.field)
            && !seen.orders.scheme.constants.contains_key(attribute.name)
    });
    let labels: Vec<&str> = missing.map(|attribute| attribute.label).collect();
    labels.join(", ")
}

/// Takes from the form what the columns are, and the values for all rows.
pub fn map(orders: &mut Orders, summary: &Summary, fields: &Fields) -> Result<()> {
    let mut used = BTreeSet::new();
    for (header, target) in fields.all("colonna").zip(fields.all("attributo")) {
        if Target::parse(target).is_none() {
            return Err(Error::Invalid(format!(
                "«{target}» non è un dato del censimento."
            )));
        }
        if !target.is_empty() && !used.insert(target) {
            let label = Field::named(target).map_or(target, |field| field.attribute().label);
            return Err(Error::Invalid(format!(
                "Due colonne non possono dare lo stesso dato: «{label}» è scelto due volte."
            )));
        }
        let seen = summary.columns.iter().find(|one| one.header == header);
        let differs = seen.is_some_and(|column| column.target != target);
        if differs || orders.scheme.columns.contains_key(header) {
            let columns = &mut orders.scheme.columns;
            columns.insert(header.to_owned(), target.to_owned());
        }
    }
    for (name, value) in fields.all("fisso").zip(fields.all("valore")) {
        let constants = &mut orders.scheme.constants;
        match value.trim() {
            "" => constants.remove(name),
            value => constants.insert(name.to_owned(), value.to_owned()),
        };
    }
    Ok(())
}
