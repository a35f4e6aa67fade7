//! What goes wrong on the wire, and what it is called on this side: kind, effect, whether trying later may help.

use crate::rig::{Bench, Setup, declared, for_every_provider};
use fleetform::model::Operation;
use fleetform::provider::{Effect, Error, ErrorKind};
use fleetform::providers::Registration;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An operation that does no harm when it is refused: the first that the row declares.
fn some_change(bench: &Bench) -> Option<Operation> {
    declared(bench.capabilities(), |op| !matches!(op, Operation::Delete))
}

async fn of_a_read(row: &'static Registration, fault: &Value) -> Error {
    let setup = Setup { timeout: Duration::from_millis(400), ..Setup::default() };
    let bench = Bench::new(row, &setup);
    bench.list().await.unwrap();
    bench.spoil(&json!("all"), fault);
    bench.list().await.expect_err("every call is spoilt")
}

/// The error and how many calls were made. Where a row can change nothing there is none.
async fn of_a_change(row: &'static Registration, fault: &Value, kept: bool) -> Option<(Error, u64)> {
    let setup = Setup { timeout: Duration::from_millis(400), ..Setup::default() };
    let bench = Bench::new(row, &setup);
    bench.list().await.unwrap();
    let operation = some_change(&bench)?;
    let id = bench.id(if operation == Operation::PowerOn { "rests" } else { "runs" });
    let rule = bench.spoil(&json!("all"), fault);
    let error = bench.send(&operation, &id).await.expect_err("every call is spoilt");
    let accepted = bench.running.stats().tally("c", id.as_str()).accepted;
    assert_eq!(accepted, u64::from(kept), "{fault}: the work was {}done", if kept { "" } else { "not " });
    Some((error, bench.seen_by(rule)))
}

#[tokio::test]
async fn refusals_are_told_apart_and_do_not_pass_by_themselves() {
    for_every_provider(async |row| {
        for (code, kinds) in [
            (401, &[ErrorKind::Auth, ErrorKind::Forbidden][..]),
            (403, &[ErrorKind::Auth, ErrorKind::Forbidden]),
            (404, &[ErrorKind::WrongEndpoint]),
            (422, &[ErrorKind::Refused]),
        ] {
            let fault = json!({ "status": { "code": code, "body": "no" } });
            let error = of_a_read(row, &fault).await;
            assert!(kinds.contains(&error.kind), "{code}: {error:?}");
            assert_eq!((error.status, error.effect, error.is_transient()), (Some(code), Effect::None, false));
            let Some((error, calls)) = of_a_change(row, &fault, false).await else { continue };
            assert!(kinds.contains(&error.kind), "{code}: {error:?}");
            assert_eq!((error.effect, error.is_transient()), (Effect::None, false), "{code}");
            // A session may have ended: then one login and the call once more.
            assert!(calls == 1 || (code == 401 && calls <= 3), "{code}: {calls} calls");
        }
        let (unauthorised, forbidden) = (
            of_a_read(row, &json!({ "status": { "code": 401, "body": "no" } })).await.kind,
            of_a_read(row, &json!({ "status": { "code": 403, "body": "no" } })).await.kind,
        );
        assert_ne!(unauthorised, forbidden, "a bad key and a missing right are told apart");
    })
    .await;
}

#[tokio::test]
async fn a_conflict_is_busy_and_the_call_was_not_carried_out() {
    for_every_provider(async |row| {
        let fault = json!({ "status": { "code": 409, "body": "busy" } });
        let Some((error, calls)) = of_a_change(row, &fault, false).await else { return };
        assert_eq!((error.kind, error.effect, calls), (ErrorKind::Busy, Effect::None, 1));
        assert!(error.is_transient());
    })
    .await;
}

#[tokio::test]
async fn the_provider_s_own_refusal_has_no_effect_and_is_sent_once() {
    for_every_provider(async |row| {
        let Some((error, calls)) = of_a_change(row, &json!("refuse"), false).await else { return };
        assert!(matches!(error.kind, ErrorKind::Busy | ErrorKind::Refused), "{error:?}");
        assert_eq!((error.effect, calls), (Effect::None, 1));
    })
    .await;
}

#[tokio::test]
async fn throttling_is_waited_for_as_asked_and_then_reported() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        bench.list().await.unwrap();
        bench.spoil(&json!(1), &json!({ "status": { "code": 429, "retry_after": 1 } }));
        let begun = Instant::now();
        assert_eq!(bench.list().await.unwrap().len(), 3);
        assert!(begun.elapsed() >= Duration::from_secs(1), "it was asked for a second");
        let error = of_a_read(row, &json!({ "status": { "code": 429 } })).await;
        assert_eq!(
            (error.kind, error.effect, error.is_transient()),
            (ErrorKind::RateLimited, Effect::None, true)
        );
        let Some((error, calls)) = of_a_change(row, &json!({ "status": { "code": 429 } }), false).await
        else {
            return;
        };
        assert_eq!((error.kind, error.effect), (ErrorKind::RateLimited, Effect::None));
        assert!(calls > 1, "a throttled change was not carried out and is sent again");
    })
    .await;
}

#[tokio::test]
async fn a_provider_in_trouble_is_unavailable_and_reads_are_repeated() {
    for_every_provider(async |row| {
        let (internal, unavailable) = tokio::join!(
            async { of_a_read(row, &json!({ "status": { "code": 500, "body": "oops" } })).await },
            async { of_a_read(row, &json!({ "status": { "code": 503 } })).await },
        );
        for (code, error) in [(500, internal), (503, unavailable)] {
            assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, Some(code)), "{error:?}");
            assert_eq!((error.effect, error.is_transient()), (Effect::None, true));
        }
    })
    .await;
}

#[tokio::test]
async fn an_internal_error_of_a_change_leaves_its_effect_open_and_is_sent_once() {
    for_every_provider(async |row| {
        let before = json!({ "status": { "code": 500, "body": "oops" } });
        for (fault, kept) in [(before, false), (json!("status_after"), true)] {
            let Some((error, calls)) = of_a_change(row, &fault, kept).await else { return };
            assert_eq!(
                (error.kind, error.effect, calls),
                (ErrorKind::Unavailable, Effect::Unknown, 1),
                "{fault}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_late_or_cut_off_is_lost() {
    for_every_provider(async |row| {
        let faults = [json!({ "late": "5s" }), json!("cut_off"), json!("reset_before"), json!("reset_after")];
        join_all(faults.map(async |fault| {
            let error = of_a_read(row, &fault).await;
            assert_eq!(
                (error.kind, error.effect),
                (ErrorKind::LostAnswer, Effect::None),
                "{fault}: {error:?}"
            );
            assert!(error.is_transient());
            let kept = fault != json!("reset_before");
            let Some((error, calls)) = of_a_change(row, &fault, kept).await else { return };
            assert_eq!(
                (error.kind, error.effect),
                (ErrorKind::LostAnswer, Effect::Unknown),
                "{fault}: {error:?}"
            );
            assert_eq!(calls, 1, "{fault}: a change whose answer was lost is never sent again");
        }))
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_page_of_html_or_foreign_bytes_is_garbage_and_is_never_quoted() {
    for_every_provider(async |row| {
        for fault in [json!("html"), json!("garbage")] {
            let error = of_a_read(row, &fault).await;
            assert_eq!((error.kind, error.status), (ErrorKind::Garbage, Some(200)), "{fault}: {error:?}");
            assert!(error.is_transient());
            assert!(
                !error.to_string().contains("Please wait") && !error.to_string().contains("<h1>"),
                "{error}"
            );
            let Some((error, calls)) = of_a_change(row, &fault, false).await else { continue };
            assert_eq!(
                (error.kind, error.effect, calls),
                (ErrorKind::Garbage, Effect::Unknown, 1),
                "{fault}: {error:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_error_is_one_sentence_that_names_the_call() {
    for_every_provider(async |row| {
        for fault in [
            json!({ "status": { "code": 422, "body": "line one\nline two\u{7}\u{1b}[31m" } }),
            json!({ "status": { "code": 400, "body": "x".repeat(10_000) } }),
            json!("html"),
        ] {
            let error = of_a_read(row, &fault).await;
            let text = error.to_string();
            assert!(text.contains("http://127.0.0.1:"), "{text}");
            assert!(!text.contains('\n') && !text.contains('\u{1b}') && text.len() < 800, "{text}");
            assert!(!text.contains('?'), "a URL is shown without its query: {text}");
        }
    })
    .await;
}
