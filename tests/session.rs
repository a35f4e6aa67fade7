//! A session's pass: got once, shared, renewed once for everybody, and never asked for again with refused credentials.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::{Connection, Grant, Limits, Policy, Request, Session};
use fleetform::provider::{Error, ErrorKind};
use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wire::{Reply, Scripted};

/// A session over a scripted server, with a login that counts.
struct Desk {
    server: Scripted,
    http: Connection,
    session: Session<u64>,
    logins: AtomicU64,
    lifetime: Option<Duration>,
    refusal: Option<ErrorKind>,
}

impl Desk {
    async fn new(replies: Vec<Reply>) -> Self {
        let server = Scripted::new(replies).await;
        let limits = Limits { in_flight: 8, per_second: None, timeout: Duration::from_secs(2) };
        let http = wire::CLIENTS
            .with(|clients| Connection::new(&server.url, limits, Policy::default(), clients).unwrap());
        let (session, logins) = (Session::default(), AtomicU64::new(0));
        Self { server, http, session, logins, lifetime: None, refusal: None }
    }

    async fn login(&self) -> Result<Grant<u64>, Error> {
        let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        match self.refusal {
            Some(kind) => Err(Error::new(kind, "no")),
            None => Ok(Grant { pass: number, lifetime: self.lifetime }),
        }
    }

    async fn call(&self, pass: Arc<u64>) -> Result<fleetform::http::Answer, Error> {
        let value = HeaderValue::from_str(&pass.to_string()).unwrap();
        self.http.send(|| Request::get(["x"]).header(AUTHORIZATION, value.clone())).await
    }

    async fn send(&self) -> Result<u16, ErrorKind> {
        let answer = self.session.send(|| self.login(), |pass| self.call(pass)).await;
        answer.map(|answer| answer.status).map_err(|error| error.kind)
    }

    fn passes(&self) -> Vec<String> {
        let all = self.server.seen();
        all.iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect()
    }

    fn logins(&self) -> u64 {
        self.logins.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn many_calls_share_one_login() {
    let desk = Desk::new(vec![Reply::new(200, "")]).await;
    let ends = join_all((0..8).map(|_| desk.send())).await;
    assert!(ends.iter().all(|end| *end == Ok(200)));
    assert_eq!((desk.logins(), desk.passes()), (1, vec!["1".to_owned(); 8]));
}

#[tokio::test]
async fn many_calls_that_meet_401_at_once_log_in_once_and_are_repeated_once() {
    let mut replies = vec![Reply::new(401, "").late(100); 8];
    replies.push(Reply::new(200, ""));
    let desk = Desk::new(replies).await;
    let ends = join_all((0..8).map(|_| desk.send())).await;
    assert!(ends.iter().all(|end| *end == Ok(200)), "{ends:?}");
    assert_eq!(desk.logins(), 2);
    let mut passes = desk.passes();
    passes.sort();
    assert_eq!(passes, [vec!["1"; 8], vec!["2"; 8]].concat());
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let desk = Desk::new(vec![Reply::new(401, "")]).await;
    assert_eq!(desk.send().await, Ok(401));
    assert_eq!((desk.logins(), desk.passes().len()), (2, 2));
}

#[tokio::test]
async fn a_pass_is_renewed_before_it_runs_out() {
    let mut desk = Desk::new(vec![Reply::new(200, "")]).await;
    desk.lifetime = Some(Duration::from_millis(150));
    assert_eq!((desk.send().await, desk.send().await), (Ok(200), Ok(200)));
    assert_eq!(desk.logins(), 1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(desk.send().await, Ok(200));
    assert_eq!((desk.logins(), desk.passes().last().unwrap().as_str()), (2, "2"));
}

#[tokio::test]
async fn refused_credentials_are_sent_once() {
    let mut desk = Desk::new(vec![Reply::new(200, "")]).await;
    desk.refusal = Some(ErrorKind::Auth);
    let ends = join_all((0..8).map(|_| desk.send())).await;
    assert!(ends.iter().all(|end| *end == Err(ErrorKind::Auth)));
    assert_eq!(desk.send().await, Err(ErrorKind::Auth));
    assert_eq!((desk.logins(), desk.server.seen().len()), (1, 0));
}

#[tokio::test]
async fn a_login_that_fails_for_now_is_shared_by_those_who_wait_and_tried_again_by_the_next() {
    let mut desk = Desk::new(vec![Reply::new(200, "")]).await;
    desk.refusal = Some(ErrorKind::Unavailable);
    let ends = join_all((0..8).map(|_| desk.send())).await;
    assert!(ends.iter().all(|end| *end == Err(ErrorKind::Unavailable)));
    assert_eq!(desk.logins(), 1);
    desk.refusal = None;
    assert_eq!((desk.send().await, desk.logins()), (Ok(200), 2));
}
