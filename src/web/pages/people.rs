//! The list of people: who may enter, and for whom.

use crate::census::collation::italian;
use crate::census::person::{Grant, Role};
use crate::census::vocabulary::Field;
use crate::register::find::Names;
use crate::register::people::Listed;
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::Reader;
use crate::web::page::{Html, Page};
use crate::web::query;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// How many bodies of one person the list names.
const NAMED: usize = 6;

/// A person as a row of the list.
#[derive(Debug)]
struct Line {
    id: Uuid,
    name: String,
    account: String,
    roles: Vec<String>,
    disabled: bool,
}

#[derive(Template)]
#[template(path = "pages/people.html")]
struct People {
    page: Page,
    counted: String,
    rows: Vec<Line>,
}

/// The list, in the order of the names.
pub async fn get(
    State(app): State<App>,
    reader: Reader,
    RawQuery(raw): RawQuery,
) -> Result<Response, Error> {
    let people = app.register.people(&reader.viewer).await?;
    let names = app.register.names().await?;
    let query = Fields::parse(raw.unwrap_or_default().as_bytes())?;
    query.only(&["fatto"])?;
    let mut page = Page::new(&app, Some(&reader), "Persone", "persone");
    if let Some(text) = done(query.get("fatto"))? {
        page = page.with_notice("success", text);
    }
    let mut rows: Vec<Line> = people.into_iter().map(|one| line(one, &names)).collect();
    rows.sort_by(|left, right| {
        italian(&left.name, &right.name).then_with(|| italian(&left.account, &right.account))
    });
    Ok(Html(People {
        page,
        counted: query::many(rows.len(), "una persona", "persone"),
        rows,
    })
    .into_response())
}

fn done(what: &str) -> Result<Option<&'static str>, Error> {
    Ok(Some(match what {
        "" => return Ok(None),
        "aggiunta" => "Persona aggiunta.",
        "modifica" => "Salvato.",
        "disabilitata" => "Persona disabilitata: le sue sessioni sono finite.",
        "riabilitata" => "Persona riabilitata: può accedere con la password che aveva.",
        other => return Err(query::refused("fatto", other)),
    }))
}

fn line(listed: Listed, names: &Names) -> Line {
    Line {
        roles: roles(&listed.grants, names),
        id: listed.person.id,
        name: listed.person.name,
        account: listed.person.account,
        disabled: listed.person.disabled_at.is_some(),
    }
}

/// The roles in words: `Compilatore di Milano e Rho`.
fn roles(grants: &[Grant], names: &Names) -> Vec<String> {
    let held = |role: &Role| grants.iter().any(|grant| grant.role == *role);
    let words = |role: Role| {
        if role.is_general() {
            return role.label().to_owned();
        }
        let mut bodies: Vec<String> = grants
            .iter()
            .filter(|grant| grant.role == role)
            .map(|grant| names.words(Field::Ente, &grant.body))
            .collect();
        bodies.sort_by(|left, right| italian(left, right));
        format!("{} per {}", role.label(), listed(bodies))
    };
    Role::ALL.into_iter().filter(held).map(words).collect()
}

fn listed(mut names: Vec<String>) -> String {
    let unnamed = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = query::many(unnamed, "un altro ente", "altri enti");
    let last = if unnamed > 0 { Some(more) } else { names.pop() };
    match last {
        Some(last) if !names.is_empty() => format!("{} e {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bodies_are_named_in_one_breath_and_the_rest_counted() {
        let names = |count: usize| (1..=count).map(|number| format!("E{number}")).collect();
        assert_eq!(listed(names(1)), "E1");
        assert_eq!(listed(names(2)), "E1 e E2");
        assert_eq!(listed(names(6)), "E1, E2, E3, E4, E5 e E6");
        assert_eq!(listed(names(7)), "E1, E2, E3, E4, E5, E6 e un altro ente");
        assert_eq!(listed(names(46)), "E1, E2, E3, E4, E5, E6 e 40 altri enti");
    }
}
