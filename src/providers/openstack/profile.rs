//! An entry of `clouds.yaml` as settings of a connection.

use super::login::{APPLICATION, PASSWORD};
use crate::model::ProfileSettings;
use serde_json::{Map, Value};

/// Keys of `auth`, which may also stand beside it. The older words for a project come after the newer ones.
const AUTH: [(&str, &str); 15] = [
    ("auth_url", "auth_url"),
    ("username", "username"),
    ("user_id", "user_id"),
    ("password", "password"),
    ("project_name", "project_name"),
    ("project_id", "project_id"),
    ("tenant_name", "project_name"),
    ("tenant_id", "project_id"),
    ("user_domain_name", "user_domain_name"),
    ("user_domain_id", "user_domain_id"),
    ("project_domain_name", "project_domain_name"),
    ("project_domain_id", "project_domain_id"),
    ("application_credential_id", "application_credential_id"),
    ("application_credential_name", "application_credential_name"),
    ("application_credential_secret", "application_credential_secret"),
];

/// Keys beside `auth`.
const BESIDE: [(&str, &str); 8] = [
    ("region_name", "region_name"),
    ("region", "region_name"),
    ("interface", "interface"),
    ("endpoint_type", "interface"),
    ("auth_type", "auth_type"),
    ("compute_endpoint_override", "endpoint"),
    ("cacert", "cacert"),
    ("os_cacert", "cacert"),
];

/// What would change whom we talk to, or how far we trust them, and is not done here.
const REFUSED: [(&str, &str); 4] = [
    (
        "profile",
        "it names a vendor's profile in `profile`, which is not read here: write its values into the entry",
    ),
    (
        "vendor",
        "it names a vendor's profile in `vendor`, which is not read here: write its values into the entry",
    ),
    ("cert", "it logs in with a client certificate (`cert`), which is not supported"),
    ("system_scope", "it has a `system_scope`, and servers belong to projects: name one"),
];

/// Reads an entry. The error says what cannot be used, and quotes no value.
pub(super) fn read(entry: &Value) -> Result<ProfileSettings, String> {
    let Value::Object(entry) = entry else { return Err("it is no mapping".into()) };
    let empty = Map::new();
    let auth = match entry.get("auth") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(auth)) => auth,
        Some(_) => return Err("its `auth` is no mapping".into()),
    };
    refuse(entry, auth)?;
    let mut found: ProfileSettings = Vec::new();
    let mut take = |from: &Map<String, Value>, (key, setting): (&str, &'static str)| -> Result<(), String> {
        if let Some(value) = from.get(key).map(|value| text(value, key)).transpose()?.flatten()
            && !found.iter().any(|(known, _)| *known == setting)
        {
            found.push((setting, value));
        }
        Ok(())
    };
    for row in AUTH {
        take(auth, row)?;
        take(entry, row)?;
    }
    for row in BESIDE {
        take(entry, row)?;
    }
    if !found.iter().any(|(name, _)| *name == "region_name")
        && let Some(region) = only_region(entry)?
    {
        found.push(("region_name", region));
    }
    one_way(&mut found)?;
    Ok(found)
}

fn refuse(entry: &Map<String, Value>, auth: &Map<String, Value>) -> Result<(), String> {
    let given = |key: &str| entry.get(key).or_else(|| auth.get(key)).is_some_and(|value| !value.is_null());
    if let Some((_, why)) = REFUSED.iter().find(|(key, _)| given(key)) {
        return Err((*why).into());
    }
    let is = |key: &str, wanted: bool| entry.get(key).is_some_and(|value| truth(value) == Some(wanted));
    if is("verify", false) || is("insecure", true) {
        let cure = "remove that, and name the authority's certificate in `cacert`, or in `ca_file` of the connection";
        return Err(format!("it switches the checking of certificates off, which is never done: {cure}"));
    }
    let version = entry.get("identity_api_version").map(|value| text(value, "identity_api_version"));
    match version.transpose()?.flatten() {
        Some(version) if !version.starts_with('3') => {
            Err("its `identity_api_version` is not 3, and only that is spoken".into())
        }
        _ => Ok(()),
    }
}

/// Texts as they are, numbers and booleans as text; null is nothing.
fn text(value: &Value, key: &str) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(_) | Value::Object(_) => Err(format!("its `{key}` is no text")),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => number.as_u64().map(|number| number != 0),
        _ => None,
    }
}

/// The region of a list that has one. Of several the connection says which; else all are named once it is open.
fn only_region(entry: &Map<String, Value>) -> Result<Option<String>, String> {
    match entry.get("regions") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(regions)) => match &regions[..] {
            [Value::Object(region)] => {
                let own = region.get("values").and_then(Value::as_object);
                if own.is_some_and(|values| !values.is_empty()) {
                    return Err("its region has `values` of its own: write them into the entry".into());
                }
                text(region.get("name").unwrap_or(&Value::Null), "regions")
            }
            [region] => text(region, "regions"),
            _ => Ok(None),
        },
        Some(_) => Err("its `regions` is no list".into()),
    }
}

/// Leaves one way to log in: the one of `auth_type`, else an application credential where there is one.
fn one_way(found: &mut ProfileSettings) -> Result<(), String> {
    let get = |name: &str| found.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    let application = match get("auth_type") {
        None => get("application_credential_secret").is_some(),
        Some(word) if PASSWORD.contains(&word) => false,
        Some(APPLICATION) => true,
        Some(_) => {
            let known = PASSWORD.join(", ");
            return Err(format!("its `auth_type` is not spoken here; {known} and {APPLICATION} are"));
        }
    };
    let by_id = get("application_credential_id").is_some();
    let user_id = get("user_id").is_some();
    found.retain(|(name, _)| match *name {
        "password" => !application,
        name if name.starts_with("project_") => !application,
        "application_credential_name" => application && !by_id,
        name if name.starts_with("application_credential_") => application,
        "user_id" => !(application && by_id),
        "username" | "user_domain_name" | "user_domain_id" => !(user_id || application && by_id),
        _ => true,
    });
    Ok(())
}
