//! The files that put fleetform into pipelines: their shape, what their jobs may see, and their scripts, run in order
//! against the simulator, in a git repository, with stand-ins for the services' command lines.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "pipeline/action.rs"]
mod action;
#[path = "pipeline/desk.rs"]
mod desk;
#[path = "pipeline/expression.rs"]
mod expression;
#[path = "pipeline/files.rs"]
mod files;
#[path = "pipeline/github.rs"]
mod github;
#[path = "pipeline/gitlab.rs"]
mod gitlab;
#[path = "pipeline/image.rs"]
mod image;
#[path = "pipeline/pre_commit.rs"]
mod pre_commit;
#[path = "pipeline/review.rs"]
mod review;
#[path = "pipeline/runner.rs"]
mod runner;
#[path = "pipeline/shape.rs"]
mod shape;
