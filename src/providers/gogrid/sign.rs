//! `GoGrid`'s signature: `lowercase_hex(MD5(api_key + secret + T))`, T in whole Unix seconds and not transmitted.
//! Sources: libcloud `common/gogrid.py`, `right_gogrid` `gogrid_base.rb`, jclouds `SharedKeyLiteAuthentication`.

use md5::{Digest, Md5};
use std::fmt::Write;

/// The `sig` parameter for a time in Unix seconds.
pub(super) fn signature(api_key: &str, secret: &str, unix_seconds: i64) -> String {
    let digest = Md5::new()
        .chain_update(api_key)
        .chain_update(secret)
        .chain_update(unix_seconds.to_string())
        .finalize();
    digest.iter().fold(String::with_capacity(32), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn agrees_with_the_published_vectors() {
        for (key, secret, time, expected) in [
            ("gg-key", "gg-secret", 1_289_200_000, "28b4e6e5b6856a4e32eea487478802d0"),
            ("gg-key", "gg-secret", 1_700_000_000, "0ff127a9dc6663337316d1f923ec79e9"),
            ("identity", "credential", 1_267_243_795, "e9aafd0a5d4c69bb24536be4bce8a528"),
        ] {
            assert_eq!(signature(key, secret, time), expected);
        }
    }
}
