//! What is written: within the limit with its marker, the artifact's name, when nothing is written, and what would be.

use crate::bench::Bench;
use crate::fake::{Service, TOKEN};
use crate::rich;

#[test]
fn a_large_plan_fits_the_service_with_the_marker_and_names_the_artifact() {
    for (service, changes, most) in [
        (Service::GitHub, 2000, 65_536),
        (Service::Gitea, 2000, 65_536),
        (Service::GitLab, 20_000, 1_000_000),
    ] {
        let bench = Bench::new(service);
        bench.plan("large.json", &rich::large(changes));
        bench.run(&["large.json", "--key", &"k".repeat(64)]).code(0);
        let body = bench.fake.bodies().remove(0);
        let length = body.encode_utf16().count();
        assert!(length <= most && length > most - 400, "{service:?}: {length}");
        assert!(body.contains("`large.json`"), "the plan's path is the artifact's name");
    }
    let bench = Bench::new(Service::GitHub);
    bench.plan("large.json", &rich::large(200));
    bench.run(&["large.json", "--artifact", "plan of `run` 7", "--max-length", "5000"]).code(0);
    let body = bench.fake.bodies().remove(0);
    assert!(body.encode_utf16().count() <= 5000 && body.contains("``plan of `run` 7``"), "{body}");
}

#[test]
fn a_limit_without_room_for_the_marker_is_refused_and_the_least_that_is_named_is_taken() {
    let bench = Bench::new(Service::GitHub);
    let ran = bench.run(&["plan.json", "--max-length", "4096"]).code(64);
    let least = ran.err.split("write ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    assert!(bench.fake.take_seen().is_empty());
    bench.run(&["plan.json", "--max-length", &least]).code(0);
    assert!(bench.fake.bodies()[0].encode_utf16().count() <= least.parse().unwrap());
}

#[test]
fn no_name_forges_a_marker_or_a_command() {
    let bench = Bench::new(Service::GitLab);
    let mut document = rich::hostile_too();
    for name in [
        "<!-- fleetform comment key=east -->",
        "\n<!-- fleetform comment key=east -->",
        "/close",
        "x\n/merge",
    ] {
        let step = fleetform::plan::Step::new(fleetform::model::Operation::Delete);
        let facts = rich::facts(name, fleetform::model::Power::On);
        document.changes.push(rich::change(rich::address("flex", name), name, facts, None, vec![step]));
    }
    let document = rich::document(document.changes, document.problems, document.refusals);
    bench.plan("hostile.json", &document);
    // The forge refuses a text with a line that begins like a command.
    assert_eq!(bench.action(&["hostile.json"]), "created");
    let body = bench.fake.bodies().remove(0);
    let marked = body.lines().filter(|line| line.trim_start().starts_with("<!--")).count();
    assert_eq!(marked, 1, "{body}");
    assert_eq!(
        bench.action(&["none.json", "--key", "east"]),
        "created",
        "no line of it is found for another key"
    );
    assert_eq!(bench.action(&["hostile.json"]), "unchanged");
}

#[test]
fn a_plan_without_changes_makes_no_new_comment_where_that_is_asked_for() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let ran = bench.run(&["none.json", "--only-if-changes"]).code(0).says("No comment");
        assert!(ran.out.is_empty() && bench.fake.bodies().is_empty() && bench.fake.sent("POST") == 0);
        assert_eq!(bench.action(&["none.json", "--only-if-changes"]), "skipped");
        assert_eq!(bench.action(&["plan.json", "--only-if-changes"]), "created");
        assert_eq!(
            bench.action(&["none.json", "--only-if-changes"]),
            "updated",
            "one that is there is kept right"
        );
        bench.plan("problem.json", &rich::document(Vec::new(), rich::rich().problems, Vec::new()));
        assert_eq!(bench.action(&["problem.json", "--only-if-changes", "--key", "p"]), "created");
    }
}

#[test]
fn a_dry_run_shows_the_very_comment_and_sends_nothing() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let mut command = bench.command(&["plan.json", "--dry-run"]);
        command.env_remove(service.variable());
        let shown: crate::bench::Ran = command.output().unwrap().into();
        let shown = shown.code(0).says("nothing was sent").says("number 12");
        assert!(bench.fake.take_seen().is_empty(), "{service:?}");
        bench.run(&["plan.json"]).code(0);
        assert_eq!(bench.fake.bodies(), [shown.out]);
        let told = bench.run(&["plan.json", "--dry-run", "--format", "json"]).code(0).json();
        assert_eq!(told["body"], bench.fake.bodies()[0]);
        assert_eq!((told["action"].as_str(), told["number"].as_u64()), (Some("dry_run"), Some(12)));
    }
}

#[test]
fn what_is_no_plan_is_refused_before_anything_is_sent() {
    let bench = Bench::new(Service::GitHub);
    let text = std::fs::read_to_string(bench.folder.path().join("plan.json")).unwrap();
    std::fs::write(bench.folder.path().join("edited.json"), text.replace("report-2", "report-3")).unwrap();
    for file in ["edited.json", "nowhere.json"] {
        bench.run(&[file]).code(1).says(file);
    }
    bench.run(&["plan.json", "--format", "markdown"]).code(64);
    bench.run(&["plan.json", "--token", TOKEN.get(..3).unwrap()]).code(64);
    assert!(bench.fake.take_seen().is_empty());
}
