//! `POST /job`: what a digester service holds.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, id};

fn announced(id: Uuid, key: &str) -> Value {
    json!({"id": id, "key": key, "kind": "sleep", "node": "n1", "instruction": {"milliseconds": 1}})
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_given_to_a_node_directly_is_created_by_its_announcement(db: PgPool) {
    let world = World::new(&db).await;
    let job = announced(Uuid::now_v7(), "direct");
    let first = world.post("/job", &job).await;
    let second = world.post("/job", &job).await;
    assert_eq!((first.status, second.status), (201, 200), "{} {}", first.text, second.text);
    assert_eq!(second.json()["node"], "n1");
    assert_eq!(world.get("/instruction/direct").await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn announcing_a_job_at_the_same_time_creates_it_once(db: PgPool) {
    let world = World::new(&db).await;
    let job = announced(Uuid::now_v7(), "direct");
    let replies = join_all((0..20).map(|_| world.post("/job", &job))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 19);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_the_service_gave_out_is_confirmed_without_its_instruction(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let confirmed =
        world.post("/job", &json!({"id": job, "key": "a", "kind": "sleep", "node": "n1"})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(confirmed.json()["node"], "n1");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_announcement_that_does_not_fit_is_refused_and_changes_nothing(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let other = world.submit("b").await;
    let misfits = [
        json!({"id": job, "key": "b", "kind": "sleep", "node": "thief"}),
        json!({"id": job, "key": "a", "kind": "loader", "node": "thief"}),
        json!({"id": job, "key": "a", "kind": "sleep", "node": "thief", "instruction": {"x": 1}}),
        json!({"id": Uuid::now_v7(), "key": "a", "kind": "sleep", "node": "thief", "instruction": {}}),
    ];
    for misfit in misfits {
        let reply = world.post("/job", &misfit).await;
        assert_eq!((reply.status, &*reply.problem()), (409, "conflict"), "{misfit}");
    }
    for job in [job, other] {
        assert_eq!(world.job(job).await["node"], Value::Null);
    }
    let forwarded: i64 =
        sqlx::query_scalar("select count(forwarded_at) from job").fetch_one(&db).await.unwrap();
    assert_eq!(forwarded, 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_unknown_job_without_its_instruction_cannot_be_taken_note_of(db: PgPool) {
    let world = World::new(&db).await;
    let reply =
        world.post("/job", &json!({"id": Uuid::now_v7(), "key": "a", "kind": "sleep"})).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_announcement_does_not_take_a_running_job_from_its_node(db: PgPool) {
    let world = World::new(&db).await;
    let job = announced(Uuid::now_v7(), "a");
    world.post("/job", &job).await;
    assert_eq!(world.say(id(&job), &claim(1, "n1")).await.status, 200);
    let late = Value::clone(&job);
    let late = json!({"id": late["id"], "key": "a", "kind": "sleep", "node": "n2"});
    let reply = world.post("/job", &late).await;
    assert_eq!(reply.status, 200);
    assert_eq!((&reply.json()["node"], &reply.json()["status"]), (&json!("n1"), &json!("running")));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_jobs_announced_at_once_every_one_is_answered_for_itself(db: PgPool) {
    let world = World::new(&db).await;
    let (one, other) = (announced(Uuid::now_v7(), "one"), announced(Uuid::now_v7(), "other"));
    let unknown = json!({"id": Uuid::now_v7(), "key": "bare", "kind": "sleep"});
    let differs = json!({"id": one["id"], "key": "else", "kind": "sleep"});
    let reply = world.post("/job", &json!([one, unknown, other, differs, one])).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let answers = reply.json();
    let said = |place: usize| {
        let answer = &answers[place];
        let problem = answer["problem"]["type"].as_str().map(str::to_owned);
        answer["taken"]["status"].as_str().map(str::to_owned).or(problem).unwrap()
    };
    assert_eq!(said(0), "submitted");
    assert!(said(1).ends_with("invalid"), "{}", said(1));
    assert_eq!(said(2), "submitted");
    assert!(said(3).ends_with("conflict"), "{}", said(3));
    assert_eq!(said(4), "submitted");
    assert_eq!(answers[2]["id"], other["id"]);
    assert_eq!(world.get("/instruction/other").await.json()["body"], json!({"milliseconds": 1}));
    world.stop().await;
}
