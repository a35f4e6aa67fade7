//! Zones: places of the IANA tz database, from the copy that the program carries, in their exact spelling.

use super::aliases::ALIASES;
use super::mistake::{Mistake, quote};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::fmt;
use std::sync::OnceLock;

/// A zone by its canonical name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// Takes a canonical name in its exact spelling, or `UTC`.
    ///
    /// # Errors
    /// An alias, an abbreviation, a fixed offset, a name that is not known; each with the name that is meant.
    pub fn parse(name: &str) -> Result<Self, Mistake> {
        if let Some((alias, canonical)) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
            return Err(is_alias(alias, canonical));
        }
        if is_offset(name) {
            return Err(Mistake::new(
                format!("{} is a fixed offset, which no place keeps all year for good", quote(name)),
                "write the zone of a place such as Europe/Berlin, or UTC",
            ));
        }
        match canonical_names().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) if known == name => {
                let rules = database().get(known).map_err(|error| unknown(name, &error.to_string()))?;
                Ok(Self { name: name.to_owned(), rules })
            }
            Some(known) => Err(Mistake::new(
                format!("a zone is written in its exact spelling, {} is not", quote(name)),
                format!("write {known}"),
            )),
            None => Err(unknown(name, &near(name))),
        }
    }

    /// Its canonical name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// Every name that is accepted, sorted.
pub fn canonical_names() -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let all = database().available().map(|name| name.as_str().to_owned());
        let mut names: Vec<String> = all.filter(|name| is_canonical(name)).collect();
        names.sort();
        names
    });
    names.iter().map(String::as_str)
}

/// The zone that a calendar of somebody else names: programs that write those still use aliases.
pub(super) fn foreign(name: &str) -> Option<TimeZone> {
    database().get(name).ok()
}

fn is_canonical(name: &str) -> bool {
    let is_place = name.contains('/') && !name.starts_with("Etc/");
    name == "UTC" || is_place && ALIASES.iter().all(|(alias, _)| *alias != name)
}

/// The program's own copy: a schedule must mean the same on every machine.
fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

fn is_alias(alias: &str, canonical: &str) -> Mistake {
    let is_abbreviation = !alias.contains('/') && alias.bytes().all(|b| !b.is_ascii_lowercase());
    let cure = if canonical == "UTC" || !is_abbreviation {
        format!("write {canonical}")
    } else {
        format!("write {canonical}, or the zone of your own place")
    };
    Mistake::new(format!("{alias} is an alias of the zone {canonical}"), cure)
}

/// `+01:00`, `UTC+2`, `Etc/GMT-3`, `Z`.
fn is_offset(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let rest = ["ETC/GMT", "GMT", "UTC"].iter().find_map(|start| upper.strip_prefix(start)).unwrap_or(&upper);
    upper == "Z"
        || rest.strip_prefix(['+', '-']).is_some_and(|offset| {
            offset.starts_with(|c: char| c.is_ascii_digit())
                && offset.bytes().all(|b| b.is_ascii_digit() || b == b':')
        })
}

fn unknown(name: &str, cure: &str) -> Mistake {
    Mistake::new(format!("there is no zone {}", quote(name)), cure)
}

/// The longest text that near names are looked for, in bytes.
const MAX_LENGTH: usize = 60;

fn near(name: &str) -> String {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-'], "_");
    let wanted = plain(name);
    if name.len() <= MAX_LENGTH && !wanted.is_empty() {
        // A city alone is the most common way to forget the rest.
        let is_city = |known: &&str| plain(known).rsplit('/').next() == Some(&*wanted);
        let found = canonical_names().find(is_city).or_else(|| {
            let scored = canonical_names().map(|known| {
                let known_plain = plain(known);
                let city = known_plain.rsplit('/').next().unwrap_or_default();
                let whole = strsim::jaro_winkler(&wanted, &known_plain);
                // The area is often right and says little: a city by itself counts as well.
                let own = wanted.rsplit('/').next().unwrap_or_default();
                (whole.min(0.2 + strsim::jaro_winkler(own, city)), known)
            });
            let best = scored.filter(|(score, _)| *score > 0.9).max_by(|a, b| a.0.total_cmp(&b.0));
            best.map(|(_, known)| known)
        });
        if let Some(known) = found {
            return format!("did you mean {known}?");
        }
    }
    "write the IANA name of a place, such as Europe/Berlin or America/New_York, or UTC".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        Zone::parse(name).unwrap_err().to_string()
    }

    #[test]
    fn every_canonical_zone_is_taken_and_every_other_name_is_refused() {
        let listed = include_str!("zones.txt").lines();
        let expected: Vec<&str> = listed.chain(["UTC"]).collect();
        for name in &expected {
            assert_eq!(Zone::parse(name).map(|zone| zone.name().to_owned()).as_deref(), Ok(*name));
        }
        let mut sorted = expected.clone();
        sorted.sort_unstable();
        assert_eq!(canonical_names().collect::<Vec<_>>(), sorted);
        for name in database().available() {
            let name = name.as_str();
            assert_eq!(Zone::parse(name).is_ok(), expected.contains(&name), "{name}");
        }
    }

    #[test]
    fn every_alias_names_a_canonical_zone() {
        for (alias, canonical) in ALIASES {
            assert!(Zone::parse(canonical).is_ok(), "{alias} -> {canonical}");
            assert!(refused(alias).contains(canonical), "{alias}");
            assert!(foreign(alias).is_some(), "{alias} is no name of the database");
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write() {
        for (name, hint) in [
            ("US/Pacific", "write America/Los_Angeles"),
            ("Asia/Calcutta", "write Asia/Kolkata"),
            ("CET", "write Europe/Brussels, or the zone of your own place"),
            ("est", "write America/Panama, or"),
            ("Etc/UTC", "write UTC"),
            ("utc", "write UTC"),
            ("GMT", "write UTC"),
            ("Etc/GMT+5", "fixed offset"),
            ("+01:00", "fixed offset"),
            ("UTC+2", "fixed offset"),
            ("europe/berlin", "write Europe/Berlin"),
            ("Europe/Berln", "did you mean Europe/Berlin?"),
            ("Berlin", "did you mean Europe/Berlin?"),
            ("New York", "did you mean America/New_York?"),
            ("America/New York", "did you mean America/New_York?"),
            ("", "write the IANA name"),
            ("Middle/Earth", "write the IANA name"),
            ("Factory", "write the IANA name"),
        ] {
            assert!(refused(name).contains(hint), "{name}: {}", refused(name));
        }
    }
}
