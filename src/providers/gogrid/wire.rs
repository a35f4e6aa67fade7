//! `GoGrid`'s JSON, as far as it is read. Every answer is an envelope around a list.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) status: String,
    pub(super) summary: Option<Summary>,
    #[serde(default)]
    pub(super) list: Vec<Item>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Summary {
    pub(super) total: u64,
    #[serde(default)]
    pub(super) start: u64,
    #[serde(default)]
    pub(super) numpages: u64,
    pub(super) returned: u64,
}

/// A server, a job or an error: the list of a failure may hold any of them, so all are read alike.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) state: Option<Word>,
    pub(super) currentstate: Option<Word>,
    pub(super) errorcode: Option<String>,
    pub(super) message: Option<String>,
}

/// An option of a lookup table.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Word {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
}

/// A number on the wire, text for us: it is 64 bits wide and only ever handed back.
#[derive(PartialEq, Eq)]
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
