//! `ledger verify`, `ledger repair`, `ledger compact`.

use crate::cli::args::{Format, Global, LedgerCommand, LockArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::session::Session;
use crate::cli::stop::{Signals, block_on};
use crate::ledger::{self, Finding, JournalError, Lock, Retention};
use jiff::Timestamp;
use std::fmt::Write;

/// The file of the holds, as it is told of.
const HOLDS: &str = "holds.jsonl";

pub(in crate::cli) fn run(global: &Global, args: &LedgerCommand, io: &mut Io<'_>) -> Result<u8, Failure> {
    let session = Session::open(global, io)?;
    let folder = &session.ledger;
    match args {
        LedgerCommand::Verify => {
            let verdict = ledger::verify(folder).map_err(failed)?;
            let mut text = match (verdict.exists, verdict.findings.len()) {
                (false, _) => format!("{}: there is no ledger yet.\n", folder.display()),
                (true, 0) => format!(
                    "{}: {} records of format {}, all whole and in their order.\n",
                    folder.display(),
                    verdict.records,
                    verdict.version
                ),
                (true, _) => listed(&verdict.findings),
            };
            match (verdict.holds, verdict.hold_findings.len()) {
                (0, 0) => {}
                (records, 0) => {
                    let _ = writeln!(text, "{HOLDS}: {records} records, all whole and in their order.");
                }
                _ => {
                    let lines = listed(&verdict.hold_findings);
                    for line in lines.lines() {
                        let _ = writeln!(text, "{HOLDS}: {line}");
                    }
                }
            }
            let is_whole = verdict.findings.is_empty() && verdict.hold_findings.is_empty();
            if !is_whole {
                text.push_str("`fleetform ledger repair` takes out what cannot be trusted.\n");
            }
            if global.format == Format::Json {
                io.print_json(&serde_json::json!({
                    "format_version": crate::plan::FORMAT_VERSION,
                    "exists": verdict.exists,
                    "ledger_version": verdict.version,
                    "records": verdict.records,
                    "findings": verdict.findings.iter().map(in_json).collect::<Vec<_>>(),
                    "hold_records": verdict.holds,
                    "hold_findings": verdict.hold_findings.iter().map(in_json).collect::<Vec<_>>(),
                }));
            } else {
                io.print(&text);
            }
            return Ok(if is_whole { code::DONE } else { code::PROBLEM });
        }
        LedgerCommand::Repair(args) => {
            let lock = lock(&session, "ledger repair", args)?;
            let repaired = ledger::repair(folder, &lock, Timestamp::now()).map_err(failed)?;
            let (found, kept) = ledger::repair_holds(folder, Timestamp::now()).map_err(failed)?;
            if let Some(kept) = &kept {
                let lines = listed(&found);
                lines.lines().for_each(|line| io.print(&format!("{HOLDS}: {line}\n")));
                let kept = folder.join(kept);
                io.mention(&format!("Taken out; what it was before is in {}.", kept.display()));
            }
            match repaired.original {
                None if kept.is_some() => {}
                None => io.mention("Nothing is wrong with the ledger: nothing was changed."),
                Some(original) => {
                    io.print(&listed(&repaired.findings));
                    io.mention(&format!(
                        "{} records were kept; what it was before is in {}.",
                        repaired.records,
                        folder.join(original).display()
                    ));
                }
            }
        }
        LedgerCommand::Compact(args) => {
            let lock = lock(&session, "ledger compact", args)?;
            let done =
                ledger::compact(folder, &lock, Retention::default(), Timestamp::now()).map_err(failed)?;
            io.mention(&format!("{} records were left out, {} are there now.", done.dropped, done.kept));
        }
    }
    Ok(code::DONE)
}

fn lock(session: &Session, command: &str, args: &LockArgs) -> Result<Lock, Failure> {
    block_on(async {
        let signals = Signals::listen()?;
        session.lock((command, None), args.lock_timeout, &signals).await
    })
}

#[allow(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn failed(error: JournalError) -> Failure {
    Failure::problem(error.to_string())
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |all, found| format!("{all}line {} {}\n", found.line, found.flaw))
}

fn in_json(found: &Finding) -> serde_json::Value {
    serde_json::json!({ "line": found.line, "message": found.flaw.to_string() })
}
