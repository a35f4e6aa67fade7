//! Who writes: for whoever finds the lock held, and for the history.

use super::line::fingerprint;
use jiff::Timestamp;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

/// A run of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// What the ledger names it by.
    pub run: String,
    /// Who started it.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// What tells machines apart, and one start of a machine from the next: only then does the operating system's
    /// lock tell whether a holder lives.
    pub machine: String,
    /// Process id.
    pub pid: u32,
    /// The command.
    pub command: String,
}

impl Author {
    /// This process. Without a name of the user its number is taken, where there are numbers.
    pub fn here(command: &str, user: Option<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (host, pid) = (host(), std::process::id());
        let machine = boot().unwrap_or_else(|| host.clone());
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let seed = format!("{machine} {host} {pid} {turn} {}", Timestamp::now().as_nanosecond());
        let mut run = fingerprint(seed.as_bytes());
        run.truncate(12);
        let mut user = user.unwrap_or_else(number);
        user.retain(|c| !c.is_control());
        Self { run, user, host, machine, pid, command: command.to_owned() }
    }
}

/// The kernel's own name of this start of the machine; containers on it share it, as they share its file locks.
fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    "this machine".into()
}

#[cfg(unix)]
fn number() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn number() -> String {
    "unknown".into()
}
