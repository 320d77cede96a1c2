//! Everything that can be tested without a browser, in one binary.

#[cfg(test)]
mod people;
#[cfg(test)]
mod storage;
#[cfg(test)]
mod support;
