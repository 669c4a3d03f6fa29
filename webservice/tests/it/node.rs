//! Nodes, their leases, and what is taken from those that are gone.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, patch};

async fn world(db: &PgPool) -> World {
    World::with(db, json!({"lease": {"seconds": 1, "max_cut_short": 2}})).await
}

/// A job that this node runs in this attempt.
async fn running(world: &World, key: &str, node: &str) -> Uuid {
    let job = world.submit(key).await;
    assert_eq!(world.say(job, &claim(1, node)).await.status, 200);
    job
}

fn attempt(id: Uuid, attempt: u32) -> Value {
    json!({"id": id, "attempt": attempt})
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_makes_itself_known_is_listed_and_live_until_its_lease_lapses(db: PgPool) {
    let world = world(&db).await;
    world.register("n2").await;
    let boot = world.register("n1").await;
    let lease = world.beat("n1", boot, json!({"held": 3, "room": 7})).await.json();
    assert_eq!(lease, json!({"lease_ms": 1000}));
    let nodes = world.get("/node").await.json();
    assert_eq!((&nodes[0]["id"], &nodes[1]["id"]), (&json!("n1"), &json!("n2")));
    let node = &nodes[0];
    assert_eq!(
        (&node["held"], &node["room"], &node["version"]),
        (&json!(3), &json!(7), &json!("1.2.3"))
    );
    assert_eq!(node["kinds"], json!(["sleep"]));
    while world.get("/node/n1").await.json()["state"] != "lapsed" {
        tokio::task::yield_now().await;
    }
    let unknown = world.get("/node/n3").await;
    assert_eq!((unknown.status, &*unknown.problem()), (404, "not-found"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_whose_node_is_not_heard_any_more_is_submitted_again_and_the_node_has_lost_it(
    db: PgPool,
) {
    let world = world(&db).await;
    let boot = world.register("n1").await;
    let job = running(&world, "a", "n1").await;
    let row = world.until(job, |job| job["status"] == "submitted").await;
    assert_eq!(
        (&row["attempt"], &row["cut_short"], &row["node"]),
        (&json!(1), &json!(1), &Value::Null)
    );
    assert_eq!(
        world.history(job).await,
        [
            "submitted 0 accepted",
            "running 1 ",
            "submitted 1 attempt 1 was cut short: the lease of node n1 lapsed"
        ]
    );
    let late = world.say(job, &patch(1, 7, "n1", Some("completed"))).await;
    assert_eq!((late.status, &*late.problem()), (409, "stale-attempt"));
    let lease = world.beat("n1", boot, json!({"attempts": [attempt(job, 1)]})).await.json();
    assert_eq!(lease["lost"], json!([attempt(job, 1)]));
    assert_eq!(world.say(job, &claim(2, "n2")).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_is_heard_keeps_its_jobs_while_another_loses_its_own(db: PgPool) {
    let world = world(&db).await;
    let kept = running(&world, "kept", "heard").await;
    let lost = running(&world, "lost", "silent").await;
    world.beat("silent", Uuid::now_v7(), json!({"attempts": [attempt(lost, 1)]})).await;
    let heard = Uuid::now_v7();
    while world.job(lost).await["status"] != "submitted" {
        let lease = world.beat("heard", heard, json!({"attempts": [attempt(kept, 1)]})).await;
        assert_eq!(lease.json(), json!({"lease_ms": 1000}));
    }
    assert_eq!(world.job(kept).await["status"], "running");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_started_anew_loses_at_once_what_its_former_process_ran(db: PgPool) {
    let world = World::new(&db).await;
    world.register("n1").await;
    let lost = running(&world, "lost", "n1").await;
    let journalled = running(&world, "journalled", "n1").await;
    let waiting = world.submit("waiting").await;
    let held = json!({"id": waiting, "key": "waiting", "kind": "sleep", "node": "n1"});
    assert_eq!(world.post("/job", &held).await.json()["node"], "n1");

    let more = json!({"attempts": [attempt(journalled, 1)]});
    let lease = world.beat("n1", Uuid::now_v7(), more).await;
    assert_eq!(lease.json(), json!({"lease_ms": 8000}));

    let why = world.job(lost).await["message"].clone();
    assert_eq!(why, "attempt 1 was cut short: node n1 was started anew");
    assert_eq!(world.job(lost).await["status"], "submitted");
    assert_eq!(world.job(journalled).await["status"], "running", "its outcome is still to come");
    assert_eq!(world.job(waiting).await["node"], "n1", "it will take it up again");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_processes_with_one_name_the_later_holds_it(db: PgPool) {
    let world = World::new(&db).await;
    let (early, late) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(world.beat("n1", late, json!({})).await.status, 200);
    let job = running(&world, "a", "n1").await;
    let refused = world.beat("n1", early, json!({})).await;
    assert_eq!((refused.status, &*refused.problem()), (409, "conflict"));
    assert_eq!(world.job(job).await["status"], "running");
    assert_eq!(world.beat("n1", late, json!({})).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_whose_clock_was_put_back_gets_its_name_once_its_former_lease_has_lapsed(
    db: PgPool,
) {
    let world = world(&db).await;
    let (early, late) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(world.beat("n1", late, json!({})).await.status, 200);
    while world.beat("n1", early, json!({})).await.status != 200 {
        tokio::task::yield_now().await;
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_cut_short_too_often_fails_and_tells_of_all_its_attempts(db: PgPool) {
    let world = World::with(&db, json!({"lease": {"max_cut_short": 2}})).await;
    world.register("n1").await;
    let job = running(&world, "a", "n1").await;
    world.register("n1").await;
    assert_eq!(world.say(job, &claim(2, "n1")).await.status, 200);
    world.register("n1").await;
    let row = world.job(job).await;
    assert_eq!((&row["status"], &row["node"]), (&json!("failed"), &json!("n1")));
    assert_eq!(
        row["message"],
        "given up: attempt 1 was cut short: node n1 was started anew (on n1); \
         attempt 2 was cut short: node n1 was started anew (on n1)"
    );
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_was_to_end_is_cancelled_when_its_node_is_gone(db: PgPool) {
    let world = World::new(&db).await;
    let boot = world.register("n1").await;
    let job = running(&world, "a", "n1").await;
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    let lease = world.beat("n1", boot, json!({"attempts": [attempt(job, 1)]})).await.json();
    assert_eq!(lease["cancel"], json!([attempt(job, 1)]));
    world.register("n1").await;
    let row = world.job(job).await;
    assert_eq!(row["status"], "cancelled");
    assert_eq!(row["message"], "cancelled; attempt 1 was cut short: node n1 was started anew");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_attempt_that_its_node_has_lost_is_ended_and_no_other_is(db: PgPool) {
    let world = World::new(&db).await;
    let boot = world.register("n1").await;
    let (lost, kept) = (running(&world, "a", "n1").await, running(&world, "b", "n1").await);
    let elsewhere = running(&world, "c", "n2").await;
    let said = json!({"cut_short": [attempt(lost, 1), attempt(kept, 2), attempt(elsewhere, 1)]});
    assert_eq!(world.beat("n1", boot, said).await.status, 200);
    assert_eq!(world.job(lost).await["status"], "submitted");
    for job in [kept, elsewhere] {
        assert_eq!(world.job(job).await["status"], "running");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_node_has_is_free_as_soon_as_it_says_that_it_leaves(db: PgPool) {
    let world = World::new(&db).await;
    let boot = world.register("n1").await;
    let job = world.submit("a").await;
    let held = json!({"id": job, "key": "a", "kind": "sleep", "node": "n1"});
    world.post("/job", &held).await;
    assert_eq!(world.beat("n1", boot, json!({"leaving": true})).await.status, 200);
    assert_eq!(world.get("/node/n1").await.json()["state"], "lapsed");
    world.until(job, |job| job["node"].is_null()).await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn two_web_services_take_a_job_from_a_lapsed_node_once(db: PgPool) {
    let (one, two) = (world(&db).await, world(&db).await);
    one.register("n1").await;
    let mut jobs = Vec::new();
    for key in 0..40 {
        jobs.push(running(&one, &key.to_string(), "n1").await);
    }
    for &job in &jobs {
        let row = two.until(job, |job| job["status"] == "submitted").await;
        assert_eq!(row["cut_short"], 1);
        assert_eq!(one.history(job).await.len(), 3);
    }
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lease_that_ended_before_the_web_service_began_is_given_time(db: PgPool) {
    let first = World::new(&db).await;
    let boot = first.register("n1").await;
    let job = running(&first, "a", "n1").await;
    first.stop().await;
    sqlx::query("update node set lease_until = now() - interval '1 hour'")
        .execute(&db)
        .await
        .unwrap();
    let second = World::new(&db).await;
    while second.get("/health/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    let lease = second.beat("n1", boot, json!({"attempts": [attempt(job, 1)]})).await;
    assert_eq!(lease.json(), json!({"lease_ms": 8000}), "nothing is lost");
    second.stop().await;
}
