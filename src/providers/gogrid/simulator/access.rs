//! Keys, signatures and roles.

use super::params::Params;
use crate::simulator::Moment;
use md5::{Digest, Md5};
use std::fmt::Write as _;

/// How far a caller's clock may be off, in seconds.
const TOLERANCE: u64 = 600;

/// What a key may do; the greater one may do all that the lesser may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Lists and reads servers.
    Reader,
    /// Changes them too, and reads jobs.
    System,
}

pub(super) fn api_key(connection: &str) -> String {
    format!("sim-{connection}-key")
}

pub(super) fn secret(connection: &str) -> String {
    format!("sim-{connection}-secret")
}

/// The role of whoever signed this; `None` for a bad key, signature or clock. Beside the key of the settings there
/// is one that may only read: both its halves end in `-reader`.
pub(super) fn role(connection: &str, params: &Params, now: Moment) -> Option<Role> {
    let (key, sig) = (params.single("api_key")?, params.single("sig")?);
    let (full, secret) = (api_key(connection), secret(connection));
    if key == full {
        return signed_around(key, &secret, sig, now).then_some(Role::System);
    }
    let reader = key == format!("{full}-reader");
    (reader && signed_around(key, &format!("{secret}-reader"), sig, now)).then_some(Role::Reader)
}

/// The instant is not sent: the seconds around our own clock are tried, nearest first.
fn signed_around(key: &str, secret: &str, sig: &str, now: Moment) -> bool {
    let now = now.seconds();
    (0..=TOLERANCE)
        .flat_map(|off| [now.saturating_sub(off), now.saturating_add(off)])
        .any(|second| signature(key, secret, second) == sig)
}

/// The lower-case hex MD5 of key, secret and Unix second, one behind the other.
fn signature(key: &str, secret: &str, second: u64) -> String {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(format!("{key}{secret}{second}")) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_s_vectors_are_signed_alike() {
        for (key, secret, second, expected) in [
            ("gg-key", "gg-secret", 1_289_200_000, "28b4e6e5b6856a4e32eea487478802d0"),
            ("gg-key", "gg-secret", 1_700_000_000, "0ff127a9dc6663337316d1f923ec79e9"),
            ("identity", "credential", 1_267_243_795, "e9aafd0a5d4c69bb24536be4bce8a528"),
        ] {
            assert_eq!(signature(key, secret, second), expected);
        }
    }

    #[test]
    fn a_signature_holds_for_ten_minutes_either_way() {
        let now = Moment::from_millis(1_289_200_000_000);
        for (second, good) in
            [(1_289_199_400, true), (1_289_200_600, true), (1_289_199_399, false), (1_289_200_601, false)]
        {
            let sig = signature("k", "s", second);
            assert_eq!(signed_around("k", "s", &sig, now), good, "{second}");
        }
        let upper = signature("k", "s", 1_289_200_000).to_uppercase();
        assert!(!signed_around("k", "s", &upper, now));
    }
}
