//! The gate: asked right before a change begins, whatever has come before, and what it closes is not started.

use crate::rig::Setup;
use crate::stage::{SETTLE, Stage, gogrid, outcome};
use fleetform::apply::ChangeOutcome::{Done, NotStarted};
use fleetform::apply::{Gate, Limits, execute_through};
use fleetform::model::{OffKind, Operation};
use fleetform::plan::{Change, Step, StepRef};
use serde_json::json;
use std::sync::Mutex;
use tokio::sync::watch;

const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };

/// Open for so many changes, then closed for good.
struct ClosesAfter {
    open: usize,
    asked: Mutex<Vec<String>>,
}

impl Gate for ClosesAfter {
    fn check(&self, change: &Change, _: &Step) -> Result<(), String> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(change.address.name.to_string());
        if asked.len() > self.open { Err("its window closed".into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_has_not_begun_when_the_gate_closes_is_not_started_and_nothing_is_sent_for_it() {
    let servers = (0..4).map(|n| json!({ "name": format!("s{n}"), "power": "on" })).collect();
    let stage = Stage::with(gogrid(), &Setup { settle: "200ms", ..Setup::servers(servers) });
    let mut changes: Vec<_> = (0..4).map(|n| stage.change(&format!("s{n}"), OFF)).collect();
    // One after another; the last one waits for nobody.
    for at in 1..3 {
        changes[at].steps[0].after = vec![StepRef { address: changes[at - 1].address.clone(), step: 0 }];
    }
    changes.truncate(3);
    let gate = ClosesAfter { open: 2, asked: Mutex::default() };
    let (_sender, stop) = watch::channel(false);
    let (journal, links) = (stage.journal(), stage.bench.links(SETTLE));
    let results =
        execute_through(&changes, &links, &journal, &(), Limits { parallelism: 4 }, stop, &gate).await;
    assert_eq!(outcome(&results), [Done, Done, NotStarted]);
    assert_eq!(results[2].detail, "its window closed");
    assert_eq!(*gate.asked.lock().unwrap(), ["s0", "s1", "s2"], "each once, right before it begins");
    let accepted: u64 = stage.bench.running.stats().servers.iter().map(|s| s.tally.accepted).sum();
    assert_eq!(accepted, 2);
}
