//! What Huawei Cloud Workspace can do and wants to know, as data.

use crate::model::{
    BatchLimits, Capabilities, CaseRule, Choice, EvidenceLevel, NameRules, OffSupport, ProviderSpec,
    RebootSupport, SettingKind, SettingSpec, Way,
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

/// The registry's data of this provider. The environment variables are those of the provider's own Terraform provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "huawei-workspace",
    title: "Huawei Cloud Workspace application servers",
    settings: &[
        setting(
            "region",
            SettingKind::Text,
            Some("HW_REGION_NAME"),
            "Region, like ap-southeast-1: the addresses and the project follow from it",
        ),
        setting("endpoint", SettingKind::Url, None, "Base URL of the service; the region's own by default"),
        setting(
            "iam_endpoint",
            SettingKind::Url,
            None,
            "Base URL of the identity service; the region's own by default",
        ),
        setting(
            "project_id",
            SettingKind::Text,
            Some("HW_PROJECT_ID"),
            "Project; looked up by the region's name without it",
        ),
        setting("token", SettingKind::Secret, Some("HW_AUTH_TOKEN"), "Token of the project"),
        setting("access_key", SettingKind::Text, Some("HW_ACCESS_KEY"), "Access key (AK)"),
        setting("secret_key", SettingKind::Secret, Some("HW_SECRET_KEY"), "Its secret (SK)"),
        setting(
            "security_token",
            SettingKind::Secret,
            Some("HW_SECURITY_TOKEN"),
            "Goes with temporary access keys",
        ),
        setting("username", SettingKind::Text, Some("HW_USER_NAME"), "User of the identity service"),
        setting("password", SettingKind::Secret, Some("HW_USER_PASSWORD"), "Its password"),
        setting("domain", SettingKind::Text, Some("HW_DOMAIN_NAME"), "The account that the user belongs to"),
    ],
    synonyms: &[],
    choices: &[
        Choice {
            what: "an address",
            ways: &[
                Way { needs: &["region"], may: &["endpoint", "iam_endpoint"] },
                Way { needs: &["endpoint"], may: &["iam_endpoint", "region"] },
            ],
        },
        Choice {
            what: "credentials",
            ways: &[
                Way { needs: &["token"], may: &[] },
                Way { needs: &["access_key", "secret_key"], may: &["security_token"] },
                Way { needs: &["username", "password", "domain"], may: &[] },
            ],
        },
    ],
    profiles: None,
    endpoint_required: None,
    capabilities: Capabilities {
        power_on: true,
        off: OffSupport::Both,
        suspend: false,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::Both,
        // A reboot returns no job id; its transitions may be over before anybody looks.
        reboot_evidence: EvidenceLevel::Accepted,
        rename: true,
        // Of servers that are paid by use; the others deny it one by one.
        delete: true,
        reports_power: true,
        tags: false,
        created_at: false,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            max_chars: 64,
            allows: |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\u{4e00}'..='\u{9fff}'),
            described: "letters, digits, _, - and Chinese characters",
        },
        batch: BatchLimits { power: 20, delete: 20 },
        default_in_flight: 8,
        // When the provider's own Terraform provider looks first.
        usual_delay: Duration::from_secs(10),
        first_look: Capabilities::NOTHING.first_look,
    },
};
