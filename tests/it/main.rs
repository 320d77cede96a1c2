//! Everything that can be tested without a browser, in one binary.

#[cfg(test)]
mod exports;
