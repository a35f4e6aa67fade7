//! Runs a program that says by its exit code whether a server is healthy. No shell; of our environment it sees where
//! programs and its user's home are, and the language, nothing else: credentials are in there as well.

use super::{Asked, plain};
use crate::config::process_env;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// What is passed on of our environment.
const PASSED_ON: [&str; 3] = ["PATH", "HOME", "LANG"];

/// So much of what it prints is kept, for `-v`.
const KEPT_BYTES: usize = 4096;

/// Runs it to its end. Dropped before that, it is killed with all of its process group.
pub(super) async fn run(words: &[String], asked: Asked<'_>) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("there is no program to run")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|name| process_env(name).map(|value| (*name, value))))
        .env("FLEETFORM_ADDRESS", asked.address)
        .env("FLEETFORM_ID", asked.id)
        .env("FLEETFORM_NAME", asked.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A group of its own: whatever it starts goes with it, and a Ctrl-C at the terminal is ours to pass on.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| plain(&error))?;
    let mut group = Group::of(&child);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(beginning(out), beginning(err), child.wait());
    group.is_over();
    let status = status.map_err(|error| plain(&error))?;
    tracing::info!(address = asked.address, %status, stdout = ?out, stderr = ?err, "health check ran");
    if status.success() { Ok(()) } else { Err(ended(status)) }
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| "it was killed".to_owned(), |code| format!("it ended with {code}"))
}

/// The beginning of what is printed; the rest is read as well, so that the program is not held up.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let room = KEPT_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..read.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The process group of a program, killed when it is dropped before its end.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    fn is_over(&mut self) {
        self.leader = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Gone already is what is wanted.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self {}
    }

    #[allow(clippy::unused_self, reason = "there are no groups here")]
    fn is_over(&mut self) {}
}
