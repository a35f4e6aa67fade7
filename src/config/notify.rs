//! Receivers of notifications as written to receivers as used: references replaced, what must not be sent refused.

use super::diagnostic::Diagnostic;
use super::endpoint;
use super::fleet::NotifyTarget;
use super::reference::{Piece, pieces};
use super::resolve::resolve_value;
use crate::model::{Location, NoticeFormat, NoticeKind, NoticeSeverity};
use secrecy::{ExposeSecret, SecretString};

/// The shortest secret that signs, in bytes.
const MIN_SECRET: usize = 16;

/// A receiver, ready to be used. What may be secret is in a type that prints nothing.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where notifications are posted to.
    pub url: SecretString,
    /// What they are signed with.
    pub secret: Option<SecretString>,
    /// In which form.
    pub format: NoticeFormat,
    /// Which ones.
    pub events: Vec<NoticeKind>,
    /// And of these, those that are at least so bad.
    pub min_severity: NoticeSeverity,
    /// Headers beside ours, names in lower case.
    pub headers: Vec<(String, SecretString)>,
}

/// Replaces the references of a receiver. No message holds a value.
///
/// # Errors
/// References that lead nowhere, a URL that must not be sent to, a secret that is too short.
pub fn resolve_receiver(
    target: &NotifyTarget,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Receiver, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut value = |name: &str, value: &super::fleet::Value| match resolve_value("notify", name, value, env)
    {
        Ok(text) => Some(SecretString::from(text)),
        Err(finding) => {
            findings.push(*finding);
            None
        }
    };
    let url = value("url", &target.url);
    let secret = target.secret.as_ref().map(|secret| value("secret", secret));
    let headers: Vec<_> = target
        .headers
        .iter()
        .filter_map(|(name, header)| Some((name.clone(), value(&format!("the header {name}"), header)?)))
        .collect();
    let mut refuse = |at: &Location, finding: Diagnostic| findings.push(finding.at(at.clone()));
    if let Some(Err(bad)) = url.as_ref().map(|url| endpoint::check_hook(url.expose_secret())) {
        refuse(&target.url.location, Diagnostic::error(bad.code, format!("url {}", bad.why)).cure(bad.cure));
    }
    if let (Some(Some(text)), Some(given)) = (&secret, &target.secret)
        && text.expose_secret().len() < MIN_SECRET
    {
        let message = format!("the secret has fewer than {MIN_SECRET} characters");
        let cure = "make one with: openssl rand -base64 32";
        refuse(&given.location, Diagnostic::error("bad_notify", message).cure(cure));
    }
    for (name, header) in &headers {
        if !header.expose_secret().bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
            let message = format!("the header {name} holds a character that a header cannot carry");
            let cure = "keep it to printable ASCII characters";
            refuse(&target.headers[name].location, Diagnostic::error("bad_notify", message).cure(cure));
        }
    }
    match url {
        Some(url) if findings.is_empty() => Ok(Receiver {
            url,
            secret: secret.flatten(),
            format: target.format,
            events: target.events.clone(),
            min_severity: target.min_severity,
            headers,
        }),
        _ => Err(findings),
    }
}

/// A secret that is given on the command line, where only a reference may stand: every process on a machine can read
/// the arguments of the others. `name` is the option's, for messages, which never hold the text.
///
/// # Errors
/// Why it is no secret, with a cure, in one line.
pub fn resolve_secret_option(
    name: &str,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<SecretString, String> {
    let found = pieces(text).map_err(|bad| format!("{name} {}; {}", bad.why, bad.cure))?;
    if !matches!(found.as_slice(), [Piece::Env(_) | Piece::File(_)]) {
        return Err(format!(
            "{name} takes a reference, not the secret itself, which others could read from the list of processes; \
             write '${{env:NAME}}' or '${{file:PATH}}', in single quotes"
        ));
    }
    let location = Location { file: "".into(), line: 1, column: 1 };
    let value = super::fleet::Value { text: text.to_owned(), location };
    let resolved = resolve_value("this command", name, &value, env);
    resolved.map(SecretString::from).map_err(|finding| {
        let cure = finding.cure.as_deref().map(|cure| format!("; {cure}")).unwrap_or_default();
        format!("{}{cure}", finding.message)
    })
}
