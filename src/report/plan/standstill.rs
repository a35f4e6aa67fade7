//! What is not done because of time or people, and who says so: in words, the same in every format.

use super::words::Piece;
use crate::model::Freeze;
use crate::plan::{HoldInForce, Withheld};

fn prose<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Piece<'a> {
    Piece::Prose(text.into())
}

fn name(text: &str) -> Piece<'_> {
    Piece::Name(text.into())
}

/// What waits at a server: `power off, reboot`.
pub(super) fn actions(withheld: &Withheld) -> String {
    withheld.actions.iter().map(|verb| verb.phrase()).collect::<Vec<_>>().join(", ")
}

/// A freeze: what a reader must know before anything else.
pub(super) fn freeze_sentence(freeze: &Freeze) -> Vec<Piece<'_>> {
    vec![
        prose("Frozen by "),
        name(&freeze.by),
        prose(format!(" until {}: ", freeze.until)),
        name(&freeze.reason),
        prose(". Nothing is done to any server."),
    ]
}

/// A hold, behind the word `held`: `east/web-* off by alice until … (disk swap); 3 servers; id 1f2e3d4c`.
pub(super) fn hold_words(in_force: &HoldInForce) -> Vec<Piece<'_>> {
    let hold = &in_force.hold;
    let servers = match (in_force.servers, in_force.overridden) {
        (0, _) => "no server of the file".to_owned(),
        (1, 0) => "1 server".to_owned(),
        (1, _) => "1 server, which a later hold has".to_owned(),
        (all, 0) => format!("{all} servers"),
        (all, over) if all == over => format!("{all} servers, which later holds have"),
        (all, over) => format!("{all} servers, {over} of which later holds have"),
    };
    let selector = hold.selector.to_string();
    vec![
        Piece::Name(selector.into()),
        prose(format!(" {} by ", hold.to)),
        name(&hold.by),
        prose(format!(" until {} (", hold.until)),
        name(&hold.reason),
        prose(format!("); {servers}; id ")),
        name(&hold.id),
    ]
}
