//! A walk through desired states: after each one is carried out, a second plan is empty and the world is as wanted.

use crate::rig::{Bench, Setup, for_every_provider, journal, plan_now, wanted};
use fleetform::apply::{ChangeOutcome, Limits, execute};
use fleetform::ledger;
use fleetform::model::{DesiredPower, DesiredServer, Presence, RebootSupport, Verb};
use fleetform::plan::Severity;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// Carries out what is wanted and asserts that nothing is left to do.
async fn reach(bench: &Bench, folder: &Path, desired: &[DesiredServer], expected: &[Verb]) {
    let facts = ledger::read(folder).unwrap().facts;
    let plan = plan_now(bench, desired, &facts).await;
    let errors: Vec<_> = plan.problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let mut actions: Vec<Verb> = plan.changes.iter().flat_map(|change| change.actions.clone()).collect();
    actions.sort();
    assert_eq!(actions, expected);
    let journal = journal(folder);
    let (_sender, stop) = watch::channel(false);
    let links = bench.links(Duration::from_millis(1500));
    let results = execute(&plan.changes, &links, &journal, &(), Limits { parallelism: 8 }, stop).await;
    assert_eq!(results.len(), plan.changes.len());
    for result in &results {
        assert_eq!(result.outcome, ChangeOutcome::Done, "{}: {}", result.address, result.detail);
    }
    drop(journal);
    let facts = ledger::read(folder).unwrap().facts;
    let again = plan_now(bench, desired, &facts).await;
    assert!(again.changes.is_empty() && again.problems.is_empty(), "{again:?}");
}

#[tokio::test]
async fn each_state_of_a_walk_is_reached_and_kept() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        let servers = vec![
            json!({ "name": "one", "power": "on" }),
            json!({ "name": "two", "power": "off" }),
            json!({ "name": "bystander", "power": "off" }),
        ];
        let bench = Bench::new(row, &Setup { settle: "120ms", ..Setup::servers(servers) });
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let with = |name: &str, power| DesiredServer { power, ..wanted(name) };
        reach(&bench, folder, &[wanted("one"), wanted("two")], &[]).await;
        if capabilities.reports_power && capabilities.power_on && capabilities.off.described().is_some() {
            let on = [with("one", DesiredPower::On), with("two", DesiredPower::On)];
            reach(&bench, folder, &on, &[Verb::PowerOn]).await;
            let off = [with("one", DesiredPower::Off), with("two", DesiredPower::Off)];
            reach(&bench, folder, &off, &[Verb::PowerOff, Verb::PowerOff]).await;
            reach(&bench, folder, &on, &[Verb::PowerOn, Verb::PowerOn]).await;
            if capabilities.suspend {
                let asleep = [with("one", DesiredPower::Suspended)];
                reach(&bench, folder, &asleep, &[Verb::Suspend]).await;
                reach(&bench, folder, &on, &[Verb::PowerOn]).await;
            }
        }
        if capabilities.reboot != RebootSupport::No {
            tokio::time::sleep(Duration::from_millis(20)).await;
            // The ledger is older than this instant, so it would know of a reboot since.
            let since = Timestamp::now().checked_sub(SignedDuration::from_millis(5)).unwrap();
            let due = [DesiredServer { rebooted_since: Some(since), ..wanted("one") }];
            reach(&bench, folder, &due, &[Verb::Reboot]).await;
            assert_eq!(bench.running.stats().tally("c", bench.id("one").as_str()).reboots, 1);
        }
        let mut one = "one";
        if capabilities.rename {
            let there = [DesiredServer { renamed_from: Some("one".into()), ..wanted("eins") }, wanted("two")];
            reach(&bench, folder, &there, &[Verb::Rename]).await;
            one = "eins";
            let (a, b) = (bench.id("eins"), bench.id("two"));
            let swapped = [
                DesiredServer { id: Some(a.clone()), ..wanted("two") },
                DesiredServer { id: Some(b.clone()), ..wanted("eins") },
            ];
            reach(&bench, folder, &swapped, &[Verb::Rename, Verb::Rename]).await;
            assert_eq!((bench.id("two"), bench.id("eins")), (a, b));
        }
        if capabilities.delete {
            let gone = [DesiredServer { presence: Presence::Absent, ..wanted(one) }, wanted("two")];
            reach(&bench, folder, &gone, &[Verb::Delete]).await;
        }
        let untouched = bench.running.stats().tally("c", bench.id("bystander").as_str());
        assert_eq!(untouched.accepted, 0, "what no entry selects is never touched");
    })
    .await;
}
