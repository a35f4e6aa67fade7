//! Calls that name several servers: who shares one, and what becomes of a batch that is refused.

use crate::rig::{address, journal};
use async_trait::async_trait;
use fleetform::apply::ChangeOutcome::{self, Done, Failed, Unresolved};
use fleetform::apply::{Limits, Link, Links, execute};
use fleetform::model::{
    BatchLimits, Capabilities, LiveServer, LiveState, OffKind, OffSupport, Operation, Power, RebootKind,
    RebootSupport, ServerId, Settles,
};
use fleetform::plan::{Change, Facts, Step};
use fleetform::provider::{Cursor, Error, ErrorKind, Part, Provider, Receipt, Verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const HARD_OFF: Operation = Operation::PowerOff { method: OffKind::Hard };
const REBOOT: Operation = Operation::Reboot { method: RebootKind::Hard };

static CAPABILITIES: Capabilities = Capabilities {
    power_on: true,
    off: OffSupport::HardOnly,
    reboot: RebootSupport::HardOnly,
    delete: true,
    batch: BatchLimits { power: 20, delete: 3 },
    default_in_flight: 8,
    usual_delay: Duration::from_millis(100),
    ..Capabilities::NOTHING
};

/// What the other side makes of a batch.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// One culprit spoils a batch.
    Refuses(&'static str),
    /// The same, and this one is carried out all the same.
    RefusesAndDoes(&'static str, &'static str),
    /// Carries it out, and nobody hears of it.
    LosesTheAnswer,
    /// Says something of all but the last.
    ForgetsTheLast,
    /// Carries it out.
    Takes,
}

/// Servers that are all on, behind a provider with batches.
struct Fake {
    manner: Manner,
    off: Mutex<BTreeSet<String>>,
    moving: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<Vec<String>>>,
    effects: Mutex<BTreeMap<String, u32>>,
}

impl Fake {
    fn new(manner: Manner) -> Arc<Self> {
        Arc::new(Self {
            manner,
            off: Mutex::default(),
            moving: Mutex::default(),
            calls: Mutex::default(),
            effects: Mutex::default(),
        })
    }

    fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.calls.lock().unwrap().iter().map(Vec::len).collect();
        sizes.sort_unstable();
        sizes
    }

    fn does(&self, operation: &Operation, id: &str) {
        *self.effects.lock().unwrap().entry(id.to_owned()).or_default() += 1;
        match operation {
            Operation::PowerOff { .. } => drop(self.off.lock().unwrap().insert(id.to_owned())),
            _ => drop(self.moving.lock().unwrap().insert(id.to_owned())),
        }
    }
}

#[async_trait]
impl Provider for Fake {
    async fn list_part(&self, _: &Cursor) -> Result<Part, Error> {
        Ok(Part::default())
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        let state = if self.off.lock().unwrap().contains(id.as_str()) {
            LiveState::Settled(Power::Off)
        } else if self.moving.lock().unwrap().remove(id.as_str()) {
            // Seen once, then it is back.
            LiveState::Transition { word: "rebooting".into(), into: Some(Settles::Power(Power::On)) }
        } else {
            LiveState::Settled(Power::On)
        };
        Ok(Some(LiveServer::new(id.clone(), id.as_str(), state)))
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.calls.lock().unwrap().push(named.clone());
        tokio::time::sleep(Duration::from_millis(5)).await;
        let refused = || Error::new(ErrorKind::Refused, "one of them is not in a valid state");
        match self.manner {
            Manner::Refuses(culprit) if named.iter().any(|id| id == culprit) => return Err(refused()),
            Manner::RefusesAndDoes(culprit, one) if named.iter().any(|id| id == culprit) => {
                if named.len() > 1 && named.iter().any(|id| id == one) {
                    self.does(operation, one);
                }
                return Err(refused());
            }
            _ => {}
        }
        for id in &named {
            self.does(operation, id);
        }
        match self.manner {
            Manner::LosesTheAnswer => Err(Error::new(ErrorKind::LostAnswer, "cut off").maybe_effective()),
            Manner::ForgetsTheLast => Ok(vec![Ok(Receipt::default()); ids.len() - 1]),
            _ => Ok(vec![Ok(Receipt::default()); ids.len()]),
        }
    }
}

fn change(id: &str, operation: &Operation) -> Change {
    let before = Facts { name: id.into(), power: Some(Power::On) };
    Change {
        address: address(id),
        provider: address(id).connection,
        id: id.into(),
        actions: vec![operation.verb()],
        after: Some(before.clone()),
        before,
        reasons: vec!["declared".into()],
        wave: None,
        cause: None,
        rebooted_since: None,
        steps: vec![Step::new(operation.clone())],
        location: None,
    }
}

async fn run(fake: &Arc<Fake>, changes: &[Change]) -> BTreeMap<String, ChangeOutcome> {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let link = Link {
        provider: Arc::<Fake>::clone(fake),
        type_name: "fake",
        capabilities: &CAPABILITIES,
        settle: Duration::from_secs(3),
    };
    let links = Links::from([(address("x").connection, link)]);
    let (_sender, stop) = watch::channel(false);
    let results = execute(changes, &links, &journal, &(), Limits { parallelism: 64 }, stop).await;
    results.into_iter().map(|result| (result.id.to_string(), result.outcome)).collect()
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("s{n:02}")).collect()
}

fn changes(count: usize, operation: &Operation) -> Vec<Change> {
    ids(count).iter().map(|id| change(id, operation)).collect()
}

#[tokio::test]
async fn servers_that_want_the_same_share_calls_up_to_the_limit() {
    let fake = Fake::new(Manner::Takes);
    let outcomes = run(&fake, &changes(50, &HARD_OFF)).await;
    assert!(outcomes.values().all(|outcome| *outcome == Done), "{outcomes:?}");
    assert_eq!(fake.sizes(), [10, 20, 20]);
}

#[tokio::test]
async fn different_operations_never_share_a_call() {
    let fake = Fake::new(Manner::Takes);
    let mut both = changes(4, &HARD_OFF);
    both.extend(["r1", "r2"].map(|id| change(id, &REBOOT)));
    let outcomes = run(&fake, &both).await;
    assert!(outcomes.values().all(|outcome| *outcome == Done), "{outcomes:?}");
    assert_eq!(fake.sizes(), [2, 4]);
}

#[tokio::test]
async fn a_refused_batch_is_halved_until_the_culprit_is_alone_and_the_rest_goes_through() {
    let fake = Fake::new(Manner::Refuses("s07"));
    let outcomes = run(&fake, &changes(20, &HARD_OFF)).await;
    for (id, outcome) in &outcomes {
        assert_eq!(*outcome, if id == "s07" { Failed } else { Done }, "{id}");
    }
    let effects = fake.effects.lock().unwrap();
    assert_eq!(effects.len(), 19);
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    let calls = fake.calls.lock().unwrap();
    assert!(calls.contains(&vec!["s07".to_owned()]), "the culprit was alone at the end");
    assert!(calls.len() <= 11, "halving, not one by one: {calls:?}");
}

#[tokio::test]
async fn a_reboot_that_got_through_in_a_refused_batch_is_not_sent_again() {
    let fake = Fake::new(Manner::RefusesAndDoes("s02", "s05"));
    let outcomes = run(&fake, &changes(8, &REBOOT)).await;
    for (id, outcome) in &outcomes {
        let expected: &[ChangeOutcome] = match id.as_str() {
            "s02" => &[Failed],
            // It was seen restarting when the batch had been refused; whether it is believed or asked about, it
            // must not be rebooted twice.
            "s05" => &[Done, Unresolved],
            _ => &[Done],
        };
        assert!(expected.contains(outcome), "{id}: {outcome:?}");
    }
    let effects = fake.effects.lock().unwrap();
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
}

#[tokio::test]
async fn the_lost_answer_of_a_batch_is_followed_server_by_server() {
    let fake = Fake::new(Manner::LosesTheAnswer);
    let outcomes = run(&fake, &changes(6, &HARD_OFF)).await;
    assert!(outcomes.values().all(|outcome| *outcome == Done), "{outcomes:?}");
    assert_eq!(fake.sizes(), [6], "nothing is sent a second time");
}

#[tokio::test]
async fn a_server_without_a_verdict_is_followed_like_a_lost_answer() {
    let fake = Fake::new(Manner::ForgetsTheLast);
    let outcomes = run(&fake, &changes(3, &REBOOT)).await;
    assert!(outcomes.values().all(|outcome| matches!(outcome, Done | Unresolved)), "{outcomes:?}");
    assert!(fake.effects.lock().unwrap().values().all(|count| *count == 1));
}
