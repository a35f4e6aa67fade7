//! What can be wrong with a world, a fault rule or the place where the simulator should serve.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a simulator could not be started, changed or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The world says something that cannot be.
    #[error("world: {path}: {message}")]
    World {
        /// Where in the world, for example `servers[3]`.
        path: String,
        /// What is wrong there.
        message: String,
    },
    /// A change asked for while running that cannot be made.
    #[error("{0}")]
    Change(String),
    /// Only loopback addresses are served: the credentials are public.
    #[error("the simulator listens on loopback addresses only, and {0} is none")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The thread or its runtime could not be made, or ended badly.
    #[error("the simulator's thread: {0}")]
    Thread(std::io::Error),
    /// The world could not be kept.
    #[error("cannot keep the simulated world in {path}: {source}", path = path.display())]
    Persist {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl Error {
    /// A mistake in the world, with its place.
    pub(super) fn world(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::World { path: path.into(), message: message.into() }
    }
}
