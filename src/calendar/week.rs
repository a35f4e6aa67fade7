//! Times of the week: `Mon-Fri 08:00-19:00; Sat 10:00-14:00`.

use super::mistake::{Mistake, quote};
use jiff::civil::Weekday;

/// Minutes of a day.
pub(super) const DAY: u16 = 24 * 60;

/// The most spans in one expression: beyond it nobody reads it.
const MAX_SPANS: usize = 200;

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 4096;

const EXAMPLE: &str = "write it like Mon-Fri 08:00-19:00, Mon,Wed 08:00-12:00 or 20:00-06:00";

/// Spans of each day of the week, from Monday: minutes `from..to`, sorted, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Week {
    days: [Vec<(u16, u16)>; 7],
}

impl Week {
    /// Reads expressions; all of them count together.
    pub(super) fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Mistake> {
        let mut week = Self::default();
        let mut spans = 0;
        for text in texts {
            if text.len() > MAX_LENGTH {
                return Err(Mistake::new("the times are too long a text", EXAMPLE));
            }
            for item in text.split(';') {
                // A semicolon may stand at the end.
                if item.trim().is_empty() && text.contains(';') && !text.trim().eq(";") {
                    continue;
                }
                spans += week.item(item)?;
                if spans > MAX_SPANS {
                    return Err(Mistake::new(format!("there are more than {MAX_SPANS} times"), EXAMPLE));
                }
            }
        }
        if spans == 0 {
            return Err(Mistake::new("no time is given", EXAMPLE));
        }
        week.days.iter_mut().for_each(join);
        Ok(week)
    }

    /// One item: days, where given, and their times. Returns how many spans it has.
    fn item(&mut self, text: &str) -> Result<usize, Mistake> {
        let tight = tightened(text);
        let mut words = tight.split(' ').filter(|word| !word.is_empty()).peekable();
        let mut days = [true; 7];
        if let Some(word) = words.peek()
            && word.starts_with(char::is_alphabetic)
        {
            days = parse_days(word)?;
            words.next();
        }
        let Some(times) = words.next() else {
            let example = if text.trim().is_empty() {
                EXAMPLE.into()
            } else {
                format!("write {} 00:00-24:00 for the whole day", text.trim())
            };
            return Err(Mistake::new(format!("{} has no time", quote(text.trim())), example));
        };
        if let Some(more) = words.next() {
            return Err(Mistake::new(
                format!("{} is not expected after {}", quote(more), quote(times)),
                "separate times by commas, and further days by ;",
            ));
        }
        let spans = times.split(',').map(parse_span).collect::<Result<Vec<_>, _>>()?;
        for (day, _) in days.iter().enumerate().filter(|(_, is_meant)| **is_meant) {
            for &(from, to) in &spans {
                if from < to {
                    self.days[day].push((from, to));
                } else {
                    self.days[day].push((from, DAY));
                    if to > 0 {
                        self.days[(day + 1) % 7].push((0, to));
                    }
                }
            }
        }
        Ok(spans.len())
    }

    /// Whether a minute of a day is among the times.
    pub(super) fn holds(&self, day: Weekday, minute: u16) -> bool {
        self.on(day).iter().any(|&(from, to)| (from..to).contains(&minute))
    }

    /// The first minute of a day after `after` at which it may begin or cease to be among them.
    pub(super) fn edge(&self, day: Weekday, after: Option<u16>) -> Option<u16> {
        let midnight = self.on(day.previous()).last().is_some_and(|&(_, to)| to == DAY).then_some(0);
        let edges = self.on(day).iter().flat_map(|&(from, to)| [from, to]).filter(|edge| *edge < DAY);
        midnight.into_iter().chain(edges).filter(|edge| after.is_none_or(|after| *edge > after)).min()
    }

    /// Whether it is the whole week.
    pub(super) fn is_always(&self) -> bool {
        self.days.iter().all(|spans| spans[..] == [(0, DAY)])
    }

    fn on(&self, day: Weekday) -> &[(u16, u16)] {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
        self.days.get(index).map_or(&[], Vec::as_slice)
    }
}

/// Sorts spans and joins those that touch.
fn join(spans: &mut Vec<(u16, u16)>) {
    spans.sort_unstable();
    let mut joined: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
    for &(from, to) in spans.iter() {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    *spans = joined;
}

/// Blanks around commas and dashes mean nothing; the dash may be a typographic one.
fn tightened(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let c = if matches!(c, '–' | '—') { '-' } else { c };
        if c.is_whitespace() {
            while chars.peek().is_some_and(|c| c.is_whitespace()) {
                chars.next();
            }
            let joins = |c: char| matches!(c, ',' | '-' | '–' | '—');
            if chars.peek().is_some_and(|c| joins(*c)) || out.ends_with(joins) {
                continue;
            }
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    out
}

const DAYS: [(&str, &str); 7] = [
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
    ("sun", "sunday"),
];

fn parse_days(text: &str) -> Result<[bool; 7], Mistake> {
    let mut days = [false; 7];
    for part in text.split(',') {
        match part.split_once('-') {
            None => days[parse_day(part)?] = true,
            Some((first, last)) => {
                let (first, last) = (parse_day(first)?, parse_day(last)?);
                if first == last {
                    let message = format!("{} begins and ends with the same day", quote(part));
                    return Err(Mistake::new(message, "write the day alone; no day at all means every day"));
                }
                let length = (last + 7 - first) % 7;
                (0..=length).for_each(|step| days[(first + step) % 7] = true);
            }
        }
    }
    Ok(days)
}

fn parse_day(text: &str) -> Result<usize, Mistake> {
    let lower = text.to_ascii_lowercase();
    let is_it = |(short, long): &(&str, &str)| lower.len() >= short.len() && long.starts_with(&lower);
    DAYS.iter().position(is_it).ok_or_else(|| {
        Mistake::new(
            format!("{} is no day of the week", quote(text)),
            "the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun; Mon-Fri is a range, Sat,Sun a list",
        )
    })
}

fn parse_span(text: &str) -> Result<(u16, u16), Mistake> {
    let Some((from, to)) = text.split_once('-') else {
        let cure = "write from when until when, such as 08:00-19:00";
        return Err(Mistake::new(format!("{} is no span of time", quote(text)), cure));
    };
    let (from, to) = (parse_time(from)?, parse_time(to)?);
    if from == DAY {
        return Err(Mistake::new("a span cannot begin at 24:00", "write 00:00, on the day after"));
    }
    if from == to {
        let message = format!("{} is either nothing or a whole day", quote(text));
        return Err(Mistake::new(message, "for a whole day write 00:00-24:00"));
    }
    Ok((from, to))
}

/// Minutes of `8:00`, `08:00` or `24:00`.
fn parse_time(text: &str) -> Result<u16, Mistake> {
    let digits = |text: &str, most: usize| {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if fits { text.parse::<u16>().ok() } else { None }
    };
    let parsed = text.split_once(':').and_then(|(hour, minute)| {
        let minute = digits(minute, 2).filter(|m| *m < 60 && minute.len() == 2)?;
        let hour = digits(hour, 2)?;
        Some(hour * 60 + minute).filter(|at| *at <= DAY)
    });
    parsed.ok_or_else(|| {
        let cure = "write hours and minutes from 00:00 to 24:00, such as 08:30 or 19:00";
        Mistake::new(format!("{} is no time of day", quote(text)), cure)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(text: &str) -> Week {
        Week::parse([text]).unwrap_or_else(|mistake| panic!("{text}: {mistake}"))
    }

    fn spans(text: &str) -> [Vec<(u16, u16)>; 7] {
        week(text).days
    }

    fn on(days: &[usize], each: &[(u16, u16)]) -> [Vec<(u16, u16)>; 7] {
        std::array::from_fn(|day| if days.contains(&day) { each.to_vec() } else { Vec::new() })
    }

    #[test]
    fn days_and_times_in_every_form() {
        let office = on(&[0, 1, 2, 3, 4], &[(480, 1140)]);
        for text in [
            "Mon-Fri 08:00-19:00",
            "mon-FRI 8:00-19:00",
            " Monday - Friday  08:00 – 19:00 ",
            "Mon,Tue, Wed,Thu ,Fri 08:00-19:00",
            "Mon-Wed 08:00-19:00; Thurs-Fri 08:00-19:00;",
            "Mon-Fri 08:00-12:00,12:00-19:00",
        ] {
            assert_eq!(spans(text), office, "{text}");
        }
        assert_eq!(spans("Sat-Mon 10:00-14:00"), on(&[5, 6, 0], &[(600, 840)]));
        assert_eq!(spans("20:00-06:00"), on(&[0, 1, 2, 3, 4, 5, 6], &[(0, 360), (1200, DAY)]));
        assert_eq!(spans("Sun 22:00-24:00"), on(&[6], &[(1320, DAY)]));
        let over = spans("Sun 22:00-02:00");
        assert_eq!((&over[6][..], &over[0][..]), (&[(1320, DAY)][..], &[(0, 120)][..]));
        assert!(week("00:00-24:00").is_always());
        assert!(week("00:00-12:00; 12:00-00:00").is_always());
        assert!(!week("00:00-23:59").is_always());
        assert_eq!(Week::parse(["Mon 08:00-09:00", "Tue 08:00-09:00"]), Week::parse(["Mon,Tue 08:00-09:00"]));
    }

    #[test]
    fn what_cannot_be_read_says_what_was_expected() {
        for (text, says) in [
            ("", "no time"),
            (";", "no time"),
            ("Mon", "write Mon 00:00-24:00"),
            ("Mo-Fr 08:00-19:00", "\"Mo\" is no day of the week"),
            ("Mon-Mon 08:00-19:00", "same day"),
            ("Mon 8-19", "\"8\" is no time of day"),
            ("Mon 08:00", "no span of time"),
            ("Mon 08:00-25:00", "\"25:00\" is no time"),
            ("Mon 08:00-24:01", "\"24:01\" is no time"),
            ("Mon 08:60-09:00", "\"08:60\" is no time"),
            ("Mon 8:0-9:00", "\"8:0\" is no time"),
            ("Mon 24:00-06:00", "begin at 24:00"),
            ("08:00-08:00", "00:00-24:00"),
            ("Mon 08:00-09:00 10:00-11:00", "separate times by commas"),
            ("Mon 08:00-09:00, Tue 08:00-09:00", "further days by ;"),
            ("Mon 08:00pm-09:00pm", "no time of day"),
        ] {
            let mistake = Week::parse([text]).unwrap_err().to_string();
            assert!(mistake.contains(says), "{text:?}: {mistake}");
        }
        assert!(Week::parse([&*"Mon 08:00-09:00;".repeat(201)]).is_err());
        assert!(Week::parse([&*" ".repeat(5000)]).is_err());
    }

    #[test]
    fn edges_are_where_it_changes() {
        let nights = week("Mon 20:00-06:00");
        assert_eq!(nights.edge(Weekday::Monday, None), Some(1200));
        assert_eq!(nights.edge(Weekday::Monday, Some(1200)), None);
        assert_eq!(nights.edge(Weekday::Tuesday, None), Some(0));
        assert_eq!(nights.edge(Weekday::Tuesday, Some(0)), Some(360));
        assert_eq!(week("Sun 22:00-24:00").edge(Weekday::Monday, None), Some(0));
        assert!(nights.holds(Weekday::Tuesday, 359) && !nights.holds(Weekday::Tuesday, 360));
    }
}
