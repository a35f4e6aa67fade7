//! Logging in: once, for everybody, and never again with what was refused.

use crate::wire::{Reply, Scripted};
use crate::{LOGIN, PASSWORD, calls, lines, login, message, open, open_with, scripted, token};
use fleetform::model::{Operation, ServerId};
use fleetform::provider::{Effect, ErrorKind};
use futures_util::future::join_all;
use serde_json::{Value, json};

const GONE: fn() -> Reply = || Reply::new(404, "");

#[tokio::test]
async fn the_login_is_a_json_post_without_authorization() {
    let server = scripted([GONE()]).await;
    assert_eq!(open(&server.url).get(&ServerId::from("WA1ALIASWB01")).await.unwrap(), None);
    let first = server.seen().remove(0);
    assert_eq!(first.line(), "POST /v2/authentication/login");
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("accept"), Some("application/json"));
    assert_eq!(first.header("authorization"), None);
    let body: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(body, json!({ "username": "ops.bot", "password": PASSWORD }));
    assert_eq!(lines(&server), ["GET /v2/servers/ALIAS/wa1aliaswb01"]);
}

#[tokio::test]
async fn the_account_is_the_one_of_the_settings_or_of_the_login() {
    for (given, sent) in
        [(Some("SUB1"), "SUB1"), (None, "ALIAS"), (Some(""), "ALIAS"), (Some("a/b"), "a%2Fb")]
    {
        let server = scripted([GONE()]).await;
        open_with(&server.url, given).unwrap().get(&ServerId::from("x")).await.unwrap();
        assert_eq!(lines(&server), [format!("GET /v2/servers/{sent}/x")]);
    }
    let nameless = json!({ "bearerToken": "t" });
    let server = Scripted::new([Reply::json(200, nameless)]).await;
    let error = open_with(&server.url, None).unwrap().get(&ServerId::from("x")).await.unwrap_err();
    assert!(error.to_string().contains("`account`"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_endpoint_may_end_in_the_version_or_in_slashes_and_may_have_a_path() {
    for (tail, path) in
        [("", ""), ("/", ""), ("/v2", ""), ("/v2/", ""), ("/gate", "/gate"), ("/gate/v2", "/gate")]
    {
        let server = scripted([GONE()]).await;
        open(&format!("{}{tail}", server.url)).get(&ServerId::from("x")).await.unwrap();
        let seen: Vec<String> = server.seen().iter().map(crate::wire::Seen::line).collect();
        let expected = ["POST /v2/authentication/login", "GET /v2/servers/ALIAS/x"];
        assert_eq!(seen, expected.map(|line| line.replacen(" /", &format!(" {path}/"), 1)), "{tail}");
    }
}

#[tokio::test]
async fn many_calls_that_meet_401_at_once_cause_one_login() {
    let refused = || Reply::json(401, message("Authorization has been denied for this request.")).late(100);
    let mut replies = vec![login()];
    replies.extend((0..8).map(|_| refused()));
    replies.push(login());
    replies.push(GONE());
    let server = Scripted::new(replies).await;
    let provider = open(&server.url);
    let ids: Vec<ServerId> = (0..8).map(|n| ServerId::from(format!("s{n}"))).collect();
    let ends = join_all(ids.iter().map(|id| provider.get(id))).await;
    assert!(ends.iter().all(|end| matches!(end, Ok(None))), "{ends:?}");
    let logins = server.seen().iter().filter(|seen| seen.target.ends_with("/login")).count();
    assert_eq!((logins, calls(&server).len()), (2, 16));
}

#[tokio::test]
async fn a_change_that_meets_401_was_not_carried_out_and_is_sent_once_more() {
    let taken = json!([{ "server": "x", "isQueued": true, "links": [] }]);
    let server = Scripted::new([login(), Reply::new(401, "no"), login(), Reply::json(200, taken)]).await;
    let verdicts = open(&server.url).send(&Operation::PowerOn, &["x".into()]).await.unwrap();
    assert!(verdicts[0].is_ok());
    assert_eq!(lines(&server), ["POST /v2/operations/ALIAS/servers/powerOn"; 2]);

    let server = Scripted::new([login(), Reply::new(401, "no"), login(), Reply::new(401, "no")]).await;
    let error = open(&server.url).send(&Operation::PowerOn, &["x".into()]).await.unwrap_err();
    assert_eq!((error.kind, error.effect, server.seen().len()), (ErrorKind::Auth, Effect::None, 4));
}

#[tokio::test]
async fn refused_credentials_are_a_400_and_are_never_sent_again() {
    let text = "We didn't recognize the username or password you entered. Please try again.";
    for refusal in [Reply::json(400, message(text)), Reply::new(400, "<html>400</html>"), Reply::new(400, "")]
    {
        let server = Scripted::new([refusal]).await;
        let provider = open(&server.url);
        for _ in 0..3 {
            let error = provider.get(&ServerId::from("x")).await.unwrap_err();
            assert_eq!((error.kind, error.effect, error.status), (ErrorKind::Auth, Effect::None, Some(400)));
            assert!(error.to_string().contains("not sent again"), "{error}");
        }
        let verdict = provider.send(&Operation::Delete, &["x".into()]).await.unwrap().remove(0);
        assert_eq!(verdict.unwrap_err().kind, ErrorKind::Auth);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_login_in_trouble_is_repeated_and_what_makes_no_sense_is_no_login() {
    let server =
        Scripted::new([Reply::closed(), Reply::new(500, ""), Reply::json(429, ""), login(), GONE()]).await;
    assert_eq!(open(&server.url).get(&ServerId::from("x")).await.unwrap(), None);
    for (reply, kind) in [
        (Reply::new(200, "<html>"), ErrorKind::Garbage),
        (Reply::json(200, json!({ "accountAlias": "ALIAS" })), ErrorKind::Garbage),
        (Reply::json(200, json!({ "bearerToken": "" })), ErrorKind::Garbage),
        (Reply::json(200, json!({ "bearerToken": "a\nb" })), ErrorKind::Garbage),
        (Reply::json(200, &LOGIN[..40]), ErrorKind::Garbage),
        (Reply::json(403, ""), ErrorKind::Forbidden),
        (Reply::json(404, message("The requested resource does not exist.")), ErrorKind::WrongEndpoint),
        (Reply::new(302, "").header("location", "https://elsewhere.example/"), ErrorKind::WrongEndpoint),
    ] {
        let server = Scripted::new([reply.clone()]).await;
        let sent = open(&server.url).send(&Operation::PowerOn, &["x".into()]).await;
        let error = sent.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_token_that_is_echoed_is_not_shown() {
    for status in [400, 401, 403, 404, 422, 500] {
        for text in
            [format!("bad token {}", token()), message(&format!("{} is no good", token())).to_string()]
        {
            let server =
                Scripted::new([login(), Reply::new(status, text.clone()), login(), Reply::new(status, text)]);
            let server = server.await;
            let sent = open(&server.url).send(&Operation::PowerOn, &["x".into()]).await;
            let error = sent.unwrap_err();
            for shown in [error.to_string(), format!("{error:?}")] {
                assert!(!shown.contains(&token()) && !shown.contains(PASSWORD), "{shown}");
            }
        }
    }
}
