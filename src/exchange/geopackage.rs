//! `GeoPackage` in, as rows of devices or with whole geometries; it is an SQLite database, so this is
//! the one place besides storage that speaks SQL.
//!
//! The database is a copy, opened so that nothing can be written. Only tables that the package lists
//! among its contents are read, never a view, whose statement somebody else wrote. A value is asked
//! how long it is before it is read, and one that would fill the memory refuses the file; binary
//! attributes are never read. Enforced by the tests below and by the files of `tests/data/import/`.

use super::drawn::{self, Drawn};
use super::features::{self, Columns, Sample};
use super::header;
use super::source::{Certainty, Choices, Detected, Format, Progress, SAMPLE, Source, SourceError};
use super::stream;
use futures_util::TryStreamExt;
use geozero::wkb::GpkgWkb;
use geozero::{GeozeroGeometry, ToWkt};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row as _, SqliteConnection, TypeInfo, ValueRef,
};
use std::fs::File;
use std::io::{self, Write};
use tempfile::NamedTempFile;
use tokio::runtime::{Builder, Runtime};

/// The names that programs give the number of a row, which is nobody's attribute.
const NUMBERS: [&str; 2] = ["fid", "ogc_fid"];

/// The longest geometry, in bytes: four million vertices, more than a whole layer may have.
const LONGEST_GEOMETRY: usize = 64 << 20;

/// The longest text of an attribute, in bytes.
const LONGEST_TEXT: usize = 1 << 20;

/// Opens a `GeoPackage`, on a thread of its own because the caller's may belong to a runtime.
pub(super) fn open(file: File, choices: &Choices) -> Result<Source, SourceError> {
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| open_here(file, choices));
        opening
            .join()
            .unwrap_or_else(|_panic| Err(broken(sqlx::Error::WorkerCrashed)))
    })
}

/// A copy of a file under a name, which SQLite asks for.
fn copied(mut file: File) -> io::Result<NamedTempFile> {
    let mut copy = NamedTempFile::new()?;
    io::copy(&mut file, &mut copy)?;
    copy.flush()?;
    Ok(copy)
}

fn open_here(file: File, choices: &Choices) -> Result<Source, SourceError> {
    let mut package = Package::open(copied(file)?)?;
    let layers = package.layers()?;
    let (layer, certainty) = choose(&mut package, &layers, choices)?;
    let mut detected = Detected::new(Format::Gpkg);
    detected.sheets = layers.iter().map(|layer| layer.table.clone()).collect();
    detected.sheet = Some(layer.table.clone());
    detected.decimal = Some('.');
    detected.certainty.extend([
        ("format".to_owned(), Certainty::Sure),
        ("sheet".to_owned(), certainty),
        ("decimal".to_owned(), Certainty::Stated),
    ]);
    let mut columns = Columns::default();
    let names = package.columns(&layer)?;
    for name in &names {
        columns.learn(name)?;
    }
    if let Some(crs) = package.crs(&layer)? {
        features::declare(&mut detected, &crs);
    }
    let statement = layer.statement(&names);
    let mut sample = Sample::default();
    let mut kept = 0;
    package.each(&statement, &names, |_, attributes, bytes| {
        sample.keep(&attributes, &geometry(bytes.as_deref()));
        kept += 1;
        kept < SAMPLE
    })?;
    let progress = Progress::of(package.count(&layer)?);
    let told = progress.clone();
    let spatial = layer.geometry.is_some();
    let mut header = columns.header();
    let mut sample = sample.rows(&columns);
    if !spatial {
        header.pop();
        for cells in &mut sample {
            cells.pop();
        }
    }
    let rows = stream::rows(move |outlet| {
        package.each(&statement, &names, |number, attributes, bytes| {
            told.advance(1);
            let mut cells = columns.cells(attributes, geometry(bytes.as_deref()));
            if !spatial {
                cells.pop();
            }
            outlet.row(number, cells)
        })
    })?;
    Ok(Source {
        detected,
        header,
        sample,
        progress,
        rows,
    })
}

/// The layer a person chose, or the one whose columns name most attributes, those with positions
/// first.
fn choose(
    package: &mut Package,
    layers: &[Layer],
    choices: &Choices,
) -> Result<(Layer, Certainty), SourceError> {
    if let Some(chosen) = &choices.sheet {
        let found = layers.iter().find(|layer| &layer.table == chosen);
        return found
            .map(|layer| (layer.clone(), Certainty::Chosen))
            .ok_or_else(|| {
                let names: Vec<_> = layers.iter().map(|layer| layer.table.as_str()).collect();
                SourceError::Refused(format!(
                    "Il livello «{chosen}» non c’è: scegliete tra «{}».",
                    names.join("», «")
                ))
            });
    }
    let mut best: Option<((usize, bool), &Layer)> = None;
    for layer in layers {
        let known = header::known(&package.columns(layer)?);
        let weight = (known, layer.geometry.is_some());
        if best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, layer));
        }
    }
    let certainty = if layers.len() == 1 {
        Certainty::Sure
    } else {
        Certainty::Guessed
    };
    best.map(|(_, layer)| (layer.clone(), certainty))
        .ok_or_else(|| {
            SourceError::Refused(
                "Il GeoPackage non ha livelli vettoriali: esportate i punti in un GeoPackage nuovo."
                    .to_owned(),
            )
        })
}

/// One table of the package.
#[derive(Debug, Clone)]
struct Layer {
    table: String,
    /// The column with the geometries.
    geometry: Option<String>,
    /// The package's own number of the reference system.
    system: Option<i64>,
}

impl Layer {
    /// The statement that gives its rows: the number, the geometry, whether that is too long, the
    /// columns. `octet_length` and `typeof` look at the head of a row, not at what it holds. Of what is
    /// binary there is an empty blob, of a text that is too long one that is not empty.
    fn statement(&self, columns: &[String]) -> String {
        let geometry = self.geometry.as_deref().map_or("NULL".to_owned(), quoted);
        let columns: Vec<_> = columns
            .iter()
            .map(|name| {
                let name = quoted(name);
                format!(
                    ", CASE WHEN typeof({name}) = 'blob' THEN x'' \
                     WHEN octet_length({name}) > {LONGEST_TEXT} THEN x'00' ELSE {name} END"
                )
            })
            .collect();
        format!(
            "SELECT rowid, CASE WHEN octet_length({geometry}) <= {LONGEST_GEOMETRY} THEN {geometry} END, \
             coalesce(octet_length({geometry}) > {LONGEST_GEOMETRY}, 0){} FROM {} ORDER BY rowid",
            columns.concat(),
            quoted(&self.table)
        )
    }
}

/// A name as SQL takes it whatever stands in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An open `GeoPackage`, and the copy it is.
struct Package {
    runtime: Runtime,
    connection: SqliteConnection,
    _copy: NamedTempFile,
}

impl Package {
    fn open(copy: NamedTempFile) -> Result<Self, SourceError> {
        let runtime = Builder::new_current_thread().build()?;
        let options = SqliteConnectOptions::new()
            .filename(copy.path())
            .read_only(true)
            .immutable(true)
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .disable_statement_logging();
        let connection = runtime
            .block_on(SqliteConnection::connect_with(&options))
            .map_err(broken)?;
        Ok(Self {
            runtime,
            connection,
            _copy: copy,
        })
    }

    fn all(&mut self, statement: &str, bind: Option<&str>) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        if let Some(bind) = bind {
            query = query.bind(bind);
        }
        self.runtime.block_on(query.fetch_all(&mut self.connection))
    }

    /// The tables with features or attributes; one that is a view in truth is not among them, nor
    /// one with columns that are computed when they are read: a few bytes of such a file can ask for
    /// any amount of memory.
    fn layers(&mut self) -> Result<Vec<Layer>, SourceError> {
        let listed = self.all(
            "SELECT contents.table_name, geometries.column_name, geometries.srs_id \
             FROM gpkg_contents AS contents \
             JOIN sqlite_master AS master ON master.name = contents.table_name \
              AND master.type = 'table' AND master.sql NOT LIKE 'CREATE VIRTUAL%' \
              AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(master.name) AS computed \
                WHERE computed.hidden IN (2, 3)) \
             LEFT JOIN gpkg_geometry_columns AS geometries \
              ON geometries.table_name = contents.table_name \
             WHERE contents.data_type IN ('features', 'attributes') \
             ORDER BY contents.rowid LIMIT 200",
            None,
        );
        let rows = listed.map_err(|error| match error {
            sqlx::Error::Database(inner) if inner.message().contains("no such table") => {
                SourceError::Refused(
                    "Il file è una banca dati SQLite ma non un GeoPackage: esportate i punti come \
                     GeoPackage, GeoJSON o CSV."
                        .to_owned(),
                )
            }
            other => broken(other),
        })?;
        rows.iter()
            .map(|row| {
                Ok(Layer {
                    table: row.try_get(0).map_err(broken)?,
                    geometry: row.try_get(1).map_err(broken)?,
                    system: row.try_get(2).map_err(broken)?,
                })
            })
            .collect()
    }

    /// The columns of a table that are stored and are no geometry.
    fn columns(&mut self, layer: &Layer) -> Result<Vec<String>, SourceError> {
        let rows = self
            .all(
                "SELECT name, pk FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid",
                Some(&layer.table),
            )
            .map_err(broken)?;
        let mut names = Vec::new();
        for row in rows {
            let name: String = row.try_get(0).map_err(broken)?;
            let key: i64 = row.try_get(1).map_err(broken)?;
            let number = key > 0 && NUMBERS.contains(&name.to_lowercase().as_str());
            if !number && layer.geometry.as_ref() != Some(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The name of a layer's reference system.
    fn crs(&mut self, layer: &Layer) -> Result<Option<String>, SourceError> {
        let Some(system) = layer.system.filter(|system| *system > 0) else {
            return Ok(None);
        };
        let rows = self
            .all(
                "SELECT organization, organization_coordsys_id, srs_name FROM gpkg_spatial_ref_sys \
                 WHERE srs_id = CAST($1 AS INTEGER)",
                Some(&system.to_string()),
            )
            .map_err(broken)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let organization: String = row.try_get(0).map_err(broken)?;
        let code: i64 = row.try_get(1).map_err(broken)?;
        if organization.eq_ignore_ascii_case("EPSG") {
            return Ok(Some(format!("EPSG:{code}")));
        }
        row.try_get(2).map(Some).map_err(broken)
    }

    fn count(&mut self, layer: &Layer) -> Result<u64, SourceError> {
        let statement = format!("SELECT count(*) FROM {}", quoted(&layer.table));
        let rows = self.all(&statement, None).map_err(broken)?;
        let count: i64 = match rows.first() {
            Some(row) => row.try_get(0).map_err(broken)?,
            None => 0,
        };
        Ok(count.unsigned_abs())
    }

    /// Gives the number, the attributes and the bytes of the geometry of every row until no more are
    /// wanted, or one has a value that is too long.
    fn each(
        &mut self,
        statement: &str,
        names: &[String],
        mut take: impl FnMut(Option<u64>, Vec<(String, String)>, Option<Vec<u8>>) -> bool,
    ) -> Result<(), SourceError> {
        let Self {
            runtime,
            connection,
            ..
        } = self;
        runtime.block_on(async {
            let mut rows = sqlx::query(AssertSqlSafe(statement)).fetch(connection);
            while let Some(row) = rows.try_next().await.map_err(broken)? {
                let number: i64 = row.try_get(0).map_err(broken)?;
                if row.try_get_unchecked::<i64, _>(2).map_err(broken)? != 0 {
                    return Err(too_long(number, None));
                }
                let mut attributes = Vec::with_capacity(names.len());
                for (name, at) in names.iter().zip(3..) {
                    let Some(text) = text(&row, at).map_err(broken)? else {
                        return Err(too_long(number, Some(name)));
                    };
                    attributes.push((name.clone(), text));
                }
                let bytes = row.try_get_unchecked(1).map_err(broken)?;
                if !take(u64::try_from(number).ok(), attributes, bytes) {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// A value as a text, whatever its column was declared to hold; nothing when it is too long.
fn text(row: &SqliteRow, at: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Some(String::new()));
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match kind.as_str() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(at)?.to_string(),
        "REAL" => row.try_get_unchecked::<f64, _>(at)?.to_string(),
        "BLOB" if row.try_get_unchecked::<Vec<u8>, _>(at)?.is_empty() => "(dati binari)".to_owned(),
        "BLOB" => return Ok(None),
        _ => {
            let bytes = row.try_get_unchecked::<Vec<u8>, _>(at)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }))
}

/// What is said of a value that is too long, of an attribute or else of the geometry.
fn too_long(number: i64, attribute: Option<&str>) -> SourceError {
    SourceError::Refused(match attribute {
        Some(name) => format!(
            "Nella riga {number} il testo di «{name}» occupa più di {} MB: accorciatelo, oppure \
             esportate il livello senza «{name}».",
            LONGEST_TEXT >> 20
        ),
        None => format!(
            "Nella riga {number} la geometria occupa più di {} MB: semplificatela, oppure ritagliatela \
             sul territorio.",
            LONGEST_GEOMETRY >> 20
        ),
    })
}

/// A geometry as a text.
fn geometry(bytes: Option<&[u8]>) -> String {
    bytes.map(well_known).unwrap_or_default()
}

/// A table of features, whole.
pub(super) struct Table {
    /// Its name; nothing when there are several and none was chosen.
    pub(super) chosen: Option<String>,
    /// The names of all that have geometries.
    pub(super) names: Vec<String>,
    /// Its attributes.
    pub(super) attributes: Vec<String>,
    /// The name of its reference system, as the package has it.
    pub(super) crs: Option<String>,
}

/// Gives every feature of a table with its whole geometry, or what is wrong with that, until no more
/// are wanted; on a thread of its own because the caller's may belong to a runtime.
pub(super) fn each_drawn(
    file: File,
    chosen: Option<&str>,
    take: impl FnMut(u64, Vec<(String, String)>, Result<Drawn, String>) -> bool + Send,
) -> Result<Table, SourceError> {
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| each_drawn_here(file, chosen, take));
        reading
            .join()
            .unwrap_or_else(|_panic| Err(broken(sqlx::Error::WorkerCrashed)))
    })
}

fn each_drawn_here(
    file: File,
    chosen: Option<&str>,
    mut take: impl FnMut(u64, Vec<(String, String)>, Result<Drawn, String>) -> bool,
) -> Result<Table, SourceError> {
    let mut package = Package::open(copied(file)?)?;
    let mut layers = package.layers()?;
    layers.retain(|layer| layer.geometry.is_some());
    let names = layers.iter().map(|layer| layer.table.clone()).collect();
    let found = match (chosen, layers.as_slice()) {
        (Some(name), layers) => layers.iter().find(|layer| layer.table == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let mut table = Table {
        chosen: None,
        names,
        attributes: Vec::new(),
        crs: None,
    };
    let Some(layer) = found else {
        return Ok(table);
    };
    table.chosen = Some(layer.table.clone());
    table.attributes = package.columns(layer)?;
    table.crs = package.crs(layer)?;
    let statement = layer.statement(&table.attributes);
    package.each(
        &statement,
        &table.attributes,
        |number, attributes, bytes| {
            take(
                number.unwrap_or_default(),
                attributes,
                drawn(bytes.as_deref()),
            )
        },
    )?;
    Ok(table)
}

/// All of a geometry, or what is wrong with it. One that is nested is refused unread.
fn drawn(bytes: Option<&[u8]>) -> Result<Drawn, String> {
    let bytes = bytes.ok_or_else(drawn::nothing)?;
    let unreadable = || "la geometria non si legge".to_owned();
    let kind = kind(bytes).ok_or_else(unreadable)?;
    if !(1..=6).contains(&kind) {
        return Err(drawn::unfit("raccolta o curva"));
    }
    let mut pen = drawn::Pen::default();
    GpkgWkb(bytes)
        .process_geom(&mut pen)
        .map_err(|_broken| unreadable())?;
    Ok(pen.drawn(kind))
}

/// A geometry of the package as a text; one that is nested is only named, because reading it would
/// go as deep as somebody else wants.
fn well_known(bytes: &[u8]) -> String {
    const UNREADABLE: &str = "GEOMETRIA ILLEGGIBILE";
    let Some(kind) = kind(bytes) else {
        return UNREADABLE.to_owned();
    };
    if !(1..=6).contains(&kind) {
        return features::shape("GEOMETRYCOLLECTION", []);
    }
    let Ok(text) = GpkgWkb(bytes.to_vec()).to_wkt() else {
        return UNREADABLE.to_owned();
    };
    let name = text.split(['(', ' ']).next().unwrap_or_default();
    let vertices: Vec<_> = text
        .split(['(', ')', ','])
        .filter_map(|vertex| vertex.trim().split_once(' '))
        .filter(|(x, _)| x.starts_with(|first: char| first.is_ascii_digit() || first == '-'))
        .take(5)
        .collect();
    match (kind, vertices.as_slice()) {
        (1 | 4, [(x, y)]) => features::point(x, y),
        (1, []) => String::new(),
        _ => features::shape(name, vertices),
    }
}

/// What kind of geometry it is, by the code of the standard without its dimensions: 1 a point, 4
/// points.
fn kind(bytes: &[u8]) -> Option<u32> {
    let [b'G', b'P', _, flags, ..] = bytes else {
        return None;
    };
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return None,
    };
    let [order, code @ ..] = bytes.get(8 + envelope..8 + envelope + 5)? else {
        return None;
    };
    let code: [u8; 4] = code.try_into().ok()?;
    let code = if *order == 0 {
        u32::from_be_bytes(code)
    } else {
        u32::from_le_bytes(code)
    };
    Some(code % 1_000)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in place of the error"
)]
fn broken(error: sqlx::Error) -> SourceError {
    tracing::debug!("a GeoPackage that cannot be read: {error}");
    SourceError::Refused(
        "Il GeoPackage è rovinato o incompleto: esportatelo di nuovo e riprovate.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{open, open_as, rows};
    use super::*;

    /// A package made by statements.
    fn made(statements: &[&str]) -> Result<Source, SourceError> {
        let copy = NamedTempFile::new().unwrap();
        let options = SqliteConnectOptions::new().filename(copy.path());
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(*statement))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            connection.close().await.unwrap();
        });
        super::open(copy.reopen().unwrap(), &Choices::default())
    }

    const CONTENTS: &str = "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);
        CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
        CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER, organization TEXT,
         organization_coordsys_id INTEGER);";

    #[test]
    fn the_layer_with_devices_is_read_and_another_can_be_chosen() {
        let source = open("points.gpkg");
        assert_eq!(source.detected.sheets, ["telecamere", "zone \"vecchie\""]);
        assert_eq!(source.detected.sheet.as_deref(), Some("telecamere"));
        assert_eq!(source.detected.crs.as_deref(), Some("EPSG:32632"));
        assert_eq!(
            source.header,
            [
                "CODICE",
                "DENOM",
                "COMUNE",
                "FUNZIONE",
                "STATO",
                "ATTIVATO",
                "ALTEZZA_M",
                "geometria"
            ]
        );
        let all = rows(source);
        assert_eq!((all.len(), all[0].0), (2, 1));
        assert_eq!(all[0].1[1], "Località Cascina Gatti, già attiva");
        assert_eq!(all[0].1[5..7], ["2023-05-09", "4.5"]);
        assert!(all[0].1[7].starts_with("POINT (518"), "{}", all[0].1[7]);
        assert_eq!(all[1].1[5..7], ["", "6"]);
        let choices = Choices {
            sheet: Some("zone \"vecchie\"".to_owned()),
            ..Choices::default()
        };
        let zones = open_as("points.gpkg", &choices).unwrap();
        assert_eq!(zones.detected.crs.as_deref(), Some("EPSG:4326"));
        assert_eq!(rows(zones)[0].1, ["1", "12.5", "POINT (9.2 45.5)"]);
    }

    #[test]
    fn a_table_without_positions_is_read_and_a_view_is_not() {
        let source = made(&[
            CONTENTS,
            "CREATE TABLE elenco (fid INTEGER PRIMARY KEY, codice TEXT, lat REAL, foto BLOB, x ANY);
             INSERT INTO elenco VALUES (7, 'A1', 45.4642, x'00FF', 3), (9, 'è', NULL, NULL, 'due');
             CREATE VIEW vista AS SELECT * FROM elenco;
             INSERT INTO gpkg_contents VALUES ('elenco', 'attributes'), ('vista', 'attributes');",
        ])
        .unwrap();
        assert_eq!(source.detected.sheets, ["elenco"]);
        assert_eq!(source.header, ["codice", "lat", "foto", "x"]);
        let all = rows(source);
        assert_eq!(
            all[0],
            (
                7,
                ["A1", "45.4642", "(dati binari)", "3"]
                    .map(str::to_owned)
                    .into()
            )
        );
        assert_eq!(all[1], (9, ["è", "", "", "due"].map(str::to_owned).into()));
        let none = made(&[CONTENTS]).err().unwrap().to_string();
        assert!(none.contains("non ha livelli"), "{none}");
        let other = made(&["CREATE TABLE a (b TEXT)"])
            .err()
            .unwrap()
            .to_string();
        assert!(other.contains("non un GeoPackage"), "{other}");
    }

    #[test]
    fn a_value_that_would_fill_the_memory_refuses_the_file_and_binary_ones_are_not_read() {
        let with = |geometry: &str, note: &str, photo: &str| {
            let row = format!(
                "CREATE TABLE punti (fid INTEGER PRIMARY KEY, geom BLOB, nota TEXT, foto BLOB);
                 INSERT INTO gpkg_contents VALUES ('punti', 'features');
                 INSERT INTO gpkg_geometry_columns VALUES ('punti', 'geom', 4326);
                 INSERT INTO punti VALUES (7, {geometry}, {note}, {photo});"
            );
            made(&[CONTENTS, &row])
        };
        let binary = with(
            "NULL",
            "'a'",
            &format!("zeroblob({})", LONGEST_GEOMETRY + 1),
        )
        .unwrap();
        assert_eq!(rows(binary)[0].1, ["a", "(dati binari)", ""]);
        let text = |bytes: usize| format!("hex(zeroblob({}))", bytes / 2);
        let fits = with("NULL", &text(LONGEST_TEXT), "NULL").unwrap();
        assert_eq!(rows(fits)[0].1[0].len(), LONGEST_TEXT);
        for (geometry, note, words) in [
            ("NULL", text(LONGEST_TEXT + 2), "il testo di «nota»"),
            (
                &format!("zeroblob({})", LONGEST_GEOMETRY + 1),
                "'a'".to_owned(),
                "la geometria",
            ),
        ] {
            let why = with(geometry, &note, "NULL").err().unwrap().to_string();
            assert!(why.contains(words) && why.contains("riga 7"), "{why}");
        }
    }

    #[test]
    fn a_geometry_is_read_or_named_but_never_followed_into_its_depths() {
        let blob = |wkb: &[u8]| [b"GP\0\x01\xE6\x10\0\0", wkb].concat();
        let mut point = vec![1, 1, 0, 0, 0];
        point.extend(9.19_f64.to_le_bytes());
        point.extend(45.4642_f64.to_le_bytes());
        assert_eq!(well_known(&blob(&point)), "POINT (9.19 45.4642)");
        let mut points = vec![1, 4, 0, 0, 0, 1, 0, 0, 0];
        points.extend(&point);
        assert_eq!(well_known(&blob(&points)), "POINT (9.19 45.4642)");
        let mut line = vec![1, 2, 0, 0, 0, 2, 0, 0, 0];
        line.extend(&point[5..]);
        line.extend(&point[5..]);
        assert_eq!(
            well_known(&blob(&line)),
            "LINESTRING (9.19 45.4642, 9.19 45.4642)"
        );
        let nested = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(200_000);
        assert_eq!(well_known(&blob(&nested)), "GEOMETRYCOLLECTION EMPTY");
        let short = blob(&point[..12]);
        assert_eq!(well_known(&short), "GEOMETRIA ILLEGGIBILE");
        let endless = blob(&[1, 4, 0, 0, 0, 255, 255, 255, 255]);
        assert_eq!(well_known(&endless), "GEOMETRIA ILLEGGIBILE");
        assert_eq!(well_known(b"x"), "GEOMETRIA ILLEGGIBILE");
        let mut nowhere = vec![1, 1, 0, 0, 0];
        nowhere.extend([f64::NAN.to_le_bytes(), f64::NAN.to_le_bytes()].concat());
        assert_eq!(well_known(&blob(&nowhere)), "");
    }
}
