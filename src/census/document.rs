//! The documents that stand behind acts: which kinds are taken, and what they are called.
//!
//! A name comes from somebody's computer and ends in somebody else's: what could lead to another
//! folder, hide an extension or break a header is taken out of it. What a document is, its content
//! says, not its name. Enforced by the tests below and by those of `exchange/document.rs`.

use crate::clock::Instant;
use uuid::Uuid;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 120;

/// What a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PDF.
    Pdf,
    /// Text of an office suite, `OpenDocument`.
    Odt,
    /// Text of Word.
    Docx,
    /// Workbook of Excel.
    Xlsx,
    /// Workbook, `OpenDocument`.
    Ods,
    /// Image.
    Png,
    /// Image.
    Jpeg,
    /// Anything signed, in its envelope.
    P7m,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pdf,
        Self::Odt,
        Self::Docx,
        Self::Xlsx,
        Self::Ods,
        Self::Png,
        Self::Jpeg,
        Self::P7m,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Odt => "odt",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Ods => "ods",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::P7m => "p7m",
        }
    }

    /// The kind with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Odt => "testo ODT",
            Self::Docx => "testo DOCX",
            Self::Xlsx => "foglio XLSX",
            Self::Ods => "foglio ODS",
            Self::Png => "immagine PNG",
            Self::Jpeg => "immagine JPEG",
            Self::P7m => "file firmato P7M",
        }
    }

    /// The type with which it is handed out.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::P7m => "application/pkcs7-mime",
        }
    }

    /// How its name may end, in lower case; the first is the usual one.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Pdf => &["pdf"],
            Self::Odt => &["odt"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
            Self::Ods => &["ods"],
            Self::Png => &["png"],
            Self::P7m => &["p7m"],
        }
    }

    /// Whether a name ends as this kind's do.
    #[must_use]
    pub fn fits(self, name: &str) -> bool {
        name.rsplit_once('.').is_some_and(|(_, end)| {
            self.extensions()
                .iter()
                .any(|own| own.eq_ignore_ascii_case(end))
        })
    }
}

/// A document that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its identifier.
    pub id: Uuid,
    /// The code of the body it belongs to.
    pub body: String,
    /// Its name, cleaned.
    pub name: String,
    /// What its content is.
    pub kind: Kind,
    /// How long it is, in bytes.
    pub size: i64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
    /// The account of who sent it.
    pub author: String,
    /// When it was sent.
    pub recorded_at: Instant,
}

/// A name without what is not part of one: folders, control characters, what Windows forbids, blanks
/// in a row; cut in the middle rather than at its extension. Empty when nothing is left.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|letter| {
            let forbidden = matches!(letter, '<' | '>' | ':' | '"' | '|' | '?' | '*');
            if forbidden || super::rules::has_control(letter.encode_utf8(&mut [0; 4]), false) {
                ' '
            } else {
                letter
            }
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let clean = words.join(" ");
    let clean = clean.trim_matches(['.', ' ']);
    if clean.chars().count() <= LONGEST_NAME {
        return clean.to_owned();
    }
    let (stem, end) = clean.rsplit_once('.').unwrap_or((clean, ""));
    let end: String = end.chars().take(10).collect();
    let room = LONGEST_NAME.saturating_sub(end.chars().count() + 1);
    let stem: String = stem.chars().take(room).collect();
    format!("{}.{end}", stem.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_hides_nothing() {
        for (given, clean) in [
            ("delibera 175.pdf", "delibera 175.pdf"),
            ("C:\\Utenti\\me\\delibera.pdf", "delibera.pdf"),
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("ver\u{202e}fdp.exe", "ver fdp.exe"),
            ("a\r\nSet-Cookie: x=\"1\".pdf", "a Set-Cookie x= 1 .pdf"),
            ("  .nascosto.pdf. ", "nascosto.pdf"),
            ("\0", ""),
            ("", ""),
        ] {
            assert_eq!(clean_name(given), clean, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let clean = clean_name(&format!("{}.pdf.p7m", "è".repeat(400)));
        assert_eq!(clean.chars().count(), LONGEST_NAME);
        assert!(clean.to_lowercase().ends_with("p7m") && Kind::P7m.fits(&clean));
    }

    #[test]
    fn every_kind_is_found_by_its_spelling_and_fits_its_own_extension() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            for end in kind.extensions() {
                assert!(kind.fits(&format!("Atto.{}", end.to_uppercase())));
            }
        }
        assert!(!Kind::Pdf.fits("pdf") && !Kind::Pdf.fits("atto.pdf.exe"));
    }
}
