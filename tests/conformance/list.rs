//! Listing: all of it, once each, the same every time.

use crate::rig::{Bench, Setup, for_every_provider};
use fleetform::model::{LiveServer, LiveState, Power};
use serde_json::{Value, json};

fn names(servers: &[LiveServer]) -> Vec<String> {
    let mut names: Vec<String> =
        servers.iter().map(|server| server.name.as_ref().expect("a name").to_string()).collect();
    names.sort();
    names
}

fn named(names: &[String]) -> Vec<Value> {
    // A backslash is special in the braces of a world file.
    names.iter().map(|name| json!({ "name": name.replace('\\', "\\\\") })).collect()
}

#[tokio::test]
async fn a_world_without_servers_lists_none() {
    for_every_provider(async |row| {
        let bench = Bench::new(row, &Setup::servers(Vec::new()));
        assert_eq!(bench.list().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn one_server_is_listed_with_its_id_name_and_power() {
    for_every_provider(async |row| {
        let bench = Bench::new(row, &Setup::servers(vec![json!({ "name": "only", "power": "on" })]));
        let all = bench.list().await.unwrap();
        let [only] = &all[..] else { panic!("{all:?}") };
        assert_eq!((only.id.as_ref(), names(&all)), (Some(&bench.id("only")), vec!["only".to_owned()]));
        let expected = if row.spec.capabilities.reports_power {
            LiveState::Settled(Power::On)
        } else {
            LiveState::NotReported
        };
        assert_eq!(only.state, expected);
    })
    .await;
}

#[tokio::test]
async fn several_pages_are_read_as_one_list() {
    for_every_provider(async |row| {
        let wanted: Vec<String> = (0..23).map(|n| format!("web-{n:02}")).collect();
        for page_size in [1, 7, 22, 23, 24] {
            let setup = Setup { page_size: Some(page_size), ..Setup::servers(named(&wanted)) };
            let bench = Bench::new(row, &setup);
            assert_eq!(names(&bench.list().await.unwrap()), wanted, "pages of {page_size}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_longer_than_one_usual_page_is_read_in_full() {
    for_every_provider(async |row| {
        let wanted: Vec<String> = (0..1234).map(|n| format!("n-{n:04}")).collect();
        let bench = Bench::new(row, &Setup::servers(named(&wanted)));
        assert_eq!(names(&bench.list().await.unwrap()), wanted);
    })
    .await;
}

#[tokio::test]
async fn two_reads_show_the_same_servers_under_the_same_ids() {
    for_every_provider(async |row| {
        let bench = Bench::new(row, &Setup { page_size: Some(2), ..Setup::default() });
        let sorted = |mut all: Vec<LiveServer>| {
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all
        };
        let (first, second) = (bench.list().await.unwrap(), bench.list().await.unwrap());
        assert_eq!(first.len(), 3);
        assert_eq!(sorted(first), sorted(second));
    })
    .await;
}

#[tokio::test]
async fn odd_names_arrive_to_the_letter() {
    for_every_provider(async |row| {
        let rules = &row.spec.capabilities.names;
        let odd = [
            "with space",
            "quo\"te",
            "back\\slash",
            "sl/ash",
            "per%2Fcent",
            "a&b=c;d",
            "#1?",
            "ümläut-ß",
            "名前",
            "🦀",
            "<b>&amp;</b>",
            "true",
            "null",
            "0012",
            "-dash",
            ".dot",
            "x",
        ];
        let mut wanted: Vec<String> =
            odd.iter().filter(|name| rules.refuses(name).is_none()).map(|name| (*name).to_owned()).collect();
        assert!(wanted.len() > 2, "{wanted:?}");
        wanted.sort();
        let bench = Bench::new(row, &Setup::servers(named(&wanted)));
        assert_eq!(names(&bench.list().await.unwrap()), wanted);
        for name in &wanted {
            let live = bench.provider.get(&bench.id(name)).await.unwrap().expect("it is there");
            assert_eq!(live.name.as_ref().map(fleetform::model::ServerName::as_str), Some(name.as_str()));
        }
    })
    .await;
}

#[tokio::test]
async fn servers_with_equal_names_are_all_listed() {
    for_every_provider(async |row| {
        let bench =
            Bench::new(row, &Setup::servers(vec![json!({ "name": "twin" }), json!({ "name": "twin" })]));
        let all = bench.list().await.unwrap();
        assert_eq!(names(&all), ["twin", "twin"]);
        assert_ne!(all[0].id, all[1].id);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_fails_in_the_middle_fails_the_whole_list() {
    for_every_provider(async |row| {
        let wanted: Vec<String> = (0..9).map(|n| format!("w{n}")).collect();
        let bench = Bench::new(row, &Setup { page_size: Some(2), ..Setup::servers(named(&wanted)) });
        // The first reading may have to log in.
        bench.list().await.unwrap();
        let before = bench.calls();
        bench.list().await.unwrap();
        let parts = bench.calls() - before;
        for nth in 1..=parts {
            bench.running.add_fault(json!({ "nth": nth, "fault": "html" })).unwrap();
            let broken = bench.list().await;
            assert!(broken.is_err(), "call {nth} of {parts} brought a page of HTML: {broken:?}");
            assert_eq!(names(&bench.list().await.unwrap()), wanted, "and it is whole again after that");
        }
    })
    .await;
}

#[tokio::test]
async fn tags_and_ages_are_told_where_the_provider_says_so_and_nowhere_else() {
    for_every_provider(async |row| {
        let can = row.spec.capabilities;
        let old = json!({ "name": "old", "power": "on", "age": "40d" });
        let bench = Bench::new(row, &Setup::servers(vec![old]));
        let now = jiff::Timestamp::now();
        let all = bench.list().await.unwrap();
        assert_eq!(all[0].tags.is_some(), can.tags, "tags");
        assert_eq!(all[0].created_at.is_some(), can.created_at, "created_at");
        if let Some(created_at) = all[0].created_at {
            let age = now.duration_since(created_at).as_hours();
            assert!((39 * 24..=40 * 24).contains(&age), "{age} hours, and never older than it is");
        }
    })
    .await;
}
