//! Names that differ in their case only: the same where the provider says so.

use super::*;

fn comparing(case: CaseRule) -> Capabilities {
    let usual = &renaming().capabilities;
    Capabilities { names: NameRules { case, ..usual.names }, ..*usual }
}

#[test]
fn a_name_in_another_case_is_another_name_where_the_provider_says_so() {
    let fleet = fleet(&[("fleet.yaml", &(head() + "servers:\n- { name: web, provider: flex, id: a }\n"))]);
    for (case, called, renames) in [(CaseRule::Insensitive, false, 0), (CaseRule::Exact, true, 1)] {
        let capabilities = comparing(case);
        let live = [ConnectionLive {
            name: "flex".into(),
            type_name: "t",
            capabilities: &capabilities,
            servers: Ok(vec![settled("a", "WEB", Power::On)]),
        }];
        let (text, plan) = planned(&fleet, &live, &Options::default(), |inputs, plan| {
            (status_text(&status_rows(inputs, plan), plan, PLAIN), plan.clone())
        });
        assert_eq!((text.contains("(now WEB)"), plan.changes.len()), (called, renames), "{text}");
    }
}

#[test]
fn an_import_takes_names_for_the_same_as_its_provider_does() {
    let servers =
        [settled("1", "Web", Power::On), settled("2", "WEB", Power::On), settled("3", "db", Power::On)];
    let written = |case: CaseRule| {
        let capabilities = comparing(case);
        let live = [ConnectionLive {
            name: "flex".into(),
            type_name: "t",
            capabilities: &capabilities,
            servers: Ok(servers.to_vec()),
        }];
        import_yaml(&[("flex".into(), servers.to_vec())], &live)
    };
    let exact = written(CaseRule::Exact);
    assert!(exact.matches("- name:").count() == 3 && !exact.contains("id:"), "{exact}");
    // One address would mean both of them, so one is bound by its id and the other one is not written.
    let insensitive = written(CaseRule::Insensitive);
    assert!(
        insensitive.contains("id: \"2\"") && insensitive.contains("# left out of flex: \"Web\""),
        "{insensitive}"
    );
    assert_eq!(insensitive.matches("- name:").count(), 2, "{insensitive}");
}
