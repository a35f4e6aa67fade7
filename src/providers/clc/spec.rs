//! What `CenturyLink` Cloud can do and wants to know, as data.

use crate::model::{
    BatchLimits, Capabilities, CaseRule, EvidenceLevel, NameRules, OffSupport, ProviderSpec, RebootSupport,
    SettingKind, SettingSpec,
};
use std::time::Duration;

/// The registry's data of this provider.
pub static SPEC: ProviderSpec = ProviderSpec {
    type_name: "clc",
    title: "CenturyLink Cloud API v2",
    settings: &[
        SettingSpec {
            name: "endpoint",
            kind: SettingKind::Url,
            required: true,
            env: None,
            doc: "Base URL: https://HOST; every path is below /v2 there",
        },
        SettingSpec {
            name: "username",
            kind: SettingKind::Text,
            required: true,
            env: Some("CLC_USERNAME"),
            doc: "User of the control portal",
        },
        SettingSpec {
            name: "password",
            kind: SettingKind::Secret,
            required: true,
            env: Some("CLC_PASSWORD"),
            doc: "Its password",
        },
        SettingSpec {
            name: "account",
            kind: SettingKind::Text,
            required: false,
            env: Some("CLC_ACCOUNT"),
            doc: "Account alias; without it the user's own",
        },
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some(
        "CenturyLink Cloud's public service was switched off and its host name may belong to anyone, so no credential is sent there",
    ),
    capabilities: Capabilities {
        power_on: true,
        off: OffSupport::Both,
        suspend: true,
        // No guest runs in a paused server that could shut down.
        off_when_suspended: OffSupport::HardOnly,
        reboot: RebootSupport::Both,
        // The answer to the call names its entry in the queue.
        reboot_evidence: EvidenceLevel::JobFinished,
        // A server's name is made of data center, account, a chosen part and a number, once and for all.
        rename: false,
        delete: true,
        reports_power: true,
        tags: true,
        created_at: false,
        names: NameRules {
            // Ids are lower case and names upper case in answers; public samples show both in either.
            case: CaseRule::Insensitive,
            id_case: CaseRule::Insensitive,
            min_chars: 1,
            max_chars: usize::MAX,
            allows: |c| !c.is_control(),
            described: "anything without control characters",
        },
        // No limit is documented; fifty keep one lost answer small.
        batch: BatchLimits { power: 50, delete: 1 },
        default_in_flight: 8,
        // A server shows its old power until an operation has ended, so a lost answer must be given the time of a
        // whole operation before the old state says anything.
        usual_delay: Duration::from_mins(1),
        // Their own clients ask every 2 s (source: clc-python-sdk queue.py).
        first_look: Duration::from_secs(2),
    },
};
