//! Which request is meant: what was given, completed from the variables of the service's own pipelines.

use std::path::PathBuf;

/// The services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// GitHub, and GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea, and Forgejo.
    Gitea,
}

impl Service {
    /// The variable that holds the token: one for each, so that no token is ever sent to another service.
    pub fn token_variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
            Self::Gitea => "GITEA_TOKEN",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Gitea => "Gitea",
        }
    }
}

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--api`.
    pub api: Option<String>,
    /// `--repo`.
    pub repo: Option<String>,
    /// `--number`.
    pub number: Option<u64>,
}

/// The pipeline around us.
pub struct Surroundings<'a> {
    /// Its variables; `None` where not set or empty.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file whole; `None` where it cannot be.
    pub file: &'a dyn Fn(PathBuf) -> Option<Vec<u8>>,
}

/// A request on a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The base URL of its API.
    pub api: String,
    /// `owner/name`; on GitLab the project's id or path.
    pub repo: String,
    /// The request's number in that repository.
    pub number: u64,
}

/// What is not known, and how to give it. Wrong usage, as something on the command line would have told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl Target {
    /// Completes what was given. The variables of GitHub Actions are also set by the runners of Gitea and Forgejo,
    /// with the values of those; `GITEA_ACTIONS=true` tells them apart
    /// (<https://gitea.com/gitea/act_runner>, `internal/app/run/runner.go`), so that a token meant for one of them is
    /// never sent to the other.
    ///
    /// # Errors
    /// What is missing or has another form than it must have, with the flag and the variable.
    pub fn find(service: Service, given: &Given, around: &Surroundings<'_>) -> Result<Self, Missing> {
        let on_gitea = (around.env)("GITEA_ACTIONS").as_deref() == Some("true");
        let env = |name: &str| {
            let foreign = match service {
                Service::GitHub => on_gitea,
                Service::Gitea => !on_gitea,
                Service::GitLab => false,
            };
            if foreign { None } else { (around.env)(name) }
        };
        let here = match service {
            Service::GitLab => gitlab_repos(&env),
            _ => env("GITHUB_REPOSITORY").into_iter().collect(),
        };
        let repo = given.repo.clone().or_else(|| here.first().cloned()).ok_or_else(|| no_repo(service))?;
        if !is_repo(service, &repo) {
            let form = match service {
                Service::GitLab => "the project's id, or its path such as group/name",
                _ => "owner/name",
            };
            return Err(Missing(format!("--repo {repo:?} is not {form}")));
        }
        let number = match (given.number, here.contains(&repo)) {
            (Some(number), _) => number,
            // The number of this pipeline's request says nothing about another repository.
            (None, false) if given.repo.is_some() && !here.is_empty() => {
                return Err(Missing(
                    "--repo is another repository than this pipeline's: give --number too".into(),
                ));
            }
            (None, _) => number_here(service, &env, around.file).ok_or_else(|| no_number(service))?,
        };
        let api = given.api.clone().or_else(|| api_here(service, &env)).ok_or_else(|| {
            Missing("give --api URL, such as https://gitea.example.org/api/v1 (in Gitea Actions it is taken from GITHUB_API_URL)".into())
        })?;
        Ok(Self { service, api, repo, number })
    }
}

/// The project with the merge request first: in a pipeline of a fork `CI_PROJECT_ID` is the fork
/// (<https://docs.gitlab.com/ci/variables/predefined_variables/>).
fn gitlab_repos(env: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let ids = env("CI_MERGE_REQUEST_PROJECT_ID").or_else(|| env("CI_PROJECT_ID"));
    let paths = env("CI_MERGE_REQUEST_PROJECT_PATH").or_else(|| env("CI_PROJECT_PATH"));
    ids.into_iter().chain(paths).collect()
}

fn api_here(service: Service, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match service {
        Service::GitHub => env("GITHUB_API_URL").or_else(|| Some("https://api.github.com".into())),
        Service::GitLab => env("CI_API_V4_URL").or_else(|| Some("https://gitlab.com/api/v4".into())),
        // The API is at a fixed path below the server (https://docs.gitea.com/development/api-usage).
        Service::Gitea => env("GITHUB_API_URL").or_else(|| {
            env("GITHUB_SERVER_URL").map(|server| format!("{}/api/v1", server.trim_end_matches('/')))
        }),
    }
}

/// The event that started the workflow, or the ref it runs on: `refs/pull/12/merge`, on Gitea `refs/pull/12/head`
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/variables>).
fn number_here(
    service: Service,
    env: &dyn Fn(&str) -> Option<String>,
    file: &dyn Fn(PathBuf) -> Option<Vec<u8>>,
) -> Option<u64> {
    if service == Service::GitLab {
        return env("CI_MERGE_REQUEST_IID")?.parse().ok().filter(|number| *number > 0);
    }
    let event = env("GITHUB_EVENT_PATH").map(PathBuf::from).and_then(file);
    let event = event.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let of_event = event.and_then(|event| {
        // A comment on a pull request is an event of an issue; that of a plain issue is not meant.
        let commented = event["issue"].get("pull_request").and(event["issue"]["number"].as_u64());
        event["pull_request"]["number"].as_u64().or(commented).or_else(|| event["number"].as_u64())
    });
    let of_ref = || {
        let name = env("GITHUB_REF")?;
        let (number, _) = name.strip_prefix("refs/pull/")?.split_once('/')?;
        number.parse().ok()
    };
    of_event.or_else(of_ref).filter(|number| *number > 0)
}

fn is_repo(service: Service, text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let parts: Vec<&str> = text.split('/').collect();
    let are_names =
        parts.iter().all(|part| !part.is_empty() && !matches!(*part, "." | "..") && part.chars().all(fits));
    let is_id = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match service {
        Service::GitLab => is_id || (are_names && parts.len() >= 2),
        _ => are_names && parts.len() == 2,
    }
}

fn no_repo(service: Service) -> Missing {
    Missing(match service {
        Service::GitHub => "give --repo owner/name (in GitHub Actions it is taken from GITHUB_REPOSITORY)".into(),
        Service::GitLab => {
            "give --repo, the project's id or path (in GitLab CI it is taken from CI_MERGE_REQUEST_PROJECT_ID or \
             CI_PROJECT_ID)"
                .into()
        }
        Service::Gitea => "give --repo owner/name (in Gitea Actions it is taken from GITHUB_REPOSITORY)".into(),
    })
}

fn no_number(service: Service) -> Missing {
    Missing(match service {
        Service::GitLab => {
            "give --number, that of the merge request (in GitLab CI it is taken from CI_MERGE_REQUEST_IID, which only \
             merge request pipelines have)"
                .into()
        }
        _ => "give --number, that of the pull request (in a workflow it is taken from GITHUB_EVENT_PATH or GITHUB_REF, \
              where the event is one of a pull request)"
            .into(),
    })
}
