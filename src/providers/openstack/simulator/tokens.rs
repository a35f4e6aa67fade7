//! The tokens that Keystone has given out and Nova believes.

use super::names;
use crate::simulator::{ConnectionWorld, Moment, Request, SESSIONS};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const COUNT: &str = "requests";

/// What a token is good for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) ends: Moment,
    /// Whether it is for the project; else it is for nothing.
    pub(super) scoped: bool,
}

/// Makes a token, and forgets those that have ended.
pub(super) fn issue(
    world: &mut ConnectionWorld,
    life: Duration,
    scoped: bool,
    now: Moment,
) -> (String, Token) {
    let number = count(world);
    let bytes: Vec<u8> = ["token", "signature"]
        .iter()
        .flat_map(|what| names::digest(&world.name, &format!("{what} {}", now.millis()), number))
        .collect();
    let text = format!("gAAAAAB{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes));
    let token = Token { ends: now.after(life), scoped };
    let mut all = known(world);
    all.retain(|_, token| token.ends > now);
    all.insert(text.clone(), token);
    world.memory.insert(SESSIONS.to_owned(), serde_json::to_value(all).unwrap_or_default());
    (text, token)
}

/// The token that a request to Nova carries, if it is one and still lives.
pub(super) fn of_request(world: &ConnectionWorld, request: &Request, now: Moment) -> Option<Token> {
    let text = request.header("x-auth-token")?;
    let token = world.memory.get(SESSIONS)?.get(text)?;
    Token::deserialize(token).ok().filter(|token| token.ends > now)
}

/// Numbers that are never used twice, for ids of calls and for tokens.
pub(super) fn count(world: &mut ConnectionWorld) -> u64 {
    let number = world.memory.get(COUNT).and_then(Value::as_u64).unwrap_or(0) + 1;
    world.memory.insert(COUNT.to_owned(), number.into());
    number
}

fn known(world: &ConnectionWorld) -> BTreeMap<String, Token> {
    world.memory.get(SESSIONS).and_then(|all| BTreeMap::deserialize(all).ok()).unwrap_or_default()
}
