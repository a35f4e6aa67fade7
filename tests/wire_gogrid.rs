//! The gogrid client on the wire: signed requests to the letter, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::Limits;
use fleetform::model::{CaseRule, LiveServer, OffKind, Operation, RebootKind, ServerId, Settings};
use fleetform::provider::{Effect, Error, ErrorKind, Job, Mark, Provider, Receipt, Trail, list_all};
use fleetform::providers::{Opening, gogrid};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted, Seen};

const LIST: &str = include_str!("../src/providers/gogrid/fixtures/list.json");
const NOTHING: &str = include_str!("../src/providers/gogrid/fixtures/nothing_found.json");
const REFUSED: &str = include_str!("../src/providers/gogrid/fixtures/power_refused_with_server.json");
const POWER: &str = include_str!("../src/providers/gogrid/fixtures/power.json");
const JOB: &str = include_str!("../src/providers/gogrid/fixtures/job.json");

const KEY: &str = "gg-key";
const SECRET: &str = "gg-secret";

const OFF: Operation = Operation::PowerOff { method: OffKind::Hard };
const CYCLE: Operation = Operation::Reboot { method: RebootKind::Hard };

fn open(url: &str) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    settings.set("endpoint", format!("{url}/api"));
    settings.set("api_key", KEY);
    settings.set("secret", SECRET);
    let limits = Limits { in_flight: 1, per_second: None, timeout: Duration::from_secs(5) };
    wire::CLIENTS.with(|clients| gogrid::open(&Opening { settings: &settings, limits, clients }).unwrap())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn signature(second: i64) -> String {
    let digest = Md5::digest(format!("{KEY}{SECRET}{second}"));
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}

/// How far from our clock the second lies that a request was signed with.
fn signed_off_by(seen: &Seen, around: i64) -> i64 {
    let sig = seen.pair("sig").expect("it is signed");
    let now = now() + around;
    (-10..=10).find(|off| signature(now + off) == sig).map(|off| off + around).expect("a known second")
}

async fn send(reply: Reply, operation: &Operation) -> (Result<Receipt, Error>, Vec<Seen>) {
    let server = Scripted::new([reply]).await;
    let verdicts = open(&server.url).send(operation, &[ServerId::from("203924")]).await;
    let verdict = verdicts.and_then(|mut verdicts| verdicts.pop().unwrap());
    (verdict, server.seen())
}

async fn get(reply: Reply) -> Result<Option<LiveServer>, Error> {
    let server = Scripted::new([reply]).await;
    open(&server.url).get(&ServerId::from("203924")).await
}

async fn list(replies: Vec<Reply>) -> (Result<Vec<LiveServer>, Error>, Vec<Seen>) {
    let server = Scripted::new(replies).await;
    let listed = list_all(&*open(&server.url), CaseRule::Exact, 1).await;
    (listed, server.seen())
}

/// A page of servers with these ids.
fn page(total: u64, start: u64, ids: impl IntoIterator<Item = u64>) -> Reply {
    let servers: Vec<Value> = ids
        .into_iter()
        .map(|id| json!({ "object": "server", "id": id, "name": format!("n{id}"), "state": { "id": 1, "name": "On" } }))
        .collect();
    let summary =
        json!({ "total": total, "start": start, "numpages": total.div_ceil(4), "returned": servers.len() });
    Reply::json(
        200,
        json!({ "status": "success", "method": "/grid/server/list", "summary": summary, "list": servers }),
    )
}

fn failure(code: &str, message: &str) -> String {
    let error = json!({ "object": "error", "errorcode": code, "message": message });
    let summary = json!({ "total": 1, "start": 0, "returned": 1 });
    json!({ "status": "failure", "method": "/x", "summary": summary, "list": [error] }).to_string()
}

#[test]
fn the_signature_of_the_test_agrees_with_the_page() {
    assert_eq!(signature(1_289_200_000), "28b4e6e5b6856a4e32eea487478802d0");
    assert_eq!(signature(1_700_000_000), "0ff127a9dc6663337316d1f923ec79e9");
}

#[tokio::test]
async fn reads_are_gets_with_the_common_parameters_in_the_query() {
    let server = Scripted::new([page(0, 0, []), Reply::json(400, NOTHING), Reply::json(200, JOB)]).await;
    let provider = open(&server.url);
    list_all(&*provider, CaseRule::Exact, 1).await.unwrap();
    provider.get(&ServerId::from("203924")).await.unwrap();
    provider.mark(&ServerId::from("203924"), &CYCLE).await.unwrap();
    let own: [(&str, &[(&str, &str)]); 3] = [
        ("/api/grid/server/list", &[("num_items", "100"), ("page", "0")]),
        ("/api/grid/server/get", &[("id", "203924")]),
        ("/api/grid/job/list", &[("object", "203924"), ("num_items", "1"), ("page", "0")]),
    ];
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for (seen, (path, own)) in seen.iter().zip(own) {
        assert_eq!((seen.method.as_str(), seen.path(), seen.body.as_str()), ("GET", path, ""));
        for (key, value) in [("api_key", KEY), ("v", "1.6"), ("format", "json")].iter().chain(own) {
            assert_eq!(seen.pair(key).as_deref(), Some(*value), "{key}");
        }
        assert_eq!(seen.pairs().len(), 4 + own.len(), "{:?}", seen.pairs());
        assert!(signed_off_by(seen, 0).abs() <= 5);
    }
}

#[tokio::test]
async fn changes_are_posts_with_everything_in_the_form_body() {
    for (operation, path, word) in [
        (Operation::PowerOn, "/api/grid/server/power", Some("on")),
        (OFF, "/api/grid/server/power", Some("off")),
        (CYCLE, "/api/grid/server/power", Some("cycle")),
        (Operation::Delete, "/api/grid/server/delete", None),
    ] {
        let (verdict, seen) = send(Reply::json(200, POWER), &operation).await;
        assert_eq!(verdict.unwrap(), Receipt::default());
        let [seen] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((seen.line(), seen.pair("power").as_deref()), (format!("POST {path}"), word));
        assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(seen.pair("id").as_deref(), Some("203924"));
        for (key, value) in [("api_key", KEY), ("v", "1.6"), ("format", "json")] {
            assert_eq!(seen.pair(key).as_deref(), Some(value));
        }
        assert!(signed_off_by(seen, 0).abs() <= 5);
        assert!(!seen.target.contains("sig"), "key and signature stay out of the URL");
    }
}

#[tokio::test]
async fn what_gogrid_cannot_do_is_refused_without_a_request() {
    for operation in [
        Operation::PowerOff { method: OffKind::Graceful },
        Operation::Reboot { method: RebootKind::Soft },
        Operation::Rename { to: "b".into() },
        Operation::Suspend,
    ] {
        let (verdict, seen) = send(Reply::json(200, POWER), &operation).await;
        assert_eq!(verdict.unwrap_err().kind, ErrorKind::Unsupported, "{operation:?}");
        assert!(seen.is_empty());
    }
}

#[tokio::test]
async fn every_attempt_is_signed_anew() {
    let busy = Reply::new(429, "").header("retry-after", "2");
    let server = Scripted::new([busy, Reply::json(200, POWER)]).await;
    let verdicts = open(&server.url).send(&CYCLE, &[ServerId::from("203924")]).await;
    let verdict = verdicts.and_then(|mut verdicts| verdicts.pop().unwrap());
    verdict.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].pair("sig"), seen[1].pair("sig"));
}

#[tokio::test]
async fn a_real_list_is_read_with_its_odd_corners() {
    let (listed, _) = list(vec![Reply::json(200, LIST)]).await;
    let shown: Vec<(String, String, String)> = listed
        .unwrap()
        .iter()
        .map(|s| {
            (
                s.id.as_ref().map_or("-".into(), ToString::to_string),
                s.name.as_ref().unwrap().to_string(),
                s.state.to_string(),
            )
        })
        .collect();
    let expected = [
        ("203924", "My Server", "on"),
        ("9007199254740993", "beyond doubles", "off"),
        ("-", "just added", "in transition (being added, without an id yet)"),
        ("5", "oldest sample", "on"),
        ("6", "new number", "off"),
        ("7", "unheard of", "not recognised (Hibernating)"),
        ("18446744073709551615", "imaging", "On/Saving, becoming on"),
        ("8", "number only", "Restarting, becoming on"),
    ]
    .map(|(id, name, state)| (id.to_owned(), name.to_owned(), state.to_owned()));
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn the_number_of_a_state_decides_over_its_name() {
    for (id, name, expected) in [
        (json!(1), json!("Off"), "on"),
        (json!(3), json!(null), "off"),
        (json!("3"), json!("On"), "off"),
        (json!(2), json!("x"), "Starting, becoming on"),
        (json!(4), json!("x"), "Stopping, becoming off"),
        (json!(6), json!("x"), "in transition (Saving)"),
        (json!(7), json!("x"), "in transition (Restoring)"),
        (json!(8), json!("x"), "in transition (Updating)"),
        (json!(10), json!("x"), "Off/Saving, becoming off"),
        (json!(null), json!("Off"), "off"),
        (json!(null), json!(null), "not recognised (no state)"),
        (json!(11), json!(null), "not recognised (11)"),
    ] {
        let server = json!({ "id": 203_924, "name": "a", "state": { "id": id, "name": name } });
        let summary = json!({ "total": 1, "start": 0, "numpages": 0, "returned": 1 });
        let body = json!({ "status": "success", "summary": summary, "list": [server] });
        let live = get(Reply::json(200, body)).await.unwrap().unwrap();
        assert_eq!(live.state.to_string(), expected, "{id} {name}");
    }
}

#[tokio::test]
async fn pages_are_counted_by_what_a_page_really_held() {
    // Asked for a hundred, the server gives four at most.
    let replies = vec![page(9, 0, 1..=4), page(9, 4, 5..=8), page(9, 8, [9])];
    let (listed, seen) = list(replies).await;
    assert_eq!(listed.unwrap().len(), 9);
    let pages: Vec<_> = seen.iter().map(|seen| seen.pair("page").unwrap()).collect();
    assert_eq!(pages, ["0", "1", "2"]);
    assert!(seen.iter().all(|seen| seen.pair("num_items").as_deref() == Some("100")));
}

#[tokio::test]
async fn a_total_that_changes_between_pages_makes_us_read_again() {
    let replies = vec![page(5, 0, 1..=4), page(6, 4, [5, 6]), page(6, 0, 1..=4), page(6, 4, [5, 6])];
    let (listed, seen) = list(replies).await;
    assert_eq!((listed.unwrap().len(), seen.len()), (6, 4));
}

#[tokio::test]
async fn rows_that_move_while_we_read_are_found_in_a_second_reading() {
    // Server 1 is deleted and 10 is added between the pages: 5 slips to the first one.
    let replies =
        vec![page(8, 0, 1..=4), page(8, 4, [6, 7, 8]), page(8, 0, 2..=5), page(8, 4, [6, 7, 8, 10])];
    let (listed, seen) = list(replies).await;
    let ids: Vec<String> = listed.unwrap().iter().map(|s| s.id.as_ref().unwrap().to_string()).collect();
    assert_eq!(ids, ["2", "3", "4", "5", "6", "7", "8", "10"]);
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_short_page_is_never_taken_for_a_shorter_list() {
    for replies in [
        vec![page(9, 0, 1..=4), page(9, 4, 5..=8), page(9, 8, [])],
        vec![page(9, 0, [])],
        // The same page over and over: `page` is ignored.
        vec![page(9, 0, 1..=4)],
        // More than announced.
        vec![page(3, 0, 1..=4)],
    ] {
        let (listed, seen) = list(replies).await;
        let error = listed.expect_err("the list was never whole");
        assert_eq!(error.kind, ErrorKind::Garbage, "{error}");
        assert!(seen.len() >= 4 && seen.len() < 40, "read a few times: {}", seen.len());
    }
}

#[tokio::test]
async fn lists_that_contradict_themselves_are_refused() {
    let wrong_count = json!({ "status": "success", "summary": { "total": 2, "start": 0, "numpages": 0, "returned": 2 },
        "list": [{ "id": 1, "name": "a", "state": { "id": 1 } }] });
    let endless = json!({ "status": "success", "summary": { "total": u64::MAX, "start": 0, "numpages": 9, "returned": 1 },
        "list": [{ "id": 1, "name": "a", "state": { "id": 1 } }] });
    let late_start = json!({ "status": "success", "summary": { "total": 3, "start": u64::MAX, "numpages": 9, "returned": 1 },
        "list": [{ "id": 1, "name": "a", "state": { "id": 1 } }] });
    for body in [
        wrong_count,
        endless,
        late_start,
        json!({ "status": "success", "list": [] }),
        json!({ "status": "success", "summary": {}, "list": [] }),
        json!({ "status": "success", "summary": { "total": 1, "start": 0, "returned": 1 }, "list": [{ "id": 1 }] }),
        json!({ "status": "succeeded", "summary": { "total": 0, "start": 0, "returned": 0 }, "list": [] }),
        json!({ "status": "success", "summary": { "total": 1, "start": 0, "returned": 1 },
            "list": [{ "id": 1.5, "name": "a", "state": { "id": 1 } }] }),
        json!([]),
        json!(null),
    ] {
        let (listed, _) = list(vec![Reply::json(200, &body)]).await;
        assert_eq!(listed.expect_err("it makes no sense").kind, ErrorKind::Garbage, "{body}");
    }
}

#[tokio::test]
async fn a_refused_list_is_no_empty_list() {
    let (listed, _) = list(vec![Reply::json(400, NOTHING)]).await;
    assert_eq!(listed.expect_err("nothing found is documented of get alone").kind, ErrorKind::Refused);
}

#[tokio::test]
async fn only_a_400_that_says_no_object_found_means_gone() {
    assert_eq!(get(Reply::json(400, NOTHING)).await.unwrap(), None);
    let other = failure("IllegalArgumentException", "More than one server matches");
    for (reply, kind) in [
        (Reply::json(400, other), ErrorKind::Refused),
        (Reply::json(200, NOTHING), ErrorKind::Refused),
        (Reply::json(404, NOTHING), ErrorKind::WrongEndpoint),
        (Reply::new(404, "<html>no such method</html>"), ErrorKind::WrongEndpoint),
        (Reply::new(400, "No object found"), ErrorKind::Refused),
        (page(0, 0, []), ErrorKind::Garbage),
        (page(1, 0, [7]), ErrorKind::Garbage),
        (Reply::new(200, "<html>hello</html>"), ErrorKind::Garbage),
        (Reply::new(200, ""), ErrorKind::Garbage),
    ] {
        let error = get(reply.clone()).await.expect_err("it says nothing about the server");
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_200_may_hold_a_failure_even_one_with_a_server_and_no_reason() {
    let (verdict, seen) = send(Reply::json(200, REFUSED), &CYCLE).await;
    let error = verdict.expect_err("its status says failure");
    assert_eq!((error.kind, error.effect, seen.len()), (ErrorKind::Refused, Effect::None, 1), "{error}");
    let reason = failure("IllegalArgumentException", "not now");
    let (verdict, _) = send(Reply::json(200, reason), &CYCLE).await;
    let error = verdict.unwrap_err();
    assert!(
        error.message.contains("not now") && error.message.contains("IllegalArgumentException"),
        "{error}"
    );
    for list in [json!([]), json!([{}]), json!([{ "object": "error" }])] {
        let body = json!({ "status": "failure", "summary": { "total": 0, "start": 0, "returned": 0 }, "list": list });
        let (verdict, _) = send(Reply::json(200, body), &CYCLE).await;
        assert_eq!(verdict.unwrap_err().kind, ErrorKind::Refused);
    }
}

#[tokio::test]
async fn a_delete_of_nothing_is_done_and_a_power_call_of_nothing_is_not() {
    assert!(send(Reply::json(400, NOTHING), &Operation::Delete).await.0.unwrap().already);
    let error = send(Reply::json(400, NOTHING), &OFF).await.0.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::NotFound, Effect::None));
}

#[tokio::test]
async fn a_role_that_may_not_is_401_and_a_bad_key_is_403() {
    let (verdict, seen) = send(Reply::new(401, "<html>401</html>"), &OFF).await;
    let error = verdict.unwrap_err();
    assert_eq!((error.kind, seen.len()), (ErrorKind::Forbidden, 1));
    assert!(error.to_string().contains("role"), "{error}");
    let (verdict, seen) = send(Reply::new(403, "<html>403</html>"), &OFF).await;
    let error = verdict.unwrap_err();
    assert_eq!((error.kind, seen.len()), (ErrorKind::Auth, 1), "without a Date there is nothing to try");
    assert!(error.to_string().contains("clock"), "{error}");
}

fn dated(reply: Reply, off: i64) -> Reply {
    let at = jiff::Timestamp::from_second(now() + off).unwrap();
    reply
        .header("date", &jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap())
}

#[tokio::test]
async fn a_403_with_another_clock_is_tried_once_with_the_server_s_time_and_then_explained() {
    let no = || dated(Reply::new(403, ""), 1000);
    let server = Scripted::new([no(), Reply::json(400, NOTHING), Reply::json(400, NOTHING)]).await;
    let provider = open(&server.url);
    assert_eq!(provider.get(&ServerId::from("1")).await.unwrap(), None);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(signed_off_by(&seen[0], 0).abs() <= 5 && (signed_off_by(&seen[1], 1000) - 1000).abs() <= 5);
    provider.get(&ServerId::from("1")).await.unwrap();
    assert!((signed_off_by(&server.seen()[2], 1000) - 1000).abs() <= 5, "later calls keep the server's time");

    let server = Scripted::new([no()]).await;
    let error = open(&server.url).get(&ServerId::from("1")).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (ErrorKind::Auth, 2), "once, not for ever");
    assert!(error.to_string().contains("behind the server's"), "{error}");

    let server = Scripted::new([dated(Reply::new(403, ""), 20)]).await;
    assert!(open(&server.url).get(&ServerId::from("1")).await.is_err());
    assert_eq!(server.seen().len(), 1, "a clock that agrees is not the cause");
}

#[tokio::test]
async fn calls_side_by_side_all_profit_from_the_server_s_time() {
    let no = || dated(Reply::new(403, ""), -5000).late(200);
    let server = Scripted::new([no(), no(), Reply::json(400, NOTHING)]).await;
    let mut settings = Settings::default();
    settings.set("endpoint", server.url.clone());
    settings.set("api_key", KEY);
    settings.set("secret", SECRET);
    let limits = Limits { in_flight: 2, per_second: None, timeout: Duration::from_secs(5) };
    let provider = wire::CLIENTS
        .with(|clients| gogrid::open(&Opening { settings: &settings, limits, clients }).unwrap());
    let (a, b) = (ServerId::from("1"), ServerId::from("2"));
    let (first, second) = tokio::join!(provider.get(&a), provider.get(&b));
    assert_eq!((first.unwrap(), second.unwrap()), (None, None));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn trouble_at_the_server_leaves_a_change_open_and_is_never_answered_by_another_attempt() {
    let unexpected = failure("UnexpectedException", "An unexpected error occurred.");
    for reply in [
        Reply::json(500, unexpected),
        Reply::new(500, "<html>500</html>"),
        Reply::new(503, "Service unavailable").header("retry-after", "0"),
        Reply::new(502, ""),
        Reply::new(504, ""),
        Reply::new(200, "<html>hello</html>"),
        Reply::new(200, "{\"status\":\"succ"),
        Reply::new(204, ""),
        Reply::closed(),
    ] {
        let (verdict, seen) = send(reply.clone(), &CYCLE).await;
        let error = verdict.expect_err("nobody knows");
        assert_eq!((error.effect, seen.len()), (Effect::Unknown, 1), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn reads_go_through_a_moment_of_trouble() {
    let trouble = Reply::json(500, failure("UnexpectedException", "x"));
    let server = Scripted::new([trouble, Reply::closed(), Reply::json(400, NOTHING)]).await;
    assert_eq!(open(&server.url).get(&ServerId::from("1")).await.unwrap(), None);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn the_newest_job_is_the_mark_and_a_newer_one_is_the_evidence() {
    let id = ServerId::from("203924");
    let job = |number: u64, state: Value| {
        let job = json!({ "object": "job", "id": number, "currentstate": state });
        let summary = json!({ "total": 2, "start": 0, "numpages": 2, "returned": 1 });
        Reply::json(200, json!({ "status": "success", "summary": summary, "list": [job] }))
    };
    let server = Scripted::new([Reply::json(200, JOB)]).await;
    let mark = open(&server.url).mark(&id, &CYCLE).await.unwrap().unwrap();
    assert_eq!(mark, Mark("583288".into()));
    let state = |id: u64, name: &str| json!({ "id": id, "name": name });
    for (reply, expected) in [
        (Reply::json(200, JOB), "NotThere"),
        (job(583_289, state(1, "Queued")), "Running"),
        (job(583_289, state(7, "Created")), "Running"),
        (job(583_289, state(2, "Processing")), "Running"),
        (job(583_289, state(3, "Succeeded")), "Succeeded"),
        (job(583_289, json!({ "id": 3 })), "Succeeded"),
        (job(583_289, state(4, "Failed")), "Failed"),
        (job(583_289, state(5, "Canceled")), "Failed"),
        (job(583_289, state(6, "Fatal")), "Failed"),
        (job(583_289, state(99, "Pondering")), "NoRecords"),
        (Reply::new(401, ""), "NoRecords"),
    ] {
        let server = Scripted::new([page(1, 0, [203_924]), reply.clone()]).await;
        let trail = Trail { id: &id, operation: &CYCLE, receipt: None, mark: Some(&mark) };
        let seen = open(&server.url).observe(trail).await.unwrap();
        assert!(seen.live.is_some());
        assert!(format!("{:?}", seen.job).starts_with(expected), "{reply:?}: {:?}", seen.job);
    }
    let server = Scripted::new([page(1, 0, [203_924])]).await;
    let trail = Trail { id: &id, operation: &CYCLE, receipt: None, mark: None };
    assert_eq!(open(&server.url).observe(trail).await.unwrap().job, Job::NoRecords);
    assert_eq!(server.seen().len(), 1, "without a mark the jobs are not asked for");
}

#[tokio::test]
async fn no_error_shows_the_key_the_secret_or_a_signature() {
    for reply in [
        Reply::new(403, ""),
        Reply::new(404, ""),
        Reply::new(200, "<html>"),
        Reply::closed(),
        Reply::json(400, failure("IllegalArgumentException", "bad")),
    ] {
        let error = get(reply).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(KEY) && !text.contains(SECRET) && !text.contains("sig="), "{text}");
        }
    }
}
