//! The unavoidable alone: YAML events, pages over HTTP one after another, JSON into typed structs.

use md5::{Digest, Md5};
use saphyr_parser::Parser;
use serde::Deserialize;
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Deserialize)]
struct Envelope {
    summary: Summary,
    list: Vec<Server>,
}

#[derive(Deserialize)]
struct Summary {
    total: usize,
}

#[derive(Deserialize)]
struct Server {
    id: u64,
    name: String,
    state: State,
}

#[derive(Deserialize)]
struct State {
    name: String,
}

pub(crate) fn run(fleet: &str, endpoint: &str) -> ExitCode {
    let Ok(text) = std::fs::read_to_string(fleet) else { return ExitCode::FAILURE };
    let mut scalars: Vec<String> = Vec::new();
    for event in Parser::new_from_str(&text) {
        match event {
            Ok((saphyr_parser::Event::Scalar(text, ..), _)) => scalars.push(text.into_owned()),
            Ok(_) => {}
            Err(_) => return ExitCode::FAILURE,
        }
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(pages(endpoint)) {
        Ok(servers) if servers.iter().all(|s| s.id > 0 && !s.name.is_empty() && !s.state.name.is_empty()) => {
            println!("{} scalars, {} servers", scalars.len(), servers.len());
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

async fn pages(endpoint: &str) -> Result<Vec<Server>, Box<dyn std::error::Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut servers = Vec::new();
    for page in 0.. {
        let now = jiff::Timestamp::now().as_second();
        let digest = Md5::digest(format!("sim-grid-keysim-grid-secret{now}"));
        let sig = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let url = format!(
            "{endpoint}/grid/server/list?api_key=sim-grid-key&sig={sig}&v=1.6&format=json&num_items=100&page={page}"
        );
        let body = client.get(url).send().await?.bytes().await?;
        let envelope: Envelope = serde_json::from_slice(&body)?;
        let done = envelope.list.is_empty() || servers.len() + envelope.list.len() >= envelope.summary.total;
        servers.extend(envelope.list);
        if done {
            break;
        }
    }
    Ok(servers)
}
