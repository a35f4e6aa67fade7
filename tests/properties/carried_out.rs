//! What a plan does to a world when all goes well: a few lines that know nothing of providers.

use super::worlds::{World, now};
use fleetform::model::{LiveServer, LiveState, Operation, Power, ServerId};
use fleetform::plan::{Change, Plan};

/// Carries out all steps, one at a time, in an order that `picks` chooses among those that `after` allows. Fails
/// where a name is taken that somebody holds, or where nothing can go on.
pub(crate) fn carried_out(world: &World, plan: &Plan, picks: &[u16]) -> Result<World, String> {
    let mut world = world.clone();
    let mut done = vec![0usize; plan.changes.len()];
    let total: usize = plan.changes.iter().map(|change| change.steps.len()).sum();
    for turn in 0..total {
        let ready: Vec<usize> =
            (0..done.len()).filter(|&at| is_ready(&plan.changes[at], done[at], plan, &done)).collect();
        if ready.is_empty() {
            return Err(format!("nothing can go on after {turn} of {total} steps"));
        }
        let pick = usize::from(picks.get(turn % picks.len().max(1)).copied().unwrap_or(0));
        let at = ready[pick % ready.len()];
        let change = &plan.changes[at];
        carry_out(&mut world, change, &change.steps[done[at]].operation)?;
        done[at] += 1;
    }
    Ok(world)
}

fn is_ready(change: &Change, next: usize, plan: &Plan, done: &[usize]) -> bool {
    let is_done = |address, step| {
        plan.changes.iter().zip(done).any(|(other, done)| other.address == address && *done > step)
    };
    change
        .steps
        .get(next)
        .is_some_and(|step| step.after.iter().all(|other| is_done(other.address.clone(), other.step)))
}

fn carry_out(world: &mut World, change: &Change, operation: &Operation) -> Result<(), String> {
    let key = (change.provider.clone(), change.id.clone());
    let room = world.room_mut(&change.provider);
    let case = room.capabilities.names.case;
    let servers = room.servers.as_mut().ok_or("its connection could not be read")?;
    let at = place(servers, &change.id).ok_or_else(|| format!("{} is not there", change.id))?;
    let settled = |power| LiveState::Settled(power);
    match operation {
        Operation::Rename { to } => {
            let holds =
                |s: &LiveServer| s.name.as_ref().is_some_and(|name| case.same(name.as_str(), to.as_str()));
            if servers.iter().enumerate().any(|(other, server)| other != at && holds(server)) {
                return Err(format!("{} takes the name {to} while somebody holds it", change.address));
            }
            servers[at].name = Some(to.clone());
        }
        Operation::PowerOn | Operation::Resume => {
            let asleep = servers[at].state.expected_power() == Some(Power::Suspended);
            if asleep != (*operation == Operation::Resume) {
                return Err(format!("{} is brought up by the wrong call", change.address));
            }
            servers[at].state = settled(Power::On);
        }
        Operation::PowerOff { method } => {
            let asleep = servers[at].state.expected_power() == Some(Power::Suspended);
            if asleep && !room.capabilities.off_when_suspended.includes(*method) {
                return Err(format!("{} is stopped while it is suspended", change.address));
            }
            servers[at].state = settled(Power::Off);
        }
        Operation::Suspend => servers[at].state = settled(Power::Suspended),
        Operation::Reboot { .. } => {}
        Operation::Delete => drop(servers.remove(at)),
    }
    if operation.boots() {
        world.ledger.boots.insert(key, now());
    }
    Ok(())
}

/// Where a server is.
pub(crate) fn place(servers: &[LiveServer], id: &ServerId) -> Option<usize> {
    servers.iter().position(|server| server.id.as_ref() == Some(id))
}
