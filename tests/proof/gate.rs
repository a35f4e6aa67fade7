//! Between the program and the simulator: sees every call whole before it goes on and before its answer goes back, and
//! can do to either what a network can. That is where a process can be stopped at an exact boundary.

use fleetform::providers::Registration;
use fleetform::simulator::Request;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A call as it arrives.
pub(crate) struct Call {
    /// Its number among all calls, from 1.
    pub(crate) number: usize,
    /// Its number among those that ask for a change, from 1; 0 for the others.
    pub(crate) change: usize,
    /// Whether it is a GET: its answer may be an old one.
    pub(crate) is_read: bool,
    /// Whether it neither reads nor asks for a change of a server: a login.
    pub(crate) is_login: bool,
}

/// What becomes of a call.
pub(crate) enum Way {
    /// It passes, and its answer.
    Pass,
    /// It is held before it arrives, and lost when the hold ends.
    HoldBefore,
    /// It arrives and is carried out; its answer is held, and lost when the hold ends.
    HoldAfter,
    /// It never arrives; the connection breaks.
    LoseBefore,
    /// It arrives; the connection breaks before the answer.
    LoseAfter,
    /// It never arrives and is answered with this.
    Instead(String),
    /// It arrives and is carried out, and is answered with this.
    After(String),
    /// A read is answered as the first time that it was asked; others pass.
    Old,
    /// The answer comes a few bytes at a time, with such a wait in between.
    Slowly(Duration),
}

type Judge = Box<dyn FnMut(&Call) -> Way + Send>;

struct Inner {
    target: SocketAddr,
    row: &'static Registration,
    base: String,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    judge: Judge,
    calls: usize,
    changes: usize,
    logins: usize,
    busy: usize,
    held: bool,
    released: bool,
    first_answers: HashMap<String, Vec<u8>>,
    passes: Vec<String>,
    closed: bool,
}

/// The gate; closes when it is dropped.
pub(crate) struct Gate {
    inner: Arc<Inner>,
    pub(crate) address: SocketAddr,
}

impl Gate {
    /// A gate in front of a simulator; `base` is the path below which the connection is served there.
    pub(crate) fn open(target: SocketAddr, row: &'static Registration, base: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            judge: Box::new(|_| Way::Pass),
            calls: 0,
            changes: 0,
            logins: 0,
            busy: 0,
            held: false,
            released: false,
            first_answers: HashMap::new(),
            passes: Vec::new(),
            closed: false,
        };
        let inner = Arc::new(Inner { target, row, base, state: Mutex::new(state), changed: Condvar::new() });
        let shared = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.state.lock().unwrap().closed {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else { continue };
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { inner, address }
    }

    /// Counts from 1 again, and judges by this from now on.
    pub(crate) fn judge(&self, judge: impl FnMut(&Call) -> Way + Send + 'static) {
        let mut state = self.inner.state.lock().unwrap();
        state.judge = Box::new(judge);
        (state.calls, state.changes, state.held, state.released) = (0, 0, false, false);
        state.first_answers.clear();
    }

    /// Lets everything pass.
    pub(crate) fn pass(&self) {
        self.judge(|_| Way::Pass);
    }

    /// How many calls came since the last judge, and how many of them asked for a change.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.inner.state.lock().unwrap();
        (state.calls, state.changes)
    }

    /// Whether anybody ever logged in.
    pub(crate) fn saw_logins(&self) -> bool {
        self.inner.state.lock().unwrap().logins > 0
    }

    /// The credentials that were ever sent: values of headers, signatures.
    pub(crate) fn passes(&self) -> Vec<String> {
        self.inner.state.lock().unwrap().passes.clone()
    }

    /// Waits until a call is held, or `given_up` says that none will be; whether one is.
    pub(crate) fn until_held(&self, mut given_up: impl FnMut() -> bool) -> bool {
        loop {
            let state = self.inner.state.lock().unwrap();
            let (state, _) = self.inner.changed.wait_timeout(state, Duration::from_millis(5)).unwrap();
            if state.held {
                return true;
            }
            drop(state);
            if given_up() {
                return self.inner.state.lock().unwrap().held;
            }
        }
    }

    /// Ends the hold, and waits until nothing is on its way any more.
    pub(crate) fn release(&self) {
        let mut state = self.inner.state.lock().unwrap();
        state.released = true;
        self.inner.changed.notify_all();
        let begun = Instant::now();
        while state.busy > 0 && begun.elapsed() < Duration::from_secs(5) {
            state = self.inner.changed.wait_timeout(state, Duration::from_millis(5)).unwrap().0;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Ok(mut state) = self.inner.state.lock() {
            state.closed = true;
            state.released = true;
        }
        self.inner.changed.notify_all();
        let _ = TcpStream::connect(self.address);
    }
}

impl Inner {
    fn serve(&self, mut client: TcpStream) {
        let Some((head, body)) = read_request(&mut client) else { return };
        let request = self.understood(&head, &body);
        let (way, key) = {
            let mut state = self.state.lock().unwrap();
            let changes = self.row.face.changes(&request);
            state.calls += 1;
            state.busy += 1;
            state.changes += usize::from(changes);
            let is_read = request.method == "GET";
            let call = Call {
                number: state.calls,
                change: if changes { state.changes } else { 0 },
                is_read,
                is_login: !is_read && !changes,
            };
            state.logins += usize::from(call.is_login);
            note_passes(&mut state.passes, &request);
            let way = (state.judge)(&call);
            (way, is_read.then(|| key_of(&request)))
        };
        self.carry_out(client, &head, &body, way, key);
        self.state.lock().unwrap().busy -= 1;
        self.changed.notify_all();
    }

    fn carry_out(&self, mut client: TcpStream, head: &str, body: &[u8], way: Way, key: Option<String>) {
        match way {
            Way::LoseBefore => {}
            Way::HoldBefore => self.hold(),
            Way::Instead(answer) => {
                let _ = client.write_all(answer.as_bytes());
            }
            Way::Old => {
                let known =
                    key.as_ref().and_then(|key| self.state.lock().unwrap().first_answers.get(key).cloned());
                let answer = known.unwrap_or_else(|| self.forwarded(head, body, key));
                let _ = client.write_all(&answer);
            }
            way => {
                let answer = self.forwarded(head, body, key);
                match way {
                    Way::LoseAfter => {}
                    Way::HoldAfter => self.hold(),
                    Way::After(instead) => {
                        let _ = client.write_all(instead.as_bytes());
                    }
                    Way::Slowly(wait) => {
                        for part in answer.chunks(7) {
                            if client.write_all(part).is_err() {
                                return;
                            }
                            std::thread::sleep(wait);
                        }
                    }
                    _ => {
                        let _ = client.write_all(&answer);
                    }
                }
            }
        }
    }

    fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.held = true;
        self.changed.notify_all();
        while !state.released {
            state = self.changed.wait(state).unwrap();
        }
    }

    /// The simulator's answer; remembered if it is the first to this read.
    fn forwarded(&self, head: &str, body: &[u8], key: Option<String>) -> Vec<u8> {
        let mut answer = Vec::new();
        let exchange = (|| {
            let mut server = TcpStream::connect(self.target)?;
            let mut lines: Vec<&str> =
                head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")).collect();
            lines.push("connection: close");
            server.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())?;
            server.write_all(body)?;
            server.read_to_end(&mut answer)
        })();
        if exchange.is_ok()
            && let Some(key) = key
        {
            self.state.lock().unwrap().first_answers.entry(key).or_insert_with(|| answer.clone());
        }
        answer
    }

    fn understood(&self, head: &str, body: &[u8]) -> Request {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.filter_map(|line| line.split_once(':'));
        Request {
            method,
            path: path.strip_prefix(&self.base).unwrap_or(path).to_owned(),
            query: query.to_owned(),
            headers: headers
                .map(|(key, value)| (key.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.to_vec(),
        }
    }
}

/// What makes two reads the same: not how they are signed.
fn key_of(request: &Request) -> String {
    let query: Vec<&str> = request.query.split('&').filter(|pair| !pair.starts_with("sig=")).collect();
    format!("{}?{}", request.path, query.join("&"))
}

fn note_passes(passes: &mut Vec<String>, request: &Request) {
    let mut note = |value: &str| {
        if value.len() >= 12 && !passes.iter().any(|known| known == value) {
            passes.push(value.to_owned());
        }
    };
    for (name, value) in &request.headers {
        if ["authorization", "x-auth-token", "x-subject-token"].contains(&name.as_str()) {
            value.split([' ', ',', '=']).filter(|part| part.len() >= 24).for_each(&mut note);
        }
    }
    request.query.split('&').filter_map(|pair| pair.strip_prefix("sig=")).for_each(&mut note);
}

/// A request in full, or nothing where the other end went away.
fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => body.extend_from_slice(&buffer[..count]),
        }
    }
    Some((head, body))
}

/// An answer with nothing in it.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
