//! What verdicts are made from: of every device the attributes that are asked, and no others.

use super::device::condition;
use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, dialect, on};
use crate::census::filter::Filter;
use crate::census::record::{Record, Store as StoredAs, Value};
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use futures_util::TryStreamExt;
use sqlx::Row;
use uuid::Uuid;

/// What ends each value, and what stands between devices, where many are read as one text: no text of
/// the register has control characters. A driver hands over row by row, and on SQLite each costs two
/// threads a wait for each other: 200,000 rows take three times what they take by body.
const END: char = '\u{1f}';
const NEXT: char = '\u{1e}';

/// A site as it was at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteThen {
    /// The body it belongs to.
    pub body: String,
    /// The body's own code for it.
    pub code: String,
    /// `varco` or `postazione`.
    pub kind: String,
    /// Its name; may be empty.
    pub name: String,
}

impl Unit {
    /// Calls a function with each device that the filter finds, its state's identifier and these
    /// attributes of it, one by one in no order.
    pub async fn each_asked(
        &mut self,
        filter: &Filter,
        fields: &[Field],
        mut take: impl FnMut(Uuid, Uuid, &Record) + Send,
    ) -> Result<()> {
        let mut statement = Statement::new("SELECT string_agg(format('");
        let values = format!("%s{END}").repeat(fields.len() + 2);
        statement.push(&values).push("'");
        for id in ["r.device_id", "r.id"] {
            statement.push(", ").push(&dialect::identifier(self, id));
        }
        for field in fields {
            let column = format!("r.{}", field.name());
            statement.push(", ");
            statement.push(&match field.attribute().kind.store() {
                StoredAs::Decimal => dialect::digits(self, &column),
                StoredAs::Text | StoredAs::Integer => column,
            });
        }
        statement.push(&format!("), '{NEXT}') FROM revision r WHERE "));
        condition(&mut statement, filter);
        statement.push(" GROUP BY r.ente");
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            let mut read = Record::default();
            while let Some(row) = rows.try_next().await? {
                let joined: &str = row.try_get(0)?;
                for device in joined.split(NEXT) {
                    let unreadable = || Error::Stored("dispositivo da valutare".to_owned());
                    let (id, state) = asked(device, fields, &mut read).ok_or_else(unreadable)?;
                    take(id, state, &read);
                }
            }
        });
        Ok(())
    }

    /// The sites, by body and code, at which the filter finds a context camera in service.
    pub async fn sites_with_context(&mut self, filter: &Filter) -> Result<Vec<(String, String)>> {
        let mut statement = Statement::new("SELECT DISTINCT r.ente, r.sito FROM revision r WHERE ");
        condition(&mut statement, filter);
        statement.push(
            " AND r.sito IS NOT NULL AND r.funzione IN ('contesto', 'ibrida') \
             AND r.stato = 'in_esercizio'",
        );
        Ok(on!(self, |conn| {
            bound!(sqlx::query_as, statement).fetch_all(conn).await?
        }))
    }

    /// Every site, or every site of a body, as it was at an instant or is now; one that came later
    /// is there too.
    pub async fn sites_then(
        &mut self,
        body: Option<&str>,
        at: Option<Instant>,
    ) -> Result<Vec<SiteThen>> {
        let mut statement = Statement::new(
            "SELECT s.body_code, s.code, coalesce(b.kind, s.kind), coalesce(b.name, s.name)
             FROM site s LEFT JOIN site_before b ON b.id =
               (SELECT p.id FROM site_before p WHERE p.site_id = s.id AND p.until > ",
        );
        statement
            .bind(Bind::Integer(Some(at.unwrap_or(Instant::MAX))))
            .push(" ORDER BY p.until, p.id LIMIT 1)");
        if let Some(body) = body {
            statement.push(" WHERE s.body_code = ").text(body);
        }
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(SiteThen {
                        body: row.try_get(0)?,
                        code: row.try_get(1)?,
                        kind: row.try_get(2)?,
                        name: row.try_get(3)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }
}

/// Reads a device into a record; nothing when it is not one of these attributes' values.
fn asked(device: &str, fields: &[Field], read: &mut Record) -> Option<(Uuid, Uuid)> {
    let mut values = device.strip_suffix(END)?.split(END);
    let mut id = || values.next()?.parse().ok();
    let ids = (id()?, id()?);
    for field in fields {
        let text = values.next()?;
        let value = match field.attribute().kind.store() {
            _ if text.is_empty() => None,
            // What is next to each other is often alike.
            StoredAs::Text if read.text(*field) == text => continue,
            StoredAs::Text => Some(Value::Text(text.to_owned())),
            StoredAs::Integer => Some(Value::Integer(text.parse().ok()?)),
            StoredAs::Decimal => Some(Value::Decimal(text.parse().ok()?)),
        };
        read.set(*field, value);
    }
    values.next().is_none().then_some(ids)
}
