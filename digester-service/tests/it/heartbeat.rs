//! What the node says of itself, and what it may do while nobody hears it.

use schema::{Attempt, JobId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Node, World};

/// A node that runs a job, and is heard often.
async fn busy(world: &World) -> (Node, Uuid) {
    world.web.leases(Some(400));
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    (node, job)
}

/// Lets the node's lease end, and its digest come to where it would publish what it made.
async fn lapsed(world: &World, node: &Node) {
    world.web.leases(Some(0));
    // The second comes after the answer to the first was dealt with.
    world.web.hears_beats(2).await;
    node.gate.open();
}

#[tokio::test]
async fn a_node_says_what_it_is_and_what_it_answers_for_and_when_it_leaves() {
    let world = World::new().await;
    world.web.leases(Some(400));
    let settings = json!({"advertise": "http://n1.example.org", "roots": ["/tmp"]});
    let node = world.node_with(settings, json!({"held_jobs": 3}));
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    let beat = world.web.beats(|beat| !beat.attempts.is_empty()).await;
    assert_eq!(beat.address, "http://n1.example.org");
    assert_eq!(beat.folders, ["/tmp"]);
    let kinds: Vec<_> = beat.kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, ["gate", "loader", "rogue", "sleep", "sleeper"]);
    assert_eq!((beat.capacity, beat.held, beat.room), (3, 1, 2));
    assert_eq!(beat.attempts, [Attempt { id: JobId(job), attempt: 1 }]);
    node.gate.open();
    world.web.until_settled(job).await;
    node.stop().await;
    world.web.beats(|beat| beat.leaving && beat.held == 0).await;
}

#[tokio::test]
async fn an_attempt_that_is_not_ours_any_more_is_stopped_and_says_nothing() {
    let world = World::new().await;
    let (node, job) = busy(&world).await;
    world.web.change(job, |row| (row.attempt, row.node) = (2, Some("n2".to_owned())));
    node.until(job, Value::Null).await;
    assert_eq!(world.web.row(job).past, ["running 1"]);
    node.stop().await;
}

#[tokio::test]
async fn a_cancel_reaches_a_running_job_with_the_heartbeat() {
    let world = World::new().await;
    let (node, job) = busy(&world).await;
    world.web.change(job, |row| row.cancel_requested = true);
    assert_eq!(world.web.until_settled(job).await.past, ["running 1", "cancelled 1"]);
    node.stop().await;
}

#[tokio::test]
async fn nothing_is_published_by_an_attempt_that_lost_its_job_while_its_lease_was_over() {
    let world = World::new().await;
    let (node, job) = busy(&world).await;
    lapsed(&world, &node).await;
    world.web.change(job, |row| (row.attempt, row.node) = (2, Some("n2".to_owned())));
    node.until(job, Value::Null).await;
    assert_eq!(node.gate.published(), 0);
    node.stop().await;
}

#[tokio::test]
async fn what_was_made_while_the_lease_was_over_is_published_once_it_holds_again() {
    let world = World::new().await;
    let (node, job) = busy(&world).await;
    lapsed(&world, &node).await;
    world.web.leases(Some(400));
    assert_eq!(world.web.until_settled(job).await.past, ["running 1", "completed 1"]);
    assert_eq!(node.gate.published(), 1);
    node.stop().await;
}

#[tokio::test]
async fn beside_a_web_service_that_knows_no_leases_jobs_run_as_ever() {
    let world = World::new().await;
    world.web.leases(None);
    let node = world.node();
    node.gate.open();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    world.web.until_settled(job).await;
    node.stop().await;
}
