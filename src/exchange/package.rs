//! A report in all its forms as one archive, with a manifest of their hashes.
//!
//! `manifest.json` says what the files are and what they rest on; `manifest.sha256` is for
//! `sha256sum -c` and covers the other one too. Times in the archive are the report's instant, so
//! the same report gives the same bytes. Enforced by `tests/it/report.rs`.

use crate::census::report::Report;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file of the archive.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its name, without a folder.
    pub name: &'a str,
    /// Its bytes.
    pub content: &'a [u8],
}

/// What `manifest.json` says.
#[derive(Serialize)]
struct Manifest<'a> {
    title: &'a str,
    subtitle: &'a str,
    body: &'a str,
    snapshot: Option<&'a str>,
    draft: bool,
    at: String,
    basis: serde_json::Map<String, serde_json::Value>,
    files: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    bytes: usize,
    sha256: String,
}

fn hash(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// The bytes of the archive.
pub fn zip(report: &Report, members: &[Member<'_>]) -> std::io::Result<Vec<u8>> {
    let manifest = Manifest {
        title: &report.title,
        subtitle: &report.subtitle,
        body: &report.body,
        snapshot: report.snapshot.as_deref(),
        draft: report.is_draft(),
        at: report.moment().timestamp().to_string(),
        basis: report
            .basis
            .iter()
            .map(|(label, value)| (label.clone(), value.clone().into()))
            .collect(),
        files: members
            .iter()
            .map(|member| Listed {
                name: member.name,
                bytes: member.content.len(),
                sha256: hash(member.content),
            })
            .collect(),
    };
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    let manifest = Member {
        name: "manifest.json",
        content: &json,
    };
    let mut sums = String::new();
    for member in members.iter().chain([&manifest]) {
        let _ = writeln!(sums, "{}  {}", hash(member.content), member.name);
    }
    let sums = Member {
        name: "manifest.sha256",
        content: sums.as_bytes(),
    };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(time(report))
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members.iter().chain([&manifest, &sums]) {
        archive.start_file(member.name, options)?;
        archive.write_all(member.content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The report's instant, as far as an archive can say it.
fn time(report: &Report) -> zip::DateTime {
    let at = report.moment();
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    u16::try_from(at.year())
        .ok()
        .and_then(|year| {
            zip::DateTime::from_date_and_time(
                year,
                part(at.month()),
                part(at.day()),
                part(at.hour()),
                part(at.minute()),
                part(at.second()),
            )
            .ok()
        })
        .unwrap_or(zip::DateTime::DEFAULT)
}
