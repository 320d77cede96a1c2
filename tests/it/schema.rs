//! The two schemas say the same, and every attribute has its column.

use crate::support::{self, both, on_sqlite};
use sqlx::{AssertSqlSafe, PgPool, Row, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use varco::census::journal::Sealed;
use varco::census::record::Store as StoredAs;
use varco::census::vocabulary::ATTRIBUTES;
use varco::storage::Store;
use varco::storage::sealed::{Holds, PARTS};

/// What a schema says: for every table its columns, and the names of constraints and indexes.
#[derive(Debug, Default, PartialEq)]
struct Schema {
    /// `table.column` with its type and whether it may be null.
    columns: BTreeMap<String, (&'static str, bool)>,
    /// Every named constraint and index, with its table and whether it is unique.
    names: BTreeSet<(String, String)>,
}

/// The one thing that only PostgreSQL has: the geometry and its index.
const GEOMETRY: [&str; 2] = ["revision.geom", "revision_geom"];

#[test]
fn every_migration_exists_for_both_engines_and_the_numbers_follow() {
    let names = |folder: &str| -> Vec<String> {
        let files = support::sources(folder).into_keys();
        files
            .map(|path| path.rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    let sqlite = names("migrations/sqlite");
    assert_eq!(sqlite, names("migrations/postgres"));
    for (index, name) in sqlite.iter().enumerate() {
        let number = format!("{:04}_", index + 1);
        assert!(name.starts_with(&number), "{name}");
    }
}

#[test]
fn both_engines_have_the_same_tables_columns_constraints_and_indexes() {
    if support::server().is_none() {
        return;
    }
    let schemas = Mutex::new(Vec::new());
    both(async |store| {
        let schema = match &store {
            Store::Sqlite(pool, _) => sqlite(pool).await,
            Store::Postgres(pool) => postgres(pool).await,
        };
        schemas.lock().unwrap().push(schema);
    });
    let schemas = schemas.into_inner().unwrap();
    let [sqlite, postgres] = schemas.as_slice() else {
        panic!("two engines were asked");
    };
    assert!(
        sqlite.columns.len() > 90 && sqlite.names.len() > 15,
        "{sqlite:#?}"
    );
    for (column, kind) in &sqlite.columns {
        assert_eq!(postgres.columns.get(column), Some(kind), "{column}");
    }
    assert_eq!(sqlite.columns.len(), postgres.columns.len());
    assert_eq!(sqlite.names, postgres.names);
}

#[test]
fn every_column_of_a_sealed_table_is_sealed() {
    both(async |store| {
        let schema = match &store {
            Store::Sqlite(pool, _) => sqlite(pool).await,
            Store::Postgres(pool) => postgres(pool).await,
        };
        let mut sealed = BTreeMap::new();
        let mut entries = BTreeSet::new();
        for part in PARTS {
            entries.insert(format!("{}.{}", part.table, part.entry));
            for (column, holds) in part.columns {
                let kind = match holds {
                    Holds::Id => "bytes",
                    Holds::Text => "text",
                    Holds::Integer => "integer",
                    Holds::Number => "decimal",
                };
                sealed.insert(format!("{}.{column}", part.table), kind);
            }
        }
        let of = |column: &str| {
            let (table, _) = column.split_once('.').unwrap();
            PARTS.iter().any(|part| part.table == table)
        };
        let there: BTreeMap<String, &str> = schema
            .columns
            .into_iter()
            .filter(|(column, _)| of(column) && !entries.contains(column))
            .map(|(column, (kind, _))| (column, kind))
            .collect();
        assert_eq!(sealed, there);
    });
    // What is sealed has a hash of its own or is read back.
    let mut kinds = vec![Sealed::Revisions, Sealed::Reviews];
    kinds.extend(PARTS.iter().map(|part| part.kind));
    assert_eq!(kinds, Sealed::ALL);
}

async fn sqlite(pool: &SqlitePool) -> Schema {
    let mut schema = Schema::default();
    for table in support::tables(&Store::Sqlite(pool.clone(), pool.clone())).await {
        let columns = AssertSqlSafe(format!("PRAGMA table_info({table})"));
        for row in sqlx::query(columns).fetch_all(pool).await.unwrap() {
            let name: String = row.get("name");
            let kind: String = row.get("type");
            let required: bool = row.get("notnull");
            let kind = match kind.as_str() {
                "TEXT" => "text",
                "BLOB" => "bytes",
                "BIGINT" => "integer",
                "DOUBLE PRECISION" => "decimal",
                "BOOLEAN" => "flag",
                other => panic!("{table}.{name} is {other}, which has no counterpart"),
            };
            schema
                .columns
                .insert(format!("{table}.{name}"), (kind, !required));
        }
        let text: String = sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE name = $1")
            .bind(&table)
            .fetch_one(pool)
            .await
            .unwrap();
        for rest in text.split("CONSTRAINT ").skip(1) {
            let name = rest.split_whitespace().next().unwrap();
            schema.names.insert((table.clone(), name.to_owned()));
        }
    }
    let indexes =
        "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let indexes: Vec<(String, String)> = sqlx::query_as(indexes).fetch_all(pool).await.unwrap();
    schema.names.extend(indexes);
    schema
}

async fn postgres(pool: &PgPool) -> Schema {
    let mut schema = Schema::default();
    let tables = support::tables(&Store::Postgres(pool.clone())).await;
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT),
                is_nullable = 'YES'
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for (table, name, kind, nullable) in columns {
        let column = format!("{table}.{name}");
        if !tables.contains(&table) || GEOMETRY.contains(&column.as_str()) {
            continue;
        }
        let kind = match kind.as_str() {
            "text" => "text",
            "uuid" | "bytea" => "bytes",
            "bigint" => "integer",
            "double precision" => "decimal",
            "boolean" => "flag",
            other => panic!("{column} is {other}, which has no counterpart"),
        };
        schema.columns.insert(column, (kind, nullable));
    }
    let names: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(tablename AS TEXT), CAST(indexname AS TEXT) FROM pg_indexes
         WHERE schemaname = 'public'
         UNION
         SELECT CAST(c.relname AS TEXT), CAST(n.conname AS TEXT)
         FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
         WHERE n.connamespace = 'public'::regnamespace",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    schema.names = names
        .into_iter()
        .filter(|(table, name)| {
            // The names that PostgreSQL gives by itself to keys, which SQLite leaves unnamed.
            let given = name.ends_with("_pkey") || name.ends_with("_fkey");
            tables.contains(table) && !given && !GEOMETRY.contains(&name.as_str())
        })
        .collect();
    schema
}

#[test]
fn every_attribute_has_its_column_of_the_right_type() {
    on_sqlite(async |url| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let Store::Sqlite(pool, _) = &store else {
            unreachable!()
        };
        let columns = sqlite(pool).await.columns;
        for attribute in ATTRIBUTES {
            let (kind, _) = columns
                .get(&format!("revision.{}", attribute.name))
                .unwrap_or_else(|| panic!("no column for {}", attribute.name));
            let wanted = match attribute.kind.store() {
                StoredAs::Text => "text",
                StoredAs::Integer => "integer",
                StoredAs::Decimal => "decimal",
            };
            assert_eq!(*kind, wanted, "{}", attribute.name);
        }
    });
}

#[test]
fn texts_that_are_sorted_or_compared_are_bytes_on_the_server_as_in_the_file() {
    both(async |store| {
        let Store::Postgres(pool) = &store else {
            return;
        };
        let local: Vec<String> = sqlx::query_scalar(
            "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
             JOIN pg_tables t ON t.schemaname = c.table_schema AND t.tablename = c.table_name
             WHERE c.table_schema = 'public' AND c.data_type = 'text'
             AND c.collation_name IS DISTINCT FROM 'C' ORDER BY 1",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        // Nobody sorts by these in SQL: names are put in Italian order by the program.
        let free = [
            "act.note",
            "act.number",
            "adhesion_step.note",
            "adhesion_step.number",
            "batch.name",
            "batch.problem",
            "batch.request",
            "batch.summary",
            "batch_row.cells",
            "batch_row.edits",
            "batch_row.judgement",
            "body.name",
            "contact.email",
            "contact.name",
            "contact.office",
            "contact.telephone",
            "document.name",
            "edition.content",
            "journal.detail",
            "municipality.belfiore",
            "municipality.boundary",
            "municipality.name",
            "municipality.province",
            "person.name",
            "person.password_hash",
            "reference_feature.geometry",
            "reference_feature.name",
            "reference_layer.licence",
            "reference_layer.name",
            "reference_layer.source",
            "reference_withdrawal.reason",
            "review.fields",
            "review.text",
            "revision.author",
            "revision.confirmed",
            "revision.position_text",
            "revision.search",
            "scheme.content",
            "seat.address",
            "seat.note",
            "seat.position_text",
            "site.name",
            "territory_before.content",
        ];
        let own: Vec<&String> = local
            .iter()
            .filter(|column| !column.starts_with("_sqlx") && !column.starts_with("spatial_ref_sys"))
            .collect();
        assert_eq!(own, free);
    });
}
