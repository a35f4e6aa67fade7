//! The signature of Standard Webhooks, for which receivers in every language have a library
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, 2026-11-21):
//! HMAC-SHA256 over id, time and body, so that an event can be neither changed nor kept for later.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What the scheme's own secrets begin with; base64 follows.
const PREFIX: &str = "whsec_";

/// The value of `webhook-signature`; `seconds` since 1970 is that of `webhook-timestamp`.
pub(super) fn signature(secret: &SecretString, id: &str, seconds: i64, body: &[u8]) -> String {
    let text = secret.expose_secret();
    let decoded = text.strip_prefix(PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
    let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        // Keys of any length are taken; this cannot be.
        return String::new();
    };
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own test suite.
    #[test]
    fn the_scheme_s_example_is_reproduced() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let plain = SecretString::from("not of the scheme, but long enough");
        assert_ne!(signature(&plain, "a", 1, body), signature(&plain, "a", 2, body));
    }
}
