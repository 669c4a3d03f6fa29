//! `GET /job/{id}/files/{name}`: sent through from the node that has it.

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::json;
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::world::{World, claim};

/// A service that gives files out, and a job that a node has, which answers in this way.
async fn job_of(
    world: &World,
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> Uuid {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let file = move |headers: HeaderMap| async move {
        assert_eq!(headers["authorization"], "Bearer t");
        answer()
    };
    let router = Router::new().route("/job/{id}/file/{name}", get(file));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let boot = Uuid::now_v7();
    let beat = json!({"boot": boot, "address": address, "kinds": [], "capacity": 1, "held": 0,
                      "room": 1, "version": "1"});
    let put = world.request(reqwest::Method::PUT, "/node/n1").bearer_auth("t").json(&beat);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let job = world.submit("k").await;
    let path = format!("/job/{job}");
    let patch = world.request(reqwest::Method::PATCH, &path).bearer_auth("t");
    assert_eq!(patch.json(&claim(1, "n1")).send().await.unwrap().status(), 200);
    job
}

async fn world(db: &PgPool, downloads: bool) -> World {
    World::with(db, json!({"downloads": downloads, "token": "t"})).await
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_node_sends_is_passed_on_byte_by_byte(db: PgPool) {
    let world = world(&db, true).await;
    // More than any buffer on the way.
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let sent = bytes.clone();
    let job = job_of(&world, move || ([("x-other", "no")], sent.clone()).into_response()).await;
    let path = format!("/job/{job}/files/a%20b");
    let reply = world.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()[CONTENT_LENGTH], "3000000");
    assert_eq!(reply.headers()["content-disposition"], "attachment; filename*=UTF-8''a%20b");
    assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
    assert!(reply.headers().get("x-other").is_none(), "nothing else of the node is passed on");
    assert!(reply.bytes().await.unwrap() == bytes);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn unless_it_is_switched_on_nothing_is_sent(db: PgPool) {
    let world = world(&db, false).await;
    let job = job_of(&world, || "bytes".into_response()).await;
    let reply = world.get(&format!("/job/{job}/files/a%20b")).await;
    assert_eq!((reply.status, &*reply.problem()), (403, "forbidden"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_node_cannot_send_is_said_in_its_words_and_its_secrets_are_not(db: PgPool) {
    let world = world(&db, true).await;
    let changed = json!({"type": "urn:digester:problem:conflict", "title": "", "status": 409,
                         "detail": "it has 8 bytes now"});
    let job =
        job_of(&world, move || (StatusCode::CONFLICT, axum::Json(changed.clone())).into_response());
    let reply = world.get(&format!("/job/{}/files/a%20b", job.await)).await;
    assert_eq!((reply.status, &*reply.problem()), (409, "conflict"));
    assert_eq!(reply.json()["detail"], "it has 8 bytes now");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_does_not_know_us_is_as_good_as_away(db: PgPool) {
    let world = world(&db, true).await;
    let job = job_of(&world, || StatusCode::UNAUTHORIZED.into_response()).await;
    let reply = world.get(&format!("/job/{job}/files/a%20b")).await;
    assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
    let unknown = world.get(&format!("/job/{}/files/a", Uuid::now_v7())).await;
    assert_eq!(unknown.status, 404);
    world.stop().await;
}
