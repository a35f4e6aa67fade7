//! One file per command: typed options, one library call, a view.

pub(super) mod apply;
mod approval;
mod approved;
pub(super) mod comment;
pub(super) mod completions;
pub(super) mod explain;
pub(super) mod history;
pub(super) mod hold;
pub(super) mod import;
pub(super) mod init;
pub(super) mod ledger;
pub(super) mod man;
pub(super) mod plan;
mod plan_between;
pub(super) mod providers;
pub(super) mod receipt;
pub(super) mod resolve;
pub(super) mod saved;
pub(super) mod schema;
pub(super) mod show;
pub(super) mod simulate;
pub(super) mod snapshot;
pub(super) mod status;
mod time_gate;
mod undo;
pub(super) mod validate;
mod view;
pub(super) mod watch;

pub(super) use time_gate::TimeGate;
