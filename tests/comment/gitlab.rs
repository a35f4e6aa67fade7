//! GitLab's endpoints as docs.gitlab.com/api/notes has them: project 34 at `group/sub/fleet`, merge request 12.

use crate::fake::{Reply, Seen, State, Stored, TOKEN};
use serde_json::{Value, json};

const MOST: usize = 1_000_000;

fn refusal(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message }))
}

fn view(comment: &Stored) -> Value {
    json!({
        "id": comment.id,
        "type": null,
        "body": comment.body,
        "author": { "id": comment.author, "username": "x", "name": "X", "state": "active" },
        "system": comment.system,
        "noteable_iid": 12,
        "internal": false,
    })
}

/// The text of a note that may be written.
fn text(seen: &Seen) -> Result<String, Reply> {
    match seen.text() {
        None => Err(Reply::json(400, &json!({ "error": "body is missing" }))),
        Some(text) if text.chars().count() > MOST => Err(Reply::json(
            400,
            &json!({ "message": { "note": ["is too long (maximum is 1000000 characters)"] } }),
        )),
        // A line that begins so is a command, which would be carried out and taken out of the text.
        Some(text) if text.lines().any(|line| line.starts_with('/')) => Err(refusal(400, "a quick action")),
        Some(text) => Ok(text),
    }
}

pub(crate) fn answer(state: &mut State, seen: &Seen) -> Reply {
    if seen.headers.get("private-token").map(String::as_str) != Some(TOKEN) {
        return refusal(401, "401 Unauthorized");
    }
    let path = seen.path(state.service).unwrap_or_default().to_owned();
    if path == "/user" {
        return Reply::json(200, &json!({ "id": state.me, "username": "x" }));
    }
    let below =
        ["/projects/34", "/projects/group%2Fsub%2Ffleet"].iter().find_map(|base| path.strip_prefix(base));
    let Some(below) = below else { return refusal(404, "404 Project Not Found") };
    let Some(below) = below.strip_prefix("/merge_requests/12") else { return refusal(404, "404 Not found") };
    let forbidden = || refusal(403, "403 Forbidden");
    match (seen.method.as_str(), below) {
        ("GET", "") => {
            let page = "https://gitlab.example/group/sub/fleet/-/merge_requests/12";
            Reply::json(200, &json!({ "id": 900, "iid": 12, "project_id": 34, "web_url": page }))
        }
        ("GET", "/notes") => list(state, seen),
        ("POST", "/notes") if !state.writes => forbidden(),
        ("POST", "/notes") => match text(seen) {
            Err(reply) => reply,
            Ok(text) => {
                let me = state.me;
                Reply::json(201, &view(&state.add(me, false, &text)))
            }
        },
        ("PUT", below) => {
            let id = below.strip_prefix("/notes/").and_then(|id| id.parse().ok());
            let at = state.comments.iter().position(|comment| Some(comment.id) == id);
            let Some(at) = at else { return refusal(404, "404 Not found") };
            // Only its author and maintainers may.
            if !state.writes || state.frozen.contains(&state.comments[at].id) {
                return forbidden();
            }
            match text(seen) {
                Err(reply) => reply,
                Ok(text) => {
                    state.comments[at].body = text;
                    Reply::json(200, &view(&state.comments[at]))
                }
            }
        }
        _ => refusal(404, "404 Not found"),
    }
}

/// Newest first, unless asked otherwise.
fn list(state: &State, seen: &Seen) -> Reply {
    let number = |name, otherwise| seen.query(name).map_or(otherwise, |text| text.parse::<usize>().unwrap());
    let (per_page, page) = (number("per_page", 20).clamp(1, 100), number("page", 1).max(1));
    let mut rows: Vec<&Stored> = state.comments.iter().collect();
    if seen.query("sort") != Some("asc") {
        rows.reverse();
    }
    let pages: Vec<&[&Stored]> = rows.chunks(per_page).collect();
    let rows = pages.get(page - 1).copied().unwrap_or_default();
    let rows: Vec<Value> = rows.iter().map(|comment| view(comment)).collect();
    let next = if page < pages.len() { (page + 1).to_string() } else { String::new() };
    Reply::json(200, &json!(rows)).with("x-page", page.to_string()).with("x-next-page", next)
}
