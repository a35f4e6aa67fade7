//! The command line's grammar. Nothing else in the program knows clap.

mod comment;
mod hold;

pub(super) use comment::CommentArgs;
pub(super) use hold::{FreezeArgs, HoldArgs, ReleaseArgs};

use super::events::Target;
use super::exit::code;
use super::io::Io;
use crate::calendar::{FIRST_YEAR, LAST_YEAR};
use crate::model::{Selector, Verb};
use crate::plan::GuardName;
use crate::report::{MaxLength, explanations};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  fleetform plan --simulate            try it: no account, no network
  fleetform plan --out p.json          review it; apply p.json does just that

Exit codes (0 to 6, 64, 130): see fleetform explain 1.";

/// Keeps existing servers in the state that a reviewed YAML file declares
#[derive(Debug, Parser)]
#[command(name = "fleetform", version, after_help = EXAMPLES, disable_help_subcommand = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Fleet file or folder (repeatable) [default: fleet.yaml, env: FLEETFORM_FILE]
    #[arg(short, long, global = true, value_name = "PATH", env = "FLEETFORM_FILE", hide_env = true)]
    pub(super) file: Vec<PathBuf>,
    /// Use the simulator for every connection [default: world.yaml]
    #[allow(clippy::option_option, reason = "absent, given alone, given with a value: clap's form for it")]
    #[arg(long, global = true, value_name = "WORLD", num_args = 0..=1, require_equals = true)]
    pub(super) simulate: Option<Option<PathBuf>>,
    /// Text, json; plans also markdown, diff, html, sarif
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub(super) format: Format,
    /// Changes under way at once
    #[arg(long, global = true, value_name = "N", default_value_t = 256, value_parser = parallelism)]
    pub(super) parallelism: usize,
    #[arg(long, global = true, help = "No colour (also NO_COLOR)")]
    pub(super) no_color: bool,
    /// Say more (-v), or all of it (-vv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// How to log: text or json
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub(super) log_format: LogFormat,
    /// Say nothing but the result
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // For people.
    #[default]
    Text,
    // For programs.
    Json,
    // A plan for a pull request's comment.
    Markdown,
    // A plan for viewers of diffs.
    Diff,
    // A plan for a browser.
    Html,
    // A plan for code scanning.
    Sarif,
}

impl Format {
    /// Whether every command has it, not only those that show a plan.
    pub(super) fn is_everywhere(self) -> bool {
        matches!(self, Self::Text | Self::Json)
    }
}

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    // For people.
    Text,
    // For programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented starter fleet file
    Init(InitArgs),
    /// Check the file offline
    Validate,
    /// Show what would change
    Plan(PlanArgs),
    /// Render a saved plan
    Show(ShowArgs),
    /// Keep one comment with a saved plan on a pull request
    Comment(CommentArgs),
    /// Plan (or take a saved plan), ask, execute, wait
    Apply(ApplyArgs),
    /// The live servers against the file
    Status(StatusArgs),
    /// Store live state in a file to plan from: plan --live
    Snapshot(SnapshotArgs),
    /// YAML for live servers that the file does not have
    Import(ImportArgs),
    /// Settle a change whose outcome nobody can see
    Resolve(ResolveArgs),
    /// Keep servers on, off or as they are for a while
    Hold(HoldArgs),
    /// End a hold early
    Release(ReleaseArgs),
    /// Let nothing be done to any server for a while
    Freeze(FreezeArgs),
    /// End the freeze early
    Thaw,
    /// What is held or frozen, by whom and until when
    Holds,
    /// What was sent, when, by whom, and what came of it
    History(HistoryArgs),
    /// Verify, repair or compact the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// The providers, what each can do, their settings
    Providers,
    /// What a code means and what to do about it
    Explain(ExplainArgs),
    /// Serve the simulator until stopped
    Simulate(SimulateArgs),
    /// Print the JSON Schema of a file
    Schema(SchemaArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the man page
    Man,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Replace files that exist
    #[arg(long)]
    pub(super) force: bool,
}

/// What shapes a plan.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Shape {
    /// Only servers like this: 'east/web-*' or 'label:tier=web' (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = Selector::parse)]
    pub(super) target: Vec<Selector>,
    /// None of these servers (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = Selector::parse)]
    pub(super) exclude: Vec<Selector>,
    #[arg(long, value_name = "ACTION,…", value_delimiter = ',', value_parser = action)]
    #[arg(help = "Only these actions: power_on, power_off, suspend, reboot, rename, delete")]
    pub(super) only: Vec<Verb>,
    /// A missing server is a warning
    #[arg(long)]
    pub(super) allow_missing: bool,
    /// Reboot servers where nobody knows when they were
    #[arg(long)]
    pub(super) reboot_unknown: bool,
    /// How long to wait for servers in transition [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) settle_timeout: Option<Duration>,
    // Of `plan --at`.
    #[arg(skip)]
    pub(super) at: Option<Timestamp>,
    // Of `-v`: list what is as declared.
    #[arg(skip)]
    pub(super) list_unchanged: bool,
}

impl Shape {
    /// How long to wait for servers in transition.
    pub(super) fn patience(&self) -> Duration {
        self.settle_timeout.unwrap_or(Duration::from_secs(30))
    }
}

/// What guards a plan.
#[derive(Debug, Default, Args)]
pub(super) struct Guards {
    /// Let deletes happen
    #[arg(long)]
    pub(super) allow_delete: bool,
    #[arg(long, value_name = "GUARD=N", value_parser = accept)]
    #[arg(help = "Lift a guard for this plan: deletes=3, power_offs=5, changes=40")]
    pub(super) accept: Vec<(GuardName, u64)>,
    /// At most so many changes: 5, or 10% of a provider's servers
    #[arg(long, value_name = "N", value_parser = bound)]
    pub(super) max_changes: Vec<crate::model::Bound>,
    /// At most so many power-offs
    #[arg(long, value_name = "N", value_parser = bound)]
    pub(super) max_power_offs: Vec<crate::model::Bound>,
    /// At most so many deletes
    #[arg(long, value_name = "N", value_parser = bound)]
    pub(super) max_deletes: Vec<crate::model::Bound>,
}

/// Live state from a snapshot.
#[derive(Debug, Default, Args)]
pub(super) struct LiveArgs {
    /// Plan from a snapshot: no credentials, no network
    #[arg(long, value_name = "SNAPSHOT")]
    pub(super) live: Option<PathBuf>,
    /// The oldest snapshot to plan from [default: 24h]
    #[arg(long, value_name = "TIME", requires = "live", value_parser = max_age)]
    pub(super) max_age: Option<Duration>,
    /// Only a snapshot signed with this minisign key: a .pub file, or its text
    #[arg(long, value_name = "KEY", requires = "live")]
    pub(super) verify_key: Option<String>,
}

impl LiveArgs {
    /// The oldest snapshot to plan from.
    pub(super) fn max_age(&self) -> Duration {
        self.max_age.unwrap_or(Duration::from_hours(24))
    }
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) live: LiveArgs,
    #[command(flatten)]
    pub(super) shape: Shape,
    #[command(flatten)]
    pub(super) guards: Guards,
    /// Save the plan
    #[arg(long, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
    /// Say what comes from this change, what from drift: a git revision, or a file
    #[arg(long, value_name = "REF|FILE")]
    pub(super) base: Option<String>,
    /// What would be wanted then: 2026-12-24T08:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant, conflicts_with = "expires")]
    pub(super) at: Option<Timestamp>,
    /// What schedules will want, from the file alone
    #[arg(long, value_names = ["FROM", "UNTIL"], num_args = 2, value_parser = instant)]
    pub(super) between: Option<Vec<Timestamp>>,
    /// How long `apply` may take the plan: 2h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) expires: Option<Duration>,
    /// Exit with 2 where changes are pending
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Tell programs, in lines of JSON
    #[arg(long, value_name = "FILE|fd:N", value_parser = Target::parse)]
    pub(super) events: Option<Target>,
    #[command(flatten)]
    pub(super) comment: Comment,
}

/// What shapes a plan's comment.
#[derive(Debug, Default, Args)]
pub(super) struct Comment {
    /// The longest markdown: github, gitlab, bitbucket, azure or characters [default: github]
    #[arg(long, value_name = "LENGTH", value_parser = max_length)]
    pub(super) max_length: Option<MaxLength>,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The saved plan
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) comment: Comment,
}

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// A saved plan; without one, plans first
    pub(super) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) shape: Shape,
    #[command(flatten)]
    pub(super) guards: Guards,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Go on without asking if the plan is this one, or a part of it: its digest, or its file
    #[arg(long, value_name = "DIGEST|PATH")]
    pub(super) approved: Option<String>,
    /// Leave servers with problems out and apply the rest
    #[arg(long)]
    pub(super) partial: bool,
    /// How long to wait for another apply on this ledger
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
    /// Tell programs what happens, in lines of JSON
    #[arg(long, value_name = "FILE|fd:N", value_parser = Target::parse)]
    pub(super) events: Option<Target>,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Only servers like this: 'east/web-*' or 'label:tier=web' (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = Selector::parse)]
    pub(super) target: Vec<Selector>,
}

#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    /// The file to write; - is stdout
    #[arg(long, value_name = "PATH")]
    pub(super) out: PathBuf,
    /// Only connections of servers like this: 'east/web-*' or 'label:tier=web' (repeatable)
    #[arg(long, value_name = "SELECTOR", value_parser = Selector::parse)]
    pub(super) target: Vec<Selector>,
    /// How long to wait for servers in transition [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) settle_timeout: Option<Duration>,
    #[arg(long, value_name = "KEYFILE")]
    #[arg(help = "Sign with this minisign secret key; its password: env FLEETFORM_SIGN_PASSWORD")]
    pub(super) sign: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("word").required(true))]
pub(super) struct ResolveArgs {
    /// The server: connection/name
    pub(super) address: String,
    /// The change has happened
    #[arg(long, group = "word")]
    pub(super) done: bool,
    /// It has not, and may be tried again
    #[arg(long, group = "word")]
    pub(super) not_done: bool,
    /// How long to wait for an apply on this ledger
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Only servers like this: 'east/web-*'
    #[arg(value_name = "ADDRESS", value_parser = Selector::parse)]
    pub(super) address: Option<Selector>,
    /// Only what was sent since: 7d, 12h, or an instant such as 2026-11-20T02:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(super) since: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Check every record and its link to the one before
    Verify,
    /// Take damaged records out and keep the original beside it
    Repair(LockArgs),
    /// Leave out what nobody needs any more
    Compact(LockArgs),
}

#[derive(Debug, Args)]
pub(super) struct LockArgs {
    /// How long to wait for an apply on this ledger
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code of an error, problem, guard or exit; without it, all are listed
    #[arg(value_parser = CodeParser, hide_possible_values = true)]
    pub(super) code: Option<String>,
}

/// Takes any word, so that near names can be told; the shell completes those that there are.
#[derive(Clone)]
struct CodeParser;

impl TypedValueParser for CodeParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(explanations().into_iter().map(|one| PossibleValue::new(one.code))))
    }
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The world to serve [default: world.yaml]
    pub(super) world: Option<PathBuf>,
    /// The loopback address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4700")]
    pub(super) listen: std::net::SocketAddr,
    /// Keep the world in this file from one run to the next
    #[arg(long, value_name = "PATH")]
    pub(super) keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Of which file
    #[arg(default_value = "fleet")]
    pub(super) of: SchemaOf,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    // The fleet file.
    Fleet,
    // The saved plan, which is also what `plan --format json` prints.
    Plan,
    // What `snapshot` writes.
    Snapshot,
    // What `apply --format json` prints.
    Apply,
    // A line of what `--events` writes.
    Events,
    // A line of the ledger's journal.
    Ledger,
    // A line of the ledger's holds.
    Holds,
    // What `history --format json` prints.
    History,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

/// The whole grammar, for completions and the man page.
pub(super) fn grammar() -> clap::Command {
    Cli::command()
}

/// Prints what clap has to say. Help and version are results; the rest is a usage error, which is 64 here.
pub(super) fn refused(error: &clap::Error, io: &mut Io<'_>) -> u8 {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            io.print(&if io.colour_out() { text.ansi().to_string() } else { text.to_string() });
            code::DONE
        }
        _ => {
            io.say(text.to_string().trim_end());
            code::USAGE
        }
    }
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=10_000) => Ok(number),
        _ => Err("write a number from 1 to 10000".into()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    if matches!(text, "0" | "0s") {
        return Ok(Duration::ZERO);
    }
    crate::config::parse_duration(text).ok_or_else(|| "write a time such as 500ms, 30s, 15m or 2h".into())
}

fn max_age(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|_| "write a time such as 30m, 2h or 48h; at most 168h".into())
}

/// An instant, or a time before now.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()?.checked_mul(24));
    let ago = match days {
        Some(hours) => hours.checked_mul(3600).map(Duration::from_secs),
        None => crate::config::parse_duration(text),
    };
    ago.and_then(|ago| Timestamp::now().checked_sub(ago).ok())
        .ok_or_else(|| "write a time such as 7d or 12h, or an instant such as 2026-11-20T02:00:00Z".into())
}

/// An instant of a known year, with its zone or offset.
fn instant(text: &str) -> Result<Timestamp, String> {
    let zoned = || text.parse::<jiff::Zoned>().ok().map(|zoned| zoned.timestamp());
    let at = text.parse().ok().or_else(zoned).ok_or(
        "write an instant with its offset or zone: 2026-12-24T08:00:00+01:00, 2026-12-24T07:00:00Z or \
         2026-12-24T08:00[Europe/Berlin]",
    )?;
    let year = jiff::tz::Offset::UTC.to_datetime(at).year();
    if (FIRST_YEAR..=LAST_YEAR).contains(&year) {
        Ok(at)
    } else {
        Err(format!("the years from {FIRST_YEAR} to {LAST_YEAR} are known"))
    }
}

fn max_length(text: &str) -> Result<MaxLength, String> {
    MaxLength::parse(text).ok_or_else(|| {
        format!("write github, gitlab, bitbucket, azure, or a number from {}", MaxLength::LEAST)
    })
}

fn action(text: &str) -> Result<Verb, String> {
    let wanted = text.trim().replace('-', "_");
    let found = Verb::ALL.into_iter().find(|verb| verb.phrase().replace(' ', "_") == wanted);
    found.ok_or_else(|| {
        let all: Vec<String> = Verb::ALL.iter().map(|verb| verb.phrase().replace(' ', "_")).collect();
        format!("write some of {}", all.join(", "))
    })
}

fn bound(text: &str) -> Result<crate::model::Bound, String> {
    crate::model::Bound::parse(text).ok_or_else(|| "write a number such as 5 or a share such as 10%".into())
}

fn accept(text: &str) -> Result<(GuardName, u64), String> {
    let parsed = text.split_once('=').and_then(|(name, number)| {
        let guard = GuardName::ALL.into_iter().find(|guard| guard.word() == name)?;
        Some((guard, number.parse().ok()?))
    });
    parsed.ok_or_else(|| "write deletes=N, power_offs=N or changes=N, as the refusal printed it".into())
}
