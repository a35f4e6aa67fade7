//! Servers behind real wires, for tests: a simulator per provider row, opened through the registry as the program
//! does it. Knows no provider by name.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use fleetform::apply::{Link, Links};
use fleetform::http::{Clients, Limits};
use fleetform::ledger::{Journal, Lock};
use fleetform::model::{
    Address, Capabilities, ConnectionName, LedgerFacts, LiveServer, OffKind, OffSupport, Operation,
    RebootKind, RebootSupport, ServerId, Settings,
};
use fleetform::plan::{Change, ConnectionLive, Facts, Inputs, Plan, Step};
use fleetform::provider::{Error, Provider, Receipt, list_all};
use fleetform::providers::{Opening, REGISTRY, Registration, faces};
use fleetform::simulator::{Options, Running, Simulator, World};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The only connection of a bench.
pub(crate) const CONNECTION: &str = "c";

/// Runs a test for every row of the registry, side by side, and says for which rows it failed.
pub(crate) async fn for_every_provider(test: impl AsyncFn(&'static Registration)) {
    let runs = REGISTRY.iter().map(|row| async {
        let run = AssertUnwindSafe(test(row)).catch_unwind().await;
        run.is_err().then_some(row.spec.type_name)
    });
    let failed: Vec<&str> = join_all(runs).await.into_iter().flatten().collect();
    assert!(!REGISTRY.is_empty() && failed.is_empty(), "it does not hold for {failed:?}");
}

/// One provider with a world behind it.
pub(crate) struct Bench {
    pub(crate) row: &'static Registration,
    pub(crate) running: Running,
    pub(crate) provider: Arc<dyn Provider>,
}

/// How a bench differs from the usual one.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The servers, without their connection.
    pub(crate) servers: Vec<Value>,
    /// How long an operation takes.
    pub(crate) settle: &'static str,
    /// How long every answer takes.
    pub(crate) latency: &'static str,
    pub(crate) page_size: Option<usize>,
    /// One exchange.
    pub(crate) timeout: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        let servers = vec![
            json!({ "name": "runs", "power": "on" }),
            json!({ "name": "rests", "power": "off" }),
            json!({ "name": "spare", "power": "on" }),
        ];
        Self { servers, settle: "250ms", latency: "0s", page_size: None, timeout: Duration::from_secs(10) }
    }
}

impl Setup {
    pub(crate) fn servers(servers: Vec<Value>) -> Self {
        Self { servers, ..Self::default() }
    }
}

impl Bench {
    pub(crate) fn usual(row: &'static Registration) -> Self {
        Self::new(row, &Setup::default())
    }

    pub(crate) fn new(row: &'static Registration, setup: &Setup) -> Self {
        let mut connection =
            json!({ "type": row.spec.type_name, "settle": setup.settle, "latency": setup.latency });
        if let Some(size) = setup.page_size {
            connection["page_size"] = json!(size);
        }
        let servers: Vec<Value> = setup
            .servers
            .iter()
            .map(|server| {
                let mut server = server.clone();
                server["connection"] = json!(CONNECTION);
                server
            })
            .collect();
        let mut world = json!({ "version": 1, "servers": servers });
        world["connections"] = json!({ CONNECTION: connection });
        let world = World::from_value(world).unwrap();
        let running = Simulator::start(&world, &faces(), Options::default()).unwrap();
        let provider = open(row, &settings(&running, CONNECTION), setup.timeout);
        Self { row, running, provider }
    }

    pub(crate) fn capabilities(&self) -> &'static Capabilities {
        &self.row.spec.capabilities
    }

    /// The id of the server with that name, as the world has it.
    pub(crate) fn id(&self, name: &str) -> ServerId {
        id_in(&self.running, CONNECTION, name)
    }

    pub(crate) async fn list(&self) -> Result<Vec<LiveServer>, Error> {
        let capabilities = self.capabilities();
        list_all(&*self.provider, capabilities.names.id_case, capabilities.default_in_flight).await
    }

    pub(crate) async fn send(&self, operation: &Operation, id: &ServerId) -> Result<Receipt, Error> {
        let mut verdicts = self.provider.send(operation, std::slice::from_ref(id)).await?;
        assert_eq!(verdicts.len(), 1, "one verdict per server");
        verdicts.pop().unwrap()
    }

    /// Reads until it is so; five seconds at most.
    pub(crate) async fn until(&self, id: &ServerId, so: impl Fn(Option<&LiveServer>) -> bool) {
        let mut last = None;
        for _ in 0..125 {
            last = self.provider.get(id).await.unwrap();
            if so(last.as_ref()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        panic!("{}: it never came to be; last seen: {last:?}", self.row.spec.type_name);
    }

    /// How many calls reached the other side.
    pub(crate) fn calls(&self) -> u64 {
        self.running.stats().calls.iter().map(|call| call.count).sum()
    }

    /// Spoils every call from now on; returns the number of the rule.
    pub(crate) fn spoil(&self, count: &Value, fault: &Value) -> usize {
        self.running.add_fault(json!({ "count": count, "fault": fault })).unwrap();
        self.running.stats().faults.len() - 1
    }

    /// How many calls a rule has seen.
    pub(crate) fn seen_by(&self, rule: usize) -> u64 {
        self.running.stats().faults[rule].matched
    }

    /// A change of one server by one call, as a plan would have it.
    pub(crate) fn change(&self, name: &str, operation: Operation) -> Change {
        let power = self.running.world()["servers"].as_array().unwrap().iter().find_map(|server| {
            (server["name"] == name).then(|| serde_json::from_value(server["power"].clone()).unwrap())
        });
        let before = Facts { name: name.into(), power };
        let after = match &operation {
            Operation::Delete => None,
            Operation::Rename { to } => Some(Facts { name: to.clone(), power }),
            Operation::PowerOn => Some(Facts { power: Some(fleetform::model::Power::On), ..before.clone() }),
            Operation::PowerOff { .. } => {
                Some(Facts { power: Some(fleetform::model::Power::Off), ..before.clone() })
            }
            _ => Some(before.clone()),
        };
        Change {
            address: address(name),
            provider: address(name).connection,
            id: self.id(name),
            actions: vec![operation.verb()],
            before,
            after,
            reasons: vec!["declared".into()],
            wave: None,
            cause: None,
            rebooted_since: None,
            steps: vec![Step::new(operation)],
            location: None,
        }
    }

    pub(crate) fn links(&self, settle: Duration) -> Links {
        let link = Link {
            provider: Arc::clone(&self.provider),
            type_name: self.row.spec.type_name,
            capabilities: self.capabilities(),
            settle,
        };
        Links::from([(ConnectionName::from(CONNECTION), link)])
    }
}

pub(crate) fn id_in(running: &Running, connection: &str, name: &str) -> ServerId {
    let world = running.world();
    let found = world["servers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|server| server["connection"] == connection && server["name"] == name);
    ServerId::from(found.unwrap_or_else(|| panic!("no server {name}"))["id"].as_str().unwrap())
}

/// What a client of a connection is told.
pub(crate) fn settings(running: &Running, connection: &str) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in &running.endpoint(connection).unwrap().settings {
        settings.set(name.clone(), value.clone());
    }
    settings
}

pub(crate) fn open(row: &Registration, settings: &Settings, timeout: Duration) -> Arc<dyn Provider> {
    let limits = Limits { in_flight: row.spec.capabilities.default_in_flight, per_second: None, timeout };
    CLIENTS.with(|clients| (row.open)(&Opening { settings, limits, clients }).unwrap())
}

thread_local! {
    /// One set per test: building one reads certificates, and a connection lives as long as its test's runtime.
    static CLIENTS: Clients = Clients::new(None);
}

/// Everything that can be asked, and whether the capabilities say that it can be done.
pub(crate) fn operations(capabilities: &Capabilities) -> Vec<(Operation, bool)> {
    use Operation::{Delete, PowerOff, PowerOn, Reboot, Rename, Suspend};
    let off = |method, declared| (PowerOff { method }, declared);
    let reboot = |method, declared| (Reboot { method }, declared);
    let (o, r) = (capabilities.off, capabilities.reboot);
    vec![
        (PowerOn, capabilities.power_on),
        off(OffKind::Graceful, matches!(o, OffSupport::Both | OffSupport::GracefulOnly)),
        off(OffKind::Hard, matches!(o, OffSupport::Both | OffSupport::HardOnly)),
        off(OffKind::NotToldApart, o == OffSupport::NotToldApart),
        (Suspend, capabilities.suspend),
        reboot(RebootKind::Soft, r == RebootSupport::Both),
        reboot(RebootKind::Hard, matches!(r, RebootSupport::Both | RebootSupport::HardOnly)),
        reboot(RebootKind::NotToldApart, r == RebootSupport::NotToldApart),
        (Rename { to: "renamed".into() }, capabilities.rename),
        (Delete, capabilities.delete),
    ]
}

/// A declared operation of that kind, if there is one.
pub(crate) fn declared(
    capabilities: &Capabilities,
    wanted: impl Fn(&Operation) -> bool,
) -> Option<Operation> {
    operations(capabilities).into_iter().find(|(op, can)| *can && wanted(op)).map(|(op, _)| op)
}

pub(crate) fn address(name: &str) -> Address {
    Address::new(ConnectionName::from(CONNECTION), name.into())
}

/// A journal in a folder of its own.
pub(crate) fn journal(folder: &Path) -> Journal {
    let lock = Lock::take(folder, Duration::ZERO).unwrap();
    Journal::open(folder, lock, jiff::Timestamp::now()).unwrap()
}

/// A plan for the bench as it is now.
pub(crate) async fn plan_now(
    bench: &Bench,
    desired: &[fleetform::model::DesiredServer],
    ledger: &LedgerFacts,
) -> Plan {
    let live = [ConnectionLive {
        name: ConnectionName::from(CONNECTION),
        type_name: bench.row.spec.type_name,
        capabilities: bench.capabilities(),
        servers: Ok(bench.list().await.unwrap()),
    }];
    let options = fleetform::plan::Options::default();
    let now = jiff::Timestamp::now();
    fleetform::plan::plan(&Inputs {
        desired,
        rules: &[],
        availability: &[],
        windows: &[],
        live: &live,
        ledger,
        now,
        options: &options,
    })
}

/// A server as a fleet file with a name alone wants it.
pub(crate) fn wanted(name: &str) -> fleetform::model::DesiredServer {
    use fleetform::model::{DesiredPower, DesiredServer, Location, Presence, RebootStyle, Shutdown};
    DesiredServer {
        address: address(name),
        id: None,
        renamed_from: None,
        presence: Presence::Present,
        power: DesiredPower::Any,
        schedule: None,
        shutdown: Shutdown::GracefulThenHard,
        grace: None,
        require_evidence: None,
        healthy_when: None,
        rollout: None,
        reboot: RebootStyle::SoftThenHard,
        rebooted_since: None,
        protect: false,
        labels: Arc::default(),
        after: Arc::default(),
        rule: None,
        location: Location { file: "fleet.yaml".into(), line: 1, column: 1 },
    }
}

/// Waits until the simulator shows it; five seconds at most.
pub(crate) async fn eventually(mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it never came to be");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
