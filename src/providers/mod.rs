//! The providers, one folder each.

pub mod gogrid;
pub mod hostway;
