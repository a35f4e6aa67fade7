//! Signatures of snapshots in minisign's format (<https://jedisct1.github.io/minisign/>, read 2026-11-21): a detached
//! file of four lines, over the `BLAKE2b` hash of the snapshot. What fleetform signs, `minisign -V` checks, and the
//! other way round. Signatures of the old kind, over the whole file, are refused: minisign has made none without
//! being asked to since 0.10.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use minisign::{SecretKey, SecretKeyBox};
use secrecy::{ExposeSecret, SecretString};
use std::ffi::OsString;
use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Bytes of a secret key's record: algorithms, salt, limits of the derivation, id, key, checksum.
const SECRET_KEY: usize = 2 + 2 + 2 + 32 + 8 + 8 + 8 + 64 + 32;

/// Bytes of a public key's record: algorithm, id, key.
const PUBLIC_KEY: usize = 2 + 8 + 32;

/// Where the signature of a snapshot is: beside it, with `.minisig` after its whole name.
pub fn signature_path(snapshot: &Path) -> PathBuf {
    let mut name = OsString::from(snapshot);
    name.push(minisign::SIG_SUFFIX);
    name.into()
}

/// A key that signs. Prints nothing of itself.
pub struct SigningKey(SecretKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", key_id(self.0.keynum()))
    }
}

impl SigningKey {
    /// Reads the text of a secret-key file. `password` is only looked at where the key is encrypted.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it. It never holds a part of the key.
    pub fn read(text: &str, password: Option<&SecretString>) -> Result<Self, String> {
        let no_key = || {
            "it is no minisign secret key: those have two lines, and `minisign -G` makes one (the file that ends in \
             .key, not .pub)"
                .to_owned()
        };
        let line = text.lines().nth(1).ok_or_else(no_key)?.trim();
        let bytes =
            STANDARD.decode(line).ok().filter(|bytes| bytes.len() == SECRET_KEY).ok_or_else(no_key)?;
        let boxed = SecretKeyBox::from(text.to_owned());
        let key = match (&bytes[2..4], password) {
            ([0, 0], _) => boxed.into_unencrypted_secret_key(),
            // Without a password the crate would ask for one; a pipeline would wait for ever.
            (_, None) => return Err("it is encrypted; give its password in FLEETFORM_SIGN_PASSWORD".into()),
            (_, Some(password)) => boxed.into_secret_key(Some(password.expose_secret().to_owned())),
        };
        key.map(Self).map_err(|error| format!("the key cannot be used: {error}"))
    }

    /// The text of the signature file of `data`. The trusted comment, which is signed as well, says when and of which
    /// file name it was made.
    ///
    /// # Errors
    /// A sentence; only without randomness from the system.
    pub fn sign(&self, data: &[u8], file_name: &str, at: Timestamp) -> Result<String, String> {
        // A comment is one line.
        let file_name: String =
            file_name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let trusted = format!("timestamp:{}\tfile:{file_name}\thashed", at.as_second());
        let untrusted = "signature from fleetform snapshot";
        minisign::sign(None, &self.0, Cursor::new(data), Some(&trusted), Some(untrusted))
            .map(minisign::SignatureBox::into_string)
            .map_err(|error| format!("it cannot be signed: {error}"))
    }
}

/// A key that checks.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    key: minisign_verify::PublicKey,
    id: String,
}

/// Why a signature says nothing for a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no signature in minisign's format.
    NoSignature,
    /// It was made with another key.
    OtherKey,
    /// It is of the old kind.
    Legacy,
    /// It is not of these bytes: they were altered, or the signature was.
    Altered,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSignature => "it is no signature in minisign's format",
            Self::OtherKey => "it was made with another key",
            Self::Legacy => {
                "it is of minisign's legacy kind, over the file in place of its hash; sign without -l"
            }
            Self::Altered => "it does not fit: the snapshot or its signature was altered since it was signed",
        })
    }
}

impl VerifyingKey {
    /// Reads a public key: the text of a `.pub` file, or the base64 of its second line alone.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let no_key = || {
            "it is no minisign public key: that is the file that ends in .pub, or the 56 characters of its second line"
                .to_owned()
        };
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !is_comment(line));
        let line = line.ok_or_else(no_key)?;
        let bytes =
            STANDARD.decode(line).ok().filter(|bytes| bytes.len() == PUBLIC_KEY).ok_or_else(no_key)?;
        let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| no_key())?;
        Ok(Self { key, id: key_id(&bytes[2..10]) })
    }

    /// The key's id, as minisign prints it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether `signature` is this key's signature of `data`, its trusted comment included.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(&self, data: &[u8], signature: &str) -> Result<(), Refused> {
        use minisign_verify::Error;
        let signature = minisign_verify::Signature::decode(signature).map_err(|_| Refused::NoSignature)?;
        self.key.verify(data, &signature, false).map_err(|error| match error {
            Error::UnexpectedKeyId => Refused::OtherKey,
            Error::UnexpectedAlgorithm | Error::UnsupportedLegacyMode => Refused::Legacy,
            _ => Refused::Altered,
        })
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with("untrusted comment:")
}

/// An id as minisign prints it: the number in hex, which is stored with its lowest byte first.
fn key_id(bytes: &[u8]) -> String {
    bytes.iter().rev().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// minisign's own key, from <https://jedisct1.github.io/minisign/>, read 2026-11-21.
    const PUBLISHED: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    /// A signature of the four bytes `test` by it, from <https://docs.rs/minisign-verify/0.2>, read 2026-11-21.
    const OF_TEST: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";

    /// One of the old kind, from <https://docs.rs/minisign-verify/0.1>, read 2026-11-21.
    const OF_TEST_LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";

    fn at() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_published_signature_of_the_real_tool_is_checked() {
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{PUBLISHED}\n");
        for text in [PUBLISHED, &file, &file.replace('\n', "\r\n")] {
            let key = VerifyingKey::read(text).unwrap();
            assert_eq!(key.id(), "E7620F1842B4E81F", "as the file's own comment says");
            assert_eq!(key.verify(b"test", OF_TEST), Ok(()));
            assert_eq!(key.verify(b"test", &OF_TEST.replace('\n', "\r\n")), Ok(()));
            assert_eq!(key.verify(b"Test", OF_TEST), Err(Refused::Altered));
            assert_eq!(key.verify(b"test", OF_TEST_LEGACY), Err(Refused::Legacy));
            let later = OF_TEST.replace("1633700835", "1733700835");
            assert_eq!(key.verify(b"test", &later), Err(Refused::Altered), "the comment is signed as well");
        }
    }

    #[test]
    fn any_cut_or_changed_signature_is_refused_and_nothing_panics() {
        let key = VerifyingKey::read(PUBLISHED).unwrap();
        for at in 0..OF_TEST.trim_end().len() {
            assert!(key.verify(b"test", &OF_TEST[..at]).is_err(), "cut at {at}");
        }
        let (head, rest) = OF_TEST.split_once('\n').unwrap();
        for at in 0..rest.trim_end().len() {
            let mut bytes = rest.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let text = format!("{head}\n{}", String::from_utf8(bytes).unwrap());
            assert!(key.verify(b"test", &text).is_err(), "changed at {at}: {text}");
        }
    }

    #[test]
    fn what_one_crate_signs_the_other_checks_with_a_comment_of_one_line() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let signing = SigningKey::read(&pair.sk.to_box(None).unwrap().into_string(), None).unwrap();
        let verifying = VerifyingKey::read(&pair.pk.to_box().unwrap().into_string()).unwrap();
        for (data, name) in [(&b""[..], "a.json"), (b"{}", "a\nb\t\u{1b}.json"), (b"\0\xff", "")] {
            let text = signing.sign(data, name, at()).unwrap();
            assert_eq!(text.lines().count(), 4, "{text}");
            assert_eq!(verifying.verify(data, &text), Ok(()));
            assert_eq!(verifying.verify(b"other", &text), Err(Refused::Altered));
        }
        assert_eq!(format!("{signing:?}"), format!("SigningKey({})", verifying.id()));
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_any_of_it() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let text = pair.sk.to_box(None).unwrap().into_string();
        let line = text.lines().nth(1).unwrap();
        let damaged = text.replace(&line[120..124], "AAAA");
        for garbage in ["", "one line", "a\nb", &text[..text.len() - 20], &damaged, PUBLISHED] {
            let error = SigningKey::read(garbage, None).unwrap_err();
            assert!(!error.contains(&line[100..110]), "{error}");
        }
        for garbage in ["", "RWQ", OF_TEST, &text, &PUBLISHED.replace("RWQ", "ABC")] {
            assert!(VerifyingKey::read(garbage).is_err(), "{garbage}");
        }
    }
}
