//! What Media Temple can do and wants to know, as data.

use crate::model::{
    BatchLimits, Capabilities, CaseRule, EvidenceLevel, NameRules, OffSupport, ProviderSpec, RebootSupport,
    SettingKind, SettingSpec,
};
use std::time::Duration;

/// The registry's data of this provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "mediatemple",
    title: "(mt) Media Temple customer API v1",
    settings: &[
        SettingSpec {
            name: "endpoint",
            kind: SettingKind::Url,
            required: true,
            env: None,
            doc: "Base URL, ends in /api/v1",
        },
        SettingSpec {
            name: "api_key",
            kind: SettingKind::Secret,
            required: true,
            env: Some("MEDIATEMPLE_API_KEY"),
            doc: "API key",
        },
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some(
        "Media Temple's API has been closed to new keys since 2018 and its host name may change hands, so no key is sent there unasked",
    ),
    capabilities: Capabilities {
        power_on: false,
        off: OffSupport::No,
        suspend: false,
        off_when_suspended: OffSupport::No,
        // Whether the reboot is soft is not said ((mt):Reboot server page).
        reboot: RebootSupport::NotToldApart,
        // `pendingReboot` may be missing, and falls back when the reboot begins; its end is never shown.
        reboot_evidence: EvidenceLevel::Accepted,
        rename: false,
        delete: false,
        reports_power: false,
        tags: false,
        created_at: false,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            // Names are only read here.
            max_chars: usize::MAX,
            allows: |c| !c.is_control(),
            described: "anything without control characters",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        // No rate limit is documented; four is caution.
        default_in_flight: 4,
        usual_delay: Duration::from_secs(10),
        first_look: Capabilities::NOTHING.first_look,
    },
};
