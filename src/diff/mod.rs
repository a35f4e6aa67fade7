//! Which live server is meant, and nothing else: desired entries are paired with live servers before anything is
//! compared. Pure.

mod bind;

pub use bind::{Binding, LiveIndex, bind_all};
