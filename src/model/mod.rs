//! The nouns that every other room speaks: names, ids, addresses, power, what is wanted and what is there.
//! Pure data, no IO, no async; nothing here knows a provider by name.

mod address;
mod availability;
mod braces;
mod capabilities;
mod desired;
mod evidence;
mod glob;
mod health;
mod hold;
mod ledger_facts;
mod limits;
mod live;
mod location;
mod notice;
mod operation;
mod period;
mod power;
mod power_schedule;
mod rollout;
mod roster;
mod rule;
mod settings;
mod succession;
mod watch;
mod window;

pub use address::{Address, ConnectionName, ServerId, ServerName};
pub use availability::Availability;
pub use braces::{BraceError, MAX_EXPANSION, expand};
pub use capabilities::{BatchLimits, Capabilities, CaseRule, NameRules, OffSupport, RebootSupport};
pub use desired::{
    After, DesiredPower, DesiredServer, GivenBy, Grace, Labels, Presence, RebootStyle, Shutdown,
};
pub use evidence::{EvidenceLevel, RequiredEvidence};
pub use glob::{Selector, SelectorError, glob_matches, globs_meet};
pub use health::{BadPlaceholder, HealthCheck, Placeholder, Probe, fill};
pub use hold::{Freeze, Hold, HoldTo};
pub use ledger_facts::{LedgerFacts, ServerKey, Unresolved};
pub use limits::{Bound, LimitKind, Limits, Rolling};
pub use live::{Denial, LiveServer, LiveState, Settles, Tags};
pub use location::Location;
pub use notice::{NoticeFormat, NoticeKind, NoticeSeverity};
pub use operation::{OffKind, Operation, RebootKind, Verb};
pub use period::Period;
pub use power::Power;
pub use power_schedule::PowerSchedule;
pub use rollout::{Rollout, WaveSize};
pub use roster::Roster;
pub use rule::{Age, GovernedRollout, Rule};
pub use settings::{
    Choice, ProfileSettings, Profiles, ProviderSpec, SettingKind, SettingSpec, Settings, Way,
};
pub use succession::{Edge, Group, Succession};
pub use watch::{Budget, DriftRule, OnDrift, WatchSettings};
pub use window::{Waiting, Window, WindowRule, Windows};
