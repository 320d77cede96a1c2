//! The rows that carry no hash of their own and are sealed all the same: read back as they stand,
//! when the record that wrote them is added and when everything is verified.
//!
//! [`PARTS`] is the one list of what is read. What stands in a row for its record of the history is
//! not hashed: rows are grouped by it. A table that is written in two moments, like a decision that
//! is taken back, stands in it twice. Enforced by `every_column_of_a_sealed_table_is_sealed`.

use super::verify::{Cover, cover};
use super::{Result, Unit, on};
use crate::census::journal::{Seal, Sealed, feed};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// An identifier, or null.
    Id,
    /// A text, or null.
    Text,
    /// A whole number, or null.
    Integer,
    /// A number, or null.
    Number,
}

/// What one record of the history writes of a row.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// What it is to a seal.
    pub kind: Sealed,
    /// The table.
    pub table: &'static str,
    /// The column with the identifier of the record.
    pub entry: &'static str,
    /// Which rows have it: a condition on the table `t`.
    there: &'static str,
    /// The columns that are hashed, in this order.
    pub columns: &'static [(&'static str, Holds)],
}

use Holds::{Id, Integer, Number, Text};

const ALWAYS: &str = "1 = 1";

const ENDED: &str = "(t.ended_at IS NOT NULL OR t.ended_entry IS NOT NULL)";

const END: &[(&str, Holds)] = &[
    ("id", Id),
    ("ended_at", Integer),
    ("ended_by", Text),
    ("ended_reason", Text),
];

/// Everything that is sealed without a hash of its own.
pub const PARTS: &[Part] = &[
    Part {
        kind: Sealed::Documents,
        table: "document",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("name", Text),
            ("kind", Text),
            ("size", Integer),
            ("sha256", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Steps,
        table: "adhesion_step",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("step", Text),
            ("annuls", Id),
            ("number", Text),
            ("date", Text),
            ("note", Text),
            ("document_id", Id),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Acts,
        table: "act",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("kind", Text),
            ("state", Text),
            ("number", Text),
            ("date", Text),
            ("names_readers", Text),
            ("lists_places", Text),
            ("note", Text),
            ("document_id", Id),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Seats,
        table: "seat",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("address", Text),
            ("lat", Number),
            ("lon", Number),
            ("position_text", Text),
            ("position_crs", Text),
            ("position_operation", Text),
            ("position_accuracy_m", Number),
            ("fibre", Text),
            ("fibre_date", Text),
            ("note", Text),
            ("document_id", Id),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Dues,
        table: "due",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("day", Text),
            ("author", Text),
            ("at", Integer),
        ],
    },
    Part {
        kind: Sealed::Declarations,
        table: "declaration",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("body_code", Text),
            ("at", Integer),
            ("author", Text),
            ("signer", Text),
            ("kind", Text),
            ("devices", Integer),
            ("accepted", Integer),
            ("figures", Text),
            ("hash", Text),
            ("text", Text),
        ],
    },
    Part {
        kind: Sealed::Merges,
        table: "merge",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("kept_device", Id),
            ("absorbed_device", Id),
            ("merged_at", Integer),
            ("author", Text),
            ("reason", Text),
        ],
    },
    Part {
        kind: Sealed::MergesEnded,
        table: "merge",
        entry: "ended_entry",
        there: ENDED,
        columns: END,
    },
    Part {
        kind: Sealed::Pairs,
        table: "distinct_pair",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("first_device", Id),
            ("second_device", Id),
            ("decided_at", Integer),
            ("author", Text),
            ("reason", Text),
        ],
    },
    Part {
        kind: Sealed::PairsEnded,
        table: "distinct_pair",
        entry: "ended_entry",
        there: ENDED,
        columns: END,
    },
    Part {
        kind: Sealed::Editions,
        table: "edition",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("kind", Text),
            ("name", Text),
            ("content", Text),
            ("sha256", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Forces,
        table: "edition_force",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("edition_id", Id),
            ("day", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::SitesBefore,
        table: "site_before",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("site_id", Id),
            ("kind", Text),
            ("name", Text),
            ("until", Integer),
            ("author", Text),
        ],
    },
    Part {
        kind: Sealed::Products,
        table: "product_entry",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("name", Text),
            ("producer", Text),
            ("kind", Text),
            ("versions", Text),
            ("note", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Standings,
        table: "product_standing",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("name", Text),
            ("standing", Text),
            ("source", Text),
            ("grade", Text),
            ("date", Text),
            ("version", Text),
            ("note", Text),
            ("document_id", Id),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::ProductMerges,
        table: "product_merge",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("name", Text),
            ("target", Text),
            ("note", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::Models,
        table: "model_entry",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("make", Text),
            ("model", Text),
            ("forma", Text),
            ("ocr", Text),
            ("illuminatore_ir", Text),
            ("risoluzione_mp", Text),
            ("punti_ripresa", Text),
            ("angolo", Text),
            ("reading", Text),
            ("reading_class", Text),
            ("source", Text),
            ("grade", Text),
            ("note", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::ReferenceLayers,
        table: "reference_layer",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("kind", Text),
            ("name", Text),
            ("source", Text),
            ("licence", Text),
            ("dated", Text),
            ("audience", Text),
            ("crs", Text),
            ("features", Integer),
            ("west", Number),
            ("south", Number),
            ("east", Number),
            ("north", Number),
            ("hash", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::ReferenceWithdrawals,
        table: "reference_withdrawal",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("layer_id", Id),
            ("reason", Text),
            ("author", Text),
            ("recorded_at", Integer),
        ],
    },
    Part {
        kind: Sealed::TerritoriesBefore,
        table: "territory_before",
        entry: "entry_id",
        there: ALWAYS,
        columns: &[
            ("id", Id),
            ("content", Text),
            ("until", Integer),
            ("author", Text),
        ],
    },
];

/// A row as it stands in the database.
#[derive(Debug)]
pub struct Kept {
    /// The hash of all that is sealed of it, or why it cannot be read.
    pub hash: Result<String>,
    /// The body it is about, where it is one.
    pub body: Option<String>,
    /// What covers it.
    pub cover: Cover,
}

impl Unit {
    /// The seal of an operation with the rows that it wrote, as they stand now.
    pub async fn read_back(&mut self, seal: &Seal) -> Result<Seal> {
        let mut read = seal.clone();
        for part in PARTS.iter().filter(|part| seal.covers(part.kind)) {
            let entry = Some(seal.entry);
            self.each_kept(part, entry, |kept| {
                read.add(part.kind, &kept.hash?);
                Ok(())
            })
            .await?;
        }
        Ok(read)
    }

    /// The rows of a part that this record of the history wrote, or all of them, with what covers
    /// them, in the order of the records' identifiers and of their own.
    pub async fn each_kept(
        &mut self,
        part: &Part,
        entry: Option<Uuid>,
        mut each: impl FnMut(Kept) -> Result<()> + Send,
    ) -> Result<()> {
        let Part {
            table,
            entry: carries,
            there,
            ..
        } = part;
        let columns: Vec<String> = part
            .columns
            .iter()
            .map(|(column, _)| format!("t.{column}"))
            .collect();
        let only = if entry.is_some() {
            format!(" AND t.{carries} = $1")
        } else {
            String::new()
        };
        let text = format!(
            "SELECT {}, t.{carries}, j.number, j.seal FROM {table} t \
             LEFT JOIN journal j ON j.id = t.{carries} \
             WHERE {there}{only} ORDER BY t.{carries}, t.id",
            columns.join(", ")
        );
        let after = part.columns.len();
        let body = part
            .columns
            .iter()
            .position(|(column, _)| *column == "body_code");
        on!(self, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(text));
            if let Some(entry) = entry {
                query = query.bind(entry);
            }
            let mut rows = query.fetch(conn);
            while let Some(row) = rows.try_next().await? {
                each(Kept {
                    hash: hash(&row, part),
                    body: body.and_then(|at| row.try_get(at).ok()),
                    cover: cover(
                        row.try_get(after).ok().flatten(),
                        row.try_get(after + 1)?,
                        row.try_get(after + 2)?,
                    ),
                })?;
            }
        });
        Ok(())
    }
}

/// The hash of a row: of every value whether it is there, and its text, the same on both engines.
fn hash<'r, R>(row: &'r R, part: &Part) -> Result<String>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut hasher = Sha256::new();
    for (at, (_, holds)) in part.columns.iter().enumerate() {
        let value = match holds {
            Id => row.try_get::<Option<Uuid>, _>(at)?.map(|id| id.to_string()),
            Text => row.try_get(at)?,
            Integer => row
                .try_get::<Option<i64>, _>(at)?
                .map(|one| one.to_string()),
            Number => row
                .try_get::<Option<f64>, _>(at)?
                .map(|one| one.to_string()),
        };
        feed(&mut hasher, if value.is_some() { "1" } else { "0" });
        feed(&mut hasher, value.as_deref().unwrap_or_default());
    }
    Ok(hex::encode(hasher.finalize()))
}
