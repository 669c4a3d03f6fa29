//! `GET /job/{id}/events`: a history as a list and as it happens.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    stream::Stream,
    world::{World, claim, patch},
};

async fn follow(world: &World, job: Uuid, after: Option<&str>) -> Stream {
    Stream::open(world, &format!("/job/{job}/events"), after).await
}

/// Everything to the stream's end: each event's name and status.
async fn rest(mut stream: Stream) -> Vec<(String, String)> {
    let mut all = Vec::new();
    while let Some(message) = stream.next().await {
        let status = message.json()["status"].as_str().unwrap().to_owned();
        all.push((message.name, status));
    }
    all
}

fn told(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, status)| (name.to_string(), status.to_string())).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stream_tells_the_history_then_what_happens_and_ends_with_the_job(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let mut stream = follow(&world, job, None).await;
    assert_eq!(stream.response.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.next().await.unwrap().name, "event");
    assert_eq!(stream.next().await.unwrap().json()["status"], "submitted");
    world.say(job, &claim(1, "n1")).await;
    assert_eq!(stream.next().await.unwrap().json()["status"], "running");
    assert_eq!(stream.next().await.unwrap().name, "job");
    world
        .say(
            job,
            &json!({"attempt": 1, "sequence": 1, "node": "n1",
                           "progress": {"done": 1, "total": 2}}),
        )
        .await;
    let told_job = stream.next().await.unwrap();
    assert_eq!(
        (&*told_job.name, &told_job.json()["progress"]["done"]),
        ("job", &json!(1)),
        "no event, only progress"
    );
    world.say(job, &patch(1, 2, "n1", Some("completed"))).await;
    assert_eq!(rest(stream).await, told(&[("event", "completed"), ("job", "completed")]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stream_is_resumed_after_the_last_event_that_was_seen(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let mut stream = follow(&world, job, None).await;
    let first = stream.next().await.unwrap().id;
    drop(stream);
    world.say(job, &patch(1, 1, "n1", Some("failed"))).await;
    let resumed = rest(follow(&world, job, Some(&first)).await).await;
    assert_eq!(resumed, told(&[("event", "running"), ("event", "failed"), ("job", "failed")]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_history_of_many_pages_is_told_to_its_end(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    sqlx::query(
        "insert into job_event (job, status, attempt) select $1, 'running', 1 from generate_series(1, 1199)",
    ).bind(job).execute(&db).await.unwrap();
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    let all = rest(follow(&world, job, None).await).await;
    assert_eq!(all.len(), 1 + 1199 + 1 + 1);
    assert_eq!(all[1200..], told(&[("event", "cancelled"), ("job", "cancelled")]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_history_is_listed_in_pages(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &patch(1, 1, "n1", Some("completed"))).await;
    let first = world.get(&format!("/job/{job}/events?limit=2")).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let after = first["next"].as_str().unwrap();
    let second = world.get(&format!("/job/{job}/events?after={after}")).await.json();
    assert_eq!(second["items"][0]["status"], "completed");
    assert_eq!(second["next"], Value::Null);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn there_is_no_history_of_an_unknown_job(db: PgPool) {
    let world = World::new(&db).await;
    let reply = world.get(&format!("/job/{}/events", Uuid::now_v7())).await;
    assert_eq!((reply.status, &*reply.problem()), (404, "not-found"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stopping_service_ends_its_streams(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let mut stream = follow(&world, job, None).await;
    stream.next().await.unwrap();
    world.stop().await;
    assert_eq!(rest(stream).await, told(&[("job", "submitted")]));
}

#[sqlx::test(migrations = "../migrations")]
async fn no_more_histories_are_followed_at_once_than_may_be(db: PgPool) {
    let world = World::with(&db, json!({"max_streams": 1})).await;
    let job = world.submit("a").await;
    let mut first = follow(&world, job, None).await;
    first.next().await.unwrap();
    let refused = follow(&world, job, None).await.response;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(world.get(&format!("/job/{job}/events")).await.status, 200, "a list is no stream");
    world.post(&format!("/job/{job}/cancel"), &Value::Null).await;
    rest(first).await;
    while follow(&world, job, None).await.response.status() != 200 {
        tokio::task::yield_now().await;
    }
    world.stop().await;
}
