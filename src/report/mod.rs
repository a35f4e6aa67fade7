//! What people and pipelines read.

pub mod diagnostics;
