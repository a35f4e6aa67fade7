//! What is wanted at each minute of the wall clock, found by walking through all of them from long before. It shares no
//! code with the program and is as slow as that makes it.

use fleetform::calendar::State;
use jiff::civil::{Date, DateTime, date};

/// Before all that is asked for, so that the last start and stop are known: a leap day lies before it.
const FIRST: Date = date(2019, 12, 1);
const LAST: Date = date(2027, 2, 1);

/// One state for each minute of the wall clock.
pub(crate) struct Wanted(Vec<State>);

impl Wanted {
    pub(crate) fn at(&self, local: DateTime) -> State {
        self.0[minutes(local)]
    }

    pub(crate) fn week(texts: &[&str], except: &[&str], inside: State, otherwise: State) -> Self {
        // Marks minutes of a week, from Monday, walking from each beginning to its end.
        let mut marked = vec![false; 7 * 1440];
        for item in texts.iter().flat_map(|text| text.split(';')) {
            let words: Vec<&str> = item.split_whitespace().collect();
            let (days, times) =
                if words.len() == 2 { (days(words[0]), words[1]) } else { ((0..7).collect(), words[0]) };
            for (day, time) in days.iter().flat_map(|day| times.split(',').map(move |time| (day, time))) {
                let (from, to) = time.split_once('-').unwrap();
                let (mut at, end) = (clock(from), clock(to));
                let mut day = *day;
                let goes_on = end <= at;
                loop {
                    if at == 1440 && goes_on {
                        (day, at) = ((day + 1) % 7, 0);
                    }
                    if at == end {
                        break;
                    }
                    marked[day * 1440 + at] = true;
                    at += 1;
                }
            }
        }
        Self::of(except, inside, otherwise, |local| {
            let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap();
            marked[day * 1440 + minute_of_day(local)]
        })
    }

    pub(crate) fn cron(start: &str, stop: &str, except: &[&str], inside: State, otherwise: State) -> Self {
        let (start, stop) = (Points::of(start), Points::of(stop));
        let mut is_inside = false;
        Self::of(except, inside, otherwise, |local| {
            if stop.have(local) {
                is_inside = false;
            }
            if start.have(local) {
                is_inside = true;
            }
            is_inside
        })
    }

    fn of(except: &[&str], inside: State, otherwise: State, mut holds: impl FnMut(DateTime) -> bool) -> Self {
        let mut all = Vec::new();
        let mut day = FIRST;
        while day < LAST {
            let text = day.to_string();
            let is_excepted = except.iter().any(|one| {
                let (from, to) = one.split_once("..").unwrap_or((one, one));
                // ISO dates sort as texts.
                from <= &*text && &*text <= to
            });
            for minute in 0..1440_i16 {
                let part = |number: i16| i8::try_from(number).unwrap();
                let local = day.at(part(minute / 60), part(minute % 60), 0, 0);
                let holds = holds(local);
                all.push(if holds && !is_excepted { inside } else { otherwise });
            }
            day = day.tomorrow().unwrap();
        }
        Self(all)
    }
}

fn minutes(local: DateTime) -> usize {
    let days = FIRST.until(local.date()).unwrap().get_days();
    usize::try_from(days).unwrap() * 1440 + minute_of_day(local)
}

fn minute_of_day(local: DateTime) -> usize {
    usize::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap()
}

fn clock(text: &str) -> usize {
    let (hour, minute) = text.split_once(':').unwrap();
    hour.parse::<usize>().unwrap() * 60 + minute.parse::<usize>().unwrap()
}

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn days(text: &str) -> Vec<usize> {
    let index = |name: &str| NAMES.iter().position(|known| *known == name).unwrap();
    let of_part = |part: &str| match part.split_once('-') {
        None => vec![index(part)],
        Some((first, last)) => {
            let mut all = vec![index(first)];
            while all.last() != Some(&index(last)) {
                all.push((all.last().unwrap() + 1) % 7);
            }
            all
        }
    };
    text.split(',').flat_map(of_part).collect()
}

/// The minutes of a cron form: for each field which of its values are meant.
struct Points {
    fields: [Vec<bool>; 5],
    either_day: bool,
}

impl Points {
    fn of(cron: &str) -> Self {
        let fields: Vec<&str> = cron.split(' ').collect();
        let table =
            |field: &str| (0..60).map(|value| field.split(',').any(|part| in_part(part, value))).collect();
        let either_day = !fields[2].starts_with('*') && !fields[4].starts_with('*');
        Self { fields: std::array::from_fn(|at| table(fields[at])), either_day }
    }

    fn have(&self, local: DateTime) -> bool {
        let is = |field: usize, value: i8| self.fields[field][usize::try_from(value).unwrap()];
        if !is(0, local.minute()) || !is(1, local.hour()) || !is(3, local.month()) {
            return false;
        }
        let weekday = local.weekday().to_sunday_zero_offset();
        let (day, of_week) = (is(2, local.day()), is(4, weekday) || (weekday == 0 && is(4, 7)));
        if self.either_day { day || of_week } else { day && of_week }
    }
}

fn in_part(part: &str, value: i32) -> bool {
    let number = |text: &str| match text {
        "fri" => 5,
        other => other.parse().unwrap(),
    };
    let (range, step) = part.split_once('/').map_or((part, 1), |(range, step)| (range, number(step)));
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (0, 99),
        Some((from, to)) => (number(from), number(to)),
        None => (number(range), number(range)),
    };
    (from..=to).contains(&value) && (value - from) % step == 0
}
