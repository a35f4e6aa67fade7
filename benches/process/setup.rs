//! A fleet of a given size and a process that serves its servers.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A folder with a fleet file, and the simulator that serves it; both go when this is dropped.
pub(crate) struct Arena {
    pub(crate) fleet: String,
    /// A fleet file of ten servers.
    pub(crate) small: String,
    pub(crate) endpoint: String,
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
    pub(crate) fn open(program: &str, size: usize) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("fleetform-bench-{}-{size}", std::process::id()));
        std::fs::create_dir_all(&folder).ok()?;
        let world = folder.join("world.yaml");
        let servers = |count: usize| {
            (0..count).fold(String::new(), |mut text, n| {
                let _ = writeln!(
                    text,
                    "  - name: web-{n:06}\n    provider: grid\n    power: on\n    labels: {{ tier: web }}"
                );
                text
            })
        };
        let world_servers = (0..size).fold(String::new(), |mut text, n| {
            let _ = writeln!(
                text,
                "  - {{ connection: grid, id: {}, name: web-{n:06}, power: on }}",
                100_000 + n
            );
            text
        });
        let text =
            format!("version: 1\nconnections: {{ grid: {{ type: gogrid }} }}\nservers:\n{world_servers}");
        std::fs::write(&world, text).ok()?;
        let mut simulator = Command::new(program)
            .args(["simulate", "--listen", "127.0.0.1:0", "-q"])
            .arg(&world)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let lines = BufReader::new(simulator.stdout.take()?).lines().map_while(Result::ok);
        let endpoint = lines.into_iter().find_map(|line| {
            line.trim().strip_prefix("endpoint: ").map(|url| url.trim_matches('"').to_owned())
        })?;
        let head = format!(
            "version: 1\nproviders:\n  grid:\n    type: gogrid\n    endpoint: {endpoint}\n    api_key: sim-grid-key\n    \
             secret: sim-grid-secret\nservers:\n"
        );
        let write = |name: &str, count: usize| {
            let path = folder.join(name);
            std::fs::write(&path, format!("{head}{}", servers(count))).ok()?;
            Some(path.display().to_string())
        };
        Some(Self {
            fleet: write("fleet.yaml", size)?,
            small: write("small.yaml", 10)?,
            endpoint,
            folder,
            simulator,
        })
    }
}
