//! `watch --listen` and `notify:` through the built program, on a simulator with a hand behind its back.

use super::client::get;
use super::desk::{Desk, Ran, finish, signal};
use super::exposition::read;
use super::receiver::Receiver;
use super::schemas::Schema;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "CANARY-listen-token";
const HOOK_SECRET: &str = "CANARY-hook-secret";

/// A watcher that runs, and where it serves.
struct Watching {
    child: Child,
    to: SocketAddr,
    said: std::thread::JoinHandle<String>,
}

impl Watching {
    fn start(desk: &Desk, args: &[&str], envs: &[(&str, &str)]) -> Self {
        let mut all = vec!["watch", "--listen", "127.0.0.1:0", "--interval", "1s"];
        all.extend(args);
        let mut command = desk.command(&all);
        let mut child = command.envs(envs.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let to = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
            said.push_str(&line);
            if let Some((_, address)) = line.trim().split_once("Serving http://") {
                break address.trim_end_matches('/').parse().unwrap();
            }
        };
        // Nobody who writes may find the pipe full.
        let said = std::thread::spawn(move || {
            lines.read_to_string(&mut said).unwrap();
            said
        });
        Self { child, to, said }
    }

    /// Asks until the answer is as wanted.
    fn until(&self, path: &str, headers: &[&str], so: impl Fn(u16, &str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let answer = get(self.to, path, headers);
            if so(answer.status, &answer.body) {
                return answer.body;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{path}: {answer:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it, and returns everything that it said.
    fn stop(self) -> (Ran, String) {
        signal(&self.child, "TERM");
        (finish(self.child), self.said.join().unwrap())
    }
}

#[test]
fn a_drift_is_shown_on_every_face_and_told_to_every_receiver_and_no_secret_is() {
    let (events, slack) = (Receiver::answering(&["500 X"]), Receiver::answering(&[]));
    let desk = Desk::new(
        "notify:\n  - { url: \"${env:HOOK}\", secret: \"${env:HOOK_SECRET}\", events: [drift, corrected] }\n  \
         - { url: \"${env:SLACK}\", format: slack, min_severity: warning }\n\
         servers:\n  - { name: \"web-{1..3}\", power: on }\n",
    );
    let (hook, slack_hook) = (events.url("/hook"), slack.url("/services/CANARY-path"));
    let envs = [
        ("HOOK", &*hook),
        ("HOOK_SECRET", HOOK_SECRET),
        ("SLACK", &slack_hook),
        ("FLEETFORM_LISTEN_TOKEN", TOKEN),
    ];
    let watching = Watching::start(&desk, &["-vv"], &envs);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    watching.until("/readyz", &[], |status, _| status == 200);
    assert_eq!(get(watching.to, "/metrics", &[]).status, 401);
    desk.patch("flex", "web-2", json!({ "power": "off" }));
    let page = watching.until("/", &[&bearer], |_, body| body.contains("1 server is not as declared"));
    assert!(page.contains("<code>flex/web-2</code>"));
    let status: Value = serde_json::from_str(&get(watching.to, "/status.json", &[&bearer]).body).unwrap();
    Schema::published("status").accepts(&status).unwrap();
    assert_eq!(status["drift"][0]["address"], "flex/web-2");
    let metrics = read(&get(watching.to, "/metrics", &[&bearer]).body).unwrap();
    // Without --enforce it would be put right, were it not only watched.
    let drifting: f64 = metrics.families["fleetform_drift_servers"].1.values().sum();
    assert!((drifting - 1.0).abs() < f64::EPSILON);
    // Refused once, told once more; and not in every round.
    let posts = events.wait_for(2);
    assert_eq!(posts[1].json()["data"]["servers"][0]["address"], "flex/web-2");
    assert!(slack.wait_for(1)[0].json()["text"].as_str().unwrap().contains("`flex/web-2`"));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!((events.posts().len(), slack.posts().len()), (2, 1));
    let (ran, said) = watching.stop();
    assert_eq!(ran.code, Some(130));
    // A new run finds the same drift, and tells nobody.
    let watching = Watching::start(&desk, &[], &envs);
    watching.until("/status.json", &[&bearer], |_, body| body.contains("flex/web-2"));
    std::thread::sleep(Duration::from_millis(1500));
    let status = get(watching.to, "/status.json", &[&bearer]).body;
    assert_eq!((events.posts().len(), slack.posts().len()), (2, 1), "{status}");
    assert!(status.contains("\"repeated\": 1"), "{status}");
    let (again, said_again) = watching.stop();
    let all = [ran.out, said, again.out, said_again, page, status];
    assert!(all.iter().all(|text| !text.contains("CANARY")), "{all:#?}");
    let shown =
        std::process::Command::new("grep").args(["-r", "CANARY", "."]).current_dir(&desk.folder).output();
    assert_eq!(String::from_utf8(shown.unwrap().stdout).unwrap(), "");
}

#[test]
fn what_cannot_be_served_is_told_before_the_first_round() {
    let desk = Desk::new("servers:\n  - { name: web-1, power: on }\n");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let watch = |args: &[&str]| desk.run(&[&["watch", "--once"], args].concat());
    watch(&["--listen", &address]).code(1).says("cannot listen on").says("choose another port");
    watch(&["--listen", "0.0.0.0:0"]).code(64).says("needs a token");
    watch(&["--listen", "nonsense"]).code(64);
    watch(&["--listen-token", "${env:T}"]).code(64).says("--listen");
    let literal = watch(&["--listen", "127.0.0.1:0", "--listen-token", "CANARY-0123456789abcdef"]).code(64);
    let literal = literal.says("takes a reference").says("'${env:NAME}'");
    assert!(!format!("{literal:?}").contains("CANARY"), "{literal:?}");
    watch(&["--listen", "127.0.0.1:0", "--listen-token", "${env:NOT_SET}"]).code(64).says("NOT_SET");
    desk.write("token", "CANARY-short\n");
    let short = watch(&["--listen", "127.0.0.1:0", "--listen-token", "${file:token}"]).code(64);
    assert!(!format!("{:?}", short.says("16 characters")).contains("CANARY"));
    desk.write("token", "long-enough-0123456789\n");
    watch(&["--listen", "0.0.0.0:0", "--listen-token", "${file:token}"])
        .code(0)
        .says("Serving http://0.0.0.0:");
    // None of the refused ones read anything.
    let lists = desk.running.stats();
    assert_eq!(desk.accepted(), 0, "{lists:?}");
}

#[test]
fn a_receiver_that_is_not_there_is_told_before_the_first_round_with_its_line() {
    let desk = Desk::new("notify:\n  - url: ${env:HOOK}\nservers:\n  - { name: web-1, power: on }\n");
    desk.run(&["watch", "--once"])
        .code(1)
        .says("the environment variable HOOK of url is not set")
        .says("fleet.yaml:13:10");
    let mut plain = desk.command(&["watch", "--once"]);
    let ran = Ran::from(plain.env("HOOK", "http://CANARY.example.com/x").output().unwrap()).code(1);
    assert!(!format!("{:?}", ran.says("plain http")).contains("CANARY"));
    // Whoever does not watch needs no receiver.
    desk.run(&["plan"]).code(0);
}
