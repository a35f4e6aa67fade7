//! The JSON of the service and of the identity service, as far as it is read.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) count: Option<Text>,
    pub(super) items: Option<Vec<Server>>,
}

/// A server, in lists and alone.
#[derive(Deserialize)]
pub(super) struct Server {
    pub(super) id: Text,
    pub(super) name: Option<Text>,
    #[serde(rename = "vm_status")]
    pub(super) vm: Option<Text>,
    #[serde(rename = "task_status")]
    pub(super) task: Option<Text>,
    /// Of the component inside the guest.
    #[serde(rename = "status")]
    pub(super) registration: Option<Text>,
    pub(super) metadata: Option<Metadata>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) charging_mode: Option<Text>,
}

/// What a deletion answers.
#[derive(Deserialize)]
pub(super) struct Queued {
    pub(super) job_id: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct Job {
    pub(super) id: Option<Text>,
    pub(super) status: Text,
    pub(super) sub_jobs_total: Option<Text>,
    pub(super) sub_jobs: Option<Vec<SubJob>>,
}

#[derive(Deserialize)]
pub(super) struct SubJob {
    pub(super) status: Option<Text>,
    pub(super) job_resource_info: Option<Resource>,
    pub(super) error_code: Option<Text>,
    pub(super) error_message: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    pub(super) resource_id: Option<Text>,
}

/// What a login answers beside the token, which is in a header.
#[derive(Deserialize)]
pub(super) struct Login {
    pub(super) token: Token,
}

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) issued_at: Option<String>,
    pub(super) expires_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Projects {
    pub(super) projects: Vec<Project>,
}

#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
}

/// A text, or a number that is handled as text: ids are only handed back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Text {
    /// The text, unless it is one of the ways of saying nothing: the service writes null as a text, too.
    pub(super) fn said(text: Option<&Self>) -> Option<&str> {
        text.map(|text| text.0.as_str()).filter(|text| !matches!(*text, "" | "null"))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(text))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
