//! `GET /job`: filters and pages.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, patch};

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let reply = world.get(&format!("/job?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["items"].as_array().unwrap().iter().map(|job| job["key"].clone()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_are_found_by_what_they_are(db: PgPool) {
    let world = World::new(&db).await;
    let [done, running, _waiting] =
        [world.submit("done").await, world.submit("running").await, world.submit("waiting").await];
    for job in [done, running] {
        world.say(job, &claim(1, "n1")).await;
    }
    let report = json!({"attempt": 1, "sequence": 1, "node": "n1", "status": "completed",
                        "report": {"tables": []}});
    world.say(done, &report).await;
    world
        .post("/instruction", &json!({"key": "other", "kind": "k", "tenant": "maize", "body": 1}))
        .await;
    let all = [
        ("", vec!["other", "waiting", "running", "done"]),
        ("settled=true", vec!["done"]),
        ("settled=false", vec!["running", "waiting", "other"]),
        ("status=submitted", vec!["waiting", "other"]),
        ("status=running&settled=true", vec![]),
        ("status=completed&node=n1", vec!["done"]),
        ("kind=k", vec!["other"]),
        ("tenant=maize&settled=false", vec!["other"]),
        ("key=running", vec!["running"]),
        ("node=n1", vec!["running", "done"]),
        ("settled=false&node=n1", vec!["running"]),
        ("node=nobody", vec![]),
    ];
    for (query, keys) in all {
        assert_eq!(listed(&world, query).await, keys, "{query}");
    }
    let list = world.get("/job?key=done").await.json();
    assert_eq!(list["items"][0]["report"], Value::Null, "lists are light");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_follow_one_another_without_gap_or_overlap(db: PgPool) {
    let world = World::new(&db).await;
    let mut jobs = Vec::new();
    for key in 0..7 {
        jobs.push(world.submit(&key.to_string()).await);
    }
    for (query, order) in [("settled=false", jobs.clone()), ("", reversed(&jobs))] {
        let mut found: Vec<Uuid> = Vec::new();
        let mut after = String::new();
        loop {
            let page = world.get(&format!("/job?limit=3&{query}{after}")).await.json();
            let items = page["items"].as_array().unwrap().iter();
            found.extend(items.map(crate::world::id));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            // What is settled meanwhile does not shift the pages.
            world.say(found[0], &patch(1, 0, "n1", Some("failed"))).await;
        }
        assert_eq!(found, order, "{query}");
    }
    world.stop().await;
}

fn reversed(jobs: &[Uuid]) -> Vec<Uuid> {
    jobs.iter().rev().copied().collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_is_never_larger_than_its_bound(db: PgPool) {
    let world = World::new(&db).await;
    sqlx::query("insert into instruction (key, kind, body) values ('k', 'k', '{}')")
        .execute(&db)
        .await
        .unwrap();
    sqlx::query(
        "insert into job (id, key, kind) select gen_random_uuid(), 'k', 'k' from generate_series(1, 600)",
    ).execute(&db).await.unwrap();
    for (limit, found) in [("", 50), ("limit=1", 1), ("limit=500", 500)] {
        assert_eq!(listed(&world, limit).await.len(), found, "{limit}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_filter_that_makes_no_sense_is_refused(db: PgPool) {
    let world = World::new(&db).await;
    for query in [
        "status=pending",
        "settled=maybe",
        "after=1",
        "sort=up",
        "limit=-1",
        "limit=0",
        "limit=501",
        "key=a%2Fb",
        "tenant=a%00b",
    ] {
        let reply = world.get(&format!("/job?{query}")).await;
        assert_eq!((reply.status, &*reply.problem()), (400, "malformed"), "{query}");
    }
    world.stop().await;
}
