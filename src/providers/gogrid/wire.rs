//! `GoGrid`'s JSON, as far as it is read. Every answer is an envelope around a list.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) status: String,
    pub(super) summary: Option<Summary>,
    #[serde(default, borrow)]
    pub(super) list: Vec<Item<'a>>,
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
pub(super) struct Item<'a> {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) state: Option<Word<'a>>,
    #[serde(borrow)]
    pub(super) currentstate: Option<Word<'a>>,
    pub(super) errorcode: Option<String>,
    pub(super) message: Option<String>,
}

/// An option of a lookup table.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Word<'a> {
    pub(super) id: Option<Id>,
    #[serde(borrow)]
    pub(super) name: Option<Cow<'a, str>>,
}

/// A number on the wire, text for us: it is 64 bits wide and only ever handed back.
#[derive(PartialEq, Eq)]
pub(super) enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    /// As text.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }

    /// As a number, where it is one.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }

    /// Whether it is written like this.
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Number(number) => text.parse() == Ok(*number),
            Self::Text(own) => own == text,
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
