//! `plan` and `show` in every format: the same bytes, the codes of the contract, and annotations where GitHub runs.

use crate::desk::{Desk, Ran};

const MANY: &str = "limits: { max_deletes: 0 }\nservers:\n  - { name: web-1, power: off }\n  \
    - { name: report-2, renamed_from: reports, power: on }\n  - { name: old, provider: grid, state: absent }\n";

const FORMATS: [&str; 6] = ["text", "json", "markdown", "diff", "html", "sarif"];

#[test]
fn show_renders_the_same_bytes_as_plan() {
    let desk = Desk::new(MANY);
    for format in FORMATS {
        let planned = desk.run(&["plan", "--out", "p.json", "--format", format]).code(0);
        let shown = desk.run(&["show", "p.json", "--format", format]).code(0);
        assert_eq!(planned.out, shown.out, "{format}");
        assert!(!planned.out.contains('\u{1b}'), "{format}");
        assert!(planned.out.contains("accept deletes=1"), "{format} tells of the bound that is exceeded");
    }
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn the_verdict_and_the_exit_code_do_not_depend_on_the_format() {
    let problems = Desk::new("servers:\n  - { name: web-1, power: off }\n  - { name: web-9 }\n");
    let changes = Desk::new("servers:\n  - { name: web-1, power: off }\n");
    for format in FORMATS {
        problems.run(&["plan", "--format", format]).code(1).says("missing_server");
        changes.run(&["plan", "--format", format, "--detailed-exitcode"]).code(2).says("web-1");
        if format != "json" {
            changes
                .run(&["plan", "--format", format])
                .code(0)
                .says("Plan: 1 power off. 0 unchanged, 3 unmanaged.");
        }
    }
}

#[test]
fn a_comment_is_as_long_as_the_service_takes() {
    let desk = Desk::new(MANY);
    for length in ["github", "gitlab", "bitbucket", "azure", "5000", "100,000"] {
        desk.run(&["plan", "--format", "markdown", "--max-length", length]).code(0).says("### Dangerous");
    }
    let unfolded = desk.run(&["plan", "--format", "markdown", "--max-length", "bitbucket"]).code(0);
    assert!(!unfolded.out.contains("<details>"), "{unfolded:#?}");
    for wrong in ["gitea", "12", "-1", ""] {
        let ran = desk.run(&["plan", "--format", "markdown", &format!("--max-length={wrong}")]);
        ran.code(64).says("bitbucket");
    }
    desk.run(&["plan", "--max-length", "github"]).code(64).says("--format markdown");
    desk.run(&["plan", "--out", "p.json"]).code(0);
    desk.run(&["show", "p.json", "--format", "html", "--max-length", "github"]).code(64);
}

#[test]
fn the_formats_of_a_plan_are_for_plans_only() {
    let desk = Desk::new(MANY);
    for command in ["apply", "status", "import", "validate", "providers", "schema", "init"] {
        for format in ["markdown", "diff", "html", "sarif"] {
            desk.run(&[command, "--format", format]).code(64).says("`plan` and `show`");
        }
    }
    assert_eq!(desk.accepted(), 0);
}

#[test]
fn what_is_verbose_says_why_and_where() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: off }\n  - { name: web-2 }\n");
    let ran = desk.run(&["plan", "-v"]).code(0).says("declared (fleet.yaml:").says("call    power off");
    assert!(ran.out.contains("= flex/web-2\n"), "{ran:#?}");
    assert!(!desk.run(&["plan"]).code(0).out.contains("declared"));
}

#[test]
fn annotations_appear_where_github_runs_and_go_to_stderr() {
    let desk = Desk::new("servers:\n  - { name: web-9 }\n");
    let under = |value: &str, args: &[&str]| -> Ran {
        desk.command(args).env("GITHUB_ACTIONS", value).output().unwrap().into()
    };
    let ran = under("true", &["plan", "--format", "markdown"]).code(1);
    let line = "::error file=fleet.yaml,line=13,col=5,title=missing_server flex/web-9::";
    assert!(ran.err.lines().any(|one| one.starts_with(line)), "{ran:#?}");
    assert!(!ran.out.contains("::error"), "{ran:#?}");
    let ran = under("true", &["plan", "--allow-missing"]).code(0);
    assert!(ran.err.contains("::warning file=fleet.yaml"), "{ran:#?}");
    for (value, args) in [("false", &["plan"][..]), ("true", &["plan", "-q"]), ("true", &["status"])] {
        assert!(!under(value, args).code(1).err.contains("::error"), "{value} {args:?}");
    }
    desk.fleet("servers:\n  - { name: web-1, pwoer: off }\n");
    let ran = under("true", &["plan"]).code(1);
    assert!(
        ran.err.contains("::error file=fleet.yaml,line=13,col=") && ran.err.contains("title=unknown_key"),
        "{ran:#?}"
    );
}
