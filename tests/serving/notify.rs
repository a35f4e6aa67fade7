//! Notifications over real HTTP: form, signature, attempts, what is told once, what is lost, and what is never shown.

use super::fixture::{HOSTILE, address, quiet};
use super::receiver::{Post, Receiver};
use super::schemas::Schema;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fleetform::config::Receiver as Settings;
use fleetform::model::{Address, NoticeFormat, NoticeKind, NoticeSeverity, Verb};
use fleetform::notify::{Notifier, NotifyOptions, Pace};
use fleetform::watch::{Board, Happening, NotificationStatus, Occasion, Role, Status};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SECRET: &str = "CANARY-secret-0123456789";

fn settings(url: &str, format: NoticeFormat) -> Settings {
    Settings {
        url: url.into(),
        secret: Some(SECRET.into()),
        format,
        events: NoticeKind::ALL.to_vec(),
        min_severity: NoticeSeverity::Info,
        headers: vec![("authorization".into(), "Bearer CANARY-header".into())],
    }
}

fn pace() -> Pace {
    Pace {
        gather: Duration::from_millis(60),
        first_delay: Duration::from_millis(20),
        longest_delay: Duration::from_millis(60),
        attempts: 4,
        timeout: Duration::from_millis(500),
        queue: 8,
        remember: Duration::from_hours(1),
    }
}

fn start(board: &Board, receivers: Vec<Settings>, memory: Option<PathBuf>) -> Notifier {
    let options =
        NotifyOptions { receivers, watcher: quiet().watcher, simulated: true, memory, pace: pace() };
    Notifier::start(options, board).unwrap()
}

fn happening(name: &str, occasion: Occasion, digest: &str) -> Happening {
    Happening::new(Timestamp::now(), occasion, "power off -> on (declared)")
        .of(&address(name), &[Verb::PowerOn])
        .in_plan(Some(digest))
}

/// The first receiver's state, once it has come to rest.
fn settled(notifier: &Notifier) -> NotificationStatus {
    let begun = Instant::now();
    loop {
        let state = notifier.status().remove(0);
        if state.queued == 0 || begun.elapsed() > Duration::from_secs(20) {
            return state;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As docs/serving.md tells receivers to do it.
fn is_signed(post: &Post, secret: &[u8]) -> bool {
    let (id, seconds) = (&post.headers["webhook-id"], &post.headers["webhook-timestamp"]);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{id}.{seconds}.{}", post.body).as_bytes());
    let age = Timestamp::now().as_second() - seconds.parse::<i64>().unwrap();
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    post.headers["webhook-signature"] == expected && age.abs() < 300
}

#[test]
fn a_drift_is_one_signed_cloud_event() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let notifier = start(&board, vec![settings(&receiver.url("/hook?x=1"), NoticeFormat::CloudEvents)], None);
    board.tell(happening("east/web-2", Occasion::DriftSeen, "d1"));
    board.tell(happening("east/web-1", Occasion::DriftSeen, "d1"));
    board.tell(happening("flex/db", Occasion::Contested, "d1"));
    let posts = receiver.wait_for(2);
    let schema = Schema::published("notification");
    for post in &posts {
        assert!(is_signed(post, SECRET.as_bytes()));
        assert!(!is_signed(
            &Post { body: post.body.replace("power", "pover"), ..post.clone() },
            SECRET.as_bytes()
        ));
        assert!(!is_signed(post, b"another"));
        schema.accepts(&post.json()).unwrap();
        assert_eq!(post.path, "/hook?x=1");
        assert_eq!(post.headers["content-type"], "application/cloudevents+json; charset=utf-8");
        assert_eq!(post.headers["authorization"], "Bearer CANARY-header");
        assert_eq!(post.headers["webhook-id"], post.json()["id"]);
    }
    let (drift, contested) = (posts[0].json(), posts[1].json());
    for (key, value) in [
        ("specversion", "1.0"),
        ("type", "fleetform.watch.drift"),
        ("source", "/fleetform/watch/watch-1.example.org"),
        ("subject", "east"),
    ] {
        assert_eq!(drift[key], value, "{drift:#}");
    }
    assert_eq!(drift["data"]["servers"][0]["address"], "east/web-1");
    assert_eq!((&drift["data"]["server_count"], &drift["data"]["digest"]), (&2.into(), &"d1".into()));
    assert_eq!(drift["data"]["message"], "2 servers are not as declared");
    assert_eq!((&contested["subject"], &contested["data"]["severity"]), (&"flex/db".into(), &"error".into()));
    assert_ne!(drift["id"], contested["id"]);
    assert_eq!(settled(&notifier).sent, 2);
}

#[test]
fn a_secret_of_the_scheme_is_decoded_first() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let key = b"0123456789abcdef01234567";
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let one =
        Settings { secret: Some(secret.into()), ..settings(&receiver.url("/"), NoticeFormat::CloudEvents) };
    let _notifier = start(&board, vec![one], None);
    board.tell(happening("east/a", Occasion::DriftSeen, "d"));
    assert!(is_signed(&receiver.wait_for(1)[0], key));
}

#[test]
fn what_may_pass_is_tried_again_and_what_is_refused_is_not() {
    for (script, posts, sent, retries) in [
        (&["500 X", "503 X", "204 X"] as &[&str], 3, 1, 2),
        (&["none", "204 X"], 2, 1, 1),
        (&["429 X\r\nRetry-After: 1", "204 X"], 2, 1, 1),
        (&["500 X"; 9], 4, 0, 3),
        (&["400 X"], 1, 0, 0),
        (&["401 X"], 1, 0, 0),
        (&["404 X"], 1, 0, 0),
        (&["410 X"], 1, 0, 0),
    ] {
        let (receiver, board) = (Receiver::answering(script), Board::new(quiet()));
        let begun = Instant::now();
        let notifier = start(&board, vec![settings(&receiver.url("/h"), NoticeFormat::CloudEvents)], None);
        board.tell(happening("east/a", Occasion::DriftSeen, "d"));
        let got = receiver.wait_for(posts);
        let ids: Vec<&str> = got.iter().map(|post| &*post.headers["webhook-id"]).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert!(got.iter().all(|post| is_signed(post, SECRET.as_bytes())));
        let state = settled(&notifier);
        assert_eq!((state.sent, state.failed, state.retries), (sent, 1 - sent, retries), "{script:?}");
        assert_eq!(state.trouble.is_none(), sent == 1, "{state:?}");
        if script[0].contains("Retry-After") {
            assert!(begun.elapsed() >= Duration::from_secs(1));
        }
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::answering(&[]);
    let moved = format!("302 Found\r\nLocation: {}", elsewhere.url("/stolen"));
    let (receiver, board) = (Receiver::answering(&[&moved]), Board::new(quiet()));
    let notifier = start(&board, vec![settings(&receiver.url("/h"), NoticeFormat::CloudEvents)], None);
    board.tell(happening("east/a", Occasion::DriftSeen, "d"));
    receiver.wait_for(1);
    elsewhere.wait_for(0);
    assert!(settled(&notifier).trouble.unwrap().contains("redirects"));
}

#[test]
fn the_same_drift_is_told_once_and_again_when_it_happens_again() {
    let folder = tempfile::tempdir().unwrap();
    let memory = folder.path().join("notified.json");
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let open = || {
        start(
            &board,
            vec![settings(&receiver.url("/T0/CANARY-path"), NoticeFormat::CloudEvents)],
            Some(memory.clone()),
        )
    };
    let told = |names: &[&str], occasion, digest: &str, posts: usize| {
        for name in names {
            board.tell(happening(name, occasion, digest));
        }
        receiver.wait_for(posts).last().unwrap().json()
    };
    let notifier = open();
    told(&["east/a"], Occasion::DriftSeen, "d1", 1);
    told(&["east/a"], Occasion::DriftSeen, "d1", 1);
    // One more server in the same plan is news, and it alone.
    let more = told(&["east/a", "east/b"], Occasion::DriftSeen, "d1", 2);
    assert_eq!((&more["subject"], &more["data"]["server_count"]), (&"east/b".into(), &1.into()));
    told(&["east/a"], Occasion::DriftSeen, "d2", 3);
    assert_eq!(settled(&notifier).repeated, 1);
    notifier.finish(Duration::from_secs(5));
    // A restart finds the same drift: nobody is told. Of another plan they are.
    let notifier = open();
    told(&["east/a", "east/b"], Occasion::DriftSeen, "d2", 3);
    assert_eq!(settled(&notifier).repeated, 1);
    told(&["east/a"], Occasion::DriftSeen, "d3", 4);
    // What was put right and drifts again is news, in this run and in the next.
    told(&["east/a"], Occasion::Corrected, "d3", 5);
    told(&["east/a"], Occasion::DriftSeen, "d3", 6);
    told(&["east/a"], Occasion::Corrected, "d3", 7);
    notifier.finish(Duration::from_secs(5));
    let notifier = open();
    told(&["east/a"], Occasion::DriftSeen, "d3", 8);
    notifier.finish(Duration::from_secs(5));
    let kept = std::fs::read_to_string(&memory).unwrap();
    assert!(!kept.contains("CANARY") && !kept.contains("127.0.0.1"), "{kept}");
}

#[test]
fn a_memory_that_cannot_be_used_keeps_nothing_from_being_told() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.json");
    std::fs::write(&garbage, "{\"version\":1,\"told\":[{").unwrap();
    for path in [garbage.clone(), folder.path().to_owned(), garbage.join("below-a-file.json")] {
        let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
        let _notifier =
            start(&board, vec![settings(&receiver.url("/"), NoticeFormat::CloudEvents)], Some(path));
        board.tell(happening("east/a", Occasion::DriftSeen, "d"));
        receiver.wait_for(1);
    }
}

#[test]
fn a_dead_receiver_holds_up_neither_the_loop_nor_the_others_and_its_losses_are_counted() {
    // It takes connections and never says a word.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead_url = format!("http://{}/", dead.local_addr().unwrap());
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let both = vec![
        settings(&dead_url, NoticeFormat::CloudEvents),
        settings(&receiver.url("/"), NoticeFormat::CloudEvents),
    ];
    let notifier = start(&board, both, None);
    let mut slowest = Duration::ZERO;
    for at in 0..20 {
        let begun = Instant::now();
        board.tell(happening("east/a", Occasion::DriftSeen, &format!("d{at}")));
        slowest = slowest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(80));
    }
    assert!(slowest < Duration::from_millis(50), "{slowest:?}");
    let sent = receiver.wait_for(20).len();
    let states = notifier.status();
    assert_eq!((sent, states[1].sent, states[1].dropped), (20, 20, 0));
    let dead_one = &states[0];
    assert_eq!(dead_one.sent, 0);
    assert!(dead_one.dropped >= 8, "{dead_one:?}");
    assert_eq!(dead_one.dropped + dead_one.queued + dead_one.failed, 20, "{dead_one:?}");
    assert!(dead_one.trouble.as_ref().unwrap().contains("no answer within 500ms"), "{dead_one:?}");
    let begun = Instant::now();
    drop(notifier);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn what_happened_last_is_still_told_when_it_ends() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let notifier = start(&board, vec![settings(&receiver.url("/"), NoticeFormat::Slack)], None);
    board.tell(Happening::new(Timestamp::now(), Occasion::LeaderLost, "the lease was given back"));
    drop(board);
    notifier.finish(Duration::from_secs(5));
    assert!(receiver.wait_for(1)[0].json()["text"].as_str().unwrap().contains("leader lost"));
}

#[test]
fn a_standby_tells_only_of_itself() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    board.publish(Status { role: Role::Standby { holder: "another".into() }, ..quiet() });
    let _notifier = start(&board, vec![settings(&receiver.url("/"), NoticeFormat::CloudEvents)], None);
    board.tell(happening("east/a", Occasion::DriftSeen, "d"));
    board.tell(Happening::new(Timestamp::now(), Occasion::LeaderLost, "another leads"));
    assert_eq!(receiver.wait_for(1)[0].json()["data"]["event"], "leader_lost");
}

#[test]
fn a_receiver_is_told_what_it_asked_for() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let base = || settings(&receiver.url("/"), NoticeFormat::CloudEvents);
    let few = Settings { events: vec![NoticeKind::Contested, NoticeKind::Corrected], ..base() };
    let bad = Settings { min_severity: NoticeSeverity::Error, ..base() };
    let notifier = start(&board, vec![few, bad], None);
    for occasion in [Occasion::DriftSeen, Occasion::Corrected, Occasion::Contested, Occasion::Failed] {
        board.tell(happening("east/a", occasion, "d"));
    }
    let mut types: Vec<String> = receiver
        .wait_for(4)
        .iter()
        .map(|post| post.json()["data"]["event"].as_str().unwrap().to_owned())
        .collect();
    types.sort();
    // The two receivers have one URL, and each is told what it wants of the same.
    assert_eq!(types, ["contested", "contested", "corrected", "failed"]);
    drop(notifier);
}

#[test]
fn hostile_names_are_data_in_both_forms() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let forms = [NoticeFormat::CloudEvents, NoticeFormat::Slack];
    let paths = ["/c", "/s"];
    let both = forms.iter().zip(paths).map(|(format, path)| settings(&receiver.url(path), *format)).collect();
    let _notifier = start(&board, both, None);
    let at = Address::new("east".into(), HOSTILE.into());
    board
        .tell(Happening::new(Timestamp::now(), Occasion::DriftSeen, HOSTILE).of(&at, &[]).in_plan(Some("d")));
    let posts = receiver.wait_for(2);
    let of = |path: &str| posts.iter().find(|post| post.path == path).unwrap().json();
    assert_eq!(of("/c")["data"]["servers"][0]["message"], HOSTILE);
    let text = of("/s")["text"].as_str().unwrap().to_owned();
    assert!(!text.contains('<') && !text.contains('>') && !text.contains('\u{202e}'), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn ten_thousand_drifting_servers_are_one_message_of_bounded_length() {
    let (receiver, board) = (Receiver::answering(&[]), Board::new(quiet()));
    let notifier = start(&board, vec![settings(&receiver.url("/"), NoticeFormat::CloudEvents)], None);
    for at in 0..10_000 {
        board.tell(happening(&format!("east/web-{at:05}"), Occasion::DriftSeen, "d"));
        if at % 500 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let begun = Instant::now();
    let (posts, counted) = loop {
        let posts = receiver.posts();
        let count = |post: &Post| post.json()["data"]["server_count"].as_u64().unwrap();
        let counted = posts.iter().map(count).sum::<u64>() + notifier.status()[0].dropped;
        if counted >= 10_000 || begun.elapsed() > Duration::from_secs(20) {
            break (posts, counted);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(counted, 10_000, "{} posts", posts.len());
    assert!(posts.len() < 20, "{} posts", posts.len());
    assert!(posts.iter().all(|post| post.json()["data"]["servers"].as_array().unwrap().len() <= 100));
}

#[test]
fn no_secret_is_in_any_word_about_notifications() {
    let board = Board::new(quiet());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/services/CANARY-path?t=CANARY-query");
    let receivers = vec![settings(&url, NoticeFormat::Slack)];
    assert!(!format!("{receivers:?}").contains("CANARY"));
    let notifier = start(&board, receivers, None);
    board.tell(happening("east/a", Occasion::DriftSeen, "d"));
    std::thread::sleep(Duration::from_millis(400));
    let state = settled(&notifier);
    assert_eq!(state.failed, 1);
    assert!(state.trouble.as_ref().unwrap().contains("could not connect"), "{state:?}");
    assert!(!format!("{state:?}").contains("CANARY"), "{state:?}");
    for bad in ["http://hooks.example.com/CANARY", "CANARY", "ftp://CANARY.example/"] {
        let options = NotifyOptions {
            receivers: vec![settings(bad, NoticeFormat::Slack)],
            watcher: quiet().watcher,
            simulated: false,
            memory: None,
            pace: pace(),
        };
        let error = Notifier::start(options, &board).err().unwrap().to_string();
        assert!(error.starts_with("notify[0]: ") && !error.contains("CANARY"), "{error}");
    }
}
