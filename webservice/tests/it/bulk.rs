//! `POST /instruction` with many instructions at once.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::world::{World, instruction};

#[sqlx::test(migrations = "../migrations")]
async fn every_instruction_of_an_array_gets_its_own_answer_in_its_place(db: PgPool) {
    let world = World::new(&db).await;
    world.submit("taken").await;
    let array = json!([
        instruction("a"),
        {"key": "taken", "kind": "sleep", "body": "something else"},
        instruction("a"),
        instruction("taken"),
        {"kind": "sleep", "body": {}},
        {"key": "a", "kind": "loader", "body": {}},
    ]);
    let reply = world.post("/instruction", &array).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let items = reply.json();
    assert_eq!(statuses(&items), [201, 409, 200, 200, 201, 409], "{items}");
    assert_eq!(items[0]["accepted"]["job"]["id"], items[2]["accepted"]["job"]["id"]);
    assert_eq!(items[1]["problem"]["type"], "urn:digester:problem:conflict");
    let (jobs, events): (i64, i64) =
        sqlx::query_as("select (select count(*) from job), (select count(*) from job_event)")
            .fetch_one(&db)
            .await
            .unwrap();
    assert_eq!((jobs, events), (3, 3));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_stored_is_refused_and_keeps_nobody_else_out(db: PgPool) {
    let world = World::new(&db).await;
    let unstorable = json!({"key": "b", "kind": "sleep", "tenant": "a\0b", "body": {}});
    let array = json!([instruction("a"), unstorable, instruction("c")]);
    let items = world.post("/instruction", &array).await.json();
    assert_eq!(statuses(&items), [201, 422, 201], "{items}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_array_has_a_bound_and_may_be_empty(db: PgPool) {
    let world = World::new(&db).await;
    let many = json!(vec![instruction("a"); 1001]);
    let reply = world.post("/instruction", &many).await;
    assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    let reply = world.post("/instruction", &json!([])).await;
    assert_eq!((reply.status, reply.json()), (200, json!([])));
    world.stop().await;
}

fn statuses(items: &Value) -> Vec<u64> {
    items.as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect()
}
