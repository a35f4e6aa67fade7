//! A plain HTTP client and small helpers for the tests of the simulator. Knows nothing of fleetform's own clients.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(missing_docs, unreachable_pub, clippy::needless_pass_by_value, reason = "test code")]

use fleetform::providers::{clc, gogrid, hostway, huawei_workspace, mediatemple, openstack};
use fleetform::simulator::{Face, Options, Running, Simulator, World};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub const FACES: &[&dyn Face] = &[
    hostway::simulator::FACE,
    gogrid::simulator::FACE,
    clc::simulator::FACE,
    huawei_workspace::simulator::FACE,
    openstack::simulator::FACE,
    mediatemple::simulator::FACE,
];

/// Serves a world on a free port.
pub fn start(world: Value) -> Running {
    Simulator::start(&World::from_value(world).unwrap(), FACES, Options::default()).unwrap()
}

/// The same, kept at `path`.
pub fn start_kept(world: Value, path: &Path) -> Running {
    let options = Options { persist: Some(path.to_owned()), ..Options::default() };
    Simulator::start(&World::from_value(world).unwrap(), FACES, options).unwrap()
}

pub fn wait(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// Two connections, three servers.
pub fn small_world(faults: Value) -> Value {
    json!({
        "version": 1,
        "defaults": { "settle": "300ms" },
        "connections": { "flex": { "type": "hostway" }, "grid": { "type": "gogrid" } },
        "servers": [
            { "connection": "flex", "id": "1", "name": "a", "power": "on" },
            { "connection": "flex", "id": "2", "name": "b", "power": "off" },
            { "connection": "grid", "id": 7, "name": "g", "power": "on" },
        ],
        "faults": faults,
    })
}

/// A client of the first connection.
pub fn flex(running: &Running) -> Client {
    let settings = &running.endpoint("flex").unwrap().settings;
    Client::new(&settings["endpoint"]).with_basic(&settings["username"], &settings["password"])
}

pub fn reboot() -> Value {
    json!({ "reboot": { "type": "HARD" } })
}

/// Asks again and again until it is so; ten seconds at most.
pub fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if so() {
            return;
        }
        wait(20);
    }
    panic!("it never came to be");
}

/// One thread's HTTP client.
pub struct Client {
    base: String,
    headers: Vec<(String, String)>,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            headers: Vec::new(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_basic(self, username: &str, password: &str) -> Self {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        self.with_header("authorization", &format!("Basic {pair}"))
    }

    /// One exchange; the error is the client's own words.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        media_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
        })
    }

    pub fn send(&self, method: &str, path: &str, media_type: Option<&str>, body: Vec<u8>) -> Answer {
        self.try_send(method, path, media_type, body).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, Vec::new())
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some("application/json"), body.to_string().into_bytes())
    }

    pub fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some("application/json"), body.to_string().into_bytes())
    }

    pub fn patch_json(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some("application/json"), body.to_string().into_bytes())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, Vec::new())
    }

    pub fn post_form(&self, path: &str, form: &str) -> Answer {
        let media_type = Some("application/x-www-form-urlencoded");
        self.send("POST", path, media_type, form.as_bytes().to_vec())
    }
}

/// The common parameters of a `GoGrid` call, signed for so many seconds from now.
pub fn signed(key: &str, secret: &str, off: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let second = now.checked_add_signed(off).unwrap();
    let digest = Md5::digest(format!("{key}{secret}{second}"));
    let sig = u128::from_be_bytes(digest.into());
    format!("api_key={key}&sig={sig:032x}&v=1.6&format=json")
}
