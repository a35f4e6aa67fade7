//! The process's environment. Read in this one place; everywhere else it is passed in.

/// The value of an environment variable; `None` where it is not set, empty or not text.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
