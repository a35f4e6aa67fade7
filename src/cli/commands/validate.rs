//! `validate`: checks the file offline. No credentials, no network, no runtime.

use crate::cli::args::{Format, Global};
use crate::cli::exit::{self, Failure, code};
use crate::cli::io::Io;
use crate::cli::session::paths;
use crate::config::{self, Mode};
use crate::providers;

#[allow(clippy::unnecessary_wraps, reason = "every command has the same shape")]
pub(in crate::cli) fn run(global: &Global, io: &mut Io<'_>) -> Result<u8, Failure> {
    io.be_quiet(global.quiet);
    let mode = Mode { simulated: global.simulate.is_some() };
    let (result, mistakes) = match config::load(&paths(global), &providers::specs(), mode) {
        Ok(loaded) => (Some(loaded.fleet), loaded.warnings),
        Err(mistakes) => (None, mistakes),
    };
    if global.format == Format::Json {
        io.print_json(&serde_json::json!({ "valid": result.is_some(), "diagnostics": mistakes }));
    } else if !mistakes.is_empty() {
        exit::show(&mistakes, io);
    }
    let Some(fleet) = result else { return Ok(code::PROBLEM) };
    if global.format == Format::Text {
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        let files = plural(fleet.files.len(), "file");
        let text = format!(
            "Valid: {} on {} in {files}.\n",
            match fleet.rules.len() {
                0 => plural(fleet.servers.len(), "server"),
                rules => format!("{} and {}", plural(fleet.servers.len(), "server"), plural(rules, "rule")),
            },
            plural(fleet.connections.len(), "connection")
        );
        io.print(&text);
    }
    Ok(code::DONE)
}
