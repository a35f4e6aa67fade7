//! What the program says against what happened: reports against counts, the end against what was wanted.

use crate::stand::{Ran, Stand};
use crate::table::Harm;
use fleetform::model::{ConnectionName, ServerId, Verb};
use fleetform::simulator::Tally;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Stand {
    /// One apply, its report held against the counts.
    pub(crate) fn apply(&mut self, more: &[&str]) -> Vec<Value> {
        let mut args = vec!["apply", "--auto-approve", "--allow-delete", "--partial", "--format", "json"];
        args.extend(["--settle-timeout", self.patience]);
        args.extend(more);
        let before = self.tallies();
        let ran = self.run(&args);
        self.check_report(&before, &ran)
    }

    /// What an apply reported, held against what was done since `before`. Returns its results.
    pub(crate) fn check_report(&mut self, before: &BTreeMap<String, Tally>, ran: &Ran) -> Vec<Value> {
        let at_once = self.tallies();
        self.until_quiet();
        let after = self.tallies();
        let Ok(report) = serde_json::from_str::<Value>(&ran.out) else {
            // Without a report nothing was executed, by the contract of exit codes.
            if !matches!(ran.code, Some(1 | 4 | 5 | 6)) || *before != after {
                self.wrong_report(&format!("no report: {ran:?}"));
            }
            return Vec::new();
        };
        let results = report["results"].as_array().cloned().unwrap_or_default();
        let of = |counts: &BTreeMap<String, Tally>, id: &str| counts.get(id).copied().unwrap_or_default();
        for result in &results {
            let id = result["id"].as_str().unwrap();
            let detail = result["detail"].as_str().unwrap();
            let verbs: Vec<Verb> = serde_json::from_value(result["actions"].clone()).unwrap();
            let told = format!("{result} {:?}", of(&after, id));
            let outcome = result["outcome"].as_str().unwrap();
            // Of two steps the first is done where the change says that it changed something.
            let ended = if outcome == "done" { &verbs[..] } else { &verbs[verbs.len() - 1..] };
            for verb in ended {
                let had = effects(*verb, of(before, id));
                let (now, late) = (effects(*verb, of(&at_once, id)), effects(*verb, of(&after, id)));
                match outcome {
                    "done" if now > 0 || self.is_so(*verb, id, result) => {}
                    "done" if is_on_its_word(detail) => self.harm.on_its_word += 1,
                    "done" => self.wrong_report(&format!("{verb} is not done: {told}")),
                    "unresolved" if !verb.is_one_shot() => self.wrong_report(&format!("unresolved: {told}")),
                    "unresolved" => {}
                    _ if late == had => {}
                    // It says that its time was up, and what was to be seen then.
                    "failed"
                        if ["after 3 s it", "after 1 s it"].iter().any(|words| detail.contains(words)) =>
                    {
                        self.harm.given_up += 1;
                    }
                    _ => self.wrong_report(&format!("{verb} happened: {told}")),
                }
            }
            if outcome == "failed" && detail.contains("still at it") {
                let address = result["address"].as_str().unwrap();
                self.under_way.push(address.split_once('/').unwrap().1.to_owned());
            }
        }
        let worst = results.iter().any(|r| r["outcome"] == "failed" || r["outcome"] == "unresolved");
        if worst != (ran.code == Some(3)) && report["refusals"].as_array().is_none_or(Vec::is_empty) {
            let code = ran.code;
            if worst || !matches!(code, Some(0 | 1 | 5 | 6)) {
                self.wrong_report(&format!("exit {code:?} for {}: {}", report["summary"], ran.err));
            }
        }
        results
    }

    /// Whether a server is in the state that a call is for, whoever brought it there.
    fn is_so(&self, verb: Verb, id: &str, result: &Value) -> bool {
        let world = self.running.world();
        let live = world["servers"].as_array().unwrap().iter().find(|server| server["id"] == id);
        match (verb, live) {
            (Verb::Delete, live) => live.is_none(),
            (Verb::PowerOn, Some(live)) => live["power"] == "on",
            (Verb::PowerOff, Some(live)) => live["power"] == "off",
            (Verb::Suspend, Some(live)) => live["power"] == "suspended",
            (Verb::Rename, Some(live)) => {
                result["address"].as_str().unwrap().ends_with(&format!("/{}", live["name"].as_str().unwrap()))
            }
            (Verb::Reboot, _) | (_, None) => false,
        }
    }

    /// Applies again and again, and settles as a person would what only a person can, until the program says that
    /// there is nothing left to do. Then everything is counted.
    pub(crate) fn converge(mut self) -> Harm {
        self.gate.pass();
        let mut last = None;
        for round in 0..8 {
            self.until_quiet();
            let counts = self.tallies();
            let ran = self.run(&[
                "plan",
                "--format",
                "json",
                "--detailed-exitcode",
                "--settle-timeout",
                self.patience,
            ]);
            // A call of the run that was killed may have been in the network until now.
            if round > 0 && self.tallies() != counts {
                self.wrong_server(&format!("a plan changed something: {ran:?}"));
            }
            let Ok(plan) = serde_json::from_str::<Value>(&ran.out) else {
                last = Some(ran);
                continue;
            };
            let problems = plan["problems"].as_array().unwrap().clone();
            let mine = |problem: &&Value| !self.is_excused(problem["address"].as_str().unwrap_or_default());
            let open: Vec<String> = problems
                .iter()
                .filter(mine)
                .filter(|problem| problem["severity"] == "error")
                .map(|problem| problem["address"].as_str().unwrap_or_default().to_owned())
                .collect();
            if plan["changes"].as_array().unwrap().is_empty() && open.is_empty() {
                last = None;
                break;
            }
            last = Some(ran);
            for address in open {
                self.settle_by_hand(&address);
            }
            self.apply(&[]);
        }
        if let Some(last) = last {
            self.lose(&format!("it comes to no rest: {last:?}"));
        }
        self.judge();
        self.harm
    }

    /// The same, where faults are left that hit the runs to come as well: servers that hang are put right in between.
    pub(crate) fn converge_with_rest_of_faults(mut self) -> Harm {
        for _ in 0..6 {
            let hanging = |world: &Value| -> Vec<Value> {
                let all = world["servers"].as_array().unwrap().iter();
                all.filter(|server| server["busy"] == true).cloned().collect()
            };
            self.gate.pass();
            for server in hanging(&self.running.world()) {
                self.patch(server["id"].as_str().unwrap(), json!({ "power": server["power"] }));
            }
            if self.running.stats().faults.iter().all(|rule| rule.fired >= 20) {
                break;
            }
            self.resolve_all();
            self.apply(&[]);
        }
        for server in self.running.world()["servers"].as_array().unwrap() {
            if server["busy"] == true {
                self.patch(server["id"].as_str().unwrap(), json!({ "power": server["power"] }));
            }
        }
        self.converge()
    }

    fn resolve_all(&mut self) {
        let ran = self.run(&["plan", "--format", "json", "--settle-timeout", "300ms"]);
        let Ok(plan) = serde_json::from_str::<Value>(&ran.out) else { return };
        for problem in plan["problems"].as_array().unwrap() {
            self.settle_by_hand(problem["address"].as_str().unwrap_or_default());
        }
    }

    /// What a person does who looks at the server.
    fn settle_by_hand(&mut self, address: &str) {
        let name = address.split_once('/').map_or(address, |(_, name)| name);
        let Some(wish) = self.wishes.iter().find(|wish| wish.name == name).cloned() else { return };
        let tally = self.tally(&wish.id);
        let one_shot = wish.verbs.iter().find(|verb| verb.is_one_shot());
        let Some(verb) = one_shot else { return };
        let word = if effects(*verb, tally) > 0 { "--done" } else { "--not-done" };
        let ran = self.run(&["resolve", address, word]);
        if ran.code == Some(0) {
            self.harm.asked += 1;
        } else {
            self.wrong_report(&format!("it is a problem and cannot be settled: {ran:?}"));
        }
    }

    /// The world as it is against the world as it was wanted.
    pub(crate) fn judge(&mut self) {
        let tallies = self.tallies();
        let world = self.running.world();
        let servers = world["servers"].as_array().unwrap();
        let wishes = self.wishes.clone();
        for wish in &wishes {
            let tally = tallies.get(&wish.id).copied().unwrap_or_default();
            let live = servers.iter().find(|server| server["id"] == wish.id.as_str());
            let told = format!("{} {:?}: {tally:?}, {live:?}", wish.name, wish.verbs);
            let one_shot = wish.verbs.iter().any(|verb| verb.is_one_shot());
            let sent = if self.may_fail { tally.reboots.max(tally.deletes) } else { tally.accepted };
            if one_shot && wish.verbs.len() == 1 && sent > 1 {
                self.harm.duplicates += sent - 1;
                self.harm.details.push(format!("twice: {told}"));
            }
            for verb in
                [Verb::PowerOn, Verb::PowerOff, Verb::Suspend, Verb::Reboot, Verb::Rename, Verb::Delete]
            {
                if !wish.verbs.contains(&verb) && effects(verb, tally) > 0 {
                    self.wrong_server(&format!("nobody wanted its {verb}: {told}"));
                }
            }
            let is_so = wish.verbs.iter().all(|verb| match (verb, live) {
                (Verb::Delete, live) => live.is_none(),
                (Verb::Reboot, _) => tally.reboots > 0,
                (Verb::PowerOn, Some(live)) => live["power"] == "on",
                (Verb::PowerOff, Some(live)) => live["power"] == "off",
                (Verb::Suspend, Some(live)) => live["power"] == "suspended",
                (Verb::Rename, Some(live)) => live["name"] == wish.name.as_str(),
                (_, None) => false,
            });
            // A call that hung, on a server that somebody put right: the provider may call it finished, and be believed.
            let believed = || fleetform::ledger::read(&self.path(".fleetform")).unwrap().facts.boots;
            let key = || (ConnectionName::from("c"), ServerId::from(wish.id.as_str()));
            if !is_so && self.may_fail && believed().contains_key(&key()) {
                self.harm.on_its_word += 1;
            } else if !is_so && !self.excused.contains(&wish.name) {
                let journal = std::fs::read_to_string(self.journal()).unwrap();
                let its: Vec<&str> = journal.lines().filter(|line| line.contains(&wish.id)).collect();
                self.lose(&format!("it is not so: {told}; {its:?}"));
            }
        }
        for (id, tally) in &tallies {
            if tally.accepted > 0 && !wishes.iter().any(|wish| wish.id == *id) {
                self.wrong_server(&format!("server {id}, which nobody named: {tally:?}"));
            }
        }
    }

    fn is_excused(&self, address: &str) -> bool {
        self.excused.iter().any(|name| address.ends_with(&format!("/{name}")))
    }

    pub(crate) fn wrong_report(&mut self, what: &str) {
        self.harm.wrong_reports += 1;
        self.harm.details.push(format!("wrong report: {what}"));
    }

    pub(crate) fn wrong_server(&mut self, what: &str) {
        self.harm.wrong_server += 1;
        self.harm.details.push(format!("wrong server: {what}"));
    }

    pub(crate) fn lose(&mut self, what: &str) {
        self.harm.lost += 1;
        self.harm.details.push(format!("lost: {what}"));
    }
}

/// What the page of a provider without evidence of a reboot is honest about.
fn is_on_its_word(detail: &str) -> bool {
    ["no other sign", "does not show its end", "is back"].iter().any(|words| detail.contains(words))
}

/// How often the effect of a verb really came.
pub(crate) fn effects(verb: Verb, tally: Tally) -> u64 {
    match verb {
        Verb::PowerOn => tally.power_ons,
        Verb::PowerOff => tally.power_offs,
        Verb::Suspend => tally.suspends,
        Verb::Reboot => tally.reboots,
        Verb::Rename => tally.renames,
        Verb::Delete => tally.deletes,
    }
}
