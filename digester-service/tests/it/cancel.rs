//! Jobs that somebody wants to end.

use schema::JobStatus;
use serde_json::{Value, json};

use crate::{web::Mood, world::World};

#[tokio::test]
async fn a_waiting_job_is_withdrawn_and_its_end_reported() {
    let world = World::new().await;
    let node = world.node();
    let (first, ahead) = world.web.submit("gate", &json!({}));
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&ahead).await;
    node.takes(&request).await;
    node.gate.reached(1).await;
    assert_eq!(node.cancel(job).await, 202);
    assert_eq!(world.web.until_settled(job).await.status, JobStatus::Cancelled);
    node.until(job, Value::Null).await;
    node.gate.open();
    world.web.until_settled(first).await;
    assert_eq!(node.gate.count(), 1);
    node.stop().await;
}

#[tokio::test]
async fn a_cancelled_job_is_not_taken_in_again_before_its_end_is_reported() {
    let world = World::new().await;
    let node = world.node();
    let (first, ahead) = world.web.submit("gate", &json!({}));
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&ahead).await;
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    assert_eq!(node.cancel(job).await, 202);
    assert_eq!(node.hand_over(&request).await.json()["already_held"], true);
    node.kill().await;

    let node = world.node();
    assert_eq!(node.hand_over(&request).await.json()["already_held"], true, "after a crash, too");
    world.web.is(Mood::Well);
    assert_eq!(world.web.until_settled(job).await.status, JobStatus::Cancelled);
    node.gate.open();
    world.web.until_settled(first).await;
    assert_eq!(node.gate.count(), 1, "only the other one");
    node.stop().await;
}

#[tokio::test]
async fn a_running_job_stops_when_it_is_told() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    assert_eq!(node.cancel(job).await, 202);
    let row = world.web.until_settled(job).await;
    assert_eq!((row.status, row.attempt), (JobStatus::Cancelled, 1));
    node.until(job, Value::Null).await;
    node.stop().await;
}

#[tokio::test]
async fn a_job_that_is_being_claimed_is_claimed_and_cancelled_without_being_digested() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    world.web.is(Mood::Slow);
    node.takes(&request).await;
    node.until(job, json!("claiming")).await;
    assert_eq!(node.cancel(job).await, 202);
    world.web.is(Mood::Well);
    let row = world.web.until_settled(job).await;
    assert_eq!(row.past, ["running 1", "cancelled 1"]);
    assert_eq!(node.gate.count(), 0);
    node.stop().await;
}

#[tokio::test]
async fn the_answer_to_a_claim_or_a_report_can_ask_for_the_end() {
    let world = World::new().await;
    let node = world.node();
    let (at_claim, first) = world.web.submit("gate", &json!({}));
    world.web.change(at_claim, |row| row.cancel_requested = true);
    node.takes(&first).await;
    assert_eq!(world.web.until_settled(at_claim).await.status, JobStatus::Cancelled);
    let (at_report, second) = world.web.submit("gate", &json!({"stages": ["a"]}));
    world.web.is(Mood::Slow);
    node.takes(&second).await;
    world.web.hears(1).await;
    world.web.is(Mood::Well);
    world.web.until(at_report, |row| row.status == JobStatus::Running).await;
    world.web.change(at_report, |row| row.cancel_requested = true);
    node.gate.reached(1).await;
    node.cancel(at_report).await;
    assert_eq!(world.web.until_settled(at_report).await.status, JobStatus::Cancelled);
    node.stop().await;
}

#[tokio::test]
async fn a_wish_to_end_that_got_lost_is_found_by_the_next_replay() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"replay_every_seconds": 1}));
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.change(job, |row| row.cancel_requested = true);
    assert_eq!(world.web.until_settled(job).await.status, JobStatus::Cancelled);
    node.stop().await;
}
