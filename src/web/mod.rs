//! The web application: routes in one table, one way in, one way to fail.
//!
//! A request goes route → guard (who asks, and for writing the proof that the form is ours) →
//! page → register. To add a page: a file in `pages/` with `get` and `post`, a line in
//! [`routes::routes`], a template of the same name. Enforced by `tests/it/access.rs`, which asks
//! every route of the table as every role.

pub mod assets;
pub mod error;
pub mod fields;
pub mod force;
pub mod form;
pub mod guard;
pub mod page;
pub mod pages;
pub mod query;
pub mod recording;
pub mod report;
pub mod routes;
pub mod thread;
pub mod throttle;
pub mod upload;
pub mod verdict;

use crate::register::Register;
use crate::settings::Settings;
use std::sync::Arc;
use throttle::Throttle;

/// What every handler has at hand.
#[derive(Debug, Clone)]
pub struct App {
    /// The register.
    pub register: Register,
    /// What the operator configured.
    pub settings: Arc<Settings>,
    /// Who tried to sign in how often.
    pub throttle: Arc<Throttle>,
}

impl App {
    /// An application over a register.
    #[must_use]
    pub fn new(register: Register, settings: Settings) -> Self {
        Self {
            register,
            settings: Arc::new(settings),
            throttle: Arc::new(Throttle::default()),
        }
    }
}
