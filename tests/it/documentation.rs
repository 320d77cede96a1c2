//! What is generated and committed is what the code says today; and what is written by hand names
//! only what is there: settings, routes, commands, files, tests, links.

use crate::support;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use varco::census::reference;
use varco::settings::KNOWN;
use varco::web::routes::{Access, routes};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text of the repository, by its path from the root.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page of the repository that somebody wrote, by its path from the root.
fn pages() -> BTreeMap<String, String> {
    let of_docs = std::fs::read_dir(root().join("docs")).unwrap();
    let names = of_docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let of_docs = names
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"))
        .map(|name| format!("docs/{name}"));
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .into_iter()
        .chain(of_docs)
        .map(|path| (path.clone(), text(&path)))
        .collect()
}

/// The first cells of the rows of a page's tables, without the marks of code.
fn rows(page: &str) -> Vec<Vec<String>> {
    text(page)
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| {
            let cells = line.split(" | ");
            cells
                .map(|cell| cell.trim_matches('`').to_owned())
                .collect()
        })
        .collect()
}

/// What stands between single marks of code in a page, blocks of code left out.
fn codes(page: &str) -> BTreeSet<String> {
    let prose: Vec<&str> = page.split("\n```").step_by(2).collect();
    let codes = prose
        .iter()
        .flat_map(|prose| prose.split('`').skip(1).step_by(2));
    codes.map(str::to_owned).collect()
}

/// Compares a committed page with its generated text, or writes it when asked to.
fn is_up_to_date(page: &str, generated: &str) {
    let path = root().join("docs").join(page);
    if std::env::var_os("VARCO_REGENERATE").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/{page} is out of date: run VARCO_REGENERATE=1 cargo test --test it"
    );
}

#[test]
fn the_page_of_findings_has_every_code_as_it_is() {
    is_up_to_date("findings.md", &reference::findings());
}

#[test]
fn the_page_of_columns_has_every_attribute_as_it_is() {
    is_up_to_date("columns.md", &reference::columns());
}

#[test]
fn the_page_of_criteria_has_every_fact_and_word_as_it_is() {
    is_up_to_date("criteria.md", &reference::criteria());
}

#[test]
fn the_page_of_settings_has_every_setting_and_no_other() {
    let described: Vec<[String; 2]> = rows("docs/settings.md")
        .into_iter()
        .filter(|row| row[1].starts_with("VARCO_"))
        .map(|row| [row[0].clone(), row[1].clone()])
        .collect();
    let known = KNOWN.map(|(name, _)| [name.to_owned(), format!("VARCO_{}", name.to_uppercase())]);
    assert_eq!(described, known);
}

#[test]
fn the_page_of_routes_has_every_route_and_no_other() {
    let described: BTreeSet<[String; 3]> = rows("docs/routes.md")
        .into_iter()
        .filter(|row| row[1].starts_with('/'))
        .map(|row| [row[0].clone(), row[1].clone(), row[2].clone()])
        .collect();
    let access = |access| match access {
        Access::Everyone => "everyone",
        Access::Signed => "signed in",
        Access::Compilers => "compilers",
        Access::Recorders => "recorders",
        Access::Readers => "readers",
        Access::Reviewers => "reviewers",
        Access::Curators => "curators",
        Access::Administrators => "administrators",
    };
    let known: BTreeSet<[String; 3]> = routes()
        .into_iter()
        .map(|route| {
            let method = route.method.to_string();
            [
                method,
                route.path.to_owned(),
                access(route.access).to_owned(),
            ]
        })
        .collect();
    let missing: Vec<_> = known.difference(&described).collect();
    let invented: Vec<_> = described.difference(&known).collect();
    assert!(missing.is_empty(), "docs/routes.md lacks {missing:?}");
    assert!(invented.is_empty(), "docs/routes.md invents {invented:?}");
}

/// The names of the variants of an enumeration of commands, as they are typed.
fn commands(source: &str, declaration: &str) -> Vec<String> {
    let Some((_, body)) = source.split_once(declaration) else {
        return Vec::new();
    };
    let (body, _) = body.split_once("\n}").unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split(['(', ' ', ',']).next())
        .map(str::to_lowercase)
        .collect()
}

/// The options that a source declares, as they are typed.
fn options(source: &str) -> BTreeSet<String> {
    let declared = source.split("#[arg(long").skip(1);
    declared
        .filter_map(|rest| rest.lines().nth(1))
        .filter_map(|line| line.trim().trim_start_matches("pub ").split(':').next())
        .map(|name| format!("--{}", name.replace('_', "-")))
        .collect()
}

#[test]
fn the_readme_has_every_command_and_every_option() {
    let readme = text("README.md");
    let main = text("src/main.rs");
    let top = commands(&main, "enum Command {");
    assert!(top.len() >= 7, "the commands were not found: {top:?}");
    let mut wanted: BTreeSet<String> = options(&main);
    for command in &top {
        let source = text(&format!("src/command/{command}.rs"));
        let below = commands(&source, "pub enum Args {");
        let whole = |name: &String| format!("varco {command} {name}");
        wanted.extend(below.iter().map(whole));
        if below.is_empty() {
            wanted.insert(format!("varco {command}"));
        }
        wanted.extend(options(&source));
    }
    let missing: Vec<_> = wanted.iter().filter(|one| !readme.contains(*one)).collect();
    assert!(missing.is_empty(), "README.md lacks {missing:?}");
}

/// The anchor that a heading gets where pages are shown.
fn anchor(heading: &str) -> String {
    let kept = |one: &char| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_');
    let folded = heading.trim().to_lowercase();
    folded
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

/// The targets of the links of a page.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1);
    targets.filter_map(|rest| rest.split(')').next()).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut broken = Vec::new();
    for (path, page) in pages() {
        let folder = root().join(&path).parent().unwrap().to_owned();
        for link in links(&page) {
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target: PathBuf = if file.is_empty() {
                root().join(&path)
            } else {
                folder.join(file)
            };
            let there = if wanted.is_empty() {
                target.exists()
            } else {
                let page = std::fs::read_to_string(&target).unwrap_or_default();
                let mut headings = page.lines().filter(|line| line.starts_with('#'));
                headings.any(|line| anchor(line.trim_start_matches('#')) == wanted)
            };
            if !there {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_file_that_a_page_names_is_there() {
    const FOLDERS: [&str; 9] = [
        "benches/",
        "docs/",
        "migrations/",
        "seeds/",
        "src/",
        "static/",
        "templates/",
        "tests/",
        "tools/",
    ];
    let mut missing = Vec::new();
    for (path, page) in pages() {
        for code in codes(&page) {
            let named = FOLDERS.iter().any(|folder| code.starts_with(folder));
            let plain = !code.contains([' ', '*', '{', '<']);
            // The front-end packages are copied there by the build.
            if named && plain && !code.starts_with("static/vendor") && !root().join(&code).exists()
            {
                missing.push(format!("{path}: {code}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Everything in which a name of the architecture page may be found.
fn sources() -> String {
    let folders = [
        "benches",
        "migrations",
        "src",
        "static/js",
        "templates",
        "tests/browser",
        "tests/it",
        "tools",
    ];
    let files = ["Cargo.toml", "Makefile", "clippy.toml", "package.json"];
    folders
        .iter()
        .flat_map(|folder| support::sources(folder).into_iter())
        .map(|(_, source)| source)
        .chain(files.map(text))
        .collect()
}

#[test]
fn every_name_of_the_architecture_page_is_in_the_code() {
    let sources = sources();
    let is_of_a_name = |one: char| one.is_alphanumeric() || one == '_' || one == '-';
    let words: BTreeSet<&str> = sources.split(|one| !is_of_a_name(one)).collect();
    let known = |name: &str| {
        let name = name.trim_end_matches("()").trim_end_matches('!');
        let mut parts = name.split("::");
        !name.chars().all(|one| is_of_a_name(one) || one == ':')
            || parts.all(|part| words.contains(part))
    };
    let page = text("ARCHITECTURE.md");
    let unknown: Vec<String> = codes(&page)
        .into_iter()
        .filter(|code| !known(code))
        .collect();
    assert!(unknown.is_empty(), "nothing is called {unknown:#?}");
}

#[test]
fn every_test_that_enforces_a_decision_exists() {
    let page = text("ARCHITECTURE.md");
    let sources = sources();
    let unknown: Vec<String> = codes(&page)
        .into_iter()
        .filter(|code| code.matches('_').count() >= 4)
        .filter(|code| code.chars().all(|one| one.is_alphanumeric() || one == '_'))
        .filter(|code| !sources.contains(&format!("fn {code}(")))
        .collect();
    assert!(unknown.is_empty(), "no test is called {unknown:#?}");
}
