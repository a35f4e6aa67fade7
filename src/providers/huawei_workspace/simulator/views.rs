//! Servers as the answers show them, with all the ways there are of saying nothing.

use super::jobs;
use crate::model::Power;
use crate::simulator::{ConnectionWorld, Effect, Moment, Serial, SimServer};
use serde::Serialize;
use serde_json::Value;

/// Words of `task_status` for what has ended; every other is for something under way.
const RECORDS: [&str; 7] = [
    "rebuild_fail",
    "updating_tsvi_failed",
    "delete_failed",
    "migrate_failed",
    "install_app_failed",
    "upgrad_access_agent_fail",
    "upgrad_access_agent_success",
];

/// Words of `vm_status` that do not last.
const PASSING: [&str; 11] = [
    "BUILD",
    "REBOOT",
    "HARD_REBOOT",
    "REBUILD",
    "MIGRATING",
    "RESIZE",
    "REVERT_RESIZE",
    "DELETING",
    "BUILD_IMAGE",
    "BUILD_SNAPSHOT",
    "RESTORE_SNAPSHOT",
];

/// A word, or nothing written as null.
#[derive(Serialize)]
#[serde(untagged)]
enum Word<'a> {
    Null,
    Text(&'a str),
}

/// How nothing is said: as the text "null", as null, or not at all.
fn nothing(way: &str) -> Option<Word<'static>> {
    match way {
        "text" => Some(Word::Text("null")),
        "null" => Some(Word::Null),
        _ => None,
    }
}

#[derive(Serialize)]
pub(super) struct Server<'a> {
    id: &'a str,
    name: &'a str,
    machine_name: String,
    description: &'a str,
    #[serde(rename = "server_group_id")]
    group: &'a str,
    instance_id: String,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vm_status: Option<Word<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_status: Option<Word<'a>>,
    maintain_status: bool,
    scaling_auto_create: bool,
    #[serde(flatten)]
    job: Option<LastJob<'a>>,
    metadata: Metadata<'a>,
    freeze: Vec<Freeze>,
    ip_infos: [Ip; 1],
    create_time: String,
}

#[derive(Serialize)]
struct LastJob<'a> {
    #[serde(rename = "job_id")]
    id: &'a str,
    #[serde(rename = "job_type")]
    kind: &'static str,
    #[serde(rename = "job_status")]
    status: &'static str,
}

/// Every value is a text.
#[derive(Serialize)]
struct Metadata<'a> {
    charging_mode: &'a str,
    #[serde(rename = "EcmResStatus")]
    resource_status: &'static str,
}

#[derive(Serialize)]
struct Freeze {
    effect: &'static str,
    scene: &'static str,
}

#[derive(Serialize)]
struct Ip {
    ip_address: String,
}

/// Whether something is under way that keeps others off.
pub(super) fn is_busy(server: &SimServer) -> bool {
    let task = server.text("task_status").filter(|word| *word != "null");
    server.is_busy()
        || PASSING.contains(&vm_status(server))
        || task.is_some_and(|word| !RECORDS.contains(&word))
}

/// The word for the machine's power, whether or not it is shown.
pub(super) fn vm_status(server: &SimServer) -> &str {
    server.state.as_deref().unwrap_or(match server.power {
        Power::On => "ACTIVE",
        Power::Off => "SHUTOFF",
        Power::Suspended => "FREEZE",
    })
}

pub(super) fn charging_mode(server: &SimServer) -> &str {
    server.text("charging_mode").unwrap_or("0")
}

pub(super) fn flag(server: &SimServer, key: &str) -> bool {
    server.attributes.get(key) == Some(&Value::Bool(true))
}

/// The computer's own name: made with it and kept, whatever the server is called later.
pub(super) fn machine_name(server: &SimServer) -> String {
    let id = server.id.as_deref().unwrap_or_default();
    let tail: String = id.chars().rev().take(8).collect();
    server
        .text("machine_name")
        .map_or_else(|| format!("WSAP-{}", tail.chars().rev().collect::<String>()), Into::into)
}

pub(super) fn group(server: &SimServer) -> &str {
    server.text("server_group_id").unwrap_or("3f6b1c2e-0001-4a4e-9f57-000000000001")
}

pub(super) fn ip_address(serial: Serial) -> String {
    format!("192.168.{}.{}", serial / 250 % 250, serial % 250 + 1)
}

pub(super) fn server<'a>(
    world: &'a ConnectionWorld,
    serial: Serial,
    server: &'a SimServer,
    now: Moment,
) -> Server<'a> {
    let id = server.id.as_deref().unwrap_or_default();
    let last = jobs::last_of(world, id);
    let job =
        last.map(|job| LastJob { id: &job.command, kind: jobs::KIND, status: jobs::state(world, job, now) });
    let delete_failed = job.as_ref().is_some_and(|job| job.status == jobs::FAILED);
    let frozen = vm_status(server) == "FREEZE";
    Server {
        id,
        name: &server.name,
        machine_name: machine_name(server),
        description: server.text("description").unwrap_or_default(),
        group: group(server),
        instance_id: format!("5a1d0c6e-7a3b-4d2f-8e11-{serial:012x}"),
        status: registration(world, server, now),
        vm_status: match server.text("no_vm_status") {
            Some(way) => nothing(way),
            None => Some(Word::Text(vm_status(server))),
        },
        task_status: task_status(serial, server, delete_failed),
        maintain_status: flag(server, "maintain_status"),
        scaling_auto_create: false,
        job,
        metadata: Metadata {
            charging_mode: charging_mode(server),
            resource_status: if frozen { "freeze" } else { "normal" },
        },
        freeze: frozen.then_some(Freeze { effect: "FREEZE", scene: "ARREAR" }).into_iter().collect(),
        ip_infos: [Ip { ip_address: ip_address(serial) }],
        create_time: format!("{}Z", server.created.without_zone()),
    }
}

/// What is under way, else how the last thing ended, else one of the ways of saying nothing.
fn task_status(serial: Serial, server: &SimServer, delete_failed: bool) -> Option<Word<'_>> {
    let pending = server.pending.as_ref().filter(|pending| !matches!(pending.effect, Effect::Appear { .. }));
    let word = pending.and_then(|pending| pending.word.as_deref()).or_else(|| server.text("task_status"));
    match word.or_else(|| delete_failed.then_some("delete_failed")) {
        Some(word) => Some(Word::Text(word)),
        None => nothing(["text", "null", "absent"][usize::try_from(serial % 3).unwrap_or_default()]),
    }
}

/// Whether the component inside the guest has reported. It takes a while for that once the machine is on.
fn registration<'a>(world: &ConnectionWorld, server: &'a SimServer, now: Moment) -> &'a str {
    let starting = |booted: &Moment| *booted > server.created && now < booted.after(world.manner.settle);
    match server.power {
        _ if server.attributes.contains_key("status") => server.text("status").unwrap_or("NONE"),
        Power::On if server.booted.as_ref().is_some_and(starting) => "UNREGISTER",
        Power::On if flag(server, "maintain_status") => "MAINTAINING",
        Power::On => "REGISTERED",
        Power::Off => "STOPPED",
        Power::Suspended => "FREEZE",
    }
}
