//! Guards: shown, refused with 4, lifted by the very flag that the refusal prints.

use crate::desk::{Desk, Ran};

/// The flag that the refusal offers, as printed.
fn flag(ran: &Ran) -> Vec<String> {
    let text = format!("{}{}", ran.out, ran.err);
    let at = text.find("--accept ").unwrap_or_else(|| panic!("no flag in {ran:#?}"));
    let rest = &text[at..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_= ".contains(c))).unwrap_or(rest.len());
    rest[..end].split_whitespace().take(2).map(str::to_owned).collect()
}

#[test]
fn each_guard_refuses_and_its_own_flag_lets_the_plan_pass() {
    for (limits, servers) in [
        ("{ max_changes: 1 }", "  - { name: 'web-{1..2}', power: off }\n"),
        ("{ max_power_offs: 1 }", "  - { name: 'web-{1..2}', power: off }\n"),
        ("{ max_power_offs: 10% }", "  - { name: 'web-{1..2}', power: off }\n"),
        ("{ max_deletes: 1 }", "  - { name: 'web-{1..2}', state: absent }\n"),
    ] {
        let desk = Desk::new(&format!("limits: {limits}\nservers:\n{servers}"));
        desk.run(&["plan"]).code(0).says("refused");
        let ran = desk.run(&["apply", "--auto-approve"]).code(4);
        assert_eq!(desk.accepted(), 0, "{limits}");
        let flag = flag(&ran);
        let mut args = vec!["apply", "--auto-approve"];
        args.extend(flag.iter().map(String::as_str));
        desk.run(&args).code(0).says("2 done");
        assert_eq!(desk.accepted(), 2, "{limits} {flag:?}");
    }
}

#[test]
fn deletes_need_to_be_allowed() {
    let desk = Desk::new("servers:\n  - { name: old, provider: grid, state: absent }\n");
    desk.run(&["plan"]).code(0);
    desk.run(&["apply", "--auto-approve"]).code(4).says("--allow-delete");
    assert_eq!(desk.accepted(), 0);
    desk.run(&["apply", "--auto-approve", "--allow-delete"]).code(0);
    assert!(desk.server("old").is_none());
    desk.run(&["plan", "--detailed-exitcode"]).code(0);
    let desk =
        Desk::new("limits: { max_deletes: 1 }\nservers:\n  - { name: old, provider: grid, state: absent }\n");
    desk.run(&["apply", "--auto-approve"]).code(0);
}

#[test]
fn an_accepted_number_that_is_too_small_does_not_help() {
    let desk = Desk::new("servers:\n  - { name: 'web-{1..3}', power: off }\n");
    desk.run(&["apply", "--auto-approve", "--max-power-offs", "1", "--accept", "power_offs=2"]).code(4);
    desk.run(&["apply", "--auto-approve", "--max-changes", "2"]).code(4);
    assert_eq!(desk.accepted(), 0);
}
