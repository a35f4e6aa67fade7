//! The arguments of `hold`, `release` and `freeze`.

use crate::model::{HoldTo, Selector};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

const EXAMPLES: &str = "\
Examples:
  fleetform hold 'east/web-*' off --until 4h --reason 'a disk is swapped'
  fleetform hold label:tier=db as-is --until 2026-12-01T06:00:00Z --reason INC-42
  fleetform release 'east/web-*'

A hold beats what is declared, schedules and rules, never `protect`. While it
lasts reboots and deletes wait; as-is lets everything wait. The latest holds.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "fleetform hold <SELECTOR> <on|off|as-is> --until <TIME> --reason <TEXT>")]
pub(in crate::cli) struct HoldArgs {
    /// Which servers: 'east/web-*' or 'label:tier=web'
    #[arg(value_parser = Selector::parse)]
    pub(in crate::cli) selector: Selector,
    /// What they are kept at: on, off, or as-is
    #[arg(value_name = "on|off|as-is", value_parser = to)]
    pub(in crate::cli) to: HoldTo,
    /// When it ends: 4h, 3d, or an instant; at most 90 days away
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(in crate::cli) until: Timestamp,
    /// Why, for the others
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
    /// Also where no server of the file is like this yet
    #[arg(long)]
    pub(in crate::cli) anyway: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArgs {
    /// The hold: its id, or its selector as it was given
    #[arg(value_name = "SELECTOR|ID")]
    pub(in crate::cli) hold: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FreezeArgs {
    /// When it ends: 4h, 3d, or an instant; at most 90 days away
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(in crate::cli) until: Timestamp,
    /// Why, for the others
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
}

fn to(text: &str) -> Result<HoldTo, String> {
    let found = HoldTo::ALL.into_iter().find(|to| to.word() == text);
    found.ok_or_else(|| "write on, off or as-is".into())
}

/// An instant, or a time from now; in whole seconds, as it is shown everywhere.
fn until(text: &str) -> Result<Timestamp, String> {
    let bad = || "write a time such as 4h or 3d, or an instant such as 2026-12-01T06:00:00Z".to_owned();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Timestamp::from_second(at.as_second()).map_err(|_| bad());
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()?.checked_mul(24));
    let time = match days {
        Some(hours) => hours.checked_mul(3_600).map(SignedDuration::from_secs),
        None => crate::config::parse_duration(text).and_then(|time| SignedDuration::try_from(time).ok()),
    };
    let end = time.and_then(|time| Timestamp::now().checked_add(time).ok()).ok_or_else(bad)?;
    Timestamp::from_second(end.as_second()).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_from_now_or_an_instant() {
        let now = Timestamp::now();
        for (text, hours) in [("4h", 4), ("3d", 72), ("90m", 1)] {
            let left = until(text).unwrap().duration_since(now).as_secs();
            let wanted = if text == "90m" { 5_400 } else { hours * 3_600 };
            assert!((wanted - 2..=wanted + 2).contains(&left), "{text}: {left}");
        }
        assert_eq!(until("2026-12-01T06:00:00.7+01:00").unwrap().to_string(), "2026-12-01T05:00:00Z");
        for text in ["", "d", "tomorrow", "4", "-4h", "99999999999999999d", "2026-12-01"] {
            assert!(until(text).is_err(), "{text}");
        }
    }
}
