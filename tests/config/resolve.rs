//! Settings as written to settings as used.

use crate::specs::{FLEX, GRID, SPECS, load};
use fleetform::config::{Connection, Diagnostic, Mode, load_texts, resolve};
use fleetform::model::{ProviderSpec, Settings};
use fleetform::report::diagnostics::render;
use std::fs;

/// A connection of a type with these lines.
fn connection(file: &str, spec: &ProviderSpec, lines: &[&str]) -> Connection {
    let mut text = format!("version: 1\nproviders:\n  east:\n    type: {}\n", spec.type_name);
    for line in lines {
        text = format!("{text}    {line}\n");
    }
    let loaded = load_texts(&[(file, &text)], &SPECS, Mode { simulated: true }).unwrap();
    loaded.fleet.connections.into_values().next().unwrap()
}

fn env(name: &str) -> Option<String> {
    let value = match name {
        "FLEX_USERNAME" => "conventional",
        "FLEX_PASSWORD" => "hunter2",
        "WHO" => "me",
        "GRID_ENDPOINT" => "http://grid.example.com",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn settings(lines: &[&str]) -> Result<Settings, Vec<Diagnostic>> {
    resolve(&connection("fleet.yaml", &FLEX, lines), &FLEX, &env)
}

const ENDPOINT: &str = "endpoint: https://flex.example.com";

#[test]
fn references_are_replaced_and_the_environment_fills_in() {
    let settings = settings(&[ENDPOINT, "username: ${env:WHO}@example.com", "account_id: $${x}"]).unwrap();
    assert_eq!(settings.get("username"), Some("me@example.com"));
    assert_eq!(settings.get("password"), Some("hunter2"));
    assert_eq!(settings.get("account_id"), Some("${x}"));
    assert_eq!(settings.get("endpoint"), Some("https://flex.example.com"));
}

#[test]
fn files_are_relative_to_the_fleet_file_and_lose_their_last_line_break() {
    let directory = tempfile::TempDir::new().unwrap();
    fs::write(directory.path().join("secret"), "pass word\r\n").unwrap();
    fs::write(directory.path().join("two"), "a\n\n").unwrap();
    let file = directory.path().join("fleet.yaml");
    let lines = [ENDPOINT, "password: ${file:secret}", "username: ${file:two}"];
    let settings = resolve(&connection(file.to_str().unwrap(), &FLEX, &lines), &FLEX, &env).unwrap();
    assert_eq!(settings.get("password"), Some("pass word"));
    assert_eq!(settings.get("username"), Some("a\n"));
}

#[test]
fn references_that_lead_nowhere_are_all_reported_with_place_and_cure() {
    let directory = tempfile::TempDir::new().unwrap();
    fs::write(directory.path().join("big"), vec![b'x'; 70_000]).unwrap();
    let file = directory.path().join("fleet.yaml");
    let lines = [ENDPOINT, "username: ${env:NOBODY}", "password: ${file:gone}", "account_id: ${file:big}"];
    let found = resolve(&connection(file.to_str().unwrap(), &FLEX, &lines), &FLEX, &env).unwrap_err();
    let codes: Vec<_> = found.iter().map(|d| (d.code, d.location.as_ref().unwrap().line)).collect();
    assert_eq!(codes, [("missing_variable", 6), ("bad_secret_file", 7), ("bad_secret_file", 8)]);
    assert!(found[0].message.contains("NOBODY") && found[1].message.contains("gone"));
    assert!(found.iter().all(|d| d.cure.is_some()));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let found = settings(&[ENDPOINT, "username: ${env:EMPTY}"]).unwrap_err();
    assert_eq!(found[0].code, "missing_variable");
}

#[test]
fn missing_settings_name_their_variable() {
    let bare = |_: &str| None;
    let found = resolve(&connection("fleet.yaml", &FLEX, &[]), &FLEX, &bare).unwrap_err();
    let text = render(&found, false);
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["missing_endpoint", "missing_setting", "missing_setting"]);
    assert!(text.contains("FLEX_PASSWORD") && text.contains("fleet.yaml:3:3"), "{text}");
}

#[test]
fn an_endpoint_from_elsewhere_is_checked_and_not_repeated() {
    let found = resolve(
        &connection("fleet.yaml", &GRID, &["api_key: ${env:WHO}", "secret: ${env:WHO}"]),
        &GRID,
        &env,
    );
    let found = found.unwrap_err();
    assert_eq!(found[0].code, "insecure_endpoint");
    assert!(found[0].message.contains("GRID_ENDPOINT") && !found[0].message.contains("grid.example.com"));
    let secret = |_: &str| Some("https://user:hunter2@h".to_owned());
    let found = settings_with(&["endpoint: ${env:X}"], &secret).unwrap_err();
    assert!(found[0].code == "bad_url" && !format!("{found:?}").contains("hunter2"));
}

fn settings_with(lines: &[&str], env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Vec<Diagnostic>> {
    resolve(&connection("fleet.yaml", &FLEX, lines), &FLEX, env)
}

#[test]
fn nothing_is_missing_for_the_simulator() {
    let text = "version: 1\nproviders:\n  east: { type: flexible }\n  west: { type: grid }\n";
    assert!(load_texts(&[("fleet.yaml", text)], &SPECS, Mode { simulated: true }).is_ok());
    let found = load(&[("fleet.yaml", text)]).unwrap_err();
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["missing_endpoint", "missing_setting", "missing_setting"]);
}
