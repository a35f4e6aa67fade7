//! What is sent again: reads that failed once, and changes that certainly were not carried out.

use crate::rig::{Bench, Setup, declared, for_every_provider};
use fleetform::model::Operation;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_read_that_fails_once_is_repeated_and_nobody_notices() {
    for_every_provider(async |row| {
        let faults = [
            json!("reset_before"),
            json!("reset_after"),
            json!("cut_off"),
            json!({ "late": "3s" }),
            json!({ "status": { "code": 500 } }),
            json!({ "status": { "code": 502 } }),
            json!({ "status": { "code": 503, "retry_after": 0 } }),
            json!({ "status": { "code": 504 } }),
            json!({ "status": { "code": 429 } }),
        ];
        join_all(faults.map(async |fault| {
            let bench = Bench::new(row, &Setup { timeout: Duration::from_millis(400), ..Setup::default() });
            bench.list().await.unwrap();
            let rule = bench.spoil(&json!(1), &fault);
            assert!(bench.provider.get(&bench.id("runs")).await.unwrap().is_some(), "{fault}");
            assert_eq!(bench.seen_by(rule), 2, "{fault}: once spoilt, once repeated");
        }))
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_change_that_was_throttled_is_sent_again_and_happens_once() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        bench.list().await.unwrap();
        let Some(operation) = declared(bench.capabilities(), |op| *op != Operation::PowerOn) else { return };
        let id = bench.id("runs");
        let rule = bench.spoil(&json!(2), &json!({ "status": { "code": 429, "retry_after": 0 } }));
        bench.send(&operation, &id).await.unwrap();
        assert_eq!(bench.seen_by(rule), 3);
        assert_eq!(bench.running.stats().tally("c", id.as_str()).accepted, 1);
    })
    .await;
}

#[tokio::test]
async fn no_declared_change_is_ever_sent_twice_when_its_answer_is_lost() {
    for_every_provider(async |row| {
        for (operation, can) in crate::rig::operations(&row.spec.capabilities) {
            if !can {
                continue;
            }
            let bench = Bench::usual(row);
            bench.list().await.unwrap();
            let id = bench.id(if operation == Operation::PowerOn { "rests" } else { "runs" });
            let rule = bench.spoil(&json!(1), &json!("reset_after"));
            assert!(bench.send(&operation, &id).await.is_err());
            assert_eq!(bench.seen_by(rule), 1, "{operation:?}");
            assert_eq!(bench.running.stats().tally("c", id.as_str()).accepted, 1, "{operation:?}");
        }
    })
    .await;
}
