//! The connections before the servers: `providers:` is a small part of a fleet file, and whoever knows the
//! connections can begin to ask the providers while the rest is still being read.

use super::Mode;
use super::decode::{Document, collect};
use super::findings::Findings;
use super::load::Connections;
use super::source::Source;
use super::yaml;
use crate::model::ProviderSpec;

/// The connections of all files, read from their `providers:` sections alone. `None` where anything about them is
/// not plain: the full reading then says what it is.
pub(super) fn connections(
    sources: &[Source],
    specs: &[&'static ProviderSpec],
    mode: Mode,
) -> Option<Connections> {
    let mut findings = Findings::default();
    let mut documents = Vec::new();
    for source in sources {
        let reading = yaml::read_section(&source.text, "providers", &source.name, &mut findings).ok()?;
        documents.extend(reading.map(|reading| Document { source, reading }));
    }
    if findings.has_errors() || documents.is_empty() {
        return None;
    }
    // The version stands elsewhere and is no matter here, as it is not for a file that is read in part.
    let fleet = collect(&documents, specs, mode, true, &mut findings);
    (!findings.has_errors()).then_some(fleet.connections)
}
