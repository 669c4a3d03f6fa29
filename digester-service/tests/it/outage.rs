//! The web service is away, loses its answers, or is too narrow.

use schema::JobStatus;
use serde_json::{Value, json};

use crate::{web::Mood, world::World};

#[tokio::test]
async fn an_outcome_waits_for_the_web_service_and_the_next_job_does_not_wait_for_the_outcome() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    node.gate.open();
    node.until(job, json!("reporting")).await;
    let (next, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.until(next, json!("claiming")).await;
    assert_eq!(world.web.row(job).status, JobStatus::Running);
    world.web.is(Mood::Well);
    for job in [job, next] {
        assert_eq!(world.web.until_settled(job).await.status, JobStatus::Completed);
    }
    assert_eq!(node.gate.count(), 2, "each once");
    node.stop().await;
}

#[tokio::test]
async fn a_claim_does_not_wait_until_the_outcomes_of_others_are_heard() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    world.web.is(Mood::SlowToSettle);
    let (done, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    world.web.has_heard(2).await;
    let (next, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.until(next, json!("reporting")).await;
    assert_eq!(world.web.row(done).status, JobStatus::Running);
    world.web.is(Mood::Well);
    for job in [done, next] {
        world.web.until_settled(job).await;
    }
    node.stop().await;
}

#[tokio::test]
async fn an_outcome_survives_a_crash_and_is_not_worked_for_again() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({"report": {"tables": []}}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    node.gate.open();
    node.until(job, json!("reporting")).await;
    node.kill().await;

    let node = world.node();
    world.web.is(Mood::Well);
    let row = world.web.until_settled(job).await;
    assert_eq!(row.past, ["running 1", "completed 1"]);
    assert_eq!(row.report.as_deref(), Some(r#"{"tables":[]}"#));
    assert_eq!(node.gate.count(), 0, "not digested again");
    node.stop().await;
}

#[tokio::test]
async fn a_job_is_settled_once_although_every_answer_is_lost() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({"stages": ["a"], "last_progress": 7}));
    world.web.is(Mood::LosesAnswers);
    node.takes(&request).await;
    world.web.hears(2).await;
    world.web.is(Mood::Well);
    node.gate.reached(1).await;
    world.web.is(Mood::LosesAnswers);
    node.gate.open();
    world.web.until_settled(job).await;
    world.web.hears(1).await;
    assert_eq!(node.state_of(job).await, "reporting", "it cannot know");
    world.web.is(Mood::Well);
    node.until(job, Value::Null).await;
    let past = world.web.row(job).past;
    let moves: Vec<_> = past.iter().filter(|past| past.ends_with(" 1")).collect();
    assert_eq!(moves, ["running 1", "completed 1"], "{past:?}");
    assert_eq!(node.gate.count(), 1);
    node.stop().await;
}

#[tokio::test]
async fn a_report_that_is_refused_does_not_keep_the_outcome_from_being_heard() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    world.web.is(Mood::Narrow);
    let (large, first) = world.web.submit("gate", &json!({"report": {"tables": []}}));
    let (small, second) = world.web.submit("gate", &json!({}));
    node.takes(&first).await;
    node.takes(&second).await;
    let row = world.web.until_settled(large).await;
    assert_eq!((row.status, row.report), (JobStatus::Completed, None));
    assert!(row.message.contains("report"), "{}", row.message);
    assert_eq!(world.web.until_settled(small).await.message, "passed");
    node.stop().await;
}

#[tokio::test]
async fn a_web_service_that_is_gone_does_not_keep_news_from_another() {
    let world = World::new().await;
    let gone = "http://127.0.0.1:1";
    let node =
        world.node_with(json!({"callback": gone, "allowed_callbacks": [world.web.url]}), json!({}));
    node.gate.open();
    let (job, mut request) = world.web.submit("gate", &json!({}));
    request["config"]["callback"] = json!(world.web.url);
    let (doomed, mut to_gone) = world.web.submit("gate", &json!({"panic_over_needs": true}));
    to_gone["config"]["callback"] = json!(gone);
    // Its end goes first into the journal, and cannot be delivered.
    assert_eq!(node.hand_over(&to_gone).await.status, 422);
    node.takes(&request).await;
    assert_eq!(world.web.until_settled(job).await.status, JobStatus::Completed);
    assert_eq!(world.web.row(doomed).status, JobStatus::Submitted);
    node.stop().await;
}
