//! Many rows into one table: one statement for many on SQLite, `COPY` on PostgreSQL.
//!
//! This is what an import costs, so it takes the shortest road each driver has. Values travel apart
//! from the statement on both. Enforced by every test of `tests/it/storage.rs` that adds something.

use super::statement::{Bind, binding};
use super::{Result, Unit};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite};
use std::fmt::Write as _;

/// How many values go into one statement on SQLite, whose limit is 32,766.
const VALUES: usize = 8_000;

/// So many values go to PostgreSQL in one statement rather than by `COPY`, whose end the driver
/// sends apart: over TCP that costs the forty milliseconds of a delayed acknowledgement.
const FEW: usize = 7_000;

/// How much text goes to PostgreSQL at once, in bytes.
const PIECE: usize = 1 << 20;

impl Unit {
    /// Adds rows to a table; `values` holds them one after the other, each with as many as there
    /// are `columns`.
    pub(super) async fn append(
        &mut self,
        table: &str,
        columns: &[&str],
        values: Vec<Bind>,
    ) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let into = format!("{table} ({})", columns.join(", "));
        match self {
            Self::Sqlite(transaction) => {
                let width = columns.len().max(1);
                let together = (VALUES / width).max(1) * width;
                let mut rest = values.into_iter();
                let mut next = || {
                    let some: Vec<Bind> = rest.by_ref().take(together).collect();
                    (!some.is_empty()).then(|| statement(&into, width, some))
                };
                let mut ready = next();
                while let Some(query) = ready {
                    // The next statement is made while SQLite, on its own thread, runs this one.
                    let made = async { next() };
                    let run = query.execute(&mut **transaction);
                    let (done, made) = futures_util::future::join(run, made).await;
                    done?;
                    ready = made;
                }
                Ok(())
            }
            Self::Postgres(transaction) => {
                let width = columns.len();
                if values.len() <= FEW {
                    let text = numbered(&into, width, values.len() / width);
                    let query = binding!(sqlx::query(AssertSqlSafe(text)), values);
                    query.execute(&mut **transaction).await?;
                    return Ok(());
                }
                let order = format!("COPY {into} FROM STDIN");
                let mut copy = transaction.copy_in_raw(&order).await?;
                let mut text = String::with_capacity(PIECE + PIECE / 4);
                for row in values.chunks(width) {
                    write_row(&mut text, row);
                    if text.len() >= PIECE {
                        copy.send(text.as_bytes()).await?;
                        text.clear();
                    }
                }
                copy.send(text.as_bytes()).await?;
                copy.finish().await?;
                Ok(())
            }
        }
    }
}

/// The statement that adds these rows at once.
fn statement<'q>(
    into: &str,
    width: usize,
    values: Vec<Bind>,
) -> Query<'q, Sqlite, SqliteArguments> {
    let text = insertion(into, width, values.len() / width);
    binding!(sqlx::query(AssertSqlSafe(text)), values)
}

/// The text of the statement that adds so many rows at once. Its placeholders have no numbers: the
/// driver would look each up among all of them.
fn insertion(into: &str, width: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!("INSERT INTO {into} VALUES {}", vec![row; rows].join(","))
}

/// The same with numbered placeholders.
fn numbered(into: &str, width: usize, rows: usize) -> String {
    let mut text = format!("INSERT INTO {into} VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { "),(" });
        for column in 1..=width {
            let _ = write!(
                text,
                "{}${}",
                if column == 1 { "" } else { "," },
                row * width + column
            );
        }
    }
    text.push(')');
    text
}

/// One row in PostgreSQL's text format.
fn write_row(text: &mut String, row: &[Bind]) {
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            text.push('\t');
        }
        write_value(text, value);
    }
    text.push('\n');
}

fn write_value(text: &mut String, value: &Bind) {
    // Writing to a text cannot fail.
    let _ = match value {
        Bind::Text(Some(value)) => {
            escape(text, value);
            Ok(())
        }
        Bind::Integer(Some(value)) => write!(text, "{value}"),
        Bind::Decimal(Some(value)) => write!(text, "{value}"),
        Bind::Id(value) | Bind::MaybeId(Some(value)) => write!(text, "{value}"),
        Bind::Flag(value) => text.write_char(if *value { 't' } else { 'f' }),
        Bind::Bytes(value) => write!(text, "\\\\x{}", hex::encode(value)),
        Bind::Text(None) | Bind::Integer(None) | Bind::Decimal(None) | Bind::MaybeId(None) => {
            text.write_str("\\N")
        }
    };
}

/// A text with what the format gives a meaning to taken apart.
fn escape(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(plain);
        let mut letters = special.chars();
        text.push_str(match letters.next() {
            Some('\t') => "\\t",
            Some('\n') => "\\n",
            Some('\r') => "\\r",
            _ => "\\\\",
        });
        rest = letters.as_str();
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_tabs_lines_and_backslashes_on_the_way_to_postgresql() {
        let mut text = String::new();
        let row = [
            Bind::Text(Some("a\tb\\n\r\nè".to_owned())),
            Bind::Text(None),
            Bind::Decimal(Some(45.5)),
            Bind::Flag(true),
            Bind::Bytes(vec![0, 255]),
        ];
        write_row(&mut text, &row);
        assert_eq!(text, "a\\tb\\\\n\\r\\nè\t\\N\t45.5\tt\t\\\\x00ff\n");
    }
}
