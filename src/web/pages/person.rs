//! A person: added, given roles and a password, disabled and enabled again.

use crate::census::collation::italian;
use crate::census::person::{Grant, Role, Viewer};
use crate::register;
use crate::register::find::Choice;
use crate::register::people::{Listed, Part, SHORTEST_PASSWORD, mistakes, password_mistakes};
use crate::web::App;
use crate::web::error::Error;
use crate::web::fields::Fields;
use crate::web::guard::{Reader, Signed, Writer};
use crate::web::page::{Html, Page};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

/// The fields of the form, in its order.
const FIELDS: [&str; 6] = ["nome", "utente", "ruolo", "ente", "nuova", "ripetuta"];

/// One thing to mend in the form.
#[derive(Debug)]
struct Wrong {
    field: &'static str,
    label: &'static str,
    message: String,
}

impl Wrong {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        let label = match field {
            "utente" => "Nome utente",
            "nome" => "Nome e cognome",
            "nuova" => "Password",
            "ripetuta" => "Password, di nuovo",
            "ente" => "Enti",
            _ => "Ruoli",
        };
        Self {
            field,
            label,
            message: message.into(),
        }
    }
}

/// What the form says.
#[derive(Debug, Default)]
struct Typed {
    account: String,
    name: String,
    roles: Vec<Role>,
    bodies: Vec<String>,
    password: String,
    repeated: String,
}

#[derive(Template)]
#[template(path = "pages/person_form.html")]
struct Form {
    page: Page,
    heading: String,
    action: String,
    /// Whether the person is there already; if so, who.
    known: bool,
    id: String,
    disabled: bool,
    /// Whether it is the person who asks.
    own: bool,
    account: String,
    full_name: String,
    roles: Vec<Choice>,
    chosen_roles: String,
    bodies: Vec<Choice>,
    chosen_bodies: String,
    password_help: String,
    password_need: &'static str,
    wrong: Vec<Wrong>,
}

impl Form {
    /// What is wrong at a field.
    fn errors(&self, field: &str) -> Vec<String> {
        self.wrong
            .iter()
            .filter(|wrong| wrong.field == field)
            .map(|wrong| wrong.message.clone())
            .collect()
    }
}

/// The empty form.
pub async fn new(State(app): State<App>, reader: Reader) -> Result<Response, Error> {
    manages(&reader.viewer)?;
    let typed = Typed::default();
    show(&app, &reader, None, typed, Vec::new(), StatusCode::OK).await
}

/// Adds a person.
pub async fn create(State(app): State<App>, writer: Writer) -> Result<Response, Error> {
    let signed = &writer.signed;
    manages(&signed.viewer)?;
    writer.fields.only(&FIELDS)?;
    let typed = read(&app, &writer.fields).await?;
    let grants = grants(&app, &typed).await?;
    let account = typed.account.to_lowercase();
    let found = mistakes(Some(&account), &typed.name, Some(&typed.password), &grants);
    let mut wrong = wrong(&typed, found);
    if wrong.is_empty() {
        let added = app
            .register
            .add_person(
                &signed.viewer,
                &account,
                &typed.name,
                &typed.password,
                &grants,
            )
            .await;
        match added {
            Ok(_) => return Ok(done("aggiunta")),
            Err(register::Error::Invalid(message)) => wrong.push(Wrong::new("utente", message)),
            Err(error) => return Err(error.into()),
        }
    }
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    show(&app, signed, None, typed, wrong, refused).await
}

/// The form of somebody who is there.
pub async fn edit(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let listed = find(&app, &reader.viewer, &id).await?;
    let typed = typed_of(&listed);
    show(
        &app,
        &reader,
        Some(&listed),
        typed,
        Vec::new(),
        StatusCode::OK,
    )
    .await
}

/// Changes name and roles, and the password when one was typed.
pub async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let signed = &writer.signed;
    let listed = find(&app, &signed.viewer, &id).await?;
    let person = &listed.person;
    let others = ["nome", "ruolo", "ente", "nuova", "ripetuta"];
    let own = ["nome", "ruolo", "ente"];
    if signed.viewer.id == Some(person.id) {
        writer.fields.only(&own)?;
    } else {
        writer.fields.only(&others)?;
    }
    let typed = Typed {
        account: person.account.clone(),
        ..read(&app, &writer.fields).await?
    };
    let grants = grants(&app, &typed).await?;
    let password = (!typed.password.is_empty()).then_some(typed.password.as_str());
    let mut found = mistakes(None, &typed.name, None, &grants);
    found.extend(password.map_or_else(Vec::new, |one| password_mistakes(&person.account, one)));
    let mut wrong = wrong(&typed, found);
    if wrong.is_empty() {
        let changed = app
            .register
            .change_person(&signed.viewer, person.id, &typed.name, &grants, password)
            .await;
        match changed {
            Ok(()) => return Ok(done("modifica")),
            Err(register::Error::Invalid(message)) => wrong.push(Wrong::new("ruolo", message)),
            Err(error) => return Err(error.into()),
        }
    }
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    show(&app, signed, Some(&listed), typed, wrong, refused).await
}

/// Takes a person's access away.
pub async fn disable(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let listed = find(&app, viewer, &id).await?;
    writer.fields.only(&[])?;
    let disabled = app
        .register
        .disable_person(viewer, &listed.person.account)
        .await;
    match disabled {
        Ok(()) => Ok(done("disabilitata")),
        Err(register::Error::Invalid(message)) => {
            let mut form = form(&app, &writer.signed, Some(&listed), typed_of(&listed)).await?;
            form.page = form.page.with_notice("danger", message);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(form)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Lets a person sign in again.
pub async fn enable(
    State(app): State<App>,
    Path(id): Path<String>,
    writer: Writer,
) -> Result<Response, Error> {
    let viewer = &writer.signed.viewer;
    let listed = find(&app, viewer, &id).await?;
    writer.fields.only(&[])?;
    app.register
        .enable_person(viewer, &listed.person.account)
        .await?;
    Ok(done("riabilitata"))
}

fn done(what: &str) -> Response {
    Redirect::to(&format!("/persone?fatto={what}")).into_response()
}

async fn show(
    app: &App,
    signed: &Signed,
    listed: Option<&Listed>,
    typed: Typed,
    wrong: Vec<Wrong>,
    status: StatusCode,
) -> Result<Response, Error> {
    let form = Form {
        wrong,
        ..form(app, signed, listed, typed).await?
    };
    Ok((status, Html(form)).into_response())
}

/// The form with this in it. A password typed is never sent back.
async fn form(
    app: &App,
    signed: &Signed,
    listed: Option<&Listed>,
    typed: Typed,
) -> Result<Form, Error> {
    let person = listed.map(|listed| &listed.person);
    let heading = person.map_or_else(|| "Nuova persona".to_owned(), |person| person.name.clone());
    let shortest = format!("Almeno {SHORTEST_PASSWORD} caratteri, senza il nome utente.");
    Ok(Form {
        page: Page::new(app, Some(signed), &heading, "persone"),
        heading,
        action: person.map_or_else(
            || "/persone/nuova".to_owned(),
            |person| format!("/persone/{}/modifica", person.id),
        ),
        known: person.is_some(),
        id: person.map_or_else(String::new, |person| person.id.to_string()),
        disabled: person.is_some_and(|person| person.disabled_at.is_some()),
        own: person.is_some_and(|person| signed.viewer.id == Some(person.id)),
        account: typed.account,
        full_name: typed.name,
        roles: Role::ALL
            .into_iter()
            .map(|role| Choice {
                code: role.name().to_owned(),
                label: format!("{}: {}", role.label(), role.duty()),
            })
            .collect(),
        chosen_roles: typed
            .roles
            .iter()
            .map(|role| role.name())
            .collect::<Vec<_>>()
            .join(","),
        bodies: bodies(app, &typed.bodies).await?,
        chosen_bodies: typed.bodies.join(","),
        password_need: if person.is_some() { "" } else { "save" },
        password_help: if person.is_some() {
            format!("Lasciatela vuota per non cambiarla. {shortest}")
        } else {
            shortest
        },
        wrong: Vec::new(),
    })
}

/// Every body in Italian order, those chosen first.
async fn bodies(app: &App, chosen: &[String]) -> Result<Vec<Choice>, Error> {
    let mut bodies: Vec<Choice> = app
        .register
        .catalogue()
        .await?
        .bodies
        .into_iter()
        .map(|body| Choice {
            code: body.code,
            label: body.name,
        })
        .collect();
    bodies.sort_by(|left, right| {
        let unchosen = |body: &Choice| !chosen.contains(&body.code);
        unchosen(left)
            .cmp(&unchosen(right))
            .then_with(|| italian(&left.label, &right.label))
    });
    Ok(bodies)
}

/// Reads the form; a role or a body that it does not offer is refused.
async fn read(app: &App, fields: &Fields) -> Result<Typed, Error> {
    let roles = fields
        .all("ruolo")
        .map(|name| {
            name.parse()
                .map_err(|()| Error::bad_request(format!("Il ruolo «{name}» non esiste.")))
        })
        .collect::<Result<Vec<Role>, Error>>()?;
    let known = app.register.catalogue().await?.bodies;
    let bodies: Vec<String> = fields.all("ente").map(str::to_owned).collect();
    let unknown = bodies
        .iter()
        .find(|code| known.iter().all(|body| body.code != **code));
    if let Some(code) = unknown {
        return Err(Error::bad_request(format!("L’ente «{code}» non esiste.")));
    }
    let password = |name| fields.all(name).next().unwrap_or_default().to_owned();
    Ok(Typed {
        account: fields.get("utente").to_owned(),
        name: fields.get("nome").to_owned(),
        roles,
        bodies,
        password: password("nuova"),
        repeated: password("ripetuta"),
    })
}

async fn grants(app: &App, typed: &Typed) -> Result<Vec<Grant>, Error> {
    let mut grants = Vec::new();
    for role in &typed.roles {
        if role.is_general() {
            grants.push(app.register.grant_for(*role, None).await?);
            continue;
        }
        for body in &typed.bodies {
            grants.push(app.register.grant_for(*role, Some(body)).await?);
        }
    }
    Ok(grants)
}

fn wrong(typed: &Typed, found: Vec<register::people::Mistake>) -> Vec<Wrong> {
    let compiles = typed.roles.iter().any(|role| !role.is_general());
    let bodies = match (compiles, typed.bodies.is_empty()) {
        (true, true) => Some("Per il ruolo compilatore scegliete almeno un ente."),
        (false, false) => Some(
            "Avete scelto degli enti: scegliete anche il ruolo compilatore, oppure toglieteli.",
        ),
        _ => None,
    };
    let mut wrong: Vec<Wrong> = found
        .into_iter()
        .filter(|mistake| mistake.part != Part::Roles || typed.roles.is_empty())
        .map(|mistake| {
            let field = match mistake.part {
                Part::Account => "utente",
                Part::Name => "nome",
                Part::Password => "nuova",
                Part::Roles => "ruolo",
            };
            Wrong::new(field, mistake.message)
        })
        .collect();
    wrong.extend(bodies.map(|message| Wrong::new("ente", message)));
    if typed.password != typed.repeated {
        wrong.push(Wrong::new("ripetuta", "Le due password non sono uguali."));
    }
    wrong.sort_by_key(|wrong| FIELDS.iter().position(|field| *field == wrong.field));
    wrong
}

fn typed_of(listed: &Listed) -> Typed {
    let held = |role: &Role| listed.grants.iter().any(|grant| grant.role == *role);
    Typed {
        account: listed.person.account.clone(),
        name: listed.person.name.clone(),
        roles: Role::ALL.into_iter().filter(held).collect(),
        bodies: listed
            .grants
            .iter()
            .filter(|grant| !grant.role.is_general())
            .map(|grant| grant.body.clone())
            .collect(),
        ..Typed::default()
    }
}

async fn find(app: &App, viewer: &Viewer, id: &str) -> Result<Listed, Error> {
    manages(viewer)?;
    let id = Uuid::parse_str(id)
        .map_err(|_shape| Error::new(StatusCode::NOT_FOUND, "Questa persona non c’è."))?;
    Ok(app.register.person(viewer, id).await?)
}

fn manages(viewer: &Viewer) -> Result<(), Error> {
    if viewer.manages_people() {
        Ok(())
    } else {
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "Solo un amministratore gestisce le persone.",
        ))
    }
}
