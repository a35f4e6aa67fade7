//! `simulate`: serves the simulator until stopped.

use crate::cli::args::{Format, Global, SimulateArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::session::{WORLD_FILE, read_world};
use crate::cli::stop::{Signals, block_on};
use crate::providers::faces;
use crate::simulator::{Endpoint, Options, Simulator};
use std::fmt::Write;
use std::path::PathBuf;

pub(in crate::cli) fn run(global: &Global, args: &SimulateArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    io.be_quiet(global.quiet);
    let path = args.world.clone().unwrap_or_else(|| PathBuf::from(WORLD_FILE));
    let failed = |error: crate::simulator::Error| Failure::problem(format!("{}: {error}", path.display()));
    let world = read_world(&path)?;
    let options = Options { listen: args.listen, persist: args.keep.clone() };
    let running = Simulator::start(&world, &faces(), options).map_err(failed)?;
    match global.format {
        Format::Json => {
            let rows: Vec<_> = running
                .endpoints()
                .iter()
                .map(|e| serde_json::json!({"connection": e.connection, "type": e.type_name, "settings": e.settings}))
                .collect();
            io.print_json(
                &serde_json::json!({ "address": running.address().to_string(), "connections": rows }),
            );
        }
        _ => io.print(&table(running.endpoints())),
    }
    io.mention(&format!("Serving {} on {}; Ctrl-C stops it.", path.display(), running.address()));
    block_on(async {
        Signals::listen()?.wait().await;
        Ok(())
    })?;
    running.stop().map_err(failed)?;
    io.mention("Stopped.");
    // It was asked to stop and did: that is how this command ends well.
    Ok(code::DONE)
}

/// The endpoints as a `providers:` section that can be pasted into a fleet file.
fn table(endpoints: &[Endpoint]) -> String {
    let mut out = String::from("providers:\n");
    for endpoint in endpoints {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}:", endpoint.connection);
        let _ = writeln!(out, "    type: {}", endpoint.type_name);
        for (name, value) in &endpoint.settings {
            let _ = writeln!(out, "    {name}: {}", serde_json::Value::from(value.as_str()));
        }
    }
    out
}
