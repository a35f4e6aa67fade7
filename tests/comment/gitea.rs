//! Gitea's endpoints as its swagger and `routers/api/v1/repo/issue_comment.go` have them: repository `octo/fleet`, pull
//! request 12, issue 13.

use crate::fake::{Reply, Seen, State, Stored, TOKEN};
use serde_json::{Value, json};

fn refusal(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "url": "https://gitea.example/api/swagger" }))
}

fn view(comment: &Stored) -> Value {
    json!({
        "id": comment.id,
        "html_url": format!("https://gitea.example/octo/fleet/pulls/12#issuecomment-{}", comment.id),
        "pull_request_url": "https://gitea.example/octo/fleet/pulls/12",
        "user": { "id": comment.author, "login": "x" },
        "body": comment.body,
    })
}

pub(crate) fn answer(state: &mut State, seen: &Seen) -> Reply {
    if seen.headers.get("authorization").map(String::as_str) != Some(&format!("token {TOKEN}")) {
        return refusal(401, "invalid username, password or token");
    }
    let path = seen.path(state.service).unwrap_or_default().to_owned();
    if path == "/user" {
        let scope = "token does not have at least one of required scope(s), required=[read:user]";
        if state.anonymous {
            return refusal(403, scope);
        }
        return Reply::json(200, &json!({ "id": state.me, "login": "x" }));
    }
    let Some(below) = path.strip_prefix("/repos/octo/fleet/issues/") else {
        return refusal(404, "The target couldn't be found.");
    };
    match (seen.method.as_str(), below) {
        ("GET", "12") => Reply::json(200, &json!({ "number": 12, "pull_request": { "merged": false } })),
        ("GET", "13") => Reply::json(200, &json!({ "number": 13, "pull_request": null })),
        // All of them, whatever page is asked for.
        ("GET", "12/comments") => {
            let rows: Vec<Value> = state.comments.iter().map(view).collect();
            Reply::json(200, &json!(rows)).with("x-total-count", rows.len().to_string())
        }
        ("POST", "12/comments") => match seen.text() {
            _ if !state.writes => refusal(403, "token does not have at least one of required scope(s)"),
            None => refusal(422, "[Body]: Required"),
            Some(text) => {
                let me = state.me;
                Reply::json(201, &view(&state.add(me, false, &text)))
            }
        },
        ("PATCH", below) => {
            let id = below.strip_prefix("comments/").and_then(|id| id.parse().ok());
            let at = state.comments.iter().position(|comment| Some(comment.id) == id);
            match (at, seen.text()) {
                (None, _) => refusal(404, "comment does not exist"),
                (Some(at), _) if !state.writes || state.frozen.contains(&state.comments[at].id) => {
                    Reply { status: 403, headers: Vec::new(), body: String::new() }
                }
                (_, None) => refusal(422, "[Body]: Required"),
                (Some(at), Some(text)) => {
                    state.comments[at].body = text;
                    Reply::json(200, &view(&state.comments[at]))
                }
            }
        }
        ("GET", below) if below.ends_with("/comments") => refusal(500, "issue does not exist"),
        _ => refusal(404, "The target couldn't be found."),
    }
}
