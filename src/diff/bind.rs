//! Binding: by id, else by name, else by the old name. More than one candidate is never decided by us.

use crate::model::{DesiredServer, LiveServer, NameRules, ServerId};
use foldhash::{HashMap, HashMapExt};
use std::borrow::Cow;

/// What an entry of the fleet file means on its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The live server at this index.
    Bound(usize),
    /// None.
    Nothing,
    /// Several servers have the name; their ids, as far as they have any.
    Ambiguous(Vec<ServerId>),
    /// The declared name and the old one are both live: which one is meant cannot be told. Indices; where several
    /// have the old name, the one with the first id.
    BothNames {
        /// The server with the declared name.
        declared: usize,
        /// The server with the old name.
        old: usize,
    },
    /// Another entry means the same live server; the index of that entry.
    Claimed {
        /// The live server.
        live: usize,
        /// The other entry.
        by: usize,
    },
}

/// The live servers of one connection, by id and by name.
pub struct LiveIndex<'a> {
    servers: &'a [LiveServer],
    rules: &'a NameRules,
    by_id: HashMap<Cow<'a, str>, usize>,
    by_name: HashMap<Cow<'a, str>, usize>,
    /// Further servers with a name that `by_name` has already.
    namesakes: HashMap<usize, Vec<usize>>,
}

impl<'a> LiveIndex<'a> {
    /// Builds the index; names and ids are compared as the provider compares them.
    pub fn new(servers: &'a [LiveServer], rules: &'a NameRules) -> Self {
        let mut index = Self {
            servers,
            rules,
            by_id: HashMap::with_capacity(servers.len()),
            by_name: HashMap::with_capacity(servers.len()),
            namesakes: HashMap::new(),
        };
        for (at, server) in servers.iter().enumerate() {
            if let Some(id) = &server.id {
                index.by_id.entry(rules.id_case.key(id.as_str())).or_insert(at);
            }
            if let Some(name) = &server.name {
                let first = *index.by_name.entry(rules.case.key(name.as_str())).or_insert(at);
                if first != at {
                    index.namesakes.entry(first).or_default().push(at);
                }
            }
        }
        index
    }

    /// The server with this id.
    pub fn with_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(&self.rules.id_case.key(id)).copied()
    }

    /// All servers with this name.
    pub fn with_name(&self, name: &str) -> Vec<usize> {
        let Some(&first) = self.by_name.get(&self.rules.case.key(name)) else { return Vec::new() };
        let others = self.namesakes.get(&first).map_or(&[][..], Vec::as_slice);
        std::iter::once(first).chain(others.iter().copied()).collect()
    }

    /// Whether several servers have this name.
    pub fn has_namesakes(&self, name: &str) -> bool {
        let first = self.by_name.get(&self.rules.case.key(name));
        first.is_some_and(|first| self.namesakes.contains_key(first))
    }

    fn named(&self, name: &str) -> Binding {
        let Some(&first) = self.by_name.get(&self.rules.case.key(name)) else { return Binding::Nothing };
        match self.namesakes.get(&first) {
            None => Binding::Bound(first),
            Some(others) => Binding::Ambiguous(
                std::iter::once(&first).chain(others).filter_map(|&at| self.servers[at].id.clone()).collect(),
            ),
        }
    }

    fn bind(&self, desired: &DesiredServer) -> Binding {
        if let Some(id) = &desired.id {
            return self.with_id(id.as_str()).map_or(Binding::Nothing, Binding::Bound);
        }
        let by_name = self.named(desired.address.name.as_str());
        let Some(old) = &desired.renamed_from else { return by_name };
        match (by_name, self.named(old.as_str())) {
            (Binding::Nothing, by_old_name) => by_old_name,
            (Binding::Bound(declared), Binding::Bound(old)) if declared != old => {
                Binding::BothNames { declared, old }
            }
            (Binding::Bound(declared), Binding::Ambiguous(_)) => {
                let others = self.with_name(old.as_str()).into_iter().filter(|&at| at != declared);
                let first = others.min_by_key(|&at| &self.servers[at].id);
                first.map_or(Binding::Bound(declared), |old| Binding::BothNames { declared, old })
            }
            (by_name, _) => by_name,
        }
    }
}

/// Binds every entry of one connection. Two entries that mean the same server are both [`Binding::Claimed`].
pub fn bind_all(desired: &[&DesiredServer], index: &LiveIndex<'_>) -> Vec<Binding> {
    let mut bindings: Vec<Binding> = desired.iter().map(|entry| index.bind(entry)).collect();
    let mut claims: Vec<Option<usize>> = vec![None; index.servers.len()];
    for at in 0..bindings.len() {
        let Binding::Bound(live) = bindings[at] else { continue };
        match claims[live] {
            None => claims[live] = Some(at),
            Some(by) => {
                bindings[at] = Binding::Claimed { live, by };
                if let Binding::Bound(_) = bindings[by] {
                    bindings[by] = Binding::Claimed { live, by: at };
                }
            }
        }
    }
    bindings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Address, CaseRule, DesiredPower, Labels, LiveState, Location, Power, Presence, RebootStyle, Shutdown,
    };

    fn rules(case: CaseRule) -> NameRules {
        NameRules {
            case,
            id_case: case,
            min_chars: 1,
            max_chars: 99,
            allows: |_| true,
            described: "anything",
        }
    }

    fn live(servers: &[(&str, &str)]) -> Vec<LiveServer> {
        servers.iter().map(|(id, name)| LiveServer::new(*id, *name, LiveState::Settled(Power::On))).collect()
    }

    fn entry(name: &str, id: Option<&str>, renamed_from: Option<&str>) -> DesiredServer {
        DesiredServer {
            address: Address::new("east".into(), name.into()),
            id: id.map(Into::into),
            renamed_from: renamed_from.map(Into::into),
            presence: Presence::Present,
            power: DesiredPower::default(),
            schedule: None,
            shutdown: Shutdown::default(),
            grace: None,
            require_evidence: None,
            healthy_when: None,
            rollout: None,
            reboot: RebootStyle::default(),
            rebooted_since: None,
            protect: false,
            labels: Labels::default(),
            after: std::sync::Arc::default(),
            rule: None,
            location: Location { file: "fleet.yaml".into(), line: 1, column: 1 },
        }
    }

    fn bound(case: CaseRule, servers: &[(&str, &str)], entries: &[DesiredServer]) -> Vec<Binding> {
        let (servers, rules) = (live(servers), rules(case));
        let entries: Vec<&DesiredServer> = entries.iter().collect();
        bind_all(&entries, &LiveIndex::new(&servers, &rules))
    }

    fn one(servers: &[(&str, &str)], entry: DesiredServer) -> Binding {
        bound(CaseRule::Exact, servers, &[entry]).remove(0)
    }

    #[test]
    fn an_id_comes_before_a_name_and_a_name_before_an_old_name() {
        let servers = [("1", "web"), ("2", "old"), ("3", "other")];
        assert_eq!(one(&servers, entry("web", Some("3"), None)), Binding::Bound(2));
        assert_eq!(
            one(&servers, entry("web", Some("9"), Some("old"))),
            Binding::Nothing,
            "an id has no substitute"
        );
        assert_eq!(one(&servers, entry("web", None, None)), Binding::Bound(0));
        assert_eq!(one(&servers, entry("new", None, Some("old"))), Binding::Bound(1));
        assert_eq!(one(&servers, entry("new", None, Some("older"))), Binding::Nothing);
    }

    #[test]
    fn both_names_live_is_never_decided_even_where_the_old_one_is_there_twice() {
        let both = one(&[("1", "new"), ("2", "old")], entry("new", None, Some("old")));
        assert_eq!(both, Binding::BothNames { declared: 0, old: 1 });
        let twice = one(&[("9", "old"), ("1", "new"), ("2", "old")], entry("new", None, Some("old")));
        assert_eq!(twice, Binding::BothNames { declared: 1, old: 2 });
    }

    #[test]
    fn several_servers_of_one_name_are_ambiguous() {
        let servers = [("1", "twin"), ("2", "twin")];
        let ids = vec!["1".into(), "2".into()];
        assert_eq!(one(&servers, entry("twin", None, None)), Binding::Ambiguous(ids.clone()));
        assert_eq!(one(&servers, entry("new", None, Some("twin"))), Binding::Ambiguous(ids));
        assert_eq!(one(&servers, entry("twin", Some("2"), None)), Binding::Bound(1));
    }

    #[test]
    fn names_and_ids_are_compared_as_the_provider_compares_them() {
        let servers = [("ABC1", "Web")];
        for (case, found) in [(CaseRule::Insensitive, true), (CaseRule::Exact, false)] {
            let expected = if found { Binding::Bound(0) } else { Binding::Nothing };
            assert_eq!(bound(case, &servers, &[entry("web", None, None)]), std::slice::from_ref(&expected));
            assert_eq!(bound(case, &servers, &[entry("x", Some("abc1"), None)]), [expected]);
        }
        let old_in_another_case = [entry("WEB", None, Some("web"))];
        assert_eq!(bound(CaseRule::Insensitive, &servers, &old_in_another_case), [Binding::Bound(0)]);
    }

    #[test]
    fn every_entry_that_means_a_claimed_server_is_told_of_another() {
        let entries = [entry("web", None, None), entry("a", Some("1"), None), entry("b", None, Some("web"))];
        let bindings = bound(CaseRule::Exact, &[("1", "web")], &entries);
        let claimed = |by| Binding::Claimed { live: 0, by };
        assert_eq!(bindings, [claimed(1), claimed(0), claimed(0)]);
    }
}
