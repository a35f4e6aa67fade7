//! A forge: comments in memory behind the endpoints of one service, as strict as its documentation.

use crate::{gitea, github, gitlab};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The token that is good.
pub(crate) const TOKEN: &str = "canary-5f1d-t0ken";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    GitHub,
    GitLab,
    Gitea,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
            Self::Gitea => "GITEA_TOKEN",
        }
    }

    pub(crate) fn base(self) -> &'static str {
        match self {
            Self::GitHub => "",
            Self::GitLab => "/api/v4",
            Self::Gitea => "/api/v1",
        }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The path below the API's base.
    pub(crate) fn path(&self, service: Service) -> Option<&str> {
        self.target.split('?').next()?.strip_prefix(service.base())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The new text, if the body is what the documentation asks for.
    pub(crate) fn text(&self) -> Option<String> {
        let is_json =
            self.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let value: Value = serde_json::from_str(&self.body).ok().filter(|_| is_json)?;
        value["body"].as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What goes wrong with the next request of that method whose target holds that text.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing is done and this is answered.
    Instead(Reply),
    /// It is done and this is answered.
    After(Reply),
    /// It is done and the connection is closed.
    LostAfter,
    /// Nothing is done and the connection is closed.
    Lost,
    /// It is done after so many seconds.
    Late(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    pub(crate) author: i64,
    pub(crate) bot: bool,
    pub(crate) system: bool,
    pub(crate) body: String,
}

pub(crate) struct State {
    pub(crate) service: Service,
    pub(crate) url: String,
    /// The id of the token's user.
    pub(crate) me: i64,
    /// The token is an app's (GitHub), or may not ask for its user (Gitea).
    pub(crate) anonymous: bool,
    /// The token may write.
    pub(crate) writes: bool,
    /// Comments that nobody may edit.
    pub(crate) frozen: Vec<u64>,
    pub(crate) comments: Vec<Stored>,
    next: u64,
    pub(crate) seen: Vec<Seen>,
    faults: Vec<(&'static str, &'static str, Fault)>,
}

impl State {
    pub(crate) fn add(&mut self, author: i64, bot: bool, body: &str) -> Stored {
        self.next += 1;
        let stored = Stored { id: self.next, author, bot, system: false, body: body.to_owned() };
        self.comments.push(stored.clone());
        stored
    }
}

pub(crate) struct Fake {
    pub(crate) service: Service,
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn new(service: Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            service,
            url: url.clone(),
            me: 7,
            anonymous: false,
            writes: true,
            frozen: Vec::new(),
            comments: Vec::new(),
            next: 100,
            seen: Vec::new(),
            faults: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), state) = (stream, Arc::clone(&shared)) else { return };
                std::thread::spawn(move || talk(&stream, &state));
            }
        });
        Self { service, url, state }
    }

    pub(crate) fn api(&self) -> String {
        format!("{}{}", self.url, self.service.base())
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    pub(crate) fn fault(&self, method: &'static str, holds: &'static str, fault: Fault) {
        self.with(|state| state.faults.push((method, holds, fault)));
    }

    /// The requests since the last time they were asked for.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        self.with(|state| std::mem::take(&mut state.seen))
    }

    /// How often a method was sent since then.
    pub(crate) fn sent(&self, method: &str) -> usize {
        self.with(|state| state.seen.iter().filter(|seen| seen.method == method).count())
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.with(|state| state.comments.iter().map(|comment| comment.body.clone()).collect())
    }
}

fn talk(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(seen) = request(&mut reader) {
        let fault = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen.clone());
            let hit = |(method, holds, _): &(&str, &str, Fault)| {
                *method == seen.method && seen.target.contains(holds)
            };
            let at = state.faults.iter().position(hit);
            at.map(|at| state.faults.remove(at).2)
        };
        let done = || {
            let mut state = state.lock().unwrap();
            match state.service {
                Service::GitHub => github::answer(&mut state, &seen),
                Service::GitLab => gitlab::answer(&mut state, &seen),
                Service::Gitea => gitea::answer(&mut state, &seen),
            }
        };
        let reply = match fault {
            None => done(),
            Some(Fault::Instead(reply)) => reply,
            Some(Fault::After(reply)) => {
                assert!(done().status < 300, "the effect was refused");
                reply
            }
            Some(Fault::LostAfter) => return drop(done()),
            Some(Fault::Lost) => return,
            Some(Fault::Late(seconds)) => {
                std::thread::sleep(Duration::from_secs(seconds));
                done()
            }
        };
        let mut head = format!("HTTP/1.1 {} Fake\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            head.push_str(&[name, ": ", value, "\r\n"].concat());
        }
        let mut stream = stream;
        if stream.write_all([head.as_str(), "\r\n", &reply.body].concat().as_bytes()).is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<&TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut parts = line.split(' ');
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let before = headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        assert!(before.is_none(), "{name} is sent twice");
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { method, target, headers, body: String::from_utf8(body).unwrap() })
}
