//! Help, completions and the man page.

use crate::desk::{Ran, program, run_in};

const COMMANDS: [&str; 24] = [
    "init",
    "validate",
    "plan",
    "show",
    "comment",
    "apply",
    "watch",
    "status",
    "snapshot",
    "import",
    "resolve",
    "hold",
    "release",
    "freeze",
    "thaw",
    "holds",
    "history",
    "ledger",
    "providers",
    "explain",
    "simulate",
    "schema",
    "completions",
    "man",
];

#[test]
fn the_help_of_every_command_fits_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for command in [""].into_iter().chain(COMMANDS) {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|arg| !arg.is_empty()).collect();
        let output = program(folder.path(), &args).env("COLUMNS", "80").output().unwrap();
        let ran = Ran::from(output).code(0);
        let lines: Vec<&str> = ran.out.lines().collect();
        // The list of commands is as long as there are commands.
        let most = if command.is_empty() { 54 } else { 50 };
        assert!(lines.len() <= most, "{command} --help has {} lines", lines.len());
        for line in lines {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        assert!(ran.err.is_empty(), "{ran:#?}");
    }
}

#[test]
fn every_shell_has_completions_and_there_is_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run_in(folder.path(), &["completions", shell]).code(0);
        for command in COMMANDS {
            assert!(ran.out.contains(command), "{command} is missing for {shell}");
        }
    }
    run_in(folder.path(), &["completions", "tcsh"]).code(64);
    assert!(run_in(folder.path(), &["man"]).code(0).out.starts_with('.'));
    run_in(folder.path(), &["--version"]).code(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn providers_lists_every_type_with_its_settings_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(folder.path(), &["providers"]).code(0);
    let rows = run_in(folder.path(), &["providers", "--format", "json"]).code(0).json();
    for row in fleetform::providers::REGISTRY {
        assert!(ran.out.contains(row.spec.type_name) && rows.to_string().contains(row.spec.type_name));
        for setting in row.spec.settings {
            assert!(ran.out.contains(setting.name), "{}", setting.name);
            assert!(setting.env.is_none_or(|env| ran.out.contains(env)), "{:?}", setting.env);
        }
    }
}
