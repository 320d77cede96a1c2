//! What holds for every answer, whatever the page.

use crate::access::{Named, fillings};
use crate::support::{self, Answer, Browser, MILANO, both, on_sqlite};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::routing::get;
use std::collections::BTreeSet;
use tower::ServiceExt;
use varco::census::person::Viewer;
use varco::register::Register;
use varco::storage::Store;
use varco::web::routes::{self, Access};
use varco::web::{App, guard};

/// An application with an officer who has a device, and the addresses of every page.
struct World {
    register: Register,
    app: App,
    officer: Viewer,
    named: Named,
    addresses: Vec<String>,
}

impl World {
    async fn new(store: Store) -> Self {
        let register = support::register(store).await;
        let officer = support::officer(&register, MILANO).await;
        let fields = [(varco::census::vocabulary::Field::Sito, "V1")];
        let device = support::device(&register, &officer, MILANO, "T1", &fields).await;
        let site = register.sites(&officer).await.unwrap();
        let rho = support::officer(&register, support::RHO).await;
        let seen = [(varco::census::vocabulary::Field::Visibilita, "enti")];
        let other = support::device(&register, &rho, support::RHO, "R1", &seen).await;
        let all = varco::census::filter::Filter::working(&rho);
        let mut unit = register.store.write().await.unwrap();
        support::accept(&mut unit, &all).await;
        unit.commit().await.unwrap();
        let operator = Viewer::operator();
        let snapshot = register.take_snapshot(&operator, "Di prova").await;
        let tender = support::tender(&register).await;
        let named = Named {
            device,
            other,
            site: site.first().unwrap().id,
            person: officer.id.unwrap(),
            batch: support::batch(&register, &officer, MILANO, "codice\r\nT1\r\n").await,
            document: support::document(&register, &officer, MILANO).await,
            declaration: crate::access::declaration(&register).await,
            snapshot: snapshot.unwrap().id,
            criteria: tender.criteria,
            prices: tender.prices,
            lots: tender.lots,
            reference: support::reference_layer(&register, "scuole", true).await,
        };
        let addresses = routes::routes()
            .iter()
            .filter(|route| route.method == Method::GET && route.access != Access::Administrators)
            .flat_map(|route| fillings(route.path, named).unwrap())
            .collect();
        Self {
            app: support::app(&register),
            register,
            officer,
            named,
            addresses,
        }
    }

    async fn on(url: &str) -> Self {
        let store = Store::open(url).await.unwrap();
        store.migrate().await.unwrap();
        Self::new(store).await
    }

    async fn browser(&self) -> Browser {
        Browser::of(&self.app, &self.officer).await
    }
}

#[test]
fn every_answer_carries_the_headers_that_protect_it() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        let mut seen = BTreeSet::new();
        let mut addresses = world.addresses.clone();
        addresses.extend(
            [
                "/non-esiste",
                "/static/non/esiste",
                "/esci",
                "/dispositivi?x=1",
            ]
            .map(str::to_owned),
        );
        for address in addresses {
            let answer = browser.get(&address).await;
            let policy = answer.header("content-security-policy");
            // A document may do nothing at all, wherever it is opened.
            let own = if address.starts_with("/documenti/") {
                ["sandbox", "form-action 'none'"]
            } else {
                ["script-src 'self'; style-src 'self';", "form-action 'self'"]
            };
            let every = [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ];
            for part in own.into_iter().chain(every) {
                assert!(policy.contains(part), "{address}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{address}: {policy}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), value, "{address}: {name}");
            }
            let kept = answer.header("cache-control");
            let same_for_everybody =
                address.starts_with("/static/") || address.starts_with("/tiles/comuni/");
            let failed = !answer.status.is_success();
            if !same_for_everybody || failed {
                assert!(kept.contains("no-store"), "{address}: {kept}");
            }
            let id = answer.header("x-request-id");
            assert_eq!(id.len(), 32, "{address}: {id}");
            assert!(
                seen.insert(id.to_owned()),
                "{address}: the same number twice"
            );
        }
    });
}

#[test]
fn a_page_has_no_inline_script_or_style_and_loads_nothing_from_elsewhere() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        let mut pages = 0;
        for address in &world.addresses {
            let answer = browser.get(address).await;
            if !answer.header("content-type").starts_with("text/html") {
                continue;
            }
            pages += 1;
            let page = answer.text();
            for part in page.split('<').skip(1) {
                let tag = part.split('>').next().unwrap_or_default();
                assert!(!tag.starts_with("style"), "{address}: <{tag}>");
                assert!(!tag.contains(" style="), "{address}: <{tag}>");
                assert!(
                    !tag.contains(" on") || !tag.contains("=\"javascript"),
                    "{address}: <{tag}>"
                );
                if tag.starts_with("script") {
                    assert!(tag.contains(" src=\"/static/"), "{address}: <{tag}>");
                }
                for attribute in [" src=\"", " href=\"", " action=\"", " formaction=\""] {
                    if let Some((_, rest)) = tag.split_once(attribute) {
                        let ours =
                            rest.starts_with(['/', '#', '?', '"']) && !rest.starts_with("//");
                        assert!(ours, "{address}: <{tag}>");
                    }
                }
            }
        }
        assert!(pages > 8, "only {pages} pages were looked at");
    });
}

#[test]
fn a_parameter_that_is_not_understood_is_refused_and_named_on_every_page() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        for address in &world.addresses {
            let answer = browser.get(&format!("{address}?cossa=1")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
            assert!(
                answer.text().contains("«cossa»"),
                "{address}: {}",
                answer.text()
            );
        }
        for route in routes::routes()
            .iter()
            .filter(|one| one.method == Method::POST)
        {
            let address = route.path.replace("{id}", "0").replace("{record}", "1");
            let answer = browser.post(&format!("{address}?cossa=1"), &[]).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        }
    });
}

#[test]
fn a_field_that_a_form_does_not_have_is_refused_and_named() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        let reviewer = support::reviewer(&world.register).await;
        let mut reviewer = Browser::of(&world.app, &reviewer).await;
        let mut wrong = Vec::new();
        for route in routes::routes()
            .iter()
            .filter(|one| one.method == Method::POST)
        {
            let asked = match route.access {
                Access::Administrators => continue,
                Access::Reviewers | Access::Curators => &mut reviewer,
                _ => &mut browser,
            };
            let address = fillings(route.path, world.named).unwrap().remove(0);
            let answer = asked.post(&address, &[("cossa", "1")]).await;
            if answer.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
                continue;
            }
            if answer.status != StatusCode::BAD_REQUEST || !answer.text().contains("«cossa»") {
                wrong.push(format!("{address}: {}", answer.status));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn whoever_asks_json_gets_a_problem_and_everybody_else_a_page() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        for address in ["/non-esiste", "/dispositivi?cossa=1", "/dispositivi/zero"] {
            let page = browser.get(address).await;
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
            assert!(page.text().contains(page.header("x-request-id")));
            assert!(
                page.text().contains(&world.officer.name),
                "the header forgot who asks"
            );
            let request = Browser::request(Method::GET, address);
            let problem = json(&mut browser, request, Body::empty()).await;
            assert_eq!(problem.status, page.status);
            let id = problem.header("x-request-id").to_owned();
            let body: serde_json::Value = serde_json::from_slice(&problem.body).unwrap();
            assert_eq!(body["status"], page.status.as_u16());
            assert_eq!(body["instance"], format!("urn:varco:request:{id}"));
            assert!(!body["detail"].as_str().unwrap().is_empty());
        }
        // A script without a session gets no form to fill in.
        let mut nobody = Browser::new(&world.app);
        for method in [Method::GET, Method::POST] {
            let request = Browser::request(method, "/dispositivi/nuovo")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let problem = json(&mut nobody, request, Body::from("codice=1")).await;
            assert_eq!(problem.status, StatusCode::UNAUTHORIZED);
        }
    });
}

async fn json(browser: &mut Browser, request: axum::http::request::Builder, body: Body) -> Answer {
    let mut request = request.body(body).unwrap();
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::ACCEPT, json);
    let problem = browser.send(request).await;
    let kind = problem.header("content-type");
    assert_eq!(kind, "application/problem+json", "{}", problem.text());
    problem
}

#[test]
fn head_answers_like_get_without_the_body() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let signed = world.browser().await;
        for mut browser in [signed, Browser::new(&world.app)] {
            for address in world.addresses.iter().chain([&"/non-esiste".to_owned()]) {
                let whole = browser.get(address).await;
                let request = Browser::request(Method::HEAD, address);
                let head = browser.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(head.status, whole.status, "{address}");
                assert_eq!(head.location(), whole.location(), "{address}");
                let kind = "content-type";
                assert_eq!(head.header(kind), whole.header(kind), "{address}");
                assert!(head.body.is_empty(), "{address}");
            }
        }
    });
}

#[test]
fn a_file_that_did_not_change_is_not_sent_again() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = Browser::new(&world.app);
        let first = browser.get("/static/css/varco.css").await;
        assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
        let tag = first.header("etag").to_owned();
        for (asked, status) in [(&*tag, 304), ("\"altro\"", 200)] {
            let request = Browser::request(Method::GET, "/static/css/varco.css")
                .header(header::IF_NONE_MATCH, asked)
                .body(Body::empty())
                .unwrap();
            let again = browser.send(request).await;
            assert_eq!(again.status.as_u16(), status, "{asked}");
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.body.is_empty(), status == 304);
        }
        for (address, kind) in [
            ("/static/js/map.js", "text/javascript; charset=utf-8"),
            (
                "/static/vendor/maplibre-gl/maplibre-gl.mjs",
                "text/javascript; charset=utf-8",
            ),
            ("/static/favicon.svg", "image/svg+xml"),
        ] {
            assert_eq!(browser.get(address).await.header("content-type"), kind);
        }
        for address in [
            "/static/../Cargo.toml",
            "/static/%2e%2e/Cargo.toml",
            "/static/",
        ] {
            assert_eq!(
                browser.get(address).await.status,
                StatusCode::NOT_FOUND,
                "{address}"
            );
        }
    });
}

#[test]
fn a_handler_that_panics_is_answered_and_the_next_request_too() {
    async fn fails() -> &'static str {
        panic!("as if something were wrong with the program")
    }
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let router = routes::framed(Router::new().route("/rotta", get(fails)), world.app.clone());
        for _ in 0..2 {
            let request = Browser::request(Method::GET, "/rotta").body(Body::empty());
            let response = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
            assert_eq!(kind, "text/html; charset=utf-8");
            assert!(response.headers().contains_key("x-request-id"));
            let body = axum::body::to_bytes(response.into_body(), 1 << 20)
                .await
                .unwrap();
            let page = String::from_utf8(body.to_vec()).unwrap();
            assert!(page.contains("Qualcosa non ha funzionato"), "{page}");
            assert!(
                !page.contains("as if something"),
                "the cause is for the log"
            );
        }
    });
}

#[test]
fn a_form_that_is_too_large_or_not_a_form_is_refused_in_words() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        let large = "x".repeat(guard::FORM_BYTES + 1);
        let answer = browser
            .post("/dispositivi/nuovo", &[("note", &large)])
            .await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.text().contains("troppo grande"));
        for (kind, body) in [("application/json", "{}"), ("text/plain", "_csrf=x")] {
            let request = Browser::request(Method::POST, "/password")
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body))
                .unwrap();
            let answer = browser.send(request).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
            assert!(
                answer.text().contains("accetta solo i moduli"),
                "{}",
                answer.text()
            );
        }
    });
}

#[test]
fn a_method_that_a_page_does_not_have_is_refused_with_those_it_has() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        let mut browser = world.browser().await;
        let answer = browser.get("/esci").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "POST");
        assert!(answer.text().contains("non si può usare così"));
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let request = Browser::request(method, "/dispositivi/nuovo");
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        }
    });
}

#[test]
fn what_no_text_can_contain_is_refused_on_either_engine() {
    both(async |store| {
        let world = World::new(store).await;
        let mut browser = world.browser().await;
        for address in [
            "/dispositivi?cerca=%00",
            "/dispositivi?ente=%00",
            "/dispositivi?sito=a%00b",
            "/dispositivi?dopo=boh",
            "/dispositivi?dopo=%5B%22a%22%5D",
            "/dispositivi?dopo=%5B%22a%22%2C%22b%5Cu0000%22%2C%2200000000-0000-0000-0000-000000000000%22%5D",
            "/dispositivi?ordine=modifica&prima=%5B%22x%22%2C%2200000000-0000-0000-0000-000000000000%22%5D",
            "/dispositivi?ordine=caso",
            &format!("/dispositivi?cerca={}", "a".repeat(60_000)),
            &format!("/dispositivi?cerca={}", "a+".repeat(5_000)),
            &format!("/mappa?sito={}", "%F0%9F%90%8D".repeat(4_000)),
        ] {
            let answer = browser.get(address).await;
            let start: String = address.chars().take(100).collect();
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{start}");
        }
        for address in [
            "/dispositivi/%00",
            "/dispositivi/%FF",
            "/static/%00",
            "/tiles/comuni/%00/0/0.mvt",
        ] {
            let answer = browser.get(address).await;
            assert!(
                answer.status.is_client_error(),
                "{address}: {}",
                answer.status
            );
        }
        let mut nobody = Browser::new(&world.app);
        for account in ["a\0b", "\u{feff}", "🐍", &"x".repeat(100_000)] {
            let answer = nobody.sign_in(account, "p\0").await;
            assert!(answer.status.is_client_error(), "{}", answer.status);
        }
        for field in varco::census::vocabulary::Field::ALL {
            for typed in [
                "\0",
                "\u{1}\u{2}",
                "'; DROP TABLE device; --",
                "888",
                "🐍",
                "-1e999",
                "NaN",
            ] {
                let fields = [("azione", "salva"), (field.name(), typed)];
                let answer = browser.post("/dispositivi/nuovo", &fields).await;
                let status = answer.status;
                assert!(
                    status.is_client_error(),
                    "{} = {typed:?}: {status}",
                    field.name()
                );
                assert_ne!(status, StatusCode::NOT_FOUND);
            }
        }
        let devices = support::contents(&world.register.store).await;
        assert!(devices.contains(&("device".to_owned(), 2)));
    });
}

#[test]
fn a_database_that_was_replaced_by_a_newer_one_is_said_to_whoever_watches() {
    both(async |store| {
        let world = World::new(store.clone()).await;
        let mut nobody = Browser::new(&world.app);
        assert_eq!(nobody.get("/salute").await.text(), "bene\n");
        support::execute(
            &store,
            "INSERT INTO _sqlx_migrations
             (version, description, success, checksum, execution_time)
             SELECT 9001, 'later', success, checksum, execution_time FROM _sqlx_migrations LIMIT 1",
        )
        .await;
        let answer = nobody.get("/salute").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    });
}

#[test]
fn a_sign_in_form_of_another_site_is_refused() {
    on_sqlite(async |url| {
        let world = World::on(&url).await;
        for (site, status) in [("cross-site", 403), ("same-origin", 303), ("none", 303)] {
            let body = serde_urlencoded::to_string([
                ("utente", &*world.officer.account),
                ("password", support::PASSWORD),
            ]);
            let request = Browser::request(Method::POST, "/accedi")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", site)
                .body(body.unwrap().into())
                .unwrap();
            let answer = Browser::new(&world.app).send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{site}");
        }
    });
}
