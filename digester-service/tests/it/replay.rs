//! What a crash left undone.

use schema::JobStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    web::{Mood, Web},
    world::World,
};

/// As after a crash of the node in this attempt at the job.
fn cut_short(web: &Web, job: Uuid, attempt: u32) {
    web.change(job, |row| {
        (row.status, row.attempt, row.node) = (JobStatus::Running, attempt, Some("n1".to_owned()));
    });
}

#[tokio::test]
async fn a_job_cut_short_by_a_crash_is_done_in_the_next_attempt() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    node.kill().await;

    let node = world.node();
    node.gate.open();
    let row = world.web.until_settled(job).await;
    assert_eq!(row.past, ["running 1", "cut short 1", "running 2", "completed 2"]);
    node.until(job, Value::Null).await;
    node.stop().await;
}

#[tokio::test]
async fn waiting_jobs_are_taken_up_again_in_their_order_after_a_crash() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..120).map(|_| world.web.submit("gate", &json!({})).0).collect();
    for &job in &jobs {
        world.web.change(job, |row| row.node = Some("n1".to_owned()));
    }
    let (elsewhere, _) = world.web.submit("gate", &json!({}));
    world.web.change(elsewhere, |row| row.node = Some("n2".to_owned()));
    let node = world.node();
    node.until(jobs[119], json!("waiting")).await;
    assert_eq!(node.state_of(elsewhere).await, Value::Null, "another node's");
    for place in [1, 2, 60, 119] {
        let shown = node.get(&format!("/job/{}", jobs[place])).await.json();
        assert_eq!(shown["place"], place);
    }
    node.gate.open();
    world.web.until_settled(jobs[119]).await;
    node.stop().await;
}

#[tokio::test]
async fn an_attempt_that_is_not_here_is_told_of_while_one_that_is_goes_on() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"replay_every_seconds": 1}));
    let (here, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    let (gone, _) = world.web.submit("gate", &json!({}));
    cut_short(&world.web, gone, 1);
    world.web.until(gone, |row| row.cut_short == 1).await;
    assert_eq!(world.web.row(here).past, ["running 1"]);
    node.gate.open();
    assert_eq!(world.web.until_settled(gone).await.attempt, 2);
    node.stop().await;
}

#[tokio::test]
async fn replay_waits_for_the_web_service_and_leaves_kinds_alone_that_it_does_not_know() {
    let world = World::new().await;
    let (job, _) = world.web.submit("gate", &json!({}));
    let (foreign, _) = world.web.submit("extractor", &json!({}));
    cut_short(&world.web, job, 1);
    cut_short(&world.web, foreign, 1);
    world.web.is(Mood::Away);
    let node = world.node();
    node.gate.open();
    world.web.is(Mood::Well);
    assert_eq!(world.web.until_settled(job).await.attempt, 2);
    assert_eq!(world.web.row(foreign).attempt, 1);
    node.stop().await;
}

#[tokio::test]
async fn a_job_that_makes_its_digester_panic_does_not_keep_others_from_being_replayed() {
    let world = World::new().await;
    let (bad, _) = world.web.submit("gate", &json!({"panic_over_needs": true}));
    let (good, _) = world.web.submit("gate", &json!({}));
    cut_short(&world.web, bad, 1);
    cut_short(&world.web, good, 1);
    let node = world.node();
    node.gate.open();
    assert_eq!(world.web.until_settled(good).await.status, JobStatus::Completed);
    assert_eq!(world.web.until_settled(bad).await.status, JobStatus::Failed);
    node.stop().await;
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_in_a_crash_is_taken_up_again() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    world.web.is(Mood::LosesAnswers);
    node.takes(&request).await;
    world.web.until(job, |row| row.status == JobStatus::Running).await;
    node.kill().await;
    world.web.is(Mood::Well);
    let node = world.node();
    node.gate.open();
    assert_eq!(world.web.until_settled(job).await.attempt, 2);
    node.stop().await;
}

#[tokio::test]
async fn a_job_whose_outcome_is_still_to_be_delivered_is_not_replayed() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    node.gate.open();
    node.until(job, json!("reporting")).await;
    node.kill().await;

    let before = world.web.heard();
    world.web.is(Mood::Slow);
    let node = world.node_with(json!({}), json!({"replay_every_seconds": 1}));
    // The second question comes after the first answer was dealt with.
    world.web.is_asked(2).await;
    assert!(world.web.heard() <= before + 1, "only the outcome is on its way");
    world.web.is(Mood::Well);
    assert_eq!(world.web.until_settled(job).await.past, ["running 1", "completed 1"]);
    assert_eq!(node.gate.count(), 0);
    node.stop().await;
}
