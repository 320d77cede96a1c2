//! What verdicts are made from: of every device the attributes that are asked, and no others.

use super::device::{condition, record};
use super::statement::{Bind, Statement, bound};
use super::{Result, Unit, on};
use crate::census::filter::Filter;
use crate::census::record::{Record, Store as StoredAs, Value};
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use futures_util::TryStreamExt;
use sqlx::Row;
use uuid::Uuid;

/// What stands after each text where several are read as one: no text of the register has control
/// characters. SQLite's driver copies every value of every row, so thirty short texts cost four
/// times what one long one does.
const END: &str = "\u{1f}";

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
        let (texts, numbers): (Vec<Field>, Vec<Field>) = fields
            .iter()
            .copied()
            .partition(|field| field.attribute().kind.store() == StoredAs::Text);
        let mut statement = Statement::new("SELECT r.device_id, r.id, ''");
        for field in &texts {
            statement.push(" || coalesce(r.").push(field.name());
            statement.push(", '') || '").push(END).push("'");
        }
        for field in &numbers {
            statement.push(", r.").push(field.name());
        }
        statement.push(" FROM revision r WHERE ");
        condition(&mut statement, filter);
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            let mut read = Record::default();
            while let Some(row) = rows.try_next().await? {
                let joined: &str = row.try_get(2)?;
                for (field, text) in texts.iter().zip(joined.split(END)) {
                    let value = (!text.is_empty()).then(|| Value::Text(text.to_owned()));
                    read.set(*field, value);
                }
                record(&row, 3, &numbers, &mut read)?;
                take(row.try_get(0)?, row.try_get(1)?, &read);
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
