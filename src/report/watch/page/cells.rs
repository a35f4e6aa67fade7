//! What stands in cells: names, times, numbers, cut texts; and the tables around them.

use crate::report::hypertext::{push, text};
use crate::report::plan::duration_words;
use jiff::{Timestamp, Unit};
use std::fmt::Write;
use std::time::Duration;

/// Rows of a table that are shown.
pub(super) const MOST_ROWS: usize = 200;

/// Characters of a message that are shown.
const MOST_CHARACTERS: usize = 600;

/// A number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 server`, `2 servers`.
pub(super) fn count_of(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(number as u64), if number == 1 { "" } else { "s" })
}

/// An instant as it is seen from another: `5 min ago`, `in 2 h`.
pub(super) fn since(at: Timestamp, now: Timestamp) -> String {
    let apart = now.duration_since(at);
    let words = duration_words(Duration::from_secs(apart.as_secs().unsigned_abs()));
    let whole = at.round(Unit::Second).unwrap_or(at);
    let words = if apart.as_secs() < 0 { format!("in {words}") } else { format!("{words} ago") };
    format!("<time datetime=\"{whole}\" title=\"{whole}\">{words}</time>")
}

/// An instant by the clock, in UTC, and how far away it is.
pub(super) fn clock(at: Timestamp, now: Timestamp) -> String {
    format!("{} UTC, {}", at.strftime("%a %d %b %H:%M"), since(at, now))
}

/// A message of bounded length.
pub(super) fn shortened(message: &str) -> String {
    match message.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// A message as HTML.
pub(super) fn prose(message: &str) -> String {
    text(&shortened(message))
}

/// A word in a coloured pill.
pub(super) fn tag(class: &str, word: &str) -> String {
    format!("<span class=\"tag {class}\">{}</span>", text(word))
}

/// A section with a table. The roles keep it a table where the style shows its rows as blocks.
pub(super) struct Table<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) columns: &'a [&'a str],
    /// What is said where there is nothing.
    pub(super) empty: &'a str,
}

impl Table<'_> {
    /// Adds it. The first cell of a row is its header.
    pub(super) fn write<T>(&self, out: &mut String, items: &[T], row: impl Fn(&T) -> Vec<String>) {
        let (id, title) = (self.id, self.title);
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}");
        if !items.is_empty() {
            let _ = write!(out, " <span class=\"count\">{}</span>", count(items.len() as u64));
        }
        out.push_str("</h2>\n");
        if items.is_empty() {
            let _ = writeln!(out, "<p class=\"empty\">{}</p>\n</section>", self.empty);
            return;
        }
        let _ = write!(
            out,
            "<table role=\"table\" aria-labelledby=\"{id}\">\n<thead role=\"rowgroup\"><tr role=\"row\">"
        );
        for column in self.columns {
            let _ = write!(out, "<th scope=\"col\" role=\"columnheader\">{column}</th>");
        }
        out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        for item in items.iter().take(MOST_ROWS) {
            out.push_str("<tr role=\"row\">");
            for (at, (cell, column)) in row(item).iter().zip(self.columns).enumerate() {
                let label = text(column);
                let _ = if at == 0 {
                    write!(out, "<th scope=\"row\" role=\"rowheader\">{cell}</th>")
                } else {
                    write!(out, "<td role=\"cell\" data-label=\"{label}\">{cell}</td>")
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        if items.len() > MOST_ROWS {
            let more = count_of(items.len() - MOST_ROWS, "more row");
            out.push_str("<p class=\"cut\">");
            push(out, &format!("{more} not shown here; all are in "));
            out.push_str("<a href=\"/status.json\">status.json</a>.</p>\n");
        }
        out.push_str("</section>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_thousands_and_times_from_now() {
        for (number, words) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), words);
        }
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert!(since("2026-11-21T11:55:00.4Z".parse().unwrap(), now).contains(">4 min 59 s ago<"));
        assert!(since("2026-11-21T14:00:00Z".parse().unwrap(), now).contains(">in 2 h<"));
        assert!(since(now, now).contains(">0 s ago<"));
    }
}
