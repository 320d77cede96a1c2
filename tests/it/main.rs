//! Everything that can be tested without a browser, in one binary.

#![cfg(test)]

mod access;
mod documentation;
mod exports;
mod gdal;
mod imports;
mod lists;
mod people;
mod publish;
mod storage;
mod support;
mod tiles;
