//! What goes wrong on the way, and that it never makes two comments of one.

use crate::bench::{Bench, Ran};
use crate::fake::{Fault, Reply, Service, TOKEN};
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

fn page(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: "<html>upstream</html>".into() }
}

#[test]
fn a_created_comment_whose_answer_was_lost_is_found_and_not_made_again() {
    for service in Service::ALL {
        let garbage = Reply { status: 201, headers: Vec::new(), body: "{\"id\":".into() };
        for fault in [
            Fault::LostAfter,
            Fault::After(page(500)),
            Fault::After(page(502)),
            Fault::After(page(503)),
            Fault::After(garbage),
        ] {
            let bench = Bench::new(service);
            bench.fake.fault("POST", "", fault.clone());
            let ran = bench.run(&["plan.json", "--format", "json"]).code(0);
            assert_eq!(ran.json()["action"], "created");
            assert!(ran.json()["url"].is_string(), "{service:?} {fault:?}");
            assert_eq!((bench.fake.sent("POST"), bench.fake.bodies().len()), (1, 1), "{service:?} {fault:?}");
        }
    }
}

#[test]
fn a_lost_comment_is_sent_again_only_after_it_was_looked_for() {
    for service in Service::ALL {
        for fault in [Fault::Lost, Fault::Instead(page(503))] {
            let bench = Bench::new(service);
            bench.fake.fault("POST", "", fault.clone());
            assert_eq!(bench.action(&["plan.json"]), "created");
            let methods: Vec<String> = bench.fake.take_seen().into_iter().map(|seen| seen.method).collect();
            let writes: Vec<usize> = (0..methods.len()).filter(|at| methods[*at] == "POST").collect();
            assert!(writes.len() == 2 && writes[1] == writes[0] + 2, "{service:?} {methods:?}");
            assert_eq!(bench.fake.bodies().len(), 1);
        }
    }
}

#[test]
fn a_faster_run_beside_this_one_is_followed() {
    let bench = Bench::new(Service::GitHub);
    bench.fake.fault("POST", "", Fault::Lost);
    let child = bench.start(&["plan.json", "--format", "json"]);
    bench.until(|fake| fake.sent("POST") == 1);
    bench.fake.with(|state| drop(state.add(7, false, "<!-- fleetform comment key=fleetform -->\n\nother")));
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code(0).json()["action"], "updated");
    assert!(bench.fake.bodies().len() == 1 && bench.fake.bodies()[0].contains("**Plan: "));
}

#[test]
fn a_server_that_stays_in_trouble_is_6_and_says_what_is_not_known() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        (0..9).for_each(|_| bench.fake.fault("POST", "", Fault::Instead(page(500))));
        bench.run(&["plan.json"]).code(6).says("not known");
        assert_eq!(bench.fake.sent("POST"), 4);
    }
    let bench = Bench::new(Service::GitHub);
    (0..9).for_each(|_| bench.fake.fault("GET", "", Fault::Instead(page(502))));
    bench.run(&["plan.json"]).code(6);
    assert_eq!(bench.fake.sent("POST"), 0);
    let bench = Bench::new(Service::GitHub);
    let mut command =
        bench.bare(&["plan.json", "--api", "http://127.0.0.1:1", "--repo", "a/b", "--number", "1"]);
    let ran: Ran = command.env("GITHUB_TOKEN", TOKEN).output().unwrap().into();
    ran.code(6).says("could not connect");
}

#[test]
fn a_list_that_makes_no_sense_makes_no_comment() {
    for service in Service::ALL {
        let reply = |body: &str| Reply { status: 200, headers: Vec::new(), body: body.into() };
        for body in ["<html>", "[{\"id\": 1", "{}", "[{\"id\":\"x\"}]", ""] {
            let bench = Bench::new(service);
            let list = if service == Service::GitLab { "/notes" } else { "/comments" };
            bench.fake.fault("GET", list, Fault::Instead(reply(body)));
            bench.run(&["plan.json"]).code(6);
            assert_eq!(bench.fake.sent("POST"), 0, "{service:?} {body:?}");
        }
    }
    // A list without an end, and one that is shorter than it says.
    let bench = Bench::new(Service::GitLab);
    bench.fake.fault("GET", "/notes", Fault::Instead(Reply::json(200, &json!([])).with("x-next-page", "1")));
    bench.run(&["plan.json"]).code(6).says("does not end");
    let bench = Bench::new(Service::Gitea);
    bench.fake.fault(
        "GET",
        "/comments",
        Fault::Instead(Reply::json(200, &json!([])).with("x-total-count", "2")),
    );
    bench.run(&["plan.json"]).code(6).says("fewer comments");
    assert_eq!(bench.fake.sent("POST"), 0);
}

#[test]
fn limits_are_waited_for_within_bounds() {
    let limited =
        |status| Reply::json(status, &json!({ "message": "You have exceeded a secondary rate limit" }));
    let now = jiff::Timestamp::now().as_second();
    let spent = |reset: i64| {
        let reply = Reply::json(403, &json!({ "message": "API rate limit exceeded" }));
        reply.with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", reset.to_string())
    };
    for (service, reply) in [
        (Service::GitHub, limited(403).with("retry-after", "1")),
        (Service::GitHub, limited(429).with("retry-after", "1")),
        (Service::GitHub, spent(now)),
        (Service::GitLab, limited(429).with("retry-after", "1")),
        (Service::Gitea, limited(429).with("retry-after", "1")),
    ] {
        for method in ["GET", "POST"] {
            let bench = Bench::new(service);
            bench.fake.fault(method, "", Fault::Instead(reply.clone()));
            let begun = Instant::now();
            assert_eq!(bench.action(&["plan.json"]), "created");
            let waited = begun.elapsed();
            let least = if reply.status == 403 && reply.body.contains("API") { 200 } else { 1000 };
            assert!(waited >= Duration::from_millis(least), "{service:?} {method}: {waited:?}");
            assert_eq!(bench.fake.bodies().len(), 1, "a limited call was not carried out");
        }
    }
    for reply in [
        limited(429).with("retry-after", "3600"),
        limited(403).with("retry-after", "3600"),
        spent(now + 3600),
    ] {
        let bench = Bench::new(Service::GitHub);
        bench.fake.fault("POST", "", Fault::Instead(reply));
        let begun = Instant::now();
        bench.run(&["plan.json"]).code(6).says("left alone for");
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!((bench.fake.sent("POST"), bench.fake.bodies().len()), (1, 0));
    }
}

#[test]
fn refusals_say_what_to_change() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let run = |args: &[&str], token: &str| -> Ran {
            let mut command = bench.command(args);
            command.env(service.variable(), token).output().unwrap().into()
        };
        run(&["plan.json"], "another").code(1).says("401").says(service.variable());
        bench.fake.with(|state| state.writes = false);
        let scope = match service {
            Service::GitHub => "pull-requests: write",
            Service::GitLab => "scope `api`",
            Service::Gitea => "write:issue",
        };
        run(&["plan.json"], TOKEN).code(1).says("403").says(scope);
        assert_eq!(bench.fake.sent("POST"), 1, "a refusal is not repeated");
        for target in [["--repo", "octo/other", "--number", "12"], ["--repo", "octo/fleet", "--number", "99"]]
        {
            let mut command = bench.bare(&["plan.json", "--api", &bench.fake.api()]);
            let ran: Ran = command.args(target).env(service.variable(), TOKEN).output().unwrap().into();
            ran.code(1).says("404").says("--repo").says("--number");
        }
    }
    let bench = Bench::new(Service::Gitea);
    let mut command =
        bench.bare(&["plan.json", "--api", &bench.fake.api(), "--repo", "octo/fleet", "--number", "13"]);
    let ran: Ran = command.env("GITEA_TOKEN", TOKEN).output().unwrap().into();
    ran.code(1).says("no pull request");
}

#[test]
fn a_comment_that_is_too_long_after_all_is_1_with_the_flag() {
    for (service, limit) in [(Service::GitHub, "200000"), (Service::GitLab, "3000000")] {
        let bench = Bench::new(service);
        bench.plan("large.json", &crate::rich::large(if service == Service::GitLab { 20_000 } else { 2000 }));
        bench.run(&["large.json", "--max-length", limit]).code(1).says("too long").says("--max-length");
        assert!(bench.fake.sent("POST") == 1 && bench.fake.bodies().is_empty());
    }
}

#[test]
fn a_redirect_to_another_host_is_told_and_not_followed() {
    for service in Service::ALL {
        for method in ["GET", "POST"] {
            let (bench, other) = (Bench::new(service), Bench::new(service));
            let to = format!("{}/elsewhere", other.fake.api().replace("127.0.0.1", "localhost"));
            let reply = Reply::json(301, &json!({ "message": "Moved Permanently" })).with("location", to);
            bench.fake.fault(method, "", Fault::Instead(reply));
            bench.run(&["plan.json"]).code(1).says("localhost").says("--repo");
            assert!(other.fake.take_seen().is_empty(), "{service:?} {method}");
        }
    }
}

#[test]
fn the_token_is_never_shown_even_where_the_server_repeats_it() {
    for service in Service::ALL {
        for verbose in ["-v", "-vv"] {
            let bench = Bench::new(service);
            let echo = Reply::json(401, &json!({ "message": format!("no such token: {TOKEN}") }));
            bench.fake.fault("GET", "", Fault::Instead(echo.clone()));
            // Every run is searched for it.
            bench.run(&["plan.json", verbose]).code(1).says("***");
            bench.fake.fault("POST", "", Fault::Lost);
            let ran = bench.run(&["plan.json", verbose, "--log-format", "json"]).code(0);
            assert_eq!(ran.err.contains("\"call\""), verbose == "-vv", "{ran:#?}");
            let forbidden = Reply { status: 403, ..echo.clone() };
            let edit = if service == Service::GitLab { "PUT" } else { "PATCH" };
            bench.fake.fault(edit, "", Fault::Instead(forbidden));
            bench.run(&["none.json", verbose]).code(0).says("***");
            let child = json!({ "id": 1, "body": "x", "user": { "id": 7 }, "author": { "id": 7 },
                "html_url": format!("https://forge.example/{TOKEN}") });
            bench.fake.fault("POST", "", Fault::Instead(Reply::json(201, &child)));
            bench.run(&["plan.json", verbose, "--key", "other"]).code(0);
        }
    }
}

#[test]
fn ctrl_c_is_130_at_once_and_says_what_may_have_happened() {
    for (method, says) in [("GET", "nothing was executed"), ("POST", "not known")] {
        for name in ["INT", "TERM"] {
            let bench = Bench::new(Service::GitHub);
            bench.fake.fault(method, "", Fault::Late(20));
            let child = bench.start(&["plan.json"]);
            bench.until(|fake| fake.sent(method) == 1);
            let begun = Instant::now();
            let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            let ran: Ran = child.wait_with_output().unwrap().into();
            ran.code(130).says(says);
            assert!(begun.elapsed() < Duration::from_secs(3), "{name} {method}");
        }
    }
}

#[test]
fn a_full_page_whose_header_was_lost_on_the_way_is_not_taken_for_the_last() {
    for (service, list) in [(Service::GitHub, "/comments"), (Service::GitLab, "/notes")] {
        let bench = Bench::new(service);
        bench.fake.with(|state| (0..100).for_each(|at| drop(state.add(8, false, &format!("comment {at}")))));
        assert_eq!(bench.action(&["plan.json"]), "created");
        let row = |id: u64| json!({ "id": id, "body": "x", "html_url": "https://x.example", "user": { "id": 8 }, "author": { "id": 8 } });
        let rows: Vec<_> = (1..=100).map(row).collect();
        bench.fake.fault("GET", list, Fault::Instead(Reply::json(200, &json!(rows))));
        assert_eq!(bench.action(&["none.json"]), "updated", "{service:?}");
    }
}
