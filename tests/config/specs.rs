//! Provider types for tests, shaped like real ones.

use fleetform::config::{Diagnostic, Loaded, Mode, load_texts};
use fleetform::model::{
    Capabilities, CaseRule, NameRules, OffSupport, ProviderSpec, RebootSupport, SettingKind, SettingSpec,
};

const fn setting(
    name: &'static str,
    kind: SettingKind,
    required: bool,
    env: Option<&'static str>,
    doc: &'static str,
) -> SettingSpec {
    SettingSpec { name, kind, required, env, doc }
}

const fn capabilities(case: CaseRule) -> Capabilities {
    Capabilities {
        power_on: true,
        off: OffSupport::Both,
        reboot: RebootSupport::Both,
        rename: true,
        delete: true,
        names: NameRules { case, id_case: case, max_chars: 64, ..Capabilities::NOTHING.names },
        ..Capabilities::NOTHING
    }
}

/// No public host; names to the letter.
pub(crate) static FLEX: ProviderSpec = ProviderSpec {
    type_name: "flexible",
    title: "A cloud without a public host name",
    settings: &[
        setting("endpoint", SettingKind::Url, false, None, "The base URL of the API"),
        setting("username", SettingKind::Text, true, Some("FLEX_USERNAME"), "The account's user"),
        setting("password", SettingKind::Secret, true, Some("FLEX_PASSWORD"), "Its password"),
        setting("account_id", SettingKind::Text, false, None, "An account below the user's"),
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some("it has no public host name"),
    capabilities: capabilities(CaseRule::Exact),
};

/// Signs its calls; names in any case.
pub(crate) static GRID: ProviderSpec = ProviderSpec {
    type_name: "grid",
    title: "A cloud that is history",
    settings: &[
        setting("endpoint", SettingKind::Url, false, Some("GRID_ENDPOINT"), "The base URL, ending in /api"),
        setting("api_key", SettingKind::Secret, true, None, "The key"),
        setting("secret", SettingKind::Secret, true, None, "The shared secret"),
    ],
    synonyms: &[],
    choices: &[],
    profiles: None,
    endpoint_required: Some("its service was switched off and the host may belong to anyone"),
    capabilities: capabilities(CaseRule::Insensitive),
};

/// Both.
pub(crate) static SPECS: [&ProviderSpec; 2] = [&FLEX, &GRID];

/// A head that most test files need.
pub(crate) const HEAD: &str = "version: 1
providers:
  east:
    type: flexible
    endpoint: https://flex.example.com
    username: ${env:USER_NAME}
    password: ${env:PASSWORD}
  grid:
    type: grid
    endpoint: https://grid.example.com/api
    api_key: ${env:KEY}
    secret: ${env:SECRET}
defaults:
  provider: east
";

/// Loads texts with these types.
pub(crate) fn load(texts: &[(&str, &str)]) -> Result<Loaded, Vec<Diagnostic>> {
    load_texts(texts, &SPECS, Mode::default())
}

/// Loads [`HEAD`] with a tail, which must be good.
pub(crate) fn good(tail: &str) -> Loaded {
    load(&[("fleet.yaml", &format!("{HEAD}{tail}"))]).unwrap_or_else(|found| panic!("{tail}\n{found:#?}"))
}

/// The codes of what is wrong with [`HEAD`] and a tail.
pub(crate) fn codes(tail: &str) -> Vec<&'static str> {
    codes_of(&format!("{HEAD}{tail}"))
}

/// The codes of what is wrong with a whole text.
pub(crate) fn codes_of(text: &str) -> Vec<&'static str> {
    load(&[("fleet.yaml", text)]).map_or_else(|found| found.iter().map(|d| d.code).collect(), |_| Vec::new())
}
