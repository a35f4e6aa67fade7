//! Microversions: which one a call asks for, and the document that says what there is.

use super::Answer;
use super::envelope::{bad_request, fault};
use super::views::{Link, View};
use crate::simulator::{Request, Response};
use serde::Serialize;

const MAXIMUM: u32 = 96;

/// `N` of `2.N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Microversion(pub(super) u32);

impl Microversion {
    /// The version a call asks for; 2.1 if it does not say.
    pub(super) fn of(request: &Request) -> Answer<Self> {
        match asked(request)? {
            None => Ok(Self(1)),
            Some("latest") => Ok(Self(MAXIMUM)),
            Some(text) => Self::parse(text),
        }
    }

    fn parse(text: &str) -> Answer<Self> {
        let malformed = || {
            bad_request(&format!(
                "API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
            ))
        };
        let number = |part: &str| {
            let plain = part == "0" || !part.starts_with('0') && part.chars().all(|c| c.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| plain)
        };
        let (major, minor) = text.split_once('.').ok_or_else(malformed)?;
        match (number(major).filter(|major| *major > 0), number(minor)) {
            (Some(2), Some(minor @ 1..=MAXIMUM)) => Ok(Self(minor)),
            (Some(_), Some(_)) => Err(fault(
                406,
                &format!(
                    "Version {text} is not supported by the API. Minimum is 2.1 and maximum is 2.{MAXIMUM}."
                ),
            )),
            _ => Err(malformed()),
        }
    }

    /// An answer that says which version it is in.
    pub(super) fn stamped(self, response: Response) -> Response {
        response
            .with_header("openstack-api-version", format!("compute 2.{}", self.0))
            .with_header("x-openstack-nova-api-version", format!("2.{}", self.0))
            .with_header("vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
    }
}

/// The newer header goes before the older one; it may speak of other services too.
fn asked(request: &Request) -> Answer<Option<&str>> {
    let entries = request.header("openstack-api-version").into_iter().flat_map(|text| text.split(','));
    for entry in entries {
        let words: Vec<&str> = entry.split_whitespace().collect();
        match words[..] {
            ["compute", version] => return Ok(Some(version)),
            [_, _] => {}
            _ => return Err(bad_request("OpenStack-API-Version names a service and a version.")),
        }
    }
    Ok(request.header("x-openstack-nova-api-version").map(str::trim))
}

#[derive(Serialize)]
struct Root {
    version: Document,
}

#[derive(Serialize)]
struct Document {
    id: &'static str,
    status: &'static str,
    version: String,
    min_version: &'static str,
    updated: &'static str,
    links: [Link; 1],
}

/// `GET {compute}/`
pub(super) fn root(view: &View) -> Response {
    let version = Document {
        id: "v2.1",
        status: "CURRENT",
        version: format!("2.{MAXIMUM}"),
        min_version: "2.1",
        updated: "2013-07-23T11:33:21Z",
        links: [Link { rel: "self", href: format!("{}/", view.base) }],
    };
    Response::json(200, &Root { version })
}
