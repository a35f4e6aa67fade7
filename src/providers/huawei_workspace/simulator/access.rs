//! Who calls: by token or by signature.

use super::Answer;
use super::answers::{token_ended, unauthenticated};
use super::identity::{self, Scope, Token};
use super::signature::Claim;
use crate::simulator::{ConnectionWorld, Moment, Request};

/// A token that is good for the service and never ends.
pub(super) fn static_token(connection: &str) -> String {
    format!("simulated-{connection}-static-token")
}

fn security_token(connection: &str) -> String {
    format!("simulated-{connection}-security-token")
}

/// The secret that goes with an access key, and the security token, if it takes one.
fn keys(connection: &str, access: &str) -> Option<(String, Option<String>)> {
    let own = format!("SIMULATED{}", connection.to_uppercase());
    match access.strip_prefix(own.as_str())? {
        "AK" => Some((format!("{own}SECRETKEY"), None)),
        "TEMPAK" => Some((format!("{own}TEMPSECRETKEY"), Some(security_token(connection)))),
        _ => None,
    }
}

/// Whether the caller may use the service.
pub(super) fn check(world: &ConnectionWorld, base: &str, request: &Request, now: Moment) -> Answer<()> {
    match caller(world, base, request, now)? {
        Scope::Project => Ok(()),
        Scope::None => Err(unauthenticated("the token has no project")),
    }
}

/// What the caller may do. A signature is judged before a token is looked at.
pub(super) fn caller(world: &ConnectionWorld, base: &str, request: &Request, now: Moment) -> Answer<Scope> {
    if let Some(header) = request.header("authorization") {
        return signed(world, base, header, request, now).map(|()| Scope::Project);
    }
    let token = request.header("x-auth-token").ok_or_else(|| unauthenticated("no token and no signature"))?;
    match identity::judge(world, token, now) {
        Token::Good(scope) => Ok(scope),
        Token::Ended => Err(token_ended()),
        Token::Unknown => Err(unauthenticated("decrypt token fail")),
    }
}

fn signed(world: &ConnectionWorld, base: &str, header: &str, request: &Request, now: Moment) -> Answer<()> {
    let claim =
        Claim::read(header).ok_or_else(|| unauthenticated("the Authorization header is malformed"))?;
    let (secret, token) =
        keys(&world.name, claim.access).ok_or_else(|| unauthenticated("the access key does not exist"))?;
    claim.verify(&secret, base, request, now).map_err(unauthenticated)?;
    let given = request.header("x-security-token");
    if given != token.as_deref() || given.is_some() != claim.signs("x-security-token") {
        return Err(unauthenticated("the security token is not that of the access key, or is not signed"));
    }
    Ok(())
}
