//! YAML text to desired state.

mod fleet;

pub use fleet::{Connection, Fleet, SourceFile, Timeouts, Value};
