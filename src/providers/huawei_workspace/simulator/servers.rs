//! `app-servers`: lists, one of them, edits, batches and deletion.

use super::answers::{busy, impossible, malformed, unknown_server};
use super::requests::{Batch, Edit, Kind, Query};
use super::{Answer, jobs, views};
use crate::model::Power;
use crate::simulator::{
    ConnectionWorld, Effect, Moment, Order, Request, Response, Serial, SimServer, Streamed,
};
use serde::Serialize;
use serde_json::{Value, json};

/// Everything that can be done to several servers at once.
pub(super) const ACTIONS: [&str; 5] =
    ["batch-start", "batch-stop", "batch-reboot", "batch-maint", "batch-delete"];

const FILTERS: [&str; 9] = [
    "offset",
    "limit",
    "server_name",
    "machine_name",
    "ip_addr",
    "server_id",
    "server_group_id",
    "maintain_status",
    "scaling_auto_create",
];

#[derive(Serialize)]
struct Page<L> {
    count: usize,
    items: L,
}

/// `GET /v1/{project}/app-servers`
pub(super) fn list(world: &ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    let query = Query::read(request, &FILTERS)?;
    let (offset, limit) = query.page()?;
    let limit = limit.min(world.manner.page_size.unwrap_or(usize::MAX));
    let (maintained, scaled) = (query.flag("maintain_status")?, query.flag("scaling_auto_create")?);
    let part = |key: &str, value: &str| query.text(key).is_none_or(|text| value.contains(text));
    let equal = |key: &str, value: &str| query.text(key).is_none_or(|text| value == text);
    let wanted = |(serial, server): &(Serial, &SimServer)| {
        part("server_name", &server.name)
            && (query.text("machine_name").is_none() || part("machine_name", &views::machine_name(server)))
            && (query.text("ip_addr").is_none() || part("ip_addr", &views::ip_address(*serial)))
            && equal("server_id", server.id.as_deref().unwrap_or_default())
            && equal("server_group_id", views::group(server))
            && maintained.is_none_or(|flag| views::flag(server, "maintain_status") == flag)
            && scaled != Some(true)
    };
    let count = world.servers().filter(wanted).count();
    let page = shuffled(world).filter(wanted).skip(offset).take(limit);
    let items = Streamed::new(page.map(|(serial, server)| views::server(world, serial, server, now)));
    Ok(Response::json(200, &Page { count, items }))
}

/// No order is promised; this one is the same every time and follows neither age nor name nor id.
fn shuffled(world: &ConnectionWorld) -> impl Iterator<Item = (Serial, &SimServer)> {
    let odd = world.servers().rev().filter(|(serial, _)| serial % 2 == 1);
    odd.chain(world.servers().filter(|(serial, _)| serial % 2 == 0))
}

/// `GET /v1/{project}/app-servers/{id}`: the server itself, in no envelope.
pub(super) fn get(world: &ConnectionWorld, id: &str, now: Moment) -> Answer<Response> {
    let (serial, server) = world.find(id).ok_or_else(|| unknown_server(id))?;
    Ok(Response::json(200, &views::server(world, serial, server, now)))
}

/// `PATCH /v1/{project}/app-servers/{id}`
pub(super) fn edit(
    world: &mut ConnectionWorld,
    id: &str,
    request: &Request,
    now: Moment,
) -> Answer<Response> {
    let edit = Edit::read(request)?;
    let serial = idle(world, id)?;
    for (key, value) in edit.attributes {
        world.set_attribute(serial, key, value);
    }
    if let Some(name) = edit.name {
        world.apply(serial, &Effect::Rename(name), now);
    }
    Ok(Response::json(200, &json!({})))
}

/// `DELETE /v1/{project}/app-servers/{id}`. Who is gone already needs no job.
pub(super) fn delete(world: &mut ConnectionWorld, id: &str, now: Moment) -> Answer<Response> {
    if world.find(id).is_none() {
        return Ok(Response::json(200, &json!({})));
    }
    let serial = deletable(world, id)?;
    Ok(job(&jobs::delete(world, &[serial], now)))
}

/// `POST /v1/{project}/app-servers/actions/batch-delete`: all of them or none.
pub(super) fn delete_many(world: &mut ConnectionWorld, request: &Request, now: Moment) -> Answer<Response> {
    let batch = Batch::read(request, None)?;
    all_known(world, &batch.ids)?;
    let serials = batch.ids.iter().map(|id| deletable(world, id)).collect::<Answer<Vec<_>>>()?;
    Ok(job(&jobs::delete(world, &serials, now)))
}

fn job(id: &str) -> Response {
    Response::json(200, &json!({ "job_id": id }))
}

/// `PATCH /v1/{project}/app-servers/actions/{action}`: all of them or none. The answer is null and names no job.
pub(super) fn act(
    world: &mut ConnectionWorld,
    name: &str,
    request: &Request,
    now: Moment,
) -> Answer<Response> {
    let member = match name {
        "batch-maint" => Some("maintain_status"),
        "batch-start" => None,
        _ => Some("type"),
    };
    let batch = Batch::read(request, member)?;
    if name == "batch-maint" {
        maintain(world, &batch)?;
    } else {
        let action = Action::read(name, &batch)?;
        all_known(world, &batch.ids)?;
        let serials = batch.ids.iter().map(|id| idle(world, id)).collect::<Answer<Vec<_>>>()?;
        let steps =
            serials.into_iter().map(|serial| action.step(world, serial)).collect::<Answer<Vec<_>>>()?;
        for step in steps.into_iter().flatten() {
            step.take(world, now);
        }
    }
    Ok(Response::json(200, &Value::Null))
}

fn maintain(world: &mut ConnectionWorld, batch: &Batch) -> Answer<()> {
    let flag = batch.flag("maintain_status")?;
    all_known(world, &batch.ids)?;
    let serials = batch.ids.iter().map(|id| idle(world, id)).collect::<Answer<Vec<_>>>()?;
    for serial in serials {
        world.set_attribute(serial, "maintain_status", flag.into());
    }
    Ok(())
}

/// What is done to every server of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Start,
    Stop(Kind),
    Reboot(Kind),
}

/// What it comes to for one server.
struct Step {
    serial: Serial,
    effect: Effect,
    task: &'static str,
    in_vain: bool,
}

impl Action {
    fn read(name: &str, batch: &Batch) -> Answer<Self> {
        match name {
            "batch-start" => Ok(Self::Start),
            "batch-stop" => batch.kind().map(Self::Stop),
            "batch-reboot" => batch.kind().map(Self::Reboot),
            _ => Err(malformed("The action is not known.")),
        }
    }

    /// `None` where nothing is to be done: it is so already.
    fn step(self, world: &ConnectionWorld, serial: Serial) -> Answer<Option<Step>> {
        let Some(server) = world.server(serial) else { return Ok(None) };
        let (effect, task) = match (self, views::vm_status(server)) {
            (Self::Start, "ACTIVE") | (Self::Stop(_), "SHUTOFF") => return Ok(None),
            (Self::Start, "SHUTOFF") => (Effect::Power(Power::On), "powering-on"),
            (Self::Stop(_), "ACTIVE") => (Effect::Power(Power::Off), "powering-off"),
            (Self::Reboot(Kind::Soft), "ACTIVE") => (Effect::Reboot, "rebooting"),
            (Self::Reboot(Kind::Hard), "ACTIVE") => (Effect::Reboot, "rebooting_hard"),
            (_, status) => {
                return Err(impossible(format!("The operation is not possible in the status {status}.")));
            }
        };
        let asks_the_guest = matches!(self, Self::Stop(Kind::Soft) | Self::Reboot(Kind::Soft));
        let in_vain = asks_the_guest && views::flag(server, "no_guest");
        Ok(Some(Step { serial, effect, task, in_vain }))
    }
}

impl Step {
    fn take(self, world: &mut ConnectionWorld, now: Moment) {
        let order = Order { effect: self.effect, word: Some(self.task), job: None };
        if self.in_vain {
            world.accept_in_vain(self.serial, &order, "the guest does not answer", now);
        } else {
            world.accept(self.serial, &order, now);
        }
    }
}

/// One server that is not there refuses the whole batch.
fn all_known(world: &ConnectionWorld, ids: &[String]) -> Answer<()> {
    match ids.iter().find(|id| world.find(id).is_none()) {
        Some(id) => Err(unknown_server(id)),
        None => Ok(()),
    }
}

fn idle(world: &ConnectionWorld, id: &str) -> Answer<Serial> {
    let (serial, server) = world.find(id).ok_or_else(|| unknown_server(id))?;
    if views::is_busy(server) { Err(busy()) } else { Ok(serial) }
}

fn deletable(world: &ConnectionWorld, id: &str) -> Answer<Serial> {
    let serial = idle(world, id)?;
    match world.server(serial).map(views::charging_mode) {
        Some("1") => Err(impossible("A yearly/monthly server must be unsubscribed from.")),
        _ => Ok(serial),
    }
}
