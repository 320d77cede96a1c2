//! The house keeps its shape: who may know of whom, read from the source itself.

use crate::support::sources;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules of the program, from the inside out, and which others each may name.
const MAY_NAME: [(&str, &[&str]); 10] = [
    ("clock", &[]),
    ("census", &["clock"]),
    ("settings", &["census", "exchange"]),
    ("tiles", &["census"]),
    ("exchange", &["census"]),
    ("storage", &["census", "clock"]),
    (
        "register",
        &["storage", "exchange", "tiles", "census", "clock"],
    ),
    (
        "web",
        &[
            "register", "storage", "exchange", "tiles", "census", "clock", "settings",
        ],
    ),
    (
        "command",
        &[
            "web", "register", "storage", "exchange", "tiles", "census", "clock", "settings",
        ],
    ),
    ("main", &["command", "settings"]),
];

/// The packages that belong to one module, or one file, only.
const BELONGS_TO: [(&str, &[&str]); 7] = [
    ("sqlx", &["storage", "src/exchange/geopackage.rs"]),
    ("axum", &["web", "command"]),
    ("askama", &["web"]),
    ("tower_http", &["web"]),
    ("clap", &["command", "main"]),
    ("typst", &["src/exchange/typesetting.rs"]),
    ("typst_pdf", &["src/exchange/typesetting.rs"]),
];

/// The source without comments and without tests, which may stand on anything.
fn code(source: &str) -> String {
    let source = source.split("\n#[cfg(test)]\n").next().unwrap();
    let lines = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every file of the program with its code, without files that are only tests.
fn program() -> BTreeMap<String, String> {
    sources("src")
        .into_iter()
        .filter(|(path, _)| is_rust(path) && !path.ends_with("/tests.rs"))
        .map(|(path, source)| (path, code(&source)))
        .collect()
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == "rs")
}

/// The module of the program that a file belongs to.
fn module(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap();
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// How many modules deep a file's own module is.
fn depth(path: &str) -> usize {
    let parts = path.strip_prefix("src/").unwrap().split('/').count();
    if path.ends_with("/mod.rs") {
        parts - 1
    } else {
        parts
    }
}

/// The modules of the program that some code names: through `crate::`, through `varco::`, or by
/// climbing with `super::` to the root.
fn named(path: &str, code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let climb = "super::".repeat(depth(path));
    for root in ["crate::", "varco::", climb.as_str()] {
        for (start, _) in code.match_indices(root) {
            let (before, rest) = code.split_at(start);
            if before
                .chars()
                .next_back()
                .is_some_and(|one| one.is_alphanumeric() || one == '_' || one == ':')
            {
                continue;
            }
            found.extend(first_names(rest.strip_prefix(root).unwrap()));
        }
    }
    let known: BTreeSet<&str> = MAY_NAME.iter().map(|(name, _)| *name).collect();
    found.retain(|name| known.contains(name.as_str()));
    found
}

/// The first name of a path, or of every path between braces.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        text.chars()
            .take_while(|one| one.is_alphanumeric() || *one == '_')
            .collect()
    };
    let Some(list) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let mut names = vec![name(list)];
    let mut open = 1;
    for (index, one) in list.char_indices() {
        match one {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => names.push(name(list.split_at(index + 1).1)),
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    names
}

#[test]
fn every_module_names_only_those_further_inside() {
    let mut wrong = Vec::new();
    let mut modules = BTreeSet::new();
    for (path, code) in program() {
        let own = module(&path);
        if own == "lib" {
            continue;
        }
        modules.insert(own.to_owned());
        let (_, allowed) = MAY_NAME
            .iter()
            .find(|(name, _)| *name == own)
            .unwrap_or_else(|| panic!("{path}: add {own} to the order of modules"));
        for other in named(&path, &code) {
            if other != own && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{path} names {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        modules.len() >= MAY_NAME.len(),
        "modules were not found: {modules:?}"
    );
}

#[test]
fn braces_and_climbing_do_not_hide_a_name() {
    let seen = |path: &str, code: &str| named(path, code).into_iter().collect::<Vec<_>>();
    assert_eq!(
        seen("src/census/a.rs", "use crate::{web::App, storage};"),
        ["storage", "web"]
    );
    assert_eq!(
        seen("src/census/a.rs", "use crate::{census::{x, web}, clock};"),
        ["census", "clock"]
    );
    assert_eq!(
        seen("src/census/a.rs", "super::super::storage::Store"),
        ["storage"]
    );
    assert_eq!(
        seen("src/census/mod.rs", "super::storage::Store"),
        ["storage"]
    );
    assert_eq!(seen("src/census/a.rs", "super::storage"), [""; 0]);
    assert_eq!(seen("src/census/a.rs", "let x = varco::web::y;"), ["web"]);
}

#[test]
fn sql_http_and_the_command_line_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (path, code) in program() {
        for (package, homes) in BELONGS_TO {
            let names_it = code.match_indices(package).any(|(start, _)| {
                let (before, rest) = code.split_at(start);
                let after = rest.strip_prefix(package).unwrap().starts_with("::");
                after
                    && !before
                        .chars()
                        .next_back()
                        .is_some_and(|one| one.is_alphanumeric() || one == '_')
            });
            let at_home = homes.contains(&module(&path)) || homes.contains(&path.as_str());
            if names_it && !at_home {
                wrong.push(format!("{path} names {package}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pages_and_commands_ask_the_register_and_never_the_tables() {
    for (path, code) in program() {
        if matches!(module(&path), "web" | "command" | "main") {
            let names_unit = |line: &str| {
                let mut words = line.split(|one: char| !one.is_alphanumeric() && one != '_');
                words.any(|word| word == "Unit")
            };
            let asks = |line: &str| {
                (line.contains(".read().await") || line.contains(".write().await"))
                    && !line.contains("lock()")
            };
            let found = code.lines().find(|line| asks(line) || names_unit(line));
            assert!(
                found.is_none(),
                "{path} works on the tables itself: {found:?}"
            );
        }
    }
}

#[test]
fn only_the_clock_reads_the_time_and_only_settings_the_environment() {
    for (path, code) in program() {
        if path != "src/clock.rs" {
            for forbidden in [
                "Timestamp::now",
                "Zoned::now",
                "SystemTime::now",
                "now_v7",
                "new_v4",
            ] {
                assert!(!code.contains(forbidden), "{path}: {forbidden}");
            }
        }
        if path != "src/main.rs" {
            assert!(!code.contains("env::var"), "{path} reads the environment");
        }
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    for (path, source) in sources("src") {
        assert!(
            source.starts_with("//! "),
            "{path} does not say what it is for"
        );
    }
    for (path, source) in sources("tests/it") {
        if is_rust(&path) {
            assert!(
                source.starts_with("//! "),
                "{path} does not say what it is for"
            );
        }
    }
}

#[test]
fn every_template_of_a_page_belongs_to_the_page_of_the_same_name() {
    let program = sources("src");
    let pages: BTreeSet<String> = program
        .keys()
        .filter_map(|path| path.strip_prefix("src/web/pages/")?.strip_suffix(".rs"))
        .map(str::to_owned)
        .collect();
    let belongs = |template: &str, page: &str| {
        template == page
            || template
                .strip_prefix(page)
                .is_some_and(|rest| rest.starts_with('_'))
    };
    let templates = sources("templates/pages");
    for path in templates.keys() {
        let name = path.strip_prefix("templates/pages/").unwrap();
        let name = name.strip_suffix(".html").unwrap();
        assert!(
            pages.iter().any(|page| belongs(name, page)),
            "{path} belongs to no page"
        );
        let used = format!("\"pages/{name}.html\"");
        let named = program
            .values()
            .chain(templates.values())
            .any(|text| text.contains(&used));
        assert!(named, "nobody uses {path}");
    }
    for (path, source) in &program {
        let Some(page) = path.strip_prefix("src/web/pages/") else {
            continue;
        };
        let page = page.strip_suffix(".rs").unwrap();
        for rest in source.split("template(path = \"").skip(1) {
            let template = rest.split('"').next().unwrap();
            let name = template.strip_prefix("pages/").unwrap_or_default();
            let name = name.strip_suffix(".html").unwrap_or_default();
            assert!(belongs(name, page), "{path} uses {template}");
        }
    }
}
