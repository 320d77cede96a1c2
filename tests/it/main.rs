//! Everything that can be tested without a browser, in one binary.

#![cfg(test)]

mod access;
mod adhesion;
mod batches;
mod corpus;
mod documentation;
mod exports;
mod gdal;
mod import_pages;
mod imports;
mod layering;
mod lists;
mod people;
mod people_pages;
mod publish;
mod record;
mod schema;
mod sites;
mod storage;
mod support;
mod tiles;
mod web;
mod workbooks;
