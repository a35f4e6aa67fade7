//! One HTTP exchange: find the connection, let the faults have their way, ask the face, answer.

use super::body::{Dropped, Reply, collect};
use super::shared::{Line, Shared};
use super::{Fault, Moment, Outcome, Request, Response, admin};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Longer bodies are refused; the providers' own are a few hundred bytes.
const MAX_BODY: usize = 1 << 20;

/// How long an answer waits for its effect to be on disk. Small worlds make it, so that a client that dies right
/// after an answer finds a world that remembers; large ones are written a little later.
const KEEP_WAIT: Duration = Duration::from_millis(20);

/// Answers one request, or drops the connection.
pub(super) async fn exchange(
    shared: Arc<Shared>,
    incoming: hyper::Request<Incoming>,
) -> Result<hyper::Response<Reply>, Dropped> {
    let (head, body) = incoming.into_parts();
    let Some(body) = collect(body, MAX_BODY).await else {
        return send(Response::new(413, "text/plain", "the body is too long or broke off\n"));
    };
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
    };
    if request.path.starts_with("/_sim/") {
        let response = admin::answer(&shared, &request);
        kept(&shared).await;
        return send(response.dated(Moment::now()));
    }
    let path = request.path.clone();
    let Some((line, rest)) = shared.line(&path) else {
        let bases: Vec<&str> = shared.lines.iter().map(|line| line.base.as_str()).collect();
        let text = format!("no connection is served here; there are: {}\n", bases.join(" "));
        return send(Response::new(404, "text/plain", text).dated(Moment::now()));
    };
    rest.clone_into(&mut request.path);
    line.in_flight.fetch_add(1, Ordering::Relaxed);
    let answer = serve(&shared, line, &request).await;
    line.in_flight.fetch_sub(1, Ordering::Relaxed);
    answer
}

async fn serve(shared: &Shared, line: &Line, request: &Request) -> Result<hyper::Response<Reply>, Dropped> {
    let (fault, latency) = arrive(shared, line, request);
    pause(shared, latency).await;
    if let Some(answer) = fault.as_ref().and_then(|fault| instead(line, request, fault)) {
        return send(answer?.dated(Moment::now()));
    }
    let response = work(shared, line, request, fault.as_ref());
    kept(shared).await;
    match fault {
        Some(Fault::ResetAfter {}) => Err(Dropped),
        Some(Fault::StatusAfter { code, body }) => send(plain(code, body.as_deref()).dated(Moment::now())),
        Some(Fault::Late(wait)) => {
            pause(shared, wait).await;
            send(response)
        }
        // An answer that may have no body cannot stop half way through it.
        Some(Fault::CutOff {}) if matches!(response.status, 204 | 304) => Err(Dropped),
        Some(Fault::CutOff {}) => build(response, Reply::cut_off),
        _ => send(response),
    }
}

/// Counts the call and looks for a fault. Every rule sees every call; the first that fires wins.
fn arrive(shared: &Shared, line: &Line, request: &Request) -> (Option<Fault>, Duration) {
    let changes = line.face.changes(request);
    let mut state = shared.state();
    let mut hit = None;
    for rule in &mut state.rules {
        let fault = rule.judge(&line.connection, request, changes);
        hit = hit.or(fault);
    }
    let Some(world) = state.connections.get_mut(&line.connection) else { return (hit, Duration::ZERO) };
    world.count_call(&request.method, line.face.route(request));
    world.note_in_flight(line.in_flight.load(Ordering::Relaxed));
    (hit, world.manner.latency)
}

/// What is answered instead of doing the work, if the fault says so.
fn instead(line: &Line, request: &Request, fault: &Fault) -> Option<Result<Response, Dropped>> {
    let answer = match fault {
        Fault::ResetBefore {} => return Some(Err(Dropped)),
        Fault::Status { code, retry_after, body } => {
            let response = plain(*code, body.as_deref());
            match retry_after {
                Some(text) => response.with_header("retry-after", text),
                None => response,
            }
        }
        Fault::Html { status } => Response::new(
            *status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Please wait</h1></body></html>",
        ),
        Fault::Garbage { status } => Response::new(*status, "application/json", &b"{\"\x00\xff:[}{\"=-"[..]),
        Fault::Refuse {} => line.face.refuse(request),
        _ => return None,
    };
    Some(Ok(answer))
}

fn work(shared: &Shared, line: &Line, request: &Request, fault: Option<&Fault>) -> Response {
    let mut state = shared.state();
    let Some(world) = state.connections.get_mut(&line.connection) else {
        return Response::empty(404);
    };
    let now = Moment::now().skewed(world.manner.clock_skew);
    world.settle(now);
    world.outcome = fault.map_or(Outcome::Settles, Fault::outcome);
    let response = line.face.handle(world, request, now);
    world.outcome = Outcome::Settles;
    response.dated(now)
}

fn plain(code: u16, body: Option<&str>) -> Response {
    match body {
        None => Response::empty(code),
        Some(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Response::new(code, "application/json", text)
        }
        Some(text) => Response::new(code, "text/plain", text),
    }
}

/// Waits, but not beyond the simulator's end: calls in flight are answered then.
async fn pause(shared: &Shared, wait: Duration) {
    if wait.is_zero() {
        return;
    }
    let mut stop = shared.stop.subscribe();
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stop.wait_for(|stopping| *stopping) => {}
    }
}

/// Waits a little until what has been done is on disk.
async fn kept(shared: &Shared) {
    let Some(keep) = &shared.keep else { return };
    let revision = shared.state().revision();
    let mut written = keep.written.subscribe();
    if *written.borrow_and_update() != revision {
        keep.changed.notify_one();
        let enough = written.wait_for(|written| *written >= revision);
        // Late is no failure: the writer goes on, and says so if it cannot.
        let _ = tokio::time::timeout(KEEP_WAIT, enough).await;
    }
}

fn send(response: Response) -> Result<hyper::Response<Reply>, Dropped> {
    build(response, Reply::whole)
}

fn build(response: Response, body: impl FnOnce(Vec<u8>) -> Reply) -> Result<hyper::Response<Reply>, Dropped> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(*name, value);
    }
    builder.body(body(response.body)).map_err(|_| Dropped)
}
