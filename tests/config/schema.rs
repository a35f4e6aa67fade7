//! The JSON schema knows the keys that the decoder accepts, and no others.

use crate::specs::{FLEX, GRID, HEAD, SPECS, codes, codes_of};
use fleetform::config::{Mode, fleet_schema, load_texts};
use serde_json::Value;

fn properties(schema: &Value, pointer: &str) -> Vec<String> {
    schema
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{pointer}"))
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// Whether the decoder knows a key, given a text that holds it with a value of the wrong kind.
fn known(text: &str) -> bool {
    !codes_of(text).contains(&"unknown_key")
}

#[test]
fn the_schema_has_exactly_the_keys_that_are_accepted() {
    let schema = fleet_schema(&SPECS);
    let wrong = "[[x]]";
    for (pointer, make) in [
        ("/properties", (|key: &str| format!("{key}: [[x]]\n")) as fn(&str) -> String),
        ("/$defs/defaults/properties", |key| format!("defaults: {{ {key}: [[x]] }}\n")),
        ("/$defs/server/properties", |key| format!("servers: [{{ {key}: [[x]] }}]\n")),
        ("/$defs/rollout/properties", |key| format!("rollout: {{ {key}: [[x]] }}\n")),
        ("/$defs/healthy_when/anyOf/1/properties", |key| {
            format!("defaults: {{ healthy_when: {{ {key}: [[x]] }} }}\n")
        }),
        ("/$defs/schedules/additionalProperties/properties", |key| {
            format!("schedules: {{ s: {{ {key}: [[x]] }} }}\n")
        }),
        ("/$defs/window/properties", |key| format!("windows: [{{ {key}: [[x]] }}]\n")),
        ("/$defs/limits/properties", |key| format!("limits: {{ {key}: [[x]] }}\n")),
    ] {
        let keys = properties(&schema, pointer);
        assert!(keys.len() > 2, "{pointer}");
        for key in &keys {
            assert!(known(&make(key)), "{pointer}: {key}");
        }
        let listed = load_texts(&[("f", &make("qqqqqqqqqq"))], &SPECS, Mode::default()).unwrap_err();
        let cure = listed.iter().find(|d| d.code == "unknown_key").unwrap().cure.clone().unwrap();
        for key in &keys {
            assert!(cure.contains(key.as_str()), "{pointer}: {key} is in the schema only: {cure} {wrong}");
        }
        assert_eq!(
            cure.split([',', ' ']).filter(|w| keys.iter().any(|k| k == w)).count(),
            keys.len(),
            "{cure}"
        );
    }
}

#[test]
fn every_type_has_its_settings_and_the_common_keys() {
    let schema = fleet_schema(&SPECS);
    for (index, spec) in [&FLEX, &GRID].into_iter().enumerate() {
        let at = format!("/$defs/providers/additionalProperties/oneOf/{index}/properties");
        let keys = properties(&schema, &at);
        assert_eq!(schema.pointer(&format!("{at}/type/const")).unwrap(), spec.type_name);
        assert_eq!(keys.len(), spec.settings.len() + 5);
        for key in keys.iter().filter(|key| *key != "type") {
            let text = format!("providers:\n  a: {{ type: {}, {key}: [[x]] }}\n", spec.type_name);
            assert!(known(&text), "{key}");
        }
    }
    let timeouts = properties(&schema, "/$defs/timeouts/properties");
    for key in timeouts {
        assert!(
            known(&format!("providers: {{ a: {{ type: grid, timeouts: {{ {key}: 1s }} }} }}\n")),
            "{key}"
        );
    }
}

#[test]
fn every_mapping_is_closed_and_every_key_described() {
    fn walk(value: &Value, path: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            assert_eq!(value["additionalProperties"], false, "{path}");
            for (key, schema) in properties {
                assert!(schema["description"].as_str().is_some_and(|text| text.len() > 5), "{path}/{key}");
            }
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| walk(inner, &format!("{path}/{key}"))),
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, path)),
            _ => {}
        }
    }
    walk(&fleet_schema(&SPECS), "");
}

#[test]
fn the_words_of_the_schema_are_accepted() {
    let schema = fleet_schema(&SPECS);
    for key in ["state", "shutdown", "reboot"] {
        for word in
            schema.pointer(&format!("/$defs/server/properties/{key}/enum")).unwrap().as_array().unwrap()
        {
            let tail = format!("servers: [{{ name: a, {key}: {} }}]\n", word.as_str().unwrap());
            assert_eq!(codes(&tail), [""; 0], "{HEAD}{tail}");
        }
    }
    for word in schema.pointer("/$defs/server/properties/power/anyOf/0/enum").unwrap().as_array().unwrap() {
        assert_eq!(codes(&format!("servers: [{{ name: a, power: {} }}]\n", word.as_str().unwrap())), [""; 0]);
    }
}
