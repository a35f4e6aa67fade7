//! The part of regular expressions that the `name` filter understands here: literals, `.`, escaped punctuation, `*`,
//! `+`, `?` and anchors at the ends. Everything else is none.

/// A name filter. Like the databases it runs in, it knows no difference between upper and lower case.
#[derive(Debug)]
pub(super) struct Pattern {
    atoms: Vec<(Atom, Times)>,
    from_start: bool,
    to_end: bool,
}

#[derive(Clone, Copy, Debug)]
enum Atom {
    Any,
    Letter(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Once,
    Optional,
    /// Any number, none included.
    Many,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let rest = lower.strip_prefix('^');
        let mut pattern = Self { atoms: Vec::new(), from_start: rest.is_some(), to_end: false };
        let mut letters = rest.unwrap_or(&lower).chars().peekable();
        while let Some(letter) = letters.next() {
            let atom = match letter {
                '$' if letters.peek().is_none() => {
                    pattern.to_end = true;
                    break;
                }
                '\\' => Atom::Letter(letters.next().filter(char::is_ascii_punctuation)?),
                '.' => Atom::Any,
                '^' | '$' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '*' | '+' | '?' => return None,
                letter => Atom::Letter(letter),
            };
            let times: &[Times] = match letters.peek() {
                Some('*') => &[Times::Many],
                Some('+') => &[Times::Once, Times::Many],
                Some('?') => &[Times::Optional],
                _ => &[Times::Once],
            };
            if times != [Times::Once] {
                letters.next();
            }
            pattern.atoms.extend(times.iter().map(|times| (atom, *times)));
        }
        (!text.is_empty()).then_some(pattern)
    }

    /// Walks all ways through the pattern at once, so that none of them can take long.
    pub(super) fn matches(&self, name: &str) -> bool {
        let end = self.atoms.len();
        let mut at = vec![false; end + 1];
        self.enter(&mut at, 0);
        for letter in name.to_lowercase().chars() {
            if at[end] && !self.to_end {
                return true;
            }
            let mut next = vec![false; end + 1];
            for (place, (atom, times)) in self.atoms.iter().enumerate().filter(|(place, _)| at[*place]) {
                if matches!(atom, Atom::Any) || matches!(atom, Atom::Letter(own) if *own == letter) {
                    self.enter(&mut next, if *times == Times::Many { place } else { place + 1 });
                }
            }
            if !self.from_start {
                self.enter(&mut next, 0);
            }
            at = next;
        }
        at[end]
    }

    /// Marks a place, and those behind it that can be reached without a letter.
    fn enter(&self, at: &mut [bool], from: usize) {
        for (place, reached) in at.iter_mut().enumerate().skip(from) {
            *reached = true;
            if self.atoms.get(place).is_none_or(|(_, times)| *times == Times::Once) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_the_pattern_says() {
        for (pattern, name, found) in [
            ("web", "my-WEB-1", true),
            ("^web$", "web-1", false),
            ("^web$", "Web", true),
            ("^web", "a web", false),
            ("1$", "web-1", true),
            ("w.b", "wob", true),
            ("w\\.b", "wob", false),
            ("^a+b*c?$", "aaabbc", true),
            ("^a+b*c?$", "bc", false),
            ("^.*-1$", "web-1-1", true),
            ("^$", "x", false),
            ("x*y", "zzy", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(name), found, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_not_understood_is_none() {
        for pattern in ["", "a|b", "[ab]", "(a)", "a{2}", "a**", "*a", "\\d", "a\\", "a^", "$a"] {
            assert!(Pattern::parse(pattern).is_none(), "{pattern}");
        }
    }
}
