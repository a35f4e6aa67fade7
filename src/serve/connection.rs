//! One TCP connection: one exchange, within bounds of size and time.

use super::site::Site;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// A whole request head must have arrived by then.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// The whole exchange, a slow reader's download included.
const WHOLE_TIME: Duration = Duration::from_secs(30);

/// A request's head, in bytes and in headers. What is larger is refused with 431.
const MOST_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// Serves one exchange. Connections are not kept: a reader comes every few seconds at most, and one that keeps silent
/// would keep a place.
pub(super) async fn talk(site: Arc<Site>, stream: tokio::net::TcpStream) {
    // Small answers must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let answer = site.answer(request.method(), request.uri(), request.headers(), Timestamp::now());
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MOST_BYTES)
        .max_headers(MOST_HEADERS)
        .keep_alive(false);
    // An error is a client that went away, was too slow, or did not speak HTTP.
    let _ = tokio::time::timeout(WHOLE_TIME, builder.serve_connection(TokioIo::new(stream), service)).await;
}
