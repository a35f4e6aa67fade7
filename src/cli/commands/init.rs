//! `init`: writes a commented starter fleet file, and a world to try it on.

use crate::cli::args::{Global, InitArgs};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::session::{WORLD_FILE, paths};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

const FLEET: &str = include_str!("init/fleet.yaml");
const WORLD: &str = include_str!("init/world.yaml");

pub(in crate::cli) fn run(global: &Global, args: &InitArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    io.be_quiet(global.quiet);
    let paths = paths(global);
    let [fleet] = &paths[..] else {
        return Err(Failure::usage("init writes one file: give one -f"));
    };
    let world = fleet.with_file_name(WORLD_FILE);
    let there = [fleet.as_path(), &world].into_iter().find(|path| path.exists());
    if let Some(there) = there.filter(|_| !args.force) {
        return Err(Failure::problem(format!("{} exists; --force replaces it", there.display())));
    }
    write(fleet, FLEET, args.force)?;
    write(&world, WORLD, args.force)?;
    let shown = fleet.display();
    let file = if global.file.is_empty() { String::new() } else { format!(" -f {shown}") };
    io.print(&format!(
        "Wrote {shown}, and {} to try it on. Next:\n  fleetform plan --simulate{file}\n  fleetform apply --simulate{file}\n",
        world.display()
    ));
    Ok(code::DONE)
}

/// Never over a file that appeared meanwhile, unless asked to.
fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(force).truncate(force).create_new(!force);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AlreadyExists => "it exists; --force replaces it".to_owned(),
            _ => error.to_string(),
        };
        Failure::problem(format!("{} cannot be written: {why}", path.display()))
    })
}
