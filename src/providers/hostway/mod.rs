//! What speaks hostway.

pub mod simulator;
