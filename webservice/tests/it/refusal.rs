//! Requests that cannot be carried out, and callers who may not.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, instruction, send};

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_read_is_a_problem_and_leaves_nothing(db: PgPool) {
    let world = World::with(&db, json!({"max_body_bytes": 1000})).await;
    let long = format!("\"{}\"", "x".repeat(1000));
    let json = "application/json";
    let cases = [
        ("POST", "/instruction", json, "{", 400, "malformed"),
        ("POST", "/instruction", json, "{}", 422, "invalid"),
        ("POST", "/instruction", json, r#"{"kind": "k"}"#, 422, "invalid"),
        ("POST", "/instruction", json, r#"{"kind": "k", "body": 1, "sort": 1}"#, 422, "invalid"),
        ("POST", "/instruction", json, r#"{"kind": "k", "body": 1, "key": "a/b"}"#, 422, "invalid"),
        ("POST", "/instruction", json, r#"{"kind": "k", "body": 1, "key": ".."}"#, 422, "invalid"),
        (
            "POST",
            "/instruction",
            json,
            r#"{"kind": "k", "body": 1, "tenant": "\u0000"}"#,
            422,
            "invalid",
        ),
        ("POST", "/instruction", json, &*long, 413, "too-large"),
        ("POST", "/instruction", "text/plain", "{}", 415, "unsupported-media-type"),
        ("PATCH", "/job", json, "{}", 422, "invalid"),
        ("POST", "/job", json, "[", 400, "malformed"),
        ("GET", "/job/17", json, "", 404, "not-found"),
        ("GET", "/nowhere", json, "", 404, "not-found"),
        ("DELETE", "/job", json, "", 405, "method-not-allowed"),
    ];
    for (method, path, media_type, body, status, problem) in cases {
        let request = world.request(method.parse().unwrap(), path);
        let reply = send(request.header(CONTENT_TYPE, media_type).body(body.to_owned())).await;
        assert_eq!((reply.status, &*reply.problem()), (status, problem), "{method} {path} {body}");
    }
    let jobs: i64 =
        sqlx::query_scalar("select count(*) from instruction").fetch_one(&db).await.unwrap();
    assert_eq!(jobs, 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nesting_beyond_every_limit_is_the_senders_fault(db: PgPool) {
    let world = World::new(&db).await;
    let deep = 1 << 20;
    let body = format!(r#"{{"kind": "k", "body": {}{}}}"#, "[".repeat(deep), "]".repeat(deep));
    let request = world.request(Method::POST, "/instruction");
    let reply = send(request.header(CONTENT_TYPE, "application/json").body(body)).await;
    assert_eq!((reply.status, &*reply.problem()), (400, "malformed"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_who_has_the_token_may_speak_for_a_digester(db: PgPool) {
    let world = World::with(&db, json!({"token": "secret"})).await;
    let job = world.submit("a").await;
    let announced = json!({"id": job, "key": "a", "kind": "sleep"});
    let batch = json!([{"id": job, "patch": claim(1, "n1")}]);
    let calls = [
        (Method::POST, "/job".to_owned(), announced),
        (Method::PATCH, format!("/job/{job}"), claim(1, "n1")),
        (Method::PATCH, "/job".to_owned(), batch),
    ];
    for (method, path, body) in calls {
        for token in [None, Some("secre"), Some("secret2"), Some("")] {
            let mut request = world.request(method.clone(), &path).json(&body);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let reply = send(request).await;
            assert_eq!((reply.status, &*reply.problem()), (401, "unauthorized"), "{method} {path}");
        }
        let request = world.request(method.clone(), &path).json(&body).bearer_auth("secret");
        assert_eq!(send(request).await.status, 200, "{method} {path}");
    }
    assert_eq!(world.post("/instruction", &instruction("b")).await.status, 201);
    assert_eq!(world.get(&format!("/job/{}", Uuid::now_v7())).await.status, 404, "reading is open");
    world.stop().await;
}
