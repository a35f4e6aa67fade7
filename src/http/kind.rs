//! Which calls can be compared by their time.

use super::request::Request;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Longer parts of a path are ids, as a rule.
const LONGEST_WORD: usize = 24;

/// A number that is equal for calls of one kind: the same method and path, whatever its ids are. An id that reads like
/// a word makes a kind of its own, which does no harm: then there is nothing to compare with.
pub(super) fn kind(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.method.hash(&mut hasher);
    for segment in &request.segments {
        let is_word = segment.len() <= LONGEST_WORD && !is_numbered(segment);
        is_word.then_some(segment).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether it has a digit, but for versions such as `v2.0`.
fn is_numbered(segment: &str) -> bool {
    let rest = segment.strip_prefix('v').unwrap_or(segment);
    let is_version = rest.len() < segment.len() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    !is_version && segment.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Nature;
    use reqwest::Method;

    #[test]
    fn ids_do_not_make_a_kind_and_paths_and_methods_do() {
        let get = |path: &str| kind(&Request::get(path.split('/')));
        assert_eq!(get("v2/servers/wa1web01"), get("v2/servers/wa1db02"));
        assert_eq!(
            get("servers/9f3a7bd0-6f1e-4b5e-9c3d-000000000000"),
            get("servers/abcdefab-abcd-abcd-abcd-abcdefabcdef")
        );
        assert_ne!(get("v2/servers"), get("v2/servers/wa1web01"));
        assert_ne!(get("v2/servers"), get("v3/servers"));
        assert_ne!(get("grid/server/list"), get("grid/server/get"));
        let post = Request::new(Nature::Change, Method::POST, ["v2", "servers"]);
        assert_ne!(kind(&post), get("v2/servers"));
    }
}
