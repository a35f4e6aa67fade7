//! What is given in the file, in the environment and in `clouds.yaml`, and which of it is used.

use fleetform::config::{Mode, load_texts, resolve};
use fleetform::model::Settings;
use fleetform::providers::{find, specs};
use fleetform::report::diagnostics::render;
use std::fs;

/// The settings that a connection with these lines ends up with, or what is wrong.
fn settled(lines: &[&str], env: &[(&str, &str)]) -> Result<Vec<(&'static str, String)>, String> {
    let lines: String = lines.iter().flat_map(|line| ["    ", line, "\n"]).collect();
    let text = format!("version: 1\nproviders:\n  os:\n    type: openstack\n{lines}");
    let loaded = load_texts(&[("fleet.yaml", &text)], &specs(), Mode::default());
    let fleet = loaded.map_err(|found| render(&found, false))?.fleet;
    let connection = fleet.connections.into_values().next().unwrap();
    let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let spec = find("openstack").unwrap().spec;
    let settings: Settings = resolve(&connection, spec, &env).map_err(|found| render(&found, false))?;
    Ok(spec.settings.iter().filter_map(|s| Some((s.name, settings.get(s.name)?.to_owned()))).collect())
}

fn names(settled: &[(&'static str, String)]) -> Vec<&'static str> {
    settled.iter().map(|(name, _)| *name).collect()
}

const URL: (&str, &str) = ("OS_AUTH_URL", "https://keystone.example.com/v3");
const PASSWORD: [(&str, &str); 5] = [
    ("OS_USERNAME", "me"),
    ("OS_PASSWORD", "hunter2"),
    ("OS_USER_DOMAIN_NAME", "Default"),
    ("OS_PROJECT_NAME", "shop"),
    ("OS_PROJECT_DOMAIN_NAME", "Default"),
];
const CREDENTIAL: [(&str, &str); 2] =
    [("OS_APPLICATION_CREDENTIAL_ID", "a1"), ("OS_APPLICATION_CREDENTIAL_SECRET", "hunter2")];

fn env(parts: &[&[(&'static str, &'static str)]]) -> Vec<(&'static str, &'static str)> {
    [URL].into_iter().chain(parts.iter().copied().flatten().copied()).collect()
}

#[test]
fn of_an_environment_that_holds_both_the_auth_type_decides_else_the_application_credential() {
    let user =
        ["auth_url", "username", "password", "user_domain_name", "project_name", "project_domain_name"];
    let application = ["auth_url", "application_credential_id", "application_credential_secret"];
    assert_eq!(names(&settled(&[], &env(&[&PASSWORD])).unwrap()), user);
    assert_eq!(names(&settled(&[], &env(&[&PASSWORD, &CREDENTIAL])).unwrap()), application);
    let typed = |word| {
        let found = settled(&[], &env(&[&PASSWORD, &CREDENTIAL, &[("OS_AUTH_TYPE", word)]])).unwrap();
        let names = names(&found);
        assert!(names.contains(&"auth_type"));
        names.into_iter().filter(|name| *name != "auth_type").collect::<Vec<_>>()
    };
    assert_eq!(typed("password"), user);
    assert_eq!(typed("v3password"), user);
    assert_eq!(typed("v3applicationcredential"), application);
    // Half a credential is none.
    assert_eq!(names(&settled(&[], &env(&[&PASSWORD, &CREDENTIAL[..1]])).unwrap()), user);
    let error = settled(&[], &env(&[&PASSWORD, &[("OS_AUTH_TYPE", "v3applicationcredential")]])).unwrap_err();
    assert!(error.contains("needs credentials") && !error.contains("hunter2"), "{error}");
}

#[test]
fn what_the_file_gives_is_not_mixed_with_another_way_of_the_environment() {
    let both = env(&[&PASSWORD, &CREDENTIAL, &[("OS_AUTH_TYPE", "password")]]);
    let file = ["application_credential_id: b2", "application_credential_secret: ${env:S}"];
    let with_secret: Vec<_> = both.iter().copied().chain([("S", "hunter2")]).collect();
    let found = settled(&file, &with_secret).unwrap();
    assert_eq!(names(&found), ["auth_url", "application_credential_id", "application_credential_secret"]);
    assert_eq!(found[1].1, "b2");
    let found = settled(&["username: you", "user_domain_name: other"], &both).unwrap();
    assert!(
        found.contains(&("username", "you".into())) && !names(&found).contains(&"application_credential_id")
    );
    let found = settled(&["auth_type: password"], &both).unwrap();
    assert!(names(&found).contains(&"password"), "{found:?}");
}

#[test]
fn an_endpoint_alone_is_an_address() {
    let found = settled(&["endpoint: https://keystone.example.com"], &PASSWORD).unwrap();
    assert!(names(&found).contains(&"endpoint") && !names(&found).contains(&"auth_url"));
    let both = settled(&["endpoint: https://nova.example.com", "auth_url: https://k.example.com"], &PASSWORD);
    assert!(names(&both.unwrap()).contains(&"endpoint"));
    assert!(settled(&[], &PASSWORD).unwrap_err().contains("needs an address"));
}

/// What the entry `c` of such a file comes to.
fn profile(entry: &str) -> Result<Vec<(&'static str, String)>, String> {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("clouds.yaml");
    let lines: String = entry.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    fs::write(&file, format!("clouds:\n  c:\n{lines}")).unwrap();
    settled(&["cloud: c"], &[("OS_CLIENT_CONFIG_FILE", file.to_str().unwrap()), ("OS_USERNAME", "not me")])
}

fn pairs<'a>(found: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    found.iter().filter(|(name, _)| *name != "cloud").map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn an_entry_of_clouds_yaml_is_read_as_the_page_shows_it() {
    let found = profile(
        "auth: {auth_url: 'https://k.example.com:5000/v3', username: me, password: 12345, project_name: 007, \
         user_domain_name: Default, project_domain_name: Default}\nregion_name: RegionOne\ninterface: internal\n\
         identity_api_version: 3\nverify: true\nvolume_api_version: '3'",
    )
    .unwrap();
    let mut found = pairs(&found);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("auth_url", "https://k.example.com:5000/v3"),
            ("interface", "internal"),
            ("password", "12345"),
            ("project_domain_name", "Default"),
            ("project_name", "007"),
            ("region_name", "RegionOne"),
            ("user_domain_name", "Default"),
            ("username", "me"),
        ]
    );
    let found = profile(
        "auth_type: v3applicationcredential\nauth: {auth_url: 'https://k.example.com', application_credential_id: a, \
         application_credential_secret: s, username: left over, project_name: left over}\nregions: [north]\n\
         cacert: /etc/ca.pem\ncompute_endpoint_override: https://nova.example.com/v2.1",
    )
    .unwrap();
    let mut found = pairs(&found);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("application_credential_id", "a"),
            ("application_credential_secret", "s"),
            ("auth_type", "v3applicationcredential"),
            ("auth_url", "https://k.example.com"),
            ("cacert", "/etc/ca.pem"),
            ("endpoint", "https://nova.example.com/v2.1"),
            ("region_name", "north"),
        ]
    );
    let found = profile(
        "auth: {auth_url: 'https://k.example.com', user_id: u, username: me, password: p}\nproject_id: p1\n\
         regions: [{name: one, values: {}}]",
    )
    .unwrap();
    let mut found = pairs(&found);
    found.sort_unstable();
    let expected = [
        ("auth_url", "https://k.example.com"),
        ("password", "p"),
        ("project_id", "p1"),
        ("region_name", "one"),
        ("user_id", "u"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_entry_that_would_mean_something_else_here_is_refused_without_a_value() {
    let auth = "auth: {auth_url: 'https://k.example.com', username: hunter2, password: hunter2, user_domain_name: d}";
    for (more, told) in [
        ("verify: false", "certificates"),
        ("verify: 'no'", "certificates"),
        ("insecure: true", "certificates"),
        ("profile: hunter2", "vendor"),
        ("auth_type: hunter2", "auth_type"),
        ("auth_type: v3token", "auth_type"),
        ("identity_api_version: '2.0'", "identity_api_version"),
        ("cert: /x", "client certificate"),
        ("region_name: [hunter2]", "region_name"),
        ("regions: hunter2", "regions"),
        ("regions: [{name: a, values: {interface: admin}}]", "values"),
    ] {
        let error = profile(&format!("{auth}\n{more}")).unwrap_err();
        assert!(error.contains(told) && !error.contains("hunter2"), "{more}: {error}");
    }
    for entry in ["auth: hunter2", "auth: [1]"] {
        assert!(profile(entry).unwrap_err().contains("`auth` is no mapping"));
    }
    assert!(profile(auth).is_ok());
    assert!(profile("auth: {auth_url: 'https://k.example.com'}").unwrap_err().contains("needs credentials"));
}
