//! Credentials appear nowhere: not in what is printed, not in logs, plans or the ledger.

use crate::desk::Desk;
use serde_json::json;

fn planted(desk: &Desk) -> Vec<String> {
    let of = |name: &str, key: &str| desk.running.endpoint(name).unwrap().settings[key].clone();
    let basic = {
        use base64::Engine as _;
        let pair = format!("{}:{}", of("flex", "username"), of("flex", "password"));
        base64::engine::general_purpose::STANDARD.encode(pair)
    };
    vec![of("flex", "password"), of("grid", "secret"), of("grid", "api_key"), basic, "sig=".to_owned()]
}

#[test]
fn no_credential_is_printed_logged_or_written_whatever_happens() {
    let desk = Desk::new(
        "servers:\n  - { name: web-1, power: off }\n  - { name: app, provider: grid, power: off }\n",
    );
    let secrets = planted(&desk);
    let mut texts = Vec::new();
    for (fault, args) in [
        (None, &["plan", "-vv", "--out", "p.json"][..]),
        (Some("html"), &["plan", "-vv"]),
        (Some("refuse"), &["status", "-vv"]),
        (Some("cut_off"), &["plan", "-vv", "--log-format", "json"]),
        (Some("reset_after"), &["apply", "-vv", "p.json", "--auto-approve"]),
        (None, &["plan", "-vv", "--format", "json"]),
        (None, &["providers", "-vv"]),
        (None, &["validate", "-vv"]),
    ] {
        if let Some(fault) = fault {
            desk.fault(json!({ "count": 2, "fault": fault }));
        }
        let ran = desk.run(args);
        texts.push((format!("{args:?}"), format!("{}{}", ran.out, ran.err)));
    }
    assert!(texts.iter().any(|(_, text)| text.contains("call=")), "calls are logged with -vv");
    for file in ["p.json", ".fleetform/journal.jsonl", ".fleetform/lock"] {
        texts.push((file.to_owned(), std::fs::read_to_string(desk.path(file)).unwrap()));
    }
    for (whence, text) in texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in {whence}: {text}");
        }
    }
}

#[test]
fn a_secret_written_into_the_file_is_a_warning_that_does_not_repeat_it() {
    let desk = Desk::new("servers:\n  - { name: web-1 }\n");
    let text = format!("{}servers:\n  - {{ name: web-1 }}\n", desk.head())
        .replace("type: hostway\n", "type: hostway\n    password: hunter2-in-the-file\n");
    desk.write("fleet.yaml", &text);
    let ran = desk.run(&["validate"]).code(0).says("warning");
    assert!(!ran.err.contains("hunter2") && !ran.out.contains("hunter2"), "{ran:#?}");
    desk.write("fleet.yaml", &text.replace("hunter2-in-the-file", "hunter2-in-the-file\n    usrename: x"));
    let ran = desk.run(&["validate"]).code(1);
    assert!(!ran.err.contains("hunter2"), "{ran:#?}");
}
