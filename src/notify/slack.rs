//! The form `slack`: one text. Names are data: they mention nobody, link nowhere and format nothing.
//! <https://docs.slack.dev/messaging/formatting-message-text> (2026-11-21): `&`, `<` and `>` are escaped; without a `<`
//! there is no mention and no link. Mattermost reads `@all` in plain text as well, so no `@` stays before a word.

use super::gather::Notice;
use crate::model::NoticeSeverity;
use crate::report::safe;
use std::fmt::Write;

/// The media type of a message.
pub(super) const MESSAGE_TYPE: &str = "application/json; charset=utf-8";

/// Servers that one message names; it counts all.
const MOST_SERVERS: usize = 20;

/// Characters of one name or message that are shown.
const MOST_CHARACTERS: usize = 300;

/// Makes the body of a message.
pub(super) fn message(notice: &Notice, host: &str, simulated: bool) -> serde_json::Value {
    serde_json::json!({ "text": text(notice, host, simulated) })
}

fn text(notice: &Notice, host: &str, simulated: bool) -> String {
    let sign = match notice.kind.severity() {
        NoticeSeverity::Info => "",
        NoticeSeverity::Warning => ":warning: ",
        NoticeSeverity::Error => ":rotating_light: ",
    };
    let mut out = format!("{sign}*{}*", notice.kind.word().replace('_', " "));
    // Writing to a String cannot fail, here and below.
    if let (Some(connection), true) = (&notice.connection, notice.servers.len() != 1) {
        let _ = write!(out, " on {}", code(connection.as_str()));
    }
    match &notice.servers[..] {
        [one] => {
            let _ = write!(out, " {}: {}", code(&one.address.to_string()), prose(&one.message));
        }
        many => {
            let _ = write!(out, ": {}", prose(&notice.words()));
            for one in many.iter().take(MOST_SERVERS) {
                let _ = write!(out, "\n• {}: {}", code(&one.address.to_string()), prose(&one.message));
            }
            if many.len() > MOST_SERVERS {
                let _ = write!(out, "\n… and {} more", many.len() - MOST_SERVERS);
            }
        }
    }
    let _ = write!(out, "\n_fleetform watch on {}_", prose(host));
    if simulated {
        out.push_str(" _(simulated)_");
    }
    out
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text in which nothing is a mention, a link or markup of the service's own.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in safe(&cut(text)).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A word joiner takes no room, and keeps the next word from being somebody.
            '@' => out.push_str("@\u{2060}"),
            // Bold, italic, struck out, code: as letters that look the same they are only letters.
            '*' => out.push('\u{2217}'),
            '_' => out.push_str("\u{2060}_\u{2060}"),
            '~' => out.push('\u{223c}'),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}

/// A name as code.
fn code(name: &str) -> String {
    let mut out = String::from("`");
    for c in safe(&cut(name)).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("@\u{2060}"),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::gather::gather;
    use crate::watch::{Happening, Occasion};
    use jiff::Timestamp;

    fn drifted(names: &[&str]) -> Notice {
        let at = Timestamp::UNIX_EPOCH;
        let all = names.iter().map(|name| {
            let address = crate::model::Address::new("east".into(), (*name).into());
            Happening::new(at, Occasion::DriftSeen, "power off -> on (declared)")
                .of(&address, &[])
                .in_plan(Some("d"))
        });
        gather(all.collect()).remove(0)
    }

    #[test]
    fn one_server_is_one_line_and_many_are_a_list_with_an_end() {
        assert_eq!(
            text(&drifted(&["web-1"]), "h", false),
            ":warning: *drift* `east/web-1`: power off -&gt; on (declared)\n_fleetform watch on h_"
        );
        let names: Vec<String> = (0..30).map(|at| format!("web-{at:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = text(&drifted(&names), "h", true);
        assert!(
            many.starts_with(":warning: *drift* on `east`: 30 servers are not as declared\n• `east/web-00`")
        );
        assert!(many.contains("\n… and 10 more\n") && many.ends_with("_(simulated)_"));
    }

    #[test]
    fn names_mention_nobody_and_leave_no_code_span() {
        let shown =
            text(&drifted(&["<!channel> @all `*x*` <https://evil|x>\n&amp;\u{202e}"]), "h_<@U1>", false);
        for live in ["<!", "<@", "<http", "@all", "@U1", "\u{202e}"] {
            assert!(!shown.contains(live), "{live}: {shown}");
        }
        assert_eq!(shown.matches('`').count(), 2, "{shown}");
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(shown.contains("&lt;!channel&gt;") && shown.contains("&amp;amp;"));
    }
}
