//! What `GoGrid` can do and wants to know, as data.

use crate::model::{
    BatchLimits, Capabilities, CaseRule, EvidenceLevel, NameRules, OffSupport, ProviderSpec, RebootSupport,
    SettingKind, SettingSpec,
};
use std::time::Duration;

/// The registry's data of this provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "gogrid",
    title: "GoGrid API 1.x",
    settings: &[
        SettingSpec {
            name: "endpoint",
            kind: SettingKind::Url,
            required: true,
            env: None,
            doc: "Base URL, ends in /api",
        },
        SettingSpec {
            name: "api_key",
            kind: SettingKind::Secret,
            required: true,
            env: Some("GOGRID_API_KEY"),
            doc: "API key",
        },
        SettingSpec {
            name: "secret",
            kind: SettingKind::Secret,
            required: true,
            env: Some("GOGRID_SECRET"),
            doc: "Shared secret of the key",
        },
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some(
        "GoGrid's public service was switched off and its host name may belong to anyone, so no credential is sent there",
    ),
    capabilities: Capabilities {
        power_on: true,
        off: OffSupport::HardOnly,
        suspend: false,
        off_when_suspended: OffSupport::No,
        reboot: RebootSupport::HardOnly,
        // Every power call makes a job, and a key that may reboot may read jobs.
        reboot_evidence: EvidenceLevel::JobFinished,
        rename: false,
        delete: true,
        reports_power: true,
        tags: false,
        created_at: false,
        names: NameRules {
            case: CaseRule::Exact,
            id_case: CaseRule::Exact,
            min_chars: 1,
            // Enforced when a server is added (grid.server.add page).
            max_chars: 20,
            allows: |c| !c.is_control(),
            described: "anything without control characters",
        },
        batch: BatchLimits { power: 1, delete: 1 },
        // Creating in parallel is said not to work; four is caution.
        default_in_flight: 4,
        usual_delay: Duration::from_secs(10),
        first_look: Capabilities::NOTHING.first_look,
    },
};
