//! YAML text to desired state. The only room that knows YAML and that reads the environment.
//!
//! A fleet file goes through four steps: bytes to a checked text (`source`), text to a tree with places (`yaml`),
//! tree to connections, limits and servers (`decode`), and all files to one [`Fleet`]. Every step reports what is
//! wrong and goes on, so that one run tells all mistakes of all files, each with its place and its cure.
//! References to secrets stay unresolved until a connection is used ([`resolve`]).

mod base;
mod choices;
mod decode;
mod diagnostic;
mod early;
mod endpoint;
mod env;
mod excerpt;
mod files;
mod findings;
mod fleet;
mod git;
mod load;
mod notify;
mod profiles;
mod reference;
mod resolve;
mod schema;
mod source;
mod suggest;
mod yaml;

pub use base::{Base, load_base};
pub use decode::parse_duration;
pub use diagnostic::{Diagnostic, Excerpt, Related, Severity};
pub use env::process_env;
pub use files::DEFAULT_FILE;
pub use fleet::{Connection, Fleet, NotifyTarget, SourceFile, Timeouts, Value};
pub use load::{Connections, Loaded, Mode, fingerprint, load, load_early, load_texts, read_as_json};
pub use notify::{Receiver, resolve_receiver, resolve_secret_option};
pub use resolve::resolve;
pub use schema::fleet_schema;
