//! The server over real HTTP: paths, methods, headers, tokens, names, limits.

use super::client::{get, raw};
use super::exposition::read;
use super::fixture::{quiet, rich, told};
use super::schemas::Schema;
use fleetform::serve::{Bound, ListenError, ListenOptions, Server, Serving};
use fleetform::watch::{Board, Status};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOKEN: &str = "CANARY-0123456789abcdef";

pub(crate) fn bind(address: &str, token: Option<&str>) -> Result<Bound, ListenError> {
    Server::bind(&ListenOptions { address: address.parse().unwrap(), token: token.map(Into::into) })
}

/// A status as of now, so that the probes find it fresh.
pub(crate) fn fresh(mut status: Status) -> Status {
    let now = Timestamp::now();
    (status.at, status.last_success_at) = (now, Some(now));
    status.last_round.as_mut().unwrap().began_at = now;
    status.connections.iter_mut().for_each(|one| one.read_at = Some(now));
    status
}

pub(crate) fn serving(status: Status, token: Option<&str>) -> (Serving, Board, SocketAddr) {
    let board = Board::new(status);
    let serving = bind("127.0.0.1:0", token).unwrap().run(board.clone(), Arc::new(told)).unwrap();
    let address = serving.address();
    (serving, board, address)
}

#[test]
fn every_path_has_its_type_and_the_headers_that_keep_it_safe() {
    let (_serving, board, to) = serving(fresh(rich()), None);
    for (path, media_type, holds) in [
        ("/", "text/html; charset=utf-8", "<h1>1 of 5 connections cannot be read</h1>"),
        ("/?x=1", "text/html; charset=utf-8", "east/web-03"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "fleetform_rounds_total 1440"),
        ("/status.json", "application/json", "\"east/web-03\""),
        ("/healthz", "text/plain; charset=utf-8", "ok: 1440 rounds"),
        ("/readyz", "text/plain; charset=utf-8", "ready: 5 connections"),
    ] {
        let answer = get(to, path, &[]);
        assert_eq!((answer.status, answer.header("content-type")), (200, vec![media_type]), "{path}");
        assert!(answer.body.contains(holds), "{path}: {}", answer.body);
        for (header, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(header), [value], "{path}");
        }
        assert!(answer.header("content-security-policy")[0].starts_with("default-src 'none'"), "{path}");
        assert!(answer.header("access-control-allow-origin").is_empty());
        let head = raw(to, &format!("HEAD {path} HTTP/1.1\r\nHost: {to}\r\n\r\n"));
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), answer.header("content-length"), "{path}");
    }
    read(&get(to, "/metrics", &[]).body).unwrap();
    // What is published next is shown next.
    board.publish(Status { rounds: 1441, ..fresh(quiet()) });
    assert!(get(to, "/metrics", &[]).body.contains("fleetform_rounds_total 1441\n"));
}

#[test]
fn the_json_is_what_the_schema_says() {
    let schema = Schema::published("status");
    for status in [rich(), quiet()] {
        let (_serving, _board, to) = serving(status, None);
        let json: Value = serde_json::from_str(&get(to, "/status.json", &[]).body).unwrap();
        schema.accepts(&json).unwrap();
        assert_eq!(json["notifications"][1]["dropped"], 2);
        for key in ["format_version", "role", "connections", "drift", "notifications", "at"] {
            let mut wrong = json.clone();
            wrong[key] = serde_json::json!([[]]);
            assert!(schema.accepts(&wrong).is_err(), "{key}");
            wrong.as_object_mut().unwrap().remove(key);
            assert!(schema.accepts(&wrong).is_err(), "{key}");
        }
    }
}

#[test]
fn other_paths_and_methods_are_refused_and_nothing_is_read_of_a_body() {
    let (_serving, _board, to) = serving(fresh(quiet()), None);
    for path in ["/x", "//", "/metrics/", "/../etc/passwd", "/%2e%2e/", "/status.json%00"] {
        assert_eq!(get(to, path, &[]).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = raw(to, &format!("{method} / HTTP/1.1\r\nHost: {to}\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!((answer.status, answer.header("allow")), (405, vec!["GET, HEAD"]), "{method}");
    }
    let endless = raw(to, &format!("POST / HTTP/1.1\r\nHost: {to}\r\nContent-Length: 999999999999\r\n\r\n"));
    assert_eq!(endless.status, 405);
    let long = format!("GET / HTTP/1.1\r\nHost: {to}\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(matches!(raw(to, &long).status, 0 | 431));
    let many = "X: y\r\n".repeat(500);
    assert!(matches!(raw(to, &format!("GET / HTTP/1.1\r\nHost: {to}\r\n{many}\r\n")).status, 0 | 431));
    assert_eq!(raw(to, "hello\r\n\r\n").status, 400);
    assert_eq!(get(to, "/healthz", &[]).status, 200);
}

#[test]
fn without_a_token_a_name_that_leads_here_from_elsewhere_is_refused() {
    let (_serving, _board, to) = serving(fresh(quiet()), None);
    let port = to.port();
    let as_host = |path: &str, host: &str| raw(to, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(as_host("/", &format!("localhost:{port}")).status, 200);
    for path in ["/", "/metrics", "/status.json", "/nothing"] {
        let answer = as_host(path, &format!("rebound.evil.example:{port}"));
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.body.contains("rebound"));
    }
    assert_eq!(raw(to, "GET / HTTP/1.0\r\n\r\n").status, 421);
    // Probes tell numbers only, and are asked by address or by any name.
    assert_eq!(as_host("/healthz", "10.1.2.3").status, 200);
}

#[test]
fn with_a_token_only_the_probes_are_free_and_the_token_is_in_no_answer() {
    use base64::Engine;
    let (_serving, _board, to) = serving(fresh(rich()), Some(TOKEN));
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("me:{TOKEN}"));
    for path in ["/", "/metrics", "/status.json", "/nothing"] {
        let refused = get(to, path, &[]);
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("www-authenticate").len(), 2);
        assert!(!refused.body.contains("east"), "{}", refused.body);
        assert_eq!(get(to, path, &["Authorization: Bearer CANARY-0123456789abcdeg"]).status, 401);
        for good in [format!("Authorization: Bearer {TOKEN}"), format!("Authorization: Basic {basic}")] {
            let answer = get(to, path, &[&good]);
            assert_eq!(answer.status, if path == "/nothing" { 404 } else { 200 });
            assert!(!answer.body.contains("CANARY") && !answer.head.contains("CANARY"));
        }
        assert_eq!(get(to, &format!("{path}?token={TOKEN}"), &[]).status, 401);
    }
    for path in ["/healthz", "/readyz"] {
        let answer = get(to, path, &[]);
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains("east"));
    }
}

#[test]
fn what_cannot_be_listened_on_is_told_with_its_cure() {
    let told = |address: &str, token| bind(address, token).unwrap_err().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = told(&address, None);
    assert!(message.contains(&address) && message.contains("choose another port"), "{message}");
    for open in ["0.0.0.0:0", "[::]:0"] {
        assert!(told(open, None).contains("--listen-token"));
        bind(open, Some(TOKEN)).unwrap();
    }
    let short = told("127.0.0.1:0", Some("CANARY-short"));
    assert!(short.contains("16 characters") && !short.contains("CANARY"), "{short}");
    let odd = told("127.0.0.1:0", Some("CANARY 0123456789abcdef"));
    assert!(odd.contains("header") && !odd.contains("CANARY"), "{odd}");
    let options = ListenOptions { address: "127.0.0.1:0".parse().unwrap(), token: Some(TOKEN.into()) };
    assert!(!format!("{options:?} {:?}", Server::bind(&options)).contains("CANARY"));
}

#[test]
fn the_probes_say_what_is_missing() {
    let probes = |status: Status| {
        let (_serving, _board, to) = serving(status, None);
        let [alive, ready] = ["/healthz", "/readyz"].map(|path| get(to, path, &[]));
        ((alive.status, alive.body), (ready.status, ready.body))
    };
    let long_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let (alive, ready) = probes(fresh(quiet()));
    assert_eq!((alive.0, ready.0), (200, 200));

    let mut young = fresh(quiet());
    (young.last_round, young.started_at) = (None, Timestamp::now());
    let (alive, ready) = probes(young);
    assert_eq!((alive.0, ready), (200, (503, "the first round has not ended yet\n".into())));

    let mut stuck = fresh(quiet());
    (stuck.at, stuck.started_at) = (long_ago, long_ago);
    stuck.last_round.as_mut().unwrap().began_at = long_ago;
    let (alive, _) = probes(stuck);
    assert_eq!(alive, (503, "the loop has shown no sign of life for 1 h\n".into()));

    let mut old = fresh(quiet());
    old.connections[1].read_at = Some(long_ago);
    let (alive, ready) = probes(old);
    assert_eq!((alive.0, ready), (200, (503, "1 of 2 connections were not read within 5 min\n".into())));

    let mut empty = fresh(quiet());
    empty.file.fleet.clear();
    assert_eq!(probes(empty).1, (503, "no fleet file is in force\n".into()));
}

#[test]
fn whoever_sends_nothing_is_let_go_and_keeps_nobody_out() {
    let (_serving, _board, to) = serving(fresh(quiet()), None);
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(to).unwrap()).collect();
    let begun = Instant::now();
    assert_eq!(get(to, "/metrics", &[]).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let mut last = silent.last().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The end of the stream, or a 408 before it; not silence.
    let mut bytes = Vec::new();
    last.read_to_end(&mut bytes).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn when_it_stops_the_port_is_free_again() {
    let (serving, _board, to) = serving(fresh(quiet()), None);
    let idle = TcpStream::connect(to).unwrap();
    let begun = Instant::now();
    drop(serving);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(TcpStream::connect(to).is_err());
    drop(idle);
    bind(&to.to_string(), None).unwrap();
}
