//! `healthy_when:`: when a server that was started counts as healthy.

use super::Decoder;
use super::HEALTH_KEYS;
use super::keys::HealthKey;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::yaml::{Content, Node};
use crate::model::{BadPlaceholder, HealthCheck, Labels, Probe, fill};
use reqwest::Url;
use std::sync::Arc;

/// The most words of a program and its arguments.
const MAX_WORDS: usize = 100;

/// A check, or that there is to be none.
pub(super) type Check = Option<Arc<HealthCheck>>;

impl Decoder<'_> {
    /// A check, or `none`. `None` if it could not be read; that was reported.
    pub(super) fn health_check(&mut self, node: &Node<'_>) -> Option<Check> {
        if let Content::Scalar(text) = &node.content
            && text == "none"
        {
            return Some(None);
        }
        let fields = self.fields(node, &HEALTH_KEYS, "healthy_when")?;
        let value = |key: HealthKey| fields.value(key as usize);
        let within = value(HealthKey::Within).map(|node| self.period(node, "within"));
        let timeout = value(HealthKey::Timeout).map(|node| self.period(node, "timeout"));
        let ways = [HealthKey::Tcp, HealthKey::Http, HealthKey::Exec].map(|key| (key, value(key)));
        let mut given = ways.into_iter().filter_map(|(key, node)| Some((key, node?)));
        let (first, second) = (given.next(), given.next());
        if let Some((_, node)) = second {
            let message = "healthy_when takes one of tcp, http and exec";
            self.report(
                node.span,
                Diagnostic::error(BAD_CHECK, message).cure("keep one; exec can do several things"),
            );
            return None;
        }
        let Some((key, asked)) = first else {
            if !fields.partial {
                let message = "healthy_when does not say what is asked";
                let cure =
                    "write tcp: \"host:port\", http: \"https://host/path\" or exec: [program, argument]";
                self.report(node.span, Diagnostic::error(BAD_CHECK, message).cure(cure));
            }
            return None;
        };
        let probe = match key {
            HealthKey::Tcp => Probe::Tcp(self.place_to_connect(asked)?),
            HealthKey::Http => Probe::Http(self.url_to_get(asked)?),
            _ => Probe::Exec(self.program(asked)?),
        };
        let within = within.map_or(Some(HealthCheck::WITHIN), |read| read)?;
        let timeout = timeout.map_or(Some(HealthCheck::TIMEOUT), |read| read)?;
        Some(Some(Arc::new(HealthCheck { probe, within, timeout })))
    }

    /// A text whose placeholders all exist, and the same with something in their places.
    fn template(&mut self, node: &Node<'_>, what: &str) -> Option<(String, String)> {
        let text = self.text(node, what)?;
        match fill(text, |_| "1".into()) {
            Ok(filled) if !filled.contains(char::is_control) => Some((text.to_owned(), filled)),
            Ok(_) => {
                let message = format!("{what} holds a control character");
                self.report(node.span, Diagnostic::error(BAD_CHECK, message));
                None
            }
            Err(bad) => {
                let (message, cure) = match bad {
                    BadPlaceholder::Unknown(name) if text.contains("${") => (
                        format!("there is no placeholder {}", quote(&format!("{{{name}}}"))),
                        "references such as ${env:NAME} are for the settings of providers only",
                    ),
                    BadPlaceholder::Unknown(name) => (
                        format!("there is no placeholder {}", quote(&format!("{{{name}}}"))),
                        "write {name}, {id}, {provider} or {label:KEY}; a brace itself is written {{ or }}",
                    ),
                    BadPlaceholder::Unbalanced => (
                        format!("{what} opens or closes a brace without its partner"),
                        "a brace itself is written {{ or }}",
                    ),
                };
                self.report(node.span, Diagnostic::error("bad_placeholder", message).cure(cure));
                None
            }
        }
    }

    fn place_to_connect(&mut self, node: &Node<'_>) -> Option<String> {
        let (text, filled) = self.template(node, "tcp")?;
        let port = filled.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.and_then(|(_, port)| port.parse::<u16>().ok()).is_some_and(|port| port > 0) {
            return Some(text);
        }
        let message = format!("tcp must be a host and a port, not {}", quote(&text));
        self.report(
            node.span,
            Diagnostic::error(BAD_CHECK, message).cure("write \"{name}.example.com:443\""),
        );
        None
    }

    fn url_to_get(&mut self, node: &Node<'_>) -> Option<String> {
        let (text, filled) = self.template(node, "http")?;
        let url = Url::parse(&filled).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let (message, cure) = match url {
            None => ("http must be an http(s) URL", "write \"https://{name}.example.com/health\""),
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                ("the URL holds credentials", "a check sends none: ask for something that needs none")
            }
            Some(_) => return Some(text),
        };
        self.report(node.span, Diagnostic::error(BAD_CHECK, message).cure(cure));
        None
    }

    fn program(&mut self, node: &Node<'_>) -> Option<Vec<String>> {
        let cure = "write [program, argument, …]; there is no shell that would take a text apart";
        let Content::List(items) = &node.content else {
            let message = format!("exec must be a list, this is {}", node.kind());
            self.report(node.span, Diagnostic::error(BAD_CHECK, message).cure(cure));
            return None;
        };
        let words: Vec<Option<String>> =
            items.iter().map(|item| self.template(item, "exec").map(|(text, _)| text)).collect();
        let words: Vec<String> = words.into_iter().collect::<Option<_>>()?;
        if words.len() > MAX_WORDS || words.first().is_none_or(String::is_empty) {
            let message = format!("exec must name a program and at most {} arguments", MAX_WORDS - 1);
            self.report(node.span, Diagnostic::error(BAD_CHECK, message).cure(cure));
            return None;
        }
        Some(words)
    }

    /// Reports placeholders of labels that a server does not have, at the place that says what server it is.
    pub(super) fn labels_of_check(&mut self, node: &Node<'_>, check: &HealthCheck, labels: &Labels) {
        for key in check.labels() {
            if !labels.contains_key(&key) {
                let message = format!("healthy_when of this server needs the label {}", quote(&key));
                let cure = "give it that label, or a healthy_when of its own (none: no check)";
                self.report(node.span, Diagnostic::error("bad_placeholder", message).cure(cure));
            }
        }
    }
}

/// The code of a check that cannot be asked.
const BAD_CHECK: &str = "bad_health_check";
