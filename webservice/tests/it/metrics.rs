//! What is counted.

use sqlx::PgPool;

use crate::world::{World, claim, instruction, patch};

/// The figure of this name and these labels, as it is told.
async fn figure(world: &World, name: &str) -> Option<f64> {
    let reply = world.get("/metrics").await;
    assert_eq!(reply.status, 200);
    let line = reply.text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().parse().unwrap())
}

#[sqlx::test(migrations = "../migrations")]
async fn the_way_of_a_job_is_counted(db: PgPool) {
    let world = World::new(&db).await;
    world.register("n1").await;
    let job = world.submit("a").await;
    let again = world.post("/instruction", &instruction("a")).await;
    assert_eq!(again.status, 200);
    assert_eq!(figure(&world, "digester_unsettled_jobs").await, Some(1.0));
    assert_eq!(figure(&world, "digester_nodes{state=\"live\"}").await, Some(1.0));
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &patch(1, 1, "n1", Some("completed"))).await;
    for (name, value) in [
        ("digester_accepts_total{outcome=\"created\"}", 1.0),
        ("digester_accepts_total{outcome=\"known\"}", 1.0),
        ("digester_wait_seconds_count", 1.0),
        ("digester_settled_total{outcome=\"completed\"}", 1.0),
        ("digester_unsettled_jobs", 0.0),
        ("digester_database_up", 1.0),
    ] {
        assert_eq!(figure(&world, name).await, Some(value), "{name}");
    }
    world.stop().await;
}
