//! The formats the census speaks, over readers and writers. No SQL, no HTTP, no rules.
//!
//! A file that comes in becomes rows, and rows become drafts through the mapping of its columns;
//! what goes out is written record by record, so that memory does not grow with the census.

mod archive;
pub mod boundaries;
pub mod columns;
pub mod csv;
pub mod document;
mod drawn;
mod features;
mod figure;
pub mod geojson;
mod geojson_in;
mod geopackage;
mod header;
mod kml;
pub mod listing;
pub mod mail;
pub mod package;
pub mod reference_layer;
pub mod shapefile;
mod shapefile_in;
pub mod shown;
pub mod source;
mod spreadsheet;
mod stream;
pub mod tables;
pub mod typesetting;
pub mod workbook;

/// The reference systems in which devices are handed over, the one of the web first, then the one
/// the metropolitan systems store.
pub const SYSTEMS: [&str; 5] = [
    "EPSG:4326",
    "EPSG:32632",
    "EPSG:7791",
    "EPSG:6707",
    "EPSG:3003",
];
