//! `GET /health/…`.

use serde_json::json;
use sqlx::PgPool;

use crate::world::World;

#[sqlx::test(migrations = "../migrations")]
async fn a_service_with_its_tables_lives_and_is_ready_once_it_has_looked_at_them(db: PgPool) {
    let world = World::new(&db).await;
    assert_eq!(world.get("/health/live").await.status, 200);
    while world.get("/health/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    world.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_service_makes_its_tables_and_says_so_until_it_has(db: PgPool) {
    let world = World::new(&db).await;
    let mut reply = world.get("/health/ready").await;
    while reply.status != 200 {
        assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
        reply = world.get("/health/ready").await;
    }
    world.submit("a").await;
    world.stop().await;
}

#[tokio::test]
async fn a_service_without_a_database_lives_and_is_not_ready() {
    let nobody = json!({"url": "postgres://nobody@127.0.0.1:1/none", "acquire_seconds": 1});
    let world = World::at(nobody, json!({})).await;
    assert_eq!(world.get("/health/live").await.status, 200);
    let reply = world.get("/health/ready").await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    assert!(reply.headers.contains_key("retry-after"));
    world.stop().await;
}
