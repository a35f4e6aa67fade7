//! YAML text to a small tree with places. Bounded in every direction and strict: what YAML allows and people
//! trip over (duplicate keys, merge keys, tags, several documents) is refused with its place.

mod builder;
mod json;
mod node;
mod outline;
mod recover;
mod syntax;

pub(super) use json::to_json;
pub(super) use node::{Content, Entry, Node, Span};
pub(super) use recover::{Part, Reading, read, read_section};
