//! Media Temple's JSON, as far as it is read. The documentation mixes numbers and texts, so both are read wherever
//! either is documented.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// `{"services": […]}`, or the bare array of a deployment whose `wrapRoot` is off.
pub(super) struct Services(pub(super) Vec<Service>);

#[derive(Deserialize)]
struct WrappedServices {
    services: Vec<Service>,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) service: Service,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    pub(super) id: Scalar,
    #[serde(rename = "serviceType")]
    pub(super) kind: Option<Scalar>,
    pub(super) billing_status: Option<Scalar>,
    pub(super) billing_status_text: Option<Scalar>,
    pub(super) primary_domain: Option<Scalar>,
    pub(super) pending_reboot: Option<Scalar>,
}

/// The answer to everything but a successful read.
#[derive(Deserialize)]
pub(super) struct Wrapped {
    pub(super) response: Standard,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Standard {
    /// Repeats the HTTP status.
    pub(super) status_code: Scalar,
    #[serde(default)]
    pub(super) errors: Option<Vec<Fault>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fault {
    pub(super) error_code: Option<Scalar>,
    pub(super) message: Option<Scalar>,
}

/// A text, or a number or flag that is handled as text: ids are wider than a float holds, and only handed back.
#[derive(Debug)]
pub(super) struct Scalar(pub(super) String);

/// Digits and nothing else.
pub(super) fn is_whole_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl<'de> Deserialize<'de> for Services {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Services;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of services")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, all: A) -> Result<Services, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(all)).map(Services)
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Services, A::Error> {
                let wrapped = WrappedServices::deserialize(MapAccessDeserializer::new(object))?;
                Ok(Services(wrapped.services))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a text")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar, E> {
                Ok(Scalar(flag.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
