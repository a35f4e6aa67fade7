//! A credential that is got by logging in: shared by all calls of a connection, renewed once for all of them.

use super::answer::Answer;
use crate::provider::{Error, ErrorKind};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What a login brought.
#[derive(Debug)]
pub struct Grant<T> {
    /// What calls are made with.
    pub pass: T,
    /// How long it is good for, seen from now; `None` where that is not told, or so long that no run sees its end.
    pub lifetime: Option<Duration>,
}

/// The pass of a connection, once it has one.
#[derive(Debug)]
pub struct Session<T> {
    held: Mutex<Held<T>>,
    /// Logins that have come to an end, well or badly.
    logins: AtomicU64,
}

#[derive(Debug)]
struct Held<T> {
    pass: Option<Pass<T>>,
    /// The last login, where it failed, and which one it was.
    failure: Option<(u64, Error)>,
}

#[derive(Debug)]
struct Pass<T> {
    value: Arc<T>,
    number: u64,
    until: Option<Instant>,
}

impl<T> Clone for Pass<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<T> Default for Session<T> {
    fn default() -> Self {
        Self { held: Mutex::new(Held { pass: None, failure: None }), logins: AtomicU64::new(0) }
    }
}

impl<T> Session<T> {
    /// Makes a call with the session's pass, which `login` gets when there is none yet. An answer 401 means that
    /// the call was not carried out: it is made once more with a new pass, and the answer to that is returned
    /// whatever it is. However many calls meet a 401 at once, one of them logs in.
    ///
    /// # Errors
    /// What `login` or `call` fail with. Refused credentials are not sent a second time: that may lock the account.
    pub async fn send<L, C>(&self, login: impl Fn() -> L, call: impl Fn(Arc<T>) -> C) -> Result<Answer, Error>
    where
        L: Future<Output = Result<Grant<T>, Error>>,
        C: Future<Output = Result<Answer, Error>>,
    {
        let first = self.pass(None, &login).await?;
        let answer = call(Arc::clone(&first.value)).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        tracing::info!("the session has ended; logging in again");
        let second = self.pass(Some(first.number), &login).await?;
        call(second.value).await
    }

    /// The pass, got by `login` where there is none yet or it has run out.
    ///
    /// # Errors
    /// What `login` fails with.
    pub async fn get<L>(&self, login: impl Fn() -> L) -> Result<Arc<T>, Error>
    where
        L: Future<Output = Result<Grant<T>, Error>>,
    {
        Ok(self.pass(None, &login).await?.value)
    }

    /// A pass that is not the refused one.
    async fn pass<L>(&self, refused: Option<u64>, login: &impl Fn() -> L) -> Result<Pass<T>, Error>
    where
        L: Future<Output = Result<Grant<T>, Error>>,
    {
        let asked_at = self.logins.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        let is_good = |pass: &&Pass<T>| {
            Some(pass.number) != refused && pass.until.is_none_or(|until| Instant::now() < until)
        };
        if let Some(pass) = held.pass.as_ref().filter(is_good) {
            return Ok(pass.clone());
        }
        if let Some((number, error)) = &held.failure {
            // A login that failed while this call waited for it is this call's answer as well.
            if is_final(error) || *number > asked_at {
                return Err(error.clone());
            }
        }
        let granted = login().await;
        let number = self.logins.fetch_add(1, Ordering::AcqRel) + 1;
        match granted {
            Ok(grant) => {
                let until = grant.lifetime.map(|lifetime| Instant::now() + lifetime);
                let pass = Pass { value: Arc::new(grant.pass), number, until };
                *held = Held { pass: Some(pass.clone()), failure: None };
                Ok(pass)
            }
            Err(error) => {
                *held = Held { pass: None, failure: Some((number, error.clone())) };
                Err(error)
            }
        }
    }
}

/// Whether the same login would be refused again.
fn is_final(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden)
}
