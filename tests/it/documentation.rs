//! What is generated and committed is what the code says today.

use std::path::Path;
use varco::census::reference;

/// Compares a committed page with its generated text, or writes it when asked to.
fn is_up_to_date(page: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
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
