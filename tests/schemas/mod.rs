//! The published schemas, for a validator that is not ours.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::path::Path;

pub(crate) struct Schema {
    all: Schemas,
    index: SchemaIndex,
}

impl Schema {
    /// The one in `schemas/NAME.schema.json`.
    pub(crate) fn published(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
        let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let place = format!("https://example.org/{name}.schema.json");
        let (mut compiler, mut all) = (Compiler::new(), Schemas::new());
        compiler.enable_format_assertions();
        compiler.add_resource(&place, schema).unwrap();
        let index = compiler.compile(&place, &mut all).unwrap_or_else(|error| panic!("{error:#}"));
        Self { all, index }
    }

    pub(crate) fn accepts(&self, value: &Value) -> Result<(), String> {
        self.all.validate(value, self.index).map_err(|error| format!("{error:#}"))
    }
}
