//! A strict reader of Prometheus' text format, written from its page alone
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4).

use std::collections::{BTreeMap, BTreeSet};

/// Labels in the order of their names.
pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) struct Exposition {
    /// By name: its type, and its series.
    pub(crate) families: BTreeMap<String, (String, BTreeMap<Labels, f64>)>,
}

impl Exposition {
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.families.get(name)?.1.get(&labels).copied()
    }

    pub(crate) fn series(&self) -> usize {
        self.families.values().map(|(_, series)| series.len()).sum()
    }
}

/// Reads a text; whatever the format does not allow is an error with its line.
pub(crate) fn read(text: &str) -> Result<Exposition, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut families = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut current: Option<String> = None;
    for line in text[..text.len() - 1].split('\n') {
        let wrong = |why: &str| Err(format!("{why}: {line:?}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let Some((name, help)) = rest.split_once(' ') else { return wrong("no help") };
            if !is_name(name, ":") || help.trim().is_empty() || !helped.insert(name.to_owned()) {
                return wrong("bad or second HELP");
            }
            if help.replace("\\\\", "").replace("\\n", "").contains('\\') {
                return wrong("an escape that is none");
            }
            current = None;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return wrong("no type") };
            if !helped.contains(name) || families.contains_key(name) {
                return wrong("TYPE before HELP, or twice");
            }
            if !["counter", "gauge"].contains(&kind) {
                return wrong("unknown type");
            }
            if (kind == "counter") != name.ends_with("_total") {
                return wrong("counters end in _total, and nothing else does");
            }
            families.insert(name.to_owned(), (kind.to_owned(), BTreeMap::new()));
            current = Some(name.to_owned());
        } else {
            let (name, labels, value) = sample(line).map_err(|why| format!("{why}: {line:?}"))?;
            let Some(current) = current.as_ref().filter(|current| **current == name) else {
                return wrong("a series outside of its family");
            };
            let (kind, series) = families.get_mut(current).unwrap();
            if kind == "counter" && (value.is_nan() || value < 0.0) {
                return wrong("a counter below 0");
            }
            if series.insert(labels, value).is_some() {
                return wrong("the same series twice");
            }
        }
    }
    Ok(Exposition { families })
}

fn is_name(name: &str, more: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
}

fn sample(line: &str) -> Result<(String, Labels, f64), &'static str> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let name = &line[..end];
    if !is_name(name, ":") {
        return Err("bad name");
    }
    let mut labels = Labels::new();
    let mut rest = &line[end..];
    if let Some(inside) = rest.strip_prefix('{') {
        let mut chars = inside.char_indices();
        loop {
            let label: String = chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '=').collect();
            if !is_name(&label, "") || label.starts_with("__") {
                return Err("bad label");
            }
            if chars.next().map(|(_, c)| c) != Some('"') {
                return Err("no quote");
            }
            let mut value = String::new();
            loop {
                match chars.next().ok_or("no end")?.1 {
                    '"' => break,
                    '\\' => match chars.next().ok_or("no end")?.1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        _ => return Err("an escape that is none"),
                    },
                    c => value.push(c),
                }
            }
            if labels.insert(label, value).is_some() {
                return Err("the same label twice");
            }
            match chars.next().ok_or("no end")? {
                (_, ',') => {}
                (at, '}') => {
                    rest = &inside[at + 1..];
                    break;
                }
                _ => return Err("neither , nor }"),
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no blank")?;
    let value = match value {
        "NaN" => f64::NAN,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        digits if digits.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            digits.parse().map_err(|_| "bad value")?
        }
        _ => return Err("bad value"),
    };
    Ok((name.to_owned(), labels, value))
}

#[test]
fn the_reader_is_strict() {
    let head = "# HELP a_total b\n# TYPE a_total counter\n";
    assert!(read(&format!("{head}a_total{{x=\"1\"}} 1\n")).is_ok());
    for bad in [
        "a_total 1",
        "b 1\n",
        "a_total{x=\"1} 1\n",
        "a_total{x=\"1\",} 1\n",
        "a_total{x=\"\\q\"} 1\n",
        "a_total  1\n",
        "a_total -1\n",
        "a_total 1\na_total 1\n",
        "a_total{x=\"1\",x=\"2\"} 1\n",
        "a_total 1\n\n",
        "a_total{1=\"1\"} 1\n",
        "# TYPE a_total counter\n",
        "# HELP b c\n# TYPE b counter\n",
        "a_total one\n",
        "a_total{x=\"a\nb\"} 1\n",
    ] {
        assert!(read(&format!("{head}{bad}")).is_err(), "{bad:?}");
    }
}
