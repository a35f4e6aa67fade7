//! A secret that stands in a file is warned of and never shown.

use crate::specs::load;
use fleetform::report::diagnostics::render;

const SECRET: &str = "hunter2";

#[test]
fn a_literal_secret_is_a_warning_that_does_not_show_it() {
    let text = "version: 1
providers:
  east:
    type: flexible
    endpoint: https://flex.example.com
    username: me
    password: hunter2
";
    let loaded = load(&[("fleet.yaml", text)]).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!(loaded.warnings[0].code, "literal_secret");
    let shown = render(&loaded.warnings, false);
    assert!(shown.contains("password: ***") && shown.contains("${env:FLEX_PASSWORD}"), "{shown}");
}

#[test]
fn no_finding_about_any_line_shows_a_secret() {
    for provider in [
        "{ type: flexible, password: hunter2, powr: x }",
        "{ type: flexible, powr: x, password: hunter2, nope: y }",
        "{ type: flexible, \"password\": \"hunter2\", nope: [ }",
        "{ type: flexible, passwort: hunter2 }",
        "{ type: nothing, whatever: hunter2 }",
        "{ type: flexible, password: [hunter2] }",
        "{ type: flexible, password: {a: hunter2} }",
        "{ type: flexible, username: &u hunter2, password: *u, nope: 1 }",
        "{ type: flexible, password: 'hunter2${env:X}', nope: 1 }",
        "{ type: flexible, password: 'hunter2${', nope: 1 }",
        "{ type: flexible, password: !x hunter2, nope: 1 }",
        "{ type: flexible, ? password : hunter2, nope: 1 }",
        "{ type: flexible, endpoint: 'https://u:hunter2@example.com', nope: 1 }",
        "\n    type: flexible\n    password: hunter2: x\n    nope: 1",
        "\n    type: flexible\n    password: \"hunter2\n    nope: 1",
        "\n    type: flexible\n    password: |\n      hunter2\n     hunter2\n    nope: 1",
        "\n    type: flexible\n    password:\n      hunter2: hunter2: x\n    nope: 1",
        "\n    type: flexible\n    password: \"a\\qhunter2\"\n    nope: 1",
        "\n    type: flexible\n    ? password\n    : hunter2\n    nope: 1",
        "\n    type: flexible\n    password: @hunter2\n    nope: 1",
        "\n    type: flexible\n    password: hunter2\n    password: hunter2\n    nope: 1",
        "\n    type: flexible\n    password: hunter2\n     x: 1\n    nope: 1",
    ] {
        let text = format!("version: 1\nproviders:\n  east: {provider}\n");
        let found = load(&[("fleet.yaml", &text)]).unwrap_err();
        let (shown, json) = (render(&found, false), serde_json::to_string(&found).unwrap());
        assert!(!shown.contains(SECRET) && !json.contains(SECRET), "{text}\n{shown}\n{json}");
    }
}

#[test]
fn references_may_be_seen() {
    let text = "version: 1\nproviders:\n  east:\n    type: flexible\n    password: ${vault:x}\n    username: ${env:U\n";
    let found = load(&[("fleet.yaml", text)]).unwrap_err();
    assert!(render(&found, false).contains("username: ${env:U"));
}
