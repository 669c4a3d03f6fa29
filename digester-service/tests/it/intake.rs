//! `POST /job` and what is held.

use reqwest::Method;
use schema::JobStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    web::Mood,
    world::{World, send},
};

#[tokio::test]
async fn handing_over_twice_is_the_same_as_once() {
    let world = World::new().await;
    let node = world.node();
    let (job, request) = world.web.submit("gate", &json!({}));
    let first = node.hand_over(&request).await;
    assert_eq!((first.status, &first.json()["already_held"]), (202, &json!(false)));
    assert_eq!(first.json()["node"], "n1");
    node.gate.reached(1).await;
    let second = node.hand_over(&request).await;
    assert_eq!((second.status, &second.json()["already_held"]), (202, &json!(true)));
    node.gate.open();
    world.web.until_settled(job).await;
    assert_eq!(node.gate.count(), 1);
    node.stop().await;
}

#[tokio::test]
async fn a_full_node_says_so_until_there_is_room() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"held_jobs": 2}));
    let jobs: Vec<_> = (0..3).map(|_| world.web.submit("gate", &json!({}))).collect();
    node.takes(&jobs[0].1).await;
    node.takes(&jobs[1].1).await;
    let reply = node.hand_over(&jobs[2].1).await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    assert_eq!(reply.headers["retry-after"], "1");
    node.takes(&jobs[1].1).await;
    node.gate.open();
    node.until(jobs[0].0, Value::Null).await;
    node.takes(&jobs[2].1).await;
    node.stop().await;
}

#[tokio::test]
async fn an_instruction_that_there_is_no_room_for_is_asked_for_when_its_turn_comes() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"held_bytes": 1000}));
    let jobs: Vec<_> = ["a", "b", "c"]
        .map(|name| world.web.submit("gate", &json!({"stages": [name.repeat(600)]})))
        .into();
    for (_, request) in &jobs {
        node.takes(request).await;
    }
    node.gate.open();
    for ((job, _), name) in jobs.iter().zip(["a", "b", "c"]) {
        let row = world.web.until_settled(*job).await;
        assert_eq!(row.status, JobStatus::Completed);
        assert!(row.past.contains(&format!("stage {}", name.repeat(600))), "{:?}", row.past);
    }
    assert_eq!(world.web.instructions_asked_for(), 2);
    node.stop().await;
}

#[tokio::test]
async fn what_the_node_cannot_or_may_not_do_is_refused() {
    let world = World::new().await;
    let node = world.node_with(
        json!({"allowed_callbacks": ["http://friend/"]}),
        json!({"max_body_bytes": 2000}),
    );
    let (_, known) = world.web.submit("gate", &json!({}));
    let with = |path: &str, value: Value| {
        let mut request = known.clone();
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let callback = |target: &str| with("/config", json!({"known": true, "callback": target}));
    let cases = [
        (with("/job/kind", json!("unheard-of")), 422, "invalid"),
        (with("/job/instruction", json!(null)), 422, "invalid"),
        (with("/job/key", json!("../x")), 422, "invalid"),
        (with("/job/instruction", json!("x".repeat(2000))), 413, "too-large"),
        (callback("http://169.254.169.254/latest"), 403, "forbidden"),
        (callback("http://friend.evil"), 403, "forbidden"),
        (callback(&format!("{}/../", world.web.url)), 403, "forbidden"),
        (json!([{}]), 422, "invalid"),
    ];
    for (request, status, problem) in cases {
        let reply = node.hand_over(&request).await;
        assert_eq!((reply.status, &*reply.problem()), (status, problem), "{request}");
    }
    assert_eq!(node.get("/job").await.json(), json!([]));
    assert_eq!(node.get("/job/17").await.problem(), "not-found");
    assert_eq!(node.cancel(Uuid::now_v7()).await, 404);
    node.takes(&callback("http://friend")).await;
    node.kill().await;
}

#[tokio::test]
async fn only_who_has_the_token_is_let_in() {
    let world = World::new().await;
    let node = world.node_with(json!({"token": "secret"}), json!({}));
    let (_, request) = world.web.submit("gate", &json!({}));
    assert_eq!(node.hand_over(&request).await.problem(), "unauthorized");
    assert_eq!(node.get("/job").await.status, 401);
    assert_eq!(node.cancel(Uuid::now_v7()).await, 401);
    assert_eq!(node.get("/health/live").await.status, 200);
    let signed = node.request(Method::POST, "/job").bearer_auth("secret").json(&request);
    assert_eq!(send(signed).await.status, 202);
    node.gate.open();
    node.stop().await;
}

#[tokio::test]
async fn a_job_given_directly_is_with_the_web_service_before_it_is_taken() {
    let world = World::new().await;
    let node = world.node();
    let id = Uuid::now_v7();
    let request = json!({"job": {"id": id, "key": "direct", "kind": "gate", "instruction": {}}});
    world.web.is(Mood::Away);
    let reply = node.hand_over(&request).await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    assert_eq!(node.state_of(id).await, Value::Null);
    world.web.is(Mood::Well);
    node.takes(&request).await;
    assert_eq!(world.web.row(id).key, "direct");
    node.gate.open();
    assert_eq!(world.web.until_settled(id).await.status, JobStatus::Completed);
    node.until(id, Value::Null).await;
    let late = node.hand_over(&request).await;
    assert_eq!((late.status, &*late.problem()), (409, "conflict"));
    node.stop().await;
}

#[tokio::test]
async fn of_many_jobs_handed_over_at_once_every_one_is_answered_for_itself() {
    let world = World::new().await;
    let node = world.node_with(json!({}), json!({"held_jobs": 2}));
    let jobs: Vec<_> = (0..3).map(|_| world.web.submit("gate", &json!({}))).collect();
    let mut foreign = jobs[2].1.clone();
    foreign["job"]["kind"] = json!("unheard-of");
    let all = json!([jobs[0].1, foreign, jobs[1].1, jobs[0].1, jobs[2].1]);
    let reply = node.hand_over(&all).await;
    assert_eq!((reply.status, &reply.headers["retry-after"]), (200, &"1".parse().unwrap()));
    let items = reply.json();
    let taken: Vec<_> = items.as_array().unwrap().iter().map(|item| &item["taken"]).collect();
    assert_eq!(taken[0], &json!({"id": jobs[0].0, "node": "n1", "already_held": false}));
    assert_eq!(items[1]["problem"]["status"], 422);
    assert_eq!(taken[2]["already_held"], false);
    assert_eq!(taken[3]["already_held"], true);
    assert_eq!(items[4]["problem"]["status"], 503, "there is no more room");
    node.gate.open();
    for (job, _) in &jobs[..2] {
        world.web.until_settled(*job).await;
    }
    node.stop().await;
}

#[tokio::test]
async fn more_jobs_at_once_than_a_request_may_carry_are_refused() {
    let world = World::new().await;
    let node = world.node();
    let (_, request) = world.web.submit("gate", &json!({}));
    let reply = node.hand_over(&json!(vec![request; 1001])).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    node.stop().await;
}
