//! What is forgotten after a while, and what is not.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::{NoContext, Timestamp, Uuid};

use crate::world::{World, id};

/// A job that was made and cancelled so many days ago.
async fn settled(world: &World, db: &PgPool, key: &str, days: u64) -> Uuid {
    let then = SystemTime::now() - Duration::from_secs(days * 86400);
    let then = then.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let job = Uuid::new_v7(Timestamp::from_unix(NoContext, then, 0));
    let announced =
        json!({"id": job, "key": key, "kind": "sleep", "node": "n1", "instruction": {}});
    assert_eq!(world.post("/job", &announced).await.status, 201);
    world.post(&format!("/job/{job}/cancel"), &Value::Null).await;
    sqlx::query("update job set settled_at = now() - make_interval(days => $2) where id = $1")
        .bind(job)
        .bind(days as i32)
        .execute(db)
        .await
        .unwrap();
    job
}

async fn status(world: &World, path: String) -> u16 {
    world.get(&path).await.status
}

#[sqlx::test(migrations = "../migrations")]
async fn old_jobs_go_with_all_that_tells_of_them_and_what_is_needed_stays(db: PgPool) {
    let first = World::new(&db).await;
    let old = settled(&first, &db, "old", 40).await;
    let young = settled(&first, &db, "young", 20).await;
    let redone = settled(&first, &db, "redone", 40).await;
    let again = id(&first.post(&format!("/job/{redone}/rerun"), &Value::Null).await.json());
    first.stop().await;

    let world = World::with(&db, json!({"retention": {"days": 30, "batch": 1}})).await;
    for gone in [old, redone] {
        while status(&world, format!("/job/{gone}")).await != 404 {
            tokio::task::yield_now().await;
        }
    }
    for kept in [young, again] {
        assert_eq!(status(&world, format!("/job/{kept}")).await, 200);
    }
    for (key, expected) in [("old", 404), ("young", 200), ("redone", 200)] {
        assert_eq!(status(&world, format!("/instruction/{key}")).await, expected, "{key}");
    }
    let told: i64 = sqlx::query_scalar("select count(*) from job_event where job = any($1)")
        .bind([old, redone])
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(told, 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn everything_is_kept_when_nothing_is_said(db: PgPool) {
    let world = World::new(&db).await;
    let old = settled(&world, &db, "old", 4000).await;
    let again = world.post(&format!("/job/{old}/rerun"), &Value::Null).await;
    assert_eq!(again.status, 201);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_was_not_heard_for_long_is_forgotten_unless_it_has_jobs(db: PgPool) {
    let first = World::new(&db).await;
    for node in ["gone", "busy", "here"] {
        first.register(node).await;
    }
    let job = first.submit("a").await;
    sqlx::query("update job set node = 'busy', forwarded_at = now() where id = $1")
        .bind(job)
        .execute(&db)
        .await
        .unwrap();
    first.stop().await;
    sqlx::query(
        "update node set lease_until = now() - make_interval(days => 40),
                         seen_at = now() - make_interval(days => 40)
          where id <> 'here'",
    )
    .execute(&db)
    .await
    .unwrap();

    let world = World::new(&db).await;
    while status(&world, "/node/gone".to_owned()).await != 404 {
        tokio::task::yield_now().await;
    }
    for kept in ["busy", "here"] {
        assert_eq!(status(&world, format!("/node/{kept}")).await, 200, "{kept}");
    }
    world.stop().await;
}
