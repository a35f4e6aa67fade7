//! SDK-HMAC-SHA256 from the caller's side, for requests whose paths need no encoding.

use crate::common::{Answer, Client};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

pub(crate) struct Signer {
    base: String,
    access: String,
    secret: String,
    off: i64,
    more: Vec<(String, String)>,
}

impl Signer {
    pub(crate) fn new(base: &str, access: &str, secret: &str) -> Self {
        let (base, access, secret) = (base.to_owned(), access.to_owned(), secret.to_owned());
        Self { base, access, secret, off: 0, more: Vec::new() }
    }

    /// With a clock that is ahead by so many seconds.
    pub(crate) fn off_by(mut self, seconds: i64) -> Self {
        self.off = seconds;
        self
    }

    /// With one more header, signed too.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.more.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signs the query sorted and sends it as it is given.
    pub(crate) fn send(&self, method: &str, path: &str, query: &str, body: &str) -> Answer {
        let (host, prefix) = self.base.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let now = jiff::Timestamp::now().as_second() + self.off;
        let date = jiff::Timestamp::from_second(now).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = self.more.clone();
        headers.push(("host".to_owned(), host.to_owned()));
        headers.push(("x-sdk-date".to_owned(), date.clone()));
        headers
            .extend((!body.is_empty()).then(|| ("content-type".to_owned(), "application/json".to_owned())));
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let block: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let block = block.concat();
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.sort_unstable();
        let query_signed = pairs.join("&");
        let hash = hex(&Sha256::digest(body));
        let canonical = format!("{method}\n/{prefix}{path}/\n{query_signed}\n{block}\n{names}\n{hash}");
        let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hex(&Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        let access = &self.access;
        let claim = format!("SDK-HMAC-SHA256 Access={access}, SignedHeaders={names}, Signature={signature}");
        let mut client = Client::new(&self.base).with_header("authorization", &claim);
        for (name, value) in
            headers.iter().filter(|(name, _)| !["host", "content-type"].contains(&name.as_str()))
        {
            client = client.with_header(name, value);
        }
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let media_type = (!body.is_empty()).then_some("application/json");
        client.send(method, &path, media_type, body.as_bytes().to_vec())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
