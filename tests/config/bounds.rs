//! Input made to hurt: it is refused in bounded time and memory.

use crate::specs::{HEAD, codes, codes_of, load};
use fleetform::config::read_as_json;
use fleetform::report::diagnostics::render;
use std::fmt::Write;

#[test]
fn a_million_open_brackets_do_not_blow_the_stack() {
    for (opener, times) in [
        ("[", 1_000_000),
        ("{", 1_000_000),
        ("[{", 100_000),
        ("- ", 1_000_000),
        ("? ", 100_000),
        ("{a: ", 100_000),
    ] {
        let text = format!("version: 1\nservers:\n  {}", opener.repeat(times));
        assert!(!codes_of(&text).is_empty(), "{opener}");
    }
}

#[test]
fn a_million_braces_in_a_name_are_refused() {
    let text = format!("servers:\n  - name: 'a{}'\n", "{".repeat(1_000_000));
    assert_eq!(codes(&text), ["bad_braces"]);
    assert_eq!(codes("servers: [{ name: 'a{1..99999}{1..99999}' }]\n"), ["bad_braces"]);
}

#[test]
fn more_servers_than_a_million_are_refused_once() {
    let mut tail = "servers:\n".to_owned();
    for n in 0..12 {
        let _ = writeln!(tail, "  - name: s{n}-{{1..100000}}");
    }
    assert_eq!(codes(&tail), ["too_many_servers"]);
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let text = "#".repeat(33 << 20);
    assert_eq!(codes_of(&text), ["file_too_large"]);
}

#[test]
fn many_mistakes_are_counted_and_not_all_kept() {
    let mut tail = "servers:\n".to_owned();
    for n in 0..5000 {
        let _ = writeln!(tail, "  - name: s{n}\n    power: maybe");
    }
    let found = load(&[("fleet.yaml", &format!("{HEAD}{tail}"))]).unwrap_err();
    assert_eq!(found.len(), 1001);
    assert_eq!(found[1000].message, "4000 more findings are not listed");
    let text = render(&found, false);
    assert!(text.ends_with("and 951 more\n"), "{}", &text[text.len() - 200..]);
}

#[test]
fn many_syntax_errors_are_given_up() {
    let tail = format!("servers:\n{}", "  - name: a: b\n".repeat(10_000));
    assert!((2..=30).contains(&codes(&tail).len()));
}

#[test]
fn a_very_long_line_is_shown_in_part() {
    let tail = format!("servers: [{{ name: a, labels: {{ k: {} }}, powr: on }}]\n", "x".repeat(3_000_000));
    let found = load(&[("fleet.yaml", &format!("{HEAD}{tail}"))]).unwrap_err();
    assert!(render(&found, false).len() < 2000);
    assert!(serde_json::to_string(&found).unwrap().len() < 2000);
}

#[test]
fn any_yaml_is_read_as_json_with_the_same_refusals() {
    let text = "a: 1\nb: [on, yes, true, ~, 1.5, 00123, 0x10, 99999999999999999999999, '5', -3]\nc: { d: }\n";
    let value = read_as_json("world.yaml", text).unwrap();
    let expected = r#"{"a":1,"b":["on","yes",true,null,1.5,"00123","0x10","99999999999999999999999","5",-3],"c":{"d":null}}"#;
    assert_eq!(value, serde_json::from_str::<serde_json::Value>(expected).unwrap());
    for (text, code) in [
        ("a: 1\na: 2\n", "duplicate_key"),
        ("a: !x 1\n", "unsupported_tag"),
        ("a: 1\n---\nb: 2\n", "several_documents"),
        ("a: [1\n", "syntax_error"),
        ("a: &a [*a]\n", "syntax_error"),
        ("{ <<: { a: 1 } }\n", "merge_key"),
    ] {
        assert_eq!(read_as_json("world.yaml", text).unwrap_err()[0].code, code, "{text}");
    }
    assert_eq!(read_as_json("world.yaml", "").unwrap(), serde_json::Value::Null);
}

#[test]
fn texts_cut_anywhere_and_with_any_character_changed_never_panic() {
    let text = format!(
        "{HEAD}servers:\n  - name: \"web-{{01..03}}\"\n    labels: {{ tier: [a, 'b'], ? x : y }}\n    power: &p on\n  - {{ name: ü, id: *p }}\nlimits: {{ max_changes: [5, 10%] }}\n"
    );
    for (at, _) in text.char_indices() {
        let _ = load(&[("fleet.yaml", &text[..at])]).map_err(|found| render(&found, true));
        for with in ["\"", "[", "}", ": ", "\t", "\n", "*", "!", "|", "\u{0}", "- "] {
            let changed = format!("{}{with}{}", &text[..at], &text[at..]);
            let _ = load(&[("fleet.yaml", &changed)]).map_err(|found| render(&found, false));
        }
    }
}
