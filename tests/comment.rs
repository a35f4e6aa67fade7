//! `comment` from outside: the built program against a local server that behaves like the documented endpoints of each
//! service, request by request.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may")]

#[path = "comment/bench.rs"]
mod bench;
#[path = "comment/content.rs"]
mod content;
#[path = "comment/fake.rs"]
mod fake;
#[path = "comment/gitea.rs"]
mod gitea;
#[path = "comment/github.rs"]
mod github;
#[path = "comment/gitlab.rs"]
mod gitlab;
#[path = "formats/rich.rs"]
#[allow(dead_code, reason = "the plans are shared with the tests of the formats")]
mod rich;
#[path = "comment/target.rs"]
mod target;
#[path = "comment/trouble.rs"]
mod trouble;
#[path = "comment/wire.rs"]
mod wire;
