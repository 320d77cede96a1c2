//! The tests that need the whole library: one binary, one module for each concern.

mod documentation;
