//! Every route as every role, on one's own and on another body's devices, with the right token,
//! without one and with somebody else's.
//!
//! The table is made from `routes()`: a new route is asked without a line here, unless its address
//! has a part that [`fillings`] does not know; then the test names it.

use crate::support::{self, Answer, Browser, CMM, MILANO, RHO, both};
use axum::http::{Method, StatusCode};
use std::io::{Cursor, Read};
use uuid::Uuid;
use varco::census::adhesion::ActKind;
use varco::census::campaign::DeclarationKind;
use varco::census::filter::Filter;
use varco::census::journal::Act;
use varco::census::person::Viewer;
use varco::census::vocabulary::Field;
use varco::register::Register;
use varco::storage::campaign::Declaration;
use varco::web::App;
use varco::web::routes::{Access, Route, routes};

/// Where the reserved device is: in Milano, and nowhere else by chance.
const LAT: &str = "45.4712341";
const LON: &str = "9.1876541";

/// The texts of the reserved device that must not reach another body in any form.
const SECRETS: [&str; 7] = [
    "SEGRETO-77",
    "Torre nascosta",
    "vicolo Riservato",
    "MARCASCONOSCIUTA",
    "SITO-OCCULTO",
    LAT,
    LON,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Writes the devices of the body the device belongs to.
    Owner,
    /// Writes those of another.
    Stranger,
    Observer,
    Reviewer,
    Administrator,
}

impl Who {
    const SIGNED: [Self; 5] = [
        Self::Owner,
        Self::Stranger,
        Self::Observer,
        Self::Reviewer,
        Self::Administrator,
    ];

    /// Whether this route is for them at all.
    fn may_use(self, access: Access) -> bool {
        match access {
            Access::Everyone => true,
            Access::Signed => self != Self::Nobody,
            Access::Compilers => matches!(self, Self::Owner | Self::Stranger),
            Access::Recorders => matches!(self, Self::Owner | Self::Stranger | Self::Reviewer),
            Access::Readers => {
                matches!(self, Self::Observer | Self::Reviewer | Self::Administrator)
            }
            Access::Reviewers => self == Self::Reviewer,
            Access::Curators => matches!(self, Self::Reviewer | Self::Administrator),
            Access::Administrators => self == Self::Administrator,
        }
    }
}

/// What an address may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// A device or site that only its own body and those who read everything may know of.
    Reserved,
    /// A device that is accepted and shown to the other bodies, or a body that everybody knows.
    Shared,
    /// Nothing of one body.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Right,
    Missing,
    Foreign,
}

/// What a request must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Sent to the sign-in page.
    SignIn,
    /// This status, and nothing written.
    Refused(StatusCode),
    /// Anything that is not a refusal: the request as sent here may well lack something.
    Goes,
}

fn expected(route: &Route, who: Who, about: About, token: Token) -> Expected {
    let writes = route.method == Method::POST;
    if who == Who::Nobody && route.access != Access::Everyone {
        return if writes {
            Expected::Refused(StatusCode::UNAUTHORIZED)
        } else {
            Expected::SignIn
        };
    }
    if route.access == Access::Everyone {
        return Expected::Goes;
    }
    if writes && token != Token::Right {
        return Expected::Refused(StatusCode::FORBIDDEN);
    }
    if !who.may_use(route.access) {
        return Expected::Refused(StatusCode::FORBIDDEN);
    }
    match (who, about) {
        (Who::Stranger, About::Reserved) => Expected::Refused(StatusCode::NOT_FOUND),
        (Who::Stranger, About::Shared) if is_own_business(route) => {
            Expected::Refused(StatusCode::FORBIDDEN)
        }
        _ => Expected::Goes,
    }
}

/// Whether a route is about changing what it names. Making a copy of one's own is not.
fn is_own_business(route: &Route) -> bool {
    matches!(route.access, Access::Compilers | Access::Recorders)
        && !route.path.ends_with("/duplica")
}

/// What is in the register when the table is asked.
struct World {
    register: Register,
    app: App,
    people: Vec<(Who, Viewer)>,
    reserved: Uuid,
    shared: Uuid,
    other: Uuid,
    site: Uuid,
    person: Uuid,
    batch: Uuid,
    document: Uuid,
    declaration: Uuid,
    snapshot: Uuid,
    tender: support::Tender,
    reference: Uuid,
}

/// What the parts of an address can name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// A device.
    pub device: Uuid,
    /// A device of another body that everybody may see, to stand beside it.
    pub other: Uuid,
    /// A site.
    pub site: Uuid,
    /// A person.
    pub person: Uuid,
    /// A file on its way in, with one row.
    pub batch: Uuid,
    /// A document of the body of Milano.
    pub document: Uuid,
    /// What it declared.
    pub declaration: Uuid,
    /// A snapshot.
    pub snapshot: Uuid,
    /// A set of criteria.
    pub criteria: Uuid,
    /// A price list.
    pub prices: Uuid,
    /// A division in lots.
    pub lots: Uuid,
    /// A reference layer that the bodies may see.
    pub reference: Uuid,
}

impl World {
    async fn new(register: Register) -> Self {
        support::criteria(&register).await;
        let owner = support::officer(&register, MILANO).await;
        let stranger = support::officer(&register, RHO).await;
        let shared = [
            (Field::Visibilita, "enti"),
            (Field::Denominazione, "Mostrata a tutti"),
        ];
        let shared = support::device(&register, &owner, MILANO, "VISIBILE", &shared).await;
        let seen_by_all = [(Field::Visibilita, "enti")];
        let own = support::device(&register, &stranger, RHO, "DI-RHO", &seen_by_all).await;
        let fields = [
            (Field::Denominazione, SECRETS[1]),
            (Field::Indirizzo, "vicolo Riservato 9"),
            (Field::Marca, SECRETS[3]),
            (Field::Sito, SECRETS[4]),
            (Field::Lat, LAT),
            (Field::Lon, LON),
        ];
        let reserved = support::device(&register, &owner, MILANO, SECRETS[0], &fields).await;
        assert!(![shared, reserved].contains(&own));
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &Filter::working(&Viewer::operator())).await;
        let site = unit.site_with_code(MILANO, SECRETS[4]).await.unwrap();
        unit.commit().await.unwrap();
        let person = support::officer(&register, "015077").await;
        // Its one row has an error, so that nobody confirms it by asking for what stands here.
        let row = format!("{};{LAT};{LON};{};boh", SECRETS[0], SECRETS[1]);
        let file = format!("codice;lat;lon;denominazione;stato\r\n{row}\r\n");
        let batch = support::batch(&register, &owner, MILANO, &file).await;
        let document = support::document(&register, &owner, MILANO).await;
        let declaration = declaration(&register).await;
        let operator = Viewer::operator();
        let snapshot = register.take_snapshot(&operator, "Di prova").await;
        let tender = support::tender(&register).await;
        let reference = support::reference_layer(&register, "scuole", true).await;
        let people = vec![
            (Who::Owner, owner),
            (Who::Stranger, stranger),
            (Who::Observer, support::observer(&register).await),
            (Who::Reviewer, support::reviewer(&register).await),
            (Who::Administrator, support::administrator(&register).await),
        ];
        Self {
            app: support::app(&register),
            register,
            people,
            reserved,
            shared,
            other: own,
            site: site.unwrap().id,
            person: person.id.unwrap(),
            batch,
            document,
            declaration,
            snapshot: snapshot.unwrap().id,
            tender,
            reference,
        }
    }

    /// What there is, with one of the devices.
    fn named(&self, device: Uuid) -> Named {
        Named {
            device,
            other: self.other,
            site: self.site,
            person: self.person,
            batch: self.batch,
            document: self.document,
            declaration: self.declaration,
            snapshot: self.snapshot,
            criteria: self.tender.criteria,
            prices: self.tender.prices,
            lots: self.tender.lots,
            reference: self.reference,
        }
    }

    async fn browser(&self, who: Who) -> Browser {
        match self.people.iter().find(|(one, _)| *one == who) {
            Some((_, viewer)) => Browser::of(&self.app, viewer).await,
            None => Browser::new(&self.app),
        }
    }

    /// The addresses of a route, with what each is about.
    fn addresses(&self, route: &Route) -> Vec<(About, String)> {
        let device = |id: Uuid| fillings(route.path, self.named(id));
        let Some(reserved) = device(self.reserved) else {
            panic!(
                "no filling for the parts of {}: add them to fillings()",
                route.path
            );
        };
        let kept = [
            "/siti/{id}",
            "/importa/{id}",
            "/enti/{code}",
            "/documenti/{id}",
        ];
        if kept.iter().any(|start| route.path.starts_with(start)) {
            return label(About::Reserved, reserved);
        }
        let of_a_body = ["/invio/{ente}", "/convalida/{ente}"];
        if of_a_body.iter().any(|start| route.path.starts_with(start)) {
            return label(About::Shared, reserved);
        }
        let about_a_device = ["/dispositivi/{id}", "/doppioni/{left}"];
        if !about_a_device
            .iter()
            .any(|start| route.path.starts_with(start))
        {
            return label(About::Nothing, reserved);
        }
        let mut all = label(About::Reserved, reserved);
        all.extend(label(About::Shared, device(self.shared).unwrap()));
        all
    }

    /// How much stands in every table but the history, which notes refusals: what must be the same
    /// after a refusal.
    async fn contents(&self) -> Vec<(String, i64)> {
        let mut contents = support::contents(&self.register.store).await;
        contents.retain(|(table, _)| table != "journal");
        contents
    }
}

/// Something that the body of Milano declared.
pub async fn declaration(register: &Register) -> Uuid {
    let id = register.clock.new_id();
    let mut unit = register.store.write().await.unwrap();
    let declaration = Declaration {
        id,
        body: MILANO.to_owned(),
        at: register.clock.now(),
        author: "compilatore.015146".to_owned(),
        signer: "Compilatore".to_owned(),
        kind: DeclarationKind::Census,
        devices: 0,
        accepted: 0,
        figures: Vec::new(),
        hash: String::new(),
        text: String::new(),
    };
    unit.add_declaration(&declaration, &mut register.seal())
        .await
        .unwrap();
    unit.commit().await.unwrap();
    id
}

fn label(about: About, addresses: Vec<String>) -> Vec<(About, String)> {
    addresses.into_iter().map(|one| (about, one)).collect()
}

/// The addresses that a pattern stands for; nothing when it has a part that is not known here.
pub fn fillings(pattern: &str, named: Named) -> Option<Vec<String>> {
    let id = match pattern.split('/').nth(1) {
        Some("dispositivi") => named.device,
        Some("siti") => named.site,
        Some("persone") => named.person,
        Some("importa") => named.batch,
        Some("documenti") => named.document,
        Some("enti") => named.declaration,
        Some("fotografie") => named.snapshot,
        Some("criteri") => named.criteria,
        Some("prezzi") => named.prices,
        Some("lotti") => named.lots,
        _ if pattern.contains("/riferimenti/{id}") => named.reference,
        _ if pattern.contains("{id}") => return None,
        _ => Uuid::nil(),
    };
    let filled = pattern.replace("{id}", &id.to_string());
    let filled = filled.replace("{record}", "1").replace("{code}", MILANO);
    let filled = filled
        .replace("{ente}", MILANO)
        .replace("{intervento}", "server");
    let filled = filled.replace("{left}", &named.device.to_string());
    let filled = filled.replace("{right}", &named.other.to_string());
    let all: Vec<String> = if filled.contains("{z}/{x}/{y}") {
        [0, 7, 10, 12, 14, 16]
            .map(|zoom| filled.replace("{z}/{x}/{y}", &tile(zoom)))
            .to_vec()
    } else if filled.contains("/atti/{kind}") {
        ActKind::ALL
            .map(|kind| filled.replace("{kind}", kind.name()))
            .to_vec()
    } else if filled.contains("/esporta/{file}") {
        ["geojson", "csv", "zip"]
            .map(|end| filled.replace("{file}", &format!("dispositivi.{end}")))
            .to_vec()
    } else if filled.contains("/relazione/{file}") {
        ["pdf", "xlsx", "html", "zip"]
            .map(|end| filled.replace("{file}", &format!("relazione.{end}")))
            .to_vec()
    } else {
        vec![filled.replace("{*path}", "favicon.svg")]
    };
    all.iter().all(|one| !one.contains('{')).then_some(all)
}

/// The tile of a zoom level in which the reserved device is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a tile's number is small and positive"
)]
fn tile(zoom: i32) -> String {
    let (lat, lon): (f64, f64) = (LAT.parse().unwrap(), LON.parse().unwrap());
    let across = 2_f64.powi(zoom);
    let lat = lat.to_radians();
    let x = (lon + 180.0) / 360.0 * across;
    let y = (1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * across;
    format!("{zoom}/{}/{}.mvt", x as u32, y as u32)
}

/// Sends what a route takes, nothing filled in, as a form or as a form with a file.
async fn write(browser: &mut Browser, address: &str, token: Option<&str>, file: bool) -> Answer {
    let fields: Vec<_> = token.map(|token| ("_csrf", token)).into_iter().collect();
    if file {
        let file = ("file", "vuoto.csv", b"codice;lat;lon\n".as_slice());
        browser.upload(address, &fields, file).await
    } else {
        browser.post_bare(address, &fields).await
    }
}

#[test]
fn every_route_is_for_whom_the_table_says_and_for_nobody_else() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        let mut foreign = world.browser(Who::Administrator).await;
        foreign.get("/password").await;
        let foreign = foreign.csrf.unwrap();
        let mut wrong = Vec::new();
        for who in [Who::Nobody].into_iter().chain(Who::SIGNED) {
            let mut browser = world.browser(who).await;
            let mut before = world.contents().await;
            for route in routes() {
                for (about, address) in world.addresses(&route) {
                    for (token, file) in ways(&route) {
                        let wanted = expected(&route, who, about, token);
                        let own = browser.csrf.clone();
                        let sent = match token {
                            Token::Right => own.as_deref(),
                            Token::Foreign => Some(&*foreign),
                            Token::Missing => None,
                        };
                        let answer = if route.method == Method::GET {
                            browser.get(&address).await
                        } else {
                            write(&mut browser, &address, sent, file).await
                        };
                        let after = world.contents().await;
                        let unchanged = before == after;
                        before = after;
                        if file && answer.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
                            assert!(unchanged, "{address}");
                            continue;
                        }
                        if !fits(wanted, &answer, unchanged) {
                            wrong.push(format!(
                                "{who:?} {} {address} ({about:?}, {token:?} token): {wanted:?}, \
                                 not {} (unchanged: {unchanged})",
                                route.method, answer.status
                            ));
                        }
                        let open = world.register.session(browser.token()).await.unwrap();
                        if who != Who::Nobody && open.is_none() {
                            browser = world.browser(who).await;
                            before = world.contents().await;
                        }
                    }
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    });
}

/// How a route is asked: with which token, and whether with a file.
fn ways(route: &Route) -> Vec<(Token, bool)> {
    if route.method == Method::GET {
        return vec![(Token::Right, false)];
    }
    let tokens = [Token::Missing, Token::Foreign, Token::Right];
    let with = |file| tokens.map(|token| (token, file));
    [with(true), with(false)].concat()
}

fn fits(wanted: Expected, answer: &Answer, unchanged: bool) -> bool {
    match wanted {
        Expected::SignIn => {
            answer.status == StatusCode::SEE_OTHER
                && answer.location().starts_with("/accedi?poi=")
                && unchanged
        }
        Expected::Refused(status) => answer.status == status && unchanged,
        Expected::Goes => {
            !answer.status.is_server_error()
                && ![
                    StatusCode::UNAUTHORIZED,
                    StatusCode::FORBIDDEN,
                    StatusCode::NOT_FOUND,
                    StatusCode::METHOD_NOT_ALLOWED,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ]
                .contains(&answer.status)
        }
    }
}

/// What may be asked of a list, a map or a file, besides nothing.
const QUERIES: [&str; 15] = [
    "",
    "?propri=si",
    "?ente=015146",
    "?comune=015146",
    "?funzione=lettura_targhe",
    "?segnalazioni=avvisi",
    "?segnalazioni=nessuna",
    "?ritirati=si",
    "?cerca=segreto",
    "?dati=convalidati",
    "?dati=lavorazione",
    "?dati=attesa",
    "?al=2026-03-02T09:00:30Z",
    "?ordine=modifica",
    "?ente=015146&ordine=denominazione",
];

/// The pages and files that show nothing reserved, and whose reading is not noted; and why.
const UNNOTED: [(&str, &str); 27] = [
    ("/", "numbers alone"),
    ("/accedi", "for everybody"),
    ("/accessibilita", "for everybody"),
    ("/salute", "for everybody"),
    ("/static/{*path}", "for everybody"),
    ("/password", "one’s own"),
    ("/avvisi", "one’s own"),
    ("/tiles/comuni/{z}/{x}/{y}", "boundaries that are public"),
    ("/esporta", "a form and how many devices a filter finds"),
    ("/convalida", "how many devices wait"),
    ("/fotografie", "names and hashes"),
    ("/fotografie/{id}", "numbers alone"),
    ("/fotografie/{id}/verifica", "whether it is in order"),
    ("/criteri", "criteria are everybody’s"),
    ("/criteri/guida", "criteria are everybody’s"),
    ("/criteri/prova", "an empty form; what is tried is noted"),
    ("/criteri/{id}", "criteria are everybody’s"),
    ("/criteri/{id}/criteri.toml", "criteria are everybody’s"),
    ("/prezzi/modello.csv", "a form to fill in"),
    ("/lotti/modello.csv", "a form to fill in"),
    ("/riferimenti/nuovo", "an empty form"),
    ("/software/modifica", "what the catalogue says, of no body"),
    ("/software/scntt", "what the catalogue says, of no body"),
    ("/storia", "the history itself"),
    ("/persone", "accounts, for who manages them"),
    ("/persone/nuova", "an empty form"),
    ("/persone/{id}/modifica", "accounts, for who manages them"),
];

/// What a page must be asked beside its address to show what it is for.
fn question(path: &str, snapshot: Uuid) -> String {
    match path {
        "/software/voce" | "/software/modifica" | "/software/scntt" => "?nome=Programma".to_owned(),
        "/modelli/voce" | "/modelli/modifica" => "?marca=Marca&modello=Modello".to_owned(),
        "/fotografie/confronta" | "/fotografie/confronta/differenze.csv" => {
            format!("?prima={snapshot}&dopo=oggi")
        }
        "/relazione" => "?fotografia=oggi".to_owned(),
        "/riferimenti/scoperti" | "/riferimenti/scoperti.csv" => "?raggio=300".to_owned(),
        _ => String::new(),
    }
}

/// Whoever may ask for a page and reads there what is not their own; nobody for officers' pages.
fn reader(access: Access) -> Option<Who> {
    [Who::Observer, Who::Reviewer, Who::Administrator]
        .into_iter()
        .find(|who| who.may_use(access))
}

#[test]
fn every_page_that_shows_something_reserved_says_so_in_the_history() {
    both(async |store| {
        let register = support::register(store).await;
        let mut world = World::new(register).await;
        // A layer of plants at risk, and the fibre, which are for whoever reads everything.
        world.reference = support::reference_layer(&world.register, "arir", false).await;
        support::reference_layer(&world.register, "fibra", false).await;
        // And a device that waits to be looked at.
        let (_, owner) = &world.people[0];
        let waiting = support::device(&world.register, owner, MILANO, "ATTENDE", &[]).await;
        let sent = world.register.submit(owner, MILANO, None, "");
        sent.await.unwrap();
        let noted = async || {
            world.register.settle().await.unwrap();
            let mut found = Vec::new();
            let mut unit = world.register.store.read().await.unwrap();
            unit.each_record(|record| found.push(record.act))
                .await
                .unwrap();
            let read = [Act::Read, Act::SiteRead, Act::Exported].map(Act::name);
            found.retain(|act| read.contains(&act.as_str()));
            found.len()
        };
        let (mut silent, mut wrong) = (Vec::new(), Vec::new());
        for route in routes() {
            let Some(who) = reader(route.access).filter(|_| route.method == Method::GET) else {
                continue;
            };
            let mut browser = world.browser(who).await;
            // A map is noted once an hour, and so at the first of its tiles.
            let (_, address) = world.addresses(&route).swap_remove(0);
            let address = match route.path {
                "/dispositivi/{id}/convalida" => fillings(route.path, world.named(waiting))
                    .unwrap()
                    .remove(0),
                path => address + &question(path, world.snapshot),
            };
            let before = noted().await;
            let answer = browser.get(&address).await;
            let shown = answer.status.is_success() || route.access == Access::Everyone;
            if !shown {
                wrong.push(format!("{address}: {} {}", answer.status, answer.text()));
            }
            if noted().await == before {
                silent.push(route.path);
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        silent.sort_unstable();
        let mut known: Vec<&str> = UNNOTED.iter().map(|(path, _)| *path).collect();
        known.sort_unstable();
        assert_eq!(silent, known, "{silent:#?}");
    });
}

#[test]
fn nothing_of_a_reserved_device_reaches_another_body() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        let mut owner = world.browser(Who::Owner).await;
        let mut stranger = world.browser(Who::Stranger).await;
        let mut nobody = world.browser(Who::Nobody).await;
        let mut shown = Vec::new();
        for route in routes().iter().filter(|one| one.method == Method::GET) {
            for (_, address) in world.addresses(route) {
                for query in QUERIES {
                    let address = format!("{address}{query}");
                    let own = owner.get(&address).await;
                    if own.status == StatusCode::BAD_REQUEST {
                        continue;
                    }
                    for browser in [&mut stranger, &mut nobody] {
                        let seen = secrets_in(&browser.get(&address).await.body);
                        assert!(seen.is_empty(), "{address} shows {seen:?}");
                    }
                    if !secrets_in(&own.body).is_empty() {
                        shown.push(address);
                    }
                }
            }
        }
        // The owner sees it everywhere, or else the secrets were sought where they cannot be.
        for address in [
            "/dispositivi",
            "/dispositivi?ente=015146",
            "/esporta/dispositivi.csv",
            "/esporta/dispositivi.geojson?dati=convalidati",
            "/esporta/dispositivi.zip",
            &format!("/tiles/dispositivi/{}", tile(16)),
            &format!("/dispositivi/{}", world.reserved),
            &format!("/dispositivi/{}/scheda", world.reserved),
            &format!("/dispositivi/{}/modifica", world.reserved),
            &format!("/dispositivi/{}?dati=convalidati", world.reserved),
            "/storia.csv",
            "/compatibilita/dispositivi",
            "/compatibilita/dispositivi.csv",
            "/compatibilita/mancanti.csv",
            &format!("/importa/{}", world.batch),
            &format!("/importa/{}/scarti", world.batch),
            &format!("/importa/{}/righe/1", world.batch),
        ] {
            assert!(
                shown.contains(&address.to_owned()),
                "not even its own body sees {address}"
            );
        }
    });
}

/// The secrets that stand in these bytes, or in the files of an archive that they are.
fn secrets_in(bytes: &[u8]) -> Vec<&'static str> {
    let mut all = bytes.to_vec();
    if bytes.starts_with(b"PK") {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for index in 0..archive.len() {
            archive
                .by_index(index)
                .unwrap()
                .read_to_end(&mut all)
                .unwrap();
        }
    }
    assert!(
        !bytes.starts_with(&[0x1f, 0x8b]),
        "compressed without being asked"
    );
    let stands = |needle: &[u8]| all.windows(needle.len()).any(|window| window == needle);
    let in_text = SECRETS
        .into_iter()
        .filter(|secret| stands(secret.as_bytes()));
    let mut found: Vec<_> = in_text.collect();
    for number in [LAT, LON] {
        let number: f64 = number.parse().unwrap();
        if stands(&number.to_le_bytes()) || stands(&number.to_be_bytes()) {
            found.push("the coordinates as a binary number");
        }
    }
    found
}

#[test]
fn a_reserved_device_and_one_that_does_not_exist_are_answered_alike() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        let mut stranger = world.browser(Who::Stranger).await;
        let reference = support::reference_layer(&world.register, "fibra", false).await;
        let token = stranger.csrf.clone().unwrap();
        for route in routes()
            .iter()
            .filter(|one| one.path.contains("{id}") || one.path.contains("{left}"))
        {
            // Everybody may know which snapshots there are, and find there what they may see; and
            // read the criteria.
            let open = ["/fotografie/", "/criteri/"];
            if matches!(
                route.access,
                Access::Administrators | Access::Curators | Access::Reviewers | Access::Readers
            ) || open.iter().any(|start| route.path.starts_with(start))
            {
                continue;
            }
            let none = Named {
                device: Uuid::max(),
                other: world.other,
                site: Uuid::max(),
                person: Uuid::max(),
                batch: Uuid::max(),
                document: Uuid::max(),
                declaration: Uuid::max(),
                snapshot: Uuid::max(),
                criteria: Uuid::max(),
                prices: Uuid::max(),
                lots: Uuid::max(),
                reference: Uuid::max(),
            };
            let hidden = Named {
                reference,
                ..world.named(world.reserved)
            };
            let hidden = fillings(route.path, hidden).unwrap();
            let absent = fillings(route.path, none).unwrap();
            for (hidden, absent) in hidden.iter().zip(&absent) {
                let mut pages = Vec::new();
                for address in [hidden, absent] {
                    let answer = if route.method == Method::GET {
                        stranger.get(address).await
                    } else {
                        write(&mut stranger, address, Some(&token), false).await
                    };
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
                    let id = answer.header("x-request-id").to_owned();
                    pages.push(answer.text().replace(&id, ""));
                }
                assert_eq!(pages[0], pages[1], "{hidden}");
            }
        }
    });
}

#[test]
fn the_live_check_says_nothing_of_another_bodys_devices() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        for (who, knows) in [(Who::Owner, true), (Who::Stranger, false)] {
            let mut browser = world.browser(who).await;
            browser.get("/dispositivi/nuovo").await;
            let fields = [
                ("ente", MILANO),
                ("codice", SECRETS[0]),
                ("sito", SECRETS[4]),
                ("lat", LAT),
                ("lon", LON),
                ("funzione", "lettura_targhe"),
                ("stato", "in_esercizio"),
            ];
            let answer = browser.post("/dispositivi/controlla", &fields).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let page = answer.text();
            // Its own body is told that the code is taken and that a device is there already.
            assert_eq!(
                page.contains("ha già un dispositivo con il codice"),
                knows,
                "{who:?}: {page}"
            );
            assert_eq!(
                page.contains("A meno di 30 metri"),
                knows,
                "{who:?}: {page}"
            );
            // That a site is new is told to whoever may not know that it is not.
            assert_eq!(
                page.contains("non c’è ancora: verrà creato"),
                !knows,
                "{who:?}: {page}"
            );
        }
    });
}

#[test]
fn a_file_says_nothing_of_another_bodys_devices_and_writes_none() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        let mut stranger = world.browser(Who::Stranger).await;
        let token = stranger.csrf.clone().unwrap();
        let census = async || {
            let mut contents = world.contents().await;
            contents.retain(|(table, _)| !table.starts_with("batch"));
            contents
        };
        let before = census().await;
        let mut pages = Vec::new();
        for (code, site) in [(SECRETS[0], SECRETS[4]), ("INVENTATO-", "SITO-DI-PROV")] {
            for body in [MILANO, RHO] {
                let file = format!(
                    "ente;codice;sito;lat;lon;funzione;stato\r\n\
                     {body};{code};{site};{LAT};{LON};lettura_targhe;in_esercizio\r\n"
                );
                let fields = [("_csrf", &*token), ("ente", RHO)];
                let file = ("file", "prova.csv", file.as_bytes());
                let answer = stranger.upload("/importa", &fields, file).await;
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
                let place = answer.location().to_owned();
                let mut page = String::new();
                for address in [place.clone(), format!("{place}/righe/1")] {
                    let answer = stranger.get(&address).await;
                    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
                    page.push_str(&answer.text());
                }
                let page = page.replace(&place, "PLACE");
                let page = page.replace(code, "CODE").replace(site, "SITE");
                // The clock of the tests moves with every identifier.
                let page = (0..10).fold(page, |page, minute| {
                    page.replace(&format!("02/03/2026 10:0{minute}"), "WHEN")
                });
                assert!(
                    !page.contains(SECRETS[0]) && !page.contains(SECRETS[1]),
                    "{page}"
                );
                pages.push(page);
            }
        }
        assert_eq!(
            pages[0], pages[2],
            "another body's code is told from one that is free"
        );
        assert_eq!(pages[1], pages[3]);
        let file = format!(
            "ente;codice;lat;lon\r\n{MILANO};{};45,47;9,19\r\n",
            SECRETS[0]
        );
        let fields = [("_csrf", &*token), ("ente", MILANO)];
        let file = ("file", "prova.csv", file.as_bytes());
        let answer = stranger.upload("/importa", &fields, file).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(before, census().await);
    });
}

#[test]
fn a_form_cannot_be_sent_for_another_body() {
    both(async |store| {
        let world = World::new(support::register(store).await).await;
        let mut stranger = world.browser(Who::Stranger).await;
        let before = world.contents().await;
        let draft = support::draft(MILANO, "INTRUSO");
        let mut fields = vec![("azione", "salva")];
        for field in Field::ALL {
            if !draft.get(*field).is_empty() {
                fields.push((field.name(), draft.get(*field)));
            }
        }
        let answer = stranger.post("/dispositivi/nuovo", &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
        assert_eq!(before, world.contents().await);

        // Nor can one's own device be given to it.
        let mut unit = world.register.store.read().await.unwrap();
        let theirs = unit.device_with_code(RHO, "DI-RHO").await.unwrap().unwrap();
        let theirs = theirs.id.to_string();
        drop(unit);
        let address = format!("/dispositivi/{theirs}/modifica");
        let page = stranger.get(&address).await.text();
        assert!(page.contains("name=\"numero\" value=\"1\""));
        fields.push(("numero", "1"));
        fields.push(("dispositivo", &theirs));
        let answer = stranger.post(&address, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
        assert_eq!(before, world.contents().await);
    });
}

#[test]
fn a_role_for_the_coordinating_body_writes_nothing() {
    both(async |store| {
        let register = support::register(store).await;
        for viewer in [
            support::reviewer(&register).await,
            support::observer(&register).await,
            support::administrator(&register).await,
        ] {
            assert!(viewer.reads_all() && !viewer.writes_any());
            assert!(!viewer.writes(CMM) && !viewer.writes(MILANO));
        }
    });
}
