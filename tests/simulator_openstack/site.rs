//! A world, a login, and a client of Nova for the tests of this folder.

use crate::common::{Answer, Client, start};
use fleetform::simulator::Running;
use serde_json::{Value, json};

/// The id of the `n`th server of the world.
pub(crate) fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A world of one site.
pub(crate) fn world(servers: &[Value]) -> Value {
    let servers: Vec<Value> = servers
        .iter()
        .zip(1..)
        .map(|(server, n)| {
            let mut server = server.clone();
            server["connection"] = json!("os");
            server["id"] = json!(id(n));
            server
        })
        .collect();
    json!({
        "version": 1,
        "defaults": { "settle": "900ms" },
        "connections": { "os": { "type": "openstack" } },
        "servers": servers,
    })
}

/// One server of each power.
pub(crate) fn usual() -> Value {
    world(&[
        json!({ "name": "runs", "power": "on" }),
        json!({ "name": "rests", "power": "off" }),
        json!({ "name": "sleeps", "power": "suspended" }),
    ])
}

/// A running world and a token for it.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) token: String,
    /// The compute URL of the catalog, without a slash at the end.
    pub(crate) compute: String,
}

pub(crate) fn setting(running: &Running, name: &str) -> String {
    running.endpoint("os").unwrap().settings[name].clone()
}

/// The body of a login with the credentials of the settings.
pub(crate) fn password_login(running: &Running) -> Value {
    let set = |name| setting(running, name);
    json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": set("username"), "password": set("password"), "domain": { "name": set("user_domain_name") },
        } } },
        "scope": { "project": { "name": set("project_name"), "domain": { "name": set("project_domain_name") } } },
    } })
}

pub(crate) fn log_in(running: &Running, body: &Value) -> Answer {
    Client::new(&setting(running, "auth_url")).post_json("/auth/tokens", body)
}

/// The one compute URL of a catalog that a client should take.
pub(crate) fn compute_url(token: &Value) -> String {
    let services = token["token"]["catalog"].as_array().unwrap();
    let nova = services.iter().find(|service| service["type"] == "compute").unwrap();
    let mut ours = nova["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|end| end["interface"] == "public" && end["region"] == "RegionOne");
    let url = ours.next().unwrap()["url"].as_str().unwrap().to_owned();
    assert!(ours.next().is_none());
    url
}

impl Site {
    pub(crate) fn new(world: Value) -> Self {
        let running = start(world);
        let answer = log_in(&running, &password_login(&running));
        assert_eq!(answer.status, 201, "{}", answer.json());
        let token = answer.header("x-subject-token").unwrap();
        let compute = compute_url(&answer.json()).trim_end_matches('/').to_owned();
        Self { running, token, compute }
    }

    pub(crate) fn plain(&self) -> Client {
        Client::new(&self.compute).with_header("x-auth-token", &self.token)
    }

    pub(crate) fn at(&self, version: &str) -> Client {
        self.plain().with_header("openstack-api-version", &format!("compute {version}"))
    }

    pub(crate) fn server(&self, n: u32) -> Value {
        let answer = self.at("2.69").get(&format!("/servers/{}", id(n)));
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()["server"].clone()
    }

    /// `vm_state`, `task_state` (or "-") and `status`.
    pub(crate) fn phase(&self, n: u32) -> [String; 3] {
        let server = self.server(n);
        ["OS-EXT-STS:vm_state", "OS-EXT-STS:task_state", "status"]
            .map(|key| server[key].as_str().unwrap_or("-").to_owned())
    }

    pub(crate) fn act(&self, n: u32, body: &Value) -> Answer {
        self.plain().post_json(&format!("/servers/{}/action", id(n)), body)
    }

    pub(crate) fn settled(&self, n: u32) {
        crate::common::until(|| self.phase(n)[1] == "-");
    }
}

/// Status, name and message of a Nova fault.
pub(crate) fn fault(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let members = body.as_object().unwrap();
    assert_eq!(members.len(), 1, "{body}");
    let (name, fault) = members.iter().next().unwrap();
    assert_eq!(fault["code"], answer.status);
    (answer.status, name.clone(), fault["message"].as_str().unwrap().to_owned())
}

pub(crate) fn refused(answer: &Answer, status: u16, name: &str) {
    let (found, found_name, message) = fault(answer);
    assert_eq!((found, found_name.as_str()), (status, name), "{message}");
}
