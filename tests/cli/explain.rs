//! `explain`: offline, from any folder, forgiving about how a code is written.

use crate::desk::run_in;
use serde_json::Value;

#[test]
fn a_code_is_explained_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let explained = run_in(folder.path(), &["explain", "bad_power"]).code(0);
    assert!(explained.out.starts_with("bad_power (Fleet file)\n\n"), "{explained:#?}");
    assert!(explained.out.contains("\nWhat to do: ") && explained.err.is_empty(), "{explained:#?}");
    for word in ["BAD_POWER", "bad-power", "error[bad_power]", "error[bad_power]:"] {
        assert_eq!(run_in(folder.path(), &["explain", word]).code(0).out, explained.out, "{word}");
    }
    let warning = run_in(folder.path(), &["explain", "warning[literal_secret]"]).code(0);
    assert!(warning.out.starts_with("literal_secret "), "{warning:#?}");
    let refused = run_in(folder.path(), &["explain", "4"]).code(0).says("exit-4").says("--accept");
    assert_eq!(run_in(folder.path(), &["explain", "exit-4"]).code(0).out, refused.out);
    run_in(folder.path(), &["explain", "deletes"]).code(0).says("--allow-delete");
    run_in(folder.path(), &["explain", "missing_server"]).code(0).says("--allow-missing");
}

#[test]
fn without_a_code_all_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(folder.path(), &["explain"]).code(0);
    for code in ["bad_power", "insecure_endpoint", "missing_server", "power_offs", "exit-130"] {
        assert!(ran.out.lines().any(|line| line.trim_start().starts_with(code)), "{code}: {ran:#?}");
    }
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_unknown_code_is_wrong_usage_with_near_names() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["explain", "bad_powr"]).code(64).says("did you mean bad_power?");
    run_in(folder.path(), &["explain", "braces"]).code(64).says("bad_braces");
    run_in(folder.path(), &["explain", "error[mising_server]"]).code(64).says("missing_server");
    run_in(folder.path(), &["explain", "qqqq"]).code(64).says("fleetform explain lists all codes");
    run_in(folder.path(), &["explain", "7"]).code(64).says("7 is no exit code; they are 0, 1, 2");
    run_in(folder.path(), &["explain", ""]).code(64);
    run_in(folder.path(), &["explain", "bad_power", "bad_name"]).code(64);
    let odd = run_in(folder.path(), &["explain", "\u{1b}[31m"]).code(64);
    assert!(!odd.err.contains('\u{1b}'), "{odd:#?}");
}

#[test]
fn json_has_one_or_all() {
    let folder = tempfile::tempdir().unwrap();
    let one = run_in(folder.path(), &["explain", "130", "--format", "json"]).code(0).json();
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "group", "summary", "text"]);
    assert_eq!((&one["code"], &one["group"]), (&Value::from("exit-130"), &Value::from("Exit codes")));
    let all = run_in(folder.path(), &["explain", "--format", "json"]).code(0).json();
    assert!(all.as_array().unwrap().contains(&one), "{all:#}");
}

#[test]
fn shells_complete_codes() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh"] {
        run_in(folder.path(), &["completions", shell]).code(0).says("reboot_not_running");
    }
}

#[test]
fn mistakes_say_where_to_read_more() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("fleet.yaml"), text).unwrap();
    let more = "For more: fleetform explain";
    write("version: 2\n");
    for command in ["validate", "plan"] {
        let ran = run_in(folder.path(), &[command]).code(1);
        assert!(ran.err.ends_with(&format!("\n\n{more} unsupported_version\n")), "{ran:#?}");
        let quiet = run_in(folder.path(), &[command, "-q"]).code(1);
        assert!(quiet.err.contains("unsupported_version") && !quiet.err.contains(more), "{quiet:#?}");
    }
    write("version: 2\nsevers: []\n");
    let ran = run_in(folder.path(), &["validate"]).code(1);
    assert!(ran.err.ends_with(&format!("\n\n{more} CODE, for example unsupported_version\n")), "{ran:#?}");
    let json = run_in(folder.path(), &["validate", "--format", "json"]).code(1);
    assert!(json.err.is_empty(), "{json:#?}");
    let endpoint = "endpoint: https://api.example.org, username: u, password: secret";
    write(&format!("version: 1\nproviders: {{ flex: {{ type: hostway, {endpoint} }} }}\n"));
    let ran = run_in(folder.path(), &["validate"]).code(0).says("warning[literal_secret]");
    assert!(!ran.err.contains(more), "a doubt alone comes with every run: {ran:#?}");
}
