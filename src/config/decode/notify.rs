//! `notify:`: who is told of what a watcher sees. URLs, secrets and headers may be secrets: they are never shown.

use super::keys::NotifyKey;
use super::words::{Word, names};
use super::{Decoder, NOTIFY_KEYS};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::endpoint;
use crate::config::fleet::{NotifyTarget, Value};
use crate::config::reference::{Piece, pieces};
use crate::config::suggest::{did_you_mean, one_of};
use crate::config::yaml::{Content, Node};
use crate::model::{NoticeFormat, NoticeKind, NoticeSeverity};
use reqwest::header::HeaderName;
use std::collections::BTreeMap;

/// Receivers that one fleet may have.
const MAX_TARGETS: usize = 20;

/// Headers that are not for the file to set.
const OWN_HEADERS: [&str; 9] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// `format:`.
pub(in crate::config) const FORMAT_WORDS: [Word<NoticeFormat>; 2] =
    [("cloudevents", NoticeFormat::CloudEvents), ("slack", NoticeFormat::Slack)];

/// `min_severity:`.
pub(in crate::config) const SEVERITY_WORDS: [Word<NoticeSeverity>; 3] =
    [("info", NoticeSeverity::Info), ("warning", NoticeSeverity::Warning), ("error", NoticeSeverity::Error)];

impl Decoder<'_> {
    /// `notify:`, a list of receivers.
    pub(super) fn notify(&mut self, node: &Node<'_>, into: &mut Vec<NotifyTarget>) {
        match &node.content {
            Content::List(items) => {
                for item in items {
                    if into.len() == MAX_TARGETS {
                        let message = format!("more than {MAX_TARGETS} receivers of notifications");
                        let cure = "let one of them tell the others";
                        self.report(item.span, Diagnostic::error(BAD_NOTIFY, message).cure(cure));
                        return;
                    }
                    into.extend(self.notify_target(item));
                }
            }
            _ if node.is_null() => {}
            _ => self.wrong_type(node, "notify", "a list (- url: …)"),
        }
    }

    fn notify_target(&mut self, node: &Node<'_>) -> Option<NotifyTarget> {
        let fields = self.fields(node, &NOTIFY_KEYS, "a receiver of notify")?;
        let value = |key: NotifyKey| fields.value(key as usize);
        let Some(url) = value(NotifyKey::Url) else {
            if !fields.partial {
                let cure = "write - url: ${env:HOOK_URL}";
                let message = "the receiver has no url";
                self.report(node.span, Diagnostic::error(BAD_NOTIFY, message).cure(cure));
            }
            return None;
        };
        let url = self.hook_url(url);
        let secret = value(NotifyKey::Secret).map(|node| self.hidden(node, "secret", true));
        let format = value(NotifyKey::Format).map(|node| self.word(node, "format", &FORMAT_WORDS));
        let severity =
            value(NotifyKey::MinSeverity).map(|node| self.word(node, "min_severity", &SEVERITY_WORDS));
        let events = value(NotifyKey::Events).map(|node| self.events(node));
        let headers = value(NotifyKey::Headers).map(|node| self.headers(node));
        Some(NotifyTarget {
            url: url?,
            secret: match secret {
                Some(secret) => Some(secret?),
                None => None,
            },
            format: format.map_or(Some(NoticeFormat::default()), |read| read)?,
            events: events.unwrap_or_else(|| Some(NoticeKind::ALL.to_vec()))?,
            min_severity: severity.map_or(Some(NoticeSeverity::default()), |read| read)?,
            headers: headers.unwrap_or_else(|| Some(BTreeMap::new()))?,
            location: self.place(node.span),
        })
    }

    fn hook_url(&mut self, node: &Node<'_>) -> Option<Value> {
        let value = self.hidden(node, "url", false)?;
        let found = pieces(&value.text).unwrap_or_default();
        let literal: Option<String> = found
            .iter()
            .map(|piece| if let Piece::Text(text) = piece { Some(*text) } else { None })
            .collect();
        let Some(plain) = literal else { return Some(value) };
        if let Err(bad) = endpoint::check_hook(&plain) {
            self.report(node.span, Diagnostic::error(bad.code, format!("url {}", bad.why)).cure(bad.cure));
            return None;
        }
        if endpoint::holds_a_secret(&plain) {
            let message = "url is written into the file, and whoever knows it can send there";
            self.report(node.span, Diagnostic::warning("literal_secret", message).cure(KEEP_OUT));
        }
        Some(value)
    }

    /// A text that is never shown unless it is nothing but one reference.
    fn hidden(&mut self, node: &Node<'_>, what: &str, always_secret: bool) -> Option<Value> {
        self.hide_unless_reference(node);
        let text = self.text(node, what)?;
        if text.is_empty() {
            let message = format!("{what} is empty");
            let cure = "write a value, or remove the line";
            self.report(node.span, Diagnostic::error("missing_value", message).cure(cure));
            return None;
        }
        match pieces(text) {
            Err(bad) => {
                let message = format!("{what} {}", bad.why);
                self.report(node.span, Diagnostic::error("bad_reference", message).cure(bad.cure));
                return None;
            }
            Ok(found) if always_secret && found.iter().all(|piece| matches!(piece, Piece::Text(_))) => {
                let message = format!("{what} is written into the file");
                self.report(node.span, Diagnostic::warning("literal_secret", message).cure(KEEP_OUT));
            }
            Ok(_) => {}
        }
        Some(Value { text: text.to_owned(), location: self.place(node.span) })
    }

    fn events(&mut self, node: &Node<'_>) -> Option<Vec<NoticeKind>> {
        let Content::List(items) = &node.content else {
            self.wrong_type(node, "events", "a list ([drift, contested])");
            return None;
        };
        if items.is_empty() && !node.partial {
            let cure = "name events, or remove the line to be told of all";
            self.report(node.span, Diagnostic::error(BAD_NOTIFY, "events names none").cure(cure));
            return None;
        }
        let words: Vec<Word<NoticeKind>> = NoticeKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
        let all = names(&words);
        let mut kinds = Vec::new();
        let mut good = true;
        for item in items {
            let Some(text) = self.text(item, "an event") else {
                good = false;
                continue;
            };
            if let Some((_, kind)) = words.iter().find(|(word, _)| *word == text) {
                kinds.push(*kind);
                continue;
            }
            good = false;
            let cure =
                did_you_mean(text, all.iter().copied()).unwrap_or_else(|| format!("write {}", one_of(&all)));
            let message = format!("there is no event {}", quote(text));
            self.report(item.span, Diagnostic::error(BAD_NOTIFY, message).cure(cure));
        }
        good.then_some(kinds)
    }

    fn headers(&mut self, node: &Node<'_>) -> Option<BTreeMap<String, Value>> {
        let mut headers = BTreeMap::new();
        for entry in self.mapping(node, "headers")? {
            let name = entry.key.to_ascii_lowercase();
            let good = HeaderName::from_bytes(name.as_bytes()).is_ok() && !OWN_HEADERS.contains(&&*name);
            if !good {
                self.hide_unless_reference(&entry.value);
                let message = format!("the header {} cannot be set here", quote(&entry.key));
                let cure =
                    "headers such as Authorization can; those of HTTP itself and of the signature cannot";
                self.report(entry.key_span, Diagnostic::error(BAD_NOTIFY, message).cure(cure));
                continue;
            }
            let telling = ["auth", "token", "secret", "key", "cookie"];
            let secret = telling.iter().any(|part| name.contains(part));
            if let Some(value) = self.hidden(&entry.value, &format!("the header {name}"), secret) {
                headers.insert(name, value);
            }
        }
        Some(headers)
    }
}

const BAD_NOTIFY: &str = "bad_notify";
const KEEP_OUT: &str = "write ${env:NAME} or ${file:PATH} and keep it out of the file";
