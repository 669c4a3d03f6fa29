//! `POST /job/{id}/cancel` and `/rerun`.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, id, patch};

async fn cancel(world: &World, job: Uuid) -> Value {
    let reply = world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_waiting_job_is_cancelled_at_once_and_cannot_be_claimed(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    assert_eq!(cancel(&world, job).await["status"], "cancelled");
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 409);
    assert_eq!(cancel(&world, job).await["status"], "cancelled", "twice is as once");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_running_job_is_asked_to_end_and_its_digester_hears_of_it(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let asked = cancel(&world, job).await;
    assert_eq!((&asked["status"], &asked["cancel_requested"]), (&json!("running"), &json!(true)));
    cancel(&world, job).await;
    let answer = world.say(job, &patch(1, 1, "n1", None)).await.json();
    assert_eq!(answer["cancel_requested"], true);
    assert_eq!(world.say(job, &patch(1, 2, "n1", Some("cancelled"))).await.status, 200);
    let events = world.get(&format!("/job/{job}/events")).await.json();
    let asked = |event: &&Value| event["message"] == "cancel requested";
    assert_eq!(events["items"].as_array().unwrap().iter().filter(asked).count(), 1);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_settled_job_stays_as_it_is(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &patch(1, 1, "n1", Some("completed"))).await;
    let settled = world.job(job).await;
    assert_eq!(cancel(&world, job).await, settled);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_settled_job_can_be_done_over_and_no_other(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let rerun = format!("/job/{job}/rerun");
    let early = world.post(&rerun, &json!(null)).await;
    assert_eq!((early.status, &*early.problem()), (409, "illegal-move"));
    cancel(&world, job).await;
    let reply = world.post(&rerun, &json!(null)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let again = reply.json();
    assert_eq!((&again["rerun_of"], &again["key"]), (&json!(job), &json!("a")));
    assert_eq!((&again["status"], &again["attempt"]), (&json!("submitted"), &json!(0)));
    assert_eq!(world.job(job).await["status"], "cancelled", "the past stays");
    assert_eq!(world.say(id(&again), &claim(1, "n1")).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_unknown_job_can_be_neither_cancelled_nor_done_over(db: PgPool) {
    let world = World::new(&db).await;
    for path in ["cancel", "rerun"] {
        let reply = world.post(&format!("/job/{}/{path}", Uuid::now_v7()), &json!(null)).await;
        assert_eq!((reply.status, &*reply.problem()), (404, "not-found"), "{path}");
    }
    world.stop().await;
}
