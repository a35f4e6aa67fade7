//! A saved plan against the world: before the first call, every server that it touches must be as it was, or
//! already as it is to be.

use super::Links;
use crate::model::{Address, CaseRule, LedgerFacts, LiveServer, ServerId, Verb};
use crate::plan::{Change, Facts};
use crate::provider::{Error, list_all};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// So many servers of a connection are read one by one; more of them are read as a list.
const ONE_BY_ONE: usize = 16;

/// A server that is no longer as the plan saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Moved {
    /// The server.
    pub address: Address,
    /// What the plan saw and what is there.
    pub message: String,
}

/// Whether the plan still fits the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// What moved. Empty means that the plan may be carried out.
    pub moved: Vec<Moved>,
    /// What is left of each change, in the order of the plan; `None` where its server is where the plan wants it
    /// already. Empty where something moved.
    pub rest: Vec<Option<Change>>,
}

/// Reads every server that the changes touch and compares.
///
/// # Errors
/// A connection could not be read.
pub async fn check_fresh(
    changes: &[Change],
    links: &Links,
    ledger: &LedgerFacts,
) -> Result<Freshness, Error> {
    let mut result = Freshness::default();
    let mut rest: Vec<Option<Change>> = vec![None; changes.len()];
    let mut by_connection: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        by_connection.entry(&change.provider).or_default().push(at);
    }
    for (name, places) in by_connection {
        let Some(link) = links.get(name) else {
            // Nobody can say anything of them; apply says so of each.
            for at in places {
                rest[at] = Some(changes[at].clone());
            }
            continue;
        };
        let ids: Vec<&ServerId> = places.iter().map(|&at| &changes[at].id).collect();
        let live = read(link, &ids).await?;
        let case = link.capabilities.names.case;
        for at in places {
            let change = &changes[at];
            let now = live.get(change.id.as_str()).and_then(Option::as_ref);
            let now = now.map(|live| called(live, change, link.capabilities.rename));
            match compare(change, now.as_deref(), case, ledger) {
                Ok(far) => rest[at] = left(change, &far),
                Err(message) => result.moved.push(Moved { address: change.address.clone(), message }),
            }
        }
    }
    if result.moved.is_empty() {
        result.rest = rest;
    }
    result.moved.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(result)
}

/// The server under the name that it was planned by, where it is nameless on a provider that renames nothing: its id is
/// all that tells which one it is.
fn called<'a>(live: &'a LiveServer, change: &Change, renames: bool) -> Cow<'a, LiveServer> {
    if live.name.is_some() || renames {
        return Cow::Borrowed(live);
    }
    Cow::Owned(LiveServer { name: Some(change.before.name.clone()), ..live.clone() })
}

async fn read(link: &super::Link, ids: &[&ServerId]) -> Result<HashMap<String, Option<LiveServer>>, Error> {
    let rules = &link.capabilities.names;
    if ids.len() > ONE_BY_ONE {
        let servers = list_all(&*link.provider, rules.id_case, link.capabilities.default_in_flight).await?;
        let by_id: HashMap<String, LiveServer> = servers
            .into_iter()
            .filter_map(|s| s.id.clone().map(|id| (rules.id_case.key(id.as_str()).into_owned(), s)))
            .collect();
        let found = |id: &ServerId| by_id.get(&*rules.id_case.key(id.as_str())).cloned();
        return Ok(ids.iter().map(|id| (id.to_string(), found(id))).collect());
    }
    stream::iter(ids)
        .map(|id| async move { Ok((id.to_string(), link.provider.get(id).await?)) })
        .buffer_unordered(link.capabilities.default_in_flight)
        .try_collect()
        .await
}

/// How far a server is on its way already.
enum Far {
    /// It is gone, or going.
    Gone,
    /// It is there; whether it has its name, and whether it has its power and was rebooted.
    There { is_named: bool, is_powered: bool },
}

fn left(change: &Change, far: &Far) -> Option<Change> {
    match *far {
        Far::Gone => None,
        Far::There { is_named, is_powered } => change.clone().rest(is_named, is_powered),
    }
}

/// How far the server is; an error says what moved.
fn compare(
    change: &Change,
    now: Option<&LiveServer>,
    case: CaseRule,
    ledger: &LedgerFacts,
) -> Result<Far, String> {
    let Some(now) = now else {
        return if change.after.is_none() { Ok(Far::Gone) } else { Err("it does not exist any more".into()) };
    };
    let Some(after) = &change.after else {
        if now.state.is_going_away() {
            return Ok(Far::Gone);
        }
        same_facts(change, now, &change.before, case)?;
        return Ok(Far::There { is_named: false, is_powered: false });
    };
    let name = now.name.as_ref().map_or("", |name| name.as_str());
    let named = |facts: &Facts| case.same(name, facts.name.as_str());
    if !named(&change.before) && !named(after) && !is_step_name(change, name, case) {
        return Err(format!("it was called {} and is called {name}", change.before.name));
    }
    let power = now.state.expected_power();
    if power != change.before.power && power != after.power {
        return Err(format!("its power was {} and is {}", shown(change.before.power), now.state));
    }
    let rebooted = !change.does(Verb::Reboot) || booted_since(change, now, ledger);
    Ok(Far::There { is_named: named(after), is_powered: power == after.power && rebooted })
}

/// The temporary name of a swap that an earlier run left half done.
fn is_step_name(change: &Change, name: &str, case: CaseRule) -> bool {
    change.steps.iter().any(|step| match &step.operation {
        crate::model::Operation::Rename { to } => case.same(to.as_str(), name),
        _ => false,
    })
}

fn same_facts(change: &Change, now: &LiveServer, facts: &Facts, case: CaseRule) -> Result<(), String> {
    let name = now.name.as_ref().map_or("", |name| name.as_str());
    if !case.same(name, facts.name.as_str()) {
        return Err(format!("it was called {} and is called {name}", facts.name));
    }
    let power = now.state.expected_power();
    if power != change.before.power {
        return Err(format!("its power was {} and is {}", shown(change.before.power), now.state));
    }
    Ok(())
}

fn booted_since(change: &Change, now: &LiveServer, ledger: &LedgerFacts) -> bool {
    let Some(since) = change.rebooted_since else { return false };
    let recorded = ledger.boots.get(&(change.provider.clone(), change.id.clone()));
    now.booted_at.iter().chain(recorded).any(|boot| *boot >= since)
}

fn shown(power: Option<crate::model::Power>) -> &'static str {
    power.map_or("not reported", crate::model::Power::word)
}
