//! Large fleet files are parsed while the first pages are on their way: the connections stand at the top of a
//! file, and nothing but reading is done with them before the whole file is known to be right.

use super::args::{Global, Shape};
use super::exit::Failure;
use super::fetch::{self, Reading};
use super::io::Io;
use super::session::{self, Session, mode, paths};
use crate::config::{self, Connections, Diagnostic, Loaded};
use crate::providers;
use std::path::PathBuf;
use tokio::sync::oneshot;

/// Below this many bytes a file is parsed before a connection is made anyway.
const WORTH_IT: u64 = 256 * 1024;

/// Opens the session and, where that is worth it, begins to list its connections meanwhile.
pub(super) async fn open(
    global: &Global,
    shape: &Shape,
    io: &mut Io<'_>,
) -> Result<(Session, Reading), Failure> {
    let paths = paths(global);
    // With targets only some connections are used, and no other is to be touched.
    if global.simulate.is_some() || !shape.target.is_empty() || !shape.exclude.is_empty() || !is_large(&paths)
    {
        return Ok((Session::open(global, io)?, Reading::default()));
    }
    let mentioned = Mentioned::read(&paths);
    let (found, connections) = oneshot::channel();
    let (done, mut loaded) = oneshot::channel();
    let mode = mode(global);
    std::thread::spawn(move || {
        let mut found = Some(found);
        let loaded = config::load_early(&paths, &providers::specs(), mode, &mut |connections| {
            // Nobody listens any more when the command was interrupted.
            let _ = found.take().map(|found| found.send(connections.clone()));
        });
        drop(found);
        let _ = done.send(loaded);
    });
    let reading = begin(connections, &mentioned);
    tokio::pin!(reading);
    let mut read = None;
    let loaded = loop {
        tokio::select! {
            loaded = &mut loaded => break loaded,
            reading = &mut reading, if read.is_none() => read = Some(reading),
        }
    };
    let loaded: Result<Loaded, Vec<Diagnostic>> =
        loaded.map_err(|_| Failure::problem("the fleet file could not be read to its end"))?;
    let session = Session::of(loaded, global, io)?;
    let reading = match read {
        Some(reading) => reading,
        None => reading.await,
    };
    Ok((session, reading))
}

/// Lists the connections as soon as they are known. What cannot be opened is left to be told with its place later.
async fn begin(connections: oneshot::Receiver<Connections>, mentioned: &Mentioned) -> Reading {
    let Ok(connections) = connections.await else { return Reading::default() };
    let used = connections.values().filter(|connection| mentioned.has(connection.name.as_str()));
    let links = session::links(used, None, None, |connection, row| {
        config::resolve(connection, row.spec, &config::process_env)
    });
    let Ok(links) = links else { return Reading::default() };
    let live = fetch::list(|name| fetch::in_flight(connections.get(name)), &links).await;
    Reading { links, live }
}

fn is_large(paths: &[PathBuf]) -> bool {
    let size =
        |path: &PathBuf| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
    paths.iter().map(size).try_fold(0, |sum: u64, size| Some(sum + size?)).is_some_and(|sum| sum >= WORTH_IT)
}

/// The connections that some `provider:` names: no other one is touched before the file is known.
struct Mentioned {
    words: std::collections::HashSet<String>,
}

impl Mentioned {
    fn read(paths: &[PathBuf]) -> Self {
        let mut words = std::collections::HashSet::new();
        for text in paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()) {
            for rest in text.split("provider:").skip(1) {
                let end = |c: char| c.is_whitespace() || matches!(c, ',' | '}' | '#');
                let word = rest.trim_start().split(end).next().unwrap_or_default().trim_matches(['"', '\'']);
                if !words.contains(word) {
                    words.insert(word.to_owned());
                }
            }
        }
        Self { words }
    }

    fn has(&self, name: &str) -> bool {
        self.words.contains(name)
    }
}
