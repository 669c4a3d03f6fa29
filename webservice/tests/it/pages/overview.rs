//! The overview.

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, patch};

async fn fail(world: &World, key: &str, message: &str) {
    let job = world.submit(key).await;
    world.say(job, &claim(1, "n1")).await;
    let mut end = patch(1, 1, "n1", Some("failed"));
    end["message"] = json!(message);
    assert_eq!(world.say(job, &end).await.status, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn failures_are_told_by_their_cause(db: PgPool) {
    let world = World::new(&db).await;
    fail(&world, "one", "/in/one.hmp.txt:7:3: the row has 4 calls (cell “x”)").await;
    fail(&world, "two", "/in/two.hmp.txt:9:1: the row has 5 calls (cell “y”)").await;
    fail(&world, "three", "no such file").await;
    let page = world.get("/").await.text;
    let causes: Vec<_> = page.split("<li>").skip(1).collect();
    assert!(causes[0].contains(">2<") && causes[0].contains(">two<"), "{}", causes[0]);
    assert!(causes[0].contains("The row has # calls (cell “…”)."), "{}", causes[0]);
    assert!(causes[1].contains(">1<") && causes[1].contains("No such file."), "{}", causes[1]);
    assert!(page.contains("<b>3 jobs</b> in the last day"), "{page}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_empty_system_says_what_is_missing(db: PgPool) {
    let world = World::new(&db).await;
    let page = world.get("/").await.text;
    for words in ["Nothing failed in the last seven days.", "No digester service", "<b>0 jobs</b>"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_queue_and_the_nodes_are_counted(db: PgPool) {
    let world = World::new(&db).await;
    let boot = Uuid::now_v7();
    world.beat("n1", boot, json!({"kinds": ["other"]})).await;
    let running = world.submit("running").await;
    world.submit("waiting").await;
    world.say(running, &claim(1, "n1")).await;
    let attempts = json!([{"id": running, "attempt": 1}]);
    world.beat("n1", boot, json!({"kinds": ["other"], "held": 1, "attempts": attempts})).await;
    let page = world.get("/").await.text;
    for words in [
        "<dt>Running</dt><dd>1</dd>",
        "Waiting</a></dt><dd>1</dd>",
        "<dd>1<small> of 1</small></dd>",
        ">n1</a></th>",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    world.stop().await;
}
