//! What a provider can do, as data. The planner knows providers by this alone.

use super::{EvidenceLevel, OffKind, Verb};
use std::borrow::Cow;
use std::time::Duration;

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseRule {
    /// To the letter.
    Exact,
    /// In any case (Unicode lower case).
    Insensitive,
}

impl CaseRule {
    /// The form under which equal texts are equal byte for byte.
    pub fn key(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Insensitive if text.chars().any(char::is_uppercase) => Cow::Owned(text.to_lowercase()),
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether two texts are the same name or id.
    pub fn same(self, a: &str, b: &str) -> bool {
        self.key(a) == self.key(b)
    }
}

/// Which names a provider accepts; only asked when a rename would set one.
#[derive(Clone, Copy, Debug)]
pub struct NameRules {
    /// How names are compared.
    pub case: CaseRule,
    /// How ids are compared.
    pub id_case: CaseRule,
    /// Fewest characters.
    pub min_chars: usize,
    /// Most characters; `usize::MAX` where no rule is documented.
    pub max_chars: usize,
    /// Whether a character may be part of a name.
    pub allows: fn(char) -> bool,
    /// The rule for people: `letters, digits, _ and -`.
    pub described: &'static str,
}

impl NameRules {
    /// `None` if the provider accepts `name`, else what is wrong with it, for people.
    pub fn refuses(&self, name: &str) -> Option<String> {
        let count = name.chars().count();
        if count < self.min_chars {
            return Some(format!("it needs at least {} characters", self.min_chars));
        }
        if count > self.max_chars {
            return Some(format!("it has {count} characters, at most {} are allowed", self.max_chars));
        }
        let bad = name.chars().find(|c| !(self.allows)(*c))?;
        Some(format!("{bad:?} is not allowed (allowed: {})", self.described))
    }
}

/// Ways to stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffSupport {
    /// Cannot.
    No,
    /// Pulls the plug only.
    HardOnly,
    /// Asks the guest only (a provider may turn hard by itself after a time).
    GracefulOnly,
    /// Both, as separate calls.
    Both,
    /// One call; whether it is graceful is not documented.
    NotToldApart,
}

/// Ways to reboot a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebootSupport {
    /// Cannot.
    No,
    /// Power cycle only.
    HardOnly,
    /// Both, as separate calls.
    Both,
    /// One call; whether it is soft is not documented.
    NotToldApart,
}

/// How many servers one call may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// For power and reboot calls; 1 where there are no batches.
    pub power: usize,
    /// For deletes.
    pub delete: usize,
}

impl BatchLimits {
    /// How many servers one call of this kind may name; at least one.
    pub fn of(self, verb: Verb) -> usize {
        match verb {
            Verb::PowerOn | Verb::PowerOff | Verb::Suspend | Verb::Reboot => self.power.max(1),
            Verb::Delete => self.delete.max(1),
            Verb::Rename => 1,
        }
    }
}

/// What a provider can do.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities {
    /// Start a stopped server.
    pub power_on: bool,
    /// Stop a running one.
    pub off: OffSupport,
    /// Suspend a running one (and resume it by `power on`).
    pub suspend: bool,
    /// Which of the stop calls work on a suspended server; by the others it is resumed first.
    pub off_when_suspended: OffSupport,
    /// Restart a running one.
    pub reboot: RebootSupport,
    /// The strongest evidence that a reboot which went well leaves for certain: what shows only sometimes (a restart
    /// that may be over before anybody looks, records that may have gaps) does not count.
    pub reboot_evidence: EvidenceLevel,
    /// Change a name.
    pub rename: bool,
    /// Delete for good.
    pub delete: bool,
    /// Whether listings carry a power state at all.
    pub reports_power: bool,
    /// Whether listings carry the provider's own tags.
    pub tags: bool,
    /// Whether listings carry the time of creation.
    pub created_at: bool,
    /// Name and id rules.
    pub names: NameRules,
    /// Batch calls.
    pub batch: BatchLimits,
    /// Calls under way at once on a connection that does not say `max_in_flight`.
    pub default_in_flight: usize,
    /// How long an operation usually takes before its effect shows: what a lost answer is waited for.
    pub usual_delay: Duration,
    /// From an accepted call to the first look at what came of it; later intervals grow.
    pub first_look: Duration,
}

impl Capabilities {
    /// A provider that can do nothing and has no rules: what tests and new providers begin with.
    pub const NOTHING: Self = Self {
        power_on: false,
        off: OffSupport::No,
        suspend: false,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::No,
        reboot_evidence: EvidenceLevel::Accepted,
        rename: false,
        delete: false,
        reports_power: true,
        tags: false,
        created_at: false,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            max_chars: usize::MAX,
            allows: |c| !c.is_control(),
            described: "anything without control characters",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        default_in_flight: 4,
        usual_delay: Duration::from_secs(10),
        first_look: Duration::from_millis(150),
    };

    /// What the provider can do, for people: `power on, power off (hard only), reboot (hard only), delete`.
    pub fn described(&self) -> String {
        let mut can = Vec::new();
        if self.power_on {
            can.push("power on");
        }
        can.extend(self.off.described());
        if self.suspend {
            can.push("suspend");
        }
        can.extend(self.reboot.described());
        if self.rename {
            can.push("rename");
        }
        if self.delete {
            can.push("delete");
        }
        if can.is_empty() { "nothing".into() } else { can.join(", ") }
    }
}

impl OffSupport {
    /// Whether this way of stopping is one of them.
    pub fn includes(self, kind: OffKind) -> bool {
        match self {
            Self::No => false,
            Self::HardOnly => kind == OffKind::Hard,
            Self::GracefulOnly => kind == OffKind::Graceful,
            Self::Both => kind != OffKind::NotToldApart,
            Self::NotToldApart => kind == OffKind::NotToldApart,
        }
    }

    /// For people; `None` where it cannot.
    pub fn described(self) -> Option<&'static str> {
        match self {
            Self::No => None,
            Self::HardOnly => Some("power off (hard only)"),
            Self::GracefulOnly => Some("power off (graceful only)"),
            Self::Both => Some("power off (graceful or hard)"),
            Self::NotToldApart => Some("power off"),
        }
    }
}

impl RebootSupport {
    /// For people; `None` where it cannot.
    pub fn described(self) -> Option<&'static str> {
        match self {
            Self::No => None,
            Self::HardOnly => Some("reboot (hard only)"),
            Self::Both => Some("reboot (soft or hard)"),
            Self::NotToldApart => Some("reboot"),
        }
    }
}
