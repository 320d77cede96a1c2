//! What the board of the campaign counts, by when bodies are asked to declare, and what they declared.
//!
//! The present is counted from narrow indexes alone (migration 0006): the board of 133 bodies reads no
//! row of a device. A past moment is counted from the revisions and from what was said in review. Both
//! give the same numbers; enforced by `tests/it/campaign.rs`, the speed by `benches/board.rs`.

use super::device::instant;
use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, on};
use crate::census::campaign::{DeclarationKind, Figure, Tally};
use crate::census::filter::Moment;
use crate::census::journal::{Seal, Sealed};
use crate::clock::Instant;
use sqlx::Row;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A date by which a body is asked to declare, as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body.
    pub body: String,
    /// The day, ISO 8601; empty when the date was taken away.
    pub day: String,
    /// The account of who set it.
    pub author: String,
    /// When.
    pub at: Instant,
}

/// What a body declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body.
    pub body: String,
    /// When.
    pub at: Instant,
    /// The account of who declared.
    pub author: String,
    /// Their name.
    pub signer: String,
    /// What kind of declaration.
    pub kind: DeclarationKind,
    /// How many devices it covers.
    pub devices: i64,
    /// How many of them were accepted by then, as they are declared.
    pub accepted: i64,
    /// How many for each function and state.
    pub figures: Vec<Figure>,
    /// The hash of the revisions that are declared, as 64 hexadecimal digits.
    pub hash: String,
    /// What the person added in words; may be empty.
    pub text: String,
}

/// One revision that a declaration covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The revision.
    pub revision: Uuid,
    /// The hash of what it says.
    pub hash: String,
    /// The function of the device, by its code.
    pub function: String,
    /// Its state, by its code.
    pub state: String,
    /// Whether it is the accepted state of the device.
    pub accepted: bool,
}

/// One group of the first statement of the board: devices that are alike in all it counts.
type Group = (String, String, i64, i64, i64, i64, i64);

/// Groups are counted rather than summed up: they stand one after the other in the index, and a sum
/// for each row takes twice the time.
const ALIKE: &str = "ente, stage, missing, warnings, asked, known";

const DECLARATION: &str = "SELECT id, body_code, at, author, signer, kind, devices, accepted, \
                           figures, hash, text FROM declaration";

/// Counting.
impl Unit {
    /// The numbers of a body, or of all that have any, at a moment, by code.
    pub async fn campaign_tallies(
        &mut self,
        body: Option<&str>,
        moment: Moment,
    ) -> Result<Vec<Tally>> {
        let mut tallies = Tallies::default();
        let groups = match moment {
            Moment::Now => present(body),
            past => as_it_was(body, past),
        };
        let groups: Vec<Group> = on!(self, |conn| {
            bound!(sqlx::query_as::<_, Group>, groups)
                .fetch_all(conn)
                .await?
        });
        for group in groups {
            tallies.add(group);
        }
        for (number, since) in [
            (accepted_apart as Question, Tallies::accepted as Answer),
            (waiting, Tallies::waiting),
            (sent_back, Tallies::sent_back),
            (taken_out, Tallies::taken_out),
            (last_sent, Tallies::sent),
        ] {
            let statement = number(body, moment);
            let rows: Vec<(String, i64, Option<i64>)> = on!(self, |conn| {
                bound!(sqlx::query_as::<_, (String, i64, Option<i64>)>, statement)
                    .fetch_all(conn)
                    .await?
            });
            for (body, devices, at) in rows {
                since(tallies.of(body), devices, at);
            }
        }
        Ok(tallies.0.into_values().collect())
    }
}

type Question = fn(Option<&str>, Moment) -> Statement;
type Answer = fn(&mut Tally, i64, Option<Instant>);

#[derive(Default)]
struct Tallies(BTreeMap<String, Tally>);

impl Tallies {
    fn of(&mut self, body: String) -> &mut Tally {
        self.0.entry(body).or_insert_with_key(|body| Tally {
            body: body.clone(),
            ..Tally::default()
        })
    }

    fn add(&mut self, group: Group) {
        let (body, stage, missing, warnings, asked, known, devices) = group;
        let all_if = |some: bool| if some { devices } else { 0 };
        let incomplete = all_if(missing > 0);
        let tally = self.of(body);
        tally.devices += devices;
        tally.asked += asked * devices;
        tally.known += known * devices;
        tally.warnings += warnings * devices;
        tally.warned += all_if(warnings > 0);
        tally.incomplete += incomplete;
        match stage.as_str() {
            "convalidata" => tally.accepted += devices,
            "bozza" => {
                tally.unsent += devices;
                tally.ready += devices - incomplete;
            }
            _ => {}
        }
    }

    fn accepted(tally: &mut Tally, devices: i64, _since: Option<Instant>) {
        tally.accepted += devices;
    }

    fn waiting(tally: &mut Tally, devices: i64, since: Option<Instant>) {
        tally.waiting = devices;
        tally.waiting_since = since;
    }

    fn sent_back(tally: &mut Tally, devices: i64, since: Option<Instant>) {
        tally.to_mend = devices;
        tally.to_mend_since = since;
    }

    fn taken_out(tally: &mut Tally, devices: i64, _since: Option<Instant>) {
        tally.taken_out = devices;
    }

    fn sent(tally: &mut Tally, _devices: i64, last: Option<Instant>) {
        tally.sent_at = last;
    }
}

/// `AND column = body`, when one is asked for.
fn only(statement: &mut Statement, column: &str, body: Option<&str>) {
    if let Some(body) = body {
        statement.push(" AND ").push(column).push(" = ").text(body);
    }
}

fn present(body: Option<&str>) -> Statement {
    let mut statement = Statement::new("SELECT ");
    statement
        .push(ALIKE)
        .push(", count(*) FROM revision WHERE working AND NOT withdrawn");
    only(&mut statement, "ente", body);
    statement.push(" GROUP BY ").push(ALIKE);
    statement
}

/// The working states of a past moment, `r`, with how far each had come in review by then, `stage`:
/// what was said last of that revision.
fn then(statement: &mut Statement, body: Option<&str>, moment: Moment) {
    statement.push(
        "(SELECT r.ente, r.device_id, r.id AS revision_id, r.withdrawn, r.asked, r.known, \
         r.warnings, r.missing, CASE WHEN r.accepted_from <= ",
    );
    instant(statement, moment);
    statement.push(
        " THEN 'convalidata' ELSE CASE coalesce((SELECT v.kind FROM review v \
         WHERE v.device_id = r.device_id AND v.revision_id = r.id AND v.kind <> 'messaggio' \
         AND v.at <= ",
    );
    instant(statement, moment);
    statement.push(
        " ORDER BY v.at DESC, v.id DESC LIMIT 1), '') WHEN 'invio' THEN 'inviata' \
         WHEN 'rinvio' THEN 'rimandata' ELSE 'bozza' END END AS stage \
         FROM revision r WHERE r.written_at <= ",
    );
    instant(statement, moment);
    only(statement, "r.ente", body);
    statement.push(
        " AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.device_id = r.device_id \
         AND n.number = r.number + 1 AND n.written_at <= ",
    );
    instant(statement, moment);
    statement.push(")) AS w");
}

fn as_it_was(body: Option<&str>, moment: Moment) -> Statement {
    let mut statement = Statement::new("SELECT ");
    statement.push(ALIKE).push(", count(*) FROM ");
    then(&mut statement, body, moment);
    statement.push(" WHERE NOT withdrawn GROUP BY ").push(ALIKE);
    statement
}

/// `a` was the accepted state at a past moment.
fn was_accepted(statement: &mut Statement, moment: Moment) {
    statement.push("a.accepted_from <= ");
    instant(statement, moment);
    statement.push(" AND (a.accepted_to IS NULL OR a.accepted_to > ");
    instant(statement, moment);
    statement.push(")");
}

/// The accepted states of devices that were edited since.
fn accepted_apart(body: Option<&str>, moment: Moment) -> Statement {
    let mut statement =
        Statement::new("SELECT a.ente, count(*), CAST(NULL AS BIGINT) FROM revision a WHERE ");
    if moment == Moment::Now {
        statement.push("a.accepted AND NOT a.working");
    } else {
        was_accepted(&mut statement, moment);
        statement.push(
            " AND EXISTS (SELECT 1 FROM revision n WHERE n.device_id = a.device_id \
             AND n.number = a.number + 1 AND n.written_at <= ",
        );
        instant(&mut statement, moment);
        statement.push(")");
    }
    statement.push(" AND NOT a.withdrawn");
    only(&mut statement, "a.ente", body);
    statement.push(" GROUP BY a.ente");
    statement
}

fn waiting(body: Option<&str>, moment: Moment) -> Statement {
    if moment == Moment::Now {
        let mut statement = Statement::new(
            "SELECT ente, count(*), min(submitted_at) FROM revision WHERE stage = 'inviata'",
        );
        only(&mut statement, "ente", body);
        statement.push(" GROUP BY ente");
        return statement;
    }
    let mut statement = Statement::new(
        "SELECT v.body_code, count(*), min(v.at) FROM review v WHERE v.kind = 'invio' AND v.at <= ",
    );
    instant(&mut statement, moment);
    only(&mut statement, "v.body_code", body);
    statement.push(
        " AND NOT EXISTS (SELECT 1 FROM review n WHERE n.device_id = v.device_id \
         AND n.kind <> 'messaggio' AND n.at <= ",
    );
    instant(&mut statement, moment);
    statement.push(" AND (n.at > v.at OR (n.at = v.at AND n.id > v.id))) GROUP BY v.body_code");
    statement
}

fn sent_back(body: Option<&str>, moment: Moment) -> Statement {
    let mut statement =
        Statement::new("SELECT w.ente, count(DISTINCT w.device_id), min(v.at) FROM ");
    if moment == Moment::Now {
        statement.push(
            "(SELECT ente, device_id, id AS revision_id FROM revision \
                        WHERE working AND stage = 'rimandata'",
        );
        only(&mut statement, "ente", body);
        statement.push(") AS w");
    } else {
        then(&mut statement, body, moment);
    }
    statement.push(
        " JOIN review v ON v.device_id = w.device_id AND v.revision_id = w.revision_id \
         AND v.kind = 'rinvio'",
    );
    if moment != Moment::Now {
        statement.push(" AND v.at <= ");
        instant(&mut statement, moment);
        statement.push(" WHERE w.stage = 'rimandata'");
    }
    statement.push(" GROUP BY w.ente");
    statement
}

/// The devices taken out that are still accepted, where that was not sent.
fn taken_out(body: Option<&str>, moment: Moment) -> Statement {
    let mut statement = Statement::new("SELECT w.ente, count(*), CAST(NULL AS BIGINT) FROM ");
    if moment == Moment::Now {
        statement.push("revision w WHERE w.working AND w.withdrawn");
    } else {
        then(&mut statement, body, moment);
        statement.push(" WHERE w.withdrawn");
    }
    only(&mut statement, "w.ente", body);
    statement.push(
        " AND w.stage = 'bozza' AND EXISTS \
         (SELECT 1 FROM revision a WHERE a.device_id = w.device_id AND ",
    );
    if moment == Moment::Now {
        statement.push("a.accepted");
    } else {
        was_accepted(&mut statement, moment);
    }
    statement.push(") GROUP BY w.ente");
    statement
}

/// When anything of each body was last sent, or accepted otherwise than it was sent.
fn last_sent(body: Option<&str>, moment: Moment) -> Statement {
    let mut statement = Statement::new(
        "SELECT b.code, CAST(0 AS BIGINT), (SELECT max(v.at) FROM review v \
         WHERE v.body_code = b.code AND v.kind IN ('invio', 'convalida_parziale') AND v.at <= ",
    );
    instant(&mut statement, moment);
    statement.push(") FROM body b WHERE 1 = 1");
    only(&mut statement, "b.code", body);
    statement
}

/// Due dates.
impl Unit {
    /// Adds what was said of due dates.
    pub async fn add_due(&mut self, rows: &[DueRow], seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Dues);
        let text = |text: &str| Bind::Text(Some(text.to_owned()));
        let values = rows.iter().flat_map(|row| {
            [
                Bind::Id(row.id),
                text(&row.body),
                text(&row.day),
                text(&row.author),
                Bind::Integer(Some(row.at)),
                Bind::Id(seal.entry),
            ]
        });
        let columns = ["id", "body_code", "day", "author", "at", "entry_id"];
        self.append("due", &columns, values.collect()).await
    }

    /// The date that counts for a body, or for all that have one, at a moment, by code: of each the
    /// last that was set.
    pub async fn due(&mut self, body: Option<&str>, moment: Moment) -> Result<Vec<DueRow>> {
        let mut statement =
            Statement::new("SELECT id, body_code, day, author, at FROM due WHERE at <= ");
        instant(&mut statement, moment);
        only(&mut statement, "body_code", body);
        statement.push(" ORDER BY body_code, at, id");
        let rows: Vec<DueRow> = on!(self, |conn| {
            bound!(
                sqlx::query_as::<_, (Uuid, String, String, String, i64)>,
                statement
            )
            .fetch_all(conn)
            .await?
        })
        .into_iter()
        .map(|(id, body, day, author, at)| DueRow {
            id,
            body,
            day,
            author,
            at,
        })
        .collect();
        let last: BTreeMap<String, DueRow> = rows
            .into_iter()
            .map(|row| (row.body.clone(), row))
            .collect();
        Ok(last
            .into_values()
            .filter(|row| !row.day.is_empty())
            .collect())
    }
}

/// Declarations.
impl Unit {
    /// Adds a declaration.
    pub async fn add_declaration(&mut self, one: &Declaration, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Declarations);
        let figures = serde_json::to_string(&one.figures)
            .map_err(|error| Error::Stored(error.to_string()))?;
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO declaration (id, body_code, at, author, signer, kind, devices,
                   accepted, figures, hash, text, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(one.id)
            .bind(&one.body)
            .bind(one.at)
            .bind(&one.author)
            .bind(&one.signer)
            .bind(one.kind.name())
            .bind(one.devices)
            .bind(one.accepted)
            .bind(&figures)
            .bind(&one.hash)
            .bind(&one.text)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// What a body declared, the last first.
    pub async fn declarations(&mut self, body: &str) -> Result<Vec<Declaration>> {
        let mut statement = Statement::new(DECLARATION);
        statement
            .push(" WHERE body_code = ")
            .text(body)
            .push(" ORDER BY at DESC, id DESC");
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(declaration)
                .collect()
        })
    }

    /// When each body last declared, until a moment, by code.
    pub async fn last_declared(
        &mut self,
        body: Option<&str>,
        moment: Moment,
    ) -> Result<Vec<(String, Instant)>> {
        let mut statement =
            Statement::new("SELECT body_code, max(at) FROM declaration WHERE at <= ");
        instant(&mut statement, moment);
        only(&mut statement, "body_code", body);
        statement.push(" GROUP BY body_code ORDER BY body_code");
        Ok(on!(self, |conn| {
            bound!(sqlx::query_as::<_, (String, i64)>, statement)
                .fetch_all(conn)
                .await?
        }))
    }

    /// What a body declares at a moment, by the identifier of the revision: the working states, those
    /// taken out left aside.
    pub async fn declared(&mut self, body: &str, moment: Moment) -> Result<Vec<Declared>> {
        let mut statement = Statement::new(
            "SELECT a.id, a.hash, a.funzione, a.stato, a.accepted FROM revision a WHERE ",
        );
        if moment == Moment::Now {
            statement.push("a.working");
        } else {
            statement.push("a.written_at <= ");
            instant(&mut statement, moment);
            statement.push(
                " AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.device_id = a.device_id \
                 AND n.number = a.number + 1 AND n.written_at <= ",
            );
            instant(&mut statement, moment);
            statement.push(")");
        }
        statement
            .push(" AND NOT a.withdrawn AND a.ente = ")
            .text(body);
        statement.push(" ORDER BY a.id");
        Ok(on!(self, |conn| {
            bound!(
                sqlx::query_as::<_, (Uuid, String, String, String, bool)>,
                statement
            )
            .fetch_all(conn)
            .await?
        })
        .into_iter()
        .map(|(revision, hash, function, state, accepted)| Declared {
            revision,
            hash,
            function,
            state,
            accepted,
        })
        .collect())
    }

    /// When each body was last sent a reminder, by code, as the history tells.
    pub async fn last_reminded(&mut self) -> Result<Vec<(String, Instant)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as(
                "SELECT body_code, max(at) FROM journal
                 WHERE act = 'sollecito' AND body_code IS NOT NULL
                 GROUP BY body_code ORDER BY body_code",
            )
            .fetch_all(conn)
            .await?
        }))
    }

    /// Who has which body's census in hand, by code.
    pub async fn claims(&mut self) -> Result<Vec<(String, String, Instant)>> {
        Ok(on!(self, |conn| {
            sqlx::query_as("SELECT body_code, account, claimed_at FROM claim ORDER BY body_code")
                .fetch_all(conn)
                .await?
        }))
    }
}

/// A declaration, from a row of [`DECLARATION`].
fn declaration<'r, R>(row: &'r R) -> Result<Declaration>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    Uuid: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let kind: String = row.try_get(5)?;
    let figures: String = row.try_get(8)?;
    Ok(Declaration {
        id: row.try_get(0)?,
        body: row.try_get(1)?,
        at: row.try_get(2)?,
        author: row.try_get(3)?,
        signer: row.try_get(4)?,
        kind: DeclarationKind::ALL
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| Error::Stored(format!("la dichiarazione «{kind}»")))?,
        devices: row.try_get(6)?,
        accepted: row.try_get(7)?,
        figures: serde_json::from_str(&figures)
            .map_err(|error| Error::Stored(error.to_string()))?,
        hash: row.try_get(9)?,
        text: row.try_get(10)?,
    })
}
