//! The catalogues of software and of makes and models, of which rows are only added, and how often
//! devices name what stands in them.
//!
//! What was known at an instant are the rows recorded until then, so every question takes one. The
//! names of software and whether they are only proposed stand in a table of their own, which is of
//! today: whether a name was an entry at an instant is asked of the entries.

use super::device::condition;
use super::statement::{Bind, Statement, bound};
use super::{Error, Result, Unit, on};
use crate::census::catalogue::{
    Entry, FACTS, Merge, Model, Models, Product, Products, Standing, Stated,
};
use crate::census::filter::Filter;
use crate::census::journal::{Seal, Sealed};
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use sqlx::Row;

/// How many devices of a body state one program in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductUse {
    /// The name that they state.
    pub name: String,
    /// The version that they state; may be empty.
    pub version: String,
    /// The code of the body.
    pub body: String,
    /// How many they are.
    pub devices: i64,
}

/// How many devices of a body state one make and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    /// The make.
    pub make: String,
    /// The model; may be empty.
    pub model: String,
    /// The code of the body.
    pub body: String,
    /// How many they are.
    pub devices: i64,
}

/// Software.
impl Unit {
    /// The catalogue of software as it was at an instant, or is now.
    pub async fn products(&mut self, at: Option<Instant>) -> Result<Products> {
        let entries = self.product_entries(at).await?;
        let stated = self.product_standings(at).await?;
        Ok(Products::of(
            entries,
            stated,
            self.product_merges(at).await?,
        ))
    }

    async fn product_entries(&mut self, at: Option<Instant>) -> Result<Vec<Entry>> {
        let statement = until(
            "SELECT id, name, producer, kind, versions, note, author, recorded_at \
             FROM product_entry",
            at,
        );
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Entry {
                        id: row.try_get(0)?,
                        product: Product {
                            name: row.try_get(1)?,
                            producer: row.try_get(2)?,
                            kind: row.try_get(3)?,
                            versions: row.try_get(4)?,
                            note: row.try_get(5)?,
                        },
                        author: row.try_get(6)?,
                        recorded_at: row.try_get(7)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    async fn product_standings(&mut self, at: Option<Instant>) -> Result<Vec<Stated>> {
        let statement = until(
            "SELECT id, name, standing, source, grade, date, version, note, document_id, author, \
             recorded_at FROM product_standing",
            at,
        );
        on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let standing: String = row.try_get(2)?;
                    Ok(Stated {
                        id: row.try_get(0)?,
                        name: row.try_get(1)?,
                        standing: Standing::named(&standing)
                            .ok_or_else(|| Error::Stored(format!("lo stato «{standing}»")))?,
                        source: row.try_get(3)?,
                        grade: row.try_get(4)?,
                        date: row.try_get(5)?,
                        version: row.try_get(6)?,
                        note: row.try_get(7)?,
                        document: row.try_get(8)?,
                        author: row.try_get(9)?,
                        recorded_at: row.try_get(10)?,
                    })
                })
                .collect()
        })
    }

    async fn product_merges(&mut self, at: Option<Instant>) -> Result<Vec<Merge>> {
        let statement = until(
            "SELECT id, name, target, note, author, recorded_at FROM product_merge",
            at,
        );
        Ok(on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Merge {
                        id: row.try_get(0)?,
                        name: row.try_get(1)?,
                        target: row.try_get(2)?,
                        note: row.try_get(3)?,
                        author: row.try_get(4)?,
                        recorded_at: row.try_get(5)?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The names that are only proposed, by name. They may say what a body keeps reserved.
    pub async fn proposed_software(&mut self) -> Result<Vec<String>> {
        Ok(on!(self, |conn| {
            sqlx::query_scalar("SELECT name FROM software WHERE state = 'proposta' ORDER BY name")
                .fetch_all(conn)
                .await?
        }))
    }

    /// Adds what is recorded of a program, whose name is in the catalogue from now on.
    pub async fn add_product_entry(&mut self, entry: &Entry, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Products);
        let product = &entry.product;
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO software (name, state) VALUES ($1, 'catalogo')
                 ON CONFLICT (name) DO UPDATE SET state = excluded.state",
            )
            .bind(&product.name)
            .execute(&mut *conn)
            .await?;
            sqlx::query(
                "INSERT INTO product_entry (id, name, producer, kind, versions, note, author,
                   recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(entry.id)
            .bind(&product.name)
            .bind(&product.producer)
            .bind(&product.kind)
            .bind(&product.versions)
            .bind(&product.note)
            .bind(&entry.author)
            .bind(entry.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Adds what is said of the standing of a program.
    pub async fn add_product_standing(&mut self, one: &Stated, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Standings);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO product_standing (id, name, standing, source, grade, date, version,
                   note, document_id, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(one.id)
            .bind(&one.name)
            .bind(one.standing.name())
            .bind(&one.source)
            .bind(&one.grade)
            .bind(&one.date)
            .bind(&one.version)
            .bind(&one.note)
            .bind(one.document)
            .bind(&one.author)
            .bind(one.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Adds that a proposed name means an entry, or no longer does.
    pub async fn add_product_merge(&mut self, merge: &Merge, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::ProductMerges);
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO product_merge (id, name, target, note, author, recorded_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(merge.id)
            .bind(&merge.name)
            .bind(&merge.target)
            .bind(&merge.note)
            .bind(&merge.author)
            .bind(merge.recorded_at)
            .bind(seal.entry)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Which programs the devices that the filter finds state, in no order.
    pub async fn product_uses(&mut self, filter: &Filter) -> Result<Vec<ProductUse>> {
        let named = [Field::Software, Field::SoftwareVersione];
        let rows = self.uses(filter, named).await?.into_iter();
        let uses = rows.map(|(name, version, body, devices)| ProductUse {
            name,
            version,
            body,
            devices,
        });
        Ok(uses.collect())
    }

    /// How many devices of each body state the same two texts; those that leave out the first are
    /// left out.
    async fn uses(
        &mut self,
        filter: &Filter,
        [first, second]: [Field; 2],
    ) -> Result<Vec<(String, String, String, i64)>> {
        let (first, second) = (first.name(), second.name());
        let mut statement = Statement::new(&format!(
            "SELECT r.{first}, coalesce(r.{second}, ''), r.ente, count(*) \
             FROM revision r WHERE r.{first} IS NOT NULL AND "
        ));
        condition(&mut statement, filter);
        statement.push(" GROUP BY 1, 2, 3");
        Ok(on!(self, |conn| {
            bound!(sqlx::query_as, statement).fetch_all(conn).await?
        }))
    }
}

/// Makes and models.
impl Unit {
    /// The catalogue of makes and models as it was at an instant, or is now.
    pub async fn models(&mut self, at: Option<Instant>) -> Result<Models> {
        let statement = until(
            "SELECT id, make, model, forma, ocr, illuminatore_ir, risoluzione_mp, punti_ripresa, \
             angolo, reading, reading_class, source, grade, note, author, recorded_at \
             FROM model_entry",
            at,
        );
        let rows: Result<_, sqlx::Error> = on!(self, |conn| {
            bound!(sqlx::query, statement)
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    let mut facts = Vec::new();
                    for field in FACTS {
                        let value: String = row.try_get(field.name())?;
                        if !value.is_empty() {
                            facts.push((field, value));
                        }
                    }
                    Ok(Model {
                        id: row.try_get("id")?,
                        make: row.try_get("make")?,
                        model: row.try_get("model")?,
                        facts,
                        reading: row.try_get("reading")?,
                        reading_class: row.try_get("reading_class")?,
                        source: row.try_get("source")?,
                        grade: row.try_get("grade")?,
                        note: row.try_get("note")?,
                        author: row.try_get("author")?,
                        recorded_at: row.try_get("recorded_at")?,
                    })
                })
                .collect()
        });
        Ok(Models::of(rows?))
    }

    /// Adds what is recorded of a model.
    pub async fn add_model(&mut self, model: &Model, seal: &mut Seal) -> Result<()> {
        seal.wrote(Sealed::Models);
        on!(self, |conn| {
            let mut query = sqlx::query(
                "INSERT INTO model_entry (id, make, model, reading, reading_class, source, grade,
                   note, author, recorded_at, entry_id, forma, ocr, illuminatore_ir,
                   risoluzione_mp, punti_ripresa, angolo)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            )
            .bind(model.id)
            .bind(&model.make)
            .bind(&model.model)
            .bind(&model.reading)
            .bind(&model.reading_class)
            .bind(&model.source)
            .bind(&model.grade)
            .bind(&model.note)
            .bind(&model.author)
            .bind(model.recorded_at)
            .bind(seal.entry);
            for field in FACTS {
                query = query.bind(model.fact(field));
            }
            query.execute(conn).await?;
        });
        Ok(())
    }

    /// Which makes and models the devices that the filter finds state, in no order; those without a
    /// make are left out.
    pub async fn model_uses(&mut self, filter: &Filter) -> Result<Vec<ModelUse>> {
        let rows = self.uses(filter, [Field::Marca, Field::Modello]).await?;
        let uses = rows
            .into_iter()
            .map(|(make, model, body, devices)| ModelUse {
                make,
                model,
                body,
                devices,
            });
        Ok(uses.collect())
    }
}

/// The rows recorded until an instant, or until now, in the order they were recorded.
fn until(select: &str, at: Option<Instant>) -> Statement {
    let mut statement = Statement::new(select);
    if let Some(at) = at {
        statement
            .push(" WHERE recorded_at <= ")
            .bind(Bind::Integer(Some(at)));
    }
    statement.push(" ORDER BY recorded_at, id");
    statement
}
