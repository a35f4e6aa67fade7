//! The loop that keeps power states as the file says: what a round may do, and what is told of it.

mod board;
mod happening;
mod notifications;
mod status;

pub use board::{Board, Reader};
pub use happening::{Happening, Occasion};
pub use notifications::NotificationStatus;
pub use status::{
    ConnectionStatus, Contested, Correction, Counted, Drift, FileStatus, HoldStatus, OnDrift, Role, Round,
    STATUS_VERSION, ServerCount, Status, Upcoming, Watcher,
};
