//! Carries a plan out through the provider contract: what the plan lists and nothing else. Every call is recorded
//! before it is sent, re-read before it interrupts, and followed until the provider's own evidence shows it.

mod batch;
mod executor;
mod follow;
mod fresh;
mod gate;
mod grace;
mod health;
mod judge;
mod outcome;
mod recover;
mod rollout;
mod step;
mod tally;

pub use executor::{Executor, Limits, execute, execute_through};
pub use fresh::{Freshness, Moved, check_fresh};
pub use gate::{Gate, HoldGate};
pub use judge::readable;
pub use outcome::{ApplySummary, ChangeOutcome, ChangeResult, Event, Health, Observer};
pub use recover::{Recovered, is_under_way, recover};
pub use tally::Tally;

use crate::model::{Capabilities, ConnectionName};
use crate::provider::Provider;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// An open connection, as apply needs it.
#[derive(Clone)]
pub struct Link {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Its type, for messages.
    pub type_name: &'static str,
    /// What it can do.
    pub capabilities: &'static Capabilities,
    /// From an accepted call to its effect, at most.
    pub settle: Duration,
}

/// The open connections, by name.
pub type Links = BTreeMap<ConnectionName, Link>;
