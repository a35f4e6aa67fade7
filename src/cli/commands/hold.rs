//! `hold`, `release`, `freeze`, `thaw`, `holds`: what people say must wait. Nothing is sent to any provider, and the
//! ledger's lock is not needed: a running apply or a watcher has it for long, and looks at this before every change.

use crate::cli::args::{Format, FreezeArgs, Global, HoldArgs, ReleaseArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::session::Session;
use crate::ledger::{self, HoldError, HoldOrder, Said};
use crate::model::{DesiredServer, Hold, HoldTo, OffSupport};
use crate::plan::{FORMAT_VERSION, holds_in_force};
use crate::providers;
use crate::report::{frozen_text, held_text};
use jiff::Timestamp;
use serde_json::json;

/// So many servers are named in one message.
const NAMED: usize = 5;

pub(in crate::cli) fn hold(global: &Global, args: &HoldArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = open(global, io)?;
    let entries = session.fleet.servers.iter();
    let servers: Vec<&DesiredServer> =
        entries.filter(|entry| args.selector.matches(&entry.address, &entry.labels)).collect();
    if servers.is_empty() && !args.anyway {
        return Err(Failure::usage(format!(
            "{} matches no server of the file{}; --anyway holds servers that come later, or that a rule covers",
            args.selector,
            session.near(&args.selector)
        )));
    }
    refuse_in_vain(&session, args, &servers)?;
    let order = HoldOrder { until: args.until, reason: args.reason.clone() };
    let author = session.author("hold");
    let said = Said { by: &author, at: Timestamp::now() };
    let hold = ledger::hold(&session.ledger, &said, &args.selector, args.to, &order).map_err(failed)?;
    if global.format == Format::Json {
        io.print_json(&json!({ "format_version": FORMAT_VERSION, "hold": hold, "servers": servers.len() }));
    } else {
        let count = if servers.len() == 1 { "1 server".into() } else { format!("{} servers", servers.len()) };
        io.print(&format!("Held {} until {}: {count} like {}.\n", hold.to, hold.until, hold.selector));
        io.print(&format!("To end it early: fleetform release {}\n", hold.id));
    }
    Ok(code::DONE)
}

/// What a hold could never do is said when it is recorded, not by every plan.
fn refuse_in_vain(session: &Session, args: &HoldArgs, held: &[&DesiredServer]) -> Result<(), Failure> {
    if args.to == HoldTo::Off {
        let protected: Vec<&DesiredServer> = held.iter().copied().filter(|entry| entry.protect).collect();
        if !protected.is_empty() {
            let text = format!(
                "{}, and a hold never beats a protection; leave it out, hold it as-is, or remove `protect: true`",
                named(&protected, "protected")
            );
            return Err(Failure::Message(code::REFUSED, text));
        }
    }
    let cannot = |entry: &&DesiredServer| {
        let connection = session.fleet.connections.get(&entry.address.connection);
        let can = connection.and_then(|connection| providers::find(&connection.type_name));
        can.is_some_and(|row| match args.to {
            HoldTo::On => !row.spec.capabilities.power_on,
            HoldTo::Off => row.spec.capabilities.off == OffSupport::No,
            HoldTo::AsIs => false,
        })
    };
    let cannot: Vec<&DesiredServer> = held.iter().copied().filter(cannot).collect();
    if cannot.is_empty() {
        return Ok(());
    }
    let what = format!("on a provider that cannot power {}", args.to);
    Err(Failure::problem(format!("{}; nothing was recorded", named(&cannot, &what))))
}

fn named(servers: &[&DesiredServer], what: &str) -> String {
    let names: Vec<String> = servers.iter().take(NAMED).map(|entry| entry.address.to_string()).collect();
    let more =
        if servers.len() > NAMED { format!(" and {} more", servers.len() - NAMED) } else { String::new() };
    let verb = if servers.len() == 1 { "is" } else { "are" };
    format!("{}{more} {verb} {what}", names.join(", "))
}

pub(in crate::cli) fn release(global: &Global, args: &ReleaseArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = open(global, io)?;
    let author = session.author("release");
    let said = Said { by: &author, at: Timestamp::now() };
    let released = ledger::release(&session.ledger, &said, &args.hold).map_err(failed)?;
    if released.ended.is_empty() {
        return Err(Failure::usage(not_found(&args.hold, &released.left)));
    }
    if global.format == Format::Json {
        io.print_json(&json!({ "format_version": FORMAT_VERSION, "released": released.ended }));
        return Ok(code::DONE);
    }
    for hold in &released.ended {
        let Hold { id, selector, to, by, .. } = hold;
        io.print(&format!("Released: {selector} {to} by {by} (id {id}).\n"));
    }
    Ok(code::DONE)
}

fn not_found(wanted: &str, left: &[Hold]) -> String {
    if left.is_empty() {
        return format!("nothing is held by {wanted}: no hold is in force");
    }
    let told = |hold: &Hold| format!("{} ({} {})", hold.id, hold.selector, hold.to);
    let all: Vec<String> = left.iter().take(NAMED).map(told).collect();
    let more =
        if left.len() > NAMED { ", …; `fleetform holds` lists them all".to_owned() } else { String::new() };
    format!("no hold has the id or exactly the selector {wanted}; in force are {}{more}", all.join(", "))
}

pub(in crate::cli) fn freeze(global: &Global, args: &FreezeArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = open(global, io)?;
    let order = HoldOrder { until: args.until, reason: args.reason.clone() };
    let author = session.author("freeze");
    let said = Said { by: &author, at: Timestamp::now() };
    let freeze = ledger::freeze(&session.ledger, &said, &order).map_err(failed)?;
    if global.format == Format::Json {
        io.print_json(&json!({ "format_version": FORMAT_VERSION, "freeze": freeze }));
    } else {
        io.print(&format!("Frozen until {}: nothing is done to any server.\n", freeze.until));
        io.print("To end it early: fleetform thaw\n");
    }
    Ok(code::DONE)
}

pub(in crate::cli) fn thaw(global: &Global, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = open(global, io)?;
    let author = session.author("thaw");
    let said = Said { by: &author, at: Timestamp::now() };
    let thawed = ledger::thaw(&session.ledger, &said).map_err(failed)?;
    match (&thawed, global.format) {
        (_, Format::Json) => {
            io.print_json(&json!({ "format_version": FORMAT_VERSION, "thawed": thawed }));
        }
        (Some(freeze), _) => io.print(&format!("Thawed: the freeze by {} has ended.\n", freeze.by)),
        (None, _) => io.mention("Nothing is frozen."),
    }
    Ok(code::DONE)
}

pub(in crate::cli) fn list(global: &Global, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = open(global, io)?;
    let said = ledger::read_holds(&session.ledger).map_err(|error| Failure::problem(error.to_string()))?;
    said.warnings.iter().for_each(|warning| io.warn(warning));
    let now = Timestamp::now();
    let holds = holds_in_force(&session.fleet.servers, &said.holds, now);
    let freeze = said.freeze.filter(|freeze| freeze.is_in_force(now));
    if global.format == Format::Json {
        io.print_json(&json!({ "format_version": FORMAT_VERSION, "holds": holds, "freeze": freeze }));
    } else if holds.is_empty() && freeze.is_none() {
        io.mention("Nothing is held or frozen.");
    } else {
        io.print(&frozen_text(freeze.as_ref(), io.paint()));
        io.print(&held_text(&holds, io.paint()));
    }
    said.damage.map_or(Ok(code::DONE), |damage| Err(Failure::problem(damage)))
}

/// Reads the fleet file for where the ledger lies and what the selectors mean.
fn open(global: &Global, io: &mut Io<'_>) -> Result<Session, Failure> {
    Session::offline(global, global.simulate.is_some(), io)
}

#[allow(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn failed(error: HoldError) -> Failure {
    match error {
        HoldError::Unfit(text) => Failure::usage(text),
        HoldError::File(error) => Failure::problem(error.to_string()),
    }
}
