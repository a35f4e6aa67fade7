//! The openstack face, over real HTTP: each fact of the provider's page that it implements.
#![allow(clippy::unwrap_used, reason = "helpers of tests may")]

#[path = "simulator_common/mod.rs"]
mod common;

#[path = "simulator_openstack/actions.rs"]
mod actions;
#[path = "simulator_openstack/history.rs"]
mod history;
#[path = "simulator_openstack/identity.rs"]
mod identity;
#[path = "simulator_openstack/lists.rs"]
mod lists;
#[path = "simulator_openstack/servers.rs"]
mod servers;
#[path = "simulator_openstack/site.rs"]
mod site;
#[path = "simulator_openstack/versions.rs"]
mod versions;
