//! `snapshot`: stores what a plan would be made from, for a job that has neither credentials nor a network.

use crate::cli::args::{Global, Shape, SnapshotArgs};
use crate::cli::exit::{self, Failure, code};
use crate::cli::fetch::Planned;
use crate::cli::io::Io;
use crate::cli::session::{Session, targets};
use crate::cli::whole;
use crate::config;
use crate::plan::{Code, Problem};
use crate::report::problems_text;
use crate::snapshot::{Moment, SigningKey, Snapshot, Told, make, signature_path};
use jiff::Timestamp;
use secrecy::SecretString;
use std::path::Path;

/// Where the password of an encrypted key is.
const PASSWORD: &str = "FLEETFORM_SIGN_PASSWORD";

pub(in crate::cli) fn run(global: &Global, args: &SnapshotArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    // Before anybody is asked anything: a key that does not work is told at once.
    let key = args.sign.as_deref().map(signing_key).transpose()?;
    if args.out == Path::new("-") && key.is_some() {
        return Err(Failure::usage(
            "a signature is a file beside the snapshot: --sign needs a file for --out",
        ));
    }
    let shape =
        Shape { target: args.target.clone(), settle_timeout: args.settle_timeout, ..Shape::default() };
    // Down to the second: it is shown everywhere, and it may seem older than it is, never younger.
    let taken_at = Timestamp::now();
    let taken_at = Timestamp::from_second(taken_at.as_second()).unwrap_or(taken_at);
    let (session, planned) = super::plan::from_providers(global, &shape, io)?;
    let mut snapshot = of(&session, &planned, taken_at);
    let targets = targets(&session.fleet);
    snapshot.led_to(|name| targets.get(name).map(|target| target.settings.clone()));
    write(&snapshot, args, key.as_ref(), io)?;
    let unread = unread(&planned.plan.problems);
    io.mention_lines(&problems_text(&unread, crate::report::Paint { on: io.colour_err() }));
    Ok(exit::of_problems(&unread).unwrap_or(code::DONE))
}

fn of(session: &Session, planned: &Planned<'_>, taken_at: Timestamp) -> Snapshot {
    make(&Moment {
        taken_at,
        simulated: session.is_simulated(),
        targets: planned.options.targets.iter().map(ToString::to_string).collect(),
        live: &planned.live,
        absent_ids: &planned.absent_ids,
        ledger: &planned.replay.facts,
    })
}

/// What else a plan would have problems with is for the plan to tell.
fn unread(problems: &[Problem]) -> Vec<Problem> {
    let of_reading = |problem: &&Problem| matches!(problem.code, Code::Unreachable | Code::Unreadable);
    problems.iter().filter(of_reading).cloned().collect()
}

fn write(
    snapshot: &Snapshot,
    args: &SnapshotArgs,
    key: Option<&SigningKey>,
    io: &mut Io<'_>,
) -> Result<(), Failure> {
    if args.out == Path::new("-") {
        io.print_json(snapshot);
        return Ok(());
    }
    let bytes = whole::json(snapshot);
    let name = args.out.file_name().unwrap_or_default().to_string_lossy();
    let signature = key.map(|key| key.sign(&bytes, &name, snapshot.taken_at)).transpose();
    let signature = signature.map_err(|why| Failure::problem(format!("{}: {why}", args.out.display())))?;
    let place = signature_path(&args.out);
    whole::write_pair((&args.out, &bytes), (&place, signature.as_deref()))?;
    let servers: usize = snapshot
        .connections
        .iter()
        .map(|connection| match &connection.told {
            Told::Servers { servers, .. } => servers.len(),
            Told::Unreadable { .. } => 0,
        })
        .sum();
    let signed = if key.is_some() { ", signed" } else { "" };
    let (servers, connections) =
        (counted(servers, "server"), counted(snapshot.connections.len(), "connection"));
    io.mention(&format!("Saved as {} ({servers} of {connections}{signed}).", args.out.display()));
    Ok(())
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn signing_key(path: &Path) -> Result<SigningKey, Failure> {
    let failed = |why: String| Failure::problem(format!("--sign {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let password = config::process_env(PASSWORD).map(SecretString::from);
    SigningKey::read(&text, password.as_ref()).map_err(failed)
}
