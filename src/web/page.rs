//! What every page shows around its own content, and how a template becomes a response.

use super::App;
use super::error::Error;
use super::guard::Signed;
use crate::census::moment;
use crate::register::find::Past;
use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The person in the header.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub roles: String,
}

/// A message at the top of a page.
#[derive(Debug, Clone)]
pub struct Notice {
    /// `success`, `warning`, `danger` or `info`.
    pub kind: &'static str,
    /// What it says.
    pub text: String,
}

/// What a page says above a past census.
#[derive(Debug, Clone)]
pub struct PastView {
    /// Which census it is.
    pub words: String,
    /// The same page of today.
    pub today: String,
}

/// What `base.html` needs.
#[derive(Debug, Clone)]
pub struct Page {
    /// Title of the document.
    pub title: String,
    /// Name of the installation.
    pub installation: String,
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// What forms must carry.
    pub csrf: String,
    /// The entry of the main navigation that this page belongs to.
    pub nav: &'static str,
    /// A message.
    pub notice: Option<Notice>,
    /// How many notices the person has not read.
    pub unread: i64,
    /// The past census that the page shows, when it does.
    pub past: Option<PastView>,
    /// Whether the person manages people.
    pub admin: bool,
    /// Whether the person reads everything.
    pub reads_all: bool,
    /// Whether the person writes devices.
    pub can_write: bool,
    /// Version of the program.
    pub version: &'static str,
    /// The addresses of pages of the chapter that are asked the question of this one, by path.
    pub ways: Vec<(&'static str, String)>,
}

/// A page of the chapter on compatibility, in the second line of the navigation.
#[derive(Debug, Clone)]
pub struct Way {
    /// What the page calls itself in [`Page::nav`].
    pub key: &'static str,
    /// Its address, with the question of the page one comes from where it understands it.
    pub href: String,
    /// What people read.
    pub label: &'static str,
}

/// A page of the chapter on compatibility.
#[derive(Debug, Clone, Copy)]
struct Entry {
    key: &'static str,
    href: &'static str,
    label: &'static str,
    /// Whether it is only for whoever reads everything.
    readers: bool,
}

/// The pages of the chapter, in their order.
const CHAPTER: [Entry; 11] = [
    entry("compatibilita", "/compatibilita", "Esiti", false),
    entry(
        "giudicati",
        "/compatibilita/dispositivi",
        "Esiti per dispositivo",
        false,
    ),
    entry(
        "mancanti",
        "/compatibilita/mancanti",
        "Informazioni mancanti",
        false,
    ),
    entry("interventi", "/interventi", "Interventi e stima", true),
    entry("criteri", "/criteri", "Criteri", false),
    entry("software", "/software", "Software", false),
    entry("modelli", "/modelli", "Modelli", false),
    entry("prezzi", "/prezzi", "Prezzi", true),
    entry("lotti", "/lotti", "Lotti", true),
    entry(
        "riferimenti",
        "/riferimenti",
        "Livelli di riferimento",
        false,
    ),
    entry("relazione", "/relazione", "Relazione", true),
];

const fn entry(key: &'static str, href: &'static str, label: &'static str, readers: bool) -> Entry {
    Entry {
        key,
        href,
        label,
        readers,
    }
}

impl Page {
    /// The pages beside this one, when it belongs to the chapter on compatibility.
    #[must_use]
    pub fn chapter(&self) -> Vec<Way> {
        if CHAPTER.iter().all(|entry| entry.key != self.nav) {
            return Vec::new();
        }
        let open = |entry: &Entry| self.reads_all || !entry.readers;
        let way = |entry: Entry| {
            let asking = self.ways.iter().find(|(path, _)| *path == entry.href);
            Way {
                key: entry.key,
                href: asking.map_or_else(|| entry.href.to_owned(), |(_, href)| href.clone()),
                label: entry.label,
            }
        };
        CHAPTER.into_iter().filter(open).map(way).collect()
    }

    /// The page with a chapter some of whose pages, by their paths, are asked the same question.
    #[must_use]
    pub fn asking(mut self, ways: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.ways = ways.into_iter().collect();
        self
    }

    /// The frame of a page for whoever asks.
    #[must_use]
    pub fn new(app: &App, signed: Option<&Signed>, title: &str, nav: &'static str) -> Self {
        Self {
            title: title.to_owned(),
            installation: app.settings.installation.clone(),
            person: signed.map(|signed| PersonView {
                name: signed.viewer.name.clone(),
                roles: signed.viewer.roles(),
            }),
            csrf: signed
                .map(|signed| signed.session.csrf.clone())
                .unwrap_or_default(),
            nav,
            notice: None,
            unread: signed.map_or(0, |signed| signed.unread),
            past: None,
            admin: signed.is_some_and(|signed| signed.viewer.manages_people()),
            reads_all: signed.is_some_and(|signed| signed.viewer.reads_all()),
            can_write: signed.is_some_and(|signed| signed.viewer.writes_any()),
            version: env!("CARGO_PKG_VERSION"),
            ways: Vec::new(),
        }
    }

    /// The same frame above the census of a past moment; `today` is the page without it.
    #[must_use]
    pub fn at(mut self, past: Option<Past>, today: impl FnOnce() -> String) -> Self {
        self.past = past.map(|past| {
            let when = moment::words(past.at);
            let words = match past.snapshot {
                None => format!("Censimento com’era il {when}."),
                Some(name) => format!("Fotografia «{name}»: il censimento com’era il {when}."),
            };
            PastView {
                words,
                today: today(),
            }
        });
        self
    }

    /// The same frame with a message.
    #[must_use]
    pub fn with_notice(mut self, kind: &'static str, text: impl Into<String>) -> Self {
        self.notice = Some(Notice {
            kind,
            text: text.into(),
        });
        self
    }
}

/// A template as an HTML response, never kept by browsers or proxies: what it shows is reserved.
#[derive(Debug)]
pub struct Html<T>(pub T);

impl<T: Template> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => {
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                let mut response = ([(header::CONTENT_TYPE, html)], text).into_response();
                response.extensions_mut().insert(super::error::Answered);
                response
            }
            Err(error) => Error::internal(error).into_response(),
        }
    }
}
