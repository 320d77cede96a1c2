//! A report as a page, and as a file that is a page of its own; and all its forms as one package.
//!
//! One template says what a report says (`templates/report/body.html`); a page of the application
//! includes it with a variable `report` and the style sheet `/static/css/report.css`, the file has
//! the same style sheet in itself and loads nothing. Setting type takes seconds: callers do it on a
//! thread aside. Enforced by `tests/it/report.rs`.

use crate::census::report::Report;
use crate::exchange::package::{self, Member};
use crate::exchange::shown::{Shown, ShownBlock};
use crate::exchange::tables;
use crate::exchange::typesetting::{self, TypesettingError};
use crate::exchange::workbook::WorkbookError;
use askama::Template;

const STYLE: &str = include_str!("../../static/css/report.css");

/// Why a form of a report was not made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The PDF.
    #[error(transparent)]
    Pdf(#[from] TypesettingError),
    /// The workbook.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),
    /// The page.
    #[error(transparent)]
    Page(#[from] askama::Error),
    /// The package.
    #[error(transparent)]
    Package(#[from] std::io::Error),
}

#[derive(Template)]
#[template(path = "report/standalone.html")]
struct Standalone {
    report: Shown,
    style: &'static str,
}

/// A report as a page of the application shows it: the variable `report` of the template.
#[must_use]
pub fn shown(report: &Report) -> Shown {
    Shown::of(report, &|text| {
        text.replace(|one: char| one.is_control() && one != '\n', " ")
    })
}

/// A report as one HTML file that needs no other.
pub fn html(report: &Report) -> Result<String, ReportError> {
    let page = Standalone {
        report: shown(report),
        style: STYLE,
    };
    Ok(page.render()?)
}

/// A form in which a report leaves, for the page and for the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For the protocol.
    Pdf,
    /// For calculations.
    Xlsx,
    /// One page to keep.
    Html,
    /// All of these, with their hashes.
    Zip,
}

impl Form {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Xlsx, Self::Html, Self::Zip];

    /// How commands spell it, and how the names of its files end.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Zip => "zip",
        }
    }

    /// The name of its file.
    #[must_use]
    pub fn file(self) -> String {
        format!("relazione.{}", self.name())
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF da protocollare",
            Self::Xlsx => "Cartella di lavoro (XLSX)",
            Self::Html => "Pagina da conservare (HTML)",
            Self::Zip => "Tutto, con le impronte (ZIP)",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
            Self::Zip => "application/zip",
        }
    }

    /// The bytes of a report in this form.
    pub fn make(self, report: &Report) -> Result<Vec<u8>, ReportError> {
        match self {
            Self::Pdf => Ok(typesetting::pdf(report)?),
            Self::Xlsx => Ok(tables::xlsx(report)?),
            Self::Html => Ok(html(report)?.into_bytes()),
            Self::Zip => package(report),
        }
    }
}

/// The bytes of the package: PDF, workbook, page and the manifest of their hashes.
pub fn package(report: &Report) -> Result<Vec<u8>, ReportError> {
    let pdf = typesetting::pdf(report)?;
    let workbook = tables::xlsx(report)?;
    let page = html(report)?;
    let members = [
        ("relazione.pdf", pdf.as_slice()),
        ("relazione.xlsx", workbook.as_slice()),
        ("relazione.html", page.as_bytes()),
    ];
    let members = members.map(|(name, content)| Member { name, content });
    Ok(package::zip(report, &members)?)
}
