//! Where Nova is, by the catalog that comes with a token.

use super::wire::{Endpoint, Service};
use crate::provider::{Error, ErrorKind};
use std::collections::BTreeSet;

/// The service that is looked for. There may be a `compute_legacy` beside it, which is not it.
const KIND: &str = "compute";

/// Nova's URL for that interface and region; without a region the only one there is.
pub(super) fn compute_url<'c>(
    catalog: &'c [Service],
    interface: &str,
    region: Option<&str>,
) -> Result<&'c str, Error> {
    let services = catalog.iter().filter(|service| service.kind.as_deref() == Some(KIND));
    let all: Vec<&Endpoint> = services.flat_map(|service| &service.endpoints).collect();
    let offered: Vec<&Endpoint> =
        all.iter().copied().filter(|endpoint| endpoint.interface.as_deref() == Some(interface)).collect();
    let fitting = |endpoint: &&&Endpoint| match region {
        Some(region) => is_in(endpoint, region),
        None => true,
    };
    let regions: BTreeSet<&str> = offered.iter().filter_map(|endpoint| region_of(endpoint)).collect();
    if region.is_none() && regions.len() > 1 {
        let text = format!("region_name is not set, and the cloud has several: {}", listed(&regions));
        return Err(Error::new(ErrorKind::Config, text));
    }
    let mut found = offered.iter().filter(fitting).filter_map(|endpoint| endpoint.url.as_deref());
    found.next().ok_or_else(|| {
        let place = region.map_or_else(String::new, |region| format!(" in the region {region}"));
        let text = format!("the cloud's catalog has no {interface} compute endpoint{place}");
        let error = Error::new(ErrorKind::Config, text);
        let interfaces: BTreeSet<&str> =
            all.iter().filter_map(|endpoint| endpoint.interface.as_deref()).collect();
        if all.is_empty() {
            error.with_hint("the project may have no compute service")
        } else if offered.is_empty() {
            error.with_hint(format!("it has the interfaces {}", listed(&interfaces)))
        } else {
            error.with_hint(format!("it has the regions {}", listed(&regions)))
        }
    })
}

fn region_of(endpoint: &Endpoint) -> Option<&str> {
    endpoint.region_id.as_deref().or(endpoint.region.as_deref())
}

fn is_in(endpoint: &Endpoint, region: &str) -> bool {
    endpoint.region_id.as_deref() == Some(region) || endpoint.region.as_deref() == Some(region)
}

fn listed(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}
