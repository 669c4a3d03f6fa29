//! The service is told to stop.

use schema::JobStatus;
use serde_json::json;

use crate::{web::Mood, world::World};

#[tokio::test]
async fn a_digest_that_is_soon_done_is_finished_and_reported() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    let (waiting, second) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.takes(&second).await;
    node.gate.reached(1).await;
    node.ask_to_stop();
    let reply = node.hand_over(&request).await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    assert_eq!(node.get("/health/ready").await.status, 503);
    node.gate.open();
    node.stop().await;
    assert_eq!(world.web.row(job).past, ["running 1", "completed 1"]);
    let row = world.web.row(waiting);
    assert_eq!((row.status, row.attempt), (JobStatus::Submitted, 0), "it stays as it was");
}

#[tokio::test]
async fn a_long_digest_is_handed_back() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"drain_seconds": 0}));
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    node.stop().await;
    let row = world.web.row(job);
    assert_eq!((row.status, row.node), (JobStatus::Submitted, None));
    assert_eq!(row.past, ["running 1", "submitted 1"]);
}

#[tokio::test]
async fn a_digest_that_does_not_heed_the_call_does_not_keep_the_service_from_ending() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"drain_seconds": 0}));
    let (job, request) = world.web.submit("gate", &json!({"stubborn": true}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    node.stop().await;
    assert_eq!(world.web.row(job).status, JobStatus::Running);

    let node = world.node();
    node.gate.open();
    assert_eq!(world.web.until_settled(job).await.attempt, 2);
    node.stop().await;
}

#[tokio::test]
async fn an_outcome_that_cannot_be_delivered_in_time_is_delivered_by_the_next_start() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    node.gate.open();
    node.stop().await;
    assert_eq!(world.web.row(job).status, JobStatus::Running);

    world.web.is(Mood::Well);
    let node = world.node();
    assert_eq!(world.web.until_settled(job).await.past, ["running 1", "completed 1"]);
    node.stop().await;
}

#[tokio::test]
async fn a_claim_under_way_is_given_up_while_the_web_service_is_away() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    world.web.is(Mood::Away);
    node.takes(&request).await;
    node.until(job, json!("claiming")).await;
    node.stop().await;
    assert_eq!(world.web.row(job).status, JobStatus::Submitted);
}
