//! What an operator asks the regulator, and tells it.

use reqwest::{Method, header::CONTENT_TYPE};
use schema::{Held, HeldState, Mode, Regulation};
use serde_json::json;

use crate::world::{Node, Reply, World, send};

async fn put(node: &Node, path: &str, toml: &str) -> Reply {
    let request = node.request(Method::PUT, path).header(CONTENT_TYPE, "application/toml");
    send(request.body(toml.to_owned())).await
}

async fn stands(node: &Node) -> Regulation {
    serde_json::from_value(node.get("/regulator").await.json()).unwrap()
}

#[tokio::test]
async fn a_strategy_is_told_as_it_is_written_and_in_words() {
    let world = World::new().await;
    let node = world.node();
    let reply = put(&node, "/regulator", "gates = [{ fixed = { at_once = 7 } }]").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let stands = stands(&node).await;
    assert_eq!(stands.mode, Mode::Open);
    assert!(stands.text.toml.contains("at_once = 7"), "{}", stands.text.toml);
    assert_eq!(stands.text.words[1], "At most 7 jobs run at once.");
    assert_eq!(stands.gates[0].budgets[0].capacity, 7);
    node.stop().await;
}

#[tokio::test]
async fn a_strategy_that_is_tried_is_not_in_force() {
    let world = World::new().await;
    let node = world.node();
    let before = stands(&node).await;
    let toml = "gates = [{ fixed = { at_once = 7 } }]";
    let reply = put(&node, "/regulator?dry_run=true", toml).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["words"][1], "At most 7 jobs run at once.");
    assert_eq!(stands(&node).await, before);
    node.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_line() {
    let world = World::new().await;
    let node = world.node();
    let before = stands(&node).await;
    for path in ["/regulator", "/regulator?dry_run=true"] {
        let reply = put(&node, path, "gates = [\n  { fixed = { at_once = 0 } },\n]").await;
        assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
        assert_eq!(reply.json()["line"], 2, "{}", reply.text);
    }
    assert_eq!(stands(&node).await, before);
    node.stop().await;
}

#[tokio::test]
async fn the_foremost_jobs_are_those_under_way_and_those_that_wait_say_why() {
    let world = World::new().await;
    let node = world.node();
    put(&node, "/regulator", "gates = [{ fixed = { at_once = 1 } }]").await;
    let jobs: Vec<_> = (0..3).map(|_| world.web.submit("gate", &json!({}))).collect();
    for (_, request) in &jobs {
        node.takes(request).await;
    }
    node.gate.reached(1).await;
    let list: Vec<Held> = serde_json::from_value(node.get("/job?limit=2").await.json()).unwrap();
    let states: Vec<_> = list.iter().map(|held| held.state).collect();
    assert_eq!(states, [HeldState::Running, HeldState::Waiting]);
    assert_eq!((list[1].place, list[1].queue_length), (Some(1), Some(2)));
    assert!(list[1].waits_for[0].starts_with("waits for a slot"), "{list:?}");
    node.gate.open();
    for (job, _) in &jobs {
        world.web.until_settled(*job).await;
    }
    node.stop().await;
}
