//! One job on its way through the node.

use schema::{Demand, JobStatus};
use serde_json::{Value, json};

use crate::{web::Mood, world::World};

#[tokio::test]
async fn a_job_goes_from_hand_over_to_report_in_order() {
    let world = World::new().await;
    let node = world.node();
    let order = json!({"stages": ["validation", "digest"], "report": {"tables": []}});
    let (job, request) = world.web.submit("gate", &order);
    node.takes(&request).await;
    world.web.until(job, |row| row.past.iter().any(|past| past == "progress 1")).await;
    node.gate.open();
    let row = world.web.until_settled(job).await;
    let past: Vec<_> = row.past.iter().filter(|past| !past.starts_with("progress")).collect();
    assert_eq!(past, ["running 1", "stage validation", "stage digest", "completed 1"]);
    assert_eq!((&*row.message, row.report.as_deref()), ("passed", Some(r#"{"tables":[]}"#)));
    assert_eq!(row.node.as_deref(), Some("n1"));
    node.until(job, Value::Null).await;
    node.stop().await;
}

#[tokio::test]
async fn a_claim_tells_what_the_job_demands_and_nothing_else_does() {
    let world = World::new().await;
    let node = world.node();
    let order = json!({"milliseconds": 30, "exclusive": "plot 7"});
    let (job, request) = world.web.submit("sleep", &order);
    node.takes(&request).await;
    let row = world.web.until_settled(job).await;
    let exclusive = Some("plot 7".to_owned());
    assert_eq!(row.demands, [Demand { exclusive, size: Some(30), ..Demand::default() }]);
    node.stop().await;
}

#[tokio::test]
async fn progress_told_last_does_not_overtake_the_outcome() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    for _ in 0..20 {
        let (job, request) =
            world.web.submit("gate", &json!({"stages": ["a"], "last_progress": 7}));
        node.takes(&request).await;
        let row = world.web.until_settled(job).await;
        assert_eq!(row.past.last().unwrap(), "progress 7", "{:?}", row.past);
        assert_eq!(row.status, JobStatus::Completed);
        node.until(job, Value::Null).await;
    }
    assert_eq!(node.gate.count(), 20, "each once");
    node.stop().await;
}

#[tokio::test]
async fn stages_told_while_the_web_service_was_away_are_in_the_history() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({"stages": ["a", "b", "c"]}));
    world.web.is(Mood::Slow);
    node.takes(&request).await;
    node.until(job, json!("claiming")).await;
    world.web.is(Mood::Well);
    node.gate.reached(1).await;
    world.web.is(Mood::Away);
    node.gate.open();
    node.until(job, json!("reporting")).await;
    world.web.is(Mood::Well);
    let past = world.web.until_settled(job).await.past;
    let stages: Vec<_> = past.iter().filter(|past| past.starts_with("stage")).collect();
    assert_eq!(stages, ["stage a", "stage b", "stage c"], "{past:?}");
    node.stop().await;
}

#[tokio::test]
async fn the_sleep_digester_sleeps_and_fails_as_it_is_told() {
    let world = World::new().await;
    let node = world.node();
    let (sleeps, first) = world.web.submit("sleep", &json!({"milliseconds": 30}));
    let (fails, second) = world.web.submit("sleep", &json!({"fail": "no luck"}));
    node.takes(&first).await;
    node.takes(&second).await;
    assert_eq!(world.web.until_settled(sleeps).await.status, JobStatus::Completed);
    let failed = world.web.until_settled(fails).await;
    assert_eq!((failed.status, &*failed.message), (JobStatus::Failed, "no luck"));
    node.stop().await;
}

#[tokio::test]
async fn a_panic_fails_the_job_with_its_message_and_nothing_else() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    let (bad, first) = world.web.submit("gate", &json!({"panic": "line 7: no such allele"}));
    let (good, second) = world.web.submit("gate", &json!({}));
    node.takes(&first).await;
    node.takes(&second).await;
    let row = world.web.until_settled(bad).await;
    assert_eq!(row.status, JobStatus::Failed);
    assert!(row.message.contains("line 7: no such allele"), "{}", row.message);
    assert_eq!(world.web.until_settled(good).await.status, JobStatus::Completed);
    node.stop().await;
}

#[tokio::test]
async fn no_harm_is_done_to_the_service_itself() {
    let world = World::new().await;
    let node = world.node();
    for harm in ["abort", "overflow", "devour", "loop", "flood"] {
        let (job, request) = world.web.submit("sleep", &json!({"harm": harm}));
        node.takes(&request).await;
        let row = world.web.until_settled(job).await;
        assert_eq!(row.status, JobStatus::Failed);
        assert!(row.message.contains("harm is for trials"), "{}", row.message);
    }
    node.stop().await;
}

#[tokio::test]
async fn a_panic_over_an_instructions_needs_fails_the_job_and_not_the_node() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({"panic_over_needs": true}));
    let reply = node.hand_over(&request).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    let row = world.web.until_settled(job).await;
    assert_eq!(row.status, JobStatus::Failed);
    assert!(row.message.contains("what is this?"), "{}", row.message);
    assert_eq!(node.get("/health/ready").await.status, 200);
    node.stop().await;
}

#[tokio::test]
async fn an_attempt_is_stopped_at_its_deadline() {
    let world = World::new().await;
    let node = world.node();
    let (job, mut request) = world.web.submit("gate", &json!({}));
    request["config"]["deadline_seconds"] = json!(0);
    node.takes(&request).await;
    let row = world.web.until_settled(job).await;
    assert_eq!(row.status, JobStatus::Failed);
    assert!(row.message.contains("deadline"), "{}", row.message);
    node.stop().await;
}

#[tokio::test]
async fn a_refused_claim_is_dropped_and_the_next_job_gets_its_turn() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    let (taken, first) = world.web.submit("gate", &json!({}));
    let (free, second) = world.web.submit("gate", &json!({}));
    world.web.change(taken, |row| {
        (row.status, row.attempt, row.node) = (JobStatus::Running, 1, Some("n2".to_owned()));
    });
    node.takes(&first).await;
    node.takes(&second).await;
    world.web.until_settled(free).await;
    node.until(taken, Value::Null).await;
    assert_eq!(world.web.row(taken).node.as_deref(), Some("n2"));
    assert_eq!(node.gate.count(), 1, "nothing was digested for it");
    node.stop().await;
}

#[tokio::test]
async fn an_attempt_that_lost_its_job_changes_nothing() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    node.takes(&request).await;
    node.gate.reached(1).await;
    world.web.change(job, |row| (row.attempt, row.node) = (2, Some("n2".to_owned())));
    node.gate.open();
    node.until(job, Value::Null).await;
    let row = world.web.row(job);
    assert_eq!((row.status, row.attempt, row.node.as_deref()), (JobStatus::Running, 2, Some("n2")));
    node.stop().await;
}

#[tokio::test]
async fn no_more_start_at_once_than_the_regulator_admits() {
    let world = World::new().await;
    let node =
        world.node_with(json!({"regulator": {"gates": [{"fixed": {"at_once": 2}}]}}), json!({}));
    let jobs: Vec<_> = (0..4).map(|_| world.web.submit("gate", &json!({}))).collect();
    for (_, request) in &jobs {
        node.takes(request).await;
    }
    node.gate.reached(2).await;
    assert_eq!(node.state_of(jobs[2].0).await, "waiting");
    let shown = node.get(&format!("/job/{}", jobs[3].0)).await.json();
    assert_eq!(shown["place"], 2);
    assert!(shown["waits_for"][0].as_str().unwrap().contains("slot"), "{shown}");
    assert_eq!(node.gate.count(), 2);
    node.gate.open();
    for (job, _) in jobs {
        world.web.until_settled(job).await;
    }
    node.stop().await;
}
