//! Varco: the georeferenced census of video-surveillance devices.
//!
//! The domain is in the middle and knows nothing of SQL, HTTP or files; see `ARCHITECTURE.md`.

pub mod census;
pub mod exchange;
pub mod tiles;
