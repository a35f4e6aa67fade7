//! Fleet files, good and bad: `tests/config/valid/*.yaml` must load, `tests/config/invalid/*.yaml` must be refused with
//! the text in the `.txt` beside it. `BLESS=1 cargo test --test config` writes those texts anew; read them before
//! committing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

#[path = "config/specs.rs"]
mod specs;

#[path = "config/bounds.rs"]
mod bounds;
#[path = "config/cases.rs"]
mod cases;
#[path = "config/files.rs"]
mod files;
#[path = "config/meaning.rs"]
mod meaning;
#[path = "config/profiles.rs"]
mod profiles;
#[path = "config/resolve.rs"]
mod resolve;
#[path = "config/schedules.rs"]
mod schedules;
#[path = "config/schema.rs"]
mod schema;
#[path = "config/secrets.rs"]
mod secrets;
