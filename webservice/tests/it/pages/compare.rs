//! Two instructions, compared.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    access::{call, closed},
    world::World,
};

async fn submit(world: &World, key: &str, parent: Option<&str>, body: Value) {
    let mut new = json!({"key": key, "kind": "sleep", "body": body});
    if let Some(parent) = parent {
        new["parent"] = parent.into();
    }
    let reply = world.post("/instruction", &new).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_instruction_is_compared_with_its_parent_unless_another_is_named(db: PgPool) {
    let world = World::new(&db).await;
    submit(&world, "old", None, json!({"same": 1, "path": "/in", "gone": "<i>"})).await;
    submit(&world, "new", Some("old"), json!({"same": 1, "path": "/out", "come": 2})).await;
    submit(&world, "third", None, json!({"same": 1, "path": "/out", "come": 2})).await;
    let page = world.get("/instructions/new/diff").await.text;
    for words in [
        "From old to new",
        "3 differences",
        "<code>path</code>",
        "<del>&quot;/in&quot;</del>",
        "<ins>&quot;/out&quot;</ins>",
        "added",
        "removed",
        "changed",
        "&lt;i&gt;",
        "?with=third",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let same = world.get("/instructions/new/diff?with=third").await.text;
    assert!(same.contains("They say the same"), "{same}");
    let alone = world.get("/instructions/third/diff").await.text;
    assert!(alone.contains("Compare third") && !alone.contains("difference"), "{alone}");
    assert_eq!(world.get("/instructions/new/diff?with=none").await.status, 404);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_caller_may_not_see_is_not_compared_nor_offered(db: PgPool) {
    let accounts = [("root", "admin:*"), ("ann", "submit:maize")];
    let world = closed(&db, &accounts, json!({})).await;
    for (key, tenant) in [("mine", "maize"), ("theirs", "rice")] {
        let new = json!({"key": key, "kind": "sleep", "tenant": tenant, "body": key});
        assert_eq!(call(&world, "root", Method::POST, "/instruction", new).await.status, 201);
    }
    let get = async |path: &str| call(&world, "ann", Method::GET, path, Value::Null).await;
    assert_eq!(get("/instructions/mine/diff?with=theirs").await.status, 404);
    assert!(!get("/instructions/mine/diff").await.text.contains("theirs"));
    world.stop().await;
}
