//! `resolve`: a person says what came of a change that nobody could see.

use crate::cli::args::{Global, ResolveArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::fetch;
use crate::cli::io::Io;
use crate::cli::session::{Session, near_addresses};
use crate::cli::stop::{Signals, block_on};
use crate::diff::{Binding, LiveIndex, bind_all};
use crate::ledger::{self, Journal, JournalError, Replay};
use crate::model::{Address, DesiredServer, LedgerFacts, ServerId};
use crate::plan::{Inputs, Options, effective};
use jiff::Timestamp;

pub(in crate::cli) fn run(global: &Global, args: &ResolveArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let address = Address::parse(&args.address)
        .ok_or_else(|| Failure::usage(format!("{:?} is no address: write connection/name", args.address)))?;
    let session = Session::open(global, io)?;
    block_on(async {
        let signals = Signals::listen()?;
        let replay = fetch::read_ledger(&session, io)?;
        let id = server(&session, &replay, &address, args, &signals).await?;
        let lock = session.lock(("resolve", None), args.lock_timeout, &signals).await?;
        let failed = |error: JournalError| Failure::problem(error.to_string());
        let journal = Journal::open(&session.ledger, lock, Timestamp::now()).map_err(failed)?;
        journal.resolve(address.connection.clone(), id, address.clone(), args.done).map_err(failed)
    })?;
    let word = if args.done { "done" } else { "not done" };
    io.mention(&format!("{address}: recorded as {word}."));
    Ok(code::DONE)
}

/// The server that is spoken of: the one of an unresolved change that was sent under this address, else the live
/// one that the address means now (it may have been renamed since).
async fn server(
    session: &Session,
    replay: &Replay,
    address: &Address,
    args: &ResolveArgs,
    signals: &Signals,
) -> Result<ServerId, Failure> {
    let unresolved = &replay.facts.unresolved;
    if let Some(((_, id), _)) = unresolved.iter().find(|(_, open)| open.address == *address) {
        return Ok(id.clone());
    }
    if args.not_done && unresolved.is_empty() {
        return Err(Failure::usage(format!("nothing of {address} is unresolved")));
    }
    let id = signals.unless_interrupted(live_id(session, address)).await?;
    if args.not_done && !unresolved.contains_key(&(address.connection.clone(), id.clone())) {
        return Err(Failure::usage(format!("nothing of {address} is unresolved{}", others(replay))));
    }
    Ok(id)
}

fn others(replay: &ledger::Replay) -> String {
    let mut open: Vec<String> =
        replay.facts.unresolved.values().map(|open| open.address.to_string()).collect();
    open.sort();
    if open.is_empty() { String::new() } else { format!("; unresolved are: {}", open.join(", ")) }
}

/// The id of the live server that an address means.
async fn live_id(session: &Session, address: &Address) -> Result<ServerId, Failure> {
    let fleet = &session.fleet;
    let is_listed = fleet.servers.iter().any(|entry| entry.address == *address);
    let unknown = |entries: &[DesiredServer]| {
        let near = near_addresses(&address.to_string(), entries.iter().map(|entry| &entry.address));
        Failure::usage(format!("{address} is no server of the file{near}"))
    };
    if !is_listed && !fleet.rules.iter().any(|rule| rule.connections.contains(&address.connection)) {
        return Err(unknown(&fleet.servers));
    }
    let links = session.links([&address.connection])?;
    let live = fetch::list(|name| fetch::in_flight(session.fleet.connections.get(name)), &links).await;
    let Some(connection) = live.first() else {
        return Err(Failure::problem(format!("{address}: no connection")));
    };
    let servers = connection.servers.as_ref().map_err(|failure| {
        let code = if failure.transient { code::LATER } else { code::PROBLEM };
        Failure::Message(code, failure.message.clone())
    })?;
    let (ledger, options) = (LedgerFacts::default(), Options::default());
    let desired = effective(&Inputs {
        desired: &fleet.servers,
        rules: &fleet.rules,
        availability: &[],
        windows: &[],
        live: &live,
        ledger: &ledger,
        now: Timestamp::now(),
        options: &options,
    });
    let found = desired.iter().find(|entry| entry.address == *address);
    let entry = found.ok_or_else(|| unknown(&desired))?;
    let index = LiveIndex::new(servers, &connection.capabilities.names);
    let entries: Vec<&DesiredServer> = vec![entry];
    match bind_all(&entries, &index).first() {
        Some(Binding::Bound(at)) => servers[*at].id.clone(),
        _ => None,
    }
    .ok_or_else(|| Failure::problem(format!("{address} means no live server, or more than one")))
}
