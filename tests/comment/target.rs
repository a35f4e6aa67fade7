//! Where the comment goes: flags, the variables of pipelines, and what is said where neither tells.

use crate::bench::{Bench, Ran};
use crate::fake::{Service, TOKEN};

fn dry(bench: &Bench, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = bench.bare(&["plan.json", "--dry-run", "--format", "json"]);
    command.args(args).envs(variables.iter().copied()).output().unwrap().into()
}

/// The API, repository and number that were made out.
fn found(bench: &Bench, args: &[&str], variables: &[(&str, &str)]) -> (String, String, u64) {
    let told = dry(bench, args, variables).code(0).json();
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    (text("api"), text("repo"), told["number"].as_u64().unwrap())
}

fn is(api: &str, repo: &str, number: u64) -> (String, String, u64) {
    (api.to_owned(), repo.to_owned(), number)
}

#[test]
fn github_actions_tell_everything() {
    let bench = Bench::new(Service::GitHub);
    let event = |text: &str| {
        let path = bench.folder.path().join("event.json");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let repo = ("GITHUB_REPOSITORY", "octo/fleet");
    let cloud = |number| is("https://api.github.com", "octo/fleet", number);
    for (text, number) in [
        (r#"{"pull_request":{"number":7},"number":7}"#, 7),
        (r#"{"number":8}"#, 8),
        (r#"{"issue":{"number":9,"pull_request":{"url":"x"}}}"#, 9),
    ] {
        let path = event(text);
        assert_eq!(found(&bench, &[], &[repo, ("GITHUB_EVENT_PATH", &path)]), cloud(number), "{text}");
    }
    // An event that is none, and the ref.
    for text in [r#"{"issue":{"number":9}}"#, "{}", "garbage", r#"{"number":0}"#] {
        let path = ("GITHUB_EVENT_PATH", &*event(text));
        dry(&bench, &[], &[repo, path]).code(64).says("--number").says("GITHUB_EVENT_PATH");
        if !text.contains('0') {
            assert_eq!(found(&bench, &[], &[repo, path, ("GITHUB_REF", "refs/pull/10/merge")]), cloud(10));
        }
        dry(&bench, &[], &[repo, path, ("GITHUB_REF", "refs/heads/main")]).code(64);
    }
    let server = ("GITHUB_API_URL", "https://ghes.example/api/v3");
    let reference = ("GITHUB_REF", "refs/pull/10/merge");
    assert_eq!(found(&bench, &[], &[repo, reference, server]), is(server.1, "octo/fleet", 10));
    let args = ["--api", "https://x.example", "--repo", "a/b", "--number", "3"];
    assert_eq!(found(&bench, &args, &[repo, reference, server]), is("https://x.example", "a/b", 3));
    dry(&bench, &["--repo", "a/b"], &[repo, reference]).code(64).says("another repository").says("--number");
}

#[test]
fn gitlab_ci_tells_everything_and_a_fork_is_not_the_target() {
    let bench = Bench::new(Service::GitLab);
    let own = [("CI_PROJECT_ID", "35"), ("CI_MERGE_REQUEST_IID", "12")];
    assert_eq!(found(&bench, &[], &own), is("https://gitlab.com/api/v4", "35", 12));
    let fork =
        [&own[..], &[("CI_MERGE_REQUEST_PROJECT_ID", "34"), ("CI_API_V4_URL", "https://g.example/api/v4")]];
    assert_eq!(found(&bench, &[], &fork.concat()), is("https://g.example/api/v4", "34", 12));
    dry(&bench, &[], &own[..1]).code(64).says("--number").says("CI_MERGE_REQUEST_IID");
    dry(&bench, &[], &own[1..]).code(64).says("--repo").says("CI_PROJECT_ID");
    for bad in ["fleet", "group//fleet", "../x", "a/b?c"] {
        dry(&bench, &["--repo", bad, "--number", "1"], &[]).code(64).says("--repo");
    }
}

#[test]
fn the_runners_of_gitea_use_githubs_names_and_are_told_apart() {
    let bench = Bench::new(Service::Gitea);
    let common = [("GITHUB_REPOSITORY", "octo/fleet"), ("GITHUB_REF", "refs/pull/12/head")];
    let gitea = [("GITEA_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://gitea.example/")];
    let there = is("https://gitea.example/api/v1", "octo/fleet", 12);
    assert_eq!(found(&bench, &[], &[&common[..], &gitea].concat()), there);
    let api = [("GITHUB_API_URL", "https://gitea.example/api/v1"), ("GITEA_ACTIONS", "true")];
    assert_eq!(found(&bench, &[], &[&common[..], &api].concat()), there);
    // In GitHub's own pipeline the same variables mean GitHub, which must not see this token, and the other way round.
    dry(&bench, &[], &[&common[..], &[("GITHUB_API_URL", "https://api.github.com")]].concat()).code(64);
    dry(&bench, &["--repo", "a/b", "--number", "1"], &[]).code(64).says("--api");
    let github = Bench::new(Service::GitHub);
    dry(&github, &[], &[&common[..], &api].concat()).code(64).says("--repo");
}

#[test]
fn a_token_comes_from_its_own_variable_alone_and_goes_nowhere_unsafe() {
    for service in Service::ALL {
        let bench = Bench::new(service);
        let run = |variables: &[(&str, &str)]| -> Ran {
            let mut command = bench.command(&["plan.json"]);
            command.env_remove(service.variable()).envs(variables.iter().copied()).output().unwrap().into()
        };
        let others =
            Service::ALL.iter().filter(|other| **other != service).map(|other| (other.variable(), TOKEN));
        run(&others.collect::<Vec<_>>()).code(1).says(service.variable());
        run(&[(service.variable(), ""), ("CI_JOB_TOKEN", TOKEN)]).code(1).says(service.variable());
        run(&[(service.variable(), "canary-5f1d\u{7}-t0ken")]).code(1).says("characters");
        assert!(bench.fake.take_seen().is_empty());
        run(&[(service.variable(), &format!("{TOKEN}\n"))]).code(0);
        for api in ["http://forge.example", "ftp://forge.example", "https://u:p@forge.example", "nonsense"] {
            let mut command = bench.bare(&["plan.json", "--repo", "a/b", "--number", "1", "--api", api]);
            let ran: Ran = command.env(service.variable(), TOKEN).output().unwrap().into();
            let ran = ran.code(1).says("--api");
            assert!(!ran.err.contains("u:p"), "{ran:#?}");
        }
    }
}
