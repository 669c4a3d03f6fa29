//! A node with keys hears nobody but the web service that has them, too.

use edge::{Calls, Credentials, KeysConfig, Peer, Signer, Way};
use reqwest::Method;
use schema::NodeId;
use serde_json::json;

use crate::world::{Node, World, send};

const KEY: &str = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr";
const OTHER: &str = "whsec_enp6enp6enp6enp6enp6enp6enp6enp6";

/// Somebody who signs what they say so.
fn caller(key: &str, name: &str, way: Way) -> Peer {
    let keys = vec![key.to_owned().try_into().unwrap()];
    let keys = KeysConfig { keys, key_file: None }.load().unwrap();
    let signer = Signer::new(NodeId::new(name).unwrap(), way, keys);
    Peer::new(Calls::default(), Credentials::Signed(signer))
}

async fn asked(node: &Node, caller: &Peer) -> u16 {
    let call = caller.request(Method::GET, format!("{}/job", node.url));
    call.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn only_what_is_signed_by_the_web_service_for_this_node_is_heard() {
    let world = World::new().await;
    let node = world.node_with(json!({"keys": [KEY, OTHER], "token": "shared"}), json!({}));
    for (who, key, name, way, status) in [
        ("the web service", KEY, "n1", Way::ToNode, 200),
        ("the web service, with the next key", OTHER, "n1", Way::ToNode, 200),
        ("another node's words", KEY, "n2", Way::ToNode, 401),
        ("the node itself", KEY, "n1", Way::ToWebService, 401),
    ] {
        assert_eq!(asked(&node, &caller(key, name, way)).await, status, "{who}");
    }
    let with_token = node.request(Method::GET, "/job").bearer_auth("shared");
    let refused = send(with_token).await;
    assert_eq!((refused.status, &*refused.problem()), (401, "unauthorized"));
    assert!(refused.text.contains("must be signed"), "{}", refused.text);
    node.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_looked_at() {
    let world = World::new().await;
    let node = world.node_with(json!({"keys": [KEY]}), json!({"max_body_bytes": 100}));
    let caller = caller(KEY, "n1", Way::ToNode);
    let call = caller.request(Method::POST, format!("{}/job", node.url)).json(&"x".repeat(200));
    assert_eq!(call.send().await.unwrap().status().as_u16(), 413);
    node.stop().await;
}
