//! `comment`: keeps one comment with a saved plan on a pull or merge request.

use super::saved;
use crate::cli::args::{CommentArgs, Format, Global};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::cli::stop::{Signals, block_on};
use crate::config::process_env;
use crate::forge::{
    Action, Given, Marker, Missing, Opened, Outcome, Sent, Service, Surroundings, Target, Wanted,
};
use crate::plan::PlanDocument;
use crate::report::{MaxLength, PlanFormat, PlanView, render_plan};
use secrecy::SecretString;
use serde_json::json;

pub(in crate::cli) fn run(global: &Global, args: &CommentArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    io.be_quiet(global.quiet);
    let service = Service::from(args.provider);
    let target = find(service, &args.given())?;
    let document = saved::read(&args.plan)?;
    let marker = Marker::new(&args.key);
    let body = body(&document, service, &marker, args)?;
    if args.dry_run {
        rehearse(&target, &body, args, global, io);
        return Ok(code::DONE);
    }
    let failed = |error| Failure::provider(service.name(), &error);
    let mut opened = Opened::new(&target, token(service)?).map_err(failed)?;
    let says_something = !(document.changes.is_empty() && document.problems.is_empty());
    let create = says_something || !args.only_if_changes;
    let wanted = Wanted { marker: &marker, body: &body, create };
    let sent = Sent::new(false);
    let outcome = block_on(async {
        let signals = Signals::listen()?;
        signals.unless_interrupted(async { opened.keep(wanted, &sent).await.map_err(failed) }).await
    });
    let outcome = outcome.map_err(|failure| match failure {
        Failure::Interrupted if sent.get() => Failure::Message(
            code::INTERRUPTED,
            "interrupted; whether the comment was written is not known, the next run looks for it first"
                .into(),
        ),
        other => other,
    })?;
    tell(&outcome, global, io);
    Ok(code::DONE)
}

fn find(service: Service, given: &Given) -> Result<Target, Failure> {
    let around = Surroundings { env: &process_env, file: &|path| std::fs::read(path).ok() };
    Target::find(service, given, &around).map_err(|Missing(text)| Failure::usage(text))
}

/// The comment, marker and all, within the limit.
fn body(
    document: &PlanDocument,
    service: Service,
    marker: &Marker,
    args: &CommentArgs,
) -> Result<String, Failure> {
    let preset = match service {
        Service::GitLab => MaxLength::GITLAB,
        Service::GitHub | Service::Gitea => MaxLength::GITHUB,
    };
    let head = marker.head();
    let max_length = args.max_length.unwrap_or(preset).beside(&head).ok_or_else(|| {
        let least = MaxLength::LEAST + head.len();
        Failure::usage(format!("--max-length is too short beside the comment's key: write {least} or more"))
    })?;
    let path = args.plan.to_string_lossy();
    let artifact = Some(args.artifact.as_deref().unwrap_or(&path));
    let view = PlanView { max_length, artifact, ..PlanView::new(document, &document.refusals) };
    Ok(head + &render_plan(PlanFormat::Markdown, &view))
}

fn token(service: Service) -> Result<SecretString, Failure> {
    let name = service.token_variable();
    // What a secret store hands out often ends in a line break.
    let token = process_env(name).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    token.map(SecretString::from).ok_or_else(|| {
        let more = match service {
            Service::GitLab => ": an access token with the scope api, as a CI_JOB_TOKEN cannot write notes",
            Service::GitHub => ": in a workflow `env: { GITHUB_TOKEN: \"${{ github.token }}\" }`",
            Service::Gitea => {
                ": an access token with the scopes write:issue and read:user, or that of the workflow"
            }
        };
        Failure::problem(format!("no token for {}: set the variable {name}{more}", service.name()))
    })
}

fn rehearse(target: &Target, body: &str, args: &CommentArgs, global: &Global, io: &mut Io<'_>) {
    if global.format == Format::Json {
        io.print_json(&json!({
            "action": "dry_run", "service": target.service.name(), "api": target.api, "repo": target.repo,
            "number": target.number, "key": args.key.to_string(), "body": body,
        }));
    } else {
        io.print(body);
    }
    io.mention(&format!(
        "Would create or edit comment {} on {} {}, number {}, at {}; nothing was sent.",
        args.key,
        target.service.name(),
        target.repo,
        target.number,
        target.api
    ));
}

fn tell(outcome: &Outcome, global: &Global, io: &mut Io<'_>) {
    outcome.warnings.iter().for_each(|text| io.warn(text));
    let url = outcome.comment.as_ref().and_then(|comment| comment.url.as_deref());
    if global.format == Format::Json {
        let id = outcome.comment.as_ref().map(|comment| comment.id);
        io.print_json(&json!({ "action": outcome.action, "url": url, "id": id }));
    } else if let Some(url) = url {
        io.print(&format!("{url}\n"));
    }
    io.mention(match outcome.action {
        Action::Created => "The comment was created.",
        Action::Updated => "The comment was updated.",
        Action::Unchanged => "The comment says this already.",
        Action::Skipped => "No comment: the plan has no changes and no problems.",
    });
}
