//! `POST /preview`: an instruction is looked at, and no job is made of it.

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Node, Reply, World, send};

async fn preview(node: &Node, kind: &str, instruction: Value) -> Reply {
    let request = json!({"kind": kind, "instruction": instruction});
    send(node.request(Method::POST, "/preview").json(&request)).await
}

#[tokio::test]
async fn the_digester_of_the_kind_says_what_would_become_of_it() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    let report = json!({"any": ["thing", 1.50]});
    let seen = preview(&node, "gate", json!({"report": report})).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    let expected = json!({"fine": true, "message": "would pass", "node": "n1", "report": report});
    assert_eq!(seen.json(), expected);
    let unreadable = preview(&node, "sleep", json!({"seconds": 1})).await;
    assert_eq!((unreadable.status, &unreadable.json()["fine"]), (200, &json!(false)));
    assert_eq!(node.get("/job").await.json(), json!([]), "nothing is held for it");
    node.stop().await;
}

#[tokio::test]
async fn who_cannot_tell_says_so() {
    let world = World::new().await;
    let node = world.node();
    for kind in ["sleeper", "unheard-of"] {
        let refused = preview(&node, kind, json!({})).await;
        assert_eq!((refused.status, &*refused.problem()), (422, "invalid"), "{kind}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(kind), "{detail}");
    }
    node.stop().await;
}

#[tokio::test]
async fn a_digester_that_panics_over_it_would_fail_the_job() {
    let world = World::new().await;
    let node = world.node();
    let seen = preview(&node, "gate", json!({"panic": "what is this?"})).await.json();
    assert_eq!(seen["fine"], false);
    assert_eq!(seen["message"], "the digester panicked: what is this?");
    node.stop().await;
}

#[tokio::test]
async fn only_so_many_are_looked_at_at_once() {
    let world = World::new().await;
    let node = world.node();
    let looks = join(preview(&node, "gate", json!({})), preview(&node, "gate", json!({})));
    let crowd = async {
        node.gate.reached(2).await;
        let refused = preview(&node, "gate", json!({})).await;
        node.gate.open();
        refused
    };
    let ((one, other), refused) = join(looks, crowd).await;
    assert_eq!((refused.status, &*refused.problem()), (503, "unavailable"));
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(preview(&node, "gate", json!({})).await.status, 200, "there is room again");
    node.stop().await;
}

#[tokio::test]
async fn who_has_no_token_is_shown_nothing() {
    let world = World::new().await;
    let node = world.node_with(json!({"token": "secret"}), json!({}));
    assert_eq!(preview(&node, "sleep", json!({})).await.status, 401);
    node.stop().await;
}
