//! The tests that need the whole library: one binary, one module for each concern.

mod documentation;
//! Everything that can be tested without a browser, in one binary.

#[cfg(test)]
mod exports;
#[cfg(test)]
mod gdal;
#[cfg(test)]
mod tiles;
//! Everything that can be tested without a browser, in one binary.

#[cfg(test)]
mod people;
#[cfg(test)]
mod support;
