//! What is sent, to the letter, and what comes of it: created, updated, unchanged.

use crate::bench::Bench;
use crate::fake::{Seen, Service};
use serde_json::json;

const MARKER: &str = "<!-- fleetform comment key=fleetform -->";

fn lines(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(Seen::line).collect()
}

/// The reads before every write, and what creates and edits.
fn calls(service: Service) -> (Vec<&'static str>, &'static str, &'static str, &'static str) {
    match service {
        Service::GitHub => (
            vec!["GET /user", "GET /repos/octo/fleet/issues/12/comments?per_page=100&page=1"],
            "POST /repos/octo/fleet/issues/12/comments",
            "PATCH /repos/octo/fleet/issues/comments/101",
            "https://github.example/octo/fleet/pull/12#issuecomment-101",
        ),
        Service::GitLab => (
            vec![
                "GET /api/v4/user",
                "GET /api/v4/projects/group%2Fsub%2Ffleet/merge_requests/12",
                "GET /api/v4/projects/group%2Fsub%2Ffleet/merge_requests/12/notes?per_page=100&page=1&sort=asc&order_by=created_at",
            ],
            "POST /api/v4/projects/group%2Fsub%2Ffleet/merge_requests/12/notes",
            "PUT /api/v4/projects/group%2Fsub%2Ffleet/merge_requests/12/notes/101",
            "https://gitlab.example/group/sub/fleet/-/merge_requests/12#note_101",
        ),
        Service::Gitea => (
            vec![
                "GET /api/v1/repos/octo/fleet/issues/12",
                "GET /api/v1/user",
                "GET /api/v1/repos/octo/fleet/issues/12/comments",
            ],
            "POST /api/v1/repos/octo/fleet/issues/12/comments",
            "PATCH /api/v1/repos/octo/fleet/issues/comments/101",
            "https://gitea.example/octo/fleet/pulls/12#issuecomment-101",
        ),
    }
}

#[test]
fn a_comment_is_created_then_left_alone_then_edited_by_exactly_these_calls() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let (reads, create, edit, url) = calls(service);
        let with = |write: &'static str| [&reads[..], &[write]].concat();

        let ran = bench.run(&["plan.json"]).code(0).says("The comment was created.");
        assert_eq!(ran.out, format!("{url}\n"));
        assert_eq!(lines(&bench.fake.take_seen()), with(create), "{service:?}");
        let first = bench.fake.bodies().remove(0);
        assert!(first.starts_with(&format!("{MARKER}\n\n**Plan: ")), "{first}");

        let ran = bench.run(&["plan.json"]).code(0).says("says this already");
        assert_eq!(ran.out, format!("{url}\n"));
        assert_eq!(lines(&bench.fake.take_seen()), reads, "{service:?}");

        let ran = bench.run(&["none.json", "--format", "json"]).code(0);
        assert_eq!(ran.json(), json!({ "action": "updated", "url": url, "id": 101 }));
        assert_eq!(lines(&bench.fake.take_seen()), with(edit), "{service:?}");
        let bodies = bench.fake.bodies();
        assert!(
            bodies.len() == 1 && bodies[0].starts_with(&format!("{MARKER}\n\n**No changes.")),
            "{bodies:?}"
        );
    }
}

#[test]
fn every_request_carries_what_the_service_asks_for_and_nothing_else() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        bench.run(&["plan.json"]).code(0);
        bench.run(&["none.json"]).code(0);
        for seen in bench.fake.take_seen() {
            let header = |name: &str| seen.headers.get(name).map(String::as_str);
            let (accept, auth) = match service {
                Service::GitHub => {
                    ("application/vnd.github+json", ("authorization", "Bearer canary-5f1d-t0ken"))
                }
                Service::GitLab => ("application/json", ("private-token", "canary-5f1d-t0ken")),
                Service::Gitea => ("application/json", ("authorization", "token canary-5f1d-t0ken")),
            };
            assert_eq!(header("accept"), Some(accept));
            assert_eq!(header(auth.0), Some(auth.1));
            assert_eq!(header("user-agent"), Some(concat!("fleetform/", env!("CARGO_PKG_VERSION"))));
            assert_eq!(header("x-github-api-version"), (service == Service::GitHub).then_some("2022-11-28"));
            let known = ["accept", auth.0, "user-agent", "x-github-api-version", "host", "accept-encoding"];
            let of_bodies = ["content-type", "content-length"];
            for name in seen.headers.keys() {
                let fits = known.contains(&name.as_str()) || of_bodies.contains(&name.as_str());
                assert!(fits, "{name} is sent by {}", seen.line());
            }
            let writes = seen.method != "GET";
            assert_eq!(header("content-type"), writes.then_some("application/json"));
            if writes {
                let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
                assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["body"]);
            }
        }
    }
}

#[test]
fn the_own_comment_is_found_behind_three_hundred_others() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        bench.fake.with(|state| (0..150).for_each(|at| drop(state.add(8, false, &format!("comment {at}")))));
        assert_eq!(bench.action(&["plan.json"]), "created");
        bench.fake.with(|state| (0..150).for_each(|at| drop(state.add(8, false, &format!("comment {at}")))));
        bench.fake.take_seen();
        assert_eq!(bench.action(&["none.json"]), "updated", "{service:?}");
        let lists = bench.fake.take_seen().iter().filter(|seen| seen.line().contains("page=")).count();
        assert_eq!(lists, if service == Service::Gitea { 0 } else { 4 }, "{service:?}");
        let bodies = bench.fake.bodies();
        assert!(bodies.len() == 301 && bodies[150].contains("**No changes."), "{service:?}");
        // The last page may be a full one.
        bench.fake.with(|state| (0..99).for_each(|at| drop(state.add(8, false, &format!("comment {at}")))));
        assert_eq!(bench.action(&["none.json"]), "unchanged", "{service:?}");
    }
}

#[test]
fn what_somebody_else_wrote_is_never_overwritten() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let whole = format!("{MARKER}\n\nI am the plan");
        bench.fake.with(|state| {
            state.add(8, false, &whole);
            // Our own words about it, and a quotation.
            state.add(7, false, &format!("> {MARKER}\n\nwhat is this?"));
            state.add(7, false, &format!("look:\n{MARKER}"));
            state.add(7, false, "<!-- fleetform comment key=fleetform2 -->\n\nanother key");
        });
        let before = bench.fake.bodies();
        assert_eq!(bench.action(&["plan.json"]), "created", "{service:?}");
        assert_eq!(bench.fake.bodies()[..4], before, "{service:?}");
        bench.fake.with(|state| drop(state.add(8, false, &whole)));
        assert_eq!(bench.action(&["none.json"]), "updated", "{service:?}");
        assert!(bench.fake.bodies()[4].contains("**No changes.") && bench.fake.bodies()[5] == whole);
    }
}

#[test]
fn a_token_that_may_not_ask_whose_it_is_does_what_it_can() {
    let bench = Bench::new(Service::GitHub);
    bench.fake.with(|state| state.anonymous = true);
    let forged = format!("{MARKER}\n\nby a person");
    bench.fake.with(|state| drop(state.add(8, false, &forged)));
    assert_eq!(bench.action(&["plan.json"]), "created");
    assert_eq!(bench.action(&["none.json"]), "updated");
    assert_eq!(bench.fake.bodies()[0], forged, "an app's comment is written by a bot");

    let bench = Bench::new(Service::Gitea);
    bench.fake.with(|state| state.anonymous = true);
    bench.run(&["plan.json"]).code(0).says("read:user");
    assert_eq!(bench.action(&["none.json"]), "updated");
    assert_eq!(bench.fake.bodies().len(), 1);
}

#[test]
fn of_several_the_newest_is_edited_and_the_others_are_told() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let old = format!("{MARKER}\n\nold");
        bench.fake.with(|state| (0..3).for_each(|_| drop(state.add(7, false, &old))));
        bench.run(&["plan.json"]).code(0).says("2 older comments").says("101, 102");
        let bodies = bench.fake.bodies();
        assert!(bodies[..2] == [old.clone(), old] && bodies[2].contains("**Plan: "), "{service:?}");
        assert_eq!(bodies.len(), 3);
    }
}

#[test]
fn several_keys_on_one_request_do_not_meet() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        for (key, plan) in [("east", "plan.json"), ("west", "none.json")] {
            assert_eq!(bench.action(&[plan, "--key", key]), "created");
            assert_eq!(bench.action(&[plan, "--key", key]), "unchanged");
        }
        assert_eq!(bench.fake.bodies().len(), 2);
        bench.run(&["plan.json", "--key", "a-->"]).code(64);
    }
}

#[test]
fn a_comment_that_cannot_be_edited_is_followed_by_a_new_one_that_is_kept_from_then_on() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        bench.run(&["plan.json"]).code(0);
        bench.fake.with(|state| state.frozen = vec![101]);
        bench.run(&["none.json"]).code(0).says("could not be edited").says("created");
        assert_eq!(bench.action(&["none.json"]), "unchanged", "{service:?}");
        assert_eq!(bench.action(&["plan.json"]), "updated", "{service:?}");
        assert_eq!(bench.fake.bodies().len(), 2, "{service:?}");
    }
}

#[test]
fn what_a_service_makes_of_line_ends_is_no_difference_and_system_notes_are_no_comments() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        bench.run(&["plan.json"]).code(0);
        bench.fake.with(|state| {
            let body = state.comments[0].body.trim_end().replace('\n', "\r\n");
            state.comments[0].body = body;
        });
        assert_eq!(bench.action(&["plan.json"]), "unchanged", "{service:?}");
    }
    let bench = Bench::new(Service::GitLab);
    bench.fake.with(|state| {
        state.add(7, false, MARKER);
        state.comments[0].system = true;
    });
    assert_eq!(bench.action(&["plan.json"]), "created");
}
