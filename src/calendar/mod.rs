//! When something holds, as a function of the wall clock of a place: zones, times of the week, cron forms, excepted
//! dates, holiday calendars. Pure: no IO, no clock, no environment, and no zone of the machine it runs on.
//!
//! One rule decides everything: an instant is turned into the local date and time of the zone, and these decide. So an
//! hour that a change to summer time leaves out never exists, and one that comes twice is treated alike both times.

mod aliases;
mod cron;
mod dates;
mod hours;
mod ics;
mod mistake;
mod schedule;
mod times;
mod week;
mod zone;

pub use dates::{Dates, FIRST_YEAR, LAST_YEAR};
pub use hours::Hours;
pub use ics::{IcsError, MAX_ICS_BYTES, read_ics};
pub use mistake::Mistake;
pub use schedule::{Schedule, Sense, State};
pub use times::Times;
pub use zone::{Zone, canonical_names};
