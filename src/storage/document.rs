//! Documents, kept in pieces beside everything else: in the backup, on every server, and nowhere a
//! web server could hand them out by itself.

use super::statement::Bind;
use super::{Error, Result, Unit, on};
use crate::census::document::{Document, Kind};
use crate::census::journal::{Seal, Sealed};
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

/// Documents.
impl Unit {
    /// Adds a document; its pieces follow.
    pub async fn add_document(&mut self, document: &Document, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Documents);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO document (id, body_code, name, kind, size, sha256, author,
                   recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(document.id)
            .bind(&document.body)
            .bind(&document.name)
            .bind(document.kind.name())
            .bind(document.size)
            .bind(&document.sha256)
            .bind(&document.author)
            .bind(document.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Adds a piece of a document, numbered from 0.
    pub async fn add_document_part(
        &mut self,
        document: Uuid,
        number: i64,
        content: Vec<u8>,
    ) -> Result<()> {
        let values = vec![
            Bind::Id(document),
            Bind::Integer(Some(number)),
            Bind::Bytes(content),
        ];
        let columns = ["document_id", "number", "content"];
        self.append("document_part", &columns, values).await
    }

    /// A piece of a document, from 0.
    pub async fn document_part(&mut self, document: Uuid, number: i64) -> Result<Option<Vec<u8>>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar(
                "SELECT content FROM document_part WHERE document_id = $1 AND number = $2",
            )
            .bind(document)
            .bind(number)
            .fetch_optional(conn)
            .await?
        }))
    }

    /// One document.
    pub async fn document(&mut self, id: Uuid) -> Result<Option<Document>> {
        on!(self, |conn| {
            sqlx::query(
                "SELECT id, body_code, name, kind, size, sha256, author, recorded_at
                 FROM document WHERE id = $1",
            )
            .bind(id)
            .fetch_optional(conn)
            .await?
            .as_ref()
            .map(document)
            .transpose()
        })
    }

    /// The documents of a body, in the order they were sent.
    pub async fn documents(&mut self, body: &str) -> Result<Vec<Document>> {
        on!(self, |conn| {
            sqlx::query(
                "SELECT id, body_code, name, kind, size, sha256, author, recorded_at
                 FROM document WHERE body_code = $1 ORDER BY recorded_at, id",
            )
            .bind(body)
            .fetch_all(conn)
            .await?
            .iter()
            .map(document)
            .collect()
        })
    }
}

fn document<'r, R>(row: &'r R) -> Result<Document>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
{
    let kind: String = row.try_get(3)?;
    Ok(Document {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        name: row.try_get(2)?,
        kind: Kind::named(&kind)
            .ok_or_else(|| Error::Stored(format!("il tipo di documento «{kind}»")))?,
        size: row.try_get(4)?,
        sha256: row.try_get(5)?,
        author: row.try_get(6)?,
        recorded_at: row.try_get(7)?,
    })
}
