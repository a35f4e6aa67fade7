//! The grammar of `comment`.

use super::max_length;
use crate::forge::{Given, Key, Service};
use crate::report::MaxLength;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const TOKENS: &str = "\
The token comes from GITHUB_TOKEN, GITLAB_TOKEN or GITEA_TOKEN, never from an
argument. In a pipeline of a pull request the target is known already.";

#[derive(Debug, Args)]
#[command(after_help = TOKENS)]
pub(in crate::cli) struct CommentArgs {
    /// The saved plan
    pub(in crate::cli) plan: PathBuf,
    /// The service: github, gitlab or gitea (also Forgejo)
    #[arg(long, value_name = "SERVICE", hide_possible_values = true)]
    pub(in crate::cli) provider: Forge,
    /// The repository: owner/name; on GitLab its project's id or path
    #[arg(long, value_name = "REPO")]
    pub(in crate::cli) repo: Option<String>,
    /// The number of the pull or merge request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) number: Option<u64>,
    /// The base URL of the API
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) api: Option<String>,
    /// Which comment, where a request has several
    #[arg(long, value_name = "NAME", default_value = "fleetform", value_parser = key)]
    pub(in crate::cli) key: Key,
    /// What a cut comment calls the whole plan [default: its path]
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) artifact: Option<String>,
    /// The longest comment, as of plan [default: what the service takes]
    #[arg(long, value_name = "LENGTH", value_parser = max_length)]
    pub(in crate::cli) max_length: Option<MaxLength>,
    /// Write no new comment for a plan without changes and problems
    #[arg(long)]
    pub(in crate::cli) only_if_changes: bool,
    /// Show the comment and where it would go; needs no token
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

impl CommentArgs {
    /// What says where the comment goes.
    pub(in crate::cli) fn given(&self) -> Given {
        Given { api: self.api.clone(), repo: self.repo.clone(), number: self.number }
    }
}

/// The services by their words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Forge {
    // Also GitHub Enterprise Server.
    Github,
    // Also self-managed.
    Gitlab,
    // Also Forgejo.
    Gitea,
}

impl From<Forge> for Service {
    fn from(forge: Forge) -> Self {
        match forge {
            Forge::Github => Self::GitHub,
            Forge::Gitlab => Self::GitLab,
            Forge::Gitea => Self::Gitea,
        }
    }
}

fn key(text: &str) -> Result<Key, String> {
    Key::parse(text).ok_or_else(|| {
        format!("write 1 to {} letters, digits, dots, underscores and single dashes", Key::MOST)
    })
}
