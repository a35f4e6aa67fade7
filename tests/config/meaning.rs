//! What good files mean.

use crate::specs::{HEAD, codes, good, load};
use fleetform::model::{
    Bound, DesiredPower, DesiredServer, EvidenceLevel, GivenBy, Presence, RebootStyle, RequiredEvidence,
    Shutdown,
};
use std::path::Path;
use std::time::Duration;

fn servers(tail: &str) -> Vec<DesiredServer> {
    good(tail).fleet.servers
}

fn one(fields: &str) -> DesiredServer {
    let mut all = servers(&format!("servers:\n  - {{ name: a, {fields} }}\n"));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn a_name_alone_is_only_watched() {
    let server = one("");
    assert_eq!(server.address.to_string(), "east/a");
    assert_eq!(server.power, DesiredPower::Any);
    assert_eq!(server.presence, Presence::Present);
    assert_eq!(server.shutdown, Shutdown::GracefulThenHard);
    assert_eq!(server.reboot, RebootStyle::SoftThenHard);
    assert!(!server.protect && server.id.is_none() && server.rebooted_since.is_none());
}

#[test]
fn after_and_availability_are_selectors_over_the_file() {
    let fleet = good(
        "servers:\n  - { name: db-1 }\n  - { name: 'web-{1..2}', labels: { tier: web }, after: [db-*, east/db-1] }\n  \
         - { name: front, after: 'label:tier=web' }\navailability:\n  - { select: 'label:tier=web', min_on: 1 }\n  \
         - { select: '*', min_on: 33.5% }\n",
    )
    .fleet;
    let after =
        |at: usize| fleet.servers[at].after.iter().map(|one| one.selector.to_string()).collect::<Vec<_>>();
    assert_eq!((after(0), after(3)), (vec![], vec!["label:tier=web".to_owned()]));
    assert_eq!(after(1), ["db-*", "east/db-1"]);
    assert!(
        std::sync::Arc::ptr_eq(&fleet.servers[1].after, &fleet.servers[2].after),
        "one for all of a group"
    );
    let rules: Vec<(String, Bound)> =
        fleet.availability.iter().map(|rule| (rule.select.to_string(), rule.min_on)).collect();
    assert_eq!(rules, [("label:tier=web".into(), Bound::Count(1)), ("*".into(), Bound::Percent(3350))]);
    assert_eq!((rules[1].1.demands(4), rules[1].1.demands(3), rules[0].1.demands(9)), (2, 2, 1));
}

#[test]
fn selectors_are_not_doubted_where_servers_could_not_be_read() {
    let tail = "servers:\n  - { name: 'web-{1', power: on }\n  - { name: front, after: web-1 }\n";
    assert_eq!(codes(tail), ["bad_braces"]);
}

#[test]
fn ten_thousand_servers_after_a_thousand_and_each_after_one_of_its_own_are_read_in_no_time() {
    let mut tail = String::from("servers:\n  - { name: 'db-{0001..1000}' }\n");
    for at in 0..10_000 {
        use std::fmt::Write;
        writeln!(tail, "  - {{ name: web-{at}, after: ['db-*', 'cache-{at}'] }}").unwrap();
        writeln!(tail, "  - {{ name: cache-{at}, after: 'db-*' }}").unwrap();
    }
    let begun = std::time::Instant::now();
    assert_eq!(good(&tail).fleet.servers.len(), 21_000);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}, without any optimisation", begun.elapsed());
}

#[test]
fn power_is_read_in_every_form_that_means_it() {
    for (forms, power) in [
        (
            &["on", "On", "ON", "oN", "'on'", "\"ON\"", "true", "True", "TRUE", "'true'", "!!str on"][..],
            DesiredPower::On,
        ),
        (
            &["off", "Off", "OFF", "'off'", "false", "False", "FALSE", "\"False\"", "!!bool false"],
            DesiredPower::Off,
        ),
        (&["any", "Any", "'ANY'"], DesiredPower::Any),
        (&["suspended", "Suspended"], DesiredPower::Suspended),
    ] {
        for form in forms {
            assert_eq!(one(&format!("power: {form}")).power, power, "{form}");
        }
    }
}

#[test]
fn power_is_refused_where_readers_of_yaml_disagree() {
    for form in ["yes", "Yes", "no", "NO", "y", "n", "1", "0", "null", "~", "''", "", "'yes'", "2", "running"]
    {
        let tail = format!("servers:\n  - name: a\n    power: {form}\n");
        assert_eq!(codes(&tail), ["bad_power"], "{form}");
    }
}

#[test]
fn other_booleans_are_true_or_false_only() {
    assert!(one("protect: true").protect);
    assert!(!one("protect: False").protect);
    for form in ["yes", "on", "1", "'true'", "t"] {
        assert_eq!(
            codes(&format!("servers:\n  - name: a\n    protect: {form}\n")),
            ["bad_boolean"],
            "{form}"
        );
    }
}

#[test]
fn ids_stay_text_to_the_letter() {
    for id in [
        "00123",
        "522933611213619200",
        "1e3",
        "0x10",
        "-5",
        "1_000",
        "12:30:45",
        "true",
        "99999999999999999999999",
    ] {
        for form in [id.to_owned(), format!("'{id}'"), format!("\"{id}\"")] {
            assert_eq!(one(&format!("id: {form}")).id.unwrap().as_str(), id, "{form}");
        }
    }
}

#[test]
fn names_stay_text_to_the_letter() {
    for name in ["007", "1e3", "on", "no", "2026-11-20", "Größe", "a b", "a/b"] {
        assert_eq!(servers(&format!("servers:\n  - name: {name}\n"))[0].address.name.as_str(), name);
    }
}

#[test]
fn braces_make_several_servers_and_pair_old_names() {
    let all = servers(
        "servers:\n  - name: web-{01..03}\n    renamed_from: old-{a,b,c}\n    labels: { tier: web }\n",
    );
    let pairs: Vec<String> =
        all.iter().map(|s| format!("{}<-{}", s.address.name, s.renamed_from.as_ref().unwrap())).collect();
    assert_eq!(pairs, ["web-01<-old-a", "web-02<-old-b", "web-03<-old-c"]);
    assert!(all.iter().all(|server| server.labels["tier"] == "web"));
    assert!(std::sync::Arc::ptr_eq(&all[0].labels, &all[2].labels), "shared");
    assert_eq!((all[0].location.line, all[0].location.column), (16, 5));
}

#[test]
fn defaults_fill_in_what_a_server_does_not_say() {
    let tail = "  power: on
  shutdown: hard
  reboot: soft
  protect: true
  labels: { tier: web, team: a }
  rebooted_since: 2026-11-20T02:00:00Z
servers:
  - name: a
  - name: b
    provider: grid
    power: any
    shutdown: graceful
    reboot: hard
    protect: false
    state: absent
    labels: { tier: db }
    rebooted_since: 2026-11-20T03:00:00+01:00
  - name: c
";
    let all = servers(tail);
    let (a, b) = (&all[0], &all[1]);
    assert_eq!(
        (a.power, a.shutdown, a.reboot, a.protect),
        (DesiredPower::On, Shutdown::Hard, RebootStyle::Soft, true)
    );
    assert_eq!(a.labels["tier"], "web");
    assert_eq!(b.address.to_string(), "grid/b");
    assert_eq!(
        (b.power, b.shutdown, b.reboot, b.protect),
        (DesiredPower::Any, Shutdown::Graceful, RebootStyle::Hard, false)
    );
    assert_eq!((&*b.labels["tier"], &*b.labels["team"]), ("db", "a"));
    assert_eq!(b.rebooted_since, a.rebooted_since);
    assert_eq!(b.presence, Presence::Absent);
    assert_eq!(all[2].labels, a.labels);
}

#[test]
fn instants_need_their_zone() {
    for good in [
        "2026-11-20T02:00:00Z",
        "2026-11-20T02:00:00.5+05:30",
        "'2026-11-20 02:00:00Z'",
        "2026-11-20t02:00:00z",
    ] {
        assert!(one(&format!("rebooted_since: {good}")).rebooted_since.is_some(), "{good}");
    }
    for bad in [
        "2026-11-20",
        "2026-11-20T02:00:00",
        "2026-11-20T02:00Z",
        "20261120T020000Z",
        "now",
        "1700000000",
        "2026-13-20T02:00:00Z",
        "2026-11-20T02:00:00Z[UTC]",
    ] {
        assert_eq!(
            codes(&format!("servers:\n  - name: a\n    rebooted_since: {bad}\n")),
            ["bad_instant"],
            "{bad}"
        );
    }
}

#[test]
fn a_connection_has_its_settings_and_limits() {
    let text = "version: 1
providers:
  east.1_a-b:
    type: flexible
    endpoint: https://flex.example.com/base
    username: 0815
    password: ${file:secret.txt}
    max_in_flight: 8
    rate_limit: 600/m
    timeouts: { request: 500ms, settle: 2h }
    ca_file: certs/ca.pem
";
    let loaded = load(&[("conf/fleet.yaml", text)]).unwrap();
    let connection = loaded.fleet.connections.values().next().unwrap();
    assert_eq!(connection.name.as_str(), "east.1_a-b");
    assert_eq!(connection.settings["username"].text, "0815");
    assert_eq!(connection.settings["password"].text, "${file:secret.txt}");
    assert_eq!((connection.max_in_flight, connection.rate_limit), (Some(8), Some(10.0)));
    assert_eq!(connection.timeouts.request, Duration::from_millis(500));
    assert_eq!(connection.timeouts.settle, Duration::from_hours(2));
    assert_eq!(connection.ca_file.as_deref(), Some(Path::new("conf/certs/ca.pem")));
    assert_eq!(connection.location.to_string(), "conf/fleet.yaml:3:3");
}

#[test]
fn limits_are_numbers_shares_or_both() {
    let limits =
        good("limits:\n  max_changes: 5\n  max_power_offs: 10%\n  max_deletes: [3, 2.5%]\n").fleet.limits;
    assert_eq!(limits.max_changes, [Bound::Count(5)]);
    assert_eq!(limits.max_power_offs, [Bound::Percent(1000)]);
    assert_eq!(limits.max_deletes, [Bound::Count(3), Bound::Percent(250)]);
    for bad in ["-1", "1.5", "101%", "many", "[]", "[5, x]", "+5", "null", "{ a: 1 }"] {
        assert_eq!(codes(&format!("limits:\n  max_changes: {bad}\n")).len(), 1, "{bad}");
    }
}

#[test]
fn the_ledger_lies_beside_the_first_file_unless_a_file_says_otherwise() {
    let ledger = |texts: &[(&str, &str)]| load(texts).unwrap().fleet.ledger;
    assert_eq!(ledger(&[("fleet.yaml", "version: 1\n")]), Path::new(".fleetform"));
    assert_eq!(
        ledger(&[("a/x.yaml", "version: 1\n"), ("b/y.yaml", "servers: []\n")]),
        Path::new("a/.fleetform")
    );
    assert_eq!(
        ledger(&[("a/x.yaml", "version: 1\n"), ("b/y.yaml", "ledger: ../state\n")]),
        Path::new("b/../state")
    );
    assert_eq!(ledger(&[("a/x.yaml", "version: 1\nledger: /var/lib/f\n")]), Path::new("/var/lib/f"));
}

#[test]
fn anchors_and_aliases_stand_for_what_they_name() {
    let all = servers(
        "servers:\n  - name: a\n    labels: &web { tier: web }\n    power: &p on\n  - name: b\n    labels: *web\n    power: *p\n",
    );
    assert_eq!(all[0].labels, all[1].labels);
    assert_eq!(all[1].power, DesiredPower::On);
}

#[test]
fn byte_order_mark_and_windows_line_ends_change_nothing() {
    let plain = good("servers:\n  - name: a\n  - name: b\n    power: off\n").fleet.servers;
    let text =
        format!("\u{feff}{HEAD}servers:\n  - name: a\n  - name: b\n    power: off\n").replace('\n', "\r\n");
    assert_eq!(load(&[("fleet.yaml", &text)]).unwrap().fleet.servers, plain);
    let broken = text.replace("off", "of");
    let found = load(&[("fleet.yaml", &broken)]).unwrap_err();
    let place = found[0].location.as_ref().unwrap();
    assert_eq!((place.line, place.column), (18, 12));
    assert_eq!(found[0].excerpt.as_ref().unwrap().text, "    power: of");
}

#[test]
fn one_document_with_its_marker_is_fine() {
    for text in ["---\nversion: 1\n", "%YAML 1.2\n---\nversion: 1\n...\n", "# a comment\nversion: 1 # one\n"]
    {
        assert!(load(&[("fleet.yaml", text)]).is_ok(), "{text}");
    }
}

#[test]
fn files_together_make_one_fleet() {
    let texts = [
        ("a.yaml", HEAD),
        ("b.yaml", "servers:\n  - name: b\ndefaults: { provider: east, power: on }\n"),
        ("c.yaml", "servers: [{ name: c }]\nlimits: { max_changes: 1 }\n"),
    ];
    let fleet = load(&texts).unwrap().fleet;
    let names: Vec<_> =
        fleet.servers.iter().map(|server| (server.address.to_string(), server.power)).collect();
    assert_eq!(names, [("east/b".into(), DesiredPower::On), ("east/c".into(), DesiredPower::On)]);
    assert_eq!(
        fleet.files.iter().map(|file| &*file.path).collect::<Vec<_>>(),
        ["a.yaml", "b.yaml", "c.yaml"]
    );
    assert_eq!(fleet.servers[1].location.file.as_ref(), "c.yaml");
}

#[test]
fn names_are_the_same_as_their_provider_compares_them() {
    assert_eq!(codes("servers: [{ name: a }, { name: A }]\n"), [""; 0]);
    assert_eq!(
        codes("servers: [{ name: a, provider: grid }, { name: A, provider: grid }]\n"),
        ["duplicate_server"]
    );
    assert_eq!(codes("servers: [{ name: a }, { name: a, provider: grid }]\n"), [""; 0]);
    assert_eq!(codes("servers: [{ name: a, id: 1 }, { name: b, id: 1 }]\n"), ["duplicate_id"]);
    assert_eq!(
        codes("servers: [{ name: a, renamed_from: x }, { name: b, renamed_from: x }]\n"),
        ["duplicate_renamed_from"]
    );
    assert_eq!(codes("servers: [{ name: 'a-{1..3}' }, { name: a-2 }]\n"), ["duplicate_server"]);
}

#[test]
fn what_a_reboot_must_show_is_the_servers_own_or_that_of_the_defaults() {
    let words = [
        ("accepted", EvidenceLevel::Accepted),
        ("job_finished", EvidenceLevel::JobFinished),
        ("observed", EvidenceLevel::Observed),
        ("boot_time", EvidenceLevel::BootTime),
    ];
    for (word, level) in words {
        let own = RequiredEvidence { level, given_by: GivenBy::Entry };
        assert_eq!(one(&format!("require_evidence: {word}")).require_evidence, Some(own));
    }
    assert_eq!(one("").require_evidence, None);
    let head = format!("{HEAD}servers:\n  - {{ name: a, require_evidence: accepted }}\n  - {{ name: b }}\n");
    let more = "version: 1\ndefaults: { require_evidence: observed }\n";
    let all = load(&[("fleet.yaml", &head), ("more.yaml", more)]).unwrap().fleet.servers;
    let found: Vec<_> = all.iter().filter_map(|server| server.require_evidence).collect();
    let required = |level, given_by| RequiredEvidence { level, given_by };
    assert_eq!(
        found,
        [
            required(EvidenceLevel::Accepted, GivenBy::Entry),
            required(EvidenceLevel::Observed, GivenBy::Defaults)
        ]
    );
}
