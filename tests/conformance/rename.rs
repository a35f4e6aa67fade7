//! Renames: seen in the next read and in the next list, and about nothing but the name.

use crate::rig::{Bench, for_every_provider};
use fleetform::model::Operation;

#[tokio::test]
async fn a_new_name_is_seen_by_id_and_in_the_list_and_nothing_else_changes() {
    for_every_provider(async |row| {
        if !row.spec.capabilities.rename {
            return;
        }
        let bench = Bench::usual(row);
        let id = bench.id("rests");
        let before = bench.provider.get(&id).await.unwrap().unwrap();
        bench.send(&Operation::Rename { to: "renamed".into() }, &id).await.unwrap();
        bench
            .until(&id, |live| live.and_then(|l| l.name.as_ref()).is_some_and(|n| n.as_str() == "renamed"))
            .await;
        let all = bench.list().await.unwrap();
        assert_eq!(all.len(), 3);
        let listed = all.iter().find(|server| server.id.as_ref() == Some(&id)).unwrap();
        assert_eq!(listed.name.as_ref().unwrap().as_str(), "renamed");
        assert_eq!(listed.state, before.state);
        assert!(all.iter().all(|server| server.name.as_ref().unwrap().as_str() != "rests"));
        assert_eq!(bench.running.stats().tally("c", id.as_str()).renames, 1);
    })
    .await;
}

#[tokio::test]
async fn odd_names_that_the_rules_allow_are_set_to_the_letter() {
    for_every_provider(async |row| {
        let capabilities = &row.spec.capabilities;
        if !capabilities.rename {
            return;
        }
        let bench = Bench::usual(row);
        let id = bench.id("runs");
        for name in ["a b", "quo\"te", "ümläut", "a/b", "x_1"] {
            if capabilities.names.refuses(name).is_some() {
                continue;
            }
            bench.send(&Operation::Rename { to: name.into() }, &id).await.unwrap();
            bench
                .until(&id, |live| live.and_then(|l| l.name.as_ref()).is_some_and(|n| n.as_str() == name))
                .await;
        }
    })
    .await;
}
