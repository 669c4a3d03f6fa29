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
