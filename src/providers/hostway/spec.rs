//! What Hostway can do and wants to know, as data.

use crate::model::{
    BatchLimits, Capabilities, CaseRule, EvidenceLevel, NameRules, OffSupport, ProviderSpec, RebootSupport,
    SettingKind, SettingSpec,
};
use std::time::Duration;

/// The registry's data of this provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "hostway",
    title: "Hostway FlexCloud servers",
    settings: &[
        SettingSpec {
            name: "endpoint",
            kind: SettingKind::Url,
            required: true,
            env: None,
            doc: "Base URL: https://HOST, or https://HOST/accounts/ACCOUNT/flexcloud",
        },
        SettingSpec {
            name: "username",
            kind: SettingKind::Text,
            required: true,
            env: Some("HOSTWAY_USERNAME"),
            doc: "User of the API",
        },
        SettingSpec {
            name: "password",
            kind: SettingKind::Secret,
            required: true,
            env: Some("HOSTWAY_PASSWORD"),
            doc: "Its password",
        },
        SettingSpec {
            name: "account_id",
            kind: SettingKind::Text,
            required: false,
            env: Some("HOSTWAY_ACCOUNT_ID"),
            doc: "Account, for deployments with the long path style; without it the credentials' own",
        },
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some("Hostway publishes no host name for this API"),
    capabilities: Capabilities {
        power_on: true,
        // Whether os-stop is graceful is not said (ServerActionStop page).
        off: OffSupport::NotToldApart,
        suspend: false,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::Both,
        // No jobs, no boot time; PROCESSING may be over before anybody looks.
        reboot_evidence: EvidenceLevel::Accepted,
        rename: true,
        delete: true,
        reports_power: true,
        tags: false,
        created_at: true,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            // No rule is documented.
            max_chars: usize::MAX,
            allows: |c| !c.is_control(),
            described: "anything without control characters",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        default_in_flight: 8,
        usual_delay: Duration::from_secs(10),
        first_look: Capabilities::NOTHING.first_look,
    },
};
