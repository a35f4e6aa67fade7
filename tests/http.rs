//! What all providers share on the wire: when a call is sent again, what is never sent, and every bound.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::{Bounds, Clients, Connection, Limits, Nature, Policy, Request};
use fleetform::provider::{Effect, ErrorKind};
use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use std::time::{Duration, Instant};
use wire::{Reply, Scripted};

const LIMITS: Limits = Limits { in_flight: 8, per_second: None, timeout: Duration::from_millis(600) };

fn connect(url: &str, limits: Limits) -> Connection {
    wire::CLIENTS.with(|clients| Connection::new(url, limits, Policy::default(), clients).unwrap())
}

fn read() -> Request {
    Request::get(["servers"]).header(AUTHORIZATION, HeaderValue::from_static("Basic c2VjcmV0"))
}

fn change() -> Request {
    Request::new(Nature::Change, Method::POST, ["servers"])
}

/// So many times was it sent, and with this it ended: a status, or the kind of the error.
async fn outcome(
    replies: Vec<Reply>,
    build: impl Fn() -> Request,
) -> (usize, Result<u16, (ErrorKind, Effect)>) {
    let server = Scripted::new(replies).await;
    let answer = connect(&server.url, LIMITS).send(build).await;
    let end = answer.map(|answer| answer.status).map_err(|error| (error.kind, error.effect));
    (server.seen().len(), end)
}

#[tokio::test]
async fn the_retry_table_holds_for_every_kind_of_answer() {
    let fine = || Reply::new(200, "");
    let lost = |effect| Err((ErrorKind::LostAnswer, effect));
    for (bad, reads, changes) in [
        (Reply::new(429, ""), (2, Ok(200)), (2, Ok(200))),
        (Reply::new(503, ""), (2, Ok(200)), (2, Ok(200))),
        (Reply::new(500, ""), (2, Ok(200)), (1, Ok(500))),
        (Reply::new(502, ""), (2, Ok(200)), (1, Ok(502))),
        (Reply::new(504, ""), (2, Ok(200)), (1, Ok(504))),
        (Reply::new(408, ""), (2, Ok(200)), (1, Ok(408))),
        (Reply::new(400, ""), (1, Ok(400)), (1, Ok(400))),
        (Reply::new(401, ""), (1, Ok(401)), (1, Ok(401))),
        (Reply::new(404, ""), (1, Ok(404)), (1, Ok(404))),
        (Reply::new(409, ""), (1, Ok(409)), (1, Ok(409))),
        (Reply::new(501, ""), (1, Ok(501)), (1, Ok(501))),
        (Reply::closed(), (2, Ok(200)), (1, lost(Effect::Unknown))),
        (Reply::new(200, "").late(2000), (2, Ok(200)), (1, lost(Effect::Unknown))),
        (Reply::dripping(&"x".repeat(100), 50), (2, Ok(200)), (1, lost(Effect::Unknown))),
    ] {
        let script = || vec![bad.clone(), fine()];
        let (of_read, of_change) = tokio::join!(outcome(script(), read), outcome(script(), change));
        assert_eq!((of_read, of_change), (reads, changes), "{bad:?}");
    }
}

#[tokio::test]
async fn a_policy_may_forbid_to_send_a_change_again_after_503() {
    let server = Scripted::new([Reply::new(503, ""), Reply::new(200, "")]).await;
    let policy = Policy { resend_changes_on_503: false };
    let connection =
        wire::CLIENTS.with(|clients| Connection::new(&server.url, LIMITS, policy, clients).unwrap());
    let answer = connection.send(change).await.unwrap();
    assert_eq!((answer.status, server.seen().len()), (503, 1));
    assert_eq!(answer.failure(None).effect, Effect::Unknown);
}

#[tokio::test]
async fn attempts_end() {
    let (always, endless) = tokio::join!(
        outcome(vec![Reply::new(503, "").header("retry-after", "0")], change),
        outcome(vec![Reply::new(200, "").late(3000)], read),
    );
    assert_eq!(always, (5, Ok(503)));
    assert_eq!(
        endless,
        (2, Err((ErrorKind::LostAnswer, Effect::None))),
        "a black hole is not worth five waits"
    );
}

#[tokio::test]
async fn a_refused_connection_is_unreachable_and_certainly_without_effect() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connection = connect(&format!("http://{free}"), LIMITS);
    let begun = Instant::now();
    let error = connection.send(change).await.unwrap_err();
    assert_eq!(
        (error.kind, error.effect, error.is_transient()),
        (ErrorKind::Unreachable, Effect::None, true)
    );
    assert!(begun.elapsed() > Duration::from_millis(800), "it was tried more than once");
    assert!(error.message.contains(&free.to_string()), "{error}");
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_reached() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connection = connect(&format!("http://{free}"), LIMITS);
    let server = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let listener = tokio::net::TcpListener::bind(free).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(tokio::io::AsyncReadExt::read(&mut stream, &mut request).await.unwrap() > 0);
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 204 x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let (answer, ()) = tokio::join!(connection.send(change), server);
    assert_eq!(answer.unwrap().status, 204);
}

#[tokio::test]
async fn retry_after_is_kept_in_seconds_and_as_a_date() {
    let date = || {
        let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(2)).unwrap();
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&soon).unwrap()
    };
    // A date has no fractions of a second, so up to one of the two may be gone already.
    for (value, at_least) in [("1".to_owned(), 1000), (date(), 900)] {
        let value = if value == "1" { value } else { date() };
        let server =
            Scripted::new([Reply::new(503, "").header("retry-after", &value), Reply::new(200, "")]).await;
        connect(&server.url, LIMITS).send(change).await.unwrap();
        let times = server.times();
        assert!(times[1] - times[0] >= Duration::from_millis(at_least), "{value}");
    }
}

#[tokio::test]
async fn a_retry_after_of_years_is_neither_waited_for_nor_passed_over() {
    let bounds = Bounds { wait: Duration::from_millis(300), ..Bounds::default() };
    for value in ["99999999", "99999999999999999999999999", "Fri, 31 Dec 2399 23:59:59 GMT"] {
        let server =
            Scripted::new([Reply::new(429, "").header("retry-after", value), Reply::new(200, "")]).await;
        let connection = connect(&server.url, LIMITS).with_bounds(bounds);
        let begun = Instant::now();
        let answer = connection.send(read).await.unwrap();
        assert_eq!((answer.status, server.seen().len()), (429, 1), "{value}");
        assert!(answer.failure(None).message.contains("it asks to be left alone for"), "{value}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{value}");
    }
    assert!(Bounds::default().wait <= Duration::from_mins(1));
}

#[tokio::test]
async fn nonsense_and_the_past_in_retry_after_do_not_hurt() {
    for value in ["soon", "-5", "", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let server =
            Scripted::new([Reply::new(429, "").header("retry-after", value), Reply::new(200, "")]).await;
        let begun = Instant::now();
        assert_eq!(connect(&server.url, LIMITS).send(read).await.unwrap().status, 200);
        assert!(begun.elapsed() < Duration::from_secs(2), "{value:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_other_host_sees_nothing() {
    let other = Scripted::new([Reply::new(200, "stolen")]).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/servers?token=x", other.url);
        let server = Scripted::new([Reply::new(status, "").header("location", &to)]).await;
        for build in [read, change] {
            let answer = connect(&server.url, LIMITS).send(build).await.unwrap();
            let error = answer.failure(None);
            assert_eq!((answer.status, error.kind), (status, ErrorKind::WrongEndpoint));
            assert!(
                error.to_string().contains("127.0.0.1") && !error.to_string().contains("token"),
                "{error}"
            );
        }
    }
    assert!(other.seen().is_empty());
}

#[test]
fn endpoints_that_would_leak_credentials_are_refused() {
    let clients = Clients::new(None);
    for url in [
        "http://api.example/x",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://0.0.0.0:80",
        "https://user:pw@api.example",
        "https://user@api.example",
        "https://api.example/?key=1",
        "https://api.example/#x",
        "ftp://127.0.0.1",
        "file:///etc",
        "mailto:x@y",
        "api.example",
        "",
        "http://[::2]/",
    ] {
        let error = Connection::new(url, LIMITS, Policy::default(), &clients).err();
        let error = error.unwrap_or_else(|| panic!("{url} was taken"));
        assert_eq!((error.kind, error.effect), (ErrorKind::Config, Effect::None), "{url}");
        assert!(!error.to_string().contains("pw"), "{error}");
    }
    for url in [
        "https://api.example/x/",
        "http://127.0.0.1:1",
        "http://localhost:1",
        "http://[::1]:1",
        "http://127.9.9.9",
    ] {
        assert!(Connection::new(url, LIMITS, Policy::default(), &clients).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn an_answer_beyond_the_bound_is_refused_before_it_is_read() {
    let bounds = Bounds { answer: 1_000_000, ..Bounds::default() };
    let limits = Limits { timeout: Duration::from_secs(20), ..LIMITS };
    let server = Scripted::new([Reply::flood(200 << 20)]).await;
    let begun = Instant::now();
    let error = connect(&server.url, limits).with_bounds(bounds).send(read).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbage, "{error}");
    assert!(error.message.contains("1000000") && begun.elapsed() < Duration::from_secs(5), "{error}");
    let error = connect(&server.url, limits).with_bounds(bounds).send(change).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Garbage, Effect::Unknown));
    let exact = Scripted::new([Reply::new(200, vec![b'x'; 1_000_000])]).await;
    let answer = connect(&exact.url, limits).with_bounds(bounds).send(read).await.unwrap();
    assert_eq!(answer.body.len(), 1_000_000);
}

/// 32768 zero bytes, compressed.
const BOMB: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 1, 1, 0, 0, 0, 128, 144, 254, 175, 238, 8, 10, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 166, 252, 31, 1, 0,
    128, 0, 0,
];

#[tokio::test]
async fn a_gzip_bomb_is_bounded_by_what_comes_out_of_it() {
    let reply = Reply::new(200, BOMB).header("content-encoding", "gzip");
    let bounds = Bounds { answer: 10_000, ..Bounds::default() };
    let server = Scripted::new([reply]).await;
    let error = connect(&server.url, LIMITS).with_bounds(bounds).send(read).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbage, "{error}");
    assert!(error.message.contains("10000"), "it was the bound, not the format: {error}");
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed() {
    let server = Scripted::new([Reply::new(200, "").late(60)]).await;
    let connection = connect(&server.url, Limits { in_flight: 3, ..LIMITS });
    let answers = join_all((0..15).map(|_| connection.send(read))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.busiest(), 3);
}

#[tokio::test]
async fn the_rate_is_kept_evenly_and_not_in_bursts() {
    let server = Scripted::new([Reply::new(200, "")]).await;
    let connection = connect(&server.url, Limits { in_flight: 50, per_second: Some(20.0), ..LIMITS });
    let begun = Instant::now();
    join_all((0..11).map(|_| connection.send(read))).await;
    assert!(
        begun.elapsed() >= Duration::from_millis(490),
        "ten more at twenty a second: {:?}",
        begun.elapsed()
    );
    let times = server.times();
    let in_first_quarter = times.iter().filter(|at| **at - times[0] < Duration::from_millis(240)).count();
    assert!(in_first_quarter <= 6, "{in_first_quarter}");
}

#[tokio::test]
async fn one_throttled_call_rests_the_whole_connection() {
    for reply in
        [Reply::new(429, "").header("retry-after", "1"), Reply::new(503, "").header("retry-after", "1")]
    {
        let server = Scripted::new([reply, Reply::new(200, "")]).await;
        let connection = connect(&server.url, LIMITS);
        let late = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            join_all((0..5).map(|_| connection.send(read))).await
        };
        let (first, others) = tokio::join!(connection.send(read), late);
        assert!(first.is_ok() && others.iter().all(Result::is_ok));
        let times = server.times();
        assert_eq!(times.len(), 7);
        assert!(times[1..].iter().all(|at| *at - times[0] >= Duration::from_secs(1)), "{times:?}");
    }
}

#[tokio::test]
async fn a_429_without_advice_rests_the_whole_connection_too() {
    let server = Scripted::new([Reply::new(429, ""), Reply::new(200, "")]).await;
    let connection = connect(&server.url, LIMITS);
    let late = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        connection.send(read).await
    };
    let (first, second) = tokio::join!(connection.send(read), late);
    assert!(first.is_ok() && second.is_ok());
    let times = server.times();
    assert!(times[1] - times[0] >= Duration::from_millis(190), "{:?}", times[1] - times[0]);
}

#[tokio::test]
async fn every_attempt_is_built_anew() {
    let server = Scripted::new([Reply::new(503, ""), Reply::new(200, "")]).await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    let build = || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Request::get(["x"]).query("attempt", number.to_string())
    };
    connect(&server.url, LIMITS).send(build).await.unwrap();
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/x?attempt=0", "/x?attempt=1"]);
}

#[tokio::test]
async fn messages_name_the_call_without_its_query_or_headers() {
    let server = Scripted::new([Reply::closed()]).await;
    let build = || read().query("sig", "5ecret").query("api_key", "k3y");
    let error = connect(&server.url, LIMITS).send(build).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("GET ") && text.contains("/servers"), "{text}");
    for secret in ["5ecret", "k3y", "sig", "c2VjcmV0"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// What is read of a list of numbers in a body, kept or not.
async fn numbers(reply: Reply, kept: usize) -> Result<usize, (ErrorKind, String)> {
    let server = Scripted::new([reply]).await;
    let bounds = Bounds { kept, answer: 4_000_000, ..Bounds::default() };
    let connection = connect(&server.url, LIMITS).with_bounds(bounds);
    let answer = connection.send_large::<Vec<u64>>(read).await;
    let list = answer.and_then(|mut answer| answer.value::<Vec<u64>>());
    list.map(|list| list.len()).map_err(|error| (error.kind, error.message))
}

#[tokio::test]
async fn a_large_answer_is_read_while_it_arrives_and_means_the_same() {
    let list = format!("[{}1]", "1234567890,".repeat(50_000));
    for kept in [10, 1000, 65_536, 10_000_000] {
        assert_eq!(numbers(Reply::new(200, list.clone()), kept).await, Ok(50_001), "{kept}");
        for (bad, part) in [
            (format!("{list}x"), "JSON"),
            (list[..300_000].to_owned(), "JSON"),
            (list.replace("1]", "\"x\"]"), "another shape"),
            (format!("<html>{list}"), ""),
        ] {
            let (kind, text) = numbers(Reply::new(200, bad), kept).await.unwrap_err();
            assert_eq!(kind, ErrorKind::Garbage, "{kept}: {text}");
            assert!(text.contains(part), "{kept}: {text}");
        }
        let (kind, _) = numbers(Reply::flood(5_000_000), kept).await.unwrap_err();
        assert_eq!(kind, ErrorKind::Garbage, "{kept}: bounded as ever");
        let refused = numbers(Reply::new(404, list.clone()), kept).await;
        assert_eq!(
            refused,
            Ok(50_001),
            "only a 200 is read while it arrives; the rest is kept for its judge"
        );
    }
}

#[tokio::test]
async fn a_large_answer_that_breaks_off_is_lost_and_asked_for_again() {
    let list = format!("[{}1]", "1234567890,".repeat(20_000));
    let short = Reply::new(200, &list.as_bytes()[..100_000]).promising(list.len());
    let server = Scripted::new([short, Reply::new(200, list.clone())]).await;
    let bounds = Bounds { kept: 1000, ..Bounds::default() };
    let connection = connect(&server.url, LIMITS).with_bounds(bounds);
    let mut answer = connection.send_large::<Vec<u64>>(read).await.unwrap();
    assert_eq!((answer.value::<Vec<u64>>().unwrap().len(), server.seen().len()), (20_001, 2));
}
