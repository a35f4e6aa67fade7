//! Plans carried out while the wire misbehaves. What really happened is counted by the simulator: at most one effect
//! per one-shot call, always; exactly one wherever the provider leaves evidence.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "rig/mod.rs"]
mod rig;

#[path = "apply/batches.rs"]
mod batches;
#[path = "apply/evidence.rs"]
mod evidence;
#[path = "apply/fresh.rs"]
mod fresh;
#[path = "apply/gate.rs"]
mod gate;
#[path = "apply/grace.rs"]
mod grace;
#[path = "apply/health.rs"]
mod health;
#[path = "apply/journal.rs"]
mod journal;
#[path = "apply/limits.rs"]
mod limits;
#[path = "apply/lost_calls.rs"]
mod lost_calls;
#[path = "apply/no_power.rs"]
mod no_power;
#[path = "apply/order.rs"]
mod order;
#[path = "apply/queue.rs"]
mod queue;
#[path = "apply/recovery.rs"]
mod recovery;
#[path = "apply/rollout.rs"]
mod rollout;
#[path = "apply/stage.rs"]
mod stage;
#[path = "apply/stopping.rs"]
mod stopping;
#[path = "apply/timeline.rs"]
mod timeline;
