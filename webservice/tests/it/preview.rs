//! `POST /instruction?dry_run=true`: checked like any other, and nothing is created.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::world::{Reply, World, instruction};

/// Makes a node known that answers every look in this way; returns how often it was asked.
async fn node(world: &World, name: &str, held: u32, answer: (u16, Value)) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let look = move |Json(request): Json<Value>| async move {
        count.fetch_add(1, SeqCst);
        assert_eq!(request, json!({"kind": "sleep", "instruction": {"milliseconds": 1}}));
        (StatusCode::from_u16(answer.0).unwrap(), Json(answer.1))
    };
    let router = Router::new().route("/preview", post(look));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let more = json!({"address": address, "held": held});
    assert_eq!(world.beat(name, Uuid::now_v7(), more).await.status, 200);
    asked
}

fn fine(node: &str) -> (u16, Value) {
    (200, json!({"fine": true, "message": "would do", "node": node, "report": {"rows": 1.50}}))
}

async fn dry_run(world: &World, key: &str) -> Reply {
    world.post("/instruction?dry_run=true", &instruction(key)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_node_says_what_would_become_of_it_and_nothing_is_created(db: PgPool) {
    let world = World::new(&db).await;
    node(&world, "n1", 0, fine("n1")).await;
    let reply = dry_run(&world, "k").await;
    assert_eq!((reply.status, reply.json()), fine("n1"));
    assert_eq!(world.get("/instruction/k").await.status, 404);
    assert_eq!(world.get("/job").await.json()["items"], json!([]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_those_who_serve_it_the_least_loaded_that_can_tell_is_asked(db: PgPool) {
    let world = World::new(&db).await;
    let full = json!({"type": "", "title": "", "status": 503, "detail": "too many looks"});
    let (busy, free) = (node(&world, "busy", 9, fine("busy")), (503, full));
    let (busy, free) = (busy.await, node(&world, "free", 0, free).await);
    assert_eq!(dry_run(&world, "k").await.json()["node"], "busy");
    assert_eq!((free.load(SeqCst), busy.load(SeqCst)), (1, 1));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn when_nobody_can_tell_that_is_said_with_the_reason(db: PgPool) {
    let world = World::new(&db).await;
    let nobody = dry_run(&world, "k").await;
    assert_eq!((nobody.status, &*nobody.problem()), (503, "unavailable"));
    assert!(nobody.text.contains("no digester service that serves it"), "{}", nobody.text);
    let cannot = json!({"type": "", "title": "", "status": 422, "detail": "not beforehand"});
    node(&world, "n1", 0, (422, cannot)).await;
    let reply = dry_run(&world, "k").await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    assert!(reply.text.contains("not beforehand"), "{}", reply.text);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_that_is_taken_is_refused_as_in_earnest(db: PgPool) {
    let world = World::new(&db).await;
    node(&world, "n1", 0, fine("n1")).await;
    world.submit("k").await;
    assert_eq!(dry_run(&world, "k").await.status, 200, "the same again is known");
    let other = json!({"key": "k", "kind": "sleep", "body": {"milliseconds": 2}});
    let reply = world.post("/instruction?dry_run=true", &other).await;
    assert_eq!((reply.status, &*reply.problem()), (409, "conflict"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn one_instruction_is_looked_at_at_a_time(db: PgPool) {
    let world = World::new(&db).await;
    let reply = world.post("/instruction?dry_run=true", &json!([instruction("k")])).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    let unclear = world.post("/instruction?dry_run=perhaps", &instruction("k")).await;
    assert_eq!((unclear.status, &*unclear.problem()), (400, "malformed"));
    world.stop().await;
}
