//! The huawei-workspace client on the wire: the exact request of every call, and answers as its page shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "wire_huawei_workspace/access.rs"]
mod access;
#[path = "wire_huawei_workspace/answers.rs"]
mod answers;
#[path = "wire_huawei_workspace/calls.rs"]
mod calls;
#[path = "rig/mod.rs"]
mod rig;
#[path = "wire_huawei_workspace/states.rs"]
mod states;
#[path = "wire/mod.rs"]
mod wire;

use fleetform::http::Limits;
use fleetform::model::{LiveServer, OffKind, Operation, RebootKind, ServerId, Settings};
use fleetform::provider::{Error, Provider, Receipt, Verdicts};
use fleetform::providers::{Opening, huawei_workspace};
use std::sync::Arc;
use std::time::Duration;
use wire::{Reply, Scripted};

pub(crate) const LIST: &str = include_str!("../src/providers/huawei_workspace/fixtures/list.json");
pub(crate) const SERVER: &str = include_str!("../src/providers/huawei_workspace/fixtures/server.json");
pub(crate) const JOB: &str = include_str!("../src/providers/huawei_workspace/fixtures/job.json");
pub(crate) const LOGIN: &str = include_str!("../src/providers/huawei_workspace/fixtures/login.json");
pub(crate) const NOT_FOUND: &str = include_str!("../src/providers/huawei_workspace/fixtures/not_found.json");
pub(crate) const UNAUTHORIZED: &str =
    include_str!("../src/providers/huawei_workspace/fixtures/unauthorized.json");

pub(crate) const P: &str = "a4da8115c9d8464ead3a38309130523f";
pub(crate) const ID: &str = "522933611213619200";

pub(crate) const HARD: Operation = Operation::Reboot { method: RebootKind::Hard };
pub(crate) const SOFT: Operation = Operation::Reboot { method: RebootKind::Soft };
pub(crate) const OFF_HARD: Operation = Operation::PowerOff { method: OffKind::Hard };
pub(crate) const OFF_SOFT: Operation = Operation::PowerOff { method: OffKind::Graceful };

pub(crate) const TOKEN: &[(&str, &str)] = &[("token", "given-token"), ("project_id", P)];
pub(crate) const LOGIN_SETTINGS: &[(&str, &str)] = &[
    ("username", "operator"),
    ("password", "pässword\"1"),
    ("domain", "acme"),
    ("region", "ap-southeast-1"),
];
pub(crate) const KEYS: &[(&str, &str)] = &[("access_key", "HWAK"), ("secret_key", "HWSK"), ("project_id", P)];

/// A connection with the endpoints of the script and these settings.
pub(crate) fn open(url: &str, given: &[(&str, &str)]) -> Arc<dyn Provider> {
    try_open(&[given, &[("endpoint", url), ("iam_endpoint", url)]].concat()).unwrap()
}

pub(crate) fn try_open(given: &[(&str, &str)]) -> Result<Arc<dyn Provider>, Error> {
    let mut settings = Settings::default();
    for (name, value) in given {
        settings.set(*name, *value);
    }
    let limits = Limits { in_flight: 8, per_second: None, timeout: Duration::from_secs(5) };
    wire::CLIENTS.with(|clients| huawei_workspace::open(&Opening { settings: &settings, limits, clients }))
}

pub(crate) async fn get(reply: Reply) -> Result<Option<LiveServer>, Error> {
    let server = Scripted::new([reply]).await;
    open(&server.url, TOKEN).get(&ServerId::from(ID)).await
}

pub(crate) async fn send_all(
    server: &Scripted,
    operation: &Operation,
    ids: &[&str],
) -> Result<Verdicts, Error> {
    let ids: Vec<ServerId> = ids.iter().map(|id| ServerId::from(*id)).collect();
    open(&server.url, TOKEN).send(operation, &ids).await
}

/// The verdict on one server, by one call that is answered so.
pub(crate) async fn verdict(reply: Reply, operation: &Operation) -> Result<Receipt, Error> {
    let server = Scripted::new([reply]).await;
    let verdicts = send_all(&server, operation, &[ID]).await;
    assert_eq!(server.seen().len(), 1, "a change is sent once");
    verdicts.and_then(|mut verdicts| verdicts.pop().unwrap())
}
