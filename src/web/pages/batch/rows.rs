//! The rows of a file as people look at them: a page of the table, and each row with what is wrong
//! of it beside where it can be mended.

use super::severity_label;
use crate::census::batch::Fate;
use crate::census::vocabulary::{Field, Kind, Term};
use crate::exchange::csv::unguard;
use crate::register::batch::{Seen, SeenRow};
use crate::register::staged::{Note, Offer, Summary};
use crate::storage::batch::Wanted;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Signed;
use crate::web::query;
use uuid::Uuid;

/// How many rows a page shows.
const SIZE: i64 = 50;

/// How many changes of a row the table shows.
const CHANGES: usize = 3;

/// Which rows are asked for, as addresses say it.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// Which rows.
    pub wanted: Wanted,
    /// After which record.
    pub after: i64,
}

impl Asked {
    /// Reads it from a query string.
    pub fn read(query: &str) -> Result<Self, Error> {
        let fields = Fields::parse(query.as_bytes())?;
        fields.only(&["esito", "codice_segnalazione", "cerca", "dopo"])?;
        let given = |name| Some(fields.get(name)).filter(|text| !text.is_empty());
        let fate = |name| Fate::named(name).ok_or_else(|| query::refused("esito", name));
        let number = |text: &str| {
            let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
            number.ok_or_else(|| query::refused("dopo", text))
        };
        Ok(Self {
            wanted: Wanted {
                fate: given("esito").map(fate).transpose()?,
                code: given("codice_segnalazione").map(str::to_owned),
                text: given("cerca").map(str::to_owned),
            },
            after: given("dopo").map(number).transpose()?.unwrap_or_default(),
        })
    }

    /// The rows with a fate.
    #[must_use]
    pub fn of_fate(fate: Fate) -> Self {
        let mut asked = Self::default();
        asked.wanted.fate = Some(fate);
        asked
    }

    /// The rows of which a rule spoke.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        let mut asked = Self::default();
        asked.wanted.code = Some(code.to_owned());
        asked
    }

    /// The query string, without `?`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut fields = Fields::default();
        let mut push = |name, value: &str| {
            if !value.is_empty() {
                fields.push(name, value);
            }
        };
        push("esito", self.wanted.fate.map_or("", Fate::name));
        push(
            "codice_segnalazione",
            self.wanted.code.as_deref().unwrap_or_default(),
        );
        push("cerca", self.wanted.text.as_deref().unwrap_or_default());
        if self.after > 0 {
            push("dopo", &self.after.to_string());
        }
        fields.encode()
    }

    /// The table of a batch with these rows.
    #[must_use]
    pub fn address(&self, batch: Uuid) -> String {
        let query = self.encode();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/importa/{batch}{mark}{query}#righe")
    }

    fn from(&self, after: i64) -> Self {
        Self {
            after,
            ..self.clone()
        }
    }
}

/// A page of the table.
#[derive(Debug)]
pub struct Table {
    /// Whether the batch has rows at all that can be looked at.
    pub any: bool,
    /// The rows of the page.
    pub rows: Vec<RowView>,
    /// How many there are on all pages.
    pub counted: String,
    /// The chosen fate; empty for all.
    pub fate: &'static str,
    /// The rule, as the filter has it; empty for all.
    pub code: String,
    /// What the rule says, in words.
    pub code_words: String,
    /// What is sought in the codes of devices.
    pub text: String,
    /// Whether only some rows are shown.
    pub filtered: bool,
    /// The query string of this page of the table.
    pub query: String,
    /// The first page; empty when this is it.
    pub first: String,
    /// The next page; empty when there is none.
    pub next: String,
    /// How many of how many.
    pub words: String,
}

impl Table {
    /// The rows that are asked for.
    pub async fn of(
        app: &App,
        signed: &Signed,
        seen: &Seen,
        asked: &Asked,
        writable: bool,
    ) -> Result<Self, Error> {
        let (id, viewer, wanted) = (seen.batch.id, &signed.viewer, &asked.wanted);
        let register = &app.register;
        let total = register.count_batch_rows(viewer, id, wanted).await?;
        let any = total > 0
            || (*wanted != Wanted::default()
                && register
                    .count_batch_rows(viewer, id, &Wanted::default())
                    .await?
                    > 0);
        let rows = register.batch_rows(viewer, id, wanted, asked.after, SIZE + 1);
        let mut rows = rows.await?;
        let more = rows.len() > usize::try_from(SIZE).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let last = rows.last().map_or(0, |last| last.row.record);
        let code = wanted.code.clone().unwrap_or_default();
        let described = crate::census::finding::CODES.iter();
        let mut described = described.filter(|one| one.name == code);
        let number = u64::try_from(total).unwrap_or_default();
        Ok(Self {
            any,
            counted: query::counted(number, "riga", "righe"),
            fate: wanted.fate.map_or("", Fate::name),
            code_words: described
                .next()
                .map_or_else(String::new, |one| one.meaning.to_owned()),
            code,
            text: wanted.text.clone().unwrap_or_default(),
            filtered: *wanted != Wanted::default(),
            query: asked.encode(),
            first: if asked.after > 0 {
                asked.from(0).address(id)
            } else {
                String::new()
            },
            next: if more {
                asked.from(last).address(id)
            } else {
                String::new()
            },
            words: format!("{} su {}", rows.len(), query::figure(total)),
            rows: rows
                .iter()
                .map(|row| RowView::of(seen, row, writable))
                .collect(),
        })
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct RowView {
    /// Which row of data.
    pub record: i64,
    /// Where in the file.
    pub line: i64,
    /// Its page.
    pub href: String,
    /// The code of its device.
    pub codice: String,
    /// The name of its device.
    pub name: String,
    /// What it would do.
    pub fate: &'static str,
    /// The same in words.
    pub fate_label: &'static str,
    /// What it changes of the device that is there.
    pub changes: Vec<ChangeView>,
    /// How many more changes there are than shown.
    pub more: usize,
    /// What was found.
    pub notes: Vec<NoteView>,
}

impl RowView {
    fn of(seen: &Seen, row: &SeenRow, writable: bool) -> Self {
        let changes = changes(row);
        Self {
            record: row.row.record,
            line: row.row.line,
            href: format!("/importa/{}/righe/{}", seen.batch.id, row.row.record),
            codice: row.row.codice.clone(),
            name: row.judgement.name.clone(),
            fate: row.row.fate.name(),
            fate_label: row.row.fate.label(),
            more: changes.len().saturating_sub(CHANGES),
            changes: changes.into_iter().take(CHANGES).collect(),
            notes: notes(&seen.summary, row, writable),
        }
    }
}

/// One attribute before and after.
#[derive(Debug)]
pub struct ChangeView {
    /// The attribute's label.
    pub label: &'static str,
    /// As the register has it.
    pub before: String,
    /// As the file has it.
    pub after: String,
}

/// What a row changes.
#[must_use]
pub fn changes(row: &SeenRow) -> Vec<ChangeView> {
    let changes = row.judgement.changes.iter();
    changes
        .map(|change| ChangeView {
            label: label(&change.field),
            before: change.before.clone(),
            after: change.after.clone(),
        })
        .collect()
}

/// The label of an attribute; nothing for what is none.
fn label(field: &str) -> &'static str {
    Field::named(field).map_or("", |field| field.attribute().label)
}

/// What was found of a row, and where it can be mended.
#[derive(Debug)]
pub struct NoteView {
    /// Its place among the findings of the row.
    pub index: usize,
    /// How much it weighs.
    pub severity: String,
    /// The same in a word.
    pub severity_label: &'static str,
    /// The attribute's label; empty when the message begins with it.
    pub label: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// What would mend it.
    pub proposals: Vec<ProposalView>,
    /// The fields in which to write what is right.
    pub editors: Vec<Editor>,
}

/// What would mend a row.
#[derive(Debug)]
pub struct ProposalView {
    /// Its place among the proposals of the finding.
    pub index: usize,
    /// What people read.
    pub words: String,
}

/// What was found of a row. Each field can be written in once.
#[must_use]
pub fn notes(summary: &Summary, row: &SeenRow, writable: bool) -> Vec<NoteView> {
    let mut offered: Vec<Field> = Vec::new();
    let notes = row.judgement.findings.iter().enumerate();
    notes
        .map(|(index, note)| {
            let mut fields = if writable { mends(note) } else { Vec::new() };
            fields.retain(|field| !offered.contains(field));
            offered.extend(&fields);
            NoteView {
                index,
                severity: note.severity.clone(),
                severity_label: severity_label(&note.severity),
                label: note
                    .field
                    .as_deref()
                    .map(label)
                    .filter(|label| !note.message.starts_with(label))
                    .unwrap_or_default(),
                message: note.message.clone(),
                proposals: if writable {
                    proposals(&note.proposals)
                } else {
                    Vec::new()
                },
                editors: fields
                    .into_iter()
                    .map(|field| Editor::of(summary, row, field, ""))
                    .collect(),
            }
        })
        .collect()
}

fn proposals(offers: &[Offer]) -> Vec<ProposalView> {
    let offers = offers.iter().enumerate();
    offers
        .map(|(index, offer)| ProposalView {
            index,
            words: offer.words(),
        })
        .collect()
}

/// The attributes in which an error can be mended.
fn mends(note: &Note) -> Vec<Field> {
    if note.severity != "error" {
        return Vec::new();
    }
    let field = note.field.as_deref().and_then(Field::named);
    if note.code.starts_with("position.") && field != Some(Field::Comune) {
        return vec![Field::Lat, Field::Lon];
    }
    field.into_iter().collect()
}

/// A field in which an attribute of a row is written.
#[derive(Debug)]
pub struct Editor {
    /// The attribute's spelling.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its identifier in the page.
    pub id: String,
    /// What stands there: what a person wrote, or the file.
    pub value: String,
    /// `text`, `number`, `prose` or `one`.
    pub kind: &'static str,
    /// What may be chosen.
    pub terms: &'static [Term],
    /// Whether the value is none of those.
    pub strange: bool,
    /// Whether a person wrote it.
    pub edited: bool,
    /// What the file has.
    pub file: String,
    /// What is wrong with it.
    pub errors: Vec<String>,
}

impl Editor {
    /// The field of an attribute; `prefix` keeps identifiers apart in a page with several rows.
    #[must_use]
    pub fn of(summary: &Summary, row: &SeenRow, field: Field, prefix: &str) -> Self {
        let attribute = field.attribute();
        let (kind, terms): (_, &'static [Term]) = match attribute.kind {
            Kind::One(terms) => ("one", terms),
            Kind::Prose(_) => ("prose", &[]),
            Kind::Integer(..)
            | Kind::Decimal(..)
            | Kind::Year(_)
            | Kind::Latitude
            | Kind::Longitude => ("number", &[]),
            _ => ("text", &[]),
        };
        let file = of_file(summary, row, field).to_owned();
        let edited = row.edits.values.get(field.name());
        let value = edited.cloned().unwrap_or_else(|| file.clone());
        let id = if prefix.is_empty() {
            format!("r{}-{}", row.row.record, field.name())
        } else {
            format!("{prefix}-{}", field.name())
        };
        Self {
            name: attribute.name,
            label: attribute.label,
            id,
            strange: !value.is_empty() && terms.iter().all(|term| term.code != value),
            kind,
            terms,
            edited: edited.is_some(),
            value,
            file,
            errors: Vec::new(),
        }
    }
}

/// What the file has for an attribute; nothing when it has no column for it.
#[must_use]
pub fn of_file<'a>(summary: &Summary, row: &'a SeenRow, field: Field) -> &'a str {
    let mut columns = summary.columns.iter();
    let column = columns.position(|column| column.target == field.name());
    let cell = column.and_then(|column| row.cells.get(column));
    cell.map_or("", |cell| unguard(cell.trim()))
}
