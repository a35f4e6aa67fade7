//! The JSON Schema of the fleet file, made of the tables that the decoder reads.

use super::decode::{
    AVAILABILITY_KEYS, BETWEEN_KEYS, CONNECTION_KEYS, DEFAULT_KEYS, DRIFT_KEYS, HEALTH_KEYS, Key, LIMIT_KEYS,
    NOTIFY_KEYS, POWER_KEYS, ROLLOUT_KEYS, RULE_KEYS, SCHEDULE_KEYS, SERVER_KEYS, TIMEOUT_KEYS, TOP_KEYS,
    WATCH_KEYS, WINDOW_KEYS,
};
use crate::model::{ProviderSpec, SettingKind, SettingSpec};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of a fleet file with these provider types. `version` is not required, because of
/// several files only one must have it; nor is an endpoint, because the simulator fills it in.
pub fn fleet_schema(specs: &[&'static ProviderSpec]) -> Value {
    let mut schema = mapping(&TOP_KEYS);
    let types: Vec<Value> = specs.iter().map(|spec| connection(spec)).collect();
    let additions = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fleetform fleet file",
        "description": "The names, power, absence and reboots of servers that exist.",
        "$defs": {
            "providers": {
                "type": ["object", "null"],
                "propertyNames": { "pattern": "^[A-Za-z0-9_.-]+$" },
                "additionalProperties": { "type": "object", "required": ["type"], "oneOf": types },
            },
            "timeouts": or_nothing(mapping(&TIMEOUT_KEYS)),
            "defaults": or_nothing(mapping(&DEFAULT_KEYS)),
            "server": required(mapping(&SERVER_KEYS), &["name"]),
            "rule": mapping(&RULE_KEYS),
            "availability": required(mapping(&AVAILABILITY_KEYS), &["select", "min_on"]),
            "notify": required(mapping(&NOTIFY_KEYS), &["url"]),
            "limits": or_nothing(mapping(&LIMIT_KEYS)),
            "healthy_when": { "anyOf": [{ "const": "none" }, mapping(&HEALTH_KEYS)] },
            "rollout": required(mapping(&ROLLOUT_KEYS), &["waves"]),
            "schedules": {
                "type": ["object", "null"],
                "propertyNames": { "pattern": "^[A-Za-z0-9_.-]{1,64}$" },
                "additionalProperties": required(mapping(&SCHEDULE_KEYS), &["zone"]),
            },
            "window": required(mapping(&WINDOW_KEYS), &["zone"]),
            "week_times": { "anyOf": [week_times(), { "type": "array", "minItems": 1, "items": week_times() }] },
            "between": required(mapping(&BETWEEN_KEYS), &["start", "stop"]),
            "power_schedule": required(mapping(&POWER_KEYS), &["schedule"]),
            "watch": or_nothing(mapping(&WATCH_KEYS)),
            "drift_rule": required(mapping(&DRIFT_KEYS), &["select", "on_drift"]),
            "labels": {
                "type": ["object", "null"],
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            },
            "bound": { "anyOf": [bound(), { "type": "array", "minItems": 1, "items": bound() }] },
        },
    });
    if let (Some(schema), Value::Object(additions)) = (schema.as_object_mut(), additions) {
        schema.extend(additions);
    }
    schema
}

fn week_times() -> Value {
    let examples = ["Mon-Fri 08:00-19:00", "Mon,Wed 08:00-12:00; Sat 10:00-14:00", "20:00-06:00"];
    json!({ "type": "string", "minLength": 1, "examples": examples })
}

/// A number or a percentage, within a time where one is given.
fn bound() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 0 },
        {
            "type": "string",
            "pattern": "^([0-9]+|(100(\\.00?)?|[0-9]{1,2}(\\.[0-9]{1,2})?)%)( per ([0-9]+(ms|s|m|h))+)?$",
        },
    ] })
}

/// A mapping that knows the keys of a table and no others.
fn mapping<const N: usize>(table: &[Key; N]) -> Value {
    let properties: Map<String, Value> =
        table.iter().map(|key| (key.name.to_owned(), described((key.schema)(), key.doc))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// A key may stand there with nothing after it.
fn or_nothing(mut schema: Value) -> Value {
    schema["type"] = json!(["object", "null"]);
    schema
}

fn described(mut schema: Value, doc: &str) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".into(), doc.into());
    }
    schema
}

fn required(mut schema: Value, names: &[&str]) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("required".into(), names.into());
    }
    schema
}

/// A connection of one type: the keys of every connection and the settings of the type.
fn connection(spec: &ProviderSpec) -> Value {
    let mut schema = required(mapping(&CONNECTION_KEYS), &["type"]);
    if let Some(properties) = schema["properties"].as_object_mut() {
        let description = format!("{}. {}", spec.title, CONNECTION_KEYS[0].doc);
        properties.insert("type".into(), json!({ "const": spec.type_name, "description": description }));
        for setting in spec.settings {
            properties.insert(setting.name.into(), setting_schema(spec, setting));
        }
    }
    described(schema, spec.title)
}

fn setting_schema(spec: &ProviderSpec, setting: &SettingSpec) -> Value {
    let mut doc = setting.doc.trim_end_matches('.').to_owned();
    if let Some(variable) = setting.env {
        doc = format!("{doc}. Default: the environment variable {variable}");
    }
    match (setting.name, spec.endpoint_required) {
        ("endpoint", Some(why)) => doc = format!("{doc}. Required: {why}"),
        _ if setting.required => doc.push_str(". Required"),
        _ => {}
    }
    doc.push('.');
    match setting.kind {
        SettingKind::Secret => {
            doc.push_str(" Write ${env:NAME} or ${file:PATH}, not the secret itself.");
            json!({ "type": ["string", "number"], "description": doc })
        }
        SettingKind::Text | SettingKind::Selects(_) => {
            json!({ "type": ["string", "number"], "minLength": 1, "description": doc })
        }
        SettingKind::Url => json!({
            "type": "string",
            "pattern": "^(https?://|.*\\$\\{)",
            "description": doc,
        }),
    }
}
