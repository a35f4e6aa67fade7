//! Microversions: the newest that both sides know.

use crate::wire::Reply;
use crate::{Cloud, OFF, PROJECT, SERVER};
use serde_json::json;

fn refused(message: &str) -> Reply {
    Reply::json(406, json!({ "computeFault": { "code": 406, "message": message } }))
}

fn root(version: &str) -> Reply {
    let version = json!({ "id": "v2.1", "status": "CURRENT", "version": version, "min_version": "2.1" });
    Reply::json(200, json!({ "version": version }))
}

fn asked(cloud: &Cloud) -> Vec<(String, Option<String>)> {
    let all = cloud.nova.seen();
    all.iter()
        .map(|seen| {
            (seen.method.clone() + " " + seen.path(), seen.header("openstack-api-version").map(str::to_owned))
        })
        .collect()
}

#[tokio::test]
async fn an_older_cloud_is_asked_in_its_own_newest_version_from_then_on() {
    let text = "Version 2.69 is not supported by the API. Minimum is 2.1 and maximum is 2.53.";
    let cloud = Cloud::new([refused(text), Reply::new(202, ""), Reply::json(200, SERVER)]).await;
    cloud.send(&OFF).await.unwrap();
    cloud.get().await.unwrap();
    let versions: Vec<_> = asked(&cloud).into_iter().map(|(_, version)| version.unwrap()).collect();
    assert_eq!(versions, ["compute 2.69", "compute 2.53", "compute 2.53"]);
}

#[tokio::test]
async fn where_the_refusal_does_not_say_it_the_root_document_does() {
    for (form, path) in [(String::new(), "GET /v2.1/"), (format!("/{PROJECT}"), "GET /v2.1/")] {
        for (told, version) in [("2.60", "compute 2.60"), ("", "compute 2.1")] {
            let replies = [refused("no such version"), root(told), Reply::json(200, SERVER)];
            let cloud = Cloud::below(&format!("/v2.1{form}"), replies).await;
            cloud.get().await.unwrap().unwrap();
            let asked = asked(&cloud);
            assert_eq!(asked[1], (path.to_owned(), None));
            assert_eq!(asked[2].1.as_deref(), Some(version));
        }
    }
}

#[tokio::test]
async fn a_406_that_nobody_explains_is_answered_with_the_oldest_version_and_then_with_none() {
    let unexplained = || Reply::new(406, "<html>");
    let cloud = Cloud::new([unexplained(), Reply::new(404, ""), unexplained()]).await;
    let error = cloud.get().await.unwrap_err();
    assert_eq!(error.status, Some(406));
    let asked: Vec<Option<String>> = cloud
        .nova
        .seen()
        .iter()
        .map(|seen| seen.header("openstack-api-version").map(str::to_owned))
        .collect();
    let version = |text: &str| Some(text.to_owned());
    assert_eq!(
        asked,
        [version("compute 2.69"), None, version("compute 2.1"), None],
        "the second is the root"
    );
    // A server that refuses what it says it knows is not asked for ever.
    let text = "Version is not supported. maximum is 2.69.";
    let cloud = Cloud::new([refused(text)]).await;
    assert!(cloud.send(&OFF).await.is_err());
    assert_eq!(cloud.nova.seen().len(), 3);
}
