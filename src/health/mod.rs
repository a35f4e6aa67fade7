//! Asks a server whether it is healthy, once per call: no retries, nothing is judged. Knows nothing of providers and
//! has none of their credentials.

mod exec;

use crate::model::{HealthCheck, Probe};
use reqwest::{Client, Url, redirect};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::net::TcpStream;

/// Which server is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `connection/name`.
    pub address: &'a str,
    /// The provider's id.
    pub id: &'a str,
    /// The name by now.
    pub name: &'a str,
}

/// What asks. The HTTP client is built when it is first needed.
#[derive(Default)]
pub struct Probes {
    client: OnceLock<Result<Client, String>>,
}

impl Probes {
    /// Asks once; at most `limit`.
    ///
    /// # Errors
    /// Why it is not healthy, or could not be asked, for people.
    pub async fn ask(&self, check: &HealthCheck, asked: Asked<'_>, limit: Duration) -> Result<(), String> {
        let work = async {
            match &check.probe {
                Probe::Tcp(to) => TcpStream::connect(to).await.map(drop).map_err(|error| plain(&error)),
                Probe::Http(url) => self.get(url).await,
                Probe::Exec(words) => exec::run(words, asked).await,
            }
        };
        match tokio::time::timeout(limit, work).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no end within {} ms", limit.as_millis())),
        }
    }

    async fn get(&self, text: &str) -> Result<(), String> {
        let url = Url::parse(text).map_err(|_| "it is no URL".to_owned())?;
        // Values that were filled in may have made it one; a client would send them as credentials.
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds credentials; it was not asked".into());
        }
        let client = self.client.get_or_init(client).as_ref().map_err(Clone::clone)?;
        match client.get(url).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("status {}", answer.status().as_u16())),
            Err(error) => Err(cause(&error.without_url())),
        }
    }
}

/// Its own client: no redirects, no proxy, no credentials, and a fresh connection each time, as a client of the
/// server would make it.
fn client() -> Result<Client, String> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .user_agent(concat!("fleetform/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| cause(&error))
}

/// The innermost reason, which is the one that says something.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.downcast_ref::<std::io::Error>().map_or_else(|| last.to_string(), plain)
}

/// `connection refused`, without the number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_lowercase(), letters.as_str()))
}
