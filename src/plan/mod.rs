//! The plan: what would be done, in which order, why, and what stands in the way. A pure function of desired
//! state, live state, ledger, instant and options: same inputs, same bytes. No IO, no clock, no environment.

mod approval;
mod attribute;
mod calendar;
mod cause;
mod change;
mod decide;
mod document;
mod govern;
mod guard;
mod inputs;
mod narrow;
mod order;
mod planner;
mod problem;
mod rewire;
mod schedule;
mod summary;
mod undo;
mod wave;
mod withhold;

pub use approval::{Approval, Deviation, compare as compare_with_approved};
pub use attribute::attribute;
pub use calendar::{Calendar, PowerChange, ScheduleCalendar, calendar};
pub use cause::Cause;
pub use change::{Change, Facts, Step, StepRef};
pub use document::{
    BaseRecord, FORMAT_VERSION, FleetFile, PlanDocument, PlanOptionsRecord, SnapshotRecord, Target,
};
pub use govern::{HoldInForce, closed_by_now, effective, holds_in_force, otherwise_by_now, overtaken};
pub use guard::{Accepted, GuardName, Refusal, check as check_guards};
pub use inputs::{ConnectionLive, Inputs, Options, ReadFailure};
pub use narrow::narrow;
pub use planner::{Plan, plan, unmanaged};
pub use problem::{Code, Problem, Severity};
pub use rewire::{rewire, stopped_too_early};
pub use schedule::connections_needed;
pub use summary::Summary;
pub use undo::{Kind, NotUndoable, undo};
pub use wave::Wave;
pub use withhold::{Withheld, WithheldBy};
