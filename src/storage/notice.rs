//! What people are told. Written in the transaction of what it tells; what somebody has not read yet
//! of one body and one kind is one row that counts.

use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, on};
use crate::census::notice::{Kind, Notice};
use crate::clock::Instant;
use sqlx::Row;
use uuid::Uuid;

const NOTICE: &str = "SELECT id, account, body_code, kind, at, author, devices, device_id, text, \
                      read_at FROM notice WHERE account = ";

impl Unit {
    /// Tells somebody something. Where they have not read yet what they were told before of the same
    /// body and kind, that grows instead: it names a device only as long as it is about that one.
    pub async fn tell(&mut self, notice: &Notice) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO notice (id, account, body_code, kind, at, author, devices, device_id,
                   text, read_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)
                 ON CONFLICT (account, body_code, kind) WHERE read_at IS NULL DO UPDATE SET
                   devices = CASE WHEN notice.device_id = excluded.device_id THEN notice.devices
                                  ELSE notice.devices + excluded.devices END,
                   device_id = CASE WHEN notice.device_id = excluded.device_id
                                    THEN notice.device_id END,
                   at = excluded.at, author = excluded.author, text = excluded.text",
            )
            .bind(notice.id)
            .bind(&notice.account)
            .bind(&notice.body)
            .bind(notice.kind.name())
            .bind(notice.at)
            .bind(&notice.author)
            .bind(notice.devices)
            .bind(notice.device)
            .bind(&notice.text)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// How many notices somebody has not read, of these bodies, or of all.
    pub async fn unread(&mut self, account: &str, bodies: Option<&[String]>) -> Result<i64> {
        let mut statement =
            Statement::new("SELECT count(*) FROM notice WHERE read_at IS NULL AND account = ");
        statement.text(account);
        of(&mut statement, bodies);
        Ok(on!(self, |conn| {
            bound!(sqlx::query_scalar, statement)
                .fetch_one(conn)
                .await?
        }))
    }

    /// What somebody was told of these bodies, or of all: what they have not read first, then the
    /// last first, at most so many.
    pub async fn notices(
        &mut self,
        account: &str,
        bodies: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<Notice>> {
        let mut statement = Statement::new(NOTICE);
        statement.text(account);
        of(&mut statement, bodies);
        statement
            .push(" ORDER BY CASE WHEN read_at IS NULL THEN 0 ELSE 1 END, at DESC, id DESC LIMIT ")
            .bind(Bind::Integer(Some(most)));
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(notice)
                .collect()
        })
    }

    /// Notes that somebody has read one notice of theirs, or all; says how many were not read before.
    pub async fn mark_read(&mut self, account: &str, id: Option<Uuid>, at: Instant) -> Result<u64> {
        let mut statement = Statement::new("UPDATE notice SET read_at = ");
        statement
            .bind(Bind::Integer(Some(at)))
            .push(" WHERE read_at IS NULL AND account = ")
            .text(account);
        if let Some(id) = id {
            statement.push(" AND id = ").bind(Bind::Id(id));
        }
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .execute(conn)
                .await?
                .rows_affected()
        }))
    }

    /// Notes as read what was told of devices of a body that were sent back, once they wait for a
    /// reviewer again: of several devices, once none is left as it was sent back.
    pub async fn settle_sent_back(&mut self, body: &str, at: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "UPDATE notice SET read_at = $2
                 WHERE read_at IS NULL AND kind = 'rimandato' AND body_code = $1
                   AND CASE WHEN device_id IS NULL
                     THEN NOT EXISTS (SELECT 1 FROM revision r
                       WHERE r.ente = $1 AND r.working AND r.stage = 'rimandata')
                     ELSE EXISTS (SELECT 1 FROM revision r
                       WHERE r.device_id = notice.device_id AND r.stage = 'inviata') END",
            )
            .bind(body)
            .bind(at)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The accounts of who reviews and may sign in, by account.
    pub async fn reviewers(&mut self) -> Result<Vec<String>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar(
                "SELECT DISTINCT p.account FROM person p JOIN person_role r ON r.person_id = p.id
                 WHERE r.role = 'validatore' AND p.disabled_at IS NULL ORDER BY p.account",
            )
            .fetch_all(conn)
            .await?
        }))
    }

    /// The accounts of who writes the devices of a body and may sign in, by account, with their names.
    pub async fn officers(&mut self, body: &str) -> Result<Vec<(String, String)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as(
                "SELECT p.account, p.name FROM person p JOIN person_role r ON r.person_id = p.id
                 WHERE r.role = 'compilatore' AND r.body_code = $1 AND p.disabled_at IS NULL
                 ORDER BY p.account",
            )
            .bind(body)
            .fetch_all(conn)
            .await?
        }))
    }
}

fn of(statement: &mut Statement, bodies: Option<&[String]>) {
    match bodies {
        None => {}
        Some([]) => {
            statement.push(" AND 1 = 0");
        }
        Some(some) => {
            statement
                .push(" AND body_code IN ")
                .texts(some.iter().map(String::as_str));
        }
    }
}

fn notice<'r, R>(row: &'r R) -> Result<Notice>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<Uuid>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let kind: String = row.try_get(3)?;
    Ok(Notice {
        id: row.try_get(0)?,
        account: row.try_get(1)?,
        body: row.try_get(2)?,
        kind: Kind::named(&kind).ok_or_else(|| Error::Stored(format!("l’avviso «{kind}»")))?,
        at: row.try_get(4)?,
        author: row.try_get(5)?,
        devices: row.try_get(6)?,
        device: row.try_get(7)?,
        text: row.try_get(8)?,
        read_at: row.try_get(9)?,
    })
}
