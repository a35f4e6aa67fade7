//! The loop that keeps power states as the file says: what a round may do, and what is told of it.

mod backoff;
mod board;
mod brakes;
mod contest;
mod happening;
mod memory;
mod notifications;
mod past;
mod policy;
mod status;

pub use crate::model::OnDrift;
pub use backoff::{Failures, delay};
pub use board::{Board, Reader};
pub use brakes::{Decision, MASS_AT_LEAST, Situation, decide};
pub use contest::Contest;
pub use happening::{Happening, Occasion};
pub use memory::{Memory, Standing, Wanted};
pub use notifications::NotificationStatus;
pub use past::{COMMAND, Effect, Effort, earlier, efforts};
pub use policy::{Share, on_drift, share};
pub use status::{
    ConnectionStatus, Contested, Correction, Counted, Drift, FileStatus, HoldStatus, Role, Round,
    STATUS_VERSION, ServerCount, Status, Upcoming, Watcher,
};
