//! Reading one server: there, gone, in a state nobody knows.

use crate::rig::{Bench, Setup, for_every_provider};
use fleetform::model::{LiveState, Power};
use serde_json::json;

#[tokio::test]
async fn a_server_that_is_there_reads_as_it_is_listed() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        for listed in bench.list().await.unwrap() {
            let read = bench.provider.get(listed.id.as_ref().unwrap()).await.unwrap();
            // It may tell less of what never changes, and nothing else.
            let read = read.map(|read| read.completed_by(&listed));
            assert_eq!(read.as_ref(), Some(&listed));
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_gone_reads_as_none() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        let id = bench.id("spare");
        bench.running.change_server("c", id.as_str(), json!({ "gone": true })).unwrap();
        assert_eq!(bench.provider.get(&id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_404_that_is_not_the_provider_s_own_is_an_error_and_not_a_missing_server() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        let id = bench.id("runs");
        bench.provider.get(&id).await.unwrap();
        for fault in [
            json!({ "html": { "status": 404 } }),
            json!({ "garbage": { "status": 404 } }),
            json!({ "status": { "code": 404, "body": "default backend - 404" } }),
            json!({ "status": { "code": 404, "body": "{\"error\":\"no route\"}" } }),
        ] {
            bench.spoil(&json!(1), &fault);
            let read = bench.provider.get(&id).await;
            assert!(read.is_err(), "{fault} was read as {read:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_state_that_is_not_in_the_vocabulary_is_kept_raw() {
    for_every_provider(async |row| {
        let word = "Frobnicating-7";
        let bench = Bench::new(row, &Setup::servers(vec![json!({ "name": "odd", "state": word })]));
        if !row.spec.capabilities.reports_power {
            return;
        }
        let live = bench.provider.get(&bench.id("odd")).await.unwrap().expect("it is there");
        assert_eq!(live.state, LiveState::Unrecognised(word.into()));
    })
    .await;
}

#[tokio::test]
async fn a_state_changed_behind_our_back_shows_in_the_next_read() {
    for_every_provider(async |row| {
        if !row.spec.capabilities.reports_power {
            return;
        }
        let bench = Bench::usual(row);
        let id = bench.id("runs");
        bench.running.change_server("c", id.as_str(), json!({ "power": "off" })).unwrap();
        let live = bench.provider.get(&id).await.unwrap().unwrap();
        assert_eq!(live.state, LiveState::Settled(Power::Off));
    })
    .await;
}
