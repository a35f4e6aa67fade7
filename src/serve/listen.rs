//! Binding, serving and stopping: one thread, one single-threaded runtime, one listener.

use super::access::Access;
use super::connection::talk;
use super::site::{Notifications, Site};
use crate::watch::Board;
use secrecy::{ExposeSecret, SecretString};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// The shortest token, in bytes.
pub const MIN_TOKEN: usize = 16;

/// Connections at once. One more ends the oldest: whoever sends nothing cannot keep others out.
const MAX_CONNECTIONS: usize = 128;

/// How long answers under way get when it stops.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Where to listen, and who may read.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// What a reader must know. Needed on every address but loopback.
    pub token: Option<SecretString>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Others could read what the servers are called and how they fare.
    #[error(
        "listening on {0} needs a token, because others can reach that address; give it by --listen-token '${{file:PATH}}' \
         or in FLEETFORM_LISTEN_TOKEN, or listen on 127.0.0.1 or [::1]"
    )]
    NoToken(SocketAddr),
    /// It could be guessed.
    #[error("the listen token has fewer than {MIN_TOKEN} characters; make one with: openssl rand -base64 24")]
    ShortToken,
    /// It cannot be sent in a header.
    #[error("the listen token holds a character that a header cannot carry; use letters and digits")]
    BadToken,
    /// The address is taken, is not this machine's, or needs a privilege.
    #[error("cannot listen on {address}: {source}; choose another port, or end the program that has it")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The thread could not be started.
    #[error("cannot serve: {0}")]
    Thread(std::io::Error),
}

/// The server, before it listens.
pub struct Server;

impl Server {
    /// Takes the address. Everything that can be wrong is told now, before the first round.
    pub fn bind(options: &ListenOptions) -> Result<Bound, ListenError> {
        let address = options.address;
        match options.token.as_ref().map(ExposeSecret::expose_secret) {
            None if !address.ip().is_loopback() => return Err(ListenError::NoToken(address)),
            Some(token) if token.len() < MIN_TOKEN => return Err(ListenError::ShortToken),
            Some(token) if !token.bytes().all(|b| b.is_ascii_graphic()) => return Err(ListenError::BadToken),
            _ => {}
        }
        let failed = |source| ListenError::Bind { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Bound { listener, address, access: Access::new(options.token.as_ref()) })
    }
}

/// A server that has its address.
#[derive(Debug)]
pub struct Bound {
    listener: std::net::TcpListener,
    address: SocketAddr,
    access: Access,
}

impl Bound {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to serve what the board shows, and how notifications fare.
    pub fn run(self, board: Board, notifications: Notifications) -> Result<Serving, ListenError> {
        let site = Arc::new(Site { board, notifications, access: self.access });
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ListenError::Thread)?;
        let body = move || runtime.block_on(serve(site, self.listener, stopped));
        let thread = std::thread::Builder::new().name("serve".into()).spawn(body);
        Ok(Serving { address: self.address, stop, thread: Some(thread.map_err(ListenError::Thread)?) })
    }
}

/// A server that serves until it is dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::warn!("the thread that served the page died");
        }
    }
}

async fn serve(site: Arc<Site>, listener: std::net::TcpListener, mut stop: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!("nothing is served: {error}");
            return;
        }
    };
    let mut connections = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    oldest.retain(|handle| !handle.is_finished());
                    if oldest.len() >= MAX_CONNECTIONS && let Some(handle) = oldest.pop_front() {
                        handle.abort();
                    }
                    oldest.push_back(connections.spawn(talk(Arc::clone(&site), stream)));
                }
                // Out of file descriptors, as a rule: others close soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, all).await.is_err() {
        connections.shutdown().await;
    }
}
