//! What a row does not declare is refused before anything is sent.

use crate::rig::{Bench, for_every_provider, operations};
use fleetform::model::Operation;
use fleetform::provider::{Effect, ErrorKind};

#[tokio::test]
async fn an_undeclared_operation_is_unsupported_and_no_request_is_made() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        // Logged in and all.
        bench.list().await.unwrap();
        let before = bench.calls();
        let mut undeclared = 0;
        for (operation, can) in operations(&row.spec.capabilities) {
            if can {
                continue;
            }
            undeclared += 1;
            let error = bench.send(&operation, &bench.id("runs")).await.expect_err("it is not declared");
            assert_eq!(
                (error.kind, error.effect),
                (ErrorKind::Unsupported, Effect::None),
                "{operation:?}: {error}"
            );
        }
        if !row.spec.capabilities.suspend {
            let error =
                bench.send(&Operation::Resume, &bench.id("runs")).await.expect_err("it is not declared");
            assert_eq!((error.kind, error.effect), (ErrorKind::Unsupported, Effect::None), "{error}");
        }
        assert_eq!(bench.calls(), before);
        assert!(undeclared > 0, "nobody has several kinds of everything");
    })
    .await;
}

#[tokio::test]
async fn what_is_declared_for_people_is_what_can_be_done() {
    for_every_provider(async |row| {
        let described = row.spec.capabilities.described();
        for (operation, can) in operations(&row.spec.capabilities) {
            let word = operation.verb().phrase();
            assert!(!can || described.contains(word), "{word} is missing from {described:?}");
        }
        assert!(row.spec.settings.iter().any(|setting| setting.name == "endpoint" || !setting.required));
        assert_eq!(row.face.type_name(), row.spec.type_name);
    })
    .await;
}
