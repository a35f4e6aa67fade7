//! Which servers of a fleet a selector means, found without looking at all of them where its text allows that:
//! ten thousand entries may each name another one.

use super::{DesiredServer, Selector};
use std::cell::OnceCell;
use std::collections::HashMap;

/// The servers of a fleet, sorted for selectors.
pub struct Roster<'a> {
    servers: &'a [DesiredServer],
    names: OnceCell<Vec<(&'a str, usize)>>,
    addresses: OnceCell<Vec<(String, usize)>>,
    labels: OnceCell<HashMap<(&'a str, &'a str), Vec<usize>>>,
}

impl<'a> Roster<'a> {
    /// Nothing is sorted before it is asked for.
    pub fn new(servers: &'a [DesiredServer]) -> Self {
        Self { servers, names: OnceCell::new(), addresses: OnceCell::new(), labels: OnceCell::new() }
    }

    /// The servers that the selector means, by their place in the fleet, ascending.
    pub fn members(&self, selector: &Selector) -> Vec<usize> {
        let mut found = match selector {
            Selector::Address(glob) if glob.contains('/') => {
                among(self.addresses(), glob, |(address, at)| (address.as_str(), *at))
            }
            Selector::Address(glob) => among(self.names(), glob, |&(name, at)| (name, at)),
            Selector::Label { key, value } if !is_glob(value) => {
                self.labels().get(&(key.as_str(), value.as_str())).cloned().unwrap_or_default()
            }
            Selector::Label { .. } => (0..self.servers.len()).collect(),
        };
        found.retain(|&at| {
            let server = &self.servers[at];
            selector.matches(&server.address, &server.labels)
        });
        found.sort_unstable();
        found
    }

    fn names(&self) -> &[(&'a str, usize)] {
        self.names.get_or_init(|| {
            let name = |(at, server): (usize, &'a DesiredServer)| (server.address.name.as_str(), at);
            let mut all: Vec<_> = self.servers.iter().enumerate().map(name).collect();
            all.sort_unstable();
            all
        })
    }

    fn addresses(&self) -> &[(String, usize)] {
        self.addresses.get_or_init(|| {
            let servers = self.servers.iter().enumerate();
            let mut all: Vec<_> = servers.map(|(at, server)| (server.address.to_string(), at)).collect();
            all.sort_unstable();
            all
        })
    }

    fn labels(&self) -> &HashMap<(&'a str, &'a str), Vec<usize>> {
        self.labels.get_or_init(|| {
            let mut all: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
            for (at, server) in self.servers.iter().enumerate() {
                for (key, value) in server.labels.iter() {
                    all.entry((key, value)).or_default().push(at);
                }
            }
            all
        })
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Those that begin as the glob does before its first wildcard; the whole text where it has none.
fn among<T>(sorted: &[T], glob: &str, text: impl Fn(&T) -> (&str, usize)) -> Vec<usize> {
    let head = glob.split(['*', '?']).next().unwrap_or_default();
    let begins = |item: &T| if is_glob(glob) { text(item).0.starts_with(head) } else { text(item).0 == glob };
    let from = sorted.partition_point(|item| text(item).0 < head);
    sorted[from..].iter().take_while(|item| begins(item)).map(|item| text(item).1).collect()
}
