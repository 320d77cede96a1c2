//! The one gate for archives: workbooks, zipped shapefiles, KMZ.
//!
//! Nothing of an archive is believed: every member is taken out once and counted before anybody
//! reads it, so that a small file cannot fill memory or disk. Members leave the archive only for
//! temporary files without a name, so a path cannot lead anywhere; one that tries is refused all the
//! same. Enforced by the tests below.

use super::source::SourceError;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use zip::ZipArchive;
use zip::result::ZipError;

/// The most members.
const MOST_MEMBERS: usize = 10_000;

/// The most bytes that are taken out of an archive, whatever its size.
const MOST_BYTES: u64 = 2 << 30;

/// Up to this many bytes nobody asks how small the archive was.
const HARMLESS_BYTES: u64 = 100 << 20;

/// How many times larger than the archive its content may be.
const RATIO: u64 = 100;

/// Where a workbook keeps the documents that were put into it, which nobody reads.
const EMBEDDED: &str = "xl/embeddings/";

/// An archive that may be read.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// The names of its files, in its order.
    names: Vec<String>,
}

impl Archive {
    /// Looks at every member; an Italian sentence when the archive is not to be read.
    pub(super) fn open(file: File) -> Result<Self, SourceError> {
        let size = file.metadata()?.len();
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        if zip.len() > MOST_MEMBERS {
            return Err(refused(&format!(
                "L’archivio contiene {} file, più di {MOST_MEMBERS}: fatene uno con i soli file che \
                 servono.",
                zip.len()
            )));
        }
        let names = (0..zip.len())
            .map(|index| admitted(&zip, index))
            .collect::<Result<Vec<_>, _>>()?;
        weigh(&mut zip, &names, size)?;
        Ok(Self { zip, names })
    }

    /// The names of what can be read, without what systems add on their own.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let added = |name: &str| {
            name.split('/')
                .any(|part| part == "__MACOSX" || part.starts_with("._"))
        };
        self.names
            .iter()
            .map(String::as_str)
            .filter(move |name| !name.ends_with('/') && !added(name))
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    /// The first file of this name, in any case.
    fn index(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .position(|other| other.eq_ignore_ascii_case(name))
    }

    /// The content of a file, if it is there.
    pub(super) fn member(&mut self, name: &str) -> Result<Option<impl Read>, SourceError> {
        match self.index(name) {
            Some(index) => self.zip.by_index(index).map(Some).map_err(broken),
            None => Ok(None),
        }
    }

    /// The content of a file in a temporary file, if it is there.
    pub(super) fn extract(&mut self, name: &str) -> Result<Option<File>, SourceError> {
        let Some(mut member) = self.member(name)? else {
            return Ok(None);
        };
        let mut file = tempfile::tempfile()?;
        io::copy(&mut member, &mut file)?;
        file.rewind()?;
        Ok(Some(file))
    }

    /// The beginning of a small text, if it is there.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, SourceError> {
        const LONGEST: u64 = 1 << 16;
        let Some(member) = self.member(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        member.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The archive itself, from its beginning.
    pub(super) fn into_file(self) -> Result<File, SourceError> {
        let mut file = self.zip.into_inner().into_inner();
        file.rewind()?;
        Ok(file)
    }
}

/// The name of a member that may be read.
fn admitted(zip: &ZipArchive<BufReader<File>>, index: usize) -> Result<String, SourceError> {
    let member = zip.by_index_data(index).map_err(broken)?;
    let name = member.name().map_err(broken)?.into_owned();
    if member.encrypted() {
        return Err(refused(
            "L’archivio è protetto da una password: rifatelo senza password e riprovate.",
        ));
    }
    if leads_elsewhere(&name) || member.is_symlink() {
        return Err(refused(&format!(
            "L’archivio contiene un percorso che porta fuori da sé: «{}». Rifatelo mettendoci \
             soltanto i file, senza cartelle né collegamenti.",
            name.chars()
                .take(80)
                .map(|one| if one.is_control() { '?' } else { one })
                .collect::<String>()
        )));
    }
    let nested = [
        "zip", "kmz", "xlsx", "xlsm", "ods", "7z", "rar", "gz", "tar",
    ];
    let end = name.rsplit('.').next().unwrap_or_default().to_lowercase();
    if nested.contains(&end.as_str()) && !name.starts_with(EMBEDDED) {
        return Err(inside(&name));
    }
    Ok(name)
}

fn leads_elsewhere(name: &str) -> bool {
    let drive = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|one| one.is_ascii_alphabetic()) && letters.next() == Some(':')
    };
    name.starts_with('/')
        || name.contains(['\\', '\0'])
        || drive(name)
        || name.split('/').any(|part| part == "..")
}

/// Takes every member out and counts its bytes.
fn weigh(
    zip: &mut ZipArchive<BufReader<File>>,
    names: &[String],
    size: u64,
) -> Result<(), SourceError> {
    let most = MOST_BYTES.min(HARMLESS_BYTES.max(size.saturating_mul(RATIO)));
    let mut left = most;
    let mut buffer = vec![0; 1 << 16];
    for (index, name) in names.iter().enumerate() {
        let mut member = zip.by_index(index).map_err(broken)?;
        let mut first = true;
        loop {
            let length = member
                .read(&mut buffer)
                .map_err(|error| broken(ZipError::Io(error)))?;
            if length == 0 {
                break;
            }
            if std::mem::take(&mut first)
                && buffer.starts_with(b"PK\x03\x04")
                && !name.starts_with(EMBEDDED)
            {
                return Err(inside(name));
            }
            left = left.checked_sub(length as u64).ok_or_else(|| {
                refused(&format!(
                    "L’archivio è di {} KB ma ne contiene più di {} MB: non è un file di \
                     dispositivi. Se lo è davvero, caricatelo come CSV.",
                    size.div_ceil(1 << 10),
                    most >> 20
                ))
            })?;
        }
    }
    Ok(())
}

fn inside(name: &str) -> SourceError {
    refused(&format!(
        "L’archivio contiene un altro archivio, «{name}»: estraetelo e caricate direttamente quello."
    ))
}

fn refused(sentence: &str) -> SourceError {
    SourceError::Refused(sentence.to_owned())
}

/// What is said of an archive that cannot be taken apart.
fn broken(error: ZipError) -> SourceError {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => refused(
            "L’archivio è compresso in un modo che non leggiamo: rifatelo come ZIP normale, senza \
             password.",
        ),
        // What the disk says has a number; what the library finds wrong has none.
        ZipError::Io(error) if error.raw_os_error().is_some() => SourceError::Read(error),
        _ => refused(
            "L’archivio è rovinato o incompleto: forse la copia si è interrotta. Rifatelo e \
             riprovate.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(fill: impl FnOnce(&mut ZipWriter<File>)) -> Result<Archive, SourceError> {
        let mut writer = ZipWriter::new(tempfile::tempfile().unwrap());
        fill(&mut writer);
        let mut written = writer.finish().unwrap();
        written.rewind().unwrap();
        Archive::open(written)
    }

    fn with(name: &str, content: &[u8]) -> Result<Archive, SourceError> {
        archive(|zip| {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        })
    }

    fn why(opened: Result<Archive, SourceError>) -> String {
        opened
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn members_are_found_in_any_case_and_additions_of_systems_are_not() {
        let mut opened = archive(|zip| {
            for name in ["a/Punti.SHP", "__MACOSX/a/._Punti.SHP", "a/._x.dbf"] {
                zip.start_file(name, SimpleFileOptions::default()).unwrap();
                zip.write_all(b"abc").unwrap();
            }
            zip.add_directory("b", SimpleFileOptions::default())
                .unwrap();
        })
        .unwrap();
        assert_eq!(opened.names().collect::<Vec<_>>(), ["a/Punti.SHP"]);
        assert_eq!(opened.text("a/punti.shp").unwrap().unwrap(), "abc");
        assert!(opened.extract("a/punti.dbf").unwrap().is_none());
    }

    #[test]
    fn absurd_ratios_are_refused() {
        let zeros = vec![0; 1 << 20];
        let opened = archive(|zip| {
            zip.start_file("doc.kml", SimpleFileOptions::default())
                .unwrap();
            for _ in 0..=100 {
                zip.write_all(&zeros).unwrap();
            }
        });
        assert!(why(opened).contains("più di 100 MB"));
        let many = archive(|zip| {
            for part in 0..101 {
                zip.start_file(format!("{part}.kml"), SimpleFileOptions::default())
                    .unwrap();
                zip.write_all(&zeros).unwrap();
            }
        });
        assert!(why(many).contains("più di 100 MB"));
    }

    #[test]
    fn too_many_members_are_refused() {
        let opened = archive(|zip| {
            for part in 0..=MOST_MEMBERS {
                zip.start_file(part.to_string(), SimpleFileOptions::default())
                    .unwrap();
            }
        });
        assert!(why(opened).contains("più di 10000"));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for name in [
            "../punti.shp",
            "a/../../punti.shp",
            "/etc/punti.shp",
            "C:/punti.shp",
            "a\\punti.shp",
            "punti.shp\0.txt",
        ] {
            assert!(why(with(name, b"x")).contains("fuori da sé"), "{name:?}");
        }
        let linked = archive(|zip| {
            zip.add_symlink("punti.shp", "/etc/passwd", SimpleFileOptions::default())
                .unwrap();
        });
        assert!(why(linked).contains("fuori da sé"));
        assert!(with("a..b/punti..shp", b"x").is_ok());
    }

    #[test]
    fn archives_in_archives_are_refused_whatever_their_name() {
        assert!(why(with("dati/Punti.ZIP", b"x")).contains("un altro archivio"));
        assert!(why(with("punti.dat", b"PK\x03\x04 e altro")).contains("un altro archivio"));
        assert!(with("xl/embeddings/uno.xlsx", b"PK\x03\x04").is_ok());
    }

    #[test]
    fn protected_and_broken_archives_are_refused() {
        let mut bytes = Vec::new();
        let mut writer = ZipWriter::new(io::Cursor::new(&mut bytes));
        writer
            .start_file("punti.shp", SimpleFileOptions::default())
            .unwrap();
        writer.write_all(&[7; 500]).unwrap();
        writer.finish().unwrap();
        let opened = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            file.rewind().unwrap();
            why(Archive::open(file))
        };
        assert_eq!(opened(&bytes), "");
        let half = &bytes[..bytes.len() / 2];
        assert!(opened(half).contains("rovinato"));
        let mut protected = bytes.clone();
        protected[6] |= 1;
        let central = bytes
            .windows(4)
            .position(|four| four == b"PK\x01\x02")
            .unwrap();
        protected[central + 8] |= 1;
        assert!(opened(&protected).contains("password"));
        let mut garbled = bytes.clone();
        for byte in &mut garbled[39..45] {
            *byte ^= 0x5A;
        }
        assert!(
            opened(&garbled).contains("rovinato"),
            "{}",
            opened(&garbled)
        );
    }
}
