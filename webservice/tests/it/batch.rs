//! `PATCH /job`: many patches at once.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, patch};

fn item(id: Uuid, patch: &Value) -> Value {
    json!({"id": id, "patch": patch})
}

#[sqlx::test(migrations = "../migrations")]
async fn every_item_of_a_batch_gets_its_own_answer_in_its_place(db: PgPool) {
    let world = World::new(&db).await;
    let (a, b, unknown) = (world.submit("a").await, world.submit("b").await, Uuid::now_v7());
    let batch = json!([
        item(a, &claim(1, "n1")),
        item(unknown, &claim(1, "n1")),
        item(b, &patch(1, 0, "n1", Some("completed"))),
        item(a, &claim(1, "n2")),
        item(b, &claim(1, "n2")),
        item(a, &patch(1, 1, "n1", Some("completed"))),
        item(a, &patch(1, 1, "n1", Some("completed"))),
    ]);
    let reply = world.patch("/job", &batch).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let answers = reply.json();
    let said: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| match answer["taken"]["status"].as_str() {
            Some(status) => status.to_owned(),
            None => {
                answer["problem"]["type"].as_str().unwrap().replace("urn:digester:problem:", "")
            }
        })
        .collect();
    let expected = [
        "running",
        "not-found",
        "illegal-move",
        "stale-attempt",
        "running",
        "completed",
        "completed",
    ];
    assert_eq!(said, expected);
    let ids: Vec<_> =
        answers.as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [a, unknown, b, a, b, a, a].map(|id| json!(id)));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_batch_has_a_bound(db: PgPool) {
    let world = World::new(&db).await;
    let batch = |count| json!(vec![item(Uuid::now_v7(), &claim(1, "n1")); count]);
    let reply = world.patch("/job", &batch(1001)).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    let whole = world.patch("/job", &json!([])).await;
    assert_eq!((whole.status, whole.json()), (200, json!([])));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_thousand_jobs_move_in_one_batch(db: PgPool) {
    let world = World::new(&db).await;
    let jobs: Vec<Uuid> = (0..1000).map(|_| Uuid::now_v7()).collect();
    sqlx::query("insert into instruction (key, kind, body) values ('k', 'sleep', '{}')")
        .execute(&db)
        .await
        .unwrap();
    sqlx::query("insert into job (id, key, kind) select *, 'k', 'sleep' from unnest($1::uuid[])")
        .bind(&jobs)
        .execute(&db)
        .await
        .unwrap();
    let batch: Vec<_> = jobs.iter().rev().map(|&job| item(job, &claim(1, "n1"))).collect();
    let answers = world.patch("/job", &json!(batch)).await.json();
    assert!(
        answers.as_array().unwrap().iter().all(|answer| answer["taken"]["status"] == "running")
    );
    assert_eq!(answers[0]["id"], json!(jobs[999]));
    let events: i64 =
        sqlx::query_scalar("select count(*) from job_event").fetch_one(&db).await.unwrap();
    assert_eq!(events, 1000);
    world.stop().await;
}

/// A patch that names a stage.
fn stage(sequence: u32, name: &str) -> Value {
    let mut patch = patch(1, sequence, "n1", None);
    patch["stage"] = json!(name);
    patch
}

/// The stages of a job's history, as far as they are named, and when they were told.
async fn stages(db: &PgPool, job: Uuid) -> Vec<(String, Option<String>, jiff_sqlx::Timestamp)> {
    sqlx::query_as("select status, stage, at from job_event where job = $1 order by id offset 2")
        .bind(job)
        .fetch_all(db)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn the_stages_of_a_short_job_are_written_with_its_outcome(db: PgPool) {
    let world = World::new(&db).await;
    let (a, b) = (world.submit("a").await, world.submit("b").await);
    world.patch("/job", &json!([item(a, &claim(1, "n1")), item(b, &claim(1, "n1"))])).await;
    let done = |sequence| patch(1, sequence, "n1", Some("completed"));
    let batch = json!([
        item(a, &stage(1, "read")),
        item(b, &stage(1, "read")),
        item(a, &stage(2, "write")),
        item(b, &done(2)),
        item(a, &done(3)),
    ]);
    let answers = world.patch("/job", &batch).await.json();
    let statuses: Vec<_> =
        answers.as_array().unwrap().iter().map(|answer| &answer["taken"]["status"]).collect();
    assert_eq!(statuses, ["completed"; 5]);
    let told = stages(&db, a).await;
    let names: Vec<_> =
        told.iter().map(|(status, stage, _)| (&**status, stage.as_deref())).collect();
    assert_eq!(names, [("running", Some("read")), ("running", Some("write")), ("completed", None)]);
    let moments: Vec<_> =
        told.into_iter().chain(stages(&db, b).await).map(|event| event.2).collect();
    assert!(moments.iter().all(|at| at.to_jiff() == moments[0].to_jiff()), "in one statement");
    assert_eq!(world.get(&format!("/job/{a}")).await.json()["stage"], "write");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stage_that_was_heard_of_is_not_told_again_with_the_outcome(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &stage(1, "read")).await;
    let batch = json!([
        item(job, &stage(1, "read")),
        item(job, &stage(2, "write")),
        item(job, &patch(1, 3, "n1", Some("completed"))),
    ]);
    let answers = world.patch("/job", &batch).await.json();
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["taken"].is_object()));
    let names: Vec<_> = stages(&db, job).await.into_iter().map(|event| event.1).collect();
    assert_eq!(names, [Some("read".to_owned()), Some("write".to_owned()), None]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_is_handed_back_begins_anew_whatever_was_said_before(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let mut read = stage(1, "read");
    read["progress"] = json!({"done": 1, "total": 2});
    let batch = json!([item(job, &read), item(job, &patch(1, 2, "n1", Some("submitted")))]);
    world.patch("/job", &batch).await;
    let job = world.get(&format!("/job/{job}")).await.json();
    assert_eq!((&job["status"], &job["attempt"]), (&json!("submitted"), &json!(1)));
    assert!(job.get("stage").is_none() && job.get("progress").is_none(), "{job}");
    world.stop().await;
}
