//! What speaks gogrid.

pub mod simulator;
