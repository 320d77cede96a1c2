//! The pages of `docs/` that are made from the census itself, so that they cannot tell another
//! story: the codes of findings, the columns of files, how criteria are written. They are in Italian, for the people who
//! prepare files and read reports.
//! Enforced by `tests/it/documentation.rs`, which compares them with what is committed; made again
//! with `VARCO_REGENERATE=1 cargo test --test it`.

use super::condition::LANGUAGE;
use super::criterion::{Area, EXAMPLE, Grade, KEYS, Level, Place, Subject};
use super::fact::{Asked, FACTS, Fact, Whom};
use super::finding::{CODES, Severity};
use super::verdict::{Answer, Outcome, PRECEDENCE};
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

/// The page of how criteria are written.
#[must_use]
pub fn criteria() -> String {
    let mut page = String::from(
        "# Criteri\n\n\
         I criteri di compatibilità con SCNTT sono dati: un insieme è un testo TOML in UTF-8, al più \
         512 KB, che si prova e si carica alla pagina «Criteri» e si mette in vigore da un giorno. \
         Quello con cui comincia ogni installazione è `seeds/criteri.toml`. La specifica di \
         integrazione di SCNTT non è pubblica: nessun insieme è del Ministero, e ogni criterio dice \
         la sua fonte e quanto è sicura.\n\n\
         Un insieme si legge tutto o niente: ogni errore è detto con la sua riga, e finché ce n’è \
         uno non si carica nulla. Le fotografie già scattate tengono i criteri che avevano.\n",
    );
    for place in Place::ALL {
        heading(&mut page, 2, &format!("Le voci: {}", place.label()));
        page.push_str("| Voce | Che cos’è |\n|---|---|\n");
        for (_, key, words) in KEYS.iter().filter(|(own, ..)| *own == place) {
            row(&mut page, &[&format!("`{key}`"), words]);
        }
    }
    named(
        &mut page,
        "livello",
        Level::ALL.iter().map(|one| (one.name(), one.label())),
    );
    named(
        &mut page,
        "area",
        Area::ALL.iter().map(|one| (one.name(), one.label())),
    );
    named(
        &mut page,
        "oggetto e unita",
        Subject::ALL.iter().map(|one| (one.name(), one.label())),
    );
    named(
        &mut page,
        "grado",
        Grade::ALL.iter().map(|one| (one.name(), one.label())),
    );
    heading(&mut page, 2, "Le condizioni");
    page.push_str("| Si scrive | Che cosa chiede |\n|---|---|\n");
    for (form, words) in LANGUAGE {
        row(&mut page, &[&format!("`{form}`"), words]);
    }
    page.push_str(
        "\nUna condizione è vera, falsa o non nota. «e» è falsa appena una parte è falsa; «o» è vera \
         appena una parte è vera; altrimenti, se una parte non è nota, non è noto il tutto. Un dato \
         che manca, o che vale «non noto», non è mai un sì e non è mai un no.\n",
    );
    heading(&mut page, 2, "Le risposte");
    page.push_str("| Risposta | Che cosa vuol dire |\n|---|---|\n");
    for answer in Answer::ALL {
        row(&mut page, &[answer.label(), answer.meaning()]);
    }
    heading(&mut page, 2, "Gli esiti");
    page.push_str("| Esito | Che cosa vuol dire |\n|---|---|\n");
    for outcome in Outcome::ALL {
        row(&mut page, &[outcome.label(), outcome.meaning()]);
    }
    page.push_str("\nDecide la prima riga che è vera:\n\n| Se | L’esito è |\n|---|---|\n");
    for (when, outcome) in PRECEDENCE {
        row(&mut page, &[when, outcome.label()]);
    }
    page.push_str(
        "\nI criteri consigliati e informativi hanno una risposta ma non cambiano l’esito. Di un \
         sito e di un ente l’esito è il peggiore dei loro dispositivi, lasciati da parte quelli a \
         cui non si applica.\n",
    );
    heading(&mut page, 2, "I dati che si possono chiedere");
    page.push_str("| Nome | Che cos’è | Valori | A chi si chiede se manca |\n|---|---|---|---|\n");
    for asked in FACTS.iter() {
        row(
            &mut page,
            &[
                &format!("`{}`", asked.name),
                asked.label,
                &values_of(asked),
                asked.whom.label(),
            ],
        );
    }
    heading(&mut page, 2, "Un esempio");
    let _ = write!(page, "```toml\n{EXAMPLE}```\n");
    let words = Whom::ALL.map(Whom::label).join("; ").to_lowercase();
    let _ = write!(
        page,
        "\nDi un lettore di targhe con OCR a bordo che raggiunge il centro in un modo che nessuno ha \
         detto, il primo criterio è soddisfatto e il secondo non è noto: l’esito è «{}», e si sa a \
         chi chiedere ({words}). Quando l’ente dice che non ha né rete privata né VPN l’esito \
         diventa «{}», con l’intervento «rete», perché quel che manca non è tecnico.\n",
        Outcome::Uncertain.label(),
        Outcome::Adaptable.label(),
    );
    page
}

fn named(page: &mut String, key: &str, words: impl Iterator<Item = (&'static str, &'static str)>) {
    heading(page, 3, key);
    page.push_str("| Si scrive | Che cosa vuol dire |\n|---|---|\n");
    for (name, label) in words {
        row(page, &[&format!("`{name}`"), label]);
    }
}

/// What a fact may be: the codes of its list, or where they stand.
fn values_of(asked: &Asked) -> String {
    match (asked.fact, asked.kind) {
        (Fact::Device(_), Kind::One(_)) => format!("[una voce](columns.md#{})", asked.name),
        (Fact::Device(_), Kind::Many(_)) => format!("[più voci](columns.md#{})", asked.name),
        _ => allowed(asked),
    }
}

/// What a condition may compare a fact with, in words.
#[must_use]
pub fn allowed(asked: &Asked) -> String {
    let codes = |terms: &[Term]| {
        let known = terms
            .iter()
            .filter(|term| term.code != super::vocabulary::UNKNOWN);
        let codes: Vec<&str> = known.map(|term| term.code).collect();
        codes.join(", ")
    };
    match asked.kind {
        Kind::One(terms) => codes(terms),
        Kind::Many(terms) => format!("elenco di {}", codes(terms)),
        Kind::Integer(..) | Kind::Decimal(..) | Kind::Year(_) => "numero".to_owned(),
        Kind::Date => "data".to_owned(),
        Kind::Municipality => "codice ISTAT".to_owned(),
        Kind::Body => "codice di un ente".to_owned(),
        _ => "soltanto se è noto".to_owned(),
    }
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
