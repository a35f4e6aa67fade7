//! The wire parsers: a provider of the registry before its simulator, of whose answers one is replaced by the bytes.

use fleetform::http::{Clients, Limits};
use fleetform::model::{Operation, RebootKind, ServerId, Settings};
use fleetform::provider::{Error, Trail, list_all};
use fleetform::providers::{Opening, REGISTRY, faces};
use fleetform::simulator::{Options, Running, Simulator, World};
use serde_json::json;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Fault rules are looked through for every call: a simulator is replaced after so many cases.
const CASES: usize = 200;

/// The longest that one case may take: a few calls on loopback, some of them repeated.
const LONGEST: Duration = Duration::from_secs(20);

/// Statuses after which a provider reads the body; those after which the client waits and asks again are not here.
const STATUSES: [u16; 10] = [200, 200, 200, 202, 201, 400, 401, 404, 409, 422];

struct Bench {
    running: Running,
    cases: usize,
}

thread_local! {
    static BENCHES: RefCell<Vec<Option<Bench>>> = const { RefCell::new(Vec::new()) };
    static CLIENTS: Clients = Clients::new(None);
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// The first byte says which provider, the second which call and which of its answers, the third its status; the rest
/// is the answer.
pub fn wire(bytes: &[u8]) {
    let [provider, call, status, body @ ..] = bytes else { return };
    let at = usize::from(*provider) % REGISTRY.len();
    BENCHES.with_borrow_mut(|benches| {
        benches.resize_with(REGISTRY.len(), || None);
        let bench = benches[at].get_or_insert_with(|| Bench::new(at));
        bench.case(at, *call, STATUSES[usize::from(*status) % STATUSES.len()], body);
        if bench.cases >= CASES {
            benches[at] = None;
        }
    });
}

impl Bench {
    fn new(at: usize) -> Self {
        let world = json!({
            "version": 1,
            "connections": { "c": { "type": REGISTRY[at].spec.type_name, "settle": "1ms" } },
            "servers": [{ "connection": "c", "name": "runs" }, { "connection": "c", "name": "rests", "power": "off" }],
        });
        let world = World::from_value(world).unwrap();
        Self { running: Simulator::start(&world, &faces(), Options::default()).unwrap(), cases: 0 }
    }

    fn case(&mut self, at: usize, call: u8, status: u16, body: &[u8]) {
        self.cases += 1;
        let row = &REGISTRY[at];
        let mut settings = Settings::default();
        for (name, value) in &self.running.endpoint("c").unwrap().settings {
            settings.set(name.clone(), value.clone());
        }
        let limits = Limits { in_flight: 4, per_second: None, timeout: Duration::from_secs(5) };
        let opening =
            |clients: &Clients| (row.open)(&Opening { settings: &settings, limits, clients }).unwrap();
        let provider = CLIENTS.with(opening);
        // A provider that logs in does so now, and its answer may be the one that is replaced.
        let nth = 1 + u64::from(call / 8) % 4;
        let text = String::from_utf8_lossy(body);
        let fault = json!({ "nth": nth, "fault": { "status": { "code": status, "body": text } } });
        self.running.add_fault(fault).unwrap();
        let world = self.running.world();
        let id = world["servers"].get(0).and_then(|server| server["id"].as_str()).unwrap_or("1").to_owned();
        let id = ServerId::from(id.as_str());
        let capabilities = &row.spec.capabilities;
        let begun = Instant::now();
        let reboot = Operation::Reboot { method: RebootKind::Hard };
        let operation = if capabilities.power_on { &Operation::PowerOn } else { &reboot };
        let ended = RUNTIME.with(|runtime| {
            runtime.block_on(async {
                match call % 4 {
                    0 => list_all(&*provider, capabilities.names.id_case, 4).await.map(|_| ()),
                    1 => provider.get(&id).await.map(|_| ()),
                    2 => {
                        let mark = provider.mark(&id, operation).await.unwrap_or_default();
                        let trail = Trail { id: &id, operation, receipt: None, mark: mark.as_ref() };
                        provider.observe(trail).await.map(|_| ())
                    }
                    _ => send(&*provider, operation, &id).await,
                }
            })
        });
        assert!(begun.elapsed() < LONGEST, "{}: it took {:?}", row.spec.type_name, begun.elapsed());
        if let Err(error) = ended {
            let secrets =
                row.spec.settings.iter().filter(|s| s.kind == fleetform::model::SettingKind::Secret);
            for secret in secrets.filter_map(|setting| settings.get(setting.name)) {
                assert!(!error.to_string().contains(secret), "{}: {error}", row.spec.type_name);
            }
        }
    }
}

async fn send(
    provider: &dyn fleetform::provider::Provider,
    operation: &Operation,
    id: &ServerId,
) -> Result<(), Error> {
    let verdicts = provider.send(operation, std::slice::from_ref(id)).await?;
    assert_eq!(verdicts.len(), 1, "one verdict per server");
    verdicts.into_iter().next().unwrap().map(|_| ())
}
