//! The command line: arguments to typed options, one library call, a view. Thin.

mod args;
mod base;
mod commands;
mod early;
mod events;
mod exit;
mod fetch;
mod io;
mod live;
mod offline;
mod progress;
mod run;
mod session;
mod stop;
mod whole;

pub use exit::code;
pub use io::Io;

use args::{Cli, Command};
use clap::Parser;
use exit::Failure;
use std::ffi::OsString;

/// Runs the program and returns its exit code, one of those the contract lists.
pub fn run(args: impl IntoIterator<Item = OsString>, io: &mut Io<'_>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return args::refused(&error, io),
    };
    io.settle_colour(cli.global.no_color);
    progress::start_logging(&cli.global);
    let code = match dispatch(&cli, io) {
        Ok(code) => code,
        Err(failure) => failure.report(io),
    };
    match io.lost() {
        None => code,
        Some(why) => {
            io.error(&format!("stdout could not be written: {why}"));
            // What an apply has done stays what it has done.
            let is_result =
                matches!(code, code::DONE | code::PENDING) && !matches!(cli.command, Command::Apply(_));
            if is_result { code::PROBLEM } else { code }
        }
    }
}

fn dispatch(cli: &Cli, io: &mut Io<'_>) -> Result<u8, Failure> {
    let global = &cli.global;
    let shows_a_plan = matches!(cli.command, Command::Plan(_) | Command::Show(_));
    if !shows_a_plan && !global.format.is_everywhere() {
        return Err(Failure::usage(
            "this format is one of a plan, for `plan` and `show`; here it is text or json",
        ));
    }
    match &cli.command {
        Command::Init(args) => commands::init::run(global, args, io),
        Command::Validate => commands::validate::run(global, io),
        Command::Plan(args) => commands::plan::run(global, args, io),
        Command::Show(args) => commands::show::run(global, args, io),
        Command::Comment(args) => commands::comment::run(global, args, io),
        Command::Apply(args) => commands::apply::run(global, args, io),
        Command::Status(args) => commands::status::run(global, args, io),
        Command::Snapshot(args) => commands::snapshot::run(global, args, io),
        Command::Import(args) => commands::import::run(global, args, io),
        Command::Resolve(args) => commands::resolve::run(global, args, io),
        Command::Hold(args) => commands::hold::hold(global, args, io),
        Command::Release(args) => commands::hold::release(global, args, io),
        Command::Freeze(args) => commands::hold::freeze(global, args, io),
        Command::Thaw => commands::hold::thaw(global, io),
        Command::Holds => commands::hold::list(global, io),
        Command::History(args) => commands::history::run(global, args, io),
        Command::Ledger(args) => commands::ledger::run(global, args, io),
        Command::Providers => commands::providers::run(global, io),
        Command::Explain(args) => commands::explain::run(global, args, io),
        Command::Simulate(args) => commands::simulate::run(global, args, io),
        Command::Schema(args) => commands::schema::run(args, io),
        Command::Completions(args) => commands::completions::run(args, io),
        Command::Man => commands::man::run(io),
    }
}
