//! Everything that can be tested without a browser, in one binary.

#![cfg(test)]

mod access;
mod adhesion;
mod batches;
mod campaign;
mod catalogue;
mod compatibility;
mod corpus;
mod criteria;
mod documentation;
mod duplicates;
mod exports;
mod gdal;
mod import_pages;
mod imports;
mod journal;
mod layering;
mod lists;
mod notices;
mod people;
mod people_pages;
mod publish;
mod record;
mod reference_layers;
mod report;
mod report_sample;
mod review;
mod schema;
mod serving;
mod sites;
mod snapshots;
mod storage;
mod support;
mod tender;
mod tiles;
mod verdicts;
mod verify;
mod web;
mod workbooks;
