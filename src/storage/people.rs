//! People, their roles, and their sessions.

use super::statement::{Statement, bound};
use super::{Result, Unit, on};
use crate::census::person::{Grant, Role, Viewer};
use crate::clock::Instant;
use sqlx::Row;
use uuid::Uuid;

/// A person as the register keeps them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its identifier.
    pub id: Uuid,
    /// The name they sign in with.
    pub account: String,
    /// Their name.
    pub name: String,
    /// Their password, hashed with argon2id in the PHC format.
    pub password_hash: String,
    /// Since when they may no longer sign in.
    pub disabled_at: Option<Instant>,
}

/// A sign-in that lasts.
#[derive(Debug, Clone)]
pub struct Session {
    /// The SHA-256 of the token in the cookie, in hexadecimal; the token itself is nowhere.
    pub token_hash: String,
    /// Whose it is.
    pub person_id: Uuid,
    /// What forms must carry.
    pub csrf: String,
    /// When it began.
    pub created_at: Instant,
    /// When it was last used.
    pub seen_at: Instant,
}

impl Unit {
    /// Adds a person. The account must be free.
    pub async fn add_person(&mut self, person: &Person, now: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO person (id, account, name, password_hash, created_at, disabled_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(person.id)
            .bind(&person.account)
            .bind(&person.name)
            .bind(&person.password_hash)
            .bind(now)
            .bind(person.disabled_at)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Gives a person a role for a body.
    pub async fn grant(&mut self, person: Uuid, grant: &Grant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO person_role (person_id, role, body_code) VALUES ($1, $2, $3)
                 ON CONFLICT (person_id, role, body_code) DO NOTHING",
            )
            .bind(person)
            .bind(grant.role.name())
            .bind(&grant.body)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The person with this account.
    pub async fn person_with_account(&mut self, account: &str) -> Result<Option<Person>> {
        Ok(on!(self, |conn| {
            sqlx::query(
                "SELECT id, account, name, password_hash, disabled_at FROM person
                 WHERE account = $1",
            )
            .bind(account)
            .fetch_optional(conn)
            .await?
            .map(|row| {
                Ok::<_, sqlx::Error>(Person {
                    id: row.try_get("id")?,
                    account: row.try_get("account")?,
                    name: row.try_get("name")?,
                    password_hash: row.try_get("password_hash")?,
                    disabled_at: row.try_get("disabled_at")?,
                })
            })
            .transpose()?
        }))
    }

    /// Everybody, by account, without their passwords' hashes.
    pub async fn people(&mut self) -> Result<Vec<Person>> {
        Ok(on!(self, |conn| {
            sqlx::query("SELECT id, account, name, disabled_at FROM person ORDER BY account")
                .fetch_all(conn)
                .await?
                .iter()
                .map(|row| {
                    Ok(Person {
                        id: row.try_get("id")?,
                        account: row.try_get("account")?,
                        name: row.try_get("name")?,
                        password_hash: String::new(),
                        disabled_at: row.try_get("disabled_at")?,
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The person with this identifier, without the hash of their password.
    pub async fn person(&mut self, id: Uuid) -> Result<Option<Person>> {
        Ok(on!(self, |conn| {
            sqlx::query("SELECT id, account, name, disabled_at FROM person WHERE id = $1")
                .bind(id)
                .fetch_optional(conn)
                .await?
                .map(|row| {
                    Ok::<_, sqlx::Error>(Person {
                        id: row.try_get("id")?,
                        account: row.try_get("account")?,
                        name: row.try_get("name")?,
                        password_hash: String::new(),
                        disabled_at: row.try_get("disabled_at")?,
                    })
                })
                .transpose()?
        }))
    }

    /// Gives a person another name.
    pub async fn rename_person(&mut self, person: Uuid, name: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE person SET name = $2 WHERE id = $1")
                .bind(person)
                .bind(name)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Takes a role for a body away from a person.
    pub async fn revoke(&mut self, person: Uuid, grant: &Grant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "DELETE FROM person_role WHERE person_id = $1 AND role = $2 AND body_code = $3",
            )
            .bind(person)
            .bind(grant.role.name())
            .bind(&grant.body)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// Who manages people and may sign in, by identifier. Until this unit ends no other can change
    /// who they are: two administrators cannot take the role from each other at once.
    pub async fn hold_administrators(&mut self) -> Result<Vec<Uuid>> {
        let administrators = "disabled_at IS NULL AND id IN \
                              (SELECT person_id FROM person_role WHERE role = 'amministratore')";
        let mut hold = Statement::new("UPDATE person SET name = name WHERE ");
        hold.push(administrators);
        let mut list = Statement::new("SELECT id FROM person WHERE ");
        list.push(administrators).push(" ORDER BY id");
        Ok(on!(self, |conn| {
            bound!(sqlx::query, hold).execute(&mut *conn).await?;
            bound!(sqlx::query_scalar, list).fetch_all(conn).await?
        }))
    }

    /// The roles a person holds.
    pub async fn grants(&mut self, person: Uuid) -> Result<Vec<Grant>> {
        let rows: Vec<(String, String)> = on!(self, |conn| {
            sqlx::query_as(
                "SELECT role, body_code FROM person_role WHERE person_id = $1
                 ORDER BY role, body_code",
            )
            .bind(person)
            .fetch_all(conn)
            .await?
        });
        rows.into_iter()
            .map(|(role, body)| {
                let role = role
                    .parse::<Role>()
                    .map_err(|()| super::Error::Stored(format!("il ruolo «{role}»")))?;
                Ok(Grant { role, body })
            })
            .collect()
    }

    /// Takes a person's access away at an instant: no sign-in, and no session survives.
    pub async fn disable_person(&mut self, person: Uuid, now: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE person SET disabled_at = $2 WHERE id = $1")
                .bind(person)
                .bind(now)
                .execute(conn)
                .await?;
        });
        self.end_sessions(person).await
    }

    /// Lets a person sign in again, with the password they had.
    pub async fn enable_person(&mut self, person: Uuid) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE person SET disabled_at = NULL WHERE id = $1")
                .bind(person)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Changes a person's password; every session ends.
    pub async fn set_password(&mut self, person: Uuid, hash: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE person SET password_hash = $2 WHERE id = $1")
                .bind(person)
                .bind(hash)
                .execute(conn)
                .await?;
        });
        self.end_sessions(person).await
    }

    /// Begins a session.
    pub async fn add_session(&mut self, session: &Session) -> Result<()> {
        on!(self, |conn| {
            sqlx::query(
                "INSERT INTO session (token_hash, person_id, csrf, created_at, seen_at)
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&session.token_hash)
            .bind(session.person_id)
            .bind(&session.csrf)
            .bind(session.created_at)
            .bind(session.seen_at)
            .execute(conn)
            .await?;
        });
        Ok(())
    }

    /// The session with this token, and whose it is, unless the person was disabled.
    pub async fn session(&mut self, token_hash: &str) -> Result<Option<(Session, Viewer)>> {
        let found = on!(self, |conn| {
            sqlx::query(
                "SELECT s.token_hash, s.person_id, s.csrf, s.created_at, s.seen_at,
                        p.account, p.name
                 FROM session s JOIN person p ON p.id = s.person_id
                 WHERE s.token_hash = $1 AND p.disabled_at IS NULL",
            )
            .bind(token_hash)
            .fetch_optional(conn)
            .await?
            .map(|row| {
                let session = Session {
                    token_hash: row.try_get("token_hash")?,
                    person_id: row.try_get("person_id")?,
                    csrf: row.try_get("csrf")?,
                    created_at: row.try_get("created_at")?,
                    seen_at: row.try_get("seen_at")?,
                };
                let account: String = row.try_get("account")?;
                let name: String = row.try_get("name")?;
                Ok::<_, sqlx::Error>((session, account, name))
            })
            .transpose()?
        });
        let Some((session, account, name)) = found else {
            return Ok(None);
        };
        let grants = self.grants(session.person_id).await?;
        let viewer = Viewer::person(session.person_id, account, name, grants);
        Ok(Some((session, viewer)))
    }

    /// Whoever has this account, with their roles, unless they may no longer sign in.
    pub async fn viewer(&mut self, account: &str) -> Result<Option<Viewer>> {
        let person = self.person_with_account(account).await?;
        let Some(person) = person.filter(|person| person.disabled_at.is_none()) else {
            return Ok(None);
        };
        let grants = self.grants(person.id).await?;
        let viewer = Viewer::person(person.id, person.account, person.name, grants);
        Ok(Some(viewer))
    }

    /// Notes that a session was used.
    pub async fn touch_session(&mut self, token_hash: &str, now: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("UPDATE session SET seen_at = $2 WHERE token_hash = $1")
                .bind(token_hash)
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Ends one session.
    pub async fn end_session(&mut self, token_hash: &str) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM session WHERE token_hash = $1")
                .bind(token_hash)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Ends every session of a person.
    pub async fn end_sessions(&mut self, person: Uuid) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM session WHERE person_id = $1")
                .bind(person)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Ends every session not used since an instant, or begun before another.
    pub async fn end_old_sessions(&mut self, unused: Instant, begun: Instant) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("DELETE FROM session WHERE seen_at < $1 OR created_at < $2")
                .bind(unused)
                .bind(begun)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}
