//! `schema`: prints the JSON Schema of a file, made by the code that reads or writes it.

use crate::cli::args::{SchemaArgs, SchemaOf};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::config::fleet_schema;
use crate::ledger::{HoldRecord, Record};
use crate::plan::PlanDocument;
use crate::providers::specs;
use crate::report::events::EventLine;
use crate::report::{ApplyDocument, HistoryDocument};
use crate::snapshot::Snapshot;

#[allow(clippy::unnecessary_wraps, reason = "every command has the same shape")]
pub(in crate::cli) fn run(args: &SchemaArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    match args.of {
        SchemaOf::Fleet => io.print_json(&fleet_schema(&specs())),
        SchemaOf::Plan => io.print_json(&schemars::schema_for!(PlanDocument)),
        SchemaOf::Snapshot => io.print_json(&schemars::schema_for!(Snapshot)),
        SchemaOf::Events => io.print_json(&schemars::schema_for!(EventLine)),
        SchemaOf::Apply => io.print_json(&schemars::schema_for!(ApplyDocument)),
        SchemaOf::Ledger => io.print_json(&schemars::schema_for!(Record)),
        SchemaOf::Holds => io.print_json(&schemars::schema_for!(HoldRecord)),
        SchemaOf::History => io.print_json(&schemars::schema_for!(HistoryDocument)),
    }
    Ok(code::DONE)
}
