//! Single values: texts, words, booleans, durations, rates, instants. Each says what it wants when it gets
//! something else.

use super::Decoder;
use super::keys::{POWER_KEYS, PowerKey};
use super::words::{POWER_WORDS, VERB_WORDS, Word, names};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::suggest::{did_you_mean, one_of};
use crate::config::yaml::{Content, Node};
use crate::model::{DesiredPower, Period, Verb};
use jiff::Timestamp;
use std::time::Duration;

/// Calls per second beyond which a rate limit makes no sense.
const MAX_RATE: f64 = 100_000.0;

/// What `power:` says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PowerWish {
    /// This power.
    Fixed(DesiredPower),
    /// What the schedule of this name says.
    Schedule(String),
}

impl Decoder<'_> {
    /// A text; numbers and words are taken to the letter, nothing is refused but nothing.
    pub(super) fn text<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<&'n str> {
        match &node.content {
            Content::Scalar(_) if node.is_null() => {
                let message = format!("{what} has no value");
                let cure = "write a value, in quotes if it is really the word null";
                self.report(node.span, Diagnostic::error("missing_value", message).cure(cure));
                None
            }
            Content::Scalar(text) => Some(text),
            _ => {
                self.wrong_type(node, what, "a single value");
                None
            }
        }
    }

    /// A path: a text that is not empty.
    pub(super) fn path<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        if text.is_empty() || text.contains('\0') {
            self.report(node.span, Diagnostic::error("bad_path", format!("{what} must be a path")));
            return None;
        }
        Some(text)
    }

    /// `power:`, a word or `{ schedule: NAME }`.
    pub(super) fn power_wish(&mut self, node: &Node<'_>) -> Option<PowerWish> {
        let Content::Map(_) = &node.content else { return self.power(node).map(PowerWish::Fixed) };
        let fields = self.fields(node, &POWER_KEYS, "power")?;
        let Some(name) = fields.value(PowerKey::Schedule as usize) else {
            if !fields.partial {
                let finding = Diagnostic::error("bad_power", "power names no schedule");
                self.report(node.span, finding.cure("write power: { schedule: NAME }, or on, off or any"));
            }
            return None;
        };
        self.text(name, "schedule").map(|name| PowerWish::Schedule(name.to_owned()))
    }

    /// The word of `power:`, the field that YAML readers misunderstand most.
    fn power(&mut self, node: &Node<'_>) -> Option<DesiredPower> {
        let Content::Scalar(text) = &node.content else {
            self.wrong_type(node, "power", "on, off, any, suspended or { schedule: NAME }");
            return None;
        };
        if let Some((_, power)) = POWER_WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return Some(*power);
        }
        if text.eq_ignore_ascii_case("true") {
            return Some(DesiredPower::On);
        }
        if text.eq_ignore_ascii_case("false") {
            return Some(DesiredPower::Off);
        }
        let lower = text.to_ascii_lowercase();
        let diagnostic = match lower.as_str() {
            "" | "~" | "null" => {
                Diagnostic::error("bad_power", "power has no value").cure("write on, off or any")
            }
            "yes" | "y" | "1" | "no" | "n" | "0" => {
                let word = if matches!(lower.as_str(), "yes" | "y" | "1") { "on" } else { "off" };
                Diagnostic::error("bad_power", format!("power cannot be {}", quote(text)))
                    .cure(format!("write on or off (here probably {word})"))
            }
            _ => Diagnostic::error("bad_power", format!("power cannot be {}", quote(text))).cure(
                did_you_mean(text, names(&POWER_WORDS))
                    .unwrap_or_else(|| "write on, off, any or suspended".into()),
            ),
        };
        self.report(node.span, diagnostic);
        None
    }

    /// `verbs:`, one action or a list of them; `wrong` makes the finding of what it stands in.
    pub(super) fn verbs(&mut self, node: &Node<'_>, wrong: fn(String) -> Diagnostic) -> Option<Vec<Verb>> {
        let items = match &node.content {
            Content::List(items) => &items[..],
            _ => std::slice::from_ref(node),
        };
        let mut verbs = Vec::new();
        for item in items {
            let text = self.text(item, "verbs")?;
            let Some((_, verb)) = VERB_WORDS.iter().find(|(word, _)| *word == text.replace('-', "_")) else {
                let words = names(&VERB_WORDS);
                let cure = did_you_mean(text, words.iter().copied())
                    .unwrap_or_else(|| format!("write some of {}", one_of(&words)));
                let message = format!("verbs cannot hold {}", quote(text));
                self.report(item.span, wrong(message).cure(cure));
                return None;
            };
            verbs.push(*verb);
        }
        if verbs.is_empty() && !node.partial {
            let cure = "name some actions, or remove verbs";
            self.report(node.span, wrong("verbs is empty".into()).cure(cure));
            return None;
        }
        Some(verbs)
    }

    /// A boolean: `true` or `false`, nothing else.
    pub(super) fn boolean(&mut self, node: &Node<'_>, what: &str) -> Option<bool> {
        let Content::Scalar(text) = &node.content else {
            self.wrong_type(node, what, "true or false");
            return None;
        };
        match &**text {
            "true" | "True" | "TRUE" if node.plain => return Some(true),
            "false" | "False" | "FALSE" if node.plain => return Some(false),
            _ => {}
        }
        let message = format!("{what} must be true or false, not {}", quote(text));
        self.report(
            node.span,
            Diagnostic::error("bad_boolean", message).cure("write true or false, without quotes"),
        );
        None
    }

    /// One of some words, to the letter.
    pub(super) fn word<T: Copy>(&mut self, node: &Node<'_>, what: &str, words: &[Word<T>]) -> Option<T> {
        let text = self.text(node, what)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let all = names(words);
        let cure =
            did_you_mean(text, all.iter().copied()).unwrap_or_else(|| format!("write {}", one_of(&all)));
        let message = format!("{what} cannot be {}", quote(text));
        self.report(node.span, Diagnostic::error("bad_value", message).cure(cure));
        None
    }

    /// A whole number within bounds.
    pub(super) fn count(&mut self, node: &Node<'_>, what: &str, least: usize, most: usize) -> Option<usize> {
        let text = self.text(node, what)?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        if let Some(number) = number.filter(|n| (least..=most).contains(n)) {
            return Some(number);
        }
        let message = format!("{what} must be a whole number from {least} to {most}, not {}", quote(text));
        self.report(node.span, Diagnostic::error("bad_number", message));
        None
    }

    /// A duration such as `30s` or `1h30m`.
    pub(super) fn duration(&mut self, node: &Node<'_>, what: &str) -> Option<Duration> {
        self.period(node, what).map(Period::duration)
    }

    /// The same, to be written as it was read.
    pub(super) fn period(&mut self, node: &Node<'_>, what: &str) -> Option<Period> {
        let text = self.text(node, what)?;
        if let Some(period) = Period::parse(text) {
            return Some(period);
        }
        let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let cure = if bare {
            format!("add the unit, for example {text}s")
        } else {
            "write 500ms, 30s, 15m or 2h".into()
        };
        let message = format!("{what} must be a duration of at most a week, not {}", quote(text));
        self.report(node.span, Diagnostic::error("bad_duration", message).cure(cure));
        None
    }

    /// A rate such as `10/s`, as calls per second.
    pub(super) fn rate(&mut self, node: &Node<'_>, what: &str) -> Option<f64> {
        let text = self.text(node, what)?;
        if let Some(rate) = parse_rate(text) {
            return Some(rate);
        }
        let message = format!("{what} must be a number of calls per time, not {}", quote(text));
        self.report(
            node.span,
            Diagnostic::error("bad_rate_limit", message).cure("write 10/s, 600/m or 1000/h"),
        );
        None
    }

    /// An RFC 3339 instant with its zone.
    pub(super) fn instant(&mut self, node: &Node<'_>, what: &str) -> Option<Timestamp> {
        let text = self.text(node, what)?;
        let form = instant_form(text);
        if form == Form::Full
            && let Ok(instant) = text.parse::<Timestamp>()
        {
            return Some(instant);
        }
        let (why, cure) = match form {
            Form::DateOnly => ("has no time", format!("write the time and the zone: {text}T00:00:00Z")),
            Form::NoZone => {
                ("has no zone", format!("add the zone: {text}Z for UTC, or an offset such as +01:00"))
            }
            _ => ("is no instant", "write date, time and zone: 2026-11-20T02:00:00Z".to_owned()),
        };
        let message = format!("{what} {} {why}", quote(text));
        self.report(node.span, Diagnostic::error("bad_instant", message).cure(cure));
        None
    }
}

#[derive(PartialEq)]
enum Form {
    Full,
    DateOnly,
    NoZone,
    Other,
}

/// How much of an instant a text looks like.
fn instant_form(text: &str) -> Form {
    let digit = |c: char| if c.is_ascii_digit() { '9' } else { c.to_ascii_uppercase() };
    let shape: String = text.chars().take(64).map(digit).collect();
    if shape == "9999-99-99" {
        return Form::DateOnly;
    }
    let Some(rest) =
        shape.strip_prefix("9999-99-99T99:99:99").or_else(|| shape.strip_prefix("9999-99-99 99:99:99"))
    else {
        return Form::Other;
    };
    let rest = rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches('9'));
    match rest {
        "" => Form::NoZone,
        "Z" | "+99:99" | "-99:99" => Form::Full,
        _ => Form::Other,
    }
}

/// Reads a sum of numbers with units (`500ms`, `30s`, `1h30m`); `None` unless it is above zero.
pub fn parse_duration(text: &str) -> Option<Duration> {
    Period::parse(text).map(Period::duration)
}

/// Reads a number per `s`, `m` or `h`; above zero.
fn parse_rate(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once('/')?;
    let (number, unit) = (number.trim(), unit.trim());
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let rate = number.parse::<f64>().ok()? / seconds;
    (rate > 0.0 && rate <= MAX_RATE).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second() {
        assert_eq!(parse_rate("10/s"), Some(10.0));
        assert_eq!(parse_rate("600/m"), Some(10.0));
        assert_eq!(parse_rate("0.5/s"), Some(0.5));
        for text in ["10", "0/s", "/s", "10/d", "-1/s", "inf/s", "1e3/s", "1.2.3/s"] {
            assert_eq!(parse_rate(text), None, "{text}");
        }
    }
}
