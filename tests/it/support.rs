//! What the tests stand on: a fresh database on each engine, a register over it, people, devices,
//! and a browser that asks the router.
//!
//! [`both`] runs one test on SQLite and on PostgreSQL. Without `VARCO_TEST_POSTGRES` the second half
//! is left out, unless `REQUIRE_POSTGRES=1` says that this is a failure. `tools/with-postgres` sets
//! both. Nothing is shared between tests but PostgreSQL's template, made once by the first.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use geo::InteriorPoint;
use http_body_util::BodyExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use uuid::Uuid;
use varco::census::adhesion::{ActKind, TypedAct};
use varco::census::draft::Draft;
use varco::census::edition::Kind;
use varco::census::filter::{Filter, Slice, Sort};
use varco::census::person::{Grant, Role, Viewer};
use varco::census::revision::Source;
use varco::census::territory::Municipality;
use varco::census::vocabulary::Field;
use varco::clock::{Clock, Instant, SECOND};
use varco::exchange::boundaries;
use varco::register::Register;
use varco::register::adhesion::{Attached, Outcome};
use varco::register::document::Attachment;
use varco::register::record::{Outcome as Saved, Target};
use varco::register::reference_layer::{Outcome as LayerOutcome, TypedLayer};
use varco::register::staged::Orders;
use varco::settings::Settings;
use varco::storage::body::Body as Owner;
use varco::storage::review::Entry;
use varco::storage::{Store, Unit};
use varco::web::App;
use varco::web::guard;
use varco::web::routes;

/// When every test happens: 2 March 2026, 10:00 in Italy. It moves one second at each identifier.
pub const NOW: Instant = 1_772_442_000 * SECOND;

/// The password of everybody the builders add.
pub const PASSWORD: &str = "cinque lanterne sul ponte";

/// The Comune of Milano, and its body.
pub const MILANO: &str = "015146";
/// The Comune of Rho, and its body.
pub const RHO: &str = "015182";
/// The body that coordinates.
pub const CMM: &str = "cmm";

/// Runs a test on a fresh, migrated database of each engine.
pub fn both(test: impl AsyncFn(Store)) {
    both_at(async |url| {
        let store = Store::open(&url).await.unwrap();
        test(store.clone()).await;
        store.close().await;
    });
}

/// Runs a test on the address of a fresh, migrated database of each engine.
pub fn both_at(test: impl AsyncFn(String)) {
    on_sqlite(async |url| {
        Store::open(&url).await.unwrap().migrate().await.unwrap();
        test(url).await;
    });
    if let Some(server) = server() {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let name = format!("varco_template_{}", std::process::id());
            runtime().block_on(async {
                order(&server, &format!("CREATE DATABASE {name}")).await;
                let store = Store::open(&address(&server, &name)).await.unwrap();
                store.migrate().await.unwrap();
                store.close().await;
            });
            name
        });
        on_postgres(&server, &format!("TEMPLATE {template}"), test);
    }
}

/// Runs a test on the address of a database of each engine that holds nothing at all.
pub fn both_blank(test: impl AsyncFn(String)) {
    on_sqlite(&test);
    if let Some(server) = server() {
        on_postgres(&server, "", test);
    }
}

/// Runs a test on the address of a SQLite file that is not there yet.
pub fn on_sqlite(test: impl AsyncFn(String)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/varco.db", folder.path().display());
    runtime().block_on(test(url));
}

/// Runs a test on a new database of the server; whatever happens, the database goes away.
fn on_postgres(server: &str, like: &str, test: impl AsyncFn(String)) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    let name = format!("varco_test_{}_{number}", std::process::id());
    let runtime = runtime();
    runtime.block_on(order(server, &format!("CREATE DATABASE {name} {like}")));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(test(address(server, &name)));
    }));
    runtime.block_on(order(server, &format!("DROP DATABASE {name} WITH (FORCE)")));
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// The address of the PostgreSQL server for tests, when there is one.
pub fn server() -> Option<String> {
    let server = std::env::var("VARCO_TEST_POSTGRES").ok();
    let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(
        server.is_some() || !required,
        "REQUIRE_POSTGRES=1, but VARCO_TEST_POSTGRES names no server: run tools/with-postgres"
    );
    server
}

async fn order(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn address(server: &str, database: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{database}")
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Runs one statement on a store, past everything that protects it: for tests of what protects it.
pub async fn execute(store: &Store, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    match store {
        Store::Sqlite(pool, _) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
        Store::Postgres(pool) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
    }
}

/// The tables of a store that are the program's own, by name.
pub async fn tables(store: &Store) -> Vec<String> {
    match store {
        Store::Sqlite(pool, _) => sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
             AND name <> '_sqlx_migrations' ORDER BY name",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'
             AND tablename NOT IN ('spatial_ref_sys', '_sqlx_migrations') ORDER BY 1",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    }
}

/// How many rows stand in every table of a store, and how far the revisions have come.
pub async fn contents(store: &Store) -> Vec<(String, i64)> {
    let mut statements: Vec<String> = tables(store)
        .await
        .iter()
        .map(|table| format!("SELECT '{table}', count(*) FROM {table}"))
        .collect();
    statements
        .push("SELECT 'numbers', CAST(coalesce(sum(number), 0) AS BIGINT) FROM device".to_owned());
    let statement = AssertSqlSafe(statements.join(" UNION ALL "));
    match store {
        Store::Sqlite(pool, _) => sqlx::query_as(statement).fetch_all(pool).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_as(statement).fetch_all(pool).await.unwrap(),
    }
}

/// A file that was sent, read and judged.
pub async fn batch(register: &Register, viewer: &Viewer, body: &str, text: &str) -> Uuid {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let orders = Orders {
        body: Some(body.to_owned()),
        ..Orders::default()
    };
    let staged = register.stage(viewer, "prova.csv", &orders, file).await;
    register.work().await.unwrap();
    staged.unwrap()
}

/// A small PDF, as far as its beginning tells.
pub const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";

/// A file that somebody attaches.
pub fn attachment(name: &str, content: &[u8]) -> Attachment {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    Attachment {
        name: name.to_owned(),
        content: file,
    }
}

/// A document behind the regulation of a body, recorded by this person.
pub async fn document(register: &Register, viewer: &Viewer, body: &str) -> Uuid {
    let typed = TypedAct {
        state: "si".to_owned(),
        date: "2020-05-04".to_owned(),
        ..TypedAct::default()
    };
    let file = Attached::New(attachment("regolamento.pdf", PDF));
    let outcome = register
        .record_act(viewer, body, ActKind::Regulation, &typed, file)
        .await;
    assert!(matches!(outcome, Ok(Outcome::Saved)), "{outcome:?}");
    let seen = register.body(viewer, body, None).await.unwrap();
    seen.documents.last().unwrap().id
}

/// A reference layer of this kind with two points near the cathedral of Milano, shown to the bodies or
/// not.
pub async fn reference_layer(register: &Register, kind: &str, shared: bool) -> Uuid {
    let features = ["[9.1916,45.4641]", "[9.2016,45.4741]"].map(|place| {
        format!(
            r#"{{"type":"Feature","properties":{{"nome":"Punto"}},"geometry":{{"type":"Point","coordinates":{place}}}}}"#
        )
    });
    let features = features.join(",");
    let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
    let typed = TypedLayer {
        kind: kind.to_owned(),
        name: format!("Livello {kind}"),
        source: "Chi ce l’ha dato".to_owned(),
        licence: "Uso interno".to_owned(),
        dated: "01/02/2026".to_owned(),
        shared: if shared { "si" } else { "" }.to_owned(),
        ..TypedLayer::default()
    };
    let file = attachment("punti.geojson", text.as_bytes());
    let file = Attachment {
        content: rewound(file.content),
        ..file
    };
    let outcome = register
        .load_reference(&Viewer::operator(), &typed, Some(file))
        .await
        .unwrap();
    match outcome {
        LayerOutcome::Loaded(id) => id,
        LayerOutcome::Refused(refused) => panic!("{refused:?}"),
    }
}

fn rewound(mut file: std::fs::File) -> std::fs::File {
    file.rewind().unwrap();
    file
}

/// A file with the boundaries of a territory that has nothing in common with ours.
pub fn elsewhere() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("altrove.geojson");
    let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
        "properties":{"istat":"048017","name":"Firenze"},"geometry":{"type":"Polygon",
        "coordinates":[[[11.1,43.7],[11.4,43.7],[11.4,43.9],[11.1,43.9],[11.1,43.7]]]}}]}"#;
    std::fs::write(&path, square).unwrap();
    (folder, path)
}

/// The boundaries that the program carries, read once.
pub fn municipalities() -> &'static [Municipality] {
    static SEEDED: OnceLock<Vec<Municipality>> = OnceLock::new();
    SEEDED.get_or_init(boundaries::seeded)
}

/// A register with the territory, a body for each Comune it covers, and the one that coordinates.
/// Its clock stands at [`NOW`].
pub async fn register(store: Store) -> Register {
    let mut unit = store.write().await.unwrap();
    unit.replace_municipalities(municipalities()).await.unwrap();
    for municipality in municipalities().iter().filter(|one| one.covered) {
        let body = Owner {
            code: municipality.istat.clone(),
            name: format!("Comune di {}", municipality.name),
            kind: "comune".to_owned(),
        };
        unit.put_body(&body).await.unwrap();
    }
    let coordinator = Owner {
        code: CMM.to_owned(),
        name: "Città metropolitana di Milano".to_owned(),
        kind: "coordinatore".to_owned(),
    };
    unit.put_body(&coordinator).await.unwrap();
    unit.commit().await.unwrap();
    Register::open(store, Clock::fixed(NOW)).await.unwrap()
}

/// Puts the first set of criteria in force.
pub async fn criteria(register: &Register) -> Uuid {
    let text = include_str!("../../seeds/criteri.toml").to_owned();
    let operator = Viewer::operator();
    let name = "Criteri di partenza";
    let loaded = register.load_edition(&operator, Kind::Criteria, name, text);
    let id = loaded.await.unwrap().id;
    let today = register.clock.today();
    register.put_in_force(&operator, id, today).await.unwrap();
    id
}

/// Adds a person with a role for a body. Their account is `role.body`, their password [`PASSWORD`].
pub async fn person(register: &Register, role: Role, body: &str) -> Viewer {
    let account = format!("{role}.{body}");
    let name = format!("{role} di {body}");
    let grants = vec![Grant {
        role,
        body: body.to_owned(),
    }];
    let id = register
        .add_person(&Viewer::operator(), &account, &name, PASSWORD, &grants)
        .await
        .unwrap();
    Viewer::person(id, account, name, grants)
}

/// Adds an officer of a body.
pub async fn officer(register: &Register, body: &str) -> Viewer {
    person(register, Role::Compilatore, body).await
}

/// Adds a reviewer.
pub async fn reviewer(register: &Register) -> Viewer {
    person(register, Role::Validatore, CMM).await
}

/// Adds an observer.
pub async fn observer(register: &Register) -> Viewer {
    person(register, Role::Osservatore, CMM).await
}

/// Adds an administrator.
pub async fn administrator(register: &Register) -> Viewer {
    person(register, Role::Amministratore, CMM).await
}

/// A complete draft without errors, somewhere in the Comune whose body this is.
pub fn draft(body: &str, code: &str) -> Draft {
    let comune = municipalities().iter().find(|one| one.istat == body);
    let (lon, lat) = comune
        .and_then(|one| one.boundary.interior_point())
        .map_or((9.1919, 45.4642), |point| (point.x(), point.y()));
    Draft::of(&[
        (Field::Codice, code),
        (Field::Ente, body),
        (Field::Denominazione, "Varco di prova"),
        (Field::Indirizzo, "via della Prova 1"),
        (Field::Lat, &lat.to_string()),
        (Field::Lon, &lon.to_string()),
        (Field::MetodoPosizione, "gnss"),
        (Field::Funzione, "lettura_targhe"),
        (Field::Installazione, "fissa"),
        (Field::Stato, "in_esercizio"),
        (Field::Marca, "Marca"),
        (Field::Modello, "Modello"),
        (Field::Ocr, "a_bordo"),
        (Field::Software, "Programma"),
        (Field::Connettivita, "fibra"),
        (Field::StatoScntt, "non_collegato"),
    ])
}

/// Saves a device as this person, as the form would: [`draft`] with these fields over it. Unless
/// they say otherwise it is reserved.
pub async fn device(
    register: &Register,
    viewer: &Viewer,
    body: &str,
    code: &str,
    fields: &[(Field, &str)],
) -> Uuid {
    let mut draft = draft(body, code);
    for (field, text) in fields {
        draft.set(*field, *text);
    }
    let outcome = register
        .save(viewer, &draft, Target::New, Source::Form)
        .await
        .unwrap();
    match outcome {
        Saved::Saved { device, .. } => device,
        other => panic!("the device was not saved: {other:#?}"),
    }
}

/// What a tender is made from.
#[derive(Debug, Clone, Copy)]
pub struct Tender {
    /// The criteria of every installation.
    pub criteria: Uuid,
    /// A price list.
    pub prices: Uuid,
    /// A division in lots.
    pub lots: Uuid,
}

/// Loads an edition and puts it in force from a day long ago.
pub async fn edition(register: &Register, kind: Kind, name: &str, content: &str) -> Uuid {
    let operator = Viewer::operator();
    let loaded = register.load_edition(&operator, kind, name, content.to_owned());
    let id = loaded.await.unwrap().id;
    let day = jiff::civil::date(2020, 1, 1);
    register.put_in_force(&operator, id, day).await.unwrap();
    id
}

/// Loads the criteria of every installation, a price list and a division in lots, in force.
pub async fn tender(register: &Register) -> Tender {
    let criteria = include_str!("../../seeds/criteri.toml");
    let prices = "intervento;unita;prezzo_minimo;prezzo_massimo;fonte;nota\n\
                  server;ente;10.000,00;20.000,00;;\n";
    let lots = "lotto;ente;comune;zona\n1;;015146;\n";
    Tender {
        criteria: edition(register, Kind::Criteria, "Di prova", criteria).await,
        prices: edition(register, Kind::Prices, "Di prova", prices).await,
        lots: edition(register, Kind::Lots, "Di prova", lots).await,
    }
}

/// Sends and accepts the working states that a filter finds, and says how many.
pub async fn accept(unit: &mut Unit, filter: &Filter) -> usize {
    let slice = Slice {
        sort: Sort::Code,
        from: None,
        size: 100_000,
    };
    let found = unit.devices(filter, &slice).await.unwrap().rows;
    let entries: Vec<Entry> = found
        .iter()
        .filter(|one| !one.accepted)
        .map(|one| Entry {
            revision: one.id,
            device: one.device,
            code: one.record.text(Field::Codice).to_owned(),
            submitted_at: None,
        })
        .collect();
    let last = found.iter().map(|one| one.written_at).max().unwrap_or(NOW);
    unit.mark_submitted(&entries, last).await.unwrap();
    unit.mark_accepted(&entries, last).await.unwrap();
    entries.len()
}

/// The application over a register, with the default settings.
pub fn app(register: &Register) -> App {
    App::new(register.clone(), Settings::default())
}

/// What a page answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirection leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The token of the form on this page.
    pub fn csrf(&self) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once("name=\"_csrf\" value=\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }
}

/// A browser: it keeps cookies, remembers the token of the last form it saw, and follows nothing.
#[derive(Debug, Clone)]
pub struct Browser {
    router: Router,
    /// The cookies it holds.
    pub cookies: BTreeMap<String, String>,
    /// The token of the last form it saw.
    pub csrf: Option<String>,
    /// Where it asks from.
    pub address: SocketAddr,
}

impl Browser {
    /// A browser before the application.
    pub fn new(app: &App) -> Self {
        Self {
            router: routes::router(app.clone()),
            cookies: BTreeMap::new(),
            csrf: None,
            address: SocketAddr::from_str("192.0.2.1:4000").unwrap(),
        }
    }

    /// A browser in which this person of the builders has signed in.
    pub async fn of(app: &App, viewer: &Viewer) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.sign_in(&viewer.account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        browser.get("/password").await;
        assert!(browser.csrf.is_some());
        browser
    }

    /// The token of its session; empty without one.
    pub fn token(&self) -> &str {
        self.cookies.get(guard::COOKIE).map_or("", String::as_str)
    }

    /// Sends the sign-in form.
    pub async fn sign_in(&mut self, account: &str, password: &str) -> Answer {
        self.post_bare("/accedi", &[("utente", account), ("password", password)])
            .await
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Self::request(Method::GET, path)
            .body(Body::empty())
            .unwrap();
        self.send(request).await
    }

    /// Sends a form with the token of the last form seen.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf.clone().expect("no page with a form was seen");
        self.post_with(path, &token, fields).await
    }

    /// Sends a form with this token.
    pub async fn post_with(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("_csrf", token)];
        all.extend_from_slice(fields);
        self.post_bare(path, &all).await
    }

    /// Sends a form without any token.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Self::request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(fields).unwrap().into())
            .unwrap();
        self.send(request).await
    }

    /// Sends a form with a file in it: the fields first, in their order, then the file.
    pub async fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, file, bytes): (&str, &str, &[u8]),
    ) -> Answer {
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!(
                "--limite\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let part = format!(
            "--limite\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--limite--\r\n");
        let request = Self::request(Method::POST, path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=limite")
            .body(body.into())
            .unwrap();
        self.send(request).await
    }

    /// A request as browsers begin one.
    pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let cookies = pairs.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        };
        self.keep_cookies(&answer);
        if let Some(token) = answer.csrf() {
            self.csrf = Some(token);
        }
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Every file of the program under a folder of the repository, by its path from the root.
pub fn sources(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy();
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(name.into_owned(), text);
            }
        }
    }
    found
}
