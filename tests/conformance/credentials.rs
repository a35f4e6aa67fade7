//! Wrong credentials are refused without doubt, and no credential is ever printed.

use crate::rig::{Bench, for_every_provider, open, operations, settings};
use fleetform::http::{Clients, Limits};
use fleetform::model::{SettingKind, Settings};
use fleetform::provider::{Effect, ErrorKind};
use fleetform::providers::{Opening, Registration};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PLANTED: &str = "hunter2-planted-Secret";

/// The settings of a bench with one of them replaced.
fn with_wrong(row: &Registration, bench: &Bench, wrong: &str) -> Settings {
    let given = &bench.running.endpoint("c").unwrap().settings;
    assert!(row.spec.settings.iter().any(|setting| setting.name == wrong));
    let mut settings = Settings::default();
    for (name, value) in given {
        settings.set(name.clone(), if name == wrong { PLANTED.to_owned() } else { value.clone() });
    }
    settings
}

fn secrets(row: &'static Registration, bench: &Bench) -> Vec<&'static str> {
    let given = &bench.running.endpoint("c").unwrap().settings;
    let of_kind = row.spec.settings.iter().filter(|setting| setting.kind == SettingKind::Secret);
    of_kind.map(|setting| setting.name).filter(|name| given.contains_key(*name)).collect()
}

#[tokio::test]
async fn a_wrong_secret_is_an_auth_error_that_does_not_show_it() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        let names = secrets(row, &bench);
        assert!(!names.is_empty(), "every provider has a secret");
        for name in names {
            let provider = open(row, &with_wrong(row, &bench, name), Duration::from_secs(5));
            let error = provider.get(&bench.id("runs")).await.expect_err("the credentials are wrong");
            assert_eq!(
                (error.kind, error.effect, error.is_transient()),
                (ErrorKind::Auth, Effect::None, false)
            );
            for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
                assert!(!text.contains(PLANTED), "{name}: {text}");
            }
            for (operation, can) in operations(&row.spec.capabilities) {
                if can {
                    let verdict = provider.send(&operation, &[bench.id("runs")]).await;
                    let verdict = verdict.and_then(|mut verdicts| verdicts.pop().unwrap());
                    let error = verdict.expect_err("the credentials are wrong");
                    assert_eq!(
                        (error.kind, error.effect),
                        (ErrorKind::Auth, Effect::None),
                        "{operation:?}: {error}"
                    );
                    assert!(!format!("{error:?}").contains(PLANTED));
                }
            }
        }
        assert!(bench.running.stats().servers.is_empty(), "nothing was done to any server");
    })
    .await;
}

#[tokio::test]
async fn a_missing_setting_is_a_config_error_that_names_it() {
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        for setting in row.spec.settings.iter().filter(|setting| setting.required) {
            let mut settings = Settings::default();
            for (name, value) in &bench.running.endpoint("c").unwrap().settings {
                if name != setting.name {
                    settings.set(name.clone(), value.clone());
                }
            }
            let limits = Limits { in_flight: 1, per_second: None, timeout: Duration::from_secs(1) };
            let opened = (row.open)(&Opening { settings: &settings, limits, clients: &Clients::new(None) });
            let error = opened.err().expect("it cannot work");
            assert_eq!(error.kind, ErrorKind::Config);
            assert!(error.message.contains(setting.name), "{error}");
        }
    })
    .await;
}

/// A log in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_appears_in_the_log_whatever_goes_wrong() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("fleetform=trace")
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for_every_provider(async |row| {
        let bench = Bench::usual(row);
        let mut forbidden = vec![PLANTED.to_owned()];
        let known = settings(&bench.running, "c");
        for name in secrets(row, &bench) {
            forbidden.push(known.get(name).unwrap().to_owned());
            let provider = open(row, &with_wrong(row, &bench, name), Duration::from_secs(5));
            let _ = provider.get(&bench.id("runs")).await;
        }
        for fault in ["html", "garbage", "cut_off", "reset_before", "refuse"] {
            bench.spoil(&serde_json::json!(1), &serde_json::json!(fault));
            let _ = bench.list().await;
            for (operation, can) in operations(&row.spec.capabilities) {
                if can {
                    let _ = bench.send(&operation, &bench.id("spare")).await;
                    break;
                }
            }
        }
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("call="), "calls are logged: {log}");
        for secret in forbidden {
            assert!(!log.contains(&secret), "{secret} is in the log");
        }
        assert!(!log.contains("authorization") && !log.contains("sig="));
    })
    .await;
}
