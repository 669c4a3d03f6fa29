//! `POST /instruction` and `GET /instruction/{key}`.

use futures_util::future::join_all;
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::world::{Reply, World, instruction, send};

#[sqlx::test(migrations = "../migrations")]
async fn an_instruction_becomes_a_submitted_job_with_its_first_event(db: PgPool) {
    let world = World::new(&db).await;
    let reply = world.post("/instruction", &instruction("a")).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let accepted = reply.json();
    assert_eq!(accepted["key"], "a");
    let job = &accepted["job"];
    assert_eq!(
        (&job["status"], &job["attempt"], &job["kind"]),
        (&json!("submitted"), &json!(0), &json!("sleep"))
    );
    let events = world.get(&format!("/job/{}/events", job["id"].as_str().unwrap())).await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    assert_eq!(events["items"][0]["status"], "submitted");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_instruction_twice_is_the_same_as_once(db: PgPool) {
    let world = World::new(&db).await;
    let first = world.post("/instruction", &instruction("a")).await.json();
    let again = json!({"kind": "sleep", "body": {"milliseconds": 1.0}, "key": "a"});
    let second = world.post("/instruction", &again).await;
    assert_eq!(second.status, 200, "{}", second.text);
    assert_eq!(second.json()["job"]["id"], first["job"]["id"]);
    assert_eq!(count(&db).await, (1, 1));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn another_instruction_under_a_taken_key_is_refused_and_changes_nothing(db: PgPool) {
    let world = World::new(&db).await;
    world.submit("a").await;
    let others = [
        json!({"key": "a", "kind": "sleep", "body": {"milliseconds": 2}}),
        json!({"key": "a", "kind": "loader", "body": {"milliseconds": 1}}),
        json!({"key": "a", "kind": "sleep", "tenant": "maize", "body": {"milliseconds": 1}}),
        json!({"key": "a", "kind": "sleep", "body": null}),
    ];
    for other in others {
        let reply = world.post("/instruction", &other).await;
        assert_eq!((reply.status, &*reply.problem()), (409, "conflict"), "{other}");
    }
    assert_eq!(count(&db).await, (1, 1));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn numbers_that_only_a_database_tells_apart_are_told_apart(db: PgPool) {
    let world = World::new(&db).await;
    let with = |number: &str| format!(r#"{{"key":"a","kind":"k","body":[{number}]}}"#);
    assert_eq!(post_text(&world, &with("123456789012345678901")).await.status, 201);
    assert_eq!(post_text(&world, &with("123456789012345678902")).await.status, 409);
    assert_eq!(post_text(&world, &with("123456789012345678901.0")).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_key_one_is_made_up_and_each_create_is_another(db: PgPool) {
    let world = World::new(&db).await;
    let keyless = json!({"kind": "sleep", "body": {}});
    let (first, second) =
        (world.post("/instruction", &keyless).await, world.post("/instruction", &keyless).await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_ne!(first.json()["key"], second.json()["key"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_body_is_kept_byte_for_byte(db: PgPool) {
    let world = World::new(&db).await;
    let bodies = [
        "{ \"z\" : 1.50,\n\t\"a\": [ ], \"z\": 1e3 }",
        "\"\\u0000 \\ud800 \\/ é\"",
        "123456789012345678901234567890.10",
        "null",
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let text = format!(r#"{{"key": "k{number}", "kind": "sleep", "body":   {body}  }}"#);
        let created = post_text(&world, &text).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let again = post_text(&world, &text).await;
        assert_eq!(again.status, 200, "the very same text: {}", again.text);
        let kept = world.get(&format!("/instruction/k{number}")).await;
        assert!(kept.text.ends_with(&format!("\"body\":{body}}}")), "{}", kept.text);
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hundred_creates_of_one_key_at_once_give_one_job(db: PgPool) {
    let world = World::new(&db).await;
    let body = instruction("contested");
    let replies = join_all((0..100).map(|_| world.post("/instruction", &body))).await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    let known = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((created, known), (1, 99));
    let first = &replies[0].json()["job"]["id"];
    assert!(replies.iter().all(|reply| reply.json()["job"]["id"] == *first));
    assert_eq!(count(&db).await, (1, 1));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_instruction_that_is_not_there_is_not_found(db: PgPool) {
    let world = World::new(&db).await;
    for key in ["nobody", "..%2Fetc", "a%00b"] {
        let reply = world.get(&format!("/instruction/{key}")).await;
        assert_eq!((reply.status, &*reply.problem()), (404, "not-found"), "{key}");
    }
    world.stop().await;
}

async fn post_text(world: &World, text: &str) -> Reply {
    let request = world.request(Method::POST, "/instruction");
    send(request.header(CONTENT_TYPE, "application/json").body(text.to_owned())).await
}

/// How many jobs and first events there are.
async fn count(db: &PgPool) -> (i64, i64) {
    let jobs = sqlx::query_scalar("select count(*) from job").fetch_one(db).await.unwrap();
    let events = sqlx::query_scalar("select count(*) from job_event").fetch_one(db).await.unwrap();
    (jobs, events)
}

#[sqlx::test(migrations = "../migrations")]
async fn an_instruction_is_given_back_with_who_sent_it(db: PgPool) {
    let world = World::new(&db).await;
    let sent = json!({"key": "a b é", "kind": "k", "tenant": "maize", "submitted_by": "reader",
                      "body": {}});
    assert_eq!(world.post("/instruction", &sent).await.status, 201);
    let kept: Value = world.get("/instruction/a%20b%20%C3%A9").await.json();
    assert_eq!((&kept["tenant"], &kept["submitted_by"]), (&json!("maize"), &json!("reader")));
    world.stop().await;
}
