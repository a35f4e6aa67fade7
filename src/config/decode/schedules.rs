//! `schedules:`: which power is wanted when, by name.

use super::holidays::Holidays;
use super::keys::{BETWEEN_KEYS, BetweenKey, SCHEDULE_KEYS, ScheduleKey};
use super::scalars::PowerWish;
use super::words::OTHERWISE_WORDS;
use super::{Decoder, fields::Fields};
use crate::calendar::{Dates, Hours, Mistake, Schedule, Sense, Times, Zone};
use crate::config::diagnostic::{Diagnostic, quote};
use crate::config::findings::Findings;
use crate::config::source::Source;
use crate::config::suggest::did_you_mean;
use crate::config::yaml::{Content, Entry, Node};
use crate::model::{DesiredPower, Location, PowerSchedule};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The code of a schedule that cannot be read.
pub(super) const BAD_SCHEDULE: &str = "bad_schedule";

/// The most schedules: servers share them.
const MAX_SCHEDULES: usize = 1000;

/// A schedule by its name.
struct GivenSchedule {
    /// `None` where it has a mistake, which was reported.
    schedule: Option<Arc<PowerSchedule>>,
    location: Location,
    is_used: Cell<bool>,
}

/// All schedules so far.
#[derive(Default)]
pub(super) struct GivenSchedules {
    by_name: BTreeMap<String, GivenSchedule>,
    pub(super) holidays: Holidays,
}

impl GivenSchedules {
    /// The schedule of a name; `Err` with what to do where there is none, `Ok(None)` where it has a mistake.
    pub(super) fn find(&self, name: &str) -> Result<Option<Arc<PowerSchedule>>, String> {
        match self.by_name.get(name) {
            Some(given) => {
                given.is_used.set(true);
                Ok(given.schedule.clone())
            }
            None => Err(did_you_mean(name, self.by_name.keys().map(String::as_str))
                .unwrap_or_else(|| "add it under schedules:".into())),
        }
    }

    /// The power and the schedule of a wish. `node` is where it stands; without one it stands in the defaults, of
    /// which an unknown name is told once. `doubtful` says that schedules may be missing.
    pub(super) fn wished(
        &self,
        decoder: &mut Decoder<'_>,
        wish: Option<PowerWish>,
        node: Option<&Node<'_>>,
        doubtful: bool,
    ) -> (DesiredPower, Option<Arc<PowerSchedule>>) {
        let name = match wish {
            None => return Default::default(),
            Some(PowerWish::Fixed(power)) => return (power, None),
            Some(PowerWish::Schedule(name)) => name,
        };
        match (self.find(&name), node) {
            (Ok(schedule), _) => (DesiredPower::Any, schedule),
            (Err(cure), Some(node)) if !doubtful => {
                decoder.report(node.span, unresolved_schedule(&name, cure));
                Default::default()
            }
            (Err(_), _) => Default::default(),
        }
    }

    /// A schedule that nobody has does nothing.
    pub(super) fn report_unused(&self, findings: &mut Findings) {
        for (name, given) in self.by_name.iter().filter(|(_, given)| !given.is_used.get()) {
            let message = format!("no server has the schedule {}", quote(name));
            let cure =
                format!("write power: {{ schedule: {name} }} on servers or under defaults, or remove it");
            findings
                .push(Diagnostic::warning("unused_schedule", message).at(given.location.clone()).cure(cure));
        }
    }
}

/// The finding for a name that no schedule has.
pub(super) fn unresolved_schedule(name: &str, cure: String) -> Diagnostic {
    let message = format!("there is no schedule {} under schedules", quote(name));
    Diagnostic::error("unresolved_schedule", message).cure(cure)
}

impl Decoder<'_> {
    /// `schedules:`, a mapping from names.
    pub(super) fn schedules(&mut self, node: &Node<'_>, source: &Source, into: &mut GivenSchedules) {
        let Some(entries) = self.mapping(node, "schedules") else { return };
        for entry in entries {
            let location = self.place(entry.key_span);
            if let Some(first) = into.by_name.get(&*entry.key) {
                let message = format!("the schedule {} is declared twice", quote(&entry.key));
                let finding = Diagnostic::error("duplicate_schedule", message)
                    .related("declared first here", first.location.clone())
                    .cure("keep one of the two, or give them different names");
                self.report(entry.key_span, finding);
                continue;
            }
            if into.by_name.len() >= MAX_SCHEDULES {
                let message = format!("there are more than {MAX_SCHEDULES} schedules up to here");
                let cure = "let servers share schedules";
                self.report(entry.key_span, Diagnostic::error(BAD_SCHEDULE, message).cure(cure));
                return;
            }
            let name = self.schedule_name(entry);
            let schedule = self.schedule(&entry.value, source, &mut into.holidays);
            let named = name.zip(schedule).map(|(name, schedule)| {
                Arc::new(PowerSchedule { name: name.to_owned(), schedule, location: location.clone() })
            });
            let given = GivenSchedule { schedule: named, location, is_used: Cell::new(false) };
            into.by_name.insert(entry.key.to_string(), given);
        }
    }

    /// Names stand in reasons, between words.
    fn schedule_name<'e>(&mut self, entry: &'e Entry<'_>) -> Option<&'e str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let is_name = (1..=64).contains(&entry.key.len()) && entry.key.chars().all(is_plain);
        if !is_name {
            let message = format!("a schedule cannot be called {}", quote(&entry.key));
            let cure = "use at most 64 letters, digits, dots, dashes and underscores";
            self.report(entry.key_span, Diagnostic::error(BAD_SCHEDULE, message).cure(cure));
        }
        is_name.then_some(&*entry.key)
    }

    fn schedule(&mut self, node: &Node<'_>, source: &Source, holidays: &mut Holidays) -> Option<Schedule> {
        let fields = self.fields(node, &SCHEDULE_KEYS, "a schedule")?;
        let value = |key: ScheduleKey| fields.value(key as usize);
        let zone = self.zone_of(node, value(ScheduleKey::Zone), fields.partial);
        let times = self.sense_and_times(node, &fields);
        let given = value(ScheduleKey::Otherwise);
        let otherwise = match given {
            Some(node) => Some(self.otherwise(node)?),
            None => None,
        };
        let except = match (value(ScheduleKey::Except), &zone) {
            (None, _) => Some(Dates::default()),
            (Some(node), Some(zone)) => self.except(node, zone, source, holidays),
            // Its dates are dates of a zone; what is wrong with that was said.
            (Some(_), None) => None,
        };
        let (sense, times) = times?;
        let otherwise = otherwise.unwrap_or(sense.opposite());
        if let Some(node) = given.filter(|_| otherwise == sense.state()) {
            let word = otherwise.word();
            let message = format!("otherwise is {word}, as at the times of {word}: it would never change");
            let cure = format!(
                "write otherwise: {} or any, or give the servers power: {word}",
                sense.opposite().word()
            );
            self.report(node.span, Diagnostic::error(BAD_SCHEDULE, message).cure(cure));
            return None;
        }
        Some(Schedule { hours: Hours { zone: zone?, times, except: except? }, sense, otherwise })
    }

    /// `otherwise:`; a reader of YAML 1.1 may have written its booleans.
    fn otherwise(&mut self, node: &Node<'_>) -> Option<crate::calendar::State> {
        if let Content::Scalar(text) = &node.content {
            let text = match text.to_ascii_lowercase().as_str() {
                "true" if node.plain => "on".to_owned(),
                "false" if node.plain => "off".to_owned(),
                other => other.to_owned(),
            };
            if let Some((_, state)) = OTHERWISE_WORDS.iter().find(|(word, _)| *word == text) {
                return Some(*state);
            }
        }
        self.word(node, "otherwise", &OTHERWISE_WORDS)
    }

    /// `zone:`, which must be there.
    pub(super) fn zone_of(&mut self, of: &Node<'_>, given: Option<&Node<'_>>, partial: bool) -> Option<Zone> {
        let Some(node) = given else {
            if !partial {
                let cure = "write zone: with the IANA name of a place, such as Europe/Berlin, or UTC";
                self.report(of.span, Diagnostic::error("bad_zone", "the zone is missing").cure(cure));
            }
            return None;
        };
        let text = self.text(node, "zone")?;
        match Zone::parse(text) {
            Ok(zone) => Some(zone),
            Err(Mistake { message, cure }) => {
                self.report(node.span, Diagnostic::error("bad_zone", message).cure(cure));
                None
            }
        }
    }

    fn sense_and_times(
        &mut self,
        node: &Node<'_>,
        fields: &Fields<'_, '_, { SCHEDULE_KEYS.len() }>,
    ) -> Option<(Sense, Times)> {
        let on = fields.entry(ScheduleKey::On as usize);
        let off = fields.entry(ScheduleKey::Off as usize);
        let (sense, value) = match (on, off) {
            (Some(on), None) => (Sense::On, &on.value),
            (None, Some(off)) => (Sense::Off, &off.value),
            (Some(_), Some(off)) => {
                let cure = "keep one of the two: otherwise: says what holds at all other times";
                let finding = Diagnostic::error(BAD_SCHEDULE, "the schedule has both on and off");
                self.report(off.key_span, finding.cure(cure));
                return None;
            }
            (None, None) => {
                if !fields.partial {
                    let cure = "write on: \"Mon-Fri 08:00-19:00\", or off: with the times at which it is off";
                    let finding = Diagnostic::error(BAD_SCHEDULE, "the schedule does not say its times");
                    self.report(node.span, finding.cure(cure));
                }
                return None;
            }
        };
        let times = match &value.content {
            Content::Map(_) => self.between(value)?,
            _ => self.week_times(value, if sense == Sense::On { "on" } else { "off" })?,
        };
        Some((sense, times))
    }

    /// Times of the week, in one text or a list of them.
    pub(super) fn week_times(&mut self, node: &Node<'_>, what: &str) -> Option<Times> {
        let items = match &node.content {
            Content::List(items) => &items[..],
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::new();
        for item in items {
            let text = self.text(item, what)?;
            // Each by itself first, so that the place of a mistake is told.
            if let Err(mistake) = Times::of_week([text]) {
                self.bad_times(item, mistake);
                return None;
            }
            texts.push(text);
        }
        match Times::of_week(texts) {
            Ok(times) => Some(times).filter(|_| !node.partial),
            Err(mistake) => {
                self.bad_times(node, mistake);
                None
            }
        }
    }

    fn bad_times(&mut self, node: &Node<'_>, mistake: Mistake) {
        self.report(node.span, Diagnostic::error(BAD_SCHEDULE, mistake.message).cure(mistake.cure));
    }

    /// `{ start: CRON, stop: CRON }`.
    fn between(&mut self, node: &Node<'_>) -> Option<Times> {
        let fields = self.fields(node, &BETWEEN_KEYS, "times in cron's form")?;
        let mut point = |key: BetweenKey, name: &str| {
            let Some(given) = fields.value(key as usize) else {
                if !fields.partial {
                    let message = format!("the times in cron's form have no {name}");
                    let cure = "write { start: \"0 8 * * 1-5\", stop: \"0 19 * * 1-5\" }";
                    self.report(node.span, Diagnostic::error(BAD_SCHEDULE, message).cure(cure));
                }
                return None;
            };
            self.text(given, name).map(|text| (given, text))
        };
        let start = point(BetweenKey::Start, "start");
        let stop = point(BetweenKey::Stop, "stop");
        let ((start_node, start), (stop_node, stop)) = start.zip(stop)?;
        // Which of the two is wrong: with the other one in its place the mistake is the same.
        match Times::between(start, stop) {
            Ok(times) => Some(times),
            Err(mistake) => {
                let is_start = Times::between(start, start).is_err_and(|first| first == mistake);
                self.bad_times(if is_start { start_node } else { stop_node }, mistake);
                None
            }
        }
    }
}
