//! The pages of nodes, which are open while nodes work.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    live::{ids, open, until},
    node::Stub,
};
use crate::{
    access::{call, closed},
    world::World,
};

fn held(job: Uuid, state: &str) -> Value {
    json!({"id": job, "key": "maize", "kind": "loader", "state": state,
           "taken_at": "2026-01-01T00:00:00Z", "waits_for": ["a slot"]})
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_node_does_is_told_as_it_changes(db: PgPool) {
    let world = World::new(&db).await;
    let stub = Stub::beside(&world).await;
    let (page, mut stream) = open(&world, "/nodes/n1").await;
    assert!(page.contains(">Pause<") && page.contains("3 of 4"), "{page}");
    let job = Uuid::now_v7();
    stub.set(|known| {
        known.held = json!([held(job, "waiting")]);
        known.regulation["waiting"] = json!(1);
        known.regulation["mode"] = json!("draining");
        known.regulation["gates"][0]["budgets"][0]["used"] = json!(4);
    });
    let message = until(&mut stream, "4 of 4").await.json();
    assert_eq!(ids(&message, "waiting"), [format!("held-{job}")]);
    let head = message["parts"]["head"].as_str().unwrap();
    assert!(head.contains("draining") && head.contains(">Resume<"), "{head}");
    stub.set(|known| {
        known.held = json!([held(job, "running")]);
        known.regulation["running"] = json!(1);
        known.regulation["waiting"] = json!(0);
    });
    let message = until(&mut stream, "starting").await.json();
    assert_eq!(ids(&message, "running"), [format!("held-{job}")], "it keeps its line");
    assert_eq!(ids(&message, "waiting"), ["waiting-last"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_falls_silent_is_shown_as_such(db: PgPool) {
    let world = World::new(&db).await;
    let stub = Stub::beside(&world).await;
    let (_, mut stream) = open(&world, "/nodes/n1").await;
    stub.set(|known| known.regulation = json!("nothing that can be read"));
    let message = until(&mut stream, "cannot be read").await.json();
    assert_eq!(ids(&message, "node"), ["head"]);
    assert_eq!(ids(&message, "running"), ["running-last"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_comes_is_added_to_those_that_are_shown(db: PgPool) {
    let world = World::new(&db).await;
    let (page, mut stream) = open(&world, "/nodes").await;
    assert!(page.contains("No digester service has made itself known."));
    world.register("n1").await;
    until(&mut stream, "/nodes/n1").await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nodes_are_followed_by_those_who_may_see_them(db: PgPool) {
    let accounts = [("op", "operate:*"), ("some", "operate:maize"), ("ann", "submit:*")];
    let world = closed(&db, &accounts, json!({})).await;
    let get = async |who: &str, path: &str| {
        call(&world, who, Method::GET, path, Value::Null).await.status
    };
    for path in ["/live/nodes", "/nodes/n1/live"] {
        assert_eq!(get("ann", path).await, 403, "{path}");
    }
    for who in ["op", "some"] {
        assert_eq!(get(who, "/nodes/n1/live").await, 404, "there is no such node");
    }
    world.stop().await;
}
