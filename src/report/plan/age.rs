//! How old the live state of a plan is, where that comes from a snapshot: a function of the document alone.

use super::words::Piece;
use crate::plan::PlanDocument;
use std::time::Duration;

/// A time in the two largest of its units: `2 d 4 h`, `35 min`, `12 s`.
pub fn duration_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let largest = units.iter().position(|(_, size)| seconds >= *size).unwrap_or(units.len() - 1);
    let mut rest = seconds;
    let mut words = Vec::new();
    for (at, (unit, size)) in units[largest..].iter().take(2).enumerate() {
        let count = rest / size;
        rest %= size;
        if count > 0 || at == 0 {
            words.push(format!("{count} {unit}"));
        }
    }
    words.join(" ")
}

/// How old the snapshot was when the plan was made, in whole seconds; `None` where the plan is not from one. Clocks
/// differ, so it may seem younger than nothing.
pub(super) fn age(document: &PlanDocument) -> Option<Duration> {
    let taken_at = document.snapshot.as_ref()?.taken_at;
    Some(Duration::try_from(document.created_at.duration_since(taken_at)).unwrap_or_default())
}

/// One sentence about the snapshot, for every format that people read; nothing where live state was read.
pub(super) fn age_sentence(document: &PlanDocument) -> Option<Vec<Piece<'_>>> {
    let snapshot = document.snapshot.as_ref()?;
    let age = duration_words(age(document)?);
    let signed = match &snapshot.signed_by {
        Some(key) => format!(", signed by the key {key}"),
        None => String::new(),
    };
    Some(vec![
        Piece::Prose("Live state is from the snapshot ".into()),
        Piece::Name(snapshot.path.as_str().into()),
        Piece::Prose(format!(", {age} old (taken at {}){signed}.", snapshot.taken_at).into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3_599, "59 min 59 s"),
            (7_500, "2 h 5 min"),
            (86_400, "1 d"),
            (86_460, "1 d"),
            (93_600, "1 d 2 h"),
            (400 * 86_400, "400 d"),
        ] {
            assert_eq!(duration_words(Duration::from_secs(seconds)), words);
        }
    }
}
