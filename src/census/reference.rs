//! The pages of `docs/` that are made from the census itself, so that they cannot tell another
//! story: the codes of findings and the columns of files. They are in Italian, for the people who
//! prepare files and read reports.
//! Enforced by `tests/it/documentation.rs`, which compares them with what is committed; made again
//! with `VARCO_REGENERATE=1 cargo test --test it`.

use super::finding::{CODES, Severity};
use super::vocabulary::{ATTRIBUTES, Attribute, Field, Kind, Need, Section, Term};
use std::fmt::Write;

/// The page of the codes that findings have.
#[must_use]
pub fn findings() -> String {
    let mut page = String::from(
        "# Segnalazioni\n\n\
         Ogni cosa che le regole trovano in un dispositivo ha un codice che non cambia. Un \
         **errore** impedisce di salvare; un **avviso** si può confermare con un motivo; una \
         **nota** non impedisce nulla. Nei rapporti le gravità sono `error`, `warning` e `info`.\n\n\
         | Codice | Gravità | Che cosa vuol dire | Che cosa fare |\n|---|---|---|---|\n",
    );
    for code in CODES {
        row(
            &mut page,
            &[
                &format!("`{}`", code.name),
                severity(code.severity),
                code.meaning,
                code.remedy,
            ],
        );
    }
    page
}

/// The page of the columns that files have.
#[must_use]
pub fn columns() -> String {
    let mut page = String::from(
        "# Colonne\n\n\
         Gli attributi di un dispositivo, con lo stesso nome in ogni file e nelle segnalazioni. \
         La colonna «shp» è il nome negli shapefile. Nei file si possono scrivere anche le intestazioni e i valori elencati come \
         altre grafie; maiuscole, accenti, trattini e spazi doppi non contano.\n\n\
         **Salvare**: senza, il dispositivo non si salva. **Inviare**: senza, non si invia alla \
         convalida. **Inviare (targhe)**: lo stesso, per i dispositivi che leggono targhe.\n",
    );
    for section in Section::ALL {
        part(&mut page, section);
    }
    page.push_str(
        "\n## La colonna revisione\n\n\
         I CSV e gli XLSX che esportiamo hanno per ultima la colonna `revisione`: quale stato del \
         dispositivo mostra la riga. Lasciatela com’è: quando il file torna, dice se nel frattempo \
         il dispositivo è cambiato. Nelle righe nuove resta vuota.\n",
    );
    page.push_str(
        "\n## Elenchi\n\nUn elenco con più voci si scrive separando i codici con una virgola.\n",
    );
    for attribute in ATTRIBUTES {
        if let Some(terms) = attribute.field.terms() {
            list(&mut page, attribute, terms);
        }
    }
    page.push_str("\n## Altre grafie delle intestazioni\n\n| Nome | Si legge anche |\n|---|---|\n");
    for attribute in ATTRIBUTES
        .iter()
        .filter(|attribute| !attribute.synonyms.is_empty())
    {
        row(
            &mut page,
            &[
                &format!("`{}`", attribute.name),
                &attribute.synonyms.join(", "),
            ],
        );
    }
    page
}

fn part(page: &mut String, section: Section) {
    heading(page, 2, section.label());
    page.push_str("| Nome | Etichetta | shp | Serve per | Valori |\n|---|---|---|---|---|\n");
    for attribute in ATTRIBUTES
        .iter()
        .filter(|attribute| attribute.section == section)
    {
        row(
            page,
            &[
                &format!("`{}`", attribute.name),
                attribute.label,
                &format!("`{}`", attribute.short),
                need(attribute),
                &values(attribute),
            ],
        );
    }
}

fn list(page: &mut String, attribute: &Attribute, terms: &[Term]) {
    heading(page, 3, attribute.name);
    page.push_str("| Codice | Etichetta | Si legge anche |\n|---|---|---|\n");
    for term in terms {
        row(
            page,
            &[
                &format!("`{}`", term.code),
                term.label,
                &term.synonyms.join(", "),
            ],
        );
    }
}

fn heading(page: &mut String, level: usize, words: &str) {
    let _ = writeln!(page, "\n{} {words}\n", "#".repeat(level));
}

/// One row of a table; a bar inside a cell would end it.
fn row(page: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(page, "| {} ", cell.replace('|', "\\|"));
    }
    page.push_str("|\n");
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "errore",
        Severity::Warning => "avviso",
        Severity::Info => "nota",
    }
}

/// What a device cannot do without an attribute, in a word. The Comune must be known too, but it
/// comes from the position by itself.
#[must_use]
pub const fn need(attribute: &Attribute) -> &'static str {
    match (attribute.field, attribute.need) {
        (Field::Comune, _) => "ricavato dalla posizione",
        (_, Need::Save) => "salvare",
        (_, Need::Submit) => "inviare",
        (_, Need::SubmitReaders) => "inviare (targhe)",
        (_, Need::Optional) => "",
    }
}

fn values(attribute: &Attribute) -> String {
    let name = attribute.name;
    let words = match attribute.kind {
        Kind::One(_) => format!("una voce dell’elenco [{name}](#{name})"),
        Kind::Many(_) => format!("una o più voci dell’elenco [{name}](#{name})"),
        _ => wanted(attribute),
    };
    if attribute.help.is_empty() {
        words
    } else {
        format!("{words}. {}", attribute.help)
    }
}

/// What may be written in an attribute, in words.
#[must_use]
pub fn wanted(attribute: &Attribute) -> String {
    match attribute.kind {
        Kind::Text(limit) => format!("testo, al più {limit} caratteri"),
        Kind::Prose(limit) => format!("testo su più righe, al più {limit} caratteri"),
        Kind::Integer(low, high) => format!("numero intero da {low} a {high}"),
        Kind::Decimal(low, high) => format!("numero da {low} a {high}").replace('.', ","),
        Kind::One(_) => "una voce dell’elenco".to_owned(),
        Kind::Many(_) => "una o più voci dell’elenco, separate da virgole".to_owned(),
        Kind::Date => "data, 2024-12-31 o 31/12/2024".to_owned(),
        Kind::Year(first) => format!("anno, dal {first} a quello in corso"),
        Kind::Body => "codice o nome di un ente; per un Comune il codice è quello ISTAT".to_owned(),
        Kind::Municipality => "codice ISTAT, sei cifre, o nome".to_owned(),
        Kind::Site => "codice di un sito dell’ente, al più 64 caratteri".to_owned(),
        Kind::Software => "voce del catalogo, o il nome di una da proporre".to_owned(),
        Kind::Latitude => "gradi decimali a nord, WGS 84 (EPSG:4326)".to_owned(),
        Kind::Longitude => "gradi decimali a est, WGS 84 (EPSG:4326)".to_owned(),
    }
}
