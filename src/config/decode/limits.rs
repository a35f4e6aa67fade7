//! `limits:`: the guards of all files together.

use super::Decoder;
use super::LIMIT_KEYS;
use super::defaults::Given;
use super::keys::LimitKey;
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::yaml::{Content, Node};
use crate::model::{Bound, LimitKind, Limits, Rolling};

/// The guards and the places that gave them.
#[derive(Default)]
pub(super) struct GivenLimits {
    changes: Given<Vec<AnyBound>>,
    power_offs: Given<Vec<AnyBound>>,
    deletes: Given<Vec<AnyBound>>,
}

/// A bound of one plan, or over a time.
#[derive(Clone, Copy, PartialEq)]
enum AnyBound {
    Plan(Bound),
    Rolling(Rolling),
}

impl GivenLimits {
    /// The guards alone.
    pub(super) fn limits(self) -> Limits {
        let mut rolling = Vec::new();
        let mut bounds = |given: Given<Vec<AnyBound>>| {
            let mut of_plan = Vec::new();
            for bound in given.map(|(bounds, _)| bounds).unwrap_or_default() {
                match bound {
                    AnyBound::Plan(bound) => of_plan.push(bound),
                    AnyBound::Rolling(bound) => rolling.push(bound),
                }
            }
            of_plan
        };
        Limits {
            max_changes: bounds(self.changes),
            max_power_offs: bounds(self.power_offs),
            max_deletes: bounds(self.deletes),
            rolling,
        }
    }
}

/// Decodes one `limits:` into what the other files gave.
pub(super) fn limits(decoder: &mut Decoder<'_>, node: &Node<'_>, into: &mut GivenLimits) {
    let Some(fields) = decoder.fields(node, &LIMIT_KEYS, "limits") else { return };
    for (key, kind, slot) in [
        (LimitKey::Changes, LimitKind::Changes, &mut into.changes),
        (LimitKey::PowerOffs, LimitKind::PowerOffs, &mut into.power_offs),
        (LimitKey::Deletes, LimitKind::Deletes, &mut into.deletes),
    ] {
        let name = LIMIT_KEYS[key as usize].name;
        if let Some(node) = fields.value(key as usize) {
            let read = decoder.bounds(node, name, kind);
            decoder.agree(slot, read, node.span, name);
        }
    }
}

impl Decoder<'_> {
    /// A bound or a list of them.
    fn bounds(&mut self, node: &Node<'_>, what: &str, kind: LimitKind) -> Option<Vec<AnyBound>> {
        match &node.content {
            Content::List(_) if node.partial => None,
            Content::List(items) if items.is_empty() => {
                let message = format!("{what} holds no bound");
                let cure = "write a number or a percentage, or remove the line";
                self.report(node.span, Diagnostic::error("bad_limit", message).cure(cure));
                None
            }
            Content::List(items) => {
                let read: Vec<_> = items.iter().map(|item| self.bound(item, what, kind)).collect();
                read.into_iter().collect()
            }
            _ => self.bound(node, what, kind).map(|bound| vec![bound]),
        }
    }

    fn bound(&mut self, node: &Node<'_>, what: &str, kind: LimitKind) -> Option<AnyBound> {
        let text = self.text(node, what)?;
        let rolling = || Rolling::parse(kind, text).map(AnyBound::Rolling);
        let bound = Bound::parse(text).map(AnyBound::Plan).or_else(rolling);
        let bound = bound.filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
        if bound.is_none() {
            let message = format!("{what} must be a number or a percentage up to 100%, not {}", quote(text));
            let cure = "write 5, 10%, 5% per 24h or [5, 10%]; in the list both hold";
            self.report(node.span, Diagnostic::error("bad_limit", message).cure(cure));
        }
        bound
    }
}
