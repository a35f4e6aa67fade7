//! The text format that Prometheus reads, version 0.0.4, written by hand: every scrape shows a value that is there
//! already, so a registry of counters would only be a second place for the same numbers.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/> (2026-11-21).

use std::fmt::Write;

/// What a family of series is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A value of a series.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// To the last digit.
    Whole(u64),
    /// Seconds, as a rule.
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<bool> for Number {
    fn from(yes: bool) -> Self {
        Self::Whole(u64::from(yes))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

/// An exposition as it is written.
#[derive(Default)]
pub(super) struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family. Its series must follow before the next family begins.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.text, name }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The series of one name.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Family<'_> {
    /// Adds a series. The labels of all series of a family must differ.
    pub(super) fn series(&mut self, labels: &[(&str, &str)], value: impl Into<Number>) {
        self.text.push_str(self.name);
        for (at, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"", if at == 0 { '{' } else { ',' });
            escape(self.text, value);
            self.text.push('"');
        }
        self.text.push_str(if labels.is_empty() { " " } else { "} " });
        let _ = match value.into() {
            Number::Whole(number) => writeln!(self.text, "{number}"),
            Number::Real(number) if number.is_nan() => writeln!(self.text, "NaN"),
            Number::Real(number) if number.is_infinite() => {
                writeln!(self.text, "{}Inf", if number > 0.0 { '+' } else { '-' })
            }
            Number::Real(number) => writeln!(self.text, "{number}"),
        };
    }
}

/// A label's value between its quotes.
fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}
