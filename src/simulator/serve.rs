//! Starting, serving and stopping: one thread, one single-threaded runtime, one loopback listener.

use super::body::Dropped;
use super::exchange::exchange;
use super::shared::{Keeping, Line, Shared};
use super::state::face_of;
use super::stats::Stats;
use super::{Error, Faces, Origin, World, admin, persist};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long calls in flight get to be answered when the simulator stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Where the simulator serves and what it keeps.
#[derive(Clone, Debug)]
pub struct Options {
    /// The loopback address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The file in which the world is kept from one run to the next; `None` forgets it.
    pub persist: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), persist: None }
    }
}

/// A connection that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The connection's name.
    pub connection: String,
    /// Its type.
    pub type_name: String,
    /// The settings of a client, `endpoint` and made-up credentials among them; nothing here is secret.
    pub settings: BTreeMap<String, String>,
}

/// The simulator.
pub struct Simulator;

impl Simulator {
    /// Starts serving a world. Everything that can be wrong is told before this returns.
    pub fn start(world: &World, faces: Faces<'_>, options: Options) -> Result<Running, Error> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let source = persist::source_digest(world);
        let (state, origin) = persist::open(world, faces, options.persist.as_deref(), &source)?;
        let listen = |source| Error::Listen { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut lines = Vec::new();
        let mut endpoints = Vec::new();
        for (name, spec) in &world.connections {
            let face = face_of(faces, name, spec.type_name.as_deref())?;
            let base = face.base_path(name);
            let settings = face.settings(name, &format!("http://{address}{base}"));
            endpoints.push(Endpoint {
                connection: name.clone(),
                type_name: face.type_name().to_owned(),
                settings,
            });
            lines.push(Line { connection: name.clone(), base, face, in_flight: AtomicUsize::new(0) });
        }
        let revision = state.revision();
        let keep = options.persist.map(|path| Keeping {
            path,
            source,
            changed: tokio::sync::Notify::new(),
            written: watch::Sender::new(revision),
        });
        let shared = Arc::new(Shared::new(state, lines, keep));
        // At once, so that a place that cannot be written to is told now.
        shared.save(true)?;
        let thread = spawn(Arc::clone(&shared), listener)?;
        Ok(Running { shared, address, endpoints, origin, thread: Some(thread) })
    }
}

/// A simulator that serves until it is stopped or dropped.
pub struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    endpoints: Vec<Endpoint>,
    origin: Origin,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections by name, with what a client needs.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The endpoint of one connection.
    pub fn endpoint(&self, connection: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.connection == connection)
    }

    /// Whether the world was begun or continued, and why.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What really happened so far.
    pub fn stats(&self) -> Stats {
        admin::stats(&self.shared)
    }

    /// The servers as they are: `{"servers": [{"connection", "id", "name", "power", "state", …}]}`.
    pub fn world(&self) -> Value {
        serde_json::from_slice(&admin::world(&self.shared)).unwrap_or_default()
    }

    /// Changes a server behind the clients' backs: `{"power": "off"}`, `{"name": "x"}`, `{"state": "WORD"}`,
    /// `{"gone": true}`, `{"attributes": {…}}`.
    pub fn change_server(&self, connection: &str, id: &str, patch: Value) -> Result<(), Error> {
        admin::patch_server(&self.shared, connection, id, patch)
    }

    /// Ends every session that clients of a connection have: their next calls are refused.
    pub fn end_sessions(&self, connection: &str) -> Result<(), Error> {
        admin::end_sessions(&self.shared, connection)
    }

    /// Adds a fault rule, in the shape of the world file.
    pub fn add_fault(&self, rule: Value) -> Result<(), Error> {
        admin::add_fault(&self.shared, rule)
    }

    /// Counts the most calls in flight at once anew, from now on.
    pub fn forget_busiest(&self) {
        self.shared.state().connections.values_mut().for_each(super::ConnectionWorld::forget_busiest);
    }

    /// Stops: calls in flight are answered, the world is kept, the thread is joined.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        self.shared.stop.send_replace(true);
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let died = |_| Error::Thread(std::io::Error::other("it died"));
        thread.join().map_err(died)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{error}");
        }
    }
}

fn spawn(
    shared: Arc<Shared>,
    listener: std::net::TcpListener,
) -> Result<JoinHandle<Result<(), Error>>, Error> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
    let body = move || runtime.block_on(serve(shared, listener));
    std::thread::Builder::new().name("simulator".into()).spawn(body).map_err(Error::Thread)
}

async fn serve(shared: Arc<Shared>, listener: std::net::TcpListener) -> Result<(), Error> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Error::Thread)?;
    let writer = tokio::spawn(keep(Arc::clone(&shared)));
    let mut stop = shared.stop.subscribe();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(talk(Arc::clone(&shared), stream));
                }
                // Out of file descriptors, as a rule: others close soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, all).await.is_err() {
        connections.shutdown().await;
    }
    writer.abort();
    shared.save(true)
}

/// One TCP connection, kept alive over any number of exchanges.
async fn talk(shared: Arc<Shared>, stream: tokio::net::TcpStream) {
    // Small answers must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut stop = shared.stop.subscribe();
    let service = service_fn(move |request| {
        // A task of its own: the work is done even if the client has given up waiting for it.
        let work = tokio::spawn(exchange(Arc::clone(&shared), request));
        async { work.await.unwrap_or(Err(Dropped)) }
    });
    let mut builder = http1::Builder::new();
    // Idle connections stay: one that is closed just when a call comes would look like a lost answer.
    builder.header_read_timeout(None);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // An error here is a client that went away, or a fault that was asked for.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Writes the world whenever it has changed. The thread does nothing else meanwhile, so it rests after each time,
/// all the longer the larger the world.
async fn keep(shared: Arc<Shared>) {
    let Some(keeping) = &shared.keep else { return };
    loop {
        keeping.changed.notified().await;
        let begun = std::time::Instant::now();
        if let Err(error) = shared.save(false) {
            tracing::warn!("{error}");
        }
        tokio::time::sleep(begun.elapsed() * 4).await;
    }
}
