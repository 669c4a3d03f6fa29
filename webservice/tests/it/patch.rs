//! `PATCH /job/{id}`: what a digester says, and who is believed.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim, patch};

#[sqlx::test(migrations = "../migrations")]
async fn a_second_attempt_cannot_take_a_running_job(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200, "a repeat is harmless");
    let late = world.say(job, &claim(1, "n2")).await;
    assert_eq!((late.status, &*late.problem()), (409, "stale-attempt"));
    assert_eq!(late.json()["job"]["node"], "n1", "how it really stands");
    let next = world.say(job, &claim(2, "n2")).await;
    assert_eq!((next.status, &*next.problem()), (409, "illegal-move"));
    assert_eq!(next.json()["job"]["status"], "running");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_goes_from_claim_to_report(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let stage = json!({"attempt": 1, "sequence": 1, "node": "n1", "stage": "digest",
                       "message": "begins", "progress": {"done": 1, "total": 9}});
    assert_eq!(world.say(job, &stage).await.status, 200);
    let seen = world.job(job).await;
    assert_eq!((&seen["stage"], &seen["progress"]["done"]), (&json!("digest"), &json!(1)));
    let report = json!({"tables": [{"table": "marker", "rows": 7}]});
    let end = json!({"attempt": 1, "sequence": 2, "node": "n1", "status": "completed",
                     "message": "done", "report": report});
    assert_eq!(world.say(job, &end).await.status, 200);
    assert_eq!(world.say(job, &end).await.status, 200, "a repeat is harmless");
    let settled = world.job(job).await;
    assert_eq!((&settled["status"], &settled["report"]), (&json!("completed"), &report));
    assert!(settled["settled_at"].is_string() && settled["started_at"].is_string());
    assert_eq!(events(&world, job).await, ["submitted", "running", "running", "completed"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_an_attempt_demands_is_told_with_its_claim_and_kept(db: PgPool) {
    let world = World::new(&db).await;
    let (told, untold) = (world.submit("told").await, world.submit("untold").await);
    let demand = json!({"cpu_milli": 2000, "memory": 5, "scratch": 6, "io": 1,
                        "exclusive": "set\u{0} “7”", "size": 8});
    let mut first = claim(1, "n1");
    first["demand"] = demand.clone();
    assert_eq!(world.say(told, &first).await.status, 200);
    assert_eq!(world.job(told).await["demand"], demand);
    // The next attempt is of a node that tells nothing: what the job demanded is still known.
    world.say(told, &patch(1, 1, "n1", Some("submitted"))).await;
    world.say(told, &claim(2, "n2")).await;
    world.say(told, &patch(2, 1, "n2", Some("completed"))).await;
    world.say(untold, &claim(1, "n2")).await;
    let listed = world.get("/job").await.json();
    let demands: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|job| &job["demand"]).collect();
    assert_eq!(demands, [&Value::Null, &demand], "newest first");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_older_patch_changes_nothing(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let progress = |sequence, done| {
        json!({"attempt": 1, "sequence": sequence, "node": "n1",
               "progress": {"done": done, "total": 9}})
    };
    assert_eq!(world.say(job, &progress(5, 8)).await.status, 200);
    assert_eq!(world.say(job, &progress(4, 3)).await.status, 200, "it is heard, and ignored");
    assert_eq!(world.job(job).await["progress"]["done"], 8);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_settled_job_takes_no_more_news(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &patch(1, 9, "n1", Some("failed"))).await;
    let settled = world.job(job).await;
    for status in [Some("running"), Some("submitted"), Some("completed"), Some("cancelled"), None] {
        let reply = world.say(job, &patch(1, 10, "n1", status)).await;
        assert_eq!((reply.status, &*reply.problem()), (409, "illegal-move"), "{status:?}");
        assert_eq!(reply.json()["job"]["status"], "failed");
        let next = world.say(job, &patch(2, 0, "n1", status)).await;
        assert_eq!(next.status, 409, "{status:?}");
    }
    assert_eq!(world.job(job).await, settled);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_handed_back_is_taken_by_the_next_attempt_alone(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let stage = json!({"attempt": 1, "sequence": 1, "node": "n1", "stage": "matrix_load",
                       "progress": {"done": 8, "total": 9}});
    world.say(job, &stage).await;
    let back = patch(1, 2, "n1", Some("submitted"));
    assert_eq!(world.say(job, &back).await.status, 200);
    assert_eq!(world.say(job, &back).await.status, 200, "a repeat is harmless");
    let waiting = world.job(job).await;
    assert_eq!((&waiting["node"], &waiting["stage"]), (&Value::Null, &Value::Null));
    assert_eq!(world.say(job, &patch(1, 3, "n1", Some("completed"))).await.status, 409);
    assert_eq!(world.say(job, &claim(1, "n2")).await.json()["status"], "submitted", "not a claim");
    assert_eq!(world.say(job, &claim(2, "n2")).await.status, 200);
    let running = world.job(job).await;
    assert_eq!((&running["attempt"], &running["progress"]), (&json!(2), &Value::Null));
    let zombie = world.say(job, &patch(1, 9, "n1", Some("completed"))).await;
    assert_eq!((zombie.status, &*zombie.problem()), (409, "stale-attempt"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_can_fail_before_it_ran_and_cannot_complete(db: PgPool) {
    let world = World::new(&db).await;
    let (bad, good) = (world.submit("bad").await, world.submit("good").await);
    assert_eq!(world.say(bad, &patch(1, 0, "n1", Some("failed"))).await.status, 200);
    let never = world.say(good, &patch(1, 0, "n1", Some("completed"))).await;
    assert_eq!((never.status, &*never.problem()), (409, "illegal-move"));
    assert_eq!(world.say(good, &patch(2, 0, "n1", Some("running"))).await.status, 409, "a gap");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_can_be_said_of_an_unknown_job(db: PgPool) {
    let world = World::new(&db).await;
    let reply = world.say(Uuid::now_v7(), &claim(1, "n1")).await;
    assert_eq!((reply.status, &*reply.problem()), (404, "not-found"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_no_column_can_hold_does_not_keep_an_outcome_from_being_heard(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let end = json!({"attempt": 1, "sequence": 1, "node": "n1", "status": "failed",
                     "stage": "a\u{0}b", "message": "read \u{0}", "report": {"findings": "\u{0}"}});
    let reply = world.say(job, &end).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(world.job(job).await["message"], "read \u{fffd}");
    world.stop().await;
}

async fn events(world: &World, job: Uuid) -> Vec<String> {
    let page = world.get(&format!("/job/{job}/events")).await.json();
    let items = page["items"].as_array().unwrap().iter();
    items.map(|event| event["status"].as_str().unwrap().to_owned()).collect()
}
