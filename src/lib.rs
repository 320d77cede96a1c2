//! Varco: the georeferenced census of video-surveillance devices.
//!
//! The domain is in the middle and knows nothing of SQL, HTTP or files; around it, what can be done;
//! around that, the ways in and out. `ARCHITECTURE.md` walks through it.

pub mod census;
pub mod clock;
pub mod command;
pub mod exchange;
pub mod register;
pub mod settings;
pub mod storage;
pub mod tiles;
pub mod web;
