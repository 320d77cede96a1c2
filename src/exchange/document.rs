//! What a document is, by its content.
//!
//! Nothing is believed of its name. An archive must be one that `Archive` admits and hold what the
//! format demands; documents with macros are not taken, because somebody else opens them.
//! Enforced by the tests below.

use super::archive::Archive;
use super::source::SourceError;
use crate::census::document::Kind;
use std::fs::File;
use std::io::{self, Read, Seek};

/// How much of the beginning is looked at, in bytes.
const BEGINNING: u64 = 64;

/// The identifier of signed data in DER: 1.2.840.113549.1.7.2.
const SIGNED_DATA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// The kind of a document, if it is one of those that are taken. The file is left at its beginning.
///
/// # Errors
/// When the file cannot be read.
pub fn recognise(file: &mut File) -> io::Result<Option<Kind>> {
    file.rewind()?;
    let mut beginning = Vec::new();
    Read::by_ref(file)
        .take(BEGINNING)
        .read_to_end(&mut beginning)?;
    file.rewind()?;
    let kind = match beginning.as_slice() {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(Kind::Pdf),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
        [b'P', b'K', 3, 4, ..] => return packed(file),
        [0x30, length, rest @ ..] if is_signed(*length, rest) => Some(Kind::P7m),
        _ => None,
    };
    Ok(kind)
}

/// Whether a sequence in BER, of this first byte of length, begins with the identifier of signed
/// data.
fn is_signed(length: u8, rest: &[u8]) -> bool {
    // Below 128 it is the length itself; above, how many bytes of it follow; 128 is an open end.
    let more = if length > 0x80 {
        usize::from(length & 0x7f)
    } else {
        0
    };
    rest.get(more..)
        .is_some_and(|rest| rest.starts_with(&SIGNED_DATA))
}

fn packed(file: &mut File) -> io::Result<Option<Kind>> {
    let opened = Archive::open(file.try_clone()?);
    file.rewind()?;
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(SourceError::Read(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let macros = archive.names().any(|name| {
        let name = name.to_ascii_lowercase();
        name.ends_with("vbaproject.bin")
            || name.starts_with("basic/")
            || name.starts_with("scripts/")
    });
    if macros {
        return Ok(None);
    }
    let kind = if archive.has("[Content_Types].xml") {
        [
            ("word/document.xml", Kind::Docx),
            ("xl/workbook.xml", Kind::Xlsx),
        ]
        .into_iter()
        .find(|(part, _)| archive.has(part))
        .map(|(_, kind)| kind)
    } else {
        let text = archive.text("mimetype").ok().flatten().unwrap_or_default();
        [Kind::Odt, Kind::Ods]
            .into_iter()
            .find(|kind| text.trim() == kind.media_type())
            .filter(|_| archive.has("content.xml"))
    };
    file.rewind()?;
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn kind(content: &[u8]) -> Option<Kind> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let kind = recognise(&mut file).unwrap();
        assert_eq!(file.stream_position().unwrap(), 0);
        kind
    }

    fn zip(members: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_document_is_what_its_content_says() {
        assert_eq!(kind(b"%PDF-1.7\n%..."), Some(Kind::Pdf));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0\0"), Some(Kind::Png));
        assert_eq!(kind(b"\xff\xd8\xff\xe0\0"), Some(Kind::Jpeg));
        let types = ("[Content_Types].xml", "<Types/>");
        assert_eq!(
            kind(&zip(&[types, ("word/document.xml", "<w/>")])),
            Some(Kind::Docx)
        );
        assert_eq!(
            kind(&zip(&[types, ("xl/workbook.xml", "<x/>")])),
            Some(Kind::Xlsx)
        );
        for one in [Kind::Odt, Kind::Ods] {
            let open = zip(&[("mimetype", one.media_type()), ("content.xml", "<o/>")]);
            assert_eq!(kind(&open), Some(one));
        }
    }

    #[test]
    fn a_signed_envelope_is_known_however_its_length_is_written() {
        for length in [&[0x20_u8][..], &[0x81, 0xf0], &[0x83, 1, 2, 3], &[0x80]] {
            let content = [&[0x30], length, &SIGNED_DATA, &[0xa0, 0x80]].concat();
            assert_eq!(kind(&content), Some(Kind::P7m), "{length:x?}");
        }
        assert_eq!(kind(&[0x30, 0x82, 1, 2, 2, 1, 1]), None);
        assert_eq!(kind(&[0x30, 0xff]), None);
    }

    #[test]
    fn what_is_none_of_these_is_not_taken() {
        for content in [
            &b""[..],
            b"testo",
            b"<html><script>alert(1)</script>",
            b"MZ\x90\0",
            b"PK\x03\x04 troncato",
            b"GIF89a",
            b"<svg xmlns=",
        ] {
            assert_eq!(kind(content), None);
        }
        assert_eq!(kind(&zip(&[("a.txt", "x")])), None);
        let types = ("[Content_Types].xml", "<Types/>");
        let document = ("word/document.xml", "<w/>");
        let macros = ("word/vbaProject.bin", "x");
        assert_eq!(kind(&zip(&[types, document, macros])), None);
    }
}
