//! A loopback server that answers from a script and keeps every request to the byte.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

thread_local! {
    /// One set per test: building one reads certificates, and a connection lives as long as its test's runtime.
    pub(crate) static CLIENTS: fleetform::http::Clients = fleetform::http::Clients::new(None);
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(key, _)| key == name);
        let first = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{name} is sent twice");
        first
    }

    /// The pairs of the query, or of a form body, decoded.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let text = self.target.split_once('?').map_or(self.body.as_str(), |(_, query)| query);
        reqwest::Url::parse(&format!("http://x/?{text}"))
            .unwrap()
            .query_pairs()
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect()
    }

    pub(crate) fn pair(&self, key: &str) -> Option<String> {
        let mut all = self.pairs().into_iter().filter(|(name, _)| name == key);
        let first = all.next().map(|(_, value)| value);
        assert!(all.next().is_none(), "{key} is sent twice");
        first
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Sent instead of a body of known length.
    manner: Manner,
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    Whole,
    /// A byte at a time with so many milliseconds between.
    Dripping(u64),
    /// So many zero bytes, chunked.
    Flood(usize),
    /// After so many milliseconds.
    Late(u64),
    /// The connection is closed without an answer.
    Closed,
    /// So many bytes are announced; after the body the connection is closed.
    Promising(usize),
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), manner: Manner::Whole }
    }

    #[allow(clippy::needless_pass_by_value, reason = "texts and JSON values alike, as they come")]
    pub(crate) fn json(status: u16, body: impl ToString) -> Self {
        Self::new(status, body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn closed() -> Self {
        Self { manner: Manner::Closed, ..Self::new(0, "") }
    }

    pub(crate) fn dripping(body: &str, millis: u64) -> Self {
        Self { manner: Manner::Dripping(millis), ..Self::new(200, body) }
    }

    pub(crate) fn flood(bytes: usize) -> Self {
        Self { manner: Manner::Flood(bytes), ..Self::new(200, "") }
    }

    pub(crate) fn promising(mut self, bytes: usize) -> Self {
        self.manner = Manner::Promising(bytes);
        self
    }

    pub(crate) fn late(mut self, millis: u64) -> Self {
        self.manner = Manner::Late(millis);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    last: Option<Reply>,
    seen: Vec<(Seen, std::time::Instant)>,
    in_flight: usize,
    busiest: usize,
}

/// The server. Stops when it is dropped.
pub(crate) struct Scripted {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    /// Answers with these in turn, with the last one from then on.
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script =
            Arc::new(Mutex::new(Script { replies: replies.into_iter().collect(), ..Script::default() }));
        let shared = Arc::clone(&script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Self { url, script, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.iter().map(|(seen, _)| seen.clone()).collect()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.pop().unwrap()
    }

    pub(crate) fn times(&self) -> Vec<std::time::Instant> {
        self.script.lock().unwrap().seen.iter().map(|(_, at)| *at).collect()
    }

    /// The most requests that were being answered at once.
    pub(crate) fn busiest(&self) -> usize {
        self.script.lock().unwrap().busiest
    }
}

async fn talk(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut buffer = Vec::new();
    while let Some(seen) = request(&mut stream, &mut buffer).await {
        let reply = {
            let mut script = script.lock().unwrap();
            script.seen.push((seen, std::time::Instant::now()));
            script.in_flight += 1;
            script.busiest = script.busiest.max(script.in_flight);
            if let Some(next) = script.replies.pop_front() {
                script.last = Some(next);
            }
            script.last.clone().unwrap_or_else(|| Reply::new(599, "the script is empty"))
        };
        let open = answer(&mut stream, &reply).await;
        script.lock().unwrap().in_flight -= 1;
        if open.is_none() {
            return;
        }
    }
}

async fn answer(stream: &mut TcpStream, reply: &Reply) -> Option<()> {
    if let Manner::Late(millis) = reply.manner {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    if matches!(reply.manner, Manner::Closed) {
        return None;
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    match reply.manner {
        Manner::Flood(_) => head.push_str("transfer-encoding: chunked\r\n\r\n"),
        Manner::Promising(bytes) => {
            head.push_str(&["content-length: ", &bytes.to_string(), "\r\n\r\n"].concat());
        }
        _ if reply.status == 204 => head.push_str("\r\n"),
        _ => head.push_str(&["content-length: ", &reply.body.len().to_string(), "\r\n\r\n"].concat()),
    }
    stream.write_all(head.as_bytes()).await.ok()?;
    match reply.manner {
        Manner::Dripping(millis) => {
            for byte in &reply.body {
                stream.write_all(&[*byte]).await.ok()?;
                tokio::time::sleep(Duration::from_millis(millis)).await;
            }
        }
        Manner::Flood(bytes) => {
            let chunk = format!("{:x}\r\n{}\r\n", 65_536, "0".repeat(65_536));
            for _ in 0..bytes / 65_536 {
                stream.write_all(chunk.as_bytes()).await.ok()?;
            }
            stream.write_all(b"0\r\n\r\n").await.ok()?;
        }
        _ => stream.write_all(&reply.body).await.ok()?,
    }
    if matches!(reply.manner, Manner::Promising(_)) {
        stream.shutdown().await.ok()?;
        return None;
    }
    Some(())
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < length {
        more(stream, buffer).await?;
    }
    let body = String::from_utf8(buffer.drain(..length).collect()).unwrap();
    Some(Seen { method, target, headers, body })
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk).await {
        Ok(0) | Err(_) => None,
        Ok(count) => {
            buffer.extend_from_slice(&chunk[..count]);
            Some(())
        }
    }
}
