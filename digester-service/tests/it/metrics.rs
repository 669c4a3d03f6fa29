//! What the node counts, and when it is ready.

use serde_json::json;

use crate::{
    web::Mood,
    world::{Node, World},
};

/// The figure of this name and these labels, as it is told.
async fn figure(node: &Node, name: &str) -> Option<f64> {
    let text = node.get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().parse().unwrap())
}

#[tokio::test]
async fn what_the_node_does_is_counted() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    assert_eq!(figure(&node, "digester_node_held_jobs{state=\"running\"}").await, Some(1.0));
    assert!(figure(&node, "digester_node_lease_seconds").await > Some(0.0));
    world.web.is(Mood::Away);
    node.gate.open();
    while figure(&node, "digester_node_callback_retries_total").await < Some(1.0) {
        assert!(figure(&node, "digester_node_journal_outcomes").await <= Some(1.0));
    }
    world.web.is(Mood::Well);
    world.web.until_settled(job).await;
    assert_eq!(
        figure(&node, "digester_node_attempts_total{outcome=\"completed\"}").await,
        Some(1.0)
    );
    assert_eq!(figure(&node, "digester_node_admission_seconds_count").await, Some(1.0));
    node.stop().await;
}

#[tokio::test]
async fn a_node_is_ready_once_the_web_service_has_heard_of_it() {
    let world = World::new().await;
    world.web.is(Mood::Away);
    let node = world.node();
    let reply = node.get("/health/ready").await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    assert_eq!(node.get("/health/live").await.status, 200);
    world.web.is(Mood::Well);
    while node.get("/health/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    node.stop().await;
}

#[tokio::test]
async fn a_node_whose_journal_cannot_be_written_is_not_ready() {
    let world = World::new().await;
    let node = world.node();
    while node.get("/health/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    std::fs::create_dir(world.state.path().join("probe")).unwrap();
    let reply = node.get("/health/ready").await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    node.stop().await;
}
