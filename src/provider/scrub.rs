//! Keeps credentials out of errors: a provider quotes what the other side says, and that may be our own secret.

use super::{Cursor, Error, Job, Mark, Meter, Observation, Part, Provider, Traffic, Trail, Verdicts};
use crate::model::{LiveServer, Operation, ServerId};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Shorter values are no secrets, and would blot out half of every message.
const SHORTEST: usize = 4;

/// Texts that are never shown.
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// These, but for the empty and the very short ones.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|secret| secret.expose_secret().len() >= SHORTEST).collect())
    }

    /// The text with stars in place of every secret.
    pub fn text(&self, text: String) -> String {
        self.0
            .iter()
            .map(ExposeSecret::expose_secret)
            .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "***") } else { text })
    }

    /// The error with stars in place of every secret.
    pub fn error(&self, error: Error) -> Error {
        Error { message: self.text(error.message), hint: error.hint.map(|hint| self.text(hint)), ..error }
    }
}

/// A provider whose errors never hold these texts.
pub struct Scrubbed {
    inner: Arc<dyn Provider>,
    secrets: Secrets,
    meter: Meter,
}

impl Scrubbed {
    /// Wraps a provider.
    pub fn new(inner: Arc<dyn Provider>, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self { inner, secrets: Secrets::new(secrets), meter: Meter::default() }
    }

    /// With what counts its traffic.
    #[must_use]
    pub fn counted(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }
}

#[async_trait]
impl Provider for Scrubbed {
    async fn list_part(&self, cursor: &Cursor) -> Result<Part, Error> {
        self.inner.list_part(cursor).await.map_err(|error| self.secrets.error(error))
    }

    async fn get(&self, id: &ServerId) -> Result<Option<LiveServer>, Error> {
        self.inner.get(id).await.map_err(|error| self.secrets.error(error))
    }

    async fn mark(&self, id: &ServerId, operation: &Operation) -> Result<Option<Mark>, Error> {
        self.inner.mark(id, operation).await.map_err(|error| self.secrets.error(error))
    }

    async fn send(&self, operation: &Operation, ids: &[ServerId]) -> Result<Verdicts, Error> {
        let verdicts = self.inner.send(operation, ids).await.map_err(|error| self.secrets.error(error))?;
        Ok(verdicts.into_iter().map(|verdict| verdict.map_err(|error| self.secrets.error(error))).collect())
    }

    async fn observe(&self, trail: Trail<'_>) -> Result<Observation, Error> {
        let seen = self.inner.observe(trail).await.map_err(|error| self.secrets.error(error))?;
        let job = match seen.job {
            Job::Failed(why) => Job::Failed(self.secrets.text(why)),
            job => job,
        };
        Ok(Observation { job, ..seen })
    }

    fn traffic(&self) -> Traffic {
        self.meter.traffic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ErrorKind;

    struct Echo;

    #[async_trait]
    impl Provider for Echo {
        async fn list_part(&self, _: &Cursor) -> Result<Part, Error> {
            Err(Error::new(ErrorKind::Auth, "user x with tops3cret was refused")
                .with_hint("tops3cret is wrong"))
        }

        async fn get(&self, _: &ServerId) -> Result<Option<LiveServer>, Error> {
            Ok(None)
        }

        async fn send(&self, _: &Operation, _: &[ServerId]) -> Result<Verdicts, Error> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_secret_that_is_echoed_is_not_shown() {
        let secrets = ["tops3cret", "x"].map(SecretString::from);
        let error = Scrubbed::new(Arc::new(Echo), secrets).list_part(&Cursor::Start).await.unwrap_err();
        assert_eq!(error.to_string(), "user x with *** was refused (*** is wrong)");
    }
}
