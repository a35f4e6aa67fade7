//! What the services share: reading an answer, and saying what went wrong in terms of flags and scopes.

use crate::http::Answer;
use crate::provider::{Error, ErrorKind};
use serde_json::Value;

/// What to do about a refusal, service by service.
pub(super) struct Advice {
    /// 401.
    pub(super) unknown: &'static str,
    /// 403.
    pub(super) forbidden: &'static str,
    /// 404.
    pub(super) not_there: &'static str,
}

/// The error of an answer that is no success.
pub(super) fn failure(answer: &Answer, throttled: bool, advice: &Advice) -> Error {
    let said = said(&answer.body);
    let said = said.as_deref();
    if throttled {
        return answer.failure_as(ErrorKind::RateLimited, "too many requests", said);
    }
    let too_long = said.is_some_and(|said| said.to_ascii_lowercase().contains("too long"));
    match answer.status {
        401 => answer.failure(said).with_hint(advice.unknown),
        403 => answer.failure(said).with_hint(advice.forbidden),
        404 => {
            let meaning = "the request to comment on is not there, or this token cannot see it";
            answer.failure_as(ErrorKind::NotFound, meaning, said).with_hint(advice.not_there)
        }
        413 => too_large(answer, said),
        400 | 422 if too_long => too_large(answer, said),
        300..=399 => {
            let error = answer.failure(said);
            // It says where the redirect leads; the cure there is about fleet files.
            let to =
                error.hint.as_deref().and_then(|hint| hint.split(';').next()).unwrap_or_default().to_owned();
            let cure = "a repository that was renamed or moved: give its new name by --repo, or the API's final \
                        address by --api";
            error.with_hint(if to.is_empty() { cure.to_owned() } else { format!("{to}; {cure}") })
        }
        _ => answer.failure(said),
    }
}

fn too_large(answer: &Answer, said: Option<&str>) -> Error {
    answer
        .failure_as(ErrorKind::Refused, "the comment is too long for this service", said)
        .with_hint("give a lower --max-length")
}

/// What an answer says about itself: `message` (on GitLab a text or an object), `error`, and the messages of GitHub's
/// `errors`.
fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let first = ["message", "error_description", "error"].iter().find_map(|key| text(&value[*key]))?;
    let more = value["errors"].as_array().into_iter().flatten();
    let more = more.filter_map(|one| text(if one.is_object() { &one["message"] } else { one }));
    Some(more.fold(first, |all, one| format!("{all}: {one}")))
}

/// The address of a page, if it is one: it is printed for people and programs to follow.
pub(super) fn page_address(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.to_string())
}

/// A comment's text as JSON.
pub(super) fn body_of(text: &str) -> crate::http::Body {
    crate::http::Body::Json(serde_json::json!({ "body": text }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_says_is_found_in_every_shape() {
        for (body, expected) in [
            (r#"{"message":"Bad credentials"}"#, Some("Bad credentials")),
            (
                r#"{"message":"V","errors":[{"message":"body is too long"},"x",{}]}"#,
                Some("V: body is too long: x"),
            ),
            (r#"{"message":{"note":["is too long"]}}"#, Some(r#"{"note":["is too long"]}"#)),
            (r#"{"error":"insufficient_scope","error_description":"needs api"}"#, Some("needs api")),
            (r#"{"error":"404 Not found"}"#, Some("404 Not found")),
            ("[]", None),
            ("<html>", None),
        ] {
            assert_eq!(said(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
