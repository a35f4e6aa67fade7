//! The page as served, in headless Chromium: `$CHROMIUM` or Debian's package. Where there is none, these tests say so
//! and pass, except in CI (the variable `CI`), where they fail.
#![allow(clippy::print_stderr, reason = "what was left out is said")]

use super::fixture::{hostile, large, quiet, rich};
use super::server::{fresh, serving};
use fleetform::watch::Status;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let found = named.or_else(|| Some("/usr/bin/chromium".into()).filter(|path: &PathBuf| path.exists()));
    if found.is_none() {
        let message = "no Chromium: set CHROMIUM or `apt-get install chromium`; the page was not opened";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
    }
    found
}

/// What a browser makes of the page, and what it complains about. Everything that is not loopback goes to a proxy that
/// writes down who is asked for, and answers nothing.
fn open(status: Status, flags: &[&str]) -> Option<(String, String, Vec<String>)> {
    let browser = browser()?;
    let (_serving, _board, to) = serving(fresh(status), None);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy_address = proxy.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in proxy.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            list.lock().unwrap().push(line.trim().to_owned());
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--disable-default-apps", "--no-pings"])
        .arg(format!("--proxy-server=http://{proxy_address}"))
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .args(flags)
        .arg(format!("http://{to}/"))
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaints}");
    let console: Vec<&str> = complaints.lines().filter(|line| line.contains("CONSOLE")).collect();
    let mut asked = std::mem::take(&mut *asked.lock().unwrap());
    asked.retain(|line| !CALLS_HOME.iter().any(|home| line.contains(home)));
    Some((String::from_utf8(output.stdout).unwrap(), console.join("\n"), asked))
}

/// What Chromium asks of its maker by itself, whatever page is open and whatever flags are given.
const CALLS_HOME: [&str; 3] = ["google.com", "googleapis.com", "gstatic.com"];

#[test]
fn the_page_opens_without_a_complaint_and_asks_nobody_else() {
    for status in [quiet(), rich(), large(5_000)] {
        let Some((dom, console, asked)) = open(status, &["--dump-dom"]) else { return };
        assert_eq!((console.as_str(), asked), ("", Vec::new()));
        assert!(dom.contains("<h1>") && dom.contains("</footer>"));
    }
}

#[test]
fn what_assistive_technology_needs_is_there() {
    let Some((dom, ..)) = open(rich(), &["--dump-dom"]) else { return };
    assert!(dom.contains("<html lang=\"en\">"));
    assert_eq!(dom.matches("<h1>").count(), 1);
    for landmark in ["<header", "<main", "<footer"] {
        assert_eq!(dom.matches(landmark).count(), 1, "{landmark}");
    }
    // Every section and every table is named by a heading that exists once.
    for named in dom.split("aria-labelledby=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(dom.matches(&format!("<h2 id=\"{named}\"")).count(), 1, "{named}");
    }
    for table in dom.split("<table").skip(1).map(|rest| rest.split("</table>").next().unwrap()) {
        let columns = table.matches("scope=\"col\"").count();
        let rows = table.matches("scope=\"row\"").count();
        let cells = table.matches("<td ").count();
        assert!(columns > 2 && rows > 0, "{table}");
        assert_eq!(cells, rows * (columns - 1), "{table}");
    }
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let Some((dom, console, asked)) = open(hostile(), &["--dump-dom"]) else { return };
    assert_eq!((console.as_str(), asked), ("", Vec::new()));
    let title = dom.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
    assert!(title.ends_with("fleetform watch"), "{title}");
    assert!(!dom.contains("<script") && !dom.contains("<img"));
}

/// Writes screenshots for people to look at: `SCREENSHOTS=folder cargo test --test serving`.
#[test]
fn screenshots_where_asked_for() {
    let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
    for (name, status, size, dark) in [
        ("watch-page", rich(), "1400,1900", false),
        ("watch-page-dark", rich(), "1400,1900", true),
        ("watch-page-phone", rich(), "500,2400", false),
        ("watch-page-quiet", quiet(), "1400,1100", false),
    ] {
        let shot = format!("--screenshot={}", folder.join(format!("{name}.png")).display());
        let size = format!("--window-size={size}");
        let mut flags = vec![shot.as_str(), size.as_str(), "--hide-scrollbars"];
        if dark {
            flags.push("--blink-settings=preferredColorScheme=0");
        }
        assert!(open(status, &flags).is_some());
    }
}
