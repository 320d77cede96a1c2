//! Documents: taken in after a look at their content, given out only while they are what came in.
//!
//! The content is hashed as it comes and again whenever it is asked for; what no longer matches its
//! hash is not given out. Enforced by `tests/it/adhesion.rs`.

use super::journal::Note;
use super::{Error, Register, Result};
use crate::census::adhesion::Wrong;
use crate::census::document::{Document, Kind, clean_name};
use crate::census::journal::{Act, Seal};
use crate::census::person::Viewer;
use crate::census::rules;
use crate::clock::Instant;
use crate::exchange::document::recognise;
use crate::storage::Unit;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use uuid::Uuid;

/// How much of a document is kept together, in bytes.
const PART: u64 = 1 << 20;

/// The field of the forms that takes a document.
pub const FIELD: &str = "documento";

const NOT_HERE: Error = Error::NotFound("Questo documento non c’è, oppure non potete vederlo.");

/// A file that somebody attaches.
#[derive(Debug)]
pub struct Attachment {
    /// What their computer calls it.
    pub name: String,
    /// Its content.
    pub content: File,
}

/// A file that was looked at and may be kept.
#[derive(Debug)]
pub(super) struct Admitted {
    name: String,
    kind: Kind,
    size: i64,
    sha256: String,
    content: File,
}

impl Register {
    /// A document with its content at its beginning, if this person may read it and it is still
    /// what was taken in.
    pub async fn document(&self, viewer: &Viewer, id: Uuid) -> Result<(Document, File)> {
        let mut unit = self.store.read().await?;
        let document = unit.document(id).await?;
        let document = document
            .filter(|document| viewer.reads_adhesion(&document.body))
            .ok_or(NOT_HERE)?;
        let mut content = tempfile::tempfile()?;
        let mut hash = Sha256::new();
        for number in 0.. {
            let Some(part) = unit.document_part(id, number).await? else {
                break;
            };
            hash.update(&part);
            content.write_all(&part)?;
        }
        if hex::encode(hash.finalize()) != document.sha256 {
            return Err(Error::Damaged(format!(
                "Il documento «{}» non è più quello che fu caricato: il suo contenuto non \
                 corrisponde all’impronta registrata, quindi non lo consegniamo. Avvertite \
                 l’amministratore, che può recuperarlo da una copia di sicurezza.",
                document.name
            )));
        }
        content.rewind()?;
        drop(unit);
        let note = Note {
            act: Act::Exported,
            body: Some(&document.body),
            subject: &id.to_string(),
            detail: "un documento",
        };
        self.leave_note(&viewer.account, note).await?;
        Ok((document, content))
    }
}

/// Looks at a file that somebody attaches; the inner error is what is wrong with it.
pub(super) async fn admit(attachment: Attachment) -> Result<Result<Admitted, Wrong>> {
    let looked = tokio::task::spawn_blocking(move || look(attachment));
    Ok(looked.await.map_err(io::Error::from)??)
}

fn look(Attachment { name, mut content }: Attachment) -> io::Result<Result<Admitted, Wrong>> {
    let refuse = |message: String| Ok(Err(Wrong::new(FIELD, message)));
    let name = clean_name(&name);
    if let Some(secret) = rules::never_recorded(&name) {
        return refuse(format!(
            "Il nome del file somiglia {secret}, e l’archivio non ne conserva: cambiatelo."
        ));
    }
    let size = content.metadata()?.len();
    if size == 0 {
        return refuse("Il file è vuoto: sceglietene un altro.".to_owned());
    }
    let Some(kind) = recognise(&mut content)? else {
        return refuse(
            "Il contenuto del file non è tra quelli che si conservano: PDF, ODT, DOCX, XLSX, ODS \
             (senza macro), PNG, JPEG, oppure uno di questi firmato (P7M)."
                .to_owned(),
        );
    };
    if !kind.fits(&name) {
        return refuse(format!(
            "Il contenuto del file è {}, ma il nome «{name}» non finisce con «.{}»: rinominatelo.",
            article(kind),
            kind.extensions().join("» o «.")
        ));
    }
    let mut hash = Sha256::new();
    io::copy(&mut content, &mut HashWriter(&mut hash))?;
    content.rewind()?;
    Ok(Ok(Admitted {
        name,
        kind,
        size: i64::try_from(size).unwrap_or(i64::MAX),
        sha256: hex::encode(hash.finalize()),
        content,
    }))
}

fn article(kind: Kind) -> String {
    let article = if kind == Kind::Png || kind == Kind::Jpeg {
        "una"
    } else {
        "un"
    };
    format!("{article} {}", kind.label())
}

/// What is written goes into a hash.
struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps a file that was admitted, in the unit in which what it stands behind is recorded.
pub(super) async fn keep(
    unit: &mut Unit,
    viewer: &Viewer,
    (body, id, recorded_at): (&str, Uuid, Instant),
    admitted: Admitted,
    seal: &mut Seal,
) -> Result<Document> {
    let Admitted {
        name,
        kind,
        size,
        sha256,
        mut content,
    } = admitted;
    let document = Document {
        id,
        body: body.to_owned(),
        name,
        kind,
        size,
        sha256,
        author: viewer.account.clone(),
        recorded_at,
    };
    unit.add_document(&document, seal).await?;
    for number in 0.. {
        let mut part = Vec::new();
        let length = Read::by_ref(&mut content)
            .take(PART)
            .read_to_end(&mut part)?;
        if length == 0 {
            break;
        }
        unit.add_document_part(id, number, part).await?;
    }
    Ok(document)
}
