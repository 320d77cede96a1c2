//! Devices and their revisions.
//!
//! A device is an identity; all it says stands in its revisions. The working and the accepted
//! state are two marks on revisions, so a state is never stored twice.

use super::statement::{Bind, Statement, bound, containing};
use super::{Error, Result, Unit, dialect, on};
use crate::census::duplicate::{Figures, Stand};
use crate::census::filter::{Edge, Filter, Moment, Open, Scope, Slice, Sort, State, Tier};
use crate::census::journal::{Seal, Sealed};
use crate::census::record::{Record, Store as StoredAs, Value};
use crate::census::review::Stage;
use crate::census::revision::{Provenance, Revision, Source};
use crate::census::vocabulary::{ATTRIBUTES, Field};
use crate::clock::Instant;
use futures_util::TryStreamExt;
use sqlx::{ColumnIndex, Decode, Row, Type};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;
use uuid::Uuid;

/// A device's identity and how far its revisions have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its identifier.
    pub id: Uuid,
    /// The body it belongs to.
    pub body: String,
    /// The body's own code for it.
    pub code: String,
    /// The number of its last revision.
    pub number: i64,
}

/// A device as a map draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The device.
    pub device: Uuid,
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// The body's own code.
    pub codice: String,
    /// Its name.
    pub denominazione: String,
    /// Whose it is.
    pub ente: String,
    /// What it does.
    pub funzione: String,
    /// Its state.
    pub stato: String,
    /// Its standing towards the national system.
    pub stato_scntt: String,
    /// The code of its site; empty for none.
    pub sito: String,
    /// Which way it looks: degrees clockwise from north.
    pub azimut: Option<i64>,
    /// Which traffic it looks at.
    pub direzione: Option<String>,
    /// Whether warnings are open on it.
    pub warnings: bool,
}

/// What tells a device from another at the same place.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// Degrees east, WGS 84.
    pub lon: f64,
    /// Degrees north, WGS 84.
    pub lat: f64,
    /// Whose it is.
    pub ente: &'a str,
    /// The body's own code.
    pub codice: &'a str,
    /// What it does.
    pub funzione: &'a str,
    /// Which way it looks: degrees clockwise from north.
    pub azimut: Option<i64>,
    /// Which traffic it looks at; may be empty.
    pub direzione: &'a str,
}

/// A page of a list, and whether there is more on either side.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The devices, each in the state asked for.
    pub rows: Vec<Revision>,
    /// Whether something precedes them.
    pub before: bool,
    /// Whether something follows them.
    pub after: bool,
}

const META: &str = "r.id, r.device_id, r.number, r.written_at, r.author, r.source, r.withdrawn, \
                    r.accepted, r.position_text, r.position_crs, r.position_operation, \
                    r.position_accuracy_m, r.confirmed, r.warnings, r.batch_id, r.stage, \
                    r.submitted_at, r.accepted_from";

/// How many columns of a revision precede its attributes.
const META_COLUMNS: usize = 18;

/// The columns of [`revision`].
pub(super) static SELECTED: LazyLock<String> = LazyLock::new(|| {
    let mut text = format!("SELECT {META}");
    for attribute in ATTRIBUTES {
        let _ = write!(text, ", r.{}", attribute.name);
    }
    text
});

static SELECT: LazyLock<String> = LazyLock::new(|| format!("{} FROM revision r", *SELECTED));

/// How many columns [`SELECTED`] has.
pub(super) const fn selected() -> usize {
    META_COLUMNS + ATTRIBUTES.len()
}

/// The columns of a revision in the order of [`push_revision`].
static COLUMNS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let meta = [
        "id",
        "device_id",
        "number",
        "written_at",
        "author",
        "source",
        "withdrawn",
        "working",
        "accepted",
        "position_text",
        "position_crs",
        "position_operation",
        "position_accuracy_m",
        "confirmed",
        "warnings",
        "missing",
        "search",
        "batch_id",
        "stage",
        "accepted_from",
        "asked",
        "known",
        "hash",
        "entry_id",
    ];
    let attributes = ATTRIBUTES.iter().map(|attribute| attribute.name);
    meta.into_iter().chain(attributes).collect()
});

/// How many numbered binds go into one statement. SQLite looks each of them up among those before
/// it, so a statement costs the square of them: 30,000 take three seconds, 1,000 a few
/// milliseconds.
const BINDS: usize = 1_000;

/// How many identifiers go into one statement.
const IDS: usize = 200;

/// Revisions in the form in which they are written, which takes time to make and no database.
#[derive(Debug, Default)]
pub struct Revisions {
    /// The devices that have an earlier state.
    later: Vec<Uuid>,
    values: Vec<Bind>,
    /// The hash of each, in order.
    hashes: Vec<String>,
}

impl Revisions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / COLUMNS.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether there are enough to be worth a statement.
    #[must_use]
    pub fn are_due(&self, unit: &Unit) -> bool {
        self.len() >= dialect::worth_writing(unit)
    }

    /// Puts others after these.
    pub fn join(&mut self, mut others: Self) {
        self.later.append(&mut others.later);
        self.values.append(&mut others.values);
        self.hashes.append(&mut others.hashes);
    }

    /// Makes revisions ready; `entry` is the record of the history that will cover them.
    pub fn of(revisions: Vec<Revision>, entry: Uuid) -> Result<Self> {
        let later = revisions.iter().filter(|next| next.number > 1);
        let later = later.map(|next| next.device).collect();
        let mut values = Vec::with_capacity(revisions.len() * COLUMNS.len());
        let mut hashes = Vec::with_capacity(revisions.len());
        for revision in revisions {
            hashes.push(push_revision(&mut values, revision, entry)?);
        }
        Ok(Self {
            later,
            values,
            hashes,
        })
    }
}

impl Unit {
    /// Adds devices, without any state yet.
    pub async fn add_devices(&mut self, devices: &[Device], now: Instant) -> Result<()> {
        let values = devices.iter().flat_map(|device| {
            [
                Bind::Id(device.id),
                Bind::Text(Some(device.body.clone())),
                Bind::Text(Some(device.code.clone())),
                Bind::Integer(Some(device.number)),
                Bind::Integer(Some(now)),
            ]
        });
        let columns = ["id", "body_code", "code", "number", "created_at"];
        self.append("device", &columns, values.collect()).await
    }

    /// Adds revisions and makes each the working state of its device.
    pub async fn add_revisions(&mut self, revisions: Vec<Revision>, seal: &mut Seal) -> Result<()> {
        let ready = Revisions::of(revisions, seal.entry)?;
        self.write_revisions(ready, seal).await
    }

    /// Adds revisions that were made ready, and makes each the working state of its device.
    pub async fn write_revisions(&mut self, revisions: Revisions, seal: &mut Seal) -> Result<()> {
        for batch in revisions.later.chunks(IDS) {
            self.retire_working(batch).await?;
        }
        for hash in &revisions.hashes {
            seal.add(Sealed::Revisions, hash);
        }
        self.append("revision", &COLUMNS, revisions.values).await
    }

    /// Takes the working mark from the present states of devices that get a later one.
    async fn retire_working(&mut self, later: &[Uuid]) -> Result<()> {
        let devices = |statement: &mut Statement| {
            statement.push(" IN ").ids(later.iter().copied());
        };
        let mut retire =
            Statement::new("UPDATE revision SET working = FALSE WHERE working AND device_id");
        devices(&mut retire);
        // The working state is always the last one.
        let mut count = Statement::new("UPDATE device SET number = number + 1 WHERE id");
        devices(&mut count);
        on!(self, |conn| {
            bound!(sqlx::query, retire).execute(&mut *conn).await?;
            bound!(sqlx::query, count).execute(conn).await?;
        });
        Ok(())
    }

    /// The device of a body with this code.
    pub async fn device_with_code(&mut self, body: &str, code: &str) -> Result<Option<Device>> {
        Ok(self.devices_with_codes(body, &[code]).await?.pop())
    }

    /// The devices of a body with these codes, in no order.
    pub async fn devices_with_codes(&mut self, body: &str, codes: &[&str]) -> Result<Vec<Device>> {
        let mut found = Vec::new();
        for batch in codes.chunks(BINDS) {
            let mut statement =
                Statement::new("SELECT id, body_code, code, number FROM device WHERE body_code = ");
            statement
                .text(body)
                .push(" AND code IN ")
                .texts(batch.iter().copied());
            found.extend(on!(self, |conn| {
                bound!(sqlx::query, statement)
                    .fetch_all(conn)
                    .await?
                    .iter()
                    .map(|row| {
                        Ok(Device {
                            id: row.try_get("id")?,
                            body: row.try_get("body_code")?,
                            code: row.try_get("code")?,
                            number: row.try_get("number")?,
                        })
                    })
                    .collect::<Result<Vec<_>, sqlx::Error>>()?
            }));
        }
        Ok(found)
    }

    /// The working states of the devices of a body with these codes, in no order.
    pub async fn working_with_codes(
        &mut self,
        body: &str,
        codes: &[&str],
    ) -> Result<Vec<Revision>> {
        let list =
            serde_json::to_string(codes).map_err(|error| Error::Stored(error.to_string()))?;
        let mut statement = Statement::new(&SELECT);
        statement
            .push(" WHERE r.working AND r.ente = ")
            .text(body)
            .push(" AND r.codice IN ")
            .push(dialect::elements(self).0)
            .text(&list)
            .push(dialect::elements(self).1);
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(revision)
                .collect()
        })
    }

    /// The bodies that have devices.
    pub async fn bodies_with_devices(&mut self) -> Result<Vec<String>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT DISTINCT body_code FROM device")
                .fetch_all(conn)
                .await?
        }))
    }

    /// Calls a function with what tells apart each device that the filter finds, one by one.
    pub async fn each_mark(
        &mut self,
        filter: &Filter,
        mut mark: impl FnMut(Mark<'_>) + Send,
    ) -> Result<()> {
        let mut statement = Statement::new(
            "SELECT r.lon, r.lat, r.ente, r.codice, r.funzione, r.azimut, r.direzione \
             FROM revision r WHERE ",
        );
        condition(&mut statement, filter);
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                mark(Mark {
                    lon: row.try_get(0)?,
                    lat: row.try_get(1)?,
                    ente: row.try_get(2)?,
                    codice: row.try_get(3)?,
                    funzione: row.try_get(4)?,
                    azimut: row.try_get(5)?,
                    direzione: row.try_get::<Option<&str>, _>(6)?.unwrap_or_default(),
                });
            }
        });
        Ok(())
    }

    /// Calls a function with each device that the filter finds, its body and what may rule out that
    /// it is another, one by one.
    pub async fn each_stand(
        &mut self,
        filter: &Filter,
        mut stand: impl FnMut(Uuid, &str, Stand) + Send,
    ) -> Result<()> {
        let mut statement = Statement::new(
            "SELECT r.device_id, r.ente, r.lon, r.lat, r.precisione_m, r.azimut, r.direzione, \
             r.funzione, r.matricola FROM revision r WHERE ",
        );
        condition(&mut statement, filter);
        on!(self, |conn| {
            let mut rows = bound!(sqlx::query, statement).fetch(conn);
            while let Some(row) = rows.try_next().await? {
                let figures = Figures {
                    lon: row.try_get(2)?,
                    lat: row.try_get(3)?,
                    precision_m: row.try_get(4)?,
                    azimut: row.try_get(5)?,
                    direzione: row.try_get::<Option<&str>, _>(6)?.unwrap_or_default(),
                    funzione: row.try_get(7)?,
                    matricola: row.try_get::<Option<&str>, _>(8)?.unwrap_or_default(),
                };
                stand(row.try_get(0)?, row.try_get(1)?, Stand::new(&figures));
            }
        });
        Ok(())
    }

    /// Those of these devices that the filter finds, each in the state it asks for, in no order.
    pub async fn states(&mut self, filter: &Filter, devices: &[Uuid]) -> Result<Vec<Revision>> {
        let mut found = Vec::new();
        for batch in devices.chunks(IDS) {
            let mut rest = Statement::default();
            rest.push(" WHERE ");
            condition(&mut rest, filter);
            rest.push(" AND r.device_id IN ").ids(batch.iter().copied());
            found.extend(self.revisions(rest).await?);
        }
        Ok(found)
    }

    /// Keeps a device from being written by anybody else until the end of this unit.
    pub async fn hold_device(&mut self, device: Uuid) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE device SET number = number WHERE id = $1")
                .bind(device)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// The number of a device's last revision.
    pub async fn device_number(&mut self, device: Uuid) -> Result<Option<i64>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT number FROM device WHERE id = $1")
                .bind(device)
                .fetch_optional(conn)
                .await?
        }))
    }

    /// Gives a device another code; the body must not have it yet.
    pub async fn rename_device(&mut self, device: Uuid, body: &str, code: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE device SET body_code = $2, code = $3 WHERE id = $1")
                .bind(device)
                .bind(body)
                .bind(code)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// A page of the devices that the filter finds.
    pub async fn devices(&mut self, filter: &Filter, slice: &Slice) -> Result<Listed> {
        let (columns, descending) = order(slice.sort);
        let backwards = matches!(slice.from, Some((Edge::Before, _)));
        let mut statement = Statement::new(&SELECT);
        statement.push(" WHERE ");
        condition(&mut statement, filter);
        if let Some((_, key)) = &slice.from {
            let comparison = if descending == backwards {
                ") > ("
            } else {
                ") < ("
            };
            statement
                .push(" AND (")
                .push(&columns.join(", "))
                .push(comparison);
            bind_key(&mut statement, slice.sort, key)?;
            statement.push(")");
        }
        let direction = if descending == backwards { "" } else { " DESC" };
        statement.push(" ORDER BY ");
        for (index, column) in columns.iter().enumerate() {
            statement
                .push(if index == 0 { "" } else { ", " })
                .push(column)
                .push(direction);
        }
        statement.push(" LIMIT ");
        statement.bind(Bind::Integer(i64::try_from(slice.size + 1).ok()));
        let mut rows: Vec<Revision> = on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(revision)
                .collect::<Result<_>>()?
        });
        let more = rows.len() > slice.size;
        rows.truncate(slice.size);
        if backwards {
            rows.reverse();
        }
        let came_from = slice.from.is_some();
        Ok(if backwards {
            Listed {
                rows,
                before: more,
                after: came_from,
            }
        } else {
            Listed {
                rows,
                before: came_from,
                after: more,
            }
        })
    }

    /// The device that the filter finds, in the state it asks for.
    pub async fn device(&mut self, filter: &Filter) -> Result<Option<Revision>> {
        let slice = Slice {
            sort: Sort::Code,
            from: None,
            size: 1,
        };
        Ok(self.devices(filter, &slice).await?.rows.pop())
    }

    /// How many devices the filter finds.
    pub async fn count(&mut self, filter: &Filter) -> Result<i64> {
        let mut statement = Statement::new("SELECT count(*) FROM revision r WHERE ");
        condition(&mut statement, filter);
        Ok(on!(self, |conn| {
            bound!(sqlx::query_scalar, statement)
                .fetch_one(conn)
                .await?
        }))
    }

    /// How many devices the filter finds for each value of a text attribute, most first.
    pub async fn count_by(&mut self, filter: &Filter, field: Field) -> Result<Vec<(String, i64)>> {
        let name = field.name();
        let mut statement = Statement::new("SELECT coalesce(r.");
        statement
            .push(name)
            .push(", ''), count(*) FROM revision r WHERE ");
        condition(&mut statement, filter);
        statement.push(" GROUP BY 1 ORDER BY 2 DESC, 1");
        Ok(on!(self, |conn| {
            bound!(sqlx::query_as, statement).fetch_all(conn).await?
        }))
    }

    /// Which bodies, Comuni and software the devices that the filter finds have, each combination
    /// once and in no order; without software, the last is empty.
    pub async fn occurring(&mut self, filter: &Filter) -> Result<Vec<(String, String, String)>> {
        let mut statement = Statement::new(
            "SELECT DISTINCT r.ente, r.comune, coalesce(r.software, '') FROM revision r WHERE ",
        );
        condition(&mut statement, filter);
        Ok(on!(self, |conn| {
            bound!(sqlx::query_as, statement).fetch_all(conn).await?
        }))
    }

    /// The points of the devices that the filter finds, in the order of body and code.
    pub async fn points(&mut self, filter: &Filter) -> Result<Vec<Point>> {
        let mut statement = Statement::new(
            "SELECT r.device_id, r.lon, r.lat, r.codice, r.denominazione, r.ente, r.funzione, \
             r.stato, r.stato_scntt, r.sito, r.azimut, r.direzione, r.warnings FROM revision r WHERE ",
        );
        condition(&mut statement, filter);
        statement.push(" ORDER BY r.ente, r.codice");
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let warnings: i64 = row.try_get("warnings")?;
                    Ok(Point {
                        device: row.try_get("device_id")?,
                        lon: row.try_get("lon")?,
                        lat: row.try_get("lat")?,
                        codice: row.try_get("codice")?,
                        denominazione: row
                            .try_get::<Option<String>, _>("denominazione")?
                            .unwrap_or_default(),
                        ente: row.try_get("ente")?,
                        funzione: row.try_get("funzione")?,
                        stato: row.try_get("stato")?,
                        stato_scntt: row
                            .try_get::<Option<String>, _>("stato_scntt")?
                            .unwrap_or_default(),
                        sito: row
                            .try_get::<Option<String>, _>("sito")?
                            .unwrap_or_default(),
                        azimut: row.try_get("azimut")?,
                        direzione: row.try_get("direzione")?,
                        warnings: warnings > 0,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The rectangle around the devices that the filter finds: west, south, east, north.
    pub async fn extent(&mut self, filter: &Filter) -> Result<Option<[f64; 4]>> {
        let mut statement = Statement::new(
            "SELECT min(r.lon), min(r.lat), max(r.lon), max(r.lat) FROM revision r WHERE ",
        );
        condition(&mut statement, filter);
        let (west, south, east, north): (Option<f64>, Option<f64>, Option<f64>, Option<f64>) =
            on!(self, |conn| {
                bound!(sqlx::query_as, statement).fetch_one(conn).await?
            });
        Ok(west
            .zip(south)
            .zip(east.zip(north))
            .map(|((w, s), (e, n))| [w, s, e, n]))
    }

    /// Every state a device has had, the last first.
    pub async fn history(&mut self, device: Uuid) -> Result<Vec<Revision>> {
        let mut statement = Statement::new(&SELECT);
        statement
            .push(" WHERE r.device_id = ")
            .bind(Bind::Id(device));
        statement.push(" ORDER BY r.number DESC");
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(revision)
                .collect()
        })
    }

    /// For each of these revisions, by device, the one before it.
    pub async fn states_before(
        &mut self,
        revisions: &[Revision],
    ) -> Result<HashMap<Uuid, Revision>> {
        let mut found = HashMap::new();
        let later: Vec<&Revision> = revisions.iter().filter(|one| one.number > 1).collect();
        for batch in later.chunks(IDS) {
            let mut rest = Statement::default();
            rest.push(" WHERE ");
            for (index, revision) in batch.iter().enumerate() {
                rest.push(if index == 0 {
                    "(r.device_id = "
                } else {
                    " OR (r.device_id = "
                })
                .bind(Bind::Id(revision.device))
                .push(" AND r.number = ")
                .bind(Bind::Integer(Some(revision.number - 1)))
                .push(")");
            }
            let states = self.revisions(rest).await?;
            found.extend(states.into_iter().map(|state| (state.device, state)));
        }
        Ok(found)
    }

    /// The revisions that a statement finds, which begins after the columns and the table `r`.
    pub(super) async fn revisions(&mut self, rest: Statement) -> Result<Vec<Revision>> {
        let statement = rest.after(&SELECT);
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(revision)
                .collect()
        })
    }

    /// The working states of these devices, in no order.
    pub async fn working(&mut self, devices: &[Uuid]) -> Result<Vec<Revision>> {
        self.marked("r.working", devices).await
    }

    /// The accepted states of these devices, in no order.
    pub async fn accepted(&mut self, devices: &[Uuid]) -> Result<Vec<Revision>> {
        self.marked("r.accepted", devices).await
    }

    async fn marked(&mut self, mark: &str, devices: &[Uuid]) -> Result<Vec<Revision>> {
        let mut found = Vec::new();
        for batch in devices.chunks(BINDS) {
            let mut statement = Statement::new(&SELECT);
            statement
                .push(" WHERE ")
                .push(mark)
                .push(" AND r.device_id IN ")
                .ids(batch.iter().copied());
            found.extend(on!(self, |conn| {
                bound!(sqlx::query, statement)
                    .fetch_all(conn)
                    .await?
                    .iter()
                    .map(revision)
                    .collect::<Result<Vec<_>>>()?
            }));
        }
        Ok(found)
    }
}

/// The columns by which a list is sorted, and whether the last comes first. The device's
/// identifier makes every key unique.
fn order(sort: Sort) -> (Vec<&'static str>, bool) {
    match sort {
        Sort::Code => (vec!["r.ente", "r.codice", "r.device_id"], false),
        Sort::Name => (vec!["coalesce(r.denominazione, '')", "r.device_id"], false),
        Sort::Municipality => (vec!["r.comune", "r.ente", "r.codice", "r.device_id"], false),
        Sort::Function => (
            vec!["r.funzione", "r.ente", "r.codice", "r.device_id"],
            false,
        ),
        Sort::Changed => (vec!["r.written_at", "r.device_id"], true),
    }
}

/// The key of a row in a sorted list, as [`Slice::from`] takes it.
#[must_use]
pub fn key(sort: Sort, revision: &Revision) -> Vec<String> {
    let text = |field| revision.record.text(field).to_owned();
    let mut key = match sort {
        Sort::Code => vec![text(Field::Ente), text(Field::Codice)],
        Sort::Name => vec![text(Field::Denominazione)],
        Sort::Municipality => vec![text(Field::Comune), text(Field::Ente), text(Field::Codice)],
        Sort::Function => vec![
            text(Field::Funzione),
            text(Field::Ente),
            text(Field::Codice),
        ],
        Sort::Changed => vec![revision.written_at.to_string()],
    };
    key.push(revision.device.to_string());
    key
}

/// Whether texts that came from outside can be the key of a row in a list sorted like this.
#[must_use]
pub fn is_key(sort: Sort, key: &[String]) -> bool {
    let text = |part: &String| !part.contains('\0');
    let Some((device, rest)) = key.split_last() else {
        return false;
    };
    Uuid::parse_str(device).is_ok()
        && key.len() == order(sort).0.len()
        && rest.iter().all(text)
        && (sort != Sort::Changed || rest.iter().all(|part| part.parse::<Instant>().is_ok()))
}

fn bind_key(statement: &mut Statement, sort: Sort, key: &[String]) -> Result<()> {
    let unreadable = || Error::Stored("la posizione nell’elenco".to_owned());
    let columns = order(sort).0.len();
    if !is_key(sort, key) {
        return Err(unreadable());
    }
    for (index, part) in key.iter().enumerate() {
        if index > 0 {
            statement.push(", ");
        }
        if index + 1 == columns {
            statement.bind(Bind::Id(
                Uuid::parse_str(part).map_err(|_shape| unreadable())?,
            ));
        } else if sort == Sort::Changed {
            statement.bind(Bind::Integer(Some(
                part.parse().map_err(|_shape| unreadable())?,
            )));
        } else {
            statement.text(part);
        }
    }
    Ok(())
}

/// The one translation of a filter, permission included.
pub(super) fn condition(statement: &mut Statement, filter: &Filter) {
    visible(statement, filter);
    if let Some(device) = filter.device {
        statement.push(" AND r.device_id = ").bind(Bind::Id(device));
    } else if filter.state != State::Submitted {
        // What is to be taken out of the census waits for a reviewer like the rest.
        statement
            .push(" AND r.withdrawn = ")
            .bind(Bind::Flag(filter.withdrawn));
    }
    match filter.tier {
        Tier::Pubblico => statement.push(" AND r.visibilita = 'pubblico'"),
        Tier::Enti => statement.push(" AND r.visibilita IN ('enti', 'pubblico')"),
        Tier::Riservato => statement,
    };
    if filter.own {
        let mut bodies = filter.viewer().bodies().peekable();
        if bodies.peek().is_some() {
            statement.push(" AND r.ente IN ").texts(bodies);
        } else {
            statement.push(" AND 1 = 0");
        }
    }
    for (field, value) in &filter.exact {
        statement
            .push(" AND r.")
            .push(field.name())
            .push(" = ")
            .text(value);
    }
    match filter.open {
        Some(Open::Warnings) => statement.push(" AND r.warnings > 0"),
        Some(Open::Missing) => statement.push(" AND r.missing > 0"),
        Some(Open::Nothing) => statement.push(" AND r.warnings = 0 AND r.missing = 0"),
        Some(Open::SentBack) => statement.push(" AND r.stage = 'rimandata'"),
        Some(Open::ToSend) => {
            statement.push(" AND NOT r.accepted AND r.stage IN ('bozza', 'rimandata')")
        }
        None => statement,
    };
    for word in filter.words() {
        statement
            .push(" AND r.search LIKE ")
            .text(&containing(&word))
            .push(" ESCAPE '\\'");
    }
    if let Some(rectangle) = filter.within {
        let (min, max) = (rectangle.min(), rectangle.max());
        statement
            .push(" AND r.lat BETWEEN ")
            .bind(Bind::Decimal(Some(min.y)));
        statement.push(" AND ").bind(Bind::Decimal(Some(max.y)));
        statement
            .push(" AND r.lon BETWEEN ")
            .bind(Bind::Decimal(Some(min.x)));
        statement.push(" AND ").bind(Bind::Decimal(Some(max.x)));
    }
}

/// What leaves out the devices that are merged into another: a device that two bodies list is
/// published once. The working state still has both. The list of them is made once for a statement,
/// where a question for each row would cost a third more; no merges cost nothing.
pub(super) const NOT_ABSORBED: &str =
    " AND r.device_id NOT IN (SELECT absorbed_device FROM merge WHERE ended_at IS NULL)";

/// Whose devices, and in which state: officers see what their bodies are working on, and of the
/// others what is accepted and not reserved.
fn visible(statement: &mut Statement, filter: &Filter) {
    const SHARED: &str = "r.accepted AND r.visibilita IN ('enti', 'pubblico')";
    match filter.scope() {
        Scope::All => mark(statement, filter),
        Scope::Bodies(own) if own.is_empty() => {
            // What another body shows now says nothing of what it showed then.
            if filter.moment == Moment::Now {
                statement.push(SHARED).push(NOT_ABSORBED);
            } else {
                statement.push("FALSE");
            }
        }
        Scope::Bodies(own) => {
            let own = || own.iter().map(String::as_str);
            statement.push("((");
            mark(statement, filter);
            statement.push(" AND r.ente IN ").texts(own()).push(")");
            // What another body showed once, it may not show any more.
            if filter.moment == Moment::Now && filter.state != State::Submitted {
                statement
                    .push(" OR (")
                    .push(SHARED)
                    .push(NOT_ABSORBED)
                    .push(" AND r.ente NOT IN ")
                    .texts(own());
                // A device that came from another body may still be accepted there; it is one
                // device.
                if filter.state == State::Working {
                    statement
                        .push(
                            " AND NOT EXISTS (SELECT 1 FROM revision w \
                             WHERE w.device_id = r.device_id AND w.working AND w.ente IN ",
                        )
                        .texts(own())
                        .push(")");
                }
                statement.push(")");
            }
            statement.push(")");
        }
    }
}

/// Which of a device's revisions is the state asked for, now or at an earlier moment.
fn mark(statement: &mut Statement, filter: &Filter) {
    match (filter.state, filter.moment) {
        (State::Submitted, Moment::Now) => {
            statement.push("r.stage = 'inviata'");
        }
        // A state that was sent back can be sent again: when it was sent stands in the reviews.
        (State::Submitted, moment) => {
            statement.push(
                "EXISTS (SELECT 1 FROM review s WHERE s.device_id = r.device_id \
                 AND s.revision_id = r.id AND s.kind = 'invio' AND s.at <= ",
            );
            instant(statement, moment);
            statement.push(
                " AND NOT EXISTS (SELECT 1 FROM review t WHERE t.device_id = s.device_id \
                 AND (t.at > s.at OR (t.at = s.at AND t.kind <> 'invio')) \
                 AND t.kind <> 'messaggio' AND t.at <= ",
            );
            instant(statement, moment);
            statement.push("))");
        }
        (State::Working, Moment::Now) => {
            statement.push("r.working");
        }
        (State::Accepted, Moment::Now) => {
            statement.push("r.accepted");
            // Who asks for one device is told of the merge beside it.
            if filter.device.is_none() {
                statement.push(NOT_ABSORBED);
            }
        }
        (State::Working, moment) => {
            statement.push("r.written_at <= ");
            instant(statement, moment);
            statement.push(
                " AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.device_id = r.device_id \
                 AND n.number = r.number + 1 AND n.written_at <= ",
            );
            instant(statement, moment);
            statement.push(")");
        }
        (State::Accepted, moment) => {
            statement.push("r.accepted_from <= ");
            instant(statement, moment);
            statement.push(" AND (r.accepted_to IS NULL OR r.accepted_to > ");
            instant(statement, moment);
            statement.push(")");
            if filter.device.is_none() {
                statement.push(
                    " AND r.device_id NOT IN (SELECT absorbed_device FROM merge WHERE merged_at <= ",
                );
                instant(statement, moment);
                statement.push(" AND (ended_at IS NULL OR ended_at > ");
                instant(statement, moment);
                statement.push("))");
            }
        }
    }
}

/// The instant of a past moment.
pub(super) fn instant(statement: &mut Statement, moment: Moment) {
    match moment {
        Moment::Now => statement.bind(Bind::Integer(Some(Instant::MAX))),
        Moment::At(at) => statement.bind(Bind::Integer(Some(at))),
        Moment::Snapshot(id) => statement
            .push("(SELECT p.at FROM snapshot p WHERE p.id = ")
            .bind(Bind::Id(id))
            .push(")"),
    };
}

/// Adds the values of a revision in the order of [`COLUMNS`], and gives back its hash.
fn push_revision(values: &mut Vec<Bind>, mut revision: Revision, entry: Uuid) -> Result<String> {
    let hash = revision.content_hash();
    let (asked, known) = revision.record.completeness();
    let confirmed = match revision.confirmed.as_slice() {
        [] => "[]".to_owned(),
        some => serde_json::to_string(some).map_err(|error| Error::Stored(error.to_string()))?,
    };
    let missing = i64::try_from(revision.record.missing_to_submit().len()).unwrap_or(i64::MAX);
    let search = revision.search_text();
    let text = |text: String| Bind::Text(Some(text));
    values.extend([
        Bind::Id(revision.id),
        Bind::Id(revision.device),
        Bind::Integer(Some(revision.number)),
        Bind::Integer(Some(revision.written_at)),
        text(revision.author),
        text(revision.source.name().to_owned()),
        Bind::Flag(revision.withdrawn),
        Bind::Flag(true),
        Bind::Flag(revision.accepted),
        text(revision.provenance.text),
        text(revision.provenance.crs),
        text(revision.provenance.operation),
        Bind::Decimal(Some(revision.provenance.accuracy_m)),
        text(confirmed),
        Bind::Integer(Some(revision.warnings)),
        Bind::Integer(Some(missing)),
        text(search),
        Bind::MaybeId(revision.batch),
        text(revision.stage.name().to_owned()),
        Bind::Integer(revision.accepted_from),
        Bind::Integer(Some(asked)),
        Bind::Integer(Some(known)),
        text(hash.clone()),
        Bind::Id(entry),
    ]);
    for attribute in ATTRIBUTES {
        let value = revision.record.take(attribute.field);
        values.push(bind_value(attribute.kind.store(), value));
    }
    Ok(hash)
}

fn bind_value(store: StoredAs, value: Option<Value>) -> Bind {
    match (store, value) {
        (StoredAs::Text, Some(Value::Text(text))) => Bind::Text(Some(text)),
        (StoredAs::Integer, Some(Value::Integer(number))) => Bind::Integer(Some(number)),
        (StoredAs::Decimal, Some(Value::Decimal(number))) => Bind::Decimal(Some(number)),
        (StoredAs::Text, _) => Bind::Text(None),
        (StoredAs::Integer, _) => Bind::Integer(None),
        (StoredAs::Decimal, _) => Bind::Decimal(None),
    }
}

/// Puts these attributes into a record, from the columns of a row that begin at one.
pub(super) fn record<'r, R>(
    row: &'r R,
    first: usize,
    fields: &[Field],
    record: &mut Record,
) -> Result<()>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    for (column, field) in (first..).zip(fields) {
        let value = match field.attribute().kind.store() {
            StoredAs::Text => row.try_get::<Option<String>, _>(column)?.map(Value::Text),
            StoredAs::Integer => row.try_get::<Option<i64>, _>(column)?.map(Value::Integer),
            StoredAs::Decimal => row.try_get::<Option<f64>, _>(column)?.map(Value::Decimal),
        };
        record.set(*field, value);
    }
    Ok(())
}

/// A revision from a row of [`SELECT`].
pub(super) fn revision<'r, R>(row: &'r R) -> Result<Revision>
where
    R: Row,
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut values = Record::default();
    record(row, META_COLUMNS, Field::ALL, &mut values)?;
    let source: String = row.try_get(5)?;
    let confirmed: String = row.try_get(12)?;
    let stage: String = row.try_get(15)?;
    Ok(Revision {
        id: row.try_get(0)?,
        device: row.try_get(1)?,
        number: row.try_get(2)?,
        written_at: row.try_get(3)?,
        author: row.try_get(4)?,
        source: Source::ALL
            .into_iter()
            .find(|known| known.name() == source)
            .ok_or_else(|| Error::Stored(format!("la provenienza «{source}»")))?,
        withdrawn: row.try_get(6)?,
        accepted: row.try_get(7)?,
        stage: Stage::ALL
            .into_iter()
            .find(|known| known.name() == stage)
            .ok_or_else(|| Error::Stored(format!("lo stato della convalida «{stage}»")))?,
        submitted_at: row.try_get(16)?,
        accepted_from: row.try_get(17)?,
        record: values,
        provenance: Provenance {
            text: row.try_get(8)?,
            crs: row.try_get(9)?,
            operation: row.try_get(10)?,
            accuracy_m: row.try_get(11)?,
        },
        confirmed: serde_json::from_str(&confirmed)
            .map_err(|error| Error::Stored(error.to_string()))?,
        warnings: row.try_get(13)?,
        batch: row.try_get(14)?,
    })
}
