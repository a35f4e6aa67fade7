//! Thirty zones that change their clocks in every way there is, and schedules of every form.

use crate::reference::Wanted;
use fleetform::calendar::{Dates, Hours, Schedule, Sense, State, Times, Zone};

/// Half hours and quarters, half an hour of summer time, changes at midnight, two a year around Ramadan, both hemispheres,
/// the day line, places that gave summer time up or moved for good in these years.
pub(crate) const ZONES: [&str; 30] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Lagos",
    "America/Asuncion",
    "America/Havana",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Almaty",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
];

/// A schedule in words, for both sides.
pub(crate) struct Sample {
    pub(crate) times: Given,
    pub(crate) sense: Sense,
    pub(crate) otherwise: State,
    pub(crate) except: &'static [&'static str],
}

pub(crate) enum Given {
    Week(&'static [&'static str]),
    Cron(&'static str, &'static str),
}

pub(crate) const SAMPLES: [Sample; 8] = [
    Sample {
        times: Given::Week(&["Mon-Fri 08:00-19:00"]),
        sense: Sense::On,
        otherwise: State::Off,
        except: &["2022-03-28", "2023-12-24..2024-01-01", "2024-10-28"],
    },
    Sample {
        times: Given::Week(&["20:00-06:00"]),
        sense: Sense::On,
        otherwise: State::Off,
        except: &["2023-03-26", "2023-03-28..2023-04-02"],
    },
    // Edges within the hours that clocks leave out or repeat, and at both ends of the day.
    Sample {
        times: Given::Week(&[
            "Sat-Mon 00:30-01:15,02:30-02:45; Sun 23:30-00:10",
            "Fri 23:00-24:00; Wed 01:59-02:01",
        ]),
        sense: Sense::Off,
        otherwise: State::On,
        except: &[],
    },
    Sample {
        times: Given::Week(&["Sun 00:00-24:00"]),
        sense: Sense::Off,
        otherwise: State::Any,
        except: &["2025-03-30"],
    },
    Sample {
        times: Given::Cron("0 8 * * 1-5", "0 19 * * 1-5"),
        sense: Sense::On,
        otherwise: State::Off,
        except: &["2024-05-01"],
    },
    Sample {
        times: Given::Cron("30 2 * * *", "15 1,3 * * 0"),
        sense: Sense::On,
        otherwise: State::Off,
        except: &[],
    },
    Sample {
        times: Given::Cron("0 8 * * 1", "0 19 * * 5"),
        sense: Sense::Off,
        otherwise: State::On,
        except: &["2022-10-31..2022-11-01"],
    },
    Sample {
        times: Given::Cron("*/20 0-2 1,13 * fri", "50 */3 29 2 *"),
        sense: Sense::On,
        otherwise: State::Any,
        except: &["2024-02-28"],
    },
];

impl Sample {
    pub(crate) fn schedule(&self, zone: &str) -> Schedule {
        let times = match self.times {
            Given::Week(texts) => Times::of_week(texts.iter().copied()).unwrap(),
            Given::Cron(start, stop) => Times::between(start, stop).unwrap(),
        };
        let mut except = Dates::default();
        self.except.iter().for_each(|text| except.extend(&Dates::parse(text).unwrap()));
        let hours = Hours { zone: Zone::parse(zone).unwrap(), times, except };
        Schedule { hours, sense: self.sense, otherwise: self.otherwise }
    }

    pub(crate) fn reference(&self) -> Wanted {
        let inside = self.sense.state();
        match self.times {
            Given::Week(texts) => Wanted::week(texts, self.except, inside, self.otherwise),
            Given::Cron(start, stop) => Wanted::cron(start, stop, self.except, inside, self.otherwise),
        }
    }
}
