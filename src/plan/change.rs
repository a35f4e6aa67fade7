//! One server's change: what people read, and the steps that carry it out.

use super::cause::Cause;
use super::wave::Wave;
use crate::model::{
    Address, ConnectionName, EvidenceLevel, HealthCheck, Location, Operation, Period, Power, ServerId,
    ServerName, Verb,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A server's name and power, before or after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Facts {
    /// Its name.
    pub name: ServerName,
    /// Its power; `null` where the provider does not report one. Of a server in transition, the power that it is
    /// settling into.
    pub power: Option<Power>,
}

/// A step that another one waits for: the `step`th (from 0) of the change at `address`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepRef {
    /// The other change.
    pub address: Address,
    /// Its step, from 0.
    pub step: usize,
}

/// One call of a change. Steps of a change run one after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// What is asked of the provider.
    pub operation: Operation,
    /// What is asked when that is refused, fails or takes too long.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fallback: Option<Operation>,
    /// How long after this call was taken the fallback may come at the earliest; without it, half of the time that the
    /// connection gives an operation, at most five minutes. A call that is refused has no grace.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace: Option<Period>,
    /// What must pass once it is done, before the change is done and others that wait for it go on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub healthy_when: Option<HealthCheck>,
    /// Of a reboot: without this evidence, or stronger, it does not count as done. Where nothing is said, the best that
    /// the provider happens to show will do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub require_evidence: Option<EvidenceLevel>,
    /// Where the provider cannot do exactly what is declared: what is done instead, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// Steps of other changes that must be done first: a name must be free before it is taken, `after:` and
    /// `availability:` say the rest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub after: Vec<StepRef>,
}

impl Step {
    /// What is asked and how it may be asked otherwise: equal calls do the same in the same way.
    pub(super) fn call(&self) -> Call<'_> {
        Call {
            operation: &self.operation,
            fallback: self.fallback.as_ref(),
            grace: self.grace,
            healthy_when: self.healthy_when.as_ref(),
            require_evidence: self.require_evidence,
        }
    }

    /// A step that nothing is special about.
    pub fn new(operation: Operation) -> Self {
        Self {
            operation,
            fallback: None,
            grace: None,
            healthy_when: None,
            require_evidence: None,
            note: None,
            after: Vec::new(),
        }
    }
}

/// A step without what it waits for and what is said of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Call<'a> {
    pub(super) operation: &'a Operation,
    pub(super) fallback: Option<&'a Operation>,
    pub(super) grace: Option<Period>,
    pub(super) healthy_when: Option<&'a HealthCheck>,
    pub(super) require_evidence: Option<EvidenceLevel>,
}

/// Everything that would be done to one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// The server as the file calls it.
    pub address: Address,
    /// Its connection.
    pub provider: ConnectionName,
    /// Its id.
    pub id: ServerId,
    /// What would be done, in order.
    pub actions: Vec<Verb>,
    /// What is there.
    pub before: Facts,
    /// What would be there; `null` after a delete.
    pub after: Option<Facts>,
    /// Why: `declared`.
    pub reasons: Vec<String>,
    /// Where it comes from, beside a base.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<Cause>,
    /// The instant since which a reboot is asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub rebooted_since: Option<Timestamp>,
    /// The wave of its rollout, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wave: Option<Wave>,
    /// The calls, in order.
    pub steps: Vec<Step>,
    /// The line that declares it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
}

impl Change {
    /// Whether the change does this.
    pub fn does(&self, verb: Verb) -> bool {
        self.actions.contains(&verb)
    }

    /// The last operation of a kind, with its step.
    pub fn step(&self, verb: Verb) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.operation.verb() == verb)
    }
}
