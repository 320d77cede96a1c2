//! Sites (varchi) and what stands at them.
//!
//! Officers see the sites of their own bodies, everybody else sees all: what is reserved of a
//! device may be known from its site.

use super::find::{Choice, Names};
use super::journal::{Note, note_at};
use super::{Error, Register, Result, may_write};
use crate::census::collation::italian;
use crate::census::filter::{Edge, Filter, Slice, Sort};
use crate::census::journal::Act;
use crate::census::person::Viewer;
use crate::census::rules;
use crate::census::site::KINDS;
use crate::census::vocabulary::{Field, fold};
use crate::storage::body::{Change, Site, Standing};
use crate::storage::device::Listed;
use std::cmp::Ordering;
use uuid::Uuid;

/// How many sites a page of the list has at most.
pub const PAGE: usize = 100;

/// How many devices the page of a site shows; beyond, the list of devices does.
pub const SHOWN: usize = 200;

/// The longest name of a site, in characters.
pub const LONGEST_NAME: usize = 160;

/// Which sites are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words to find in code, name and body, any case and accents.
    pub text: String,
    /// The code of a body; empty for all.
    pub body: String,
    /// The code of the body and of the site after which, or before which, the page begins.
    pub from: Option<(Edge, [String; 2])>,
}

/// A site in a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The site.
    pub site: Site,
    /// The name of its body.
    pub body: String,
    /// What stands there.
    pub standing: Standing,
}

/// A page of the sites found, by the name of the body and the code of the site.
#[derive(Debug, Clone)]
pub struct Found {
    /// The page.
    pub rows: Vec<Row>,
    /// How many were found, on all pages.
    pub total: usize,
    /// How many of them are gates.
    pub gates: usize,
    /// Whether something precedes the page.
    pub before: bool,
    /// Whether something follows it.
    pub after: bool,
    /// The bodies that may be chosen: those with a site that this person sees.
    pub bodies: Vec<Choice>,
}

/// A site with its devices.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The site.
    pub site: Site,
    /// The name of its body.
    pub body: String,
    /// Whether this person may write it.
    pub writable: bool,
    /// What stands there.
    pub standing: Standing,
    /// The first [`SHOWN`] devices, by code.
    pub devices: Listed,
    /// The filter that finds them all.
    pub filter: Filter,
}

impl Register {
    /// Every site that this person may see, by body and code.
    pub async fn sites(&self, viewer: &Viewer) -> Result<Vec<Site>> {
        let own = own(viewer);
        Ok(self.store.read().await?.sites(own.as_deref()).await?)
    }

    /// A page of the sites that this person may see.
    pub async fn find_sites(&self, viewer: &Viewer, wanted: &Wanted) -> Result<Found> {
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        let mut rows: Vec<Row> = unit
            .sites(own(viewer).as_deref())
            .await?
            .into_iter()
            .map(|site| Row {
                body: names.words(Field::Ente, &site.body),
                standing: Standing::default(),
                site,
            })
            .collect();
        let bodies = bodies(&rows);
        rows.retain(|row| wants(wanted, row));
        rows.sort_by(|left, right| order(key(left), key(right)));
        let total = rows.len();
        let gates = rows.iter().filter(|row| row.site.kind == "varco").count();
        let (first, last) = window(&rows, &names, wanted);
        let mut rows: Vec<Row> = rows.drain(first..last).collect();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.site.id).collect();
        let standing = unit.standing_at(&ids, Filter::of(viewer).state).await?;
        for row in &mut rows {
            row.standing = standing.get(&row.site.id).copied().unwrap_or_default();
        }
        drop(unit);
        let body = Some(wanted.body.as_str()).filter(|body| !body.is_empty());
        self.note_page(viewer, body, "siti").await?;
        Ok(Found {
            rows,
            total,
            gates,
            before: first > 0,
            after: last < total,
            bodies,
        })
    }

    /// One site, if this person may see it.
    pub async fn site(&self, viewer: &Viewer, id: Uuid) -> Result<Site> {
        let site = self.store.read().await?.site(id).await?;
        site.filter(|site| sees(viewer, &site.body))
            .ok_or(Error::NotFound(
                "Questo sito non c’è, oppure non potete vederlo.",
            ))
    }

    /// The site of a body with this code, if this person may see it.
    pub async fn site_called(
        &self,
        viewer: &Viewer,
        body: &str,
        code: &str,
    ) -> Result<Option<Site>> {
        if code.is_empty() || !sees(viewer, body) {
            return Ok(None);
        }
        Ok(self.store.read().await?.site_with_code(body, code).await?)
    }

    /// One site with its devices, if this person may see it.
    pub async fn site_with_devices(&self, viewer: &Viewer, id: Uuid) -> Result<Seen> {
        let site = self.site(viewer, id).await?;
        let note = Note {
            act: Act::SiteRead,
            body: Some(&site.body),
            subject: &id.to_string(),
            detail: &site.code,
        };
        self.note_reading(viewer, note).await?;
        let mut filter = Filter::of(viewer);
        filter.exact = vec![
            (Field::Ente, site.body.clone()),
            (Field::Sito, site.code.clone()),
        ];
        let slice = Slice {
            sort: Sort::Code,
            from: None,
            size: SHOWN,
        };
        let mut unit = self.store.read().await?;
        let standing = unit.standing_at(&[id], filter.state).await?;
        Ok(Seen {
            body: self
                .names_in(&mut unit)
                .await?
                .words(Field::Ente, &site.body),
            writable: viewer.writes(&site.body),
            standing: standing.get(&id).copied().unwrap_or_default(),
            devices: unit.devices(&filter, &slice).await?,
            filter,
            site,
        })
    }

    /// Gives a site its kind and name.
    pub async fn save_site(&self, viewer: &Viewer, id: Uuid, kind: &str, name: &str) -> Result<()> {
        let site = self.site(viewer, id).await?;
        may_write(viewer, &site.body)?;
        if !KINDS.iter().any(|term| term.code == kind) {
            return Err(Error::Invalid(
                "Un sito è un varco o una postazione.".to_owned(),
            ));
        }
        if name.chars().count() > LONGEST_NAME {
            return Err(Error::Invalid(format!(
                "Il nome del sito ha al più {LONGEST_NAME} caratteri."
            )));
        }
        if let Some(secret) = rules::never_recorded(name) {
            return Err(Error::Invalid(format!(
                "Il testo somiglia {secret}, e l’archivio non ne conserva: toglietelo."
            )));
        }
        let mut unit = self.store.write().await?;
        let site = Site {
            kind: kind.to_owned(),
            name: name.trim().to_owned(),
            ..site
        };
        // The end of the history is held first: no snapshot is taken between this instant and the
        // commit, so what a snapshot calls the site cannot change afterwards.
        let (at, end) = self.moment(&mut unit).await?;
        let mut seal = self.seal();
        let change = Change {
            id: self.clock.new_id(),
            at,
            author: &viewer.account,
        };
        unit.put_site(&site, &change, &mut seal).await?;
        let detail = format!("{}: {kind}", site.code);
        let note = Note {
            act: Act::SiteChanged,
            body: Some(&site.body),
            subject: &id.to_string(),
            detail: &detail,
        };
        note_at(&mut unit, viewer, &seal, note, at, end).await?;
        Ok(unit.commit().await?)
    }
}

/// The bodies whose sites this person sees; all when there is no list.
fn own(viewer: &Viewer) -> Option<Vec<String>> {
    (!viewer.reads_all()).then(|| viewer.bodies().map(str::to_owned).collect())
}

fn sees(viewer: &Viewer, body: &str) -> bool {
    viewer.reads_all() || viewer.writes(body)
}

/// Name of the body, its code, code of the site: no two sites have the same.
type Key<'a> = [&'a str; 3];

fn key(row: &Row) -> Key<'_> {
    [&row.body, &row.site.body, &row.site.code]
}

fn order(left: Key<'_>, right: Key<'_>) -> Ordering {
    left.iter()
        .zip(right)
        .map(|(left, right)| italian(left, right))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn wants(wanted: &Wanted, row: &Row) -> bool {
    if !wanted.body.is_empty() && wanted.body != row.site.body {
        return false;
    }
    let text = fold(&format!("{} {} {}", row.site.code, row.site.name, row.body));
    fold(&wanted.text)
        .split(' ')
        .all(|word| text.contains(word))
}

/// Where the page begins and ends among the sites found. The key need not be there any more.
fn window(rows: &[Row], names: &Names, wanted: &Wanted) -> (usize, usize) {
    let (first, last) = match &wanted.from {
        None => (0, PAGE),
        Some((edge, [body, code])) => {
            let name = names.words(Field::Ente, body);
            let asked: Key<'_> = [&name, body, code];
            let place = |after: bool| {
                rows.partition_point(|row| match order(key(row), asked) {
                    Ordering::Less => true,
                    Ordering::Equal => after,
                    Ordering::Greater => false,
                })
            };
            match edge {
                Edge::After => (place(true), place(true) + PAGE),
                Edge::Before => (place(false).saturating_sub(PAGE), place(false)),
            }
        }
    };
    (first, last.min(rows.len()))
}

/// The bodies of these sites, in Italian order.
fn bodies(rows: &[Row]) -> Vec<Choice> {
    let mut bodies: Vec<Choice> = rows
        .iter()
        .map(|row| Choice {
            code: row.site.body.clone(),
            label: row.body.clone(),
        })
        .collect();
    bodies.sort_by(|left, right| {
        italian(&left.label, &right.label).then_with(|| left.code.cmp(&right.code))
    });
    bodies.dedup();
    bodies
}
