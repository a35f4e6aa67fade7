//! The fleet files under a watcher: changed, broken, mended; SIGHUP.

use crate::watching::{SERVERS, Watching, calls, desk, flip, power};
use std::time::Duration;

#[test]
fn new_files_are_taken_over_and_broken_ones_are_not() {
    let desk = desk("");
    let watching = Watching::start(&desk, &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 2);
    desk.fleet(&SERVERS.replace("servers:", "serverz:"));
    watching.until_says("file rejected");
    watching.until_says("did you mean \"servers\"?");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(watching.count("file rejected"), 1, "once is enough: {:#?}", watching.said());
    // The old ones stay in force.
    flip(&desk, "web-02", "off");
    desk.until(|desk| power(desk, "web-02") == "on");
    std::fs::remove_file(desk.path("fleet.yaml")).unwrap();
    watching.until_says("there is no file fleet.yaml");
    flip(&desk, "web-02", "off");
    desk.until(|desk| power(desk, "web-02") == "on");
    desk.fleet(&SERVERS.replace("web-{01..12}\", power: on", "web-{01..02}\", power: off"));
    watching.until_says("file reloaded: the fleet files are in force as they are now: 6 servers");
    desk.until(|desk| power(desk, "web-01") == "off" && power(desk, "web-02") == "off");
    assert_eq!(power(&desk, "web-03"), "on");
    desk.fleet(&format!("ledger: elsewhere\n{SERVERS}"));
    watching.until_says("needs a restart");
    watching.stop();
    assert!(!desk.path("elsewhere").exists());
}

#[test]
fn a_hang_up_reads_the_files_at_once() {
    let desk = desk("");
    let watching = Watching::every(&desk, "60s", &["--enforce"]);
    desk.until(|desk| calls(desk, "grid") >= 1);
    std::thread::sleep(Duration::from_millis(300));
    watching.signal("HUP");
    watching.until_says("note: the fleet files are as they were");
    desk.fleet(&SERVERS.replace("web-{01..12}\", power: on", "web-01\", power: off"));
    watching.signal("HUP");
    watching.until_says("file reloaded");
    desk.until(|desk| power(desk, "web-01") == "off");
    watching.stop();
}

#[test]
fn mistakes_of_the_section_are_told_with_their_place() {
    let desk = desk("watch: { intervall: 5s }\n");
    desk.run(&["watch", "--once"]).code(1).says("did you mean \"interval\"?");
    for (section, says) in [
        ("watch: { interval: 10ms }\n", "interval must be at least 1s, not 10ms"),
        ("watch: { budget: 3 }\n", "write 3 per 1h"),
        ("watch: { mass_drift: 5 }\n", "mass_drift must be a percentage"),
        ("watch: { policy: [{ select: web-01 }] }\n", "the rule has no on_drift"),
        ("watch: { policy: [{ select: web-01, on_drift: enforced }] }\n", "did you mean"),
        ("watch: { policy: [{ select: web-1, on_drift: report }] }\n", "means no server of the fleet"),
        ("watch: { policy: [{ select: web-01, verbs: [powr_on], on_drift: report }] }\n", "power_on"),
        ("watch: { policy: [{ select: web-01, verbs: [delete], on_drift: enforce }] }\n", "without a bound"),
        ("limits: { max_power_offs: 5% per day }\n", "max_power_offs must be a number"),
    ] {
        desk.fleet(&format!("{section}{SERVERS}"));
        desk.run(&["validate"]).code(1).says(says);
    }
    desk.fleet(&format!(
        "limits: {{ max_deletes: 1 per 24h, max_power_offs: 5% per 24h }}\nwatch:\n  interval: 30s\n  budget: 2 per 10m\n  \
         mass_drift: off\n  lease: 20s\n  policy:\n    - {{ select: web-01, verbs: [delete], on_drift: enforce }}\n    \
         - {{ select: \"label:tier=app\", verbs: power_off, on_drift: ignore }}\n{SERVERS}"
    ));
    desk.run(&["validate"]).code(0);
}
