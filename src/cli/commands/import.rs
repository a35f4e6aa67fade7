//! `import`: writes YAML for live servers that the file does not have.

use crate::cli::args::{Format, Global, ImportArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::fetch;
use crate::cli::io::Io;
use crate::cli::session::Session;
use crate::cli::stop::{Signals, block_on};
use crate::model::{ConnectionName, LiveServer};
use crate::plan::{Inputs, Options, unmanaged};
use crate::report::import_yaml;
use jiff::Timestamp;

pub(in crate::cli) fn run(global: &Global, args: &ImportArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = Session::open(global, io)?;
    let names: Vec<ConnectionName> = match &args.provider {
        Some(name) if !session.fleet.connections.contains_key(&name.as_str().into()) => {
            let known: Vec<&str> = session.fleet.connections.keys().map(ConnectionName::as_str).collect();
            return Err(Failure::usage(format!(
                "--provider {name} is no connection of the file ({})",
                known.join(", ")
            )));
        }
        Some(name) => vec![name.as_str().into()],
        None => session.fleet.connections.keys().cloned().collect(),
    };
    let live = block_on(async {
        let signals = Signals::listen()?;
        let work = async {
            let links = session.links(&names)?;
            Ok(fetch::list(|name| fetch::in_flight(session.fleet.connections.get(name)), &links).await)
        };
        signals.unless_interrupted(work).await
    })?;
    for connection in &live {
        if let Err(failure) = &connection.servers {
            let code = if failure.transient { code::LATER } else { code::PROBLEM };
            return Err(Failure::Message(code, format!("{}: {}", connection.name, failure.message)));
        }
    }
    let inputs = Inputs {
        desired: &session.fleet.servers,
        // What a rule governs is not in the file either: whoever wants it listed gets it.
        rules: &[],
        availability: &[],
        windows: &[],
        live: &live,
        ledger: &crate::model::LedgerFacts::default(),
        now: Timestamp::now(),
        options: &Options::default(),
    };
    let missing = unmanaged(&inputs);
    if global.format == Format::Json {
        io.print_json(&as_json(&missing));
    } else {
        io.print(&import_yaml(&missing, &live));
    }
    let count: usize = missing.iter().map(|(_, servers)| servers.len()).sum();
    io.mention(&match count {
        1 => "1 live server is not in the file.".to_owned(),
        count => format!("{count} live servers are not in the file."),
    });
    Ok(code::DONE)
}

fn as_json(missing: &[(ConnectionName, Vec<LiveServer>)]) -> serde_json::Value {
    let servers: Vec<serde_json::Value> = missing
        .iter()
        .flat_map(|(connection, servers)| {
            servers.iter().map(move |server| {
                serde_json::json!({
                    "provider": connection,
                    "id": server.id,
                    "name": server.name,
                    "state": server.state.to_string(),
                    "power": server.state.settled_power(),
                })
            })
        })
        .collect();
    serde_json::json!({ "format_version": crate::plan::FORMAT_VERSION, "servers": servers })
}
