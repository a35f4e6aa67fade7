//! The providers: what each can do, its settings and variables, from the registry's data.

use crate::model::{EvidenceLevel, OffSupport, ProviderSpec, RebootSupport, SettingKind};
use serde::Serialize;
use std::fmt::Write;

/// A provider, as `providers --format json` shows it.
#[derive(Clone, Debug, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "they are the columns of a table")]
pub struct ProviderRow {
    /// The `type:`.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// The API.
    pub title: &'static str,
    /// Start.
    pub power_on: bool,
    /// Stop: `no`, `hard`, `graceful`, `graceful, hard`, `yes (not told apart)`.
    pub power_off: &'static str,
    /// Suspend.
    pub suspend: bool,
    /// Reboot: `no`, `hard`, `soft, hard`, `yes (not told apart)`.
    pub reboot: &'static str,
    /// The strongest evidence that a reboot leaves for certain: the most that `require_evidence` may ask for.
    pub reboot_evidence: EvidenceLevel,
    /// Rename.
    pub rename: bool,
    /// Delete.
    pub delete: bool,
    /// Why `endpoint` must be given; `null` where it has a default.
    pub endpoint_required: Option<&'static str>,
    /// What can be given in several ways, and the ways: `credentials: token; or username and password`.
    pub choices: Vec<String>,
    /// The setting that names an entry of a file of connections, and that file.
    pub profiles: Option<(&'static str, &'static str)>,
    /// The settings.
    pub settings: Vec<SettingRow>,
}

/// A setting of a provider.
#[derive(Clone, Debug, Serialize)]
pub struct SettingRow {
    /// The key.
    pub name: &'static str,
    /// Whether it must be given, in the file or the environment.
    pub required: bool,
    /// Whether it is a credential.
    pub secret: bool,
    /// The environment variable that is read where the file does not give it.
    pub env: Option<&'static str>,
    /// What it is.
    pub doc: &'static str,
}

/// The rows of the registry.
pub fn provider_rows(specs: &[&'static ProviderSpec]) -> Vec<ProviderRow> {
    specs.iter().map(|spec| row(spec)).collect()
}

fn row(spec: &'static ProviderSpec) -> ProviderRow {
    let can = &spec.capabilities;
    ProviderRow {
        type_name: spec.type_name,
        title: spec.title,
        power_on: can.power_on,
        power_off: match can.off {
            OffSupport::No => "no",
            OffSupport::HardOnly => "hard",
            OffSupport::GracefulOnly => "graceful",
            OffSupport::Both => "graceful, hard",
            OffSupport::NotToldApart => "yes (not told apart)",
        },
        suspend: can.suspend,
        reboot: match can.reboot {
            RebootSupport::No => "no",
            RebootSupport::HardOnly => "hard",
            RebootSupport::Both => "soft, hard",
            RebootSupport::NotToldApart => "yes (not told apart)",
        },
        reboot_evidence: can.reboot_evidence,
        rename: can.rename,
        delete: can.delete,
        endpoint_required: spec.endpoint_required,
        choices: spec
            .choices
            .iter()
            .map(|choice| format!("{}: {}", choice.what, choice.described()))
            .collect(),
        profiles: spec.profiles.and_then(|p| Some((p.setting, *p.files.first()?))),
        settings: spec
            .settings
            .iter()
            .map(|s| SettingRow {
                name: s.name,
                required: s.required,
                secret: s.kind == SettingKind::Secret,
                env: s.env,
                doc: s.doc,
            })
            .collect(),
    }
}

/// The matrix and the settings as text.
pub fn providers_text(rows: &[ProviderRow]) -> String {
    let mut out = String::new();
    let yes = |can: bool| if can { "yes" } else { "no" };
    let _ = writeln!(
        out,
        "{:<18} {:<9} {:<21} {:<8} {:<21} {:<13} {:<7} DELETE",
        "TYPE", "POWER ON", "POWER OFF", "SUSPEND", "REBOOT", "EVIDENCE", "RENAME"
    );
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<18} {:<9} {:<21} {:<8} {:<21} {:<13} {:<7} {}",
            row.type_name,
            yes(row.power_on),
            row.power_off,
            yes(row.suspend),
            row.reboot,
            row.reboot_evidence.word(),
            yes(row.rename),
            yes(row.delete)
        );
    }
    for row in rows {
        let _ = writeln!(out, "\n{}: {}", row.type_name, row.title);
        let width = row.settings.iter().map(|setting| setting.name.len()).max().unwrap_or(0).max(12);
        for setting in &row.settings {
            let need = if setting.required { "required" } else { "optional" };
            let env = setting.env.map_or_else(String::new, |env| format!(" [{env}]"));
            let _ = writeln!(out, "  {:<width$} {need}  {}{env}", setting.name, setting.doc);
        }
        for choice in &row.choices {
            let _ = writeln!(out, "  needs {choice}");
        }
        if let Some((setting, file)) = row.profiles {
            let _ = writeln!(out, "  or {setting}: NAME takes an entry of {file}");
        }
        if let Some(why) = row.endpoint_required {
            let _ = writeln!(out, "  endpoint has no default: {why}");
        }
    }
    out
}
