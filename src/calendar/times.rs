//! Local times, in one of two forms: spans of a week, or from points to points in cron's form.

use super::cron::Cron;
use super::mistake::Mistake;
use super::week::Week;
use jiff::civil::{Date, DateTime};

/// Local times at which something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Week(Week),
    /// From a start until the next stop.
    Between {
        start: Cron,
        stop: Cron,
    },
}

impl Times {
    /// Reads times of the week; all texts count together.
    ///
    /// # Errors
    /// What cannot be read, and what was expected.
    pub fn of_week<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Mistake> {
        Week::parse(texts).map(|week| Self(Form::Week(week)))
    }

    /// Reads two cron forms of five fields.
    ///
    /// # Errors
    /// What cannot be read, and what was expected.
    pub fn between(start: &str, stop: &str) -> Result<Self, Mistake> {
        let (start, stop) = (Cron::parse(start)?, Cron::parse(stop)?);
        if start == stop {
            return Err(Mistake::new(
                "it starts and stops at the same points",
                "give other times for the stop",
            ));
        }
        Ok(Self(Form::Between { start, stop }))
    }

    /// Whether a local time is among them.
    pub(super) fn hold_at(&self, local: DateTime) -> bool {
        match &self.0 {
            Form::Week(week) => week.holds(local.date().weekday(), minute(local)),
            // Where both fall on one minute, it is a start.
            Form::Between { start, stop } => start.last(local) >= stop.last(local),
        }
    }

    /// The first minute of a date, after `after` if given, at which they may begin or cease to hold.
    pub(super) fn edge(&self, date: Date, after: Option<u16>) -> Option<u16> {
        match &self.0 {
            Form::Week(week) => week.edge(date.weekday(), after),
            Form::Between { start, stop } => {
                start.edge(date, after).into_iter().chain(stop.edge(date, after)).min()
            }
        }
    }

    /// Whether they are all of the time.
    pub(super) fn are_always(&self) -> bool {
        matches!(&self.0, Form::Week(week) if week.is_always())
    }
}

/// The minute of the day.
pub(super) fn minute(local: DateTime) -> u16 {
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}
