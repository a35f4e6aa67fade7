//! `windows:`: when which actions may run.

use super::Decoder;
use super::holidays::Holidays;
use super::keys::{WINDOW_KEYS, WindowKey};
use super::order::Placed;
use crate::calendar::{Dates, Hours};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::source::Source;
use crate::config::yaml::{Content, Node};
use crate::model::{Window, WindowRule};

/// The code of a window that cannot be read.
const BAD_WINDOW: &str = "bad_window";

/// The most windows.
const MAX_WINDOWS: usize = 1000;

/// All windows so far, with the selectors of those that have one.
#[derive(Default)]
pub(super) struct GivenWindows {
    /// In the order of the files.
    pub(super) list: Vec<Window>,
    /// Their selectors, to be held against the servers once all are known.
    pub(super) selectors: Vec<Placed>,
}

impl Decoder<'_> {
    /// `windows:`, a list.
    pub(super) fn windows(
        &mut self,
        node: &Node<'_>,
        source: &Source,
        holidays: &mut Holidays,
        into: &mut GivenWindows,
    ) {
        let Content::List(items) = &node.content else {
            if !node.is_null() {
                self.wrong_type(node, "windows", "a list (- allow: …)");
            }
            return;
        };
        for item in items {
            if into.list.len() >= MAX_WINDOWS {
                let message = format!("there are more than {MAX_WINDOWS} windows up to here");
                let cure = "a window may have several times and be about all servers of a label";
                self.report(item.span, Diagnostic::error(BAD_WINDOW, message).cure(cure));
                return;
            }
            let window = self.window(item, source, holidays, &mut into.selectors);
            into.list.extend(window);
        }
    }

    fn window(
        &mut self,
        node: &Node<'_>,
        source: &Source,
        holidays: &mut Holidays,
        selectors: &mut Vec<Placed>,
    ) -> Option<Window> {
        let fields = self.fields(node, &WINDOW_KEYS, "a window")?;
        let value = |key: WindowKey| fields.value(key as usize);
        let zone = self.zone_of(node, value(WindowKey::Zone), fields.partial);
        let verbs = match value(WindowKey::Verbs) {
            None => Some(Vec::new()),
            Some(node) => self.verbs(node, |message| Diagnostic::error(BAD_WINDOW, message)),
        };
        let placed = value(WindowKey::Select).map(|node| self.selector(node, "select"));
        let (rule, given) = match (value(WindowKey::Allow), value(WindowKey::Deny)) {
            (Some(allow), None) => (WindowRule::Allow, allow),
            (None, Some(deny)) => (WindowRule::Deny, deny),
            (allow, _) => {
                if !fields.partial {
                    let message = if allow.is_some() {
                        "the window has both allow and deny"
                    } else {
                        "the window has neither allow nor deny"
                    };
                    let cure = "write allow: with the times at which these actions may run, or deny: with those at which they may not";
                    self.report(node.span, Diagnostic::error(BAD_WINDOW, message).cure(cure));
                }
                return None;
            }
        };
        let times = self.week_times(given, if rule == WindowRule::Allow { "allow" } else { "deny" });
        let except = match (value(WindowKey::Except), &zone) {
            (None, _) => Some(Dates::default()),
            (Some(node), Some(zone)) => self.except(node, zone, source, holidays),
            (Some(_), None) => None,
        };
        let name = match value(WindowKey::Name) {
            Some(node) => self.window_name(node)?,
            None => unnamed(rule, given),
        };
        let hours = Hours { zone: zone?, times: times?, except: except? };
        let select = match placed {
            None => None,
            Some(placed) => {
                let placed = placed?;
                let selector = placed.selector.clone();
                selectors.push(placed);
                Some(selector)
            }
        };
        if rule == WindowRule::Deny && hours.are_always() {
            let message = "the window denies at all times";
            let cure = "leave the servers out of the file, or write protect: true";
            self.report(given.span, Diagnostic::error(BAD_WINDOW, message).cure(cure));
            return None;
        }
        Some(Window { name, verbs: verbs?, select, rule, hours, location: self.place(node.span) })
    }

    fn window_name(&mut self, node: &Node<'_>) -> Option<String> {
        let text = self.text(node, "name")?;
        let is_name = !text.trim().is_empty() && text.len() <= 64 && !text.chars().any(char::is_control);
        if !is_name {
            let message = format!("a window cannot be called {}", quote(text));
            self.report(
                node.span,
                Diagnostic::error(BAD_WINDOW, message).cure("use a short word, such as nights"),
            );
        }
        is_name.then(|| text.to_owned())
    }
}

/// What a window without a name is called: what it says.
fn unnamed(rule: WindowRule, times: &Node<'_>) -> String {
    let word = if rule == WindowRule::Allow { "allow" } else { "deny" };
    let first = match &times.content {
        Content::List(items) => items.first(),
        _ => Some(times),
    };
    let text = match first.map(|node| &node.content) {
        Some(Content::Scalar(text)) => text.chars().filter(|c| !c.is_control()).take(64).collect::<String>(),
        _ => String::new(),
    };
    format!("{word} {text}")
}
