//! A set of local dates: those on which a schedule does not hold.

use super::mistake::{Mistake, quote};
use jiff::civil::Date;

/// The first year in which dates are known.
pub const FIRST_YEAR: i16 = 1970;

/// The last year in which dates are known: a yearly holiday without an end is written out until then.
pub const LAST_YEAR: i16 = 2199;

const FIRST: Date = Date::constant(FIRST_YEAR, 1, 1);
const LAST: Date = Date::constant(LAST_YEAR, 12, 31);

/// Dates, one bit each: as large for one holiday as for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    words: Vec<u64>,
}

impl Dates {
    /// Reads `2026-12-24` or `2026-12-24..2027-01-01`, both ends included.
    ///
    /// # Errors
    /// Neither of the two, or a range that ends before it begins.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (parse_date(first.trim())?, parse_date(last.trim())?);
        if first > last {
            let message = format!("the range {} ends before it begins", quote(text));
            return Err(Mistake::new(message, format!("write {last}..{first}")));
        }
        let mut dates = Self::default();
        dates.insert(first, last);
        Ok(dates)
    }

    /// Whether it is one of them.
    pub fn contains(&self, date: Date) -> bool {
        let is_in = |day: usize| self.words.get(day / 64).is_some_and(|word| word & (1 << (day % 64)) != 0);
        !self.words.is_empty() && index(date).is_some_and(is_in)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Adds all dates of another set.
    pub fn extend(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Adds the dates from one to another; what lies outside of the known years is left out.
    pub(super) fn insert(&mut self, first: Date, last: Date) {
        let (Some(first), Some(last)) = (index(first.max(FIRST)), index(last.min(LAST))) else { return };
        if first > last {
            return;
        }
        if self.words.len() <= last / 64 {
            self.words.resize(last / 64 + 1, 0);
        }
        for (at, word) in self.words.iter_mut().enumerate().take(last / 64 + 1).skip(first / 64) {
            let low = if at == first / 64 { first % 64 } else { 0 };
            let high = if at == last / 64 { last % 64 } else { 63 };
            *word |= (u64::MAX >> (63 - high)) & (u64::MAX << low);
        }
    }
}

/// Days since the first one.
fn index(date: Date) -> Option<usize> {
    if date > LAST {
        return None;
    }
    usize::try_from(FIRST.until(date).ok()?.get_days()).ok()
}

fn parse_date(text: &str) -> Result<Date, Mistake> {
    let has_form = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    let date = if has_form { text.parse::<Date>().ok() } else { None };
    let date = date.ok_or_else(|| {
        let cure = "write a date such as 2026-12-24, a range such as 2026-12-24..2027-01-01, or the path of an .ics file";
        Mistake::new(format!("{} is no date", quote(text)), cure)
    })?;
    if (FIRST..=LAST).contains(&date) {
        return Ok(date);
    }
    let message = format!("{date} lies outside of the years that are known");
    Err(Mistake::new(message, format!("write a date from {FIRST} to {LAST}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_its_ends_and_nothing_else() {
        for (text, first, last) in [
            ("2026-12-24", "2026-12-24", "2026-12-24"),
            ("2026-12-24..2027-01-01", "2026-12-24", "2027-01-01"),
            ("1970-01-01..1970-03-05", "1970-01-01", "1970-03-05"),
            ("1970-01-01..2199-12-31", "1970-01-01", "2199-12-31"),
            ("2199-12-31 .. 2199-12-31", "2199-12-31", "2199-12-31"),
        ] {
            let dates = Dates::parse(text).unwrap();
            let (first, last): (Date, Date) = (first.parse().unwrap(), last.parse().unwrap());
            assert!(dates.contains(first) && dates.contains(last), "{text}");
            assert!(!dates.contains(first.yesterday().unwrap()), "{text}");
            assert!(!dates.contains(last.tomorrow().unwrap()), "{text}");
        }
        let mut one = Dates::parse("2026-12-24").unwrap();
        one.extend(&Dates::parse("2030-01-01").unwrap());
        assert!(one.contains("2030-01-01".parse().unwrap()) && one.contains("2026-12-24".parse().unwrap()));
        assert!(Dates::default().is_empty() && !one.is_empty());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (text, says) in [
            ("2026-13-01", "is no date"),
            ("24.12.2026", "is no date"),
            ("2026-12-24...2026-12-25", "is no date"),
            ("2027-01-01..2026-12-24", "write 2026-12-24..2027-01-01"),
            ("1969-12-31", "outside"),
            ("2200-01-01", "outside"),
            ("", "is no date"),
        ] {
            let mistake = Dates::parse(text).unwrap_err().to_string();
            assert!(mistake.contains(says), "{text:?}: {mistake}");
        }
    }
}
