//! What `OpenStack` can do and wants to know, as data.

use super::profile;
use crate::model::{
    BatchLimits, Capabilities, CaseRule, Choice, EvidenceLevel, NameRules, OffSupport, Profiles,
    ProviderSpec, RebootSupport, SettingKind, SettingSpec, Way,
};
use std::time::Duration;

const fn setting(
    name: &'static str,
    kind: SettingKind,
    env: Option<&'static str>,
    doc: &'static str,
) -> SettingSpec {
    SettingSpec { name, kind, required: false, env, doc }
}

const fn text(name: &'static str, env: &'static str, doc: &'static str) -> SettingSpec {
    setting(name, SettingKind::Text, Some(env), doc)
}

const fn secret(name: &'static str, env: &'static str, doc: &'static str) -> SettingSpec {
    setting(name, SettingKind::Secret, Some(env), doc)
}

/// The word for a way to log in, and what it needs in any case.
const AUTH_TYPES: SettingKind = SettingKind::Selects(&[
    ("password", "password"),
    ("v3password", "password"),
    ("v3applicationcredential", "application_credential_secret"),
]);

/// What belongs to a user that is named, and to the project that a password is for. An application credential has
/// its own project.
const OF_A_NAME: &[&str] = &[
    "user_domain_name",
    "user_domain_id",
    "project_name",
    "project_id",
    "project_domain_name",
    "project_domain_id",
];
const OF_A_USER_ID: &[&str] = &["project_name", "project_id", "project_domain_name", "project_domain_id"];
const OF_A_CREDENTIAL: &[&str] = &["username", "user_id", "user_domain_name", "user_domain_id"];

static PROFILES: Profiles = Profiles {
    setting: "cloud",
    file_env: "OS_CLIENT_CONFIG_FILE",
    files: &["clouds.yaml", "clouds.yml"],
    secrets: &["secure.yaml", "secure.yml"],
    folders: &[".", "~/.config/openstack", "/etc/openstack"],
    section: "clouds",
    read: profile::read,
};

/// The registry's data of this provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "openstack",
    title: "OpenStack Nova v2.1 with Keystone v3",
    settings: &[
        text("cloud", "OS_CLOUD", "Entry of clouds.yaml to take the settings from"),
        setting(
            "auth_url",
            SettingKind::Url,
            Some("OS_AUTH_URL"),
            "Keystone, with or without /v3 at its end",
        ),
        setting(
            "endpoint",
            SettingKind::Url,
            None,
            "Beside auth_url: Nova's URL, instead of the catalog's. Alone: the same as auth_url",
        ),
        setting(
            "auth_type",
            AUTH_TYPES,
            Some("OS_AUTH_TYPE"),
            "password, v3password or v3applicationcredential; else the credentials given decide",
        ),
        text("username", "OS_USERNAME", "User, in the user_domain"),
        text("user_id", "OS_USER_ID", "User by id, without a domain"),
        secret("password", "OS_PASSWORD", "The user's password"),
        text("user_domain_name", "OS_USER_DOMAIN_NAME", "Domain of the user"),
        text("user_domain_id", "OS_USER_DOMAIN_ID", "Domain of the user, by id"),
        text("project_name", "OS_PROJECT_NAME", "Project of the servers, in the project_domain"),
        text("project_id", "OS_PROJECT_ID", "Project of the servers, by id"),
        text("project_domain_name", "OS_PROJECT_DOMAIN_NAME", "Domain of the project"),
        text("project_domain_id", "OS_PROJECT_DOMAIN_ID", "Domain of the project, by id"),
        text(
            "application_credential_id",
            "OS_APPLICATION_CREDENTIAL_ID",
            "Application credential, which has its own project",
        ),
        text(
            "application_credential_name",
            "OS_APPLICATION_CREDENTIAL_NAME",
            "The same by name, together with its user",
        ),
        secret("application_credential_secret", "OS_APPLICATION_CREDENTIAL_SECRET", "Its secret"),
        text("region_name", "OS_REGION_NAME", "Region; may be left out where there is one"),
        text("interface", "OS_INTERFACE", "public (the default), internal or admin"),
        text(
            "cacert",
            "OS_CACERT",
            "PEM file of further authorities; ca_file of the connection goes before it",
        ),
    ],
    synonyms: &[
        ("username", "user_id"),
        ("user_domain_name", "user_domain_id"),
        ("project_name", "project_id"),
        ("project_domain_name", "project_domain_id"),
        // An id needs no domain.
        ("project_id", "project_domain_name"),
        ("project_id", "project_domain_id"),
    ],
    choices: &[
        Choice {
            what: "an address",
            ways: &[Way { needs: &["auth_url"], may: &["endpoint"] }, Way { needs: &["endpoint"], may: &[] }],
        },
        Choice {
            what: "credentials",
            ways: &[
                Way { needs: &["application_credential_id", "application_credential_secret"], may: &[] },
                Way {
                    needs: &["application_credential_name", "application_credential_secret"],
                    may: OF_A_CREDENTIAL,
                },
                Way { needs: &["username", "password"], may: OF_A_NAME },
                Way { needs: &["user_id", "password"], may: OF_A_USER_ID },
            ],
        },
    ],
    profiles: Some(&PROFILES),
    endpoint_required: None,
    capabilities: Capabilities {
        power_on: true,
        // The stop turns hard by itself after a grace time; there is no call that pulls the plug.
        off: OffSupport::GracefulOnly,
        suspend: true,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::Both,
        // The history of actions may have gaps or be closed to the user, and REBOOT may be over before anybody looks.
        // `launched_at` is no boot time: nothing documents that a reboot moves it.
        reboot_evidence: EvidenceLevel::Accepted,
        rename: true,
        delete: true,
        reports_power: true,
        tags: true,
        created_at: true,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            max_chars: 255,
            allows: is_printable,
            described: "printable characters",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        default_in_flight: 8,
        usual_delay: Duration::from_secs(10),
        first_look: Capabilities::NOTHING.first_look,
    },
};

/// What shows, blanks included: no controls, line ends, invisible marks or private characters.
fn is_printable(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}');
    !c.is_control() && !hidden
}
