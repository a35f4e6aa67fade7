//! Every key of a fleet file: one table per mapping, read by the decoder and by the JSON schema alike.

use super::words::{
    DRIFT_WORDS, EVIDENCE_WORDS, OTHERWISE_WORDS, POWER_IS_WORDS, POWER_WORDS, REBOOT_WORDS, SHUTDOWN_WORDS,
    STATE_WORDS, VERB_WORDS, names,
};
use crate::model::NoticeKind;
use serde_json::{Value, json};

/// One key of a mapping.
pub(in crate::config) struct Key {
    /// As it is written.
    pub(in crate::config) name: &'static str,
    /// What it is for: one or two sentences.
    pub(in crate::config) doc: &'static str,
    /// The JSON schema of its value, without the description.
    pub(in crate::config) schema: fn() -> Value,
}

/// Declares a table of keys and the enum that indexes it, so that the two cannot drift apart.
macro_rules! keys {
    ($(#[$about:meta])* $index:ident $table:ident { $($variant:ident $name:literal $doc:literal $schema:expr;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub(super) enum $index { $($variant),* }

        $(#[$about])*
        pub(in crate::config) const $table: [Key; [$($name),*].len()] =
            [$(Key { name: $name, doc: $doc, schema: || $schema }),*];
    };
}

keys! {
    /// The keys of the whole file.
    TopKey TOP_KEYS {
        Version "version" "The version of this format: 1." json!({ "const": 1 });
        Providers "providers" "Named connections to providers." json!({ "$ref": "#/$defs/providers" });
        Defaults "defaults" "Values for servers that do not say; for all files together." json!({ "$ref": "#/$defs/defaults" });
        Servers "servers" "The servers that are looked after. A server that is not listed is never touched."
            json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/server" } });
        Rules "rules" "What is wanted of live servers that no entry lists. Entries win over rules, earlier rules over later ones."
            json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/rule" } });
        Limits "limits" "How much one plan may change before it needs --accept." json!({ "$ref": "#/$defs/limits" });
        Availability "availability" "How many servers of a group stay on while a plan is carried out."
            json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/availability" } });
        Rollout "rollout" "In which waves servers are started and interrupted: one mapping, or a list of them of which the first that means a server counts."
            json!({ "anyOf": [{ "$ref": "#/$defs/rollout" }, { "type": ["array", "null"], "items": { "$ref": "#/$defs/rollout" } }] });
        Schedules "schedules" "When which power is wanted, by name: for power: { schedule: NAME }." json!({ "$ref": "#/$defs/schedules" });
        Windows "windows" "When which actions may run. What is due at another time waits."
            json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/window" } });
        Notify "notify" "Who is told of what a watcher sees." json!({ "type": ["array", "null"], "maxItems": 20, "items": { "$ref": "#/$defs/notify" } });
        Watch "watch" "How `fleetform watch` is run, and what it does about which drift." json!({ "$ref": "#/$defs/watch" });
        Ledger "ledger" "Where the ledger lies, relative to this file. Default: .fleetform beside the first file."
            json!({ "type": "string", "minLength": 1 });
    }
}

keys! {
    /// The keys that every connection takes, beside the settings of its type.
    ConnectionKey CONNECTION_KEYS {
        Type "type" "Which API the connection speaks." json!({ "type": "string" });
        MaxInFlight "max_in_flight" "Calls under way at once, 1 to 1000. Default: the provider's."
            json!({ "type": "integer", "minimum": 1, "maximum": 1000 });
        RateLimit "rate_limit" "Calls per second, minute or hour: 10/s, 600/m, 1000/h. Default: no limit."
            json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?/(s|m|h)$" });
        Timeouts "timeouts" "How long things may take." json!({ "$ref": "#/$defs/timeouts" });
        CaFile "ca_file" "A PEM file of certificate authorities to trust beside the system's, relative to this file."
            json!({ "type": "string", "minLength": 1 });
    }
}

keys! {
    /// The keys of `timeouts:`.
    TimeoutKey TIMEOUT_KEYS {
        Request "request" "One whole exchange with the provider. Default: 30s." duration();
        Settle "settle" "From an accepted call to its effect. Default: 15m." duration();
    }
}

keys! {
    /// The keys of `defaults:`.
    DefaultKey DEFAULT_KEYS {
        Provider "provider" "The connection that servers live on." json!({ "type": "string" });
        Power "power" "The power that servers should have. Default: any." power();
        Shutdown "shutdown" "How servers may be stopped. Default: graceful-then-hard." words(&names(&SHUTDOWN_WORDS));
        Grace "grace" "How long guests are given to shut down before the plug is pulled. Only with shutdown: graceful-then-hard. Default: half of timeouts.settle, at most 5m."
            duration();
        Reboot "reboot" "How servers may be rebooted. Default: soft-then-hard." words(&names(&REBOOT_WORDS));
        RequireEvidence "require_evidence" "What must show that a reboot has happened before it counts as done. Default: the best that the provider happens to show."
            words(&names(&EVIDENCE_WORDS));
        RebootedSince "rebooted_since" "Reboot servers unless they were rebooted after this instant." instant();
        HealthyWhen "healthy_when" "When servers count as healthy after a start, a resume or a reboot; none: no check."
            json!({ "$ref": "#/$defs/healthy_when" });
        Protect "protect" "Never power off, reboot or delete, whatever else is declared. Default: false."
            json!({ "type": "boolean" });
        Labels "labels" "Labels that every server has; a server's own come on top." json!({ "$ref": "#/$defs/labels" });
    }
}

keys! {
    /// The keys of a server.
    ServerKey SERVER_KEYS {
        Name "name" "The name the server should have. Braces stand for several servers: web-{01..20}, cache-{a,b}."
            text_or_number();
        Provider "provider" "The connection the server lives on." json!({ "type": "string" });
        Id "id" "Binds by the provider's id: a live server with another name is renamed." text_or_number();
        RenamedFrom "renamed_from" "Binds by this old name until the rename has happened." text_or_number();
        Labels "labels" "For selectors such as label:tier=web." json!({ "$ref": "#/$defs/labels" });
        State "state" "Whether the server should exist. Default: present." words(&names(&STATE_WORDS));
        Power "power" "The power the server should have. Default: any." power();
        Shutdown "shutdown" "How the server may be stopped. Default: graceful-then-hard." words(&names(&SHUTDOWN_WORDS));
        Grace "grace" "How long the guest is given to shut down before the plug is pulled. Only with shutdown: graceful-then-hard. Default: half of timeouts.settle, at most 5m."
            duration();
        Reboot "reboot" "How the server may be rebooted. Default: soft-then-hard." words(&names(&REBOOT_WORDS));
        RequireEvidence "require_evidence" "What must show that a reboot has happened before it counts as done. Default: the best that the provider happens to show."
            words(&names(&EVIDENCE_WORDS));
        RebootedSince "rebooted_since" "Reboot the server unless it was rebooted after this instant." instant();
        HealthyWhen "healthy_when" "When the server counts as healthy after a start, a resume or a reboot; none: no check."
            json!({ "$ref": "#/$defs/healthy_when" });
        Protect "protect" "Never power off, reboot or delete, whatever else is declared. Default: false."
            json!({ "type": "boolean" });
        After "after" "Servers that it comes after, as selectors: it is started and rebooted after them, stopped before them."
            json!({ "anyOf": [selector(), { "type": "array", "items": selector() }] });
    }
}

keys! {
    /// The keys of `rules:`.
    RuleKey RULE_KEYS {
        Name "name" "What the rule is called where a plan says why. Default: what it matches." text_or_number();
        Match "match" "Selects by name: a glob over CONNECTION/NAME, or over the name alone where it has no slash; or several, of which one must match."
            texts();
        Provider "provider" "Selects by connection: one or several." texts();
        PowerIs "power_is" "Selects by the power that the live server has." words(&names(&POWER_IS_WORDS));
        Tag "tag" "Selects by the provider's own tags, KEY=VALUE or a word, as globs; of several all must match." texts();
        OlderThan "older_than" "Selects by age: created at least so long ago."
            json!({ "type": "string", "pattern": "^[0-9]+[mhdw]$", "examples": ["30d", "12h"] });
        State "state" "absent deletes what is selected: only with older_than, and with max_deletes under limits." words(&names(&STATE_WORDS));
        Power "power" "The power the servers should have. Default: any." power();
        Schedule "schedule" "Short for power: { schedule: NAME }." text_or_number();
        Shutdown "shutdown" "How the servers may be stopped. Default: that of defaults." words(&names(&SHUTDOWN_WORDS));
        Grace "grace" "How long guests are given to shut down before the plug is pulled." duration();
        Reboot "reboot" "How the servers may be rebooted. Default: that of defaults." words(&names(&REBOOT_WORDS));
        RequireEvidence "require_evidence" "What must show that a reboot has happened before it counts as done. Default: that of defaults."
            words(&names(&EVIDENCE_WORDS));
        RebootedSince "rebooted_since" "Reboot the servers unless they were rebooted after this instant." instant();
        HealthyWhen "healthy_when" "When the servers count as healthy after a start, a resume or a reboot; none: no check."
            json!({ "$ref": "#/$defs/healthy_when" });
        Protect "protect" "Never power off, reboot or delete; no later rule takes the servers either. Default: that of defaults."
            json!({ "type": "boolean" });
        Labels "labels" "Labels that the servers have, for selectors such as label:tier=web." json!({ "$ref": "#/$defs/labels" });
    }
}

keys! {
    /// The keys of a rule of `availability:`.
    AvailabilityKey AVAILABILITY_KEYS {
        Select "select" "The group: entries of the fleet, by a glob over their addresses or by label:KEY=VALUE." selector();
        MinOn "min_on" "So many of them stay on; or such a share, rounded up: 75%."
            json!({ "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^([0-9]+|(100(\\.00?)?|[0-9]{1,2}(\\.[0-9]{1,2})?)%)$" },
            ] });
    }
}

keys! {
    /// The keys of `limits:`.
    LimitKey LIMIT_KEYS {
        Changes "max_changes" "Servers that one plan may change." json!({ "$ref": "#/$defs/bound" });
        PowerOffs "max_power_offs" "Servers that one plan may power off." json!({ "$ref": "#/$defs/bound" });
        Deletes "max_deletes" "Servers that one plan may delete. Given here, apply needs no --allow-delete."
            json!({ "$ref": "#/$defs/bound" });
    }
}

fn selector() -> Value {
    json!({ "type": ["string", "number"], "minLength": 1, "examples": ["db-1", "east/db-*", "label:tier=db"] })
}

keys! {
    /// The keys of `healthy_when:`.
    HealthKey HEALTH_KEYS {
        Tcp "tcp" "host:port that must take a connection. Placeholders: {name}, {id}, {provider}, {label:KEY}."
            json!({ "type": "string", "minLength": 3 });
        Http "http" "A URL whose GET must be answered with 2xx. No redirects, no credentials. Placeholders as for tcp."
            json!({ "type": "string", "pattern": "^(https?://|\\{)" });
        Exec "exec" "A program and its arguments, run where apply runs, without a shell, that must end with 0. Placeholders as for tcp."
            json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": ["string", "number", "boolean"] } });
        Within "within" "It must pass within this time. Default: 5m." duration();
        Timeout "timeout" "One try takes so long at most. Default: 10s." duration();
    }
}

keys! {
    /// The keys of `rollout:`.
    RolloutKey ROLLOUT_KEYS {
        Select "select" "Which servers: a glob such as east/web-*, or label:tier=web. Default: all."
            json!({ "type": "string", "minLength": 1 });
        Waves "waves" "How many servers of those that a plan starts or interrupts each wave takes: 1, 10%, rest. What is left is one more."
            json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^(rest|[0-9]+|(100(\\.00?)?|[0-9]{1,2}(\\.[0-9]{1,2})?)%)$" },
            ] } });
        Pause "pause" "Between the end of a wave and the beginning of the next. Default: none." duration();
        StopAfterFailures "stop_after_failures" "With so many failures nothing more of the rollout is started. Default: 1."
            json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000 });
        HealthyWhen "healthy_when" "When its servers count as healthy, where they do not say themselves."
            json!({ "$ref": "#/$defs/healthy_when" });
    }
}

keys! {
    /// The keys of a receiver of `notify:`.
    NotifyKey NOTIFY_KEYS {
        Url "url" "Where notifications are posted to. It may be a secret: write ${env:NAME} or ${file:PATH}."
            json!({ "type": "string", "pattern": "^(https?://|.*\\$\\{)" });
        Secret "secret" "What they are signed with, at least 16 characters, or whsec_ and base64. Write ${env:NAME} or ${file:PATH}."
            json!({ "type": ["string", "number"] });
        Format "format" "cloudevents: CloudEvents 1.0 in JSON; slack: a text, as Slack, Mattermost and Rocket.Chat take it. Default: cloudevents."
            words(&names(&super::FORMAT_WORDS));
        Events "events" "What is told. Default: everything."
            json!({ "type": "array", "minItems": 1, "items": { "enum": NoticeKind::ALL.map(NoticeKind::word) } });
        MinSeverity "min_severity" "Only what is at least so bad. Default: info." words(&names(&super::SEVERITY_WORDS));
        Headers "headers" "Headers beside our own, such as Authorization: ${env:NAME}."
            json!({ "type": ["object", "null"], "additionalProperties": { "type": ["string", "number"] } });
    }
}

keys! {
    /// The keys of a schedule.
    ScheduleKey SCHEDULE_KEYS {
        Zone "zone" "Whose wall clock: the IANA name of a place, or UTC." zone();
        On "on" "When servers are on: times of the week, or { start, stop } in cron's form." times();
        Off "off" "When servers are off, in place of on." times();
        Except "except" "Local dates on which none of the times counts: dates, ranges, or .ics files relative to this file."
            except();
        Otherwise "otherwise" "What holds at all other times. Default: the opposite of on or off."
            json!({ "anyOf": [{ "enum": names(&OTHERWISE_WORDS) }, { "type": "boolean" }] });
    }
}

keys! {
    /// The keys of times in cron's form.
    BetweenKey BETWEEN_KEYS {
        Start "start" "From when on: minute, hour, day of the month, month, day of the week." cron();
        Stop "stop" "Until when." cron();
    }
}

keys! {
    /// The keys of `power:` where it is no word.
    PowerKey POWER_KEYS {
        Schedule "schedule" "The name of a schedule under schedules:." json!({ "type": "string", "minLength": 1 });
    }
}

keys! {
    /// The keys of a window.
    WindowKey WINDOW_KEYS {
        Name "name" "As plans call it. Default: its times." json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        Verbs "verbs" "Which actions. Default: all." json!({ "anyOf": [verb(), { "type": "array", "minItems": 1, "items": verb() }] });
        Select "select" "Which servers: a glob such as east/web-*, or label:tier=web. Default: all." selector();
        Allow "allow" "Times of the week at which they may run, and at no others but those of another window that allows."
            json!({ "$ref": "#/$defs/week_times" });
        Deny "deny" "Times of the week at which they may not run, whatever else allows it."
            json!({ "$ref": "#/$defs/week_times" });
        Zone "zone" "Whose wall clock: the IANA name of a place, or UTC." zone();
        Except "except" "Local dates on which its times do not count, as in a schedule." except();
    }
}

fn verb() -> Value {
    json!({ "enum": names(&VERB_WORDS) })
}

fn zone() -> Value {
    json!({ "type": "string", "minLength": 1, "examples": ["Europe/Berlin", "America/New_York", "UTC"] })
}

fn times() -> Value {
    json!({ "anyOf": [{ "$ref": "#/$defs/week_times" }, { "$ref": "#/$defs/between" }] })
}

fn except() -> Value {
    let one =
        json!({ "type": "string", "examples": ["2026-12-24", "2026-12-24..2027-01-01", "holidays.ics"] });
    json!({ "anyOf": [one, { "type": ["array", "null"], "items": one }] })
}

fn cron() -> Value {
    json!({ "type": "string", "examples": ["0 8 * * 1-5"] })
}

keys! {
    /// The keys of `watch:`.
    WatchKey WATCH_KEYS {
        Interval "interval" "From one round's beginning to the next one's, at least a second. Default: 1m." duration();
        Policy "policy" "What is done about drift; of several rules the first that means a server and a verb counts. Default: power is enforced, everything else reported."
            json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/drift_rule" } });
        Budget "budget" "How often one server is put right before it is left alone as contested. Default: 3 per 1h."
            json!({ "type": "string", "pattern": "^[1-9][0-9]* per ([0-9]+(ms|s|m|h))+$", "examples": ["3 per 1h"] });
        MassDrift "mass_drift" "With more than this share of a connection's servers drifting at once nothing is enforced there; off: whatever happens. Default: 30%."
            json!({ "anyOf": [
                { "enum": ["off", false] },
                { "type": "string", "pattern": "^(100(\\.00?)?|[0-9]{1,2}(\\.[0-9]{1,2})?)%$" },
            ] });
        Lease "lease" "How long a watcher that gives no sign of life stays the leader, at least a second. Default: 1m." duration();
    }
}

keys! {
    /// The keys of a rule of `policy:`.
    DriftKey DRIFT_KEYS {
        Select "select" "Which servers: a glob over their addresses, or label:KEY=VALUE." selector();
        Verbs "verbs" "What it is about; without it, about everything but delete." json!({ "anyOf": [verb(), { "type": "array", "minItems": 1, "items": verb() }] });
        OnDrift "on_drift" "Put it right, tell it, or not even that." words(&names(&DRIFT_WORDS));
    }
}

fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn power() -> Value {
    json!({ "anyOf": [{ "enum": names(&POWER_WORDS) }, { "type": "boolean" }, { "$ref": "#/$defs/power_schedule" }] })
}

fn text_or_number() -> Value {
    json!({ "type": ["string", "number"], "minLength": 1 })
}

fn texts() -> Value {
    json!({ "anyOf": [text_or_number(), { "type": "array", "minItems": 1, "maxItems": 1000, "items": text_or_number() }] })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time", "examples": ["2026-11-20T02:00:00Z"] })
}

fn duration() -> Value {
    json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h))+$", "examples": ["500ms", "30s", "15m", "2h"] })
}
