//! Deletes: gone by id and from the list; a second one is no surprise.

use crate::rig::{Bench, for_every_provider};
use fleetform::model::Operation;
use fleetform::provider::{Effect, ErrorKind};

#[tokio::test]
async fn a_deleted_server_is_gone_by_id_and_from_the_list_and_the_others_stay() {
    for_every_provider(async |row| {
        if !row.spec.capabilities.delete {
            return;
        }
        for name in ["runs", "rests"] {
            let bench = Bench::usual(row);
            let id = bench.id(name);
            bench.send(&Operation::Delete, &id).await.unwrap();
            bench.until(&id, |live| live.is_none()).await;
            let all = bench.list().await.unwrap();
            assert_eq!(all.len(), 2, "{all:?}");
            assert!(all.iter().all(|server| server.id.as_ref() != Some(&id)));
            assert_eq!(bench.running.stats().tally("c", id.as_str()).deletes, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_delete_says_that_it_is_gone() {
    for_every_provider(async |row| {
        if !row.spec.capabilities.delete {
            return;
        }
        let bench = Bench::usual(row);
        let id = bench.id("spare");
        bench.send(&Operation::Delete, &id).await.unwrap();
        bench.until(&id, |live| live.is_none()).await;
        match bench.send(&Operation::Delete, &id).await {
            Ok(receipt) => assert!(receipt.already, "nothing was queued"),
            Err(error) => {
                assert_eq!((error.kind, error.effect), (ErrorKind::NotFound, Effect::None), "{error}");
            }
        }
        assert_eq!(bench.running.stats().tally("c", id.as_str()).deletes, 1);
    })
    .await;
}
