//! What a provider's folder gives to the simulator: its side of the wire.

use super::{ConnectionWorld, Moment, Request, Response, SimServer};
use std::collections::BTreeMap;

/// The wire face of one provider type, written from the provider's page.
///
/// **Must** be pure over the world it is handed: no IO, no sleeping, no clock of its own; latency, faults and
/// settling belong to the simulator. **Must not** be more lenient than the page: what the provider refuses, or may
/// refuse, is refused with the provider's own envelope. **May** keep what it has to remember (sessions, groups) in
/// [`ConnectionWorld::memory`].
pub trait Face: Send + Sync {
    /// The `type:` of the connections it serves.
    fn type_name(&self) -> &'static str;

    /// The path under which a connection is served, percent-encoded, without a slash at the end.
    fn base_path(&self, connection: &str) -> String;

    /// The settings a client of this connection works with, `endpoint` and made-up credentials among them.
    fn settings(&self, connection: &str, base_url: &str) -> BTreeMap<String, String>;

    /// An id in the provider's manner for the `ordinal`th server (from 1) of a connection that names none.
    fn new_id(&self, connection: &str, ordinal: u64) -> String;

    /// The keys of a server's `attributes:` that this provider knows.
    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether such a server can exist here. The error says what is wrong with it.
    fn check(&self, _server: &SimServer) -> Result<(), String> {
        Ok(())
    }

    /// The path with its variable parts named, `/servers/{id}/action`, for counting calls.
    fn route(&self, request: &Request) -> &'static str;

    /// Whether the request asks for a change of a server; a login does not. For fault rules.
    fn changes(&self, request: &Request) -> bool {
        request.method != "GET"
    }

    /// Answers one request. Transitions that are due at `now` have been settled before.
    fn handle(&self, world: &mut ConnectionWorld, request: &Request, now: Moment) -> Response;

    /// The provider's answer to a call that is not possible now, for the fault `refuse`.
    fn refuse(&self, request: &Request) -> Response;
}

/// The key of [`ConnectionWorld::memory`] under which a face keeps the sessions that it has opened, so that they can
/// be ended behind the clients' backs.
pub const SESSIONS: &str = "tokens";

/// The faces that a simulator is started with; the provider registry has them all.
pub type Faces<'a> = &'a [&'static dyn Face];

/// The text as one path segment.
pub fn path_segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, SEGMENT).to_string()
}
