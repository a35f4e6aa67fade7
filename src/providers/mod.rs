//! The registry: one `mod` line and one table row per provider. Nothing else in the program names a provider.

pub mod clc;
pub mod gogrid;
pub mod hostway;
pub mod huawei_workspace;
pub mod mediatemple;
pub mod openstack;

use crate::http::{Clients, Limits};
use crate::model::{ProviderSpec, Settings};
use crate::provider::{Error, ErrorKind, Provider};
use crate::simulator::Face;
use std::sync::Arc;

/// What a provider needs to open a connection.
pub struct Opening<'a> {
    /// Its settings, resolved.
    pub settings: &'a Settings,
    /// The connection's limits.
    pub limits: Limits,
    /// The clients to use.
    pub clients: &'a Clients,
}

impl Opening<'_> {
    /// A setting that the provider cannot work without.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], naming it.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        let missing = || Error::new(ErrorKind::Config, format!("`{name}` is not set"));
        self.settings.get(name).ok_or_else(missing)
    }
}

/// A row of the registry.
pub struct Registration {
    /// What it is, as data.
    pub spec: &'static ProviderSpec,
    /// Opens a connection; no request is made yet.
    pub open: fn(&Opening<'_>) -> Result<Arc<dyn Provider>, Error>,
    /// The other side of its wire.
    pub face: &'static dyn Face,
}

/// Every provider type, by name.
pub static REGISTRY: &[Registration] = &[
    Registration { spec: &clc::SPEC, open: clc::open, face: clc::simulator::FACE },
    Registration { spec: &gogrid::SPEC, open: gogrid::open, face: gogrid::simulator::FACE },
    Registration { spec: &hostway::SPEC, open: hostway::open, face: hostway::simulator::FACE },
    Registration {
        spec: &huawei_workspace::SPEC,
        open: huawei_workspace::open,
        face: huawei_workspace::simulator::FACE,
    },
    Registration { spec: &mediatemple::SPEC, open: mediatemple::open, face: mediatemple::simulator::FACE },
    Registration { spec: &openstack::SPEC, open: openstack::open, face: openstack::simulator::FACE },
];

/// The row of a provider type.
pub fn find(type_name: &str) -> Option<&'static Registration> {
    REGISTRY.iter().find(|row| row.spec.type_name == type_name)
}

/// The data of every provider type, for those who must not know more.
pub fn specs() -> Vec<&'static ProviderSpec> {
    REGISTRY.iter().map(|row| row.spec).collect()
}

/// The simulator's face of every provider type.
pub fn faces() -> Vec<&'static dyn Face> {
    REGISTRY.iter().map(|row| row.face).collect()
}
