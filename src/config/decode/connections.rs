//! `providers:`: named connections, their settings as their type declares them.

use super::keys::{ConnectionKey, TimeoutKey};
use super::{CONNECTION_KEYS, Decoder, TIMEOUT_KEYS};
use crate::config::choices::{Pick, pick, selected, selector};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::fleet::{Connection, Timeouts, Value};
use crate::config::reference::{Piece, pieces};
use crate::config::source::Source;
use crate::config::suggest::{did_you_mean, nearest, one_of};
use crate::config::yaml::{Entry, Node, Span};
use crate::config::{Mode, endpoint};
use crate::model::{ConnectionName, ProviderSpec, SettingKind, SettingSpec};
use std::collections::BTreeMap;
use std::path::Path;

/// What all connections are decoded with.
#[derive(Clone, Copy)]
pub(super) struct Rules<'r> {
    /// The provider types there are.
    pub(super) specs: &'r [&'static ProviderSpec],
    /// How the file is going to be used.
    pub(super) mode: Mode,
    /// The folder that paths are relative to.
    pub(super) folder: &'r Path,
    /// The file itself.
    pub(super) source: &'r Source,
}

/// The entries of one connection, sorted.
struct Parts<'n, 'a> {
    common: [Option<&'n Entry<'a>>; CONNECTION_KEYS.len()],
    settings: Vec<&'n Entry<'a>>,
    partial: bool,
    key_span: Span,
}

impl<'n, 'a> Parts<'n, 'a> {
    fn common(&self, key: ConnectionKey) -> Option<&'n Node<'a>> {
        self.common.get(key as usize).copied().flatten().map(|entry| &entry.value)
    }
}

impl Decoder<'_> {
    /// One entry of `providers:`. `None` where its type is unknown or missing; that was reported, and the name
    /// still counts as known.
    pub(super) fn connection(
        &mut self,
        entry: &Entry<'_>,
        rules: Rules<'_>,
    ) -> Option<(Connection, &'static ProviderSpec)> {
        self.connection_name(entry);
        let mut parts = self.parts(entry)?;
        let spec = self.spec(&mut parts, rules);
        let mut connection = Connection {
            name: ConnectionName::from(&*entry.key),
            type_name: spec.map_or_else(String::new, |spec| spec.type_name.to_owned()),
            settings: BTreeMap::new(),
            max_in_flight: None,
            rate_limit: None,
            timeouts: Timeouts::default(),
            ca_file: None,
            location: self.place(entry.key_span),
        };
        self.common(&parts, rules, &mut connection);
        let Some(spec) = spec else {
            // Nobody knows which of its settings are secret.
            parts
                .settings
                .iter()
                .for_each(|setting| self.findings.keep_secret(self.file, setting.value.span));
            return None;
        };
        self.settings(&parts, spec, &mut connection);
        if !parts.partial && !rules.mode.simulated {
            self.missing_settings(&parts, spec, &connection);
        }
        Some((connection, spec))
    }

    fn connection_name(&mut self, entry: &Entry<'_>) {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if entry.key.is_empty() || !entry.key.bytes().all(allowed) {
            let message = format!("{} cannot be the name of a connection", quote(&entry.key));
            let cure = "use letters, digits, _, . and - only";
            self.report(entry.key_span, Diagnostic::error("bad_connection_name", message).cure(cure));
        }
    }

    fn parts<'n, 'a>(&mut self, entry: &'n Entry<'a>) -> Option<Parts<'n, 'a>> {
        let entries = self.mapping(&entry.value, "a connection")?;
        let mut parts = Parts {
            common: [None; CONNECTION_KEYS.len()],
            settings: Vec::new(),
            partial: entry.value.partial,
            key_span: entry.key_span,
        };
        for entry in entries {
            match CONNECTION_KEYS.iter().position(|key| key.name == entry.key) {
                Some(index) => parts.common[index] = Some(entry),
                None => parts.settings.push(entry),
            }
        }
        Some(parts)
    }

    fn spec(&mut self, parts: &mut Parts<'_, '_>, rules: Rules<'_>) -> Option<&'static ProviderSpec> {
        self.misspelt_type(parts);
        let types: Vec<&str> = rules.specs.iter().map(|spec| spec.type_name).collect();
        let Some(node) = parts.common(ConnectionKey::Type) else {
            if !parts.partial {
                let cure = format!("write type: {}", one_of(&types));
                let diagnostic = Diagnostic::error("missing_type", "the connection does not say its type");
                self.report(parts.key_span, diagnostic.cure(cure));
            }
            return None;
        };
        let name = self.text(node, "type")?;
        let found = rules.specs.iter().copied().find(|spec| spec.type_name == name);
        if found.is_none() {
            let cure = did_you_mean(name, types.iter().copied())
                .unwrap_or_else(|| format!("known types are {}", one_of(&types)));
            let message = format!("there is no provider type {}", quote(name));
            self.report(node.span, Diagnostic::error("unknown_type", message).cure(cure));
        }
        found
    }

    /// Takes a key that is nearly `type` for it, after reporting it: without a type nothing else can be checked.
    fn misspelt_type(&mut self, parts: &mut Parts<'_, '_>) {
        const TYPE: [&str; 1] = [CONNECTION_KEYS[ConnectionKey::Type as usize].name];
        if parts.common(ConnectionKey::Type).is_some() {
            return;
        }
        let Some(at) = parts.settings.iter().position(|entry| nearest(&entry.key, TYPE).is_some()) else {
            return;
        };
        let entry = parts.settings.remove(at);
        self.unknown_key(entry, &TYPE, "a connection");
        parts.common[ConnectionKey::Type as usize] = Some(entry);
    }

    fn common(&mut self, parts: &Parts<'_, '_>, rules: Rules<'_>, connection: &mut Connection) {
        if let Some(node) = parts.common(ConnectionKey::MaxInFlight) {
            connection.max_in_flight = self.count(node, "max_in_flight", 1, 1000);
        }
        if let Some(node) = parts.common(ConnectionKey::RateLimit) {
            connection.rate_limit = self.rate(node, "rate_limit");
        }
        if let Some(node) = parts.common(ConnectionKey::CaFile) {
            connection.ca_file = self.path(node, "ca_file").map(|path| rules.folder.join(path));
        }
        let timeouts = parts.common(ConnectionKey::Timeouts);
        if let Some(fields) = timeouts.and_then(|node| self.fields(node, &TIMEOUT_KEYS, "timeouts")) {
            let mut read = |key: TimeoutKey, slot: &mut std::time::Duration| {
                let node = fields.value(key as usize);
                let value = node.and_then(|node| self.duration(node, TIMEOUT_KEYS[key as usize].name));
                *slot = value.unwrap_or(*slot);
            };
            read(TimeoutKey::Request, &mut connection.timeouts.request);
            read(TimeoutKey::Settle, &mut connection.timeouts.settle);
        }
    }

    fn settings(&mut self, parts: &Parts<'_, '_>, spec: &'static ProviderSpec, connection: &mut Connection) {
        let what = a_connection(spec);
        let settings = spec.settings.iter().map(|setting| setting.name);
        let known: Vec<&str> = CONNECTION_KEYS.iter().map(|key| key.name).chain(settings).collect();
        for entry in &parts.settings {
            let exact = spec.settings.iter().find(|setting| setting.name == entry.key);
            let setting = exact.or_else(|| {
                // Perhaps a credential under a name that is misspelt.
                self.findings.keep_secret(self.file, entry.value.span);
                let near = self.unknown_key(entry, &known, &what)?;
                let given = parts.settings.iter().any(|other| other.key == near);
                spec.settings.iter().find(|setting| setting.name == near && !given)
            });
            let Some(setting) = setting else { continue };
            // A setting whose value is bad is kept as empty, so that it is not reported as missing too.
            let text = self.setting(entry, setting).unwrap_or_default();
            let value = Value { text, location: self.place(entry.value.span) };
            connection.settings.insert(setting.name.to_owned(), value);
        }
    }

    fn setting(&mut self, entry: &Entry<'_>, setting: &SettingSpec) -> Option<String> {
        let node = &entry.value;
        let secret = setting.kind == SettingKind::Secret;
        if secret {
            self.hide_unless_reference(node);
        }
        let text = self.text(node, setting.name)?;
        if text.is_empty() {
            let message = format!("{} is empty", setting.name);
            let cure = "write a value, or remove the line";
            self.report(node.span, Diagnostic::error("missing_value", message).cure(cure));
            return None;
        }
        let found = match pieces(text) {
            Ok(found) => found,
            Err(bad) => {
                let message = format!("{} {}", setting.name, bad.why);
                self.report(node.span, Diagnostic::error("bad_reference", message).cure(bad.cure));
                return None;
            }
        };
        let literal = found.iter().all(|piece| matches!(piece, Piece::Text(_)));
        if literal && secret {
            let variable = setting.env.unwrap_or("NAME");
            let message = format!("{} is written into the file", setting.name);
            let cure =
                format!("write ${{env:{variable}}} or ${{file:PATH}} and keep the secret out of the file");
            self.report(node.span, Diagnostic::warning("literal_secret", message).cure(cure));
        }
        if literal && setting.kind == SettingKind::Url {
            let plain: String = found.iter().map(|p| if let Piece::Text(t) = p { *t } else { "" }).collect();
            self.url(node.span, setting.name, &plain)?;
        }
        Some(text.to_owned())
    }

    /// Whatever a secret setting holds is not shown, unless it is nothing but one reference.
    pub(super) fn hide_unless_reference(&mut self, node: &Node<'_>) {
        let reference = match &node.content {
            crate::config::yaml::Content::Scalar(text) => {
                matches!(pieces(text).as_deref(), Ok([Piece::Env(_) | Piece::File(_)] | []))
            }
            _ => false,
        };
        if !reference {
            self.findings.keep_secret(self.file, node.span);
        }
    }

    fn url(&mut self, span: Span, name: &str, text: &str) -> Option<()> {
        let Err(bad) = endpoint::check(text) else { return Some(()) };
        self.report(span, Diagnostic::error(bad.code, format!("{name} {}", bad.why)).cure(bad.cure));
        None
    }

    fn missing_settings(&mut self, parts: &Parts<'_, '_>, spec: &ProviderSpec, connection: &Connection) {
        let mut found = missing(spec, connection, |setting| setting.env.is_some());
        let from_profile = spec.profiles.is_some_and(|p| connection.settings.contains_key(p.setting));
        if !from_profile {
            let held = |name: &str| connection.settings.contains_key(name);
            let may_come = |name: &str| {
                let setting = spec.settings.iter().find(|setting| setting.name == name);
                setting.is_some_and(|setting| setting.env.is_some())
            };
            let word = |name: &str| connection.settings.get(name).map(|value| value.text.clone());
            found.extend(undecided(spec, &held, &may_come, &word));
        }
        for missing in found {
            self.report(parts.key_span, missing);
        }
    }
}

/// What a connection cannot do without and does not have; `otherwise` says whether a setting may come from
/// elsewhere.
pub(in crate::config) fn missing(
    spec: &ProviderSpec,
    connection: &Connection,
    otherwise: impl Fn(&SettingSpec) -> bool,
) -> Vec<Diagnostic> {
    let endpoint = spec.settings.iter().find(|setting| setting.name == "endpoint");
    let given = |name: &str| connection.settings.contains_key(name);
    let mut found = Vec::new();
    if let Some(why) = spec.endpoint_required
        && !given("endpoint")
        && !endpoint.is_some_and(&otherwise)
    {
        let message = format!("{} needs an endpoint: {why}", a_connection(spec));
        let cure = "write endpoint: https://… with the base URL of the service to use";
        found.push(Diagnostic::error("missing_endpoint", message).cure(cure));
    }
    let reported = |setting: &SettingSpec| setting.name == "endpoint" && spec.endpoint_required.is_some();
    for setting in spec.settings.iter().filter(|s| s.required && !reported(s)) {
        if !given(setting.name) && !otherwise(setting) {
            let message = format!("{} needs {}: {}", a_connection(spec), setting.name, setting.doc);
            found.push(Diagnostic::error("missing_setting", message).cure(how_to_give(setting)));
        }
    }
    found
}

/// What can be given in several ways and is given in none, or in more than one; `word` is the value of a setting that
/// says which way is meant.
pub(in crate::config) fn undecided(
    spec: &ProviderSpec,
    held: &dyn Fn(&str) -> bool,
    otherwise: &dyn Fn(&str) -> bool,
    word: &dyn Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let name = a_connection(spec);
    let finding = |choice| {
        let profile = spec.profiles.map_or_else(String::new, |profiles| {
            let file = profiles.files.first().copied().unwrap_or_default();
            format!("; or {}: NAME, an entry of {file}", profiles.setting)
        });
        let meant = selector(spec, choice).and_then(|setting| selected(setting, &word(setting.name)?));
        match pick(choice, meant, held, otherwise) {
            Pick::Way(_) => None,
            Pick::Several(ways) => {
                let ways: Vec<String> = ways.iter().map(|way| way.needs.join(" and ")).collect();
                let message = format!("{} are given in several ways: {}", choice.what, ways.join("; "));
                Some(Diagnostic::error("several_ways", message).cure("keep one of them"))
            }
            Pick::Incomplete(lacks) => {
                let message = format!("{name} needs {} too", lacks.join(" and "));
                let settings = spec.settings.iter().filter(|setting| lacks.contains(&setting.name));
                let cures: Vec<String> = settings.map(how_to_give).collect();
                Some(Diagnostic::error("missing_setting", message).cure(cures.join("; ")))
            }
            Pick::Nothing => {
                let message = format!("{name} needs {}", choice.what);
                let variables: Vec<&str> =
                    spec.settings.iter().filter(|s| choice.has(s.name)).filter_map(|s| s.env).collect();
                let cure =
                    format!("give {}{profile} (environment: {})", choice.described(), variables.join(", "));
                Some(Diagnostic::error("missing_setting", message).cure(cure))
            }
        }
    };
    spec.choices.iter().filter_map(finding).collect()
}

fn how_to_give(setting: &SettingSpec) -> String {
    match (setting.env, setting.kind) {
        (Some(variable), _) => {
            format!("set the environment variable {variable}, or write {}: in the file", setting.name)
        }
        (None, SettingKind::Secret) => format!("write {}: ${{env:NAME}} or ${{file:PATH}}", setting.name),
        (None, _) => format!("write {}: in the file", setting.name),
    }
}

/// `a clc connection`, `an openstack connection`.
fn a_connection(spec: &ProviderSpec) -> String {
    let article = if spec.type_name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {} connection", spec.type_name)
}
