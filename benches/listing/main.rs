//! Listing, provider by provider: what a plan for one server costs among 10,000 and 100,000 others, and how many
//! calls it takes. The servers are served by another process.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../process/child.rs"]
mod child;

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match &words[..] {
        [_, "measure", rest @ ..] => child::report(rest),
        // `cargo test --benches` runs this too: a benchmark is not a test.
        words if words.contains(&"--test") => ExitCode::SUCCESS,
        _ => all(),
    }
}

fn all() -> ExitCode {
    let own = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let program = env!("CARGO_BIN_EXE_fleetform");
    println!("{:<18} {:>8} {:>6} {:>10} {:>10} {:>11}", "type", "servers", "calls", "CPU", "wall", "peak");
    for spec in fleetform::providers::specs() {
        for size in [10_000, 100_000] {
            let Some(arena) = Arena::open(program, spec.type_name, size) else {
                println!("{}: the simulator did not start", spec.type_name);
                return ExitCode::FAILURE;
            };
            let cost = child::measure(&own, &[program, "plan", "-q", "-f", &arena.fleet]);
            let calls = arena.calls().unwrap_or_default();
            println!(
                "{:<18} {size:>8} {calls:>6} {:>7.0} ms {:>7.0} ms {:>7.1} MiB",
                spec.type_name,
                cost.cpu * 1e3,
                cost.wall * 1e3,
                cost.peak / 1024.0
            );
        }
    }
    ExitCode::SUCCESS
}

/// A folder with a fleet file of one server and a process that serves many; both go when this is dropped.
struct Arena {
    fleet: String,
    address: String,
    folder: PathBuf,
    simulator: Child,
}

impl Drop for Arena {
    fn drop(&mut self) {
        let _ = self.simulator.kill();
        let _ = self.simulator.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Arena {
    fn open(program: &str, type_name: &str, size: usize) -> Option<Self> {
        let folder =
            std::env::temp_dir().join(format!("fleetform-listing-{}-{type_name}-{size}", std::process::id()));
        std::fs::create_dir_all(&folder).ok()?;
        let world = folder.join("world.yaml");
        std::fs::write(&world, world_of(type_name, size)).ok()?;
        let mut simulator = Command::new(program)
            .args(["simulate", "--listen", "127.0.0.1:0", "-q", "--format", "json"])
            .arg(&world)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut out = simulator.stdout.take()?;
        let said = first_value(&mut out)?;
        let fleet = write_fleet(&folder, type_name, &said["connections"][0]["settings"])?;
        let address = said["address"].as_str()?.to_owned();
        Some(Self { fleet, address, folder, simulator })
    }

    /// The calls that the providers' side has seen.
    fn calls(&self) -> Option<u64> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.write_all(b"GET /_sim/stats HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        Some(body["calls"].as_array()?.iter().filter_map(|call| call["count"].as_u64()).sum())
    }
}

fn world_of(type_name: &str, size: usize) -> String {
    let mut text = format!("version: 1\nconnections: {{ c: {{ type: {type_name} }} }}\nservers:\n");
    for number in 0..size {
        let _ = writeln!(text, "  - {{ connection: c, name: web-{number:06}, power: on }}");
    }
    text
}

fn write_fleet(folder: &Path, type_name: &str, settings: &Value) -> Option<String> {
    let mut text = format!("version: 1\nproviders:\n  c:\n    type: {type_name}\n");
    for (name, value) in settings.as_object()? {
        let _ = writeln!(text, "    {name}: {value}");
    }
    text.push_str("servers:\n  - name: web-000001\n    provider: c\n");
    let path = folder.join("fleet.yaml");
    std::fs::write(&path, text).ok()?;
    Some(path.display().to_string())
}

/// The first JSON value that comes, however it is laid out.
fn first_value(from: &mut impl Read) -> Option<Value> {
    serde_json::Deserializer::from_reader(from).into_iter::<Value>().next()?.ok()
}
