//! A tree as JSON, plain scalars read by the core rules of YAML 1.2 (`on`, `yes` and dates are texts).

use super::node::{Content, Node};
use serde_json::{Map, Number, Value};

/// Converts a tree. Numbers that JSON would not give back to the letter (`00123`, beyond 64 bits) stay texts.
pub(crate) fn to_json(node: &Node<'_>) -> Value {
    match &node.content {
        Content::Scalar(_) if node.is_null() => Value::Null,
        Content::Scalar(text) if node.plain => plain(text),
        Content::Scalar(text) => Value::String(text.to_string()),
        Content::List(items) => Value::Array(items.iter().map(to_json).collect()),
        Content::Map(entries) => {
            let pairs = entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let bytes = digits.as_bytes();
    if !bytes.first()?.is_ascii_digit() || (bytes[0] == b'0' && bytes.get(1).is_some_and(u8::is_ascii_digit))
    {
        return None;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        let small = text.parse::<i64>().map(Number::from);
        return small.or_else(|_| text.parse::<u64>().map(Number::from)).ok();
    }
    let decimal = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !bytes.iter().all(decimal) {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
