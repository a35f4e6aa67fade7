//! Settings that can be given in several ways, and connections that stand in a file of their own.

use crate::specs::SPECS;
use fleetform::config::{Connection, Diagnostic, Mode, load_texts, resolve};
use fleetform::model::{Choice, Profiles, ProviderSpec, SettingKind, SettingSpec, Settings, Way};
use fleetform::report::diagnostics::render;
use std::fs;
use std::path::Path;

const fn setting(name: &'static str, kind: SettingKind, env: &'static str) -> SettingSpec {
    SettingSpec { name, kind, required: false, env: Some(env), doc: "A setting" }
}

/// A cloud with two ways of logging in and a file of connections.
static CLOUD: ProviderSpec = ProviderSpec {
    type_name: "cloud",
    title: "A cloud with a file of connections",
    settings: &[
        setting("cloud", SettingKind::Text, "C_CLOUD"),
        setting("auth_url", SettingKind::Url, "C_AUTH_URL"),
        setting("username", SettingKind::Text, "C_USERNAME"),
        setting("password", SettingKind::Secret, "C_PASSWORD"),
        setting("token", SettingKind::Secret, "C_TOKEN"),
        setting("region", SettingKind::Text, "C_REGION"),
    ],
    synonyms: &[],
    choices: &[
        Choice { what: "an address", ways: &[Way { needs: &["auth_url"], may: &[] }] },
        Choice {
            what: "credentials",
            ways: &[Way { needs: &["token"], may: &[] }, Way { needs: &["username", "password"], may: &[] }],
        },
    ],
    profiles: Some(&Profiles {
        setting: "cloud",
        file_env: "C_FILE",
        files: &["clouds.yaml"],
        secrets: &["secure.yaml"],
        folders: &["~/.config/c"],
        section: "clouds",
        read: |entry| {
            let text = |key: &str| entry["auth"][key].as_str().map(str::to_owned);
            let auth = ["auth_url", "username", "password"].into_iter();
            let mut found: Vec<_> = auth.filter_map(|key| Some((key, text(key)?))).collect();
            found.extend(entry["region"].as_str().map(|region| ("region", region.to_owned())));
            if found.is_empty() { Err("it has no `auth`".into()) } else { Ok(found) }
        },
    }),
    endpoint_required: None,
    ..*SPECS[0]
};

static ALL: [&ProviderSpec; 1] = [&CLOUD];

fn load(lines: &[&str]) -> Result<Connection, Vec<Diagnostic>> {
    let mut text = "version: 1\nproviders:\n  east:\n    type: cloud\n".to_owned();
    for line in lines {
        text = format!("{text}    {line}\n");
    }
    let loaded = load_texts(&[("fleet.yaml", &text)], &ALL, Mode::default())?;
    Ok(loaded.fleet.connections.into_values().next().unwrap())
}

fn settled(lines: &[&str], env: &[(&str, &str)]) -> Result<Settings, Vec<Diagnostic>> {
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    resolve(&load(lines).unwrap(), &CLOUD, &env)
}

fn held(settings: &Settings) -> Vec<(&str, &str)> {
    CLOUD.settings.iter().filter_map(|s| Some((s.name, settings.get(s.name)?))).collect()
}

fn told(found: &[Diagnostic]) -> Vec<(&str, String)> {
    found
        .iter()
        .map(|d| (d.code, format!("{} | {}", d.message, d.cure.clone().unwrap_or_default())))
        .collect()
}

const URL: &str = "auth_url: https://keystone.example.com";

#[test]
fn what_the_file_gives_decides_which_variables_are_read() {
    let env = [("C_TOKEN", "t0k"), ("C_PASSWORD", "pw"), ("C_USERNAME", "env-user"), ("C_REGION", "r1")];
    let both = settled(&[URL, "username: me"], &env).unwrap();
    let expected = [
        ("auth_url", "https://keystone.example.com"),
        ("username", "me"),
        ("password", "pw"),
        ("region", "r1"),
    ];
    assert_eq!(held(&both), expected);
    let none = settled(&[URL], &env).unwrap();
    assert_eq!((none.get("token"), none.get("username"), none.get("password")), (Some("t0k"), None, None));
}

#[test]
fn two_ways_in_one_file_are_refused_offline_and_a_missing_half_is_named() {
    let found = load(&[URL, "username: me", "password: ${env:P}", "token: ${env:T}"]).unwrap_err();
    assert_eq!(
        told(&found),
        [(
            "several_ways",
            "credentials are given in several ways: token; username and password | keep one of them"
                .to_owned()
        )]
    );
    let found = settled(&[URL, "username: me"], &[("C_TOKEN", "t")]).unwrap_err();
    let text = "a cloud connection needs password too | set the environment variable C_PASSWORD, or write password: in the file";
    assert_eq!(told(&found), [("missing_setting", text.to_owned())]);
    let found = settled(&[URL], &[]).unwrap_err();
    let text = "a cloud connection needs credentials | give token; or username and password; or cloud: NAME, an entry \
                of clouds.yaml (environment: C_USERNAME, C_PASSWORD, C_TOKEN)";
    assert_eq!(told(&found), [("missing_setting", text.to_owned())]);
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

const CLOUDS: &str = "clouds:
  here:
    auth: { auth_url: https://here.example.com, username: me }
    region: east
  there: { region: west }
";

#[test]
fn a_named_entry_is_read_with_its_secrets_and_the_environment_is_left_out() {
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().join(".config/c");
    write(&folder, "clouds.yaml", CLOUDS);
    write(&folder, "secure.yaml", "clouds: { here: { auth: { password: hunter2 } } }");
    let env = [("HOME", home.path().to_str().unwrap()), ("C_TOKEN", "t"), ("C_REGION", "env")];
    let settings = settled(&["cloud: here", "region: north"], &env).unwrap();
    let expected = [
        ("cloud", "here"),
        ("auth_url", "https://here.example.com"),
        ("username", "me"),
        ("password", "hunter2"),
        ("region", "north"),
    ];
    assert_eq!(held(&settings), expected);
    // The environment may name the entry, and the file; a fleet file that says something itself is not overruled.
    let elsewhere = home.path().join("elsewhere.yaml");
    fs::write(&elsewhere, "clouds: { here: { auth: { auth_url: 'https://x', username: u, password: p } } }")
        .unwrap();
    let env = [("C_CLOUD", "here"), ("C_FILE", elsewhere.to_str().unwrap()), ("C_TOKEN", "t")];
    assert_eq!(settled(&[], &env).unwrap().get("password"), Some("p"));
    assert_eq!(settled(&[URL], &env).unwrap().get("token"), Some("t"));
}

#[test]
fn an_entry_that_cannot_be_used_is_told_without_any_value_of_the_file() {
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("clouds.yaml");
    let tell = |text: &str, name: &str| {
        fs::write(&file, text).unwrap();
        let env = [("C_FILE", file.to_str().unwrap())];
        let found = settled(&[&format!("cloud: {name}")], &env).unwrap_err();
        let text = render(&found, false);
        assert!(!text.contains("hunter2"), "{text}");
        (found[0].code, text)
    };
    let (code, text) = tell(CLOUDS, "hree");
    assert!(
        code == "unknown_profile" && text.contains("has no entry \"hree\"") && text.contains("here"),
        "{text}"
    );
    let (code, text) = tell("clouds: { a: { auth: 3 } }", "a");
    assert!(code == "bad_profile" && text.contains("it has no `auth`"), "{text}");
    let (code, text) = tell("clouds:\n  a:\n    password: 'hunter2\n", "a");
    assert!(code == "bad_profile_file" && text.contains("line"), "{text}");
    fs::remove_file(&file).unwrap();
    let found = settled(&["cloud: a"], &[("HOME", home.path().to_str().unwrap())]).unwrap_err();
    assert_eq!(found[0].code, "missing_profiles");
    assert!(render(&found, false).contains("fleet.yaml:5"), "the line that names the entry is shown");
}

#[test]
fn what_the_file_says_in_one_word_the_environment_does_not_say_in_another() {
    static TWO: ProviderSpec = ProviderSpec {
        settings: &[
            setting("project_name", SettingKind::Text, "C_PROJECT_NAME"),
            setting("project_id", SettingKind::Text, "C_PROJECT_ID"),
        ],
        synonyms: &[("project_name", "project_id")],
        choices: &[],
        profiles: None,
        ..CLOUD
    };
    let text = "version: 1\nproviders: { east: { type: cloud, project_name: mine } }\n";
    let loaded = load_texts(&[("fleet.yaml", text)], &[&TWO], Mode::default()).unwrap();
    let connection = loaded.fleet.connections.into_values().next().unwrap();
    let stray = |name: &str| (name == "C_PROJECT_ID").then(|| "theirs".to_owned());
    let settings = resolve(&connection, &TWO, &stray).unwrap();
    assert_eq!((settings.get("project_name"), settings.get("project_id")), (Some("mine"), None));
}
