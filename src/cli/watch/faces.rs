//! The watcher's faces to the world: its window and its notifications. Both read what its board shows.

use super::Watcher;
use crate::cli::args::WatchArgs;
use crate::cli::exit::Failure;
use crate::cli::io::Io;
use crate::config::{process_env, resolve_receiver, resolve_secret_option};
use crate::notify::{Notifier, NotifyOptions, Pace};
use crate::serve::{Bound, ListenError, ListenOptions, Server, Serving};
use crate::watch::NotificationStatus;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// The token's variable, where no option gives it.
const TOKEN_VARIABLE: &str = "FLEETFORM_LISTEN_TOKEN";

/// What was told already, below the ledger.
const TOLD: &str = "watch/notified.json";

/// What has happened last is told within this time of the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Takes the address to listen on, where there is one: before the first round, and before anything is read.
pub(in crate::cli) fn bind(args: &WatchArgs) -> Result<Option<Bound>, Failure> {
    let Some(address) = args.listen else { return Ok(None) };
    let token = match &args.listen_token {
        Some(text) => {
            Some(resolve_secret_option("--listen-token", text, &process_env).map_err(Failure::usage)?)
        }
        None => process_env(TOKEN_VARIABLE).map(SecretString::from),
    };
    let bound = Server::bind(&ListenOptions { address, token }).map_err(|error| match error {
        ListenError::Bind { .. } | ListenError::Thread(_) => Failure::problem(error.to_string()),
        _ => Failure::usage(error.to_string()),
    })?;
    Ok(Some(bound))
}

/// What runs beside the loop.
pub(in crate::cli) struct Faces {
    serving: Option<Serving>,
    notifier: Option<Notifier>,
}

impl Faces {
    /// Begins to show and to tell.
    pub(in crate::cli) fn open(
        bound: Option<Bound>,
        watcher: &Watcher<'_>,
        io: &mut Io<'_>,
    ) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::problem(error.to_string());
        let notifier = notifier(watcher, io)?;
        let source = notifier.as_ref().map_or_else(
            || Arc::new(Vec::<NotificationStatus>::new) as crate::serve::Notifications,
            Notifier::status_source,
        );
        let serving = bound.map(|bound| bound.run(watcher.board(), source)).transpose();
        let serving = serving.map_err(|error| failed(&error))?;
        if let Some(serving) = &serving {
            io.mention(&format!("Serving http://{}/", serving.address()));
        }
        Ok(Self { serving, notifier })
    }

    /// Tells what is left to tell, and closes the window.
    pub(in crate::cli) fn close(self) {
        if let Some(notifier) = self.notifier {
            notifier.finish(LAST_WORDS);
        }
        drop(self.serving);
    }
}

fn notifier(watcher: &Watcher<'_>, io: &mut Io<'_>) -> Result<Option<Notifier>, Failure> {
    let session = &watcher.session;
    let mut receivers = Vec::new();
    for target in &session.fleet.notify {
        match resolve_receiver(target, &process_env) {
            Ok(receiver) => receivers.push(receiver),
            // A rehearsal needs no credentials; whoever has them may try his receiver.
            Err(_) if session.is_simulated() => {
                io.warn(&format!(
                    "{}:{}: this receiver is not notified: what it refers to is not there",
                    target.location.file, target.location.line
                ));
            }
            Err(findings) => return Err(Failure::Diagnostics(findings)),
        }
    }
    if receivers.is_empty() {
        return Ok(None);
    }
    let board = watcher.board();
    let status = board.latest();
    let options = NotifyOptions {
        receivers,
        watcher: status.watcher.clone(),
        simulated: session.is_simulated(),
        memory: Some(session.ledger.join(TOLD)),
        pace: Pace::default(),
    };
    Notifier::start(options, &board).map(Some).map_err(|error| Failure::problem(error.to_string()))
}
