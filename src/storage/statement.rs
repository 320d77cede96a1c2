//! Statements whose text depends on a filter: written with numbered binds, never with values.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// A value bound to a statement.
#[derive(Debug, Clone)]
pub enum Bind {
    /// Text, or null.
    Text(Option<String>),
    /// A whole number, or null.
    Integer(Option<i64>),
    /// A number, or null.
    Decimal(Option<f64>),
    /// An identifier.
    Id(Uuid),
    /// An identifier, or null.
    MaybeId(Option<Uuid>),
    /// Yes or no.
    Flag(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A statement under construction.
#[derive(Debug, Default)]
pub struct Statement {
    text: String,
    binds: Vec<Bind>,
}

impl Statement {
    /// A statement that begins with this text.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            binds: Vec::new(),
        }
    }

    /// The same statement with a text before it.
    pub fn after(self, text: &str) -> Self {
        Self {
            text: text.to_owned() + &self.text,
            binds: self.binds,
        }
    }

    /// Appends fixed text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and its value.
    pub fn bind(&mut self, bind: Bind) -> &mut Self {
        self.binds.push(bind);
        let number = self.binds.len();
        self.text.push('$');
        self.text.push_str(&number.to_string());
        self
    }

    /// Appends a placeholder and a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bind(Bind::Text(Some(text.to_owned())))
    }

    /// Appends texts between parentheses, for `IN`.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.push("(");
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.text(text);
        }
        self.push(")")
    }

    /// Appends identifiers between parentheses, for `IN`.
    pub fn ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> &mut Self {
        self.push("(");
        for (index, id) in ids.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(Bind::Id(id));
        }
        self.push(")")
    }

    /// The text and the binds, for [`bound!`].
    pub fn into_parts(self) -> (AssertSqlSafe<String>, Vec<Bind>) {
        (AssertSqlSafe(self.text), self.binds)
    }
}

/// The pattern of `LIKE` for texts that contain this one; its escape is the backslash.
pub fn containing(text: &str) -> String {
    let plain = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{plain}%")
}

/// A query with these values bound to it, for the driver it is for.
macro_rules! binding {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                $crate::storage::statement::Bind::Text(value) => query.bind(value),
                $crate::storage::statement::Bind::Integer(value) => query.bind(value),
                $crate::storage::statement::Bind::Decimal(value) => query.bind(value),
                $crate::storage::statement::Bind::Id(value) => query.bind(value),
                $crate::storage::statement::Bind::MaybeId(value) => query.bind(value),
                $crate::storage::statement::Bind::Flag(value) => query.bind(value),
                $crate::storage::statement::Bind::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(crate) use binding;

/// A query with the binds of a statement, for whichever driver the surrounding `on!` chose.
macro_rules! bound {
    ($query:path, $statement:expr) => {{
        let (text, binds) = $statement.into_parts();
        $crate::storage::statement::binding!($query(text), binds)
    }};
}
pub(crate) use bound;
