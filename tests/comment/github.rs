//! GitHub's endpoints as docs.github.com/en/rest/issues/comments has them (2022-11-28): repository `octo/fleet`, pull
//! request 12.

use crate::fake::{Reply, Seen, State, Stored, TOKEN};
use serde_json::{Value, json};

const MOST: usize = 65_536;

fn refusal(status: u16, message: &str) -> Reply {
    let page = "https://docs.github.com/rest";
    Reply::json(
        status,
        &json!({ "message": message, "documentation_url": page, "status": status.to_string() }),
    )
}

fn invalid(message: &str) -> Reply {
    let error =
        json!({ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message });
    Reply::json(422, &json!({ "message": "Validation Failed", "errors": [error], "status": "422" }))
}

fn view(state: &State, comment: &Stored) -> Value {
    json!({
        "id": comment.id,
        "node_id": format!("IC_{}", comment.id),
        "url": format!("{}/repos/octo/fleet/issues/comments/{}", state.url, comment.id),
        "html_url": format!("https://github.example/octo/fleet/pull/12#issuecomment-{}", comment.id),
        "body": comment.body,
        "user": { "login": "x", "id": comment.author, "type": if comment.bot { "Bot" } else { "User" } },
        "created_at": "2026-11-21T12:00:00Z",
        "updated_at": "2026-11-21T12:00:00Z",
        "performed_via_github_app": null,
    })
}

pub(crate) fn answer(state: &mut State, seen: &Seen) -> Reply {
    if !seen.headers.contains_key("user-agent") {
        return refusal(403, "Request forbidden by administrative rules.");
    }
    if seen.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {TOKEN}")) {
        return refusal(401, "Bad credentials");
    }
    if seen.headers.get("x-github-api-version").map(String::as_str) != Some("2022-11-28") {
        return refusal(400, "Invalid API version");
    }
    let path = seen.path(state.service).unwrap_or_default().to_owned();
    let comments = "/repos/octo/fleet/issues/12/comments";
    match (seen.method.as_str(), path.as_str()) {
        ("GET", "/user") if state.anonymous => refusal(403, "Resource not accessible by integration"),
        ("GET", "/user") => Reply::json(200, &json!({ "login": "x", "id": state.me, "type": "User" })),
        ("GET", path) if path == comments => list(state, seen),
        ("POST", path) if path == comments => match seen.text() {
            _ if !state.writes => refusal(403, "Resource not accessible by integration"),
            None => invalid("body is missing"),
            Some(text) if text.chars().count() > MOST => {
                invalid("Body is too long (maximum is 65536 characters)")
            }
            Some(text) => {
                let (me, bot) = (state.me, state.anonymous);
                let made = state.add(me, bot, &text);
                Reply::json(201, &view(state, &made))
            }
        },
        ("PATCH", path) => {
            let id = path.strip_prefix("/repos/octo/fleet/issues/comments/").and_then(|id| id.parse().ok());
            let at = state.comments.iter().position(|comment| Some(comment.id) == id);
            match (at, seen.text()) {
                (None, _) => refusal(404, "Not Found"),
                (Some(at), _) if !state.writes || state.frozen.contains(&state.comments[at].id) => {
                    refusal(403, "Resource not accessible by integration")
                }
                (_, None) => invalid("body is missing"),
                (_, Some(text)) if text.chars().count() > MOST => {
                    invalid("Body is too long (maximum is 65536 characters)")
                }
                (Some(at), Some(text)) => {
                    state.comments[at].body = text;
                    Reply::json(200, &view(state, &state.comments[at].clone()))
                }
            }
        }
        _ => refusal(404, "Not Found"),
    }
}

/// In the order of ids; the header is left out where everything is on one page.
fn list(state: &State, seen: &Seen) -> Reply {
    let number = |name, otherwise| seen.query(name).map_or(otherwise, |text| text.parse::<usize>().unwrap());
    let (per_page, page) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
    let pages: Vec<&[Stored]> = state.comments.chunks(per_page).collect();
    let rows = pages.get(page - 1).copied().unwrap_or_default();
    let rows: Vec<Value> = rows.iter().map(|comment| view(state, comment)).collect();
    let reply = Reply::json(200, &json!(rows));
    let link = |to: usize, name: &str| {
        let path = seen.target.split('?').next().unwrap();
        format!("<{}{path}?per_page={per_page}&page={to}>; rel=\"{name}\"", state.url)
    };
    match pages.len() {
        0 | 1 => reply,
        last if page < last => reply.with("link", [link(page + 1, "next"), link(last, "last")].join(", ")),
        _ => reply.with("link", [link(page.saturating_sub(1).max(1), "prev"), link(1, "first")].join(", ")),
    }
}
