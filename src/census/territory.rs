//! The Comuni an installation covers, and those around.
